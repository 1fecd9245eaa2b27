//! Products: one round, one element a result lane from each party to its left neighbour.
//!
//! z_i = x_i·(y_i + y_{i+1}) + x_{i+1}·y_i + α_i is party i's summand of x·y under a fresh sharing of zero α; it goes to P_{i−1}, so that the new
//! share of P_i is (z_i, z_{i+1}) (Araki et al. 2016, section 3.2). Sums of products add their local terms first and are masked and sent once.

use super::Rep3;
use super::kernel::{Step, from_bytes, to_bytes};
use super::keys::Source;
use super::share::Arith;
use crate::executor::Cx;
use crate::piece::{Incoming, Outgoing};
use smpc_math::prf::Domain;

/// Columns of a result row that a matrix product keeps in the cache.
const TILE: usize = 128;

impl<S: Source> Rep3<S> {
    /// Gives every party's summand (computed chunk by chunk by `term(first, words)`, unmasked) a fresh mask and makes it a component: a resharing. One
    /// round, 64 bits a lane from each party. Uses step `step`.
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
        let mut produce = |at_byte: usize, out: &mut [u8]| {
            let (first, count) = (at_byte / 8, out.len() / 8);
            let own = &mut own[first..first + count];
            term(first, own);
            self.add_zero_share(at, first, own);
            to_bytes(own, out);
        };
        let mut consume = |at_byte: usize, bytes: &[u8]| from_bytes(bytes, &mut received[at_byte / 8..]);
        cx.exchange(
            &mut [Outgoing::new(self.prev(), lanes * 8, &mut produce)],
            &mut [Incoming::new(self.next(), lanes * 8, &mut consume)],
        )
        .await;
        z
    }

    /// x · y, lane by lane.
    pub(crate) async fn product(&self, cx: Cx<'_>, x: &Arith, y: &Arith) -> Arith {
        debug_assert_eq!(x.lanes, y.lanes);
        self.reshare(cx, 0, x.lanes, |first, out| {
            let to = first + out.len();
            let (xa, xb, ya, yb) = (&x.a[first..to], &x.b[first..to], &y.a[first..to], &y.b[first..to]);
            for ((((z, xa), xb), ya), yb) in out.iter_mut().zip(xa).zip(xb).zip(ya).zip(yb) {
                *z = xa.wrapping_mul(ya.wrapping_add(*yb)).wrapping_add(xb.wrapping_mul(*ya));
            }
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
                *z = xa.iter().zip(xb).zip(ya.iter().zip(yb)).fold(0_u64, |sum, ((xa, xb), (ya, yb))| {
                    sum.wrapping_add(xa.wrapping_mul(ya.wrapping_add(*yb))).wrapping_add(xb.wrapping_mul(*ya))
                });
            }
        })
        .await
    }

    /// The product of a `rows × inner` and an `inner × cols` matrix.
    pub(crate) async fn matrix_product(
        &self,
        cx: Cx<'_>,
        x: &Arith,
        y: &Arith,
        (rows, inner, cols): (usize, usize, usize),
    ) -> Arith {
        debug_assert_eq!((x.lanes, y.lanes), (rows * inner, inner * cols));
        self.reshare(cx, 0, rows * cols, |first, out| {
            out.fill(0);
            // Part of a result row at a time, as far as the chunk goes.
            let mut done = 0;
            while done < out.len() {
                let (row, col) = ((first + done) / cols, (first + done) % cols);
                let count = (cols - col).min(out.len() - done).min(TILE);
                let tile = &mut out[done..done + count];
                for k in 0..inner {
                    let (xa, xb) = (x.a[row * inner + k], x.b[row * inner + k]);
                    let from = k * cols + col;
                    let (ya, yb) = (&y.a[from..from + count], &y.b[from..from + count]);
                    let x_sum = xa.wrapping_add(xb);
                    for ((z, ya), yb) in tile.iter_mut().zip(ya).zip(yb) {
                        // xa·(ya + yb) + xb·ya
                        *z = z.wrapping_add(x_sum.wrapping_mul(*ya)).wrapping_add(xa.wrapping_mul(*yb));
                    }
                }
                done += count;
            }
        })
        .await
    }
}
