//! Programs as a beginner writes them beside the same computation in vector operations: three processes over TLS on this machine, forms interleaved, medians.
//!
//! `cargo bench -p smpc-tests --bench loops -- [ROW…] [--network rtt=20ms,bandwidth=100mbit] [--runs 5]`
//!
//! That all forms of a row give the same outputs is checked; ratios are to the expert's time and rounds.

use smpc_tests::speed::{self, EXPERT, ROWS, Row, median, timed};
use std::collections::BTreeMap;
use std::env;

/// What is asked for.
struct Options {
    rows: Vec<String>,
    network: Vec<String>,
    runs: usize,
}

fn options() -> Options {
    let mut options = Options { rows: Vec::new(), network: Vec::new(), runs: 5 };
    let mut arguments = env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--network" => options.network = vec![argument, arguments.next().expect("--network NETWORK")],
            "--runs" => {
                let runs = arguments.next().and_then(|runs| runs.parse().ok());
                options.runs = runs.filter(|runs| *runs > 0).expect("--runs N");
            }
            row => {
                assert!(ROWS.iter().any(|known| known.name.contains(row)), "there is no row `{row}`");
                options.rows.push(argument);
            }
        }
    }
    options
}

fn main() {
    let options = options();
    println!("{:<20} {:<10} {:>10} {:>7} {:>9} {:>7}", "row", "form", "time", "ratio", "rounds", "ratio");
    for row in ROWS {
        if options.rows.is_empty() || options.rows.iter().any(|name| row.name.contains(name.as_str())) {
            measure(&row, &options);
        }
    }
}

fn measure(row: &Row, options: &Options) {
    let forms = row.forms();
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let inputs = speed::inputs(&speed::module(&forms[0].1, &[]), scratch.path());
    let mut times: BTreeMap<&str, (Vec<f64>, u64)> = BTreeMap::new();
    let mut expected = None;
    // The first run of each form is not counted.
    for run in 0..=options.runs {
        for (form, path) in &forms {
            let (seconds, rounds, outputs) = timed(path, &inputs, &options.network, scratch.path());
            assert_eq!(*expected.get_or_insert_with(|| outputs.clone()), outputs, "{} {form}: other outputs", row.name);
            let known = times.entry(form).or_default();
            known.1 = rounds;
            if run > 0 {
                known.0.push(seconds);
            }
        }
    }
    let (base, least) =
        times.get(EXPERT).map(|(seconds, rounds)| (median(seconds), *rounds as f64)).expect("an expert");
    for (form, (seconds, rounds)) in &times {
        let (time, ratio) = (median(seconds) / base, *rounds as f64 / least);
        let missed = if time <= row.time && ratio <= row.rounds { "" } else { "  above its bar" };
        let milliseconds = 1e3 * median(seconds);
        println!("{:<20} {form:<10} {milliseconds:>7.1} ms {time:>7.2} {rounds:>9} {ratio:>7.2}{missed}", row.name);
    }
}
