//! Runs that succeed, and runs that end otherwise with the right code and the right words.

use crate::make::Make;
use crate::setup::{Setup, smpcvm};
use smpc_bytecode::module::Module;
use smpc_bytecode::op::Op;
use smpc_bytecode::types::RegType;
use smpc_protocols::registry::REP3;
use smpcvm::program::Program;
use smpcvm::run::cluster::in_processes;
use smpcvm::run::cost::count;
use smpcvm::run::local::in_threads;
use smpcvm::run::{Task, stats};
use smpcvm::session::Params;
use std::path::Path;
use std::process::Output;

const SMALL: RegType = RegType::arith(-100, 100);

/// Σ x·y over ten values of A and B to all, the product of the first values to C, and a check that every x is below 90.
fn program() -> Module {
    let mut m = Make::new();
    let (x, y) = (m.numbers(0, SMALL, 10), m.numbers(1, SMALL, 10));
    let limit = m.constant(RegType::pub_int(90, 90), &[90; 10]);
    let small = m.make(Op::Lt {}, RegType::BIN_BOOL, 10, &[m.all(x), m.all(limit)]);
    let message = m.message("x is too large");
    let check = m.gate(Op::Check { message }, None, &[m.all(small)]);
    m.entry(check);
    let sum = m.make(Op::Dot { len: 10 }, RegType::arith(-100_000, 100_000), 1, &[m.all(x), m.all(y)]);
    let product = m.make(Op::Mul {}, RegType::arith(-10_000, 10_000), 10, &[m.all(x), m.all(y)]);
    m.output(sum, None);
    m.output(product, Some(2));
    m.finish()
}

const X: &str = "x0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n";
const Y: &str = "[10, 20, 30, 40, 50, 60, 70, 80, 90, 100]";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn ended(output: &Output, code: i32, words: &[&str]) {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "`{word}` is missing in:\n{stderr}");
    }
}

fn with_inputs(setup: &Setup) -> Vec<Output> {
    setup.write(0, "x.csv", X);
    setup.write(1, "y.json", Y);
    setup.run([&["--input", "x0=x.csv"], &["--input", "x1=y.json"], &[]])
}

#[test]
fn three_parties() {
    let module = program();
    let setup = Setup::new(&module, &["--silence", "20"]);
    for output in with_inputs(&setup) {
        let hash = smpcvm::session::hex(&smpc_bytecode::codec::hash(&smpc_bytecode::codec::encode(&module)));
        ended(&output, 0, &["semi-honest", "A: party 0", "y0 to all; y1 to C", &hash]);
        assert!(text(&output.stdout).starts_with("y0  [3850]\n"), "{}", text(&output.stdout));
    }
    assert_eq!(setup.json(0, "result.json"), Some(serde_json::json!({ "y0": [3850] })));
    let products: Vec<i64> = (1..=10).map(|i| i * i * 10).collect();
    assert_eq!(setup.json(2, "result.json"), Some(serde_json::json!({ "y0": [3850], "y1": products })));
    // What is reported is what was predicted.
    let program = Program::from_bytes(&smpc_bytecode::codec::encode(&module), 1 << 30).expect("a program");
    let cost = count(&Task::local(program, REP3.among(None, None).expect("three parties"), Params::default()), None)
        .expect("a count");
    assert!(!cost.at_least);
    for party in 0..3 {
        let stats = setup.json(party, "stats.json").expect("statistics");
        assert_eq!(stats["rounds"], cost.parties[party].rounds);
        assert_eq!(stats["bytes_sent"], cost.parties[party].sent.iter().sum::<u64>());
        assert_eq!(stats["peers"].as_array().map(Vec::len), Some(2));
        let sum = |field: &str| (0..2).map(|peer| stats["peers"][peer][field].as_u64().expect("a number")).sum::<u64>();
        assert_eq!(stats["bytes_sent"], sum("bytes_sent"));
        assert!(sum("wire_bytes_sent") > sum("bytes_sent") && sum("wire_bytes_received") > sum("bytes_received"));
        assert!(stats["peak_memory_bytes"].as_u64() > Some(1 << 20) && stats["seconds"]["run"].as_f64() > Some(0.0));
    }
    let lines: Vec<u32> = cost.lines.iter().map(|line| line.line).collect();
    assert_eq!(lines.first(), Some(&6), "the comparison costs most: {lines:?}");
    let json: serde_json::Value = serde_json::from_str(&cost.json().render()).expect("JSON");
    assert_eq!((&json["protocol"], &json["at_least"]), (&"rep3".into(), &false.into()));
    assert_eq!(json["parties"][2]["rounds"], cost.parties[2].rounds);
}

#[test]
fn a_failing_check_ends_all() {
    let setup = Setup::new(&program(), &["--silence", "20"]);
    setup.write(0, "x.csv", X.replace("10", "91"));
    setup.write(1, "y.json", Y);
    for (party, output) in setup.run([&["--input", "x0=x.csv"], &["--input", "x1=y.json"], &[]]).iter().enumerate() {
        ended(output, 1, &["error: x is too large", "main.smpc:7", "line 7"]);
        assert!(setup.json(party, "result.json").is_none() && setup.json(party, "stats.json").is_none());
    }
}

/// A file that cannot be written at the end costs an exit code, and no result.
#[test]
fn results_are_not_lost_to_a_full_disk() {
    let setup = Setup::new(&program(), &["--silence", "20"]);
    for (party, name) in [(0, "result.json"), (1, "stats.json")] {
        std::os::unix::fs::symlink("/dev/full", setup.folder(party).join(name)).expect("a link");
    }
    let outputs = with_inputs(&setup);
    let told = "No space left on device";
    ended(&outputs[0], 1, &["cannot write result.json", told, "the results are printed"]);
    assert_eq!(text(&outputs[0].stdout), "y0  [3850]\n{\n  \"y0\": [3850]\n}\n");
    ended(&outputs[1], 1, &["cannot write stats.json", told]);
    assert_eq!(text(&outputs[1].stdout), "y0  [3850]\n");
    assert_eq!(setup.json(1, "result.json"), Some(serde_json::json!({ "y0": [3850] })));
    ended(&outputs[2], 0, &[]);
}

#[test]
fn another_program_and_another_session() {
    let setup = Setup::new(&program(), &["--silence", "20"]);
    let mut other = program();
    other.manifest.outputs[0].name = "z".into();
    setup.write(2, "p.smpcb", smpc_bytecode::codec::encode(&other));
    for output in with_inputs(&setup) {
        ended(&output, 1, &["module"]);
    }
    let setup = Setup::new(&program(), &["--silence", "20"]);
    let session = std::fs::read_to_string(setup.folder(1).join("session.toml")).expect("a session");
    setup.write(1, "session.toml", session.replace("steps = 1000000000", "steps = 77"));
    for output in with_inputs(&setup) {
        ended(&output, 1, &["steps", "77", "1000000000"]);
    }
}

/// Found before anything is started: nobody else runs here.
#[test]
fn mistakes_at_the_own_desk() {
    let setup = Setup::new(&program(), &["--silence", "20"]);
    setup.write(0, "x.csv", X);
    let fails = |more: &[&str], words: &[&str]| {
        let output = setup.command(0, more).output().expect("it starts");
        ended(&output, 1, words);
    };
    fails(&[], &["no file for the input `x0` of A", "--input x0=FILE"]);
    fails(&["--input", "x0=x.csv", "--input", "x1=x.csv"], &["`x1` is B's"]);
    fails(&["--input", "x0=y.csv"], &["y.csv: cannot be read"]);
    setup.write(0, "bad.csv", X.replace("10", "5.7"));
    fails(&["--input", "x0=bad.csv"], &["bad.csv:11: column `x0`: `5.7` is not a whole number", "-100..=100"]);
    fails(&["--input", "x0=x.csv", "--identity", "you.key"], &["you."]);
    let usage = |more: &[&str]| setup.command(0, more).output().expect("it starts").status.code();
    assert_eq!(usage(&["--input", "x0"]), Some(2));
    assert_eq!(usage(&["--network", "slow"]), Some(2));
    assert_eq!(usage(&["--colour"]), Some(2));
    // Paths are tried first of all.
    let mut run = smpcvm();
    run.current_dir(setup.folder(0)).args(["run", "p.smpcb", "--session", "session.toml", "--party", "0"]);
    let output = run.args(["--output", "no/such/result.json"]).output().expect("it starts");
    ended(&output, 1, &["no/such/result.json"]);
    let mut run = smpcvm();
    run.current_dir(setup.folder(0)).args(["run", "p.smpcb", "--session", "session.toml", "--party", "0"]);
    let output = run.args(["--output", "same.json", "--stats", "./same.json"]).output().expect("it starts");
    ended(&output, 2, &["same.json", "a file each"]);
    let run = |arguments: &[&str]| {
        smpcvm().current_dir(setup.folder(0)).arg("run").args(arguments).output().expect("it starts")
    };
    ended(&run(&["p.smpcb", "--session", "session.toml", "--party", "3"]), 1, &["no party 3"]);
    ended(&run(&["p.smpcb", "--session", "none.toml", "--party", "0"]), 1, &["none.toml"]);
    ended(&run(&["q.smpcb", "--session", "session.toml", "--party", "0"]), 1, &["q.smpcb"]);
    setup.write(0, "q.smpcb", format!("SMPCB{}", char::from(smpc_bytecode::codec::VERSION)));
    ended(&run(&["q.smpcb", "--session", "session.toml", "--party", "0"]), 1, &["q.smpcb", "ends too early"]);
}

#[test]
fn a_pinned_program() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("pinned.smpcb");
    std::fs::write(&file, smpc_bytecode::codec::encode(&Make::new().finish())).expect("a file");
    let setup = Setup::new(&program(), &["--pin", &file.display().to_string()]);
    setup.write(0, "x.csv", X);
    let output = setup.command(0, &["--input", "x0=x.csv"]).output().expect("it starts");
    ended(&output, 1, &["the session is for the program"]);
}

fn task() -> Task {
    let program = Program::from_bytes(&smpc_bytecode::codec::encode(&program()), 1 << 30).expect("a program");
    Task::local(program, REP3.among(None, None).expect("three parties"), Params::default())
}

/// All parties on this machine: as threads and as processes of the same executable, with the same results and counters.
#[test]
fn all_parties_at_once() {
    let task = task();
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("x0.csv"), X).expect("a file");
    std::fs::write(folder.path().join("x1.json"), Y).expect("a file");
    let files = smpcvm::input::in_folder(task.manifest(), folder.path(), &[]).expect("all are there");
    let inputs = smpcvm::input::read(task.manifest(), |_| true, &files, None).expect("they read");
    let threads = in_threads(&task, &inputs, None).expect("a run");
    let executable = Path::new(env!("CARGO_BIN_EXE_smpcvm"));
    let processes =
        in_processes(executable, &task, &files, None, Some("rtt=1ms".parse().expect("a network"))).expect("a run");
    for (thread, process) in threads.iter().zip(&processes) {
        assert_eq!((&thread.results, thread.stats.rounds), (&process.results, process.stats.rounds));
        assert_eq!(thread.stats.sent, process.stats.sent);
    }
    let results: Vec<_> = processes.iter().map(|outcome| outcome.results.clone()).collect();
    let received = smpcvm::output::of_all(task.manifest(), &task.nodes, &results).expect("they agree");
    let json: serde_json::Value = serde_json::from_str(&smpcvm::output::all_json(&received)).expect("JSON");
    assert_eq!(json["all"]["y0"][0], 3850);
    assert_eq!(json["C"]["y1"][9], 1000);
    let stats: Vec<_> = processes.into_iter().map(|outcome| outcome.stats).collect();
    let stats: serde_json::Value = serde_json::from_str(&stats::all_json(&stats)).expect("JSON");
    assert_eq!(stats["parties"].as_array().map(Vec::len), Some(3));
    assert_eq!(stats["parties"][1]["rounds"], threads[1].stats.rounds);
}

/// Vectors long enough to be worth several threads: products, their sum, and how many of A's values are below B's.
fn long_program() -> Module {
    const LANES: u64 = 50_000;
    let mut m = Make::new();
    let (x, y) = (m.numbers(0, SMALL, LANES), m.numbers(1, SMALL, LANES));
    let product = m.make(Op::Mul {}, RegType::arith(-10_000, 10_000), LANES, &[m.all(x), m.all(y)]);
    let dot = m.make(Op::Dot { len: 50_000 }, RegType::arith(-500_000_000, 500_000_000), 1, &[m.all(x), m.all(y)]);
    let less = m.make(Op::Lt {}, RegType::BIN_BOOL, LANES, &[m.all(x), m.all(y)]);
    m.output(product, None);
    m.output(dot, None);
    m.output(less, Some(2));
    m.finish()
}

/// How many threads each party has is its own affair: the same results, rounds and bytes, over links and in the clear, also where they differ.
#[test]
fn threads_change_nothing_but_time() {
    let setup = Setup::new(&long_program(), &[]);
    let column = |name: &str, of: &dyn Fn(u64) -> u64| {
        (0..50_000).fold(format!("{name}\n"), |text, i| format!("{text}{}\n", of(i).cast_signed() - 100))
    };
    setup.write(0, "x.csv", column("x0", &|i| i * i % 201));
    setup.write(1, "y.csv", column("x1", &|i| i * 7 % 201));
    let run = |threads: [&str; 3]| -> Vec<_> {
        let ended = setup.run([
            &["--input", "x0=x.csv", "--threads", threads[0]],
            &["--input", "x1=y.csv", "--threads", threads[1]],
            &["--threads", threads[2]],
        ]);
        let seen = ended.iter().enumerate().map(|(party, output)| {
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
            let stats = setup.json(party, "stats.json").expect("stats");
            // How many bytes encryption adds depends on how a message was cut on its way.
            let peers = stats["peers"].as_array().expect("peers").iter();
            let bytes: Vec<_> =
                peers.map(|peer| [peer["bytes_sent"].clone(), peer["bytes_received"].clone()]).collect();
            (setup.json(party, "result.json").expect("a result"), stats["rounds"].clone(), bytes)
        });
        seen.collect()
    };
    let alone = run(["1"; 3]);
    assert_eq!(alone[0].0["y1"][0], (0..50_000_i64).map(|i| (i * i % 201 - 100) * (i * 7 % 201 - 100)).sum::<i64>());
    // No `assert_eq`, which would print all lanes.
    assert!(alone == run(["2"; 3]), "with two threads each");
    assert!(alone == run(["3", "1", "2"]), "with different numbers of threads");
}

#[test]
fn numbers_of_threads_that_no_machine_has() {
    let setup = Setup::new(&program(), &[]);
    for (threads, words) in [("0", "a party needs at least one"), ("1000000", "the most are 1024")] {
        let output = setup.command(2, &["--threads", threads]).output().expect("it starts");
        ended(&output, 2, &["--threads", words, "help: "]);
        let output = smpcvm().args(["bench", "--job", "no such", "--threads", threads]).output().expect("it starts");
        ended(&output, 2, &["--threads", words]);
    }
}

/// What is wrong is said once, whoever says it.
#[test]
fn all_parties_fail_at_once() {
    let task = task();
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("x0.csv"), X.replace("10", "91")).expect("a file");
    std::fs::write(folder.path().join("x1.json"), Y).expect("a file");
    let files = smpcvm::input::in_folder(task.manifest(), folder.path(), &[]).expect("all are there");
    let executable = Path::new(env!("CARGO_BIN_EXE_smpcvm"));
    let inputs = smpcvm::input::read(task.manifest(), |_| true, &files, None).expect("they read");
    let failures = in_threads(&task, &inputs, None).expect_err("a stop");
    assert_eq!(failures, in_processes(executable, &task, &files, None, None).expect_err("a stop"));
    assert!(failures.len() == 1 && failures[0].message.starts_with("x is too large"), "{failures:?}");
    std::fs::write(folder.path().join("x1.json"), "[1]").expect("a file");
    let failures = in_processes(executable, &task, &files, None, None).expect_err("a bad input");
    assert!(failures.len() == 1 && failures[0].message.contains("has 1 value"), "{failures:?}");
    let failures = in_processes(Path::new("/bin/true"), &task, &files, None, None).expect_err("no party");
    assert!(failures[0].message.contains("ended without a result"), "{failures:?}");
}

#[test]
fn help_shows_an_example_for_each_command() {
    for command in [&["run"][..], &["identity", "new"], &["session", "new"], &["bench"], &["protocols"]] {
        let output = smpcvm().args(command).arg("--help").output().expect("it starts");
        assert!(output.status.success());
        assert!(
            text(&output.stdout).contains(&format!("Example:\n  smpcvm {}", command.join(" "))),
            "{}",
            text(&output.stdout)
        );
    }
    for command in [&[][..], &["run"], &["session", "new"], &["identity"], &["no"]] {
        assert_eq!(smpcvm().args(command).output().expect("it starts").status.code(), Some(2), "{command:?}");
    }
}

/// The benchmark starts itself, and its rows read.
#[test]
fn bench() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut bench = smpcvm();
    bench.current_dir(folder.path()).args(["bench", "--job", "inner product", "--job", "start", "--json", "b.json"]);
    let output = bench.output().expect("it starts");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).lines().count() == 3, "{}", text(&output.stdout));
    let rows = crate::setup::read_json(&folder.path().join("b.json")).expect("rows");
    assert_eq!((&rows[0]["job"], &rows[0]["rounds"]), (&"inner product".into(), &1.into()));
    assert!(rows[1]["seconds"].as_f64() > Some(0.0) && rows[1]["bytes_per_party"].as_u64() > Some(0));
    let status = |arguments: &[&str]| smpcvm().arg("bench").args(arguments).output().expect("it starts").status.code();
    assert_eq!(status(&["--protocol", "plain"]), Some(1));
    assert_eq!(status(&["--json", "no/such/b.json"]), Some(1));
}
