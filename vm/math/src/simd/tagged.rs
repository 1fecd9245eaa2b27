//! Loops over numbers of 128 bits and their tags. A processor's own sums and products of words are the fastest here: given vectors, the compiler makes one of the two halves of a number,
//! and takes it apart again. So these are compiled without, but with the multiplication that leaves the carry alone.

use super::{Level, Tagged, Wide, level, portable};

versions! {
    "bmi2", "bmi2", "bmi2";

    /// Adds `x0·(y0 + y1) + x1·y0` to `z`, for numbers and for their tags, lane by lane modulo 2^128: `x` has the components of both, `y` those of numbers. All of one length.
    fn add_tagged_products(z: [&mut [Wide]; 2], x: [Tagged<'_>; 2], y: [&[Wide]; 2]);

    /// Adds `plus − minus` to numbers and tags, which stand beside each other in the two, and writes the sums to `out`, little-endian and in the same order. All of one length.
    fn mask_tagged(z: [&mut [Wide]; 2], plus: &[[Wide; 2]], minus: &[[Wide; 2]], out: &mut [u8]);

    /// The sum of `c·z` over all lanes, modulo 2^128. Both of one length.
    fn weighted_sum(c: &[u64], z: &[Wide]) -> u128;
}
