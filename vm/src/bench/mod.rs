//! What the protocols do in a second, and what the machine could: a process a party over TLS on loopback, the wall time of the gate alone, medians
//! of five; beside it the machine's raw limits, measured in the same run.
//!
//! * `jobs`: what is measured, at each party; `netlist` and [`modules`]: its circuits and programs;
//! * [`calibrate`]: the constants of the time model of `smpcc cost`; `cases`: the programs for it;
//! * `limits`: rings of processes and kernels without a protocol;
//! * `report`: the table and the JSON rows.
//!
//! Each job runs in processes of its own, so that one job's memory is not another one's.

pub mod calibrate;
mod cases;
mod jobs;
mod limits;
pub mod modules;
mod netlist;
mod report;

use crate::failure::{Class, Failure};
use crate::output::OutputFile;
use crate::run::{Among, protocol};
use crate::run::{check_threads, cluster, start_workers};
use jobs::{JOBS, Job, Measured};
use report::Row;
use serde::{Deserialize, Serialize};
use smpc_net::Network;
use smpc_protocols::protocol::Unverified;
use smpc_protocols::registry::{PLAIN, Setting};
use smpc_protocols::{Executor, Protocol};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Repetitions of which the median counts.
const TIMES: usize = 5;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct BenchOptions {
    /// The protocol.
    pub protocol: String,
    /// Number of parties, where the protocol leaves a choice.
    pub parties: Option<usize>,
    /// How many of them may be corrupted.
    pub threshold: Option<usize>,
    /// Only jobs with one of these texts in their title; all, where there is none.
    pub jobs: Vec<String>,
    /// A slower network to emulate between the parties.
    pub network: Option<String>,
    /// Where the rows go as JSON.
    pub json: Option<PathBuf>,
    /// Threads for each party's own work.
    pub threads: usize,
}

/// One party's part in a measurement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BenchOrder {
    me: usize,
    protocol: Among,
    job: Job,
    threads: usize,
    network: Option<String>,
}

/// Measures, and returns the table. The executable starts itself as the parties.
///
/// # Errors
/// The user's for an unknown protocol or a file that cannot be written; ours where a party fails.
pub fn command(options: &BenchOptions, log: &dyn Fn(&str)) -> Result<String, Vec<Failure>> {
    let one = |failure: Failure| vec![failure];
    let setting = protocol(&options.protocol).map_err(one)?.among(options.parties, options.threshold);
    let setting = setting.map_err(|what| vec![Failure::new(Class::Usage, what)])?;
    if setting.spec == &PLAIN {
        let message = "there is no benchmark for the protocol `plain`: it has no gates among parties".to_owned();
        return Err(vec![Failure::new(Class::User, message).help("try rep3, mal-rep3, rep4, shamir or mal-shamir")]);
    }
    let threads = check_threads(options.threads).map_err(one)?;
    let network = options.network.as_deref().map(str::parse::<Network>).transpose();
    let network = network.map_err(|error| vec![Failure::new(Class::Usage, format!("--network: {error}"))])?;
    let json = options.json.as_deref().map(OutputFile::probe).transpose().map_err(one)?;
    if cfg!(debug_assertions) {
        log("warning: this is no release build; its figures say nothing");
    }
    let executable = std::env::current_exe()
        .map_err(|error| vec![Failure::ours(format!("this program cannot find itself: {error}"))])?;
    let wanted = |name: &str| options.jobs.is_empty() || options.jobs.iter().any(|text| name.contains(text.as_str()));
    let mut rows = Vec::new();
    for limit in limits::KERNELS.iter().filter(|limit| wanted(limit.name)) {
        log(limit.name);
        rows.push(limit.row());
    }
    for job in JOBS.iter().filter(|job| wanted(&job.title())) {
        let job = if network.is_some() { job.far() } else { job.clone() };
        log(&job.title());
        let network = network.map(|network| network.to_string());
        rows.push(measure(&executable, &setting, &job, (threads, network))?);
    }
    if wanted(START) && network.is_none() {
        log(START);
        rows.push(start_to_answer(&executable, setting)?);
    }
    if let Some(file) = json {
        file.write(report::json(&rows, &setting, network.map(|network| network.to_string()).as_deref()))
            .map_err(one)?;
    }
    Ok(report::table(&rows))
}

/// Runs a job at a process a party.
fn measure(
    executable: &Path,
    setting: &Setting,
    job: &Job,
    (threads, network): (usize, Option<String>),
) -> Result<Row, Vec<Failure>> {
    let order = |me: usize| {
        let (protocol, job, network) = (Among::of(setting), job.clone(), network.clone());
        crate::run::child::Order::Bench(BenchOrder { me, protocol, job, threads, network })
    };
    let orders: Vec<_> = (0..setting.parties).map(order).collect();
    let parties: Vec<Measured> = cluster::start(executable, &orders)?;
    Ok(Row::of(job, &parties))
}

/// A party's part.
///
/// # Errors
/// Those of its links.
pub fn party(order: &BenchOrder) -> Result<serde_json::Value, Failure> {
    let _workers = start_workers(order.threads)?;
    let network = order.network.as_deref().map(str::parse).transpose();
    let network = network.map_err(|_| Failure::ours("a network that cannot be read"))?;
    let measured = jobs::run(order.me, &order.protocol.setting()?, &order.job, network)?;
    crate::run::child::value(&measured)
}

const START: &str = "millionaires, start to answer";

/// Three processes from their start to their results, keys and TLS included.
fn start_to_answer(executable: &Path, setting: Setting) -> Result<Row, Vec<Failure>> {
    let folder = tempfile::tempdir().map_err(|error| vec![Failure::ours(error.to_string())])?;
    let (task, files) = modules::millionaires(folder.path(), setting).map_err(|failure| vec![failure])?;
    let mut times = Vec::new();
    let mut last = Vec::new();
    for _ in 0..TIMES {
        let start = Instant::now();
        last = cluster::in_processes(executable, &task, &files, None, None)?;
        times.push(start.elapsed().as_secs_f64());
    }
    let stats = last.first().map(|outcome| outcome.stats.clone()).unwrap_or_default();
    Ok(Row {
        job: START.to_owned(),
        of_protocol: true,
        lanes: 1,
        seconds: median(&mut times),
        busy: None,
        work: 1,
        unit: "runs",
        rounds: Some(stats.rounds),
        bytes: Some(stats.sent.iter().sum()),
        peak_memory: Some(last.iter().map(|outcome| outcome.stats.peak_memory).max().unwrap_or(0)),
    })
}

/// The middle one.
fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// What a protocol verifies late belongs to what it was computed for: up to where a result could be opened, and with an opening.
async fn verify<P: Protocol>(protocol: &P, executor: &Executor) {
    if protocol.unverified() != Unverified::default() {
        // No gate of a job has this number, and an opening draws no randomness.
        protocol.open(executor.gate(u64::MAX >> 1), &protocol.share_public(&[1], 1)).await;
    }
}
