//! What to write where a result may not fit: the widest range of an input with which the expression fits.
//!
//! The ranges of `+ - * / %` and of sums are computed again on narrower ranges of the input that is blamed, and bisection finds the widest of these. Ranges
//! that hold other ranges give results that hold those results, so there is one.

use super::types::Scalar;
use super::value::Origin;
use super::{Elaborator, Outcome, Reported};
use crate::diagnostics::Code;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, UnaryOp};
use smpc_bytecode::interval::Interval;
use std::rc::Rc;

/// How the range of an expression follows from those of what it is made of.
enum Shape {
    /// A number of that range; `input` where it is one of the blamed input's.
    Atom {
        range: Interval,
        input: bool,
    },
    Neg(Box<Shape>),
    Operator(BinaryOp, Box<Shape>, Box<Shape>),
    /// Of so many numbers.
    Sum(Box<Shape>, u64),
}

impl Shape {
    /// The range where the blamed input has this one; `None` where something does not fit in 64 bits.
    fn range(&self, input: Interval) -> Option<Interval> {
        let exact = match self {
            Self::Atom { input: true, .. } => input,
            Self::Atom { range, .. } => *range,
            Self::Neg(of) => of.range(input)?.neg(),
            Self::Sum(of, count) => of.range(input)?.times(*count),
            Self::Operator(op, a, b) => {
                let (a, b) = (a.range(input)?, b.range(input)?);
                match op {
                    BinaryOp::Add => a.add(b),
                    BinaryOp::Sub => a.sub(b),
                    BinaryOp::Mul => a.mul(b),
                    BinaryOp::Div => a.div(b),
                    _ => a.rem(b),
                }
            }
        };
        exact.fits().then_some(exact)
    }

    fn uses_input(&self) -> bool {
        match self {
            Self::Atom { input, .. } => *input,
            Self::Neg(of) | Self::Sum(of, _) => of.uses_input(),
            Self::Operator(_, a, b) => a.uses_input() || b.uses_input(),
        }
    }
}

/// What is blamed: a number of that origin, and where it stands if that is a name.
struct Blamed {
    origin: Rc<Origin>,
    range: Interval,
    name: Option<String>,
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

    fn widest(&mut self, e: &Expr) -> Option<String> {
        let mut blamed: Option<Blamed> = None;
        self.find_input(e, &mut blamed);
        let Blamed { origin, range, name } = blamed?;
        if !self.is_input(&origin, range) {
            // What the program made of the input, in a loop above all.
            let name = name.filter(|name| *name != origin.name)?;
            self.variable(&name).filter(|at| self.variables[*at].mutable)?;
            return Some(format!(
                "declare the range of `{name}` where it is declared: `let mut {name}: int in 0..=1_000_000 = …`, or bring a value back into its range with `clamp(x, lo, hi)`"
            ));
        }
        let shape = self.shape(e, &origin, range)?;
        if !shape.uses_input() {
            return None;
        }
        // Ranges of that magnitude, from the widest down.
        let cut = |magnitude: i128| Interval::new(range.lo.max(-magnitude), range.hi.min(magnitude));
        let nearest = if range.contains(0) { 0 } else { range.lo.abs().min(range.hi.abs()) };
        let (mut fits, mut exceeds) = (nearest, range.magnitude());
        shape.range(cut(fits))?;
        while exceeds - fits > 1 {
            let middle = fits + (exceeds - fits) / 2;
            match shape.range(cut(middle)) {
                Some(_) => fits = middle,
                None => exceeds = middle,
            }
        }
        let widest = cut(fits);
        // A range that holds nothing but a few numbers helps nobody.
        (widest.hi - widest.lo > 1).then(|| {
            format!(
                "narrow the range of `{}`: up to `int in {}` this fits, or bring a value back into its range with `clamp(x, lo, hi)`",
                origin.name,
                super::lanes::show_range(widest, 0)
            )
        })
    }

    /// Whether that is the range that an input of that origin declares.
    fn is_input(&self, origin: &Rc<Origin>, range: Interval) -> bool {
        let inputs = self.items.inputs.values().flatten().flat_map(|value| &value.leaves);
        let mut of_it = inputs.filter(|leaf| leaf.origin.as_ref() == Some(origin));
        of_it.any(|leaf| self.range(leaf, 0) == range)
    }

    /// The number that an expression without effects is, by a trial: its range, its origin, and the number of its elements.
    fn number_of(&mut self, e: &Expr) -> Option<(Interval, Option<Rc<Origin>>, Option<u64>)> {
        if !is_place(e) {
            return None;
        }
        let (mark, calls, messages) = (self.builder.mark(), self.calls.mark(), self.sink.len());
        let value = self.expression(e).ok();
        let found = value.and_then(|value| {
            let (Scalar::Int, extents) = value.ty.as_lanes()? else { return None };
            let leaf = value.leaves.first()?;
            Some((self.range(leaf, 0), leaf.origin.clone(), extents.first().copied()))
        });
        self.calls.forget(calls);
        self.builder.rewind(&mark);
        self.sink.truncate(messages);
        found
    }

    /// The input of the widest range in an expression.
    fn find_input(&mut self, e: &Expr, found: &mut Option<Blamed>) {
        match &e.kind {
            ExprKind::Unary(_, of) => self.find_input(of, found),
            ExprKind::Binary { left, right, .. } => {
                self.find_input(left, found);
                self.find_input(right, found);
            }
            ExprKind::Call { args, .. } => args.iter().for_each(|arg| self.find_input(arg, found)),
            ExprKind::Method { receiver, .. } => self.find_input(receiver, found),
            _ => {
                if let Some((range, Some(origin), _)) = self.number_of(e)
                    && found.as_ref().is_none_or(|found| found.range.magnitude() < range.magnitude())
                {
                    let name = matches!(e.kind, ExprKind::Path { .. }).then(|| self.sources.text(e.span).to_owned());
                    *found = Some(Blamed { origin, range, name });
                }
            }
        }
    }

    fn shape(&mut self, e: &Expr, input: &Origin, of_input: Interval) -> Option<Shape> {
        Some(match &e.kind {
            ExprKind::Int(Some(value)) => Shape::Atom { range: Interval::of(*value), input: false },
            ExprKind::Unary(UnaryOp::Neg, of) => Shape::Neg(Box::new(self.shape(of, input, of_input)?)),
            ExprKind::Binary { op, left, right, .. } => match op {
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
            _ => {
                let (range, origin, _) = self.number_of(e)?;
                let input = range == of_input && origin.is_some_and(|origin| *origin == *input);
                Shape::Atom { range, input }
            }
        })
    }

    /// The number of elements that an elementwise expression has.
    fn elements(&mut self, e: &Expr) -> Option<u64> {
        match &e.kind {
            ExprKind::Unary(_, of) => self.elements(of),
            ExprKind::Binary { left, right, .. } => self.elements(left).or_else(|| self.elements(right)),
            _ => self.number_of(e)?.2,
        }
    }
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
