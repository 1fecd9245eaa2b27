//! Products: one round, one element a result lane from each party to its left neighbour.
//!
//! z_i = x_i·(y_i + y_{i+1}) + x_{i+1}·y_i + α_i is party i's summand of x·y under a fresh sharing of zero α; it goes to P_{i−1}, so that the new
//! share of P_i is (z_i, z_{i+1}) (Araki et al. 2016, section 3.2). Sums of products add their local terms first and are masked and sent once.

use super::Rep3;
use super::kernel::{BLOCK, Step, element_bytes, from_elements, to_elements};
use super::keys::Source;
use super::share::Arith;
use crate::executor::Cx;
use crate::piece::{Incoming, Outgoing};
use smpc_math::prf::Domain;
use smpc_math::simd::{self, Line, PANEL_COLUMNS, PANEL_ROWS, PANELS, pack_panels};
use zeroize::Zeroize;

impl<S: Source> Rep3<S> {
    /// Gives every party's summand (computed chunk by chunk by `term(first, words)`, unmasked) a fresh mask and makes it a component: a resharing. One
    /// round, an element a lane from each party. Uses step `step`.
    pub(crate) async fn reshare(
        &self,
        cx: Cx<'_>,
        step: u64,
        lanes: usize,
        mut term: impl FnMut(usize, &mut [u64]),
    ) -> Arith {
        let at = Step::new(cx.tape(), step, Domain::Arith);
        cx.count_blocks(lanes as u64 / 2 + 1);
        let mut z = self.arith(lanes);
        let (own, received) = (&mut z.a, &mut z.b);
        let size = element_bytes(self.bits);
        let mut produce = |at_byte: usize, out: &mut [u8]| {
            let (first, count) = (at_byte / size, out.len() / size);
            let own = &mut own[first..first + count];
            term(first, own);
            self.add_zero_share(at, first, own);
            to_elements(own, size, out);
        };
        let mut consume = |at_byte: usize, bytes: &[u8]| from_elements(bytes, size, &mut received[at_byte / size..]);
        cx.exchange(
            &mut [Outgoing::new(self.prev(), lanes * size, &mut produce)],
            &mut [Incoming::new(self.next(), lanes * size, &mut consume)],
        )
        .await;
        z
    }

    /// x · y, lane by lane.
    pub(crate) async fn product(&self, cx: Cx<'_>, x: &Arith, y: &Arith) -> Arith {
        debug_assert_eq!(x.lanes, y.lanes);
        self.reshare(cx, 0, x.lanes, |first, out| {
            let to = first + out.len();
            simd::cross_products(out, &x.a[first..to], &x.b[first..to], &y.a[first..to], &y.b[first..to]);
        })
        .await
    }

    /// Σ_j x[i·len + j] · y[i·len + j] in lane i.
    pub(crate) async fn inner_products(&self, cx: Cx<'_>, x: &Arith, y: &Arith, len: usize) -> Arith {
        debug_assert_eq!(x.lanes, y.lanes);
        let lanes = x.lanes.checked_div(len).unwrap_or(0);
        self.reshare(cx, 0, lanes, |first, out| {
            for (i, z) in out.iter_mut().enumerate() {
                let lanes = (first + i) * len..(first + i + 1) * len;
                let (xa, xb, ya, yb) = (&x.a[lanes.clone()], &x.b[lanes.clone()], &y.a[lanes.clone()], &y.b[lanes]);
                *z = simd::cross_dot(xa, xb, ya, yb);
            }
        })
        .await
    }

    /// Σ_j x[j·n + i] · y[j·n + i] in lane i of n, for j below `len`.
    pub(crate) async fn products_of_columns(&self, cx: Cx<'_>, x: &Arith, y: &Arith, len: usize) -> Arith {
        debug_assert_eq!(x.lanes, y.lanes);
        let lanes = x.lanes.checked_div(len).unwrap_or(0);
        self.reshare(cx, 0, lanes, |first, out| {
            out.fill(0);
            let mut products = [0; BLOCK];
            for (n, out) in out.chunks_mut(BLOCK).enumerate() {
                let products = &mut products[..out.len()];
                for column in 0..len {
                    let start = column * lanes + first + n * BLOCK;
                    let at = start..start + out.len();
                    let [xa, xb, ya, yb] = [&x.a, &x.b, &y.a, &y.b].map(|all| &all[at.clone()]);
                    simd::cross_products(products, xa, xb, ya, yb);
                    out.iter_mut().zip(&*products).for_each(|(sum, product)| *sum = sum.wrapping_add(*product));
                }
            }
        })
        .await
    }

    /// The product of a `rows × inner` and an `inner × cols` matrix.
    ///
    /// The summand is [x_a + x_b | x_a] times [y_a over y_b]: one product of matrices twice as long inside. It is made for some rows at a time, before the first of
    /// them is sent.
    pub(crate) async fn matrix_product(
        &self,
        cx: Cx<'_>,
        x: &Arith,
        y: &Arith,
        (rows, inner, cols): (usize, usize, usize),
    ) -> Arith {
        debug_assert_eq!((x.lanes, y.lanes), (rows * inner, inner * cols));
        if cols == 1 || rows < PACKED_ROWS {
            return self.few_products(cx, x, y, (rows, inner, cols)).await;
        }
        let mut summand = self.words(rows * cols);
        let mut left = self.words(PANEL_ROWS.min(rows) * 2 * inner);
        let mut panel = Panel::default();
        let mut done = 0;
        self.reshare(cx, 0, rows * cols, |first, out| {
            while done * cols < first + out.len() {
                let these = done..rows.min(done + PANEL_ROWS);
                for (n, row) in these.clone().enumerate() {
                    let (sums, first) = left[2 * n * inner..2 * (n + 1) * inner].split_at_mut(inner);
                    let (xa, xb) = (&x.a[row * inner..(row + 1) * inner], &x.b[row * inner..(row + 1) * inner]);
                    first.copy_from_slice(xa);
                    sums.iter_mut().zip(xa.iter().zip(xb)).for_each(|(sum, (a, b))| *sum = a.wrapping_add(*b));
                }
                let left = &left[..2 * these.len() * inner];
                let z = &mut summand[these.start * cols..these.end * cols];
                for first in (0..cols).step_by(PANELS * PANEL_COLUMNS) {
                    pack_panels(y.a.chunks_exact(cols).chain(y.b.chunks_exact(cols)), first, cols, &mut panel.0);
                    let columns = (first..cols).step_by(PANEL_COLUMNS);
                    for (column, panel) in columns.zip(panel.0.chunks_exact((2 * inner).max(1))) {
                        simd::multiply_panel(z, cols, column, left, panel);
                    }
                }
                done = these.end;
            }
            out.copy_from_slice(&summand[first..first + out.len()]);
        })
        .await
    }
}

/// Rows of a left matrix for which the right one is worth packing.
const PACKED_ROWS: usize = 4;

impl<S: Source> Rep3<S> {
    /// As [`Self::matrix_product`], where one of the two is a vector or has few rows: each word is read once or a few times, and packing would cost more.
    async fn few_products(
        &self,
        cx: Cx<'_>,
        x: &Arith,
        y: &Arith,
        (rows, inner, cols): (usize, usize, usize),
    ) -> Arith {
        let mut summand = self.words(rows * cols);
        let mut done = 0;
        self.reshare(cx, 0, rows * cols, |first, out| {
            while done * cols < first + out.len() {
                let row = done * inner..(done + 1) * inner;
                let (xa, xb) = (&x.a[row.clone()], &x.b[row]);
                let z = &mut summand[done * cols..(done + 1) * cols];
                match z {
                    [z] => *z = simd::cross_dot(xa, xb, &y.a, &y.b),
                    _ => simd::cross_row(z, xa, xb, &y.a, &y.b),
                }
                done += 1;
            }
            out.copy_from_slice(&summand[first..first + out.len()]);
        })
        .await
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
