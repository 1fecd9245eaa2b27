//! Fields that are large enough to choose from at random: 2^127 − 1 as it is, and over bytes polynomials of degree below 8, so that a verification misses a lie with a probability of some 2^−55. Elements of the
//! small field are elements of the large one, and shares of coefficients are shares of elements.

use crate::buffer::Pooled;
use crate::shamir::Elements;
use smpc_math::field::{Field, Gf256, P127};
use smpc_math::prf::{Address, Prf};
use std::ops::Range;
use zeroize::{DefaultIsZeroes, Zeroizing};

/// Most coefficients of an element.
const MOST: usize = 8;
/// Words of randomness that are drawn at a time.
const BLOCK: usize = 256;
/// Elements of which Karatsuba's sums are made at a time.
const PIECE: usize = 512;

/// A field with an extension: polynomials modulo y^DEGREE − Σ c·y^j over the [`Extended::TAIL`]'s (j, c), which has no factor.
pub(crate) trait Extended: Field + Pooled {
    /// Coefficients of an element.
    const DEGREE: usize;
    /// What y^DEGREE is.
    const TAIL: &'static [(usize, Self)];
}

impl Extended for P127 {
    const DEGREE: usize = 1;
    const TAIL: &'static [(usize, Self)] = &[];
}

/// y^8 + y^3 + y + 14: that it has no factor is tested.
impl Extended for Gf256 {
    const DEGREE: usize = 8;
    const TAIL: &'static [(usize, Self)] = &[(3, Self(1)), (1, Self(1)), (0, Self(14))];
}

/// An element of the extension, or a share of one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ext<F>([F; MOST]);

impl<F: Extended> Default for Ext<F> {
    fn default() -> Self {
        Self::zero()
    }
}

impl<F: Extended> DefaultIsZeroes for Ext<F> {}

impl<F: Extended> Ext<F> {
    pub(crate) fn zero() -> Self {
        Self([F::default(); MOST])
    }

    /// An element of the small field.
    pub(crate) fn of(x: F) -> Self {
        let mut out = Self::zero();
        out.0[0] = x;
        out
    }

    /// From its coefficients.
    pub(crate) fn from_coefficients(x: &[F]) -> Self {
        let mut out = Self::zero();
        out.0.iter_mut().zip(x).for_each(|(out, x)| *out = *x);
        out
    }

    pub(crate) fn coefficients(&self) -> &[F] {
        &self.0[..F::DEGREE]
    }

    pub(crate) fn add(self, b: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].add(b.0[i])))
    }

    pub(crate) fn sub(self, b: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].sub(b.0[i])))
    }

    pub(crate) fn scaled(self, c: F) -> Self {
        Self(self.0.map(|x| x.mul(c)))
    }

    pub(crate) fn mul(self, b: Self) -> Self {
        let mut sum = [F::default(); 2 * MOST - 1];
        for (i, x) in self.coefficients().iter().enumerate() {
            for (j, y) in b.coefficients().iter().enumerate() {
                sum[i + j] = sum[i + j].add(x.mul(*y));
            }
        }
        Self::reduced(sum)
    }

    /// A polynomial of degree 2·DEGREE − 2 as an element.
    fn reduced(mut sum: [F; 2 * MOST - 1]) -> Self {
        for high in (F::DEGREE..2 * F::DEGREE - 1).rev() {
            for (low, c) in F::TAIL {
                let more = sum[high].mul(*c);
                sum[high - F::DEGREE + low] = sum[high - F::DEGREE + low].add(more);
            }
        }
        Self::from_coefficients(&sum[..F::DEGREE])
    }

    /// Whether it is an element of the small field that is the point of a party or 0: those at which polynomials are already known.
    fn is_small(&self) -> bool {
        let known = |x: &F| *x == F::default() || (0..255).any(|party| F::point(party) == *x);
        self.0[1..].iter().all(|x| *x == F::default()) && known(&self.0[0])
    }
}

/// Polynomials by their values at the points of the first parties.
pub(crate) struct Interpolation<F> {
    points: Vec<F>,
    /// 1 / Π_{j ≠ i} (x_i − x_j).
    weights: Vec<F>,
}

impl<F: Extended> Interpolation<F> {
    /// Those of degree below `count`.
    pub(crate) fn new(count: usize) -> Self {
        let points: Vec<F> = (0..count).map(F::point).collect();
        let weight = |i: usize| {
            let others = points.iter().enumerate().filter(|(j, _)| *j != i);
            others.fold(F::ONE, |product, (_, x)| product.mul(points[i].sub(*x))).inverse()
        };
        let weights = (0..count).map(weight).collect();
        Self { points, weights }
    }

    /// The coefficients with which the values give the one at x (Lagrange).
    pub(crate) fn at(&self, x: &Ext<F>) -> Vec<Ext<F>> {
        let from: Vec<Ext<F>> = self.points.iter().map(|point| x.sub(Ext::of(*point))).collect();
        // The products of those before, and then times those behind.
        let mut product = Ext::of(F::ONE);
        let mut all: Vec<Ext<F>> = Vec::with_capacity(from.len());
        for from in &from {
            all.push(product);
            product = product.mul(*from);
        }
        product = Ext::of(F::ONE);
        for ((all, from), weight) in all.iter_mut().zip(&from).zip(&self.weights).rev() {
            *all = all.mul(product).scaled(*weight);
            product = product.mul(*from);
        }
        all
    }
}

/// Sums of coefficients whose products make that of two elements (Karatsuba and Ofman 1962): for 2^l coefficients 3^l, in place of 4^l products. A digit of a leaf's number, to base 3, says for each power of two
/// whether it has the coefficients without that, those with it, or both.
const fn leaves<F: Extended>() -> usize {
    const { assert!(F::DEGREE.is_power_of_two()) };
    3_usize.pow(F::DEGREE.ilog2())
}

/// Has `each(place, c)` see to which coefficients of the product that of a leaf is added, c times. For a = a_0 + a_1·Y these are a_0·b_0 + ((a_0 + a_1)·(b_0 + b_1) − a_0·b_0 − a_1·b_1)·Y + a_1·b_1·Y².
fn places<F: Extended>(leaf: usize, mut each: impl FnMut(usize, F)) {
    let levels = F::DEGREE.ilog2();
    'choices: for choice in 0..F::DEGREE {
        let (mut place, mut c) = (0, F::ONE);
        for level in 0..levels {
            let half = 1 << level;
            match (leaf / 3_usize.pow(level) % 3, choice >> level & 1) {
                (2, 0) => place += half,
                (2, _) => continue 'choices,
                (digit, 0) => place += 2 * half * digit,
                _ => {
                    place += half;
                    c = F::default().sub(c);
                }
            }
        }
        each(place, c);
    }
}

/// A range in pieces of `size`, but for the last one.
pub(crate) fn blocks(range: &Range<usize>, size: usize) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    range.clone().step_by(size).map(move |start| start..end.min(start + size))
}

/// What a claim in so many parts is made shorter with.
pub(crate) struct Plan<F> {
    /// Of the parts, and of the values of their product.
    pub(crate) parts: Interpolation<F>,
    pub(crate) values: Interpolation<F>,
    /// For each point beyond those of the parts, the coefficients of these.
    pub(crate) more: Vec<Vec<F>>,
}

impl<F: Extended> Plan<F> {
    pub(crate) fn new(parts: usize) -> Self {
        let (of_parts, values) = (Interpolation::new(parts), Interpolation::new(2 * parts - 1));
        let at = |point: &F| of_parts.at(&Ext::of(*point)).iter().map(|c| c.0[0]).collect();
        let more = values.points[parts..].iter().map(at).collect();
        Self { parts: of_parts, values, more }
    }

    /// What the product is at r.
    pub(crate) fn value_at(&self, values: &[Ext<F>], r: &Ext<F>) -> Ext<F> {
        values.iter().zip(self.values.at(r)).fold(Ext::zero(), |sum, (value, weight)| sum.add(value.mul(weight)))
    }
}

/// Public randomness.
pub(crate) struct Coins {
    prf: Prf,
    /// Whether vectors are of the small field, as a test has them.
    small: bool,
}

impl Coins {
    pub(crate) const fn new(prf: Prf) -> Self {
        Self { prf, small: false }
    }

    #[cfg(test)]
    pub(crate) fn small(self) -> Self {
        Self { small: true, ..self }
    }

    /// Elements of the small field from number `first` on, a multiple of [`Field::PER_BLOCK`]; each stream is its own.
    ///
    /// # Panics
    /// Where `first` is no such multiple: elements would come twice, and lies could be fitted to them.
    pub(crate) fn elements<F: Field>(&self, stream: u64, first: usize, out: &mut [F]) {
        assert!(first.is_multiple_of(F::PER_BLOCK), "elements from the middle of a block");
        let mut words = Zeroizing::new([0; BLOCK]);
        let at_once = BLOCK / 2 * F::PER_BLOCK;
        for (n, out) in out.chunks_mut(at_once).enumerate() {
            let words = &mut words[..2 * out.len().div_ceil(F::PER_BLOCK)];
            let block = first / F::PER_BLOCK + n * BLOCK / 2;
            self.prf.fill(Address { instance: 0, step: stream, block: block as u64 }, words);
            F::from_random(words, out);
        }
    }

    /// An element at which no polynomial is known. Stream 0.
    pub(crate) fn point<F: Extended>(&self) -> Ext<F> {
        let mut drawn = [F::default(); BLOCK];
        self.elements(0, 0, &mut drawn);
        let mut elements = drawn.chunks_exact(F::DEGREE).map(Ext::from_coefficients);
        // Of a hundred draws one is fit, but for a probability that is no number.
        elements.find(|x| !x.is_small()).unwrap_or_else(Ext::zero)
    }

    /// A vector of elements. Streams from 1 on.
    pub(crate) fn vector<F: Extended>(&self, stream: u64, len: usize) -> Vector<F> {
        let mut out = Vector::zeros(F::DEGREE, len);
        self.elements(stream, 0, &mut out.x);
        if self.small {
            out.planes_mut().skip(1).for_each(|plane| plane.fill(F::default()));
        }
        out
    }
}

/// Elements of the extension, coefficient after coefficient: plane i has the coefficients of y^i. Planes that are not there are 0.
pub(crate) struct Vector<F: Extended> {
    len: usize,
    x: Elements<F>,
}

impl<F: Extended> Vector<F> {
    pub(crate) fn zeros(planes: usize, len: usize) -> Self {
        Self { len, x: Elements::zeros(planes * len) }
    }

    /// Elements of the small field.
    pub(crate) const fn small(len: usize, x: Elements<F>) -> Self {
        Self { len, x }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn planes(&self) -> impl Iterator<Item = &[F]> {
        self.x.chunks_exact(self.len.max(1))
    }

    fn planes_mut(&mut self) -> impl Iterator<Item = &mut [F]> {
        self.x.chunks_exact_mut(self.len.max(1))
    }

    pub(crate) fn at(&self, i: usize) -> Ext<F> {
        let mut out = Ext::zero();
        out.0.iter_mut().zip(self.planes()).for_each(|(out, plane)| *out = plane[i]);
        out
    }

    pub(crate) fn set(&mut self, i: usize, x: &Ext<F>) {
        self.planes_mut().zip(&x.0).for_each(|(plane, x)| plane[i] = *x);
    }

    /// Whether it has several planes, and all of them.
    fn is_whole(&self) -> bool {
        F::DEGREE > 1 && self.x.len() == F::DEGREE * self.len
    }

    /// Σ a_i · b_i over some of the elements of each.
    pub(crate) fn dot(&self, other: &Self, range: &Range<usize>) -> Ext<F> {
        let mut sum = [F::default(); 2 * MOST - 1];
        if self.is_whole() && other.is_whole() {
            let mut sums = Zeroizing::new(vec![F::default(); leaves::<F>()]);
            for at in blocks(range, PIECE) {
                let [a, b] = [self, other].map(|vector| vector.sums_of_planes(&at));
                let both = a.chunks_exact(at.len()).zip(b.chunks_exact(at.len()));
                sums.iter_mut().zip(both).for_each(|(sum, (a, b))| *sum = sum.add(F::dot(a, b)));
            }
            for (leaf, product) in sums.iter().enumerate() {
                places::<F>(leaf, |place, c| sum[place] = sum[place].add(c.mul(*product)));
            }
        } else {
            for (i, a) in self.planes().enumerate() {
                for (j, b) in other.planes().enumerate() {
                    sum[i + j] = sum[i + j].add(F::dot(&a[range.clone()], &b[range.clone()]));
                }
            }
        }
        Ext::reduced(sum)
    }

    /// Σ a_i · b_i for elements b of the small field, as many as there are.
    pub(crate) fn dot_small(&self, b: &[F]) -> Ext<F> {
        let mut sum = Ext::zero();
        sum.0.iter_mut().zip(self.planes()).for_each(|(sum, plane)| *sum = F::dot(&plane[..b.len()], b));
        sum
    }

    /// The products, element by element.
    pub(crate) fn times(&self, other: &Self) -> Self {
        let mut sums: Vec<Elements<F>> = (0..2 * F::DEGREE - 1).map(|_| Elements::zeros(self.len)).collect();
        let mut product: Elements<F> = Elements::zeros(self.len);
        if self.is_whole() && other.is_whole() && self.len > 0 {
            let [a, b] = [self, other].map(|vector| vector.sums_of_planes(&(0..self.len)));
            for (leaf, (a, b)) in a.chunks_exact(self.len).zip(b.chunks_exact(self.len)).enumerate() {
                F::products(&mut product, a, b);
                places::<F>(leaf, |place, c| F::add_multiple(&mut sums[place], c, &product));
            }
        } else {
            for (i, a) in self.planes().enumerate() {
                for (j, b) in other.planes().enumerate() {
                    F::products(&mut product, a, b);
                    F::add_multiple(&mut sums[i + j], F::ONE, &product);
                }
            }
        }
        for high in (F::DEGREE..2 * F::DEGREE - 1).rev() {
            for (low, c) in F::TAIL {
                let (sums, above) = sums.split_at_mut(high);
                F::add_multiple(&mut sums[high - F::DEGREE + low], *c, &above[0]);
            }
        }
        Self { len: self.len, x: Elements::concat(sums[..F::DEGREE].iter().map(|sum| &sum[..])) }
    }

    /// Of some of the elements, the sums of planes whose products are Karatsuba's, one after the other.
    fn sums_of_planes(&self, range: &Range<usize>) -> Elements<F> {
        let len = range.len();
        let mut out = Elements::zeros(leaves::<F>() * len);
        for (i, plane) in self.planes().enumerate() {
            // The bits of i as digits to base 3.
            let leaf = (0..F::DEGREE.ilog2()).fold(0, |leaf, bit| leaf + (i >> bit & 1) * 3_usize.pow(bit));
            out[leaf * len..][..len].copy_from_slice(&plane[range.clone()]);
        }
        for leaf in 0..leaves::<F>() {
            let power = (0..F::DEGREE.ilog2()).map(|bit| 3_usize.pow(bit)).find(|power| leaf / power % 3 == 2);
            if let Some(power) = power {
                let (done, rest) = out.split_at_mut(leaf * len);
                for half in [leaf - power, leaf - 2 * power] {
                    F::add_multiple(&mut rest[..len], F::ONE, &done[half * len..][..len]);
                }
            }
        }
        out
    }

    /// Adds multiples of parts of another vector, of as many planes, to the elements from `first` on. The parts are as long as the first of them, and the last may be shorter.
    pub(crate) fn add_small_multiples(&mut self, first: usize, c: &[F], x: &Self, parts: &[Range<usize>]) {
        let len = parts.first().map_or(0, Range::len);
        let whole = parts.iter().take_while(|part| part.len() == len).count();
        for (to, from) in self.planes_mut().zip(x.planes()) {
            let terms: Vec<(F, &[F])> = c.iter().zip(parts).map(|(c, part)| (*c, &from[part.clone()])).collect();
            let (whole, shorter) = terms.split_at(whole);
            F::add_combination(&mut to[first..first + len], whole);
            for (c, x) in shorter {
                F::add_multiple(&mut to[first..first + x.len()], *c, x);
            }
        }
    }

    /// Adds c times elements of the small field to those from `first` on; this one has all planes.
    pub(crate) fn add_scaled(&mut self, first: usize, c: &Ext<F>, x: &[F]) {
        for (to, c) in self.planes_mut().zip(c.coefficients()) {
            F::add_multiple(&mut to[first..first + x.len()], *c, x);
        }
    }

    /// Adds c times some elements of another vector to those from `first` on; this one has all planes.
    pub(crate) fn add_multiple(&mut self, first: usize, c: &Ext<F>, x: &Self, range: &Range<usize>) {
        let mut y = [F::default(); MOST];
        y[usize::from(F::DEGREE > 1)] = F::ONE;
        let mut shifted = *c;
        for from in x.planes() {
            self.add_scaled(first, &shifted, &from[range.clone()]);
            shifted = shifted.mul(Ext(y));
        }
    }

    /// As [`Self::add_small_multiples`], times elements of the extension; this one has all planes.
    pub(crate) fn add_multiples(&mut self, first: usize, c: &[Ext<F>], x: &Self, parts: &[Range<usize>]) {
        if F::DEGREE == 1 {
            let c: Vec<F> = c.iter().map(|c| c.0[0]).collect();
            return self.add_small_multiples(first, &c, x, parts);
        }
        c.iter().zip(parts).for_each(|(c, part)| self.add_multiple(first, c, x, part));
    }

    /// Writes elements over those from `first` on; both have all planes.
    pub(crate) fn write(&mut self, first: usize, x: &Self) {
        for (to, from) in self.planes_mut().zip(x.planes()) {
            to[first..first + from.len()].copy_from_slice(from);
        }
    }

    /// One after another, with as many planes as any of them has.
    pub(crate) fn concat(mut parts: Vec<Self>) -> Self {
        if parts.len() == 1
            && let Some(only) = parts.pop()
        {
            return only;
        }
        let planes = parts.iter().map(|part| part.planes().count()).max().unwrap_or(0);
        let mut out = Self::zeros(planes, parts.iter().map(|part| part.len).sum());
        let mut first = 0;
        for part in &parts {
            for (to, from) in out.planes_mut().zip(part.planes()) {
                to[first..first + part.len].copy_from_slice(from);
            }
            first += part.len;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type E = Ext<Gf256>;

    /// x^(256^times).
    fn frobenius(x: E, times: u32) -> E {
        (0..8 * times).fold(x, |x, _| x.mul(x))
    }

    /// The polynomial has no factor: y^(256^8) = y, so that all of its factors are different and have degrees that divide 8; and y^(256^4) − y is 0 modulo none of them (Rabin 1980).
    #[test]
    fn the_extension_of_bytes_is_a_field() {
        let y = Ext::from_coefficients(&[Gf256(0), Gf256(1)]);
        assert!(frobenius(y, 8) == y);
        let z = frobenius(y, 4).sub(y);
        // z^(256^8 − 1): the product of z^(255 · 256^i).
        let power = (0..8).fold(E::of(Gf256::ONE), |product, i| {
            let mut power = E::of(Gf256::ONE);
            (0..255).for_each(|_| power = power.mul(frobenius(z, i)));
            product.mul(power)
        });
        assert!(power == E::of(Gf256::ONE));
    }

    #[test]
    fn vectors_are_their_elements() {
        let coins =
            Coins::new(Prf::new(&smpc_math::prf::Key::new([5; 32]), &[0; 32], smpc_math::prf::Domain::Proof, 0));
        fn of<F: Extended>(coins: &Coins) {
            let (a, b): (Vector<F>, Vector<F>) = (coins.vector(1, 9), coins.vector(2, 9));
            let product = a.times(&b);
            let range = 2..7;
            let sum = range.clone().fold(Ext::zero(), |sum, i| sum.add(a.at(i).mul(b.at(i))));
            assert!(a.dot(&b, &range) == sum && (0..9).all(|i| product.at(i) == a.at(i).mul(b.at(i))));
            let c = coins.point::<F>();
            let mut out = coins.vector::<F>(3, 5);
            let before = coins.vector::<F>(3, 5);
            out.add_multiple(0, &c, &a, &range);
            assert!((0..5).all(|i| out.at(i) == before.at(i).add(c.mul(a.at(i + 2)))));
            let small = coins.vector::<F>(4, 3);
            let small = small.planes().next().expect("a plane");
            out.add_scaled(1, &c, small);
            let scaled = |i: usize| if (1..4).contains(&i) { c.scaled(small[i - 1]) } else { Ext::zero() };
            assert!((0..5).all(|i| out.at(i) == before.at(i).add(c.mul(a.at(i + 2))).add(scaled(i))));
            // Parts, the last of them shorter; one by one is as good.
            let parts = [0..3, 3..6, 6..8];
            let c = [coins.point::<F>(), c, Ext::of(F::ONE)];
            let firsts: Vec<F> = c.iter().map(|c| c.0[0]).collect();
            let [mut of_all, mut of_firsts] = [(); 2].map(|()| coins.vector::<F>(3, 5));
            of_all.add_multiples(1, &c, &a, &parts);
            of_firsts.add_small_multiples(1, &firsts, &a, &parts);
            for i in 0..5 {
                let mut expected = [before.at(i); 2];
                for (c, part) in c.iter().zip(&parts).filter(|(_, part)| (1..=part.len()).contains(&i)) {
                    let x = a.at(part.start + i - 1);
                    expected = [expected[0].add(c.mul(x)), expected[1].add(x.scaled(c.0[0]))];
                }
                assert!(of_all.at(i) == expected[0] && of_firsts.at(i) == expected[1]);
            }
            let c = c[1];
            // Of vectors without all planes products are made one by one.
            let of_small = Vector::small(3, Elements::of(small));
            let first = coins.vector::<F>(1, 9);
            let mut three = Vector::zeros(F::DEGREE, 3);
            (0..3).for_each(|i| three.set(i, &first.at(i)));
            let (some, in_place) = (three.times(&of_small), three.dot(&of_small, &(0..3)));
            assert!((0..3).all(|i| some.at(i) == a.at(i).scaled(small[i])));
            assert!(in_place == (0..3).fold(Ext::zero(), |sum, i| sum.add(a.at(i).scaled(small[i]))));
            let long: [Vector<F>; 2] = [5, 6].map(|stream| coins.vector(stream, 2 * PIECE + 3));
            let range = 1..2 * PIECE + 2;
            let sum = range.clone().fold(Ext::zero(), |sum, i| sum.add(long[0].at(i).mul(long[1].at(i))));
            assert!(long[0].dot(&long[1], &range) == sum);
            // A polynomial of degree 2 through three points.
            let value = |x: &Ext<F>| a.at(0).add(a.at(1).mul(*x)).add(a.at(2).mul(x.mul(*x)));
            let Plan { parts, more, .. } = Plan::<F>::new(3);
            let from: Vec<Ext<F>> = parts.points.iter().map(|x| value(&Ext::of(*x))).collect();
            let at_c = from.iter().zip(parts.at(&c)).fold(Ext::zero(), |sum, (x, w)| sum.add(x.mul(w)));
            assert!(at_c == value(&c));
            for (k, weights) in (3..).zip(&more) {
                let at = from.iter().zip(weights).fold(Ext::zero(), |sum, (x, w)| sum.add(x.scaled(*w)));
                assert!(at == value(&Ext::of(F::point(k))));
            }
        }
        of::<Gf256>(&coins);
        of::<P127>(&coins);
    }
}
