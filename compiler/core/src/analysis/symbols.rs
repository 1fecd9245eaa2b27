//! What a file declares, as an outline, and what of it can be folded away.

use super::Analysis;
use super::index::{DefId, Kind};
use crate::source::{FileId, Span};
use crate::syntax::ast::{Block, ItemKind};
use crate::syntax::walk::Walk;

/// An entry of the outline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Its declaration in a line, without its name's line breaks.
    pub detail: String,
    /// The name.
    pub span: Span,
    /// The whole declaration.
    pub whole: Span,
    /// Fields and variants.
    pub parts: Vec<Symbol>,
}

/// Lines that can be folded away, from the line of the start to that of the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fold {
    /// Where.
    pub span: Span,
    /// Whether it is a list of imports.
    pub imports: bool,
}

impl Analysis {
    /// The outline of a file, in source order.
    #[must_use]
    pub fn symbols(&self, file: FileId) -> Vec<Symbol> {
        let index = self.index();
        let items = index.definitions.iter().enumerate().filter(|(_, definition)| {
            definition.span.file == file
                && definition.parent.is_none()
                && !matches!(definition.kind, Kind::Module | Kind::Variable)
        });
        items.map(|(at, _)| self.symbol(DefId(at))).collect()
    }

    fn symbol(&self, id: DefId) -> Symbol {
        let definition = self.index().definition(id);
        let parts = self.index().parts(id).map(|(part, _)| self.symbol(part)).collect();
        let detail = match definition.kind {
            Kind::Struct | Kind::Enum => String::new(),
            _ => self.signature_of(id),
        };
        let (name, kind) = (definition.name.clone(), definition.kind);
        Symbol { name, kind, detail, span: definition.span, whole: definition.whole, parts }
    }

    /// The declaration of something without its body, in one line.
    #[must_use]
    pub fn signature_of(&self, id: DefId) -> String {
        let text = self.sources.text(self.index().definition(id).header);
        let words: Vec<&str> = text.split_whitespace().collect();
        words.join(" ").trim_end_matches(';').to_owned()
    }

    /// Blocks, records and runs of imports of more than one line.
    #[must_use]
    pub fn folds(&self, file: FileId) -> Vec<Fold> {
        let Some(module) = self.module_of(file) else { return Vec::new() };
        let mut folds = Folds { scope: Vec::new(), found: Vec::new() };
        let mut imports: Option<Span> = None;
        for item in &self.modules.get(module).ast.items {
            match &item.kind {
                ItemKind::Use(_) => imports = Some(imports.map_or(item.span, |so_far| so_far.to(item.span))),
                ItemKind::Fn(of) => folds.block(&of.body),
                ItemKind::Struct(_) | ItemKind::Enum { .. } | ItemKind::Policy { .. } => folds.found.push(item.span),
                _ => {}
            }
        }
        let line = |offset: u32| self.sources.place(Span { file, start: offset, end: offset }).line;
        let mut all: Vec<Fold> = folds.found.into_iter().map(|span| Fold { span, imports: false }).collect();
        all.extend(imports.map(|span| Fold { span, imports: true }));
        all.retain(|fold| line(fold.span.start) < line(fold.span.end));
        all.sort_unstable();
        all
    }
}

/// Collects blocks.
struct Folds {
    scope: Vec<String>,
    found: Vec<Span>,
}

impl Walk for Folds {
    fn scope(&mut self) -> &mut Vec<String> {
        &mut self.scope
    }

    fn block(&mut self, block: &Block) {
        self.found.push(block.span);
        block.statements.iter().for_each(|statement| self.statement(statement));
        block.value.iter().for_each(|value| self.expression(value));
    }
}
