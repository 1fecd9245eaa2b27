//! `[f(x) for x in xs if c]`: over known elements, or few of them, element by element with each known; otherwise as a loop that fills an array.

use super::branch::register;
use super::known::Known;
use super::types::{LeafType, Scalar};
use super::value::{Leaf, Value};
use super::{Elaborator, Outcome, Reported};
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::{Bound, Ref, RegType, ValueId};
use crate::source::Span;
use crate::syntax::ast::{Expr, Pattern};

/// Elements up to which a comprehension is always written out.
const FEW: u64 = 64;

/// Elements up to which it may be.
const MOST: u64 = 4_096;

impl Elaborator<'_> {
    pub(super) fn comprehension(
        &mut self,
        element: &Expr,
        pattern: &Pattern,
        source: &Expr,
        filter: Option<&Expr>,
        span: Span,
    ) -> Outcome<Value> {
        self.refuse_exits(element)?;
        let xs = self.expression(source)?;
        let Some(&len) = xs.ty.extents().first() else {
            let message = format!("a comprehension over `{}`, which has no elements", xs.ty);
            return self.error(Code::TypeMismatch, source.span, message, "go over an array or a range");
        };
        let mut assigned = super::assigned::Assigned::new();
        super::assigned::assigned_in(element, &mut assigned);
        if let Some(name) = assigned.keys().find(|name| self.variable(name).is_some()) {
            let message = format!("a comprehension that assigns `{name}`, which is declared outside");
            return self.error(Code::NotAPlace, span, message, "write a `for` loop");
        }
        if len > FEW && filter.is_none() {
            let (mark, calls, messages) = (self.mark(), self.calls.mark(), self.sink.len());
            self.turns += 1;
            let looped = self.looped(element, pattern, &xs, len, span);
            self.turns -= 1;
            if looped.is_ok() && !self.sink.has_errors_since(messages) {
                return looped;
            }
            self.calls.forget(calls);
            if len > MOST || !xs.is_known() {
                return Err(Reported);
            }
            // With each element known more may be possible.
            self.rewind(&mark);
            self.sink.truncate(messages);
        }
        if len > MOST {
            let message = format!("a comprehension with a filter over {len} elements");
            return self.error(Code::TooLarge, span, message, format!("filters go over {MOST} elements at most"));
        }
        self.written_out(element, pattern, &xs, len, filter, span)
    }

    fn written_out(
        &mut self,
        element: &Expr,
        pattern: &Pattern,
        xs: &Value,
        len: u64,
        filter: Option<&Expr>,
        span: Span,
    ) -> Outcome<Value> {
        let mut found = Vec::new();
        for at in 0..len {
            let row = self.known_row(xs, at, span)?;
            let first = self.variables.len();
            self.bind(pattern, Some(row), false)?;
            let kept = match filter {
                None => Ok(true),
                Some(filter) => match self.expression(filter) {
                    Ok(value) => match value.known_bool() {
                        Some(kept) => Ok(kept),
                        None if self.secret_leaf(&value).is_some() => self.secret_filter(&value, filter.span),
                        None => self.not_const(filter.span, "the filter of a comprehension"),
                    },
                    Err(Reported) => Err(Reported),
                },
            };
            let value = match kept {
                Ok(true) => self.expression(element).map(Some),
                Ok(false) => Ok(None),
                Err(Reported) => Err(Reported),
            };
            self.variables.truncate(first);
            found.extend(value?.map(|value| (value, element.span)));
        }
        if found.is_empty() {
            return self.without_elements(element, pattern, xs, span);
        }
        self.array_of(found, span)
    }

    fn secret_filter<T>(&mut self, value: &Value, span: Span) -> Outcome<T> {
        let origin = self.secret_leaf(value).and_then(|leaf| leaf.origin.clone());
        let diagnostic = Diagnostic::new(Code::SecretShape, span, "a secret filter")
            .here("how many elements are left would be seen by everyone")
            .help("keep all and choose what counts: `select(condition, x, 0)`, or `then_some(condition, x)` for statistics");
        let diagnostic = super::origin_label(diagnostic, origin.as_deref(), "is secret because of this");
        Err(self.report(diagnostic))
    }

    /// An array with nothing in it, of the type that an element would have. A turn on any row tells it, and is thrown away.
    fn without_elements(&mut self, element: &Expr, pattern: &Pattern, xs: &Value, span: Span) -> Outcome<Value> {
        let (mark, calls, messages) = (self.mark(), self.calls.mark(), self.sink.len());
        self.at(span);
        let open = self.builder.begin_loop(Bound::Const(0), Bound::Const(0), (0, 0), &[]);
        let ty = xs.ty.below(1);
        let mut leaves = Vec::with_capacity(xs.leaves.len());
        for (leaf, of) in xs.leaves.iter().zip(ty.leaves()) {
            let range = self.range(leaf, of.scalar.frac());
            let register = register(of.scalar, self.is_secret(leaf), range);
            let word = if of.scalar == Scalar::Bool { 0 } else { register.range().0 };
            let row = self.builder.fill(register, word, of.lanes());
            let public = !self.is_secret(leaf);
            leaves.push(Leaf::of(Ref::whole(row, of.lanes())).from(leaf.origin.clone()).public(of.scalar, public));
        }
        let (first, conditional) = (self.variables.len(), self.conditional);
        self.conditional += 1;
        let bound = self.bind(pattern, Some(Value { ty, leaves }), false);
        let trial = bound.and_then(|()| self.expression(element));
        self.conditional = conditional;
        self.variables.truncate(first);
        self.calls.forget(calls);
        self.builder.abandon_loop(open);
        self.rewind(&mark);
        let ty = trial?.ty;
        self.sink.truncate(messages);
        let none = ty.leaves().iter().map(|of| Leaf::known(Known::Same(of.scalar.num(0), 0))).collect();
        Ok(Value { ty: ty.array(0), leaves: none })
    }

    /// A loop that fills the array. A first turn tells what an element is; it is thrown away.
    fn looped(&mut self, element: &Expr, pattern: &Pattern, xs: &Value, len: u64, span: Span) -> Outcome<Value> {
        let bounds = (Bound::Const(0), Bound::Const(i64::try_from(len).unwrap_or(i64::MAX)));
        let last = i64::try_from(len - 1).unwrap_or(i64::MAX);
        let (mark, calls, messages) = (self.mark(), self.calls.mark(), self.sink.len());
        self.at(span);
        let open = self.builder.begin_loop(bounds.0, bounds.1, (0, last), &[]);
        let trial = self.comprehended(element, pattern, xs, open.counter, span);
        self.calls.forget(calls);
        let types: Outcome<Vec<(RegType, LeafType)>> = trial.map(|value| {
            let leaves = value.leaves.iter().zip(value.ty.leaves());
            let typed = leaves
                .map(|(leaf, of)| (register(of.scalar, self.is_secret(leaf), self.range(leaf, of.scalar.frac())), of));
            typed.collect()
        });
        self.builder.abandon_loop(open);
        self.rewind(&mark);
        let types = types?;
        self.sink.truncate(messages);

        self.at(span);
        let mut entering = Vec::with_capacity(types.len());
        for (ty, of) in &types {
            let lanes = of.lanes().saturating_mul(len);
            // Any word of the range: every lane is written before it is read.
            let word = if of.scalar == Scalar::Bool { 0 } else { ty.range().0 };
            entering.push((self.builder.fill(*ty, word, lanes), *ty));
        }
        let open = self.builder.begin_loop(bounds.0, bounds.1, (0, last), &entering);
        let value = self.comprehended(element, pattern, xs, open.counter, span);
        self.calls.forget(calls);
        let value = match value {
            Ok(value) => value,
            Err(Reported) => {
                self.builder.abandon_loop(open);
                return Err(Reported);
            }
        };
        let mut next = Vec::with_capacity(types.len());
        for (((_, of), leaf), param) in types.iter().zip(&value.leaves).zip(&open.params) {
            let view = self.lanes(leaf, of.scalar, of.lanes(), span)?;
            self.at(span);
            let place = crate::ir::Place {
                offset: 0,
                index: Some(crate::ir::Index { value: open.counter, stride: i64::try_from(of.lanes()).unwrap_or(1) }),
                dims: view_dims(of),
            };
            next.push(self.builder.update(*param, place, view));
        }
        let results = self.builder.end_loop(open, &next);
        let mut leaves = Vec::with_capacity(results.len());
        for ((result, (_, of)), leaf) in results.into_iter().zip(&types).zip(&value.leaves) {
            let view = Ref::whole(result, of.lanes().saturating_mul(len));
            let public = !self.is_secret(leaf);
            leaves.push(Leaf::of(view).from(leaf.origin.clone()).public(of.scalar, public));
        }
        Ok(Value { ty: value.ty.array(len), leaves })
    }

    fn comprehended(
        &mut self,
        element: &Expr,
        pattern: &Pattern,
        xs: &Value,
        counter: ValueId,
        span: Span,
    ) -> Outcome<Value> {
        let first = self.variables.len();
        let row = self.row(xs, counter, span)?;
        self.bind(pattern, Some(row), false)?;
        let value = self.expression(element);
        self.variables.truncate(first);
        value
    }
}

fn view_dims(of: &LeafType) -> Vec<crate::ir::Dim> {
    if of.lanes() == 1 { Vec::new() } else { vec![crate::ir::Dim { stride: 1, len: of.lanes() }] }
}
