//! A small machine that runs a module in the clear, to test emission: it demands that entries of a level do not disturb one another, and runs
//! them in an order that is not that of the module.

use crate::seeded::Seeded;
use smpc_bytecode::module::{Bound, Entry, Level, Module, View};
use smpc_bytecode::op::Op;
use smpcc_core::ir::eval;
use smpcc_core::ir::interp::Outputs;
use smpcc_core::ir::{Program, Slot};
use std::collections::BTreeSet;

pub(crate) struct Machine<'a> {
    module: &'a Module,
    tables: Program,
    slots: Vec<Vec<i64>>,
    inputs: &'a dyn Fn(u32, u32) -> Vec<i64>,
    pub(crate) outputs: Outputs,
    order: Seeded,
    steps: u64,
}

type Done = Result<(), String>;

impl<'a> Machine<'a> {
    pub(crate) fn new(module: &'a Module, inputs: &'a dyn Fn(u32, u32) -> Vec<i64>, order: u64) -> Self {
        let tables = Program {
            constants: module.constants.clone(),
            netlists: module.netlists.clone(),
            messages: module.messages.clone(),
            ..Program::default()
        };
        // Registers start with rubbish, so that nothing rests on what they held.
        let slots = module.slots.iter().map(|slot| vec![-77; slot.lanes as usize * slot.ty.limbs()]).collect();
        let order = Seeded::new(order);
        Self { module, tables, slots, inputs, outputs: Outputs::new(), order, steps: 1 << 20 }
    }

    pub(crate) fn run(&mut self) -> Done {
        self.levels(&self.module.main)
    }

    fn levels(&mut self, levels: &[Level]) -> Done {
        for level in levels {
            check_level(level);
            let mut entries: Vec<&Entry> = level.entries.iter().collect();
            // The entries side by side may run in any order, apart from which fault is told.
            for i in (1..entries.len()).rev() {
                let j = self.order.below(i + 1);
                entries.swap(i, j);
            }
            entries.into_iter().try_for_each(|entry| self.entry(entry))?;
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) -> Done {
        self.steps -= 1;
        match entry {
            Entry::Gate(gate) => self.gate(gate.op, gate.dst.as_ref(), &gate.args),
            Entry::Loop(l) => {
                let (from, to) = (self.bound(l.from), self.bound(l.to));
                let mut counter = from;
                while counter < to {
                    self.slots[l.counter.index()] = vec![counter];
                    self.levels(&l.body)?;
                    counter += 1;
                }
                Ok(())
            }
            Entry::While(w) => loop {
                self.levels(&w.head)?;
                if self.slots[w.condition.index()][0] == 0 {
                    return Ok(());
                }
                self.levels(&w.body)?;
            },
            Entry::If(i) => {
                let holds = self.slots[i.condition.index()][0] != 0;
                self.levels(if holds { &i.then } else { &i.otherwise })
            }
            Entry::Call { .. } => Err("no calls here".into()),
        }
    }

    fn gate(&mut self, op: Op, dst: Option<&View>, args: &[View]) -> Done {
        let mut values = Vec::new();
        for arg in args {
            let lanes = self.lanes(arg)?;
            let limbs = self.module.slots[arg.slot.index()].ty.limbs();
            let of = &self.slots[arg.slot.index()];
            values.push(lanes.into_iter().flat_map(|at| &of[at * limbs..][..limbs]).copied().collect::<Vec<i64>>());
        }
        match op {
            Op::Output { output, leaf } => {
                self.outputs.insert((output.0, leaf), values.remove(0));
                return Ok(());
            }
            Op::Check { message } | Op::StopUnless { message } => {
                let holds = values.iter().flatten().all(|holds| *holds != 0);
                return if holds { Ok(()) } else { Err(self.module.messages[message.index()].clone()) };
            }
            _ => {}
        }
        let Some(dst) = dst else { return Err("a result goes nowhere".into()) };
        let places = self.lanes(dst)?;
        let types: Vec<_> = args.iter().map(|arg| self.module.slots[arg.slot.index()].ty).collect();
        let ty = self.module.slots[dst.slot.index()].ty;
        let words = match op {
            Op::Input { input, leaf } => (self.inputs)(input.0, leaf),
            Op::Sort { .. } => {
                let slot = self.module.slots[dst.slot.index()];
                eval::eval(&self.tables, op, &values, &types, slot).map_err(|fault| fault.to_string())?
            }
            Op::Scatter {} => {
                let slot = self.module.slots[dst.slot.index()];
                values.insert(0, self.slots[dst.slot.index()].clone());
                let types: Vec<_> = std::iter::once(ty).chain(types).collect();
                eval::eval(&self.tables, op, &values, &types, slot).map_err(|fault| fault.to_string())?
            }
            op => {
                let slot = Slot { ty, lanes: places.len() as u64 };
                eval::eval(&self.tables, op, &values, &types, slot).map_err(|fault| fault.to_string())?
            }
        };
        let (lo, hi) = ty.range();
        let limbs = ty.limbs();
        for (at, word) in places.into_iter().zip(words.chunks(limbs)) {
            let whole = matches!(ty, smpcc_core::ir::RegType::Bin { width: 64.. });
            assert!(whole || word[0] >= lo && word[0] <= hi, "{op:?} gives {word:?} into {ty:?}");
            self.slots[dst.slot.index()][at * limbs..][..limbs].copy_from_slice(word);
        }
        Ok(())
    }

    fn bound(&self, bound: Bound) -> i64 {
        match bound {
            Bound::Const(value) => value,
            Bound::Slot(slot) => self.slots[slot.index()][0],
        }
    }

    fn lanes(&self, view: &View) -> Result<Vec<usize>, String> {
        let mut start = i128::from(view.offset);
        if let Some(index) = view.index {
            start += i128::from(self.slots[index.slot.index()][0]) * i128::from(index.stride);
        }
        let mut all = vec![start];
        for dim in &view.dims {
            all = all
                .into_iter()
                .flat_map(|at| (0..i128::from(dim.len)).map(move |i| at + i * i128::from(dim.stride)))
                .collect();
        }
        let lanes = self.module.slots[view.slot.index()].lanes;
        let within = |at: i128| usize::try_from(at).ok().filter(|_| at < i128::from(lanes));
        all.into_iter().map(within).collect::<Option<_>>().ok_or("index out of bounds".into())
    }
}

/// No entry touches what another one of the level writes; no disclosure stands in a level with an earlier check.
fn check_level(level: &Level) {
    let touched: Vec<(BTreeSet<u32>, BTreeSet<u32>)> = level.entries.iter().map(touches).collect();
    for (i, (_, writes)) in touched.iter().enumerate() {
        for (j, (reads, others)) in touched.iter().enumerate() {
            let clash = writes.iter().find(|slot| i != j && (reads.contains(slot) || others.contains(slot)));
            assert_eq!(clash, None, "entries {i} and {j} of a level share a slot: {level:#?}");
        }
    }
}

fn touches(entry: &Entry) -> (BTreeSet<u32>, BTreeSet<u32>) {
    let (mut reads, mut writes) = (BTreeSet::new(), BTreeSet::new());
    let mut stack = vec![entry];
    while let Some(entry) = stack.pop() {
        let blocks: Vec<&Vec<Level>> = match entry {
            Entry::Gate(gate) => {
                for view in gate.args.iter().chain(&gate.dst) {
                    reads.extend(view.index.map(|index| index.slot.0));
                }
                reads.extend(gate.args.iter().map(|arg| arg.slot.0));
                writes.extend(gate.dst.iter().map(|dst| dst.slot.0));
                vec![]
            }
            Entry::Loop(l) => {
                writes.insert(l.counter.0);
                for bound in [l.from, l.to] {
                    if let Bound::Slot(slot) = bound {
                        reads.insert(slot.0);
                    }
                }
                vec![&l.body]
            }
            Entry::While(w) => {
                reads.insert(w.condition.0);
                vec![&w.head, &w.body]
            }
            Entry::If(i) => {
                reads.insert(i.condition.0);
                vec![&i.then, &i.otherwise]
            }
            Entry::Call { .. } => vec![],
        };
        stack.extend(blocks.into_iter().flatten().flat_map(|level| &level.entries));
    }
    (reads, writes)
}
