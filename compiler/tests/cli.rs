//! The compiler's command line as a user meets it: files, messages, exit codes.

use std::path::Path;
use std::process::{Command, Output};

const PROGRAM: &str = "party A, B, C;
param ROWS: int in 1..=1_000_000 = 3;
input xs: secret [int in 0..=9; ROWS] from A;
fn main() {
    let total = sum(xs);
    output total to all;
    output large = total > 10 to B;
}
";

fn smpcc(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smpcc"));
    command.current_dir(folder).args(arguments).output().expect("the command starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a command that must end with that code; returns what it printed on stdout and stderr.
fn ends(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let output = smpcc(folder, arguments);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{stdout}\n{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    (stdout, stderr)
}

fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        std::fs::write(path, text).expect("a file");
    }
    folder
}

#[test]
fn the_same_source_gives_the_same_bytes_in_any_folder() {
    let of = |folder: &Path, source: &str| -> Vec<u8> {
        ends(folder, &["compile", source, "-o", "out.smpcb"], 0);
        std::fs::read(folder.join("out.smpcb")).expect("the module")
    };
    let first = folder_with(&[("main.smpc", PROGRAM)]);
    let second = folder_with(&[("deep/inside/main.smpc", PROGRAM)]);
    let bytes = of(first.path(), "main.smpc");
    assert_eq!(bytes, of(first.path(), "main.smpc"));
    assert_eq!(bytes, of(second.path(), "deep/inside/main.smpc"));
    assert_eq!(bytes, of(second.path(), &second.path().join("deep/inside/main.smpc").to_string_lossy()));
    // No length is in the file but as a number.
    ends(first.path(), &["compile", "main.smpc", "-D", "ROWS=1000000", "-o", "large.smpcb"], 0);
    let large = std::fs::metadata(first.path().join("large.smpcb")).expect("the module").len();
    assert!(large < bytes.len() as u64 + 100, "{large} and {}", bytes.len());
}

#[test]
fn compile_says_what_it_wrote_or_writes_nothing() {
    let folder = folder_with(&[("pay/main.smpc", PROGRAM), ("bad.smpc", "fn main() { let x = ; }\n")]);
    let (_, told) = ends(folder.path(), &["compile", "pay/main.smpc"], 0);
    assert!(told.contains("pay.smpcb") && told.contains("SHA-256"), "{told}");
    assert!(folder.path().join("pay.smpcb").exists());
    let (_, told) = ends(folder.path(), &["compile", "bad.smpc", "-o", "bad.smpcb"], 1);
    assert!(told.contains("error[E0103]") && told.contains("1 error"), "{told}");
    assert!(!folder.path().join("bad.smpcb").exists());
    let (_, told) = ends(folder.path(), &["compile", "pay/main.smpc", "-o", "no/folder/x.smpcb"], 1);
    assert!(told.contains("no/folder/x.smpcb"), "{told}");
    let (_, told) = ends(folder.path(), &["compile", "missing.smpc"], 1);
    assert!(told.contains("missing.smpc"), "{told}");
    let (_, told) = ends(folder.path(), &["compile", "pay"], 1);
    assert!(told.contains("folder") && told.contains("main.smpc"), "{told}");
}

#[test]
fn params_and_lints() {
    let warns = "party A;\ninput x: secret int in 0..=9 from A;\nfn main() { output y = 5 / x to all; }\n";
    let folder = folder_with(&[("main.smpc", PROGRAM), ("warns.smpc", warns)]);
    let at = folder.path();
    ends(at, &["check", "main.smpc", "-D", "ROWS=5000"], 0);
    assert!(ends(at, &["check", "main.smpc", "-D", "ROWS=0"], 1).1.contains("E0502"));
    assert!(ends(at, &["check", "main.smpc", "-D", "ROW=5"], 1).1.contains("did you mean `ROWS`"));
    ends(at, &["check", "main.smpc", "-D", "ROWS"], 2);
    ends(at, &["check", "main.smpc", "-D", "ROWS=1", "-D", "ROWS=2"], 2);
    assert!(ends(at, &["check", "warns.smpc"], 0).1.contains("1 warning"));
    ends(at, &["check", "warns.smpc", "--deny", "zero-divisor"], 1);
    assert!(ends(at, &["check", "warns.smpc", "--deny", "no-such-lint"], 2).1.contains("zero-divisor"));
}

#[test]
fn messages_for_tools() {
    let folder =
        folder_with(&[("bad.smpc", "party A;\ninput x: secret int from A;\nfn main() { output y = z to all; }\n")]);
    let (stdout, _) = ends(folder.path(), &["check", "bad.smpc", "--format", "json"], 1);
    let all: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    let first = &all["messages"][0];
    assert_eq!(first["code"], "E0201");
    assert_eq!(first["level"], "error");
    assert_eq!(first["place"]["file"], "bad.smpc");
    assert_eq!((first["place"]["line"].as_u64(), first["place"]["column"].as_u64()), (Some(3), Some(24)));
    assert!(first["help"].is_string());
}

#[test]
fn fmt_writes_a_file_whole_or_leaves_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let ugly = "party   A ;fn main(){output x=1 to all;}// end\n";
    let folder = folder_with(&[("ugly.smpc", ugly), ("bad.smpc", "fn main() { let x = ; }\n"), ("bytes.smpc", "")]);
    let at = folder.path();
    let mode = |mode: u32| std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(at.join("ugly.smpc"), mode(0o640)).expect("a mode");
    let pretty = "party A;\nfn main() {\n    output x = 1 to all;\n} // end\n";
    let (diff, told) = ends(at, &["fmt", "--check", "ugly.smpc"], 1);
    assert!(
        diff.contains("-party   A ;") && diff.contains("+party A;") && told.contains("not formatted"),
        "{diff}{told}"
    );
    // One that does not parse stays as it is, and does not keep the others from being formatted.
    let (_, told) = ends(at, &["fmt", "bad.smpc", "ugly.smpc"], 1);
    assert!(told.contains("error[E0103]") && told.contains("bad.smpc:1:21"), "{told}");
    let read = |name: &str| std::fs::read_to_string(at.join(name)).expect("a source");
    assert_eq!((read("ugly.smpc").as_str(), read("bad.smpc").as_str()), (pretty, "fn main() { let x = ; }\n"));
    assert_eq!(std::fs::metadata(at.join("ugly.smpc")).expect("a file").permissions().mode() & 0o777, 0o640);
    assert_eq!(ends(at, &["fmt", "--check", "ugly.smpc"], 0), (String::new(), String::new()));
    std::fs::write(at.join("bytes.smpc"), b"party A;\n// \xff\n").expect("a file");
    assert!(ends(at, &["fmt", "bytes.smpc"], 1).1.contains("byte 12 on, in line 2"));
    ends(at, &["fmt"], 2);
    let mut child = Command::new(env!("CARGO_BIN_EXE_smpcc"));
    child.arg("fmt").arg("-").stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = child.spawn().expect("the command starts");
    std::io::Write::write_all(&mut child.stdin.take().expect("stdin"), ugly.as_bytes()).expect("a text goes in");
    assert_eq!(text(&child.wait_with_output().expect("the command ends").stdout), pretty);
}

#[test]
fn completions() {
    let folder = tempfile::tempdir().expect("a folder");
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let (script, _) = ends(folder.path(), &["completions", shell], 0);
        assert!(script.contains("explain") && script.contains("in-process"), "{shell}:\n{script}");
    }
    ends(folder.path(), &["completions", "cobol"], 2);
}

#[test]
fn explanations() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(ends(folder.path(), &["explain", "e0401"], 0).0.contains("clamp"));
    assert!(ends(folder.path(), &["explain", "zero-divisor"], 0).0.contains("secret zero"));
    assert!(ends(folder.path(), &["--help"], 0).0.contains("smpcc explain E0401"));
    assert!(ends(folder.path(), &["explain"], 0).0.lines().count() > 30);
    ends(folder.path(), &["explain", "E9999"], 2);
}

#[test]
fn inspect_shows_what_a_program_takes_and_gives() {
    let folder = folder_with(&[("main.smpc", PROGRAM)]);
    ends(folder.path(), &["compile", "main.smpc", "-o", "p.smpcb"], 0);
    let (shown, _) = ends(folder.path(), &["inspect", "p.smpcb"], 0);
    for wanted in
        ["SHA-256", "A gives 0..=9", "everyone learns 0..=27", "B learns", "main.smpc:5", "let total = sum(xs)"]
    {
        assert!(shown.contains(wanted), "`{wanted}` is missing in:\n{shown}");
    }
    let mut bytes = std::fs::read(folder.path().join("p.smpcb")).expect("the module");
    bytes[20] ^= 4;
    std::fs::write(folder.path().join("p.smpcb"), bytes).expect("a damaged module");
    assert!(ends(folder.path(), &["inspect", "p.smpcb"], 1).1.contains("damaged"));
    assert!(ends(folder.path(), &["inspect", "main.smpc"], 1).1.contains(".smpcb"));
}

#[test]
fn inspect_says_how_far_rounding_goes() {
    let source = "party A;\ninput x: secret fix in 0.0..=4.0 from A;\nfn main() {\n    output sum = x + 0.5 to all;\n    \
        output square = x * x to all;\n    output cheap = stochastic(x * x * x) to all;\n    \
        output chosen = if x * x > 2.0 { x } else { 1.0 } to all;\n    output n = x as int to all;\n}\n";
    let folder = folder_with(&[("main.smpc", source), ("whole.smpc", PROGRAM)]);
    ends(folder.path(), &["compile", "main.smpc", "-o", "p.smpcb"], 0);
    let (shown, _) = ends(folder.path(), &["inspect", "p.smpcb"], 0);
    let told: Vec<&str> = shown.lines().skip(2).take_while(|line| line.starts_with("//")).collect();
    let expected = [
        "// output sum: exact",
        "// output square: error at most 0.5 unit in the last place (7.7e-6)",
        "// output cheap: error at most 5 units in the last place (7.7e-5)",
        "// output chosen: error not bounded: a comparison of rounded numbers decides (main.smpc:7)",
        "// (against exact arithmetic on the same inputs)",
        "// stochastic truncation: 2 in the code, of 2 lanes; on it rests: cheap",
    ];
    assert_eq!(told, expected, "{shown}");
    // Without any `fix` there is nothing to say.
    ends(folder.path(), &["compile", "whole.smpc", "-o", "q.smpcb"], 0);
    assert!(!ends(folder.path(), &["inspect", "q.smpcb"], 0).0.contains("last place"));
}

#[test]
fn costs_are_counted_without_data() {
    let revealing = "party A;\ninput n: secret int in 0..=9 from A;\nfn main() {\n    let turns = reveal(n);\n    let mut x = n;\n    for i in 0..turns { x = max(x, n); }\n    output x to all;\n}\n";
    let folder = folder_with(&[("main.smpc", PROGRAM), ("r.smpc", revealing), ("inputs/n.csv", "5\n")]);
    let (told, _) = ends(folder.path(), &["cost", "main.smpc"], 0);
    assert!(told.contains("rep3") && told.contains("party 2") && told.contains("main.smpc:7"), "{told}");
    assert!(!told.contains('≥'), "{told}");
    let (told, _) = ends(folder.path(), &["cost", "r.smpc"], 0);
    assert!(told.contains('≥') && told.contains("--inputs"), "{told}");
    let (told, _) = ends(folder.path(), &["cost", "r.smpc", "--inputs", "inputs"], 0);
    assert!(!told.contains('≥'), "{told}");
    ends(folder.path(), &["cost", "main.smpc", "--protocol", "rep5"], 2);
    // Every protocol, over a network that is named.
    let network = ["cost", "main.smpc", "--protocol", "all", "--rtt", "20ms", "--bandwidth", "100mbit"];
    let (told, _) = ends(folder.path(), &network, 0);
    assert!(told.contains("plain\n") && told.contains("rep3\n") && told.contains("100.000 Mbit/s"), "{told}");
    let (_, told) = ends(folder.path(), &["cost", "main.smpc", "--rtt", "20"], 2);
    assert!(told.contains("rtt=20 needs one of the units") && told.contains("help"), "{told}");
}

/// Predictions rest on a calibration, which may be the user's; a page of them loads nothing.
#[test]
fn costs_are_predicted_by_a_calibration() {
    let hostile = PROGRAM.replace("party A", "// </text><script>\nparty A");
    let times = |ns: u32| {
        format!(
            r#"{{"version": 2, "machine": "<b>mine</b>", "cores": 8, "protocols": {{"rep3": {{"round": {ns}, "network_round": 0, "network_byte": 0, "process": 0, "fresh_byte": 0, "kinds": []}}}}}}"#
        )
    };
    let (slow, broken, foreign) =
        (times(1_000_000), times(1).replace("round", "rund"), times(1).replace(": 2, \"m", ": 7, \"m"));
    let files =
        [("main.smpc", hostile.as_str()), ("slow.json", &slow), ("broken.json", &broken), ("foreign.json", &foreign)];
    let folder = folder_with(&files);
    let at = folder.path();
    let (told, _) = ends(at, &["cost", "main.smpc", "--calibration", "slow.json", "--format", "json"], 0);
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    let (cost, assumes) = (&told["protocols"][0], &told["assumes"]);
    assert_eq!((&assumes["cores"], &assumes["network"]), (&8.into(), &"loopback".into()));
    // Nothing but rounds, of a millisecond each.
    let rounds = cost["parties"][0]["rounds"].as_f64().expect("rounds");
    let seconds = cost["seconds"]["total"].as_f64().expect("seconds");
    assert!(seconds <= rounds * 1.001e-3 && seconds > 1e-3, "{seconds} {rounds}");
    assert!(cost["kinds"].as_array().is_some_and(|kinds| !kinds.is_empty()), "{cost}");
    assert_eq!(cost["preprocessing"], serde_json::json!([]));
    for (file, says) in
        [("broken.json", "is no calibration"), ("foreign.json", "version 7"), ("missing.json", "cannot read")]
    {
        let (_, told) = ends(at, &["cost", "main.smpc", "--calibration", file], 1);
        assert!(told.contains(says) && told.contains("help: `smpcvm bench --calibrate"), "{told}");
    }
    let (_, told) = ends(at, &["cost", "main.smpc", "--calibration", "slow.json", "--protocol", "plain"], 1);
    assert!(told.contains("no constants for the protocol `plain`") && told.contains("help"), "{told}");
    ends(at, &["cost", "main.smpc", "--format", "html", "--calibration", "slow.json", "-o", "cost.html"], 0);
    let page = std::fs::read_to_string(at.join("cost.html")).expect("a page");
    assert!(page.contains("Time by source line") && page.contains("<svg") && page.contains("Time by kind of gate"));
    for loaded in ["<script", "<b>", "src=", "href=", "http:", "https:", "url("] {
        assert!(!page.contains(loaded), "{loaded} in {page}");
    }
}

#[test]
fn runs_take_files_from_a_folder_or_by_name() {
    let folder =
        folder_with(&[("main.smpc", PROGRAM), ("inputs/xs.csv", "1\n2\n9\n"), ("other.csv", "id,x\n1,4\n2,5\n3,6\n")]);
    let at = folder.path();
    let (told, _) = ends(at, &["run", "main.smpc", "--output", "r.json"], 0);
    assert!(told.contains("total  12") && told.contains("large  true"), "{told}");
    let json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(at.join("r.json")).expect("a result")).expect("JSON");
    assert_eq!(json, serde_json::json!({ "all": { "total": 12 }, "B": { "large": true } }));
    let (told, _) = ends(at, &["run", "main.smpc", "--in-process", "--input", "xs=other.csv:x"], 0);
    assert!(told.contains("total  15"), "{told}");
    let (_, told) = ends(at, &["run", "main.smpc", "--inputs", "nowhere"], 1);
    assert!(told.contains("xs") && told.contains("nowhere"), "{told}");
    let (_, told) = ends(at, &["run", "main.smpc", "--csv-key", "other.csv"], 1);
    assert!(told.contains("--csv-key: no input that is read here has a keyed column"), "{told}");
    ends(at, &["run", "main.smpc", "--protocol", "rep5"], 2);
    ends(at, &["run", "main.smpc", "--parties", "5"], 2);
    ends(at, &["run", "main.smpc", "--network", "fast"], 2);
    let (_, told) = ends(at, &["run", "main.smpc", "--threads", "0"], 2);
    assert!(told.contains("--threads: 0 threads for a party"), "{told}");
    for more in
        [&["--threads", "2"][..], &["--threads", "2", "--in-process"], &["--threads", "3", "--protocol", "plain"]]
    {
        let (told, _) = ends(at, &[&["run", "main.smpc"][..], more].concat(), 0);
        assert!(told.contains("total  12") && told.contains("large  true"), "{told}");
    }
    ends(at, &["run", "main.smpc", "--parties", "3", "--threshold", "1", "--network", "rtt=1ms,bandwidth=1gbit"], 0);
}

/// Every command shows an example in its help.
#[test]
fn help_has_examples() {
    let folder = tempfile::tempdir().expect("a folder");
    let commands = [
        "compile",
        "check",
        "run",
        "fmt",
        "test",
        "circuit",
        "completions",
        "explain",
        "inspect",
        "cost",
        "audit",
        "lsp",
    ];
    for command in commands {
        let (told, _) = ends(folder.path(), &[command, "--help"], 0);
        assert!(told.contains("Example") && told.contains(&format!("smpcc {command}")), "{told}");
    }
}

#[test]
fn the_passes_can_be_looked_at() {
    let folder = folder_with(&[("main.smpc", PROGRAM)]);
    let compile = |more: &[&str], code| {
        let arguments: Vec<&str> = ["compile", "main.smpc", "-o", "out.smpcb"].iter().chain(more).copied().collect();
        ends(folder.path(), &arguments, code)
    };
    let (dumped, _) = compile(&["--dump-ir", "after=source", "--dump-ir", "after=dead-2"], 0);
    let (source, last) = dumped.split_once("after dead-2:").expect("both programs");
    assert!(source.starts_with("after source:") && source.len() > last.len(), "{dumped}");
    let (nothing, times) = compile(&["--time-passes"], 0);
    assert!(nothing.is_empty());
    let lines: Vec<&str> = times.lines().collect();
    assert!(lines.iter().any(|line| line.ends_with("ms  source")), "{times}");
    assert!(lines.iter().any(|line| line.ends_with("ms  vectorise")) && times.contains("ms  in all"), "{times}");
    let (dumped, _) = compile(&["--skip-pass", "strength", "--dump-ir", "after=fold-2"], 0);
    assert!(dumped.starts_with("after fold-2:"));
    let (dumped, _) = compile(&["--skip-pass", "fold-2", "--dump-ir", "after=fold-2"], 0);
    assert_eq!(dumped, "");
    let (nothing, said) = compile(&["--explain-loops"], 0);
    assert!(nothing.is_empty());
    assert!(said.contains("the turns of every loop run at once"), "{said}");
    let source = "party A;\ninput xs: secret [int in 1..=9; 8] from A;\nfn main() {\n    let mut a = 1;\n    for x in xs {\n        a = (a * x + 1) % 7;\n    }\n    output a to all;\n}\n";
    std::fs::write(folder.path().join("main.smpc"), source).expect("a writable folder");
    let (_, said) = compile(&["--explain-loops"], 0);
    assert!(said.contains("main.smpc:5:5: turns run one after the other: for x in xs {"), "{said}");
    assert!(said.contains("a turn builds on what the one before it made\n    at main.smpc:6:"), "{said}");
    for wrong in [["--skip-pass", "folds"], ["--dump-ir", "fold"], ["--dump-ir", "after=folds"]] {
        let (_, said) = compile(&wrong, 2);
        assert!(said.contains("help: "), "{said}");
    }
}
