//! Products. x·y is the sum of the ten products of components i and j of both; for each pair {i, j} the two other parties know x_i·y_j + x_j·y_i, and tell it in a joint
//! message. A square x_i·y_i, which three parties know, goes with one of the pairs. One round and six elements, 96 bits a lane of 64 from each party on average, plus
//! six hashes (Dalskov, Escudero and Keller 2021, section 3.3). Sums of products add up before they are told.

use super::Rep4;
use super::joint::{Message, Route};
use super::share::{Arith, Bin, HELD};
use crate::bits::{Rows, Words};
use crate::executor::Cx;
use crate::keys::{Source, Step};
use crate::layout::Layout;
use crate::matrix::{Ahead, Panels, TERMS, rows_at_once};
use crate::message::{BLOCK, Shape};
use smpc_math::prf::Domain;
use smpc_math::simd;
use std::cell::RefCell;
use std::ops::Range;

/// The messages of a product: who tells the terms of components `receiver` and `outsider`, and whether the square of the latter goes with them. Each party tells one
/// or two, and hears one or two; two that it tells go to two parties, so that the links carry them side by side.
pub(crate) const ALL: [(Route, bool); 6] = [
    (Route::new(0, 1, 3, 2), true),
    (Route::new(1, 2, 0, 3), true),
    (Route::new(2, 3, 1, 0), true),
    (Route::new(3, 0, 2, 1), true),
    (Route::new(2, 0, 3, 1), false),
    (Route::new(1, 3, 2, 0), false),
];
/// Those of a product of what has components 0 and 1 alone with what has components 2 and 3 alone.
pub(crate) const ACROSS: [(Route, bool); 4] = [
    (Route::new(1, 2, 0, 3), false),
    (Route::new(3, 0, 2, 1), false),
    (Route::new(2, 0, 3, 1), false),
    (Route::new(1, 3, 2, 0), false),
];

/// A pair of components, as the buffers of a party that knows both.
#[derive(Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) a: usize,
    pub(crate) b: usize,
    /// Whether the product of the first ones goes with it.
    pub(crate) square: bool,
}

impl<S: Source> Rep4<S> {
    /// The pairs of components that this party tells of, as buffers.
    pub(crate) fn pairs(&self, routes: &[(Route, bool)]) -> Vec<Option<Pair>> {
        let pair = |(route, square): &(Route, bool)| {
            let pair = Pair { a: self.slot(route.outsider), b: self.slot(route.receiver), square: *square };
            route.knows(self.me).then_some(pair)
        };
        routes.iter().map(pair).collect()
    }

    /// Shares of the sum over the routes of what `term(n, pair, first, out)` says of each one's pair; n is the number of the route. Uses a step a route from `at` on.
    pub(crate) async fn tell(
        &self,
        cx: Cx<'_>,
        at: (u64, Domain, usize),
        layout: Layout,
        routes: &[(Route, bool)],
        term: impl Fn(usize, Pair, usize, &mut [u64]),
    ) -> [Words; HELD] {
        let (step, domain, before) = at;
        let term = &term;
        let values: Vec<_> = self
            .pairs(routes)
            .into_iter()
            .enumerate()
            .map(|(n, pair)| {
                move |first: usize, out: &mut [u64]| {
                    if let Some(pair) = pair {
                        term(n, pair, first, out);
                    }
                }
            })
            .collect();
        let messages: Vec<Message<'_>> = (step..)
            .zip(routes.iter().zip(&values))
            .map(|(step, ((route, _), value))| Message {
                route: *route,
                at: Step::new(cx.tape(), step, domain),
                before,
                value,
            })
            .collect();
        self.joint(cx, layout, &messages).await
    }

    /// As [`Self::tell`] for numbers, all routes of a product.
    async fn numbers(&self, cx: Cx<'_>, lanes: usize, term: impl Fn(usize, Pair, usize, &mut [u64])) -> Arith {
        Arith { lanes, x: self.tell(cx, (0, Domain::Arith, 0), self.numbers_of(lanes), &ALL, term).await }
    }

    /// x · y, lane by lane.
    pub(crate) async fn product(&self, cx: Cx<'_>, x: &Arith, y: &Arith) -> Arith {
        debug_assert_eq!(x.lanes, y.lanes);
        self.numbers(cx, x.lanes, |_, pair, first, out| {
            let at = first..first + out.len();
            pair.products(out, x.each(&at), y.each(&at));
        })
        .await
    }

    /// Σ_j x[i·len + j] · y[i·len + j] in lane i.
    pub(crate) async fn inner_products(&self, cx: Cx<'_>, x: &Arith, y: &Arith, len: usize) -> Arith {
        debug_assert_eq!(x.lanes, y.lanes);
        let lanes = x.lanes.checked_div(len).unwrap_or(0);
        if len < BLOCK || self.dry {
            return self
                .numbers(cx, lanes, |_, pair, first, out| {
                    for (i, z) in out.iter_mut().enumerate() {
                        let at = (first + i) * len..(first + i + 1) * len;
                        *z = pair.dot(x.each(&at), y.each(&at));
                    }
                })
                .await;
        }
        // Of long sums all pairs block by block, while their lanes are in the cache.
        let pairs = self.pairs(&ALL);
        let mut told = vec![Words::zeros(lanes); pairs.len()];
        for lane in 0..lanes {
            let end = (lane + 1) * len;
            for start in (lane * len..end).step_by(BLOCK) {
                let at = start..end.min(start + BLOCK);
                let (xs, ys) = (x.each(&at), y.each(&at));
                for (told, pair) in told.iter_mut().zip(&pairs) {
                    let more = pair.map_or(0, |pair| pair.dot(xs, ys));
                    told[lane] = told[lane].wrapping_add(more);
                }
            }
        }
        self.numbers(cx, lanes, |n, _, first, out| out.copy_from_slice(&told[n][first..first + out.len()])).await
    }

    /// Σ_j x[j·n + i] · y[j·n + i] in lane i of n, for j below `len`.
    pub(crate) async fn products_of_columns(&self, cx: Cx<'_>, x: &Arith, y: &Arith, len: usize) -> Arith {
        let lanes = x.lanes.checked_div(len).unwrap_or(0);
        self.numbers(cx, lanes, |_, pair, first, out| {
            out.fill(0);
            let mut products = [0; BLOCK];
            let products = &mut products[..out.len()];
            for start in (0..len).map(|column| column * lanes + first) {
                let at = start..start + out.len();
                pair.products(products, x.each(&at), y.each(&at));
                simd::add_into(out, products);
            }
        })
        .await
    }

    /// The product of a `rows × inner` and an `inner × cols` matrix. What this party tells is made some rows at a time, before the first of them is sent.
    pub(crate) async fn matrix_product(&self, cx: Cx<'_>, x: &Arith, y: &Arith, dims: (usize, usize, usize)) -> Arith {
        let (rows, inner, cols) = dims;
        debug_assert_eq!((x.lanes, y.lanes), (rows * inner, inner * cols));
        let product = |pair: Option<Pair>| pair.filter(|_| !self.dry).map(|pair| Product::new(pair, &x.x, &y.x, dims));
        let pairs = self.pairs(&ALL);
        let told: Vec<_> = pairs.into_iter().map(|pair| (product(pair), RefCell::new(Ahead::default()))).collect();
        self.numbers(cx, rows * cols, |n, _, first, out| {
            if let (Some(product), ahead) = &told[n] {
                ahead.borrow_mut().read(cx, first, [out], |lane| [product.some_rows(lane / cols)]);
            }
        })
        .await
    }

    /// x ∧ y, plane by plane: one round, 1.5 bits a lane and plane from each party on average.
    pub(crate) async fn conjunction(&self, cx: Cx<'_>, x: &Bin, y: &Bin) -> Bin {
        debug_assert_eq!((x.lanes, x.width), (y.lanes, y.width));
        let layout = Layout::Bits(Shape::new(x.width as usize, x.lanes));
        let z = self.tell(cx, (0, Domain::Bin, 0), layout, &ALL, |_, pair, first, out| {
            let at = first..first + out.len();
            let [xa, xb] = [pair.a, pair.b].map(|k| &x.x[k].as_flattened()[at.clone()]);
            let [ya, yb] = [pair.a, pair.b].map(|k| &y.x[k].as_flattened()[at.clone()]);
            pair.conjunctions(out, (xa, xb), (ya, yb));
        });
        Bin { x: z.await.map(Rows::from), ..*x }
    }
}

impl Arith {
    /// A run of lanes of all components.
    fn each(&self, at: &Range<usize>) -> [&[u64]; HELD] {
        self.x.each_ref().map(|words| &words[at.clone()])
    }
}

impl Pair {
    /// What a lane's product has of the pair.
    fn products(self, out: &mut [u64], x: [&[u64]; HELD], y: [&[u64]; HELD]) {
        let Self { a, b, square } = self;
        if square {
            simd::cross_products(out, x[a], x[b], y[a], y[b]);
        } else {
            simd::pair_products(out, x[a], x[b], y[a], y[b]);
        }
    }

    /// The same, of a sum of products.
    fn dot(self, x: [&[u64]; HELD], y: [&[u64]; HELD]) -> u64 {
        let Self { a, b, square } = self;
        if square { simd::cross_dot(x[a], x[b], y[a], y[b]) } else { simd::pair_dot(x[a], x[b], y[a], y[b]) }
    }

    /// The same, of bits.
    fn conjunctions(self, out: &mut [u64], (xa, xb): (&[u64], &[u64]), (ya, yb): (&[u64], &[u64])) {
        out.fill(0);
        simd::cross_ands(out, xa, xb, ya, yb);
        if !self.square {
            // What the kernel has more.
            out.iter_mut().zip(xa.iter().zip(ya)).for_each(|(out, (x, y))| *out ^= x & y);
        }
    }
}

/// Rows of a product of matrices that are made together at least.
const UNIT: usize = 4;

/// What a product of matrices has of a pair, some rows at a time.
struct Product<'x> {
    pair: Pair,
    x: &'x [Words; HELD],
    y: &'x [Words; HELD],
    /// In place of the second component of y, where that is another.
    other: Option<Words>,
    dims: (usize, usize, usize),
}

impl<'x> Product<'x> {
    fn new(pair: Pair, x: &'x [Words; HELD], y: &'x [Words; HELD], dims: (usize, usize, usize)) -> Self {
        // The kernel takes the square along: xa·(ya + yb) is xa·yb with yb − ya in place of yb.
        let other = (!pair.square).then(|| {
            let mut other = y[pair.b].clone();
            other.iter_mut().zip(y[pair.a].iter()).for_each(|(other, y)| *other = other.wrapping_sub(*y));
            other
        });
        Self { pair, x, y, other, dims }
    }

    /// Some rows, from `row` on.
    fn some_rows(&self, row: usize) -> Words {
        let (rows, inner, cols) = self.dims;
        let Pair { a, b, .. } = self.pair;
        let left = rows.saturating_sub(row);
        let mut made = Words::zeros(rows_at_once(left, inner * cols, UNIT, TERMS).min(left) * cols);
        let (x, y) = ((&*self.x[a], &*self.x[b]), (&*self.y[a], self.other.as_deref().unwrap_or(&self.y[b])));
        if cols > 1 {
            Panels::default().multiply(x, y, row, (inner, cols), &mut made);
            return made;
        }
        for (row, z) in (row..).zip(made.iter_mut()) {
            let row = row * inner..(row + 1) * inner;
            *z = simd::cross_dot(&x.0[row.clone()], &x.1[row], y.0, y.1);
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::Executor;

    fn words(len: usize, seed: u64) -> Words {
        let word = |i: u64| (i + 1).wrapping_mul(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        Words::new((0..len as u64).map(word).collect())
    }

    /// As lane by lane, however many rows are made at a time and lanes asked for.
    #[test]
    fn rows_are_sums_of_products() {
        let executor = Executor::dry(0, 4);
        for (rows, inner, cols) in [(130, 3, 13), (67, 5, 9), (150, 4, 1), (1, 1, 1), (3, 0, 5)] {
            let x: [Words; HELD] = [3, 5, 7].map(|seed| words(rows * inner, seed));
            let y: [Words; HELD] = [11, 13, 17].map(|seed| words(inner * cols, seed));
            for (a, b, square) in [(0, 1, true), (2, 0, false), (1, 2, true)] {
                let term = |lane: usize, k: usize| {
                    let (i, j) = (lane / cols * inner + k, k * cols + lane % cols);
                    let of = |c: usize, d: usize| x[c][i].wrapping_mul(y[d][j]);
                    let cross = of(a, b).wrapping_add(of(b, a));
                    if square { cross.wrapping_add(of(a, a)) } else { cross }
                };
                let product = Product::new(Pair { a, b, square }, &x, &y, (rows, inner, cols));
                let mut ahead = Ahead::default();
                for first in (0..rows * cols).step_by(BLOCK) {
                    let mut found = vec![0; BLOCK.min(rows * cols - first)];
                    let make = |lane: usize| [product.some_rows(lane / cols)];
                    ahead.read(executor.gate(0), first, [&mut found[..]], make);
                    for (lane, found) in (first..).zip(found) {
                        let expected = (0..inner).fold(0_u64, |sum, k| sum.wrapping_add(term(lane, k)));
                        assert_eq!(found, expected, "{rows} x {inner} x {cols}, {a} and {b}, lane {lane}");
                    }
                }
            }
        }
    }
}
