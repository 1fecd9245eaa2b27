//! Input and opening.
//!
//! Input of x by P_j: x_j := F(K_j), x_{j+1} := x − x_j, x_{j+2} := 0. Only P_{j+1} lacks what it needs, and P_j sends it x_{j+1}: one round, one element a
//! lane in all. Opening: P_i lacks x_{i+2}, which is P_{i+1}'s second component: one round, one element a lane from each party.

use super::Rep3;
use super::kernel::{from_bytes, to_bytes};
use super::share::{Arith, Words};
use super::source::{Source, Stream};
use crate::executor::Cx;
use crate::piece::{Incoming, Outgoing};

impl<S: Source> Rep3<S> {
    /// Secret lanes that party `owner` knows; a single value fills all. One round, 64 bits a lane from the owner.
    pub async fn share_input(&self, cx: Cx<'_>, owner: usize, values: Option<&[i64]>, lanes: usize) -> Arith {
        let tape = cx.tape();
        let step = tape.step(0);
        cx.count_blocks(lanes as u64 / 2 + 1);
        let mut x = self.arith(lanes);
        let bytes = lanes * 8;
        // Component `owner` is the mask, known to the owner and its left neighbour.
        match self.slot(owner) {
            Some(0) => {
                let values = values.unwrap_or(&[0]);
                let (masks, rest) = (&mut x.a, &mut x.b);
                let mut produce = |at: usize, out: &mut [u8]| {
                    let (first, count) = (at / 8, out.len() / 8);
                    let (masks, rest) = (&mut masks[first..first + count], &mut rest[first..first + count]);
                    self.source.fill(owner, Stream::Input, tape, step, first, masks);
                    for (i, (m, r)) in masks.iter_mut().zip(rest.iter_mut()).enumerate() {
                        let value =
                            if values.len() == 1 { values[0] } else { values.get(first + i).copied().unwrap_or(0) };
                        *m &= self.mask;
                        *r = value.cast_unsigned().wrapping_sub(*m) & self.mask;
                    }
                    to_bytes(rest, out);
                };
                cx.exchange(&mut [Outgoing::new(self.next(), bytes, &mut produce)], &mut []).await;
            }
            Some(_) => {
                self.source.fill(owner, Stream::Input, tape, step, 0, &mut x.b);
                x.b.iter_mut().for_each(|m| *m &= self.mask);
                cx.idle().await;
            }
            None => {
                let rest = &mut x.a;
                let mut consume = |at: usize, bytes: &[u8]| from_bytes(bytes, &mut rest[at / 8..]);
                cx.exchange(&mut [], &mut [Incoming::new(owner, bytes, &mut consume)]).await;
            }
        }
        x
    }

    /// Every party learns x. One round, 64 bits a lane.
    pub async fn open_all(&self, cx: Cx<'_>, x: &Arith) -> Vec<i64> {
        let mut missing: Words = self.words(x.lanes);
        let bytes = x.lanes * 8;
        let mut produce = |at: usize, out: &mut [u8]| to_bytes(&x.b[at / 8..], out);
        let mut consume = |at: usize, bytes: &[u8]| from_bytes(bytes, &mut missing[at / 8..]);
        // P_{i+1}'s second component is x_{i+2}.
        cx.exchange(
            &mut [Outgoing::new(self.prev(), bytes, &mut produce)],
            &mut [Incoming::new(self.next(), bytes, &mut consume)],
        )
        .await;
        if self.dry {
            return vec![0; x.lanes];
        }
        let sum = |((a, b), c): ((&u64, &u64), &u64)| self.signed(a.wrapping_add(*b).wrapping_add(*c));
        x.a.iter().zip(x.b.iter()).zip(missing.iter()).map(sum).collect()
    }

    /// The ring element as an integer in two's complement.
    pub(crate) fn signed(&self, x: u64) -> i64 {
        let shift = 64 - self.bits;
        (x << shift).cast_signed() >> shift
    }
}
