//! Copies into views: what reads a copy of some lanes reads the lanes themselves.
//!
//! ```text
//! %1 = copy(%0[8; -1 x 4])
//! %2 = mul(%1, %3)              ->      %2 = mul(%0[8; -1 x 4], %3)
//! ```
//!
//! A copy that makes a public value secret goes too where the reader takes a mix of both: a product with a public factor is
//! local. Left alone are copies of an array that has been updated since: reading the old version would keep it alive and force a
//! copy of all of it. The copies themselves are left to `passes::dead`.

use super::forward::{self, Replaced, Rewrite};
use crate::ir::{Gate, Inst, Op, Program, Ref, ValueId, fits};

/// Lets readers look through copies.
#[must_use]
pub fn run(program: Program) -> Program {
    let values = program.values.len();
    forward::run(program, &mut Views { copies: vec![None; values], consumed: vec![false; values] })
}

struct Views {
    /// By value: what it is a copy of.
    copies: Vec<Option<Ref>>,
    /// Whether an update or a loop has taken the value over.
    consumed: Vec<bool>,
}

impl Rewrite for Views {
    fn inst(&mut self, program: &mut Program, mut inst: Inst, out: &mut Vec<Inst>, replaced: &mut Replaced) {
        match &mut inst {
            Inst::Gate(gate) => {
                self.gate(program, gate);
                if let (Op::Copy {}, Some(result), [of]) = (gate.op, gate.result, gate.args.as_slice()) {
                    if of.place.is_whole(program.lanes(of.value)) && program.slot(of.value) == program.slot(result) {
                        replaced.insert(result, of.value);
                        return;
                    }
                    self.copies[result.index()] = Some(of.clone());
                }
            }
            Inst::Update(update) => {
                let secret = program.ty(update.result).is_secret();
                // Moving whole parts takes a public value as it is.
                let mixes = matches!(update.op, Op::Copy {} | Op::Scatter {}) && secret;
                for (at, arg) in update.args.iter_mut().enumerate() {
                    self.look_through(program, arg, mixes && at == 0);
                }
                self.consumed[update.array.index()] = true;
            }
            Inst::Concat(concat) => {
                let mixes = program.ty(concat.result).is_secret();
                concat.parts.iter_mut().for_each(|part| self.look_through(program, part, mixes));
            }
            Inst::Loop(l) => l.carried.iter().for_each(|c| self.consumed[c.init.index()] = true),
            Inst::While(w) => w.carried.iter().for_each(|c| self.consumed[c.init.index()] = true),
            Inst::If(_) => {}
        }
        out.push(inst);
    }
}

impl Views {
    fn gate(&self, program: &Program, gate: &mut Gate) {
        let mixes = matches!(
            gate.op,
            Op::Add {}
                | Op::Sub {}
                | Op::Mul {}
                | Op::AddWrap {}
                | Op::SubWrap {}
                | Op::MulWrap {}
                | Op::Dot { .. }
                | Op::MatMul { .. }
                | Op::Lt {}
                | Op::Eq {}
                | Op::Xor {}
                | Op::And {}
                | Op::Or {}
        );
        for at in 0..gate.args.len() {
            // One operand has to stay secret, or the result would be public.
            let other_secret =
                gate.args.iter().enumerate().any(|(i, arg)| i != at && program.ty(arg.value).is_secret());
            self.look_through(program, &mut gate.args[at], mixes && other_secret);
        }
        if let (Op::Copy {}, Some(result)) = (gate.op, gate.result) {
            let secret = program.ty(result).is_secret();
            self.look_through(program, &mut gate.args[0], secret);
        }
    }

    /// Replaces a view of a copy by a view of what was copied, as often as that goes.
    fn look_through(&self, program: &Program, arg: &mut Ref, public_too: bool) {
        while let Some(of) = self.copies.get(arg.value.index()).and_then(Option::as_ref) {
            let (from, into) = (program.ty(of.value), program.ty(arg.value));
            let becomes_public = public_too && into.is_secret() && !from.is_secret();
            if self.is_consumed(of.value) || !(fits(from, into) || becomes_public) {
                return;
            }
            let Some(view) = of.view(&arg.place) else { return };
            *arg = view;
        }
    }

    fn is_consumed(&self, value: ValueId) -> bool {
        self.consumed.get(value.index()).copied().unwrap_or(true)
    }
}
