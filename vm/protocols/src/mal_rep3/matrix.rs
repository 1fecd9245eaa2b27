//! Products of matrices: what a party makes of both operands, and of the left one's tags, before it is sent.
//!
//! The sum of `xa·(ya + yb) + xb·ya` is [xa + xb | xa] times [ya over yb]: one product of matrices twice as long inside, whose left rows are those of the numbers and those of the tags in turn.

use super::product::{LANES, both, factor};
use super::share::{Arith, Element, Held, Wide, element, number, part};
use crate::buffer::Words;
use crate::matrix::rows_at_once;
use crate::workers;
use smpc_math::simd::{Limbs, PANEL_COLUMNS, WIDE_ROWS, WideLine, WideTile, add_wide_products, limbs};

/// Rows of the result that meet a panel at once: of each a row of numbers and one of tags.
const BLOCK: usize = WIDE_ROWS / 2;
/// Columns from which on a panel, and rows from which on a block, is filled well enough.
const FEW: usize = 4;
/// Terms of the sums that are packed at once: memory does not grow with them, and a block of the left rows stays in the second cache.
const DEPTH: usize = 512;
/// Products of elements that a thread makes before any of them is sent, about: half a second, and more where the processor multiplies no limbs.
const TERMS: usize = 1 << 28;

/// This party's summands of rows from `row` on of the product of a `rows × inner` and an `inner × cols` matrix, and those of their tags: a panel of rows for each thread, or all that are left.
pub(crate) fn some_rows((x, y): (&Arith, &Held), (rows, inner, cols): (usize, usize, usize), row: usize) -> [Wide; 2] {
    let left = rows.saturating_sub(row);
    let threads = workers::threads();
    let panel = rows_at_once(left.div_ceil(threads), inner * cols, BLOCK, TERMS);
    let count = left.min(threads * panel) * cols;
    let mut made = [Wide::zeros(count), Wide::zeros(count)];
    let [value, tag] = &mut made;
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
    made
}

/// Adds rows from `row` on, a left factor at a time, which meets columns that the first cache holds.
fn by_factors(
    (x, y): (&Arith, &Held),
    row: usize,
    (inner, cols): (usize, usize),
    (value, tag): (&mut [Element], &mut [Element]),
) {
    for (n, (value, tag)) in value.chunks_mut(cols).zip(tag.chunks_mut(cols)).enumerate() {
        for (column, (value, tag)) in (0..).step_by(LANES).zip(value.chunks_mut(LANES).zip(tag.chunks_mut(LANES))) {
            for k in 0..inner {
                let x = factor(x, (row + n) * inner + k);
                let [ya, yb] = part(y, k * cols + column, value.len());
                for ((value, tag), (ya, yb)) in value.iter_mut().zip(&mut *tag).zip(ya.iter().zip(yb)) {
                    let [more, of_tag] = both(x, [number(*ya), number(*yb)]);
                    *value = element(number(*value).wrapping_add(more));
                    *tag = element(number(*tag).wrapping_add(of_tag));
                }
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
    let blocks = (value.len() / cols).div_ceil(BLOCK);
    // Limbs of the left rows of a block, all of a column beside each other.
    let mut left = Words::zeros(blocks * 2 * inner.min(DEPTH) * WIDE_ROWS * size_of::<Limbs>() / size_of::<u64>());
    let mut panel = Words::zeros(2 * inner.min(DEPTH) * size_of::<WideLine>() / size_of::<u64>());
    for from in (0..inner).step_by(DEPTH) {
        let depth = from..inner.min(from + DEPTH);
        let lines = 2 * depth.len();
        let left: &mut [[Limbs; WIDE_ROWS]] = left.as_chunks_mut().0.as_chunks_mut().0;
        let panel: &mut [WideLine] = panel.as_chunks_mut().0.as_chunks_mut().0;
        for (n, of_row) in (row..row + value.len() / cols).enumerate() {
            let (sums, firsts) = left[n / BLOCK * lines..][..lines].split_at_mut(depth.len());
            let lanes = of_row * inner + depth.start..of_row * inner + depth.end;
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
        for column in (0..cols).step_by(PANEL_COLUMNS) {
            let columns = column..cols.min(column + PANEL_COLUMNS);
            let right = y.iter().flat_map(|y| y[depth.start * cols..depth.end * cols].chunks_exact(cols));
            for ([low, high], right) in panel.iter_mut().zip(right) {
                // What comes of columns that the last panel lacks is not looked at.
                for ((low, high), y) in low.iter_mut().zip(high).zip(&right[columns.clone()]) {
                    [*low, *high] = *y;
                }
            }
            let results = value.chunks_mut(BLOCK * cols).zip(tag.chunks_mut(BLOCK * cols));
            for (left, (value, tag)) in left.chunks_exact(lines).zip(results) {
                let mut z = WideTile::default();
                add_wide_products(&mut z, left, &panel[..lines]);
                let rows = value.chunks_mut(cols).zip(tag.chunks_mut(cols));
                for ([z, of_tag], (value, tag)) in z.as_chunks().0.iter().zip(rows) {
                    add(&mut value[columns.clone()], z);
                    add(&mut tag[columns.clone()], of_tag);
                }
            }
        }
    }
}

/// Adds numbers to elements.
fn add(sums: &mut [Element], more: &[u128]) {
    sums.iter_mut().zip(more).for_each(|(sum, more)| *sum = element(number(*sum).wrapping_add(*more)));
}

#[cfg(test)]
mod tests {
    use super::super::product::plus;
    use super::super::share::KNOWN;
    use super::*;
    use crate::executor::Executor;
    use crate::matrix::Ahead;
    use smpc_math::simd::PANEL_ROWS;
    use std::thread;

    fn wide(len: usize, seed: u64) -> Wide {
        let word = |i: u64| (i + 1).wrapping_mul(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        Wide::of_words(Words::new((0..2 * len as u64).map(word).collect()))
    }

    /// As lane by lane, whoever makes how many rows at a time, and however many lanes are asked for.
    #[test]
    fn panels_are_sums_of_products() {
        let shapes = [
            (130, 3, 13),
            (67, 5, 9),
            (5, DEPTH + 3, 6),
            (PANEL_ROWS + 3, 2, 4),
            (2, 7, 2 * LANES + 5),
            (9, 4, 3),
            (1, 1, 1),
            (4, 0, 8),
        ];
        for threads in [1, 2, 3] {
            let on_a_thread = move || {
                let _workers = workers::start_with_grain(threads, 1).expect("workers");
                let executor = Executor::dry(0, 3);
                for (rows, inner, cols) in shapes {
                    let held = |seed: u64| [wide(rows * inner, seed), wide(rows * inner, seed + 2)];
                    let x = Arith { lanes: rows * inner, value: held(3), tag: held(7), batch: KNOWN };
                    let y = [wide(inner * cols, 11), wide(inner * cols, 13)];
                    let sum = |lane: usize| {
                        (0..inner).fold([0; 2], |sums, k| {
                            let y = y.each_ref().map(|y| number(y[k * cols + lane % cols]));
                            plus(sums, both(factor(&x, lane / cols * inner + k), y))
                        })
                    };
                    let mut ahead = Ahead::default();
                    let make = |lane: usize| some_rows((&x, &y), (rows, inner, cols), lane / cols);
                    for first in (0..rows * cols).step_by(LANES) {
                        let count = LANES.min(rows * cols - first);
                        let (mut value, mut tag) = (vec![[0; 2]; count], vec![[0; 2]; count]);
                        ahead.read(executor.gate(0), first, [&mut value, &mut tag], make);
                        for (n, found) in value.iter().zip(&tag).enumerate() {
                            let found = [number(*found.0), number(*found.1)];
                            assert_eq!(found, sum(first + n), "{rows} x {inner} x {cols}, lane {}", first + n);
                        }
                    }
                }
            };
            thread::spawn(on_a_thread).join().expect("a test's thread");
        }
    }
}
