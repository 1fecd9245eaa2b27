//! The inner loop of a matrix product modulo 2^128: eight rows of the left matrix and eight columns of the right one at a time, in limbs of 52 bits where the processor multiplies those
//! (Gueron and Krasnov, "Accelerating big integer arithmetic using Intel IFMA extensions", ARITH 2016), and number by number elsewhere.

use super::{Line, PANEL_COLUMNS};

/// Rows of the left matrix that meet a panel at once.
pub const WIDE_ROWS: usize = 8;

/// A number of 128 bits: x_0 + 2^52·x_1 + 2^104·x_2, the first two below 2^52.
pub type Limbs = [u64; 3];

/// A row of a panel of the right matrix: the low words of eight numbers, and the high ones.
pub type WideLine = [Line; 2];

/// Numbers of that many rows and columns of a result.
pub type WideTile = [[u128; PANEL_COLUMNS]; WIDE_ROWS];

/// The limbs of a number.
#[inline]
#[must_use]
#[allow(clippy::cast_possible_truncation, reason = "52 bits of it, or 24")]
pub const fn limbs(x: u128) -> Limbs {
    const ONES: u128 = (1 << 52) - 1;
    [(x & ONES) as u64, (x >> 52 & ONES) as u64, (x >> 104) as u64]
}

/// The number modulo 2^128 of limbs, or of sums of such.
#[inline]
const fn of_limbs([low, middle, high]: Limbs) -> u128 {
    (low as u128).wrapping_add((middle as u128) << 52).wrapping_add((high as u128) << 104)
}

#[allow(unreachable_pub, reason = "what the macro declares is public elsewhere")]
pub(super) mod single {
    use super::super::{Level, level};
    use super::{Limbs, WIDE_ROWS, WideLine, WideTile, one_by_one as portable};

    versions! {
        "bmi2", "bmi2", "bmi2";

        fn add_wide_products(z: &mut WideTile, x: &[[Limbs; WIDE_ROWS]], y: &[WideLine]);
    }
}

/// Number by number.
mod one_by_one {
    use super::super::{PANEL_COLUMNS, number};
    use super::{Limbs, WIDE_ROWS, WideLine, WideTile, of_limbs};

    #[inline(always)]
    pub(super) fn add_wide_products(z: &mut WideTile, x: &[[Limbs; WIDE_ROWS]], y: &[WideLine]) {
        for (x, [low, high]) in x.iter().zip(y) {
            let y: [u128; PANEL_COLUMNS] = std::array::from_fn(|j| number([low[j], high[j]]));
            for (z, x) in z.iter_mut().zip(x.map(of_limbs)) {
                z.iter_mut().zip(y).for_each(|(z, y)| *z = z.wrapping_add(x.wrapping_mul(y)));
            }
        }
    }
}

instructions_first! { eight;
    /// Adds to row i of z the sum over all k of number i of `x[k]` times line k of a panel, modulo 2^128. As many as both have.
    pub fn add_wide_products(z: &mut WideTile, x: &[[Limbs; WIDE_ROWS]], y: &[WideLine]) {
        single::add_wide_products(z, x, y);
    }
}

#[cfg(target_arch = "x86_64")]
mod eight {
    use super::super::PANEL_COLUMNS;
    use super::{Limbs, WIDE_ROWS, WideLine, WideTile, of_limbs};
    use std::arch::x86_64::{
        __m512i, _mm512_madd52hi_epu64 as high, _mm512_madd52lo_epu64 as low, _mm512_or_si512, _mm512_set1_epi64,
        _mm512_setzero_si512, _mm512_slli_epi64, _mm512_srli_epi64,
    };
    use zerocopy::transmute;

    /// Lines that sums have room for: to the middle one each adds at most three halves of 52 bits. Of the high one 24 bits count.
    const AT_ONCE: usize = 1024;
    const _: () = assert!((3 * AT_ONCE as u128) << 52 < 1 << 64, "a sum overflows");

    /// Whether the processor has the instructions that this is compiled for.
    #[inline]
    pub(super) fn are_there() -> bool {
        is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn add_wide_products(z: &mut WideTile, x: &[[Limbs; WIDE_ROWS]], y: &[WideLine]) {
        for (x, y) in x.chunks(AT_ONCE).zip(y.chunks(AT_ONCE)) {
            let mut sums = [[_mm512_setzero_si512(); 3]; WIDE_ROWS];
            for (x, y) in x.iter().zip(y) {
                let [first, second]: [__m512i; 2] = transmute!(*y);
                // Of a limb that is multiplied only the low 52 bits count.
                let middle = _mm512_or_si512(_mm512_srli_epi64::<52>(first), _mm512_slli_epi64::<12>(second));
                let y = [first, middle, _mm512_srli_epi64::<40>(second)];
                for (sums, x) in sums.iter_mut().zip(x) {
                    let x = x.map(|limb| _mm512_set1_epi64(limb.cast_signed()));
                    sums[0] = low(sums[0], x[0], y[0]);
                    sums[1] = high(sums[1], x[0], y[0]);
                    sums[2] = high(sums[2], x[0], y[1]);
                    sums[1] = low(sums[1], x[0], y[1]);
                    sums[2] = high(sums[2], x[1], y[0]);
                    sums[1] = low(sums[1], x[1], y[0]);
                    sums[2] = low(sums[2], x[0], y[2]);
                    sums[2] = low(sums[2], x[1], y[1]);
                    sums[2] = low(sums[2], x[2], y[0]);
                }
            }
            for (z, sums) in z.iter_mut().zip(sums) {
                let sums: [[u64; PANEL_COLUMNS]; 3] = transmute!(sums);
                for (j, z) in z.iter_mut().enumerate() {
                    *z = z.wrapping_add(of_limbs(sums.map(|limb| limb[j])));
                }
            }
        }
    }
}
