//! How a type lies in rows and columns. An array of records is a row a record; an array of numbers is a row an element of its first extent.

use super::error::Problem;
use smpc_bytecode::types::{DataType, Field, Leaf, Reading};

/// Columns that a table may have.
const WIDEST: u64 = 16_384;

/// The rows and columns of a type.
pub(super) struct Shape {
    /// The scalar leaves, as registers hold them.
    pub(super) leaves: Vec<Leaf>,
    /// Number of rows.
    pub(super) rows: u64,
    /// What the columns are.
    pub(super) columns: Columns,
}

/// The columns of a type.
pub(super) enum Columns {
    /// So many values of one type, without names.
    Bare(u64),
    /// Named fields.
    Named(Vec<Column>),
}

/// A named column.
pub(super) struct Column {
    /// Name in the header: `salary`, `address.zip`, `scores[0]`.
    pub(super) name: String,
    /// The leaf that it belongs to.
    pub(super) leaf: usize,
}

impl Shape {
    pub(super) fn of(ty: &DataType) -> Result<Self, Problem> {
        let leaves = ty.leaves();
        if !is_read(ty) {
            return Err(Problem::Unread);
        }
        let (extents, element) = flatten(ty);
        let product =
            |extents: &[u64]| extents.iter().try_fold(1_u64, |n, e| n.checked_mul(*e)).ok_or(Problem::TooWide);
        if is_scalar(element) {
            let (rows, inner) = extents.split_first().map_or((1, &[][..]), |(first, inner)| (*first, inner));
            return Ok(Self { leaves, rows, columns: Columns::Bare(product(inner)?) });
        }
        let mut collector = Collector { columns: Vec::new(), leaf: 0 };
        collector.walk(element, String::new())?;
        Ok(Self { leaves, rows: product(&extents)?, columns: Columns::Named(collector.columns) })
    }

    /// Lanes of a leaf that certainly fit the memory, for a buffer's first size.
    pub(super) fn capacity(&self, leaf: usize, bytes: usize) -> usize {
        // Each lane takes two bytes of a file at least.
        let lanes = self.leaves[leaf].lanes.and_then(|lanes| usize::try_from(lanes).ok()).unwrap_or(usize::MAX);
        lanes.min(bytes / 2 + 1)
    }
}

/// The extents of arrays of arrays, and the type of an element.
pub(super) fn flatten(ty: &DataType) -> (Vec<u64>, &DataType) {
    let (mut extents, mut element) = (Vec::new(), ty);
    while let DataType::Array { shape, element: inner } = element {
        extents.extend(shape);
        element = inner;
    }
    (extents, element)
}

/// Whether files of such a type can be read.
fn is_read(ty: &DataType) -> bool {
    match ty {
        DataType::Bool | DataType::Int { .. } | DataType::Fix { .. } => true,
        DataType::Bits { .. } | DataType::Enum { .. } | DataType::Maybe(_) | DataType::Rows { .. } => false,
        DataType::Array { element, .. } => is_read(element),
        DataType::Struct { fields, .. } => {
            fields.iter().all(|field| field.reading == Reading::default() && is_read(&field.ty))
        }
        DataType::Tuple(items) => items.iter().all(is_read),
    }
}

pub(super) const fn is_scalar(ty: &DataType) -> bool {
    matches!(ty, DataType::Bool | DataType::Int { .. } | DataType::Fix { .. })
}

struct Collector {
    columns: Vec<Column>,
    leaf: usize,
}

impl Collector {
    /// Columns of a record; those of one leaf in the order of its lanes.
    fn walk(&mut self, ty: &DataType, name: String) -> Result<(), Problem> {
        let dotted = |field: &str| if name.is_empty() { field.to_owned() } else { format!("{name}.{field}") };
        match ty {
            DataType::Bool
            | DataType::Int { .. }
            | DataType::Fix { .. }
            | DataType::Bits { .. }
            | DataType::Enum { .. } => {
                if self.columns.len() as u64 >= WIDEST {
                    return Err(Problem::TooWide);
                }
                self.columns.push(Column { name, leaf: self.leaf });
                self.leaf += 1;
            }
            DataType::Struct { fields, .. } => {
                for Field { name: field, ty, .. } in fields {
                    self.walk(ty, dotted(field))?;
                }
            }
            DataType::Tuple(items) => {
                for (i, ty) in items.iter().enumerate() {
                    self.walk(ty, dotted(&i.to_string()))?;
                }
            }
            DataType::Maybe(_) | DataType::Rows { .. } => return Err(Problem::Unread),
            DataType::Array { .. } => {
                let (extents, element) = flatten(ty);
                let count = extents.iter().try_fold(1_u64, |n, e| n.checked_mul(*e));
                let count = count.filter(|count| *count <= WIDEST).ok_or(Problem::TooWide)?;
                let first = self.leaf;
                for i in 0..count {
                    // Each element has the same leaves.
                    self.leaf = first;
                    let place: String = places(i, &extents).iter().map(|i| format!("[{i}]")).collect();
                    self.walk(element, format!("{name}{place}"))?;
                }
                if count == 0 {
                    self.leaf += element.leaves().len();
                }
            }
        }
        Ok(())
    }
}

/// The index of an array's element number `i`, outer extents first.
fn places(i: u64, extents: &[u64]) -> Vec<u64> {
    let mut rest = i;
    let mut out: Vec<u64> = extents
        .iter()
        .rev()
        .map(|extent| {
            let at = rest % extent.max(&1);
            rest /= extent.max(&1);
            at
        })
        .collect();
    out.reverse();
    out
}
