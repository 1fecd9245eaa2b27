//! Products of matrices: what a party makes of both operands, and of the left one's tags, before it is sent.
//!
//! The sum of `xa·(ya + yb) + xb·ya` is [xa + xb | xa] times [ya over yb]: one product of matrices twice as long inside, whose left rows are those of the numbers and those of the tags in turn.

use super::product::{both, factor};
use super::share::{Arith, Element, Held, Wide, element, number, part};
use crate::buffer::Words;
use crate::workers;
use smpc_math::simd::{Limbs, PANEL_COLUMNS, PANEL_ROWS, WIDE_ROWS, WideLine, add_wide_products, limbs};

/// Rows of the result that meet a panel at once: of each a row of numbers and one of tags.
const BLOCK: usize = WIDE_ROWS / 2;
/// Columns from which on a panel, and rows from which on a block, is filled well enough.
const FEW: usize = 4;

/// A product of matrices, some rows at a time.
pub(crate) struct Product<'x> {
    x: &'x Arith,
    y: &'x Held,
    rows: usize,
    inner: usize,
    cols: usize,
    /// The lanes of the result that are at hand begin here.
    first: usize,
    /// Numbers and tags, row by row.
    made: [Wide; 2],
}

impl<'x> Product<'x> {
    /// The product of a `rows × inner` and an `inner × cols` matrix.
    pub(crate) fn new(x: &'x Arith, y: &'x Held, (rows, inner, cols): (usize, usize, usize)) -> Self {
        Self { x, y, rows, inner, cols, first: 0, made: Default::default() }
    }

    /// Writes this party's summands of lanes from `first` on, and those of their tags. To be asked for all lanes in order.
    pub(crate) fn read(&mut self, first: usize, value: &mut [Element], tag: &mut [Element]) {
        let mut done = 0;
        while done < value.len() {
            let from = first + done;
            if from >= self.first + self.made[0].len() {
                self.make(from / self.cols);
            }
            let at = from - self.first;
            let count = (self.made[0].len() - at).min(value.len() - done);
            for (out, made) in [&mut *value, &mut *tag].into_iter().zip(&self.made) {
                out[done..done + count].copy_from_slice(&made[at..at + count]);
            }
            done += count;
        }
    }

    /// Makes rows from `row` on: a panel of them for each thread, or all that are left.
    fn make(&mut self, row: usize) {
        let Self { inner, cols, .. } = *self;
        let rows = self.rows.saturating_sub(row);
        let threads = workers::threads();
        let panel = PANEL_ROWS.min(rows.div_ceil(threads).next_multiple_of(BLOCK));
        let count = rows.min(threads * panel) * cols;
        self.made = [Wide::zeros(count), Wide::zeros(count)];
        self.first = row * cols;
        let [value, tag] = &mut self.made;
        let (x, y) = (self.x, self.y);
        workers::each2((value, tag), panel * cols, panel * cols * inner, |first, value, tag| {
            for (n, (value, tag)) in value.chunks_mut(panel * cols).zip(tag.chunks_mut(panel * cols)).enumerate() {
                let row = row + first / cols + n * panel;
                if cols < FEW || value.len() < FEW * cols {
                    by_factors((x, y), row, (inner, cols), (value, tag));
                } else {
                    by_panels((x, y), row, (inner, cols), (value, tag));
                }
            }
        });
    }
}

/// Adds rows from `row` on, a left factor at a time.
fn by_factors(
    (x, y): (&Arith, &Held),
    row: usize,
    (inner, cols): (usize, usize),
    (value, tag): (&mut [Element], &mut [Element]),
) {
    for (n, (value, tag)) in value.chunks_mut(cols).zip(tag.chunks_mut(cols)).enumerate() {
        for k in 0..inner {
            let x = factor(x, (row + n) * inner + k);
            let [ya, yb] = part(y, k * cols, cols);
            for ((value, tag), (ya, yb)) in value.iter_mut().zip(&mut *tag).zip(ya.iter().zip(yb)) {
                let [more, of_tag] = both(x, [number(*ya), number(*yb)]);
                *value = element(number(*value).wrapping_add(more));
                *tag = element(number(*tag).wrapping_add(of_tag));
            }
        }
    }
}

/// Adds rows from `row` on, eight columns and eight left rows at a time.
fn by_panels(
    (x, y): (&Arith, &Held),
    row: usize,
    (inner, cols): (usize, usize),
    (value, tag): (&mut [Element], &mut [Element]),
) {
    let rows = value.len() / cols;
    // Limbs of the left rows of a block, all of a column beside each other.
    let mut left = Words::zeros(rows.div_ceil(BLOCK) * 2 * inner * WIDE_ROWS * size_of::<Limbs>() / 8);
    let left: &mut [[Limbs; WIDE_ROWS]] = left.as_chunks_mut().0.as_chunks_mut().0;
    for n in 0..rows {
        let (sums, firsts) = left[n / BLOCK * 2 * inner..][..2 * inner].split_at_mut(inner);
        let lanes = (row + n) * inner..(row + n + 1) * inner;
        for (slot, held) in [&x.value, &x.tag].into_iter().enumerate() {
            let at = n % BLOCK * 2 + slot;
            let [xa, xb] = held.each_ref().map(|x| &x[lanes.clone()]);
            for ((sum, first), (xa, xb)) in sums.iter_mut().zip(&mut *firsts).zip(xa.iter().zip(xb)) {
                let (xa, xb) = (number(*xa), number(*xb));
                sum[at] = limbs(xa.wrapping_add(xb));
                first[at] = limbs(xa);
            }
        }
    }
    let mut panel = Words::zeros(2 * inner * size_of::<WideLine>() / 8);
    let panel: &mut [WideLine] = panel.as_chunks_mut().0.as_chunks_mut().0;
    for column in (0..cols).step_by(PANEL_COLUMNS) {
        let columns = column..cols.min(column + PANEL_COLUMNS);
        let right = y.iter().flat_map(|y| y.chunks_exact(cols));
        for ([low, high], right) in panel.iter_mut().zip(right) {
            // Of the last panel's missing columns what comes out is not looked at.
            for ((low, high), y) in low.iter_mut().zip(high).zip(&right[columns.clone()]) {
                [*low, *high] = *y;
            }
        }
        let blocks = value.chunks_mut(BLOCK * cols).zip(tag.chunks_mut(BLOCK * cols));
        for (left, (value, tag)) in left.chunks_exact((2 * inner).max(1)).zip(blocks) {
            let mut z = [[0; PANEL_COLUMNS]; WIDE_ROWS];
            add_wide_products(&mut z, left, panel);
            let rows = value.chunks_mut(cols).zip(tag.chunks_mut(cols));
            for ([z, of_tag], (value, tag)) in z.as_chunks().0.iter().zip(rows) {
                value[columns.clone()].iter_mut().zip(z).for_each(|(out, z)| *out = element(*z));
                tag[columns.clone()].iter_mut().zip(of_tag).for_each(|(out, z)| *out = element(*z));
            }
        }
    }
}
