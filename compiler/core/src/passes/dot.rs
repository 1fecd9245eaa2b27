//! Dot-product fusion: a sum of products is one gate, with one element a sum on the wire instead of one a product.
//!
//! ```text
//! %2 = mul(%0, %1)                  // 1000 lanes
//! %3 = sum{len=1000}(%2)    ->      %3 = dot{len=1000}(%0, %1)
//! ```
//!
//! A sum of what counts under a secret condition is one of products with its truth values: `sum(select(c, x, 0))` is a dot product of `b2a(c)` and x.
//! Public weights of products, such as whether a term counts, go to one of the factors. Where many sums share factors, that is a product of matrices, whose operands are read once.
//!
//! A term apart from the others, as where a sum begins with its first term and a loop adds the rest, joins them: `mul(%0[0], %1[0])` and
//! `dot(%0[1; …], %1[1; …])` are one dot product.
//!
//! The views of the sum and of the product compose, so that sums over columns fuse too. The product is left to `passes::dead`; where
//! something else reads it, the sum of it is free and stays.

use super::forward::{self, Replaced, Rewrite, Taken};
use super::ranges;
use super::vectorise::contraction::{Contraction, Product};
use super::views::behind;
use crate::ir::{Constant, Gate, Inst, Op, Program, Ref, RegType, SiteId, Slot};

/// Lanes from which on fewer bytes are worth a round: a choice of a lane takes two rounds and 107 bits from each party, its truth value as a number and a dot
/// product three rounds and 64.
const MANY: u64 = 4096;

/// Fuses sums of products.
#[must_use]
pub fn run(program: Program) -> Program {
    let values = program.values.len();
    let (products, choices, zeros) = (vec![None; values], vec![None; values], vec![false; values]);
    let (uses, single) = (program.use_counts(), vec![None; values]);
    forward::run(program, &mut Dots { uses, products, single, choices, zeros, taken: Taken::default() })
}

/// A sum of `len` products, of the lanes of these two.
type Single = (u64, [Ref; 2]);

struct Dots {
    uses: Vec<u32>,
    /// By value: the factors of a product.
    products: Vec<Option<[Ref; 2]>>,
    /// By value: what a sum of one lane is the sum of; a product is one of a single term.
    single: Vec<Option<Single>>,
    /// By value: the condition and the value of what is 0 where the condition does not hold.
    choices: Vec<Option<[Ref; 2]>>,
    /// By value: whether all of its lanes are 0.
    zeros: Vec<bool>,
    taken: Taken,
}

impl Rewrite for Dots {
    fn inst(&mut self, program: &mut Program, mut inst: Inst, out: &mut Vec<Inst>, _: &mut Replaced) {
        if let Inst::Gate(gate) = &mut inst {
            match (gate.op, gate.result) {
                (Op::Const { constant }, Some(result)) => {
                    let zero = |words: &Vec<i64>| words.iter().all(|word| *word == 0);
                    let constant = program.constants.get(constant.index());
                    self.zeros[result.index()] = matches!(constant, Some(Constant::Words(words)) if zero(words));
                }
                (Op::Copy {}, Some(result)) => {
                    self.zeros[result.index()] = gate.args.iter().all(|of| self.zero(of));
                }
                // What counts under a condition is a product with its truth value.
                (Op::Select {}, Some(result)) if program.lanes(result) > 1 => {
                    if let [condition, a, b] = gate.args.as_slice()
                        && program.ty(condition.value) == RegType::BIN_BOOL
                        && matches!(program.ty(a.value), RegType::Arith { .. })
                        && self.zero(b)
                    {
                        self.choices[result.index()] = Some([condition.clone(), a.clone()]);
                    }
                }
                (Op::Mul {}, Some(result)) if program.lanes(result) > 1 => {
                    if let [a, b] = gate.args.as_slice() {
                        self.products[result.index()] = Some([a.clone(), b.clone()]);
                    }
                }
                (Op::Add {}, Some(result)) if program.lanes(result) == 1 => {
                    if let [a, b] = gate.args.as_slice()
                        && let Some((len, factors)) = self.joined(a, b)
                    {
                        (gate.op, gate.args) = (Op::Dot { len }, factors.into());
                    }
                }
                (Op::Sum { len }, Some(_)) => {
                    if let [terms] = gate.args.as_slice()
                        && let Some([condition, a]) = self.chosen(terms)
                    {
                        let counts = counts(program, condition, gate.site, out);
                        become_product(program, gate, best(program, len, vec![counts, a]), out);
                    } else if let [terms] = gate.args.as_slice()
                        && let Some(factors) = self.factors(terms)
                    {
                        let factors = self.weighted(program, &factors, gate.site, out).unwrap_or(factors);
                        become_product(program, gate, best(program, len, factors), out);
                    }
                }
                (Op::Dot { len }, Some(_)) => {
                    if let Some(factors) = self.weighted(program, &gate.args, gate.site, out) {
                        become_product(program, gate, best(program, len, factors), out);
                    }
                }
                _ => {}
            }
        }
        self.taken.learn(&inst);
        if let Inst::Gate(gate) = &inst {
            self.note(program, gate);
        }
        out.push(inst);
    }
}

impl Dots {
    fn zero(&self, of: &Ref) -> bool {
        self.zeros.get(of.value.index()).copied().unwrap_or(false)
    }

    /// The condition and the value of terms that nothing else reads.
    fn chosen(&self, terms: &Ref) -> Option<[Ref; 2]> {
        let [condition, a] = self.choices.get(terms.value.index())?.as_ref()?;
        let free = |of: &Ref| self.taken.spares(of);
        let alone = self.uses[terms.value.index()] == 1 && free(condition) && free(a) && terms.lanes() >= MANY;
        if alone { Some([condition.view(&terms.place)?, a.view(&terms.place)?]) } else { None }
    }

    /// Two secret factors of a sum of products that has public weights: those go to one of the factors, which is free.
    fn weighted(&self, program: &mut Program, factors: &[Ref], site: SiteId, out: &mut Vec<Inst>) -> Option<Vec<Ref>> {
        let [a, b] = factors else { return None };
        let public = |factor: &Ref| !program.ty(factor.value).is_secret();
        let (products, weights) = if public(a) { (b, a) } else { (a, b) };
        if public(products) || !public(weights) {
            return None;
        }
        let mut both = self.factors(products)?;
        // A square is seen to be one only where both of its factors are the same.
        if both.iter().any(public) || both.first() == both.last() {
            return None;
        }
        let (first, second) = (both.pop()?, both.pop()?);
        let range = ranges::of(program, first.value).mul(ranges::of(program, weights.value));
        let frac = program.ty(first.value).frac() + program.ty(weights.value).frac();
        let ty = ranges::numbers(true, range, frac)?;
        let lanes = first.lanes();
        let weighted = program.value(Slot { ty, lanes }, "");
        let args = vec![first, weights.clone()];
        out.push(Inst::Gate(Gate { op: Op::Mul {}, args, result: Some(weighted), site }));
        Some(vec![Ref::whole(weighted, lanes), second])
    }

    /// Notes a sum of products of one lane.
    fn note(&mut self, program: &Program, gate: &Gate) {
        let (Some(result), [a, b]) = (gate.result, gate.args.as_slice()) else { return };
        let len = match gate.op {
            Op::Mul {} => 1,
            Op::Dot { len } => len,
            _ => return,
        };
        let secret = [a, b].iter().all(|factor| program.ty(factor.value).is_secret());
        if secret && program.lanes(result) == 1 {
            self.single.resize(program.values.len(), None);
            self.single[result.index()] = Some((len, [a.simplified(), b.simplified()]));
        }
    }

    /// Two sums of products as one, where the factors of one lie behind those of the other.
    fn joined(&self, a: &Ref, b: &Ref) -> Option<Single> {
        let of = |of: &Ref| self.single.get(of.value.index())?.as_ref();
        let ((m, x), (n, y)) = (of(a)?, of(b)?);
        let read_here = |of: &Ref| self.uses.get(of.value.index()).is_some_and(|uses| *uses == 1);
        let free = |factors: &[Ref; 2]| factors.iter().all(|factor| self.taken.spares(factor));
        // Two products alone are no vector; and what something else reads is not saved.
        if (*m, *n) == (1, 1) || !read_here(if *m > 1 { a } else { b }) || !free(x) || !free(y) {
            return None;
        }
        let (len, turned) = (m.checked_add(*n)?, [y[1].clone(), y[0].clone()]);
        let (x, y, turned) = ((x, *m), (y, *n), (&turned, *n));
        [(x, y), (y, x), (x, turned), (turned, x)].into_iter().find_map(|((first, before), (then, after))| {
            let joined = |at: usize| behind((&first[at], before), (&then[at], after));
            Some((len, [joined(0)?, joined(1)?]))
        })
    }

    fn factors(&self, terms: &Ref) -> Option<Vec<Ref>> {
        let product = self.products.get(terms.value.index())?.as_ref()?;
        if self.uses[terms.value.index()] != 1 {
            return None;
        }
        let mut factors = Vec::with_capacity(2);
        for factor in product {
            if !self.taken.spares(factor) {
                return None;
            }
            factors.push(factor.view(&terms.place)?);
        }
        Some(factors)
    }
}

/// Lets a gate be the product, or a copy of it where its lanes lie in another order.
fn become_product(program: &mut Program, gate: &mut Gate, product: Product, out: &mut Vec<Inst>) {
    let Product { op, args, lanes } = product;
    if let (Some(place), Some(result)) = (lanes, gate.result) {
        let value = program.value(program.slot(result), "");
        out.push(Inst::Gate(Gate { op, args, result: Some(value), site: gate.site }));
        (gate.op, gate.args) = (Op::Copy {}, vec![Ref { value, place }]);
    } else {
        (gate.op, gate.args) = (op, args);
    }
}

/// A condition as 0 and 1. Where the view has no fewer lanes than what it views, that is converted as it lies: others may ask for the same, and a product
/// of matrices chooses the order in which it reads it.
fn counts(program: &mut Program, condition: Ref, site: SiteId, out: &mut Vec<Inst>) -> Ref {
    let (own, lanes) = (program.lanes(condition.value), condition.lanes());
    let whole = own <= lanes;
    let lanes = if whole { own } else { lanes };
    let counts = program.value(Slot { ty: RegType::arith(0, 1), lanes }, "");
    let of = if whole { Ref::whole(condition.value, own) } else { condition.clone() };
    let op = Op::B2a { signed: false };
    out.push(Inst::Gate(Gate { op, args: vec![of], result: Some(counts), site }));
    if whole { Ref { value: counts, ..condition } } else { Ref::whole(counts, lanes) }
}

/// The sums as one operation: a product of matrices, where that can be said with views of two dimensions. With a public factor each party computes sums alone.
fn best(program: &Program, len: u64, factors: Vec<Ref>) -> Product {
    if let [a, b] = factors.as_slice()
        && a.lanes() > len
        && [a, b].iter().all(|factor| program.ty(factor.value).is_secret())
        && let Some(sums) = Contraction::of_dots(len, a, b)
    {
        let mut product = sums.best();
        product.args.iter_mut().for_each(|arg| *arg = arg.simplified());
        if product.args.iter().all(|arg| arg.place.dims.len() <= 2) {
            return product;
        }
    }
    Product { op: Op::Dot { len }, args: factors, lanes: None }
}
