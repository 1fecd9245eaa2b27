//! From bits to numbers, with nothing that a single party deals (PROTOCOLS R10).
//!
//! **A bit** b = b_0 ⊕ b_1 ⊕ b_2, each of which two parties know: as numbers they are sharings already. u = b_0 + b_1 − 2·b_0·b_1 and b = u + b_2 − 2·u·b_2 are two products, and
//! both u and b get tags. A lie in a product adds an even number to u or to b, so that they are right if they are bits at all: αu·u and αb·b, two more products, must be tags of u and of b
//! too, as u² = u. (Of b alone it would not do: P_0, which knows u, could lie in both products so that the two lies cancel if b_2 is 1, and see by the verdict whether it is.) Four rounds, six
//! elements: 96 bytes a bit from each party.
//!
//! **A word** x of more than a few bits: r is random, and the bits of −r are three words that two parties know each; x − r, out of two carry-save adders and a sum, tells nothing and is opened,
//! and x is that and r. About 690 bits a word from each party, the tag among them.

use super::MalRep3;
use super::io::ALL;
use super::product::{cross, local};
use super::share::{Arith, Element, Held, Pair, element, number, part};
use crate::bits::bits_of_plane;
use crate::buffer::Words;
use crate::executor::Cx;
use crate::gates::circuit;
use crate::join::join;
use crate::keys::{Source, Step};
use crate::rep3::Bin;
use smpc_math::circuits::{add, carry_save, netlist, resize, sign_extend};
use smpc_math::planes::ROW_LANES;
use smpc_math::prf::Domain;

/// Bits of a word that become numbers one by one; more are opened under a mask, which takes more rounds and, of so many bits, fewer bytes.
const FEW_BITS: u32 = 4;
/// Bits that become numbers at a time: their shares wait for each other in memory.
const AT_ONCE: usize = 1 << 20;

impl<S: Source> MalRep3<S> {
    /// The number that the planes spell, in two's complement if `signed`.
    pub(crate) async fn number_of(&self, cx: Cx<'_>, x: &Bin, signed: bool) -> Arith {
        if x.width <= FEW_BITS {
            let weights = crate::ring::weights(x.width, signed);
            return self.weighted(cx, x, &weights).await;
        }
        self.word_to_number(cx, x, signed).await
    }

    /// Σ_j coefficients[j] · (bit of plane j), modulo 2^64. 4 rounds, and as often for each part of very many bits.
    pub(crate) async fn weighted(&self, cx: Cx<'_>, x: &Bin, coefficients: &[u64]) -> Arith {
        let mut z = self.arith(x.lanes);
        let at_once = (AT_ONCE / coefficients.len().max(1)).next_multiple_of(ROW_LANES);
        let parts = x.lanes.div_ceil(at_once).max(1) as u64;
        for (n, first) in (0..parts).zip((0..x.lanes.max(1)).step_by(at_once)) {
            let count = at_once.min(x.lanes - first);
            let bits = self.bits_to_numbers(cx.sub(n, parts), x, first..first + count).await;
            z.batch = z.batch.min(bits.batch);
            for (z, bits) in z.all_mut().zip(bits.all()).filter(|(z, _)| !z.is_empty()) {
                let z = &mut z[first..first + count];
                for (c, bits) in coefficients.iter().zip(bits.chunks(count)) {
                    for (z, bit) in z.iter_mut().zip(bits) {
                        *z = element(number(*z).wrapping_add(number(*bit).wrapping_mul((*c).into())));
                    }
                }
            }
        }
        z
    }

    /// Some lanes' bits as numbers, plane after plane. 4 rounds.
    async fn bits_to_numbers(&self, cx: Cx<'_>, x: &Bin, lanes: std::ops::Range<usize>) -> Arith {
        let (width, count) = (x.width as usize, lanes.len());
        let all = width * count;
        // This party's components of each bit.
        let [a, b] = [&x.a, &x.b].map(|rows| {
            let mut bits = Words::zeros(if self.dry { 0 } else { all });
            for (plane, bits) in bits.chunks_mut(count.max(1)).enumerate() {
                for (n, bits) in bits.chunks_mut(ROW_LANES).enumerate() {
                    bits_of_plane(rows, width, plane, lanes.start + n * ROW_LANES, bits);
                }
            }
            bits
        });
        // b_0·b_1, which P_0 knows.
        let first = |at: usize, out: &mut [Element]| {
            let bits = a[at..].iter().zip(&b[at..]);
            out.iter_mut().zip(bits).for_each(|(z, (a, b))| *z = if self.me == 0 { [a & b, 0] } else { [0; 2] });
        };
        let [mut u] = self.reshare(cx, 0, all, [&first]).await;
        self.exclusive(&mut u, [&a, &b], [0, 1]);
        // u·b_2: P_1 knows u_1 and b_2, and P_2 knows u_2, u_0 and b_2.
        let second = |at: usize, out: &mut [Element]| {
            let [ua, ub] = part(&u, at, out.len());
            for (i, z) in out.iter_mut().enumerate() {
                *z = element(match self.me {
                    0 => 0,
                    1 => number(ua[i]).wrapping_mul(b[at + i].into()),
                    _ => number(ua[i]).wrapping_add(number(ub[i])).wrapping_mul(a[at + i].into()),
                });
            }
        };
        let key = *self.key;
        let tag_of = |x: Pair<'_>, out: &mut [Element]| {
            let lanes = out.iter_mut().zip(x[0].iter().zip(x[1]));
            lanes.for_each(|(z, (a, b))| *z = element(local(key.map(element), [*a, *b])));
        };
        let u_tag = |at: usize, out: &mut [Element]| tag_of(part(&u, at, out.len()), out);
        let [w, u_tag] = self.reshare(cx, 1, all, [&second, &u_tag]).await;
        let hold = self.hold();
        self.owe(cx, 0, all, &u, &u_tag);
        let mut sum = w;
        self.exclusive(&mut sum, [&a, &b], [2]);
        for (sum, u) in sum.iter_mut().zip(&u) {
            sum.iter_mut().zip(u.iter()).for_each(|(sum, u)| *sum = element(number(*sum).wrapping_add(number(*u))));
        }
        // That u is a bit: αu·u is αu. And then the same of b.
        let b_tag = |at: usize, out: &mut [Element]| tag_of(part(&sum, at, out.len()), out);
        let square = |x: &Held, tag: &Held, at: usize, out: &mut [Element]| {
            let count = out.len();
            cross(out, part(tag, at, count), part(x, at, count));
        };
        let u_square = |at: usize, out: &mut [Element]| square(&u, &u_tag, at, out);
        let [b_tag, u_square] = self.reshare(cx, 3, all, [&b_tag, &u_square]).await;
        self.owe(cx, 1, all, &u, &u_square);
        self.owe(cx, 2, all, &sum, &b_tag);
        let b_square = |at: usize, out: &mut [Element]| square(&sum, &b_tag, at, out);
        let [b_square] = self.reshare(cx, 5, all, [&b_square]).await;
        self.owe(cx, 3, all, &sum, &b_square);
        drop(hold);
        Arith { lanes: all, value: sum, tag: b_tag, batch: self.batch() }
    }

    /// What a product of bits makes of their sum: −2 times it, and the bits that are the components `which`.
    fn exclusive<const N: usize>(&self, product: &mut Held, bits: [&[u64]; 2], which: [usize; N]) {
        for (slot, (product, bits)) in product.iter_mut().zip(bits).enumerate() {
            let counts = which.iter().any(|component| self.slot(*component) == Some(slot));
            for (z, bit) in product.iter_mut().zip(bits) {
                let bit = if counts { u128::from(*bit) } else { 0 };
                *z = element(bit.wrapping_sub(number(*z) << 1));
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

    /// c · d for a bit c (width 1). 5 rounds, 128 bytes a lane from each party.
    pub(crate) async fn bit_times(&self, cx: Cx<'_>, c: &Bin, d: &Arith) -> Arith {
        let c = self.weighted(cx.sub(0, 2), c, &[1]).await;
        self.product(cx.sub(1, 2), &c, d).await
    }

    /// Some planes as one number, and one more plane added to it.
    pub(crate) async fn rounded_up(&self, cx: Cx<'_>, word: &Bin, bit: &Bin) -> Arith {
        let (word, bit) = join(self.number_of(cx.sub(0, 2), word, true), self.weighted(cx.sub(1, 2), bit, &[1])).await;
        self.map2(&word, &bit, u128::wrapping_add)
    }
}
