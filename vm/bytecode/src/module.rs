//! A compiled program: manifest, registers, constants, netlists, code and source map. Plain data; [`crate::verify`] is what makes it
//! fit to run and [`crate::codec`] what writes and reads it.

use crate::op::{FileId, FunctionId, Op, RoleId, SiteId, SlotId};
use crate::types::{DataType, RegType};
use smpc_math::netlist::Netlist;

/// A whole `.smpcb` file.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Module {
    /// What the operators agree on: roles, inputs, outputs.
    pub manifest: Manifest,
    /// The registers.
    pub slots: Vec<Slot>,
    /// Constants that [`Op::Const`] loads.
    pub constants: Vec<Constant>,
    /// Netlists that [`Op::Netlist`] evaluates.
    pub netlists: Vec<Netlist>,
    /// What a failed check or stop says.
    pub messages: Vec<String>,
    /// Functions, each before its callers; no recursion.
    pub functions: Vec<Function>,
    /// The program.
    pub main: Vec<Level>,
    /// Where each entry comes from.
    pub sources: SourceTable,
}

/// What a program takes and gives, and from and to whom.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Manifest {
    /// Path of the main source, relative to its own folder.
    pub program: String,
    /// Roles in order of declaration, counted ones expanded (`Employer[0]`).
    pub roles: Vec<String>,
    /// Params with the values that were compiled in.
    pub params: Vec<(String, i64)>,
    /// Inputs in order of declaration, `from each` expanded.
    pub inputs: Vec<Input>,
    /// Outputs in source order, `to each` expanded.
    pub outputs: Vec<Output>,
}

/// An input of one role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name in the source.
    pub name: String,
    /// The member of a counted role that supplies this value, for `from each`.
    pub member: Option<u32>,
    /// Who supplies it.
    pub role: RoleId,
    /// Whether only its owner knows it.
    pub secret: bool,
    /// Its type; a leaf is a register.
    pub ty: DataType,
}

/// An output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its name in the source.
    pub name: String,
    /// The member of a counted role that receives this value, for `to each`.
    pub member: Option<u32>,
    /// Who learns it.
    pub to: Receivers,
    /// Its type; a leaf is a register.
    pub ty: DataType,
}

/// Who learns an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receivers {
    /// Every node and every role.
    All,
    /// These roles only.
    Roles(Vec<RoleId>),
}

/// A register: a vector of lanes of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Type of each lane.
    pub ty: RegType,
    /// Number of lanes.
    pub lanes: u64,
}

/// A constant vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constant {
    /// The values as they are; a single one fills all lanes.
    Words(Vec<i64>),
    /// `start, start + step, …`, as many as the destination has lanes.
    Range {
        /// First value.
        start: i64,
        /// Difference of neighbours.
        step: i64,
    },
}

/// A function: levels over static registers of its own. A caller copies arguments in and results out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name in the source, for `inspect`.
    pub name: String,
    /// Its body.
    pub body: Vec<Level>,
}

/// Entries that run side by side: none reads or writes a slot that another one of the level writes.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Level {
    /// The entries, in source order.
    pub entries: Vec<Entry>,
}

/// One thing that runs in a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A vector gate.
    Gate(Gate),
    /// A counted loop.
    Loop(Loop),
    /// A loop while a public condition holds.
    While(While),
    /// A choice by a public condition.
    If(If),
    /// Runs a function.
    Call {
        /// Which.
        function: FunctionId,
        /// Where in the source.
        site: SiteId,
    },
}

/// A vector gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// What it computes.
    pub op: Op,
    /// Where the result goes; `None` for operations without one.
    pub dst: Option<View>,
    /// Operands, in the order of the table.
    pub args: Vec<View>,
    /// Where in the source.
    pub site: SiteId,
}

/// `for counter in from..to`: the counter takes each value in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loop {
    /// A public integer register of one lane.
    pub counter: SlotId,
    /// First value.
    pub from: Bound,
    /// One past the last value; no turn runs where it is not above `from`.
    pub to: Bound,
    /// What each turn runs.
    pub body: Vec<Level>,
    /// Where in the source.
    pub site: SiteId,
}

/// A loop bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Known to the compiler.
    Const(i64),
    /// A public integer register of one lane.
    Slot(SlotId),
}

/// `while condition`: runs `head`, looks at the condition, runs `body`, and again. Each turn counts against the step limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct While {
    /// Computes the condition.
    pub head: Vec<Level>,
    /// A public `bool` register of one lane.
    pub condition: SlotId,
    /// What each turn runs.
    pub body: Vec<Level>,
    /// Where in the source.
    pub site: SiteId,
}

/// `if condition`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct If {
    /// A public `bool` register of one lane.
    pub condition: SlotId,
    /// Runs where it holds.
    pub then: Vec<Level>,
    /// Runs where it does not.
    pub otherwise: Vec<Level>,
    /// Where in the source.
    pub site: SiteId,
}

/// Lanes of a slot: lane (i, j) of the view is lane `offset + index·stride + i·dims[0].stride + j·dims[1].stride` of the slot.
/// Without `dims` it is a single lane. A destination names no lane twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The slot.
    pub slot: SlotId,
    /// First lane.
    pub offset: u64,
    /// A part of the offset that is known at run time; out of the slot's bounds it stops the run.
    pub index: Option<Index>,
    /// Up to two pairs, outer first.
    pub dims: Vec<Dim>,
}

/// A public register times a stride.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// A public integer register of one lane.
    pub slot: SlotId,
    /// Lanes an unit of the register.
    pub stride: i64,
}

/// A stride and how often it is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dim {
    /// Lanes between neighbours; 0 repeats, negative reverses.
    pub stride: i64,
    /// How many.
    pub len: u64,
}

impl View {
    /// All lanes of a slot.
    #[must_use]
    pub fn whole(slot: SlotId, lanes: u64) -> Self {
        Self { slot, offset: 0, index: None, dims: vec![Dim { stride: 1, len: lanes }] }
    }

    /// One lane of a slot.
    #[must_use]
    pub fn lane(slot: SlotId, offset: u64) -> Self {
        Self { slot, offset, index: None, dims: Vec::new() }
    }

    /// Number of lanes, or `None` where it exceeds 64 bits.
    #[must_use]
    pub fn lanes(&self) -> Option<u64> {
        self.dims.iter().try_fold(1_u64, |n, dim| n.checked_mul(dim.len))
    }
}

/// The source map.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SourceTable {
    /// Files, relative to the folder of the main source; library modules as `std/…`.
    pub files: Vec<String>,
    /// Places that [`SiteId`] names.
    pub sites: Vec<Site>,
}

/// A place in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// File.
    pub file: FileId,
    /// Line, from 1.
    pub line: u32,
    /// First column, from 1.
    pub column: u32,
    /// Text of the line, for run-time errors and `inspect`.
    pub text: String,
}
