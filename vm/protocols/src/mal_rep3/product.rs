//! Products, and the tags that go with them.
//!
//! A product is that of `rep3`, over Z_2^128: z_i = x_i·(y_i + y_{i+1}) + x_{i+1}·y_i + α_i under a fresh sharing of zero, which P_{i−1} is told. A cheater can add a number of
//! its choice to the product and nothing else. So the tag of the product is a product too, αx times y, and what was added to the one and to the other fits only for who
//! knows α (Chida, Genkin, Hamada, Ikarashi, Kikuchi, Lindell and Nof, "Fast large-scale honest-majority MPC for malicious adversaries", CRYPTO 2018; over a ring with
//! as many bits more Abspoel, Dalskov, Escudero and Nof, "An efficient passive-to-active compiler for honest-majority MPC over rings", ACNS 2021). Sums of products
//! are masked and sent once, whatever their length.

use super::MalRep3;
use super::matrix::some_rows;
use super::share::{Arith, Element, Held, Pair, element, number, part};
use crate::buffer::Words;
use crate::executor::Cx;
use crate::keys::{Source, Step};
use crate::matrix::Ahead;
use crate::message::{BLOCK, from_bytes, to_bytes};
use crate::piece::{Incoming, Outgoing};
use smpc_math::prf::Domain;
use smpc_math::simd;
use std::cell::RefCell;
use zeroize::Zeroizing;

/// Bytes of an element.
pub(crate) const BYTES: usize = size_of::<Element>();
/// Elements that are made at a time.
const ELEMENTS: usize = BLOCK / 2;

/// Lanes of products that are made at a time.
pub(crate) const LANES: usize = 256;

/// Writes this party's summands of a vector, from a lane on.
pub(crate) type Term<'x> = &'x dyn Fn(usize, &mut [Element]);
/// Adds them, and those of the tags, to zeros.
pub(crate) type Terms<'x> = &'x dyn Fn(usize, &mut [Element], &mut [Element]);

/// A left factor: what a party holds of the number and of its tag.
#[derive(Clone, Copy)]
pub(crate) struct Factor {
    value: [u128; 2],
    tag: [u128; 2],
}

/// That of a lane.
pub(crate) fn factor(x: &Arith, lane: usize) -> Factor {
    let of = |held: &Held| held.each_ref().map(|x| number(x[lane]));
    Factor { value: of(&x.value), tag: of(&x.tag) }
}

/// What a party adds to the product of a number and of its tag with y.
pub(crate) fn both(x: Factor, [ya, yb]: [u128; 2]) -> [u128; 2] {
    let sum = ya.wrapping_add(yb);
    [x.value, x.tag].map(|[a, b]| a.wrapping_mul(sum).wrapping_add(b.wrapping_mul(ya)))
}

/// Two sums, number and tag.
pub(crate) fn plus(x: [u128; 2], y: [u128; 2]) -> [u128; 2] {
    [x[0].wrapping_add(y[0]), x[1].wrapping_add(y[1])]
}

/// The factors of products, lane by lane.
fn factors<'x>([value, tag]: [Pair<'x>; 2], [ya, yb]: Pair<'x>) -> impl Iterator<Item = (Factor, [u128; 2])> {
    let values = value[0].iter().zip(value[1]);
    let tags = tag[0].iter().zip(tag[1]);
    values.zip(tags).zip(ya.iter().zip(yb)).map(|(((va, vb), (ta, tb)), (ya, yb))| {
        let factor = Factor { value: [number(*va), number(*vb)], tag: [number(*ta), number(*tb)] };
        (factor, [number(*ya), number(*yb)])
    })
}

/// Components in the order of the kernels: number and tag, of either.
fn by_component([value, tag]: [Pair<'_>; 2]) -> [simd::Tagged<'_>; 2] {
    [[value[0], tag[0]], [value[1], tag[1]]]
}

/// x·y of what this party holds: the sum over all three is the product.
pub(crate) fn local([xa, xb]: [Element; 2], [ya, yb]: [Element; 2]) -> u128 {
    let (xa, ya) = (number(xa), number(ya));
    xa.wrapping_mul(ya.wrapping_add(number(yb))).wrapping_add(number(xb).wrapping_mul(ya))
}

/// The same, lane by lane.
pub(crate) fn cross(out: &mut [Element], [xa, xb]: Pair<'_>, [ya, yb]: Pair<'_>) {
    let factors = xa.iter().zip(xb).zip(ya.iter().zip(yb));
    out.iter_mut().zip(factors).for_each(|(z, ((xa, xb), (ya, yb)))| *z = element(local([*xa, *xb], [*ya, *yb])));
}

impl<S: Source> MalRep3<S> {
    /// Elements `first ..` of a step, under the key of this party's left component, or of its right one.
    pub(crate) fn elements(&self, right: bool, at: Step, first: usize, out: &mut [Element]) {
        self.rep3.mask_words(self.me + usize::from(right), at, 2 * first, out.as_flattened_mut());
    }

    /// Room for a component of the coefficients of lanes that are worked on at a time.
    pub(crate) fn room(&self, lanes: usize) -> Words {
        Words::zeros(if self.dry { 0 } else { lanes.min(LANES) })
    }

    /// A component of the coefficients ρ of lanes `first ..`, as many as there is room for. Coefficients have as many bits as tags have more than numbers: a product of one with an error
    /// is 0 no more often than if it had all of them (Cramer, Damgård, Escudero, Scholl and Xing, "SPDZ2k", CRYPTO 2018, choose so).
    pub(crate) fn coefficients(&self, right: bool, at: Step, first: usize, out: &mut [u64]) {
        self.rep3.mask_words(self.me + usize::from(right), at, first, out);
    }

    /// This party's summands of Σ ρ·z that have its left component of z: (ρ_i + ρ_{i+1})·z_i.
    pub(crate) fn sum_of_left(rho: [&[u64]; 2], z: &[Element]) -> u128 {
        rho.iter().fold(0, |sum, rho| sum.wrapping_add(simd::weighted_sum(rho, z)))
    }

    /// Those that have its right one: ρ_i·z_{i+1}.
    pub(crate) fn sum_of_right(rho: &[u64], z: &[Element]) -> u128 {
        simd::weighted_sum(rho, z)
    }

    /// Adds this party's part of a sharing of zero to elements `first ..` of a message, and writes them to `out`.
    fn mask(&self, at: Step, first: usize, own: &mut [Element], out: &mut [u8]) {
        let mut masks = Zeroizing::new([[0; 2]; ELEMENTS]);
        for (n, (own, out)) in own.chunks_mut(ELEMENTS).zip(out.chunks_mut(ELEMENTS * BYTES)).enumerate() {
            let masks = &mut masks[..own.len()];
            for right in [false, true] {
                self.elements(right, at, first + n * ELEMENTS, masks);
                for (own, mask) in own.iter_mut().zip(&*masks) {
                    let mask = if right { number(*mask).wrapping_neg() } else { number(*mask) };
                    *own = element(number(*own).wrapping_add(mask));
                }
            }
            to_bytes(own.as_flattened(), out);
        }
    }

    /// Gives the parties' summands of a vector fresh masks and makes them components. One round, 16 bytes a lane from each party. Uses step `step`.
    pub(crate) async fn reshare(&self, cx: Cx<'_>, step: u64, lanes: usize, term: Term<'_>) -> Held {
        cx.count_blocks(lanes as u64 + 1);
        let at = Step::new(cx.tape(), step, Domain::Arith);
        let mut held = self.held(lanes);
        let [own, received] = &mut held;
        let mut produce = |at_byte: usize, out: &mut [u8]| {
            let own = &mut own[at_byte / BYTES..][..out.len() / BYTES];
            term(at_byte / BYTES, own);
            self.mask(at, at_byte / BYTES, own, out);
        };
        let mut consume = |at_byte: usize, bytes: &[u8]| {
            from_bytes(bytes, received[at_byte / BYTES..].as_flattened_mut());
        };
        cx.exchange(
            &mut [Outgoing::new(self.previous(), lanes * BYTES, &mut produce)],
            &mut [Incoming::new(self.next(), lanes * BYTES, &mut consume)],
        )
        .await;
        held
    }

    /// A vector of which each party can make its summands, and those of its tag: one round, 32 bytes a lane from each party. It is verified later, and what that takes is added up while
    /// the lanes are in the cache. `left` is the vector whose tags the new ones are made of.
    pub(crate) async fn tagged(&self, cx: Cx<'_>, lanes: usize, left: &Arith, terms: Terms<'_>) -> Arith {
        cx.count_blocks(2 * lanes as u64 + 1);
        let [at, coefficients_at] = [Domain::Arith, Domain::Coefficient].map(|domain| Step::new(cx.tape(), 0, domain));
        let mut z = self.arith(lanes);
        let ([value, received], [tag, received_tag]) = (&mut z.value, &mut z.tag);
        let mut masks = [self.wide(2 * lanes.min(LANES)), self.wide(2 * lanes.min(LANES))];
        let (mut of_left, mut of_right) = ([0; 2], [0; 2]);
        // ρ_i is made anew when the right component comes, which may be long after.
        let (mut rho, mut rho_again) = ([self.room(lanes), self.room(lanes)], self.room(lanes));
        let mut produce = |at_byte: usize, out: &mut [u8]| {
            for (n, out) in out.chunks_mut(LANES * 2 * BYTES).enumerate() {
                let (first, count) = (at_byte / (2 * BYTES) + n * LANES, out.len() / (2 * BYTES));
                let (value, tag) = (&mut value[first..first + count], &mut tag[first..first + count]);
                terms(first, value, tag);
                for (right, masks) in [false, true].into_iter().zip(&mut masks) {
                    self.elements(right, at, 2 * first, &mut masks[..2 * count]);
                }
                let [plus_masks, minus_masks] = masks.each_ref().map(|masks| masks[..2 * count].as_chunks().0);
                simd::mask_tagged([value, tag], plus_masks, minus_masks, out);
                for (right, rho) in [false, true].into_iter().zip(&mut rho) {
                    self.coefficients(right, coefficients_at, first, &mut rho[..count]);
                }
                let rho = rho.each_ref().map(|rho| &rho[..count]);
                of_left = plus(of_left, [value, tag].map(|z| Self::sum_of_left(rho, z)));
            }
        };
        let mut consume = |at_byte: usize, bytes: &[u8]| {
            for (n, bytes) in bytes.chunks(LANES * 2 * BYTES).enumerate() {
                let (first, count) = (at_byte / (2 * BYTES) + n * LANES, bytes.len() / (2 * BYTES));
                let (value, tag) = (&mut received[first..first + count], &mut received_tag[first..first + count]);
                simd::read_tagged([value, tag], bytes);
                let rho = &mut rho_again[..count];
                self.coefficients(false, coefficients_at, first, rho);
                of_right = plus(of_right, [value, tag].map(|z| Self::sum_of_right(rho, z)));
            }
        };
        cx.exchange(
            &mut [Outgoing::new(self.previous(), lanes * 2 * BYTES, &mut produce)],
            &mut [Incoming::new(self.next(), lanes * 2 * BYTES, &mut consume)],
        )
        .await;
        self.owed.borrow_mut().add(lanes, plus(of_left, of_right));
        z.batch = self.batch();
        self.owe_again(cx, 1, left);
        z
    }

    /// The tag of a vector that is shared already: α times it. One round, 16 bytes a lane from each party. Uses step `step`, of the coefficients too.
    pub(crate) async fn tag_of(&self, cx: Cx<'_>, step: u64, lanes: usize, value: Pair<'_>) -> Held {
        let key = *self.key;
        let term = |first: usize, out: &mut [Element]| {
            let lanes = out.iter_mut().zip(value[0][first..].iter().zip(&value[1][first..]));
            lanes.for_each(|(z, (a, b))| *z = element(local(key.map(element), [*a, *b])));
        };
        self.reshare_owed(cx, step, lanes, &term, Some(value)).await
    }

    /// A vector that is 0 if nobody has lied, and is verified to be. Cost and steps as of [`Self::tag_of`].
    pub(crate) async fn zeros(&self, cx: Cx<'_>, step: u64, lanes: usize, term: Term<'_>) {
        self.reshare_owed(cx, step, lanes, term, None).await;
    }

    /// A vector of which each party can make its summands, to be verified: it is the tag of `value`, or 0 and then nothing that is kept. What the verification takes is added up while the lanes
    /// are in the cache.
    async fn reshare_owed(&self, cx: Cx<'_>, step: u64, lanes: usize, term: Term<'_>, value: Option<Pair<'_>>) -> Held {
        cx.count_blocks(lanes as u64 + 1);
        let [at, coefficients_at] =
            [Domain::Arith, Domain::Coefficient].map(|domain| Step::new(cx.tape(), step, domain));
        // All blocks of what is not kept lie in one place.
        let mut held = self.held(if value.is_some() { lanes } else { lanes.min(LANES) });
        let place = |first: usize| if value.is_some() { first } else { 0 };
        let of = |slot: usize, first: usize, count: usize| value.map(|value| &value[slot][first..first + count]);
        let [own, received] = &mut held;
        let (mut of_left, mut of_right) = ([0; 2], [0; 2]);
        let (mut rho, mut rho_again) = ([self.room(lanes), self.room(lanes)], self.room(lanes));
        let mut produce = |at_byte: usize, out: &mut [u8]| {
            for (n, out) in out.chunks_mut(LANES * BYTES).enumerate() {
                let (first, count) = (at_byte / BYTES + n * LANES, out.len() / BYTES);
                let own = &mut own[place(first)..place(first) + count];
                term(first, own);
                self.mask(at, first, own, out);
                for (right, rho) in [false, true].into_iter().zip(&mut rho) {
                    self.coefficients(right, coefficients_at, first, &mut rho[..count]);
                }
                let sum = |z| Self::sum_of_left(rho.each_ref().map(|rho| &rho[..count]), z);
                of_left = plus(of_left, [of(0, first, count).map_or(0, sum), sum(own)]);
            }
        };
        let mut consume = |at_byte: usize, bytes: &[u8]| {
            for (n, bytes) in bytes.chunks(LANES * BYTES).enumerate() {
                let (first, count) = (at_byte / BYTES + n * LANES, bytes.len() / BYTES);
                let received = &mut received[place(first)..place(first) + count];
                from_bytes(bytes, received.as_flattened_mut());
                let rho = &mut rho_again[..count];
                self.coefficients(false, coefficients_at, first, rho);
                let sum = |z| Self::sum_of_right(rho, z);
                of_right = plus(of_right, [of(1, first, count).map_or(0, sum), sum(received)]);
            }
        };
        cx.exchange(
            &mut [Outgoing::new(self.previous(), lanes * BYTES, &mut produce)],
            &mut [Incoming::new(self.next(), lanes * BYTES, &mut consume)],
        )
        .await;
        self.owed.borrow_mut().add(lanes, plus(of_left, of_right));
        held
    }

    /// A vector that is shared already gets its tag: one round, 16 bytes a lane from each party. Uses step `step`.
    pub(crate) async fn with_tag(&self, cx: Cx<'_>, step: u64, lanes: usize, value: Held) -> Arith {
        let tag = self.tag_of(cx, step, lanes, value.each_ref().map(|x| &x[..])).await;
        Arith { lanes, value, tag, batch: self.batch() }
    }

    /// x · y, lane by lane. Of y no tag is needed.
    pub(crate) async fn product(&self, cx: Cx<'_>, x: &Arith, y: &Held) -> Arith {
        let terms = |first: usize, value: &mut [Element], tag: &mut [Element]| {
            let (x, y) = (x.part(first, value.len()), part(y, first, value.len()));
            simd::add_tagged_products([value, tag], by_component(x), y);
        };
        self.tagged(cx, x.lanes, x, &terms).await
    }

    /// Σ_j x[i·len + j] · y[i·len + j] in lane i.
    pub(crate) async fn inner_products(&self, cx: Cx<'_>, x: &Arith, y: &Arith, len: usize) -> Arith {
        debug_assert_eq!(x.lanes, y.lanes);
        let terms = |first: usize, value: &mut [Element], tag: &mut [Element]| {
            for (i, z) in value.iter_mut().zip(tag).enumerate() {
                let start = (first + i) * len;
                let (x, y) = (x.part(start, len), part(&y.value, start, len));
                let sums = factors(x, y).fold([0; 2], |sums, (x, y)| plus(sums, both(x, y)));
                (*z.0, *z.1) = (element(sums[0]), element(sums[1]));
            }
        };
        self.tagged(cx, x.lanes.checked_div(len).unwrap_or(0), x, &terms).await
    }

    /// Σ_j x[j·n + i] · y[j·n + i] in lane i of n, for j below `len`.
    pub(crate) async fn products_of_columns(&self, cx: Cx<'_>, x: &Arith, y: &Arith, len: usize) -> Arith {
        debug_assert_eq!(x.lanes, y.lanes);
        let lanes = x.lanes.checked_div(len).unwrap_or(0);
        let terms = |first: usize, value: &mut [Element], tag: &mut [Element]| {
            for column in 0..len {
                let start = column * lanes + first;
                let (x, y) = (x.part(start, value.len()), part(&y.value, start, value.len()));
                simd::add_tagged_products([&mut *value, &mut *tag], by_component(x), y);
            }
        };
        self.tagged(cx, lanes, x, &terms).await
    }

    /// The product of a `rows × inner` and an `inner × cols` matrix.
    pub(crate) async fn matrix_product(
        &self,
        cx: Cx<'_>,
        x: &Arith,
        y: &Arith,
        (rows, inner, cols): (usize, usize, usize),
    ) -> Arith {
        debug_assert_eq!((x.lanes, y.lanes), (rows * inner, inner * cols));
        let ahead = RefCell::new(Ahead::default());
        let make = |lane: usize| some_rows((x, &y.value), (rows, inner, cols), lane / cols);
        let terms = |first: usize, value: &mut [Element], tag: &mut [Element]| {
            ahead.borrow_mut().read(cx, first, [value, tag], make);
        };
        self.tagged(cx, rows * cols, x, &terms).await
    }
}
