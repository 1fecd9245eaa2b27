//! The circuits that gates are made of, as functions that add gates to a [`Builder`]. Words are bits, least significant first.
//!
//! AND counts and depths are those of the carry trees of Kogge and Stone (1973) and Sklansky (1960) with XOR for OR where both
//! cannot be 1, as usual in multi-party computation (Catrina and de Hoogh, 2010).

mod add;
mod compare;
mod divide;
mod word;

pub use add::{add, add_carry, carries, carry_out, carry_out_of, carry_save, negate_if, subtract, sum_of_positions};
pub use compare::{all, any, equal, is_zero, less_signed, less_unsigned, mux};
pub use divide::{divide, square_root};
pub use word::{multiply, negate, sum};

use crate::netlist::{Bit, Builder, Netlist};

/// The word of a constant.
#[must_use]
pub fn constant(value: u128, width: usize) -> Vec<Bit> {
    (0..width).map(|i| Bit::Const(i < 128 && value >> i & 1 == 1)).collect()
}

/// A word with 0 above or cut at the top.
#[must_use]
pub fn resize(word: &[Bit], width: usize) -> Vec<Bit> {
    (0..width).map(|i| word.get(i).copied().unwrap_or(Bit::Const(false))).collect()
}

/// A word with its sign above or cut at the top.
#[must_use]
pub fn sign_extend(word: &[Bit], width: usize) -> Vec<Bit> {
    let sign = word.last().copied().unwrap_or(Bit::Const(false));
    (0..width).map(|i| word.get(i).copied().unwrap_or(sign)).collect()
}

/// The complement of each bit.
pub fn complement(b: &mut Builder, word: &[Bit]) -> Vec<Bit> {
    word.iter().map(|bit| b.not(*bit)).collect()
}

/// A netlist over words of these widths, from a function of the builder and the words to the output bits.
///
/// # Panics
/// Never for circuits of fewer than 2^32 wires; the circuits here have thousands.
#[must_use]
pub fn netlist(widths: &[u32], circuit: impl FnOnce(&mut Builder, &[Vec<Bit>]) -> Vec<Bit>) -> Netlist {
    let (mut builder, words) = Builder::new(widths);
    let outputs = circuit(&mut builder, &words);
    builder.finish(&outputs).unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::planes::Planes;

    /// Runs a circuit on lanes of words (up to 128 bits each) and returns the output words.
    pub(crate) fn run(netlist: &Netlist, inputs: &[Vec<u128>]) -> Vec<u128> {
        let planes: Vec<Planes> = inputs
            .iter()
            .zip(netlist.inputs())
            .map(|(lanes, width)| {
                let mut planes = Planes::zeros(*width as usize, lanes.len());
                for (lane, word) in lanes.iter().enumerate() {
                    (0..*width as usize).for_each(|p| planes.set_bit(p, lane, word >> p & 1 == 1));
                }
                planes
            })
            .collect();
        let out = netlist.levelled().evaluate(&planes.iter().collect::<Vec<_>>());
        (0..out.lanes()).map(|lane| (0..out.width()).map(|p| u128::from(out.bit(p, lane)) << p).sum()).collect()
    }

    pub(crate) fn mask(width: u32) -> u128 {
        if width == 128 { u128::MAX } else { (1 << width) - 1 }
    }

    /// Edge values and seeded ones below 2^width.
    pub(crate) fn samples(width: u32) -> Vec<u128> {
        let m = mask(width);
        let mut all = vec![0, 1, m, m - 1, m >> 1, (m >> 1) + 1];
        let mut x = 0x1234_5678_9abc_def0_u128 ^ u128::from(width) << 64;
        for i in 0..60 {
            x = x.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645).wrapping_add(0x9e37_79b9_7f4a_7c15);
            all.push((x >> 3 ^ x >> 61) & m >> (i % width));
        }
        all.iter().map(|v| v & m).collect()
    }

    /// Every pair of samples, as two columns.
    pub(crate) fn pairs(width: u32) -> (Vec<u128>, Vec<u128>) {
        let s = samples(width);
        s.iter().flat_map(|a| s.iter().map(move |b| (*a, *b))).unzip()
    }
}
