//! Costs in words: quantities with the unit that suits them, and what estimates rest on.

use super::Assumptions;
use smpc_net::Network;

/// What the estimates assume.
#[must_use]
pub fn rests_on(assumptions: &Assumptions<'_>) -> String {
    let calibration = assumptions.calibration;
    let cores = if calibration.cores == 1 { "core" } else { "cores" };
    let machine = format!("{}, whose {} {cores} all parties share", calibration.machine, calibration.cores);
    format!(
        "Times are estimates for {}, and machines like this one: {machine}. They begin when the parties are connected and have their inputs. Memory is an estimate too.",
        link(assumptions.network),
    )
}

/// A network; `None` for processes of one machine.
#[must_use]
pub fn link(network: Option<Network>) -> String {
    let Some(network) = network else { return "processes on one machine (loopback)".to_owned() };
    let rate = network.bandwidth.map_or_else(
        || "links of any rate".to_owned(),
        |rate| format!("links of {} each way", scaled(rate, &["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"])),
    );
    format!("{rate} with a round trip of {}", time(network.rtt.as_secs_f64()))
}

/// A time, given in seconds.
#[must_use]
pub fn time(seconds: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms"), (1.0, "s")];
    let (scale, unit) = UNITS.iter().rev().find(|(scale, _)| seconds >= *scale).copied().unwrap_or(UNITS[0]);
    let value = seconds / scale;
    let digits = if value >= 100.0 || value == 0.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.digits$} {unit}")
}

/// A number of bytes.
#[must_use]
pub fn bytes(count: u64) -> String {
    scaled(count, &["B", "kB", "MB", "GB", "TB"])
}

/// A number with three digits behind the point and the unit that suits it, each a thousand times the one before.
fn scaled(count: u64, units: &[&str; 5]) -> String {
    #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{count} {}", units[0]) } else { format!("{value:.3} {}", units[unit]) }
}
