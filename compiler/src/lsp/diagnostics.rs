//! Messages of the compiler as the editor shows them.

use super::documents::Documents;
use super::programs::Program;
use super::uri::Place;
use lsp_types::{
    Diagnostic as Shown, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, NumberOrString, Range,
};
use smpcc_core::diagnostics::{Code, Diagnostic, Level};
use smpcc_core::source::Span;
use std::collections::BTreeMap;

/// Who says it.
const SOURCE: &str = "smpcc";

/// The messages about a program, by file. The main file has an entry also if there is nothing to say.
pub(super) fn of_program(program: &Program, documents: &Documents) -> BTreeMap<Place, Vec<Shown>> {
    let mut all = BTreeMap::from([(program.place.clone(), Vec::new())]);
    for diagnostic in program.analysis.diagnostics() {
        let (span, shown) = shown(program, diagnostic, documents);
        if let Some(place) = program.place_of(span.file) {
            all.entry(place).or_insert_with(Vec::new).push(shown);
        }
    }
    all
}

/// A message, and the place in the user's files where it is shown: its own, or for one inside the library the call that led there.
pub(super) fn shown(program: &Program, diagnostic: &Diagnostic, documents: &Documents) -> (Span, Shown) {
    let primary = diagnostic.primary.0;
    let in_library = program.analysis.is_library(primary.file);
    let outside = diagnostic.labels.iter().map(|(span, _)| *span).find(|span| !program.analysis.is_library(span.file));
    let span = if in_library { outside.unwrap_or(primary) } else { primary };
    let related: Vec<DiagnosticRelatedInformation> = diagnostic
        .labels
        .iter()
        .filter_map(|(span, text)| {
            let location = program.location(*span, documents)?;
            Some(DiagnosticRelatedInformation { location, message: text.clone() })
        })
        .collect();
    let severity = match diagnostic.code.level() {
        Level::Error => DiagnosticSeverity::ERROR,
        Level::Warning => DiagnosticSeverity::WARNING,
    };
    let shown = Shown {
        range: program.range(span),
        severity: Some(severity),
        code: Some(NumberOrString::String(diagnostic.code.as_str().to_owned())),
        code_description: None,
        source: Some(SOURCE.to_owned()),
        message: words(program, diagnostic, in_library),
        related_information: (!related.is_empty()).then_some(related),
        tags: (diagnostic.code == Code::Unused).then(|| vec![DiagnosticTag::UNNECESSARY]),
        data: None,
    };
    (span, shown)
}

fn words(program: &Program, diagnostic: &Diagnostic, in_library: bool) -> String {
    let (span, here) = &diagnostic.primary;
    let mut text = diagnostic.message.clone();
    if in_library {
        let place = program.analysis.sources().place(*span);
        let file = &program.analysis.sources().file(span.file).path;
        text = format!("in the library, {file}:{}: {text}", place.line);
    }
    if !here.is_empty() {
        text.push_str(&format!("\n{here}"));
    }
    diagnostic.notes.iter().for_each(|note| text.push_str(&format!("\nnote: {note}")));
    diagnostic.help.iter().for_each(|help| text.push_str(&format!("\nhelp: {help}")));
    text
}

/// What is shown where the compiler itself has failed.
pub(super) fn our_fault() -> Shown {
    Shown {
        range: Range::default(),
        severity: Some(DiagnosticSeverity::ERROR),
        source: Some(SOURCE.to_owned()),
        message: "the compiler failed on this text; please report it, with the text".to_owned(),
        ..Shown::default()
    }
}
