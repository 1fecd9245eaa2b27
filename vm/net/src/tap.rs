//! A wrapper round links that records what goes over them, for tests. It changes nothing.

use crate::error::NetError;
use crate::links::Transport;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What has gone over tapped links; clones read the same record.
#[derive(Clone, Debug, Default)]
pub struct Record(Arc<Mutex<Vec<Streams>>>);

#[derive(Clone, Debug, Default)]
struct Streams {
    sent: Vec<u8>,
    received: Vec<u8>,
}

impl Record {
    fn with<R>(&self, peer: usize, act: impl FnOnce(&mut Streams) -> R) -> R {
        let mut streams: MutexGuard<'_, Vec<Streams>> = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if streams.len() <= peer {
            streams.resize(peer + 1, Streams::default());
        }
        act(&mut streams[peer])
    }

    /// All bytes that were sent to a peer, in their order.
    #[must_use]
    pub fn sent(&self, peer: usize) -> Vec<u8> {
        self.with(peer, |streams| streams.sent.clone())
    }

    /// All bytes that were received from a peer, in their order.
    #[must_use]
    pub fn received(&self, peer: usize) -> Vec<u8> {
        self.with(peer, |streams| streams.received.clone())
    }
}

/// Links with a record.
#[derive(Debug)]
pub struct Tap<T> {
    inner: T,
    record: Record,
}

impl<T> Tap<T> {
    /// Records what goes over `inner`.
    pub fn new(inner: T) -> Self {
        Self { inner, record: Record::default() }
    }

    /// The record.
    #[must_use]
    pub fn record(&self) -> Record {
        self.record.clone()
    }

    /// The links, without the tap.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<T: Transport> Transport for Tap<T> {
    fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, NetError> {
        let count = self.inner.try_send(peer, bytes)?;
        self.record.with(peer, |streams| streams.sent.extend_from_slice(&bytes[..count]));
        Ok(count)
    }

    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, NetError> {
        let count = self.inner.try_recv(peer, into)?;
        self.record.with(peer, |streams| streams.received.extend_from_slice(&into[..count]));
        Ok(count)
    }

    fn wait(&mut self, readable: u64, writable: u64) -> Result<(), NetError> {
        self.inner.wait(readable, writable)
    }
}
