//! Exact square root, to nearest.

use super::circuit;
use crate::executor::Cx;
use crate::lanes::Range;
use crate::protocol::Protocol;
use smpc_math::circuits::{add, netlist, resize, square_root};
use smpc_math::netlist::Bit;

/// ⌊√(a · 2^frac) + ½⌋, and 0 for a negative a, digit by digit as on paper; the radicand may be longer than a machine word.
pub async fn sqrt<P: Protocol>(p: &P, cx: Cx<'_>, a: &P::Arith, ra: Range, frac: u32) -> P::Arith {
    let signed = ra.lo < 0;
    let width = ra.width();
    let x = p.a2b(cx.sub(0, 4), a, width).await;
    let rooter = circuit("root", [width, frac, u32::from(signed), 0], || {
        netlist(&[width], |c, words| {
            let (magnitude, sign) = words[0].split_at(width as usize - 1);
            let mut radicand = vec![Bit::Const(false); frac as usize];
            radicand.extend(magnitude);
            let (root, up) = square_root(c, &radicand);
            let wide = root.len() + 1;
            let rounded = add(c, &resize(&root, wide), &resize(&[up], wide));
            if !signed {
                return rounded;
            }
            let keep = c.not(sign[0]);
            rounded.iter().map(|bit| c.and(keep, *bit)).collect()
        })
    });
    let bits = p.netlist(cx.sub(1, 4), &rooter, &[&x]).await;
    p.b2a(cx.sub(2, 4), &bits, false).await
}
