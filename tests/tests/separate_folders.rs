//! One file, three folders: each party has its own key, its own data, the session file and the compiled program, and nothing else.

use smpc_tests::parties::Parties;
use smpc_tests::program;
use smpc_tests::salaries::{self, Payroll};

const EMPLOYERS: [&str; 3] = ["acme", "globex", "initech"];

#[test]
fn salaries_of_three_employers() {
    let payrolls: Vec<Payroll> = (0..3).map(|i| salaries::payroll(7 + i, 5_000)).collect();
    let main = program("salary_benchmark").join("main.smpc");
    let parties = Parties::of_program(&main, &["ROWS=5000"], 30);
    let inputs: Vec<String> = EMPLOYERS.iter().map(|employer| format!("{employer}=pay.csv")).collect();
    for (party, payroll) in payrolls.iter().enumerate() {
        parties.write(party, "pay.csv", salaries::csv(payroll));
    }
    let ended = parties
        .run([["--input", &inputs[0]], ["--input", &inputs[1]], ["--input", &inputs[2]]].each_ref().map(|a| &a[..]));
    for (party, end) in ended.iter().enumerate() {
        assert_eq!(end.code, Some(0), "{}", end.stderr);
        let result = parties.result(party).expect("a result");
        salaries::assert_matches(&result, party, &payrolls);
        // Only its own rank.
        for (other, employer) in EMPLOYERS.iter().enumerate() {
            assert_eq!(result.get(format!("{employer}_rank")).is_some(), other == party, "party {party}: {result}");
        }
    }
}
