//! What a verifier of a proof does between messages: it keeps its share of every claim until the end.

use super::layers::{COIN, Layer, Points};
use super::vector::Vector;
use smpc_math::field::{Field as _, P61};
use subtle::{Choice, ConstantTimeEq as _};
use zeroize::Zeroizing;

/// One side of one proof.
pub(super) struct Verifier<'t> {
    /// Its vector, from the second layer on.
    pub(super) vector: Option<Vector<'t>>,
    /// The coins so far.
    pub(super) coins: Vec<[u8; COIN]>,
    /// Its share of what the values of the next layer are to add up to.
    owed: P61,
    /// Its shares of the differences so far.
    claims: Zeroizing<Vec<P61>>,
}

impl Verifier<'_> {
    /// A verifier with its share of the sum that is to be proven, for so many claims.
    pub(super) fn new(owed: P61, claims: usize) -> Self {
        Self { vector: None, coins: Vec::new(), owed, claims: Zeroizing::new(Vec::with_capacity(claims)) }
    }

    /// A layer: shares of the values of G, and then the coin's point r. Σ G(x) over the chunk's points, but for the mask's, is what is owed; from now on that is G(r).
    pub(super) fn layer(&mut self, layer: Layer, points: &Points, shares: &[P61], r: P61) {
        let sum =
            shares[usize::from(layer.masked)..layer.size].iter().fold(P61::default(), |sum, share| sum.add(*share));
        self.claims.push(sum.sub(self.owed));
        self.owed = P61::dot(shares, &points.value_weights(r));
    }

    /// What it tells the other verifier: its shares of all differences, its factor of the last value, and its share of that.
    pub(super) fn claims(mut self, weights: &[P61]) -> Zeroizing<Vec<P61>> {
        let factor = self.vector.as_ref().map_or(P61::default(), |vector| vector.value(weights));
        self.claims.extend([factor, self.owed]);
        self.claims
    }
}

/// Whether the claims of both verifiers fit: all differences are 0, and the product of the factors is the last value. Takes as long wherever they do not.
pub(super) fn fit(own: &[P61], other: &[P61]) -> Choice {
    let ([own @ .., p, own_value], [other @ .., q, other_value]) = (own, other) else { return Choice::from(0) };
    let differences = own.iter().zip(other).map(|(own, other)| own.add(*other));
    let last = p.mul(*q).sub(own_value.add(*other_value));
    let wrong = differences.chain([last]).fold(0, |wrong, difference| wrong | difference.value());
    wrong.ct_eq(&0) & own.len().ct_eq(&other.len())
}
