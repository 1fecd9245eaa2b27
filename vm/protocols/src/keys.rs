//! Where masks come from: a key is held by those parties that a protocol names, and a mask is that key's function of an address (R1). Coins that all
//! parties know come from the session's id in the same way; they hide nothing.

use crate::tape::Tape;
use smpc_math::prf::{Address, Domain, Key, Prf};
use std::sync::OnceLock;

/// In place of a key: coins that all parties know.
pub const COMMON: usize = usize::MAX;

/// A step of a gate's randomness.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    tape: Tape,
    step: u64,
    domain: Domain,
}

impl Step {
    pub(crate) fn new(tape: Tape, step: u64, domain: Domain) -> Self {
        Self { tape, step: tape.step(step), domain }
    }

    /// Epoch, gate instance, step and domain: what no other step has.
    pub(crate) const fn address(self) -> [u64; 4] {
        [self.tape.epoch() as u64, self.tape.instance(), self.step, self.domain as u64]
    }

    /// Words `first ..` of this step's stream under a key.
    pub(crate) fn words(self, source: &impl Source, key: usize, first: usize, out: &mut [u64]) {
        source.fill(key, self.domain, self.tape, self.step, first, out);
    }
}

/// The keys of one party, as functions. Two parties that hold a key get the same words from the same address, whichever thread asks.
pub trait Source: Sync {
    /// Words `first .. first + out.len()` of the stream of a key, or of [`COMMON`], at step `step` of the tape's instance. Keys have numbers that the protocol gives
    /// them, the same at all holders. `first` is even.
    fn fill(&self, key: usize, domain: Domain, tape: Tape, step: u64, first: usize, out: &mut [u64]);
}

impl<S: Source + ?Sized> Source for &S {
    fn fill(&self, key: usize, domain: Domain, tape: Tape, step: u64, first: usize, out: &mut [u64]) {
        (**self).fill(key, domain, tape, step, first, out);
    }
}

impl<S: Source + ?Sized> Source for Box<S> {
    fn fill(&self, key: usize, domain: Domain, tape: Tape, step: u64, first: usize, out: &mut [u64]) {
        (**self).fill(key, domain, tape, step, first, out);
    }
}

/// The domains that protocols draw from.
const DOMAINS: [Domain; 8] = [
    Domain::Arith,
    Domain::Bin,
    Domain::Input,
    Domain::Random,
    Domain::Permutation,
    Domain::Proof,
    Domain::Key,
    Domain::Coefficient,
];

/// The functions of one epoch under one key, a domain each.
type Functions = [Prf; DOMAINS.len()];

/// A party's keys for one run.
pub struct Keys {
    /// The numbers of the keys, and the keys; at last the session's id in place of one.
    numbers: Vec<usize>,
    keys: Vec<Key>,
    session: [u8; 32],
    /// The first epoch.
    first: OnceLock<Box<Epoch>>,
}

/// An epoch, and the next one once it has been asked for; old ones are kept, as a long gate may still use them. Read without a lock: a party's threads ask at every block.
struct Epoch {
    functions: Vec<Functions>,
    next: OnceLock<Box<Self>>,
}

impl Keys {
    /// The keys that a party holds, with their numbers; bound to the session.
    #[must_use]
    pub fn new(held: impl IntoIterator<Item = (usize, Key)>, session: [u8; 32]) -> Self {
        let (numbers, keys) = held.into_iter().chain([(COMMON, Key::new(session))]).unzip();
        Self { numbers, keys, session, first: OnceLock::new() }
    }

    /// No keys: for a run that only counts, and never asks.
    #[must_use]
    pub fn none() -> Self {
        Self::new([], [0; 32])
    }

    fn functions(&self, epoch: u32) -> &[Functions] {
        let mut here = self.first.get_or_init(|| self.epoch(0));
        for epoch in 1..=epoch {
            here = here.next.get_or_init(|| self.epoch(epoch));
        }
        &here.functions
    }

    fn epoch(&self, epoch: u32) -> Box<Epoch> {
        let of = |key: &Key| DOMAINS.map(|domain| Prf::new(key, &self.session, domain, epoch));
        Box::new(Epoch { functions: self.keys.iter().map(of).collect(), next: OnceLock::new() })
    }
}

impl Source for Keys {
    /// # Panics
    /// Where the party does not hold the key, or `first` is odd: the holders would derive different words.
    fn fill(&self, key: usize, domain: Domain, tape: Tape, step: u64, first: usize, out: &mut [u64]) {
        // A run that only counts asks for no words, and holds no keys.
        if out.is_empty() {
            return;
        }
        let functions = self.functions(tape.epoch());
        let held = self.numbers.iter().position(|number| *number == key);
        let which = domain as usize - DOMAINS[0] as usize;
        // Between two blocks there is no address.
        assert!(first.is_multiple_of(2), "words from the middle of a block of randomness");
        let Some(functions) = held.and_then(|held| functions.get(held)) else {
            panic!("a key that the party does not hold")
        };
        let address = Address { instance: tape.instance(), step, block: first as u64 / 2 };
        functions[which].fill(address, out);
    }
}
