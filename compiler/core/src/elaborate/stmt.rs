//! Statements and blocks.

use super::declared::Bare;
use super::exits::{self, Exit};
use super::modules::ItemId;
use super::types::Type;
use super::value::Value;
use super::{Elaborator, Outcome, Reported};
use crate::diagnostics::Code;
use crate::source::Span;
use crate::syntax::ast::{self, Block, Expr, ItemKind, Pattern, Stmt, StmtKind};

impl Elaborator<'_> {
    /// `main`, the program.
    pub(super) fn run_main(&mut self) {
        let modules = self.modules;
        let main = modules.get(0).ast.items.iter().enumerate().find_map(|(item, declared)| match &declared.kind {
            ItemKind::Fn(of) if of.name.text == "main" => Some((ItemId { module: 0, item }, of)),
            _ => None,
        });
        let Some((id, of)) = main else {
            // Where a piece did not parse, `main` may be in it; an editor shows modules too.
            if self.facts.is_none()
                && !modules.get(0).ast.items.iter().any(|item| item.kind == ItemKind::Error)
                && !self.sink.has_errors()
            {
                let file = modules.get(0).file;
                let end = u32::try_from(self.sources.file(file).text.len()).unwrap_or(u32::MAX);
                let at = Span { file, start: end, end };
                let _: Outcome<()> =
                    self.error(Code::BadMain, at, "the program has no `main`", "add `fn main() { … }`");
            }
            return;
        };
        self.called.insert(id);
        if let Some(bad) = of.params.first().map(|param| param.name.span).or(of.result.as_ref().map(|ty| ty.span)) {
            let message = "`main` takes nothing and gives nothing";
            let help = "declare inputs with `input … from …;` and results with `output … to …;`";
            let _: Outcome<()> = self.error(Code::BadMain, bad, message, help);
            return;
        }
        let last = self.frames.len() - 1;
        self.frames[last].function = Some(id);
        self.frames[last].top = true;
        self.hidden(exits::RETURNED, Value::boolean(false));
        self.hidden(exits::RESULT, Value::unit());
        if let Ok(value) = self.block_of(&of.body)
            && !value.ty.is_unit()
        {
            let at = of.body.value.as_ref().map_or(of.body.span, |value| value.span);
            let _: Outcome<()> = self.main_gives_nothing(at);
        }
    }

    /// A function with `#[test]`, as the program.
    pub(super) fn run_test(&mut self, name: &str) {
        let modules = self.modules;
        let test = modules.get(0).ast.items.iter().enumerate().find_map(|(item, declared)| match &declared.kind {
            ItemKind::Fn(of) if of.name.text == name => Some((ItemId { module: 0, item }, of)),
            _ => None,
        });
        let Some((id, of)) = test else { return };
        if let Some(bad) = of.params.first().map(|param| param.name.span).or(of.result.as_ref().map(|ty| ty.span)) {
            let help = "make the values that it needs: `secret(3)` is a secret 3";
            let _: Outcome<()> = self.error(Code::BadMain, bad, "a test takes nothing and gives nothing", help);
            return;
        }
        self.called.insert(id);
        let last = self.frames.len() - 1;
        self.frames[last].function = Some(id);
        self.hidden(exits::RETURNED, Value::boolean(false));
        self.hidden(exits::RESULT, Value::unit());
        // What fails has been reported.
        let _ = self.block_of(&of.body);
    }

    /// The message about a value that `main` gives.
    pub(super) fn main_gives_nothing<T>(&mut self, at: Span) -> Outcome<T> {
        self.error(Code::BadMain, at, "`main` gives nothing", "write `output name = … to …;`")
    }

    /// A block inside another one.
    pub(super) fn block_value(&mut self, block: &Block) -> Outcome<Value> {
        let top = self.set_top(false);
        let value = self.block_of(block);
        self.set_top(top);
        value
    }

    /// Sets whether statements stand at the top level of `main`; gives what it was.
    pub(super) fn set_top(&mut self, top: bool) -> bool {
        let last = self.frames.len() - 1;
        std::mem::replace(&mut self.frames[last].top, top)
    }

    /// Statements and a last value; what they declare goes with the block.
    pub(super) fn block_of(&mut self, block: &Block) -> Outcome<Value> {
        let first = self.variables.len();
        let value = self.statements(&block.statements, block.value.as_deref());
        self.variables.truncate(first);
        value
    }

    /// A statement.
    pub(super) fn statement(&mut self, statement: &Stmt) -> Outcome<()> {
        let span = statement.span;
        match &statement.kind {
            StmtKind::Let { mutable, pattern, ty, value } => self.let_statement(*mutable, pattern, ty.as_ref(), value),
            StmtKind::Assign { place, op, value } => {
                self.refuse_exits(place)?;
                self.refuse_exits(value)?;
                self.assign(place, *op, value, span)
            }
            StmtKind::Expr(e) => self.expression_statement(e),
            StmtKind::For { pattern, source, condition, body } => {
                self.refuse_exits(source)?;
                condition.iter().try_for_each(|condition| self.refuse_exits(condition))?;
                self.for_loop(pattern, source, condition.as_ref(), body, span)
            }
            StmtKind::While { condition, body } => {
                self.refuse_exits(condition)?;
                self.while_loop(condition, body, span)
            }
            StmtKind::Break => self.leave_loop(Exit::Break, span),
            StmtKind::Continue => self.leave_loop(Exit::Continue, span),
            StmtKind::Return(value) => self.leave_function(value.as_ref(), span),
            StmtKind::Output(output) => {
                output.value.iter().try_for_each(|value| self.refuse_exits(value))?;
                self.output(output, span)
            }
            StmtKind::Error => Err(Reported),
        }
    }

    fn expression_statement(&mut self, e: &Expr) -> Outcome<()> {
        self.refuse_inner_exits(e)?;
        let value = self.expression(e)?;
        if !value.ty.is_unit() {
            let diagnostic = crate::diagnostics::Diagnostic::new(Code::Unused, e.span, "a value that nothing uses")
                .help("write `let _ = …;` if it is meant");
            self.report(diagnostic);
        }
        Ok(())
    }

    fn let_statement(&mut self, mutable: bool, pattern: &Pattern, ty: Option<&ast::Type>, value: &Expr) -> Outcome<()> {
        let found = self.refuse_inner_exits(value).and_then(|()| self.expression(value));
        let declared = ty.map(|ty| self.declared_type(ty, Bare::Open)).transpose();
        let kept = match (found, &declared) {
            (Ok(found), Ok(Some(declared))) => self.keep_promise(found, declared, value.span),
            (Ok(found), Ok(None)) => Ok(found),
            _ => Err(Reported),
        };
        if let Ok(kept) = &kept
            && kept.ty.is_unit()
            && !matches!(pattern, Pattern::Wild(_))
        {
            let message = "this has no value";
            self.bind(pattern, None, mutable)?;
            return self.error(
                Code::TypeMismatch,
                value.span,
                message,
                "end the block with an expression, without `;`",
            );
        }
        let failed = kept.is_err();
        let first = self.variables.len();
        self.bind(pattern, kept.ok(), mutable)?;
        if let (Ok(Some(declared)), Pattern::Name(_)) = (declared, pattern) {
            self.variables[first].declared = Some(declared);
        }
        if failed { Err(Reported) } else { Ok(()) }
    }

    /// Declares the names of a pattern; without a value they are known to have failed.
    pub(super) fn bind(&mut self, pattern: &Pattern, value: Option<Value>, mutable: bool) -> Outcome<()> {
        match pattern {
            Pattern::Name(name) => {
                self.declare(name, mutable, value);
                Ok(())
            }
            Pattern::Wild(_) => Ok(()),
            Pattern::Tuple(parts, span) => {
                if let Some(again) = super::names::repeated(&pattern.names()) {
                    let message = format!("`{}` stands twice in one pattern", again.text);
                    return self.error(
                        Code::Duplicate,
                        again.span,
                        message,
                        "give one of them another name, or write `_`",
                    );
                }
                let Some(value) = value else {
                    return parts.iter().try_for_each(|part| self.bind(part, None, mutable));
                };
                let own = match &value.ty {
                    Type::Tuple(own) if own.len() == parts.len() => own.clone(),
                    other => {
                        let message = format!("a pattern of {} parts for `{other}`", parts.len());
                        parts.iter().try_for_each(|part| self.bind(part, None, mutable))?;
                        return self.error(
                            Code::TypeMismatch,
                            *span,
                            message,
                            "write a name for each part of the tuple",
                        );
                    }
                };
                let mut first = 0;
                for (part, ty) in parts.iter().zip(own) {
                    let count = ty.leaf_count();
                    let leaves = value.leaves[first..first + count].to_vec();
                    first += count;
                    self.bind(part, Some(Value { ty, leaves }), mutable)?;
                }
                Ok(())
            }
        }
    }
}
