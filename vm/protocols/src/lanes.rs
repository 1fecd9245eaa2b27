//! Which lanes of a vector a gate reads or writes, and the ranges that its operands are known to lie in. Public facts only.

use crate::workers;
use zeroize::Zeroize;

/// A resolved view: lane (i, j) is lane `start + i·dims[0].0 + j·dims[1].0` of the vector, for i below `dims[0].1` and j below `dims[1].1`.
/// The caller has checked that every lane exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lanes {
    /// Lane (0, 0).
    pub start: usize,
    /// Stride and length, outer first. A missing dimension is `(0, 1)`.
    pub dims: [(isize, usize); 2],
}

impl Lanes {
    /// The first `len` lanes.
    #[must_use]
    pub const fn whole(len: usize) -> Self {
        Self { start: 0, dims: [(0, 1), (1, len)] }
    }

    /// One lane.
    #[must_use]
    pub const fn one(lane: usize) -> Self {
        Self { start: lane, dims: [(0, 1), (1, 1)] }
    }

    /// `len` neighbours from `start`.
    #[must_use]
    pub const fn run(start: usize, len: usize) -> Self {
        Self { start, dims: [(0, 1), (1, len)] }
    }

    /// Number of lanes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.dims[0].1 * self.dims[1].1
    }

    /// Whether the view names no lane.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Start and length, where the view is a run of neighbours.
    #[must_use]
    pub fn contiguous(&self) -> Option<(usize, usize)> {
        let [(outer, rows), (inner, cols)] = self.dims;
        let inner_ok = inner == 1 || cols <= 1;
        let outer_ok = rows <= 1 || usize::try_from(outer) == Ok(cols) || (cols == 1 && outer == 1);
        (inner_ok && outer_ok).then_some((self.start, rows * cols))
    }

    /// The first lane of each row.
    pub fn rows(&self) -> impl Iterator<Item = usize> + use<> {
        let Self { start, dims: [(outer, rows), _] } = *self;
        (0..rows).map(move |i| start.wrapping_add_signed(outer.wrapping_mul(i.cast_signed())))
    }

    /// The lanes, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + use<> {
        let (inner, cols) = self.dims[1];
        self.rows()
            .flat_map(move |row| (0..cols).map(move |j| row.wrapping_add_signed(inner.wrapping_mul(j.cast_signed()))))
    }
}

/// Columns of a table that is turned over at a time: as many lines of the cache as stay in the first level.
const TILE: usize = 64;

impl Lanes {
    /// Copies the lanes of a vector, in order.
    pub fn copy<T: Copy>(&self, from: &[T], out: &mut [T]) {
        if let Some((start, len)) = self.contiguous() {
            out.copy_from_slice(&from[start..start + len]);
            return;
        }
        let [(outer, rows), (inner, cols)] = self.dims;
        if rows > 1 && cols > 1 && inner.unsigned_abs() >= TILE / 8 && outer.unsigned_abs() < TILE / 8 {
            // A table turned over: neighbours in memory are taken while their line is at hand.
            for tile in (0..cols).step_by(TILE) {
                let width = TILE.min(cols - tile);
                for (i, row) in self.rows().enumerate() {
                    let first = row.wrapping_add_signed(inner.wrapping_mul(tile.cast_signed()));
                    strided(from, first, inner, &mut out[i * cols + tile..][..width]);
                }
            }
            return;
        }
        for (row, out) in self.rows().zip(out.chunks_exact_mut(cols.max(1))) {
            strided(from, row, inner, out);
        }
    }
}

/// Words of a line of the cache.
const LINE: usize = 8;
/// Sums that are added to side by side: they and a row of what is added stay in the first level of the cache.
const SUMS: usize = 1024;

impl Lanes {
    /// Adds up each `len` neighbours of the view, modulo 2^64; `out` has a lane for each sum.
    pub fn sums(&self, from: &[u64], len: usize, out: &mut [u64]) {
        let len = len.max(1);
        let add = |words: &[u64]| words.iter().fold(0_u64, |sum, word| sum.wrapping_add(*word));
        if let Some((start, all)) = self.contiguous() {
            let from = &from[start..start + all];
            // Many sums are shared out among the threads, and of few the terms of each.
            workers::each(out, LINE, len.saturating_mul(LINE), |first, out| {
                out.iter_mut().zip(from[first * len..].chunks(len)).for_each(|(out, words)| {
                    *out = workers::sum(words.len(), 1, |terms| add(&words[terms]));
                });
            });
            return;
        }
        let [(outer, _), (inner, cols)] = self.dims;
        if (outer, cols) == (1, len) {
            // Neighbours in memory belong to different sums, as in the columns of a table or in windows.
            for (at, out) in (self.start..).step_by(SUMS).zip(out.chunks_mut(SUMS)) {
                out.fill(0);
                for j in 0..cols {
                    let first = at.wrapping_add_signed(inner.wrapping_mul(j.cast_signed()));
                    let words = &from[first..first + out.len()];
                    out.iter_mut().zip(words).for_each(|(sum, word)| *sum = sum.wrapping_add(*word));
                }
            }
            return;
        }
        let mut words = vec![0; self.len()];
        self.copy(from, &mut words);
        out.iter_mut().zip(words.chunks(len)).for_each(|(out, words)| *out = add(words));
        // They may be shares.
        words.zeroize();
    }
}

/// `from[first], from[first + stride], …`
fn strided<T: Copy>(from: &[T], first: usize, stride: isize, out: &mut [T]) {
    let len = out.len();
    match stride {
        1 => out.copy_from_slice(&from[first..first + len]),
        0 => out.fill(from[first]),
        2.. => {
            let (step, last) = (stride.unsigned_abs(), (len - 1) * stride.unsigned_abs());
            out.iter_mut().zip(from[first..=first + last].iter().step_by(step)).for_each(|(out, word)| *out = *word);
        }
        _ => {
            let (step, last) = (stride.unsigned_abs(), (len - 1) * stride.unsigned_abs());
            let words = from[first - last..=first].iter().rev().step_by(step);
            out.iter_mut().zip(words).for_each(|(out, word)| *out = *word);
        }
    }
}

/// Words of 64 bits that a lane of so many bits takes in the clear.
pub(crate) const fn limbs(width: u32) -> usize {
    let limbs = width.div_ceil(64) as usize;
    if limbs == 0 { 1 } else { limbs }
}

/// An inclusive range of raw integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Least value.
    pub lo: i64,
    /// Greatest value.
    pub hi: i64,
}

impl Range {
    /// All of 64-bit two's complement.
    pub const FULL: Self = Self { lo: i64::MIN, hi: i64::MAX };

    /// `lo..=hi`.
    #[must_use]
    pub const fn new(lo: i64, hi: i64) -> Self {
        Self { lo, hi }
    }

    /// Bits of the shortest two's complement that holds the range.
    #[must_use]
    pub const fn width(self) -> u32 {
        signed_width(self.lo as i128, self.hi as i128)
    }

    /// The range of a − b, in integers.
    #[must_use]
    pub const fn minus(self, b: Self) -> (i128, i128) {
        (self.lo as i128 - b.hi as i128, self.hi as i128 - b.lo as i128)
    }

    /// Greatest absolute value.
    #[must_use]
    pub const fn magnitude(self) -> u64 {
        let (a, b) = (self.lo.unsigned_abs(), self.hi.unsigned_abs());
        if a > b { a } else { b }
    }

    /// Whether every value has |value| < 2^62, the precondition of exact truncation on the ring (R15: beyond it a quarter of the results would
    /// be wrong).
    #[must_use]
    pub const fn fits_62(self) -> bool {
        self.lo > -(1 << 62) && self.hi < 1 << 62
    }
}

/// Bits of the shortest two's complement that holds `lo..=hi`; at least 1.
#[must_use]
pub const fn signed_width(lo: i128, hi: i128) -> u32 {
    let a = 128 - (if lo < 0 { !lo } else { lo }).leading_zeros();
    let b = 128 - (if hi < 0 { !hi } else { hi }).leading_zeros();
    (if a > b { a } else { b }) + 1
}

#[cfg(test)]
mod tests {
    use super::Lanes;

    /// The copy of a view is what its lanes are one by one, for strides of all signs and sizes.
    #[test]
    fn copies_are_the_lanes_in_order() {
        let from: Vec<u32> = (0..6000).collect();
        let strides = [-70, -9, -2, -1, 0, 1, 2, 7, 8, 9, 70];
        for outer in strides {
            for inner in strides {
                for (rows, cols) in [(1, 1), (1, 5), (3, 1), (2, 3), (8, 9), (5, 70), (40, 2)] {
                    let reach = |stride: isize, len: usize| stride * (len.cast_signed() - 1);
                    let least = reach(outer, rows).min(0) + reach(inner, cols).min(0);
                    let span = reach(outer, rows).abs() + reach(inner, cols).abs();
                    if span >= from.len().cast_signed() {
                        continue;
                    }
                    let view = Lanes { start: least.unsigned_abs(), dims: [(outer, rows), (inner, cols)] };
                    let mut out = vec![0; view.len()];
                    view.copy(&from, &mut out);
                    let expected: Vec<u32> = view.iter().map(|lane| from[lane]).collect();
                    assert_eq!(out, expected, "{view:?}");
                    let words: Vec<u64> = from.iter().map(|word| u64::from(*word) << 40).collect();
                    for len in (1..=view.len()).filter(|len| view.len().is_multiple_of(*len)) {
                        let mut sums = vec![1; view.len() / len];
                        view.sums(&words, len, &mut sums);
                        let of = |group: &[u32]| group.iter().map(|word| u64::from(*word) << 40).sum();
                        let expected: Vec<u64> = expected.chunks(len).map(of).collect();
                        assert_eq!(sums, expected, "{view:?} by {len}");
                    }
                }
            }
        }
    }
}
