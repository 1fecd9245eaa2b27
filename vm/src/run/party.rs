//! One party's run: over the links of a session, or alone in the clear. The one place that knows which type each protocol is.

use super::progress::Progress;
use super::stats::{Clock, PartyStats};
use super::wire::{Ended, LinkWire, NoWire};
use super::{Task, start_workers};
use crate::engine::{Cause, Engine, Fault, Inputs, Results, RunError, Stop};
use crate::failure::{Class, Failure};
use crate::program::Program;
use serde::{Deserialize, Serialize};
use smpc_bytecode::facts::Free;
use smpc_net::{Leave, Mesh, NetError};
use smpc_protocols::mal_rep3::{self, MalRep3};
use smpc_protocols::mal_shamir;
use smpc_protocols::plain::Plain;
use smpc_protocols::registry::{Adversary, MAL_REP3, MAL_SHAMIR, PLAIN, REP3, REP4, SHAMIR, Setting};
use smpc_protocols::rep3::{self, Rep3};
use smpc_protocols::rep4::{self, Rep4};
use smpc_protocols::shamir::{self, Shamir};
use smpc_protocols::{Executor, Protocol, Stats, Wire};
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
    let _workers = start_workers(task.threads)?;
    let alive = || control.progress();
    let job = Run { task, inputs, progress, alive: &alive };
    let (run, stats, ended) = among(&task.protocol, mesh, job)?;
    clock.lap("run");
    match run {
        Ok(results) => {
            let warning = control
                .finish()
                .err()
                .map(|error| format!("the run is complete here, but its end was not confirmed: {error}"));
            clock.lap("finish");
            let stats = PartyStats::new(me, &stats, &counters.counts(), clock);
            Ok(Outcome { results, stats, warning })
        }
        Err(RunError::Stop(stop)) => {
            control.abort(if is_ours(&stop) { Leave::Error } else { Leave::Stopped });
            let failure = stopped(&task.program, &stop);
            Err(match wrong_input(task, &stop).filter(|party| *party != me) {
                // Its own node refuses such a value before anything is sent.
                Some(party) => Failure { class: Class::PeerCheated, ..failure }
                    .help(format!("party {party} plays that role, and its machine has let the value pass: it cheats, or is not what it seems")),
                None => failure,
            })
        }
        Err(RunError::Protocol(error)) => {
            let cause = ended.borrow_mut().take();
            let failure = broken(error, task.protocol.adversary);
            let why = if failure.class == Class::PeerCheated { Leave::Cheated } else { Leave::Error };
            control.abort(cause.as_ref().map_or(why, NetError::leave));
            Err(cause.map_or(failure, Failure::from))
        }
    }
}

/// What a party does under a protocol, whichever it is.
pub(crate) trait Job {
    /// What comes of it.
    type Value;
    /// Why nothing does.
    type Error: From<smpc_protocols::Error>;

    /// Does it.
    fn run<P: Protocol>(self, protocol: &P, executor: &Executor) -> Result<Self::Value, Self::Error>;
}

/// What a job gives.
type Done<J> = Result<<J as Job>::Value, <J as Job>::Error>;

/// Does a job as one party over the links of a session. The first error of the links comes with what the job gives, and what it has cost.
///
/// # Errors
/// The protocol has no parties, or a key is missing.
pub(crate) fn among<J: Job>(setting: &Setting, mut mesh: Mesh, job: J) -> Result<(Done<J>, Stats, Ended), Failure> {
    let (me, session, parties) = (mesh.links.me(), mesh.session, setting.parties);
    let mut key = |peer: usize| mesh.key(peer).ok_or_else(|| Failure::ours("a pairwise key is missing"));
    let peers = (0..parties).filter(|peer| *peer != me);
    let mut keys = peers.map(|peer| Ok((peer, key(peer)?))).collect::<Result<Vec<_>, Failure>>()?;
    let ended = Ended::default();
    let wire = LinkWire { links: mesh.links, ended: Ended::clone(&ended) };
    let number = session.first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
    let control = mesh.control.clone();
    let executor = Executor::new(me, parties, number, 0, Box::new(wire)).watched_over(move || control.progress());
    // What a session takes to begin belongs to no program, here as in the handshake.
    let nothing = || Stats { rounds: 0, sent: vec![0; parties], received: vec![0; parties] };
    let mut with = |peer: usize| {
        let at = keys.iter().position(|(other, _)| *other == peer % parties);
        at.map(|at| keys.swap_remove(at).1).ok_or_else(|| Failure::ours("a pairwise key is missing"))
    };
    // Of three parties, K_i is shared with the left neighbour, and K_{i+1} with the right one.
    let output = if setting.spec == &REP3 {
        let (own, next) = (with(me + 2)?, with(me + 1)?);
        job.run(&Rep3::new(me, rep3::keys(me, own, next, session)), &executor)
    } else if setting.spec == &MAL_REP3 {
        let (own, next, secret) = (with(me + 2)?, with(me + 1)?, smpc_net::fresh_key()?);
        job.run(&MalRep3::new(me, mal_rep3::keys(me, own, next, secret, session), session), &executor)
    } else if setting.spec == &SHAMIR {
        let own = smpc_net::fresh_key()?;
        let keys = shamir::keys(me, own, keys, session);
        job.run(&Shamir::new(me, parties, setting.threshold, keys), &executor)
    } else if setting.spec == &REP4 {
        let fresh = smpc_net::fresh_key;
        let contributions = [fresh()?, fresh()?, fresh()?, fresh()?];
        match rep4::agree(&executor, session, &contributions) {
            Ok(keys) => {
                executor.set_stats(nothing());
                job.run(&Rep4::new(me, keys, session), &executor)
            }
            Err(error) => Err(error.into()),
        }
    } else if setting.spec == &MAL_SHAMIR {
        let pairwise = (smpc_net::fresh_key()?, keys);
        let contributions =
            mal_shamir::sets_of(setting.threshold).map(|_| smpc_net::fresh_key()).collect::<Result<Vec<_>, _>>()?;
        match mal_shamir::agree(&executor, setting.threshold, pairwise, &contributions, session) {
            Ok(keys) => {
                executor.set_stats(nothing());
                job.run(&mal_shamir::party(me, setting.threshold, keys, session), &executor)
            }
            Err(error) => Err(error.into()),
        }
    } else {
        return Err(Failure::ours(format!("the protocol {} has no parties", setting.name)));
    };
    Ok((output, executor.stats(), ended))
}

/// Does a job as one party of a run that only counts, which costs what that party would send and receive.
///
/// # Errors
/// The protocol is not known here.
pub(crate) fn counting<J: Job>(setting: &Setting, me: usize, executor: &Executor, job: J) -> Result<Done<J>, Failure> {
    // A party that computes in the clear begins the same gates as one among others.
    if setting.spec == &REP3 || setting.spec == &PLAIN {
        return Ok(job.run(&Rep3::dry(me), executor));
    }
    if setting.spec == &SHAMIR {
        return Ok(job.run(&Shamir::dry(me, setting.parties, setting.threshold), executor));
    }
    if setting.spec == &MAL_REP3 {
        return Ok(job.run(&MalRep3::dry(me), executor));
    }
    if setting.spec == &MAL_SHAMIR {
        return Ok(job.run(&mal_shamir::dry(me, setting.threshold), executor));
    }
    if setting.spec == &REP4 {
        return Ok(job.run(&Rep4::dry(me), executor));
    }
    Err(Failure::ours(format!("the protocol {} cannot be counted", setting.name)))
}

/// What a protocol has for nothing.
///
/// # Errors
/// As [`counting`].
pub(crate) fn free(setting: &Setting) -> Result<Free, Failure> {
    // A party in the clear is counted as one of three.
    counting(setting, 0, &Executor::dry(0, setting.parties.max(3)), Asked)?
}

/// Asks a protocol what it has for nothing.
struct Asked;

impl Job for Asked {
    type Value = Free;
    type Error = Failure;

    fn run<P: Protocol>(self, protocol: &P, _: &Executor) -> Result<Free, Failure> {
        Ok(Free { relabels: protocol.relabels(), wraps: protocol.wraps() })
    }
}

/// A party's run of a program.
struct Run<'a> {
    task: &'a Task,
    inputs: Inputs,
    progress: &'a Progress,
    alive: &'a dyn Fn(),
}

impl Job for Run<'_> {
    type Value = Results;
    type Error = RunError;

    fn run<P: Protocol>(self, protocol: &P, executor: &Executor) -> Result<Results, RunError> {
        engine(self.task, protocol, executor, self.inputs, self.progress, self.alive)
    }
}

/// Runs a program in the clear, in one party that plays every role.
///
/// # Errors
/// The user's where the program stops.
pub fn alone(task: &Task, inputs: Inputs, progress: &Progress, mut clock: Clock) -> Result<Outcome, Failure> {
    debug_assert_eq!(task.protocol.spec, &PLAIN);
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
        Err(RunError::Protocol(error)) => Err(Failure::from(error)),
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

/// The party whose input was proven to be wrong.
fn wrong_input(task: &Task, stop: &Stop) -> Option<usize> {
    let Cause::Fault(Fault::Input { role: Some(role) }) = &stop.cause else { return None };
    let number = task.manifest().roles.iter().position(|known| known == role)?;
    task.nodes.get(number).copied()
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

/// What an error of a protocol is against such an adversary. Where peers may do anything, a frame that the program has no place for is a peer's doing: programs and what protocols say are compared before a
/// run, and whatever steers it is verified first.
fn broken(error: smpc_protocols::Error, adversary: Adversary) -> Failure {
    match error {
        smpc_protocols::Error::Frame { peer, .. } if adversary == Adversary::Malicious => {
            Failure::new(Class::PeerCheated, error.to_string()).help(format!(
                "party {peer} cheats, or its machine fails; nothing was revealed that the program does not reveal; do not run again with it before you know why"
            ))
        }
        _ => Failure::from(error),
    }
}

impl From<smpc_protocols::Error> for Failure {
    fn from(error: smpc_protocols::Error) -> Self {
        use smpc_protocols::Error;
        match &error {
            // A frame that no program sends here.
            Error::Frame { peer, .. } => Self::new(Class::PeerLost, error.to_string())
                .help(format!("is the same version of the program installed at party {peer}?")),
            Error::Differ { parties } => Self::new(
                Class::PeerCheated,
                format!("{error}; this party has stopped before it sent anything else"),
            )
            .help(format!(
                "nothing was revealed that the program does not reveal; do not run again with {} before you know why",
                smpc_protocols::named(parties)
            )),
            _ => Self::ours(error.to_string()),
        }
    }
}

impl From<smpc_protocols::Error> for RunError {
    fn from(error: smpc_protocols::Error) -> Self {
        Self::Protocol(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpc_protocols::Error;

    /// A frame out of step is cheating where peers may cheat, and else the end of a link; two that differ is cheating wherever it is seen.
    #[test]
    fn a_frame_out_of_step_is_the_peers_doing() {
        let frame = Error::Frame { peer: 2, tick: 7, field: "length", expected: 8, found: 9 };
        for (adversary, class) in [(Adversary::SemiHonest, Class::PeerLost), (Adversary::Malicious, Class::PeerCheated)]
        {
            let failure = broken(frame.clone(), adversary);
            assert_eq!(failure.class, class);
            assert!(failure.message.contains("party 2") && failure.help.is_some_and(|help| help.contains("party 2")));
            let differ = broken(Error::Differ { parties: vec![0, 2] }, adversary);
            assert_eq!(differ.class, Class::PeerCheated);
            assert_eq!(broken(Error::Internal("x"), adversary).class, Class::Ours);
        }
    }
}
