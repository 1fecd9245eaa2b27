//! Parties of a protocol as threads of this process.

use super::memory::memory_wires;
use super::source::Mixed;
use crate::error::Error;
use crate::executor::Executor;
use crate::mal_rep3::MalRep3;
use crate::mal_shamir;
use crate::rep3::Rep3;
use crate::rep4::Rep4;
use crate::shamir::Shamir;

/// Runs `party(protocol, executor)` at each of three parties and returns their results in order.
///
/// # Errors
/// The first party's error.
pub fn rep3_threads<T: Send>(
    seed: u64,
    party: impl Fn(&Rep3<Mixed>, &Executor) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    three_threads(seed, |me, executor| party(&Rep3::new(me, Mixed(seed)), executor))
}

/// As [`rep3_threads`], for `parties` parties of `shamir`.
///
/// # Errors
/// The first party's error.
pub fn shamir_threads<T: Send>(
    (parties, threshold): (usize, usize),
    seed: u64,
    party: impl Fn(&Shamir<Mixed>, &Executor) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    threads(parties, seed, |me, executor| party(&Shamir::new(me, parties, threshold, Mixed(seed)), executor))
}

/// As [`rep3_threads`], for the four parties of `rep4`.
///
/// # Errors
/// The first party's error.
pub fn rep4_threads<T: Send>(
    seed: u64,
    party: impl Fn(&Rep4<Mixed>, &Executor) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    threads(4, seed, |me, executor| party(&Rep4::new(me, Mixed(seed), [0; 32]), executor))
}

/// As [`rep3_threads`], for `mal-rep3`.
///
/// # Errors
/// The first party's error.
pub fn mal_rep3_threads<T: Send>(
    seed: u64,
    party: impl Fn(&MalRep3<Mixed>, &Executor) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    three_threads(seed, |me, executor| party(&MalRep3::new(me, Mixed(seed), [0; 32]), executor))
}

/// As [`rep3_threads`], for 2t + 1 parties of `mal-shamir`.
///
/// # Errors
/// The first party's error.
pub fn mal_shamir_threads<T: Send>(
    threshold: usize,
    seed: u64,
    party: impl Fn(&Shamir<Mixed>, &Executor) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    let parties = 2 * threshold + 1;
    threads(parties, seed, |me, executor| party(&mal_shamir::party(me, threshold, Mixed(seed), [0; 32]), executor))
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
