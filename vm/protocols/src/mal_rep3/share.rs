//! Share vectors of numbers. Nothing here talks or draws randomness.
//!
//! A number x is shared over Z_2^128, x = x_0 + x_1 + x_2, and so is its tag αx under the key α that nobody knows; party i holds components i and i + 1 of both. What counts of x
//! are its low 64 bits: the others mean nothing, but the tag speaks of them too. In dry mode the buffers are empty and `lanes` says how long they would be.

use crate::buffer::Words;
use crate::lanes::Lanes;
use crate::protocol::Shares;
pub(crate) use smpc_math::simd::{Wide as Element, number, wide as element};
use std::ops::{Deref, DerefMut};

/// Secret elements of Z_2^128.
#[derive(Clone, Default)]
pub(crate) struct Wide(Words);

impl Wide {
    pub(crate) fn zeros(len: usize) -> Self {
        Self(Words::zeros(2 * len))
    }

    /// Two words an element.
    pub(crate) fn of_words(words: Words) -> Self {
        debug_assert!(words.len().is_multiple_of(2));
        Self(words)
    }

    /// Two words an element.
    pub(crate) fn into_words(self) -> Words {
        self.0
    }
}

impl Deref for Wide {
    type Target = [Element];

    fn deref(&self) -> &[Element] {
        self.0.as_chunks().0
    }
}

impl DerefMut for Wide {
    fn deref_mut(&mut self) -> &mut [Element] {
        self.0.as_chunks_mut().0
    }
}

/// A party's two components of a vector.
pub(crate) type Held = [Wide; 2];
/// The same, looked at.
pub(crate) type Pair<'x> = [&'x [Element]; 2];

/// A vector of integers, and their tags.
#[derive(Clone)]
pub struct Arith {
    pub(crate) lanes: usize,
    pub(crate) value: Held,
    pub(crate) tag: Held,
    /// With which verification the oldest of the tags was to be verified; [`KNOWN`] where none had to be.
    pub(crate) batch: u64,
}

/// In place of a batch: tags that each party has made by itself.
pub(crate) const KNOWN: u64 = u64::MAX;

impl std::fmt::Debug for Arith {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Arith({} lanes)", self.lanes)
    }
}

/// Lanes of both components.
pub(crate) fn part(held: &Held, first: usize, count: usize) -> Pair<'_> {
    held.each_ref().map(|x| &x[first..first + count])
}

impl Arith {
    /// The components of the value and then of the tag, the left one of each first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Wide> {
        self.value.iter().chain(&self.tag)
    }

    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut Wide> {
        self.value.iter_mut().chain(&mut self.tag)
    }

    /// Lanes of the value and of the tag.
    pub(crate) fn part(&self, first: usize, count: usize) -> [Pair<'_>; 2] {
        [part(&self.value, first, count), part(&self.tag, first, count)]
    }

    /// A vector of `lanes` lanes, each of whose buffers `f(from, to)` writes.
    pub(crate) fn map(&self, lanes: usize, f: impl Fn(&[Element], &mut [Element])) -> Self {
        let each = |from: &Wide| {
            let mut to = Wide::zeros(if from.is_empty() { 0 } else { lanes });
            if !from.is_empty() {
                f(from, &mut to);
            }
            to
        };
        Self { lanes, value: self.value.each_ref().map(each), tag: self.tag.each_ref().map(each), batch: self.batch }
    }
}

impl Shares for Arith {
    fn lanes(&self) -> usize {
        self.lanes
    }

    fn read(&self, view: &Lanes) -> Self {
        self.map(view.len(), |from, to| view.copy(from, to))
    }

    fn write(&mut self, view: &Lanes, values: &Self) {
        self.batch = self.batch.min(values.batch);
        for (to, from) in self.all_mut().zip(values.all()).filter(|(_, from)| !from.is_empty()) {
            match view.contiguous() {
                Some((start, len)) => to[start..start + len].copy_from_slice(&from[..len]),
                None => view.iter().zip(from.iter()).for_each(|(i, v)| to[i] = *v),
            }
        }
    }

    fn gather(&self, index: &[usize]) -> Self {
        self.map(index.len(), |from, to| to.iter_mut().zip(index).for_each(|(to, i)| *to = from[*i]))
    }

    fn scatter(&mut self, index: &[usize], values: &Self) {
        self.batch = self.batch.min(values.batch);
        for (to, from) in self.all_mut().zip(values.all()) {
            index.iter().zip(from.iter()).for_each(|(i, v)| to[*i] = *v);
        }
    }
}
