//! Loops modulo 2^127 − 1: eight elements at a time where the processor can, and one by one elsewhere.

#[cfg(target_arch = "x86_64")]
mod eight;

use crate::field::P127;

/// One by one, compiled as `tagged.rs` is.
#[allow(unreachable_pub, reason = "what the macro declares is public elsewhere")]
pub(super) mod single {
    use super::super::{Level, level};
    use crate::field::P127;
    use crate::field::p127::one_by_one as portable;

    versions! {
        "bmi2", "bmi2", "bmi2";

        fn add_combination(out: &mut [P127], terms: &[(P127, &[P127])]);
        fn products(out: &mut [P127], x: &[P127], y: &[P127]);
        fn dot(x: &[P127], y: &[P127]) -> P127;
    }
}

instructions_first! { eight;
    /// out_i + Σ c_k · x_k,i; each x_k is at least as long as `out`.
    pub(crate) fn add_combination(out: &mut [P127], terms: &[(P127, &[P127])]) {
        single::add_combination(out, terms);
    }

    /// x_i · y_i, as many as all three have.
    pub(crate) fn products(out: &mut [P127], x: &[P127], y: &[P127]) {
        single::products(out, x, y);
    }

    /// Σ x_i · y_i, over as many as both have.
    pub(crate) fn dot(x: &[P127], y: &[P127]) -> P127 {
        single::dot(x, y)
    }
}
