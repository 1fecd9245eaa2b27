//! Where masks come from: key K_j of component j is held by exactly the two parties that hold the component (P_j and P_{j−1}), and a mask is that
//! key's function of an address (R1). Coins that all parties know come from the session's id in the same way; they hide nothing.

use crate::tape::Tape;
use smpc_math::prf::{Address, Domain, Key, Prf};
use std::sync::OnceLock;

/// In place of a component: coins that all parties know.
pub const COMMON: usize = 3;

/// The pairwise keys of one party, as functions. Two parties that hold the key of a component get the same words from the same address, whichever thread asks.
pub trait Source: Sync {
    /// Words `first .. first + out.len()` of the stream of component `component`, or of [`COMMON`], at step `step` of the tape's instance. `first` is even.
    fn fill(&self, component: usize, domain: Domain, tape: Tape, step: u64, first: usize, out: &mut [u64]);
}

impl<S: Source + ?Sized> Source for &S {
    fn fill(&self, component: usize, domain: Domain, tape: Tape, step: u64, first: usize, out: &mut [u64]) {
        (**self).fill(component, domain, tape, step, first, out);
    }
}

/// The domains that this protocol draws from.
const DOMAINS: [Domain; 5] = [Domain::Arith, Domain::Bin, Domain::Input, Domain::Random, Domain::Permutation];

/// The functions of one epoch: under K_i, K_{i+1} and the session's id, a domain each.
type Functions = [[Prf; DOMAINS.len()]; 3];

/// A party's keys for one run.
pub struct Keys {
    me: usize,
    keys: [Key; 2],
    session: [u8; 32],
    /// The first epoch.
    first: OnceLock<Box<Epoch>>,
}

/// An epoch, and the next one once it has been asked for; old ones are kept, as a long gate may still use them. Read without a lock: a party's threads ask at every block.
struct Epoch {
    functions: Functions,
    next: OnceLock<Box<Self>>,
}

impl Keys {
    /// The keys of party `me`: K_i, which it shares with its left neighbour P_{i−1}, and K_{i+1}, which it shares with its right one; bound to the session.
    #[must_use]
    pub fn new(me: usize, own: Key, next: Key, session: [u8; 32]) -> Self {
        Self { me, keys: [own, next], session, first: OnceLock::new() }
    }

    fn functions(&self, epoch: u32) -> &Functions {
        let mut here = self.first.get_or_init(|| self.epoch(0));
        for epoch in 1..=epoch {
            here = here.next.get_or_init(|| self.epoch(epoch));
        }
        &here.functions
    }

    fn epoch(&self, epoch: u32) -> Box<Epoch> {
        let of = |key: &Key| DOMAINS.map(|domain| Prf::new(key, &self.session, domain, epoch));
        let [own, next] = &self.keys;
        Box::new(Epoch { functions: [of(own), of(next), of(&Key::new(self.session))], next: OnceLock::new() })
    }
}

impl Source for Keys {
    fn fill(&self, component: usize, domain: Domain, tape: Tape, step: u64, first: usize, out: &mut [u64]) {
        let functions = self.functions(tape.epoch());
        let holder = match component {
            COMMON => 2,
            component => usize::from(component != self.me),
        };
        let holder = &functions[holder];
        let which = DOMAINS.iter().position(|d| *d == domain).unwrap_or(0);
        debug_assert!(component != (self.me + 2) % 3);
        // Between two blocks there is no address: the holders would derive different words.
        assert!(first.is_multiple_of(2), "words from the middle of a block of randomness");
        let address = Address { instance: tape.instance(), step, block: first as u64 / 2 };
        holder[which].fill(address, out);
    }
}
