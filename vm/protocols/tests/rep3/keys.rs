//! Keys for tests: bits of an enumerated tape, or anything seeded; and slips in their use, made at both holders alike.

use smpc_math::prf::Domain;
use smpc_protocols::Tape;
use smpc_protocols::conformance::source::Mixed;
use smpc_protocols::keys::Source;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// A step of a gate's randomness under the key of a component.
pub(crate) type Place = (usize, Domain, u64);

/// A slip in the use of keys.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Slip {
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
pub(crate) struct Bit {
    pub(crate) place: Place,
    pub(crate) word: usize,
    pub(crate) bit: u32,
}

/// Bits of randomness by place, with their numbers on the tape.
#[derive(Default)]
pub(crate) struct Layout {
    places: BTreeMap<Place, Vec<(usize, u32, usize)>>,
    /// Words of the tape of one gate instance.
    pub(crate) stride: usize,
}

impl Layout {
    pub(crate) fn new(bits: &[Bit]) -> Self {
        let mut places: BTreeMap<Place, Vec<_>> = BTreeMap::new();
        for (number, bit) in bits.iter().enumerate() {
            places.entry(bit.place).or_default().push((bit.word, bit.bit, number));
        }
        Self { places, stride: bits.len().div_ceil(64) }
    }
}

/// Where words come from.
#[derive(Clone, Copy)]
pub(crate) enum Origin<'a> {
    /// Zeros; which words are asked for is noted.
    Noting(&'a Mutex<BTreeSet<(Place, usize)>>),
    /// Bits of the tape of each gate instance, 0 elsewhere.
    Tapes(&'a Layout, &'a [u64]),
    /// Anything.
    Mixed(u64),
}

/// Keys with a slip.
#[derive(Clone, Copy)]
pub(crate) struct TestKeys<'a> {
    pub(crate) origin: Origin<'a>,
    pub(crate) slip: Slip,
}

impl Source for TestKeys<'_> {
    fn fill(&self, component: usize, domain: Domain, tape: Tape, step: u64, first: usize, out: &mut [u64]) {
        out.fill(0);
        let mut place = (component, domain, step);
        match self.slip {
            Slip::Unmasked(at) if at == place => return,
            Slip::Reused(at, other) if at == place => place.2 = other,
            Slip::Still if domain == Domain::Permutation => return,
            Slip::None | Slip::Unmasked(_) | Slip::Reused(..) | Slip::Still => {}
        }
        match self.origin {
            Origin::Noting(asked) => {
                let mut asked = asked.lock().unwrap();
                asked.extend((first..first + out.len()).map(|word| (place, word)));
            }
            Origin::Tapes(layout, tapes) => {
                let at = usize::try_from(tape.instance()).unwrap() * layout.stride;
                for (word, bit, number) in layout.places.get(&place).into_iter().flatten() {
                    if let Some(out) = word.checked_sub(first).and_then(|at| out.get_mut(at)) {
                        *out |= (tapes[at + number / 64] >> (number % 64) & 1) << bit;
                    }
                }
            }
            Origin::Mixed(seed) => Mixed(seed).fill(component, domain, tape, place.2, first, out),
        }
    }
}
