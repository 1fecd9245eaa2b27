//! What was computed and is not verified yet: each product with its factors, of which a verification shows whether they belong together.

use crate::shamir::{Elements, Form};
use smpc_math::field::Field;

/// A product of vectors.
pub(crate) struct Product<F: Field> {
    pub(crate) form: Form,
    pub(crate) factors: [Elements<F>; 2],
    pub(crate) result: Elements<F>,
}

/// Products, and how many there are also where their buffers stay empty.
pub(crate) struct Kept<F: Field> {
    pub(crate) products: Vec<Product<F>>,
    /// Products lane by lane.
    pub(crate) single: u64,
    /// Terms that those of other forms take together.
    pub(crate) terms: u64,
}

impl<F: Field> Default for Kept<F> {
    fn default() -> Self {
        Self { products: Vec::new(), single: 0, terms: 0 }
    }
}

impl<F: Field> Kept<F> {
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
        if !z.is_empty() {
            let copy = |x: &[F]| Elements::from(x.to_vec());
            self.products.push(Product { form, factors: [copy(x), copy(y)], result: copy(z) });
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.single == 0 && self.terms == 0
    }
}
