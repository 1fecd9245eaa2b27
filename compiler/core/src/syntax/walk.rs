//! A walk over a program's text that keeps the names that the text has declared on the way.

use super::ast::{Block, Expr, ExprKind, Pattern, Stmt, StmtKind};

/// Visits all expressions and statements below one. An implementation takes what it is about, and leaves the rest to `parts` and `parts_of`.
pub(crate) trait Walk: Sized {
    /// The names that are declared where the walk is, innermost last.
    fn scope(&mut self) -> &mut Vec<String>;

    /// An expression.
    fn expression(&mut self, e: &Expr) {
        self.parts(e);
    }

    /// A statement.
    fn statement(&mut self, statement: &Stmt) {
        self.parts_of(statement);
    }

    /// What a pattern declares.
    fn pattern(&mut self, pattern: &Pattern) {
        let names = pattern.names().into_iter().map(|name| name.text.clone());
        self.scope().extend(names);
    }

    /// Names that are declared in there end with it.
    fn scoped(&mut self, run: impl FnOnce(&mut Self)) {
        let before = self.scope().len();
        run(self);
        self.scope().truncate(before);
    }

    /// A block.
    fn block(&mut self, block: &Block) {
        self.scoped(|walk| {
            block.statements.iter().for_each(|statement| walk.statement(statement));
            block.value.iter().for_each(|value| walk.expression(value));
        });
    }

    /// Several expressions.
    fn all<'e>(&mut self, items: impl IntoIterator<Item = &'e Expr>) {
        items.into_iter().for_each(|item| self.expression(item));
    }

    /// What a statement consists of.
    fn parts_of(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::Let { pattern, value, .. } => {
                self.expression(value);
                self.pattern(pattern);
            }
            StmtKind::Assign { place, value, .. } => self.all([place, value]),
            StmtKind::Expr(e) | StmtKind::Return(Some(e)) => self.expression(e),
            StmtKind::For { pattern, source, condition, body } => {
                self.expression(source);
                self.scoped(|walk| {
                    walk.pattern(pattern);
                    walk.all(condition);
                    walk.block(body);
                });
            }
            StmtKind::While { condition, body } => {
                self.expression(condition);
                self.block(body);
            }
            StmtKind::Output(output) => self.all(&output.value),
            StmtKind::Break | StmtKind::Continue | StmtKind::Return(None) | StmtKind::Error => {}
        }
    }

    /// What an expression consists of.
    fn parts(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Int(_)
            | ExprKind::Word(_)
            | ExprKind::Fix(_)
            | ExprKind::Bool(_)
            | ExprKind::Str(_)
            | ExprKind::Path { .. }
            | ExprKind::Error => {}
            ExprKind::Unary(_, of) | ExprKind::As(of, _) | ExprKind::Field(of, _) | ExprKind::TupleIndex(of, ..) => {
                self.expression(of);
            }
            ExprKind::Binary { left, right, .. } => self.all([&**left, right]),
            ExprKind::Range { from, to, .. } => self.all(from.iter().chain(to).map(|end| &**end)),
            ExprKind::Call { callee: first, args: others }
            | ExprKind::Method { receiver: first, args: others, .. }
            | ExprKind::Index(first, others)
            | ExprKind::Repeat(first, others) => {
                self.expression(first);
                self.all(others);
            }
            ExprKind::Array(items) | ExprKind::Tuple(items) => self.all(items),
            ExprKind::Comprehension { element, pattern, source, filter } => {
                self.expression(source);
                self.scoped(|walk| {
                    walk.pattern(pattern);
                    walk.expression(element);
                    walk.all(filter.as_deref());
                });
            }
            ExprKind::Struct { fields, base, .. } => {
                self.all(fields.iter().filter_map(|(_, value)| value.as_ref()));
                self.all(base.as_deref());
            }
            ExprKind::If { condition, then, otherwise } => {
                self.expression(condition);
                self.block(then);
                self.all(otherwise.as_deref());
            }
            ExprKind::Match(of, arms) => {
                self.expression(of);
                self.all(arms.iter().map(|arm| &arm.value));
            }
            ExprKind::Block(block) => self.block(block),
            ExprKind::Closure(params, body) => self.scoped(|walk| {
                params.iter().for_each(|param| walk.pattern(param));
                walk.expression(body);
            }),
        }
    }
}
