//! Dealing: parties share what they know, all in the same round.
//!
//! Dealer d takes the polynomial of degree t that has its secret at 0 and, at the points of the t parties after it, numbers that it draws from the key it has with each of
//! them; these parties draw theirs and hear nothing. The n − t − 1 others are sent their values. One round, n − t − 1 elements from each dealer; the polynomial is uniform
//! among those with that secret, because t values beside the secret determine it.

use super::dealing::Dealing;
use super::king::Doubles;
use super::share::Elements;
use super::{Shamir, pair};
use crate::buffer::Pooled;
use crate::executor::Cx;
use crate::keys::Source;
use crate::mal_shamir::{Extended, Guard, Side};
use crate::piece::{Incoming, Outgoing};
use crate::tape::Tape;
use smpc_math::field::{Field, Gf256, P127, lagrange};
use smpc_math::prf::Domain;
use std::cell::RefCell;
use std::ops::Range;
use zeroize::Zeroizing;

/// Words of randomness that are drawn at a time.
const BLOCK: usize = 256;

/// The elements that these make.
pub(super) const fn block<F: Field>() -> usize {
    BLOCK / 2 * F::PER_BLOCK
}

/// Where a dealing's randomness lies: one of a gate's steps.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    tape: Tape,
    step: u64,
    domain: Domain,
    /// Which of two dealings of the step it is.
    second: bool,
}

impl Step {
    /// Step k of a tape: 4k where the party of a key with the lower number deals, 4k + 1 where the other does, and two more for the second dealing.
    pub(crate) const fn new(tape: Tape, step: u64, domain: Domain) -> Self {
        Self { tape, step, domain, second: false }
    }

    /// Another dealing in the same step.
    pub(super) const fn second(self) -> Self {
        Self { second: true, ..self }
    }
}

/// The coefficients of one party, in one field.
pub(crate) struct Points<F> {
    /// As a dealer: whom it sends to and, last, itself; for each the coefficient of the secret and those of the numbers that it shares with the parties after it.
    targets: Vec<(usize, F, Vec<F>)>,
    /// With which coefficient the share of degree 2t of each of the first 2t + 1 parties counts in what they hold together.
    product: Vec<F>,
    /// For products that a king brings down.
    doubles: Doubles<F>,
    /// With which coefficient its own share, and then those of the t parties after it, give the secret.
    open: Vec<F>,
}

impl<F: Field> Points<F> {
    pub(crate) fn new(me: usize, parties: usize, threshold: usize) -> Self {
        let after = |k: usize| (me + k) % parties;
        let silent: Vec<F> = (1..=threshold).map(|k| F::point(after(k))).collect();
        let known: Vec<F> = std::iter::once(F::default()).chain(silent).collect();
        let targets = (threshold + 1..=parties).map(|k| {
            let mut coefficients = lagrange(&known, F::point(after(k)));
            let secret = coefficients.remove(0);
            (after(k), secret, coefficients)
        });
        let multipliers: Vec<F> = (0..=2 * threshold).map(F::point).collect();
        let product = lagrange(&multipliers, F::default());
        let openers: Vec<F> = (0..=threshold).map(|k| F::point(after(k))).collect();
        let doubles = Doubles::new(me, threshold);
        Self { targets: targets.collect(), product, doubles, open: lagrange(&openers, F::default()) }
    }

    /// Whom a dealer sends to and, last, itself; for each the coefficients of a secret that is multiplied by `by`, and of the numbers shared with the parties after it.
    pub(crate) fn targets(&self, by: F) -> impl Iterator<Item = (usize, Vec<F>)> {
        self.targets.iter().map(move |(party, secret, shared)| {
            (*party, std::iter::once(secret.mul(by)).chain(shared.iter().copied()).collect())
        })
    }

    /// The coefficients of the first 2t + 1 parties' shares of degree 2t.
    pub(super) fn product(&self) -> &[F] {
        &self.product
    }

    pub(super) const fn doubles(&self) -> &Doubles<F> {
        &self.doubles
    }

    pub(crate) fn open(&self) -> &[F] {
        &self.open
    }
}

/// A field that the protocol shares over.
pub(crate) trait Over: Extended {
    fn points<S>(party: &Shamir<S>) -> &Points<Self>;
    /// What a party that trusts nobody has for it.
    fn side(guard: &Guard) -> &Side<Self>;
}

impl Over for P127 {
    fn points<S>(party: &Shamir<S>) -> &Points<Self> {
        &party.numbers
    }
    fn side(guard: &Guard) -> &Side<Self> {
        guard.numbers()
    }
}

impl Over for Gf256 {
    fn points<S>(party: &Shamir<S>) -> &Points<Self> {
        &party.words
    }
    fn side(guard: &Guard) -> &Side<Self> {
        guard.words()
    }
}

/// What a dealer deals.
#[derive(Clone, Copy)]
pub(crate) struct Secret<'x, F> {
    /// By what it is multiplied.
    pub(crate) by: F,
    /// Writes elements of it, from a place on; asked in blocks, each place once and in order.
    pub(crate) elements: &'x dyn Fn(usize, &mut [F]),
}

impl<S: Source> Shamir<S> {
    /// A buffer; empty in dry mode.
    pub(crate) fn elements<F: Pooled>(&self, len: usize) -> Elements<F> {
        Elements::zeros(if self.dry { 0 } else { len })
    }

    /// Parties after this one, from the first.
    pub(crate) fn after(&self, k: Range<usize>) -> impl Iterator<Item = usize> + use<S> {
        let (me, parties) = (self.me, self.parties);
        k.map(move |k| (me + k) % parties)
    }

    /// Whom this party sends to, if it deals.
    fn told_by(&self, dealers: &[usize]) -> impl Iterator<Item = usize> + use<S> {
        let told = if dealers.contains(&self.me) { self.threshold + 1..self.parties } else { 0..0 };
        self.after(told)
    }

    /// How far behind `dealer` this party comes.
    pub(super) const fn behind(&self, dealer: usize) -> usize {
        (self.me + self.parties - dealer) % self.parties
    }

    /// Hands elements of the stream that this party shares with another one (or, with itself, of its own), `from` dealing, to `f(first, elements)`.
    pub(crate) fn draw<F: Field + Pooled>(
        &self,
        other: usize,
        from: usize,
        at: Step,
        len: usize,
        f: impl FnMut(usize, &[F]),
    ) {
        self.stream(pair(self.me, other), at, self.dealt(other, from, at), len, f);
    }

    /// As [`Self::draw`], of the stream of a key with another number.
    pub(crate) fn draw_under<F: Field + Pooled>(&self, key: usize, at: Step, len: usize, f: impl FnMut(usize, &[F])) {
        self.stream(key, at, at.tape.step(at.step), len, f);
    }

    /// Where the key with another party says what `from` deals.
    fn dealt(&self, other: usize, from: usize, at: Step) -> u64 {
        at.tape.step(4 * at.step + 2 * u64::from(at.second) + u64::from(from > self.me.min(other)))
    }

    /// A block of the stream that [`Self::draw`] hands out, from element `first` on.
    pub(super) fn drawn<F: Field>(&self, other: usize, from: usize, at: Step, first: usize, out: &mut [F]) {
        self.block_at(pair(self.me, other), at, self.dealt(other, from, at), first, out);
    }

    fn stream<F: Field + Pooled>(&self, key: usize, at: Step, step: u64, len: usize, mut f: impl FnMut(usize, &[F])) {
        if self.dry {
            return;
        }
        let mut elements = Elements::zeros(block::<F>().min(len));
        for first in (0..len).step_by(block::<F>()) {
            let elements = &mut elements[..block::<F>().min(len - first)];
            self.block_at(key, at, step, first, elements);
            f(first, elements);
        }
    }

    /// The elements of a stream from `first` on, where a block begins, and no more than a block.
    fn block_at<F: Field>(&self, key: usize, at: Step, step: u64, first: usize, out: &mut [F]) {
        let mut words = Zeroizing::new([0; BLOCK]);
        let words = &mut words[..2 * out.len().div_ceil(F::PER_BLOCK)];
        self.source.fill(key, at.domain, at.tape, step, first / F::PER_BLOCK * 2, words);
        F::from_random(words, out);
    }

    /// Shares of what each dealer knows, `len` elements each. A dealer passes its secret and by what it is to be multiplied.
    pub(crate) async fn deal<F: Over>(
        &self,
        cx: Cx<'_>,
        at: Step,
        dealers: &[usize],
        secret: Option<(&[F], F)>,
        len: usize,
    ) -> Vec<Elements<F>> {
        self.deal_slice(cx, at, dealers, secret, len, dealers.len()).await
    }

    /// As [`Self::deal`], but the sum over all dealers.
    pub(crate) async fn deal_sum<F: Over>(
        &self,
        cx: Cx<'_>,
        at: Step,
        dealers: &[usize],
        secret: Option<(&[F], F)>,
        len: usize,
    ) -> Elements<F> {
        self.deal_slice(cx, at, dealers, secret, len, 1).await.pop().unwrap_or_default()
    }

    async fn deal_slice<F: Over>(
        &self,
        cx: Cx<'_>,
        at: Step,
        dealers: &[usize],
        secret: Option<(&[F], F)>,
        len: usize,
        results: usize,
    ) -> Vec<Elements<F>> {
        let (known, by) = secret.unwrap_or_default();
        let elements = |first: usize, out: &mut [F]| out.copy_from_slice(&known[first..first + out.len()]);
        let secret = secret.is_some().then_some(Secret { by, elements: &elements });
        self.deal_into(cx, at, dealers, secret, len, results).await
    }

    async fn deal_into<F: Over>(
        &self,
        cx: Cx<'_>,
        at: Step,
        dealers: &[usize],
        secret: Option<Secret<'_, F>>,
        len: usize,
        results: usize,
    ) -> Vec<Elements<F>> {
        // Each of the two parties of a key deals under it.
        cx.count_blocks(2 * (len.div_ceil(F::PER_BLOCK) as u64 + 1));
        let bytes = len * F::BYTES;
        let dealing = RefCell::new(Dealing::new(self, at, dealers, secret, len, results));
        let mut produce: Vec<_> = self
            .told_by(dealers)
            .enumerate()
            .map(|(n, party)| {
                let dealing = &dealing;
                (party, move |_: usize, out: &mut [u8]| dealing.borrow_mut().send(n, out))
            })
            .collect();
        let heard = dealers.iter().enumerate().filter(|(_, dealer)| self.behind(**dealer) > self.threshold);
        let mut consume: Vec<_> = heard
            .map(|(k, dealer)| {
                let (dealing, result) = (&dealing, if results == 1 { 0 } else { k });
                let read = move |at: usize, bytes: &[u8]| dealing.borrow_mut().receive(result, at / F::BYTES, bytes);
                (*dealer, read)
            })
            .collect();
        let mut sends: Vec<_> = produce.iter_mut().map(|(to, produce)| Outgoing::new(*to, bytes, produce)).collect();
        let mut receives: Vec<_> =
            consume.iter_mut().map(|(from, consume)| Incoming::new(*from, bytes, consume)).collect();
        cx.exchange(&mut sends, &mut receives).await;
        drop((sends, receives));
        drop((produce, consume));
        let mut dealing = dealing.into_inner();
        // A party that sends nothing has made nothing yet.
        dealing.finish();
        dealing.into_shares()
    }

    /// Shares of degree t of what the first 2t + 1 parties hold shares of degree 2t of: each shares its own anew, times its coefficient, and all are added up. One
    /// round, n − t − 1 elements from each of the 2t + 1.
    pub(crate) async fn reduce<F: Over>(
        &self,
        cx: Cx<'_>,
        at: Step,
        own: &dyn Fn(usize, &mut [F]),
        len: usize,
    ) -> Elements<F> {
        let dealers: Vec<usize> = (0..=2 * self.threshold).collect();
        let by = F::points(self).product().get(self.me).copied().unwrap_or_default();
        let secret = Secret { by, elements: own };
        self.deal_into(cx, at, &dealers, Some(secret), len, 1).await.pop().unwrap_or_default()
    }
}
