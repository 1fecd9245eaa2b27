//! `rep3`: three parties, at most one of them curious, replicated sharing over Z_2^64 and Z_2.
//!
//! Araki, Furukawa, Lindell, Nof and Ohara, "High-throughput semi-honest secure three-party computation with an honest majority" (CCS 2016); conversions
//! and comparisons after Mohassel and Rindal (ABY3, CCS 2018) and Keller ("Function-dependent preprocessing in three-party computation", 2025). Each
//! file has one construction with its rounds and messages.
//!
//! Links must be encrypted: who reads all three learns every product.
//!
//! **What gates cost.** "Bits" are those of the operands; of truncations, those that are cut off (of values below 2^60). A lane of a split is dealt by one of
//! three parties, so bits are averages over them. A byte count of one lane includes headers. A `check` of n lanes takes ⌈log2 n⌉ + 1 rounds and about a bit a
//! lane.
#![doc = ""]
#![doc = include_str!("costs.md")]

mod circuit;
mod compare;
mod convert;
mod elements;
mod gates;
mod io;
mod kernel;
mod local;
mod product;
mod rows;
mod select;
pub(crate) mod share;
mod shuffle;
mod split;
mod summands;
mod truncate;

use crate::circuits::Circuits;
use crate::keys::{Keys, Source};
pub use share::{Arith, Bin, Row, Rows, Words};
use smpc_math::prf::Key;

/// One party of `rep3`.
pub struct Rep3<S> {
    /// This party, 0 to 2.
    me: usize,
    /// Pairwise keys.
    source: S,
    /// The ring is Z_2^bits; 64 but in tests that enumerate a small ring.
    bits: u32,
    /// 2^bits − 1.
    mask: u64,
    /// Lanes that a netlist takes through all its levels before the next ones; 0 where the netlist decides.
    block: usize,
    /// Whether buffers stay empty.
    dry: bool,
    /// Circuits of its gates.
    circuits: Circuits,
}

impl<S: Source> Rep3<S> {
    /// Party `me` with its pairwise keys.
    #[must_use]
    pub fn new(me: usize, source: S) -> Self {
        Self { me, source, bits: 64, mask: u64::MAX, block: 0, dry: false, circuits: Circuits::default() }
    }

    /// Has netlists of many lanes take about so many at a time through all levels: the session's block, the same at every party. Few keep wires in the cache, many
    /// save rounds where those are dear.
    #[must_use]
    pub fn with_block(self, lanes: usize) -> Self {
        Self { block: lanes, ..self }
    }

    /// Party `me` over Z_2^bits, for tests that enumerate every view. Ranges and widths that gates are told must fit that ring.
    #[must_use]
    pub fn over_small_ring(me: usize, source: S, bits: u32) -> Self {
        Self { bits, mask: crate::ring::low_bits(bits), ..Self::new(me, source) }
    }

    /// Where its masks come from.
    pub(crate) const fn source(&self) -> &S {
        &self.source
    }

    /// The same party over Z_2^32, for numbers that fit it; words are the same. Gates of both draw from the same keys.
    fn narrow(&self) -> Rep3<&S> {
        let bits = self.bits.min(32);
        Rep3 { block: self.block, dry: self.dry, ..Rep3::over_small_ring(self.me, &self.source, bits) }
    }

    /// The neighbour that gets this party's component of a product: i − 1.
    pub(crate) const fn prev(&self) -> usize {
        (self.me + 2) % 3
    }

    /// The neighbour that sends its own: i + 1.
    pub(crate) const fn next(&self) -> usize {
        (self.me + 1) % 3
    }

    /// A buffer of `len` words; empty in dry mode.
    pub(crate) fn words(&self, len: usize) -> Words {
        Words::zeros(if self.dry { 0 } else { len })
    }

    pub(crate) fn arith(&self, lanes: usize) -> Arith {
        Arith { lanes, a: self.words(lanes), b: self.words(lanes) }
    }

    pub(crate) fn bin(&self, width: u32, lanes: usize) -> Bin {
        let rows = || Rows::zeros(if self.dry { 0 } else { width as usize * share::blocks(lanes) });
        Bin { width, lanes, a: rows(), b: rows() }
    }
}

/// The keys of party `me`: K_i, which it shares with its left neighbour P_{i−1}, and K_{i+1}, which it shares with its right one. Key K_j of component j is so held by
/// exactly the two parties that hold the component.
#[must_use]
pub fn keys(me: usize, own: Key, next: Key, session: [u8; 32]) -> Keys {
    Keys::new([(me, own), ((me + 1) % 3, next)], session)
}

impl Rep3<Keys> {
    /// Party `me` of a run that only counts.
    #[must_use]
    pub fn dry(me: usize) -> Self {
        Self { dry: true, ..Self::new(me, Keys::none()) }
    }
}
