//! The inner loops of `rep3` on slices that fit the first cache: local term, fresh mask, own share and message in one pass.

use super::Rep3;
use super::source::{Source, Stream};
use crate::tape::Tape;

/// Words that a kernel handles at a time: two mask blocks and four operands of this size fit the first cache.
pub(crate) const BLOCK: usize = 256;

/// A place in the randomness of a gate: one step, both of this party's keys.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) tape: Tape,
    pub(crate) step: u64,
    pub(crate) stream: Stream,
}

impl<S: Source> Rep3<S> {
    /// Adds this party's part of a sharing of zero, α_i = F(K_i) − F(K_{i+1}), to words that start at `first` of the message.
    pub(crate) fn add_zero_share(&self, at: Step, first: usize, words: &mut [u64]) {
        let (mut left, mut right) = ([0; BLOCK], [0; BLOCK]);
        for (n, block) in words.chunks_mut(BLOCK).enumerate() {
            let (left, right) = (&mut left[..block.len()], &mut right[..block.len()]);
            self.source.fill(self.me, at.stream, at.tape, at.step, first + n * BLOCK, left);
            self.source.fill(self.next(), at.stream, at.tape, at.step, first + n * BLOCK, right);
            for ((z, l), r) in block.iter_mut().zip(&*left).zip(&*right) {
                *z = z.wrapping_add(*l).wrapping_sub(*r) & self.mask;
            }
        }
    }

    /// As [`Self::add_zero_share`], for planes.
    pub(crate) fn xor_zero_share(&self, at: Step, first: usize, words: &mut [u64]) {
        let (mut left, mut right) = ([0; BLOCK], [0; BLOCK]);
        for (n, block) in words.chunks_mut(BLOCK).enumerate() {
            let (left, right) = (&mut left[..block.len()], &mut right[..block.len()]);
            self.source.fill(self.me, at.stream, at.tape, at.step, first + n * BLOCK, left);
            self.source.fill(self.next(), at.stream, at.tape, at.step, first + n * BLOCK, right);
            for ((z, l), r) in block.iter_mut().zip(&*left).zip(&*right) {
                *z ^= l ^ r;
            }
        }
    }
}

/// Words as little-endian bytes.
pub(crate) fn to_bytes(words: &[u64], out: &mut [u8]) {
    out.chunks_exact_mut(8).zip(words).for_each(|(out, word)| out.copy_from_slice(&word.to_le_bytes()));
}

/// Little-endian bytes as words.
pub(crate) fn from_bytes(bytes: &[u8], words: &mut [u64]) {
    bytes.chunks_exact(8).zip(words).for_each(|(bytes, word)| {
        let mut eight = [0; 8];
        eight.copy_from_slice(bytes);
        *word = u64::from_le_bytes(eight);
    });
}
