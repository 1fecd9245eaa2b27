//! Addressed randomness: every mask is the image of an address under a key, so that all holders of the key derive the same block from
//! the program alone, in any order and on any number of threads.
//!
//! There is no "next" random value here, on purpose: a shared counter that two parties advance differently gives silently wrong results,
//! and one that a loop turn resets gives the same mask twice.

use aes::cipher::consts::U16;
use aes::cipher::{
    Array, BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser, KeyInit, ParBlocks,
};
use aes::{Aes128, Block};
use hkdf::Hkdf;
use sha2::Sha256;
use std::fmt;
use std::hint::black_box;
use zeroize::Zeroize;

/// Bits of an address: instance, step and block fill one AES block.
const INSTANCE_BITS: u32 = 48;
const STEP_BITS: u32 = 40;
const BLOCK_BITS: u32 = 40;

/// A key of 32 bytes that two parties share. Wiped on drop, never printed.
pub struct Key([u8; 32]);

impl Key {
    /// Takes the bytes over.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for key derivation alone.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(secret)")
    }
}

/// What a stream of randomness is for; streams of different domains have independent keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Domain {
    /// Masks and shares over the ring.
    Arith = 1,
    /// Masks and shares of bits.
    Bin = 2,
    /// Shares of inputs.
    Input = 3,
    /// Random values that a program asks for.
    Random = 4,
    /// Secret permutations.
    Permutation = 5,
    /// Masks and coins of proofs.
    Proof = 6,
    /// Keys of tags.
    Key = 7,
    /// Coefficients with which tags are verified.
    Coefficient = 8,
}

/// Where a block of randomness lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// The dynamic gate instance, in program order; below 2^48.
    pub instance: u64,
    /// The step of the gate; below 2^40.
    pub step: u64,
    /// The 128-bit block of the step; below 2^40.
    pub block: u64,
}

impl Address {
    /// The input of the cipher for the first of so many blocks.
    ///
    /// # Panics
    /// Where one of the three does not fit its field: it would run into the next, and a mask be used twice. No program comes near.
    fn counter(self, blocks: usize) -> u128 {
        let last = self.block.saturating_add(blocks as u64);
        assert!(
            self.instance >> INSTANCE_BITS == 0 && self.step >> STEP_BITS == 0 && last <= 1 << BLOCK_BITS,
            "an address of randomness outside its range"
        );
        (u128::from(self.instance) << (STEP_BITS + BLOCK_BITS))
            | (u128::from(self.step) << BLOCK_BITS)
            | u128::from(self.block)
    }
}

/// A pseudorandom function: AES-128 under a key for one session, domain and epoch.
pub struct Prf(Aes128);

impl Prf {
    /// Derives the function from a shared key with HKDF-SHA-256 (RFC 5869), bound to the session, the domain and the epoch.
    #[must_use]
    pub fn new(key: &Key, session: &[u8; 32], domain: Domain, epoch: u32) -> Self {
        let mut info = [0_u8; 32 + 1 + 4];
        info[..32].copy_from_slice(session);
        info[32] = domain as u8;
        info[33..].copy_from_slice(&epoch.to_le_bytes());
        let mut derived = [0_u8; 16];
        let expanded = Hkdf::<Sha256>::new(None, key.bytes()).expand(&info, &mut derived);
        debug_assert!(expanded.is_ok(), "16 bytes are within HKDF's limit");
        let cipher = Aes128::new(&Array::from(derived));
        derived.zeroize();
        Self(cipher)
    }

    /// Fills `out` from consecutive blocks, two words each, from the address on.
    ///
    /// # Panics
    /// Where one of the blocks has no address: see [`Address`] for what there is.
    pub fn fill(&self, address: Address, out: &mut [u64]) {
        self.0.encrypt_with_backend(Counting { counter: address.counter(out.len().div_ceil(2)), out });
    }
}

/// Encrypts consecutive counters, as many blocks at a time as the cipher works on at once.
struct Counting<'o> {
    counter: u128,
    out: &'o mut [u64],
}

impl BlockSizeUser for Counting<'_> {
    type BlockSize = U16;
}

impl BlockCipherEncClosure for Counting<'_> {
    // Inlined into the cipher's code for the vector unit, so that counters and words are handled there.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "the halves of the counter")]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        // An address has room for its blocks within the lower half.
        let (high, mut low) = ((self.counter >> 64) as u64, self.counter as u64);
        let mut blocks = ParBlocks::<B>::default();
        let mut batches = self.out.chunks_exact_mut(2 * blocks.len());
        for words in &mut batches {
            count(&mut blocks, high, &mut low);
            // The keys are read anew for each batch. Held in registers all the while they leave too few for the blocks, of which the compiler then encrypts some alone.
            black_box(backend).encrypt_par_blocks((&mut blocks).into());
            let (pairs, _) = words.as_chunks_mut::<2>();
            pairs.iter_mut().zip(&blocks).for_each(|(pair, block)| *pair = halves(block));
        }
        // A whole batch costs no more than a few blocks one by one.
        let rest = batches.into_remainder();
        if rest.len() > 2 {
            count(&mut blocks, high, &mut low);
            backend.encrypt_par_blocks((&mut blocks).into());
        } else if !rest.is_empty() {
            count(&mut blocks[..1], high, &mut low);
            backend.encrypt_block((&mut blocks[0]).into());
        }
        for (words, block) in rest.chunks_mut(2).zip(&blocks) {
            words.iter_mut().zip(halves(block)).for_each(|(word, half)| *word = half);
        }
    }
}

/// Writes counters into blocks.
#[inline(always)]
fn count(blocks: &mut [Block], high: u64, low: &mut u64) {
    for block in blocks {
        let (first, second) = block.split_at_mut(8);
        first.copy_from_slice(&low.to_le_bytes());
        second.copy_from_slice(&high.to_le_bytes());
        *low = low.wrapping_add(1);
    }
}

/// The words of a block.
#[inline(always)]
fn halves(block: &Block) -> [u64; 2] {
    let bytes: [u8; 16] = (*block).into();
    let (eights, _) = bytes.as_chunks::<8>();
    std::array::from_fn(|i| u64::from_le_bytes(eights[i]))
}

impl fmt::Debug for Prf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prf(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 197, appendix C.1.
    #[test]
    fn cipher_known_answer() {
        let key: [u8; 16] = std::array::from_fn(|i| u8::try_from(i).expect("small"));
        let plain: [u8; 16] = std::array::from_fn(|i| u8::try_from(i * 0x11).expect("small"));
        let mut block = Array::from(plain);
        Aes128::new(&Array::from(key)).encrypt_block(&mut block);
        let expected = [0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30, 0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5, 0x5a];
        assert_eq!(<[u8; 16]>::from(block), expected);
    }

    fn prf(domain: Domain, epoch: u32) -> Prf {
        Prf::new(&Key::new([7; 32]), &[9; 32], domain, epoch)
    }

    #[test]
    fn any_part_of_a_stream_is_the_same_stream() {
        let prf = prf(Domain::Arith, 0);
        let at = |block| Address { instance: 3, step: 5, block };
        let mut whole = vec![0; 1001];
        prf.fill(at(0), &mut whole);
        for start in [0, 2, 128, 130, 998] {
            let mut part = vec![0; 1001 - start];
            prf.fill(at(start as u64 / 2), &mut part);
            assert_eq!(part, whole[start..]);
        }
    }

    /// One past the end of a field would be an address of its neighbour.
    #[test]
    fn addresses_end() {
        let ends = |instance, step, block, words: usize| {
            let fill = || prf(Domain::Arith, 0).fill(Address { instance, step, block }, &mut vec![0; words]);
            std::panic::catch_unwind(fill).is_err()
        };
        assert!(!ends((1 << 48) - 1, (1 << 40) - 1, (1 << 40) - 1, 2));
        assert!(ends(1 << 48, 0, 0, 2) && ends(0, 1 << 40, 0, 2) && ends(0, 0, 1 << 40, 2));
        assert!(ends(0, 0, (1 << 40) - 1, 3) && ends(0, 0, u64::MAX, 2));
    }

    #[test]
    fn addresses_domains_and_epochs_differ() {
        let first = |prf: &Prf, instance, step, block| {
            let mut out = [0_u64; 2];
            prf.fill(Address { instance, step, block }, &mut out);
            out
        };
        let base = prf(Domain::Arith, 0);
        let all = [
            first(&base, 0, 0, 0),
            first(&base, 1, 0, 0),
            first(&base, 0, 1, 0),
            first(&base, 0, 0, 1),
            first(&prf(Domain::Bin, 0), 0, 0, 0),
            first(&prf(Domain::Arith, 1), 0, 0, 0),
            first(&Prf::new(&Key::new([8; 32]), &[9; 32], Domain::Arith, 0), 0, 0, 0),
            first(&Prf::new(&Key::new([7; 32]), &[8; 32], Domain::Arith, 0), 0, 0, 0),
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|b| a != b), "{i}");
        }
    }

    #[test]
    fn secrets_do_not_print() {
        assert_eq!(format!("{:?} {:?}", Key::new([1; 32]), prf(Domain::Bin, 0)), "Key(secret) Prf(secret)");
    }
}
