//! The masks of `rep3`, on blocks that fit the first cache.

use super::Rep3;
use super::share::{Row, Words};
pub(crate) use crate::keys::Step;
use crate::keys::{COMMON, Source};
pub(crate) use crate::message::{BLOCK, ROWS};
use smpc_math::simd;

impl<S: Source> Rep3<S> {
    /// The mask of component `component` that both its holders know: words `first ..` of the step.
    pub(crate) fn mask_words(&self, component: usize, at: Step, first: usize, out: &mut [u64]) {
        at.words(&self.source, component % 3, first, out);
    }

    /// Words that all parties know and nobody chose.
    pub(crate) fn coins(&self, at: Step, lanes: usize) -> Words {
        let mut coins = self.words(lanes);
        at.words(&self.source, COMMON, 0, &mut coins);
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
