//! Addressed randomness: every mask is the image of an address under a key, so that all holders of the key derive the same block from
//! the program alone, in any order and on any number of threads.
//!
//! There is no "next" random value here, on purpose: a shared counter that two parties advance differently gives silently wrong results,
//! and one that a loop turn resets gives the same mask twice.

use aes::cipher::{Array, BlockCipherEncrypt, KeyInit, consts::U16};
use aes::{Aes128, Block};
use hkdf::Hkdf;
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroize;

/// Blocks that are encrypted at once: they stay in the first-level cache.
const BATCH: usize = 64;

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
    /// The input of the cipher.
    fn counter(self) -> u128 {
        debug_assert!(
            self.instance >> INSTANCE_BITS == 0 && self.step >> STEP_BITS == 0 && self.block >> BLOCK_BITS == 0
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
    pub fn fill(&self, address: Address, out: &mut [u64]) {
        let mut counter = address.counter();
        let mut blocks: [Block; BATCH] = [Array::<u8, U16>::default(); BATCH];
        for words in out.chunks_mut(2 * BATCH) {
            let used = &mut blocks[..words.len().div_ceil(2)];
            for block in used.iter_mut() {
                *block = Array::from(counter.to_le_bytes());
                counter += 1;
            }
            self.0.encrypt_blocks(used);
            for (pair, block) in words.chunks_mut(2).zip(used.iter()) {
                let value = u128::from_le_bytes((*block).into());
                #[allow(clippy::cast_possible_truncation, reason = "the halves of the block")]
                for (word, half) in pair.iter_mut().zip([value as u64, (value >> 64) as u64]) {
                    *word = half;
                }
            }
        }
    }
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
