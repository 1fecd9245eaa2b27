//! Opening: party i hears the shares of the t parties after it, which with its own determine the polynomial. One round, t elements a lane from each party.

use super::Shamir;
use super::deal::Over;
use super::share::Elements;
use crate::executor::Cx;
use crate::keys::Source;
use crate::mal_shamir::Released;
use crate::piece::{Incoming, Outgoing};
use smpc_math::field::P127;
use std::cell::RefCell;

impl<S: Source> Shamir<S> {
    /// What the shares are of, at the parties in `receivers`. In dry mode nothing, however many there are.
    pub(crate) async fn opened<F: Over>(
        &self,
        cx: Cx<'_>,
        own: &[F],
        len: usize,
        receivers: &[usize],
    ) -> Option<Vec<F>> {
        if let Some(guard) = self.guard() {
            return self.opened_by_all(guard, cx, own, len, receivers).await;
        }
        let coefficients = F::points(self).open();
        let learns = receivers.contains(&self.me);
        let mut secret = self.elements(if learns { len } else { 0 });
        if learns && !self.dry {
            F::add_multiple(&mut secret, coefficients[0], own);
        }
        let bytes = len * F::BYTES;
        let before: Vec<usize> =
            self.after(self.parties - self.threshold..self.parties).filter(|party| receivers.contains(party)).collect();
        let produce = |at: usize, out: &mut [u8]| F::to_bytes(&own[at / F::BYTES..], out);
        let mut makers: Vec<_> = before.iter().map(|party| (*party, produce)).collect();
        let secret = RefCell::new(secret);
        let mut takers: Vec<_> = self
            .after(1..self.threshold + 1)
            .zip(&coefficients[1..])
            .filter(|_| learns)
            .map(|(party, coefficient)| {
                let secret = &secret;
                let take = move |at: usize, bytes: &[u8]| {
                    let mut shares = Elements::zeros(bytes.len() / F::BYTES);
                    F::from_bytes(bytes, &mut shares);
                    let first = at / F::BYTES;
                    F::add_multiple(&mut secret.borrow_mut()[first..first + shares.len()], *coefficient, &shares);
                };
                (party, take)
            })
            .collect();
        let mut sends: Vec<_> = makers.iter_mut().map(|(to, make)| Outgoing::new(*to, bytes, make)).collect();
        let mut receives: Vec<_> = takers.iter_mut().map(|(from, take)| Incoming::new(*from, bytes, take)).collect();
        cx.exchange(&mut sends, &mut receives).await;
        drop(sends);
        drop(receives);
        drop(takers);
        learns.then(|| secret.into_inner().to_vec())
    }

    /// What a program reveals: opened to all parties, after everything was verified.
    pub(crate) async fn released<F: Over>(&self, cx: Cx<'_>, own: &[F], len: usize, _: &Released) -> Vec<F> {
        self.opened_to_all(cx, own, len).await
    }

    /// As [`Self::opened`], to all parties.
    pub(crate) async fn opened_to_all<F: Over>(&self, cx: Cx<'_>, own: &[F], len: usize) -> Vec<F> {
        let all: Vec<usize> = (0..self.parties).collect();
        self.opened(cx, own, len, &all).await.unwrap_or_default()
    }

    /// Public numbers that party `owner` tells all others. One round, 64 bits a lane to each.
    pub(crate) async fn tell(&self, cx: Cx<'_>, owner: usize, values: Option<&[i64]>, lanes: usize) -> Vec<i64> {
        let mut heard = vec![0; lanes];
        let bytes = lanes * 8;
        if owner == self.me {
            if let Some(values) = values {
                heard.iter_mut().enumerate().for_each(|(i, heard)| {
                    *heard = if let [one] = values { *one } else { values.get(i).copied().unwrap_or(0) };
                });
            }
            let produce = |at: usize, out: &mut [u8]| {
                out.chunks_exact_mut(8)
                    .zip(&heard[at / 8..])
                    .for_each(|(out, x)| out.copy_from_slice(&x.to_le_bytes()));
            };
            let mut makers: Vec<_> = self.after(1..self.parties).map(|party| (party, produce)).collect();
            let mut sends: Vec<_> = makers.iter_mut().map(|(to, make)| Outgoing::new(*to, bytes, make)).collect();
            cx.exchange(&mut sends, &mut []).await;
            drop(sends);
        } else {
            let mut take = |at: usize, bytes: &[u8]| {
                let words = bytes.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes));
                heard[at / 8..].iter_mut().zip(words).for_each(|(heard, word)| *heard = word);
            };
            cx.exchange(&mut [], &mut [Incoming::new(owner, bytes, &mut take)]).await;
        }
        if let Some(guard) = self.guard() {
            self.echoed(guard, cx, owner, &heard).await;
        }
        heard
    }
}

impl<S: Source> Shamir<S> {
    /// Opened numbers, for those who asked for them; in dry mode zeros.
    pub(crate) fn numbers(&self, opened: &[P127], len: usize) -> Vec<i64> {
        if self.dry { vec![0; len] } else { opened.iter().map(number).collect() }
    }
}

/// The low 64 bits of the number of least magnitude with that residue.
#[allow(
    clippy::cast_possible_truncation,
    reason = "what leaves 64 bits wraps, where the caller has promised nothing else"
)]
fn number(x: &P127) -> i64 {
    x.signed() as i64
}
