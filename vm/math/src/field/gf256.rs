//! Bytes as polynomials over two elements modulo x^8 + x^4 + x^3 + x + 1, the field of AES (FIPS 197, section 4): a sum is ⊕, and bits are its 0 and 1.

use super::Field;
use crate::simd::bytes;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
use zeroize::DefaultIsZeroes;

/// Vectors of which a kernel would take longer to begin than to end.
const SHORT: usize = 8;

/// An element of the field of 256.
#[derive(Clone, Copy, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout)]
#[repr(transparent)]
pub struct Gf256(pub u8);

impl std::fmt::Debug for Gf256 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It may be a share.
        f.write_str("Gf256(…)")
    }
}

impl DefaultIsZeroes for Gf256 {}

impl Field for Gf256 {
    const BYTES: usize = 1;
    const ONE: Self = Self(1);

    fn point(party: usize) -> Self {
        Self(u8::try_from(party + 1).unwrap_or(0))
    }
    #[inline]
    fn add(self, b: Self) -> Self {
        Self(self.0 ^ b.0)
    }
    #[inline]
    fn sub(self, b: Self) -> Self {
        Self(self.0 ^ b.0)
    }
    #[inline]
    fn mul(self, b: Self) -> Self {
        let (mut product, mut shifted) = (0, self.0);
        for bit in 0..8 {
            product ^= shifted & (b.0 >> bit & 1).wrapping_neg();
            shifted = shifted << 1 ^ 0x1b & (shifted >> 7).wrapping_neg();
        }
        Self(product)
    }
    fn inverse(self) -> Self {
        // a^254: all bits of the exponent are set but that of 1.
        let (mut power, mut square) = (Self::ONE, self);
        for bit in 0..8 {
            if bit != 0 {
                power = power.mul(square);
            }
            square = square.mul(square);
        }
        power
    }
    fn from_random(words: &[u64], out: &mut [Self]) {
        for (out, word) in out.chunks_mut(8).zip(words) {
            out.iter_mut().zip(word.to_le_bytes()).for_each(|(out, byte)| out.0 = byte);
        }
    }
    fn to_bytes(elements: &[Self], out: &mut [u8]) {
        let bytes = elements.as_bytes();
        out.copy_from_slice(&bytes[..out.len()]);
    }
    fn from_bytes(bytes: &[u8], out: &mut [Self]) {
        let len = out.len().min(bytes.len());
        out.as_mut_bytes()[..len].copy_from_slice(&bytes[..len]);
    }

    fn add_multiple(out: &mut [Self], c: Self, x: &[Self]) {
        let (out, x) = (out.as_mut_bytes(), x.as_bytes());
        match c.0 {
            1 => out.iter_mut().zip(x).for_each(|(out, x)| *out ^= x),
            c if x.len() < SHORT => out.iter_mut().zip(x).for_each(|(out, x)| *out ^= Self(c).mul(Self(*x)).0),
            c => bytes::add_multiple(out, c, x),
        }
    }
    fn products(out: &mut [Self], x: &[Self], y: &[Self]) {
        bytes::products(out.as_mut_bytes(), x.as_bytes(), y.as_bytes());
    }
    fn dot(x: &[Self], y: &[Self]) -> Self {
        if x.len() < SHORT {
            return x.iter().zip(y).fold(Self::default(), |sum, (x, y)| sum.add(x.mul(*y)));
        }
        Self(bytes::dot(x.as_bytes(), y.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The products that FIPS 197 works out in its section 4.2.
    #[test]
    fn products_of_the_standard() {
        assert_eq!(Gf256(0x57).mul(Gf256(0x83)), Gf256(0xc1));
        assert_eq!(Gf256(0x57).mul(Gf256(0x13)), Gf256(0xfe));
    }
}
