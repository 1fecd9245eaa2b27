//! Which variables of the surroundings a piece of code assigns, found in the text alone: what an `if` has to join and a loop to carry.
//! An exit assigns the flags of the loop or function that it leaves (see `exits`).

use super::exits::{LEFT, OVER, RESULT, RETURNED};
use super::place::{is_whole, root_name};
use crate::syntax::ast::{Block, Expr, ExprKind, Stmt, StmtKind};
use crate::syntax::walk::Walk;
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

/// What the end of a block assigns.
pub(super) fn assigned_in_rest(statements: &[Stmt], value: Option<&Expr>) -> Assigned {
    let mut scan = Scan { found: Assigned::new(), local: Vec::new() };
    statements.iter().for_each(|statement| scan.statement(statement));
    value.into_iter().for_each(|value| scan.expression(value));
    scan.found
}

struct Scan {
    found: Assigned,
    /// Names that the code itself declares, innermost last.
    local: Vec<String>,
}

impl Scan {
    fn leave(&mut self, flags: &[&str]) {
        self.found.extend(flags.iter().map(|flag| ((*flag).to_owned(), true)));
    }

    /// What runs there is left by those of these exits that were there before.
    fn within(&mut self, inner: &[&str], run: impl FnOnce(&mut Self)) {
        let new: Vec<&&str> = inner.iter().filter(|flag| !self.found.contains_key(**flag)).collect();
        run(self);
        for flag in new {
            self.found.remove(*flag);
        }
    }
}

impl Walk for Scan {
    fn scope(&mut self) -> &mut Vec<String> {
        &mut self.local
    }

    fn expression(&mut self, e: &Expr) {
        match e.kind {
            ExprKind::Closure(..) => self.within(&[OVER, LEFT, RETURNED, RESULT], |scan| scan.parts(e)),
            _ => self.parts(e),
        }
    }

    fn statement(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::Assign { place, .. } => {
                if let Some(name) = root_name(place)
                    && !self.local.contains(&name.text)
                {
                    *self.found.entry(name.text.clone()).or_insert(false) |= is_whole(place);
                }
            }
            StmtKind::Break => self.leave(&[OVER, LEFT]),
            StmtKind::Continue => self.leave(&[LEFT]),
            StmtKind::Return(_) => self.leave(&[RETURNED, RESULT, LEFT]),
            StmtKind::For { .. } | StmtKind::While { .. } => {
                self.within(&[OVER, LEFT], |scan| scan.parts_of(statement));
                if self.found.contains_key(RETURNED) {
                    self.leave(&[LEFT]);
                }
                return;
            }
            StmtKind::Let { .. } | StmtKind::Expr(_) | StmtKind::Output(_) | StmtKind::Error => {}
        }
        self.parts_of(statement);
    }
}
