//! What the compiler is certain to mend: the suggestions of its messages.

use super::diagnostics::shown;
use super::documents::Documents;
use super::navigation::workspace_edit;
use super::programs::Program;
use lsp_types::{CodeAction, CodeActionKind, Range};
use smpcc_core::analysis::Edit;

/// The mends of messages that touch a range of the main file.
pub(super) fn mends(program: &Program, range: Range, documents: &Documents) -> Vec<CodeAction> {
    let mut found = Vec::new();
    for diagnostic in program.analysis.diagnostics() {
        let (span, shown) = shown(program, diagnostic, documents);
        let touches = shown.range.start <= range.end && range.start <= shown.range.end;
        let here = program.place_of(span.file).as_ref() == Some(&program.place);
        let Some(suggestion) = diagnostic.suggestion.as_ref().filter(|_| touches && here) else { continue };
        let edit = Edit { span: suggestion.span, text: suggestion.replacement.clone() };
        found.push(CodeAction {
            title: title(&suggestion.replacement, span == suggestion.span),
            kind: Some(CodeActionKind::QUICKFIX),
            diagnostics: Some(vec![shown]),
            edit: Some(workspace_edit(program, &[edit], documents)),
            is_preferred: Some(true),
            ..CodeAction::default()
        });
    }
    found
}

fn title(replacement: &str, in_place: bool) -> String {
    let words = replacement.trim();
    match () {
        () if words.starts_with("use ") => format!("Import: `{words}`"),
        () if in_place && words != ";" => format!("Change to `{words}`"),
        () if words.starts_with([',', '{']) => "Import it".to_owned(),
        () => format!("Insert `{words}`"),
    }
}
