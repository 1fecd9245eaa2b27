//! Share vectors of replicated sharing, and their layout. Nothing here talks or draws randomness.
//!
//! x = x_0 + x_1 + x_2, and party i holds (x_i, x_{i+1}): `a` is component i, `b` is component i + 1 (indices modulo 3). Words are shared with ⊕ in
//! place of +. In dry mode the buffers are empty and `lanes` says how long they would be.
//!
//! Bits are stored in blocks of 512 lanes: for each block, one [`Row`] of 512 bits a plane. A block of all planes that a circuit touches so stays in the
//! cache, and one instruction works on many lanes. Bits beyond the last lane mean nothing.

pub use super::buffer::{Rows, Words};

use crate::lanes::{Lanes, limbs};
use crate::protocol::{BinShares, Shares};
use crate::workers;
use smpc_math::planes::{ROW_LANES, ROW_WORDS};
use smpc_math::simd;
use std::ops::Range;

/// Steps of work (see [`workers`]) that a block of lanes takes from words to planes or back.
const TRANSPOSE_WORK: usize = 1024;
/// Planes from which on lanes are gathered word by word, not plane by plane.
const WORDWISE: u32 = 4;

/// 512 lanes of one plane.
pub type Row = simd::Row;

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
    pub(crate) a: Rows,
    pub(crate) b: Rows,
}

/// Blocks of 512 lanes.
pub(crate) const fn blocks(lanes: usize) -> usize {
    lanes.div_ceil(ROW_LANES)
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

    /// A vector of these two components, of equal length; for tests and tools that make shares.
    #[must_use]
    pub fn of_components([a, b]: [Vec<u64>; 2]) -> Self {
        debug_assert_eq!(a.len(), b.len());
        Self { lanes: a.len(), a: Words::new(a), b: Words::new(b) }
    }

    /// A vector of `lanes` lanes, each of whose buffers `f(from, to)` writes.
    fn map(&self, lanes: usize, f: impl Fn(&[u64], &mut [u64])) -> Self {
        let each = |words: &Words| {
            let mut out = Words::zeros(if words.is_empty() { 0 } else { lanes });
            if !words.is_empty() {
                f(words, &mut out);
            }
            out
        };
        Self { lanes, a: each(&self.a), b: each(&self.b) }
    }
}

impl Shares for Arith {
    fn lanes(&self) -> usize {
        self.lanes
    }

    fn read(&self, view: &Lanes) -> Self {
        self.map(view.len(), |words, out| view.copy(words, out))
    }

    fn write(&mut self, view: &Lanes, values: &Self) {
        for (to, from) in [(&mut self.a, &values.a), (&mut self.b, &values.b)] {
            if from.is_empty() {
                continue;
            }
            match view.contiguous() {
                Some((start, len)) => to[start..start + len].copy_from_slice(&from[..len]),
                None => view.iter().zip(from.iter()).for_each(|(i, v)| to[i] = *v),
            }
        }
    }

    fn assign(&mut self, place: &Lanes, from: &Self, view: &Lanes) {
        match (place.contiguous(), view.contiguous()) {
            (Some((at, len)), Some((start, _))) if !self.a.is_empty() && !from.a.is_empty() => {
                self.a[at..at + len].copy_from_slice(&from.a[start..start + len]);
                self.b[at..at + len].copy_from_slice(&from.b[start..start + len]);
            }
            _ => self.write(place, &from.read(view)),
        }
    }

    fn gather(&self, index: &[usize]) -> Self {
        self.map(index.len(), |words, out| out.iter_mut().zip(index).for_each(|(out, i)| *out = words[*i]))
    }

    fn scatter(&mut self, index: &[usize], values: &Self) {
        for (to, from) in [(&mut self.a, &values.a), (&mut self.b, &values.b)] {
            index.iter().zip(from.iter()).for_each(|(i, v)| to[*i] = *v);
        }
    }
}

/// A plane of a row buffer with `width` planes.
#[derive(Clone, Copy)]
struct Plane {
    width: usize,
    plane: usize,
}

impl Plane {
    fn word(self, rows: &[Row], index: usize) -> u64 {
        rows.get(index / ROW_WORDS * self.width + self.plane).map_or(0, |row| row[index % ROW_WORDS])
    }

    /// 64 lanes from `lane` on; those beyond the end are whatever is there, or 0.
    fn get(self, rows: &[Row], lane: usize) -> u64 {
        let (index, shift) = (lane / 64, lane % 64);
        let low = self.word(rows, index) >> shift;
        if shift == 0 { low } else { low | self.word(rows, index + 1) << (64 - shift) }
    }

    /// Overwrites up to 64 lanes that do not cross a word.
    fn set(self, rows: &mut [Row], lane: usize, count: usize, bits: u64) {
        let mask = if count == 64 { u64::MAX } else { ((1 << count) - 1) << (lane % 64) };
        let word = &mut rows[lane / ROW_LANES * self.width + self.plane][lane / 64 % ROW_WORDS];
        *word = *word & !mask | bits << (lane % 64) & mask;
    }

    /// Sets the lanes from the first one on to the lowest bits of words, a word of lanes at a time.
    fn collect(self, rows: &mut [Row], words: impl Iterator<Item = u64>) {
        let (mut lane, mut count, mut bits) = (0, 0, 0);
        for word in words {
            bits |= (word & 1) << count;
            count += 1;
            if count == 64 {
                self.set(rows, lane, 64, bits);
                (lane, count, bits) = (lane + 64, 0, 0);
            }
        }
        if count > 0 {
            self.set(rows, lane, count, bits);
        }
    }

    /// Sets so many lanes from `at` on to one bit.
    fn fill(self, rows: &mut [Row], at: usize, bit: u64, count: usize) {
        let bits = (bit & 1).wrapping_neg();
        let mut done = 0;
        while done < count {
            let first = (at + done) % ROW_LANES;
            let step = (count - done).min(ROW_LANES - first);
            let row = &mut rows[(at + done) / ROW_LANES * self.width + self.plane];
            put(row, [bits; ROW_WORDS], first..first + step);
            done += step;
        }
    }

    /// Copies a run of lanes, block by block of where it goes.
    fn copy(self, to: &mut [Row], at: usize, from: (Self, &[Row], usize), count: usize) {
        let (plane, rows, start) = from;
        let mut done = 0;
        while done < count {
            let first = (at + done) % ROW_LANES;
            let step = (count - done).min(ROW_LANES - first);
            let window = plane.window(rows, (start + done).cast_signed() - first.cast_signed());
            let row = &mut to[(at + done) / ROW_LANES * self.width + self.plane];
            put(row, window, first..first + step);
            done += step;
        }
    }

    /// As [`Self::copy`], of every other lane of where it comes from.
    fn copy_every_other(self, to: &mut [Row], at: usize, from: (Self, &[Row], usize), count: usize) {
        let (plane, rows, start) = from;
        let mut done = 0;
        while done < count {
            let first = (at + done) % ROW_LANES;
            let step = (count - done).min(ROW_LANES - first);
            let lane = (start + 2 * done).cast_signed() - 2 * first.cast_signed();
            let halves = [lane, lane + ROW_LANES.cast_signed()].map(|lane| plane.window(rows, lane));
            let mut pairs = halves.iter().flatten().map(|word| even_bits(*word));
            let row = std::array::from_fn(|_| pairs.next().unwrap_or(0) | pairs.next().unwrap_or(0) << 32);
            put(&mut to[(at + done) / ROW_LANES * self.width + self.plane], row, first..first + step);
            done += step;
        }
    }

    /// 512 lanes from `lane` on; those before the first and behind the last are whatever is there, or 0.
    fn window(self, rows: &[Row], lane: isize) -> Row {
        let (index, shift) = (lane.div_euclid(64), lane.rem_euclid(64) as u32);
        let block = index.div_euclid(ROW_WORDS.cast_signed());
        let offset = index.rem_euclid(ROW_WORDS.cast_signed()) as usize;
        let row = |block: isize| {
            let at = usize::try_from(block).ok().map(|block| block * self.width + self.plane);
            at.and_then(|at| rows.get(at)).unwrap_or(&[0; ROW_WORDS])
        };
        let mut words = [0; 2 * ROW_WORDS];
        words[..ROW_WORDS].copy_from_slice(row(block));
        if offset > 0 || shift > 0 {
            words[ROW_WORDS..].copy_from_slice(row(block + 1));
        }
        let low: &[u64; ROW_WORDS] = words[offset..].first_chunk().unwrap_or(&[0; ROW_WORDS]);
        if shift == 0 {
            return *low;
        }
        let high: &[u64; ROW_WORDS] = words[offset + 1..].first_chunk().unwrap_or(&[0; ROW_WORDS]);
        std::array::from_fn(|i| low[i] >> shift | high[i] << (64 - shift))
    }
}

/// Bits 0, 2, 4, … of a word as its lower half.
const fn even_bits(word: u64) -> u64 {
    let mut bits = word & 0x5555_5555_5555_5555;
    bits = (bits | bits >> 1) & 0x3333_3333_3333_3333;
    bits = (bits | bits >> 2) & 0x0f0f_0f0f_0f0f_0f0f;
    bits = (bits | bits >> 4) & 0x00ff_00ff_00ff_00ff;
    bits = (bits | bits >> 8) & 0x0000_ffff_0000_ffff;
    (bits | bits >> 16) & 0x0000_0000_ffff_ffff
}

/// Overwrites some lanes of a row.
fn put(row: &mut Row, new: Row, lanes: Range<usize>) {
    if lanes.len() == ROW_LANES {
        *row = new;
        return;
    }
    for (i, (word, new)) in row.iter_mut().zip(new).enumerate() {
        let mask = below(lanes.end, i) & !below(lanes.start, i);
        *word = *word & !mask | new & mask;
    }
}

/// The bits of word `i` of a row that belong to the lanes before `lane`.
const fn below(lane: usize, i: usize) -> u64 {
    match lane.checked_sub(64 * i) {
        None | Some(0) => 0,
        Some(count) if count >= 64 => u64::MAX,
        Some(count) => (1 << count) - 1,
    }
}

impl Bin {
    /// This party's two components, row by row; for tests and tools that look at shares.
    #[must_use]
    pub fn components(&self) -> [&[Row]; 2] {
        [&self.a, &self.b]
    }

    /// A vector of these two components, each a row a plane for each block of 512 lanes; for tests and tools that make shares.
    #[must_use]
    pub fn of_components(width: u32, lanes: usize, [a, b]: [Vec<Row>; 2]) -> Self {
        debug_assert!([&a, &b].iter().all(|rows| rows.len() == blocks(lanes) * width as usize));
        Self { width, lanes, a: Rows::new(a), b: Rows::new(b) }
    }

    /// An empty vector with buffers where this one has them.
    fn like(&self, width: u32, lanes: usize) -> Self {
        let rows = |live: bool| Rows::zeros(if live { blocks(lanes) * width as usize } else { 0 });
        // A live vector without rows (no lanes, no planes) is as empty as a dry one; only lengths matter then.
        Self { width, lanes, a: rows(!self.a.is_empty()), b: rows(!self.b.is_empty()) }
    }

    /// Calls `copy(to, from, to_plane, from_plane)` for both components and all planes that both vectors have.
    fn each_plane(to: &mut Self, from: &Self, copy: impl Fn(&mut [Row], &[Row], Plane, Plane)) {
        let widths = (to.width as usize, from.width as usize);
        for (to, from) in [(&mut to.a, &from.a), (&mut to.b, &from.b)] {
            if from.is_empty() || to.is_empty() {
                continue;
            }
            for plane in 0..widths.0.min(widths.1) {
                copy(to, from, Plane { width: widths.0, plane }, Plane { width: widths.1, plane });
            }
        }
    }

    /// The lanes of one buffer as words, each of as many limbs of 64 bits as its planes fill, least significant first.
    pub(crate) fn words_of(&self, rows: &[Row]) -> Words {
        let (width, limbs) = (self.width as usize, limbs(self.width));
        let mut words = Words::zeros(if rows.is_empty() { 0 } else { self.lanes * limbs });
        if width == 0 {
            return words;
        }
        workers::each(&mut words, ROW_LANES * limbs, TRANSPOSE_WORK * limbs, |first, words| {
            let (mut square, mut block) = ([[0; ROW_WORDS]; 64], [0; ROW_LANES]);
            let rows = rows[first / (ROW_LANES * limbs) * width..].chunks(width);
            for (out, rows) in words.chunks_mut(ROW_LANES * limbs).zip(rows) {
                for (limb, rows) in rows.chunks(64).enumerate() {
                    square[..rows.len()].copy_from_slice(rows);
                    square[rows.len()..].fill([0; ROW_WORDS]);
                    simd::rows_to_words(&square, &mut block);
                    out.iter_mut().skip(limb).step_by(limbs).zip(&block).for_each(|(out, word)| *out = *word);
                }
            }
        });
        words
    }
}

/// Writes the low `width` bits (at most 64) of words into planes `first ..` of a buffer with `planes` planes, for a range of lanes that starts with a block.
/// `words(lane, out)` says the words from a lane on.
pub(crate) fn to_planes(
    rows: &mut [Row],
    planes: usize,
    (first, width): (usize, usize),
    lanes: Range<usize>,
    words: impl Fn(usize, &mut [u64]) + Sync,
) {
    debug_assert!((lanes.is_empty() || lanes.start.is_multiple_of(ROW_LANES)) && width <= 64);
    if lanes.is_empty() || planes == 0 {
        return;
    }
    let start = lanes.start / ROW_LANES * planes;
    let rows = &mut rows[start..start + blocks(lanes.len()) * planes];
    workers::each(rows, planes, TRANSPOSE_WORK, |at, rows| {
        let (mut square, mut block) = ([[0; ROW_WORDS]; 64], [0; ROW_LANES]);
        for (n, rows) in rows.chunks_mut(planes).enumerate() {
            let lane = lanes.start + (at / planes + n) * ROW_LANES;
            let block = &mut block[..(lanes.end - lane).min(ROW_LANES)];
            words(lane, block);
            simd::words_to_rows(block, &mut square);
            rows[first..first + width].copy_from_slice(&square[..width]);
        }
    });
}

/// The bits of a run of lanes of one plane, a word each; the run starts at a multiple of 64 lanes and ends with its block at the latest.
#[inline]
pub(crate) fn bits_of_plane(rows: &[Row], width: usize, plane: usize, lane: usize, out: &mut [u64]) {
    debug_assert!(lane.is_multiple_of(64) && lane % ROW_LANES + out.len() <= ROW_LANES);
    let row = &rows[lane / ROW_LANES * width + plane];
    simd::unpack_bits(&row[lane % ROW_LANES / 64..], out);
}

/// From so many planes on, lanes that are no run are moved as words; fewer are moved bit by bit.
const FEW_PLANES: u32 = 2;

impl Shares for Bin {
    fn lanes(&self) -> usize {
        self.lanes
    }

    fn read(&self, view: &Lanes) -> Self {
        let mut out = self.like(self.width, view.len());
        let [(_, _), (stride, cols)] = view.dims;
        let runs = view.contiguous().is_some() || (0..=2).contains(&stride) && cols >= 64;
        let most = 8 * view.len() >= self.lanes;
        if !runs && most && (FEW_PLANES..=64).contains(&self.width) {
            let width = self.width as usize;
            for (to, from) in
                [(&mut out.a, &self.a), (&mut out.b, &self.b)].into_iter().filter(|(_, from)| !from.is_empty())
            {
                let mut words = Words::zeros(view.len());
                view.copy(&self.words_of(from), &mut words);
                to_planes(to, width, (0, width), 0..words.len(), |lane, out| {
                    out.copy_from_slice(&words[lane..][..out.len()])
                });
            }
            return out;
        }
        Self::each_plane(&mut out, self, |to, from, tp, fp| match view.contiguous() {
            Some((start, len)) => tp.copy(to, 0, (fp, from, start), len),
            None if stride == 1 && cols >= 64 => {
                view.rows().enumerate().for_each(|(i, start)| tp.copy(to, i * cols, (fp, from, start), cols));
            }
            // One lane for many, as where a scalar meets an array.
            None if stride == 0 && cols >= 64 => {
                view.rows().enumerate().for_each(|(i, lane)| tp.fill(to, i * cols, fp.get(from, lane), cols));
            }
            None if stride == 2 && cols >= 64 => {
                let rows = view.rows().enumerate();
                rows.for_each(|(i, start)| tp.copy_every_other(to, i * cols, (fp, from, start), cols));
            }
            None => tp.collect(to, view.iter().map(|lane| fp.get(from, lane))),
        });
        out
    }

    fn assign(&mut self, place: &Lanes, from: &Self, view: &Lanes) {
        match (place.contiguous(), view.contiguous()) {
            (Some((at, len)), Some((start, _))) => {
                Self::each_plane(self, from, |to, from, tp, fp| tp.copy(to, at, (fp, from, start), len));
            }
            (Some((at, len)), None) if view.dims == [(0, 1), (0, len)] => {
                Self::each_plane(self, from, |to, from, tp, fp| tp.fill(to, at, fp.get(from, view.start), len));
            }
            _ => self.write(place, &from.read(view)),
        }
    }

    fn write(&mut self, view: &Lanes, values: &Self) {
        Self::each_plane(self, values, |to, from, tp, fp| match view.contiguous() {
            Some((start, len)) => tp.copy(to, start, (fp, from, 0), len),
            None => view.iter().enumerate().for_each(|(i, lane)| tp.set(to, lane, 1, fp.get(from, i))),
        });
    }

    fn gather(&self, index: &[usize]) -> Self {
        let mut out = self.like(self.width, index.len());
        if self.width >= WORDWISE && index.len() >= ROW_LANES {
            for from in (0..self.width).step_by(64) {
                let part = self.planes(from, (self.width - from).min(64));
                let place = (from as usize, part.width as usize);
                for (to, rows) in [(&mut out.a, &part.a), (&mut out.b, &part.b)] {
                    let words = part.words_of(rows);
                    let live = 0..if words.is_empty() { 0 } else { index.len() };
                    to_planes(to, self.width as usize, place, live, |lane, out| {
                        out.iter_mut().zip(&index[lane..]).for_each(|(out, from)| *out = words[*from]);
                    });
                }
            }
            return out;
        }
        Self::each_plane(&mut out, self, |to, from, tp, fp| {
            tp.collect(to, index.iter().map(|lane| fp.get(from, *lane)));
        });
        out
    }

    fn scatter(&mut self, index: &[usize], values: &Self) {
        Self::each_plane(self, values, |to, from, tp, fp| {
            index.iter().enumerate().for_each(|(i, lane)| tp.set(to, *lane, 1, fp.get(from, i)));
        });
    }
}

impl BinShares for Bin {
    fn width(&self) -> u32 {
        self.width
    }

    fn planes(&self, from: u32, width: u32) -> Self {
        if from == 0 && width == self.width {
            return self.clone();
        }
        let mut out = self.like(width, self.lanes);
        let (step, skip, take) = (self.width as usize, from as usize, width as usize);
        let count = step.saturating_sub(skip).min(take);
        for (to, from) in [(&mut out.a, &self.a), (&mut out.b, &self.b)] {
            if count > 0 {
                let blocks = to.chunks_mut(take).zip(from.chunks(step));
                blocks.for_each(|(to, from)| to[..count].copy_from_slice(&from[skip..skip + count]));
            }
        }
        out
    }

    fn stack(parts: &[&Self]) -> Self {
        let width: u32 = parts.iter().map(|part| part.width).sum();
        let Some(live) = parts.iter().find(|part| !part.a.is_empty()).or(parts.first()) else {
            return Self { width: 0, lanes: 0, a: Rows::default(), b: Rows::default() };
        };
        let mut out = live.like(width, live.lanes);
        let mut first = 0;
        for part in parts {
            let count = part.width as usize;
            for (to, from) in [(&mut out.a, &part.a), (&mut out.b, &part.b)] {
                let blocks = to.chunks_mut((width as usize).max(1)).zip(from.chunks(count.max(1)));
                blocks.for_each(|(to, from)| to[first..first + count].copy_from_slice(from));
            }
            first += count;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lane i of a vector whose every bit can be told from its neighbours.
    fn word(seed: u64, lane: usize) -> u64 {
        (seed ^ lane as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 13 & 63
    }

    fn vector(lanes: usize, seed: u64, width: usize) -> Bin {
        let rows = |seed| {
            let mut rows = vec![[0; ROW_WORDS]; blocks(lanes) * width];
            to_planes(&mut rows, width, (0, width), 0..lanes, |first, out| {
                out.iter_mut().enumerate().for_each(|(i, out)| *out = word(seed, first + i));
            });
            rows
        };
        Bin::of_components(width as u32, lanes, [rows(seed), rows(!seed)])
    }

    fn lanes_of(x: &Bin) -> [Vec<u64>; 2] {
        [&x.a, &x.b].map(|rows| x.words_of(rows).to_vec())
    }

    /// Words of many planes are gathered as lanes one by one are.
    #[test]
    fn words_are_gathered() {
        for width in [1, 3, 4, 64, 65, 130] {
            let parts: Vec<Bin> = (0..width).map(|seed| vector(700, u64::from(seed), 3).planes(0, 1)).collect();
            let from = Bin::stack(&parts.iter().collect::<Vec<_>>());
            for lanes in [1, 511, 512, 1300] {
                let index: Vec<usize> = (0..lanes).map(|i| i * 397 % 700).collect();
                let gathered = from.gather(&index);
                for (plane, part) in (0..width).zip(&parts) {
                    let expected = lanes_of(part).map(|all| index.iter().map(|i| all[*i]).collect::<Vec<u64>>());
                    assert_eq!(lanes_of(&gathered.planes(plane, 1)), expected, "plane {plane} of {width}");
                }
            }
        }
    }

    /// Reading, writing and copying views says of every lane what a walk over the lanes says, wherever words and blocks begin.
    #[test]
    fn views_move_lanes() {
        // Few planes are moved bit by bit, many as words.
        for width in [1, 3, 6] {
            views_of(width);
        }
    }

    fn views_of(width: usize) {
        let from = vector(2000, 5, width);
        let runs = [(0, 2000), (0, 512), (1, 511), (63, 66), (64, 1024), (511, 2), (700, 1300), (1999, 1), (1300, 0)];
        let grids = [
            (0, [(3, 5), (1, 700)]),
            (1999, [(-1, 9), (0, 100)]),
            (77, [(0, 3), (1, 600)]),
            (1500, [(0, 1), (-3, 400)]),
            (3, [(0, 1), (2, 900)]),
            (0, [(5, 9), (2, 70)]),
            (511, [(1, 3), (2, 700)]),
            (1, [(7, 90), (2, 4)]),
        ];
        let views = runs.map(|(start, len)| Lanes::run(start, len)).into_iter();
        let views = views.chain(grids.map(|(start, dims)| Lanes { start, dims }));
        for (view, offset) in views.flat_map(|view| [0, 1, 64, 511, 700].map(|offset| (view, offset))) {
            let all = lanes_of(&from);
            let expected = all.each_ref().map(|all| view.iter().map(|lane| all[lane]).collect::<Vec<u64>>());
            let read = from.read(&view);
            assert_eq!(lanes_of(&read), expected, "{view:?}");
            let place = Lanes::run(offset, view.len());
            let target = vector(offset + view.len() + 90, 9, width);
            let mut after = lanes_of(&target);
            for (after, expected) in after.iter_mut().zip(&expected) {
                after[offset..offset + view.len()].copy_from_slice(expected);
            }
            let (mut written, mut assigned) = (target.clone(), target);
            written.write(&place, &read);
            assigned.assign(&place, &from, &view);
            assert_eq!(lanes_of(&written), after, "{view:?} at {offset}");
            assert_eq!(lanes_of(&assigned), after, "{view:?} at {offset}");
        }
    }
}
