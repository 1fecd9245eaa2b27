//! Inner loops that stay loops, and public choices that are the same in all turns.

use super::{Why, Widen, Widened, because};
use crate::ir::{Bound, Carried, Gate, If, Inst, Joined, Loop, Op, Place, Ref, SiteId, Slot, Update, ValueId, fits};
use std::collections::{BTreeMap, BTreeSet};

impl Widen<'_> {
    /// An inner loop that stays one: its turns are the same in all outer turns.
    pub(super) fn inner_loop(&mut self, l: &Loop) -> Widened<()> {
        for bound in [l.from, l.to] {
            if let Bound::Value(value) = bound
                && self.differs(value)
            {
                return because(l.site, "how often this inner loop runs differs by turn");
            }
        }
        let mut differs: Vec<bool> = l.carried.iter().map(|c| self.differs(c.init)).collect();
        loop {
            let before = (self.wide.clone(), self.same.clone(), self.shared.clone(), self.unmade.clone());
            let (bytes, rounds, outer) = (self.bytes, self.rounds, std::mem::take(&mut self.out));
            let made = self.turn_of(l, &differs);
            let body = std::mem::replace(&mut self.out, outer);
            let carried = made?;
            let grown: Vec<bool> =
                l.carried.iter().zip(&differs).map(|(c, differs)| *differs || self.differs(c.next)).collect();
            if grown == differs {
                let bound = |bound| match bound {
                    Bound::Value(value) => Bound::Value(self.renamed(value)),
                    Bound::Const(value) => Bound::Const(value),
                };
                let (from, to) = (bound(l.from), bound(l.to));
                let inits: Vec<ValueId> = l
                    .carried
                    .iter()
                    .zip(&differs)
                    .map(
                        |(c, differs)| if *differs { self.all_turns(c.init, l.site) } else { Ok(self.renamed(c.init)) },
                    )
                    .collect::<Widened<_>>()?;
                let mut all = Vec::with_capacity(l.carried.len());
                for ((c, (param, next)), (init, differs)) in
                    l.carried.iter().zip(carried).zip(inits.into_iter().zip(differs))
                {
                    let result = if differs {
                        let Slot { ty, lanes } = self.program.slot(c.result);
                        let lanes = self.lanes_of(lanes)?;
                        let result = self.program.value(Slot { ty, lanes }, "");
                        self.wide.insert(c.result, result);
                        result
                    } else if self.shared.contains(&c.init) {
                        let result = self.program.value(self.program.slot(init), "");
                        self.same.insert(c.result, result);
                        self.shared.insert(c.result);
                        result
                    } else {
                        c.result
                    };
                    all.push(Carried { init, param, next, result });
                }
                self.out.push(Inst::Loop(Loop { counter: l.counter, from, to, carried: all, body, site: l.site }));
                return Ok(());
            }
            differs = grown;
            (self.wide, self.same, self.shared, self.unmade) = before;
            (self.bytes, self.rounds) = (bytes, rounds);
        }
    }

    /// The body of an inner loop, with param and next of what it carries.
    fn turn_of(&mut self, l: &Loop, differs: &[bool]) -> Widened<Vec<(ValueId, ValueId)>> {
        let mut params = Vec::with_capacity(l.carried.len());
        for (c, differs) in l.carried.iter().zip(differs) {
            let slot = self.program.slot(c.param);
            params.push(if *differs {
                let lanes = self.lanes_of(slot.lanes)?;
                self.count(slot.ty, lanes)?;
                let param = self.program.value(Slot { lanes, ..slot }, "");
                self.wide.insert(c.param, param);
                param
            } else if self.shared.contains(&c.init) {
                let slot = self.program.slot(self.renamed(c.init));
                let param = self.program.value(slot, "");
                self.same.insert(c.param, param);
                self.shared.insert(c.param);
                param
            } else {
                c.param
            });
        }
        self.depth += 1;
        self.insts(&l.body)?;
        let mut carried = Vec::with_capacity(params.len());
        for ((c, param), differs) in l.carried.iter().zip(params).zip(differs) {
            // Where the guess was wrong, the turn is made again.
            let next = if *differs { self.all_turns(c.next, l.site)? } else { self.renamed(c.next) };
            carried.push((param, next));
        }
        self.depth -= 1;
        Ok(carried)
    }

    /// Instructions of the body as a loop over all turns, one after the other, with what it carries; those values that are `asked` for are collected.
    pub(in crate::passes::vectorise) fn alone(
        &mut self,
        part: &[&Inst],
        mut carried: Vec<Carried>,
        asked: &BTreeSet<ValueId>,
        site: SiteId,
    ) -> Widened<()> {
        let counter = self.counter_of(self.turns.count);
        let mut own: BTreeSet<ValueId> = carried.iter().map(|c| c.param).collect();
        for inst in part {
            own_values(inst, &mut own);
        }
        // What a turn reads of the vectors of all.
        let mut read = BTreeSet::new();
        part.iter().for_each(|inst| {
            inst.each_use(&mut |value| {
                read.insert(value);
            })
        });
        read.extend(carried.iter().map(|c| c.next));
        let mut stands = BTreeMap::new();
        let mut body = Vec::with_capacity(part.len());
        for value in read.difference(&own) {
            if !self.differs(*value) {
                // An array that all turns share has the range of all its versions, of which what is made of this one knows less.
                if !fits(self.program.ty(self.renamed(*value)), self.program.ty(*value)) {
                    return because(site, "a turn builds on an array of which less is known in other turns");
                }
                stands.insert(*value, self.renamed(*value));
                continue;
            }
            let all = self.all_turns(*value, site)?;
            let Slot { ty, lanes } = self.program.slot(*value);
            // Where the vector has a wider range, this value is known to have less.
            let op = if fits(self.program.ty(all), ty) { Op::Copy {} } else { Op::Relabel {} };
            let copy = self.program.value(Slot { ty, lanes }, "");
            let args = vec![Ref { value: all, place: self.of_turn(counter, lanes)? }];
            body.push(Inst::Gate(Gate { op, args, result: Some(copy), site }));
            stands.insert(*value, copy);
        }
        let stands = |value: ValueId| stands.get(&value).copied().unwrap_or(value);
        for inst in part {
            let mut inst = (*inst).clone();
            inst.map_uses(&mut |value| stands(value));
            body.push(inst);
        }
        for c in &mut carried {
            c.next = stands(c.next);
        }
        for value in asked {
            let Slot { ty, lanes } = self.program.slot(*value);
            let slot = Slot { ty, lanes: self.lanes_of(lanes)? };
            self.count(ty, slot.lanes)?;
            let init = self.empty(ty, slot.lanes, site);
            let [param, next, result] = [(); 3].map(|()| self.program.value(slot, ""));
            let (place, args) = (self.of_turn(counter, lanes)?, vec![Ref::whole(*value, lanes)]);
            body.push(Inst::Update(Update { op: Op::Copy {}, array: param, place, args, result: next, site }));
            carried.push(Carried { init, param, next, result });
            self.wide.insert(*value, result);
        }
        let to = i64::try_from(self.turns.count).map_err(|_| Why::TooLarge)?;
        self.out.push(Inst::Loop(Loop { counter, from: Bound::Const(0), to: Bound::Const(to), carried, body, site }));
        self.moves.insert(counter);
        Ok(())
    }

    /// Whether instructions write to an array that all turns share: what they make of it would end with their turn.
    pub(in crate::passes::vectorise) fn takes_over(&self, part: &[&Inst]) -> bool {
        let mut versions = self.shared.clone();
        let mut stack: Vec<&Inst> = part.iter().rev().copied().collect();
        while let Some(inst) = stack.pop() {
            match inst {
                Inst::Update(update) if versions.contains(&update.array) => return true,
                Inst::Loop(l) if l.carried.iter().any(|c| versions.contains(&c.init)) => return true,
                Inst::While(w) if w.carried.iter().any(|c| versions.contains(&c.init)) => return true,
                Inst::Gate(Gate { op: Op::Copy {} | Op::Relabel {}, args, result: Some(result), .. })
                    if args.iter().any(|of| versions.contains(&of.value)) =>
                {
                    versions.insert(*result);
                }
                _ => {}
            }
            stack.extend(inst.blocks().into_iter().flatten().rev());
        }
        false
    }

    /// The lanes of one turn among those of all.
    fn of_turn(&self, counter: ValueId, lanes: u64) -> Widened<Place> {
        Ok(Place::span(0, lanes).indexed(counter, i64::try_from(lanes).map_err(|_| Why::TooLarge)?))
    }

    /// A public choice that is the same in all turns.
    pub(super) fn choice(&mut self, i: &If) -> Widened<()> {
        if self.differs(i.condition) {
            return because(i.site, "this choice differs by turn");
        }
        let mut sides = Vec::with_capacity(2);
        let outer = std::mem::take(&mut self.out);
        self.depth += 1;
        for block in [&i.then, &i.otherwise] {
            self.insts(block)?;
            sides.push(std::mem::take(&mut self.out));
        }
        let mut results = Vec::with_capacity(i.results.len());
        for joined in &i.results {
            let slot = self.program.slot(joined.result);
            if self.differs(joined.then) || self.differs(joined.otherwise) {
                let mut all = [joined.then; 2];
                for (at, value) in [joined.then, joined.otherwise].into_iter().enumerate() {
                    self.out = std::mem::take(&mut sides[at]);
                    all[at] = self.all_turns(value, i.site)?;
                    sides[at] = std::mem::take(&mut self.out);
                }
                let lanes = self.lanes_of(slot.lanes)?;
                let result = self.program.value(Slot { lanes, ..slot }, "");
                self.wide.insert(joined.result, result);
                results.push(Joined { then: all[0], otherwise: all[1], result });
                continue;
            }
            let (then, otherwise) = (self.renamed(joined.then), self.renamed(joined.otherwise));
            let result = if self.shared.contains(&joined.then) || self.shared.contains(&joined.otherwise) {
                let result = self.program.value(self.program.slot(then), "");
                self.same.insert(joined.result, result);
                self.shared.insert(joined.result);
                result
            } else {
                joined.result
            };
            results.push(Joined { then, otherwise, result });
        }
        self.depth -= 1;
        self.out = outer;
        let condition = self.renamed(i.condition);
        let mut sides = sides.into_iter();
        let (then, otherwise) = (sides.next().unwrap_or_default(), sides.next().unwrap_or_default());
        self.out.push(Inst::If(If { condition, then, otherwise, results, site: i.site }));
        Ok(())
    }
}

/// What an instruction and the blocks in it define.
fn own_values(inst: &Inst, own: &mut BTreeSet<ValueId>) {
    inst.each_result(&mut |value| {
        own.insert(value);
    });
    inst.each_param(&mut |value| {
        own.insert(value);
    });
    inst.blocks().into_iter().flatten().for_each(|inst| own_values(inst, own));
}
