//! Types of the data that crosses the machine's border, as the manifest states them.

use super::RegType;
use std::borrow::Cow;

/// The type of an input or output. A table is an array of structs, or rows of them; it is laid out by column, and each scalar leaf, counted depth first, is
/// one register of (product of the array extents above it) lanes, outer extents first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataType {
    /// `true` or `false`.
    Bool,
    /// An integer in a range.
    Int {
        /// Least value.
        lo: i64,
        /// Greatest value.
        hi: i64,
    },
    /// A fixed-point number with a raw range.
    Fix {
        /// Fractional bits.
        frac: u32,
        /// Least raw value.
        lo: i64,
        /// Greatest raw value.
        hi: i64,
    },
    /// A word, in a `bin` register of that width; so is a public one, because a public value is shared for free.
    Bits {
        /// Bits.
        width: u32,
    },
    /// One of several names: an integer from 0 on, which is the place of the name.
    Enum {
        /// Name of the type.
        name: String,
        /// Names of the values.
        variants: Vec<String>,
    },
    /// A value that may be absent. Its leaves are `has` (a `bool`), then those of the value, which lie in their ranges where it is absent, too.
    Maybe(Box<DataType>),
    /// An array of any rank.
    Array {
        /// Extents, outer first.
        shape: Vec<u64>,
        /// Type of an element.
        element: Box<DataType>,
    },
    /// At most so many rows. Its leaves are `valid` (a `bool`), then those of an element, all with `most` lanes; those of rows that are not there lie in
    /// their ranges.
    Rows {
        /// The limit.
        most: u64,
        /// Type of a row.
        element: Box<DataType>,
    },
    /// A record.
    Struct {
        /// Name of the type.
        name: String,
        /// Fields, in order of declaration.
        fields: Vec<Field>,
    },
    /// A tuple.
    Tuple(Vec<DataType>),
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: DataType,
    /// How it stands in the files of whoever supplies it; outputs do not look at it.
    pub reading: Reading,
}

/// How a field stands in the files of whoever supplies it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The name of its column, where that is not the field's own.
    pub column: Option<String>,
    /// How its cells are written.
    pub format: Format,
}

/// How a cell is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// As values of its type are.
    #[default]
    Plain,
    /// An integer as a date `YYYY-MM-DD` of the proleptic Gregorian calendar: the days since 1970-01-01.
    Date,
    /// An integer as a decimal number, of which it is so many times the value.
    Scale(u64),
    /// A word as any text, of which it is a hash under a key that the owners of the data share.
    Key,
}

/// A scalar leaf of a [`DataType`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Field path from the root, for messages (`salary`, `address.zip`); empty for a scalar or plain array. That a value is there is told by `NAME.has`, and a
    /// row by `valid`.
    pub path: String,
    /// The scalar type.
    pub scalar: DataType,
    /// Lanes: product of the extents above; `None` where that exceeds 64 bits.
    pub lanes: Option<u64>,
}

/// A scalar leaf of a [`DataType`] without its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scalar<'t> {
    /// The scalar type.
    pub ty: &'t DataType,
    /// Lanes: product of the extents above; `None` where that exceeds 64 bits.
    pub lanes: Option<u64>,
    /// Bytes of its names: the path, the columns on it, and what its values are called.
    pub name_bytes: usize,
}

/// The type of the leaves that no field declares.
static BOOL: DataType = DataType::Bool;

/// A name on the way to a leaf, and the bytes of the column that it has instead.
struct Step<'t> {
    name: Cow<'t, str>,
    column: usize,
}

impl Field {
    /// A field that is read as it is declared.
    pub fn new(name: impl Into<String>, ty: DataType) -> Self {
        Self { name: name.into(), ty, reading: Reading::default() }
    }
}

impl DataType {
    /// Whether it is a single leaf.
    #[must_use]
    pub const fn is_scalar(&self) -> bool {
        match self {
            Self::Bool | Self::Int { .. } | Self::Fix { .. } | Self::Bits { .. } | Self::Enum { .. } => true,
            Self::Maybe(_) | Self::Array { .. } | Self::Rows { .. } | Self::Struct { .. } | Self::Tuple(_) => false,
        }
    }

    /// The values that a lane of a scalar takes: one, but for wide words; see [`RegType::limbs`].
    #[must_use]
    pub const fn limbs(&self) -> usize {
        match *self {
            Self::Bits { width } => RegType::Bin { width }.limbs(),
            _ => 1,
        }
    }

    /// The scalar leaves, depth first, with their names: for messages.
    #[must_use]
    pub fn leaves(&self) -> Vec<Leaf> {
        let mut out = Vec::new();
        self.walk(&mut Vec::new(), Some(1), &mut |scalar, path, lanes| {
            let path: Vec<&str> = path.iter().map(|step| &*step.name).collect();
            out.push(Leaf { path: path.join("."), scalar: scalar.clone(), lanes });
        });
        out
    }

    /// The scalar leaves, depth first: no more than the type has nodes, however long their names are.
    #[must_use]
    pub fn scalars(&self) -> Vec<Scalar<'_>> {
        let mut out = Vec::new();
        self.walk(&mut Vec::new(), Some(1), &mut |ty, path, lanes| {
            let dots = path.len().saturating_sub(1);
            let steps: usize = path.iter().map(|step| step.name.len() + step.column).sum();
            let values: usize = match ty {
                Self::Enum { name, variants } => name.len() + variants.iter().map(String::len).sum::<usize>(),
                _ => 0,
            };
            out.push(Scalar { ty, lanes, name_bytes: steps + dots + values });
        });
        out
    }

    fn walk<'t>(
        &'t self,
        path: &mut Vec<Step<'t>>,
        lanes: Option<u64>,
        each: &mut impl FnMut(&'t Self, &[Step<'t>], Option<u64>),
    ) {
        let mut under = |path: &mut Vec<Step<'t>>, name, column: Option<&String>, ty: &'t Self, lanes| {
            path.push(Step { name, column: column.map_or(0, String::len) });
            ty.walk(path, lanes, each);
            path.pop();
        };
        match self {
            Self::Bool | Self::Int { .. } | Self::Fix { .. } | Self::Bits { .. } | Self::Enum { .. } => {
                each(self, path, lanes);
            }
            Self::Maybe(value) => {
                under(path, Cow::Borrowed("has"), None, &BOOL, lanes);
                value.walk(path, lanes, each);
            }
            Self::Array { shape, element } => {
                let lanes = lanes.and_then(|n| shape.iter().try_fold(n, |n, extent| n.checked_mul(*extent)));
                element.walk(path, lanes, each);
            }
            Self::Rows { most, element } => {
                let lanes = lanes.and_then(|n| n.checked_mul(*most));
                under(path, Cow::Borrowed("valid"), None, &BOOL, lanes);
                element.walk(path, lanes, each);
            }
            Self::Struct { fields, .. } => {
                for Field { name, ty, reading } in fields {
                    under(path, Cow::Borrowed(name), reading.column.as_ref(), ty, lanes);
                }
            }
            Self::Tuple(items) => {
                for (i, ty) in items.iter().enumerate() {
                    under(path, Cow::Owned(i.to_string()), None, ty, lanes);
                }
            }
        }
    }
}
