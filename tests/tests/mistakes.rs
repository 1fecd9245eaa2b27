//! Where other systems give a wrong answer without a word (docs/mistakes-of-others.md): each case that a program can express. Those about
//! parties that stop are in `faults`, those about input files in `bad_input`, links in the plain in the crate of the links.

use smpc_tests::{fail, json, smpcc, succeed};
use std::path::Path;
use tempfile::TempDir;

/// A folder with the program and a file an input.
fn program(source: &str, inputs: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(folder.path().join("inputs")).expect("the inputs");
    std::fs::write(folder.path().join("main.smpc"), source).expect("the source");
    for (name, text) in inputs {
        std::fs::write(folder.path().join(format!("inputs/{name}.csv")), text).expect("an input");
    }
    folder
}

/// What everyone learns, which must be the same under both protocols.
fn run(source: &str, inputs: &[(&str, &str)]) -> serde_json::Value {
    let folder = program(source, inputs);
    let of = |protocol: &str| {
        let output = folder.path().join(format!("{protocol}.json"));
        let mut command = smpcc();
        command.arg("run").arg(folder.path().join("main.smpc")).args(["--in-process", "--protocol", protocol]);
        let _ = succeed(command.arg("--output").arg(&output));
        json(&output)["all"].clone()
    };
    let (plain, shared) = (of("plain"), of("rep3"));
    assert_eq!(plain, shared, "{source}");
    shared
}

fn refused(source: &str) -> String {
    let folder = program(source, &[]);
    fail(smpcc().arg("check").arg(Path::new(folder.path()).join("main.smpc")), 1)
}

#[test]
fn an_update_of_one_element_in_a_loop_is_kept() {
    let source = "party A;\ninput xs: secret [int in 0..=9; 4] from A;\nfn main() {\n    let mut counts = [0; 10];\n    for x in xs {\n        for k in 0..10 { if x == k { counts[k] += 1; } }\n    }\n    output counts to all;\n}\n";
    assert_eq!(run(source, &[("xs", "3\n7\n3\n0\n")])["counts"], serde_json::json!([1, 0, 0, 2, 0, 0, 0, 1, 0, 0]));
}

#[test]
fn comparisons_hold_at_the_ends_of_64_bits() {
    let source = "party A, B;\ninput a: secret i64 from A;\ninput b: secret i64 from B;\nfn main() { output less = a < b to all; output same = a == b to all; }\n";
    for (a, b) in [
        (i64::MIN + 8, 1_i64 << 62),
        (1 << 62, i64::MIN + 8),
        (i64::MIN, i64::MAX),
        (i64::MAX, i64::MIN),
        (i64::MAX, i64::MAX),
        (i64::MIN, i64::MIN),
        (-1, i64::MAX),
        (0, i64::MIN),
    ] {
        let found = run(source, &[("a", &format!("{a}\n")), ("b", &format!("{b}\n"))]);
        assert_eq!(found, serde_json::json!({ "less": a < b, "same": a == b }), "{a} {b}");
    }
}

#[test]
fn ten_thousand_squared_in_fixed_point() {
    let source = "party A;\ninput x: secret fix in 0.0..=10_000.0 from A;\nfn main() { output y = x * x to all; }\n";
    assert_eq!(run(source, &[("x", "10000\n")])["y"], serde_json::json!(100_000_000.0));
}

#[test]
fn a_constant_that_rounds_too_much_is_an_error() {
    let told =
        refused("party A;\ninput x: secret fix in 0.0..=1000.0 from A;\nfn main() { output y = x * 0.001 to all; }\n");
    assert!(told.contains("E0404") && told.contains("fix<17>"), "{told}");
    // As said, the wider type holds it: 1000 × 0.001 is 1 to within its precision.
    let source =
        "party A;\ninput x: secret fix<24> in 0.0..=1000.0 from A;\nfn main() { output y = x * 0.001 to all; }\n";
    let y = run(source, &[("x", "1000\n")])["y"].as_f64().expect("a number");
    assert!((y - 1.0).abs() < 1e-4, "{y}");
}

#[test]
fn division_by_zero_is_defined_and_warned_of() {
    let source = "party A;\ninput x: secret int in 0..=9 from A;\nfn main() { output q = 100 / x to all; output r = 100 % x to all; output f = (100 as fix) / x to all; }\n";
    assert_eq!(run(source, &[("x", "0\n")]), serde_json::json!({ "q": 0, "r": 100, "f": 0.0 }));
    let folder = program(source, &[]);
    let told = succeed(smpcc().arg("check").arg(folder.path().join("main.smpc")));
    assert!(String::from_utf8_lossy(&told.stderr).contains("zero-divisor"));
    assert!(
        refused("party A;\ninput x: secret int from A;\nfn main() { output y = x / 0 to all; }\n").contains("E0403")
    );
}

#[test]
fn products_that_do_not_fit_are_errors() {
    let source =
        "party A;\ninput x: secret fix in 0.0..=10_000_000.0 from A;\nfn main() { output y = x * x to all; }\n";
    assert!(refused(source).contains("E0401"));
    let source = "party A;\ninput x: secret i64 from A;\nfn main() { output y = x + x to all; }\n";
    assert!(refused(source).contains("E0401"));
}

#[test]
fn a_64_bit_input_stays_64_bits() {
    let source = "party A;\ninput x: secret i64 from A;\nfn main() { output x to all; }\n";
    assert_eq!(run(source, &[("x", "-9223372036854775808\n")])["x"], serde_json::json!(i64::MIN));
    assert_eq!(run(source, &[("x", "1099511627777\n")])["x"], serde_json::json!(1_099_511_627_777_i64));
}

#[test]
fn the_mean_of_ten_thousand_rows() {
    let source = "use std::stats::mean;\nparty A;\ninput xs: secret [int in 0..=2_000_000; 10_000] from A;\nfn main() { output m = mean(xs) to all; }\n";
    let rows = "2000000\n".repeat(10_000);
    assert_eq!(run(source, &[("xs", &rows)])["m"], serde_json::json!(2_000_000.0));
}

#[test]
fn a_variance_fits_or_is_an_error() {
    let with = |rows: u64, most: u64| {
        format!(
            "use std::stats::variance;\nparty A;\ninput xs: secret [int in 0..={most}; {rows}] from A;\nfn main() {{ output v = variance(xs) to all; }}\n"
        )
    };
    // A million salaries fit; a hundred million do not, and a hundred million small numbers do.
    for (rows, most, fits) in [(1_000_000, 2_000_000, true), (100_000_000, 2_000_000, false), (100_000_000, 100, true)]
    {
        let folder = program(&with(rows, most), &[]);
        let mut check = smpcc();
        check.arg("check").arg(folder.path().join("main.smpc"));
        if fits {
            let _ = succeed(&mut check);
        } else {
            assert!(fail(&mut check, 1).contains("E0401"));
        }
    }
    assert_eq!(run(&with(4, 1000), &[("xs", "0\n1000\n0\n1000\n")])["v"], serde_json::json!(250_000.0));
}

#[test]
fn a_failure_names_the_source_line() {
    let source = "party A;\ninput k: public int in 0..=99 from A;\ninput xs: secret [int in 0..=9; 3] from A;\nfn main() {\n    output y = xs[k] to all;\n}\n";
    let folder = program(source, &[("k", "5\n"), ("xs", "1\n2\n3\n")]);
    for protocol in ["plain", "rep3"] {
        let mut run = smpcc();
        run.arg("run").arg(folder.path().join("main.smpc")).args(["--in-process", "--protocol", protocol]);
        let told = fail(&mut run, 1);
        assert!(told.contains("main.smpc:5") && told.contains("xs[k]"), "{told}");
    }
}
