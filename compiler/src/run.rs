//! `smpcc run`: compiles a program and runs every party on this machine.

use crate::cli::Run;
use crate::source::{inputs_folder, program_of};
use crate::{Done, log, one, print};
use smpc_net::Network;
use smpc_protocols::registry::{PLAIN, PROTOCOLS, Setting, Spec, find};
use smpcvm::failure::{Class, Failure};
use smpcvm::input::{self, CsvKey, InputFile, in_folder};
use smpcvm::output::{RunFiles, all_json, of_all, render};
use smpcvm::run::party::Outcome;
use smpcvm::run::{Task, check_threads, cluster, local, stats};
use smpcvm::session::Params;

pub(crate) fn run(arguments: &Run) -> Done {
    let protocol = protocol(&arguments.protocol).map_err(one)?;
    let protocol = among(protocol, arguments.parties, arguments.threshold).map_err(one)?;
    let threads = check_threads(arguments.threads).map_err(one)?;
    let given = arguments.input.iter().map(|text| text.parse()).collect::<Result<Vec<InputFile>, _>>().map_err(one)?;
    let network = arguments.network.as_deref().map(str::parse::<Network>).transpose();
    let network = network.map_err(|error| one(Failure::new(Class::Usage, format!("--network: {error}"))))?;
    let files_out = RunFiles::probe(arguments.output.as_deref(), arguments.stats.as_deref()).map_err(one)?;

    let params = Params::default();
    let program = program_of(&arguments.source, params.memory)?;
    let task = Task { threads, ..Task::local(program, protocol, params) };
    let files = in_folder(task.manifest(), &inputs_folder(arguments.inputs.as_ref(), &arguments.source), &given)?;
    if arguments.csv_key.is_some() {
        input::check_key_is_used(task.manifest(), |_| true).map_err(one)?;
    }
    // Without one that is given, all parties of the run have one that nobody else has.
    let key = arguments.csv_key.as_deref().map_or_else(CsvKey::fresh, |file| CsvKey::load(file, &log)).map_err(one)?;
    let outcomes = if arguments.in_process || protocol.spec == &PLAIN {
        let inputs = input::read(task.manifest(), |_| true, &files, Some(&key))?;
        local::in_threads(&task, &inputs, network)?
    } else {
        let executable = std::env::current_exe();
        let executable =
            executable.map_err(|error| one(Failure::ours(format!("this executable is not to be found: {error}"))))?;
        cluster::in_processes(&executable, &task, &files, Some(&key), network)?
    };
    finish(&task, outcomes, &files_out)
}

/// Writes what was asked for and gives what each receiver got, for the terminal.
fn finish(task: &Task, outcomes: Vec<Outcome>, files: &RunFiles) -> Done {
    let (mut results, mut all_stats) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        if let Some(warning) = &outcome.warning {
            log(warning);
        }
        results.push(outcome.results);
        all_stats.push(outcome.stats);
    }
    let received = of_all(task.manifest(), &task.nodes, &results).map_err(one)?;
    let told: Vec<_> = received.iter().filter(|receiver| !receiver.outputs.is_empty()).cloned().collect();
    let (text, failures) = files.deliver(render(&told), || all_json(&received), || stats::all_json(&all_stats));
    if failures.is_empty() {
        return Ok(text);
    }
    print(&text);
    Err(failures)
}

/// The protocol of that name.
pub(crate) fn protocol(name: &str) -> Result<&'static Spec, Failure> {
    find(name).ok_or_else(|| {
        let known: Vec<&str> = PROTOCOLS.iter().map(|spec| spec.name).collect();
        Failure::new(Class::Usage, format!("no protocol `{name}`"))
            .help(format!("the protocols are {}", known.join(", ")))
    })
}

/// The protocol among so many parties, of whom so many may be corrupted.
pub(crate) fn among(
    protocol: &'static Spec,
    parties: Option<usize>,
    threshold: Option<usize>,
) -> Result<Setting, Failure> {
    protocol.among(parties, threshold).map_err(|what| {
        Failure::new(Class::Usage, what)
            .help("--parties says how many there are, --threshold how many of them may be corrupted")
    })
}
