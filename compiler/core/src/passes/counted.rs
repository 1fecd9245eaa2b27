//! Loops that count by themselves: where a number grows by a constant from a known one until it passes a known one, it is known how often a `while` runs; and what a
//! number that is counted beside a `for` is in each turn, so that it is no index that may lie outside of an array.
//!
//! ```text
//! while { carry %i = 0 then %3 … } %1 {        %1 = lt(%i, 10)
//!     …                                                             ->      loop %4 from 0 to 10 { carry %i = 0 then %3 … }
//!     %3 = add(%i, 1)
//! }
//!
//! loop %j from 0 to 9 { carry %n = 1 then %2 … }                ->      loop %j from 0 to 9 { %4 = add(%j, 1) … %xs[0 + %4*1] … }
//!     … %xs[0 + %n*1] …
//!     %2 = add(%n, 1)
//! }
//! ```

use super::affine::{Arithmetic, Scalars};
use super::pieces::Comparison;
use super::{facts, fold, ranges, strength};
use crate::ir::{Block, Bound, Gate, Inst, Loop, Op, Program, RegType, Slot, ValueId, While};
use smpc_bytecode::interval::Interval;
use std::collections::BTreeMap;

/// Makes counted loops of loops that count.
#[must_use]
pub fn run(mut program: Program) -> Program {
    let body = std::mem::take(&mut program.body);
    let (mut scalars, mut known) = (Scalars::default(), false);
    program.body = block(&mut program, &mut scalars, body, &mut known);
    // What says that such an index lies inside holds now.
    if known { fold::run(strength::run(program)) } else { program }
}

fn block(program: &mut Program, scalars: &mut Scalars, block: Block, known: &mut bool) -> Block {
    let mut out = Block::with_capacity(block.len());
    for mut inst in block {
        if let Inst::Gate(gate) = &inst {
            scalars.learn(program, gate);
        }
        for nested in inst.blocks_mut() {
            *nested = self::block(program, scalars, std::mem::take(nested), known);
        }
        if let Inst::While(w) = &inst
            && let Some(count) = turns(program, scalars, w)
        {
            inst = Inst::Loop(counted(program, scalars, w.clone(), count));
        }
        if let Inst::Loop(l) = &mut inst {
            *known |= follows(program, scalars, l);
        }
        out.push(inst);
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
        let own = |value: ValueId| ranges::of(program, value);
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

/// Lets what is counted beside a loop, some of whose turns might stop the run, follow from its counter in each turn; whether there is such a number.
fn follows(program: &mut Program, scalars: &Scalars, l: &mut Loop) -> bool {
    let (Bound::Const(from), true) = (l.from, l.body.iter().any(|inst| !facts::effects(program, inst).none())) else {
        return false;
    };
    let (mut first, mut known) = (Block::new(), false);
    for c in &l.carried {
        let start = scalars.form(c.init);
        let Some(step) = step(program, scalars, c.param, c.next).filter(|_| start.terms.is_empty()) else { continue };
        let mut sums = Arithmetic { program, out: &mut first, site: l.site };
        let turn = from.checked_neg().and_then(|from| sums.plus(l.counter, from));
        let grown = turn.and_then(|turn| sums.times(turn, step));
        if let Some(value) = grown.and_then(|grown| sums.plus(grown, start.constant)) {
            l.body.iter_mut().for_each(|inst| renamed(inst, c.param, value));
            known = true;
        }
    }
    first.append(&mut l.body);
    l.body = first;
    known
}

fn renamed(inst: &mut Inst, from: ValueId, to: ValueId) {
    inst.map_own_uses(&mut |value| if value == from { to } else { value });
    inst.blocks_mut().into_iter().flatten().for_each(|inst| renamed(inst, from, to));
}
