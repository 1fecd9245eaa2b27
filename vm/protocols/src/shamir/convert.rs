//! Bits to numbers, by bits that are shared in both domains.
//!
//! Each of t + 1 dealers shares a random bit over the integers and over bytes. Their ⊕ over bytes is the sum r; over the integers it takes a product for each dealer
//! but one. b ⊕ r is opened while those are made, and b = c + r − 2cr (daBits: Rotaru and Wood, INDOCRYPT 2019).

use super::Shamir;
use super::deal::Step;
use super::product::Form;
use super::share::{Arith, Bin, Elements};
use crate::executor::Cx;
use crate::join::join;
use crate::keys::Source;
use smpc_math::field::{Field, Gf256, P127};
use smpc_math::prf::Domain;

impl<S: Source> Shamir<S> {
    /// The bits of all planes as numbers, plane after plane. 2 rounds for two dealers, one more for each doubling of them; a bit costs 16 (n − t − 1) bytes for each
    /// dealer but one from each of 2t + 1 parties, 17 (n − t − 1) from each dealer, and t from each party for the opening.
    pub(crate) async fn numbers_of_bits(&self, cx: Cx<'_>, bits: &Bin) -> Elements<P127> {
        let len = bits.width as usize * bits.lanes;
        let part = |k: u64| cx.sub(k, 5);
        let (sum, mut numbers) = match self.guard() {
            Some(guard) => self.bytes_of_sets(guard, part(0), len),
            None => self.bits_of_dealers(part(0), len).await,
        };
        let mut hidden: Elements<Gf256> = self.elements(len);
        hidden.iter_mut().zip(bits.x.iter().zip(sum.iter())).for_each(|(hidden, (b, r))| *hidden = b.add(*r));
        let exclusive = async {
            let mut step = 0;
            while numbers.len() > 1 {
                let pairs = numbers.len() / 2;
                let odd = numbers.split_off(2 * pairs);
                let side = |k: usize| Elements::concat(numbers.chunks_exact(2).map(|pair| &pair[k][..]));
                let at = Step::new(part(3).tape(), step, Domain::Arith);
                let products =
                    self.multiplied::<P127>(part(3), at, Form::Lanes, [&side(0), &side(1)], pairs * len).await;
                let sums = numbers.chunks_exact(2).enumerate().map(|(k, pair)| {
                    let mut sum: Elements<P127> = self.elements(len);
                    for (i, sum) in sum.iter_mut().enumerate() {
                        let both = products[k * len + i];
                        *sum = pair[0][i].add(pair[1][i]).sub(both.add(both));
                    }
                    sum
                });
                numbers = sums.chain(odd).collect();
                step += 1;
            }
            numbers.pop().unwrap_or_default()
        };
        let (opened, mut number) = join(self.opened_to_all(part(4), &hidden, len), exclusive).await;
        for (number, c) in number.iter_mut().zip(&opened) {
            if c.0 & 1 == 1 {
                *number = P127::ONE.sub(*number);
            }
        }
        number
    }

    /// A bit of each dealer: their ⊕ over bytes, and each of them as a number. One round.
    async fn bits_of_dealers(&self, cx: Cx<'_>, len: usize) -> (Elements<Gf256>, Vec<Elements<P127>>) {
        let dealers = self.dealers();
        let deals = dealers.contains(&self.me) && !self.dry;
        let (mut own_bytes, mut own_numbers): (Elements<Gf256>, Elements<P127>) =
            if deals { (self.elements(len), self.elements(len)) } else { Default::default() };
        let part = |k: u64| cx.sub(k, 3);
        if deals {
            self.draw::<Gf256>(self.me, self.me, Step::new(part(0).tape(), 0, Domain::Random), len, |first, drawn| {
                for (k, drawn) in (first..).zip(drawn) {
                    let bit = drawn.0 & 1;
                    (own_bytes[k], own_numbers[k]) = (Gf256(bit), P127::from_i64(bit.into()));
                }
            });
        }
        join(
            self.deal_sum(
                part(1),
                Step::new(part(1).tape(), 0, Domain::Bin),
                &dealers,
                deals.then_some((&own_bytes[..], Gf256::ONE)),
                len,
            ),
            self.deal(
                part(2),
                Step::new(part(2).tape(), 0, Domain::Random),
                &dealers,
                deals.then_some((&own_numbers[..], P127::ONE)),
                len,
            ),
        )
        .await
    }

    /// Σ_j weights_j · (bit of plane j). The rounds of [`Self::numbers_of_bits`].
    pub(crate) async fn weighted(&self, cx: Cx<'_>, bits: &Bin, weights: &[P127]) -> Arith {
        let zeros = || self.arith(bits.lanes);
        let sum = async |cx: Cx<'_>, bits: &Bin| {
            let numbers = self.numbers_of_bits(cx, bits).await;
            let mut sum = self.arith(bits.lanes);
            for (plane, weight) in numbers.chunks_exact(bits.lanes.max(1)).zip(weights) {
                P127::add_multiple(&mut sum.x, *weight, plane);
            }
            sum
        };
        self.in_parts(cx, (bits, self.bytes_of_numbers(bits.width)), zeros, sum).await
    }

    /// The number that the planes spell.
    pub(crate) async fn number_of(&self, cx: Cx<'_>, bits: &Bin, signed: bool) -> Arith {
        let mut weights: Vec<P127> = (0..bits.width).map(P127::power_of_two).collect();
        if let Some(top) = weights.last_mut().filter(|_| signed) {
            *top = P127::default().sub(*top);
        }
        self.weighted(cx, bits, &weights).await
    }
}
