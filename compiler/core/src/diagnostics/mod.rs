//! What the compiler says about a program: a code, the place, a second place where the cause stands elsewhere, and what to write instead.
//!
//! The words of a message stand where the mistake is found; codes and their long explanations stand in [`codes`]; how it looks in [`render`].

pub mod codes;
pub mod render;

pub use codes::{Code, Level};

use crate::source::Span;
use std::collections::BTreeSet;

/// A message about a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its code.
    pub code: Code,
    /// The mistake in one sentence, without a full stop.
    pub message: String,
    /// The place of the mistake, and a word on it (may be empty).
    pub primary: (Span, String),
    /// Other places that belong to it: above all, the cause.
    pub labels: Vec<(Span, String)>,
    /// More to know.
    pub notes: Vec<String>,
    /// What to write instead.
    pub help: Option<String>,
    /// The same for a machine, where it is certain what to write.
    pub suggestion: Option<Suggestion>,
}

/// An edit that mends a mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// What is replaced; empty where something is inserted.
    pub span: Span,
    /// What stands there then.
    pub replacement: String,
}

impl Diagnostic {
    /// A message with a place.
    #[must_use]
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            primary: (span, String::new()),
            labels: Vec::new(),
            notes: Vec::new(),
            help: None,
            suggestion: None,
        }
    }

    /// With a word under the place.
    #[must_use]
    pub fn here(mut self, text: impl Into<String>) -> Self {
        self.primary.1 = text.into();
        self
    }

    /// With another place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push((span, text.into()));
        self
    }

    /// With more to know.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// With what to write instead. The words "did you mean `x`?" alone also suggest `x` in place of the mistake.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        let near = text.strip_prefix("did you mean `").and_then(|rest| rest.strip_suffix("`?"));
        let span = self.primary.0;
        if let Some(near) = near.filter(|_| span.start < span.end) {
            self.suggestion = Some(Suggestion { span, replacement: near.to_owned() });
        }
        self.help = Some(text);
        self
    }

    /// With an edit that does what the help line says.
    #[must_use]
    pub fn suggest(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.suggestion = Some(Suggestion { span, replacement: replacement.into() });
        self
    }

    /// Whether the program cannot be compiled because of this.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.code.level() == Level::Error
    }
}

/// Collects messages; gives them back in source order, none twice.
#[derive(Clone, Debug, Default)]
pub struct Sink {
    found: Vec<Diagnostic>,
}

impl Sink {
    /// Adds a message.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Whether one of them is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.found.iter().any(Diagnostic::is_error)
    }

    /// Whether one of those after the first `len` is an error.
    #[must_use]
    pub fn has_errors_since(&self, len: usize) -> bool {
        self.any_since(len, Diagnostic::is_error)
    }

    /// Whether one of those after the first `len` is such.
    #[must_use]
    pub fn any_since(&self, len: usize, is: impl Fn(&Diagnostic) -> bool) -> bool {
        self.found.iter().skip(len).any(is)
    }

    /// How many there are so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The last one.
    #[must_use]
    pub fn last(&self) -> Option<&Diagnostic> {
        self.found.last()
    }

    /// The last one, to add to it.
    pub fn last_mut(&mut self) -> Option<&mut Diagnostic> {
        self.found.last_mut()
    }

    /// Forgets all but the first `len`: what was tried and is done again says its messages once.
    pub fn truncate(&mut self, len: usize) {
        self.found.truncate(len);
    }

    /// Forgets those after the first `len` that are not to be kept.
    pub fn retain_since(&mut self, len: usize, keep: impl Fn(&Diagnostic) -> bool) {
        let later = self.found.split_off(len.min(self.found.len()));
        self.found.extend(later.into_iter().filter(keep));
    }

    /// All messages by file and place, each once.
    #[must_use]
    pub fn finish(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|d| (d.primary.0.file, d.primary.0.start, d.primary.0.end, d.code));
        self.found.dedup_by(|a, b| a.code == b.code && a.primary.0 == b.primary.0);
        // A name that means nothing is told where it stands first.
        let mut unknown = BTreeSet::new();
        self.found.retain(|d| d.code != Code::UnknownName || unknown.insert((d.primary.0.file, d.message.clone())));
        self.found
    }
}
