//! `while` loops that count: where a number grows by a constant from a known one until it passes a known one, it is known how often the loop runs.
//!
//! ```text
//! while { carry %i = 0 then %3 … } %1 {        %1 = lt(%i, 10)
//!     …                                                             ->      loop %4 from 0 to 10 { carry %i = 0 then %3 … }
//!     %3 = add(%i, 1)
//! }
//! ```

use super::facts;
use super::pieces::Comparison;
use super::vectorise::affine::Scalars;
use crate::ir::{Block, Bound, Gate, Inst, Loop, Op, Program, RegType, Slot, ValueId, While};
use smpc_bytecode::interval::Interval;
use std::collections::BTreeMap;

/// Makes counted loops of loops that count.
#[must_use]
pub fn run(mut program: Program) -> Program {
    let body = std::mem::take(&mut program.body);
    let mut scalars = Scalars::default();
    program.body = block(&mut program, &mut scalars, body);
    program
}

fn block(program: &mut Program, scalars: &mut Scalars, block: Block) -> Block {
    let mut out = Block::with_capacity(block.len());
    for mut inst in block {
        if let Inst::Gate(gate) = &inst {
            scalars.learn(program, gate);
        }
        for nested in inst.blocks_mut() {
            *nested = self::block(program, scalars, std::mem::take(nested));
        }
        out.push(match inst {
            Inst::While(w) => match turns(program, scalars, &w) {
                Some(count) => Inst::Loop(counted(program, scalars, w, count)),
                None => Inst::While(w),
            },
            inst => inst,
        });
    }
    out
}

/// How often the loop runs; `None` where that is not known, or not at all.
fn turns(program: &Program, scalars: &Scalars, w: &While) -> Option<i64> {
    let mut gates: BTreeMap<ValueId, &Gate> = BTreeMap::new();
    for inst in &w.head {
        let Inst::Gate(gate) = inst else { return None };
        if !facts::effects(program, inst).none() {
            return None;
        }
        gates.extend(gate.result.map(|result| (result, gate)));
    }
    let (mut condition, mut negated) = (*gates.get(&w.condition)?, false);
    while let (Op::Not {}, [of]) = (condition.op, condition.args.as_slice()) {
        (condition, negated) = (*gates.get(&of.value)?, !negated);
    }
    w.carried.iter().find_map(|c| {
        let start = scalars.form(c.init);
        let step = step(program, scalars, c.param, c.next)?;
        let comparison = Comparison::of(program, scalars, condition, c.param)?;
        let known = start.terms.is_empty();
        let by_turn = known.then(|| comparison.by_turn(start.constant, step))??;
        let ends = by_turn.changes((0, i64::MAX)).first().copied();
        ends.filter(|_| by_turn.holds(0) != negated)
    })
}

/// By how much a turn moves a number.
fn step(program: &Program, scalars: &Scalars, param: ValueId, next: ValueId) -> Option<i64> {
    if !matches!(program.slot(param), Slot { ty: RegType::Pub { .. }, lanes: 1 }) {
        return None;
    }
    let mut next = scalars.form(next);
    (next.take(param) == 1 && next.terms.is_empty() && next.constant != 0).then_some(next.constant)
}

/// The loop with so many turns. What is counted lies between its first and its last number.
fn counted(program: &mut Program, scalars: &Scalars, w: While, count: i64) -> Loop {
    // A copy keeps to what it copies.
    let computed = |value: ValueId| {
        w.body.iter().any(|inst| {
            matches!(inst, Inst::Gate(Gate { op: Op::Add {} | Op::Sub {} | Op::Relabel {}, result, .. }) if *result == Some(value))
        })
    };
    for c in w.carried.iter().filter(|c| computed(c.next)) {
        let start = scalars.form(c.init);
        let Some(step) = step(program, scalars, c.param, c.next).filter(|_| start.terms.is_empty()) else { continue };
        let (start, step) = (i128::from(start.constant), i128::from(step));
        let first = Interval::of(start);
        let all = first.join(Interval::of(start + step * i128::from(count)));
        let moved = Interval::of(start + step).join(Interval::of(start + step * i128::from(count)));
        let values = [(c.param, all), (c.next, moved), (c.result, all)];
        let own = |value: ValueId| {
            let (lo, hi) = program.ty(value).range();
            Interval::new(lo.into(), hi.into())
        };
        if !own(c.init).within(all) || !values.iter().all(|(value, range)| range.within(own(*value))) {
            continue;
        }
        for (value, range) in values {
            if let (Ok(lo), Ok(hi)) = (i64::try_from(range.lo), i64::try_from(range.hi)) {
                program.values[value.index()].slot.ty = program.ty(value).in_range(lo, hi);
            }
        }
    }
    let counter = program.value(Slot { ty: RegType::pub_int(0, count - 1), lanes: 1 }, "");
    let While { carried, mut head, body, site, .. } = w;
    head.extend(body);
    Loop { counter, from: Bound::Const(0), to: Bound::Const(count), carried, body: head, site }
}
