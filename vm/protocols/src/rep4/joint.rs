//! Joint messages: what two parties know and a third one is told.
//!
//! Let P_g and P_h know w, and let v and o be the two others. F(K_v), which all but P_v know, becomes component v, and m = w − F(K_v) becomes component o, which P_g and P_h
//! compute and P_v is told: P_g sends it m, and P_h the hash of m. If these differ, one of the two cheats, and P_v stops before anything that it sends could depend on
//! m. So a cheater can only do what the protocol says, or be silent. One round, one element and 32 bytes (Dalskov, Escudero and Keller 2021, figure 1; the hash
//! in the same round after their fix of 2026).
//!
//! P_v sees m alone, which F(K_v) hides from it; P_o sees nothing.

use super::Rep4;
use super::share::HELD;
use crate::bits::{Row, Words};
use crate::error::Error;
use crate::executor::Cx;
use crate::keys::{Source, Step};
use crate::message::{BLOCK, Shape, element_bytes, from_elements, row_reader, row_writer, to_elements};
use crate::piece::{Incoming, Outgoing};
use crate::tick::CHUNK;
use blake3::{Hash, Hasher};
use smpc_math::simd;
use std::cell::RefCell;
use zeroize::Zeroizing;

/// Bytes of a hash.
pub(crate) const HASH: usize = blake3::OUT_LEN;

/// Writes bytes of a message from a place on.
pub(crate) type Writer<'w> = Box<dyn FnMut(usize, &mut [u8]) + 'w>;
/// Reads bytes of a message from a place on.
pub(crate) type Reader<'w> = Box<dyn FnMut(usize, &[u8]) + 'w>;

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

/// What a message is made of, and what its components add up by.
#[derive(Clone, Copy)]
pub(crate) enum Layout {
    /// Numbers modulo 2^bits.
    Numbers { len: usize, bits: u32 },
    /// Bits.
    Bits(Shape),
}

impl Layout {
    /// Words of 64 bits in memory.
    fn words(self) -> usize {
        match self {
            Self::Numbers { len, .. } => len,
            Self::Bits(shape) => shape.rows() * size_of::<Row>() / 8,
        }
    }

    /// Bytes of the message.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Numbers { len, bits } => len * element_bytes(bits),
            Self::Bits(shape) => shape.bytes(),
        }
    }

    /// z += x.
    pub(crate) fn add(self, z: &mut [u64], x: &[u64]) {
        match self {
            Self::Numbers { .. } => simd::add_into(z, x),
            Self::Bits(_) => simd::xor_into(z, x),
        }
    }

    /// z = value − mask; of the mask the bits that count.
    pub(crate) fn hide(self, z: &mut [u64], value: &[u64], mask: &mut [u64]) {
        match self {
            Self::Numbers { bits, .. } => simd::hide(z, value, mask, u64::MAX >> (64 - bits.clamp(1, 64))),
            Self::Bits(_) => {
                z.copy_from_slice(value);
                simd::xor_into(z, mask);
            }
        }
    }

    /// The bytes of the message, from the words that `words(first, out)` says.
    pub(crate) fn writer<'w>(self, mut words: impl FnMut(usize, &mut [u64]) + 'w) -> Writer<'w> {
        match self {
            Self::Numbers { bits, .. } => {
                let size = element_bytes(bits);
                Box::new(move |at, out| {
                    let mut block = Zeroizing::new([0; BLOCK]);
                    for (n, out) in out.chunks_mut(BLOCK * size).enumerate() {
                        let block = &mut block[..out.len() / size];
                        words(at / size + n * BLOCK, block);
                        to_elements(block, size, out);
                    }
                })
            }
            Self::Bits(shape) => {
                Box::new(row_writer(shape, move |first, out| words(first * 8, out.as_flattened_mut())))
            }
        }
    }

    /// Hands the words of the message to `words(first, in)`.
    pub(crate) fn reader<'w>(self, mut words: impl FnMut(usize, &[u64]) + 'w) -> Reader<'w> {
        match self {
            Self::Numbers { bits, .. } => {
                let size = element_bytes(bits);
                Box::new(move |at, bytes| {
                    let mut block = Zeroizing::new([0; BLOCK]);
                    for (n, bytes) in bytes.chunks(BLOCK * size).enumerate() {
                        let block = &mut block[..bytes.len() / size];
                        from_elements(bytes, size, block);
                        words(at / size + n * BLOCK, block);
                    }
                })
            }
            Self::Bits(shape) => Box::new(row_reader(shape, move |first, rows| words(first * 8, rows.as_flattened()))),
        }
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

/// A round of joint messages at one party.
struct Round<'x, S> {
    party: &'x Rep4<S>,
    layout: Layout,
    messages: &'x [Message<'x>],
    /// The shares of the sum of all messages.
    z: [Words; HELD],
    /// What this party tells, or hashes, of each message.
    told: Vec<Words>,
    /// Words that are made.
    made: usize,
}

impl<S: Source> Round<'_, S> {
    /// Makes this party's own part up to a word: everything for a block of lanes while it is in the cache.
    fn make(&mut self, to: usize) {
        let party = self.party;
        let (mut masks, mut values) = (Zeroizing::new([0; BLOCK]), Zeroizing::new([0; BLOCK]));
        while self.made < to {
            let first = self.made;
            let count = BLOCK.min(to - first);
            let (masks, values) = (&mut masks[..count], &mut values[..count]);
            for (message, told) in self.messages.iter().zip(&mut self.told) {
                let route = message.route;
                if route.receiver == party.me {
                    continue;
                }
                message.at.words(&party.source, route.receiver, message.before + first, masks);
                if route.knows(party.me) {
                    (message.value)(first, values);
                    let told = &mut told[first..first + count];
                    self.layout.hide(told, values, masks);
                    self.layout.add(&mut self.z[party.slot(route.outsider)][first..first + count], told);
                } else if let Layout::Numbers { bits, .. } = self.layout {
                    let low = u64::MAX >> (64 - bits.clamp(1, 64));
                    masks.iter_mut().for_each(|mask| *mask &= low);
                }
                self.layout.add(&mut self.z[party.slot(route.receiver)][first..first + count], masks);
            }
            self.made += count;
        }
    }

    /// Words of what is told in a message, from a place on.
    fn told(&mut self, message: usize, first: usize, out: &mut [u64]) {
        // What is asked for next is made with it, in whole blocks.
        let to = (first + out.len()).next_multiple_of(BLOCK).min(self.layout.words());
        self.make(to);
        out.copy_from_slice(&self.told[message][first..first + out.len()]);
    }
}

impl<S: Source> Rep4<S> {
    /// Shares of the sum of what all messages tell. One round; for each message its bytes from one party, and 32 from another.
    ///
    /// Where a message and its hash differ this never ends, and the run does.
    pub(crate) async fn joint(&self, cx: Cx<'_>, layout: Layout, messages: &[Message<'_>]) -> [Words; HELD] {
        let (len, bytes) = (layout.words(), layout.bytes());
        cx.count_blocks((len as u64 / 2 + 1) * messages.len() as u64);
        let tells = |message: &Message<'_>| message.route.knows(self.me);
        let told = messages.iter().map(|message| self.words(if tells(message) { len } else { 0 })).collect();
        let z = std::array::from_fn(|_| self.words(len));
        let round = RefCell::new(Round { party: self, layout, messages, z, told, made: 0 });

        let numbered = || messages.iter().enumerate();
        let hasher = |message: &Message<'_>| self.hasher(message, bytes);
        let writer = |n: usize| {
            layout.writer({
                let round = &round;
                move |first, out| round.borrow_mut().told(n, first, out)
            })
        };
        let mut sends: Vec<_> = numbered()
            .filter(|(_, message)| message.route.sender == self.me)
            .map(|(n, message)| (message.route.receiver, writer(n)))
            .collect();
        let mut backups: Vec<_> = numbered()
            .filter(|(_, message)| message.route.backup == self.me)
            .map(|(n, message)| {
                let (mut hasher, mut writer) = (hasher(message), writer(n));
                let hash = move |_: usize, out: &mut [u8]| {
                    let mut chunk = Zeroizing::new(vec![0; CHUNK.min(bytes)]);
                    for at in (0..bytes).step_by(CHUNK) {
                        let chunk = &mut chunk[..CHUNK.min(bytes - at)];
                        writer(at, chunk);
                        hasher.update(chunk);
                    }
                    out.copy_from_slice(hasher.finalize().as_bytes());
                };
                (message.route.receiver, hash)
            })
            .collect();
        let heard: Vec<_> = messages
            .iter()
            .filter(|message| message.route.receiver == self.me)
            .map(|message| (message.route, RefCell::new(hasher(message)), RefCell::new([0; HASH])))
            .collect();
        let mut readers: Vec<_> = heard
            .iter()
            .map(|(route, hasher, _)| {
                let slot = self.slot(route.outsider);
                let round = &round;
                let mut add = layout.reader(move |first, words| {
                    let z = &mut round.borrow_mut().z[slot];
                    layout.add(&mut z[first..first + words.len()], words);
                });
                let take = move |at: usize, bytes: &[u8]| {
                    hasher.borrow_mut().update(bytes);
                    add(at, bytes);
                };
                (route.sender, take)
            })
            .collect();
        let mut hashes: Vec<_> = heard
            .iter()
            .map(|(route, _, hash)| {
                let take = move |at: usize, bytes: &[u8]| {
                    hash.borrow_mut()[at..at + bytes.len()].copy_from_slice(bytes);
                };
                (route.backup, take)
            })
            .collect();
        let mut outgoing: Vec<Outgoing<'_>> =
            sends.iter_mut().map(|(to, write)| Outgoing::new(*to, bytes, &mut **write)).collect();
        let size = if bytes == 0 { 0 } else { HASH };
        outgoing.extend(backups.iter_mut().map(|(to, hash)| Outgoing::new(*to, size, hash)));
        let mut incoming: Vec<Incoming<'_>> =
            readers.iter_mut().map(|(from, take)| Incoming::new(*from, bytes, take)).collect();
        incoming.extend(hashes.iter_mut().map(|(from, take)| Incoming::new(*from, size, take)));
        cx.exchange(&mut outgoing, &mut incoming).await;
        drop((outgoing, incoming));
        drop((sends, backups, readers, hashes));

        if !self.dry {
            round.borrow_mut().make(len);
        }
        for (route, hasher, hash) in heard.iter().filter(|_| bytes > 0 && !self.dry && self.compares()) {
            // Both are public to this party, and comparing hashes takes as long wherever they differ.
            if hasher.borrow().finalize() != Hash::from_bytes(*hash.borrow()) {
                self.stop(cx, route.sender, route.backup).await;
            }
        }
        round.into_inner().z
    }

    /// Ends the run, because one of two parties cheats. Never comes back.
    pub(crate) async fn stop(&self, cx: Cx<'_>, one: usize, other: usize) {
        cx.executor().fail(Error::Differ { parties: [one.min(other), one.max(other)] });
        std::future::pending::<()>().await;
    }

    /// A hash that belongs to this message alone: its session, its place in the program and in the gate, and who says it to whom.
    fn hasher(&self, message: &Message<'_>, bytes: usize) -> Hasher {
        let mut hasher = self.hash_of("joint message", message.at);
        let Route { sender, backup, receiver, outsider } = message.route;
        for number in [sender, backup, receiver, outsider, message.before, bytes] {
            hasher.update(&(number as u64).to_le_bytes());
        }
        hasher
    }

    /// A hash for one use, at one step of a gate.
    pub(crate) fn hash_of(&self, context: &str, at: Step) -> Hasher {
        let mut hasher = Hasher::new();
        hasher.update(&self.session);
        hasher.update(context.as_bytes());
        at.address().iter().for_each(|number| {
            hasher.update(&number.to_le_bytes());
        });
        hasher
    }
}
