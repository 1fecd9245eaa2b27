//! Integers modulo the Mersenne prime 2^127 − 1: reduction is a shift and an addition, and every product of two numbers of 63 bits is itself.

use super::Field;
use crate::simd::p127;
use zerocopy::{FromZeros, IntoBytes};
use zeroize::DefaultIsZeroes;

/// 2^127 − 1.
const P: u128 = (1 << 127) - 1;

/// An integer modulo 2^127 − 1, below it.
#[derive(Clone, Copy, Default, PartialEq, Eq, FromZeros, IntoBytes)]
#[repr(transparent)]
pub struct P127(pub(crate) u128);

impl std::fmt::Debug for P127 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It may be a share.
        f.write_str("P127(…)")
    }
}

impl DefaultIsZeroes for P127 {}

/// Below P, of a number below 2P; without a branch, as it may be a share.
#[inline]
const fn below(x: u128) -> u128 {
    let (less, borrow) = x.overflowing_sub(P);
    less.wrapping_add(P & (borrow as u128).wrapping_neg())
}

/// Below P, of any number.
#[inline]
const fn once(x: u128) -> u128 {
    below((x & P) + (x >> 127))
}

impl P127 {
    /// The residue of a number.
    #[must_use]
    pub const fn from_u128(x: u128) -> Self {
        Self(once(x))
    }

    /// The residue of a signed number.
    #[must_use]
    pub const fn from_i64(x: i64) -> Self {
        let size = x.unsigned_abs() as u128;
        Self(if x < 0 { P - size } else { size })
    }

    /// The residue of a signed number above −2^126.
    #[must_use]
    pub const fn from_i128(x: i128) -> Self {
        let size = x.unsigned_abs();
        Self(once(if x < 0 { P - size } else { size }))
    }

    /// Itself, from 0 to 2^127 − 2.
    #[must_use]
    pub const fn value(self) -> u128 {
        self.0
    }

    /// The number of least magnitude with this residue.
    #[must_use]
    pub const fn signed(self) -> i128 {
        let x = self.0.cast_signed();
        if self.0 > P / 2 { x - P.cast_signed() } else { x }
    }

    /// 2^k.
    #[must_use]
    pub const fn power_of_two(k: u32) -> Self {
        Self(1 << (k % 127))
    }
}

/// The product of two numbers below 2^127 as 128 low and 126 high bits.
#[inline]
const fn wide(a: u128, b: u128) -> (u128, u128) {
    const LOW: u128 = u64::MAX as u128;
    let (a0, a1, b0, b1) = (a & LOW, a >> 64, b & LOW, b >> 64);
    let (low, high) = (a0 * b0, a1 * b1);
    // Both factors with 64 bits have one with 63 beside them: the sum fits.
    let middle = a0 * b1 + (low >> 64);
    let middle_low = (middle & LOW) + a1 * b0;
    (middle_low << 64 | low & LOW, high + (middle >> 64) + (middle_low >> 64))
}

/// The residue of low + 2^128 · high.
#[inline]
const fn residue(low: u128, high: u128) -> P127 {
    // 2^127 is 1 and 2^128 is 2: two numbers of 127 bits, each with what stands above them. a is at most P + 1 and b at most P + 2; with b below P the sum fits.
    let (a, b) = ((low & P) + (low >> 127), ((high << 1) & P) + (high >> 126));
    P127(once(a + below(b)))
}

/// Loops over elements one by one.
pub(crate) mod one_by_one {
    use super::{P127, below, residue, wide};
    use crate::field::Field as _;

    /// Adds K products to each element, and reduces once: four products below 2^254 and an element fit 256 bits.
    #[inline(always)]
    fn add_products<const K: usize>(out: &mut [P127], terms: &[(P127, &[P127]); K]) {
        const { assert!(K <= 4) };
        let terms = terms.map(|(c, x)| (c, &x[..out.len()]));
        for (i, out) in out.iter_mut().enumerate() {
            let (mut low, mut high) = (out.0, 0);
            for (c, x) in terms {
                let (product, above) = wide(c.0, x[i].0);
                let (sum, carry) = low.overflowing_add(product);
                (low, high) = (sum, high + above + u128::from(carry));
            }
            *out = residue(low, high);
        }
    }

    /// Reduces once for four terms.
    #[inline(always)]
    pub(crate) fn add_combination(out: &mut [P127], terms: &[(P127, &[P127])]) {
        let (fours, rest) = terms.as_chunks::<4>();
        fours.iter().for_each(|four| add_products(out, four));
        match *rest {
            [a, b, c] => add_products(out, &[a, b, c]),
            [a, b] => add_products(out, &[a, b]),
            [(c, x)] => out.iter_mut().zip(x).for_each(|(out, x)| *out = out.add(c.mul(*x))),
            _ => {}
        }
    }

    #[inline(always)]
    pub(crate) fn products(out: &mut [P127], x: &[P127], y: &[P127]) {
        out.iter_mut().zip(x.iter().zip(y)).for_each(|(out, (x, y))| *out = x.mul(*y));
    }

    /// Reduces once.
    #[inline(always)]
    pub(crate) fn dot(x: &[P127], y: &[P127]) -> P127 {
        const LOW: u128 = u64::MAX as u128;
        // Sums of a0·b0, a0·b1 + a1·b0 and a1·b1, and how often each overflowed.
        let mut sums = [(0_u128, 0_u128); 3];
        for (x, y) in x.iter().zip(y) {
            let (a0, a1, b0, b1) = (x.0 & LOW, x.0 >> 64, y.0 & LOW, y.0 >> 64);
            for ((sum, top), product) in sums.iter_mut().zip([a0 * b0, a0 * b1 + a1 * b0, a1 * b1]) {
                let (more, overflow) = sum.overflowing_add(product);
                (*sum, *top) = (more, *top + u128::from(overflow));
            }
        }
        // 2^128 is 2.
        sums.into_iter().rev().fold(P127(0), |all, (sum, top)| {
            let all = all.mul(P127(1 << 64));
            all.add(P127::from_u128(sum)).add(P127(below(2 * top)))
        })
    }
}

impl Field for P127 {
    const BYTES: usize = 16;
    const ONE: Self = Self(1);

    fn point(party: usize) -> Self {
        Self(party as u128 + 1)
    }
    #[inline]
    fn add(self, b: Self) -> Self {
        Self(below(self.0 + b.0))
    }
    #[inline]
    fn sub(self, b: Self) -> Self {
        Self(below(self.0 + (P - b.0)))
    }
    #[inline]
    fn mul(self, b: Self) -> Self {
        let (low, high) = wide(self.0, b.0);
        // 2^128 is 2, and 2^127 is 1.
        Self(once((low & P) + (high << 1 | low >> 127)))
    }
    fn inverse(self) -> Self {
        // a^(p − 2) = a^(2^127 − 3), all of whose bits are set but that of 2.
        let (mut power, mut square) = (Self::ONE, self);
        for bit in 0..127 {
            if bit != 1 {
                power = power.mul(square);
            }
            square = square.mul(square);
        }
        power
    }
    fn from_random(words: &[u64], out: &mut [Self]) {
        // 127 uniform bits are uniform residues but for 2^-127.
        for (out, words) in out.iter_mut().zip(words.chunks_exact(2)) {
            *out = Self(once((u128::from(words[0]) | u128::from(words[1]) << 64) & P));
        }
    }
    fn add_multiple(out: &mut [Self], c: Self, x: &[Self]) {
        if c == Self::ONE {
            return out.iter_mut().zip(x).for_each(|(out, x)| *out = out.add(*x));
        }
        p127::add_combination(out, &[(c, x)]);
    }
    fn add_combination(out: &mut [Self], terms: &[(Self, &[Self])]) {
        p127::add_combination(out, terms);
    }
    fn products(out: &mut [Self], x: &[Self], y: &[Self]) {
        p127::products(out, x, y);
    }
    fn dot(x: &[Self], y: &[Self]) -> Self {
        p127::dot(x, y)
    }
    fn to_bytes(elements: &[Self], out: &mut [u8]) {
        for (out, element) in out.chunks_exact_mut(Self::BYTES).zip(elements) {
            out.copy_from_slice(&element.0.to_le_bytes());
        }
    }
    fn from_bytes(bytes: &[u8], out: &mut [Self]) {
        for (out, bytes) in out.iter_mut().zip(bytes.as_chunks::<16>().0) {
            *out = Self(once(u128::from_le_bytes(*bytes)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By doubling, which needs no product.
    fn slow(a: u128, b: u128) -> u128 {
        (0..127).rev().fold(0, |sum, bit| {
            let twice = sum * 2 % P;
            if b >> bit & 1 == 1 { (twice + a) % P } else { twice }
        })
    }

    #[test]
    fn products_are_those_of_doubling() {
        let mut numbers =
            vec![0, 1, 2, P - 1, P - 2, u64::MAX.into(), 1 << 64, (1 << 64) + 1, 1 << 126, P / 2, P / 2 + 1];
        let mut x: u128 = 1;
        for _ in 0..40 {
            x = x.wrapping_mul(0xda94_2042_e4dd_58b5_2360_ed05_1fc6_5da5).wrapping_add(0x1405_7b7e);
            numbers.push(x % P);
        }
        for a in &numbers {
            for b in &numbers {
                assert_eq!(P127(*a).mul(P127(*b)).0, slow(*a, *b), "{a} {b}");
            }
        }
    }

    #[test]
    fn signed_numbers_come_back() {
        for x in [0, 1, -1, i64::MIN, i64::MAX, -12345] {
            assert_eq!(P127::from_i64(x).signed(), i128::from(x));
            assert_eq!(P127::from_i128(i128::from(x) << 60).signed(), i128::from(x) << 60);
        }
        assert_eq!(P127::from_u128(P), P127::default());
        assert_eq!(P127::from_u128(u128::MAX).value(), 1);
    }
}
