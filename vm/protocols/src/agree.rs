//! Keys that more than two parties hold. None of them may settle one alone: each holder contributes 32 bytes, the key is the hash of all of them, and before its first use the holders
//! compare hashes of it (the seed of one party alone was a weakness of an earlier implementation, mended in 2026; PROTOCOLS R11).

use crate::error::Error;
use crate::executor::Executor;
use crate::piece::{Incoming, Outgoing};
use blake3::Hasher;
use smpc_math::prf::Key;
use std::collections::BTreeMap;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Bytes of a contribution.
const BYTES: usize = 32;

/// What goes to or comes from one peer: a string of bytes for each key that both hold.
type Strings = Zeroizing<Vec<u8>>;

/// Who holds each key, in ascending order, and what the hashes are bound to.
pub(crate) struct Agreement<'x> {
    pub(crate) holders: &'x [Vec<usize>],
    /// The contexts of a key and of its confirmation.
    pub(crate) contexts: [&'static str; 2],
    pub(crate) session: [u8; 32],
}

impl Agreement<'_> {
    /// Agrees on the keys that this party holds, to each of which it contributes fresh random bytes: `own`, key by key. Two rounds, 32 bytes for each key that two parties hold from either to the
    /// other in both.
    ///
    /// # Errors
    /// Those of a link, and [`Error::Differ`] where another holder says that it has another key: one of the holders cheats.
    pub(crate) fn agree(&self, executor: &Executor, own: &[Key]) -> Result<Vec<(usize, Key)>, Error> {
        let me = executor.me();
        executor.run(async {
            let part = |key: usize| own.get(key).map_or([0; BYTES], |key| *key.bytes());
            let heard = self.trade(executor, &|peer| strings(self.common(me, peer).map(part))).await;
            let mut keys = BTreeMap::new();
            for (key, holders) in self.holders.iter().enumerate().filter(|(_, holders)| holders.contains(&me)) {
                let mut hasher = Hasher::new_derive_key(self.contexts[0]);
                hasher.update(&self.session);
                hasher.update(&(key as u64).to_le_bytes());
                for holder in holders {
                    match heard.get(holder) {
                        Some(heard) => {
                            let at = self.common(me, *holder).position(|other| other == key).unwrap_or(0);
                            hasher.update(&heard[at * BYTES..(at + 1) * BYTES]);
                        }
                        None => {
                            hasher.update(&part(key));
                        }
                    }
                }
                keys.insert(key, Zeroizing::new(*hasher.finalize().as_bytes()));
            }
            let confirmation = |key: usize| {
                let mut hasher = Hasher::new_derive_key(self.contexts[1]);
                hasher.update(&keys.get(&key).map_or([0; BYTES], |key| **key));
                *hasher.finalize().as_bytes()
            };
            let said = |peer: usize| strings(self.common(me, peer).map(confirmation));
            let heard = self.trade(executor, &said).await;
            for (peer, heard) in heard.iter().filter(|_| !executor.is_dry()) {
                let own = said(*peer);
                let parts = heard.chunks_exact(BYTES).zip(own.chunks_exact(BYTES));
                for (key, (heard, own)) in self.common(me, *peer).zip(parts) {
                    if !bool::from(heard.ct_eq(own)) {
                        // Who contributed one thing here and another one there, or who says that it is another key.
                        let parties = self.holders[key].iter().copied().filter(|party| *party != me).collect();
                        executor.fail(Error::Differ { parties });
                    }
                }
            }
            keys.iter().map(|(key, bytes)| (*key, Key::new(**bytes))).collect()
        })
    }

    /// The keys that two parties hold, in order.
    fn common(&self, a: usize, b: usize) -> impl Iterator<Item = usize> {
        let holders = self.holders.iter().enumerate();
        holders.filter(move |(_, holders)| holders.contains(&a) && holders.contains(&b)).map(|(key, _)| key)
    }

    /// One round in which each party tells each other one what `said` says.
    async fn trade(&self, executor: &Executor, said: &impl Fn(usize) -> Strings) -> BTreeMap<usize, Strings> {
        let me = executor.me();
        let peers = self.holders.iter().filter(|holders| holders.contains(&me)).flatten().filter(|peer| **peer != me);
        let mut heard: BTreeMap<usize, Strings> =
            peers.map(|peer| (*peer, Zeroizing::new(vec![0; self.common(me, *peer).count() * BYTES]))).collect();
        let mut writers: Vec<_> = heard
            .keys()
            .map(|peer| {
                let all = said(*peer);
                let len = all.len();
                (*peer, len, move |at: usize, out: &mut [u8]| out.copy_from_slice(&all[at..at + out.len()]))
            })
            .collect();
        let mut readers: Vec<_> = heard
            .iter_mut()
            .map(|(peer, heard)| {
                let len = heard.len();
                (*peer, len, move |at: usize, bytes: &[u8]| heard[at..at + bytes.len()].copy_from_slice(bytes))
            })
            .collect();
        let mut sends: Vec<_> = writers.iter_mut().map(|(to, len, write)| Outgoing::new(*to, *len, write)).collect();
        let mut receives: Vec<_> =
            readers.iter_mut().map(|(from, len, read)| Incoming::new(*from, *len, read)).collect();
        executor.gate(0).exchange(&mut sends, &mut receives).await;
        drop((sends, receives));
        drop(readers);
        heard
    }
}

fn strings(parts: impl Iterator<Item = [u8; BYTES]>) -> Strings {
    // As long as it gets from the start: growing would leave a copy behind.
    let mut all = Zeroizing::new(Vec::with_capacity(parts.size_hint().1.unwrap_or(0) * BYTES));
    parts.for_each(|part| all.extend_from_slice(&part));
    all
}
