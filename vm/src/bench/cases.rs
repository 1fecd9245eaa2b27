//! What is measured for a calibration: for each kind of gate a program that runs it again and again on as many lanes as are asked for.
//!
//! A kind that has no case here costs what a product or a sum costs (`run::cost::calibration`), and `smpcc cost` says so.

use super::modules::{gate, module};
use crate::engine::{Kind, kind_of};
use crate::failure::Failure;
use crate::program::Program;
use crate::session::Params;
use smpc_bytecode::codec;
use smpc_bytecode::facts::Free;
use smpc_bytecode::module::{
    Bound, Constant, Dim, Entry, Gate, Input, Level, Loop, Manifest, Output, Receivers, Slot, View,
};
use smpc_bytecode::op::{ConstId, InputId, MessageId, NetlistId, Op, OutputId, RoleId, SiteId, SlotId};
use smpc_bytecode::types::{DataType, RegType};
use smpc_math::circuits;
use smpc_math::netlist::Netlist;
use smpc_math::planes::ROW_LANES;
use smpc_protocols::registry::Spec;

/// A register of a case.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Register {
    /// Public numbers.
    Public,
    /// Public places in another register.
    Places,
    /// Secret numbers of so many bits.
    Numbers(u32),
    /// As that, read from the last to the first.
    Backwards(u32),
    /// Secret words of so many bits.
    Words(u32),
}

/// How many lanes are measured.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Size {
    /// Gates for which a party needs no other.
    Alone,
    /// Gates of a message.
    Light,
    /// Gates on the bits of numbers.
    Heavy,
    /// Gates of dozens of rounds.
    Long,
    /// One lane.
    Single,
    /// The side of a matrix.
    Matrix,
    /// Gates that stand in no loop.
    Once,
}

/// A kind of gate to be measured.
#[derive(Clone, Debug)]
pub(super) struct Case {
    op: Op,
    operands: Vec<Register>,
    result: Option<Register>,
    size: Size,
}

/// Gates side by side of the smallest size, so that what a gate takes stands out against its rounds.
pub(super) const TOGETHER: u64 = 8;

/// All cases.
pub(super) fn all() -> Vec<Case> {
    use Register::{Backwards, Numbers, Places, Public, Words};
    let mut cases = Vec::new();
    let mut add = |size: Size, op: Op, operands: &[Register], result: Option<Register>| {
        cases.push(Case { op, operands: operands.to_vec(), result, size });
    };
    let (number, whole) = (Numbers(31), Some(Numbers(64)));
    // The first: a round is worked out from it.
    add(Size::Light, Op::Mul {}, &[number, number], whole);
    add(Size::Light, Op::MulWrap {}, &[Numbers(64), Numbers(64)], whole);
    // Alone, on numbers.
    for op in [Op::Add {}, Op::Sub {}, Op::AddWrap {}, Op::SubWrap {}] {
        add(Size::Alone, op, &[number, number], whole);
    }
    add(Size::Alone, Op::Neg {}, &[number], whole);
    add(Size::Alone, Op::Mul {}, &[number, Public], whole);
    add(Size::Alone, Op::Copy {}, &[Backwards(31)], Some(Numbers(31)));
    add(Size::Alone, Op::Relabel {}, &[number], Some(Numbers(31)));
    add(Size::Alone, Op::ProveRange {}, &[Numbers(64)], Some(Numbers(31)));
    add(Size::Alone, Op::Gather {}, &[number, Places], Some(Numbers(31)));
    add(Size::Alone, Op::Scatter {}, &[number, Places], Some(Numbers(31)));
    add(Size::Alone, Op::Sum { len: 0 }, &[Numbers(16)], whole);
    add(Size::Alone, Op::PrefixSum { len: 0 }, &[Numbers(16)], whole);
    add(Size::Alone, Op::Dot { len: 0 }, &[Numbers(16), Public], whole);
    // Alone, on words.
    add(Size::Alone, Op::Xor {}, &[Words(32), Words(32)], Some(Words(32)));
    add(Size::Alone, Op::Not {}, &[Words(32)], Some(Words(32)));
    add(Size::Alone, Op::And {}, &[Words(32), Public], Some(Words(32)));
    add(Size::Alone, Op::Planes { from: 8 }, &[Words(32)], Some(Words(16)));
    add(Size::Alone, Op::Join {}, &[Words(16), Words(16)], Some(Words(32)));
    add(Size::Alone, Op::Gather {}, &[Words(1), Places], Some(Words(1)));
    // In public.
    for op in [Op::Add {}, Op::Mul {}] {
        add(Size::Alone, op, &[Public, Public], Some(Public));
    }
    add(Size::Alone, Op::Const { constant: ConstId(0) }, &[], Some(Public));
    add(Size::Alone, Op::ConstRounded { constant: ConstId(0) }, &[], Some(Public));
    add(Size::Alone, Op::Gather {}, &[Public, Places], Some(Public));
    // Lane by lane.
    add(Size::Single, Op::Add {}, &[number, number], whole);
    add(Size::Single, Op::Mul {}, &[number, Public], whole);
    add(Size::Single, Op::Copy {}, &[number], Some(Numbers(31)));
    // Among the parties, in a round.
    add(Size::Light, Op::Dot { len: 0 }, &[Numbers(16), Numbers(16)], whole);
    add(Size::Matrix, Op::MatMul { rows: 0, inner: 0, cols: 0 }, &[Numbers(16), Numbers(16)], whole);
    add(Size::Light, Op::And {}, &[Words(32), Words(32)], Some(Words(32)));
    add(Size::Light, Op::Or {}, &[Words(32), Words(32)], Some(Words(32)));
    add(Size::Light, Op::Open { steers: false }, &[number], Some(Public));
    add(Size::Light, Op::Open { steers: false }, &[Words(32)], Some(Public));
    add(Size::Light, Op::Random {}, &[], Some(Words(32)));
    // On the bits of numbers.
    for width in [8, 16, 32, 64] {
        // A difference has one bit more than its operands.
        let operand = Numbers(width - 1);
        add(Size::Heavy, Op::Lt {}, &[operand, operand], Some(Words(1)));
        add(Size::Heavy, Op::Eq {}, &[operand, operand], Some(Words(1)));
    }
    add(Size::Heavy, Op::Lt {}, &[Numbers(64), Numbers(64)], Some(Words(1)));
    add(Size::Heavy, Op::Eq {}, &[Numbers(64), Numbers(64)], Some(Words(1)));
    for width in [32, 60] {
        add(Size::Heavy, Op::Trunc { bits: 16 }, &[Numbers(width)], whole);
        add(Size::Heavy, Op::Round { bits: 16 }, &[Numbers(width)], whole);
    }
    add(Size::Heavy, Op::TruncStochastic { bits: 16 }, &[Numbers(50)], whole);
    for width in [8, 32, 64] {
        add(Size::Heavy, Op::A2b {}, &[Numbers(width)], Some(Words(width)));
    }
    for width in [1, 8, 32, 64] {
        add(Size::Heavy, Op::B2a { signed: true }, &[Words(width)], whole);
    }
    add(Size::Heavy, Op::Select {}, &[Words(1), number, number], Some(Numbers(31)));
    add(Size::Heavy, Op::Select {}, &[Words(1), Words(32), Words(32)], Some(Words(32)));
    add(Size::Heavy, Op::Eq {}, &[Words(32), Words(32)], Some(Words(1)));
    add(Size::Heavy, Op::Netlist { netlist: NetlistId(0) }, &[Words(32), Words(32)], Some(Words(32)));
    for width in [16, 32, 64] {
        add(Size::Long, Op::Sort { columns: 1 }, &[Numbers(width)], Some(Numbers(width)));
    }
    // Of many rounds.
    for width in [16, 32, 63] {
        for op in [Op::Div {}, Op::Rem {}] {
            add(Size::Long, op, &[Numbers(width), Numbers(width)], whole);
            add(Size::Long, op, &[Numbers(width), Public], whole);
        }
    }
    for width in [16, 32] {
        add(Size::Long, Op::FixDiv { frac: 16 }, &[Numbers(width), Numbers(width)], whole);
        add(Size::Long, Op::FixDiv { frac: 16 }, &[Numbers(width), Public], whole);
    }
    for width in [32, 46] {
        add(Size::Long, Op::Sqrt { frac: 16 }, &[Numbers(width)], whole);
    }
    // At the border.
    add(Size::Once, Op::Input { input: InputId(0), leaf: 0 }, &[], whole);
    add(Size::Once, Op::Output { output: OutputId(0), leaf: 0 }, &[number], None);
    add(Size::Heavy, Op::Check { message: MessageId(0) }, &[Words(1)], None);
    cases
}

/// A program of a case, and the input that it takes.
pub(super) struct Made {
    pub(super) program: Program,
    /// Lanes of the input of the first role.
    pub(super) input: u64,
}

impl Case {
    /// Lanes, and how many gates run one after the other, smallest first. Under a protocol that hides numbers under longer ones, or that proves what it computed, a gate on their
    /// bits takes some thirty times as long as under another one: there the largest sizes are left out, and most repetitions of such gates. Few lanes have as many as elsewhere, so that they
    /// share what a verification takes whatever it verifies.
    pub(super) fn sizes(&self, protocol: &Spec, free: Free) -> Vec<(u64, u64)> {
        // Sums modulo 2^64 are such gates where nothing wraps by itself, and elsewhere sums like any other; a range is proven where a party may cheat, and elsewhere a label.
        let bits = match self.op {
            Op::AddWrap {} | Op::SubWrap {} | Op::MulWrap {} => !free.wraps,
            Op::ProveRange {} => !free.relabels,
            _ => false,
        };
        let size = if bits { Size::Heavy } else { self.size };
        let all: &[(u64, u64)] = match size {
            // One lane would be no vector.
            Size::Alone => &[(2, 500), (1 << 12, 20), (1 << 16, 10), (1 << 20, 3)],
            Size::Light => &[(1, 400), (1 << 12, 20), (1 << 16, 10), (1 << 20, 3)],
            Size::Heavy => &[(1, 30), (1 << 10, 15), (1 << 14, 6), (1 << 18, 2)],
            Size::Long => &[(1, 4), (1 << 10, 2), (1 << 14, 1)],
            Size::Single => &[(1, 200_000)],
            Size::Once => &[(1, 1), (1 << 12, 1), (1 << 16, 1), (1 << 20, 1)],
            Size::Matrix => &[(1, 50), (32, 20), (256, 2)],
        };
        // A matrix of the largest size has few lanes, whose products are quick under every protocol.
        let every = matches!(size, Size::Alone | Size::Single | Size::Matrix);
        if every || protocol.statistical.is_none() && protocol.soundness.is_none() {
            return all.to_vec();
        }
        let few = |(n, (lanes, turns)): (usize, &(u64, u64))| match size {
            Size::Heavy if n > 1 => (*lanes, turns.div_ceil(8)),
            _ => (*lanes, *turns),
        };
        all[..all.len() - 1].iter().enumerate().map(few).collect()
    }

    /// Gates side by side at that size.
    pub(super) fn together(&self, lanes: u64) -> u64 {
        let alone = matches!(self.op, Op::Sort { .. }) || matches!(self.size, Size::Single | Size::Once);
        if lanes == 1 && !alone { TOGETHER } else { 1 }
    }

    /// A program that runs the gate `turns` times, `together` at a time, on so many lanes.
    pub(super) fn program(&self, lanes: u64, turns: u64, together: u64) -> Result<Made, Failure> {
        let mut maker = Maker::default();
        let gates = (0..together).map(|_| maker.gate(self, lanes)).collect::<Vec<Gate>>();
        let counter = maker.slot(RegType::pub_int(0, i64::MAX), 1);
        let to = Bound::Const(i64::try_from(turns).unwrap_or(i64::MAX));
        let level = Level { entries: gates.into_iter().map(Entry::Gate).collect() };
        let once = self.size == Size::Once;
        if once && turns > 0 {
            maker.levels.push(level);
        } else if !once {
            let body = vec![level];
            let turn = Loop { counter: counter.slot, from: Bound::Const(0), to, body, site: SiteId(0) };
            maker.levels.push(Level { entries: vec![Entry::Loop(turn)] });
        }
        let (lo, hi) = (i64::MIN, i64::MAX);
        let array = |lo, hi| DataType::Array { shape: vec![lanes], element: Box::new(DataType::Int { lo, hi }) };
        let mut manifest = Manifest { program: "calibration".to_owned(), ..Manifest::default() };
        let takes = matches!(self.op, Op::Input { .. });
        if takes {
            manifest.roles.push("A".to_owned());
            let (name, role) = ("x".to_owned(), RoleId(0));
            manifest.inputs.push(Input { name, member: None, role, secret: true, ty: array(lo, hi) });
        }
        if turns > 0 && matches!(self.op, Op::Output { .. }) {
            let Register::Numbers(bits) = self.operands[0] else {
                return Err(Failure::ours("an output of no numbers"));
            };
            let (lo, hi) = range(bits);
            manifest.outputs.push(Output { name: "y".to_owned(), member: None, to: Receivers::All, ty: array(lo, hi) });
        }
        let mut made = module(manifest, maker.slots, maker.levels);
        made.constants =
            vec![Constant::Words(vec![3]), Constant::Words(vec![1]), Constant::Range { start: 0, step: 1 }];
        made.netlists = vec![adder()];
        made.messages = vec!["a check fails".to_owned()];
        let program = Program::from_bytes(&codec::encode(&made), Params::default().memory)?;
        Ok(Made { program, input: if takes { lanes } else { 0 } })
    }

    /// Bytes that its registers take, those of all gates that run side by side; public operands that the secret ones come from are one lane each.
    pub(super) fn held(&self, lanes: u64, protocol: &Spec) -> u64 {
        let bytes = |register: &Register| match register {
            Register::Public | Register::Places => 8 * lanes,
            Register::Numbers(_) | Register::Backwards(_) => protocol.lane_bytes * lanes,
            Register::Words(width) => protocol.row_bytes * u64::from(*width) * lanes.div_ceil(ROW_LANES as u64),
        };
        let square = if self.size == Size::Matrix { lanes } else { 1 };
        let operands: u64 = self.operands.iter().map(bytes).sum();
        let result = match self.op {
            Op::Dot { .. } | Op::Sum { .. } => 0,
            _ => self.result.iter().map(bytes).sum::<u64>() * self.together(lanes),
        };
        (operands + result) * square
    }

    /// Its kind, under a protocol with this for nothing, and how many units of work there are in so many lanes.
    pub(super) fn kind(&self, lanes: u64, free: Free) -> Result<(Kind, u64), Failure> {
        let made = self.program(lanes, 1, 1)?;
        kind_of(&made.program, free, |gate| std::mem::discriminant(&gate.op) == std::mem::discriminant(&self.op))
            .ok_or_else(|| Failure::ours("a case without its gate"))
    }
}

/// Numbers of so many bits, in two's complement.
const fn range(bits: u32) -> (i64, i64) {
    let hi = i64::MAX >> (64 - bits);
    (-hi - 1, hi)
}

fn adder() -> Netlist {
    circuits::netlist(&[32, 32], |b, words| circuits::add(b, &words[0], &words[1]))
}

/// A module in the making.
#[derive(Default)]
struct Maker {
    slots: Vec<Slot>,
    levels: Vec<Level>,
    /// The registers of the first gate, which the others read too.
    shared: Vec<View>,
}

impl Maker {
    fn slot(&mut self, ty: RegType, lanes: u64) -> View {
        let slot = SlotId(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        self.slots.push(Slot { ty, lanes });
        View::whole(slot, lanes)
    }

    /// A public register with a constant.
    fn constant(&mut self, ty: RegType, constant: u32, lanes: u64) -> View {
        let view = self.slot(ty, lanes);
        self.levels.push(gate(Op::Const { constant: ConstId(constant) }, Some(view.clone()), Vec::new()));
        view
    }

    /// A register with lanes of 1 from a public one.
    fn secret(&mut self, ty: RegType, lanes: u64) -> View {
        let one = self.constant(RegType::pub_int(0, 1), 1, 1);
        let all = View { dims: vec![Dim { stride: 0, len: lanes }], ..one };
        let view = self.slot(ty, lanes);
        self.levels.push(gate(Op::Copy {}, Some(view.clone()), vec![all]));
        view
    }

    fn operand(&mut self, register: Register, lanes: u64) -> View {
        let number = |bits: u32| RegType::arith(range(bits).0, range(bits).1);
        match register {
            Register::Public => self.constant(RegType::pub_int(1, 3), 0, lanes),
            Register::Places => self.constant(RegType::pub_int(0, i64::MAX), 2, lanes),
            Register::Numbers(bits) => self.secret(number(bits), lanes),
            Register::Backwards(bits) => {
                let view = self.secret(number(bits), lanes);
                View { offset: lanes - 1, dims: vec![Dim { stride: -1, len: lanes }], ..view }
            }
            Register::Words(width) => self.secret(RegType::Bin { width }, lanes),
        }
    }

    /// A gate of the case with a result of its own.
    fn gate(&mut self, case: &Case, lanes: u64) -> Gate {
        let square = lanes.saturating_mul(lanes);
        let (op, operands, results) = match case.op {
            Op::Dot { .. } => (Op::Dot { len: lanes }, lanes, 1),
            Op::Sum { .. } => (Op::Sum { len: lanes }, lanes, 1),
            Op::PrefixSum { .. } => (Op::PrefixSum { len: lanes }, lanes, lanes),
            Op::MatMul { .. } => (Op::MatMul { rows: lanes, inner: lanes, cols: lanes }, square, square),
            // A row has nothing to be compared with.
            Op::Sort { .. } => (case.op, lanes.max(2), lanes.max(2)),
            op => (op, lanes, lanes),
        };
        if self.shared.len() < case.operands.len() {
            for register in &case.operands {
                let view = self.operand(*register, operands);
                self.shared.push(view);
            }
        }
        let dst = match (case.op, case.result) {
            (_, None) => None,
            (_, Some(result)) => Some(match result {
                Register::Public if matches!(case.op, Op::Open { .. } | Op::Gather { .. } | Op::Const { .. }) => {
                    self.slot(RegType::pub_int(-(1 << 32), 1 << 32), results)
                }
                Register::Public | Register::Places => self.slot(RegType::pub_int(0, 9), results),
                Register::Numbers(bits) | Register::Backwards(bits) => {
                    self.slot(RegType::arith(range(bits).0, range(bits).1), results)
                }
                Register::Words(width) => self.slot(RegType::Bin { width }, results),
            }),
        };
        Gate { op, dst, args: self.shared.clone(), site: SiteId(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpc_protocols::registry::REP3;

    /// Every case is a program that the machine takes, and no kind is measured twice.
    #[test]
    fn cases_are_programs() {
        let mut kinds = std::collections::BTreeSet::new();
        let free = Free { relabels: true, wraps: true };
        for case in all() {
            for (lanes, _) in case.sizes(&REP3, free).iter().take(2) {
                let made = case.program(*lanes, 2, case.together(*lanes));
                assert!(made.is_ok(), "{case:?}: {:?}", made.err());
            }
            let (kind, units) = case.kind(case.sizes(&REP3, free)[0].0, free).expect("a kind");
            assert!(units > 0 && kinds.insert(kind), "{kind:?} twice");
        }
        assert!(kinds.len() > 60);
    }
}
