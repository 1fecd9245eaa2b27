//! What a place of the source is: the declaration behind a name, and what the compiler knows of the expression.

use super::index::{DefId, Kind};
use super::{Analysis, Fact, builtins};
use crate::source::{FileId, Span};
use crate::syntax::ast::{Block, Expr, ItemKind, Stmt};
use crate::syntax::walk::Walk;

/// What there is to show at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hover {
    /// The name or expression that it is about.
    pub span: Option<Span>,
    /// The declaration, as code.
    pub code: Option<String>,
    /// What the compiler found there, once for each kind of instance; empty where the code is not elaborated.
    pub facts: Vec<Fact>,
    /// Lines of documentation.
    pub docs: Vec<String>,
}

impl Analysis {
    /// What stands at a place; nothing for keywords, white space and comments.
    #[must_use]
    pub fn hover(&self, file: FileId, offset: u32) -> Option<Hover> {
        let token = self.token_at(file, offset)?;
        if let Some((def, span)) = self.index().at(file, offset) {
            return Some(self.hover_name(def, span));
        }
        let text = self.sources.text(token);
        let unresolved = self.index().unresolved.contains(&token);
        if let Some(function) = builtins::find(text).filter(|_| unresolved) {
            let forms: Vec<String> = function.forms.iter().map(|form| format!("{}({form})", function.name)).collect();
            let facts = self.enclosing(file, offset).map_or_else(Vec::new, |span| self.facts.at(span));
            let docs = vec![function.docs.to_owned()];
            return Some(Hover { span: Some(token), code: Some(forms.join("\n")), facts, docs });
        }
        if let Some((name, docs)) = builtins::TYPES.iter().find(|(name, _)| *name == text) {
            let docs = vec![(*docs).to_owned()];
            return Some(Hover { span: Some(token), code: Some((*name).to_owned()), facts: Vec::new(), docs });
        }
        if crate::syntax::is_keyword(text) && text != "true" && text != "false" {
            return None;
        }
        let span = self.enclosing(file, offset)?;
        Some(Hover { span: Some(span), facts: self.facts.at(span), ..Hover::default() })
    }

    fn hover_name(&self, def: DefId, span: Span) -> Hover {
        let definition = self.index().definition(def);
        let mut facts = self.facts.at(span);
        if facts.is_empty() {
            // A field says what its column is; a name in its declaration what it holds.
            let around = (definition.kind == Kind::Field).then(|| self.enclosing(span.file, span.end)).flatten();
            facts = around.map_or_else(|| self.facts.at(definition.span), |around| self.facts.at(around));
        }
        if definition.kind == Kind::Function {
            facts = self.enclosing(span.file, span.start).map_or_else(Vec::new, |around| self.facts.at(around));
        }
        let code = match definition.kind {
            Kind::Variable => None,
            Kind::Module => Some(format!("module {}", definition.name)),
            Kind::Field | Kind::Variant => {
                let parent = definition.parent.map(|parent| self.index().definition(parent).name.clone());
                Some(format!("{}.{}", parent.unwrap_or_default(), self.signature_of(def)))
            }
            Kind::Generic => Some(format!("const {}", definition.name)),
            Kind::Struct | Kind::Enum => Some(self.sources.text(definition.header).to_owned()),
            _ => Some(self.signature_of(def)),
        };
        let code = code.or_else(|| facts.is_empty().then(|| format!("let {}", definition.name)));
        Hover { span: Some(span), code, facts, docs: definition.docs.clone() }
    }

    /// The token at a place, a name rather than what stands behind it.
    pub(super) fn token_at(&self, file: FileId, offset: u32) -> Option<Span> {
        let text = &self.sources.files().get(file.0 as usize)?.text;
        let (tokens, _) = crate::syntax::token::lex(text);
        let offset = offset as usize;
        let here = tokens.iter().filter(|(start, _, end)| *start <= offset && offset <= *end);
        let best = here.max_by_key(|(_, token, end)| (matches!(token, crate::syntax::token::Token::Ident(_)), *end))?;
        Some(Span { file, start: u32::try_from(best.0).ok()?, end: u32::try_from(best.2).ok()? })
    }

    /// The smallest expression around a place of which something is known.
    fn enclosing(&self, file: FileId, offset: u32) -> Option<Span> {
        let module = self.module_of(file)?;
        let mut around = Around { scope: Vec::new(), offset, found: Vec::new() };
        for item in &self.modules.get(module).ast.items {
            match &item.kind {
                ItemKind::Fn(of) => around.block(&of.body),
                ItemKind::Param { value, .. } | ItemKind::Const { value, .. } => around.expression(value),
                _ => {}
            }
        }
        around.found.into_iter().rev().find(|span| !self.facts.at(*span).is_empty())
    }
}

/// Collects the expressions around a place, outermost first.
struct Around {
    scope: Vec<String>,
    offset: u32,
    found: Vec<Span>,
}

impl Around {
    fn holds(&self, span: Span) -> bool {
        span.start <= self.offset && self.offset <= span.end
    }
}

impl Walk for Around {
    fn scope(&mut self) -> &mut Vec<String> {
        &mut self.scope
    }

    fn block(&mut self, block: &Block) {
        if self.holds(block.span) {
            block.statements.iter().for_each(|statement| self.statement(statement));
            block.value.iter().for_each(|value| self.expression(value));
        }
    }

    fn statement(&mut self, statement: &Stmt) {
        if self.holds(statement.span) {
            self.parts_of(statement);
        }
    }

    fn expression(&mut self, e: &Expr) {
        if self.holds(e.span) {
            self.found.push(e.span);
            self.parts(e);
        }
    }
}
