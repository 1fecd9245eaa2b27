//! Circuits on the two summands of a number, each built once: on the positions of a sum s + t, of which p = s ⊕ t and g = s ∧ t are known. For protocols that split a
//! shared number in two words that some of the parties know (Keller, "Function-dependent preprocessing in three-party computation", 2025, section 6).

use smpc_math::circuits::{carry_out_of, is_zero, netlist, sum_of_positions};
use smpc_math::netlist::{Bit, Builder, Levelled};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A circuit on two summands of so many bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The top bit of the sum.
    Sign(u32),
    /// Whether they are equal.
    Equal(u32),
    /// The sum.
    Sum(u32),
    /// The carry out of the sum.
    Carry(u32),
}

/// A circuit whose inputs are p of some positions and then g of the lower ones, which comes with the first level.
pub(crate) struct OnSummands {
    pub(crate) circuit: Levelled,
    /// Positions whose p it takes, and whose g.
    pub(crate) width: usize,
    pub(crate) generate: usize,
}

/// Circuits that have been asked for, once a gate.
#[derive(Default)]
pub(crate) struct Circuits(Mutex<BTreeMap<Kind, Arc<OnSummands>>>);

impl Circuits {
    pub(crate) fn get(&self, kind: Kind) -> Arc<OnSummands> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(kind).or_insert_with(|| Arc::new(build(kind))))
    }
}

/// Builds the output bits of a circuit from p and g.
type Build = fn(&mut Builder, &[Bit], &[Bit]) -> Vec<Bit>;

fn build(kind: Kind) -> OnSummands {
    let (width, generate, circuit): (u32, u32, Build) = match kind {
        Kind::Sign(width) => (width, width.saturating_sub(1), |b, p, g| {
            let carry = carry_out_of(b, &p[..g.len()], g);
            vec![b.xor(p[g.len()], carry)]
        }),
        Kind::Equal(width) => (width, 0, |b, p, _| vec![is_zero(b, p)]),
        Kind::Sum(width) => (width, width.saturating_sub(1), sum_of_positions),
        Kind::Carry(width) => (width, width, |b, p, g| vec![carry_out_of(b, p, g)]),
    };
    let circuit = netlist(&[width, generate], |b, words| circuit(b, &words[0], &words[1]));
    let (width, generate) = (width as usize, generate as usize);
    OnSummands { circuit: circuit.levelled_late(generate), width, generate }
}
