//! Counters of what goes over the links of one worker, per peer. They can be read from any thread while the worker runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What has gone to and come from one peer over a worker's data channel, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Payload that was sent.
    pub sent: u64,
    /// Payload that was received.
    pub received: u64,
    /// Everything that was sent: payload, the channel's opening, and what TLS adds.
    pub wire_sent: u64,
    /// Everything that was received.
    pub wire_received: u64,
}

#[derive(Debug, Default)]
struct Peer {
    sent: AtomicU64,
    received: AtomicU64,
    wire_sent: AtomicU64,
    wire_received: AtomicU64,
}

/// A handle of a worker's counters; clones read the same ones.
#[derive(Clone, Debug)]
pub struct Counters(Arc<[Peer]>);

/// Adds without a locked instruction: each counter has one writer, its worker.
fn add(counter: &AtomicU64, more: usize) {
    counter.store(counter.load(Ordering::Relaxed) + more as u64, Ordering::Relaxed);
}

impl Counters {
    pub(crate) fn new(parties: usize) -> Self {
        Self((0..parties).map(|_| Peer::default()).collect())
    }

    pub(crate) fn add_sent(&self, peer: usize, bytes: usize, wire: u64) {
        add(&self.0[peer].sent, bytes);
        self.0[peer].wire_sent.store(wire, Ordering::Relaxed);
    }

    pub(crate) fn add_received(&self, peer: usize, bytes: usize, wire: u64) {
        add(&self.0[peer].received, bytes);
        self.0[peer].wire_received.store(wire, Ordering::Relaxed);
    }

    /// The counters of all parties, in their order; all 0 for this one.
    #[must_use]
    pub fn counts(&self) -> Vec<Count> {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let count = |peer: &Peer| Count {
            sent: read(&peer.sent),
            received: read(&peer.received),
            wire_sent: read(&peer.wire_sent),
            wire_received: read(&peer.wire_received),
        };
        self.0.iter().map(count).collect()
    }

    /// A number that grows whenever payload moves.
    pub(crate) fn moved(&self) -> u64 {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        self.0.iter().fold(0, |sum, peer| sum.wrapping_add(read(&peer.sent)).wrapping_add(read(&peer.received)))
    }
}
