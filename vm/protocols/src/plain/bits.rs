//! Words of any width in the clear, plane by plane.

use crate::lanes::Lanes;
use crate::protocol::{BinShares, Shares};
use smpc_math::planes::Planes;

/// Words of so many bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bits(pub(super) Planes);

impl Bits {
    /// Words of one bit.
    pub(super) fn flags(flags: impl ExactSizeIterator<Item = bool>) -> Self {
        let words: Vec<u64> = flags.map(u64::from).collect();
        Self(Planes::from_words(&words, 1))
    }

    /// Words in two's complement, extended to the width.
    pub(super) fn of(values: impl Iterator<Item = i64>, width: u32) -> Self {
        let (words, signs): (Vec<u64>, Vec<u64>) =
            values.map(|v| (v.cast_unsigned(), (v >> 63).cast_unsigned())).unzip();
        let width = width as usize;
        let mut planes = Planes::zeros(width, words.len());
        let (low, signs) = (Planes::from_words(&words, width.min(64)), Planes::from_words(&signs, 1));
        for p in 0..width {
            planes.plane_mut(p).copy_from_slice(if p < 64 { low.plane(p) } else { signs.plane(0) });
        }
        Self(planes)
    }

    /// Words of these limbs of 64 bits, ⌈width / 64⌉ a lane, least significant first; missing ones are 0.
    pub(super) fn of_limbs(values: &[i64], width: u32, lanes: usize) -> Self {
        let (width, limbs) = (width as usize, width.div_ceil(64) as usize);
        let mut planes = Planes::zeros(width, lanes);
        for limb in 0..limbs {
            let mut words: Vec<u64> = values.iter().skip(limb).step_by(limbs).map(|v| v.cast_unsigned()).collect();
            words.resize(lanes, 0);
            let part = Planes::from_words(&words, (width - 64 * limb).min(64));
            (0..part.width()).for_each(|p| planes.plane_mut(64 * limb + p).copy_from_slice(part.plane(p)));
        }
        Self(planes)
    }

    /// The limbs of each word, as [`Self::of_limbs`] takes them.
    pub(super) fn limbs(&self) -> Vec<u64> {
        let limbs = self.0.width().div_ceil(64).max(1);
        let mut out = vec![0; self.0.lanes() * limbs];
        for limb in 0..limbs {
            let part = self.0.planes(64 * limb, 64).to_words();
            out.iter_mut().skip(limb).step_by(limbs).zip(part).for_each(|(out, word)| *out = word);
        }
        out
    }

    /// The low 64 bits of each word.
    #[must_use]
    pub fn words(&self) -> Vec<u64> {
        self.0.to_words()
    }

    fn pick(&self, lanes: usize, from: impl Iterator<Item = usize>) -> Self {
        let mut out = Planes::zeros(self.0.width(), lanes);
        for (to, from) in from.enumerate() {
            (0..self.0.width()).for_each(|p| out.set_bit(p, to, self.0.bit(p, from)));
        }
        Self(out)
    }

    fn put(&mut self, to: impl Iterator<Item = usize>, values: &Self) {
        for (from, to) in to.take(values.0.lanes()).enumerate() {
            (0..self.0.width()).for_each(|p| self.0.set_bit(p, to, values.0.bit(p, from)));
        }
    }
}

impl Shares for Bits {
    fn lanes(&self) -> usize {
        self.0.lanes()
    }
    fn read(&self, view: &Lanes) -> Self {
        match view.contiguous() {
            Some((start, len)) => {
                let mut out = Planes::zeros(self.0.width(), len);
                out.copy_lanes(0, &self.0, start, len);
                Self(out)
            }
            None => self.pick(view.len(), view.iter()),
        }
    }
    fn write(&mut self, view: &Lanes, values: &Self) {
        match view.contiguous() {
            Some((start, len)) => self.0.copy_lanes(start, &values.0, 0, len),
            None => self.put(view.iter(), values),
        }
    }
    fn gather(&self, index: &[usize]) -> Self {
        self.pick(index.len(), index.iter().copied())
    }
    fn scatter(&mut self, index: &[usize], values: &Self) {
        self.put(index.iter().copied(), values);
    }
}

impl BinShares for Bits {
    fn width(&self) -> u32 {
        u32::try_from(self.0.width()).unwrap_or(u32::MAX)
    }
    fn planes(&self, from: u32, width: u32) -> Self {
        Self(self.0.planes(from as usize, width as usize))
    }
    fn stack(parts: &[&Self]) -> Self {
        let width = parts.iter().map(|part| part.0.width()).sum();
        let mut all = Planes::zeros(width, parts.first().map_or(0, |part| part.0.lanes()));
        let planes = parts.iter().flat_map(|part| (0..part.0.width()).map(|p| part.0.plane(p)));
        planes.enumerate().for_each(|(p, plane)| all.plane_mut(p).copy_from_slice(plane));
        Self(all)
    }
}
