//! Parties that cheat, for the tests of protocols with active security (PROTOCOLS R20, R25). Tests only.
//!
//! * A [`Tap`] corrupts one frame of a party's: in value, order, length, or by leaving. It knows neither gates nor shares, so it finds every byte that a gate sends.
//! * [`Lying`] keys give a party one wrong word of randomness: it then lies consistently, in what it says and in what it keeps.
//! * A hook on a party's operands is the caller's, who knows what a share is.
//!
//! What must hold afterwards is [`judge`]d: no honest party has a wrong result, and whoever stops suspects the cheater.

use super::memory::{MemoryWire, memory_wires};
use super::source::Drawn;
use crate::error::Error;
use crate::executor::Executor;
use crate::keys::Source;
use crate::tape::Tape;
use crate::tick::HEADER;
use crate::wire::Wire;
use smpc_math::prf::Domain;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// A frame that a party has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Frame {
    /// The round.
    pub tick: u64,
    /// To whom.
    pub peer: usize,
    /// Bytes of its payload.
    pub length: usize,
}

/// Which byte of a payload is touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The first.
    First,
    /// One in the middle.
    Middle,
    /// The last.
    Last,
}

/// What is done to a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tamper {
    /// One is added to a byte: an additive error.
    Add(Place),
    /// The top bit of a byte is flipped.
    Flip(Place),
    /// The halves of the payload change places, as lanes would.
    Swap,
    /// The payload of the last frame of that length to that peer comes again, or zeros.
    Replay,
    /// The frame says that it is longer than it is.
    Longer,
    /// The party is gone before it sends the frame.
    Leave,
}

/// All of them.
pub const TAMPERS: [Tamper; 10] = [
    Tamper::Add(Place::First),
    Tamper::Add(Place::Middle),
    Tamper::Add(Place::Last),
    Tamper::Flip(Place::First),
    Tamper::Flip(Place::Middle),
    Tamper::Flip(Place::Last),
    Tamper::Swap,
    Tamper::Replay,
    Tamper::Longer,
    Tamper::Leave,
];

/// A lie on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lie {
    /// In which round.
    pub tick: u64,
    /// To whom.
    pub peer: usize,
    /// What is done.
    pub how: Tamper,
}

/// A party's links, on which one frame is touched; all frames are noted.
pub struct Tap {
    inner: MemoryWire,
    lie: Option<Lie>,
    /// By peer: bytes that make no whole frame yet, and the payloads of earlier frames.
    partial: Vec<Vec<u8>>,
    earlier: Vec<Vec<Vec<u8>>>,
    frames: Arc<Mutex<Vec<Frame>>>,
}

impl Tap {
    fn new(inner: MemoryWire, parties: usize, lie: Option<Lie>, frames: Arc<Mutex<Vec<Frame>>>) -> Self {
        Self { inner, lie, partial: vec![Vec::new(); parties], earlier: vec![Vec::new(); parties], frames }
    }

    /// Sends a whole frame, as it is or not.
    fn frame(&mut self, peer: usize, mut frame: Vec<u8>) -> Result<(), Error> {
        let tick = number(&frame[12..20]);
        let (header, payload) = frame.split_at_mut(HEADER);
        let length = payload.len();
        self.frames.lock().unwrap_or_else(PoisonError::into_inner).push(Frame { tick, peer, length });
        let whole = payload.to_vec();
        if let Some(lie) = self.lie.filter(|lie| (lie.tick, lie.peer) == (tick, peer)) {
            let place = |place| match place {
                Place::First => 0,
                Place::Middle => length / 2,
                Place::Last => length - 1,
            };
            match lie.how {
                Tamper::Add(at) => payload[place(at)] = payload[place(at)].wrapping_add(1),
                Tamper::Flip(at) => payload[place(at)] ^= 0x80,
                Tamper::Swap => payload.rotate_left(length / 2),
                Tamper::Replay => {
                    let earlier = self.earlier[peer].iter().rev().find(|earlier| earlier.len() == length);
                    payload.copy_from_slice(earlier.unwrap_or(&vec![0; length]));
                }
                Tamper::Longer => header[20..HEADER].copy_from_slice(&(length as u64 + 1).to_le_bytes()),
                Tamper::Leave => return Err(Error::Link { peer, reason: "this party leaves".into() }),
            }
        }
        self.earlier[peer].push(whole);
        self.inner.try_send(peer, &frame).map(drop)
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

impl Wire for Tap {
    fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, Error> {
        self.partial[peer].extend_from_slice(bytes);
        while self.partial[peer].len() >= HEADER {
            let end = HEADER + usize::try_from(number(&self.partial[peer][20..HEADER])).unwrap_or(usize::MAX);
            if self.partial[peer].len() < end {
                break;
            }
            let rest = self.partial[peer].split_off(end);
            let frame = std::mem::replace(&mut self.partial[peer], rest);
            self.frame(peer, frame)?;
        }
        Ok(bytes.len())
    }

    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, Error> {
        self.inner.try_recv(peer, into)
    }

    fn wait(&mut self, readable: u64, writable: u64) -> Result<(), Error> {
        self.inner.wait(readable, writable)
    }
}

/// What came of a run with a cheater.
#[derive(Clone, Debug)]
pub struct Outcome<T> {
    /// What each party has.
    pub results: Vec<Result<T, Error>>,
    /// What each party has sent, in order.
    pub frames: Vec<Vec<Frame>>,
}

/// Runs `party(number, executor)` in threads, where the cheater's frames pass a lie.
pub fn run<T: Send>(
    parties: usize,
    cheater: usize,
    lie: Option<Lie>,
    party: impl Fn(usize, &Executor) -> Result<T, Error> + Sync,
) -> Outcome<T> {
    let frames: Vec<Arc<Mutex<Vec<Frame>>>> = (0..parties).map(|_| Arc::default()).collect();
    let results = std::thread::scope(|scope| {
        let running: Vec<_> = memory_wires(parties)
            .into_iter()
            .enumerate()
            .map(|(me, wire)| {
                let (party, frames) = (&party, Arc::clone(&frames[me]));
                let tap = Tap::new(wire, parties, lie.filter(|_| me == cheater), frames);
                scope.spawn(move || party(me, &Executor::new(me, parties, 7, 0, Box::new(tap))))
            })
            .collect();
        let ended = running.into_iter().map(|thread| thread.join());
        ended.map(|ended| ended.unwrap_or(Err(Error::Internal("a party panicked")))).collect()
    });
    let frames = frames.iter().map(|frames| frames.lock().unwrap_or_else(PoisonError::into_inner).clone()).collect();
    Outcome { results, frames }
}

/// How an attack ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An honest party has stopped.
    Caught,
    /// All honest parties have the right result.
    Harmless,
}

/// What came of an attack.
///
/// # Errors
/// Says which honest party has a wrong result, suspects only honest ones, or has panicked.
pub fn judge<T: PartialEq + std::fmt::Debug>(
    outcome: &Outcome<T>,
    cheater: usize,
    expected: &[T],
) -> Result<Verdict, String> {
    let (mut verdict, mut named) = (Verdict::Harmless, false);
    for (me, result) in outcome.results.iter().enumerate().filter(|(me, _)| *me != cheater) {
        match result {
            Ok(result) if *result == expected[me] => {}
            Ok(result) => return Err(format!("party {me} has {result:?} and not {:?}", expected[me])),
            Err(Error::Differ { parties }) if !parties.contains(&cheater) => {
                return Err(format!("party {me} suspects {parties:?}"));
            }
            Err(Error::Internal(what)) => return Err(format!("party {me}: {what}")),
            Err(Error::Frame { peer, .. }) if *peer != cheater => {
                return Err(format!("party {me} finds party {peer} out of step"));
            }
            Err(error) => {
                verdict = Verdict::Caught;
                // Others only see that those who stopped are gone.
                named |= match error {
                    Error::Differ { .. } | Error::Frame { .. } => true,
                    Error::Link { peer, .. } => *peer == cheater,
                    _ => false,
                };
            }
        }
    }
    match verdict {
        Verdict::Caught if !named => Err("parties have stopped, and none of them suspects the cheater".to_owned()),
        verdict => Ok(verdict),
    }
}

/// Whether all honest parties that have a result have the same one, of those that learn it, and the others suspect the cheater.
#[must_use]
pub fn all_alike(outcome: &Outcome<Vec<i64>>, cheater: usize) -> bool {
    let mut learned: Option<&Vec<i64>> = None;
    let honest = outcome.results.iter().enumerate().filter(|(me, _)| *me != cheater);
    honest.into_iter().all(|(_, result)| match result {
        Ok(result) if result.is_empty() => true,
        Ok(result) => *learned.get_or_insert(result) == result,
        Err(Error::Differ { parties }) => parties.contains(&cheater),
        Err(error) => matches!(error, Error::Link { .. }),
    })
}

/// Where a word of randomness lies: key, domain, gate instance, step.
pub type Address = (usize, Domain, u64, u64);

/// Keys that lie in one word: the first of a stream, or the last that is asked for.
pub struct Lying {
    inner: Drawn,
    lie: Option<(Address, bool)>,
    used: Arc<Mutex<BTreeSet<Address>>>,
}

impl Lying {
    /// Keys, where they lie (and whether in the first word of a stream), and a note of what was used.
    #[must_use]
    pub fn over(inner: Drawn, lie: Option<(Address, bool)>) -> (Drawn, Arc<Mutex<BTreeSet<Address>>>) {
        let used = Arc::default();
        (Box::new(Self { inner, lie, used: Arc::clone(&used) }), used)
    }
}

impl Source for Lying {
    fn fill(&self, key: usize, domain: Domain, tape: Tape, step: u64, first: usize, out: &mut [u64]) {
        self.inner.fill(key, domain, tape, step, first, out);
        let address = (key, domain, tape.instance(), step);
        if !out.is_empty() {
            self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(address);
        }
        match self.lie {
            Some((lie, true)) if lie == address && first == 0 => out.iter_mut().take(1).for_each(|word| *word ^= 1),
            Some((lie, false)) if lie == address => out.iter_mut().rev().take(1).for_each(|word| *word ^= 1),
            _ => {}
        }
    }
}
