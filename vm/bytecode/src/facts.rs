//! What can be said of a gate without running it: whether it needs a peer, which public values decide what it costs, and what it holds beside its
//! registers. One definition for the verifier, the compiler and the machine.

use crate::module::{Entry, Gate, Level, Module, View};
use crate::op::{Op, SlotId};
use crate::types::RegType;
use std::collections::BTreeSet;

/// What a protocol needs no peer for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Free {
    /// Proofs of ranges, which only relabel.
    pub relabels: bool,
    /// Sums, differences and products by public numbers modulo 2^64.
    pub wraps: bool,
}

/// Whether a gate of a verified module needs a peer: by its operation, the types of its registers and what its protocol has for nothing, never by a value.
#[must_use]
pub fn talks(module: &Module, gate: &Gate, free: Free) -> bool {
    let ty = |i: usize| gate.args.get(i).map(|view| module.slots[view.slot.index()].ty);
    let secret = |i: usize| ty(i).is_some_and(|ty| ty.is_secret());
    match gate.op {
        Op::Const { .. }
        | Op::ConstRounded { .. }
        | Op::Copy {}
        | Op::Relabel {}
        | Op::Gather {}
        | Op::Scatter {}
        | Op::Add {}
        | Op::Sub {}
        | Op::Neg {}
        | Op::Sum { .. }
        | Op::PrefixSum { .. }
        | Op::Xor {}
        | Op::Not {}
        | Op::Planes { .. }
        | Op::Join {}
        | Op::StopUnless { .. } => false,
        Op::AddWrap {} | Op::SubWrap {} => !free.wraps && (secret(0) || secret(1)),
        Op::MulWrap {} if !free.wraps => secret(0) || secret(1),
        Op::Mul {} | Op::MulWrap {} | Op::Dot { .. } => secret(0) && secret(1),
        Op::And {} | Op::Or {} => {
            matches!((ty(0), ty(1)), (Some(RegType::Bin { .. }), Some(RegType::Bin { .. })))
        }
        Op::MatMul { .. }
        | Op::Trunc { .. }
        | Op::Round { .. }
        | Op::TruncStochastic { .. }
        | Op::Div {}
        | Op::Rem {}
        | Op::FixDiv { .. }
        | Op::Sqrt { .. }
        | Op::Lt {}
        | Op::Eq {} => secret(0) || secret(1),
        Op::Select {} => secret(0),
        Op::ProveRange {} => !free.relabels,
        Op::Netlist { .. }
        | Op::A2b {}
        | Op::B2a { .. }
        | Op::Input { .. }
        | Op::Open { .. }
        | Op::Output { .. }
        | Op::Check { .. }
        | Op::Random {}
        | Op::Sort { .. } => true,
    }
}

/// The public operands that decide how many rounds or bytes a gate takes.
#[must_use]
pub fn deciding<'g>(module: &Module, gate: &'g Gate) -> Vec<&'g View> {
    let is_public = |view: &View| !module.slots[view.slot.index()].ty.is_secret();
    let decide: &[View] = match gate.op {
        // The width of a public divisor is that of its values.
        Op::Div {} | Op::Rem {} | Op::FixDiv { .. } if gate.args.first().is_some_and(|a| !is_public(a)) => {
            gate.args.get(1..).unwrap_or_default()
        }
        _ => &[],
    };
    decide.iter().filter(|view| is_public(view)).collect()
}

/// Whether a gate works on the bits of its operands, and so holds about as much again while it runs; others read a whole register where it is.
#[must_use]
pub const fn on_bits(op: Op) -> bool {
    matches!(
        op,
        Op::Trunc { .. }
            | Op::Round { .. }
            | Op::TruncStochastic { .. }
            | Op::Div {}
            | Op::Rem {}
            | Op::FixDiv { .. }
            | Op::Sqrt { .. }
            | Op::Lt {}
            | Op::Eq {}
            | Op::Netlist { .. }
            | Op::A2b {}
            | Op::B2a { .. }
            | Op::Sort { .. }
    )
}

/// Every gate of the module, functions first.
pub fn walk<'m>(module: &'m Module, visit: &mut impl FnMut(&'m Gate)) {
    let mut todo: Vec<&[Level]> = vec![&module.main];
    todo.extend(module.functions.iter().rev().map(|f| &f.body[..]));
    while let Some(levels) = todo.pop() {
        for entry in levels.iter().flat_map(|level| &level.entries) {
            match entry {
                Entry::Gate(gate) => visit(gate),
                Entry::Call { .. } => {}
                Entry::Loop(l) => todo.push(&l.body),
                Entry::While(w) => todo.extend([&w.head[..], &w.body[..]]),
                Entry::If(i) => todo.extend([&i.then[..], &i.otherwise[..]]),
            }
        }
    }
}

/// The registers that some code writes, functions that it calls included.
#[must_use]
pub fn written(blocks: &[&[Level]], module: &Module) -> BTreeSet<SlotId> {
    let mut found = BTreeSet::new();
    let mut todo: Vec<&[Level]> = blocks.to_vec();
    let mut called = BTreeSet::new();
    while let Some(levels) = todo.pop() {
        for entry in levels.iter().flat_map(|level| &level.entries) {
            match entry {
                Entry::Gate(gate) => found.extend(gate.dst.as_ref().map(|dst| dst.slot)),
                Entry::Call { function, .. } => {
                    if called.insert(function.0)
                        && let Some(function) = module.functions.get(function.index())
                    {
                        todo.push(&function.body);
                    }
                }
                Entry::Loop(l) => {
                    found.insert(l.counter);
                    todo.push(&l.body);
                }
                Entry::While(w) => todo.extend([&w.head[..], &w.body[..]]),
                Entry::If(i) => todo.extend([&i.then[..], &i.otherwise[..]]),
            }
        }
    }
    found
}
