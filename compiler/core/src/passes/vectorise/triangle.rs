//! Triangular loops: an inner loop whose turns depend on the counter of an outer one runs as often as it ever does, and the turns too many change nothing.
//!
//! ```text
//! for i in 0..N { for j in 0..i { … } }     ->     for i in 0..N { for j in 0..N - 1 { if j < i { … } } }
//! ```
//!
//! So its turns can be lanes, at most twice as many where both start together. Where the bounds move together, as in `for j in i..i + 8`, the loop counts from 0.
//! A loop that stays one keeps its own bounds.

use super::widen::Why;
use super::{Pass, turns};
use crate::ir::{Bound, Carried, Gate, If, Inst, Joined, Loop, Op, Ref, RegType, Slot, ValueId};

impl Pass {
    /// As [`Pass::attempt`], of a loop whose bounds are values.
    pub(super) fn attempt_triangle(&mut self, l: Loop, out: &mut Vec<Inst>) -> bool {
        let mark = self.mark();
        let whole = self.counted_up(&l).or_else(|| self.rectangle(&l));
        let why = match whole {
            Some(whole) => match turns(&whole).map(|count| self.turned(&whole, count)) {
                Some(Ok(made)) => {
                    out.extend(made);
                    return true;
                }
                Some(Err(why)) => why,
                None => Why::TooLarge,
            },
            None => Why::Because(l.site, "how often it runs is known only as the program runs".into()),
        };
        self.rewind(&mark);
        self.note(l.site, why);
        out.push(Inst::Loop(l));
        false
    }

    /// The loop as one from 0 on, where it always has the same number of turns.
    fn counted_up(&mut self, l: &Loop) -> Option<Loop> {
        let (Bound::Value(from), Bound::Value(to)) = (l.from, l.to) else { return None };
        let apart = self.scalars.form(to).plus(&self.scalars.form(from), -1)?;
        if !apart.terms.is_empty() || apart.constant < 2 || l.carried.is_empty() {
            return None;
        }
        let count = apart.constant;
        let counter = self.program.value(Slot { ty: RegType::pub_int(0, count - 1), lanes: 1 }, "");
        let args = vec![Ref::lane(from, 0), Ref::lane(counter, 0)];
        let number = Gate { op: Op::Add {}, args, result: Some(l.counter), site: l.site };
        self.learn(&number);
        let mut body = vec![Inst::Gate(number)];
        body.extend(l.body.iter().cloned());
        // What the body makes of the number is known by it.
        for inst in &l.body {
            if let Inst::Gate(gate) = inst {
                self.learn(gate);
            }
        }
        Some(Loop { counter, from: Bound::Const(0), to: Bound::Const(count), body, ..l.clone() })
    }

    /// The loop with all turns that it ever has, of which those count that it has now; `None` where the bounds are not made of the counters around it.
    fn rectangle(&mut self, l: &Loop) -> Option<Loop> {
        if l.carried.is_empty() {
            return None;
        }
        let mut ends = [0; 2];
        let mut tests = Vec::new();
        for (end, (bound, first)) in ends.iter_mut().zip([(l.from, true), (l.to, false)]) {
            match bound {
                Bound::Const(bound) => *end = bound,
                Bound::Value(value) => {
                    let form = self.scalars.form(value);
                    if !form.terms.keys().all(|term| self.counters.contains(term)) {
                        return None;
                    }
                    let (least, greatest) = self.program.ty(value).range();
                    *end = if first { least } else { greatest };
                    tests.push((value, first));
                }
            }
        }
        let [from, to] = ends;
        // Bounds that both move may be far apart over all turns and near in each.
        if let (Bound::Value(first), Bound::Value(last)) = (l.from, l.to) {
            let apart = self.scalars.form(last).plus(&self.scalars.form(first), -1)?;
            let most = apart.terms.iter().try_fold(i128::from(apart.constant), |sum, (term, factor)| {
                let (lo, hi) = self.program.ty(*term).range();
                let ends = [lo, hi].map(|end| i128::from(end) * i128::from(*factor));
                sum.checked_add(ends[0].max(ends[1]))
            })?;
            if i128::from(to) - i128::from(from) > 2 * most {
                return None;
            }
        }
        let (least, greatest) = self.program.ty(l.counter).range();
        let known =
            to.checked_sub(from).is_some_and(|turns| turns >= 2) && least <= from && to <= greatest.checked_add(1)?;
        if !known {
            return None;
        }
        let mut body = Vec::new();
        let mut counts: Option<ValueId> = None;
        for (value, first) in tests {
            let within = self.gate(Op::Lt {}, [l.counter, value], l, &mut body);
            let within = if first { self.gate(Op::Not {}, [within], l, &mut body) } else { within };
            counts = Some(match counts {
                None => within,
                Some(counts) => self.gate(Op::And {}, [counts, within], l, &mut body),
            });
        }
        let mut results = Vec::with_capacity(l.carried.len());
        let mut carried = Vec::with_capacity(l.carried.len());
        for c in &l.carried {
            // A turn too many hands on what it was given, of which less may be known than of what a turn makes.
            let next = self.program.value(self.program.slot(c.param), "");
            results.push(Joined { then: c.next, otherwise: c.param, result: next });
            carried.push(Carried { next, ..*c });
        }
        let choice = If { condition: counts?, then: l.body.clone(), otherwise: Vec::new(), results, site: l.site };
        body.push(Inst::If(choice));
        Some(Loop { from: Bound::Const(from), to: Bound::Const(to), carried, body, ..l.clone() })
    }

    /// A public truth value.
    fn gate<const N: usize>(&mut self, op: Op, args: [ValueId; N], l: &Loop, out: &mut Vec<Inst>) -> ValueId {
        let result = self.program.value(Slot { ty: RegType::PUB_BOOL, lanes: 1 }, "");
        let args = args.map(|arg| Ref::lane(arg, 0)).to_vec();
        out.push(Inst::Gate(Gate { op, args, result: Some(result), site: l.site }));
        result
    }
}
