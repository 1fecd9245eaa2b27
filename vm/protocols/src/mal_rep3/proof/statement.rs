//! What is proven of an AND, as an inner product over the field of p = 2^61 − 1.
//!
//! P_i has sent z_i = x_i·y_i ⊕ x_i·y_{i+1} ⊕ x_{i+1}·y_i ⊕ ρ_i ⊕ ρ_{i+1} to P_{i−1}. With
//!
//! ```text
//! a = x_i, c = y_i, e = x_i·y_i ⊕ z_i ⊕ ρ_i      which P_{i−1}, the left verifier, knows as well,
//! b = y_{i+1}, d = x_{i+1}, f = ρ_{i+1}           which P_{i+1}, the right verifier, knows as well,
//! ```
//!
//! z_i is right if and only if ab ⊕ cd ⊕ e ⊕ f = 0. Of bits, (−1)^s = 1 − 2s and s ⊕ t = s + t − 2st, so that with
//!
//! ```text
//! g = (1 − 2e) · (−2ac, c, a, −½),   h = (1 − 2f) · (bd, d, b, 1)
//! ⟨g, h⟩ = −½ · (−1)^(ab ⊕ cd ⊕ e ⊕ f)
//! ```
//!
//! is −½ for a right z_i and ½ for a wrong one. Over m ANDs the sum is −m/2 plus the number of wrong ones; as m is below p, it is −m/2 only where none is: no random
//! combination of the ANDs is needed (Boyle, Gilboa, Ishai and Nof, "Practical fully secure three-party computation via sublinear distributed zero-knowledge
//! proofs", CCS 2019; with these vectors Li, Duan, Huang, Hong, Zhang and Song, "Efficient 3PC for binary circuits with application to maliciously-secure
//! DNN inference", USENIX Security 2023).
//!
//! Eight ANDs make a chunk of 32 elements, and a row of 512 has 64 chunks: the j-th one has bit j of each word, and element 4w + k is component k of word w. Elements
//! have few values, so nothing is multiplied here: sums of products are counts, and sums over a chunk come from tables.

use super::transcript::KEPT;
use crate::bits::Row;
use smpc_math::field::{Field as _, P61};
use smpc_math::planes::ROW_WORDS;
use smpc_math::simd::{Counts, PairTables};
use zeroize::Zeroizing;

/// Components of g and h.
const COMPONENTS: usize = 4;
/// Elements of a chunk.
pub(super) const ELEMENTS: usize = ROW_WORDS * COMPONENTS;
/// Chunks of a row.
pub(super) const CHUNKS: usize = 64;

/// Bits that a verifier and the prover know: (a, c, e) or (b, d, f).
pub(super) type Triple = [Row; 3];

/// The bits that P_i and its left verifier know, in P_i's proof at P_i: what it has sent is what it should have.
pub(super) fn own_left([xa, xb, ya, yb, _, right, _]: &[Row; KEPT]) -> Triple {
    [*xa, *ya, std::array::from_fn(|w| xa[w] & yb[w] ^ ya[w] & xb[w] ^ right[w])]
}

/// The bits that P_i and its right verifier know, in P_i's proof at P_i.
pub(super) fn own_right([_, xb, _, yb, _, right, _]: &[Row; KEPT]) -> Triple {
    [*yb, *xb, *right]
}

/// The bits that P_{i+1} and its left verifier know, at P_i.
pub(super) fn next_left([_, xb, _, yb, _, right, z]: &[Row; KEPT]) -> Triple {
    [*xb, *yb, std::array::from_fn(|w| xb[w] & yb[w] ^ right[w] ^ z[w])]
}

/// The bits that P_{i−1} and its right verifier know, at P_i.
pub(super) fn previous_right([xa, _, ya, _, left, _, _]: &[Row; KEPT]) -> Triple {
    [*ya, *xa, *left]
}

/// The left vector's factors of (ac, c, a, 1).
pub(super) fn left_factors() -> [P61; COMPONENTS] {
    [P61::from_i64(-2), P61::ONE, P61::ONE, P61::from_i64(-2).inverse()]
}

/// The right vector's factors of (bd, d, b, 1).
pub(super) const fn right_factors() -> [P61; COMPONENTS] {
    [P61::ONE; COMPONENTS]
}

/// What the sum over rows of honest ANDs is.
pub(super) fn honest_sum(rows: usize) -> P61 {
    // Half of 512 each.
    P61::default().sub(P61::from_u64(256 * rows as u64))
}

/// The sums of products of elements k and l of all chunks, by row k, from the counts of their bits.
pub(super) fn products(counts: &Counts) -> Zeroizing<Vec<P61>> {
    let (left, right) = (left_factors(), right_factors());
    let index = |n: usize| (n / COMPONENTS, n % COMPONENTS);
    let each = (0..ELEMENTS * ELEMENTS).map(|n| {
        let ((v, i), (w, j)) = (index(n / ELEMENTS), index(n % ELEMENTS));
        left[i].mul(right[j]).mul(P61::from_i64(counts[v][i][j][w]))
    });
    Zeroizing::new(each.collect())
}

/// Tables that give Σ weight · element over a chunk: an entry is the sum of eight elements.
pub(super) fn tables(factors: [P61; COMPONENTS], weights: &[P61]) -> PairTables {
    // Component k of an AND whose bits are in a word's place of an index.
    let component = |index: usize, place: usize, k: usize| {
        let [a, c, e] = [0, 2, 4].map(|row| index >> (row + place) & 1);
        let value = factors[k].mul(P61::from_u64([a & c, c, a, 1][k] as u64));
        if e == 0 { value } else { P61::default().sub(value) }
    };
    std::array::from_fn(|pair| {
        std::array::from_fn(|index| {
            let terms = (0..2 * COMPONENTS).map(|n| {
                let weight = weights[pair * 2 * COMPONENTS + n];
                component(index, n / COMPONENTS, n % COMPONENTS).mul(weight)
            });
            terms.fold(P61::default(), P61::add)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpc_math::simd;

    fn row(bit: usize) -> Row {
        [(bit as u64 & 1).wrapping_neg(); ROW_WORDS]
    }

    /// ⟨g, h⟩ of an AND, by the tables: weight 1 for one component at a time.
    fn inner(first: &Triple, second: &Triple, word: usize, column: usize) -> P61 {
        (0..COMPONENTS).fold(P61::default(), |sum, k| {
            let mut weights = [P61::default(); ELEMENTS];
            weights[word * COMPONENTS + k] = P61::ONE;
            let element = |factors, triple| {
                let mut out = [P61::default(); CHUNKS];
                simd::look_up_columns(&mut out, triple, &tables(factors, &weights));
                out[column]
            };
            sum.add(element(left_factors(), first).mul(element(right_factors(), second)))
        })
    }

    /// The identity, for all bits of an AND.
    #[test]
    fn the_inner_product_says_whether_an_and_is_right() {
        let half = P61::from_i64(2).inverse();
        for bits in 0..64 {
            let [a, b, c, d, e, f] = std::array::from_fn(|i| bits >> i & 1);
            let wrong = (a & b ^ c & d ^ e ^ f) == 1;
            let found = inner(&[row(a), row(c), row(e)], &[row(b), row(d), row(f)], bits % 8, bits);
            assert_eq!(found, if wrong { half } else { P61::default().sub(half) }, "{bits:06b}");
        }
    }

    /// What the two sides of a proof derive from what they keep makes an honest AND right and a wrong one wrong, for all components and masks.
    #[test]
    fn all_roles_speak_of_the_same_and() {
        for bits in 0..1 << 10 {
            let bit = |n: usize| row(bits >> n);
            let (x, y, masks) = ([0, 1, 2].map(bit), [3, 4, 5].map(bit), [6, 7, 8].map(bit));
            let lie = bits >> 9 & 1 == 1;
            let z = |i: usize| -> Row {
                let n = (i + 1) % 3;
                let sent = |w: usize| x[i][w] & (y[i][w] ^ y[n][w]) ^ x[n][w] & y[i][w] ^ masks[i][w] ^ masks[n][w];
                std::array::from_fn(|w| sent(w) ^ if lie { u64::MAX } else { 0 })
            };
            let kept = |i: usize| {
                let n = (i + 1) % 3;
                [x[i], x[n], y[i], y[n], masks[i], masks[n], z(n)]
            };
            for prover in 0..3 {
                let [own, left, right] = [prover, (prover + 2) % 3, (prover + 1) % 3].map(kept);
                let (first, second) = (next_left(&left), previous_right(&right));
                let [a, c, e] = first.map(|row| row[0]);
                let [b, d, f] = second.map(|row| row[0]);
                assert_eq!(a & b ^ c & d ^ e ^ f, if lie { u64::MAX } else { 0 });
                assert_eq!(own_right(&own), second);
                assert_eq!(own_left(&own) == first, !lie);
            }
        }
    }

    /// Counts say what sums of products of looked-up elements are.
    #[test]
    fn counts_are_sums_of_products() {
        let triple = |seed: u64| -> Triple {
            std::array::from_fn(|r| {
                std::array::from_fn(|w| crate::conformance::data::mix(seed << 8 | (r as u64) << 4 | w as u64))
            })
        };
        let (first, second) = (triple(1), triple(2));
        let mut counts = Counts::default();
        simd::count_products(&mut counts, &first, &second);
        let matrix = products(&counts);
        let elements = |factors, triple: &Triple, k: usize| -> Vec<P61> {
            let mut weights = [P61::default(); ELEMENTS];
            weights[k] = P61::ONE;
            let mut out = [P61::default(); CHUNKS];
            simd::look_up_columns(&mut out, triple, &tables(factors, &weights));
            out.to_vec()
        };
        for k in 0..ELEMENTS {
            for l in 0..ELEMENTS {
                let (u, v) = (elements(left_factors(), &first, k), elements(right_factors(), &second, l));
                assert_eq!(matrix[k * ELEMENTS + l], P61::dot(&u, &v), "{k} {l}");
            }
        }
    }
}
