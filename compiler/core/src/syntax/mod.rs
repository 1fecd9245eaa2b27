//! From text to syntax tree.

pub mod ast;
mod brackets;
mod build;
mod messages;
mod parse;
pub mod token;
pub(crate) mod walk;

pub mod imports;

pub(crate) use parse::shape;
pub use parse::{MAX_NAME, parse};

use ast::ExprKind;
use token::Token;

lalrpop_util::lalrpop_mod!(
    #[allow(
        missing_docs,
        unreachable_pub,
        clippy::all,
        clippy::pedantic,
        clippy::allow_attributes_without_reason,
        clippy::unwrap_used,
        unused,
        reason = "generated code"
    )]
    grammar,
    "/syntax/grammar.rs"
);

/// The literal that a text is: a number or a truth value, without a sign.
#[must_use]
pub fn literal(text: &str) -> Option<ExprKind> {
    let (tokens, unknown) = token::lex(text);
    let file = crate::source::FileId(0);
    match (tokens.as_slice(), unknown.as_slice()) {
        ([(_, Token::Int(text), _)], []) => Some(build::integer(file, 0, 0, text).kind),
        ([(_, Token::Fix(text), _)], []) => Some(build::number(file, 0, 0, text).kind),
        ([(_, Token::True, _)], []) => Some(ExprKind::Bool(true)),
        ([(_, Token::False, _)], []) => Some(ExprKind::Bool(false)),
        _ => None,
    }
}

/// Whether a text is a name that a program may declare.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let (tokens, unknown) = token::lex(text);
    let whole = |(start, token, end): &token::Lexed| {
        matches!(token, Token::Ident(name) if name.len() <= MAX_NAME) && (*start, *end) == (0, text.len())
    };
    unknown.is_empty() && tokens.len() == 1 && tokens.first().is_some_and(whole)
}

/// Whether a text is a word of the language, also of those that are names elsewhere.
#[must_use]
pub fn is_keyword(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && !is_name(text)
}
