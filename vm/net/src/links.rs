//! The data links of one worker: bytes to and from each peer, and one place to wait.
//!
//! A worker owns its sockets and their encryption; no other thread touches a byte. A small frame goes out as one TLS record in one system call; a
//! large one in batches of full records. Sending and receiving never wait, so neither keeps the other waiting (R17); [`Links::wait`] does, and
//! yields some fifty times before it blocks, and for a millisecond as long as that is enough, as between neighbours it is: a processor that falls asleep, in a virtual
//! machine above all, takes longer to wake than most rounds take. Spinning without yielding would be far slower than either where parties share processors.
//!
//! The first bytes of each direction must be the channel's opening (R2): nothing is handed out before it is verified.

use crate::agree::{OPENING, Opening};
use crate::board::Board;
use crate::channel::Channel;
use crate::count::Counters;
use crate::error::NetError;
use crate::stream::{Gone, poll, ready};
use rustix::event::{PollFd, PollFlags};
use std::fmt;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often [`Links::wait`] yields at least before it blocks.
const YIELDS: u32 = 50;
/// How long it yields where the last wait came to its end in that time.
const PATIENCE: Duration = Duration::from_millis(1);
/// Yields between two looks at the board.
const LOOKS: u32 = 64;

/// What a worker sends and receives over: [`Links`], or a wrapper round them.
///
/// Each peer is a stream of bytes in each direction. After [`Transport::try_send`] has taken a part of its bytes, the next call for that peer
/// begins with the rest.
pub trait Transport {
    /// Takes what it can of `bytes` for `peer` and says how much; 0 where the link is full.
    ///
    /// # Errors
    /// The error that ends the run.
    fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, NetError>;

    /// Fills what it can of `into` with bytes from `peer` and says how much; 0 where none have arrived.
    ///
    /// # Errors
    /// The error that ends the run.
    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, NetError>;

    /// Returns when one of the links is likely to be ready: bit p of `readable` and `writable` stands for peer p. May return early.
    ///
    /// # Errors
    /// The error that ends the run; a peer that is silent for longer than the session allows.
    fn wait(&mut self, readable: u64, writable: u64) -> Result<(), NetError>;
}

/// One peer.
pub(crate) struct Peer {
    pub(crate) channel: Channel,
    /// The opening that must come first, until it has, and what has come of it.
    pub(crate) opening: Option<(Box<[u8; OPENING]>, Vec<u8>)>,
}

/// See the module's text.
pub struct Links {
    me: usize,
    worker: usize,
    peers: Vec<Option<Peer>>,
    board: Arc<Board>,
    woken: UnixStream,
    counters: Counters,
    /// Whether the last wait ended before it blocked.
    patient: bool,
}

impl Links {
    pub(crate) fn new(
        me: usize,
        worker: usize,
        peers: Vec<Option<Peer>>,
        board: Arc<Board>,
        woken: UnixStream,
        counters: Counters,
    ) -> Self {
        Self { me, worker, peers, board, woken, counters, patient: true }
    }

    /// This party's number.
    #[must_use]
    pub fn me(&self) -> usize {
        self.me
    }

    /// How many parties there are, this one included.
    #[must_use]
    pub fn parties(&self) -> usize {
        self.peers.len()
    }

    /// A handle of the counters.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters.clone()
    }

    /// Sets the size of the kernel's buffers of all links, in bytes, where the kernel's own choice does not suit.
    ///
    /// # Errors
    /// [`NetError::Internal`] where the kernel refuses.
    pub fn set_buffers(&mut self, bytes: usize) -> Result<(), NetError> {
        for peer in self.peers.iter_mut().flatten() {
            peer.channel.stream().set_buffers(bytes).map_err(NetError::internal)?;
        }
        Ok(())
    }

    fn peer(&mut self, peer: usize) -> Result<&mut Peer, NetError> {
        match self.peers.get_mut(peer) {
            Some(Some(found)) => Ok(found),
            _ => Err(NetError::internal(format!("party {peer} is not a peer"))),
        }
    }

    fn explain(&self, peer: usize, gone: &Gone) -> NetError {
        self.board.explain(self.worker, peer, gone)
    }

    /// Reads the rest of a peer's opening; whether all of it is here and right.
    fn open(&mut self, peer: usize) -> Result<bool, NetError> {
        let found = self.peer(peer)?;
        let Some((expected, found_so_far)) = &mut found.opening else { return Ok(true) };
        let mut piece = [0; OPENING];
        match found.channel.try_recv(&mut piece[found_so_far.len()..]) {
            Ok(count) => {
                let old = found_so_far.len();
                found_so_far.extend_from_slice(&piece[old..old + count]);
            }
            Err(gone) => return Err(self.explain(peer, &gone)),
        }
        let Ok(whole) = <&[u8; OPENING]>::try_from(&found_so_far[..]) else { return Ok(false) };
        if let Err(what) = Opening::check(expected, whole) {
            return Err(self.board.fail(NetError::protocol(peer, what)));
        }
        found.opening = None;
        Ok(true)
    }

    /// As [`Transport::try_send`].
    ///
    /// # Errors
    /// The error that ends the run.
    pub fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, NetError> {
        let channel = &mut self.peer(peer)?.channel;
        match channel.try_send(bytes) {
            Ok(count) => {
                let wire = channel.wire().0;
                self.counters.add_sent(peer, count, wire);
                Ok(count)
            }
            Err(gone) => Err(self.explain(peer, &gone)),
        }
    }

    /// As [`Transport::try_recv`].
    ///
    /// # Errors
    /// The error that ends the run.
    pub fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, NetError> {
        if self.peer(peer)?.opening.is_some() && !self.open(peer)? {
            return Ok(0);
        }
        let channel = &mut self.peer(peer)?.channel;
        match channel.try_recv(into) {
            Ok(count) => {
                let wire = channel.wire().1;
                self.counters.add_received(peer, count, wire);
                Ok(count)
            }
            Err(gone) => Err(self.explain(peer, &gone)),
        }
    }

    /// As [`Transport::wait`].
    ///
    /// # Errors
    /// The error that ends the run.
    pub fn wait(&mut self, readable: u64, writable: u64) -> Result<(), NetError> {
        self.board.check()?;
        if (readable | writable) & !self.all() != 0 || readable | writable == 0 {
            return Err(NetError::internal("nobody, or no peer, is waited for"));
        }
        let (since, mut yields) = (Instant::now(), 0);
        while yields < YIELDS || self.patient && since.elapsed() < PATIENCE {
            if self.look(readable, writable)? {
                self.patient = true;
                return Ok(());
            }
            std::thread::yield_now();
            yields += 1;
            if yields.is_multiple_of(LOOKS) {
                self.board.check()?;
            }
        }
        self.patient = false;
        self.board.set_waiting(self.worker, readable | writable);
        let waited = self.block(readable, writable);
        self.board.set_waiting(self.worker, 0);
        waited?;
        self.board.check()
    }

    /// The peers, as a mask.
    fn all(&self) -> u64 {
        self.peers.iter().enumerate().filter(|(_, peer)| peer.is_some()).fold(0, |mask, (party, _)| mask | 1 << party)
    }

    /// Whether a link is ready, without waiting. What is only waited for to read is read into the link's own buffer, which saves a call.
    fn look(&mut self, readable: u64, writable: u64) -> Result<bool, NetError> {
        let mut found = false;
        for party in bits(readable) {
            found |= self.peer(party)?.channel.has_arrived();
        }
        if !found && writable != 0 {
            let mut sockets = Vec::with_capacity(writable.count_ones() as usize);
            for party in bits(writable) {
                if let Some(Some(peer)) = self.peers.get(party) {
                    sockets.push(PollFd::from_borrowed_fd(peer.channel.writer(), PollFlags::OUT));
                }
            }
            poll(&mut sockets, Duration::ZERO).map_err(|error| NetError::internal(std::io::Error::from(error)))?;
            found = sockets.iter().any(ready);
        }
        Ok(found)
    }

    /// Blocks until a link is ready or the keeper has something to say. The keeper watches the peers, so this needs a bound only in case the
    /// keeper itself is gone; a spurious return is allowed.
    fn block(&mut self, readable: u64, writable: u64) -> Result<(), NetError> {
        let mut sockets = vec![PollFd::new(&self.woken, PollFlags::IN)];
        for (party, peer) in self.peers.iter().enumerate() {
            let Some(peer) = peer else { continue };
            if readable >> party & 1 == 1 {
                sockets.push(PollFd::from_borrowed_fd(peer.channel.reader(), PollFlags::IN));
            }
            if writable >> party & 1 == 1 {
                sockets.push(PollFd::from_borrowed_fd(peer.channel.writer(), PollFlags::OUT));
            }
        }
        let polled = poll(&mut sockets, self.board.silence());
        let rung = ready(&sockets[0]);
        drop(sockets);
        if rung {
            let _ = self.woken.read(&mut [0; 64]);
        }
        polled.map_err(|error| NetError::internal(std::io::Error::from(error)))
    }
}

/// The places of the ones of a mask.
fn bits(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = mask.trailing_zeros() as usize;
        (mask != 0).then(|| {
            mask &= mask - 1;
            place
        })
    })
}

impl Transport for Links {
    fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, NetError> {
        Self::try_send(self, peer, bytes)
    }

    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, NetError> {
        Self::try_recv(self, peer, into)
    }

    fn wait(&mut self, readable: u64, writable: u64) -> Result<(), NetError> {
        Self::wait(self, readable, writable)
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        self.board.worker_gone(self.worker);
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Links of worker {} of party {}", self.worker, self.me)
    }
}
