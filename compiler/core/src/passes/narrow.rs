//! Narrower registers: a result lies in the range that its operands leave it, which may be less than what the source's loops had to assume.
//!
//! ```text
//! %2: arith(0..=80000)[8] = select(%c, %one, %1)      // %1: arith(0..=10000)
//!                 ->  %2: arith(0..=10000)[8] = select(%c, %one, %1)
//! ```
//!
//! Comparisons, divisions and conversions take their widths, and so their rounds and bytes, from the ranges of their operands. Versions of arrays that an update
//! joins keep their type, as do public values, whose ranges are checked as the program runs.

use super::forward::{self, Replaced, Rewrite};
use super::ranges;
use crate::ir::{Inst, Op, Program, RegType};

/// Narrows the ranges of secret numbers.
#[must_use]
pub fn run(program: Program) -> Program {
    let mut kept = vec![false; program.values.len()];
    let mut stack: Vec<&Inst> = program.body.iter().collect();
    while let Some(inst) = stack.pop() {
        if let Inst::Update(update) = inst {
            kept[update.array.index()] = true;
        }
        stack.extend(inst.blocks().into_iter().flatten());
    }
    forward::run(program, &mut Narrow { kept })
}

struct Narrow {
    /// Arrays that an update changes.
    kept: Vec<bool>,
}

impl Rewrite for Narrow {
    fn inst(&mut self, program: &mut Program, inst: Inst, out: &mut Vec<Inst>, _: &mut Replaced) {
        if let Inst::Gate(gate) = &inst
            && let Some(result) = gate.result
            && let RegType::Arith { lo, hi, frac } = program.ty(result)
            // What an owner gives has its range proven first, and the range that is proven is the one declared.
            && !matches!(gate.op, Op::Input { .. } | Op::ProveRange {})
            && !self.kept.get(result.index()).copied().unwrap_or(true)
            && let Some(range) = ranges::interval(program, gate.op, &gate.args)
        {
            let least = i64::try_from(range.lo.max(lo.into())).unwrap_or(lo);
            let greatest = i64::try_from(range.hi.min(hi.into())).unwrap_or(hi);
            if least <= greatest {
                program.values[result.index()].slot.ty = RegType::Arith { lo: least, hi: greatest, frac };
            }
        }
        out.push(inst);
    }
}
