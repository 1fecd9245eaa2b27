//! `match`: which arm the value takes, and that there is one for each value in its range.
//!
//! Patterns are sets of integers; an arm takes what its own patterns hold and no arm above does. For a public value the arms are nested `if`s. For a secret
//! one every arm is computed, under the truth that the value takes it, and a tree of choices joins them. These truths are sums of a few comparisons,
//! each made once: of `x < 10` and `x < 20` the second arm of `..=9, 10..=19, _` takes the exclusive or, which costs nothing.

use super::assigned::{Assigned, assigned_in};
use super::branch::Sides;
use super::lanes::{Operand, show_place};
use super::types::{Scalar, Type};
use super::value::{Data, Leaf, Value};
use super::{Elaborator, Outcome, Reported, origin_label};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{Arm, BinaryOp, Expr, ExprKind};
use smpc_bytecode::interval::Interval;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// A set of integers: disjoint intervals in order, with gaps between.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
struct Set(Vec<Interval>);

impl Set {
    const ALL: Interval = Interval::new(i128::MIN, i128::MAX);

    fn of(range: Interval) -> Self {
        Self(vec![range])
    }

    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn join(&self, other: &Self) -> Self {
        let mut all: Vec<Interval> = self.0.iter().chain(&other.0).copied().collect();
        all.sort_by_key(|range| range.lo);
        let mut joined: Vec<Interval> = Vec::new();
        for range in all {
            match joined.last_mut() {
                Some(last) if range.lo <= last.hi.saturating_add(1) => last.hi = last.hi.max(range.hi),
                _ => joined.push(range),
            }
        }
        Self(joined)
    }

    fn minus(&self, other: &Self) -> Self {
        let mut left = self.0.clone();
        for cut in &other.0 {
            let parts = left.iter().flat_map(|range| {
                let below =
                    (range.lo < cut.lo).then(|| Interval::new(range.lo, range.hi.min(cut.lo.saturating_sub(1))));
                let above =
                    (range.hi > cut.hi).then(|| Interval::new(range.lo.max(cut.hi.saturating_add(1)), range.hi));
                below.into_iter().chain(above)
            });
            left = parts.collect();
        }
        Self(left)
    }

    fn within(&self, range: Interval) -> Self {
        self.minus(&Self::of(Self::ALL).minus(&Self::of(range)))
    }

    fn hull(&self) -> Option<Interval> {
        self.0.iter().copied().reduce(Interval::join)
    }
}

/// A comparison of the value with a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Test {
    Below(i128),
    Equal(i128),
}

/// Whether a value lies in a set: an odd number of these tests hold, or an even one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Membership {
    tests: Vec<Test>,
    even: bool,
}

impl Membership {
    /// Of a set of values in a range, for a value in that range.
    fn of(set: &Set, range: Interval) -> Self {
        let direct = Self::plain(set, range, false);
        let other = Self::plain(&Set::of(range).minus(set), range, true);
        if other.tests.len() < direct.tests.len() { other } else { direct }
    }

    fn plain(set: &Set, range: Interval, even: bool) -> Self {
        let mut found = Self { tests: Vec::new(), even };
        for part in &set.0 {
            if part.lo == part.hi && range.lo < range.hi {
                found.tests.push(Test::Equal(part.lo));
                continue;
            }
            // below hi + 1, and not below lo
            match part.hi >= range.hi {
                true => found.even = !found.even,
                false => found.tests.push(Test::Below(part.hi.saturating_add(1))),
            }
            if part.lo > range.lo {
                found.tests.push(Test::Below(part.lo));
            }
        }
        found
    }
}

/// The value that is matched, and the comparisons that were made of it.
struct Subject<'a> {
    of: &'a Expr,
    operand: Operand,
    range: Interval,
    tests: BTreeMap<Test, Value>,
}

/// What the arms above one gave at a leaf: constants become words, or `fix` of another scale, beside a value that is none.
#[derive(Clone, Copy)]
struct Above {
    scalar: Scalar,
    /// Whether one of them was no constant.
    fixed: bool,
}

/// An arm and the values that take it.
struct Taken<'a> {
    set: Set,
    value: &'a Expr,
}

impl Elaborator<'_> {
    /// `match of { arms }`
    pub(super) fn match_expression(&mut self, of: &Expr, arms: &[Arm], span: Span) -> Outcome<Value> {
        let value = self.expression(of)?;
        let operand = Self::operand(&Self::numbered(&value), of.span).filter(|operand| operand.extents.is_empty());
        let Some(operand) = operand.filter(|operand| matches!(operand.scalar, Scalar::Bool | Scalar::Int)) else {
            let message = format!("`match` works on integers and truth values, and this is `{}`", value.ty);
            let help = match value.ty {
                Type::Scalar(_) => "compare it in an `if`",
                _ => "match on one of its parts",
            };
            return self.error(Code::TypeMismatch, of.span, message, help);
        };
        let range = match operand.scalar {
            Scalar::Bool if operand.known().is_none() => Interval::new(0, 1),
            _ => operand.known().map_or_else(|| self.range(&operand.leaf, 0), super::known::Known::range),
        };
        let taken = self.taken(&value.ty, &operand, arms, range, span)?;
        if let [only] = taken.as_slice() {
            return self.arm(only);
        }
        let secret = self.is_secret(&operand.leaf);
        let mut subject = Subject { of, operand, range, tests: BTreeMap::new() };
        if secret {
            self.secret_arms(&mut subject, &taken, span)
        } else {
            self.public_arms(&mut subject, &taken, (range, Vec::new()), span)
        }
    }

    // Patterns.

    /// The arms that values of that range take, with these.
    fn taken<'a>(
        &mut self,
        ty: &Type,
        operand: &Operand,
        arms: &'a [Arm],
        range: Interval,
        span: Span,
    ) -> Outcome<Vec<Taken<'a>>> {
        let mut above = Set::default();
        let mut taken = Vec::new();
        let mut failed = false;
        for arm in arms {
            let mut own = Set::default();
            for pattern in &arm.patterns {
                match self.pattern(pattern, ty) {
                    Ok(values) => own = own.join(&Set::of(values)),
                    Err(Reported) => failed = true,
                }
            }
            let new = own.minus(&above);
            // Which values there are is a fact of one call of a function.
            let reached = !new.within(range).is_empty() || self.frames.len() > 1 || range.lo == range.hi;
            if let Some(first) = arm.patterns.first().filter(|_| !failed && (new.is_empty() || !reached)) {
                let last = arm.patterns.last().unwrap_or(first).span;
                let at = Span { end: last.end, ..first.span };
                let diagnostic = Diagnostic::new(Code::Unreachable, at, "this arm is never taken");
                let diagnostic = if new.is_empty() {
                    diagnostic.here("the arms above take all of these values")
                } else {
                    diagnostic.label(operand.span, show_place(range, 0))
                };
                self.report(diagnostic.help("take it out"));
            }
            above = above.join(&own);
            let set = new.within(range);
            if !set.is_empty() {
                taken.push(Taken { set, value: &arm.value });
            }
        }
        if failed {
            return Err(Reported);
        }
        let missing = Set::of(range).minus(&above);
        let Some(first) = missing.0.first() else { return Ok(taken) };
        // The value that says most: the one nearest to zero.
        let nearest = missing.0.iter().map(|range| 0.clamp(range.lo, range.hi));
        let shown = nearest.min_by_key(|value: &i128| value.unsigned_abs()).unwrap_or(first.lo);
        let shown = match ty {
            Type::Scalar(Scalar::Bool) => (shown != 0).to_string(),
            Type::Enum(of) => {
                let variant = usize::try_from(shown).ok().and_then(|at| of.variants.get(at));
                variant.map_or_else(String::new, |variant| format!("`{}::{variant}`", of.name))
            }
            _ => super::known::show_int(shown),
        };
        let several = missing.0.len() > 1 || first.lo < first.hi;
        let what = if several { format!("some values, for example {shown}") } else { shown };
        let diagnostic = Diagnostic::new(Code::NotCovered, span, format!("this `match` does not cover {what}"))
            .label(
                operand.span,
                match ty {
                    Type::Scalar(Scalar::Bool) => "true or false".to_owned(),
                    Type::Enum(of) => format!("one of {}", of.variants.join(", ")),
                    _ => show_place(range, 0),
                },
            )
            .help(format!("add an arm for {}, or `_ => …` for all other values", if several { "each" } else { "it" }));
        let origin = operand.leaf.origin.as_deref().filter(|_| *ty == Type::INT);
        Err(self.report(origin_label(diagnostic, origin, "has its range from here")))
    }

    /// The values that a pattern takes.
    fn pattern(&mut self, pattern: &Expr, ty: &Type) -> Outcome<Interval> {
        match &pattern.kind {
            ExprKind::Path { path, .. } if path.len() == 1 && path[0].text == "_" => Ok(Set::ALL),
            ExprKind::Range { from: Some(from), to: Some(to), inclusive } => {
                if *ty == Type::BOOL {
                    let message = "truth values have no ranges";
                    return self.error(Code::TypeMismatch, pattern.span, message, "write `true`, `false` or `_`");
                }
                let (lo, hi) = (self.pattern_value(from, ty), self.pattern_value(to, ty));
                let (lo, hi) = (lo?, hi?.saturating_sub(i128::from(!*inclusive)));
                if lo > hi {
                    let help = "write the smaller end first";
                    return self.error(Code::EmptyRange, pattern.span, "a range with nothing in it", help);
                }
                Ok(Interval::new(lo, hi))
            }
            _ => self.pattern_value(pattern, ty).map(Interval::of),
        }
    }

    /// The single value that a pattern names, as an integer: of a literal or a constant of the type that is matched.
    fn pattern_value(&mut self, pattern: &Expr, ty: &Type) -> Outcome<i128> {
        let value = self.expression(pattern)?;
        let Some(known) = Self::numbered(&value).known_scalar() else {
            let text = self.sources.text(pattern.span);
            let message = format!("`{text}` is not known to the compiler");
            let help = "patterns are numbers, constants, ranges of them, and `_`; compare variables in an `if`";
            return self.error(Code::NotConst, pattern.span, message, help);
        };
        if value.ty != *ty {
            let message = format!("a pattern of type `{}` for a value of type `{ty}`", value.ty);
            let help = match ty {
                Type::Enum(of) => format!("write `{}::{}`", of.name, of.variants[0]),
                Type::Scalar(Scalar::Bool) => "write `true`, `false` or `_`".to_owned(),
                _ => "write a value of that type".to_owned(),
            };
            return self.error(Code::TypeMismatch, pattern.span, message, help);
        }
        Ok(known.as_int().unwrap_or(i128::from(!known.is_zero())))
    }

    // Arms.

    fn arm(&mut self, arm: &Taken<'_>) -> Outcome<Value> {
        let top = self.set_top(false);
        let value = self.expression(arm.value);
        self.set_top(top);
        value
    }

    /// The same, with its constants as those above ask for.
    fn arm_beside(&mut self, arm: &Taken<'_>, above: &RefCell<Vec<Above>>) -> Outcome<Value> {
        let value = self.arm(arm)?;
        let types = value.ty.leaves();
        let known = |leaf: &Leaf| leaf.as_known().is_some();
        let each = value.leaves.iter().zip(&types);
        let own: Vec<Above> = each.map(|(leaf, of)| Above { scalar: of.scalar, fixed: !known(leaf) }).collect();
        if above.borrow().is_empty() {
            above.replace(own);
            return Ok(value);
        }
        let mut kinds = above.borrow_mut();
        if kinds.len() != types.len() {
            // The join tells.
            return Ok(value);
        }
        let mut scalars = Vec::with_capacity(types.len());
        for (above, own) in kinds.iter_mut().zip(own) {
            let becomes = matches!(
                (own.scalar, above.scalar),
                (Scalar::Int | Scalar::Bits(_), Scalar::Bits(_)) | (Scalar::Fix(_), Scalar::Fix(_))
            );
            scalars.push(if becomes && above.fixed && !own.fixed { above.scalar } else { own.scalar });
            if own.fixed && !above.fixed {
                *above = own;
            }
        }
        let ty = value.ty.with_scalars(&mut scalars.into_iter());
        self.rescale(&value, &ty, arm.value.span)
    }

    fn assigned_in_arms(arms: &[Taken<'_>]) -> Assigned {
        let mut names = Assigned::new();
        arms.iter().for_each(|arm| assigned_in(arm.value, &mut names));
        names
    }

    /// An `if` for each arm but the last; the value is known to lie in the range, and the arms above gave what they say.
    fn public_arms(
        &mut self,
        subject: &mut Subject<'_>,
        arms: &[Taken<'_>],
        (range, above): (Interval, Vec<Above>),
        span: Span,
    ) -> Outcome<Value> {
        let above = RefCell::new(above);
        let [first, rest @ ..] = arms else { return Err(Reported) };
        let Some(next) = rest.first() else { return self.arm_beside(first, &above) };
        // What the arms above have taken does not matter any more.
        let holds = self.member(subject, &Membership::of(&first.set, range))?;
        let operand = self.condition(&holds, subject.operand.span)?;
        let Some(decides) = self.public_truth(&operand) else { return Err(Reported) };
        let variables = self.variables_of(&Self::assigned_in_arms(arms), false);
        let spans = Sides { whole: span, first: first.value.span, second: next.value.span };
        let left = rest.iter().fold(Set::default(), |all, arm| all.join(&arm.set)).hull().unwrap_or(range);
        self.public_choice(
            decides,
            &variables,
            spans,
            |elaborator| {
                let hull = first.set.hull().unwrap_or(range);
                elaborator.knowing_range(subject.of, hull, |elaborator| elaborator.arm_beside(first, &above))
            },
            |elaborator| {
                let (of, operand, range) = (subject.of, subject.operand.clone(), subject.range);
                // Comparisons that are made there are not known elsewhere.
                let mut inner = Subject { of, operand, range, tests: subject.tests.clone() };
                elaborator.deeper(span, |elaborator| {
                    let above = above.borrow().clone();
                    let run = |elaborator: &mut Self| elaborator.public_arms(&mut inner, rest, (left, above), span);
                    elaborator.knowing_range(of, left, run)
                })
            },
        )
    }

    /// All arms, each under the truth that it is taken, and what they leave behind joined by choices.
    fn secret_arms(&mut self, subject: &mut Subject<'_>, arms: &[Taken<'_>], span: Span) -> Outcome<Value> {
        let at = subject.operand.span;
        let mut conditions: Vec<Value> = Vec::with_capacity(arms.len());
        for (n, arm) in arms.iter().enumerate() {
            let holds = if n + 1 == arms.len() {
                // What no other arm takes.
                let any = self.parity(&conditions, at)?;
                self.complement(&any, at)?
            } else {
                let membership = Membership::of(&arm.set, subject.range);
                self.member(subject, &membership)?
            };
            conditions.push(holds);
        }
        let forked = self.variables_of(&Self::assigned_in_arms(arms), true);
        let before = self.held(&forked);
        let mut values: Vec<Outcome<Value>> = Vec::with_capacity(arms.len());
        let mut variables: Vec<Vec<Option<Value>>> = vec![Vec::with_capacity(arms.len()); forked.len()];
        for (arm, condition) in arms.iter().zip(&conditions) {
            self.hold(&forked, before.clone());
            let (value, left) = self.forked(condition.clone(), at, &forked, |elaborator| elaborator.arm(arm));
            values.push(value);
            variables.iter_mut().zip(left).for_each(|(all, left)| all.push(left));
        }
        for (variable, values) in forked.iter().zip(variables) {
            let values: Option<Vec<(Value, Span)>> = values.into_iter().map(|value| Some((value?, span))).collect();
            let joined = values.and_then(|values| self.choose_arm(&conditions, &values, span).ok());
            self.variables[*variable].value = joined;
        }
        let values: Outcome<Vec<Value>> = values.into_iter().collect();
        let values: Vec<(Value, Span)> = values?.into_iter().zip(arms.iter().map(|arm| arm.value.span)).collect();
        if let Some((_, at)) = values.iter().find(|(value, _)| value.ty.is_unit() != values[0].0.ty.is_unit()) {
            let message = "one arm of the `match` has a value, and another has none";
            return self.error(Code::TypeMismatch, *at, message, "end all arms with a value, or none");
        }
        let Some(first) = values.first().cloned() else { return Err(Reported) };
        let (alike, _) = self.of_one_type(first, &values, span)?;
        let values: Vec<(Value, Span)> = alike.into_iter().zip(arms.iter().map(|arm| arm.value.span)).collect();
        self.choose_arm(&conditions, &values, span)
    }

    /// The value whose condition holds, of conditions of which one does: half by half.
    fn choose_arm(&mut self, conditions: &[Value], values: &[(Value, Span)], span: Span) -> Outcome<Value> {
        match values {
            [] => Err(Reported),
            [(value, _)] => Ok(value.clone()),
            _ => {
                let half = values.len() / 2;
                let (first, first_at) = (self.choose_arm(&conditions[..half], &values[..half], span)?, values[0].1);
                let second = self.choose_arm(&conditions[half..], &values[half..], span)?;
                let holds = self.parity(&conditions[..half], span)?;
                let operand = Self::operand(&holds, span).ok_or(Reported)?;
                self.choice(&operand, (&first, first_at), (&second, values[half].1), span)
            }
        }
    }

    // Comparisons.

    fn member(&mut self, subject: &mut Subject<'_>, membership: &Membership) -> Outcome<Value> {
        let mut tests = Vec::with_capacity(membership.tests.len());
        for test in &membership.tests {
            tests.push(self.test(subject, *test)?);
        }
        let odd = self.parity(&tests, subject.operand.span)?;
        if membership.even { self.complement(&odd, subject.operand.span) } else { Ok(odd) }
    }

    fn test(&mut self, subject: &mut Subject<'_>, test: Test) -> Outcome<Value> {
        if let Some(value) = subject.tests.get(&test) {
            return Ok(value.clone());
        }
        let span = subject.operand.span;
        let of = subject.operand.clone().into_value();
        let value = match (subject.operand.scalar, test) {
            (Scalar::Bool, Test::Equal(1)) => of,
            (Scalar::Bool, _) => self.complement(&of, span)?,
            (_, Test::Below(end)) => self.operate(BinaryOp::Lt, span, (&of, span), (&Value::int(end), span), span)?,
            (_, Test::Equal(to)) => self.operate(BinaryOp::Eq, span, (&of, span), (&Value::int(to), span), span)?,
        };
        debug_assert!(value.leaves.iter().all(|leaf| matches!(leaf.data, Data::Lanes(_))));
        subject.tests.insert(test, value.clone());
        Ok(value)
    }

    /// Whether an odd number of truth values hold.
    fn parity(&mut self, values: &[Value], span: Span) -> Outcome<Value> {
        let mut all = Value::boolean(false);
        for value in values {
            all = match all.known_bool() {
                Some(false) => value.clone(),
                _ => self.operate(BinaryOp::Ne, span, (&all, span), (value, span), span)?,
            };
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ranges: &[(i128, i128)]) -> Set {
        ranges.iter().fold(Set::default(), |all, (lo, hi)| all.join(&Set::of(Interval::new(*lo, *hi))))
    }

    #[test]
    fn sets() {
        assert_eq!(set(&[(5, 9), (0, 4), (20, 30)]), set(&[(0, 9), (20, 30)]));
        assert_eq!(set(&[(0, 9)]).minus(&set(&[(3, 3), (8, 12)])), set(&[(0, 2), (4, 7)]));
        assert_eq!(Set::of(Set::ALL).within(Interval::new(-3, 3)), set(&[(-3, 3)]));
        assert!(set(&[(0, 9)]).minus(&Set::of(Set::ALL)).is_empty());
    }

    #[test]
    fn tests_tell_membership() {
        let range = Interval::new(-4, 6);
        let sets = [set(&[(-4, 6)]), set(&[(0, 0)]), set(&[(-4, -4), (1, 3)]), set(&[(2, 6)]), set(&[(-4, 1), (3, 6)])];
        let costs = [0, 1, 3, 1, 1];
        for (set, cost) in sets.iter().zip(costs) {
            let membership = Membership::of(set, range);
            assert_eq!(membership.tests.len(), cost, "{set:?} {membership:?}");
            for value in range.lo..=range.hi {
                let holds = |test: &&Test| match test {
                    Test::Below(end) => value < *end,
                    Test::Equal(to) => value == *to,
                };
                let odd = membership.tests.iter().filter(holds).count() % 2 == 1;
                let contains = set.0.iter().any(|range| range.contains(value));
                assert_eq!(odd != membership.even, contains, "{set:?} {value}");
            }
        }
    }
}
