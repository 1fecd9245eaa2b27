//! Division by 2^m.
//!
//! x + lift, which is not negative and below 2^63, is x_0 + x_1 + x_2 − W·2^64. Its quotient is Σ ⌊x_j / 2^m⌋ + C − W·2^(64−m) for the carry C of the low m bits: words that two parties know
//! each, and two numbers of at most 2 that come from a carry-save adder with sums s and carries t. C is the carry that leaves t's low m bits and the one out of
//! s + t there; W is the carry that leaves t, and that out of s + t: one of their top bits is set, as that of the sum is not (after MP-SPDZ's exact truncation; PROTOCOLS section 1.6, T3).
//! Four bits become numbers, and the sum gets a tag. Where a range leaves no room above it, the bits of x do.

use super::MalRep3;
use super::share::{Arith, element, number};
use crate::executor::Cx;
use crate::gates::circuit;
use crate::keys::{COMMON, Source, Step};
use crate::lanes::Range;
use crate::protocol::{BinShares as _, Shares as _};
use crate::ring::{lift, low_bits};
use smpc_math::circuits::{carry_out, carry_save, netlist};
use smpc_math::netlist::Bit;
use smpc_math::prf::Domain;
use zeroize::Zeroizing;

impl<S: Source> MalRep3<S> {
    /// ⌊x / 2^m⌋, or to nearest.
    pub(crate) async fn shifted(&self, cx: Cx<'_>, x: &Arith, m: u32, range: Range, nearest: bool) -> Arith {
        if m == 0 {
            return x.clone();
        }
        let half = if nearest { 1_i128 << (m - 1) } else { 0 };
        if let Some(lift) = lift(64, m, half, range) {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "m < 64")]
            let z = self.shift_lifted(cx, x, m, lift.wrapping_add(half as u64)).await;
            return self.plus_public(&z, &[-(lift >> m).cast_signed()]);
        }
        let bits = self.bits_of(cx.sub(0, 2), x, 0, 64).await;
        let (from, top) = (m.min(63), m.min(64));
        let word = bits.planes(from, 64 - from);
        if nearest && top < 64 {
            return self.rounded_up(cx.sub(1, 2), &word, &bits.planes(top - 1, 1)).await;
        }
        if nearest {
            // Below a half of 2^m in magnitude.
            return self.arith(x.lanes());
        }
        self.number_of(cx.sub(1, 2), &word, true).await
    }

    /// ⌊(x + plus) / 2^m⌋ for sums that are not negative and below 2^63. 4 + ⌈log2 m⌉ rounds.
    async fn shift_lifted(&self, cx: Cx<'_>, x: &Arith, m: u32, plus: u64) -> Arith {
        let lanes = x.lanes();
        let carries = circuit("carries of a sum of three", [m, 0, 0, 0], || {
            netlist(&[64; 3], |b, words| {
                // Carries of position i, which belong to i + 1.
                let (s, t) = {
                    let wide: Vec<Vec<Bit>> =
                        words.iter().map(|word| [&word[..], &[Bit::Const(false)]].concat()).collect();
                    carry_save(b, &wide[0], &wide[1], &wide[2])
                };
                let m = m as usize;
                let low = carry_out(b, &s[..m], &t[..m], false);
                let top = b.or(s[63], t[63]);
                vec![t[m], low, t[64], top]
            })
        });
        let mut high = self.held(lanes);
        for (slot, (high, x)) in high.iter_mut().zip(&x.value).enumerate() {
            let plus = if self.slot(0) == Some(slot) { plus } else { 0 };
            high.iter_mut().zip(x.iter()).for_each(|(high, x)| *high = [x[0].wrapping_add(plus) >> m, 0]);
        }
        let words = self.words_of(x, plus, 64);
        let bits = self.run_circuit(cx.sub(0, 2), &carries, &words.each_ref()).await;
        let above = (1_u64 << (64 - m)).wrapping_neg();
        self.weighted(cx.sub(1, 2), &bits, &[1, 1, above, above], high).await
    }

    /// x / 2^m, up with the probability of the fraction: ⌊(x + u) / 2^m⌋ for coins u < 2^m that all parties know. Where no range leaves room for that, to nearest.
    pub(crate) async fn shifted_by_coins(&self, cx: Cx<'_>, x: &Arith, m: u32, range: Range) -> Arith {
        let Some(hi) = range.hi.checked_add_unsigned(low_bits(m)).filter(|_| m > 0 && m < 63) else {
            return self.shifted(cx, x, m, range, true).await;
        };
        let at = Step::new(cx.sub(0, 2).tape(), 0, Domain::Random);
        cx.count_blocks(x.lanes() as u64 / 2 + 1);
        let mut coins = Zeroizing::new(vec![0; if self.dry { 0 } else { x.lanes() }]);
        at.words(self.rep3.source(), COMMON, 0, &mut coins);
        let mut sum = x.clone();
        let key = *self.key;
        let factors = [self.slot(0) == Some(0), self.slot(0) == Some(1)].map(u128::from).into_iter().chain(key);
        for (sum, factor) in sum.all_mut().zip(factors) {
            for (x, coin) in sum.iter_mut().zip(coins.iter()) {
                let coin = u128::from(coin & low_bits(m));
                *x = element(number(*x).wrapping_add(factor.wrapping_mul(coin)));
            }
        }
        self.shifted(cx.sub(1, 2), &sum, m, Range::new(range.lo, hi), false).await
    }
}
