//! One dealing at one party: what it deals, and its shares of what others deal, made window by window as the messages go out. What a window takes stays in the
//! cache, and no message is there whole, unless one of several peers takes it much more slowly than another one.

use super::Shamir;
use super::deal::{Over, Secret, Step, block};
use super::share::Elements;
use crate::keys::Source;
use crate::queue::Queue;
use crate::tick::CHUNK;
use std::ops::Range;

/// A dealing of `len` elements at one party.
pub(super) struct Dealing<'x, S, F: Over> {
    party: &'x Shamir<S>,
    at: Step,
    len: usize,
    /// What this party deals.
    own: Option<Own<'x, F>>,
    /// Those who deal without a word to this party, each with the result that its shares belong to.
    silent: Vec<(usize, usize)>,
    /// A vector a dealer, or their sum.
    shares: Vec<Elements<F>>,
    /// Elements that are made.
    made: usize,
    /// A block of elements as they are drawn, and as they are sent.
    drawn: Elements<F>,
    value: Elements<F>,
}

/// What a dealer deals.
struct Own<'x, F: Over> {
    secret: &'x dyn Fn(usize, &mut [F]),
    /// With whom it shares the numbers that determine the polynomials beside the secret; a block of the secret, and then one of each of these.
    with: Vec<usize>,
    known: Vec<Elements<F>>,
    /// Whom it sends to.
    targets: Vec<Target<F>>,
    /// The coefficients of its own share, and the result that this belongs to.
    itself: (Vec<F>, usize),
}

/// A party that is told its shares.
struct Target<F> {
    /// By what to multiply the secret and each of the shared numbers.
    coefficients: Vec<F>,
    /// Bytes that are made and not yet out.
    ahead: Queue,
}

impl<'x, S: Source, F: Over> Dealing<'x, S, F> {
    /// With as many results as dealers, or one for their sum.
    pub(super) fn new(
        party: &'x Shamir<S>,
        at: Step,
        dealers: &[usize],
        secret: Option<Secret<'x, F>>,
        len: usize,
        results: usize,
    ) -> Self {
        let result = |k: usize| if results == 1 { 0 } else { k };
        let block = if party.dry { 0 } else { block::<F>().min(len) };
        let mine = dealers.iter().position(|dealer| *dealer == party.me);
        debug_assert!(party.dry || mine.is_none() || secret.is_some(), "a dealer has something to deal");
        let own = mine.zip(secret).filter(|_| !party.dry).map(|(k, Secret { by, elements })| {
            let mut targets: Vec<Target<F>> = F::points(party)
                .targets(by)
                .map(|(_, coefficients)| Target { coefficients, ahead: Queue::default() })
                .collect();
            let itself = targets.pop().map_or_else(Vec::new, |target| target.coefficients);
            let with: Vec<usize> = party.after(1..party.threshold + 1).collect();
            let known = (0..=with.len()).map(|_| Elements::zeros(block)).collect();
            Own { secret: elements, with, known, targets, itself: (itself, result(k)) }
        });
        let silent =
            dealers.iter().enumerate().filter(|(_, dealer)| (1..=party.threshold).contains(&party.behind(**dealer)));
        Self {
            party,
            at,
            len,
            own,
            silent: silent.map(|(k, dealer)| (*dealer, result(k))).collect(),
            shares: (0..results).map(|_| party.elements(len)).collect(),
            made: 0,
            drawn: Elements::zeros(block),
            value: Elements::zeros(block),
        }
    }

    /// Makes the next window. The bytes of the message whose number stands in `direct` go there, as they are asked for right now, those of all others to their queues.
    fn advance(&mut self, direct: Option<(usize, &mut [u8])>) {
        let end = (self.made + CHUNK / F::BYTES).min(self.len);
        let (number, out) = direct.unwrap_or((usize::MAX, &mut []));
        let start = self.made;
        for first in (start..end).step_by(block::<F>()) {
            let at = first..end.min(first + block::<F>());
            self.deal(at.clone(), start, number, out);
            for (dealer, result) in &self.silent {
                let drawn = &mut self.drawn[..at.len()];
                self.party.drawn(*dealer, *dealer, self.at, first, drawn);
                F::add_multiple(&mut self.shares[*result][at.clone()], F::ONE, drawn);
            }
        }
        self.made = end;
    }

    /// The values of this dealer's polynomials at some lanes.
    fn deal(&mut self, at: Range<usize>, start: usize, number: usize, direct: &mut [u8]) {
        let Some(own) = &mut self.own else { return };
        let (first, count) = (at.start, at.len());
        if let Some((secret, shared)) = own.known.split_first_mut() {
            (own.secret)(first, &mut secret[..count]);
            for (with, shared) in own.with.iter().zip(shared) {
                self.party.drawn(*with, self.party.me, self.at, first, &mut shared[..count]);
            }
        }
        let terms = |coefficients: &[F]| -> Vec<(F, &[F])> {
            coefficients.iter().zip(&own.known).map(|(c, known)| (*c, &known[..count])).collect()
        };
        let (itself, result) = &own.itself;
        F::add_combination(&mut self.shares[*result][at], &terms(itself));
        for (n, target) in own.targets.iter_mut().enumerate() {
            let value = &mut self.value[..count];
            value.fill(F::default());
            F::add_combination(value, &terms(&target.coefficients));
            let bytes = count * F::BYTES;
            if n == number {
                F::to_bytes(value, &mut direct[(first - start) * F::BYTES..][..bytes]);
            } else {
                F::to_bytes(value, target.ahead.space(bytes));
                target.ahead.keep(bytes);
            }
        }
    }

    /// Makes all that is left.
    pub(super) fn finish(&mut self) {
        while self.made < self.len && !self.party.dry {
            self.advance(None);
        }
    }

    /// The next bytes of a message.
    pub(super) fn send(&mut self, number: usize, out: &mut [u8]) {
        loop {
            // Only of a dealer are bytes asked for, and of as many messages as it has targets.
            let Some(target) = self.own.as_mut().and_then(|own| own.targets.get_mut(number)) else { return };
            if target.ahead.take(out) {
                return;
            }
            if target.ahead.len() == 0 && out.len() == CHUNK.min((self.len - self.made) * F::BYTES) {
                return self.advance(Some((number, out)));
            }
            self.advance(None);
        }
    }

    /// Adds what another dealer has sent.
    pub(super) fn receive(&mut self, result: usize, first: usize, bytes: &[u8]) {
        for (n, bytes) in bytes.chunks(block::<F>() * F::BYTES).enumerate() {
            let (first, count) = (first + n * block::<F>(), bytes.len() / F::BYTES);
            let heard = &mut self.value[..count];
            F::from_bytes(bytes, heard);
            F::add_multiple(&mut self.shares[result][first..first + count], F::ONE, heard);
        }
    }

    pub(super) fn into_shares(self) -> Vec<Elements<F>> {
        self.shares
    }
}
