//! The words of the text form. Knows no grammar.

use super::TextError;

/// A word of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// Letters, digits, `_` and `.`, from a letter on: `arith.16`, `prove_range`, `s12`.
    Word(&'t str),
    /// A number with its sign.
    Number(i128),
    /// A quoted string, without quotes and escapes.
    Text(String),
    /// Punctuation.
    Sign(&'static str),
    /// Nothing is left.
    End,
}

/// Longest first.
const SIGNS: [&str; 15] = ["..=", "..", ":", "=", "(", ")", "[", "]", "{", "}", ",", ";", "+", "*", "@"];

/// Yields words one by one, one ahead.
pub(super) struct Tokens<'t> {
    rest: &'t str,
    next: Token<'t>,
    /// Line of `next` and of the word before it.
    line: usize,
    last_line: usize,
}

impl<'t> Tokens<'t> {
    pub(super) fn new(text: &'t str) -> Result<Self, TextError> {
        let mut tokens = Self { rest: text, next: Token::End, line: 1, last_line: 1 };
        tokens.take()?;
        Ok(tokens)
    }

    pub(super) const fn peek(&self) -> &Token<'t> {
        &self.next
    }

    /// Takes the next word.
    pub(super) fn take(&mut self) -> Result<Token<'t>, TextError> {
        self.last_line = self.line;
        let next = self.read()?;
        Ok(std::mem::replace(&mut self.next, next))
    }

    /// An error at the word that was taken last.
    pub(super) fn error<T>(&self, what: impl Into<String>) -> Result<T, TextError> {
        Err(TextError { line: self.last_line, what: what.into() })
    }

    /// An error at the word that comes next.
    pub(super) fn unexpected<T>(&self, wanted: &str) -> Result<T, TextError> {
        let found = match &self.next {
            Token::Word(word) => format!("`{word}`"),
            Token::Number(number) => number.to_string(),
            Token::Text(text) => format!("{text:?}"),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::End => "the end".to_owned(),
        };
        Err(TextError { line: self.line, what: format!("{found} where {wanted} should be") })
    }

    fn skip(&mut self, bytes: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }

    /// Skips space and comments.
    fn space(&mut self) {
        loop {
            let text = self.rest;
            let blank = text.len() - text.trim_start().len();
            self.line += self.skip(blank).matches('\n').count();
            if !self.rest.starts_with("//") {
                return;
            }
            self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
    }

    fn read(&mut self) -> Result<Token<'t>, TextError> {
        self.space();
        let Some(first) = self.rest.chars().next() else { return Ok(Token::End) };
        if first.is_ascii_alphabetic() {
            let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
            return Ok(Token::Word(self.skip(end.unwrap_or(self.rest.len()))));
        }
        if first.is_ascii_digit() || first == '-' {
            let end = self.rest.char_indices().skip(1).find(|(_, c)| !c.is_ascii_digit()).map(|(at, _)| at);
            let digits = self.skip(end.unwrap_or(self.rest.len()));
            return match digits.parse() {
                Ok(number) => Ok(Token::Number(number)),
                Err(_) => self.fail(format!("`{digits}` is no number")),
            };
        }
        if first == '"' {
            self.skip(1);
            return self.string();
        }
        match SIGNS.iter().find(|sign| self.rest.starts_with(**sign)) {
            Some(sign) => {
                self.skip(sign.len());
                Ok(Token::Sign(sign))
            }
            None => self.fail(format!("{first:?} belongs nowhere")),
        }
    }

    fn fail<T>(&self, what: impl Into<String>) -> Result<T, TextError> {
        Err(TextError { line: self.line, what: what.into() })
    }

    /// The rest of a string whose first quote was taken; escapes are Rust's.
    fn string(&mut self) -> Result<Token<'t>, TextError> {
        let mut text = String::new();
        loop {
            let plain = self.rest.find(['"', '\\', '\n']).unwrap_or(self.rest.len());
            text.push_str(self.skip(plain));
            let mut chars = self.rest.chars();
            match chars.next() {
                Some('"') => {
                    self.skip(1);
                    return Ok(Token::Text(text));
                }
                Some('\\') => {
                    let escaped = chars.next();
                    self.skip(1 + escaped.map_or(0, char::len_utf8));
                    text.push(match escaped {
                        Some('n') => '\n',
                        Some('r') => '\r',
                        Some('t') => '\t',
                        Some('0') => '\0',
                        Some(c @ ('"' | '\\' | '\'')) => c,
                        Some('u') => self.unicode()?,
                        _ => return self.fail("an escape that does not exist"),
                    });
                }
                _ => return self.fail("a string that does not end on its line"),
            }
        }
    }

    /// `{1f600}`.
    fn unicode(&mut self) -> Result<char, TextError> {
        let inner = self.rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let digits = inner.map(|(digits, _)| digits).filter(|digits| (1..=6).contains(&digits.len()));
        let found = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
        match (found, digits) {
            (Some(c), Some(digits)) => {
                self.skip(digits.len() + 2);
                Ok(c)
            }
            _ => self.fail("an escape of no character"),
        }
    }
}
