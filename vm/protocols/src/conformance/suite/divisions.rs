//! Exact quotients, remainders and roots.

use super::{Run, fits};
use crate::conformance::data::Data;
use crate::lanes::Range;
use crate::protocol::Protocol;

/// a / b toward zero, 0 where b is 0.
fn quotient(x: i128, y: i128) -> i128 {
    if y == 0 { 0 } else { x / y }
}

/// a · 2^frac / b to nearest, ties up, 0 where b is 0.
fn rounded(x: i128, y: i128, frac: u32) -> i128 {
    let (x, y) = if y < 0 { (-x, -y) } else { (x, y) };
    if y == 0 { 0 } else { ((x << (frac + 1)) + y).div_euclid(2 * y) }
}

/// By divisors of the same range; at some lane counts also by short and by positive ones, and with fractions.
pub(super) async fn divisions<P: Protocol>(run: &mut Run<'_, P>, data: &Data, width: u32) {
    let lanes = data.a.len();
    let range = data.ra;
    let short = Range::new(range.lo.max(-128), range.hi.min(127));
    let positive = Range::new(1, range.hi.max(1));
    let more = [1, 65].contains(&lanes);
    let divisors = [range, short, positive];
    for rb in &divisors[..if more { 3 } else { 1 }] {
        let mut data = Data::new(range, *rb, lanes, range.hi.cast_unsigned() ^ lanes as u64);
        data.keep(|x, y| fits(quotient(x, y)));
        secret(run, &data, width).await;
        public(run, &data, width).await;
        let fracs: &[u32] = match lanes {
            1 => &[0, 16, 62],
            65 => &[0, 16],
            _ => &[16],
        };
        for frac in fracs {
            let mut data = data.clone();
            data.keep(|x, y| fits(rounded(x, y, *frac)));
            fixed(run, &data, width, *frac).await;
        }
    }
}

async fn secret<P: Protocol>(run: &mut Run<'_, P>, data: &Data, width: u32) {
    let p = run.p;
    let name = |op: &str| format!("{op} {}", data.name());
    let (a, b) = (run.input(&data.a, 0).await, run.input(&data.b, 1).await);
    let before = run.e.stats();
    let (q, r) = p.div_rem(run.next(), &a, &b, data.ra, data.rb).await;
    run.note("div_rem", width, data.a.len(), &before);
    run.number(&name("div"), &q, data.pairs().map(|(x, y)| quotient(x, y))).await;
    run.number(&name("rem"), &r, data.pairs().map(|(x, y)| x - quotient(x, y) * y)).await;
}

async fn public<P: Protocol>(run: &mut Run<'_, P>, data: &Data, width: u32) {
    let p = run.p;
    let name = |op: &str| format!("{op} {}", data.name());
    let a = run.input(&data.a, 0).await;
    let divisors: Vec<i64> = data.b.iter().map(|b| if *b == 0 { 1 } else { *b }).collect();
    for divisors in [&divisors[..], &divisors[..1]] {
        let divisor = |i: usize| i128::from(if divisors.len() == 1 { divisors[0] } else { divisors[i] });
        let exact = |i: usize, x: i128| x / divisor(i);
        if !data.pairs().enumerate().all(|(i, (x, _))| fits(exact(i, x))) {
            continue;
        }
        let before = run.e.stats();
        let (q, r) = p.div_rem_public(run.next(), &a, divisors, data.ra).await;
        run.note("div_rem_public", width, data.a.len(), &before);
        run.number(&name("div public"), &q, data.pairs().enumerate().map(|(i, (x, _))| exact(i, x))).await;
        let rest = data.pairs().enumerate().map(|(i, (x, _))| x - exact(i, x) * divisor(i));
        run.number(&name("rem public"), &r, rest).await;
    }
}

async fn fixed<P: Protocol>(run: &mut Run<'_, P>, data: &Data, width: u32, frac: u32) {
    let p = run.p;
    let name = format!("fix_div frac {frac} {}", data.name());
    let (a, b) = (run.input(&data.a, 2).await, run.input(&data.b, 0).await);
    let before = run.e.stats();
    let q = p.fix_div(run.next(), &a, &b, data.ra, data.rb, frac).await;
    run.note("fix_div", width, data.a.len(), &before);
    run.number(&name, &q, data.pairs().map(|(x, y)| rounded(x, y, frac))).await;

    let greatest = data.rb.hi.max(1);
    let divisors: Vec<i64> = data.b.iter().map(|b| if *b == 0 { greatest } else { *b }).collect();
    for divisors in [&divisors[..], &[greatest], &[data.rb.lo.min(-1)]] {
        let divisor = |i: usize| i128::from(if divisors.len() == 1 { divisors[0] } else { divisors[i] });
        let exact = |i: usize, x: i128| rounded(x, divisor(i), frac);
        if !data.pairs().enumerate().all(|(i, (x, _))| fits(exact(i, x))) {
            continue;
        }
        let before = run.e.stats();
        let q = p.fix_div_public(run.next(), &a, divisors, data.ra, frac).await;
        run.note("fix_div_public", width, data.a.len(), &before);
        let expected = data.pairs().enumerate().map(|(i, (x, _))| exact(i, x));
        run.number(&format!("public {name}"), &q, expected).await;
    }
}

/// Square roots, of whole and of fixed-point numbers; at some lane counts with as many fractional bits as there may be.
pub(super) async fn roots<P: Protocol>(run: &mut Run<'_, P>, data: &Data, width: u32) {
    let p = run.p;
    let a = run.input(&data.a, 1).await;
    let fracs: &[u32] = if data.a.len() == 65 { &[0, 1, 16, 62] } else { &[0, 16] };
    for &frac in fracs {
        let name = format!("sqrt frac {frac} {}", data.name());
        let before = run.e.stats();
        let z = p.sqrt(run.next(), &a, data.ra, frac).await;
        run.note("sqrt", width, data.a.len(), &before);
        // ⌊√n + ½⌋ is the root r of n, or r + 1 where n > r² + r.
        let root = |x: i128| {
            let n = x.max(0).cast_unsigned() << frac;
            let r = n.isqrt();
            (if n - r * r > r { r + 1 } else { r }).cast_signed()
        };
        run.number(&name, &z, data.pairs().map(|(x, _)| root(x))).await;
    }
}
