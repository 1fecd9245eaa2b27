//! What can be said of a module's gates and registers without running it: which gates need a peer, and, for a run that only counts, which registers
//! decide what something costs and which of them only a real run knows.

use smpc_bytecode::module::{Bound, Entry, Gate, Level, Module, View};
use smpc_bytecode::op::{Op, SlotId};
use smpc_bytecode::types::RegType;
use std::collections::BTreeSet;

/// Whether a gate needs a peer: by its operation and the types of its registers, never by a value. `relabels`: a range proof only relabels.
pub(super) fn talks(module: &Module, gate: &Gate, relabels: bool) -> bool {
    let ty = |i: usize| gate.args.get(i).map(|view| module.slots[view.slot.index()].ty);
    let secret = |i: usize| ty(i).is_some_and(|ty| ty.is_secret());
    match gate.op {
        Op::Const { .. }
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
        | Op::StopUnless { .. } => false,
        Op::Mul {} | Op::Dot { .. } => secret(0) && secret(1),
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
        Op::ProveRange {} => !relabels,
        Op::Netlist { .. }
        | Op::A2b {}
        | Op::B2a { .. }
        | Op::Input { .. }
        | Op::Open { .. }
        | Op::Output { .. }
        | Op::Check { .. }
        | Op::Random {}
        | Op::MergeLayer { .. } => true,
    }
}

/// Every gate of the module, functions first.
pub(super) fn walk<'m>(module: &'m Module, visit: &mut impl FnMut(&'m Gate)) {
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

/// For each register what a count has to know of it.
pub(super) struct CostFacts {
    /// Its value decides how many rounds or bytes something takes.
    pub(super) steering: Vec<bool>,
    /// Its value follows from one that only a real run knows: an opened one, or a public input.
    pub(super) revealed: Vec<bool>,
}

impl CostFacts {
    pub(super) fn of(module: &Module) -> Self {
        let mut flow = Flow {
            module,
            edges: Vec::new(),
            steering: vec![false; module.slots.len()],
            revealed: vec![false; module.slots.len()],
            functions: Vec::new(),
        };
        for function in &module.functions {
            let known = flow.levels(&function.body);
            flow.functions.push(known);
        }
        flow.levels(&module.main);
        let Flow { edges, steering, revealed, .. } = flow;
        let backwards: Vec<_> = edges.iter().map(|(from, to)| (*to, *from)).collect();
        Self { steering: closure(steering, backwards), revealed: closure(revealed, edges) }
    }

    /// Whether the cost depends on values that only a real run knows.
    pub(super) fn depends_on_revealed(&self) -> bool {
        self.steering.iter().zip(&self.revealed).any(|(steers, revealed)| *steers && *revealed)
    }
}

/// What can be reached along the edges.
fn closure(mut marked: Vec<bool>, mut edges: Vec<(SlotId, SlotId)>) -> Vec<bool> {
    edges.sort_unstable();
    edges.dedup();
    let mut todo: Vec<usize> = (0..marked.len()).filter(|slot| marked[*slot]).collect();
    while let Some(slot) = todo.pop() {
        let first = edges.partition_point(|(from, _)| from.index() < slot);
        for (_, to) in edges[first..].iter().take_while(|(from, _)| from.index() == slot) {
            if !std::mem::replace(&mut marked[to.index()], true) {
                todo.push(to.index());
            }
        }
    }
    marked
}

/// What a body does to public registers, and whether it talks.
#[derive(Clone, Default)]
struct Body {
    writes: BTreeSet<SlotId>,
    talks: bool,
}

struct Flow<'m> {
    module: &'m Module,
    /// A public register and one whose value depends on it.
    edges: Vec<(SlotId, SlotId)>,
    steering: Vec<bool>,
    revealed: Vec<bool>,
    functions: Vec<Body>,
}

impl Flow<'_> {
    fn levels(&mut self, levels: &[Level]) -> Body {
        let mut body = Body::default();
        for entry in levels.iter().flat_map(|level| &level.entries) {
            match entry {
                Entry::Gate(gate) => self.gate(gate, &mut body),
                Entry::Loop(l) => {
                    let mut inner = self.levels(&l.body);
                    inner.writes.insert(l.counter);
                    let bounds = [l.from, l.to].into_iter().filter_map(|bound| match bound {
                        Bound::Slot(slot) => Some(slot),
                        Bound::Const(_) => None,
                    });
                    self.block(bounds, inner, &mut body);
                }
                Entry::While(w) => {
                    let mut inner = self.levels(&w.head);
                    let turn = self.levels(&w.body);
                    inner.writes.extend(turn.writes);
                    inner.talks |= turn.talks;
                    self.block(std::iter::once(w.condition), inner, &mut body);
                }
                Entry::If(i) => {
                    let mut inner = self.levels(&i.then);
                    let other = self.levels(&i.otherwise);
                    inner.writes.extend(other.writes);
                    inner.talks |= other.talks;
                    self.block(std::iter::once(i.condition), inner, &mut body);
                }
                Entry::Call { function, .. } => {
                    if let Some(known) = self.functions.get(function.index()) {
                        body.writes.extend(&known.writes);
                        body.talks |= known.talks;
                    }
                }
            }
        }
        body
    }

    /// A block that registers decide: they decide what it writes, and, where it talks, what it costs.
    fn block(&mut self, deciding: impl Iterator<Item = SlotId>, inner: Body, outer: &mut Body) {
        for slot in deciding {
            self.steering[slot.index()] |= inner.talks;
            self.edges.extend(inner.writes.iter().map(|written| (slot, *written)));
        }
        outer.writes.extend(inner.writes);
        outer.talks |= inner.talks;
    }

    fn gate(&mut self, gate: &Gate, body: &mut Body) {
        body.talks |= talks(self.module, gate, false);
        let is_public = |view: &View| !self.module.slots[view.slot.index()].ty.is_secret();
        let decides: &[View] = match gate.op {
            Op::MergeLayer { .. } => gate.args.get(1..).unwrap_or_default(),
            // The width of a public divisor is that of its values.
            Op::Div {} | Op::Rem {} | Op::FixDiv { .. } if gate.args.first().is_some_and(|a| !is_public(a)) => {
                gate.args.get(1..).unwrap_or_default()
            }
            _ => &[],
        };
        for view in decides.iter().filter(|view| is_public(view)) {
            self.steering[view.slot.index()] = true;
        }
        let Some(dst) = gate.dst.as_ref().filter(|dst| is_public(dst)) else { return };
        body.writes.insert(dst.slot);
        if let Op::Open { .. } | Op::Input { .. } = gate.op {
            self.revealed[dst.slot.index()] = true;
            return;
        }
        for view in gate.args.iter().chain([dst]) {
            self.edges.push((view.slot, dst.slot));
            self.edges.extend(view.index.map(|index| (index.slot, dst.slot)));
        }
    }
}
