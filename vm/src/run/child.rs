//! A process that is one party of a run on this machine: started by [`super::cluster`], told what to do on its standard input, answering on its
//! standard output. Its key is made here, in memory, and dies with it.

use super::cluster::Ready;
use super::party::{self, Outcome};
use super::progress::Progress;
use super::stats::Clock;
use super::{Among, Task};
use crate::failure::{Failure, caught};
use crate::input::{self, CsvKey, InputFile};
use crate::program::Program;
use crate::session::{Params, terms};
use serde::{Deserialize, Serialize};
use smpc_bytecode::op::RoleId;
use smpc_net::{Config, Fingerprint, Identity, Mesh, Network, Node, Terms, connect_on};
use smpc_protocols::registry::PLAIN;
use std::io::{BufRead as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use zeroize::Zeroizing;

/// Bytes that an order takes, so that a line with a key in it does not move as it grows.
pub(super) const LINE: usize = 1 << 16;

/// The only argument of a party's process; no user types it.
pub const ARGUMENT: &str = "__party";

/// What a process is told to do.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// Run a program.
    Run(RunOrder),
    /// Measure something.
    Bench(crate::bench::BenchOrder),
    /// Measure what a kind of gate takes.
    Calibrate(crate::bench::calibrate::CalibrateOrder),
}

/// One party's part in a run.
#[derive(Debug, Serialize, Deserialize)]
pub struct RunOrder {
    pub(super) me: usize,
    pub(super) protocol: Among,
    pub(super) params: Params,
    pub(super) nodes: Vec<usize>,
    pub(super) threads: usize,
    pub(super) program: PathBuf,
    pub(super) files: Vec<InputFile>,
    /// Under which the keyed columns of all parties are hashed.
    pub(super) key: Option<CsvKey>,
    pub(super) network: Option<String>,
}

/// What a process says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Said {
    /// It listens here and has this fingerprint.
    Ready(NodeMessage),
    /// It is done, with this result.
    Done(serde_json::Value),
    /// It has failed.
    Failed(Vec<Failure>),
}

/// Where a party's process listens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NodeMessage {
    address: String,
    fingerprint: String,
}

/// Whether this process was started as a party of another one's run. To be asked before the command line is read.
#[must_use]
pub fn is_child() -> bool {
    std::env::args_os().nth(1).is_some_and(|argument| argument == ARGUMENT)
}

/// Does what the parent process says.
#[must_use]
pub fn main() -> ExitCode {
    let said = match caught(serve) {
        Ok(done) => Said::Done(done),
        Err(failures) => Said::Failed(failures),
    };
    match say(&said) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => ExitCode::from(failure.class.exit_code()),
    }
}

fn serve() -> Result<serde_json::Value, Vec<Failure>> {
    let one = |failure: Failure| vec![failure];
    let order: Order = hear().map_err(one)?;
    match order {
        Order::Run(order) => run(order).and_then(|outcome| value(&outcome).map_err(one)),
        Order::Bench(order) => crate::bench::party(&order).map_err(one),
        Order::Calibrate(order) => crate::bench::calibrate::party(&order).map_err(one),
    }
}

/// Anything as what the parent gets.
pub(crate) fn value(of: &impl Serialize) -> Result<serde_json::Value, Failure> {
    serde_json::to_value(of).map_err(|error| Failure::ours(format!("a result that cannot be told: {error}")))
}

fn hear<T: serde::de::DeserializeOwned>() -> Result<T, Failure> {
    // There may be a key in it.
    let mut line = Zeroizing::new(String::with_capacity(LINE));
    let read = std::io::stdin().lock().read_line(&mut line);
    read.ok()
        .and_then(|_| serde_json::from_str(&line).ok())
        .ok_or_else(|| Failure::ours("a party's process was started by hand, or its parent is gone"))
}

fn say(said: &Said) -> Result<(), Failure> {
    let mut line = serde_json::to_vec(said).map_err(|error| Failure::ours(error.to_string()))?;
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    out.write_all(&line).and_then(|()| out.flush()).map_err(|error| Failure::ours(error.to_string()))
}

fn run(order: RunOrder) -> Result<Outcome, Vec<Failure>> {
    let one = |failure: Failure| vec![failure];
    let mut clock = Clock::default();
    let protocol = order.protocol.setting().map_err(one)?;
    let program = Program::load(&order.program, order.params.memory).map_err(one)?;
    program.prepare();
    let task = Task { program, protocol, params: order.params, nodes: order.nodes, threads: order.threads };
    clock.lap("load");
    let is_mine = |role: RoleId| task.nodes.get(role.index()) == Some(&order.me);
    let inputs = input::read(task.manifest(), is_mine, &order.files, order.key.as_ref())?;
    // It is needed no more.
    drop(order.key);
    clock.lap("inputs");
    let progress = Progress::default();
    // The terminal shows the first party's progress.
    let _display = (order.me == 0).then(|| progress.show());
    if task.protocol.spec == &PLAIN {
        meet(order.me).map_err(one)?;
        return party::alone(&task, inputs, &progress, clock).map_err(one);
    }
    let terms = terms(&task.protocol, &task.params, &task.program, &task.nodes);
    let network = order.network.as_deref().map(str::parse::<Network>).transpose();
    let network = network.map_err(|error| vec![Failure::user(error.to_string())])?;
    let mesh = connect(order.me, &terms, task.params.silence(), network).map_err(one)?;
    clock.lap("connect");
    party::over_links(&task, mesh, inputs, &progress, clock).map_err(one)
}

/// Makes an identity, listens, and exchanges both with the other parties by way of the parent.
fn meet(me: usize) -> Result<(TcpListener, Identity, Vec<Node>), Failure> {
    let ours = |error: std::io::Error| Failure::ours(format!("cannot listen on loopback: {error}"));
    let identity = Identity::generate(&format!("party {me}"))?;
    let listener = TcpListener::bind("127.0.0.1:0").map_err(ours)?;
    let address = listener.local_addr().map_err(ours)?.to_string();
    say(&Said::Ready(NodeMessage { address, fingerprint: identity.fingerprint().to_string() }))?;
    let ready: Ready = hear()?;
    let node = |node: NodeMessage| -> Result<Node, Failure> {
        let fingerprint: Fingerprint =
            node.fingerprint.parse().map_err(|_| Failure::ours("a party's fingerprint is none"))?;
        Ok(Node { address: node.address, fingerprint })
    };
    Ok((listener, identity, ready.into_iter().map(node).collect::<Result<_, _>>()?))
}

/// Tells the parent that this party is ready, where it has no links.
pub(crate) fn ready(me: usize) -> Result<(), Failure> {
    meet(me).map(drop)
}

/// Sets up the session with the other parties of the run.
pub(crate) fn connect(me: usize, terms: &Terms, silence: Duration, network: Option<Network>) -> Result<Mesh, Failure> {
    let (listener, identity, nodes) = meet(me)?;
    let config = Config { me, nodes, silence, channels: 1, network };
    Ok(connect_on(Some(listener), &identity, &config, terms, &|_| ())?)
}
