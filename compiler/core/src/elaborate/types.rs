//! Kinds and shapes of values: what a `let` fixes once and for all. Secrecy and ranges are facts of a value and stand with it (see `value`).
//!
//! A value is stored leaf by leaf: each scalar of its type is a vector of lanes, outer extents first. An array of structs therefore lies
//! column by column, and `[[T; C]; R]` is the same type as `[T; R, C]`.

use super::known::Num;
use num_bigint::BigInt;
use num_rational::BigRational;
use smpc_bytecode::types::{DataType, Field};
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
}

impl Scalar {
    /// Fractional bits of its raw form.
    pub(crate) const fn frac(self) -> u32 {
        match self {
            Self::Bool | Self::Int => 0,
            Self::Fix(frac) => frac,
        }
    }

    /// The number with that raw form.
    pub(crate) fn num(self, raw: i128) -> Num {
        match self {
            Self::Bool => Num::Bool(raw != 0),
            Self::Int => Num::Int(raw),
            Self::Fix(frac) => Num::fraction(BigRational::new(raw.into(), BigInt::from(1) << frac)),
        }
    }

    /// Whether it is a number.
    pub(crate) const fn is_number(self) -> bool {
        !matches!(self, Self::Bool)
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Fix(FIX) => f.write_str("fix"),
            Self::Fix(frac) => write!(f, "fix<{frac}>"),
        }
    }
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
}

/// A declared record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StructType {
    /// Its name.
    pub(crate) name: String,
    /// Its fields in order of declaration.
    pub(crate) fields: Vec<(String, Type)>,
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
            Self::Scalar(_) | Self::Struct(_) | Self::Tuple(_) => &[],
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
                Self::Array(..) | Self::Struct(_) | Self::Tuple(_) => None,
            },
            Self::Struct(_) | Self::Tuple(_) => None,
        }
    }

    /// The same shape with other scalars in place of the only one.
    pub(crate) fn lanes_of(scalar: Scalar, extents: &[u64]) -> Self {
        Self::Scalar(scalar).arrays(extents)
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
        }
    }

    /// Number of scalars.
    pub(crate) fn leaf_count(&self) -> usize {
        match self {
            Self::Scalar(_) => 1,
            Self::Array(_, element) => element.leaf_count(),
            Self::Struct(of) => of.fields.iter().map(|(_, field)| field.leaf_count()).sum(),
            Self::Tuple(parts) => parts.iter().map(Self::leaf_count).sum(),
        }
    }

    /// The type with its scalars replaced by these, in order.
    pub(crate) fn with_scalars(&self, scalars: &mut impl Iterator<Item = Scalar>) -> Self {
        match self {
            Self::Scalar(own) => Self::Scalar(scalars.next().unwrap_or(*own)),
            Self::Array(extents, element) => Self::Array(extents.clone(), Rc::new(element.with_scalars(scalars))),
            Self::Struct(of) => Self::Struct(Rc::clone(of)),
            Self::Tuple(parts) => Self::Tuple(parts.iter().map(|part| part.with_scalars(scalars)).collect()),
        }
    }

    /// As the manifest states it, with the raw range of each leaf in order.
    pub(crate) fn data_type(&self, ranges: &mut impl Iterator<Item = (i64, i64)>) -> DataType {
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
            Self::Array(extents, element) => {
                DataType::Array { shape: extents.clone(), element: Box::new(element.data_type(ranges)) }
            }
            Self::Struct(of) => DataType::Struct {
                name: of.name.clone(),
                fields: of
                    .fields
                    .iter()
                    .map(|(name, field)| Field::new(name.clone(), field.data_type(ranges)))
                    .collect(),
            },
            Self::Tuple(parts) => DataType::Tuple(parts.iter().map(|part| part.data_type(ranges)).collect()),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(scalar) => scalar.fmt(f),
            Self::Array(extents, element) => {
                let extents: Vec<String> = extents.iter().map(u64::to_string).collect();
                write!(f, "[{element}; {}]", extents.join(", "))
            }
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
        Type::Struct(Rc::new(StructType { name: "Employee".into(), fields }))
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
