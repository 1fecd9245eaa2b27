//! Runs a program in the clear: the meaning of the IR, for tests between passes.
//!
//! Gates mean what `smpc_bytecode::semantics` says. Everything is one party's plain numbers, and the first fault in
//! program order ends the run.

use super::eval::{self, Lanes};
use super::{Block, Bound, Carried, Concat, Gate, Inst, Op, Place, Program, Ref, SiteId, Slot, Update, ValueId};
use smpc_bytecode::semantics;
use std::collections::BTreeMap;

/// How the fault begins of a secret that lies outside of its type's range: a mistake in what was known of ranges.
pub const LEFT_ITS_RANGE: &str = "a secret lies outside of its range";

/// What a finished run gives: the lanes of each leaf of each output.
pub type Outputs = BTreeMap<(u32, u32), Vec<i64>>;

/// Why a run stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The instruction that stopped it.
    pub site: SiteId,
    /// Why; for a failed check its message.
    pub what: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "at site {}: {}", self.site.0, self.what)
    }
}

impl std::error::Error for Fault {}

/// How a run went.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Outcome {
    /// The outputs that were sent.
    pub outputs: Outputs,
    /// What stopped the run, if something did: a failed check, an index out of bounds, public arithmetic out of range, the step limit.
    pub fault: Option<Fault>,
}

/// Runs a program that verifies. `inputs` gives the lanes of a leaf of an input; `steps` bounds the instructions that run.
#[must_use]
pub fn run(program: &Program, inputs: &dyn Fn(u32, u32) -> Vec<i64>, steps: u64) -> Outcome {
    let mut run = Run { program, inputs, values: vec![None; program.values.len()], outputs: Outputs::new(), steps };
    let fault = run.block(&program.body).err();
    Outcome { outputs: run.outputs, fault }
}

struct Run<'a> {
    program: &'a Program,
    inputs: &'a dyn Fn(u32, u32) -> Vec<i64>,
    values: Vec<Option<Lanes>>,
    outputs: Outputs,
    steps: u64,
}

impl Run<'_> {
    fn block(&mut self, block: &Block) -> Result<(), Fault> {
        block.iter().try_for_each(|inst| self.inst(inst))
    }

    fn inst(&mut self, inst: &Inst) -> Result<(), Fault> {
        match inst {
            Inst::Gate(gate) => self.step(gate.site).and_then(|()| self.gate(gate)),
            Inst::Update(update) => self.step(update.site).and_then(|()| self.update(update)),
            Inst::Concat(Concat { parts, result, site }) => {
                self.step(*site)?;
                let mut lanes = Lanes::new();
                for part in parts {
                    let slot = Slot { ty: self.program.ty(*result), lanes: part.lanes() };
                    let args = [self.read(part, *site)?];
                    lanes.extend(self.eval(Op::Copy {}, std::slice::from_ref(part), &args, slot, *site)?);
                }
                self.set(*result, lanes);
                Ok(())
            }
            Inst::Loop(l) => {
                let (from, to) = (self.bound(l.from, l.site)?, self.bound(l.to, l.site)?);
                self.pass(&l.carried, |c| c.init, |c| c.param, l.site)?;
                let mut counter = from;
                while counter < to {
                    self.step(l.site)?;
                    self.in_range(l.counter, counter, l.site)?;
                    self.set(l.counter, vec![counter]);
                    self.block(&l.body)?;
                    self.pass(&l.carried, |c| c.next, |c| c.param, l.site)?;
                    counter += 1;
                }
                self.pass(&l.carried, |c| c.param, |c| c.result, l.site)
            }
            Inst::While(w) => {
                self.pass(&w.carried, |c| c.init, |c| c.param, w.site)?;
                loop {
                    self.step(w.site)?;
                    self.block(&w.head)?;
                    if self.scalar(w.condition, w.site)? == 0 {
                        break;
                    }
                    self.block(&w.body)?;
                    self.pass(&w.carried, |c| c.next, |c| c.param, w.site)?;
                }
                self.pass(&w.carried, |c| c.param, |c| c.result, w.site)
            }
            Inst::If(i) => {
                let holds = self.scalar(i.condition, i.site)? != 0;
                self.block(if holds { &i.then } else { &i.otherwise })?;
                for joined in &i.results {
                    let from = if holds { joined.then } else { joined.otherwise };
                    let lanes = self.lanes(from, i.site)?.clone();
                    self.set(joined.result, lanes);
                }
                Ok(())
            }
        }
    }

    fn gate(&mut self, gate: &Gate) -> Result<(), Fault> {
        let site = gate.site;
        let args = self.args(&gate.args, site)?;
        match (gate.op, gate.result) {
            (Op::Output { output, leaf }, _) => {
                self.outputs.insert((output.0, leaf), args.into_iter().next().unwrap_or_default());
            }
            (Op::Check { message } | Op::StopUnless { message }, _) => {
                if args.iter().flatten().any(|holds| *holds == 0) {
                    let what = self.program.messages.get(message.index()).cloned().unwrap_or_default();
                    return Err(Fault { site, what });
                }
            }
            (Op::Input { input, leaf }, Some(result)) => {
                self.set(result, (self.inputs)(input.0, leaf));
            }
            (Op::ProveRange {}, Some(result)) => {
                args[0].iter().try_for_each(|word| self.in_range(result, *word, site))?;
                self.set(result, args.into_iter().next().unwrap_or_default());
            }
            (op, Some(result)) => {
                let lanes = self.eval(op, &gate.args, &args, self.program.slot(result), site)?;
                self.set(result, lanes);
            }
            (_, None) => {}
        }
        Ok(())
    }

    fn update(&mut self, update: &Update) -> Result<(), Fault> {
        let site = update.site;
        let args = self.args(&update.args, site)?;
        let mut array = self.lanes(update.array, site)?.clone();
        let Slot { ty, lanes } = self.program.slot(update.array);
        match update.op {
            op @ Op::Scatter {} => {
                let types: Vec<_> =
                    std::iter::once(ty).chain(update.args.iter().map(|arg| self.program.ty(arg.value))).collect();
                let args: Vec<Lanes> = std::iter::once(array).chain(args).collect();
                let slot = self.program.slot(update.result);
                array = eval::eval(self.program, op, &args, &types, slot)
                    .map_err(|fault| Fault { site, what: fault.to_string() })?;
            }
            op => {
                let count = update.place.lanes().unwrap_or(0);
                let words = self.eval(op, &update.args, &args, Slot { ty, lanes: count }, site)?;
                let limbs = ty.limbs();
                for (at, word) in self.places(&update.place, lanes, site)?.into_iter().zip(words.chunks(limbs)) {
                    array[at * limbs..(at + 1) * limbs].copy_from_slice(word);
                }
            }
        }
        self.set(update.result, array);
        Ok(())
    }

    fn eval(&self, op: Op, refs: &[Ref], args: &[Lanes], result: Slot, site: SiteId) -> Result<Lanes, Fault> {
        let types: Vec<_> = refs.iter().map(|arg| self.program.ty(arg.value)).collect();
        eval::eval(self.program, op, args, &types, result).map_err(|fault| match fault {
            semantics::Fault::Range { .. } if result.ty.is_secret() => {
                Fault { site, what: format!("{LEFT_ITS_RANGE}: {fault}") }
            }
            fault => Fault { site, what: fault.to_string() },
        })
    }

    // Values.

    fn step(&mut self, site: SiteId) -> Result<(), Fault> {
        self.steps = self.steps.checked_sub(1).ok_or_else(|| Fault { site, what: "step limit".to_owned() })?;
        Ok(())
    }

    fn set(&mut self, value: ValueId, lanes: Lanes) {
        self.values[value.index()] = Some(lanes);
    }

    fn lanes(&self, value: ValueId, site: SiteId) -> Result<&Lanes, Fault> {
        let known = self.values.get(value.index()).and_then(Option::as_ref);
        known.ok_or_else(|| Fault { site, what: format!("%{} has no value", value.0) })
    }

    fn scalar(&self, value: ValueId, site: SiteId) -> Result<i64, Fault> {
        Ok(self.lanes(value, site)?.first().copied().unwrap_or(0))
    }

    fn bound(&self, bound: Bound, site: SiteId) -> Result<i64, Fault> {
        match bound {
            Bound::Const(value) => Ok(value),
            Bound::Value(value) => self.scalar(value, site),
        }
    }

    /// Hands carried values on, all at once.
    fn pass(
        &mut self,
        carried: &[Carried],
        from: impl Fn(&Carried) -> ValueId,
        into: impl Fn(&Carried) -> ValueId,
        site: SiteId,
    ) -> Result<(), Fault> {
        let mut all = Vec::with_capacity(carried.len());
        for c in carried {
            all.push((into(c), self.lanes(from(c), site)?.clone()));
        }
        all.into_iter().for_each(|(value, lanes)| self.set(value, lanes));
        Ok(())
    }

    fn in_range(&self, value: ValueId, word: i64, site: SiteId) -> Result<(), Fault> {
        let (lo, hi) = self.program.ty(value).range();
        if word < lo || word > hi {
            return Err(Fault { site, what: format!("{word} is outside of {lo}..={hi}") });
        }
        Ok(())
    }

    fn args(&self, args: &[Ref], site: SiteId) -> Result<Vec<Lanes>, Fault> {
        args.iter().map(|arg| self.read(arg, site)).collect()
    }

    fn read(&self, arg: &Ref, site: SiteId) -> Result<Lanes, Fault> {
        let lanes = self.lanes(arg.value, site)?;
        let limbs = self.program.ty(arg.value).limbs();
        let places = self.places(&arg.place, (lanes.len() / limbs) as u64, site)?;
        Ok(places.into_iter().flat_map(|at| &lanes[at * limbs..(at + 1) * limbs]).copied().collect())
    }

    /// The lanes that a view names, one after another.
    fn places(&self, place: &Place, lanes: u64, site: SiteId) -> Result<Vec<usize>, Fault> {
        let index = place.index.map_or(Ok(0), |index| self.scalar(index.value, site))?;
        place.named(index, lanes).ok_or_else(|| Fault { site, what: "index out of bounds".to_owned() })
    }
}
