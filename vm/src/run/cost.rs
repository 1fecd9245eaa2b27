//! Rounds and bytes of a program without a run: the engine over buffers that have lengths and no content. By construction they are those of a run.
//!
//! Where what a program costs depends on values that it reveals, a run in the clear over given inputs is followed. Without inputs the count is a
//! lower bound and says so: a loop that a revealed value ends counts as one turn, a choice by a revealed value as its cheaper side.

use super::{Task, party};
use crate::engine::{Engine, Guide, Inputs, LineCosts, RunError, depends_on_revealed};
use crate::failure::Failure;
use crate::output::Json;
use smpc_protocols::plain::Plain;
use smpc_protocols::registry::{PLAIN, REP3, Spec};
use smpc_protocols::rep3::{NoKeys, Rep3};
use smpc_protocols::{Executor, Stats};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What a program costs under a protocol.
#[derive(Clone, Debug)]
pub struct Cost {
    /// The protocol.
    pub protocol: &'static Spec,
    /// Rounds and bytes of each party, frame headers included.
    pub parties: Vec<Stats>,
    /// Whether a run may cost more, as that depends on values that it reveals.
    pub at_least: bool,
    /// What the source lines cost at the first party, the dearest first. Rounds that merge in a run are counted at each line that has a part in them,
    /// so that the sum is more than the whole.
    pub lines: Vec<LineCost>,
}

/// What a source line costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineCost {
    /// The file, as the program names it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// Its text.
    pub text: String,
    /// Rounds.
    pub rounds: u64,
    /// Bytes that the party sends.
    pub bytes_sent: u64,
}

/// Counts a program. `inputs` are those of all roles, where they are at hand.
///
/// # Errors
/// The user's: the program takes more steps than it may, or, where it is followed over inputs, stops.
pub fn count(task: &Task, inputs: Option<&Inputs>) -> Result<Cost, Failure> {
    let depends = depends_on_revealed(&task.program.module);
    let guide = match inputs {
        Some(inputs) if depends => Some(follow(task, inputs)?),
        _ => None,
    };
    let (mut parties, lines) = (Vec::new(), RefCell::new(LineCosts::new()));
    if task.protocol == &PLAIN {
        parties.push(Stats { rounds: 0, sent: vec![0], received: vec![0] });
    } else if task.protocol == &REP3 {
        for me in 0..task.protocol.parties {
            parties.push(count_rep3(task, me, guide.as_ref(), None)?);
        }
        count_rep3(task, 0, guide.as_ref(), Some(&lines))?;
    } else {
        return Err(Failure::ours(format!("the protocol {} cannot be counted", task.protocol.name)));
    }
    let at_least = depends && guide.is_none() && task.protocol != &PLAIN;
    Ok(Cost { protocol: task.protocol, parties, at_least, lines: by_line(task, &lines.into_inner()) })
}

fn count_rep3(
    task: &Task,
    me: usize,
    guide: Option<&Guide>,
    lines: Option<&RefCell<LineCosts>>,
) -> Result<Stats, Failure> {
    let (executor, protocol) = (Executor::dry(me, task.protocol.parties), Rep3::<NoKeys>::dry(me));
    let plan = task.plan();
    let mut engine = Engine::new(&task.program, &protocol, &executor, &plan, Vec::new(), &|| ());
    if let Some(guide) = guide {
        engine = engine.following(guide.clone());
    }
    if let Some(lines) = lines {
        engine = engine.by_line(lines);
    }
    engine.run().map_err(|error| failed(task, error))?;
    Ok(executor.stats())
}

/// What a run in the clear reveals.
fn follow(task: &Task, inputs: &Inputs) -> Result<Guide, Failure> {
    let guide = RefCell::new(Guide::default());
    let executor = Executor::new(0, 1, 0, 0, Box::new(super::wire::NoWire));
    let plan = crate::engine::Plan { nodes: vec![0; task.nodes.len()], steps: task.params.steps };
    let engine = Engine::new(&task.program, &Plain, &executor, &plan, inputs.clone(), &|| ());
    engine.recording(&guide).run().map_err(|error| failed(task, error))?;
    Ok(guide.into_inner())
}

fn failed(task: &Task, error: RunError) -> Failure {
    match error {
        RunError::Stop(stop) => party::stopped(&task.program, &stop),
        RunError::Protocol(error) => Failure::ours(error.to_string()),
    }
}

/// Adds up the places of each line, the dearest line first.
fn by_line(task: &Task, costs: &LineCosts) -> Vec<LineCost> {
    let sources = &task.program.module.sources;
    let mut lines: BTreeMap<(usize, u32), LineCost> = BTreeMap::new();
    for (site, stats) in costs {
        let Some(site) = sources.sites.get(site.index()) else { continue };
        let line = lines.entry((site.file.index(), site.line)).or_insert_with(|| LineCost {
            file: sources.files.get(site.file.index()).cloned().unwrap_or_default(),
            line: site.line,
            text: site.text.clone(),
            rounds: 0,
            bytes_sent: 0,
        });
        line.rounds = line.rounds.saturating_add(stats.rounds);
        line.bytes_sent = stats.sent.iter().fold(line.bytes_sent, |sum, bytes| sum.saturating_add(*bytes));
    }
    let mut lines: Vec<LineCost> = lines.into_values().filter(|line| line.rounds > 0 || line.bytes_sent > 0).collect();
    lines.sort_by(|a, b| (b.rounds, b.bytes_sent, &a.file, a.line).cmp(&(a.rounds, a.bytes_sent, &b.file, b.line)));
    lines
}

impl Cost {
    /// As a JSON object.
    #[must_use]
    pub fn json(&self) -> Json {
        let word = |name: &str, value: u64| (name.to_owned(), Json::number(value));
        let sum = |bytes: &[u64]| bytes.iter().fold(0_u64, |sum, more| sum.saturating_add(*more));
        let parties = self.parties.iter().enumerate().map(|(party, stats)| {
            Json::Object(vec![
                word("party", party as u64),
                word("rounds", stats.rounds),
                word("bytes_sent", sum(&stats.sent)),
                word("bytes_received", sum(&stats.received)),
            ])
        });
        let lines = self.lines.iter().map(|line| {
            Json::Object(vec![
                ("file".to_owned(), Json::Text(line.file.clone())),
                word("line", u64::from(line.line)),
                ("text".to_owned(), Json::Text(line.text.trim().to_owned())),
                word("rounds", line.rounds),
                word("bytes_sent", line.bytes_sent),
            ])
        });
        Json::Object(vec![
            ("protocol".to_owned(), Json::Text(self.protocol.name.to_owned())),
            ("at_least".to_owned(), Json::Word(self.at_least.to_string())),
            ("parties".to_owned(), Json::List(parties.collect())),
            ("lines".to_owned(), Json::List(lines.collect())),
        ])
    }
}
