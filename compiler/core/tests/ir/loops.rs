//! What loops mean: their ends, checks and results, and which of them become vectors.

use crate::language::{ONE, Refused, body, compiled, run};
use smpcc_core::ir::{Gate, Inst, Op};
use smpcc_core::{Request, compile::to_ir};

#[test]
fn loops() {
    body("let mut n = 0; for x in xs { if x < 4 { n += 1; } } output n to all;", &[("n", &[3])]);
    body("let mut n = 0; for i in 0..5 { n += xs[i] * i; } output n to all;", &[("n", &[32])]);
    body("let mut n = 0; for (i, x) in enumerate(xs) { n += x * i; } output n to all;", &[("n", &[32])]);
    body("let mut n = 0; for (x, y) in zip(xs, reverse(xs)) { n += x * y; } output n to all;", &[("n", &[48])]);
    body("let mut ys = [0; 5]; for i in 0..5 { ys[4 - i] = xs[i]; } output ys to all;", &[("ys", &[5, 1, 4, 1, 3])]);
    body(
        "let mut h = [0; 10]; for x in xs { for k in 0..10 { if x == k { h[k] += 1; } } } output h to all;",
        &[("h", &[0, 2, 0, 1, 1, 1, 0, 0, 0, 0])],
    );
    body("let mut n = 1; let mut i = 0; while i < 5 { n = n + i; i += 2; } output n to all;", &[("n", &[7])]);
    body("let mut m = a; for x in xs { m = max(m, x); } output m to all;", &[("m", &[7])]);
    body(
        "let mut x: int in 0..=1000 = 1; for i in 0..5 { x = clamp(x * 2 + i, 0, 1000); } output x to all;",
        &[("x", &[58])],
    );
    body("let mut n = 0; for i in 0..3 { for j in 0..i { n += xs[j]; } } output n to all;", &[("n", &[7])]);
    body("let mut n = 0; for i in 0..100 { n += 1; } output n to all;", &[("n", &[100])]);
    body("let mut n = 0; for i in 1..=3 { n += i; } output n to all;", &[("n", &[6])]);
    body("let mut n = 0.0; for x in xs { n += x * 0.5; } output n to all;", &[("n", &[7 * ONE])]);
    body(
        "let mut t = 0; let mut u = 0; for x in xs { t = u + x; u = t; } output t to all;"
            .replace("t = u + x; u = t;", "u += x; t = u;")
            .as_str(),
        &[("t", &[14])],
    );
}

#[test]
fn exits() {
    // Known: nothing is left of them.
    body("let mut n = 0; for i in 0..5 { if true { continue; } n += 1; } output n to all;", &[("n", &[0])]);
    body("let mut n = 0; for i in 0..5 { n += xs[i]; break; } output n to all;", &[("n", &[3])]);
    // Public.
    body(
        "let p = reveal(xs[1]); let mut n = 0; for i in 0..5 { if i > p { break; } n += xs[i]; } output n to all;",
        &[("n", &[4])],
    );
    body(
        "let p = reveal(xs); let mut n = 0; for (i, x) in enumerate(xs) { if p[i] == 1 { continue; } n += x; } output n to all;",
        &[("n", &[12])],
    );
    body(
        "let p = reveal(xs); let mut n = 0; let mut i = 0; while true { if p[i] == 4 { break; } n += p[i]; i += 1; } output n to all; output i to all;",
        &[("n", &[4]), ("i", &[2])],
    );
    body(
        "let p = reveal(xs); let mut n = 0; let mut i = 0; while i < 5 { let at = i; i += 1; if p[at] == 1 { continue; } if p[at] == 5 { n += 100; break; } n += p[at]; } output n to all; output i to all;",
        &[("n", &[107]), ("i", &[5])],
    );
    body(
        "let p = reveal(xs); let mut n = 0; for i in 0..5 { for j in 0..5 { if j > i { break; } if p[j] == 4 { continue; } n += 1; } if p[i] == 4 { break; } } output n to all;",
        &[("n", &[5])],
    );
    // What stands before an exit counts, also in the side that leaves.
    body(
        "let p = reveal(xs); let mut n = 0; for i in 0..5 { if p[i] == 4 { n += 10; break; } else { n += 1; } n += 100; } output n to all;",
        &[("n", &[212])],
    );
    // A value of an `if` that leaves on one side.
    body(
        "let p = reveal(xs); let mut n = 0; for i in 0..5 { let x = if p[i] == 1 { continue; } else { xs[i] * 2 }; n += x; } output n to all;",
        &[("n", &[24])],
    );
    // The head is not looked at after a `break`, nor is the element behind the last.
    body(
        "let p = reveal(xs); let mut i = 0; while p[i] < 9 { i += 1; if i == 5 { break; } } output i to all;",
        &[("i", &[5])],
    );
    body(
        "let n = reveal(xs[0]); let p = reveal(xs); let mut s = 0; for i in n..9 { if i == 5 { break; } s += p[i]; } output s to all;",
        &[("s", &[6])],
    );
    body(
        "let n = reveal(a); let mut s = 0; for i in n..5 { if i == 2 { break; } s += 1; } output s to all;",
        &[("s", &[0])],
    );
    // Under a secret condition around the loop.
    body(
        "let p = reveal(xs); let mut n = 0; if c { for i in 0..5 { if p[i] == 4 { break; } n += 1; } } output n to all;",
        &[("n", &[2])],
    );
}

#[test]
fn returns() {
    let with = |function: &str, call: &str| {
        let source = format!(
            "party A;\ninput xs: secret [int in 0..=9; 5] from A;\n{function}\nfn main() {{\n    let p = reveal(xs);\n    output x = {call} to all;\n}}\n"
        );
        run(&source, &[&[3, 1, 4, 1, 5]]).unwrap_or_else(|e| panic!("{e}\n{source}"))["x"].clone()
    };
    let find = "fn find<const N>(p: [int; N], key: int) -> int { for i in 0..N { if p[i] == key { return i; } } N }";
    assert_eq!(with(find, "[find(p, 4), find(p, 3), find(p, 9)]"), [2, 0, 5]);
    let first = "fn first<const N>(p: [int; N], xs: secret [int; N]) -> secret int { let mut i = 0; while true { if p[i] > 3 { return xs[i] * 10; } i += 1; } }";
    assert_eq!(with(first, "first(p, xs)"), [40]);
    let nested = "fn nested<const N>(p: [int; N]) -> (int, int) { for i in 0..N { for j in 0..i { if p[i] == p[j] { return (j, i); } if p[j] == 7 { break; } } if p[i] == 8 { return (i, i); } } (0 - 1, 0 - 1) }";
    assert_eq!(with(nested, "[nested(p).0, nested(p).1]"), [1, 3]);
    let sides = "fn sides(p: int, x: secret int) -> secret fix { if p > 3 { return 2; } else if p > 2 { return x; } let y = x * 0.5; if p == 1 { return y; } y + 1 }";
    assert_eq!(with(sides, "[sides(p[k], xs[1]) for k in 0..3]"), [ONE, ONE / 2, 2 * ONE]);
    // A function that returns may be called under a secret condition: what decides is public.
    let under = "fn under(p: int, x: secret int) -> secret int { if p > 3 { return x; } x + 1 }";
    assert_eq!(with(under, "if xs[0] == 3 { under(p[0], xs[2]) } else { under(p[2], xs[2]) }"), [5]);
    let unit = "fn stop(p: int) { if p > 100 { return; } assert(p < 10, \"p\"); }\nfn f(p: int) -> int { stop(p); p }";
    assert_eq!(with(unit, "f(p[0])"), [3]);
    assert_eq!(with(unit, "f(p[0] + 100)"), [103]);
}

#[test]
fn loops_that_a_secret_ends() {
    body("let mut n = 0; for i in 0..5 while i < a - 5 { n += xs[i]; } output n to all;", &[("n", &[4])]);
    body(
        "let mut n = 0; let mut ys = xs; for i in 0..5 while xs[i] < 4 { n += 1; ys[i] = 9; } output n to all; output ys to all;",
        &[("n", &[2]), ("ys", &[9, 9, 4, 1, 5])],
    );
    // Once false it stays false.
    body("let mut n = 0; for x in xs while x != 1 { n += x; } output n to all;", &[("n", &[3])]);
    body(
        "let mut n = 0; let mut left = a; for i in 0..10 while left > 0 { left -= 3; n += 1; } output n to all; output left to all;",
        &[("n", &[3]), ("left", &[-2])],
    );
    body(
        "let mut n = 0; for i in 0..3 { if i > 0 { for j in 0..5 while xs[j] != 4 { if c { n += 1; } } } } output n to all;",
        &[("n", &[4])],
    );
    // Public conditions end the loop.
    body("let p = reveal(a); let mut n = 0; for i in 0..100 while i < p { n += i; } output n to all;", &[("n", &[21])]);
    body(
        "let p = reveal(xs); let mut n = 0; for (i, x) in enumerate(xs) while p[i] != 4 { if p[i] == 3 { continue; } n += x; } output n to all;",
        &[("n", &[1])],
    );
    body("let mut n = 0; for i in 0..5 while true { n += 1; } output n to all;", &[("n", &[5])]);
    body("let mut n = 0; for i in 0..5 while false { n += 1; } output n to all;", &[("n", &[0])]);
}

/// A check in a loop stops the run behind the loop, whatever the turns after it compute, and no loop that opens nothing holds one.
#[test]
fn checks_of_loops() {
    fn inside(block: &[Inst], turns: bool) -> usize {
        let own = |inst: &Inst| usize::from(turns && matches!(inst, Inst::Gate(Gate { op: Op::Check { .. }, .. })));
        let nested = |inst: &Inst| {
            let turns = turns || matches!(inst, Inst::Loop(_) | Inst::While(_));
            inst.blocks().into_iter().map(|block| inside(block, turns)).sum::<usize>()
        };
        block.iter().map(|inst| own(inst) + nested(inst)).sum()
    }
    let with = |statements: &str, xs: [i64; 4], n: i64, stay: usize| {
        let source = format!(
            "party A;\ninput xs: secret [int in 0..=9; 4] from A;\ninput n: public int in 0..=9 from A;\nfn main() {{\nlet mut t = 0;\n{statements}\noutput t to all;\n}}\n"
        );
        let (_, _, program) = to_ir(&Request::new("main.smpc", &source));
        assert_eq!(inside(&program.expect("it compiles").body, false), stay, "{statements}");
        run(&source, &[&xs, &[n]]).map(|given| given["t"][0])
    };
    let small = Err("small".to_owned());
    let each = "for x in xs { check(x < 5, \"small\"); t += x; }";
    assert_eq!(with(each, [1, 2, 3, 4], 0, 0), Ok(10));
    assert_eq!(with(each, [1, 9, 3, 4], 0, 0), small);
    let range = "for i in 1..4 { for j in 0..2 { check(xs[i] + j < 6, \"small\"); } t += xs[i]; }";
    assert_eq!(with(range, [9, 2, 3, 4], 0, 0), Ok(9));
    assert_eq!(with(range, [0, 2, 3, 5], 0, 0), small);
    // As often as the run says, on one side of a public condition, and until a public condition ends it.
    let some = "for i in 0..n { if i % 2 == 1 { check(xs[i] < 5, \"small\"); } t += xs[i]; }";
    assert_eq!(with(some, [9, 2, 9, 4], 4, 0), Ok(24));
    assert_eq!(with(some, [9, 2, 9, 5], 4, 0), small);
    assert_eq!(with(some, [9, 2, 9, 5], 3, 0), Ok(20));
    let until = "let mut i = 0; while i < n { check(xs[i] < 5, \"small\"); t = xs[i]; i += 1; }";
    assert_eq!(with(until, [1, 2, 9, 5], 2, 0), Ok(2));
    assert_eq!(with(until, [1, 2, 9, 5], 3, 0), small);
    let first = "for i in 0..4 { if i == n { break; } check(xs[i] < 5, \"small\"); t += 1; }";
    assert_eq!(with(first, [1, 2, 9, 5], 2, 0), Ok(2));
    assert_eq!(with(first, [1, 2, 9, 5], 3, 0), small);
    // What `narrow` promises holds in the turns after one that breaks it, until the run stops.
    let narrowed = "let mut least = 9; for x in xs { least = min(least, narrow(x, 3..=6, \"small\")); t += 10 / narrow(x, 3..=6, \"small\"); }";
    assert_eq!(with(narrowed, [3, 4, 5, 6], 0, 0), Ok(8));
    assert_eq!(with(narrowed, [3, 0, 5, 6], 0, 0), small);
    // Nothing is opened that a failed check forbids.
    let opened = "for x in xs { check(x < 5, \"small\"); t += reveal(x); }";
    assert_eq!(with(opened, [1, 2, 3, 4], 0, 1), Ok(10));
    assert_eq!(with(opened, [1, 9, 3, 4], 0, 1), small);
    let outer = "for i in 0..2 { for x in xs { check(x + i < 6, \"small\"); } t += reveal(xs[i]); }";
    assert_eq!(with(outer, [1, 2, 3, 4], 0, 1), Ok(3));
}

/// Elements of a comprehension that do not depend on one another are computed at once, of words as of numbers.
#[test]
fn comprehensions_are_vectors() {
    let head = "party A;\ninput t: secret [bits<32>; 70] from A;\ninput xs: secret [int in 0..=9; 70] from A;\n\
        input k: secret int in 0..=9 from A;\nfn twice(x: secret int) -> secret int { if x > 4 { x * 2 } else { x } }\n";
    let words: Vec<i64> = (0..70).map(|lane| lane * 0x12345 % 0x0fff_ffff).collect();
    let numbers: Vec<i64> = (0..70).map(|lane| lane * 7 % 10).collect();
    let each = |f: &dyn Fn(usize) -> i64| (0..70).map(f).collect::<Vec<i64>>();
    let cases: [(&str, bool, Vec<i64>); 9] = [
        ("[sum([(x & 0xffff) as int for x in t])]", false, vec![words.iter().map(|x| x & 0xffff).sum()]),
        (
            "[rotl(x, 4) ^ x for x in t]",
            false,
            each(&|at| (words[at] << 4 | words[at] >> 28) & 0xffff_ffff ^ words[at]),
        ),
        ("map(xs, |x| twice(x) + k)", false, each(&|at| numbers[at] * if numbers[at] > 4 { 2 } else { 1 } + 3)),
        ("[x * i for (i, x) in enumerate(xs)]", false, each(&|at| numbers[at] * at as i64)),
        (
            "[xs[i + 1] - xs[i] for i in 0..69] ++ [0]",
            false,
            each(&|at| if at < 69 { numbers[at + 1] - numbers[at] } else { 0 }),
        ),
        ("{ let ys = [x * 2 for x in xs]; [y for y in [y for y in ys]] }", false, each(&|at| numbers[at] * 2)),
        // What is handed on by an associative rule, and what reads several elements.
        ("scan(xs, 0, |a, x| if x > 4 { x } else { a })", false, {
            let mut last = 0;
            numbers
                .iter()
                .map(|x| {
                    if *x > 4 {
                        last = *x;
                    }
                    last
                })
                .collect()
        }),
        (
            "[sum(xs[i..i + 2]) for i in 0..69] ++ [0]",
            false,
            each(&|at| if at < 69 { numbers[at] + numbers[at + 1] } else { 0 }),
        ),
        // Turn by turn: what no rule for many turns is known for.
        ("scan(xs, 0, |a, x| (a * x + 1) % 7)", true, {
            let step = |a: &mut i64, x: &i64| {
                *a = (*a * x + 1) % 7;
                Some(*a)
            };
            numbers.iter().scan(0, step).collect()
        }),
    ];
    for (value, loops, expected) in cases {
        let source = format!("{head}fn main() {{ output y = {value} to all; output rest = (t, xs, k) to A; }}\n");
        let stages = compiled(&source).unwrap_or_else(|Refused| panic!("refused:\n{source}"));
        let last = stages.last();
        let found = last.body.iter().any(|inst| matches!(inst, Inst::Loop(_)));
        assert_eq!(found, loops, "{source}\n{last}");
        let given = stages.run(&[&words, &numbers, &[3]]).unwrap_or_else(|fault| panic!("{fault}\n{source}"));
        assert_eq!(given["y"], expected, "{source}");
    }
}

/// A secret that takes many turns to reach a word is no question of ranges.
#[test]
fn a_secret_goes_through_many_words() {
    let mut body: String = (0..70).fold(String::new(), |text, at| text + &format!("let mut x{at} = p;\n"));
    body += "for _i in 0..3 {\n";
    (0..69).for_each(|at| body += &format!("x{at} = x{};\n", at + 1));
    body += "x69 = s;\n}\n";
    let source = format!(
        "party A;\ninput p: public bits<8> from A;\ninput s: secret bits<8> from A;\n\
         fn main() {{\n{body}output y = [x66, x67, x69] to all;\n}}\n"
    );
    assert_eq!(run(&source, &[&[3], &[9]]).expect("runs")["y"], [3, 9, 9]);
}

/// A loop whose values would take too much memory as vectors runs in strips, or stays a loop where nothing but time would be saved.
#[test]
fn large_loops_stay_loops() {
    let of = |turns: u64, times: &str| {
        let source = format!(
            "party A;\ninput xs: secret [int in 0..=9; {turns}] from A;\ninput k: secret int in 0..=9 from A;\n\
             fn main() {{ output y = sum([x * {times} for x in xs]) to all; }}\n"
        );
        let stages = compiled(&source).unwrap_or_else(|Refused| panic!("refused:\n{source}"));
        let last = stages.last();
        last.body.iter().any(|inst| matches!(inst, Inst::Loop(_)))
    };
    assert!(!of(1_000_000, "k"));
    assert!(of(40_000_000, "k"));
    assert!(!of(1_000_000, "2"));
    assert!(of(8_000_000, "2"));
}

/// Triangles, windows and loops that fall become vectors; of a loop with a part that waits for the turn before, that part alone stays one.
#[test]
fn loops_of_other_shapes() {
    let (xs, ys) = ([5, 1, 8, 3, 9, 2], [2, 7, 1, 8, 2, 8]);
    let with = |statements: &str, stays: bool, expected: &[i64]| {
        let source = format!(
            "party A;\ninput xs: secret [int in 0..=9; 6] from A;\ninput ys: secret [int in 0..=9; 6] from A;\nfn main() {{\n{statements}\n}}\n"
        );
        let stages = compiled(&source).unwrap_or_else(|Refused| panic!("refused:\n{source}"));
        let last = stages.last();
        let loops: Vec<&Inst> = last.body.iter().filter(|inst| matches!(inst, Inst::Loop(_))).collect();
        assert_eq!(loops.len(), usize::from(stays), "{source}\n{last}");
        // Products are vectors in any case.
        let product = |inst: &Inst| matches!(inst, Inst::Gate(Gate { op: Op::Mul {} | Op::Dot { .. }, .. }));
        assert!(!loops.iter().flat_map(|inst| inst.blocks()).flatten().any(product), "{source}\n{last}");
        let given = stages.run(&[&xs, &ys]).unwrap_or_else(|fault| panic!("{fault}\n{source}"));
        assert_eq!(given["y"], expected, "{source}");
    };
    let lower = "let mut y = 0; for i in 0..6 { for j in 0..i { if xs[j] > xs[i] { y += 1; } } } output y to all;";
    with(lower, false, &[7]);
    let upper = "let mut y = 0; for i in 0..6 { for j in i + 1..6 { y += xs[i] * ys[j]; } } output y to all;";
    with(upper, false, &[(5 * 26) + 19 + 8 * 18 + 3 * 10 + 9 * 8]);
    let windows = "let mut y = [0; 4]; for i in 0..4 { for j in i..i + 3 { y[i] += xs[j] * ys[j]; } } output y to all;";
    with(windows, false, &[25, 39, 50, 58]);
    let falls = "let mut y = [0; 6]; for i in 0..6 { y[5 - i] = xs[5 - i] * ys[5 - i]; } output y to all;";
    with(falls, false, &[10, 7, 8, 24, 18, 16]);
    let parts = "let mut y = [0; 6]; let mut s = 0; for i in 0..6 { s = clamp(s + xs[i] * ys[i] - 9, 0, 20); y[i] = s * ys[i]; } output y to all;";
    with(parts, true, &[2, 0, 0, 120, 40, 160]);
}

/// What single turns must not count for: a reset below everything that counts, a square under public weights, a block that moves the place, a flag that
/// more turns raise than those that are taken, windows and sums of several lanes.
#[test]
fn loops_that_were_wrong_once() {
    let given =
        |source: &str, inputs: &[&[i64]]| run(source, inputs).unwrap_or_else(|e| panic!("{e}\n{source}"))["y"].clone();
    let reset = "party A;\ninput x: secret [int in 0..=10; 4] from A;\ninput low: secret [int in -100..=-50; 4] from A;\n\
        input ok: secret [bool; 4] from A;\ninput back: secret [bool; 4] from A;\n\
        fn main() { let mut m: int in -100..=10 = 0; for i in 0..4 { if ok[i] && x[i] > m { m = x[i]; } if back[i] { m = low[i]; } } output y = m to all; }\n";
    let low = [-100, -60, -70, -80];
    assert_eq!(given(reset, &[&[5, 6, 7, 8], &low, &[0, 0, 0, 0], &[1, 0, 0, 0]]), [-100]);
    assert_eq!(given(reset, &[&[5, 6, 7, 8], &low, &[0, 1, 0, 0], &[1, 0, 0, 0]]), [6]);
    let squares = "party A;\ninput d: secret [int in -10..=10; 6] from A;\n\
        fn main() { let mut y = [0; 6]; for i in 0..6 { for j in 0..i { y[i] += d[j] * d[j]; } } output y to all; }\n";
    assert_eq!(given(squares, &[&[1, -2, 3, -4, 5, -6]]), [0, 1, 5, 14, 30, 55]);
    let moves = "party A;\ninput x: secret [int in 0..=9; 3] from A;\ninput s: secret int in 0..=2 from A;\n#[allow(secret_index)]\n\
        fn main() { let mut y: [int in 0..=99; 3] = x; let mut i = 0; y[i] = y[i] + { i = 1; 5 }; y[s] = 1 + y[s]; output y to all; }\n";
    assert_eq!(given(moves, &[&[1, 2, 3], &[2]]), [1, 6, 4]);
    let flag = "party A;\ninput a: secret [bool; 4] from A;\ninput b: secret [bool; 4] from A;\ninput c: secret [bool; 4] from A;\ninput d: secret [bool; 4] from A;\n\
        fn main() { let mut f = false; let mut y: int in 0..=99 = 99; for i in 0..4 { let p = a[i] && b[i]; let q = a[i] && c[i]; \
        if !f && p && c[i] && d[i] { y = i; } f = f || (p && q); } output y to all; }\n";
    assert_eq!(given(flag, &[&[0, 1, 1, 1], &[1; 4], &[1; 4], &[0, 0, 0, 1]]), [99]);
    let window = "party A;\ninput x: secret [int in 0..=9; 6, 2] from A;\nfn main() { let mut w: [int in -99..=99; 2] = [0; 2]; let mut y: [int in -99..=99; 3, 2] = [0; 3, 2]; \
        for i in 0..3 { for k in 0..2 { w[k] = clamp(w[k] + x[i + 3, k] - x[i, k], -99, 99); } y[i] = w; } output y to all; }\n";
    let columns = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2];
    assert_eq!(given(window, &[&columns]), [6, 6, 12, 2, 8, -2]);
    assert_eq!(
        given(
            &window
                .replace("clamp(", "(")
                .replace(", -99, 99)", ")")
                .replace("[int in -99..=99; 2]", "[int; 2]")
                .replace("[int in -99..=99; 3, 2]", "[int; 3, 2]"),
            &[&columns]
        ),
        [6, 6, 12, 2, 8, -2]
    );
    let spread = "party A;\ninput x: secret [int in 0..=9; 4] from A;\n\
        fn main() { let s = sum(x[1..4] * x[1..4]); let m = x[0] * x[0]; output y = [s; 3] + [m; 3] to all; }\n";
    assert_eq!(given(spread, &[&[1, 2, 3, 4]]), [30; 3]);
    let woven = "party A;\ninput x: secret [int in 0..=9; 4] from A;\n\
        fn main() { let mut y: [int in 0..=99; 24] = [0; 24]; for i in 2..6 { for j in 0..3 { y[3 * i + 2 * j] = x[i - 2] * x[j]; } } output y to all; }\n";
    let mut expected = [0; 24];
    (0..4).for_each(|i| (0..3).for_each(|j| expected[3 * (i + 2) + 2 * j] = [2, 3, 5, 7][i] * [2, 3, 5][j]));
    assert_eq!(given(woven, &[&[2, 3, 5, 7]]), expected);
    // Conditions that share parts are not gone through once for each way to them.
    let shared: String = (1..40)
        .map(|n| format!("let p{n} = (p{} && (x[0] < {n} || c)) && (p{} && (x[1] < {n} || c)); ", n - 1, n - 1))
        .collect();
    let shared = format!(
        "party A;\ninput x: secret [int in 0..=99; 2] from A;\ninput c: secret bool from A;\n\
        fn main() {{ let p0 = c; let mut y = 5; for i in 0..3 {{ {shared} if p39 {{ y = i; }} }} output y to all; }}\n"
    );
    assert_eq!(given(&shared, &[&[1, 2], &[1]]), [2]);
}

/// Ways of writing in which a turn seems to wait for the one before it, and need not.
/// What turns add to a number of a known range.
#[test]
fn what_turns_add_is_known() {
    let xs = [3, 1, 4, 1, 5, 9, 2, 6];
    let source = |body: &str| {
        format!("party A;\ninput xs: secret [int in 0..=9; 8] from A;\nfn main() {{ {body} output y to all; }}\n")
    };
    let given = |body: &str, expected: &[i64]| {
        let source = source(body);
        let stages = compiled(&source).unwrap_or_else(|Refused| panic!("refused:\n{source}"));
        let given = stages.run(&[&xs]).unwrap_or_else(|fault| panic!("{fault}\n{source}"));
        assert_eq!(given["y"], expected, "{source}");
    };
    let refused = |body: &str| {
        let (_, _, ir) = smpcc_core::compile::to_ir(&smpcc_core::Request::new("main.smpc", &source(body)));
        assert!(ir.is_none(), "{body}");
    };
    let sums = [3, 4, 8, 9, 14, 23, 25, 31];
    // In place, where a turn finds its own place as it was.
    given("let mut y = xs; for i in 1..8 { y[i] += y[i - 1]; }", &sums);
    given("let mut y = xs; for i in 0..7 { y[i + 1] += y[i]; }", &sums);
    given("let mut y = xs; let mut i = 1; while i < 8 { y[i] = y[i - 1] + y[i]; i += 1; }", &sums);
    given("let mut y = xs; let mut c = 0; for r in 0..8 { let here = y[r]; y[r] = c + here; c += here; }", &sums);
    // The declared range is the exact one.
    given("let mut y: [int in 0..=72; 8] = [0; 8]; y[0] = xs[0]; for i in 1..8 { y[i] = y[i - 1] + xs[i]; }", &sums);
    given("let mut y: int in 0..=72 = 0; for x in xs { y += x; }", &[31]);
    given("let mut y: int in 0..=72 = 0; let mut i = 8; while i > 0 { i -= 1; y += xs[i]; }", &[31]);
    given("let mut y: int in -72..=9 = xs[0]; for x in xs { if x > 1 { y -= x; } }", &[-26]);
    refused("let mut y: int in 0..=71 = 0; for x in xs { y += x; }");
    refused("let mut y: int in 0..=72 = 0; let mut i = 8; while i >= 0 { y += xs[i % 8]; i -= 1; }");
    refused(
        "let mut y: int in 0..=72 = 0; let mut i = 0; while i < 8 { y += xs[i]; if xs[0] == xs[i] { y += 1; } i += 1; }",
    );
    // One turn of the inner loop adds to an element.
    let sum = "let mut y: [int in 0..=36; 8] = [0; 8]; for d in 0..3";
    given(&format!("{sum} {{ for p in 0..6 {{ y[p] += xs[p + d]; }} }}"), &[8, 6, 10, 15, 16, 17, 0, 0]);
    given(
        &format!("{sum} {{ let mut p = 0; while p < 6 {{ y[p] += xs[p + d]; p += 1; }} }}"),
        &[8, 6, 10, 15, 16, 17, 0, 0],
    );
    refused(&format!("{sum} {{ for p in 0..6 {{ y[p] += xs[p + d] + y[5 - p]; }} }}"));
    let exact = sum.replace("36", "27");
    given(&format!("{exact} {{ for p in 0..6 {{ y[p] += xs[p + d]; }} }}"), &[8, 6, 10, 15, 16, 17, 0, 0]);
    given(
        &format!("{exact} {{ for p in 0..6 {{ if xs[p] > 1 {{ y[p] += xs[p + d]; }} }} }}"),
        &[8, 0, 10, 0, 16, 17, 0, 0],
    );
    refused(&format!("{exact} {{ for p in 0..6 {{ y[p] += xs[p + d]; y[p] += xs[p] - xs[p + d] + 1; }} }}"));
    let less = sum.replace("36", "26");
    refused(&format!("{less} {{ for p in 0..6 {{ y[p] += xs[p + d]; }} }}"));
    refused(&format!("{sum} {{ for p in 0..6 {{ let q = p / 2; y[q] += xs[p + d]; }} }}"));
    // What looks like a place of the turn's own, and is another dimension, or changed by the condition.
    let greatest = |body: &str, expected: &[i64]| {
        let source = source(body);
        let stages = compiled(&source).unwrap_or_else(|Refused| panic!("refused:\n{source}"));
        let given = stages.run(&[&[9; 8]]).unwrap_or_else(|fault| panic!("{fault}\n{source}"));
        assert_eq!(given["y"], expected, "{source}");
    };
    let table = "let mut m = [[xs[r * 2 + c] for c in 0..2] for r in 0..3];";
    greatest(&format!("{table} for i in 0..2 {{ m[1, i] = m[0..3][i, 0] + xs[i]; }} let y = m[1, 1];"), &[27]);
    let all = "for r in 0..3 { m[r, i] = 100 * xs[i]; }";
    let asked = "y[i] = if m[0..3][i, 0] > 10 { 1 } else { 0 };";
    greatest(&format!("{table} let mut y = [0; 2]; for i in 0..2 {{ {asked} {all} }}"), &[0, 1]);
    let condition = "{ y[i] = if a[i] > 50 { 1 } else { 0 }; a[7] = xs[0] * 100; true }";
    let body = "{ a[i] = i; i += 1; }";
    greatest(
        &format!("let mut i = 0; let mut a = xs; let mut y = [0; 8]; while i < 8 && {condition} {body}"),
        &[0, 0, 0, 0, 0, 0, 0, 1],
    );
    let head = "let mut n: int in 0..=100 = 3; let mut i: int in 0..=100 = 0; let mut y = 0;";
    refused(&format!("{head} while i < n && {{ if n < 20 {{ n += 1; }} true }} {{ y += xs[i % 8]; i += 1; }}"));
    refused("let mut y = 0; let mut i = 0; while i < 8 { y += xs[i]; i += 170141183460469231731687303715884105727; }");
    // A square is one, however its factors are written.
    given("let mut y: int in 0..=648 = 0; for x in xs { y += (x - xs[0]) * (x - xs[0]); }", &[59]);
    // Few turns, each with the range that the one before gives.
    given("let mut y = 1; for t in 0..4 { if t < 3 { y = y * xs[t + 4]; } }", &[90]);
    refused("let mut y = xs[0]; for t in 0..9 { y = y * y; }");
    refused("let mut y = xs; for again in 0..9 { for i in 0..8 { y[i] += y[7 - i]; } }");
}

#[test]
fn turns_that_need_not_wait() {
    let xs = [3, 1, 4, 1, 5, 9, 2, 6];
    let take = |left: usize, body: &str, expected: &[i64]| {
        let source = format!(
            "party A;\ninput xs: secret [int in 0..=9; 8] from A;\n#[allow(secret_index)]\nfn main() {{ {body} output y to all; }}\n"
        );
        let stages = compiled(&source).unwrap_or_else(|Refused| panic!("refused:\n{source}"));
        let last = stages.last();
        let loops = |block: &[Inst]| block.iter().filter(|inst| matches!(inst, Inst::Loop(_))).count();
        let nested = |inst: &Inst| inst.blocks().into_iter().map(|block| loops(block)).sum::<usize>();
        let found = loops(&last.body) + last.body.iter().map(nested).sum::<usize>();
        assert_eq!(found, left, "{source}\n{last}");
        let divides = |inst: &Inst| matches!(inst, Inst::Gate(Gate { op: Op::Div {} | Op::Rem {}, .. }));
        assert!(!last.body.iter().any(divides), "{source}\n{last}");
        let given = stages.run(&[&xs]).unwrap_or_else(|fault| panic!("{fault}\n{source}"));
        assert_eq!(given["y"], expected, "{source}");
    };
    let with = |body: &str, expected: &[i64]| take(0, body, expected);
    // The first that holds, whose flag is part of the condition.
    with(
        "let mut f = false; let mut y: int in 0..=8 = 8; for i in 0..8 { if !f && xs[i] > 3 { y = i; f = true; } }",
        &[2],
    );
    with(
        "let mut f = false; let mut y: int in 0..=8 = 8; for i in 0..8 { if xs[i] > 7 && xs[i] < 9 && !f { y = i; f = true; } }",
        &[8],
    );
    with(
        "let mut f = false; let mut y: int in 0..=8 = 8; for i in 0..8 { if !f { if xs[i] == 1 { y = i; f = true; } } }",
        &[1],
    );
    with(
        "let mut f = false; let mut y = xs[0]; for i in 1..8 { let c = xs[i] > 4; if c && !f { y = xs[i] + i; } f = f || c; }",
        &[9],
    );
    // What is counted is read first.
    with(
        "let mut y = [0; 10]; for i in 0..8 { let before = y[xs[i]]; y[xs[i]] = before + 1; }",
        &[0, 2, 1, 1, 1, 1, 1, 0, 0, 1],
    );
    with(
        "let mut y = [0; 10]; for i in 0..8 { let n = y[xs[i]]; if i > 1 && xs[i] < 5 { y[xs[i]] = n - i; } }",
        &[0, -3, -6, 0, -2, 0, 0, 0, 0, 0],
    );
    // A window is never below 0, whatever leaves it.
    let window = "let mut w = 0; for j in 0..3 { w += xs[j]; } let mut y = [0; 6]; y[0] = w / 2; ";
    with(&format!("{window}for i in 1..6 {{ w = w - xs[i - 1] + xs[i + 2]; y[i] = w / 2; }}"), &[4, 3, 5, 7, 8, 8]);
    with(&format!("{window}for i in 1..6 {{ w += xs[i + 2] - xs[i - 1]; y[i] = w / 2; }}"), &[4, 3, 5, 7, 8, 8]);
    // Values side by side for their sum.
    with(
        "let mut y = 0; for x in xs { let p = [1, x, x * x]; for (k, c) in enumerate([5, -2, 1]) { y += c * p[k]; } }",
        &[40 - 62 + 173],
    );
    // A sum that begins with its first term.
    with("let mut y = xs[7] * xs[0]; for i in 1..8 { y += xs[7 - i] * xs[i]; }", &[18 + 2 + 36 + 5 + 5 + 36 + 2 + 18]);
    // What is read is what was just chosen, by the same condition.
    with(
        "let mut y = xs; let mut r = xs[0]; for i in 0..8 { let b = y[i] > r; if !b { y[i] = r; } else { r = y[i]; } }",
        &[3, 3, 4, 4, 5, 9, 9, 9],
    );
    // The two best, where a condition says a part of another one.
    with("let mut h = 0; let mut y = 0; for x in xs { if x < h { if x > y { y = x; } } else { y = h; h = x; } }", &[6]);
    // A public number that is declared with more than its range.
    with("let mut i: int in 0..=99 = 7; let mut y = 0; while i > 0 { i -= 1; y = max(y, 2 * xs[i] + i); }", &[23]);
    // The edges of a table are set on the way.
    let table = "let mut d: [[int in 0..=99; 9]; 9] = [0; 9, 9]; for i in 0..9 { d[0][i] = i; }";
    let nest = "for j in 1..9 { d[i][j] = min(min(d[i - 1][j], d[i][j - 1]) + xs[j - 1], 99); }";
    take(1, &format!("{table} for i in 1..9 {{ d[i][0] = i; {nest} }} let y = d[8][8];"), &[29]);
    // It reads what a later turn sets.
    let nest = "for j in 1..8 { d[i][j] = min(min(d[i - 1][j], d[i + 1][j - 1] + 9) + xs[j - 1], 99); }";
    take(1, &format!("{table} for i in 1..8 {{ d[i][0] = 50 + i; {nest} }} let y = d[7][1];"), &[12]);
    // A loop that counts by itself.
    with("let mut y = 0; let mut i = 0; while i < 8 { y = max(y, xs[i] * xs[7 - i]); i += 1; }", &[36]);
    with(
        "let mut y = [0; 8]; let mut left = 8; while left > 0 { left -= 1; y[left] = xs[7 - left]; }",
        &[6, 2, 9, 5, 1, 4, 1, 3],
    );
    with("let mut y = 9; let mut i = 1; while i < 6 { y = min(y, xs[i] + i); i += 2; }", &[2]);
    // What is counted beside it is an index.
    with("let mut y = [0; 8]; let mut n = 7; for x in xs { y[n] = x * n; n -= 1; }", &[0, 2, 18, 15, 4, 20, 6, 21]);
    with("let mut y = 0; let mut n = 1; for x in xs { if n < 8 { y = max(y, x * xs[n]); } n += 1; }", &[45]);
    // A place is written, read and written again.
    with(
        "let mut y: [int in 0..=99; 8] = [0; 8]; y[0] = xs[0]; for i in 1..8 { let b = y[i - 1]; y[i] = b; if b <= xs[i] { y[i] = xs[i]; } }",
        &[3, 3, 4, 4, 5, 9, 9, 9],
    );
    // The borders of a table are apart.
    with(
        "let mut y = [0; 8]; for i in 0..8 { if i > 0 && i < 7 { y[i] = xs[i - 1] + xs[i + 1]; } else { y[i] = 9; } }",
        &[9, 7, 2, 9, 10, 7, 15, 9],
    );
    with("let mut y = 0; for i in 0..8 { if i == 0 { y = xs[0]; } else { y = max(y, xs[i] - xs[i - 1]); } }", &[4]);
    // Paths of at most so much, a place on the way after the other.
    let paths = "let mut y = [[0, xs[0], xs[5]], [xs[1], 0, xs[2]], [xs[3], xs[4], 0]]; for k in 0..3 { for i in 0..3 { for j in 0..3 { BODY } } }";
    let all = [0, 3, 7, 1, 0, 4, 1, 4, 0];
    take(1, &paths.replace("BODY", "let via = min(y[i, k] + y[k, j], 9); if via < y[i, j] { y[i, j] = via; }"), &all);
    take(1, &paths.replace("BODY", "let via = y[i, k] + y[k, j]; if y[i, j] > via { y[i, j] = via; }"), &all);
}
