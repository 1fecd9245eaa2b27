//! Several threads for a party's work on long vectors: fork and join over blocks of lanes.
//!
//! A party has one thread that polls its computation and its links. Where a vector is long, that thread cuts it in runs of whole blocks of 512 lanes and has the
//! threads of its pool work on them side by side; it works along and goes on once all are done. How many threads there are is this machine's own affair: a block's
//! masks are those of its address (see [`smpc_math::prf`]), what a message holds and when it is sent does not depend on who has computed it, and sums are
//! modulo 2^64, so that every share, frame, round and byte is the same for every number of threads, and parties need not have as many.
//!
//! The pool belongs to the thread that [`start`]s it, like the buffers of its shares. On every other thread, and before that, all work is done in place, at the price
//! of looking up one number. Nothing here sends, waits for a peer, or takes a lock while lanes are worked on.

use crate::error::Error;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use smpc_math::planes::ROW_LANES;
use std::cell::{Cell, OnceCell};
use std::marker::PhantomData;
use std::ops::Range;

/// Most threads that a party can be given.
pub const MOST_THREADS: usize = 1024;
/// Work that is worth a part of its own, in steps: what a kernel does to a word that is in the cache, about a nanosecond. A fork and join takes some thousands.
pub const GRAIN: usize = 16_384;
/// Lanes of a block, where runs of lanes are cut: each then begins with a whole block of randomness.
pub(crate) const UNIT: usize = ROW_LANES;
/// Parts for each thread, so that one that was held up keeps nobody waiting for long.
const PARTS: usize = 4;

thread_local! {
    static POOL: OnceCell<ThreadPool> = const { OnceCell::new() };
    static HERE: Cell<Here> = const { Cell::new(ALONE) };
}

/// What the current thread may fork.
#[derive(Clone, Copy)]
struct Here {
    threads: usize,
    grain: usize,
}

const ALONE: Here = Here { threads: 1, grain: GRAIN };

/// As long as it lives, long vectors of computations on this thread are worked on by several threads.
#[derive(Debug)]
pub struct Workers {
    /// It is this thread's.
    _here: PhantomData<*const ()>,
}

impl Drop for Workers {
    fn drop(&mut self) {
        HERE.set(ALONE);
    }
}

/// Gives this thread `threads` in all, itself among them: from 1, which is as if it had not been called, to [`MOST_THREADS`].
///
/// # Errors
/// Where the system has no more threads, and where this thread was given another number before.
pub fn start(threads: usize) -> Result<Workers, Error> {
    start_with_grain(threads, GRAIN)
}

/// As [`start`], where a part is worth a fork from `grain` steps of work on; for tests, which have short vectors.
///
/// # Errors
/// As [`start`].
pub fn start_with_grain(threads: usize, grain: usize) -> Result<Workers, Error> {
    if threads > 1 {
        POOL.with(|pool| {
            if pool.get().is_none() {
                let name = |n| format!("worker {n}");
                let built =
                    ThreadPoolBuilder::new().num_threads(threads).use_current_thread().thread_name(name).build();
                // Only this thread sets it, and it was not set.
                let _ = pool.set(built.map_err(|_| Error::Internal("there are no threads for a party's work"))?);
            }
            match pool.get() {
                Some(pool) if pool.current_num_threads() == threads => Ok(()),
                _ => Err(Error::Internal("a thread cannot change the number of its workers")),
            }
        })?;
    }
    HERE.set(Here { threads, grain: grain.max(1) });
    Ok(Workers { _here: PhantomData })
}

/// The threads of the computation on this thread, itself among them.
pub(crate) fn threads() -> usize {
    HERE.get().threads
}

/// Units of a part where `units` of them take `work` steps each; all of them where that is not worth a fork.
fn part(units: usize, work: usize) -> usize {
    let Here { threads, grain } = HERE.get();
    if threads == 1 {
        return units.max(1);
    }
    let worth = units.saturating_mul(work) / grain;
    units.div_ceil(worth.clamp(1, threads * PARTS)).max(1)
}

/// How many items to make when so many are wanted and `made` of `all` are there: no more than those where one thread makes them, else whole units of
/// `unit` items for all threads. An item takes `work` steps.
pub(crate) fn ahead(made: usize, wanted: usize, all: usize, unit: usize, work: usize) -> usize {
    let Here { threads, grain } = HERE.get();
    if threads == 1 || wanted <= made {
        return wanted;
    }
    let window = (grain * threads * PARTS).div_ceil(work.max(1)).next_multiple_of(unit);
    wanted.max(made.saturating_add(window)).min(all)
}

/// Has `each(first, items)` work on all items of a vector, in runs of whole units of `unit` items whose place in the vector it is told. A unit takes `work` steps.
pub(crate) fn each<T: Send>(all: &mut [T], unit: usize, work: usize, each: impl Fn(usize, &mut [T]) + Sync) {
    let unit = unit.max(1);
    let part = part(all.len().div_ceil(unit), work) * unit;
    if part >= all.len() {
        return each(0, all);
    }
    all.par_chunks_mut(part).enumerate().for_each(|(n, items)| each(n * part, items));
}

/// As [`each`], for two vectors of one length.
pub(crate) fn each2<T: Send>(
    (a, b): (&mut [T], &mut [T]),
    unit: usize,
    work: usize,
    each: impl Fn(usize, &mut [T], &mut [T]) + Sync,
) {
    debug_assert_eq!(a.len(), b.len());
    let unit = unit.max(1);
    let part = part(a.len().div_ceil(unit), work) * unit;
    if part >= a.len() {
        return each(0, a, b);
    }
    a.par_chunks_mut(part).zip(b.par_chunks_mut(part)).enumerate().for_each(|(n, (a, b))| each(n * part, a, b));
}

/// Σ `of(items)` over the runs of whole units of 512 that `items` are cut in, modulo 2^64. An item takes `work` steps.
pub(crate) fn sum(items: usize, work: usize, of: impl Fn(Range<usize>) -> u64 + Sync) -> u64 {
    let part = part(items.div_ceil(UNIT), UNIT.saturating_mul(work)) * UNIT;
    if part >= items {
        return of(0..items);
    }
    let parts = (0..items.div_ceil(part)).into_par_iter();
    parts.map(|n| of(n * part..items.min((n + 1) * part))).reduce(|| 0, u64::wrapping_add)
}

/// Whether `units` of `work` steps each are too few to fork for.
pub(crate) fn too_few(units: usize, work: usize) -> bool {
    part(units, work) >= units
}

/// What `of` says of each number below `count`, in order. Each takes `work` steps.
pub(crate) fn map<R: Send>(count: usize, work: usize, of: impl Fn(usize) -> R + Sync + Send) -> Vec<R> {
    if too_few(count, work) { (0..count).map(of).collect() } else { (0..count).into_par_iter().map(of).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::Mutex;
    use std::thread;

    /// On a thread of its own, which may have its own pool.
    fn on_a_thread(run: impl FnOnce() + Send) {
        thread::scope(|scope| scope.spawn(run).join()).expect("a test's thread");
    }

    #[test]
    fn every_item_is_worked_on_once_in_whole_units() {
        for (threads, grain) in [(1, 1), (2, 1), (3, 500), (8, 1), (2, GRAIN)] {
            on_a_thread(|| {
                let _workers = start_with_grain(threads, grain).expect("workers");
                for len in [0, 1, 511, 512, 513, 5_000, 100_000] {
                    let (mut a, mut b) = (vec![0_usize; len], vec![0_usize; len]);
                    each(&mut a, 512, 1500, |first, items| {
                        assert!(first % 512 == 0 && (items.len() % 512 == 0 || first + items.len() == len));
                        items.iter_mut().enumerate().for_each(|(i, item)| *item += first + i + 1);
                    });
                    assert!(a.iter().enumerate().all(|(i, item)| *item == i + 1));
                    each2((&mut a, &mut b), 7, 7, |first, a, b| {
                        assert!(first % 7 == 0 && a.len() == b.len());
                        a.iter().zip(b).for_each(|(a, b)| *b += a * 2);
                    });
                    assert!(b.iter().enumerate().all(|(i, item)| *item == 2 * i + 2));
                    let found = sum(len, 1, |items| {
                        items.map(|i| (i as u64).wrapping_mul(u64::MAX / 5)).fold(0, u64::wrapping_add)
                    });
                    assert_eq!(
                        found,
                        (0..len as u64).fold(0_u64, |sum, i| sum.wrapping_add(i.wrapping_mul(u64::MAX / 5)))
                    );
                }
            });
        }
    }

    #[test]
    fn short_vectors_and_other_threads_stay_alone() {
        let threads_of = |len: usize| {
            let seen = Mutex::new(BTreeSet::new());
            each(&mut vec![0_u8; len], 1, 1, |_, _| {
                seen.lock().expect("a lock").insert(format!("{:?}", thread::current().id()));
            });
            seen.into_inner().expect("a lock").len()
        };
        let calls_of = |len: usize| {
            let calls = Mutex::new(0);
            each(&mut vec![0_u8; len], 1, 1, |_, _| *calls.lock().expect("a lock") += 1);
            calls.into_inner().expect("a lock")
        };
        on_a_thread(|| {
            assert_eq!(ahead(10, 20, 1 << 30, UNIT, 1), 20);
            let workers = start(2).expect("workers");
            assert_eq!((threads_of(GRAIN), calls_of(GRAIN)), (1, 1));
            assert_eq!(calls_of(100 * GRAIN), 2 * PARTS);
            assert!(ahead(512, 600, 1 << 30, UNIT, 1) > GRAIN && ahead(10, 20, 30, UNIT, 1) == 30);
            // Work of any size: what is made next begins with a whole block.
            assert!((1..100).all(|work| ahead(512, 600, 1 << 30, UNIT, work).is_multiple_of(UNIT)));
            on_a_thread(|| assert_eq!(calls_of(100 * GRAIN), 1));
            drop(workers);
            assert_eq!(calls_of(100 * GRAIN), 1);
            // The same number again, and no other.
            assert!(start(2).is_ok() && start(3).is_err());
        });
    }
}
