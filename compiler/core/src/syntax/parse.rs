//! Parses a file and reports every independent mistake in it.
//!
//! 1. Tokens; what is no token is reported and left out.
//! 2. Brackets are paired. A file whose brackets do not pair is not parsed further: every later message would be a guess.
//! 3. The grammar reads the file. Where it stops, the smallest statement or item around the place becomes one error node, and it
//!    reads again; a place inside a piece that failed before takes the next larger piece.

use super::ast::Module;
use super::build::span;
use super::grammar::ModuleParser;
use super::token::{Lexed, Token, lex};
use crate::diagnostics::{Code, Diagnostic, Sink};
use crate::source::{FileId, SourceMap, Span};
use lalrpop_util::ParseError;
use std::ops::Range;

/// How deep brackets may nest.
const MAX_NESTING: usize = 256;

/// How many mistakes are reported in a file before the rest is given up.
const MAX_MISTAKES: usize = 100;

/// Longest name, in bytes.
pub const MAX_NAME: usize = 255;

/// Parses a file of the map. The tree has error nodes where messages were reported.
pub fn parse(sources: &SourceMap, file: FileId, sink: &mut Sink) -> Module {
    let text = &sources.file(file).text;
    let (mut tokens, unknown) = lex(text);
    let open_string = unknown.iter().any(|range| text.get(range.clone()).is_some_and(|found| found.starts_with('"')));
    for range in unknown {
        sink.push(unknown_characters(file, range, text));
    }
    for (start, token, end) in &tokens {
        if matches!(token, Token::Ident(name) if name.len() > MAX_NAME) {
            let message = format!("a name of {} characters", end - start);
            let help = format!("names have at most {MAX_NAME}");
            sink.push(Diagnostic::new(Code::TooLarge, span(file, *start, *end), message).help(help));
        }
    }
    // Brackets inside such a string, or behind it, are not where they seem to be.
    if open_string || !brackets_pair(file, &tokens, sink) {
        return Module::default();
    }
    for _ in 0..MAX_MISTAKES {
        let stream = tokens.iter().cloned().map(Ok::<Lexed, String>);
        match ModuleParser::new().parse(file, stream) {
            Ok(mut module) => {
                attach_docs(&mut module, text, &tokens, |start| {
                    tokens.partition_point(|(at, ..)| *at < start as usize)
                });
                module.lost = lost(file, &tokens);
                return module;
            }
            Err(error) => {
                let at = position(&error, &tokens);
                if !matches!(tokens.get(at), Some((_, Token::BadStatement | Token::BadItem, _))) {
                    sink.push(unexpected(file, text, &tokens, at, &error));
                }
                if !replace(&mut tokens, at) {
                    break;
                }
            }
        }
    }
    Module::default()
}

/// The pieces in place of which an error token stands.
fn lost(file: FileId, tokens: &[Lexed]) -> Vec<Span> {
    let bad = tokens.iter().filter(|(_, token, _)| matches!(token, Token::BadStatement | Token::BadItem));
    bad.map(|(start, _, end)| span(file, *start, *end)).collect()
}

fn unknown_characters(file: FileId, range: Range<usize>, text: &str) -> Diagnostic {
    let found = text.get(range.clone()).unwrap_or_default();
    let at = span(file, range.start, range.end);
    if found.starts_with('"') {
        return Diagnostic::new(Code::UnknownCharacter, at, "a string that does not end on its line")
            .help("close it with `\"`");
    }
    let message = format!("`{found}` means nothing here");
    let diagnostic = Diagnostic::new(Code::UnknownCharacter, at, message);
    match found {
        "'" => diagnostic.help("strings stand in double quotes"),
        "?" | "@" | "$" | "~" | "`" | "\\" => diagnostic.help("the language has no such sign"),
        _ => diagnostic.help("take it out"),
    }
}

/// Pairs the brackets; reports the first one without a partner.
fn brackets_pair(file: FileId, tokens: &[Lexed], sink: &mut Sink) -> bool {
    let mut open: Vec<(Span, Token)> = Vec::new();
    for (start, token, end) in tokens {
        let at = span(file, *start, *end);
        if let Some(closing) = token.closing() {
            if open.len() == MAX_NESTING {
                let message = format!("brackets nest more than {MAX_NESTING} deep");
                sink.push(Diagnostic::new(Code::Bracket, at, message).help("name the inner parts with `let`"));
                return false;
            }
            open.push((at, closing));
        } else if token.closes() {
            match open.pop() {
                Some((_, expected)) if expected == *token => {}
                Some((opened, expected)) => {
                    let message = format!("`{token}` closes nothing");
                    sink.push(
                        Diagnostic::new(Code::Bracket, at, message)
                            .here(format!("expected `{expected}`"))
                            .label(opened, "to close this")
                            .help(format!("write `{expected}` first, or take `{token}` away")),
                    );
                    return false;
                }
                None => {
                    let message = format!("`{token}` closes nothing");
                    sink.push(Diagnostic::new(Code::Bracket, at, message).help("take it away, or open it before"));
                    return false;
                }
            }
        }
    }
    match open.pop() {
        None => true,
        Some((opened, closing)) => {
            let message = format!("this is never closed; `{closing}` is missing");
            sink.push(Diagnostic::new(Code::Bracket, opened, message).help(format!("add `{closing}`")));
            false
        }
    }
}

/// The index of the token at which the grammar stopped; the number of tokens for the end of the file.
fn position(error: &ParseError<usize, Token, String>, tokens: &[Lexed]) -> usize {
    match error {
        ParseError::UnrecognizedToken { token: (start, _, _), .. }
        | ParseError::ExtraToken { token: (start, _, _) } => tokens.partition_point(|(at, _, _)| at < start),
        ParseError::InvalidToken { .. } | ParseError::UnrecognizedEof { .. } | ParseError::User { .. } => tokens.len(),
    }
}

/// The message for a token that cannot stand at its place.
fn unexpected(
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

    let wants_semicolon =
        matches!(error, ParseError::UnrecognizedToken { expected, .. } if expected.iter().any(|e| e == "\";\""));
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
        return Diagnostic::new(Code::Syntax, gap, "a semicolon is missing here")
            .help("end the statement with `;`")
            .suggest(gap, ";");
    }
    if *token == Token::Colon && inside_head(tokens, at) {
        return say("a block stands in braces".to_owned(), "write `{ … }` instead of `:` and indentation");
    }
    say(format!("`{token}` cannot stand here"), &expected(error))
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

/// Puts an error token in place of the smallest piece around a token that is not one already: the statement, the block around it
/// and so on, at last the item. False where nothing is left to replace.
fn replace(tokens: &mut Vec<Lexed>, at: usize) -> bool {
    let at = at.min(tokens.len().saturating_sub(1));
    let mut inside = at;
    while let Some(open) = enclosing_brace(tokens, inside) {
        let piece = statement(tokens, open, inside);
        let whole = tokens.get(piece.clone()).is_some_and(|piece| piece.len() == 1);
        let bad = matches!(tokens.get(piece.start), Some((_, Token::BadStatement, _)));
        if is_block(tokens, open) && !(whole && bad) && !piece.is_empty() {
            put(tokens, piece, Token::BadStatement);
            return true;
        }
        inside = open;
    }
    let piece = item(tokens, inside);
    if piece.is_empty() || piece.len() == 1 && matches!(tokens.get(piece.start), Some((_, Token::BadItem, _))) {
        return false;
    }
    put(tokens, piece, Token::BadItem);
    true
}

fn put(tokens: &mut Vec<Lexed>, piece: Range<usize>, token: Token) {
    let (start, end) = (tokens[piece.start].0, tokens[piece.end - 1].2);
    tokens.splice(piece, [(start, token, end)]);
}

/// The index of the `{` around a token.
fn enclosing_brace(tokens: &[Lexed], at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for i in (0..at).rev() {
        match tokens[i].1 {
            Token::RBrace => depth += 1,
            Token::LBrace if depth == 0 => return Some(i),
            Token::LBrace => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Whether a `{` opens statements: not a struct's fields, an enum's variants, a `use` list, a `match`.
fn is_block(tokens: &[Lexed], open: usize) -> bool {
    for i in (0..open).rev() {
        match tokens[i].1 {
            Token::Struct | Token::Enum | Token::Use | Token::Policy | Token::Match => return false,
            Token::Semi
            | Token::LBrace
            | Token::RBrace
            | Token::Fn
            | Token::If
            | Token::Else
            | Token::For
            | Token::While => {
                return true;
            }
            _ => {}
        }
    }
    true
}

/// The statement around a token inside the block that opens at `open`: from behind the last `;` or `}` at this depth to the next.
fn statement(tokens: &[Lexed], open: usize, at: usize) -> Range<usize> {
    let mut start = open + 1;
    let mut depth = 0_usize;
    for (i, (_, token, _)) in tokens.iter().enumerate().skip(open + 1) {
        if token.closing().is_some() {
            depth += 1;
        } else if token.closes() {
            if depth == 0 {
                return start..i;
            }
            depth -= 1;
        }
        let ends = depth == 0
            && (matches!(token, Token::Semi | Token::BadStatement)
                || *token == Token::RBrace && !matches!(tokens.get(i + 1), Some((_, Token::Else | Token::Semi, _))));
        if ends {
            if i >= at {
                return start..i + 1;
            }
            start = i + 1;
        }
    }
    start..tokens.len()
}

/// The item around a token: from behind the last `;` or `}` outside braces to the next, or to the next word that starts an item.
fn item(tokens: &[Lexed], at: usize) -> Range<usize> {
    let mut start = 0;
    let mut depth = 0_usize;
    for (i, (_, token, _)) in tokens.iter().enumerate() {
        if depth == 0 && i > start && i > at && token.starts_item() {
            return start..i;
        }
        if token.closing().is_some() {
            depth += 1;
        } else if token.closes() {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 && matches!(token, Token::Semi | Token::RBrace | Token::BadItem) {
            if i >= at {
                return start..i + 1;
            }
            start = i + 1;
        }
    }
    start..tokens.len()
}

/// Gives each item the lines of `///` before it. `start_of` gives the number of the token at which an item starts.
fn attach_docs(module: &mut Module, text: &str, tokens: &[Lexed], start_of: impl Fn(u32) -> usize) {
    for item in &mut module.items {
        let first = start_of(item.span.start);
        let end = tokens.get(first).map_or(text.len(), |(start, ..)| *start);
        let before = first.checked_sub(1).and_then(|before| tokens.get(before)).map_or(0, |(.., end)| *end);
        let lines = text.get(before..end).unwrap_or_default().lines().map(str::trim).filter(|line| !line.is_empty());
        let is_doc = |line: &&str| line.starts_with("///") && !line.starts_with("////");
        let lines: Vec<&str> = lines.rev().take_while(is_doc).collect();
        item.docs = lines.iter().rev().map(|line| line[3..].trim().to_owned()).collect();
    }
}

/// The tree of a text with places counted in tokens, where a comma takes no place: two texts that differ in white space, comments and commas behind the
/// last element of a list have the same. `None` if the text does not parse.
pub(crate) fn shape(text: &str) -> Option<Module> {
    let (tokens, unknown) = lex(text);
    let mut brackets = Sink::default();
    if !unknown.is_empty() || !brackets_pair(FileId(0), &tokens, &mut brackets) {
        return None;
    }
    let mut places: Vec<usize> = Vec::with_capacity(tokens.len());
    let counted = tokens.iter().enumerate().map(|(at, (_, token, _))| {
        let start = places.len();
        if *token != Token::Comma {
            places.push(at);
        }
        Ok::<Lexed, String>((start, token.clone(), places.len()))
    });
    let mut module = ModuleParser::new().parse(FileId(0), counted).ok()?;
    attach_docs(&mut module, text, &tokens, |start| places.get(start as usize).copied().unwrap_or(tokens.len()));
    Some(module)
}

#[cfg(test)]
mod tests {
    use super::super::ast::{ItemKind, StmtKind};
    use super::*;

    fn run(text: &str) -> (Module, Vec<Diagnostic>) {
        let mut sources = SourceMap::default();
        let file = sources.add("main.smpc", text);
        let mut sink = Sink::default();
        let module = parse(&sources, file, &mut sink);
        (module, sink.finish())
    }

    #[test]
    fn every_program_of_the_project_reads() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
        for name in ["auction", "clinical_pool", "inner_product", "millionaires", "salary_benchmark"] {
            let text = std::fs::read_to_string(format!("{root}programs/{name}/main.smpc")).expect("a program");
            assert_eq!(run(&text).1, [], "{name}");
        }
        for name in ["math", "sort", "stats"] {
            let text = std::fs::read_to_string(format!("{root}stdlib/{name}.smpc")).expect("a module");
            assert_eq!(run(&text).1, [], "{name}");
        }
    }

    #[test]
    fn all_of_the_language_reads() {
        let (module, messages) = run(r#"
            //! File.
            use my_helpers::*; use std::sort::{sort, sort_by,};
            party Employer[N], B;
            #[test] fn t() { assert(f(secret(3)) == 9); }
            input pay: secret [int in -1..=(2 * N); N, 3] from each Employer;
            input p: public [maybe Claim; ..=ROWS] from B;
            enum Arm { Control, Treatment }
            struct S { #[csv(column = "Pay")] a: bits<64>, b: (int, bool), c: fix<24> in -1.0..=1.0 }
            circuit aes("aes.txt") : (bits<128>, bits<128>) -> bits<128>;
            policy survey { min_parties: 5, max_share: 0.25 }
            fn f<T: num, const N>(xs: secret [T; N], g: fn(T, T) -> T) -> secret T {
                let (a, _) = t.0.1;
                for (i, x) in enumerate(xs) while !done { m[i, .., 2..5] += x; continue; }
                if x == 3 { y = 1; } else if z { } else { return; }
                let s = S { a, b: (1, true), ..base };
                while x < 3 && y { break; }
                match x { 0 | 1 => a, 2..=9 => b, _ => c };
                let h = map(xs, |x| x * 2 + 1).sum() as fix<24> / 2;
                -xs[0] << 3 & 1 ^ 2 | 7
            }
            fn main() {
                output x to all;
                output mean = mean(pay) under survey(pay) to Employer[0], B;
                output rank to each Employer;
                let from = [x for x in 0..=9 if x % 2 == 0];
                let z = [0; N, M];
                { 1 } - 2;
            }"#);
        assert_eq!(messages, []);
        assert_eq!(module.items.len(), 12);
    }

    #[test]
    fn mistakes_do_not_hide_each_other() {
        let (module, messages) = run(
            "party A;\nfn f( { }\nfn main() {\n let x = ;\n let y = 2;\n let z = y +;\n}\ninput q secret int from A;\n",
        );
        assert_eq!(messages.len(), 1, "{messages:?}");
        let (_, messages) = run(
            "party A;\nfn f(,) { }\nfn main() {\n let x = ;\n let y = 2;\n if y { z = 1 + } \n}\ninput q secret int from A;\n",
        );
        assert_eq!(messages.len(), 4, "{messages:?}");
        assert!(module.items.is_empty());
    }

    #[test]
    fn a_bad_statement_is_one_node() {
        let (module, messages) = run("fn main() { let a = 1; let b = = 2; let c = 3; }");
        assert_eq!(messages.len(), 1);
        let ItemKind::Fn(main) = &module.items[0].kind else { panic!("a function") };
        let kinds: Vec<bool> = main.body.statements.iter().map(|s| s.kind == StmtKind::Error).collect();
        assert_eq!(kinds, [false, true, false]);
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = format!("fn main() {{ let x = {}1{}; }}", "(".repeat(10_000), ")".repeat(10_000));
        assert_eq!(run(&deep).1[0].code, Code::Bracket);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(party|fn|let|if|\\{|\\}|\\(|\\)|;|x|=|1| |\\n|[a-z$\"]){0,60}") {
            let _ = run(&text);
        }
    }
}
