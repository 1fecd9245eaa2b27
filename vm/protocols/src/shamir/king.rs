//! Products of many parties: a king brings each of them down to degree t.
//!
//! Where all share their products anew, as in `deal`, each product costs (2t + 1)(n − t − 1) elements: 36 among nine parties, 465 among 31. Here one party, the king, is
//! told x·y + r by 2t + 1 parties, for a random number r that nobody knows, finds the sum and shares it; the shares of r are then taken off (Damgård and Nielsen,
//! CRYPTO 2007). The sum is no secret, so the king deals it with polynomials that are 0 at the points of the t parties after it, which hear nothing (Goyal,
//! Song and Zhu, CRYPTO 2020). Each party is king of one run of the products.
//!
//! The shares of r are of degree 2t, under which x·y is hidden, and of degree t, to take off: each of 2t + 1 dealers shares a random number both ways, and
//! t + 1 sums of these, by the rows of a Vandermonde matrix, are as good as new whichever t of them are known: any t + 1 columns of it are
//! invertible. Of degree 2t a dealer shares with 2t others, which draw their values from the key they have with it, so that none is sent.
//!
//! Two rounds and (2t + 1)(n − t − 1) / (t + 1) + 2t + n − t − 1 elements a product, in all, for n = 2t + 1: 19 among nine parties, 74 among 31. Few products are brought down by
//! all: they are over before a second round is.

use super::Shamir;
use super::deal::{Over, Step, block};
use super::share::Elements;
use crate::executor::Cx;
use crate::join::join;
use crate::keys::Source;
use crate::piece::{Incoming, Outgoing};
use smpc_math::field::{Field, lagrange};
use std::cell::RefCell;
use std::ops::Range;

/// Parties up to which all products are brought down by all.
const FEW_PARTIES: usize = 7;
/// Bytes of the products that are still brought down by all: a thousand numbers, or the ANDs of sixteen thousand bits. 30 kB less for each of nine parties to send, and 210 of 31,
/// are worth a round more, and fewer are not.
const FEW_BYTES: usize = 1 << 14;

/// Bytes of products from which on kings bring them down. With a threshold of 1 they would hardly send less.
pub(super) const fn kings_from(parties: usize, threshold: usize) -> usize {
    if parties > FEW_PARTIES && threshold > 1 { FEW_BYTES } else { usize::MAX }
}

/// The coefficients of one party for random numbers that are shared twice.
pub(super) struct Doubles<F> {
    /// As one of the dealers: what its secret, and then what the other dealers draw, count in its own share of degree 2t.
    own: Vec<F>,
    /// By row: what each dealer's number counts in a sum.
    rows: Vec<Vec<F>>,
}

impl<F: Field> Doubles<F> {
    pub(super) fn new(me: usize, threshold: usize) -> Self {
        let dealers = 2 * threshold + 1;
        let others = (0..dealers).filter(|dealer| *dealer != me).map(F::point);
        let known: Vec<F> = std::iter::once(F::default()).chain(others).collect();
        let own = if me < dealers { lagrange(&known, F::point(me)) } else { Vec::new() };
        let rows = std::iter::successors(Some(vec![F::ONE; dealers]), |row| {
            Some(row.iter().enumerate().map(|(dealer, power)| power.mul(F::point(dealer))).collect())
        });
        Self { own, rows: rows.take(threshold + 1).collect() }
    }
}

impl<S: Source> Shamir<S> {
    /// As [`Shamir::reduce`], by kings. Two rounds.
    pub(super) async fn reduce_by_kings<F: Over>(
        &self,
        cx: Cx<'_>,
        at: Step,
        own: &dyn Fn(usize, &mut [F]),
        len: usize,
    ) -> Elements<F> {
        let dealers: Vec<usize> = (0..=2 * self.threshold).collect();
        let groups = len.div_ceil(self.threshold + 1);
        let deals = dealers.contains(&self.me);
        // What this party deals, and what it tells the kings.
        let mut secret = self.elements(if deals { groups } else { 0 });
        self.draw::<F>(self.me, self.me, at, secret.len(), |first, drawn| {
            secret[first..first + drawn.len()].copy_from_slice(drawn);
        });
        let mut hidden = self.elements(if deals { len } else { 0 });
        if deals && !self.dry {
            for (n, hidden) in hidden.chunks_mut(block::<F>()).enumerate() {
                own(n * block::<F>(), hidden);
            }
            self.add_doubles(at.second(), &secret, &mut hidden);
        }
        // Each key says as much for the degree 2t as for the other, once for each of its two parties.
        cx.count_blocks(2 * (groups.div_ceil(F::PER_BLOCK) as u64 + 1));
        let own_secret = deals.then_some((&secret[..], F::ONE));
        let (dealt, sums) =
            join(self.deal::<F>(cx, at, &dealers, own_secret, groups), self.told_to_kings(cx, &hidden, len)).await;
        drop((secret, hidden));
        let mut shares = self.elements(len);
        if !self.dry {
            for (row, out) in F::points(self).doubles().rows.iter().zip(shares.chunks_mut(groups.max(1))) {
                let terms = row.iter().zip(&dealt).map(|(c, dealt)| (F::default().sub(*c), &dealt[..out.len()]));
                F::add_combination(out, &terms.collect::<Vec<_>>());
            }
        }
        drop(dealt);
        self.told_by_kings(cx, &sums, shares, len).await
    }

    /// Of so many products those whose king is that party.
    const fn realm(&self, king: usize, len: usize) -> Range<usize> {
        // Below 2^63 / 32 products, as each takes a byte at least.
        king * len / self.parties..(king + 1) * len / self.parties
    }

    /// Adds this dealer's shares of degree 2t of the random numbers, of which it deals the one in `secret`.
    fn add_doubles<F: Over>(&self, at: Step, secret: &[F], out: &mut [F]) {
        let doubles = F::points(self).doubles();
        let Some((of_secret, of_others)) = doubles.own.split_first() else { return };
        let (groups, size) = (secret.len(), block::<F>().min(secret.len()));
        // A dealer's shares, or what the others draw of this one's.
        let mut drawn: Elements<F> = Elements::zeros(size);
        let mut itself: Elements<F> = Elements::zeros(size);
        for first in (0..groups).step_by(block::<F>()) {
            let count = size.min(groups - first);
            let mut add = |dealer: usize, shares: &[F]| {
                for (row, out) in doubles.rows.iter().zip(out.chunks_mut(groups)) {
                    // The last row may be of fewer products.
                    let out = out.get_mut(first..).unwrap_or_default();
                    let count = count.min(out.len());
                    F::add_multiple(&mut out[..count], row[dealer], &shares[..count]);
                }
            };
            itself.fill(F::default());
            F::add_multiple(&mut itself[..count], *of_secret, &secret[first..first + count]);
            for (other, c) in (0..=2 * self.threshold).filter(|dealer| *dealer != self.me).zip(of_others) {
                let drawn = &mut drawn[..count];
                self.drawn(other, self.me, at, first, drawn);
                F::add_multiple(&mut itself[..count], *c, drawn);
                self.drawn(other, other, at, first, drawn);
                add(other, drawn);
            }
            add(self.me, &itself[..count]);
        }
    }

    /// What the shares of degree 2t of the dealers are of, at the king of each.
    async fn told_to_kings<F: Over>(&self, cx: Cx<'_>, hidden: &[F], len: usize) -> Elements<F> {
        let (realm, coefficients) = (self.realm(self.me, len), F::points(self).product());
        let mut sums = self.elements(realm.len());
        if let Some(hidden) = hidden.get(realm.clone())
            && !sums.is_empty()
        {
            F::add_multiple(&mut sums, coefficients[self.me], hidden);
        }
        let sums = RefCell::new(sums);
        let told = if self.me <= 2 * self.threshold { 1..self.parties } else { 0..0 };
        let mut makers: Vec<_> = self
            .after(told)
            .map(|king| {
                let realm = self.realm(king, len);
                let bytes = realm.len() * F::BYTES;
                let make = move |at: usize, out: &mut [u8]| F::to_bytes(&hidden[realm.start + at / F::BYTES..], out);
                (king, bytes, make)
            })
            .collect();
        let mut takers: Vec<_> = coefficients
            .iter()
            .enumerate()
            .filter(|(dealer, _)| *dealer != self.me)
            .map(|(dealer, coefficient)| {
                let sums = &sums;
                let take = move |at: usize, bytes: &[u8]| {
                    add_heard(&mut sums.borrow_mut()[at / F::BYTES..], *coefficient, bytes);
                };
                (dealer, take)
            })
            .collect();
        let mut sends: Vec<_> = makers.iter_mut().map(|(to, bytes, make)| Outgoing::new(*to, *bytes, make)).collect();
        let bytes = realm.len() * F::BYTES;
        let mut receives: Vec<_> = takers.iter_mut().map(|(from, take)| Incoming::new(*from, bytes, take)).collect();
        cx.exchange(&mut sends, &mut receives).await;
        drop((sends, receives));
        drop((makers, takers));
        sums.into_inner()
    }

    /// Adds the shares that each king deals of what it was told.
    async fn told_by_kings<F: Over>(&self, cx: Cx<'_>, sums: &[F], mut shares: Elements<F>, len: usize) -> Elements<F> {
        let realm = self.realm(self.me, len);
        // What others would share beside the sum is 0.
        let mut targets: Vec<(usize, F)> = F::points(self).targets(F::ONE).map(|(to, c)| (to, c[0])).collect();
        if let (Some((_, c)), Some(own)) = (targets.pop(), shares.get_mut(realm.clone())) {
            F::add_multiple(own, c, sums);
        }
        let mut makers: Vec<_> = targets
            .into_iter()
            .map(|(to, c)| {
                let make = move |at: usize, out: &mut [u8]| {
                    let mut share = Elements::zeros(out.len() / F::BYTES);
                    let first = at / F::BYTES;
                    F::add_multiple(&mut share, c, &sums[first..first + out.len() / F::BYTES]);
                    F::to_bytes(&share, out);
                };
                (to, make)
            })
            .collect();
        let shares = RefCell::new(shares);
        let kings = (0..self.parties).filter(|king| self.behind(*king) > self.threshold);
        let mut takers: Vec<_> = kings
            .map(|king| {
                let (shares, realm) = (&shares, self.realm(king, len));
                let take = move |at: usize, bytes: &[u8]| {
                    add_heard(&mut shares.borrow_mut()[realm.start + at / F::BYTES..], F::ONE, bytes);
                };
                (king, realm.len() * F::BYTES, take)
            })
            .collect();
        let bytes = realm.len() * F::BYTES;
        let mut sends: Vec<_> = makers.iter_mut().map(|(to, make)| Outgoing::new(*to, bytes, make)).collect();
        let mut receives: Vec<_> =
            takers.iter_mut().map(|(from, bytes, take)| Incoming::new(*from, *bytes, take)).collect();
        cx.exchange(&mut sends, &mut receives).await;
        drop((sends, receives));
        drop((makers, takers));
        shares.into_inner()
    }
}

/// Adds the elements that stand in a message, each times c, from the first on.
fn add_heard<F: Over>(to: &mut [F], c: F, bytes: &[u8]) {
    let mut heard = Elements::zeros(bytes.len() / F::BYTES);
    F::from_bytes(bytes, &mut heard);
    F::add_multiple(&mut to[..heard.len()], c, &heard);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::FEW_BYTES;
    use crate::conformance::threads::{shamir_party, threads};
    use crate::executor::Executor;
    use crate::protocol::Protocol as _;
    use crate::shamir::Shamir;
    use crate::tick::HEADER;

    /// Below so many products one round, from there on two and less to send; as right, and counted by a run that only counts.
    #[test]
    fn kings_bring_many_products_down() {
        const FEW_PRODUCTS: usize = FEW_BYTES / 16;
        // Also with parties that do not multiply, and where no run of products is as long as another one.
        for (parties, threshold) in [(8, 2), (9, 4), (31, 15)] {
            let mut sent = Vec::new();
            for lanes in [FEW_PRODUCTS - 1, FEW_PRODUCTS, 5 * FEW_PRODUCTS + 7] {
                let values: Vec<i64> = (0..).map(|x| 1 - 3 * x).take(lanes).collect();
                let live = threads(parties, 4, |me, e| {
                    let p = shamir_party(me, (parties, threshold), 4);
                    let a = e.run(p.input(e.gate(1), 1, (me == 1).then_some(&values[..]), lanes))?;
                    let before = e.stats();
                    let product = e.run(p.mul(e.gate(2), &a, &a))?;
                    let cost = e.stats().since(&before);
                    Ok((e.run(p.open(e.gate(3), &product))?, cost))
                });
                let mut all = 0;
                for (me, (opened, cost)) in live.unwrap().into_iter().enumerate() {
                    assert!(opened.iter().zip(&values).all(|(product, x)| *product == x * x));
                    assert_eq!(cost.rounds, if lanes < FEW_PRODUCTS { 1 } else { 2 });
                    let (p, e) = (Shamir::dry(me, parties, threshold), Executor::dry(me, parties));
                    e.run(async {
                        let a = p.share_public(&[0], lanes);
                        p.mul(e.gate(2), &a, &a).await
                    })
                    .unwrap();
                    assert_eq!(e.stats(), cost);
                    all += cost.sent.iter().sum::<u64>();
                }
                sent.push((lanes, all));
            }
            // Elements of 16 bytes, as the module's text says; a king that does not multiply is told one more.
            let (n, t) = (parties as u64, threshold as u64);
            let by_all = 16 * (2 * t + 1) * (n - t - 1);
            let by_kings = by_all / (t + 1) + 16 * (2 * t + n - t - 1) + 16 * (n - 2 * t - 1) / n;
            for (lanes, bytes) in sent {
                let expected = if lanes < FEW_PRODUCTS { by_all } else { by_kings };
                // Headers, and runs that are somewhat longer than others.
                let beside = 8 + 2 * HEADER as u64 * n * n / lanes as u64;
                let a_product = bytes / lanes as u64;
                assert!((expected..expected + beside).contains(&a_product), "{a_product} of {expected} + {beside}");
            }
        }
    }
}
