//! Division by 2^m, rounded down.
//!
//! With c = a + R + 2^66 opened, lows l_i < 2^m and highs h_i of the dealers' numbers, ⌊(a + 2^66) / 2^m⌋ is ⌊c / 2^m⌋ − Σ h_i + ⌊((c mod 2^m) − Σ l_i) / 2^m⌋. The last
//! is ⌊V / 2^m⌋ − M for V = (c mod 2^m) + M + Σ (2^m − 1 − l_i), which is the number of carries that leave a word of m bits when all of V is added up: M bits, each of which
//! becomes a number. Exact for every a (Catrina and Saxena, FC 2010, section 4, with sums for their bits).

use super::share::{Arith, Bin};
use super::{MASKED_BITS, Shamir};
use crate::executor::Cx;
use crate::gates;
use crate::keys::{COMMON, Source};
use crate::protocol::{BinShares, Shares};
use smpc_math::circuits::{carry_out, netlist, resize, sum};
use smpc_math::field::{Field, P127};
use smpc_math::prf::Domain;
use zeroize::Zeroize;

/// Carries that become numbers each by itself.
const FEW_CARRIES: u32 = 3;

impl<S: Source> Shamir<S> {
    /// ⌊(a + plus) / 2^m⌋ for |a + plus| ≤ 2^66; `plus` is one for all lanes, or one a lane. 5 + ⌈log2 m⌉ rounds for two dealers.
    pub(crate) async fn shifted(&self, cx: Cx<'_>, a: &Arith, m: u32, plus: &[u64]) -> Arith {
        let lanes = a.lanes();
        let mut lifted = a.clone();
        for (lane, x) in lifted.x.iter_mut().enumerate() {
            let plus = if let [one] = plus { *one } else { plus[lane] };
            *x = x.add(P127::from_u128(plus.into()));
        }
        if m == 0 {
            return lifted;
        }
        let zeros = || self.arith(lanes);
        let shift = async |cx: Cx<'_>, a: &Arith| match self.guard() {
            Some(guard) => self.shifted_around(guard, cx, a, m).await,
            None => self.shifted_under(cx, a, m).await,
        };
        self.in_parts(cx, (&lifted, self.bytes_of_words(m)), zeros, shift).await
    }

    /// ⌊a / 2^m⌋ under a statistical mask.
    async fn shifted_under(&self, cx: Cx<'_>, a: &Arith, m: u32) -> Arith {
        let lanes = a.lanes();
        let ready = self.masked(cx.sub(0, 4), &a.x, (lanes, m, true), async |cx, mask| self.two_words(cx, mask).await);
        let (masked, words) = ready.await;
        let summands = self.with_public(&masked.opened, words);
        let carry = gates::circuit("carry of a sum", [m, 0, 0, 0], || {
            netlist(&[m, m], |b, words| vec![carry_out(b, &words[0], &words[1], false)])
        });
        let last = self.run_circuit(cx.sub(1, 4), &carry, &[&summands.s, &summands.t]).await;
        let carries: Vec<&Bin> = summands.carries.iter().chain([&last]).collect();
        let mut carries = Bin::stack(&carries);
        let mut weights = vec![P127::ONE; carries.width as usize];
        if carries.width > FEW_CARRIES {
            // Counted first: a bit costs more as a number than in a sum of bits.
            let count = gates::circuit("number of carries", [carries.width, 0, 0, 0], || {
                netlist(&[carries.width], |b, words| {
                    let width = (words[0].len() + 1).next_power_of_two().trailing_zeros() as usize;
                    let words: Vec<_> = words[0].iter().map(|bit| resize(&[*bit], width)).collect();
                    sum(b, &words)
                })
            });
            carries = self.run_circuit(cx.sub(3, 4), &count, &[&carries]).await;
            weights = (0..carries.width).map(P127::power_of_two).collect();
        }
        let mut result = self.weighted(cx.sub(2, 4), &carries, &weights).await;
        let dealers = self.dealers().len() as u128;
        let lift = P127::power_of_two(MASKED_BITS - m).add(P127::from_u128(dealers));
        for ((x, c), high) in result.x.iter_mut().zip(&masked.opened).zip(masked.mask.high.iter()) {
            // What is public of V beyond m bits counts too: c mod 2^m + M may leave the word.
            let low = c.value() & ((1 << m) - 1);
            let beyond = (c.value() >> m) + ((low + dealers) >> m);
            *x = x.add(P127::from_u128(beyond)).sub(*high).sub(lift);
        }
        result
    }

    /// ⌊(a + u) / 2^m⌋ for coins u < 2^m that all know: up by the fraction. The rounds of [`Self::shifted`].
    pub(crate) async fn shifted_by_coins(&self, cx: Cx<'_>, a: &Arith, m: u32) -> Arith {
        let at = cx.sub(0, 2).tape();
        let mut coins = vec![0; if self.dry { 1 } else { a.lanes().next_multiple_of(2) }];
        cx.count_blocks(a.lanes() as u64 / 2 + 1);
        if !self.dry {
            self.source.fill(COMMON, Domain::Random, at, at.step(0), 0, &mut coins);
            coins.truncate(a.lanes());
            coins.iter_mut().for_each(|coin| *coin &= (1 << m) - 1);
        }
        let shifted = self.shifted(cx.sub(1, 2), a, m, &coins).await;
        coins.zeroize();
        shifted
    }
}
