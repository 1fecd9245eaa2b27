//! What a program costs under each protocol.

use super::words;
use crate::failure::{Class, Failure};
use crate::output::{Json, columns};
use crate::program::Program;
use crate::run::Task;
use crate::run::cost::calibration::Calibration;
use crate::run::cost::words::{bytes, rests_on, time};
use crate::run::cost::{Assumptions, Cost, estimate};
use crate::session::Params;
use smpc_net::Network;
use smpc_protocols::registry::Setting;
use std::cmp::Ordering;
use std::fmt::Write as _;
use std::path::Path;

/// The costs of a program under each protocol in which it can run.
#[derive(Clone, Debug)]
pub(super) struct Compared {
    /// Those with a time first, by time; then the others, by rounds.
    costs: Vec<Cost>,
    /// Protocols in which the program cannot run, and why.
    left_out: Vec<(Setting, Failure)>,
    assumptions: Assumptions<'static>,
}

/// Counts the program of a file.
///
/// # Errors
/// The user's: the file cannot be read or is no program, or it can be counted under none of the protocols.
pub(super) fn compare(path: &Path, settings: &[Setting], network: Option<Network>) -> Result<Compared, Failure> {
    let calibration = Calibration::built_in()?;
    let params = Params::default();
    let program = Program::load(path, params.memory)?;
    let (mut costs, mut left_out) = (Vec::new(), Vec::new());
    for setting in settings {
        let task = Task::local(program.clone(), *setting, params);
        match estimate(&task, None, calibration, network) {
            Ok(cost) => costs.push(cost),
            Err(failure) if failure.class == Class::Ours => return Err(failure),
            Err(failure) => left_out.push((*setting, failure)),
        }
    }
    if costs.is_empty() && !left_out.is_empty() {
        return Err(left_out.swap_remove(0).1);
    }
    costs.sort_by(order);
    Ok(Compared { costs, left_out, assumptions: Assumptions { calibration, network } })
}

impl Compared {
    /// A table, and what its figures rest on.
    pub(super) fn text(&self) -> String {
        let head = ["protocol", "parties", "rounds", "sent", "time", "memory", "protects against"].map(str::to_owned);
        let row = |cost: &Cost| {
            let bound = if cost.at_least { "≥ " } else { "" };
            let predicted = format!("{bound}{}", time(cost.time.total()));
            [
                format!("{}{}", cost.protocol.name, if cost.timed { "" } else { " *" }),
                cost.protocol.parties.to_string(),
                format!("{bound}{}", rounds(cost)),
                format!("{bound}{}", bytes(sent(cost))),
                if cost.timed { predicted } else { "–".to_owned() },
                bytes(memory(cost)),
                words::protects_against(&cost.protocol),
            ]
        };
        let lines: Vec<[String; 7]> = std::iter::once(head).chain(self.costs.iter().map(row)).collect();
        let mut out = columns(&lines, &[0, 6]);
        out.push('\n');
        // Writing to a string does not fail.
        for (setting, failure) in &self.left_out {
            let _ = writeln!(out, "not under {}: {}", setting.name, failure.message);
        }
        if self.costs.iter().any(|cost| cost.at_least) {
            out.push_str("A run may cost more: it depends on values that the program reveals; `smpcc cost --inputs DIR` follows it on data.\n");
        }
        if self.costs.iter().any(|cost| !cost.timed) {
            out.push_str(
                "* not in the built-in calibration: no time, and memory without what a process takes by itself.\n",
            );
        }
        out.push_str("Rounds, bytes and memory are those of the party that has most of each.\n");
        let _ = writeln!(out, "{}", rests_on(&self.assumptions));
        out
    }

    /// The same for tools.
    pub(super) fn json(&self) -> Json {
        let member = |name: &str, value: Json| (name.to_owned(), value);
        let text = |text: &str| Json::Text(text.to_owned());
        let row = |cost: &Cost| {
            let seconds = if cost.timed { (cost.time.total() * 1e9).round() / 1e9 } else { f64::NAN };
            Json::Object(vec![
                member("protocol", text(cost.protocol.name)),
                member("parties", Json::number(cost.protocol.parties as u64)),
                member("corrupted", Json::number(cost.protocol.threshold as u64)),
                member("at_least", Json::Word(cost.at_least.to_string())),
                member("rounds", Json::number(rounds(cost))),
                member("bytes_sent", Json::number(sent(cost))),
                member("seconds", Json::float(seconds)),
                member("peak_memory_bytes", Json::number(memory(cost))),
                member("protects_against", Json::Text(words::protects_against(&cost.protocol))),
            ])
        };
        let left_out = self.left_out.iter().map(|(setting, failure)| {
            Json::Object(vec![member("protocol", text(setting.name)), member("why", text(&failure.message))])
        });
        Json::Object(vec![
            member("assumes", self.assumptions.json()),
            member("protocols", Json::List(self.costs.iter().map(row).collect())),
            member("left_out", Json::List(left_out.collect())),
        ])
    }
}

fn order(a: &Cost, b: &Cost) -> Ordering {
    let by_time = b.timed.cmp(&a.timed).then(a.time.total().total_cmp(&b.time.total()));
    by_time.then(rounds(a).cmp(&rounds(b))).then(sent(a).cmp(&sent(b)))
}

fn rounds(cost: &Cost) -> u64 {
    cost.parties.iter().map(|stats| stats.rounds).max().unwrap_or(0)
}

/// Bytes that the busiest party sends.
fn sent(cost: &Cost) -> u64 {
    let sum = |bytes: &[u64]| bytes.iter().fold(0_u64, |sum, more| sum.saturating_add(*more));
    cost.parties.iter().map(|stats| sum(&stats.sent)).max().unwrap_or(0)
}

fn memory(cost: &Cost) -> u64 {
    cost.memory.iter().copied().max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::cost::Time;
    use smpc_protocols::Stats;
    use smpc_protocols::registry::{PLAIN, REP3, SHAMIR, Spec};

    fn cost(spec: &'static Spec, seconds: Option<f64>, rounds: u64) -> Cost {
        let protocol = spec.among(None, None).expect("a setting");
        let stats = Stats { rounds, sent: vec![0, 1_500_000], received: vec![0, 0] };
        Cost {
            protocol,
            parties: vec![stats; protocol.parties],
            memory: vec![20_000_000; protocol.parties],
            at_least: false,
            time: Time { work: seconds.unwrap_or(0.0), ..Time::default() },
            timed: seconds.is_some(),
            kinds: Vec::new(),
            about: false,
            unknown: Vec::new(),
            lines: Vec::new(),
        }
    }

    #[test]
    fn the_quickest_comes_first() {
        let mut costs = [cost(&SHAMIR, None, 3), cost(&REP3, Some(2.0), 1), cost(&PLAIN, Some(1.0), 9)];
        costs.sort_by(order);
        assert_eq!(costs.map(|cost| cost.protocol.name), ["plain", "rep3", "shamir"]);
        let mut untimed = [cost(&REP3, None, 3), cost(&SHAMIR, None, 2)];
        untimed.sort_by(order);
        assert_eq!(untimed.map(|cost| cost.protocol.name), ["shamir", "rep3"]);
    }

    #[test]
    fn what_a_protocol_cannot_run_is_said() {
        let calibration = Calibration::built_in().expect("a calibration");
        let left_out = vec![(PLAIN.among(None, None).expect("one party"), Failure::user("not this one"))];
        let costs = vec![cost(&REP3, Some(2.0), 7), cost(&SHAMIR, None, 8)];
        let compared = Compared { costs, left_out, assumptions: Assumptions { calibration, network: None } };
        let text = compared.text();
        assert!(text.contains("not under plain: not this one\n") && text.contains("\nshamir *  "), "{text}");
        assert!(text.contains("1.500 MB  2.00 s  20.000 MB  ") && !text.contains('≥'), "{text}");
        let json: serde_json::Value = serde_json::from_str(&compared.json().render()).expect("JSON");
        assert_eq!(json["left_out"][0]["protocol"], "plain");
        assert_eq!((&json["protocols"][0]["seconds"], &json["protocols"][1]["seconds"]), (&2.into(), &().into()));
        assert_eq!(json["assumes"]["network"], "loopback");
    }
}
