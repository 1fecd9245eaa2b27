//! Every version of every loop gives the same, and what its definition says.

use super::*;
use crate::field::{Field as _, P127};
use crate::netlist::{And, Local};
use zerocopy::{FromZeros, IntoBytes};
use zeroize::DefaultIsZeroes;

fn words(n: usize, seed: u64) -> Vec<u64> {
    (0..n as u64)
        .map(|i| {
            let x = (i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ seed << 9);
            let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x ^ (x >> 27)
        })
        .collect()
}

/// Lengths around those of vectors.
const LENGTHS: [usize; 12] = [0, 1, 3, 4, 5, 7, 8, 15, 31, 64, 255, 257];

fn rows(n: usize, seed: u64) -> Vec<Row> {
    words(n * 8, seed).as_chunks::<8>().0.to_vec()
}

#[test]
fn products_and_sums() {
    for level in levels() {
        for n in LENGTHS {
            let [xa, xb, ya, yb, z] = [1, 2, 3, 4, 5].map(|seed| words(n, seed));
            let exact =
                |i: usize| xa[i].wrapping_mul(ya[i].wrapping_add(yb[i])).wrapping_add(xb[i].wrapping_mul(ya[i]));
            let mut out = z.clone();
            at::cross_products(level, &mut out, &xa, &xb, &ya, &yb);
            assert!((0..n).all(|i| out[i] == exact(i)), "{level:?} {n}");
            let dot = (0..n).fold(0_u64, |sum, i| sum.wrapping_add(exact(i)));
            assert_eq!(at::cross_dot(level, &xa, &xb, &ya, &yb), dot, "{level:?} {n}");
            let pair = |i: usize| xa[i].wrapping_mul(yb[i]).wrapping_add(xb[i].wrapping_mul(ya[i]));
            at::pair_products(level, &mut out, &xa, &xb, &ya, &yb);
            assert!((0..n).all(|i| out[i] == pair(i)), "{level:?} {n}");
            let dot = (0..n).fold(0_u64, |sum, i| sum.wrapping_add(pair(i)));
            assert_eq!(at::pair_dot(level, &xa, &xb, &ya, &yb), dot, "{level:?} {n}");
            at::add_into(level, &mut out, &z);
            assert!((0..n).all(|i| out[i] == pair(i).wrapping_add(z[i])), "{level:?} {n}");
            let [mut told, mut rest, mut masked] = [z.clone(), ya.clone(), yb.clone()];
            at::tell(level, &mut told, &mut rest, &mut masked, &xa, &xb, 0xffff);
            for i in 0..n {
                let expected = xa[i].wrapping_sub(xb[i]) & 0xffff;
                let sums = (ya[i].wrapping_add(expected), yb[i].wrapping_add(xb[i] & 0xffff));
                assert_eq!((told[i], (rest[i], masked[i])), (expected, sums), "{level:?} {n}");
            }
            let [mut told, mut rest, mut masked] = [z.clone(), ya.clone(), yb.clone()];
            at::tell_bits(level, &mut told, &mut rest, &mut masked, &xa, &xb);
            for i in 0..n {
                let sums = (ya[i] ^ xa[i] ^ xb[i], yb[i] ^ xb[i]);
                assert_eq!((told[i], (rest[i], masked[i])), (xa[i] ^ xb[i], sums), "{level:?} {n}");
            }
            for width in [1, 3, 8, 17] {
                // Row k of a matrix, whose words are those from k on.
                let shifted = |of: &[u64]| of.windows(width).flatten().copied().collect::<Vec<u64>>();
                let (rows_a, rows_b) = (shifted(&ya), shifted(&yb));
                let rows = rows_a.len() / width;
                let mut out = words(width, 6);
                let expected = (0..width).map(|j| {
                    (0..rows).fold(out[j], |sum, k| {
                        let y = rows_a[k * width + j].wrapping_add(rows_b[k * width + j]);
                        let terms = xa[k].wrapping_mul(y).wrapping_add(xb[k].wrapping_mul(rows_a[k * width + j]));
                        sum.wrapping_add(terms)
                    })
                });
                let expected: Vec<u64> = expected.collect();
                at::cross_row(level, &mut out, &xa[..rows], &xb[..rows], &rows_a, &rows_b);
                assert_eq!(out, expected, "{level:?} {n} {width}");
            }
            let mut out = z.clone();
            at::add_difference(level, &mut out, &xa, &xb, 0xff);
            assert!((0..n).all(|i| out[i] == z[i].wrapping_add(xa[i]).wrapping_sub(xb[i]) & 0xff), "{level:?} {n}");
            let (mut out, mut mask) = (z.clone(), xb.clone());
            at::hide(level, &mut out, &xa, &mut mask, 0xfff);
            assert!((0..n).all(|i| out[i] == xa[i].wrapping_sub(xb[i]) & 0xfff && mask[i] == xb[i] & 0xfff));
        }
    }
}

#[test]
fn bits() {
    for level in levels() {
        for n in LENGTHS {
            let [xa, xb, ya, yb, z] = [1, 2, 3, 4, 5].map(|seed| words(n, seed));
            let mut out = z.clone();
            at::cross_ands(level, &mut out, &xa, &xb, &ya, &yb);
            assert!((0..n).all(|i| out[i] == z[i] ^ (xa[i] & (ya[i] ^ yb[i])) ^ (xb[i] & ya[i])), "{level:?} {n}");
            let mut out = z.clone();
            at::and_masked(level, &mut out, &xa, &xb, &ya);
            assert!((0..n).all(|i| out[i] == xa[i] & xb[i] ^ ya[i]), "{level:?} {n}");
            let mut out = z.clone();
            at::xor_into(level, &mut out, &xa);
            assert!((0..n).all(|i| out[i] == z[i] ^ xa[i]), "{level:?} {n}");
        }
        let gates = [
            Local::Xor { dst: 3, a: 0, b: 1 },
            Local::Xor { dst: 0, a: 0, b: 3 },
            Local::Not { dst: 2, a: 0 },
            Local::Zero { dst: 1 },
            Local::Xor { dst: 4, a: 4, b: 4 },
        ];
        let before = rows(5, 1);
        let (mut after, mut other) = (before.clone(), before.clone());
        at::local_gates(level, &mut after, &mut other, &gates, [0xf0, 0]);
        for i in 0..8 {
            assert_eq!((other[3][i], other[2][i]), (after[3][i], before[1][i]));
            assert_eq!(after[3][i], before[0][i] ^ before[1][i]);
            assert_eq!(after[0][i], before[1][i]);
            assert_eq!(after[2][i], before[1][i] ^ 0xf0);
            assert_eq!((after[1][i], after[4][i]), (0, 0));
        }
        let mut alone = before.clone();
        at::local_gates_of(level, &mut alone, &gates, 0xf0);
        assert_eq!(alone, after, "{level:?}");
        let ands = [And { dst: 3, a: 0, b: 1 }, And { dst: 4, a: 2, b: 2 }];
        let (a, b, masks) = (rows(5, 2), rows(5, 3), rows(2, 4));
        for square in [false, true] {
            let mut z = masks.clone();
            at::pair_gates(level, &mut z, &a, &b, &ands, square);
            for (n, and) in ands.iter().enumerate() {
                let (x, y) = (and.a as usize, and.b as usize);
                for i in 0..8 {
                    let own = if square { a[x][i] & a[y][i] } else { 0 };
                    assert_eq!(z[n][i], (a[x][i] & b[y][i]) ^ (b[x][i] & a[y][i]) ^ own, "{level:?}");
                }
            }
        }
        let (mut own, mut z) = (a.clone(), masks.clone());
        at::and_gates(level, &mut own, &b, &ands, &mut z);
        for (n, and) in ands.iter().enumerate() {
            let (x, y) = (and.a as usize, and.b as usize);
            for i in 0..8 {
                let expected = masks[n][i] ^ (a[x][i] & (a[y][i] ^ b[y][i])) ^ (b[x][i] & a[y][i]);
                assert_eq!((z[n][i], own[and.dst as usize][i]), (expected, expected), "{level:?}");
            }
        }
    }
}

#[test]
fn transposes() {
    for level in levels() {
        for n in [0, 1, 63, 64, 65, 511, 512] {
            let all = words(n, 9);
            let (packed, mut bits) = (words(8, 3), vec![7; n]);
            at::unpack_bits(level, &packed, &mut bits);
            assert!((0..n).all(|i| bits[i] == packed[i / 64] >> (i % 64) & 1), "{level:?} {n}");
            let mut planes = [[0; 8]; 64];
            at::words_to_rows(level, &all, &mut planes);
            for lane in 0..512 {
                for (p, plane) in planes.iter().enumerate() {
                    let bit = plane[lane / 64] >> (lane % 64) & 1;
                    assert_eq!(bit, all.get(lane).map_or(0, |word| word >> p & 1), "{level:?}: {lane} {p}");
                }
            }
            let mut back = [0; 512];
            at::rows_to_words(level, &planes, &mut back);
            assert_eq!(back[..n], all, "{level:?}");
            assert!(back[n..].iter().all(|word| *word == 0));
        }
    }
}

#[test]
fn matrices() {
    for level in levels() {
        for (height, inner, width) in [(1, 1, 1), (2, 3, 8), (3, 5, 7), (5, 1, 9), (4, 33, 16), (33, 2, 77), (2, 0, 3)]
        {
            let (x, y) = (words(height * inner, 1), words(inner * width, 2));
            let mut z = vec![0; height * width];
            let mut panel = Vec::new();
            for first in (0..width).step_by(PANELS * PANEL_COLUMNS) {
                pack_panels(y.chunks_exact(width), first, width, &mut panel);
                let columns = (first..width).step_by(PANEL_COLUMNS);
                for (column, panel) in columns.zip(panel.chunks_exact(inner.max(1))) {
                    at::multiply_panel(level, &mut z, width, column, &x, panel);
                }
            }
            for (i, found) in z.iter().enumerate() {
                let (r, c) = (i / width, i % width);
                let sum =
                    (0..inner).fold(0_u64, |sum, k| sum.wrapping_add(x[r * inner + k].wrapping_mul(y[k * width + c])));
                assert_eq!(*found, sum, "{level:?}: {height} x {inner} x {width}, {i}");
            }
        }
    }
}

/// The product of two bytes, bit by bit (FIPS 197, section 4.2).
fn byte_product(x: u8, y: u8) -> u8 {
    let wide = (0..8).filter(|bit| y >> bit & 1 == 1).fold(0_u16, |sum, bit| sum ^ u16::from(x) << bit);
    let reduced = (8..15).rev().fold(wide, |sum, bit| if sum >> bit & 1 == 1 { sum ^ 0x11b << (bit - 8) } else { sum });
    reduced.to_le_bytes()[0]
}

#[test]
fn bytes_of_the_field() {
    let all: Vec<u8> = (0..=255).collect();
    for level in levels() {
        for c in all.iter().copied() {
            let mut sum = vec![c; 256];
            bytes::look_up(level, &mut sum, c, &all);
            assert!(all.iter().all(|x| sum[usize::from(*x)] == c ^ byte_product(c, *x)), "{level:?} {c}");
            let mut product = vec![0; 256];
            bytes::by_bits::at::byte_products(level, &mut product, &all, &vec![c; 256]);
            assert!(all.iter().all(|x| product[usize::from(*x)] == byte_product(*x, c)), "{level:?} {c}");
        }
        for n in LENGTHS {
            let bytes_of = |seed| words(n, seed).iter().map(|word| word.to_le_bytes()[3]).collect::<Vec<u8>>();
            let (x, y, mut z) = (bytes_of(1), bytes_of(2), vec![0; n]);
            bytes::by_bits::at::byte_products(level, &mut z, &x, &y);
            assert!((0..n).all(|i| z[i] == byte_product(x[i], y[i])), "{level:?} {n}");
            let mut sum = y.clone();
            bytes::look_up(level, &mut sum, 0xb7, &x);
            assert!((0..n).all(|i| sum[i] == y[i] ^ byte_product(0xb7, x[i])), "{level:?} {n}");
        }
    }
    // What is chosen here: an instruction, if there is one.
    for n in LENGTHS.into_iter().chain([63, 65, 1000, 65_536]) {
        let of = |i: usize, shift: usize| (i >> shift & 0xff).to_le_bytes()[0];
        let [x, y] = [0, 8].map(|shift| (0..n).map(|i| of(i.wrapping_mul(40_503), shift)).collect::<Vec<u8>>());
        let expected: Vec<u8> = x.iter().zip(&y).map(|(x, y)| byte_product(*x, *y)).collect();
        let mut z = vec![7; n];
        bytes::products(&mut z, &x, &y);
        assert!(z == expected, "{n}");
        let sum = expected.iter().fold(0, |sum, x| sum ^ x);
        assert_eq!([bytes::dot(&x, &y), bytes::dot_in_blocks(&x, &y)], [sum; 2], "{n}");
        for c in [0, 1, 2, 0x1b, 0x8d, 0xff] {
            bytes::add_multiple(&mut z, c, &x);
            assert!((0..n).all(|i| z[i] == expected[i] ^ byte_product(c, x[i])), "{c} {n}");
            z.copy_from_slice(&expected);
        }
    }
}

#[test]
fn columns_of_bits() {
    let [a, b, c, d, e, f] = [1, 2, 3, 4, 5, 6].map(|seed| rows(2, seed));
    let bit = |rows: &[Row], row: usize, word: usize, column: usize| rows[row][word] >> column & 1;
    let mut expected: Counts = [[[[1; 8]; 4]; 4]; 8];
    for (v, w, row, column) in (0..8 * 8 * 2 * 64).map(|n| (n & 7, n >> 3 & 7, n >> 6 & 1, n >> 7)) {
        let [a, c, e] = [&a, &c, &e].map(|rows| bit(rows, row, v, column));
        let [b, d, f] = [&b, &d, &f].map(|rows| bit(rows, row, w, column));
        let sign = if e == f { 1 } else { -1 };
        for (i, g) in [a & c, c, a, 1].into_iter().enumerate() {
            for (j, h) in [b & d, d, b, 1].into_iter().enumerate() {
                expected[v][i][j][w] += sign * (g & h).cast_signed();
            }
        }
    }
    let elements = |s: usize| words(64, 9 + s as u64).into_iter().map(P61::from_u64);
    let tables: PairTables = std::array::from_fn(|s| *elements(s).collect::<Vec<_>>().first_chunk().expect("64 words"));
    for level in levels() {
        let mut counts: Counts = [[[[1; 8]; 4]; 4]; 8];
        for row in 0..2 {
            at::count_products(level, &mut counts, &[a[row], c[row], e[row]], &[b[row], d[row], f[row]]);
            let mut out = [P61::from_u64(P61::ORDER - 1); 64];
            at::look_up_columns(level, &mut out, &[a[row], c[row], e[row]], &tables);
            for (column, found) in out.into_iter().enumerate() {
                let sum = (0..4).fold(P61::from_i64(-1), |sum, s| {
                    let bits = [&a, &c, &e].map(|rows| [0, 1].map(|k| bit(rows, row, 2 * s + k, column)));
                    let index = bits.as_flattened().iter().rev().fold(0, |index, bit| index << 1 | bit);
                    sum.add(tables[s][usize::try_from(index).expect("six bits")])
                });
                assert!(found == sum, "{level:?} {column}");
            }
        }
        assert!(counts == expected, "{level:?}");
    }
}

/// Sums of products in the field, of random elements and of those whose halves are as large as they can be.
#[test]
fn sums_of_products_in_the_field() {
    let largest = [P61::ORDER - 1, (1 << 61) - (1 << 31) - 1, (1 << 31) - 1].map(P61::from_u64);
    for level in levels() {
        for n in LENGTHS {
            let random = |seed: u64| words(n, seed).into_iter().map(P61::from_u64).collect::<Vec<P61>>();
            let vectors: [Vec<P61>; 5] = std::array::from_fn(|seed| random(seed as u64));
            let all_large = largest.map(|x| std::array::from_fn(|_| vec![x; n]));
            for ([x @ .., z], c) in
                [(vectors, random(9))].into_iter().chain(all_large.map(|v| (v, vec![largest[0]; n])))
            {
                let expected = x[0].iter().zip(&x[1]).fold(P61::default(), |sum, (x, y)| sum.add(x.mul(*y)));
                assert!(at::dot(level, &x[0], &x[1]) == expected, "{level:?} {n}");
                let c = std::array::from_fn(|k| c.get(k).copied().unwrap_or(largest[1]));
                let mut out = z.clone();
                at::add_four_multiples(level, &mut out, c, x.each_ref().map(|x| &x[..]));
                for i in 0..n {
                    let expected = (0..4).fold(z[i], |sum, k| sum.add(c[k].mul(x[k][i])));
                    assert!(out[i] == expected, "{level:?} {n}");
                }
            }
        }
    }
}

#[test]
fn numbers_of_128_bits_and_their_tags() {
    let wides = |n: usize, seed: u64| words(2 * n, seed).as_chunks::<2>().0.to_vec();
    for level in levels() {
        for n in LENGTHS {
            let [x0, x1, tag0, tag1, y0, y1, z, z_tag] = [1, 2, 3, 4, 5, 6, 7, 8].map(|seed| wides(n, seed));
            let product = |a: &[Wide], b: &[Wide], i: usize| {
                let sum = number(y0[i]).wrapping_add(number(y1[i]));
                number(a[i]).wrapping_mul(sum).wrapping_add(number(b[i]).wrapping_mul(number(y0[i])))
            };
            let [mut out, mut out_tag] = [z.clone(), z_tag.clone()];
            let x = [[&x0[..], &tag0], [&x1, &tag1]];
            tagged::at::add_tagged_products(level, [&mut out, &mut out_tag], x, [&y0, &y1]);
            for i in 0..n {
                assert_eq!(number(out[i]), number(z[i]).wrapping_add(product(&x0, &x1, i)), "{level:?} {n}");
                let tag = number(z_tag[i]).wrapping_add(product(&tag0, &tag1, i));
                assert_eq!(number(out_tag[i]), tag, "{level:?} {n}");
            }
            let pairs = |a: &[Wide], b: &[Wide]| a.iter().zip(b).map(|(a, b)| [*a, *b]).collect::<Vec<[Wide; 2]>>();
            let mut bytes = vec![0; 32 * n];
            let [mut out, mut out_tag] = [z.clone(), z_tag.clone()];
            let (plus, minus) = (pairs(&x0, &tag0), pairs(&x1, &tag1));
            tagged::at::mask_tagged(level, [&mut out, &mut out_tag], &plus, &minus, &mut bytes);
            for i in 0..n {
                let sum = |z: Wide, [a, b]: [Wide; 2]| number(z).wrapping_add(number(a)).wrapping_sub(number(b));
                let expected = [sum(z[i], [x0[i], x1[i]]), sum(z_tag[i], [tag0[i], tag1[i]])];
                assert_eq!([number(out[i]), number(out_tag[i])], expected, "{level:?} {n}");
                assert_eq!(bytes[32 * i..][..32], expected.map(u128::to_le_bytes).concat(), "{level:?} {n}");
            }
            let [mut read, mut read_tag] = [y0.clone(), y1.clone()];
            at::read_tagged(level, [&mut read, &mut read_tag], &bytes);
            assert_eq!((read, read_tag), (out, out_tag), "{level:?} {n}");
            let c = words(n, 9);
            let sum = |z: &[Wide]| {
                (0..n).fold(0_u128, |sum, i| sum.wrapping_add(u128::from(c[i]).wrapping_mul(number(z[i]))))
            };
            assert_eq!(tagged::at::weighted_sum(level, &c, &x0), sum(&x0), "{level:?} {n}");
        }
    }
}

/// Squares all of whose limbs' low halves are large: they fill a column as fast as any product does.
#[test]
fn columns_hold_what_is_added_up() {
    let limbs = [(1_u128 << 52) - 1, (1 << 52) - (1 << 26) + 1, (1 << 23) - 1];
    let x = P127::from_u128(limbs[0] | limbs[1] << 52 | limbs[2] << 104);
    for n in [4_096, 8_192, 40_000] {
        let expected = (0..n).fold(P127::default(), |sum, _| sum.add(x.mul(x)));
        assert!(p127::dot(&vec![x; n], &vec![x; n]) == expected, "{n}");
    }
}

/// What loops modulo 2^127 − 1 give: a sum of multiples on top of `out`, products and their sum.
type Results = (Vec<P127>, Vec<P127>, P127);

/// Of random elements, of the largest, and of those whose sums are the prime itself.
#[test]
fn numbers_modulo_the_prime() {
    let minus_one = P127::default().sub(P127::ONE);
    // 4,100 elements and more are more products than a vector adds up before it reduces them.
    for n in LENGTHS.into_iter().chain([4101, 9000]) {
        let random = |seed: u64| words(2 * n, seed).as_chunks().0.iter().map(|x| P127::from_u128(number(*x))).collect();
        let vectors: Vec<Vec<P127>> = (0..19).map(random).collect();
        let opposite: Vec<P127> = vectors[0].iter().map(|x| P127::default().sub(*x)).collect();
        let cases = [
            (vectors.clone(), vectors[18].clone(), random(99)),
            (vec![vec![minus_one; n]; 19], vec![minus_one; n], vec![minus_one; 19]),
            (vec![vec![P127::default(); n]; 19], vec![minus_one; n], vec![P127::ONE; 19]),
            (vectors, opposite, vec![P127::ONE; 19]),
        ];
        for (x, out, c) in cases {
            for count in [1, 2, 3, 4, 7, 8, 9, 17] {
                let terms: Vec<(P127, &[P127])> =
                    (0..count).map(|k| (c.get(k).copied().unwrap_or(minus_one), &x[k][..])).collect();
                let exact = |i: usize| terms.iter().fold(out[i], |sum, (c, x)| sum.add(c.mul(x[i])));
                let products: Vec<P127> = x[0].iter().zip(&x[1]).map(|(x, y)| x.mul(*y)).collect();
                let sum = products.iter().fold(P127::default(), |sum, x| sum.add(*x));
                let expected = ((0..n).map(exact).collect(), products, sum);
                let check = |name: &str, got: Results| assert!(got == expected, "{name}: {count} terms of {n}");
                let [mut sums, mut all] = [out.clone(), vec![P127::ONE; n]];
                for level in levels() {
                    sums.copy_from_slice(&out);
                    all.fill(P127::ONE);
                    p127::single::at::add_combination(level, &mut sums, &terms);
                    p127::single::at::products(level, &mut all, &x[0], &x[1]);
                    let sum = p127::single::at::dot(level, &x[0], &x[1]);
                    check(&format!("{level:?}"), (sums.clone(), all.clone(), sum));
                }
                sums.copy_from_slice(&out);
                all.fill(P127::ONE);
                p127::add_combination(&mut sums, &terms);
                p127::products(&mut all, &x[0], &x[1]);
                check("chosen", (sums, all, p127::dot(&x[0], &x[1])));
            }
        }
    }
}

/// Panels of any depth, beyond what the sums have room for.
#[test]
fn panels_of_128_bits() {
    for n in [0, 1, 2, 1023, 1024, 1025, 2500] {
        // Random ones; all bits; and those whose products fill the middle sum as fast as any do.
        for full in [None, Some(u128::MAX), Some((1 << 53) - 1)] {
            let eights = |seed: u64| {
                let all = words(16 * n, seed).as_chunks().0.iter().map(|wide| number(*wide)).collect::<Vec<_>>();
                let all = full.map_or(all, |full| vec![full; 8 * n]);
                all.as_chunks::<8>().0.to_vec()
            };
            let (x, y) = (eights(1), eights(2));
            let start: [[u128; 8]; WIDE_ROWS] =
                std::array::from_fn(|i| std::array::from_fn(|j| (u128::MAX / 3).wrapping_mul((i + 9 * j) as u128)));
            let entry = |i: usize, j: usize| {
                let terms = x.iter().zip(&y).map(|(x, y)| x[i].wrapping_mul(y[j]));
                terms.fold(start[i][j], u128::wrapping_add)
            };
            let expected: [[u128; 8]; WIDE_ROWS] = std::array::from_fn(|i| std::array::from_fn(|j| entry(i, j)));
            let x: Vec<_> = x.iter().map(|x| x.map(limbs)).collect();
            let y: Vec<WideLine> = y.iter().map(|y| [y.map(|y| wide(y)[0]), y.map(|y| wide(y)[1])]).collect();
            for level in levels() {
                let mut z = start;
                wide::single::at::add_wide_products(level, &mut z, &x, &y);
                assert_eq!(z, expected, "{level:?} {n}");
            }
            let mut z = start;
            add_wide_products(&mut z, &x, &y);
            assert_eq!(z, expected, "chosen {n}");
        }
    }
}

/// What is wiped is zero and nothing beside it is, wherever it begins and ends, with and without the caches.
#[test]
fn what_is_wiped_is_zero() {
    fn check<T: DefaultIsZeroes + FromZeros + IntoBytes + PartialEq>(one: T) {
        let long = PAST_CACHES / size_of::<T>();
        for len in [0, 1, 7, long - 1, long, long + 67] {
            for first in [0, 1, 5] {
                let mut all = vec![one; len + 11];
                wipe(&mut all[first..first + len]);
                let (wiped, is_zero) = (first..first + len, |x: &T| *x == T::default());
                assert!(all[wiped.clone()].iter().all(is_zero), "{len} from {first}");
                assert!(!all[..wiped.start].iter().chain(&all[wiped.end..]).any(is_zero), "{len} from {first}");
            }
        }
    }
    check(u64::MAX);
    check(0xff_u8);
    check(P127::from_u128(7));
}
