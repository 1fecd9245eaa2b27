//! Formatting: the lines that differ once the text is in order.

use super::documents::Document;
use lsp_types::TextEdit;

/// Puts a text in order, or says why it cannot.
pub(super) type Formatter = fn(&str) -> Result<String, String>;

/// The formatter of the language.
///
/// # Errors
/// The text does not parse; its messages are told as such.
pub(super) fn formatter(text: &str) -> Result<String, String> {
    smpcc_core::format::format(text)
        .map_err(|told| told.first().map_or_else(String::new, |first| first.message.clone()))
}

/// One edit for the part that changes; none where the text is in order, or cannot be formatted because it does not parse.
pub(super) fn edits(document: &Document, format: Formatter) -> Vec<TextEdit> {
    let Ok(after) = format(&document.text) else { return Vec::new() };
    let before = &document.text;
    if *before == after {
        return Vec::new();
    }
    let common = |pairs: &mut dyn Iterator<Item = (char, char)>| {
        pairs.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum::<usize>()
    };
    let head = common(&mut before.chars().zip(after.chars()));
    let tail = common(&mut before[head..].chars().rev().zip(after[head..].chars().rev()));
    let range = document.lines.range(before, head, before.len() - tail);
    vec![TextEdit::new(range, after[head..after.len() - tail].to_owned())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use lsp_types::{Position, Range, Uri};
    use std::str::FromStr as _;

    #[test]
    fn only_what_differs_is_replaced() {
        let document = |text: &str| Document::new(Uri::from_str("untitled:a").expect("a URI"), 1, text.to_owned());
        let spaced: Formatter = |text| Ok(text.replace("a=1", "a = 1"));
        let found = edits(&document("🦀\nlet a=1;\n"), spaced);
        let range = Range::new(Position::new(1, 5), Position::new(1, 6));
        assert_eq!(found, [TextEdit::new(range, " = ".to_owned())]);
        assert_eq!(edits(&document("let a = 1;"), spaced), []);
        assert_eq!(edits(&document("let"), |_| Err("no statement".to_owned())), []);
    }
}
