//! Openings and public values, where up to t parties lie.

use super::Guard;
use crate::error::Error;
use crate::executor::Cx;
use crate::keys::Source;
use crate::piece::{Incoming, Outgoing};
use crate::shamir::{Elements, Over, Shamir};
use blake3::Hasher;
use std::cell::RefCell;
use subtle::ConstantTimeEq as _;

impl<S: Source> Shamir<S> {
    /// What the shares are of, at the parties in `receivers`: those hear the shares of all others, and stop before they send anything else if these do not lie on a polynomial of degree t. The t + 1 honest ones
    /// determine it, so that no lie fits (PROTOCOLS R3). One round, an element a lane from each party to each receiver.
    ///
    /// For what may be opened before it is verified: what a mask hides that nobody knows and that hides nothing else.
    pub(crate) async fn opened_by_all<F: Over>(
        &self,
        guard: &Guard,
        cx: Cx<'_>,
        own: &[F],
        len: usize,
        receivers: &[usize],
    ) -> Option<Vec<F>> {
        let (parties, threshold) = (self.parties, self.threshold);
        let learns = receivers.contains(&self.me);
        let (open, checks) = (F::points(self).open(), &F::side(guard).check);
        let size = if learns { len } else { 0 };
        // The secret, and for each party beyond the t + 1 that it follows from what its share is less than it should be.
        let mut sums: Vec<Elements<F>> = (0..=threshold).map(|_| self.elements(size)).collect();
        let coefficient = |sum: usize, k: usize| match (sum, k) {
            (0, k) => open.get(k).copied().unwrap_or_default(),
            (sum, k) if k <= threshold => checks[sum - 1][k],
            (sum, k) if sum + threshold == k => F::default().sub(F::ONE),
            _ => F::default(),
        };
        if learns && !self.dry {
            sums.iter_mut().enumerate().for_each(|(sum, to)| F::add_multiple(to, coefficient(sum, 0), own));
        }
        let bytes = len * F::BYTES;
        let produce = |at: usize, out: &mut [u8]| F::to_bytes(&own[at / F::BYTES..], out);
        let mut makers: Vec<_> =
            self.after(1..parties).filter(|party| receivers.contains(party)).map(|party| (party, produce)).collect();
        let sums = RefCell::new(sums);
        let mut takers: Vec<_> = self
            .after(1..parties)
            .zip(1..)
            .filter(|_| learns)
            .map(|(party, k)| {
                let sums = &sums;
                let take = move |at: usize, bytes: &[u8]| {
                    let mut shares = Elements::zeros(bytes.len() / F::BYTES);
                    F::from_bytes(bytes, &mut shares);
                    let first = at / F::BYTES;
                    for (sum, to) in sums.borrow_mut().iter_mut().enumerate() {
                        let c = coefficient(sum, k);
                        if c != F::default() {
                            F::add_multiple(&mut to[first..first + shares.len()], c, &shares);
                        }
                    }
                };
                (party, take)
            })
            .collect();
        let mut sends: Vec<_> = makers.iter_mut().map(|(to, make)| Outgoing::new(*to, bytes, make)).collect();
        let mut receives: Vec<_> = takers.iter_mut().map(|(from, take)| Incoming::new(*from, bytes, take)).collect();
        cx.exchange(&mut sends, &mut receives).await;
        drop((sends, receives));
        drop(takers);
        let mut sums = sums.into_inner().into_iter();
        let secret = sums.next().unwrap_or_default();
        let fits = sums.all(|rest| rest.iter().all(|x| *x == F::default()));
        #[cfg(test)]
        let fits = fits || guard.trust.openings;
        self.stop_unless(cx, fits).await;
        learns.then(|| secret.to_vec())
    }

    /// What each of some parties, of whom this is one, tells all others: as many bytes as this one. One round.
    pub(crate) async fn told_one_another(&self, cx: Cx<'_>, others: &[usize], own: &[u8]) -> Vec<Vec<u8>> {
        let mut heard = vec![vec![0; own.len()]; others.len()];
        let say = |at: usize, out: &mut [u8]| out.copy_from_slice(&own[at..at + out.len()]);
        let mut say: Vec<_> = others.iter().map(|to| (*to, say)).collect();
        let mut hear: Vec<_> = others
            .iter()
            .zip(&mut heard)
            .map(|(from, heard)| {
                (*from, move |at: usize, bytes: &[u8]| heard[at..at + bytes.len()].copy_from_slice(bytes))
            })
            .collect();
        let mut sends: Vec<_> = say.iter_mut().map(|(to, say)| Outgoing::new(*to, own.len(), say)).collect();
        let mut receives: Vec<_> = hear.iter_mut().map(|(from, hear)| Incoming::new(*from, own.len(), hear)).collect();
        cx.exchange(&mut sends, &mut receives).await;
        drop((sends, receives));
        drop(hear);
        heard
    }

    /// Holds what an owner has told all others against what it has told them: all compare. One round, 32 bytes from each party but the owner to each other.
    pub(crate) async fn echoed(&self, guard: &Guard, cx: Cx<'_>, owner: usize, values: &[i64]) {
        if owner == self.me {
            return cx.idle().await;
        }
        let mut hasher = Hasher::new_derive_key("smpc mal-shamir 2026-11-28 public value");
        hasher.update(&guard.session);
        let tape = cx.tape();
        for number in [u64::from(tape.epoch()), tape.instance(), tape.step(0), owner as u64, values.len() as u64] {
            hasher.update(&number.to_le_bytes());
        }
        values.iter().for_each(|value| {
            hasher.update(&value.to_le_bytes());
        });
        let own = *hasher.finalize().as_bytes();
        let others: Vec<usize> = self.after(1..self.parties).filter(|party| *party != owner).collect();
        let heard = self.told_one_another(cx, &others, &own).await;
        if self.dry {
            return;
        }
        let differs = others.iter().zip(&heard).find(|(_, heard)| !bool::from(heard.ct_eq(&own)));
        #[cfg(test)]
        let differs = differs.filter(|_| !guard.trust.openings);
        if let Some((other, _)) = differs {
            cx.executor().fail(Error::Differ { parties: vec![owner.min(*other), owner.max(*other)] });
            std::future::pending::<()>().await;
        }
    }

    /// Goes on only if what all others say fits: else one of them cheats, the run ends, and this never comes back.
    pub(crate) async fn stop_unless(&self, cx: Cx<'_>, fits: bool) {
        if !fits {
            let parties = (0..self.parties).filter(|party| *party != self.me).collect();
            cx.executor().fail(Error::Differ { parties });
            std::future::pending::<()>().await;
        }
    }
}
