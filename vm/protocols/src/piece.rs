//! Pieces: what one gate sends and receives in one tick.
//!
//! A piece has a peer and a length that are known before anything moves, and a kernel that is called chunk by chunk (see [`crate::CHUNK`]) with the
//! place to write to or the bytes to read, so that computing and sending overlap and nothing is buffered whole. Kernels never run in dry mode.

use crate::executor::{Cx, Executor};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a gate sends to one peer.
pub struct Outgoing<'k> {
    to: usize,
    len: u64,
    offset: u64,
    done: u64,
    /// Pieces of the same exchange, from the first one on, that must be out before.
    after: usize,
    produce: &'k mut dyn FnMut(usize, &mut [u8]),
}

impl<'k> Outgoing<'k> {
    /// `len` bytes to party `to`; `produce(at, out)` writes the bytes from offset `at` of the piece. It is called in order, with whole chunks but for
    /// the last.
    pub fn new(to: usize, len: usize, produce: &'k mut dyn FnMut(usize, &mut [u8])) -> Self {
        Self { to, len: len as u64, offset: 0, done: 0, after: 0, produce }
    }

    /// Bytes are asked for only once so many outgoing pieces, from the first one on, have produced all of their own: what is made with them is then there.
    #[must_use]
    pub fn after(self, sends: usize) -> Self {
        Self { after: sends, ..self }
    }
}

/// What a gate expects from one peer.
pub struct Incoming<'k> {
    from: usize,
    len: u64,
    offset: u64,
    done: u64,
    /// The piece of the same exchange that this one never overtakes.
    behind: Option<usize>,
    consume: &'k mut dyn FnMut(usize, &[u8]),
}

impl<'k> Incoming<'k> {
    /// `len` bytes from party `from`; `consume(at, bytes)` reads the bytes from offset `at` of the piece. It is called in order, with whole chunks
    /// but for the last.
    pub fn new(from: usize, len: usize, consume: &'k mut dyn FnMut(usize, &[u8])) -> Self {
        Self { from, len: len as u64, offset: 0, done: 0, behind: None, consume }
    }

    /// Bytes are read only once the outgoing piece of that number, which is as long, has produced as many: what is read may then take the place of what
    /// that piece is made from.
    #[must_use]
    pub fn behind(self, send: usize) -> Self {
        Self { behind: Some(send), ..self }
    }
}

impl Cx<'_> {
    /// One tick: sends and receives these pieces. A party that has nothing to send or receive in a tick of its gate awaits it all the same, with
    /// empty lists.
    pub async fn exchange(self, sends: &mut [Outgoing<'_>], receives: &mut [Incoming<'_>]) {
        Exchange { executor: self.executor(), tick: None, sends, receives }.await;
    }

    /// A tick in which this party neither sends nor receives for this gate.
    pub async fn idle(self) {
        self.exchange(&mut [], &mut []).await;
    }
}

struct Exchange<'e, 's, 'o, 'r, 'i> {
    executor: &'e Executor,
    tick: Option<u64>,
    sends: &'s mut [Outgoing<'o>],
    receives: &'r mut [Incoming<'i>],
}

impl Future for Exchange<'_, '_, '_, '_, '_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let executor = this.executor;
        let Some(tick) = this.tick else {
            this.tick = executor.enter_tick();
            if this.tick.is_some() {
                this.register();
                this.produce();
            }
            return Poll::Pending;
        };
        this.consume();
        if executor.tick() == tick {
            this.produce();
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

impl Exchange<'_, '_, '_, '_, '_> {
    fn register(&mut self) {
        self.executor.with_links(|links| {
            for send in self.sends.iter_mut().filter(|send| send.len > 0) {
                send.offset = links[send.to].promise(send.len);
            }
            for receive in self.receives.iter_mut().filter(|receive| receive.len > 0) {
                receive.offset = links[receive.from].expect(receive.len);
            }
        });
    }

    fn produce(&mut self) {
        if self.executor.is_dry() {
            return;
        }
        self.executor.with_links(|links| {
            for n in 0..self.sends.len() {
                let before = self.sends.iter().take(self.sends[n].after.min(n));
                if before.into_iter().any(|send| send.done < send.len) {
                    continue;
                }
                let send = &mut self.sends[n];
                while send.done < send.len {
                    let at = usize::try_from(send.done).unwrap_or(usize::MAX);
                    let mut fill = |out: &mut [u8]| (send.produce)(at, out);
                    let count = links[send.to].produce(send.offset + send.done, send.len - send.done, &mut fill);
                    if count == 0 {
                        break;
                    }
                    send.done += count as u64;
                }
            }
        });
    }

    fn consume(&mut self) {
        if self.executor.is_dry() {
            return;
        }
        self.executor.with_links(|links| {
            for receive in &mut *self.receives {
                let ahead = receive.behind.and_then(|send| self.sends.get(send)).map_or(receive.len, |send| send.done);
                while receive.done < ahead {
                    let at = usize::try_from(receive.done).unwrap_or(usize::MAX);
                    let mut take = |bytes: &[u8]| (receive.consume)(at, bytes);
                    let count =
                        links[receive.from].consume(receive.offset + receive.done, ahead - receive.done, &mut take);
                    if count == 0 {
                        break;
                    }
                    receive.done += count as u64;
                }
            }
        });
    }
}
