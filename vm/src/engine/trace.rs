//! What a run that only counts does, in order: gates and rounds, loops folded. What follows from it (gates by kind, costs by line, time) is worked out where the
//! protocol's constants are known.
//!
//! A trace is a list of steps. A step is what a party does from the end of one round to the end of the next: gates that begin, then the bytes that go to and come from
//! each peer. Equal steps are kept once. Where every turn of a loop costs the same, one was run, and the trace says how many there are.

use super::kind::{GateFacts, Kind};
use smpc_bytecode::module::{Module, Slot};
use smpc_bytecode::op::{SiteId, SlotId};
use smpc_bytecode::types::RegType;
use smpc_math::planes::ROW_LANES;
use std::collections::BTreeMap;

/// What a party does up to the end of a round, or of a part of the program without one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// Gates that begin: their numbers in [`Trace::gates`], and how often.
    pub work: BTreeMap<u32, u64>,
    /// Bytes to and from each peer, where a round ends.
    pub round: Option<(Vec<u64>, Vec<u64>)>,
    /// The gate that the round belongs to, where gates run one after the other.
    pub of: Option<u32>,
}

/// A part of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A step, by its number in [`Trace::steps`], so many times in a row.
    Steps(u32, u64),
    /// Parts that are gone through so many times.
    Repeat(Vec<Part>, u64),
}

/// A gate of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateCost {
    /// Its kind.
    pub kind: Kind,
    /// Lanes of its result.
    pub lanes: u64,
    /// How much work that is.
    pub units: u64,
    /// Where it stands.
    pub site: SiteId,
}

/// What a party does.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// All gates of the module, in order.
    pub gates: Vec<GateCost>,
    /// The distinct steps, with the most memory that registers took at one of them.
    pub steps: Vec<(Step, Memory)>,
    /// What is done.
    pub parts: Vec<Part>,
    /// Whether gates in loops without messages were counted by the bounds of one turn, where those differ.
    pub approximate: bool,
    numbers: BTreeMap<Step, u32>,
    open: Step,
    /// Whether gates run one after the other, so that each round belongs to one.
    by_gate: bool,
    last: Option<u32>,
    registers: Registers,
}

/// What lives in registers, in units that a protocol makes bytes of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Public values.
    pub public: u64,
    /// Secret numbers.
    pub numbers: u64,
    /// Rows of 512 secret bits.
    pub rows: u64,
}

impl Memory {
    fn of(slot: &Slot) -> Self {
        match slot.ty {
            RegType::Pub { .. } => Self { public: slot.lanes, ..Self::default() },
            RegType::Arith { .. } => Self { numbers: slot.lanes, ..Self::default() },
            RegType::Bin { width } => {
                Self { rows: slot.lanes.div_ceil(ROW_LANES as u64).saturating_mul(u64::from(width)), ..Self::default() }
            }
        }
    }

    /// About how many values that is, to compare by.
    fn weight(&self) -> u64 {
        self.public.saturating_add(self.numbers.saturating_mul(2)).saturating_add(self.rows.saturating_mul(16))
    }

    fn add(&mut self, more: &Self) {
        self.public = self.public.saturating_add(more.public);
        self.numbers = self.numbers.saturating_add(more.numbers);
        self.rows = self.rows.saturating_add(more.rows);
    }

    fn remove(&mut self, less: &Self) {
        self.public = self.public.saturating_sub(less.public);
        self.numbers = self.numbers.saturating_sub(less.numbers);
        self.rows = self.rows.saturating_sub(less.rows);
    }
}

/// Which registers have content. Those that one vector stands in share it.
#[derive(Clone, Debug, Default)]
struct Registers {
    /// By register: what it may hold, and the vector that it holds.
    slots: Vec<(Memory, Option<usize>)>,
    /// By vector: its size, and how many registers hold it.
    vectors: Vec<(Memory, usize)>,
    free: Vec<usize>,
    live: Memory,
    /// For each gate what it writes, and of whom it takes the vector.
    writes: Vec<(Option<SlotId>, Option<SlotId>)>,
}

impl Registers {
    fn clear(&mut self, slot: usize) {
        if let Some((_, held)) = self.slots.get_mut(slot)
            && let Some(vector) = held.take()
        {
            let (size, holders) = &mut self.vectors[vector];
            *holders -= 1;
            if *holders == 0 {
                self.live.remove(size);
                self.free.push(vector);
            }
        }
    }

    fn write(&mut self, gate: usize) {
        let Some((Some(dst), same_as)) = self.writes.get(gate).copied() else { return };
        let shared = same_as.and_then(|from| self.slots.get(from.index())?.1);
        let Some((size, held)) = self.slots.get(dst.index()).copied() else { return };
        if shared.is_none() && held.is_some_and(|vector| self.vectors[vector].1 == 1) {
            return;
        }
        self.clear(dst.index());
        let vector = shared.unwrap_or_else(|| {
            self.live.add(&size);
            match self.free.pop() {
                Some(vector) => {
                    self.vectors[vector] = (size, 0);
                    vector
                }
                None => {
                    self.vectors.push((size, 0));
                    self.vectors.len() - 1
                }
            }
        });
        self.vectors[vector].1 += 1;
        self.slots[dst.index()].1 = Some(vector);
    }
}

impl Trace {
    /// An empty trace. `by_gate`: gates will run one after the other.
    #[must_use]
    pub fn new(by_gate: bool) -> Self {
        Self { by_gate, ..Self::default() }
    }

    /// Begins with the gates of a module.
    pub(super) fn begin(&mut self, module: &Module, facts: &[GateFacts]) {
        let cost = |f: &GateFacts| GateCost { kind: f.kind, lanes: f.lanes, units: f.units, site: f.site };
        self.gates = facts.iter().map(cost).collect();
        self.registers.writes = facts.iter().map(|facts| (facts.dst, facts.same_as)).collect();
        self.registers.slots = module.slots.iter().map(|slot| (Memory::of(slot), None)).collect();
    }

    /// A gate begins.
    pub(super) fn gate(&mut self, id: usize) {
        self.work(id, 1);
        self.last = u32::try_from(id).ok();
        self.registers.write(id);
    }

    /// A gate's work, so many times.
    pub(super) fn work(&mut self, id: usize, times: u64) {
        if let Ok(id) = u32::try_from(id) {
            let count = self.open.work.entry(id).or_default();
            *count = count.saturating_add(times);
        }
    }

    /// A register has no content any more.
    pub(super) fn clear(&mut self, slot: SlotId) {
        self.registers.clear(slot.index());
    }

    /// A round ends in which so many bytes go to and come from each party.
    pub fn round(&mut self, sent: &[u64], received: &[u64]) {
        self.open.round = Some((sent.to_vec(), received.to_vec()));
        if self.by_gate {
            self.open.of = self.last;
        }
        self.close();
    }

    /// Ends the step at hand.
    fn close(&mut self) {
        if self.open == Step::default() {
            return;
        }
        let step = std::mem::take(&mut self.open);
        let live = self.registers.live;
        let number = match self.numbers.get(&step) {
            Some(number) => *number,
            None => {
                let number = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
                self.numbers.insert(step.clone(), number);
                self.steps.push((step, live));
                number
            }
        };
        if let Some((_, most)) = self.steps.get_mut(number as usize)
            && live.weight() > most.weight()
        {
            *most = live;
        }
        match self.parts.last_mut() {
            Some(Part::Steps(last, times)) if *last == number => *times = times.saturating_add(1),
            _ => self.parts.push(Part::Steps(number, 1)),
        }
    }

    /// A place in the trace, at the end of a step: for [`Trace::fold`] and [`Trace::cut`]. What follows is not joined with what was before.
    pub(crate) fn mark(&mut self) -> usize {
        self.close();
        // An empty part keeps equal steps on both sides apart.
        self.parts.push(Part::Repeat(Vec::new(), 0));
        self.parts.len()
    }

    /// Says that what was done since the mark is done so many times.
    pub(crate) fn fold(&mut self, mark: usize, times: u64) {
        let body = self.cut(mark);
        if !body.is_empty() {
            self.parts.push(Part::Repeat(body, times));
        }
    }

    /// Takes what was done since the mark out of the trace.
    pub(super) fn cut(&mut self, mark: usize) -> Vec<Part> {
        self.close();
        let body = self.parts.split_off(mark.min(self.parts.len()));
        if let Some(Part::Repeat(empty, 0)) = self.parts.last()
            && empty.is_empty()
        {
            self.parts.pop();
        }
        body
    }

    /// Adds parts again.
    pub(super) fn append(&mut self, parts: Vec<Part>) {
        self.parts.extend(parts);
    }

    /// Ends the trace.
    pub(crate) fn end(&mut self) {
        self.close();
    }

    /// How often each step is taken.
    #[must_use]
    pub fn totals(&self) -> Vec<u64> {
        let mut totals = vec![0_u64; self.steps.len()];
        add_up(&self.parts, 1, &mut totals);
        totals
    }
}

fn add_up(parts: &[Part], times: u64, totals: &mut [u64]) {
    for part in parts {
        match part {
            Part::Steps(step, own) => {
                if let Some(total) = totals.get_mut(*step as usize) {
                    *total = total.saturating_add(own.saturating_mul(times));
                }
            }
            Part::Repeat(body, own) => add_up(body, times.saturating_mul(*own), totals),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounds of a trace.
    fn rounds(trace: &Trace) -> u64 {
        let with_round = |(total, (step, _)): (u64, &(Step, Memory))| if step.round.is_some() { total } else { 0 };
        trace.totals().into_iter().zip(&trace.steps).map(with_round).sum()
    }

    #[test]
    fn loops_fold_and_choices_are_taken_back() {
        let mut trace = Trace::new(false);
        trace.gate(0);
        trace.round(&[1], &[1]);
        let outer = trace.mark();
        trace.gate(1);
        let inner = trace.mark();
        trace.gate(0);
        trace.round(&[1], &[1]);
        trace.fold(inner, 10);
        trace.gate(0);
        trace.round(&[1], &[1]);
        trace.fold(outer, 3);
        let choice = trace.mark();
        trace.gate(0);
        trace.round(&[1], &[1]);
        let side = trace.cut(choice);
        assert_eq!(side.len(), 1);
        trace.end();
        assert_eq!(rounds(&trace), 1 + 3 * 11);
        // The same step each time.
        assert_eq!(trace.steps.len(), 2);
        trace.append(side);
        assert_eq!(rounds(&trace), 35);
    }

    #[test]
    fn vectors_that_two_registers_hold_count_once() {
        let size = Memory { numbers: 100, ..Memory::default() };
        let mut registers = Registers {
            slots: vec![(size, None); 3],
            writes: vec![(Some(SlotId(0)), None), (Some(SlotId(1)), Some(SlotId(0))), (Some(SlotId(2)), None)],
            ..Registers::default()
        };
        registers.write(0);
        registers.write(1);
        assert_eq!(registers.live.numbers, 100);
        registers.clear(0);
        assert_eq!(registers.live.numbers, 100);
        registers.write(2);
        registers.clear(1);
        assert_eq!(registers.live.numbers, 100);
        registers.write(2);
        registers.clear(2);
        assert_eq!(registers.live, Memory::default());
    }
}
