//! One connection between two parties as a stream of bytes each way, over TLS or, within a process, in the clear. Never blocks.
//!
//! What is handed to [`Channel::try_send`] counts as sent once the kernel has all of it. Until then it is the caller's: the next call begins with
//! the same bytes, as any stream does that is sent piece by piece. So nothing ever waits in here that somebody would have to flush.

use crate::record::{BATCH, Tls};
use crate::stream::{Gone, Stream};
use rustls::CommonState;
use std::os::fd::BorrowedFd;

/// See the module's text.
pub(crate) struct Channel {
    stream: Stream,
    tls: Option<Box<Tls>>,
    /// Bytes of the caller that are encrypted but not wholly written, and so not reported as sent.
    custody: usize,
    /// Bytes that the socket has taken and given.
    wire: (u64, u64),
}

impl Channel {
    /// In the clear.
    pub(crate) fn plain(stream: Stream) -> Self {
        Self { stream, tls: None, custody: 0, wire: (0, 0) }
    }

    /// Over TLS; the handshake is still to come.
    pub(crate) fn secure(stream: Stream, tls: Tls) -> Self {
        Self { stream, tls: Some(Box::new(tls)), custody: 0, wire: (0, 0) }
    }

    /// Makes room for bulk data.
    pub(crate) fn widen(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.widen();
        }
    }

    /// Carries the handshake on; true once it is over.
    pub(crate) fn handshake(&mut self) -> Result<bool, Gone> {
        match &mut self.tls {
            Some(tls) => tls.handshake(&self.stream),
            None => Ok(true),
        }
    }

    /// What the handshake has established; `None` in the clear.
    pub(crate) fn state(&self) -> Option<&CommonState> {
        self.tls.as_ref().map(|tls| tls.state())
    }

    /// The socket.
    pub(crate) fn stream(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// What to poll for arrivals.
    pub(crate) fn reader(&self) -> BorrowedFd<'_> {
        self.stream.reader()
    }

    /// What to poll for room.
    pub(crate) fn writer(&self) -> BorrowedFd<'_> {
        self.stream.writer()
    }

    /// Sends what it can and says how much of `bytes` is sent; 0 where the connection is full. After a count that is not the whole, the next
    /// call must begin with the bytes that were left.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> Result<usize, Gone> {
        let mut sent = 0;
        match &mut self.tls {
            None => {
                while sent < bytes.len() {
                    match self.stream.send(&bytes[sent..])? {
                        0 => break,
                        count => sent += count,
                    }
                }
            }
            Some(tls) => {
                if !tls.flush(&self.stream)? {
                    return Ok(0);
                }
                sent = std::mem::take(&mut self.custody);
                if sent > bytes.len() {
                    return Err(Gone::Internal("bytes that are on their way were withdrawn"));
                }
                while sent < bytes.len() {
                    let batch = &bytes[sent..bytes.len().min(sent + BATCH)];
                    tls.encrypt(batch)?;
                    if !tls.flush(&self.stream)? {
                        self.custody = batch.len();
                        break;
                    }
                    sent += batch.len();
                }
            }
        }
        self.wire.0 += sent as u64;
        Ok(sent)
    }

    /// Receives what has arrived, up to the length of `into`, and says how much; 0 where nothing has.
    pub(crate) fn try_recv(&mut self, into: &mut [u8]) -> Result<usize, Gone> {
        if into.is_empty() {
            return Ok(0);
        }
        let mut got = 0;
        match &mut self.tls {
            None => got = self.stream.recv(into)?,
            Some(tls) => loop {
                got += tls.take(&mut into[got..])?;
                if got > 0 {
                    break;
                }
                if tls.fill(&self.stream)? == 0 {
                    break;
                }
            },
        }
        self.wire.1 += got as u64;
        Ok(got)
    }

    /// Bytes that the socket has taken and given so far, the greetings of TLS included.
    pub(crate) fn wire(&self) -> (u64, u64) {
        self.tls.as_ref().map_or(self.wire, |tls| tls.wire())
    }

    /// Whether the other end is still there, as far as can be seen without taking what it has sent.
    pub(crate) fn check(&mut self) -> Result<(), Gone> {
        match &mut self.tls {
            None => self.stream.peek(),
            Some(tls) => tls.check(&self.stream),
        }
    }

    /// Tells the other end that nothing more comes.
    pub(crate) fn end(&self) {
        self.stream.end();
    }

    /// A handle that keeps the outgoing half open.
    pub(crate) fn keep(&self) -> std::io::Result<std::os::fd::OwnedFd> {
        self.stream.keep()
    }

    /// Whether records wait for room.
    pub(crate) fn is_pending(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.is_pending())
    }

    /// Whether [`Channel::try_recv`] has something to give without a look at the socket.
    pub(crate) fn holds(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.holds())
    }

    /// Looks at the socket, taking in what is there: whether [`Channel::try_recv`] may give something now, an error included.
    pub(crate) fn has_arrived(&mut self) -> bool {
        match &mut self.tls {
            None => self.stream.has_arrived(),
            Some(tls) => tls.holds() || tls.fill(&self.stream) != Ok(0),
        }
    }
}
