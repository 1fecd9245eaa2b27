//! Parser and formatter on random programs, on the sources of the project, and on ugly programs written by hand.

#[path = "../common/deep.rs"]
mod deep;
mod print;
mod random;
#[path = "../common/seeded.rs"]
mod seeded;

use deep::deep;
use seeded::{Seeded, seeds};
use smpcc_core::diagnostics::{Sink, render};
use smpcc_core::format::{format, meaning};
use smpcc_core::source::SourceMap;
use smpcc_core::syntax::ast::Module;
use smpcc_core::syntax::{parse, token};
use std::path::{Path, PathBuf};
use std::{env, fs};

fn read(text: &str) -> (Module, String) {
    let mut sources = SourceMap::default();
    let file = sources.add("main.smpc", text);
    let mut sink = Sink::default();
    let module = parse(&sources, file, &mut sink);
    (module, render::text(&sources, &sink.finish()))
}

/// A tree as text, without its places.
fn tree(module: &Module) -> String {
    let text = format!("{module:?}");
    let mut parts = text.split("Span {");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + part.split_once('}').map_or("", |(_, rest)| rest))
}

/// What stands around a place of a text.
fn around(text: &str, at: usize) -> &str {
    &text[text.floor_char_boundary(at.saturating_sub(100))..text.ceil_char_boundary((at + 100).min(text.len()))]
}

/// Tokens with white space and comments between them, as nobody would write them.
fn scattered(tokens: &[String], seeded: &mut Seeded, comments: u64) -> String {
    let is_number = |token: &String| token.starts_with(|c: char| c.is_ascii_digit());
    let mut out = String::new();
    for (i, token) in tokens.iter().enumerate() {
        if let Some(before) = i.checked_sub(1).map(|before| &tokens[before]) {
            let together = format!("{before}{token}");
            let (both, unknown) = token::lex(&together);
            let apart = both.len() == 2 && unknown.is_empty() && both[0].2 == before.len() && !together.contains("//");
            match seeded.below(8) {
                0..=2 if apart && !(is_number(before) && token == ".") => {}
                0..=4 => out.push(' '),
                5 => out.push_str(seeded.pick(&["\n", "\r\n", "\n\n", "\t", "  \n \n\n ", "      "])),
                _ => out.push_str("\n    "),
            }
        }
        while seeded.chance(comments) {
            out.push_str(seeded.pick(&[
                " // why\n",
                "\n// two words  \n",
                " /// documented\n",
                "\n\n    // \t é\n\n",
                "    //\n",
                " //!x\r\n",
            ]));
        }
        out.push_str(token);
    }
    out
}

#[test]
fn what_is_printed_reads_as_it_was() {
    deep(|| {
        for seed in seeds(400) {
            let module = random::module(seed);
            let tokens = print::module(&module);
            let mut seeded = Seeded::new(seed ^ 0x5eed);
            for text in [tokens.join(" "), scattered(&tokens, &mut seeded, 0)] {
                let (read, messages) = read(&text);
                assert!(messages.is_empty(), "seed {seed}:\n{text}\n{messages}");
                let (found, made) = (tree(&read), tree(&module));
                let same = found.bytes().zip(made.bytes()).take_while(|(a, b)| a == b).count();
                let (found_there, made_there) = (around(&found, same), around(&made, same));
                assert!(found == made, "seed {seed}:\n{text}\nread as\n{found_there}\ninstead of\n{made_there}");
            }
        }
    });
}

/// Formats a text and checks what must hold for every one.
fn formatted(text: &str, told: &str) -> String {
    let out = match format(text) {
        Ok(out) => out,
        Err(messages) => panic!("{told}: {messages:?}\n{text}"),
    };
    let (before, after) = (meaning(text), meaning(&out));
    assert!(after.is_some(), "{told}: no longer parses\n{}", read(&out).1);
    if before != after {
        let (before, after) = (format!("{before:?}"), format!("{after:?}"));
        let same = before.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
        let (first, second) = (around(&before, same), around(&after, same));
        panic!("{told}: means something else\n{text}\n--- becomes ---\n{out}\n{first}\n--- and ---\n{second}");
    }
    let again = format(&out).unwrap_or_else(|messages| panic!("{told}: {messages:?}\n{out}"));
    let same = again.bytes().zip(out.bytes()).take_while(|(a, b)| a == b).count();
    let (first, second) = (around(&out, same), around(&again, same));
    assert!(again == out, "{told}: not the last word\n{first}\n--- becomes ---\n{second}");
    for line in out.lines() {
        assert!(!line.ends_with([' ', '\t']), "{told}: white space at the end of `{line}`");
    }
    assert!(out.is_empty() || out.ends_with('\n') && !out.ends_with("\n\n"), "{told}");
    out
}

#[test]
fn random_programs_keep_their_meaning() {
    deep(|| {
        for seed in seeds(400) {
            let tokens = print::module(&random::module(seed));
            let mut seeded = Seeded::new(seed ^ 0x5eed);
            let plain = formatted(&tokens.join(" "), &format!("seed {seed}, plain"));
            // White space between tokens says nothing, but for empty lines and columns.
            let scattered_plain = scattered(&tokens, &mut seeded, 0);
            let other = formatted(&scattered_plain, &format!("seed {seed}, scattered"));
            let without = |text: &str| text.split_whitespace().map(|word| format!("{word} ")).collect::<String>();
            assert_eq!(without(&plain), without(&other), "seed {seed}");
            formatted(&scattered(&tokens, &mut seeded, 4), &format!("seed {seed}, comments"));
            formatted(&scattered(&tokens, &mut seeded, 40), &format!("seed {seed}, many comments"));
        }
    });
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            all.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "smpc") {
            all.push(path);
        }
    }
    all.sort();
    all
}

#[test]
fn programs_and_the_library_are_formatted() {
    for folder in ["programs", "stdlib"] {
        for path in sources(&root().join(folder)) {
            let text = fs::read_to_string(&path).expect("a source");
            assert!(formatted(&text, &path.display().to_string()) == text, "run `smpcc fmt {}`", path.display());
        }
    }
}

#[test]
fn sources_of_the_project_keep_their_meaning() {
    let mut count = 0;
    for path in sources(&root().join("tests")) {
        let text = fs::read_to_string(&path).expect("a source");
        if meaning(&text).is_some() && read(&text).1.is_empty() {
            formatted(&text, &path.display().to_string());
            count += 1;
        }
    }
    assert!(count > 30, "only {count}");
}

/// The grammar for editors knows the words of the language, and no others.
#[test]
fn editors_know_the_words_of_the_language() {
    let folder = root().join("docs/editors/vscode");
    let json = |name: &str| -> serde_json::Value {
        let text = fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let grammar = json("syntaxes/smpc.tmLanguage.json");
    let mut listed: Vec<String> = Vec::new();
    for pattern in grammar["repository"]["keywords"]["patterns"].as_array().expect("patterns") {
        let words = pattern["match"].as_str().expect("a pattern").trim_start_matches(r"\b(").trim_end_matches(r")\b");
        listed.extend(words.split('|').map(str::to_owned));
    }
    listed.sort();
    let is_word = |text: &&&str| text.starts_with(|c: char| c.is_ascii_alphabetic());
    let mut known: Vec<&str> = token::Token::TEXTS.iter().filter(is_word).copied().collect();
    known.sort_unstable();
    assert_eq!(listed, known);
    // What the grammar includes is there.
    let repository = grammar["repository"].as_object().expect("a repository");
    for include in grammar["patterns"].as_array().expect("patterns") {
        let name = include["include"].as_str().expect("an include").trim_start_matches('#');
        assert!(repository.contains_key(name), "{name}");
    }
    assert!(json("language-configuration.json")["comments"]["lineComment"] == "//");
    let package = json("package.json");
    for key in ["main", "contributes"] {
        assert!(!package[key].is_null(), "{key}");
    }
    assert_eq!(package["contributes"]["languages"][0]["extensions"][0], ".smpc");
}

/// Each `ugly/NAME.smpc` becomes `ugly/NAME.formatted`. With `BLESS=1` in the environment the results are written instead; read them before you
/// commit them.
#[test]
fn ugly_programs_become_what_stands_there() {
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/syntax/ugly")) {
        let text = fs::read_to_string(&path).expect("a source");
        let out = formatted(&text, &path.display().to_string());
        let expected = path.with_extension("formatted");
        if env::var_os("BLESS").is_some() {
            fs::write(&expected, &out).expect("the result");
        } else {
            assert_eq!(fs::read_to_string(&expected).unwrap_or_default(), out, "{}", path.display());
        }
    }
}
