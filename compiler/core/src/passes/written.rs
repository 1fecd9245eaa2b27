//! What was just written is read as it was: the value itself, and no lane of the array.
//!
//! ```text
//! %2 = update %a[0 + %i*1] copy(%1)                    %2 = update %a[0 + %i*1] copy(%1)      // dead, if nothing else reads it
//! %3 = add(%2[0 + %i*1], %x)                ->         %3 = add(%1, %x)
//! %4 = update %2[0 + %i*1] copy(%3)                    %4 = update %a[0 + %i*1] copy(%3)
//! ```
//!
//! So a place that a turn writes, reads and writes again is written once, and what follows from it is seen to follow from what was written.

use super::forward::{self, Replaced, Rewrite, Taken};
use super::{cse, dead, facts, strength, views};
use crate::ir::{Gate, Index, Inst, Op, Place, Program, Ref, Slot, Update, ValueId};
use std::collections::BTreeSet;

/// Reads what was written.
#[must_use]
pub fn run(program: Program) -> Program {
    let mut asked = BTreeSet::new();
    let mut stack: Vec<&Inst> = program.body.iter().collect();
    while let Some(inst) = stack.pop() {
        each_operand(inst, &mut |operand| asked.extend(lane(&operand.place).map(|at| (operand.value, at))));
        stack.extend(inst.blocks().into_iter().flatten());
    }
    let (uses, made) = (program.use_counts(), vec![None; program.values.len()]);
    let mut written = Written { asked, uses, made, taken: Taken::default(), forwarded: false };
    let program = forward::run(program, &mut written);
    if !written.forwarded {
        return program;
    }
    // What follows from what was written may be what something else is: a condition said twice, the greatest so far and the row that keeps it.
    views::run(cse::run(strength::run(views::run(dead::run(program)))))
}

/// A lane: its number, and what is added to that as the program runs.
type Lane = (u64, Option<Index>);

/// A write of one lane: where, what, to which array, and whether it cannot stop the run.
#[derive(Clone, Debug)]
struct Write {
    at: Lane,
    of: Ref,
    array: ValueId,
    silent: bool,
}

struct Written {
    /// Lanes that something reads.
    asked: BTreeSet<(ValueId, Lane)>,
    /// By value: how often it is read.
    uses: Vec<u32>,
    /// By version of an array: the write that made it.
    made: Vec<Option<Write>>,
    taken: Taken,
    forwarded: bool,
}

impl Rewrite for Written {
    fn inst(&mut self, program: &mut Program, mut inst: Inst, out: &mut Vec<Inst>, _: &mut Replaced) {
        match &mut inst {
            Inst::Gate(gate) => gate.args.iter_mut().for_each(|arg| self.forward(program, arg)),
            Inst::Concat(concat) => concat.parts.iter_mut().for_each(|part| self.forward(program, part)),
            Inst::Update(update) => {
                update.args.iter_mut().for_each(|arg| self.forward(program, arg));
                self.write(program, update, out);
            }
            Inst::Loop(_) | Inst::While(_) | Inst::If(_) => {}
        }
        self.taken.learn(&inst);
        out.push(inst);
    }
}

impl Written {
    /// Lets an operand read what was written to its lane last.
    fn forward(&mut self, program: &Program, arg: &mut Ref) {
        let Some(Some(write)) = self.made.get(arg.value.index()) else { return };
        let (from, into) = (program.ty(write.of.value), program.ty(arg.value));
        let alike = (from.is_secret(), from.frac()) == (into.is_secret(), into.frac());
        if lane(&arg.place) != Some(write.at) || !alike || !self.taken.spares(&write.of) {
            return;
        }
        let lanes = arg.lanes();
        let of = if lanes == 1 { Some(write.of.clone()) } else { write.of.view(&Place::strided(0, 0, lanes)) };
        if let Some(of) = of {
            self.uses[arg.value.index()] -= 1;
            *arg = of;
            self.forwarded = true;
        }
    }

    /// Notes a write of one lane, which overwrites one of the same lane that nothing has read.
    fn write(&mut self, program: &mut Program, update: &mut Update, out: &mut Vec<Inst>) {
        let silent = facts::own_effects(program, &Inst::Update(update.clone())).none();
        let (Op::Copy {}, [of], Some(at)) = (update.op, update.args.as_mut_slice(), lane(&update.place)) else {
            return;
        };
        if let Some(Some(before)) = self.made.get(update.array.index())
            && before.at == at
            && before.silent
            && self.uses[update.array.index()] == 1
        {
            update.array = before.array;
            self.forwarded = true;
        }
        if !self.asked.contains(&(update.result, at)) {
            return;
        }
        // A lane of an array that goes on being written is kept for its readers.
        if program.lanes(of.value) > 1 {
            let kept = program.value(Slot { ty: program.ty(of.value), lanes: 1 }, "");
            let gate = Gate { op: Op::Copy {}, args: vec![of.clone()], result: Some(kept), site: update.site };
            out.push(Inst::Gate(gate));
            *of = Ref::whole(kept, 1);
        }
        if let Some(slot) = self.made.get_mut(update.result.index()) {
            *slot = Some(Write { at, of: of.clone(), array: update.array, silent });
        }
    }
}

/// The only lane of a place, once or several times.
fn lane(place: &Place) -> Option<Lane> {
    let one = place.dims.iter().all(|dim| dim.stride == 0 || dim.len == 1);
    (one && place.lanes() != Some(0)).then_some((place.offset, place.index))
}

fn each_operand(inst: &Inst, f: &mut impl FnMut(&Ref)) {
    match inst {
        Inst::Gate(gate) => gate.args.iter().for_each(f),
        Inst::Update(update) => update.args.iter().for_each(f),
        Inst::Concat(concat) => concat.parts.iter().for_each(f),
        Inst::Loop(_) | Inst::While(_) | Inst::If(_) => {}
    }
}
