//! Truth values: comparisons, `&& || !`, and the choice between two values.

use super::arith::Pair;
use super::known::{self, Known, Num};
use super::lanes::{Operand, narrow};
use super::types::{Scalar, Type};
use super::value::{Data, Leaf, Relative, Value};
use super::{Elaborator, Outcome};
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::{Kind, Op, Place, Ref, RegType};
use crate::source::Span;
use crate::syntax::ast::BinaryOp;

/// What is compared in place of a constant.
enum Bound {
    /// Its words at the scale of the other side.
    Words(Box<Operand>),
    /// Nothing: it lies above all that fits 64 bits, or below.
    Beyond {
        /// Which of the two.
        above: bool,
    },
    /// The constant itself.
    AsItIs,
}

impl Elaborator<'_> {
    fn truth_value(pair: &Pair, leaf: Leaf) -> Value {
        Operand { scalar: Scalar::Bool, extents: pair.extents.clone(), leaf, span: pair.span }.into_value()
    }

    /// A comparison.
    pub(super) fn comparison(&mut self, op: BinaryOp, pair: Pair) -> Outcome<Value> {
        let equality = matches!(op, BinaryOp::Eq | BinaryOp::Ne);
        if Self::has_words(&pair) {
            return self.word_operation(op, pair);
        }
        match (pair.left.scalar, pair.right.scalar) {
            (Scalar::Bool, Scalar::Bool) if equality => return self.bool_equality(op, pair),
            (Scalar::Bool, _) | (_, Scalar::Bool) => {
                let message = format!("`{}` of `{}` and `{}`", pair.what, pair.left.scalar, pair.right.scalar);
                let help = if equality {
                    "compare values of one type"
                } else {
                    "truth values have no order; write `x as int`"
                };
                return self.error(Code::TypeMismatch, pair.span, message, help);
            }
            _ => {}
        }
        if let (Some(a), Some(b)) = (pair.left.known(), pair.right.known())
            && let Some(known) = a.zip(b, |a, b| Some(Num::Bool(holds(op, a.to_fraction().cmp(&b.to_fraction())))))
        {
            let known = if let Known::Same(value, _) = known { Known::Same(value, pair.lanes()) } else { known };
            return Ok(Self::truth_value(&pair, Leaf::known(known)));
        }
        // a > b is b < a; a <= b is not b < a.
        let (swap, negate) = match op {
            BinaryOp::Lt => (false, false),
            BinaryOp::Ge => (false, true),
            BinaryOp::Gt => (true, false),
            BinaryOp::Le => (true, true),
            BinaryOp::Eq => (false, false),
            _ => (false, true),
        };
        let pair = if swap { Pair { left: pair.right, right: pair.left, ..pair } } else { pair };
        let compared = if equality { self.equal(pair)? } else { self.less(pair)? };
        if negate { self.complement(&compared.0, compared.1) } else { Ok(compared.0) }
    }

    fn bool_equality(&mut self, op: BinaryOp, pair: Pair) -> Outcome<Value> {
        let span = pair.span;
        let differ = self.logic(BinaryOp::BitXor, pair)?;
        if op == BinaryOp::Ne { Ok(differ) } else { self.complement(&differ, span) }
    }

    /// a < b; a constant of type `fix` is compared exactly, whatever the scale of the other side.
    fn less(&mut self, pair: Pair) -> Outcome<(Value, Span)> {
        let span = pair.span;
        // In units of the last place of x, x < c is x < ⌈c⌉, and c < x is ⌊c⌋ < x.
        let bound = match (pair.left.known(), pair.right.known()) {
            (None, Some(known)) => self.bound(known.clone(), &pair.right, &pair.left, true),
            (Some(known), None) => self.bound(known.clone(), &pair.left, &pair.right, false),
            _ => Bound::AsItIs,
        };
        let constant_is_left = pair.left.known().is_some();
        let pair = match bound {
            Bound::Words(left) if constant_is_left => Pair { left: *left, ..pair },
            Bound::Words(right) => Pair { right: *right, ..pair },
            Bound::Beyond { above } => return Ok((self.constant_truth(&pair, above != constant_is_left), span)),
            Bound::AsItIs => self.one_scale(pair)?,
        };
        self.lint_comparison(&pair);
        let (a, b) = self.both(&pair)?;
        let origin = self.origin_of(&[&pair.left.leaf, &pair.right.leaf]);
        let view = self.truth(Op::Lt {}, vec![a, b], pair.lanes(), span);
        Ok((Self::truth_value(&pair, Leaf::of(view).from(origin)), span))
    }

    /// Lints of a comparison in the program itself: functions are written for many ranges.
    fn lint_comparison(&mut self, pair: &Pair) {
        if self.frames.len() > 1 {
            return;
        }
        let (a, b) = (&pair.left, &pair.right);
        let frac = a.scalar.frac();
        let (left, right) = (self.range(&a.leaf, frac), self.range(&b.leaf, frac));
        let secret = self.is_secret(&a.leaf) || self.is_secret(&b.leaf);
        let origin = self.origin_of(&[&a.leaf, &b.leaf]);
        let place = |operand: &Operand, range| super::lanes::show_place(range, operand.scalar.frac());
        let diagnostic = if left.hi < right.lo || left.lo >= right.hi {
            let message = "a comparison whose result is known";
            Diagnostic::new(Code::ConstantCondition, pair.span, message)
                .label(a.span, place(a, left))
                .label(b.span, place(b, right))
                .help("leave it out, or correct the ranges")
        } else if secret && !left.sub(right).fits() {
            Diagnostic::new(Code::WideComparison, pair.span, "a comparison of numbers whose difference exceeds 64 bits")
                .here("it takes three comparisons, about three times as much")
                .label(a.span, place(a, left))
                .label(b.span, place(b, right))
                .help("declare the ranges that the inputs really have")
        } else {
            return;
        };
        self.report(super::origin_label(diagnostic, origin.as_deref(), "has its range from here"));
    }

    /// A constant in units of the last place of the other side.
    fn bound(&mut self, known: Known, constant: &Operand, other: &Operand, up: bool) -> Bound {
        let frac = other.scalar.frac();
        let kind = if frac == 0 { Kind::Int } else { Kind::Fix };
        let word = |value: &Num| i64::try_from(known::raw_bound(value, frac, up));
        let words: Vec<i64> = match &known {
            Known::Same(value, _) => match word(value) {
                Ok(word) => vec![word],
                Err(_) => return Bound::Beyond { above: known::raw_bound(value, frac, up) > 0 },
            },
            Known::Each(values) => match values.iter().map(word).collect() {
                Ok(words) => words,
                Err(_) => return Bound::AsItIs,
            },
            // Whole numbers have no last place.
            Known::Steps { .. } => return Bound::AsItIs,
        };
        let (lo, hi) = (words.iter().min().copied().unwrap_or(0), words.iter().max().copied().unwrap_or(0));
        let extents = if words.len() == 1 { Vec::new() } else { constant.extents.clone() };
        let value = self.builder.constant(RegType::Pub { kind, lo, hi, frac }, words);
        let leaf = Leaf::of(self.builder.whole(value));
        Bound::Words(Box::new(Operand { scalar: other.scalar, leaf, extents, span: constant.span }))
    }

    fn constant_truth(&self, pair: &Pair, value: bool) -> Value {
        Self::truth_value(pair, Leaf::known(Known::Same(Num::Bool(value), pair.lanes())))
    }

    fn equal(&mut self, pair: Pair) -> Outcome<(Value, Span)> {
        let span = pair.span;
        // A constant between two representable numbers equals none.
        let mut possible = None;
        for (constant, other) in [(&pair.left, &pair.right), (&pair.right, &pair.left)] {
            let (Some(known), None) = (constant.known(), other.known()) else { continue };
            let frac = other.scalar.frac();
            let exact = |value: &Num| known::is_exact(value, frac);
            match known {
                Known::Same(value, _) if !exact(value) || narrow(self.range(&constant.leaf, frac)).is_none() => {
                    return Ok((self.constant_truth(&pair, false), span));
                }
                Known::Each(values) if !values.iter().all(exact) => {
                    possible = known.map(|value| Some(Num::Bool(exact(value))));
                }
                _ => {}
            }
        }
        let pair = self.one_scale(pair)?;
        let (a, b) = self.both(&pair)?;
        let origin = self.origin_of(&[&pair.left.leaf, &pair.right.leaf]);
        let view = self.truth(Op::Eq {}, vec![a, b], pair.lanes(), span);
        let equal = Self::truth_value(&pair, Leaf::of(view).from(origin));
        let Some(possible) = possible else { return Ok((equal, span)) };
        let possible = Self::truth_value(&pair, Leaf::known(possible));
        let both = self.pair(pair.what, (&equal, span), (&possible, span), span)?;
        Ok((self.logic(BinaryOp::And, both)?, span))
    }

    /// `&&`, `||`, and exclusive or.
    pub(super) fn logic(&mut self, op: BinaryOp, pair: Pair) -> Outcome<Value> {
        for operand in [&pair.left, &pair.right] {
            if operand.scalar != Scalar::Bool {
                let message = format!("`{}` works on truth values, and this is `{}`", pair.what, operand.scalar);
                return self.error(Code::TypeMismatch, operand.span, message, "compare it: `x != 0`");
            }
        }
        let (gate, compute): (Op, fn(bool, bool) -> bool) = match op {
            BinaryOp::And => (Op::And {}, |a, b| a && b),
            BinaryOp::Or => (Op::Or {}, |a, b| a || b),
            _ => (Op::Xor {}, |a, b| a != b),
        };
        let truth = |value: &Num| if let Num::Bool(value) = value { *value } else { false };
        if let (Some(a), Some(b)) = (pair.left.known(), pair.right.known())
            && let Some(known) = a.zip(b, |a, b| Some(Num::Bool(compute(truth(a), truth(b)))))
        {
            let known = if let Known::Same(value, _) = known { Known::Same(value, pair.lanes()) } else { known };
            return Ok(Self::truth_value(&pair, Leaf::known(known)));
        }
        let (a, b) = self.both(&pair)?;
        let origin = self.origin_of(&[&pair.left.leaf, &pair.right.leaf]);
        let view = self.truth(gate, vec![a, b], pair.lanes(), pair.span);
        Ok(Self::truth_value(&pair, Leaf::of(view).from(origin)))
    }

    /// `!x`.
    pub(super) fn complement(&mut self, value: &Value, span: Span) -> Outcome<Value> {
        let operand = match Self::operand(value, span) {
            Some(operand) if operand.scalar == Scalar::Bool => operand,
            Some(operand @ Operand { scalar: Scalar::Bits(_), .. }) => {
                let width = operand.scalar.size().unwrap_or(1);
                return self.word_complement(&operand, width, span);
            }
            _ => {
                let message = format!("`!` works on truth values and words, and this is `{}`", value.ty);
                return self.error(Code::TypeMismatch, span, message, "compare it: `x == 0`");
            }
        };
        if let Some(known) = operand.known()
            && let Some(known) = known.map(|value| Some(Num::Bool(value.is_zero())))
        {
            return Ok(Operand { leaf: Leaf::known(known), ..operand }.into_value());
        }
        let lanes = operand.leaf.lanes();
        let view = self.lanes(&operand.leaf, Scalar::Bool, lanes, span)?;
        let origin = operand.leaf.origin.clone();
        let view = self.truth(Op::Not {}, vec![view], lanes, span);
        Ok(Operand { leaf: Leaf::of(view).from(origin), ..operand }.into_value())
    }

    /// A choice, scalar by scalar: a single condition decides for all, conditions of the outer extents each for what is below.
    pub(super) fn choice(
        &mut self,
        condition: &Operand,
        (a, a_span): (&Value, Span),
        (b, b_span): (&Value, Span),
        span: Span,
    ) -> Outcome<Value> {
        let (a, b) = self.unify((a, a_span), (b, b_span), span)?;
        let types = a.ty.leaves();
        let mut leaves = Vec::with_capacity(types.len());
        for ((x, y), leaf) in a.leaves.iter().zip(&b.leaves).zip(&types) {
            leaves.push(self.choose(condition, x, y, (leaf.scalar, leaf.lanes()), span)?);
        }
        Ok(Value { ty: a.ty, leaves })
    }

    /// A choice between two leaves of so many lanes.
    pub(super) fn choose(
        &mut self,
        condition: &Operand,
        a: &Leaf,
        b: &Leaf,
        (scalar, lanes): (Scalar, u64),
        span: Span,
    ) -> Outcome<Leaf> {
        if a.data == b.data || lanes == 0 {
            return Ok(a.clone().or(b));
        }
        if let Some(Known::Same(Num::Bool(holds), _)) = condition.known() {
            return Ok(if *holds { a.clone() } else { b.clone() });
        }
        let inner = self.already_chosen(condition, a);
        let a = inner.as_ref().unwrap_or(a);
        let conditions = condition.extents.iter().product::<u64>();
        let each = lanes.checked_div(conditions).unwrap_or(1);
        let decides = self.lanes(&condition.leaf, Scalar::Bool, conditions, condition.span)?;
        let decides = match (conditions, each) {
            (_, 1) => decides,
            (1, _) => self.repeat(&decides, lanes),
            (rows, cols) => {
                let (outer, inner) = (crate::ir::Dim { stride: 1, len: rows }, crate::ir::Dim { stride: 0, len: cols });
                self.builder.view(&decides, &Place::grid(0, outer, inner))
            }
        };
        let views = [self.lanes(a, scalar, lanes, span)?, self.lanes(b, scalar, lanes, span)?];
        let secret = [&decides, &views[0], &views[1]].iter().any(|view| self.builder.ty(view.value).is_secret());
        let frac = scalar.frac();
        let range = self.range(a, frac).join(self.range(b, frac));
        let ty = super::branch::register(scalar, secret, range);
        let kept = if scalar.is_number() { self.chosen_range(&decides, a, b, frac) } else { range };
        self.at(span);
        let [x, y] = views;
        let value = self.builder.gate(Op::Select {}, vec![decides, x, y], ty, lanes);
        let origin = self.origin_of(&[&condition.leaf, a, b]);
        let relative = Relative::join(a.relative, b.relative);
        let public = [&condition.leaf, a, b].iter().all(|leaf| !self.is_secret(leaf));
        let chosen = Ref::whole(value, lanes);
        let chosen = if kept == range { Leaf::of(chosen) } else { self.relabelled(&chosen, kept, span) };
        Ok(chosen.from(origin).relative(relative).public(scalar, public))
    }

    /// A condition of one lane.
    pub(super) fn condition(&mut self, value: &Value, span: Span) -> Outcome<Operand> {
        match Self::operand(value, span) {
            Some(operand) if operand.scalar == Scalar::Bool && operand.extents.is_empty() => Ok(operand),
            Some(operand) if operand.scalar == Scalar::Bool => {
                let message = format!("a condition is one truth value, and this is `{}`", value.ty);
                self.error(
                    Code::TypeMismatch,
                    span,
                    message,
                    "write `all(…)` or `any(…)`, or `select(c, a, b)` for lane by lane",
                )
            }
            _ => {
                let message = format!("a condition is a truth value, and this is `{}`", value.ty);
                self.error(Code::TypeMismatch, span, message, "compare it: `x != 0`")
            }
        }
    }

    /// Whether the only lane of a truth value is public, and its IR value.
    pub(super) fn public_truth(&mut self, condition: &Operand) -> Option<crate::ir::ValueId> {
        match &condition.leaf.data {
            Data::Lanes(view) if !self.builder.ty(view.value).is_secret() => {
                let view = view.clone();
                Some(self.whole(&view))
            }
            _ => None,
        }
    }

    /// Both as values of one type: `int` becomes `fix` where the other one is.
    pub(super) fn unify(
        &mut self,
        (a, a_span): (&Value, Span),
        (b, b_span): (&Value, Span),
        span: Span,
    ) -> Outcome<(Value, Value)> {
        // A value and one that may be absent are both such as may be absent.
        let (a, b) = (&self.lifted(a.clone(), &b.ty, a_span)?, &self.lifted(b.clone(), &a.ty, b_span)?);
        let mut scalars = Vec::new();
        let (left, right) = (a.ty.leaves(), b.ty.leaves());
        for ((x, y), (p, q)) in left.iter().zip(&right).zip(a.leaves.iter().zip(&b.leaves)) {
            let both = match (x.scalar, y.scalar) {
                (x, y) if x == y => Some(x),
                (Scalar::Int, Scalar::Fix(f)) | (Scalar::Fix(f), Scalar::Int) => Some(Scalar::Fix(f)),
                (Scalar::Int | Scalar::Bits(_), Scalar::Bits(w)) if p.as_known().is_some() => Some(Scalar::Bits(w)),
                (Scalar::Bits(w), Scalar::Int | Scalar::Bits(_)) if q.as_known().is_some() => Some(Scalar::Bits(w)),
                (Scalar::Fix(f), Scalar::Fix(_)) if q.as_known().is_some() => Some(Scalar::Fix(f)),
                (Scalar::Fix(_), Scalar::Fix(f)) if p.as_known().is_some() => Some(Scalar::Fix(f)),
                _ => None,
            };
            scalars.extend(both);
        }
        let ty = a.ty.with_scalars(&mut scalars.iter().copied());
        let same = scalars.len() == left.len() && ty == b.ty.with_scalars(&mut scalars.iter().copied());
        if !same {
            let diagnostic = Diagnostic::new(Code::TypeMismatch, span, "two values of different types")
                .label(a_span, format!("this is `{}`", a.ty))
                .label(b_span, format!("this is `{}`", b.ty))
                .help("give both the same type");
            return Err(self.report(diagnostic));
        }
        Ok((self.rescale(a, &ty, a_span)?, self.rescale(b, &ty, b_span)?))
    }

    /// The value with the scalars of a type of the same shape: `int` becomes `fix`, known numbers become `fix` of another scale or words, and what is there
    /// becomes what may be absent. Any other change is refused.
    pub(super) fn rescale(&mut self, value: &Value, ty: &Type, span: Span) -> Outcome<Value> {
        let value = &self.lifted(value.clone(), ty, span)?;
        let (from, into) = (value.ty.leaves(), ty.leaves());
        if from.len() != into.len() {
            let message = format!("expected `{ty}`, and this is `{}`", value.ty);
            return self.error(Code::TypeMismatch, span, message, format!("make it `{ty}`"));
        }
        let mut leaves = Vec::with_capacity(into.len());
        for ((leaf, from), into) in value.leaves.iter().zip(&from).zip(&into) {
            leaves.push(match (from.scalar, into.scalar) {
                (Scalar::Int, Scalar::Fix(frac)) => {
                    let operand =
                        Operand { scalar: Scalar::Int, extents: from.extents.clone(), leaf: leaf.clone(), span };
                    self.int_to_fix(&operand, frac)?.leaf
                }
                (own, scalar) if own == scalar => leaf.clone(),
                (Scalar::Int | Scalar::Bits(_), Scalar::Bits(width)) if leaf.as_known().is_some() => {
                    self.known_word(leaf, width, span)?
                }
                (Scalar::Fix(_), Scalar::Fix(_)) if leaf.as_known().is_some() => leaf.clone(),
                (_, scalar) => {
                    let message = format!("expected `{ty}`, and this is `{}`", value.ty);
                    return self.error(Code::TypeMismatch, span, message, format!("write `… as {scalar}`"));
                }
            });
        }
        Ok(Value { ty: ty.clone(), leaves })
    }
}

fn holds(op: BinaryOp, order: std::cmp::Ordering) -> bool {
    match op {
        BinaryOp::Lt => order.is_lt(),
        BinaryOp::Le => order.is_le(),
        BinaryOp::Gt => order.is_gt(),
        BinaryOp::Ge => order.is_ge(),
        BinaryOp::Eq => order.is_eq(),
        _ => order.is_ne(),
    }
}
