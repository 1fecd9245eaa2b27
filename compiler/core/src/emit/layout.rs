//! Where everything stands once levels are planned: a tree of regions with numbered levels, and who reads and writes what where.
//!
//! A position is a pair of region and level. In a region, level 0 is before everything (what a loop hands in), then come its planned
//! levels, and one more is its end (what it hands on). A `while` is a single region: its head, the look at the
//! condition, its body.

use crate::ir::{Inst, Program, ValueId};
use crate::passes::schedule::Plan;

/// A region's number; 0 is the whole program.
pub(super) type RegionId = u32;

/// A position in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    pub(super) region: RegionId,
    pub(super) level: u32,
}

/// What is known of a region apart from its code.
#[derive(Clone, Copy, Debug)]
pub(super) struct RegionInfo {
    /// The position of the entry that it belongs to.
    pub(super) parent: Option<At>,
    /// How deep it is nested.
    pub(super) depth: u32,
    /// The level behind its last one.
    pub(super) end: u32,
}

/// A planned block.
#[derive(Debug)]
pub(super) struct Region<'a> {
    pub(super) id: RegionId,
    /// Number of its first level.
    pub(super) first: u32,
    pub(super) levels: Vec<Vec<Entry<'a>>>,
}

/// An instruction with its planned blocks.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) inst: &'a Inst,
    pub(super) regions: Vec<Region<'a>>,
}

/// How a value comes to be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Def<'a> {
    /// Not at all.
    None,
    /// By an instruction.
    Inst(&'a Inst),
    /// As a counter or carried value.
    Param,
}

/// The planned program.
#[derive(Debug)]
pub(super) struct Layout<'a> {
    pub(super) main: Region<'a>,
    pub(super) regions: Vec<RegionInfo>,
    /// Every read and definition.
    pub(super) accesses: Vec<(ValueId, At)>,
    /// By value: how often it is read.
    pub(super) reads: Vec<u32>,
    /// By value.
    pub(super) defs: Vec<Def<'a>>,
}

impl<'a> Layout<'a> {
    pub(super) fn of(program: &Program, body: &'a [Inst], plan: &Plan) -> Self {
        let mut maker = Maker {
            regions: Vec::new(),
            accesses: Vec::new(),
            reads: vec![0; program.values.len()],
            defs: vec![Def::None; program.values.len()],
        };
        let id = maker.open(None);
        let main = maker.region(id, 1, body, plan);
        Self { main, regions: maker.regions, accesses: maker.accesses, reads: maker.reads, defs: maker.defs }
    }
}

struct Maker<'a> {
    regions: Vec<RegionInfo>,
    accesses: Vec<(ValueId, At)>,
    reads: Vec<u32>,
    defs: Vec<Def<'a>>,
}

impl<'a> Maker<'a> {
    fn open(&mut self, parent: Option<At>) -> RegionId {
        let depth = parent.map_or(0, |at| self.regions[at.region as usize].depth + 1);
        self.regions.push(RegionInfo { parent, depth, end: 1 });
        number(self.regions.len() - 1)
    }

    fn region(&mut self, id: RegionId, first: u32, body: &'a [Inst], plan: &Plan) -> Region<'a> {
        let mut levels = Vec::with_capacity(plan.levels.len());
        for (at, steps) in plan.levels.iter().enumerate() {
            let at = At { region: id, level: first + number(at) };
            let mut entries = Vec::with_capacity(steps.len());
            for step in steps {
                let inst = &body[step.inst];
                let regions = self.nested(inst, &step.blocks, at);
                inst.each_operand(&mut |value| self.read(value, at));
                inst.each_result(&mut |value| self.define(value, at, Def::Inst(inst)));
                entries.push(Entry { inst, regions });
            }
            levels.push(entries);
        }
        self.regions[id as usize].end = first + number(levels.len());
        Region { id, first, levels }
    }

    fn nested(&mut self, inst: &'a Inst, plans: &[Plan], at: At) -> Vec<Region<'a>> {
        let blocks = inst.blocks();
        let mut out = Vec::with_capacity(blocks.len());
        match inst {
            Inst::Gate(_) | Inst::Update(_) | Inst::Concat(_) => {}
            Inst::Loop(l) => {
                let id = self.open(Some(at));
                inst.each_param(&mut |value| self.define(value, At { region: id, level: 0 }, Def::Param));
                out.push(self.region(id, 1, blocks[0], &plans[0]));
                let end = self.end(id);
                l.carried.iter().for_each(|c| self.read(c.next, end));
                // The counter stays untouched for the whole turn.
                self.accesses.push((l.counter, end));
            }
            Inst::While(w) => {
                let id = self.open(Some(at));
                inst.each_param(&mut |value| self.define(value, At { region: id, level: 0 }, Def::Param));
                out.push(self.region(id, 1, blocks[0], &plans[0]));
                let look = self.end(id);
                self.read(w.condition, look);
                w.carried.iter().for_each(|c| self.read(c.param, look));
                out.push(self.region(id, look.level + 1, blocks[1], &plans[1]));
                let end = self.end(id);
                w.carried.iter().for_each(|c| self.read(c.next, end));
            }
            Inst::If(i) => {
                for (side, (block, plan)) in blocks.into_iter().zip(plans).enumerate() {
                    let id = self.open(Some(at));
                    out.push(self.region(id, 1, block, plan));
                    let end = self.end(id);
                    i.results.iter().for_each(|j| self.read(if side == 0 { j.then } else { j.otherwise }, end));
                }
            }
        }
        out
    }

    fn end(&self, region: RegionId) -> At {
        At { region, level: self.regions[region as usize].end }
    }

    fn read(&mut self, value: ValueId, at: At) {
        self.accesses.push((value, at));
        self.reads[value.index()] += 1;
    }

    fn define(&mut self, value: ValueId, at: At, def: Def<'a>) {
        self.accesses.push((value, at));
        self.defs[value.index()] = def;
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
