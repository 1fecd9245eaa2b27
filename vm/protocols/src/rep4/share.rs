//! Share vectors: three components each, of which the first is that after the party's own number. Nothing here talks or draws randomness. Words lie as
//! [`crate::bits`] says. In dry mode the buffers are empty and `lanes` says how long they would be.

use crate::bits::{Form, Row, Rows, Words};
use crate::lanes::Lanes;
use crate::protocol::{BinShares, Shares};

/// Components that a party holds.
pub(crate) const HELD: usize = 3;

/// A vector of integers.
#[derive(Clone)]
pub struct Arith {
    pub(crate) lanes: usize,
    pub(crate) x: [Words; HELD],
}

/// A vector of words, bit by bit.
#[derive(Clone)]
pub struct Bin {
    pub(crate) width: u32,
    pub(crate) lanes: usize,
    pub(crate) x: [Rows; HELD],
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
    /// This party's three components, lane by lane; for tests and tools that look at shares.
    #[must_use]
    pub fn components(&self) -> [&[u64]; HELD] {
        self.x.each_ref().map(|words| &**words)
    }

    /// A vector of these components, of equal length; for tests and tools that make shares.
    #[must_use]
    pub fn of_components(components: [Vec<u64>; HELD]) -> Self {
        Self { lanes: components[0].len(), x: components.map(Words::new) }
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
        Self { lanes, x: self.x.each_ref().map(each) }
    }

    /// The buffers, with those of another vector that has any.
    fn with<'x>(&'x mut self, other: &'x Self) -> impl Iterator<Item = (&'x mut Words, &'x Words)> {
        self.x.iter_mut().zip(&other.x).filter(|(_, from)| !from.is_empty())
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
        for (to, from) in self.with(values) {
            match view.contiguous() {
                Some((start, len)) => to[start..start + len].copy_from_slice(&from[..len]),
                None => view.iter().zip(from.iter()).for_each(|(i, v)| to[i] = *v),
            }
        }
    }

    fn gather(&self, index: &[usize]) -> Self {
        self.map(index.len(), |words, out| out.iter_mut().zip(index).for_each(|(out, i)| *out = words[*i]))
    }

    fn scatter(&mut self, index: &[usize], values: &Self) {
        for (to, from) in self.with(values) {
            index.iter().zip(from.iter()).for_each(|(i, v)| to[*i] = *v);
        }
    }
}

impl Bin {
    /// This party's three components, each with its planes' rows; for tests and tools that look at shares.
    #[must_use]
    pub fn components(&self) -> [&[Row]; HELD] {
        self.x.each_ref().map(|rows| &**rows)
    }

    /// Words of these components, each as many rows as that takes; for tests and tools that make shares.
    #[must_use]
    pub fn of_components(width: u32, lanes: usize, components: [Vec<Row>; HELD]) -> Self {
        Self { width, lanes, x: components.map(Rows::new) }
    }

    pub(crate) const fn form(&self) -> Form {
        Form { width: self.width, lanes: self.lanes }
    }

    /// A vector of this form, each of whose buffers `of` makes.
    fn map(&self, form: Form, of: impl Fn(&[Row]) -> Rows) -> Self {
        Self { width: form.width, lanes: form.lanes, x: self.x.each_ref().map(|rows| of(rows)) }
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

    fn write(&mut self, view: &Lanes, values: &Self) {
        let form = self.form();
        self.x.iter_mut().zip(&values.x).for_each(|(to, rows)| form.write(to, view, (rows, values.form())));
    }

    fn assign(&mut self, place: &Lanes, from: &Self, view: &Lanes) {
        let form = self.form();
        self.x.iter_mut().zip(&from.x).for_each(|(to, rows)| form.assign(to, place, (rows, from.form()), view));
    }

    fn gather(&self, index: &[usize]) -> Self {
        let form = self.form();
        self.map(Form { lanes: index.len(), ..form }, |rows| form.gather(rows, index))
    }

    fn scatter(&mut self, index: &[usize], values: &Self) {
        let form = self.form();
        self.x.iter_mut().zip(&values.x).for_each(|(to, rows)| form.scatter(to, index, (rows, values.form())));
    }
}

impl BinShares for Bin {
    fn width(&self) -> u32 {
        self.width
    }

    fn planes(&self, from: u32, width: u32) -> Self {
        let form = self.form();
        self.map(Form { width, ..form }, |rows| form.planes(rows, from, width))
    }

    fn stack(parts: &[&Self]) -> Self {
        let form = Form {
            width: parts.iter().map(|part| part.width).sum(),
            lanes: parts.first().map_or(0, |part| part.lanes),
        };
        let x = std::array::from_fn(|k| form.stack(parts.iter().map(|part| (&*part.x[k], part.width))));
        Self { width: form.width, lanes: form.lanes, x }
    }
}
