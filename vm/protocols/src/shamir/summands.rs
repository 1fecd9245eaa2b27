//! A number as the sum of two words, from which comparisons, bits and carries follow.
//!
//! c = a + R + 2^66 is opened; with u_i for the complement of dealer i's number modulo 2^k and M for the number of dealers, a = c + M + Σ u_i modulo 2^k. Carry-save
//! adders bring the M words down to two, which costs an AND a bit for each that goes; the public word joins with one more, whose product does not depend
//! on it and is made while c is opened. For M = 2: a round to deal, one to open and multiply.

use super::mask::Mask;
use super::share::{Bin, Elements};
use super::{MASKED_BITS, Shamir};
use crate::executor::Cx;
use crate::gates;
use crate::join::join;
use crate::keys::Source;
use crate::protocol::{BinShares, Protocol};
use smpc_math::circuits::netlist;
use smpc_math::field::{Field, Gf256, P127};
use smpc_math::netlist::{Bit, Builder};

/// Two words whose sum is the number that was masked, modulo 2^width.
pub(crate) struct Summands {
    pub(crate) s: Bin,
    pub(crate) t: Bin,
    /// The bits of weight 2^width that came out of the adders: one a plane, each to be added to the carry out of s + t.
    pub(crate) carries: Vec<Bin>,
}

/// x + y + z as a sum and its carries, of which the last one leaves the word.
pub(crate) fn carry_save(b: &mut Builder, x: &[Bit], y: &[Bit], z: &[Bit]) -> (Vec<Bit>, Vec<Bit>) {
    let bits = x.iter().zip(y).zip(z).map(|((x, y), z)| {
        let (xz, yz) = (b.xor(*x, *z), b.xor(*y, *z));
        let both = b.and(xz, yz);
        (b.xor(xz, *y), b.xor(both, *z))
    });
    bits.unzip()
}

/// Words with the same sum, two of them, by adders that make two words of three, level by level.
pub(crate) fn down_to_two(
    words: &[Vec<Bit>],
    mut adder: impl FnMut(&[Bit], &[Bit], &[Bit]) -> [Vec<Bit>; 2],
) -> Vec<Vec<Bit>> {
    let mut words = words.to_vec();
    while words.len() > 2 {
        let level = words.chunks(3).flat_map(|group| match group {
            [x, y, z] => adder(x, y, z).to_vec(),
            rest => rest.to_vec(),
        });
        words = level.collect();
    }
    words
}

/// A word of carries in its place, and the one that leaves it.
fn moved_up(mut carries: Vec<Bit>) -> (Vec<Bit>, Option<Bit>) {
    let top = carries.pop();
    carries.insert(0, Bit::Const(false));
    (carries, top)
}

/// A number that is opened under a mask, and the mask's shares.
pub(crate) struct Masked {
    /// a + R + 2^66; nothing in dry mode.
    pub(crate) opened: Vec<P127>,
    pub(crate) mask: Mask,
}

impl<S: Source> Shamir<S> {
    /// a + R + 2^66 for a fresh R, while `beside` does what needs the mask alone. The rounds of a mask, and the longer of one and those of `beside`.
    pub(crate) async fn masked<T>(
        &self,
        cx: Cx<'_>,
        a: &[P127],
        (lanes, width, high): (usize, u32, bool),
        beside: impl AsyncFnOnce(Cx<'_>, &Mask) -> T,
    ) -> (Masked, T) {
        let mask = self.mask(cx.sub(0, 3), lanes, width, high).await;
        let mut hidden: Elements<P127> = self.elements(lanes);
        let lift = P127::power_of_two(MASKED_BITS);
        for (hidden, (a, r)) in hidden.iter_mut().zip(a.iter().zip(mask.sum.iter())) {
            *hidden = a.add(*r).add(lift);
        }
        let (opened, beside) =
            join(self.opened_to_all(cx.sub(1, 3), &hidden, lanes), beside(cx.sub(2, 3), &mask)).await;
        (Masked { opened, mask }, beside)
    }

    /// Two words whose sum is a modulo 2^width, for |a| ≤ 2^66. 2 rounds and one more for each level of 3-to-2 adders: 1, 2 and 3 for three, four and five dealers.
    pub(crate) async fn summands(&self, cx: Cx<'_>, a: &[P127], lanes: usize, width: u32) -> Summands {
        let ready = self.masked(cx, a, (lanes, width, false), async |cx, mask| self.two_words(cx, mask).await);
        let (masked, words) = ready.await;
        self.with_public(&masked.opened, words)
    }

    /// The words of a mask as two, with the product of these. A round, and one more for each level of adders.
    pub(crate) async fn two_words(&self, cx: Cx<'_>, mask: &Mask) -> (Summands, Bin) {
        let complements = &mask.complements;
        let (s, t, carries) = if let [s, t] = &complements[..] {
            (s.clone(), t.clone(), Vec::new())
        } else {
            let width = complements.first().map_or(0, Bin::width);
            let count = u32::try_from(complements.len()).unwrap_or(u32::MAX);
            let adders = gates::circuit("carry save", [width, count, 0, 0], || {
                netlist(&vec![width; complements.len()], |b, words| {
                    let mut tops = Vec::new();
                    let words = down_to_two(words, |x, y, z| {
                        let (sum, carry) = carry_save(b, x, y, z);
                        let (carry, top) = moved_up(carry);
                        tops.extend(top);
                        [sum, carry]
                    });
                    words.into_iter().flatten().chain(tops).collect()
                })
            });
            let out = self.run_circuit(cx.sub(0, 2), &adders, &complements.iter().collect::<Vec<_>>()).await;
            let carries = (2 * width..out.width()).map(|plane| out.planes(plane, 1)).collect();
            (out.planes(0, width), out.planes(width, width), carries)
        };
        let product = self.and(cx.sub(1, 2), &s, &t).await;
        (Summands { s, t, carries }, product)
    }

    /// The public word c + M joins two words whose product is known: their majority is s·t + c·(s + t).
    pub(crate) fn with_public(&self, opened: &[P127], (words, product): (Summands, Bin)) -> Summands {
        let Summands { s, t, mut carries } = words;
        let (width, lanes) = (s.width as usize, s.lanes);
        let (mut sum, mut carry) = (self.words(s.width, lanes), self.words(s.width, lanes));
        let mut top = self.words(1, lanes);
        if !self.dry {
            let count = self.dealers().len() as u128;
            let constants: Vec<u128> = opened.iter().map(|c| c.value().wrapping_add(count)).collect();
            for plane in 0..width {
                let at = plane * lanes..(plane + 1) * lanes;
                let parts = s.x[at.clone()].iter().zip(&t.x[at.clone()]).zip(&product.x[at.clone()]);
                let above = if plane + 1 < width { &mut carry.x[at.end..at.end + lanes] } else { &mut top.x[..] };
                for ((((s, t), both), c), (sum, above)) in
                    parts.zip(&constants).zip(sum.x[at].iter_mut().zip(above.iter_mut()))
                {
                    let (c, either) = (u8::from(c >> plane & 1 == 1), s.0 ^ t.0);
                    sum.0 = either ^ c;
                    above.0 = both.0 ^ either & c.wrapping_neg();
                }
            }
        }
        carries.push(top);
        Summands { s: sum, t: carry, carries }
    }

    /// Words of zeros; empty in dry mode.
    pub(crate) fn words(&self, width: u32, lanes: usize) -> Bin {
        Bin { width, lanes, x: self.elements::<Gf256>(width as usize * lanes) }
    }

    /// The sign of a for |a| < 2^(width − 1): the top bit of s + t. 3 + ⌈log2 (width − 1)⌉ rounds for two dealers.
    pub(crate) async fn sign(&self, cx: Cx<'_>, a: &[P127], lanes: usize, width: u32) -> Bin {
        if let Some(guard) = self.guard() {
            return self.sign_around(guard, cx, a, lanes).await;
        }
        let Summands { s, t, .. } = self.summands(cx.sub(0, 2), a, lanes, width).await;
        let top = gates::circuit("top bit of a sum", [width, 0, 0, 0], || {
            netlist(&[width, width], |b, words| {
                let last = words[0].len() - 1;
                let carry = smpc_math::circuits::carry_out(b, &words[0][..last], &words[1][..last], false);
                let sum = b.xor(words[0][last], words[1][last]);
                vec![b.xor(sum, carry)]
            })
        });
        self.run_circuit(cx.sub(1, 2), &top, &[&s, &t]).await
    }

    /// a = 0 modulo 2^width: s + t has no bit, which shows without a carry: bit i of s ⊕ t is then bit i − 1 of s ∨ t (Cortadella and Llabería, IEEE Trans. Computers
    /// 1992). 3 + ⌈log2 width⌉ rounds for two dealers.
    pub(crate) async fn is_zero(&self, cx: Cx<'_>, a: &[P127], lanes: usize, width: u32) -> Bin {
        if let Some(guard) = self.guard() {
            return self.is_zero_around(guard, cx, a, lanes).await;
        }
        let Summands { s, t, .. } = self.summands(cx.sub(0, 2), a, lanes, width).await;
        let zero = gates::circuit("sum is zero", [width, 0, 0, 0], || {
            netlist(&[width, width], |b, words| {
                let mut below = Bit::Const(false);
                let mut bits = Vec::with_capacity(words[0].len());
                for (s, t) in words[0].iter().zip(&words[1]) {
                    let sum = b.xor(*s, *t);
                    bits.push(b.xor(sum, below));
                    below = b.or(*s, *t);
                }
                vec![smpc_math::circuits::is_zero(b, &bits)]
            })
        });
        self.run_circuit(cx.sub(1, 2), &zero, &[&s, &t]).await
    }

    /// The low `width` bits of a. 3 + ⌈log2 (width − 1)⌉ rounds for two dealers.
    pub(crate) async fn bits_of(&self, cx: Cx<'_>, a: &[P127], lanes: usize, width: u32) -> Bin {
        if let Some(guard) = self.guard() {
            return self.bits_around(guard, cx, a, lanes, width).await;
        }
        let Summands { s, t, .. } = self.summands(cx.sub(0, 2), a, lanes, width).await;
        let sum = gates::circuit("sum", [width, 0, 0, 0], || {
            netlist(&[width, width], |b, words| smpc_math::circuits::add(b, &words[0], &words[1]))
        });
        self.run_circuit(cx.sub(1, 2), &sum, &[&s, &t]).await
    }
}
