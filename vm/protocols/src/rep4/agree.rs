//! The keys of the components. K_j is known to the three parties that hold component j, so no two of them may settle it alone: each of the three contributes 32
//! bytes, K_j is the hash of all of them, and before its first use the holders compare hashes of it (the seed of one party alone was a weakness of an earlier
//! implementation, mended in 2026; PROTOCOLS R11).

use super::PARTIES;
use crate::error::Error;
use crate::executor::Executor;
use crate::keys::Keys;
use crate::piece::{Incoming, Outgoing};
use blake3::Hasher;
use smpc_math::prf::Key;
use std::collections::BTreeMap;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Bytes of a contribution.
const BYTES: usize = 32;

/// What a party contributes to each key that it holds: fresh random bytes by component; those of its own number are not used.
pub type Contributions = [Key; PARTIES];

/// What goes to or comes from one peer: a string of bytes for each of the two components that both hold.
type Pair = Zeroizing<[u8; 2 * BYTES]>;

/// The components that two parties hold, in order.
fn common(a: usize, b: usize) -> impl Iterator<Item = usize> {
    (0..PARTIES).filter(move |component| *component != a && *component != b)
}

/// Agrees on the keys of a session. Two rounds, 64 bytes from each party to each other one in both.
///
/// # Errors
/// Those of a link, and [`Error::Differ`] where another holder says that it has another key: one of the two cheats.
pub fn agree(executor: &Executor, session: [u8; 32], own: &Contributions) -> Result<Keys, Error> {
    let me = executor.me();
    executor.run(async {
        let part = |component: usize| *own[component].bytes();
        let heard = trade(executor, &|peer| pair(common(me, peer).map(part))).await;
        let mut keys = BTreeMap::new();
        for component in (0..PARTIES).filter(|component| *component != me) {
            let mut hasher = Hasher::new_derive_key("smpc rep4 2026-11-27 key of a component");
            hasher.update(&session);
            hasher.update(&(component as u64).to_le_bytes());
            for holder in (0..PARTIES).filter(|holder| *holder != component) {
                match heard.get(&holder) {
                    Some(heard) => {
                        let at = common(me, holder).position(|other| other == component).unwrap_or(0);
                        hasher.update(&heard[at * BYTES..(at + 1) * BYTES]);
                    }
                    None => {
                        hasher.update(&part(component));
                    }
                }
            }
            keys.insert(component, Zeroizing::new(*hasher.finalize().as_bytes()));
        }
        let confirmation = |component: usize| {
            let mut hasher = Hasher::new_derive_key("smpc rep4 2026-11-27 confirmation of a component's key");
            hasher.update(&keys.get(&component).map_or([0; BYTES], |key| **key));
            *hasher.finalize().as_bytes()
        };
        let said = |peer: usize| pair(common(me, peer).map(confirmation));
        let heard = trade(executor, &said).await;
        for (peer, heard) in heard.iter().filter(|_| !executor.is_dry()) {
            let own = said(*peer);
            let parts = heard.chunks_exact(BYTES).zip(own.chunks_exact(BYTES));
            for (component, (heard, own)) in common(me, *peer).zip(parts) {
                if !bool::from(heard.ct_eq(own)) {
                    // Who contributed to it one thing here and another one there, or who says that it is another one.
                    let third = (0..PARTIES).find(|party| ![component, me, *peer].contains(party)).unwrap_or(*peer);
                    executor.fail(Error::Differ { parties: [third.min(*peer), third.max(*peer)] });
                }
            }
        }
        Keys::new(keys.iter().map(|(component, key)| (*component, Key::new(**key))), session)
    })
}

fn pair(parts: impl Iterator<Item = [u8; BYTES]>) -> Pair {
    let mut all = Zeroizing::new([0; 2 * BYTES]);
    all.chunks_exact_mut(BYTES).zip(parts).for_each(|(to, part)| to.copy_from_slice(&part));
    all
}

/// One round in which each party tells each other one what `said` says.
async fn trade(executor: &Executor, said: &impl Fn(usize) -> Pair) -> BTreeMap<usize, Pair> {
    let me = executor.me();
    let mut heard: BTreeMap<usize, Pair> =
        (0..PARTIES).filter(|peer| *peer != me).map(|peer| (peer, Zeroizing::new([0; 2 * BYTES]))).collect();
    let mut writers: Vec<_> = heard
        .keys()
        .map(|peer| {
            let all = said(*peer);
            (*peer, move |at: usize, out: &mut [u8]| out.copy_from_slice(&all[at..at + out.len()]))
        })
        .collect();
    let mut readers: Vec<_> = heard
        .iter_mut()
        .map(|(peer, heard)| (*peer, move |at: usize, bytes: &[u8]| heard[at..at + bytes.len()].copy_from_slice(bytes)))
        .collect();
    let mut sends: Vec<_> = writers.iter_mut().map(|(to, write)| Outgoing::new(*to, 2 * BYTES, write)).collect();
    let mut receives: Vec<_> = readers.iter_mut().map(|(from, read)| Incoming::new(*from, 2 * BYTES, read)).collect();
    executor.gate(0).exchange(&mut sends, &mut receives).await;
    drop((sends, receives));
    drop(readers);
    heard
}
