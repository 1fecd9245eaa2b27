//! The random circuit of the performance table: 10,000 gates, a fifth of them AND, AND depth 20, always the same. Every gate is needed.

use smpc_math::netlist::{Gate, Netlist};

/// Input bits.
pub(super) const INPUTS: u32 = 256;
/// AND depth.
const DEPTH: usize = 20;
/// Gates of a depth, and how many of them are AND.
const GATES: usize = 500;
const ANDS: usize = 100;
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

/// The circuit. Of each depth 100 AND gates and then 400 XOR gates over the outputs of the depth before; at the last one the XOR gates fold all that is
/// left into 100 outputs.
pub(super) fn circuit() -> Netlist {
    let mut random = Seeded(SEED);
    let mut gates = Vec::with_capacity(DEPTH * GATES);
    let mut before: Vec<u32> = (0..INPUTS).collect();
    let wire = |gates: &Vec<Gate>| INPUTS + u32::try_from(gates.len()).unwrap_or(u32::MAX);
    for depth in 1..=DEPTH {
        let mut level = Vec::with_capacity(GATES);
        for i in 0..if depth < DEPTH { GATES } else { ANDS } {
            // The first operands cover all that came before, AND gates first, so that nothing is left out and each depth is one deeper.
            let a = before[i % before.len()];
            let b = before[(i + 1 + random.below(before.len() - 1)) % before.len()];
            level.push(wire(&gates));
            gates.push(if i < ANDS { Gate::And(a, b) } else { Gate::Xor(a, b) });
        }
        if depth == DEPTH {
            let mut rest: std::collections::VecDeque<u32> = before[ANDS..].iter().chain(&level).copied().collect();
            for _ in ANDS..GATES {
                let (a, b) = (rest.pop_front().unwrap_or(0), rest.pop_front().unwrap_or(0));
                rest.push_back(wire(&gates));
                gates.push(Gate::Xor(a, b));
            }
            level = rest.into();
        }
        before = level;
    }
    Netlist::new(vec![INPUTS], gates, before).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_table_says() {
        let circuit = circuit();
        assert_eq!((circuit.gates().len(), circuit.ands(), circuit.depth()), (10_000, 2_000, 20));
        let levelled = circuit.levelled();
        assert_eq!((levelled.ands(), levelled.depth()), (2_000, 20), "every gate is needed");
        assert_eq!(circuit.outputs().len(), 100);
    }
}
