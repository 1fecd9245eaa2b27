//! How a vector lies in a message, and hashes of messages: for protocols whose parties hold the same words and compare them.

use crate::bits::Row;
use crate::keys::Step;
use crate::message::{BLOCK, Shape, element_bytes, from_elements, row_reader, row_writer, to_elements};
use crate::ring::low_bits;
use crate::tick::CHUNK;
use blake3::Hasher;
use smpc_math::simd;
use zeroize::Zeroizing;

/// Bytes of a hash.
pub(crate) const HASH: usize = blake3::OUT_LEN;

/// Writes bytes of a message from a place on.
pub(crate) type Writer<'w> = Box<dyn FnMut(usize, &mut [u8]) + 'w>;
/// Reads bytes of a message from a place on.
pub(crate) type Reader<'w> = Box<dyn FnMut(usize, &[u8]) + 'w>;

/// What a message is made of, and what its components add up by.
#[derive(Clone, Copy)]
pub(crate) enum Layout {
    /// Numbers modulo 2^bits.
    Numbers { len: usize, bits: u32 },
    /// Bits.
    Bits(Shape),
}

impl Layout {
    /// Words of 64 bits in memory.
    pub(crate) fn words(self) -> usize {
        match self {
            Self::Numbers { len, .. } => len,
            Self::Bits(shape) => shape.rows() * size_of::<Row>() / 8,
        }
    }

    /// Bytes of the message.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Numbers { len, bits } => len * element_bytes(bits),
            Self::Bits(shape) => shape.bytes(),
        }
    }

    /// z += x.
    pub(crate) fn add(self, z: &mut [u64], x: &[u64]) {
        match self {
            Self::Numbers { .. } => simd::add_into(z, x),
            Self::Bits(_) => simd::xor_into(z, x),
        }
    }

    /// z = value − mask; of the mask the bits that count.
    pub(crate) fn hide(self, z: &mut [u64], value: &[u64], mask: &mut [u64]) {
        match self {
            Self::Numbers { bits, .. } => simd::hide(z, value, mask, low_bits(bits)),
            Self::Bits(_) => {
                z.copy_from_slice(value);
                simd::xor_into(z, mask);
            }
        }
    }

    /// told = value − mask, which is added to one component, and the mask to another one.
    pub(crate) fn tell(self, told: &mut [u64], (rest, masked): (&mut [u64], &mut [u64]), value: &[u64], mask: &[u64]) {
        match self {
            Self::Numbers { bits, .. } => {
                simd::tell(told, rest, masked, value, mask, low_bits(bits));
            }
            Self::Bits(_) => simd::tell_bits(told, rest, masked, value, mask),
        }
    }

    /// Of masks the bits that count.
    pub(crate) fn shorten(self, masks: &mut [u64]) {
        if let Self::Numbers { bits, .. } = self {
            let low = low_bits(bits);
            masks.iter_mut().for_each(|mask| *mask &= low);
        }
    }

    /// Where in the message a word begins: the first one of a row, where it is made of bits.
    pub(crate) fn place(self, word: usize) -> usize {
        match self {
            Self::Numbers { bits, .. } => word * element_bytes(bits),
            Self::Bits(shape) => shape.place(word / 8),
        }
    }

    /// The bytes of some words of the message, the first of which is number `first`.
    pub(crate) fn put(self, first: usize, words: &[u64], out: &mut [u8]) {
        match self {
            Self::Numbers { bits, .. } => to_elements(words, element_bytes(bits), out),
            Self::Bits(shape) => shape.put(first / 8, words.as_chunks().0, out),
        }
    }

    /// The bytes of the message, from the words that `words(first, out)` says.
    pub(crate) fn writer<'w>(self, mut words: impl FnMut(usize, &mut [u64]) + 'w) -> Writer<'w> {
        match self {
            Self::Numbers { bits, .. } => {
                let size = element_bytes(bits);
                let mut block = Zeroizing::new([0; BLOCK]);
                Box::new(move |at, out| {
                    for (n, out) in out.chunks_mut(BLOCK * size).enumerate() {
                        let block = &mut block[..out.len() / size];
                        words(at / size + n * BLOCK, block);
                        to_elements(block, size, out);
                    }
                })
            }
            Self::Bits(shape) => {
                Box::new(row_writer(shape, move |first, out| words(first * 8, out.as_flattened_mut())))
            }
        }
    }

    /// Hands the words of the message to `words(first, in)`.
    pub(crate) fn reader<'w>(self, mut words: impl FnMut(usize, &[u64]) + 'w) -> Reader<'w> {
        match self {
            Self::Numbers { bits, .. } => {
                let size = element_bytes(bits);
                let mut block = Zeroizing::new([0; BLOCK]);
                Box::new(move |at, bytes| {
                    for (n, bytes) in bytes.chunks(BLOCK * size).enumerate() {
                        let block = &mut block[..bytes.len() / size];
                        from_elements(bytes, size, block);
                        words(at / size + n * BLOCK, block);
                    }
                })
            }
            Self::Bits(shape) => Box::new(row_reader(shape, move |first, rows| words(first * 8, rows.as_flattened()))),
        }
    }

    /// The hash of the message, whose words `words(first, out)` says.
    pub(crate) fn hash(self, mut hasher: Box<Hasher>, words: impl FnMut(usize, &mut [u64])) -> [u8; HASH] {
        let bytes = self.bytes();
        let (mut write, mut chunk) = (self.writer(words), Zeroizing::new(vec![0; CHUNK.min(bytes)]));
        for at in (0..bytes).step_by(CHUNK) {
            let chunk = &mut chunk[..CHUNK.min(bytes - at)];
            write(at, chunk);
            hasher.update(chunk);
        }
        *hasher.finalize().as_bytes()
    }
}

/// A hash for one use, at one step of a gate of a session: what belongs to it is the key, so that the message itself begins with a whole block of the hash.
pub(crate) fn hash_of(session: &[u8; 32], context: &str, at: Step, facts: &[u64]) -> Box<Hasher> {
    let mut key = Hasher::new();
    key.update(session);
    at.address().iter().chain(facts).for_each(|number| {
        key.update(&number.to_le_bytes());
    });
    key.update(context.as_bytes());
    Box::new(Hasher::new_keyed(key.finalize().as_bytes()))
}
