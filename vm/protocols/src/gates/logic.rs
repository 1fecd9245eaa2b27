//! Choice between words, their equality, and the conjunction over all lanes that a `check` opens.

use crate::executor::Cx;
use crate::lanes::Lanes;
use crate::protocol::{BinShares, Protocol, Shares};

/// a where the condition holds, else b: b ⊕ (c ∧ (a ⊕ b)). 1 round, one bit a lane and plane.
pub async fn select_bin<P: Protocol>(p: &P, cx: Cx<'_>, condition: &P::Bin, a: &P::Bin, b: &P::Bin) -> P::Bin {
    let wide = P::Bin::stack(&vec![condition; a.width() as usize]);
    let change = p.and(cx, &wide, &p.xor(a, b)).await;
    p.xor(b, &change)
}

/// a = b: the conjunction over the planes of ¬(a ⊕ b), half with half. ⌈log2 width⌉ rounds and one bit less than there are planes.
pub async fn eq_bin<P: Protocol>(p: &P, cx: Cx<'_>, a: &P::Bin, b: &P::Bin) -> P::Bin {
    let mut rest = p.not(&p.xor(a, b));
    let mut step = 0;
    while rest.width() > 1 {
        let (half, odd) = (rest.width() / 2, rest.width() % 2);
        let both = p.and(cx.sub(step, 64), &rest.planes(0, half), &rest.planes(half, half)).await;
        rest = if odd == 1 { P::Bin::stack(&[&both, &rest.planes(2 * half, 1)]) } else { both };
        step += 1;
    }
    rest
}

/// Whether all lanes hold: the conjunction over the lanes, half with half, then one bit is opened. ⌈log2 lanes⌉ + 1 rounds, about a bit a lane.
pub async fn check<P: Protocol>(p: &P, cx: Cx<'_>, a: &P::Bin) -> bool {
    let all = all_lanes(p, cx.sub(0, 2), a).await;
    let opened = p.open_bin(cx.sub(1, 2), &all).await;
    cx.is_dry() || opened == [1]
}

/// The conjunction over the lanes, as one lane; 1 of no lanes.
pub async fn all_lanes<P: Protocol>(p: &P, cx: Cx<'_>, a: &P::Bin) -> P::Bin {
    if a.lanes() == 0 {
        return p.share_public_bin(&[1], 1, 1);
    }
    let mut rest = a.clone();
    let mut step = 0;
    while rest.lanes() > 1 {
        let lanes = rest.lanes();
        // In whole blocks where there are several.
        let half = if lanes > 1024 { lanes.div_ceil(1024) * 512 } else { lanes.div_ceil(2) };
        let pairs = lanes - half;
        let low = rest.read(&Lanes::run(0, pairs));
        let high = rest.read(&Lanes::run(half, pairs));
        let both = p.and(cx.sub(step, 64), &low, &high).await;
        rest = rest.read(&Lanes::run(0, half));
        rest.write(&Lanes::run(0, pairs), &both);
        step += 1;
    }
    rest
}
