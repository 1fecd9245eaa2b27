//! Keys for tests that enumerate: bits of a tape, or anything seeded; and slips in their use, made at all holders alike. Tests only.

use super::source::{Drawn, Mixed};
use crate::keys::Source;
use crate::tape::Tape;
use smpc_math::prf::Domain;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// A step of a gate's randomness under the key of a component.
pub type Place = (usize, Domain, u64);

/// A slip in the use of keys.
#[derive(Clone, Copy, Debug)]
pub enum Slip {
    /// All is as it should be.
    None,
    /// The mask at this place is left out.
    Unmasked(Place),
    /// The mask at this place is the one of another step.
    Reused(Place, u64),
    /// Permutations leave everything where it is.
    Still,
}

/// A bit of randomness that a gate uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bit {
    /// Key and step.
    pub place: Place,
    /// The word of the step's stream.
    pub word: usize,
    /// The bit of the word.
    pub bit: u32,
}

/// Bits of randomness by place, with their numbers on the tape.
#[derive(Default)]
pub struct Layout {
    places: BTreeMap<Place, Vec<(usize, u32, usize)>>,
    /// Words of the tape of one run.
    pub stride: usize,
}

impl Layout {
    /// The bits, numbered in this order.
    #[must_use]
    pub fn new(bits: &[Bit]) -> Self {
        let mut places: BTreeMap<Place, Vec<_>> = BTreeMap::new();
        for (number, bit) in bits.iter().enumerate() {
            places.entry(bit.place).or_default().push((bit.word, bit.bit, number));
        }
        Self { places, stride: bits.len().div_ceil(64) }
    }
}

/// Words that were asked for.
pub type Asked = Arc<Mutex<BTreeSet<(Place, usize)>>>;

/// Where words come from.
#[derive(Clone)]
pub enum Origin {
    /// Zeros; which words are asked for is noted.
    Noting(Asked),
    /// Bits of the tapes of many runs, 0 elsewhere; the number of the run.
    Tapes(Arc<Layout>, Arc<[u64]>, usize),
    /// Anything.
    Mixed(u64),
}

/// Keys with a slip.
#[derive(Clone)]
pub struct TestKeys {
    /// Where their words come from.
    pub origin: Origin,
    /// What is wrong with their use.
    pub slip: Slip,
}

impl TestKeys {
    /// The keys of another run: of that one's tape.
    #[must_use]
    pub fn of_run(&self, run: usize) -> Self {
        let mut keys = self.clone();
        if let Origin::Tapes(.., of) = &mut keys.origin {
            *of = run;
        }
        keys
    }

    /// The same, as parties take them.
    #[must_use]
    pub fn drawn(self) -> Drawn {
        Box::new(self)
    }
}

impl Source for TestKeys {
    fn fill(&self, component: usize, domain: Domain, tape: Tape, step: u64, first: usize, out: &mut [u64]) {
        out.fill(0);
        let mut place = (component, domain, step);
        match self.slip {
            Slip::Unmasked(at) if at == place => return,
            Slip::Reused(at, other) if at == place => place.2 = other,
            Slip::Still if domain == Domain::Permutation => return,
            Slip::None | Slip::Unmasked(_) | Slip::Reused(..) | Slip::Still => {}
        }
        match &self.origin {
            Origin::Noting(asked) => {
                let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
                asked.extend((first..first + out.len()).map(|word| (place, word)));
            }
            Origin::Tapes(layout, tapes, run) => {
                let at = run * layout.stride;
                for (word, bit, number) in layout.places.get(&place).into_iter().flatten() {
                    if let Some(out) = word.checked_sub(first).and_then(|at| out.get_mut(at)) {
                        *out |= (tapes[at + number / 64] >> (number % 64) & 1) << bit;
                    }
                }
            }
            Origin::Mixed(seed) => Mixed(*seed).fill(component, domain, tape, place.2, first, out),
        }
    }
}
