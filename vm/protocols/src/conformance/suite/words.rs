//! Words of bits: conversions, logic, circuits.

use super::{Definition, Run, wrapped};
use crate::conformance::data::Data;
use crate::protocol::{BinShares, Protocol};
use smpc_math::circuits::{add, less_signed, netlist};

/// Words of up to 64 bits.
pub(super) async fn words<P: Protocol>(run: &mut Run<'_, P>, data: &Data, width: u32) {
    let p = run.p;
    let name = |op: &str| format!("{op} {}", data.name());
    let lanes = data.a.len();
    let a = run.input(&data.a, 0).await;
    let b = run.input_bin(&data.b, width, 1).await;
    let low = move |x: i128| x & ((1 << width) - 1);
    // An opened word of 64 bits is in two's complement.
    let word = move |x: i128| if width == 64 { wrapped(x) } else { low(x) };
    let before = run.e.stats();
    let bits = p.a2b(run.next(), &a, width).await;
    run.note("a2b", width, lanes, &before);
    run.word(&name("a2b"), &bits, data.pairs().map(|(x, _)| word(x))).await;
    for is_signed in [false, true] {
        let before = run.e.stats();
        let number = p.b2a(run.next(), &bits, is_signed).await;
        run.note("b2a", width, lanes, &before);
        let value = move |x: i128| if is_signed && low(x) >> (width - 1) == 1 { low(x) - (1 << width) } else { low(x) };
        run.number(&name("b2a"), &number, data.pairs().map(|(x, _)| wrapped(value(x)))).await;
    }
    let before = run.e.stats();
    let both = p.and(run.next(), &bits, &b).await;
    run.note("and", width, lanes, &before);
    for (op, found, f) in [
        ("and", both, (|x, y| x & y) as Definition),
        ("xor", p.xor(&bits, &b), |x, y| x ^ y),
        ("not", p.not(&bits), |x, _| !x),
        ("xor_public", p.xor_public(&bits, &data.b), |x, y| x ^ y),
        ("xor_public of one", p.xor_public(&bits, &[0x5a5a]), |x, _| x ^ 0x5a5a),
        ("and_public", p.and_public(&bits, &data.b), |x, y| x & y),
        ("and_public of one", p.and_public(&bits, &[-0x5a5a]), |x, _| x & -0x5a5a),
        ("share_public_bin", p.share_public_bin(&data.a, width, lanes), |x, _| x),
    ] {
        run.word(&name(op), &found, data.pairs().map(|(x, y)| word(f(x, y)))).await;
    }
    let circuit = netlist(&[width, width], |c, words| {
        let mut out = add(c, &words[0], &words[1]);
        out.push(less_signed(c, &words[0], &words[1]));
        out
    })
    .levelled();
    let before = run.e.stats();
    let z = p.netlist(run.next(), &circuit, &P::Bin::stack(&[&bits, &b])).await;
    run.note("netlist", width, lanes, &before);
    run.word(&name("netlist sum"), &z.planes(0, width), data.pairs().map(|(x, y)| word(x + y))).await;
    let sign = move |x: i128| (low(x) << (127 - (width - 1))) >> (127 - (width - 1));
    let less = data.pairs().map(|(x, y)| i128::from(sign(x) < sign(y)));
    run.word(&name("netlist less"), &z.planes(width, 1), less).await;
    let condition = bits.planes(0, 1);
    let before = run.e.stats();
    let z = p.select_bin(run.next(), &condition, &bits, &b).await;
    run.note("select_bin", width, lanes, &before);
    run.word(&name("select_bin"), &z, data.pairs().map(|(x, y)| word(if x & 1 == 1 { x } else { y }))).await;
    let before = run.e.stats();
    let (random, other) = (p.random_bin(run.next(), width, lanes).await, p.random_bin(run.next(), width, lanes).await);
    run.note("random_bin", width, lanes, &before);
    let (x, y) = (p.open_bin(run.next(), &random).await, p.open_bin(run.next(), &other).await);
    let in_range = x.iter().chain(&y).all(|x| word(i128::from(*x)) == i128::from(*x));
    run.compare("random words fit", &[i64::from(in_range)], std::iter::once(1));
    if lanes * width as usize > 60 {
        run.compare("random words differ", &[i64::from(x == y)], std::iter::once(0));
    }
}

/// Words of more than 64 bits, as circuits have them: 128 of which the upper half is the complement of the lower.
pub(super) async fn wide_words<P: Protocol>(run: &mut Run<'_, P>, lanes: usize) {
    let p = run.p;
    let values: Vec<i64> = (0..lanes as i64).map(|i| i.wrapping_mul(0x0123_4567_89ab_cdef) - 1).collect();
    let low = run.input_bin(&values, 64, 0).await;
    let wide = P::Bin::stack(&[&low, &p.not(&low)]);
    let other = p.share_public_bin(&[-2], 128, lanes);
    let both = p.and(run.next(), &wide, &other).await;
    let sums = netlist(&[128, 128], |c, words| add(c, &words[0], &words[1])).levelled();
    let two = P::Bin::stack(&[&wide, &both]);
    let sum = p.netlist(run.next(), &sums, &two).await;
    let chosen = p.select_bin(run.next(), &low.planes(0, 1), &sum, &wide).await;
    let exact = |v: &i64| u128::from(v.cast_unsigned()) | u128::from((!v).cast_unsigned()) << 64;
    let expected: Vec<u128> =
        values.iter().map(|v| if v & 1 == 1 { exact(v).wrapping_add(exact(v) & !1) } else { exact(v) }).collect();
    for (half, shift) in [(chosen.planes(0, 64), 0), (chosen.planes(64, 64), 64)] {
        let word = |x: &u128| i128::from(((x >> shift) as u64).cast_signed());
        run.word("wide words", &half, expected.iter().map(word)).await;
    }
    // Planes beyond the top are 0.
    run.word(
        "planes beyond",
        &wide.planes(120, 16),
        values.iter().map(|v| i128::from((exact(v) >> 120 & 0xff) as u64)),
    )
    .await;
}
