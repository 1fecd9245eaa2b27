//! The executor's seam to the transport: bytes to and from peers, never blocking but in [`Wire::wait`]. Everything that crosses it is
//! ciphertext or masked; it knows neither frames nor gates.

use crate::error::Error;

/// Links of one worker to all peers.
pub trait Wire {
    /// Takes what it can of `bytes` for `peer` and says how much; 0 where the link is full.
    ///
    /// # Errors
    /// [`Error::Link`] where the link is lost.
    fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, Error>;

    /// Fills what it can of `into` with bytes from `peer` and says how much; 0 where none have arrived.
    ///
    /// # Errors
    /// [`Error::Link`] where the link is lost.
    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, Error>;

    /// Returns when one of the links is likely to be ready: bit p of `readable` and `writable` stands for peer p. Yields the processor some
    /// times before it blocks; may return early.
    ///
    /// # Errors
    /// [`Error::Link`] where a peer that is waited for stays silent longer than the session allows.
    fn wait(&mut self, readable: u64, writable: u64) -> Result<(), Error>;
}
