//! Rounds and bytes of the lines of a program: counted on a thread of their own when somebody first hovers over one, and kept until the text changes.

use super::documents::Documents;
use super::programs::{Modules, with_request};
use super::server::Event;
use super::uri::Place;
use crate::STACK;
use smpc_bytecode::codec;
use smpc_protocols::registry::REP3;
use smpcc_core::compile;
use smpcvm::program::Program;
use smpcvm::run::Task;
use smpcvm::run::cost::count;
use smpcvm::session::Params;
use std::collections::BTreeMap;
use std::sync::mpsc::Sender;

/// Steps after which counting is given up: about a second.
const MOST_STEPS: u64 = 5_000_000;

/// Most counts at a time: those of texts that have changed meanwhile end by themselves.
const MOST_RUNNING: usize = 2;

/// What the lines of a program cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LineCosts {
    /// The protocol that was counted.
    pub(super) protocol: &'static str,
    /// Whether a run may cost more.
    pub(super) at_least: bool,
    /// Rounds, and bytes that the first party sends, by file and line from 1.
    pub(super) lines: BTreeMap<(String, u32), (u64, u64)>,
}

/// What has been counted.
#[derive(Debug)]
pub(super) struct Costs {
    events: Sender<Event>,
    /// Counted, or being counted. What cannot be counted costs nothing that could be told.
    known: BTreeMap<Place, State>,
    /// The number of the count that was begun last, and how many have not ended.
    last: u64,
    running: usize,
}

#[derive(Debug)]
enum State {
    Running(u64),
    Done(Option<LineCosts>),
}

/// Whether costs are known.
#[derive(Debug)]
pub(super) enum Asked<'c> {
    /// They are being counted.
    Later,
    /// They are known, or cannot be counted.
    Now(Option<&'c LineCosts>),
}

impl Costs {
    pub(super) const fn new(events: Sender<Event>) -> Self {
        Self { events, known: BTreeMap::new(), last: 0, running: 0 }
    }

    /// The program has changed, or gone.
    pub(super) fn forget(&mut self, place: &Place) {
        self.known.remove(place);
    }

    /// The costs of the program with that main file; begins to count where they are not known.
    pub(super) fn of(&mut self, place: &Place, documents: &Documents) -> Asked<'_> {
        if !self.known.contains_key(place) && self.running < MOST_RUNNING {
            let state = self.begin(place, documents);
            self.known.insert(place.clone(), state);
        }
        match self.known.get(place) {
            Some(State::Done(costs)) => Asked::Now(costs.as_ref()),
            Some(State::Running(_)) => Asked::Later,
            None => Asked::Now(None),
        }
    }

    fn begin(&mut self, place: &Place, documents: &Documents) -> State {
        let Some(document) = documents.get(place) else { return State::Done(None) };
        // The texts go along: the thread sees what the editor had when it was asked.
        let modules = Modules::of(place, &document.text, documents);
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        with_request(place, &document.text, &modules, |request| {
            let outline = smpcc_core::analysis::outline(request);
            for file in outline.sources().files().iter().skip(1) {
                texts.insert(file.path.clone(), file.text.clone());
            }
        });
        self.last += 1;
        let (number, events) = (self.last, self.events.clone());
        let (owner, text) = (place.clone(), document.text.clone());
        let work = move || {
            // A count that fails has no result; the server and its other answers are not touched by it.
            let costs = std::panic::catch_unwind(|| counted(&owner, &text, &texts)).unwrap_or_default();
            // The server may have ended.
            let _ = events.send(Event::Counted(owner, number, costs));
        };
        match std::thread::Builder::new().name("costs".to_owned()).stack_size(STACK).spawn(work) {
            Ok(_) => {
                self.running += 1;
                State::Running(number)
            }
            Err(_) => State::Done(None),
        }
    }

    /// Takes the result of a count; false where the text has changed since it was begun.
    pub(super) fn take(&mut self, place: &Place, number: u64, costs: Option<LineCosts>) -> bool {
        self.running = self.running.saturating_sub(1);
        let current = matches!(self.known.get(place), Some(State::Running(own)) if *own == number);
        if current {
            self.known.insert(place.clone(), State::Done(costs));
        }
        current
    }
}

/// Compiles a program and counts it; `None` where it has an error, or takes too long.
fn counted(place: &Place, text: &str, texts: &BTreeMap<String, String>) -> Option<LineCosts> {
    let loader = |name: &str| texts.get(&format!("{name}.smpc")).cloned();
    let circuits = |name: &str| place.beside(name);
    let path = place.name();
    let request = smpcc_core::Request { loader: &loader, circuits: &circuits, ..smpcc_core::Request::new(&path, text) };
    let module = compile(&request).module?;
    let params = Params { steps: MOST_STEPS, ..Params::default() };
    let program = Program::from_bytes(&codec::encode(&module), params.memory).ok()?;
    let cost = count(&Task::local(program, REP3.among(None, None).ok()?, params), None).ok()?;
    let talks = |line: &smpcvm::run::cost::LineCost| line.rounds > 0 || line.bytes_sent > 0;
    let lines = cost
        .lines
        .into_iter()
        .filter(talks)
        .map(|line| ((line.file, line.line), (line.rounds, line.bytes_sent)))
        .collect();
    Some(LineCosts { protocol: cost.protocol.name, at_least: cost.at_least, lines })
}
