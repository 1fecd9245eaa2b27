//! Integers modulo the Mersenne prime 2^61 − 1: elements fill a word with three bits to spare, and reduction is a shift and an addition.

use super::Field;
use crate::simd;
use zerocopy::{FromZeros, IntoBytes};
use zeroize::DefaultIsZeroes;

/// 2^61 − 1.
const P: u64 = (1 << 61) - 1;

/// An integer modulo 2^61 − 1, below it.
#[derive(Clone, Copy, Default, PartialEq, Eq, FromZeros, IntoBytes)]
#[repr(transparent)]
pub struct P61(u64);

impl std::fmt::Debug for P61 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It may be a share.
        f.write_str("P61(…)")
    }
}

impl DefaultIsZeroes for P61 {}

/// Below P, of a number below 2P; without a branch, as it may be a share.
#[inline]
const fn below(x: u64) -> u64 {
    let (less, borrow) = x.overflowing_sub(P);
    less.wrapping_add(P & (borrow as u64).wrapping_neg())
}

impl P61 {
    /// The number of elements.
    pub const ORDER: u64 = P;

    /// The residue of a number.
    #[inline]
    #[must_use]
    pub const fn from_u64(x: u64) -> Self {
        Self(below((x & P) + (x >> 61)))
    }

    /// The residue of a number.
    #[inline]
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "the parts have 61, 61 and 6 bits")]
    pub const fn from_u128(x: u128) -> Self {
        // 2^61 and 2^122 are 1. The sum is below 2^62 + 2^6.
        Self::from_u64((x as u64 & P) + ((x >> 61) as u64 & P) + (x >> 122) as u64)
    }

    /// The residue of a signed number.
    #[must_use]
    pub const fn from_i64(x: i64) -> Self {
        // 2^64 is 8, so a negative number is 8 more in two's complement.
        let Self(word) = Self::from_u64(x.cast_unsigned());
        let Self(less) = Self::from_u64(word + (P - 8));
        let negative = (x < 0) as u64;
        Self(word ^ (word ^ less) & negative.wrapping_neg())
    }

    /// Itself, from 0 to 2^61 − 2.
    #[inline]
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

/// Bits of the lower half of an element; the upper one has 30.
const HALF: u32 = 31;

/// The halves of an element.
#[inline(always)]
const fn halves(P61(x): P61) -> [u64; 2] {
    [x & ((1 << HALF) - 1), x >> HALF]
}

/// The sum of five elements, reduced once.
#[inline(always)]
pub(crate) fn sum(x: [P61; 5]) -> P61 {
    P61::from_u64(x.into_iter().map(P61::value).sum())
}

/// out + Σ x · y of four terms. Of products of halves alone, none of whose sums is longer than a word, so that a vector unit does the same for several elements.
#[inline(always)]
pub(crate) fn plus_four_products(out: P61, x: [P61; 4], y: [P61; 4]) -> P61 {
    let (mut low, mut middle, mut high) = (0, 0, 0);
    for (x, y) in x.into_iter().zip(y) {
        let ([x0, x1], [y0, y1]) = (halves(x), halves(y));
        // Below 2^62, 2^62 and 2^60 each.
        low += x0 * y0;
        middle += x0 * y1 + x1 * y0;
        high += x1 * y1;
    }
    // 2^61 is 1 and 2^62 is 2. All in all below 2^63 + 3 · 2^61 + 2^34 + 2^3, which is below 2^64.
    let low = (low & P) + (low >> 61);
    let middle = (middle >> 30) + ((middle & ((1 << 30) - 1)) << HALF);
    P61::from_u64(low + middle + 2 * high + out.0)
}

impl Field for P61 {
    const BYTES: usize = 8;
    const ONE: Self = Self(1);

    fn point(party: usize) -> Self {
        Self(party as u64 + 1)
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
        Self::from_u128(u128::from(self.0) * u128::from(b.0))
    }
    fn inverse(self) -> Self {
        // a^(p − 2) = a^(2^61 − 3), all of whose bits are set but that of 2.
        let (mut power, mut square) = (Self::ONE, self);
        for bit in 0..61 {
            if bit != 1 {
                power = power.mul(square);
            }
            square = square.mul(square);
        }
        power
    }
    fn from_random(words: &[u64], out: &mut [Self]) {
        // Of the 2^64 words eight go to each element and one more to the first eight: at a distance of 2^-60 from uniform.
        out.iter_mut().zip(words).for_each(|(out, word)| *out = Self::from_u64(*word));
    }
    fn to_bytes(elements: &[Self], out: &mut [u8]) {
        out.as_chunks_mut::<8>().0.iter_mut().zip(elements).for_each(|(out, element)| *out = element.0.to_le_bytes());
    }
    fn from_bytes(bytes: &[u8], out: &mut [Self]) {
        out.iter_mut().zip(bytes.as_chunks::<8>().0).for_each(|(out, bytes)| {
            *out = Self::from_u64(u64::from_le_bytes(*bytes));
        });
    }
    fn add_combination(out: &mut [Self], terms: &[(Self, &[Self])]) {
        let (fours, rest) = terms.as_chunks::<4>();
        for terms in fours {
            simd::add_four_multiples(out, terms.map(|(c, _)| c), terms.map(|(_, x)| x));
        }
        rest.iter().for_each(|(c, x)| Self::add_multiple(out, *c, x));
    }
    fn dot(x: &[Self], y: &[Self]) -> Self {
        simd::dot(x, y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers() -> Vec<u64> {
        let mut numbers = vec![0, 1, 2, 7, 8, P - 1, P - 2, P / 2, P / 2 + 1, 1 << 60, u64::from(u32::MAX), 1 << 32];
        let mut x: u64 = 1;
        for _ in 0..100 {
            x = x.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            numbers.push((x ^ x >> 29) % P);
        }
        numbers
    }

    #[test]
    fn arithmetic_is_that_of_integers() {
        let p = u128::from(P);
        for a in numbers() {
            for b in numbers() {
                let (x, y) = (P61(a), P61(b));
                let (a, b) = (u128::from(a), u128::from(b));
                assert_eq!(u128::from(x.add(y).0), (a + b) % p);
                assert_eq!(u128::from(x.sub(y).0), (a + p - b) % p);
                assert_eq!(u128::from(x.mul(y).0), a * b % p);
            }
        }
        // 2^32 · 2^32 is 2^64, and that is 8.
        assert_eq!(P61(1 << 32).mul(P61(1 << 32)), P61(8));
        assert_eq!(P61(2).inverse(), P61(1 << 60));
    }

    #[test]
    fn every_number_has_its_residue() {
        let p = u128::from(P);
        for x in [0, 1, u64::MAX, u64::MAX - 1, P, P + 1, 2 * P, 8 * P, 8 * P + 6, 1 << 63] {
            assert_eq!(u128::from(P61::from_u64(x).0), u128::from(x) % p, "{x}");
            for high in [0, 1, u64::MAX, P, 1 << 58, (1 << 58) - 1] {
                let wide = u128::from(high) << 64 | u128::from(x);
                assert_eq!(u128::from(P61::from_u128(wide).0), wide % p, "{wide}");
            }
        }
        for x in [0, 1, -1, 8, -8, -9, i64::MIN, i64::MIN + 1, i64::MAX, -(1 << 61), 1 - (1 << 61)] {
            assert_eq!(i128::from(P61::from_i64(x).0), i128::from(x).rem_euclid(i128::from(P)), "{x}");
        }
    }

    /// Sums that are reduced late are those of reduced products, at the largest elements too.
    #[test]
    fn lazy_sums_do_not_overflow() {
        let all = numbers();
        for len in [0, 1, 2, 63, 64, 65, 127, 128, 129, 1000] {
            for largest in [false, true] {
                let element = |i: usize| P61(if largest { P - 1 } else { all[i % all.len()] });
                let (x, y): (Vec<P61>, Vec<P61>) = (0..len).map(|i| (element(i), element(3 * i + 1))).unzip();
                let sum = x.iter().zip(&y).fold(P61(0), |sum, (x, y)| sum.add(x.mul(*y)));
                assert_eq!(P61::dot(&x, &y), sum);
                let parts: Vec<[P61; 3]> = (0..len).map(|k| [0, 1, 2].map(|i| element(k + 5 * i))).collect();
                let terms: Vec<(P61, &[P61])> = x.iter().zip(&parts).map(|(c, part)| (*c, &part[..])).collect();
                let mut out = [P61(P - 1), P61(0), P61(5)];
                let expected: Vec<P61> =
                    (0..3).map(|i| terms.iter().fold(out[i], |sum, (c, part)| sum.add(c.mul(part[i])))).collect();
                P61::add_combination(&mut out, &terms);
                assert_eq!(out[..], expected);
            }
        }
    }
}
