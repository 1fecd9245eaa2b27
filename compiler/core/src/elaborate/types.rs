//! Kinds and shapes of values: what a `let` fixes once and for all. Secrecy and ranges are facts of a value and stand with it (see `value`).
//!
//! A value is stored leaf by leaf: each scalar of its type is a vector of lanes, outer extents first. An array of structs therefore lies
//! column by column, and `[[T; C]; R]` is the same type as `[T; R, C]`.

use super::known::Num;
use num_bigint::{BigInt, BigUint};
use num_rational::BigRational;
use smpc_bytecode::types::{DataType, Field, Reading};
use std::fmt;
use std::rc::Rc;

/// Fractional bits of a bare `fix`.
pub(crate) const FIX: u32 = 16;

/// What a lane is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `fix<N>`
    Fix(u32),
    /// `bits<N>`
    Bits(u32),
}

impl Scalar {
    /// Fractional bits of its raw form.
    pub(crate) const fn frac(self) -> u32 {
        match self {
            Self::Bool | Self::Int | Self::Bits(_) => 0,
            Self::Fix(frac) => frac,
        }
    }

    /// The number in its name: fractional bits, or bits of a word.
    pub(crate) const fn size(self) -> Option<u32> {
        match self {
            Self::Bool | Self::Int => None,
            Self::Fix(size) | Self::Bits(size) => Some(size),
        }
    }

    /// The number with that raw form.
    pub(crate) fn num(self, raw: i128) -> Num {
        match self {
            Self::Bool => Num::Bool(raw != 0),
            Self::Int => Num::Int(raw),
            Self::Bits(_) => Num::word(BigUint::from(raw.unsigned_abs())),
            Self::Fix(frac) => Num::fraction(BigRational::new(raw.into(), BigInt::from(1) << frac)),
        }
    }

    /// Whether it is a number.
    pub(crate) const fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Fix(_))
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Fix(FIX) => f.write_str("fix"),
            Self::Fix(frac) => write!(f, "fix<{frac}>"),
            Self::Bits(width) => write!(f, "bits<{width}>"),
        }
    }
}

/// What an absent value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// `maybe T`: a cell that is empty.
    Cell,
    /// A row of `[T; ..=N]` that the owner did not have.
    Row,
}

/// A declared set of names: values are its numbers from 0.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EnumType {
    /// Its name.
    pub(crate) name: String,
    /// Its variants, in order of declaration.
    pub(crate) variants: Vec<String>,
}

/// A type without secrecy and ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// One lane.
    Scalar(Scalar),
    /// An array; the element is no array itself.
    Array(Vec<u64>, Rc<Type>),
    /// A declared record.
    Struct(Rc<StructType>),
    /// A tuple; the empty one is the value of a statement.
    Tuple(Vec<Type>),
    /// One of some names.
    Enum(Rc<EnumType>),
    /// A value that may be absent: whether it is there, then the value.
    Maybe(Rc<Type>, Presence),
}

/// A declared record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StructType {
    /// Its name.
    pub(crate) name: String,
    /// What its parameters stand for.
    pub(crate) args: Vec<StructArg>,
    /// Its fields in order of declaration.
    pub(crate) fields: Vec<(String, Type)>,
    /// How each field is read from a file.
    pub(crate) readings: Vec<Reading>,
}

/// What a parameter of a generic record stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StructArg {
    /// A type.
    Type(Type),
    /// A size.
    Size(i128),
}

/// A scalar of a type and the extents above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeafType {
    /// What its lanes are.
    pub(crate) scalar: Scalar,
    /// Extents, outer first.
    pub(crate) extents: Vec<u64>,
}

impl LeafType {
    /// Number of lanes; lengths are checked where types are made.
    pub(crate) fn lanes(&self) -> u64 {
        self.extents.iter().product()
    }
}

impl Type {
    /// `int`.
    pub(crate) const INT: Self = Self::Scalar(Scalar::Int);
    /// `bool`.
    pub(crate) const BOOL: Self = Self::Scalar(Scalar::Bool);

    /// The type of a statement's value.
    pub(crate) const fn unit() -> Self {
        Self::Tuple(Vec::new())
    }

    /// Whether it is the type of a statement's value.
    pub(crate) fn is_unit(&self) -> bool {
        matches!(self, Self::Tuple(parts) if parts.is_empty())
    }

    /// An array of this type with one more extent outside.
    pub(crate) fn array(self, extent: u64) -> Self {
        self.arrays(&[extent])
    }

    /// An array of this type with more extents outside.
    pub(crate) fn arrays(self, extents: &[u64]) -> Self {
        if extents.is_empty() {
            return self;
        }
        match self {
            Self::Array(inner, element) => Self::Array([extents, &inner].concat(), element),
            element => Self::Array(extents.to_vec(), Rc::new(element)),
        }
    }

    /// The extents of an array; none for anything else.
    pub(crate) fn extents(&self) -> &[u64] {
        match self {
            Self::Array(extents, _) => extents,
            Self::Scalar(_) | Self::Struct(_) | Self::Tuple(_) | Self::Enum(_) | Self::Maybe(..) => &[],
        }
    }

    /// What is below `depth` extents of an array.
    pub(crate) fn below(&self, depth: usize) -> Self {
        match self {
            Self::Array(extents, element) if depth <= extents.len() => (**element).clone().arrays(&extents[depth..]),
            other => other.clone(),
        }
    }

    /// What is below all extents.
    pub(crate) fn innermost(&self) -> &Self {
        match self {
            Self::Array(_, element) => element,
            other => other,
        }
    }

    /// The scalar and extents of a scalar or an array of scalars.
    pub(crate) fn as_lanes(&self) -> Option<(Scalar, &[u64])> {
        match self {
            Self::Scalar(scalar) => Some((*scalar, &[])),
            Self::Array(extents, element) => match **element {
                Self::Scalar(scalar) => Some((scalar, extents)),
                Self::Array(..) | Self::Struct(_) | Self::Tuple(_) | Self::Enum(_) | Self::Maybe(..) => None,
            },
            Self::Struct(_) | Self::Tuple(_) | Self::Enum(_) | Self::Maybe(..) => None,
        }
    }

    /// The same shape with other scalars in place of the only one.
    pub(crate) fn lanes_of(scalar: Scalar, extents: &[u64]) -> Self {
        Self::Scalar(scalar).arrays(extents)
    }

    /// Whether rows of `[T; ..=N]` stand anywhere but at the top.
    pub(crate) fn has_rows_inside(&self) -> bool {
        match self {
            Self::Array(extents, element) if extents.len() == 1 => match &**element {
                Self::Maybe(row, Presence::Row) => row.has_rows(),
                other => other.has_rows(),
            },
            other => other.has_rows(),
        }
    }

    fn has_rows(&self) -> bool {
        match self {
            Self::Maybe(of, presence) => *presence == Presence::Row || of.has_rows(),
            Self::Array(_, element) => element.has_rows(),
            Self::Struct(of) => of.fields.iter().any(|(_, field)| field.has_rows()),
            Self::Tuple(parts) => parts.iter().any(Self::has_rows),
            Self::Scalar(_) | Self::Enum(_) => false,
        }
    }

    /// The scalars, depth first.
    pub(crate) fn leaves(&self) -> Vec<LeafType> {
        let mut out = Vec::new();
        self.collect(&mut Vec::new(), &mut out);
        out
    }

    fn collect(&self, above: &mut Vec<u64>, out: &mut Vec<LeafType>) {
        match self {
            Self::Scalar(scalar) => out.push(LeafType { scalar: *scalar, extents: above.clone() }),
            Self::Array(extents, element) => {
                let before = above.len();
                above.extend(extents);
                element.collect(above, out);
                above.truncate(before);
            }
            Self::Struct(of) => of.fields.iter().for_each(|(_, field)| field.collect(above, out)),
            Self::Tuple(parts) => parts.iter().for_each(|part| part.collect(above, out)),
            Self::Enum(_) => out.push(LeafType { scalar: Scalar::Int, extents: above.clone() }),
            Self::Maybe(of, _) => {
                out.push(LeafType { scalar: Scalar::Bool, extents: above.clone() });
                of.collect(above, out);
            }
        }
    }

    /// For each of [`Self::leaves`], the innermost truth value that says whether it is there, by its place among them.
    pub(crate) fn presences(&self) -> Vec<Option<usize>> {
        let mut out = Vec::new();
        self.collect_presences(None, &mut out);
        out
    }

    fn collect_presences(&self, within: Option<usize>, out: &mut Vec<Option<usize>>) {
        match self {
            Self::Scalar(_) | Self::Enum(_) => out.push(within),
            Self::Array(_, element) => element.collect_presences(within, out),
            Self::Struct(of) => of.fields.iter().for_each(|(_, field)| field.collect_presences(within, out)),
            Self::Tuple(parts) => parts.iter().for_each(|part| part.collect_presences(within, out)),
            Self::Maybe(of, _) => {
                let own = out.len();
                out.push(within);
                of.collect_presences(Some(own), out);
            }
        }
    }

    /// Number of scalars.
    pub(crate) fn leaf_count(&self) -> usize {
        match self {
            Self::Scalar(_) => 1,
            Self::Array(_, element) => element.leaf_count(),
            Self::Struct(of) => of.fields.iter().map(|(_, field)| field.leaf_count()).sum(),
            Self::Tuple(parts) => parts.iter().map(Self::leaf_count).sum(),
            Self::Enum(_) => 1,
            Self::Maybe(of, _) => 1 + of.leaf_count(),
        }
    }

    /// The type with its scalars replaced by these, in order.
    pub(crate) fn with_scalars(&self, scalars: &mut dyn Iterator<Item = Scalar>) -> Self {
        match self {
            Self::Scalar(own) => Self::Scalar(scalars.next().unwrap_or(*own)),
            Self::Array(extents, element) => Self::Array(extents.clone(), Rc::new(element.with_scalars(scalars))),
            Self::Struct(of) => {
                scalars.take(self.leaf_count()).for_each(|_| {});
                Self::Struct(Rc::clone(of))
            }
            Self::Tuple(parts) => Self::Tuple(parts.iter().map(|part| part.with_scalars(scalars)).collect()),
            Self::Enum(of) => {
                scalars.next();
                Self::Enum(Rc::clone(of))
            }
            Self::Maybe(of, presence) => {
                scalars.next();
                Self::Maybe(Rc::new(of.with_scalars(scalars)), *presence)
            }
        }
    }

    /// The type that holds values of both: `int` becomes `fix` where the other one is; `None` where there is none.
    pub(crate) fn joined(&self, other: &Self) -> Option<Self> {
        let (own, others) = (self.leaves(), other.leaves());
        let join = |a: &LeafType, b: &LeafType| match (a.scalar, b.scalar) {
            (a, b) if a == b => Some(a),
            (Scalar::Int, wider @ (Scalar::Fix(_) | Scalar::Bits(_)))
            | (wider @ (Scalar::Fix(_) | Scalar::Bits(_)), Scalar::Int) => Some(wider),
            _ => None,
        };
        let scalars = own.iter().zip(&others).map(|(a, b)| join(a, b)).collect::<Option<Vec<_>>>()?;
        let joined = self.with_scalars(&mut scalars.iter().copied());
        (own.len() == others.len() && joined == other.with_scalars(&mut scalars.iter().copied())).then_some(joined)
    }

    /// As the manifest states it, with the raw range of each leaf in order.
    pub(crate) fn data_type(&self, ranges: &mut dyn Iterator<Item = (i64, i64)>) -> DataType {
        match self {
            Self::Scalar(Scalar::Bool) => {
                ranges.next();
                DataType::Bool
            }
            Self::Scalar(Scalar::Int) => {
                let (lo, hi) = ranges.next().unwrap_or((i64::MIN, i64::MAX));
                DataType::Int { lo, hi }
            }
            Self::Scalar(Scalar::Fix(frac)) => {
                let (lo, hi) = ranges.next().unwrap_or((i64::MIN, i64::MAX));
                DataType::Fix { frac: *frac, lo, hi }
            }
            Self::Scalar(Scalar::Bits(width)) => {
                ranges.next();
                DataType::Bits { width: *width }
            }
            Self::Array(extents, element) => match (extents.as_slice(), &**element) {
                ([most], Self::Maybe(row, Presence::Row)) => {
                    ranges.next();
                    DataType::Rows { most: *most, element: Box::new(row.data_type(ranges)) }
                }
                _ => DataType::Array { shape: extents.clone(), element: Box::new(element.data_type(ranges)) },
            },
            Self::Struct(of) => {
                let fields = of.fields.iter().zip(&of.readings).map(|((name, field), reading)| Field {
                    name: name.clone(),
                    ty: field.data_type(ranges),
                    reading: reading.clone(),
                });
                DataType::Struct { name: of.name.clone(), fields: fields.collect() }
            }
            Self::Tuple(parts) => DataType::Tuple(parts.iter().map(|part| part.data_type(ranges)).collect()),
            Self::Enum(of) => {
                ranges.next();
                DataType::Enum { name: of.name.clone(), variants: of.variants.clone() }
            }
            Self::Maybe(of, _) => {
                ranges.next();
                DataType::Maybe(Box::new(of.data_type(ranges)))
            }
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(scalar) => scalar.fmt(f),
            Self::Array(extents, element) => {
                let extents: Vec<String> = extents.iter().map(u64::to_string).collect();
                match &**element {
                    Self::Maybe(row, Presence::Row) => write!(f, "[{row}; ..={}]", extents.join(", ")),
                    element => write!(f, "[{element}; {}]", extents.join(", ")),
                }
            }
            Self::Enum(of) => f.write_str(&of.name),
            Self::Maybe(of, Presence::Cell) => write!(f, "maybe {of}"),
            Self::Maybe(of, Presence::Row) => write!(f, "row of {of}"),
            Self::Struct(of) => f.write_str(&of.name),
            Self::Tuple(parts) => {
                let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
                write!(f, "({}{})", parts.join(", "), if parts.len() == 1 { "," } else { "" })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn employee() -> Type {
        let fields = vec![("age".into(), Type::INT), ("marks".into(), Type::INT.array(3))];
        let readings = vec![Reading::default(); fields.len()];
        Type::Struct(Rc::new(StructType { name: "Employee".into(), args: Vec::new(), fields, readings }))
    }

    #[test]
    fn arrays_of_arrays_are_one_array() {
        assert_eq!(Type::INT.array(3).array(2), Type::INT.arrays(&[2, 3]));
        assert_eq!(Type::INT.arrays(&[2, 3]).below(1), Type::INT.array(3));
        assert_eq!(Type::INT.arrays(&[2, 3]).below(2), Type::INT);
        assert_eq!(Type::INT.array(3).array(2).to_string(), "[int; 2, 3]");
    }

    #[test]
    fn tables_lie_by_column() {
        let table = employee().array(10);
        let leaves = table.leaves();
        assert_eq!(leaves.iter().map(|leaf| leaf.extents.clone()).collect::<Vec<_>>(), [vec![10], vec![10, 3]]);
        assert_eq!(leaves.iter().map(LeafType::lanes).sum::<u64>(), 40);
        assert_eq!(table.leaf_count(), 2);
        assert_eq!(table.to_string(), "[Employee; 10]");
    }
}
