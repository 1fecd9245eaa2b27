//! Writes the module: gates over registers, the copies that are left, and only those constants, netlists, messages and
//! places that the code names.

use super::classes::Classes;
use super::layout::{Entry, Layout, Region};
use super::slots::Slots;
use crate::ir::{Bound, Carried, Constant, Inst, Op, Place, Program, Ref, SiteId, ValueId};
use smpc_bytecode::module::{self, Level, Module, Site, SourceTable, View};
use smpc_bytecode::op::{ConstId, FileId, MessageId, NetlistId, SlotId};
use smpc_bytecode::strings::{MAX_NAME, MAX_TEXT, shown};
use std::collections::BTreeMap;

pub(super) fn write(program: &Program, layout: &Layout<'_>, classes: &mut Classes, slots: Slots) -> Module {
    let mut module = Module { manifest: program.manifest.clone(), slots: slots.slots, ..Module::default() };
    // Paths, source lines and messages are the user's and may hold anything.
    module.manifest.program = shown(&module.manifest.program, MAX_NAME);
    let mut writer = Writer {
        program,
        classes,
        slot_of: slots.of,
        module,
        constants: BTreeMap::new(),
        messages: BTreeMap::new(),
        netlists: BTreeMap::new(),
        sites: BTreeMap::new(),
        files: BTreeMap::new(),
    };
    let main = writer.region(&layout.main);
    writer.module.main = main;
    let steering = smpc_bytecode::verify::steering(&writer.module);
    mark_opens(&mut writer.module.main, &steering);
    writer.module
}

/// Says of each opened value whether it decides what runs.
fn mark_opens(levels: &mut [Level], steering: &[bool]) {
    for entry in levels.iter_mut().flat_map(|level| &mut level.entries) {
        match entry {
            module::Entry::Gate(module::Gate { op: Op::Open { steers }, dst: Some(dst), .. }) => {
                *steers = steering[dst.slot.index()];
            }
            module::Entry::Gate(_) | module::Entry::Call { .. } => {}
            module::Entry::Loop(l) => mark_opens(&mut l.body, steering),
            module::Entry::While(w) => {
                mark_opens(&mut w.head, steering);
                mark_opens(&mut w.body, steering);
            }
            module::Entry::If(i) => {
                mark_opens(&mut i.then, steering);
                mark_opens(&mut i.otherwise, steering);
            }
        }
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum ConstantKey {
    Words(Vec<i64>),
    Range(i64, i64),
}

struct Writer<'a> {
    program: &'a Program,
    classes: &'a mut Classes,
    slot_of: Vec<Option<SlotId>>,
    module: Module,
    constants: BTreeMap<ConstantKey, ConstId>,
    messages: BTreeMap<MessageId, MessageId>,
    netlists: BTreeMap<NetlistId, NetlistId>,
    sites: BTreeMap<SiteId, SiteId>,
    files: BTreeMap<FileId, FileId>,
}

impl Writer<'_> {
    fn region(&mut self, region: &Region<'_>) -> Vec<Level> {
        let mut out = Vec::new();
        for level in &region.levels {
            let before: Vec<module::Entry> = level.iter().flat_map(|entry| self.entering(entry)).collect();
            push(&mut out, before);
            // A concatenation writes its register part by part, one a level.
            let mut rows: Vec<Vec<module::Entry>> = vec![Vec::new()];
            for entry in level {
                for (row, entry) in self.entry(entry).into_iter().enumerate() {
                    if row == rows.len() {
                        rows.push(Vec::new());
                    }
                    rows[row].push(entry);
                }
            }
            rows.into_iter().for_each(|row| push(&mut out, row));
        }
        out
    }

    fn entry(&mut self, entry: &Entry<'_>) -> Vec<module::Entry> {
        match entry.inst {
            Inst::Gate(gate) => {
                let dst = gate.result.map(|result| self.whole(result));
                let args = self.args(&gate.args);
                vec![self.gate(gate.op, dst, args, gate.site)]
            }
            Inst::Update(update) => {
                let args = self.args(&update.args);
                let dst = self.place(update.result, &update.place);
                vec![self.gate(update.op, Some(dst), args, update.site)]
            }
            Inst::Concat(concat) => {
                let mut start = 0_u64;
                let mut gates = Vec::new();
                for part in concat.parts.iter().filter(|part| part.lanes() > 0) {
                    let dst = self.place(concat.result, &Place::span(start, part.lanes()));
                    let args = self.args(std::slice::from_ref(part));
                    gates.push(self.gate(Op::Copy {}, Some(dst), args, concat.site));
                    start = start.saturating_add(part.lanes());
                }
                gates
            }
            Inst::Loop(l) => {
                let mut body = self.region(&entry.regions[0]);
                self.handing(&l.carried, l.site, &mut body);
                let (from, to) = (self.bound(l.from), self.bound(l.to));
                let counter = self.slot(l.counter);
                let site = self.site(l.site);
                vec![module::Entry::Loop(module::Loop { counter, from, to, body, site })]
            }
            Inst::While(w) => {
                let head = self.region(&entry.regions[0]);
                let mut body = self.region(&entry.regions[1]);
                self.handing(&w.carried, w.site, &mut body);
                let condition = self.slot(w.condition);
                let site = self.site(w.site);
                vec![module::Entry::While(module::While { head, condition, body, site })]
            }
            Inst::If(i) => {
                let mut then = self.region(&entry.regions[0]);
                let mut otherwise = self.region(&entry.regions[1]);
                let copies: Vec<_> = i.results.iter().map(|j| (j.then, j.result)).collect();
                self.copies(&copies, i.site, &mut then);
                let copies: Vec<_> = i.results.iter().map(|j| (j.otherwise, j.result)).collect();
                self.copies(&copies, i.site, &mut otherwise);
                let condition = self.slot(i.condition);
                let site = self.site(i.site);
                vec![module::Entry::If(module::If { condition, then, otherwise, site })]
            }
        }
    }

    /// Copies of initial values that do not already stand where the loop wants them.
    fn entering(&mut self, entry: &Entry<'_>) -> Vec<module::Entry> {
        let (carried, site) = match entry.inst {
            Inst::Loop(l) => (&l.carried, l.site),
            Inst::While(w) => (&w.carried, w.site),
            Inst::Gate(_) | Inst::Update(_) | Inst::Concat(_) | Inst::If(_) => return Vec::new(),
        };
        let moved: Vec<&Carried> =
            carried.iter().filter(|c| self.classes.root(c.init) != self.classes.root(c.param)).collect();
        moved.into_iter().map(|c| self.copy(c.init, c.param, site)).collect()
    }

    /// Copies at the end of a turn.
    fn handing(&mut self, carried: &[Carried], site: SiteId, body: &mut Vec<Level>) {
        let copies: Vec<_> = carried.iter().map(|c| (c.next, c.param)).collect();
        self.copies(&copies, site, body);
    }

    /// Copies `(from, into)` that happen at once: what one of them overwrites and another one reads goes through a register of its own.
    fn copies(&mut self, copies: &[(ValueId, ValueId)], site: SiteId, out: &mut Vec<Level>) {
        let moved: Vec<_> = copies
            .iter()
            .copied()
            .filter(|(from, into)| self.classes.root(*from) != self.classes.root(*into))
            .collect();
        let mut written: Vec<u32> = moved.iter().map(|(_, into)| self.classes.root(*into)).collect();
        written.sort_unstable();
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for (from, into) in moved {
            let dst = self.whole(into);
            let mut src = self.whole(from);
            if written.binary_search(&self.classes.root(from)).is_ok() {
                let slot = self.module.slots[src.slot.index()];
                let spare = SlotId(u32::try_from(self.module.slots.len()).unwrap_or(u32::MAX));
                self.module.slots.push(slot);
                let through = View { slot: spare, ..src.clone() };
                first.push(self.gate(Op::Copy {}, Some(through.clone()), vec![src], site));
                src = through;
            }
            second.push(self.gate(Op::Copy {}, Some(dst), vec![src], site));
        }
        push(out, first);
        push(out, second);
    }

    fn copy(&mut self, from: ValueId, into: ValueId, site: SiteId) -> module::Entry {
        let (src, dst) = (self.whole(from), self.whole(into));
        self.gate(Op::Copy {}, Some(dst), vec![src], site)
    }

    // Operands.

    fn slot(&mut self, value: ValueId) -> SlotId {
        let class = self.classes.root(value);
        // Every value that the program names has a register; the module of a program that does not verify does not either.
        self.slot_of[class as usize].unwrap_or(SlotId(u32::MAX))
    }

    fn whole(&mut self, value: ValueId) -> View {
        self.place(value, &Place::whole(self.program.lanes(value)))
    }

    fn place(&mut self, value: ValueId, place: &Place) -> View {
        let Place { offset, index, dims } = place.clone().simplified();
        let index = index.map(|index| module::Index { slot: self.slot(index.value), stride: index.stride });
        View { slot: self.slot(value), offset, index, dims }
    }

    fn args(&mut self, args: &[Ref]) -> Vec<View> {
        args.iter().map(|arg| self.place(arg.value, &arg.place)).collect()
    }

    fn bound(&mut self, bound: Bound) -> module::Bound {
        match bound {
            Bound::Const(value) => module::Bound::Const(value),
            Bound::Value(value) => module::Bound::Slot(self.slot(value)),
        }
    }

    // Tables.

    fn gate(&mut self, op: Op, dst: Option<View>, args: Vec<View>, site: SiteId) -> module::Entry {
        let op = match op {
            Op::Const { constant } => Op::Const { constant: self.constant(constant) },
            Op::ConstRounded { constant } => Op::ConstRounded { constant: self.constant(constant) },
            Op::Check { message } => Op::Check { message: self.message(message) },
            Op::StopUnless { message } => Op::StopUnless { message: self.message(message) },
            Op::Netlist { netlist } => Op::Netlist { netlist: self.netlist(netlist) },
            other => other,
        };
        let site = self.site(site);
        module::Entry::Gate(module::Gate { op, dst, args, site })
    }

    fn constant(&mut self, id: ConstId) -> ConstId {
        let constant = self.program.constants.get(id.index()).cloned().unwrap_or(Constant::Words(Vec::new()));
        let key = match &constant {
            Constant::Words(words) => ConstantKey::Words(words.clone()),
            Constant::Range { start, step } => ConstantKey::Range(*start, *step),
        };
        let known = &mut self.module.constants;
        *self.constants.entry(key).or_insert_with(|| {
            known.push(constant);
            ConstId(last(known.len()))
        })
    }

    fn message(&mut self, id: MessageId) -> MessageId {
        let text = self.program.messages.get(id.index()).map_or_else(String::new, |text| shown(text, MAX_TEXT));
        let known = &mut self.module.messages;
        *self.messages.entry(id).or_insert_with(|| {
            known.push(text);
            MessageId(last(known.len()))
        })
    }

    fn netlist(&mut self, id: NetlistId) -> NetlistId {
        let Some(netlist) = self.program.netlists.get(id.index()) else { return id };
        let known = &mut self.module.netlists;
        *self.netlists.entry(id).or_insert_with(|| {
            known.push(netlist.clone());
            NetlistId(last(known.len()))
        })
    }

    fn site(&mut self, id: SiteId) -> SiteId {
        if let Some(known) = self.sites.get(&id) {
            return *known;
        }
        let Some(site) = self.program.sources.sites.get(id.index()) else { return id };
        let mut site = Site { text: shown(&site.text, MAX_TEXT), ..*site };
        let SourceTable { files, sites } = &mut self.module.sources;
        let path =
            self.program.sources.files.get(site.file.index()).map_or_else(String::new, |path| shown(path, MAX_NAME));
        site.file = *self.files.entry(site.file).or_insert_with(|| {
            files.push(path);
            FileId(last(files.len()))
        });
        sites.push(site);
        let new = SiteId(last(sites.len()));
        self.sites.insert(id, new);
        new
    }
}

fn push(out: &mut Vec<Level>, entries: Vec<module::Entry>) {
    if !entries.is_empty() {
        out.push(Level { entries });
    }
}

fn last(len: usize) -> u32 {
    u32::try_from(len.saturating_sub(1)).unwrap_or(u32::MAX)
}
