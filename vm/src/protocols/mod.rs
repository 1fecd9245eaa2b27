//! `smpcvm protocols`: which protocols there are, what their gates cost, and what a program costs under each.
//!
//! * [`gates`]: counted costs of single gates; `table`: these beside what each protocol promises;
//! * `program`: the costs of a program, the quickest protocol first;
//! * `words`: what a protocol promises, in words.
//!
//! Figures are counted by the protocols' own code, and nothing is run.

pub mod gates;
mod program;
mod table;
mod words;

use crate::failure::{Class, Failure};
use smpc_net::Network;
use smpc_protocols::registry::{PROTOCOLS, Setting};
use std::path::PathBuf;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct ProtocolsOptions {
    /// Only protocols that run among so many parties; those with a choice, where nothing is said, among their least number.
    pub parties: Option<usize>,
    /// Only protocols that tolerate so many corrupted ones.
    pub threshold: Option<usize>,
    /// The compiled program whose costs are asked for.
    pub program: Option<PathBuf>,
    /// The network that it would run over, as `smpcvm run --network` takes it.
    pub network: Option<String>,
    /// The time from one party to another and back alone: a number of milliseconds, or one with a unit.
    pub rtt: Option<String>,
    /// What a link carries in each direction alone, e.g. `100mbit`.
    pub bandwidth: Option<String>,
    /// JSON instead of text.
    pub json: bool,
}

/// Counts, and returns the table.
///
/// # Errors
/// The user's: no protocol runs among so many parties, the network makes no sense, or the program cannot be read or counted.
pub fn command(options: &ProtocolsOptions) -> Result<String, Failure> {
    let settings = settings(options.parties, options.threshold)?;
    let network = network(options)?;
    if let Some(path) = &options.program {
        let compared = program::compare(path, &settings, network)?;
        return Ok(if options.json { compared.json().render() } else { compared.text() });
    }
    let rows = table::rows(settings)?;
    Ok(if options.json { table::json(&rows).render() } else { table::text(&rows) })
}

/// The protocols that run among so many parties, or all.
fn settings(parties: Option<usize>, threshold: Option<usize>) -> Result<Vec<Setting>, Failure> {
    let settings: Vec<Setting> = PROTOCOLS.iter().filter_map(|spec| spec.among(parties, threshold).ok()).collect();
    if !settings.is_empty() {
        return Ok(settings);
    }
    let among = parties.map_or_else(|| "any number of parties".to_owned(), words::parties);
    let of = threshold.map_or_else(String::new, |threshold| format!(" of whom {threshold} may be corrupted"));
    Err(Failure::new(Class::Usage, format!("there is no protocol for {among}{of}"))
        .help("`smpcvm protocols` alone lists all protocols, with the numbers of parties that they take"))
}

/// The network that the options describe.
fn network(options: &ProtocolsOptions) -> Result<Option<Network>, Failure> {
    let wrong = |error: &dyn std::fmt::Display, help: &str| Failure::new(Class::Usage, error.to_string()).help(help);
    if let Some(text) = &options.network {
        let network = text.parse::<Network>().map(Some);
        return network.map_err(|error| {
            wrong(&format!("--network: {error}"), "for example --network rtt=20ms,bandwidth=100mbit")
        });
    }
    let milliseconds = |text: &String| match text.parse::<f64>() {
        Ok(_) => format!("rtt={text}ms"),
        Err(_) => format!("rtt={text}"),
    };
    let rate = options.bandwidth.as_ref().map(|rate| format!("bandwidth={rate}"));
    let parts: Vec<String> = options.rtt.as_ref().map(milliseconds).into_iter().chain(rate).collect();
    if parts.is_empty() {
        return Ok(None);
    }
    let network = parts.join(",").parse::<Network>().map(Some);
    network.map_err(|error| wrong(&error, "for example --rtt 20ms --bandwidth 100mbit"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn networks_as_they_are_written() {
        let of = |network: Option<&str>, rtt: Option<&str>, bandwidth: Option<&str>| {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            let (network, rtt, bandwidth) = (owned(network), owned(rtt), owned(bandwidth));
            super::network(&ProtocolsOptions { network, rtt, bandwidth, ..ProtocolsOptions::default() })
        };
        let slow = Some(Network { rtt: Duration::from_millis(20), bandwidth: Some(100_000_000) });
        assert_eq!(of(Some("rtt=20ms,bandwidth=100mbit"), None, None), Ok(slow));
        assert_eq!(of(None, Some("20ms"), Some("100mbit")), Ok(slow));
        assert_eq!(of(None, Some("20"), Some("100mbit")), Ok(slow));
        assert_eq!(of(None, None, None), Ok(None));
        for (network, rtt, bandwidth) in
            [(Some("20ms"), None, None), (None, Some("20m"), None), (None, None, Some("100")), (None, Some("-1"), None)]
        {
            let failure = of(network, rtt, bandwidth).expect_err("no network");
            assert!(failure.class == Class::Usage && failure.help.is_some(), "{failure}");
        }
    }
}
