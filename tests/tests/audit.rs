//! `smpcc audit` on programs of the language, the pages of some programs as they were read, and programs that are refused because their audit is another one than
//! was pinned. With `BLESS=1` in the environment the pages in `tests/audit` are written instead; read them as somebody would who has to sign them.

use serde_json::Value;
use smpc_tests::parties::{Ended, Parties};
use smpc_tests::{fail, program, project, smpcc, smpcvm, succeed};
use std::path::Path;

/// The audit of a source as JSON.
fn audit(source: &str) -> Value {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let main = folder.path().join("main.smpc");
    std::fs::write(&main, source).expect("the source");
    audit_of(&main, &[])
}

fn audit_of(file: &Path, arguments: &[&str]) -> Value {
    let output = succeed(smpcc().arg("audit").arg(file).args(["--format", "json"]).args(arguments));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Findings and other recoveries: severity, coalition and owner of each.
fn recoveries(audit: &Value) -> Vec<(String, String, String)> {
    let words = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("+"),
        other => other.to_string(),
    };
    let all = audit["recoveries"].as_array().expect("a list");
    all.iter().map(|one| (words(&one["severity"]), words(&one["coalition"]), words(&one["owner"]))).collect()
}

fn is(found: &[(String, String, String)], expected: &[(&str, &str, &str)]) {
    let found: Vec<(&str, &str, &str)> = found.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
    assert_eq!(found, expected);
}

/// What an output depends on: `input.path` with the kinds of operations.
fn depends(audit: &Value, output: &str) -> Vec<(String, String)> {
    let disclosures = audit["disclosures"].as_array().expect("a list");
    let one = disclosures.iter().find(|one| one["name"] == output).unwrap_or_else(|| panic!("no output {output}"));
    let uses = one["values"]
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|value| value["depends_on"].as_array().expect("a list"));
    uses.map(|one| {
        let name =
            format!("{}.{}", one["input"].as_str().unwrap_or_default(), one["path"].as_str().unwrap_or_default());
        (name, one["through"].to_string())
    })
    .collect()
}

#[test]
fn a_sum_of_two_contributors_is_a_finding() {
    let two = audit(
        "party A, B;\ninput a: secret int in 0..=1000 from A;\ninput b: secret int in 0..=1000 from B;\nfn main() { output total = a + b to all; }\n",
    );
    is(&recoveries(&two), &[("serious", "B", "A"), ("serious", "A", "B")]);
    // Of many rows each it is their totals.
    let rows = audit(
        "party A, B;\ninput a: secret [int in 0..=9; 50] from A;\ninput b: secret [int in 0..=9; 50] from B;\nfn main() { output total = sum(a ++ b) to all; }\n",
    );
    is(&recoveries(&rows), &[("notable", "B", "A"), ("notable", "A", "B")]);
    // So are counts, of which each party's share is a figure of its data alone.
    let counts = audit(
        "party A, B;\ninput a: secret [int in 0..=99; 50] from A;\ninput b: secret [int in 0..=99; 50] from B;\nfn main() { output old = sum(((a ++ b) > 65) as int) to all; }\n",
    );
    is(&recoveries(&counts), &[("notable", "B", "A"), ("notable", "A", "B")]);
}

#[test]
fn a_sum_of_three_takes_two_and_a_mean_of_five_takes_four() {
    let of = |n: usize, output: &str| {
        let inputs: String = (0..n).map(|i| format!("input x{i}: secret int in 0..=1000 from P{i};\n")).collect();
        let parties: Vec<String> = (0..n).map(|i| format!("P{i}")).collect();
        let values: Vec<String> = (0..n).map(|i| format!("x{i}")).collect();
        let array = values.join(", ");
        audit(&format!(
            "use std::stats::mean;\nparty {};\n{inputs}fn main() {{ output o = {output}([{array}]) to all; }}\n",
            parties.join(", ")
        ))
    };
    is(
        &recoveries(&of(3, "sum")),
        &[("notable", "P1+P2", "P0"), ("notable", "P0+P2", "P1"), ("notable", "P0+P1", "P2")],
    );
    let five = of(5, "mean");
    let found = recoveries(&five);
    assert_eq!(found.len(), 5, "{found:?}");
    for (severity, coalition, _) in &found {
        assert_eq!((severity.as_str(), coalition.split('+').count()), ("stated", 4));
    }
    for one in five["recoveries"].as_array().expect("a list") {
        assert!(one["within"].as_f64().is_some_and(|within| within < 0.001), "{one}");
    }
}

#[test]
fn hidden_dependencies_are_found() {
    let table = "party A, B;\nstruct Row { age: int in 0..=99, salary: int in 0..=9 }\ninput rows: secret [Row; 5] from A;\ninput b: secret int in 0..=9 from B;\n";
    let with = |code: &str| audit(&format!("{table}fn main() {{\n{code}\n    output count to all;\n}}\n"));
    // By a branch, by the number of turns, by an index: each through a value that is revealed.
    for code in [
        "let mut count = 0;\nif reveal(rows[2].salary > 3) { count = 1; }",
        "let mut count = 0;\nfor i in 0..reveal(rows[2].salary) { count = i; }",
        "let place = reveal(rows[2].salary); let known = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3]; let count = known[place];",
        "let mut count = 0; let mut left = reveal(sum(rows.salary)); while left > 0 { left = left - 3; count = (count + 1) % 1000; }",
    ] {
        let audit = with(code);
        let uses = depends(&audit, "count");
        assert!(uses.iter().any(|(name, how)| name == "rows.salary" && how.contains("revealed")), "{code}: {uses:?}");
        assert!(!uses.iter().any(|(name, _)| name == "rows.age" || name == "b."), "{code}: {uses:?}");
        assert!(
            audit["disclosures"]
                .as_array()
                .expect("a list")
                .iter()
                .any(|one| one["kind"] == "reveal" && one["steers"] == true)
        );
    }
    // By a secret condition, and by a number that hides another in its low digits.
    let chosen = with("let mut count = 0;\nif rows[1].salary > 3 { count = b; }");
    let uses = depends(&chosen, "count");
    assert!(uses.iter().any(|(name, how)| name == "rows.salary" && how.contains("deciding")), "{uses:?}");
    let packed = with("let count = sum((rows.age < 30) as int) + 1000 * b;");
    assert!(
        recoveries(&packed)
            .iter()
            .any(|(severity, who, owner)| severity == "serious" && who.is_empty() && owner == "B")
    );
}

#[test]
fn two_outputs_are_looked_at_together() {
    let two = audit(
        "party A, B;\ninput a: secret [int in 0..=9; 4] from A;\ninput b: secret [int in 0..=9; 4] from B;\n\
         fn main() {\n    output all_rows = sum(a ++ b) to all;\n    output but_one = sum(a) + sum(b[0..3]) to all;\n}\n",
    );
    let found = recoveries(&two);
    assert!(found.contains(&("serious".into(), String::new(), "B".into())), "{found:?}");
    let one =
        two["recoveries"].as_array().and_then(|all| all.iter().find(|one| one["owner"] == "B" && one["members"] == 0));
    assert_eq!(one.map(|one| one["parts"][0]["columns"][0]["from"].clone()), Some(3.into()));
}

#[test]
fn words_and_truth_values_are_followed() {
    let words = audit(
        "party A, B;\ninput a: secret bits<64> from A;\ninput b: secret bits<64> from B;\nfn main() { output both = a ^ b to all; }\n",
    );
    is(&recoveries(&words), &[("serious", "B", "A"), ("serious", "A", "B")]);
    let truths = audit(
        "party A, B, C;\ninput a: secret bool from A;\ninput b: secret bool from B;\ninput c: secret bool from C;\n\
         fn main() { output yes = sum([!a, b, c] as int) to all; }\n",
    );
    assert!(recoveries(&truths).iter().all(|(severity, ..)| severity == "notable"), "{truths}");
    let richer = audit_of(&program("millionaires").join("main.smpc"), &[]);
    assert!(recoveries(&richer).is_empty());
}

/// The same program has the same digest, whatever its source looks like; another disclosure, range or number of rows has another one.
#[test]
fn digests_follow_what_is_said() {
    let digest = |rows: &str, range: &str, to: &str, more: &str| {
        let source = format!(
            "{more}party A, B;\nparam ROWS: int in 1..=100 = {rows};\ninput a: secret [int in 0..={range}; ROWS] from A;\n\
             fn main() {{ output total = sum(a) to {to}; }}\n"
        );
        audit(&source)["digest"].as_str().expect("a text").to_owned()
    };
    let first = digest("10", "9", "all", "");
    assert!(first.starts_with("sha256:") && first.len() == 71);
    assert_eq!(digest("10", "9", "all", "// A comment that moves every line.\n\n"), first);
    for other in [digest("11", "9", "all", ""), digest("10", "8", "all", ""), digest("10", "9", "B", "")] {
        assert_ne!(other, first);
    }
    // The compiled file has that of its source.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let main = program("salary_benchmark").join("main.smpc");
    let compiled = folder.path().join("salary.smpcb");
    let _ = succeed(smpcc().arg("compile").arg(&main).args(["-D", "ROWS=70", "-o"]).arg(&compiled));
    assert_eq!(audit_of(&compiled, &[])["digest"], audit_of(&main, &["-D", "ROWS=70"])["digest"]);
    assert!(fail(smpcc().arg("audit").arg(&compiled).args(["-D", "ROWS=70"]), 2).contains("help: "));
}

/// A column of a million rows takes no longer than one of a hundred.
#[test]
fn long_columns_are_no_trouble() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let main = program("salary_benchmark").join("main.smpc");
    let compiled = folder.path().join("salary.smpcb");
    let _ = succeed(smpcc().arg("compile").arg(&main).args(["-D", "ROWS=1000000", "-o"]).arg(&compiled));
    let started = std::time::Instant::now();
    let audit = audit_of(&compiled, &[]);
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    let mean = &audit["disclosures"].as_array().expect("a list")[0];
    assert_eq!(mean["values"][0]["depends_on"][0]["fewest_rows"], 1_000_000);
}

/// Every program has a page, in every form, and some have the one that was read.
#[test]
fn programs_have_pages() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    let mut names: Vec<String> = std::fs::read_dir(program(""))
        .expect("programs/ exists")
        .map(|entry| entry.expect("a readable folder").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    for name in names {
        let main = program(&name).join("main.smpc");
        let page = succeed(smpcc().arg("audit").arg(&main));
        let page = String::from_utf8(page.stdout).expect("a text");
        for heading in [
            "What the program takes",
            "What each party learns",
            "Findings",
            "What is not analysed",
            "sha256:",
            "Signature",
        ] {
            assert!(page.contains(heading), "{name}: {heading}\n{page}");
        }
        let json = audit_of(&main, &[]);
        assert!(page.contains(json["digest"].as_str().expect("a digest")));
        let html = String::from_utf8(succeed(smpcc().arg("audit").arg(&main).args(["--format", "html"])).stdout)
            .expect("a text");
        assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n") && html.contains("Signature"));
        assert!(!html.contains("<script") && !html.contains("<link") && !html.contains("src="), "{name}");
        let expected = project().join("tests/audit").join(format!("{name}.txt"));
        // The hash of the file changes with everything that changes code; the digest does not.
        let page: String =
            page.lines().filter(|line| !line.starts_with("SHA-256")).map(|line| format!("{line}\n")).collect();
        if bless && ["ad_lift", "auction", "salary_benchmark"].contains(&name.as_str()) {
            std::fs::write(&expected, &page).expect("the page");
        } else if expected.exists() && std::fs::read_to_string(&expected).ok().as_ref() != Some(&page) {
            wrong.push(format!("{name}:\n{page}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const SHORT: &str = "party A, B, C;\ninput x: secret int in 0..=9 from A;\nfn main() { output y = x * x to all; }\n";

/// A program whose audit is another one than was pinned is refused: by the session at every party, by the command line at one; before any input is read.
#[test]
fn other_audits_are_refused() {
    let parties = Parties::of_source(SHORT, 3);
    let own = audit_of(&parties.module(0), &[])["digest"].as_str().expect("a digest").to_owned();
    let other =
        audit_of(&program("millionaires").join("main.smpc"), &[])["digest"].as_str().expect("a digest").to_owned();
    let session = parties.session();
    let pinned = |digest: &str| session.replacen("[session]\n", &format!("[session]\naudit = \"{digest}\"\n"), 1);
    let refused = |party: usize, arguments: &[&str], by: &str| {
        // There is no such file: nothing was read when the refusal came.
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--input", "x=missing.csv"]).collect();
        let end = Ended::of(parties.start(party, &arguments));
        assert_eq!(end.code, Some(1), "{}", end.stderr);
        for words in [own.as_str(), other.as_str(), by, "help: ", "smpcc audit"] {
            assert!(end.stderr.contains(words), "`{words}` is missing in:\n{}", end.stderr);
        }
        assert!(!end.stderr.contains("missing.csv"), "{}", end.stderr);
    };
    parties.write_session(&pinned(&other));
    (0..3).for_each(|party| refused(party, &[], "the session pins"));
    parties.write_session(&session);
    refused(1, &["--audit", &other], "--audit pins");
    let (told, _) = {
        let end = Ended::of(parties.start(0, &["--audit", "sha256:00"]));
        (end.stderr, assert_eq!(end.code, Some(2)))
    };
    assert!(told.contains("help: ") && told.contains("sha256:"), "{told}");
    // The right one is let through, by both.
    parties.write_session(&pinned(&own));
    parties.write(0, "x.csv", "x\n5\n");
    let with: &[&str] = &["--audit", &own];
    let ends = parties.run([&["--audit", &own, "--input", "x=x.csv"], with, &[]]);
    assert!(ends.iter().all(|end| end.code == Some(0)), "{ends:?}");
    assert_eq!(parties.result(1), Some(serde_json::json!({"y": 25})));
}

#[test]
fn sessions_are_made_with_a_pinned_audit() {
    let digest = format!("sha256:{}", "0a".repeat(32));
    let node = |i: u8| format!("host{i}.example:7000={}", format!("{i:02x}").repeat(32));
    let new = || {
        let mut command = smpcvm();
        command.args(["session", "new", "--protocol", "rep3"]);
        for i in 1..4 {
            command.args(["--node", &node(i)]);
        }
        command
    };
    let made = succeed(new().args(["--audit", &digest]));
    assert!(String::from_utf8_lossy(&made.stdout).contains(&format!("audit = \"{digest}\"")));
    assert!(fail(new().args(["--audit", "0a"]), 2).contains("help: "));
}
