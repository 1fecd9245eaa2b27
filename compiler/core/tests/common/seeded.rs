//! Numbers from a seed, and which seeds a test takes.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

/// A small generator of numbers (xorshift, Marsaglia 2003).
pub(crate) struct Seeded(u64);

impl Seeded {
    /// The numbers of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number.
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `n`, or 0.
    pub(crate) fn below<N: TryInto<u64> + TryFrom<u64> + Default>(&mut self, n: N) -> N {
        let n = n.try_into().unwrap_or(0).max(1);
        // Smaller than `n`, which is of its type.
        N::try_from(self.next() % n).unwrap_or_default()
    }

    /// True in so many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100_u64) < percent
    }

    /// One of them, if there are any.
    pub(crate) fn any<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        of.get(self.below(of.len())).copied()
    }

    /// One of them.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        self.any(of).expect("something to pick from")
    }
}

/// The seeds of a test: `fixed` of them, the same in every run. `SMPC_FREE_SEEDS=N` in the environment adds N that no run had before;
/// `SMPC_SEED=S` runs a single one again. A test names the seed where it fails.
pub(crate) fn seeds(fixed: u64) -> Vec<u64> {
    let number = |name: &str| env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    if let Some(seed) = number("SMPC_SEED") {
        return vec![seed];
    }
    let free = number("SMPC_FREE_SEEDS").unwrap_or(0);
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos() as u64);
    let first = clock >> 1;
    if free > 0 {
        eprintln!("free seeds {first} to {}", first + free - 1);
    }
    (0..fixed).chain(first..first + free).collect()
}
