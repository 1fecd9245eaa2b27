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
    std::thread::scope(|scope| {
        let running: Vec<_> = memory_wires(3)
            .into_iter()
            .enumerate()
            .map(|(me, wire)| {
                let party = &party;
                scope.spawn(move || party(&Rep3::new(me, Mixed(seed)), &Executor::new(me, 3, seed, 0, Box::new(wire))))
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap_or(Err(Error::Internal("a party panicked")))).collect()
    })
}
