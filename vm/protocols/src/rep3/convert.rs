//! From bits to integers.

use super::Rep3;
use super::elements::low_bits;
use super::kernel::{Step, element_bytes};
use super::keys::Source;
use super::share::{Arith, Bin, Row};
use crate::executor::Cx;
use crate::piece::{Incoming, Outgoing};
use smpc_math::planes::ROW_LANES;
use smpc_math::prf::Domain;
use std::cell::RefCell;

/// Bit `lane` of plane `plane` of a buffer with `width` planes.
#[inline]
pub(crate) fn bit(rows: &[Row], width: usize, plane: usize, lane: usize) -> u64 {
    rows[lane / ROW_LANES * width + plane][lane / 64 % 8] >> (lane % 64) & 1
}

/// Writes bytes of a message from a place on.
type Produce<'a> = Box<dyn FnMut(usize, &mut [u8]) + 'a>;
/// Takes bytes of a message from a place on.
type Consume<'a> = Box<dyn FnMut(usize, &[u8]) + 'a>;

impl<S: Source> Rep3<S> {
    /// Σ_j coefficients[j] · (bit of plane j).
    ///
    /// A bit is u ⊕ v with u = b_r ⊕ b_{r+1} known to P_r and v = b_{r+2} known to the two others, so it is u + v − 2uv (the unsplit of MP-SPDZ): P_r deals u_j,
    /// modulo what is left of the ring above its coefficient, and the sum of all products is crossed once. 2 rounds; an element a bit from the
    /// dealer and two a lane from the others: for one bit 3 elements, 64 bits a lane from each party on average.
    pub(crate) async fn bits_to_number(&self, cx: Cx<'_>, x: &Bin, coefficients: &[u64]) -> Arith {
        let width = x.width as usize;
        let tape = cx.tape();
        let parts = self.parts(x.lanes);
        cx.count_blocks(
            (parts.deal.len().max(parts.take.len()).max(parts.help.len()) as u64 / 2 + 1) * u64::from(x.width),
        );
        let z = RefCell::new(self.arith(x.lanes));
        let w_take = RefCell::new(self.words(parts.take.len()));
        let mut w_help = self.words(parts.help.len());
        let bits_of = |coefficient: u64| self.bits.saturating_sub(coefficient.trailing_zeros());
        let mut sends: Vec<(usize, Produce<'_>)> = Vec::new();
        let mut takes: Vec<(usize, Consume<'_>)> = Vec::new();
        let add = |to: &mut u64, word: u64| *to = to.wrapping_add(word) & self.mask;
        for (plane, &c) in coefficients.iter().enumerate() {
            let bits = bits_of(c);
            let size = element_bytes(bits);
            let at = Step::new(tape, plane as u64, Domain::Input);
            let (deal, take, help) = (parts.deal.start, parts.take.start, parts.help.start);
            let (z, w_take) = (&z, &w_take);
            sends.push((
                parts.deal.len() * size,
                Box::new(self.deal_writer(
                    at,
                    bits,
                    move |i| bit(&x.a, width, plane, deal + i) ^ bit(&x.b, width, plane, deal + i),
                    move |i, mask, rest| {
                        let z = &mut *z.borrow_mut();
                        add(&mut z.a[deal + i], c.wrapping_mul(mask));
                        add(&mut z.b[deal + i], c.wrapping_mul(rest));
                    },
                )),
            ));
            takes.push((
                parts.take.len() * size,
                Box::new(Self::deal_reader(bits, move |i, rest| {
                    let v = bit(&x.b, width, plane, take + i);
                    let z = &mut *z.borrow_mut();
                    add(&mut z.a[take + i], c.wrapping_mul(rest));
                    add(&mut z.b[take + i], c.wrapping_mul(v));
                    add(&mut w_take.borrow_mut()[i], (c << 1).wrapping_mul(v).wrapping_mul(rest).wrapping_neg());
                })),
            ));
            self.derive(self.next(), at, bits, parts.help.len(), |i, mask| {
                let v = bit(&x.a, width, plane, help + i);
                let z = &mut *z.borrow_mut();
                add(&mut z.b[help + i], c.wrapping_mul(mask));
                add(&mut z.a[help + i], c.wrapping_mul(v));
                add(&mut w_help[i], (c << 1).wrapping_mul(v).wrapping_mul(mask).wrapping_neg());
            });
        }
        {
            let mut sends: Vec<_> =
                sends.iter_mut().map(|(len, piece)| Outgoing::new(self.next(), *len, &mut **piece)).collect();
            let mut takes: Vec<_> =
                takes.iter_mut().map(|(len, piece)| Incoming::new(self.prev(), *len, &mut **piece)).collect();
            cx.exchange(&mut sends, &mut takes).await;
        }
        drop((sends, takes));
        let mut z = z.into_inner();
        let summands = (w_take.into_inner(), w_help);
        self.cross(cx, coefficients.len() as u64, &parts, (self.bits, 0), summands, &mut z).await;
        z
    }

    /// The number that the planes spell, in two's complement if `signed`.
    pub(crate) async fn number_of(&self, cx: Cx<'_>, x: &Bin, signed: bool) -> Arith {
        self.bits_to_number(cx, x, &weights(x.width, signed)).await
    }
}

/// 1, 2, 4, …; the last one negative if `signed`.
pub(crate) fn weights(width: u32, signed: bool) -> Vec<u64> {
    let mut weights: Vec<u64> = (0..width).map(|j| low_bits(64) & 1_u64.checked_shl(j).unwrap_or(0)).collect();
    if let Some(top) = weights.last_mut().filter(|_| signed) {
        *top = top.wrapping_neg();
    }
    weights
}
