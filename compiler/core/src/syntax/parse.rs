//! Parses a file and reports every independent mistake in it.
//!
//! 1. Tokens. What is no token is reported, and a [`Token::Lost`] stands for it.
//! 2. Brackets are paired, and the file is cut into items.
//! 3. The grammar reads each item. Where it fails, the item is read again piece by piece: each statement of each block for itself, from the inside out. A
//!    statement that fails is one message and one error node; so is what is left of the item.
//!
//! Every token is read at most three times, however many mistakes there are.

use super::ast::{self, Block, Item, ItemKind, Module, Stmt, StmtKind};
use super::brackets;
use super::build::span;
use super::grammar::ModuleParser;
use super::messages;
use super::token::{Lexed, Token, lex};
use crate::diagnostics::{Code, Diagnostic, Sink};
use crate::source::{FileId, SourceMap};
use lalrpop_util::ParseError;
use std::ops::Range;

/// How many mistakes are reported in a file.
const MAX_MISTAKES: usize = 100;

/// Longest name, in bytes.
pub const MAX_NAME: usize = 255;

/// How deep the tree of an item may be, estimated from above by operators and brackets.
const MAX_DEPTH: usize = 2_000;

type Failed = ParseError<usize, Token, String>;

/// Parses a file of the map. The tree has error nodes where messages were reported.
pub fn parse(sources: &SourceMap, file: FileId, sink: &mut Sink) -> Module {
    let text = &sources.file(file).text;
    let (tokens, problems) = lex(text);
    let mut parser =
        Parser { file, text, tokens, partners: Vec::new(), left: MAX_MISTAKES, sink, module: Module::default() };
    for problem in &problems {
        parser.say(messages::problem(file, text, problem));
    }
    parser.long_names();
    let items = parser.items();
    parser.partners = brackets::partners(&parser.tokens);
    for item in items {
        parser.item(item);
    }
    let Parser { mut module, tokens, .. } = parser;
    attach_docs(&mut module, text, &tokens, |start| tokens.partition_point(|(at, ..)| *at < start as usize));
    module
}

/// A piece of the token list.
enum Piece {
    /// Where an item stands.
    Item(Range<usize>),
    /// Where an item stands whose braces do not pair: nothing is known of it.
    Lost(Range<usize>),
}

struct Parser<'a> {
    file: FileId,
    text: &'a str,
    tokens: Vec<Lexed>,
    /// For a bracket, the place of its partner.
    partners: Vec<usize>,
    /// How many more mistakes are reported.
    left: usize,
    sink: &'a mut Sink,
    module: Module,
}

impl Parser<'_> {
    fn say(&mut self, diagnostic: Diagnostic) {
        let last = "more mistakes follow; they are told when these are mended";
        match self.left {
            0 => {}
            1 => self.sink.push(diagnostic.note(last)),
            _ => self.sink.push(diagnostic),
        }
        self.left = self.left.saturating_sub(1);
    }

    fn long_names(&mut self) {
        let is_long = |token: &Token| matches!(token, Token::Ident(name) if name.len() > MAX_NAME);
        let long: Vec<(usize, usize)> =
            self.tokens.iter().filter(|(_, token, _)| is_long(token)).map(|(start, _, end)| (*start, *end)).collect();
        for (start, end) in long {
            let message = format!("a name of {} characters", end - start);
            let help = format!("names have at most {MAX_NAME}");
            self.say(Diagnostic::new(Code::TooLarge, span(self.file, start, end), message).help(help));
        }
    }

    /// Cuts the file into items.
    fn items(&mut self) -> Vec<Piece> {
        if brackets::pair(&self.tokens) {
            return self.cut(0..self.tokens.len()).into_iter().map(Piece::Item).collect();
        }
        let mut pieces = Vec::new();
        for range in brackets::items_by_lines(self.text, &self.tokens) {
            // Brackets in a string that does not end, or behind it, are not where they seem to be.
            let open_string = self.tokens[range.clone()]
                .iter()
                .any(|(start, token, _)| *token == Token::Lost && self.text[*start..].starts_with('"'));
            let mut messages = Vec::new();
            let whole = brackets::mend(self.file, self.text, &mut self.tokens[range.clone()], |one| messages.push(one));
            if !open_string {
                messages.into_iter().for_each(|message| self.say(message));
            }
            if whole {
                pieces.extend(self.cut(range).into_iter().map(Piece::Item));
            } else {
                pieces.push(Piece::Lost(range));
            }
        }
        pieces
    }

    /// Cuts tokens whose brackets pair into items: up to the `;` or the `}` that ends each, or to the word that starts the next.
    fn cut(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let tokens = &self.tokens;
        let mut pieces: Vec<Range<usize>> = Vec::new();
        let (mut start, mut depth, mut word) = (range.start, 0_usize, None);
        // Whether the last brace outside all others stands in type arguments.
        let mut in_types = false;
        for at in range.clone() {
            let token = &tokens[at].1;
            if depth == 0 && brackets::starts_item(tokens, at) {
                if start < at && !brackets::only_attributes(&tokens[start..at]) {
                    pieces.push(start..at);
                    start = at;
                }
                word = Some(token);
            }
            if token.closing().is_some() {
                if depth == 0 {
                    in_types = at > start && opens_type_argument(&tokens[at - 1].1);
                }
                depth += 1;
            } else if token.closes() {
                depth = depth.saturating_sub(1);
            }
            let ends = match word {
                Some(Token::Fn | Token::Struct | Token::Enum | Token::Policy) => *token == Token::RBrace && !in_types,
                Some(Token::Hash) | None => false,
                Some(_) => *token == Token::Semi,
            };
            if ends && depth == 0 {
                pieces.push(start..at + 1);
                (start, word) = (at + 1, None);
            }
        }
        if start < range.end {
            pieces.push(start..range.end);
        }
        pieces
    }

    fn item(&mut self, piece: Piece) {
        let range = match piece {
            Piece::Lost(range) => return self.lose(range),
            Piece::Item(range) => range,
        };
        // The rest is not looked at: what is not reported need not be found.
        if self.left == 0 {
            return self.lose(range);
        }
        if let Some(at) = self.too_deep(range.clone()) {
            let (start, _, end) = self.tokens[at];
            let message = format!("an expression of more than {MAX_DEPTH} operators");
            let help = "name its parts with `let`, or put the values into an array";
            self.say(Diagnostic::new(Code::TooLarge, span(self.file, start, end), message).help(help));
            return self.lose(range);
        }
        match self.read(self.tokens[range.clone()].iter().cloned()) {
            Ok(module) => self.module.items.extend(module.items),
            Err(failed) => self.in_pieces(range, &failed),
        }
    }

    /// An item that has been reported, and what it declares with it.
    fn lose(&mut self, range: Range<usize>) {
        let (Some((start, ..)), Some((.., end))) =
            (self.tokens.get(range.start), self.tokens.get(range.end.wrapping_sub(1)))
        else {
            return;
        };
        let span = span(self.file, *start, *end);
        self.module.lost.push(span);
        self.module.items.push(Item { docs: Vec::new(), attributes: Vec::new(), kind: ItemKind::Error, span });
    }

    fn read(&self, tokens: impl Iterator<Item = Lexed>) -> Result<Module, Failed> {
        ModuleParser::new().parse(self.file, tokens.map(Ok::<Lexed, String>))
    }

    /// Reads an item that did not parse: its blocks by themselves, then what is left of it.
    fn in_pieces(&mut self, range: Range<usize>, first: &Failed) {
        let (left, lost) = (self.left, self.module.lost.len());
        let outline = self.outline(range.clone());
        match self.read(outline.into_iter()) {
            Ok(module) if self.module.lost.len() > lost || self.left < left => self.module.items.extend(module.items),
            // Nothing was wrong with the pieces: they have been cut in the wrong places.
            Ok(_) => {
                self.report(first, range.clone());
                self.lose(range);
            }
            Err(failed) => {
                self.report(&failed, range.clone());
                self.lose(range);
            }
        }
    }

    /// The tokens of a piece, with one token for each block of statements in it.
    fn outline(&mut self, range: Range<usize>) -> Vec<Lexed> {
        let mut out: Vec<Lexed> = Vec::with_capacity(range.len());
        // For each bracket that is open: what the next brace opens, and whether this is a square one.
        let mut levels: Vec<(Option<Opens>, bool)> = vec![(None, false)];
        let mut at = range.start;
        while at < range.end {
            let token = &self.tokens[at].1;
            let behind_value = at > range.start && self.tokens[at - 1].1.ends_value();
            let in_array = levels.last().is_some_and(|level| level.1);
            let opens = match token {
                Token::If if behind_value && !matches!(self.tokens[at - 1].1, Token::RBrace) => None,
                Token::For if in_array => None,
                Token::If | Token::Else | Token::For | Token::While => Some(Opens::Statements),
                Token::Fn if self.tokens.get(at + 1).is_some_and(|(_, token, _)| token.is_name()) => {
                    Some(Opens::Statements)
                }
                Token::Match | Token::Struct | Token::Enum | Token::Policy | Token::Use => Some(Opens::List),
                _ => None,
            };
            if let (Some(opens), Some(level)) = (opens, levels.last_mut()) {
                level.0 = Some(opens);
            }
            if *token == Token::LBrace {
                let types = at > range.start && opens_type_argument(&self.tokens[at - 1].1);
                let level = levels.last_mut().filter(|level| !types || level.0.is_none());
                let head = level.and_then(|level| level.0.take());
                let close = self.partners[at];
                let statements = match head {
                    Some(opens) => opens == Opens::Statements,
                    None if at > range.start && self.tokens[at - 1].1.is_name() => false,
                    None => self.has_statements(at + 1..close),
                };
                if statements {
                    let (start, end) = (self.tokens[at].0, self.tokens[close].2);
                    let block = self.block(at, close);
                    out.push((start, Token::Block(Box::new(block)), end));
                    at = close + 1;
                    continue;
                }
            }
            let token = &self.tokens[at].1;
            if token.closing().is_some() {
                levels.push((None, *token == Token::LBracket));
            } else if token.closes() && levels.len() > 1 {
                levels.pop();
            }
            out.push(self.tokens[at].clone());
            at += 1;
        }
        out
    }

    /// Whether braces hold more than a value.
    fn has_statements(&self, range: Range<usize>) -> bool {
        let mut at = range.start;
        while at < range.end {
            if matches!(
                self.tokens[at].1,
                Token::Semi | Token::Let | Token::Return | Token::Output | Token::Break | Token::Continue
            ) {
                return true;
            }
            at = self.partners[at].max(at) + 1;
        }
        false
    }

    /// The block between two braces, each statement read by itself.
    fn block(&mut self, open: usize, close: usize) -> Block {
        let whole = span(self.file, self.tokens[open].0, self.tokens[close].2);
        let mut block = Block { statements: Vec::new(), value: None, span: whole };
        let pieces = self.statements(open + 1..close);
        let count = pieces.len();
        for (i, piece) in pieces.into_iter().enumerate() {
            let (start, end) = (self.tokens[piece.start].0, self.tokens[piece.end - 1].2);
            let here = span(self.file, start, end);
            if self.left == 0 {
                self.module.lost.push(here);
                block.statements.push(Stmt { kind: StmtKind::Error, span: here });
                continue;
            }
            let outline = self.outline(piece.clone());
            match self.read(alone(start, outline, end)).map(body) {
                Ok(Some(read)) => {
                    block.statements.extend(read.statements);
                    let Some(value) = read.value else { continue };
                    if i + 1 == count {
                        block.value = Some(value);
                        continue;
                    }
                    // A value in the middle of a block: its semicolon is missing, or it ends with a brace.
                    if !matches!(self.tokens[piece.end - 1].1, Token::RBrace) {
                        self.say(messages::no_semicolon(span(self.file, end, end)));
                    }
                    block.statements.push(Stmt { span: value.span, kind: StmtKind::Expr(*value) });
                }
                Ok(None) => {}
                Err(failed) => {
                    self.report(&failed, piece);
                    self.module.lost.push(here);
                    block.statements.push(Stmt { kind: StmtKind::Error, span: here });
                }
            }
        }
        block
    }

    /// Cuts what stands between two braces into statements.
    fn statements(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let mut pieces = Vec::new();
        let (mut start, mut at) = (range.start, range.start);
        while at < range.end {
            let token = &self.tokens[at].1;
            if start < at && self.starts_statement(at) {
                pieces.push(start..at);
                start = at;
            }
            let end = self.partners[at].max(at) + 1;
            let block_like =
                matches!(self.tokens[start].1, Token::If | Token::Match | Token::For | Token::While | Token::LBrace);
            let next = self.tokens.get(end).map(|(_, token, _)| token);
            let ends = match token {
                Token::Semi => true,
                Token::LBrace => {
                    let types = at > start && opens_type_argument(&self.tokens[at - 1].1);
                    block_like && !types && !matches!(next, Some(Token::Else | Token::Semi))
                }
                _ => false,
            };
            at = end;
            if ends {
                pieces.push(start..at);
                start = at;
            }
        }
        if start < range.end {
            pieces.push(start..range.end);
        }
        pieces
    }

    /// Whether a statement must start with a token, because no statement before goes on with it.
    fn starts_statement(&self, at: usize) -> bool {
        let (before, token) = (&self.tokens[at - 1], &self.tokens[at]);
        let new_line = || self.text[before.2..token.0].contains('\n');
        match &token.1 {
            Token::Let | Token::Output | Token::Return | Token::Break | Token::Continue | Token::For => true,
            Token::If | Token::Match | Token::Ident(_) => before.1.ends_value() && new_line(),
            _ => false,
        }
    }

    /// Reports what the grammar says of a piece, unless it stopped at something that has been reported.
    fn report(&mut self, failed: &Failed, piece: Range<usize>) {
        let at = match failed {
            ParseError::UnrecognizedToken { token: (start, ..), .. }
            | ParseError::ExtraToken { token: (start, ..) } => self.tokens.partition_point(|(at, ..)| at < start),
            ParseError::InvalidToken { .. } | ParseError::UnrecognizedEof { .. } | ParseError::User { .. } => piece.end,
        };
        if !matches!(self.tokens.get(at), Some((_, Token::Lost, _))) {
            let message = messages::unexpected(self.file, self.text, &self.tokens, at, failed);
            self.say(message);
        }
    }

    /// Where the tree of an item becomes too deep, if anywhere. Each operator, and each bracket, may stand one level below the one before it, up to the next
    /// comma, semicolon or statement.
    fn too_deep(&self, range: Range<usize>) -> Option<usize> {
        let mut outer: Vec<usize> = Vec::new();
        let (mut base, mut own) = (0, 0);
        for at in range {
            let token = &self.tokens[at].1;
            if token.closing().is_some() {
                outer.push(own);
                base += own + 1;
                own = 0;
            } else if token.closes() {
                own = outer.pop().unwrap_or(0) + 1;
                base -= own.min(base);
                let next = self.tokens.get(at + 1).map(|(_, token, _)| token);
                if *token == Token::RBrace && next.is_some_and(starts_anew) {
                    own = 0;
                }
            } else if matches!(token, Token::Comma | Token::Semi) {
                own = 0;
            } else if !(token.ends_value() || matches!(token, Token::Colon | Token::PathSep | Token::Eq)) {
                own += 1;
            }
            if base + own > MAX_DEPTH {
                return Some(at);
            }
        }
        None
    }
}

/// What a brace opens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opens {
    /// Statements.
    Statements,
    /// Fields, variants, names, arms.
    List,
}

/// Whether a brace behind this, outside other brackets, encloses a type argument: `fix<{N + 1}>`.
const fn opens_type_argument(before: &Token) -> bool {
    matches!(before, Token::Lt | Token::TypeLt | Token::Comma)
}

/// Whether a statement may start with this, behind one that ends with a brace.
fn starts_anew(token: &Token) -> bool {
    token.is_name()
        || matches!(
            token,
            Token::Let
                | Token::If
                | Token::For
                | Token::While
                | Token::Match
                | Token::Output
                | Token::Return
                | Token::LBrace
                | Token::Fn
                | Token::Hash
        )
}

/// A statement as a program of its own.
fn alone(start: usize, statement: Vec<Lexed>, end: usize) -> impl Iterator<Item = Lexed> {
    let before = [Token::Fn, Token::Ident(String::new()), Token::LParen, Token::RParen, Token::LBrace];
    let before = before.into_iter().map(move |token| (start, token, start));
    before.chain(statement).chain([(end, Token::RBrace, end)])
}

/// The block of such a program.
fn body(module: Module) -> Option<Block> {
    match module.items.into_iter().next()?.kind {
        ItemKind::Fn(ast::Fn { body, .. }) => Some(body),
        _ => None,
    }
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
    let (tokens, problems) = lex(text);
    if !problems.is_empty() || !brackets::pair(&tokens) {
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

    /// The messages with their places: line and column of each.
    fn told(text: &str) -> Vec<(u32, u32, String)> {
        let mut sources = SourceMap::default();
        sources.add("main.smpc", text);
        let place = |span| sources.place(span);
        let all = run(text).1.into_iter();
        all.map(|one| (place(one.primary.0).line, place(one.primary.0).column, one.message)).collect()
    }

    fn lines(text: &str) -> Vec<u32> {
        told(text).into_iter().map(|(line, ..)| line).collect()
    }

    #[test]
    fn mistakes_do_not_hide_each_other() {
        let text = "party A;\nfn f(,) { let a = ; }\nfn main() {\n let x = ;\n let y = 2;\n if y { z = 1 + } \n}\n\
                    input q secret int from A;\nfn g() -> int { 1 }\nuse a::;\n";
        assert_eq!(lines(text), [2, 2, 4, 6, 8, 10], "{:?}", told(text));
        let (module, _) = run(text);
        let kinds: Vec<bool> = module.items.iter().map(|item| item.kind == ItemKind::Error).collect();
        assert_eq!(kinds, [false, true, false, true, false, true]);
    }

    #[test]
    fn a_missing_bracket_spoils_its_statement_or_its_item() {
        // A parenthesis that a statement leaves open, one of the wrong kind, one too many.
        assert_eq!(
            lines("fn main() {\n let a = (1;\n let b = [1, 2);\n let c = 3);\n let d = ;\n let e = 5;\n}\n"),
            [2, 3, 4, 5]
        );
        // Of a brace that is missing nobody knows where; the other items are read.
        let text =
            "fn f() {\n    if a {\n        b;\n    c;\n}\n\nfn g() {\n    let x = ;\n}\n\nfn main() {\n    y + ;\n}\n";
        assert_eq!(lines(text), [2, 8, 12], "{:?}", told(text));
        assert_eq!(told(text)[0].1, 10, "the brace whose partner stands further left");
        let text = "fn h() { } }\n\nfn main() {\n    y + ;\n}\n";
        assert_eq!(lines(text), [1, 4], "{:?}", told(text));
        let text = "struct S {\n    a: int,\n\nfn f() {\n}\n\nparam N: int = ;\n";
        assert_eq!(lines(text), [1, 7], "{:?}", told(text));
        // A string that does not end hides its own line, and nothing is said of brackets there.
        let text = "fn f() {\n    check(x, \"a);\n    let y = ;\n}\nfn main() {\n    let x = ;\n}\n";
        assert!(lines(text).starts_with(&[2]) && lines(text).ends_with(&[6]), "{:?}", told(text));
    }

    #[test]
    fn a_missing_semicolon_spoils_nothing_else() {
        let text = "fn main() {\n    let a = 1\n    let b = = 2;\n    a + b\n    f(a);\n    if a { b = 1 }\n    c = ;\n    let s = S { x: 1, y }\n}\n";
        assert_eq!(lines(text), [2, 3, 4, 6, 7, 8], "{:?}", told(text));
    }

    #[test]
    fn braces_of_values_are_no_blocks() {
        let text = "fn main() {\n    let s = S { x: 1, y: f(T { z: 2 }) };\n    match s { 0 => { a; b }, _ => S { x: 3 }, }\n    let t = f::<{ N }>([x for x in xs if x > 0]);\n    if f::<A, { N }>(x) == 1 { t; }\n    let u = ;\n}\n";
        assert_eq!(lines(text), [6], "{:?}", told(text));
        let text = "fn f() -> fix<{ N }> { a; }\nfn g() -> fix<{ N }> { b = ; c; }\n";
        assert_eq!(lines(text), [2], "{:?}", told(text));
    }

    #[test]
    fn signs_of_other_keyboards_are_named() {
        let text = "\u{feff}fn main() {\n    let a = 5 \u{2212} 3\u{37e}\n    let b = \u{201c}x\u{201d};\n    /* no */ let c\u{a0}= 'x';\n    let d = 1\0;\n}\n";
        let told = told(text);
        let places: Vec<(u32, u32)> = told.iter().map(|(line, column, _)| (*line, *column)).collect();
        assert_eq!(places, [(2, 15), (2, 18), (3, 13), (4, 5), (4, 19), (4, 22), (5, 14)], "{told:?}");
        let help: Vec<String> = run(text).1.into_iter().filter_map(|one| one.help).collect();
        assert_eq!(help[0], "write `-`");
        assert_eq!(help[1], "write `;`");
        assert!(told[6].2.contains("U+0000"), "{told:?}");
    }

    /// Texts that are large or deep in every way end, with few messages.
    #[test]
    fn large_texts_end() {
        let unary = format!("fn main() {{ let x = {}1; }}", "-".repeat(1 << 20));
        let texts = [
            "(".repeat(1 << 20),
            "fn f {".repeat(1 << 17),
            "{}".repeat(1 << 19),
            "}\n".repeat(1 << 18),
            "\u{a7} ".repeat(1 << 18),
            "\"\n".repeat(1 << 18),
            "fn f() { let x = ; }\n".repeat(1 << 15),
            format!("fn main() {{ {} }}", "let x = ;".repeat(1 << 15)),
            format!("fn main() {{ {} }}", "if a { } ".repeat(1 << 15)),
            format!("fn main() {{ let x = a{}; }}", ".b".repeat(1 << 18)),
            format!("const X = [{}];", "1, ".repeat(1 << 17)),
            format!("const X = {};", "a >> b < ".repeat(1 << 16)),
            unary,
        ];
        for text in texts {
            let (_, messages) = run(&text);
            assert!(messages.len() <= MAX_MISTAKES, "{} for {}", messages.len(), &text[..40]);
        }
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
