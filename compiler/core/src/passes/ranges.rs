//! Ranges of results, as far as passes have to know them: whether a rewritten gate still fits its register.

use crate::ir::{Constant, Gate, Kind, Op, Program, Ref, RegType, ValueId};
use smpc_bytecode::interval::{Interval, result_range};
use std::collections::BTreeMap;

/// The ranges of copies where what was copied has a narrower one than the copy's type.
#[derive(Debug, Default)]
pub(super) struct CopyRanges(BTreeMap<ValueId, (i64, i64)>);

impl CopyRanges {
    /// Notes what a gate copies, or says outright.
    pub(super) fn learn(&mut self, program: &Program, gate: &Gate) {
        if let (Op::Const { constant }, Some(result)) = (gate.op, gate.result)
            && let Some(Constant::Words(words)) = program.constants.get(constant.index())
            && let (Some(least), Some(greatest)) = (words.iter().min(), words.iter().max())
        {
            self.0.insert(result, (*least, *greatest));
        }
        if let (Op::Copy {}, Some(result), [of]) = (gate.op, gate.result, gate.args.as_slice()) {
            let range = self.of(program, of.value);
            let (lo, hi) = program.ty(result).range();
            if range.0 > lo || range.1 < hi {
                self.0.insert(result, (range.0.max(lo), range.1.min(hi)));
            }
        }
    }

    /// The least range known of a value.
    pub(super) fn of(&self, program: &Program, value: ValueId) -> (i64, i64) {
        self.0.get(&value).copied().unwrap_or_else(|| program.ty(value).range())
    }

    /// Forgets all but some values.
    pub(super) fn retain(&mut self, keep: impl Fn(ValueId) -> bool) {
        self.0.retain(|value, _| keep(*value));
    }
}

/// The range of a value's type.
#[must_use]
pub fn of(program: &Program, value: ValueId) -> Interval {
    let (lo, hi) = program.ty(value).range();
    Interval::new(lo.into(), hi.into())
}

/// A type of numbers of that range; `None` where they exceed 64 bits.
#[must_use]
pub fn numbers(secret: bool, range: Interval, frac: u32) -> Option<RegType> {
    let (lo, hi) = (i64::try_from(range.lo).ok()?, i64::try_from(range.hi).ok()?);
    let kind = if frac == 0 { Kind::Int } else { Kind::Fix };
    Some(if secret { RegType::Arith { lo, hi, frac } } else { RegType::Pub { kind, lo, hi, frac } })
}

/// The smallest interval known to hold every lane of the result, from the ranges of the operands; `None` where nothing is known.
#[must_use]
pub fn interval(program: &Program, op: Op, args: &[Ref]) -> Option<Interval> {
    let ranges: Vec<Interval> = args.iter().map(|arg| of(program, arg.value)).collect();
    match op {
        Op::Const { constant } | Op::ConstRounded { constant } => match program.constants.get(constant.index())? {
            Constant::Words(words) => words.iter().map(|word| Interval::of((*word).into())).reduce(Interval::join),
            Constant::Range { .. } => None,
        },
        Op::Relabel {} => ranges.first().copied(),
        Op::Mul {} if args.first() == args.get(1) => Some(ranges.first()?.square()),
        Op::Dot { len } if args.first() == args.get(1) => Some(ranges.first()?.square().times(len)),
        Op::Not {} => {
            let truth = Interval::new(0, 1);
            ranges.iter().all(|range| *range == truth).then_some(truth)
        }
        op => result_range(op, &ranges),
    }
}

/// Whether every result of the gate on its operands' ranges lies in the range of `result`.
#[must_use]
pub fn within(program: &Program, op: Op, args: &[Ref], result: RegType) -> bool {
    let (lo, hi) = result.range();
    interval(program, op, args).is_some_and(|range| range.within(Interval::new(lo.into(), hi.into())))
}
