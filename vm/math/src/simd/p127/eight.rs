//! Eight elements at a time, in limbs of 52 bits (Gueron and Krasnov, "Accelerating big integer arithmetic using Intel IFMA extensions", ARITH 2016): an element is
//! x_0 + 2^52·x_1 + 2^104·x_2, limb k of all eight in one vector. A processor with AVX-512 IFMA multiplies the 52 low bits of each word of a vector by those of another one, and adds
//! the low half or the high half of each product to a third. What is asked of memory comes faster too: a loop over single elements is slow to reach the next line of the cache.

use super::single;
use crate::field::{Field as _, P127};
use std::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_andnot_si512, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64,
    _mm512_mask_blend_epi64, _mm512_movepi64_mask, _mm512_or_si512, _mm512_permutex2var_epi64, _mm512_set1_epi64,
    _mm512_setr_epi64, _mm512_setzero_si512, _mm512_slli_epi64, _mm512_srli_epi64,
};
use zerocopy::transmute;

/// Elements of a vector.
const LANES: usize = 8;
/// Products that columns have room for: of one at most five halves are added to a column, which makes 2^63.4.
const AT_ONCE: usize = 512;
const _: () = assert!((5 * AT_ONCE as u128) << 52 < (1 << 64) - (1 << 52), "a column overflows");
/// Terms of a combination that are reduced together.
const TERMS: usize = 8;

/// The limbs of eight elements. Of the low one and the middle one only 52 bits count, and the high one has 23.
type Limbs = [__m512i; 3];

/// Sums of products of limbs: of those whose places add up to k the low halves, and the high ones, which stand a place above. The product of the highest limbs has no high half.
struct Columns {
    low: [__m512i; 5],
    high: [__m512i; 4],
}

/// Whether the processor has the instructions that this file is compiled for.
#[inline]
pub(super) fn are_there() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512ifma")
}

/// So many ones in each word.
#[inline]
#[target_feature(enable = "avx512f")]
fn ones(bits: u32) -> __m512i {
    _mm512_set1_epi64(i64::MAX >> (63 - bits))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn limbs(x: &[P127; LANES]) -> Limbs {
    let [a, b]: [__m512i; 2] = transmute!(x.map(|x| x.0));
    let low = _mm512_permutex2var_epi64(a, _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14), b);
    let high = _mm512_permutex2var_epi64(a, _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15), b);
    let middle = _mm512_or_si512(_mm512_srli_epi64::<52>(low), _mm512_slli_epi64::<12>(high));
    [low, middle, _mm512_srli_epi64::<40>(high)]
}

/// Elements of low and high words.
#[inline]
#[target_feature(enable = "avx512f")]
fn elements(low: __m512i, high: __m512i) -> [P127; LANES] {
    let numbers: [u128; LANES] = transmute!([
        _mm512_permutex2var_epi64(low, _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), high),
        _mm512_permutex2var_epi64(low, _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15), high),
    ]);
    numbers.map(P127)
}

/// What stands above 52 bits goes to the next limb.
#[inline]
#[target_feature(enable = "avx512f")]
fn carry<const N: usize>(mut x: [__m512i; N]) -> [__m512i; N] {
    for i in 1..N {
        x[i] = _mm512_add_epi64(x[i], _mm512_srli_epi64::<52>(x[i - 1]));
        x[i - 1] = _mm512_and_si512(x[i - 1], ones(52));
    }
    x
}

impl Columns {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn zeros() -> Self {
        let zero = _mm512_setzero_si512();
        Self { low: [zero; 5], high: [zero; 4] }
    }

    /// Adds the products of eight elements with eight.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn add_products(&mut self, x: Limbs, y: Limbs) {
        for (i, x) in x.into_iter().enumerate() {
            for (j, y) in y.into_iter().enumerate() {
                self.low[i + j] = _mm512_madd52lo_epu64(self.low[i + j], x, y);
                if let Some(high) = self.high.get_mut(i + j) {
                    *high = _mm512_madd52hi_epu64(*high, x, y);
                }
            }
        }
    }

    /// The residues of the sums.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    fn residues(&self) -> [P127; LANES] {
        let mut x = self.low;
        for (x, high) in x[1..].iter_mut().zip(self.high) {
            *x = _mm512_add_epi64(*x, high);
        }
        let x = carry(x);
        // 2^127 is 1: the bits from there on, which are the 24th and more of the third limb, are added to those below.
        let above = |low: __m512i, high: __m512i| {
            let both = _mm512_or_si512(_mm512_srli_epi64::<23>(low), _mm512_slli_epi64::<29>(high));
            _mm512_and_si512(both, ones(52))
        };
        let [low, middle, high] = carry([
            _mm512_add_epi64(x[0], above(x[2], x[3])),
            _mm512_add_epi64(x[1], above(x[3], x[4])),
            _mm512_add_epi64(_mm512_and_si512(x[2], ones(23)), _mm512_srli_epi64::<23>(x[4])),
        ]);
        // And once more, of some bits: then it is below 2^127 and a little.
        let low = _mm512_add_epi64(low, _mm512_srli_epi64::<23>(high));
        let [low, middle, high] = carry([low, middle, _mm512_and_si512(high, ones(23))]);
        below(
            _mm512_or_si512(low, _mm512_slli_epi64::<52>(middle)),
            _mm512_or_si512(_mm512_srli_epi64::<12>(middle), _mm512_slli_epi64::<40>(high)),
        )
    }
}

/// Below 2^127 − 1, of numbers below twice that; without a branch, as they may be shares.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn below(low: __m512i, high: __m512i) -> [P127; LANES] {
    // What is not below has bit 127 once it is one more, and is that without the bit.
    let next = _mm512_add_epi64(low, _mm512_set1_epi64(1));
    // A word's highest bit goes from 1 to 0 only where there is a carry.
    let carries = _mm512_srli_epi64::<63>(_mm512_andnot_si512(next, low));
    let next_high = _mm512_add_epi64(high, carries);
    let reaches = _mm512_movepi64_mask(next_high);
    let without = _mm512_and_si512(next_high, ones(63));
    elements(_mm512_mask_blend_epi64(reaches, low, next), _mm512_mask_blend_epi64(reaches, high, without))
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
pub(super) fn add_combination(out: &mut [P127], terms: &[(P127, &[P127])]) {
    let len = out.len();
    let (blocks, rest) = out.as_chunks_mut();
    for terms in terms.chunks(TERMS) {
        let mut factors = [limbs(&[P127::default(); LANES]); TERMS];
        factors.iter_mut().zip(terms).for_each(|(factor, (c, _))| *factor = limbs(&[*c; LANES]));
        for (n, block) in blocks.iter_mut().enumerate() {
            let mut sums = Columns::zeros();
            let [low, middle, high] = limbs(block);
            sums.low[..3].copy_from_slice(&[_mm512_and_si512(low, ones(52)), _mm512_and_si512(middle, ones(52)), high]);
            for (factor, (_, x)) in factors.iter().zip(terms) {
                sums.add_products(*factor, limbs(&x[..len].as_chunks().0[n]));
            }
            *block = sums.residues();
        }
    }
    let done = blocks.len() * LANES;
    for (c, x) in terms {
        rest.iter_mut().zip(&x[done..len]).for_each(|(out, x)| *out = out.add(c.mul(*x)));
    }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
pub(super) fn products(out: &mut [P127], x: &[P127], y: &[P127]) {
    let len = out.len().min(x.len()).min(y.len());
    let (blocks, rest) = out[..len].as_chunks_mut();
    let ((x, x_rest), (y, y_rest)) = (x[..len].as_chunks(), y[..len].as_chunks());
    for (out, (x, y)) in blocks.iter_mut().zip(x.iter().zip(y)) {
        let mut sums = Columns::zeros();
        sums.add_products(limbs(x), limbs(y));
        *out = sums.residues();
    }
    single::products(rest, x_rest, y_rest);
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
pub(super) fn dot(x: &[P127], y: &[P127]) -> P127 {
    let len = x.len().min(y.len());
    let ((x, x_rest), (y, y_rest)) = (x[..len].as_chunks(), y[..len].as_chunks());
    let mut sum = single::dot(x_rest, y_rest);
    for (x, y) in x.chunks(AT_ONCE).zip(y.chunks(AT_ONCE)) {
        let mut sums = Columns::zeros();
        x.iter().zip(y).for_each(|(x, y)| sums.add_products(limbs(x), limbs(y)));
        sum = sums.residues().into_iter().fold(sum, P127::add);
    }
    sum
}
