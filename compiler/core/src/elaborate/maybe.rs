//! Values that may be absent: `maybe T`, and the rows of `[T; ..=N]`. Such a value is whether it is there, and then a value, which means nothing where it
//! is not.
//!
//! A field of one is again a value that may be absent, so that a column of a table knows which of its rows are there: `t.age[i]` and `t[i].age` are one.

use super::known::{Known, Num};
use super::lanes::Operand;
use super::types::{Presence, Scalar, Type};
use super::value::{Leaf, Value};
use super::{Elaborator, Outcome, Reported};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp};
use num_bigint::BigInt;
use num_rational::BigRational;
use std::rc::Rc;

/// Whether each of an array's elements is there, and the elements.
pub(super) struct Parts {
    /// Truth values of the array's shape.
    pub(super) has: Value,
    /// The elements.
    pub(super) value: Value,
}

impl Value {
    /// The two halves of a value that may be absent, or of an array of such.
    pub(super) fn maybe_parts(&self) -> Option<Parts> {
        let Type::Maybe(of, _) = self.ty.innermost() else { return None };
        let extents = self.ty.extents();
        let (first, rest) = self.leaves.split_first()?;
        let has = Self::new(Type::BOOL.arrays(extents), first.clone());
        Some(Parts { has, value: Self { ty: (**of).clone().arrays(extents), leaves: rest.to_vec() } })
    }

    /// A value that is there where `has` holds; both have the extents of `has`.
    pub(super) fn maybe_of(has: &Self, value: Self, presence: Presence) -> Self {
        let extents = has.ty.extents();
        let of = value.ty.below(extents.len());
        let ty = Type::Maybe(Rc::new(of), presence).arrays(extents);
        Self { ty, leaves: has.leaves.iter().cloned().chain(value.leaves).collect() }
    }
}

impl Elaborator<'_> {
    /// A field of a value: of a record, a column of a table, or of what may be absent.
    pub(super) fn field_of(&mut self, value: &Value, name: &ast::Name) -> Outcome<Value> {
        if let Some(parts) = value.maybe_parts()
            && !matches!(name.text.as_str(), "has" | "valid" | "value")
        {
            return self.column_of(&value.ty, parts, name);
        }
        let (ty, leaves) = self.field(&value.ty, name)?;
        Ok(Value { ty, leaves: value.leaves[leaves].to_vec() })
    }

    /// A field of rows that may be absent: absent where the row is.
    fn column_of(&mut self, ty: &Type, parts: Parts, name: &ast::Name) -> Outcome<Value> {
        if !matches!(parts.value.ty.innermost(), Type::Struct(_)) {
            let message = format!("`{ty}` has no field `{}`", name.text);
            return self.error(
                Code::NoField,
                name.span,
                message,
                "it has `has`, which says whether it is there, and `value`",
            );
        }
        let column = self.field_of(&parts.value, name)?;
        let outer = parts.has.ty.extents().len();
        let Some(inner) = column.maybe_parts() else {
            let presence = match column.ty.below(outer) {
                Type::Struct(_) => Presence::Row,
                _ => Presence::Cell,
            };
            return Ok(Value::maybe_of(&parts.has, column, presence));
        };
        // The cell is there where the row is and the cell is not empty.
        let spread = self.spread(&parts.has, inner.has.ty.extents(), name.span)?;
        let has = self.operate(BinaryOp::And, name.span, (&spread, name.span), (&inner.has, name.span), name.span)?;
        Ok(Value::maybe_of(&has, inner.value, Presence::Cell))
    }

    /// Truth values of outer extents, for all that is below them.
    fn spread(&mut self, has: &Value, extents: &[u64], span: Span) -> Outcome<Value> {
        if has.ty.extents() == extents {
            return Ok(has.clone());
        }
        let operand = Self::operand(has, span).ok_or(Reported)?;
        let rows: u64 = operand.extents.iter().product();
        let cols = extents[operand.extents.len()..].iter().product();
        let view = self.lanes(&operand.leaf, Scalar::Bool, rows, span)?;
        let (outer, inner) = (crate::ir::Dim { stride: 1, len: rows }, crate::ir::Dim { stride: 0, len: cols });
        let view = self.builder.view(&view, &crate::ir::Place::grid(0, outer, inner));
        let leaf = Leaf::of(view).from(operand.leaf.origin);
        Ok(Value::new(Type::BOOL.arrays(extents), leaf))
    }

    /// `some(x)`: a value that is there.
    pub(super) fn some(value: &Value) -> Value {
        Value::maybe_of(&Value::boolean(true), value.clone(), Presence::Cell)
    }

    /// `then_some(c, x)`: x where c holds.
    pub(super) fn then_some(&mut self, (c, c_at): (&Value, Span), (x, at): (&Value, Span)) -> Outcome<Value> {
        let holds = Self::operand(c, c_at).filter(|operand| operand.scalar == Scalar::Bool);
        if holds.is_none() || !x.ty.extents().starts_with(c.ty.extents()) {
            let message = "`then_some` takes a truth value for each value";
            let diagnostic = Diagnostic::new(Code::TypeMismatch, c_at, message)
                .here(format!("this is `{}`", c.ty))
                .label(at, format!("this is `{}`", x.ty))
                .help("write `then_some(condition, value)`");
            return Err(self.report(diagnostic));
        }
        Ok(Value::maybe_of(c, x.clone(), Presence::Cell))
    }

    /// `unwrap_or(m, default)`: the value where there is one.
    pub(super) fn unwrap_or(
        &mut self,
        (m, at): (&Value, Span),
        (default, d_at): (&Value, Span),
        span: Span,
    ) -> Outcome<Value> {
        let Some(parts) = m.maybe_parts() else {
            let message = format!("`unwrap_or` takes a value that may be absent, and this is `{}`", m.ty);
            return self.error(Code::TypeMismatch, at, message, "use the value itself");
        };
        self.select_call((&parts.has, at), (&parts.value, at), (default, d_at), span)
    }

    /// The numbers of an array with 0 for those that are absent.
    pub(super) fn absent_as_zero(&mut self, (xs, at): (&Value, Span), span: Span) -> Outcome<Value> {
        match xs.maybe_parts() {
            Some(_) => self.unwrap_or((xs, at), (&Value::int(0), at), span),
            None => Ok(xs.clone()),
        }
    }

    /// A value as one that may be absent, where that is what is asked for.
    pub(super) fn lifted(&mut self, value: Value, ty: &Type, span: Span) -> Outcome<Value> {
        let Type::Maybe(of, presence) = ty.innermost() else { return Ok(value) };
        if matches!(value.ty.innermost(), Type::Maybe(..)) || !value.ty.extents().starts_with(ty.extents()) {
            return Ok(value);
        }
        let inner = (**of).clone().arrays(ty.extents());
        let value = self.as_type(value, &inner, span)?;
        let lanes = ty.extents().iter().product();
        let has = Value::new(Type::BOOL.arrays(ty.extents()), Leaf::known(Known::Same(Num::Bool(true), lanes)));
        Ok(Value::maybe_of(&has, value, *presence))
    }

    /// `__present(xs)`: whether each element is there; all are where none can be absent.
    pub(super) fn present(&mut self, (xs, at): (&Value, Span)) -> Outcome<Value> {
        let Some(&len) = xs.ty.extents().first() else {
            let message = format!("a column of a table is expected, and this is `{}`", xs.ty);
            return self.error(Code::TypeMismatch, at, message, "give it an array");
        };
        Ok(match xs.maybe_parts() {
            Some(parts) => parts.has,
            None => Value::new(Type::BOOL.array(len), Leaf::known(Known::Same(Num::Bool(true), len))),
        })
    }

    /// `__values(xs)`: the elements, whatever they are where they are absent.
    pub(super) fn values(xs: &Value) -> Value {
        xs.maybe_parts().map_or_else(|| xs.clone(), |parts| parts.value)
    }

    /// The value as others may see it: what is absent is one and the same number there, so that nobody learns what stood in its place. A choice for each number
    /// that may be absent; nothing where all is known to be there.
    pub(super) fn without_absent(&mut self, value: &Value, span: Span) -> Outcome<Value> {
        let (types, within) = (value.ty.leaves(), value.ty.presences());
        let mut leaves: Vec<Leaf> = Vec::with_capacity(types.len());
        for ((leaf, of), has) in value.leaves.iter().zip(&types).zip(&within) {
            leaves.push(match has {
                Some(has) => {
                    let (extents, has) = (types[*has].extents.clone(), leaves[*has].clone());
                    let condition = Operand { scalar: Scalar::Bool, extents, leaf: has, span };
                    let blank = Leaf::known(Known::Same(self.blank(leaf, of.scalar), of.lanes()));
                    self.choose(&condition, leaf, &blank, (of.scalar, of.lanes()), span)?
                }
                None => leaf.clone(),
            });
        }
        Ok(Value { ty: value.ty.clone(), leaves })
    }

    /// What stands for absent lanes: 0, or the least number that they may be, so that their range stays as it is.
    fn blank(&self, leaf: &Leaf, scalar: Scalar) -> Num {
        let least = |frac: u32| {
            let range = self.range(leaf, frac);
            if range.lo <= 0 && range.hi >= 0 { 0 } else { range.lo }
        };
        match scalar {
            Scalar::Bool => Num::Bool(false),
            Scalar::Int => Num::Int(least(0)),
            Scalar::Fix(frac) => Num::fraction(BigRational::new(least(frac).into(), BigInt::from(1) << frac)),
            Scalar::Bits(_) => Num::Bits(Rc::default()),
        }
    }

    /// The operand that a value of an enum is, as its number.
    pub(super) fn numbered(value: &Value) -> Value {
        match value.ty.innermost() {
            Type::Enum(_) => Value { ty: Type::INT.arrays(value.ty.extents()), leaves: value.leaves.clone() },
            _ => value.clone(),
        }
    }

    /// An array of scalars, as an operand.
    pub(super) fn scalars(value: &Value, span: Span) -> Option<Operand> {
        Self::operand(value, span).filter(|operand| !operand.extents.is_empty())
    }
}
