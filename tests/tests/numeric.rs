//! The errors of `std::math`, measured against the functions in double precision, whose own error of some 2^-52 is counted on top; and what learning costs.
//!
//! The places are a dense grid over the range, its ends, and the numbers beside each power of two, where pieces of the functions meet.

use smpc_tests::{json, smpcc, succeed};
use std::path::Path;

/// A unit in the last place of `fix`.
const UNIT: f64 = 1.0 / 65_536.0;

/// A function of the library.
struct Function {
    /// As a program calls it with `x`.
    call: &'static str,
    /// The range of `x`, in units.
    range: (i64, i64),
    /// What it should give.
    exact: fn(f64) -> f64,
    /// How far from that it may be, by argument and result: what its comment says.
    bound: fn(f64, f64) -> f64,
}

const fn function(
    call: &'static str,
    range: (i64, i64),
    exact: fn(f64) -> f64,
    bound: fn(f64, f64) -> f64,
) -> Function {
    Function { call, range, exact, bound }
}

/// So many whole numbers, in units.
const fn whole(n: i64) -> i64 {
    n << 16
}

fn power(exponent: i32) -> f64 {
    2_f64.powi(exponent)
}

/// Each function over narrow ranges and over the widest.
const FUNCTIONS: &[Function] = &[
    function("exp(x)", (whole(-12), whole(10)), f64::exp, |_, y| UNIT / 2.0 + y * power(-25)),
    function("exp(x)", (whole(-1000), whole(31)), f64::exp, |_, y| UNIT / 2.0 + y * power(-25)),
    function("ln(x)", (1, whole(1000)), f64::ln, |_, _| UNIT / 2.0 + power(-22)),
    function("ln(x)", (whole(1) / 2, whole(1 << 44)), f64::ln, |_, _| UNIT / 2.0 + power(-22)),
    function("pow(x, 2.5)", (1, whole(500)), |x| x.powf(2.5), |_, y| UNIT / 2.0 + y * power(-24) * 3.5),
    function("pow(x, -1.5)", (655, whole(1000)), |x| x.powf(-1.5), |_, y| UNIT / 2.0 + y * power(-24) * 2.5),
    function(
        "pow(3.0, x)",
        (whole(-20), whole(20)),
        |x| 3_f64.powf(x),
        |x, y| UNIT / 2.0 + y * power(-24) * (1.0 + x.abs()),
    ),
    function("reciprocal(x)", (1, whole(100)), f64::recip, |_, y| UNIT / 2.0 + y * power(-26)),
    function("reciprocal(x)", (whole(-1 << 40), whole(1 << 40)), inverse, |_, y| UNIT / 2.0 + y.abs() * power(-26)),
    function("sin(x)", (whole(-10), whole(10)), f64::sin, |_, _| UNIT / 2.0 + power(-20)),
    function("sin(x)", (whole(-1000), whole(1000)), f64::sin, |_, _| UNIT / 2.0 + power(-20)),
    function("cos(x)", (whole(-1000), whole(1000)), f64::cos, |_, _| UNIT / 2.0 + power(-20)),
    function("sigmoid(x)", (whole(-8), whole(8)), logistic, |_, _| UNIT / 2.0 + power(-18)),
    function("sigmoid(x)", (whole(-20_000), whole(30_000)), logistic, |_, _| UNIT / 2.0 + power(-18)),
    function("sqrt(x)", (0, whole(1000)), f64::sqrt, |_, _| UNIT / 2.0),
];

fn inverse(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { 1.0 / x }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[allow(
    clippy::cast_precision_loss,
    reason = "units of the tests have at most 53 bits, or their neighbours do as well"
)]
fn float(units: i64) -> f64 {
    units as f64 * UNIT
}

/// A grid of at least so many places, the ends, and what lies beside the powers of two.
fn places((lo, hi): (i64, i64), many: i64) -> Vec<i64> {
    let step = ((hi - lo) / many).max(1);
    let grid = (0..=(hi - lo) / step).map(|i| lo + i * step);
    let ends = [lo, lo + 1, hi - 1, hi];
    let powers = (0..62).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1]).flat_map(|x: i64| [x, -x]);
    let mut all: Vec<i64> = grid.chain(ends).chain(powers).filter(|x| (lo..=hi).contains(x)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Units as a decimal, exactly.
fn decimal(units: i64) -> String {
    let (sign, size) = (if units < 0 { "-" } else { "" }, units.unsigned_abs());
    let fraction = u128::from(size % 65_536) * 10_u128.pow(16) / 65_536;
    format!("{sign}{}.{fraction:016}", size / 65_536)
}

fn run(source: &Path, input: &Path, protocol: &str, folder: &Path) -> Vec<f64> {
    let result = folder.join("result.json");
    let mut command = smpcc();
    command.arg("run").arg(source).args(["--in-process", "--protocol", protocol]);
    command.arg("--input").arg(format!("xs={}", input.display())).arg("--output").arg(&result);
    let _ = succeed(&mut command);
    let found = json(&result);
    let ys = found["all"]["ys"].as_array().expect("an array of outputs");
    // Decimals are as short as they may be: the number is the nearest unit.
    ys.iter().map(|y| (y.as_f64().expect("a number") / UNIT).round() * UNIT).collect()
}

fn measure(of: &Function, many: i64, protocol: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let xs = places(of.range, many);
    let name = of.call.split('(').next().unwrap_or_default();
    let (lo, hi) = (decimal(of.range.0), decimal(of.range.1));
    let text = format!(
        "use std::math::{name};\nparty Owner;\ninput xs: secret [fix in {lo}..={hi}; {}] from Owner;\n\
         fn main() {{ output ys = [{} for x in xs] to all; }}\n",
        xs.len(),
        of.call
    );
    let (source, input) = (folder.path().join("main.smpc"), folder.path().join("xs.csv"));
    let rows: String = xs.iter().map(|x| decimal(*x) + "\n").collect();
    std::fs::write(&source, text).expect("the program is written");
    std::fs::write(&input, format!("value\n{rows}")).expect("the input is written");
    let ys = run(&source, &input, protocol, folder.path());
    assert_eq!(ys.len(), xs.len());
    let (mut worst, mut share) = (0.0_f64, 0.0_f64);
    for (x, y) in xs.iter().map(|x| float(*x)).zip(ys) {
        let exact = (of.exact)(x);
        let (error, bound) = ((y - exact).abs(), (of.bound)(x, exact) + exact.abs() * power(-50));
        worst = worst.max(error);
        share = share.max(error / bound);
        assert!(error <= bound, "{} under {protocol} at {x}: {y}, and not {exact}: {error:e} > {bound:e}", of.call);
    }
    println!("{} {lo}..={hi} under {protocol}: {worst:e}, {share:.3} of what is said", of.call);
}

#[test]
fn errors_are_as_the_comments_say() {
    FUNCTIONS.iter().for_each(|of| measure(of, 20_000, "plain"));
}

/// The same bits under a protocol with parties: fewer places, as each costs more.
#[test]
fn errors_are_as_the_comments_say_among_parties() {
    FUNCTIONS.iter().for_each(|of| measure(of, 500, "rep3"));
}

/// At random it errs to either side, by less than a unit more.
#[test]
fn roundings_at_random_stay_near() {
    let bound = |_, _| UNIT + power(-18);
    measure(&function("sigmoid_stochastic(x)", (whole(-30), whole(30)), logistic, bound), 2_000, "rep3");
}

/// Learning takes no more rounds for more columns or longer batches; the figure is that of the issue, 1000 rows of 20 columns, 10 times, 128 at a time.
#[test]
fn learning_takes_few_rounds() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = folder.path().join("main.smpc");
    let text = "use std::ml::logistic_regression;\nparty Owner;\n\
                input xs: secret [fix in -4.0..=4.0; 1000, 20] from Owner;\ninput ys: secret [int in 0..=1; 1000] from Owner;\n\
                fn main() {\n    let model = logistic_regression(xs, ys, 10, 128, 0.1);\n\
                output weights = model.weights to all;\n    output bias = model.bias to all;\n}\n";
    std::fs::write(&source, text).expect("the program is written");
    let counted = succeed(smpcc().arg("cost").arg(&source).args(["--format", "json"]));
    let counted: serde_json::Value = serde_json::from_slice(&counted.stdout).expect("cost prints JSON");
    let rounds = counted["protocols"][0]["parties"][0]["rounds"].as_u64().expect("a number of rounds");
    assert!(rounds <= 2_500, "{rounds} rounds");
}
