//! The thread behind [`crate::emulate`]: takes what a party writes to its connections, holds it, and passes it on.
//!
//! Bytes stay in order and none is dropped. Memory is bounded: a connection is not read while its link has work for some time ahead or too much
//! is under way. Bytes that are under way arrive even if their sender is busy, as on a real network.

use crate::emulate::Network;
use crate::error::NetError;
use crate::stream::{Stream, end, poll};
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::SendFlags;
use std::collections::{BTreeMap, VecDeque};
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How far ahead a link may be booked before more is taken in.
const AHEAD: Duration = Duration::from_millis(10);
/// Most bytes under way on one connection where the rate has no bound.
const UNDER_WAY: usize = 16 << 20;
/// Most and least bytes that are passed on as one.
const PIECE: usize = 64 * 1024;
const PACKET: usize = 1500;

/// As many bytes as keep a link busy for as long as it may be booked ahead.
fn piece_size(network: &Network) -> usize {
    let per_packet = network.time_for(PACKET).as_nanos().max(1);
    usize::try_from(AHEAD.as_nanos() / per_packet).map_or(PIECE, |packets| (packets * PACKET).clamp(PACKET, PIECE))
}

/// How many connections still have something to deliver.
type Open = Arc<(Mutex<usize>, Condvar)>;

enum Command {
    Add { id: u64, inner: UnixStream, outer: OwnedFd, not_before: Instant },
    Join { id: u64, link: usize },
}

/// A party's emulated network. The thread ends when this is dropped and everything is delivered.
pub(crate) struct Relay {
    network: Network,
    commands: Sender<Command>,
    wake: UnixStream,
    next: u64,
    open: Open,
}

impl Relay {
    /// Starts the thread.
    pub(crate) fn start(network: Network) -> Result<Self, NetError> {
        let (wake, woken) = UnixStream::pair().map_err(NetError::internal)?;
        wake.set_nonblocking(true).map_err(NetError::internal)?;
        woken.set_nonblocking(true).map_err(NetError::internal)?;
        let (commands, received) = channel();
        let open = Open::default();
        let state =
            Thread { network, commands: received, woken, pipes: Vec::new(), free: BTreeMap::new(), open: open.clone() };
        std::thread::Builder::new()
            .name("smpc-emulation".into())
            .spawn(move || state.run())
            .map_err(NetError::internal)?;
        Ok(Self { network, commands, wake, next: 0, open })
    }

    /// Leads a connection's outgoing bytes over the emulated network; its number. The connecting side waits for TCP's greeting first.
    pub(crate) fn divert(&mut self, stream: &mut Stream, connecting: bool) -> Result<u64, NetError> {
        let (inner, detour) = UnixStream::pair().map_err(NetError::internal)?;
        inner.set_nonblocking(true).map_err(NetError::internal)?;
        let outer = stream.divert(detour).map_err(NetError::internal)?;
        let id = self.next;
        self.next += 1;
        *self.open.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let greeting = if connecting { self.network.rtt } else { Duration::ZERO };
        self.tell(Command::Add { id, inner, outer, not_before: Instant::now() + greeting });
        Ok(id)
    }

    /// Says which party a connection leads to, so that it shares that link's rate.
    pub(crate) fn join(&self, id: u64, link: usize) {
        self.tell(Command::Join { id, link });
    }

    fn tell(&self, command: Command) {
        // A thread that is gone has closed its pipes, which is how their users learn of it.
        let _ = self.commands.send(command);
        let _ = rustix::net::send(&self.wake, &[1], SendFlags::NOSIGNAL);
    }

    /// Waits until everything that was written to ended connections is delivered, or the time is over.
    pub(crate) fn drain(&self, limit: Duration) {
        let open = self.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.open.1.wait_timeout_while(open, limit, |open| *open > 0));
    }
}

/// One connection.
struct Pipe {
    id: u64,
    /// The link whose rate it shares: a party's number, or one of its own until that is known.
    link: u64,
    inner: UnixStream,
    outer: OwnedFd,
    not_before: Instant,
    waiting: VecDeque<(Instant, Vec<u8>)>,
    bytes: usize,
    ended: bool,
    /// The socket took nothing at the last attempt.
    full: bool,
}

/// Numbers of links of connections that belong to no party yet start here.
const UNKNOWN: u64 = 1 << 32;

struct Thread {
    network: Network,
    commands: Receiver<Command>,
    woken: UnixStream,
    pipes: Vec<Pipe>,
    /// When each link has sent all that it has accepted.
    free: BTreeMap<u64, Instant>,
    open: Open,
}

impl Thread {
    fn run(mut self) {
        let mut piece = vec![0; piece_size(&self.network)];
        loop {
            let _ = self.woken.read(&mut [0; 64]);
            let orphaned = self.obey();
            let now = Instant::now();
            let before = self.pipes.len();
            let (network, free, piece) = (self.network, &mut self.free, &mut piece[..]);
            self.pipes.retain_mut(|pipe| {
                pipe.take_in(&network, free, piece, now);
                pipe.let_go(now)
            });
            let closed = before - self.pipes.len();
            if closed > 0 {
                *self.open.0.lock().unwrap_or_else(PoisonError::into_inner) -= closed;
                self.open.1.notify_all();
            }
            if (orphaned && self.pipes.is_empty()) || self.wait().is_err() {
                return;
            }
        }
    }

    /// Takes new connections; whether there can be no more.
    fn obey(&mut self) -> bool {
        loop {
            match self.commands.try_recv() {
                Ok(Command::Add { id, inner, outer, not_before }) => {
                    let (waiting, bytes, ended, full) = (VecDeque::new(), 0, false, false);
                    let link = UNKNOWN + id;
                    self.pipes.push(Pipe { id, link, inner, outer, not_before, waiting, bytes, ended, full });
                }
                Ok(Command::Join { id, link }) => {
                    for pipe in self.pipes.iter_mut().filter(|pipe| pipe.id == id) {
                        pipe.link = link as u64;
                    }
                }
                Err(TryRecvError::Empty) => return false,
                Err(TryRecvError::Disconnected) => return true,
            }
        }
    }

    fn wait(&self) -> Result<(), Errno> {
        let now = Instant::now();
        let mut timeout = Duration::from_secs(60);
        let mut sockets = vec![PollFd::new(&self.woken, PollFlags::IN)];
        for pipe in &self.pipes {
            if !pipe.ended {
                let booked = self.free.get(&pipe.link).copied().unwrap_or(now);
                match booked.checked_duration_since(now + AHEAD) {
                    Some(early) if early > Duration::ZERO => timeout = timeout.min(early),
                    _ if pipe.bytes < UNDER_WAY => sockets.push(PollFd::new(&pipe.inner, PollFlags::IN)),
                    _ => {}
                }
            }
            if pipe.full {
                sockets.push(PollFd::new(&pipe.outer, PollFlags::OUT));
            } else if let Some((due, _)) = pipe.waiting.front() {
                timeout = timeout.min(due.saturating_duration_since(now));
            }
        }
        poll(&mut sockets, timeout)
    }
}

impl Pipe {
    /// Takes in what is written, as long as the link is free soon.
    fn take_in(&mut self, network: &Network, free: &mut BTreeMap<u64, Instant>, piece: &mut [u8], now: Instant) {
        while !self.ended && self.bytes < UNDER_WAY {
            let booked = free.get(&self.link).copied().unwrap_or(now);
            if booked > now + AHEAD {
                break;
            }
            match (&self.inner).read(piece) {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    self.bytes += count;
                    let gone = booked.max(now).max(self.not_before) + network.time_for(count);
                    free.insert(self.link, gone);
                    self.waiting.push_back((gone + network.one_way(), piece[..count].to_vec()));
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => self.ended = true,
            }
        }
    }

    /// Passes on what is due; whether there is more to come.
    fn let_go(&mut self, now: Instant) -> bool {
        self.full = false;
        while let Some((due, piece)) = self.waiting.front_mut() {
            if *due > now {
                return true;
            }
            match rustix::net::send(&self.outer, piece, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
                Ok(count) => {
                    self.bytes -= count;
                    piece.drain(..count);
                    if piece.is_empty() {
                        self.waiting.pop_front();
                    }
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    self.full = true;
                    return true;
                }
                Err(_) => return false,
            }
        }
        if self.ended {
            end(self.outer.as_fd());
        }
        !self.ended
    }
}
