//! Running programs: one party of a session, all parties on this machine, or none at all where only the cost is asked for.
//!
//! * [`party`]: one party's run over links, or alone in the clear; `wire` hands the links to the protocols;
//! * [`separate`]: `smpcvm run`, a party with its session file, key and data;
//! * [`local`]: all parties on this machine as threads; [`cluster`] and [`child`]: as processes;
//! * [`cost`]: rounds, bytes, gates, time and memory without a run;
//! * [`stats`], [`progress`]: what is reported about a run.

pub mod child;
pub mod cluster;
pub mod cost;
pub mod local;
pub mod party;
pub mod progress;
pub mod separate;
pub mod stats;
pub(crate) mod wire;

use crate::engine::{Inputs, Plan};
use crate::failure::{Class, Failure};
use crate::program::Program;
use crate::session::{Params, assign_roles_round};
use serde::{Deserialize, Serialize};
use smpc_bytecode::module::Manifest;
use smpc_protocols::registry::{self, PROTOCOLS, Setting, Spec};
use smpc_protocols::workers::{self, MOST_THREADS, Workers};

/// The protocol of that name.
///
/// # Errors
/// The user's: there is none; the help line lists those that there are.
pub fn protocol(name: &str) -> Result<&'static Spec, Failure> {
    registry::find(name).ok_or_else(|| {
        let names: Vec<&str> = PROTOCOLS.iter().map(|spec| spec.name).collect();
        Failure::user(format!("there is no protocol `{name}`")).help(format!("there are {}", names.join(", ")))
    })
}

/// A number of threads that a party can be given.
///
/// # Errors
/// The user's for none, and for more than any machine has.
pub fn check_threads(threads: usize) -> Result<usize, Failure> {
    if (1..=MOST_THREADS).contains(&threads) {
        return Ok(threads);
    }
    let what =
        if threads == 0 { "a party needs at least one".to_owned() } else { format!("the most are {MOST_THREADS}") };
    Err(Failure::new(Class::Usage, format!("--threads: {threads} threads for a party: {what}"))
        .help("1 keeps all work on the thread that talks; more than there are cores gain nothing"))
}

/// Gives the current thread the workers of a party.
pub(crate) fn start_workers(threads: usize) -> Result<Workers, Failure> {
    workers::start(threads).map_err(|error| {
        Failure::user(format!("{threads} threads for a party: {error}")).help("try fewer with --threads")
    })
}

/// A protocol, the number of parties and the threshold, as a process is told them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Among {
    protocol: String,
    parties: usize,
    threshold: usize,
}

impl Among {
    pub(crate) fn of(setting: &Setting) -> Self {
        Self { protocol: setting.name.to_owned(), parties: setting.parties, threshold: setting.threshold }
    }

    pub(crate) fn setting(&self) -> Result<Setting, Failure> {
        let spec = registry::find(&self.protocol).ok_or_else(|| Failure::ours("an unknown protocol"))?;
        spec.among(Some(self.parties), Some(self.threshold)).map_err(Failure::ours)
    }
}

/// What all parties of a run have in common.
#[derive(Clone, Debug)]
pub struct Task {
    /// The program.
    pub program: Program,
    /// The protocol, the number of parties, and how many of them may be corrupted.
    pub protocol: Setting,
    /// Limits and constants.
    pub params: Params,
    /// The party that plays each role of the program.
    pub nodes: Vec<usize>,
    /// Threads for a party's own work; not a term of the session.
    pub threads: usize,
}

impl Task {
    /// A run of all parties on one machine: role i at party i mod n, and one thread for the work of each.
    #[must_use]
    pub fn local(program: Program, protocol: Setting, params: Params) -> Self {
        let nodes = assign_roles_round(&program.module.manifest.roles, protocol.parties);
        Self { program, protocol, params, nodes, threads: 1 }
    }

    /// What the program takes and gives.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.program.module.manifest
    }

    /// Who plays which role, and what the run may take, as the engine wants it.
    #[must_use]
    pub fn plan(&self) -> Plan {
        Plan { nodes: self.nodes.clone(), steps: self.params.steps }
    }

    /// Of the inputs of all roles those that a party supplies.
    #[must_use]
    pub fn inputs_of(&self, party: usize, inputs: &Inputs) -> Inputs {
        let owners = self.manifest().inputs.iter().map(|input| self.nodes.get(input.role.index()).copied());
        owners.zip(inputs).map(|(owner, leaves)| leaves.clone().filter(|_| owner == Some(party))).collect()
    }
}

/// Of what the parties of one run say, what its operator should see: not that others left, where one of them says why. The same words only once.
#[must_use]
pub fn root_causes(failures: Vec<Failure>) -> Vec<Failure> {
    let consequence = |failure: &Failure| failure.class == Class::PeerLost;
    let only_consequences = failures.iter().all(consequence);
    let mut causes: Vec<Failure> = Vec::new();
    for failure in failures {
        if (only_consequences || !consequence(&failure)) && !causes.contains(&failure) {
            causes.push(failure);
        }
    }
    causes
}
