//! A loop whose vectors would take too much memory, in strips: the turns of a strip at once, one strip after the other.
//!
//! ```text
//! loop %i from 0 to 1000000           ->   loop %s from 0 to 61 { loop %t from 0 to 16384 { … %s·16384 + %t … } }
//!                                          loop %t from 0 to 576 { … 999424 + %t … }
//! ```

use super::Pass;
use super::widen::{Why, Widened};
use crate::ir::{Bound, Carried, Gate, Inst, Loop, Op, Ref, RegType, Slot, ValueId};
use crate::passes::affine::Arithmetic;
use crate::passes::copies::copied;
use std::collections::BTreeMap;

/// A strip of fewer turns is not worth it.
pub(super) const SHORTEST: u64 = 16;

impl Pass {
    /// The loop in strips of so many turns.
    pub(super) fn in_strips(&mut self, l: &Loop, count: u64, strip: u64) -> Widened<Vec<Inst>> {
        let (Bound::Const(from), Ok(strip)) = (l.from, i64::try_from(strip)) else { return Err(Why::TooLarge) };
        let count = i64::try_from(count).map_err(|_| Why::TooLarge)?;
        let (strips, rest) = (count / strip, count % strip);
        let mut outer = Vec::new();
        // Strips.
        let number = self.program.value(Slot { ty: RegType::pub_int(0, strips - 1), lanes: 1 }, "");
        self.made.insert(number);
        let mut carried = Vec::with_capacity(l.carried.len());
        let mut inner = Vec::with_capacity(l.carried.len());
        for c in &l.carried {
            let slot = self.program.slot(c.param);
            let [param, next] = [(); 2].map(|()| self.program.value(slot, ""));
            let result = if rest == 0 { c.result } else { self.program.value(slot, "") };
            carried.push(Carried { init: c.init, param, next, result });
            inner.push((param, next));
        }
        let mut body = Vec::new();
        let mut sums = Arithmetic { program: &mut self.program, out: &mut body, site: l.site };
        let start = sums.times(number, strip).and_then(|start| sums.plus(start, from)).ok_or(Why::TooLarge)?;
        let turn = self.part(l, start, strip, &inner);
        self.scalars_of(&body);
        let made = self.turned(&turn, strip.unsigned_abs())?;
        body.extend(made);
        body.iter_mut().for_each(|inst| self.rename(inst));
        for c in &mut carried {
            c.next = self.replaced.get(&c.next).copied().unwrap_or(c.next);
        }
        let results: Vec<ValueId> = carried.iter().map(|c| c.result).collect();
        let (zero, to) = (Bound::Const(0), Bound::Const(strips));
        outer.push(Inst::Loop(Loop { counter: number, from: zero, to, carried, body, site: l.site }));
        if rest == 0 {
            return Ok(outer);
        }
        // What is left over.
        let first = from.checked_add(strips * strip).ok_or(Why::TooLarge)?;
        let mut last = Vec::new();
        let start = Arithmetic { program: &mut self.program, out: &mut last, site: l.site }.word(first);
        self.scalars_of(&last);
        let ends: Vec<_> = results.iter().zip(&l.carried).map(|(init, c)| (*init, c.result)).collect();
        let turn = self.part(l, start, rest, &ends);
        if rest == 1 {
            last.push(Inst::Loop(turn));
        } else {
            let made = self.turned(&turn, rest.unsigned_abs())?;
            last.extend(made);
        }
        outer.extend(last);
        Ok(outer)
    }

    fn scalars_of(&mut self, insts: &[Inst]) {
        for inst in insts {
            if let Inst::Gate(gate) = inst {
                self.learn(gate);
            }
            inst.blocks().into_iter().for_each(|block| self.scalars_of(block));
        }
    }

    /// `count` turns from the one whose number is `start`, as a loop from 0; carried are init and result.
    fn part(&mut self, l: &Loop, start: ValueId, count: i64, ends: &[(ValueId, ValueId)]) -> Loop {
        let counter = self.program.value(Slot { ty: RegType::pub_int(0, count - 1), lanes: 1 }, "");
        let mut copies = BTreeMap::new();
        let own = self.program.value(self.program.slot(l.counter), "");
        copies.insert(l.counter, own);
        let carried = l.carried.iter().zip(ends);
        let carried: Vec<_> = carried
            .map(|(c, (init, result))| {
                let param = self.program.value(self.program.slot(c.param), "");
                copies.insert(c.param, param);
                (*init, param, c.next, *result)
            })
            .collect();
        let args = vec![Ref::lane(start, 0), Ref::lane(counter, 0)];
        let mut body = vec![Inst::Gate(Gate { op: Op::Add {}, args, result: Some(own), site: l.site })];
        body.extend(copied(&mut self.program, &l.body, &mut copies));
        self.scalars_of(&body);
        let carried = carried
            .into_iter()
            .map(|(init, param, next, result)| {
                let next = copies.get(&next).copied().unwrap_or(next);
                Carried { init, param, next, result }
            })
            .collect();
        Loop { counter, from: Bound::Const(0), to: Bound::Const(count), carried, body, site: l.site }
    }
}
