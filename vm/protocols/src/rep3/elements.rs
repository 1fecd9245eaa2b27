//! Messages of ring elements between the parts of a split (see `split`): a dealer's input, and the second step of a product of something that the dealer
//! knows with something that the two others know.
//!
//! **Deal.** P_r inputs u: component r is the mask F(K_r), known to P_r and P_{r+2}; component r + 1 is u − F(K_r), sent to P_{r+1}. One round.
//!
//! **Cross.** For v that P_{r+1} and P_{r+2} know, u·v = v·(u − F) + v·F: P_{r+1} knows the first summand, P_{r+2} the second, and each inputs its own to its
//! right neighbour under a fresh mask. One round.
//!
//! All of it works on blocks of lanes that stay in the first cache: functions get the number of a block's first element and the block's words. A message holds
//! the elements from `base` on; the number of an element is also its place in the mask.

use super::Rep3;
use super::kernel::{BLOCK, Step};
use super::share::{Arith, Words};
use super::split::Parts;
use crate::executor::Cx;
use crate::keys::Source;
use crate::message::{element_bytes, from_elements, to_elements};
use crate::piece::{Incoming, Outgoing};
use crate::ring::low_bits;
use smpc_math::prf::Domain;
use smpc_math::simd;
use std::cell::RefCell;
use std::ops::Range;

impl<S: Source> Rep3<S> {
    /// The dealer's message: `value(first, out)` of `bits` bits, masked; `store(first, masks, rests)` gets both components.
    pub(crate) fn deal_writer<'c>(
        &'c self,
        at: Step,
        base: usize,
        bits: u32,
        value: impl Fn(usize, &mut [u64]) + 'c,
        mut store: impl FnMut(usize, &[u64], &[u64]) + 'c,
    ) -> impl FnMut(usize, &mut [u8]) + 'c {
        let (size, low) = (element_bytes(bits), low_bits(bits));
        move |at_byte, out| {
            let (mut masks, mut values, mut rests) = ([0; BLOCK], [0; BLOCK], [0; BLOCK]);
            for (n, out) in out.chunks_mut(BLOCK * size).enumerate() {
                let first = base + at_byte / size + n * BLOCK;
                let count = out.len() / size;
                let (masks, values, rests) = (&mut masks[..count], &mut values[..count], &mut rests[..count]);
                self.mask_words(self.me, at, first, masks);
                value(first, values);
                simd::hide(rests, values, masks, low);
                store(first, masks, rests);
                to_elements(rests, size, out);
            }
        }
    }

    /// What P_{r+1} gets of a deal: `store(first, rests)`.
    pub(crate) fn deal_reader<'c>(
        base: usize,
        bits: u32,
        mut store: impl FnMut(usize, &[u64]) + 'c,
    ) -> impl FnMut(usize, &[u8]) + 'c {
        let size = element_bytes(bits);
        move |at_byte, bytes| {
            let mut rests = [0; BLOCK];
            for (n, bytes) in bytes.chunks(BLOCK * size).enumerate() {
                let rests = &mut rests[..bytes.len() / size];
                from_elements(bytes, size, rests);
                store(base + at_byte / size + n * BLOCK, rests);
            }
        }
    }

    /// What P_{r+2} derives of a deal, or any holder of a mask: `store(first, masks)` for elements of component `component`'s key.
    pub(crate) fn derive(
        &self,
        component: usize,
        at: Step,
        bits: u32,
        elements: Range<usize>,
        mut store: impl FnMut(usize, &[u64]),
    ) {
        if self.dry {
            return;
        }
        let low = low_bits(bits);
        let mut masks = [0; BLOCK];
        for first in elements.clone().step_by(BLOCK) {
            let masks = &mut masks[..BLOCK.min(elements.end - first)];
            self.mask_words(component, at, first, masks);
            masks.iter_mut().for_each(|mask| *mask &= low);
            store(first, masks);
        }
    }

    /// The second step of a product: `w_take` and `w_help` are this party's summands, of `bits` bits, on the lanes where it is P_{r+1} and P_{r+2}. Adds the
    /// product · 2^shift to z. One round, `bits` bits a lane from each of the two. Uses steps `step` and `step + 1`.
    pub(crate) async fn cross(
        &self,
        cx: Cx<'_>,
        step: u64,
        parts: &Parts,
        (bits, shift): (u32, u32),
        (mut w_take, mut w_help): (Words, Words),
        z: &mut Arith,
    ) {
        let (first, second) =
            (Step::new(cx.tape(), step, Domain::Input), Step::new(cx.tape(), step + 1, Domain::Input));
        let (size, low) = (element_bytes(bits), low_bits(bits));
        let (me, mask) = (self.me, self.mask);
        cx.count_blocks(parts.deal.len().max(parts.take.len()).max(parts.help.len()) as u64 + 1);
        // Adds words · 2^shift to lanes from a place on.
        let add = |to: &mut [u64], start: usize, words: &[u64]| {
            let to = &mut to[start..start + words.len()];
            to.iter_mut().zip(words).for_each(|(to, word)| *to = to.wrapping_add(word << shift) & mask);
        };
        // P_{r+1} inputs under K_{r+1}: component r + 1 is the mask, component r + 2 the rest. P_{r+2} likewise under K_{r+2}: components r + 2 and r.
        // Both of our own masks come from K_me, at different steps.
        for (w, lanes, at) in [(&mut w_take, &parts.take, first), (&mut w_help, &parts.help, second)] {
            let (za, zb) = (&mut z.a, &mut z.b);
            self.derive(me, at, bits, 0..lanes.len(), |i, masks| {
                let w = &mut w[i..i + masks.len()];
                w.iter_mut().zip(masks).for_each(|(w, mask)| *w = w.wrapping_sub(*mask) & low);
                add(za, lanes.start + i, masks);
                add(zb, lanes.start + i, w);
            });
        }
        // Masks of others that we hold under K_{me+1}: as P_{r+1}, that of P_{r+2} for component r + 2 (our second); as P_r, that of P_{r+1} for component
        // r + 1 (our second).
        for (lanes, at) in [(&parts.take, second), (&parts.deal, first)] {
            let zb = &mut z.b;
            self.derive(me + 1, at, bits, 0..lanes.len(), |i, masks| add(zb, lanes.start + i, masks));
        }
        // What arrives goes into our first component: as P_{r+2} the rest of P_{r+1}, as P_r the rest of P_{r+2}.
        let za = RefCell::new(&mut z.a);
        let mut to_takes = |at: usize, out: &mut [u8]| to_elements(&w_take[at / size..], size, out);
        let mut to_helps = |at: usize, out: &mut [u8]| to_elements(&w_help[at / size..], size, out);
        let mut from_takes =
            Self::deal_reader(0, bits, |i, rests| add(&mut za.borrow_mut(), parts.help.start + i, rests));
        let mut from_helps =
            Self::deal_reader(0, bits, |i, rests| add(&mut za.borrow_mut(), parts.deal.start + i, rests));
        cx.exchange(
            &mut [
                Outgoing::new(self.next(), parts.take.len() * size, &mut to_takes),
                Outgoing::new(self.next(), parts.help.len() * size, &mut to_helps),
            ],
            &mut [
                Incoming::new(self.prev(), parts.help.len() * size, &mut from_takes),
                Incoming::new(self.prev(), parts.deal.len() * size, &mut from_helps),
            ],
        )
        .await;
    }
}
