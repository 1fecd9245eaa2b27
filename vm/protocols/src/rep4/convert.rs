//! From bits to integers, and choice by a bit: what one pair of parties knows meets what the other pair knows.
//!
//! A bit is u ⊕ v = u + v − 2uv with u = b_0 ⊕ b_1, which P_2 and P_3 know, and v = b_2 ⊕ b_3, which P_0 and P_1 know. Both are told as numbers in joint messages, and their
//! product takes one more round (the unsplit of MP-SPDZ, with pairs in place of parties).

use super::Rep4;
use super::circuit::bits_of;
use super::product::ACROSS;
use super::share::{Arith, Bin, HELD};
use super::summands::Split;
use crate::bits::Words;
use crate::executor::Cx;
use crate::join::{join_all, join3};
use crate::keys::Source;
use crate::lanes::Lanes;
use crate::layout::Layout;
use crate::message::BLOCK;
use crate::protocol::Shares;
use crate::ring::weights;
use smpc_math::planes::ROW_LANES;
use smpc_math::prf::Domain;
use smpc_math::simd;

/// Bits that are told as numbers at a time: their shares wait for each other in memory.
const AT_ONCE: usize = 1 << 22;

/// What is added to a conversion: the number so far, and two words whose product, times 2^shift, is added too; the one is known to one pair and the other to the other.
pub(crate) struct Beside {
    pub(crate) sum: Arith,
    pub(crate) product: [Words; HELD],
    pub(crate) shift: u32,
}

impl<S: Source> Rep4<S> {
    /// Σ_j coefficients[j] · (bit of plane j). 2 rounds; for one bit two elements and four products, 96 bits a lane from each party on average. Of very many bits some
    /// lanes come after the others.
    pub(crate) async fn bits_to_number(&self, cx: Cx<'_>, x: &Bin, coefficients: &[u64]) -> Arith {
        let part = (AT_ONCE / coefficients.len().max(1)).next_multiple_of(ROW_LANES);
        let parts = x.lanes.div_ceil(part).max(1) as u64;
        if parts == 1 {
            return self.bits_and(cx, x, coefficients, None).await;
        }
        let mut z = self.arith(x.lanes);
        for (n, first) in (0..).zip((0..x.lanes).step_by(part)) {
            let lanes = Lanes::run(first, part.min(x.lanes - first));
            let some = self.bits_and(cx.sub(n, parts), &x.read(&lanes), coefficients, None).await;
            z.write(&lanes, &some);
        }
        z
    }

    /// As [`Self::bits_to_number`], with what comes beside.
    pub(crate) async fn bits_and(&self, cx: Cx<'_>, x: &Bin, coefficients: &[u64], beside: Option<Beside>) -> Arith {
        let (lanes, (_, half)) = (x.lanes, self.half());
        // Above its coefficient a bit is a number modulo what is left of the ring.
        let words = join_all((0..).zip(coefficients).map(|(j, c)| async move {
            let layout = Layout::Numbers { len: lanes, bits: self.bits().saturating_sub(c.trailing_zeros()).max(1) };
            let tell = |first: usize, out: &mut [u64]| bits_of(x, half, j, first, out);
            self.halves(cx, 2 * j as u64, layout, &tell).await
        }))
        .await;
        let step = 2 * coefficients.len() as u64;
        let (mut sum, product) = match beside {
            Some(Beside { sum, product, shift }) => (sum, Some((product, shift))),
            None => (self.arith(lanes), None),
        };
        for (c, words) in coefficients.iter().zip(&words) {
            for (sum, words) in sum.x.iter_mut().zip(words) {
                sum.iter_mut().zip(words.iter()).for_each(|(sum, w)| *sum = sum.wrapping_add(c.wrapping_mul(*w)));
            }
        }
        let layout = self.numbers_of(lanes);
        let cross = self.tell(cx, (step, Domain::Arith, 0), layout, &ACROSS, |_, pair, first, out| {
            out.fill(0);
            let at = first..first + out.len();
            for (c, words) in coefficients.iter().zip(&words) {
                let factor = (c << 1).wrapping_neg();
                let pairs = words[pair.a][at.clone()].iter().zip(&words[pair.b][at.clone()]);
                for (out, (a, b)) in out.iter_mut().zip(pairs) {
                    *out = out.wrapping_add(factor.wrapping_mul(a.wrapping_mul(*b)));
                }
            }
            if let Some((words, shift)) = &product {
                let pairs = words[pair.a][at.clone()].iter().zip(&words[pair.b][at.clone()]);
                for (out, (a, b)) in out.iter_mut().zip(pairs) {
                    *out = out.wrapping_add(a.wrapping_mul(*b) << shift);
                }
            }
        });
        for (sum, words) in sum.x.iter_mut().zip(&cross.await) {
            simd::add_into(sum, words);
        }
        sum
    }

    /// The number that the planes spell, in two's complement if `signed`.
    pub(crate) async fn number_of(&self, cx: Cx<'_>, x: &Bin, signed: bool) -> Arith {
        self.bits_to_number(cx, x, &weights(x.width, signed)).await
    }

    /// c · d for a bit c (width 1).
    ///
    /// c = u ⊕ v and d = e + f, where one pair knows u and e = d_0 + d_1 and the other v and f = d_2 + d_3. Then c·d = u·e + v·f + v·e(1 − 2u) + u·f(1 − 2v): each pair
    /// tells three words, and the two products across are one more round. 2 rounds, 10 elements: 160 bits a lane from each party on average. (After the bit injection
    /// of ABY3.)
    pub(crate) async fn bit_times(&self, cx: Cx<'_>, c: &Bin, d: &Arith) -> Arith {
        debug_assert_eq!((c.width, c.lanes), (1, d.lanes));
        let (lanes, (_, half)) = (d.lanes, self.half());
        let layout = self.numbers_of(lanes);
        let bit = |first: usize, out: &mut [u64]| bits_of(c, half, 0, first, out);
        // What the pair knows of d, by what it knows of the bit.
        let word = |first: usize, out: &mut [u64], of: &dyn Fn(u64, u64) -> u64| {
            let mut bits = [0; BLOCK];
            let bits = &mut bits[..out.len()];
            bit(first, bits);
            self.half_of(d, Split::default(), first, out);
            out.iter_mut().zip(bits).for_each(|(word, bit)| *word = of(*bit, *word));
        };
        let signed = |first: usize, out: &mut [u64]| {
            word(first, out, &|bit, word| {
                let all = bit.wrapping_neg();
                (word ^ all).wrapping_sub(all)
            });
        };
        let chosen = |first: usize, out: &mut [u64]| word(first, out, &|bit, word| word & bit.wrapping_neg());
        let (bits, words, mut sum) = join3(
            self.halves(cx, 0, layout, &bit),
            self.halves(cx, 2, layout, &signed),
            self.halves(cx, 4, layout, &chosen),
        )
        .await;
        let cross = self.tell(cx, (6, Domain::Arith, 0), layout, &ACROSS, |_, pair, first, out| {
            let at = first..first + out.len();
            let (ua, ub) = (&bits[pair.a][at.clone()], &bits[pair.b][at.clone()]);
            let (wa, wb) = (&words[pair.a][at.clone()], &words[pair.b][at.clone()]);
            simd::pair_products(out, ua, ub, wa, wb);
        });
        for (sum, words) in sum.iter_mut().zip(&cross.await) {
            simd::add_into(sum, words);
        }
        Arith { lanes, x: sum }
    }
}
