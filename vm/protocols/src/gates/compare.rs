//! Order and equality of two numbers, at the width that their ranges need.

use crate::executor::Cx;
use crate::join::join3;
use crate::lanes::{Range, signed_width};
use crate::protocol::{Protocol, Shares};

/// a < b.
///
/// Where every difference fits 64 bits: the sign of a − b at that width; otherwise three signs and one AND (PROTOCOLS R14). Where the ranges decide, nothing is
/// sent.
pub async fn lt<P: Protocol>(p: &P, cx: Cx<'_>, a: &P::Arith, b: &P::Arith, ra: Range, rb: Range) -> P::Bin {
    let (lo, hi) = ra.minus(rb);
    let lanes = a.lanes();
    if lo >= 0 || hi < 0 {
        return p.share_public_bin(&[i64::from(hi < 0)], 1, lanes);
    }
    let width = signed_width(lo, hi);
    if width <= 64 {
        return p.less(cx, a, b, width).await;
    }
    // Boxed, because the future of every comparison would otherwise be as large as that of this rare one.
    Box::pin(lt_wrapped(p, cx, a, b, ra, rb)).await
}

/// a < b where the difference may wrap: with the signs x, y, d of a, b and a − b modulo 2^64 the answer is d ⊕ ((x ⊕ y) ∧ (x ⊕ d)) (PROTOCOLS R14): three signs
/// side by side and one AND.
async fn lt_wrapped<P: Protocol>(p: &P, cx: Cx<'_>, a: &P::Arith, b: &P::Arith, ra: Range, rb: Range) -> P::Bin {
    let (x, y, d) =
        join3(sign(p, cx.sub(0, 4), a, ra), sign(p, cx.sub(1, 4), b, rb), p.less(cx.sub(2, 4), a, b, 64)).await;
    let wraps = p.and(cx.sub(3, 4), &p.xor(&x, &y), &p.xor(&x, &d)).await;
    p.xor(&d, &wraps)
}

/// a < 0; free where the range decides.
pub async fn sign<P: Protocol>(p: &P, cx: Cx<'_>, a: &P::Arith, range: Range) -> P::Bin {
    if range.lo >= 0 || range.hi < 0 {
        return p.share_public_bin(&[i64::from(range.hi < 0)], 1, a.lanes());
    }
    p.ltz(cx, a, range.width()).await
}

/// a = b: whether the difference is 0, for which 64 bits always suffice. Where the ranges do not meet, nothing is sent.
pub async fn eq<P: Protocol>(p: &P, cx: Cx<'_>, a: &P::Arith, b: &P::Arith, ra: Range, rb: Range) -> P::Bin {
    let (lo, hi) = ra.minus(rb);
    if lo > 0 || hi < 0 {
        return p.share_public_bin(&[0], 1, a.lanes());
    }
    p.equal(cx, a, b, signed_width(lo, hi).min(64)).await
}
