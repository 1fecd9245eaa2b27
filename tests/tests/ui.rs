//! What a user sees for a mistake: each `ui/NAME.smpc` with the messages in `ui/NAME.txt`. With `BLESS=1` in the environment the messages are
//! written instead; read them as a user would before you commit them.

use smpc_tests::project;
use smpcc_core::diagnostics::{Code, Diagnostic};
use smpcc_core::{Request, compile};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

fn sources() -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut folders = vec![project().join("tests/ui")];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(folder).expect("tests/ui exists");
        for path in entries.map(|entry| entry.expect("a readable folder").path()) {
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(extension) if extension == "smpc" => all.push(path),
                _ => {}
            }
        }
    }
    all.sort();
    all
}

/// There are at least so many mistakes whose messages were read.
#[test]
fn many_mistakes_are_known() {
    assert!(sources().len() >= 200, "{}", sources().len());
}

fn diagnose(text: &str, defines: &[(&str, &str)], modules: &[(&str, &str)]) -> (String, Vec<Diagnostic>) {
    let defines: BTreeMap<String, String> = defines.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let loader = |name: &str| modules.iter().find(|(own, _)| *own == name).map(|(_, text)| (*text).to_owned());
    let compiled = compile(&Request { defines, loader: &loader, ..Request::new("main.smpc", text) });
    assert_eq!(compiled.module.is_some(), !compiled.diagnostics.iter().any(Diagnostic::is_error));
    (compiled.render(), compiled.diagnostics)
}

#[test]
fn messages_are_those_that_were_read() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for source in sources() {
        let text = std::fs::read_to_string(&source).expect("a source");
        let (found, diagnostics) = diagnose(&text, &[], &[]);
        assert!(!diagnostics.is_empty(), "{}: nothing is wrong with it", source.display());
        // Every message says what to write.
        for diagnostic in &diagnostics {
            assert!(diagnostic.help.is_some(), "{}: no help: {}", source.display(), diagnostic.message);
        }
        let expected = source.with_extension("txt");
        if bless {
            std::fs::write(&expected, &found).expect("the messages");
        } else if std::fs::read_to_string(&expected).ok().as_ref() != Some(&found) {
            wrong.push(format!("{}:\n{found}", source.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every code has a source that gives it.
#[test]
fn every_code_is_seen() {
    let mut seen: BTreeSet<Code> = BTreeSet::new();
    for source in sources() {
        let text = std::fs::read_to_string(&source).expect("a source");
        seen.extend(diagnose(&text, &[], &[]).1.iter().map(|diagnostic| diagnostic.code));
    }
    // Those that a single file cannot give are below; a source that gives `Lost` shows a mistake of the compiler.
    assert!(!seen.contains(&Code::Lost));
    seen.extend([Code::UnknownParam, Code::ImportCycle, Code::Lost]);
    let missing: Vec<&str> = Code::ALL.iter().filter(|code| !seen.contains(code)).map(|code| code.as_str()).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn defines() {
    let text = "param ROWS: int in 1..=100 = 5;\nfn main() { output x = ROWS to all; }\n";
    let codes = |defines: &[(&str, &str)]| -> Vec<Code> {
        diagnose(text, defines, &[]).1.iter().map(|diagnostic| diagnostic.code).collect()
    };
    assert_eq!(codes(&[("ROWS", "7")]), []);
    assert_eq!(codes(&[("ROW", "7")]), [Code::UnknownParam]);
    for bad in ["0", "101", "-1", "many", "5.5", "true", "", "1e3", "7 8"] {
        assert_eq!(codes(&[("ROWS", bad)]), [Code::BadParam], "{bad}");
    }
}

#[test]
fn modules_are_files() {
    let helpers = "const K = 3;\nfn scale<const N>(xs: secret [int; N]) -> secret [int; N] { xs * K }\n";
    let main = "use helpers::*;\nparty A;\ninput xs: secret [int in 0..=9; 2] from A;\nfn main() { output y = sum(scale(xs)) to all; }\n";
    let (told, diagnostics) = diagnose(main, &[], &[("helpers", helpers)]);
    assert_eq!(diagnostics, [], "{told}");
    let (_, diagnostics) = diagnose(
        "use a::f;\nfn main() { }\n",
        &[],
        &[("a", "use b::g;\nfn f() { }\n"), ("b", "use a::f;\nfn g() { }\n")],
    );
    assert_eq!(diagnostics.first().map(|d| d.code), Some(Code::ImportCycle));
    // Names that start with `_` belong to their module.
    let helpers = "fn _half(x: int) -> int { x / 2 }\nfn quarter(x: int) -> int { _half(_half(x)) }\n";
    let using = |names: &str, call: &str| {
        let main = format!("use helpers::{names};\nfn main() {{ output y = {call} to all; }}\n");
        diagnose(&main, &[], &[("helpers", helpers)]).1.iter().map(|d| d.code).collect::<Vec<_>>()
    };
    assert_eq!(using("*", "quarter(8)"), []);
    assert_eq!(using("*", "_half(8)"), [Code::UnknownName]);
    assert_eq!(using("_half", "3"), [Code::UnknownName]);
}

/// The same mistakes are told in the same order, each once.
#[test]
fn messages_are_stable_and_without_duplicates() {
    for source in sources() {
        let text = std::fs::read_to_string(&source).expect("a source");
        let (first, diagnostics) = diagnose(&text, &[], &[]);
        assert_eq!(first, diagnose(&text, &[], &[]).0);
        for (i, one) in diagnostics.iter().enumerate() {
            let twice = diagnostics[..i].iter().any(|other| other.code == one.code && other.primary.0 == one.primary.0);
            assert!(!twice, "{}: {}", source.display(), one.message);
        }
    }
}
