//! What a party does alone: sums, products by public numbers, known values. A known value v is component 0; its tag αv has as many components as α.

use super::MalRep3;
use super::share::{Arith, Element, Held, KNOWN, Wide, element, number};
use crate::keys::Source;
use crate::lanes::Lanes;
use crate::protocol::Shares as _;

/// A public number as an element: −1 is −1 there too.
pub(crate) fn public(value: i64) -> u128 {
    i128::from(value).cast_unsigned()
}

/// The value of a lane; a single one stands for all.
fn value(values: &[i64], lane: usize) -> u128 {
    public(if let [one] = values { *one } else { values.get(lane).copied().unwrap_or(0) })
}

fn add(x: Element, y: u128) -> Element {
    element(number(x).wrapping_add(y))
}

impl<S: Source> MalRep3<S> {
    /// A buffer of so many elements; empty in dry mode.
    pub(crate) fn wide(&self, len: usize) -> Wide {
        Wide::zeros(if self.dry { 0 } else { len })
    }

    /// Both components of a vector, zero.
    pub(crate) fn held(&self, lanes: usize) -> Held {
        [self.wide(lanes), self.wide(lanes)]
    }

    pub(crate) fn arith(&self, lanes: usize) -> Arith {
        Arith { lanes, value: self.held(lanes), tag: self.held(lanes), batch: KNOWN }
    }

    pub(crate) fn map1(&self, x: &Arith, f: impl Fn(usize, u128) -> u128) -> Arith {
        x.map(x.lanes, |from, to| {
            to.iter_mut().zip(from).enumerate().for_each(|(lane, (to, x))| *to = element(f(lane, number(*x))));
        })
    }

    pub(crate) fn map2(&self, x: &Arith, y: &Arith, f: impl Fn(u128, u128) -> u128) -> Arith {
        debug_assert_eq!(x.lanes, y.lanes);
        let mut out = self.arith(x.lanes);
        out.batch = x.batch.min(y.batch);
        for (out, (x, y)) in out.all_mut().zip(x.all().zip(y.all())) {
            let pairs = out.iter_mut().zip(x.iter().zip(y.iter()));
            pairs.for_each(|(out, (x, y))| *out = element(f(number(*x), number(*y))));
        }
        out
    }

    pub(crate) fn plus_public(&self, x: &Arith, values: &[i64]) -> Arith {
        let mut out = x.clone();
        // Component 0, where this party holds it, and both of the tag's.
        if let Some(slot) = self.slot(0) {
            out.value[slot].iter_mut().enumerate().for_each(|(lane, x)| *x = add(*x, value(values, lane)));
        }
        for (x, key) in out.tag.iter_mut().zip(*self.key) {
            x.iter_mut().enumerate().for_each(|(lane, x)| *x = add(*x, value(values, lane).wrapping_mul(key)));
        }
        out
    }

    pub(crate) fn times_public(&self, x: &Arith, values: &[i64]) -> Arith {
        self.map1(x, |lane, x| x.wrapping_mul(value(values, lane)))
    }

    /// Sums of each `len` neighbours of a view.
    pub(crate) fn sums(&self, x: &Arith, view: &Lanes, len: usize) -> Arith {
        let len = len.max(1);
        x.read(view).map(view.len() / len, |from, to| {
            for (to, from) in to.iter_mut().zip(from.chunks(len)) {
                *to = element(from.iter().fold(0, |sum, x| number(*x).wrapping_add(sum)));
            }
        })
    }

    /// Running sums in groups of `len`.
    pub(crate) fn running_sums(&self, x: &Arith, len: usize) -> Arith {
        x.map(x.lanes, |from, to| {
            for (to, from) in to.chunks_mut(len.max(1)).zip(from.chunks(len.max(1))) {
                let mut sum = 0_u128;
                for (to, x) in to.iter_mut().zip(from) {
                    sum = sum.wrapping_add(number(*x));
                    *to = element(sum);
                }
            }
        })
    }
}
