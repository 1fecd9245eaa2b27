//! What a party of `rep4` does alone: sums, products by public numbers, known values. A known value is component 0, which all but P_0 hold.

use super::Rep4;
use super::share::{Arith, Bin};
use crate::bits::value_planes;
use crate::keys::Source;
use crate::lanes::Lanes;
use crate::workers;
use smpc_math::planes::{ROW_LANES, ROW_WORDS};
use smpc_math::simd;

/// The value of a lane; a single one stands for all.
pub(crate) fn value(values: &[i64], lane: usize) -> u64 {
    let value = if let [one] = values { *one } else { values.get(lane).copied().unwrap_or(0) };
    value.cast_unsigned()
}

impl<S: Source> Rep4<S> {
    pub(crate) fn map2(&self, x: &Arith, y: &Arith, f: impl Fn(u64, u64) -> u64 + Sync) -> Arith {
        debug_assert_eq!(x.lanes, y.lanes);
        let mut out = self.arith(x.lanes);
        for (out, (x, y)) in out.x.iter_mut().zip(x.x.iter().zip(&y.x)) {
            workers::each(out, ROW_LANES, ROW_LANES, |first, out| {
                let pairs = x[first..].iter().zip(&y[first..]);
                out.iter_mut().zip(pairs).for_each(|(out, (x, y))| *out = f(*x, *y));
            });
        }
        out
    }

    pub(crate) fn map1(&self, x: &Arith, f: impl Fn(usize, u64) -> u64 + Sync) -> Arith {
        let mut out = self.arith(x.lanes);
        for (out, x) in out.x.iter_mut().zip(&x.x) {
            workers::each(out, ROW_LANES, ROW_LANES, |first, out| {
                out.iter_mut().zip(&x[first..]).enumerate().for_each(|(i, (out, x))| *out = f(first + i, *x));
            });
        }
        out
    }

    pub(crate) fn known(&self, values: &[i64], lanes: usize) -> Arith {
        self.plus_public(&self.arith(lanes), values)
    }

    pub(crate) fn plus_public(&self, x: &Arith, values: &[i64]) -> Arith {
        let mut out = x.clone();
        if let Some(zero) = out.x.get_mut(self.slot(0)) {
            workers::each(zero, ROW_LANES, ROW_LANES, |first, zero| {
                zero.iter_mut().enumerate().for_each(|(i, x)| *x = x.wrapping_add(value(values, first + i)));
            });
        }
        out
    }

    pub(crate) fn times_public(&self, x: &Arith, values: &[i64]) -> Arith {
        if let [one] = values {
            let one = one.cast_unsigned();
            return self.map1(x, |_, x| x.wrapping_mul(one));
        }
        self.map1(x, |lane, x| x.wrapping_mul(value(values, lane)))
    }

    pub(crate) fn sums(&self, x: &Arith, view: &Lanes, len: usize) -> Arith {
        let mut out = self.arith(view.len() / len.max(1));
        for (out, x) in out.x.iter_mut().zip(&x.x).filter(|(out, _)| !out.is_empty()) {
            view.sums(x, len, out);
        }
        out
    }

    pub(crate) fn running_sums(&self, x: &Arith, len: usize) -> Arith {
        let mut out = x.clone();
        for group in out.x.iter_mut().flat_map(|words| words.chunks_mut(len.max(1))) {
            let mut sum = 0_u64;
            for x in group {
                sum = sum.wrapping_add(*x);
                *x = sum;
            }
        }
        out
    }

    pub(crate) fn bin_known(&self, values: &[i64], width: u32, lanes: usize) -> Bin {
        let mut out = self.bin(width, lanes);
        if let Some(zero) = out.x.get_mut(self.slot(0)) {
            value_planes(zero, values, width, lanes);
        }
        out
    }

    pub(crate) fn bin_xor(&self, x: &Bin, y: &Bin) -> Bin {
        debug_assert_eq!((x.lanes, x.width), (y.lanes, y.width));
        let mut out = x.clone();
        for (out, y) in out.x.iter_mut().zip(&y.x) {
            workers::each(out, 1, ROW_WORDS, |first, out| {
                let y = &y[first..first + out.len()];
                simd::xor_into(out.as_flattened_mut(), y.as_flattened());
            });
        }
        out
    }

    pub(crate) fn bin_and_public(&self, x: &Bin, values: &[i64]) -> Bin {
        let [mut planes, ..] = self.bin(x.width, x.lanes).x;
        value_planes(&mut planes, values, x.width, x.lanes);
        let mut out = x.clone();
        for rows in &mut out.x {
            rows.as_flattened_mut().iter_mut().zip(planes.as_flattened()).for_each(|(x, p)| *x &= p);
        }
        out
    }
}
