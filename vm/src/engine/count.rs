//! What a run that only counts needs beside the engine: values that a real run would have opened, and a trace of what it does.

use super::code::{Block, Code, Levels, Node};
use super::facts::CostFacts;
use super::trace::Trace;
use super::{Engine, Leaves, Store};
use smpc_bytecode::module::{Bound, Module};
use smpc_bytecode::op::SlotId;
use smpc_bytecode::verify::Verified;
use smpc_protocols::Protocol;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// Opened values and public inputs of one run, by gate, for another run to follow that only counts.
#[derive(Clone, Debug, Default)]
pub struct Guide(BTreeMap<usize, VecDeque<Vec<i64>>>);

/// Whether what a program costs depends on values that only a real run knows.
#[must_use]
pub fn depends_on_revealed(module: &Verified<Module>) -> bool {
    CostFacts::of(module).depends_on_revealed()
}

/// How a run counts.
#[derive(Default)]
pub(super) struct Counting<'m> {
    record: Option<&'m RefCell<Guide>>,
    follow: Option<RefCell<Guide>>,
    trace: Option<Rc<RefCell<Trace>>>,
    by_gate: bool,
}

impl Counting<'_> {
    /// Whether opened values are written down.
    pub(super) const fn records(&self) -> bool {
        self.record.is_some()
    }

    /// Whether revealed values are known.
    pub(super) const fn follows(&self) -> bool {
        self.follow.is_some()
    }

    /// Whether the entries of a level run one after the other, so that each has a cost of its own.
    pub(super) const fn by_gate(&self) -> bool {
        self.by_gate
    }

    /// The trace, where there is one.
    pub(super) fn trace<R>(&self, f: impl FnOnce(&mut Trace) -> R) -> Option<R> {
        self.trace.as_ref().map(|trace| f(&mut trace.borrow_mut()))
    }

    /// A gate begins.
    pub(super) fn gate(&self, id: usize) {
        self.trace(|trace| trace.gate(id));
    }

    /// A register loses its content.
    pub(super) fn clear(&self, slot: SlotId) {
        self.trace(|trace| trace.clear(slot));
    }

    /// Notes a revealed value, or replaces it with the one of the run that this one follows.
    pub(super) fn reveal(&self, gate: usize, values: Vec<i64>) -> Vec<i64> {
        if let Some(record) = self.record {
            record.borrow_mut().0.entry(gate).or_default().push_back(values.clone());
        }
        let known = self.follow.as_ref().and_then(|guide| guide.borrow_mut().0.get_mut(&gate)?.pop_front());
        known.filter(|known| known.len() == values.len()).unwrap_or(values)
    }
}

impl<'m, P: Protocol> Engine<'m, P> {
    /// Writes down what this run reveals and its cost depends on, for [`Engine::following`].
    #[must_use]
    pub fn recording(mut self, guide: &'m RefCell<Guide>) -> Self {
        self.counting.record = Some(guide);
        self
    }

    /// Lets a run that only counts take revealed values from another one's guide instead of 0.
    #[must_use]
    pub fn following(mut self, guide: Guide) -> Self {
        self.counting.follow = Some(RefCell::new(guide));
        self
    }

    /// Writes down what the run does. With `by_gate` the entries of a level run one after the other, so that rounds that merge in a real run are counted at each gate
    /// that has a part in them.
    #[must_use]
    pub fn traced(mut self, trace: Rc<RefCell<Trace>>, by_gate: bool) -> Self {
        self.counting.trace = Some(trace);
        self.counting.by_gate = by_gate;
        self
    }

    /// Counts the gates of turns that are not run, because they cost no messages: so many times those of the body.
    pub(super) fn count_local(&self, store: &Store<'m, P>, code: &Code<'m>, body: &Block<'m>, times: u64) {
        if let Some(trace) = &self.counting.trace {
            count_block(&mut trace.borrow_mut(), store, code, body, times);
        }
    }

    /// The values that this node supplies for a leaf of an input; taken where nothing else reads them.
    pub(super) fn supplied(&self, input: usize, leaf: usize, last: bool) -> Option<Vec<i64>> {
        let mut inputs = self.inputs.borrow_mut();
        let leaves: &mut Leaves = inputs.get_mut(input)?.as_mut()?;
        let values = leaves.get_mut(leaf)?;
        Some(if last { std::mem::take(values) } else { values.clone() })
    }
}

fn count_block<'m, P: Protocol>(
    trace: &mut Trace,
    store: &Store<'m, P>,
    code: &Code<'m>,
    block: &Block<'m>,
    times: u64,
) {
    let Levels::Local(nodes) = &block.levels else { return };
    for node in nodes {
        match node {
            Node::Scalar(_, _, id) => trace.work(*id, times),
            Node::Gate(gate) => trace.work(gate.id, times),
            Node::Loop(l) => {
                let bound = |bound: Bound| match bound {
                    Bound::Const(value) => value,
                    Bound::Slot(slot) => store.control(slot),
                };
                let constant = |bound: Bound| matches!(bound, Bound::Const(_));
                trace.approximate |= !constant(l.of.from) || !constant(l.of.to);
                let turns = i128::from(bound(l.of.to)) - i128::from(bound(l.of.from));
                let turns = u64::try_from(turns.max(0)).unwrap_or(u64::MAX);
                count_block(trace, store, code, &l.body, times.saturating_mul(turns));
            }
            Node::While(w) => {
                trace.approximate = true;
                count_block(trace, store, code, &w.head, times);
                count_block(trace, store, code, &w.body, times);
            }
            Node::If(i) => {
                trace.approximate = true;
                count_block(trace, store, code, &i.then, times);
            }
            Node::Call(function, _) => {
                if let Some(body) = code.functions.get(*function) {
                    count_block(trace, store, code, body, times);
                }
            }
        }
    }
}
