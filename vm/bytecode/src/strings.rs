//! Texts that a module carries. They come from strangers and are shown to operators as they are, so none may move a cursor, start a line or change the
//! direction of writing: [`crate::verify`] refuses such a text, and the compiler writes none.

/// Longest name of a program, role, param, input, output, type, field, function or file, in bytes.
pub const MAX_NAME: usize = 1024;

/// Longest message or source line, in bytes.
pub const MAX_TEXT: usize = 4096;

/// Characters of a source line that a module keeps for a place. Of a longer line it keeps exactly so many, round the place.
pub const EXCERPT: usize = 160;

/// Whether a character shows as itself: no control character, line separator or mark of direction.
#[must_use]
pub const fn shows(c: char) -> bool {
    let control = matches!(c, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}');
    let direction =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !control && !direction && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// A text as a module may carry it, in at most `most` bytes: a tab as a space, another character that does not show as U+FFFD, and cut where it is longer.
#[must_use]
pub fn shown(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most));
    for c in text.chars() {
        let c = if c == '\t' { ' ' } else { c };
        let c = if shows(c) { c } else { char::REPLACEMENT_CHARACTER };
        if out.len() + c.len_utf8() > most {
            break;
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_show_as_themselves() {
        assert_eq!(shown("let\tx = \u{1b}[2J\u{202e}y\r", MAX_TEXT), "let x = \u{fffd}[2J\u{fffd}y\u{fffd}");
        assert_eq!(shown("größer ≥ 日本", MAX_TEXT), "größer ≥ 日本");
        assert_eq!(shown("日本", 5), "日");
        assert!(shown(&"\0".repeat(MAX_TEXT), MAX_TEXT).len() <= MAX_TEXT);
    }
}
