//! Products: each party multiplies its shares, which gives shares of degree 2t of the product, and the 2t + 1 bring these down to degree t: all of them (`deal`), or where
//! parties and products are many a king (`king`). A sum of products costs what one does. Rounds and bytes that gates say are those of the first way.

use super::Shamir;
use super::deal::{Over, Step};
use super::share::{Arith, Elements};
use crate::executor::Cx;
use crate::keys::Source;
use smpc_math::field::{Field, P127};
use smpc_math::prf::Domain;

/// Which products are made of two vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// x_i·y_i.
    Lanes,
    /// The sum of as many neighbours.
    Inner(usize),
    /// A matrix, row by row, of one row by row and one column by column.
    Matrix { rows: usize, inner: usize, cols: usize },
}

impl Form {
    /// Products from number `first` on.
    fn products<F: Field>(self, [x, y]: [&[F]; 2], first: usize, out: &mut [F]) {
        match self {
            Self::Lanes => F::products(out, &x[first..first + out.len()], &y[first..first + out.len()]),
            Self::Inner(terms) => {
                for (n, out) in (first..).zip(out) {
                    let [x, y] = [x, y].map(|all| &all[n * terms..][..terms]);
                    *out = F::dot(x, y);
                }
            }
            Self::Matrix { inner, cols, .. } => {
                for (n, out) in (first..).zip(out) {
                    let [row, column] =
                        [(x, n / cols.max(1)), (y, n % cols.max(1))].map(|(all, k)| &all[k * inner..][..inner]);
                    *out = F::dot(row, column);
                }
            }
        }
    }
}

impl<S: Source> Shamir<S> {
    /// The products of that form, `len` of them. One round; n − t − 1 elements each from each of 2t + 1 parties.
    pub(crate) async fn multiplied<F: Over>(
        &self,
        cx: Cx<'_>,
        at: Step,
        form: Form,
        [x, y]: [&[F]; 2],
        len: usize,
    ) -> Elements<F> {
        if let Form::Matrix { inner: 0, .. } = form {
            return self.elements(len);
        }
        self.verify_if_much(cx).await;
        #[cfg(test)]
        let adds = self.guard().is_some_and(|guard| guard.adds);
        let own = |first: usize, out: &mut [F]| {
            form.products([x, y], first, out);
            #[cfg(test)]
            if adds && first == 0 {
                out[0] = out[0].add(F::ONE);
            }
        };
        let product = if len.saturating_mul(F::BYTES) < self.kings_from {
            self.reduce(cx, at, &own, len).await
        } else {
            Box::pin(self.reduce_by_kings(cx, at, &own, len)).await
        };
        if let Some(guard) = self.guard() {
            F::side(guard).keep(form, [x, y], &product, len);
        }
        product
    }

    /// a · b, lane by lane. One round, 16 (n − t − 1) bytes from each of 2t + 1 parties. Uses step `step`.
    pub(crate) async fn product(&self, cx: Cx<'_>, step: u64, a: &Arith, b: &Arith) -> Arith {
        let at = Step::new(cx.tape(), step, Domain::Arith);
        Arith { lanes: a.lanes, x: self.multiplied::<P127>(cx, at, Form::Lanes, [&a.x, &b.x], a.lanes).await }
    }
}
