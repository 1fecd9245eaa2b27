//! Boolean circuits: XOR, AND and NOT gates over single bits, evaluated on all lanes of bit planes at once.
//!
//! A [`Netlist`] is what is stored and checked; [`Netlist::levelled`] arranges it for evaluation: one level an AND depth, and as few
//! slots for wires as their lifetimes allow.

use crate::planes::Planes;
use std::fmt;

/// A gate; its output is the wire numbered (inputs + its position).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gate {
    /// Exclusive or of two wires.
    Xor(u32, u32),
    /// Conjunction of two wires.
    And(u32, u32),
    /// Complement of a wire.
    Not(u32),
    /// The constant 0.
    Zero,
}

impl Gate {
    /// The wires that it reads.
    fn reads(self) -> impl Iterator<Item = u32> {
        let (a, b) = match self {
            Self::Xor(a, b) | Self::And(a, b) => (Some(a), Some(b)),
            Self::Not(a) => (Some(a), None),
            Self::Zero => (None, None),
        };
        a.into_iter().chain(b)
    }
}

/// A circuit in topological order. Input wires come first, word by word, least significant bit first.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Netlist {
    inputs: Vec<u32>,
    gates: Vec<Gate>,
    outputs: Vec<u32>,
}

/// What is wrong with a gate list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetlistError {
    /// There are more wires than 2^32 − 1.
    TooLarge,
    /// A gate reads a wire that is not computed before it.
    GateReads {
        /// Position of the gate.
        gate: usize,
        /// The wire.
        wire: u32,
    },
    /// An output is a wire that does not exist.
    Output {
        /// Position of the output bit.
        bit: usize,
        /// The wire.
        wire: u32,
    },
}

impl fmt::Display for NetlistError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(f, "the netlist has more than 2^32 − 1 wires"),
            Self::GateReads { gate, wire } => {
                write!(f, "gate {gate} reads wire {wire}, which is not computed before it")
            }
            Self::Output { bit, wire } => write!(f, "output bit {bit} is wire {wire}, which does not exist"),
        }
    }
}

impl std::error::Error for NetlistError {}

impl Netlist {
    /// Checks a gate list: every gate reads earlier wires, every output exists. `inputs` are the widths of the input words.
    ///
    /// # Errors
    /// Names the first gate or output that breaks the rule.
    pub fn new(inputs: Vec<u32>, gates: Vec<Gate>, outputs: Vec<u32>) -> Result<Self, NetlistError> {
        let first: u64 = inputs.iter().map(|w| u64::from(*w)).sum();
        if first + gates.len() as u64 > u64::from(u32::MAX) {
            return Err(NetlistError::TooLarge);
        }
        for (position, gate) in gates.iter().enumerate() {
            if let Some(wire) = gate.reads().find(|wire| u64::from(*wire) >= first + position as u64) {
                return Err(NetlistError::GateReads { gate: position, wire });
            }
        }
        let wires = first + gates.len() as u64;
        if let Some((bit, wire)) = outputs.iter().enumerate().find(|(_, wire)| u64::from(**wire) >= wires) {
            return Err(NetlistError::Output { bit, wire: *wire });
        }
        Ok(Self { inputs, gates, outputs })
    }

    /// Widths of the input words.
    #[must_use]
    pub fn inputs(&self) -> &[u32] {
        &self.inputs
    }

    /// The gates, in topological order.
    #[must_use]
    pub fn gates(&self) -> &[Gate] {
        &self.gates
    }

    /// The output bits, least significant first.
    #[must_use]
    pub fn outputs(&self) -> &[u32] {
        &self.outputs
    }

    /// Number of input bits.
    #[must_use]
    pub fn input_bits(&self) -> usize {
        self.inputs.iter().map(|w| *w as usize).sum()
    }

    /// Number of AND gates: bits that each party sends a lane.
    #[must_use]
    pub fn ands(&self) -> usize {
        self.gates.iter().filter(|gate| matches!(gate, Gate::And(..))).count()
    }

    /// AND depth of every wire, where the last `late` input bits have depth 1.
    fn depths(&self, late: usize) -> Vec<u32> {
        let first = self.input_bits();
        let mut depths = vec![0; first];
        depths[first.saturating_sub(late)..].fill(1);
        depths.reserve(self.gates.len());
        for gate in &self.gates {
            let deepest = gate.reads().map(|wire| depths[wire as usize]).max().unwrap_or(0);
            depths.push(deepest + u32::from(matches!(gate, Gate::And(..))));
        }
        depths
    }

    /// AND depth: rounds of an evaluation on shares.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth_after(0)
    }

    fn depth_after(&self, late: usize) -> usize {
        let depths = self.depths(late);
        self.outputs.iter().map(|wire| depths[*wire as usize] as usize).max().unwrap_or(0)
    }

    /// The circuit on single bits: the oracle of tests.
    #[must_use]
    pub fn evaluate_bits(&self, inputs: &[bool]) -> Vec<bool> {
        let mut wires = inputs.to_vec();
        for gate in &self.gates {
            wires.push(match *gate {
                Gate::Xor(a, b) => wires[a as usize] ^ wires[b as usize],
                Gate::And(a, b) => wires[a as usize] & wires[b as usize],
                Gate::Not(a) => !wires[a as usize],
                Gate::Zero => false,
            });
        }
        self.outputs.iter().map(|wire| wires[*wire as usize]).collect()
    }

    /// The arrangement for evaluation. Gates that no output needs are left out.
    #[must_use]
    pub fn levelled(&self) -> Levelled {
        Levelled::of(self, 0)
    }

    /// As [`Self::levelled`], where the last `late` input bits are there only after the first level: nothing before reads their slots or writes them.
    #[must_use]
    pub fn levelled_late(&self, late: usize) -> Levelled {
        Levelled::of(self, late)
    }
}

/// A local gate of a level, on slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    /// `slot[dst] = slot[a] ^ slot[b]`.
    Xor {
        /// Where the result goes.
        dst: u32,
        /// First operand.
        a: u32,
        /// Second operand.
        b: u32,
    },
    /// `slot[dst] = !slot[a]`.
    Not {
        /// Where the result goes.
        dst: u32,
        /// Operand.
        a: u32,
    },
    /// `slot[dst] = 0`.
    Zero {
        /// Where the result goes.
        dst: u32,
    },
}

/// An AND gate on slots. The AND gates of a level are computed in order; none reads another one's result, but a result may take the slot of an operand that
/// it or an earlier gate was the last to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct And {
    /// Where the result goes.
    pub dst: u32,
    /// First operand.
    pub a: u32,
    /// Second operand.
    pub b: u32,
}

/// What is computed between two rounds: local gates in order, then the AND gates, all at once.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Level {
    /// Local gates.
    pub local: Vec<Local>,
    /// AND gates; empty in the last level, and where only late inputs are waited for.
    pub ands: Vec<And>,
}

/// A netlist in levels, its wires in slots. The input bits are in slots `0 .. input_bits` at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levelled {
    /// Widths of the input words.
    pub inputs: Vec<u32>,
    /// Number of slots.
    pub slots: usize,
    /// The levels.
    pub levels: Vec<Level>,
    /// The slot of each output bit after the last level.
    pub outputs: Vec<u32>,
}

impl Levelled {
    fn of(netlist: &Netlist, late: usize) -> Self {
        let first = netlist.input_bits();
        let depths = netlist.depths(late);
        let mut needed = vec![false; first + netlist.gates.len()];
        netlist.outputs.iter().for_each(|wire| needed[*wire as usize] = true);
        for (position, gate) in netlist.gates.iter().enumerate().rev() {
            if needed[first + position] {
                gate.reads().for_each(|wire| needed[wire as usize] = true);
            }
        }

        // Level d computes the local gates of depth d, then the AND gates whose result has depth d + 1.
        let count = netlist.depth_after(late) + 1;
        let mut locals: Vec<Vec<usize>> = vec![Vec::new(); count];
        let mut ands: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (position, gate) in netlist.gates.iter().enumerate().filter(|(position, _)| needed[first + position]) {
            let depth = depths[first + position] as usize;
            if matches!(gate, Gate::And(..)) { ands[depth - 1].push(position) } else { locals[depth].push(position) }
        }

        // A wire is last read at a time on the axis (level 0 local, level 0 ands, level 1 local, …), counted a gate.
        let order: Vec<usize> = (0..count).flat_map(|d| locals[d].iter().chain(&ands[d]).copied()).collect();
        let mut last = vec![0_usize; needed.len()];
        for (time, position) in order.iter().enumerate() {
            netlist.gates[*position].reads().for_each(|wire| last[wire as usize] = time);
        }
        netlist.outputs.iter().for_each(|wire| last[*wire as usize] = usize::MAX);

        let mut place = Placement {
            slot: vec![u32::MAX; needed.len()],
            dead: vec![false; needed.len()],
            free: Vec::new(),
            used: 0,
        };
        (0..first).for_each(|wire| place.allocate(wire));
        let mut levels = Vec::with_capacity(count);
        let mut time = 0;
        for d in 0..count {
            let mut level = Level::default();
            for position in &locals[d] {
                let gate = netlist.gates[*position];
                let reads: Vec<usize> = gate.reads().map(|wire| wire as usize).collect();
                let slots: Vec<u32> = reads.iter().map(|wire| place.slot[*wire]).collect();
                // A local gate may overwrite an operand that dies with it.
                reads.iter().for_each(|wire| place.release(*wire, last[*wire] == time));
                place.allocate(first + position);
                let dst = place.slot[first + position];
                level.local.push(match gate {
                    Gate::Xor(..) => Local::Xor { dst, a: slots[0], b: slots[1] },
                    Gate::Not(..) => Local::Not { dst, a: slots[0] },
                    Gate::Zero | Gate::And(..) => Local::Zero { dst },
                });
                time += 1;
            }
            for position in &ands[d] {
                if let Gate::And(a, b) = netlist.gates[*position] {
                    let slots = [a, b].map(|wire| place.slot[wire as usize]);
                    [a, b].iter().for_each(|wire| place.release(*wire as usize, last[*wire as usize] == time));
                    place.allocate(first + position);
                    level.ands.push(And { dst: place.slot[first + position], a: slots[0], b: slots[1] });
                }
                time += 1;
            }
            levels.push(level);
        }
        let outputs = netlist.outputs.iter().map(|wire| place.slot[*wire as usize]).collect();
        Self { inputs: netlist.inputs.clone(), slots: place.used as usize, levels, outputs }
    }

    /// Number of AND gates.
    #[must_use]
    pub fn ands(&self) -> usize {
        self.levels.iter().map(|level| level.ands.len()).sum()
    }

    /// Rounds of an evaluation on shares.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.levels.iter().filter(|level| !level.ands.is_empty()).count()
    }

    /// The circuit on planes in the clear; the inputs have the widths of `inputs` and equal lanes.
    #[must_use]
    pub fn evaluate(&self, inputs: &[&Planes]) -> Planes {
        let lanes = inputs.first().map_or(0, |planes| planes.lanes());
        let mut slots = Planes::zeros(self.slots, lanes);
        let mut next = 0;
        for planes in inputs {
            for p in 0..planes.width() {
                slots.plane_mut(next).copy_from_slice(planes.plane(p));
                next += 1;
            }
        }
        for level in &self.levels {
            for gate in &level.local {
                let (dst, words): (u32, Vec<u64>) = match *gate {
                    Local::Xor { dst, a, b } => {
                        let (a, b) = (slots.plane(a as usize), slots.plane(b as usize));
                        (dst, a.iter().zip(b).map(|(a, b)| a ^ b).collect())
                    }
                    Local::Not { dst, a } => (dst, slots.plane(a as usize).iter().map(|a| !a).collect()),
                    Local::Zero { dst } => (dst, vec![0; slots.stride()]),
                };
                slots.plane_mut(dst as usize).copy_from_slice(&words);
            }
            for gate in &level.ands {
                let (a, b) = (slots.plane(gate.a as usize), slots.plane(gate.b as usize));
                let words: Vec<u64> = a.iter().zip(b).map(|(a, b)| a & b).collect();
                slots.plane_mut(gate.dst as usize).copy_from_slice(&words);
            }
        }
        let mut out = Planes::zeros(self.outputs.len(), lanes);
        for (p, slot) in self.outputs.iter().enumerate() {
            out.plane_mut(p).copy_from_slice(slots.plane(*slot as usize));
        }
        out.clear_tail();
        out
    }
}

/// Which wire is in which slot.
struct Placement {
    slot: Vec<u32>,
    dead: Vec<bool>,
    free: Vec<u32>,
    used: u32,
}

impl Placement {
    fn allocate(&mut self, wire: usize) {
        self.slot[wire] = self.free.pop().unwrap_or_else(|| {
            self.used += 1;
            self.used - 1
        });
    }

    /// Frees the slot of a wire that nobody reads any more; twice is once.
    fn release(&mut self, wire: usize, dead: bool) {
        if dead && !std::mem::replace(&mut self.dead[wire], true) {
            self.free.push(self.slot[wire]);
        }
    }
}

/// Puts a netlist together gate by gate, folding constants and trivial gates on the way.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    inputs: Vec<u32>,
    gates: Vec<Gate>,
    first: u32,
    zero: Option<u32>,
}

/// A bit of a circuit under construction: a wire or a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bit {
    /// Known to everyone.
    Const(bool),
    /// A wire.
    Wire(u32),
}

impl Builder {
    /// A builder for inputs of these widths, and the bits of each.
    #[must_use]
    pub fn new(widths: &[u32]) -> (Self, Vec<Vec<Bit>>) {
        let mut next = 0;
        let words = widths
            .iter()
            .map(|width| {
                next += width;
                (next - width..next).map(Bit::Wire).collect()
            })
            .collect();
        (Self { inputs: widths.to_vec(), gates: Vec::new(), first: next, zero: None }, words)
    }

    #[allow(clippy::cast_possible_truncation, reason = "`finish` refuses netlists of 2^32 wires")]
    fn push(&mut self, gate: Gate) -> Bit {
        self.gates.push(gate);
        Bit::Wire(self.first + (self.gates.len() - 1) as u32)
    }

    /// Number of gates so far.
    #[must_use]
    pub const fn gates(&self) -> usize {
        self.gates.len()
    }

    /// The gates of a netlist on these bits, one for each of its input bits; gives its output bits.
    pub fn inline(&mut self, netlist: &Netlist, inputs: &[Bit]) -> Vec<Bit> {
        let mut wires: Vec<Bit> = inputs.to_vec();
        wires.resize(netlist.input_bits(), Bit::Const(false));
        for gate in &netlist.gates {
            let bit = match *gate {
                Gate::Xor(a, b) => self.xor(wires[a as usize], wires[b as usize]),
                Gate::And(a, b) => self.and(wires[a as usize], wires[b as usize]),
                Gate::Not(a) => self.not(wires[a as usize]),
                Gate::Zero => Bit::Const(false),
            };
            wires.push(bit);
        }
        netlist.outputs.iter().map(|wire| wires[*wire as usize]).collect()
    }

    /// Exclusive or.
    pub fn xor(&mut self, a: Bit, b: Bit) -> Bit {
        match (a, b) {
            (Bit::Const(a), Bit::Const(b)) => Bit::Const(a ^ b),
            (Bit::Const(false), x) | (x, Bit::Const(false)) => x,
            (Bit::Const(true), x) | (x, Bit::Const(true)) => self.not(x),
            (Bit::Wire(a), Bit::Wire(b)) if a == b => Bit::Const(false),
            (Bit::Wire(a), Bit::Wire(b)) => self.push(Gate::Xor(a, b)),
        }
    }

    /// Conjunction.
    pub fn and(&mut self, a: Bit, b: Bit) -> Bit {
        match (a, b) {
            (Bit::Const(false), _) | (_, Bit::Const(false)) => Bit::Const(false),
            (Bit::Const(true), x) | (x, Bit::Const(true)) => x,
            (Bit::Wire(a), Bit::Wire(b)) if a == b => Bit::Wire(a),
            (Bit::Wire(a), Bit::Wire(b)) => self.push(Gate::And(a, b)),
        }
    }

    /// Complement.
    pub fn not(&mut self, a: Bit) -> Bit {
        match a {
            Bit::Const(a) => Bit::Const(!a),
            Bit::Wire(a) => self.push(Gate::Not(a)),
        }
    }

    /// Disjunction: one AND.
    pub fn or(&mut self, a: Bit, b: Bit) -> Bit {
        let (a, b) = (self.not(a), self.not(b));
        let neither = self.and(a, b);
        self.not(neither)
    }

    /// `a` where `condition` holds, else `b`: one AND.
    pub fn mux(&mut self, condition: Bit, a: Bit, b: Bit) -> Bit {
        let differ = self.xor(a, b);
        let change = self.and(condition, differ);
        self.xor(b, change)
    }

    /// The netlist with these output bits, least significant first.
    ///
    /// # Errors
    /// Where there are 2^32 wires or more.
    pub fn finish(mut self, outputs: &[Bit]) -> Result<Netlist, NetlistError> {
        let wires = outputs
            .iter()
            .map(|bit| match *bit {
                Bit::Wire(wire) => wire,
                Bit::Const(value) => self.constant(value),
            })
            .collect();
        Netlist::new(self.inputs, self.gates, wires)
    }

    fn constant(&mut self, value: bool) -> u32 {
        let zero = match self.zero {
            Some(zero) => zero,
            None => self.wire(Gate::Zero),
        };
        self.zero = Some(zero);
        if value { self.wire(Gate::Not(zero)) } else { zero }
    }

    fn wire(&mut self, gate: Gate) -> u32 {
        match self.push(gate) {
            Bit::Wire(wire) => wire,
            Bit::Const(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_read_earlier_wires_only() {
        let wrong = Netlist::new(vec![2], vec![Gate::And(0, 2)], vec![2]);
        assert_eq!(wrong, Err(NetlistError::GateReads { gate: 0, wire: 2 }));
        assert_eq!(Netlist::new(vec![2], vec![], vec![2]), Err(NetlistError::Output { bit: 0, wire: 2 }));
    }

    #[test]
    fn levels_agree_with_single_bits() {
        let (mut b, words) = Builder::new(&[3, 2]);
        let (x, y) = (&words[0], &words[1]);
        let t = b.and(x[0], y[0]);
        let u = b.xor(t, x[1]);
        let v = b.and(u, t);
        let w = b.mux(y[1], v, x[2]);
        let o = b.or(w, u);
        let netlist = b.finish(&[t, u, v, w, o, Bit::Const(true), Bit::Const(false), x[0]]).expect("valid");
        let levelled = netlist.levelled();
        assert_eq!((levelled.ands(), levelled.depth()), (netlist.ands(), netlist.depth()));
        let all: Vec<u64> = (0..32).collect();
        let planes = Planes::from_words(&all, 5);
        let result = levelled.evaluate(&[&planes.planes(0, 3), &planes.planes(3, 2)]);
        for lane in 0..32_usize {
            let bits: Vec<bool> = (0..5).map(|p| planes.bit(p, lane)).collect();
            let expected = netlist.evaluate_bits(&bits);
            let found: Vec<bool> = (0..expected.len()).map(|p| result.bit(p, lane)).collect();
            assert_eq!(found, expected, "{lane}");
        }
    }

    /// Holds a circuit in levels against single bits, on some inputs.
    fn agrees(netlist: &Netlist, levelled: &Levelled, width: usize) {
        let all: Vec<u64> = (0..200_u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40).collect();
        let planes = Planes::from_words(&all, width);
        let (mut words, mut next) = (Vec::new(), 0);
        for input in &netlist.inputs {
            words.push(planes.planes(next, *input as usize));
            next += *input as usize;
        }
        let result = levelled.evaluate(&words.iter().collect::<Vec<_>>());
        for lane in 0..all.len() {
            let bits: Vec<bool> = (0..width).map(|p| planes.bit(p, lane)).collect();
            let found: Vec<bool> = (0..netlist.outputs.len()).map(|p| result.bit(p, lane)).collect();
            assert_eq!(found, netlist.evaluate_bits(&bits), "{lane}");
        }
    }

    /// Random circuits, with wires that are read far from where they are made.
    #[test]
    fn levels_agree_on_random_circuits() {
        let mut seed = 1_u64;
        let mut random = move |below: u32| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            u32::try_from((seed >> 33) % u64::from(below)).unwrap_or(0)
        };
        for round in 0..300 {
            let mut gates = Vec::new();
            for wire in 12..12 + 20 + round % 100 {
                // Near wires make chains, far ones long lives.
                let near = |random: &mut dyn FnMut(u32) -> u32| wire - 1 - random(wire.min(6));
                let a = if random(2) == 0 { near(&mut random) } else { random(wire) };
                let b = if random(3) == 0 { near(&mut random) } else { random(wire) };
                gates.push(match random(12) {
                    0..6 => Gate::Xor(a, b),
                    6..10 => Gate::And(a, b),
                    10 => Gate::Not(a),
                    _ => Gate::Zero,
                });
            }
            let wires = 12 + u32::try_from(gates.len()).expect("few");
            let outputs = (0..6).map(|_| random(wires)).collect();
            let netlist = Netlist::new(vec![7, 5], gates, outputs).expect("valid");
            agrees(&netlist, &netlist.levelled(), 12);
            agrees(&netlist, &netlist.levelled_late(5), 12);
        }
    }

    /// What reads a late input, or takes its slot, is in a level after the first, and the circuit is the same.
    #[test]
    fn late_inputs_come_with_the_first_level() {
        let (mut b, words) = Builder::new(&[3, 2]);
        let (p, late) = (&words[0], &words[1]);
        let early = b.and(p[1], p[2]);
        let x = b.and(p[0], late[0]);
        let y = b.xor(late[1], early);
        let z = b.and(x, y);
        let netlist = b.finish(&[x, y, z, late[0]]).expect("valid");
        let levelled = netlist.levelled_late(2);
        let first = &levelled.levels[0];
        let late_slots = |slot: u32| slot == 3 || slot == 4;
        assert!(first.local.is_empty() && first.ands.len() == 1);
        assert!(first.ands.iter().all(|and| ![and.a, and.b, and.dst].into_iter().any(late_slots)));
        let all: Vec<u64> = (0..32).collect();
        let planes = Planes::from_words(&all, 5);
        let result = levelled.evaluate(&[&planes.planes(0, 3), &planes.planes(3, 2)]);
        for lane in 0..32_usize {
            let bits: Vec<bool> = (0..5).map(|p| planes.bit(p, lane)).collect();
            let found: Vec<bool> = (0..4).map(|p| result.bit(p, lane)).collect();
            assert_eq!(found, netlist.evaluate_bits(&bits), "{lane}");
        }
        // Where nothing else has to be computed first, the first level is empty.
        let (mut b, words) = Builder::new(&[1, 1]);
        let sum = b.xor(words[0][0], words[1][0]);
        let waits = b.finish(&[sum]).expect("valid").levelled_late(1);
        assert!(waits.levels.len() == 2 && waits.levels[0] == Level::default());
    }
}
