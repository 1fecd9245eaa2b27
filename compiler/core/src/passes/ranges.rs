//! Ranges of results, as far as passes have to know them: whether a rewritten gate still fits its register.

use crate::ir::{Constant, Op, Program, Ref, RegType};
use smpc_bytecode::interval::{Interval, result_range};

/// The smallest interval known to hold every lane of the result, from the ranges of the operands; `None` where nothing is known.
#[must_use]
pub fn interval(program: &Program, op: Op, args: &[Ref]) -> Option<Interval> {
    let ranges: Vec<Interval> = args
        .iter()
        .map(|arg| {
            let (lo, hi) = program.ty(arg.value).range();
            Interval::new(lo.into(), hi.into())
        })
        .collect();
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
