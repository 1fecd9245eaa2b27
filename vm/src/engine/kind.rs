//! Kinds of gates: what a gate's time depends on beside its size. A kind is an operation of the one table, where it runs, and how wide it is; an
//! operation that is added to the table is a kind of its own without a word here.

use super::scalar::Scalar;
use crate::program::Program;
use smpc_bytecode::facts::{Free, on_bits, talks, walk};
use smpc_bytecode::module::{Gate, Module, View};
use smpc_bytecode::op::{Op, SiteId, SlotId};
use smpc_bytecode::types::{RegType, signed_width};
use smpc_math::planes::ROW_LANES;

/// Where a gate runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// On single lanes, without a vector.
    Scalar,
    /// On public vectors.
    Public,
    /// On secret vectors, at each party alone.
    Local,
    /// Among the parties.
    Shared,
}

impl Form {
    /// All of them with their names in calibrations and reports.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::Scalar, "scalar"), (Self::Public, "public"), (Self::Local, "local"), (Self::Shared, "shared")];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(form, _)| *form == self).map_or("", |(_, name)| name)
    }
}

/// A kind of gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// The operation's name in the table of operations.
    pub op: &'static str,
    /// Where it runs.
    pub form: Form,
    /// Whether it works on words, bit by bit, rather than on numbers.
    pub words: bool,
    /// Whether an operand of numbers is public, where the parties need one another all the same: a division by what everyone knows.
    pub by_public: bool,
    /// Bits that decide its time: of the difference that a comparison looks at, of the number that is rounded, divided or converted. 0 where it takes the same for all
    /// numbers, and of words, whose bits count as work.
    pub width: u32,
}

/// What is known of a gate of a module before it runs.
#[derive(Clone, Debug)]
pub(super) struct GateFacts {
    pub(super) kind: Kind,
    /// Lanes of its result, or of its operand where it has none.
    pub(super) lanes: u64,
    /// How much work that is: lanes of numbers, bits of words, products in a product of matrices.
    pub(super) units: u64,
    pub(super) site: SiteId,
    /// The register that it writes.
    pub(super) dst: Option<SlotId>,
    /// The register whose vector the result is, where nothing is computed.
    pub(super) same_as: Option<SlotId>,
}

impl GateFacts {
    pub(super) fn of(program: &Program, gate: &Gate, free: Free) -> Self {
        let module: &Module = &program.module;
        let ty = |view: &View| module.slots[view.slot.index()].ty;
        let sized = gate.dst.as_ref().or(gate.args.first());
        let lanes = sized.and_then(View::lanes).unwrap_or(0);
        let condition = matches!(gate.op, Op::Select {}).then_some(0);
        let operands = gate.args.iter().enumerate().filter(|(i, _)| Some(*i) != condition).map(|(_, view)| view);
        let mut secret = operands.chain(&gate.dst).map(ty).filter(RegType::is_secret).peekable();
        let any_secret = secret.peek().is_some();
        // A comparison has a word for a result, and is one of numbers.
        let words = any_secret
            && match gate.args.first().map(ty) {
                Some(RegType::Arith { .. }) => false,
                _ => secret.all(|ty| matches!(ty, RegType::Bin { .. })),
            };
        let shared = talks(module, gate, free);
        let form = if shared {
            Form::Shared
        } else if Scalar::of(module, gate).is_some() {
            Form::Scalar
        } else if gate.dst.as_ref().is_some_and(|dst| ty(dst).is_secret()) {
            Form::Local
        } else {
            Form::Public
        };
        let width = if !words && shared && on_bits(gate.op) { width(module, gate) } else { 0 };
        let public = |view: &View| !ty(view).is_secret();
        let by_public = form == Form::Shared && !words && matches!(&gate.args[..], [_, b] if public(b));
        let kind = Kind { op: gate.op.info().mnemonic, form, words, by_public, width };
        let units = if words { bits(program, gate, lanes) } else { numbers(gate, lanes) };
        let dst = gate.dst.as_ref().map(|dst| dst.slot);
        Self { kind, lanes, units, site: gate.site, dst, same_as: same_as(module, gate) }
    }
}

/// The operand that a gate hands on as it is.
fn same_as(module: &Module, gate: &Gate) -> Option<SlotId> {
    let (Some(dst), [from]) = (&gate.dst, &gate.args[..]) else { return None };
    let whole = |view: &View| *view == View::whole(view.slot, module.slots[view.slot.index()].lanes);
    let domain = |view: &View| std::mem::discriminant(&module.slots[view.slot.index()].ty);
    let moves = matches!(gate.op, Op::Copy {} | Op::Relabel {} | Op::ProveRange {});
    (moves && whole(dst) && whole(from) && domain(dst) == domain(from)).then_some(from.slot)
}

/// The bits that a gate on numbers looks at.
fn width(module: &Module, gate: &Gate) -> u32 {
    let ty = |view: &View| module.slots[view.slot.index()].ty;
    let range = |i: usize| gate.args.get(i).map_or((0, 0), |view| ty(view).range());
    match gate.op {
        Op::Lt {} | Op::Eq {} => {
            let ((la, ha), (lb, hb)) = (range(0), range(1));
            let (lo, hi) = (i128::from(la) - i128::from(hb), i128::from(ha) - i128::from(lb));
            match (i64::try_from(lo), i64::try_from(hi)) {
                (Ok(lo), Ok(hi)) => signed_width(lo, hi),
                _ => 65,
            }
        }
        Op::A2b {} => gate.dst.as_ref().map_or(64, |dst| match ty(dst) {
            RegType::Bin { width } => width,
            RegType::Pub { .. } | RegType::Arith { .. } => 64,
        }),
        Op::B2a { .. } => gate.args.first().map_or(64, |word| match ty(word) {
            RegType::Bin { width } => width,
            RegType::Pub { .. } | RegType::Arith { .. } => 64,
        }),
        _ => signed_width(range(0).0, range(0).1),
    }
}

/// Lanes of a result that cost as much as this many products inside a sum.
const RESULT: u64 = 12;

/// The work of a gate on numbers.
fn numbers(gate: &Gate, lanes: u64) -> u64 {
    let operand = || gate.args.first().and_then(View::lanes).unwrap_or(lanes);
    match gate.op {
        Op::Dot { .. } => operand().saturating_add(lanes.saturating_mul(RESULT)),
        Op::MatMul { rows, inner, cols } => {
            let results = rows.saturating_mul(cols);
            results.saturating_mul(inner).saturating_add(results.saturating_mul(RESULT))
        }
        Op::Sum { .. } => operand(),
        _ => lanes,
    }
}

/// AND gates count as so many of the gates that are free of messages.
const AND: u64 = 5;

/// The work of a gate on words: bits, with lanes in whole rows, as they lie in memory.
fn bits(program: &Program, gate: &Gate, lanes: u64) -> u64 {
    let module: &Module = &program.module;
    let width = |view: &View| match module.slots[view.slot.index()].ty {
        RegType::Bin { width } => u64::from(width),
        RegType::Pub { .. } | RegType::Arith { .. } => 1,
    };
    let rows = lanes.div_ceil(ROW_LANES as u64).saturating_mul(ROW_LANES as u64);
    let planes = match gate.op {
        Op::Netlist { netlist } => module.netlists.get(netlist.index()).map_or(1, |circuit| {
            let (all, ands) = (circuit.gates().len() as u64, circuit.ands() as u64);
            ands.saturating_mul(AND).saturating_add(all.saturating_sub(ands))
        }),
        _ => gate.args.iter().chain(&gate.dst).map(width).max().unwrap_or(1),
    };
    rows.saturating_mul(planes)
}

/// The kind of the last gate of a program that is wanted, and how much work it is, under a protocol that has so much for nothing.
pub fn kind_of(program: &Program, free: Free, wanted: impl Fn(&Gate) -> bool) -> Option<(Kind, u64)> {
    let mut found = None;
    walk(&program.module, &mut |gate| {
        if wanted(gate) {
            let facts = GateFacts::of(program, gate, free);
            found = Some((facts.kind, facts.units));
        }
    });
    found
}
