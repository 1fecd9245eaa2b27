//! Bits in blocks of 512 lanes: how one component of a vector of words lies in memory, for protocols that share bits by ⊕ of components. Nothing here talks or
//! draws randomness.
//!
//! For each block of 512 lanes there is one [`Row`] of 512 bits a plane. A block of all planes that a circuit touches so stays in the cache, and one instruction
//! works on many lanes. Bits beyond the last lane mean nothing. In dry mode a buffer is empty.

pub use crate::buffer::{Row, Rows, Words};

use crate::lanes::{Lanes, limbs};
use crate::workers;
use smpc_math::planes::{ROW_LANES, ROW_WORDS};
use smpc_math::simd;
use std::ops::Range;

/// Steps of work (see [`workers`]) that a block of lanes takes from words to planes or back.
const TRANSPOSE_WORK: usize = 1024;
/// Planes from which on lanes are gathered word by word, not plane by plane.
const WORDWISE: u32 = 4;
/// From so many planes on, lanes that are no run are moved as words; fewer are moved bit by bit.
const FEW_PLANES: u32 = 2;

/// Blocks of 512 lanes.
pub(crate) const fn blocks(lanes: usize) -> usize {
    lanes.div_ceil(ROW_LANES)
}

/// How a buffer lies: so many planes of so many lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) width: u32,
    pub(crate) lanes: usize,
}

/// Calls `copy(to, from, to_plane, from_plane)` for all planes that both buffers have.
fn each_plane(to: (&mut [Row], Form), from: (&[Row], Form), copy: impl Fn(&mut [Row], &[Row], Plane, Plane)) {
    let ((to, at), (from, of)) = (to, from);
    if from.is_empty() || to.is_empty() {
        return;
    }
    let widths = (at.width as usize, of.width as usize);
    for plane in 0..widths.0.min(widths.1) {
        copy(to, from, Plane { width: widths.0, plane }, Plane { width: widths.1, plane });
    }
}

impl Form {
    /// Rows of a buffer.
    pub(crate) const fn rows(self) -> usize {
        blocks(self.lanes) * self.width as usize
    }

    /// A buffer of zeros of this form, where `live` is not empty: one without rows (no lanes, no planes) is as empty as a dry one, and only lengths matter then.
    fn zeros(self, live: &[Row]) -> Rows {
        Rows::zeros(if live.is_empty() { 0 } else { self.rows() })
    }

    /// The lanes that a view names, in order.
    pub(crate) fn read(self, from: &[Row], view: &Lanes) -> Rows {
        let form = Self { lanes: view.len(), ..self };
        let mut out = form.zeros(from);
        let [(_, _), (stride, cols)] = view.dims;
        let runs = view.contiguous().is_some() || (0..=2).contains(&stride) && cols >= 64;
        let most = 8 * view.len() >= self.lanes;
        if !runs && most && (FEW_PLANES..=64).contains(&self.width) {
            if !from.is_empty() {
                let width = self.width as usize;
                let mut words = Words::zeros(view.len());
                view.copy(&self.words(from), &mut words);
                to_planes(&mut out, width, (0, width), 0..words.len(), |lane, out| {
                    out.copy_from_slice(&words[lane..][..out.len()]);
                });
            }
            return out;
        }
        each_plane((&mut out, form), (from, self), |to, from, tp, fp| match view.contiguous() {
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

    /// Overwrites the lanes of a view.
    pub(crate) fn write(self, to: &mut [Row], view: &Lanes, values: (&[Row], Self)) {
        each_plane((to, self), values, |to, from, tp, fp| match view.contiguous() {
            Some((start, len)) => tp.copy(to, start, (fp, from, 0), len),
            None => view.iter().enumerate().for_each(|(i, lane)| tp.set(to, lane, 1, fp.get(from, i))),
        });
    }

    /// Overwrites the lanes of `place` with as many of another buffer.
    pub(crate) fn assign(self, to: &mut [Row], place: &Lanes, from: (&[Row], Self), view: &Lanes) {
        match (place.contiguous(), view.contiguous()) {
            (Some((at, len)), Some((start, _))) => {
                each_plane((to, self), from, |to, from, tp, fp| tp.copy(to, at, (fp, from, start), len));
            }
            (Some((at, len)), None) if view.dims == [(0, 1), (0, len)] => {
                each_plane((to, self), from, |to, from, tp, fp| tp.fill(to, at, fp.get(from, view.start), len));
            }
            _ => {
                let (rows, form) = from;
                let read = form.read(rows, view);
                self.write(to, place, (&read, Self { lanes: view.len(), ..form }));
            }
        }
    }

    /// Lane i of the result is lane `index[i]`.
    pub(crate) fn gather(self, from: &[Row], index: &[usize]) -> Rows {
        let form = Self { lanes: index.len(), ..self };
        let mut out = form.zeros(from);
        if self.width >= WORDWISE && index.len() >= ROW_LANES {
            for first in (0..self.width).step_by(64) {
                let count = (self.width - first).min(64);
                let part = Self { width: count, ..self };
                let words = part.words(&self.planes(from, first, count));
                let live = 0..if words.is_empty() { 0 } else { index.len() };
                let place = (first as usize, count as usize);
                to_planes(&mut out, self.width as usize, place, live, |lane, out| {
                    out.iter_mut().zip(&index[lane..]).for_each(|(out, from)| *out = words[*from]);
                });
            }
            return out;
        }
        each_plane((&mut out, form), (from, self), |to, from, tp, fp| {
            tp.collect(to, index.iter().map(|lane| fp.get(from, *lane)));
        });
        out
    }

    /// Lane `index[i]` becomes lane i of `values`.
    pub(crate) fn scatter(self, to: &mut [Row], index: &[usize], values: (&[Row], Self)) {
        each_plane((to, self), values, |to, from, tp, fp| {
            index.iter().enumerate().for_each(|(i, lane)| tp.set(to, *lane, 1, fp.get(from, i)));
        });
    }

    /// Planes `first .. first + count`; missing ones are 0.
    pub(crate) fn planes(self, from: &[Row], first: u32, count: u32) -> Rows {
        let mut out = Self { width: count, ..self }.zeros(from);
        let (step, skip, take) = (self.width as usize, first as usize, count as usize);
        let kept = step.saturating_sub(skip).min(take);
        if kept > 0 {
            let blocks = out.chunks_mut(take).zip(from.chunks(step));
            blocks.for_each(|(to, from)| to[..kept].copy_from_slice(&from[skip..skip + kept]));
        }
        out
    }

    /// The planes of all parts, first part lowest; all have as many lanes as this form, whose width is the sum of theirs.
    pub(crate) fn stack<'x>(self, parts: impl Iterator<Item = (&'x [Row], u32)> + Clone) -> Rows {
        let live = parts.clone().any(|(rows, _)| !rows.is_empty());
        let mut out = Rows::zeros(if live { self.rows() } else { 0 });
        let mut first = 0;
        for (from, width) in parts {
            let count = width as usize;
            let blocks = out.chunks_mut((self.width as usize).max(1)).zip(from.chunks(count.max(1)));
            blocks.for_each(|(to, from)| to[first..first + count].copy_from_slice(from));
            first += count;
        }
        out
    }

    /// The lanes as words, each of as many limbs of 64 bits as its planes fill, least significant first.
    pub(crate) fn words(self, rows: &[Row]) -> Words {
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

/// The values of lanes from a lane on; a single value fills all.
pub(crate) fn fill(values: &[i64], lane: usize, out: &mut [u64]) {
    match values {
        [one] => out.fill(one.cast_unsigned()),
        values => {
            let values = values.iter().skip(lane).map(|value| value.cast_unsigned()).chain(std::iter::repeat(0));
            out.iter_mut().zip(values).for_each(|(out, value)| *out = value);
        }
    }
}

/// Writes words, each as many values long as its bits fill, into planes; a single value of one limb stands for all lanes.
pub(crate) fn word_planes(rows: &mut [Row], values: &[i64], width: u32, lanes: usize) {
    let (planes, limbs) = (width as usize, limbs(width));
    if limbs == 1 {
        return to_planes(rows, planes, (0, planes), 0..lanes, |lane, out| fill(values, lane, out));
    }
    for limb in 0..limbs {
        let (first, count) = (64 * limb, (planes - 64 * limb).min(64));
        to_planes(rows, planes, (first, count), 0..lanes, |lane, out| {
            let values = values.iter().skip(lane * limbs + limb).step_by(limbs).chain(std::iter::repeat(&0));
            out.iter_mut().zip(values).for_each(|(out, value)| *out = value.cast_unsigned());
        });
    }
}

/// Writes values (a single one for every lane) into planes in two's complement. Does nothing to an empty buffer.
pub(crate) fn value_planes(rows: &mut [Row], values: &[i64], width: u32, lanes: usize) {
    let planes = width as usize;
    if rows.is_empty() {
        return;
    }
    for first in (0..planes).step_by(64) {
        to_planes(rows, planes, (first, (planes - first).min(64)), 0..lanes, |lane, out| {
            fill(values, lane, out);
            if first > 0 {
                // Beyond the first word there is the sign alone.
                out.iter_mut().for_each(|word| *word = (word.cast_signed() >> 63).cast_unsigned());
            }
        });
    }
}
