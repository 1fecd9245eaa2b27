//! Share vectors of replicated sharing, and their layout. Nothing here talks or draws randomness.
//!
//! x = x_0 + x_1 + x_2, and party i holds (x_i, x_{i+1}): `a` is component i, `b` is component i + 1 (indices modulo 3). Words are shared with ⊕ in
//! place of +. In dry mode the buffers are empty and `lanes` says how long they would be.
//!
//! Bits are stored in blocks of 512 lanes: for each block, one [`Row`] of 512 bits a plane. A block of all planes that a circuit touches so stays in the
//! cache, and one instruction works on many lanes. Bits beyond the last lane mean nothing.

use crate::lanes::Lanes;
use crate::protocol::{BinShares, Shares};
use smpc_math::planes::{ROW_LANES, ROW_WORDS, transpose64};
use zeroize::Zeroizing;

/// 512 lanes of one plane.
pub type Row = [u64; ROW_WORDS];

/// A buffer of secret words, wiped when dropped.
pub type Words = Zeroizing<Vec<u64>>;

/// A buffer of secret rows, wiped when dropped.
pub type Rows = Zeroizing<Vec<Row>>;

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

    fn map(&self, lanes: usize, f: impl Fn(&[u64]) -> Vec<u64>) -> Self {
        let each = |words: &Words| if words.is_empty() { Words::default() } else { Words::new(f(words)) };
        Self { lanes, a: each(&self.a), b: each(&self.b) }
    }
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
                Some((start, len)) => to[start..start + len].copy_from_slice(&from[..len]),
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

    /// Copies a run of lanes.
    fn copy(self, to: &mut [Row], at: usize, from: (Self, &[Row], usize), count: usize) {
        let (plane, rows, start) = from;
        let mut done = 0;
        while done < count {
            let step = (count - done).min(64 - (at + done) % 64);
            self.set(to, at + done, step, plane.get(rows, start + done));
            done += step;
        }
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
        let rows = |live: bool| Rows::new(vec![[0; ROW_WORDS]; if live { blocks(lanes) * width as usize } else { 0 }]);
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

    /// Lanes of one buffer as words (at most 64 planes).
    pub(crate) fn transposed(&self, rows: &[Row], from: usize, count: usize) -> Words {
        let width = self.width as usize;
        let mut words = Words::new(vec![0; if rows.is_empty() { 0 } else { count }]);
        let mut square = [0; 64];
        for (n, lanes) in words.chunks_mut(64).enumerate() {
            square.fill(0);
            for (plane, bits) in square.iter_mut().enumerate().take(width.min(64)) {
                *bits = Plane { width, plane }.get(rows, from + n * 64);
            }
            transpose64(&mut square);
            lanes.copy_from_slice(&square[..lanes.len()]);
        }
        words
    }
}

/// Writes the low `width` bits of words into planes `first ..` of a buffer with `planes` planes, from lane `lane` (a multiple of 64) on.
pub(crate) fn to_planes(
    words: impl ExactSizeIterator<Item = u64>,
    rows: &mut [Row],
    planes: usize,
    first: usize,
    width: usize,
    lane: usize,
) {
    let mut words = words;
    let mut square = [0; 64];
    let mut lane = lane;
    while words.len() > 0 {
        let count = words.len().min(64);
        square[count..].fill(0);
        square.iter_mut().zip(&mut words).take(count).for_each(|(to, word)| *to = word);
        transpose64(&mut square);
        for (plane, bits) in square.iter().enumerate().take(width) {
            rows[lane / ROW_LANES * planes + first + plane][lane / 64 % ROW_WORDS] = *bits;
        }
        lane += 64;
    }
}

impl Shares for Bin {
    fn lanes(&self) -> usize {
        self.lanes
    }

    fn read(&self, view: &Lanes) -> Self {
        let mut out = self.like(self.width, view.len());
        let [(_, _), (stride, cols)] = view.dims;
        Self::each_plane(&mut out, self, |to, from, tp, fp| match view.contiguous() {
            Some((start, len)) => tp.copy(to, 0, (fp, from, start), len),
            None if stride == 1 => {
                view.iter()
                    .step_by(cols.max(1))
                    .enumerate()
                    .for_each(|(i, start)| tp.copy(to, i * cols, (fp, from, start), cols));
            }
            None => view.iter().enumerate().for_each(|(i, lane)| tp.set(to, i, 1, fp.get(from, lane))),
        });
        out
    }

    fn write(&mut self, view: &Lanes, values: &Self) {
        Self::each_plane(self, values, |to, from, tp, fp| match view.contiguous() {
            Some((start, len)) => tp.copy(to, start, (fp, from, 0), len),
            None => view.iter().enumerate().for_each(|(i, lane)| tp.set(to, lane, 1, fp.get(from, i))),
        });
    }

    fn gather(&self, index: &[usize]) -> Self {
        let mut out = self.like(self.width, index.len());
        Self::each_plane(&mut out, self, |to, from, tp, fp| {
            index.iter().enumerate().for_each(|(i, lane)| tp.set(to, i, 1, fp.get(from, *lane)));
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
