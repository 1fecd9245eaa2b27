//! One tick on the links: bounded queues, frame headers, and the loop that moves bytes until every piece is out and every frame is in.

use crate::error::Error;
use crate::queue::Queue;
use crate::wire::Wire;

/// Bytes of a frame's header: session, worker, tick and length, little endian.
pub const HEADER: usize = 28;
/// Bytes that a piece produces or consumes at a time, a multiple of the cipher block and of a lane block: 2,048 words of 64 bits.
pub const CHUNK: usize = 16 * 1024;
/// Bytes that may wait in one direction of one link.
pub(crate) const ROOM: usize = 8 * CHUNK;
/// Rounds of [`pump`] that a full link is left alone for: pieces come back for every chunk, and each try is a call of the system.
const FULL: u32 = 8;

/// How much more a queue may hold.
fn room(queue: &Queue) -> usize {
    ROOM.saturating_sub(queue.len())
}

/// The header of a frame.
pub(crate) fn header(session: u64, worker: u32, tick: u64, length: u64) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    bytes[..8].copy_from_slice(&session.to_le_bytes());
    bytes[8..12].copy_from_slice(&worker.to_le_bytes());
    bytes[12..20].copy_from_slice(&tick.to_le_bytes());
    bytes[20..].copy_from_slice(&length.to_le_bytes());
    bytes
}

/// One peer, both directions.
#[derive(Default)]
pub(crate) struct Link {
    out: Queue,
    /// Where among the waiting bytes of `out` the header of the frame under registration belongs, once it has a piece.
    header_at: Option<usize>,
    /// Payload bytes that pieces of this tick have registered, and those of them that were produced.
    pub(crate) promised: u64,
    produced: u64,
    inn: Queue,
    /// The header that this tick's frame must have, until it was seen.
    header: Option<[u8; HEADER]>,
    /// Payload bytes of this tick's frame: all, those that have arrived, those that pieces have taken.
    expected: u64,
    arrived: u64,
    consumed: u64,
    /// Payload bytes registered for the tick under registration.
    next_expected: u64,
    /// Whether bytes were produced, consumed, sent or received since [`pump`] last looked.
    active: bool,
    /// How many more times [`pump`] passes this link by since its transport took nothing.
    full: u32,
}

impl Link {
    /// Registers a piece of `len` bytes to be sent; its offset in the frame.
    pub(crate) fn promise(&mut self, len: u64) -> u64 {
        if self.header_at.is_none() {
            self.out.before_header();
            self.header_at = Some(self.out.len());
            self.out.space(HEADER);
            self.out.keep(HEADER);
        }
        let offset = self.promised;
        self.promised += len;
        offset
    }

    /// Registers a piece of `len` bytes to be received; its offset in the frame.
    pub(crate) fn expect(&mut self, len: u64) -> u64 {
        let offset = self.next_expected;
        self.next_expected += len;
        offset
    }

    /// Lets a piece that stands at `at` in the frame with `left` bytes to go produce its next chunk, if it is its turn and there is room. `fill`
    /// gets the place to write to.
    pub(crate) fn produce(&mut self, at: u64, left: u64, fill: &mut dyn FnMut(&mut [u8])) -> usize {
        let count = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
        if self.produced != at || room(&self.out) < count {
            return 0;
        }
        fill(self.out.space(count));
        self.out.keep(count);
        self.produced += count as u64;
        self.active = true;
        count
    }

    /// Hands a piece that stands at `at` with `left` bytes to go what has arrived for it: whole chunks, or all the rest.
    pub(crate) fn consume(&mut self, at: u64, left: u64, take: &mut dyn FnMut(&[u8])) -> usize {
        if self.consumed != at || self.header.is_some() {
            return 0;
        }
        let here = self.inn.len();
        let count = match usize::try_from(left) {
            Ok(left) if left <= here => left,
            _ => here - here % CHUNK,
        };
        if count > 0 {
            take(&self.inn.waiting()[..count]);
            self.inn.drop_front(count);
            self.consumed += count as u64;
            self.active = true;
        }
        count
    }

    /// Ends registration: writes the outgoing header, turns to the incoming frame, and says how long that is.
    pub(crate) fn close(&mut self, header: impl Fn(u64) -> [u8; HEADER]) -> Result<u64, Error> {
        if self.consumed != self.expected {
            return Err(Error::Internal("a gate was dropped within a round"));
        }
        if let Some(at) = self.header_at.take() {
            self.out.overwrite(at, &header(self.promised));
        }
        self.expected = std::mem::take(&mut self.next_expected);
        (self.arrived, self.consumed) = (0, 0);
        self.header = (self.expected > 0).then(|| header(self.expected));
        Ok(self.expected)
    }

    /// Counts the tick as done without moving anything.
    pub(crate) fn skip(&mut self) {
        self.out.clear();
        self.header = None;
        (self.arrived, self.consumed) = (self.expected, self.expected);
        (self.promised, self.produced) = (0, 0);
    }

    /// Sends what the transport takes; whether something is left.
    pub(crate) fn send(&mut self, peer: usize, wire: &mut dyn Wire) -> Result<bool, Error> {
        while self.out.len() > 0 {
            let sent = wire.try_send(peer, self.out.waiting())?;
            if sent == 0 {
                self.full = FULL;
                return Ok(true);
            }
            self.out.drop_front(sent);
            (self.active, self.full) = (true, 0);
        }
        Ok(false)
    }

    /// Takes in what has arrived of this tick's frame and there is room for.
    fn receive(&mut self, peer: usize, wire: &mut dyn Wire, tick: u64) -> Result<(), Error> {
        if self.header.is_some() {
            self.inn.before_header();
        }
        loop {
            let missing = self.expected - self.arrived
                + if self.header.is_some() { (HEADER - self.inn.len().min(HEADER)) as u64 } else { 0 };
            let room = room(&self.inn).min(usize::try_from(missing).unwrap_or(ROOM));
            if room == 0 {
                return Ok(());
            }
            let got = wire.try_recv(peer, self.inn.space(room))?;
            self.inn.keep(got);
            if got == 0 {
                return Ok(());
            }
            self.active = true;
            match self.header {
                None => self.arrived += got as u64,
                Some(header) if self.inn.len() >= HEADER => {
                    check_header(&header, &self.inn.waiting()[..HEADER], peer, tick)?;
                    self.header = None;
                    self.arrived = (self.inn.len() - HEADER) as u64;
                    self.inn.drop_front(HEADER);
                }
                Some(_) => {}
            }
        }
    }

    fn all_out(&self) -> bool {
        self.produced == self.promised
    }

    fn all_in(&self) -> bool {
        self.header.is_none() && self.arrived == self.expected
    }
}

/// Compares a peer's header with what the program says, before anything of its payload is used.
fn check_header(expected: &[u8; HEADER], found: &[u8], peer: usize, tick: u64) -> Result<(), Error> {
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |n, b| n << 8 | u64::from(*b));
    for (field, place) in [("session", 0..8), ("worker", 8..12), ("number", 12..20), ("length", 20..28)] {
        let (expected, found) = (number(&expected[place.clone()]), number(&found[place]));
        if expected != found {
            return Err(Error::Frame { peer, tick, field, expected, found });
        }
    }
    Ok(())
}

/// Moves bytes on all links until the tick is complete (true) or pieces have to produce or consume before more can move (false). A send never keeps a
/// receive waiting: both are tried on every link each time round. Where neither pieces nor links get on, it waits.
pub(crate) fn pump(links: &mut [Link], wire: &mut dyn Wire, tick: u64) -> Result<bool, Error> {
    loop {
        let (mut readable, mut writable) = (0_u64, 0_u64);
        let (mut complete, mut pieces_first) = (true, false);
        for (peer, link) in links.iter_mut().enumerate() {
            link.full = link.full.saturating_sub(1);
            if link.full > 0 || link.send(peer, wire)? {
                writable |= 1 << peer;
            }
            link.receive(peer, wire, tick)?;
            if !link.all_out() {
                complete = false;
                pieces_first |= room(&link.out) >= ROOM / 2;
            }
            if !link.all_in() {
                complete = false;
                // What has arrived where there is no room is nothing to wake up for: the piece that would take it waits for one that sends.
                readable |= u64::from(room(&link.inn) > 0) << peer;
                pieces_first |= link.header.is_none() && link.inn.len() >= ROOM / 2;
            }
        }
        if complete {
            for (peer, link) in links.iter_mut().enumerate() {
                (link.promised, link.produced) = (0, 0);
                // What comes next may be long work: nothing that could go waits for it.
                if std::mem::take(&mut link.full) > 0 {
                    link.send(peer, wire)?;
                }
            }
            return Ok(true);
        }
        // A piece that is behind another one may have to wait for the peer that its leader's bytes go to.
        let active = links.iter_mut().fold(false, |active, link| active | std::mem::take(&mut link.active));
        if pieces_first && (active || readable | writable == 0) {
            return Ok(false);
        }
        wire.wait(readable, writable)?;
        links.iter_mut().for_each(|link| link.full = 0);
    }
}
