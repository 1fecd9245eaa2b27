//! From integers to bits: the two-summand split.
//!
//! x = s + t with s = x_r + x_{r+1}, which P_r knows, and t = x_{r+2}, which P_{r+1} and P_{r+2} know. P_r inputs the bits of s (one round), those of t are a
//! sharing already (Keller 2025, section 6; two summands instead of the three of ABY3 save a carry-save layer). The role r goes round over three
//! groups of lanes, so that every link carries a third.
//!
//! In the group of role r a party has one of three parts; over all groups it plays each part once.

use super::Rep3;
use super::kernel::{ROWS, Step};
use super::keys::Source;
use super::rows::{Shape, row_reader, row_writer};
use super::share::{Arith, Bin, Row, blocks, to_planes};
use crate::executor::Cx;
use crate::piece::{Incoming, Outgoing};
use smpc_math::planes::ROW_LANES;
use smpc_math::prf::Domain;
use std::ops::Range;

/// The lanes in which a party plays each part.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    /// As P_r: knows s and deals its bits. Buffers hold components (r, r + 1).
    pub(crate) deal: Range<usize>,
    /// As P_{r+1}: takes what P_r deals, knows t. Buffers hold components (r + 1, r + 2).
    pub(crate) take: Range<usize>,
    /// As P_{r+2}: derives the dealer's mask from K_r, knows t. Buffers hold components (r + 2, r).
    pub(crate) help: Range<usize>,
}

/// The lanes of role r: thirds, in whole blocks.
fn group(role: usize, lanes: usize) -> Range<usize> {
    let third = blocks(lanes).div_ceil(3) * ROW_LANES;
    (role * third).min(lanes)..((role + 1) * third).min(lanes)
}

/// The buffers of a value of which P_r knows the first two components' sum: which summand this party contributes.
pub(crate) struct Split {
    /// Planes of s, then planes of t.
    pub(crate) width: usize,
    /// Added to s by its dealer.
    pub(crate) offset: u64,
    /// Whether t is negated, for equality.
    pub(crate) negate: bool,
}

impl<S: Source> Rep3<S> {
    pub(crate) fn parts(&self, lanes: usize) -> Parts {
        Parts { deal: group(self.me, lanes), take: group(self.prev(), lanes), help: group(self.next(), lanes) }
    }

    /// s of the lanes that this party deals.
    pub(crate) fn dealt(&self, x: &Arith, lane: usize, offset: u64) -> u64 {
        x.a[lane].wrapping_add(x.b[lane]).wrapping_add(offset) & self.mask
    }

    /// Writes shared bits of s into slots `0 .. width` of the state and those of t into slots `width .. 2·width`. One round; `width` bits a lane from
    /// the lane's dealer.
    pub(crate) async fn split(&self, cx: Cx<'_>, x: &Arith, how: &Split, state: &mut Bin) {
        let (slots, width) = (state.width as usize, how.width);
        let parts = self.parts(x.lanes);
        let at = Step::new(cx.tape(), 0, Domain::Input);
        cx.count_blocks((parts.deal.len().max(parts.take.len()).max(parts.help.len()) * width / 128 + 1) as u64);
        if !self.dry {
            let sign = |t: u64| if how.negate { t.wrapping_neg() } else { t };
            let planes = |words: &[u64], rows: &mut [Row], first, lane| {
                to_planes(words.iter().map(|t| sign(*t)), rows, slots, first, width, lane);
            };
            planes(&x.b[parts.take.clone()], &mut state.b, width, parts.take.start);
            planes(&x.a[parts.help.clone()], &mut state.a, width, parts.help.start);
            let s = parts.deal.clone().map(|lane| self.dealt(x, lane, how.offset));
            to_planes(s, &mut state.b, slots, 0, width, parts.deal.start);
            self.mask_slots(at, width, slots, &parts.help, self.next(), &mut state.b);
        }
        let deal_shape = Shape::new(width, parts.deal.len());
        let take_shape = Shape::new(width, parts.take.len());
        let (deal_block, take_block) = (parts.deal.start / ROW_LANES, parts.take.start / ROW_LANES);
        let place = move |block: usize, row: usize| (block + row / width) * slots + row % width;
        let Bin { a, b, .. } = state;
        // Where this party deals, its first buffer gets the mask and its second s ⊕ mask; where it takes, its first gets that.
        let a = std::cell::RefCell::new(a);
        let mut produce = row_writer(deal_shape, |first, out: &mut [Row]| {
            let mut masks = [[0; 8]; ROWS];
            let masks = &mut masks[..out.len()];
            self.mask_rows(self.me, at, first, masks);
            let a = &mut *a.borrow_mut();
            for (i, (out, mask)) in out.iter_mut().zip(&*masks).enumerate() {
                let place = place(deal_block, first + i);
                a[place] = *mask;
                let s = &mut b[place];
                s.iter_mut().zip(mask).for_each(|(s, m)| *s ^= m);
                *out = *s;
            }
        });
        let mut consume = row_reader(take_shape, |first, rows: &[Row]| {
            let a = &mut *a.borrow_mut();
            rows.iter().enumerate().for_each(|(i, row)| a[place(take_block, first + i)] = *row);
        });
        cx.exchange(
            &mut [Outgoing::new(self.next(), deal_shape.bytes(), &mut produce)],
            &mut [Incoming::new(self.prev(), take_shape.bytes(), &mut consume)],
        )
        .await;
    }

    /// Writes the mask of component `component` into slots `0 .. width` of the blocks of `lanes`.
    fn mask_slots(
        &self,
        at: Step,
        width: usize,
        slots: usize,
        lanes: &Range<usize>,
        component: usize,
        rows: &mut [Row],
    ) {
        let start = lanes.start / ROW_LANES * slots;
        let count = blocks(lanes.len());
        for (n, block) in rows[start..start + count * slots].chunks_mut(slots).enumerate() {
            self.mask_rows(component, at, n * width, &mut block[..width]);
        }
    }
}
