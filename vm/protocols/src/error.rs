//! What can end a computation, classed by who is at fault. Gates themselves never fail: a fault ends the whole run, so
//! [`crate::Executor::run`] is the one place that returns it. No message holds a share, a mask or a value.

use std::fmt;

/// Why a run ended without a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The link to a peer failed: closed, silent for too long, or refused by its transport.
    Link {
        /// The peer.
        peer: usize,
        /// What the transport said.
        reason: String,
    },
    /// A peer sent a frame for another session, worker or tick, or of another length, than the program has it send here.
    Frame {
        /// The peer.
        peer: usize,
        /// The tick that this party is in.
        tick: u64,
        /// Which field of the header differs.
        field: &'static str,
        /// What the program says.
        expected: u64,
        /// What the peer sent.
        found: u64,
    },
    /// Peers say different things where they must say the same: at least one of them cheats, or its machine fails.
    Differ {
        /// Among whom, in ascending order.
        parties: Vec<usize>,
    },
    /// Two gates asked for the same randomness. Our own fault; seen only where a registry watches.
    Reuse {
        /// The block in question.
        block: String,
    },
    /// Our own fault.
    Internal(&'static str),
}

/// "parties 0, 1 and 2".
#[must_use]
pub fn named(parties: &[usize]) -> String {
    let numbers: Vec<String> = parties.iter().map(usize::to_string).collect();
    match numbers.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("parties {} and {last}", rest.join(", ")),
        _ => format!("party {}", numbers.concat()),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link { peer, reason } => write!(f, "the link to party {peer} failed: {reason}"),
            Self::Frame { peer, tick, field, expected, found } => {
                write!(
                    f,
                    "party {peer} is out of step in round {tick}: its frame has {field} {found}, this program has {expected}"
                )
            }
            Self::Differ { parties } => {
                let among = if parties.len() == 2 { "one" } else { "at least one" };
                write!(
                    f,
                    "{} say different things where they must say the same: {among} of them cheats",
                    named(parties)
                )
            }
            Self::Reuse { block } => write!(f, "randomness was used twice: {block}"),
            Self::Internal(what) => write!(f, "internal error: {what}"),
        }
    }
}

impl std::error::Error for Error {}
