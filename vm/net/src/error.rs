//! What can end a session, classed by who is at fault. The words live here; the advice is a text of its own ([`NetError::help`]).
//!
//! No message holds a key, a share or a payload. What a peer wrote is escaped and cut before it is shown.

use std::fmt;

/// How a party leaves a run that it cannot finish. What the others are told, and no more than that: no value, no index, no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Because of an error of its own: its input, a limit, its disk.
    Error,
    /// Because it lost this party.
    Lost(usize),
    /// Because the program stopped, as it does at every party: a `check` failed. What the party has sent before stays valid, so the others are
    /// not interrupted and reach the same stop by themselves.
    Stopped,
    /// Because it detected that someone cheated.
    Cheated,
}

impl fmt::Display for Leave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error => f.write_str("an error of its own"),
            Self::Lost(party) => write!(f, "it lost party {party}"),
            Self::Stopped => f.write_str("the program stopped there"),
            Self::Cheated => f.write_str("it detected that a party cheats"),
        }
    }
}

/// Who is at fault, coarsely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Whoever started this party: its files, addresses or arguments.
    User,
    /// A peer is gone, silent, or left because of its own error.
    Peer,
    /// The parties do not run the same thing.
    Differs,
    /// A peer stopped the run because someone cheated.
    Cheated,
    /// This program.
    Ourselves,
}

/// Why a session could not be set up or came to an end. Parties are numbered as in the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetError {
    /// A peer never came, is silent for longer than the session allows, or its connection broke.
    Lost {
        /// The party that is gone.
        party: usize,
        /// What was seen of it.
        reason: String,
        /// The party that told us, where we have not seen it ourselves.
        reported_by: Option<usize>,
        /// Whether keys were seen that are not the session's: its file may differ between the parties.
        keys: bool,
    },
    /// A peer said that it leaves.
    Left {
        /// The party that left.
        party: usize,
        /// What it said.
        why: Leave,
        /// The party that told us, where we did not hear it from the one that left.
        reported_by: Option<usize>,
    },
    /// A peer was started with other terms.
    Differs {
        /// The peer.
        party: usize,
        /// The first field that differs.
        field: String,
        /// Its value here.
        mine: String,
        /// Its value there.
        theirs: String,
        /// Names of further fields that differ.
        others: Vec<String>,
    },
    /// A key or certificate file.
    Identity {
        /// The file or folder.
        path: String,
        /// What is wrong with it.
        what: String,
        /// What to do about it.
        help: String,
    },
    /// What the caller asked for makes no sense.
    Config {
        /// What and why.
        what: String,
    },
    /// The address of a node cannot be used.
    Address {
        /// The node's party.
        party: usize,
        /// The address as written.
        address: String,
        /// Why not.
        reason: String,
    },
    /// This party cannot listen where the session says that it does.
    Bind {
        /// The address as written.
        address: String,
        /// Why not.
        reason: String,
    },
    /// A peer that is who it claims to be sent something that no honest one sends.
    Protocol {
        /// The peer.
        party: usize,
        /// What it did.
        what: String,
    },
    /// Our own fault, or the operating system's.
    Internal {
        /// What failed.
        what: String,
    },
}

impl NetError {
    /// Who is at fault.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Left { why: Leave::Cheated, .. } => Fault::Cheated,
            Self::Lost { .. } | Self::Left { .. } | Self::Protocol { .. } => Fault::Peer,
            Self::Differs { .. } => Fault::Differs,
            Self::Identity { .. } | Self::Config { .. } | Self::Address { .. } | Self::Bind { .. } => Fault::User,
            Self::Internal { .. } => Fault::Ourselves,
        }
    }

    /// The party that the error names, if it names one.
    #[must_use]
    pub fn party(&self) -> Option<usize> {
        match self {
            Self::Lost { party, .. }
            | Self::Left { party, .. }
            | Self::Differs { party, .. }
            | Self::Address { party, .. }
            | Self::Protocol { party, .. } => Some(*party),
            Self::Identity { .. } | Self::Config { .. } | Self::Bind { .. } | Self::Internal { .. } => None,
        }
    }

    /// How a party that met this error tells the others: what [`crate::Control::abort`] takes.
    #[must_use]
    pub fn leave(&self) -> Leave {
        match self {
            Self::Left { why: why @ (Leave::Cheated | Leave::Stopped), .. } => *why,
            // Where a peer has given us up, it is not for us to say that the peer is gone.
            Self::Left { why: why @ Leave::Lost(_), .. } => *why,
            Self::Lost { party, .. } | Self::Left { party, .. } | Self::Protocol { party, .. } => Leave::Lost(*party),
            _ => Leave::Error,
        }
    }

    /// What the reader can do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Lost { reported_by: Some(reporter), .. } => {
                format!("party {reporter} has the details; its log says more")
            }
            Self::Lost { keys: true, .. } => {
                "compare the fingerprints in the session files of the parties: each must be the one that \
                                              `smpcvm identity new` printed there"
                    .to_owned()
            }
            Self::Lost { .. } => {
                "is it running, with the same session file, and is its port open from here? its own log says more"
                    .to_owned()
            }
            Self::Left { party, why: Leave::Lost(other), .. } if party != other => {
                format!("look at the network between party {party} and party {other}")
            }
            Self::Left { party, .. } => format!("the log of party {party} says why"),
            Self::Differs { .. } => {
                "all parties need the same program and the same session file; compare them and start again".to_owned()
            }
            Self::Identity { help, .. } => help.clone(),
            Self::Config { .. } => "correct the session file or the arguments".to_owned(),
            Self::Address { .. } => "an address is HOST:PORT; check its spelling in the session file".to_owned(),
            Self::Bind { .. } => {
                "does another program, or an earlier run, use the port? choose a free one in the session file"
                    .to_owned()
            }
            Self::Protocol { party, .. } => {
                format!("is the same version of the program installed at party {party}? was a connection redirected?")
            }
            Self::Internal { .. } => "this is a fault of the program: please report it".to_owned(),
        }
    }

    pub(crate) fn lost(party: usize, reason: impl Into<String>) -> Self {
        Self::Lost { party, reason: reason.into(), reported_by: None, keys: false }
    }

    pub(crate) fn protocol(party: usize, what: impl Into<String>) -> Self {
        Self::Protocol { party, what: what.into() }
    }

    pub(crate) fn internal(what: impl fmt::Display) -> Self {
        Self::Internal { what: what.to_string() }
    }
}

impl fmt::Display for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reported = |reporter: &Option<usize>| match reporter {
            Some(reporter) => format!(", as party {reporter} reports"),
            None => String::new(),
        };
        match self {
            Self::Lost { party, reason, reported_by, .. } => {
                write!(f, "party {party} was lost{}: {reason}", reported(reported_by))
            }
            Self::Left { party, why: Leave::Lost(other), reported_by } if party == other => {
                write!(f, "party {party} left{}: the others could not hear it any more", reported(reported_by))
            }
            Self::Left { party, why, reported_by } => write!(f, "party {party} left{}: {why}", reported(reported_by)),
            Self::Differs { party, field, mine, theirs, others } => {
                let (mine, theirs) = (shown(mine), shown(theirs));
                write!(f, "party {party} runs something else: {field} is {theirs} there and {mine} here")?;
                if others.is_empty() {
                    return Ok(());
                }
                write!(f, " (these differ too: {})", others.join(", "))
            }
            Self::Identity { path, what, .. } => write!(f, "{path}: {what}"),
            Self::Config { what } => f.write_str(what),
            Self::Address { party, address, reason } => {
                write!(f, "the address of party {party}, {}, cannot be used: {reason}", shown(address))
            }
            Self::Bind { address, reason } => write!(f, "cannot listen at {}: {reason}", shown(address)),
            Self::Protocol { party, what } => write!(f, "party {party} breaks the protocol: {what}"),
            Self::Internal { what } => write!(f, "internal error: {what}"),
        }
    }
}

impl std::error::Error for NetError {}

/// Most characters of a peer's text that a message shows.
const SHOWN: usize = 200;

/// A text from elsewhere, quoted so that it cannot move the cursor or fill the screen.
pub(crate) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        short.push('…');
    }
    format!("\"{short}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_party_and_who_said_so() {
        let lost = NetError::Lost { party: 1, reason: "it is silent".into(), reported_by: Some(2), keys: false };
        assert_eq!(lost.to_string(), "party 1 was lost, as party 2 reports: it is silent");
        assert_eq!((lost.fault(), lost.party(), lost.leave()), (Fault::Peer, Some(1), Leave::Lost(1)));
        let left = NetError::Left { party: 0, why: Leave::Error, reported_by: None };
        assert_eq!(left.to_string(), "party 0 left: an error of its own");
        assert_eq!(left.leave(), Leave::Lost(0));
    }

    #[test]
    fn a_peers_text_is_tamed() {
        assert_eq!(shown("\x1b[2Jx"), "\"\\u{1b}[2Jx\"");
        assert!(shown(&"y".repeat(10_000)).len() < 300);
    }
}
