//! What the passes know of operations: effects, barriers, what may be repeated or left out, and a guess at rounds.
//!
//! A guess decides nothing but the order of things; a protocol's real rounds come from its dry run.

use crate::ir::{Gate, Inst, Op, Place, Program, Ref, RegType, Slot, ValueId};

/// What an instruction does besides computing, its nested blocks included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Sends something out of the computation: `open`, `output`.
    pub discloses: bool,
    /// May stop the run: a barrier for later disclosures.
    pub stops: bool,
    /// Stops the run with a message of the source; the first one in source order has to be the one reported.
    pub checks: bool,
}

impl Effects {
    /// Both together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self {
            discloses: self.discloses || other.discloses,
            stops: self.stops || other.stops,
            checks: self.checks || other.checks,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn none(self) -> bool {
        !self.discloses && !self.stops && !self.checks
    }
}

/// Effects of an instruction and everything in its blocks.
#[must_use]
pub fn effects(program: &Program, inst: &Inst) -> Effects {
    let mut found = Effects::default();
    let mut stack = vec![inst];
    while let Some(inst) = stack.pop() {
        found = found.with(own_effects(program, inst));
        stack.extend(inst.blocks().into_iter().flatten());
    }
    found
}

/// Effects of an instruction without its blocks.
#[must_use]
pub fn own_effects(program: &Program, inst: &Inst) -> Effects {
    let stops = match inst {
        Inst::Gate(gate) => {
            let discloses = matches!(gate.op, Op::Open { .. } | Op::Output { .. });
            let checks = matches!(gate.op, Op::Check { .. } | Op::StopUnless { .. });
            let stops = checks || matches!(gate.op, Op::ProveRange {}) || may_fault(program, gate);
            return Effects { discloses, stops, checks };
        }
        Inst::Update(update) => {
            let args = update.args.iter().any(|arg| may_leave(program, arg));
            args || matches!(update.op, Op::Scatter {})
                || place_may_leave(program, &update.place, program.lanes(update.array))
                || faults(program, update.op, &update.args, program.ty(update.result))
        }
        Inst::Concat(concat) => concat.parts.iter().any(|part| may_leave(program, part)),
        Inst::Loop(_) | Inst::While(_) | Inst::If(_) => false,
    };
    Effects { stops, ..Effects::default() }
}

/// Bytes of a value as `rep3` holds it: two shares each, of a number in a word, of a word by planes.
#[must_use]
pub const fn bytes(slot: Slot) -> u64 {
    match slot.ty {
        RegType::Pub { .. } => slot.lanes.saturating_mul(8),
        RegType::Arith { .. } => slot.lanes.saturating_mul(16),
        RegType::Bin { width } => slot.lanes.saturating_mul(width as u64) / 4,
    }
}

/// Whether the gate can stop the run on some values of its operands' ranges, apart from being a check.
#[must_use]
pub fn may_fault(program: &Program, gate: &Gate) -> bool {
    gate.args.iter().any(|arg| may_leave(program, arg))
        || gate.result.is_some_and(|result| faults(program, gate.op, &gate.args, program.ty(result)))
}

/// Whether a run-time index can take the view out of its value.
fn may_leave(program: &Program, view: &Ref) -> bool {
    place_may_leave(program, &view.place, program.lanes(view.value))
}

fn place_may_leave(program: &Program, place: &Place, lanes: u64) -> bool {
    let Some(index) = place.index else { return false };
    let Some((least, greatest)) = place.extent() else { return place.lanes() != Some(0) };
    let (lo, hi) = program.ty(index.value).range();
    let ends = [lo, hi].map(|end| i128::from(end) * i128::from(index.stride));
    least + ends[0].min(ends[1]) < 0 || greatest + ends[0].max(ends[1]) >= i128::from(lanes)
}

fn faults(program: &Program, op: Op, args: &[Ref], result: RegType) -> bool {
    let range = |at: usize| args.get(at).map_or((i64::MIN, i64::MAX), |arg| program.ty(arg.value).range());
    let public = |at: usize| args.get(at).is_some_and(|arg| !program.ty(arg.value).is_secret());
    let zero = || public(1) && range(1).0 <= 0 && range(1).1 >= 0;
    match op {
        // What a constant spells lies in its register.
        Op::Const { .. } | Op::ConstRounded { .. } => return false,
        Op::Div {} | Op::Rem {} | Op::FixDiv { .. } if zero() => return true,
        Op::Gather {} => {
            let lanes = args.first().map_or(0, Ref::lanes);
            return range(1).0 < 0 || i128::from(range(1).1) >= i128::from(lanes);
        }
        _ => {}
    }
    // Public arithmetic is checked against the result's range as it runs.
    !result.is_secret() && !super::ranges::within(program, op, args, result)
}

/// Whether evaluating the gate twice, or somewhere else, or not at all, makes no difference: not for effects, faults and fresh randomness.
#[must_use]
pub fn is_pure(program: &Program, gate: &Gate) -> bool {
    gate.result.is_some() && repeats(gate.op) && !may_fault(program, gate)
}

/// Whether an operation gives the same result each time: no effect, no randomness. Faults are another matter.
#[must_use]
pub const fn repeats(op: Op) -> bool {
    !matches!(
        op,
        Op::Input { .. }
            | Op::ProveRange {}
            | Op::Open { .. }
            | Op::Output { .. }
            | Op::Check { .. }
            | Op::StopUnless { .. }
            | Op::Random {}
            | Op::TruncStochastic { .. }
    )
}

/// Whether each lane of the result is that of the operation on the same lane of each operand.
#[must_use]
pub const fn lane_by_lane(op: Op) -> bool {
    matches!(
        op,
        Op::Copy {}
            | Op::Relabel {}
            | Op::Add {}
            | Op::Sub {}
            | Op::Neg {}
            | Op::Mul {}
            | Op::AddWrap {}
            | Op::SubWrap {}
            | Op::MulWrap {}
            | Op::Trunc { .. }
            | Op::Round { .. }
            | Op::Div {}
            | Op::Rem {}
            | Op::FixDiv { .. }
            | Op::Sqrt { .. }
            | Op::Lt {}
            | Op::Eq {}
            | Op::Xor {}
            | Op::And {}
            | Op::Or {}
            | Op::Not {}
            | Op::Planes { .. }
            | Op::Join {}
            | Op::Select {}
            | Op::Netlist { .. }
            | Op::A2b {}
            | Op::B2a { .. }
    )
}

/// Whether a gate whose result nobody reads may be left out.
#[must_use]
pub fn removable(program: &Program, gate: &Gate) -> bool {
    let silent = matches!(gate.op, Op::Input { .. } | Op::ProveRange {} | Op::Random {} | Op::TruncStochastic { .. });
    gate.result.is_some() && (silent || repeats(gate.op)) && !may_fault(program, gate)
}

/// A guess at the rounds of an operation; 0 for what every party does alone.
#[must_use]
pub fn rounds(program: &Program, op: Op, args: &[Ref], result: Option<ValueId>) -> u64 {
    let secret = |at: usize| args.get(at).is_some_and(|arg| program.ty(arg.value).is_secret());
    let secrets = (0..args.len()).filter(|at| secret(*at)).count();
    let width = |arg: &Ref| match program.ty(arg.value) {
        RegType::Bin { width } => Some(width),
        RegType::Pub { .. } | RegType::Arith { .. } => None,
    };
    match op {
        Op::Input { .. } => u64::from(result.is_some_and(|result| program.ty(result).is_secret())),
        _ if secrets == 0 => 0,
        Op::Const { .. }
        | Op::ConstRounded { .. }
        | Op::Copy {}
        | Op::Relabel {}
        | Op::Gather {}
        | Op::Scatter {}
        | Op::Add {}
        | Op::Sub {}
        | Op::Neg {}
        | Op::AddWrap {}
        | Op::SubWrap {}
        | Op::Sum { .. }
        | Op::PrefixSum { .. }
        | Op::Xor {}
        | Op::Not {}
        | Op::Planes { .. }
        | Op::Join {}
        | Op::StopUnless { .. }
        | Op::Random {} => 0,
        Op::Mul {} | Op::MulWrap {} | Op::Dot { .. } | Op::MatMul { .. } | Op::And {} | Op::Or {} => {
            u64::from(secrets > 1)
        }
        Op::Select {} if !secret(0) => 0,
        Op::ProveRange {} | Op::Open { .. } | Op::Output { .. } => 1,
        // A tree of ANDs over the bits that differ, and an AND a bit.
        Op::Eq {} | Op::Select {} if args.iter().all(|arg| width(arg).is_some()) => {
            let wide = args.first().and_then(width).filter(|_| matches!(op, Op::Eq {}));
            wide.map_or(1, |bits| u64::from(bits.next_power_of_two().trailing_zeros()))
        }
        Op::Select {} | Op::B2a { .. } => 2,
        Op::TruncStochastic { .. } => 2,
        Op::Netlist { netlist } => program.netlists.get(netlist.index()).map_or(0, |netlist| netlist.depth() as u64),
        Op::Check { .. } | Op::Trunc { .. } | Op::Round { .. } | Op::Lt {} | Op::Eq {} | Op::A2b {} => 8,
        Op::Sort { .. } => 256,
        Op::Div {} | Op::Rem {} | Op::FixDiv { .. } | Op::Sqrt { .. } => 64,
    }
}
