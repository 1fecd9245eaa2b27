//! Circuits of the performance table, always the same; every one of their gates is needed.

use smpc_math::netlist::{Bit, Builder, Gate, Netlist};

/// The measure of a circuit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Input bits.
    pub(super) inputs: u32,
    /// AND depth.
    pub(super) depth: usize,
    /// Gates of a depth.
    pub(super) gates: usize,
    /// How many of them are AND, and output bits.
    pub(super) ands: usize,
}

impl Shape {
    /// AND gates of all depths.
    pub(super) const fn all_ands(self) -> u64 {
        (self.depth * self.ands) as u64
    }
}

/// 10,000 gates, a fifth of them AND.
pub(super) const LARGE: Shape = Shape { inputs: 256, depth: 20, gates: 500, ands: 100 };
/// About as many gates as an S-box of AES has (Boyar and Peralta, 2012).
pub(super) const SBOX: Shape = Shape { inputs: 8, depth: 4, gates: 29, ands: 8 };
/// Input bits of [`cipher`].
const CIPHER_INPUTS: u32 = 256;
/// ANDs of [`cipher`]: as many as AES-128 has with its key schedule.
pub(super) const CIPHER_ANDS: u64 = (ROUNDS * 20) as u64 * SBOX.all_ands();
/// Rounds of [`cipher`].
const ROUNDS: usize = 10;

/// Where the choice of operands starts.
const SEED: u64 = 0x5eed;

/// A linear congruential generator (Knuth, MMIX): fixed data, no randomness rests on it.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % bound.max(1)
    }
}

/// The circuit. Of each depth the AND gates and then the XOR gates over the outputs of the depth before; at the last one the XOR gates fold all that is
/// left into as many outputs as there are AND gates.
pub(super) fn circuit(shape: Shape) -> Netlist {
    let Shape { inputs, depth: depths, gates: count, ands } = shape;
    let mut random = Seeded(SEED);
    let mut gates = Vec::with_capacity(depths * count);
    let mut before: Vec<u32> = (0..inputs).collect();
    let wire = |gates: &Vec<Gate>| inputs + u32::try_from(gates.len()).unwrap_or(u32::MAX);
    for depth in 1..=depths {
        let mut level = Vec::with_capacity(count);
        for i in 0..if depth < depths { count } else { ands } {
            // The first operands cover all that came before, AND gates first, so that nothing is left out and each depth is one deeper.
            let a = before[i % before.len()];
            let b = before[(i + 1 + random.below(before.len() - 1)) % before.len()];
            level.push(wire(&gates));
            gates.push(if i < ands { Gate::And(a, b) } else { Gate::Xor(a, b) });
        }
        if depth == depths {
            let mut rest: std::collections::VecDeque<u32> = before[ands..].iter().chain(&level).copied().collect();
            while rest.len() > ands {
                let (a, b) = (rest.pop_front().unwrap_or(0), rest.pop_front().unwrap_or(0));
                rest.push_back(wire(&gates));
                gates.push(Gate::Xor(a, b));
            }
            level = rest.into();
        }
        before = level;
    }
    Netlist::new(vec![inputs], gates, before).unwrap_or_default()
}

/// A circuit with the form of AES-128: in each of ten rounds 16 S-boxes on the state and 4 on the key, exclusive ors across the state and with the key. The S-box
/// is [`SBOX`], so that this encrypts nothing.
pub(super) fn cipher() -> Netlist {
    let sbox = circuit(SBOX);
    let (mut b, words) = Builder::new(&[CIPHER_INPUTS / 2, CIPHER_INPUTS / 2]);
    let (mut state, mut key) = (words[0].clone(), words[1].clone());
    for _ in 0..ROUNDS {
        let boxed: Vec<Bit> = state.chunks(8).flat_map(|byte| call(&mut b, &sbox, byte)).collect();
        let of_key: Vec<Bit> = key[96..].chunks(8).flat_map(|byte| call(&mut b, &sbox, byte)).collect();
        for i in 0..128 {
            let before = if i < 32 { of_key[(i + 8) % 32] } else { key[i - 32] };
            key[i] = b.xor(key[i], before);
        }
        // Each bit from five of four bytes that stand apart, as rows are shifted and columns mixed.
        for i in 0..128 {
            let bits = [0, 41, 80, 121, 8].map(|apart| boxed[(i + apart) % 128]);
            state[i] = bits.into_iter().fold(key[i], |sum, bit| b.xor(sum, bit));
        }
    }
    b.finish(&state).unwrap_or_default()
}

/// The gates of a circuit on these bits.
fn call(b: &mut Builder, circuit: &Netlist, inputs: &[Bit]) -> Vec<Bit> {
    let mut wires = inputs.to_vec();
    for gate in circuit.gates() {
        wires.push(match *gate {
            Gate::Xor(x, y) => b.xor(wires[x as usize], wires[y as usize]),
            Gate::And(x, y) => b.and(wires[x as usize], wires[y as usize]),
            Gate::Not(x) => b.not(wires[x as usize]),
            Gate::Zero => Bit::Const(false),
        });
    }
    circuit.outputs().iter().map(|wire| wires[*wire as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_table_says() {
        for (circuit, gates, ands, depth, outputs) in [
            (circuit(LARGE), 10_000, 2_000, 20, 100),
            (circuit(SBOX), 116, 32, 4, 8),
            (cipher(), 30_880, 6_400, 40, 128),
        ] {
            assert_eq!((circuit.gates().len(), circuit.ands(), circuit.depth()), (gates, ands, depth));
            let levelled = circuit.levelled();
            assert_eq!((levelled.ands(), levelled.depth()), (ands, depth), "every gate is needed");
            assert_eq!(circuit.outputs().len(), outputs);
        }
    }
}
