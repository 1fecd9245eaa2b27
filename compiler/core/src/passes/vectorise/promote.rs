//! Places of an array that turns hand on to one another become values of their own (Callahan, Carr and Kennedy, 1990).
//!
//! ```text
//! xs[3] = xs[3] + w[i]       ->   s = s + w[i]            and xs[3] = s behind the loop
//! xs[i] = xs[i - 1] + w[i]   ->   s = s + w[i]; xs[i] = s
//! ```

use super::access::Accesses;
use crate::ir::{Carried, Gate, Inst, Loop, Op, Place, Program, Ref, Slot, Update, ValueId};
use std::collections::BTreeMap;

/// Makes a value out of a place of the array that the loop carries at `at`: where all turns use one place, the array is carried no longer; where a turn reads what
/// the one before wrote, that read is gone. `None` where neither is so.
pub(super) fn run(
    program: &mut Program,
    l: &mut Loop,
    at: usize,
    accesses: &Accesses,
    (before, behind): (&mut Vec<Inst>, &mut Vec<Inst>),
) -> Option<()> {
    let c = l.carried[at];
    let crate::ir::Bound::Const(from) = l.from else { return None };
    let fixed = accesses.fixed();
    let first = fixed.or_else(|| accesses.follows().map(|(read, _)| read))?;
    let (index, offset) = first.at(from)?;
    let index = index.index(program, before, first.site)?;
    let place = Place { offset, index, dims: first.place.clone().simplified().dims };
    let lanes = place.lanes()?;
    let slot = Slot { ty: program.ty(c.param), lanes };
    let version = |value: ValueId| accesses.versions.get(&value).copied();
    let ty = program.ty(c.init);
    let init = program.value(Slot { ty, lanes }, "");
    let args = vec![Ref { value: c.init, place: place.clone() }];
    before.push(Inst::Gate(Gate { op: Op::Copy {}, args, result: Some(init), site: first.site }));
    let (param, result) = (program.value(slot, ""), program.value(slot, ""));
    if fixed.is_some() {
        let mut stands = BTreeMap::from([(c.param, param)]);
        for inst in &mut l.body {
            each_view(inst, &mut |view| {
                if let Some(value) = stands.get(&view.value) {
                    *view = Ref::whole(*value, lanes);
                }
            });
            let result = match inst {
                Inst::Gate(gate) => gate.result,
                Inst::Update(update) => Some(update.result),
                _ => None,
            };
            let Some(result) = result.filter(|result| version(*result).is_some()) else { continue };
            let value = program.value(Slot { ty: program.ty(result), lanes }, "");
            stands.insert(result, value);
            match inst {
                Inst::Update(update) => {
                    let args = std::mem::take(&mut update.args);
                    *inst = Inst::Gate(Gate { op: Op::Copy {}, args, result: Some(value), site: update.site });
                }
                Inst::Gate(gate) => gate.result = Some(value),
                _ => {}
            }
        }
        let next = *stands.get(&c.next)?;
        l.carried[at] = Carried { init, param, next, result };
        // The array with the place behind the loop.
        let whole = program.slot(c.result);
        let array = program.value(whole, "");
        let args = vec![program.whole(c.init)];
        behind.push(Inst::Gate(Gate { op: Op::Copy {}, args, result: Some(array), site: l.site }));
        let args = vec![Ref::whole(result, lanes)];
        behind.push(Inst::Update(Update { op: Op::Copy {}, array, place, args, result: c.result, site: l.site }));
        return Some(());
    }
    let read = first.place.clone();
    let mut next: Option<ValueId> = None;
    let mut made = Vec::with_capacity(l.body.len() + 1);
    for mut inst in std::mem::take(&mut l.body) {
        each_view(&mut inst, &mut |view| {
            if version(view.value) == Some(0) && view.place == read {
                *view = Ref::whole(param, lanes);
            }
        });
        if let Inst::Update(update) = &mut inst
            && version(update.array) == Some(0)
        {
            // The version that is written to may have a wider range than the one that turns hand on.
            let wide = Slot { ty: program.ty(update.array), lanes };
            let value = program.value(wide, "");
            let args = std::mem::replace(&mut update.args, vec![Ref::whole(value, lanes)]);
            made.push(Inst::Gate(Gate { op: Op::Copy {}, args, result: Some(value), site: update.site }));
            next = Some(if wide == slot {
                value
            } else {
                let handed = program.value(slot, "");
                let args = vec![Ref::whole(value, lanes)];
                made.push(Inst::Gate(Gate { op: Op::Relabel {}, args, result: Some(handed), site: update.site }));
                handed
            });
        }
        made.push(inst);
    }
    l.body = made;
    l.carried.push(Carried { init, param, next: next?, result });
    Some(())
}

/// Calls `f` on each view that the instruction reads.
pub(super) fn each_view(inst: &mut Inst, f: &mut impl FnMut(&mut Ref)) {
    match inst {
        Inst::Gate(gate) => gate.args.iter_mut().for_each(f),
        Inst::Concat(concat) => concat.parts.iter_mut().for_each(f),
        Inst::Update(update) => update.args.iter_mut().for_each(f),
        Inst::Loop(_) | Inst::While(_) | Inst::If(_) => {}
    }
}
