//! Run-time indices: what is known of one becomes part of the view.
//!
//! ```text
//! %2 = add(%i, %one)                    %2 = add(%i, %one)        // dead, if nothing else reads it
//! %3 = mul(%xs[0 + %2*1], %y)    ->     %3 = mul(%xs[1 + %i*1], %y)
//! %4 = mul(%xs[0 + %five*1], %y)        %4 = mul(%xs[5], %y)
//! ```
//!
//! Sums with a constant go to the offset, products with one to the stride, constants vanish where they are in bounds. Arithmetic that might fault
//! stays where it is, and so does its fault.

use super::facts;
use super::forward::{self, Replaced, Rewrite};
use crate::ir::{Constant, Index, Inst, Op, Place, Program, ValueId};

/// Simplifies indices.
#[must_use]
pub fn run(program: Program) -> Program {
    let values = program.values.len();
    forward::run(program, &mut Indices { known: vec![Known::Nothing; values] })
}

/// What is known of a public scalar.
#[derive(Clone, Copy)]
enum Known {
    Nothing,
    Word(i64),
    /// value · factor + term
    Linear(ValueId, i64, i64),
}

struct Indices {
    known: Vec<Known>,
}

impl Rewrite for Indices {
    fn inst(&mut self, program: &mut Program, mut inst: Inst, out: &mut Vec<Inst>, _: &mut Replaced) {
        match &mut inst {
            Inst::Gate(gate) => {
                for arg in &mut gate.args {
                    self.simplify(&mut arg.place, program.lanes(arg.value));
                }
                if let Some(result) = gate.result {
                    self.known[result.index()] = self.learn(program, gate, result);
                }
            }
            Inst::Update(update) => {
                self.simplify(&mut update.place, program.lanes(update.array));
                for arg in &mut update.args {
                    self.simplify(&mut arg.place, program.lanes(arg.value));
                }
            }
            Inst::Concat(concat) => {
                for part in &mut concat.parts {
                    self.simplify(&mut part.place, program.lanes(part.value));
                }
            }
            Inst::Loop(_) | Inst::While(_) | Inst::If(_) => {}
        }
        out.push(inst);
    }
}

impl Indices {
    fn learn(&self, program: &Program, gate: &crate::ir::Gate, result: ValueId) -> Known {
        let slot = program.slot(result);
        if slot.lanes != 1 || slot.ty.is_secret() || facts::may_fault(program, gate) {
            return Known::Nothing;
        }
        let whole = |at: usize| {
            let arg = gate.args.get(at)?;
            arg.place.is_whole(1).then_some(arg.value).filter(|value| program.lanes(*value) == 1)
        };
        let word = |at: usize| match self.known[whole(at)?.index()] {
            Known::Word(word) => Some(word),
            Known::Nothing | Known::Linear(..) => None,
        };
        let scaled = |at: usize, factor: i64, term: Option<i64>| {
            let value = whole(at)?;
            let term = term?;
            Some(match self.known[value.index()] {
                Known::Linear(of, by, plus) => {
                    Known::Linear(of, by.checked_mul(factor)?, plus.checked_mul(factor)?.checked_add(term)?)
                }
                Known::Nothing | Known::Word(_) => Known::Linear(value, factor, term),
            })
        };
        let found = match gate.op {
            Op::Const { constant } => match program.constants.get(constant.index()) {
                Some(Constant::Words(words)) => words.first().map(|word| Known::Word(*word)),
                Some(Constant::Range { start, .. }) => Some(Known::Word(*start)),
                None => None,
            },
            Op::Add {} => {
                word(1).and_then(|c| scaled(0, 1, Some(c))).or_else(|| word(0).and_then(|c| scaled(1, 1, Some(c))))
            }
            Op::Sub {} => word(1).and_then(|c| scaled(0, 1, c.checked_neg())),
            Op::Mul {} => {
                word(1).and_then(|c| scaled(0, c, Some(0))).or_else(|| word(0).and_then(|c| scaled(1, c, Some(0))))
            }
            _ => None,
        };
        found.unwrap_or(Known::Nothing)
    }

    fn simplify(&self, place: &mut Place, lanes: u64) {
        let Some(index) = place.index else { return };
        let moved = |by: i64| {
            let by = i128::from(by) * i128::from(index.stride);
            u64::try_from(i128::from(place.offset) + by).ok()
        };
        match self.known.get(index.value.index()) {
            Some(Known::Word(word)) => {
                let Some(offset) = moved(*word) else { return };
                let fixed = Place { offset, index: None, dims: place.dims.clone() };
                if fixed.extent().is_none_or(|(least, greatest)| least >= 0 && greatest < i128::from(lanes)) {
                    *place = fixed;
                }
            }
            Some(Known::Linear(value, factor, term)) => {
                if let (Some(offset), Some(stride)) = (moved(*term), index.stride.checked_mul(*factor))
                    && offset < lanes
                {
                    place.offset = offset;
                    place.index = Some(Index { value: *value, stride });
                }
            }
            Some(Known::Nothing) | None => {}
        }
    }
}
