//! The wires of the bench: TCP on loopback without TLS, queues in memory, and a mirror that gives a party its own bytes back.

use smpc_protocols::conformance::memory::memory_wires;
use smpc_protocols::{Error, Wire};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

/// Sockets to the two peers.
struct Tcp(Vec<Option<TcpStream>>);

fn outcome(peer: usize, result: std::io::Result<usize>) -> Result<usize, Error> {
    match result {
        Ok(count) => Ok(count),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(0),
        Err(error) => Err(Error::Link { peer, reason: error.to_string() }),
    }
}

impl Wire for Tcp {
    fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, Error> {
        self.0[peer].as_mut().map_or(Ok(0), |socket| outcome(peer, socket.write(bytes)))
    }
    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, Error> {
        self.0[peer].as_mut().map_or(Ok(0), |socket| outcome(peer, socket.read(into)))
    }
    fn wait(&mut self, _: u64, _: u64) -> Result<(), Error> {
        std::thread::yield_now();
        Ok(())
    }
}

/// A mesh of three over loopback.
pub(crate) fn tcp() -> std::io::Result<Vec<Box<dyn Wire + Send>>> {
    let mut wires: Vec<Tcp> = (0..3).map(|_| Tcp(vec![None, None, None])).collect();
    for (a, b) in [(0, 1), (1, 2), (0, 2)] {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let left = TcpStream::connect(listener.local_addr()?)?;
        let (right, _) = listener.accept()?;
        for socket in [&left, &right] {
            socket.set_nodelay(true)?;
            socket.set_nonblocking(true)?;
        }
        wires[a].0[b] = Some(left);
        wires[b].0[a] = Some(right);
    }
    Ok(wires.into_iter().map(|wire| Box::new(wire) as Box<dyn Wire + Send>).collect())
}

/// A mesh of three in memory.
pub(crate) fn memory() -> Vec<Box<dyn Wire + Send>> {
    memory_wires(3).into_iter().map(|wire| Box::new(wire) as Box<dyn Wire + Send>).collect()
}

/// What party 0 sends to one neighbour comes back as if from the other one. The values are nonsense; lengths and work are those of a real run where
/// every role has as many lanes.
#[derive(Default)]
pub(crate) struct Mirror([VecDeque<u8>; 3]);

impl Wire for Mirror {
    fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, Error> {
        self.0[3 - peer].extend(bytes);
        Ok(bytes.len())
    }
    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, Error> {
        let queue = &mut self.0[peer];
        let count = into.len().min(queue.len());
        let (front, back) = queue.as_slices();
        let first = front.len().min(count);
        into[..first].copy_from_slice(&front[..first]);
        into[first..count].copy_from_slice(&back[..count - first]);
        queue.drain(..count);
        Ok(count)
    }
    fn wait(&mut self, _: u64, _: u64) -> Result<(), Error> {
        if self.0.iter().all(VecDeque::is_empty) { Err(Error::Internal("the mirror is empty")) } else { Ok(()) }
    }
}
