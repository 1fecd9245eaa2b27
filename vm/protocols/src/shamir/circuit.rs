//! Circuits on bits: one round an AND level, n − t − 1 bytes an AND gate and lane from each of 2t + 1 parties. A plane of bytes a wire.

use super::Shamir;
use super::deal::Step;
use super::product::Form;
use super::share::{Bin, Elements};
use crate::executor::Cx;
use crate::keys::Source;
use smpc_math::field::{Field, Gf256};
use smpc_math::netlist::{Levelled, Local};
use smpc_math::prf::Domain;

impl<S: Source> Shamir<S> {
    /// x · y of bytes, by places. One round. Uses step `step`.
    pub(crate) async fn byte_products(
        &self,
        cx: Cx<'_>,
        step: u64,
        x: &[Gf256],
        y: &[Gf256],
        len: usize,
    ) -> Elements<Gf256> {
        self.multiplied(cx, Step::new(cx.tape(), step, Domain::Bin), Form::Lanes, [x, y], len).await
    }

    /// Evaluates a circuit; an input of one lane stands for itself in every lane. Nothing else may use the tape: a level takes a step.
    pub(crate) async fn run_circuit(&self, cx: Cx<'_>, circuit: &Levelled, inputs: &[&Bin]) -> Bin {
        let lanes = inputs.iter().map(|word| word.lanes).find(|lanes| *lanes != 1).unwrap_or(1);
        let lanes = if inputs.is_empty() { 0 } else { lanes };
        let mut wires: Elements<Gf256> = self.elements(circuit.slots * lanes);
        if !self.dry {
            let planes = inputs.iter().flat_map(|word| word.planes_of());
            for (wire, plane) in wires.chunks_exact_mut(lanes.max(1)).zip(planes) {
                if let [one] = plane { wire.fill(*one) } else { wire.copy_from_slice(plane) }
            }
        }
        for (depth, level) in circuit.levels.iter().enumerate() {
            if !self.dry {
                level.local.iter().for_each(|gate| run_local(&mut wires, lanes, *gate));
            }
            let len = level.ands.len() * lanes;
            if level.ands.is_empty() {
                continue;
            }
            let (mut x, mut y): (Elements<Gf256>, Elements<Gf256>) = (self.elements(len), self.elements(len));
            if !self.dry {
                let wire = |slot: u32| &wires[slot as usize * lanes..][..lanes];
                for (k, gate) in level.ands.iter().enumerate() {
                    x[k * lanes..][..lanes].copy_from_slice(wire(gate.a));
                    y[k * lanes..][..lanes].copy_from_slice(wire(gate.b));
                }
            }
            let products = self.byte_products(cx, depth as u64, &x, &y, len).await;
            if !self.dry {
                for (k, gate) in level.ands.iter().enumerate() {
                    wires[gate.dst as usize * lanes..][..lanes].copy_from_slice(&products[k * lanes..][..lanes]);
                }
            }
        }
        let mut out = Bin {
            width: u32::try_from(circuit.outputs.len()).unwrap_or(u32::MAX),
            lanes,
            x: self.elements(circuit.outputs.len() * lanes),
        };
        if !self.dry {
            for (out, slot) in out.x.chunks_exact_mut(lanes.max(1)).zip(&circuit.outputs) {
                out.copy_from_slice(&wires[*slot as usize * lanes..][..lanes]);
            }
        }
        out
    }
}

/// A gate without a message; 1 in place of all bits is the byte 1. A result may take the place of an operand.
fn run_local(wires: &mut [Gf256], lanes: usize, gate: Local) {
    let of = |slot: u32| slot as usize * lanes..(slot as usize + 1) * lanes;
    match gate {
        Local::Xor { dst, a, b } if a == b => wires[of(dst)].fill(Gf256::default()),
        Local::Xor { dst, a, b } => {
            let mut other = b;
            if dst == b {
                other = a;
            } else if dst != a {
                wires.copy_within(of(a), of(dst).start);
            }
            let both = wires.get_disjoint_mut([of(dst), of(other)]);
            debug_assert!(both.is_ok(), "what is added to a wire is another one");
            if let Ok([to, from]) = both {
                Gf256::add_multiple(to, Gf256::ONE, from);
            }
        }
        Local::Not { dst, a } => {
            if dst != a {
                wires.copy_within(of(a), of(dst).start);
            }
            wires[of(dst)].iter_mut().for_each(|wire| *wire = wire.add(Gf256::ONE));
        }
        Local::Zero { dst } => wires[of(dst)].fill(Gf256::default()),
    }
}
