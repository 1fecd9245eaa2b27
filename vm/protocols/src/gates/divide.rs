//! Exact division by secret and public divisors.
//!
//! The general form works on bits: magnitudes, restoring division, signs put back. It is exact for every pair of the ranges.

use super::circuit;
use crate::executor::Cx;
use crate::join::join;
use crate::lanes::Range;
use crate::protocol::{BinShares, Protocol, Shares};
use smpc_math::circuits::{add, divide, is_zero, less_unsigned, mux, negate_if, netlist, resize};
use smpc_math::netlist::{Bit, Builder};

/// A word of the circuit in two's complement, as magnitude and sign; the sign is constant where the range has one.
fn magnitude(b: &mut Builder, word: &[Bit], signed: bool) -> (Vec<Bit>, Bit) {
    match word.last() {
        Some(sign) if signed => (negate_if(b, *sign, word), *sign),
        _ => (word.to_vec(), Bit::Const(false)),
    }
}

/// Bits that an operand takes in a circuit: two's complement, or its magnitude where it is never negative.
fn operand(range: Range) -> (u32, bool) {
    let signed = range.lo < 0;
    ((range.width() - u32::from(!signed)).max(1), signed)
}

/// All bits where `keep` holds, else 0.
fn mask(b: &mut Builder, keep: Bit, word: &[Bit]) -> Vec<Bit> {
    word.iter().map(|bit| b.and(keep, *bit)).collect()
}

/// Quotient (toward zero) and remainder (sign of a), by restoring division: one subtraction a quotient bit. 0 and a where b is 0.
pub async fn div_rem<P: Protocol>(
    p: &P,
    cx: Cx<'_>,
    a: &P::Arith,
    b: &P::Arith,
    ra: Range,
    rb: Range,
) -> (P::Arith, P::Arith) {
    let ((wa, sa), (wb, sb)) = (operand(ra), operand(rb));
    let (x, y) = join(p.a2b(cx.sub(0, 4), a, wa), p.a2b(cx.sub(1, 4), b, wb)).await;
    let quotient = on_bits(p, cx.sub(2, 4), (&x, &y), (sa, sb)).await;
    // The remainder is a − q·b: one product instead of another conversion.
    let rest = p.mul(cx.sub(3, 4), &quotient, b).await;
    let rest = p.sub(a, &rest);
    (quotient, rest)
}

/// The signed quotient of words.
async fn on_bits<P: Protocol>(p: &P, cx: Cx<'_>, (x, y): (&P::Bin, &P::Bin), (sa, sb): (bool, bool)) -> P::Arith {
    let (wa, wb) = (x.width(), y.width());
    let divider = circuit("divide", [wa, wb, u32::from(sa), u32::from(sb)], || {
        netlist(&[wa, wb], |c, words| {
            let (x, negative_x) = magnitude(c, &words[0], sa);
            let (y, negative_y) = magnitude(c, &words[1], sb);
            let (quotient, _) = divide(c, &x, &y);
            let zero = is_zero(c, &y);
            let some = c.not(zero);
            let quotient = mask(c, some, &quotient);
            let negative = c.xor(negative_x, negative_y);
            let wide = resize(&quotient, quotient.len() + usize::from(sa || sb));
            negate_if(c, negative, &wide)
        })
    });
    let bits = p.netlist(cx.sub(0, 2), &divider, &[x, y]).await;
    let bits = bits.planes(0, bits.width().min(64));
    p.b2a(cx.sub(1, 2), &bits, sa || sb).await
}

/// As [`div_rem`], by public divisors: by reciprocals ([`super::reciprocal`]) where the numbers leave room for that, else as for secret ones.
pub async fn div_rem_public<P: Protocol>(
    p: &P,
    cx: Cx<'_>,
    a: &P::Arith,
    b: &[i64],
    ra: Range,
) -> (P::Arith, P::Arith) {
    if let Some(done) = super::reciprocal::div_rem(p, cx, a, b, ra).await {
        return done;
    }
    let lo = b.iter().copied().min().unwrap_or(1);
    let hi = b.iter().copied().max().unwrap_or(1);
    let ((wa, sa), (wb, sb)) = (operand(ra), operand(Range::new(lo, hi)));
    let x = p.a2b(cx.sub(0, 2), a, wa).await;
    let y = p.share_public_bin(b, wb, a.lanes());
    let quotient = on_bits(p, cx.sub(1, 2), (&x, &y), (sa, sb)).await;
    let rest = p.sub(a, &p.mul_public(&quotient, b));
    (quotient, rest)
}

/// As [`fix_div`], by public divisors: by reciprocals ([`super::reciprocal`]) where the numbers leave room for that, else as for secret ones.
pub async fn fix_div_public<P: Protocol>(p: &P, cx: Cx<'_>, a: &P::Arith, b: &[i64], ra: Range, frac: u32) -> P::Arith {
    if let Some(done) = super::reciprocal::fix_div(p, cx, a, b, ra, frac).await {
        return done;
    }
    let (lo, hi) = (b.iter().copied().min().unwrap_or(1), b.iter().copied().max().unwrap_or(1));
    let b = p.share_public(b, a.lanes());
    fix_div(p, cx, a, &b, ra, Range::new(lo, hi), frac).await
}

/// a · 2^frac / b to nearest, ties up; 0 where b is 0.
pub async fn fix_div<P: Protocol>(
    p: &P,
    cx: Cx<'_>,
    a: &P::Arith,
    b: &P::Arith,
    ra: Range,
    rb: Range,
    frac: u32,
) -> P::Arith {
    let ((wa, sa), (wb, sb)) = (operand(ra), operand(rb));
    let (x, y) = join(p.a2b(cx.sub(0, 4), a, wa), p.a2b(cx.sub(1, 4), b, wb)).await;
    let divider = circuit("fix divide", [wa, wb, u32::from(sa) << 1 | u32::from(sb), frac], || {
        netlist(&[wa, wb], |c, words| {
            let (x, negative_x) = magnitude(c, &words[0], sa);
            let (y, negative_y) = magnitude(c, &words[1], sb);
            let mut shifted = vec![Bit::Const(false); frac as usize];
            shifted.extend(x);
            let (quotient, rest) = divide(c, &shifted, &y);
            // Up from a half on; of a negative quotient only above a half, as its magnitude goes the other way.
            let mut twice = vec![Bit::Const(false)];
            twice.extend(rest);
            let y_wide = resize(&y, twice.len());
            let below = less_unsigned(c, &twice, &y_wide);
            let above = less_unsigned(c, &y_wide, &twice);
            let negative = c.xor(negative_x, negative_y);
            let at_least = c.not(below);
            let up = mux(c, negative, &[above], &[at_least]);
            let width = (quotient.len() + 1).min(64);
            let rounded = add(c, &resize(&quotient, width), &resize(&up, width));
            let zero = is_zero(c, &y);
            let some = c.not(zero);
            let rounded = mask(c, some, &rounded);
            let wide = resize(&rounded, (width + 1).min(64));
            negate_if(c, negative, &wide)
        })
    });
    let bits = p.netlist(cx.sub(2, 4), &divider, &[&x, &y]).await;
    p.b2a(cx.sub(3, 4), &bits, true).await
}
