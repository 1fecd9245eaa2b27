//! Loop-invariant motion: what is the same in every turn runs once, before the loop.
//!
//! ```text
//! loop %c from 0 to 9 {                 %1 = mul(%0, %0)
//!     %1 = mul(%0, %0)          ->      loop %c from 0 to 9 {
//!     %2 = add(%1, %c)                      %2 = add(%1, %c)
//! }                                     }
//! ```
//!
//! Only pure gates and concatenations whose operands come from outside move, never out of an `if`; one that communicates moves only out of a loop
//! that is known to run a turn, so that no round is spent that the source does not ask for.

use super::facts;
use crate::ir::{Bound, Inst, Program, ValueId};

/// Moves invariant gates out of loops.
#[must_use]
pub fn run(mut program: Program) -> Program {
    let body = std::mem::take(&mut program.body);
    let mut pass = Licm { program: &program, depth: vec![0; program.values.len()] };
    let (body, _) = pass.block(body, 0, Out::No);
    program.body = body;
    program
}

/// What may leave the block for the one around its loop.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Out {
    No,
    Local,
    All,
}

struct Licm<'a> {
    program: &'a Program,
    /// How many loops a value is defined in.
    depth: Vec<u32>,
}

impl Licm<'_> {
    /// The block without what leaves it, and that.
    fn block(&mut self, block: Vec<Inst>, depth: u32, out: Out) -> (Vec<Inst>, Vec<Inst>) {
        let (mut stays, mut leaves) = (Vec::with_capacity(block.len()), Vec::new());
        for inst in block {
            self.inst(inst, depth, out, &mut stays, &mut leaves);
        }
        (stays, leaves)
    }

    fn inst(&mut self, mut inst: Inst, depth: u32, out: Out, stays: &mut Vec<Inst>, leaves: &mut Vec<Inst>) {
        match &mut inst {
            Inst::Gate(_) | Inst::Update(_) | Inst::Concat(_) => {}
            Inst::Loop(l) => {
                self.define(l.carried.iter().map(|c| c.param).chain([l.counter]), depth + 1);
                let turns = matches!((l.from, l.to), (Bound::Const(from), Bound::Const(to)) if from < to);
                let out_of_body = if turns { Out::All } else { Out::Local };
                let (body, moved) = self.block(std::mem::take(&mut l.body), depth + 1, out_of_body);
                l.body = body;
                moved.into_iter().for_each(|inst| self.inst(inst, depth, out, stays, leaves));
            }
            Inst::While(w) => {
                self.define(w.carried.iter().map(|c| c.param), depth + 1);
                let (head, mut moved) = self.block(std::mem::take(&mut w.head), depth + 1, Out::All);
                let (body, more) = self.block(std::mem::take(&mut w.body), depth + 1, Out::Local);
                (w.head, w.body) = (head, body);
                moved.extend(more);
                moved.into_iter().for_each(|inst| self.inst(inst, depth, out, stays, leaves));
            }
            Inst::If(i) => {
                i.then = self.block(std::mem::take(&mut i.then), depth, Out::No).0;
                i.otherwise = self.block(std::mem::take(&mut i.otherwise), depth, Out::No).0;
            }
        }
        let moves = out != Out::No && self.invariant(&inst, depth) && (out == Out::All || self.local(&inst));
        let mut results = Vec::new();
        inst.each_result(&mut |value| results.push(value));
        self.define(results.into_iter(), if moves { depth - 1 } else { depth });
        if moves {
            leaves.push(inst);
        } else {
            stays.push(inst);
        }
    }

    fn define(&mut self, values: impl Iterator<Item = ValueId>, depth: u32) {
        values.for_each(|value| self.depth[value.index()] = depth);
    }

    fn invariant(&self, inst: &Inst, depth: u32) -> bool {
        let pure = match inst {
            Inst::Gate(gate) => facts::is_pure(self.program, gate),
            Inst::Concat(_) => facts::own_effects(self.program, inst).none(),
            Inst::Update(_) | Inst::Loop(_) | Inst::While(_) | Inst::If(_) => false,
        };
        let mut outside = true;
        if pure {
            inst.each_operand(&mut |value| outside &= self.depth[value.index()] < depth);
        }
        pure && outside
    }

    fn local(&self, inst: &Inst) -> bool {
        match inst {
            Inst::Gate(gate) => facts::rounds(self.program, gate.op, &gate.args, gate.result) == 0,
            Inst::Concat(_) => true,
            Inst::Update(_) | Inst::Loop(_) | Inst::While(_) | Inst::If(_) => false,
        }
    }
}
