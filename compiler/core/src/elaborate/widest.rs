//! What to write where a result may not fit: the widest range of an input with which the expression fits.
//!
//! The ranges of `+ - * / %`, of conversions to `fix` and of sums are computed again on narrower ranges of the input that is blamed, and bisection finds the
//! widest of these. Ranges that hold other ranges give results that hold those results, so there is one. Ends of `fix` ranges are whole numbers, or eighths
//! where nothing wider fits: what is suggested is to be typed.

use super::arith::ROUNDING_LIMIT;
use super::declared::Bare;
use super::known::{self, Num};
use super::types::{Scalar, Type};
use super::value::Origin;
use super::{Elaborator, Outcome, Reported};
use crate::diagnostics::Code;
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, UnaryOp};
use smpc_bytecode::interval::Interval;
use std::rc::Rc;

/// How the range of an expression follows from those of what it is made of.
enum Shape {
    /// A number of that raw range; `input` where it is one of the blamed input's.
    Atom {
        range: Interval,
        scalar: Scalar,
        input: bool,
    },
    /// A number that the compiler knows: it has no scale of its own.
    Constant(Num),
    Neg(Box<Shape>),
    Operator(BinaryOp, Box<Shape>, Box<Shape>),
    /// Of so many numbers.
    Sum(Box<Shape>, u64),
    /// An integer as `fix` of so many fractional bits.
    Scaled(Box<Shape>, u32),
}

/// What a part of an expression is.
enum Found {
    Lanes(Interval, Scalar),
    Constant(Num),
}

impl Found {
    /// The raw range at that scale; `None` where it does not fit.
    fn at(&self, frac: u32) -> Option<Interval> {
        let range = match self {
            Self::Constant(value) => {
                Interval::new(known::raw_bound(value, frac, false), known::raw_bound(value, frac, true))
            }
            Self::Lanes(range, Scalar::Int) => range.mul(Interval::of(1 << frac)),
            Self::Lanes(range, _) => *range,
        };
        range.fits().then_some(range)
    }

    const fn frac(&self) -> Option<u32> {
        match self {
            Self::Lanes(_, Scalar::Fix(frac)) => Some(*frac),
            _ => None,
        }
    }
}

impl Shape {
    /// What the expression is where the blamed input has this range; `None` where something does not fit.
    fn found(&self, input: Interval) -> Option<Found> {
        let (exact, scalar) = match self {
            Self::Atom { input: true, scalar, .. } => (input, *scalar),
            Self::Atom { range, scalar, .. } => (*range, *scalar),
            Self::Constant(value) => return Some(Found::Constant(value.clone())),
            Self::Neg(of) => {
                let of = of.found(input)?;
                let frac = of.frac().unwrap_or(0);
                (of.at(frac)?.neg(), of.frac().map_or(Scalar::Int, Scalar::Fix))
            }
            Self::Sum(of, count) => {
                let Found::Lanes(range, scalar) = of.found(input)? else { return None };
                (range.times(*count), scalar)
            }
            Self::Scaled(of, frac) => (of.found(input)?.at(*frac)?, Scalar::Fix(*frac)),
            Self::Operator(op, a, b) => {
                let (a, b) = (a.found(input)?, b.found(input)?);
                match (a.frac(), b.frac()) {
                    (None, None) => (integers(*op, a.at(0)?, b.at(0)?), Scalar::Int),
                    (Some(frac), _) | (None, Some(frac)) => (fixed(*op, &a, &b, frac)?, Scalar::Fix(frac)),
                }
            }
        };
        exact.fits().then_some(Found::Lanes(exact, scalar))
    }

    fn uses_input(&self) -> bool {
        match self {
            Self::Atom { input, .. } => *input,
            Self::Constant(_) => false,
            Self::Neg(of) | Self::Sum(of, _) | Self::Scaled(of, _) => of.uses_input(),
            Self::Operator(_, a, b) => a.uses_input() || b.uses_input(),
        }
    }
}

fn integers(op: BinaryOp, a: Interval, b: Interval) -> Interval {
    match op {
        BinaryOp::Add => a.add(b),
        BinaryOp::Sub => a.sub(b),
        BinaryOp::Mul => a.mul(b),
        BinaryOp::Div => a.div(b),
        _ => a.rem(b),
    }
}

/// The raw range of an operation of which an operand is `fix`, as `elaborate::arith` computes it.
fn fixed(op: BinaryOp, a: &Found, b: &Found, frac: u32) -> Option<Interval> {
    let raw = |of: &Found| match of {
        Found::Lanes(range, _) => Some(*range),
        Found::Constant(_) => of.at(frac),
    };
    let scaled = |of: &Found| !matches!(of, Found::Lanes(_, Scalar::Int) | Found::Constant(Num::Int(_)));
    match op {
        BinaryOp::Add => Some(a.at(frac)?.add(b.at(frac)?)),
        BinaryOp::Sub => Some(a.at(frac)?.sub(b.at(frac)?)),
        BinaryOp::Rem => Some(a.at(frac)?.rem(b.at(frac)?)),
        BinaryOp::Mul if scaled(a) && scaled(b) => {
            // A constant counts by its odd part alone.
            let odd = |of: &Found, range: Interval| match of {
                Found::Constant(_) if range.lo != 0 => range.lo.trailing_zeros().min(frac),
                Found::Constant(_) | Found::Lanes(..) => 0,
            };
            let (x, y) = (raw(a)?, raw(b)?);
            let zeros = odd(a, x).max(odd(b, y));
            let exact = x.mul(y).trunc(zeros);
            (exact.magnitude() < ROUNDING_LIMIT || zeros == frac).then(|| exact.round(frac - zeros))
        }
        BinaryOp::Mul => {
            let integer = |of: &Found| if scaled(of) { raw(of) } else { of.at(0) };
            Some(integer(a)?.mul(integer(b)?))
        }
        BinaryOp::Div if scaled(b) => Some(a.at(frac)?.fix_div(b.at(frac)?, frac)),
        BinaryOp::Div => Some(a.at(frac)?.fix_div(b.at(0)?, 0)),
        _ => None,
    }
}

/// What is blamed: a number of that origin, and where it stands if that is a name.
struct Blamed {
    origin: Rc<Origin>,
    range: Interval,
    scalar: Scalar,
    name: Option<String>,
}

impl Blamed {
    /// Its magnitude as a number, rounded down: what ranges of different scales are compared by.
    const fn magnitude(&self) -> (i128, i128) {
        let raw = self.range.magnitude();
        (raw >> self.scalar.frac(), raw)
    }
}

/// A number that an expression without effects is.
struct Number {
    range: Interval,
    scalar: Scalar,
    origin: Option<Rc<Origin>>,
    /// What it is, where that is known and the same in all lanes.
    known: Option<Num>,
    /// The number of its elements.
    elements: Option<u64>,
}

impl Elaborator<'_> {
    /// After a message about a result of this expression that may not fit: names the widest range of an input with which it does.
    pub(super) fn suggest_range<T>(&mut self, e: &Expr) -> Outcome<T> {
        let about = |told: &crate::diagnostics::Diagnostic| told.code == Code::Overflow && told.primary.0 == e.span;
        if self.sink.last().is_some_and(about)
            && let Some(help) = self.widest(e)
            && let Some(told) = self.sink.last_mut()
        {
            told.help = Some(help);
        }
        Err(Reported)
    }

    /// As [`Self::suggest_range`], for `place op= value`.
    pub(super) fn suggest_range_of<T>(&mut self, place: &Expr, op: BinaryOp, value: &Expr, span: Span) -> Outcome<T> {
        let (left, right) = (Box::new(place.clone()), Box::new(value.clone()));
        self.suggest_range(&Expr { kind: ExprKind::Binary { op, op_span: span, left, right }, span })
    }

    fn widest(&mut self, e: &Expr) -> Option<String> {
        let mut blamed: Option<Blamed> = None;
        self.find_input(e, &mut blamed);
        let Blamed { origin, range, scalar, name } = blamed?;
        if !self.is_input(&origin, range, scalar) {
            // What the program made of the input, in a loop above all.
            let name = name.filter(|name| *name != origin.name)?;
            self.variable(&name).filter(|at| self.variables[*at].mutable)?;
            let ty = match scalar {
                Scalar::Int => "int in 0..=1_000_000".to_owned(),
                scalar => format!("{scalar} in 0.0..=1000.0"),
            };
            return Some(format!(
                "declare the range of `{name}` where it is declared: `let mut {name}: {ty} = …`, or bring a value back into its range with `clamp(x, lo, hi)`"
            ));
        }
        let shape = self.shape(e, &origin, range)?;
        if !shape.uses_input() {
            return None;
        }
        let frac = scalar.frac();
        let steps = if frac == 0 { vec![0] } else { vec![frac, frac.saturating_sub(3)] };
        let widest = steps.into_iter().find_map(|step| widest_of(&shape, range, step))?;
        let ty = if scalar == Scalar::Int { "int".to_owned() } else { scalar.to_string() };
        Some(format!(
            "narrow the range of `{}`: up to `{ty} in {}` this fits, or bring a value back into its range with `clamp(x, lo, hi)`",
            origin.name,
            super::lanes::show_range(widest, frac)
        ))
    }

    /// Whether that is the range that an input of that origin declares.
    fn is_input(&self, origin: &Rc<Origin>, range: Interval, scalar: Scalar) -> bool {
        let inputs = self.items.inputs.values().flatten();
        let mut leaves = inputs.flat_map(|value| value.leaves.iter().zip(value.ty.leaves()));
        leaves.any(|(leaf, of)| {
            of.scalar == scalar && leaf.origin.as_ref() == Some(origin) && self.range(leaf, scalar.frac()) == range
        })
    }

    /// The number that an expression without effects is, by a trial.
    fn number_of(&mut self, e: &Expr) -> Option<Number> {
        if !is_place(e) {
            return None;
        }
        let (mark, calls, messages) = (self.builder.mark(), self.calls.mark(), self.sink.len());
        let value = self.expression(e).ok();
        let found = value.and_then(|value| {
            let (scalar @ (Scalar::Int | Scalar::Fix(_)), extents) = value.ty.as_lanes()? else { return None };
            let leaf = value.leaves.first()?;
            let known = match leaf.as_known() {
                Some(known::Known::Same(value, _)) => Some(value.clone()),
                // Constants of several values have no range at a scale that is not known yet.
                Some(_) if scalar != Scalar::Int => return None,
                _ => None,
            };
            let (range, origin) = (self.range(leaf, scalar.frac()), leaf.origin.clone());
            Some(Number { range, scalar, origin, known, elements: extents.first().copied() })
        });
        self.calls.forget(calls);
        self.builder.rewind(&mark);
        self.sink.truncate(messages);
        found
    }

    /// The input of the widest range in an expression.
    fn find_input(&mut self, e: &Expr, found: &mut Option<Blamed>) {
        match &e.kind {
            ExprKind::Unary(_, of) | ExprKind::As(of, _) => self.find_input(of, found),
            ExprKind::Binary { left, right, .. } => {
                self.find_input(left, found);
                self.find_input(right, found);
            }
            ExprKind::Call { args, .. } => args.iter().for_each(|arg| self.find_input(arg, found)),
            ExprKind::Method { receiver, .. } => self.find_input(receiver, found),
            _ => {
                let Some(Number { range, scalar, origin: Some(origin), .. }) = self.number_of(e) else { return };
                let name = matches!(e.kind, ExprKind::Path { .. }).then(|| self.sources.text(e.span).to_owned());
                let here = Blamed { origin, range, scalar, name };
                if found.as_ref().is_none_or(|found| found.magnitude() < here.magnitude()) {
                    *found = Some(here);
                }
            }
        }
    }

    fn shape(&mut self, e: &Expr, input: &Origin, of_input: Interval) -> Option<Shape> {
        Some(match &e.kind {
            ExprKind::Int(Some(value)) => Shape::Constant(Num::Int(*value)),
            ExprKind::Fix(Some(value)) => Shape::Constant(Num::decimal(value.digits, value.scale)),
            ExprKind::Unary(UnaryOp::Neg, of) => Shape::Neg(Box::new(self.shape(of, input, of_input)?)),
            ExprKind::Binary { op, op_span, left, right } => match op {
                // What wraps always fits.
                BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul if self.rules_at(*op_span).wrapping => return None,
                BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => {
                    let (a, b) = (self.shape(left, input, of_input)?, self.shape(right, input, of_input)?);
                    Shape::Operator(*op, Box::new(a), Box::new(b))
                }
                _ => return None,
            },
            ExprKind::Call { callee, args } if is_sum(callee) => {
                let [xs] = args.as_slice() else { return None };
                let count = self.elements(xs)?;
                Shape::Sum(Box::new(self.shape(xs, input, of_input)?), count)
            }
            ExprKind::As(of, ty) => {
                let Type::Scalar(Scalar::Fix(frac)) = self.declared_type(ty, Bare::Open).ok()?.ty else { return None };
                let shape = self.shape(of, input, of_input)?;
                // A change of scale rounds.
                let integer = matches!(shape.found(of_input), Some(Found::Lanes(_, Scalar::Int)));
                return integer.then(|| Shape::Scaled(Box::new(shape), frac));
            }
            _ => match self.number_of(e)? {
                Number { known: Some(value), .. } => Shape::Constant(value),
                Number { range, scalar, origin, .. } => {
                    let input = range == of_input && origin.is_some_and(|origin| *origin == *input);
                    Shape::Atom { range, scalar, input }
                }
            },
        })
    }

    /// The number of elements that an elementwise expression has.
    fn elements(&mut self, e: &Expr) -> Option<u64> {
        match &e.kind {
            ExprKind::Unary(_, of) | ExprKind::As(of, _) => self.elements(of),
            ExprKind::Binary { left, right, .. } => self.elements(left).or_else(|| self.elements(right)),
            _ => self.number_of(e)?.elements,
        }
    }
}

/// The widest part of a raw range, in multiples of 2^step on the sides where it is cut, with which the expression fits.
fn widest_of(shape: &Shape, range: Interval, step: u32) -> Option<Interval> {
    // Ranges of that magnitude, from the widest down.
    let cut = |magnitude: i128| Interval::new(range.lo.max(-(magnitude << step)), range.hi.min(magnitude << step));
    let nearest = if range.contains(0) { 0 } else { range.lo.abs().min(range.hi.abs()) };
    let (mut fits, mut exceeds) =
        (nearest.unsigned_abs().div_ceil(1 << step).cast_signed(), (range.magnitude() >> step) + 1);
    shape.found(cut(fits))?;
    while exceeds - fits > 1 {
        let middle = fits + (exceeds - fits) / 2;
        match shape.found(cut(middle)) {
            Some(_) => fits = middle,
            None => exceeds = middle,
        }
    }
    let widest = cut(fits);
    // A range that holds nothing but a few numbers helps nobody.
    (widest.hi - widest.lo > 1 << step && widest != range).then_some(widest)
}

fn is_sum(callee: &Expr) -> bool {
    matches!(&callee.kind, ExprKind::Path { path, .. } if path.len() == 1 && path[0].text == "sum")
}

/// Whether an expression only names something: looking at it again does nothing.
fn is_place(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Path { .. } | ExprKind::Int(_) => true,
        ExprKind::Field(of, _) | ExprKind::TupleIndex(of, ..) => is_place(of),
        ExprKind::Index(of, positions) => {
            is_place(of)
                && positions.iter().all(|position| matches!(position.kind, ExprKind::Int(_) | ExprKind::Path { .. }))
        }
        _ => false,
    }
}
