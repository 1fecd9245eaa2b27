//! The first claim about many products of bits.
//!
//! Products are taken in stacks of k parts, and a part has as many of them as stay in the cache with all that is made of them. The parts of a stack are the values at k points of polynomials X and Y of degree k − 1;
//! at the same points Z = X·Y has the claimed results. With random σ_s for each stack s and τ_i for each place i of a part, the claim is
//!
//!   Σ_s Σ_i σ_s·τ_i·(X_si·Y_si − Z_si) = 0, as polynomials.
//!
//! Coefficients that are products of two miss a wrong claim at most twice as often as if they were all chosen apart, for 2 choices in as many as there are elements (Schwartz 1980, Zippel 1979), and cost
//! far less: σ_s is one for a whole part, and what comes of τ is made once, at the end. The parties make Σ στ·X·Y at k − 1 points more, and a coin says at which point the claim goes on:
//! one about the k-th part as many elements, of the extension.

use super::extension::{Coins, Ext, Extended, Plan, Vector};
use super::kept::Lanes;
use crate::shamir::Elements;
use smpc_math::field::Gf256;
use zeroize::Zeroizing;

/// Parts of a stack.
pub(super) const PARTS: usize = 16;
/// Products of a part, where there are as many.
const PLACES: usize = 1024;

/// How so many products lie in stacks.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    count: usize,
    /// Of a part.
    places: usize,
}

impl Shape {
    pub(super) fn of(len: usize) -> Self {
        // Stacks of full size lie in one segment each; a smaller one is alone.
        const { assert!(Lanes::<Gf256>::SEGMENT.is_multiple_of(PARTS * PLACES)) };
        let places = len.div_ceil(PARTS).clamp(1, PLACES);
        Self { count: len.div_ceil(PARTS * places), places }
    }

    /// Terms of the claim.
    pub(super) const fn terms(self) -> usize {
        self.count * self.places
    }
}

/// Products, and what they are combined with.
pub(super) struct Stacks<F: Extended> {
    shape: Shape,
    lanes: Lanes<F>,
    of_stacks: Vector<F>,
    of_places: Vector<F>,
}

impl<F: Extended> Stacks<F> {
    /// Uses streams 1 and 2 of the coins.
    pub(super) fn new(lanes: Lanes<F>, coins: &Coins) -> Self {
        let shape = Shape::of(lanes.len());
        let (of_stacks, of_places) = (coins.vector(1, shape.count), coins.vector(2, shape.places));
        Self { shape, lanes, of_stacks, of_places }
    }

    /// Has `each(s, [x, y, z])` see all stacks; behind the last product there are zeros.
    fn each(&self, mut each: impl FnMut(usize, [&[F]; 3])) {
        let size = PARTS * self.shape.places;
        let mut stack: [Elements<F>; 3] = std::array::from_fn(|_| Elements::zeros(size));
        for s in 0..self.shape.count {
            self.lanes.read(s * size, stack.each_mut().map(|part| &mut part[..]));
            each(s, stack.each_ref().map(|part| &part[..]));
        }
    }

    /// Σ στ·Z at the points of the parts, of shares as they are, and then Σ στ·X·Y at those beyond, of which this party has shares of degree 2t.
    pub(super) fn values(&self, plan: &Plan<F>) -> Zeroizing<Vec<Ext<F>>> {
        let places = self.shape.places;
        let mut sums: Vec<Vector<F>> = (0..2 * PARTS - 1).map(|_| Vector::zeros(F::DEGREE, places)).collect();
        let [mut at_x, mut at_y, mut product]: [Elements<F>; 3] = std::array::from_fn(|_| Elements::zeros(places));
        self.each(|s, [x, y, z]| {
            let weight = self.of_stacks.at(s);
            let (claimed, made) = sums.split_at_mut(PARTS);
            claimed.iter_mut().zip(z.chunks(places)).for_each(|(sum, z)| sum.add_scaled(0, &weight, z));
            for (sum, coefficients) in made.iter_mut().zip(&plan.more) {
                for (at, parts) in [(&mut at_x, x), (&mut at_y, y)] {
                    at.fill(F::default());
                    for (c, part) in coefficients.iter().zip(parts.chunks(places)) {
                        F::add_multiple(at, *c, part);
                    }
                }
                F::products(&mut product, &at_x, &at_y);
                sum.add_scaled(0, &weight, &product);
            }
        });
        let all = 0..places;
        sums.iter().map(|sum| sum.dot(&self.of_places, &all)).collect::<Vec<_>>().into()
    }

    /// στ·X and Y at the point where the parts have these weights.
    pub(super) fn factors(&self, weights: &[Ext<F>]) -> [Vector<F>; 2] {
        let (places, terms) = (self.shape.places, self.shape.terms());
        let [mut a, mut b] = std::array::from_fn(|_| Vector::zeros(F::DEGREE, terms));
        self.each(|s, [x, y, _]| {
            let (first, weight) = (s * places, self.of_stacks.at(s));
            let mut at_x = Vector::zeros(F::DEGREE, places);
            for (w, (x, y)) in weights.iter().zip(x.chunks(places).zip(y.chunks(places))) {
                at_x.add_scaled(0, &w.mul(weight), x);
                b.add_scaled(first, w, y);
            }
            a.write(first, &at_x.times(&self.of_places));
        });
        [a, b]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpc_math::field::Field as _;
    use smpc_math::prf::{Domain, Key, Prf};

    /// Values are shares of degree 0 of themselves, so that one party can make a claim of its own: it holds if and only if all products are right, wherever one is wrong.
    #[test]
    fn a_claim_holds_if_all_products_do() {
        let prf = |key: u8| Prf::new(&Key::new([key; 32]), &[0; 32], Domain::Proof, 0);
        for len in [1, 15, 33, PARTS * PLACES, PARTS * PLACES + 1, 3 * PARTS * PLACES - 5] {
            let [x, y] = [1, 2].map(|stream| {
                let coins = Coins::new(prf(3)).small();
                let drawn = coins.vector::<Gf256>(stream, len);
                drawn.planes().next().map(<[Gf256]>::to_vec).unwrap_or_default()
            });
            let products: Vec<Gf256> = x.iter().zip(&y).map(|(x, y)| x.mul(*y)).collect();
            for wrong in [None, Some(0), Some(len / 2), Some(len - 1)] {
                let mut z = products.clone();
                if let Some(at) = wrong {
                    z[at] = z[at].add(Gf256(5));
                }
                let mut lanes = Lanes::default();
                lanes.append([&x, &y, &z]);
                let (coins, plan) = (Coins::new(prf(4)), Plan::new(PARTS));
                let stacks = Stacks::new(lanes, &coins);
                let (values, r) = (stacks.values(&plan), Coins::new(prf(5)).point::<Gf256>());
                let c = plan.value_at(&values, &r);
                let [a, b] = stacks.factors(&plan.parts.at(&r));
                assert_eq!(a.len(), Shape::of(len).terms());
                assert_eq!(a.dot(&b, &(0..a.len())) == c, wrong.is_none(), "{len} products, {wrong:?} is wrong");
            }
        }
    }
    /// With coins of one byte a wrong product passes where one of its two coins is 0: twice in 256 times, less once in 65,536.
    #[test]
    fn short_coins_let_lies_pass_as_often_as_is_predicted() {
        const TRIES: u32 = 20_000;
        let plan = Plan::new(PARTS);
        let r = Coins::new(Prf::new(&Key::new([6; 32]), &[0; 32], Domain::Proof, 0)).point::<Gf256>();
        let passed = |number: u32| {
            let (mut key, len) = ([0; 32], 33);
            key[..4].copy_from_slice(&number.to_le_bytes());
            let coins = Coins::new(Prf::new(&Key::new(key), &[0; 32], Domain::Proof, 0)).small();
            let mut z = vec![Gf256(0); len];
            z[number as usize % len] = Gf256(7);
            let mut lanes = Lanes::default();
            lanes.append([&vec![Gf256(0); len], &vec![Gf256(9); len], &z]);
            let stacks = Stacks::new(lanes, &coins);
            let c = plan.value_at(&stacks.values(&plan), &r);
            let [a, b] = stacks.factors(&plan.parts.at(&r));
            a.dot(&b, &(0..a.len())) == c
        };
        let found = f64::from((0..TRIES).map(|number| u32::from(passed(number))).sum::<u32>());
        let mean = f64::from(TRIES) * (2.0 / 256.0 - 1.0 / 65536.0);
        println!("{found} of {TRIES} passed, {mean:.1} expected");
        assert!((found - mean).abs() <= 4.0 * mean.sqrt(), "{found} of {TRIES}, {mean} expected");
    }
}
