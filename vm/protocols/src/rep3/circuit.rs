//! Circuits on bits: one round an AND level, one bit an AND gate and lane from each party.
//!
//! Wires live in slots (see `smpc_math::netlist`); the state is a [`Bin`] with a plane a slot. Lanes are cut in blocks of 512, and a block runs through a level's
//! local gates and its ANDs while it is in the cache; its messages leave in the order (block, gate).

use super::Rep3;
use super::kernel::{ROWS, Step};
use super::keys::Source;
use super::rows::{Shape, and_row};
use super::share::{Bin, Row, blocks};
use crate::executor::Cx;
use smpc_math::netlist::{Level, Levelled, Local};
use smpc_math::prf::Domain;
use std::cell::RefCell;

/// The wires of a circuit under evaluation, and how many blocks have run the local gates of the level.
struct State<'x> {
    a: &'x mut [Row],
    b: &'x mut [Row],
    slots: usize,
    ready: usize,
    /// What this party adds to a constant 1 in each buffer.
    ones: [u64; 2],
}

impl State<'_> {
    /// Runs local gates up to and with block `block`.
    fn run_local(&mut self, level: &Level, block: usize) {
        while self.ready <= block {
            let start = self.ready * self.slots;
            for (rows, one) in [(&mut *self.a, self.ones[0]), (&mut *self.b, self.ones[1])] {
                let rows = &mut rows[start..start + self.slots];
                for gate in &level.local {
                    match *gate {
                        Local::Xor { dst, a, b } => {
                            let (a, b) = (rows[a as usize], rows[b as usize]);
                            rows[dst as usize] = std::array::from_fn(|i| a[i] ^ b[i]);
                        }
                        Local::Not { dst, a } => rows[dst as usize] = rows[a as usize].map(|word| word ^ one),
                        Local::Zero { dst } => rows[dst as usize] = [0; 8],
                    }
                }
            }
            self.ready += 1;
        }
    }
}

impl<S: Source> Rep3<S> {
    /// Evaluates a circuit in place: `state` has a plane a slot, the inputs are in the first ones. Uses one step of the tape a level, from 0.
    pub(crate) async fn evaluate(&self, cx: Cx<'_>, circuit: &Levelled, state: &mut Bin) {
        debug_assert_eq!(state.width as usize, circuit.slots);
        let lanes = state.lanes;
        let count = if self.dry { 0 } else { blocks(lanes) };
        let ones = match self.slot(0) {
            Some(0) => [u64::MAX, 0],
            Some(_) => [0, u64::MAX],
            None => [0, 0],
        };
        for (depth, level) in circuit.levels.iter().enumerate() {
            let state = RefCell::new(State { a: &mut state.a, b: &mut state.b, slots: circuit.slots, ready: 0, ones });
            if !level.ands.is_empty() {
                self.level(cx, depth as u64, level, lanes, &state).await;
            }
            if count > 0 {
                state.into_inner().run_local(level, count - 1);
            }
        }
    }

    async fn level(&self, cx: Cx<'_>, depth: u64, level: &Level, lanes: usize, state: &RefCell<State<'_>>) {
        let gates = level.ands.len();
        let shape = Shape::new(gates, lanes);
        let at = Step::new(cx.tape(), depth, Domain::Bin);
        cx.count_blocks(shape.rows() as u64 * 4);
        let send = |first: usize, out: &mut [Row]| {
            let state = &mut *state.borrow_mut();
            debug_assert!(out.len() <= ROWS);
            self.zero_rows(at, first, out);
            let (mut block, mut gate) = (first / gates, first % gates);
            for z in out {
                state.run_local(level, block);
                let and = level.ands[gate];
                let start = block * state.slots;
                let (a, b) = (&mut state.a[start..start + state.slots], &state.b[start..start + state.slots]);
                let (x, y) = (and.a as usize, and.b as usize);
                *z = and_row(*z, (&a[x], &b[x]), (&a[y], &b[y]));
                a[and.dst as usize] = *z;
                gate += 1;
                if gate == gates {
                    (block, gate) = (block + 1, 0);
                }
            }
        };
        let take = |first: usize, rows: &[Row]| {
            let state = &mut *state.borrow_mut();
            let (mut block, mut gate) = (first / gates, first % gates);
            for row in rows {
                // A result's slot may be one that a local gate of this level still reads.
                state.run_local(level, block);
                state.b[block * state.slots + level.ands[gate].dst as usize] = *row;
                gate += 1;
                if gate == gates {
                    (block, gate) = (block + 1, 0);
                }
            }
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
        let width = circuit.outputs.len();
        for (to, from) in [(&mut out.a, &state.a), (&mut out.b, &state.b)] {
            if width > 0 {
                for (to, from) in to.chunks_mut(width).zip(from.chunks(circuit.slots)) {
                    to.iter_mut().zip(&circuit.outputs).for_each(|(to, slot)| *to = from[*slot as usize]);
                }
            }
        }
        out
    }

    /// A circuit on the planes of `inputs`, in order.
    pub(crate) async fn run_circuit(&self, cx: Cx<'_>, circuit: &Levelled, inputs: &Bin) -> Bin {
        let mut state = self.state_for(circuit, inputs.lanes);
        let width = inputs.width as usize;
        debug_assert_eq!(width, circuit.inputs.iter().sum::<u32>() as usize);
        for (to, from) in [(&mut state.a, &inputs.a), (&mut state.b, &inputs.b)] {
            if width > 0 && circuit.slots > 0 {
                for (to, from) in to.chunks_mut(circuit.slots).zip(from.chunks(width)) {
                    to[..width].copy_from_slice(from);
                }
            }
        }
        self.evaluate(cx, circuit, &mut state).await;
        self.outputs(circuit, &state)
    }
}
