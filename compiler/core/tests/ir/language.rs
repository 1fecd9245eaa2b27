//! What programs mean: each is compiled, and run in the clear before the passes, after each pass, and as a module.

use crate::machine::Machine;
use smpc_bytecode::module::Module;
use smpcc_core::diagnostics::Code;
use smpcc_core::ir::interp::{self, Outputs};
use smpcc_core::ir::{Program, verify};
use smpcc_core::passes::PIPELINE;
use smpcc_core::{Request, compile::to_ir, emit::emit};
use std::collections::BTreeMap;

/// Raw lanes by output name, leaves one after another.
pub(crate) type Given = BTreeMap<String, Vec<i64>>;

/// The compiler could not bound a range, or found a divisor that is always 0 or an index that is never inside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused;

/// A program that compiles: as it is elaborated, after each pass, and as a module.
pub(crate) struct Stages<'s> {
    source: &'s str,
    /// The program, and what made it so.
    programs: Vec<(&'static str, Program)>,
    module: Module,
}

impl Stages<'_> {
    /// The program after all passes.
    pub(crate) fn last(&self) -> &Program {
        &self.programs[self.programs.len() - 1].1
    }
}

/// Compiles a program that may be refused because of its ranges, and nothing else. Each stage verifies.
pub(crate) fn compiled(source: &str) -> Result<Stages<'_>, Refused> {
    let request = Request::new("main.smpc", source);
    let (sources, diagnostics, program) = to_ir(&request);
    let told = smpcc_core::diagnostics::render::text(&sources, &diagnostics);
    let ranges = [Code::Overflow, Code::LoopRange, Code::ZeroDivision, Code::OutOfBounds];
    if diagnostics.iter().any(|told| ranges.contains(&told.code)) {
        return Err(Refused);
    }
    let program = program.unwrap_or_else(|| panic!("does not compile:\n{told}\n{source}"));
    let mut programs = vec![("elaborate", program.clone())];
    let last = PIPELINE.iter().fold(program, |program, pass| {
        let program = (pass.run)(program);
        programs.push((pass.name, program.clone()));
        program
    });
    for (stage, program) in &programs {
        verify::verify(program).unwrap_or_else(|error| panic!("{stage}: {error}\n{source}\n{program}"));
    }
    let module = emit(last);
    let verified = smpc_bytecode::verify::verify(module.clone(), &smpc_bytecode::verify::Limits::default());
    verified.unwrap_or_else(|error| panic!("{error}\n{source}"));
    Ok(Stages { source, programs, module })
}

impl Stages<'_> {
    /// Runs every stage on the lanes of its inputs' leaves, in order; gives the outputs, or what stopped them.
    pub(crate) fn run(&self, inputs: &[&[i64]]) -> Result<Given, String> {
        let Self { source, programs, module } = self;
        let of_inputs = module.manifest.inputs.iter().enumerate();
        let numbers: Vec<(u32, u32)> = of_inputs
            .flat_map(|(i, input)| (0..input.ty.leaves().len()).map(move |leaf| (i as u32, leaf as u32)))
            .collect();
        let of = |input: u32, leaf: u32| {
            let at = numbers.iter().position(|known| *known == (input, leaf)).expect("an input of the program");
            inputs[at].to_vec()
        };
        let expected = interp::run(&programs[0].1, &of, 1 << 20);
        for (stage, program) in &programs[1..] {
            let found = interp::run(program, &of, 1 << 20);
            assert_eq!(expected.outputs, found.outputs, "{stage}\n{source}\n{program}");
            assert_eq!(expected.fault.is_some(), found.fault.is_some(), "{stage}\n{source}\n{program}");
        }
        let named = |outputs: &Outputs| {
            let mut given = Given::new();
            for ((output, _), lanes) in outputs {
                given.entry(module.manifest.outputs[*output as usize].name.clone()).or_default().extend(lanes);
            }
            given
        };
        for order in 0..3 {
            let mut machine = Machine::new(module, &of, order);
            let ended = machine.run();
            assert_eq!(ended.is_err(), expected.fault.is_some(), "{ended:?} {:?}\n{source}", expected.fault);
            if ended.is_ok() {
                assert_eq!(named(&machine.outputs), named(&expected.outputs), "{source}");
            }
        }
        match expected.fault {
            Some(fault) => Err(fault.what),
            None => Ok(named(&expected.outputs)),
        }
    }
}

/// Runs a program on the lanes of its inputs' leaves, in order; gives the outputs, or what stopped it.
pub(crate) fn run(source: &str, inputs: &[&[i64]]) -> Result<Given, String> {
    compiled(source).unwrap_or_else(|Refused| panic!("refused:\n{source}")).run(inputs)
}

/// A program over secret integers `a`, `b` in −100..=100 and an array `xs` of 5 in 0..=9, and `c` a secret truth value.
pub(crate) fn body(statements: &str, outputs: &[(&str, &[i64])]) {
    let source = format!(
        "party A, B;\ninput a: secret int in -100..=100 from A;\ninput b: secret int in -100..=100 from B;\n\
         input xs: secret [int in 0..=9; 5] from A;\ninput c: secret bool from B;\nfn main() {{\n{statements}\n}}\n"
    );
    let given = run(&source, &[&[7], &[-3], &[3, 1, 4, 1, 5], &[1]]).unwrap_or_else(|e| panic!("{e}\n{source}"));
    for (name, lanes) in outputs {
        assert_eq!(given.get(*name).map(Vec::as_slice), Some(*lanes), "{name}\n{source}");
    }
    assert_eq!(given.len(), outputs.len(), "{source}");
}

pub(crate) const ONE: i64 = 1 << 16;

#[test]
fn arithmetic() {
    body("output x = a + b * 2 - 1 to all;", &[("x", &[0])]);
    body("output x = [a / b, a % b, -a / 3, -a % 3] to all;", &[("x", &[-2, 1, -2, -1])]);
    body("output x = xs * 2 + 1 to all;", &[("x", &[7, 3, 9, 3, 11])]);
    body("output x = xs * xs to all;", &[("x", &[9, 1, 16, 1, 25])]);
    body("output x = [min(a, b), max(a, b), abs(b), abs(a)] to all;", &[("x", &[-3, 7, 3, 7])]);
    body("output x = [sum(xs), product(xs), min(xs), max(xs), len(xs)] to all;", &[("x", &[14, 60, 1, 5, 5])]);
    body("output x = clamp(a, 0, 5) to all; output y = clamp(a, -9, 900) to all;", &[("x", &[5]), ("y", &[7])]);
}

#[test]
fn fixed_point() {
    body("output x = (a as fix) / b to all;", &[("x", &[-152_917])]);
    body("output x = a * 0.5 to all;", &[("x", &[7 * ONE / 2])]);
    body("output x = (a as fix) * (b as fix) to all;", &[("x", &[-21 * ONE])]);
    body("output x = (a as fix) * 0.25 + 1 to all;", &[("x", &[7 * ONE / 4 + ONE])]);
    body("output x = [(a * 0.5) as int, (b * 0.5) as int] to all;", &[("x", &[3, -1])]);
    body("output x = (a as fix<24>) / 3 to all;", &[("x", &[(7 << 24) / 3])]);
    body(
        "output x = [a * 0.5 < 3.5, a * 0.5 <= 3.5, a * 0.5 < 3.50001, a > 6.9, a == 7.1] to all;",
        &[("x", &[0, 1, 1, 1, 0])],
    );
}

#[test]
fn truth_values() {
    body("output x = [a > b && c, a < b || !c, !(a == b), c == true, c != true] to all;", &[("x", &[1, 0, 1, 1, 0])]);
    body("output x = xs > 2 to all;", &[("x", &[1, 0, 1, 0, 1])]);
    body("output n = sum((xs > 2) as int) to all;", &[("n", &[3])]);
    body("output x = [any(xs == 4), all(xs < 5)] to all;", &[("x", &[1, 0])]);
    body("output x = select(xs > 2, xs, -1) to all;", &[("x", &[3, -1, 4, -1, 5])]);
    body("output x = select(c, xs, [0; 5]) to all;", &[("x", &[3, 1, 4, 1, 5])]);
}

/// What a program over a secret word `h` and a secret integer `a` gives as `y`: 64 bits a lane.
fn of_words(statements: &str) -> Vec<u64> {
    let source = format!(
        "party A;\ninput h: secret bits<64> from A;\ninput a: secret int in 0..=2 from A;\ninput n: public int in 0..=4 from A;\n\
         fn main() {{\n{statements}\n}}\n"
    );
    let given = run(&source, &[&[9], &[1], &[3]]).unwrap_or_else(|e| panic!("{e}\n{source}"));
    given["y"].iter().map(|lane| lane.cast_unsigned()).collect()
}

/// Words have no range that a loop could leave.
#[test]
fn words_of_all_bits_in_loops() {
    let all = 0xcbf2_9ce4_8422_2325;
    let loops = "let mut s = h; for i in 0..3 { s = 0xcbf2_9ce4_8422_2325; } output y = s to all;";
    assert_eq!(of_words(loops), [all]);
    let loops =
        "let mut s = h; for i in 0..n { if i == 0 { s = 0xcbf2_9ce4_8422_2325; } s = s ^ h; } output y = s to all;";
    assert_eq!(of_words(loops), [all ^ 9]);
    let loops = "let mut s: bits<64> = 0; for i in 0..n { s = 0xcbf2_9ce4_8422_2325; } output y = s to all;";
    assert_eq!(of_words(loops), [all]);
    let loops = "let mut k = 0; let mut s = h; while k < n { s = 0xcbf2_9ce4_8422_2325; k += 1; } output y = s to all;";
    assert_eq!(of_words(loops), [all]);
    for width in [65, 128] {
        let loops = format!(
            "let mut s = h as bits<{width}>; for i in 0..3 {{ s = 0x1_8000_0000_0000_0001; }} output y = s == 0x1_8000_0000_0000_0001 to all;"
        );
        assert_eq!(of_words(&loops), [1]);
    }
}

#[test]
fn writes_to_arrays_of_constant_words() {
    let most = u64::MAX;
    let array = "let mut ys = [0xffff_ffff_ffff_ffff as bits<64>; 3];";
    assert_eq!(of_words(&format!("{array} ys[1] = 5; output y = ys to all;")), [most, 5, most]);
    assert_eq!(of_words(&format!("{array} ys[n - 1] = h; output y = ys to all;")), [most, most, 9]);
    assert_eq!(of_words(&format!("{array} ys[a] = 5; output y = ys to all;")), [most, 5, most]);
    assert_eq!(of_words(&format!("{array} if a > 0 {{ ys[0] = h; }} output y = ys to all;")), [9, most, most]);
}

#[test]
fn sums_of_nothing() {
    assert_eq!(of_words("let ys = [h; 0]; output y = sum(ys) to all;"), [0]);
    body("output x = sum(xs[0..0]) to all;", &[("x", &[0])]);
}

/// The elements agree on a scalar in whatever order they stand.
#[test]
fn elements_of_one_type() {
    body("output x = [1, a, 0.5] to all;", &[("x", &[ONE, 7 * ONE, ONE / 2])]);
    let wide = |number: i64| number << 24;
    let half = 1 << 23;
    body("let y = b as fix<24>; output x = [1, a, 0.5, y] to all;", &[("x", &[wide(1), wide(7), half, wide(-3)])]);
    body("let y = b as fix<24>; output x = [a, 0.5, y] to all;", &[("x", &[wide(7), half, wide(-3)])]);
    body("let y = b as fix<24>; output x = [y, 0.5, a] to all;", &[("x", &[wide(-3), half, wide(7)])]);
    body(
        "let w = a as bits<8>; output x = [1, w, 2 as bits<4>] to all;".replace("a as", "xs[0] as").as_str(),
        &[("x", &[1, 3, 2])],
    );
}

#[test]
fn secret_left_sides() {
    // What everyone sees stands under public ones.
    body(
        "output x = a > b || c to all; let n = len(xs); output y = n > 3 && reveal(a) > 3 to all;",
        &[("x", &[1]), ("y", &[1])],
    );
    body("output x = [c && xs[a - 6] > 0, !c || a / 2 > 9, xs[1] > 0 && min(xs) > 0] to all;", &[("x", &[1, 0, 1])]);
    body(
        "let mut n = 1; let x = !c && { n = 5; true }; output x to all; output n to all;",
        &[("x", &[0]), ("n", &[1])],
    );
    body("let mut n = 1; let x = c || { n = 5; true }; output x to all; output n to all;", &[("x", &[1]), ("n", &[1])]);
}

#[test]
fn secret_conditions() {
    body("let mut x = 1; if c { x = a; } else { x = b; } output x to all;", &[("x", &[7])]);
    body("let mut x = 1; if !c { x = a; } output x to all;", &[("x", &[1])]);
    body("let mut x = 1; if c { x = a; x += 1; if a < 0 { x = 0; } } output x to all;", &[("x", &[8])]);
    body("output x = if a < b { 1 } else if c { 2 } else { 3 } to all;", &[("x", &[2])]);
    body(
        "let mut ys = xs; if c { ys[1] = 8; } else { ys[2] = 9; ys[0] = 0; } output ys to all;",
        &[("ys", &[3, 8, 4, 1, 5])],
    );
    body(
        "let mut ys = xs; if !c { ys[1] = 8; } else { ys = xs * 2; ys[2] = 9; } output ys to all;",
        &[("ys", &[6, 2, 9, 2, 10])],
    );
    body(
        "let mut t = (1, [0, 0]); if c { t.1[0] = a; if a > 0 { t.1[1] = 5; t.0 = 2; } } output x = t.1 to all; output y = t.0 to all;",
        &[("x", &[7, 5]), ("y", &[2])],
    );
    body(
        "let x = if c { a / 0 + 1 } else { 2 };\noutput y = 1 to all;".replace("a / 0", "a / (b + 3)").as_str(),
        &[("y", &[1])],
    );
}

/// Where what is before a loop and what a turn gives are ranges that further turns keep to, those are the ranges, and nothing wider.
#[test]
fn loops_keep_the_ranges_of_what_they_write() {
    for (statements, written, lanes) in [
        (
            "let mut v = [0; 5]; for i in 0..5 { v[i] = 5 * xs[i] * xs[i] * xs[i]; }",
            "v: [int in 0..=3645; 5] = v",
            &[135, 5, 320, 5, 625][..],
        ),
        (
            "let mut v = [0; 5]; for k in 1..6 { let i = 5 - k; v[i] = xs[i]; }",
            "v: [int in 0..=9; 5] = v",
            &[3, 1, 4, 1, 5],
        ),
        ("let mut v = 0; for x in xs { v = x; }", "v: int in 0..=9 = v", &[5]),
        ("let mut v = (0, 0); for x in xs { v.1 = v.0; v.0 = x; }", "u: int in 0..=9 = v.1", &[1]),
        ("let mut v = a + 1; for _ in 0..5 { v = -v; }", "v: int in -101..=101 = v", &[-8]),
        (
            "let mut v = [[0; 2]; 2]; for i in 0..2 { for j in 0..2 { v[i, j] = a * b; } }",
            "v: [int in -10000..=10000; 2, 2] = v",
            &[-21; 4],
        ),
        // What grows by something in each turn does so as before.
        ("let mut v = 0; for x in xs { v += x; }", "v: int in 0..=45 = v", &[14]),
    ] {
        let name = &written[..1];
        body(&format!("{statements} let {written}; output r = {name} to all;"), &[("r", lanes)]);
    }
    // Fields keep to what their struct declares where that takes less than bits, or where a function wants it.
    let source = "party A;\ninput xs: secret [int in 0..=9; 5] from A;\n\
         struct Best { value: int in 0..=9, place: int in 0..=100, steps: int in 0..=3 }\n\
         fn next(b: secret Best, x: secret int in 0..=9, i: int in 0..=4) -> secret Best {\n\
             let steps = min(b.steps + 1, 3);\n\
             if x > b.value { Best { value: x, place: i, steps: steps } } else { Best { steps: steps, ..b } }\n}\n\
         fn main() {\n    let mut b = Best { value: 0, place: 0, steps: 0 };\n\
             for (i, x) in enumerate(xs) { b = next(b, x, i); }\n\
             let v: int in 0..=9 = b.value;\n    let p: int in 0..=4 = b.place;\n    let s: int in 0..=3 = b.steps;\n\
             output r = [v, p, s] to all;\n}\n";
    let given = run(source, &[&[3, 1, 4, 1, 5]]).expect("it runs");
    assert_eq!(given["r"], [5, 4, 3]);
}

/// A choice between the two values that its condition compares has the range of their minimum or maximum.
#[test]
fn choices_of_what_is_compared_have_the_range_of_the_lesser() {
    // a is 7, b is -3, xs are 3, 1, 4, 1, 5.
    for (statements, lanes) in [
        ("let mut r: int in -100..=50 = 50; let x = a + 1; if x < r { r = x; }", &[8][..]),
        ("let mut r: int in -100..=50 = 50; if r >= a { r = a; } else { r = r; }", &[7]),
        ("let mut r: int in -50..=100 = -50; if a > r { r = a; }", &[7]),
        ("let mut r: int in -50..=100 = -50; if !(a <= r) { r = a; let z: int in -50..=100 = r; }", &[7]),
        ("let r: int in -100..=50 = if a > 50 { 50 } else { a };", &[7]),
        (
            "let (x, y) = if a * 3 < b { (a * 3, b) } else { (b, a * 3) }; let r: int in -300..=100 = x; let s: int in -100..=300 = y;",
            &[-3],
        ),
        (
            "let mut r: [int in 0..=9; 5] = xs; for i in 1..5 { if r[i] > r[i - 1] + 1 { r[i] = r[i - 1] + 1; } }",
            &[3, 1, 2, 1, 2],
        ),
        (
            "let mut r: [int in 0..=9; 5] = xs; for i in 0..5 { let x = xs[i] + 1; if c && x <= r[4 - i] { r[4 - i] = x; } }",
            &[3, 1, 4, 1, 4],
        ),
        (
            "let mut r = xs; for k in 0..5 { for i in 0..5 { let x = r[k] + r[4 - k]; if r[i] > x { r[i] = x; } } } let s: [int in 0..=9; 5] = r;",
            &[2, 1, 2, 1, 2],
        ),
        ("let mut r = reveal(a); let p = reveal(b); if p < r { r = p; } let s: int in -100..=100 = r;", &[-3]),
    ] {
        body(&format!("{statements} output r to all;"), &[("r", lanes)]);
    }
    // The sides are not narrowed, nor is a choice of something else.
    for statements in [
        "let mut r: int in 0..=9 = 0; if a < 10 { r = a; }",
        "let mut r: int in -100..=50 = 50; if a < r { r = a + 0 * b; r = b; }",
        "let mut r: int in -100..=50 = 50; if a > r { r = a; }",
    ] {
        let source = format!(
            "party A;\ninput a: secret int in -100..=100 from A;\ninput b: secret int in -100..=100 from A;\n\
             fn main() {{ {statements} output r to all; }}\n"
        );
        let (_, told, _) = to_ir(&Request::new("main.smpc", &source));
        assert!(told.iter().any(|told| told.code == Code::BrokenPromise), "{statements}");
    }
}

#[test]
fn public_control() {
    body("let p = reveal(a); let mut x = 0; if p > 5 { x = b; } else { x = 100; } output x to all;", &[("x", &[-3])]);
    body("let p = reveal(a); let x = if p < 5 { 1 } else { 2 }; output x to all;", &[("x", &[2])]);
    body(
        "let p = reveal(xs[0]); output x = xs[p] to all; output y = xs[p - 1..p + 1] to all;"
            .replace("xs[p - 1..p + 1]", "xs[p..p + 2]")
            .as_str(),
        &[("x", &[1]), ("y", &[1, 5])],
    );
    body("let p = reveal(xs[0]); let mut n = 0; for i in 0..p { n += i; } output n to all;", &[("n", &[3])]);
    body(
        "let p = reveal(xs[0]); let mut ys = xs; ys[p] = 0; ys[p..p + 2] = [9, 8]; output ys to all;",
        &[("ys", &[3, 1, 4, 9, 8])],
    );
    body("let p = reveal(xs); output y = xs[p - 1] to all;", &[("y", &[4, 3, 1, 3, 5])]);
    body("let i = reveal(a); output y = i < 5 && xs[i] > 0 to all;", &[("y", &[0])]);
}

#[test]
fn shapes() {
    body(
        "let m = [[1, 2, 3], [4, 5, 6]]; output x = m[1] to all; output y = m[.., 2] to all; output z = m[0, 1..] to all; output s = sum(m) to all;",
        &[("x", &[4, 5, 6]), ("y", &[3, 6]), ("z", &[2, 3]), ("s", &[5, 7, 9])],
    );
    body(
        "let m = [xs, xs * 2]; output x = m[1, 2] to all; output y = m[.., 1] to all; output s = sum(m) to all;",
        &[("x", &[8]), ("y", &[1, 2]), ("s", &[9, 3, 12, 3, 15])],
    );
    body("let ys = xs[1..3] ++ [a, b] ++ reverse(xs)[0..1]; output ys to all;", &[("ys", &[1, 4, 7, -3, 5])]);
    body("output x = xs[[4, 0, 0]] to all;", &[("x", &[5, 3, 3])]);
    body("let mut ys = xs; ys[[4, 0]] = [a, b]; output ys to all;", &[("ys", &[-3, 1, 4, 1, 7])]);
    body("output x = [x * x for x in xs] to all;", &[("x", &[9, 1, 16, 1, 25])]);
    body("output x = [i for i in 0..10 if i % 3 == 0] to all;", &[("x", &[0, 3, 6, 9])]);
    body("output n = sum([i * a for i in 0..100]) to all;", &[("n", &[4950 * 7])]);
    body(
        "let mut m = [[0; 3]; 2]; m[1, 2] = a; m[0] = [1, 2, 3]; m[.., 0] = [8, 9]; output m to all;",
        &[("m", &[8, 2, 3, 9, 0, 7])],
    );
}

#[test]
fn tables() {
    let source = "party A;
struct Row { id: int in 0..=9, pay: int in 0..=100, marks: [int in 0..=5; 2] }
input t: secret [Row; 3] from A;
fn best(r: secret Row) -> secret int { max(r.marks) + r.pay }
fn main() {
    output pay = t.pay to all;
    output one = t[1].marks to all;
    output second = t.marks[.., 1] to all;
    let mut u = t;
    u[2].marks[0] = 4;
    u.pay[0] = 50;
    output changed = u to all;
    let mut total = 0;
    for r in t { total += best(r); }
    output total to all;
    output filled = Row { pay: 1, ..t[0] } to all;
    output joined = (t ++ t[0..1]).id to all;
}";
    let given = run(source, &[&[1, 2, 3], &[10, 20, 30], &[0, 1, 2, 3, 4, 5]]).expect("it runs");
    assert_eq!(given["pay"], [10, 20, 30]);
    assert_eq!(given["one"], [2, 3]);
    assert_eq!(given["second"], [1, 3, 5]);
    assert_eq!(given["changed"], [1, 2, 3, 50, 20, 30, 0, 1, 2, 3, 4, 5]);
    assert_eq!(given["total"], [69]);
    assert_eq!(given["filled"], [1, 1, 0, 1]);
    assert_eq!(given["joined"], [1, 2, 3, 1]);
}

#[test]
fn functions_and_sizes() {
    let source = "party A;
input xs: secret [int in 0..=9; 4] from A;
const K = 2;
fn dot<const N>(a: secret [int; N], b: secret [int; N]) -> secret int { sum(a * b) }
fn first<const N, const M>(a: secret [int; N]) -> secret [int; M] { a[0..M] }
fn pick(flag: bool, a: secret int) -> secret int { if flag { return a; } 0 }
fn pair(x: secret int) -> secret (int, int) { (x, x + 1) }
fn main() {
    output d = xs.dot(reverse(xs)) to all;
    output f = first::<4, K>(xs) to all;
    output p = [pick(true, xs[0]), pick(false, xs[1])] to all;
    let (x, y) = pair(xs[3]);
    output q = [x, y] to all;
}";
    let given = run(source, &[&[1, 2, 3, 4]]).expect("it runs");
    assert_eq!(given["d"], [20]);
    assert_eq!(given["f"], [1, 2]);
    assert_eq!(given["p"], [1, 0]);
    assert_eq!(given["q"], [4, 5]);
}

#[test]
fn stops() {
    let with = |statements: &str| {
        let source = format!(
            "party A;\ninput a: secret int in 0..=9 from A;\nfn main() {{\n{statements}\noutput x = 1 to all;\n}}\n"
        );
        run(&source, &[&[7]])
    };
    assert_eq!(with("check(a < 7, \"a is small\");"), Err("a is small".to_owned()));
    assert!(with("check(a < 8, \"a is small\");").is_ok());
    assert!(with("let p = reveal(a); assert(p < 3, \"p\");").is_err());
    assert!(with("let p = reveal(a); let xs = [1, 2, 3]; let y = xs[p]; output y to all;").is_err());
    assert!(with("let p = reveal(a); let y = 5 / (p - 7); output y to all;").is_err());
    assert!(with("let y = narrow(a, 0..=6, \"small\"); output y to all;").is_err());
    assert!(with("let y = narrow(a, 0..=7, \"small\"); output y to all;").is_ok());
    assert!(with("let p = reveal(a); let y: int in 0..=5 = p; output y to all;").is_err());
    assert!(with("let p = reveal(a); let mut ys = [0; 10]; ys[[p, p]] = [1, 2]; output ys to all;").is_err());
}

#[test]
fn statistics() {
    let source = "use std::stats::{mean, variance, stddev, quantile};
party A;
input xs: secret [int in 0..=1000; 7] from A;
fn main() {
    output m = mean(xs) to all;
    output v = variance(xs) to all;
    output s = stddev(xs) to all;
    output q = [quantile(xs, q) for q in [0.0, 0.25, 0.5, 1.0]] to all;
}";
    let given = run(source, &[&[12, 990, 3, 77, 500, 501, 3]]).expect("it runs");
    // Σ = 2086, mean 298; Σx² = 1487172, variance 1487172/7 − 298².
    assert_eq!(given["m"], [298 * ONE]);
    let variance = (1_487_192 * ONE * 10 / 7 + 5) / 10 - 298 * 298 * ONE;
    assert!((given["v"][0] - variance).abs() <= 2, "{} {variance}", given["v"][0]);
    let root = ((variance as f64 / ONE as f64).sqrt() * ONE as f64) as i64;
    assert!((given["s"][0] - root).abs() <= 2);
    assert_eq!(given["q"], [3 * ONE, 15 * ONE / 2, 77 * ONE, 990 * ONE]);
}

#[test]
fn matches() {
    // Known: the other arms are not looked at.
    body(
        "const_match"
            .replace("const_match", "output x = match len(xs) { 0 => a, 5 => b, _ => a + b } to all;")
            .as_str(),
        &[("x", &[-3])],
    );
    // Secret, as a value.
    body(
        "output x = [match x { 0 => 10, 1..=3 => 11, 4 | 7 => 12, _ => a } for x in xs] to all;",
        &[("x", &[11, 11, 12, 11, 7])],
    );
    body("output x = match a { -100..=-1 => -1, 0 => 0, _ => 1 } to all;", &[("x", &[1])]);
    body("output x = match b { -100..=-1 => -1, 0 => 0, 1..=100 => 1 } to all;", &[("x", &[-1])]);
    body(
        "output x = [match x { 3 => a, 0..=4 => b, 5..=9 => a * b } for x in xs] to all;",
        &[("x", &[7, -3, -3, -3, -21])],
    );
    body("output x = match c { true => a, false => b } to all;", &[("x", &[7])]);
    body("output x = match a > b { false => 1, _ => 2.5 } to all;", &[("x", &[5 * ONE / 2])]);
    // As a statement; only the place that is written is chosen.
    body(
        "let mut ys = xs; let mut n = 0; for x in xs { match x { 1 => { ys[0] = n; n += 1; }, 4 => { n -= 2; ys = xs; }, _ => { } } } output ys to all; output n to all;",
        &[("ys", &[-1, 1, 4, 1, 5]), ("n", &[0])],
    );
    // Public.
    body(
        "let p = reveal(xs); let mut n = 0; for i in 0..5 { match p[i] { 1 => { continue; }, 5 => { break; }, 4 | 3 => { n += a; }, _ => { n += 1000; } } n += 1; } output n to all;",
        &[("n", &[16])],
    );
    body(
        "let p = reveal(xs); output x = [match p[k] { 0..=2 => a, 3 => 0.5, _ => b } for k in 0..3] to all;",
        &[("x", &[ONE / 2, 7 * ONE, -3 * ONE])],
    );
    body("let p = reveal(c); output x = match p { true => xs, _ => xs * 2 } to all;", &[("x", &[3, 1, 4, 1, 5])]);
}

/// A program over secret indices: `i` is 2, `j` is 0, `far` is 9 and `no` is −1 of −1..=9; `k` is [2, 0, 1].
fn indexed(statements: &str, outputs: &[(&str, &[i64])]) {
    let source = format!(
        "party A;\nstruct Row {{ id: int in 0..=9, ok: bool, marks: [int in 0..=5; 2] }}\n\
         input i: secret int in 0..=2 from A;\ninput j: secret int in 0..=1 from A;\ninput far: secret int in -1..=9 from A;\n\
         input no: secret int in -1..=9 from A;\ninput k: secret [int in 0..=2; 3] from A;\ninput t: secret [Row; 3] from A;\n\
         input m: secret [fix in -9.0..=9.0; 2, 3] from A;\ninput w: secret [int in {}..={}; 3] from A;\ninput c: secret bool from A;\n\
         fn main() {{\n{statements}\n}}\n",
        "(-9_223_372_036_854_775_807 - 1)",
        i64::MAX
    );
    let m: Vec<i64> = (1..=6).map(|x| x * ONE).collect();
    let rows: [&[i64]; 3] = [&[7, 8, 9], &[1, 0, 1], &[0, 1, 2, 3, 4, 5]];
    let wide = [i64::MIN, i64::MAX, -5];
    let inputs: [&[i64]; 11] = [&[2], &[0], &[9], &[-1], &[2, 0, 1], rows[0], rows[1], rows[2], &m, &wide, &[1]];
    let given = run(&source, &inputs).unwrap_or_else(|e| panic!("{e}\n{source}"));
    for (name, lanes) in outputs {
        assert_eq!(given.get(*name).map(Vec::as_slice), Some(*lanes), "{name}\n{source}");
    }
    assert_eq!(given.len(), outputs.len(), "{source}");
}

#[test]
fn secret_indices_read() {
    indexed("output x = [t.id[i], t[i].id, t.id[j], t.id[far], t.id[no]] to all;", &[("x", &[9, 9, 7, 0, 0])]);
    indexed("output x = [t[i].ok, t[j].ok, t.ok[i - 1], t[far].ok] to all;", &[("x", &[1, 1, 0, 0])]);
    indexed(
        "output x = t[i].marks to all; output y = t[i].marks[j] to all; output z = t.marks[.., j] to all;",
        &[("x", &[4, 5]), ("y", &[4]), ("z", &[0, 2, 4])],
    );
    indexed("output x = [m[j, i], m[1, i], m[j, 1], m[j][i]] to all;", &[("x", &[3 * ONE, 6 * ONE, 2 * ONE, 3 * ONE])]);
    indexed(
        "output x = m[j] to all; output y = m[.., i] to all; output z = m[j, 1..] to all;",
        &[("x", &[ONE, 2 * ONE, 3 * ONE]), ("y", &[3 * ONE, 6 * ONE]), ("z", &[2 * ONE, 3 * ONE])],
    );
    // Whole numbers of 64 bits.
    indexed("output x = [w[i], w[j], w[i - 1], w[far]] to all;", &[("x", &[-5, i64::MIN, i64::MAX, 0])]);
    // A public table, and a record as a whole.
    indexed("output x = [10, 20, 40][i] to all; output y = t[i] to all;", &[("x", &[40]), ("y", &[9, 1, 4, 5])]);
    // Arrays of indices.
    indexed(
        "output x = t.id[k] to all; output y = t.ok[k] to all; output z = w[k] to all;",
        &[("x", &[9, 7, 8]), ("y", &[1, 1, 0]), ("z", &[-5, i64::MIN, i64::MAX])],
    );
    indexed(
        "output x = t.marks[k] to all; output y = t[k].id to all; output z = [[true, false], [false, false], [true, true]][k] to all;",
        &[("x", &[4, 5, 0, 1, 2, 3]), ("y", &[9, 7, 8]), ("z", &[1, 1, 1, 0, 0, 0])],
    );
    indexed(
        "let p = reveal(j); let cube = [[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 10], [11, 12]]]; output x = cube[p, i] to all; output y = cube[.., i] to all; output z = cube[.., i, j] to all; output u = cube[j, .., 1] to all;",
        &[("x", &[5, 6]), ("y", &[5, 6, 11, 12]), ("z", &[5, 11]), ("u", &[2, 4, 6])],
    );
    indexed(
        "let cube = [[[c, !c], [!c, c], [!c, !c]], [[c, c], [c, !c], [!c, c]]]; output y = cube[.., i] to all;",
        &[("y", &[0, 0, 0, 1])],
    );
    indexed(
        "let s = [w, reverse(w)]; output y = s[.., i] to all; let cube = [[[w[0], 1], [w[1], 2]], [[w[2], 3], [4, 5]]]; output z = cube[.., j] to all;",
        &[("y", &[-5, i64::MIN]), ("z", &[i64::MIN, 1, -5, 3])],
    );
}

#[test]
fn secret_indices_write() {
    indexed("let mut x = t.id; x[i] = 1; x[far] = 2; x[no] = 3; output x to all;", &[("x", &[7, 8, 1])]);
    indexed("let mut x = t.id; x[i] += 1; x[far] += 2; x[j] -= 5; output x to all;", &[("x", &[2, 8, 10])]);
    indexed("let mut x = t.id; x[i] *= 2; x[j] /= 2; output x to all;", &[("x", &[3, 8, 18])]);
    indexed(
        "let mut x = t.id; if c { x[i] = 1; } else { x[j] = 1; } if !c { x[i] += 5; x[j] *= 3; } output x to all;",
        &[("x", &[7, 8, 1])],
    );
    indexed(
        "let mut u = t; u[i].id = 0; u[j].marks[i - 1] = 9; u[i].ok = false; u.marks[.., j] = [5, 6, 7]; output x = u.id to all; output y = u.marks to all; output z = u.ok to all;",
        &[("x", &[7, 8, 0]), ("y", &[5, 9, 6, 3, 7, 5]), ("z", &[1, 0, 0])],
    );
    indexed(
        "let mut u = t; u[i] = t[j]; output x = u.id to all; output y = u.marks to all;",
        &[("x", &[7, 8, 7]), ("y", &[0, 1, 2, 3, 0, 1])],
    );
    indexed(
        "let mut x = m; x[j, i] = 0.5; x[1, j] += 1; x[j] *= 2; output x to all;",
        &[("x", &[2 * ONE, 4 * ONE, ONE, 5 * ONE, 5 * ONE, 6 * ONE])],
    );
    indexed(
        "let mut x = m; x[.., i] = [7.0, 8.0]; x[.., i - 1] += 1; output x to all;",
        &[("x", &[ONE, 3 * ONE, 7 * ONE, 4 * ONE, 6 * ONE, 8 * ONE])],
    );
    indexed(
        "let mut x = [0; 2, 3, 2]; x[.., i, ..] = [[1, 2], [3, 4]]; x[j, 0..2] = [[5, 6], [7, 8]]; output x to all;",
        &[("x", &[5, 6, 7, 8, 1, 2, 0, 0, 0, 0, 3, 4])],
    );
    // Histograms: the range grows by one a turn.
    indexed(
        "let mut h = [0; 3]; for x in k { h[x] += 1; } for n in 0..100 { h[i] += 1; } output h to all;",
        &[("h", &[1, 1, 101])],
    );
    indexed(
        "let mut h: [int in 0..=5; 3] = [0; 3]; for x in k { h[x] = clamp(h[x] + x, 0, 5); } output h to all;",
        &[("h", &[0, 1, 2])],
    );
    indexed("let mut b = [c; 3]; b[i] = !c; if c { b[j] = false; } output b to all;", &[("b", &[0, 1, 0])]);
    indexed(
        "let mut x = t.id; for n in 0..3 while n < i { x[k[n]] = n * 10; } output x to all;",
        &[("x", &[10, 8, 0])],
    );
}

/// How often an operation stands in a program before the passes, and how many lanes it has in all.
fn count(source: &str, mnemonic: &str) -> (usize, u64) {
    let request = Request::new("main.smpc", source);
    let (sources, diagnostics, program) = to_ir(&request);
    let told = smpcc_core::diagnostics::render::text(&sources, &diagnostics);
    let program = program.unwrap_or_else(|| panic!("does not compile:\n{told}\n{source}"));
    let mut found = (0, 0);
    let mut see = |program: &smpcc_core::ir::Program, inst: &smpcc_core::ir::Inst| {
        let (op, result) = match inst {
            smpcc_core::ir::Inst::Gate(gate) => (gate.op, gate.result),
            smpcc_core::ir::Inst::Update(update) => (update.op, Some(update.result)),
            _ => return,
        };
        if op.mnemonic() == mnemonic {
            found.0 += 1;
            found.1 += result.map_or(0, |result| program.lanes(result));
        }
    };
    fn walk(
        program: &smpcc_core::ir::Program,
        block: &[smpcc_core::ir::Inst],
        see: &mut impl FnMut(&smpcc_core::ir::Program, &smpcc_core::ir::Inst),
    ) {
        for inst in block {
            see(program, inst);
            inst.blocks().into_iter().for_each(|block| walk(program, block, see));
        }
    }
    walk(&program, &program.body, &mut see);
    found
}

#[test]
fn only_what_is_written_is_chosen() {
    let selects = |n: usize, statements: &str| {
        let source = format!(
            "party A;\nstruct Row {{ f: int in 0..=9, g: [int in 0..=9; 4] }}\ninput xs: secret [int in 0..=9; {n}] from A;\n\
             input t: secret [Row; {n}] from A;\ninput c: secret bool from A;\ninput p: public int in 0..=3 from A;\n\
             fn main() {{\n    let mut ys = xs;\n    let mut u = t;\n    let mut s = 0;\n    {statements}\n    output ys to all;\n    output u to all;\n    output s to all;\n}}\n"
        );
        count(&source, "select").1
    };
    for (statements, lanes) in [
        ("if c { s = 1; }", 1),
        ("if c { ys[3] = 1; }", 1),
        ("if c { ys[3] = 1; } else { ys[2] = 5; }", 2),
        ("if c { ys[p] += 1; }", 1),
        ("if c { ys[1..4] = [1, 2, 3]; }", 3),
        ("if c { ys[[4, 0]] = [1, 2]; }", 2),
        ("if c { u[3].f = 1; }", 1),
        ("if c { u[p].g[2] = 1; u.g[1, 0] = 2; }", 2),
        ("if c { u[2] = t[1]; }", 5),
        // Once in the body of a loop.
        ("for i in 0..8 { if c { ys[i] = 0; } }", 1),
        ("if c { for i in 0..8 { ys[i] = i; s += 1; } }", 2),
        ("if c { for i in 0..8 { if i > p { break; } if xs[i] > 3 { ys[i] = i; } } }", 1),
        ("match s + xs[0] { 0 => { ys[0] = 1; }, 1..=3 => { s = 1; }, _ => { ys[1] = 2; } }", 4),
        ("for i in 0..8 while xs[i] > 3 { ys[i] = 0; s += 1; }", 2),
    ] {
        assert_eq!(selects(10, statements), lanes, "{statements}");
        assert_eq!(selects(1000, statements), lanes, "{statements}");
    }
    // A secret index costs one choice a position, and an addition none.
    assert_eq!(selects(10, "ys[xs[0]] = 1;"), 10);
    assert_eq!(selects(1000, "ys[xs[0]] = 1;"), 10);
    assert_eq!(selects(1000, "if c { ys[xs[0]] += 1; }"), 0);
}

#[test]
fn public_conditions_narrow() {
    let stops = |statements: &str| {
        let source = format!(
            "party A;\ninput n: public int in -100..=100 from A;\ninput m: public int in 0..=9 from A;\n\
             input xs: secret [int in 0..=9; 5] from A;\ninput c: secret bool from A;\nfn main() {{\n    let mut s = 0;\n    {statements}\n    output s to all;\n}}\n"
        );
        count(&source, "stop_unless").0
    };
    for (statements, expected) in [
        ("s = xs[n];", 2),
        ("if n >= 0 && n < 5 { s = xs[n]; }", 0),
        ("if 0 <= n && !(4 < n) { s = xs[n]; }", 0),
        ("if n < 0 || n > 4 { s = 1; } else { s = xs[n]; }", 0),
        ("if m < len(xs) { s = xs[m]; }", 0),
        ("if m != 0 && m <= 5 { s = xs[m - 1]; }", 0),
        ("let k = m; if k == 3 { s = xs[k + 1]; }", 0),
        ("let k = m; if k == 3 { s = xs[k + 1]; } s += xs[k];", 1),
        ("let mut k = m; if k < 5 { k = k + 5; s = xs[k]; }", 1),
        ("let ok = m < 5 && xs[m] > 3; if ok { s = 1; }", 0),
        ("for i in 0..9 { if i == 5 { break; } s += 1; } ", 0),
        ("for i in 0..9 { if i >= 5 { break; } s += xs[i]; }", 0),
        ("for i in 0..9 while i < 5 { s += xs[i]; }", 0),
        ("let mut i = 0; while i < 5 { s = xs[i]; i += 1; }", 0),
        ("let mut i = 4; while i >= 0 { s = xs[i]; i -= 1; }", 0),
        ("let mut i = 0; while i < m { if i < 5 { s = xs[i]; } i += 2; }", 0),
        ("let mut i = 0; while i < 4 { i += 3; } s = xs[7 - i];", 0),
        ("match m { 0..=3 => { s = xs[m + 1]; }, 4 => { s = xs[m]; }, _ => { s = xs[m - 5]; } }", 0),
        ("match n { -100..=-1 => { }, 5..=100 => { }, _ => { s = xs[n]; } }", 0),
        // A secret condition says nothing.
        ("if c { s = xs[m]; }", 1),
    ] {
        assert_eq!(stops(statements), expected, "{statements}");
    }
    // What was narrowed is what it was.
    let source = "party A;\ninput n: public int in -100..=100 from A;\nfn clip(n: int) -> int { if n < 0 { return 0; } if n > 9 { return 9; } n }\n\
                  fn main() {\n    let mut s = 0;\n    let mut i = n;\n    while i < 10 { if i > 7 && i != 9 { s += i; } i += 1; }\n    output s to all;\n    output i to all;\n    output k = clip(n) to all;\n}\n";
    for n in [-100_i64, 7, 8, 9, 10, 100] {
        let given = run(source, &[&[n]]).expect("it runs");
        assert_eq!(
            (given["s"][0], given["i"][0], given["k"][0]),
            (if n <= 8 { 8 } else { 0 }, n.max(10), n.clamp(0, 9))
        );
    }
}

#[test]
fn an_untaken_side_still_stops_at_public_faults() {
    let with = |statements: &str| {
        let source = format!(
            "party A;\ninput a: secret int in 0..=9 from A;\ninput xs: secret [int in 0..=9; 5] from A;\nfn main() {{\n    let p = reveal(a);\n    let mut x = 1;\n{statements}\n    output x to all;\n}}\n"
        );
        run(&source, &[&[7], &[1, 2, 3, 4, 0]]).map(|given| given["x"][0])
    };
    assert!(with("if a < 5 { x = xs[p]; }").is_err());
    assert!(with("if a < 5 { x = 5 / (p - 7); }").is_err());
    assert!(with("match a { 0 => { x = xs[p]; }, _ => { } }").is_err());
    assert!(with("for i in 0..8 while i < xs[4] { x = xs[i + p - 6]; }").is_err());
    // Secret ones give 0, or nothing.
    assert_eq!(with("if a < 5 { x = 5 / xs[4]; }"), Ok(1));
    assert_eq!(with("if a > 5 { x = 5 / xs[4]; }"), Ok(0));
    assert_eq!(with("if a > 5 { x = xs[a]; }"), Ok(0));
    assert!(with("if p < 5 { x = xs[p]; }").is_ok());
}

/// A value beside one that may be absent is one that is there, on whichever side it stands.
#[test]
fn what_is_there_beside_what_may_be_absent() {
    let head = "party B;\ninput c: secret bool from B;\ninput d: secret maybe bool from B;\ninput s: secret maybe bits<8> from B;\n\
        input k: secret int in 0..=3 from B;\ninput n: public int in 0..=3 from B;\n";
    let cases: [(&str, [i64; 2]); 14] = [
        ("if n == 1 { c } else { d }", [1, 0]),
        ("if n != 1 { c } else { d }", [1, 1]),
        ("if n == 1 { d } else { c }", [1, 1]),
        ("match n { 1 => c, _ => d }", [1, 0]),
        ("if n == 1 { 7 } else { s }", [1, 7]),
        ("if c { 7 } else { s }", [1, 5]),
        ("match n { 0 => 7, 1 => s, _ => 8 }", [1, 5]),
        ("match k { 0 => 7, 1 => s, _ => 8 }", [1, 7]),
        ("match k { 0 => s, 1 => 7, _ => 8 }", [1, 5]),
        ("match k { 0 => s, 1 => some(s.value), _ => 8 }", [1, 5]),
        ("[s, 7, some(s.value)][1]", [1, 7]),
        ("[some(1.5), 2][1]", [1, 2 * ONE]),
        ("[2, some(1.5)][0]", [1, 2 * ONE]),
        ("[some(k), n][1]", [1, 1]),
    ];
    for (value, expected) in cases {
        let source = format!("{head}fn main() {{ output y = {value} to all; output rest = (c, d, s, k, n) to B; }}\n");
        let given = run(&source, &[&[0], &[1], &[1], &[1], &[5], &[0], &[1]]);
        assert_eq!(given.unwrap_or_else(|e| panic!("{e}\n{source}"))["y"], expected, "{source}");
    }
}
