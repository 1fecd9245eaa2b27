//! Interval rules: the range of an operation's exact result, from the ranges of its operands.
//!
//! The compiler types values with them and the verifier checks registers against them. Ends are 128-bit; [`Interval::fits`] says
//! whether a result fits a register. What exceeds even 128 bits saturates, which fits nothing.

use crate::op::Op;

/// An inclusive range of integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval {
    /// Least value.
    pub lo: i128,
    /// Greatest value.
    pub hi: i128,
}

#[allow(
    clippy::should_implement_trait,
    reason = "rules for the machine's operations, with its meaning of division; operators would suggest Rust's"
)]
impl Interval {
    /// From lo to hi.
    #[must_use]
    pub const fn new(lo: i128, hi: i128) -> Self {
        Self { lo, hi }
    }

    /// A single value.
    #[must_use]
    pub const fn of(value: i128) -> Self {
        Self { lo: value, hi: value }
    }

    /// Everything that a register can hold.
    pub const FULL: Self = Self { lo: i64::MIN as i128, hi: i64::MAX as i128 };

    /// Whether all values fit 64 bits in two's complement.
    #[must_use]
    pub const fn fits(self) -> bool {
        self.within(Self::FULL)
    }

    /// Whether all values lie in the other.
    #[must_use]
    pub const fn within(self, other: Self) -> bool {
        other.lo <= self.lo && self.hi <= other.hi
    }

    /// The smallest range that holds both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self::new(self.lo.min(other.lo), self.hi.max(other.hi))
    }

    /// Greatest absolute value.
    #[must_use]
    pub const fn magnitude(self) -> i128 {
        let (a, b) = (self.lo.saturating_abs(), self.hi.saturating_abs());
        if a > b { a } else { b }
    }

    /// Whether a value lies in it.
    #[must_use]
    pub const fn contains(self, value: i128) -> bool {
        self.lo <= value && value <= self.hi
    }

    /// a + b.
    #[must_use]
    pub const fn add(self, other: Self) -> Self {
        Self::new(self.lo.saturating_add(other.lo), self.hi.saturating_add(other.hi))
    }

    /// a − b.
    #[must_use]
    pub const fn sub(self, other: Self) -> Self {
        Self::new(self.lo.saturating_sub(other.hi), self.hi.saturating_sub(other.lo))
    }

    /// −a.
    #[must_use]
    pub const fn neg(self) -> Self {
        Self::new(self.hi.saturating_neg(), self.lo.saturating_neg())
    }

    /// a · b.
    #[must_use]
    pub fn mul(self, other: Self) -> Self {
        let ends = [
            self.lo.saturating_mul(other.lo),
            self.lo.saturating_mul(other.hi),
            self.hi.saturating_mul(other.lo),
            self.hi.saturating_mul(other.hi),
        ];
        Self::new(ends.into_iter().min().unwrap_or(0), ends.into_iter().max().unwrap_or(0))
    }

    /// a · a: never negative.
    #[must_use]
    pub const fn square(self) -> Self {
        let greatest = self.magnitude().saturating_mul(self.magnitude());
        let nearest = if self.lo > 0 {
            self.lo
        } else if self.hi < 0 {
            self.hi
        } else {
            0
        };
        Self::new(nearest.saturating_mul(nearest), greatest)
    }

    /// The sum of `n` values of this range.
    #[must_use]
    pub fn times(self, n: u64) -> Self {
        let n = i128::from(n);
        Self::new(self.lo.saturating_mul(n), self.hi.saturating_mul(n))
    }

    /// ⌊a / 2^bits⌋.
    #[must_use]
    pub fn trunc(self, bits: u32) -> Self {
        Self::new(self.lo >> bits.min(127), self.hi >> bits.min(127))
    }

    /// ⌊a / 2^bits + ½⌋.
    #[must_use]
    pub fn round(self, bits: u32) -> Self {
        if bits == 0 { self } else { self.add(Self::of(1 << (bits.min(127) - 1))).trunc(bits) }
    }

    /// a / b truncated toward zero, 0 where b is 0.
    #[must_use]
    pub fn div(self, other: Self) -> Self {
        self.quotient(other, |a, b| a / b)
    }

    /// a · 2^frac / b to nearest, 0 where b is 0.
    #[must_use]
    pub fn fix_div(self, other: Self, frac: u32) -> Self {
        let scaled = self.mul(Self::of(1 << frac.min(126)));
        scaled.quotient(other, round_quotient)
    }

    /// Over the corners of a division that falls in |b| and is monotone in a; 0 is among the results where b may be 0.
    fn quotient(self, other: Self, divide: impl Fn(i128, i128) -> i128) -> Self {
        let mut found: Option<Self> = other.contains(0).then_some(Self::of(0));
        let divisors = [
            Some(other.lo).filter(|b| *b != 0),
            Some(other.hi).filter(|b| *b != 0),
            other.contains(-1).then_some(-1),
            other.contains(1).then_some(1),
        ];
        for b in divisors.into_iter().flatten() {
            for a in [self.lo, self.hi] {
                let here = Self::of(divide(a, b));
                found = Some(found.map_or(here, |all| all.join(here)));
            }
        }
        found.unwrap_or(Self::of(0))
    }

    /// The remainder of `div`, with the sign of a; a where b is 0.
    #[must_use]
    pub fn rem(self, other: Self) -> Self {
        let below = other.magnitude().saturating_sub(1);
        let bound = |end: i128| if other.contains(0) { end } else { end.clamp(-below, below) };
        Self::new(bound(self.lo.min(0)), bound(self.hi.max(0)))
    }

    /// ⌊√(a · 2^frac) + ½⌋, 0 for negative a.
    #[must_use]
    pub fn sqrt(self, frac: u32) -> Self {
        Self::new(round_root(self.lo, frac), round_root(self.hi, frac))
    }

    /// a ∧ b, bit by bit, of values that are not negative.
    #[must_use]
    pub fn and(self, other: Self) -> Option<Self> {
        (self.lo >= 0 && other.lo >= 0).then(|| Self::new(0, self.hi.min(other.hi)))
    }

    /// a ∨ b or a ⊕ b, bit by bit, of values that are not negative.
    #[must_use]
    pub fn or(self, other: Self) -> Option<Self> {
        let greatest = self.hi.max(other.hi);
        let ones = if greatest <= 0 { 0 } else { i128::MAX >> (greatest.leading_zeros() - 1) };
        (self.lo >= 0 && other.lo >= 0).then(|| Self::new(0, ones))
    }

    /// |a|.
    #[must_use]
    pub fn abs(self) -> Self {
        if self.lo >= 0 { self } else { Self::new(if self.hi < 0 { -self.hi } else { 0 }, self.magnitude()) }
    }

    /// min(a, b).
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self::new(self.lo.min(other.lo), self.hi.min(other.hi))
    }

    /// max(a, b).
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self::new(self.lo.max(other.lo), self.hi.max(other.hi))
    }
}

/// a / b to nearest, ties up.
#[must_use]
pub fn round_quotient(a: i128, b: i128) -> i128 {
    let (a, b) = if b < 0 { (a.saturating_neg(), b.saturating_neg()) } else { (a, b) };
    // ⌊a/b + ½⌋ = ⌊(2a + b) / 2b⌋, without leaving 128 bits for the values of registers.
    let (quotient, rest) = (a.div_euclid(b), a.rem_euclid(b));
    quotient + i128::from(rest >= b - rest)
}

/// ⌊√(a · 2^frac) + ½⌋, 0 for negative a.
#[must_use]
pub fn round_root(a: i128, frac: u32) -> i128 {
    if a <= 0 {
        return 0;
    }
    let x = a.saturating_mul(1 << frac.min(62));
    let root = x.isqrt();
    root + i128::from(x - root * root > root)
}

/// The range of the exact result of an operation on numbers, or `None` where it has no number for a result.
#[must_use]
pub fn result_range(op: Op, args: &[Interval]) -> Option<Interval> {
    let a = args.first().copied();
    let b = args.get(1).copied();
    match op {
        Op::Copy {} | Op::Gather {} => a,
        Op::Scatter {} => a,
        Op::Add {} => Some(a?.add(b?)),
        Op::Sub {} => Some(a?.sub(b?)),
        Op::Neg {} => Some(a?.neg()),
        Op::Mul {} => Some(a?.mul(b?)),
        Op::Dot { len } => Some(a?.mul(b?).times(len)),
        Op::MatMul { inner, .. } => Some(a?.mul(b?).times(inner)),
        Op::Sum { len } => Some(a?.times(len)),
        Op::PrefixSum { len } => Some(a?.join(a?.times(len))),
        Op::Trunc { bits } => Some(a?.trunc(bits)),
        Op::Round { bits } => Some(a?.round(bits)),
        Op::TruncStochastic { bits } => {
            let floor = a?.trunc(bits);
            Some(Interval::new(floor.lo, floor.hi.saturating_add(1)))
        }
        Op::Div {} => Some(a?.div(b?)),
        Op::Rem {} => Some(a?.rem(b?)),
        Op::FixDiv { frac } => Some(a?.fix_div(b?, frac)),
        Op::Sqrt { frac } => Some(a?.sqrt(frac)),
        Op::Select {} => Some(b?.join(args.get(2).copied()?)),
        Op::Sort { .. } => a,
        Op::Open { .. } => a,
        Op::AddWrap {} | Op::SubWrap {} | Op::MulWrap {} => Some(Interval::FULL),
        Op::Lt {} | Op::Eq {} => Some(Interval::new(0, 1)),
        Op::And {} => a?.and(b?),
        Op::Or {} | Op::Xor {} => a?.or(b?),
        Op::Const { .. }
        | Op::ConstRounded { .. }
        | Op::Not {}
        | Op::Planes { .. }
        | Op::Join {}
        | Op::Netlist { .. }
        | Op::A2b {}
        | Op::B2a { .. }
        | Op::Input { .. }
        | Op::ProveRange {}
        | Op::Relabel {}
        | Op::Output { .. }
        | Op::Check { .. }
        | Op::StopUnless { .. }
        | Op::Random {} => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(i: Interval) -> impl Iterator<Item = i128> + Clone {
        i.lo..=i.hi
    }

    /// Every rule is sound on all small intervals, and exact but for remainders.
    #[test]
    fn rules_hold_for_small_ranges() {
        let ends: Vec<Interval> = (-4..=4).flat_map(|lo| (lo..=4).map(move |hi| Interval::new(lo, hi))).collect();
        for a in &ends {
            assert!(all(*a).all(|x| a.abs().contains(x.abs()) && a.square().contains(x * x) && a.neg().contains(-x)));
            assert!(all(*a).all(|x| a.round(1).contains((x + 1) >> 1) && a.trunc(1).contains(x >> 1)));
            assert!(all(*a).all(|x| a.sqrt(4).contains(round_root(x, 4))));
            for b in &ends {
                for (x, y) in all(*a).flat_map(|x| all(*b).map(move |y| (x, y))) {
                    assert!(a.add(*b).contains(x + y) && a.sub(*b).contains(x - y) && a.mul(*b).contains(x * y));
                    assert!(a.min(*b).contains(x.min(y)) && a.max(*b).contains(x.max(y)));
                    assert!(a.and(*b).is_none_or(|r| r.contains(x & y)));
                    assert!(a.or(*b).is_none_or(|r| r.contains(x | y) && r.contains(x ^ y)));
                    let (q, r) = if y == 0 { (0, x) } else { (x / y, x % y) };
                    assert!(a.div(*b).contains(q), "{a:?} / {b:?}: {x} / {y}");
                    assert!(a.rem(*b).contains(r), "{a:?} % {b:?}: {x} % {y}");
                    let f = if y == 0 { 0 } else { round_quotient(x * 4, y) };
                    assert!(a.fix_div(*b, 2).contains(f), "{a:?} / {b:?}: {x} / {y}");
                }
            }
        }
    }

    #[test]
    fn quotients_round_to_nearest_with_ties_up() {
        for (a, b, q) in [(1, 2, 1), (-1, 2, 0), (3, 2, 2), (-3, 2, -1), (7, -2, -3), (5, 3, 2), (4, 3, 1), (-5, 3, -2)]
        {
            assert_eq!(round_quotient(a, b), q, "{a} / {b}");
        }
    }
}
