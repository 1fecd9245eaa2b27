//! Runs a verified module over a protocol.
//!
//! Levels run one after the other; the entries of a level side by side, so that their rounds merge. Gates that need no peer run at once; the others
//! are futures that the protocol's executor polls in source order.
//!
//! * `code`, `facts`, `lifetimes`: the module made ready to run;
//! * `drive` runs what talks, `local` what does not;
//! * `store` holds the registers; `scalar`, `vector` and `gates` compute;
//! * `count`: what a run that only counts needs beside; `trace` and `kind`: what it has done, and what that is.
//!
//! Each gate gets its dynamic instance number here, in the order in which gates are issued: a second turn of a loop is another instance (R1).
//! The engine knows no protocol's equations, opens no file and no connection.

mod code;
mod count;
mod dealt;
mod drive;
mod facts;
mod gates;
mod kind;
mod lifetimes;
mod local;
mod scalar;
mod stop;
mod store;
mod trace;
mod vector;

pub use count::{Guide, depends_on_revealed};
pub use kind::{Form, Kind, kind_of};
pub use stop::{Cause, Fault, Stop};
pub use trace::{GateCost, Memory, Part, Step, Trace};

use crate::program::Program;
use code::Code;
use count::Counting;
use dealt::Dealt;
use facts::CostFacts;
use kind::GateFacts;
use smpc_bytecode::facts::Free;
use smpc_bytecode::module::{Gate, Module, Receivers};
use smpc_bytecode::op::SiteId;
use smpc_protocols::{Executor, Protocol};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use store::Store;

/// The leaves of an input or output, each with its raw lanes. A lane of a word is as many values long as its type has limbs, least significant first.
pub type Leaves = Vec<Vec<i64>>;

/// For each input of the manifest its leaves, where this node supplies it.
pub type Inputs = Vec<Option<Leaves>>;

/// Who plays which role, and what a run may take.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    inputs: RefCell<Inputs>,
    store: RefCell<Store<'m, P>>,
    results: RefCell<Results>,
    program: &'m Program,
    /// Proofs of ranges that were made then, by the numbers of their gates.
    proven: RefCell<BTreeSet<usize>>,
    /// Inputs that were dealt before the program began.
    dealt: RefCell<Dealt<P>>,
    instances: Cell<u64>,
    steps: Cell<u64>,
    /// Levels with several entries that are open now: inside one, rounds merge and no turn may be counted for another.
    side_by_side: Cell<usize>,
    counting: Counting<'m>,
    progress: &'m dyn Fn(),
}

impl<'m, P: Protocol> Engine<'m, P> {
    /// Prepares a run. `inputs` holds the leaves of the inputs that this node supplies; `progress` is called after each level and now and then in
    /// long loops.
    pub fn new(
        program: &'m Program,
        protocol: &'m P,
        executor: &'m Executor,
        plan: &'m Plan,
        inputs: Inputs,
        progress: &'m dyn Fn(),
    ) -> Self {
        let module: &Module = &program.module;
        let outputs = &module.manifest.outputs;
        let mine = |to: &Receivers| match to {
            Receivers::All => true,
            Receivers::Roles(roles) => roles.iter().any(|role| plan.nodes.get(role.index()) == Some(&executor.me())),
        };
        let results = outputs.iter().map(|o| mine(&o.to).then(|| vec![Vec::new(); o.ty.scalars().len()])).collect();
        Self {
            module,
            protocol,
            executor,
            plan,
            inputs: RefCell::new(inputs),
            store: RefCell::new(Store::new(protocol, module, executor.is_dry())),
            results: RefCell::new(results),
            program,
            proven: RefCell::default(),
            dealt: RefCell::default(),
            instances: Cell::new(0),
            steps: Cell::new(0),
            side_by_side: Cell::new(0),
            counting: Counting::default(),
            progress,
        }
    }

    /// Runs to the end.
    ///
    /// # Errors
    /// [`RunError::Stop`] where the program stops, at every node alike; [`RunError::Protocol`] where a peer or a link fails.
    pub fn run(self) -> Result<Results, RunError> {
        let facts = (self.executor.is_dry() || self.counting.records()).then(|| CostFacts::of(self.module));
        let free = Free { relabels: self.protocol.relabels(), wraps: self.protocol.wraps() };
        let code = Code::new(self.module, free, facts.as_ref());
        self.counting.trace(|trace| {
            let facts = |gate: &&Gate| GateFacts::of(self.program, gate, free);
            trace.begin(self.module, &code.gates.iter().map(facts).collect::<Vec<_>>());
        });
        let ended = self.executor.run(self.drive(&code)).map_err(RunError::Protocol)?;
        ended.map_err(RunError::Stop)?;
        self.counting.trace(Trace::end);
        Ok(self.results.into_inner())
    }

    /// Counts a step; the limit is the same at every node, and so is the step at which it is reached.
    fn step(&self, site: SiteId) -> Result<(), Stop> {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        if steps > self.plan.steps { Err(Stop { cause: Cause::Steps(self.plan.steps), site }) } else { Ok(()) }
    }
}
