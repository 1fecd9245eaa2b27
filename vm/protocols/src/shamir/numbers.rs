//! What a party does alone with shares of numbers and words. A known value is its own share: a polynomial of degree 0.

use super::Shamir;
use super::share::{Arith, Bin};
use crate::keys::Source;
use crate::lanes::Lanes;
use crate::protocol::Shares;
use smpc_math::field::{Field, Gf256, P127};

/// The values of lanes: one for all, or one each.
fn each(values: &[i64], lanes: usize) -> impl Iterator<Item = i64> {
    let one = if let [one] = values { Some(*one) } else { None };
    (0..lanes).map(move |lane| one.unwrap_or_else(|| values.get(lane).copied().unwrap_or(0)))
}

/// The bits of public words in two's complement, plane by plane.
fn bits(values: &[i64], width: u32, lanes: usize) -> impl Iterator<Item = bool> {
    (0..width).flat_map(move |plane| each(values, lanes).map(move |value| value >> plane.min(63) & 1 == 1))
}

impl<S: Source> Shamir<S> {
    /// Zeros; an empty buffer in dry mode.
    pub(crate) fn arith(&self, lanes: usize) -> Arith {
        Arith { lanes, x: self.elements(lanes) }
    }

    pub(crate) fn known(&self, values: &[i64], lanes: usize) -> Arith {
        let mut out = self.arith(lanes);
        out.x.iter_mut().zip(each(values, lanes)).for_each(|(x, value)| *x = P127::from_i64(value));
        out
    }

    pub(crate) fn map2(&self, a: &Arith, b: &Arith, f: impl Fn(P127, P127) -> P127) -> Arith {
        let mut out = a.clone();
        out.x.iter_mut().zip(b.x.iter()).for_each(|(a, b)| *a = f(*a, *b));
        out
    }

    pub(crate) fn with_values(&self, a: &Arith, values: &[i64], f: impl Fn(P127, P127) -> P127) -> Arith {
        let mut out = a.clone();
        let lanes = a.lanes;
        out.x.iter_mut().zip(each(values, lanes)).for_each(|(x, value)| *x = f(*x, P127::from_i64(value)));
        out
    }

    pub(crate) fn sums(&self, a: &Arith, view: &Lanes, len: usize) -> Arith {
        let read = a.read(view);
        let mut out = self.arith(view.len() / len.max(1));
        let add = |group: &[P127]| group.iter().fold(P127::default(), |sum, x| sum.add(*x));
        out.x.iter_mut().zip(read.x.chunks(len.max(1))).for_each(|(sum, group)| *sum = add(group));
        out
    }

    pub(crate) fn running_sums(&self, a: &Arith, len: usize) -> Arith {
        let mut out = a.clone();
        for group in out.x.chunks_mut(len.max(1)) {
            let mut sum = P127::default();
            for x in group {
                sum = sum.add(*x);
                *x = sum;
            }
        }
        out
    }

    pub(crate) fn known_words(&self, values: &[i64], width: u32, lanes: usize) -> Bin {
        let mut out = self.words(width, lanes);
        out.x.iter_mut().zip(bits(values, width, lanes)).for_each(|(x, bit)| *x = Gf256(bit.into()));
        out
    }

    pub(crate) fn plus_words(&self, a: &Bin, b: &Bin) -> Bin {
        let mut out = a.clone();
        Gf256::add_multiple(&mut out.x, Gf256::ONE, &b.x);
        out
    }

    pub(crate) fn times_known_words(&self, a: &Bin, values: &[i64]) -> Bin {
        let mut out = a.clone();
        let (width, lanes) = (a.width, a.lanes);
        out.x.iter_mut().zip(bits(values, width, lanes)).for_each(|(x, bit)| x.0 &= u8::from(bit).wrapping_neg());
        out
    }
}
