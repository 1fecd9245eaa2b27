//! Packing: operations of few lanes that a line of the source asks for several times in the same round become one.
//!
//! ```text
//! %3 = div(%0[0], %1[0])                 %5 = div(%0[0; 1 x 2], %1[0; 1 x 2])
//! %4 = div(%0[1], %1[1])         ->      %3 = copy(%5[0])
//!                                        %4 = copy(%5[1])
//! ```
//!
//! Such are left of what is written out: comprehensions over few elements, functions that are called for each of them. Their messages share rounds anyway;
//! this saves what an operation takes by itself. Which ones run side by side is what [`super::schedule`] says, so that there are no more rounds than before. Superword-level
//! parallelism (Larsen and Amarasinghe, 2000), with rounds for basic blocks.

use super::{cse, facts, schedule, views};
use crate::ir::{Concat, Gate, Inst, Op, Place, Program, Ref, Slot};
use schedule::Plan;
use std::collections::{BTreeMap, HashSet};

/// Most lanes of an operation that is packed: beyond, what it takes by itself does not matter.
const FEW: u64 = 64;

/// Packs what runs side by side.
#[must_use]
pub fn run(mut program: Program) -> Program {
    if !repeats(&program, &program.body) {
        return program;
    }
    let plan = schedule::schedule(&program);
    let mut body = std::mem::take(&mut program.body);
    let packed = block(&mut program, &mut body, &plan);
    program.body = body;
    if packed { views::run(program) } else { program }
}

/// Whether a block has operations with messages that could be one, if they run side by side.
fn repeats(program: &Program, block: &[Inst]) -> bool {
    let mut seen = HashSet::new();
    block.iter().any(|inst| {
        key(program, inst).is_some_and(|key| sends(program, inst) && !seen.insert(key))
            || inst.blocks().into_iter().any(|nested| repeats(program, nested))
    })
}

/// What operations have in common that can be one.
fn key(program: &Program, inst: &Inst) -> Option<Vec<u64>> {
    let Inst::Gate(gate) = inst else { return None };
    let result = program.slot(gate.result?);
    let few = result.ty.is_secret() && result.lanes <= FEW;
    let plain = facts::lane_by_lane(gate.op) && !matches!(gate.op, Op::Copy {});
    if !few || !plain || !facts::is_pure(program, gate) {
        return None;
    }
    let mut key = vec![u64::from(gate.op.code()), u64::from(gate.site.0)];
    key.extend(gate.op.immediates().into_iter().map(|(_, bits)| bits));
    key.extend(cse::words(result.ty));
    key.extend(gate.args.iter().flat_map(|arg| cse::words(program.ty(arg.value))));
    Some(key)
}

fn sends(program: &Program, inst: &Inst) -> bool {
    matches!(inst, Inst::Gate(gate) if facts::rounds(program, gate.op, &gate.args, gate.result) > 0)
}

/// Packs a block and those in it; whether there was something to pack.
fn block(program: &mut Program, insts: &mut Vec<Inst>, plan: &Plan) -> bool {
    let mut packed = false;
    for step in plan.levels.iter().flatten() {
        let nested = insts.get_mut(step.inst).map(Inst::blocks_mut).unwrap_or_default();
        for (nested, plan) in nested.into_iter().zip(&step.blocks) {
            packed |= block(program, nested, plan);
        }
    }
    let levels: Vec<Vec<Vec<usize>>> = plan.levels.iter().map(|level| together(program, insts, level)).collect();
    let several = |group: &Vec<usize>| group.len() > 1 && sends(program, &insts[group[0]]);
    if !levels.iter().flatten().any(several) {
        return packed;
    }
    let mut left: Vec<Option<Inst>> = std::mem::take(insts).into_iter().map(Some).collect();
    for group in levels.iter().flatten() {
        let members: Vec<Inst> = group.iter().filter_map(|at| left.get_mut(*at).and_then(Option::take)).collect();
        if members.len() == 1 {
            insts.extend(members);
        } else {
            let gates =
                members.into_iter().filter_map(|inst| if let Inst::Gate(gate) = inst { Some(gate) } else { None });
            pack(program, gates.collect(), insts);
        }
    }
    true
}

/// What of a level can be one operation, in the order of the first of each.
fn together(program: &Program, insts: &[Inst], level: &[schedule::Step]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut known: BTreeMap<Vec<u64>, usize> = BTreeMap::new();
    for step in level {
        match insts.get(step.inst).and_then(|inst| key(program, inst)) {
            Some(key) => {
                let group = *known.entry(key).or_insert(groups.len());
                if group == groups.len() {
                    groups.push(Vec::new());
                }
                groups[group].push(step.inst);
            }
            None => groups.push(vec![step.inst]),
        }
    }
    groups
}

/// One gate for all of them, and copies of its lanes for their results.
fn pack(program: &mut Program, gates: Vec<Gate>, out: &mut Vec<Inst>) {
    let Some(Gate { op, args, result: Some(first), site }) = gates.first().cloned() else { return };
    let sizes: Vec<u64> = gates.iter().filter_map(|gate| gate.result).map(|result| program.lanes(result)).collect();
    let lanes = sizes.iter().sum();
    let mut packed: Vec<(Vec<Ref>, Ref)> = Vec::with_capacity(args.len());
    for (at, arg) in args.iter().enumerate() {
        let parts: Vec<Ref> = gates.iter().filter_map(|gate| gate.args.get(at).cloned()).collect();
        // The factors of a square stay one value, or it would no longer be seen to be none below 0.
        let known = packed.iter().find(|(known, _)| *known == parts).map(|(_, view)| view.clone());
        let view = known.or_else(|| views::grid(&parts)).unwrap_or_else(|| {
            let result = program.value(Slot { ty: program.ty(arg.value), lanes }, "");
            out.push(Inst::Concat(Concat { parts: parts.clone(), result, site }));
            Ref::whole(result, lanes)
        });
        packed.push((parts, view));
    }
    let args = packed.into_iter().map(|(_, view)| view).collect();
    let all = program.value(Slot { ty: program.ty(first), lanes }, "");
    out.push(Inst::Gate(Gate { op, args, result: Some(all), site }));
    let mut offset = 0;
    for (gate, lanes) in gates.iter().zip(sizes) {
        let lane = Ref { value: all, place: Place::span(offset, lanes) };
        out.push(Inst::Gate(Gate { op: Op::Copy {}, args: vec![lane], result: gate.result, site: gate.site }));
        offset += lanes;
    }
}
