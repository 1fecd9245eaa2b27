//! Which variables of the surroundings a piece of code assigns, found in the text alone: what an `if` has to join and a loop to carry.

use super::place::{is_whole, root_name};
use crate::syntax::ast::{Block, Expr, ExprKind, Pattern, Stmt, StmtKind};
use std::collections::BTreeMap;

/// Names that are assigned, and whether ever as a whole.
pub(super) type Assigned = BTreeMap<String, bool>;

/// What the blocks assign.
pub(super) fn assigned<'a>(blocks: impl IntoIterator<Item = &'a Block>) -> Assigned {
    let mut scan = Scan { found: Assigned::new(), local: Vec::new() };
    blocks.into_iter().for_each(|block| scan.block(block));
    scan.found
}

/// What an expression assigns, in the blocks in it.
pub(super) fn assigned_in(e: &Expr, into: &mut Assigned) {
    let mut scan = Scan { found: std::mem::take(into), local: Vec::new() };
    scan.expression(e);
    *into = scan.found;
}

struct Scan {
    found: Assigned,
    /// Names that the code itself declares, innermost last.
    local: Vec<String>,
}

impl Scan {
    fn block(&mut self, block: &Block) {
        let before = self.local.len();
        block.statements.iter().for_each(|statement| self.statement(statement));
        block.value.iter().for_each(|value| self.expression(value));
        self.local.truncate(before);
    }

    fn statement(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::Let { pattern, value, .. } => {
                self.expression(value);
                self.pattern(pattern);
            }
            StmtKind::Assign { place, value, .. } => {
                self.expression(value);
                self.expression(place);
                if let Some(name) = root_name(place)
                    && !self.local.contains(&name.text)
                {
                    *self.found.entry(name.text.clone()).or_insert(false) |= is_whole(place);
                }
            }
            StmtKind::Expr(e) | StmtKind::Return(Some(e)) => self.expression(e),
            StmtKind::For { pattern, source, condition, body } => {
                self.expression(source);
                let before = self.local.len();
                self.pattern(pattern);
                condition.iter().for_each(|condition| self.expression(condition));
                self.block(body);
                self.local.truncate(before);
            }
            StmtKind::While { condition, body } => {
                self.expression(condition);
                self.block(body);
            }
            StmtKind::Output(output) => output.value.iter().for_each(|value| self.expression(value)),
            StmtKind::Break | StmtKind::Continue | StmtKind::Return(None) | StmtKind::Error => {}
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        self.local.extend(pattern.names().iter().map(|name| name.text.clone()));
    }

    fn expression(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Int(_)
            | ExprKind::Fix(_)
            | ExprKind::Bool(_)
            | ExprKind::Str(_)
            | ExprKind::Path { .. }
            | ExprKind::Error => {}
            ExprKind::Unary(_, of) | ExprKind::As(of, _) | ExprKind::Field(of, _) | ExprKind::TupleIndex(of, ..) => {
                self.expression(of);
            }
            ExprKind::Binary { left, right, .. } => {
                self.expression(left);
                self.expression(right);
            }
            ExprKind::Range { from, to, .. } => from.iter().chain(to).for_each(|end| self.expression(end)),
            ExprKind::Call { callee, args } => {
                self.expression(callee);
                args.iter().for_each(|arg| self.expression(arg));
            }
            ExprKind::Method { receiver, args, .. } => {
                self.expression(receiver);
                args.iter().for_each(|arg| self.expression(arg));
            }
            ExprKind::Index(of, positions) => {
                self.expression(of);
                positions.iter().for_each(|position| self.expression(position));
            }
            ExprKind::Array(items) | ExprKind::Tuple(items) => items.iter().for_each(|item| self.expression(item)),
            ExprKind::Repeat(element, extents) => {
                self.expression(element);
                extents.iter().for_each(|extent| self.expression(extent));
            }
            ExprKind::Comprehension { element, pattern, source, filter } => {
                self.expression(source);
                let before = self.local.len();
                self.pattern(pattern);
                self.expression(element);
                filter.iter().for_each(|filter| self.expression(filter));
                self.local.truncate(before);
            }
            ExprKind::Struct { fields, base, .. } => {
                fields.iter().filter_map(|(_, value)| value.as_ref()).for_each(|value| self.expression(value));
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
            ExprKind::Closure(params, body) => {
                let before = self.local.len();
                params.iter().for_each(|param| self.pattern(param));
                self.expression(body);
                self.local.truncate(before);
            }
        }
    }
}
