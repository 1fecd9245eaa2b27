//! Functions that are always in scope, and those that only the library may call (their names start with `__`).

use super::known::{Known, Num};
use super::lanes::Operand;
use super::types::{FIX, Scalar, Type};
use super::value::{Data, Leaf, Value};
use super::{Elaborator, Outcome, Reported};
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::{Dim, Kind, Op, Place, Ref, RegType};
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp, Expr, ExprKind};
use smpc_bytecode::interval::Interval;

/// The names that users may call.
pub(crate) const NAMES: &[&str] = &[
    "len",
    "sum",
    "product",
    "min",
    "max",
    "abs",
    "any",
    "all",
    "select",
    "reverse",
    "flatten",
    "clamp",
    "narrow",
    "zip",
    "enumerate",
    "reveal",
    "check",
    "assert",
    "map",
    "fold",
    "scan",
    "filter",
    "some",
    "then_some",
    "unwrap_or",
    "secret",
    "bit",
    "bits_of",
    "word_of",
    "rotl",
    "rotr",
    "range_lo",
    "range_hi",
    "wrapping",
    "stochastic",
];

/// Makes one value out of two, each with its place.
type Combine<'c, E> = &'c dyn Fn(&mut E, (&Value, Span), (&Value, Span)) -> Outcome<Value>;

impl Elaborator<'_> {
    /// A call of a built-in function; `None` where there is none of that name.
    pub(super) fn call_builtin(&mut self, name: &ast::Name, args: &[Expr], span: Span) -> Option<Outcome<Value>> {
        let library = self.modules.get(self.frame().module).library;
        if let Some(value) = self.higher_order(name, args, span) {
            return Some(value);
        }
        if let Some(value) = self.with_rules(&name.text, args, span) {
            return Some(value);
        }
        Some(match name.text.as_str() {
            "check" | "assert" => self.check(&name.text, args, span),
            "narrow" => self.narrow_call(args, span),
            text if text.starts_with("__") && !library => return None,
            text if NAMES.contains(&text) || text.starts_with("__") => {
                let values: Vec<Outcome<Value>> = args.iter().map(|arg| self.expression(arg)).collect();
                match values.into_iter().collect::<Outcome<Vec<_>>>() {
                    Ok(values) => {
                        let spans: Vec<Span> = args.iter().map(|arg| arg.span).collect();
                        return self.apply(name, &values, &spans, span);
                    }
                    Err(Reported) => Err(Reported),
                }
            }
            _ => return None,
        })
    }

    /// A call of a built-in function that takes values alone.
    pub(super) fn apply(
        &mut self,
        name: &ast::Name,
        values: &[Value],
        spans: &[Span],
        span: Span,
    ) -> Option<Outcome<Value>> {
        let args: Vec<(&Value, Span)> = values.iter().zip(spans.iter().copied()).collect();
        Some(match (name.text.as_str(), args.as_slice()) {
            ("len", [xs]) => self.length(*xs),
            ("some", [x]) => Ok(Self::some(x.0)),
            ("then_some", [c, x]) => self.then_some(*c, *x),
            ("unwrap_or", [m, default]) => self.unwrap_or(*m, *default, span),
            ("secret", [x]) => self.made_secret(*x, span),
            ("bit", [x, at]) => self.bit(*x, *at, span),
            ("__parts", [x, width]) => self.parts_along(*x, *width, span),
            ("__joined", [rows]) => self.joined_along(*rows, span),
            ("__slice", [x, from, width]) => self.slice_of(*x, [from.0, width.0], span),
            ("__flat", [x]) => {
                Ok(Value { ty: x.0.ty.below(2).arrays(&[x.0.ty.extents()[..2].iter().product()]), ..x.0.clone() })
            }
            ("__shaped", [x, like]) => Ok(Value { ty: like.0.ty.clone(), ..x.0.clone() }),
            ("bits_of", [x]) => self.bits_of(*x, span),
            ("word_of", [bits]) => self.word_of(*bits, span),
            (what @ ("rotl" | "rotr"), [x, by]) => self.shift(what, *x, *by, span),
            ("__present", [xs]) => self.present(*xs),
            ("__values", [xs]) => Ok(Self::values(xs.0)),
            ("sum", [xs]) => {
                let present = self.absent_as_zero(*xs, span);
                present.and_then(|present| self.sum((&present, xs.1), span))
            }
            ("product", [xs]) => self.reduce(*xs, "product", &|s, a, b| s.operate(BinaryOp::Mul, span, a, b, span)),
            ("min", [xs]) => self.extreme(*xs, span, true),
            ("max", [xs]) => self.extreme(*xs, span, false),
            ("any", [xs]) => self.reduce_truth(*xs, span, BinaryOp::Or),
            ("all", [xs]) => self.reduce_truth(*xs, span, BinaryOp::And),
            ("min", [a, b]) => self.lesser(*a, *b, span, true),
            ("max", [a, b]) => self.lesser(*a, *b, span, false),
            ("abs", [x]) => self.absolute(*x, span),
            ("select", [c, a, b]) => self.select_call(*c, *a, *b, span),
            ("reverse", [xs]) => self.reversed(*xs, span),
            ("flatten", [xs]) => self.flattened(*xs),
            ("clamp", [x, lo, hi]) => self.clamp(*x, *lo, *hi, span),
            ("enumerate", [xs]) => self.enumerated(*xs),
            ("zip", [a, b]) => self.zipped(*a, *b, span),
            ("reveal", [x]) => self.reveal(*x, span),
            ("range_lo", [x]) => self.range_end(*x, false),
            ("range_hi", [x]) => self.range_end(*x, true),
            ("wrapping" | "stochastic", _) => {
                let message = format!("`{}` is about the operators written between its parentheses", name.text);
                let help = format!("write it around them: `|x| {}(x * 3)`", name.text);
                self.error(Code::TypeMismatch, span, message, help)
            }
            ("__sqrt", [x]) => self.square_root(*x, span),
            ("__sorted", [xs]) => self.sorted(*xs, span),
            ("__units", [x]) => self.units(*x, span),
            ("__within", [x, lo, hi]) => self.proven(*x, *lo, *hi, span),
            (text, _) => {
                let usage = usage(text)?;
                let message = format!("`{text}` does not take {} arguments", args.len());
                self.error(Code::Arity, span, message, format!("write `{usage}`"))
            }
        })
    }

    fn array_of_lanes(&mut self, (xs, span): (&Value, Span), what: &str) -> Outcome<Operand> {
        match Self::operand(xs, span) {
            Some(operand) if !operand.extents.is_empty() => Ok(operand),
            _ => {
                let message = format!("`{what}` reduces an array of numbers or truth values, and this is `{}`", xs.ty);
                self.error(Code::TypeMismatch, span, message, "write `[a, b, c]`, or take a column of the table")
            }
        }
    }

    fn length(&mut self, (xs, span): (&Value, Span)) -> Outcome<Value> {
        match xs.ty.extents().first() {
            Some(extent) => Ok(Value::int(i128::from(*extent))),
            None => {
                let message = format!("`len` is of an array, and this is `{}`", xs.ty);
                self.error(Code::TypeMismatch, span, message, "only arrays have a length")
            }
        }
    }

    /// The sum over the first extent.
    fn sum(&mut self, xs: (&Value, Span), span: Span) -> Outcome<Value> {
        let mut operand = self.array_of_lanes(xs, "sum")?;
        if operand.scalar == Scalar::Bool {
            let message = "`sum` adds numbers, and these are truth values";
            return self.error(Code::TypeMismatch, xs.1, message, "to count, write `sum(xs as int)`");
        }
        let (len, inner) = (operand.extents[0], operand.extents[1..].to_vec());
        let lanes: u64 = inner.iter().product();
        if len == 0 || lanes == 0 {
            return Ok(Value::new(
                Type::lanes_of(operand.scalar, &inner),
                Leaf::known(Known::Same(Num::Int(0), lanes)),
            ));
        }
        if let Scalar::Bits(_) = operand.scalar {
            return self.reduce(xs, "sum", &|s, a, b| s.operate(BinaryOp::Add, span, a, b, span));
        }
        if let Some(value) = self.known_sum(&operand, &inner) {
            return Ok(value);
        }
        let scalar = operand.scalar;
        let view = self.lanes(&operand.leaf, scalar, len * lanes, xs.1)?;
        // The lanes of one sum stand one after another.
        let view = if lanes == 1 {
            view
        } else {
            let (rows, cols) = (Dim { stride: 1, len: lanes }, Dim { stride: i64::try_from(lanes).unwrap_or(1), len });
            self.builder.view(&view, &Place::grid(0, rows, cols))
        };
        let exact = self.range(&operand.leaf, scalar.frac()).times(len);
        operand.leaf = Leaf { data: Data::Lanes(view.clone()), ..operand.leaf };
        let blame = self.blame(span, "sum", &[&operand]);
        let leaf = self.number(Op::Sum { len }, vec![view], (scalar, exact, lanes), &blame)?;
        Ok(Value::new(Type::lanes_of(scalar, &inner), leaf))
    }

    fn known_sum(&self, operand: &Operand, inner: &[u64]) -> Option<Value> {
        let known = operand.known()?;
        if !inner.is_empty() {
            return None;
        }
        let total = match known {
            Known::Same(Num::Int(value), lanes) => Num::Int(value.checked_mul(i128::from(*lanes))?),
            Known::Steps { start, step, lanes } => {
                let n = i128::from(*lanes);
                let steps = n.checked_mul(n - 1)? / 2;
                Num::Int(start.checked_mul(n)?.checked_add(step.checked_mul(steps)?)?)
            }
            Known::Each(values) if operand.scalar == Scalar::Int => {
                Num::Int(values.iter().try_fold(0_i128, |sum, value| sum.checked_add(value.as_int()?))?)
            }
            Known::Each(values) => Num::fraction(values.iter().map(Num::to_fraction).sum()),
            Known::Same(..) => return None,
        };
        Some(Value::new(Type::Scalar(operand.scalar), Leaf::known(Known::one(total))))
    }

    /// A reduction over the first extent, halving it turn by turn.
    fn reduce(&mut self, (xs, at): (&Value, Span), what: &str, combine: Combine<'_, Self>) -> Outcome<Value> {
        let operand = self.array_of_lanes((xs, at), what)?;
        let element = xs.ty.below(1);
        if operand.extents[0] == 0 {
            let message = "a reduction of an array without elements";
            return self.error(Code::ShapeMismatch, at, message, "give it at least one element");
        }
        let mut rest: Option<Value> = None;
        let mut xs = xs.clone();
        loop {
            let len = xs.ty.extents()[0];
            if len == 1 {
                let last = self.part(&xs, &element, 0, 1, at)?;
                let last = Value { ty: element.clone(), ..last };
                return match rest {
                    None => Ok(last),
                    Some(rest) => combine(self, (&last, at), (&rest, at)),
                };
            }
            let half = len / 2;
            let (a, b) = (self.part(&xs, &element, 0, half, at)?, self.part(&xs, &element, half, half, at)?);
            if len % 2 == 1 {
                let odd = self.part(&xs, &element, len - 1, 1, at)?;
                let odd = Value { ty: element.clone(), ..odd };
                rest = Some(match rest {
                    None => odd,
                    Some(rest) => combine(self, (&odd, at), (&rest, at))?,
                });
            }
            xs = combine(self, (&a, at), (&b, at))?;
        }
    }

    /// `xs[from..from + len]`
    fn part(&mut self, xs: &Value, element: &Type, from: u64, len: u64, span: Span) -> Outcome<Value> {
        let below: u64 = element.extents().iter().product();
        let leaf = xs.leaves.first().ok_or(Reported)?;
        let lanes = leaf.lanes();
        let data = match &leaf.data {
            Data::Known(known) => {
                match known.pick((from * below..(from + len) * below).collect::<Vec<_>>().into_iter()) {
                    Some(known) => Data::Known(known),
                    None => {
                        let scalar = xs.ty.as_lanes().map_or(Scalar::Int, |(scalar, _)| scalar);
                        let view = self.lanes(leaf, scalar, lanes, span)?;
                        Data::Lanes(self.builder.view(&view, &Place::span(from * below, len * below)))
                    }
                }
            }
            Data::Lanes(view) => {
                let view = view.clone();
                Data::Lanes(self.builder.view(&view, &Place::span(from * below, len * below)))
            }
        };
        Ok(Value { ty: element.clone().array(len), leaves: vec![Leaf { data, ..leaf.clone() }] })
    }

    fn reduce_truth(&mut self, xs: (&Value, Span), span: Span, op: BinaryOp) -> Outcome<Value> {
        if xs.0.ty.extents().first() == Some(&0) && xs.0.ty.below(1) == Type::BOOL {
            return Ok(Value::boolean(op == BinaryOp::And));
        }
        let what = if op == BinaryOp::And { "all" } else { "any" };
        self.reduce(xs, what, &|s, a, b| s.operate(op, span, a, b, span))
    }

    fn extreme(&mut self, xs: (&Value, Span), span: Span, least: bool) -> Outcome<Value> {
        let what = if least { "min" } else { "max" };
        self.reduce(xs, what, &|s, a, b| s.lesser(a, b, span, least))
    }

    /// The lesser or greater of two, lane by lane; of equal ones the first.
    fn lesser(&mut self, a: (&Value, Span), b: (&Value, Span), span: Span, least: bool) -> Outcome<Value> {
        let what = if least { "min" } else { "max" };
        let pair = self.pair(what, a, b, span)?;
        for operand in [&pair.left, &pair.right] {
            if !operand.scalar.is_number() {
                let message = format!("`{what}` works on numbers, and this is `{}`", operand.scalar);
                return self.error(Code::TypeMismatch, operand.span, message, "write `all(xs)` or `any(xs)`");
            }
        }
        let pair = self.one_scale(pair)?;
        let scalar = pair.left.scalar;
        let ranges = [&pair.left, &pair.right].map(|operand| self.range(&operand.leaf, scalar.frac()));
        let (lanes, extents) = (pair.lanes(), pair.extents.clone());
        // Where the ranges decide, there is nothing to compare.
        let decided = if least {
            (ranges[0].hi <= ranges[1].lo, ranges[1].hi <= ranges[0].lo)
        } else {
            (ranges[0].lo >= ranges[1].hi, ranges[1].lo >= ranges[0].hi)
        };
        for (holds, operand) in [(decided.0, &pair.left), (decided.1, &pair.right)] {
            if holds && operand.extents == extents {
                return Ok(operand.clone().into_value());
            }
        }
        let (a_span, b_span) = (pair.left.span, pair.right.span);
        let (a, b) = (pair.left.into_value(), pair.right.into_value());
        let second_wins = if least {
            self.operate(BinaryOp::Lt, span, (&b, b_span), (&a, a_span), span)?
        } else {
            self.operate(BinaryOp::Lt, span, (&a, a_span), (&b, b_span), span)?
        };
        let condition = Self::operand(&second_wins, span).ok_or(Reported)?;
        let broadcast = |value: Value| match value.leaves.first().map(|leaf| &leaf.data) {
            Some(Data::Known(Known::Same(known, _))) => {
                Value::new(Type::lanes_of(scalar, &extents), Leaf::known(Known::Same(known.clone(), lanes)))
            }
            _ => Value { ty: Type::lanes_of(scalar, &extents), ..value },
        };
        let chosen = self.choice(&condition, (&broadcast(b), b_span), (&broadcast(a), a_span), span)?;
        // What is chosen lies in both bounds.
        let exact = if least { ranges[0].min(ranges[1]) } else { ranges[0].max(ranges[1]) };
        self.tightened(chosen, exact, span)
    }

    /// The value with a range that is known to be narrower than its parts' was.
    fn tightened(&mut self, value: Value, range: Interval, span: Span) -> Outcome<Value> {
        let (Some((scalar, _)), [leaf]) = (value.ty.as_lanes(), value.leaves.as_slice()) else { return Ok(value) };
        let own = self.range(leaf, scalar.frac());
        let Data::Lanes(view) = &leaf.data else { return Ok(value) };
        if own.within(range) {
            return Ok(value);
        }
        let (view, origin) = (view.clone(), leaf.origin.clone());
        let kept = Interval::new(own.lo.max(range.lo), own.hi.min(range.hi));
        let leaf = self.relabelled(&view, kept, span).from(origin);
        Ok(Value::new(value.ty, leaf))
    }

    fn absolute(&mut self, (x, at): (&Value, Span), span: Span) -> Outcome<Value> {
        if !Self::operand(x, at).is_some_and(|operand| operand.scalar.is_number()) {
            let message = format!("`abs` works on numbers, and this is `{}`", x.ty);
            return self.error(Code::TypeMismatch, at, message, "give it a number or an array of numbers");
        }
        let zero = Value::int(0);
        let negative = self.operate(BinaryOp::Lt, span, (x, at), (&zero, span), span)?;
        if negative.known_bool() == Some(false) {
            return Ok(x.clone());
        }
        let operand = Self::operand(x, at).ok_or(Reported)?;
        let range = self.range(&operand.leaf, operand.scalar.frac());
        if range.lo >= 0 {
            return Ok(x.clone());
        }
        let negated = self.negation(x, span)?;
        let condition = Self::operand(&negative, span).ok_or(Reported)?;
        let chosen = self.choice(&condition, (&negated, at), (x, at), span)?;
        self.tightened(chosen, range.abs(), span)
    }

    /// The value as one that no node knows alone: for tests, and to try what a program does with secrets.
    fn made_secret(&mut self, (x, at): (&Value, Span), span: Span) -> Outcome<Value> {
        let types = x.ty.leaves();
        let mut leaves = Vec::with_capacity(types.len());
        for (leaf, of) in x.leaves.iter().zip(&types) {
            if of.lanes() == 0 || self.is_secret(leaf) {
                leaves.push(leaf.clone());
                continue;
            }
            let range = self.range(leaf, of.scalar.frac());
            let view = self.lanes(leaf, of.scalar, of.lanes(), at)?;
            self.at(span);
            let value = self.builder.copy(&view, super::branch::register(of.scalar, true, range));
            leaves.push(Leaf::of(Ref::whole(value, of.lanes())).from(leaf.origin.clone()));
        }
        Ok(Value { ty: x.ty.clone(), leaves })
    }

    pub(super) fn select_call(
        &mut self,
        (c, c_at): (&Value, Span),
        a: (&Value, Span),
        b: (&Value, Span),
        span: Span,
    ) -> Outcome<Value> {
        let Some(condition) = Self::operand(c, c_at).filter(|operand| operand.scalar == Scalar::Bool) else {
            let message = format!("`select` chooses by truth values, and this is `{}`", c.ty);
            return self.error(Code::TypeMismatch, c_at, message, "compare it: `select(x != 0, a, b)`");
        };
        // Scalars stand for every lane of the other side, and of the condition.
        let shape =
            [a.0, b.0].into_iter().map(|value| value.ty.extents().to_vec()).max_by_key(Vec::len).unwrap_or_default();
        let shape = if shape.is_empty() { condition.extents.clone() } else { shape };
        let spread = |elaborator: &mut Self, (value, at): (&Value, Span)| -> Outcome<Value> {
            if value.ty.extents().is_empty() && !shape.is_empty() && matches!(value.ty, Type::Scalar(_)) {
                elaborator.repeated(value, &shape, at)
            } else {
                Ok(value.clone())
            }
        };
        let (x, y) = (spread(self, a)?, spread(self, b)?);
        if !condition.extents.is_empty() && !x.ty.extents().starts_with(&condition.extents) {
            let diagnostic = Diagnostic::new(
                Code::ShapeMismatch,
                span,
                "`select` needs a condition for each element, or one for all",
            )
            .label(c_at, format!("this is `{}`", c.ty))
            .label(a.1, format!("this is `{}`", a.0.ty))
            .help("give all three the same shape");
            return Err(self.report(diagnostic));
        }
        self.choice(&condition, (&x, a.1), (&y, b.1), span)
    }

    fn reversed(&mut self, (xs, at): (&Value, Span), span: Span) -> Outcome<Value> {
        let Some(&len) = xs.ty.extents().first() else {
            let message = format!("`reverse` turns an array round, and this is `{}`", xs.ty);
            return self.error(Code::TypeMismatch, at, message, "give it an array");
        };
        let mut leaves = Vec::with_capacity(xs.leaves.len());
        for (leaf, of) in xs.leaves.iter().zip(xs.ty.leaves()) {
            let below = of.lanes().checked_div(len).unwrap_or(0);
            leaves.push(match &leaf.data {
                _ if of.lanes() < 2 => leaf.clone(),
                Data::Known(Known::Same(..)) => leaf.clone(),
                Data::Known(Known::Steps { start, step, lanes }) => {
                    let last = start.saturating_add(step.saturating_mul(i128::from(*lanes) - 1));
                    Leaf::known(Known::Steps { start: last, step: -step, lanes: *lanes })
                }
                Data::Known(Known::Each(_)) | Data::Lanes(_) => {
                    let view = self.lanes(leaf, of.scalar, of.lanes(), at)?;
                    let stride = i64::try_from(below).unwrap_or(1);
                    let first = (len - 1) * below;
                    let place = Place::grid(first, Dim { stride: -stride, len }, Dim { stride: 1, len: below });
                    self.at(span);
                    let view = self.builder.view(&view, &place.simplified());
                    Leaf { data: Data::Lanes(view), ..leaf.clone() }
                }
            });
        }
        Ok(Value { ty: xs.ty.clone(), leaves })
    }

    /// The rows of an array one after another: the first two extents become one.
    fn flattened(&mut self, (xs, at): (&Value, Span)) -> Outcome<Value> {
        let [first, second, rest @ ..] = xs.ty.extents() else {
            let message = format!("`flatten` puts the rows of an array one after another, and this is `{}`", xs.ty);
            return self.error(Code::TypeMismatch, at, message, "give it an array of two dimensions or more");
        };
        let extents = [&[first * second], rest].concat();
        let element = xs.ty.innermost().clone();
        Ok(Value { ty: element.arrays(&extents), leaves: xs.leaves.clone() })
    }

    fn clamp(&mut self, x: (&Value, Span), lo: (&Value, Span), hi: (&Value, Span), span: Span) -> Outcome<Value> {
        if let (Some(low), Some(high)) = (lo.0.known_scalar(), hi.0.known_scalar())
            && low.to_fraction() > high.to_fraction()
        {
            let message = "`clamp` to a range with nothing in it";
            return self.error(Code::EmptyRange, span, message, "write the smaller end first");
        }
        let below = self.lesser(x, hi, span, true)?;
        self.lesser((&below, x.1), lo, span, false)
    }

    fn enumerated(&mut self, (xs, at): (&Value, Span)) -> Outcome<Value> {
        let Some(&len) = xs.ty.extents().first() else {
            let message = format!("`enumerate` is of an array, and this is `{}`", xs.ty);
            return self.error(Code::TypeMismatch, at, message, "give it an array");
        };
        let index = Value::new(Type::INT.array(len), Leaf::known(Known::Steps { start: 0, step: 1, lanes: len }));
        Ok(pairs(&index, xs, len))
    }

    fn zipped(&mut self, a: (&Value, Span), b: (&Value, Span), span: Span) -> Outcome<Value> {
        match (a.0.ty.extents().first(), b.0.ty.extents().first()) {
            (Some(x), Some(y)) if x == y => Ok(pairs(a.0, b.0, *x)),
            _ => {
                let diagnostic = Diagnostic::new(Code::ShapeMismatch, span, "`zip` needs two arrays of one length")
                    .label(a.1, format!("this is `{}`", a.0.ty))
                    .label(b.1, format!("this is `{}`", b.0.ty))
                    .help("take a slice of the longer one");
                Err(self.report(diagnostic))
            }
        }
    }

    /// An end of the range of all lanes, as a constant.
    fn range_end(&mut self, (x, at): (&Value, Span), high: bool) -> Outcome<Value> {
        let Some(operand) = Self::operand(x, at).filter(|operand| operand.scalar.is_number()) else {
            let message = format!("only numbers have a range, and this is `{}`", x.ty);
            return self.error(Code::TypeMismatch, at, message, "give it a number or an array of numbers");
        };
        let frac = operand.scalar.frac();
        let range = self.range(&operand.leaf, frac);
        let end = if high { range.hi } else { range.lo };
        Ok(Value::new(Type::Scalar(operand.scalar), Leaf::known(Known::one(operand.scalar.num(end)))))
    }

    // What everyone learns, and what stops a run.

    /// Refuses something that everyone sees under a secret condition.
    pub(super) fn effect(&mut self, what: &str, span: Span, help: &str) -> Outcome<()> {
        self.effects += 1;
        let Some(branch) = self.branches.last() else { return Ok(()) };
        let message = format!("{what} under a secret condition");
        let help = if branch.operator {
            "both sides are computed where the left one is secret: write this before, as a statement of its own"
        } else {
            help
        };
        let leaf = branch.condition.leaves.first();
        let origin = leaf.and_then(|leaf| leaf.origin.clone());
        let diagnostic = Diagnostic::new(Code::SecretEffect, span, message)
            .here("everyone would see whether this happens")
            .label(branch.span, "this condition is secret")
            .help(help.to_owned());
        let diagnostic = super::origin_label(diagnostic, origin.as_deref(), "is secret because of this");
        Err(self.report(diagnostic))
    }

    fn reveal(&mut self, (x, _): (&Value, Span), span: Span) -> Outcome<Value> {
        self.effect("`reveal`", span, "reveal the value before the `if`, or not at all")?;
        let x = &self.without_absent(x, span)?;
        self.at(span);
        let mut leaves = Vec::with_capacity(x.leaves.len());
        for (leaf, of) in x.leaves.iter().zip(x.ty.leaves()) {
            if let (Scalar::Bits(width), true) = (of.scalar, self.is_secret(leaf)) {
                leaves.push(self.revealed_words(leaf, width, span)?);
                continue;
            }
            leaves.push(match &leaf.data {
                Data::Lanes(view) if self.is_secret(leaf) => {
                    let (ty, lanes) = (self.builder.ty(view.value), view.lanes());
                    let open = match ty {
                        RegType::Arith { lo, hi, frac: 0 } => RegType::pub_int(lo, hi),
                        RegType::Arith { lo, hi, frac } => RegType::Pub { kind: Kind::Fix, lo, hi, frac },
                        RegType::Bin { .. } | RegType::Pub { .. } => RegType::PUB_BOOL,
                    };
                    let value = self.builder.gate(Op::Open { steers: false }, vec![view.clone()], open, lanes);
                    Leaf::of(Ref::whole(value, lanes)).from(leaf.origin.clone())
                }
                Data::Lanes(_) | Data::Known(_) => leaf.clone(),
            });
        }
        Ok(Value { ty: x.ty.clone(), leaves })
    }

    /// `check(c, "…")` and `assert(c, "…")`.
    fn check(&mut self, what: &str, args: &[Expr], span: Span) -> Outcome<Value> {
        let (condition, message) = match args {
            [condition] => (condition, None),
            [condition, Expr { kind: ExprKind::Str(text), .. }] => (condition, Some(text.clone())),
            [_, other] => {
                return self.error(Code::TypeMismatch, other.span, "the message is a string", "write `\"…\"`");
            }
            _ => {
                let message = format!("`{what}` takes a condition and a message");
                return self.error(Code::Arity, span, message, format!("write `{what}(x < 10, \"x is too large\")`"));
            }
        };
        let text = message.unwrap_or_else(|| format!("{what} failed: {}", self.sources.text(condition.span)));
        let value = self.expression(condition)?;
        let Some(operand) = Self::operand(&value, condition.span).filter(|operand| operand.scalar == Scalar::Bool)
        else {
            let message = format!("`{what}` takes a truth value, and this is `{}`", value.ty);
            return self.error(Code::TypeMismatch, condition.span, message, "compare it: `x != 0`");
        };
        if what == "check" {
            let help = format!(
                "write the condition into the check: `check(!(…) || {}, \"…\")`",
                self.sources.text(condition.span)
            );
            self.effect("`check`", span, &help)?;
        } else if self.testing {
            self.effect("`assert`", span, "assert it after the `if`")?;
        } else if self.is_secret(&operand.leaf) {
            let origin = operand.leaf.origin.clone();
            let diagnostic = Diagnostic::new(Code::SecretShape, condition.span, "`assert` of a secret value")
                .help("write `check`: everyone then learns whether it holds, and nothing else");
            let diagnostic = super::origin_label(diagnostic, origin.as_deref(), "is secret because of this");
            return Err(self.report(diagnostic));
        }
        if let Some(known) = operand.known()
            && (0..known.lanes().min(super::known::MOST)).any(|lane| known.lane(lane).is_zero())
            && self.branches.is_empty()
            && self.conditional == 0
        {
            let diagnostic = Diagnostic::new(Code::BrokenPromise, condition.span, format!("this `{what}` never holds"))
                .here(text)
                .help("the program would always stop here");
            return Err(self.report(diagnostic));
        }
        let lanes = operand.leaf.lanes();
        if lanes == 0 {
            return Ok(Value::unit());
        }
        let view = self.lanes(&operand.leaf, Scalar::Bool, lanes, condition.span)?;
        self.at(span);
        let message = self.builder.message(&text);
        let op =
            if self.builder.ty(view.value).is_secret() { Op::Check { message } } else { Op::StopUnless { message } };
        self.builder.effect(op, vec![view]);
        Ok(Value::unit())
    }

    /// `narrow(x, lo..=hi, "…")`: a check, after which the range is a fact.
    fn narrow_call(&mut self, args: &[Expr], span: Span) -> Outcome<Value> {
        let usage = "write `narrow(x, 0..=9, \"why it holds\")`";
        let (x, range, message) = match args {
            [x, range] => (x, range, None),
            [x, range, Expr { kind: ExprKind::Str(text), .. }] => (x, range, Some(text.clone())),
            _ => return self.error(Code::Arity, span, "`narrow` takes a value, a range and a message", usage),
        };
        let ExprKind::Range { from: Some(from), to: Some(to), inclusive: true } = &range.kind else {
            return self.error(Code::TypeMismatch, range.span, "the second argument is a range `lo..=hi`", usage);
        };
        let value = self.expression(x)?;
        let Some(operand) = Self::operand(&value, x.span).filter(|operand| operand.scalar.is_number()) else {
            let message = format!("`narrow` works on numbers, and this is `{}`", value.ty);
            return self.error(Code::TypeMismatch, x.span, message, usage);
        };
        let (lo, hi) = (self.known_number(from, "the end of a range")?, self.known_number(to, "the end of a range")?);
        let frac = operand.scalar.frac();
        let range = Interval::new(super::known::raw_bound(&lo, frac, true), super::known::raw_bound(&hi, frac, false));
        if range.lo > range.hi {
            return self.error(Code::EmptyRange, span, "a range with nothing in it", "write the smaller end first");
        }
        if self.range(&operand.leaf, frac).within(range) {
            return Ok(value);
        }
        self.effect("`narrow`", span, "narrow the value before the `if`, or use `clamp`")?;
        let scalar_of = |num: Num| {
            Value::new(
                Type::Scalar(if matches!(num, Num::Int(_)) { Scalar::Int } else { Scalar::Fix(FIX) }),
                Leaf::known(Known::one(num)),
            )
        };
        let (low, high) = (scalar_of(lo), scalar_of(hi));
        let above = self.operate(BinaryOp::Ge, span, (&value, x.span), (&low, from.span), span)?;
        let below = self.operate(BinaryOp::Le, span, (&value, x.span), (&high, to.span), span)?;
        let inside = self.operate(BinaryOp::And, span, (&above, span), (&below, span), span)?;
        let operand_inside = Self::operand(&inside, span).ok_or(Reported)?;
        let lanes = operand.leaf.lanes();
        let holds = self.lanes(&operand_inside.leaf, Scalar::Bool, lanes, span)?;
        let text = message.unwrap_or_else(|| format!("narrow failed: {}", self.sources.text(x.span)));
        self.at(span);
        let message = self.builder.message(&text);
        let secret = self.builder.ty(holds.value).is_secret();
        self.builder.effect(if secret { Op::Check { message } } else { Op::StopUnless { message } }, vec![holds]);
        let view = self.lanes(&operand.leaf, operand.scalar, lanes, span)?;
        let own = self.range(&operand.leaf, frac);
        let kept = Interval::new(own.lo.max(range.lo), own.hi.min(range.hi));
        if kept.lo > kept.hi && self.conditional == 0 {
            return self.error(
                Code::BrokenPromise,
                span,
                "this `narrow` never holds",
                "the program would always stop here",
            );
        }
        if kept.lo > kept.hi {
            // Whoever comes here stops above: any value of the range will do.
            let never = Known::Same(operand.scalar.num(range.lo), lanes);
            return Ok(Value::new(value.ty, Leaf::known(never)));
        }
        // The check comes behind the loop (see `passes::checks`): until then the range has to hold whatever the check will say.
        let view = if self.turns > 0 && secret {
            let least = Leaf::known(Known::Same(operand.scalar.num(kept.lo), lanes));
            let chosen = self.choose(&operand_inside, &operand.leaf, &least, (operand.scalar, lanes), span)?;
            self.lanes(&chosen, operand.scalar, lanes, span)?
        } else {
            view
        };
        let leaf = self.relabelled(&view, kept, span).from(operand.leaf.origin.clone());
        Ok(Value::new(value.ty, leaf))
    }

    // For the library.

    fn square_root(&mut self, (x, at): (&Value, Span), span: Span) -> Outcome<Value> {
        let operand = Self::operand(x, at).ok_or(Reported)?;
        let operand = match operand.scalar {
            Scalar::Fix(_) => operand,
            Scalar::Int | Scalar::Bool | Scalar::Bits(_) => self.int_to_fix(&operand, FIX)?,
        };
        let (scalar, frac, lanes) = (operand.scalar, operand.scalar.frac(), operand.leaf.lanes());
        let view = self.lanes(&operand.leaf, scalar, lanes, at)?;
        let exact = self.range(&operand.leaf, frac).sqrt(frac);
        let blame = self.blame(span, "sqrt", &[&operand]);
        let leaf = self.number(Op::Sqrt { frac }, vec![view], (scalar, exact, lanes), &blame)?;
        Ok(Operand { leaf, ..operand }.into_value())
    }

    /// A `fix` number as the integer of units in its last place: the same raw number without a scale.
    fn units(&mut self, (x, at): (&Value, Span), span: Span) -> Outcome<Value> {
        let operand = Self::operand(x, at).filter(|operand| operand.scalar.is_number()).ok_or(Reported)?;
        let (scalar, lanes) = (operand.scalar, operand.leaf.lanes());
        let view = self.lanes(&operand.leaf, scalar, lanes, at)?;
        let exact = self.range(&operand.leaf, scalar.frac());
        let zero = self.builder.int(0);
        let zero = self.repeat(&Ref::lane(zero, 0), lanes);
        let blame = self.blame(span, "as int", &[&operand]);
        let leaf = self.number(Op::Add {}, vec![view, zero], (Scalar::Int, exact, lanes), &blame)?;
        Ok(Operand { scalar: Scalar::Int, leaf, ..operand }.into_value())
    }

    /// A number in a range that the library has proven where the call stands; `plain` checks it.
    fn proven(&mut self, x: (&Value, Span), lo: (&Value, Span), hi: (&Value, Span), span: Span) -> Outcome<Value> {
        let (scalar, _) = x.0.ty.as_lanes().filter(|(scalar, _)| scalar.is_number()).ok_or(Reported)?;
        let mut ends = [0, 0];
        for (end, (value, at)) in ends.iter_mut().zip([lo, hi]) {
            let known = value.known_scalar().ok_or(Reported)?;
            *end = i128::from(self.raw(&known, scalar.frac(), at)?);
        }
        self.tightened(x.0.clone(), Interval::new(ends[0], ends[1]), span)
    }

    /// The lanes of an array in ascending order.
    fn sorted(&mut self, (xs, at): (&Value, Span), span: Span) -> Outcome<Value> {
        let Some(operand) = Self::operand(xs, at).filter(|operand| operand.scalar.is_number()) else {
            return Err(Reported);
        };
        let (scalar, lanes) = (operand.scalar, operand.leaf.lanes());
        let view = self.lanes(&operand.leaf, scalar, lanes, at)?;
        let range = self.range(&operand.leaf, scalar.frac());
        let (lo, hi) = super::lanes::narrow(range).ok_or(Reported)?;
        self.at(span);
        // Secrets are sorted; a public array is taken as one.
        let ty = RegType::Arith { lo, hi, frac: scalar.frac() };
        let value = self.builder.value_of(&view);
        let value = self.builder.convert(value, ty);
        let sorted = self.builder.gate(Op::Sort { columns: 1 }, vec![Ref::whole(value, lanes)], ty, lanes);
        let leaf =
            Leaf::of(Ref::whole(sorted, lanes)).from(operand.leaf.origin.clone()).relative(operand.leaf.relative);
        Ok(Operand { leaf, ..operand }.into_value())
    }
}

/// An array of pairs out of two arrays of one length.
fn pairs(a: &Value, b: &Value, len: u64) -> Value {
    let ty = Type::Tuple(vec![a.ty.below(1), b.ty.below(1)]).array(len);
    Value { ty, leaves: a.leaves.iter().chain(&b.leaves).cloned().collect() }
}

fn usage(name: &str) -> Option<&'static str> {
    Some(match name {
        "len" => "len(xs)",
        "sum" => "sum(xs)",
        "product" => "product(xs)",
        "min" => "min(xs)` or `min(a, b)",
        "max" => "max(xs)` or `max(a, b)",
        "abs" => "abs(x)",
        "any" => "any(xs)",
        "all" => "all(xs)",
        "select" => "select(condition, a, b)",
        "reverse" => "reverse(xs)",
        "flatten" => "flatten(xs)",
        "clamp" => "clamp(x, lo, hi)",
        "zip" => "zip(xs, ys)",
        "enumerate" => "enumerate(xs)",
        "reveal" => "reveal(x)",
        "range_lo" => "range_lo(x)",
        "range_hi" => "range_hi(x)",
        "some" => "some(x)",
        "then_some" => "then_some(condition, x)",
        "unwrap_or" => "unwrap_or(m, default)",
        "secret" => "secret(x)",
        "bit" => "bit(x, place)",
        "bits_of" => "bits_of(x)",
        "word_of" => "word_of(bits)",
        "rotl" => "rotl(x, places)",
        "rotr" => "rotr(x, places)",
        _ => return None,
    })
}
