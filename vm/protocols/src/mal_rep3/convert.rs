//! From bits to numbers, with nothing that a single party deals and nobody verifies (PROTOCOLS R10).
//!
//! **A bit** b = b_0 ⊕ b_1 ⊕ b_2, each of which two parties know: as numbers they are sharings already, and only products have to be verified (PROTOCOLS section 2.6). P_0 shares p = b_0·b_1, which makes u = b_0 ⊕ b_1 = b_0 + b_1 − 2p with no third
//! component; so w = u·b_2 is u_1·b_2, which P_1 shares, and u_0·b_2, which P_2 shares, and b = u + b_2 − 2w. Both products are verified as any (Chida et al. 2018) with the tag αu of u:
//! αu·b_2 is α·w, and αu·b_1 is α·u·b_1, where 2u·b_1 = u + b_1 − b_0. Who can lie in the one product can not in the other, so that one number a bit is shared that is 0 without
//! a lie, αu·(1 − 2b_1 + b_2) − α·(b_0 − b_1 + w). Two rounds, and one for the verification; 16 bytes a bit from each party for the products, and as many for αu and for the 0.
//!
//! A lie in a product is then in that number times a factor that the liar knows, and one in αu times a factor that it may not know; but of that the verification of αu itself, in the same batch
//! (`hold`), already makes a random multiple. So how often a lie passes tells nothing. That b is a bit, b·b = b, would be the obvious thing to verify; but of a lie of 2^126 in
//! b it depends on b itself, and who has guessed two bits of α learns b by whether the run stops.
//!
//! **A word** x of more than a few bits: r is random, and the bits of −r are three words that two parties know each; x − r, out of two carry-save adders and a sum, tells nothing and is opened,
//! and x is that and r. About 690 bits a word from each party, the tag among them.

use super::io::ALL;
use super::product::{BYTES, LANES, local};
use super::share::{Arith, Element, Held, KNOWN, element, number, part};
use super::verify::Hold;
use super::{MalRep3, PARTIES};
use crate::bits::bits_of_plane;
use crate::buffer::Words;
use crate::executor::Cx;
use crate::gates::circuit;
use crate::join::{join, join3};
use crate::keys::{Source, Step};
use crate::message::{from_bytes, to_bytes};
use crate::piece::{Incoming, Outgoing};
use crate::rep3::Bin;
use smpc_math::circuits::{add, carry_save, netlist, resize, sign_extend};
use smpc_math::planes::ROW_LANES;
use smpc_math::prf::Domain;
use std::ops::Range;

/// Bits of a word that become numbers one by one; more are opened under a mask, which takes more rounds and, of so many bits, fewer bytes.
const FEW_BITS: u32 = 4;
/// Bits that become numbers at a time: their shares wait for each other in memory.
const AT_ONCE: usize = 1 << 20;

/// Bits on their way to numbers, plane after plane.
struct Bits<'p> {
    /// Lanes of a plane, and of all planes.
    lanes: usize,
    all: usize,
    /// This party's components of the bits.
    held: [Words; 2],
    /// u, its tag, and w.
    u: Held,
    tag: Held,
    w: Held,
    _hold: Hold<'p>,
}

/// How many parts of lanes a word is converted in, and which.
fn parts(x: &Bin) -> (u64, impl Iterator<Item = Range<usize>> + use<>) {
    let (lanes, most) = (x.lanes, (AT_ONCE / (x.width as usize).max(1)).next_multiple_of(ROW_LANES));
    let starts = (0..lanes.max(1)).step_by(most);
    (lanes.div_ceil(most).max(1) as u64, starts.map(move |first| first..lanes.min(first + most)))
}

impl<S: Source> MalRep3<S> {
    // Steps of a conversion's randomness.
    const FIRST: u64 = 0;
    const SECOND: [u64; 2] = [1, 2];
    const TAG: u64 = 3;
    const ZERO: u64 = 4;
    const RESULT: u64 = 5;

    /// The number that the planes spell, in two's complement if `signed`.
    pub(crate) async fn number_of(&self, cx: Cx<'_>, x: &Bin, signed: bool) -> Arith {
        if x.width <= FEW_BITS {
            let weights = crate::ring::weights(x.width, signed);
            return self.weighted(cx, x, &weights, self.held(x.lanes)).await;
        }
        self.word_to_number(cx, x, signed).await
    }

    /// sum + Σ_j coefficients[j] · (bit of plane j), modulo 2^64, with its tag. 3 rounds, and as often for each part of very many bits; 48 bytes a bit from each party, and 16 a lane.
    pub(crate) async fn weighted(&self, cx: Cx<'_>, x: &Bin, coefficients: &[u64], sum: Held) -> Arith {
        let mut z = Arith { lanes: x.lanes, value: sum, tag: self.held(x.lanes), batch: KNOWN };
        let (parts, runs) = parts(x);
        for (n, run) in (0..parts).zip(runs) {
            let cx = cx.sub(n, parts);
            let bits = Box::pin(self.bits(cx, x, run.clone())).await;
            for (slot, z) in z.value.iter_mut().enumerate().filter(|_| !self.dry) {
                self.add_bits(slot, &bits, coefficients, &mut z[run.clone()]);
            }
            let value = if self.dry { [&[][..]; 2] } else { part(&z.value, run.start, run.len()) };
            let tag = self.tag_of(cx, Self::RESULT, run.len(), value);
            let ((), tag) = Box::pin(join(self.fits(cx, &bits), tag)).await;
            z.batch = z.batch.min(self.batch());
            for (to, from) in z.tag.iter_mut().zip(&tag).filter(|(to, _)| !to.is_empty()) {
                to[run.clone()].copy_from_slice(from);
            }
        }
        z
    }

    /// c · d for a bit c (width 1), whose number needs no tag. 3 rounds, and as often for each part of very many bits; 80 bytes a lane from each party.
    pub(crate) async fn bit_times(&self, cx: Cx<'_>, c: &Bin, d: &Arith) -> Arith {
        let mut z = self.arith(c.lanes);
        let (parts, runs) = parts(c);
        for (n, run) in (0..parts).zip(runs) {
            let cx = cx.sub(n, parts);
            let bits = Box::pin(self.bits(cx.sub(0, 2), c, run.clone())).await;
            let mut factor = self.held(run.len());
            factor.iter_mut().enumerate().for_each(|(slot, to)| self.add_bits(slot, &bits, &[1], to));
            let some = (parts > 1).then(|| d.map(run.len(), |from, to| to.copy_from_slice(&from[run.clone()])));
            let product = self.product(cx.sub(1, 2), some.as_ref().unwrap_or(d), &factor);
            let ((), product) = Box::pin(join(self.fits(cx.sub(0, 2), &bits), product)).await;
            z.batch = z.batch.min(product.batch);
            for (to, from) in z.all_mut().zip(product.all()).filter(|(to, _)| !to.is_empty()) {
                to[run.clone()].copy_from_slice(from);
            }
        }
        z
    }

    /// Some lanes' bits as numbers, plane after plane; not verified, but for αu. 2 rounds.
    async fn bits(&self, cx: Cx<'_>, x: &Bin, run: Range<usize>) -> Bits<'_> {
        let (width, lanes) = (x.width as usize, run.len());
        let all = width * lanes;
        let held = [&x.a, &x.b].map(|rows| {
            let mut bits = Words::zeros(if self.dry { 0 } else { all });
            for (plane, bits) in bits.chunks_mut(lanes.max(1)).enumerate() {
                for (n, bits) in bits.chunks_mut(ROW_LANES).enumerate() {
                    bits_of_plane(rows, width, plane, run.start + n * ROW_LANES, bits);
                }
            }
            bits
        });
        let [a, b] = &held;
        let mut u = self.shared(cx, Self::FIRST, [0, 2], all, |i| (a[i] & b[i]).into()).await;
        // u = b_0 + b_1 − 2p, whose component 2 is 0.
        for (slot, u) in u.iter_mut().enumerate().filter(|(slot, _)| self.slot(2) != Some(*slot)) {
            for (u, bit) in u.iter_mut().zip(held[slot].iter()) {
                *u = element(u128::from(*bit).wrapping_sub(number(*u) << 1));
            }
        }
        // What this owes belongs together with what `fits` will: of a lie in αu it depends on that alone how often the batch passes, and in two batches the second would tell a bit.
        let hold = self.hold();
        let [left, right] = u.each_ref().map(|u| &u[..]);
        let [first, second] = Self::SECOND;
        let first = self.shared(cx, first, [1, 0], all, |i| number(left[i]).wrapping_mul(b[i].into()));
        let second = self.shared(cx, second, [2, 0], all, |i| number(right[i]).wrapping_mul(a[i].into()));
        let (mut w, second, tag) = join3(first, second, self.tag_of(cx, Self::TAG, all, [left, right])).await;
        for (w, second) in w.iter_mut().zip(&second) {
            w.iter_mut().zip(second.iter()).for_each(|(w, x)| *w = element(number(*w).wrapping_add(number(*x))));
        }
        Bits { lanes, all, held, u, tag, w, _hold: hold }
    }

    /// A vector of which `owner` knows all, and of which it tells `receiver` the component that both hold: the other one that it holds is a mask, which the third party has too, and the third is
    /// 0. One round, an element from the owner, who alone is asked for `value(i)`. Uses step `step`.
    async fn shared(
        &self,
        cx: Cx<'_>,
        step: u64,
        [owner, receiver]: [usize; 2],
        all: usize,
        value: impl Fn(usize) -> u128,
    ) -> Held {
        cx.count_blocks(all as u64 + 1);
        let at = Step::new(cx.tape(), step, Domain::Arith);
        let (before, after) = (owner, (owner + 1) % PARTIES);
        let (told, masked) = if receiver == after { (after, before) } else { (before, after) };
        let [told, masked] = [told, masked].map(|component| self.slot(component));
        let mut held = self.held(all);
        let [left, right] = &mut held;
        let (masks, rest) = if masked == Some(0) || told == Some(1) { (left, right) } else { (right, left) };
        let of_right = masked == Some(1);
        let bytes = all * BYTES;
        if self.me == owner {
            let mut write = |at_byte: usize, out: &mut [u8]| {
                for (n, out) in out.chunks_mut(LANES * BYTES).enumerate() {
                    let (first, count) = (at_byte / BYTES + n * LANES, out.len() / BYTES);
                    let (masks, rest) = (&mut masks[first..first + count], &mut rest[first..first + count]);
                    self.elements(of_right, at, first, masks);
                    for (i, (rest, mask)) in rest.iter_mut().zip(masks).enumerate() {
                        *rest = element(value(first + i).wrapping_sub(number(*mask)));
                    }
                    to_bytes(rest.as_flattened(), out);
                }
            };
            cx.exchange(&mut [Outgoing::new(receiver, bytes, &mut write)], &mut []).await;
        } else if self.me == receiver {
            let mut read = |at_byte: usize, bytes: &[u8]| {
                from_bytes(bytes, rest[at_byte / BYTES..].as_flattened_mut());
            };
            cx.exchange(&mut [], &mut [Incoming::new(owner, bytes, &mut read)]).await;
        } else {
            self.elements(of_right, at, 0, masks);
            cx.idle().await;
        }
        held
    }

    /// That both products are right: αu·(1 − 2b_1 + b_2) − α·(b_0 − b_1 + w) is 0. 1 round.
    async fn fits(&self, cx: Cx<'_>, bits: &Bits<'_>) {
        let key = *self.key;
        let term = |first: usize, out: &mut [Element]| {
            let count = out.len();
            let [tag, w] = [&bits.tag, &bits.w].map(|held| part(held, first, count));
            let [a, b] = bits.held.each_ref().map(|held| &held[first..first + count]);
            for (i, z) in out.iter_mut().enumerate() {
                let ([a, b], [wa, wb]) = ([a[i], b[i]].map(u128::from), [w[0][i], w[1][i]].map(number));
                let twice = |bit: u128| (bit << 1).wrapping_neg();
                let (of_tag, of_key) = match self.me {
                    0 => ([1, twice(b)], [wa.wrapping_add(a), wb.wrapping_sub(b)]),
                    1 => ([twice(a), b], [wa.wrapping_sub(a), wb]),
                    _ => ([a, 1], [wa, wb.wrapping_add(b)]),
                };
                let tagged = local([tag[0][i], tag[1][i]], of_tag.map(element));
                *z = element(tagged.wrapping_sub(local(key.map(element), of_key.map(element))));
            }
        };
        self.zeros(cx, Self::ZERO, bits.all, &term).await;
    }

    /// Adds Σ_j coefficients[j] · (bit j) to a component of a number.
    fn add_bits(&self, slot: usize, bits: &Bits<'_>, coefficients: &[u64], z: &mut [Element]) {
        let third = self.slot(2) == Some(slot);
        let (lanes, none) = (bits.lanes, z.is_empty());
        // In dry mode, and of no lanes, there is nothing.
        for (c, start) in coefficients.iter().zip((0..).step_by(lanes.max(1))).filter(|_| !none) {
            let [u, w] = [&bits.u, &bits.w].map(|held| &held[slot][start..start + lanes]);
            let own = &bits.held[slot][start..start + lanes];
            for ((z, own), (u, w)) in z.iter_mut().zip(own).zip(u.iter().zip(w)) {
                let bit = number(*u).wrapping_sub(number(*w) << 1).wrapping_add(if third { (*own).into() } else { 0 });
                *z = element(number(*z).wrapping_add(bit.wrapping_mul((*c).into())));
            }
        }
    }

    /// The number that a word of at most 64 bits is. 9 rounds.
    async fn word_to_number(&self, cx: Cx<'_>, x: &Bin, signed: bool) -> Arith {
        let lanes = x.lanes;
        let at = Step::new(cx.sub(0, 3).tape(), 0, Domain::Random);
        let mut mask = self.held(lanes);
        cx.count_blocks(lanes as u64 + 1);
        for (right, mask) in [false, true].into_iter().zip(&mut mask) {
            self.elements(right, at, 0, mask);
        }
        let words = self.summands(64, lanes, |_, held, _, lane, out| {
            out.iter_mut().zip(&mask[held][lane..]).for_each(|(out, r)| *out = r[0].wrapping_neg());
        });
        let difference = circuit("word and three words", [x.width, signed.into(), 0, 0], || {
            netlist(&[x.width, 64, 64, 64], |b, words| {
                let x = if signed { sign_extend(&words[0], 64) } else { resize(&words[0], 64) };
                let (s, t) = carry_save(b, &words[1], &words[2], &words[3]);
                let (s, t) = carry_save(b, &s, &t, &x);
                add(b, &s, &t)
            })
        });
        let [first, second, third] = &words;
        let operands = [x, first, second, third];
        let hidden = self.run_circuit(cx.sub(1, 3), &difference, &operands);
        let (hidden, mask) = join(hidden, self.with_tag(cx.sub(0, 3), 0, lanes, mask)).await;
        // Under a mask of its own: all values are equally likely, and what is verified later shows whether it was the right one.
        let opened = self.told_bits(cx.sub(2, 3), &hidden, &ALL).await.unwrap_or_default();
        self.plus_public(&mask, &opened)
    }

    /// Some planes as one number, and one more plane added to it.
    pub(crate) async fn rounded_up(&self, cx: Cx<'_>, word: &Bin, bit: &Bin) -> Arith {
        let (word, bit) = join(
            self.number_of(cx.sub(0, 2), word, true),
            self.weighted(cx.sub(1, 2), bit, &[1], self.held(bit.lanes)),
        )
        .await;
        self.map2(&word, &bit, u128::wrapping_add)
    }
}
