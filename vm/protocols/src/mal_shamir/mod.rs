//! `mal-shamir`: n = 2t + 1 parties, of whom any t may do anything, Shamir's secret sharing over the integers modulo 2^127 − 1 and over bytes. Cheaters stop the run before anything is revealed
//! that the program does not reveal, and before an honest party has a wrong output; they may still learn their own output and leave before the others have theirs.
//!
//! It is [`shamir`] with an account of what everyone has sent. The t + 1 honest parties alone determine a polynomial of degree t, so that whatever the others say, what is held is a
//! sharing of *some* value: a lie in a product is a number that the cheaters add to it, and they know which (this needs n = 2t + 1; PROTOCOLS R13). What differs:
//!
//! * **Products** are kept until something is opened, and then all of them are verified at once: a random combination of what should be 0 is brought, part by part, to a single product, which is
//!   opened under a mask (`verify`: Goyal and Song, "Malicious security comes free in honest-majority MPC", ePrint 2020/134; Goyal, Song and Zhu, CRYPTO 2020). Each wrong product shows by itself whatever the others are, so that
//!   whether a run stops never depends on a secret; a product costs the elements that it costs in `shamir`, and a verification some thousand bytes.
//! * **Openings** take the shares of all parties, which must lie on one polynomial of degree t (`io`).
//! * **Masks** have no dealer. For each set of t + 1 parties there is a key that its members alone hold, and with it numbers and bits of which everyone has shares without a word (`prss`: Cramer, Damgård and
//!   Ishai, "Share conversion, pseudorandom secret-sharing and applications to secure computation", TCC 2005). That a number and its bits belong together needs no proof: they come from the same key. And masks are uniform
//!   in the field (`summands`), as what they hide may be anything after a lie that is not found yet.
//! * **Inputs** are any element of the field until `range` has shown that they fit; bits are shown to be bits as b·b = b.
//! * **The shuffle** has the rows carry a tag under a key that nobody knows (`shuffle`).

mod extension;
mod io;
mod kept;
mod prss;
mod range;
mod shuffle;
mod stacks;
mod summands;
mod verify;

pub(crate) use extension::Extended;
pub(crate) use kept::Kept;
pub(crate) use verify::Released;

use crate::agree::Agreement;
use crate::error::Error;
use crate::executor::Executor;
use crate::keys::{Keys, Source};
use crate::shamir::{self, MOST_PARTIES, Shamir};
use extension::Plan;
use smpc_math::field::{Gf256, P127, lagrange};
use smpc_math::prf::Key;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Most parties that may cheat: masks have a number for each set of t + 1 parties, 35 for three.
pub const MOST_THRESHOLD: usize = 3;

/// What a party of `mal-shamir` has beyond one of `shamir`.
pub(crate) struct Guard {
    session: [u8; 32],
    /// All sets of t + 1 parties, in an order that all know.
    sets: Vec<Vec<usize>>,
    /// The numbers of those that this party is in.
    mine: Vec<usize>,
    numbers: Side<P127>,
    words: Side<Gf256>,
    /// Inputs that only have to have come.
    inputs: Cell<u64>,
    /// Whether a verification is under way, and how many have begun.
    verifying: Cell<bool>,
    verifications: Cell<u64>,
    #[cfg(test)]
    trust: Trust,
    /// Whether the last claim of a verification was right, and whether coins that combine products are of the small field.
    #[cfg(test)]
    fitted: Cell<bool>,
    #[cfg(test)]
    small_coins: bool,
    /// Whether a cheater adds 1 to its part of the first lane of each product before it deals it.
    #[cfg(test)]
    pub(crate) adds: bool,
    /// What a cheater adds to the first column, by turn and row.
    #[cfg(test)]
    lies: Vec<(u64, usize, P127)>,
}

/// The same for one field.
pub(crate) struct Side<F: Extended> {
    /// For each of this party's sets the value at its own point of the polynomial that is 1 at 0 and 0 at the points of all others.
    set: Vec<F>,
    /// For each party from the t + 1st after this one on, with which coefficients the shares of this party and of the t after it give that one's.
    check: Vec<Vec<F>>,
    /// What was computed and not verified.
    kept: RefCell<Kept<F>>,
    /// How claims in so many parts are made shorter; made once.
    plans: RefCell<BTreeMap<usize, Rc<Plan<F>>>>,
}

/// What a test's party takes as it comes: a cheater all of it, and an honest party one thing at a time, so that a test can see what comes of that.
#[cfg(test)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trust {
    /// Shares that lie on no polynomial, and public values that others were told otherwise.
    openings: bool,
    /// Products.
    products: bool,
    /// Tags of shuffled rows.
    tags: bool,
}

#[cfg(test)]
impl Trust {
    const ALL: Self = Self { openings: true, products: true, tags: true };
}

impl<F: Extended> Side<F> {
    fn new(me: usize, parties: usize, threshold: usize, sets: &[Vec<usize>]) -> Self {
        let own = F::point(me);
        let of_set = |set: &Vec<usize>| {
            let others = (0..parties).filter(|party| !set.contains(party)).map(F::point);
            let known: Vec<F> = std::iter::once(F::default()).chain(others).collect();
            lagrange(&known, own).first().copied().unwrap_or_default()
        };
        let near: Vec<F> = (0..=threshold).map(|k| F::point((me + k) % parties)).collect();
        Self {
            set: sets.iter().filter(|set| set.contains(&me)).map(of_set).collect(),
            check: (threshold + 1..parties).map(|k| lagrange(&near, F::point((me + k) % parties))).collect(),
            kept: RefCell::default(),
            plans: RefCell::default(),
        }
    }
}

impl<F: Extended> Side<F> {
    /// Another product to be verified, of so many lanes.
    pub(crate) fn keep(&self, form: shamir::Form, factors: [&[F]; 2], product: &[F], lanes: usize) {
        self.kept.borrow_mut().keep(form, factors, product, lanes);
    }
}

impl<F: Extended> Side<F> {
    fn plan(&self, parts: usize) -> Rc<Plan<F>> {
        Rc::clone(self.plans.borrow_mut().entry(parts).or_insert_with(|| Rc::new(Plan::new(parts))))
    }
}

impl Guard {
    fn new(me: usize, parties: usize, threshold: usize, session: [u8; 32]) -> Self {
        let sets = shamir::sets(parties, threshold + 1);
        Self {
            session,
            mine: (0..sets.len()).filter(|set| sets[*set].contains(&me)).collect(),
            numbers: Side::new(me, parties, threshold, &sets),
            words: Side::new(me, parties, threshold, &sets),
            sets,
            inputs: Cell::new(0),
            verifying: Cell::new(false),
            verifications: Cell::new(0),
            #[cfg(test)]
            trust: Trust::default(),
            #[cfg(test)]
            fitted: Cell::new(true),
            #[cfg(test)]
            small_coins: false,
            #[cfg(test)]
            adds: false,
            #[cfg(test)]
            lies: Vec::new(),
        }
    }

    /// All sets of t + 1 parties.
    pub(crate) fn sets(&self) -> &[Vec<usize>] {
        &self.sets
    }

    pub(crate) const fn numbers(&self) -> &Side<P127> {
        &self.numbers
    }

    pub(crate) const fn words(&self) -> &Side<Gf256> {
        &self.words
    }

    /// An input that has to be there before anything is opened.
    pub(crate) fn input_has_come(&self) {
        self.inputs.set(self.inputs.get() + 1);
    }
}

/// The number of the key of a set.
const fn of_set(set: usize) -> usize {
    MOST_PARTIES * MOST_PARTIES + set
}

/// The sets that a party is in, and the numbers of their keys.
pub(crate) fn keys_of_sets(me: usize, threshold: usize) -> impl Iterator<Item = (usize, usize)> {
    let sets = shamir::sets(2 * threshold + 1, threshold + 1).into_iter().enumerate();
    sets.filter(move |(_, set)| set.contains(&me)).map(|(set, _)| (set, of_set(set)))
}

/// Party `me` of 2t + 1 with its keys, those of [`shamir::keys`] and those that the sets [`agree`] on. Hashes are bound to the session.
///
/// # Panics
/// For a threshold t that is 0 or above [`MOST_THRESHOLD`]: a session refuses it.
#[must_use]
pub fn party<S: Source>(me: usize, threshold: usize, source: S, session: [u8; 32]) -> Shamir<S> {
    assert!((1..=MOST_THRESHOLD).contains(&threshold), "threshold {threshold}");
    let parties = 2 * threshold + 1;
    Shamir::new(me, parties, threshold, source).guarded(Guard::new(me, parties, threshold, session))
}

/// Party `me` of a run that only counts.
///
/// # Panics
/// As [`party`].
#[must_use]
pub fn dry(me: usize, threshold: usize) -> Shamir<Keys> {
    assert!((1..=MOST_THRESHOLD).contains(&threshold), "threshold {threshold}");
    let parties = 2 * threshold + 1;
    Shamir::dry(me, parties, threshold).guarded(Guard::new(me, parties, threshold, [0; 32]))
}

/// The numbers of the sets of t + 1 of 2t + 1 parties.
#[must_use]
pub fn sets_of(threshold: usize) -> std::ops::Range<usize> {
    0..shamir::sets(2 * threshold + 1, threshold + 1).len()
}

/// The keys of a session of 2t + 1 parties: `own`, which nobody else knows, one with each other party, and those of the sets that this party is in, to each of which it contributes fresh random bytes: one string a
/// set. Two rounds, and 32 bytes for each set of two parties from either to the other in both.
///
/// # Errors
/// Those of a link, and [`Error::Differ`] where another member of a set says that it has another key.
pub fn agree(
    executor: &Executor,
    threshold: usize,
    (own, others): (Key, impl IntoIterator<Item = (usize, Key)>),
    contributions: &[Key],
    session: [u8; 32],
) -> Result<Keys, Error> {
    let holders = shamir::sets(2 * threshold + 1, threshold + 1);
    let contexts =
        ["smpc mal-shamir 2026-11-28 key of a set", "smpc mal-shamir 2026-11-28 confirmation of a set's key"];
    let of_sets = Agreement { holders: &holders, contexts, session }.agree(executor, contributions)?;
    let of_sets = of_sets.into_iter().map(|(set, key)| (of_set(set), key));
    Ok(Keys::new(shamir::pairwise(executor.me(), own, others).chain(of_sets), session))
}

#[cfg(test)]
mod attacks;
