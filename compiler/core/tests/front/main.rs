//! The front end: programs of the project compile to modules that verify, and mistakes are told as they should be.

use smpcc_core::{Compiled, Request, compile};
use std::collections::BTreeMap;

fn compile_with(text: &str, defines: &[(&str, &str)]) -> Compiled {
    let defines: BTreeMap<String, String> = defines.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    compile(&Request { defines, ..Request::new("main.smpc", text) })
}

#[test]
fn programs_compile_and_verify() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../programs/");
    for name in ["millionaires", "inner_product", "auction", "salary_benchmark", "clinical_pool"] {
        let text = std::fs::read_to_string(format!("{root}{name}/main.smpc")).expect("a program");
        let start = std::time::Instant::now();
        let compiled = compile_with(&text, &[]);
        eprintln!("{name}: {:?}\n{}", start.elapsed(), compiled.render());
        let module = compiled.module.unwrap_or_else(|| panic!("{name} does not compile"));
        if let Err(error) = smpc_bytecode::verify::verify(module, &smpc_bytecode::verify::Limits::default()) {
            panic!("{name}: {error}");
        }
    }
}

/// Sources of the project with words taken out, doubled and exchanged: whatever comes of it, nothing panics, and no module comes out of a
/// program with an error.
#[test]
fn damaged_sources_do_not_panic() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
    let mut texts = Vec::new();
    for folder in ["programs", "tests/ui", "stdlib"] {
        for entry in std::fs::read_dir(format!("{root}{folder}")).expect("a folder") {
            let path = entry.expect("a readable folder").path();
            let path = if path.is_dir() { path.join("main.smpc") } else { path };
            if path.is_file() && path.extension().is_some_and(|extension| extension == "smpc") {
                texts.push(std::fs::read_to_string(path).expect("a source"));
            }
        }
    }
    texts.sort();
    let mut seed = 1_u64;
    let mut below = |n: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % n.max(1)
    };
    let mut all_words: Vec<String> = Vec::new();
    for text in &texts {
        all_words.extend(words(text));
    }
    for text in &texts {
        let original = words(text);
        for _ in 0..50 {
            let mut changed = original.clone();
            for _ in 0..1 + below(3) {
                let at = below(changed.len());
                match below(4) {
                    0 => drop(changed.remove(at)),
                    1 => changed.insert(at, changed[at].clone()),
                    2 => changed[at] = all_words[below(all_words.len())].clone(),
                    _ => {
                        let other = below(changed.len());
                        changed.swap(at, other);
                    }
                }
                if changed.is_empty() {
                    break;
                }
            }
            let compiled = compile_with(&changed.concat(), &[]);
            let wrong = compiled.diagnostics.iter().any(smpcc_core::diagnostics::Diagnostic::is_error);
            assert_eq!(compiled.module.is_none(), wrong);
            if let Some(module) = compiled.module {
                let verified =
                    smpc_bytecode::verify::verify(module, &smpc_bytecode::verify::Limits { memory: u64::MAX });
                verified.unwrap_or_else(|error| panic!("{error}\n{}", changed.concat()));
            }
        }
    }
}

/// Words, numbers and signs, white space with the word before it.
fn words(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut last = ' ';
    for c in text.chars() {
        let joins = c.is_whitespace() || (c.is_alphanumeric() || c == '_') && (last.is_alphanumeric() || last == '_');
        match out.last_mut() {
            Some(word) if joins => word.push(c),
            _ => out.push(c.to_string()),
        }
        last = c;
    }
    out
}

/// Long chains of operators and deep calls end in a message or compile, on a stack of the size that the command line gives.
#[test]
fn deep_programs() {
    let chain = format!("fn main() {{ let x = {}1; output y = x to all; }}\n", "1 + ".repeat(100_000));
    let calls: String = (1..3_000).map(|i| format!("fn f{i}(x: int) -> int {{ f{}(x) }}\n", i - 1)).collect();
    let calls = format!("fn f0(x: int) -> int {{ x }}\n{calls}fn main() {{ output y = f2999(1) to all; }}\n");
    let run = move || {
        for text in [chain, calls] {
            let compiled = compile_with(&text, &[]);
            assert!(compiled.module.is_none() && !compiled.diagnostics.is_empty());
        }
    };
    std::thread::Builder::new().stack_size(1 << 30).spawn(run).expect("a thread").join().expect("no panic");
}

/// The rounds of a division follow from a revealed divisor, so its reveal steers; one that is only given out does not.
#[test]
fn a_revealed_divisor_steers() {
    let text = "party A, B;\n\
                input a: secret int in 0..=100 from A;\n\
                input b: secret int in 1..=9 from B;\n\
                fn main() {\n    let d = reveal(b);\n    output q = WHAT to all;\n}\n";
    for (what, steers) in [("a / d", true), ("a % d", true), ("a + d", false)] {
        let compiled = compile_with(&text.replace("WHAT", what), &[]);
        let module = compiled.module.as_ref().unwrap_or_else(|| panic!("{}", compiled.render()));
        let mut opens = Vec::new();
        smpc_bytecode::facts::walk(module, &mut |gate| {
            if let smpc_bytecode::op::Op::Open { steers } = gate.op {
                opens.push(steers);
            }
        });
        assert_eq!(opens, [steers], "{what}");
    }
}

/// Paths, comments and messages may hold anything; what the module says of them shows as itself.
#[test]
fn odd_characters_stay_in_the_source() {
    let odd = "\u{1b}[2J\u{202e}\u{2028}\u{9b}\t\u{7f}";
    let long = "é".repeat(5000);
    let text = format!(
        "party A; //{odd}\ninput x: secret int in 0..=9 from A;\nfn main() {{\n\
         \tcheck(x > 0, \"too{odd}small{long}\"); //{odd}{long}\n\
         \toutput y = reveal(x) + 1 to all; //\r{odd}\n}}\n"
    );
    let path = format!("ma{odd}in.smpc");
    let compiled = compile(&Request::new(&path, &text));
    let module = compiled.module.as_ref().unwrap_or_else(|| panic!("{}", compiled.render()));
    let verified = smpc_bytecode::verify::verify(module.clone(), &smpc_bytecode::verify::Limits::default());
    let verified = verified.unwrap_or_else(|error| panic!("{error}"));
    assert!(verified.messages[0].starts_with("too\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd} \u{fffd}small"));
    assert!(
        verified.sources.sites.iter().any(|site| site.text.starts_with(" output y = reveal(x) + 1 to all; //\u{fffd}"))
    );
}

#[test]
fn names_are_not_longer_than_modules_may_have_them() {
    let program = |name: &str| {
        format!("party {name}; input x: secret int in 0..=9 from {name}; fn main() {{ output y = x to {name}; }}\n")
    };
    assert!(compile_with(&program(&"x".repeat(255)), &[]).module.is_some());
    let compiled = compile_with(&program(&"x".repeat(256)), &[]);
    assert!(
        compiled.module.is_none() && compiled.render().contains("a name of 256 characters"),
        "{}",
        compiled.render()
    );
}
