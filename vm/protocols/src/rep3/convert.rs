//! From bits to integers.

use super::Rep3;
use super::kernel::{BLOCK, Step};
use super::share::{Arith, Bin, Words, bits_of_plane};
use super::split::Parts;
use crate::executor::Cx;
use crate::keys::Source;
use crate::message::element_bytes;
use crate::piece::{Incoming, Outgoing};
use crate::ring::weights;
use smpc_math::prf::Domain;
use std::cell::RefCell;
use std::ops::Range;

/// Writes bytes of a message from a place on.
type Produce<'a> = Box<dyn FnMut(usize, &mut [u8]) + 'a>;
/// Takes bytes of a message from a place on.
type Consume<'a> = Box<dyn FnMut(usize, &[u8]) + 'a>;

/// Lanes of a piece of a message: all planes of so many lanes stay in the second cache.
const PIECE: usize = 4096;

/// The pieces of a message of some coefficients' planes for so many lanes: plane, coefficient, first lane.
fn pieces(coefficients: &[u64], lanes: usize) -> impl Iterator<Item = (usize, &u64, usize)> {
    let bases = (0..lanes).step_by(PIECE);
    bases.flat_map(move |base| coefficients.iter().enumerate().map(move |(plane, c)| (plane, c, base)))
}

/// What P_r knows of a plane's lanes from a lane on: u = b_r ⊕ b_{r+1}.
pub(crate) fn dealt_bits(x: &Bin, plane: usize, lane: usize, out: &mut [u64]) {
    let mut second = [0; BLOCK];
    let (width, second) = (x.width as usize, &mut second[..out.len()]);
    bits_of_plane(&x.a, width, plane, lane, out);
    bits_of_plane(&x.b, width, plane, lane, second);
    out.iter_mut().zip(second).for_each(|(u, other)| *u ^= *other);
}

impl<S: Source> Rep3<S> {
    /// Σ_j coefficients[j] · (bit of plane j).
    ///
    /// A bit is u ⊕ v with u = b_r ⊕ b_{r+1} known to P_r and v = b_{r+2} known to the two others, so it is u + v − 2uv (the unsplit of MP-SPDZ): P_r deals u_j,
    /// modulo what is left of the ring above its coefficient, and the sum of all products is crossed once. 2 rounds; an element a bit from the
    /// dealer and two a lane from the others: for one bit 3 elements, 64 bits a lane from each party on average.
    pub(crate) async fn bits_to_number(&self, cx: Cx<'_>, x: &Bin, coefficients: &[u64]) -> Arith {
        let parts = self.parts(x.lanes);
        let mut z = self.arith(x.lanes);
        let summands = (self.words(parts.take.len()), self.words(parts.help.len()));
        self.add_bits(cx, x, coefficients, &parts, summands, &mut z).await;
        z
    }

    /// Adds Σ_j coefficients[j] · (bit of plane j) to z, and a product whose summands are given (see [`Self::cross`]). As [`Self::bits_to_number`].
    pub(crate) async fn add_bits(
        &self,
        cx: Cx<'_>,
        x: &Bin,
        coefficients: &[u64],
        parts: &Parts,
        (mut w_take, mut w_help): (Words, Words),
        z: &mut Arith,
    ) {
        let width = x.width as usize;
        cx.count_blocks(
            (parts.deal.len().max(parts.take.len()).max(parts.help.len()) as u64 / 2 + 1) * u64::from(x.width),
        );
        let (deal, take, help) = (parts.deal.start, parts.take.start, parts.help.start);
        let mask = self.mask;
        // Adds c · word to lanes from a place on.
        let add = move |to: &mut [u64], start: usize, c: u64, words: &[u64]| {
            let to = &mut to[start..start + words.len()];
            to.iter_mut().zip(words).for_each(|(to, word)| *to = to.wrapping_add(c.wrapping_mul(*word)) & mask);
        };
        // Adds −2c · u · v for a bit v.
        let add_both = move |to: &mut [u64], c: u64, us: &[u64], vs: &[u64]| {
            let factor = (c << 1).wrapping_neg();
            for ((to, u), v) in to.iter_mut().zip(us).zip(vs) {
                *to = to.wrapping_add(factor.wrapping_mul(u & v.wrapping_neg())) & mask;
            }
        };
        {
            let (z, w_take) = (&RefCell::new(&mut *z), &RefCell::new(&mut w_take));
            let mut sends: Vec<(usize, Produce<'_>)> = Vec::new();
            let mut takes: Vec<(usize, Consume<'_>)> = Vec::new();
            // All planes of some lanes, and then of the next: what they are added to stays in the cache.
            for (plane, &c, base) in pieces(coefficients, parts.longest()) {
                let bits = self.bits.saturating_sub(c.trailing_zeros());
                let size = element_bytes(bits);
                let at = Step::new(cx.tape(), plane as u64, Domain::Input);
                let count = |lanes: &Range<usize>| lanes.len().saturating_sub(base).min(PIECE);
                sends.push((
                    count(&parts.deal) * size,
                    Box::new(self.deal_writer(
                        at,
                        base,
                        bits,
                        move |i, out| dealt_bits(x, plane, deal + i, out),
                        move |i, masks, rests| {
                            let z = &mut *z.borrow_mut();
                            add(&mut z.a, deal + i, c, masks);
                            add(&mut z.b, deal + i, c, rests);
                        },
                    )),
                ));
                takes.push((
                    count(&parts.take) * size,
                    Box::new(Self::deal_reader(base, bits, move |i, rests| {
                        let mut vs = [0; BLOCK];
                        let vs = &mut vs[..rests.len()];
                        bits_of_plane(&x.b, width, plane, take + i, vs);
                        let z = &mut *z.borrow_mut();
                        add(&mut z.a, take + i, c, rests);
                        add(&mut z.b, take + i, c, vs);
                        add_both(&mut w_take.borrow_mut()[i..], c, rests, vs);
                    })),
                ));
                let helped = base..base + count(&parts.help);
                self.derive(self.next(), at, bits, helped, |i, masks| {
                    let mut vs = [0; BLOCK];
                    let vs = &mut vs[..masks.len()];
                    bits_of_plane(&x.a, width, plane, help + i, vs);
                    let z = &mut *z.borrow_mut();
                    add(&mut z.b, help + i, c, masks);
                    add(&mut z.a, help + i, c, vs);
                    add_both(&mut w_help[i..], c, masks, vs);
                });
            }
            let mut sends: Vec<_> =
                sends.iter_mut().map(|(len, piece)| Outgoing::new(self.next(), *len, &mut **piece)).collect();
            let mut takes: Vec<_> =
                takes.iter_mut().map(|(len, piece)| Incoming::new(self.prev(), *len, &mut **piece)).collect();
            cx.exchange(&mut sends, &mut takes).await;
        }
        self.cross(cx, coefficients.len() as u64, parts, (self.bits, 0), (w_take, w_help), z).await;
    }

    /// The number that the planes spell, in two's complement if `signed`.
    pub(crate) async fn number_of(&self, cx: Cx<'_>, x: &Bin, signed: bool) -> Arith {
        self.bits_to_number(cx, x, &weights(x.width, signed)).await
    }
}
