//! Circuits on bits: one round an AND level, 1.5 bits an AND gate and lane from each party on average.
//!
//! Wires live in slots (see `smpc_math::netlist`); the state is a [`Bin`] with a plane a slot.

use super::Rep4;
use super::product::{ACROSS, ALL};
use super::share::{Bin, HELD};
use crate::bits::{Rows, blocks};
use crate::circuits::wave;
use crate::executor::Cx;
use crate::join::join;
use crate::keys::Source;
use crate::layout::Layout;
use crate::message::{Shape, runs};
use crate::protocol::Shares as _;
use crate::workers;
use smpc_math::netlist::{And, Level, Levelled};
use smpc_math::planes::{ROW_LANES, ROW_WORDS};
use smpc_math::prf::Domain;
use smpc_math::simd;
use std::ops::Range;

/// Steps of work (see [`workers`]) that a local gate takes on a block.
const LOCAL_WORK: usize = 4;
/// Steps of randomness of a level.
const STEPS: u64 = 16;

/// The ANDs of bits of two summands that come with a first level: of slots `operands` of s ⊕ t, into as many slots behind `results`.
#[derive(Clone)]
pub(crate) struct SplitAnds {
    pub(crate) operands: Range<usize>,
    pub(crate) results: usize,
}

impl<S: Source> Rep4<S> {
    /// Evaluates a circuit in place: `state` has a plane a slot, the inputs are in the first ones. The state starts with block `first` of the gate's lanes: which is
    /// where its masks start. The last inputs may come with the first level: ANDs of bits of two summands.
    pub(crate) async fn evaluate(
        &self,
        cx: Cx<'_>,
        circuit: &Levelled,
        first: usize,
        split: Option<&SplitAnds>,
        state: &mut Bin,
    ) {
        debug_assert_eq!(state.width as usize, circuit.slots);
        for (step, level) in (0..).zip(&circuit.levels) {
            let split = split.filter(|_| step == 0);
            // Local gates may take the slots of what they read.
            let summands = split.map(|split| self.summands_of(split, state));
            self.local_gates(level, state);
            let ands = || self.ands(cx, step * STEPS, level, first, state);
            let (ands, split_ands) = match &summands {
                Some(summands) if level.ands.is_empty() => (None, Some(self.split_ands(cx, summands).await)),
                Some(summands) => {
                    let (ands, split_ands) = join(ands(), self.split_ands(cx, summands)).await;
                    (Some(ands), Some(split_ands))
                }
                None if level.ands.is_empty() => (None, None),
                None => (Some(ands().await), None),
            };
            if let Some(rows) = ands {
                put(state, &rows, level.ands.iter().map(|and| and.dst as usize));
            }
            if let (Some(rows), Some(split)) = (split_ands, split) {
                put(state, &rows, split.results..split.results + split.operands.len());
            }
        }
    }

    fn local_gates(&self, level: &Level, state: &mut Bin) {
        let slots = state.width as usize;
        for (k, rows) in state.x.iter_mut().enumerate() {
            // A constant 1 is one in component 0.
            let ones = if k == self.slot(0) { u64::MAX } else { 0 };
            workers::each(rows, slots, LOCAL_WORK * level.local.len(), |_, rows| {
                rows.chunks_mut(slots).for_each(|block| simd::local_gates_of(block, &level.local, ones));
            });
        }
    }

    /// The results of a level's AND gates, a plane each.
    async fn ands(&self, cx: Cx<'_>, step: u64, level: &Level, first: usize, state: &Bin) -> [Rows; HELD] {
        let (gates, slots) = (level.ands.len(), state.width as usize);
        let layout = Layout::Bits(Shape::new(gates, state.lanes));
        let ands: &[And] = &level.ands;
        let before = first * gates * ROW_WORDS;
        let z = self.tell(cx, (step, Domain::Bin, before), layout, &ALL, |_, pair, at, out| {
            let (rows, _) = out.as_chunks_mut();
            runs(at / ROW_WORDS, rows.len(), gates, |done, block, which| {
                let of = |k: usize| &state.x[k][block * slots..(block + 1) * slots];
                let rows = &mut rows[done..done + which.len()];
                simd::pair_gates(rows, of(pair.a), of(pair.b), &ands[which], pair.square);
            });
        });
        z.await.map(Rows::from)
    }

    /// s ⊕ t of the operands of split ANDs.
    fn summands_of(&self, split: &SplitAnds, state: &Bin) -> Bin {
        let (slots, count) = (state.width as usize, split.operands.len());
        let mut out = self.bin(u32::try_from(count).unwrap_or(u32::MAX), state.lanes);
        for (to, from) in out.x.iter_mut().zip(&state.x).filter(|_| count > 0) {
            let blocks = to.chunks_mut(count).zip(from.chunks(slots));
            blocks.for_each(|(to, from)| to.copy_from_slice(&from[split.operands.clone()]));
        }
        out
    }

    /// s ∧ t of all planes of s ⊕ t: the products of components 0 and 1 with components 2 and 3. One round, a bit a lane and plane from each party.
    async fn split_ands(&self, cx: Cx<'_>, summands: &Bin) -> [Rows; HELD] {
        let layout = Layout::Bits(Shape::new(summands.width as usize, summands.lanes));
        let z = self.tell(cx, (ALL.len() as u64, Domain::Bin, 0), layout, &ACROSS, |_, pair, first, out| {
            let of = |k: usize| &summands.x[k].as_flattened()[first..first + out.len()];
            let (a, b) = (of(pair.a), of(pair.b));
            out.iter_mut().zip(a.iter().zip(b)).for_each(|(out, (a, b))| *out = a & b);
        });
        z.await.map(Rows::from)
    }

    /// A state for a circuit, all zero.
    pub(crate) fn state_for(&self, circuit: &Levelled, lanes: usize) -> Bin {
        self.bin(u32::try_from(circuit.slots).unwrap_or(u32::MAX), lanes)
    }

    /// Writes the outputs of a circuit after its evaluation to rows of a vector, from a block on.
    pub(crate) fn put_outputs(circuit: &Levelled, state: &Bin, out: &mut Bin, first: usize) {
        let width = circuit.outputs.len();
        for (to, from) in out.x.iter_mut().zip(&state.x).filter(|(to, _)| width > 0 && !to.is_empty()) {
            let blocks = to[first * width..].chunks_mut(width).zip(from.chunks(circuit.slots));
            for (to, from) in blocks {
                to.iter_mut().zip(&circuit.outputs).for_each(|(to, slot)| *to = from[*slot as usize]);
            }
        }
    }

    /// A circuit on the planes of `inputs`, one word after another, where a word of one lane stands for itself in all. One round an AND level; the rounds come once
    /// for each wave (see [`wave`]), and there is one wave where there are not very many lanes.
    pub(crate) async fn run_circuit(&self, cx: Cx<'_>, circuit: &Levelled, inputs: &[&Bin]) -> Bin {
        let (all, results) = (inputs.iter().map(|word| word.lanes()).max().unwrap_or(0), circuit.outputs.len());
        debug_assert_eq!(inputs.iter().map(|word| word.width).sum::<u32>(), circuit.inputs.iter().sum::<u32>());
        let mut out = self.bin(u32::try_from(results).unwrap_or(u32::MAX), all);
        let wave = wave(circuit, all, 0, HELD);
        for first in (0..blocks(all)).step_by(wave) {
            let lanes = (wave * ROW_LANES).min(all - first * ROW_LANES);
            let mut state = self.state_for(circuit, lanes);
            let mut slot = 0;
            for word in inputs {
                let slots = slot..slot + word.width as usize;
                slot = slots.end;
                for (to, from) in state.x.iter_mut().zip(&word.x) {
                    if slots.is_empty() || from.is_empty() {
                        continue;
                    }
                    let states = to.chunks_mut(circuit.slots).map(|block| &mut block[slots.clone()]);
                    if word.lanes == all {
                        let words = from[first * slots.len()..].chunks(slots.len());
                        states.zip(words).for_each(|(to, from)| to.copy_from_slice(from));
                    } else {
                        states.for_each(|to| {
                            to.iter_mut().zip(from.iter()).for_each(|(to, from)| {
                                *to = [(from[0] & 1).wrapping_neg(); ROW_WORDS];
                            });
                        });
                    }
                }
            }
            self.evaluate(cx, circuit, first, None, &mut state).await;
            Self::put_outputs(circuit, &state, &mut out, first);
        }
        out
    }
}

/// Writes planes into slots of a state.
fn put(state: &mut Bin, planes: &[Rows; HELD], slots: impl ExactSizeIterator<Item = usize> + Clone) {
    let (width, count) = (state.width as usize, slots.len());
    for (to, from) in state.x.iter_mut().zip(planes).filter(|_| count > 0) {
        for (to, from) in to.chunks_mut(width).zip(from.chunks(count)) {
            slots.clone().zip(from).for_each(|(slot, row)| to[slot] = *row);
        }
    }
}

/// Words of a plane's lanes, a bit each, of the sum of two components.
pub(crate) fn bits_of(x: &Bin, components: (usize, usize), plane: usize, lane: usize, out: &mut [u64]) {
    let mut second = [0; crate::message::BLOCK];
    let (width, second) = (x.width as usize, &mut second[..out.len()]);
    crate::bits::bits_of_plane(&x.x[components.0], width, plane, lane, out);
    crate::bits::bits_of_plane(&x.x[components.1], width, plane, lane, second);
    simd::xor_into(out, second);
}
