//! Joint messages: what two parties know and a third one is told.
//!
//! Let P_g and P_h know w, and let v and o be the two others. F(K_v), which all but P_v know, becomes component v, and m = w − F(K_v) becomes component o, which P_g and P_h
//! compute and P_v is told: P_g sends it m, and P_h the hash of m. If these differ, one of the two cheats, and P_v stops before anything that it sends could depend on
//! m. So a cheater can only do what the protocol says, or be silent. One round, one element and 32 bytes (Dalskov, Escudero and Keller 2021, figure 1; the hash
//! in the same round after their fix of 2026).
//!
//! P_v sees m alone, which F(K_v) hides from it; P_o sees nothing. What holds after every round: all honest holders of a component have the same words. For m because an honest party
//! of the two vouches for it, for the mask because its key was compared.

use super::Rep4;
use super::share::HELD;
use crate::bits::Words;
use crate::error::Error;
use crate::executor::Cx;
use crate::keys::{Source, Step};
use crate::layout::{HASH, Layout, hash_of};
use crate::message::BLOCK;
use crate::piece::{Incoming, Outgoing};
use crate::queue::Queue;
use crate::tick::CHUNK;
use blake3::{Hash, Hasher};
use std::cell::RefCell;
use zeroize::Zeroize;

/// Who has which part in a joint message: all four parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// Sends the message.
    pub(crate) sender: usize,
    /// Sends its hash.
    pub(crate) backup: usize,
    /// Is told.
    pub(crate) receiver: usize,
    /// Learns nothing.
    pub(crate) outsider: usize,
}

impl Route {
    pub(crate) const fn new(sender: usize, backup: usize, receiver: usize, outsider: usize) -> Self {
        Self { sender, backup, receiver, outsider }
    }

    /// Whether a party knows what is told.
    pub(crate) const fn knows(&self, party: usize) -> bool {
        party == self.sender || party == self.backup
    }
}

/// A joint message.
pub(crate) struct Message<'x> {
    pub(crate) route: Route,
    /// Where its mask lies.
    pub(crate) at: Step,
    /// Of the mask's words those that come before the first one of this message.
    pub(crate) before: usize,
    /// Writes words of what is told, from a place on; asked at those who know it, in blocks of at most [`BLOCK`], each place once and in order.
    pub(crate) value: &'x dyn Fn(usize, &mut [u64]),
}

/// What a party hears: the hash of what it was told, and the one that it was sent.
struct Heard {
    route: Route,
    hasher: RefCell<Box<Hasher>>,
    hash: RefCell<[u8; HASH]>,
}

/// Words that are made at a time: a chunk of a message, which is hashed at once.
const WINDOW: usize = CHUNK / 8;

/// What a party says of a message.
enum Said {
    /// The message itself: bytes that are made and not yet out.
    Bytes(Queue),
    /// Its hash so far.
    Hash(Box<Hasher>),
    Nothing,
}

/// A round of joint messages at one party.
struct Round<'x, S> {
    party: &'x Rep4<S>,
    layout: Layout,
    messages: &'x [Message<'x>],
    /// The shares of the sum of all messages.
    z: [Words; HELD],
    said: Vec<Said>,
    /// Words that are made.
    made: usize,
    scratch: Box<Scratch>,
}

/// A block of each kind of word, and a window of each message.
struct Scratch {
    masks: [u64; BLOCK],
    values: [u64; BLOCK],
    told: [u64; BLOCK],
    /// Of each message what is to be hashed at once.
    windows: Vec<Vec<u8>>,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        [&mut self.masks, &mut self.values, &mut self.told].into_iter().for_each(|words| words.zeroize());
        self.windows.iter_mut().for_each(Zeroize::zeroize);
    }
}

impl<'x, S: Source> Round<'x, S> {
    fn new(party: &'x Rep4<S>, layout: Layout, messages: &'x [Message<'x>]) -> Self {
        let said = |message: &Message<'_>| match message.route {
            route if route.sender == party.me => Said::Bytes(Queue::default()),
            route if route.backup == party.me => Said::Hash(party.hasher(message, layout.bytes())),
            _ => Said::Nothing,
        };
        let hashed = |said: &Said| matches!(said, Said::Hash(_)) && !party.dry;
        let window = |said: &Said| if hashed(said) { vec![0; CHUNK.min(layout.bytes())] } else { Vec::new() };
        let said: Vec<Said> = messages.iter().map(said).collect();
        let windows = said.iter().map(window).collect();
        let scratch = Scratch { masks: [0; BLOCK], values: [0; BLOCK], told: [0; BLOCK], windows };
        Self {
            party,
            layout,
            messages,
            z: std::array::from_fn(|_| party.words(layout.words())),
            said,
            made: 0,
            scratch: Box::new(scratch),
        }
    }

    /// Where the next window ends.
    fn end(&self) -> usize {
        (self.made + WINDOW).min(self.layout.words())
    }

    /// Makes this party's own part of the next window: block by block all messages, while the operands' lanes are in the cache. The bytes of message `number` go to
    /// `direct`, where they are asked for right now, those of others to their queues.
    fn advance(&mut self, direct: Option<(usize, &mut [u8])>) {
        let (party, layout, end) = (self.party, self.layout, self.end());
        let (number, direct) = direct.unwrap_or((usize::MAX, &mut []));
        let Scratch { masks, values, told, windows } = &mut *self.scratch;
        let start = layout.place(self.made);
        for first in (self.made..end).step_by(BLOCK) {
            let count = BLOCK.min(end - first);
            let (masks, values, told) = (&mut masks[..count], &mut values[..count], &mut told[..count]);
            let bytes = layout.place(first)..layout.place(first + count);
            let messages = self.messages.iter().zip(&mut self.said).zip(&mut *windows).enumerate();
            for (n, ((message, said), window)) in messages {
                let route = message.route;
                if route.receiver == party.me {
                    continue;
                }
                message.at.words(&party.source, route.receiver, message.before + first, masks);
                if route.knows(party.me) {
                    (message.value)(first, values);
                    let (rest, masked) = two(&mut self.z, party.slot(route.outsider), party.slot(route.receiver));
                    let at = first..first + count;
                    layout.tell(told, (&mut rest[at.clone()], &mut masked[at]), values, masks);
                    match said {
                        Said::Bytes(_) if n == number => {
                            layout.put(first, told, &mut direct[bytes.start - start..bytes.end - start]);
                        }
                        Said::Bytes(ahead) => {
                            layout.put(first, told, ahead.space(bytes.len()));
                            ahead.keep(bytes.len());
                        }
                        _ => layout.put(first, told, &mut window[bytes.start - start..bytes.end - start]),
                    }
                } else {
                    layout.shorten(masks);
                    layout.add(&mut self.z[party.slot(route.receiver)][first..first + count], masks);
                }
            }
        }
        for (said, window) in self.said.iter_mut().zip(windows) {
            if let Said::Hash(hasher) = said {
                hasher.update(&window[..layout.place(end) - start]);
            }
        }
        self.made = end;
    }

    /// Makes all that is left.
    fn finish(&mut self) {
        while self.made < self.layout.words() {
            self.advance(None);
        }
    }

    /// The next bytes of a message.
    fn send(&mut self, message: usize, out: &mut [u8]) {
        loop {
            // Only a sender is asked for the bytes of a message.
            let Some(Said::Bytes(ahead)) = self.said.get_mut(message) else { return };
            if ahead.take(out) {
                return;
            }
            let none = ahead.len() == 0;
            if none && out.len() == self.layout.place(self.end()) - self.layout.place(self.made) {
                return self.advance(Some((message, out)));
            }
            self.advance(None);
        }
    }

    /// The hash of a message.
    fn hash(&mut self, message: usize) -> [u8; HASH] {
        self.finish();
        match self.said.get(message) {
            Some(Said::Hash(hasher)) => *hasher.finalize().as_bytes(),
            _ => [0; HASH],
        }
    }
}

/// Two of the buffers.
fn two(z: &mut [Words; HELD], a: usize, b: usize) -> (&mut [u64], &mut [u64]) {
    match z.get_disjoint_mut([a, b]) {
        Ok([a, b]) => (a, b),
        // The outsider and the receiver of a message are two parties.
        Err(_) => (&mut [], &mut []),
    }
}

impl<S: Source> Rep4<S> {
    /// Shares of the sum of what all messages tell. One round; for each message its bytes from one party, and 32 from another.
    ///
    /// Where a message and its hash differ this never ends, and the run does.
    pub(crate) async fn joint(&self, cx: Cx<'_>, layout: Layout, messages: &[Message<'_>]) -> [Words; HELD] {
        let (len, bytes) = (layout.words(), layout.bytes());
        cx.count_blocks((len as u64 / 2 + 1) * messages.len() as u64);
        let round = RefCell::new(Round::new(self, layout, messages));
        let mine = |who: fn(&Route) -> usize| {
            let numbered = messages.iter().enumerate();
            numbered.filter(move |(_, message)| who(&message.route) == self.me).map(|(n, message)| (n, message.route))
        };
        let mut sends: Vec<_> = mine(|route| route.sender)
            .map(|(n, route)| {
                let round = &round;
                (route.receiver, move |_: usize, out: &mut [u8]| round.borrow_mut().send(n, out))
            })
            .collect();
        let mut backups: Vec<_> = mine(|route| route.backup)
            .map(|(n, route)| {
                let round = &round;
                let hash = move |at: usize, out: &mut [u8]| {
                    out.copy_from_slice(&round.borrow_mut().hash(n)[at..at + out.len()]);
                };
                (route.receiver, hash)
            })
            .collect();
        let heard: Vec<Heard> = mine(|route| route.receiver)
            .map(|(n, route)| Heard {
                route,
                hasher: RefCell::new(self.hasher(&messages[n], bytes)),
                hash: RefCell::new([0; HASH]),
            })
            .collect();
        let mut readers: Vec<_> = heard
            .iter()
            .map(|heard| {
                let (slot, round) = (self.slot(heard.route.outsider), &round);
                let mut add = layout.reader(move |first, words| {
                    layout.add(&mut round.borrow_mut().z[slot][first..first + words.len()], words);
                });
                let take = move |at: usize, bytes: &[u8]| {
                    heard.hasher.borrow_mut().update(bytes);
                    add(at, bytes);
                };
                (heard.route.sender, take)
            })
            .collect();
        let mut hashes: Vec<_> = heard
            .iter()
            .map(|heard| {
                let take = move |at: usize, bytes: &[u8]| {
                    heard.hash.borrow_mut()[at..at + bytes.len()].copy_from_slice(bytes);
                };
                (heard.route.backup, take)
            })
            .collect();
        let mut outgoing: Vec<Outgoing<'_>> =
            sends.iter_mut().map(|(to, write)| Outgoing::new(*to, bytes, write)).collect();
        let (size, told) = (if bytes == 0 { 0 } else { HASH }, outgoing.len());
        // By the time that all messages are out, the hashes are ready too.
        outgoing.extend(backups.iter_mut().map(|(to, hash)| Outgoing::new(*to, size, hash).after(told)));
        let mut incoming: Vec<Incoming<'_>> =
            readers.iter_mut().map(|(from, take)| Incoming::new(*from, bytes, take)).collect();
        incoming.extend(hashes.iter_mut().map(|(from, take)| Incoming::new(*from, size, take)));
        cx.exchange(&mut outgoing, &mut incoming).await;
        drop((outgoing, incoming));
        drop((sends, backups, readers, hashes));

        if !self.dry {
            round.borrow_mut().finish();
        }
        for Heard { route, hasher, hash } in heard.iter().filter(|_| bytes > 0 && !self.dry && self.compares()) {
            // Both are public to this party, and comparing hashes takes as long wherever they differ.
            if hasher.borrow().finalize() != Hash::from_bytes(*hash.borrow()) {
                self.stop(cx, route.sender, route.backup).await;
            }
        }
        round.into_inner().z
    }

    /// Ends the run, because one of two parties cheats. Never comes back.
    pub(crate) async fn stop(&self, cx: Cx<'_>, one: usize, other: usize) {
        cx.executor().fail(Error::Differ { parties: vec![one.min(other), one.max(other)] });
        std::future::pending::<()>().await;
    }

    /// A hash that belongs to this message alone: its session, its place in the program and in the gate, and who says it to whom.
    fn hasher(&self, message: &Message<'_>, bytes: usize) -> Box<Hasher> {
        let Route { sender, backup, receiver, outsider } = message.route;
        let facts = [sender, backup, receiver, outsider, message.before, bytes].map(|number| number as u64);
        self.hash_of("joint message", message.at, &facts)
    }

    /// A hash for one use, at one step of a gate.
    pub(crate) fn hash_of(&self, context: &str, at: Step, facts: &[u64]) -> Box<Hasher> {
        hash_of(&self.session, context, at, facts)
    }
}
