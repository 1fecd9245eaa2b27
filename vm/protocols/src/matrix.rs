//! Products of matrices over two components of a replicated sharing: what a party makes of both operands before it is sent.
//!
//! The sum of `xa·(ya + yb) + xb·ya` is [xa + xb | xa] times [ya over yb]: one product of matrices twice as long inside.

use crate::bits::Words;
use smpc_math::simd::{self, Line, PANEL_COLUMNS, PANELS, pack_panels};
use zeroize::Zeroize;

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
        self.0.as_flattened_mut().zeroize();
    }
}
