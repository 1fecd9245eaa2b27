//! The keys of the components: K_j is known to the three parties that hold component j, who agree on it.

use super::PARTIES;
use crate::agree::Agreement;
use crate::error::Error;
use crate::executor::Executor;
use crate::keys::Keys;
use smpc_math::prf::Key;

/// What a party contributes to each key that it holds: fresh random bytes by component; those of its own number are not used.
pub type Contributions = [Key; PARTIES];

/// Agrees on the keys of a session. Two rounds, 64 bytes from each party to each other one in both.
///
/// # Errors
/// Those of a link, and [`Error::Differ`] where another holder says that it has another key: one of the two others cheats.
pub fn agree(executor: &Executor, session: [u8; 32], own: &Contributions) -> Result<Keys, Error> {
    let holders: Vec<Vec<usize>> =
        (0..PARTIES).map(|component| (0..PARTIES).filter(|party| *party != component).collect()).collect();
    let contexts =
        ["smpc rep4 2026-11-27 key of a component", "smpc rep4 2026-11-27 confirmation of a component's key"];
    Ok(Keys::new(Agreement { holders: &holders, contexts, session }.agree(executor, own)?, session))
}
