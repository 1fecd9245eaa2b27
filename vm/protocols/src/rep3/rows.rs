//! Rows of bits to the left neighbour, and ANDs.

use super::Rep3;
use super::kernel::Step;
use super::share::{Bin, Row};
use crate::executor::Cx;
use crate::keys::Source;
pub(crate) use crate::message::{Shape, row_reader, row_writer};
use crate::piece::{Incoming, Outgoing};
use smpc_math::prf::Domain;
use smpc_math::simd;
use std::cell::RefCell;

impl<S: Source> Rep3<S> {
    /// Sends rows to the left neighbour and takes as many from the right one, each after the own one was made. One round, one bit a lane and plane.
    pub(crate) async fn pass_rows(
        &self,
        cx: Cx<'_>,
        shape: Shape,
        send: impl FnMut(usize, &mut [Row]),
        take: impl FnMut(usize, &[Row]),
    ) {
        let mut produce = row_writer(shape, send);
        let mut consume = row_reader(shape, take);
        cx.exchange(
            &mut [Outgoing::new(self.prev(), shape.bytes(), &mut produce)],
            &mut [Incoming::new(self.next(), shape.bytes(), &mut consume).behind(0)],
        )
        .await;
    }

    /// x ∧ y, plane by plane. One round, one bit a lane and plane: z_i = x_i·(y_i ⊕ y_{i+1}) ⊕ x_{i+1}·y_i ⊕ α_i goes to P_{i−1}.
    pub(crate) async fn conjunction(&self, cx: Cx<'_>, x: &Bin, y: &Bin) -> Bin {
        debug_assert_eq!((x.lanes, x.width), (y.lanes, y.width));
        let shape = Shape::new(x.width as usize, x.lanes);
        let at = Step::new(cx.tape(), 0, Domain::Bin);
        cx.count_blocks(shape.rows() as u64 * 4);
        let mut z = self.bin(x.width, x.lanes);
        let own = RefCell::new(&mut z.a);
        let received = &mut z.b;
        let send = |first: usize, out: &mut [Row]| {
            self.zero_rows(at, first, out);
            let rows = first..first + out.len();
            let [xa, xb, ya, yb] = [&x.a, &x.b, &y.a, &y.b].map(|all| all[rows.clone()].as_flattened());
            simd::cross_ands(out.as_flattened_mut(), xa, xb, ya, yb);
            own.borrow_mut()[first..first + out.len()].copy_from_slice(out);
        };
        self.pass_rows(cx, shape, send, |first, rows| received[first..first + rows.len()].copy_from_slice(rows)).await;
        z
    }
}
