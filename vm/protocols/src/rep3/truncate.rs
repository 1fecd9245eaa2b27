//! Division by 2^m: exact and stochastic truncation by the two-summand split.
//!
//! Let x + offset = s + t − w·2^k with 0 ≤ x + offset < 2^(k−1). Then w = msb(s) ∨ msb(t), and with ⌊s / 2^m⌋ − 2^(k−m)·msb(s) = s ≫ m (arithmetic)
//!
//! ⌊(x + offset) / 2^m⌋ = (s ≫ m) + (t ≫ m) + 2^(k−m)·msb(s)·msb(t) + c,
//!
//! where c is the carry of the low m bits. Leaving c out gives the two-round truncation of Dalskov, Escudero and Keller (PoPETs 2020), whose error is the
//! stochastic rounding; computing it gives the exact one (PROTOCOLS T2 and T3).

use super::Rep3;
use super::kernel::Step;
use super::share::{Arith, Words};
use super::split::{Number, Parts, Split};
use crate::circuits::Kind;
use crate::executor::Cx;
use crate::join::join;
use crate::keys::Source;
use crate::message::element_bytes;
use crate::piece::{Incoming, Outgoing};
use smpc_math::prf::Domain;
use std::cell::RefCell;

impl<S: Source> Rep3<S> {
    /// ⌊(x + offset) / 2^m⌋, for 0 ≤ x + offset < 2^(k−1) and 0 < m < k.
    ///
    /// 4 + ⌈log2 m⌉ rounds. For m = 16: 8 rounds; 133 bits a lane from each party on average.
    pub(crate) async fn shift_exact(&self, cx: Cx<'_>, x: &Arith, m: u32, offset: u64) -> Arith {
        let parts = self.parts(x.lanes);
        let how = Split { width: m as usize, offset, negate: false };
        let carry = self.on_summands(cx.sub(0, 3), Number::of(x), &how, Kind::Carry(m));
        let (carry, (mut z, w_take, w_help)) =
            join(carry, self.shifted(cx.sub(1, 3), x, (m, offset), &parts, None)).await;
        let lift = |mut w: Words| {
            w.iter_mut().for_each(|w| *w = *w << (self.bits - m) & self.mask);
            w
        };
        self.add_bits(cx.sub(2, 3), &carry, &[1], &parts, (lift(w_take), lift(w_help)), &mut z).await;
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
        cx.count_blocks(parts.longest() as u64 + 1);
        let z = RefCell::new(self.arith(x.lanes));
        let mut w_take = self.words(parts.take.len());
        let mut w_help = self.words(parts.help.len());
        let (deal, take, help) = (parts.deal.start, parts.take.start, parts.help.start);
        let high = |words: &mut [u64]| {
            words.iter_mut().for_each(|word| *word = (self.signed(*word) >> m).cast_unsigned() & self.mask);
        };
        let top = |word: u64| word >> (self.bits - 1) & 1;
        // s and t of lanes from a lane on.
        let s = |lane: usize, out: &mut [u64]| {
            self.dealt(x, lane, offset, out);
            if let Some(coins) = coins {
                let coins = &coins[lane..lane + out.len()];
                out.iter_mut().zip(coins).for_each(|(s, coin)| *s = s.wrapping_sub(*coin) & self.mask);
            }
        };
        let t = |component: &[u64], lane: usize, out: &mut [u64]| {
            out.copy_from_slice(&component[lane..lane + out.len()]);
            if let Some(coins) = coins {
                let coins = &coins[lane..lane + out.len()];
                out.iter_mut().zip(coins).for_each(|(t, coin)| *t = t.wrapping_add(*coin) & self.mask);
            }
        };
        // part · msb(t) of lanes from a lane on.
        let signed = |component: &[u64], lane: usize, parts: &[u64], out: &mut [u64]| {
            t(component, lane, out);
            out.iter_mut().zip(parts).for_each(|(t, part)| *t = top(*t).wrapping_neg() & part);
        };
        if !self.dry {
            let z = &mut *z.borrow_mut();
            for (to, from, lanes) in [(&mut z.b, &x.b, &parts.take), (&mut z.a, &x.a, &parts.help)] {
                t(from, lanes.start, &mut to[lanes.clone()]);
                high(&mut to[lanes.clone()]);
            }
        }
        self.derive(self.next(), quotient, self.bits, 0..parts.help.len(), |i, masks| {
            z.borrow_mut().b[help + i..help + i + masks.len()].copy_from_slice(masks);
        });
        self.derive(self.next(), sign, m, 0..parts.help.len(), |i, masks| {
            signed(&x.a, help + i, masks, &mut w_help[i..i + masks.len()]);
        });
        let mut deal_quotient = self.deal_writer(
            quotient,
            0,
            self.bits,
            |i, out| {
                s(deal + i, out);
                high(out);
            },
            |i, masks, rests| {
                let z = &mut *z.borrow_mut();
                z.a[deal + i..deal + i + masks.len()].copy_from_slice(masks);
                z.b[deal + i..deal + i + rests.len()].copy_from_slice(rests);
            },
        );
        let mut deal_sign = self.deal_writer(
            sign,
            0,
            m,
            |i, out| {
                s(deal + i, out);
                out.iter_mut().for_each(|word| *word = top(*word));
            },
            |_, _, _| {},
        );
        let mut take_quotient = Self::deal_reader(0, self.bits, |i, rests| {
            z.borrow_mut().a[take + i..take + i + rests.len()].copy_from_slice(rests);
        });
        let mut take_sign =
            Self::deal_reader(0, m, |i, rests| signed(&x.b, take + i, rests, &mut w_take[i..i + rests.len()]));
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
}
