//! The vectors of a proof: a prover has two, and each verifier one of these. A coin makes them shorter.
//!
//! The first layer's are never written down: they follow from what was kept of the ANDs, and so does the second one's by tables, which are looked up again where it is needed. Of 32 ANDs
//! the third layer, the first that is in memory, has an element.

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
    fn add_row(&self, row: usize, tables: &PairTables, out: &mut [P61]) {
        match out.first_chunk_mut() {
            Some(out) => simd::look_up_columns(out, &(self.known)(self.transcript.row(row)), tables),
            None => debug_assert!(false, "a row has more elements"),
        }
    }
}

/// Where elements are.
enum Elements<'t> {
    OfAnds(OfAnds<'t>),
    Kept(Buffer<P61>),
}

/// Elements of one layer, filled up with zeros to whole chunks.
pub(super) struct Vector<'t> {
    elements: Elements<'t>,
    layer: Layer,
}

impl<'t> Vector<'t> {
    /// A vector of a layer after the first, whose elements but for the mask `fill` adds to zeros.
    fn of(layer: Layer, fill: impl FnOnce(&mut [P61])) -> Self {
        let mut elements = Buffer::zeros(layer.chunks() * layer.size);
        fill(&mut elements[usize::from(layer.masked)..layer.len]);
        Self { elements: Elements::Kept(elements), layer }
    }

    /// The second layer's vector. It is written down where a block's elements at a place are not those of a row.
    pub(super) fn of_ands(layer: Layer, ands: OfAnds<'t>) -> Self {
        if layer.chunks().is_multiple_of(BLOCK) && !layer.masked {
            return Self { elements: Elements::OfAnds(ands), layer };
        }
        Self::of(layer, |elements| {
            workers::each(elements, CHUNKS, LOOK_UP_WORK, |first, elements| {
                for (n, elements) in elements.chunks_mut(CHUNKS).enumerate() {
                    ands.add_row(first / CHUNKS + n, &ands.tables, elements);
                }
            });
        })
    }

    /// Those of a block that are not written down, place by place.
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

    /// Puts the mask in its place.
    pub(super) fn mask(&mut self, mask: P61) {
        debug_assert!(self.layer.masked);
        if let Elements::Kept(elements) = &mut self.elements {
            elements[0] = mask;
        }
    }

    /// The next layer's vector: the value at the coin's point of each chunk's polynomial, for which its elements have these weights.
    pub(super) fn fold(&self, next: Layer, weights: &[P61]) -> Self {
        let chunks = self.layer.chunks();
        match &self.elements {
            Elements::OfAnds(ands) => {
                let multiple = |weight: &P61| {
                    ands.tables.map(|table| table.map(|entry| P61::from_u64(entry).mul(*weight).value()))
                };
                let tables: Vec<PairTables> = weights.iter().map(multiple).collect();
                Self::of(next, |elements| {
                    workers::each(elements, BLOCK, LOOK_UP_WORK * tables.len(), |first, elements| {
                        for (n, elements) in elements.chunks_mut(BLOCK).enumerate() {
                            for (k, tables) in tables.iter().enumerate() {
                                ands.add_row((k * chunks + first) / CHUNKS + n, tables, elements);
                            }
                        }
                    });
                })
            }
            Elements::Kept(kept) => Self::of(next, |elements| {
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
        match &self.elements {
            Elements::Kept(elements) => P61::dot(elements, weights),
            // It has a mask.
            Elements::OfAnds(_) => P61::default(),
        }
    }

    /// C_kl = Σ_j u_jk·v_jl over all chunks j, by row k.
    pub(super) fn products(&self, other: &Self) -> Zeroizing<Vec<P61>> {
        let (size, chunks) = (self.layer.size, self.layer.chunks());
        let part = |n: usize| {
            let mut sums = Zeroizing::new(vec![P61::default(); size * size]);
            let mut rooms = [self, other].map(|vector| {
                let places = if matches!(vector.elements, Elements::OfAnds(_)) { size } else { 0 };
                Zeroizing::new(vec![[P61::default(); BLOCK]; places])
            });
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
