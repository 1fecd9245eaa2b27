//! Costs as text for a terminal.

use smpcvm::engine::{Form, Kind};
use smpcvm::run::cost::calibration;
use smpcvm::run::cost::words::{bytes, rests_on, time};
use smpcvm::run::cost::{Assumptions, Cost};
use std::fmt::Write as _;

/// Source lines and kinds of gates that are shown.
const MOST: usize = 10;

/// The costs under each protocol, and what they rest on.
pub(super) fn of(costs: &[Cost], assumptions: &Assumptions<'_>) -> String {
    let mut out: String = costs.iter().map(one).collect::<Vec<_>>().join("\n");
    let _ = writeln!(out, "\n{}", rests_on(assumptions));
    out
}

fn one(cost: &Cost) -> String {
    let mut out = String::new();
    let bound = bound(cost);
    // Writing to a string does not fail.
    let _ = writeln!(out, "{}", cost.protocol.name);
    let split = &cost.time;
    let _ = if cost.timed {
        writeln!(
            out,
            "  {bound}{} predicted: {} work, {} waiting for messages, {} for the links' rate; no preprocessing",
            time(split.total()),
            time(split.work),
            time(split.latency),
            time(split.bandwidth)
        )
    } else {
        writeln!(out, "  {}; no preprocessing", untimed(cost))
    };
    for (party, (stats, memory)) in cost.parties.iter().zip(&cost.memory).enumerate() {
        let sum = |bytes: &[u64]| bytes.iter().fold(0_u64, |sum, more| sum.saturating_add(*more));
        let _ = writeln!(
            out,
            "  party {party}: {bound}{} rounds, {bound}{} sent, {bound}{} received, about {} of memory",
            stats.rounds,
            bytes(sum(&stats.sent)),
            bytes(sum(&stats.received)),
            bytes(*memory)
        );
    }
    if cost.at_least {
        out.push_str("  a run may cost more: it depends on values that the program reveals; with --inputs DIR it is followed on data\n");
    }
    if !cost.kinds.is_empty() {
        let about = if cost.about { ", some of them counted by the bounds of one turn" } else { "" };
        let _ = writeln!(out, "  the dearest kinds of gates{about}:");
    }
    for kind in cost.kinds.iter().take(MOST) {
        let _ = writeln!(
            out,
            "  {:>10} {:>12} gates {:>14} lanes  {}",
            taken(cost, kind.seconds),
            kind.gates,
            kind.lanes,
            name(&kind.kind)
        );
    }
    if !cost.unknown.is_empty() {
        let _ = writeln!(
            out,
            "  not calibrated, and taken to cost what a product or sum of as many lanes does: {}",
            cost.unknown.join(", ")
        );
    }
    if !cost.lines.is_empty() {
        out.push_str("  the dearest lines (rounds that merge count at each line that has a part in them):\n");
    }
    for line in cost.lines.iter().take(MOST) {
        let place = format!("{}:{}", line.file, line.line);
        let _ = writeln!(
            out,
            "  {:>10} {:>8} rounds {:>10}  {place:<20} {}",
            taken(cost, line.seconds),
            line.rounds,
            bytes(line.bytes_sent),
            line.text.trim()
        );
    }
    out
}

/// What stands before figures that are a lower bound.
pub(super) const fn bound(cost: &Cost) -> &'static str {
    if cost.at_least { "≥ " } else { "" }
}

/// A kind of gate in words.
pub(super) fn name(kind: &Kind) -> String {
    let what = match (kind.form, kind.words) {
        (Form::Scalar, _) => " of single lanes".to_owned(),
        (Form::Public, _) => " of public lanes".to_owned(),
        (Form::Local, true) => " of words, local".to_owned(),
        (Form::Local, false) => ", local".to_owned(),
        (Form::Shared, true) => " of words".to_owned(),
        (Form::Shared, false) if kind.width > 64 => ", full range".to_owned(),
        (Form::Shared, false) if kind.width > 0 => format!(", {} bits", kind.width),
        (Form::Shared, false) => String::new(),
    };
    let by = if kind.by_public { ", by public" } else { "" };
    format!("{}{what}{by}", kind.op)
}

/// Why there are no times.
pub(super) fn untimed(cost: &Cost) -> String {
    let (named, command) = (calibration::named(&cost.protocol), calibration::command(&cost.protocol));
    format!("no times: {named} is not in the built-in calibration; `{command}` measures it, for --calibration FILE")
}

/// A time, where there are any.
pub(super) fn taken(cost: &Cost, seconds: f64) -> String {
    if cost.timed { time(seconds) } else { "–".to_owned() }
}
