//! Circuits on the two summands of a number, each built once: on the positions of a sum s + t, of which p = s ⊕ t and g = s ∧ t are known. For protocols that split a
//! shared number in two words that some of the parties know (Keller, "Function-dependent preprocessing in three-party computation", 2025, section 6).

use crate::bits::{Row, blocks};
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

/// Bytes of wires from which on lanes go in waves: beyond them every level would fetch all wires from memory.
const MANY: usize = 32 << 20;
/// Bytes of wires of a wave: they stay in the second cache, which no other party or program shares.
const WAVE_STATE: usize = 1 << 20;
/// Bytes that a wave sends a level at least, on average: enough that on a fast link its rounds do not count.
const WAVE_MESSAGE: usize = 32 << 10;

/// Blocks of lanes that are taken through all levels of a circuit before the next ones are. The same for every party: it follows from the circuit, the
/// lanes and the session's block (0 for none). A wire has so many components at a party.
pub(crate) fn wave(circuit: &Levelled, lanes: usize, block: usize, components: usize) -> usize {
    let all = blocks(lanes).max(1);
    let state = circuit.slots * components * size_of::<Row>();
    let by_message = WAVE_MESSAGE * circuit.depth() / (circuit.ands() * size_of::<Row>()).max(1);
    let wanted = match block {
        0 if all * state <= MANY => all,
        // However long the messages should be, the memory stays bounded.
        0 => (WAVE_STATE / state.max(1)).max(by_message.min(MANY / state.max(1))),
        block => blocks(block),
    };
    let waves = all / wanted.max(1);
    all.div_ceil(waves.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpc_math::circuits::{add, netlist};

    #[test]
    fn waves_are_for_very_many_lanes() {
        let circuit = netlist(&[64, 64], |b, words| add(b, &words[0], &words[1])).levelled();
        let slots = circuit.slots;
        assert!((128..512).contains(&slots));
        assert_eq!(wave(&circuit, 0, 0, 2), 1);
        assert_eq!(wave(&circuit, 100_000, 0, 2), blocks(100_000));
        // Some megabytes of wires become pieces of one, or as many as make a message long enough.
        let many = wave(&circuit, 10_000_000, 0, 2);
        assert!(many < 100 && many * 128 * slots >= WAVE_STATE / 2, "{many}");
        // Deep and thin, with very many wires: no more of them for the sake of the messages.
        let deep = netlist(&[128], |b, words| {
            let mut chain = vec![words[0][0]];
            (0..2000).for_each(|i| chain.push(b.and(chain[i], words[0][1 + i % 127])));
            chain
        })
        .levelled();
        assert!(deep.slots > 1024 && deep.depth() == deep.ands());
        let state = deep.slots * 128;
        assert!(wave(&deep, 10_000_000, 0, 2) * state <= 2 * MANY);
        // The session's word holds, in whole blocks, and as evenly as may be.
        assert_eq!(wave(&circuit, 10_000, 512, 2), 1);
        assert_eq!(wave(&circuit, 10_000, 5_000, 2), 10);
        assert_eq!(wave(&circuit, 10_000, 1 << 40, 2), 20);
    }
}
