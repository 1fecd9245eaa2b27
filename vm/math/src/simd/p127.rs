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

/// out_i + Σ c_k · x_k,i; each x_k is at least as long as `out`.
#[allow(unsafe_code, reason = "a call into code for a vector unit")]
pub(crate) fn add_combination(out: &mut [P127], terms: &[(P127, &[P127])]) {
    #[cfg(target_arch = "x86_64")]
    if eight::is_there() {
        // SAFETY: the processor has what the function is compiled for.
        return unsafe { eight::add_combination(out, terms) };
    }
    single::add_combination(out, terms);
}

/// x_i · y_i, as many as all three have.
#[allow(unsafe_code, reason = "a call into code for a vector unit")]
pub(crate) fn products(out: &mut [P127], x: &[P127], y: &[P127]) {
    #[cfg(target_arch = "x86_64")]
    if eight::is_there() {
        // SAFETY: as above.
        return unsafe { eight::products(out, x, y) };
    }
    single::products(out, x, y);
}

/// Σ x_i · y_i, over as many as both have.
#[allow(unsafe_code, reason = "a call into code for a vector unit")]
pub(crate) fn dot(x: &[P127], y: &[P127]) -> P127 {
    #[cfg(target_arch = "x86_64")]
    if eight::is_there() {
        // SAFETY: as above.
        return unsafe { eight::dot(x, y) };
    }
    single::dot(x, y)
}
