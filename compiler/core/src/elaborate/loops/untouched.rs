//! What a turn finds as it was before the loop: where all writes of a turn are to places of its own, a place that the turn has not written yet has the range that it had
//! before the loop.
//!
//! ```text
//! for i in 1..n { xs[i] += xs[i - 1]; }       // xs[i] is a number of the column, xs[i - 1] a sum
//! ```

use super::Carry;
use super::counts::{Position, beside, indices};
use crate::elaborate::Elaborator;
use crate::elaborate::value::{Data, Leaf, Relative, Value};
use crate::ir::{Ref, ValueId};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};
use smpc_bytecode::interval::Interval;
use std::collections::BTreeSet;

/// An array at the start of a turn.
#[derive(Clone, Debug)]
pub(in crate::elaborate) struct Untouched {
    /// Where turns write to it, and nowhere else.
    writes: BTreeSet<Position>,
    counter: ValueId,
    extents: Vec<u64>,
    /// How many public conditions the turn stands under: where there are more, passes may let the other side's write go first.
    conditions: usize,
    /// Its range before the loop, and the value that it was.
    range: Interval,
    before: Option<ValueId>,
}

impl Elaborator<'_> {
    /// Notes the arrays that the turn starts with.
    pub(super) fn leave_untouched(&mut self, carry: &Carry, params: &[ValueId], counter: ValueId, conditions: usize) {
        for (leaf, param) in carry.leaves.iter().zip(params) {
            if leaf.writes.is_empty() || !leaf.of.scalar.is_number() {
                continue;
            }
            let range = self.range(&leaf.entry, leaf.of.scalar.frac());
            let around = self.whole_of(&leaf.entry);
            let under =
                |around: &ValueId| self.untouched.get(around).is_some_and(|own| own.conditions == self.conditional);
            let before = around.filter(under);
            let writes = leaf.writes.clone();
            let extents = leaf.of.extents.clone();
            self.untouched.insert(*param, Untouched { writes, counter, extents, conditions, range, before });
        }
    }

    /// The value of which a leaf is all.
    fn whole_of(&self, leaf: &Leaf) -> Option<ValueId> {
        let Data::Lanes(view) = &leaf.data else { return None };
        view.place.is_whole(self.builder.lanes(view.value)).then_some(view.value)
    }

    /// What an expression has read of an array, in the range that it had before the loops whose turns have not written there yet.
    pub(in crate::elaborate) fn as_untouched(&mut self, e: &Expr, found: Value, span: Span) -> Value {
        let (root, positions) = indices(e, &|name| self.is_scalar(name));
        let ExprKind::Path { path, .. } = &root.kind else { return found };
        let variable = path.first().filter(|_| path.len() == 1).and_then(|name| self.variable(&name.text));
        let Some(Some(array)) = variable.map(|variable| self.variables[variable].value.as_ref()) else { return found };
        if self.untouched.is_empty() || array.leaves.len() != found.leaves.len() {
            return found;
        }
        let leaves = array.leaves.iter().zip(array.ty.leaves());
        let ranges: Vec<Option<Interval>> =
            leaves.map(|(leaf, of)| self.untouched_range((leaf, &of.extents), &positions)).collect();
        let types = found.ty.leaves();
        let mut value = found;
        for ((leaf, of), range) in value.leaves.iter_mut().zip(types).zip(ranges) {
            let own = self.range(leaf, of.scalar.frac());
            if let (Some(range), Data::Lanes(view)) = (range, &leaf.data)
                && self.is_secret(leaf)
                && leaf.lanes() == 1
                && range.within(own)
            {
                let relative = leaf.relative.map(|relative| Relative { untouched: true, ..relative });
                if range != own {
                    let view: Ref = view.clone();
                    *leaf = self.relabelled(&view, range, span).from(leaf.origin.clone());
                }
                leaf.relative = relative;
            }
        }
        value
    }

    fn untouched_range(&self, (array, extents): (&Leaf, &[u64]), positions: &[&Expr]) -> Option<Interval> {
        let mut range = None;
        let mut at = self.whole_of(array);
        if at.and_then(|at| self.untouched.get(&at)).is_none_or(|own| own.conditions != self.conditional) {
            return None;
        }
        while let Some(untouched) = at.and_then(|at| self.untouched.get(&at)) {
            let here = |(part, more): &Position| {
                let index = positions.get(*part).and_then(|e| beside(e)).filter(|(_, own)| own == more);
                index.is_some_and(|(name, _)| self.is_value(&name.text, untouched.counter))
            };
            // The same lanes may be known as an array of another shape.
            if untouched.extents != extents || !untouched.writes.iter().any(here) {
                break;
            }
            range = Some(untouched.range);
            at = untouched.before;
        }
        range
    }

    /// Whether a name stands for that public scalar.
    fn is_value(&self, name: &str, value: ValueId) -> bool {
        let held = self.variable(name).and_then(|variable| self.variables[variable].value.as_ref());
        let leaf = held.and_then(|held| held.leaves.first());
        leaf.is_some_and(|leaf| matches!(&leaf.data, Data::Lanes(view) if view.value == value && view.lanes() == 1))
    }
}
