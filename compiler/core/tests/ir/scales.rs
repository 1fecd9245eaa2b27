//! Every operator on `fix` of every scale: with secret and revealed numbers, integers, constants, and arrays of them on either side. What is expected is
//! computed here from raw integers.

use crate::language::{Refused, compiled};

/// An operand as it is written, and its values in halves.
struct Operand {
    text: &'static str,
    halves: &'static [i128],
    constant: bool,
    fraction: bool,
}

const fn operand(text: &'static str, halves: &'static [i128], constant: bool, fraction: bool) -> Operand {
    Operand { text, halves, constant, fraction }
}

const LEFT: [Operand; 8] = [
    operand("a", &[3], false, true),
    operand("reveal(a)", &[3], false, true),
    operand("v", &[3, 5, -6], false, true),
    operand("n", &[6], false, false),
    operand("0.5", &[1], true, true),
    operand("7", &[14], true, false),
    operand("[0.5, 2.0, -1.5]", &[1, 4, -3], true, true),
    operand("[3, 5, -2]", &[6, 10, -4], true, false),
];

const RIGHT: [Operand; 8] = [
    operand("b", &[5], false, true),
    operand("reveal(b)", &[5], false, true),
    operand("w", &[1, 4, 3], false, true),
    operand("n", &[6], false, false),
    operand("1.5", &[3], true, true),
    operand("2", &[4], true, false),
    operand("[0.5, 2.5, 1.5]", &[1, 5, 3], true, true),
    operand("[3, 1, 2]", &[6, 2, 4], true, false),
];

/// a / b to nearest, ties up.
fn quotient(a: i128, b: i128) -> i128 {
    let (a, b) = if b < 0 { (-a, -b) } else { (a, b) };
    (2 * a + b).div_euclid(2 * b)
}

type Meaning = fn(i128, i128, u32) -> i128;

const OPERATORS: [(&str, Meaning); 13] = [
    ("L + R", |a, b, _| a + b),
    ("L - R", |a, b, _| a - b),
    ("L * R", |a, b, n| quotient(a * b, 1 << n)),
    ("L / R", |a, b, n| quotient(a << n, b)),
    ("L % R", |a, b, _| a % b),
    ("min(L, R)", |a, b, _| a.min(b)),
    ("max(L, R)", |a, b, _| a.max(b)),
    ("clamp(L, -0.5, R)", |a, b, n| a.clamp(-(1 << n >> 1), b)),
    ("L < R", |a, b, _| i128::from(a < b)),
    ("L >= R", |a, b, _| i128::from(a >= b)),
    ("L == R", |a, b, _| i128::from(a == b)),
    ("select(L > R, L, R)", |a, b, _| a.max(b)),
    // The sum of products is rounded once; halves need no rounding at two bits.
    ("sum([L * R, L])", |a, b, n| quotient(a * b, 1 << n) + a),
];

#[test]
fn every_operator_at_every_scale() {
    let (mut told, mut refused) = (0, 0);
    for bits in [1, 2, 8, 15, 16, 17, 24, 31, 32, 40] {
        for (operator, meaning) in OPERATORS {
            for (left, right) in LEFT.iter().flat_map(|left| RIGHT.iter().map(move |right| (left, right))) {
                let arrays = left.halves.len() + right.halves.len() > 2;
                let whole = operator.starts_with("select") || operator.starts_with("sum");
                // Between a constant's own ends the compiler may know the result, which then has no scale.
                let known = operator.starts_with("clamp") && left.constant;
                if known || left.constant && right.constant || !left.fraction && !right.fraction || whole && arrays {
                    continue;
                }
                // Without a scale of its own on either side a result has that of a constant.
                let scaled = |operand: &Operand| operand.fraction && !operand.constant;
                let scale = if scaled(left) || scaled(right) { bits } else { 16 };
                let expression = operator.replace('L', left.text).replace('R', right.text);
                let source = format!(
                    "party A, B;\ninput a: secret fix<{bits}> in -9.0..=9.0 from A;\n\
                     input v: secret [fix<{bits}> in -9.0..=9.0; 3] from A;\n\
                     input b: secret fix<{bits}> in 0.5..=4.0 from B;\n\
                     input w: secret [fix<{bits}> in 0.5..=4.0; 3] from B;\ninput n: secret int in 1..=9 from B;\n\
                     fn main() {{\n    output y = {expression} to all;\n}}\n"
                );
                let raw = |halves: i128| i64::try_from(halves << bits >> 1).expect("a small number");
                let rows = |values: [i128; 3]| values.map(raw);
                let (a, v, b, w) = (raw(3), rows([3, 5, -6]), raw(5), rows([1, 4, 3]));
                let given = match compiled(&source).map(|stages| stages.run(&[&[a], &v, &[b], &w, &[3]])) {
                    Err(Refused) => {
                        refused += 1;
                        continue;
                    }
                    // Parts of a public product of more bits may not fit, and are checked where they are computed.
                    Ok(Err(stop)) if bits > 31 && stop.contains("lies outside") => {
                        refused += 1;
                        continue;
                    }
                    Ok(given) => given.unwrap_or_else(|stop| panic!("{stop}\n{source}")),
                };
                let at = |operand: &Operand, i: usize| operand.halves[i % operand.halves.len()] << scale >> 1;
                let lanes = left.halves.len().max(right.halves.len());
                let expected: Vec<i128> = (0..lanes).map(|i| meaning(at(left, i), at(right, i), scale)).collect();
                let found: Vec<i128> = given["y"].iter().map(|raw| i128::from(*raw)).collect();
                assert_eq!(found, expected, "fix<{bits}>: {expression}");
                told += 1;
            }
        }
    }
    // Products and quotients of the widest do not fit.
    assert!(told > 10 * refused, "{told} programs, {refused} refused");
}

#[test]
fn public_products_are_rounded_once_however_wide() {
    for bits in [1, 8, 16, 24, 31] {
        let source = format!(
            "party A, B;\ninput a: public fix<{bits}> in -200_000_000.0..=200_000_000.0 from A;\n\
             input b: public fix<{bits}> in -200_000_000.0..=200_000_000.0 from B;\n\
             fn main() {{\n    output y = a * b to all;\n}}\n"
        );
        let stages = compiled(&source).expect("it compiles");
        // The product is about 2^30 as a number: with 31 bits behind the point it fits, and the unrounded one does not.
        let values = [1 << (bits + 15), (1 << (bits + 14)) + 12_345, (3 << (bits + 13)) + 1, 1, (1 << bits) - 1];
        let signed = values.iter().flat_map(|value| [*value, -value]);
        for (a, b) in signed.clone().flat_map(|a| signed.clone().map(move |b| (a, b))) {
            let given = stages.run(&[&[a], &[b]]).expect("it fits");
            assert_eq!(
                i128::from(given["y"][0]),
                quotient(i128::from(a) * i128::from(b), 1 << bits),
                "{bits}: {a} * {b}"
            );
        }
    }
}

/// A `fix` of all 64 bits is too wide for a shift, and becomes one of fewer fractional bits all the same.
#[test]
fn wide_numbers_change_their_scale() {
    for stochastic in ["x as fix<16>", "stochastic(x as fix<16>)"] {
        let source =
            format!("party A;\ninput x: secret fix<32> from A;\nfn main() {{ output y = {stochastic} to all; }}\n");
        let stages = compiled(&source).expect("it compiles");
        for x in [i64::MIN, i64::MIN + 32_768, -32_769, -32_768, 32_767, 32_768, i64::MAX] {
            let given = stages.run(&[&[x]]).expect("it fits");
            assert_eq!(i128::from(given["y"][0]), quotient(i128::from(x), 1 << 16), "{x}");
        }
    }
}
