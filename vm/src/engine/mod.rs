//! Runs a verified module over a protocol.
//!
//! Levels run one after the other; the entries of a level side by side, so that their rounds merge. Gates that need no peer run at once, in
//! [`store`]; the others are futures that the protocol's executor polls in source order ([`gates`]). A block without gates that talk runs
//! without futures at all, and single lanes without an allocation.
//!
//! Each gate gets its dynamic instance number here, in the order in which gates are issued: a second turn of a loop is another instance (R1).
//! The engine knows no protocol's equations, opens no file and no connection.

mod gates;
mod stop;
mod store;

pub use stop::{Cause, Fault, Stop};

use smpc_bytecode::module::{Bound, Entry, Gate, If, Level, Loop, Module, Receivers, While};
use smpc_bytecode::op::{Op, SiteId};
use smpc_bytecode::types::RegType;
use smpc_bytecode::verify::Verified;
use smpc_math::netlist::Levelled;
use smpc_protocols::{Executor, Protocol, join_all};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use store::Store;

/// The leaves of an input or output, each with its raw lanes.
pub type Leaves = Vec<Vec<i64>>;

/// Who plays which role, and what a run may take.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The node of each role of the manifest.
    pub nodes: Vec<usize>,
    /// Steps (entries and turns) after which a run stops.
    pub steps: u64,
}

/// What this node learned: for each output of the manifest its leaves, if this node is a receiver.
pub type Results = Vec<Option<Leaves>>;

/// Why a run gave no results.
#[derive(Debug)]
pub enum RunError {
    /// The program stopped.
    Stop(Stop),
    /// A link or a peer failed.
    Protocol(smpc_protocols::Error),
}

/// One node's run of a module.
pub struct Engine<'m, P: Protocol> {
    module: &'m Module,
    protocol: &'m P,
    executor: &'m Executor,
    plan: &'m Plan,
    inputs: &'m [Option<Leaves>],
    store: RefCell<Store<'m, P>>,
    results: RefCell<Results>,
    netlists: Vec<Levelled>,
    instances: Cell<u64>,
    steps: Cell<u64>,
    /// Levels with several entries that are open now: inside one, rounds merge and no turn may be counted for another.
    side_by_side: Cell<usize>,
    /// Whether a dry run may count one turn of a loop for all.
    uniform: bool,
    progress: &'m dyn Fn(),
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Stop>> + 'a>>;

impl<'m, P: Protocol> Engine<'m, P> {
    /// Prepares a run. `inputs` holds the leaves of the inputs that this node supplies; `progress` is called after each level.
    pub fn new(
        module: &'m Verified<Module>,
        protocol: &'m P,
        executor: &'m Executor,
        plan: &'m Plan,
        inputs: &'m [Option<Leaves>],
        progress: &'m dyn Fn(),
    ) -> Self {
        let outputs = &module.manifest.outputs;
        let mine = |to: &Receivers| match to {
            Receivers::All => true,
            Receivers::Roles(roles) => roles.iter().any(|role| plan.nodes.get(role.index()) == Some(&executor.me())),
        };
        let results = outputs.iter().map(|o| mine(&o.to).then(|| vec![Vec::new(); o.ty.leaves().len()])).collect();
        Self {
            module,
            protocol,
            executor,
            plan,
            inputs,
            store: RefCell::new(Store::new(protocol, module, executor.is_dry())),
            results: RefCell::new(results),
            netlists: module.netlists.iter().map(smpc_math::netlist::Netlist::levelled).collect(),
            instances: Cell::new(0),
            steps: Cell::new(0),
            side_by_side: Cell::new(0),
            uniform: is_uniform(&module.main) && module.functions.iter().all(|f| is_uniform(&f.body)),
            progress,
        }
    }

    /// Runs to the end.
    ///
    /// # Errors
    /// [`RunError::Stop`] where the program stops, at every node alike; [`RunError::Protocol`] where a peer or a link fails.
    pub fn run(self) -> Result<Results, RunError> {
        let ended = self.executor.run(self.levels(&self.module.main)).map_err(RunError::Protocol)?;
        ended.map_err(RunError::Stop)?;
        Ok(self.results.into_inner())
    }

    fn levels<'a>(&'a self, levels: &'a [Level]) -> Running<'a> {
        Box::pin(async move {
            for level in levels {
                if let [entry] = &level.entries[..] {
                    self.entry(entry).await?;
                } else {
                    self.together(level).await?;
                }
                (self.progress)();
            }
            Ok(())
        })
    }

    /// The entries of a level: what needs no peer at once, the rest side by side.
    async fn together(&self, level: &Level) -> Result<(), Stop> {
        let mut talking = Vec::new();
        for entry in &level.entries {
            if self.is_local(entry) {
                self.run_local(entry)?;
            } else {
                talking.push(entry);
            }
        }
        if let [entry] = talking[..] {
            return self.entry(entry).await;
        }
        self.side_by_side.set(self.side_by_side.get() + 1);
        let ended = join_all(talking.into_iter().map(|entry| self.entry(entry))).await;
        self.side_by_side.set(self.side_by_side.get() - 1);
        ended.into_iter().collect()
    }

    fn entry<'a>(&'a self, entry: &'a Entry) -> Running<'a> {
        if self.is_local(entry) {
            return Box::pin(std::future::ready(self.run_local(entry)));
        }
        match entry {
            Entry::Gate(gate) => {
                let issued = self.step(gate.site);
                let instance = self.instances.replace(self.instances.get() + 1);
                let cx = self.executor.gate(instance);
                Box::pin(async move {
                    issued?;
                    gates::run(self, gate, cx).await
                })
            }
            Entry::Loop(l) => Box::pin(self.counted(l)),
            Entry::While(w) => Box::pin(self.conditional(w)),
            Entry::If(i) => Box::pin(async move { self.levels(self.side(i)).await }),
            Entry::Call { function, .. } => self.levels(&self.module.functions[function.index()].body),
        }
    }

    fn side<'a>(&self, i: &'a If) -> &'a [Level] {
        let holds = self.store.borrow().control(i.condition) != 0;
        if holds { &i.then } else { &i.otherwise }
    }

    fn bounds(&self, l: &Loop) -> (i64, i64) {
        let store = self.store.borrow();
        let value = |bound: Bound| match bound {
            Bound::Const(value) => value,
            Bound::Slot(slot) => store.control(slot),
        };
        (value(l.from), value(l.to))
    }

    async fn counted(&self, l: &Loop) -> Result<(), Stop> {
        let (from, to) = self.bounds(l);
        for turn in from..to {
            self.step(l.site)?;
            self.store.borrow_mut().set_control(l.counter, turn);
            let before = self.executor.stats();
            self.levels(&l.body).await?;
            if turn == from && self.executor.is_dry() && self.uniform && self.side_by_side.get() == 0 {
                let turns = u64::try_from(i128::from(to) - i128::from(from) - 1).unwrap_or(0);
                self.executor.add_stats(&self.executor.stats().since(&before), turns);
                self.store.borrow_mut().set_control(l.counter, to - 1);
                return Ok(());
            }
        }
        Ok(())
    }

    async fn conditional(&self, w: &While) -> Result<(), Stop> {
        loop {
            self.step(w.site)?;
            self.levels(&w.head).await?;
            if self.store.borrow().control(w.condition) == 0 {
                return Ok(());
            }
            self.levels(&w.body).await?;
        }
    }

    /// Counts a step; the limit is the same at every node, and so is the step at which it is reached.
    fn step(&self, site: SiteId) -> Result<(), Stop> {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        if steps > self.plan.steps { Err(Stop { cause: Cause::Steps(self.plan.steps), site }) } else { Ok(()) }
    }

    // What needs no peer.

    /// Whether an entry sends nothing.
    fn is_local(&self, entry: &Entry) -> bool {
        match entry {
            Entry::Gate(gate) => !talks(self.module, gate),
            Entry::Loop(l) => self.all_local(&l.body),
            Entry::While(w) => self.all_local(&w.head) && self.all_local(&w.body),
            Entry::If(i) => self.all_local(&i.then) && self.all_local(&i.otherwise),
            Entry::Call { function, .. } => self.all_local(&self.module.functions[function.index()].body),
        }
    }

    fn all_local(&self, levels: &[Level]) -> bool {
        levels.iter().flat_map(|level| &level.entries).all(|entry| self.is_local(entry))
    }

    fn run_local(&self, entry: &Entry) -> Result<(), Stop> {
        self.local(&mut self.store.borrow_mut(), entry)
    }

    fn local_levels(&self, store: &mut Store<'m, P>, levels: &[Level]) -> Result<(), Stop> {
        levels.iter().flat_map(|level| &level.entries).try_for_each(|entry| self.local(store, entry))
    }

    fn local(&self, store: &mut Store<'m, P>, entry: &Entry) -> Result<(), Stop> {
        match entry {
            Entry::Gate(gate) => {
                self.step(gate.site)?;
                store.local(gate).map_err(|fault| {
                    let cause = match (fault, gate.op) {
                        (Fault::Stopped, Op::StopUnless { message } | Op::Check { message }) => Cause::Message(message),
                        (fault, _) => Cause::Fault(fault),
                    };
                    Stop { cause, site: gate.site }
                })
            }
            Entry::Loop(l) => {
                let value = |bound: Bound, store: &Store<'m, P>| match bound {
                    Bound::Const(value) => value,
                    Bound::Slot(slot) => store.control(slot),
                };
                let (from, to) = (value(l.from, store), value(l.to, store));
                if self.executor.is_dry() && self.uniform {
                    return Ok(());
                }
                for turn in from..to {
                    self.step(l.site)?;
                    store.set_control(l.counter, turn);
                    self.local_levels(store, &l.body)?;
                    if turn & 0xfff == 0 {
                        (self.progress)();
                    }
                }
                Ok(())
            }
            Entry::While(w) => loop {
                self.step(w.site)?;
                self.local_levels(store, &w.head)?;
                if store.control(w.condition) == 0 {
                    return Ok(());
                }
                self.local_levels(store, &w.body)?;
                (self.progress)();
            },
            Entry::If(i) => {
                let side = if store.control(i.condition) != 0 { &i.then } else { &i.otherwise };
                self.local_levels(store, side)
            }
            Entry::Call { function, .. } => self.local_levels(store, &self.module.functions[function.index()].body),
        }
    }
}

/// Whether a gate needs a peer: by its operation and the types of its registers, never by a value.
fn talks(module: &Module, gate: &Gate) -> bool {
    let ty = |i: usize| gate.args.get(i).map(|view| module.slots[view.slot.index()].ty);
    let secret = |i: usize| ty(i).is_some_and(|ty| ty.is_secret());
    match gate.op {
        Op::Const { .. }
        | Op::Copy {}
        | Op::Relabel {}
        | Op::Gather {}
        | Op::Scatter {}
        | Op::Add {}
        | Op::Sub {}
        | Op::Neg {}
        | Op::Sum { .. }
        | Op::PrefixSum { .. }
        | Op::Xor {}
        | Op::Not {}
        | Op::Planes { .. }
        | Op::StopUnless { .. } => false,
        Op::Mul {} | Op::Dot { .. } => secret(0) && secret(1),
        Op::And {} | Op::Or {} => {
            matches!((ty(0), ty(1)), (Some(RegType::Bin { .. }), Some(RegType::Bin { .. })))
        }
        Op::MatMul { .. }
        | Op::Trunc { .. }
        | Op::Round { .. }
        | Op::TruncStochastic { .. }
        | Op::Div {}
        | Op::Rem {}
        | Op::FixDiv { .. }
        | Op::Sqrt { .. }
        | Op::Lt {}
        | Op::Eq {} => secret(0) || secret(1),
        Op::Select {} => secret(0),
        Op::Netlist { .. }
        | Op::A2b {}
        | Op::B2a { .. }
        | Op::Input { .. }
        | Op::ProveRange {}
        | Op::Open { .. }
        | Op::Output { .. }
        | Op::Check { .. }
        | Op::Random {}
        | Op::MergeLayer { .. } => true,
    }
}

/// Whether every turn of every loop costs the same: no block depends on a register.
fn is_uniform(levels: &[Level]) -> bool {
    levels.iter().flat_map(|level| &level.entries).all(|entry| match entry {
        Entry::Gate(gate) => !matches!(gate.op, Op::MergeLayer { .. }),
        Entry::Loop(l) => matches!((l.from, l.to), (Bound::Const(_), Bound::Const(_))) && is_uniform(&l.body),
        Entry::While(_) | Entry::If(_) => false,
        Entry::Call { .. } => true,
    })
}
