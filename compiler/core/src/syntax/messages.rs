//! What is said about text that is not written as the language wants it.

use super::build::span;
use super::token::{Lexed, Problem, ProblemKind, Token};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{FileId, Span};
use lalrpop_util::ParseError;

/// Longest piece of a text that a message repeats, in characters.
const SHOWN: usize = 20;

/// The message for a piece of text that is no token.
pub(super) fn problem(file: FileId, text: &str, problem: &Problem) -> Diagnostic {
    let found = text.get(problem.range.clone()).unwrap_or_default();
    let at = span(file, problem.range.start, problem.range.end);
    let say = |message: String, help: &str| Diagnostic::new(Code::UnknownCharacter, at, message).help(help.to_owned());
    match problem.kind {
        ProblemKind::OpenString => say("a string that does not end on its line".to_owned(), "close it with `\"`"),
        ProblemKind::SingleQuotes => {
            say(format!("`{}` is no string", shown(found)), "strings stand in double quotes: `\"…\"`")
        }
        ProblemKind::CurlyQuotes => {
            say("typographic quotes".to_owned(), "strings stand in straight double quotes: `\"…\"`")
        }
        ProblemKind::BlockComment => {
            say("the language has no `/* … */`".to_owned(), "start each line of the comment with `//`")
        }
        ProblemKind::LooksLike(sign) => {
            say(format!("`{}` looks like `{sign}`, but is another character", shown(found)), &format!("write `{sign}`"))
        }
        ProblemKind::Invisible => say(
            format!("{} does not show, and is no space of the language", shown(found)),
            "take it out, or write a space",
        ),
        ProblemKind::Unknown => {
            let help = match found {
                "'" => "strings stand in double quotes",
                "?" | "@" | "$" | "~" | "`" | "\\" => "the language has no such sign",
                _ => "take it out",
            };
            say(format!("`{}` means nothing here", shown(found)), help)
        }
    }
}

/// A piece of the text as it can stand in a message: not too long, and what does not show by its number.
fn shown(text: &str) -> String {
    let mut out = String::new();
    for (i, c) in text.chars().enumerate() {
        if i == SHOWN {
            out.push('…');
            break;
        }
        let hidden = c.is_control()
            || c.is_whitespace() && c != ' '
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if hidden { out.push_str(&format!("U+{:04X}", u32::from(c))) } else { out.push(c) }
    }
    out
}

/// The message for a token that cannot stand at its place.
pub(super) fn unexpected(
    file: FileId,
    text: &str,
    tokens: &[Lexed],
    at: usize,
    error: &ParseError<usize, Token, String>,
) -> Diagnostic {
    let before = |back: usize| at.checked_sub(back).and_then(|i| tokens.get(i)).map(|(_, token, _)| token);
    let previous_end = at.checked_sub(1).and_then(|i| tokens.get(i)).map_or(0, |(_, _, end)| *end);
    let Some((start, token, end)) = tokens.get(at) else {
        let at = span(file, previous_end, text.len().min(previous_end));
        return Diagnostic::new(Code::Syntax, at, "the file ends in the middle of an item").help(expected(error));
    };
    let here = span(file, *start, *end);
    let gap = span(file, previous_end, previous_end);
    let named = |what: &str| matches!(token, Token::Ident(name) if name == what);
    let previous_named = |what: &str| matches!(before(1), Some(Token::Ident(name)) if name == what);

    let wants_semicolon = matches!(
        error,
        ParseError::UnrecognizedToken { expected, .. } | ParseError::UnrecognizedEof { expected, .. }
            if expected.iter().any(|e| e == "\";\"")
    );
    let new_line = text.get(previous_end..*start).is_some_and(|between| between.contains('\n'));
    let comparison =
        |t: &Token| matches!(t, Token::Lt | Token::Le | Token::Gt | Token::Ge | Token::EqEq | Token::NotEq);
    let say = |message: String, help: &str| Diagnostic::new(Code::Syntax, here, message).help(help.to_owned());

    if before(1) == Some(&Token::PlusPlus) && matches!(token, Token::Semi | Token::RParen | Token::RBrace) {
        return say("`++` joins two arrays".to_owned(), "to count up, write `x += 1`");
    }
    if comparison(token) && wants_operator_before_comparison(error) {
        return say("comparisons do not chain".to_owned(), "write `a < b && b < c`");
    }
    if *token == Token::Eq && before(1).is_some_and(comparison) {
        return say(
            format!("`{}=` is no operator", before(1).map(ToString::to_string).unwrap_or_default()),
            "write `==`",
        );
    }
    if *token == Token::Eq && inside_head(tokens, at) {
        return say("`=` assigns and gives no value".to_owned(), "to compare, write `==`").suggest(here, "==");
    }
    if *token == Token::Dot && matches!(before(1), Some(Token::Int(_)))
        || matches!(token, Token::Int(_)) && before(1) == Some(&Token::Dot)
    {
        return say("a number has digits on both sides of its point".to_owned(), "write `0.5` and `5.0`");
    }
    if *token == Token::Bang && matches!(before(1), Some(Token::Ident(_))) {
        return say("there are no macros".to_owned(), "take the `!` away: `assert(x < 9)`");
    }
    if token.is_keyword() && matches!(before(1), Some(Token::Let | Token::Mut | Token::For | Token::Fn)) {
        return say(format!("`{token}` is a word of the language"), "choose another name");
    }
    if named("and") || named("or") || named("not") || previous_named("not") {
        return say(format!("`{token}` is no operator"), "write `&&`, `||` and `!`");
    }
    if named("elif") || previous_named("elif") {
        return say("`elif` is not a word of the language".to_owned(), "write `else if`");
    }
    if ["def", "function", "func"].into_iter().any(|word| named(word) || previous_named(word)) {
        return say("functions are declared with `fn`".to_owned(), "write `fn name(x: int) -> int { … }`");
    }
    if *token == Token::In && before(2) == Some(&Token::As) {
        let help = "write `narrow(x, 0..=9, \"why it holds\")`, `clamp(x, 0, 9)`, or a `let` with that type";
        return say("a type behind `as` has no range".to_owned(), help);
    }
    if previous_named("var") || previous_named("int") || previous_named("bool") {
        return say("variables are declared with `let`".to_owned(), "write `let x = …;`, or `let x: int = …;`");
    }
    if previous_named("while") || previous_named("loop") {
        return say("there is no `loop`".to_owned(), "write `while true { … }`, or a `for` with a public bound");
    }
    if before(2) == Some(&Token::Let) && matches!(before(1), Some(Token::Ident(_))) && matches!(token, Token::Ident(_))
    {
        return say("a colon stands between a name and its type".to_owned(), "write `let x: int = …;`");
    }
    if wants_semicolon && (new_line || *token == Token::RBrace) {
        return no_semicolon(gap);
    }
    if *token == Token::Colon && inside_head(tokens, at) {
        return say("a block stands in braces".to_owned(), "write `{ … }` instead of `:` and indentation");
    }
    say(format!("`{token}` cannot stand here"), &expected(error))
}

/// The message for a statement without its semicolon.
pub(super) fn no_semicolon(gap: Span) -> Diagnostic {
    Diagnostic::new(Code::Syntax, gap, "a semicolon is missing here")
        .help("end the statement with `;`")
        .suggest(gap, ";")
}

/// Whether the parser stood behind a complete comparison: it would have taken a logical operator, but no comparison.
fn wants_operator_before_comparison(error: &ParseError<usize, Token, String>) -> bool {
    matches!(error, ParseError::UnrecognizedToken { expected, .. }
        if expected.iter().any(|e| e == "\"&&\"") && !expected.iter().any(|e| e == "\"<\""))
}

/// Whether a place lies between `if` or `while` and the block that follows.
fn inside_head(tokens: &[Lexed], at: usize) -> bool {
    tokens[..at]
        .iter()
        .rev()
        .take_while(|(_, token, _)| !matches!(token, Token::Semi | Token::LBrace | Token::RBrace))
        .any(|(_, token, _)| matches!(token, Token::If | Token::While | Token::For | Token::Else))
}

/// What could have stood at the place, in words.
fn expected(error: &ParseError<usize, Token, String>) -> String {
    let (ParseError::UnrecognizedToken { expected, .. } | ParseError::UnrecognizedEof { expected, .. }) = error else {
        return "look at the line before".to_owned();
    };
    let has = |token: &str| expected.iter().any(|e| e == token);
    let mut all: Vec<String> = Vec::new();
    if has("\"integer\"") && has("\"name\"") {
        return "expected a value".to_owned();
    }
    if has("\"name\"") {
        all.push("a name".to_owned());
    }
    if has("\"fn\"") && has("\"party\"") {
        return "expected an item: `party`, `input`, `param`, `const`, `struct`, `fn` or `use`".to_owned();
    }
    for sign in [
        "\";\"", "\",\"", "\")\"", "\"]\"", "\"}\"", "\"{\"", "\"(\"", "\":\"", "\"=\"", "\"in\"", "\"from\"",
        "\"to\"", "\"=>\"",
    ] {
        if has(sign) && all.len() < 5 {
            all.push(format!("`{}`", sign.trim_matches('"')));
        }
    }
    if all.is_empty() {
        return "look at the line before".to_owned();
    }
    format!("expected {}", all.join(" or "))
}
