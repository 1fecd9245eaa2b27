//! Random numbers without a message: each set A of t + 1 parties has a key, and the share of party i of what that key gives is r_A · f_A(i), where f_A is the polynomial of degree t that is 1 at 0 and 0 at the
//! points of the parties outside of A. Of any t parties there is one set that none of them is in, and the sum over all sets has its number in it (Cramer, Damgård and Ishai, TCC 2005).
//!
//! No party can lie about such a number: what the honest members of a set hold follows from a key that all of them have compared.

use super::Guard;
use super::of_set;
use crate::executor::Cx;
use crate::keys::Source;
use crate::shamir::{Bin, Elements, Mask, Over, Shamir, Step};
use smpc_math::field::{Field, Gf256, P127};
use smpc_math::prf::Domain;

impl<S: Source> Shamir<S> {
    /// Uniform elements that nobody knows.
    pub(crate) fn without_dealer<F: Over>(&self, guard: &Guard, cx: Cx<'_>, at: Step, len: usize) -> Elements<F> {
        cx.count_blocks(len.div_ceil(F::PER_BLOCK) as u64 + 1);
        let mut sum: Elements<F> = self.elements(len);
        for (set, of_me) in guard.mine.iter().zip(&F::side(guard).set) {
            self.draw_under::<F>(of_set(*set), at, len, |first, drawn| {
                F::add_multiple(&mut sum[first..first + drawn.len()], *of_me, drawn);
            });
        }
        sum
    }

    /// Uniform bits that nobody knows.
    pub(crate) fn bits_without_dealer(&self, guard: &Guard, cx: Cx<'_>, len: usize) -> Elements<Gf256> {
        self.bits_of_sets(guard, cx, len).0
    }

    /// A bit of each set: their ⊕ over bytes, and each of them as a number.
    pub(crate) fn bits_of_sets(&self, guard: &Guard, cx: Cx<'_>, len: usize) -> (Elements<Gf256>, Vec<Elements<P127>>) {
        cx.count_blocks(len.div_ceil(Gf256::PER_BLOCK) as u64 + 1);
        let mut sum: Elements<Gf256> = self.elements(len);
        let mut numbers: Vec<Elements<P127>> = guard.sets.iter().map(|_| self.elements(len)).collect();
        let of_me = guard.words.set.iter().zip(&guard.numbers.set);
        for (set, (byte, number)) in guard.mine.iter().zip(of_me) {
            let numbers = &mut numbers[*set];
            let at = Step::new(cx.tape(), 0, Domain::Random);
            self.draw_under::<Gf256>(of_set(*set), at, len, |first, drawn| {
                for (k, drawn) in (first..).zip(drawn) {
                    let bit = drawn.0 & 1;
                    sum[k] = sum[k].add(Gf256(byte.0 & bit.wrapping_neg()));
                    // One of two, without a branch.
                    numbers[k] = number.mul(P127::from_i64(bit.into()));
                }
            });
        }
        (sum, numbers)
    }

    /// A mask for each lane, without a round: R is the sum of a number of each set.
    pub(crate) fn mask_of_sets(&self, guard: &Guard, cx: Cx<'_>, lanes: usize, (width, high): (u32, bool)) -> Mask {
        cx.count_blocks(lanes as u64 + 1);
        let below = (1_u128 << self.mask_bits()) - 1;
        let mut sum: Elements<P127> = self.elements(lanes);
        let mut highs: Elements<P127> = self.elements(if high { lanes } else { 0 });
        // Of a set without this party its share is 0, and that of the complement of 0 is 1.
        let mut complements: Vec<Bin> = guard.sets.iter().map(|_| self.ones(width, lanes)).collect();
        let of_me = guard.words.set.iter().zip(&guard.numbers.set);
        for (set, (byte, number)) in guard.mine.iter().zip(of_me) {
            let bits = &mut complements[*set].x;
            let at = Step::new(cx.tape(), 0, Domain::Random);
            self.draw_under::<P127>(of_set(*set), at, lanes, |first, drawn| {
                for (lane, drawn) in (first..).zip(drawn) {
                    let drawn = drawn.value() & below;
                    sum[lane] = sum[lane].add(number.mul(P127::from_u128(drawn)));
                    if let Some(high) = highs.get_mut(lane) {
                        *high = high.add(number.mul(P127::from_u128(drawn >> width)));
                    }
                    for (plane, bits) in bits.chunks_exact_mut(lanes).enumerate() {
                        let bit = (drawn >> plane & 1 == 1).into();
                        bits[lane].0 ^= byte.0 & u8::wrapping_neg(bit);
                    }
                }
            });
        }
        Mask { sum, complements, high: highs }
    }

    /// All bits 1.
    pub(crate) fn ones(&self, width: u32, lanes: usize) -> Bin {
        let mut ones = self.words(width, lanes);
        ones.x.iter_mut().for_each(|x| *x = Gf256::ONE);
        ones
    }
}
