//! Which variables of the surroundings a piece of code assigns, found in the text alone: what an `if` has to join and a loop to carry.

use super::place::{is_whole, root_name};
use crate::syntax::ast::{Block, Expr, Stmt, StmtKind};
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

struct Scan {
    found: Assigned,
    /// Names that the code itself declares, innermost last.
    local: Vec<String>,
}

impl Walk for Scan {
    fn scope(&mut self) -> &mut Vec<String> {
        &mut self.local
    }

    fn statement(&mut self, statement: &Stmt) {
        if let StmtKind::Assign { place, .. } = &statement.kind
            && let Some(name) = root_name(place)
            && !self.local.contains(&name.text)
        {
            *self.found.entry(name.text.clone()).or_insert(false) |= is_whole(place);
        }
        self.parts_of(statement);
    }
}
