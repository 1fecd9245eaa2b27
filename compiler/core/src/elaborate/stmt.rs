//! Statements and blocks.

use super::declared::Bare;
use super::modules::ItemId;
use super::types::Type;
use super::value::Value;
use super::{Elaborator, Outcome, Reported};
use crate::diagnostics::Code;
use crate::source::Span;
use crate::syntax::ast::{self, Block, Expr, ExprKind, ItemKind, Pattern, Stmt, StmtKind};

/// How a block ended.
pub(super) enum Flow {
    /// With its value.
    Value(Value),
    /// By `return`.
    Return(Value),
}

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
        match self.block_flow(&of.body) {
            Ok(Flow::Value(value) | Flow::Return(value)) if !value.ty.is_unit() => {
                let at = of.body.value.as_ref().map_or(of.body.span, |value| value.span);
                let help = "write `output name = … to …;`";
                let _: Outcome<()> = self.error(Code::BadMain, at, "`main` gives nothing", help);
            }
            Ok(_) | Err(Reported) => {}
        }
    }

    /// The body of a function: its last value, or what it returns.
    pub(super) fn function_body(&mut self, block: &Block) -> Outcome<Value> {
        match self.block_flow(block)? {
            Flow::Value(value) | Flow::Return(value) => Ok(value),
        }
    }

    /// A block where a `return` has no place.
    pub(super) fn block_value(&mut self, block: &Block) -> Outcome<Value> {
        let top = self.set_top(false);
        let flow = self.block_flow(block);
        self.set_top(top);
        match flow? {
            Flow::Value(value) => Ok(value),
            Flow::Return(_) => {
                let message = "`return` inside this block is not supported yet";
                self.error(Code::Unsupported, block.span, message, "let the block end with the value")
            }
        }
    }

    /// Sets whether statements stand at the top level of `main`; gives what it was.
    pub(super) fn set_top(&mut self, top: bool) -> bool {
        let last = self.frames.len() - 1;
        std::mem::replace(&mut self.frames[last].top, top)
    }

    /// Statements and a last value; what they declare goes with the block.
    pub(super) fn block_flow(&mut self, block: &Block) -> Outcome<Flow> {
        let first = self.variables.len();
        let flow = self.statements(block);
        self.variables.truncate(first);
        flow
    }

    fn statements(&mut self, block: &Block) -> Outcome<Flow> {
        for statement in &block.statements {
            match self.deeper(statement.span, |elaborator| elaborator.statement(statement)) {
                Ok(None) => {}
                Ok(Some(value)) => return Ok(Flow::Return(value)),
                // The next statement may have a mistake of its own.
                Err(Reported) => {}
            }
        }
        match &block.value {
            // An `if` that is decided may return.
            Some(value) => match &value.kind {
                ExprKind::If { .. } | ExprKind::Block(_) => self.flow_of(value),
                _ => self.expression(value).map(Flow::Value),
            },
            None => Ok(Flow::Value(Value::unit())),
        }
    }

    /// A statement; gives a value where it returns.
    fn statement(&mut self, statement: &Stmt) -> Outcome<Option<Value>> {
        match &statement.kind {
            StmtKind::Let { mutable, pattern, ty, value } => {
                self.let_statement(*mutable, pattern, ty.as_ref(), value)?
            }
            StmtKind::Assign { place, op, value } => self.assign(place, *op, value, statement.span)?,
            StmtKind::Expr(e) => return self.expression_statement(e),
            StmtKind::For { pattern, source, condition, body } => {
                if let Some(condition) = condition {
                    return self.unsupported(condition.span, "`for … while` is", "write `if` inside the loop");
                }
                self.for_loop(pattern, source, body, statement.span)?;
            }
            StmtKind::While { condition, body } => self.while_loop(condition, body, statement.span)?,
            StmtKind::Break => {
                return self.unsupported(statement.span, "`break` is", "write the condition into `while`");
            }
            StmtKind::Continue => {
                return self.unsupported(statement.span, "`continue` is", "write the rest into an `if`");
            }
            StmtKind::Return(value) => {
                self.effect("`return`", statement.span, "let both sides of the `if` give a value")?;
                return match value {
                    Some(value) => self.expression(value).map(Some),
                    None => Ok(Some(Value::unit())),
                };
            }
            StmtKind::Output(output) => self.output(output, statement.span)?,
            StmtKind::Error => return Err(Reported),
        }
        Ok(None)
    }

    fn expression_statement(&mut self, e: &Expr) -> Outcome<Option<Value>> {
        let flow = match &e.kind {
            ExprKind::If { .. } | ExprKind::Block(_) => self.flow_of(e)?,
            _ => Flow::Value(self.expression(e)?),
        };
        let value = match flow {
            Flow::Value(value) => value,
            Flow::Return(value) => return Ok(Some(value)),
        };
        if !value.ty.is_unit() {
            let diagnostic = crate::diagnostics::Diagnostic::new(Code::Unused, e.span, "a value that nothing uses")
                .help("write `let _ = …;` if it is meant");
            self.report(diagnostic);
        }
        Ok(None)
    }

    /// A block or an `if`, in which a `return` leaves the function where the compiler knows that it is reached.
    fn flow_of(&mut self, e: &Expr) -> Outcome<Flow> {
        match &e.kind {
            ExprKind::Block(block) => {
                let top = self.set_top(false);
                let flow = self.block_flow(block);
                self.set_top(top);
                flow
            }
            ExprKind::If { condition, then, otherwise } => {
                let known = self.expression(condition)?;
                match known.known_bool() {
                    Some(true) => {
                        let top = self.set_top(false);
                        let flow = self.block_flow(then);
                        self.set_top(top);
                        flow
                    }
                    Some(false) => match otherwise {
                        Some(otherwise) => self.flow_of(otherwise),
                        None => Ok(Flow::Value(Value::unit())),
                    },
                    None => self.undecided(&known, condition.span, then, otherwise.as_deref(), e.span).map(Flow::Value),
                }
            }
            _ => self.expression(e).map(Flow::Value),
        }
    }

    fn let_statement(&mut self, mutable: bool, pattern: &Pattern, ty: Option<&ast::Type>, value: &Expr) -> Outcome<()> {
        let found = self.expression(value);
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
