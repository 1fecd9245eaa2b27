//! What stands between two tokens: comments and empty lines.

/// A comment and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comment {
    /// Its text, from `//`, without white space at its end.
    pub(super) text: String,
    /// It stands behind a token, on the same line.
    pub(super) trailing: bool,
    /// An empty line stands before it.
    pub(super) blank: bool,
    /// More than one space stands before it.
    pub(super) wide: bool,
}

impl Comment {
    /// Whether it documents what follows.
    pub(super) fn is_doc(&self) -> bool {
        self.text.starts_with("///") && !self.text.starts_with("////")
    }
}

/// What stands between two tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gap {
    /// Its comments, in order.
    pub(super) comments: Vec<Comment>,
    /// An empty line stands right before the next token.
    pub(super) blank: bool,
    /// More than one space, and nothing else, stands between the tokens.
    pub(super) wide: bool,
}

/// Reads the text between two tokens; `first` if there is no token before.
pub(super) fn read(text: &str, first: bool) -> Gap {
    let mut gap = Gap::default();
    let mut rest = text;
    loop {
        let word = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{feff}');
        let white = &rest[..rest.len() - word.len()];
        let lines = white.matches('\n').count();
        if !word.starts_with("//") {
            gap.blank = lines > 1;
            gap.wide = gap.comments.is_empty() && lines == 0 && white.chars().count() > 1;
            return gap;
        }
        let (comment, behind) = word.split_at(word.find('\n').unwrap_or(word.len()));
        let trailing = lines == 0 && gap.comments.is_empty() && !first;
        gap.comments.push(Comment {
            text: comment.trim_end().to_owned(),
            trailing,
            blank: lines > 1,
            wide: trailing && white.chars().count() > 1,
        });
        rest = behind;
    }
}
