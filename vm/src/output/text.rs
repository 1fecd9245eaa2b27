//! Results on a terminal: a line an output, a small table for records, long arrays abbreviated.

use super::json::{raw, scalar};
use super::{Received, Shown};
use crate::engine::Leaves;
use smpc_bytecode::types::DataType;
use std::fmt::Write as _;

/// Elements of an array that are shown: so many of the first ones, and the last.
const SHOWN: usize = 9;

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
        match records(output.ty) {
            Some((rows, fields)) => {
                let _ = writeln!(out, "{rows} {}", if rows == 1 { "row" } else { "rows" });
                table(rows, fields, output.leaves, indent + 2, out);
            }
            None => {
                let _ = writeln!(out, "{}", inline(output.ty, output.leaves, 0, 0));
            }
        }
    }
}

/// The rows and fields of an array of flat records.
fn records(ty: &DataType) -> Option<(usize, &[(String, DataType)])> {
    let DataType::Array { shape, element } = ty else { return None };
    let (DataType::Struct { fields, .. }, [rows]) = (&**element, &shape[..]) else { return None };
    let flat = fields.iter().all(|(_, ty)| ty.leaves().len() == 1 && ty.leaves()[0].scalar == *ty);
    flat.then_some((usize::try_from(*rows).unwrap_or(usize::MAX), fields))
}

/// Columns under their names; numbers to the right.
fn table(rows: usize, fields: &[(String, DataType)], leaves: &Leaves, indent: usize, out: &mut String) {
    let shown = places(rows);
    let columns: Vec<Vec<String>> = fields
        .iter()
        .enumerate()
        .map(|(leaf, (name, ty))| {
            let cells = shown.iter().map(|row| row.map_or("…".to_owned(), |row| scalar(ty, raw(leaves, leaf, row))));
            std::iter::once(name.clone()).chain(cells).collect()
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
        DataType::Bool | DataType::Int { .. } | DataType::Fix { .. } => scalar(ty, raw(leaves, leaf, lane)),
        DataType::Array { shape, element } => array(shape, element, leaves, leaf, lane),
        DataType::Struct { fields, .. } => {
            let mut first = leaf;
            let field = |(name, ty): &(String, DataType)| {
                let own = format!("{name}: {}", inline(ty, leaves, first, lane));
                first += ty.leaves().len();
                own
            };
            format!("{{ {} }}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        DataType::Tuple(items) => {
            let mut first = leaf;
            let item = |ty: &DataType| {
                let own = inline(ty, leaves, first, lane);
                first += ty.leaves().len();
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
    let shown: Vec<String> = places(extent)
        .into_iter()
        .map(|i| i.map_or("…".to_owned(), |i| array(inner, element, leaves, leaf, place(i))))
        .collect();
    let all = shown.join(", ");
    if shown.len() < extent { format!("[{all}] ({extent} values)") } else { format!("[{all}]") }
}
