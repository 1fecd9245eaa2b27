//! A number as the sum of words modulo 2^127 − 1, from which comparisons, bits and carries follow, and which may be opened before anything is verified.
//!
//! `shamir` hides a number of 66 bits under masks that are some fifty bits longer. That does not do here: after a lie d in a product, a later factor w has made it d·w, which is as large as the field, and a mask that
//! is not uniform lets it through before any verification. So r_A is uniform below p = 2^127 − 1 for each set A, and what is opened, c = a + 2^66 + Σ r_A modulo p, tells nothing of a whatever it has become.
//!
//! The complement of r_A in 127 bits is p − r_A. So a + 2^66 is c + Σ ¬r_A modulo p, and as 2^127 is 1 there, words are added by adders whose top carry comes in again at the bottom: carry-save adders down to two words
//! s and t, of which the product of the masks' own is made while c is opened. No number that is asked for is 0 there, which two words stand for: |a| < 2^66.
//!
//! Nothing is statistical about it: p has no room to spare, and needs none (PROTOCOLS R12 is about masks that are shorter).

use super::{Guard, of_set};
use crate::executor::Cx;
use crate::gates::circuit;
use crate::join::join;
use crate::keys::Source;
use crate::protocol::{BinShares as _, Protocol as _};
use crate::shamir::{Arith, Bin, Elements, Shamir, Step, add_bits, carry_save, down_to_two};
use smpc_math::circuits::{add, all, carry_out, complement, netlist, resize, sum};
use smpc_math::field::{Field, Gf256, P127};
use smpc_math::netlist::{Bit, Builder};
use smpc_math::prf::Domain;

/// Bits of an element.
const WIDTH: u32 = 127;
/// What is added to a number before it is hidden is two to this power.
const LIFT: u32 = 66;

/// A mask for each lane.
struct Mask {
    /// Σ r_A.
    sum: Elements<P127>,
    /// ¬r_A for each set.
    complements: Vec<Bin>,
    /// Σ ⌊¬r_A / 2^m⌋, where asked for.
    high: Elements<P127>,
}

/// Two words of 127 bits, whose sum modulo p is what was hidden.
pub(crate) struct Words {
    pub(crate) s: Bin,
    pub(crate) t: Bin,
    /// What was opened.
    opened: Vec<P127>,
    /// Σ ⌊¬r_A / 2^m⌋.
    high: Elements<P127>,
    /// Bits that were carried from the top to the bottom, and into position m.
    around: Bin,
    past: Bin,
}

/// The carry into a position of s + t modulo p: that out of the word that begins there and goes around.
fn carry_into(b: &mut Builder, s: &[Bit], t: &[Bit], position: usize) -> Bit {
    let from = |word: &[Bit]| [&word[position..], &word[..position]].concat();
    carry_out(b, &from(s), &from(t), false)
}

/// The low bits of s + t modulo p.
pub(super) fn sum_around(b: &mut Builder, s: &[Bit], t: &[Bit], width: usize) -> Vec<Bit> {
    let carry = carry_into(b, s, t, 0);
    // A position below the first, which makes the carry.
    let with = |word: &[Bit]| [&[carry], &word[..width]].concat();
    add(b, &with(s), &with(t)).split_off(1)
}

impl<S: Source> Shamir<S> {
    /// A mask for each lane; without a round.
    fn uniform_mask(&self, guard: &Guard, cx: Cx<'_>, lanes: usize, m: Option<u32>) -> Mask {
        cx.count_blocks(lanes as u64 + 1);
        let mut sum: Elements<P127> = self.elements(lanes);
        let mut high: Elements<P127> = self.elements(if m.is_some() { lanes } else { 0 });
        // Of a set without this party its share is 0, and that of the complement of 0 is 1.
        let mut complements: Vec<Bin> = guard.sets.iter().map(|_| self.ones(WIDTH, lanes)).collect();
        let of_me = guard.words.set.iter().zip(&guard.numbers.set);
        for (set, (byte, number)) in guard.mine.iter().zip(of_me) {
            let bits = &mut complements[*set].x;
            let at = Step::new(cx.tape(), 0, Domain::Random);
            self.draw_under::<P127>(of_set(*set), at, lanes, |first, drawn| {
                for (lane, drawn) in (first..).zip(drawn) {
                    sum[lane] = sum[lane].add(number.mul(*drawn));
                    if let (Some(high), Some(m)) = (high.get_mut(lane), m) {
                        let complement = ((1_u128 << WIDTH) - 1) ^ drawn.value();
                        *high = high.add(number.mul(P127::from_u128(complement >> m)));
                    }
                }
                add_bits(bits, (lanes, first), *byte, drawn);
            });
        }
        Mask { sum, complements, high }
    }

    /// All bits 1.
    fn ones(&self, width: u32, lanes: usize) -> Bin {
        let mut ones = self.words(width, lanes);
        ones.x.iter_mut().for_each(|x| *x = Gf256::ONE);
        ones
    }

    /// a + lift, hidden, as two words; with `m`, what leaves the words there too. 2 rounds for three parties, and one more for each level of 3-to-2 adders that the masks of more take: 6 and 9 for five and seven.
    pub(crate) async fn hidden(
        &self,
        guard: &Guard,
        cx: Cx<'_>,
        (a, lanes): (&[P127], usize),
        lift: P127,
        m: Option<u32>,
    ) -> Words {
        let mask = self.uniform_mask(guard, cx.sub(0, 4), lanes, m);
        let mut hidden: Elements<P127> = self.elements(lanes);
        for (hidden, (a, r)) in hidden.iter_mut().zip(a.iter().zip(mask.sum.iter())) {
            *hidden = a.add(lift).add(*r);
        }
        // Under a mask of its own that is uniform modulo p: tells nothing.
        let opening = self.opened_to_all(cx.sub(1, 4), &hidden, lanes);
        let (opened, (s, t, both, mut around, mut past)) =
            join(opening, self.two_words_around(cx.sub(2, 4), &mask.complements, m)).await;
        // c is the third word of a last adder, whose AND with it is local.
        let (mut sum, mut carry) = (self.words(WIDTH, lanes), self.words(WIDTH, lanes));
        if !self.dry {
            for plane in 0..WIDTH as usize {
                let above = (plane + 1) % WIDTH as usize * lanes;
                for (lane, c) in opened.iter().enumerate() {
                    let at = plane * lanes + lane;
                    let (c, either) = (u8::from(c.value() >> plane & 1 == 1), s.x[at].0 ^ t.x[at].0);
                    sum.x[at] = Gf256(either ^ c);
                    carry.x[above + lane] = Gf256(both.x[at].0 ^ either & c.wrapping_neg());
                }
            }
        }
        if let Some(m) = m {
            around = Bin::stack(&[&around, &carry.planes(0, 1)]);
            past = Bin::stack(&[&past, &carry.planes(m, 1)]);
        }
        Words { s: sum, t: carry, opened, high: mask.high, around, past }
    }

    /// The masks' words as two, with the product of these, and the carries at the bottom and into position m of all adders.
    async fn two_words_around(&self, cx: Cx<'_>, words: &[Bin], m: Option<u32>) -> (Bin, Bin, Bin, Bin, Bin) {
        let count = u32::try_from(words.len()).unwrap_or(u32::MAX);
        let adders = circuit("carry save around", [count, m.map_or(0, |m| m + 1), 0, 0], || {
            netlist(&vec![WIDTH; words.len()], |b, words| {
                let (mut around, mut past) = (Vec::new(), Vec::new());
                let words = down_to_two(words, |x, y, z| {
                    let (sum, mut carry) = carry_save(b, x, y, z);
                    // The top one comes in again at the bottom.
                    carry.rotate_right(1);
                    if let Some(m) = m {
                        around.push(carry[0]);
                        past.push(carry[m as usize]);
                    }
                    [sum, carry]
                });
                words.into_iter().flatten().chain(around).chain(past).collect()
            })
        });
        let out = self.run_circuit(cx.sub(0, 2), &adders, &words.iter().collect::<Vec<_>>()).await;
        let (s, t) = (out.planes(0, WIDTH), out.planes(WIDTH, WIDTH));
        let carries = if m.is_some() { count - 2 } else { 0 };
        let (around, past) = (out.planes(2 * WIDTH, carries), out.planes(2 * WIDTH + carries, carries));
        let both = self.and(cx.sub(1, 2), &s, &t).await;
        (s, t, both, around, past)
    }

    /// The sign of a for |a| < 2^66: bit 66 of a + 2^66 is not set. 10 rounds for three parties.
    pub(crate) async fn sign_around(&self, guard: &Guard, cx: Cx<'_>, a: &[P127], lanes: usize) -> Bin {
        let lift = P127::power_of_two(LIFT);
        let Words { s, t, .. } = self.hidden(guard, cx.sub(0, 2), (a, lanes), lift, None).await;
        let sign = circuit("bit of a sum around", [LIFT, 0, 0, 0], || {
            netlist(&[WIDTH, WIDTH], |b, words| {
                let (s, t) = (&words[0], &words[1]);
                let carry = carry_into(b, s, t, LIFT as usize);
                let sum = b.xor(s[LIFT as usize], t[LIFT as usize]);
                let bit = b.xor(sum, carry);
                vec![b.not(bit)]
            })
        });
        self.run_circuit(cx.sub(1, 2), &sign, &[&s, &t]).await
    }

    /// a = 0 in the field: s + t is p then, so that the words are complements of each other (or both are 0, or both p, which of uniform words has a probability of 2^−126). 9 rounds for three parties.
    pub(crate) async fn is_zero_around(&self, guard: &Guard, cx: Cx<'_>, a: &[P127], lanes: usize) -> Bin {
        let Words { s, t, .. } = self.hidden(guard, cx.sub(0, 2), (a, lanes), P127::default(), None).await;
        let zero = circuit("sum around is zero", [0; 4], || {
            netlist(&[WIDTH, WIDTH], |b, words| {
                let sums: Vec<Bit> = words[0].iter().zip(&words[1]).map(|(s, t)| b.xor(*s, *t)).collect();
                vec![all(b, &sums)]
            })
        });
        self.run_circuit(cx.sub(1, 2), &zero, &[&s, &t]).await
    }

    /// The low `width` bits of a, at most 64. 17 rounds for three parties and 64 bits.
    pub(crate) async fn bits_around(&self, guard: &Guard, cx: Cx<'_>, a: &[P127], lanes: usize, width: u32) -> Bin {
        let lift = P127::power_of_two(LIFT);
        let Words { s, t, .. } = self.hidden(guard, cx.sub(0, 2), (a, lanes), lift, None).await;
        let bits = circuit("bits of a sum around", [width, 0, 0, 0], || {
            netlist(&[WIDTH, WIDTH], |b, words| sum_around(b, &words[0], &words[1], width as usize))
        });
        self.run_circuit(cx.sub(1, 2), &bits, &[&s, &t]).await
    }

    /// ⌊a / 2^m⌋ for −2^66 < a ≤ 2^66 and 0 < m ≤ 66. With h for ⌊word / 2^m⌋, k for the carries around, each of which takes p away and adds 1, and x for those into position m,
    /// ⌊(a + 2^66) / 2^m⌋ = h_c + Σ h_A − 2^(127 − m)·k + x. Carries are counted in bits first: a bit costs more as a number. 13 rounds for three parties.
    pub(crate) async fn shifted_around(&self, guard: &Guard, cx: Cx<'_>, a: &Arith, m: u32) -> Arith {
        let lift = P127::power_of_two(LIFT);
        let words = self.hidden(guard, cx.sub(0, 3), (&a.x, a.lanes), lift, Some(m)).await;
        let carries = words.around.width;
        let counts = circuit("carries of a sum around", [m, carries, 0, 0], || {
            netlist(&[WIDTH, WIDTH, carries, carries], |b, words| {
                let mut out = Vec::new();
                for (position, earlier) in [(0, &words[2]), (m as usize, &words[3])] {
                    let last = carry_into(b, &words[0], &words[1], position);
                    let width = (earlier.len() + 2).next_power_of_two().trailing_zeros() as usize;
                    let bits: Vec<_> = earlier.iter().chain([&last]).map(|bit| resize(&[*bit], width)).collect();
                    out.extend(sum(b, &bits));
                }
                out
            })
        });
        let counts = self.run_circuit(cx.sub(1, 3), &counts, &[&words.s, &words.t, &words.around, &words.past]).await;
        let each = counts.width / 2;
        let around = (0..each).map(|j| P127::default().sub(P127::power_of_two(WIDTH - m + j)));
        let weights: Vec<P127> = around.chain((0..each).map(P127::power_of_two)).collect();
        let mut result = self.weighted(cx.sub(2, 3), &counts, &weights).await;
        let lifted = P127::power_of_two(LIFT - m);
        for ((x, c), high) in result.x.iter_mut().zip(&words.opened).zip(words.high.iter()) {
            *x = x.add(P127::from_u128(c.value() >> m)).add(*high).sub(lifted);
        }
        result
    }

    /// Whether lanes lie between 1 and `most` + 1, whatever elements of the field they are: a word of one bit.
    pub(super) async fn between(&self, guard: &Guard, cx: Cx<'_>, a: &[P127], lanes: usize, most: u64) -> Bin {
        let Words { s, t, .. } = self.hidden(guard, cx.sub(0, 2), (a, lanes), P127::default(), None).await;
        #[allow(clippy::cast_possible_truncation, reason = "the halves of the number")]
        let facts = [most as u32, (most >> 32) as u32, 0, 0];
        let within = circuit("sum around in a range", facts, || {
            netlist(&[WIDTH, WIDTH], |b, words| {
                let whole = sum_around(b, &words[0], &words[1], WIDTH as usize);
                let (low, high) = whole.split_at(65);
                let greatest = smpc_math::circuits::constant(u128::from(most) + 1, 65);
                let beyond = smpc_math::circuits::less_unsigned(b, &greatest, low);
                let mut holds = complement(b, high);
                holds.push(b.not(beyond));
                vec![all(b, &holds)]
            })
        });
        self.run_circuit(cx.sub(1, 2), &within, &[&s, &t]).await
    }
}
