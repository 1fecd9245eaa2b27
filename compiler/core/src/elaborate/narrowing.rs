//! What a public condition says of variables: inside `if n < 10 { … }`, and behind `while n < 10 { … }`, the range of n is a narrower one. Secret conditions
//! say nothing, as both sides are computed on whatever values stand there.
//!
//! A fact stands with the value of the variable ([`Leaf::narrowed`](super::value::Leaf)) as long as the condition holds; where the value is used, it is relabelled.

use super::Elaborator;
use super::modules::ItemId;
use super::types::{Scalar, Type};
use super::value::{Data, Value};
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, ItemKind, UnaryOp};
use smpc_bytecode::interval::Interval;

/// What holds a public number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    Variable(usize),
    Input(ItemId),
}

/// A number in a holder lies in a range of raw integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fact {
    holder: Holder,
    range: Interval,
}

impl Elaborator<'_> {
    /// Runs something where a condition is known to hold, or not to hold.
    pub(super) fn knowing<T>(&mut self, condition: &Expr, holds: bool, run: impl FnOnce(&mut Self) -> T) -> T {
        let mut facts = Vec::new();
        self.facts(condition, holds, &mut facts);
        self.with_facts(&facts, run)
    }

    /// Runs something where the value of an expression is known to lie in a range.
    pub(super) fn knowing_range<T>(&mut self, e: &Expr, range: Interval, run: impl FnOnce(&mut Self) -> T) -> T {
        let facts: Vec<Fact> = self.holder(e).map(|(holder, _)| Fact { holder, range }).into_iter().collect();
        self.with_facts(&facts, run)
    }

    /// From here on a condition is known to hold, or not to hold.
    pub(super) fn learn(&mut self, condition: &Expr, holds: bool) {
        let mut facts = Vec::new();
        self.facts(condition, holds, &mut facts);
        for fact in facts {
            self.narrow_by(fact);
        }
    }

    fn with_facts<T>(&mut self, facts: &[Fact], run: impl FnOnce(&mut Self) -> T) -> T {
        let mut before = Vec::new();
        for fact in facts {
            let value = self.holds(fact.holder).cloned();
            self.narrow_by(*fact);
            before.push((fact.holder, value, self.holds(fact.holder).cloned()));
        }
        let done = run(self);
        for (holder, value, narrowed) in before.into_iter().rev() {
            // What was assigned since has facts of its own.
            if self.holds(holder).cloned() == narrowed
                && let (Some(value), Some(place)) = (value, self.holds_mut(holder))
            {
                *place = value;
            }
        }
        done
    }

    fn holds(&self, holder: Holder) -> Option<&Value> {
        match holder {
            Holder::Variable(at) => self.variables[at].value.as_ref(),
            Holder::Input(id) => self.items.inputs.get(&id).and_then(|value| value.as_ref().ok()),
        }
    }

    fn holds_mut(&mut self, holder: Holder) -> Option<&mut Value> {
        match holder {
            Holder::Variable(at) => self.variables[at].value.as_mut(),
            Holder::Input(id) => self.items.inputs.get_mut(&id).and_then(|value| value.as_mut().ok()),
        }
    }

    fn narrow_by(&mut self, Fact { holder, range }: Fact) {
        let Some(Value { ty: Type::Scalar(scalar), leaves }) = self.holds(holder) else { return };
        let Some(leaf) = leaves.first() else { return };
        let own = self.range(leaf, scalar.frac());
        let both = Interval::new(own.lo.max(range.lo), own.hi.min(range.hi));
        // Where nothing is left, the code never runs.
        if both != own
            && both.lo <= both.hi
            && let Some(leaf) = self.holds_mut(holder).and_then(|value| value.leaves.first_mut())
        {
            leaf.narrowed = Some(both);
        }
    }

    /// What a name holds that may be narrowed: a public number that the compiler does not know.
    fn holder(&self, e: &Expr) -> Option<(Holder, Scalar)> {
        let ExprKind::Path { path, args } = &e.kind else { return None };
        let ([name], []) = (path.as_slice(), args.as_slice()) else { return None };
        let holder = match self.variable(&name.text) {
            Some(variable) => Holder::Variable(variable),
            None if self.frame().generics.sizes.contains_key(&name.text) => return None,
            None => {
                let id = self.modules.find(self.frame().module, &name.text)?;
                matches!(self.modules.item(id).kind, ItemKind::Input(_)).then_some(Holder::Input(id))?
            }
        };
        let Value { ty: Type::Scalar(scalar), leaves } = self.holds(holder)? else { return None };
        let leaf = leaves.first()?;
        let public = matches!(leaf.data, Data::Lanes(_)) && !self.is_secret(leaf);
        (public && scalar.is_number()).then_some((holder, *scalar))
    }

    fn facts(&mut self, condition: &Expr, holds: bool, facts: &mut Vec<Fact>) {
        match &condition.kind {
            ExprKind::Unary(UnaryOp::Not, of) => self.facts(of, !holds, facts),
            ExprKind::Binary { op: BinaryOp::And, left, right, .. } if holds => {
                self.facts(left, holds, facts);
                self.facts(right, holds, facts);
            }
            ExprKind::Binary { op: BinaryOp::Or, left, right, .. } if !holds => {
                self.facts(left, holds, facts);
                self.facts(right, holds, facts);
            }
            ExprKind::Binary { op, left, right, .. } => {
                let Some(op) = (if holds { Some(*op) } else { opposite(*op) }) else { return };
                for (of, op, other) in [(left, Some(op), right), (right, mirrored(op), left)] {
                    if let (Some(op), Some((holder, scalar))) = (op, self.holder(of))
                        && let Some(other) = self.plain_range(other, scalar)
                        && let Some(own) = self.holds(holder).and_then(|value| value.leaves.first())
                    {
                        let own = self.range(own, scalar.frac());
                        facts.extend(compared(op, own, other).map(|range| Fact { holder, range }));
                    }
                }
            }
            _ => {}
        }
    }

    /// The raw range of an expression that does nothing but compute, at the scale of what it is compared with.
    pub(super) fn plain_range(&mut self, e: &Expr, scalar: Scalar) -> Option<Interval> {
        if !is_plain(e) {
            return None;
        }
        let (mark, calls, messages) = (self.builder.mark(), self.calls.mark(), self.sink.len());
        let value = self.expression(e).ok();
        let range = value.and_then(|value| match (&value.ty, value.leaves.first()) {
            (Type::Scalar(own), Some(leaf)) if own == &scalar || leaf.as_known().is_some() && own.is_number() => {
                Some(self.range(leaf, scalar.frac()))
            }
            _ => None,
        });
        self.calls.forget(calls);
        self.builder.rewind(&mark);
        self.sink.truncate(messages);
        range
    }
}

/// Whether an expression is made of names, numbers and arithmetic.
fn is_plain(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Int(_) | ExprKind::Fix(_) | ExprKind::Path { .. } => true,
        ExprKind::Unary(UnaryOp::Neg, of) => is_plain(of),
        ExprKind::Binary { op: BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, left, right, .. } => {
            is_plain(left) && is_plain(right)
        }
        ExprKind::Call { callee, args } => {
            let len = matches!(&callee.kind, ExprKind::Path { path, .. } if path.len() == 1 && path[0].text == "len");
            len && args.iter().all(is_plain)
        }
        _ => false,
    }
}

/// The comparison that holds where this one does not.
pub(super) const fn opposite(op: BinaryOp) -> Option<BinaryOp> {
    Some(match op {
        BinaryOp::Lt => BinaryOp::Ge,
        BinaryOp::Ge => BinaryOp::Lt,
        BinaryOp::Gt => BinaryOp::Le,
        BinaryOp::Le => BinaryOp::Gt,
        BinaryOp::Eq => BinaryOp::Ne,
        BinaryOp::Ne => BinaryOp::Eq,
        _ => return None,
    })
}

/// The same comparison with its sides exchanged.
pub(super) const fn mirrored(op: BinaryOp) -> Option<BinaryOp> {
    Some(match op {
        BinaryOp::Lt => BinaryOp::Gt,
        BinaryOp::Gt => BinaryOp::Lt,
        BinaryOp::Le => BinaryOp::Ge,
        BinaryOp::Ge => BinaryOp::Le,
        BinaryOp::Eq => BinaryOp::Eq,
        BinaryOp::Ne => BinaryOp::Ne,
        _ => return None,
    })
}

/// Where a number of range `own` lies that compares so with some number of the other range.
pub(super) fn compared(op: BinaryOp, own: Interval, other: Interval) -> Option<Interval> {
    let below = |hi: i128| Interval::new(own.lo, own.hi.min(hi));
    let above = |lo: i128| Interval::new(own.lo.max(lo), own.hi);
    Some(match op {
        BinaryOp::Lt => below(other.hi - 1),
        BinaryOp::Le => below(other.hi),
        BinaryOp::Gt => above(other.lo + 1),
        BinaryOp::Ge => above(other.lo),
        BinaryOp::Eq => Interval::new(own.lo.max(other.lo), own.hi.min(other.hi)),
        BinaryOp::Ne if other.lo == other.hi && other.lo == own.lo => above(own.lo + 1),
        BinaryOp::Ne if other.lo == other.hi && other.hi == own.hi => below(own.hi - 1),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_narrow_and_lose_nothing() {
        let ops = [BinaryOp::Lt, BinaryOp::Le, BinaryOp::Gt, BinaryOp::Ge, BinaryOp::Eq, BinaryOp::Ne];
        let holds = |op, a: i128, b: i128| match op {
            BinaryOp::Lt => a < b,
            BinaryOp::Le => a <= b,
            BinaryOp::Gt => a > b,
            BinaryOp::Ge => a >= b,
            BinaryOp::Eq => a == b,
            _ => a != b,
        };
        let ranges = [(-2, 3), (0, 0), (2, 5), (3, 3), (-2, -2)].map(|(lo, hi)| Interval::new(lo, hi));
        for (own, other) in ranges.iter().flat_map(|own| ranges.map(|other| (*own, other))) {
            for op in ops {
                let narrowed = compared(op, own, other).unwrap_or(own);
                for (a, b) in (own.lo..=own.hi).flat_map(|a| (other.lo..=other.hi).map(move |b| (a, b))) {
                    assert!(!holds(op, a, b) || narrowed.contains(a), "{op:?} {own:?} {other:?}");
                    assert_eq!(holds(op, a, b), mirrored(op).is_some_and(|op| holds(op, b, a)));
                    assert_ne!(holds(op, a, b), opposite(op).is_some_and(|op| holds(op, a, b)));
                }
            }
        }
        assert_eq!(compared(BinaryOp::Lt, Interval::new(0, 100), Interval::new(3, 10)), Some(Interval::new(0, 9)));
    }
}
