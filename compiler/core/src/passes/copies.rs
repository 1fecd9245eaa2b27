//! Blocks that stand more than once: what a pass makes of one has values of its own in each copy.

use crate::ir::{Inst, Program, ValueId};
use std::collections::BTreeMap;

/// A copy of a block with values of its own; `copies` says which stand for which.
pub(super) fn copied(program: &mut Program, block: &[Inst], copies: &mut BTreeMap<ValueId, ValueId>) -> Vec<Inst> {
    let mut out = Vec::with_capacity(block.len());
    for inst in block {
        let mut inst = inst.clone();
        let fresh = |program: &mut Program, copies: &mut BTreeMap<ValueId, ValueId>, value: &mut ValueId| {
            let slot = program.slot(*value);
            let name = program.values[value.index()].name.clone();
            let copy = program.value(slot, &name);
            copies.insert(*value, copy);
            *value = copy;
        };
        match &mut inst {
            Inst::Loop(l) => {
                fresh(program, copies, &mut l.counter);
                l.carried.iter_mut().for_each(|c| fresh(program, copies, &mut c.param));
            }
            Inst::While(w) => w.carried.iter_mut().for_each(|c| fresh(program, copies, &mut c.param)),
            Inst::Gate(_) | Inst::Update(_) | Inst::Concat(_) | Inst::If(_) => {}
        }
        for nested in inst.blocks_mut() {
            *nested = copied(program, &std::mem::take(nested), copies);
        }
        inst.map_own_uses(&mut |value| copies.get(&value).copied().unwrap_or(value));
        match &mut inst {
            Inst::Gate(gate) => gate.result.iter_mut().for_each(|result| fresh(program, copies, result)),
            Inst::Update(update) => fresh(program, copies, &mut update.result),
            Inst::Concat(concat) => fresh(program, copies, &mut concat.result),
            Inst::Loop(l) => l.carried.iter_mut().for_each(|c| fresh(program, copies, &mut c.result)),
            Inst::While(w) => w.carried.iter_mut().for_each(|c| fresh(program, copies, &mut c.result)),
            Inst::If(i) => i.results.iter_mut().for_each(|joined| fresh(program, copies, &mut joined.result)),
        }
        out.push(inst);
    }
    out
}
