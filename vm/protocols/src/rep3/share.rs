//! Share vectors of replicated sharing, and their layout. Nothing here talks or draws randomness.
//!
//! x = x_0 + x_1 + x_2, and party i holds (x_i, x_{i+1}): `a` is component i, `b` is component i + 1 (indices modulo 3). Words are shared with ⊕
//! in place of +, plane by plane: plane p of n lanes is ⌈n / 64⌉ machine words, lane l is bit l mod 64 of word l / 64. Bits beyond the last lane
//! mean nothing. In dry mode the buffers are empty and `lanes` says how long they would be.

use crate::lanes::Lanes;
use crate::protocol::{BinShares, Shares};
use zeroize::Zeroizing;

/// A buffer of secret words, wiped when dropped.
pub type Words = Zeroizing<Vec<u64>>;

/// A vector of integers.
#[derive(Clone)]
pub struct Arith {
    pub(crate) lanes: usize,
    pub(crate) a: Words,
    pub(crate) b: Words,
}

/// A vector of words, bit by bit.
#[derive(Clone)]
pub struct Bin {
    pub(crate) width: u32,
    pub(crate) lanes: usize,
    pub(crate) a: Words,
    pub(crate) b: Words,
}

/// Machine words of a plane.
pub(crate) const fn stride(lanes: usize) -> usize {
    lanes.div_ceil(64)
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
    /// This party's two components, lane by lane; for tests and tools that look at shares.
    #[must_use]
    pub fn components(&self) -> [&[u64]; 2] {
        [&self.a, &self.b]
    }

    fn map(&self, lanes: usize, f: impl Fn(&[u64]) -> Vec<u64>) -> Self {
        Self { lanes, a: each(&self.a, &f), b: each(&self.b, &f) }
    }
}

/// `f` of a live buffer; an empty one stays empty.
fn each(words: &[u64], f: &impl Fn(&[u64]) -> Vec<u64>) -> Words {
    if words.is_empty() { Words::default() } else { Words::new(f(words)) }
}

impl Shares for Arith {
    fn lanes(&self) -> usize {
        self.lanes
    }

    fn read(&self, view: &Lanes) -> Self {
        self.map(view.len(), |words| match view.contiguous() {
            Some((start, len)) => words[start..start + len].to_vec(),
            None => view.iter().map(|i| words[i]).collect(),
        })
    }

    fn write(&mut self, view: &Lanes, values: &Self) {
        for (to, from) in [(&mut self.a, &values.a), (&mut self.b, &values.b)] {
            if from.is_empty() {
                continue;
            }
            match view.contiguous() {
                Some((start, len)) => to[start..start + len].copy_from_slice(from),
                None => view.iter().zip(from.iter()).for_each(|(i, v)| to[i] = *v),
            }
        }
    }

    fn gather(&self, index: &[usize]) -> Self {
        self.map(index.len(), |words| index.iter().map(|i| words[*i]).collect())
    }

    fn scatter(&mut self, index: &[usize], values: &Self) {
        for (to, from) in [(&mut self.a, &values.a), (&mut self.b, &values.b)] {
            index.iter().zip(from.iter()).for_each(|(i, v)| to[*i] = *v);
        }
    }
}

/// Bit `lane` of a plane.
const fn bit(plane: &[u64], lane: usize) -> u64 {
    plane[lane / 64] >> (lane % 64) & 1
}

/// Packs bits into a plane.
fn pack(bits: impl Iterator<Item = u64>, lanes: usize) -> Vec<u64> {
    let mut plane = vec![0; stride(lanes)];
    bits.enumerate().for_each(|(i, bit)| plane[i / 64] |= bit << (i % 64));
    plane
}

/// Overwrites bits of a plane.
fn set_bits(plane: &mut [u64], places: impl Iterator<Item = usize>, from: &[u64]) {
    for (i, lane) in places.enumerate() {
        let (word, shift) = (lane / 64, lane % 64);
        plane[word] = plane[word] & !(1 << shift) | bit(from, i) << shift;
    }
}

impl Bin {
    /// This party's two components, plane by plane; for tests and tools that look at shares.
    #[must_use]
    pub fn components(&self) -> [&[u64]; 2] {
        [&self.a, &self.b]
    }

    pub(crate) fn stride(&self) -> usize {
        stride(self.lanes)
    }

    /// `f` of every plane.
    fn map(&self, lanes: usize, f: impl Fn(&[u64]) -> Vec<u64>) -> Self {
        let step = self.stride().max(1);
        let planes = |words: &[u64]| words.chunks(step).flat_map(&f).collect();
        Self { width: self.width, lanes, a: each(&self.a, &planes), b: each(&self.b, &planes) }
    }

    /// `f` of every plane of self with the same plane of `values`.
    fn update(&mut self, values: &Self, f: impl Fn(&mut [u64], &[u64])) {
        let (step, from_step) = (self.stride().max(1), values.stride().max(1));
        for (to, from) in [(&mut self.a, &values.a), (&mut self.b, &values.b)] {
            to.chunks_mut(step).zip(from.chunks(from_step)).for_each(|(to, from)| f(to, from));
        }
    }
}

impl Shares for Bin {
    fn lanes(&self) -> usize {
        self.lanes
    }

    fn read(&self, view: &Lanes) -> Self {
        let lanes = view.len();
        self.map(lanes, |plane| match view.contiguous() {
            Some((start, len)) if start % 64 == 0 => plane[start / 64..start / 64 + stride(len)].to_vec(),
            Some((start, len)) => {
                let (first, shift) = (start / 64, start % 64);
                let word = |i: usize| plane.get(i).copied().unwrap_or(0);
                (first..first + stride(len)).map(|i| word(i) >> shift | word(i + 1) << (64 - shift)).collect()
            }
            None => pack(view.iter().map(|i| bit(plane, i)), lanes),
        })
    }

    fn write(&mut self, view: &Lanes, values: &Self) {
        self.update(values, |to, from| match view.contiguous() {
            Some((start, len)) if start % 64 == 0 => {
                let full = len / 64;
                to[start / 64..start / 64 + full].copy_from_slice(&from[..full]);
                set_bits(to, start + full * 64..start + len, &from[full..]);
            }
            _ => set_bits(to, view.iter(), from),
        });
    }

    fn gather(&self, index: &[usize]) -> Self {
        self.map(index.len(), |plane| pack(index.iter().map(|i| bit(plane, *i)), index.len()))
    }

    fn scatter(&mut self, index: &[usize], values: &Self) {
        self.update(values, |to, from| set_bits(to, index.iter().copied(), from));
    }
}

impl BinShares for Bin {
    fn width(&self) -> u32 {
        self.width
    }

    fn planes(&self, from: u32, width: u32) -> Self {
        let step = self.stride();
        let cut = |words: &[u64]| {
            let start = (from as usize * step).min(words.len());
            let end = (start + width as usize * step).min(words.len());
            let mut planes = words[start..end].to_vec();
            planes.resize(width as usize * step, 0);
            planes
        };
        Self { width, lanes: self.lanes, a: each(&self.a, &cut), b: each(&self.b, &cut) }
    }

    fn stack(parts: &[&Self]) -> Self {
        let join =
            |pick: fn(&Self) -> &Words| Words::new(parts.iter().flat_map(|part| pick(part).iter().copied()).collect());
        Self {
            width: parts.iter().map(|part| part.width).sum(),
            lanes: parts.first().map_or(0, |part| part.lanes),
            a: join(|part| &part.a),
            b: join(|part| &part.b),
        }
    }
}
