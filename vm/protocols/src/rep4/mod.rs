//! `rep4`: four parties, one of whom may do anything, replicated sharing over Z_2^64 and Z_2. A cheater stops the run before it learns or changes anything; it may
//! still learn its own output and leave before the others have theirs.
//!
//! x = x_0 + x_1 + x_2 + x_3, and party i holds all components but x_i (Dalskov, Escudero and Keller, "Fantastic Four: honest-majority four-party secure computation
//! with malicious security", USENIX Security 2021). Whatever a party has to be told, two others know. So one of them sends it and the other one its hash, in
//! the same round, and nothing that follows leaves before the two were compared (`joint`). Comparing later, once for many rounds, would be faster and is broken: one
//! lie makes an honest party's next message to the liar depend on a secret (ePrint 2026/234, Eurocrypt 2026).
//!
//! Each file has one construction with its rounds and messages. What holds of every message: it is a joint one, or it is an input that its owner may choose, and then all
//! who got it compare it before they use it.

mod agree;
mod circuit;
mod convert;
mod gates;
mod io;
mod joint;
mod local;
mod product;
mod share;
mod shuffle;
mod summands;
mod truncate;

pub use agree::{Contributions, agree};
pub use share::{Arith, Bin};

use crate::bits::{Rows, Words};
use crate::circuits::Circuits;
use crate::keys::{Keys, Source};
use crate::layout::Layout;

/// Number of parties.
pub const PARTIES: usize = 4;

/// One party of `rep4`.
pub struct Rep4<S> {
    me: usize,
    /// K_j for each component j but this party's own number.
    source: S,
    session: [u8; 32],
    /// See [`Self::bits`].
    #[cfg(debug_assertions)]
    bits: u32,
    /// Whether buffers stay empty.
    dry: bool,
    circuits: Circuits,
    /// What this party leaves out, where a test shows that it is needed.
    #[cfg(test)]
    mutant: Mutant,
}

/// Checks that tests take away, to see that what they then let pass is an attack.
#[cfg(test)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// None.
    #[default]
    Whole,
    /// Joint messages are not compared with their hashes.
    Trusting,
    /// Inputs are not compared by those who got them.
    NoEcho,
    /// Nothing is compared: a cheater does not stop for what it sees.
    Reckless,
}

impl<S: Source> Rep4<S> {
    /// Party `me` with the keys of the components that it holds: key j is K_j. Hashes are bound to the session.
    #[must_use]
    pub fn new(me: usize, source: S, session: [u8; 32]) -> Self {
        Self {
            me,
            source,
            session,
            #[cfg(debug_assertions)]
            bits: 64,
            dry: false,
            circuits: Circuits::default(),
            #[cfg(test)]
            mutant: Mutant::Whole,
        }
    }

    /// Party `me` over Z_2^bits, for tests that enumerate every view. Ranges and widths that gates are told must fit that ring.
    #[cfg(debug_assertions)]
    #[must_use]
    pub fn over_small_ring(me: usize, source: S, session: [u8; 32], bits: u32) -> Self {
        Self { bits, ..Self::new(me, source, session) }
    }

    #[cfg(test)]
    pub(crate) fn mutant(self, mutant: Mutant) -> Self {
        Self { mutant, ..self }
    }

    #[cfg(test)]
    fn compares(&self) -> bool {
        !matches!(self.mutant, Mutant::Trusting | Mutant::Reckless)
    }

    #[cfg(not(test))]
    #[allow(clippy::unused_self, reason = "a test's party says something else")]
    const fn compares(&self) -> bool {
        true
    }

    #[cfg(test)]
    fn echoes(&self) -> bool {
        !matches!(self.mutant, Mutant::NoEcho | Mutant::Reckless)
    }

    #[cfg(not(test))]
    #[allow(clippy::unused_self, reason = "a test's party says something else")]
    const fn echoes(&self) -> bool {
        true
    }

    /// Which of this party's three buffers holds a component: component me + 1 is the first one. 3, which is no buffer, for the one that it lacks.
    const fn slot(&self, component: usize) -> usize {
        (component + PARTIES - 1 - self.me) % PARTIES
    }

    /// The ring is Z_2^bits: of 64 bits, but in tests that enumerate a small one. Release builds know it when they are compiled.
    #[cfg(debug_assertions)]
    const fn bits(&self) -> u32 {
        self.bits
    }

    #[cfg(not(debug_assertions))]
    #[allow(clippy::unused_self, reason = "a party over a small ring says something else")]
    const fn bits(&self) -> u32 {
        64
    }

    /// A word as an integer in two's complement.
    const fn signed(&self, word: u64) -> i64 {
        let shift = 64 - self.bits();
        (word << shift).cast_signed() >> shift
    }

    /// Numbers, as messages carry them.
    const fn numbers_of(&self, len: usize) -> Layout {
        Layout::Numbers { len, bits: self.bits() }
    }

    /// A buffer of `len` words; empty in dry mode.
    fn words(&self, len: usize) -> Words {
        Words::zeros(if self.dry { 0 } else { len })
    }

    fn arith(&self, lanes: usize) -> Arith {
        Arith { lanes, x: std::array::from_fn(|_| self.words(lanes)) }
    }

    fn bin(&self, width: u32, lanes: usize) -> Bin {
        let rows = if self.dry { 0 } else { width as usize * crate::bits::blocks(lanes) };
        Bin { width, lanes, x: std::array::from_fn(|_| Rows::zeros(rows)) }
    }
}

impl Rep4<Keys> {
    /// Party `me` of a run that only counts.
    #[must_use]
    pub fn dry(me: usize) -> Self {
        Self { dry: true, ..Self::new(me, Keys::none(), [0; 32]) }
    }
}

#[cfg(test)]
mod attacks;
