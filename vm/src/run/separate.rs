//! One party of a session, as its operator starts it: program, session file, key and data from disk; the others somewhere on the network.
//!
//! Everything that can be wrong here is found before a peer hears anything: output paths, session, program, inputs, key, in this order.

use super::Task;
use super::party;
use super::progress::Progress;
use super::stats::Clock;
use crate::failure::Failure;
use crate::input::{self, CsvKey, InputFile};
use crate::output::{self, RunFiles};
use crate::program::Program;
use crate::session::{Session, assign_roles, check_audit, digest, hex};
use smpc_bytecode::facts::walk;
use smpc_bytecode::module::{Module, Output, Receivers, Site};
use smpc_bytecode::op::{Op, RoleId};
use smpc_net::{Config, Identity, Network, connect};
use smpc_protocols::registry::{PLAIN, Setting};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What an operator says on the command line.
#[derive(Clone, Debug)]
pub struct PartyRun {
    /// The compiled program.
    pub program: PathBuf,
    /// The session file.
    pub session: PathBuf,
    /// The number of this party.
    pub party: usize,
    /// The digest that the program's audit must have for this party.
    pub audit: Option<[u8; 32]>,
    /// The files of its inputs.
    pub inputs: Vec<InputFile>,
    /// The file of the key under which keyed columns are hashed.
    pub csv_key: Option<PathBuf>,
    /// Where the results go as JSON.
    pub output: Option<PathBuf>,
    /// Where the statistics go as JSON.
    pub stats: Option<PathBuf>,
    /// The key file; else that of the current folder that the session names.
    pub identity: Option<PathBuf>,
    /// A slower network to emulate.
    pub network: Option<Network>,
    /// Threads for its own work.
    pub threads: usize,
}

/// Runs the party. `log` is for its operator: what is about to happen, and what an operator may want to know. `print` gets the results as text, once they
/// have been written as JSON, or could not be.
///
/// # Errors
/// Everything that is wrong, classed by who is at fault.
pub fn run(arguments: &PartyRun, log: &dyn Fn(&str), print: &dyn Fn(&str)) -> Result<(), Vec<Failure>> {
    let one = |failure: Failure| vec![failure];
    let mut clock = Clock::default();
    let files = RunFiles::probe(arguments.output.as_deref(), arguments.stats.as_deref()).map_err(one)?;
    let session = Session::load(&arguments.session).map_err(one)?;
    let me = arguments.party;
    if me >= session.nodes.len() {
        let message = format!("there is no party {me}: the session has {} nodes, numbered from 0", session.nodes.len());
        return Err(vec![Failure::user(message).help("--party is this party's place among the session's nodes")]);
    }
    let program = Program::load(&arguments.program, session.params.memory).map_err(one)?;
    session.check_module(&program).map_err(one)?;
    for (pinned, by) in [(&session.audit, "the session"), (&arguments.audit, "--audit")] {
        pinned.iter().try_for_each(|pinned| check_audit(&program, pinned, by)).map_err(one)?;
    }
    program.prepare();
    let nodes = assign_roles(&program.module.manifest.roles, &session.roles, session.nodes.len()).map_err(one)?;
    let task = Task { program, protocol: session.protocol, params: session.params, nodes, threads: arguments.threads };
    clock.lap("load");
    let is_mine = |role: RoleId| task.nodes.get(role.index()) == Some(&me);
    if arguments.csv_key.is_some() {
        input::check_key_is_used(task.manifest(), is_mine).map_err(one)?;
    }
    let key = arguments.csv_key.as_deref().map(|file| CsvKey::load(file, log)).transpose().map_err(one)?;
    let inputs = input::read(task.manifest(), is_mine, &arguments.inputs, key.as_ref())?;
    drop(key);
    clock.lap("inputs");
    let terms = session.terms(&task.program, &task.nodes);
    let progress = Progress::default();
    let outcome = if task.protocol.spec == &PLAIN {
        log(&summary(&task, me, &hex(&digest(&terms))));
        let _display = progress.show();
        party::alone(&task, inputs, &progress, clock).map_err(one)?
    } else {
        let identity = match &arguments.identity {
            Some(file) => Identity::load(file),
            None => Identity::find(Path::new("."), &session.nodes[me].fingerprint),
        };
        let identity = identity.map_err(|error| vec![error.into()])?;
        log(&summary(&task, me, &hex(&digest(&terms))));
        let config = Config {
            me,
            nodes: session.nodes.clone(),
            silence: session.params.silence(),
            channels: session.params.channels,
            network: arguments.network,
        };
        let mesh = connect(&identity, &config, &terms, log).map_err(|error| vec![error.into()])?;
        drop(identity);
        clock.lap("connect");
        let _display = progress.show();
        party::over_links(&task, mesh, inputs, &progress, clock).map_err(one)?
    };
    if let Some(warning) = &outcome.warning {
        log(&format!("warning: {warning}"));
    }
    let own = output::own(task.manifest(), &outcome.results);
    let json = || output::own_json(&own);
    let text = output::render(&[output::Received { receiver: "this party".to_owned(), outputs: own.clone() }]);
    let (text, failures) = files.deliver(text, json, || outcome.stats.json().render());
    print(&text);
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

/// How many parties there are, and what they tolerate.
fn threshold(protocol: &Setting) -> String {
    let Setting { parties, threshold, .. } = protocol;
    let statistical = protocol.statistical();
    let statistical = statistical.map(|bits| format!(", {bits} bits of statistical security for each opened number"));
    let soundness =
        protocol.soundness.map(|bits| format!(", a lie passes a verification with a probability below 2^-{bits}"));
    let (statistical, soundness) = (statistical.unwrap_or_default(), soundness.unwrap_or_default());
    format!("{parties} parties, of whom {threshold} may be corrupted{statistical}{soundness}")
}

/// What is about to run, with whom, under which assumptions (R19).
fn summary(task: &Task, me: usize, digest: &str) -> String {
    let manifest = task.manifest();
    let mut text = String::new();
    let _ = writeln!(text, "program   {} {}", hex(&task.program.hash), manifest.program);
    for (name, value) in &manifest.params {
        let _ = writeln!(text, "          {name} = {value}");
    }
    let _ = writeln!(text, "session   {digest}");
    let _ = writeln!(text, "protocol  {}: {}", task.protocol.name, task.protocol.warning);
    let _ = writeln!(text, "          {}", threshold(&task.protocol));
    let role = |(role, node): (&String, &usize)| {
        let this = if *node == me { " (this party)" } else { "" };
        format!("{role}: party {node}{this}")
    };
    let roles: Vec<String> = manifest.roles.iter().zip(&task.nodes).map(role).collect();
    let _ = writeln!(text, "roles     {}", some(roles));
    let output = |output: &Output| {
        let to = match &output.to {
            Receivers::All => "all".to_owned(),
            Receivers::Roles(roles) => {
                roles.iter().filter_map(|role| manifest.roles.get(role.index())).cloned().collect::<Vec<_>>().join(", ")
            }
        };
        let member = output.member.map(|member| format!("[{member}]")).unwrap_or_default();
        format!("{}{member} to {to}", output.name)
    };
    let outputs: Vec<String> = manifest.outputs.iter().map(output).collect();
    let _ = writeln!(text, "outputs   {}", some(outputs));
    let _ = write!(text, "reveals   {}", some(reveals(&task.program.module)));
    text
}

/// Where the program opens a value to all nodes: it is the code that says so, whatever the file says of itself.
fn reveals(module: &Module) -> Vec<String> {
    let mut sites = BTreeSet::new();
    walk(module, &mut |gate| {
        if let Op::Open { .. } = gate.op {
            sites.insert(gate.site);
        }
    });
    let places = sites.iter().filter_map(|site| module.sources.sites.get(site.index()));
    let place = |site: &Site| {
        let file = module.sources.files.get(site.file.index()).map_or("?", String::as_str);
        format!("{file}:{}", site.line)
    };
    let mut places: Vec<String> = places.map(place).collect();
    places.dedup();
    places
}

/// A list that stays readable.
fn some(mut items: Vec<String>) -> String {
    const MOST: usize = 20;
    if items.is_empty() {
        return "none".to_owned();
    }
    if items.len() > MOST {
        let more = items.len() - MOST;
        items.truncate(MOST);
        items.push(format!("and {more} more"));
    }
    items.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpc_bytecode::text::parse;

    #[test]
    fn reveals_are_those_of_the_code() {
        let module = parse(
            r#"program "main.smpc"
slot 0: bin.1[2]
slot 1: pub.bool(0..=1)[2]
file 0 "main.smpc"
file 1 "std/sort.smpc"
site 0: 0:9:5 "let a = reveal(x)"
site 1: 0:9:20 "let a = reveal(x)"
site 2: 1:4:5 "reveal(y)"
function 0 "f" {
  level
    s1 = open{steers=0}(s0) @2
}
main {
  level
    s1 = open{steers=0}(s0) @1
  level
    s1 = open{steers=0}(s0) @0
  level
    call f0 @0
}
"#,
        );
        assert_eq!(reveals(&module.expect("a module")), ["main.smpc:9", "std/sort.smpc:4"]);
    }
}
