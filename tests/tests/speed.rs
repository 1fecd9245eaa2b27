//! A plain loop takes no more rounds than the vector operations that an expert writes, however it is written, and gives the same outputs.

use smpc_bytecode::codec;
use smpc_tests::speed::{self, EXPERT, ROWS};
use smpc_tests::{json, smpcc, succeed};
use std::collections::BTreeMap;

/// Rounds at full size: they depend on the optimiser alone, so that no time is measured here.
#[test]
fn loops_take_the_rounds_of_vectors() {
    for row in ROWS {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut rounds = BTreeMap::new();
        for (form, path) in row.forms() {
            let counted = succeed(smpcc().arg("cost").arg(&path).args(["--format", "json"]));
            let counted: serde_json::Value = serde_json::from_slice(&counted.stdout).expect("cost prints JSON");
            let of = counted["protocols"][0]["parties"][0]["rounds"].as_u64().expect("rounds");
            rounds.insert(form, of);
        }
        let expert = rounds[EXPERT] as f64;
        for (form, rounds) in &rounds {
            let ratio = *rounds as f64 / expert;
            assert!(ratio <= row.rounds, "{} {form}: {rounds} rounds, {ratio:.2} times the expert's", row.name);
        }
        drop(folder);
    }
}

/// Outputs at a small size, under both protocols.
#[test]
fn forms_agree() {
    for row in ROWS {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let forms = row.forms();
        assert!(forms.iter().any(|(form, _)| form == EXPERT) && forms.len() > 1, "{}", row.name);
        let small = [("N", "12".to_owned())];
        let inputs = speed::inputs(&speed::module(&forms[0].1, &small), folder.path());
        let result = folder.path().join("result.json");
        let mut expected = None;
        for protocol in ["plain", "rep3"] {
            for (form, path) in &forms {
                let mut command = smpcc();
                command.arg("run").arg(path).args(["-D", "N=12", "--in-process", "--protocol", protocol]);
                let _ = succeed(command.args(&inputs).arg("--output").arg(&result));
                let outputs = json(&result);
                assert_eq!(*expected.get_or_insert_with(|| outputs.clone()), outputs, "{} {form} {protocol}", row.name);
            }
        }
    }
}

/// A file does not grow with the length of what it computes on.
#[test]
fn files_do_not_grow_with_lengths() {
    for row in ROWS.iter().filter(|row| row.name != "quartiles") {
        for (form, path) in row.forms() {
            let bytes = |n: u64| {
                let module = speed::module(&path, &[("N", n.to_string())]);
                codec::encode(&module).len()
            };
            let (small, large) = (bytes(40), bytes(160));
            assert!(large < small * 2, "{} {form}: {small} bytes, then {large}", row.name);
        }
    }
}
