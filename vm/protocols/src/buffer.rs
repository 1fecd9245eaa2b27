//! Memory for shares: wiped when dropped, and then kept for the next vector of about that size.
//!
//! A fresh page from the operating system costs more than all that is ever done with it, so long buffers go to a pool of their thread. What lies there is zero.
//! A pool and the buffers in use together are never more than was once in use at the same time.

use crate::workers;
use smpc_math::planes::ROW_WORDS;
use smpc_math::simd;
use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use zeroize::Zeroize;

/// 512 lanes of one plane.
pub type Row = simd::Row;

/// Words from which on a buffer is kept.
const LONG: usize = 4096;
/// Words of a line of the cache.
const LINE: usize = 8;
/// Buffers that a pool keeps at most.
const BUFFERS: usize = 64;

/// Buffers of zeros that nobody uses, the one that has waited longest first.
#[derive(Default)]
struct Pool {
    free: Vec<Vec<u64>>,
    /// Words of those, of the long buffers that are in use, and the most that ever were.
    idle: usize,
    used: usize,
    peak: usize,
}

impl Pool {
    /// The smallest buffer that holds `len` words and is not much longer; or none, with room for a fresh one.
    fn take(&mut self, len: usize) -> Option<Vec<u64>> {
        let fits = |(_, buffer): &(usize, &Vec<u64>)| (len..=len + len / 4).contains(&buffer.len());
        let found = self.free.iter().enumerate().filter(fits).min_by_key(|(_, buffer)| buffer.len());
        let buffer = found.map(|(at, _)| at).map(|at| self.free.remove(at));
        self.idle -= buffer.as_ref().map_or(0, Vec::len);
        self.used += buffer.as_ref().map_or(len, Vec::len);
        self.peak = self.peak.max(self.used);
        self.shrink();
        buffer
    }

    fn put(&mut self, buffer: Vec<u64>) {
        // A buffer may come from another thread.
        self.used = self.used.saturating_sub(buffer.len());
        self.idle += buffer.len();
        self.free.push(buffer);
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.free.len() > BUFFERS || (self.idle + self.used > self.peak && !self.free.is_empty()) {
            self.idle -= self.free.remove(0).len();
        }
    }
}

thread_local! {
    static FREE: RefCell<Pool> = RefCell::default();
}

/// Secret words. Long vectors start at a line of the cache, so that no row lies across two.
#[derive(Default)]
pub struct Words {
    /// Zero before `start` and from `start + len` on.
    buffer: Vec<u64>,
    start: usize,
    len: usize,
}

impl Words {
    /// As many zeros.
    #[must_use]
    pub fn zeros(len: usize) -> Self {
        if len < LONG {
            return Self::new(vec![0; len]);
        }
        let room = len + LINE - 1;
        let pooled = FREE.try_with(|pool| pool.borrow_mut().take(room)).ok().flatten();
        let buffer = pooled.unwrap_or_else(|| vec![0; room]);
        let start = buffer.as_ptr().align_offset(LINE * size_of::<u64>());
        // An address that cannot be had is as good as any.
        Self { start: if start < LINE { start } else { 0 }, buffer, len }
    }

    /// These words, in a buffer that is wiped.
    #[must_use]
    pub fn new(words: Vec<u64>) -> Self {
        Self { start: 0, len: words.len(), buffer: words }
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        workers::each(&mut self.buffer[self.start..self.start + self.len], LONG, LONG, |_, words| words.zeroize());
        if self.buffer.len() >= LONG {
            let buffer = std::mem::take(&mut self.buffer);
            // At the end of a thread its pool may be gone.
            let _ = FREE.try_with(|pool| pool.borrow_mut().put(buffer));
        }
    }
}

impl Clone for Words {
    fn clone(&self) -> Self {
        let mut copy = Self::zeros(self.len());
        workers::each(&mut copy, LONG, LONG, |first, words| words.copy_from_slice(&self[first..first + words.len()]));
        copy
    }
}

impl Deref for Words {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        &self.buffer[self.start..self.start + self.len]
    }
}

impl DerefMut for Words {
    fn deref_mut(&mut self) -> &mut [u64] {
        &mut self.buffer[self.start..self.start + self.len]
    }
}

/// Secret rows of 512 bits.
#[derive(Clone, Default)]
pub struct Rows(Words);

impl Rows {
    /// As many rows of zeros.
    #[must_use]
    pub fn zeros(len: usize) -> Self {
        Self(Words::zeros(len * ROW_WORDS))
    }

    /// These rows, in a buffer that is wiped.
    #[must_use]
    pub fn new(rows: Vec<Row>) -> Self {
        Self(Words::new(rows.into_flattened()))
    }
}

impl From<Words> for Rows {
    /// Words of whole rows.
    fn from(words: Words) -> Self {
        debug_assert!(words.len().is_multiple_of(ROW_WORDS));
        Self(words)
    }
}

impl Deref for Rows {
    type Target = [Row];

    fn deref(&self) -> &[Row] {
        self.0.as_chunks().0
    }
}

impl DerefMut for Rows {
    fn deref_mut(&mut self) -> &mut [Row] {
        self.0.as_chunks_mut().0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_come_back_as_zeros() {
        let mut words = Words::zeros(10_000);
        words.fill(7);
        let address = words.as_ptr();
        assert_eq!(address.align_offset(64), 0);
        drop(words);
        let again = Words::zeros(9_000);
        assert_eq!(again.as_ptr(), address);
        assert!(again.iter().all(|word| *word == 0) && again.len() == 9_000);
        drop(again);
        let longer = Words::zeros(10_000);
        assert!(longer.iter().all(|word| *word == 0) && longer.as_ptr() == address);
        let other = Words::zeros(5_000);
        assert_ne!(other.as_ptr(), address);
    }

    #[test]
    fn a_pool_is_never_more_than_was_used() {
        let sum = || {
            FREE.with(|pool| {
                let pool = pool.borrow();
                assert!(pool.free.len() <= BUFFERS && pool.idle + pool.used <= pool.peak);
                assert_eq!(pool.idle, pool.free.iter().map(Vec::len).sum::<usize>());
                (pool.idle, pool.used, pool.peak)
            })
        };
        let many: Vec<Words> = (0..100).map(|i| Words::zeros(LONG + i)).collect();
        let (_, used, _) = sum();
        assert!(used >= 100 * LONG);
        drop(many);
        assert_eq!(sum().1, 0);
        // Longer than all that wait: those make way.
        let long = Words::zeros(used - LONG - LINE);
        assert!(sum().0 <= LONG + LINE && sum().2 == used);
        drop(long);
        drop(Words::zeros(2 * used));
        assert_eq!(sum().2, 2 * used + LINE - 1);
    }
}
