//! What was computed and is not verified yet: each product with its factors, of which a verification shows whether they belong together.

use super::Extended;
use crate::shamir::{Elements, Form};

/// A product of vectors that is not one lane by lane.
pub(crate) struct Product<F: Extended> {
    pub(crate) form: Form,
    pub(crate) factors: [Elements<F>; 2],
    pub(crate) result: Elements<F>,
}

/// Products lane by lane, one behind the other: factors and result of each. They lie in segments of [`Lanes::SEGMENT`] elements, and the last one has room for twice what it has at most.
pub(crate) struct Lanes<F: Extended> {
    segments: Vec<[Elements<F>; 3]>,
    len: usize,
}

impl<F: Extended> Default for Lanes<F> {
    fn default() -> Self {
        Self { segments: Vec::new(), len: 0 }
    }
}

impl<F: Extended> Lanes<F> {
    /// Elements of a segment: a megabyte.
    pub(crate) const SEGMENT: usize = (1 << 20) / size_of::<F>();

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Appends as many as each of the three has.
    pub(crate) fn append(&mut self, lanes: [&[F]; 3]) {
        let (mut done, count) = (0, lanes[2].len());
        while done < count {
            let start = self.len % Self::SEGMENT;
            let room = self.room(start, count - done);
            let here = (count - done).min(room[2].len() - start);
            for (to, from) in room.iter_mut().zip(lanes) {
                to[start..start + here].copy_from_slice(&from[done..done + here]);
            }
            done += here;
            self.len += here;
        }
    }

    /// The last segment, which has room from `start` on; where it would not, a larger one, or another.
    fn room(&mut self, start: usize, wanted: usize) -> &mut [Elements<F>; 3] {
        let zeros = |least: usize| {
            let size = least.next_power_of_two().min(Self::SEGMENT);
            std::array::from_fn(|_| Elements::zeros(size))
        };
        if start == 0 {
            self.segments.push(zeros(wanted));
        }
        let last = self.segments.len() - 1;
        let last = &mut self.segments[last];
        if last[0].len() == start {
            let mut larger: [Elements<F>; 3] = zeros((2 * start).max(start + wanted));
            larger.iter_mut().zip(&*last).for_each(|(to, from)| to[..start].copy_from_slice(from));
            *last = larger;
        }
        last
    }

    /// Lanes `first ..`, at most as many as each of the three that they are copied to has; the rest of these becomes zero.
    ///
    /// # Panics
    /// Where they do not lie in one segment: some would be missing, and not be verified.
    pub(crate) fn read(&self, first: usize, [x, y, z]: [&mut [F]; 3]) {
        let (segment, start) = (first / Self::SEGMENT, first % Self::SEGMENT);
        assert!(start + z.len().min(self.len - first) <= Self::SEGMENT, "lanes of two segments");
        for (to, from) in [x, y, z].into_iter().zip(&self.segments[segment]) {
            let from = &from[start..];
            let (here, rest) = to.split_at_mut(to.len().min(from.len()));
            here.copy_from_slice(&from[..here.len()]);
            rest.fill(F::default());
        }
    }

    /// What each segment has, and how many lanes come before.
    pub(crate) fn segments(&self) -> impl Iterator<Item = (usize, [&[F]; 3])> {
        self.segments.iter().enumerate().map(|(n, segment)| {
            let first = n * Self::SEGMENT;
            (first, segment.each_ref().map(|x| &x[..(self.len - first).min(Self::SEGMENT)]))
        })
    }

    /// All of them in a row.
    pub(crate) fn concat(&self) -> [Elements<F>; 3] {
        std::array::from_fn(|k| {
            let parts: Vec<&[F]> = self.segments().map(|(_, segment)| segment[k]).collect();
            Elements::concat(parts.into_iter())
        })
    }
}

/// Products, and how many there are also where their buffers stay empty.
pub(crate) struct Kept<F: Extended> {
    pub(crate) lanes: Lanes<F>,
    /// Those of other forms.
    pub(crate) products: Vec<Product<F>>,
    /// Products lane by lane.
    pub(crate) single: u64,
    /// Terms that those of other forms take together.
    pub(crate) terms: u64,
    /// Bytes of all factors and results: of matrices far more than their terms say.
    pub(crate) held: u64,
}

impl<F: Extended> Default for Kept<F> {
    fn default() -> Self {
        Self { lanes: Lanes::default(), products: Vec::new(), single: 0, terms: 0, held: 0 }
    }
}

impl<F: Extended> Kept<F> {
    /// Another product, of so many lanes.
    pub(crate) fn keep(&mut self, form: Form, [x, y]: [&[F]; 2], z: &[F], lanes: usize) {
        if lanes == 0 {
            return;
        }
        match form {
            Form::Lanes => self.single += lanes as u64,
            Form::Inner(len) => self.terms += (lanes * len) as u64,
            Form::Matrix { inner, .. } => self.terms += inner as u64,
        }
        let elements = match form {
            Form::Lanes => lanes.saturating_mul(3),
            Form::Inner(len) => lanes.saturating_mul(len).saturating_mul(2).saturating_add(lanes),
            Form::Matrix { rows, inner, cols } => {
                let factors = rows.saturating_mul(inner).saturating_add(inner.saturating_mul(cols));
                factors.saturating_add(lanes)
            }
        };
        self.held = self.held.saturating_add(elements.saturating_mul(size_of::<F>()) as u64);
        if z.is_empty() {
            return;
        }
        match form {
            Form::Lanes => self.lanes.append([x, y, z]),
            _ => {
                let copy = |x: &[F]| Elements::of(x);
                self.products.push(Product { form, factors: [copy(x), copy(y)], result: copy(z) });
            }
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.single == 0 && self.terms == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpc_math::field::{Gf256, P127};

    /// What decides when there is too much is what is held, also in a run that only counts: of a matrix its elements and not its terms.
    #[test]
    fn matrices_count_by_their_elements() {
        let form = Form::Matrix { rows: 3, inner: 2, cols: 5 };
        let (mut live, mut dry) = (Kept::<P127>::default(), Kept::<P127>::default());
        let of = |len: usize| vec![P127::default(); len];
        live.keep(form, [&of(6), &of(10)], &of(15), 15);
        dry.keep(form, [&[], &[]], &[], 15);
        assert_eq!((live.terms, live.held), (2, 31 * 16));
        assert_eq!((dry.terms, dry.held), (2, 31 * 16));
        dry.keep(Form::Inner(4), [&[], &[]], &[], 3);
        assert_eq!((dry.terms, dry.held), (14, (31 + 27) * 16));
        let mut bits = Kept::<Gf256>::default();
        bits.keep(Form::Lanes, [&[], &[]], &[], 7);
        assert_eq!((bits.single, bits.held), (7, 21));
    }
    /// Lanes come out as they went in, whatever pieces they came in, and zeros behind the last.
    #[test]
    fn lanes_come_out_as_they_went_in() {
        const SEGMENT: usize = Lanes::<Gf256>::SEGMENT;
        let of = |k: u8, at: usize| Gf256((at % 251) as u8 ^ k);
        let mut lanes = Lanes::default();
        let mut len = 0;
        for count in [1, 5, 1000, 0, 40_000, SEGMENT, 2 * SEGMENT - 7, 3] {
            let [x, y, z] = [1, 2, 4].map(|k| (len..len + count).map(|at| of(k, at)).collect::<Vec<_>>());
            lanes.append([&x, &y, &z]);
            len += count;
        }
        assert_eq!(lanes.len(), len);
        let all = lanes.concat();
        for (k, all) in [1, 2, 4].into_iter().zip(&all) {
            assert!(all.len() == len && all.iter().enumerate().all(|(at, x)| *x == of(k, at)));
        }
        for first in [0, 4096, SEGMENT - 4096, 3 * SEGMENT, len / 4096 * 4096] {
            let mut read = [[Gf256(9); 4096]; 3];
            let [x, y, z] = &mut read;
            lanes.read(first, [x, y, z]);
            for (k, read) in [1, 2, 4].into_iter().zip(&read) {
                let expected = |at: usize| if at < len { of(k, at) } else { Gf256(0) };
                assert!(read.iter().enumerate().all(|(at, x)| *x == expected(first + at)), "{first}");
            }
        }
    }
}
