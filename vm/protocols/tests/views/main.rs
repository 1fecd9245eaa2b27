//! What one party of `rep3` or `rep4` sees, enumerated over all that it does not know (R23); mutants must fail.
//!
//! * [`steps`]: on small rings, each step that sends.
//! * [`shuffle`]: the shuffle of `rep4`; that of `rep3` has tests of its own, in `tests/rep3/shuffles.rs`.
//!
//! What takes long is sampled, as each module says; `SMPC_VIEWS=all` has all of it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
// Release builds have no small ring.
#![cfg(debug_assertions)]

mod shuffle;
mod steps;

/// Whether nothing is left to a sample that need not be.
fn everything() -> bool {
    std::env::var_os("SMPC_VIEWS").is_some_and(|which| which == "all")
}
