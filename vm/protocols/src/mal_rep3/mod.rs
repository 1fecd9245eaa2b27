//! `mal-rep3`: three parties, one of whom may do anything, replicated sharing over Z_2^128 and Z_2. A cheater stops the run before anything is revealed that the program does not
//! reveal, and before anybody has a wrong output; it may still learn its own output and leave before the others have theirs.
//!
//! It is `rep3` with an account of what everyone has sent. There each message of a party makes one component of a result, so that a lie is a number, or a bit, that the cheater adds to the
//! result; nobody sees it, and nothing leaks by it, until something is opened that depends on it. So before anything is opened, all that was computed is verified at once (`verify`):
//!
//! * a number comes with its tag, α times the number for an α that nobody knows, and every product is made twice, once of the number and once of its tag (`product`: Chida et al., CRYPTO
//!   2018; over Z_2^(64+64) Abspoel, Dalskov, Escudero and Nof, ACNS 2021): 32 bytes a product from each party;
//! * each party proves its ANDs to both others (`proof`: Boyle, Gilboa, Ishai and Nof, CCS 2019): one bit an AND from each party, as in `rep3`, and some thousand bytes for up to 3·10^7.
//!
//! Conversions (`split`, `convert`, `truncate`) and the shuffle are made of these, and of words that two parties know each, so that a lie in them is of the same kind.

mod ands;
mod convert;
mod gates;
mod io;
mod local;
mod matrix;
mod product;
pub mod proof;
mod share;
mod shuffle;
mod split;
mod truncate;
mod verify;

pub use crate::rep3::Bin;
pub use share::Arith;

use crate::keys::{Keys, Source, Step};
use crate::rep3::Rep3;
use crate::tape::Tape;
use share::Element;
use smpc_math::prf::{Domain, Key};
use std::cell::{Cell, RefCell};
use verify::Owed;
use zeroize::Zeroizing;

/// Number of parties.
pub const PARTIES: usize = 3;

/// One party of `mal-rep3`.
pub struct MalRep3<S> {
    me: usize,
    session: [u8; 32],
    /// Its words and their local functions are those of `rep3`; so are its keys.
    rep3: Rep3<S>,
    /// This party's components of α.
    key: Zeroizing<[u128; 2]>,
    /// Low bits of the check of tags that must be 0: 128, and fewer where a test counts how often a lie passes.
    tag_bits: u32,
    dry: bool,
    /// What has been computed and not verified.
    owed: RefCell<Owed>,
    /// Whether a verification is under way, and how many have begun.
    verifying: Cell<bool>,
    verifications: Cell<u64>,
    /// Constructions during which none may begin.
    holds: Cell<u32>,
    #[cfg(test)]
    trust: Trust,
}

/// What a test's party takes as it comes: a cheater all of it, and an honest party one thing at a time, so that a test can see what comes of that.
#[cfg(test)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trust {
    /// What is opened or told, whatever its hash.
    hashes: bool,
    /// Proofs of ANDs.
    proofs: bool,
    /// Tags.
    tags: bool,
    /// Tags of words that were shuffled.
    words: bool,
}

#[cfg(test)]
impl Trust {
    const ALL: Self = Self { hashes: true, proofs: true, tags: true, words: true };
}

impl<S: Source> MalRep3<S> {
    /// Party `me` with its [`keys`]. Hashes are bound to the session.
    #[must_use]
    pub fn new(me: usize, source: S, session: [u8; 32]) -> Self {
        let mut key = [[0; 2]; 2];
        let at = Step::new(Tape::new(0, 0), 0, Domain::Key);
        key.iter_mut().enumerate().for_each(|(k, key): (usize, &mut Element)| {
            at.words(&source, (me + k) % PARTIES, 0, key);
        });
        Self::with_key(Rep3::new(me, source), me, session, key.map(share::number))
    }

    fn with_key(rep3: Rep3<S>, me: usize, session: [u8; 32], key: [u128; 2]) -> Self {
        Self {
            me,
            session,
            rep3,
            key: Zeroizing::new(key),
            tag_bits: u128::BITS,
            dry: false,
            owed: RefCell::new(Owed::new(false)),
            verifying: Cell::new(false),
            verifications: Cell::new(0),
            holds: Cell::new(0),
            #[cfg(test)]
            trust: Trust::default(),
        }
    }

    /// Has netlists of many lanes take about so many at a time through all levels, as [`Rep3::with_block`] does.
    #[must_use]
    pub fn with_block(self, lanes: usize) -> Self {
        Self { rep3: self.rep3.with_block(lanes), ..self }
    }

    /// Checks that a test's party leaves out.
    #[cfg(test)]
    pub(crate) fn trusting(self, trust: Trust) -> Self {
        Self { trust, ..self }
    }

    /// Which of this party's two components a component is, if it holds it.
    const fn slot(&self, component: usize) -> Option<usize> {
        self.rep3.slot(component)
    }

    const fn previous(&self) -> usize {
        self.rep3.prev()
    }

    const fn next(&self) -> usize {
        self.rep3.next()
    }
}

impl MalRep3<Keys> {
    /// Party `me` of a run that only counts.
    #[must_use]
    pub fn dry(me: usize) -> Self {
        let party = Self::with_key(Rep3::dry(me), me, [0; 32], [0; 2]);
        party.owed.replace(Owed::new(true));
        Self { dry: true, ..party }
    }
}

/// The keys of party `me`: K_i and K_{i+1} as in [`crate::rep3`], and 32 fresh bytes of this machine that it tells nobody, from which it takes its coins.
#[must_use]
pub fn keys(me: usize, own: Key, next: Key, secret: Key, session: [u8; 32]) -> Keys {
    Keys::new([(me, own), ((me + 1) % PARTIES, next), (private(me), secret)], session)
}

/// The number of the key that a party shares with nobody.
const fn private(party: usize) -> usize {
    PARTIES + party
}

#[cfg(test)]
mod attacks;
