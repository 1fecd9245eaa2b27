//! Sign and equality to zero by the two-summand split.

use super::Rep3;
use super::circuits::Kind;
use super::keys::Source;
use super::share::{Arith, Bin};
use super::split::Split;
use crate::executor::Cx;

impl<S: Source> Rep3<S> {
    /// Splits x into `width` bits a summand and runs a circuit of the two on them.
    async fn on_summands(&self, cx: Cx<'_>, x: &Arith, width: u32, negate: bool, kind: Kind) -> Bin {
        let circuit = self.circuits.get(kind);
        let mut state = self.state_for(&circuit, x.lanes);
        let how = Split { width: width as usize, offset: 0, negate };
        self.split(cx.sub(0, 2), x, &how, &mut state).await;
        self.evaluate(cx.sub(1, 2), &circuit, 0, &mut state).await;
        self.outputs(&circuit, &state)
    }

    /// The sign bit of x for |x| < 2^(width−1): the top bit of s + t, for which only its carry is computed (PROTOCOLS variant B; Keller 2025).
    ///
    /// 2 + ⌈log2 (width − 1)⌉ rounds; for 64 bits 8 rounds and 181 + 64/3 ≈ 202 bits a lane from each party.
    pub(crate) async fn sign(&self, cx: Cx<'_>, x: &Arith, width: u32) -> Bin {
        self.on_summands(cx, x, width, false, Kind::Sign(width)).await
    }

    /// x = 0 for |x| < 2^(width−1): s = −t bit by bit, no adder. 1 + ⌈log2 width⌉ rounds; for 64 bits 7 rounds and 63 + 64/3 bits a lane.
    pub(crate) async fn is_zero(&self, cx: Cx<'_>, x: &Arith, width: u32) -> Bin {
        self.on_summands(cx, x, width, true, Kind::Equal(width)).await
    }

    /// The low `width` bits of x: s + t with all carries. 2 + ⌈log2 (width − 1)⌉ rounds; for 64 bits 8 rounds and 63 + 310 + 64/3 bits a lane.
    pub(crate) async fn bits_of(&self, cx: Cx<'_>, x: &Arith, width: u32) -> Bin {
        self.on_summands(cx, x, width, false, Kind::Sum(width)).await
    }
}
