//! Pairs brackets, before anything is parsed.
//!
//! In a file whose brackets pair, items end where their brackets say. In another one, items start where a line starts with the word of an item and stands
//! no further right than the first item does; each is paired for itself, so that a bracket that is missing spoils only its own item. Inside an item a
//! parenthesis that cannot be closed any more (a statement ends, or the block around it) spoils only its statement.

use super::build::span;
use super::token::{Lexed, Token};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{FileId, Span};
use std::ops::Range;

/// How deep brackets may nest.
pub(super) const MAX_NESTING: usize = 256;

/// The place of the partner of each bracket; its own place for everything else.
pub(super) fn partners(tokens: &[Lexed]) -> Vec<usize> {
    let mut all: Vec<usize> = (0..tokens.len()).collect();
    let mut open = Vec::new();
    for (at, (_, token, _)) in tokens.iter().enumerate() {
        if token.closing().is_some() {
            open.push(at);
        } else if token.closes()
            && let Some(opened) = open.pop()
        {
            (all[at], all[opened]) = (opened, at);
        }
    }
    all
}

/// Whether every bracket has its partner, and none nests too deep.
pub(super) fn pair(tokens: &[Lexed]) -> bool {
    let mut open: Vec<Token> = Vec::new();
    for (_, token, _) in tokens {
        if let Some(closing) = token.closing() {
            if open.len() == MAX_NESTING {
                return false;
            }
            open.push(closing);
        } else if token.closes() && open.pop().as_ref() != Some(token) {
            return false;
        }
    }
    open.is_empty()
}

/// Whether an item starts with the token at a place: its word stands nowhere else.
pub(super) fn starts_item(tokens: &[Lexed], at: usize) -> bool {
    let next = |ahead: usize| tokens.get(at + ahead).map(|(_, token, _)| token);
    let named = next(1).is_some_and(Token::is_name);
    match next(0) {
        Some(
            Token::Party
            | Token::Input
            | Token::Param
            | Token::Struct
            | Token::Enum
            | Token::Use
            | Token::Circuit
            | Token::Policy,
        ) => true,
        Some(Token::Const) => named && matches!(next(2), Some(Token::Eq | Token::Colon)),
        Some(Token::Fn) => named,
        Some(Token::Hash) => next(1) == Some(&Token::LBracket),
        _ => false,
    }
}

/// The items of a file whose brackets do not pair, by the starts of lines.
pub(super) fn items_by_lines(text: &str, tokens: &[Lexed]) -> Vec<Range<usize>> {
    let column = |at: usize| {
        let before = at.checked_sub(1).map_or(0, |before| tokens[before].2);
        let gap = &text[before..tokens[at].0];
        match gap.rfind('\n') {
            Some(end) => Some(gap[end + 1..].chars().count()),
            None => (at == 0).then(|| gap.chars().count()),
        }
    };
    let starts: Vec<(usize, usize)> =
        (0..tokens.len()).filter(|at| starts_item(tokens, *at)).filter_map(|at| Some((at, column(at)?))).collect();
    let least = starts.first().map_or(0, |(_, column)| *column);
    let mut cuts = vec![0];
    for (at, column) in starts {
        // The attribute before a word belongs to it.
        let attribute = cuts.last().is_some_and(|last| only_attributes(&tokens[*last..at]));
        if column <= least && at > 0 && !attribute {
            cuts.push(at);
        }
    }
    cuts.push(tokens.len());
    cuts.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

/// Whether these tokens are attributes and nothing else.
pub(super) fn only_attributes(tokens: &[Lexed]) -> bool {
    let mut depth = 0_usize;
    for (_, token, _) in tokens {
        if depth == 0 && !matches!(token, Token::Hash | Token::LBracket) {
            return false;
        }
        if token.closing().is_some() {
            depth += 1;
        } else if token.closes() {
            depth = depth.saturating_sub(1);
        }
    }
    depth == 0 && !tokens.is_empty()
}

/// An opening bracket that waits for its partner.
struct Open {
    at: usize,
    closing: Token,
    /// How many `;` have stood directly inside.
    semicolons: usize,
}

/// Pairs the brackets of one item. A parenthesis or square bracket without a partner becomes [`Token::Lost`]; the messages go to `say`. False where a brace
/// is missing or too many, or brackets nest too deep: nothing is known of the item then.
pub(super) fn mend(file: FileId, text: &str, tokens: &mut [Lexed], mut say: impl FnMut(Diagnostic)) -> bool {
    let place = |tokens: &[Lexed], at: usize| span(file, tokens[at].0, tokens[at].2);
    let mut open: Vec<Open> = Vec::new();
    // Pairs of braces of which the closing one stands further left than the line of the opening one.
    let mut suspects: Vec<(usize, usize)> = Vec::new();
    for at in 0..tokens.len() {
        let token = tokens[at].1.clone();
        // What cannot stand in parentheses ends them.
        let ends = |open: &Open| match token {
            Token::RBrace | Token::Let | Token::Output | Token::Return | Token::Break | Token::Continue => true,
            Token::Semi => open.closing == Token::RParen || open.semicolons > 0,
            _ => false,
        };
        let mut reported = false;
        while open.last().is_some_and(|last| last.closing != Token::RBrace && ends(last)) {
            let Some(last) = open.pop() else { break };
            if !reported {
                say(never_closed(place(tokens, last.at), &last.closing));
            }
            reported = true;
            tokens[last.at].1 = Token::Lost;
        }
        if let Some(closing) = token.closing() {
            if open.len() == MAX_NESTING {
                let message = format!("brackets nest more than {MAX_NESTING} deep");
                say(Diagnostic::new(Code::Bracket, place(tokens, at), message).help("name the inner parts with `let`"));
                return false;
            }
            open.push(Open { at, closing, semicolons: 0 });
        } else if token == Token::Semi {
            if let Some(last) = open.last_mut() {
                last.semicolons += 1;
            }
        } else if token.closes() {
            match open.pop() {
                Some(last) if last.closing == token => {
                    if token == Token::RBrace && further_left(text, tokens, last.at, at) {
                        suspects.push((last.at, at));
                    }
                }
                Some(last) if last.closing != Token::RBrace => {
                    say(Diagnostic::new(Code::Bracket, place(tokens, at), format!("`{token}` closes nothing"))
                        .here(format!("expected `{}`", last.closing))
                        .label(place(tokens, last.at), "to close this")
                        .help(format!("write `{}` first, or take `{token}` away", last.closing)));
                    // Taken as its partner: the most common slip is the wrong kind.
                    (tokens[last.at].1, tokens[at].1) = (Token::Lost, Token::Lost);
                }
                outer => {
                    let help = "take it away, or open it before";
                    say(Diagnostic::new(Code::Bracket, place(tokens, at), format!("`{token}` closes nothing"))
                        .help(help));
                    let Some(outer) = outer else { return false };
                    open.push(outer);
                    tokens[at].1 = Token::Lost;
                }
            }
        }
    }
    let Some(first) = open.first() else { return true };
    // The innermost brace whose partner stands further left is the likely one.
    let inner = suspects.iter().find(|(opened, _)| *opened > first.at);
    let last = &open[open.len() - 1];
    match inner {
        Some((opened, closed)) if last.closing == Token::RBrace => {
            say(never_closed(place(tokens, *opened), &Token::RBrace)
                .label(place(tokens, *closed), "this one stands too far left to close it"))
        }
        _ => say(never_closed(place(tokens, last.at), &last.closing)),
    }
    let braces = open.iter().any(|open| open.closing == Token::RBrace);
    open.iter().for_each(|open| tokens[open.at].1 = Token::Lost);
    !braces
}

fn never_closed(at: Span, closing: &Token) -> Diagnostic {
    let message = format!("this is never closed; `{closing}` is missing");
    Diagnostic::new(Code::Bracket, at, message).help(format!("add `{closing}`"))
}

/// Whether a closing brace that starts its line stands further left than the line of its opening one.
fn further_left(text: &str, tokens: &[Lexed], opened: usize, closed: usize) -> bool {
    if !text[tokens[closed - 1].2..tokens[closed].0].contains('\n') {
        return false;
    }
    let line = |at: usize| text[..tokens[at].0].rfind('\n').map_or(0, |end| end + 1);
    let indent = |line: usize| text[line..].chars().take_while(|c| *c == ' ' || *c == '\t').count();
    indent(line(closed)) < indent(line(opened))
}
