//! Whether numbers of which nothing is known lie in a range: of inputs, where parties are not trusted (PROTOCOLS R16).

use crate::executor::Cx;
use crate::gates::logic::all_lanes;
use crate::join::join;
use crate::lanes::Range;
use crate::protocol::{Protocol, Shares as _};

/// Whether all lanes of a lie in the range, as one secret bit: neither below its least nor above its greatest number. Two comparisons of any 64-bit numbers side by side, an AND, and the
/// conjunction over the lanes.
pub async fn within<P: Protocol>(p: &P, cx: Cx<'_>, a: &P::Arith, range: Range) -> P::Bin {
    let end = |value: i64| (p.share_public(&[value], a.lanes()), Range::new(value, value));
    let ((lo, least), (hi, greatest)) = (end(range.lo), end(range.hi));
    let below = p.lt(cx.sub(0, 4), a, &lo, Range::FULL, least);
    let (below, above) = join(below, p.lt(cx.sub(1, 4), &hi, a, greatest, Range::FULL)).await;
    both(p, cx, &below, &above, true).await
}

/// As [`within`] where sums are modulo 2^64, by two signs of 64 bits.
///
/// In a − lo, modulo 2^64, the range is 0 ..= hi − lo. If that is below 2^63, a lane lies in it where neither a − lo nor hi − a has its top bit set; otherwise the numbers outside are as few,
/// and a lane must not lie among them.
pub async fn within_ring<P: Protocol>(p: &P, cx: Cx<'_>, a: &P::Arith, range: Range) -> P::Bin {
    let Range { lo, hi } = range;
    if range == Range::FULL {
        return p.share_public_bin(&[1], 1, 1);
    }
    let narrow = hi.checked_sub(lo).is_some();
    // Of the numbers that are few: the first, and the last.
    let (first, last) = if narrow { (lo, hi) } else { (hi.wrapping_add(1), lo.wrapping_sub(1)) };
    let above = p.add_public(a, &[first.wrapping_neg()]);
    let below = p.add_public(&p.neg(a), &[last]);
    let (above, below) = join(p.ltz(cx.sub(0, 4), &above, 64), p.ltz(cx.sub(1, 4), &below, 64)).await;
    both(p, cx, &above, &below, narrow).await
}

/// In one lane whether in all lanes neither holds; or, if not `neither`, in none. Parts 2 and 3 of the tape.
async fn both<P: Protocol>(p: &P, cx: Cx<'_>, a: &P::Bin, b: &P::Bin, neither: bool) -> P::Bin {
    let holds = p.and(cx.sub(2, 4), &p.not(a), &p.not(b)).await;
    all_lanes(p, cx.sub(3, 4), &if neither { holds } else { p.not(&holds) }).await
}
