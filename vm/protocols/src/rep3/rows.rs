//! Messages of bits: rows of 512 lanes, block by block, in a block plane by plane. A row of the last block is cut to ⌈lanes / 8⌉ bytes, and bits beyond the
//! last lane are sent as 0, whatever stands there.

use super::Rep3;
use super::kernel::{ROWS, Step, from_bytes, to_bytes};
use super::share::{Bin, Row};
use crate::executor::Cx;
use crate::keys::Source;
use crate::piece::{Incoming, Outgoing};
use smpc_math::planes::ROW_LANES;
use smpc_math::prf::Domain;
use smpc_math::simd;
use std::cell::RefCell;
use zerocopy::FromBytes as _;
use zeroize::Zeroizing;

/// The shape of a message of bits.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// Rows of whole blocks.
    full: usize,
    /// Rows of the last block, where that has fewer than 512 lanes, and bytes of each.
    cut: usize,
    cut_bytes: usize,
    /// The lanes in the last byte of such a row.
    last: u8,
}

impl Shape {
    pub(crate) const fn new(planes: usize, lanes: usize) -> Self {
        let rest = lanes % ROW_LANES;
        Self {
            full: lanes / ROW_LANES * planes,
            cut: if rest > 0 { planes } else { 0 },
            cut_bytes: rest.div_ceil(8),
            last: if rest.is_multiple_of(8) { u8::MAX } else { (1 << (rest % 8)) - 1 },
        }
    }

    pub(crate) const fn rows(self) -> usize {
        self.full + self.cut
    }

    pub(crate) const fn bytes(self) -> usize {
        self.full * 64 + self.cut * self.cut_bytes
    }
}

/// Turns rows that `rows(first, out)` makes, in order, into the bytes of a message: where these lie, if they are words of this machine.
pub(crate) fn row_writer(shape: Shape, mut rows: impl FnMut(usize, &mut [Row])) -> impl FnMut(usize, &mut [u8]) {
    let mut tail: Option<Zeroizing<Vec<u8>>> = None;
    move |at, out| {
        let (body, rest) = out.split_at_mut((shape.full * 64).saturating_sub(at).min(out.len()));
        let mut block = [[0; 8]; ROWS];
        for (n, bytes) in body.chunks_mut(ROWS * 64).enumerate() {
            let first = at / 64 + n * ROWS;
            match <[Row]>::mut_from_bytes(bytes) {
                Ok(in_place) if cfg!(target_endian = "little") => rows(first, in_place),
                _ => {
                    let block = &mut block[..bytes.len() / 64];
                    rows(first, block);
                    to_bytes(block.as_flattened(), bytes);
                }
            }
        }
        if !rest.is_empty() {
            let tail = tail.get_or_insert_with(|| {
                let mut cut = Zeroizing::new(vec![[0; 8]; shape.cut]);
                for (n, block) in cut.chunks_mut(ROWS).enumerate() {
                    rows(shape.full + n * ROWS, block);
                }
                let mut bytes = Zeroizing::new(vec![0; shape.cut * shape.cut_bytes]);
                for (row, bytes) in cut.iter().zip(bytes.chunks_exact_mut(shape.cut_bytes)) {
                    let mut whole = [0; 64];
                    to_bytes(row, &mut whole);
                    bytes.copy_from_slice(&whole[..bytes.len()]);
                    if let Some(last) = bytes.last_mut() {
                        *last &= shape.last;
                    }
                }
                bytes
            });
            let from = at.saturating_sub(shape.full * 64);
            rest.copy_from_slice(&tail[from..from + rest.len()]);
        }
    }
}

/// Turns the bytes of a message into rows, in order, for `rows(first, in)`.
pub(crate) fn row_reader(shape: Shape, mut rows: impl FnMut(usize, &[Row])) -> impl FnMut(usize, &[u8]) {
    let mut tail = Zeroizing::new(Vec::new());
    move |at, bytes| {
        let (body, rest) = bytes.split_at((shape.full * 64).saturating_sub(at).min(bytes.len()));
        let mut block = [[0; 8]; ROWS];
        for (n, bytes) in body.chunks(ROWS * 64).enumerate() {
            let first = at / 64 + n * ROWS;
            match <[Row]>::ref_from_bytes(bytes) {
                Ok(in_place) if cfg!(target_endian = "little") => rows(first, in_place),
                _ => {
                    let block = &mut block[..bytes.len() / 64];
                    from_bytes(bytes, block.as_flattened_mut());
                    rows(first, block);
                }
            }
        }
        if !rest.is_empty() {
            if tail.is_empty() {
                // All at once, so that growing leaves no copy behind.
                tail.reserve_exact(shape.cut * shape.cut_bytes);
            }
            tail.extend_from_slice(rest);
            if tail.len() == shape.cut * shape.cut_bytes {
                for (n, bytes) in tail.chunks(ROWS * shape.cut_bytes).enumerate() {
                    let block = &mut block[..bytes.len() / shape.cut_bytes];
                    for (row, bytes) in block.iter_mut().zip(bytes.chunks_exact(shape.cut_bytes)) {
                        let mut whole = [0; 64];
                        whole[..bytes.len()].copy_from_slice(bytes);
                        from_bytes(&whole, row);
                    }
                    rows(shape.full + n * ROWS, block);
                }
            }
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use zerocopy::IntoBytes as _;

    /// A message is the same bytes, and read as the same rows, wherever its buffer lies.
    #[test]
    fn messages_may_lie_anywhere() {
        let row =
            |i: usize| -> Row { std::array::from_fn(|k| 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul((i * 8 + k) as u64)) };
        for lanes in [512, 1000, 1536] {
            let shape = Shape::new(40, lanes);
            let mut expected = Vec::new();
            for offset in [0, 4, 8, 1] {
                let mut buffer = vec![0_u64; shape.bytes() / 8 + 4];
                let bytes = &mut buffer.as_mut_slice().as_mut_bytes()[offset..][..shape.bytes()];
                let mut write = row_writer(shape, |first, out| {
                    out.iter_mut().enumerate().for_each(|(i, out)| *out = row(first + i));
                });
                bytes.chunks_mut(crate::CHUNK).enumerate().for_each(|(n, out)| write(n * crate::CHUNK, out));
                if expected.is_empty() {
                    expected = bytes.to_vec();
                }
                assert_eq!(bytes, expected, "{lanes} lanes at {offset}");
                let mut seen = 0;
                let mut read = row_reader(shape, |first, rows| {
                    assert_eq!(first, seen);
                    seen += rows.len();
                    for (i, found) in rows.iter().enumerate().filter(|(i, _)| first + i < shape.full) {
                        assert_eq!(*found, row(first + i));
                    }
                });
                bytes.chunks(crate::CHUNK).enumerate().for_each(|(n, bytes)| read(n * crate::CHUNK, bytes));
                drop(read);
                assert_eq!(seen, shape.rows());
            }
        }
    }
}
