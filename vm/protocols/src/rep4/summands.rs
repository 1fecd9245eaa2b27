//! A number as the sum of two words: x = s + t with s = x_0 + x_1, which P_2 and P_3 know, and t = x_2 + x_3, which P_0 and P_1 know.
//!
//! Each pair tells the bits of its word in a joint message, so that nobody has to be believed. Of s ⊕ t then components 0 and 1 are those of s, and 2 and 3 those of t;
//! s ∧ t takes four products of components in place of six. Signs, sums, carries and equality follow as in `rep3` (Keller 2025, section 6).

use super::Rep4;
use super::circuit::SplitAnds;
use super::joint::{Message, Route};
use super::share::{Arith, Bin, HELD};
use crate::bits::{Rows, blocks, to_planes};
use crate::circuits::Kind;
use crate::executor::Cx;
use crate::keys::{Source, Step};
use crate::layout::Layout;
use crate::message::Shape;
use smpc_math::planes::ROW_WORDS;
use smpc_math::prf::Domain;

/// How P_2 and P_3 tell of components 0 and 1, and P_0 and P_1 of components 2 and 3.
pub(crate) const LEFT: Route = Route::new(2, 3, 0, 1);
pub(crate) const RIGHT: Route = Route::new(1, 0, 3, 2);

/// How a number is split.
#[derive(Clone, Copy, Default)]
pub(crate) struct Split {
    /// Added to s.
    pub(crate) offset: u64,
    /// Whether t is negated, for equality.
    pub(crate) negate: bool,
}

impl<S: Source> Rep4<S> {
    /// The route on which this party tells of a half of the components, and the buffers of that half.
    pub(crate) fn half(&self) -> (Route, (usize, usize)) {
        let (route, first) = if LEFT.knows(self.me) { (LEFT, 0) } else { (RIGHT, 2) };
        (route, (self.slot(first), self.slot(first + 1)))
    }

    /// Shares of the sum of what the two pairs tell, `value(first, out)` at each party for its own pair. Components 0 and 1 are the one's, 2 and 3 the other's. One
    /// round, half an element a lane from each party on average. Uses two steps.
    pub(crate) async fn halves(
        &self,
        cx: Cx<'_>,
        step: u64,
        layout: Layout,
        value: &dyn Fn(usize, &mut [u64]),
    ) -> [crate::bits::Words; HELD] {
        let message = |(step, route)| {
            let at = Step::new(cx.tape(), step, Domain::Input);
            Message { route, at, before: 0, value }
        };
        self.joint(cx, layout, &[message((step, LEFT)), message((step + 1, RIGHT))]).await
    }

    /// This party's word of lanes from a lane on.
    pub(crate) fn half_of(&self, x: &Arith, how: Split, lane: usize, out: &mut [u64]) {
        let (route, (a, b)) = self.half();
        let at = lane..lane + out.len();
        let pairs = x.x[a][at.clone()].iter().zip(&x.x[b][at]);
        let offset = if route == LEFT { how.offset } else { 0 };
        let negate = how.negate && route == RIGHT;
        for (out, (a, b)) in out.iter_mut().zip(pairs) {
            let word = a.wrapping_add(*b).wrapping_add(offset);
            *out = if negate { word.wrapping_neg() } else { word };
        }
    }

    /// Runs a circuit on the summands of a number. A round for the split and one for each AND level.
    pub(crate) async fn on_summands(&self, cx: Cx<'_>, x: &Arith, how: Split, kind: Kind) -> Bin {
        let on = &*self.circuits.get(kind);
        let (width, lanes) = (on.width, x.lanes);
        let mut planes = Rows::zeros(if self.dry { 0 } else { blocks(lanes) * width });
        if !self.dry {
            to_planes(&mut planes, width, (0, width), 0..lanes, |lane, out| self.half_of(x, how, lane, out));
        }
        let layout = Layout::Bits(Shape::new(width, lanes));
        let tell = |first: usize, out: &mut [u64]| {
            out.copy_from_slice(&planes.as_flattened()[first..first + out.len()]);
        };
        let split = self.halves(cx.sub(0, 2), 0, layout, &tell).await;
        drop(planes);
        let mut state = self.state_for(&on.circuit, lanes);
        for (to, from) in state.x.iter_mut().zip(&split).filter(|_| width > 0) {
            let blocks = to.chunks_mut(on.circuit.slots).zip(from.chunks(width * ROW_WORDS));
            blocks.for_each(|(to, from)| to[..width].as_flattened_mut().copy_from_slice(from));
        }
        drop(split);
        let ands = SplitAnds { operands: 0..on.generate, results: width };
        let ands = (on.generate > 0).then_some(&ands);
        self.evaluate(cx.sub(1, 2), &on.circuit, 0, ands, &mut state).await;
        let mut out = self.bin(u32::try_from(on.circuit.outputs.len()).unwrap_or(u32::MAX), lanes);
        Self::put_outputs(&on.circuit, &state, &mut out, 0);
        out
    }

    /// The sign bit of x for |x| < 2^(width−1): 2 + ⌈log2 (width − 1)⌉ rounds.
    pub(crate) async fn sign(&self, cx: Cx<'_>, x: &Arith, width: u32) -> Bin {
        self.on_summands(cx, x, Split::default(), Kind::Sign(width)).await
    }

    /// x = 0 for |x| < 2^(width−1): s = −t bit by bit. 1 + ⌈log2 width⌉ rounds.
    pub(crate) async fn is_zero(&self, cx: Cx<'_>, x: &Arith, width: u32) -> Bin {
        self.on_summands(cx, x, Split { negate: true, ..Split::default() }, Kind::Equal(width)).await
    }

    /// The low `width` bits of x: 2 + ⌈log2 (width − 1)⌉ rounds.
    pub(crate) async fn bits_of_number(&self, cx: Cx<'_>, x: &Arith, width: u32) -> Bin {
        self.on_summands(cx, x, Split::default(), Kind::Sum(width)).await
    }
}
