//! Memory for shares: wiped when dropped, and then kept for the next vector of about that size.
//!
//! A fresh page from the operating system costs more than all that is ever done with it, so long buffers go to a pool of their thread, one for each type of elements.
//! What lies there is zero. A pool and the buffers of that type in use together are never more than an eighth above what was once in use at the same time: with nothing to spare a
//! short new buffer would push out a long one, which the next gate needs.

use crate::workers;
use smpc_math::field::{Gf256, P61, P127};
use smpc_math::planes::ROW_WORDS;
use smpc_math::simd;
use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use zerocopy::{FromZeros, IntoBytes};
use zeroize::DefaultIsZeroes;

/// 512 lanes of one plane.
pub type Row = simd::Row;

/// Bytes from which on a buffer is kept.
const LONG: usize = 32 * 1024;
/// Bytes of a line of the cache.
const LINE: usize = 64;
/// Buffers that a pool keeps at most: some hundred of products that `mal-shamir` verifies together, and those of the gates beside it.
const BUFFERS: usize = 256;
/// A pool may have one part in so many more than was ever in use.
const SPARE: usize = 8;

/// Buffers of zeros that nobody uses, the one that has waited longest first.
#[derive(Default)]
pub struct Pool<T> {
    free: Vec<Vec<T>>,
    /// Elements of those, of the long buffers that are in use, and the most that ever were.
    idle: usize,
    used: usize,
    peak: usize,
}

impl<T> Pool<T> {
    /// The smallest buffer that holds `len` elements and is not much longer; or none, with room for a fresh one.
    fn take(&mut self, len: usize) -> Option<Vec<T>> {
        let fits = |(_, buffer): &(usize, &Vec<T>)| (len..=len + len / 4).contains(&buffer.len());
        let found = self.free.iter().enumerate().filter(fits).min_by_key(|(_, buffer)| buffer.len());
        let buffer = found.map(|(at, _)| at).map(|at| self.free.remove(at));
        self.idle -= buffer.as_ref().map_or(0, Vec::len);
        self.used += buffer.as_ref().map_or(len, Vec::len);
        self.peak = self.peak.max(self.used);
        self.shrink();
        buffer
    }

    fn put(&mut self, buffer: Vec<T>) {
        // A buffer may come from another thread.
        self.used = self.used.saturating_sub(buffer.len());
        self.idle += buffer.len();
        self.free.push(buffer);
        self.shrink();
    }

    fn shrink(&mut self) {
        let most = self.peak + self.peak / SPARE;
        while self.free.len() > BUFFERS || (self.idle + self.used > most && !self.free.is_empty()) {
            self.idle -= self.free.remove(0).len();
        }
    }
}

/// What shares are made of: all bits zero is 0, and each thread has a pool for it.
pub trait Pooled: DefaultIsZeroes + FromZeros + IntoBytes + Send + Sync + 'static {
    /// Does something with the pool of this thread; nothing at the end of the thread, when the pool may be gone.
    fn with_pool<R>(f: impl FnOnce(&mut Pool<Self>) -> R) -> Option<R>;
}

/// Gives a type a pool a thread.
macro_rules! pooled {
    ($($element:ty),*) => {$(
        const _: () = {
            thread_local! {
                static FREE: RefCell<Pool<$element>> = RefCell::default();
            }
            impl Pooled for $element {
                fn with_pool<R>(f: impl FnOnce(&mut Pool<Self>) -> R) -> Option<R> {
                    FREE.try_with(|pool| f(&mut pool.borrow_mut())).ok()
                }
            }
        };
    )*};
}

pooled!(u64, P61, P127, Gf256);

/// Secret elements. Long vectors start at a line of the cache, so that no row lies across two.
#[derive(Default)]
pub struct Buffer<T: Pooled> {
    /// Zero before `start` and from `start + len` on.
    buffer: Vec<T>,
    start: usize,
    len: usize,
}

/// Secret words.
pub type Words = Buffer<u64>;

impl<T: Pooled> Buffer<T> {
    /// Elements of a line of the cache.
    const LINE: usize = LINE / size_of::<T>();
    /// Elements from which on a buffer is kept.
    const LONG: usize = LONG / size_of::<T>();

    /// As many zeros.
    #[must_use]
    pub fn zeros(len: usize) -> Self {
        if len < Self::LONG {
            return Self::new(vec![T::default(); len]);
        }
        let room = len + Self::LINE - 1;
        let buffer = T::with_pool(|pool| pool.take(room)).flatten().unwrap_or_else(|| vec![T::default(); room]);
        let start = buffer.as_ptr().align_offset(LINE);
        // An address that cannot be had is as good as any.
        Self { start: if start < Self::LINE { start } else { 0 }, buffer, len }
    }

    /// These elements, in a buffer that is wiped.
    #[must_use]
    pub fn new(elements: Vec<T>) -> Self {
        Self { start: 0, len: elements.len(), buffer: elements }
    }

    /// A copy of these.
    pub(crate) fn of(elements: &[T]) -> Self {
        Self::concat(std::iter::once(elements))
    }

    /// These elements in a row.
    pub(crate) fn concat<'x>(parts: impl Iterator<Item = &'x [T]> + Clone) -> Self {
        let mut all = Self::zeros(parts.clone().map(<[T]>::len).sum());
        let mut rest = &mut all[..];
        for part in parts {
            let (here, after) = rest.split_at_mut(part.len());
            here.copy_from_slice(part);
            rest = after;
        }
        all
    }
}

impl<T: Pooled> Drop for Buffer<T> {
    fn drop(&mut self) {
        let all = &mut self.buffer[self.start..self.start + self.len];
        // Parts of what goes past the caches are long enough to.
        let piece = if size_of_val(all) < simd::PAST_CACHES { Self::LONG } else { simd::PAST_CACHES / size_of::<T>() };
        workers::each(all, piece, piece, |_, part| simd::wipe(part));
        if self.buffer.len() >= Self::LONG {
            let buffer = std::mem::take(&mut self.buffer);
            T::with_pool(|pool| pool.put(buffer));
        }
    }
}

impl<T: Pooled> Clone for Buffer<T> {
    fn clone(&self) -> Self {
        let mut copy = Self::zeros(self.len());
        let piece = Self::LONG;
        workers::each(&mut copy, piece, piece, |first, part| part.copy_from_slice(&self[first..first + part.len()]));
        copy
    }
}

impl<T: Pooled> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.buffer[self.start..self.start + self.len]
    }
}

impl<T: Pooled> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
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

    const LONG: usize = Words::LONG;
    const LINE: usize = Words::LINE;

    #[test]
    fn a_pool_is_hardly_more_than_was_used() {
        let sum = || {
            u64::with_pool(|pool| {
                assert!(pool.free.len() <= BUFFERS && pool.idle + pool.used <= pool.peak + pool.peak / SPARE);
                assert_eq!(pool.idle, pool.free.iter().map(Vec::len).sum::<usize>());
                (pool.idle, pool.used, pool.peak)
            })
            .expect("a pool")
        };
        let many: Vec<Words> = (0..BUFFERS + 36).map(|i| Words::zeros(LONG + i)).collect();
        let (_, used, _) = sum();
        assert!(used >= (BUFFERS + 36) * LONG);
        drop(many);
        assert_eq!(sum().1, 0);
        // Longer than all that wait: those make way.
        let long = Words::zeros(used - LONG - LINE);
        assert!(sum().0 <= LONG + LINE + used / SPARE && sum().2 == used);
        drop(long);
        drop(Words::zeros(2 * used));
        assert_eq!(sum().2, 2 * used + LINE - 1);
    }

    #[test]
    fn a_short_buffer_pushes_out_no_long_one() {
        let idle = || u64::with_pool(|pool| pool.idle).expect("a pool");
        drop(Words::zeros(2 * SPARE * LONG));
        let short = Words::zeros(LONG);
        assert!(idle() >= 2 * SPARE * LONG);
        drop(short);
    }
}
