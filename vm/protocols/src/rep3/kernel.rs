//! The inner loops of `rep3`, on blocks that fit the first cache: masks, and words to bytes and back.

use super::Rep3;
use super::share::{Row, Words};
use crate::keys::{COMMON, Source};
use crate::tape::Tape;
use smpc_math::prf::Domain;
use smpc_math::simd;

/// Words that a kernel handles at a time: two mask blocks and four operands of this size fit the first cache.
pub(crate) const BLOCK: usize = 256;
/// The same in rows.
pub(crate) const ROWS: usize = BLOCK / 8;

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
}

impl<S: Source> Rep3<S> {
    /// The mask of component `component` that both its holders know: words `first ..` of the step.
    pub(crate) fn mask_words(&self, component: usize, at: Step, first: usize, out: &mut [u64]) {
        self.source.fill(component % 3, at.domain, at.tape, at.step, first, out);
    }

    /// Words that all parties know and nobody chose.
    pub(crate) fn coins(&self, at: Step, lanes: usize) -> Words {
        let mut coins = self.words(lanes);
        self.source.fill(COMMON, at.domain, at.tape, at.step, 0, &mut coins);
        coins
    }

    /// As [`Self::mask_words`], for rows.
    pub(crate) fn mask_rows(&self, component: usize, at: Step, first: usize, out: &mut [Row]) {
        self.mask_words(component, at, first * 8, out.as_flattened_mut());
    }

    /// Adds this party's part of a sharing of zero, α_i = F(K_i) − F(K_{i+1}), to words that start at `first` of the message.
    pub(crate) fn add_zero_share(&self, at: Step, first: usize, words: &mut [u64]) {
        let (mut left, mut right) = ([0; BLOCK], [0; BLOCK]);
        for (n, block) in words.chunks_mut(BLOCK).enumerate() {
            let (left, right) = (&mut left[..block.len()], &mut right[..block.len()]);
            self.mask_words(self.me, at, first + n * BLOCK, left);
            self.mask_words(self.me + 1, at, first + n * BLOCK, right);
            simd::add_difference(block, left, right, self.mask);
        }
    }

    /// This party's part of a sharing of zero bits, α_i = F(K_i) ⊕ F(K_{i+1}): rows `first ..` of the message.
    pub(crate) fn zero_rows(&self, at: Step, first: usize, out: &mut [Row]) {
        let mut right = [[0; 8]; ROWS];
        for (n, block) in out.chunks_mut(ROWS).enumerate() {
            let right = &mut right[..block.len()];
            self.mask_rows(self.me, at, first + n * ROWS, block);
            self.mask_rows(self.me + 1, at, first + n * ROWS, right);
            simd::xor_into(block.as_flattened_mut(), right.as_flattened());
        }
    }
}

/// Words as little-endian bytes.
pub(crate) fn to_bytes(words: &[u64], out: &mut [u8]) {
    out.as_chunks_mut::<8>().0.iter_mut().zip(words).for_each(|(out, word)| *out = word.to_le_bytes());
}

/// Little-endian bytes as words.
pub(crate) fn from_bytes(bytes: &[u8], words: &mut [u64]) {
    let (eights, _) = bytes.as_chunks::<8>();
    eights.iter().zip(words).for_each(|(eight, word)| *word = u64::from_le_bytes(*eight));
}

/// Bytes of a message element of so many bits: 1, 2, 4 or 8, so that no element is cut by a chunk.
pub(crate) const fn element_bytes(bits: u32) -> usize {
    match bits {
        0 => 0,
        1..=8 => 1,
        9..=16 => 2,
        17..=32 => 4,
        _ => 8,
    }
}

/// The low bytes of words, `size` each.
pub(crate) fn to_elements(words: &[u64], size: usize, out: &mut [u8]) {
    fn narrow<const N: usize>(words: &[u64], out: &mut [u8]) {
        for (out, word) in out.as_chunks_mut::<N>().0.iter_mut().zip(words) {
            out.copy_from_slice(&word.to_le_bytes()[..N]);
        }
    }
    match size {
        1 => narrow::<1>(words, out),
        2 => narrow::<2>(words, out),
        4 => narrow::<4>(words, out),
        _ => to_bytes(words, out),
    }
}

/// Words from `size` bytes each.
pub(crate) fn from_elements(bytes: &[u8], size: usize, words: &mut [u64]) {
    /// Widens elements of a constant size, so that the copies are moves.
    fn widen<const N: usize>(bytes: &[u8], words: &mut [u64]) {
        for (element, word) in bytes.as_chunks::<N>().0.iter().zip(words) {
            let mut eight = [0; 8];
            eight[..N].copy_from_slice(element);
            *word = u64::from_le_bytes(eight);
        }
    }
    match size {
        1 => widen::<1>(bytes, words),
        2 => widen::<2>(bytes, words),
        4 => widen::<4>(bytes, words),
        _ => from_bytes(bytes, words),
    }
}
