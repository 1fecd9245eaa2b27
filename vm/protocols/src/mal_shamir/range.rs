//! Whether inputs lie in their ranges. A party can share any element of the field, also one that is no number of 64 bits, and a comparison of such a thing is no comparison (PROTOCOLS R16).
//!
//! c = x − lo + R is opened, for a mask R < p and the whole of its bits. As integers, c − R is x − lo if that is at least 0 and less than p − R, and more than 2^64 or negative otherwise: with R below 2^126, x lies in
//! the range exactly if 0 ≤ c − R ≤ hi − lo. c − R is added up in 128 bits, and compared there.

use super::Guard;
use crate::executor::Cx;
use crate::gates::circuit;
use crate::gates::logic::all_lanes;
use crate::keys::Source;
use crate::lanes::Range;
use crate::shamir::{Arith, Bin, Elements, Shamir};
use smpc_math::circuits::{add, all, carry_save, complement, constant, less_unsigned, netlist};
use smpc_math::field::{Field, Gf256, P127};
use smpc_math::netlist::Bit;

/// Bits in which c − R is added up.
const WIDTH: u32 = 128;

impl<S: Source> Shamir<S> {
    /// Whether all lanes lie in the range, whatever elements of the field they are: one lane, of width 1. About 12 rounds for three parties, and ⌈log2 lanes⌉.
    pub(crate) async fn all_within(&self, guard: &Guard, cx: Cx<'_>, a: &Arith, range: Range) -> Bin {
        let (lanes, bits) = (a.lanes, self.mask_bits());
        let mask = self.mask_of_sets(guard, cx.sub(0, 4), lanes, (bits, false));
        let lo = P127::from_i64(range.lo);
        let mut hidden: Elements<P127> = self.elements(lanes);
        for (hidden, (x, r)) in hidden.iter_mut().zip(a.x.iter().zip(mask.sum.iter())) {
            *hidden = x.sub(lo).add(*r);
        }
        // Under a mask of its own, which is longer than any honest input: tells nothing of one.
        let opened = self.opened_to_all(cx.sub(1, 4), &hidden, lanes).await;
        let mut public = self.words(WIDTH, lanes);
        for (plane, out) in public.x.chunks_exact_mut(lanes.max(1)).enumerate() {
            for (out, c) in out.iter_mut().zip(&opened) {
                *out = Gf256(u8::from(c.value() >> plane & 1 == 1));
            }
        }
        let most = range.hi.wrapping_sub(range.lo).cast_unsigned();
        let count = mask.complements.len();
        #[allow(clippy::cast_possible_truncation, reason = "the halves of the number")]
        let facts = [count as u32, bits, most as u32, (most >> 32) as u32];
        let within = circuit("masked number in a range", facts, || {
            let widths: Vec<u32> = std::iter::once(WIDTH).chain(std::iter::repeat_n(bits, count)).collect();
            netlist(&widths, |b, words| {
                // c + Σ (2^128 − 1 − r) + the number of them, modulo 2^128.
                let mut left: Vec<Vec<Bit>> = vec![constant(count as u128, WIDTH as usize)];
                for (n, word) in words.iter().enumerate() {
                    let mut word = word.clone();
                    word.resize(WIDTH as usize, Bit::Const(n > 0));
                    left.push(word);
                }
                while left.len() > 2 {
                    let mut fewer = Vec::new();
                    for group in left.chunks(3) {
                        match group {
                            [x, y, z] => {
                                let (sum, carry) = carry_save(b, x, y, z);
                                fewer.extend([sum, carry]);
                            }
                            rest => fewer.extend_from_slice(rest),
                        }
                    }
                    left = fewer;
                }
                let difference = if let [x, y] = &left[..] { add(b, x, y) } else { left.concat() };
                let (low, high) = difference.split_at(64);
                let greatest = constant(most.into(), 64);
                let beyond = less_unsigned(b, &greatest, low);
                let mut holds = complement(b, high);
                holds.extend(complement(b, &[beyond]));
                vec![all(b, &holds)]
            })
        });
        let operands: Vec<&Bin> = std::iter::once(&public).chain(&mask.complements).collect();
        let holds = self.run_circuit(cx.sub(2, 4), &within, &operands).await;
        all_lanes(self, cx.sub(3, 4), &holds).await
    }
}
