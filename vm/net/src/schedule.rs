//! A wrapper round links that behaves as badly as a network may, for tests (R24): it splits what is sent and received anywhere, lets each
//! direction of each peer rest for a while, and so reorders what happens on different channels. The same seed makes the same choices.
//!
//! It holds no bytes back itself: it refuses, and whoever uses the links comes again. So nothing is left behind at the end.

use crate::error::NetError;
use crate::links::Transport;

/// Most turns that a direction rests.
const REST: u64 = 12;

/// Links under a seeded schedule.
#[derive(Debug)]
pub struct Shuffled<T> {
    inner: T,
    random: u64,
    sending: Vec<Direction>,
    receiving: Vec<Direction>,
}

/// One direction of one peer.
#[derive(Clone, Debug, Default)]
struct Direction {
    /// Turns that it still rests.
    rest: u64,
    /// Whether it was refused though it might have been ready.
    refused: bool,
    /// Bytes that the links have begun to send: the next call must offer as many.
    begun: usize,
}

impl<T> Shuffled<T> {
    /// Runs `inner`, which leads to fewer than 64 parties, under the schedule of a seed.
    pub fn new(inner: T, seed: u64) -> Self {
        let fresh = || vec![Direction::default(); 64];
        Self { inner, random: seed, sending: fresh(), receiving: fresh() }
    }

    /// The links, without the schedule.
    pub fn into_inner(self) -> T {
        self.inner
    }

    /// SplitMix64: for schedules, and nothing that must be secret.
    fn draw(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.random;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % below
    }

    /// How much of `length` bytes goes this time: nothing, one byte, some, or all.
    fn portion(&mut self, length: usize) -> usize {
        match self.draw(5) {
            0 => 0,
            1 => length.min(1),
            2 => usize::try_from(self.draw(length as u64 + 1)).unwrap_or(length),
            _ => length,
        }
    }

    /// Sends a direction to rest, sometimes.
    fn tire(&mut self) -> u64 {
        if self.draw(4) == 0 { self.draw(REST) } else { 0 }
    }
}

impl<T: Transport> Transport for Shuffled<T> {
    fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, NetError> {
        let portion = self.portion(bytes.len()).max(self.sending[peer].begun).min(bytes.len());
        if self.sending[peer].rest > 0 || portion == 0 {
            self.sending[peer].refused = true;
            return Ok(0);
        }
        let count = self.inner.try_send(peer, &bytes[..portion])?;
        let rest = self.tire();
        self.sending[peer] = Direction { rest, refused: count == portion, begun: portion - count };
        Ok(count)
    }

    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, NetError> {
        let portion = self.portion(into.len());
        if self.receiving[peer].rest > 0 || portion == 0 {
            self.receiving[peer].refused = true;
            return Ok(0);
        }
        let count = self.inner.try_recv(peer, &mut into[..portion])?;
        let rest = self.tire();
        self.receiving[peer] = Direction { rest, refused: count == portion, begun: 0 };
        Ok(count)
    }

    fn wait(&mut self, readable: u64, writable: u64) -> Result<(), NetError> {
        let mut refused = false;
        for (directions, mask) in [(&mut self.receiving, readable), (&mut self.sending, writable)] {
            for (peer, direction) in directions.iter_mut().enumerate() {
                refused |= mask >> peer & 1 == 1 && std::mem::take(&mut direction.refused);
                direction.rest = direction.rest.saturating_sub(1);
            }
        }
        if refused {
            std::thread::yield_now();
            return Ok(());
        }
        self.inner.wait(readable, writable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes and gives everything.
    struct Eager(Vec<u8>);

    impl Transport for Eager {
        fn try_send(&mut self, _: usize, bytes: &[u8]) -> Result<usize, NetError> {
            self.0.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn try_recv(&mut self, _: usize, into: &mut [u8]) -> Result<usize, NetError> {
            into.fill(1);
            Ok(into.len())
        }

        fn wait(&mut self, _: u64, _: u64) -> Result<(), NetError> {
            Ok(())
        }
    }

    /// The pieces that a stream of ten bytes is cut into.
    fn pieces(seed: u64) -> Vec<usize> {
        let stream: Vec<u8> = (0..10).collect();
        let mut links = Shuffled::new(Eager(Vec::new()), seed);
        let (mut pieces, mut at) = (Vec::new(), 0);
        while at < stream.len() {
            let count = links.try_send(3, &stream[at..]).expect("it never fails");
            pieces.push(count);
            at += count;
            links.wait(0, 1 << 3).expect("it never fails");
        }
        assert_eq!(links.into_inner().0, stream);
        pieces
    }

    #[test]
    fn a_seed_is_a_schedule() {
        let all: std::collections::BTreeSet<_> = (0..1000).map(pieces).collect();
        assert!(all.len() > 100, "{}", all.len());
        assert_eq!(pieces(5), pieces(5));
    }
}
