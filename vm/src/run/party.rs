//! One party's run: over the links of a session, or alone in the clear. The one place that knows which type each protocol is.

use super::progress::Progress;
use super::stats::{Clock, PartyStats};
use super::wire::{Ended, LinkWire, NoWire};
use super::{Task, start_workers};
use crate::engine::{Cause, Engine, Fault, Inputs, Results, RunError, Stop};
use crate::failure::{Class, Failure};
use crate::program::Program;
use serde::{Deserialize, Serialize};
use smpc_net::{Leave, Mesh, NetError};
use smpc_protocols::plain::Plain;
use smpc_protocols::registry::{PLAIN, REP3};
use smpc_protocols::rep3::{Keys, Rep3};
use smpc_protocols::{Executor, Protocol, Wire};
use std::cell::Cell;

/// What a party's run gives.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// What it learned.
    pub results: Results,
    /// What that has cost it.
    pub stats: PartyStats,
    /// What its operator should hear although the run succeeded.
    pub warning: Option<String>,
}

/// Runs a party over its session's links and ends the session.
///
/// # Errors
/// The user's where the program stops; the peer's where one is lost.
pub fn over_links(
    task: &Task,
    mesh: Mesh,
    inputs: Inputs,
    progress: &Progress,
    mut clock: Clock,
) -> Result<Outcome, Failure> {
    let me = mesh.links.me();
    let (control, counters) = (mesh.control.clone(), mesh.links.counters());
    if task.protocol != &REP3 {
        return Err(Failure::ours(format!("the protocol {} has no parties", task.protocol.name)));
    }
    let _workers = start_workers(task.threads)?;
    let Rep3Party { protocol, executor, ended } = rep3(mesh)?;
    let alive = || control.progress();
    let run = engine(task, &protocol, &executor, inputs, progress, &alive);
    clock.lap("run");
    match run {
        Ok(results) => {
            let warning = control
                .finish()
                .err()
                .map(|error| format!("the run is complete here, but its end was not confirmed: {error}"));
            clock.lap("finish");
            let stats = PartyStats::new(me, &executor.stats(), &counters.counts(), clock);
            Ok(Outcome { results, stats, warning })
        }
        Err(RunError::Stop(stop)) => {
            control.abort(if is_ours(&stop) { Leave::Error } else { Leave::Stopped });
            Err(stopped(&task.program, &stop))
        }
        Err(RunError::Protocol(error)) => {
            let cause = ended.borrow_mut().take();
            control.abort(cause.as_ref().map_or(Leave::Error, NetError::leave));
            Err(cause.map_or_else(|| out_of_step(&error), Failure::from))
        }
    }
}

/// One party of `rep3` over the links of a session.
pub(crate) struct Rep3Party {
    pub(crate) protocol: Rep3<Keys>,
    pub(crate) executor: Executor,
    ended: Ended,
}

/// Takes keys and links out of a session.
pub(crate) fn rep3(mut mesh: Mesh) -> Result<Rep3Party, Failure> {
    let (me, session) = (mesh.links.me(), mesh.session);
    let mut key = |peer: usize| mesh.key(peer).ok_or_else(|| Failure::ours("a pairwise key is missing"));
    // K_i is shared with the left neighbour, K_{i+1} with the right one.
    let (own, next) = (key((me + 2) % 3)?, key((me + 1) % 3)?);
    let ended = Ended::default();
    let wire = LinkWire { links: mesh.links, ended: Ended::clone(&ended) };
    let number = session.first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
    Ok(Rep3Party {
        protocol: Rep3::new(me, Keys::new(me, own, next, session)),
        executor: Executor::new(me, REP3.parties, number, 0, Box::new(wire)),
        ended,
    })
}

/// Runs a program in the clear, in one party that plays every role.
///
/// # Errors
/// The user's where the program stops.
pub fn alone(task: &Task, inputs: Inputs, progress: &Progress, mut clock: Clock) -> Result<Outcome, Failure> {
    debug_assert_eq!(task.protocol, &PLAIN);
    let _workers = start_workers(task.threads)?;
    let executor = Executor::new(0, 1, 0, 0, Box::new(NoWire) as Box<dyn Wire>);
    let run = engine(task, &Plain, &executor, inputs, progress, &|| ());
    clock.lap("run");
    match run {
        Ok(results) => {
            let stats = PartyStats::new(0, &executor.stats(), &[], clock);
            Ok(Outcome { results, stats, warning: None })
        }
        Err(RunError::Stop(stop)) => Err(stopped(&task.program, &stop)),
        Err(RunError::Protocol(error)) => Err(Failure::ours(error.to_string())),
    }
}

/// Levels between two looks at the counters for the display.
const LEVELS: u32 = 64;

fn engine<P: Protocol>(
    task: &Task,
    protocol: &P,
    executor: &Executor,
    inputs: Inputs,
    progress: &Progress,
    alive: &dyn Fn(),
) -> Result<Results, RunError> {
    let levels = Cell::new(0_u32);
    let level = || {
        alive();
        levels.set(levels.get().wrapping_add(1));
        if levels.get().is_multiple_of(LEVELS) {
            progress.levels(u64::from(LEVELS), executor.rounds());
        }
    };
    let plan = task.plan();
    Engine::new(&task.program, protocol, executor, &plan, inputs, &level).run()
}

/// Whether a stop is the machine's fault and not the program's.
const fn is_ours(stop: &Stop) -> bool {
    matches!(stop.cause, Cause::Fault(Fault::Malformed(_)))
}

/// A stop with its source line.
pub(super) fn stopped(program: &Program, stop: &Stop) -> Failure {
    let class = if is_ours(stop) { Class::Ours } else { Class::User };
    let failure = Failure::new(class, stop.describe(&program.module));
    match stop.cause {
        Cause::Steps(_) => {
            failure.help("raise `steps` in the session file, at all parties alike, if the program is meant to run on")
        }
        Cause::Fault(_) | Cause::Message(_) => failure,
    }
}

/// A frame that no program sends here.
fn out_of_step(error: &smpc_protocols::Error) -> Failure {
    match error {
        smpc_protocols::Error::Frame { peer, .. } => Failure::new(Class::PeerLost, error.to_string())
            .help(format!("is the same version of the program installed at party {peer}?")),
        _ => Failure::ours(error.to_string()),
    }
}
