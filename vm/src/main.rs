//! The command line of the virtual machine: reads arguments, calls the library, prints, and ends with the right code. Results go to stdout, everything
//! else to stderr.

mod cli;

use clap::Parser as _;
use cli::{Cli, Command, IdentityCommand, NewIdentity, NewSessionFile, Run, SessionCommand};
use smpc_net::Identity;
use smpcvm::failure::{Class, Failure, caught};
use smpcvm::output::OutputFile;
use smpcvm::program::Program;
use smpcvm::run::separate::{self, PartyRun};
use smpcvm::run::{check_threads, child};
use smpcvm::session::{NewSession, NodeArgument, Params, RoleArgument, audit_digest};
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr;

/// Vectors of many lanes come and go all the time; the system's own allocator gives their memory back each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if child::is_child() {
        return child::main();
    }
    let command = Cli::parse().command;
    let done = caught(|| match command {
        Command::Run(run) => run_party(run),
        Command::Identity { command: IdentityCommand::New(new) } => new_identity(&new).map_err(|failure| vec![failure]),
        Command::Session { command: SessionCommand::New(new) } => new_session(new).map_err(|failure| vec![failure]),
        Command::Bench(bench) if bench.calibrate => {
            let among = (bench.parties, bench.threshold);
            smpcvm::bench::calibrate::command(bench.protocol.as_deref(), among, bench.output.as_deref(), &log)
        }
        Command::Bench(bench) => smpcvm::bench::command(&bench.options(), &log),
        Command::Protocols(protocols) => {
            smpcvm::protocols::command(&protocols.options()).map_err(|failure| vec![failure])
        }
    });
    match done {
        Ok(text) => {
            print(&text);
            ExitCode::SUCCESS
        }
        Err(failures) => {
            failures.iter().for_each(|failure| log(&failure.to_string()));
            ExitCode::from(failures.first().map_or(Class::Ours, |failure| failure.class).exit_code())
        }
    }
}

fn print(text: &str) {
    // Whoever reads may be gone; the work is done all the same.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn log(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Arguments of a repeated option.
fn parse_all<T: FromStr<Err = Failure>>(texts: &[String]) -> Result<Vec<T>, Failure> {
    texts.iter().map(|text| text.parse()).collect()
}

/// The digest that `--audit` names.
fn audit(text: Option<&str>) -> Result<Option<[u8; 32]>, Failure> {
    text.map(|text| audit_digest(text, "--audit")).transpose()
}

fn run_party(run: Run) -> Result<String, Vec<Failure>> {
    let one = |failure: Failure| vec![failure];
    let network = run.network.as_deref().map(str::parse).transpose();
    let party = PartyRun {
        program: run.program,
        session: run.session,
        party: run.party,
        audit: audit(run.audit.as_deref()).map_err(one)?,
        inputs: parse_all(&run.inputs).map_err(one)?,
        csv_key: run.csv_key,
        output: run.output,
        stats: run.stats,
        identity: run.identity,
        network: network.map_err(|error| vec![Failure::new(Class::Usage, format!("--network: {error}"))])?,
        threads: check_threads(run.threads).map_err(one)?,
    };
    separate::run(&party, &log, &print).map(|()| String::new())
}

fn new_identity(new: &NewIdentity) -> Result<String, Failure> {
    let (identity, file) = Identity::create(Path::new("."), &new.name)?;
    log(&format!("wrote {} (keep it to yourself) and its certificate", file.display()));
    log("hand this fingerprint to the other parties, over a channel that you trust:");
    Ok(format!("{}\n", identity.fingerprint()))
}

fn new_session(new: NewSessionFile) -> Result<String, Failure> {
    let default = Params::default();
    let params = Params {
        silence: new.silence.unwrap_or(default.silence),
        steps: new.steps.unwrap_or(default.steps),
        memory: new.memory.unwrap_or(default.memory),
        ..default
    };
    let nodes: Vec<NodeArgument> = parse_all(&new.nodes)?;
    let roles: Vec<RoleArgument> = parse_all(&new.roles)?;
    let module = match &new.pin {
        Some(file) => Some(Program::load(file, params.memory)?.hash),
        None => None,
    };
    let audit = audit(new.audit.as_deref())?;
    let nodes = nodes.into_iter().map(|node| node.0).collect();
    let session =
        NewSession { protocol: new.protocol, threshold: new.threshold, nodes, roles, params, module, audit }.make()?;
    match &new.output {
        None => Ok(session.to_toml()),
        Some(path) => {
            OutputFile::probe(path)?.write(session.to_toml())?;
            log(&format!("wrote {}: every party needs the same file", path.display()));
            Ok(String::new())
        }
    }
}
