//! Copy elision for arrays: a local gate whose result is only written into an array writes there itself.
//!
//! ```text
//! %3 = add(%1[0 + %i*1], %2)
//! %4 = update %1[0 + %i*1] copy(%3)     ->      %4 = update %1[0 + %i*1] add(%1[0 + %i*1], %2)
//! ```
//!
//! Only gates that every party evaluates alone: the updates of an array follow one another, and rounds must not. A gate that
//! reads an array which was updated in between stays where it is.

use super::facts;
use super::forward::{self, Replaced, Rewrite, Taken};
use crate::ir::{Gate, Inst, Op, Program, Update, fits};

/// Lets local gates write into arrays.
#[must_use]
pub fn run(program: Program) -> Program {
    let values = program.values.len();
    let uses = program.use_counts();
    forward::run(
        program,
        &mut Fuse { uses, taken: Taken::default(), made: vec![None; values], blocks: vec![0], opened: 0 },
    )
}

struct Fuse {
    uses: Vec<u32>,
    taken: Taken,
    /// By value: block and index in its output of the gate that makes it.
    made: Vec<Option<(u32, usize)>>,
    /// Serial numbers of the open blocks.
    blocks: Vec<u32>,
    opened: u32,
}

impl Rewrite for Fuse {
    fn inst(&mut self, program: &mut Program, mut inst: Inst, out: &mut Vec<Inst>, _: &mut Replaced) {
        match &mut inst {
            Inst::Gate(gate) => {
                if let Some(result) = gate.result {
                    self.made[result.index()] = self.blocks.last().map(|block| (*block, out.len()));
                }
            }
            Inst::Update(update) => {
                if let Some(at) = self.source(program, update, out)
                    && let Inst::Gate(gate) = &out[at]
                {
                    update.op = gate.op;
                    update.args.clone_from(&gate.args);
                    // The gate's place stays, so that indices into `out` hold; it is dead now.
                    if at + 1 == out.len() {
                        out.pop();
                    }
                }
            }
            _ => {}
        }
        self.taken.learn(&inst);
        out.push(inst);
    }

    fn enter(&mut self) {
        self.opened += 1;
        self.blocks.push(self.opened);
    }

    fn leave(&mut self) {
        self.blocks.pop();
    }
}

impl Fuse {
    /// Where in `out` the gate stands that may write into the array itself.
    fn source(&self, program: &Program, update: &Update, out: &[Inst]) -> Option<usize> {
        let [value] = update.args.as_slice() else { return None };
        let whole = value.place.is_whole(program.lanes(value.value));
        if !matches!(update.op, Op::Copy {}) || !whole || self.uses[value.value.index()] != 1 {
            return None;
        }
        let (block, at) = self.made[value.value.index()]?;
        let Some(Inst::Gate(gate)) = out.get(at) else { return None };
        if Some(&block) != self.blocks.last() || gate.result != Some(value.value) {
            return None;
        }
        let (from, into) = (program.ty(value.value), program.ty(update.result));
        let kept = fits(from, into) && (from == into || widens(gate.op));
        let readable = gate.args.iter().all(|arg| self.taken.spares(arg));
        (kept && readable && self.moves(program, gate, at + 1 == out.len())).then_some(at)
    }

    fn moves(&self, program: &Program, gate: &Gate, adjacent: bool) -> bool {
        let inst = Inst::Gate(gate.clone());
        let local = facts::rounds(program, gate.op, &gate.args, gate.result) == 0;
        local && facts::repeats(gate.op) && (adjacent || facts::own_effects(program, &inst).none())
    }
}

/// Whether the gate gives the same numbers into a register of a wider range.
pub(super) const fn widens(op: Op) -> bool {
    !matches!(op, Op::ProveRange {} | Op::Relabel {} | Op::A2b {} | Op::B2a { .. } | Op::Input { .. })
}
