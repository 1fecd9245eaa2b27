//! Input and opening.
//!
//! Input of x by P_j: x_j := F(K_j), x_{j+1} := x − x_j, x_{j+2} := 0. Only P_{j+1} lacks what it needs, and P_j sends it x_{j+1}: one round, one element a
//! lane in all. Opening: P_i lacks x_{i+2}, which is P_{i+1}'s second component: one round, one element a lane to each party that learns the value.

use super::Rep3;
use super::kernel::{ROWS, Step};
use super::rows::{Shape, row_reader, row_writer};
use super::share::{Arith, Bin, Row, Rows};
use crate::bits::{fill, word_planes};
use crate::executor::Cx;
use crate::keys::Source;
use crate::lanes::limbs;
use crate::message::{element_bytes, from_bytes, to_bytes};
use crate::piece::{Incoming, Outgoing};
use smpc_math::prf::Domain;
use smpc_math::simd;
use std::cell::RefCell;

impl<S: Source> Rep3<S> {
    /// Secret lanes that party `owner` knows. One round, 64 bits a lane from the owner.
    pub(crate) async fn deal_numbers(&self, cx: Cx<'_>, owner: usize, values: Option<&[i64]>, lanes: usize) -> Arith {
        let at = Step::new(cx.tape(), 0, Domain::Input);
        cx.count_blocks(lanes as u64 / 2 + 1);
        let mut x = self.arith(lanes);
        let bytes = lanes * element_bytes(self.bits);
        match self.slot(owner) {
            Some(0) => {
                let values = values.unwrap_or(&[0]);
                let mut produce = self.deal_writer(
                    at,
                    0,
                    self.bits,
                    |first, out| fill(values, first, out),
                    |first, masks, rests| {
                        x.a[first..first + masks.len()].copy_from_slice(masks);
                        x.b[first..first + rests.len()].copy_from_slice(rests);
                    },
                );
                cx.exchange(&mut [Outgoing::new(self.next(), bytes, &mut produce)], &mut []).await;
            }
            Some(_) => {
                let b = &mut x.b;
                self.derive(owner, at, self.bits, 0..lanes, |first, masks| {
                    b[first..first + masks.len()].copy_from_slice(masks);
                });
                cx.idle().await;
            }
            None => {
                let a = &mut x.a;
                let mut consume = Self::deal_reader(0, self.bits, |first, rests| {
                    a[first..first + rests.len()].copy_from_slice(rests);
                });
                cx.exchange(&mut [], &mut [Incoming::new(owner, bytes, &mut consume)]).await;
            }
        }
        x
    }

    /// Secret words that party `owner` knows. One round, one bit a lane and plane from the owner.
    pub(crate) async fn deal_bits(
        &self,
        cx: Cx<'_>,
        owner: usize,
        values: Option<&[i64]>,
        width: u32,
        lanes: usize,
    ) -> Bin {
        let at = Step::new(cx.tape(), 0, Domain::Bin);
        let shape = Shape::new(width as usize, lanes);
        cx.count_blocks(shape.rows() as u64 * 4);
        let mut x = self.bin(width, lanes);
        let live = !self.dry;
        match self.slot(owner) {
            Some(0) => {
                let values = values.unwrap_or(&[0]);
                if live {
                    word_planes(&mut x.b, values, width, lanes);
                }
                let mut produce = row_writer(shape, |first, out: &mut [Row]| {
                    let (masks, rests) = (&mut x.a[first..first + out.len()], &mut x.b[first..first + out.len()]);
                    self.mask_rows(owner, at, first, masks);
                    simd::xor_into(rests.as_flattened_mut(), masks.as_flattened());
                    out.copy_from_slice(rests);
                });
                cx.exchange(&mut [Outgoing::new(self.next(), shape.bytes(), &mut produce)], &mut []).await;
            }
            Some(_) => {
                for (n, rows) in x.b.chunks_mut(ROWS).enumerate() {
                    self.mask_rows(owner, at, n * ROWS, rows);
                }
                cx.idle().await;
            }
            None => {
                let mut consume =
                    row_reader(shape, |first, rows: &[Row]| x.a[first..first + rows.len()].copy_from_slice(rows));
                cx.exchange(&mut [], &mut [Incoming::new(owner, shape.bytes(), &mut consume)]).await;
            }
        }
        x
    }

    /// Public integers of party `owner`. One round, 64 bits a lane from the owner to each other party.
    pub(crate) async fn tell(&self, cx: Cx<'_>, owner: usize, values: Option<&[i64]>, lanes: usize) -> Vec<i64> {
        let bytes = lanes * 8;
        if owner == self.me {
            let mut all = vec![0; lanes];
            fill(values.unwrap_or(&[0]), 0, &mut all);
            let mut right = |at: usize, out: &mut [u8]| to_bytes(&all[at / 8..], out);
            let mut left = |at: usize, out: &mut [u8]| to_bytes(&all[at / 8..], out);
            cx.exchange(
                &mut [Outgoing::new(self.next(), bytes, &mut right), Outgoing::new(self.prev(), bytes, &mut left)],
                &mut [],
            )
            .await;
            return all.into_iter().map(u64::cast_signed).collect();
        }
        let mut all = vec![0; lanes];
        let mut consume = |at: usize, bytes: &[u8]| from_bytes(bytes, &mut all[at / 8..]);
        cx.exchange(&mut [], &mut [Incoming::new(owner, bytes, &mut consume)]).await;
        all.into_iter().map(u64::cast_signed).collect()
    }

    /// The parties in `receivers` learn x. One round, 64 bits a lane to each.
    pub(crate) async fn reveal(&self, cx: Cx<'_>, x: &Arith, receivers: &[usize]) -> Option<Vec<i64>> {
        let (sends, learns) = (receivers.contains(&self.prev()), receivers.contains(&self.me));
        let bytes = x.lanes * 8;
        let mut missing = self.words(if learns { x.lanes } else { 0 });
        let mut produce = |at: usize, out: &mut [u8]| to_bytes(&x.b[at / 8..], out);
        let mut consume = |at: usize, bytes: &[u8]| from_bytes(bytes, &mut missing[at / 8..]);
        // P_{i+1}'s second component is x_{i+2}, which P_i lacks.
        cx.exchange(
            &mut [Outgoing::new(self.prev(), if sends { bytes } else { 0 }, &mut produce)],
            &mut [Incoming::new(self.next(), if learns { bytes } else { 0 }, &mut consume)],
        )
        .await;
        learns.then(|| {
            if self.dry {
                return vec![0; x.lanes];
            }
            let sum = |((a, b), c): ((&u64, &u64), &u64)| self.signed(a.wrapping_add(*b).wrapping_add(*c));
            x.a.iter().zip(x.b.iter()).zip(missing.iter()).map(sum).collect()
        })
    }

    /// The parties in `receivers` learn x. One round, one bit a lane and plane to each.
    pub(crate) async fn reveal_bits(&self, cx: Cx<'_>, x: &Bin, receivers: &[usize]) -> Option<Vec<i64>> {
        let (sends, learns) = (receivers.contains(&self.prev()), receivers.contains(&self.me));
        let shape = Shape::new(x.width as usize, x.lanes);
        let sum = RefCell::new(if learns { x.a.clone() } else { Rows::default() });
        let mut produce =
            row_writer(shape, |first, out: &mut [Row]| out.copy_from_slice(&x.b[first..first + out.len()]));
        let mut consume = row_reader(shape, |first, rows: &[Row]| {
            let sum = &mut sum.borrow_mut()[first..first + rows.len()];
            simd::xor_into(sum.as_flattened_mut(), rows.as_flattened());
            simd::xor_into(sum.as_flattened_mut(), x.b[first..first + rows.len()].as_flattened());
        });
        cx.exchange(
            &mut [Outgoing::new(self.prev(), if sends { shape.bytes() } else { 0 }, &mut produce)],
            &mut [Incoming::new(self.next(), if learns { shape.bytes() } else { 0 }, &mut consume)],
        )
        .await;
        drop((produce, consume));
        let sum = sum.into_inner();
        learns.then(|| {
            if self.dry {
                return vec![0; x.lanes * limbs(x.width)];
            }
            x.form().words(&sum).iter().map(|word| word.cast_signed()).collect()
        })
    }

    /// The ring element as an integer in two's complement.
    pub(crate) fn signed(&self, x: u64) -> i64 {
        let shift = 64 - self.bits;
        (x << shift).cast_signed() >> shift
    }
}
