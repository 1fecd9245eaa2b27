//! The vectors of a proof: a prover has two, and each verifier one of these. A coin makes them shorter.
//!
//! The first layer's are never written down: they follow from what was kept of the ANDs. So do the second one's, by tables; where its blocks are whole rows of ANDs it is not
//! written down either, but looked up where it is needed. The third layer, then the first one in memory, has an element for 32 ANDs or, with chunks of 32 elements, for 256.

use super::layers::Layer;
use super::statement::{CHUNKS, Triple};
use super::transcript::{KEPT, Transcript};
use crate::bits::Row;
use crate::buffer::Buffer;
use crate::workers;
use smpc_math::field::{Field as _, P61};
use smpc_math::simd::{self, PairTables};
use std::ops::Range;
use zeroize::Zeroizing;

/// Steps of work (see [`workers`]) to look up the chunks of a row.
const LOOK_UP_WORK: usize = 512;
/// Chunks whose elements are multiplied while they are in the cache: as many as a row of ANDs has.
const BLOCK: usize = CHUNKS;
/// Chunks of a part of their own.
const PART: usize = 64 * BLOCK;

/// Elements at the same place of a block's chunks.
type Place = [P61; BLOCK];

/// What a party knows of an AND, of the rows that it has kept.
pub(super) type Known<'t> = Box<dyn Fn(&[Row; KEPT]) -> Triple + Sync + 't>;

/// The second layer's elements: sums over the chunks of the first one, by tables.
pub(super) struct OfAnds<'t> {
    transcript: &'t Transcript,
    known: Known<'t>,
    tables: PairTables,
}

impl<'t> OfAnds<'t> {
    pub(super) fn new(transcript: &'t Transcript, known: Known<'t>, tables: PairTables) -> Self {
        Self { transcript, known, tables }
    }

    /// Adds the elements of a row of ANDs, by tables of this vector or by multiples of them.
    fn add_row(&self, row: usize, tables: &PairTables, out: &mut Place) {
        simd::look_up_columns(out, &(self.known)(self.transcript.row(row)), tables);
    }
}

/// Where elements are.
enum Elements<'t> {
    OfAnds(Box<OfAnds<'t>>),
    Kept(Buffer<P61>),
}

/// Elements of one layer, filled up with zeros to whole chunks.
pub(super) struct Vector<'t> {
    elements: Elements<'t>,
    layer: Layer,
}

impl<'t> Vector<'t> {
    /// A vector of a layer after the first, whose elements `fill` adds to zeros, behind the mask if there is one.
    fn of(layer: Layer, mask: Option<P61>, fill: impl FnOnce(&mut [P61])) -> Self {
        debug_assert_eq!(mask.is_some(), layer.masked);
        let mut elements = Buffer::zeros(layer.chunks() * layer.size);
        elements.iter_mut().zip(mask).for_each(|(first, mask)| *first = mask);
        fill(&mut elements[usize::from(layer.masked)..layer.len]);
        Self { elements: Elements::Kept(elements), layer }
    }

    /// The second layer's vector, which has no mask. It is written down where a block's elements at a place are not those of a row.
    pub(super) fn of_ands(layer: Layer, ands: OfAnds<'t>) -> Self {
        if layer.chunks().is_multiple_of(BLOCK) {
            return Self { elements: Elements::OfAnds(Box::new(ands)), layer };
        }
        Self::written(layer, &ands)
    }

    /// The same, written down.
    fn written(layer: Layer, ands: &OfAnds<'t>) -> Self {
        Self::of(layer, None, |elements| {
            workers::each(elements, CHUNKS, LOOK_UP_WORK, |first, elements| {
                for (n, elements) in elements.as_chunks_mut().0.iter_mut().enumerate() {
                    ands.add_row(first / CHUNKS + n, &ands.tables, elements);
                }
            });
        })
    }

    /// Room for what [`Self::look_up`] looks up.
    fn room(&self) -> Zeroizing<Vec<Place>> {
        let places = if matches!(self.elements, Elements::OfAnds(_)) { self.layer.size } else { 0 };
        Zeroizing::new(vec![[P61::default(); BLOCK]; places])
    }

    /// The elements of a block that are not written down, place by place.
    fn look_up(&self, block: &Range<usize>, room: &mut [Place]) {
        if let Elements::OfAnds(ands) = &self.elements {
            for (k, place) in room.iter_mut().enumerate() {
                *place = [P61::default(); BLOCK];
                ands.add_row((k * self.layer.chunks() + block.start) / CHUNKS, &ands.tables, place);
            }
        }
    }

    /// Elements k of a block's chunks, which [`Self::look_up`] has put in `room` if they are not written down.
    fn place<'x>(&'x self, k: usize, block: &Range<usize>, room: &'x [Place]) -> &'x [P61] {
        match &self.elements {
            Elements::OfAnds(_) => &room[k],
            Elements::Kept(elements) => &elements[k * self.layer.chunks()..][block.clone()],
        }
    }

    /// The next layer's vector: the value at the coin's point of each chunk's polynomial, for which its elements have these weights; behind a mask, if it is the last one.
    pub(super) fn fold(&self, next: Layer, weights: &[P61], mask: Option<P61>) -> Self {
        let chunks = self.layer.chunks();
        match &self.elements {
            Elements::OfAnds(ands) => {
                let multiple = |weight: &P61| ands.tables.map(|table| table.map(|entry| entry.mul(*weight)));
                let tables: Vec<PairTables> = weights.iter().map(multiple).collect();
                Self::of(next, mask, |elements| {
                    workers::each(elements, BLOCK, LOOK_UP_WORK * tables.len(), |first, elements| {
                        for (n, elements) in elements.as_chunks_mut().0.iter_mut().enumerate() {
                            for (k, tables) in tables.iter().enumerate() {
                                ands.add_row((k * chunks + first) / CHUNKS + n, tables, elements);
                            }
                        }
                    });
                })
            }
            Elements::Kept(kept) => Self::of(next, mask, |elements| {
                workers::each(elements, BLOCK, BLOCK * weights.len(), |first, elements| {
                    let places = kept.chunks(chunks).map(|place| &place[first..first + elements.len()]);
                    let terms: Vec<(P61, &[P61])> = weights.iter().copied().zip(places).collect();
                    P61::add_combination(elements, &terms);
                });
            }),
        }
    }

    /// The last layer's value at the coin's point.
    pub(super) fn value(&self, weights: &[P61]) -> P61 {
        let (chunk, mut room) = (0..1, self.room());
        self.look_up(&chunk, &mut room);
        let terms = (0..).zip(weights).map(|(k, weight)| self.place(k, &chunk, &room)[0].mul(*weight));
        terms.fold(P61::default(), P61::add)
    }

    /// C_kl = Σ_j u_jk·v_jl over all chunks j, by row k.
    pub(super) fn products(&self, other: &Self) -> Zeroizing<Vec<P61>> {
        let (size, chunks) = (self.layer.size, self.layer.chunks());
        let part = |n: usize| {
            let mut sums = Zeroizing::new(vec![P61::default(); size * size]);
            let mut rooms = [self.room(), other.room()];
            for first in (n * PART..chunks.min((n + 1) * PART)).step_by(BLOCK) {
                let block = first..chunks.min(first + BLOCK);
                [self, other].into_iter().zip(&mut rooms).for_each(|(vector, room)| vector.look_up(&block, room));
                for (k, sums) in sums.chunks_mut(size).enumerate() {
                    let u = self.place(k, &block, &rooms[0]);
                    for (l, sum) in sums.iter_mut().enumerate() {
                        *sum = sum.add(P61::dot(u, other.place(l, &block, &rooms[1])));
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

#[cfg(test)]
mod tests {
    use super::super::layers::{Arity, Points, layers};
    use super::super::statement;
    use super::*;
    use crate::conformance::data::mix;

    /// A second layer that is looked up is the one that is written down, with chunks of four elements and of 32.
    #[test]
    fn what_is_looked_up_is_what_would_be_written_down() {
        for (arity, rows) in [(Arity::Four, 8), (Arity::Four, 1024), (Arity::ThirtyTwo, 32), (Arity::ThirtyTwo, 1056)] {
            let mut transcript = Transcript::new();
            let place = transcript.reserve(rows, 512);
            for row in 0..rows {
                let bits: [Row; KEPT] =
                    std::array::from_fn(|kind| std::array::from_fn(|w| mix((row << 8 | kind << 4 | w) as u64)));
                let [xa, xb, ya, yb, left, right, z] = bits.each_ref();
                transcript.made(place, row, [xa, xb], [ya, yb], [left, right]);
                transcript.received(place, row, z);
            }
            let layers = layers(rows, arity);
            let points = Points::new(arity.elements());
            let weights = Points::of_first().weights(P61::from_u64(12_345));
            let ands = |known: Known<'static>, factors| (known, statement::tables(factors, &weights));
            let vectors = [
                ands(Box::new(statement::next_left), statement::left_factors()),
                ands(Box::new(statement::previous_right), statement::right_factors()),
            ];
            let [u, v] = vectors.map(|(known, tables)| {
                let ands = OfAnds::new(&transcript, known, tables);
                let written = Vector::written(layers[1], &ands);
                let looked_up = Vector::of_ands(layers[1], ands);
                assert!(matches!(looked_up.elements, Elements::OfAnds(_)));
                (written, looked_up)
            });
            assert!(*u.0.products(&v.0) == *u.1.products(&v.1), "{arity:?} {rows}");
            let weights = points.weights(P61::from_u64(98_765));
            for (written, looked_up) in [u, v] {
                let folded = [written, looked_up].map(|vector| match vector.fold(layers[2], &weights, None).elements {
                    Elements::Kept(elements) => elements.to_vec(),
                    Elements::OfAnds(_) => Vec::new(),
                });
                assert!(folded[0] == folded[1] && !folded[0].is_empty(), "{arity:?} {rows}");
            }
        }
    }
}
