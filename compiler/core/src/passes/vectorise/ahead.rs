//! What a nest that runs by diagonals computes of its counters alone, for all of its turns ahead of them.
//!
//! ```text
//! loop %i { loop %j {                                loop %i { loop %j { %t[n·%i + %j] = eq(%a[%i], %b[%j]) } }
//!     %1 = eq(%a[%i], %b[%j])              ->        loop %i { loop %j {
//!     %d[…] = f(%d[…], %1)                               %d[…] = f(%d[…], %t[n·%i + %j])
//! } }                                                } }
//! ```
//!
//! The first nest is one of turns that need not wait, so that its rounds are not those of every diagonal (loop distribution: Kuck et al., 1981).

use super::Pass;
use super::waves::Axis;
use super::widen::{Why, Widened, empty};
use crate::ir::{Carried, Gate, Inst, Loop, Op, Place, Ref, SiteId, Slot, Update, ValueId};
use crate::passes::affine::Arithmetic;
use crate::passes::copies::copied;
use crate::passes::facts;
use std::collections::{BTreeMap, BTreeSet};

/// A value of which there is a table.
struct Table {
    value: ValueId,
    slot: Slot,
    /// The table before the nest that fills it, and behind that.
    empty: ValueId,
    full: ValueId,
}

impl Pass {
    /// A nest that fills tables, and the inner loop that reads them; `None` where nothing that takes a round is known ahead. `before` stands between the heads of both
    /// loops.
    pub(super) fn ahead(
        &mut self,
        l: &Loop,
        m: &Loop,
        before: &[&Inst],
        (i, j): (Axis, Axis),
    ) -> Widened<Option<(Vec<Inst>, Loop)>> {
        let Some(known) = self.known_ahead(l, m) else { return Ok(None) };
        let lanes = i.count.checked_mul(j.count).ok_or(Why::TooLarge)?;
        let (mut out, mut tables) = (Vec::new(), Vec::new());
        for value in
            asked(m, &known).into_iter().filter(|value| self.program.ty(*value).is_secret()).collect::<Vec<_>>()
        {
            let slot = Slot { lanes, ..self.program.slot(value) };
            if self.program.lanes(value) != 1 || facts::bytes(slot) > super::MOST / 4 {
                return Ok(None);
            }
            let empty = empty(&mut self.program, &mut out, slot, m.site);
            let full = self.program.value(slot, "");
            tables.push(Table { value, slot, empty, full });
        }
        if tables.is_empty() {
            return Ok(None);
        }
        let filling = self.filling((l, m), before, (i, j), &known, &tables)?;
        out.push(Inst::Loop(filling));
        let mut body = Vec::with_capacity(m.body.len());
        let place = self.place((l.counter, m.counter), (i, j), m.site, &mut body)?;
        for gate in &body {
            if let Inst::Gate(gate) = gate {
                self.learn(gate);
            }
        }
        for inst in &m.body {
            let Inst::Gate(gate) = inst else {
                body.push(inst.clone());
                continue;
            };
            match tables.iter().find(|table| gate.result == Some(table.value)) {
                Some(table) => {
                    let args = vec![Ref { value: table.full, place: place.clone() }];
                    body.push(Inst::Gate(Gate { op: Op::Copy {}, args, ..gate.clone() }));
                }
                // What is public costs nothing, and indices are made of it.
                None if gate
                    .result
                    .is_some_and(|result| known.contains(&result) && self.program.ty(result).is_secret()) => {}
                None => body.push(inst.clone()),
            }
        }
        Ok(Some((out, Loop { body, ..m.clone() })))
    }

    /// Results of the inner loop's gates that build on nothing that the loops hand on; `None` where none of them takes a round, or one may stop the run.
    fn known_ahead(&self, l: &Loop, m: &Loop) -> Option<BTreeSet<ValueId>> {
        let mut builds: BTreeSet<ValueId> = l.carried.iter().chain(&m.carried).map(|c| c.param).collect();
        let (mut known, mut rounds) = (BTreeSet::new(), 0);
        for inst in &m.body {
            let mut ahead = true;
            inst.each_use(&mut |value| ahead &= !builds.contains(&value));
            match inst {
                Inst::Gate(gate) if ahead && facts::effects(&self.program, inst).none() => {
                    rounds += facts::rounds(&self.program, gate.op, &gate.args, gate.result);
                    known.extend(gate.result);
                }
                _ => inst.each_result(&mut |value| {
                    builds.insert(value);
                }),
            }
        }
        (rounds > 0).then_some(known)
    }

    /// The nest that fills the tables.
    fn filling(
        &mut self,
        (l, m): (&Loop, &Loop),
        before: &[&Inst],
        (i, j): (Axis, Axis),
        known: &BTreeSet<ValueId>,
        tables: &[Table],
    ) -> Widened<Loop> {
        let [outer, inner] = [l.counter, m.counter].map(|counter| self.program.value(self.program.slot(counter), ""));
        let mut copies = BTreeMap::from([(l.counter, outer), (m.counter, inner)]);
        let before: Vec<Inst> = before.iter().map(|inst| (*inst).clone()).collect();
        let mut around = copied(&mut self.program, &before, &mut copies);
        let ahead = |inst: &&Inst| matches!(inst, Inst::Gate(gate) if gate.result.is_some_and(|result| known.contains(&result)));
        let own: Vec<Inst> = m.body.iter().filter(ahead).cloned().collect();
        let mut body = copied(&mut self.program, &own, &mut copies);
        let place = self.place((outer, inner), (i, j), m.site, &mut body)?;
        let (mut carried, mut handed) = (Vec::new(), Vec::new());
        for table in tables {
            let [start, param, next, end] = [(); 4].map(|()| self.program.value(table.slot, ""));
            let args = vec![Ref::whole(copies.get(&table.value).copied().unwrap_or(table.value), 1)];
            let op = Op::Copy {};
            body.push(Inst::Update(Update {
                op,
                array: param,
                place: place.clone(),
                args,
                result: next,
                site: m.site,
            }));
            carried.push(Carried { init: start, param, next, result: end });
            handed.push(Carried { init: table.empty, param: start, next: end, result: table.full });
        }
        around.push(Inst::Loop(Loop { counter: inner, carried, body, ..m.clone() }));
        Ok(Loop { counter: outer, carried: handed, body: around, ..l.clone() })
    }

    /// The place of a turn in a table.
    fn place(
        &mut self,
        (outer, inner): (ValueId, ValueId),
        (i, j): (Axis, Axis),
        site: SiteId,
        out: &mut Vec<Inst>,
    ) -> Widened<Place> {
        let mut sums = Arithmetic { program: &mut self.program, out, site };
        let row = i64::try_from(j.count).map_err(|_| Why::TooLarge)?;
        let index = i.from.checked_neg().and_then(|from| sums.plus(outer, from));
        let index = index.and_then(|index| sums.times(index, row)).and_then(|index| sums.sum(index, inner));
        let index = index.zip(j.from.checked_neg()).and_then(|(index, from)| sums.plus(index, from));
        Ok(Place::lane(0).indexed(index.ok_or(Why::TooLarge)?, 1))
    }
}

/// Which of the known values something else reads; public ones are cheap enough to be made again.
fn asked(m: &Loop, known: &BTreeSet<ValueId>) -> BTreeSet<ValueId> {
    let mut asked = BTreeSet::new();
    for inst in &m.body {
        let mut own = false;
        inst.each_result(&mut |value| own |= known.contains(&value));
        if !own {
            inst.each_use(&mut |value| {
                asked.extend(Some(value).filter(|value| known.contains(value)));
            });
        }
    }
    asked
}
