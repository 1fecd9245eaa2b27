//! Gives each class of values a register, and a register of the same type and length to another one once a class is dead.
//!
//! Level by level through the tree of regions. What lies in entries of one level runs at the same time: an entry takes
//! from the registers that are free before the level, and what it leaves free is for others only after the level. The two sides of an `if` never both run
//! and use the same ones.

use super::classes::Classes;
use super::layout::{Entry, Layout, Region};
use crate::ir::{Inst, Kind, Program, RegType, Slot, ValueId};
use smpc_bytecode::op::SlotId;
use std::collections::BTreeMap;

/// Registers, and the one of each class.
#[derive(Debug)]
pub(super) struct Slots {
    /// The registers of the module.
    pub(super) slots: Vec<Slot>,
    /// By class.
    pub(super) of: Vec<Option<SlotId>>,
}

/// Type and length in an order.
type Key = (u8, i64, i64, u32, u64);

/// Free registers.
type Pool = BTreeMap<Key, Vec<SlotId>>;

pub(super) fn allocate(program: &Program, layout: &Layout<'_>, classes: &mut Classes) -> Slots {
    // Classes by the region that holds them, by first level.
    let mut homes: Vec<Vec<(u32, u32, u32)>> = vec![Vec::new(); layout.regions.len()];
    for value in 0..u32::try_from(program.values.len()).unwrap_or(u32::MAX) {
        if classes.root(ValueId(value)) == value
            && let Some(span) = classes.span(value)
        {
            homes[span.region as usize].push((span.min, value, span.max));
        }
    }
    homes.iter_mut().for_each(|home| home.sort_unstable());
    let mut allocator = Allocator {
        program,
        classes,
        homes,
        out: Slots { slots: Vec::new(), of: vec![None; program.values.len()] },
        pools: vec![Pool::new()],
    };
    allocator.region(&layout.main, &mut Live::default(), true);
    allocator.out
}

struct Allocator<'a> {
    program: &'a Program,
    classes: &'a mut Classes,
    homes: Vec<Vec<(u32, u32, u32)>>,
    out: Slots,
    /// Outer ones first; freed registers go to the last.
    pools: Vec<Pool>,
}

/// The classes of a region that hold a register now. A `while` passes it from its head to its body.
#[derive(Default)]
struct Live {
    /// How many of the region's classes have got one.
    begun: usize,
    /// By last level.
    ends: BTreeMap<u32, Vec<SlotId>>,
}

impl Allocator<'_> {
    /// `last` says whether the region's registers are all free afterwards.
    fn region(&mut self, region: &Region<'_>, live: &mut Live, last: bool) {
        self.begin(region, live, region.first.saturating_sub(1));
        for (at, level) in region.levels.iter().enumerate() {
            let at = region.first + u32::try_from(at).unwrap_or(u32::MAX);
            self.begin(region, live, at);
            let mut left = Vec::new();
            for entry in level {
                let freed = self.entry(entry);
                left.push(freed);
            }
            left.into_iter().for_each(|pool| self.put(pool));
            let still = live.ends.split_off(&(at + 1));
            let dead = std::mem::replace(&mut live.ends, still);
            dead.into_values().flatten().for_each(|slot| self.free(slot));
        }
        if last {
            self.begin(region, live, u32::MAX);
            std::mem::take(&mut live.ends).into_values().flatten().for_each(|slot| self.free(slot));
        }
    }

    /// The entry's registers, all free again once the level is over.
    fn entry(&mut self, entry: &Entry<'_>) -> Pool {
        self.pools.push(Pool::new());
        let mut live = Live::default();
        for (at, region) in entry.regions.iter().enumerate() {
            let shared = matches!(entry.inst, Inst::While(_));
            self.region(region, &mut live, !shared || at + 1 == entry.regions.len());
            if !shared {
                live = Live::default();
            }
        }
        self.pools.pop().unwrap_or_default()
    }

    /// Registers for the region's classes that begin at that level or before.
    fn begin(&mut self, region: &Region<'_>, live: &mut Live, level: u32) {
        while let Some((min, class, max)) = self.homes[region.id as usize].get(live.begun).copied()
            && min <= level
        {
            live.begun += 1;
            let slot = Slot { ty: self.classes.ty(class), lanes: self.program.lanes(ValueId(class)) };
            let id = self.take(slot);
            self.out.of[class as usize] = Some(id);
            live.ends.entry(max).or_default().push(id);
        }
    }

    fn take(&mut self, slot: Slot) -> SlotId {
        let key = key(slot);
        for pool in self.pools.iter_mut().rev() {
            if let Some(id) = pool.get_mut(&key).and_then(Vec::pop) {
                return id;
            }
        }
        let id = SlotId(u32::try_from(self.out.slots.len()).unwrap_or(u32::MAX));
        self.out.slots.push(slot);
        id
    }

    fn free(&mut self, id: SlotId) {
        let key = key(self.out.slots[id.index()]);
        if let Some(pool) = self.pools.last_mut() {
            pool.entry(key).or_default().push(id);
        }
    }

    fn put(&mut self, pool: Pool) {
        pool.into_values().flatten().for_each(|slot| self.free(slot));
    }
}

fn key(slot: Slot) -> Key {
    let (domain, (lo, hi), frac) = match slot.ty {
        RegType::Pub { kind: Kind::Int, lo, hi, frac } => (0, (lo, hi), frac),
        RegType::Pub { kind: Kind::Bool, lo, hi, frac } => (1, (lo, hi), frac),
        RegType::Pub { kind: Kind::Fix, lo, hi, frac } => (2, (lo, hi), frac),
        RegType::Arith { lo, hi, frac } => (3, (lo, hi), frac),
        RegType::Bin { width } => (4, (0, 0), width),
    };
    (domain, lo, hi, frac, slot.lanes)
}
