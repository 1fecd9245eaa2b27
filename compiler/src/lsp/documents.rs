//! The documents that the editor has open, as it has them.

use super::positions::Lines;
use super::uri::Place;
use lsp_types::{TextDocumentContentChangeEvent, Uri};
use std::collections::BTreeMap;

/// A document of the editor.
#[derive(Debug)]
pub(super) struct Document {
    /// Its name, as the editor writes it.
    pub(super) uri: Uri,
    /// The editor's number of this state of it.
    pub(super) version: i32,
    /// Its text.
    pub(super) text: String,
    /// Where its lines start.
    pub(super) lines: Lines,
}

impl Document {
    pub(super) fn new(uri: Uri, version: i32, text: String) -> Self {
        let lines = Lines::of(&text);
        Self { uri, version, text, lines }
    }

    /// Applies changes, each to what the one before it made.
    pub(super) fn change(&mut self, version: i32, changes: Vec<TextDocumentContentChangeEvent>) {
        for change in changes {
            match change.range {
                None => self.text = change.text,
                Some(range) => {
                    let start = self.lines.offset(&self.text, range.start);
                    let end = self.lines.offset(&self.text, range.end).max(start);
                    self.text.replace_range(start..end, &change.text);
                }
            }
            self.lines = Lines::of(&self.text);
        }
        self.version = version;
    }
}

/// All open documents, by place.
pub(super) type Documents = BTreeMap<Place, Document>;

#[cfg(test)]
mod tests {
    use super::*;
    use lsp_types::{Position, Range};
    use std::str::FromStr as _;

    #[test]
    fn changes_apply_one_after_another() {
        let uri = Uri::from_str("untitled:a").expect("a URI");
        let mut document = Document::new(uri, 1, "let 🦀 = 1;\nx".to_owned());
        let change = |range: Option<(u32, u32, u32, u32)>, text: &str| TextDocumentContentChangeEvent {
            range: range.map(|(a, b, c, d)| Range::new(Position::new(a, b), Position::new(c, d))),
            range_length: None,
            text: text.to_owned(),
        };
        document.change(2, vec![change(Some((0, 4, 0, 6)), "crab"), change(Some((0, 8, 1, 1)), " = 2;\n\n")]);
        assert_eq!((document.text.as_str(), document.version), ("let crab = 2;\n\n", 2));
        document.change(3, vec![change(None, "new")]);
        assert_eq!(document.text, "new");
        // Nonsense from the editor changes something, and breaks nothing.
        document.change(4, vec![change(Some((9, 9, 0, 1)), "!")]);
        assert_eq!(document.text, "new!");
    }
}
