//! What a party of `rep3` does alone: sums, products by public numbers, known values. A known value is component 0, which P_0 holds first and P_2 second.

use super::Rep3;
use super::keys::Source;
use super::share::{Arith, Bin, Row, Rows, Words, to_planes};

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

    pub(crate) fn map2(&self, x: &Arith, y: &Arith, f: impl Fn(u64, u64) -> u64) -> Arith {
        debug_assert_eq!(x.lanes, y.lanes);
        let zip =
            |p: &Words, q: &Words| Words::new(p.iter().zip(q.iter()).map(|(p, q)| f(*p, *q) & self.mask).collect());
        Arith { lanes: x.lanes, a: zip(&x.a, &y.a), b: zip(&x.b, &y.b) }
    }

    pub(crate) fn map1(&self, x: &Arith, f: impl Fn(u64) -> u64) -> Arith {
        let map = |p: &Words| Words::new(p.iter().map(|p| f(*p) & self.mask).collect());
        Arith { lanes: x.lanes, a: map(&x.a), b: map(&x.b) }
    }

    pub(crate) fn known(&self, values: &[i64], lanes: usize) -> Arith {
        let mut out = self.arith(lanes);
        if let Some(zero) = self.component_zero(&mut out.a, &mut out.b) {
            zero.iter_mut().zip(values.iter().cycle()).for_each(|(x, v)| *x = v.cast_unsigned() & self.mask);
        }
        out
    }

    pub(crate) fn plus_public(&self, x: &Arith, values: &[i64]) -> Arith {
        let mut out = x.clone();
        if let Some(zero) = self.component_zero(&mut out.a, &mut out.b) {
            zero.iter_mut()
                .zip(values.iter().cycle())
                .for_each(|(x, v)| *x = x.wrapping_add(v.cast_unsigned()) & self.mask);
        }
        out
    }

    pub(crate) fn times_public(&self, x: &Arith, values: &[i64]) -> Arith {
        if let [one] = values {
            return self.map1(x, |v| v.wrapping_mul(one.cast_unsigned()));
        }
        let map = |p: &Words| {
            Words::new(p.iter().zip(values).map(|(p, v)| p.wrapping_mul(v.cast_unsigned()) & self.mask).collect())
        };
        Arith { lanes: x.lanes, a: map(&x.a), b: map(&x.b) }
    }

    pub(crate) fn sums(&self, x: &Arith, len: usize) -> Arith {
        let len = len.max(1);
        let sum = |p: &Words| {
            Words::new(
                p.chunks(len).map(|group| group.iter().fold(0_u64, |s, v| s.wrapping_add(*v)) & self.mask).collect(),
            )
        };
        Arith { lanes: x.lanes / len, a: sum(&x.a), b: sum(&x.b) }
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
            fill_planes(zero, values, width, lanes);
        }
        out
    }

    pub(crate) fn bin_xor(&self, x: &Bin, y: &Bin) -> Bin {
        debug_assert_eq!((x.lanes, x.width), (y.lanes, y.width));
        let zip = |p: &Rows, q: &Rows| {
            Rows::new(p.iter().zip(q.iter()).map(|(p, q)| std::array::from_fn(|i| p[i] ^ q[i])).collect())
        };
        Bin { width: x.width, lanes: x.lanes, a: zip(&x.a, &y.a), b: zip(&x.b, &y.b) }
    }

    pub(crate) fn bin_xor_public(&self, x: &Bin, values: &[i64]) -> Bin {
        self.bin_xor(x, &self.bin_known(values, x.width, x.lanes))
    }

    pub(crate) fn bin_and_public(&self, x: &Bin, values: &[i64]) -> Bin {
        let mut planes = self.bin(x.width, x.lanes).a;
        fill_planes(&mut planes, values, x.width, x.lanes);
        let mut out = x.clone();
        for rows in [&mut out.a, &mut out.b] {
            rows.as_flattened_mut().iter_mut().zip(planes.as_flattened()).for_each(|(x, p)| *x &= p);
        }
        out
    }
}

/// Writes values (a single one for every lane) into planes in two's complement. Does nothing to an empty buffer.
fn fill_planes(rows: &mut [Row], values: &[i64], width: u32, lanes: usize) {
    let planes = width as usize;
    if rows.is_empty() {
        return;
    }
    let one = if let [one] = values { Some(one) } else { None };
    let words = (0..lanes).map(|i| one.or(values.get(i)).copied().unwrap_or(0).cast_unsigned());
    to_planes(words.clone(), rows, planes, 0, planes.min(64), 0);
    if planes > 64 {
        // Sign extension.
        let signs = words.map(|word| 0_u64.wrapping_sub(word >> 63));
        to_planes(signs, rows, planes, 64, planes - 64, 0);
    }
}
