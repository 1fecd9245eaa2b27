//! Loops in pieces: where a public condition holds for some turns and not for others, each run of turns of a kind becomes a loop of its own, in which the condition is
//! decided.
//!
//! ```text
//! loop %i from 0 to 100 {                          loop %i from 0 to 1 { … }
//!     %1 = lt(0, %i)
//!     if %1 { … %xs[-1 + %i*1] … }        ->       loop %i from 1 to 100 { … %xs[-1 + %i*1] … }
//! }
//! ```
//!
//! So the first turn, or the border of a grid, is apart from all others, which are alike (index set splitting: Griebl, Feautrier and Lengauer, 2000). It is done where
//! turns could not be alike else: what stands under the condition may stop the run where that does not hold, or is a loop.

use super::affine::Scalars;
use super::copies::copied;
use super::{facts, fold, strength};
use crate::ir::{Block, Bound, Carried, Constant, Gate, Inst, Loop, Op, Program, Ref, RegType, Slot, ValueId};
use std::collections::{BTreeMap, BTreeSet};

/// Most places at which a loop is cut.
const CUTS: usize = 4;

/// Most instructions that all copies of turns together may add.
const GROWTH: usize = 4096;

/// Cuts loops.
#[must_use]
pub fn run(mut program: Program) -> Program {
    let body = std::mem::take(&mut program.body);
    let mut pieces = Pieces { program: &mut program, scalars: Scalars::default(), left: GROWTH };
    let body = pieces.block(body);
    let cut = pieces.left < GROWTH;
    program.body = body;
    if cut { fold::run(strength::run(program)) } else { program }
}

struct Pieces<'a> {
    program: &'a mut Program,
    scalars: Scalars,
    /// Instructions that may still be added.
    left: usize,
}

/// A comparison of the counter with a number: it holds where `factor · counter + constant` is less than 0, or is 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comparison {
    equal: bool,
    factor: i128,
    constant: i128,
}

impl Comparison {
    /// Of two public numbers that move with the counter and nothing else.
    pub(super) fn of(program: &Program, scalars: &Scalars, gate: &Gate, counter: ValueId) -> Option<Self> {
        let ([a, b], Op::Lt {} | Op::Eq {}) = (gate.args.as_slice(), gate.op) else { return None };
        let public = |of: &Ref| matches!(program.slot(of.value), Slot { ty: RegType::Pub { .. }, lanes: 1 });
        if ![a, b].iter().all(|of| of.place.index.is_none() && public(of)) {
            return None;
        }
        let mut difference = scalars.form(a.value).plus(&scalars.form(b.value), -1)?;
        let factor = difference.take(counter);
        let known = factor != 0 && difference.terms.is_empty();
        known.then(|| Self {
            equal: matches!(gate.op, Op::Eq {}),
            factor: factor.into(),
            constant: difference.constant.into(),
        })
    }

    /// As a comparison of the number of the turn, where the counter starts at a number and each turn moves it by a step.
    pub(super) fn by_turn(self, start: i64, step: i64) -> Option<Self> {
        let constant = self.factor.checked_mul(start.into())?.checked_add(self.constant)?;
        Some(Self { factor: self.factor.checked_mul(step.into())?, constant, ..self })
    }

    pub(super) fn holds(self, turn: i64) -> bool {
        let difference = self.factor * i128::from(turn) + self.constant;
        if self.equal { difference == 0 } else { difference < 0 }
    }

    /// The turns of some at which it holds and did not at the one before, or the other way round.
    pub(super) fn changes(self, (from, to): (i64, i64)) -> Vec<i64> {
        // Near the turn at which the difference is 0.
        let zero = -self.constant / self.factor;
        let near = (zero - 1..=zero + 2).filter_map(|turn| i64::try_from(turn).ok());
        near.filter(|turn| *turn > from && *turn < to && self.holds(*turn) != self.holds(*turn - 1)).collect()
    }
}

impl Pieces<'_> {
    fn block(&mut self, block: Block) -> Block {
        let mut out = Block::with_capacity(block.len());
        for mut inst in block {
            if let Inst::Gate(gate) = &inst {
                self.scalars.learn(self.program, gate);
            }
            if let Inst::Loop(l) = inst {
                self.counted(l, &mut out);
                continue;
            }
            for nested in inst.blocks_mut() {
                *nested = self.block(std::mem::take(nested));
            }
            out.push(inst);
        }
        out
    }

    /// Puts a loop, or its pieces, into `out`.
    fn counted(&mut self, mut l: Loop, out: &mut Block) {
        let cut =
            if let (Bound::Const(from), Bound::Const(to)) = (l.from, l.to) { self.cuts(&l, (from, to)) } else { None };
        let Some((comparisons, cuts)) = cut else {
            l.body = self.block(l.body);
            out.push(Inst::Loop(l));
            return;
        };
        let mut inits: Vec<ValueId> = l.carried.iter().map(|c| c.init).collect();
        for (n, bounds) in cuts.windows(2).enumerate() {
            let last = n + 2 == cuts.len();
            let mut piece = self.piece(&l, (bounds[0], bounds[1]), &comparisons, &inits, last);
            inits = piece.carried.iter().map(|c| c.result).collect();
            piece.body = self.block(piece.body);
            out.push(Inst::Loop(piece));
        }
    }

    /// Comparisons that decide about choices, and the turns at which they change, with the first and the end; `None` where the loop stays whole.
    fn cuts(&mut self, l: &Loop, (from, to): (i64, i64)) -> Option<(BTreeMap<ValueId, Comparison>, Vec<i64>)> {
        let mut gates = BTreeMap::new();
        let mut asked = Vec::new();
        let size = self.survey(&l.body, &mut gates, &mut asked);
        let mut comparisons = BTreeMap::new();
        while let Some(condition) = asked.pop() {
            let Some(gate) = gates.get(&condition) else { continue };
            match gate.op {
                Op::Not {} | Op::And {} | Op::Or {} | Op::Copy {} => {
                    asked.extend(gate.args.iter().map(|arg| arg.value))
                }
                Op::Lt {} | Op::Eq {} => {
                    if let Some(comparison) = Comparison::of(self.program, &self.scalars, gate, l.counter) {
                        comparisons.insert(condition, comparison);
                    }
                }
                _ => {}
            }
        }
        let cuts: BTreeSet<i64> = comparisons.values().flat_map(|of| of.changes((from, to))).collect();
        if cuts.is_empty() || cuts.len() > CUTS {
            return None;
        }
        self.left = self.left.checked_sub(size * cuts.len())?;
        let cuts = [from].into_iter().chain(cuts).chain([to]).collect();
        Some((comparisons, cuts))
    }

    /// Gates of a block, by result, and the conditions of choices that turns could not all make; how many instructions there are.
    fn survey<'b>(
        &mut self,
        block: &'b [Inst],
        gates: &mut BTreeMap<ValueId, &'b Gate>,
        asked: &mut Vec<ValueId>,
    ) -> usize {
        let mut size = block.len();
        for inst in block {
            if let Inst::Gate(gate) = inst {
                self.scalars.learn(self.program, gate);
                gates.extend(gate.result.map(|result| (result, gate)));
            }
            if let Inst::If(i) = inst {
                let hard = |inst: &Inst| loops(inst) || !facts::effects(self.program, inst).none();
                if i.then.iter().chain(&i.otherwise).any(hard) {
                    asked.push(i.condition);
                }
            }
            for nested in inst.blocks() {
                size += self.survey(nested, gates, asked);
            }
        }
        size
    }

    /// Some turns of a loop as one of their own, in which comparisons are as they are in its first turn.
    fn piece(
        &mut self,
        l: &Loop,
        (from, to): (i64, i64),
        comparisons: &BTreeMap<ValueId, Comparison>,
        inits: &[ValueId],
        last: bool,
    ) -> Loop {
        let counter = self.program.value(Slot { ty: RegType::pub_int(from, to - 1), lanes: 1 }, "");
        self.program.values[counter.index()].name = self.program.values[l.counter.index()].name.clone();
        let mut copies = BTreeMap::from([(l.counter, counter)]);
        let own = |program: &mut Program, value: ValueId| program.value(program.slot(value), "");
        let params: Vec<ValueId> = l.carried.iter().map(|c| own(self.program, c.param)).collect();
        copies.extend(l.carried.iter().map(|c| c.param).zip(params.iter().copied()));
        let mut body = copied(self.program, &l.body, &mut copies);
        let known = comparisons.iter().filter_map(|(value, of)| Some((*copies.get(value)?, of.holds(from)))).collect();
        decide(self.program, &mut body, &known);
        let carried = l.carried.iter().zip(params).zip(inits);
        let carried = carried
            .map(|((c, param), init)| Carried {
                init: *init,
                param,
                next: copies.get(&c.next).copied().unwrap_or(c.next),
                result: if last { c.result } else { own(self.program, c.result) },
            })
            .collect();
        Loop { counter, from: Bound::Const(from), to: Bound::Const(to), carried, body, site: l.site }
    }
}

/// Makes constants of comparisons that are known.
fn decide(program: &mut Program, block: &mut [Inst], known: &BTreeMap<ValueId, bool>) {
    for inst in block {
        if let Inst::Gate(gate) = inst
            && let Some(holds) = gate.result.and_then(|result| known.get(&result))
        {
            gate.op = Op::Const { constant: program.constant(Constant::Words(vec![i64::from(*holds)])) };
            gate.args.clear();
        }
        inst.blocks_mut().into_iter().for_each(|nested| decide(program, nested, known));
    }
}

/// Whether it is a loop, or has one in it.
fn loops(inst: &Inst) -> bool {
    matches!(inst, Inst::Loop(_) | Inst::While(_)) || inst.blocks().into_iter().flatten().any(loops)
}
