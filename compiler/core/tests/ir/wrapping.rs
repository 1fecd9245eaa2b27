//! `wrapping(…)`: modulo 2^64 for the operators written between its parentheses, and for no other.

use crate::language::{compiled, run};

const MIN: i64 = i64::MIN;
const MAX: i64 = i64::MAX;

/// A program over secret integers `a`, `b` and a public one `p` of 64 bits, and an array `xs` of bytes.
fn source(items: &str, statements: &str) -> String {
    format!(
        "party A, B;\n{items}\ninput a: secret i64 from A;\ninput b: secret i64 from B;\ninput p: public i64 from A;\n\
         input xs: secret [int in 0..=255; 5] from B;\nfn main() {{\n{statements}\n}}\n"
    )
}

const BYTES: [i64; 5] = [104, 0, 255, 7, 111];

/// What the program gives as `y` for some pairs of numbers, each first secret and then public.
fn check(items: &str, statements: &str, meaning: impl Fn(i64, i64) -> Vec<i64>) {
    for b_is in ["b", "p"] {
        let source = source(items, &statements.replace('Q', b_is));
        let stages = compiled(&source).unwrap_or_else(|refused| panic!("{refused:?}\n{source}"));
        for a in [MIN, MIN + 1, -3, -1, 0, 1, 2, 0x1234_5678_9abc_def0, MAX - 1, MAX] {
            for b in [MIN, -1, 0, 1, 3, 0x0fed_cba9_8765_4321, MAX] {
                let given = stages.run(&[&[a], &[b], &[b], &BYTES]).unwrap_or_else(|stop| panic!("{stop}\n{source}"));
                assert_eq!(given["y"], meaning(a, b), "{a} {b}\n{source}");
            }
        }
    }
}

fn refused(items: &str, statements: &str) -> bool {
    compiled(&source(items, statements)).is_err()
}

#[test]
fn operators_between_the_parentheses() {
    check("", "output y = wrapping(a + Q) to all;", |a, b| vec![a.wrapping_add(b)]);
    check("", "output y = wrapping(a - Q) to all;", |a, b| vec![a.wrapping_sub(b)]);
    check("", "output y = wrapping(Q - a) to all;", |a, b| vec![b.wrapping_sub(a)]);
    check("", "output y = wrapping(a * Q) to all;", |a, b| vec![a.wrapping_mul(b)]);
    check("", "output y = wrapping(-Q) to all;", |_, b| vec![b.wrapping_neg()]);
    check("", "output y = wrapping((a * a + Q) * 0x9e37_79b9_7f4a_7c15 - 7) to all;", |a, b| {
        let factor = 0x9e37_79b9_7f4a_7c15_u64.cast_signed();
        vec![a.wrapping_mul(a).wrapping_add(b).wrapping_mul(factor).wrapping_sub(7)]
    });
    // Elementwise, with a scalar that stands for every lane, and in both sides of an `if`.
    check("", "output y = wrapping([a, 3] * Q + [1, a]) to all;", |a, b| {
        vec![a.wrapping_mul(b).wrapping_add(1), b.wrapping_mul(3).wrapping_add(a)]
    });
    check("", "output y = wrapping(if a < Q { a * 3 } else { a + Q }) to all;", |a, b| {
        vec![if a < b { a.wrapping_mul(3) } else { a.wrapping_add(b) }]
    });
    // The other operators mean what they always mean.
    check("", "output y = wrapping((a * 3) % 1000 + Q / 7) to all;", |a, b| {
        vec![(a.wrapping_mul(3) % 1000).wrapping_add(b / 7)]
    });
    check("", "output y = wrapping((a + Q < a) as int) to all;", |a, b| vec![i64::from(a.wrapping_add(b) < a)]);
}

#[test]
fn what_is_known_wraps_too() {
    check("const BIG = 0x9e37_79b9_7f4a_7c15;", "output y = wrapping(BIG + 1 - a + 2 * BIG) to all;", |a, _| {
        let big = 0x9e37_79b9_7f4a_7c15_u64.cast_signed();
        vec![big.wrapping_add(1).wrapping_sub(a).wrapping_add(big.wrapping_mul(2))]
    });
    check(
        "",
        "output y = wrapping([9_223_372_036_854_775_807 + 1, -9_223_372_036_854_775_808 - 1]) to all;",
        |_, _| vec![MIN, MAX],
    );
    check("", "output y = wrapping((0..4) * 0x4000_0000_0000_0000) to all;", |_, _| vec![0, 1 << 62, MIN, MIN >> 1]);
    check("", "output y = wrapping(-(-9_223_372_036_854_775_808)) to all;", |_, _| vec![MIN]);
}

#[test]
fn blocks_closures_and_loops_inside_count() {
    let hash = |start: i64| BYTES.iter().fold(start, |hash, x| hash.wrapping_mul(31).wrapping_add(*x));
    check("", "output y = wrapping(fold(xs, a, |h, x| h * 31 + x)) to all;", |a, _| vec![hash(a)]);
    check("", "let mut h = a;\nfor x in xs { h = wrapping(h * 31 + x); }\noutput y = h to all;", |a, _| vec![hash(a)]);
    check("", "output y = wrapping({ let mut h = a; for x in xs { h *= 31; h += x; } h }) to all;", |a, _| {
        vec![hash(a)]
    });
    // From a small range on: no number of bits below 64 holds it.
    check("", "let mut h = 7;\nfor i in 0..100 { h = wrapping(h * 31 + xs[i % 5]); }\noutput y = h to all;", |_, _| {
        vec![(0..100).fold(7_i64, |h, i| h.wrapping_mul(31).wrapping_add(BYTES[i % 5]))]
    });
    check("", "let mut t = [a, a];\nwrapping({ t[xs[0] % 2] += Q; t[1] -= Q; });\noutput y = t to all;", |a, b| {
        vec![a.wrapping_add(b), a.wrapping_sub(b)]
    });
}

#[test]
fn nothing_outside_the_parentheses_wraps() {
    let f = "fn f(x: secret int) -> secret int { x * 3 }";
    assert!(refused(f, "output y = wrapping(f(a)) to all;"), "an operator in a function that is called");
    assert!(refused("", "output y = wrapping(a * 3) * 3 to all;"));
    assert!(refused("", "output y = a + wrapping(a) to all;"));
    assert!(refused("", "output y = wrapping(sum([a, b])) to all;"), "a sum is no operator");
    assert!(refused("", "output y = map([a], |x| x * 3)[0] + wrapping(1) to all;"));
    // The function's own do, wherever it is called.
    let g = "fn g(x: secret int) -> secret int { wrapping(x * 3) }";
    check(g, "output y = g(a) to all;", |a, _| vec![a.wrapping_mul(3)]);
    assert!(!refused("fn h(x: secret int) -> secret int { x * 3 }", "output y = h(wrapping(a * a) % 10) to all;"));
}

/// Where the ranges say that nothing can wrap, the range of the result is that of the exact one.
#[test]
fn ranges_stay_narrow() {
    let source = "party A;\ninput a: secret int in 0..=9 from A;\nfn main() {\n\
        let y: int in 1..=28 = wrapping(a * 3 + 1);\noutput y to all;\n}\n";
    assert_eq!(run(source, &[&[9]]).expect("a run")["y"], [28]);
}

/// What cannot take every number of 64 bits says so.
#[test]
fn ends_of_the_range_behind_it() {
    for refuses in [
        "abs(wrapping(a * a))",
        "-wrapping(a * a)",
        "wrapping(a * a) + 1",
        "wrapping(a * a) / b",
        "wrapping(a * a) as fix as int",
        "sum([wrapping(a * a), 1])",
    ] {
        assert!(refused("", &format!("output y = {refuses} to all;")), "{refuses}");
    }
    check(
        "",
        "let w = wrapping(a * a + Q);\noutput y = [min(w, a), max(w, 5), w % 10, w / 3, w / 8] to all;",
        |a, b| {
            let w = a.wrapping_mul(a).wrapping_add(b);
            vec![w.min(a), w.max(5), w % 10, w / 3, w / 8]
        },
    );
    check(
        "",
        "let w = max(wrapping(a * a + Q), 0);\noutput y = [w / 2, w / 1024, w % 8, clamp(w, 3, 4)] to all;",
        |a, b| {
            let w = a.wrapping_mul(a).wrapping_add(b).max(0);
            vec![w / 2, w / 1024, w % 8, w.clamp(3, 4)]
        },
    );
    check(
        "",
        "let w = wrapping(a * Q);\noutput y = [w == a, w < 0, w != 0, w >= a].map(|t| t as int) to all;",
        |a, b| {
            let w = a.wrapping_mul(b);
            [w == a, w < 0, w != 0, w >= a].map(i64::from).to_vec()
        },
    );
    check("", "output y = match wrapping(a * Q) { 0 => 1, 1..=9 => 2, _ => 3 } to all;", |a, b| {
        vec![match a.wrapping_mul(b) {
            0 => 1,
            1..=9 => 2,
            _ => 3,
        }]
    });
}
