//! The loops, in plain Rust. Each is inlined into its versions and, but for those of `tagged.rs`, vectorised there by the compiler, so no iteration depends on the one before.

pub(super) use super::matrix::multiply_panel;
use super::{Counts, PairTables, Row, Tagged, Wide, number, wide};
use crate::field::{Field as _, P61, p61};
use crate::netlist::{And, Local};
use crate::planes::ROW_WORDS;

#[inline(always)]
pub(super) fn cross_products(z: &mut [u64], xa: &[u64], xb: &[u64], ya: &[u64], yb: &[u64]) {
    for ((((z, xa), xb), ya), yb) in z.iter_mut().zip(xa).zip(xb).zip(ya).zip(yb) {
        *z = xa.wrapping_mul(ya.wrapping_add(*yb)).wrapping_add(xb.wrapping_mul(*ya));
    }
}

#[inline(always)]
pub(super) fn cross_dot(xa: &[u64], xb: &[u64], ya: &[u64], yb: &[u64]) -> u64 {
    xa.iter().zip(xb).zip(ya.iter().zip(yb)).fold(0, |sum, ((xa, xb), (ya, yb))| {
        sum.wrapping_add(xa.wrapping_mul(ya.wrapping_add(*yb))).wrapping_add(xb.wrapping_mul(*ya))
    })
}

#[inline(always)]
pub(super) fn cross_row(z: &mut [u64], xa: &[u64], xb: &[u64], ya: &[u64], yb: &[u64]) {
    if z.is_empty() {
        return;
    }
    let rows = ya.chunks_exact(z.len()).zip(yb.chunks_exact(z.len()));
    for ((xa, xb), (ya, yb)) in xa.iter().zip(xb).zip(rows) {
        for (z, (ya, yb)) in z.iter_mut().zip(ya.iter().zip(yb)) {
            *z = z.wrapping_add(xa.wrapping_mul(ya.wrapping_add(*yb))).wrapping_add(xb.wrapping_mul(*ya));
        }
    }
}

#[inline(always)]
pub(super) fn add_difference(z: &mut [u64], plus: &[u64], minus: &[u64], mask: u64) {
    for ((z, plus), minus) in z.iter_mut().zip(plus).zip(minus) {
        *z = z.wrapping_add(*plus).wrapping_sub(*minus) & mask;
    }
}

#[inline(always)]
pub(super) fn hide(z: &mut [u64], value: &[u64], mask: &mut [u64], low: u64) {
    for ((z, value), mask) in z.iter_mut().zip(value).zip(mask) {
        *mask &= low;
        *z = value.wrapping_sub(*mask) & low;
    }
}

#[inline(always)]
pub(super) fn xor_into(z: &mut [u64], x: &[u64]) {
    z.iter_mut().zip(x).for_each(|(z, x)| *z ^= x);
}

#[inline(always)]
pub(super) fn cross_ands(z: &mut [u64], xa: &[u64], xb: &[u64], ya: &[u64], yb: &[u64]) {
    for ((((z, xa), xb), ya), yb) in z.iter_mut().zip(xa).zip(xb).zip(ya).zip(yb) {
        *z ^= (xa & (ya ^ yb)) ^ (xb & ya);
    }
}

#[inline(always)]
pub(super) fn local_gates(first: &mut [Row], second: &mut [Row], gates: &[Local], ones: [u64; 2]) {
    let xor = |rows: &mut [Row], dst: u32, a: u32, b: u32| {
        let (a, b) = (&rows[a as usize], &rows[b as usize]);
        let sum: Row = std::array::from_fn(|i| a[i] ^ b[i]);
        rows[dst as usize] = sum;
    };
    for gate in gates {
        match *gate {
            Local::Xor { dst, a, b } => {
                xor(first, dst, a, b);
                xor(second, dst, a, b);
            }
            Local::Not { dst, a } => {
                first[dst as usize] = first[a as usize].map(|word| word ^ ones[0]);
                second[dst as usize] = second[a as usize].map(|word| word ^ ones[1]);
            }
            Local::Zero { dst } => {
                first[dst as usize] = [0; ROW_WORDS];
                second[dst as usize] = [0; ROW_WORDS];
            }
        }
    }
}

#[inline(always)]
pub(super) fn and_gates(a: &mut [Row], b: &[Row], gates: &[And], z: &mut [Row]) {
    for (gate, z) in gates.iter().zip(z) {
        let (x, y) = (gate.a as usize, gate.b as usize);
        let (xa, xb, ya, yb) = (&a[x], &b[x], &a[y], &b[y]);
        let summand: Row = std::array::from_fn(|i| z[i] ^ (xa[i] & (ya[i] ^ yb[i])) ^ (xb[i] & ya[i]));
        *z = summand;
        a[gate.dst as usize] = summand;
    }
}

#[inline(always)]
pub(super) fn local_gates_of(rows: &mut [Row], gates: &[Local], ones: u64) {
    for gate in gates {
        match *gate {
            Local::Xor { dst, a, b } => {
                let (a, b) = (&rows[a as usize], &rows[b as usize]);
                let sum: Row = std::array::from_fn(|i| a[i] ^ b[i]);
                rows[dst as usize] = sum;
            }
            Local::Not { dst, a } => rows[dst as usize] = rows[a as usize].map(|word| word ^ ones),
            Local::Zero { dst } => rows[dst as usize] = [0; ROW_WORDS],
        }
    }
}

#[inline(always)]
pub(super) fn pair_gates(z: &mut [Row], a: &[Row], b: &[Row], gates: &[And], square: bool) {
    let square = if square { u64::MAX } else { 0 };
    for (gate, z) in gates.iter().zip(z) {
        let (x, y) = (gate.a as usize, gate.b as usize);
        let (xa, xb, ya, yb) = (&a[x], &b[x], &a[y], &b[y]);
        *z = std::array::from_fn(|i| (xa[i] & (yb[i] ^ (ya[i] & square))) ^ (xb[i] & ya[i]));
    }
}

#[inline(always)]
pub(super) fn pair_products(z: &mut [u64], xa: &[u64], xb: &[u64], ya: &[u64], yb: &[u64]) {
    for ((((z, xa), xb), ya), yb) in z.iter_mut().zip(xa).zip(xb).zip(ya).zip(yb) {
        *z = xa.wrapping_mul(*yb).wrapping_add(xb.wrapping_mul(*ya));
    }
}

#[inline(always)]
pub(super) fn pair_dot(xa: &[u64], xb: &[u64], ya: &[u64], yb: &[u64]) -> u64 {
    xa.iter()
        .zip(xb)
        .zip(ya.iter().zip(yb))
        .fold(0, |sum, ((xa, xb), (ya, yb))| sum.wrapping_add(xa.wrapping_mul(*yb)).wrapping_add(xb.wrapping_mul(*ya)))
}

#[inline(always)]
pub(super) fn add_tagged_products([z, z_tag]: [&mut [Wide]; 2], x: [Tagged<'_>; 2], y: [&[Wide]; 2]) {
    let [[x0, tag0], [x1, tag1]] = x;
    let tags = z_tag.iter_mut().zip(tag0.iter().zip(tag1));
    let lanes = z.iter_mut().zip(x0.iter().zip(x1)).zip(tags).zip(y[0].iter().zip(y[1]));
    for (((z, (x0, x1)), (z_tag, (tag0, tag1))), (y0, y1)) in lanes {
        let y0 = number(*y0);
        let sum = y0.wrapping_add(number(*y1));
        let product = number(*x0).wrapping_mul(sum).wrapping_add(number(*x1).wrapping_mul(y0));
        let tag = number(*tag0).wrapping_mul(sum).wrapping_add(number(*tag1).wrapping_mul(y0));
        *z = wide(number(*z).wrapping_add(product));
        *z_tag = wide(number(*z_tag).wrapping_add(tag));
    }
}

#[inline(always)]
pub(super) fn mask_tagged(z: [&mut [Wide]; 2], plus: &[[Wide; 2]], minus: &[[Wide; 2]], out: &mut [u8]) {
    let [z, z_tag] = z;
    let lanes = z.iter_mut().zip(z_tag).zip(plus.iter().zip(minus)).zip(out.as_chunks_mut::<32>().0);
    for (((z, tag), (plus, minus)), out) in lanes {
        let number_sum = number(*z).wrapping_add(number(plus[0])).wrapping_sub(number(minus[0]));
        let tag_sum = number(*tag).wrapping_add(number(plus[1])).wrapping_sub(number(minus[1]));
        (*z, *tag) = (wide(number_sum), wide(tag_sum));
        out[..16].copy_from_slice(&number_sum.to_le_bytes());
        out[16..].copy_from_slice(&tag_sum.to_le_bytes());
    }
}

#[inline(always)]
pub(super) fn read_tagged([z, tag]: [&mut [Wide]; 2], bytes: &[u8]) {
    for ((z, tag), lane) in z.iter_mut().zip(tag).zip(bytes.as_chunks::<32>().0) {
        let [a, b, c, d] = lane.as_chunks::<8>().0 else { continue };
        *z = [u64::from_le_bytes(*a), u64::from_le_bytes(*b)];
        *tag = [u64::from_le_bytes(*c), u64::from_le_bytes(*d)];
    }
}

#[inline(always)]
pub(super) fn weighted_sum(c: &[u64], z: &[Wide]) -> u128 {
    let product = |c: &u64, z: &Wide| u128::from(*c).wrapping_mul(number(*z));
    c.iter().zip(z).fold(0, |sum: u128, (c, z)| sum.wrapping_add(product(c, z)))
}

#[inline(always)]
pub(super) fn tell(told: &mut [u64], rest: &mut [u64], masked: &mut [u64], value: &[u64], mask: &[u64], low: u64) {
    let places = told.iter_mut().zip(rest).zip(masked);
    for (((told, rest), masked), (value, mask)) in places.zip(value.iter().zip(mask)) {
        *told = value.wrapping_sub(*mask) & low;
        *rest = rest.wrapping_add(*told);
        *masked = masked.wrapping_add(*mask & low);
    }
}

#[inline(always)]
pub(super) fn tell_bits(told: &mut [u64], rest: &mut [u64], masked: &mut [u64], value: &[u64], mask: &[u64]) {
    let places = told.iter_mut().zip(rest).zip(masked);
    for (((told, rest), masked), (value, mask)) in places.zip(value.iter().zip(mask)) {
        *told = value ^ mask;
        *rest ^= *told;
        *masked ^= mask;
    }
}

#[inline(always)]
pub(super) fn add_into(z: &mut [u64], x: &[u64]) {
    z.iter_mut().zip(x).for_each(|(z, x)| *z = z.wrapping_add(*x));
}

#[inline(always)]
pub(super) fn and_masked(z: &mut [u64], x: &[u64], y: &[u64], mask: &[u64]) {
    for (((z, x), y), mask) in z.iter_mut().zip(x).zip(y).zip(mask) {
        *z = x & y ^ mask;
    }
}

/// Transposes eight 64 × 64 bit matrices at once (Warren, Hacker's Delight, 2012, 7-3): bit c of word j of row r becomes bit r of word j of row c.
#[inline(always)]
fn transpose(rows: &mut [Row; 64]) {
    let mut distance = 32;
    let mut mask = 0x0000_0000_ffff_ffff_u64;
    while distance > 0 {
        for base in (0..64).step_by(2 * distance) {
            let (low, high) = rows[base..base + 2 * distance].split_at_mut(distance);
            for (low, high) in low.iter_mut().zip(high) {
                for (low, high) in low.iter_mut().zip(high) {
                    let swap = ((*low >> distance) ^ *high) & mask;
                    *low ^= swap << distance;
                    *high ^= swap;
                }
            }
        }
        distance /= 2;
        mask ^= mask << distance;
    }
}

#[inline(always)]
pub(super) fn words_to_rows(words: &[u64], rows: &mut [Row; 64]) {
    if let Ok(words) = <&[u64; 512]>::try_from(words) {
        for (r, row) in rows.iter_mut().enumerate() {
            *row = std::array::from_fn(|j| words[64 * j + r]);
        }
    } else {
        for (r, row) in rows.iter_mut().enumerate() {
            *row = std::array::from_fn(|j| words.get(64 * j + r).copied().unwrap_or(0));
        }
    }
    transpose(rows);
}

#[inline(always)]
pub(super) fn unpack_bits(words: &[u64], out: &mut [u64]) {
    for (word, out) in words.iter().zip(out.chunks_mut(64)) {
        out.iter_mut().enumerate().for_each(|(i, out)| *out = word >> i & 1);
    }
}

#[inline(always)]
pub(super) fn rows_to_words(rows: &[Row; 64], words: &mut [u64; 512]) {
    let mut square = *rows;
    transpose(&mut square);
    for (r, row) in square.iter().enumerate() {
        for (j, word) in row.iter().enumerate() {
            words[64 * j + r] = *word;
        }
    }
}

/// Bytes that are worked on side by side.
const SIDE: usize = 64;

/// All bits where the top one is set, else none.
#[inline(always)]
const fn top(x: u8) -> u8 {
    (x.cast_signed() >> 7).cast_unsigned()
}

/// x · y by Horner's rule over the bits of y, the top one first: doubling, reduction by x^8 + x^4 + x^3 + x + 1, and a sum. No table, no branch.
#[inline(always)]
fn bytes_times(z: &mut [u8; SIDE], x: &[u8; SIDE], mut y: [u8; SIDE]) {
    *z = [0; SIDE];
    for _ in 0..8 {
        for i in 0..SIDE {
            z[i] = (z[i] << 1) ^ (top(z[i]) & 0x1b) ^ (top(y[i]) & x[i]);
            y[i] <<= 1;
        }
    }
}

/// A block of at most [`SIDE`] bytes, filled up with zeros.
#[inline(always)]
pub(super) fn block(bytes: &[u8]) -> [u8; SIDE] {
    let mut block = [0; SIDE];
    block[..bytes.len()].copy_from_slice(bytes);
    block
}

#[inline(always)]
pub(super) fn byte_products(z: &mut [u8], x: &[u8], y: &[u8]) {
    let mut product = [0; SIDE];
    for ((z, x), y) in z.chunks_mut(SIDE).zip(x.chunks(SIDE)).zip(y.chunks(SIDE)) {
        bytes_times(&mut product, &block(x), block(y));
        z.copy_from_slice(&product[..z.len()]);
    }
}

#[inline(always)]
pub(super) fn add_byte_multiple(z: &mut [u8], c: u8, x: &[u8]) {
    let mut product = [0; SIDE];
    for (z, x) in z.chunks_mut(SIDE).zip(x.chunks(SIDE)) {
        bytes_times(&mut product, &block(x), [c; SIDE]);
        z.iter_mut().zip(product).for_each(|(z, product)| *z ^= product);
    }
}

#[inline(always)]
pub(super) fn count_products(counts: &mut Counts, first: &[Row; 3], second: &[Row; 3]) {
    let ([a, c, e], [b, d, f]) = (first, second);
    let products: [Row; 4] = [std::array::from_fn(|w| b[w] & d[w]), *d, *b, [u64::MAX; ROW_WORDS]];
    for (v, counts) in counts.iter_mut().enumerate() {
        let differ: Row = std::array::from_fn(|w| e[v] ^ f[w]);
        for (product, counts) in [a[v] & c[v], c[v], a[v], u64::MAX].into_iter().zip(counts) {
            for (products, counts) in products.iter().zip(counts) {
                for ((count, word), differ) in counts.iter_mut().zip(products).zip(differ) {
                    let both = product & word;
                    *count += i64::from(both.count_ones()) - 2 * i64::from((both & differ).count_ones());
                }
            }
        }
    }
}

#[inline(always)]
pub(super) fn add_four_multiples(out: &mut [P61], c: [P61; 4], [w, x, y, z]: [&[P61]; 4]) {
    for ((out, (w, x)), (y, z)) in out.iter_mut().zip(w.iter().zip(x)).zip(y.iter().zip(z)) {
        *out = p61::plus_four_products(*out, c, [*w, *x, *y, *z]);
    }
}

#[inline(always)]
pub(super) fn dot(x: &[P61], y: &[P61]) -> P61 {
    /// Sums that stand beside each other, as many as a vector has.
    const SUMS: usize = 8;
    let ((fours, rest), (other_fours, other_rest)) = (x.as_chunks::<{ 4 * SUMS }>(), y.as_chunks::<{ 4 * SUMS }>());
    let mut sums = [P61::default(); SUMS];
    for (x, y) in fours.iter().zip(other_fours) {
        let (x, y) = (x.as_chunks::<SUMS>().0, y.as_chunks::<SUMS>().0);
        for (i, sum) in sums.iter_mut().enumerate() {
            let [x, y] = [x, y].map(|x| [x[0][i], x[1][i], x[2][i], x[3][i]]);
            *sum = p61::plus_four_products(*sum, x, y);
        }
    }
    let rest = rest.iter().zip(other_rest).map(|(x, y)| x.mul(*y));
    sums.into_iter().chain(rest).fold(P61::default(), P61::add)
}

/// The columns of eight words as bytes: bit w of byte j is bit j of word w.
#[inline(always)]
fn columns(words: &Row) -> Row {
    let mut x = *words;
    // Bytes change places between words, then bits between the bytes of each word.
    for (distance, shift, mask) in
        [(4, 32, 0x0000_0000_ffff_ffff), (2, 16, 0x0000_ffff_0000_ffff), (1, 8, 0x00ff_00ff_00ff_00ff)]
    {
        for w in (0..ROW_WORDS).filter(|w| w & distance == 0) {
            let swapped = (x[w] >> shift ^ x[w + distance]) & mask;
            x[w + distance] ^= swapped;
            x[w] ^= swapped << shift;
        }
    }
    for (shift, mask) in [(7, 0x00aa_00aa_00aa_00aa), (14, 0x0000_cccc_0000_cccc), (28, 0x0000_0000_f0f0_f0f0)] {
        for word in &mut x {
            let swapped = (*word ^ *word >> shift) & mask;
            *word ^= swapped ^ swapped << shift;
        }
    }
    x
}

#[inline(always)]
pub(super) fn look_up_columns(out: &mut [P61; 64], rows: &[Row; 3], tables: &PairTables) {
    const TWO_BITS: u64 = 0x0303_0303_0303_0303;
    // Called one by one, so that it is inlined and compiled for the vector unit.
    let rows = [columns(&rows[0]), columns(&rows[1]), columns(&rows[2])];
    for (k, out) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let mut pairs = [[0; 8]; 4];
        for (s, pairs) in pairs.iter_mut().enumerate() {
            let two = |row: usize| rows[row][k] >> (2 * s) & TWO_BITS;
            *pairs = (two(0) | two(1) << 2 | two(2) << 4).to_le_bytes();
        }
        for (j, out) in out.iter_mut().enumerate() {
            let entry = |s: usize| tables[s][usize::from(pairs[s][j]) % 64];
            *out = p61::sum([*out, entry(0), entry(1), entry(2), entry(3)]);
        }
    }
}
