//! Finite fields: integers modulo the prime 2^127 − 1 and bytes, which Shamir's scheme works over, and integers modulo the prime 2^61 − 1, for proofs.

mod gf256;
pub(crate) mod p127;
pub(crate) mod p61;

pub use gf256::Gf256;
pub use p61::P61;
pub use p127::P127;

use zeroize::DefaultIsZeroes;

/// A finite field whose elements have a fixed size on the wire.
pub trait Field: Copy + Default + PartialEq + Eq + Send + Sync + DefaultIsZeroes + 'static {
    /// Bytes of an element.
    const BYTES: usize;
    /// Elements that 128 uniform bits make.
    const PER_BLOCK: usize = 16 / Self::BYTES;
    /// 1.
    const ONE: Self;

    /// The point of a party: a different one for every number below 255, and never 0.
    fn point(party: usize) -> Self;
    /// a + b.
    #[must_use]
    fn add(self, b: Self) -> Self;
    /// a − b.
    #[must_use]
    fn sub(self, b: Self) -> Self;
    /// a · b.
    #[must_use]
    fn mul(self, b: Self) -> Self;
    /// 1 / a, and 0 for 0.
    #[must_use]
    fn inverse(self) -> Self;
    /// Elements from uniform words, two words for each [`Field::PER_BLOCK`] of them.
    fn from_random(words: &[u64], out: &mut [Self]);
    /// The bytes of elements.
    fn to_bytes(elements: &[Self], out: &mut [u8]);
    /// Elements from bytes; what is no canonical element is the one that it is congruent to.
    fn from_bytes(bytes: &[u8], out: &mut [Self]);

    /// out_i + c · x_i. Both of one length.
    fn add_multiple(out: &mut [Self], c: Self, x: &[Self]) {
        out.iter_mut().zip(x).for_each(|(out, x)| *out = out.add(c.mul(*x)));
    }
    /// out_i + Σ c_k · x_k,i, where all x_k are as long.
    fn add_combination(out: &mut [Self], terms: &[(Self, &[Self])]) {
        terms.iter().for_each(|(c, x)| Self::add_multiple(out, *c, x));
    }
    /// x_i · y_i. All of one length.
    fn products(out: &mut [Self], x: &[Self], y: &[Self]) {
        out.iter_mut().zip(x.iter().zip(y)).for_each(|(out, (x, y))| *out = x.mul(*y));
    }
    /// Σ x_i · y_i.
    #[must_use]
    fn dot(x: &[Self], y: &[Self]) -> Self {
        x.iter().zip(y).fold(Self::default(), |sum, (x, y)| sum.add(x.mul(*y)))
    }
}

/// The coefficients with which the values at `from` give the one at `at`: Π_{j ≠ i} (at − x_j) / (x_i − x_j) (Lagrange). The points differ from one another.
#[must_use]
pub fn lagrange<F: Field>(from: &[F], at: F) -> Vec<F> {
    let one = |i: usize| {
        let others = from.iter().enumerate().filter(|(j, _)| *j != i);
        let (above, below) =
            others.fold((F::ONE, F::ONE), |(above, below), (_, x)| (above.mul(at.sub(*x)), below.mul(from[i].sub(*x))));
        above.mul(below.inverse())
    };
    (0..from.len()).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laws<F: Field + std::fmt::Debug>(element: impl Fn(u64) -> F) {
        for i in 0..200 {
            let (a, b, c) = (element(3 * i), element(3 * i + 1), element(3 * i + 2));
            assert_eq!(a.add(b).sub(b), a);
            assert_eq!(a.mul(b), b.mul(a));
            assert_eq!(a.mul(b).mul(c), a.mul(b.mul(c)));
            assert_eq!(a.mul(b.add(c)), a.mul(b).add(a.mul(c)));
            assert_eq!(a.mul(F::ONE), a);
            let expected = if a == F::default() { F::default() } else { F::ONE };
            assert_eq!(a.mul(a.inverse()), expected);
            let mut bytes = vec![0; F::BYTES];
            F::to_bytes(&[a], &mut bytes);
            let mut back = [F::default()];
            F::from_bytes(&bytes, &mut back);
            assert_eq!(back, [a]);
        }
        let points: Vec<F> = (0..254).map(F::point).collect();
        for (i, x) in points.iter().enumerate() {
            assert_ne!(*x, F::default());
            assert!(!points[..i].contains(x));
        }
        // A polynomial of degree 3 through four points.
        let value = |x: F| (0..4).rev().fold(F::default(), |sum, i| sum.mul(x).add(element(1000 + i)));
        let from = &points[3..7];
        for at in [F::default(), points[0], points[4], points[9]] {
            let values: Vec<F> = from.iter().map(|x| value(*x)).collect();
            assert_eq!(F::dot(&lagrange(from, at), &values), value(at));
        }
        // Vectors are their elements one by one.
        for len in [0, 1, 7, 8, 9, 64, 100, 512, 1100] {
            let (x, y): (Vec<F>, Vec<F>) = (0..len).map(|i| (element(i + 7), element(i + 5000))).unzip();
            let mut out = vec![F::default(); x.len()];
            F::products(&mut out, &x, &y);
            assert_eq!(F::dot(&x, &y), out.iter().fold(F::default(), |sum, x| sum.add(*x)));
            assert!(out.iter().zip(x.iter().zip(&y)).all(|(out, (x, y))| *out == x.mul(*y)));
            // −1 · −1, the largest products of all.
            let most = vec![F::default().sub(F::ONE); x.len()];
            assert_eq!(F::dot(&most, &most), most.iter().fold(F::default(), |sum, _| sum.add(F::ONE)));
            let before = out.clone();
            F::add_multiple(&mut out, element(77), &x);
            assert!(out.iter().zip(before.iter().zip(&x)).all(|(out, (b, x))| *out == b.add(element(77).mul(*x))));
            for count in 0..10 {
                // The largest too, as often as sums are reduced late.
                let most = F::default().sub(F::ONE);
                let c = |k: usize| if count % 2 == 0 { most } else { element(k as u64 + 50) };
                let vectors: Vec<Vec<F>> = (0..count)
                    .map(|k| (0..len).map(|i| if i % 3 == 0 { most } else { element(i * 10 + k as u64) }).collect())
                    .collect();
                let terms: Vec<(F, &[F])> = vectors.iter().enumerate().map(|(k, x)| (c(k), &x[..])).collect();
                let mut out: Vec<F> = (0..len).map(|i| if i % 2 == 0 { most } else { x[0] }).collect();
                let mut slowly = out.clone();
                F::add_combination(&mut out, &terms);
                terms.iter().for_each(|(c, x)| {
                    slowly.iter_mut().zip(*x).for_each(|(out, x)| *out = out.add(c.mul(*x)));
                });
                assert!(out == slowly, "{count} terms of {len}");
            }
        }
    }

    fn mixed(i: u64) -> u128 {
        let x = u128::from(i).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        x ^ x >> 59
    }

    #[test]
    fn all_are_fields() {
        laws(|i| match i {
            0..4 => P127::from_i64([0, 1, -1, i64::MIN][usize::try_from(i).unwrap_or(0)]),
            _ => P127::from_u128(mixed(i)),
        });
        laws(|i| match i {
            0..4 => P61::from_i64([0, 1, -1, i64::MIN][usize::try_from(i).unwrap_or(0)]),
            _ => P61::from_u128(mixed(i)),
        });
        laws(|i| Gf256(mixed(i).to_le_bytes()[3] & if i < 9 { 0 } else { 255 }));
    }
}
