//! The parties of `rep3` over a small ring, and their shares.

use smpc_protocols::conformance::views::{Seen, seen};
use smpc_protocols::keys::Source;
use smpc_protocols::rep3::{Arith, Bin, Rep3, Row};
use smpc_protocols::{Error, Executor};

/// Runs a program at each party over Z_2^bits, each with its own source of keys.
pub(crate) fn three<S: Source, T: Send>(
    bits: u32,
    source: impl Fn(usize) -> S + Sync,
    program: impl Fn(&Rep3<S>, &Executor) -> Result<T, Error> + Sync,
) -> Vec<Seen<T>> {
    seen(3, |me, executor| program(&Rep3::over_small_ring(me, source(me), bits), executor)).unwrap()
}

/// Party `me`'s share of a number with these components.
pub(crate) fn number(me: usize, components: [u64; 3]) -> Arith {
    Arith::of_components([vec![components[me]], vec![components[(me + 1) % 3]]])
}

/// Party `me`'s share of one word of `width` bits with these components.
pub(crate) fn word(me: usize, width: u32, components: [u64; 3]) -> Bin {
    let rows = |component: u64| -> Vec<Row> {
        (0..width).map(|plane| [component >> plane & 1, 0, 0, 0, 0, 0, 0, 0]).collect()
    };
    Bin::of_components(width, 1, [rows(components[me]), rows(components[(me + 1) % 3])])
}
