//! What a party of `rep3` does alone: sums, products by public numbers, known values. A known value is component 0, which P_0 holds first and P_2 second.

use super::Rep3;
use super::share::{Arith, Bin};
use crate::bits::value_planes;
use crate::keys::Source;
use crate::lanes::Lanes;
use crate::workers;
use smpc_math::planes::{ROW_LANES, ROW_WORDS};
use smpc_math::simd;

impl<S: Source> Rep3<S> {
    /// Which of the two buffers holds `component`, if this party has it: 0 or 1.
    pub(crate) const fn slot(&self, component: usize) -> Option<usize> {
        match (component + 3 - self.me) % 3 {
            0 => Some(0),
            1 => Some(1),
            _ => None,
        }
    }

    /// Of this party's two buffers, the one that holds component 0.
    fn component_zero<'x, T>(&self, a: &'x mut T, b: &'x mut T) -> Option<&'x mut T> {
        match self.slot(0) {
            Some(0) => Some(a),
            Some(_) => Some(b),
            None => None,
        }
    }

    pub(crate) fn map2(&self, x: &Arith, y: &Arith, f: impl Fn(u64, u64) -> u64 + Sync) -> Arith {
        debug_assert_eq!(x.lanes, y.lanes);
        let mut out = self.arith(x.lanes);
        for (out, x, y) in [(&mut out.a, &x.a, &y.a), (&mut out.b, &x.b, &y.b)] {
            workers::each(out, ROW_LANES, ROW_LANES, |first, out| {
                let at = first..first + out.len();
                let pairs = x[at.clone()].iter().zip(&y[at]);
                out.iter_mut().zip(pairs).for_each(|(out, (x, y))| *out = f(*x, *y) & self.mask);
            });
        }
        out
    }

    pub(crate) fn map1(&self, x: &Arith, f: impl Fn(u64) -> u64 + Sync) -> Arith {
        let mut out = self.arith(x.lanes);
        for (out, x) in [(&mut out.a, &x.a), (&mut out.b, &x.b)] {
            workers::each(out, ROW_LANES, ROW_LANES, |first, out| {
                out.iter_mut().zip(&x[first..]).for_each(|(out, x)| *out = f(*x) & self.mask);
            });
        }
        out
    }

    pub(crate) fn known(&self, values: &[i64], lanes: usize) -> Arith {
        let mut out = self.arith(lanes);
        if let Some(zero) = self.component_zero(&mut out.a, &mut out.b) {
            match values {
                [one] => zero.fill(one.cast_unsigned() & self.mask),
                _ => zero.iter_mut().zip(values).for_each(|(x, v)| *x = v.cast_unsigned() & self.mask),
            }
        }
        out
    }

    pub(crate) fn plus_public(&self, x: &Arith, values: &[i64]) -> Arith {
        let mut out = x.clone();
        if let Some(zero) = self.component_zero(&mut out.a, &mut out.b) {
            let plus = |x: &mut u64, v: &i64| *x = x.wrapping_add(v.cast_unsigned()) & self.mask;
            match values {
                [one] => {
                    workers::each(zero, ROW_LANES, ROW_LANES, |_, zero| zero.iter_mut().for_each(|x| plus(x, one)))
                }
                _ => workers::each(zero, ROW_LANES, ROW_LANES, |first, zero| {
                    zero.iter_mut().zip(values.get(first..).unwrap_or(&[])).for_each(|(x, v)| plus(x, v));
                }),
            }
        }
        out
    }

    pub(crate) fn times_public(&self, x: &Arith, values: &[i64]) -> Arith {
        if let [one] = values {
            return self.map1(x, |v| v.wrapping_mul(one.cast_unsigned()));
        }
        let mut out = self.arith(x.lanes);
        for (out, x) in [(&mut out.a, &x.a), (&mut out.b, &x.b)] {
            workers::each(out, ROW_LANES, ROW_LANES, |first, out| {
                let pairs = x[first..].iter().zip(values.get(first..).unwrap_or(&[]));
                let products = pairs.map(|(x, v)| x.wrapping_mul(v.cast_unsigned()) & self.mask);
                out.iter_mut().zip(products).for_each(|(out, product)| *out = product);
            });
        }
        out
    }

    pub(crate) fn sums(&self, x: &Arith, view: &Lanes, len: usize) -> Arith {
        let mut out = self.arith(view.len() / len.max(1));
        for (out, x) in [(&mut out.a, &x.a), (&mut out.b, &x.b)] {
            if !out.is_empty() {
                view.sums(x, len, out);
                out.iter_mut().for_each(|sum| *sum &= self.mask);
            }
        }
        out
    }

    pub(crate) fn running_sums(&self, x: &Arith, len: usize) -> Arith {
        let mut out = x.clone();
        for words in [&mut out.a, &mut out.b] {
            for group in words.chunks_mut(len.max(1)) {
                let mut sum = 0_u64;
                for v in group {
                    sum = sum.wrapping_add(*v) & self.mask;
                    *v = sum;
                }
            }
        }
        out
    }

    pub(crate) fn bin_known(&self, values: &[i64], width: u32, lanes: usize) -> Bin {
        let mut out = self.bin(width, lanes);
        if let Some(zero) = self.component_zero(&mut out.a, &mut out.b) {
            value_planes(zero, values, width, lanes);
        }
        out
    }

    pub(crate) fn bin_xor(&self, x: &Bin, y: &Bin) -> Bin {
        debug_assert_eq!((x.lanes, x.width), (y.lanes, y.width));
        let mut out = x.clone();
        for (out, y) in [(&mut out.a, &y.a), (&mut out.b, &y.b)] {
            workers::each(out, 1, ROW_WORDS, |first, out| {
                let y = &y[first..first + out.len()];
                simd::xor_into(out.as_flattened_mut(), y.as_flattened());
            });
        }
        out
    }

    pub(crate) fn bin_xor_public(&self, x: &Bin, values: &[i64]) -> Bin {
        self.bin_xor(x, &self.bin_known(values, x.width, x.lanes))
    }

    pub(crate) fn bin_and_public(&self, x: &Bin, values: &[i64]) -> Bin {
        let mut planes = self.bin(x.width, x.lanes).a;
        value_planes(&mut planes, values, x.width, x.lanes);
        let mut out = x.clone();
        for rows in [&mut out.a, &mut out.b] {
            rows.as_flattened_mut().iter_mut().zip(planes.as_flattened()).for_each(|(x, p)| *x &= p);
        }
        out
    }
}
