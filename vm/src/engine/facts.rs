//! What a run that only counts has to know of a module before: which registers decide what something costs, and which of them only a real run knows.

use smpc_bytecode::facts::{Free, deciding, talks};
use smpc_bytecode::module::{Bound, Entry, Gate, Level, Module, View};
use smpc_bytecode::op::{Op, SlotId};
use std::collections::BTreeSet;

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
        body.talks |= talks(self.module, gate, Free::default());
        let is_public = |view: &View| !self.module.slots[view.slot.index()].ty.is_secret();
        for view in deciding(self.module, gate) {
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
