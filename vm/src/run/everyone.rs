//! A run of all parties on this machine from files to files: what `smpcc run` does once it has compiled a program.

use super::party::Outcome;
use super::{Task, cluster, local, stats};
use crate::engine::Results;
use crate::failure::Failure;
use crate::input::{self, InputFile};
use crate::output::{self, OutputFile};
use smpc_net::Network;
use std::path::PathBuf;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct EveryoneRun {
    /// The files of the inputs of all roles; see [`input::in_folder`].
    pub files: Vec<InputFile>,
    /// Where what each receiver got goes as JSON.
    pub output: Option<PathBuf>,
    /// Where the statistics of all parties go as JSON.
    pub stats: Option<PathBuf>,
    /// A slower network to emulate.
    pub network: Option<Network>,
    /// This program, to start itself as the parties (see [`super::child`]); threads of this process, where there is none.
    pub executable: Option<PathBuf>,
}

/// Runs all parties and returns what each receiver got as text; the files have been written by then. `log` is for the operator.
///
/// # Errors
/// A file that cannot be written, before anything else; what is wrong with an input, before anything is sent; what stopped the program.
pub fn run(task: &Task, asked: &EveryoneRun, log: &dyn Fn(&str)) -> Result<String, Vec<Failure>> {
    let one = |failure: Failure| vec![failure];
    let output = asked.output.as_deref().map(OutputFile::probe).transpose().map_err(one)?;
    let stats = asked.stats.as_deref().map(OutputFile::probe).transpose().map_err(one)?;
    let outcomes = match &asked.executable {
        Some(executable) => cluster::in_processes(executable, task, &asked.files, asked.network)?,
        None => {
            let inputs = input::read(task.manifest(), |_| true, &asked.files)?;
            local::in_threads(task, &inputs, asked.network)?
        }
    };
    for warning in outcomes.iter().filter_map(|outcome| outcome.warning.as_ref()) {
        log(&format!("warning: {warning}"));
    }
    let (results, counts): (Vec<Results>, Vec<stats::PartyStats>) =
        outcomes.into_iter().map(|Outcome { results, stats, .. }| (results, stats)).unzip();
    let received = output::of_all(task.manifest(), &task.nodes, &results).map_err(one)?;
    if let Some(file) = output {
        file.write(&output::all_json(&received)).map_err(one)?;
    }
    if let Some(file) = stats {
        file.write(&stats::all_json(&counts)).map_err(one)?;
    }
    Ok(output::render(&received))
}
