//! A slower network than there is: what `rtt=20ms,bandwidth=100mbit` means.
//!
//! It is emulated by the sender, in user space: each connection's outgoing bytes take a detour over a thread ([`crate::relay`]) that holds them
//! for half a round trip and lets them go at the link's rate, control channels and the greetings of TLS included. A connection is made half a
//! round trip late each way, as TCP would. All parties of a run must be given the same network. Losses are not emulated.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The network to emulate between each two parties.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Time from one party to another and back.
    pub rtt: Duration,
    /// Bits per second from one party to another, all their channels together; `None` for as fast as it goes.
    pub bandwidth: Option<u64>,
}

impl Network {
    /// Time that bytes take from one party to another.
    pub(crate) fn one_way(&self) -> Duration {
        self.rtt / 2
    }

    /// Time that a link is busy with so many bytes.
    pub(crate) fn time_for(&self, bytes: usize) -> Duration {
        match self.bandwidth {
            None => Duration::ZERO,
            Some(rate) => {
                let nanoseconds = bytes as u128 * 8 * 1_000_000_000 / u128::from(rate.max(1));
                Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
            }
        }
    }
}

/// A text is no description of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotANetwork(String);

impl fmt::Display for NotANetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; a network is written as rtt=20ms,bandwidth=100mbit, or one of the two", self.0)
    }
}

impl std::error::Error for NotANetwork {}

const TIMES: [(&str, f64); 3] = [("us", 1e-6), ("ms", 1e-3), ("s", 1.0)];
const RATES: [(&str, f64); 3] = [("kbit", 1e3), ("mbit", 1e6), ("gbit", 1e9)];
/// Bounds that keep the arithmetic far from overflow: a minute, and a terabit a second.
const MOST_SECONDS: f64 = 60.0;
const MOST_BITS: f64 = 1e12;

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let mut network = Self::default();
        let mut seen = Vec::new();
        for part in text.split(',') {
            let (name, value) = part
                .trim()
                .split_once('=')
                .ok_or_else(|| NotANetwork(format!("{part:?} is not of the form NAME=VALUE")))?;
            if seen.contains(&name) {
                return Err(NotANetwork(format!("{name} is given twice")));
            }
            seen.push(name);
            match name {
                "rtt" => network.rtt = Duration::from_secs_f64(quantity(name, value, &TIMES, 0.0, MOST_SECONDS)?),
                "bandwidth" => {
                    let bits = quantity(name, value, &RATES, 1.0, MOST_BITS)?;
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 10^12")]
                    let bits = bits as u64;
                    network.bandwidth = Some(bits);
                }
                _ => return Err(NotANetwork(format!("{name:?} is not a property of a network"))),
            }
        }
        Ok(network)
    }
}

/// A number with one of these units, between two bounds in the base unit.
fn quantity(name: &str, text: &str, units: &[(&str, f64)], least: f64, most: f64) -> Result<f64, NotANetwork> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let names = || units.iter().map(|unit| unit.0).collect::<Vec<_>>().join(", ");
    let scale = units.iter().find(|known| known.0 == unit).map(|known| known.1);
    let scale = scale.ok_or_else(|| NotANetwork(format!("{name}={text} needs one of the units {}", names())))?;
    let value: f64 = number.parse().map_err(|_| NotANetwork(format!("{name}={text} has no number")))?;
    let value = value * scale;
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        Err(NotANetwork(format!("{name}={text} is out of bounds")))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rtt={}us", self.rtt.as_micros())?;
        match self.bandwidth {
            #[allow(clippy::cast_precision_loss, reason = "for people")]
            Some(bits) => write!(f, ",bandwidth={}kbit", bits as f64 / 1e3),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_read_as_written() {
        let read = |text: &str| text.parse::<Network>();
        let ms = Duration::from_millis;
        assert_eq!(read("rtt=20ms,bandwidth=100mbit"), Ok(Network { rtt: ms(20), bandwidth: Some(100_000_000) }));
        assert_eq!(read("bandwidth=1.5gbit"), Ok(Network { rtt: ms(0), bandwidth: Some(1_500_000_000) }));
        assert_eq!(read("rtt=250us"), Ok(Network { rtt: Duration::from_micros(250), bandwidth: None }));
        assert_eq!(read("rtt=0.5s"), Ok(Network { rtt: ms(500), bandwidth: None }));
        for network in ["rtt=20ms,bandwidth=100mbit", "rtt=3s", "bandwidth=64kbit"].map(read) {
            assert_eq!(read(&network.as_ref().expect("good").to_string()), network);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, says) in [
            ("", "NAME=VALUE"),
            ("rtt", "NAME=VALUE"),
            ("rtt=20", "us, ms, s"),
            ("rtt=20 ms", "us, ms, s"),
            ("rtt=ms", "no number"),
            ("rtt=1.2.3ms", "no number"),
            ("rtt=-1ms", "units"),
            ("rtt=100s", "out of bounds"),
            ("bandwidth=0kbit", "out of bounds"),
            ("bandwidth=1mbps", "kbit, mbit, gbit"),
            ("rtt=1ms,rtt=2ms", "twice"),
            ("loss=3", "not a property"),
        ] {
            let error = text.parse::<Network>().expect_err(text).to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn times_follow_from_the_rate() {
        let network: Network = "bandwidth=8kbit".parse().expect("good");
        assert_eq!(network.time_for(1000), Duration::from_secs(1));
        assert_eq!(Network::default().time_for(1 << 40), Duration::ZERO);
    }
}
