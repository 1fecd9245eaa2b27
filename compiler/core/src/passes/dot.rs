//! Dot-product fusion: a sum of products is one gate, with one element a sum on the wire instead of one a product.
//!
//! ```text
//! %2 = mul(%0, %1)                  // 1000 lanes
//! %3 = sum{len=1000}(%2)    ->      %3 = dot{len=1000}(%0, %1)
//! ```
//!
//! Where many sums share factors, that is a product of matrices, whose operands are read once.
//!
//! The views of the sum and of the product compose, so that sums over columns fuse too. The product is left to `passes::dead`; where
//! something else reads it, the sum of it is free and stays.

use super::forward::{self, Replaced, Rewrite};
use super::vectorise::contraction::Contraction;
use crate::ir::{Inst, Op, Program, Ref};

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
