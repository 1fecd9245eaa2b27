//! Early reads: a few lanes of an array that are read after it has been updated are copied before the update, so that the update need not copy
//! the whole array.
//!
//! ```text
//! %2 = update %1[0] copy(%0)            %4 = copy(%1[0])
//! %3 = add(%1[0], %2[5])        ->      %2 = update %1[0] copy(%0)
//!                                       %3 = add(%4, %2[5])
//! ```
//!
//! Only where the views together name at most half of the array, and where their indices are known before the update. The first half of
//! `passes::in_place`.

use crate::ir::{Gate, Inst, Op, Place, Program, Ref, SiteId, Slot, ValueId};
use std::collections::BTreeMap;

/// Moves late reads of few lanes before the update.
#[must_use]
pub fn run(mut program: Program) -> Program {
    let mut body = std::mem::take(&mut program.body);
    let values = program.values.len();
    let mut finder = Finder {
        program: &mut program,
        serial: 0,
        defined: vec![0; values],
        consumed: vec![None; values],
        log: Vec::new(),
        copied: vec![0; values],
        moved: BTreeMap::new(),
        before: BTreeMap::new(),
    };
    finder.block(&mut body);
    let mut before = finder.before;
    if !before.is_empty() {
        body = insert(body, &mut 0, &mut before);
    }
    program.body = body;
    program
}

/// A view that is read late: before which instruction it is copied, its value, first lane, dimensions, index.
type Late = (u32, ValueId, u64, Vec<(i64, u64)>, Option<(ValueId, i64)>);

struct Finder<'a> {
    program: &'a mut Program,
    /// Number of the current instruction, in the order of the text.
    serial: u32,
    /// By value: the instruction that defines it; a parameter by the one whose block it belongs to.
    defined: Vec<u32>,
    /// By value: the first instruction that may overwrite it, with its place in the source.
    consumed: Vec<Option<(u32, SiteId)>>,
    /// Values in the order in which they were consumed.
    log: Vec<ValueId>,
    /// By value: lanes that are copied already.
    copied: Vec<u64>,
    /// Copies made so far.
    moved: BTreeMap<Late, ValueId>,
    /// What to put before which instruction.
    before: BTreeMap<u32, Vec<Inst>>,
}

impl Finder<'_> {
    fn block(&mut self, block: &mut [Inst]) {
        block.iter_mut().for_each(|inst| self.inst(inst));
    }

    fn inst(&mut self, inst: &mut Inst) {
        self.serial += 1;
        let own = self.serial;
        let site = inst.site();
        match inst {
            Inst::Gate(gate) => gate.args.iter_mut().for_each(|arg| self.read(arg)),
            Inst::Concat(concat) => concat.parts.iter_mut().for_each(|part| self.read(part)),
            Inst::Update(update) => {
                update.args.iter_mut().for_each(|arg| self.read(arg));
                self.consume(update.array, (own, site));
            }
            Inst::Loop(_) | Inst::While(_) | Inst::If(_) => {
                inst.each_param(&mut |value| self.defined[value.index()] = own);
                let mark = self.log.len();
                for block in inst.blocks_mut() {
                    let start = self.log.len();
                    self.block(block);
                    // The other side of an `if` reads what this one has not touched.
                    self.log[start..].iter().for_each(|value| self.consumed[value.index()] = None);
                }
                // Seen from behind, it is this instruction that overwrites.
                for value in &self.log[mark..] {
                    self.consumed[value.index()] = Some((own, site));
                }
            }
        }
        inst.each_result(&mut |value| self.defined[value.index()] = own);
    }

    fn consume(&mut self, value: ValueId, at: (u32, SiteId)) {
        if self.consumed[value.index()].is_none() {
            self.consumed[value.index()] = Some(at);
            self.log.push(value);
        }
    }

    fn read(&mut self, arg: &mut Ref) {
        let Some((at, site)) = self.consumed.get(arg.value.index()).copied().flatten() else { return };
        let Slot { ty, lanes } = self.program.slot(arg.value);
        let count = arg.lanes();
        let known = arg.place.index.is_none_or(|index| self.defined[index.value.index()] < at);
        if !known {
            return;
        }
        let Place { offset, index, dims } = &arg.place;
        let shape = dims.iter().map(|dim| (dim.stride, dim.len)).collect();
        let key = (at, arg.value, *offset, shape, index.map(|index| (index.value, index.stride)));
        let copy = match self.moved.get(&key) {
            Some(copy) => *copy,
            None => {
                let copied = &mut self.copied[arg.value.index()];
                if copied.saturating_add(count) > lanes / 2 {
                    return;
                }
                *copied += count;
                let copy = self.program.value(Slot { ty, lanes: count }, "");
                let gate = Gate { op: Op::Copy {}, args: vec![arg.clone()], result: Some(copy), site };
                self.before.entry(at).or_default().push(Inst::Gate(gate));
                self.moved.insert(key, copy);
                copy
            }
        };
        *arg = Ref::whole(copy, count);
    }
}

/// Puts instructions before those with the numbers, counted as [`Finder`] counts.
fn insert(block: Vec<Inst>, serial: &mut u32, before: &mut BTreeMap<u32, Vec<Inst>>) -> Vec<Inst> {
    let mut out = Vec::with_capacity(block.len());
    for mut inst in block {
        *serial += 1;
        out.extend(before.remove(serial).into_iter().flatten());
        for nested in inst.blocks_mut() {
            *nested = insert(std::mem::take(nested), serial, before);
        }
        out.push(inst);
    }
    out
}
