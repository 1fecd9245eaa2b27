//! What parties see, for tests of privacy (PROTOCOLS section 13.2): what they receive, cut into frames, how often each byte of it comes, and how far two such counts lie apart. Tests
//! only.

use super::memory::memory_wires;
use super::source::{Drawn, Mixed};
use crate::error::Error;
use crate::executor::Executor;
use crate::keys::Source;
use crate::tape::Tape;
use crate::tick::HEADER;
use crate::wire::Wire;
use smpc_math::field::{Field, lagrange};
use smpc_math::prf::Domain;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// By peer: the bytes that came, headers included.
pub type Streams = Arc<Mutex<Vec<Vec<u8>>>>;

/// A wire that keeps what a party receives.
pub struct Heard<W> {
    inner: W,
    streams: Streams,
}

impl<W> Heard<W> {
    /// The wire of one of so many parties, and where that keeps what comes.
    #[must_use]
    pub fn new(inner: W, parties: usize) -> (Self, Streams) {
        let streams = Arc::new(Mutex::new(vec![Vec::new(); parties]));
        (Self { inner, streams: Arc::clone(&streams) }, streams)
    }
}

impl<W: Wire> Wire for Heard<W> {
    fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, Error> {
        self.inner.try_send(peer, bytes)
    }

    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, Error> {
        let count = self.inner.try_recv(peer, into)?;
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)[peer].extend_from_slice(&into[..count]);
        Ok(count)
    }

    fn wait(&mut self, readable: u64, writable: u64) -> Result<(), Error> {
        self.inner.wait(readable, writable)
    }
}

/// What was kept; nothing is left there.
#[must_use]
pub fn take(streams: &Streams) -> Vec<Vec<u8>> {
    std::mem::take(&mut *streams.lock().unwrap_or_else(PoisonError::into_inner))
}

/// What a party's program returned, and what the party received from each peer.
pub struct Seen<T> {
    /// The result.
    pub value: T,
    /// By peer: bytes, headers included.
    pub received: Vec<Vec<u8>>,
}

/// Runs `party(number, executor)` in a thread each.
///
/// # Errors
/// The first party's error.
pub fn seen<T: Send>(
    parties: usize,
    party: impl Fn(usize, &Executor) -> Result<T, Error> + Sync,
) -> Result<Vec<Seen<T>>, Error> {
    std::thread::scope(|scope| {
        let running: Vec<_> = memory_wires(parties)
            .into_iter()
            .enumerate()
            .map(|(me, wire)| {
                let party = &party;
                scope.spawn(move || {
                    let (wire, streams) = Heard::new(wire, parties);
                    let value = party(me, &Executor::new(me, parties, 7, 0, Box::new(wire)))?;
                    Ok(Seen { value, received: take(&streams) })
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap_or(Err(Error::Internal("a party panicked")))).collect()
    })
}

/// The payloads of the frames of a stream, in order.
///
/// # Panics
/// Where the stream ends within a frame.
#[must_use]
pub fn payloads(stream: &[u8]) -> Vec<&[u8]> {
    frames(stream).into_iter().map(|(_, payload)| payload).collect()
}

/// The rounds and payloads of the frames of a stream.
fn frames(mut stream: &[u8]) -> Vec<(u64, &[u8])> {
    let mut all = Vec::new();
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
    while let Some((header, rest)) = stream.split_at_checked(HEADER) {
        let (payload, rest) = rest.split_at(usize::try_from(number(&header[20..])).unwrap_or(usize::MAX));
        all.push((number(&header[12..20]), payload));
        stream = rest;
    }
    assert!(stream.is_empty(), "a header is cut");
    all
}

/// What each of `count` equal gates side by side received: every frame is cut in equal parts.
///
/// # Panics
/// Where the gates are not equal.
#[must_use]
pub fn parts(received: &[Vec<u8>], count: usize) -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new(); count];
    for payload in received.iter().flat_map(|stream| payloads(stream)) {
        assert!(payload.len().is_multiple_of(count), "gates of equal shape send equal lengths");
        for (own, part) in all.iter_mut().zip(payload.chunks_exact(payload.len() / count)) {
            own.extend_from_slice(part);
        }
    }
    all
}

/// What the parties of a coalition, each with what it received from one and the same party, would see if polynomials had a degree below their number: Σ λ_k · share_k, the value at 0
/// of the polynomial through all their shares, for each element of the rounds in which all of them are sent as much. Shares that follow from a key, and so are not sent, are not
/// there: it takes a dealer that sends to all of them.
#[must_use]
pub fn joined<F: Field>(coalition: &[(usize, &[u8])]) -> Vec<u8> {
    let points: Vec<F> = coalition.iter().map(|(party, _)| F::point(*party)).collect();
    let weights = lagrange(&points, F::default());
    let rounds: Vec<BTreeMap<u64, &[u8]>> =
        coalition.iter().map(|(_, stream)| frames(stream).into_iter().collect()).collect();
    let mut all = Vec::new();
    for (tick, first) in rounds.iter().take(1).flatten() {
        let length = first.len();
        let told: Vec<&[u8]> = rounds.iter().filter_map(|rounds| rounds.get(tick).copied()).collect();
        let alike = told.len() == rounds.len() && told.iter().all(|payload| payload.len() == length);
        if !alike || !length.is_multiple_of(F::BYTES) {
            continue;
        }
        let (mut sum, mut shares) = (vec![F::default(); length / F::BYTES], vec![F::default(); length / F::BYTES]);
        for (weight, payload) in weights.iter().zip(told) {
            F::from_bytes(payload, &mut shares);
            F::add_multiple(&mut sum, *weight, &shares);
        }
        let start = all.len();
        all.resize(start + length, 0);
        F::to_bytes(&sum, &mut all[start..]);
    }
    all
}

/// How often each byte comes, by the place of the byte in an element of 16.
#[must_use]
pub fn counts(bytes: &[u8]) -> Vec<[u32; 256]> {
    let mut places = vec![[0; 256]; 16];
    bytes.iter().enumerate().for_each(|(at, byte)| places[at % 16][usize::from(*byte)] += 1);
    places
}

/// Keys of a test, or keys that mask nothing.
struct Draws(Mixed, bool);

/// A source of fixed words, or of zeros alone.
#[must_use]
pub fn draws(seed: u64, unmasked: bool) -> Drawn {
    Box::new(Draws(Mixed(seed), unmasked))
}

impl Source for Draws {
    fn fill(&self, key: usize, domain: Domain, tape: Tape, step: u64, first: usize, out: &mut [u64]) {
        self.0.fill(key, domain, tape, step, first, out);
        if self.1 {
            out.fill(0);
        }
    }
}

/// The greatest distance of two samples over all places, in deviations of a χ² with as many degrees of freedom as there are bytes that came.
#[must_use]
pub fn distance(one: &[[u32; 256]], other: &[[u32; 256]]) -> f64 {
    let of_place = |(a, b): (&[u32; 256], &[u32; 256])| {
        let pairs: Vec<(f64, f64)> = a.iter().zip(b).map(|(a, b)| (f64::from(*a), f64::from(*b))).collect();
        let came = pairs.iter().filter(|(a, b)| a + b > 0.0);
        let (sum, freedom) = came.fold((0.0, -1.0), |(sum, n), (a, b)| (sum + (a - b) * (a - b) / (a + b), n + 1.0));
        if freedom > 0.0 { (sum - freedom) / (2.0_f64 * freedom).sqrt() } else { 0.0 }
    };
    one.iter().zip(other).map(of_place).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpc_math::field::P127;

    /// A frame of a round.
    fn frame(tick: u8, value: P127) -> Vec<u8> {
        let mut frame = vec![0; HEADER + 16];
        (frame[12], frame[20]) = (tick, 16);
        P127::to_bytes(&[value], &mut frame[HEADER..]);
        frame
    }

    /// Shares of two parties at the points of a polynomial, each in a frame of round 1; before it one of them was sent something alone.
    fn streams(coefficients: &[P127]) -> [Vec<u8>; 2] {
        [1, 3].map(|party| {
            let value = coefficients.iter().rev().fold(P127::default(), |sum, c| sum.mul(P127::point(party)).add(*c));
            let before = if party == 3 { frame(0, P127::ONE) } else { Vec::new() };
            [before, frame(1, value)].concat()
        })
    }

    /// Two parties see the secret of a polynomial of degree 1, and not that of one of degree 2.
    #[test]
    fn a_polynomial_of_too_low_a_degree_shows() {
        let [secret, one, two] = [77, 1 << 100, 1 << 59].map(P127::from_u128);
        let mut expected = vec![0; 16];
        P127::to_bytes(&[secret], &mut expected);
        for (coefficients, shows) in [(vec![secret, one], true), (vec![secret, one, two], false)] {
            let [first, second] = streams(&coefficients);
            assert_eq!(joined::<P127>(&[(1, &first), (3, &second)]) == expected, shows);
        }
    }
}
