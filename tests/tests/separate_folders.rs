//! One file, three folders: each party has its own key, its own data, the session file and the compiled program, and nothing else.

use smpc_tests::salaries::{self, Payroll};
use smpc_tests::{json, program, smpcc, smpcvm, succeed};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Stdio};

const EMPLOYERS: [&str; 3] = ["acme", "globex", "initech"];

/// Three ports that were free a moment ago.
fn free_ports() -> Vec<u16> {
    let held: Vec<TcpListener> =
        (0..3).map(|_| TcpListener::bind("127.0.0.1:0").expect("loopback has a free port")).collect();
    held.iter().map(|listener| listener.local_addr().expect("a bound address").port()).collect()
}

#[test]
fn salaries_of_three_employers() {
    let payrolls: Vec<Payroll> = (0..3).map(|i| salaries::payroll(7 + i, 200)).collect();
    benchmark_in_three_folders(&payrolls);
}

fn benchmark_in_three_folders(payrolls: &[Payroll]) {
    let root = tempfile::tempdir().expect("a temporary folder");
    let compiled = root.path().join("s.smpcb");
    let rows = format!("ROWS={}", payrolls[0].len());
    let source = program("salary_benchmark").join("main.smpc");
    let _ = succeed(smpcc().arg("compile").arg(source).args(["-D", &rows, "-o"]).arg(&compiled));

    let mut session = smpcvm();
    session.current_dir(root.path()).args(["session", "new", "--protocol", "rep3"]);
    for (party, port) in free_ports().into_iter().enumerate() {
        let folder = root.path().join(EMPLOYERS[party]);
        std::fs::create_dir(&folder).expect("a folder a party");
        let made = succeed(smpcvm().current_dir(&folder).args(["identity", "new", EMPLOYERS[party]]));
        let printed = String::from_utf8_lossy(&made.stdout).into_owned();
        let fingerprint = printed
            .split_whitespace()
            .find(|word| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit()))
            .expect("the fingerprint is printed");
        session.arg("--node").arg(format!("127.0.0.1:{port}={fingerprint}"));
        std::fs::write(folder.join("pay.csv"), salaries::csv(&payrolls[party])).expect("the data");
        std::fs::copy(&compiled, folder.join("s.smpcb")).expect("the program");
    }
    let _ = succeed(session.args(["-o", "session.toml"]));

    let running: Vec<Child> = (0..3)
        .map(|party| {
            let folder = root.path().join(EMPLOYERS[party]);
            std::fs::copy(root.path().join("session.toml"), folder.join("session.toml")).expect("the session file");
            smpcvm()
                .current_dir(&folder)
                .args(["run", "s.smpcb", "--session", "session.toml", "--party", &party.to_string()])
                .args(["--input", &format!("{}=pay.csv", EMPLOYERS[party]), "--output", "result.json"])
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .expect("a party starts")
        })
        .collect();
    for child in running {
        let output = child.wait_with_output().expect("a party ends");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    for employer in EMPLOYERS {
        check_result(&root.path().join(employer).join("result.json"), employer, payrolls);
    }
}

fn check_result(path: &Path, employer: &str, payrolls: &[Payroll]) {
    let result = json(path);
    let expected = salaries::expected(payrolls);
    let number = |value: &serde_json::Value| salaries::raw(value.as_f64().expect("a number"));
    assert_eq!(number(&result["mean_pay"]), expected.mean_pay);
    assert_eq!(number(&result["spread"]), expected.spread);
    let quartiles: Vec<i128> = result["quartiles"].as_array().expect("three of them").iter().map(number).collect();
    assert_eq!(quartiles, expected.quartiles);
    assert_eq!(result["under_30"].as_i64().map(i128::from), Some(expected.under_30));

    // Only its own rank.
    for other in EMPLOYERS {
        assert_eq!(result.get(format!("{other}_rank")).is_some(), other == employer, "{employer} sees {other}_rank");
    }
    let total = |payroll: &Payroll| payroll.iter().map(|row| row.1).sum::<i64>();
    let own = EMPLOYERS.iter().position(|e| *e == employer).expect("one of the three");
    let rank = 1 + payrolls.iter().filter(|p| total(p) > total(&payrolls[own])).count();
    assert_eq!(result[format!("{employer}_rank")].as_u64(), u64::try_from(rank).ok());
}
