//! Functions of which there is no instance: their names are looked up all the same, so that one run tells every unknown one. What their values' types are
//! is found only where a function is called.

use super::modules::{ItemId, Modules};
use super::{builtins, declared};
use crate::diagnostics::{Code, Diagnostic, Sink};
use crate::source::SourceMap;
use crate::syntax::ast::{Block, Expr, ExprKind, ItemKind, Name, Pattern, Stmt, StmtKind, Type, TypeKind};
use std::collections::BTreeSet;

/// The first name that stands there for the second time.
pub(super) fn repeated<'a>(names: &[&'a Name]) -> Option<&'a Name> {
    let mut seen = BTreeSet::new();
    names.iter().find(|name| !seen.insert(&name.text)).copied()
}

/// Reports parameters of one name in any function, and unknown names in functions that nothing calls.
pub(super) fn check(modules: &Modules, called: &BTreeSet<ItemId>, sources: &SourceMap, sink: &mut Sink) {
    for module in 0..modules.len() {
        if modules.get(module).library {
            continue;
        }
        for (item, declared) in modules.get(module).ast.items.iter().enumerate() {
            let ItemKind::Fn(of) = &declared.kind else { continue };
            let generics = of.generics.iter().map(|generic| &generic.name);
            let params: Vec<&Name> = generics.chain(of.params.iter().map(|param| &param.name)).collect();
            if let Some(again) = repeated(&params) {
                let message = format!("`{}` has two parameters `{}`", of.name.text, again.text);
                let diagnostic = Diagnostic::new(Code::Duplicate, again.span, message);
                sink.push(diagnostic.help("give one of them another name"));
            }
            if !called.contains(&ItemId { module, item }) {
                let mut names = Names { modules, module, scope: Vec::new(), sources, sink };
                names.scope.extend(params.iter().map(|name| name.text.clone()));
                of.params.iter().map(|param| &param.ty).chain(&of.result).for_each(|ty| names.ty(ty));
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

    fn ty(&mut self, ty: &Type) {
        match &ty.kind {
            TypeKind::Named { name, .. } => {
                if !self.known(name)
                    && !declared::is_built_in(&name.text)
                    && !self.modules.may_be_lost(self.module, &name.text, self.sources)
                {
                    self.sink.push(declared::unknown_type(name, name.span, self.modules, self.module));
                }
            }
            TypeKind::Array { element, .. } => self.ty(element),
            TypeKind::Tuple(parts) => parts.iter().for_each(|part| self.ty(part)),
            TypeKind::Maybe(inner) | TypeKind::With(_, inner) => self.ty(inner),
            TypeKind::Fn(params, result) => {
                params.iter().for_each(|param| self.ty(param));
                self.ty(result);
            }
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
        self.scope.extend(pattern.names().iter().map(|name| name.text.clone()));
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
