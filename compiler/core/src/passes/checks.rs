//! The checks of a loop become one behind it.
//!
//! ```text
//! loop %i from 0 to 9 {                     loop %i from 0 to 9 {
//!     check{message=0}(%c)                      carry %a = %true then %n gives %r
//! }                                  ->         %n = update %a[0 + %i*1] copy(%c)
//!                                           }
//!                                           check{message=0}(%r)
//! ```
//!
//! A check that stops the run in the turn in which it fails would tell every node which turn that was, and cost each turn its rounds. So a loop remembers whether
//! its checks held, and one bit for all of its turns is opened. Turns that follow a failed check compute on; nothing of that is seen by anybody. A loop
//! that also opens something keeps its checks, as nothing may be opened that a failed one forbids; [`run`] says which ones stay.

use super::facts;
use crate::ir::{
    Bound, Carried, Concat, Constant, Gate, If, Inst, Joined, Loop, Op, Place, Program, Ref, RegType, SiteId, Slot,
    Update, ValueId, While,
};

/// Most lanes of a register that remembers each turn by itself; the turns of longer loops are combined one after the other.
const MOST: u64 = 1 << 20;

/// Moves checks of secret conditions behind loops. Also gives the places of those that stay in one.
#[must_use]
pub fn run(mut program: Program) -> (Program, Vec<SiteId>) {
    let body = std::mem::take(&mut program.body);
    let mut pass = Pass { stay: Vec::new() };
    program.body = pass.block(&mut program, body, false);
    pass.stay.sort_unstable_by_key(|site| site.0);
    pass.stay.dedup();
    (program, pass.stay)
}

struct Pass {
    stay: Vec<SiteId>,
}

/// A check that was in a block: what it says, where it stands, and what it looks at.
struct Found {
    op: Op,
    site: SiteId,
    holds: Ref,
}

impl Pass {
    fn block(&mut self, program: &mut Program, insts: Vec<Inst>, turns: bool) -> Vec<Inst> {
        let mut out = Vec::with_capacity(insts.len());
        for mut inst in insts {
            let repeats = turns || matches!(inst, Inst::Loop(_) | Inst::While(_));
            for nested in inst.blocks_mut() {
                *nested = self.block(program, std::mem::take(nested), repeats);
            }
            let opens = facts::effects(program, &inst).discloses;
            match inst {
                Inst::Loop(l) if !opens => counted(program, l, &mut out),
                Inst::While(w) if !opens && !w.head.iter().any(|inst| is_check(program, inst)) => {
                    repeated(program, w, &mut out);
                }
                Inst::If(i) if !opens && turns => chosen(program, i, &mut out),
                inst => {
                    if matches!(inst, Inst::Loop(_) | Inst::While(_)) {
                        self.remember(program, &inst);
                    }
                    out.push(inst);
                }
            }
        }
        out
    }

    fn remember(&mut self, program: &Program, inst: &Inst) {
        let mut stack = vec![inst];
        while let Some(inst) = stack.pop() {
            if let (Inst::Gate(gate), true) = (inst, is_check(program, inst)) {
                self.stay.push(gate.site);
            }
            stack.extend(inst.blocks().into_iter().flatten());
        }
    }
}

/// Whether the instruction checks a secret.
fn is_check(program: &Program, inst: &Inst) -> bool {
    match inst {
        Inst::Gate(Gate { op: Op::Check { .. }, args, .. }) => args.iter().any(|arg| program.ty(arg.value).is_secret()),
        _ => false,
    }
}

/// Takes the checks out of a block; `instead` makes what stands in their place.
fn take(
    program: &mut Program,
    block: &mut Vec<Inst>,
    mut instead: impl FnMut(&mut Program, &Found) -> Inst,
) -> Vec<Found> {
    let mut all = Vec::new();
    for inst in block {
        if is_check(program, inst)
            && let Inst::Gate(Gate { op, args, site, .. }) = &*inst
            && let [holds] = args.as_slice()
        {
            let found = Found { op: *op, site: *site, holds: holds.clone() };
            *inst = instead(program, &found);
            all.push(found);
        }
    }
    all
}

/// The check of what was collected.
fn check(program: &Program, found: &Found, all: ValueId) -> Inst {
    Inst::Gate(Gate { op: found.op, args: vec![program.whole(all)], result: None, site: found.site })
}

/// Truth values that all hold.
fn all_true(program: &mut Program, lanes: u64, site: SiteId, out: &mut Vec<Inst>) -> ValueId {
    let constant = program.constant(Constant::Words(vec![1]));
    let known = program.value(Slot { ty: RegType::PUB_BOOL, lanes }, "");
    let shared = program.value(Slot { ty: RegType::BIN_BOOL, lanes }, "");
    out.push(Inst::Gate(Gate { op: Op::Const { constant }, args: Vec::new(), result: Some(known), site }));
    let args = vec![program.whole(known)];
    out.push(Inst::Gate(Gate { op: Op::Copy {}, args, result: Some(shared), site }));
    shared
}

fn truth(program: &mut Program, lanes: u64) -> ValueId {
    program.value(Slot { ty: RegType::BIN_BOOL, lanes }, "")
}

/// A loop whose turns and the lanes of whose conditions are known remembers each turn for itself, which costs no rounds.
fn counted(program: &mut Program, mut l: Loop, out: &mut Vec<Inst>) {
    let turns = match (l.from, l.to) {
        (Bound::Const(0..), Bound::Const(to)) => u64::try_from(to).ok(),
        _ => None,
    };
    let (counter, mut carried) = (l.counter, Vec::new());
    let found = take(program, &mut l.body, |program, found| {
        let lanes = found.holds.lanes();
        let apart = turns.and_then(|turns| turns.checked_mul(lanes)).filter(|all| *all <= MOST);
        let (param, next, result) = carry(program, apart.unwrap_or(lanes));
        carried.push((param, next, result));
        match (apart, i64::try_from(lanes)) {
            (Some(_), Ok(stride)) => Inst::Update(Update {
                op: Op::Copy {},
                array: param,
                place: Place::span(0, lanes).indexed(counter, stride),
                args: vec![found.holds.clone()],
                result: next,
                site: found.site,
            }),
            _ => both(program, param, found, next),
        }
    });
    for (param, next, result) in &carried {
        let init = all_true(program, program.lanes(*param), l.site, out);
        l.carried.push(Carried { init, param: *param, next: *next, result: *result });
    }
    out.push(Inst::Loop(l));
    out.extend(found.iter().zip(&carried).map(|(found, (_, _, result))| check(program, found, *result)));
}

fn repeated(program: &mut Program, mut w: While, out: &mut Vec<Inst>) {
    let mut carried = Vec::new();
    let found = take(program, &mut w.body, |program, found| {
        let (param, next, result) = carry(program, found.holds.lanes());
        carried.push((param, next, result));
        both(program, param, found, next)
    });
    for (param, next, result) in &carried {
        let init = all_true(program, program.lanes(*param), w.site, out);
        w.carried.push(Carried { init, param: *param, next: *next, result: *result });
    }
    out.push(Inst::While(w));
    out.extend(found.iter().zip(&carried).map(|(found, (_, _, result))| check(program, found, *result)));
}

/// What is checked on one side of a public choice holds on the other.
fn chosen(program: &mut Program, mut i: If, out: &mut Vec<Inst>) {
    let mut behind = Vec::new();
    for side in [true, false] {
        let (own, other) = if side { (&mut i.then, &mut i.otherwise) } else { (&mut i.otherwise, &mut i.then) };
        let mut values = Vec::new();
        let found = take(program, own, |program, found| {
            let value = truth(program, found.holds.lanes());
            values.push(value);
            // A concatenation of one part takes any view, public lanes too.
            Inst::Concat(Concat { parts: vec![found.holds.clone()], result: value, site: found.site })
        });
        for (found, value) in found.into_iter().zip(values) {
            let lanes = program.lanes(value);
            let holds = all_true(program, lanes, found.site, other);
            let result = truth(program, lanes);
            let (then, otherwise) = if side { (value, holds) } else { (holds, value) };
            i.results.push(Joined { then, otherwise, result });
            behind.push((found, result));
        }
    }
    out.push(Inst::If(i));
    out.extend(behind.iter().map(|(found, result)| check(program, found, *result)));
}

/// A truth value that a loop carries: at the start of a turn, at its end, and behind the loop.
fn carry(program: &mut Program, lanes: u64) -> (ValueId, ValueId, ValueId) {
    (truth(program, lanes), truth(program, lanes), truth(program, lanes))
}

fn both(program: &Program, so_far: ValueId, found: &Found, result: ValueId) -> Inst {
    let args = vec![program.whole(so_far), found.holds.clone()];
    Inst::Gate(Gate { op: Op::And {}, args, result: Some(result), site: found.site })
}
