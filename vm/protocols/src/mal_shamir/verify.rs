//! What is verified, and when: every product, before anything is opened that depends on it.
//!
//! A product that is kept says z = x·y, of shares of degree t that the honest parties determine. All parties get a public coin, which nobody knew while there was a message to come, and with it random h_i in the
//! extension of the field: if one product is wrong, Σ h_i·(x_i·y_i − z_i) is not 0 but for one choice in as many as there are elements. That is a claim about a sum of products,
//!
//!   Σ a_i·b_i = c   for a_i = h_i·x_i, b_i = y_i, c = Σ h_i·z_i,
//!
//! which is made shorter until it is about a single product (Goyal and Song, ePrint 2020/134; Goyal, Song and Zhu, CRYPTO 2020; the polynomials are those of Ben-Sasson, Fehr and Ostrovsky, CRYPTO 2012):
//!
//! 1. The vectors are cut into k parts, which are the values at k points of polynomials A(X) and B(X). C(X) = Σ A(X)·B(X) has degree 2k − 2, and the parties make its values at 2k − 2 points as they make products:
//!    an element each, however long the vectors are. One more follows from c.
//! 2. A coin says r: the claim is now Σ A(r)·B(r) = C(r). If one of the values is wrong, or c was, this is wrong but for 2k − 2 choices of r.
//! 3. In the last one of these a random factor of each side is a part more; then A(r), B(r) and C(r) tell nothing and are opened, and A(r)·B(r) must be C(r).
//!
//! What is opened is the same whatever the secrets are, and so is whether it fits: C(r) − A(r)·B(r) is a function of the cheaters' lies and of public coins alone. A lie passes with a probability below 2^−55 over
//! bytes, and below 2^−110 over numbers.
//!
//! Of bits there are many, and their first claim is about parts of 2^4 from the start (`stacks`), so that only the sixteenth part of them becomes elements of the extension.
//!
//! A coin is opened only when all parties have said that all messages have come: who withholds one until it knows the coin could fit it (PROTOCOLS R4).

use super::Guard;
use super::extension::{Coins, Ext, Extended, Plan, Vector, blocks};
use super::kept::{Kept, Lanes, Product};
use super::stacks::{self, Shape, Stacks};
use crate::executor::Cx;
use crate::join::join;
use crate::keys::Source;
use crate::protocol::Unverified;
use crate::shamir::{Elements, Form, Over, Shamir, Step};
use smpc_math::field::P127;
use smpc_math::prf::{Domain, Key, Prf};
use std::ops::Range;
use zeroize::Zeroizing;

/// Bytes of kept products that are verified together at most, about.
const MUCH: u64 = 1 << 27;
/// Parts of a claim about many elements, and how many these are; of fewer there are more parts, and fewer rounds.
const FEW_PARTS: usize = 4;
const MANY: usize = 1 << 14;
const PARTS: usize = 32;
/// Elements of a part that are worked on at a time, few enough for all that is made of them to stay in the cache.
const PLACES: usize = 1024;
/// Elements of a claim that becomes one about a single product at once.
const LAST: usize = 32;
/// Instances of gates from here on are those of verifications, which are numbered in their order.
const INSTANCES: u64 = 1 << 47;

/// Everything that was computed before has been verified, by all parties.
#[must_use = "a value is opened with it"]
pub(crate) struct Released(());

/// Σ a_i·b_i = c, of `len` terms: a, b and c are shared.
struct Claim<F: Extended> {
    len: usize,
    a: Vector<F>,
    b: Vector<F>,
    c: Ext<F>,
}

/// k parts of equal length, but for the last one.
fn parts(len: usize, k: usize) -> Vec<Range<usize>> {
    let size = len.div_ceil(k.max(1)).max(1);
    (0..len).step_by(size).map(|first| first..len.min(first + size)).collect()
}

impl<S: Source> Shamir<S> {
    /// What would have to be verified now.
    pub(crate) fn owes(&self) -> Unverified {
        self.guard().map_or_else(Unverified::default, |guard| {
            let (numbers, words) = (guard.numbers.kept.borrow(), guard.words.kept.borrow());
            let all_held = numbers.held;
            let (inputs, numbers) = (guard.inputs.get(), numbers.single + numbers.terms);
            let (ands, terms, held) = (words.single, words.terms, words.held.saturating_add(all_held));
            Unverified { ands, numbers, terms, inputs, held }
        })
    }

    /// Says so, in a run that only counts.
    pub(crate) fn set_owed(&self, owed: Unverified) {
        if let Some(guard) = self.guard().filter(|_| self.dry) {
            guard.inputs.set(owed.inputs);
            let numbers = Kept { single: owed.numbers, held: owed.held, ..Kept::default() };
            guard.numbers.kept.replace(numbers);
            guard.words.kept.replace(Kept { single: owed.ands, terms: owed.terms, ..Kept::default() });
        }
    }

    /// Whether so much should not become more.
    pub(crate) const fn is_too_much(owed: Unverified) -> bool {
        owed.held >= MUCH
    }

    /// Verifies where so much has come together that it should not become more.
    pub(crate) async fn verify_if_much(&self, cx: Cx<'_>) {
        if Self::is_too_much(self.owes()) {
            let _: Released = Box::pin(self.verified(cx)).await;
        }
    }

    /// Comes back once everything that has been computed is verified at all parties, or never, and the run ends. Of gates that run beside, this is what they had completed. Where nobody cheats it comes back at once.
    ///
    /// No round where nothing has happened since the last time, and one where inputs have come and nothing was computed. Else 7 for up to 32 products, and 3 more for each time that a claim is made shorter: 16 times
    /// for many bits, 4 times down to 2^14 elements, 32 times below.
    pub(crate) async fn verified(&self, cx: Cx<'_>) -> Released {
        let Some(guard) = self.guard() else { return Released(()) };
        // One after another: who comes second may depend on what is being verified.
        while guard.verifying.get() {
            cx.idle().await;
        }
        if self.owes() == Unverified::default() {
            return Released(());
        }
        guard.verifying.set(true);
        let number = guard.verifications.replace(guard.verifications.get() + 1);
        let cx = cx.executor().gate(INSTANCES + number);
        guard.inputs.set(0);
        let (numbers, words) = (guard.numbers.kept.take(), guard.words.kept.take());
        if !numbers.is_empty() || !words.is_empty() {
            join(self.prove(guard, cx.sub(0, 2), numbers), self.prove(guard, cx.sub(1, 2), words)).await;
        }
        self.word_that_all_is_there(cx).await;
        guard.verifying.set(false);
        Released(())
    }

    /// Comes back if all products are right.
    async fn prove<F: Over>(&self, guard: &Guard, cx: Cx<'_>, kept: Kept<F>) {
        if kept.is_empty() {
            return;
        }
        let coins = self.coins(guard, cx.sub(0, 64)).await;
        #[cfg(test)]
        let coins = if guard.small_coins { coins.small() } else { coins };
        let mut claim = self.claim(guard, cx.sub(1, 64), kept, &coins).await;
        let mut turn = 2;
        while claim.len > LAST {
            let k = if claim.len > MANY { FEW_PARTS } else { PARTS };
            claim = self.shorter(guard, cx.sub(turn, 64), claim, k, 0).await;
            turn += 1;
        }
        self.last(guard, cx.sub(turn, 64), claim).await;
    }

    /// The first claim about all that was kept.
    async fn claim<F: Over>(&self, guard: &Guard, cx: Cx<'_>, kept: Kept<F>, coins: &Coins) -> Claim<F> {
        let single = usize::try_from(kept.single).unwrap_or(usize::MAX);
        let terms = usize::try_from(kept.terms).unwrap_or(usize::MAX);
        let (mut claims, mut len) = (Vec::new(), terms);
        if single > 0 {
            let claim = self.lane_by_lane(guard, cx, single, kept.lanes, coins).await;
            len += claim.len;
            claims.push(claim);
        }
        if terms > 0 && !self.dry {
            // Streams 1 and 2 are those of products lane by lane.
            claims.extend((1..).zip(kept.products).map(|(n, product)| sum_of(product, coins, 2 * n + 1)));
        }
        if self.dry {
            return Claim { len, a: Vector::zeros(0, 0), b: Vector::zeros(0, 0), c: Ext::zero() };
        }
        let c = claims.iter().fold(Ext::zero(), |sum, claim| sum.add(claim.c));
        let (a, b): (Vec<Vector<F>>, Vec<Vector<F>>) = claims.into_iter().map(|claim| (claim.a, claim.b)).unzip();
        Claim { len, a: Vector::concat(a), b: Vector::concat(b), c }
    }

    /// The claim about products lane by lane; of many bits in stacks.
    async fn lane_by_lane<F: Over>(
        &self,
        guard: &Guard,
        cx: Cx<'_>,
        len: usize,
        lanes: Lanes<F>,
        coins: &Coins,
    ) -> Claim<F> {
        let none = |len: usize| Claim { len, a: Vector::zeros(0, 0), b: Vector::zeros(0, 0), c: Ext::zero() };
        debug_assert!(self.dry || len == lanes.len(), "what is counted is there");
        let few = len <= LAST;
        if self.dry && (F::DEGREE == 1 || few) {
            return none(len);
        }
        if F::DEGREE == 1 {
            return weighted(&lanes, coins);
        }
        if few {
            let h: Vector<F> = coins.vector(1, len);
            let [x, y, z] = lanes.concat();
            let c = h.dot_small(&z);
            return Claim { len, a: h.times(&Vector::small(len, x)), b: Vector::small(len, y), c };
        }
        let plan = F::side(guard).plan(stacks::PARTS);
        let stacks = (!self.dry).then(|| Stacks::new(lanes, coins));
        let mut values = match &stacks {
            Some(stacks) => stacks.values(&plan),
            None => vec![Ext::zero(); 2 * stacks::PARTS - 1].into(),
        };
        let more = self.reduced(cx.sub(0, 2), &values[stacks::PARTS..]).await;
        let coins = self.coins(guard, cx.sub(1, 2)).await;
        let Some(stacks) = stacks else { return none(Shape::of(len).terms()) };
        values[stacks::PARTS..].copy_from_slice(&more);
        let r = coins.point();
        let [a, b] = stacks.factors(&plan.parts.at(&r));
        Claim { len: a.len(), a, b, c: plan.value_at(&values, &r) }
    }

    /// A claim about k-th as many terms. The first `beside` terms, which are a part each, do not count in the sum. 3 rounds.
    async fn shorter<F: Over>(&self, guard: &Guard, cx: Cx<'_>, claim: Claim<F>, k: usize, beside: usize) -> Claim<F> {
        let Claim { len, a, b, c } = claim;
        let parts = parts(len, k);
        let size = parts[0].len();
        let count = parts.len();
        let plan = F::side(guard).plan(count);
        let own: Zeroizing<Vec<Ext<F>>> = if self.dry {
            vec![Ext::zero(); 2 * count - 2].into()
        } else {
            let planes = [a.planes().count(), b.planes().count()];
            let mut more = Zeroizing::new(vec![Ext::zero(); plan.more.len()]);
            for places in blocks(&(0..size), PLACES) {
                let here = within(&parts, &places);
                for (sum, coefficients) in more.iter_mut().zip(&plan.more) {
                    let [mut at_a, mut at_b] = planes.map(|planes| Vector::zeros(planes, places.len()));
                    at_a.add_small_multiples(0, coefficients, &a, &here);
                    at_b.add_small_multiples(0, coefficients, &b, &here);
                    *sum = sum.add(at_a.dot(&at_b, &(0..places.len())));
                }
            }
            let mut own = Zeroizing::new(Vec::with_capacity(2 * count));
            own.extend(parts[..count - 1].iter().map(|part| a.dot(&b, part)));
            own.extend(more.iter());
            own
        };
        let mut values = self.reduced(cx.sub(0, 2), &own).await;
        let coins = self.coins(guard, cx.sub(1, 2)).await;
        if self.dry {
            return Claim { len: size, a, b, c };
        }
        let rest = values[beside..count - 1].iter().fold(c, |rest, value| rest.sub(*value));
        values.insert(count - 1, rest);
        at_random_point(&plan, &values, &parts, [&a, &b], &coins)
    }

    /// The last claim: with a random term beside, made one about a single product, and opened. 4 rounds.
    async fn last<F: Over>(&self, guard: &Guard, cx: Cx<'_>, claim: Claim<F>) {
        let degree = F::DEGREE;
        let at = Step::new(cx.sub(0, 3).tape(), 0, Domain::Proof);
        let random = self.without_dealer::<F>(guard, cx.sub(0, 3), at, 2 * degree);
        let len = claim.len + 1;
        let claim = if self.dry {
            Claim { len, ..claim }
        } else {
            let with = |first: &[F], rest: Vector<F>| {
                let mut one = Vector::zeros(degree, 1);
                one.set(0, &Ext::from_coefficients(first));
                Vector::concat(vec![one, rest])
            };
            Claim { len, a: with(&random[..degree], claim.a), b: with(&random[degree..], claim.b), c: claim.c }
        };
        let Claim { a, b, c, .. } = self.shorter(guard, cx.sub(1, 3), claim, len, 1).await;
        let mut own: Elements<F> = self.elements(3 * degree);
        if !self.dry {
            for (own, x) in own.chunks_exact_mut(degree).zip([a.at(0), b.at(0), c]) {
                own.copy_from_slice(x.coefficients());
            }
        }
        let opened = self.opened_to_all(cx.sub(2, 3), &own, 3 * degree).await;
        let mut parts = opened.chunks_exact(degree).map(Ext::from_coefficients);
        let fits = match (parts.next(), parts.next(), parts.next()) {
            (Some(a), Some(b), Some(c)) => a.mul(b) == c,
            _ => self.dry,
        };
        #[cfg(test)]
        let fits = {
            guard.fitted.set(fits);
            fits || guard.trust.products
        };
        self.stop_unless(cx, fits).await;
    }

    /// Shares of degree t of elements that the parties hold shares of degree 2t of. One round.
    async fn reduced<F: Over>(&self, cx: Cx<'_>, own: &[Ext<F>]) -> Zeroizing<Vec<Ext<F>>> {
        let len = own.len() * F::DEGREE;
        let mut flat: Elements<F> = self.elements(len);
        flat.chunks_exact_mut(F::DEGREE).zip(own).for_each(|(flat, x)| flat.copy_from_slice(x.coefficients()));
        let known = |first: usize, out: &mut [F]| out.copy_from_slice(&flat[first..first + out.len()]);
        let shares = self.reduce(cx, Step::new(cx.tape(), 0, Domain::Proof), &known, len).await;
        // With room for the one that follows from the others.
        let mut all = Zeroizing::new(Vec::with_capacity(own.len() + 1));
        all.extend(shares.chunks_exact(F::DEGREE).map(Ext::from_coefficients));
        all
    }

    /// Coins that nobody knew before all messages had come: two rounds, a byte and then 16 bytes from each party to each other one.
    pub(crate) async fn coins(&self, guard: &Guard, cx: Cx<'_>) -> Coins {
        self.word_that_all_is_there(cx.sub(0, 2)).await;
        let at = Step::new(cx.sub(0, 2).tape(), 0, Domain::Random);
        let own = self.without_dealer::<P127>(guard, cx.sub(0, 2), at, 1);
        let opened = self.opened_to_all(cx.sub(1, 2), &own, 1).await;
        let mut hasher = blake3::Hasher::new_derive_key("smpc mal-shamir 2026-11-28 public coins");
        hasher.update(&guard.session);
        opened.iter().for_each(|x| {
            hasher.update(&x.value().to_le_bytes());
        });
        Coins::new(Prf::new(&Key::new(*hasher.finalize().as_bytes()), &guard.session, Domain::Proof, 0))
    }

    /// Tells all others that this party has heard everything, and hears it from them: one round, a byte to each.
    pub(crate) async fn word_that_all_is_there(&self, cx: Cx<'_>) {
        let others: Vec<usize> = self.after(1..self.parties).collect();
        self.told_one_another(cx, &others, &[1]).await;
    }
}

/// What is claimed at a random point of polynomials whose values the parts of two vectors are, and those of whose product are known.
fn at_random_point<F: Extended>(
    plan: &Plan<F>,
    values: &[Ext<F>],
    parts: &[Range<usize>],
    [a, b]: [&Vector<F>; 2],
    coins: &Coins,
) -> Claim<F> {
    let (r, len) = (coins.point(), parts[0].len());
    let weights = plan.parts.at(&r);
    let at = |x: &Vector<F>| {
        let mut at = Vector::zeros(F::DEGREE, len);
        for places in blocks(&(0..len), PLACES) {
            at.add_multiples(places.start, &weights, x, &within(parts, &places));
        }
        at
    };
    Claim { len, a: at(a), b: at(b), c: plan.value_at(values, &r) }
}

/// Some places of each part, as far as it has them.
fn within(parts: &[Range<usize>], places: &Range<usize>) -> Vec<Range<usize>> {
    let of = |part: &Range<usize>| {
        let at = |place: usize| part.end.min(part.start + place);
        at(places.start)..at(places.end)
    };
    parts.iter().map(of).collect()
}

/// The claim about products of numbers, lane by lane. Uses stream 1 of the coins.
fn weighted<F: Extended>(lanes: &Lanes<F>, coins: &Coins) -> Claim<F> {
    let len = lanes.len();
    let [mut a, mut b]: [Elements<F>; 2] = std::array::from_fn(|_| Elements::zeros(len));
    let mut h: Elements<F> = Elements::zeros(PLACES.min(len));
    let mut c = F::default();
    for (start, [x, y, z]) in lanes.segments() {
        b[start..start + y.len()].copy_from_slice(y);
        for at in blocks(&(0..x.len()), PLACES) {
            let (first, h) = (start + at.start, &mut h[..at.len()]);
            coins.elements(1, first, h);
            F::products(&mut a[first..first + h.len()], h, &x[at.clone()]);
            c = c.add(F::dot(h, &z[at]));
        }
    }
    Claim { len, a: Vector::small(len, a), b: Vector::small(len, b), c: Ext::of(c) }
}

/// The claim about a product that is no product lane by lane.
fn sum_of<F: Extended>(product: Product<F>, coins: &Coins, stream: u64) -> Claim<F> {
    let [x, y] = product.factors;
    match product.form {
        Form::Matrix { rows, inner, cols } => {
            // Σ_ij σ_i·τ_j·(Σ_k x_ik·y_kj − z_ij), by k.
            let (sigma, tau): (Vector<F>, Vector<F>) = (coins.vector(stream, rows), coins.vector(stream + 1, cols));
            let (mut a, mut b) = (Vector::zeros(F::DEGREE, inner), Vector::zeros(F::DEGREE, inner));
            for (weights, to, from) in [(&sigma, &mut a, x), (&tau, &mut b, y)] {
                let from = Vector::small(from.len(), from);
                for row in 0..weights.len() {
                    to.add_multiple(0, &weights.at(row), &from, &(row * inner..(row + 1) * inner));
                }
            }
            let mut c = Ext::zero();
            for (row, z) in product.result.chunks_exact(cols.max(1)).enumerate() {
                c = c.add(tau.dot_small(z).mul(sigma.at(row)));
            }
            Claim { len: inner, a, b, c }
        }
        Form::Inner(_) | Form::Lanes => {
            let lanes = product.result.len();
            let len = x.len() / lanes.max(1);
            let h: Vector<F> = coins.vector(stream, lanes);
            let mut a = Vector::zeros(F::DEGREE, x.len());
            for (lane, x) in x.chunks(len.max(1)).enumerate() {
                a.add_scaled(lane * len, &h.at(lane), x);
            }
            Claim { len: x.len(), a, b: Vector::small(y.len(), y), c: h.dot_small(&product.result) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each lane has a coefficient of its own, whatever segments and blocks lanes lie in.
    #[test]
    fn lanes_are_weighted_one_by_one() {
        const SEGMENT: usize = Lanes::<P127>::SEGMENT;
        for len in [1, PLACES - 1, PLACES, PLACES + 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT + 5] {
            let coins = Coins::new(Prf::new(&Key::new([7; 32]), &[0; 32], Domain::Proof, 0));
            let of = |k: u64| (0..len as u64).map(|i| P127::from_u128(u128::from(i * k + k) << 63)).collect::<Vec<_>>();
            let [x, y, z] = [3, 5, 7].map(of);
            let mut lanes = Lanes::default();
            lanes.append([&x, &y, &z]);
            let claim = weighted(&lanes, &coins);
            let h: Vector<P127> = coins.vector(1, len);
            assert!(claim.len == len && claim.a.len() == len && claim.b.len() == len);
            for (i, (x, y)) in x.iter().zip(&y).enumerate() {
                assert!(claim.a.at(i) == h.at(i).scaled(*x) && claim.b.at(i) == Ext::of(*y), "{i} of {len}");
            }
            assert!(claim.c == h.dot_small(&z), "{len}");
            let mut drawn: Vec<u128> = h.planes().flatten().map(|h| h.value()).collect();
            drawn.sort_unstable();
            assert!(drawn.windows(2).all(|pair| pair[0] != pair[1]), "{len}");
        }
    }
}
