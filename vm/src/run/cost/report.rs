//! Costs for tools: JSON.

use super::calibration::Calibration;
use super::{Cost, KindCost, LineCost};
use crate::output::Json;
use smpc_net::Network;

/// What a time was estimated for.
#[derive(Clone, Debug)]
pub struct Assumptions<'a> {
    /// Whose constants.
    pub calibration: &'a Calibration,
    /// Over which network; `None` for processes of that machine.
    pub network: Option<Network>,
}

/// The costs under several protocols.
#[must_use]
pub fn all_json(costs: &[Cost], assumptions: &Assumptions<'_>) -> Json {
    let protocols = costs.iter().map(Cost::json).collect();
    Json::Object(vec![("assumes".to_owned(), assumptions.json()), ("protocols".to_owned(), Json::List(protocols))])
}

impl Assumptions<'_> {
    /// As a JSON object.
    #[must_use]
    pub fn json(&self) -> Json {
        let network = self.network.map_or_else(|| "loopback".to_owned(), |network| network.to_string());
        Json::Object(vec![
            text("machine", &self.calibration.machine),
            word("cores", u64::from(self.calibration.cores)),
            text("network", &network),
        ])
    }
}

fn word(name: &str, value: u64) -> (String, Json) {
    (name.to_owned(), Json::number(value))
}

fn text(name: &str, value: &str) -> (String, Json) {
    (name.to_owned(), Json::Text(value.to_owned()))
}

fn flag(name: &str, value: bool) -> (String, Json) {
    (name.to_owned(), Json::Word(value.to_string()))
}

/// Seconds to the nanosecond.
fn seconds(name: &str, value: f64) -> (String, Json) {
    (name.to_owned(), Json::float((value * 1e9).round() / 1e9))
}

impl Cost {
    /// As a JSON object.
    #[must_use]
    pub fn json(&self) -> Json {
        let sum = |bytes: &[u64]| bytes.iter().fold(0_u64, |sum, more| sum.saturating_add(*more));
        let parties = self.parties.iter().zip(&self.memory).enumerate().map(|(party, (stats, memory))| {
            Json::Object(vec![
                word("party", party as u64),
                word("rounds", stats.rounds),
                word("bytes_sent", sum(&stats.sent)),
                word("bytes_received", sum(&stats.received)),
                word("peak_memory_bytes", *memory),
            ])
        });
        let time = Json::Object(vec![
            seconds("total", self.time.total()),
            seconds("work", self.time.work),
            seconds("latency", self.time.latency),
            seconds("bandwidth", self.time.bandwidth),
        ]);
        Json::Object(vec![
            text("protocol", self.protocol.name),
            flag("at_least", self.at_least),
            ("seconds".to_owned(), if self.timed { time } else { Json::Word("null".to_owned()) }),
            ("parties".to_owned(), Json::List(parties.collect())),
            // No protocol that there is has any.
            ("preprocessing".to_owned(), Json::List(Vec::new())),
            ("kinds".to_owned(), Json::List(self.kinds.iter().map(kind).collect())),
            flag("gates_about", self.about),
            (
                "uncalibrated".to_owned(),
                Json::List(self.unknown.iter().map(|op| Json::Text((*op).to_owned())).collect()),
            ),
            ("lines".to_owned(), Json::List(self.lines.iter().map(line).collect())),
        ])
    }
}

fn kind(cost: &KindCost) -> Json {
    let of = if cost.kind.words { "words" } else { "numbers" };
    Json::Object(vec![
        text("op", cost.kind.op),
        text("form", cost.kind.form.name()),
        text("of", of),
        flag("by_public", cost.kind.by_public),
        word("width", u64::from(cost.kind.width)),
        word("gates", cost.gates),
        word("lanes", cost.lanes),
        seconds("seconds", cost.seconds),
    ])
}

fn line(line: &LineCost) -> Json {
    Json::Object(vec![
        text("file", &line.file),
        word("line", u64::from(line.line)),
        text("text", line.text.trim()),
        word("rounds", line.rounds),
        word("bytes_sent", line.bytes_sent),
        seconds("seconds", line.seconds),
    ])
}
