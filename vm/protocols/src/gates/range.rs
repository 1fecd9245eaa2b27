//! Proof that inputs lie in their declared range, over a ring (PROTOCOLS R16).

use crate::executor::Cx;
use crate::gates::logic::check;
use crate::join::join;
use crate::lanes::Range;
use crate::protocol::Protocol;

/// Whether all lanes of a lie in the range, which every party then knows, and nothing else. a may be any 64 bits.
///
/// In a − lo, modulo 2^64, the range is 0 ..= hi − lo. If that is below 2^63, a lane lies in it where neither a − lo nor hi − a has its top bit set; otherwise the numbers outside are as few,
/// and a lane must not lie among them. Two comparisons side by side, an AND, the conjunction over the lanes, and one bit that is opened.
pub async fn prove<P: Protocol>(p: &P, cx: Cx<'_>, a: &P::Arith, range: Range) -> bool {
    let Range { lo, hi } = range;
    if range == Range::FULL {
        return true;
    }
    let narrow = hi.checked_sub(lo).is_some();
    // Of the numbers that are few: the first, and the last.
    let (first, last) = if narrow { (lo, hi) } else { (hi.wrapping_add(1), lo.wrapping_sub(1)) };
    let above = p.add_public(a, &[first.wrapping_neg()]);
    let below = p.add_public(&p.neg(a), &[last]);
    let (above, below) = join(p.ltz(cx.sub(0, 4), &above, 64), p.ltz(cx.sub(1, 4), &below, 64)).await;
    let among = p.and(cx.sub(2, 4), &p.not(&above), &p.not(&below)).await;
    let within = if narrow { among } else { p.not(&among) };
    check(p, cx.sub(3, 4), &within).await
}
