//! Loops over numbers of 128 bits and their tags. A processor's own sums and products of words are the fastest here: given vectors, the compiler makes one of the two halves of a number,
//! and takes it apart again. So these are compiled without, but with the multiplication that leaves the carry alone.

use super::{Level, Tagged, Wide, portable};

/// Declares each loop for processors that have it, and the function that chooses.
macro_rules! loops {
    ($( fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $out:ty)?; )*) => {
        #[cfg(target_arch = "x86_64")]
        mod bmi2 {
            use super::*;
            $(
                #[target_feature(enable = "bmi2")]
                pub(super) fn $name($($arg: $ty),*) $(-> $out)? {
                    portable::$name($($arg),*)
                }
            )*
        }

        $(
            #[allow(unsafe_code, reason = "a call into code for a newer processor")]
            pub(super) fn $name(level: Level, $($arg: $ty),*) $(-> $out)? {
                match level {
                    #[cfg(target_arch = "x86_64")]
                    // SAFETY: a processor of these levels has what the function was compiled for.
                    Level::Avx2 | Level::Avx512 | Level::Avx512Counts => unsafe { bmi2::$name($($arg),*) },
                    Level::Portable => portable::$name($($arg),*),
                }
            }
        )*
    };
}

loops! {
    fn add_tagged_products(z: [&mut [Wide]; 2], x: [Tagged<'_>; 2], y: [&[Wide]; 2]);
    fn mask_tagged(z: [&mut [Wide]; 2], plus: &[[Wide; 2]], minus: &[[Wide; 2]], out: &mut [u8]);
    fn weighted_sums(c: &[u64], z: Tagged<'_>) -> [u128; 2];
}
