//! The middle of the compiler: a small SSA program over the operation table of the bytecode.
//!
//! A value is a vector of lanes of one register type and never changes. Control is structured ([`Loop`], [`While`], [`If`]) and
//! steered by public values only. Slices, broadcasts, reversals and transpositions are free: an operand is a [`Ref`], a view
//! of a value. An [`Update`] makes a new array out of an old one; its meaning is that of a pure function, and
//! `passes::in_place` sees to it that the old array is dead there, so that both share a register.
//!
//! Everything here is plain data without I/O. [`builder`] makes programs, [`text`] prints and parses them, [`verify`] says whether one
//! is well formed and [`interp`] what it computes.

pub mod builder;
#[doc(hidden)]
pub mod eval;
pub mod interp;
pub mod parse;
pub mod text;
pub mod verify;
pub mod view;
pub mod walk;
#[doc(hidden)]
pub mod wires;

pub use smpc_bytecode::module::{Constant, Dim, Manifest, Slot, SourceTable};
pub use smpc_bytecode::op::{ConstId, InputId, MessageId, NetlistId, Op, OutputId, SiteId};
pub use smpc_bytecode::types::{Kind, RegType};
pub use view::{Index, Place, Ref};

use smpc_math::netlist::Netlist;

/// A value of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(pub u32);

impl ValueId {
    /// The index into [`Program::values`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A whole program.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Program {
    /// Roles, inputs, outputs and params.
    pub manifest: Manifest,
    /// What [`Op::Const`] loads.
    pub constants: Vec<Constant>,
    /// What a failed check or stop says.
    pub messages: Vec<String>,
    /// What [`Op::Netlist`] evaluates.
    pub netlists: Vec<Netlist>,
    /// All values; each is defined once in `body`, or nowhere once a pass has removed it.
    pub values: Vec<ValueData>,
    /// The code.
    pub body: Block,
    /// Files and places.
    pub sources: SourceTable,
}

/// What is known of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueData {
    /// Its lanes and their type.
    pub slot: Slot,
    /// What the source calls it, for the text form; may be empty and need not be unique.
    pub name: String,
}

/// Instructions in source order.
pub type Block = Vec<Inst>;

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inst {
    /// An operation of the table on views of values.
    Gate(Gate),
    /// A copy of an array with some lanes replaced.
    Update(Update),
    /// Several views one after another.
    Concat(Concat),
    /// A counted loop.
    Loop(Loop),
    /// A loop while a public condition holds.
    While(While),
    /// A choice by a public condition.
    If(If),
}

/// An operation of the table. [`Op::Scatter`] changes an array and stands in an [`Update`] only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// What it computes.
    pub op: Op,
    /// Operands, in the order of the table.
    pub args: Vec<Ref>,
    /// What it defines; `None` for operations without a result.
    pub result: Option<ValueId>,
    /// Where in the source.
    pub site: SiteId,
}

/// `result` is `array` with the lanes of `place` replaced by the result of `op` on `args`; mostly `op` is [`Op::Copy`].
///
/// `Scatter (values, index)` takes `array` as the destination that it changes; its place is the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// What it computes.
    pub op: Op,
    /// The array before.
    pub array: ValueId,
    /// Which lanes are written.
    pub place: Place,
    /// Operands of `op`.
    pub args: Vec<Ref>,
    /// The array after: same lanes and type.
    pub result: ValueId,
    /// Where in the source.
    pub site: SiteId,
}

/// `result` holds the lanes of the parts, one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concat {
    /// The parts; each fits the type of the result as for a copy.
    pub parts: Vec<Ref>,
    /// What it defines.
    pub result: ValueId,
    /// Where in the source.
    pub site: SiteId,
}

/// `for counter in from..to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loop {
    /// A public integer of one lane, known inside the body.
    pub counter: ValueId,
    /// First value.
    pub from: Bound,
    /// One past the last value; no turn runs where it is not above `from`.
    pub to: Bound,
    /// Values that a turn hands to the next.
    pub carried: Vec<Carried>,
    /// What each turn runs.
    pub body: Block,
    /// Where in the source.
    pub site: SiteId,
}

/// A loop bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Known to the compiler.
    Const(i64),
    /// A public integer of one lane.
    Value(ValueId),
}

/// A value that loops: `param` is `init` in the first turn and the previous turn's `next` afterwards; `result` is what `param` would
/// be in the turn that does not run. Types of `init` and `next` [fit](fits) that of `param`, and that fits the result's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Before the loop.
    pub init: ValueId,
    /// At the start of a turn.
    pub param: ValueId,
    /// At the end of a turn.
    pub next: ValueId,
    /// After the loop.
    pub result: ValueId,
}

/// `while condition`: `head` runs, then, where its condition holds, `body`, and again. Values of `head` are known in `body`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct While {
    /// Values that a turn hands to the next; their params are known in `head` and `body`.
    pub carried: Vec<Carried>,
    /// Computes the condition.
    pub head: Block,
    /// A public `bool` of one lane.
    pub condition: ValueId,
    /// What each turn runs.
    pub body: Block,
    /// Where in the source.
    pub site: SiteId,
}

/// `if condition`, for a public condition of one lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct If {
    /// A public `bool` of one lane.
    pub condition: ValueId,
    /// Runs where it holds.
    pub then: Block,
    /// Runs where it does not.
    pub otherwise: Block,
    /// What is known afterwards.
    pub results: Vec<Joined>,
    /// Where in the source.
    pub site: SiteId,
}

/// A value after an [`If`]; the types of both sides [fit](fits) its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// Its value where the condition holds.
    pub then: ValueId,
    /// Its value where it does not.
    pub otherwise: ValueId,
    /// The value after.
    pub result: ValueId,
}

/// Whether every value of type `from` is one of type `into` without any work: same domain and scale, a range inside.
#[must_use]
pub fn fits(from: RegType, into: RegType) -> bool {
    match (from, into) {
        (RegType::Pub { kind, lo, hi, frac }, RegType::Pub { kind: k, lo: l, hi: h, frac: f }) => {
            kind == k && frac == f && lo >= l && hi <= h
        }
        (RegType::Arith { lo, hi, frac }, RegType::Arith { lo: l, hi: h, frac: f }) => frac == f && lo >= l && hi <= h,
        (RegType::Bin { width }, RegType::Bin { width: w }) => width == w,
        (RegType::Pub { .. } | RegType::Arith { .. } | RegType::Bin { .. }, _) => false,
    }
}

/// Whether [`Op::Copy`] can make a value of type `into` out of one of type `from`: as [`fits`], and public becomes secret.
#[must_use]
pub fn copies(from: RegType, into: RegType) -> bool {
    match (from, into) {
        (RegType::Pub { lo, hi, frac, .. }, RegType::Arith { lo: l, hi: h, frac: f }) => {
            frac == f && lo >= l && hi <= h
        }
        (RegType::Pub { lo, hi, frac, .. }, RegType::Bin { width }) => {
            frac == 0 && lo >= 0 && (width >= 63 || hi >> width == 0)
        }
        (RegType::Pub { .. } | RegType::Arith { .. } | RegType::Bin { .. }, _) => fits(from, into),
    }
}

impl Program {
    /// Lanes and type of a value.
    #[must_use]
    pub fn slot(&self, value: ValueId) -> Slot {
        self.values[value.index()].slot
    }

    /// Type of a value's lanes.
    #[must_use]
    pub fn ty(&self, value: ValueId) -> RegType {
        self.slot(value).ty
    }

    /// Number of lanes of a value.
    #[must_use]
    pub fn lanes(&self, value: ValueId) -> u64 {
        self.slot(value).lanes
    }

    /// All lanes of a value.
    #[must_use]
    pub fn whole(&self, value: ValueId) -> Ref {
        Ref::whole(value, self.lanes(value))
    }

    /// A new value, which some instruction has to define.
    pub fn value(&mut self, slot: Slot, name: &str) -> ValueId {
        let id = ValueId(u32::try_from(self.values.len()).unwrap_or(u32::MAX));
        self.values.push(ValueData { slot, name: name.to_owned() });
        id
    }

    /// Adds a constant.
    pub fn constant(&mut self, constant: Constant) -> ConstId {
        let id = ConstId(u32::try_from(self.constants.len()).unwrap_or(u32::MAX));
        self.constants.push(constant);
        id
    }
}
