//! What was computed and is not verified yet: each product with its factors, of which a verification shows whether they belong together.

use super::Extended;
use crate::shamir::{Elements, Form};

/// A product of vectors.
pub(crate) struct Product<F: Extended> {
    pub(crate) form: Form,
    pub(crate) factors: [Elements<F>; 2],
    pub(crate) result: Elements<F>,
}

/// Products, and how many there are also where their buffers stay empty.
pub(crate) struct Kept<F: Extended> {
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
        Self { products: Vec::new(), single: 0, terms: 0, held: 0 }
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
        if !z.is_empty() {
            let copy = |x: &[F]| Elements::of(x);
            self.products.push(Product { form, factors: [copy(x), copy(y)], result: copy(z) });
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
}
