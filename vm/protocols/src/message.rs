//! What messages are made of: elements of a ring, and bits.
//!
//! **Bits** are rows of 512 lanes, block by block, in a block plane by plane. A row of the last block is cut to ⌈lanes / 8⌉ bytes, and bits beyond the
//! last lane are sent as 0, whatever stands there.

use crate::bits::Row;
use smpc_math::planes::ROW_LANES;
use std::ops::Range;
use zerocopy::FromBytes as _;
use zeroize::Zeroizing;

/// Words that a kernel handles at a time: two mask blocks and four operands of this size fit the first cache.
pub(crate) const BLOCK: usize = 256;
/// The same in rows.
pub(crate) const ROWS: usize = BLOCK / 8;

/// Words as little-endian bytes.
pub(crate) fn to_bytes(words: &[u64], out: &mut [u8]) {
    out.as_chunks_mut::<8>().0.iter_mut().zip(words).for_each(|(out, word)| *out = word.to_le_bytes());
}

/// Little-endian bytes as words.
pub(crate) fn from_bytes(bytes: &[u8], words: &mut [u64]) {
    let (eights, _) = bytes.as_chunks::<8>();
    eights.iter().zip(words).for_each(|(eight, word)| *word = u64::from_le_bytes(*eight));
}

/// Bytes of a message element of so many bits: 1, 2, 4 or 8, so that no element is cut by a chunk.
pub(crate) const fn element_bytes(bits: u32) -> usize {
    match bits {
        0 => 0,
        1..=8 => 1,
        9..=16 => 2,
        17..=32 => 4,
        _ => 8,
    }
}

/// The low bytes of words, `size` each.
pub(crate) fn to_elements(words: &[u64], size: usize, out: &mut [u8]) {
    fn narrow<const N: usize>(words: &[u64], out: &mut [u8]) {
        for (out, word) in out.as_chunks_mut::<N>().0.iter_mut().zip(words) {
            out.copy_from_slice(&word.to_le_bytes()[..N]);
        }
    }
    match size {
        1 => narrow::<1>(words, out),
        2 => narrow::<2>(words, out),
        4 => narrow::<4>(words, out),
        _ => to_bytes(words, out),
    }
}

/// Words from `size` bytes each.
pub(crate) fn from_elements(bytes: &[u8], size: usize, words: &mut [u64]) {
    /// Widens elements of a constant size, so that the copies are moves.
    fn widen<const N: usize>(bytes: &[u8], words: &mut [u64]) {
        for (element, word) in bytes.as_chunks::<N>().0.iter().zip(words) {
            let mut eight = [0; 8];
            eight[..N].copy_from_slice(element);
            *word = u64::from_le_bytes(eight);
        }
    }
    match size {
        1 => widen::<1>(bytes, words),
        2 => widen::<2>(bytes, words),
        4 => widen::<4>(bytes, words),
        _ => from_bytes(bytes, words),
    }
}

/// The shape of a message of bits.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// Rows of whole blocks.
    full: usize,
    /// Rows of the last block, where that has fewer than 512 lanes, and bytes of each.
    cut: usize,
    cut_bytes: usize,
    /// The lanes in the last byte of such a row.
    last: u8,
}

impl Shape {
    pub(crate) const fn new(planes: usize, lanes: usize) -> Self {
        let rest = lanes % ROW_LANES;
        Self {
            full: lanes / ROW_LANES * planes,
            cut: if rest > 0 { planes } else { 0 },
            cut_bytes: rest.div_ceil(8),
            last: if rest.is_multiple_of(8) { u8::MAX } else { (1 << (rest % 8)) - 1 },
        }
    }

    pub(crate) const fn rows(self) -> usize {
        self.full + self.cut
    }

    pub(crate) const fn bytes(self) -> usize {
        self.full * 64 + self.cut * self.cut_bytes
    }

    /// Where a row begins.
    pub(crate) fn place(self, row: usize) -> usize {
        row.min(self.full) * 64 + row.saturating_sub(self.full) * self.cut_bytes
    }

    /// The bytes of rows, the first of which is row `first` of the message.
    pub(crate) fn put(self, first: usize, rows: &[Row], out: &mut [u8]) {
        let (full, cut) = rows.split_at(self.full.saturating_sub(first).min(rows.len()));
        let (whole, rest) = out.split_at_mut(full.len() * 64);
        to_bytes(full.as_flattened(), whole);
        for (row, out) in cut.iter().zip(rest.chunks_exact_mut(self.cut_bytes.max(1))) {
            let mut whole = [0; 64];
            to_bytes(row, &mut whole);
            out.copy_from_slice(&whole[..self.cut_bytes]);
            if let Some(last) = out.last_mut() {
                *last &= self.last;
            }
        }
    }
}

/// Turns rows that `rows(first, out)` makes, in order, into the bytes of a message: where these lie, if they are words of this machine.
pub(crate) fn row_writer(shape: Shape, mut rows: impl FnMut(usize, &mut [Row])) -> impl FnMut(usize, &mut [u8]) {
    let mut tail: Option<Zeroizing<Vec<u8>>> = None;
    move |at, out| {
        let (body, rest) = out.split_at_mut((shape.full * 64).saturating_sub(at).min(out.len()));
        let mut block = [[0; 8]; ROWS];
        for (n, bytes) in body.chunks_mut(ROWS * 64).enumerate() {
            let first = at / 64 + n * ROWS;
            match <[Row]>::mut_from_bytes(bytes) {
                Ok(in_place) if cfg!(target_endian = "little") => rows(first, in_place),
                _ => {
                    let block = &mut block[..bytes.len() / 64];
                    rows(first, block);
                    to_bytes(block.as_flattened(), bytes);
                }
            }
        }
        if !rest.is_empty() {
            let tail = tail.get_or_insert_with(|| {
                let mut cut = Zeroizing::new(vec![[0; 8]; shape.cut]);
                for (n, block) in cut.chunks_mut(ROWS).enumerate() {
                    rows(shape.full + n * ROWS, block);
                }
                let mut bytes = Zeroizing::new(vec![0; shape.cut * shape.cut_bytes]);
                shape.put(shape.full, &cut, &mut bytes);
                bytes
            });
            let from = at.saturating_sub(shape.full * 64);
            rest.copy_from_slice(&tail[from..from + rest.len()]);
        }
    }
}

/// Turns the bytes of a message into rows, in order, for `rows(first, in)`.
pub(crate) fn row_reader(shape: Shape, mut rows: impl FnMut(usize, &[Row])) -> impl FnMut(usize, &[u8]) {
    let mut tail = Zeroizing::new(Vec::new());
    move |at, bytes| {
        let (body, rest) = bytes.split_at((shape.full * 64).saturating_sub(at).min(bytes.len()));
        let mut block = [[0; 8]; ROWS];
        for (n, bytes) in body.chunks(ROWS * 64).enumerate() {
            let first = at / 64 + n * ROWS;
            match <[Row]>::ref_from_bytes(bytes) {
                Ok(in_place) if cfg!(target_endian = "little") => rows(first, in_place),
                _ => {
                    let block = &mut block[..bytes.len() / 64];
                    from_bytes(bytes, block.as_flattened_mut());
                    rows(first, block);
                }
            }
        }
        if !rest.is_empty() {
            if tail.is_empty() {
                // All at once, so that growing leaves no copy behind.
                tail.reserve_exact(shape.cut * shape.cut_bytes);
            }
            tail.extend_from_slice(rest);
            if tail.len() == shape.cut * shape.cut_bytes {
                for (n, bytes) in tail.chunks(ROWS * shape.cut_bytes).enumerate() {
                    let block = &mut block[..bytes.len() / shape.cut_bytes];
                    for (row, bytes) in block.iter_mut().zip(bytes.chunks_exact(shape.cut_bytes)) {
                        let mut whole = [0; 64];
                        whole[..bytes.len()].copy_from_slice(bytes);
                        from_bytes(&whole, row);
                    }
                    rows(shape.full + n * ROWS, block);
                }
            }
        }
    }
}

/// Cuts a run of `count` rows from row `first` of a message, which has `width` rows a block, where a block ends: calls `each(done, block, rows)` with how many rows
/// of the run came before, the block, and which of its rows these are.
pub(crate) fn runs(first: usize, count: usize, width: usize, mut each: impl FnMut(usize, usize, Range<usize>)) {
    let (mut block, mut row) = (first / width, first % width);
    let mut done = 0;
    while done < count {
        let rows = row..width.min(row + count - done);
        let length = rows.len();
        each(done, block, rows);
        done += length;
        (block, row) = (block + 1, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zerocopy::IntoBytes as _;

    fn row(i: usize) -> Row {
        std::array::from_fn(|k| 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul((i * 8 + k) as u64))
    }

    /// Rows that are written some at a time lie where the whole message has them.
    #[test]
    fn rows_have_their_places() {
        for (planes, lanes) in [(513, 513), (1024, 511), (300, 1023), (7, 1536), (3, 63), (1, 1), (5, 0)] {
            let shape = Shape::new(planes, lanes);
            assert_eq!(shape.place(shape.rows()), shape.bytes());
            let mut whole = vec![0; shape.bytes()];
            let mut write = row_writer(shape, |first, out| {
                out.iter_mut().enumerate().for_each(|(i, out)| *out = row(first + i));
            });
            whole.chunks_mut(crate::CHUNK).enumerate().for_each(|(n, out)| write(n * crate::CHUNK, out));
            // Bits beyond the last lane are 0 when they come back.
            let mut read = row_reader(shape, |first, rows| {
                for (k, found) in rows.iter().enumerate() {
                    let lanes = if first + k < shape.full { ROW_LANES } else { lanes % ROW_LANES };
                    let kept = |w: usize| lanes.saturating_sub(w * 64).min(64);
                    let low = |bits: usize| if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
                    assert_eq!(*found, std::array::from_fn(|w| row(first + k)[w] & low(kept(w))));
                }
            });
            whole.chunks(crate::CHUNK).enumerate().for_each(|(n, bytes)| read(n * crate::CHUNK, bytes));
            drop(read);
            for step in [1, ROWS, 256] {
                let mut found = vec![0xff; shape.bytes()];
                for first in (0..shape.rows()).step_by(step) {
                    let rows: Vec<Row> = (first..shape.rows().min(first + step)).map(row).collect();
                    shape.put(first, &rows, &mut found[shape.place(first)..shape.place(first + rows.len())]);
                }
                assert!(found == whole, "{planes} planes of {lanes} lanes, {step} rows at a time");
            }
        }
    }

    /// A message is the same bytes, and read as the same rows, wherever its buffer lies.
    #[test]
    fn messages_may_lie_anywhere() {
        for lanes in [512, 1000, 1536] {
            let shape = Shape::new(40, lanes);
            let mut expected = Vec::new();
            for offset in [0, 4, 8, 1] {
                let mut buffer = vec![0_u64; shape.bytes() / 8 + 4];
                let bytes = &mut buffer.as_mut_slice().as_mut_bytes()[offset..][..shape.bytes()];
                let mut write = row_writer(shape, |first, out| {
                    out.iter_mut().enumerate().for_each(|(i, out)| *out = row(first + i));
                });
                bytes.chunks_mut(crate::CHUNK).enumerate().for_each(|(n, out)| write(n * crate::CHUNK, out));
                if expected.is_empty() {
                    expected = bytes.to_vec();
                }
                assert_eq!(bytes, expected, "{lanes} lanes at {offset}");
                let mut seen = 0;
                let mut read = row_reader(shape, |first, rows| {
                    assert_eq!(first, seen);
                    seen += rows.len();
                    for (i, found) in rows.iter().enumerate().filter(|(i, _)| first + i < shape.full) {
                        assert_eq!(*found, row(first + i));
                    }
                });
                bytes.chunks(crate::CHUNK).enumerate().for_each(|(n, bytes)| read(n * crate::CHUNK, bytes));
                drop(read);
                assert_eq!(seen, shape.rows());
            }
        }
    }
}
