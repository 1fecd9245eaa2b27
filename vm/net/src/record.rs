//! The TLS side of one connection over buffers of our own: records in, records out, no socket.
//!
//! It uses rustls's unbuffered interface: with the buffered one a receiver is limited to reads of 4 kB, and takes more than twice the time for a
//! byte. Buffers are bounded: at most one window of ciphertext each way, and what one window decrypts to.

use crate::pieces;
use crate::stream::{Gone, Stream};
use crate::tls::gone;
use rustls::client::UnbufferedClientConnection;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus};
use rustls::{CommonState, Error};
use zeroize::Zeroize;

/// Plaintext that is encrypted and written at a time: eight records.
pub(crate) const BATCH: usize = 8 * 16 * 1024;
/// Room for the records of a batch, and for a key update.
const OUTGOING: usize = BATCH + 1024;
/// Room for one record of any size, enough for a handshake; and for bulk data.
const NARROW: usize = 20 * 1024;
const WIDE: usize = 256 * 1024;

/// Bytes that a window begins behind its buffer's start. Where an allocator starts both a record and a window at a page, no record of a batch is then copied to less than
/// 32 bytes behind where it was made; see [`crate::pieces`].
const LEAD: usize = 64;

/// Bytes between two marks of a buffer.
struct Window {
    bytes: Vec<u8>,
    head: usize,
    tail: usize,
    /// Nothing was ever written from here on.
    fresh: usize,
}

impl Window {
    fn new(size: usize) -> Self {
        Self { bytes: vec![0; LEAD + size], head: LEAD, tail: LEAD, fresh: LEAD }
    }

    /// Says that so many more bytes were written to [`Self::room`].
    fn keep(&mut self, count: usize) {
        self.tail += count;
        self.fresh = self.fresh.max(self.tail);
    }

    fn filled(&mut self) -> &mut [u8] {
        &mut self.bytes[self.head..self.tail]
    }

    fn is_empty(&self) -> bool {
        self.head == self.tail
    }

    fn drop_front(&mut self, count: usize) {
        self.head = (self.head + count).min(self.tail);
        if self.head == self.tail {
            (self.head, self.tail) = (LEAD, LEAD);
        }
    }

    /// What can be filled; moves what there is to the front where less than `wanted` is left.
    fn room(&mut self, wanted: usize) -> &mut [u8] {
        if self.bytes.len() - self.tail < wanted && self.head > LEAD {
            self.bytes.copy_within(self.head..self.tail, LEAD);
            (self.head, self.tail) = (LEAD, LEAD + self.tail - self.head);
        }
        &mut self.bytes[self.tail..]
    }

    fn grow(&mut self, size: usize) {
        if self.bytes.len() < LEAD + size {
            let mut larger = vec![0; LEAD + size];
            larger[..self.tail].copy_from_slice(&self.bytes[..self.tail]);
            self.wipe();
            (self.bytes, self.fresh) = (larger, self.tail);
        }
    }

    /// Overwrites what was ever written; pages that were not are not touched.
    fn wipe(&mut self) {
        self.bytes[..self.fresh].zeroize();
    }
}

enum End {
    Client(UnbufferedClientConnection),
    Server(UnbufferedServerConnection),
}

/// What one look at the connection's state came to.
enum Step {
    /// Something was done: look again.
    Again,
    /// More must arrive.
    Blocked,
    /// The handshake is over and what has arrived is decrypted.
    Open,
    /// The other end has said that it sends no more.
    Closed,
}

/// See the module's text.
pub(crate) struct Tls {
    end: End,
    incoming: Window,
    outgoing: Window,
    /// Decrypted bytes that nobody has taken, and how many of them were since.
    spare: Vec<u8>,
    taken: usize,
    closed: bool,
    /// Bytes that the socket has taken and given.
    wire: (u64, u64),
}

impl Tls {
    /// The connecting end.
    pub(crate) fn client(end: UnbufferedClientConnection) -> Self {
        Self::new(End::Client(end))
    }

    /// The accepting end.
    pub(crate) fn server(end: UnbufferedServerConnection) -> Self {
        Self::new(End::Server(end))
    }

    fn new(end: End) -> Self {
        let (incoming, outgoing) = (Window::new(NARROW), Window::new(NARROW));
        Self { end, incoming, outgoing, spare: Vec::new(), taken: 0, closed: false, wire: (0, 0) }
    }

    /// Makes room for bulk data.
    pub(crate) fn widen(&mut self) {
        self.incoming.grow(WIDE);
        self.outgoing.grow(OUTGOING);
    }

    /// What the handshake has established so far.
    pub(crate) fn state(&self) -> &CommonState {
        match &self.end {
            End::Client(end) => end,
            End::Server(end) => end,
        }
    }

    /// Carries the handshake on; true once it is over and everything is sent.
    pub(crate) fn handshake(&mut self, stream: &Stream) -> Result<bool, Gone> {
        loop {
            let step = self.step(&mut [], &mut 0);
            let flushed = self.flush(stream);
            match step? {
                Step::Again => {}
                Step::Open => return flushed,
                Step::Closed => return Err(Gone::Closed),
                Step::Blocked => {
                    flushed?;
                    if self.fill(stream)? == 0 {
                        return Ok(false);
                    }
                }
            }
        }
    }

    /// Encrypts at most [`BATCH`] bytes; everything encrypted before must be flushed.
    pub(crate) fn encrypt(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        loop {
            let (incoming, spare, outgoing) = (self.incoming.filled(), &mut self.spare, &mut self.outgoing);
            let (discard, sealed) = match &mut self.end {
                End::Client(end) => seal(end.process_tls_records(incoming), bytes, spare, outgoing),
                End::Server(end) => seal(end.process_tls_records(incoming), bytes, spare, outgoing),
            };
            self.incoming.drop_front(discard);
            if sealed? {
                return Ok(());
            }
        }
    }

    /// Sends what is encrypted; whether all of it is sent.
    pub(crate) fn flush(&mut self, stream: &Stream) -> Result<bool, Gone> {
        while !self.outgoing.is_empty() {
            match stream.send(self.outgoing.filled())? {
                0 => return Ok(false),
                count => {
                    self.outgoing.drop_front(count);
                    self.wire.0 += count as u64;
                }
            }
        }
        Ok(true)
    }

    /// Bytes that the socket has taken and given.
    pub(crate) fn wire(&self) -> (u64, u64) {
        self.wire
    }

    /// Whether something encrypted is not sent yet.
    pub(crate) fn is_pending(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Reads ciphertext; how many bytes, 0 where none have arrived. What is here must have been looked at.
    pub(crate) fn fill(&mut self, stream: &Stream) -> Result<usize, Gone> {
        let wanted = self.incoming.bytes.len() / 2;
        let room = self.incoming.room(wanted);
        if room.is_empty() {
            return Err(Gone::Broken("it sends a message that is too long".into()));
        }
        let count = stream.recv(room)?;
        self.incoming.keep(count);
        self.wire.1 += count as u64;
        Ok(count)
    }

    /// Decrypts into `into` what is here, without reading; how many bytes. `Err(Gone::Closed)` once the other end has ended.
    pub(crate) fn take(&mut self, into: &mut [u8]) -> Result<usize, Gone> {
        let mut got = self.take_spare(into);
        while got < into.len() && !self.incoming.is_empty() {
            match self.step(into, &mut got)? {
                Step::Again => {}
                Step::Blocked | Step::Open => break,
                Step::Closed => {
                    self.closed = true;
                    break;
                }
            }
        }
        if got == 0 && self.closed && !into.is_empty() { Err(Gone::Closed) } else { Ok(got) }
    }

    /// Whether the other end is still there, as far as can be seen from what it sent first. Bytes are kept; a goodbye or an alert is heard.
    pub(crate) fn check(&mut self, stream: &Stream) -> Result<(), Gone> {
        if self.spare.is_empty() && !self.closed {
            if !self.holds() {
                self.fill(stream)?;
            }
            loop {
                match self.step(&mut [], &mut 0)? {
                    Step::Again => {}
                    Step::Blocked | Step::Open => break,
                    Step::Closed => {
                        self.closed = true;
                        break;
                    }
                }
            }
        }
        if self.spare.is_empty() && self.closed { Err(Gone::Closed) } else { Ok(()) }
    }

    fn take_spare(&mut self, into: &mut [u8]) -> usize {
        let left = &self.spare[self.taken..];
        let count = left.len().min(into.len());
        pieces::copy(&mut into[..count], &left[..count]);
        self.taken += count;
        if self.taken == self.spare.len() {
            self.spare.clear();
            self.taken = 0;
        }
        count
    }

    /// Whether [`Tls::take`] has something to give: decrypted bytes or a whole record.
    pub(crate) fn holds(&self) -> bool {
        let here = &self.incoming.bytes[self.incoming.head..self.incoming.tail];
        let whole = |header: &[u8; 5]| here.len() >= 5 + usize::from(u16::from_be_bytes([header[3], header[4]]));
        self.closed || !self.spare.is_empty() || here.first_chunk().is_some_and(whole)
    }

    /// Looks at the connection once. Decrypted bytes go to `into` from `got` on, and to `spare` where that is full.
    fn step(&mut self, into: &mut [u8], got: &mut usize) -> Result<Step, Gone> {
        let mut sink = Sink { into, got, spare: &mut self.spare };
        let (discard, step) = match &mut self.end {
            End::Client(end) => look(end.process_tls_records(self.incoming.filled()), &mut sink, &mut self.outgoing),
            End::Server(end) => look(end.process_tls_records(self.incoming.filled()), &mut sink, &mut self.outgoing),
        };
        self.incoming.drop_front(discard);
        if step.is_err() {
            self.queue_alert();
        }
        step.map_err(|error| gone(&error))
    }

    /// After an error: takes the alert, if rustls has one for the other end.
    fn queue_alert(&mut self) {
        let mut sink = Sink { into: &mut [], got: &mut 0, spare: &mut self.spare };
        // Never an empty slice in place of a window that has something: rustls keeps places in it.
        let _ = match &mut self.end {
            End::Client(end) => look(end.process_tls_records(self.incoming.filled()), &mut sink, &mut self.outgoing),
            End::Server(end) => look(end.process_tls_records(self.incoming.filled()), &mut sink, &mut self.outgoing),
        };
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        // Records are decrypted where they lie, a greeting with its secret included.
        self.spare.zeroize();
        self.incoming.wipe();
    }
}

/// Appends to a buffer of secrets: where that has to move, nothing stays behind.
pub(crate) fn append(buffer: &mut Vec<u8>, bytes: &[u8]) {
    let length = buffer.len() + bytes.len();
    if buffer.capacity() < length {
        let mut larger = Vec::with_capacity(length.max(2 * buffer.capacity()));
        larger.extend_from_slice(buffer);
        std::mem::replace(buffer, larger).zeroize();
    }
    buffer.extend_from_slice(bytes);
}

/// Where decrypted bytes go.
struct Sink<'a> {
    into: &'a mut [u8],
    got: &'a mut usize,
    spare: &'a mut Vec<u8>,
}

impl Sink<'_> {
    fn put(&mut self, bytes: &[u8]) {
        let room = &mut self.into[*self.got..];
        let count = room.len().min(bytes.len());
        pieces::copy(&mut room[..count], &bytes[..count]);
        *self.got += count;
        append(self.spare, &bytes[count..]);
    }
}

/// Acts on a state of either end: how much of the incoming window is used up, and what to do next.
fn look<D>(
    status: UnbufferedStatus<'_, '_, D>,
    sink: &mut Sink<'_>,
    outgoing: &mut Window,
) -> (usize, Result<Step, Error>) {
    let mut discard = status.discard;
    let step = match status.state {
        Err(error) => Err(error),
        Ok(ConnectionState::ReadTraffic(mut traffic)) => loop {
            match traffic.next_record() {
                None => break Ok(Step::Again),
                Some(Err(error)) => break Err(error),
                Some(Ok(record)) => {
                    discard += record.discard;
                    sink.put(record.payload);
                }
            }
        },
        Ok(ConnectionState::EncodeTlsData(mut data)) => loop {
            match data.encode(outgoing.room(0)) {
                Ok(count) => {
                    outgoing.keep(count);
                    break Ok(Step::Again);
                }
                Err(EncodeError::InsufficientSize(InsufficientSizeError { required_size })) => {
                    outgoing.grow(outgoing.tail + required_size);
                }
                Err(EncodeError::AlreadyEncoded) => break Ok(Step::Again),
            }
        },
        Ok(ConnectionState::TransmitTlsData(data)) => {
            // What is encoded stays in order in the outgoing window until the socket takes it.
            data.done();
            Ok(Step::Again)
        }
        Ok(ConnectionState::WriteTraffic(_)) => Ok(Step::Open),
        Ok(ConnectionState::BlockedHandshake) => Ok(Step::Blocked),
        Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => Ok(Step::Closed),
        Ok(_) => Err(Error::General("it sends early data".into())),
    };
    (discard, step)
}

/// Encrypts `bytes` if the connection's state allows it, else brings the state forward: how much of the incoming window is used up, and whether
/// the bytes are encrypted.
fn seal<D>(
    status: UnbufferedStatus<'_, '_, D>,
    bytes: &[u8],
    spare: &mut Vec<u8>,
    outgoing: &mut Window,
) -> (usize, Result<bool, Gone>) {
    if let UnbufferedStatus { discard, state: Ok(ConnectionState::WriteTraffic(mut traffic)) } = status {
        let sealed = match traffic.encrypt(bytes, outgoing.room(0)) {
            Ok(count) => {
                outgoing.keep(count);
                Ok(true)
            }
            Err(EncryptError::InsufficientSize(InsufficientSizeError { required_size })) => {
                outgoing.grow(outgoing.tail + required_size);
                Ok(false)
            }
            Err(EncryptError::EncryptExhausted) => Err(Gone::Internal("the keys of a connection are used up")),
        };
        return (discard, sealed);
    }
    let (discard, step) = look(status, &mut Sink { into: &mut [], got: &mut 0, spare }, outgoing);
    let sealed = match step {
        Err(error) => Err(gone(&error)),
        Ok(Step::Again | Step::Open) => Ok(false),
        Ok(Step::Closed) => Err(Gone::Closed),
        Ok(Step::Blocked) => Err(Gone::Internal("bytes were to be sent before the handshake was over")),
    };
    (discard, sealed)
}
