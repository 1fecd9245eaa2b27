//! Public factors last: a product of secrets does not know of them, so that it may have been computed already.
//!
//! ```text
//! %2 = mul(%x, 3)                   %2 = mul(%x, 3)             // dead, if nothing else reads it
//! %3 = mul(%2, %x)          ->      %4 = mul(%x, %x)            // as in x·x
//!                                   %3 = mul(%4, 3)
//! ```
//!
//! Exact, as a gate is a function on integers; done where the inner product fits its register.

use super::forward::{self, Replaced, Rewrite};
use super::ranges;
use crate::ir::{Constant, Gate, Inst, Op, Place, Program, Ref, RegType, Slot, ValueId};
use smpc_bytecode::interval::Interval;

/// Moves public factors out of products of secrets.
#[must_use]
pub fn run(program: Program) -> Program {
    let values = program.values.len();
    forward::run(program, &mut Factors { words: vec![None; values], scaled: vec![None; values] })
}

struct Factors {
    /// By value: the word in all of its lanes, where that is known.
    words: Vec<Option<i64>>,
    /// By value: of what it is a multiple, and the public constant that says which.
    scaled: Vec<Option<(Ref, ValueId)>>,
}

impl Rewrite for Factors {
    fn inst(&mut self, program: &mut Program, mut inst: Inst, out: &mut Vec<Inst>, _: &mut Replaced) {
        if let Inst::Gate(gate) = &mut inst
            && let Some(result) = gate.result
        {
            self.pull(program, gate, result, out);
            self.learn(program, gate, result);
        }
        out.push(inst);
    }
}

impl Factors {
    fn learn(&mut self, program: &Program, gate: &Gate, result: ValueId) {
        // Values made on the way are no multiples that matter.
        let Some(slot) = self.words.get_mut(result.index()) else { return };
        match (gate.op, gate.args.as_slice()) {
            (Op::Const { constant }, _) => {
                if let Some(Constant::Words(words)) = program.constants.get(constant.index())
                    && words.len() == 1
                {
                    *slot = words.first().copied();
                }
            }
            (Op::Mul {}, [a, b]) => {
                for (of, factor) in [(a, b), (b, a)] {
                    let known = self.words.get(factor.value.index()).copied().flatten().is_some();
                    if known && program.ty(of.value).is_secret() {
                        self.scaled[result.index()] = Some((of.clone(), factor.value));
                    }
                }
            }
            _ => {}
        }
    }

    /// Makes a product by a constant out of a product with a multiple.
    fn pull(&self, program: &mut Program, gate: &mut Gate, result: ValueId, out: &mut Vec<Inst>) {
        let factors = gate.args.clone();
        let (Op::Mul {}, [a, b]) = (gate.op, factors.as_slice()) else { return };
        if ![a, b].iter().all(|arg| program.ty(arg.value).is_secret()) {
            return;
        }
        for (multiple, other) in [(a, b), (b, a)] {
            let Some(Some((of, factor))) = self.scaled.get(multiple.value.index()) else { continue };
            let Some(of) = of.view(&multiple.place) else { continue };
            let args = vec![of, other.clone()];
            let Some(range) = ranges::interval(program, Op::Mul {}, &args).filter(|range| range.fits()) else {
                continue;
            };
            let (Ok(lo), Ok(hi)) = (i64::try_from(range.lo), i64::try_from(range.hi)) else { continue };
            let Slot { ty, lanes } = program.slot(result);
            // A square is seen to be one only where both of its factors are the same.
            let word = self.words.get(factor.index()).copied().flatten();
            let (least, greatest) = ty.range();
            let whole = Interval::new(least.into(), greatest.into());
            if !word.is_some_and(|word| range.mul(Interval::of(word.into())).within(whole)) {
                continue;
            }
            let Some(frac) = ty.frac().checked_sub(program.ty(*factor).frac()) else { continue };
            let product = program.value(Slot { ty: RegType::Arith { lo, hi, frac }, lanes }, "");
            out.push(Inst::Gate(Gate { op: Op::Mul {}, args, result: Some(product), site: gate.site }));
            let repeated = Ref { value: *factor, place: Place::strided(0, 0, lanes) };
            gate.args = vec![Ref::whole(product, lanes), repeated];
            return;
        }
    }
}
