//! Sums of a few values that stand side by side only to be summed are written out: in a loop, the vectors of all turns would have to be brought side by side for it.
//!
//! ```text
//! %3 = concat(%0, %1, %2)                              %5 = mul(%0, %w[0])   %6 = mul(%1, %w[1])   %7 = mul(%2, %w[2])
//! %4 = dot{len=3}(%w, %3), %w public          ->       %8 = add(%5, %6)
//!                                                      %4 = add(%8, %7)
//! ```
//!
//! Local gates alone: a product of secrets sends one element for the sum, and one for each term where they stand apart.

use super::forward::{self, Replaced, Rewrite, Taken};
use super::ranges;
use crate::ir::{ConstId, Constant, Gate, Inst, Op, Program, Ref, RegType, SiteId, Slot, fits};
use smpc_bytecode::interval::Interval;

/// Most values of a sum that is written out.
const FEW: u64 = 8;

/// Writes out sums of few values in loops.
#[must_use]
pub fn run(program: Program) -> Program {
    let values = program.values.len();
    forward::run(
        program,
        &mut Terms { beside: vec![None; values], tables: vec![None; values], depth: 0, taken: Taken::default() },
    )
}

struct Terms {
    /// By value: the lanes that it is made of, where these are few.
    beside: Vec<Option<Vec<Ref>>>,
    /// By value: the constant that it is.
    tables: Vec<Option<ConstId>>,
    /// Blocks around the instruction.
    depth: u32,
    taken: Taken,
}

/// A value, its range and its number of fractional bits.
type Term = (Ref, Interval, u32);

impl Rewrite for Terms {
    fn inst(&mut self, program: &mut Program, mut inst: Inst, out: &mut Vec<Inst>, _: &mut Replaced) {
        match &mut inst {
            Inst::Concat(concat) if self.depth > 0 && program.lanes(concat.result) <= FEW => {
                let lanes: Option<Vec<Ref>> = concat
                    .parts
                    .iter()
                    .map(|part| lanes(program, part))
                    .collect::<Option<Vec<_>>>()
                    .map(|parts| parts.concat());
                self.beside[concat.result.index()] = lanes;
            }
            Inst::Gate(gate) => {
                if let (Op::Const { constant }, Some(result)) = (gate.op, gate.result) {
                    self.tables[result.index()] = Some(constant);
                }
                let _ = self.written_out(program, gate, out);
            }
            _ => {}
        }
        self.taken.learn(&inst);
        out.push(inst);
    }

    fn enter(&mut self) {
        self.depth += 1;
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }
}

impl Terms {
    /// Makes a sum of one lane a sum of its terms.
    fn written_out(&self, program: &mut Program, gate: &mut Gate, out: &mut Vec<Inst>) -> Option<()> {
        let result = gate.result.filter(|result| program.lanes(*result) == 1 && program.ty(*result).is_secret())?;
        let (values, weights) = match (gate.op, gate.args.as_slice()) {
            (Op::Sum { .. }, [values]) => (self.apart(program, values)?, None),
            (Op::Dot { .. }, [a, b]) => {
                let (values, weights) = if program.ty(a.value).is_secret() { (a, b) } else { (b, a) };
                if program.ty(weights.value).is_secret() {
                    return None;
                }
                (self.apart(program, values)?, Some(lanes(program, weights)?))
            }
            _ => return None,
        };
        if values.len() < 2 || values.iter().all(|of| !program.ty(of.value).is_secret()) {
            return None;
        }
        let mut all: Vec<Term> = values.into_iter().map(|of| known(program, of)).collect();
        let site = gate.site;
        let emit = |program: &mut Program, op: Op, [a, b]: [&Term; 2], out: &mut Vec<Inst>| -> Option<Term> {
            let (range, frac) = if let Op::Mul {} = op { (a.1.mul(b.1), a.2 + b.2) } else { (a.1.add(b.1), a.2) };
            let secret = [a, b].iter().any(|of| program.ty(of.0.value).is_secret());
            let ty = ranges::numbers(secret, range, frac)?;
            let value = program.value(Slot { ty, lanes: 1 }, "");
            let args = vec![a.0.clone(), b.0.clone()];
            out.push(Inst::Gate(Gate { op, args, result: Some(value), site }));
            Some((Ref::whole(value, 1), range, frac))
        };
        for (term, weight) in all.iter_mut().zip(weights.into_iter().flatten()) {
            let weight = self.weight(program, weight, site, out);
            *term = emit(program, Op::Mul {}, [term, &weight], out)?;
        }
        let mut all = all.into_iter();
        let first = all.next()?;
        let (sum, range, frac) = all.try_fold(first, |sum, term| emit(program, Op::Add {}, [&sum, &term], out))?;
        let to = program.ty(result);
        let op = if fits(ranges::numbers(true, range, frac)?, to) { Op::Copy {} } else { Op::Relabel {} };
        (gate.op, gate.args) = (op, vec![sum]);
        Some(())
    }

    /// A weight, as a constant of its own where it is an entry of a known table: the range of its products is less than that of the table's.
    fn weight(&self, program: &mut Program, of: Ref, site: SiteId, out: &mut Vec<Inst>) -> Term {
        let word = |constant: ConstId| {
            let Some(Constant::Words(words)) = program.constants.get(constant.index()) else { return None };
            let at = if words.len() == 1 { 0 } else { usize::try_from(of.place.offset).ok()? };
            words.get(at).filter(|_| of.place.index.is_none()).copied()
        };
        let table = self.tables.get(of.value.index()).copied().flatten();
        let RegType::Pub { kind, frac, .. } = program.ty(of.value) else { return known(program, of) };
        let Some(word) = table.and_then(word) else { return known(program, of) };
        let constant = program.constant(Constant::Words(vec![word]));
        let value = program.value(Slot { ty: RegType::Pub { kind, lo: word, hi: word, frac }, lanes: 1 }, "");
        out.push(Inst::Gate(Gate { op: Op::Const { constant }, args: Vec::new(), result: Some(value), site }));
        known(program, Ref::whole(value, 1))
    }

    /// What the lanes of a view are, which stand side by side for it.
    fn apart(&self, program: &Program, view: &Ref) -> Option<Vec<Ref>> {
        let beside = self.beside.get(view.value.index())?.as_ref()?;
        let few = view.place.index.is_none() && view.lanes() <= FEW;
        let named = few.then(|| view.place.named(0, program.lanes(view.value)))??;
        named.into_iter().map(|lane| beside.get(lane).filter(|of| self.taken.spares(of)).cloned()).collect()
    }
}

/// The lanes of a view one by one, where they are few and known.
fn lanes(program: &Program, view: &Ref) -> Option<Vec<Ref>> {
    if view.lanes() == 1 {
        return Some(vec![view.clone()]);
    }
    if view.place.index.is_some() || view.lanes() > FEW {
        return None;
    }
    let named = view.place.named(0, program.lanes(view.value))?;
    named.into_iter().map(|lane| Some(Ref::lane(view.value, u64::try_from(lane).ok()?))).collect()
}

fn known(program: &Program, of: Ref) -> Term {
    let (range, frac) = (ranges::of(program, of.value), program.ty(of.value).frac());
    (of, range, frac)
}
