//! How long a run takes: the traces of all parties played against a clock each.
//!
//! * A gate keeps its party busy for as long as gates of its kind and size took where the constants were measured ([`super::calibration`]), all parties at it at
//!   once on one machine.
//! * What a party's process uses of memory it has to get first, cleared by the system: so it begins.
//! * What a round sends to a peer follows what was sent there before, at the link's rate, while the party still computes; it arrives half a round trip after its
//!   last byte has left, which is what [`smpc_net::Network`] emulates.
//! * A party's round ends when it has done its work and has what its peers sent; a peer that sends nothing in a round is not waited for.
//!
//! Starting processes, connecting, reading inputs and compiling are not part of it, as they are not part of a run's `seconds.run`.

use super::calibration::Table;
use crate::engine::{Part, Step, Trace};
use smpc_net::Network;

/// Bytes that encryption adds to a record, and most bytes of a record: TLS 1.3 with AES-128-GCM (RFC 8446, 5.2).
const RECORD_OVERHEAD: u64 = 22;
const RECORD: u64 = 16 * 1024;

/// Turns of a loop after which further ones are taken to last as long as the last.
const TURNS: u64 = 12;

/// What a run is timed with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model<'a> {
    pub(super) table: &'a Table<'a>,
    /// The network; `None` for processes on one machine.
    pub(super) network: Option<Network>,
    /// Whether messages arrive as they leave, to see what is not the network's doing.
    pub(super) at_once: bool,
}

impl Model<'_> {
    /// Nanoseconds from a message's last byte to its arrival.
    fn latency(&self) -> f64 {
        match &self.network {
            _ if self.at_once => 0.0,
            None => self.table.constants.round,
            Some(network) => network.rtt.as_secs_f64() * 1e9 / 2.0 + self.table.constants.network_round,
        }
    }

    /// Nanoseconds that a link is busy with a message.
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    fn on_link(&self, bytes: u64) -> f64 {
        let Some(rate) = self.network.and_then(|network| network.bandwidth) else { return 0.0 };
        let wire = bytes.saturating_add(bytes.div_ceil(RECORD).saturating_mul(RECORD_OVERHEAD));
        wire as f64 * 8e9 / rate.max(1) as f64
    }

    /// Nanoseconds of each gate that begins in a step, with its number.
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    pub(super) fn works<'t>(&self, trace: &'t Trace, step: &'t Step) -> impl Iterator<Item = (u32, f64)> {
        step.work.iter().filter_map(|(id, times)| {
            let gate = trace.gates.get(*id as usize)?;
            Some((*id, self.table.nanoseconds(&gate.kind, gate.units) * *times as f64))
        })
    }

    /// Nanoseconds of a step at a party that is in step with the others, its own work's and all.
    pub(super) fn step(&self, trace: &Trace, step: &Step) -> (f64, f64) {
        let work: f64 = self.works(trace, step).map(|(_, ns)| ns).sum();
        match &step.round {
            None => (work, work),
            Some((sent, received)) => {
                let most = sent.iter().chain(received).map(|bytes| self.on_link(*bytes)).fold(0.0, f64::max);
                let emulation = self.emulation(sent);
                (work, (work + emulation).max(most) + self.latency())
            }
        }
    }

    /// Nanoseconds that the emulation of a network takes for a round's bytes.
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    fn emulation(&self, sent: &[u64]) -> f64 {
        let byte = if self.network.is_some() { self.table.constants.network_byte } else { 0.0 };
        sent.iter().map(|bytes| *bytes as f64 * byte).sum()
    }

    /// Seconds of a run, from the first party's start to the last one's end; `memory` are the bytes that each party's process uses of memory for what it computes.
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    pub(super) fn seconds(&self, traces: &[Trace], memory: &[f64]) -> f64 {
        let parties = traces.len();
        // What each party takes for each of its steps, once and for all.
        let steps = traces.iter().map(|trace| {
            let timed = trace.steps.iter().map(|(step, _)| Timed {
                work: self.works(trace, step).map(|(_, ns)| ns).sum::<f64>()
                    + step.round.as_ref().map_or(0.0, |(sent, _)| self.emulation(sent)),
                sends: step.round.as_ref().map(|(sent, _)| {
                    let link = |bytes: &u64| (*bytes > 0).then(|| self.on_link(*bytes));
                    sent.iter().map(link).collect()
                }),
            });
            timed.collect::<Vec<_>>()
        });
        let player = Player { steps: steps.collect(), latency: self.latency() };
        let fresh = |party: usize| memory.get(party).map_or(0.0, |bytes| bytes * self.table.constants.fresh_byte);
        let mut clocks = Clocks { now: (0..parties).map(fresh).collect(), free: vec![vec![0.0; parties]; parties] };
        let parts: Vec<&[Part]> = traces.iter().map(|trace| &trace.parts[..]).collect();
        player.play(&parts, &mut clocks);
        clocks.now.iter().copied().fold(0.0, f64::max) / 1e9
    }
}

/// A step of a party in nanoseconds.
struct Timed {
    work: f64,
    /// How long each link is busy with what is sent over it, where a round ends.
    sends: Option<Vec<Option<f64>>>,
}

/// When each party is where it is, and when its links to the others have sent all that they were given.
#[derive(Clone)]
struct Clocks {
    now: Vec<f64>,
    free: Vec<Vec<f64>>,
}

impl Clocks {
    /// How much each clock has moved since.
    fn since(&self, earlier: &Self) -> Vec<f64> {
        self.now.iter().zip(&earlier.now).map(|(now, then)| now - then).collect()
    }

    fn advance(&mut self, by: &[f64], times: f64) {
        self.now.iter_mut().zip(by).for_each(|(now, by)| *now += by * times);
        for (own, by) in self.free.iter_mut().zip(by) {
            own.iter_mut().for_each(|free| *free += by * times);
        }
    }
}

struct Player {
    steps: Vec<Vec<Timed>>,
    latency: f64,
}

impl Player {
    /// Plays the parts of all parties, which have the same shape: rounds and turns are the same for all.
    fn play(&self, parties: &[&[Part]], clocks: &mut Clocks) {
        let mut cursors: Vec<Cursor<'_>> = parties.iter().map(|parts| Cursor { parts, at: 0, done: 0 }).collect();
        loop {
            let parts: Vec<&Part> = cursors.iter().filter_map(Cursor::part).collect();
            if parts.len() < parties.len() {
                return;
            }
            if let Some(bodies) = parts.iter().map(|part| body(part)).collect::<Option<Vec<_>>>() {
                let times = bodies.iter().map(|(_, times)| *times).min().unwrap_or(0);
                let bodies: Vec<&[Part]> = bodies.iter().map(|(body, _)| *body).collect();
                self.repeat(times, clocks, |player, clocks| player.play(&bodies, clocks));
                cursors.iter_mut().for_each(Cursor::skip);
            } else if let Some(steps) = parts.iter().map(|part| steps(part)).collect::<Option<Vec<_>>>() {
                let left = cursors.iter().zip(&steps).map(|(cursor, (_, times))| times - cursor.done);
                let times = left.min().unwrap_or(0).max(1);
                let steps: Vec<u32> = steps.iter().map(|(step, _)| *step).collect();
                self.repeat(times, clocks, |player, clocks| player.step(&steps, clocks));
                cursors.iter_mut().for_each(|cursor| cursor.advance(times));
            } else {
                // Parties whose traces differ in shape: there are none.
                return;
            }
        }
    }

    /// Goes through something so many times: the first turns one by one, the rest as the last of them. Parties that are not in step take turns to wait, so that
    /// as many turns as there are parties are looked at together.
    fn repeat(&self, times: u64, clocks: &mut Clocks, turn: impl Fn(&Self, &mut Clocks)) {
        let together = self.steps.len().max(1) as u64;
        let mut last: Option<Vec<f64>> = None;
        let mut before = clocks.clone();
        for done in 1..=times {
            turn(self, clocks);
            if done % together != 0 {
                continue;
            }
            let by = clocks.since(&before);
            let steady = |last: &Vec<f64>| last.iter().zip(&by).all(|(a, b)| (a - b).abs() <= 1e-9 * a.abs());
            if done >= TURNS || last.as_ref().is_some_and(steady) {
                #[allow(clippy::cast_precision_loss, reason = "an estimate")]
                clocks.advance(&by, (times - done) as f64 / together as f64);
                return;
            }
            last = Some(by);
            before = clocks.clone();
        }
    }

    /// One step at all parties.
    fn step(&self, numbers: &[u32], clocks: &mut Clocks) {
        let timed: Vec<Option<&Timed>> =
            self.steps.iter().zip(numbers).map(|(steps, number)| steps.get(*number as usize)).collect();
        let start = clocks.now.clone();
        for (now, timed) in clocks.now.iter_mut().zip(&timed) {
            *now += timed.map_or(0.0, |timed| timed.work);
        }
        for (from, timed) in timed.iter().enumerate() {
            let Some(Timed { work, sends: Some(sends) }) = timed else { continue };
            for (to, busy) in sends.iter().enumerate() {
                let Some(busy) = busy else { continue };
                let free = &mut clocks.free[from][to];
                *free = (start[from] + work).max(free.max(start[from]) + busy);
                clocks.now[to] = clocks.now[to].max(*free + self.latency);
            }
        }
    }
}

fn body(part: &Part) -> Option<(&[Part], u64)> {
    match part {
        Part::Repeat(body, times) => Some((body, *times)),
        Part::Steps(..) => None,
    }
}

fn steps(part: &Part) -> Option<(u32, u64)> {
    match part {
        Part::Steps(step, times) => Some((*step, *times)),
        Part::Repeat(..) => None,
    }
}

/// Where a party is in its parts, and how many of equal steps are done.
struct Cursor<'t> {
    parts: &'t [Part],
    at: usize,
    done: u64,
}

impl<'t> Cursor<'t> {
    fn part(&self) -> Option<&'t Part> {
        self.parts.get(self.at)
    }

    fn skip(&mut self) {
        self.at += 1;
        self.done = 0;
    }

    fn advance(&mut self, times: u64) {
        self.done += times;
        if self.part().and_then(steps).is_none_or(|(_, all)| self.done >= all) {
            self.skip();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::cost::calibration::{Calibration, Constants, VERSION};
    use smpc_protocols::registry::REP3;

    fn calibration() -> Calibration {
        let constants = Constants { round: 1000.0, network_round: 0.0, ..Constants::default() };
        let protocols = [("rep3".to_owned(), constants)].into();
        Calibration { version: VERSION, machine: "none".to_owned(), cores: 2, protocols }
    }

    /// Each party's rounds: bytes to each peer.
    fn traces(turns: u64, rounds: &[[[u64; 3]; 3]]) -> Vec<Trace> {
        let of = |party: usize| {
            let mut trace = Trace::new(false);
            let mark = trace.mark();
            for round in rounds {
                trace.round(&round[party], &[round[0][party], round[1][party], round[2][party]]);
            }
            trace.fold(mark, turns);
            trace.end();
            trace
        };
        (0..3).map(of).collect()
    }

    fn seconds(network: Option<&str>, turns: u64, rounds: &[[[u64; 3]; 3]]) -> f64 {
        let calibration = calibration();
        let table = calibration.of(&REP3.among(None, None).expect("a setting")).expect("constants");
        let network = network.map(|text| text.parse().expect("a network"));
        Model { table: &table, network, at_once: false }.seconds(&traces(turns, rounds), &[])
    }

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-6 * b.abs(), "{a} {b}");
    }

    const RING: [[u64; 3]; 3] = [[0, 0, 8], [8, 0, 0], [0, 8, 0]];

    #[test]
    fn a_round_is_half_a_round_trip() {
        close(seconds(None, 1_000_000, &[RING]), 1.0);
        close(seconds(Some("rtt=20ms"), 1000, &[RING]), 10.0);
        // Eight million bits and their records, at a million a second.
        let large = RING.map(|row| row.map(|bytes| bytes * 125_000));
        close(seconds(Some("bandwidth=1mbit"), 1, &[large]), 8.0 + 62.0 * 22.0 * 8.0 / 1e6);
        // The next round's bytes wait for those.
        close(seconds(Some("bandwidth=1mbit"), 5, &[large]), 5.0 * (8.0 + 62.0 * 22.0 * 8.0 / 1e6));
    }

    #[test]
    fn memory_that_is_new_takes_time() {
        let mut calibration = calibration();
        let constants = calibration.protocols.get_mut("rep3").expect("constants");
        constants.fresh_byte = 0.5;
        let table = calibration.of(&REP3.among(None, None).expect("a setting")).expect("constants");
        let model = Model { table: &table, network: None, at_once: false };
        close(model.seconds(&traces(1_000_000, &[RING]), &[0.0, 2e9, 1e9]), 2.0);
    }

    #[test]
    fn nobody_waits_for_whom_it_hears_nothing_of() {
        // Party 0 sends to 1, then 1 to 2, and nobody answers.
        let there = [[0, 8, 0], [0, 0, 0], [0, 0, 0]];
        let on = [[0, 0, 0], [0, 0, 8], [0, 0, 0]];
        close(seconds(Some("rtt=20ms"), 1, &[there, on]), 0.02);
        // Again and again: they overlap.
        close(seconds(Some("rtt=20ms"), 100, &[there, on]), 0.02);
        let back = [[0, 0, 0], [0, 0, 0], [8, 0, 0]];
        close(seconds(Some("rtt=20ms"), 100, &[there, on, back]), 3.0);
    }
}
