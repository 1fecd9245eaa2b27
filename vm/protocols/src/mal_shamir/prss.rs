//! Random numbers without a message: each set A of t + 1 parties has a key, and the share of party i of what that key gives is r_A · f_A(i), where f_A is the polynomial of degree t that is 1 at 0 and 0 at the
//! points of the parties outside of A. Of any t parties there is one set that none of them is in, and the sum over all sets has its number in it (Cramer, Damgård and Ishai, TCC 2005).
//!
//! No party can lie about such a number: what the honest members of a set hold follows from a key that all of them have compared.

use super::Guard;
use super::of_set;
use crate::executor::Cx;
use crate::keys::Source;
use crate::shamir::{Elements, Over, Shamir, Step};
use smpc_math::field::{Field, Gf256, P127};
use smpc_math::prf::Domain;

impl<S: Source> Shamir<S> {
    /// Uniform elements that nobody knows.
    pub(crate) fn without_dealer<F: Over>(&self, guard: &Guard, cx: Cx<'_>, at: Step, len: usize) -> Elements<F> {
        cx.count_blocks(len.div_ceil(F::PER_BLOCK) as u64 + 1);
        let mut sum: Elements<F> = self.elements(len);
        for (set, of_me) in guard.mine.iter().zip(&F::side(guard).set) {
            self.draw_under::<F>(of_set(*set), at, len, |first, drawn| {
                F::add_multiple(&mut sum[first..first + drawn.len()], *of_me, drawn);
            });
        }
        sum
    }

    /// Uniform bits that nobody knows.
    pub(crate) fn bits_without_dealer(&self, guard: &Guard, cx: Cx<'_>, len: usize) -> Elements<Gf256> {
        cx.count_blocks(len.div_ceil(Gf256::PER_BLOCK) as u64 + 1);
        let mut sum: Elements<Gf256> = self.elements(len);
        for (set, of_me) in guard.mine.iter().zip(&guard.words.set) {
            let at = Step::new(cx.tape(), 0, Domain::Random);
            self.draw_under::<Gf256>(of_set(*set), at, len, |first, drawn| {
                for (sum, drawn) in sum[first..].iter_mut().zip(drawn) {
                    *sum = sum.add(Gf256(of_me.0 & (drawn.0 & 1).wrapping_neg()));
                }
            });
        }
        sum
    }

    /// A byte of each set: their sum, which hides a byte whatever a lie has made of it, and of each its lowest bit as a number. The lowest bit of the sum is the ⊕ of these.
    pub(crate) fn bytes_of_sets(
        &self,
        guard: &Guard,
        cx: Cx<'_>,
        len: usize,
    ) -> (Elements<Gf256>, Vec<Elements<P127>>) {
        cx.count_blocks(len.div_ceil(Gf256::PER_BLOCK) as u64 + 1);
        let mut sum: Elements<Gf256> = self.elements(len);
        let mut numbers: Vec<Elements<P127>> = guard.sets.iter().map(|_| self.elements(len)).collect();
        let of_me = guard.words.set.iter().zip(&guard.numbers.set);
        for (set, (byte, number)) in guard.mine.iter().zip(of_me) {
            let numbers = &mut numbers[*set];
            let at = Step::new(cx.tape(), 0, Domain::Random);
            self.draw_under::<Gf256>(of_set(*set), at, len, |first, drawn| {
                Gf256::add_multiple(&mut sum[first..first + drawn.len()], *byte, drawn);
                for (to, drawn) in numbers[first..].iter_mut().zip(drawn) {
                    *to = number.mul(P127::from_i64((drawn.0 & 1).into()));
                }
            });
        }
        (sum, numbers)
    }
}
