//! Public numbers that each turn of a loop raises by a constant: they follow from the counter, and no turn hands them on.
//!
//! ```text
//! loop %i from 2 to 9 {                          loop %i from 2 to 9 {
//!     carry %n = %start then %m gives %end           %k = mul(%i, 3)
//!     %m = add(%n, 3)                     ->         %n = add(%start, %k) − 6
//! }                                              }
//!                                                %end = add(%start, 21)
//! ```

use super::Pass;
use crate::ir::{Bound, Carried, Gate, Inst, Kind, Loop, Op, Ref, RegType, SiteId, Slot, ValueId};
use crate::passes::affine::{Affine, Arithmetic};

impl Pass {
    /// Takes such numbers out of what the loop carries; what defines them behind it goes to `behind`.
    pub(super) fn inductions(&mut self, l: &mut Loop, behind: &mut Vec<Inst>) {
        let (Bound::Const(from), Bound::Const(to)) = (l.from, l.to) else { return };
        let Some(count) = to.checked_sub(from).filter(|count| *count > 0) else { return };
        let mut at = 0;
        while let Some(c) = l.carried.get(at).copied() {
            let step = self.step(&c, count);
            if step.is_none_or(|step| self.follow(l, &c, (from, count, step), behind).is_none()) {
                at += 1;
                continue;
            }
            l.carried.remove(at);
            // What said that the next one stays in its range has been shown to; nothing else asks for it.
            let mut uses = 0;
            l.body.iter().for_each(|inst| inst.each_use(&mut |value| uses += usize::from(value == c.next)));
            uses += l.carried.iter().filter(|other| other.next == c.next).count();
            if uses == 0 {
                l.body.retain(|inst| !matches!(inst, Inst::Gate(gate) if gate.result == Some(c.next)));
            }
        }
    }

    /// By how much each of so many turns raises a public number, where that is always the same and stays in its range.
    fn step(&mut self, c: &Carried, count: i64) -> Option<i64> {
        let Slot { ty: RegType::Pub { kind: Kind::Int, lo, hi, .. }, lanes: 1 } = self.program.slot(c.param) else {
            return None;
        };
        let mut form = self.scalars.form(c.next);
        if form.take(c.param) != 1 || !form.terms.is_empty() {
            return None;
        }
        let init = self.range(c.init);
        let grown = i128::from(form.constant) * i128::from(count);
        let (least, greatest) = (i128::from(init.0) + grown.min(0), i128::from(init.1) + grown.max(0));
        (least >= i128::from(lo) && greatest <= i128::from(hi)).then_some(form.constant)
    }

    /// Computes the number from the counter in each turn, and behind the loop.
    fn follow(
        &mut self,
        l: &mut Loop,
        c: &Carried,
        (from, count, step): (i64, i64, i64),
        behind: &mut Vec<Inst>,
    ) -> Option<()> {
        let site = l.site;
        let mut first = Vec::new();
        let mut sums = Arithmetic { program: &mut self.program, out: &mut first, site };
        let turn = sums.plus(l.counter, from.checked_neg()?)?;
        let grown = sums.times(turn, step)?;
        first.push(add(c.init, grown, c.param, site));
        let by = count.checked_mul(step)?;
        let by = Arithmetic { program: &mut self.program, out: behind, site }.word(by);
        behind.push(add(c.init, by, c.result, site));
        let start = self.scalars.form(c.init);
        let form =
            start.clone().plus(&Affine::of(l.counter), step)?.plus(&Affine::constant(from), step.checked_neg()?)?;
        self.scalars.define(c.param, form);
        self.scalars.define(c.result, start.plus(&Affine::constant(count), step)?);
        first.append(&mut l.body);
        l.body = first;
        // What is made of it in the body may now be known too.
        for inst in &l.body {
            if let Inst::Gate(gate) = inst {
                self.scalars.learn(&self.program, gate);
            }
        }
        Some(())
    }
}

fn add(a: ValueId, b: ValueId, result: ValueId, site: SiteId) -> Inst {
    Inst::Gate(Gate { op: Op::Add {}, args: vec![Ref::lane(a, 0), Ref::lane(b, 0)], result: Some(result), site })
}
