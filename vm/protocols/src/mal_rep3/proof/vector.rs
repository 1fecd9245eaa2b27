//! The vectors of a proof: a prover has two, and each verifier one of these. A coin makes them shorter.

use super::layers::Layer;
use super::statement::{CHUNKS, Triple};
use super::transcript::{KEPT, Transcript};
use crate::bits::Row;
use crate::buffer::Buffer;
use crate::workers;
use smpc_math::field::{Field as _, P61};
use smpc_math::simd::{self, PairTables};
use zeroize::Zeroizing;

/// Steps of work (see [`workers`]) to look up the chunks of a row.
const LOOK_UP_WORK: usize = 512;
/// Chunks whose elements are multiplied while they are in the cache.
const BLOCK: usize = 64;
/// Chunks of a part of their own.
const PART: usize = 64 * BLOCK;

/// Elements of one layer, filled up with zeros to whole chunks.
pub(super) struct Vector {
    elements: Buffer<P61>,
    layer: Layer,
}

impl Vector {
    /// A vector of a layer after the first, whose elements but for the mask `fill` writes.
    fn of(layer: Layer, fill: impl FnOnce(&mut [P61])) -> Self {
        let mut elements = Buffer::zeros(layer.chunks() * layer.size);
        fill(&mut elements[usize::from(layer.masked)..layer.len]);
        Self { elements, layer }
    }

    /// The second layer's vector: a sum over each chunk of the first one's elements, by tables of these, as they follow from what was kept of the ANDs.
    pub(super) fn of_conjunctions(
        layer: Layer,
        transcript: &Transcript,
        triple: impl Fn(&[Row; KEPT]) -> Triple + Sync,
        tables: &PairTables,
    ) -> Self {
        Self::of(layer, |elements| {
            workers::each(elements, CHUNKS, LOOK_UP_WORK, |first, elements| {
                for (n, elements) in elements.chunks_mut(CHUNKS).enumerate() {
                    let triple = triple(transcript.row(first / CHUNKS + n));
                    match elements.first_chunk_mut() {
                        Some(elements) => simd::look_up_columns(elements, &triple, tables),
                        // No row has fewer.
                        None => debug_assert!(false, "part of a row"),
                    }
                }
            });
        })
    }

    /// Elements k of all chunks.
    fn places(&self) -> impl Iterator<Item = &[P61]> {
        self.elements.chunks(self.layer.chunks())
    }

    /// Puts the mask in its place.
    pub(super) fn mask(&mut self, mask: P61) {
        debug_assert!(self.layer.masked);
        self.elements[0] = mask;
    }

    /// The next layer's vector: the value at the coin's point of each chunk's polynomial, for which its elements have these weights.
    pub(super) fn fold(&self, next: Layer, weights: &[P61]) -> Self {
        Self::of(next, |elements| {
            workers::each(elements, BLOCK, BLOCK * weights.len(), |first, elements| {
                let places = self.places().map(|place| &place[first..first + elements.len()]);
                let terms: Vec<(P61, &[P61])> = weights.iter().copied().zip(places).collect();
                P61::add_combination(elements, &terms);
            });
        })
    }

    /// The last layer's value at the coin's point.
    pub(super) fn value(&self, weights: &[P61]) -> P61 {
        P61::dot(&self.elements, weights)
    }

    /// C_kl = Σ_j u_jk·v_jl over all chunks j, by row k.
    pub(super) fn products(&self, other: &Self) -> Zeroizing<Vec<P61>> {
        let (size, chunks) = (self.layer.size, self.layer.chunks());
        let part = |n: usize| {
            let mut sums = Zeroizing::new(vec![P61::default(); size * size]);
            for first in (n * PART..chunks.min((n + 1) * PART)).step_by(BLOCK) {
                let block = first..chunks.min(first + BLOCK);
                for (u, sums) in self.places().zip(sums.chunks_mut(size)) {
                    for (v, sum) in other.places().zip(sums) {
                        *sum = sum.add(P61::dot(&u[block.clone()], &v[block.clone()]));
                    }
                }
            }
            sums
        };
        let parts = workers::map(chunks.div_ceil(PART), PART * size * size, part);
        let mut sums = Zeroizing::new(vec![P61::default(); size * size]);
        for part in &parts {
            sums.iter_mut().zip(part.iter()).for_each(|(sum, more)| *sum = sum.add(*more));
        }
        sums
    }
}
