//! `shamir`: n parties, at most t < n/2 of them curious, Shamir's secret sharing over the integers modulo 2^127 − 1 and, for words, over bytes.
//!
//! A secret is the value at 0 of a random polynomial of degree t, and party i holds its value at i + 1 (Shamir, "How to share a secret", 1979). t shares say nothing;
//! t + 1 give the polynomial. Sums are those of the shares. The product of two shares lies on a polynomial of degree 2t, whose value at 0 the 2t + 1 ≤ n parties
//! find by sharing what they hold anew (`deal`, or `king` for many parties), after Ben-Or, Goldwasser and Wigderson (STOC 1988) in the form of Gennaro, Rabin and Rabin (PODC 1998).
//!
//! Integers have a range of 64 bits in a field of 127, so that nothing wraps and there is room to hide one statistically: what is opened is a + R for a sum R of
//! random numbers of 66 + κ bits (`mask`). A bit is 0 or 1 in the field of 256, where ⊕ is addition, and takes a byte in memory and on the wire.
//!
//! Each file has one construction with its rounds and messages.

mod circuit;
mod convert;
mod deal;
mod dealing;
mod gates;
mod io;
mod king;
mod mask;
mod numbers;
mod parts;
mod product;
mod share;
mod shuffle;
mod summands;
mod switches;
mod truncate;

pub use share::{Arith, Bin};

pub(crate) use deal::{Over, Step};
pub(crate) use mask::add_bits;
pub(crate) use product::Form;
pub(crate) use share::Elements;
pub(crate) use shuffle::{arranged, coefficient, sets};
pub(crate) use summands::{carry_save, down_to_two};

use crate::keys::{Keys, Source};
use crate::mal_shamir::Guard;
use deal::Points;
use smpc_math::field::{Gf256, P127};
use smpc_math::prf::Key;

/// Most parties.
pub const MOST_PARTIES: usize = 32;
/// Bits of what is masked: the difference of two numbers of 64 bits, and its sign.
const MASKED_BITS: u32 = 66;

/// Bits of statistical security of each number that is opened under a mask: by so many bits the masks of t + 1 parties are longer than what they hide, as far as the
/// sum of all of them stays below the prime.
#[must_use]
pub const fn security(threshold: usize) -> u32 {
    126 - 1 - MASKED_BITS - (threshold + 1).next_power_of_two().trailing_zeros()
}

/// One party of `shamir`.
pub struct Shamir<S> {
    pub(crate) me: usize,
    pub(crate) parties: usize,
    pub(crate) threshold: usize,
    pub(crate) source: S,
    numbers: Points<P127>,
    words: Points<Gf256>,
    /// Whether buffers stay empty.
    pub(crate) dry: bool,
    /// What it has beyond, where parties are not trusted: it is then a party of [`crate::mal_shamir`].
    guard: Option<Box<Guard>>,
    /// Bytes that a part of a vector of very many lanes may take, see `parts`.
    at_once: usize,
    /// Bytes of products from which on kings bring them down, see `king`.
    kings_from: usize,
    /// Whether a shuffle has a turn for each set of parties, see `shuffle`.
    turns: bool,
}

impl<S: Source> Shamir<S> {
    /// Party `me` of `parties`, of whom `threshold` may be curious: at least one and fewer than half.
    ///
    /// # Panics
    /// For other numbers: a session refuses them.
    #[must_use]
    pub fn new(me: usize, parties: usize, threshold: usize, source: S) -> Self {
        assert!(me < parties && parties <= MOST_PARTIES, "party {me} of {parties}");
        let fits = threshold > 0 && 2 * threshold < parties;
        assert!(fits, "threshold {threshold} of {parties} parties");
        let (numbers, words) = (Points::new(me, parties, threshold), Points::new(me, parties, threshold));
        let kings_from = king::kings_from(parties, threshold);
        Self {
            me,
            parties,
            threshold,
            source,
            numbers,
            words,
            dry: false,
            guard: None,
            at_once: parts::AT_ONCE,
            kings_from,
            turns: threshold <= shuffle::MOST_BY_TURNS,
        }
    }

    /// The same party with what is there for many parties, however few there are: kings bring down all products, and rows are shuffled by switches. All have to say the
    /// same.
    #[must_use]
    pub fn of_many(self) -> Self {
        // Where parties are not trusted a king would be.
        if self.guard.is_some() { self } else { Self { kings_from: 1, turns: false, ..self } }
    }

    /// A party of `mal-shamir`, where all products are brought down by all.
    pub(crate) fn guarded(self, guard: Guard) -> Self {
        Self { guard: Some(Box::new(guard)), kings_from: usize::MAX, turns: true, ..self }
    }

    pub(crate) fn guard(&self) -> Option<&Guard> {
        self.guard.as_deref()
    }

    #[cfg(test)]
    pub(crate) fn guard_mut(&mut self) -> Option<&mut Guard> {
        self.guard.as_deref_mut()
    }

    /// The parties that deal random numbers and bits: one more than may be curious, so that one of them tells nobody what it dealt.
    fn dealers(&self) -> Vec<usize> {
        (0..=self.threshold).collect()
    }
}

impl Shamir<Keys> {
    /// Party `me` of a run that only counts.
    ///
    /// # Panics
    /// As [`Shamir::new`].
    #[must_use]
    pub fn dry(me: usize, parties: usize, threshold: usize) -> Self {
        Self { dry: true, ..Self::new(me, parties, threshold, Keys::none()) }
    }
}

/// The number of the key that two parties share, or of a party's own.
const fn pair(a: usize, b: usize) -> usize {
    if a < b { a * MOST_PARTIES + b } else { b * MOST_PARTIES + a }
}

/// The keys of party `me`: `own`, which nobody else knows, and one with each other party.
#[must_use]
pub fn keys(me: usize, own: Key, others: impl IntoIterator<Item = (usize, Key)>, session: [u8; 32]) -> Keys {
    Keys::new(pairwise(me, own, others), session)
}

/// The same with their numbers.
pub(crate) fn pairwise(
    me: usize,
    own: Key,
    others: impl IntoIterator<Item = (usize, Key)>,
) -> impl Iterator<Item = (usize, Key)> {
    others.into_iter().map(move |(party, key)| (pair(me, party), key)).chain([(pair(me, me), own)])
}
