//! The inner loops of protocols, compiled once for every machine and again for the vector units of newer ones; the widest that is there is called.
//!
//! The only `unsafe` code of the project: a call to a function that was compiled for a vector unit, after asking whether the processor has it, and in `wipe.rs` stores past the caches. The
//! loops themselves are safe and the same for all (`portable.rs`, and `field/p127.rs`), but for `bytes.rs` and `wipe.rs`, which ask for instructions that no loop becomes; a test holds
//! the versions against each other. Those of `tagged.rs`, `wide.rs` and `p127.rs` are compiled for newer processors, and without vectors; the
//! latter two are there once more with eight numbers in vectors of limbs, which no compiler makes of a loop.

mod matrix;
mod portable;

use crate::field::P61;
use crate::netlist::{And, Local};
use crate::planes::ROW_WORDS;

/// 512 lanes of one plane.
pub type Row = [u64; ROW_WORDS];

/// An element of Z_2^128: its low word and its high one.
pub type Wide = [u64; 2];

/// An element as a number.
#[inline]
#[must_use]
pub const fn number([low, high]: Wide) -> u128 {
    (high as u128) << 64 | low as u128
}

/// A number as an element.
#[inline]
#[must_use]
#[allow(clippy::cast_possible_truncation, reason = "the two halves")]
pub const fn wide(x: u128) -> Wide {
    [x as u64, (x >> 64) as u64]
}

/// A component of a number and that of its tag, lane by lane.
pub type Tagged<'x> = [&'x [Wide]; 2];

pub use matrix::{Line, PANEL_COLUMNS, PANEL_ROWS, PANELS, pack_panels};

/// Counts of products of columns: by the word of the first, the product of its bits, that of the second's, and the word of the second. See [`count_products`].
pub type Counts = [[[[i64; ROW_WORDS]; 4]; 4]; ROW_WORDS];
/// What pairs of words contribute to a column, by pair and by their bits. See [`look_up_columns`].
pub type PairTables = [[P61; 64]; 4];

/// What the processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// With an instruction that counts the bits of each word of a vector.
    #[cfg(target_arch = "x86_64")]
    Avx512Counts,
}

/// The levels of this processor, lowest first.
#[cfg(test)]
fn levels() -> Vec<Level> {
    #[cfg(target_arch = "x86_64")]
    return [Level::Portable, Level::Avx2, Level::Avx512, Level::Avx512Counts]
        .into_iter()
        .filter(|l| *l <= level())
        .collect();
    #[cfg(not(target_arch = "x86_64"))]
    vec![Level::Portable]
}

/// The highest level of this processor. The standard library asks it once and remembers.
#[cfg(target_arch = "x86_64")]
#[inline]
fn level() -> Level {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2");
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl");
    match (avx2, avx512) {
        (false, _) => Level::Portable,
        (true, false) => Level::Avx2,
        (true, true) if is_x86_feature_detected!("avx512vpopcntdq") => Level::Avx512Counts,
        (true, true) => Level::Avx512,
    }
}

/// The only level of other processors.
#[cfg(not(target_arch = "x86_64"))]
const fn level() -> Level {
    Level::Portable
}

/// Compiles loops once more, for processors that have these features.
macro_rules! compiled {
    ($unit:ident, $features:literal; $( fn $name:ident($($arg:ident: $ty:ty),*) $(-> $out:ty)?; )*) => {
        #[cfg(target_arch = "x86_64")]
        mod $unit {
            use super::*;
            $(
                #[target_feature(enable = $features)]
                #[allow(clippy::too_many_arguments, reason = "a loop over that many vectors")]
                pub(super) fn $name($($arg: $ty),*) $(-> $out)? {
                    portable::$name($($arg),*)
                }
            )*
        }
    };
}

/// Declares each loop in all versions, with the features of [`Level::Avx2`], [`Level::Avx512`] and [`Level::Avx512Counts`] that it is compiled for, and the function that chooses.
macro_rules! versions {
    (
        $avx2:literal, $avx512:literal, $counts:literal;
        $( $(#[$doc:meta])* fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $out:ty)?; )*
    ) => {
        compiled! { avx2, $avx2; $( fn $name($($arg: $ty),*) $(-> $out)?; )* }
        compiled! { avx512, $avx512; $( fn $name($($arg: $ty),*) $(-> $out)?; )* }
        compiled! { avx512_counts, $counts; $( fn $name($($arg: $ty),*) $(-> $out)?; )* }

        /// The loops at a given level, which the processor has.
        pub(in crate::simd) mod at {
            use super::*;
            $(
                #[inline]
                #[allow(unsafe_code, reason = "a call into code for a vector unit")]
                #[allow(clippy::too_many_arguments, reason = "a loop over that many vectors")]
                pub(in crate::simd) fn $name(level: Level, $($arg: $ty),*) $(-> $out)? {
                    match level {
                        #[cfg(target_arch = "x86_64")]
                        // SAFETY: the processor has what the function was compiled for; `level` is at most the value of `simd::level`.
                        Level::Avx512Counts => unsafe { avx512_counts::$name($($arg),*) },
                        #[cfg(target_arch = "x86_64")]
                        // SAFETY: as above.
                        Level::Avx512 => unsafe { avx512::$name($($arg),*) },
                        #[cfg(target_arch = "x86_64")]
                        // SAFETY: as above.
                        Level::Avx2 => unsafe { avx2::$name($($arg),*) },
                        Level::Portable => portable::$name($($arg),*),
                    }
                }
            )*
        }

        $(
            $(#[$doc])*
            #[allow(clippy::too_many_arguments, reason = "a loop over that many vectors")]
            pub fn $name($($arg: $ty),*) $(-> $out)? {
                at::$name(level(), $($arg),*)
            }
        )*
    };
}

/// Declares functions that a module of the same names does with instructions of its own where the processor has them; elsewhere what is written here is done.
macro_rules! instructions_first {
    ($unit:ident; $( $(#[$doc:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),*) $(-> $out:ty)? $elsewhere:block )*) => {$(
        $(#[$doc])*
        #[allow(unsafe_code, reason = "a call into code for a vector unit")]
        $vis fn $name($($arg: $ty),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            if $unit::are_there() {
                // SAFETY: the processor has what the function is compiled for.
                return unsafe { $unit::$name($($arg),*) };
            }
            $elsewhere
        }
    )*};
}

pub(crate) mod bytes;
pub(crate) mod p127;
mod tagged;
mod wide;
mod wipe;

pub use tagged::{add_tagged_products, mask_tagged, weighted_sum};
pub use wide::{Limbs, WIDE_ROWS, WideLine, WideTile, add_wide_products, limbs};
pub use wipe::{PAST_CACHES, wipe};

versions! {
    "avx2,bmi2",
    "avx512f,avx512dq,avx512bw,avx512vl,avx2,bmi2",
    "avx512f,avx512dq,avx512bw,avx512vl,avx512vpopcntdq,avx2,bmi2";

    /// `z = xa·(ya + yb) + xb·ya`, word by word modulo 2^64. All of one length.
    fn cross_products(z: &mut [u64], xa: &[u64], xb: &[u64], ya: &[u64], yb: &[u64]);

    /// The sum of `xa·(ya + yb) + xb·ya` over all words, modulo 2^64.
    fn cross_dot(xa: &[u64], xb: &[u64], ya: &[u64], yb: &[u64]) -> u64;

    /// Adds to `z` the row `x` times a matrix (as many rows, row by row, `z.len()` wide): the sum of `xa[k]·(ya[k] + yb[k]) + xb[k]·ya[k]` over all rows k of it,
    /// modulo 2^64.
    fn cross_row(z: &mut [u64], xa: &[u64], xb: &[u64], ya: &[u64], yb: &[u64]);

    /// `z = (z + plus − minus) & mask`, word by word.
    fn add_difference(z: &mut [u64], plus: &[u64], minus: &[u64], mask: u64);

    /// `z = (value − mask) & low`, and `mask &= low`, word by word.
    fn hide(z: &mut [u64], value: &[u64], mask: &mut [u64], low: u64);

    /// `z ^= x`.
    fn xor_into(z: &mut [u64], x: &[u64]);

    /// `z ^= (xa & (ya ^ yb)) ^ (xb & ya)`.
    fn cross_ands(z: &mut [u64], xa: &[u64], xb: &[u64], ya: &[u64], yb: &[u64]);

    /// The local gates of a circuit on a block of 512 lanes, a row a slot, in order, for the two components of a sharing; a complement flips the bits of each
    /// one's `ones`.
    fn local_gates(first: &mut [Row], second: &mut [Row], gates: &[Local], ones: [u64; 2]);

    /// AND gates on a block of 512 lanes: for each, `z ^= (xa & (ya ^ yb)) ^ (xb & ya)` with x and y its operands' rows in `a` and `b`, and its result's row in
    /// `a` is z. No gate reads what another one writes.
    fn and_gates(a: &mut [Row], b: &[Row], gates: &[And], z: &mut [Row]);

    /// As [`local_gates`], for one component.
    fn local_gates_of(rows: &mut [Row], gates: &[Local], ones: u64);

    /// What two components contribute to AND gates on a block of 512 lanes: for each, `z = (xa & yb) ^ (xb & ya)` with x and y its operands' rows in `a` and `b`,
    /// and `^ (xa & ya)` where `square`.
    fn pair_gates(z: &mut [Row], a: &[Row], b: &[Row], gates: &[And], square: bool);

    /// `z = xa·yb + xb·ya`, word by word modulo 2^64. All of one length.
    fn pair_products(z: &mut [u64], xa: &[u64], xb: &[u64], ya: &[u64], yb: &[u64]);

    /// The sum of `xa·yb + xb·ya` over all words, modulo 2^64.
    fn pair_dot(xa: &[u64], xb: &[u64], ya: &[u64], yb: &[u64]) -> u64;

    /// Numbers and tags from bytes as [`mask_tagged`] writes them.
    fn read_tagged(z: [&mut [Wide]; 2], bytes: &[u8]);

    /// Hides what is told under a mask and adds both parts to the components that they belong to: `told = (value − mask) & low`, `rest += told`, `masked += mask & low`,
    /// word by word modulo 2^64.
    fn tell(told: &mut [u64], rest: &mut [u64], masked: &mut [u64], value: &[u64], mask: &[u64], low: u64);

    /// As [`tell`], of bits: `told = value ⊕ mask`, `rest ⊕= told`, `masked ⊕= mask`.
    fn tell_bits(told: &mut [u64], rest: &mut [u64], masked: &mut [u64], value: &[u64], mask: &[u64]);

    /// `z += x`, word by word modulo 2^64.
    fn add_into(z: &mut [u64], x: &[u64]);

    /// `z = x & y ^ mask`.
    fn and_masked(z: &mut [u64], x: &[u64], y: &[u64], mask: &[u64]);

    /// Words, up to 512 of them, as 64 rows: bit p of word i becomes bit i of row p. Missing words are 0.
    fn words_to_rows(words: &[u64], rows: &mut [Row; 64]);

    /// Bit i of word w becomes word 64·w + i of `out`, which is as long as there are lanes.
    fn unpack_bits(words: &[u64], out: &mut [u64]);

    /// The words of 512 lanes: bit i of row p becomes bit p of word i.
    fn rows_to_words(rows: &[Row; 64], words: &mut [u64; 512]);

    /// For two triples of rows (a, c, e) and (b, d, f) and all words v and w of them: adds Σ (−1)^(e_v ⊕ f_w) · g_i(v) · h_j(w) over the 64 columns to `counts[v][i][j][w]`,
    /// where g = (ac, c, a, 1) and h = (bd, d, b, 1) are products of bits in a column.
    fn count_products(counts: &mut Counts, first: &[Row; 3], second: &[Row; 3]);

    /// Adds for each of the 64 columns of a triple of rows the sum over all pairs of words 2s and 2s + 1 of the entry of table s at the column's six bits there, those
    /// of the first row lowest, and of a row that of word 2s first.
    fn look_up_columns(out: &mut [P61; 64], rows: &[Row; 3], tables: &PairTables);

    /// `out += Σ c_k · x_k`, element by element of the field. All of one length.
    fn add_four_multiples(out: &mut [P61], c: [P61; 4], x: [&[P61]; 4]);

    /// Σ x · y, in the field. All of one length.
    fn dot(x: &[P61], y: &[P61]) -> P61;

    /// Adds to columns `column ..` of the matrix `z` (row by row, `columns` wide) the product of `x` (as many rows, row by row, `y.len()` wide) and a panel of up
    /// to [`PANEL_COLUMNS`] columns that [`pack_panels`] made. Modulo 2^64.
    fn multiply_panel(z: &mut [u64], columns: usize, column: usize, x: &[u64], y: &[Line]);
}

#[cfg(test)]
mod tests;
