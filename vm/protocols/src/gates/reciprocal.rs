//! Exact division by public numbers without a division circuit: by products with scaled reciprocals, and a correction.
//!
//! For x in 0 ..= X and a public n ≥ 1, with t = ⌊log2 n⌋ − 1 (at least 0), y = ⌊x / 2^t⌋, s one more than the bits of X / 2^t, and m = ⌊2^(s+t) / n⌋:
//!
//! x/n − y·m/2^s = (x mod 2^t)/n + y·((2^(s+t) mod n)/n)/2^s, in which the first term is below ½ (and 0 for t = 0) and the second below ½.
//!
//! So q' = ⌊y·m / 2^s⌋ is ⌊x/n⌋ or one less, and one comparison of x − q'·n with n tells which (a division by an invariant integer, Granlund and
//! Montgomery, PLDI 1994, whose products are kept below 2^62 by the correction). Where y·m would exceed 2^62 the quotient is found in two parts, the high
//! one from x / 2^k. All numbers but x are public; the exact truncations and the comparison are the only rounds.

use crate::executor::Cx;
use crate::lanes::{Range, signed_width};
use crate::protocol::Protocol;

/// Exact truncation, and with it everything here, needs values below 2^62.
const LIMIT: u64 = 1 << 62;

/// Bits of a quotient's low part, where it is found in two.
const LOW_BITS: u32 = 28;

/// Whether [`quotient`] takes dividends up to `most`.
fn fits(most: u64, n: &Divisors) -> bool {
    most < LIMIT && (one_part(most, n.least) || two_parts(most, n))
}

/// Whether the product with the reciprocal stays below 2^62.
const fn one_part(most: u64, least: u64) -> bool {
    let (_, s) = scale(most, least);
    2 * s - 1 <= 62
}

/// Whether both parts can be found: the high one, and what is left, up to n·2^k.
fn two_parts(most: u64, n: &Divisors) -> bool {
    let rest = u128::from(n.greatest) << LOW_BITS;
    let rest = u64::try_from(rest).ok().filter(|rest| *rest < LIMIT);
    one_part(most >> LOW_BITS, n.least) && rest.is_some_and(|rest| one_part(rest, n.least))
}

/// t and s for dividends up to `most` and divisors of at least `least`.
const fn scale(most: u64, least: u64) -> (u32, u32) {
    let t = least.ilog2().saturating_sub(1);
    let s = 65 - (most >> t).leading_zeros();
    (t, s)
}

/// Quotient toward zero and remainder with the sign of a, by public divisors (one, or one a lane), none of them 0; `None` where numbers get too large.
///
/// For a of 40 bits that is never negative and n = 1000: an exact truncation by 8 bits and one by 33, a comparison and a conversion.
pub async fn div_rem<P: Protocol>(
    p: &P,
    cx: Cx<'_>,
    a: &P::Arith,
    b: &[i64],
    ra: Range,
) -> Option<(P::Arith, P::Arith)> {
    let n = Divisors::of(b)?;
    // Toward zero: for a negative a the quotient of −a, so a is replaced by its magnitude.
    let most = ra.magnitude();
    if !fits(most, &n) {
        return None;
    }
    let (x, negative) = if ra.lo >= 0 {
        (a.clone(), None)
    } else if ra.hi <= 0 {
        (p.neg(a), None)
    } else {
        let sign = p.ltz(cx.sub(0, 4), a, ra.width()).await;
        let x = p.select(cx.sub(1, 4), &sign, &p.neg(a), a).await;
        (x, Some(sign))
    };
    let q = quotient(p, cx.sub(2, 4), &x, &n, most).await;
    let q = match negative {
        Some(sign) => p.select(cx.sub(3, 4), &sign, &p.neg(&q), &q).await,
        None if ra.lo < 0 => p.neg(&q),
        None => q,
    };
    let q = if b.iter().all(|b| *b > 0) { q } else { p.mul_public(&q, &n.signs) };
    let rest = p.sub(a, &p.mul_public(&q, b));
    Some((q, rest))
}

/// a · 2^frac / b to nearest, ties up, by public divisors, none of them 0; `None` where numbers get too large.
pub async fn fix_div<P: Protocol>(
    p: &P,
    cx: Cx<'_>,
    a: &P::Arith,
    b: &[i64],
    ra: Range,
    frac: u32,
) -> Option<P::Arith> {
    let n = Divisors::of(b)?;
    // ⌊(2·2^frac·a + n) / 2n⌋ for n > 0, moved up by a multiple of 2n so that the dividend is never negative; −a for a negative n.
    let scale = 1_i64.checked_shl(frac + 1).filter(|_| frac < 61)?;
    let reach = i128::from(ra.magnitude()) * i128::from(scale) + i128::from(n.greatest);
    let twice: Vec<u64> = n.values.iter().map(|n| n.checked_mul(2)).collect::<Option<_>>()?;
    let doubled =
        Divisors { least: n.least * 2, greatest: n.greatest.checked_mul(2)?, values: twice, signs: Vec::new() };
    let lift = if ra.lo >= 0 && b.iter().all(|b| *b > 0) { 0 } else { reach };
    let lift = u64::try_from(lift).ok()?.div_ceil(doubled.least);
    let most = u64::try_from(reach).ok()?.checked_add(lift.checked_mul(doubled.greatest)?)?;
    if !fits(most, &doubled) {
        return None;
    }
    let factors: Vec<i64> = n.signs.iter().map(|sign| sign * scale).collect();
    let lifts = n.values.iter().zip(&doubled.values).map(|(n, twice)| i64::try_from(n + lift * twice).ok());
    let lifts: Vec<i64> = lifts.collect::<Option<_>>()?;
    let x = p.add_public(&p.mul_public(a, &factors), &lifts);
    let q = quotient(p, cx, &x, &doubled, most).await;
    Some(p.add_public(&q, &[i64::try_from(lift).ok()?.checked_neg()?]))
}

/// Magnitudes and signs of public divisors, one or one a lane.
struct Divisors {
    values: Vec<u64>,
    signs: Vec<i64>,
    least: u64,
    greatest: u64,
}

impl Divisors {
    fn of(b: &[i64]) -> Option<Self> {
        let values: Vec<u64> = b.iter().map(|b| b.unsigned_abs()).collect();
        let (least, greatest) = (values.iter().min().copied()?, values.iter().max().copied()?);
        let signs = b.iter().map(|b| b.signum()).collect();
        (least > 0 && greatest < LIMIT).then_some(Self { values, signs, least, greatest })
    }
}

/// ⌊x / n⌋ for x in 0 ..= most. The caller has made sure that it [`fits`].
async fn quotient<P: Protocol>(p: &P, cx: Cx<'_>, x: &P::Arith, n: &Divisors, most: u64) -> P::Arith {
    if n.greatest == 1 {
        return x.clone();
    }
    if one_part(most, n.least) {
        return part(p, cx, x, n, most).await;
    }
    let range = range_to(most);
    let high = p.trunc(cx.sub(0, 3), x, LOW_BITS, range).await;
    let high = part(p, cx.sub(1, 3), &high, n, most >> LOW_BITS).await;
    // x − high·n·2^k is below n·2^k.
    let shifted: Vec<i64> = n.values.iter().map(|n| as_word(*n) << LOW_BITS).collect();
    let rest = p.sub(x, &p.mul_public(&high, &shifted));
    let low = part(p, cx.sub(2, 3), &rest, n, n.greatest << LOW_BITS).await;
    p.add(&p.mul_public(&high, &[1 << LOW_BITS]), &low)
}

/// As [`quotient`], in one part.
async fn part<P: Protocol>(p: &P, cx: Cx<'_>, x: &P::Arith, n: &Divisors, most: u64) -> P::Arith {
    let (t, s) = scale(most, n.least);
    let y = p.trunc(cx.sub(0, 4), x, t, range_to(most)).await;
    let m: Vec<i64> = n.values.iter().map(|n| as_word(reciprocal(*n, s + t))).collect();
    let greatest = m.iter().max().copied().unwrap_or(0).unsigned_abs();
    let product = p.mul_public(&y, &m);
    let below = p.trunc(cx.sub(1, 4), &product, s, range_to((most >> t).saturating_mul(greatest))).await;
    // Less than n is left, or less than 2n.
    let minus: Vec<i64> = n.values.iter().map(|n| -as_word(*n)).collect();
    let rest = p.add_public(&p.sub(x, &p.mul_public(&below, &negated(&minus))), &minus);
    let width = signed_width(-i128::from(n.greatest), i128::from(n.greatest));
    let enough = p.not(&p.ltz(cx.sub(2, 4), &rest, width).await);
    p.add(&below, &p.b2a(cx.sub(3, 4), &enough, false).await)
}

/// ⌊2^bits / n⌋.
fn reciprocal(n: u64, bits: u32) -> u64 {
    u64::try_from((1_u128 << bits) / u128::from(n)).unwrap_or(u64::MAX)
}

const fn range_to(most: u64) -> Range {
    Range::new(0, as_word(most))
}

/// Values here are below 2^62.
const fn as_word(value: u64) -> i64 {
    value.cast_signed()
}

fn negated(values: &[i64]) -> Vec<i64> {
    values.iter().map(|value| -value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The estimate is the quotient or one less, for all small numbers and for the greatest ones that fit.
    #[test]
    fn estimates() {
        let check = |x: u64, n: u64, most: u64| {
            let (t, s) = scale(most, n);
            let q = ((u128::from(x >> t) * u128::from(reciprocal(n, s + t))) >> s) as u64;
            assert!(q == x / n || q + 1 == x / n, "{x} / {n} up to {most}: {q}");
        };
        for most in [0, 1, 7, 100, 1023, 1024] {
            for n in 1..=70 {
                (0..=most).for_each(|x| check(x, n, most));
            }
        }
        for bits in 20..61 {
            for n in [1_u64, 2, 3, 5, 1000, 4096, 1_000_003, (1 << 31) - 1, 1 << 31, (1 << 40) + 7] {
                let most = (1 << bits) - 1;
                if one_part(most, n) {
                    for x in [
                        0,
                        1,
                        n - 1,
                        n,
                        n + 1,
                        most / 2,
                        most - 1,
                        most,
                        most / n * n,
                        (most / n * n).saturating_sub(1),
                    ] {
                        check(x.min(most), n, most);
                    }
                }
            }
        }
    }
}
