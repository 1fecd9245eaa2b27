//! Products of bytes in the field of AES. Some processors have an instruction for them; another one that looks up 32 bytes at once in a table of 16 finds c · x as the sum of c times the low
//! half of x and c times its high one (Plank, Greenan and Miller, FAST 2013).

use super::{Level, level, portable};
use zeroize::Zeroizing;

/// c times 0 to 15, and c times 16 times these.
type Halves = [u8; 32];

/// One for each byte c.
static TABLES: [Halves; 256] = {
    let mut tables = [[0; 32]; 256];
    let mut c = 0;
    while c < 256 {
        let mut n = 0;
        while n < 16 {
            tables[c][n] = product(c, n);
            tables[c][16 + n] = product(c, 16 * n);
            n += 1;
        }
        c += 1;
    }
    tables
};

/// x · y modulo x^8 + x^4 + x^3 + x + 1, of numbers below 256.
#[allow(clippy::cast_possible_truncation, reason = "reduced to a byte")]
const fn product(x: usize, y: usize) -> u8 {
    let (mut product, mut bit) = (0, 8);
    while bit > 0 {
        bit -= 1;
        product <<= 1;
        if product > 0xff {
            product ^= 0x11b;
        }
        if y >> bit & 1 == 1 {
            product ^= x;
        }
    }
    product as u8
}

/// Products bit by bit.
#[allow(unreachable_pub, reason = "what the macro declares is public elsewhere")]
pub(super) mod by_bits {
    use super::super::{Level, level, portable};

    versions! {
        "avx2,bmi2",
        "avx512f,avx512dq,avx512bw,avx512vl,avx2,bmi2",
        "avx512f,avx512dq,avx512bw,avx512vl,avx512vpopcntdq,avx2,bmi2";

        fn byte_products(z: &mut [u8], x: &[u8], y: &[u8]);
    }
}

/// Products that are added up at a time where the processor has none of its own.
const BLOCK: usize = 512;

instructions_first! { gfni;
    /// Adds c · x to z, byte by byte, as many as both have. c is public.
    pub(crate) fn add_multiple(z: &mut [u8], c: u8, x: &[u8]) {
        look_up(level(), z, c, x);
    }

    /// Writes the products x · y to z. All of one length.
    pub(crate) fn products(z: &mut [u8], x: &[u8], y: &[u8]) {
        by_bits::byte_products(z, x, y);
    }

    /// The sum of the products x · y, over as many as both have.
    pub(crate) fn dot(x: &[u8], y: &[u8]) -> u8 {
        dot_in_blocks(x, y)
    }
}

/// As [`dot`], on any processor.
pub(super) fn dot_in_blocks(x: &[u8], y: &[u8]) -> u8 {
    let mut products = Zeroizing::new([0; BLOCK]);
    x.chunks(BLOCK).zip(y.chunks(BLOCK)).fold(0, |sum, (x, y)| {
        let products = &mut products[..x.len().min(y.len())];
        by_bits::byte_products(products, x, y);
        products.iter().fold(sum, |sum, x| sum ^ x)
    })
}

/// Adds c · x to z. The table is chosen by c, which is public; no address depends on z or x.
#[allow(unsafe_code, reason = "a call into code for a vector unit")]
pub(super) fn look_up(level: Level, z: &mut [u8], c: u8, x: &[u8]) {
    match level {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a processor of these levels has AVX2.
        Level::Avx2 | Level::Avx512 | Level::Avx512Counts => unsafe {
            avx2::add_multiple(z, &TABLES[usize::from(c)], x)
        },
        Level::Portable => portable::add_byte_multiple(z, c, x),
    }
}

/// A processor with GFNI multiplies bytes in this field, 64 at once.
#[cfg(target_arch = "x86_64")]
mod gfni {
    use super::portable::block;
    use std::arch::x86_64::{__m512i, _mm512_gf2p8mul_epi8, _mm512_set1_epi8, _mm512_setzero_si512, _mm512_xor_si512};
    use zerocopy::transmute;

    /// Bytes of a vector.
    const LANES: usize = 64;

    #[inline]
    pub(super) fn are_there() -> bool {
        is_x86_feature_detected!("gfni") && is_x86_feature_detected!("avx512f")
    }

    #[inline]
    #[target_feature(enable = "gfni,avx512f")]
    fn product(x: [u8; LANES], y: [u8; LANES]) -> __m512i {
        _mm512_gf2p8mul_epi8(transmute!(x), transmute!(y))
    }

    #[target_feature(enable = "gfni,avx512f")]
    pub(super) fn add_multiple(z: &mut [u8], c: u8, x: &[u8]) {
        let c: [u8; LANES] = transmute!(_mm512_set1_epi8(c.cast_signed()));
        let len = z.len().min(x.len());
        let ((z, z_rest), (x, x_rest)) = (z[..len].as_chunks_mut(), x[..len].as_chunks());
        let sum = |z: [u8; LANES], x: [u8; LANES]| -> [u8; LANES] {
            transmute!(_mm512_xor_si512(transmute!(z), product(x, c)))
        };
        z.iter_mut().zip(x).for_each(|(z, x)| *z = sum(*z, *x));
        if !z_rest.is_empty() {
            z_rest.copy_from_slice(&sum(block(z_rest), block(x_rest))[..z_rest.len()]);
        }
    }

    #[target_feature(enable = "gfni,avx512f")]
    pub(super) fn products(z: &mut [u8], x: &[u8], y: &[u8]) {
        let (z, z_rest) = z.as_chunks_mut::<LANES>();
        let ((x, x_rest), (y, y_rest)) = (x.as_chunks(), y.as_chunks());
        z.iter_mut().zip(x.iter().zip(y)).for_each(|(z, (x, y))| *z = transmute!(product(*x, *y)));
        if !z_rest.is_empty() {
            let last: [u8; LANES] = transmute!(product(block(x_rest), block(y_rest)));
            z_rest.copy_from_slice(&last[..z_rest.len()]);
        }
    }

    #[target_feature(enable = "gfni,avx512f")]
    pub(super) fn dot(x: &[u8], y: &[u8]) -> u8 {
        let len = x.len().min(y.len());
        let ((x, x_rest), (y, y_rest)) = (x[..len].as_chunks(), y[..len].as_chunks());
        let mut sum = _mm512_setzero_si512();
        x.iter().zip(y).for_each(|(x, y)| sum = _mm512_xor_si512(sum, product(*x, *y)));
        let sum: [u8; LANES] = transmute!(_mm512_xor_si512(sum, product(block(x_rest), block(y_rest))));
        sum.into_iter().fold(0, |sum, x| sum ^ x)
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::Halves;
    use std::arch::x86_64::{
        __m128i, __m256i, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_set1_epi8, _mm256_shuffle_epi8,
        _mm256_srli_epi16, _mm256_xor_si256,
    };
    use zerocopy::transmute;

    #[target_feature(enable = "avx2")]
    pub(super) fn add_multiple(z: &mut [u8], table: &Halves, x: &[u8]) {
        let [low, high]: [__m128i; 2] = transmute!(*table);
        let tables = [_mm256_broadcastsi128_si256(low), _mm256_broadcastsi128_si256(high)];
        let len = z.len().min(x.len());
        let ((z, z_rest), (x, x_rest)) = (z[..len].as_chunks_mut::<32>(), x[..len].as_chunks::<32>());
        for (z, x) in z.iter_mut().zip(x) {
            *z = sum(*z, tables, *x);
        }
        if !z_rest.is_empty() {
            let (mut last, mut more) = ([0; 32], [0; 32]);
            last[..z_rest.len()].copy_from_slice(z_rest);
            more[..x_rest.len()].copy_from_slice(x_rest);
            z_rest.copy_from_slice(&sum(last, tables, more)[..z_rest.len()]);
        }
    }

    /// z + c · x.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn sum(z: [u8; 32], [low, high]: [__m256i; 2], x: [u8; 32]) -> [u8; 32] {
        let (z, x): (__m256i, __m256i) = (transmute!(z), transmute!(x));
        let half = _mm256_set1_epi8(15);
        let of_low = _mm256_shuffle_epi8(low, _mm256_and_si256(x, half));
        let of_high = _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16::<4>(x), half));
        transmute!(_mm256_xor_si256(z, _mm256_xor_si256(of_low, of_high)))
    }
}
