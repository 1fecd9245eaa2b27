//! What each protocol promises and what its gates cost, as text and as JSON.

use super::gates::{self, Gate, GateCost, PAIRS, SHIFT};
use super::words;
use crate::failure::Failure;
use crate::output::{Json, columns};
use smpc_protocols::registry::{Parties, Setting};
use std::fmt::Write as _;

/// A protocol, and what its gates cost among so many parties.
#[derive(Clone, Debug)]
pub(super) struct Row {
    setting: Setting,
    gates: Vec<GateCost>,
}

/// Counts the gates of each protocol.
///
/// # Errors
/// Ours: a protocol cannot be counted.
pub(super) fn rows(settings: Vec<Setting>) -> Result<Vec<Row>, Failure> {
    let row = |setting: Setting| Ok(Row { gates: gates::count(&setting)?, setting });
    settings.into_iter().map(row).collect()
}

/// Two tables: promises, and costs.
pub(super) fn text(rows: &[Row]) -> String {
    let head = ["protocol", "parties", "tolerates", "adversary", "domain"].map(str::to_owned);
    let promises = rows.iter().map(|Row { setting, .. }| {
        let (name, domain) = (setting.name.to_owned(), setting.domain.to_owned());
        let (parties, tolerates) = (words::range(setting.spec.parties), words::tolerates(setting.spec.parties));
        [name, parties, tolerates, words::adversary(setting.adversary).to_owned(), domain]
    });
    let promises: Vec<[String; 5]> = std::iter::once(head).chain(promises).collect();
    let head = ["protocol", "parties", "corrupted"].into_iter().chain(Gate::ALL.map(Gate::name)).map(str::to_owned);
    let costs = rows.iter().map(|Row { setting, gates }| {
        let own = [setting.name.to_owned(), setting.parties.to_string(), setting.threshold.to_string()];
        let cost = |cost: &GateCost| format!("{} / {}", cost.rounds, bits(cost.bits));
        own.into_iter().chain(gates.iter().map(cost)).collect()
    });
    let costs: Vec<Vec<String>> = std::iter::once(head.collect()).chain(costs).collect();
    let mut out = columns(&promises, &[0, 1, 2, 3, 4]);
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "\nWhat gates cost on vectors: rounds / bits that a party sends for each lane, on average over the parties and without frame headers:\n"
    );
    out.push_str(&columns(&costs, &[0]));
    let _ = writeln!(
        out,
        "\nproduct, comparison, equality, selection: of numbers of 64 bits; dot product: a sum of {PAIRS} products; AND: of bits; truncation: of numbers of 61 bits by {SHIFT} bits"
    );
    out
}

/// At most one digit behind the point.
fn bits(value: f64) -> String {
    let shown = format!("{value:.1}");
    shown.strip_suffix(".0").map_or_else(|| shown.clone(), str::to_owned)
}

/// The same for tools: a list of protocols.
pub(super) fn json(rows: &[Row]) -> Json {
    let member = |name: &str, value: Json| (name.to_owned(), value);
    let number = |value: usize| Json::number(value as u64);
    let row = |Row { setting, gates }: &Row| {
        let (least, most, tolerates) = match setting.spec.parties {
            Parties::Exactly(count, tolerates) => (count, count, tolerates),
            Parties::Majority(most) => (3, most, (most - 1) / 2),
            Parties::BareMajority(tolerates) => (3, 2 * tolerates + 1, tolerates),
        };
        let gate = |cost: &GateCost| {
            Json::Object(vec![
                member("gate", Json::Text(cost.gate.name().to_owned())),
                member("rounds", Json::number(cost.rounds)),
                member("bits", Json::float(cost.bits)),
            ])
        };
        Json::Object(vec![
            member("protocol", Json::Text(setting.name.to_owned())),
            member("least_parties", number(least)),
            member("most_parties", number(most)),
            member("most_corrupted", number(tolerates)),
            member("adversary", Json::Text(words::adversary(setting.adversary).to_owned())),
            member("domain", Json::Text(setting.domain.to_owned())),
            member("parties", number(setting.parties)),
            member("corrupted", number(setting.threshold)),
            member("gates", Json::List(gates.iter().map(gate).collect())),
        ])
    };
    Json::List(rows.iter().map(row).collect())
}
