//! Products, and the tags that go with them.
//!
//! A product is that of `rep3`, over Z_2^128: z_i = x_i·(y_i + y_{i+1}) + x_{i+1}·y_i + α_i under a fresh sharing of zero, which P_{i−1} is told. A cheater can add a number of
//! its choice to the product and nothing else. So the tag of the product is a product too, αx times y, and what was added to the one and to the other fits only for who
//! knows α (Chida, Genkin, Hamada, Ikarashi, Kikuchi, Lindell and Nof, "Fast large-scale honest-majority MPC for malicious adversaries", CRYPTO 2018; over a ring with
//! as many bits more Abspoel, Dalskov, Escudero and Nof, "An efficient passive-to-active compiler for honest-majority MPC over rings", ACNS 2021). Sums of products
//! are masked and sent once, whatever their length.

use super::MalRep3;
use super::share::{Arith, Element, Held, Pair, element, number, part};
use crate::executor::Cx;
use crate::keys::{Source, Step};
use crate::message::{BLOCK, from_bytes, to_bytes};
use crate::piece::{Incoming, Outgoing};
use smpc_math::prf::Domain;
use zeroize::Zeroizing;

/// Bytes of an element.
const BYTES: usize = size_of::<Element>();
/// Elements that are made at a time.
const ELEMENTS: usize = BLOCK / 2;

/// Writes this party's summands of a vector, from a lane on.
pub(crate) type Term<'x> = &'x dyn Fn(usize, &mut [Element]);

/// x·y of what this party holds: the sum over all three is the product.
fn local(xa: Element, xb: Element, ya: Element, yb: Element) -> u128 {
    let (xa, ya) = (number(xa), number(ya));
    xa.wrapping_mul(ya.wrapping_add(number(yb))).wrapping_add(number(xb).wrapping_mul(ya))
}

/// The same, lane by lane.
pub(crate) fn cross(out: &mut [Element], [xa, xb]: Pair<'_>, [ya, yb]: Pair<'_>) {
    let factors = xa.iter().zip(xb).zip(ya.iter().zip(yb));
    out.iter_mut().zip(factors).for_each(|(z, ((xa, xb), (ya, yb)))| *z = element(local(*xa, *xb, *ya, *yb)));
}

/// The sum of the same.
pub(crate) fn cross_sum([xa, xb]: Pair<'_>, [ya, yb]: Pair<'_>) -> u128 {
    let factors = xa.iter().zip(xb).zip(ya.iter().zip(yb));
    factors.fold(0, |sum, ((xa, xb), (ya, yb))| sum.wrapping_add(local(*xa, *xb, *ya, *yb)))
}

impl<S: Source> MalRep3<S> {
    /// Elements `first ..` of a step, under the key of this party's left component, or of its right one.
    pub(crate) fn elements(&self, right: bool, at: Step, first: usize, out: &mut [Element]) {
        self.rep3.mask_words(self.me + usize::from(right), at, 2 * first, out.as_flattened_mut());
    }

    /// Gives the parties' summands of N vectors fresh masks and makes them components. One round, 16 bytes a lane and vector from each party. Uses N steps from `step` on.
    pub(crate) async fn reshare<const N: usize>(
        &self,
        cx: Cx<'_>,
        step: u64,
        lanes: usize,
        terms: [Term<'_>; N],
    ) -> [Held; N] {
        cx.count_blocks((N * lanes) as u64 + 1);
        let mut held: [Held; N] = std::array::from_fn(|_| self.held(lanes));
        let (mut writers, mut readers) = (Vec::with_capacity(N), Vec::with_capacity(N));
        for ((k, term), [own, received]) in (0..).zip(terms).zip(&mut held) {
            let at = Step::new(cx.tape(), step + k, Domain::Arith);
            writers.push(move |at_byte: usize, out: &mut [u8]| {
                let mut masks = Zeroizing::new([[0; 2]; ELEMENTS]);
                for (n, out) in out.chunks_mut(ELEMENTS * BYTES).enumerate() {
                    let (first, count) = (at_byte / BYTES + n * ELEMENTS, out.len() / BYTES);
                    let (own, masks) = (&mut own[first..first + count], &mut masks[..count]);
                    term(first, own);
                    for right in [false, true] {
                        self.elements(right, at, first, masks);
                        for (own, mask) in own.iter_mut().zip(&*masks) {
                            let mask = if right { number(*mask).wrapping_neg() } else { number(*mask) };
                            *own = element(number(*own).wrapping_add(mask));
                        }
                    }
                    to_bytes(own.as_flattened(), out);
                }
            });
            readers.push(|at_byte: usize, bytes: &[u8]| {
                from_bytes(bytes, received[at_byte / BYTES..].as_flattened_mut());
            });
        }
        let (to, from) = (self.previous(), self.next());
        let mut sends: Vec<_> = writers.iter_mut().map(|write| Outgoing::new(to, lanes * BYTES, write)).collect();
        let mut receives: Vec<_> = readers.iter_mut().map(|read| Incoming::new(from, lanes * BYTES, read)).collect();
        cx.exchange(&mut sends, &mut receives).await;
        drop((sends, receives));
        drop((writers, readers));
        held
    }

    /// A vector of which each party can make its summands, and those of its tag: one round, 32 bytes a lane from each party. It is verified later.
    pub(crate) async fn tagged(&self, cx: Cx<'_>, lanes: usize, value: Term<'_>, tag: Term<'_>) -> Arith {
        let [value, tag] = self.reshare(cx, 0, lanes, [value, tag]).await;
        self.owe(cx, 0, lanes, &value, &tag);
        Arith { lanes, value, tag }
    }

    /// A vector that is shared already gets its tag: one round, 16 bytes a lane from each party. Uses step `step`.
    pub(crate) async fn with_tag(&self, cx: Cx<'_>, step: u64, lanes: usize, value: Held) -> Arith {
        let key = self.key;
        let term = |first: usize, out: &mut [Element]| {
            let [xa, xb] = part(&value, first, out.len());
            for (z, (xa, xb)) in out.iter_mut().zip(xa.iter().zip(xb)) {
                *z = element(local(element(key[0]), element(key[1]), *xa, *xb));
            }
        };
        let [tag] = self.reshare(cx, step, lanes, [&term]).await;
        self.owe(cx, step, lanes, &value, &tag);
        Arith { lanes, value, tag }
    }

    /// x · y, lane by lane.
    pub(crate) async fn product(&self, cx: Cx<'_>, x: &Arith, y: &Arith) -> Arith {
        debug_assert_eq!(x.lanes, y.lanes);
        let times = |x: &Held, first: usize, out: &mut [Element]| {
            let count = out.len();
            cross(out, part(x, first, count), part(&y.value, first, count));
        };
        self.tagged(cx, x.lanes, &|first, out| times(&x.value, first, out), &|first, out| times(&x.tag, first, out)).await
    }

    /// Σ_j x[i·len + j] · y[i·len + j] in lane i.
    pub(crate) async fn inner_products(&self, cx: Cx<'_>, x: &Arith, y: &Arith, len: usize) -> Arith {
        debug_assert_eq!(x.lanes, y.lanes);
        let sums = |x: &Held, first: usize, out: &mut [Element]| {
            for (i, z) in out.iter_mut().enumerate() {
                let start = (first + i) * len;
                *z = element(cross_sum(part(x, start, len), part(&y.value, start, len)));
            }
        };
        let lanes = x.lanes.checked_div(len).unwrap_or(0);
        self.tagged(cx, lanes, &|first, out| sums(&x.value, first, out), &|first, out| sums(&x.tag, first, out)).await
    }

    /// Σ_j x[j·n + i] · y[j·n + i] in lane i of n, for j below `len`.
    pub(crate) async fn products_of_columns(&self, cx: Cx<'_>, x: &Arith, y: &Arith, len: usize) -> Arith {
        debug_assert_eq!(x.lanes, y.lanes);
        let lanes = x.lanes.checked_div(len).unwrap_or(0);
        let sums = |x: &Held, first: usize, out: &mut [Element]| {
            out.fill([0; 2]);
            for column in 0..len {
                let [xa, xb] = part(x, column * lanes + first, out.len());
                let [ya, yb] = part(&y.value, column * lanes + first, out.len());
                for (z, ((xa, xb), (ya, yb))) in out.iter_mut().zip(xa.iter().zip(xb).zip(ya.iter().zip(yb))) {
                    *z = element(number(*z).wrapping_add(local(*xa, *xb, *ya, *yb)));
                }
            }
        };
        self.tagged(cx, lanes, &|first, out| sums(&x.value, first, out), &|first, out| sums(&x.tag, first, out)).await
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
        // Row by row of the left one, a part of the right one's rows at a time.
        let sums = |x: &Held, first: usize, out: &mut [Element]| {
            out.fill([0; 2]);
            let mut done = 0;
            while done < out.len() {
                let (row, column) = ((first + done) / cols, (first + done) % cols);
                let count = (cols - column).min(out.len() - done);
                let z = &mut out[done..done + count];
                for k in 0..inner {
                    let [xa, xb] = x.each_ref().map(|x| x[row * inner + k]);
                    let [ya, yb] = part(&y.value, k * cols + column, count);
                    for (z, (ya, yb)) in z.iter_mut().zip(ya.iter().zip(yb)) {
                        *z = element(number(*z).wrapping_add(local(xa, xb, *ya, *yb)));
                    }
                }
                done += count;
            }
        };
        self.tagged(
            cx,
            rows * cols,
            &|first, out| sums(&x.value, first, out),
            &|first, out| sums(&x.tag, first, out),
        )
        .await
    }
}
