//! `smpcvm protocols` as it is called: all protocols, and a program under each.

use crate::make::Make;
use crate::setup::smpcvm;
use smpc_bytecode::codec;
use smpc_bytecode::module::Module;
use smpc_bytecode::op::Op;
use smpc_bytecode::types::RegType;
use smpc_protocols::registry::PROTOCOLS;
use std::path::Path;
use tempfile::TempDir;

/// A product after another, so many.
fn products(turns: i64) -> Module {
    let mut m = Make::new();
    let bit = RegType::arith(-1, 1);
    let x = m.numbers(0, bit, 3);
    let y = m.slot(bit, 3);
    m.set(Op::Copy {}, m.all(y), &[m.all(x)]);
    m.repeat(turns, |m, _| m.set(Op::Mul {}, m.all(y), &[m.all(y), m.all(x)]));
    m.output(y, None);
    m.finish()
}

/// A loop that a revealed value ends.
fn revealing() -> Module {
    let mut m = Make::new();
    let bit = RegType::arith(0, 1);
    let x = m.numbers(0, bit, 1);
    m.while_loop(|m| m.open(x, RegType::PUB_BOOL, true), |m| m.set(Op::Mul {}, m.all(x), &[m.all(x), m.all(x)]));
    m.output(x, None);
    m.finish()
}

fn folder(files: &[(&str, &Module)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, module) in files {
        std::fs::write(folder.path().join(name), codec::encode(module)).expect("a file");
    }
    folder
}

/// What is printed, and what is said beside, by a command that ends with that code.
fn ends(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let output = smpcvm().current_dir(folder).arg("protocols").args(arguments).output().expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (told, said) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}{said}");
    (told, said)
}

fn json(folder: &Path, arguments: &[&str]) -> serde_json::Value {
    let (told, _) = ends(folder, arguments, 0);
    serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}\n{told}"))
}

#[test]
fn all_protocols() {
    let folder = folder(&[]);
    let (told, said) = ends(folder.path(), &[], 0);
    let listed = |name: &str| told.lines().filter(|line| line.split(' ').next() == Some(name)).count();
    assert!(PROTOCOLS.iter().all(|spec| listed(spec.name) == 2) && said.is_empty(), "{told}{said}");
    let told = json(folder.path(), &["--json", "--parties", "5", "--threshold", "1"]);
    let shamir = told.as_array().and_then(|rows| rows.iter().find(|row| row["protocol"] == "shamir")).expect("shamir");
    assert_eq!((&shamir["parties"], &shamir["corrupted"]), (&5.into(), &1.into()));
    // Three of the five parties deal, each to three others.
    assert_eq!(shamir["gates"][0]["bits"].as_f64(), Some(128.0 * 3.0 * 3.0 / 5.0));
    let (_, said) = ends(folder.path(), &["--parties", "0"], 2);
    assert!(said.contains("no protocol for 0 parties") && said.contains("= help: "), "{said}");
}

#[test]
fn a_program_under_each_protocol() {
    let folder = folder(&[("p.smpcb", &products(1000)), ("r.smpcb", &revealing())]);
    let at = folder.path();
    let told = json(at, &["--program", "p.smpcb", "--rtt", "20", "--json"]);
    let rows = told["protocols"].as_array().expect("rows");
    assert_eq!(rows.len(), PROTOCOLS.len());
    let of = |name: &str| rows.iter().find(|row| row["protocol"] == name).expect("a row");
    // An input, a thousand products, an output; of three lanes and a header each. Only party 0 has an input.
    let rep3 = of("rep3");
    assert_eq!(rep3["rounds"], 1002);
    assert!(rep3["bytes_sent"].as_u64() > Some(1000 * (3 * 8 + 28)), "{rep3}");
    assert!(rep3["seconds"].as_f64() > Some(10.0) && rep3["peak_memory_bytes"].as_u64() > Some(1 << 20), "{rep3}");
    assert!(of("plain")["seconds"].as_f64() < Some(1.0));
    // What has a time comes first, the shortest before.
    let times: Vec<Option<f64>> = rows.iter().map(|row| row["seconds"].as_f64()).collect();
    let timed = times.iter().take_while(|time| time.is_some()).count();
    assert!(times[..timed].is_sorted() && times[timed..].iter().all(Option::is_none), "{times:?}");
    // However the network is written.
    let network = json(at, &["--program", "p.smpcb", "--network", "rtt=20ms", "--json"]);
    assert_eq!(network, told);
    let (text, _) = ends(at, &["--program", "p.smpcb", "--rtt", "20ms", "--bandwidth", "100mbit"], 0);
    assert!(text.contains("100.000 Mbit/s") && text.contains("1 curious party of 3") && !text.contains('≥'), "{text}");
    let (text, _) = ends(at, &["--program", "r.smpcb"], 0);
    assert!(text.contains('≥') && text.contains("A run may cost more"), "{text}");
}

#[test]
fn what_makes_no_sense() {
    let folder = folder(&[("p.smpcb", &products(3))]);
    std::fs::write(folder.path().join("text.smpcb"), "fn main() {}").expect("a file");
    for (arguments, code, says) in [
        (&["--program", "none.smpcb"][..], 1, "cannot read the program none.smpcb"),
        (&["--program", "text.smpcb"], 1, "this is not a .smpcb file"),
        (&["--program", "p.smpcb", "--rtt", "20m"], 2, "needs one of the units"),
        (&["--program", "p.smpcb", "--network", "20ms"], 2, "--network: "),
        (&["--program", "p.smpcb", "--parties", "2"], 2, "no protocol for 2 parties"),
    ] {
        let (told, said) = ends(folder.path(), arguments, code);
        assert!(said.contains(says) && said.contains("= help: ") && told.is_empty(), "{arguments:?}: {told}{said}");
    }
    ends(folder.path(), &["--rtt", "20ms"], 2);
    ends(folder.path(), &["--program", "p.smpcb", "--network", "rtt=20ms", "--rtt", "20ms"], 2);
}
