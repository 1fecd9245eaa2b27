//! From integers to bits: the two-summand split.
//!
//! x = s + t with s = x_r + x_{r+1}, which P_r knows, and t = x_{r+2}, which P_{r+1} and P_{r+2} know. P_r inputs the bits of s (one round), those of t are a
//! sharing already (Keller 2025, section 6; two summands instead of the three of ABY3 save a carry-save layer). The role r goes round over three
//! groups of lanes, so that every link carries a third.
//!
//! In the group of role r a party has one of three parts; over all groups it plays each part once.

use super::Rep3;
use super::kernel::{ROWS, Step};
use super::rows::{Shape, row_reader, row_writer};
use super::share::{Arith, Bin, Row, blocks, to_planes};
use crate::executor::Cx;
use crate::keys::Source;
use crate::message::runs;
use crate::piece::{Incoming, Outgoing};
use crate::workers;
use smpc_math::planes::ROW_LANES;
use smpc_math::prf::Domain;
use smpc_math::simd;
use std::cell::RefCell;
use std::ops::Range;

/// Steps of work (see [`workers`]) that the mask of a row takes.
const MASK_WORK: usize = 12;

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

impl Parts {
    /// Lanes of the longest part.
    pub(crate) fn longest(&self) -> usize {
        self.deal.len().max(self.take.len()).max(self.help.len())
    }
}

/// The lanes of role r: thirds, in whole blocks.
fn group(role: usize, lanes: usize) -> Range<usize> {
    let third = blocks(lanes).div_ceil(3) * ROW_LANES;
    (role * third).min(lanes)..((role + 1) * third).min(lanes)
}

/// How a number is split.
pub(crate) struct Split {
    /// Bits of s and t.
    pub(crate) width: usize,
    /// Added to s by its dealer.
    pub(crate) offset: u64,
    /// Whether t is negated, for equality.
    pub(crate) negate: bool,
}

/// A number to be split: x, or x − y.
#[derive(Clone, Copy)]
pub(crate) struct Number<'x> {
    x: &'x Arith,
    minus: Option<&'x Arith>,
}

impl<'x> Number<'x> {
    pub(crate) const fn of(x: &'x Arith) -> Self {
        Self { x, minus: None }
    }

    pub(crate) const fn difference(x: &'x Arith, y: &'x Arith) -> Self {
        Self { x, minus: Some(y) }
    }

    pub(crate) const fn lanes(self) -> usize {
        self.x.lanes
    }

    /// Writes lanes of a component, which `of` picks, or adds them.
    fn put(self, of: impl Fn(&Arith) -> &[u64], lane: usize, add: bool, out: &mut [u64]) {
        let lanes = lane..lane + out.len();
        let x = &of(self.x)[lanes.clone()];
        if add {
            out.iter_mut().zip(x).for_each(|(out, x)| *out = out.wrapping_add(*x));
        } else {
            out.copy_from_slice(x);
        }
        if let Some(y) = self.minus {
            out.iter_mut().zip(&of(y)[lanes]).for_each(|(out, y)| *out = out.wrapping_sub(*y));
        }
    }
}

impl<S: Source> Rep3<S> {
    pub(crate) fn parts(&self, lanes: usize) -> Parts {
        Parts { deal: group(self.me, lanes), take: group(self.prev(), lanes), help: group(self.next(), lanes) }
    }

    /// s of lanes that this party deals, from a lane on.
    pub(crate) fn dealt(&self, x: &Arith, lane: usize, offset: u64, out: &mut [u64]) {
        let lanes = lane..lane + out.len();
        for ((s, a), b) in out.iter_mut().zip(&x.a[lanes.clone()]).zip(&x.b[lanes]) {
            *s = a.wrapping_add(*b).wrapping_add(offset) & self.mask;
        }
    }

    /// Writes shared bits of s ⊕ t into slots `0 .. width` of the state: components r and r + 1 are those of s, component r + 2 is t. One round; `width` bits a lane
    /// from the lane's dealer.
    pub(crate) async fn split(&self, cx: Cx<'_>, x: Number<'_>, how: &Split, state: &mut Bin) {
        let (slots, width) = (state.width as usize, how.width);
        let parts = self.parts(x.lanes());
        let step = Step::new(cx.tape(), 0, Domain::Input);
        cx.count_blocks((blocks(parts.longest()) * width) as u64 * 4);
        if !self.dry {
            let sign = |out: &mut [u64]| {
                if how.negate {
                    out.iter_mut().for_each(|t| *t = t.wrapping_neg());
                }
            };
            let t = (0, width);
            to_planes(&mut state.b, slots, t, parts.take.clone(), |lane, out| {
                x.put(|x| &x.b, lane, false, out);
                sign(out);
            });
            to_planes(&mut state.a, slots, t, parts.help.clone(), |lane, out| {
                x.put(|x| &x.a, lane, false, out);
                sign(out);
            });
            self.mask_slots(step, width, slots, &parts.help, self.next(), &mut state.b);
        }
        let deal_shape = Shape::new(width, parts.deal.len());
        let take_shape = Shape::new(width, parts.take.len());
        let (deal_block, take_block) = (parts.deal.start / ROW_LANES, parts.take.start / ROW_LANES);
        let Bin { a, b, .. } = state;
        let s = |lane: usize, out: &mut [u64]| {
            x.put(|x| &x.a, lane, false, out);
            x.put(|x| &x.b, lane, true, out);
            out.iter_mut().for_each(|s| *s = s.wrapping_add(how.offset));
        };
        // Where this party deals, its first buffer gets the mask m and its second e = s ⊕ m; where it takes, its first gets that.
        let ahead = workers::threads() > 1;
        if ahead && !parts.deal.is_empty() {
            to_planes(b, slots, (0, width), parts.deal.clone(), s);
            let rows = deal_block * slots..(deal_block + blocks(parts.deal.len())) * slots;
            workers::each2((&mut a[rows.clone()], &mut b[rows]), slots, MASK_WORK * width, |at, a, b| {
                for (n, (a, b)) in a.chunks_mut(slots).zip(b.chunks_mut(slots)).enumerate() {
                    let (masks, e) = (&mut a[..width], &mut b[..width]);
                    self.mask_rows(self.me, step, (at / slots + n) * width, masks);
                    simd::xor_into(e.as_flattened_mut(), masks.as_flattened());
                }
            });
        }
        let a = RefCell::new(a);
        let mut ready = 0;
        let mut produce = row_writer(deal_shape, |first, out: &mut [Row]| {
            if ahead {
                runs(first, out.len(), width, |done, block, rows| {
                    let e = &b[(deal_block + block) * slots..][rows];
                    out[done..done + e.len()].copy_from_slice(e);
                });
                return;
            }
            let mut masks = [[0; 8]; ROWS];
            let masks = &mut masks[..out.len()];
            self.mask_rows(self.me, step, first, masks);
            let a = &mut *a.borrow_mut();
            runs(first, out.len(), width, |done, block, rows| {
                if block == ready {
                    let lanes = parts.deal.start + block * ROW_LANES;
                    let lanes = lanes..(lanes + ROW_LANES).min(parts.deal.end);
                    to_planes(b, slots, (0, width), lanes, s);
                    ready += 1;
                }
                let place = (deal_block + block) * slots;
                let (a, b) = (&mut a[place..][rows.clone()], &mut b[place..][rows.clone()]);
                let (masks, out) = (&masks[done..done + rows.len()], &mut out[done..done + rows.len()]);
                a.copy_from_slice(masks);
                simd::xor_into(b.as_flattened_mut(), masks.as_flattened());
                out.copy_from_slice(b);
            });
        });
        let mut consume = row_reader(take_shape, |first, all: &[Row]| {
            let a = &mut *a.borrow_mut();
            runs(first, all.len(), width, |done, block, rows| {
                let place = (take_block + block) * slots;
                let count = rows.len();
                a[place..][rows].copy_from_slice(&all[done..done + count]);
            });
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
        workers::each(&mut rows[start..start + count * slots], slots, MASK_WORK * width, |first, rows| {
            for (n, block) in rows.chunks_mut(slots).enumerate() {
                self.mask_rows(component, at, (first / slots + n) * width, &mut block[..width]);
            }
        });
    }
}
