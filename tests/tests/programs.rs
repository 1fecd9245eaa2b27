//! Every program of `programs/` gives its expected output, bit for bit, under every protocol and transport.

use smpc_protocols::registry;
use smpc_tests::{json, program, smpcc, succeed};
use std::path::Path;

const PROGRAMS: [&str; 12] = [
    "ad_lift",
    "aes",
    "auction",
    "clinical_pool",
    "hash_check",
    "histogram",
    "inner_product",
    "linear_regression",
    "logistic_regression",
    "millionaires",
    "salary_benchmark",
    "survey",
];

/// Every folder of `programs/` is in the list, so that a new one cannot be forgotten.
#[test]
fn the_list_is_complete() {
    let mut found: Vec<String> = std::fs::read_dir(program(""))
        .expect("programs/ exists")
        .map(|entry| entry.expect("a readable folder").file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    assert_eq!(found, PROGRAMS);
}

fn matches_expected(name: &str, arguments: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let result = folder.path().join("result.json");
    run(name, arguments, &result);
    assert_eq!(json(&result), json(&program(name).join("expected.json")), "{name} {arguments:?}");
}

fn run(name: &str, arguments: &[&str], result: &Path) {
    let source = program(name).join("main.smpc");
    let _ = succeed(smpcc().arg("run").arg(source).args(arguments).arg("--output").arg(result));
}

#[test]
fn plain_in_process() {
    PROGRAMS.iter().for_each(|name| matches_expected(name, &["--protocol", "plain", "--in-process"]));
}

#[test]
fn rep3_in_process() {
    PROGRAMS.iter().for_each(|name| matches_expected(name, &["--protocol", "rep3", "--in-process"]));
}

/// The numbers of parties that every program runs among under a protocol that leaves the choice.
const PARTIES: [&str; 3] = ["3", "5", "7"];
/// Programs that take long among many parties.
const LONG: [&str; 1] = ["logistic_regression"];

#[test]
fn shamir_in_process() {
    for parties in PARTIES {
        let arguments = ["--protocol", "shamir", "--parties", parties, "--in-process"];
        PROGRAMS.iter().for_each(|name| matches_expected(name, &arguments));
    }
}

#[test]
fn shamir_as_processes() {
    for parties in PARTIES {
        PROGRAMS.iter().for_each(|name| matches_expected(name, &["--protocol", "shamir", "--parties", parties]));
    }
}

/// Five of eleven are curious: rows are shuffled by switches, and kings bring long vectors of products down.
#[test]
fn shamir_of_eleven_in_process() {
    let arguments = ["--protocol", "shamir", "--parties", "11", "--in-process"];
    PROGRAMS.iter().filter(|name| !LONG.contains(name)).for_each(|name| matches_expected(name, &arguments));
}

/// Among three all programs; among more those that do not take minutes.
#[test]
fn mal_shamir_in_process() {
    for parties in PARTIES {
        let arguments = ["--protocol", "mal-shamir", "--parties", parties, "--in-process"];
        PROGRAMS
            .iter()
            .filter(|name| parties == "3" || !LONG.contains(name))
            .for_each(|name| matches_expected(name, &arguments));
    }
}

#[test]
fn mal_shamir_as_processes() {
    for parties in PARTIES {
        let arguments = ["--protocol", "mal-shamir", "--parties", parties];
        PROGRAMS
            .iter()
            .filter(|name| parties == "3" || !LONG.contains(name))
            .for_each(|name| matches_expected(name, &arguments));
    }
}

#[test]
fn mal_rep3_in_process() {
    PROGRAMS.iter().for_each(|name| matches_expected(name, &["--protocol", "mal-rep3", "--in-process"]));
}

#[test]
fn mal_rep3_as_three_processes() {
    PROGRAMS.iter().for_each(|name| matches_expected(name, &["--protocol", "mal-rep3"]));
}

#[test]
fn rep4_in_process() {
    PROGRAMS.iter().for_each(|name| matches_expected(name, &["--protocol", "rep4", "--in-process"]));
}

#[test]
fn rep4_as_four_processes() {
    PROGRAMS.iter().for_each(|name| matches_expected(name, &["--protocol", "rep4"]));
}

#[test]
fn plain_as_a_process() {
    PROGRAMS.iter().for_each(|name| matches_expected(name, &["--protocol", "plain"]));
}

#[test]
fn rep3_as_three_processes() {
    PROGRAMS.iter().for_each(|name| matches_expected(name, &[]));
}

/// `cost` is the engine run dry: its rounds and bytes are those that a run reports, under every protocol.
#[test]
fn cost_equals_the_counters_of_the_run() {
    PROGRAMS.iter().for_each(|name| cost_equals_the_counters(name, "3"));
    // Logistic regression among many takes long.
    let others = PROGRAMS.iter().filter(|name| !LONG.contains(name));
    others.for_each(|name| cost_equals_the_counters(name, "5"));
}

fn cost_equals_the_counters(name: &str, among: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (result, stats) = (folder.path().join("result.json"), folder.path().join("stats.json"));
    let stats_text = stats.to_string_lossy().into_owned();
    let mut cost = smpcc();
    cost.arg("cost").arg(program(name).join("main.smpc")).args([
        "--protocol",
        "all",
        "--parties",
        among,
        "--format",
        "json",
    ]);
    let counted = succeed(&mut cost);
    let counted: serde_json::Value = serde_json::from_slice(&counted.stdout).expect("cost prints JSON");
    let counted = counted["protocols"].as_array().expect("a list of protocols");
    assert_eq!(counted.len(), registry::PROTOCOLS.len());
    for predicted in counted {
        let protocol = predicted["protocol"].as_str().expect("a name");
        let mut arguments = vec!["--protocol", protocol, "--in-process", "--stats", &stats_text];
        if ["shamir", "mal-shamir"].contains(&protocol) {
            arguments.extend(["--parties", among]);
        }
        run(name, &arguments, &result);
        let run = json(&stats);
        let parties = run["parties"].as_array().expect("a list of parties");
        assert_eq!(Some(parties.len()), predicted["parties"].as_array().map(Vec::len));
        for (party, measured) in parties.iter().enumerate() {
            let predicted = &predicted["parties"][party];
            for field in ["rounds", "bytes_sent", "bytes_received"] {
                assert!(measured[field].is_u64(), "{name}: party {party} reports no {field}");
                assert_eq!(measured[field], predicted[field], "{name}: {field} of party {party} under {protocol}");
            }
        }
        // Where time is predicted there are lines and kinds that take it. Of two protocols the constants that are built in are those of three parties.
        let timed = predicted["seconds"]["total"].as_f64() > Some(0.0);
        let known = !["shamir", "mal-shamir"].contains(&protocol) || parties.len() == 3;
        assert_eq!(timed, known, "{name} under {protocol}");
        assert!(predicted["lines"].as_array().is_some_and(|lines| !lines.is_empty()), "{name}");
    }
}
