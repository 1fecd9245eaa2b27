//! What a program costs, without a run: the engine over buffers that have lengths and no content. Rounds, bytes and gates are by construction those of a run; time
//! and memory are estimates.
//!
//! * [`calibration`]: what a machine takes for each kind of gate; `model`: what a run takes by that;
//! * `report`: costs as JSON; [`words`]: their quantities for people.
//!
//! Where what a program costs depends on values that it reveals, a run in the clear over given inputs is followed. Without inputs the count is a
//! lower bound and says so: a loop that a revealed value ends counts as one turn, a choice by a revealed value as its cheaper side.

pub mod calibration;
mod model;
mod report;
pub mod words;

pub use report::{Assumptions, all_json};

use super::{Task, party};
use crate::engine::{Engine, Guide, Inputs, Kind, Memory, RunError, Trace, depends_on_revealed};
use crate::failure::Failure;
use calibration::{Calibration, Table};
use model::Model;
use smpc_bytecode::types::DataType;
use smpc_net::Network;
use smpc_protocols::plain::Plain;
use smpc_protocols::registry::{PLAIN, Setting};
use smpc_protocols::{Executor, Protocol, Stats};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What a program costs under a protocol.
#[derive(Clone, Debug)]
pub struct Cost {
    /// The protocol, the number of parties, and how many of them may be corrupted.
    pub protocol: Setting,
    /// Rounds and bytes of each party, frame headers included.
    pub parties: Vec<Stats>,
    /// Most memory that each party's process takes, in bytes: an estimate from what lives in registers, what gates take beside, and what a process takes that does
    /// nothing. Reading inputs from text may take more.
    pub memory: Vec<u64>,
    /// Whether a run may cost more, as that depends on values that it reveals.
    pub at_least: bool,
    /// How long a run takes: an estimate. Nothing where `timed` is not.
    pub time: Time,
    /// Whether times were estimated, of gates and lines too: not under a protocol that the built-in calibration has no constants of.
    pub timed: bool,
    /// Gates by kind, the dearest first.
    pub kinds: Vec<KindCost>,
    /// Whether gates in loops without messages were counted by the bounds of one turn, where those differ.
    pub about: bool,
    /// Operations that the calibration does not have, and that were taken to cost what others do.
    pub unknown: Vec<&'static str>,
    /// What the source lines cost at the first party, the dearest first. Rounds that merge in a run are counted at each line that has a part in them,
    /// so that the sum is more than the whole.
    pub lines: Vec<LineCost>,
}

/// Seconds of a run, from when the parties are connected until the last one is done.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Time {
    /// What the parties compute, encryption included.
    pub work: f64,
    /// What messages are under way beyond that.
    pub latency: f64,
    /// What the links' rate adds to both.
    pub bandwidth: f64,
}

impl Time {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.work + self.latency + self.bandwidth
    }
}

/// What the gates of a kind cost at the first party.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KindCost {
    /// The kind.
    pub kind: Kind,
    /// How many gates run.
    pub gates: u64,
    /// Their lanes, all together.
    pub lanes: u64,
    /// Seconds, with the rounds that they have a part in.
    pub seconds: f64,
}

/// What a source line costs.
#[derive(Clone, Debug, PartialEq)]
pub struct LineCost {
    /// The file, as the program names it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// Its text.
    pub text: String,
    /// Rounds.
    pub rounds: u64,
    /// Bytes that the party sends.
    pub bytes_sent: u64,
    /// Seconds, with the rounds that the line has a part in.
    pub seconds: f64,
}

/// Counts a program among processes of this machine, by the built-in calibration. `inputs` are those of all roles, where they are at hand.
///
/// # Errors
/// The user's: the program takes more steps than it may, or, where it is followed over inputs, stops.
pub fn count(task: &Task, inputs: Option<&Inputs>) -> Result<Cost, Failure> {
    estimate(task, inputs, Calibration::built_in()?, None)
}

/// Counts a program as it would run with that machine's constants over that network; without one, among processes of the machine.
///
/// # Errors
/// As [`count`], and where a calibration that is not the built-in one has no constants for the protocol.
pub fn estimate(
    task: &Task,
    inputs: Option<&Inputs>,
    calibration: &Calibration,
    network: Option<Network>,
) -> Result<Cost, Failure> {
    let unmeasured = calibration::Constants::default();
    let measured = match calibration.of(&task.protocol) {
        Err(_) if calibration.is_built_in() => None,
        measured => Some(measured?),
    };
    let timed = measured.is_some();
    let table = measured.unwrap_or_else(|| Table::new(&unmeasured));
    let depends = depends_on_revealed(&task.program.module);
    let guide = match inputs {
        Some(inputs) if depends => Some(follow(task, inputs)?),
        _ => None,
    };
    let dry = Dry { task, guide: guide.as_ref() };
    let parties = (0..task.protocol.parties).map(|me| dry.run(me, false)).collect::<Result<Vec<_>, _>>()?;
    // Gates one after the other, so that each round belongs to one.
    let (_, by_gate) = dry.run(0, true)?;
    let (stats, traces): (Vec<Stats>, Vec<Trace>) = parties.into_iter().unzip();
    let model = Model { table: &table, network, at_once: false };
    let ledger = Ledger::of(&model, &by_gate);
    let busy: Vec<f64> = traces.iter().map(|trace| busy_memory(task, &table, trace)).collect();
    Ok(Cost {
        protocol: task.protocol,
        memory: busy.iter().enumerate().map(|(me, busy)| memory(task, me, &table, *busy)).collect(),
        parties: stats,
        at_least: depends && guide.is_none(),
        time: if timed { time(&table, network, &traces, &busy) } else { Time::default() },
        timed,
        about: traces.iter().any(|trace| trace.approximate),
        unknown: if timed { unknown(&table, &by_gate) } else { Vec::new() },
        kinds: ledger.kinds(&by_gate),
        lines: ledger.lines(task, &by_gate),
    })
}

/// Runs that only count.
struct Dry<'a> {
    task: &'a Task,
    guide: Option<&'a Guide>,
}

impl Dry<'_> {
    /// What a party does. One that computes in the clear begins the same gates as one among others, and sends nothing.
    fn run(&self, me: usize, by_gate: bool) -> Result<(Stats, Trace), Failure> {
        let alone = self.task.protocol.spec == &PLAIN;
        let trace = Rc::new(RefCell::new(Trace::new(by_gate)));
        let watched = Rc::clone(&trace);
        // In the clear the same gates are begun as by a party among three, and nothing is sent.
        let among = if alone { 3 } else { self.task.protocol.parties };
        let executor = Executor::dry(me, among);
        let executor = executor.watched(move |sent, received| {
            if !alone {
                watched.borrow_mut().round(sent, received);
            }
        });
        let job = Count { task: self.task, guide: self.guide, trace: &trace, by_gate };
        let ended = party::counting(&self.task.protocol, me, &executor, job)?;
        ended.map_err(|error| failed(self.task, error))?;
        let stats = if alone { Stats { rounds: 0, sent: vec![0], received: vec![0] } } else { executor.stats() };
        Ok((stats, trace.take()))
    }
}

/// A party's run that only counts.
struct Count<'a> {
    task: &'a Task,
    guide: Option<&'a Guide>,
    trace: &'a Rc<RefCell<Trace>>,
    by_gate: bool,
}

impl party::Job for Count<'_> {
    type Value = ();
    type Error = RunError;

    fn run<P: Protocol>(self, protocol: &P, executor: &Executor) -> Result<(), RunError> {
        let plan = self.task.plan();
        let mut engine = Engine::new(&self.task.program, protocol, executor, &plan, Vec::new(), &|| ());
        if let Some(guide) = self.guide {
            engine = engine.following(guide.clone());
        }
        engine.traced(Rc::clone(self.trace), self.by_gate).run().map(|_| ())
    }
}

/// What a run in the clear reveals.
fn follow(task: &Task, inputs: &Inputs) -> Result<Guide, Failure> {
    let guide = RefCell::new(Guide::default());
    let executor = Executor::new(0, 1, 0, 0, Box::new(super::wire::NoWire));
    let plan = crate::engine::Plan { nodes: vec![0; task.nodes.len()], steps: task.params.steps };
    let engine = Engine::new(&task.program, &Plain, &executor, &plan, inputs.clone(), &|| ());
    engine.recording(&guide).run().map_err(|error| failed(task, error))?;
    Ok(guide.into_inner())
}

fn failed(task: &Task, error: RunError) -> Failure {
    match error {
        RunError::Stop(stop) => party::stopped(&task.program, &stop),
        RunError::Protocol(error) => Failure::ours(error.to_string()),
    }
}

/// The time of a run, and what it would be with a network that is faster in one respect and then in the other.
fn time(table: &Table<'_>, network: Option<Network>, traces: &[Trace], busy: &[f64]) -> Time {
    let unbounded = network.map(|network| Network { bandwidth: None, ..network });
    let seconds = |network, at_once| Model { table, network, at_once }.seconds(traces, busy);
    let (work, with_latency, total) = (seconds(unbounded, true), seconds(unbounded, false), seconds(network, false));
    Time { work, latency: (with_latency - work).max(0.0), bandwidth: (total - with_latency).max(0.0) }
}

/// The most memory, in bytes, of what a party computes: registers, and what gates take beside.
#[allow(clippy::cast_precision_loss, reason = "an estimate")]
fn busy_memory(task: &Task, table: &Table<'_>, trace: &Trace) -> f64 {
    let registers = |live: &Memory| {
        let bytes = |count: u64, each: u64| count as f64 * each as f64;
        let spec = task.protocol;
        bytes(live.public, 8) + bytes(live.numbers, spec.lane_bytes) + bytes(live.rows, spec.row_bytes)
    };
    let beside = |work: &BTreeMap<u32, u64>| {
        let gates = work.keys().filter_map(|id| trace.gates.get(*id as usize));
        gates.map(|gate| table.scratch(&gate.kind, gate.units)).fold(0.0, f64::max)
    };
    trace.steps.iter().map(|(step, live)| registers(live) + beside(&step.work)).fold(0.0, f64::max)
}

/// The most memory of a party's process.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate")]
fn memory(task: &Task, me: usize, table: &Table<'_>, busy: f64) -> u64 {
    let manifest = task.manifest();
    let own = manifest.inputs.iter().filter(|input| task.nodes.get(input.role.index()) == Some(&me));
    let inputs: f64 = own.map(|input| values(&input.ty)).sum();
    let outputs: f64 = manifest.outputs.iter().map(|output| values(&output.ty)).sum();
    (table.constants.process + busy + 8.0 * (inputs + outputs)) as u64
}

/// How many values there are in one of that type.
#[allow(clippy::cast_precision_loss, reason = "an estimate")]
fn values(ty: &DataType) -> f64 {
    ty.scalars().iter().filter_map(|scalar| scalar.lanes).map(|lanes| lanes as f64).sum()
}

/// Operations of a trace that were not measured.
fn unknown(table: &Table<'_>, trace: &Trace) -> Vec<&'static str> {
    let run = trace.steps.iter().flat_map(|(step, _)| step.work.keys());
    let kinds = run.filter_map(|id| trace.gates.get(*id as usize)).map(|gate| gate.kind);
    let unknown: BTreeSet<&str> = kinds.filter(|kind| !table.knows(kind)).map(|kind| kind.op).collect();
    unknown.into_iter().collect()
}

/// What each gate of the module costs, all the times that it runs, if gates run one after the other.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    gates: u64,
    rounds: u64,
    bytes_sent: u64,
    seconds: f64,
}

/// Costs by gate.
struct Ledger(Vec<Entry>);

impl Ledger {
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    fn of(model: &Model<'_>, trace: &Trace) -> Self {
        let mut entries = vec![Entry::default(); trace.gates.len()];
        for ((step, _), times) in trace.steps.iter().zip(trace.totals()) {
            let (work, all) = model.step(trace, step);
            for (id, ns) in model.works(trace, step) {
                let entry = &mut entries[id as usize];
                let count = step.work.get(&id).copied().unwrap_or(0);
                entry.gates = entry.gates.saturating_add(count.saturating_mul(times));
                entry.seconds += ns * times as f64 / 1e9;
            }
            if let (Some((sent, _)), Some(entry)) = (&step.round, step.of.and_then(|id| entries.get_mut(id as usize))) {
                let bytes = sent.iter().fold(0_u64, |sum, bytes| sum.saturating_add(*bytes));
                entry.rounds = entry.rounds.saturating_add(times);
                entry.bytes_sent = entry.bytes_sent.saturating_add(bytes.saturating_mul(times));
                entry.seconds += (all - work) * times as f64 / 1e9;
            }
        }
        Self(entries)
    }

    fn kinds(&self, trace: &Trace) -> Vec<KindCost> {
        let mut kinds: BTreeMap<Kind, KindCost> = BTreeMap::new();
        for (gate, entry) in trace.gates.iter().zip(&self.0).filter(|(_, entry)| entry.gates > 0) {
            let kind = kinds.entry(gate.kind).or_insert(KindCost { kind: gate.kind, gates: 0, lanes: 0, seconds: 0.0 });
            kind.gates = kind.gates.saturating_add(entry.gates);
            kind.lanes = kind.lanes.saturating_add(entry.gates.saturating_mul(gate.lanes));
            kind.seconds += entry.seconds;
        }
        let mut kinds: Vec<KindCost> = kinds.into_values().collect();
        kinds.sort_by(|a, b| b.seconds.total_cmp(&a.seconds).then(a.kind.cmp(&b.kind)));
        kinds
    }

    /// Adds up the places of each line, the dearest line first.
    fn lines(&self, task: &Task, trace: &Trace) -> Vec<LineCost> {
        let sources = &task.program.module.sources;
        let mut lines: BTreeMap<(usize, u32), LineCost> = BTreeMap::new();
        for (gate, entry) in trace.gates.iter().zip(&self.0).filter(|(_, entry)| entry.gates > 0) {
            let Some(site) = sources.sites.get(gate.site.index()) else { continue };
            let line = lines.entry((site.file.index(), site.line)).or_insert_with(|| LineCost {
                file: sources.files.get(site.file.index()).cloned().unwrap_or_default(),
                line: site.line,
                text: site.text.clone(),
                rounds: 0,
                bytes_sent: 0,
                seconds: 0.0,
            });
            line.rounds = line.rounds.saturating_add(entry.rounds);
            line.bytes_sent = line.bytes_sent.saturating_add(entry.bytes_sent);
            line.seconds += entry.seconds;
        }
        let mut lines: Vec<LineCost> = lines.into_values().collect();
        lines.sort_by(|a, b| {
            let by =
                b.seconds.total_cmp(&a.seconds).then(b.rounds.cmp(&a.rounds)).then(b.bytes_sent.cmp(&a.bytes_sent));
            by.then_with(|| (&a.file, a.line).cmp(&(&b.file, b.line)))
        });
        lines
    }
}
