//! The table for people and the rows for tools.

use super::jobs::{Job, Measured};
use super::median;
use crate::output::{Json, columns};
use smpc_protocols::registry::Setting;

/// One measurement.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) job: String,
    /// Whether it is a protocol's, and not a limit of the machine.
    pub(super) of_protocol: bool,
    pub(super) lanes: u64,
    pub(super) seconds: f64,
    /// Processor seconds of all parties together: on a machine with fewer processors than parties, what bounds the time from below.
    pub(super) busy: Option<f64>,
    /// What is done in that time, in units.
    pub(super) work: u64,
    pub(super) unit: &'static str,
    pub(super) rounds: Option<u64>,
    /// Bytes that the busiest party sends.
    pub(super) bytes: Option<u64>,
    /// Most memory of a party's process.
    pub(super) peak_memory: Option<u64>,
}

impl Row {
    /// Of what the parties measured the slowest time of each repetition, and of these the median.
    pub(super) fn of(job: &Job, parties: &[Measured]) -> Self {
        let times = parties.iter().map(|party| party.seconds.len()).min().unwrap_or(0);
        let slowest = |i: usize| parties.iter().map(|party| party.seconds[i]).fold(0.0, f64::max);
        let together = |i: usize| parties.iter().filter_map(|party| party.busy.get(i)).sum();
        let mut busy: Vec<f64> = (0..times).map(together).collect();
        let mut times: Vec<f64> = (0..times).map(slowest).collect();
        let most = |of: fn(&Measured) -> u64| parties.iter().map(of).max();
        Self {
            job: job.name().to_owned(),
            of_protocol: !matches!(job, Job::Ring { .. } | Job::Rounds { .. }),
            lanes: job.lanes(),
            seconds: median(&mut times),
            busy: Some(median(&mut busy)),
            work: job.work(),
            unit: job.unit(),
            rounds: most(|party| party.rounds),
            bytes: most(|party| party.bytes_sent),
            peak_memory: most(|party| party.peak_memory),
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "for people")]
    fn per_second(&self) -> f64 {
        self.work as f64 / self.seconds
    }
}

/// The rows as text, in columns.
pub(super) fn table(rows: &[Row]) -> String {
    let head = ["job", "lanes", "seconds", "busy", "per second", "rounds", "bytes/party", "memory/party"];
    let mut lines: Vec<[String; 8]> = vec![head.map(String::from)];
    let some = |value: Option<u64>| value.map_or_else(|| "–".to_owned(), |value| value.to_string());
    for row in rows {
        lines.push([
            row.job.clone(),
            row.lanes.to_string(),
            format!("{:.6}", row.seconds),
            row.busy.map_or_else(|| "–".to_owned(), |busy| format!("{busy:.6}")),
            format!("{} {}", short(row.per_second()), row.unit),
            some(row.rounds),
            some(row.bytes),
            row.peak_memory.map_or_else(|| "–".to_owned(), |bytes| format!("{} MB", bytes / 1_000_000)),
        ]);
    }
    columns(&lines, &[0])
}

/// `12.3 million`.
fn short(value: f64) -> String {
    let scales = [(1e9, " billion"), (1e6, " million"), (1e3, " thousand")];
    match scales.iter().find(|(scale, _)| value >= *scale) {
        Some((scale, name)) => format!("{:.2}{name}", value / scale),
        None => format!("{value:.2}"),
    }
}

/// The rows as JSON; each says under which protocol, among how many parties, and over which network it was measured, where that was emulated.
pub(super) fn json(rows: &[Row], setting: &Setting, network: Option<&str>) -> String {
    let null = || Json::Word("null".to_owned());
    let number = |value: Option<u64>| value.map_or_else(null, Json::number);
    let row = |row: &Row| {
        let member = |name: &str, value: Json| (name.to_owned(), value);
        Json::Object(vec![
            member("job", Json::Text(row.job.clone())),
            member("lanes", Json::number(row.lanes)),
            member("protocol", if row.of_protocol { Json::Text(setting.name.to_owned()) } else { null() }),
            member("parties", if row.of_protocol { Json::number(setting.parties as u64) } else { null() }),
            member("threshold", if row.of_protocol { Json::number(setting.threshold as u64) } else { null() }),
            member("network", network.map_or_else(null, |text| Json::Text(text.to_owned()))),
            member("seconds", Json::float(row.seconds)),
            member("busy_seconds", row.busy.map_or_else(null, Json::float)),
            member("per_second", Json::float(row.per_second())),
            member("unit", Json::Text(row.unit.to_owned())),
            member("rounds", number(row.rounds)),
            member("bytes_per_party", number(row.bytes)),
            member("peak_memory_per_party", number(row.peak_memory)),
        ])
    };
    Json::List(rows.iter().map(row).collect()).render()
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpc_protocols::registry::SHAMIR;

    #[test]
    fn rows_in_both_forms() {
        let measured = |scale: f64| Measured {
            seconds: vec![0.3 * scale, 0.1, 0.2 * scale, 0.4, 0.2],
            busy: vec![0.25; 5],
            rounds: 1,
            bytes_sent: 8_000_028,
            peak_memory: 50_000_000,
        };
        let row = Row::of(&Job::Products { lanes: 1_000_000 }, &[measured(1.0), measured(2.0)]);
        assert_eq!(row.busy, Some(0.5));
        assert_eq!((row.seconds, row.work, row.rounds), (0.4, 1_000_000, Some(1)));
        let setting = SHAMIR.among(Some(5), None).expect("a setting");
        let text = table(std::slice::from_ref(&row));
        assert!(text.contains("2.50 million products") && text.contains("50 MB"), "{text}");
        let read: serde_json::Value = serde_json::from_str(&json(&[row], &setting, Some("rtt=20ms"))).expect("JSON");
        assert_eq!((&read[0]["protocol"], &read[0]["parties"]), (&"shamir".into(), &5.into()));
        assert_eq!(read[0]["network"], "rtt=20ms");
        assert_eq!(read[0]["bytes_per_party"], 8_000_028);
    }
}
