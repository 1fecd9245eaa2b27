//! Writes payrolls for the salary benchmark, and says what the program must find in them.
//!
//! `cargo run -p smpc-tests --example salaries -- 5000` writes `acme.csv`, `globex.csv` and `initech.csv` of 5,000 rows each into the current folder and
//! prints the results, computed in the open.

use smpc_tests::salaries::{Payroll, csv, expected};
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(rows) = std::env::args().nth(1).and_then(|text| text.parse::<usize>().ok()).filter(|rows| *rows > 0)
    else {
        eprintln!("usage: salaries ROWS");
        return ExitCode::from(2);
    };
    let payrolls: Vec<Payroll> = (0..3).map(|i| smpc_tests::salaries::payroll(7 + i, rows)).collect();
    for (name, payroll) in ["acme", "globex", "initech"].iter().zip(&payrolls) {
        if let Err(error) = std::fs::write(format!("{name}.csv"), csv(payroll)) {
            eprintln!("{name}.csv: {error}");
            return ExitCode::FAILURE;
        }
    }
    let found = expected(&payrolls);
    #[allow(clippy::cast_precision_loss, reason = "figures for people")]
    let shown = |raw: i128| raw as f64 / 65536.0;
    println!("mean_pay   {}", shown(found.mean_pay));
    println!("spread     {}", shown(found.spread));
    println!("quartiles  {:?}", found.quartiles.map(shown));
    println!("under_30   {}", found.under_30);
    let totals: Vec<i64> = payrolls.iter().map(|payroll| payroll.iter().map(|row| row.1).sum()).collect();
    for (name, total) in ["acme", "globex", "initech"].iter().zip(&totals) {
        println!("{name}_rank  {}", 1 + totals.iter().filter(|other| *other > total).count());
    }
    ExitCode::SUCCESS
}
