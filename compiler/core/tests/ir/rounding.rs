//! The bound that `smpc_bytecode::rounding` gives holds: random programs of `fix` numbers against exact fractions, on the ends of their ranges and
//! anything between.

use crate::machine::Machine;
use crate::seeded::{Seeded, seeds};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{FromPrimitive, Signed, Zero};
use smpc_bytecode::module::Module;
use smpc_bytecode::rounding::{Bound, Cause, OutputRounding, outputs};
use smpcc_core::diagnostics::Code;
use smpcc_core::{Request, compile};

type Exact = BigRational;

#[derive(Clone, Debug)]
enum Number {
    /// Inputs, then the carried variable.
    Variable(usize),
    /// In tenths: some are rounded.
    Constant(i64),
    Operator(char, Box<Number>, Box<Number>),
    Extreme(&'static str, Box<Number>, Box<Number>),
    Abs(Box<Number>),
    Clamp(Box<Number>),
    /// Σ of the products of both arrays.
    Dot,
    Choice(Box<Number>, Box<Number>),
    Stochastic(Box<Number>),
}

const NAMES: [&str; 4] = ["a", "b", "p", "s"];

fn make(rng: &mut Seeded, depth: usize) -> Number {
    if depth == 0 || rng.chance(15) {
        return if rng.chance(30) {
            Number::Constant(rng.below(40_i64) - 16)
        } else {
            Number::Variable(rng.below(4) as usize)
        };
    }
    let deeper = |rng: &mut Seeded| Box::new(make(rng, depth - 1));
    match rng.below(12) {
        0..=2 => Number::Operator('+', deeper(rng), deeper(rng)),
        3 => Number::Operator('-', deeper(rng), deeper(rng)),
        4..=6 => Number::Operator('*', deeper(rng), deeper(rng)),
        7 => Number::Operator('/', deeper(rng), deeper(rng)),
        8 => Number::Extreme(["min", "max"][rng.below(2) as usize], deeper(rng), deeper(rng)),
        9 if rng.chance(50) => Number::Abs(deeper(rng)),
        9 => Number::Clamp(deeper(rng)),
        10 if rng.chance(40) => Number::Choice(deeper(rng), deeper(rng)),
        10 => Number::Dot,
        _ => Number::Stochastic(deeper(rng)),
    }
}

fn show(number: &Number) -> String {
    match number {
        Number::Variable(at) => NAMES[*at].to_owned(),
        Number::Constant(tenths) => {
            format!("({}{:.1})", if *tenths < 0 { "-" } else { "" }, tenths.abs() as f64 / 10.0)
        }
        Number::Operator(op, a, b) => format!("({} {op} {})", show(a), show(b)),
        Number::Extreme(f, a, b) => format!("{f}({}, {})", show(a), show(b)),
        Number::Abs(a) => format!("abs({})", show(a)),
        Number::Clamp(a) => format!("clamp({}, -1.5, 30.0)", show(a)),
        Number::Dot => "sum(xs * ys)".to_owned(),
        Number::Choice(a, b) => format!("(if c {{ {} }} else {{ {} }})", show(a), show(b)),
        Number::Stochastic(a) => format!("stochastic({})", show(a)),
    }
}

struct Values {
    variables: [Exact; 4],
    xs: Vec<Exact>,
    ys: Vec<Exact>,
    c: bool,
}

fn fraction(numerator: i64, denominator: i64) -> Exact {
    Exact::new(BigInt::from(numerator), BigInt::from(denominator))
}

fn value(number: &Number, of: &Values) -> Exact {
    match number {
        Number::Variable(at) => of.variables[*at].clone(),
        Number::Constant(tenths) => fraction(*tenths, 10),
        Number::Operator(op, a, b) => {
            let (a, b) = (value(a, of), value(b, of));
            match op {
                '+' => a + b,
                '-' => a - b,
                '*' => a * b,
                _ if b.is_zero() => Exact::zero(),
                _ => a / b,
            }
        }
        Number::Extreme(f, a, b) => {
            let (a, b) = (value(a, of), value(b, of));
            if *f == "min" { a.min(b) } else { a.max(b) }
        }
        Number::Abs(a) => value(a, of).abs(),
        Number::Clamp(a) => value(a, of).min(fraction(30, 1)).max(fraction(-3, 2)),
        Number::Dot => of.xs.iter().zip(&of.ys).map(|(x, y)| x * y).sum(),
        Number::Choice(a, b) => value(if of.c { a } else { b }, of),
        Number::Stochastic(a) => value(a, of),
    }
}

/// The module of a program; `None` where it is refused because of its ranges.
fn module(source: &str) -> Option<Module> {
    let compiled = compile(&Request::new("main.smpc", source));
    let ranges = [Code::Overflow, Code::LoopRange, Code::ZeroDivision, Code::Rounding];
    if compiled.diagnostics.iter().any(|told| ranges.contains(&told.code)) {
        return None;
    }
    Some(compiled.module.unwrap_or_else(|| {
        let all = smpcc_core::diagnostics::render::text(&compiled.sources, &compiled.diagnostics);
        panic!("{all}\n{source}")
    }))
}

/// Runs it on the leaves of its inputs; `None` where a public number does not fit as it runs.
fn run(module: &Module, inputs: &[Vec<i64>]) -> Option<i64> {
    let of = |input: u32, _: u32| inputs[input as usize].clone();
    let mut machine = Machine::new(module, &of, 0);
    machine.run().ok()?;
    Some(machine.outputs[&(0, 0)][0])
}

fn known(module: &Module) -> OutputRounding {
    outputs(module).remove(0)
}

#[test]
fn random_programs_stay_within_their_bound() {
    const FRAC: u32 = 16;
    let (mut bounded, mut unbounded, mut refused, mut worst) = (0, 0, 0, 0.0_f64);
    for seed in seeds(300) {
        let mut rng = Seeded::new(seed);
        let start = make(&mut rng, 2);
        let step = make(&mut rng, 2);
        let last = make(&mut rng, 3);
        let turns = if rng.chance(50) { rng.below(6) } else { 0 };
        let (lo, hi) = [(-4, 4), (1, 9), (-100, 100), (-1, 0)][rng.below(4) as usize];
        let source = format!(
            "party A, B;\ninput a: secret fix in {lo}.0..={hi}.0 from A;\ninput b: secret fix in 0.5..=8.0 from B;\n\
             input p: public fix in -2.0..=3.0 from A;\ninput xs: secret [fix in -3.0..=3.0; 4] from A;\n\
             input ys: secret [fix in 0.0..=5.0; 4] from B;\ninput c: secret bool from A;\nfn main() {{\n\
             let s = a;\nlet mut t = {};\nfor i in 0..{turns} {{ let s = t; t = clamp({}, -50.0, 50.0); }}\nlet s = t;\n\
             output y = {} to all;\n}}\n",
            show(&start),
            show(&step),
            show(&last)
        );
        let Some(module) = module(&source) else {
            refused += 1;
            continue;
        };
        let Some(OutputRounding { rounding, frac, .. }) = outputs(&module).into_iter().next() else { continue };
        let Bound::Units(units) = rounding.bound else {
            unbounded += 1;
            continue;
        };
        assert_eq!(frac, FRAC);
        bounded += 1;
        for trial in 0..12 {
            let mut pick = |lo: i64, hi: i64, halves: i64| {
                let (lo, hi) = (lo << FRAC >> halves, hi << FRAC >> halves);
                match (trial, rng.below(3)) {
                    (0, _) | (2.., 0) => lo,
                    (1, _) | (2.., 1) => hi,
                    _ => lo + rng.below((hi - lo + 1).cast_unsigned()).cast_signed(),
                }
            };
            let (a, b, p) = (pick(lo, hi, 0), pick(1, 16, 1), pick(-2, 3, 0));
            let xs: Vec<i64> = (0..4).map(|_| pick(-3, 3, 0)).collect();
            let ys: Vec<i64> = (0..4).map(|_| pick(0, 5, 0)).collect();
            let c = trial % 2;
            let inputs = [vec![a], vec![b], vec![p], xs.clone(), ys.clone(), vec![c]];
            let Some(held) = run(&module, &inputs) else { continue };
            let exact = |raw: &i64| fraction(*raw, 1 << FRAC);
            let mut of = Values {
                variables: [exact(&a), exact(&b), exact(&p), exact(&a)],
                xs: xs.iter().map(exact).collect(),
                ys: ys.iter().map(exact).collect(),
                c: c == 1,
            };
            let mut t = value(&start, &of);
            for _ in 0..turns {
                of.variables[3] = t;
                t = value(&step, &of).min(fraction(50, 1)).max(fraction(-50, 1));
            }
            of.variables[3] = t;
            let off = (value(&last, &of) - exact(&held)).abs() * Exact::from_integer(BigInt::from(1 << FRAC));
            let bound = Exact::from_f64(units).expect("a number");
            assert!(off <= bound, "seed {seed}: off by {off}, bound {units}\n{source}{inputs:?}");
            if units > 0.0 {
                let share: f64 = num_traits::ToPrimitive::to_f64(&(off / bound)).expect("a number");
                worst = worst.max(share);
            }
        }
    }
    assert!(bounded > 100 && unbounded > 0, "{bounded} bounded, {unbounded} not, {refused} refused");
    // Bounds that nothing comes near would say nothing.
    assert!(worst > 0.9, "the nearest came to {worst} of its bound");
}

/// The bound of the output of a program with secret inputs `a` and `b` in 1.0..=4.0, `z` in −1.0..=1.0, `n` in 1..=9 and an array `xs` of 10.
fn bound(statements: &str) -> Bound {
    let source = format!(
        "use std::math::sqrt;\nuse std::sort::sort;\nparty A, B;\ninput a: secret fix in 1.0..=4.0 from A;\ninput b: secret fix in 1.0..=4.0 from B;\n\
         input z: secret fix in -1.0..=1.0 from B;\ninput n: secret int in 1..=9 from A;\n\
         input xs: secret [fix in -1.0..=1.0; 10] from A;\nfn main() {{\n{statements}\n}}\n"
    );
    known(&module(&source).unwrap_or_else(|| panic!("refused:\n{source}"))).rounding.bound
}

#[test]
fn known_bounds() {
    let close = |statements: &str, units: f64| match bound(statements) {
        Bound::Units(found) => assert!((found - units).abs() < 1e-6, "{statements}: {found} instead of {units}"),
        Bound::None(cause, _) => panic!("{statements}: {cause}"),
    };
    close("output y = a + b to all;", 0.0);
    close("output y = a * n to all;", 0.0);
    close("output y = a * b to all;", 0.5);
    close("output y = stochastic(a * b) to all;", 1.0);
    close("output y = stochastic(a / 4.0) to all;", 1.0);
    // One rounding for a sum of products.
    close("output y = a * b + b * b to all;", 0.5);
    close("output y = sum(xs * xs) to all;", 0.5);
    close("output y = stochastic(sum(xs * xs)) to all;", 1.0);
    // 4 · ½ + ½
    close("output y = a * b * b to all;", 2.5);
    close("output y = abs(z * z) to all;", 0.5);
    close("output y = max(a * b, 3.0) to all;", 0.5);
    close("output y = clamp(a * b, 2.0, 3.0) to all;", 0.5);
    close("output y = if n > 3 { a * b } else { a } to all;", 0.5);
    close("output y = min(xs * z) to all;", 0.5);
    // A whole further, and half a unit.
    close("output y = (a * 0.5) as int as fix to all;", 65_536.5);
    close("output y = a / b to all;", 0.5);
    // 0.1 is 3277 / 2^15, to half a unit: 4 · 2^16 · ½ / 2^15 + ½.
    close("output y = a * 0.1 to all;", 4.5);
    close("output y = max(a, 2.2) to all;", 0.5);
    // 2.2 is rounded down where it is chosen, and up where it is compared with.
    close("output y = max(a * b, 2.2) to all;", 1.5);
    close("output y = sqrt(a) to all;", 0.5);
    close("output y = sort(xs * z)[3] to all;", 0.5);
    // Ten times ½.
    close("let mut s = a * 0.5;\nfor x in xs { s += abs(x * z); }\noutput y = s to all;", 5.5);
}

#[test]
fn reasons_for_no_bound() {
    let none = |statements: &str, cause: Cause| match bound(statements) {
        Bound::Units(units) => panic!("{statements}: {units}"),
        Bound::None(found, _) => assert_eq!(found, cause, "{statements}"),
    };
    none("output y = if a * b < 3.0 { a } else { b } to all;", Cause::Decision);
    none("output y = a / (z * z) to all;", Cause::Divisor);
    none("output y = (a * b) % b to all;", Cause::Remainder);
    none(
        "let mut k = 0;\nlet mut s = z;\nwhile k < reveal(n) { s = clamp(s * z + s * a, -9.0, 9.0); k += 1; }\noutput y = s to all;",
        Cause::Turns,
    );
}

/// Roots, which are no fractions: their squares are.
#[test]
fn roots_stay_within_their_bound() {
    let source = "use std::math::sqrt;\nparty A;\ninput a: secret fix in 0.0..=4.0 from A;\ninput z: secret fix in 0.0..=1.0 from A;\n\
        fn main() { output y = sqrt(a * z) to all; }\n";
    let module = module(source).expect("it compiles");
    let Bound::Units(units) = known(&module).rounding.bound else { panic!("no bound") };
    let unit = fraction(1, 1 << 16);
    let bound = Exact::from_f64(units).expect("a number") * &unit;
    for (a, z) in [(0, 0), (1, 1), (1, 40_000), (300, 70), (4 << 16, 1 << 16), (4 << 16, 1), (12_345, 6_789)] {
        let held = fraction(run(&module, &[vec![a], vec![z]]).expect("a run"), 1 << 16);
        let exact = fraction(a, 1 << 16) * fraction(z, 1 << 16);
        let (low, high) = ((&held - &bound).max(Exact::zero()), &held + &bound);
        assert!(&low * &low <= exact && exact <= &high * &high, "{a} {z}: {held} ± {bound}");
    }
}
