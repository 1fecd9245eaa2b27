//! All parties of a run on this machine, as threads of this process: over the in-process links, with the same set-up and comparison of terms.

use super::party::{self, Outcome};
use super::progress::Progress;
use super::stats::Clock;
use super::{Task, root_causes};
use crate::engine::Inputs;
use crate::failure::Failure;
use crate::session::terms;
use smpc_net::{Network, local_mesh};
use smpc_protocols::registry::PLAIN;

/// Bytes of a party's stack: blocks nest, and so do futures.
const STACK: usize = 16 << 20;

/// Runs all parties, with the inputs of all roles. Outcomes in the order of the parties.
///
/// # Errors
/// What stopped the program, or what one of the threads failed of.
pub fn in_threads(task: &Task, inputs: &Inputs, network: Option<Network>) -> Result<Vec<Outcome>, Vec<Failure>> {
    let progress = Progress::default();
    let _display = progress.show();
    if task.protocol.spec == &PLAIN {
        let outcome = party::alone(task, inputs.clone(), &progress, Clock::default());
        return outcome.map(|outcome| vec![outcome]).map_err(|failure| vec![failure]);
    }
    task.program.prepare();
    let ends = local_mesh(task.protocol.parties, task.params.silence(), network);
    let outcomes: Vec<Result<Outcome, Failure>> = std::thread::scope(|scope| {
        let parties: Vec<_> = ends
            .into_iter()
            .enumerate()
            .map(|(me, end)| {
                // The terminal shows the first party's progress.
                let progress = if me == 0 { progress.clone() } else { Progress::default() };
                let inputs = task.inputs_of(me, inputs);
                let run = move || {
                    let mut clock = Clock::default();
                    let mesh = end.open(terms(&task.protocol, &task.params, &task.program, &task.nodes))?;
                    clock.lap("connect");
                    party::over_links(task, mesh, inputs, &progress, clock)
                };
                std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run)
            })
            .collect();
        let ended = |party: std::io::Result<std::thread::ScopedJoinHandle<'_, Result<Outcome, Failure>>>| {
            let thread = party.map_err(|error| Failure::ours(format!("no thread for a party: {error}")))?;
            thread.join().unwrap_or_else(|_| Err(Failure::ours("a party's thread failed")))
        };
        parties.into_iter().map(ended).collect()
    });
    let (mut done, mut failures) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        match outcome {
            Ok(outcome) => done.push(outcome),
            Err(failure) => failures.push(failure),
        }
    }
    if failures.is_empty() { Ok(done) } else { Err(root_causes(failures)) }
}
