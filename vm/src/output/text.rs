//! Results on a terminal: a line an output, a small table for records, long arrays abbreviated.

use super::json::{raw, scalar, valid};
use super::{Received, Shown};
use crate::engine::Leaves;
use smpc_bytecode::types::{DataType, Field};
use std::fmt::Write as _;

/// Elements of an array that are shown: so many of the first ones, and the last.
const SHOWN: usize = 9;

/// What stands where a value is absent.
const ABSENT: &str = "–";

/// Outputs by receiver. A single receiver's need no heading.
#[must_use]
pub fn render(received: &[Received<'_>]) -> String {
    let mut out = String::new();
    for one in received {
        let indent = if received.len() > 1 { 2 } else { 0 };
        if received.len() > 1 {
            let _ = writeln!(out, "to {}", one.receiver);
            if one.outputs.is_empty() {
                let _ = writeln!(out, "  nothing");
            }
        }
        outputs(&one.outputs, indent, &mut out);
    }
    out
}

fn outputs(outputs: &[Shown<'_>], indent: usize, out: &mut String) {
    let width = outputs.iter().map(|o| o.name.chars().count()).max().unwrap_or(0);
    for output in outputs {
        let _ = write!(out, "{:indent$}{:width$}  ", "", output.name);
        match records(output.ty, output.leaves) {
            Some(records) => {
                let rows = records.rows.len();
                let _ = writeln!(out, "{rows} {}", if rows == 1 { "row" } else { "rows" });
                table(&records, output.leaves, indent + 2, out);
            }
            None => {
                let _ = writeln!(out, "{}", inline(output.ty, output.leaves, 0, 0));
            }
        }
    }
}

/// Flat records that stand one below the other.
struct Records<'t> {
    /// The lanes of those that there are.
    rows: Rows,
    fields: &'t [Field],
    /// The leaf of the first field.
    first: usize,
}

/// Lanes of rows.
enum Rows {
    /// So many from the first on.
    All(usize),
    /// These.
    Some(Vec<usize>),
}

impl Rows {
    fn len(&self) -> usize {
        match self {
            Self::All(count) => *count,
            Self::Some(rows) => rows.len(),
        }
    }

    fn lane(&self, row: usize) -> usize {
        match self {
            Self::All(_) => row,
            Self::Some(rows) => rows.get(row).copied().unwrap_or(usize::MAX),
        }
    }
}

/// The records of an array or table of flat ones: of scalars, which may be absent.
fn records<'t>(ty: &'t DataType, leaves: &Leaves) -> Option<Records<'t>> {
    let (element, rows, first) = match ty {
        DataType::Array { shape, element } => {
            let [rows] = shape[..] else { return None };
            (element, Rows::All(usize::try_from(rows).unwrap_or(usize::MAX)), 0)
        }
        DataType::Rows { most, element } => (element, Rows::Some(valid(*most, leaves, 0, 0)), 1),
        _ => return None,
    };
    let DataType::Struct { fields, .. } = &**element else { return None };
    let flat = |ty: &DataType| match ty {
        DataType::Maybe(value) => value.is_scalar(),
        ty => ty.is_scalar(),
    };
    fields.iter().all(|field| flat(&field.ty)).then_some(Records { rows, fields, first })
}

/// Columns under their names; numbers to the right.
fn table(records: &Records<'_>, leaves: &Leaves, indent: usize, out: &mut String) {
    let shown = places(records.rows.len());
    let mut leaf = records.first;
    let columns: Vec<Vec<String>> = records
        .fields
        .iter()
        .map(|Field { name, ty, .. }| {
            let cell = |row: usize| inline(ty, leaves, leaf, records.rows.lane(row));
            let cells = shown.iter().map(|row| row.map_or("…".to_owned(), cell));
            let column = std::iter::once(name.clone()).chain(cells).collect();
            leaf += ty.scalars().len();
            column
        })
        .collect();
    let widths: Vec<usize> =
        columns.iter().map(|cells| cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0)).collect();
    for line in 0..=shown.len() {
        let _ = write!(out, "{:indent$}", "");
        for (column, width) in columns.iter().zip(&widths) {
            let _ = write!(out, "{:>width$}  ", column[line]);
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
}

/// Which of so many elements are shown; `None` for a gap.
fn places(count: usize) -> Vec<Option<usize>> {
    if count <= SHOWN + 1 {
        return (0..count).map(Some).collect();
    }
    (0..SHOWN).map(Some).chain([None, Some(count - 1)]).collect()
}

fn inline(ty: &DataType, leaves: &Leaves, leaf: usize, lane: usize) -> String {
    match ty {
        DataType::Bool
        | DataType::Int { .. }
        | DataType::Fix { .. }
        | DataType::Bits { .. }
        | DataType::Enum { .. } => scalar(ty, leaves, leaf, lane),
        DataType::Maybe(_) if raw(leaves, leaf, lane) == 0 => ABSENT.to_owned(),
        DataType::Maybe(value) => inline(value, leaves, leaf + 1, lane),
        DataType::Array { shape, element } => array(shape, element, leaves, leaf, lane),
        DataType::Rows { most, element } => {
            let rows = valid(*most, leaves, leaf, lane);
            list(rows.len(), |row| inline(element, leaves, leaf + 1, rows[row]))
        }
        DataType::Struct { fields, .. } => {
            let mut first = leaf;
            let field = |Field { name, ty, .. }: &Field| {
                let own = format!("{name}: {}", inline(ty, leaves, first, lane));
                first += ty.scalars().len();
                own
            };
            format!("{{ {} }}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        DataType::Tuple(items) => {
            let mut first = leaf;
            let item = |ty: &DataType| {
                let own = inline(ty, leaves, first, lane);
                first += ty.scalars().len();
                own
            };
            format!("({})", items.iter().map(item).collect::<Vec<_>>().join(", "))
        }
    }
}

fn array(extents: &[u64], element: &DataType, leaves: &Leaves, leaf: usize, lane: usize) -> String {
    let Some((extent, inner)) = extents.split_first() else { return inline(element, leaves, leaf, lane) };
    let extent = usize::try_from(*extent).unwrap_or(usize::MAX);
    let place = |i: usize| lane.saturating_mul(extent).saturating_add(i);
    list(extent, |i| array(inner, element, leaves, leaf, place(i)))
}

/// So many values, abbreviated where they are many.
fn list(count: usize, each: impl Fn(usize) -> String) -> String {
    let shown: Vec<String> = places(count).into_iter().map(|i| i.map_or("…".to_owned(), &each)).collect();
    let all = shown.join(", ");
    if shown.len() < count { format!("[{all}] ({count} values)") } else { format!("[{all}]") }
}
