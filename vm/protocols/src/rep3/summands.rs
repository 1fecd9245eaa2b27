//! Circuits on the two summands of a number, and the ANDs of their bits: the first level of every adder.
//!
//! After the split (see there) s ⊕ t has components (m, e, t), where s = m ⊕ e. So s ∧ t = (m ∧ t) ⊕ (e ∧ t), where P_{r+2} knows the first summand and P_{r+1} the second,
//! the AND of its two buffers, and each inputs its own to its right neighbour under a fresh mask: two bits an AND where another one takes three. (The cross
//! of `elements`, for bits.)

use super::Rep3;
use super::circuit::State;
use super::kernel::{ROWS, Step};
use super::rows::{Shape, row_reader, row_writer};
use super::share::{Bin, Row};
use super::split::{Number, Parts, Split};
use crate::circuits::Kind;
use crate::executor::Cx;
use crate::keys::Source;
use crate::message::runs;
use crate::piece::{Incoming, Outgoing};
use smpc_math::netlist::Level;
use smpc_math::planes::ROW_LANES;
use smpc_math::prf::Domain;
use smpc_math::simd;
use std::cell::RefCell;
use std::ops::Range;

/// The ANDs of bits of two summands that come with a first level.
pub(crate) struct SplitAnds<'x> {
    parts: &'x Parts,
    /// Slots of the operands (of s ⊕ t), and of the results behind them.
    operands: Range<usize>,
    results: Range<usize>,
    /// The masks of P_{r+1} and of P_{r+2}.
    steps: [Step; 2],
}

impl SplitAnds<'_> {
    /// How many there are, a lane.
    pub(crate) fn count(&self) -> usize {
        self.results.len()
    }
}

/// The blocks of a part.
fn part_blocks(lanes: &Range<usize>) -> Range<usize> {
    lanes.start.div_ceil(ROW_LANES)..lanes.end.div_ceil(ROW_LANES)
}

impl<S: Source> Rep3<S> {
    /// Runs a circuit on the summands of a number. A round for the split and one for each AND level.
    pub(crate) async fn on_summands(&self, cx: Cx<'_>, x: Number<'_>, how: &Split, kind: Kind) -> Bin {
        let on = &*self.circuits.get(kind);
        let mut state = self.state_for(&on.circuit, x.lanes());
        let parts = self.parts(x.lanes());
        self.split(cx.sub(0, 3), x, how, &mut state).await;
        let step = |k| Step::new(cx.sub(1, 3).tape(), k, Domain::Bin);
        let split = SplitAnds {
            parts: &parts,
            operands: 0..on.generate,
            results: on.width..on.width + on.generate,
            steps: [step(0), step(1)],
        };
        let split = (on.generate > 0).then_some(&split);
        self.evaluate_after_split(cx.sub(2, 3), &on.circuit, 0, split, &mut state).await;
        self.outputs(&on.circuit, &state)
    }

    /// This party's part of the split ANDs of a block, masked.
    pub(crate) fn own_split_ands(&self, split: &SplitAnds<'_>, block: usize, a: &mut [Row], b: &mut [Row]) {
        let parts = split.parts;
        let deals = part_blocks(&parts.deal).contains(&block);
        // Where we dealt, only the mask of P_{r+1} is ours, for component r + 1; component r arrives.
        let (component, step, lanes) = if deals {
            (self.me + 1, split.steps[0], &parts.deal)
        } else if part_blocks(&parts.take).contains(&block) {
            (self.me, split.steps[0], &parts.take)
        } else {
            (self.me, split.steps[1], &parts.help)
        };
        let count = split.results.len();
        let first = (block - part_blocks(lanes).start) * count;
        let (operands, a_results) = a.split_at_mut(split.results.start);
        let (x, a) = (&operands[split.operands.clone()], &mut a_results[..count]);
        let (operands, b_results) = b.split_at_mut(split.results.start);
        let (y, b) = (&operands[split.operands.clone()], &mut b_results[..count]);
        if deals {
            a.fill([0; 8]);
            self.mask_rows(component, step, first, b);
        } else {
            self.mask_rows(component, step, first, a);
            simd::and_masked(b.as_flattened_mut(), x.as_flattened(), y.as_flattened(), a.as_flattened());
        }
    }

    /// Sends and takes the masked parts. One round, one bit a lane and AND from each of two parties.
    pub(crate) async fn pass_split_ands(
        &self,
        cx: Cx<'_>,
        level: &Level,
        split: &SplitAnds<'_>,
        state: &RefCell<State<'_>>,
    ) {
        let parts = split.parts;
        let (start, count) = (split.results.start, split.results.len());
        cx.count_blocks((parts.longest().div_ceil(ROW_LANES) * count) as u64 * 4);
        let shape = |lanes: &Range<usize>| Shape::new(count, lanes.len());
        // Our own part as it was made; where we took what was dealt, the mask of P_{r+2} for the component that we share with it is added then.
        let writer = |lanes: &Range<usize>, takes: bool| {
            let start_block = part_blocks(lanes).start;
            move |first: usize, out: &mut [Row]| {
                let state = &mut *state.borrow_mut();
                let mut masks = [[0; 8]; ROWS];
                let masks = &mut masks[..out.len()];
                if takes {
                    self.mask_rows(self.me + 1, split.steps[1], first, masks);
                }
                runs(first, out.len(), count, |done, block, which| {
                    self.run_local(state, level, Some(split), start_block + block);
                    let (_, b) = state.block(start_block + block);
                    let b = &mut b[start + which.start..start + which.end];
                    out[done..done + b.len()].copy_from_slice(b);
                    if takes {
                        simd::xor_into(b.as_flattened_mut(), masks[done..].as_flattened());
                    }
                });
            }
        };
        let reader = |lanes: &Range<usize>| {
            let start_block = part_blocks(lanes).start;
            move |first: usize, rows: &[Row]| {
                let state = &mut *state.borrow_mut();
                runs(first, rows.len(), count, |done, block, which| {
                    self.run_local(state, level, Some(split), start_block + block);
                    let (a, _) = state.block(start_block + block);
                    let a = &mut a[start + which.start..start + which.end];
                    simd::xor_into(a.as_flattened_mut(), rows[done..].as_flattened());
                });
            }
        };
        let mut from_take = row_writer(shape(&parts.take), writer(&parts.take, true));
        let mut from_help = row_writer(shape(&parts.help), writer(&parts.help, false));
        let mut to_help = row_reader(shape(&parts.help), reader(&parts.help));
        let mut to_deal = row_reader(shape(&parts.deal), reader(&parts.deal));
        cx.exchange(
            &mut [
                Outgoing::new(self.next(), shape(&parts.take).bytes(), &mut from_take),
                Outgoing::new(self.next(), shape(&parts.help).bytes(), &mut from_help),
            ],
            &mut [
                Incoming::new(self.prev(), shape(&parts.help).bytes(), &mut to_help),
                Incoming::new(self.prev(), shape(&parts.deal).bytes(), &mut to_deal),
            ],
        )
        .await;
    }
}
