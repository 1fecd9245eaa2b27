//! The formatter: text in, text out. One style, after rustfmt's: four spaces, lines up to 100 columns where they can be broken, operators at the start of
//! a broken line, a comma behind the last element of a broken list.
//!
//! ```text
//! text ── tokens, tree ──> cursor ── document ──> printer ── lines, columns ──> align ── text
//! ```
//!
//! The tree says how things belong together, `cursor` writes every token and comment in the order of the source; `doc` breaks lines;
//! `align` keeps words below each other. It writes no literal anew, moves no item, and takes no parentheses away.

mod align;
mod cursor;
mod doc;
mod expr;
mod gaps;
mod item;
mod stmt;
mod types;

use crate::diagnostics::{Diagnostic, Sink};
use crate::source::SourceMap;
use crate::syntax::ast::Module;
use crate::syntax::{self, token};
use cursor::{Blank, Cursor, Sep};

/// Formats a program. Formatting its result changes nothing more.
///
/// # Errors
/// The text does not parse: the messages, about the only file of a [`SourceMap`].
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let mut sources = SourceMap::default();
    let file = sources.add("", text);
    let mut sink = Sink::default();
    let module = syntax::parse(&sources, file, &mut sink);
    if sink.has_errors() {
        return Err(sink.finish());
    }
    Ok(print(text, &module))
}

fn print(text: &str, module: &Module) -> String {
    let (tokens, _) = token::lex(text);
    let mut cursor = Cursor::new(text, &tokens);
    for item in &module.items {
        cursor.sep_keeping(Sep::Hard, Blank::Keep);
        cursor.item(item);
    }
    let (text_out, columns) = doc::print(&cursor.finish());
    let mut out = align::align(&text_out, columns);
    if !out.is_empty() {
        out.push('\n');
    }
    // Line ends stay as they are in the first line.
    if text.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r')) {
        out = out.replace('\n', "\r\n");
    }
    out
}

/// What a formatter must keep: the tree, with places counted in tokens, and the comments.
#[derive(Clone, Debug, PartialEq)]
pub struct Meaning {
    tree: Module,
    comments: Vec<String>,
}

/// The meaning of a text; `None` if it does not parse.
#[must_use]
pub fn meaning(text: &str) -> Option<Meaning> {
    let (tokens, _) = token::lex(text);
    let ends = tokens.iter().map(|(.., end)| *end);
    let starts = tokens.iter().map(|(start, ..)| *start).chain([text.len()]);
    let between = std::iter::once(0).chain(ends).zip(starts);
    let gaps = between.map(|(end, start)| gaps::read(&text[end..start], end == 0));
    let comments = gaps.flat_map(|gap| gap.comments).map(|comment| comment.text).collect();
    Some(Meaning { tree: syntax::shape(text)?, comments })
}
