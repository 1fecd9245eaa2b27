//! Dead code: drops what no effect depends on.
//!
//! ```text
//! %1 = mul(%0, %0)
//! %2 = add(%0, %0)          ->      %2 = add(%0, %0)
//! output(%2)                        output(%2)
//! ```
//!
//! Live are disclosures, checks, everything that may stop the run, each `while` (it counts against the step limit), and what these read, directly or
//! through others. A carried value that only feeds itself goes; so does a loop or `if` in which nothing is left.

use super::facts;
use crate::ir::{Bound, Carried, Inst, Program, ValueId};

/// Drops dead instructions, carried values and joins.
#[must_use]
pub fn run(mut program: Program) -> Program {
    let live = Marker::of(&program);
    let mut body = std::mem::take(&mut program.body);
    sweep(&program, &mut body, &live);
    program.body = body;
    program
}

/// How a value comes to be.
#[derive(Clone, Copy)]
enum Def {
    Nowhere,
    /// By the instruction with that number.
    Inst(u32),
    /// As the n-th carried value of the loop with that number, inside or after it; the counter counts as one too many.
    Carried(u32, u32),
    /// As the n-th join.
    Joined(u32, u32),
}

struct Marker<'a> {
    /// Every instruction with the one around it.
    insts: Vec<(&'a Inst, Option<u32>)>,
    defs: Vec<Def>,
    live_insts: Vec<bool>,
    live: Vec<bool>,
    work: Vec<ValueId>,
}

impl<'a> Marker<'a> {
    fn of(program: &'a Program) -> Vec<bool> {
        let mut marker = Self {
            insts: Vec::new(),
            defs: vec![Def::Nowhere; program.values.len()],
            live_insts: Vec::new(),
            live: vec![false; program.values.len()],
            work: Vec::new(),
        };
        marker.collect(&program.body, None);
        marker.live_insts = vec![false; marker.insts.len()];
        for at in 0..marker.insts.len() {
            let inst = marker.insts[at].0;
            if stays(program, inst) {
                marker.inst(number(at));
                inst.each_operand(&mut |value| marker.work.push(value));
            }
        }
        while let Some(value) = marker.work.pop() {
            marker.value(value);
        }
        marker.live
    }

    fn collect(&mut self, block: &'a [Inst], parent: Option<u32>) {
        for inst in block {
            let at = number(self.insts.len());
            self.insts.push((inst, parent));
            match inst {
                Inst::Gate(_) | Inst::Update(_) | Inst::Concat(_) => {
                    inst.each_result(&mut |value| self.defs[value.index()] = Def::Inst(at));
                }
                Inst::Loop(l) => {
                    self.carried(&l.carried, at);
                    self.defs[l.counter.index()] = Def::Carried(at, u32::MAX);
                }
                Inst::While(w) => self.carried(&w.carried, at),
                Inst::If(i) => {
                    for (n, joined) in i.results.iter().enumerate() {
                        self.defs[joined.result.index()] = Def::Joined(at, number(n));
                    }
                }
            }
            inst.blocks().into_iter().for_each(|block| self.collect(block, Some(at)));
        }
    }

    fn carried(&mut self, carried: &[Carried], at: u32) {
        for (n, c) in carried.iter().enumerate() {
            self.defs[c.param.index()] = Def::Carried(at, number(n));
            self.defs[c.result.index()] = Def::Carried(at, number(n));
        }
    }

    /// The instruction is reached: so are those around it, and what steers them.
    fn inst(&mut self, mut at: u32) {
        loop {
            if std::mem::replace(&mut self.live_insts[at as usize], true) {
                return;
            }
            let (inst, parent) = self.insts[at as usize];
            match inst {
                Inst::Gate(_) | Inst::Update(_) | Inst::Concat(_) => {}
                Inst::Loop(l) => {
                    for bound in [l.from, l.to] {
                        if let Bound::Value(value) = bound {
                            self.work.push(value);
                        }
                    }
                }
                Inst::While(w) => self.work.push(w.condition),
                Inst::If(i) => self.work.push(i.condition),
            }
            match parent {
                Some(parent) => at = parent,
                None => return,
            }
        }
    }

    fn value(&mut self, value: ValueId) {
        if std::mem::replace(&mut self.live[value.index()], true) {
            return;
        }
        match self.defs[value.index()] {
            Def::Nowhere => {}
            Def::Inst(at) => {
                self.inst(at);
                self.insts[at as usize].0.each_operand(&mut |value| self.work.push(value));
            }
            Def::Carried(at, n) => {
                self.inst(at);
                let carried = match self.insts[at as usize].0 {
                    Inst::Loop(l) => l.carried.get(n as usize),
                    Inst::While(w) => w.carried.get(n as usize),
                    Inst::Gate(_) | Inst::Update(_) | Inst::Concat(_) | Inst::If(_) => None,
                };
                if let Some(c) = carried {
                    self.work.extend([c.init, c.next, c.param]);
                }
            }
            Def::Joined(at, n) => {
                self.inst(at);
                if let Inst::If(i) = self.insts[at as usize].0
                    && let Some(joined) = i.results.get(n as usize)
                {
                    self.work.extend([joined.then, joined.otherwise]);
                }
            }
        }
    }
}

/// Whether the instruction has to stay whatever becomes of its result.
fn stays(program: &Program, inst: &Inst) -> bool {
    match inst {
        Inst::Gate(gate) => !facts::removable(program, gate),
        Inst::Update(_) | Inst::Concat(_) => facts::own_effects(program, inst).stops,
        Inst::While(_) => true,
        Inst::Loop(_) | Inst::If(_) => false,
    }
}

fn sweep(program: &Program, block: &mut Vec<Inst>, live: &[bool]) {
    let live_value = |value: ValueId| live[value.index()];
    block.retain_mut(|inst| {
        inst.blocks_mut().into_iter().for_each(|nested| sweep(program, nested, live));
        let mut any = false;
        inst.each_result(&mut |value| any |= live_value(value));
        match inst {
            Inst::Gate(_) | Inst::Update(_) | Inst::Concat(_) => any || stays(program, inst),
            Inst::Loop(l) => {
                l.carried.retain(|c| live_value(c.param));
                !l.carried.is_empty() || !l.body.is_empty()
            }
            Inst::While(w) => {
                w.carried.retain(|c| live_value(c.param));
                true
            }
            Inst::If(i) => {
                i.results.retain(|joined| live_value(joined.result));
                !i.results.is_empty() || !i.then.is_empty() || !i.otherwise.is_empty()
            }
        }
    });
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
