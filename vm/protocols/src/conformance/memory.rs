//! Links between threads of one process, for tests: unbounded queues of bytes.

use crate::error::Error;
use crate::wire::Wire;
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

/// One party's ends of the queues.
pub struct MemoryWire {
    to: Vec<Sender<Vec<u8>>>,
    from: Vec<Receiver<Vec<u8>>>,
    waiting: Vec<VecDeque<u8>>,
}

/// Wires for `parties` parties.
#[must_use]
pub fn memory_wires(parties: usize) -> Vec<MemoryWire> {
    let mut wires: Vec<MemoryWire> = (0..parties)
        .map(|_| MemoryWire { to: Vec::new(), from: Vec::new(), waiting: vec![VecDeque::new(); parties] })
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
                Ok(bytes) => self.waiting[peer].extend(bytes),
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
        let count = into.len().min(self.waiting[peer].len());
        into.iter_mut().zip(self.waiting[peer].drain(..count)).for_each(|(to, byte)| *to = byte);
        Ok(count)
    }

    fn wait(&mut self, _: u64, _: u64) -> Result<(), Error> {
        std::thread::yield_now();
        Ok(())
    }
}
