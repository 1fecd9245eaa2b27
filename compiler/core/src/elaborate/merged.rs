//! The range of a choice between the two values that its condition compares: that of their minimum or maximum, as in `if x < best { best = x; }`.
//!
//! The sides themselves keep their ranges, as both are computed on whatever values stand there; only what is chosen is known to be less or greater than what
//! is not. The comparison is found in the program in the making, by the values that it looks at.

use super::Elaborator;
use super::lanes::Operand;
use super::narrowing::{compared, mirrored, opposite};
use super::value::{Data, Leaf};
use crate::ir::{Op, Ref};
use crate::syntax::ast::BinaryOp;
use smpc_bytecode::interval::Interval;
use std::collections::BTreeSet;

/// Most parts of a condition that are looked at.
const PARTS: usize = 64;

impl Elaborator<'_> {
    /// The range of `a` where the condition holds and of `b` where it does not, lane by lane, as raw integers of `frac` fractional bits.
    pub(super) fn chosen_range(&self, condition: &Ref, a: &Leaf, b: &Leaf, frac: u32) -> Interval {
        let ranges = [self.range(a, frac), self.range(b, frac)];
        let hull = ranges[0].join(ranges[1]);
        if condition.lanes() != a.lanes() || a.lanes() != b.lanes() {
            return hull;
        }
        let first = self.order(condition, true, (a, b), frac).and_then(|op| compared(op, ranges[0], ranges[1]));
        let second = self.order(condition, false, (a, b), frac).and_then(mirrored);
        let second = second.and_then(|op| compared(op, ranges[1], ranges[0]));
        let kept = |range: &Interval| range.lo <= range.hi;
        let (first, second) = (first.unwrap_or(ranges[0]), second.unwrap_or(ranges[1]));
        // A side of which nothing is left is never chosen.
        [first, second].into_iter().filter(kept).reduce(Interval::join).unwrap_or(hull)
    }

    /// How `a` compares with `b` where a condition holds, or does not hold; `None` where it is no comparison of these.
    fn order(&self, condition: &Ref, holds: bool, (a, b): (&Leaf, &Leaf), frac: u32) -> Option<BinaryOp> {
        let (mut stack, mut seen) = (vec![(condition, holds)], BTreeSet::new());
        while let Some((condition, holds)) = stack.pop() {
            let whole = condition.place.is_whole(self.builder.lanes(condition.value));
            // Conditions share parts: each is looked at once.
            if !whole || !seen.insert((condition.value, holds)) || seen.len() > PARTS {
                continue;
            }
            match self.builder.definition(condition.value) {
                Some((Op::Lt {}, [p, q])) => {
                    let op = if self.stands_for(p, a, frac) && self.stands_for(q, b, frac) {
                        BinaryOp::Lt
                    } else if self.stands_for(p, b, frac) && self.stands_for(q, a, frac) {
                        BinaryOp::Gt
                    } else {
                        continue;
                    };
                    return if holds { Some(op) } else { opposite(op) };
                }
                Some((Op::Not {}, [of])) => stack.push((of, !holds)),
                Some((Op::And {}, [p, q])) if holds => stack.extend([(q, holds), (p, holds)]),
                Some((Op::Or {}, [p, q])) if !holds => stack.extend([(q, holds), (p, holds)]),
                Some((Op::Copy {}, [of])) => stack.push((of, holds)),
                _ => {}
            }
        }
        None
    }

    /// Whether what is compared is that leaf, at the same scale.
    fn stands_for(&self, compared: &Ref, leaf: &Leaf, frac: u32) -> bool {
        let ty = self.builder.ty(compared.value);
        match &leaf.data {
            Data::Lanes(view) => ty.frac() == frac && self.builder.equal_lanes(compared, view),
            Data::Known(_) => {
                let (range, (lo, hi)) = (self.range(leaf, frac), ty.range());
                let one = range.lo == range.hi && compared.lanes() == leaf.lanes();
                one && ty.frac() == frac && (i128::from(lo), i128::from(hi)) == (range.lo, range.hi)
            }
        }
    }

    /// What a choice by the same condition has chosen where that holds.
    pub(super) fn already_chosen(&self, condition: &Operand, leaf: &Leaf) -> Option<Leaf> {
        let (Data::Lanes(decides), Data::Lanes(view)) = (&condition.leaf.data, &leaf.data) else { return None };
        let behind = |view: &Ref| {
            let whole = view.place.is_whole(self.builder.lanes(view.value));
            self.builder.definition(view.value).filter(|_| whole)
        };
        let (op, args) = match behind(view)? {
            (Op::Relabel {}, [of]) => behind(of)?,
            found => found,
        };
        match (op, args) {
            (Op::Select {}, [own, chosen, _]) if self.builder.equal_lanes(own, decides) => {
                // What a public condition says of the choice need not hold of what was chosen from.
                Some(Leaf { data: Data::Lanes(chosen.clone()), narrowed: None, ..leaf.clone() })
            }
            _ => None,
        }
    }
}
