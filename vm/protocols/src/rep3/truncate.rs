//! Division by 2^m: exact and stochastic truncation by the two-summand split.
//!
//! Let x + offset = s + t − w·2^k with 0 ≤ x + offset < 2^(k−1). Then w = msb(s) ∨ msb(t), and with ⌊s / 2^m⌋ − 2^(k−m)·msb(s) = s ≫ m (arithmetic)
//!
//! ⌊(x + offset) / 2^m⌋ = (s ≫ m) + (t ≫ m) + 2^(k−m)·msb(s)·msb(t) + c,
//!
//! where c is the carry of the low m bits. Leaving c out gives the two-round truncation of Dalskov, Escudero and Keller (PoPETs 2020), whose error is the
//! stochastic rounding; computing it gives the exact one (PROTOCOLS T2 and T3).

use super::Rep3;
use super::circuits::Kind;
use super::convert::bit;
use super::elements::low_bits;
use super::kernel::{Step, element_bytes};
use super::keys::Source;
use super::share::{Arith, Bin, Words};
use super::split::{Parts, Split};
use crate::executor::Cx;
use crate::join::join;
use crate::lanes::Range;
use crate::piece::{Incoming, Outgoing};
use smpc_math::prf::Domain;
use std::cell::RefCell;

impl<S: Source> Rep3<S> {
    /// ⌊(x + offset) / 2^m⌋, for 0 ≤ x + offset < 2^(k−1) and 0 < m < k.
    ///
    /// 4 + ⌈log2 m⌉ rounds. For m = 16: 8 rounds; 138 bits a lane from each party on average.
    pub(crate) async fn shift_exact(&self, cx: Cx<'_>, x: &Arith, m: u32, offset: u64) -> Arith {
        let circuit = self.circuits.get(Kind::Carry(m));
        let parts = self.parts(x.lanes);
        let mut state = self.state_for(&circuit, x.lanes);
        let how = Split { width: m as usize, offset, negate: false };
        let shifted = self.shifted(cx.sub(1, 4), x, (m, offset), &parts, None);
        let ((), (mut z, w_take, w_help)) = join(self.split(cx.sub(0, 4), x, &how, &mut state), shifted).await;
        self.evaluate(cx.sub(2, 4), &circuit, &mut state).await;
        let carry = self.outputs(&circuit, &state);
        let lift = |mut w: Words| {
            w.iter_mut().for_each(|w| *w = *w << (self.bits - m) & self.mask);
            w
        };
        self.add_bit(cx.sub(3, 4), &carry, &parts, (lift(w_take), lift(w_help)), &mut z).await;
        z
    }

    /// ⌊(x + offset) / 2^m⌋ or one less: the former with probability ((x + offset mod 2^m) + 1) / 2^m.
    ///
    /// The carry that is left out is random because t is; but of an input, or of a public value, t may be 0. So a coin u that all know is moved from s to t: then
    /// the carry is [(s − u mod 2^m) > (x + offset mod 2^m)], whatever the shares are. 2 rounds; for m = 16: 37 bits a lane from each party on average.
    pub(crate) async fn shift_loose(&self, cx: Cx<'_>, x: &Arith, m: u32, offset: u64) -> Arith {
        let parts = self.parts(x.lanes);
        let coins = self.coins(Step::new(cx.sub(0, 2).tape(), 2, Domain::Random), x.lanes);
        let (mut z, w_take, w_help) = self.shifted(cx.sub(0, 2), x, (m, offset), &parts, Some(&coins)).await;
        self.cross(cx.sub(1, 2), 0, &parts, (m, self.bits - m), (w_take, w_help), &mut z).await;
        z
    }

    /// The first round: (s ≫ m) + (t ≫ m) as a share, and the summands of msb(s)·msb(t) modulo 2^m on the lanes where this party is P_{r+1} and P_{r+2}.
    /// `coins` are moved from s to t.
    async fn shifted(
        &self,
        cx: Cx<'_>,
        x: &Arith,
        (m, offset): (u32, u64),
        parts: &Parts,
        coins: Option<&[u64]>,
    ) -> (Arith, Words, Words) {
        let (quotient, sign) = (Step::new(cx.tape(), 0, Domain::Input), Step::new(cx.tape(), 1, Domain::Input));
        cx.count_blocks(parts.deal.len().max(parts.take.len()).max(parts.help.len()) as u64 + 1);
        let z = RefCell::new(self.arith(x.lanes));
        let mut w_take = self.words(parts.take.len());
        let mut w_help = self.words(parts.help.len());
        let high = |value: u64| (self.signed(value) >> m).cast_unsigned() & self.mask;
        let top = |value: u64| value >> (self.bits - 1) & 1;
        let coin = |lane: usize| coins.map_or(0, |coins| coins[lane]);
        let s = |lane: usize| self.dealt(x, lane, offset.wrapping_sub(coin(lane)));
        let t = |component: &[u64], lane: usize| component[lane].wrapping_add(coin(lane)) & self.mask;
        let (deal, take, help) = (parts.deal.start, parts.take.start, parts.help.start);
        if !self.dry {
            let z = &mut *z.borrow_mut();
            for lane in parts.take.clone() {
                z.b[lane] = high(t(&x.b, lane));
            }
            for lane in parts.help.clone() {
                z.a[lane] = high(t(&x.a, lane));
            }
        }
        self.derive(self.next(), quotient, self.bits, parts.help.len(), |i, mask| {
            z.borrow_mut().b[help + i] = mask & self.mask
        });
        self.derive(self.next(), sign, m, parts.help.len(), |i, mask| w_help[i] = top(t(&x.a, help + i)) * mask);
        let mut deal_quotient = self.deal_writer(
            quotient,
            self.bits,
            |i| high(s(deal + i)),
            |i, mask, rest| {
                let z = &mut *z.borrow_mut();
                (z.a[deal + i], z.b[deal + i]) = (mask, rest);
            },
        );
        let mut deal_sign = self.deal_writer(sign, m, |i| top(s(deal + i)), |_, _, _| {});
        let mut take_quotient = Self::deal_reader(self.bits, |i, rest| z.borrow_mut().a[take + i] = rest);
        let mut take_sign = Self::deal_reader(m, |i, rest| w_take[i] = top(t(&x.b, take + i)) * rest);
        let (word, short) = (element_bytes(self.bits), element_bytes(m));
        let (deals, takes) = (parts.deal.len(), parts.take.len());
        cx.exchange(
            &mut [
                Outgoing::new(self.next(), deals * word, &mut deal_quotient),
                Outgoing::new(self.next(), deals * short, &mut deal_sign),
            ],
            &mut [
                Incoming::new(self.prev(), takes * word, &mut take_quotient),
                Incoming::new(self.prev(), takes * short, &mut take_sign),
            ],
        )
        .await;
        drop((deal_quotient, deal_sign, take_quotient, take_sign));
        (z.into_inner(), w_take, w_help)
    }

    /// Adds a bit (one plane) to z, and a product whose summands are given; see [`Self::bits_to_number`]. 2 rounds.
    async fn add_bit(
        &self,
        cx: Cx<'_>,
        x: &Bin,
        parts: &Parts,
        (mut w_take, mut w_help): (Words, Words),
        z: &mut Arith,
    ) {
        let at = Step::new(cx.tape(), 0, Domain::Input);
        cx.count_blocks(parts.deal.len().max(parts.take.len()).max(parts.help.len()) as u64 / 2 + 1);
        let (deal, take, help) = (parts.deal.start, parts.take.start, parts.help.start);
        let add = |to: &mut u64, word: u64| *to = to.wrapping_add(word) & self.mask;
        let both = |u: u64, v: u64| (u << 1).wrapping_mul(v).wrapping_neg();
        self.derive(self.next(), at, self.bits, parts.help.len(), |i, mask| {
            let v = bit(&x.a, 1, 0, help + i);
            add(&mut z.b[help + i], mask);
            add(&mut z.a[help + i], v);
            add(&mut w_help[i], both(mask, v));
        });
        {
            let z = RefCell::new(&mut *z);
            let mut produce = self.deal_writer(
                at,
                self.bits,
                |i| bit(&x.a, 1, 0, deal + i) ^ bit(&x.b, 1, 0, deal + i),
                |i, mask, rest| {
                    let z = &mut *z.borrow_mut();
                    add(&mut z.a[deal + i], mask);
                    add(&mut z.b[deal + i], rest);
                },
            );
            let mut consume = Self::deal_reader(self.bits, |i, rest| {
                let v = bit(&x.b, 1, 0, take + i);
                let z = &mut *z.borrow_mut();
                add(&mut z.a[take + i], rest);
                add(&mut z.b[take + i], v);
                add(&mut w_take[i], both(rest, v));
            });
            let size = element_bytes(self.bits);
            cx.exchange(
                &mut [Outgoing::new(self.next(), parts.deal.len() * size, &mut produce)],
                &mut [Incoming::new(self.prev(), parts.take.len() * size, &mut consume)],
            )
            .await;
        }
        self.cross(cx, 1, parts, (self.bits, 0), (w_take, w_help), z).await;
    }

    /// What to add to x + half, for x in the range, so that the sum is in 0 .. 2^(k−1): a multiple of 2^m, if there is one.
    pub(crate) fn lift(&self, m: u32, half: i128, range: Range) -> Option<u64> {
        let (lo, hi) = (i128::from(range.lo) + half, i128::from(range.hi) + half);
        let lift = if lo >= 0 { 0 } else { (-lo + i128::from(low_bits(m))) >> m << m };
        let fits = m < self.bits && hi + lift < 1_i128 << (self.bits - 1);
        fits.then(|| u64::try_from(lift).ok()).flatten()
    }
}
