//! The walk that most passes share: forwards through the program, one instruction at a time, with values replaced on the way.

use crate::ir::{Inst, Program, Ref, ValueId};

/// What a pass does with an instruction.
pub(super) trait Rewrite {
    /// Pushes what stands for `inst` (operands already replaced, blocks already rewritten) to `out`, and replaces values that are gone.
    fn inst(&mut self, program: &mut Program, inst: Inst, out: &mut Vec<Inst>, replaced: &mut Replaced);

    /// A block of a control instruction begins: what its own lines know of the lines before may not hold in it.
    fn enter(&mut self) {}

    /// The block is done.
    fn leave(&mut self) {}
}

/// Which values stand for values that are gone.
#[derive(Debug)]
pub(super) struct Replaced(Vec<ValueId>);

impl Replaced {
    /// Reads of `old` become reads of `new`, from here on.
    pub(super) fn insert(&mut self, old: ValueId, new: ValueId) {
        self.0[old.index()] = new;
    }

    /// What to read for a value.
    pub(super) fn get(&self, value: ValueId) -> ValueId {
        // A value made on the way stands for itself.
        self.0.get(value.index()).copied().unwrap_or(value)
    }

    fn map(&self, inst: &mut Inst) {
        inst.map_own_uses(&mut |value| self.get(value));
    }
}

/// Arrays that an update or a loop has taken over: who reads one later makes it copied, so that no pass should.
#[derive(Debug, Default)]
pub(super) struct Taken(Vec<bool>);

impl Taken {
    /// Notes what an instruction takes over.
    pub(super) fn learn(&mut self, inst: &Inst) {
        match inst {
            Inst::Update(update) => self.insert(update.array),
            Inst::Loop(l) => l.carried.iter().for_each(|c| self.insert(c.init)),
            Inst::While(w) => w.carried.iter().for_each(|c| self.insert(c.init)),
            Inst::Gate(_) | Inst::Concat(_) | Inst::If(_) => {}
        }
    }

    /// Notes an array that is taken over.
    pub(super) fn insert(&mut self, value: ValueId) {
        if self.0.len() <= value.index() {
            self.0.resize(value.index() + 1, false);
        }
        self.0[value.index()] = true;
    }

    /// Whether something has taken a value over.
    pub(super) fn has(&self, value: ValueId) -> bool {
        self.0.get(value.index()).copied().unwrap_or(false)
    }

    /// Whether nothing has taken over what an operand reads.
    pub(super) fn spares(&self, operand: &Ref) -> bool {
        let mut spares = true;
        operand.each_use(&mut |value| spares &= !self.has(value));
        spares
    }
}

/// Runs a pass over the whole program.
pub(super) fn run(mut program: Program, pass: &mut impl Rewrite) -> Program {
    let values = u32::try_from(program.values.len()).unwrap_or(u32::MAX);
    let mut replaced = Replaced((0..values).map(ValueId).collect());
    let body = std::mem::take(&mut program.body);
    program.body = block(&mut program, body, pass, &mut replaced);
    program
}

fn block(program: &mut Program, insts: Vec<Inst>, pass: &mut impl Rewrite, replaced: &mut Replaced) -> Vec<Inst> {
    let mut out = Vec::with_capacity(insts.len());
    for mut inst in insts {
        // Operands before the blocks, and what the blocks hand on after them.
        replaced.map(&mut inst);
        for nested in inst.blocks_mut() {
            pass.enter();
            *nested = block(program, std::mem::take(nested), pass, replaced);
            pass.leave();
        }
        replaced.map(&mut inst);
        pass.inst(program, inst, &mut out, replaced);
    }
    out
}
