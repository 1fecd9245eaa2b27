//! A module made ready to run: blocks that need no peer flattened into lists, gates on single lanes resolved, levels split into what runs at once
//! and what runs side by side. Made once, before the first round; nothing here computes with values.

use super::facts::CostFacts;
use super::lifetimes::Lifetimes;
use super::scalar::Scalar;
use smpc_bytecode::facts::{Free, talks, walk};
use smpc_bytecode::module::{Bound, Entry, Gate, If, Level, Loop, Module, While};
use smpc_bytecode::op::{Op, SiteId, SlotId};
use std::collections::BTreeMap;

/// A module ready to run.
pub(super) struct Code<'m> {
    pub(super) main: Block<'m>,
    pub(super) functions: Vec<Block<'m>>,
    /// All gates, by their numbers.
    pub(super) gates: Vec<&'m Gate>,
}

/// The levels of a body.
pub(super) struct Block<'m> {
    pub(super) levels: Levels<'m>,
    /// Whether it writes a register that decides how much something costs; known where a run only counts.
    pub(super) varies: bool,
}

pub(super) enum Levels<'m> {
    /// Needs no peer: run through.
    Local(Vec<Node<'m>>),
    /// A stage a level.
    Talking(Vec<Stage<'m>>),
}

/// A level.
pub(super) struct Stage<'m> {
    /// What needs no peer, in source order.
    pub(super) local: Vec<Node<'m>>,
    /// What runs side by side.
    pub(super) talking: Vec<Node<'m>>,
    /// Registers that nothing reads afterwards.
    pub(super) dead: Vec<SlotId>,
}

/// Something that runs.
pub(super) enum Node<'m> {
    /// A gate on single lanes, with its number.
    Scalar(Scalar, SiteId, usize),
    /// Any other gate.
    Gate(GateNode<'m>),
    /// A counted loop.
    Loop(LoopNode<'m>),
    /// A loop while a condition holds.
    While(WhileNode<'m>),
    /// A choice.
    If(IfNode<'m>),
    /// A function.
    Call(usize, SiteId),
}

pub(super) struct GateNode<'m> {
    pub(super) gate: &'m Gate,
    /// Its number in the module, in source order.
    pub(super) id: usize,
    /// A register that the gate overwrites as a whole without reading it: dropped first, so that not both contents are held.
    pub(super) fresh: Option<SlotId>,
    /// Whether an input's values are taken rather than read, as nothing else reads them.
    pub(super) last: bool,
    /// Whether its public result decides what something costs; known where a run counts or is followed by one that does.
    pub(super) steers: bool,
}

pub(super) struct LoopNode<'m> {
    pub(super) of: &'m Loop,
    pub(super) body: Block<'m>,
    /// The counter's range.
    pub(super) range: (i64, i64),
    /// Whether a bound depends on revealed values.
    pub(super) revealed: bool,
    /// Whether every turn costs the same.
    pub(super) uniform: bool,
}

pub(super) struct WhileNode<'m> {
    pub(super) of: &'m While,
    pub(super) head: Block<'m>,
    pub(super) body: Block<'m>,
    /// Whether the condition depends on revealed values.
    pub(super) revealed: bool,
}

pub(super) struct IfNode<'m> {
    pub(super) of: &'m If,
    pub(super) then: Block<'m>,
    pub(super) otherwise: Block<'m>,
    /// Whether the condition depends on revealed values.
    pub(super) revealed: bool,
}

impl<'m> Block<'m> {
    pub(super) const fn is_local(&self) -> bool {
        matches!(self.levels, Levels::Local(_))
    }

    const fn empty() -> Self {
        Self { levels: Levels::Local(Vec::new()), varies: false }
    }

    fn of(stages: Vec<Stage<'m>>, varies: bool) -> Self {
        let talking = stages.iter().any(|stage| !stage.talking.is_empty());
        let levels = if talking {
            Levels::Talking(stages)
        } else {
            Levels::Local(stages.into_iter().flat_map(|stage| stage.local).collect())
        };
        Self { levels, varies }
    }
}

impl<'m> Code<'m> {
    /// Prepares a module. `free` says what else needs no peer; `facts` what a run that only counts knows of its registers.
    pub(super) fn new(module: &'m Module, free: Free, facts: Option<&CostFacts>) -> Self {
        let lifetimes = Lifetimes::of(module);
        let mut builder = Builder {
            module,
            free,
            facts,
            lifetimes: &lifetimes,
            functions: Vec::with_capacity(module.functions.len()),
            gates: Vec::new(),
            inputs: count_inputs(module),
            inside: 0,
        };
        for function in &module.functions {
            builder.inside += 1;
            let block = builder.block(&function.body);
            builder.inside -= 1;
            builder.functions.push(block);
        }
        let mut main = builder.block(&module.main);
        let (functions, gates) = (builder.functions, builder.gates);
        if let Levels::Talking(stages) = &mut main.levels {
            for (stage, dead) in stages.iter_mut().zip(lifetimes.dead(&module.main)) {
                stage.dead = dead;
            }
        }
        Self { main, functions, gates }
    }
}

/// How many gates read each leaf of each input.
fn count_inputs(module: &Module) -> BTreeMap<(u32, u32), usize> {
    let mut counts = BTreeMap::new();
    walk(module, &mut |gate| {
        if let Op::Input { input, leaf } = gate.op {
            *counts.entry((input.0, leaf)).or_insert(0) += 1;
        }
    });
    counts
}

struct Builder<'m, 'f> {
    module: &'m Module,
    free: Free,
    facts: Option<&'f CostFacts>,
    lifetimes: &'f Lifetimes,
    functions: Vec<Block<'m>>,
    gates: Vec<&'m Gate>,
    inputs: BTreeMap<(u32, u32), usize>,
    /// Blocks and functions around the entry at hand, where it may run more than once.
    inside: usize,
}

impl<'m> Builder<'m, '_> {
    fn block(&mut self, levels: &'m [Level]) -> Block<'m> {
        let mut varies = false;
        let mut stages = Vec::with_capacity(levels.len());
        for level in levels {
            let mut stage = Stage { local: Vec::new(), talking: Vec::new(), dead: Vec::new() };
            for entry in &level.entries {
                let (node, local, own) = self.entry(entry);
                varies |= own;
                if local { stage.local.push(node) } else { stage.talking.push(node) }
            }
            stages.push(stage);
        }
        Block::of(stages, varies)
    }

    fn inner(&mut self, levels: &'m [Level]) -> Block<'m> {
        self.inside += 1;
        let block = self.block(levels);
        self.inside -= 1;
        block
    }

    fn steers(&self, slot: SlotId) -> bool {
        self.facts.is_some_and(|facts| facts.steering[slot.index()])
    }

    fn revealed(&self, slot: SlotId) -> bool {
        self.facts.is_some_and(|facts| facts.revealed[slot.index()])
    }

    /// The entry, whether it is local, and whether it writes what steers.
    fn entry(&mut self, entry: &'m Entry) -> (Node<'m>, bool, bool) {
        match entry {
            Entry::Gate(gate) => {
                let id = self.gates.len();
                self.gates.push(gate);
                let varies = gate.dst.as_ref().is_some_and(|dst| self.steers(dst.slot));
                let local = !talks(self.module, gate, self.free);
                if local && let Some(scalar) = Scalar::of(self.module, gate) {
                    return (Node::Scalar(scalar, gate.site, id), true, varies);
                }
                let last = match gate.op {
                    Op::Input { input, leaf } => self.inside == 0 && self.inputs.get(&(input.0, leaf)) == Some(&1),
                    _ => false,
                };
                let fresh = self.lifetimes.overwritten(gate);
                (Node::Gate(GateNode { gate, id, fresh, last, steers: varies }), local, varies)
            }
            Entry::Loop(l) => {
                let body = self.inner(&l.body);
                let revealed = [l.from, l.to].iter().any(|b| matches!(b, Bound::Slot(slot) if self.revealed(*slot)));
                let counter = self.steers(l.counter);
                let local = body.is_local();
                let varies = body.varies || counter;
                let range = self.module.slots[l.counter.index()].ty.range();
                (Node::Loop(LoopNode { of: l, range, revealed, uniform: !varies, body }), local, varies)
            }
            Entry::While(w) => {
                let (head, body) = (self.inner(&w.head), self.inner(&w.body));
                let local = head.is_local() && body.is_local();
                let varies = head.varies || body.varies;
                (Node::While(WhileNode { of: w, head, body, revealed: self.revealed(w.condition) }), local, varies)
            }
            Entry::If(i) => {
                let (then, otherwise) = (self.inner(&i.then), self.inner(&i.otherwise));
                let local = then.is_local() && otherwise.is_local();
                let varies = then.varies || otherwise.varies;
                (Node::If(IfNode { of: i, then, otherwise, revealed: self.revealed(i.condition) }), local, varies)
            }
            Entry::Call { function, site } => {
                let empty = Block::empty();
                let body = self.functions.get(function.index()).unwrap_or(&empty);
                (Node::Call(function.index(), *site), body.is_local(), body.varies)
            }
        }
    }
}
