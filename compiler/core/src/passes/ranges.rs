//! Ranges of results, as far as passes have to know them: whether a rewritten gate still fits its register.

use crate::ir::{Constant, Op, Program, Ref, RegType};

/// The smallest interval known to hold every lane of the result, from the ranges of the operands; `None` where nothing is known.
#[must_use]
pub fn interval(program: &Program, op: Op, args: &[Ref]) -> Option<(i128, i128)> {
    let range = |at: usize| {
        let (lo, hi) = program.ty(args.get(at)?.value).range();
        Some((i128::from(lo), i128::from(hi)))
    };
    let corners = |f: &dyn Fn(i128, i128) -> i128| {
        let ((al, ah), (bl, bh)) = (range(0)?, range(1)?);
        let all = [f(al, bl), f(al, bh), f(ah, bl), f(ah, bh)];
        Some((all.into_iter().min()?, all.into_iter().max()?))
    };
    let times = |(lo, hi): (i128, i128), n: u64| {
        let n = i128::from(n);
        Some((lo.checked_mul(n)?, hi.checked_mul(n)?))
    };
    match op {
        Op::Const { constant } => match program.constants.get(constant.index())? {
            Constant::Words(words) => {
                Some((i128::from(words.iter().copied().min()?), i128::from(words.iter().copied().max()?)))
            }
            Constant::Range { .. } => None,
        },
        Op::Copy {} | Op::Relabel {} | Op::Gather {} => range(0),
        Op::Add {} => corners(&|a, b| a + b),
        Op::Sub {} => corners(&|a, b| a - b),
        Op::Mul {} => corners(&|a, b| a * b),
        Op::Neg {} => range(0).map(|(lo, hi)| (-hi, -lo)),
        Op::Sum { len } => times(range(0)?, len),
        Op::PrefixSum { len } => {
            let (lo, hi) = range(0)?;
            let (all_lo, all_hi) = times((lo, hi), len)?;
            Some((lo.min(all_lo), hi.max(all_hi)))
        }
        Op::Dot { len } => times(corners(&|a, b| a * b)?, len),
        Op::MatMul { inner, .. } => times(corners(&|a, b| a * b)?, inner),
        Op::Trunc { bits } => range(0).map(|(lo, hi)| (shift(lo, bits), shift(hi, bits))),
        Op::Round { bits } => {
            let half = if bits == 0 || bits > 63 { 0 } else { 1_i128 << (bits - 1) };
            range(0).map(|(lo, hi)| (shift(lo + half, bits), shift(hi + half, bits)))
        }
        Op::Div {} => {
            let (lo, hi) = range(0)?;
            let most = lo.abs().max(hi.abs());
            Some((if lo < 0 || range(1)?.0 < 0 { -most } else { 0 }, most))
        }
        Op::Rem {} => {
            let (lo, hi) = range(0)?;
            Some((lo.min(0), hi.max(0)))
        }
        Op::Select {} => {
            let ((al, ah), (bl, bh)) = (range(1)?, range(2)?);
            Some((al.min(bl), ah.max(bh)))
        }
        Op::Lt {} | Op::Eq {} => Some((0, 1)),
        Op::Xor {} | Op::And {} | Op::Or {} | Op::Not {} => {
            args.iter().all(|arg| program.ty(arg.value).range() == (0, 1)).then_some((0, 1))
        }
        _ => None,
    }
}

/// Whether every result of the gate on its operands' ranges lies in the range of `result`.
#[must_use]
pub fn within(program: &Program, op: Op, args: &[Ref], result: RegType) -> bool {
    let (lo, hi) = result.range();
    interval(program, op, args).is_some_and(|(l, h)| l >= i128::from(lo) && h <= i128::from(hi))
}

fn shift(value: i128, bits: u32) -> i128 {
    value >> bits.min(127)
}
