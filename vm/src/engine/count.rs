//! What a run that only counts needs beside the engine: values that a real run would have opened, and costs by source line.

use super::facts::CostFacts;
use super::{Engine, Leaves};
use smpc_bytecode::module::Module;
use smpc_bytecode::op::SiteId;
use smpc_bytecode::verify::Verified;
use smpc_protocols::{Protocol, Stats};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

/// Opened values and public inputs of one run, by gate, for another run to follow that only counts.
#[derive(Clone, Debug, Default)]
pub struct Guide(BTreeMap<usize, VecDeque<Vec<i64>>>);

/// Rounds and bytes that each source place costs by itself.
pub type LineCosts = BTreeMap<SiteId, Stats>;

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
    lines: Option<&'m RefCell<LineCosts>>,
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
    pub(super) const fn by_line(&self) -> bool {
        self.lines.is_some()
    }

    /// Notes a revealed value, or replaces it with the one of the run that this one follows.
    pub(super) fn reveal(&self, gate: usize, values: Vec<i64>) -> Vec<i64> {
        if let Some(record) = self.record {
            record.borrow_mut().0.entry(gate).or_default().push_back(values.clone());
        }
        let known = self.follow.as_ref().and_then(|guide| guide.borrow_mut().0.get_mut(&gate)?.pop_front());
        known.filter(|known| known.len() == values.len()).unwrap_or(values)
    }

    /// Adds to the cost of a place.
    pub(super) fn note(&self, site: SiteId, cost: &Stats) {
        if let Some(lines) = self.lines {
            let mut lines = lines.borrow_mut();
            add(lines.entry(site).or_default(), cost, 1);
        }
    }

    /// The costs so far, to be handed to [`Counting::repeat`].
    pub(super) fn lines(&self) -> LineCosts {
        self.lines.map(|lines| lines.borrow().clone()).unwrap_or_default()
    }

    /// Adds `times` times what was added since `before`.
    pub(super) fn repeat(&self, before: &LineCosts, times: u64) {
        if let Some(lines) = self.lines {
            for (site, cost) in lines.borrow_mut().iter_mut() {
                let turn = before.get(site).map_or_else(|| cost.clone(), |before| cost.since(before));
                add(cost, &turn, times);
            }
        }
    }
}

fn add(sum: &mut Stats, cost: &Stats, times: u64) {
    let plus = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more.saturating_mul(times));
    plus(&mut sum.rounds, cost.rounds);
    for (sum, cost) in [(&mut sum.sent, &cost.sent), (&mut sum.received, &cost.received)] {
        sum.resize(sum.len().max(cost.len()), 0);
        sum.iter_mut().zip(cost).for_each(|(sum, more)| plus(sum, *more));
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

    /// Adds up what each source place costs. The entries of a level then run one after the other, so that rounds that merge in a real run are
    /// counted at each place that has a part in them.
    #[must_use]
    pub fn by_line(mut self, lines: &'m RefCell<LineCosts>) -> Self {
        self.counting.lines = Some(lines);
        self
    }

    /// The values that this node supplies for a leaf of an input; taken where nothing else reads them.
    pub(super) fn supplied(&self, input: usize, leaf: usize, last: bool) -> Option<Vec<i64>> {
        let mut inputs = self.inputs.borrow_mut();
        let leaves: &mut Leaves = inputs.get_mut(input)?.as_mut()?;
        let values = leaves.get_mut(leaf)?;
        Some(if last { std::mem::take(values) } else { values.clone() })
    }
}
