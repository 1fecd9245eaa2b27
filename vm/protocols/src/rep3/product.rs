//! Products: one round, one element a result lane from each party to its left neighbour.
//!
//! z_i = x_i·(y_i + y_{i+1}) + x_{i+1}·y_i + α_i is party i's summand of x·y under a fresh sharing of zero α; it goes to P_{i−1}, so that the new
//! share of P_i is (z_i, z_{i+1}) (Araki et al. 2016, section 3.2). Sums of products add their local terms first and are masked and sent once.

use super::Rep3;
use super::kernel::{BLOCK, Step};
use super::share::Arith;
use crate::bits::Words;
use crate::executor::Cx;
use crate::keys::Source;
use crate::matrix::{Ahead, Panels, TERMS, rows_at_once};
use crate::message::{element_bytes, from_elements, to_elements};
use crate::piece::{Incoming, Outgoing};
use crate::workers;
use smpc_math::planes::ROW_LANES;
use smpc_math::prf::Domain;
use smpc_math::simd;
use std::ops::Range;

/// Steps of work (see [`workers`]) that a mask of zero takes, from two keys.
const MASK_WORK: usize = 2;
/// Words of a line of the cache, four blocks of the cipher.
const MASKED: usize = 8;

impl<S: Source> Rep3<S> {
    /// Gives every party's summand (computed part by part by `term(first, words)`, unmasked, in some `work` steps a lane) a fresh mask and makes it a component: a
    /// resharing. One round, an element a lane from each party. Uses step `step`.
    pub(crate) async fn reshare(
        &self,
        cx: Cx<'_>,
        step: u64,
        (lanes, work): (usize, usize),
        term: impl Fn(usize, &mut [u64]) + Sync,
    ) -> Arith {
        let at = Step::new(cx.tape(), step, Domain::Arith);
        let work = work.saturating_add(MASK_WORK);
        // Whole blocks, but of lanes that are sums of many terms: of these no fewer than are masked at once.
        let unit = if work < ROW_LANES { ROW_LANES } else { MASKED };
        let make = |first: usize, own: &mut [u64]| {
            workers::each(own, unit, unit.saturating_mul(work), |n, own| {
                term(first + n, own);
                self.add_zero_share(at, first + n, own);
            });
        };
        self.reshare_masked(cx, (lanes, work), make).await
    }

    /// As [`Self::reshare`], where `make(first, words)` is called in order and masks what it makes.
    async fn reshare_masked(
        &self,
        cx: Cx<'_>,
        (lanes, work): (usize, usize),
        mut make: impl FnMut(usize, &mut [u64]),
    ) -> Arith {
        cx.count_blocks(lanes as u64 / 2 + 1);
        let mut z = self.arith(lanes);
        let (own, received) = (&mut z.a, &mut z.b);
        let size = element_bytes(self.bits);
        let mut made = 0;
        let mut produce = |at_byte: usize, out: &mut [u8]| {
            let (first, end) = (at_byte / size, (at_byte + out.len()) / size);
            let to = workers::ahead(made, end, lanes, workers::UNIT, work);
            if made < to {
                make(made, &mut own[made..to]);
                made = to;
            }
            to_elements(&own[first..end], size, out);
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
        self.reshare(cx, 0, (x.lanes, 1), |first, out| {
            let to = first + out.len();
            simd::cross_products(out, &x.a[first..to], &x.b[first..to], &y.a[first..to], &y.b[first..to]);
        })
        .await
    }

    /// Σ_j x[i·len + j] · y[i·len + j] in lane i.
    pub(crate) async fn inner_products(&self, cx: Cx<'_>, x: &Arith, y: &Arith, len: usize) -> Arith {
        debug_assert_eq!(x.lanes, y.lanes);
        let lanes = x.lanes.checked_div(len).unwrap_or(0);
        let sum = |lanes: Range<usize>| {
            simd::cross_dot(&x.a[lanes.clone()], &x.b[lanes.clone()], &y.a[lanes.clone()], &y.b[lanes])
        };
        // Of few sums each is cut in parts, of many each thread takes some.
        self.reshare(cx, 0, (lanes, len), |first, out| {
            for (i, z) in out.iter_mut().enumerate() {
                let start = (first + i) * len;
                *z = workers::sum(len, 1, |terms| sum(start + terms.start..start + terms.end));
            }
        })
        .await
    }

    /// Σ_j x[j·n + i] · y[j·n + i] in lane i of n, for j below `len`.
    pub(crate) async fn products_of_columns(&self, cx: Cx<'_>, x: &Arith, y: &Arith, len: usize) -> Arith {
        debug_assert_eq!(x.lanes, y.lanes);
        let lanes = x.lanes.checked_div(len).unwrap_or(0);
        self.reshare(cx, 0, (lanes, len), |first, out| {
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
        let at = Step::new(cx.tape(), 0, Domain::Arith);
        let threads = workers::threads();
        let panel = rows_at_once(rows.div_ceil(threads), inner * cols, PACKED_ROWS, TERMS);
        // A panel of rows for each thread.
        let some_rows = |lane: usize| {
            let mut z = Words::zeros((threads * panel * cols).min(rows * cols - lane));
            workers::each(&mut z, panel * cols, panel * cols * inner, |n, z| {
                let mut panels = Panels::default();
                for (k, z) in z.chunks_mut(panel * cols).enumerate() {
                    let row = (lane + n) / cols + k * panel;
                    panels.multiply((&x.a, &x.b), (&y.a, &y.b), row, (inner, cols), z);
                }
            });
            [z]
        };
        let mut ahead = Ahead::default();
        let make = |first: usize, own: &mut [u64]| {
            ahead.read(cx, first, [&mut *own], some_rows);
            self.add_zero_share(at, first, own);
        };
        self.reshare_masked(cx, (rows * cols, inner), make).await
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
        if cols == 1 {
            return self
                .reshare(cx, 0, (rows, inner), |first, out| {
                    for (i, z) in out.iter_mut().enumerate() {
                        let row = (first + i) * inner..(first + i + 1) * inner;
                        *z = simd::cross_dot(&x.a[row.clone()], &x.b[row], &y.a, &y.b);
                    }
                })
                .await;
        }
        let at = Step::new(cx.tape(), 0, Domain::Arith);
        let one_row = |lane: usize| {
            let row = lane / cols * inner..(lane / cols + 1) * inner;
            let mut z = Words::zeros(cols);
            simd::cross_row(&mut z, &x.a[row.clone()], &x.b[row], &y.a, &y.b);
            [z]
        };
        let mut ahead = Ahead::default();
        let make = |first: usize, own: &mut [u64]| {
            ahead.read(cx, first, [&mut *own], one_row);
            self.add_zero_share(at, first, own);
        };
        self.reshare_masked(cx, (rows * cols, inner), make).await
    }
}
