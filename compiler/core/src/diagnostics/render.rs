//! How a message looks.

use super::{Diagnostic, Level};
use crate::source::{FileId, SourceMap, Span};
use codespan_reporting::diagnostic::{Diagnostic as Report, Label, Severity};
use codespan_reporting::files::SimpleFiles;
use codespan_reporting::term::{self, Config};

/// The messages as text, each followed by an empty line.
#[must_use]
pub fn text(sources: &SourceMap, diagnostics: &[Diagnostic]) -> String {
    let mut files = SimpleFiles::new();
    for file in sources.files() {
        files.add(file.path.as_str(), file.text.as_str());
    }
    let mut out = String::new();
    for diagnostic in diagnostics {
        // Writing to a string fails only for spans outside their file, and spans come from that file.
        if term::emit_to_string(&mut out, &Config::default(), &files, &report(diagnostic)).is_err() {
            out.push_str(&diagnostic.message);
            out.push('\n');
        }
    }
    out
}

fn report(diagnostic: &Diagnostic) -> Report<usize> {
    let severity = match diagnostic.code.level() {
        Level::Error => Severity::Error,
        Level::Warning => Severity::Warning,
    };
    let label = |span: Span, text: &String| (index(span.file), span.start as usize..span.end as usize, text.clone());
    let (file, range, text) = label(diagnostic.primary.0, &diagnostic.primary.1);
    let mut labels = vec![Label::primary(file, range).with_message(text)];
    for (span, text) in &diagnostic.labels {
        let (file, range, text) = label(*span, text);
        labels.push(Label::secondary(file, range).with_message(text));
    }
    let notes = diagnostic.notes.iter().map(|note| format!("note: {note}"));
    let help = diagnostic.help.iter().map(|help| format!("help: {help}"));
    Report::new(severity)
        .with_code(diagnostic.code.as_str())
        .with_message(&diagnostic.message)
        .with_labels(labels)
        .with_notes(notes.chain(help).collect())
}

const fn index(file: FileId) -> usize {
    file.0 as usize
}
