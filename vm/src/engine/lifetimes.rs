//! When a register is read for the last time, so that large vectors do not outlive their use. Registers are reused by the compiler, but between
//! two uses a dead vector would stand in memory beside the ones that live.

use smpc_bytecode::module::{Entry, Gate, Level, Module, View};
use smpc_bytecode::op::SlotId;
use std::collections::BTreeSet;

/// Lanes from which on a vector is worth the trouble.
const LARGE: u64 = 4096;

/// Registers that a piece of code reads and writes.
#[derive(Clone, Default)]
struct Uses {
    reads: BTreeSet<SlotId>,
    writes: BTreeSet<SlotId>,
    /// Overwritten as a whole by a gate of its own.
    kills: BTreeSet<SlotId>,
}

/// The large registers of a module, and which of them its functions use.
pub(super) struct Lifetimes {
    /// By slot: its lanes where it is large.
    large: Vec<Option<u64>>,
    functions: Vec<Uses>,
}

impl Lifetimes {
    pub(super) fn of(module: &Module) -> Self {
        let large = module.slots.iter().map(|slot| Some(slot.lanes).filter(|lanes| *lanes >= LARGE)).collect();
        let mut all = Self { large, functions: Vec::with_capacity(module.functions.len()) };
        for function in &module.functions {
            let mut uses = Uses::default();
            function.body.iter().flat_map(|level| &level.entries).for_each(|entry| all.collect(entry, &mut uses));
            all.functions.push(uses);
        }
        all
    }

    /// The large register that a gate overwrites as a whole and does not read.
    pub(super) fn overwritten(&self, gate: &Gate) -> Option<SlotId> {
        let dst = gate.dst.as_ref()?;
        let lanes = self.large[dst.slot.index()]?;
        let whole = *dst == View::whole(dst.slot, lanes);
        (whole && !keeps_lanes(gate) && gate.args.iter().all(|view| view.slot != dst.slot)).then_some(dst.slot)
    }

    /// For each level of the program the large registers that it touches and nothing reads afterwards.
    pub(super) fn dead(&self, levels: &[Level]) -> Vec<Vec<SlotId>> {
        let mut live: BTreeSet<SlotId> = BTreeSet::new();
        let mut dead: Vec<Vec<SlotId>> = levels
            .iter()
            .rev()
            .map(|level| {
                let mut uses = Uses::default();
                level.entries.iter().for_each(|entry| self.collect(entry, &mut uses));
                let ends = uses.reads.union(&uses.writes).copied().filter(|slot| !live.contains(slot)).collect();
                uses.kills.iter().for_each(|slot| {
                    live.remove(slot);
                });
                live.extend(&uses.reads);
                ends
            })
            .collect();
        dead.reverse();
        dead
    }

    fn collect(&self, entry: &Entry, uses: &mut Uses) {
        let mut blocks = |blocks: [&[Level]; 2]| {
            // What a block overwrites may still hold what an earlier turn or the other side left.
            let mut inner = Uses::default();
            let entries = blocks.into_iter().flatten().flat_map(|level| &level.entries);
            entries.for_each(|entry| self.collect(entry, &mut inner));
            uses.reads.extend(inner.reads);
            uses.writes.extend(inner.writes);
        };
        match entry {
            Entry::Gate(gate) => self.gate(gate, uses),
            Entry::Loop(l) => blocks([&l.body, &[]]),
            Entry::While(w) => blocks([&w.head, &w.body]),
            Entry::If(i) => blocks([&i.then, &i.otherwise]),
            Entry::Call { function, .. } => {
                if let Some(inner) = self.functions.get(function.index()) {
                    uses.reads.extend(&inner.reads);
                    uses.writes.extend(&inner.writes);
                }
            }
        }
    }

    fn gate(&self, gate: &Gate, uses: &mut Uses) {
        let large = |view: &&View| self.large[view.slot.index()].is_some();
        uses.reads.extend(gate.args.iter().filter(large).map(|view| view.slot));
        if let Some(dst) = gate.dst.as_ref().filter(large) {
            uses.writes.insert(dst.slot);
            if keeps_lanes(gate) {
                uses.reads.insert(dst.slot);
            }
            uses.kills.extend(self.overwritten(gate));
        }
    }
}

/// Whether the destination's old lanes are part of the result.
fn keeps_lanes(gate: &Gate) -> bool {
    use smpc_bytecode::op::Op;
    matches!(gate.op, Op::Scatter {})
}
