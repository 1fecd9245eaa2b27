//! Parties of a protocol as threads of this process.

use super::memory::memory_wires;
use super::source::key;
use crate::error::Error;
use crate::executor::Executor;
use crate::keys::Keys;
use crate::mal_rep3::{self, MalRep3};
use crate::mal_shamir;
use crate::rep3::{self, Rep3};
use crate::rep4::{self, Rep4};
use crate::shamir::{self, Shamir};
use smpc_math::prf::Key;

/// The session of a test.
fn session(seed: u64) -> [u8; 32] {
    let mut session = [7; 32];
    session[..8].copy_from_slice(&seed.to_le_bytes());
    session
}

/// Party `me` of `rep3` with the keys of a test.
#[must_use]
pub fn rep3_party(me: usize, seed: u64) -> Rep3<Keys> {
    Rep3::new(me, rep3::keys(me, key(seed, me), key(seed, (me + 1) % 3), session(seed)))
}

/// Party `me` of `mal-rep3` with the keys of a test.
#[must_use]
pub fn mal_rep3_party(me: usize, seed: u64) -> MalRep3<Keys> {
    let (own, next, secret) = (key(seed, me), key(seed, (me + 1) % 3), key(seed, 3 + me));
    MalRep3::new(me, mal_rep3::keys(me, own, next, secret, session(seed)), session(seed))
}

/// Party `me` of `rep4` with the keys of a test.
#[must_use]
pub fn rep4_party(me: usize, seed: u64) -> Rep4<Keys> {
    let held =
        (0..rep4::PARTIES).filter(|component| *component != me).map(|component| (component, key(seed, component)));
    Rep4::new(me, Keys::new(held, session(seed)), session(seed))
}

/// The numbers of the keys that a party has with each other one, and of its own, and these.
fn pairwise(me: usize, parties: usize, seed: u64) -> impl Iterator<Item = (usize, Key)> {
    let pair = move |other: usize| key(seed, me.min(other) * parties + me.max(other));
    let others = (0..parties).filter(move |other| *other != me).map(move |other| (other, pair(other)));
    shamir::pairwise(me, pair(me), others)
}

/// Party `me` of `shamir` with the keys of a test.
#[must_use]
pub fn shamir_party(me: usize, (parties, threshold): (usize, usize), seed: u64) -> Shamir<Keys> {
    Shamir::new(me, parties, threshold, Keys::new(pairwise(me, parties, seed), session(seed)))
}

/// Party `me` of `mal-shamir` with the keys of a test.
#[must_use]
pub fn mal_shamir_party(me: usize, threshold: usize, seed: u64) -> Shamir<Keys> {
    let parties = 2 * threshold + 1;
    let of_sets = mal_shamir::keys_of_sets(me, threshold).map(|(set, number)| (number, key(!seed, set)));
    let keys = Keys::new(pairwise(me, parties, seed).chain(of_sets), session(seed));
    mal_shamir::party(me, threshold, keys, session(seed))
}

/// Runs `party(protocol, executor)` at each of three parties and returns their results in order.
///
/// # Errors
/// The first party's error.
pub fn rep3_threads<T: Send>(
    seed: u64,
    party: impl Fn(&Rep3<Keys>, &Executor) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    three_threads(seed, |me, executor| party(&rep3_party(me, seed), executor))
}

/// As [`rep3_threads`], for `parties` parties of `shamir`.
///
/// # Errors
/// The first party's error.
pub fn shamir_threads<T: Send>(
    (parties, threshold): (usize, usize),
    seed: u64,
    party: impl Fn(&Shamir<Keys>, &Executor) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    threads(parties, seed, |me, executor| party(&shamir_party(me, (parties, threshold), seed), executor))
}

/// As [`rep3_threads`], for the four parties of `rep4`.
///
/// # Errors
/// The first party's error.
pub fn rep4_threads<T: Send>(
    seed: u64,
    party: impl Fn(&Rep4<Keys>, &Executor) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    threads(4, seed, |me, executor| party(&rep4_party(me, seed), executor))
}

/// As [`rep3_threads`], for `mal-rep3`.
///
/// # Errors
/// The first party's error.
pub fn mal_rep3_threads<T: Send>(
    seed: u64,
    party: impl Fn(&MalRep3<Keys>, &Executor) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    three_threads(seed, |me, executor| party(&mal_rep3_party(me, seed), executor))
}

/// As [`rep3_threads`], for 2t + 1 parties of `mal-shamir`.
///
/// # Errors
/// The first party's error.
pub fn mal_shamir_threads<T: Send>(
    threshold: usize,
    seed: u64,
    party: impl Fn(&Shamir<Keys>, &Executor) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    let parties = 2 * threshold + 1;
    threads(parties, seed, |me, executor| party(&mal_shamir_party(me, threshold, seed), executor))
}

/// Runs `party(number, executor)` in each of three threads and returns their results in order.
///
/// # Errors
/// The first party's error.
pub fn three_threads<T: Send>(
    session: u64,
    party: impl Fn(usize, &Executor) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    threads(3, session, party)
}

/// As [`three_threads`], for so many parties.
///
/// # Errors
/// The first party's error.
pub fn threads<T: Send>(
    parties: usize,
    session: u64,
    party: impl Fn(usize, &Executor) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    std::thread::scope(|scope| {
        let running: Vec<_> = memory_wires(parties)
            .into_iter()
            .enumerate()
            .map(|(me, wire)| {
                let party = &party;
                scope.spawn(move || party(me, &Executor::new(me, parties, session, 0, Box::new(wire))))
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap_or(Err(Error::Internal("a party panicked")))).collect()
    })
}
