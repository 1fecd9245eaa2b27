//! How a type lies in rows and columns. An array of records, or rows of them, is a row a record; an array of numbers is a row an element of its first
//! extent.

use super::cell;
use super::error::Problem;
use super::kind::Kind;
use crate::engine::Leaves;
use smpc_bytecode::types::{DataType, Field};

/// Columns that a table may have.
const WIDEST: u64 = 16_384;

/// Fields and elements that are looked at for them: a type may be large and have few columns.
const VISITS: u64 = 64 * WIDEST;

/// The rows and columns of a type.
pub(super) struct Shape {
    /// The scalar leaves, as registers hold them.
    pub(super) leaves: Vec<Leaf>,
    /// How many rows there are.
    pub(super) rows: Rows,
    /// What the columns are.
    pub(super) columns: Columns,
}

/// A scalar leaf.
pub(super) struct Leaf {
    pub(super) kind: Kind,
    /// Lanes of the whole input.
    pub(super) lanes: u64,
}

/// How many rows a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// Neither more nor fewer.
    Exactly(u64),
    /// No more. The first leaf of the input tells which rows are there.
    AtMost(u64),
}

/// The columns of a type.
pub(super) enum Columns {
    /// So many values of one type, without names; the last leaf holds them. Where they may be absent, the leaf before it says so.
    Bare(u64),
    /// Named fields, and the values of a record over them.
    Named(Vec<Column>, Vec<Part>),
}

/// A named column.
pub(super) struct Column {
    /// Name in the header: `salary`, `address.zip`, `scores[0]`.
    pub(super) name: String,
    /// The leaf that it belongs to.
    pub(super) leaf: usize,
}

/// What a row's cells make.
#[derive(Clone)]
pub(super) enum Part {
    /// The value of the cell of that number.
    Cell(usize),
    /// Something that may be absent: the leaf that says so, and what it is made of.
    Maybe(usize, Vec<Part>),
}

impl Rows {
    /// The most that there may be.
    pub(super) const fn most(self) -> u64 {
        match self {
            Self::Exactly(count) | Self::AtMost(count) => count,
        }
    }

    /// Times as many values, for files with one in a row.
    pub(super) fn times(self, inner: u64) -> Option<Self> {
        match self {
            Self::Exactly(count) => count.checked_mul(inner).map(Self::Exactly),
            Self::AtMost(_) => (inner == 1).then_some(self),
        }
    }

    /// Whether there were as many as there should be.
    pub(super) const fn are(self, found: u64) -> bool {
        match self {
            Self::Exactly(count) => found == count,
            Self::AtMost(most) => found <= most,
        }
    }
}

impl Shape {
    pub(super) fn of(ty: &DataType) -> Result<Self, Problem> {
        let lanes = ty.scalars().into_iter().map(|scalar| scalar.lanes.ok_or(Problem::TooWide));
        let leaves = Kind::of_leaves(ty).into_iter().zip(lanes);
        let leaves =
            leaves.map(|(kind, lanes)| Ok(Leaf { kind, lanes: lanes? })).collect::<Result<Vec<_>, Problem>>()?;
        let (most, ty) = match ty {
            DataType::Rows { most, element } => (Some(*most), &**element),
            ty => (None, ty),
        };
        let (extents, element) = flatten(ty);
        let product =
            |extents: &[u64]| extents.iter().try_fold(1_u64, |n, e| n.checked_mul(*e)).ok_or(Problem::TooWide);
        let bare = match element {
            DataType::Maybe(value) => value.is_scalar(),
            element => element.is_scalar(),
        };
        if bare {
            let (rows, inner) = match (most, extents.split_first()) {
                (Some(most), _) => (Rows::AtMost(most), &extents[..]),
                (None, Some((first, inner))) => (Rows::Exactly(*first), inner),
                (None, None) => (Rows::Exactly(1), &[][..]),
            };
            return Ok(Self { leaves, rows, columns: Columns::Bare(product(inner)?) });
        }
        let mut collector = Collector { columns: Vec::new(), leaf: usize::from(most.is_some()), visits: 0 };
        let mut parts = Vec::new();
        let rows = match most {
            Some(most) => {
                // Arrays of records in a row are columns `[0].salary`, `[1].salary`.
                collector.walk(ty, String::new(), &mut parts)?;
                Rows::AtMost(most)
            }
            None => {
                collector.walk(element, String::new(), &mut parts)?;
                Rows::Exactly(product(&extents)?)
            }
        };
        Ok(Self { leaves, rows, columns: Columns::Named(collector.columns, parts) })
    }

    /// Empty leaves, with room for lanes that certainly fit the memory.
    pub(super) fn empty(&self, bytes: usize) -> Leaves {
        let room = |leaf: &Leaf| {
            // Each lane takes two bytes of a file at least.
            let lanes = usize::try_from(leaf.lanes).unwrap_or(usize::MAX).min(bytes / 2 + 1);
            Vec::with_capacity(lanes * leaf.kind.ty.limbs())
        };
        self.leaves.iter().map(room).collect()
    }

    /// What a bare value of the cell of that number is.
    pub(super) fn bare(&self, cell: usize) -> Part {
        let value = self.leaves.len() - 1;
        if self.leaves[value].kind.optional { Part::Maybe(value - 1, vec![Part::Cell(cell)]) } else { Part::Cell(cell) }
    }

    /// Marks the rows that are there, and fills up with rows that are not. The verifier has bounded what that takes.
    pub(super) fn fill(&self, found: u64, leaves: &mut Leaves) {
        if let Rows::AtMost(_) = self.rows {
            leaves[0].resize(usize::try_from(found).unwrap_or(usize::MAX), 1);
            for (leaf, own) in leaves.iter_mut().zip(&self.leaves) {
                let lanes = usize::try_from(own.lanes).unwrap_or(usize::MAX);
                cell::pad(&own.kind, lanes.saturating_sub(leaf.len() / own.kind.ty.limbs()), leaf);
            }
        }
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

struct Collector {
    columns: Vec<Column>,
    leaf: usize,
    visits: u64,
}

impl Collector {
    /// Columns of a record, and what its values are; those of one leaf in the order of its lanes.
    fn walk(&mut self, ty: &DataType, name: String, parts: &mut Vec<Part>) -> Result<(), Problem> {
        self.visits += 1;
        if self.visits > VISITS {
            return Err(Problem::TooWide);
        }
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
                parts.push(Part::Cell(self.columns.len()));
                self.columns.push(Column { name, leaf: self.leaf });
                self.leaf += 1;
            }
            DataType::Maybe(value) => {
                let (has, mut of) = (self.leaf, Vec::new());
                self.leaf += 1;
                self.walk(value, name, &mut of)?;
                parts.push(Part::Maybe(has, of));
            }
            DataType::Struct { fields, .. } => {
                for Field { name, ty, reading } in fields {
                    self.walk(ty, dotted(reading.column.as_ref().unwrap_or(name)), parts)?;
                }
            }
            DataType::Tuple(items) => {
                for (i, ty) in items.iter().enumerate() {
                    self.walk(ty, dotted(&i.to_string()), parts)?;
                }
            }
            DataType::Array { .. } => {
                let (extents, element) = flatten(ty);
                let count = extents.iter().try_fold(1_u64, |n, e| n.checked_mul(*e));
                let count = count.filter(|count| *count <= WIDEST).ok_or(Problem::TooWide)?;
                let first = self.leaf;
                for i in 0..count {
                    // Each element has the same leaves.
                    self.leaf = first;
                    let place: String = places(i, &extents).iter().map(|i| format!("[{i}]")).collect();
                    self.walk(element, format!("{name}{place}"), parts)?;
                }
                if count == 0 {
                    self.leaf += element.scalars().len();
                }
            }
            // The verifier lets none in.
            DataType::Rows { .. } => return Err(Problem::TooWide),
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
