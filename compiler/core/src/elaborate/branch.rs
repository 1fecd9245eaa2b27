//! `if`: decided by the compiler, by public values as the program runs, or by secrets.
//!
//! Under a secret condition both sides are computed, so that nobody sees which one counts. A variable that a side assigns as a whole has a copy in each
//! side, and one choice joins them; a write to a part of a variable chooses the part alone, at once (see `place`).

use super::assigned::{Assigned, assigned, assigned_in};
use super::exits::{Left, RESULT};
use super::known::{Known, Num};
use super::types::{LeafType, Scalar, Type};
use super::value::{Data, Leaf, Relative, Value};
use super::{Branch, Elaborator, Outcome, Reported};
use crate::diagnostics::Code;
use crate::ir::builder::{Leaving, OpenElse};
use crate::ir::{Kind, Op, Ref, RegType, ValueId};
use crate::source::Span;
use crate::syntax::ast::{Block, Expr, ExprKind};
use smpc_bytecode::interval::Interval;
use std::collections::BTreeSet;

/// What a side of an `if` left behind: its value, and those of the variables that a side assigns.
struct Side {
    value: Outcome<Value>,
    variables: Vec<Option<Value>>,
    /// Whether it always ends with an exit, and has no value.
    left: bool,
}

/// An `if` in the source, and the values of its sides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides {
    pub(super) whole: Span,
    pub(super) first: Span,
    pub(super) second: Span,
}

impl Sides {
    /// Where all three are one expression.
    pub(super) const fn of(span: Span) -> Self {
        Self { whole: span, first: span, second: span }
    }
}

/// Where the value of an `else` stands.
fn value_span(otherwise: &Expr) -> Span {
    match &otherwise.kind {
        ExprKind::Block(block) => block.value.as_ref().map_or(block.span, |value| value.span),
        _ => otherwise.span,
    }
}

impl Elaborator<'_> {
    pub(super) fn if_expression(
        &mut self,
        condition: &Expr,
        then: &Block,
        otherwise: Option<&Expr>,
        span: Span,
    ) -> Outcome<Value> {
        let decides = self.expression(condition)?;
        match decides.known_bool() {
            Some(true) => self.block_value(then),
            Some(false) => match otherwise {
                Some(otherwise) => self.expression(otherwise),
                None => Ok(Value::unit()),
            },
            None => self.undecided(&decides, condition, then, otherwise, span),
        }
    }

    /// An `if` whose condition the compiler does not know.
    fn undecided(
        &mut self,
        decides: &Value,
        condition: &Expr,
        then: &Block,
        otherwise: Option<&Expr>,
        span: Span,
    ) -> Outcome<Value> {
        let operand = self.condition(decides, condition.span)?;
        let mut names = assigned([then]);
        otherwise.iter().for_each(|otherwise| assigned_in(otherwise, &mut names));
        let first = |elaborator: &mut Self| elaborator.block_value(then);
        let second = |elaborator: &mut Self| match otherwise {
            Some(otherwise) => {
                let top = elaborator.set_top(false);
                let value = elaborator.expression(otherwise);
                elaborator.set_top(top);
                value
            }
            None => Ok(Value::unit()),
        };
        let spans = Sides {
            whole: span,
            first: then.value.as_ref().map_or(then.span, |value| value.span),
            second: otherwise.map_or(span, value_span),
        };
        let value = match self.public_truth(&operand) {
            Some(decides) => {
                let variables = self.variables_of(&names, false);
                let first = |elaborator: &mut Self| elaborator.knowing(condition, true, first);
                let second = |elaborator: &mut Self| elaborator.knowing(condition, false, second);
                self.public_choice(decides, &variables, spans, first, second)?
            }
            None => self.secret_choice(decides, condition.span, &names, spans, first, second)?,
        };
        if otherwise.is_none() && !value.ty.is_unit() {
            let message = "an `if` with a value and without `else`";
            return self.error(Code::TypeMismatch, span, message, "write `else { … }`");
        }
        Ok(value)
    }

    /// The variables in scope that are assigned; only those that are assigned as a whole, if asked.
    pub(super) fn variables_of(&self, names: &Assigned, whole: bool) -> Vec<usize> {
        let wanted = names.iter().filter(|(_, as_whole)| **as_whole || !whole);
        let mut found: Vec<usize> = wanted.filter_map(|(name, _)| self.variable(name)).collect();
        found.sort_unstable();
        found
    }

    /// What variables hold now.
    pub(super) fn held(&self, variables: &[usize]) -> Vec<Option<Value>> {
        variables.iter().map(|variable| self.variables[*variable].value.clone()).collect()
    }

    /// Gives variables their values back.
    pub(super) fn hold(&mut self, variables: &[usize], values: Vec<Option<Value>>) {
        for (variable, value) in variables.iter().zip(values) {
            self.variables[*variable].value = value;
        }
    }

    // Secret conditions.

    fn secret_choice(
        &mut self,
        condition: &Value,
        condition_span: Span,
        names: &Assigned,
        spans: Sides,
        first: impl FnOnce(&mut Self) -> Outcome<Value>,
        second: impl FnOnce(&mut Self) -> Outcome<Value>,
    ) -> Outcome<Value> {
        let span = spans.whole;
        let forked = self.variables_of(names, true);
        let before = self.held(&forked);
        let then = self.secret_side(condition.clone(), condition_span, &forked, first);
        self.hold(&forked, before);
        let complement = self.complement(condition, condition_span)?;
        let otherwise = self.secret_side(complement, condition_span, &forked, second);
        let operand = Self::operand(condition, condition_span).ok_or(Reported)?;
        for ((variable, a), b) in forked.iter().zip(then.variables).zip(otherwise.variables) {
            let joined = match (a, b) {
                (Some(a), Some(b)) => self.choice(&operand, (&a, span), (&b, span), span).ok(),
                _ => None,
            };
            self.variables[*variable].value = joined;
        }
        let (a, b) = (then.value?, otherwise.value?);
        if a.ty.is_unit() || b.ty.is_unit() {
            return self.same_unit(a, &b, span);
        }
        self.choice(&operand, (&a, spans.first), (&b, spans.second), span)
    }

    /// A block that counts where a secret condition holds.
    pub(super) fn secret_block(&mut self, condition: &Value, condition_span: Span, block: &Block) -> Outcome<Value> {
        let spans = Sides::of(block.span);
        let first = |elaborator: &mut Self| elaborator.block_value(block).map(|_| Value::unit());
        self.secret_choice(condition, condition_span, &assigned([block]), spans, first, |_| Ok(Value::unit()))
    }

    /// A value that counts where a secret condition holds.
    pub(super) fn under(
        &mut self,
        condition: Value,
        span: Span,
        run: impl FnOnce(&mut Self) -> Outcome<Value>,
    ) -> Outcome<Value> {
        self.secret_side(condition, span, &[], run).value
    }

    /// The right side of `&&` or `||`, which counts where the left one, a secret, does not decide.
    pub(super) fn right_side(
        &mut self,
        condition: Value,
        span: Span,
        run: impl FnOnce(&mut Self) -> Outcome<Value>,
    ) -> Outcome<Value> {
        let outside = self.variables.len();
        self.branches.push(Branch { condition, span, outside, forked: BTreeSet::new(), operator: true });
        let value = run(self);
        self.branches.pop();
        value
    }

    /// A value with copies of some variables, and what these are then.
    pub(super) fn forked(
        &mut self,
        condition: Value,
        span: Span,
        forked: &[usize],
        run: impl FnOnce(&mut Self) -> Outcome<Value>,
    ) -> (Outcome<Value>, Vec<Option<Value>>) {
        let side = self.secret_side(condition, span, forked, run);
        (side.value, side.variables)
    }

    fn secret_side(
        &mut self,
        condition: Value,
        span: Span,
        forked: &[usize],
        run: impl FnOnce(&mut Self) -> Outcome<Value>,
    ) -> Side {
        let outside = self.variables.len();
        self.branches.push(Branch {
            condition,
            span,
            outside,
            forked: forked.iter().copied().collect(),
            operator: false,
        });
        let value = run(self);
        self.branches.pop();
        Side { value, variables: self.held(forked), left: false }
    }

    /// Where one side has no value, neither has.
    fn same_unit(&mut self, a: Value, b: &Value, span: Span) -> Outcome<Value> {
        if a.ty == b.ty {
            return Ok(a);
        }
        let message = "one side of the `if` has a value, and the other has none";
        self.error(Code::TypeMismatch, span, message, "end both blocks with a value, or both with `;`")
    }

    // Public conditions.

    /// An `if` that is decided as the program runs, and what the variables are afterwards.
    pub(super) fn public_choice(
        &mut self,
        condition: ValueId,
        variables: &[usize],
        spans: Sides,
        first: impl FnOnce(&mut Self) -> Outcome<Value>,
        second: impl FnOnce(&mut Self) -> Outcome<Value>,
    ) -> Outcome<Value> {
        let span = spans.whole;
        let before = self.held(variables);
        let outside = self.builder.program().values.len();
        self.at(span);
        let open = self.builder.begin_if(condition);
        let calls = self.calls.mark();
        self.conditional += 1;
        let then = self.public_side(variables, first);
        self.calls.forget(calls);
        self.hold(variables, before);
        let mut open = self.builder.begin_else(open);
        let otherwise = self.public_side(variables, second);
        self.calls.forget(calls);
        self.conditional -= 1;

        // Both sides as values of one type.
        let mut pairs: Vec<Option<(Value, Value)>> = Vec::with_capacity(variables.len() + 1);
        for ((a, b), variable) in then.variables.into_iter().zip(otherwise.variables).zip(variables) {
            let result = self.variables[*variable].name == RESULT;
            pairs.push(match (a, b) {
                // A function that has not returned has no result yet: any of that type does.
                (Some(a), Some(b)) if result && a.ty.is_unit() => Some(self.fill_first(&mut open, b, outside)),
                (Some(a), Some(b)) if result && b.ty.is_unit() => Some(self.fill_second(a, outside)),
                (Some(a), Some(b)) => self.one_type(&mut open, a, b, spans).ok(),
                _ => None,
            });
        }
        pairs.push(match (then.value, otherwise.value) {
            (Ok(a), Ok(b)) => self.one_type(&mut open, a, b, spans).ok(),
            // A side that is left has no value, and needs none.
            (Err(Reported), Ok(b)) if then.left => Some(self.fill_first(&mut open, b, outside)),
            (Ok(a), Err(Reported)) if otherwise.left => Some(self.fill_second(a, outside)),
            _ => None,
        });
        let mut leaving: Vec<Leaving> = Vec::new();
        let mut joined: Vec<Option<(Type, Vec<Joined>)>> = Vec::with_capacity(pairs.len());
        for pair in pairs {
            joined.push(match pair {
                Some((a, b)) => self.join_sides(&mut open, &a, &b, &mut leaving, span).ok(),
                None => None,
            });
        }
        self.at(span);
        let results = self.builder.end_if(open, &leaving);
        let mut values: Vec<Option<Value>> = Vec::with_capacity(joined.len());
        for value in joined {
            values.push(value.map(|(ty, leaves)| {
                let leaves = leaves.into_iter().map(|leaf| match leaf {
                    Joined::Same(leaf) => leaf,
                    Joined::Condition { holds: true } => Leaf::of(Ref::lane(condition, 0)),
                    Joined::Condition { holds: false } => {
                        Leaf::of(self.truth(Op::Not {}, vec![Ref::lane(condition, 0)], 1, span))
                    }
                    Joined::Result(at, lanes, leaf) => {
                        Leaf { data: Data::Lanes(Ref::whole(results[at], lanes)), ..leaf }
                    }
                });
                Value { ty, leaves: leaves.collect() }
            }));
        }
        let value = values.pop().flatten();
        self.hold(variables, values);
        value.ok_or(Reported)
    }

    fn public_side(&mut self, variables: &[usize], run: impl FnOnce(&mut Self) -> Outcome<Value>) -> Side {
        let value = run(self);
        let left = self.left() == Left::Yes;
        Side { value, variables: self.held(variables), left }
    }

    /// Both sides as values of one type; the second one is open.
    fn one_type(&mut self, open: &mut OpenElse, a: Value, b: Value, spans: Sides) -> Outcome<(Value, Value)> {
        if a.ty == b.ty {
            return Ok((a, b));
        }
        if a.ty.is_unit() || b.ty.is_unit() {
            return self.same_unit(a, &b, spans.whole).map(|_| (b.clone(), b));
        }
        // What brings a side to the common type is computed in that side.
        let (_, second) = self.unify((&a, spans.first), (&b, spans.second), spans.whole)?;
        self.builder.swap_sides(open);
        let first = self.rescale(&a, &second.ty, spans.first);
        self.builder.swap_sides(open);
        Ok((first?, second))
    }

    /// A value for the first side that stands for none; the second one is open.
    fn fill_first(&mut self, open: &mut OpenElse, b: Value, outside: usize) -> (Value, Value) {
        self.builder.swap_sides(open);
        let a = self.filler(&b, outside);
        self.builder.swap_sides(open);
        (a, b)
    }

    fn fill_second(&mut self, a: Value, outside: usize) -> (Value, Value) {
        let b = self.filler(&a, outside);
        (a, b)
    }

    /// A value of the same type and ranges that nobody reads: the same where that was known before the `if`.
    fn filler(&mut self, of: &Value, outside: usize) -> Value {
        let types = of.ty.leaves();
        let leaves = of.leaves.iter().zip(&types).map(|(leaf, of)| match &leaf.data {
            Data::Lanes(view) if !before(view, outside) && of.lanes() > 0 => {
                let ty = self.builder.ty(view.value);
                let word = if of.scalar == Scalar::Bool { 0 } else { ty.range().0 };
                let value = self.builder.fill(ty, word, of.lanes());
                Leaf { data: Data::Lanes(Ref::whole(value, of.lanes())), narrowed: None, ..leaf.clone() }
            }
            // What is known of it need not hold on this side.
            Data::Lanes(_) | Data::Known(_) => Leaf { narrowed: None, ..leaf.clone() },
        });
        Value { ty: of.ty.clone(), leaves: leaves.collect() }
    }

    fn join_sides(
        &mut self,
        open: &mut OpenElse,
        a: &Value,
        b: &Value,
        leaving: &mut Vec<Leaving>,
        span: Span,
    ) -> Outcome<(Type, Vec<Joined>)> {
        let types = a.ty.leaves();
        let mut leaves = Vec::with_capacity(types.len());
        for ((x, y), of) in a.leaves.iter().zip(&b.leaves).zip(&types) {
            if x.data == y.data || of.lanes() == 0 {
                leaves.push(Joined::Same(x.clone().or(y)));
                continue;
            }
            if let (Some(Known::Same(Num::Bool(x), 1)), Some(Known::Same(Num::Bool(_), 1))) =
                (x.as_known(), y.as_known())
            {
                leaves.push(Joined::Condition { holds: *x });
                continue;
            }
            let ty = self.joined_type(x, y, of);
            let otherwise = self.side_value(y, of, span)?;
            self.builder.swap_sides(open);
            let then = self.side_value(x, of, span);
            self.builder.swap_sides(open);
            let kept = self.chosen_range(&Ref::lane(open.condition(), 0), x, y, of.scalar.frac());
            let (lo, hi) = ty.range();
            let leaf = Leaf {
                data: x.data.clone(),
                origin: self.origin_of(&[x, y]),
                relative: Relative::join(x.relative, y.relative),
                public: false,
                narrowed: (of.scalar.is_number() && kept != Interval::new(lo.into(), hi.into())).then_some(kept),
            };
            let leaf = leaf.public(of.scalar, !self.is_secret(x) && !self.is_secret(y));
            leaves.push(Joined::Result(leaving.len(), of.lanes(), leaf));
            leaving.push((then?, otherwise, ty));
        }
        Ok((a.ty.clone(), leaves))
    }

    fn side_value(&mut self, leaf: &Leaf, of: &LeafType, span: Span) -> Outcome<ValueId> {
        let view = self.lanes(leaf, of.scalar, of.lanes(), span)?;
        self.at(span);
        Ok(self.builder.value_of(&view))
    }

    /// The register type that holds both leaves.
    pub(super) fn joined_type(&self, a: &Leaf, b: &Leaf, of: &LeafType) -> RegType {
        let secret = self.is_secret(a) || self.is_secret(b);
        let frac = of.scalar.frac();
        register(of.scalar, secret, self.range(a, frac).join(self.range(b, frac)))
    }
}

/// A leaf after an `if`.
enum Joined {
    /// The same on both sides.
    Same(Leaf),
    /// Whether the condition holds, or whether it does not.
    Condition { holds: bool },
    /// The n-th result of the `if`, of so many lanes.
    Result(usize, u64, Leaf),
}

/// Whether a view is of values that there were when there were so many.
fn before(view: &Ref, values: usize) -> bool {
    view.value.index() < values && view.place.index.is_none_or(|index| index.value.index() < values)
}

/// The register type of lanes with that range, cut to 64 bits.
pub(super) fn register(scalar: Scalar, secret: bool, range: Interval) -> RegType {
    let cut = |end: i128| i64::try_from(end.clamp(Interval::FULL.lo, Interval::FULL.hi)).unwrap_or(0);
    let (lo, hi, frac) = (cut(range.lo), cut(range.hi), scalar.frac());
    match scalar {
        Scalar::Bool if secret => RegType::BIN_BOOL,
        Scalar::Bool => RegType::PUB_BOOL,
        Scalar::Bits(width) => RegType::Bin { width },
        _ if secret => RegType::Arith { lo, hi, frac },
        Scalar::Int => RegType::pub_int(lo, hi),
        Scalar::Fix(_) => RegType::Pub { kind: Kind::Fix, lo, hi, frac },
    }
}
