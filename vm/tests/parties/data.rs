//! Tables of all types of data from files to results: in the clear, among threads, and as parties with files and a key of their own.

use crate::setup::Setup;
use smpc_bytecode::codec::encode;
use smpc_bytecode::module::Module;
use smpc_bytecode::text::parse;
use smpc_protocols::registry::{PLAIN, REP3, Spec};
use smpcvm::input::{CsvKey, in_folder, read};
use smpcvm::output::{all_json, of_all};
use smpcvm::program::Program;
use smpcvm::run::cluster::in_processes;
use smpcvm::run::cost::count;
use smpcvm::run::local::in_threads;
use smpcvm::run::party::Outcome;
use smpcvm::run::{Task, stats};
use smpcvm::session::Params;
use std::path::Path;

/// Acme's table to all as it is, and whether its keys are those of Globex's; the keys of both, each with the other's pad.
const TEXT: &str = r#"
program "main.smpc"
role 0 "Acme"
role 1 "Globex"
input 0 "staff" from 0 secret: [..=4] struct "Row" {"pay" column "Pay" scale 100: maybe int(100..=9999), "arm": enum "Arm" {"Control", "Treatment"}, "id" key: bits.64, "born" date: int(-20000..=20000)}
input 1 "others" from 1 secret: [4] struct "Id" {"id" key: maybe bits.64}
input 2 "pad" from 1 public: [4] bits.64
output 0 "staff" to all: [..=4] struct "Row" {"pay": maybe int(100..=9999), "arm": enum "Arm" {"Control", "Treatment"}, "id": bits.64, "born": int(-20000..=20000)}
output 1 "apart" to 1: [4] bits.64
output 2 "padded" to 0: [4] bits.64
slot 0: bin.1[4]
slot 1: bin.1[4]
slot 2: arith(full)[4]
slot 3: arith(100..=9999)[4]
slot 4: arith(full)[4]
slot 5: arith(0..=1)[4]
slot 6: bin.64[4]
slot 7: arith(full)[4]
slot 8: arith(-20000..=20000)[4]
slot 9: bin.1[4]
slot 10: bin.64[4]
slot 11: bin.64[4]
slot 12: bin.64[4]
slot 13: bin.64[4]
file 0 "main.smpc"
site 0: 0:1:1 "input staff"
main {
  level
    s0 = input{input=0, leaf=0}() @0
    s1 = input{input=0, leaf=1}() @0
    s2 = input{input=0, leaf=2}() @0
    s4 = input{input=0, leaf=3}() @0
    s6 = input{input=0, leaf=4}() @0
    s7 = input{input=0, leaf=5}() @0
    s9 = input{input=1, leaf=0}() @0
    s10 = input{input=1, leaf=1}() @0
    s11 = input{input=2, leaf=0}() @0
  level
    s3 = prove_range(s2) @0
    s5 = prove_range(s4) @0
    s8 = prove_range(s7) @0
    s12 = xor(s6, s10) @0
    s13 = not(s11) @0
  level
    output{output=0, leaf=0}(s0) @0
    output{output=0, leaf=1}(s1) @0
    output{output=0, leaf=2}(s3) @0
    output{output=0, leaf=3}(s5) @0
    output{output=0, leaf=4}(s6) @0
    output{output=0, leaf=5}(s8) @0
    output{output=1, leaf=0}(s12) @0
    output{output=2, leaf=0}(s13) @0
}
"#;

const STAFF: &str =
    "id,arm,born,Pay\nAnn,Treatment,1970-01-02,12.34\nBob,Control,1969-12-31,\nAnn,Control,2000-03-01,99.99\n";
const OTHERS: &str = "id\nAnn\nCid\nNA\nDan\n";
const PAD: &str = "0xffffffffffffffff\n0x0\n0x0123456789abcdef\n0x8000000000000001\n";
const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

fn module() -> Module {
    parse(TEXT).expect("a module")
}

fn task(protocol: &'static Spec) -> Task {
    let program = Program::from_bytes(&encode(&module()), 1 << 30).expect("a verified program");
    Task::local(program, protocol.among(None, None).expect("its parties"), Params::default())
}

fn json(task: &Task, outcomes: &[Outcome]) -> serde_json::Value {
    let results: Vec<_> = outcomes.iter().map(|outcome| outcome.results.clone()).collect();
    let received = of_all(task.manifest(), &task.nodes, &results).expect("they agree");
    serde_json::from_str(&all_json(&received)).expect("JSON")
}

/// The files of all inputs.
fn files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, content) in [("staff.csv", STAFF), ("others.csv", OTHERS), ("pad.csv", PAD), ("csv.key", KEY)] {
        std::fs::write(folder.path().join(name), content).expect("a file");
    }
    folder
}

#[test]
fn tables_come_back_under_every_protocol() {
    let folder = files();
    let key = CsvKey::load(&folder.path().join("csv.key"), &|_| ()).expect("a key");
    let of = |protocol: &'static Spec| {
        let task = task(protocol);
        let files = in_folder(task.manifest(), folder.path(), &[]).expect("all are there");
        let inputs = read(task.manifest(), |_| true, &files, Some(&key)).expect("they read");
        let outcomes = in_threads(&task, &inputs, None).expect("a run");
        (json(&task, &outcomes), outcomes)
    };
    let (clear, _) = of(&PLAIN);
    let rows = clear["all"]["staff"].as_array().expect("a table");
    // The first digits of HMAC-SHA256, which `openssl dgst -sha256 -mac HMAC -macopt hexkey:…` prints, too.
    let (ann, bob) = ("0x608ba0927299a0f2", "0x4efbbf79f3f59f39");
    let row = |pay: serde_json::Value, arm: &str, id: &str, born: i64| serde_json::json!({ "pay": pay, "arm": arm, "id": id, "born": born });
    assert_eq!(
        *rows,
        [
            row(1234.into(), "Treatment", ann, 1),
            row(serde_json::Value::Null, "Control", bob, -1),
            row(9999.into(), "Control", ann, 11_017),
        ]
    );
    // Ann is Ann for both.
    assert_eq!(clear["Globex"]["apart"][0], "0x0000000000000000");
    assert_ne!(clear["Globex"]["apart"][1], "0x0000000000000000");
    assert_eq!(clear["Globex"]["apart"][2], ann);
    let padded =
        serde_json::json!(["0x0000000000000000", "0xffffffffffffffff", "0xfedcba9876543210", "0x7ffffffffffffffe"]);
    assert_eq!(clear["Acme"]["padded"], padded);
    let (shared, outcomes) = of(&REP3);
    assert_eq!(clear, shared);
    // What is predicted is what was sent, also for a public word.
    let cost = count(&task(&REP3), None).expect("a count");
    for (outcome, predicted) in outcomes.iter().zip(&cost.parties) {
        assert_eq!((outcome.stats.rounds, &outcome.stats.sent), (predicted.rounds, &predicted.sent));
    }
    // Processes get the key from who starts them.
    let task = task(&REP3);
    let files = in_folder(task.manifest(), folder.path(), &[]).expect("all are there");
    let executable = Path::new(env!("CARGO_BIN_EXE_smpcvm"));
    let processes = in_processes(executable, &task, &files, Some(&key), None).expect("a run");
    assert_eq!(json(&task, &processes), clear);
    // So many digits of the key that no time is written with the same ones.
    let told = stats::all_json(&processes.into_iter().map(|process| process.stats).collect::<Vec<_>>());
    assert!(!told.contains(&KEY[2..18]));
}

#[test]
fn parties_share_a_key() {
    let setup = Setup::new(&module(), &["--silence", "20"]);
    setup.write(0, "staff.csv", STAFF);
    setup.write(1, "others.csv", OTHERS);
    setup.write(1, "pad.csv", PAD);
    (0..2).for_each(|party| setup.write(party, "csv.key", KEY));
    let acme: &[&str] = &["--input", "staff=staff.csv", "--csv-key", "csv.key"];
    let globex: &[&str] = &["--input", "others=others.csv", "--input", "pad=pad.csv", "--csv-key", "csv.key"];
    for output in setup.run([acme, globex, &[]]) {
        let told = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{told}");
        assert!(told.contains("staff") && !told.contains("00010203"), "{told}");
    }
    assert_eq!(setup.json(1, "result.json").expect("results")["apart"][0], "0x0000000000000000");

    // Without one, or with something else, nothing starts.
    let fails_at = |party: usize, more: &[&str], words: &[&str]| {
        let output = setup.command(party, more).output().expect("it starts");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        words.iter().for_each(|word| assert!(stderr.contains(word), "`{word}` is missing in:\n{stderr}"));
    };
    let fails = |more: &[&str], words: &[&str]| fails_at(0, more, words);
    fails(&acme[..2], &["staff.csv: has a column", "there is no key", "openssl rand -hex 32", "--csv-key csv.key"]);
    fails(&[acme[0], acme[1], "--csv-key", "no.key"], &["--csv-key: no.key cannot be read", "openssl rand -hex 32"]);
    fails(&[acme[0], acme[1], "--csv-key", "staff.csv"], &["--csv-key: staff.csv holds no key"]);
    // A node without keyed columns has no use for the key, and should not have it.
    setup.write(2, "csv.key", KEY);
    fails_at(
        2,
        &["--csv-key", "csv.key"],
        &["--csv-key: no input that is read here has a keyed column", "leave it out"],
    );
}
