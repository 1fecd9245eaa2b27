//! Bit planes: vectors of words of `width` bits, stored bit by bit so that one instruction works on 512 lanes.
//!
//! Plane p holds bit p of every lane; it is a row of `u64` words, padded to a multiple of [`ROW_WORDS`]. The padding is always 0:
//! whoever writes through [`Planes::plane_mut`] restores that with [`Planes::clear_tail`].

/// Words of a row: 512 bits.
pub const ROW_WORDS: usize = 8;

/// Lanes of a row.
pub const ROW_LANES: usize = 64 * ROW_WORDS;

/// Words that a plane of so many lanes takes.
#[must_use]
pub const fn plane_words(lanes: usize) -> usize {
    lanes.div_ceil(ROW_LANES) * ROW_WORDS
}

/// `width` planes of `lanes` bits each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planes {
    width: usize,
    lanes: usize,
    words: Vec<u64>,
}

impl Planes {
    /// All zero.
    #[must_use]
    pub fn zeros(width: usize, lanes: usize) -> Self {
        Self { width, lanes, words: vec![0; width * plane_words(lanes)] }
    }

    /// Planes over words that are laid out already: `width · plane_words(lanes)` of them. The padding is cleared.
    ///
    /// Returns `None` where the number of words is another.
    #[must_use]
    pub fn from_raw(width: usize, lanes: usize, words: Vec<u64>) -> Option<Self> {
        if words.len() != width * plane_words(lanes) {
            return None;
        }
        let mut planes = Self { width, lanes, words };
        planes.clear_tail();
        Some(planes)
    }

    /// Bits of a lane.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Number of lanes.
    #[must_use]
    pub const fn lanes(&self) -> usize {
        self.lanes
    }

    /// Words of one plane, padding included.
    #[must_use]
    pub const fn stride(&self) -> usize {
        plane_words(self.lanes)
    }

    /// All planes, one after the other.
    #[must_use]
    pub fn raw(&self) -> &[u64] {
        &self.words
    }

    /// All planes, to be written. See the invariant on padding.
    pub fn raw_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    /// The words, given away.
    #[must_use]
    pub fn into_raw(self) -> Vec<u64> {
        self.words
    }

    /// One plane.
    #[must_use]
    pub fn plane(&self, p: usize) -> &[u64] {
        let stride = self.stride();
        &self.words[p * stride..(p + 1) * stride]
    }

    /// One plane, to be written. See the invariant on padding.
    pub fn plane_mut(&mut self, p: usize) -> &mut [u64] {
        let stride = self.stride();
        &mut self.words[p * stride..(p + 1) * stride]
    }

    /// Restores the invariant: bits beyond the last lane are 0.
    pub fn clear_tail(&mut self) {
        let (lanes, stride) = (self.lanes, self.stride());
        if stride == 0 || lanes == stride * 64 {
            return;
        }
        for plane in self.words.chunks_exact_mut(stride) {
            clear_tail(plane, lanes);
        }
    }

    /// Bit p of a lane.
    #[must_use]
    pub fn bit(&self, p: usize, lane: usize) -> bool {
        self.plane(p)[lane / 64] >> (lane % 64) & 1 == 1
    }

    /// Sets bit p of a lane.
    pub fn set_bit(&mut self, p: usize, lane: usize, value: bool) {
        let word = &mut self.plane_mut(p)[lane / 64];
        *word = (*word & !(1 << (lane % 64))) | (u64::from(value) << (lane % 64));
    }

    /// The low `width` bits of each word, transposed.
    #[must_use]
    pub fn from_words(words: &[u64], width: usize) -> Self {
        let mut planes = Self::zeros(width, words.len());
        let stride = planes.stride();
        let mut block = [0_u64; 64];
        for (i, chunk) in words.chunks(64).enumerate() {
            block[..chunk.len()].copy_from_slice(chunk);
            block[chunk.len()..].fill(0);
            transpose64(&mut block);
            for (p, bits) in block.iter().enumerate().take(width) {
                planes.words[p * stride + i] = *bits;
            }
        }
        planes
    }

    /// The lanes as words; bits from 64 on are left out, missing ones are 0.
    #[must_use]
    pub fn to_words(&self) -> Vec<u64> {
        let stride = self.stride();
        let mut out = vec![0_u64; self.lanes];
        let mut block = [0_u64; 64];
        for (i, chunk) in out.chunks_mut(64).enumerate() {
            block.fill(0);
            for (p, bits) in block.iter_mut().enumerate().take(self.width.min(64)) {
                *bits = self.words[p * stride + i];
            }
            transpose64(&mut block);
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
        out
    }

    /// Planes `from .. from + width`; those beyond the top are 0.
    #[must_use]
    pub fn planes(&self, from: usize, width: usize) -> Self {
        let mut out = Self::zeros(width, self.lanes);
        for p in 0..width.min(self.width.saturating_sub(from)) {
            out.plane_mut(p).copy_from_slice(self.plane(from + p));
        }
        out
    }

    /// Lane by lane and plane by plane, through `f` on words. Both must have the same width and lanes.
    #[must_use]
    pub fn zip(&self, other: &Self, f: impl Fn(u64, u64) -> u64) -> Self {
        debug_assert!(self.width == other.width && self.lanes == other.lanes);
        let words = self.words.iter().zip(&other.words).map(|(a, b)| f(*a, *b)).collect();
        let mut out = Self { width: self.width, lanes: self.lanes, words };
        out.clear_tail();
        out
    }

    /// The complement of every bit.
    #[must_use]
    pub fn complement(&self) -> Self {
        let words = self.words.iter().map(|a| !a).collect();
        let mut out = Self { width: self.width, lanes: self.lanes, words };
        out.clear_tail();
        out
    }

    /// Copies `count` lanes, all planes, from lane `from` of `source` to lane `to` of this.
    pub fn copy_lanes(&mut self, to: usize, source: &Self, from: usize, count: usize) {
        for p in 0..self.width.min(source.width) {
            copy_bits(self.plane_mut(p), to, source.plane(p), from, count);
        }
    }
}

/// Clears the bits from `lanes` on.
pub fn clear_tail(plane: &mut [u64], lanes: usize) {
    let full = lanes / 64;
    if full < plane.len() {
        plane[full] &= if lanes.is_multiple_of(64) { 0 } else { (1 << (lanes % 64)) - 1 };
        plane[full + 1..].fill(0);
    }
}

/// Copies `count` bits between bit positions of two planes.
pub fn copy_bits(to: &mut [u64], mut to_bit: usize, from: &[u64], mut from_bit: usize, mut count: usize) {
    if to_bit.is_multiple_of(64) && from_bit.is_multiple_of(64) {
        let words = count / 64;
        to[to_bit / 64..to_bit / 64 + words].copy_from_slice(&from[from_bit / 64..from_bit / 64 + words]);
        to_bit += words * 64;
        from_bit += words * 64;
        count -= words * 64;
    }
    while count > 0 {
        let step = count.min(64 - to_bit % 64);
        let mask = if step == 64 { u64::MAX } else { (1 << step) - 1 };
        let bits = read_bits(from, from_bit) & mask;
        let word = &mut to[to_bit / 64];
        *word = (*word & !(mask << (to_bit % 64))) | (bits << (to_bit % 64));
        to_bit += step;
        from_bit += step;
        count -= step;
    }
}

/// 64 bits from a bit position on; bits beyond the end are 0.
fn read_bits(plane: &[u64], bit: usize) -> u64 {
    let (word, shift) = (bit / 64, bit % 64);
    let low = plane.get(word).copied().unwrap_or(0) >> shift;
    if shift == 0 { low } else { low | plane.get(word + 1).copied().unwrap_or(0) << (64 - shift) }
}

/// Transposes a 64 × 64 bit matrix in place (Warren, Hacker's Delight, 2012, 7-3): bit c of row r becomes bit r of row c.
pub fn transpose64(rows: &mut [u64; 64]) {
    let mut distance = 32;
    let mut mask = 0x0000_0000_ffff_ffff_u64;
    while distance > 0 {
        let mut base = 0;
        while base < 64 {
            for i in base..base + distance {
                let swap = ((rows[i] >> distance) ^ rows[i + distance]) & mask;
                rows[i] ^= swap << distance;
                rows[i + distance] ^= swap;
            }
            base += 2 * distance;
        }
        distance /= 2;
        mask ^= mask << distance;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(n: usize) -> Vec<u64> {
        (0..n as u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ i << 7).collect()
    }

    #[test]
    fn transposes_like_a_matrix() {
        let before: [u64; 64] = std::array::from_fn(|i| words(64)[i]);
        let mut after = before;
        transpose64(&mut after);
        for (r, row) in before.iter().enumerate() {
            for (c, column) in after.iter().enumerate() {
                assert_eq!(row >> c & 1, column >> r & 1);
            }
        }
    }

    #[test]
    fn words_come_back() {
        for lanes in [0, 1, 63, 64, 65, 511, 512, 513, 1025] {
            for width in [1, 31, 63, 64] {
                let mask = if width == 64 { u64::MAX } else { (1 << width) - 1 };
                let planes = Planes::from_words(&words(lanes), width);
                let expected: Vec<u64> = words(lanes).iter().map(|w| w & mask).collect();
                assert_eq!(planes.to_words(), expected, "{lanes} {width}");
                assert_eq!(planes.complement().complement(), planes);
            }
        }
    }

    #[test]
    fn lanes_copy_at_any_offset() {
        let source = Planes::from_words(&words(700), 3);
        for (from, to, count) in [(0, 0, 700), (1, 0, 64), (63, 65, 130), (5, 5, 1), (100, 3, 513), (64, 128, 400)] {
            let mut target = Planes::from_words(&words(900).iter().map(|w| !w).collect::<Vec<_>>(), 3);
            let before = target.to_words();
            target.copy_lanes(to, &source, from, count);
            let mut expected = before;
            expected[to..to + count].copy_from_slice(&source.to_words()[from..from + count]);
            assert_eq!(target.to_words(), expected, "{from} {to} {count}");
        }
    }

    #[test]
    fn padding_stays_zero() {
        let planes = Planes::from_words(&words(70), 5).complement();
        for p in 0..5 {
            assert!(planes.plane(p)[1] >> 6 == 0 && planes.plane(p)[2..].iter().all(|w| *w == 0));
        }
    }
}
