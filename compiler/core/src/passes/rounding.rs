//! One rounding for a sum of fixed-point products.
//!
//! ```text
//! %2 = round{bits=16}(%1)           // %1 = mul(…), 1000 lanes
//! %3 = sum{len=1000}(%2)    ->      %4 = sum{len=1000}(%1)       // dot fusion takes it from here
//!                                   %3 = round{bits=16}(%4)
//!
//! %5 = add(round(%1), round(%2))    ->      %5 = round(add(%1, %2))
//! ```
//!
//! Stochastic roundings (`trunc_stochastic`) go the same way, and keep apart from exact ones.
//!
//! The language says that a sum of products rounds once where the raw sum fits; it has to lie within 62 bits, so that the rounding is
//! exact, and the rounded sum within the range of the result. Only roundings of products and of sums of them count, that nothing else
//! reads.

use super::forward::{self, Replaced, Rewrite};
use super::ranges;
use crate::ir::{Gate, Inst, Kind, Op, Program, Ref, RegType, Slot, ValueId};

/// Moves roundings behind sums.
#[must_use]
pub fn run(program: Program) -> Program {
    let values = program.values.len();
    let uses = program.use_counts();
    forward::run(program, &mut Rounding { uses, products: vec![false; values], rounded: vec![None; values] })
}

/// Raw sums up to this are rounded exactly by every protocol.
const RAW: i128 = 1 << 62;

struct Rounding {
    uses: Vec<u32>,
    /// By value: whether it is a product, or a sum of products, before rounding.
    products: Vec<bool>,
    /// By value: the raw product that it is a rounding of, and how it is rounded.
    rounded: Vec<Option<(Ref, Op)>>,
}

impl Rewrite for Rounding {
    fn inst(&mut self, program: &mut Program, inst: Inst, out: &mut Vec<Inst>, _: &mut Replaced) {
        let Inst::Gate(gate) = &inst else {
            out.push(inst);
            return;
        };
        let Some(result) = gate.result else {
            out.push(inst);
            return;
        };
        match gate.op {
            Op::Mul {} | Op::Dot { .. } | Op::MatMul { .. } => self.products[result.index()] = true,
            Op::Round { .. } | Op::TruncStochastic { .. } => {
                let raw = &gate.args[0];
                if self.products.get(raw.value.index()).copied().unwrap_or(false) {
                    self.rounded[result.index()] = Some((raw.clone(), gate.op));
                }
            }
            Op::Sum { .. } | Op::Add {} | Op::Sub {} => {
                if let Some((raw, op)) = self.raw(gate)
                    && let Some(sum) = self.sum(program, gate, raw, op, out)
                {
                    let site = gate.site;
                    let args = vec![program.whole(sum)];
                    self.rounded[result.index()] = Some((args[0].clone(), op));
                    out.push(Inst::Gate(Gate { op, args, result: Some(result), site }));
                    return;
                }
            }
            _ => {}
        }
        out.push(inst);
    }
}

impl Rounding {
    /// The raw operands of a sum all of whose terms are roundings of one kind by the same number of bits.
    fn raw(&self, gate: &Gate) -> Option<(Vec<Ref>, Op)> {
        let mut how = None;
        let mut raw = Vec::with_capacity(2);
        for arg in &gate.args {
            let (of, by) = self.rounded.get(arg.value.index())?.as_ref()?;
            if self.uses[arg.value.index()] != 1 || how.is_some_and(|how| how != *by) {
                return None;
            }
            how = Some(*by);
            raw.push(of.view(&arg.place)?);
        }
        Some((raw, how?))
    }

    /// Adds the raw sum to `out`, if it fits.
    fn sum(
        &mut self,
        program: &mut Program,
        gate: &Gate,
        raw: Vec<Ref>,
        rounding: Op,
        out: &mut Vec<Inst>,
    ) -> Option<ValueId> {
        let result = gate.result?;
        let (Op::Round { bits } | Op::TruncStochastic { bits }) = rounding else { return None };
        let smpc_bytecode::interval::Interval { lo, hi } = ranges::interval(program, gate.op, &raw)?;
        if lo <= -RAW || hi >= RAW {
            return None;
        }
        let (lo, hi) = (i64::try_from(lo).ok()?, i64::try_from(hi).ok()?);
        let Slot { ty, lanes } = program.slot(result);
        let frac = ty.frac() + bits;
        let ty = if ty.is_secret() {
            RegType::Arith { lo, hi, frac }
        } else {
            RegType::Pub { kind: Kind::Fix, lo, hi, frac }
        };
        let sum = program.value(Slot { ty, lanes }, "");
        let rounded = [program.whole(sum)];
        if !ranges::within(program, rounding, &rounded, program.ty(result)) {
            program.values.pop();
            return None;
        }
        self.products.resize(program.values.len(), false);
        self.products[sum.index()] = true;
        self.rounded.resize(program.values.len(), None);
        self.uses.resize(program.values.len(), 1);
        out.push(Inst::Gate(Gate { op: gate.op, args: raw, result: Some(sum), site: gate.site }));
        Some(sum)
    }
}
