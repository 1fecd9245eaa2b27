//! Whole jobs of the standard library: three processes over TLS on loopback, medians, from when all are connected to the last output.
//!
//! `cargo bench -p smpc-tests --bench jobs -- [JOB…] [--runs 5]`
//!
//! The programs are those of `tests/jobs` and `tests/costs`. Beside each time stands that of the fastest of MP-SPDZ, HPMPC, SPU and MPyC for the same job and protocol on a machine of this
//! kind, where it was measured.

use smpc_tests::project;
use smpc_tests::speed::{self, median, timed};
use std::env;
use std::path::Path;

/// A program, how many elements it takes, and milliseconds of the fastest other one.
const JOBS: [(&str, u64, Option<f64>); 14] = [
    ("costs/cipher", 1_000, Some(10.0)),
    ("costs/cipher", 10_000, Some(64.0)),
    ("costs/sorting", 10_000, Some(420.0)),
    ("jobs/sorting", 10_000, Some(880.0)),
    ("jobs/sorting", 100_000, Some(8_300.0)),
    ("jobs/sqrt", 10_000, Some(128.0)),
    ("jobs/exp", 10_000, Some(34.0)),
    ("jobs/exp", 100_000, Some(141.0)),
    ("jobs/ln", 10_000, Some(132.0)),
    ("jobs/reciprocal", 10_000, Some(40.0)),
    ("jobs/spread", 100_000, Some(17.0)),
    ("jobs/logistic_regression", 1_000, Some(3_100.0)),
    ("jobs/sha256", 100, Some(135.0)),
    ("jobs/sha256", 1_000, Some(164.0)),
];

fn main() {
    let (mut wanted, mut runs) = (Vec::new(), 5);
    let mut arguments = env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        if argument == "--runs" {
            let value = arguments.next().and_then(|runs| runs.parse().ok());
            runs = value.filter(|runs| *runs > 0).expect("--runs N");
        } else {
            assert!(JOBS.iter().any(|(job, ..)| job.contains(&argument)), "there is no job `{argument}`");
            wanted.push(argument);
        }
    }
    println!("{:<28} {:>8} {:>12} {:>12} {:>8} {:>10}", "job", "elements", "median", "least", "rounds", "others");
    for (job, elements, others) in JOBS {
        if wanted.is_empty() || wanted.iter().any(|name| job.contains(name.as_str())) {
            measure(job, elements, others, runs);
        }
    }
}

fn measure(job: &str, elements: u64, others: Option<f64>, runs: usize) {
    let path = project().join("tests").join(job).with_extension("smpc");
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let inputs = speed::inputs(&speed::module(&path, &[("N", elements.to_string())]), scratch.path());
    let mut arguments = vec!["-D".to_owned(), format!("N={elements}")];
    arguments.extend(inputs);
    // The first run is not counted.
    let _ = run(&path, &arguments, scratch.path());
    let (mut times, mut rounds) = (Vec::new(), 0);
    for _ in 0..runs {
        let (seconds, of) = run(&path, &arguments, scratch.path());
        times.push(1e3 * seconds);
        rounds = of;
    }
    let least = times.iter().copied().fold(f64::INFINITY, f64::min);
    let others = others.map_or(String::from("–"), |others| format!("{others:.0} ms"));
    println!("{job:<28} {elements:>8} {:>9.1} ms {least:>9.1} ms {rounds:>8} {others:>10}", median(&times));
}

fn run(path: &Path, arguments: &[String], scratch: &Path) -> (f64, u64) {
    let (seconds, rounds, _) = timed(path, arguments, &[], scratch);
    (seconds, rounds)
}
