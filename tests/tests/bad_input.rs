//! What goes wrong at a party's own desk: a clear message, the right exit code, no result, no panic.

use smpc_tests::parties::{Parties, free_ports};
use smpc_tests::{fail, smpcc, smpcvm};
use std::path::Path;
use std::process::Command;

const TABLE: &str = "party A, B, C;
struct Row { id: int in 0..=999, pay: int in 0..=5_000, rate: fix in 0.0..=2.0, full: bool }
input rows: secret [Row; 3] from A;
input b: secret int from B;
fn main() { output total = sum(rows.pay) + b to all; }
";

const GOOD: &str = "id,pay,rate,full\n1,10,0.5,yes\n2,20,1.5,no\n3,30,2.0,1\n";

/// Runs the table program in this process with this file for `rows`; returns the command.
fn run_with(folder: &Path, rows: &[u8]) -> Command {
    std::fs::write(folder.join("main.smpc"), TABLE).expect("the source");
    std::fs::create_dir_all(folder.join("inputs")).expect("the inputs");
    std::fs::write(folder.join("inputs/b.csv"), "b\n5\n").expect("an input");
    std::fs::write(folder.join("inputs/rows.csv"), rows).expect("an input");
    let mut run = smpcc();
    run.current_dir(folder).args(["run", "main.smpc", "--in-process", "--output", "result.json"]);
    run
}

/// The message must hold every word, and no result may exist.
fn refuses(rows: &[u8], words: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let stderr = fail(&mut run_with(folder.path(), rows), 1);
    for word in words {
        assert!(stderr.contains(word), "`{word}` is missing in:\n{stderr}");
    }
    assert!(!folder.path().join("result.json").exists());
}

#[test]
fn the_good_file_is_taken() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let _ = smpc_tests::succeed(&mut run_with(folder.path(), GOOD.as_bytes()));
    assert_eq!(smpc_tests::json(&folder.path().join("result.json"))["all"]["total"], 65);
}

#[test]
fn csv_mistakes() {
    let with = |from: &str, to: &str| GOOD.replace(from, to).into_bytes();
    refuses(&with("pay", "salary"), &["rows.csv", "pay"]);
    refuses(&with("3,30,2.0,1\n", ""), &["rows.csv", "2", "3"]);
    refuses(&with("3,30,2.0,1\n", "3,30,2.0,1\n4,40,1,1\n"), &["rows.csv", "3", "4"]);
    refuses(&with("2,20", "2,many"), &["rows.csv", "pay", "many"]);
    refuses(&with("2,20", "2,5.7"), &["rows.csv", "pay", "5.7"]);
    refuses(&with("2,20", "2,5001"), &["rows.csv", "pay", "5001", "5000"]);
    refuses(&with("2,20", "2,-1"), &["rows.csv", "pay", "-1"]);
    refuses(&with("2,20", "2,"), &["rows.csv", "pay"]);
    refuses(&with("2,20", "2,99999999999999999999999"), &["rows.csv", "pay"]);
    refuses(&with("1.5,no", "2.5,no"), &["rows.csv", "rate", "2.5"]);
    refuses(&with("1.5,no", "1.5,perhaps"), &["rows.csv", "full", "perhaps"]);
    refuses(&with("2,20,1.5,no", "2,20,1.5"), &["rows.csv"]);
    refuses(b"", &["rows.csv", "empty"]);
    refuses(b"id,pay,rate,full\n1,10,0.5,\xff\xfe\n", &["rows.csv", "UTF-8"]);
}

#[test]
fn a_folder_or_nothing_instead_of_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut run = run_with(folder.path(), GOOD.as_bytes());
    std::fs::remove_file(folder.path().join("inputs/rows.csv")).expect("it was there");
    let stderr = fail(&mut run, 1);
    assert!(stderr.contains("rows"), "{stderr}");
    std::fs::create_dir(folder.path().join("inputs/rows.csv")).expect("a folder");
    let stderr = fail(&mut run, 1);
    assert!(stderr.contains("rows.csv"), "{stderr}");
}

/// An output path is tried before anything else happens.
#[test]
fn an_output_that_cannot_be_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut run = run_with(folder.path(), GOOD.as_bytes());
    run.args(["--stats", "no/such/folder/stats.json"]);
    let stderr = fail(&mut run, 1);
    assert!(stderr.contains("no/such/folder"), "{stderr}");
    assert!(!folder.path().join("result.json").exists());
}

/// What a computation has given is printed where its file cannot be written; and two files are not written over each other.
#[test]
fn results_are_not_lost() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut run = run_with(folder.path(), GOOD.as_bytes());
    std::os::unix::fs::symlink("/dev/full", folder.path().join("result.json")).expect("a link");
    let output = run.output().expect("it starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("cannot write result.json"), "{stderr}");
    assert!(stdout.contains("total  65") && stdout.contains("\"total\": 65"), "{stdout}");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut run = run_with(folder.path(), GOOD.as_bytes());
    assert!(fail(run.args(["--stats", "./result.json"]), 2).contains("a file each"));
    assert!(!folder.path().join("result.json").exists());
}

#[test]
fn hopeless_sources() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let check = |source: &str| {
        let main = folder.path().join("main.smpc");
        std::fs::write(&main, source).expect("the source");
        fail(smpcc().arg("check").arg(&main), 1)
    };
    let nested = format!("fn main() {{ let x = {}1{}; }}\n", "(".repeat(10_000), ")".repeat(10_000));
    assert!(check(&nested).contains("error[E"));
    let huge =
        "party A;\ninput x: secret [int; 1_152_921_504_606_846_976] from A;\nfn main() { output s = sum(x) to all; }\n";
    assert!(check(huge).contains("error[E"));
    std::fs::write(folder.path().join("main.smpc"), b"fn main() { let x = \xff; }").expect("the source");
    assert!(fail(smpcc().arg("check").arg(folder.path().join("main.smpc")), 1).contains("UTF-8"));
    assert!(fail(smpcc().arg("check").arg(folder.path().join("missing.smpc")), 1).contains("missing.smpc"));
}

/// An endless public loop ends at the step limit that all parties share.
#[test]
fn an_endless_loop_stops() {
    let source = "party A, B, C;\ninput x: secret int in 0..=9 from A;\nfn main() {\n    let mut i: int in 0..=1 = 0;\n    while i < 1 { i = 0; }\n    output x to all;\n}\n";
    let parties = Parties::of_source(source, 30);
    let session: String = parties
        .session()
        .lines()
        .map(|line| if line.starts_with("steps") { "steps = 100000\n".to_owned() } else { format!("{line}\n") })
        .collect();
    parties.write_session(&session);
    parties.write(0, "x.csv", "x\n5\n");
    let ended = parties.run([&["--input", "x=x.csv"], &[], &[]]);
    for (party, end) in ended.iter().enumerate() {
        assert_eq!(end.code, Some(1), "{}", end.stderr);
        assert!(end.stderr.contains("main.smpc:5"), "{}", end.stderr);
        assert!(parties.result(party).is_none());
    }
}

/// A damaged file is refused, wherever the damage is. (Every byte of a file is tried in the bytecode crate's tests.)
#[test]
fn damaged_modules() {
    let parties = Parties::of_source("party A;\ninput x: secret int from A;\nfn main() { output x to all; }\n", 30);
    let good = std::fs::read(parties.module(0)).expect("a module");
    let inspect = |bytes: &[u8]| {
        let path = parties.folder(0).join("damaged.smpcb");
        std::fs::write(&path, bytes).expect("a file");
        fail(smpcc().arg("inspect").arg(path), 1)
    };
    inspect(b"");
    inspect(b"PK\x03\x04 something else entirely");
    for at in (0..good.len()).step_by(good.len() / 16 + 1) {
        inspect(&good[..at]);
        let mut flipped = good.clone();
        flipped[at] ^= 1;
        inspect(&flipped);
    }
    let mut longer = good.clone();
    longer.push(0);
    inspect(&longer);
}

#[test]
fn command_lines_that_make_no_sense() {
    let _ = fail(smpcc().arg("compose"), 2);
    let _ = fail(smpcc().args(["run", "x.smpc", "--protocol"]), 2);
    let _ = fail(smpcvm().args(["run"]), 2);
    let _ = fail(smpcvm().args(["session", "new"]), 2);
}

#[test]
fn a_port_in_use() {
    let parties = Parties::of_source("party A;\ninput x: secret int from A;\nfn main() { output x to all; }\n", 2);
    let session = parties.session();
    let ports: Vec<u16> = session
        .lines()
        .filter(|line| line.trim_start().starts_with("address"))
        .filter_map(|line| line.trim_end().trim_end_matches('"').rsplit(':').next()?.parse().ok())
        .collect();
    assert_eq!(ports.len(), 3, "{session}");
    let _held = std::net::TcpListener::bind(("127.0.0.1", ports[0])).expect("the port is free");
    parties.write(0, "x.csv", "x\n5\n");
    let mut run = parties.command(0, &["--input", "x=x.csv"]);
    let stderr = fail(&mut run, 1);
    assert!(stderr.contains(&ports[0].to_string()), "{stderr}");
    assert_ne!(free_ports(1)[0], ports[0]);
}
