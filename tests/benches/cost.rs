//! Predictions of `smpcc cost` beside measured times: three processes over TLS on this machine, on loopback and over two emulated networks, medians.
//!
//! `cargo bench -p smpc-tests --bench cost -- [JOB…] [--network NAME] [--runs 3] [--calibration FILE]`
//!
//! Jobs are the programs of `tests/costs`, and of `tests/speed` as an expert and as a beginner writes them.

use smpc_tests::speed::{self, EXPERT, ROWS, median, timed};
use smpc_tests::{project, smpcc, succeed};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Networks: rtt and bandwidth.
const NETWORKS: [(&str, Option<(&str, &str)>); 3] =
    [("loopback", None), ("near", Some(("2ms", "1gbit"))), ("far", Some(("20ms", "100mbit")))];

/// How far a prediction may be from the median.
const BAR: f64 = 0.25;

#[derive(Default)]
struct Options {
    jobs: Vec<String>,
    network: Option<String>,
    runs: usize,
    calibration: Option<String>,
}

fn options() -> Options {
    let mut options = Options { runs: 3, ..Options::default() };
    let mut arguments = env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_else(|| panic!("{argument} VALUE"));
        match argument.as_str() {
            "--network" => options.network = Some(value()),
            "--runs" => options.runs = value().parse().ok().filter(|runs| *runs > 0).expect("--runs N"),
            "--calibration" => options.calibration = Some(value()),
            _ => options.jobs.push(argument),
        }
    }
    options
}

/// Names and programs.
fn jobs() -> Vec<(String, PathBuf)> {
    let folder = project().join("tests/costs");
    let files = fs::read_dir(&folder).expect("tests/costs exists");
    let mut jobs: Vec<(String, PathBuf)> = files
        .map(|entry| entry.expect("a readable folder").path())
        .map(|path| (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), path))
        .collect();
    jobs.sort();
    for row in ROWS {
        let forms = row.forms().into_iter().filter(|(form, _)| [EXPERT, "naive"].contains(&form.as_str()));
        jobs.extend(forms.map(|(form, path)| (format!("{} {form}", row.name), path)));
    }
    jobs
}

fn main() {
    let options = options();
    println!("{:<28} {:<9} {:>12} {:>12} {:>7}", "job", "network", "predicted", "measured", "ratio");
    for (name, network) in NETWORKS {
        if options.network.as_ref().is_some_and(|wanted| wanted != name) {
            continue;
        }
        let (mut all, mut near) = (0, 0);
        for (job, path) in jobs() {
            if options.jobs.is_empty() || options.jobs.iter().any(|wanted| job.contains(wanted.as_str())) {
                let ratio = compare(&job, &path, name, network, &options);
                all += 1;
                near += usize::from((1.0 / (1.0 + BAR)..=1.0 + BAR).contains(&ratio));
            }
        }
        println!("{name}: {near} of {all} within {:.0} %", BAR * 100.0);
    }
}

/// Predicts and measures; the ratio of both.
fn compare(job: &str, path: &Path, name: &str, network: Option<(&str, &str)>, options: &Options) -> f64 {
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let inputs = speed::inputs(&speed::module(path, &[]), scratch.path());
    let mut cost = smpcc();
    cost.arg("cost").arg(path).args(["--format", "json"]).args(&inputs);
    cost.args(options.calibration.iter().flat_map(|file| ["--calibration", file]));
    let mut emulated = Vec::new();
    if let Some((rtt, bandwidth)) = network {
        cost.args(["--rtt", rtt, "--bandwidth", bandwidth]);
        emulated = vec!["--network".to_owned(), format!("rtt={rtt},bandwidth={bandwidth}")];
    }
    let told: serde_json::Value = serde_json::from_slice(&succeed(&mut cost).stdout).expect("cost prints JSON");
    let predicted = told["protocols"][0]["seconds"]["total"].as_f64().expect("a prediction");
    let mut times = Vec::new();
    for _ in 0..options.runs {
        let (seconds, rounds, _) = timed(path, &inputs, &emulated, scratch.path());
        assert_eq!(told["protocols"][0]["parties"][0]["rounds"], rounds, "{job}: other rounds than predicted");
        times.push(seconds);
    }
    let (measured, ratio) = (median(&times), predicted / median(&times));
    let missed = if (1.0 / (1.0 + BAR)..=1.0 + BAR).contains(&ratio) { "" } else { "  beyond the bar" };
    println!("{job:<28} {name:<9} {:>9.1} ms {:>9.1} ms {ratio:>7.2}{missed}", predicted * 1e3, measured * 1e3);
    ratio
}
