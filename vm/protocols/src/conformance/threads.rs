//! Three parties of `rep3` as threads of this process.

use super::memory::memory_wires;
use super::source::Mixed;
use crate::error::Error;
use crate::executor::Executor;
use crate::rep3::Rep3;

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

/// Runs `party(number, executor)` in each of three threads and returns their results in order.
///
/// # Errors
/// The first party's error.
pub fn three_threads<T: Send>(
    session: u64,
    party: impl Fn(usize, &Executor) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    std::thread::scope(|scope| {
        let running: Vec<_> = memory_wires(3)
            .into_iter()
            .enumerate()
            .map(|(me, wire)| {
                let party = &party;
                scope.spawn(move || party(me, &Executor::new(me, 3, session, 0, Box::new(wire))))
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap_or(Err(Error::Internal("a party panicked")))).collect()
    })
}
