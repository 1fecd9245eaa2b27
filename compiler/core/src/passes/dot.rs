//! Dot-product fusion: a sum of products is one gate, with one element a sum on the wire instead of one a product.
//!
//! ```text
//! %2 = mul(%0, %1)                  // 1000 lanes
//! %3 = sum{len=1000}(%2)    ->      %3 = dot{len=1000}(%0, %1)
//! ```
//!
//! Public weights of products, such as whether a term counts, go to one of the factors. Where many sums share factors, that is a product of matrices, whose operands are read once.
//!
//! The views of the sum and of the product compose, so that sums over columns fuse too. The product is left to `passes::dead`; where
//! something else reads it, the sum of it is free and stays.

use super::forward::{self, Replaced, Rewrite};
use super::vectorise::contraction::Contraction;
use crate::ir::{Gate, Inst, Op, Program, Ref, RegType, SiteId, Slot};
use smpc_bytecode::interval::Interval;

/// Fuses sums of products.
#[must_use]
pub fn run(program: Program) -> Program {
    let products = vec![None; program.values.len()];
    let uses = program.use_counts();
    forward::run(program, &mut Dots { uses, products, consumed: Vec::new() })
}

struct Dots {
    uses: Vec<u32>,
    /// By value: the factors of a product.
    products: Vec<Option<[Ref; 2]>>,
    /// By value: whether an update has taken it over.
    consumed: Vec<bool>,
}

impl Rewrite for Dots {
    fn inst(&mut self, program: &mut Program, mut inst: Inst, out: &mut Vec<Inst>, _: &mut Replaced) {
        self.consumed.resize(program.values.len(), false);
        match &mut inst {
            Inst::Gate(gate) => match (gate.op, gate.result) {
                (Op::Mul {}, Some(result)) if program.lanes(result) > 1 => {
                    if let [a, b] = gate.args.as_slice() {
                        self.products[result.index()] = Some([a.clone(), b.clone()]);
                    }
                }
                (Op::Sum { len }, Some(_)) => {
                    if let [terms] = gate.args.as_slice()
                        && let Some(factors) = self.factors(terms)
                    {
                        let factors = self.weighted(program, &factors, gate.site, out).unwrap_or(factors);
                        (gate.op, gate.args) = best(program, len, factors);
                    }
                }
                (Op::Dot { len }, Some(_)) => {
                    if let Some(factors) = self.weighted(program, &gate.args, gate.site, out) {
                        (gate.op, gate.args) = best(program, len, factors);
                    }
                }
                _ => {}
            },
            Inst::Update(update) => self.consumed[update.array.index()] = true,
            Inst::Loop(l) => l.carried.iter().for_each(|c| self.consumed[c.init.index()] = true),
            Inst::While(w) => w.carried.iter().for_each(|c| self.consumed[c.init.index()] = true),
            Inst::Concat(_) | Inst::If(_) => {}
        }
        out.push(inst);
    }
}

impl Dots {
    /// Two secret factors of a sum of products that has public weights: those go to one of the factors, which is free.
    fn weighted(&self, program: &mut Program, factors: &[Ref], site: SiteId, out: &mut Vec<Inst>) -> Option<Vec<Ref>> {
        let [a, b] = factors else { return None };
        let public = |factor: &Ref| !program.ty(factor.value).is_secret();
        let (products, weights) = if public(a) { (b, a) } else { (a, b) };
        if public(products) || !public(weights) {
            return None;
        }
        let mut both = self.factors(products)?;
        if both.iter().any(public) {
            return None;
        }
        let (first, second) = (both.pop()?, both.pop()?);
        let interval = |factor: &Ref| {
            let (lo, hi) = program.ty(factor.value).range();
            Interval::new(lo.into(), hi.into())
        };
        let range = interval(&first).mul(interval(weights));
        let frac = program.ty(first.value).frac() + program.ty(weights.value).frac();
        let ty = RegType::Arith { lo: i64::try_from(range.lo).ok()?, hi: i64::try_from(range.hi).ok()?, frac };
        let lanes = first.lanes();
        let weighted = program.value(Slot { ty, lanes }, "");
        let args = vec![first, weights.clone()];
        out.push(Inst::Gate(Gate { op: Op::Mul {}, args, result: Some(weighted), site }));
        Some(vec![Ref::whole(weighted, lanes), second])
    }

    fn factors(&self, terms: &Ref) -> Option<Vec<Ref>> {
        let product = self.products.get(terms.value.index())?.as_ref()?;
        if self.uses[terms.value.index()] != 1 {
            return None;
        }
        let mut factors = Vec::with_capacity(2);
        for factor in product {
            if self.consumed[factor.value.index()] {
                return None;
            }
            factors.push(factor.view(&terms.place)?);
        }
        Some(factors)
    }
}

/// The sums as one operation: a product of matrices, where that can be said with views of two dimensions. With a public factor each party computes sums alone.
fn best(program: &Program, len: u64, factors: Vec<Ref>) -> (Op, Vec<Ref>) {
    if let [a, b] = factors.as_slice()
        && a.lanes() > len
        && [a, b].iter().all(|factor| program.ty(factor.value).is_secret())
        && let Some(sums) = Contraction::of_dots(len, a, b)
    {
        let (op, args) = sums.best();
        let args: Vec<Ref> =
            args.into_iter().map(|arg| Ref { place: arg.place.simplified(), value: arg.value }).collect();
        if args.iter().all(|arg| arg.place.dims.len() <= 2) {
            return (op, args);
        }
    }
    (Op::Dot { len }, factors)
}
