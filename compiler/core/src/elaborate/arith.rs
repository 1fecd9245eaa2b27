//! Arithmetic: `+ - * / %` and negation on numbers and arrays of numbers, with the range of each exact result.
//!
//! Integers are exact. `fix` products, quotients and remainders are exact and then rounded to nearest; a factor or divisor that is an integer
//! costs no rounding, or none but the quotient's.

use super::known::{self, Known, Num};
use super::lanes::{Blame, Operand};
use super::types::{FIX, Scalar, Type};
use super::value::{Data, Leaf, Relative, Value};
use super::{Elaborator, Outcome};
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::{Op, Ref, RegType};
use crate::source::Span;
use crate::syntax::ast::BinaryOp;
use num_rational::BigRational;
use num_traits::Zero;
use smpc_bytecode::interval::Interval;

/// Raw products from here on cannot be rounded exactly over a ring.
pub(super) const ROUNDING_LIMIT: i128 = 1 << 62;

/// Most bits of numerator and denominator of a constant: every `fix` has 64, and exact products of many constants grow without end.
const CONSTANT_BITS: u64 = 4096;

/// Two operands of one shape.
pub(super) struct Pair {
    pub(super) left: Operand,
    pub(super) right: Operand,
    pub(super) extents: Vec<u64>,
    /// The operator, as written.
    pub(super) what: &'static str,
    /// The whole expression.
    pub(super) span: Span,
}

impl Pair {
    pub(super) fn lanes(&self) -> u64 {
        self.extents.iter().product()
    }
}

impl Elaborator<'_> {
    /// Both sides as scalars or arrays of scalars of one shape, where a scalar has every shape.
    pub(super) fn pair(
        &mut self,
        what: &'static str,
        (left, left_span): (&Value, Span),
        (right, right_span): (&Value, Span),
        span: Span,
    ) -> Outcome<Pair> {
        let (Some(left), Some(right)) = (Self::operand(left, left_span), Self::operand(right, right_span)) else {
            let (bad, at) = if left.ty.as_lanes().is_none() { (left, left_span) } else { (right, right_span) };
            let message = format!("`{what}` does not work on `{}`", bad.ty);
            let help = match bad.ty.innermost() {
                Type::Maybe(..) => {
                    "where it is there, use its `value`; or say what counts in its place: `unwrap_or(m, 0)`".to_owned()
                }
                Type::Enum(of) => {
                    format!("compare it with a variant, `{}::{}`, or write `x as int`", of.name, of.variants[0])
                }
                Type::Struct(of) => format!(
                    "work on its fields: {}",
                    of.fields.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
                ),
                Type::Tuple(_) => "work on its parts: `t.0`, `t.1`".to_owned(),
                Type::Scalar(_) | Type::Array(..) => {
                    "it works on numbers, truth values, words and arrays of them".to_owned()
                }
            };
            return self.error(Code::TypeMismatch, at, message, help);
        };
        let extents = if left.extents.is_empty() { &right.extents } else { &left.extents };
        if !right.extents.is_empty() && right.extents != *extents {
            let diagnostic = Diagnostic::new(
                Code::ShapeMismatch,
                span,
                format!("`{what}` needs operands of one shape, or a scalar on one side"),
            )
            .label(left.span, format!("this is `{}`", left.clone().into_value().ty))
            .label(right.span, format!("this is `{}`", right.clone().into_value().ty))
            .help("take a slice of the longer one");
            return Err(self.report(diagnostic));
        }
        let extents = extents.clone();
        Ok(Pair { left, right, extents, what, span })
    }

    /// An arithmetic operator.
    pub(super) fn arithmetic(&mut self, op: BinaryOp, pair: Pair) -> Outcome<Value> {
        if Self::has_words(&pair) {
            return self.word_operation(op, pair);
        }
        for operand in [&pair.left, &pair.right] {
            if !operand.scalar.is_number() {
                let message = format!("`{}` works on numbers, and this is `{}`", pair.what, operand.scalar);
                return self.error(
                    Code::TypeMismatch,
                    operand.span,
                    message,
                    "write `x as int`: false is 0, true is 1",
                );
            }
        }
        if self.rules.wrapping && matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul) {
            return self.modular(op, pair);
        }
        if let Some(value) = self.known_arithmetic(op, &pair)? {
            return Ok(value);
        }
        match op {
            BinaryOp::Add | BinaryOp::Sub => self.sum_or_difference(op, pair),
            BinaryOp::Mul => self.product(pair),
            BinaryOp::Div => self.quotient(pair),
            _ => self.remainder(pair),
        }
    }

    /// Arithmetic of what the compiler knows, exactly.
    fn known_arithmetic(&mut self, op: BinaryOp, pair: &Pair) -> Outcome<Option<Value>> {
        let (Some(a), Some(b)) = (pair.left.known(), pair.right.known()) else { return Ok(None) };
        let scalar = known_scalar(pair.left.scalar, pair.right.scalar);
        if matches!(op, BinaryOp::Div | BinaryOp::Rem)
            && b.map(|b| (!b.is_zero()).then(|| b.clone())).is_none()
            && b.lanes() <= known::MOST
        {
            return self.zero_divisor(pair.right.span);
        }
        let compute = |x: &Num, y: &Num| match scalar {
            Scalar::Int => known_ints(op, x.as_int()?, y.as_int()?).map(Num::Int),
            _ => Some(known_fractions(op, &x.to_fraction(), &y.to_fraction()))
                .filter(|value| value.numer().bits().max(value.denom().bits()) <= CONSTANT_BITS)
                .map(Num::fraction),
        };
        let found = steps(op, a, b).or_else(|| a.zip(b, compute));
        match found {
            Some(known) => {
                let lanes = pair.lanes();
                let known = if let Known::Same(value, _) = known { Known::Same(value, lanes) } else { known };
                let operand =
                    Operand { scalar, extents: pair.extents.clone(), leaf: Leaf::known(known), span: pair.span };
                Ok(Some(operand.into_value()))
            }
            // Too many lanes to be kept, or too large: the machine computes them, and checks.
            None if pair.lanes() > 1 => Ok(None),
            None => self.error(
                Code::Overflow,
                pair.span,
                if scalar == Scalar::Int {
                    format!("the result of `{}` on constants exceeds 127 bits", pair.what)
                } else {
                    format!("the result of `{}` on constants has more than {CONSTANT_BITS} bits", pair.what)
                },
                "use smaller constants, or fewer digits",
            ),
        }
    }

    fn zero_divisor<T>(&mut self, span: Span) -> Outcome<T> {
        self.error(Code::ZeroDivision, span, "a division by zero", "divide by something that is not 0")
    }

    /// Both as numbers of one scale: `int` becomes `fix` where the other one is.
    pub(super) fn one_scale(&mut self, pair: Pair) -> Outcome<Pair> {
        let Pair { mut left, mut right, .. } = pair;
        match (left.scalar, right.scalar) {
            (Scalar::Int, Scalar::Fix(frac)) => left = self.int_to_fix(&left, frac)?,
            (Scalar::Fix(frac), Scalar::Int) => right = self.int_to_fix(&right, frac)?,
            (Scalar::Fix(a), Scalar::Fix(b)) if a != b => {
                // Constants have no scale of their own.
                if left.known().is_some() {
                    left.scalar = right.scalar;
                } else if right.known().is_some() {
                    right.scalar = left.scalar;
                } else {
                    let message = format!("`{}` of `{}` and `{}`", pair.what, left.scalar, right.scalar);
                    let help = format!("bring one to the other's scale: `x as {}`", left.scalar);
                    return self.error(Code::TypeMismatch, pair.span, message, help);
                }
            }
            _ => {}
        }
        Ok(Pair { left, right, ..pair })
    }

    /// The lanes of both sides in the program.
    pub(super) fn both(&mut self, pair: &Pair) -> Outcome<(Ref, Ref)> {
        let lanes = pair.lanes();
        let left = self.lanes(&pair.left.leaf, pair.left.scalar, lanes, pair.left.span)?;
        let right = self.lanes(&pair.right.leaf, pair.right.scalar, lanes, pair.right.span)?;
        Ok((left, right))
    }

    pub(super) fn finish(pair: &Pair, scalar: Scalar, leaf: Leaf) -> Value {
        Operand { scalar, extents: pair.extents.clone(), leaf, span: pair.span }.into_value()
    }

    fn pair_blame(&self, pair: &Pair) -> Blame {
        self.blame(pair.span, pair.what, &[&pair.left, &pair.right])
    }

    pub(super) fn sum_or_difference(&mut self, op: BinaryOp, pair: Pair) -> Outcome<Value> {
        let pair = self.one_scale(pair)?;
        let (scalar, lanes) = (pair.left.scalar, pair.lanes());
        let (a, b) = self.both(&pair)?;
        let ranges = [&pair.left, &pair.right].map(|operand| self.range(&operand.leaf, scalar.frac()));
        // Of two numbers that the loop hands on, the one that is as it was before the loop is a number like any other.
        let (left, right) = match (pair.left.leaf.relative, pair.right.leaf.relative) {
            (Some(left), Some(right)) if left.untouched && (!right.untouched || ranges[0].within(ranges[1])) => {
                (None, Some(right))
            }
            (Some(left), Some(right)) if right.untouched => (Some(left), None),
            pair => pair,
        };
        let (gate, exact, relative) = if op == BinaryOp::Add {
            let relative = match (left, right) {
                (Some(left), None) => Some(left.moved(ranges[1].lo, ranges[1].hi)),
                (None, Some(right)) => Some(right.moved(ranges[0].lo, ranges[0].hi)),
                _ => None,
            };
            (Op::Add {}, ranges[0].add(ranges[1]), relative)
        } else {
            let moved = |left: Relative| left.moved(ranges[1].neg().lo, ranges[1].neg().hi);
            let relative = if right.is_none() { left.map(moved) } else { None };
            (Op::Sub {}, ranges[0].sub(ranges[1]), relative)
        };
        let blame = self.pair_blame(&pair);
        let leaf = self.number(gate, vec![a, b], (scalar, exact, lanes), &blame)?;
        Ok(Self::finish(&pair, scalar, leaf.relative(relative)))
    }

    pub(super) fn product(&mut self, pair: Pair) -> Outcome<Value> {
        let lanes = pair.lanes();
        // Only a product of two scaled numbers has a scale too many.
        let (pair, scaled) = match (pair.left.scalar, pair.right.scalar) {
            (Scalar::Fix(_), Scalar::Fix(_)) => {
                if let Some(value) = self.product_with_constant(&pair)? {
                    return Ok(value);
                }
                (self.one_scale(pair)?, true)
            }
            _ => (pair, false),
        };
        let scalar = if matches!(pair.left.scalar, Scalar::Fix(_)) { pair.left.scalar } else { pair.right.scalar };
        let bits = if scaled { scalar.frac() } else { 0 };
        let (a, b) = self.both(&pair)?;
        // A factor that is computed twice is one.
        let b = if self.builder.equal_lanes(&a, &b) { a.clone() } else { b };
        let (left, right) = (
            self.range(&pair.left.leaf, pair.left.scalar.frac()),
            self.range(&pair.right.leaf, pair.right.scalar.frac()),
        );
        let exact = if a == b { left.square() } else { left.mul(right) };
        let blame = self.pair_blame(&pair);
        let args = vec![a, b];
        let leaf = if bits == 0 {
            self.number(Op::Mul {}, args, (scalar, exact, lanes), &blame)?
        } else {
            self.rounded_product(args, (scalar, exact, lanes), bits, &blame)?
        };
        Ok(Self::finish(&pair, scalar, leaf))
    }

    /// A product with a constant of type `fix`: by its odd part alone, so that 0.5 or 3.0 costs no precision.
    fn product_with_constant(&mut self, pair: &Pair) -> Outcome<Option<Value>> {
        let (constant, other) = match (pair.left.known(), pair.right.known()) {
            (Some(Known::Same(value, _)), None) => ((value.clone(), pair.left.span), &pair.right),
            (None, Some(Known::Same(value, _))) => ((value.clone(), pair.right.span), &pair.left),
            _ => return Ok(None),
        };
        let (scalar, lanes) = (other.scalar, pair.lanes());
        let word = self.raw(&constant.0, scalar.frac(), constant.1)?;
        let zeros = if word == 0 { scalar.frac() } else { word.trailing_zeros().min(scalar.frac()) };
        let (word, bits) = (word >> zeros, scalar.frac() - zeros);
        let rounded = !known::is_exact(&constant.0, scalar.frac());
        let factor = self.builder.constant_of(RegType::pub_int(word, word), vec![word], rounded);
        let factor = self.repeat(&Ref::lane(factor, 0), lanes);
        let a = self.lanes(&other.leaf, scalar, lanes, other.span)?;
        let exact = self.range(&other.leaf, scalar.frac()).mul(Interval::of(word.into()));
        let blame = self.pair_blame(pair);
        let leaf = self.rounded_product(vec![a, factor], (scalar, exact, lanes), bits, &blame)?;
        Ok(Some(Self::finish(pair, scalar, leaf)))
    }

    /// A raw product, and its rounding by `bits`.
    fn rounded_product(
        &mut self,
        args: Vec<Ref>,
        (scalar, exact, lanes): (Scalar, Interval, u64),
        bits: u32,
        blame: &Blame,
    ) -> Outcome<Leaf> {
        if bits == 0 {
            return self.number(Op::Mul {}, args, (scalar, exact, lanes), blame);
        }
        let secret = args.iter().any(|arg| self.builder.ty(arg.value).is_secret());
        if secret && exact.magnitude() >= ROUNDING_LIMIT {
            let frac = scalar.frac();
            let shown = super::lanes::overflow(exact.trunc(bits), frac, blame);
            let message = "a `fix` product whose unrounded form does not fit in 62 bits";
            let diagnostic = Diagnostic { message: message.to_owned(), ..shown };
            return Err(self.report(diagnostic));
        }
        if let ([a, b], false, None) = (args.as_slice(), secret, super::lanes::narrow(exact)) {
            return self.split_product(&a.clone(), &b.clone(), (scalar, lanes), bits, blame);
        }
        let raw = self.number(Op::Mul {}, args, (scalar, exact, lanes), blame)?;
        let Data::Lanes(view) = raw.data else { return Ok(raw) };
        let (op, range) = self.rounding(bits, exact, secret);
        let rounded = self.number(op, vec![view], (scalar, range, lanes), blame)?;
        Ok(rounded.from(raw.origin))
    }

    /// The rounded product of public numbers whose raw product may exceed 64 bits. With a = p·2^bits + s and b = q·2^bits + r it is p·b + s·q and s·r rounded:
    /// no part of it is larger than the result, or than 2^(2·bits).
    fn split_product(
        &mut self,
        a: &Ref,
        b: &Ref,
        (scalar, lanes): (Scalar, u64),
        bits: u32,
        blame: &Blame,
    ) -> Outcome<Leaf> {
        let unit = self.builder.int(1 << bits);
        let unit = self.repeat(&Ref::lane(unit, 0), lanes);
        let to = (scalar, lanes);
        let (p, s) =
            (self.exactly(Op::Div {}, [a, &unit], to, blame)?, self.exactly(Op::Rem {}, [a, &unit], to, blame)?);
        let (q, r) =
            (self.exactly(Op::Div {}, [b, &unit], to, blame)?, self.exactly(Op::Rem {}, [b, &unit], to, blame)?);
        let (high, middle) =
            (self.exactly(Op::Mul {}, [&p, b], to, blame)?, self.exactly(Op::Mul {}, [&s, &q], to, blame)?);
        let low = self.exactly(Op::Mul {}, [&s, &r], to, blame)?;
        let exact = self.interval(&low).round(bits);
        let low = self.number(Op::Round { bits }, vec![low], (scalar, exact, lanes), blame)?;
        let low = self.lanes(&low, scalar, lanes, blame.span)?;
        let lower = self.exactly(Op::Add {}, [&middle, &low], to, blame)?;
        let exact = self.interval(&high).add(self.interval(&lower));
        self.number(Op::Add {}, vec![high, lower], (scalar, exact, lanes), blame)
    }

    /// A gate on two raw numbers.
    fn exactly(&mut self, op: Op, args: [&Ref; 2], (scalar, lanes): (Scalar, u64), blame: &Blame) -> Outcome<Ref> {
        let [a, b] = args.map(|arg| self.interval(arg));
        let exact = match op {
            Op::Add {} => a.add(b),
            Op::Div {} => a.div(b),
            Op::Rem {} => a.rem(b),
            _ => a.mul(b),
        };
        let leaf = self.number(op, args.map(Ref::clone).to_vec(), (scalar, exact, lanes), blame)?;
        self.lanes(&leaf, scalar, lanes, blame.span)
    }

    /// The raw range of a view.
    fn interval(&self, view: &Ref) -> Interval {
        let (lo, hi) = self.builder.ty(view.value).range();
        Interval::new(lo.into(), hi.into())
    }

    fn quotient(&mut self, pair: Pair) -> Outcome<Value> {
        self.check_divisor(&pair)?;
        if let Some(value) = self.stochastic_quotient(&pair)? {
            return Ok(value);
        }
        let lanes = pair.lanes();
        let pair = match (pair.left.scalar, pair.right.scalar) {
            (Scalar::Int, Scalar::Fix(b)) if 2 * b <= known::MAX_FRAC => pair,
            (_, Scalar::Fix(_)) => self.one_scale(pair)?,
            _ => pair,
        };
        // The divisor's scale goes, and the result's comes.
        let (scalar, frac) = match (pair.left.scalar, pair.right.scalar) {
            (Scalar::Fix(a), Scalar::Fix(_)) => (Scalar::Fix(a), a),
            (Scalar::Fix(a), _) => (Scalar::Fix(a), 0),
            (_, Scalar::Fix(b)) => (Scalar::Fix(b), 2 * b),
            _ => return self.int_quotient(pair, Op::Div {}, Interval::div),
        };
        let (a, b) = self.both(&pair)?;
        let (left, right) = (
            self.range(&pair.left.leaf, pair.left.scalar.frac()),
            self.range(&pair.right.leaf, pair.right.scalar.frac()),
        );
        let blame = self.pair_blame(&pair);
        let exact = left.fix_div(right, frac);
        let leaf = self.number(Op::FixDiv { frac }, vec![a, b], (scalar, exact, lanes), &blame)?;
        Ok(Self::finish(&pair, scalar, leaf))
    }

    /// `(a as fix) / b` for integers: the quotient of the integers, rounded once, without the detour over a scaled dividend.
    pub(super) fn fix_quotient_of_ints(&mut self, pair: Pair, frac: u32) -> Outcome<Value> {
        self.check_divisor(&pair)?;
        let lanes = pair.lanes();
        let scalar = Scalar::Fix(frac);
        let (a, b) = self.both(&pair)?;
        let (left, right) = (self.range(&pair.left.leaf, 0), self.range(&pair.right.leaf, 0));
        let blame = self.pair_blame(&pair);
        let leaf = self.number(Op::FixDiv { frac }, vec![a, b], (scalar, left.fix_div(right, frac), lanes), &blame)?;
        Ok(Self::finish(&pair, scalar, leaf))
    }

    fn remainder(&mut self, pair: Pair) -> Outcome<Value> {
        self.check_divisor(&pair)?;
        let pair = self.one_scale(pair)?;
        self.int_quotient(pair, Op::Rem {}, Interval::rem)
    }

    /// A quotient or remainder of raw integers.
    fn int_quotient(&mut self, pair: Pair, op: Op, rule: fn(Interval, Interval) -> Interval) -> Outcome<Value> {
        let (scalar, lanes) = (pair.left.scalar, pair.lanes());
        let (a, b) = self.both(&pair)?;
        let (left, right) = (self.range(&pair.left.leaf, scalar.frac()), self.range(&pair.right.leaf, scalar.frac()));
        let blame = self.pair_blame(&pair);
        let leaf = self.number(op, vec![a, b], (scalar, rule(left, right), lanes), &blame)?;
        Ok(Self::finish(&pair, scalar, leaf))
    }

    /// Refuses a divisor that is known to be 0, and warns of a secret one that may be.
    fn check_divisor(&mut self, pair: &Pair) -> Outcome<()> {
        let divisor = &pair.right;
        if let Some(known) = divisor.known()
            && (0..known.lanes().min(known::MOST)).any(|lane| known.lane(lane).is_zero())
        {
            return self.zero_divisor(divisor.span);
        }
        let range = self.range(&divisor.leaf, divisor.scalar.frac());
        if self.is_secret(&divisor.leaf) && range.contains(0) && !self.modules.is_library(pair.span.file) {
            let diagnostic = Diagnostic::new(Code::ZeroDivisor, divisor.span, "a secret divisor that may be 0")
                .here(super::lanes::show_place(range, divisor.scalar.frac()))
                .note("where it is 0, the quotient is 0 and the remainder is the dividend")
                .help("exclude 0 by the range of the divisor, for example with `max(x, 1)`");
            let diagnostic = super::origin_label(diagnostic, divisor.leaf.origin.as_deref(), "has its range from here");
            self.report(diagnostic);
        }
        Ok(())
    }

    /// −x.
    pub(super) fn negation(&mut self, value: &Value, span: Span) -> Outcome<Value> {
        let zero = Value::int(0);
        let pair = self.pair("-", (&zero, span), (value, span), span)?;
        if Self::has_words(&pair) {
            return self.word_operation(BinaryOp::Sub, pair);
        }
        if self.rules.wrapping && pair.right.scalar.is_number() {
            return self.modular_negation(pair.right, span);
        }
        if let Some(known) = pair.right.known() {
            let negated = known.map(|value| match value {
                Num::Bool(_) | Num::Bits(_) => None,
                Num::Int(value) => value.checked_neg().map(Num::Int),
                Num::Fix(value) => Some(Num::fraction(-(**value).clone())),
            });
            if let Some(known) = negated {
                return Ok(Self::finish(&pair, pair.right.scalar, Leaf::known(known)));
            }
            return self.arithmetic(BinaryOp::Sub, pair);
        }
        let operand = &pair.right;
        if !operand.scalar.is_number() {
            let message = format!("`-` works on numbers, and this is `{}`", operand.scalar);
            return self.error(Code::TypeMismatch, span, message, "for the opposite of a truth value, write `!x`");
        }
        let exact = self.range(&operand.leaf, operand.scalar.frac()).neg();
        let view = self.lanes(&operand.leaf, operand.scalar, pair.lanes(), span)?;
        let blame = self.blame(span, "-", &[operand]);
        let leaf = self.number(Op::Neg {}, vec![view], (operand.scalar, exact, pair.lanes()), &blame)?;
        Ok(Self::finish(&pair, operand.scalar, leaf))
    }
}

/// The scalar of a result of two known ones; constants take the finer scale.
fn known_scalar(a: Scalar, b: Scalar) -> Scalar {
    match (a, b) {
        (Scalar::Fix(a), Scalar::Fix(b)) => Scalar::Fix(a.max(b)),
        (Scalar::Fix(a), _) | (_, Scalar::Fix(a)) => Scalar::Fix(a),
        (Scalar::Bool, Scalar::Bool) => Scalar::Fix(FIX),
        _ => Scalar::Int,
    }
}

fn known_ints(op: BinaryOp, a: i128, b: i128) -> Option<i128> {
    match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Sub => a.checked_sub(b),
        BinaryOp::Mul => a.checked_mul(b),
        BinaryOp::Div => a.checked_div(b),
        _ => a.checked_rem(b),
    }
}

fn known_fractions(op: BinaryOp, a: &BigRational, b: &BigRational) -> BigRational {
    match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div if b.is_zero() => BigRational::zero(),
        BinaryOp::Div => a / b,
        _ => a - (a / b).trunc() * b,
    }
}

/// Steps moved or scaled by a constant are steps.
pub(super) fn steps(op: BinaryOp, a: &Known, b: &Known) -> Option<Known> {
    let constant = |known: &Known| if let Known::Same(Num::Int(value), _) = known { Some(*value) } else { None };
    let (start, step, lanes, by, swapped) = match (a, b) {
        (Known::Steps { start, step, lanes }, other) => (*start, *step, *lanes, constant(other)?, false),
        (other, Known::Steps { start, step, lanes }) => (*start, *step, *lanes, constant(other)?, true),
        _ => return None,
    };
    let (start, step) = match (op, swapped) {
        (BinaryOp::Add, _) => (start.checked_add(by)?, step),
        (BinaryOp::Sub, false) => (start.checked_sub(by)?, step),
        (BinaryOp::Sub, true) => (by.checked_sub(start)?, step.checked_neg()?),
        (BinaryOp::Mul, _) => (start.checked_mul(by)?, step.checked_mul(by)?),
        _ => return None,
    };
    Some(Known::Steps { start, step, lanes })
}
