//! Narrower registers: a result lies in the range that its operands leave it, which may be less than what the source's loops had to assume.
//!
//! ```text
//! %2: arith(0..=80000)[8] = select(%c, %one, %1)      // %1: arith(0..=10000)
//!                 ->  %2: arith(0..=10000)[8] = select(%c, %one, %1)
//! ```
//!
//! Comparisons, divisions and conversions take their widths, and so their rounds and bytes, from the ranges of their operands. Versions of arrays that an update
//! joins keep their type. Public scalars have a step of their own ([`public`]), before loops are looked at: what is checked as the program runs, and always
//! holds, is not checked then, and indices are seen to be in bounds.

use super::forward::{self, Replaced, Rewrite};
use super::ranges;
use crate::ir::{Gate, Inst, Op, Program, RegType, fits};
use smpc_bytecode::interval::Interval;

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
            && let Some((lo, hi)) =
                ranges::interval(program, gate.op, &gate.args).and_then(|range| both(range, (lo, hi)))
        {
            program.values[result.index()].slot.ty = RegType::Arith { lo, hi, frac };
        }
        out.push(inst);
    }
}

/// Narrows the ranges of public scalars.
#[must_use]
pub fn public(program: Program) -> Program {
    forward::run(program, &mut Public)
}

struct Public;

impl Rewrite for Public {
    fn inst(&mut self, program: &mut Program, inst: Inst, out: &mut Vec<Inst>, replaced: &mut Replaced) {
        if let Inst::Gate(Gate { op, args, result: Some(result), .. }) = &inst
            && let RegType::Pub { kind, lo, hi, frac } = program.ty(*result)
            && program.lanes(*result) == 1
            && args.iter().all(|arg| !program.ty(arg.value).is_secret())
        {
            if let (Op::Relabel {}, [of]) = (op, args.as_slice())
                && of.place.is_whole(1)
                && program.lanes(of.value) == 1
                && fits(program.ty(of.value), program.ty(*result))
            {
                replaced.insert(*result, of.value);
                return;
            }
            // What is less than its type without ever leaving it; what may leave it stops the run, which names the range.
            let within = |range: &Interval| range.lo >= lo.into() && range.hi <= hi.into();
            if let Some(range) = ranges::interval(program, *op, args).filter(within)
                && let (Ok(lo), Ok(hi)) = (i64::try_from(range.lo), i64::try_from(range.hi))
            {
                program.values[result.index()].slot.ty = RegType::Pub { kind, lo, hi, frac };
            }
        }
        out.push(inst);
    }
}

/// What lies in both ranges; `None` where nothing does.
fn both(range: Interval, (lo, hi): (i64, i64)) -> Option<(i64, i64)> {
    let least = i64::try_from(range.lo.max(lo.into())).unwrap_or(lo);
    let greatest = i64::try_from(range.hi.min(hi.into())).unwrap_or(hi);
    (least <= greatest).then_some((least, greatest))
}
