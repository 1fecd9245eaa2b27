//! Rule 9: which opened values steer. A public register steers where it decides control flow, an index, or how many rounds or bytes a gate
//! takes, or flows into one that does.

use super::{VerifyError, fail};
use crate::facts::{deciding, walk};
use crate::module::{Bound, Entry, Level, Module};
use crate::op::{Op, SlotId};

/// Refuses an `open` that steers and does not say so, or says so and does not.
pub(super) fn check(module: &Module) -> Result<(), VerifyError> {
    let steering = steering(module);
    let mut wrong = None;
    walk(module, &mut |gate| {
        if let (Op::Open { steers }, Some(dst)) = (gate.op, &gate.dst)
            && steering[dst.slot.index()]
            && !steers
        {
            wrong.get_or_insert(dst.slot);
        }
    });
    match wrong {
        Some(slot) => {
            Err(fail(format!("slot {}", slot.0), "an opened value decides what runs, and its open does not say so"))
        }
        None => Ok(()),
    }
}

/// For each slot, whether it steers: decides control flow, an index or what a gate costs, or flows into one that does.
#[must_use]
pub fn steering(module: &Module) -> Vec<bool> {
    let mut steering = vec![false; module.slots.len()];
    let mut sources: Vec<Vec<SlotId>> = vec![Vec::new(); module.slots.len()];
    let mut mark = |slot: SlotId| steering[slot.index()] = true;
    let bodies = module.functions.iter().map(|f| &f.body[..]).chain([&module.main[..]]);
    for levels in bodies {
        blocks(levels, &mut mark);
    }
    walk(module, &mut |gate| {
        for index in gate.args.iter().chain(&gate.dst).filter_map(|view| view.index) {
            mark(index.slot);
        }
        if let Op::Gather {} | Op::Scatter {} = gate.op {
            gate.args.iter().skip(1).for_each(|view| mark(view.slot));
        }
        deciding(module, gate).into_iter().for_each(|view| mark(view.slot));
        if let Some(dst) = &gate.dst
            && !module.slots[dst.slot.index()].ty.is_secret()
            && !matches!(gate.op, Op::Open { .. })
        {
            sources[dst.slot.index()].extend(gate.args.iter().map(|view| view.slot));
        }
    });
    let mut todo: Vec<usize> = (0..steering.len()).filter(|slot| steering[*slot]).collect();
    while let Some(slot) = todo.pop() {
        for source in &sources[slot] {
            if !std::mem::replace(&mut steering[source.index()], true) {
                todo.push(source.index());
            }
        }
    }
    steering
}

/// The registers that decide blocks.
fn blocks(levels: &[Level], mark: &mut impl FnMut(SlotId)) {
    for entry in levels.iter().flat_map(|level| &level.entries) {
        match entry {
            Entry::Gate(_) | Entry::Call { .. } => {}
            Entry::Loop(l) => {
                for bound in [l.from, l.to] {
                    if let Bound::Slot(slot) = bound {
                        mark(slot);
                    }
                }
                blocks(&l.body, mark);
            }
            Entry::While(w) => {
                mark(w.condition);
                blocks(&w.head, mark);
                blocks(&w.body, mark);
            }
            Entry::If(i) => {
                mark(i.condition);
                blocks(&i.then, mark);
                blocks(&i.otherwise, mark);
            }
        }
    }
}
