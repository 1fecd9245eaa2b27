//! Blocks and statements.

use super::align::Kind;
use super::cursor::{Blank, Cursor, Sep};
use super::types::comma;
use crate::syntax::ast::{Block, Expr, ExprKind, Output, Receivers, Stmt, StmtKind};
use crate::syntax::token::Token;

impl Cursor<'_> {
    /// A block, a statement a line.
    pub(super) fn block(&mut self, block: &Block) {
        self.token();
        if block.statements.is_empty() && block.value.is_none() {
            return self.empty();
        }
        self.nest_until(Sep::Hard, |c| {
            for (i, statement) in block.statements.iter().enumerate() {
                c.sep_keeping(Sep::Hard, if i == 0 { Blank::Start } else { Blank::Keep });
                c.statement(statement);
            }
            if let Some(value) = &block.value {
                c.sep_keeping(Sep::Hard, if block.statements.is_empty() { Blank::Start } else { Blank::Keep });
                c.expr(value);
            }
        });
        self.token();
    }

    /// A block that is nothing but a value, on one line if the group around it is.
    pub(super) fn value_block(&mut self, value: &Expr) {
        self.token();
        self.nest_until(Sep::Line, |c| {
            c.sep_keeping(Sep::Line, Blank::Start);
            c.expr(value);
        });
        self.token();
    }

    fn statement(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::Let { mutable, pattern, ty, value } => {
                self.token();
                self.sep(Sep::Space);
                if *mutable {
                    self.token();
                    self.sep(Sep::Space);
                }
                self.pattern(pattern);
                if let Some(ty) = ty {
                    self.token();
                    self.sep(Sep::Space);
                    self.ty(ty);
                }
                self.sep(Sep::Space);
                self.token();
                self.right_side(value);
                self.end_token();
            }
            StmtKind::Assign { place, value, .. } => {
                self.expr(place);
                self.sep(Sep::Space);
                self.token();
                self.right_side(value);
                self.end_token();
            }
            StmtKind::Expr(e) => {
                match &e.kind {
                    ExprKind::If { condition, then, otherwise } if self.at(&Token::If) => {
                        self.branches(condition, then, otherwise.as_deref());
                    }
                    ExprKind::Block(block) if self.at(&Token::LBrace) => self.block(block),
                    _ => self.expr(e),
                }
                if self.at(&Token::Semi) {
                    self.end_token();
                }
            }
            StmtKind::For { pattern, source, condition, body } => {
                self.token();
                self.sep(Sep::Space);
                self.pattern(pattern);
                self.sep(Sep::Space);
                self.token();
                self.sep(Sep::Space);
                self.expr(source);
                if let Some(condition) = condition {
                    self.sep(Sep::Space);
                    self.token();
                    self.sep(Sep::Space);
                    self.expr(condition);
                }
                self.sep(Sep::Space);
                self.block(body);
            }
            StmtKind::While { condition, body } => {
                self.token();
                self.sep(Sep::Space);
                self.expr(condition);
                self.sep(Sep::Space);
                self.block(body);
            }
            StmtKind::Break | StmtKind::Continue => {
                self.token();
                self.end_token();
            }
            StmtKind::Return(value) => {
                self.token();
                if let Some(value) = value {
                    self.sep(Sep::Space);
                    self.expr(value);
                }
                self.end_token();
            }
            StmtKind::Output(output) => self.output(output),
            StmtKind::Error => self.token(),
        }
    }

    /// What stands to the right of a `=`, or of an operator that assigns: what has brackets of its own to break stays behind it.
    pub(super) fn right_side(&mut self, value: &Expr) {
        let brackets = matches!(
            value.kind,
            ExprKind::Call { .. }
                | ExprKind::Array(_)
                | ExprKind::Repeat(..)
                | ExprKind::Comprehension { .. }
                | ExprKind::Tuple(_)
                | ExprKind::Struct { .. }
                | ExprKind::If { .. }
                | ExprKind::Match(..)
                | ExprKind::Block(_)
        );
        let brackets = brackets || self.parentheses(value.span.start, value.span.end) > 0;
        if brackets && !self.comments_come() {
            self.sep(Sep::Space);
            self.expr(value);
        } else {
            self.right(|c| c.expr(value));
        }
    }

    fn output(&mut self, output: &Output) {
        self.token();
        self.sep(Sep::Space);
        self.token();
        if let Some(value) = &output.value {
            self.sep(Sep::Space);
            self.column(Kind::OutputValue);
            self.token();
            self.right_side(value);
        }
        if let Some((_, of)) = &output.policy {
            self.continued(|c| {
                c.token();
                c.sep(Sep::Space);
                c.tokens(2);
                c.expr(of);
                c.token();
            });
        }
        self.continued(|c| {
            c.column(Kind::OutputTo);
            c.token();
            c.sep(Sep::Space);
            match &output.to {
                Receivers::All => c.token(),
                Receivers::Each(_) => {
                    c.token();
                    c.sep(Sep::Space);
                    c.token();
                }
                Receivers::Roles(roles) => {
                    for (i, role) in roles.iter().enumerate() {
                        c.group(|c| {
                            if i > 0 {
                                c.sep(Sep::Line);
                            }
                            c.role(role);
                            c.comma((i + 1 < roles.len()).then(comma));
                        });
                    }
                }
            }
        });
        self.end_token();
    }

    /// More of a statement, on a line of its own if it does not fit behind what stands there.
    fn continued(&mut self, run: impl FnOnce(&mut Self)) {
        self.group(|c| {
            c.nest(|c| {
                c.sep(Sep::Line);
                run(c);
            });
        });
    }
}
