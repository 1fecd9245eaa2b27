//! What could be written at a place.
//!
//! A text in which something is being written seldom parses. So a marker takes the place of the name that is missing, the piece around it is closed in
//! one of several ways, and the first text in which the marker is read as part of the syntax tells what kind of name is wanted and what is in scope.

use super::index::{DefId, Definition, Index, Kind};
use super::rename::Edit;
use super::resolve::{Marked, Place, resolve};
use super::{Analysis, builtins};
use crate::compile::{Request, load};
use crate::diagnostics::Sink;
use crate::elaborate::facts::Facts;
use crate::elaborate::modules::Modules;
use crate::library;
use crate::source::{FileId, SourceMap};
use crate::syntax::token::{Lexed, Token, lex};
use std::collections::BTreeSet;

/// The name that stands for what is being written. It is no name of a program: a program that has it all the same completes less well.
const MARKER: &str = "smpc_marker";

/// Something that could stand at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What is written.
    pub label: String,
    /// What it is.
    pub kind: CompletionKind,
    /// Its declaration or type in a line.
    pub detail: String,
    /// Its documentation.
    pub docs: String,
    /// How near it is: smaller ones come first.
    pub rank: u8,
    /// The import that it needs.
    pub import: Option<Edit>,
}

/// What is completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionKind {
    /// A name that the program declares.
    Declared(Kind),
    /// A function of the language.
    Function,
    /// A type of the language.
    Type,
    /// A module of the library.
    Module,
    /// A word of the language.
    Word,
}

/// What could be written in the main file at a byte offset. `now` is what is known of the text as it is.
#[must_use]
pub fn complete(now: &Analysis, request: &Request<'_>, offset: usize) -> Vec<Completion> {
    let Some(before) = request.text.get(..offset) else { return Vec::new() };
    let (tokens, _) = lex(request.text);
    let (behind, _) = lex(before);
    if in_comment_or_string(request.text, &tokens, offset) {
        return Vec::new();
    }
    if starts_item(&behind, offset) {
        return builtins::ITEM_WORDS.iter().map(|text| word(text)).collect();
    }
    let patched = patches(request.text, &behind, offset).into_iter().find(|text| reads(text));
    let Some(patched) = patched else { return by_token(now, &behind, offset) };
    let (defines, lints) = (request.defines.clone(), request.lints.clone());
    let request = Request { text: &patched, defines, lints, ..*request };
    let (sources, modules) = load(&request, &mut Sink::default());
    let Some(modules) = modules else { return Vec::new() };
    let (index, marked) = resolve(&modules, &sources, &Facts::default(), Some(MARKER));
    let Some(marked) = marked else { return Vec::new() };
    let list = List { now, modules: &modules, sources: &sources, index: &index, offset, found: Vec::new() };
    list.of(&marked)
}

/// Whether a place lies in a comment or in a string.
fn in_comment_or_string(text: &str, tokens: &[Lexed], offset: usize) -> bool {
    let inside =
        tokens.iter().any(|(start, token, end)| matches!(token, Token::Str(_)) && *start < offset && offset < *end);
    let before = tokens.iter().take_while(|(start, ..)| *start < offset).last().map_or(0, |(_, _, end)| *end);
    let gap = text.get(before.min(offset)..offset).unwrap_or_default();
    inside || gap.rsplit('\n').next().is_some_and(|line| line.contains("//"))
}

/// The tokens before the name that is being written.
fn before_name(tokens: &[Lexed], offset: usize) -> &[Lexed] {
    match tokens.split_last() {
        // The start of a name may be a word of the language: `in` of `input`.
        Some(((_, token, end), before))
            if *end == offset && token.to_string().starts_with(|c: char| c.is_alphabetic() || c == '_') =>
        {
            before
        }
        _ => tokens,
    }
}

/// Whether an item would start here.
fn starts_item(tokens: &[Lexed], offset: usize) -> bool {
    let before = before_name(tokens, offset);
    let outside = open_brackets(before).is_empty();
    outside && matches!(before.last(), None | Some((_, Token::Semi | Token::RBrace | Token::RBracket, _)))
}

/// A bracket that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Open {
    /// What closes it.
    closing: &'static str,
    /// Whether statements stand in it: a brace, and not that of a struct's literal.
    block: bool,
}

/// Brackets that are open at the end, innermost last.
fn open_brackets(tokens: &[Lexed]) -> Vec<Open> {
    let mut open = Vec::new();
    for (at, (_, token, _)) in tokens.iter().enumerate() {
        let closing = match token {
            Token::LParen => ")",
            Token::LBracket => "]",
            Token::LBrace => "}",
            _ => {
                if token.closes() {
                    open.pop();
                }
                continue;
            }
        };
        // In the head of a loop a name in capitals is a constant; structs have small letters too.
        let before = at.checked_sub(1).and_then(|at| tokens.get(at)).map(|(_, token, _)| token);
        let literal = matches!(before, Some(Token::Ident(name))
            if name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase));
        open.push(Open { closing, block: closing == "}" && !literal });
    }
    open
}

/// Texts with the marker, from the least change to the greatest.
fn patches(text: &str, before: &[Lexed], offset: usize) -> Vec<String> {
    let (head, tail) = text.split_at(offset);
    let line_end = tail.find('\n').unwrap_or(tail.len());
    let (line, rest) = tail.split_at(line_end);
    let open = open_brackets(before);
    let closers: String = open.iter().rev().take_while(|open| !open.block).map(|open| open.closing).collect();
    let mut all = Vec::new();
    for close in ["", ";", &format!("{closers};"), " = 0;", &format!("{closers} {{}}"), " to all;"] {
        all.push(format!("{head}{MARKER}{close}{tail}"));
    }
    for close in [";", " {}", " to all;"] {
        all.push(format!("{head}{MARKER}{line}{close}{rest}"));
    }
    // All that is open ends here, and the file goes on with the next item. A block that is a value needs a semicolon behind it, a loop has none.
    let closed = |semicolons: bool| {
        let mut text = String::new();
        for (at, open) in open.iter().rev().enumerate() {
            let ends = open.block && (at == 0 || semicolons || !text.ends_with('}'));
            text.push_str(if ends { ";" } else { "" });
            text.push_str(open.closing);
        }
        text
    };
    let (tokens, _) = lex(tail);
    let starts_line = |at: usize| at == 0 || tail.as_bytes().get(at - 1) == Some(&b'\n');
    let next = tokens.iter().find(|(at, token, _)| token.starts_item() && starts_line(*at)).map(|(at, ..)| *at);
    let next = next.and_then(|at| tail.get(at..)).unwrap_or_default();
    for (block, semicolons) in [("", false), ("", true), (" {}", false)] {
        all.push(format!("{head}{MARKER}{block}{}\n{next}", closed(semicolons)));
    }
    all
}

/// Whether the marker stands in a piece of the text that parses.
fn reads(text: &str) -> bool {
    let mut sources = SourceMap::default();
    let file = sources.add("", text);
    let ast = crate::syntax::parse(&sources, file, &mut Sink::default());
    let Some(at) = text.find(MARKER) else { return false };
    let lost = ast.lost.iter().any(|piece| (piece.start as usize..piece.end as usize).contains(&at));
    !lost && !ast.items.is_empty()
}

/// What the tokens before tell, where nothing parses.
fn by_token(now: &Analysis, tokens: &[Lexed], offset: usize) -> Vec<Completion> {
    let before = before_name(tokens, offset);
    if !matches!(before.last(), Some((_, Token::Colon | Token::Arrow, _))) {
        return Vec::new();
    }
    let (sources, modules, index) = (&now.sources, &now.modules, now.index());
    if modules.len() == 0 {
        return Vec::new();
    }
    List { now, modules, sources, index, offset, found: Vec::new() }
        .of(&Marked { place: Place::Type, scope: Vec::new() })
}

fn word(text: &str) -> Completion {
    let (label, kind) = (text.to_owned(), CompletionKind::Word);
    Completion { label, kind, detail: String::new(), docs: String::new(), rank: 5, import: None }
}

/// The list in the making, for a text with the marker.
struct List<'a> {
    now: &'a Analysis,
    modules: &'a Modules,
    sources: &'a SourceMap,
    index: &'a Index,
    /// Where the marker stands in the main file.
    offset: usize,
    found: Vec<Completion>,
}

impl List<'_> {
    fn of(mut self, marked: &Marked) -> Vec<Completion> {
        let values = |kind: Kind| {
            matches!(
                kind,
                Kind::Function | Kind::Input | Kind::Param | Kind::Const | Kind::Struct | Kind::Enum | Kind::Circuit
            )
        };
        match &marked.place {
            Place::Value => {
                self.locals(&marked.scope);
                self.items(values);
                self.functions(2);
                self.library(3);
                self.words(builtins::VALUE_WORDS);
            }
            Place::Member(record) => {
                record.iter().for_each(|record| self.parts(*record));
                self.items(|kind| kind == Kind::Function);
                self.functions(2);
                self.library(3);
            }
            Place::FieldName(record) => self.parts(*record),
            Place::Type => {
                let generics = |def: &&DefId| self.index.definition(**def).kind == Kind::Generic;
                let generics: Vec<DefId> = marked.scope.iter().filter(generics).copied().collect();
                self.locals(&generics);
                self.items(|kind| matches!(kind, Kind::Struct | Kind::Enum));
                let types = builtins::TYPES.iter().map(|(name, docs)| Completion {
                    kind: CompletionKind::Type,
                    docs: (*docs).to_owned(),
                    rank: 2,
                    ..word(name)
                });
                self.found.extend(types);
                self.words(builtins::TYPE_WORDS);
            }
            Place::Role => {
                self.items(|kind| kind == Kind::Role);
                self.words(&["all", "each"]);
            }
            Place::Import(module) => {
                let own = self.modules.get(*module).names.iter().filter(|(_, named)| !named.imported);
                let spans: Vec<_> = own.map(|(_, named)| named.span).collect();
                for span in spans {
                    let def = self.index.declared_at(span);
                    def.iter().for_each(|def| self.definition(*def, 1, None));
                }
            }
            Place::LibraryModule => {
                let modules = library::MODULES.iter().map(|(name, text)| {
                    let docs = text.lines().next().unwrap_or_default().trim_start_matches("//!").trim();
                    Completion { kind: CompletionKind::Module, docs: docs.to_owned(), rank: 1, ..word(name) }
                });
                self.found.extend(modules);
            }
        }
        // What is nearest hides what has the same name further away.
        let mut seen = BTreeSet::new();
        self.found.retain(|found| !found.label.contains(MARKER) && seen.insert(found.label.clone()));
        self.found
    }

    fn definition(&mut self, def: DefId, rank: u8, import: Option<Edit>) {
        let definition = self.index.definition(def);
        let (label, kind) = (definition.name.clone(), CompletionKind::Declared(definition.kind));
        let docs = definition.docs.join("\n");
        self.found.push(Completion { label, kind, detail: self.detail(definition), docs, rank, import });
    }

    fn detail(&self, definition: &Definition) -> String {
        // What stands before the marker stands at the same place in the text as it is.
        let span = definition.span;
        if matches!(definition.kind, Kind::Variable | Kind::Parameter | Kind::Const) {
            let same = span.file == FileId(0) && (span.end as usize) < self.offset;
            let fact = same.then(|| self.now.facts.at(span).into_iter().next()).flatten();
            if let Some(fact) = fact {
                return fact.ty;
            }
        }
        if matches!(definition.kind, Kind::Variable | Kind::Struct | Kind::Enum | Kind::Generic | Kind::Role) {
            return String::new();
        }
        let words: Vec<&str> = self.sources.text(definition.header).split_whitespace().collect();
        words.join(" ").trim_end_matches(';').to_owned()
    }

    fn locals(&mut self, scope: &[DefId]) {
        scope.iter().rev().for_each(|def| self.definition(*def, 0, None));
    }

    /// Items of the main file, its own and imported ones.
    fn items(&mut self, wanted: impl Fn(Kind) -> bool) {
        let names: Vec<_> = self.modules.get(0).names.values().map(|named| named.id).collect();
        for id in names {
            for (name, span) in self.modules.declared_names(id) {
                let def = self.index.declared_at(span).filter(|def| wanted(self.index.definition(*def).kind));
                if let Some(def) = def.filter(|_| name != "main") {
                    self.definition(def, 1, None);
                }
            }
        }
    }

    fn parts(&mut self, of: DefId) {
        let parts: Vec<DefId> = self.index.parts(of).map(|(def, _)| def).collect();
        parts.into_iter().for_each(|def| self.definition(def, 0, None));
    }

    /// Functions of the language.
    fn functions(&mut self, rank: u8) {
        let all = builtins::FUNCTIONS.iter().map(|function| Completion {
            kind: CompletionKind::Function,
            detail: format!("{}({})", function.name, function.forms.first().unwrap_or(&"")),
            docs: function.docs.to_owned(),
            rank,
            ..word(function.name)
        });
        self.found.extend(all);
    }

    /// Functions of the library that are not imported, with their imports.
    fn library(&mut self, rank: u8) {
        let main = self.modules.get(0);
        for (module, text) in library::MODULES {
            for line in text.lines().filter(|line| line.starts_with("fn ")) {
                let signature = line.trim_end_matches('{').trim();
                let name = signature[3..].split(['<', '(']).next().unwrap_or_default();
                if name.starts_with('_') || main.names.contains_key(name) {
                    continue;
                }
                let text = self.now.sources.files().first().map_or("", |file| file.text.as_str());
                let Some(own) = (self.now.modules.len() > 0).then(|| self.now.modules.get(0)) else { continue };
                let edit = crate::syntax::imports::import(own.file, text, &own.ast, &["std", module], name);
                let import = Some(Edit { span: edit.span, text: edit.replacement });
                self.found.push(Completion {
                    kind: CompletionKind::Declared(Kind::Function),
                    detail: signature.to_owned(),
                    docs: format!("from `std::{module}`"),
                    rank,
                    import,
                    ..word(name)
                });
            }
        }
    }

    fn words(&mut self, words: &[&str]) {
        self.found.extend(words.iter().map(|text| word(text)));
    }
}
