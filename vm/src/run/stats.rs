//! What a run has cost, for `--stats`: rounds, bytes to and from each peer, time by phase, peak memory.

use crate::output::Json;
use serde::{Deserialize, Serialize};
use smpc_net::Count;
use smpc_protocols::Stats;
use std::time::Instant;

/// One party's share of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PartyStats {
    /// The party.
    pub party: usize,
    /// Rounds.
    pub rounds: u64,
    /// Bytes of frames to each party, as `cost` predicts them.
    pub sent: Vec<u64>,
    /// Bytes of frames from each party.
    pub received: Vec<u64>,
    /// Bytes on the wire to each party, encryption included.
    pub wire_sent: Vec<u64>,
    /// Bytes on the wire from each party.
    pub wire_received: Vec<u64>,
    /// Phases in order, with their seconds.
    pub seconds: Vec<(String, f64)>,
    /// Most memory that the process has had, in bytes.
    pub peak_memory: u64,
}

impl PartyStats {
    /// The counters of a run.
    pub(super) fn new(party: usize, stats: &Stats, wire: &[Count], clock: Clock) -> Self {
        Self {
            party,
            rounds: stats.rounds,
            sent: stats.sent.clone(),
            received: stats.received.clone(),
            wire_sent: wire.iter().map(|count| count.wire_sent).collect(),
            wire_received: wire.iter().map(|count| count.wire_received).collect(),
            seconds: clock.phases,
            peak_memory: peak_memory(),
        }
    }

    /// As a JSON object.
    #[must_use]
    pub fn json(&self) -> Json {
        let word = |name: &str, value: u64| (name.to_owned(), Json::number(value));
        let peers = (0..self.sent.len()).filter(|peer| *peer != self.party).map(|peer| {
            let at = |bytes: &[u64]| bytes.get(peer).copied().unwrap_or(0);
            Json::Object(vec![
                word("party", peer as u64),
                word("bytes_sent", at(&self.sent)),
                word("bytes_received", at(&self.received)),
                word("wire_bytes_sent", at(&self.wire_sent)),
                word("wire_bytes_received", at(&self.wire_received)),
            ])
        });
        let seconds = self.seconds.iter().map(|(phase, time)| (phase.clone(), Json::float((time * 1e6).round() / 1e6)));
        Json::Object(vec![
            word("party", self.party as u64),
            word("rounds", self.rounds),
            word("bytes_sent", self.sent.iter().sum()),
            word("bytes_received", self.received.iter().sum()),
            ("peers".to_owned(), Json::List(peers.collect())),
            ("seconds".to_owned(), Json::Object(seconds.collect())),
            word("peak_memory_bytes", self.peak_memory),
        ])
    }
}

/// The statistics of a run of all parties as JSON.
#[must_use]
pub fn all_json(parties: &[PartyStats]) -> String {
    let parties = parties.iter().map(PartyStats::json).collect();
    Json::Object(vec![("parties".to_owned(), Json::List(parties))]).render()
}

/// Time by phase.
#[derive(Clone, Debug)]
pub struct Clock {
    phases: Vec<(String, f64)>,
    since: Instant,
}

impl Default for Clock {
    fn default() -> Self {
        Self { phases: Vec::new(), since: Instant::now() }
    }
}

impl Clock {
    /// Ends a phase.
    pub fn lap(&mut self, phase: &str) {
        self.phases.push((phase.to_owned(), self.since.elapsed().as_secs_f64()));
        self.since = Instant::now();
    }
}

/// Seconds that this thread has kept a processor busy; 0 where the system does not say.
#[must_use]
pub fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0);
    std::time::Duration::from_nanos(nanoseconds).as_secs_f64()
}

/// Most memory that this process has had, in bytes; 0 where the system does not say.
#[must_use]
pub fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
