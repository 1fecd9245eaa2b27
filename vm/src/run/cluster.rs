//! All parties of a run on this machine, as processes: this executable starts itself once a party and tells each what to do. Keys are made by the
//! parties in memory and die with them; ports are picked by the system. What goes between the parties goes over TLS on loopback, as in a real run.
//!
//! Parent and child talk in lines of JSON over the child's standard input and output; see [`super::child`] for the other side.

use super::child::{ARGUMENT, LINE, NodeMessage, Order, RunOrder, Said};
use super::party::Outcome;
use super::{Among, Task, root_causes};
use crate::failure::Failure;
use crate::input::{CsvKey, InputFile};
use serde::Serialize;
use serde::de::DeserializeOwned;
use smpc_bytecode::codec;
use smpc_net::Network;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use zeroize::Zeroizing;

/// Runs all parties as processes of `executable`, which must call [`super::child::main`] when it is started as one. Each reads the files of its own
/// inputs, and hashes keyed columns under `key`. Outcomes in the order of the parties.
///
/// # Errors
/// What is wrong with an input; what stopped the program; which process failed.
pub fn in_processes(
    executable: &Path,
    task: &Task,
    files: &[InputFile],
    key: Option<&CsvKey>,
    network: Option<Network>,
) -> Result<Vec<Outcome>, Vec<Failure>> {
    let ours = |error: std::io::Error| vec![Failure::ours(format!("cannot hand the program to the parties: {error}"))];
    let mut program = tempfile::NamedTempFile::new().map_err(ours)?;
    program.write_all(&codec::encode(&task.program.module)).map_err(ours)?;
    let order = |me: usize| {
        Order::Run(RunOrder {
            me,
            protocol: Among::of(&task.protocol),
            params: task.params,
            nodes: task.nodes.clone(),
            threads: task.threads,
            program: program.path().to_owned(),
            files: files_of(task, me, files),
            key: key.map(CsvKey::copy),
            network: network.map(|network| network.to_string()),
        })
    };
    let orders: Vec<Order> = (0..task.protocol.parties).map(order).collect();
    start(executable, &orders)
}

/// The files of a party's own inputs.
fn files_of(task: &Task, party: usize, files: &[InputFile]) -> Vec<InputFile> {
    let inputs = &task.manifest().inputs;
    let is_mine = |file: &&InputFile| {
        let input = inputs.iter().find(|input| input.name == file.input && input.member == file.member);
        input.is_some_and(|input| task.nodes.get(input.role.index()) == Some(&party))
    };
    files.iter().filter(is_mine).cloned().collect()
}

/// Starts a process for each order, makes them known to each other, and returns what each has done.
///
/// # Errors
/// What the processes report; a process that ends without a report.
pub fn start<T: DeserializeOwned>(executable: &Path, orders: &[Order]) -> Result<Vec<T>, Vec<Failure>> {
    let started = orders.iter().map(|order| Process::start(executable, order)).collect::<Result<Vec<_>, Failure>>();
    let mut processes = started.map_err(|failure| vec![failure])?;
    let ready = collect(&mut processes, |said| match said {
        Said::Ready(node) => Some(node),
        Said::Done(_) | Said::Failed(_) => None,
    })?;
    for process in &mut processes {
        process.tell(&ready).map_err(|failure| vec![failure])?;
    }
    collect(&mut processes, |said| match said {
        Said::Done(done) => serde_json::from_value(done).ok(),
        Said::Ready(_) | Said::Failed(_) => None,
    })
}

/// What each process says next; all failures where one fails.
fn collect<T>(processes: &mut [Process], wanted: impl Fn(Said) -> Option<T>) -> Result<Vec<T>, Vec<Failure>> {
    let (mut all, mut failures) = (Vec::new(), Vec::new());
    for (party, process) in processes.iter_mut().enumerate() {
        match process.hear(party) {
            Ok(Said::Failed(more)) => failures.extend(more),
            Ok(said) => match wanted(said) {
                Some(value) => all.push(value),
                None => failures.push(Failure::ours(format!("the process of party {party} said something else"))),
            },
            Err(failure) => failures.push(failure),
        }
    }
    if failures.is_empty() { Ok(all) } else { Err(root_causes(failures)) }
}

/// A party's process; ended when dropped.
struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<BufReader<ChildStdout>>,
}

impl Process {
    fn start(executable: &Path, order: &Order) -> Result<Self, Failure> {
        let mut command = Command::new(executable);
        command.arg(ARGUMENT).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child =
            command.spawn().map_err(|error| Failure::ours(format!("cannot start a party's process: {error}")))?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().map(BufReader::new));
        let mut process = Self { child, stdin, stdout };
        process.tell(order)?;
        Ok(process)
    }

    fn tell(&mut self, message: &impl Serialize) -> Result<(), Failure> {
        let broken =
            |error: &dyn std::fmt::Display| Failure::ours(format!("a party's process does not listen: {error}"));
        // There may be a key in it.
        let mut line = Zeroizing::new(Vec::with_capacity(LINE));
        serde_json::to_writer(&mut *line, message).map_err(|error| broken(&error))?;
        line.push(b'\n');
        let stdin = self.stdin.as_mut().ok_or_else(|| broken(&"it has no input"))?;
        // A process that failed early says why on its output; that it no longer listens is no news.
        match stdin.write_all(&line).and_then(|()| stdin.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(broken(&error)),
            _ => Ok(()),
        }
    }

    fn hear(&mut self, party: usize) -> Result<Said, Failure> {
        let mut line = String::new();
        let read = self.stdout.as_mut().map(|stdout| stdout.read_line(&mut line));
        if let Some(Ok(1..)) = read
            && let Ok(said) = serde_json::from_str(&line)
        {
            return Ok(said);
        }
        let status = self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        Err(Failure::ours(format!("the process of party {party} ended without a result ({status})")))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // One that has reported ends by itself; one that has not is of no use any more.
        if let Ok(None) = self.child.try_wait() {
            std::thread::sleep(std::time::Duration::from_millis(1));
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// What a ready party tells.
pub(super) type Ready = Vec<NodeMessage>;
