//! What parties see, for tests of privacy (PROTOCOLS section 13.2): what they receive, how often each byte of it comes, and how far two such counts lie apart. Tests only.

use super::memory::{MemoryWire, memory_wires};
use super::source::Mixed;
use crate::error::Error;
use crate::executor::Executor;
use crate::keys::Source;
use crate::tape::Tape;
use crate::wire::Wire;
use smpc_math::prf::Domain;
use std::sync::{Arc, Mutex, PoisonError};

/// By peer: the bytes that came, headers included.
type Bytes = Arc<Mutex<Vec<Vec<u8>>>>;

/// A wire that keeps what a party receives.
struct Heard {
    inner: MemoryWire,
    bytes: Bytes,
}

impl Wire for Heard {
    fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, Error> {
        self.inner.try_send(peer, bytes)
    }

    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, Error> {
        let count = self.inner.try_recv(peer, into)?;
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)[peer].extend_from_slice(&into[..count]);
        Ok(count)
    }

    fn wait(&mut self, readable: u64, writable: u64) -> Result<(), Error> {
        self.inner.wait(readable, writable)
    }
}

/// Runs `party(number, executor)` in a thread each and returns what each has received from each.
pub fn received(parties: usize, party: impl Fn(usize, &Executor) + Sync) -> Vec<Vec<Vec<u8>>> {
    let heard: Vec<Bytes> = (0..parties).map(|_| Arc::new(Mutex::new(vec![Vec::new(); parties]))).collect();
    std::thread::scope(|scope| {
        for (me, inner) in memory_wires(parties).into_iter().enumerate() {
            let (party, bytes) = (&party, Arc::clone(&heard[me]));
            scope.spawn(move || party(me, &Executor::new(me, parties, 1, 0, Box::new(Heard { inner, bytes }))));
        }
    });
    heard.iter().map(|bytes| bytes.lock().unwrap_or_else(PoisonError::into_inner).clone()).collect()
}

/// How often each byte comes, by the place of the byte in an element of 16.
#[must_use]
pub fn counts(bytes: &[u8]) -> Vec<[u32; 256]> {
    let mut places = vec![[0; 256]; 16];
    bytes.iter().enumerate().for_each(|(at, byte)| places[at % 16][usize::from(*byte)] += 1);
    places
}

/// Keys of a test, or keys that mask nothing.
pub struct Draws(pub Mixed, pub bool);

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
