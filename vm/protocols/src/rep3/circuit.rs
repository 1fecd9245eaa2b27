//! Circuits on bits: one round an AND level, one bit an AND gate and lane from each party.
//!
//! Wires live in slots (see `smpc_math::netlist`); the state is a [`Bin`] with a plane a slot. Lanes are cut in blocks of 512, and a block runs through a level's
//! local gates and its ANDs while it is in the cache; its messages leave in the order (block, gate). A result may take the slot of an operand, so a block's
//! results arrive no earlier than the party has made its own part of them.

use super::Rep3;
use super::kernel::{ROWS, Step};
use super::rows::Shape;
use super::share::{Bin, Row, blocks};
use super::summands::SplitAnds;
use crate::circuits::wave;
use crate::executor::Cx;
use crate::join::join;
use crate::keys::Source;
use crate::message::runs;
use crate::workers;
use smpc_math::netlist::{Level, Levelled};
use smpc_math::planes::{ROW_LANES, ROW_WORDS};
use smpc_math::prf::Domain;
use smpc_math::simd;
use std::cell::RefCell;
use std::ops::Range;

/// Steps of work (see [`workers`]) that a local gate takes on a block, and an AND with its masks.
const LOCAL_WORK: usize = 4;
pub(crate) const AND_WORK: usize = 24;

/// The wires of a circuit under evaluation.
pub(crate) struct State<'x> {
    a: &'x mut [Row],
    b: &'x mut [Row],
    slots: usize,
    /// Which blocks have run the local gates of the level.
    ready: Vec<bool>,
}

impl State<'_> {
    /// The rows of a block, of both components.
    pub(crate) fn block(&mut self, block: usize) -> (&mut [Row], &mut [Row]) {
        let rows = block * self.slots..(block + 1) * self.slots;
        (&mut self.a[rows.clone()], &mut self.b[rows])
    }
}

impl<S: Source> Rep3<S> {
    /// Evaluates a circuit in place: `state` has a plane a slot, the inputs are in the first ones. Uses one step of the tape a level, from 0. The state starts with
    /// block `first` of the gate's lanes: which is where its masks start.
    pub(crate) async fn evaluate(&self, cx: Cx<'_>, circuit: &Levelled, first: usize, state: &mut Bin) {
        self.evaluate_after_split(cx, circuit, first, None, state).await;
    }

    /// As [`Self::evaluate`], where the last inputs come with the first level: they are ANDs of bits of two summands.
    pub(crate) async fn evaluate_after_split(
        &self,
        cx: Cx<'_>,
        circuit: &Levelled,
        first: usize,
        split: Option<&SplitAnds<'_>>,
        state: &mut Bin,
    ) {
        debug_assert_eq!(state.width as usize, circuit.slots);
        let lanes = state.lanes;
        let count = if self.dry { 0 } else { blocks(lanes) };
        for (depth, level) in circuit.levels.iter().enumerate() {
            let split = split.filter(|_| depth == 0);
            let ready = vec![false; count];
            let state = RefCell::new(State { a: &mut state.a, b: &mut state.b, slots: circuit.slots, ready });
            let at = Step::new(cx.tape(), depth as u64, Domain::Bin);
            let ands = self.ands(cx, at, level, split, (first, lanes), &state);
            if split.is_some() && workers::threads() > 1 {
                self.run_blocks(&mut state.borrow_mut(), level, split, 0..count, 0, |_, _, _| {});
            }
            match split {
                Some(split) if level.ands.is_empty() => self.pass_split_ands(cx, level, split, &state).await,
                Some(split) => drop(join(ands, self.pass_split_ands(cx, level, split, &state)).await),
                None if level.ands.is_empty() => {}
                None => ands.await,
            }
            let state = &mut *state.borrow_mut();
            if workers::threads() > 1 {
                self.run_blocks(state, level, split, 0..count, 0, |_, _, _| {});
            } else {
                (0..count).for_each(|block| self.run_local(state, level, split, block));
            }
        }
    }

    /// Makes this party's part of the split ANDs of a block and runs its local gates, if that was not done.
    pub(crate) fn run_local(&self, state: &mut State<'_>, level: &Level, split: Option<&SplitAnds<'_>>, block: usize) {
        if std::mem::replace(&mut state.ready[block], true) {
            return;
        }
        let (a, b) = state.block(block);
        self.local_part(level, split, block, a, b);
    }

    /// As [`Self::run_local`], for the rows of a block for which it was not done.
    fn local_part(&self, level: &Level, split: Option<&SplitAnds<'_>>, block: usize, a: &mut [Row], b: &mut [Row]) {
        // A constant 1 is one in component 0.
        let ones = match self.slot(0) {
            Some(0) => [u64::MAX, 0],
            Some(_) => [0, u64::MAX],
            None => [0, 0],
        };
        if let Some(split) = split {
            self.own_split_ands(split, block, a, b);
        }
        simd::local_gates(a, b, &level.local, ones);
    }

    /// [`Self::run_local`] for some blocks on all threads, and then `more(block, a, b)` for each, which takes `work` steps.
    fn run_blocks(
        &self,
        state: &mut State<'_>,
        level: &Level,
        split: Option<&SplitAnds<'_>>,
        blocks: Range<usize>,
        work: usize,
        more: impl Fn(usize, &mut [Row], &mut [Row]) + Sync,
    ) {
        let (slots, first) = (state.slots, blocks.start);
        let ready = &mut state.ready[blocks.clone()];
        let fresh: Vec<bool> = ready.iter_mut().map(|ready| !std::mem::replace(ready, true)).collect();
        let rows = first * slots..blocks.end * slots;
        let work = work + LOCAL_WORK * level.local.len() + split.map_or(0, |split| AND_WORK * split.count());
        workers::each2((&mut state.a[rows.clone()], &mut state.b[rows]), slots, work, |at, a, b| {
            for (n, (a, b)) in a.chunks_mut(slots).zip(b.chunks_mut(slots)).enumerate() {
                let block = at / slots + n;
                if fresh[block] {
                    self.local_part(level, split, first + block, a, b);
                }
                more(first + block, a, b);
            }
        });
    }

    /// The ANDs of a level on the lanes of a state that starts with a block of the gate's.
    async fn ands(
        &self,
        cx: Cx<'_>,
        at: Step,
        level: &Level,
        split: Option<&SplitAnds<'_>>,
        (start, lanes): (usize, usize),
        state: &RefCell<State<'_>>,
    ) {
        let ands = &level.ands;
        let gates = ands.len();
        let shape = Shape::new(gates, lanes);
        cx.count_blocks(shape.rows() as u64 * 4);
        let own = |block: usize, a: &mut [Row], b: &mut [Row]| {
            let mut z = [[0; ROW_WORDS]; ROWS];
            for (n, ands) in ands.chunks(ROWS).enumerate() {
                let z = &mut z[..ands.len()];
                self.zero_rows(at, (start + block) * gates + n * ROWS, z);
                simd::and_gates(a, b, ands, z);
            }
        };
        let mut made = 0;
        let send = |first: usize, out: &mut [Row]| {
            let state = &mut *state.borrow_mut();
            debug_assert!(out.len() <= ROWS);
            if workers::threads() > 1 {
                let work = AND_WORK * gates;
                let to = workers::ahead(made, (first + out.len()).div_ceil(gates), blocks(lanes), 1, work);
                if made < to {
                    self.run_blocks(state, level, split, made..to, work, own);
                    made = to;
                }
                runs(first, out.len(), gates, |done, block, which| {
                    let (a, _) = state.block(block);
                    let z = ands[which].iter().map(|and| a[and.dst as usize]);
                    out[done..].iter_mut().zip(z).for_each(|(out, z)| *out = z);
                });
                return;
            }
            self.zero_rows(at, start * gates + first, out);
            runs(first, out.len(), gates, |done, block, which| {
                self.run_local(state, level, split, block);
                let (a, b) = state.block(block);
                let z = &mut out[done..done + which.len()];
                simd::and_gates(a, b, &ands[which], z);
            });
        };
        let take = |first: usize, rows: &[Row]| {
            let state = &mut *state.borrow_mut();
            runs(first, rows.len(), gates, |done, block, which| {
                // Ours of these gates were made before, so nothing reads a slot any more that a result takes.
                let (_, b) = state.block(block);
                for (and, row) in ands[which].iter().zip(&rows[done..]) {
                    b[and.dst as usize] = *row;
                }
            });
        };
        self.pass_rows(cx, shape, send, take).await;
    }

    /// A state for a circuit, all zero.
    pub(crate) fn state_for(&self, circuit: &Levelled, lanes: usize) -> Bin {
        self.bin(u32::try_from(circuit.slots).unwrap_or(u32::MAX), lanes)
    }

    /// The outputs of a circuit after its evaluation.
    pub(crate) fn outputs(&self, circuit: &Levelled, state: &Bin) -> Bin {
        let mut out = self.bin(u32::try_from(circuit.outputs.len()).unwrap_or(u32::MAX), state.lanes);
        Self::put_outputs(circuit, state, &mut out.a, &mut out.b);
        out
    }

    /// Writes the outputs of a circuit after its evaluation to rows of a vector, from a block on.
    fn put_outputs(circuit: &Levelled, state: &Bin, a: &mut [Row], b: &mut [Row]) {
        let width = circuit.outputs.len();
        for (to, from) in [(a, &state.a), (b, &state.b)] {
            if width > 0 {
                workers::each(to, width, LOCAL_WORK * width, |at, to| {
                    let from = from[at / width * circuit.slots..].chunks(circuit.slots);
                    for (to, from) in to.chunks_mut(width).zip(from) {
                        to.iter_mut().zip(&circuit.outputs).for_each(|(to, slot)| *to = from[*slot as usize]);
                    }
                });
            }
        }
    }

    /// A circuit on the planes of `inputs`, one word after another, where a word of one lane stands for itself in all. One round an AND level and one bit a lane and AND from
    /// each party; the rounds come once for each wave (see [`wave`]), and there is one wave where there are not very many lanes.
    pub(crate) async fn run_circuit(&self, cx: Cx<'_>, circuit: &Levelled, inputs: &[&Bin]) -> Bin {
        self.in_waves(circuit, inputs, async |first, state| self.evaluate(cx, circuit, first, state).await).await
    }

    /// As [`Self::run_circuit`], where `evaluate(first, state)` has the state of a wave evaluated, which begins with block `first`.
    pub(crate) async fn in_waves(
        &self,
        circuit: &Levelled,
        inputs: &[&Bin],
        mut evaluate: impl AsyncFnMut(usize, &mut Bin),
    ) -> Bin {
        let (all, results) = (inputs.iter().map(|word| word.lanes).max().unwrap_or(0), circuit.outputs.len());
        debug_assert_eq!(inputs.iter().map(|word| word.width).sum::<u32>(), circuit.inputs.iter().sum::<u32>());
        debug_assert!(inputs.iter().all(|word| word.lanes == all || word.lanes == 1));
        let mut out = self.bin(u32::try_from(results).unwrap_or(u32::MAX), all);
        let wave = wave(circuit, all, self.block, 2);
        for first in (0..blocks(all)).step_by(wave) {
            let lanes = (wave * ROW_LANES).min(all - first * ROW_LANES);
            let mut state = self.state_for(circuit, lanes);
            let mut slot = 0;
            for word in inputs {
                let slots = slot..slot + word.width as usize;
                slot = slots.end;
                for (to, from) in [(&mut state.a, &word.a), (&mut state.b, &word.b)] {
                    if slots.is_empty() || from.is_empty() {
                        continue;
                    }
                    workers::each(to, circuit.slots, LOCAL_WORK * slots.len(), |at, to| {
                        let states = to.chunks_mut(circuit.slots).map(|block| &mut block[slots.clone()]);
                        if word.lanes == all {
                            let words = from[(first + at / circuit.slots) * slots.len()..].chunks(slots.len());
                            states.zip(words).for_each(|(to, from)| to.copy_from_slice(from));
                        } else {
                            let spread = |row: &Row| [(row[0] & 1).wrapping_neg(); ROW_WORDS];
                            states.for_each(|to| to.iter_mut().zip(&**from).for_each(|(to, from)| *to = spread(from)));
                        }
                    });
                }
            }
            evaluate(first, &mut state).await;
            if !out.a.is_empty() {
                let rows = first * results..(first + blocks(lanes)) * results;
                Self::put_outputs(circuit, &state, &mut out.a[rows.clone()], &mut out.b[rows]);
            }
        }
        out
    }
}
