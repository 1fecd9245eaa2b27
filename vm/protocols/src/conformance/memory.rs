//! Links between threads of one process, for tests: unbounded queues of bytes.

use crate::error::Error;
use crate::wire::Wire;
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

/// One party's ends of the queues.
pub struct MemoryWire {
    to: Vec<Sender<Vec<u8>>>,
    from: Vec<Receiver<Vec<u8>>>,
    /// What has arrived and was not read, and how much of the first was.
    waiting: Vec<VecDeque<Vec<u8>>>,
    read: Vec<usize>,
}

/// Wires for `parties` parties.
#[must_use]
pub fn memory_wires(parties: usize) -> Vec<MemoryWire> {
    let mut wires: Vec<MemoryWire> = (0..parties)
        .map(|_| MemoryWire {
            to: Vec::new(),
            from: Vec::new(),
            waiting: vec![VecDeque::new(); parties],
            read: vec![0; parties],
        })
        .collect();
    for from in 0..parties {
        for to in 0..parties {
            let (tx, rx) = channel();
            wires[from].to.push(tx);
            wires[to].from.push(rx);
        }
    }
    wires
}

impl MemoryWire {
    fn poll(&mut self, peer: usize) -> Result<(), Error> {
        loop {
            match self.from[peer].try_recv() {
                Ok(bytes) => self.waiting[peer].push_back(bytes),
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) if self.waiting[peer].is_empty() => {
                    return Err(Error::Link { peer, reason: "closed".into() });
                }
                Err(TryRecvError::Disconnected) => return Ok(()),
            }
        }
    }
}

impl Wire for MemoryWire {
    fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, Error> {
        let sent = self.to[peer].send(bytes.to_vec());
        sent.map(|()| bytes.len()).map_err(|_| Error::Link { peer, reason: "closed".into() })
    }

    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, Error> {
        self.poll(peer)?;
        let mut count = 0;
        while let Some(front) = self.waiting[peer].front() {
            let rest = &front[self.read[peer]..];
            let taken = rest.len().min(into.len() - count);
            into[count..count + taken].copy_from_slice(&rest[..taken]);
            count += taken;
            self.read[peer] += taken;
            if taken < rest.len() || taken == 0 && !rest.is_empty() {
                break;
            }
            self.waiting[peer].pop_front();
            self.read[peer] = 0;
        }
        Ok(count)
    }

    fn wait(&mut self, _: u64, _: u64) -> Result<(), Error> {
        std::thread::yield_now();
        Ok(())
    }
}
