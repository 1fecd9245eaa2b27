//! Functions over types and functions, records, enums, absent values, and words of bits.

use crate::language::{ONE, body, run};

/// A program with items of its own, over the inputs of [`body`].
fn with(items: &str, statements: &str, outputs: &[(&str, &[i64])]) {
    let source = format!(
        "party A, B;\ninput a: secret int in -100..=100 from A;\ninput b: secret int in -100..=100 from B;\n\
         input xs: secret [int in 0..=9; 5] from A;\ninput c: secret bool from B;\n{items}\nfn main() {{\n{statements}\n}}\n"
    );
    let given = run(&source, &[&[7], &[-3], &[3, 1, 4, 1, 5], &[1]]).unwrap_or_else(|e| panic!("{e}\n{source}"));
    for (name, lanes) in outputs {
        assert_eq!(given.get(*name).map(Vec::as_slice), Some(*lanes), "{name}\n{source}");
    }
}

#[test]
fn types_and_sizes_follow_from_arguments() {
    let items = "fn twice<T: num, const N>(xs: secret [T; N]) -> secret [T; N] { xs + xs }\n\
        fn both<T, const N, const M>(xs: secret [T; N], ys: secret [T; M]) -> secret [T; N + M] { xs ++ ys }\n\
        fn tail<T, const N>(xs: secret [T; N + 1]) -> secret [T; N] { xs[1..] }\n\
        fn first<T, U>(pair: secret (T, U)) -> secret T { pair.0 }\n";
    with(items, "output x = twice(xs) to all;", &[("x", &[6, 2, 8, 2, 10])]);
    with(items, "output x = twice([0.5, 1.0]) to all;", &[("x", &[ONE, 2 * ONE])]);
    with(items, "output x = both(xs, [a]) to all;", &[("x", &[3, 1, 4, 1, 5, 7])]);
    with(items, "output x = tail(xs) to all;", &[("x", &[1, 4, 1, 5])]);
    with(items, "output x = first((c, a)) to all;", &[("x", &[1])]);
    with(items, "output x = twice::<int, 2>([a, b]) to all;", &[("x", &[14, -6])]);
}

#[test]
fn functions_are_arguments() {
    let items = "fn apply<T, U, const N>(xs: secret [T; N], f: fn(T) -> U) -> secret [U; N] { [f(x) for x in xs] }\n\
        fn add(x: secret int, y: secret int) -> secret int { x + y }\n";
    body("output x = map(xs, |x| x * 2) to all;", &[("x", &[6, 2, 8, 2, 10])]);
    body("output x = xs.map(|x| x > 2) to all;", &[("x", &[1, 0, 1, 0, 1])]);
    body("output x = map(zip(xs, reverse(xs)), |(x, y)| x - y) to all;", &[("x", &[-2, 0, 0, 0, 2])]);
    body("output x = fold(xs, 0, |s, x| s + x * x) to all;", &[("x", &[52])]);
    body("output x = fold(xs, a, max) to all;", &[("x", &[7])]);
    body("output x = scan(xs, 0, |s, x| s + x) to all;", &[("x", &[3, 4, 8, 9, 14])]);
    body("let none = scan(xs[2..2], 0, |s, x| s + x); output x = len(none) to all;", &[("x", &[0])]);
    body("output x = scan(xs[2..2], 0.5, |s, x| s + x) ++ [b] to all;", &[("x", &[-3 * ONE])]);
    body("output x = sum(scan(0..0, a, |s, x| s * x)) + 1 to all;", &[("x", &[1])]);
    body("output x = filter([1, 2, 3, 4], |i| i % 2 == 0) to all;", &[("x", &[2, 4])]);
    body("output x = [any(xs, |x| x > 4), all(xs, |x| x > 1)] to all;", &[("x", &[1, 0])]);
    body("let k = a; output x = map(xs, |x| x + k) to all;", &[("x", &[10, 8, 11, 8, 12])]);
    with(items, "output x = apply(xs, |x| x > 2) to all;", &[("x", &[1, 0, 1, 0, 1])]);
    with(items, "output x = apply(xs, |x| x as fix) to all;", &[("x", &[3 * ONE, ONE, 4 * ONE, ONE, 5 * ONE])]);
    with(items, "output x = fold(xs, 0, add) to all;", &[("x", &[14])]);
    // A closure sees what stood there when it was written.
    body(
        "let mut k = 1; let ys = map(xs, |x| x + k); k = 100; output x = ys to all; output y = k to all;",
        &[("x", &[4, 2, 5, 2, 6]), ("y", &[100])],
    );
}

#[test]
fn generic_structs() {
    let items = "struct Pair<T, U> { first: T, second: U }\nstruct Row<const N> { cells: [int; N] }\n\
        fn swap<T, U>(p: secret Pair<T, U>) -> secret Pair<U, T> { Pair { first: p.second, second: p.first } }\n\
        fn total<const N>(row: secret Row<N>) -> secret int { sum(row.cells) }\n";
    with(
        items,
        "let p = swap(Pair { first: a, second: c }); output x = p.first to all; output y = p.second to all;",
        &[("x", &[1]), ("y", &[7])],
    );
    with(items, "output x = total(Row { cells: xs }) to all;", &[("x", &[14])]);
    with(
        items,
        "let p: Pair<int, fix> = Pair { first: a, second: 1 as fix }; output x = p.second to all;",
        &[("x", &[ONE])],
    );
}

#[test]
fn records_nest() {
    let items = "struct Point { x: int, y: int }\nstruct Line { from: Point, to: Point, ends: [Point; 2] }\n";
    let line = "let p = Point { x: a, y: b }; let q = Point { x: 1, ..p };\n\
        let mut l = Line { from: p, to: q, ends: [p, q] };\n";
    with(
        items,
        &format!("{line} output x = [l.from.x, l.to.x, l.to.y, l.ends[1].x] to all;"),
        &[("x", &[7, 1, -3, 1])],
    );
    with(
        items,
        &format!("{line} l.ends[0].y = 9; l.from.x += 1; output x = [l.ends.y[0], l.ends[0].y, l.from.x] to all;"),
        &[("x", &[9, 9, 8])],
    );
    with(items, &format!("{line} let table = [l, l]; output x = table.ends.x to all;"), &[("x", &[7, 1, 7, 1])]);
}

#[test]
fn enums() {
    let items = "enum Arm { Control, Treatment, Placebo }\ninput arm: secret Arm from A;\ninput arms: secret [Arm; 3] from B;\n";
    let source = |statements: &str| format!("party A, B;\n{items}fn main() {{ {statements} }}\n");
    let found = |statements: &str| run(&source(statements), &[&[2], &[0, 1, 2]]).expect("runs").remove("x");
    assert_eq!(found("output x = arm == Arm::Placebo to all;"), Some(vec![1]));
    assert_eq!(found("output x = arms != Arm::Control to all;"), Some(vec![0, 1, 1]));
    assert_eq!(found("output x = arm to all;"), Some(vec![2]));
    assert_eq!(found("output x = arms as int + 1 to all;"), Some(vec![1, 2, 3]));
    assert_eq!(
        found("let next = if arm == Arm::Placebo { Arm::Control } else { arm }; output x = next to all;"),
        Some(vec![0])
    );
    assert_eq!(found("let k = 1; output x = k as Arm to all;"), Some(vec![1]));
}

#[test]
fn absent_values() {
    let items = "struct Claim { cost: int in 0..=100, paid: maybe int in 0..=100 }\n\
        input claims: secret [Claim; ..=4] from A;\ninput age: secret maybe int in 0..=99 from B;\ninput ages: secret [maybe int in 0..=99; 3] from B;\n";
    let source = |statements: &str| format!("party A, B;\n{items}fn main() {{ {statements} }}\n");
    let inputs: &[&[i64]] =
        &[&[1, 1, 1, 0], &[10, 20, 30, 40], &[1, 0, 1, 1], &[5, 6, 7, 8], &[0], &[33], &[1, 0, 1], &[20, 30, 40]];
    let found = |statements: &str| run(&source(statements), inputs).expect("runs").remove("x");
    assert_eq!(found("output x = claims.valid to all;"), Some(vec![1, 1, 1, 0]));
    assert_eq!(found("output x = claims.cost.has to all;"), Some(vec![1, 1, 1, 0]));
    assert_eq!(found("output x = claims.paid.has to all;"), Some(vec![1, 0, 1, 0]));
    assert_eq!(found("output x = sum(claims.cost) to all;"), Some(vec![60]));
    assert_eq!(found("output x = sum(claims.paid) to all;"), Some(vec![12]));
    assert_eq!(found("output x = sum((claims ++ claims).cost) to all;"), Some(vec![120]));
    assert_eq!(found("output x = unwrap_or(age, -1) to all;"), Some(vec![-1]));
    assert_eq!(found("output x = sum(unwrap_or(ages, 7)) to all;"), Some(vec![67]));
    // What is not there is not given out, whatever stands in its place.
    assert_eq!(found("output x = age to all;"), Some(vec![0, 0]));
    assert_eq!(found("output x = ages to all;"), Some(vec![1, 0, 1, 20, 0, 40]));
    assert_eq!(found("output x = reveal(ages) to all;"), Some(vec![1, 0, 1, 20, 0, 40]));
    assert_eq!(found("output x = then_some(ages.value > 25, ages.value) to all;"), Some(vec![0, 1, 1, 0, 30, 40]));
    let rows = vec![1, 1, 1, 0, 10, 20, 30, 0, 1, 0, 1, 0, 5, 0, 7, 0];
    assert_eq!(found("output x = claims to all;"), Some(rows));
    assert_eq!(found("let m = then_some(ages.value > 25, ages.value); output x = m.has to all;"), Some(vec![0, 1, 1]));
    assert_eq!(
        found("let mut n = 0; for c in claims { if c.valid && c.cost.value > 15 { n += 1; } } output x = n to all;"),
        Some(vec![2])
    );
    assert_eq!(found("let m: maybe int = 5; output x = m.value to all;"), Some(vec![5]));
}

#[test]
fn words() {
    let source = |statements: &str| {
        format!(
            "party A;\ninput w: secret bits<8> from A;\ninput v: secret bits<8> from A;\ninput n: secret int in 0..=255 from A;\n\
            input ws: secret [bits<32>; 2] from A;\nfn main() {{ {statements} }}\n"
        )
    };
    let inputs: &[&[i64]] = &[&[0b1001_0110], &[0b0000_1111], &[200], &[0x0102_0304, 0xffff_ffff]];
    let found = |statements: &str| {
        run(&source(statements), inputs).unwrap_or_else(|e| panic!("{e}: {statements}")).remove("x").expect("x")
    };
    assert_eq!(found("output x = w ^ v to all;"), [0b1001_1001]);
    assert_eq!(found("output x = w & v to all;"), [0b0000_0110]);
    assert_eq!(found("output x = w | v to all;"), [0b1001_1111]);
    assert_eq!(found("output x = [w & 0x0f, w | 1, w ^ 0xff] to all;"), [0b0110, 0b1001_0111, 0b0110_1001]);
    assert_eq!(found("output x = !w to all;"), [0b0110_1001]);
    assert_eq!(found("output x = [w << 3, w >> 3, w << 8, w >> 9] to all;"), [0b1011_0000, 0b0001_0010, 0, 0]);
    assert_eq!(
        found("output x = [rotl(w, 3), w.rotr(3), rotr(w, 11)] to all;"),
        [0b1011_0100, 0b1101_0010, 0b1101_0010]
    );
    assert_eq!(found("output x = [w + v, w - v, v - w, -v] to all;"), [165, 135, 121, 241]);
    assert_eq!(found("output x = [w + v + 100 + w, w + 1] to all;"), [(150 + 15 + 100 + 150) % 256, 151]);
    assert_eq!(found("output x = [w * v, w * 3] to all;"), [150 * 15 % 256, 450 % 256]);
    assert_eq!(
        found("output x = [w == v, w != v, w == 0x96, w < v, w > v, w >= 150, w <= 149] to all;"),
        [0, 1, 1, 0, 1, 1, 0]
    );
    assert_eq!(found("output x = [sum([w, v, w]), product([w, v])] to all;"), [315 % 256, 150 * 15 % 256]);
    assert_eq!(found("output x = w as int + 1 to all;"), [151]);
    // A secret index among words, to read and to write.
    assert_eq!(found("let xs = [w, v, w ^ v]; output x = [xs[n as int - 199], xs[n as int - 200]] to all;"), [15, 150]);
    assert_eq!(
        found("let mut xs = [w, v]; xs[n as int - 199] = 0xff; xs[n as int - 200] ^= 1; output x = xs to all;"),
        [151, 255]
    );
    assert_eq!(found("let y = match n { 0..=100 => w, 200 => v, _ => 0 }; output x = y to all;"), [15]);
    // Constants are words beside one, in whichever arm it stands.
    for of in ["n", "reveal(n)"] {
        for (arms, expected) in [
            ("200 => 7, 201..=250 => 8, _ => w", 7),
            ("0..=199 => 7, 200 => w, _ => 8", 150),
            ("0..=100 => w, 200 => 7, _ => 8", 7),
        ] {
            assert_eq!(found(&format!("output x = match {of} {{ {arms} }} to all;")), [expected]);
        }
        assert_eq!(
            found(&format!(
                "output x = match {of} {{ 0..=9 => (1, 2), 10 => (3, v), 11 => (4, 5), _ => (6, 7) }}.1 to all;"
            )),
            [7]
        );
    }
    assert_eq!(found("output x = n as bits<8> ^ v to all;"), [200 ^ 15]);
    assert_eq!(found("output x = n as bits<16> + 0xffff to all;"), [199]);
    assert_eq!(found("output x = if w > v { w } else { v } to all;"), [150]);
    assert_eq!(found("output x = ws as [bits<8>; 4] to all;"), [1, 2, 3, 4, 255, 255, 255, 255]);
    assert_eq!(found("output x = (ws as [bits<8>; 4]) as bits<32> to all;"), [0x0102_0304, 0xffff_ffff]);
    assert_eq!(found("output x = bits_of(w) to all;"), [0, 1, 1, 0, 1, 0, 0, 1]);
    assert_eq!(found("output x = word_of(reverse(bits_of(w))) to all;"), [0b0110_1001]);
    assert_eq!(found("output x = ws ^ [0xff, 0xff00] to all;"), [0x0102_03fb, 0xffff_00ff]);
    assert_eq!(found("let mut h: bits<8> = 1; for i in 0..5 { h = rotl(h, 1) ^ w; } output x = h to all;").len(), 1);
    assert_eq!(found("let mut h = w; for i in 0..10 { h = h << i; } output x = h to all;"), [0]);
    assert_eq!(found("let mut h = w; for i in 0..3 { h = rotr(h, i); } output x = h to all;"), [0b1101_0010]);
    assert_eq!(found("let k = reveal(w); output x = k ^ 1 to all;"), [0b1001_0111]);
    assert_eq!(found("let k = reveal(w); if k == 0x96 { } output x = (k as int) to all;"), [150]);
}

#[test]
fn wide_words() {
    let source = "party A;\ninput w: secret bits<128> from A;\nfn main() {\n\
        let low = w ^ 0x00112233445566778899aabbccddeeff;\n\
        output x = (low as [bits<32>; 4]) to all;\n\
        output y = ((w + 1) as [bits<32>; 4]) to all;\n\
        output z = w == 0xffffffffffffffffffffffffffffffff to all;\n\
        output m = ((w & 0xff000000000000000000000000000001) as [bits<64>; 2])[1] as bits<64> >> 0 to all;\n}\n";
    let given = run(source, &[&[-1, -1]]).expect("runs");
    assert_eq!(given["x"], [0xffee_ddcc, 0xbbaa_9988, 0x7766_5544, 0x3322_1100]);
    assert_eq!(given["y"], [0, 0, 0, 0]);
    assert_eq!(given["z"], [1]);
    assert_eq!(given["m"], [1]);
}

#[test]
fn ciphers_and_hashes() {
    let source = "use std::crypto::{aes128, sha256};\nparty A;\ninput key: secret bits<128> from A;\ninput abc: secret [bits<8>; 3] from A;\n\
        fn main() {\n\
        output x = (aes128(key, 0x00112233445566778899aabbccddeeff) as [bits<32>; 4]) to all;\n\
        output y = (sha256(abc) as [bits<32>; 8]) to all;\n}\n";
    let given = run(source, &[&[0x0809_0a0b_0c0d_0e0f, 0x0001_0203_0405_0607], &[0x61, 0x62, 0x63]]).expect("runs");
    assert_eq!(given["x"], [0x69c4_e0d8, 0x6a7b_0430, 0xd8cd_b780, 0x70b4_c55a]);
    assert_eq!(given["y"][..4], [0xba78_16bf, 0x8f01_cfea, 0x4141_40de, 0x5dae_2223]);
}
