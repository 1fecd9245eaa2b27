//! Division by 2^m, exact and stochastic, by the two summands.
//!
//! Let x + offset = s + t − w·2^k with 0 ≤ x + offset < 2^(k−1), k being 64. Then, with arithmetic shifts,
//!
//! ⌊(x + offset) / 2^m⌋ = (s ≫ m) + (t ≫ m) + 2^(k−m)·msb(s)·msb(t) + c,
//!
//! where c is the carry of the low m bits (Dalskov, Escudero and Keller, PoPETs 2020; PROTOCOLS T2 and T3). Each pair tells its own shifted word and sign in joint messages.

use super::Rep4;
use super::convert::Beside;
use super::product::ACROSS;
use super::share::{Arith, HELD};
use super::summands::{LEFT, Split};
use crate::bits::Words;
use crate::circuits::Kind;
use crate::executor::Cx;
use crate::join::join;
use crate::keys::{COMMON, Source, Step};
use crate::lanes::Range;
use crate::layout::Layout;
use crate::protocol::BinShares as _;
use crate::ring::{lift, upper};
use smpc_math::prf::Domain;

impl<S: Source> Rep4<S> {
    /// ⌊(x + offset) / 2^m⌋, for 0 ≤ x + offset < 2^(k−1) and 0 < m < k. 4 + ⌈log2 m⌉ rounds.
    async fn shift_exact(&self, cx: Cx<'_>, x: &Arith, m: u32, offset: u64) -> Arith {
        let how = Split { offset, ..Split::default() };
        let carry = self.on_summands(cx.sub(0, 3), x, how, Kind::Carry(m));
        let (carry, (sum, product)) = join(carry, self.shifted(cx.sub(1, 3), x, (m, offset), None)).await;
        self.bits_and(cx.sub(2, 3), &carry, &[1], Some(Beside { sum, product, shift: self.bits() - m })).await
    }

    /// ⌊(x + offset) / 2^m⌋ or one less: the former with probability ((x + offset mod 2^m) + 1) / 2^m. 2 rounds.
    ///
    /// The carry that is left out is random because t is; but of an input, or of a public value, t may be 0. So a coin that all know is moved from s to t. It comes
    /// from the session's id, which the party that speaks last there may choose among some: enough to bias a few coins, not many lanes.
    async fn shift_loose(&self, cx: Cx<'_>, x: &Arith, m: u32, offset: u64) -> Arith {
        let mut coins = self.words(x.lanes);
        Step::new(cx.tape(), 16, Domain::Random).words(&self.source, COMMON, 0, &mut coins);
        let (mut sum, product) = self.shifted(cx, x, (m, offset), Some(&coins)).await;
        let layout = Layout::Numbers { len: x.lanes, bits: m };
        let cross = self.tell(cx, (8, Domain::Arith, 0), layout, &ACROSS, |_, pair, first, out| {
            let at = first..first + out.len();
            let pairs = product[pair.a][at.clone()].iter().zip(&product[pair.b][at]);
            out.iter_mut().zip(pairs).for_each(|(out, (a, b))| *out = a.wrapping_mul(*b));
        });
        for (sum, words) in sum.x.iter_mut().zip(&cross.await) {
            sum.iter_mut().zip(words.iter()).for_each(|(sum, word)| *sum = sum.wrapping_add(word << (self.bits() - m)));
        }
        sum
    }

    /// (s ≫ m) + (t ≫ m) as a share, and msb(s) and msb(t) modulo 2^m. One round. `coins` are moved from s to t.
    async fn shifted(
        &self,
        cx: Cx<'_>,
        x: &Arith,
        (m, offset): (u32, u64),
        coins: Option<&[u64]>,
    ) -> (Arith, [Words; HELD]) {
        let left = LEFT.knows(self.me);
        let word = |first: usize, out: &mut [u64]| {
            self.half_of(x, Split { offset, ..Split::default() }, first, out);
            if let Some(coins) = coins {
                let coin = |word: u64, coin: u64| if left { word.wrapping_sub(coin) } else { word.wrapping_add(coin) };
                out.iter_mut().zip(&coins[first..]).for_each(|(word, c)| *word = coin(*word, *c));
            }
        };
        let quotient = |first: usize, out: &mut [u64]| {
            word(first, out);
            out.iter_mut().for_each(|word| *word = (self.signed(*word) >> m).cast_unsigned());
        };
        let sign = |first: usize, out: &mut [u64]| {
            word(first, out);
            out.iter_mut().for_each(|word| *word = *word >> (self.bits() - 1) & 1);
        };
        let numbers = |bits| Layout::Numbers { len: x.lanes, bits };
        let (sum, signs) =
            join(self.halves(cx, 0, self.numbers_of(x.lanes), &quotient), self.halves(cx, 2, numbers(m), &sign)).await;
        (Arith { lanes: x.lanes, x: sum }, signs)
    }

    /// ⌊a / 2^m⌋, or to nearest.
    pub(crate) async fn shift_to(&self, cx: Cx<'_>, a: &Arith, m: u32, ra: Range, nearest: bool) -> Arith {
        if m == 0 {
            return a.clone();
        }
        let half = if nearest { 1_i128 << (m - 1) } else { 0 };
        if let Some(lift) = lift(self.bits(), m, half, ra) {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "m < 64")]
            let z = self.shift_exact(cx, a, m, lift.wrapping_add(half as u64)).await;
            return self.plus_public(&z, &[-(lift >> m).cast_signed()]);
        }
        // A range that the ring has no room above.
        let bits = self.bits_of_number(cx.sub(0, 2), a, self.bits()).await;
        let (from, coefficients) = upper(self.bits(), m, nearest);
        self.bits_to_number(cx.sub(1, 2), &bits.planes(from, self.bits() - from), &coefficients).await
    }

    /// a / 2^m, rounded up with the probability of the fraction.
    pub(crate) async fn shift_by_coins(&self, cx: Cx<'_>, a: &Arith, m: u32, ra: Range) -> Arith {
        // One below the operand, one above the result: then a whole multiple stays what it is, and the rest rounds up by its fraction.
        match lift(self.bits(), m, -1, ra) {
            Some(lift) if m > 0 => {
                let z = self.shift_loose(cx, a, m, lift.wrapping_sub(1)).await;
                self.plus_public(&z, &[1 - (lift >> m).cast_signed()])
            }
            _ => self.shift_to(cx, a, m, ra, true).await,
        }
    }
}
