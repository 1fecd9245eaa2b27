//! How long the front end takes for one keystroke: the median processor time of 31 runs on generated programs of 1,000 and 5,000 lines.
//!
//! `cargo run --release -p smpcc --example analysis_speed`

use smpcc_core::Request;
use smpcc_core::analysis::{analyse, complete, outline};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// As in `smpcc`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bytes of stack, as the compiler has.
const STACK: usize = 1 << 30;

/// A program of about so many lines: helpers with loops and conditions, each called by `main` on columns of a table.
fn program(lines: usize) -> String {
    let mut text = String::from(
        "//! Generated.\n\nuse std::stats::{mean, stddev};\n\nparty Acme, Globex;\n\nparam ROWS: int in 1..=100_000 = 100;\n\n",
    );
    text.push_str("struct Employee {\n    age: int in 16..=99,\n    salary: int in 0..=2_000_000,\n    grade: int in 0..=9,\n}\n\n");
    text.push_str(
        "input acme: secret [Employee; ROWS] from Acme;\ninput globex: secret [Employee; ROWS] from Globex;\n\n",
    );
    let mut calls = String::new();
    // Seventeen lines a helper, six lines a call.
    for n in 0..lines.saturating_sub(30) / 23 {
        let _ = write!(
            text,
            "/// Weighs a column, version {n}.\nfn weighed_{n}<const N>(xs: secret [int; N], limit: int) -> secret int {{\n    let scaled = xs * 3 + limit;\n    let mut total = 0;\n    for x in scaled {{\n        if x > {n} {{\n            total += x;\n        }} else {{\n            total += 1;\n        }}\n    }}\n    let spread = max(scaled) - min(scaled);\n    // The last step.\n    let bounded = clamp(total, 0, 1_000_000_000);\n    bounded + spread * {n}\n}}\n\n"
        );
        let _ = write!(
            calls,
            "    let part_{n} = weighed_{n}(pay, {n});\n    let young_{n} = sum((everyone.age < {} + {n}) as int);\n    let ratio_{n} = (part_{n} as fix) / ROWS;\n    let better_{n} = ratio_{n} > mean_pay && young_{n} > 3;\n    let score_{n} = if better_{n} {{ part_{n} }} else {{ young_{n} }};\n    output score_{n} to all;\n",
            20
        );
    }
    let _ = write!(
        text,
        "fn main() {{\n    let everyone = acme ++ globex;\n    let pay = everyone.salary;\n    let mean_pay = mean(pay);\n    output spread = stddev(pay) to all;\n{calls}}}\n"
    );
    text
}

/// Processor time of this thread, which other programs on the machine do not lengthen; wall time where the system does not tell.
fn now(start: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|told| told.split_whitespace().next().and_then(|word| word.parse().ok()));
    nanoseconds.map_or_else(|| start.elapsed(), Duration::from_nanos)
}

fn median(mut run: impl FnMut()) -> Duration {
    let start = Instant::now();
    let mut times: Vec<Duration> = (0..31)
        .map(|_| {
            let before = now(start);
            run();
            now(start).saturating_sub(before)
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn measure() {
    for lines in [1_000, 5_000] {
        let text = program(lines);
        let request = || Request::new("main.smpc", &text);
        let analysis = analyse(&request());
        let messages = analysis.diagnostics().len();
        println!("{} lines, {} bytes, {messages} messages", text.lines().count(), text.len());
        println!(
            "{}",
            smpcc_core::diagnostics::render::text(analysis.sources(), &analysis.diagnostics()[..messages.min(3)])
        );
        let row = |what: &str, time: Duration| println!("  {what:<44} {:>8.2} ms", time.as_secs_f64() * 1e3);
        row("parsing and imports alone", median(|| drop(outline(&request()))));
        row("messages after a keystroke", median(|| drop(analyse(&request()))));
        row("the first question about a name after it", {
            let with = median(|| assert!(!analyse(&request()).index().references.is_empty()));
            with.saturating_sub(median(|| drop(analyse(&request()))))
        });
        let at = text.rfind("everyone.age").unwrap_or(0) + "everyone.".len();
        row("completion behind `everyone.`", median(|| drop(complete(&analysis, &request(), at))));
        row("`smpcc check` of it: passes and code too", median(|| drop(smpcc_core::compile(&request()))));
    }
}

fn main() {
    let work = std::thread::Builder::new().stack_size(STACK).spawn(measure);
    if let Ok(Err(_)) | Err(_) = work.map(std::thread::JoinHandle::join) {
        eprintln!("the measurement failed");
    }
}
