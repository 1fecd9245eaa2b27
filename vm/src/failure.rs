//! What ends a command without a result, classed by who is at fault. The class decides the exit code; the words are made where the cause is known.
//!
//! No message holds a share, a key or a mask. A cell of an operator's own file may stand in a message to that operator; it never leaves the machine.

use serde::{Deserialize, Serialize};
use smpc_net::{Fault, NetError};
use std::fmt;

/// Who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Class {
    /// The program, its input or the session file is wrong; a check failed; a limit was reached.
    User,
    /// The command line makes no sense.
    Usage,
    /// A peer was lost, or left because of its own error.
    PeerLost,
    /// A peer has another program, session or parameter.
    PeerDiffers,
    /// A peer has found that someone cheats, and stopped the run.
    PeerCheated,
    /// Ourselves.
    Ours,
}

impl Class {
    /// The exit code of a command that ends this way.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::User | Self::PeerDiffers => 1,
            Self::Usage => 2,
            Self::PeerLost => 3,
            Self::PeerCheated => 4,
            Self::Ours => 70,
        }
    }
}

/// Why a command ends without a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Who is at fault.
    pub class: Class,
    /// What is wrong, and where; several lines where a source line is shown.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Failure {
    /// A failure without a help line.
    #[must_use]
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), help: None }
    }

    /// The user's fault.
    #[must_use]
    pub fn user(message: impl Into<String>) -> Self {
        Self::new(Class::User, message)
    }

    /// Our own fault.
    #[must_use]
    pub fn ours(message: impl Into<String>) -> Self {
        Self::new(Class::Ours, message)
    }

    /// The same failure with a help line.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// Runs something; a panic, whose own words are on stderr by then, becomes a failure of ours.
///
/// # Errors
/// Those of `run`, and that one.
pub fn caught<T>(run: impl FnOnce() -> Result<T, Vec<Failure>>) -> Result<T, Vec<Failure>> {
    // What was being worked on is lost with it: nothing is looked at again.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_or_else(|_| {
        let failure = Failure::ours("this is a fault of the machine, not of the program that it runs");
        Err(vec![failure.help("please report it, with the lines above and the version of the program")])
    })
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, "\n  = help: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

impl From<NetError> for Failure {
    fn from(error: NetError) -> Self {
        let class = match error.fault() {
            Fault::User => Class::User,
            Fault::Peer => Class::PeerLost,
            Fault::Differs => Class::PeerDiffers,
            Fault::Cheated => Class::PeerCheated,
            Fault::Ourselves => Class::Ours,
        };
        Self::new(class, error.to_string()).help(error.help())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_our_fault() {
        assert_eq!(caught(|| Ok(3)), Ok(3));
        assert_eq!(caught::<()>(|| Err(vec![Failure::user("x")])), Err(vec![Failure::user("x")]));
        let failures = caught::<()>(|| panic!("a panic, as this test wants it")).expect_err("a failure");
        assert_eq!(failures[0].class.exit_code(), 70);
    }
}
