//! What a party keeps of the ANDs that it has made, until they are proven: seven bits each.
//!
//! P_i holds components i and i + 1 of the operands, the masks ρ_i and ρ_{i+1} of both its keys, and z_{i+1}, which P_{i+1} has sent. These are what its three roles
//! in the proofs need: as prover of z_i, as left verifier of z_{i+1} and as right verifier of z_{i−1}. What it has sent itself follows from them.
//!
//! A gate of many lanes and planes reserves its place before its round, and so at all parties in one order, and then says row by row what it has made and received,
//! in any order. Of a row those words are kept that have lanes, so that an AND of one lane takes 64, not 512. Bits that are nobody's are 0 in all seven, at
//! every party: ANDs of 0 and 0, made honestly.

use crate::bits::{Row, Rows};
use smpc_math::planes::{ROW_LANES, ROW_WORDS};

/// Rows that are kept of a row of ANDs, in order: the left and the right component of the first operand, of the second one, and of the masks; what was received.
pub(super) const KEPT: usize = 7;
const RECEIVED: usize = 6;
/// Rows of ANDs that are stored together.
const SEGMENT: usize = 1024;
// Rows that fill up what is proven are there, and zero.
const _: () = assert!(SEGMENT.is_multiple_of(4));

/// The ANDs of a party, in the order in which their gates began.
#[derive(Default)]
pub struct Transcript {
    segments: Vec<Rows>,
    words: usize,
    dry: bool,
}

/// Where the ANDs of a gate are.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    first: usize,
    /// Rows of whole blocks; words of the other ones; lanes of their last word.
    full: usize,
    cut: usize,
    last: usize,
}

impl Place {
    /// Words of ANDs.
    const fn words(planes: usize, lanes: usize) -> usize {
        lanes / ROW_LANES * planes * ROW_WORDS + planes * (lanes % ROW_LANES).div_ceil(64)
    }

    /// Where a row begins, its number of words, and the bits of the last of these.
    const fn row(self, row: usize) -> (usize, usize, u64) {
        if row < self.full {
            return (self.first + row * ROW_WORDS, ROW_WORDS, u64::MAX);
        }
        let first = self.first + self.full * ROW_WORDS + (row - self.full) * self.cut;
        (first, self.cut, u64::MAX >> ((64 - self.last) % 64))
    }
}

impl std::fmt::Debug for Transcript {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transcript({} conjunctions)", self.conjunctions())
    }
}

impl Transcript {
    /// No ANDs yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// No ANDs yet, of a run that only counts.
    #[must_use]
    pub fn dry() -> Self {
        Self { dry: true, ..Self::default() }
    }

    /// A place for the ANDs of a gate, whose rows are those of its message: block by block of 512 lanes, in a block plane by plane.
    pub fn reserve(&mut self, planes: usize, lanes: usize) -> Place {
        let place = Place {
            first: self.words,
            full: lanes / ROW_LANES * planes,
            cut: (lanes % ROW_LANES).div_ceil(64),
            last: lanes % 64,
        };
        self.words += Place::words(planes, lanes);
        self.grow();
        place
    }

    /// A row of a gate that this party has made: its components of both operands and its masks, the left one first.
    pub fn made(&mut self, place: Place, row: usize, x: [&Row; 2], y: [&Row; 2], masks: [&Row; 2]) {
        for (kind, bits) in [x, y, masks].into_iter().flatten().enumerate() {
            self.keep(place, row, kind, bits);
        }
    }

    /// A row of a gate that this party has received.
    pub fn received(&mut self, place: Place, row: usize, bits: &Row) {
        self.keep(place, row, RECEIVED, bits);
    }

    fn keep(&mut self, place: Place, row: usize, kind: usize, bits: &Row) {
        let (first, count, last) = place.row(row);
        for (i, word) in bits[..count].iter().enumerate() {
            let at = first + i;
            let kept = &mut self.segments[at / (ROW_WORDS * SEGMENT)][at / ROW_WORDS % SEGMENT * KEPT + kind];
            kept[at % ROW_WORDS] = if i + 1 == count { word & last } else { *word };
        }
    }

    /// The ANDs of another transcript, behind those of this one.
    pub(crate) fn append(&mut self, other: &Self) {
        let first = self.words;
        self.words += other.words;
        self.grow();
        for word in (0..other.words).filter(|_| !self.dry) {
            let (from, to) = (other.row(word / ROW_WORDS), first + word);
            let kept =
                &mut self.segments[to / (ROW_WORDS * SEGMENT)].as_chunks_mut::<KEPT>().0[to / ROW_WORDS % SEGMENT];
            kept.iter_mut().zip(from).for_each(|(to_row, row)| to_row[to % ROW_WORDS] = row[word % ROW_WORDS]);
        }
    }

    /// Makes room for what is reserved.
    fn grow(&mut self) {
        while !self.dry && self.segments.len() * SEGMENT < self.rows() {
            self.segments.push(Rows::zeros(SEGMENT * KEPT));
        }
    }

    /// Words of 64 ANDs, those that are not full too.
    pub(crate) const fn words(&self) -> usize {
        self.words
    }

    /// As many words of ANDs, of a run that only counts.
    pub(crate) fn set_words(&mut self, words: usize) {
        debug_assert!(self.dry);
        self.words = words;
    }

    /// The ANDs that would be proven now, with those that only fill a word.
    #[must_use]
    pub const fn conjunctions(&self) -> usize {
        self.words.saturating_mul(64)
    }

    /// Rows of 512 ANDs.
    pub(super) const fn rows(&self) -> usize {
        self.words.div_ceil(ROW_WORDS)
    }

    /// What is kept of a row; nothing but zeros of one up to the next multiple of four that has no ANDs.
    pub(super) fn row(&self, row: usize) -> &[Row; KEPT] {
        &self.segments[row / SEGMENT].as_chunks().0[row % SEGMENT]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gates of all sizes lie behind one another, each bit of theirs where it belongs, whatever their rows hold beyond the last lane.
    #[test]
    fn gates_lie_side_by_side() {
        let sizes =
            [(1, 1), (3, 64), (2, 65), (1, 511), (2, 512), (3, 513), (1, 1100), (40, 3), (1, SEGMENT * ROW_LANES)];
        let row = |gate: usize, row: usize, kind: usize| -> Row {
            std::array::from_fn(|w| {
                (gate << 40 | row << 20 | kind << 10 | w).wrapping_mul(0x9e37_79b9_7f4a_7c15) as u64
            })
        };
        let mut transcript = Transcript::new();
        let places = sizes.map(|(planes, lanes)| transcript.reserve(planes, lanes));
        for (gate, (planes, lanes)) in sizes.into_iter().enumerate().rev() {
            for n in (0..lanes.div_ceil(ROW_LANES) * planes).rev() {
                let kept: [Row; KEPT] = std::array::from_fn(|kind| row(gate, n, kind));
                let [xa, xb, ya, yb, left, right, z] = kept.each_ref();
                transcript.received(places[gate], n, z);
                transcript.made(places[gate], n, [xa, xb], [ya, yb], [left, right]);
            }
        }
        for kind in 0..KEPT {
            let mut expected = Vec::new();
            for (gate, (planes, lanes)) in sizes.into_iter().enumerate() {
                for n in 0..lanes.div_ceil(ROW_LANES) * planes {
                    let lanes = ROW_LANES.min(lanes - n / planes * ROW_LANES);
                    let words = row(gate, n, kind).into_iter().take(lanes.div_ceil(64));
                    expected.extend(words.enumerate().map(|(w, word)| match lanes - 64 * w {
                        lanes @ 0..64 => word & ((1 << lanes) - 1),
                        _ => word,
                    }));
                }
            }
            assert_eq!(transcript.conjunctions(), expected.len() * 64);
            expected.resize(transcript.rows() * ROW_WORDS, 0);
            let found: Vec<u64> = (0..transcript.rows()).flat_map(|n| transcript.row(n)[kind]).collect();
            assert!(found == expected, "{kind}");
        }
    }

    /// Where only costs are counted there are numbers alone.
    #[test]
    fn dry_transcripts_count() {
        let (mut dry, mut live) = (Transcript::dry(), Transcript::new());
        for (planes, lanes) in [(7, 1300), (1, 1), (0, 5), (5, 0)] {
            dry.reserve(planes, lanes);
            live.reserve(planes, lanes);
        }
        assert_eq!((dry.conjunctions(), dry.rows()), (live.conjunctions(), live.rows()));
        assert!(dry.segments.is_empty());
    }
}
