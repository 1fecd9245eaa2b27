//! Products of matrices over two components of a replicated sharing: what a party makes of both operands before it is sent.
//!
//! The sum of `xa·(ya + yb) + xb·ya` is [xa + xb | xa] times [ya over yb]: one product of matrices twice as long inside.

use crate::bits::Words;
use crate::executor::Cx;
use smpc_math::simd::{self, Line, PANEL_COLUMNS, PANEL_ROWS, PANELS, pack_panels};
use std::ops::Deref;
use zeroize::Zeroize;

/// Products of words that a thread makes before any of them is sent, about: a second.
pub(crate) const TERMS: usize = 1 << 30;

/// How many rows of a product of matrices a thread makes before any of them is sent, a multiple of `unit`: as many as meet a panel before it is left, and of large matrices fewer, of about
/// `most` products of elements, so that no party hears nothing for long. A row takes `terms` of them.
pub(crate) fn rows_at_once(rows: usize, terms: usize, unit: usize, most: usize) -> usize {
    let few = (most / terms.max(1)).next_multiple_of(unit).clamp(unit, PANEL_ROWS);
    few.min(rows.next_multiple_of(unit))
}

/// Rows of a product of matrices, some of which are made before the first of their lanes is asked for: `N` vectors of them, such as numbers and their tags.
pub(crate) struct Ahead<B, const N: usize> {
    /// The lane that those at hand begin with.
    first: usize,
    made: [B; N],
}

impl<B: Default, const N: usize> Default for Ahead<B, N> {
    fn default() -> Self {
        Self { first: 0, made: std::array::from_fn(|_| B::default()) }
    }
}

impl<T: Copy, B: Default + Deref<Target = [T]>, const N: usize> Ahead<B, N> {
    /// Writes lanes from `first` on of each vector; to be asked for all of them in order. `make(lane)` makes whole rows, the first of which begins with that lane. Each time the party says
    /// that it is at work.
    pub(crate) fn read(&mut self, cx: Cx<'_>, first: usize, out: [&mut [T]; N], make: impl Fn(usize) -> [B; N]) {
        let (mut done, len) = (0, out[0].len());
        let mut out = out;
        while done < len {
            let from = first + done;
            if from >= self.first + self.made[0].len() {
                // What was made before makes room.
                *self = Self { first: from, ..Self::default() };
                self.made = make(from);
                cx.at_work();
            }
            let at = from - self.first;
            let count = (self.made[0].len() - at).min(len - done);
            for (out, made) in out.iter_mut().zip(&self.made) {
                out[done..done + count].copy_from_slice(&made[at..at + count]);
            }
            done += count;
        }
    }
}

/// Some rows of a left matrix, each with its sum of components before its first, and some columns of a right one.
#[derive(Default)]
pub(crate) struct Panels {
    left: Words,
    right: Panel,
}

impl Panels {
    /// Adds to z, some rows from `row` on of a product whose right operand is `inner × cols`, what they are: the sums of `xa·(ya + yb) + xb·ya`, modulo 2^64.
    pub(crate) fn multiply(
        &mut self,
        (xa, xb): (&[u64], &[u64]),
        (ya, yb): (&[u64], &[u64]),
        row: usize,
        (inner, cols): (usize, usize),
        z: &mut [u64],
    ) {
        let rows = z.len() / cols;
        let Self { left, right } = self;
        if left.len() < 2 * rows * inner {
            *left = Words::zeros(2 * rows * inner);
        }
        for (n, row) in (row..row + rows).enumerate() {
            let (sums, first) = left[2 * n * inner..2 * (n + 1) * inner].split_at_mut(inner);
            let (xa, xb) = (&xa[row * inner..(row + 1) * inner], &xb[row * inner..(row + 1) * inner]);
            first.copy_from_slice(xa);
            sums.iter_mut().zip(xa.iter().zip(xb)).for_each(|(sum, (a, b))| *sum = a.wrapping_add(*b));
        }
        let left = &left[..2 * rows * inner];
        for first in (0..cols).step_by(PANELS * PANEL_COLUMNS) {
            pack_panels(ya.chunks_exact(cols).chain(yb.chunks_exact(cols)), first, cols, &mut right.0);
            let columns = (first..cols).step_by(PANEL_COLUMNS);
            for (column, panel) in columns.zip(right.0.chunks_exact((2 * inner).max(1))) {
                simd::multiply_panel(z, cols, column, left, panel);
            }
        }
    }
}

/// Some columns of a share; wiped when dropped.
#[derive(Default)]
struct Panel(Vec<Line>);

impl Drop for Panel {
    fn drop(&mut self) {
        // All of its memory: a panel may have been longer before.
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_whole_units_and_no_more_than_meet_a_panel() {
        assert_eq!(rows_at_once(1000, 1, 4, TERMS), PANEL_ROWS);
        assert_eq!(rows_at_once(5, 1, 4, TERMS), 8);
        assert_eq!(rows_at_once(1000, TERMS / 10, 4, TERMS), 12);
        assert_eq!(rows_at_once(1000, TERMS, 1, TERMS), 1);
        assert_eq!(rows_at_once(1000, usize::MAX, 4, TERMS), 4);
        assert_eq!(rows_at_once(0, 0, 1, TERMS), 0);
    }
}
