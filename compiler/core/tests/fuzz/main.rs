//! Whatever the text, the front end answers: lexer, parser, checker and formatter on mutations of the project's sources and of the texts in `corpus/`.
//!
//! Nothing panics; every span lies inside its file; messages hold no control characters; what parses is formatted to the same program. Texts are short, so
//! that an endless loop is the only way not to end. A seed that has failed runs again with `SMPC_SEED=S`; `SMPC_FREE_SEEDS=N` adds N new ones.

#[path = "../common/deep.rs"]
mod deep;
#[path = "../common/seeded.rs"]
mod seeded;

use deep::deep;
use seeded::{Seeded, seeds};
use smpcc_core::diagnostics::{Code, Diagnostic};
use smpcc_core::format::{format, meaning};
use smpcc_core::source::Span;
use smpcc_core::syntax::token;
use smpcc_core::{Compiled, Request, compile};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Longest text that is tried, in bytes.
const MAX_TEXT: usize = 4_000;

/// How many mutations every run tries.
const FIXED: u64 = 3_000;

/// Texts in a folder and the folders in it.
fn texts(folder: &Path, all: &mut Vec<String>) {
    let mut paths: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            texts(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "smpc") {
            all.push(String::from_utf8_lossy(&fs::read(&path).expect("a source")).into_owned());
        }
    }
}

fn corpus() -> Vec<String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for folder in ["tests/fuzz/corpus", "tests/syntax/ugly", "../../programs", "../../stdlib", "../../tests/ui"] {
        texts(&here.join(folder), &mut all);
    }
    assert!(all.len() > 60, "the corpus is gone");
    all
}

/// What must hold for every text.
fn check(text: &str) {
    let compiled = compile(&Request::new("main.smpc", text));
    assert_eq!(
        compiled.module.is_some(),
        !compiled.diagnostics.iter().any(Diagnostic::is_error),
        "a module, or an error"
    );
    for diagnostic in &compiled.diagnostics {
        assert!(diagnostic.code != Code::Lost, "a statement came to nothing: {diagnostic:?}");
        assert!(diagnostic.help.is_some() || !diagnostic.notes.is_empty(), "no help: {diagnostic:?}");
        let spans = diagnostic.labels.iter().map(|(span, _)| *span).chain([diagnostic.primary.0]);
        spans.for_each(|span| inside(&compiled, span));
    }
    let rendered = compiled.render();
    let hidden = rendered.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(hidden, None, "in the messages:\n{rendered}");
    match format(text) {
        Err(messages) => assert!(!messages.is_empty(), "not formatted, and no message says why"),
        Ok(out) => {
            assert!(meaning(text) == meaning(&out), "formatted to another program:\n{out}");
            assert_eq!(format(&out).as_ref(), Ok(&out), "formatting is not done after one step");
        }
    }
}

fn inside(compiled: &Compiled, span: Span) {
    let text = &compiled.sources.file(span.file).text;
    let (start, end) = (span.start as usize, span.end as usize);
    assert!(start <= end && text.get(start..end).is_some(), "{start}..{end} of {} bytes", text.len());
}

const NASTY: [&str; 24] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "/*",
    "*/",
    "//",
    "\u{feff}",
    "\0",
    "\u{2212}",
    "\u{37e}",
    "\u{201c}x\u{201d}",
    "\r",
    "\t",
    "'",
    "..=",
    "99999999999999999999999999999999999999999",
    "1e99",
    "\u{202e}",
    "é",
    "((((((((((((((((((((((((((((((((",
];

/// A text made of others.
fn mutated(corpus: &[String], seeded: &mut Seeded) -> String {
    let mut text = corpus[seeded.below(corpus.len())].clone();
    let many = if seeded.chance(10) { 12 } else { 4 };
    for _ in 0..1 + seeded.below(many) {
        let other = &corpus[seeded.below(corpus.len())];
        let (place, length) = (boundary(&text, seeded), 1 + seeded.below(12));
        let end = text.ceil_char_boundary((place + length).min(text.len()));
        match seeded.below(10) {
            // Characters.
            0 => text.replace_range(place..end, ""),
            1 => text.insert_str(place, seeded.pick(&NASTY)),
            2 => text.insert(place, char::from(seeded.below(128_u8))),
            3 => text.truncate(place),
            // The start of one, the end of another.
            4 => text.replace_range(place.., &other[boundary(other, seeded)..]),
            // Tokens.
            kind => {
                let (own, others) = (token::lex(&text).0, token::lex(other).0);
                if own.is_empty() || others.is_empty() {
                    continue;
                }
                let (start, _, end) = own[seeded.below(own.len())].clone();
                let (from, _, to) = others[seeded.below(others.len())].clone();
                match kind {
                    5 => text.replace_range(start..end, ""),
                    6 => text.replace_range(start..end, &other[from..to]),
                    7 => text.insert_str(start, &format!("{} ", &other[from..to])),
                    8 => text.insert_str(start, &format!("{} ", &text[start..end].to_owned())),
                    _ => {
                        let statement = other[from..].split_inclusive([';', '}']).next().unwrap_or_default();
                        text.insert_str(start, statement);
                    }
                }
            }
        }
    }
    text.truncate(text.floor_char_boundary(MAX_TEXT.min(text.len())));
    text
}

fn boundary(text: &str, seeded: &mut Seeded) -> usize {
    text.floor_char_boundary(seeded.below(text.len() + 1))
}

fn checked(text: &str, told: &str) {
    if catch_unwind(AssertUnwindSafe(|| check(text))).is_err() {
        panic!("{told}:\n{text}\n--- {text:?}");
    }
}

#[test]
fn sources_themselves() {
    deep(|| corpus().iter().enumerate().for_each(|(i, text)| checked(text, &format!("text {i}"))));
}

#[test]
fn mutated_sources() {
    deep(|| {
        let corpus = corpus();
        for seed in seeds(FIXED) {
            checked(&mutated(&corpus, &mut Seeded::new(seed)), &format!("seed {seed}"));
        }
    });
}
