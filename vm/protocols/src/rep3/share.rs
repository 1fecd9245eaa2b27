//! Share vectors of replicated sharing. Nothing here talks or draws randomness.
//!
//! x = x_0 + x_1 + x_2, and party i holds (x_i, x_{i+1}): `a` is component i, `b` is component i + 1 (indices modulo 3). Words are shared with ⊕ in
//! place of +, and lie as [`crate::bits`] says. In dry mode the buffers are empty and `lanes` says how long they would be.

pub use crate::bits::{Row, Rows, Words};
pub(crate) use crate::bits::{bits_of_plane, blocks, to_planes};

use crate::bits::Form;
use crate::lanes::Lanes;
use crate::protocol::{BinShares, Shares};

/// A vector of integers.
#[derive(Clone)]
pub struct Arith {
    pub(crate) lanes: usize,
    pub(crate) a: Words,
    pub(crate) b: Words,
}

/// A vector of words, bit by bit.
#[derive(Clone)]
pub struct Bin {
    pub(crate) width: u32,
    pub(crate) lanes: usize,
    pub(crate) a: Rows,
    pub(crate) b: Rows,
}

impl std::fmt::Debug for Arith {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Arith({} lanes)", self.lanes)
    }
}

impl std::fmt::Debug for Bin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bin({} lanes of {} bits)", self.lanes, self.width)
    }
}

impl Arith {
    /// This party's two components, lane by lane; for tests and tools that look at shares.
    #[must_use]
    pub fn components(&self) -> [&[u64]; 2] {
        [&self.a, &self.b]
    }

    /// A vector of these two components, of equal length; for tests and tools that make shares.
    #[must_use]
    pub fn of_components([a, b]: [Vec<u64>; 2]) -> Self {
        debug_assert_eq!(a.len(), b.len());
        Self { lanes: a.len(), a: Words::new(a), b: Words::new(b) }
    }

    /// A vector of `lanes` lanes, each of whose buffers `f(from, to)` writes.
    fn map(&self, lanes: usize, f: impl Fn(&[u64], &mut [u64])) -> Self {
        let each = |words: &Words| {
            let mut out = Words::zeros(if words.is_empty() { 0 } else { lanes });
            if !words.is_empty() {
                f(words, &mut out);
            }
            out
        };
        Self { lanes, a: each(&self.a), b: each(&self.b) }
    }
}

impl Shares for Arith {
    fn lanes(&self) -> usize {
        self.lanes
    }

    fn read(&self, view: &Lanes) -> Self {
        self.map(view.len(), |words, out| view.copy(words, out))
    }

    fn write(&mut self, view: &Lanes, values: &Self) {
        for (to, from) in [(&mut self.a, &values.a), (&mut self.b, &values.b)] {
            if from.is_empty() {
                continue;
            }
            match view.contiguous() {
                Some((start, len)) => to[start..start + len].copy_from_slice(&from[..len]),
                None => view.iter().zip(from.iter()).for_each(|(i, v)| to[i] = *v),
            }
        }
    }

    fn assign(&mut self, place: &Lanes, from: &Self, view: &Lanes) {
        match (place.contiguous(), view.contiguous()) {
            (Some((at, len)), Some((start, _))) if !self.a.is_empty() && !from.a.is_empty() => {
                self.a[at..at + len].copy_from_slice(&from.a[start..start + len]);
                self.b[at..at + len].copy_from_slice(&from.b[start..start + len]);
            }
            _ => self.write(place, &from.read(view)),
        }
    }

    fn gather(&self, index: &[usize]) -> Self {
        self.map(index.len(), |words, out| out.iter_mut().zip(index).for_each(|(out, i)| *out = words[*i]))
    }

    fn scatter(&mut self, index: &[usize], values: &Self) {
        for (to, from) in [(&mut self.a, &values.a), (&mut self.b, &values.b)] {
            index.iter().zip(from.iter()).for_each(|(i, v)| to[*i] = *v);
        }
    }
}

impl Bin {
    /// This party's two components, row by row; for tests and tools that look at shares.
    #[must_use]
    pub fn components(&self) -> [&[Row]; 2] {
        [&self.a, &self.b]
    }

    /// A vector of these two components, each a row a plane for each block of 512 lanes; for tests and tools that make shares.
    #[must_use]
    pub fn of_components(width: u32, lanes: usize, [a, b]: [Vec<Row>; 2]) -> Self {
        debug_assert!([&a, &b].iter().all(|rows| rows.len() == blocks(lanes) * width as usize));
        Self { width, lanes, a: Rows::new(a), b: Rows::new(b) }
    }

    pub(crate) const fn form(&self) -> Form {
        Form { width: self.width, lanes: self.lanes }
    }

    /// A vector of this form, each of whose buffers `of` makes.
    fn map(&self, form: Form, of: impl Fn(&[Row]) -> Rows) -> Self {
        Self { width: form.width, lanes: form.lanes, a: of(&self.a), b: of(&self.b) }
    }

    /// The buffers of both components, with those of another vector.
    fn with<'x>(&'x mut self, other: &'x Self) -> [(&'x mut Rows, &'x Rows); 2] {
        [(&mut self.a, &other.a), (&mut self.b, &other.b)]
    }
}

impl Shares for Bin {
    fn lanes(&self) -> usize {
        self.lanes
    }

    fn read(&self, view: &Lanes) -> Self {
        let form = self.form();
        self.map(Form { lanes: view.len(), ..form }, |rows| form.read(rows, view))
    }

    fn assign(&mut self, place: &Lanes, from: &Self, view: &Lanes) {
        let form = self.form();
        self.with(from).into_iter().for_each(|(to, rows)| form.assign(to, place, (rows, from.form()), view));
    }

    fn write(&mut self, view: &Lanes, values: &Self) {
        let form = self.form();
        self.with(values).into_iter().for_each(|(to, rows)| form.write(to, view, (rows, values.form())));
    }

    fn gather(&self, index: &[usize]) -> Self {
        let form = self.form();
        self.map(Form { lanes: index.len(), ..form }, |rows| form.gather(rows, index))
    }

    fn scatter(&mut self, index: &[usize], values: &Self) {
        let form = self.form();
        self.with(values).into_iter().for_each(|(to, rows)| form.scatter(to, index, (rows, values.form())));
    }
}

impl BinShares for Bin {
    fn width(&self) -> u32 {
        self.width
    }

    fn planes(&self, from: u32, width: u32) -> Self {
        if from == 0 && width == self.width {
            return self.clone();
        }
        let form = self.form();
        self.map(Form { width, ..form }, |rows| form.planes(rows, from, width))
    }

    fn stack(parts: &[&Self]) -> Self {
        let form = Form {
            width: parts.iter().map(|part| part.width).sum(),
            lanes: parts.first().map_or(0, |part| part.lanes),
        };
        let a = form.stack(parts.iter().map(|part| (&*part.a, part.width)));
        let b = form.stack(parts.iter().map(|part| (&*part.b, part.width)));
        Self { width: form.width, lanes: form.lanes, a, b }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smpc_math::planes::ROW_WORDS;

    /// Lane i of a vector whose every bit can be told from its neighbours.
    fn word(seed: u64, lane: usize) -> u64 {
        (seed ^ lane as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 13 & 63
    }

    fn vector(lanes: usize, seed: u64, width: usize) -> Bin {
        let rows = |seed| {
            let mut rows = vec![[0; ROW_WORDS]; blocks(lanes) * width];
            to_planes(&mut rows, width, (0, width), 0..lanes, |first, out| {
                out.iter_mut().enumerate().for_each(|(i, out)| *out = word(seed, first + i));
            });
            rows
        };
        Bin::of_components(width as u32, lanes, [rows(seed), rows(!seed)])
    }

    fn lanes_of(x: &Bin) -> [Vec<u64>; 2] {
        [&x.a, &x.b].map(|rows| x.form().words(rows).to_vec())
    }

    /// Words of many planes are gathered as lanes one by one are.
    #[test]
    fn words_are_gathered() {
        for width in [1, 3, 4, 64, 65, 130] {
            let parts: Vec<Bin> = (0..width).map(|seed| vector(700, u64::from(seed), 3).planes(0, 1)).collect();
            let from = Bin::stack(&parts.iter().collect::<Vec<_>>());
            for lanes in [1, 511, 512, 1300] {
                let index: Vec<usize> = (0..lanes).map(|i| i * 397 % 700).collect();
                let gathered = from.gather(&index);
                for (plane, part) in (0..width).zip(&parts) {
                    let expected = lanes_of(part).map(|all| index.iter().map(|i| all[*i]).collect::<Vec<u64>>());
                    assert_eq!(lanes_of(&gathered.planes(plane, 1)), expected, "plane {plane} of {width}");
                }
            }
        }
    }

    /// Reading, writing and copying views says of every lane what a walk over the lanes says, wherever words and blocks begin.
    #[test]
    fn views_move_lanes() {
        // Few planes are moved bit by bit, many as words.
        for width in [1, 3, 6] {
            views_of(width);
        }
    }

    fn views_of(width: usize) {
        let from = vector(2000, 5, width);
        let runs = [(0, 2000), (0, 512), (1, 511), (63, 66), (64, 1024), (511, 2), (700, 1300), (1999, 1), (1300, 0)];
        let grids = [
            (0, [(3, 5), (1, 700)]),
            (1999, [(-1, 9), (0, 100)]),
            (77, [(0, 3), (1, 600)]),
            (1500, [(0, 1), (-3, 400)]),
            (3, [(0, 1), (2, 900)]),
            (0, [(5, 9), (2, 70)]),
            (511, [(1, 3), (2, 700)]),
            (1, [(7, 90), (2, 4)]),
        ];
        let views = runs.map(|(start, len)| Lanes::run(start, len)).into_iter();
        let views = views.chain(grids.map(|(start, dims)| Lanes { start, dims }));
        for (view, offset) in views.flat_map(|view| [0, 1, 64, 511, 700].map(|offset| (view, offset))) {
            let all = lanes_of(&from);
            let expected = all.each_ref().map(|all| view.iter().map(|lane| all[lane]).collect::<Vec<u64>>());
            let read = from.read(&view);
            assert_eq!(lanes_of(&read), expected, "{view:?}");
            let place = Lanes::run(offset, view.len());
            let target = vector(offset + view.len() + 90, 9, width);
            let mut after = lanes_of(&target);
            for (after, expected) in after.iter_mut().zip(&expected) {
                after[offset..offset + view.len()].copy_from_slice(expected);
            }
            let (mut written, mut assigned) = (target.clone(), target);
            written.write(&place, &read);
            assigned.assign(&place, &from, &view);
            assert_eq!(lanes_of(&written), after, "{view:?} at {offset}");
            assert_eq!(lanes_of(&assigned), after, "{view:?} at {offset}");
        }
    }
}
