//! Share vectors, and their layout. Nothing here talks or draws randomness.
//!
//! A party holds one element a lane of numbers, and one byte a lane and plane of words, plane after plane. In dry mode the buffers are empty and `lanes` says how long
//! they would be.

use crate::buffer::Buffer;
use crate::lanes::Lanes;
use crate::protocol::{BinShares, Shares};
use smpc_math::field::{Gf256, P127};

/// Field elements that may be shares.
pub(crate) type Elements<F> = Buffer<F>;

/// A vector of integers.
#[derive(Clone)]
pub struct Arith {
    pub(crate) lanes: usize,
    pub(crate) x: Elements<P127>,
}

/// A vector of words, bit by bit.
#[derive(Clone)]
pub struct Bin {
    pub(crate) width: u32,
    pub(crate) lanes: usize,
    pub(crate) x: Elements<Gf256>,
}

impl std::fmt::Debug for Arith {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Arith({} lanes)", self.lanes)
    }
}

impl std::fmt::Debug for Bin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bin({} lanes of {} bits)", self.lanes, self.width)
    }
}

impl Arith {
    /// This party's share of each lane; for tests and tools that look at shares.
    #[must_use]
    pub fn shares(&self) -> &[P127] {
        &self.x
    }

    /// A vector of these shares; for tests and tools that make shares.
    #[must_use]
    pub fn of_shares(shares: Vec<P127>) -> Self {
        Self { lanes: shares.len(), x: Elements::new(shares) }
    }
}

impl Shares for Arith {
    fn lanes(&self) -> usize {
        self.lanes
    }

    fn read(&self, view: &Lanes) -> Self {
        let mut x = Elements::zeros(if self.x.is_empty() { 0 } else { view.len() });
        if !x.is_empty() {
            view.copy(&self.x, &mut x);
        }
        Self { lanes: view.len(), x }
    }

    fn write(&mut self, view: &Lanes, values: &Self) {
        if !values.x.is_empty() {
            put(view, &mut self.x, &values.x);
        }
    }

    fn gather(&self, index: &[usize]) -> Self {
        let mut x = Elements::zeros(if self.x.is_empty() { 0 } else { index.len() });
        let from = &self.x[..];
        x.iter_mut().zip(index).for_each(|(x, i)| *x = from[*i]);
        Self { lanes: index.len(), x }
    }

    fn scatter(&mut self, index: &[usize], values: &Self) {
        let x = &mut self.x[..];
        index.iter().zip(values.x.iter()).for_each(|(i, v)| x[*i] = *v);
    }
}

/// Overwrites the lanes of a view.
fn put<F: Copy>(view: &Lanes, to: &mut [F], from: &[F]) {
    match view.contiguous() {
        Some((start, len)) => to[start..start + len].copy_from_slice(from),
        None => view.iter().zip(from).for_each(|(i, v)| to[i] = *v),
    }
}

impl Bin {
    /// This party's shares, plane after plane; for tests and tools that look at shares.
    #[must_use]
    pub fn shares(&self) -> &[Gf256] {
        &self.x
    }

    /// Words of these shares, plane after plane; for tests and tools that make shares.
    #[must_use]
    pub fn of_shares(width: u32, lanes: usize, shares: Vec<Gf256>) -> Self {
        debug_assert_eq!(shares.len(), width as usize * lanes);
        Self { width, lanes, x: Elements::new(shares) }
    }

    /// The planes, each with its lanes; none in dry mode.
    pub(crate) fn planes_of(&self) -> impl Iterator<Item = &[Gf256]> {
        self.x.chunks_exact(self.lanes.max(1))
    }

    /// Words of as many planes and `lanes` lanes, each plane made by `f(from, to)`.
    fn map(&self, lanes: usize, f: impl Fn(&[Gf256], &mut [Gf256])) -> Self {
        let len = if self.x.is_empty() { 0 } else { self.width as usize * lanes };
        let mut x = Elements::zeros(len);
        self.planes_of().zip(x.chunks_exact_mut(lanes.max(1))).for_each(|(from, to)| f(from, to));
        Self { width: self.width, lanes, x }
    }
}

impl Shares for Bin {
    fn lanes(&self) -> usize {
        self.lanes
    }

    fn read(&self, view: &Lanes) -> Self {
        self.map(view.len(), |from, to| view.copy(from, to))
    }

    fn write(&mut self, view: &Lanes, values: &Self) {
        let lanes = self.lanes.max(1);
        self.x.chunks_exact_mut(lanes).zip(values.planes_of()).for_each(|(to, from)| put(view, to, from));
    }

    fn gather(&self, index: &[usize]) -> Self {
        self.map(index.len(), |from, to| to.iter_mut().zip(index).for_each(|(to, i)| *to = from[*i]))
    }

    fn scatter(&mut self, index: &[usize], values: &Self) {
        let lanes = self.lanes.max(1);
        for (to, from) in self.x.chunks_exact_mut(lanes).zip(values.planes_of()) {
            index.iter().zip(from).for_each(|(i, v)| to[*i] = *v);
        }
    }
}

impl BinShares for Bin {
    fn width(&self) -> u32 {
        self.width
    }

    fn planes(&self, from: u32, width: u32) -> Self {
        let mut x = Elements::zeros(if self.x.is_empty() { 0 } else { width as usize * self.lanes });
        let there = &self.x[(from.min(self.width) as usize * self.lanes).min(self.x.len())..];
        let len = there.len().min(x.len());
        x[..len].copy_from_slice(&there[..len]);
        Self { width, lanes: self.lanes, x }
    }

    fn stack(parts: &[&Self]) -> Self {
        let width = parts.iter().map(|part| part.width).sum();
        let lanes = parts.first().map_or(0, |part| part.lanes);
        Self { width, lanes, x: Elements::concat(parts.iter().map(|part| &part.x[..])) }
    }
}
