//! Sign and equality to zero by the two-summand split.

use super::Rep3;
use super::share::{Arith, Bin};
use super::split::{Number, Split};
use crate::circuits::Kind;
use crate::executor::Cx;
use crate::keys::Source;

impl<S: Source> Rep3<S> {
    /// The sign bit of x for |x| < 2^(width−1): the top bit of s + t, for which only its carry is computed (PROTOCOLS variant B; Keller 2025).
    ///
    /// 2 + ⌈log2 (width − 1)⌉ rounds; for 64 bits 8 rounds and 64/3 + 63·2/3 + 118 ≈ 181 bits a lane from each party.
    pub(crate) async fn sign(&self, cx: Cx<'_>, x: Number<'_>, width: u32) -> Bin {
        let how = Split { width: width as usize, offset: 0, negate: false };
        self.on_summands(cx, x, &how, Kind::Sign(width)).await
    }

    /// x = 0 for |x| < 2^(width−1): s = −t bit by bit, no adder. 1 + ⌈log2 width⌉ rounds; for 64 bits 7 rounds and 63 + 64/3 bits a lane.
    pub(crate) async fn is_zero(&self, cx: Cx<'_>, x: Number<'_>, width: u32) -> Bin {
        let how = Split { width: width as usize, offset: 0, negate: true };
        self.on_summands(cx, x, &how, Kind::Equal(width)).await
    }

    /// The low `width` bits of x: s + t with all carries. 2 + ⌈log2 (width − 1)⌉ rounds; for 64 bits 8 rounds and 64/3 + 63·2/3 + 310 ≈ 373 bits a lane.
    pub(crate) async fn bits_of(&self, cx: Cx<'_>, x: &Arith, width: u32) -> Bin {
        let how = Split { width: width as usize, offset: 0, negate: false };
        self.on_summands(cx, Number::of(x), &how, Kind::Sum(width)).await
    }
}
