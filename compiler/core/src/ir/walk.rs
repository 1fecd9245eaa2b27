//! Walking programs: what an instruction reads and defines, and rewriting that.
//!
//! The passes share these; nothing here knows what an operation means.

use super::{Bound, Inst, Place, Program, Ref, SiteId, ValueId};

impl Place {
    /// Calls `f` on the value that indexes, if there is one.
    pub fn each_use(&self, f: &mut impl FnMut(ValueId)) {
        if let Some(index) = &self.index {
            f(index.value);
        }
    }

    /// Replaces the value that indexes.
    pub fn map_uses(&mut self, f: &mut impl FnMut(ValueId) -> ValueId) {
        if let Some(index) = &mut self.index {
            index.value = f(index.value);
        }
    }
}

impl Ref {
    /// Calls `f` on each value that is read.
    pub fn each_use(&self, f: &mut impl FnMut(ValueId)) {
        f(self.value);
        self.place.each_use(f);
    }

    /// Replaces each value that is read.
    pub fn map_uses(&mut self, f: &mut impl FnMut(ValueId) -> ValueId) {
        self.value = f(self.value);
        self.place.map_uses(f);
    }
}

impl Inst {
    /// Calls `f` on each place that the instruction itself reads or writes.
    pub fn each_place(&self, f: &mut impl FnMut(&Place)) {
        match self {
            Self::Gate(gate) => gate.args.iter().for_each(|arg| f(&arg.place)),
            Self::Concat(concat) => concat.parts.iter().for_each(|part| f(&part.place)),
            Self::Update(update) => {
                update.args.iter().for_each(|arg| f(&arg.place));
                f(&update.place);
            }
            Self::Loop(_) | Self::While(_) | Self::If(_) => {}
        }
    }

    /// Where in the source it stands.
    #[must_use]
    pub fn site(&self) -> SiteId {
        match self {
            Self::Gate(gate) => gate.site,
            Self::Update(update) => update.site,
            Self::Concat(concat) => concat.site,
            Self::Loop(l) => l.site,
            Self::While(w) => w.site,
            Self::If(i) => i.site,
        }
    }

    /// Calls `f` on each value that the instruction itself reads on entry: bodies of blocks, and what their ends hand on, excluded.
    pub fn each_operand(&self, f: &mut impl FnMut(ValueId)) {
        match self {
            Self::Gate(gate) => gate.args.iter().for_each(|arg| arg.each_use(f)),
            Self::Update(update) => {
                f(update.array);
                update.place.each_use(f);
                update.args.iter().for_each(|arg| arg.each_use(f));
            }
            Self::Concat(concat) => concat.parts.iter().for_each(|part| part.each_use(f)),
            Self::Loop(l) => {
                for bound in [l.from, l.to] {
                    if let Bound::Value(value) = bound {
                        f(value);
                    }
                }
                l.carried.iter().for_each(|c| f(c.init));
            }
            Self::While(w) => w.carried.iter().for_each(|c| f(c.init)),
            Self::If(i) => f(i.condition),
        }
    }

    /// Calls `f` on each value that ends of this instruction's own blocks hand on: conditions, `next`, both sides of a join.
    pub fn each_handed(&self, f: &mut impl FnMut(ValueId)) {
        match self {
            Self::Gate(_) | Self::Update(_) | Self::Concat(_) => {}
            Self::Loop(l) => l.carried.iter().for_each(|c| f(c.next)),
            Self::While(w) => {
                f(w.condition);
                w.carried.iter().for_each(|c| f(c.next));
            }
            Self::If(i) => i.results.iter().for_each(|j| {
                f(j.then);
                f(j.otherwise);
            }),
        }
    }

    /// Calls `f` on each value read anywhere in the instruction, nested blocks included.
    pub fn each_use(&self, f: &mut impl FnMut(ValueId)) {
        let mut stack = vec![self];
        while let Some(inst) = stack.pop() {
            inst.each_operand(f);
            inst.each_handed(f);
            stack.extend(inst.blocks().into_iter().flatten());
        }
    }

    /// Replaces each value that is read, nested blocks included.
    pub fn map_uses(&mut self, f: &mut impl FnMut(ValueId) -> ValueId) {
        self.map_own_uses(f);
        for block in self.blocks_mut() {
            block.iter_mut().for_each(|inst| inst.map_uses(f));
        }
    }

    /// Replaces each value that is read by the instruction itself or handed on by the ends of its blocks.
    pub fn map_own_uses(&mut self, f: &mut impl FnMut(ValueId) -> ValueId) {
        match self {
            Self::Gate(gate) => gate.args.iter_mut().for_each(|arg| arg.map_uses(f)),
            Self::Update(update) => {
                update.array = f(update.array);
                update.place.map_uses(f);
                update.args.iter_mut().for_each(|arg| arg.map_uses(f));
            }
            Self::Concat(concat) => concat.parts.iter_mut().for_each(|part| part.map_uses(f)),
            Self::Loop(l) => {
                for bound in [&mut l.from, &mut l.to] {
                    if let Bound::Value(value) = bound {
                        *value = f(*value);
                    }
                }
                for c in &mut l.carried {
                    c.init = f(c.init);
                    c.next = f(c.next);
                }
            }
            Self::While(w) => {
                for c in &mut w.carried {
                    c.init = f(c.init);
                    c.next = f(c.next);
                }
                w.condition = f(w.condition);
            }
            Self::If(i) => {
                i.condition = f(i.condition);
                for j in &mut i.results {
                    j.then = f(j.then);
                    j.otherwise = f(j.otherwise);
                }
            }
        }
    }

    /// Calls `f` on each value that is known after the instruction.
    pub fn each_result(&self, f: &mut impl FnMut(ValueId)) {
        match self {
            Self::Gate(gate) => gate.result.into_iter().for_each(f),
            Self::Update(update) => f(update.result),
            Self::Concat(concat) => f(concat.result),
            Self::Loop(l) => l.carried.iter().for_each(|c| f(c.result)),
            Self::While(w) => w.carried.iter().for_each(|c| f(c.result)),
            Self::If(i) => i.results.iter().for_each(|j| f(j.result)),
        }
    }

    /// Calls `f` on each value that is known in the instruction's blocks from their start: the counter and carried values.
    pub fn each_param(&self, f: &mut impl FnMut(ValueId)) {
        match self {
            Self::Gate(_) | Self::Update(_) | Self::Concat(_) | Self::If(_) => {}
            Self::Loop(l) => {
                f(l.counter);
                l.carried.iter().for_each(|c| f(c.param));
            }
            Self::While(w) => w.carried.iter().for_each(|c| f(c.param)),
        }
    }

    /// The nested blocks: body; head and body; then and otherwise.
    #[must_use]
    pub fn blocks(&self) -> Vec<&Vec<Self>> {
        match self {
            Self::Gate(_) | Self::Update(_) | Self::Concat(_) => Vec::new(),
            Self::Loop(l) => vec![&l.body],
            Self::While(w) => vec![&w.head, &w.body],
            Self::If(i) => vec![&i.then, &i.otherwise],
        }
    }

    /// The nested blocks, to be rewritten.
    pub fn blocks_mut(&mut self) -> Vec<&mut Vec<Self>> {
        match self {
            Self::Gate(_) | Self::Update(_) | Self::Concat(_) => Vec::new(),
            Self::Loop(l) => vec![&mut l.body],
            Self::While(w) => vec![&mut w.head, &mut w.body],
            Self::If(i) => vec![&mut i.then, &mut i.otherwise],
        }
    }
}

impl Program {
    /// How often each value is read, anywhere.
    #[must_use]
    pub fn use_counts(&self) -> Vec<u32> {
        let mut counts = vec![0_u32; self.values.len()];
        for inst in &self.body {
            inst.each_use(&mut |value| counts[value.index()] = counts[value.index()].saturating_add(1));
        }
        counts
    }

    /// Number of instructions, nested ones included.
    #[must_use]
    pub fn size(&self) -> usize {
        let mut stack: Vec<&Inst> = self.body.iter().collect();
        let mut size = 0;
        while let Some(inst) = stack.pop() {
            size += 1;
            stack.extend(inst.blocks().into_iter().flatten());
        }
        size
    }
}
