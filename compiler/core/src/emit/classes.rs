//! Which values share a register on purpose, so that nothing has to be copied between them.
//!
//! Versions of an array that updates make share one by need; a carried value shares one with its result by definition. Beyond that
//! `init`, `next` and the sides of a join move into the register that receives them, where the levels show that nothing
//! overlaps:
//!
//! ```text
//! loop { carry acc = zero then more gives total ... more = add(acc, x) }      one register for zero, acc, more and total
//! ```
//!
//! Where they overlap, `emit::code` copies.

use super::layout::{At, Def, Entry, Layout, Region, RegionId};
use crate::ir::{Carried, Gate, If, Inst, Op, Program, RegType, ValueId};
use crate::passes::facts;

/// Where a class is read or written: levels `min ..= max` of the innermost region that holds all of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) region: RegionId,
    pub(super) min: u32,
    pub(super) max: u32,
    /// Accesses in level `max`.
    at_max: u32,
    count: u32,
}

/// Values by the register that they share.
#[derive(Debug)]
pub(super) struct Classes {
    parent: Vec<u32>,
    /// By class; `None` where nothing of it is in the program.
    span: Vec<Option<Span>>,
    /// By class: the type of the register.
    ty: Vec<RegType>,
}

impl Classes {
    pub(super) fn of(program: &Program, layout: &Layout<'_>) -> Self {
        let values = program.values.len();
        let mut classes = Self {
            parent: (0..u32::try_from(values).unwrap_or(u32::MAX)).collect(),
            span: vec![None; values],
            ty: program.values.iter().map(|value| value.slot.ty).collect(),
        };
        for (value, at) in &layout.accesses {
            let span = Span { region: at.region, min: at.level, max: at.level, at_max: 1, count: 1 };
            classes.span[value.index()] = cover(layout, classes.span[value.index()], Some(span));
        }
        let mut merger = Merger { program, layout, classes };
        merger.region(&layout.main);
        merger.classes
    }

    /// The class of a value.
    pub(super) fn root(&mut self, value: ValueId) -> u32 {
        let mut at = value.0;
        while self.parent[at as usize] != at {
            let up = self.parent[at as usize];
            self.parent[at as usize] = self.parent[up as usize];
            at = up;
        }
        at
    }

    /// Type of a class's register.
    pub(super) fn ty(&self, root: u32) -> RegType {
        self.ty[root as usize]
    }

    /// Where a class lives.
    pub(super) fn span(&self, root: u32) -> Option<Span> {
        self.span[root as usize]
    }
}

/// The smallest span around two.
fn cover(layout: &Layout<'_>, a: Option<Span>, b: Option<Span>) -> Option<Span> {
    let (Some(mut a), Some(mut b)) = (a, b) else { return a.or(b) };
    while a.region != b.region {
        let (depth_a, depth_b) = (depth(layout, a.region), depth(layout, b.region));
        if depth_a >= depth_b {
            a = lift(layout, a)?;
        }
        if depth_b >= depth_a {
            b = lift(layout, b)?;
        }
    }
    let at_max = match a.max.cmp(&b.max) {
        std::cmp::Ordering::Less => b.at_max,
        std::cmp::Ordering::Equal => a.at_max.saturating_add(b.at_max),
        std::cmp::Ordering::Greater => a.at_max,
    };
    let count = a.count.saturating_add(b.count);
    Some(Span { region: a.region, min: a.min.min(b.min), max: a.max.max(b.max), at_max, count })
}

fn depth(layout: &Layout<'_>, region: RegionId) -> u32 {
    layout.regions[region as usize].depth
}

/// The span seen from the region around it.
fn lift(layout: &Layout<'_>, span: Span) -> Option<Span> {
    let At { region, level } = layout.regions[span.region as usize].parent?;
    Some(Span { region, min: level, max: level, at_max: span.count, count: span.count })
}

struct Merger<'a> {
    program: &'a Program,
    layout: &'a Layout<'a>,
    classes: Classes,
}

impl Merger<'_> {
    /// Inner regions first: a class has to be seen with all that it overwrites before it moves further out.
    fn region(&mut self, region: &Region<'_>) {
        for (at, level) in region.levels.iter().enumerate() {
            let at = At { region: region.id, level: region.first + u32::try_from(at).unwrap_or(u32::MAX) };
            for entry in level {
                self.entry(entry, at);
            }
        }
    }

    fn entry(&mut self, entry: &Entry<'_>, at: At) {
        for region in &entry.regions {
            self.region(region);
        }
        match entry.inst {
            Inst::Gate(_) | Inst::Concat(_) => {}
            Inst::Update(update) => self.merge(update.array, update.result, None),
            Inst::Loop(l) => self.carried(&l.carried, entry.regions[0].id, at),
            Inst::While(w) => self.carried(&w.carried, entry.regions[0].id, at),
            Inst::If(i) => self.joins(i, entry),
        }
    }

    fn merge(&mut self, a: ValueId, b: ValueId, ty: Option<RegType>) {
        let (a, b) = (self.classes.root(a), self.classes.root(b));
        let (low, high) = (a.min(b), a.max(b));
        let classes = &mut self.classes;
        if let Some(ty) = ty {
            classes.ty[low as usize] = ty;
        }
        if low == high {
            return;
        }
        classes.parent[high as usize] = low;
        let span = cover(self.layout, classes.span[low as usize], classes.span[high as usize]);
        classes.span[low as usize] = span;
    }

    fn carried(&mut self, carried: &[Carried], body: RegionId, at: At) {
        for c in carried {
            if self.next_moves(c, body) {
                self.merge(c.next, c.param, Some(self.ty(c.param)));
            }
        }
        for c in carried {
            if self.init_moves(c, body, at) {
                self.merge(c.init, c.param, Some(self.ty(c.param)));
            }
        }
        for c in carried {
            self.merge(c.param, c.result, Some(self.ty(c.param)));
        }
    }

    /// Whether `next` may be made in the register of `param`: everything that reads `param` is done by then.
    fn next_moves(&mut self, c: &Carried, body: RegionId) -> bool {
        let (next, param) = (self.classes.root(c.next), self.classes.root(c.param));
        if next == param || !self.same_register(c.next, c.param) {
            return next == param;
        }
        let (Some(of_next), Some(of_param)) = (self.classes.span(next), self.classes.span(param)) else { return false };
        if of_next.region != body || of_param.region != body || of_next.min == 0 {
            return false;
        }
        of_param.max < of_next.min || of_param.max == of_next.min && self.overwrites(c.next, param, of_param.at_max)
    }

    /// Whether the gate that makes `next` is itself all that reads the class in its level, and reads each lane no later than it writes it.
    fn overwrites(&mut self, next: ValueId, class: u32, reads: u32) -> bool {
        let Def::Inst(Inst::Gate(gate)) = self.layout.defs[next.index()] else { return false };
        let mut own = 0;
        let mut lane_by_lane = true;
        for arg in &gate.args {
            let before = own;
            arg.each_use(&mut |value| own += u32::from(self.classes.root(value) == class));
            let lanes = self.program.lanes(arg.value);
            lane_by_lane &= own == before || lanes == 1 || facts::lane_by_lane(gate.op) && arg.place.is_whole(lanes);
        }
        own == reads && lane_by_lane
    }

    /// Whether `init` may be made in the register of `param`: the loop is the last to read it.
    fn init_moves(&mut self, c: &Carried, body: RegionId, at: At) -> bool {
        let (init, param) = (self.classes.root(c.init), self.classes.root(c.param));
        if init == param || !self.same_register(c.init, c.param) {
            return init == param;
        }
        let (Some(of_init), Some(of_param)) = (self.classes.span(init), self.classes.span(param)) else { return false };
        of_param.region == body && of_init.region == at.region && of_init.max == at.level && of_init.at_max == 1
    }

    fn joins(&mut self, i: &If, entry: &Entry<'_>) {
        for joined in &i.results {
            for (side, region) in [joined.then, joined.otherwise].into_iter().zip(&entry.regions) {
                let (from, into) = (self.classes.root(side), self.classes.root(joined.result));
                let inside = self.classes.span(from).is_some_and(|span| span.region == region.id);
                if from != into && inside && self.same_register(side, joined.result) {
                    self.merge(side, joined.result, Some(self.ty(joined.result)));
                }
            }
            // One side updates an array in place and the other leaves it: the array is dead afterwards but for this.
            let (then, otherwise) = (self.classes.root(joined.then), self.classes.root(joined.otherwise));
            if then == otherwise && joined.then != joined.otherwise {
                self.merge(joined.then, joined.result, None);
            }
        }
    }

    /// Whether a value can be made in a register of the other's type: it has that type, or only its definition and its handing on
    /// know it.
    fn same_register(&mut self, value: ValueId, into: ValueId) -> bool {
        let root = self.classes.root(value);
        if self.classes.ty(root) == self.ty(into) {
            return true;
        }
        let widens =
            |gate: &Gate| !matches!(gate.op, Op::Input { .. } | Op::ProveRange {} | Op::A2b {} | Op::B2a { .. });
        self.layout.reads[value.index()] == 1
            && self.classes.span(root).is_some_and(|span| span.count == 2)
            && matches!(self.layout.defs[value.index()], Def::Inst(Inst::Gate(gate)) if widens(gate))
    }

    fn ty(&self, value: ValueId) -> RegType {
        self.program.ty(value)
    }
}
