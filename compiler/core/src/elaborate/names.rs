//! Functions of which there is no instance: their names are looked up all the same, so that one run tells every unknown one. Types are
//! found only where a function is called.

use super::builtins;
use super::modules::{ItemId, Modules};
use crate::diagnostics::{Code, Diagnostic, Sink};
use crate::source::SourceMap;
use crate::syntax::ast::{Block, Expr, ExprKind, ItemKind, Name, Pattern, Stmt, StmtKind};
use std::collections::BTreeSet;

/// Reports unknown names in functions that nothing calls.
pub(super) fn check(modules: &Modules, called: &BTreeSet<ItemId>, sources: &SourceMap, sink: &mut Sink) {
    for module in 0..modules.len() {
        if modules.get(module).library {
            continue;
        }
        for (item, declared) in modules.get(module).ast.items.iter().enumerate() {
            if let ItemKind::Fn(of) = &declared.kind
                && !called.contains(&ItemId { module, item })
            {
                let mut names = Names { modules, module, scope: Vec::new(), sources, sink };
                names.scope.extend(of.generics.iter().map(|generic| generic.name.text.clone()));
                names.scope.extend(of.params.iter().map(|param| param.name.text.clone()));
                names.block(&of.body);
            }
        }
    }
}

struct Names<'a> {
    modules: &'a Modules,
    module: usize,
    scope: Vec<String>,
    sources: &'a SourceMap,
    sink: &'a mut Sink,
}

impl Names<'_> {
    fn known(&self, name: &Name) -> bool {
        self.scope.contains(&name.text) || self.modules.find(self.module, &name.text).is_some()
    }

    fn value(&mut self, name: &Name) {
        if !self.known(name) {
            self.unknown(name, "no", "is in scope");
        }
    }

    fn function(&mut self, name: &Name) {
        let built_in = builtins::NAMES.contains(&name.text.as_str()) || builtins::is_later(&name.text);
        if !self.known(name) && !built_in {
            self.unknown(name, "no function", "is in scope");
        }
    }

    fn unknown(&mut self, name: &Name, what: &str, end: &str) {
        if self.modules.may_be_lost(self.module, &name.text, self.sources) {
            return;
        }
        let items = self.modules.get(self.module).names.keys().map(String::as_str);
        let near = super::similar(&name.text, self.scope.iter().map(String::as_str).chain(items));
        let help =
            near.map_or_else(|| format!("declare `{}` before", name.text), |near| format!("did you mean `{near}`?"));
        let message = format!("{what} `{}` {end}", name.text);
        self.sink.push(Diagnostic::new(Code::UnknownName, name.span, message).help(help));
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Name(name) => self.scope.push(name.text.clone()),
            Pattern::Wild(_) => {}
            Pattern::Tuple(parts, _) => parts.iter().for_each(|part| self.pattern(part)),
        }
    }

    fn scoped(&mut self, run: impl FnOnce(&mut Self)) {
        let before = self.scope.len();
        run(self);
        self.scope.truncate(before);
    }

    fn block(&mut self, block: &Block) {
        self.scoped(|names| {
            block.statements.iter().for_each(|statement| names.statement(statement));
            block.value.iter().for_each(|value| names.expression(value));
        });
    }

    fn statement(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::Let { pattern, value, .. } => {
                self.expression(value);
                self.pattern(pattern);
            }
            StmtKind::Assign { place, value, .. } => {
                self.expression(place);
                self.expression(value);
            }
            StmtKind::Expr(e) | StmtKind::Return(Some(e)) => self.expression(e),
            StmtKind::For { pattern, source, condition, body } => {
                self.expression(source);
                self.scoped(|names| {
                    names.pattern(pattern);
                    condition.iter().for_each(|condition| names.expression(condition));
                    names.block(body);
                });
            }
            StmtKind::While { condition, body } => {
                self.expression(condition);
                self.block(body);
            }
            StmtKind::Output(_) | StmtKind::Break | StmtKind::Continue | StmtKind::Return(None) | StmtKind::Error => {}
        }
    }

    fn all(&mut self, items: &[Expr]) {
        items.iter().for_each(|item| self.expression(item));
    }

    fn expression(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Int(_) | ExprKind::Fix(_) | ExprKind::Bool(_) | ExprKind::Str(_) | ExprKind::Error => {}
            ExprKind::Path { path, .. } => {
                if let [name] = path.as_slice() {
                    self.value(name);
                }
            }
            ExprKind::Unary(_, of) | ExprKind::As(of, _) | ExprKind::Field(of, _) | ExprKind::TupleIndex(of, ..) => {
                self.expression(of);
            }
            ExprKind::Binary { left, right, .. } => {
                self.expression(left);
                self.expression(right);
            }
            ExprKind::Range { from, to, .. } => from.iter().chain(to).for_each(|end| self.expression(end)),
            ExprKind::Call { callee, args } => {
                if let ExprKind::Path { path, .. } = &callee.kind
                    && let [name] = path.as_slice()
                {
                    self.function(name);
                }
                self.all(args);
            }
            ExprKind::Method { receiver, name, args } => {
                self.expression(receiver);
                self.function(name);
                self.all(args);
            }
            ExprKind::Index(of, positions) => {
                self.expression(of);
                self.all(positions);
            }
            ExprKind::Array(items) | ExprKind::Tuple(items) => self.all(items),
            ExprKind::Repeat(element, extents) => {
                self.expression(element);
                self.all(extents);
            }
            ExprKind::Comprehension { element, pattern, source, filter } => {
                self.expression(source);
                self.scoped(|names| {
                    names.pattern(pattern);
                    names.expression(element);
                    filter.iter().for_each(|filter| names.expression(filter));
                });
            }
            ExprKind::Struct { fields, base, .. } => {
                for (name, value) in fields {
                    match value {
                        Some(value) => self.expression(value),
                        None => self.value(name),
                    }
                }
                base.iter().for_each(|base| self.expression(base));
            }
            ExprKind::If { condition, then, otherwise } => {
                self.expression(condition);
                self.block(then);
                otherwise.iter().for_each(|otherwise| self.expression(otherwise));
            }
            ExprKind::Match(of, arms) => {
                self.expression(of);
                arms.iter().for_each(|arm| self.expression(&arm.value));
            }
            ExprKind::Block(block) => self.block(block),
            ExprKind::Closure(params, body) => self.scoped(|names| {
                params.iter().for_each(|param| names.pattern(param));
                names.expression(body);
            }),
        }
    }
}
