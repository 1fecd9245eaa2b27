//! Functions become netlists in Bristol Fashion, netlists are called as functions, and both agree with the published vectors.

use serde_json::json;
use smpc_tests::{json, smpcc, succeed};
use std::path::Path;

const FUNCTIONS: &str = "use std::crypto::{aes128, sha256_compress};

fn add(x: secret bits<8>, y: secret bits<8>) -> secret bits<8> { x + y }

fn aes(key: secret bits<128>, block: secret bits<128>) -> secret bits<128> { aes128(key, block) }

fn compress(state: secret bits<256>, block: secret bits<512>) -> secret bits<256> {
    let (state, block) = (state as [bits<32>; 8], block as [bits<32>; 16]);
    let rows = sha256_compress([[s] for s in state], [[b] for b in block]);
    [row[0] for row in rows] as bits<256>
}

fn numbers(x: secret int) -> secret int { x + 1 }
";

const PROGRAM: &str = "circuit add(\"add.txt\") : (bits<8>, bits<8>) -> bits<8>;
circuit aes(\"aes.txt\") : (bits<128>, bits<128>) -> bits<128>;
circuit compress(\"compress.txt\") : (bits<256>, bits<512>) -> bits<256>;

party Alice, Bob;
input key: secret bits<128> from Alice;
input block: secret bits<128> from Bob;
input padded: secret bits<512> from Bob;
input xs: secret [bits<8>; 3] from Alice;
input y: secret bits<8> from Bob;

fn main() {
    output encrypted = aes(key, block) to all;
    output digest = compress(0x6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19, padded) to all;
    output sums = add(xs, y) to all;
    output mapped = map(xs, |x| add(x, y)) to all;
}
";

fn export(folder: &Path, function: &str) -> String {
    let file = folder.join(format!("{function}.txt"));
    let mut command = smpcc();
    command.args(["circuit", "export"]).arg(folder.join("functions.smpc")).arg(function).arg("-o").arg(&file);
    let _ = succeed(&mut command);
    let told = succeed(smpcc().args(["circuit", "info"]).arg(&file));
    String::from_utf8_lossy(&told.stdout).into_owned()
}

/// AES-128 of FIPS 197, C.1, and the SHA-256 digest of "abc" of FIPS 180-2, B.1, by circuits that were exported and read again.
#[test]
fn exported_circuits_agree_with_the_published_vectors() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path();
    std::fs::write(path.join("functions.smpc"), FUNCTIONS).expect("the functions");
    std::fs::write(path.join("main.smpc"), PROGRAM).expect("the program");
    let told = export(path, "add");
    assert!(told.contains("(bits<8>, bits<8>) -> bits<8>") && told.contains("depth 4"), "{told}");
    let told = export(path, "aes");
    assert!(told.contains("6800 ANDs, depth 40"), "{told}");
    let told = export(path, "compress");
    assert!(told.contains("(bits<256>, bits<512>) -> bits<256>"), "{told}");

    let padded = format!("0x61626380{:0>120}", "18");
    let inputs = [
        ("key", "0x000102030405060708090a0b0c0d0e0f"),
        ("block", "0x00112233445566778899aabbccddeeff"),
        ("padded", padded.as_str()),
        ("xs", "0x01\n0xff\n0x80"),
        ("y", "0x02"),
    ];
    for (name, rows) in inputs {
        std::fs::write(path.join(format!("{name}.csv")), format!("{name}\n{rows}\n")).expect("an input");
    }
    for protocol in ["plain", "rep3"] {
        let result = path.join("result.json");
        let mut run = smpcc();
        run.arg("run").arg(path.join("main.smpc")).args(["--protocol", protocol, "--inputs"]).arg(path);
        let _ = succeed(run.arg("--output").arg(&result));
        let given = json(&result);
        assert_eq!(given["all"]["encrypted"], json!("0x69c4e0d86a7b0430d8cdb78070b4c55a"), "{protocol}");
        let digest = "0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(given["all"]["digest"], json!(digest), "{protocol}");
        assert_eq!(given["all"]["sums"], json!(["0x03", "0x01", "0x82"]), "{protocol}");
        assert_eq!(given["all"]["mapped"], given["all"]["sums"], "{protocol}");
    }
}

#[test]
fn what_has_no_circuit_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = folder.path().join("functions.smpc");
    std::fs::write(&source, FUNCTIONS).expect("the functions");
    for (function, code) in [("numbers", "E0212"), ("nothing", "E0201")] {
        let ran = smpcc().args(["circuit", "export"]).arg(&source).arg(function).output().expect("smpcc runs");
        let told = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(ran.status.code() == Some(1) && told.contains(code), "{function}: {told}");
    }
    // A file that declares other words, or is no netlist.
    let program = folder.path().join("main.smpc");
    std::fs::write(folder.path().join("add.txt"), "1 3\n2 1 1\n1 1\n\n2 1 0 1 2 AND\n").expect("a netlist");
    for (netlist, said) in [("add.txt", "other words"), ("functions.smpc", "no netlist"), ("none.txt", "no file")] {
        let text = format!(
            "circuit add(\"{netlist}\") : (bits<8>, bits<8>) -> bits<8>;\nparty A;\ninput x: secret bits<8> from A;\n\
             fn main() {{ output y = add(x, x) to all; }}\n"
        );
        std::fs::write(&program, text).expect("the program");
        let ran = smpcc().arg("check").arg(&program).output().expect("smpcc runs");
        let told = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(ran.status.code() == Some(1) && told.contains(said), "{netlist}: {told}");
    }
}
