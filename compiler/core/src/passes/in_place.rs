//! Arrays updated in place: puts an explicit copy where an update overwrites an array that is still read later.
//!
//! ```text
//! %2 = update %1[0] copy(%0)            %3 = copy(%1)
//! output(%1)                     ->     %2 = update %3[0] copy(%0)
//! output(%2)                            output(%1)
//!                                       output(%2)
//! ```
//!
//! Where only a few lanes are read later, they are copied instead (`passes::early`). Afterwards the array of each update is dead behind it, so that array and result share a register; [`check`] says so. What a loop
//! carries dies where the turn hands on the next; what comes from outside a loop never dies inside it. Runs last: later passes would
//! have to keep this true.

use super::early;
use crate::ir::{Gate, Inst, Op, Program, Ref, SiteId, Slot, ValueId};

/// Puts the copies in.
#[must_use]
pub fn run(program: Program) -> Program {
    let mut program = early::run(program);
    let body = std::mem::take(&mut program.body);
    let mut walk = Walk::new(&mut program);
    let body = walk.block(body);
    program.body = body;
    program
}

/// Updates whose array is still read later, by site; none after [`run`].
#[must_use]
pub fn check(program: &Program) -> Vec<(ValueId, SiteId)> {
    let mut copy = program.clone();
    let body = std::mem::take(&mut copy.body);
    let mut walk = Walk::new(&mut copy);
    walk.block(body);
    walk.copied
}

/// Walks backwards and keeps which values are read later.
struct Walk<'a> {
    program: &'a mut Program,
    live: Vec<bool>,
    /// Values in the order in which they became live, to go back in time for the other side of a branch.
    log: Vec<ValueId>,
    copied: Vec<(ValueId, SiteId)>,
}

impl<'a> Walk<'a> {
    fn new(program: &'a mut Program) -> Self {
        let live = vec![false; program.values.len()];
        Self { program, live, log: Vec::new(), copied: Vec::new() }
    }

    fn read(&mut self, value: ValueId) {
        // A value made here is read by the very next instruction only.
        if let Some(live) = self.live.get_mut(value.index())
            && !*live
        {
            *live = true;
            self.log.push(value);
        }
    }

    fn read_all(&mut self, values: &[ValueId]) {
        values.iter().for_each(|value| self.read(*value));
    }

    /// Takes back what became live since `mark`.
    fn rewind(&mut self, mark: usize) -> Vec<ValueId> {
        let taken = self.log.split_off(mark);
        taken.iter().for_each(|value| self.live[value.index()] = false);
        taken
    }

    fn block(&mut self, block: Vec<Inst>) -> Vec<Inst> {
        let mut reversed = Vec::with_capacity(block.len());
        for inst in block.into_iter().rev() {
            self.inst(inst, &mut reversed);
        }
        reversed.reverse();
        reversed
    }

    fn inst(&mut self, mut inst: Inst, reversed: &mut Vec<Inst>) {
        let mut handed = Vec::new();
        inst.each_handed(&mut |value| handed.push(value));
        let mut copy = None;
        match &mut inst {
            Inst::Gate(_) | Inst::Concat(_) => {}
            Inst::Update(update) => {
                if self.live.get(update.array.index()).is_none_or(|live| *live) {
                    self.copied.push((update.array, update.site));
                    let Slot { ty, lanes } = self.program.slot(update.array);
                    let name = self.program.values[update.array.index()].name.clone();
                    let fresh = self.program.value(Slot { ty, lanes }, &name);
                    let args = vec![Ref::whole(update.array, lanes)];
                    update.array = fresh;
                    copy = Some(Inst::Gate(Gate { op: Op::Copy {}, args, result: Some(fresh), site: update.site }));
                }
            }
            Inst::Loop(l) => {
                // Whatever the body reads from outside is read again in the next turn.
                let mut again = Vec::new();
                l.body.iter().for_each(|inst| inst.each_use(&mut |value| again.push(value)));
                let own = defined_in(&l.body);
                let params: Vec<ValueId> = l.carried.iter().map(|c| c.param).collect();
                again.retain(|value| own.binary_search(value).is_err() && !params.contains(value));
                self.read_all(&again);
                self.read_all(&handed);
                l.body = self.block(std::mem::take(&mut l.body));
            }
            Inst::While(w) => {
                let params: Vec<ValueId> = w.carried.iter().map(|c| c.param).collect();
                let mut again = Vec::new();
                w.head.iter().chain(&w.body).for_each(|inst| inst.each_use(&mut |value| again.push(value)));
                let mut own = defined_in(&w.head);
                own.extend(defined_in(&w.body));
                own.sort_unstable();
                again.retain(|value| own.binary_search(value).is_err() && !params.contains(value));
                self.read_all(&again);
                handed.iter().filter(|value| **value != w.condition).for_each(|value| self.read(*value));
                w.body = self.block(std::mem::take(&mut w.body));
                // Where the condition fails, the params are the results.
                self.read_all(&params);
                self.read(w.condition);
                w.head = self.block(std::mem::take(&mut w.head));
            }
            Inst::If(i) => {
                let mark = self.log.len();
                i.results.iter().for_each(|joined| self.read(joined.then));
                i.then = self.block(std::mem::take(&mut i.then));
                let from_then = self.rewind(mark);
                i.results.iter().for_each(|joined| self.read(joined.otherwise));
                i.otherwise = self.block(std::mem::take(&mut i.otherwise));
                self.read_all(&from_then);
            }
        }
        let mut operands = Vec::new();
        copy.as_ref().unwrap_or(&inst).each_operand(&mut |value| operands.push(value));
        if copy.is_some() {
            inst.each_operand(&mut |value| operands.push(value));
        }
        reversed.push(inst);
        reversed.extend(copy);
        self.read_all(&operands);
    }
}

/// Values defined in a block and its nested ones, sorted.
fn defined_in(block: &[Inst]) -> Vec<ValueId> {
    let mut own = Vec::new();
    let mut stack: Vec<&Inst> = block.iter().collect();
    while let Some(inst) = stack.pop() {
        inst.each_result(&mut |value| own.push(value));
        inst.each_param(&mut |value| own.push(value));
        stack.extend(inst.blocks().into_iter().flatten());
    }
    own.sort_unstable();
    own
}
