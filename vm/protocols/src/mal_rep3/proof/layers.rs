//! Through which layers a proof goes, and what it costs.

use super::statement::{CHUNKS, ELEMENTS};
use smpc_math::field::{Field as _, P61};
use std::sync::OnceLock;

/// Bytes of a field element, of a coin and of the hash of all coins.
pub(super) const ELEMENT: usize = P61::BYTES;
pub(super) const COIN: usize = 16;
pub(super) const HASH: usize = blake3::OUT_LEN;

const _: () =
    assert!(ELEMENTS == Arity::ThirtyTwo.elements(), "layers of 32 elements share their constants with the first one");

/// How many elements a chunk has in all layers but the first, whose chunks have 32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arity {
    /// Least work and fewest bytes.
    #[default]
    Four,
    /// Fewest rounds, for slow networks.
    ThirtyTwo,
}

impl Arity {
    /// The number.
    #[must_use]
    pub const fn elements(self) -> usize {
        match self {
            Self::Four => 4,
            Self::ThirtyTwo => 32,
        }
    }

    /// The rows of ANDs that are proven of so many: with chunks of four, fours of whole rows, of which the last ones may hold nothing but ANDs of 0 and 0.
    pub(super) const fn rows(self, rows: usize) -> usize {
        match self {
            Self::Four => rows.next_multiple_of(4),
            Self::ThirtyTwo => rows,
        }
    }
}

/// A layer: vectors of so many elements in chunks of `size`, chunk j of elements j, j + n, j + 2n, … where n is the number of chunks; missing elements are 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layer {
    pub(super) size: usize,
    pub(super) len: usize,
    /// Whether it is the last one: a chunk whose first element is a mask.
    pub(super) masked: bool,
}

impl Layer {
    pub(super) const fn chunks(self) -> usize {
        self.len.div_ceil(self.size)
    }

    /// Values that say what the polynomial of a layer is: its degree is 2λ − 2.
    pub(super) const fn values(self) -> usize {
        2 * self.size - 1
    }
}

/// The layers of a proof of so many rows of 512 ANDs: 32 elements become one, then λ become one until what is left fits a chunk beside a mask.
pub(super) fn layers(rows: usize, arity: Arity) -> Vec<Layer> {
    if rows == 0 {
        return Vec::new();
    }
    let (rows, size) = (arity.rows(rows), arity.elements());
    let mut layers = vec![Layer { size: ELEMENTS, len: rows * CHUNKS * ELEMENTS, masked: false }];
    let mut left = rows * CHUNKS;
    while left >= size {
        let layer = Layer { size, len: left, masked: false };
        left = layer.chunks();
        layers.push(layer);
    }
    layers.push(Layer { size, len: left + 1, masked: true });
    layers
}

/// Rounds of the proofs of so many ANDs, and bytes that a party sends to its left and to its right neighbour, without headers. See the module's text.
#[must_use]
pub fn cost(conjunctions: usize, arity: Arity) -> (u64, [u64; 2]) {
    let layers = layers(conjunctions.div_ceil(512), arity);
    if layers.is_empty() {
        return (0, [0; 2]);
    }
    let shares: usize = layers.iter().map(|layer| layer.values() * ELEMENT).sum();
    let both = layers.len() * COIN + claims(layers.len()) * ELEMENT;
    (2 * layers.len() as u64 + 2, [(both + shares) as u64, (both + HASH) as u64])
}

/// Elements of what verifiers tell each other of so many layers: a difference each, and two of the last value.
pub(super) const fn claims(layers: usize) -> usize {
    layers + 2
}

/// The points 0, 1, … below some number, and how values there make values elsewhere (Lagrange).
struct Grid {
    /// 1 / Π_{j ≠ k} (k − j).
    factors: Vec<P61>,
}

impl Grid {
    fn new(count: usize) -> Self {
        let element = |x: usize| P61::from_u64(x as u64);
        let factor = |k: usize| {
            let others = (0..count).filter(|j| *j != k);
            others.fold(P61::ONE, |product, j| product.mul(element(k).sub(element(j)))).inverse()
        };
        Self { factors: (0..count).map(factor).collect() }
    }

    /// L_k(r) = Π_{j ≠ k} (r − j) / (k − j): what the value at k counts for in that at r.
    fn weights(&self, r: P61) -> Vec<P61> {
        // The differences before k, from the front, and those behind it, from the back.
        let mut weights = self.factors.clone();
        let difference = |k: usize| r.sub(P61::from_u64(k as u64));
        let (mut before, mut behind) = (P61::ONE, P61::ONE);
        for k in 0..weights.len() {
            weights[k] = weights[k].mul(before);
            before = before.mul(difference(k));
            let k = weights.len() - 1 - k;
            weights[k] = weights[k].mul(behind);
            behind = behind.mul(difference(k));
        }
        weights
    }
}

/// The points of a chunk of λ elements and those of the values of G: all constants of interpolation that a layer needs.
pub(super) struct Points {
    size: usize,
    chunk: Grid,
    values: Grid,
    /// L_k at the points λ … 2λ − 2.
    beyond: Vec<Vec<P61>>,
}

impl Points {
    /// Those of the first layer; made once.
    pub(super) fn of_first() -> &'static Self {
        static FIRST: OnceLock<Points> = OnceLock::new();
        FIRST.get_or_init(|| Self::new(ELEMENTS))
    }

    /// Those of later layers; made once.
    pub(super) fn of(arity: Arity) -> &'static Self {
        static FOUR: OnceLock<Points> = OnceLock::new();
        match arity {
            Arity::Four => FOUR.get_or_init(|| Self::new(arity.elements())),
            // As many as in the first layer.
            Arity::ThirtyTwo => Self::of_first(),
        }
    }

    pub(super) fn new(size: usize) -> Self {
        let (chunk, values) = (Grid::new(size), Grid::new(2 * size - 1));
        let beyond = (size..2 * size - 1).map(|x| chunk.weights(P61::from_u64(x as u64))).collect();
        Self { size, chunk, values, beyond }
    }

    /// L_k(r): what the elements of a chunk count for in its polynomial's value at r.
    pub(super) fn weights(&self, r: P61) -> Vec<P61> {
        self.chunk.weights(r)
    }

    /// The same for the values of G.
    pub(super) fn value_weights(&self, r: P61) -> Vec<P61> {
        self.values.weights(r)
    }

    /// G(x) = Σ_j p_j(x)·q_j(x) at 0 … 2λ − 2, from C_kl = Σ_j u_jk·v_jl: as p_j(x) is Σ_k L_k(x)·u_jk, it is Σ_kl L_k(x)·L_l(x)·C_kl, and C_xx below λ.
    pub(super) fn values(&self, products: &[P61]) -> Vec<P61> {
        let at_points = (0..self.size).map(|x| products[x * (self.size + 1)]);
        let beyond = self.beyond.iter().map(|weights| {
            let rows: Vec<P61> = products.chunks(self.size).map(|row| P61::dot(row, weights)).collect();
            P61::dot(&rows, weights)
        });
        at_points.chain(beyond).collect()
    }
}

/// The point that a coin chooses: none of those of a chunk of `size` elements. Each of the others comes from as many of the 2^128 coins, but for one in 2^67 of them;
/// so there is no coin that is none.
pub(super) fn point(coin: [u8; COIN], size: usize) -> P61 {
    let others = u128::from(P61::ORDER) - size as u128;
    P61::from_u128(size as u128 + u128::from_le_bytes(coin) % others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_shrink_to_one() {
        for arity in [Arity::Four, Arity::ThirtyTwo] {
            let size = arity.elements();
            for rows in [1, 2, 3, 5, 16, 17, 100, 1000, 97_657] {
                let layers = layers(rows, arity);
                for pair in layers.windows(2) {
                    assert_eq!(pair[0].chunks() + usize::from(pair[1].masked), pair[1].len);
                    assert!(pair[0].len >= pair[0].size && !pair[0].masked);
                }
                let last = layers[layers.len() - 1];
                assert!(last.masked && last.chunks() == 1 && (2..=size).contains(&last.len));
            }
            assert!(layers(0, arity).is_empty());
        }
    }

    /// What the module's text says.
    #[test]
    fn costs_are_those_of_the_text() {
        let of = |millions: usize, arity| cost(millions * 1_000_000, arity);
        assert_eq!(of(1, Arity::Four), (22, [1264, 288]));
        assert_eq!(of(50, Arity::Four), (28, [1504, 360]));
        assert_eq!(of(1, Arity::ThirtyTwo), (12, [2656, 168]));
        assert_eq!(of(50, Arity::ThirtyTwo), (14, [3184, 192]));
        assert_eq!(cost(0, Arity::Four), (0, [0, 0]));
    }

    /// A polynomial of degree 2λ − 2 that is a product, by its values and by its factors.
    #[test]
    fn values_are_those_of_the_product() {
        let element = |i: u64| P61::from_u64(crate::conformance::data::mix(i));
        for size in [4, 32] {
            let points = Points::new(size);
            let vector = |seed: u64| -> Vec<P61> { (0..3 * size as u64).map(|i| element(seed << 32 | i)).collect() };
            let (u, v) = (vector(1), vector(2));
            let products: Vec<P61> = (0..size * size)
                .map(|n| {
                    (0..3).fold(P61::default(), |sum, j| sum.add(u[j * size + n / size].mul(v[j * size + n % size])))
                })
                .collect();
            let values = points.values(&products);
            assert_eq!(values.len(), 2 * size - 1);
            for r in [0, 1, size as u64 - 1, size as u64, 2 * size as u64 - 2, 1 << 50, P61::ORDER - 1] {
                let r = P61::from_u64(r);
                let weights = points.weights(r);
                let expected = u
                    .chunks(size)
                    .zip(v.chunks(size))
                    .fold(P61::default(), |sum, (u, v)| sum.add(P61::dot(u, &weights).mul(P61::dot(v, &weights))));
                assert_eq!(P61::dot(&values, &points.value_weights(r)), expected);
            }
        }
    }

    /// The same weights as by their definition.
    #[test]
    fn weights_are_those_of_lagrange() {
        for size in [1, 2, 4, 7, 63] {
            let points: Vec<P61> = (0..size as u64).map(P61::from_u64).collect();
            for r in [0, 2, 5, 62, 63, 1 << 40, P61::ORDER - 1].map(P61::from_u64) {
                assert_eq!(Grid::new(size).weights(r), smpc_math::field::lagrange(&points, r));
            }
        }
    }

    #[test]
    fn coins_are_points_outside_a_chunk() {
        let largest = P61::ORDER - 1;
        for size in [4, 32] {
            let of = |coin: u128| point(coin.to_le_bytes(), size).value();
            assert_eq!((of(0), of(1)), (size as u64, size as u64 + 1));
            assert_eq!(
                (of(u128::from(largest) - size as u128), of(u128::from(P61::ORDER) - size as u128)),
                (largest, size as u64)
            );
            assert!((0..1000).all(|i| of(u128::MAX / 1000 * i + i) >= size as u64));
        }
    }
}
