//! How a message looks.

use super::{Diagnostic, Level};
use crate::source::{FileId, SourceMap, Span};
use codespan_reporting::diagnostic::{Diagnostic as Report, Label, Severity};
use codespan_reporting::files::{Error, Files, SimpleFiles};
use codespan_reporting::term::{self, Config};
use std::borrow::Cow;
use std::ops::Range;

/// Bytes from which on a line is shown in part, and how many of them are shown before and from a label's start.
const WIDE: usize = 240;
const BEFORE: usize = 60;
const AFTER: usize = 140;

/// The messages as text, each followed by an empty line.
#[must_use]
pub fn text(sources: &SourceMap, diagnostics: &[Diagnostic]) -> String {
    let shown: Vec<(Cow<'_, str>, Cow<'_, str>)> =
        sources.files().iter().map(|file| (visible(&file.path), visible(&file.text))).collect();
    let mut files = SimpleFiles::new();
    for (path, text) in &shown {
        files.add(&**path, &**text);
    }
    let mut out = String::new();
    for diagnostic in diagnostics {
        let (report, view) = View::of(&files, report(diagnostic));
        // Writing to a string fails only for spans outside their file, and spans come from that file.
        if term::emit_to_string(&mut out, &Config::default(), &view, &report).is_err() {
            out.push_str(&words(&diagnostic.message));
            out.push('\n');
        }
    }
    out
}

/// The words of a message, which may quote the source, on one line.
fn words(text: &str) -> String {
    visible(text).replace(['\n', '\t', '\r'], " ")
}

/// A text in which every character shows as itself: a control character gives way to a sign of as many bytes, so that places stay.
fn visible(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| {
        c.is_control() && !matches!(c, '\n' | '\t')
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    // The end of a line is `\r\n` or `\n`.
    let line_end = |at: usize| text[at..].starts_with("\r\n");
    if !text.char_indices().any(|(at, c)| hidden(c) && !line_end(at)) {
        return Cow::Borrowed(text);
    }
    let sign = |(at, c): (usize, char)| match c.len_utf8() {
        _ if !hidden(c) || line_end(at) => c,
        1 => '?',
        2 => '\u{b7}',
        _ => '\u{fffd}',
    };
    Cow::Owned(text.char_indices().map(sign).collect())
}

/// The files, with very long lines cut to what a message points at.
struct View<'a> {
    files: &'a SimpleFiles<&'a str, &'a str>,
    /// File, line and the part of it that is shown.
    parts: Vec<(usize, usize, Range<usize>)>,
}

impl<'a> View<'a> {
    /// The view for a report, and the report with labels that stay within it.
    fn of(files: &'a SimpleFiles<&'a str, &'a str>, mut report: Report<usize>) -> (Report<usize>, Self) {
        let mut view = View { files, parts: Vec::new() };
        report.labels.retain_mut(|label| view.fit(label).unwrap_or(true));
        (report, view)
    }

    /// Cuts the line that a label starts in, if it is long, and the label with it. The primary label comes first; one that lies in a part of its line
    /// that is not shown goes.
    fn fit(&mut self, label: &mut Label<usize>) -> Result<bool, Error> {
        let (file, at) = (label.file_id, label.range.start);
        let line = self.files.line_index(file, at)?;
        let whole = self.files.line_range(file, line)?;
        if whole.len() <= WIDE {
            return Ok(true);
        }
        let source: &str = self.files.source(file)?;
        let part = match self.parts.iter().find(|part| (part.0, part.1) == (file, line)) {
            Some((.., part)) => part.clone(),
            None => {
                let start = source.floor_char_boundary(at.saturating_sub(BEFORE)).max(whole.start);
                let end = source.floor_char_boundary((at + AFTER).min(whole.end));
                self.parts.push((file, line, start..end));
                start..end
            }
        };
        label.range.end = label.range.end.min(part.end).max(at);
        Ok(part.contains(&at))
    }
}

impl<'a> Files<'a> for View<'a> {
    type FileId = usize;
    type Name = &'a str;
    type Source = &'a str;

    fn name(&'a self, id: usize) -> Result<&'a str, Error> {
        self.files.name(id)
    }

    fn source(&'a self, id: usize) -> Result<&'a str, Error> {
        self.files.source(id)
    }

    fn line_index(&'a self, id: usize, byte_index: usize) -> Result<usize, Error> {
        self.files.line_index(id, byte_index)
    }

    fn column_number(&'a self, id: usize, line_index: usize, byte_index: usize) -> Result<usize, Error> {
        self.files.column_number(id, line_index, byte_index)
    }

    fn line_range(&'a self, id: usize, line_index: usize) -> Result<Range<usize>, Error> {
        match self.parts.iter().find(|part| (part.0, part.1) == (id, line_index)) {
            Some((.., part)) => Ok(part.clone()),
            None => self.files.line_range(id, line_index),
        }
    }
}

fn report(diagnostic: &Diagnostic) -> Report<usize> {
    let severity = match diagnostic.code.level() {
        Level::Error => Severity::Error,
        Level::Warning => Severity::Warning,
    };
    let label = |span: Span, text: &String| (index(span.file), span.start as usize..span.end as usize, words(text));
    let (file, range, text) = label(diagnostic.primary.0, &diagnostic.primary.1);
    let mut labels = vec![Label::primary(file, range).with_message(text)];
    for (span, text) in &diagnostic.labels {
        let (file, range, text) = label(*span, text);
        labels.push(Label::secondary(file, range).with_message(text));
    }
    let notes = diagnostic.notes.iter().map(|note| format!("note: {}", words(note)));
    let help = diagnostic.help.iter().map(|help| format!("help: {}", words(help)));
    Report::new(severity)
        .with_code(diagnostic.code.as_str())
        .with_message(words(&diagnostic.message))
        .with_labels(labels)
        .with_notes(notes.chain(help).collect())
}

const fn index(file: FileId) -> usize {
    file.0 as usize
}
