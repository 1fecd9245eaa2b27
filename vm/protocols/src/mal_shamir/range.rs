//! Whether inputs lie in their ranges. A party can share any element of the field, also one that is no number of 64 bits, and a comparison of such a thing is no comparison (PROTOCOLS R16). So the whole of
//! x − lo + 1 modulo p is found in bits: it is from 1 to hi − lo + 1 for an x in the range, and for no other. That of lo − 1, 0, is found as p, which is none of them (and as 0, which would pass, with a
//! probability of 2^−126).

use super::Guard;
use crate::executor::Cx;
use crate::gates::logic::all_lanes;
use crate::keys::Source;
use crate::lanes::Range;
use crate::shamir::{Arith, Bin, Elements, Shamir};
use smpc_math::field::{Field, P127};

impl<S: Source> Shamir<S> {
    /// Whether all lanes lie in the range, whatever elements of the field they are: one lane, of width 1. 26 rounds for three parties, and ⌈log2 lanes⌉.
    pub(crate) async fn all_within(&self, guard: &Guard, cx: Cx<'_>, a: &Arith, range: Range) -> Bin {
        let mut above: Elements<P127> = self.elements(a.lanes);
        let less = P127::from_i64(range.lo).sub(P127::ONE);
        above.iter_mut().zip(a.x.iter()).for_each(|(above, x)| *above = x.sub(less));
        let most = range.hi.wrapping_sub(range.lo).cast_unsigned();
        let above = Arith { lanes: a.lanes, x: above };
        let zeros = || self.words(1, a.lanes);
        let between = async |cx: Cx<'_>, a: &Arith| self.between(guard, cx, &a.x, a.lanes, most).await;
        let holds = self.in_parts(cx.sub(0, 2), (&above, self.bytes_of_words(64)), zeros, between).await;
        all_lanes(self, cx.sub(1, 2), &holds).await
    }
}
