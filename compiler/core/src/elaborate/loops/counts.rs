//! How many turns may add to a variable.
//!
//! A `while` takes so many at most where a variable counts them: `while i < n { …; i += 1; }`. The variable moves by the same known step in every turn, towards a
//! bound that stays as it is; so many turns are enough to reach it. To an element of an array a single turn adds, where all that turns read and write of
//! the array is the element that their counter names: `xs[i] += …`.

use crate::elaborate::Elaborator;
use crate::elaborate::assigned::{Assigned, assigned, assigned_in};
use crate::elaborate::exits::LEFT;
use crate::elaborate::narrowing::mirrored;
use crate::elaborate::place::{is_whole, root_name};
use crate::elaborate::types::Scalar;
use crate::syntax::ast::{BinaryOp, Block, Expr, ExprKind, Name, Pattern, Stmt, StmtKind, UnaryOp};
use crate::syntax::walk::Walk;
use std::collections::BTreeSet;

/// How a loop counts its turns.
#[derive(Clone, Copy)]
pub(super) struct Counted<'n> {
    /// How many there are at most.
    pub(super) turns: i128,
    /// The name of a number that is another one in every turn, and the same all through it.
    pub(super) counter: Option<&'n Name>,
    /// Whether it is that number from the start of the turn on.
    pub(super) starts: bool,
}

impl Elaborator<'_> {
    /// Most turns that a condition lets a body take; `None` where nothing counts them.
    pub(super) fn counted_turns<'n>(&mut self, condition: &'n Expr, body: &Block) -> Option<Counted<'n>> {
        // A condition that changes something may change what counts.
        let mut changed = Assigned::new();
        assigned_in(condition, &mut changed);
        if !changed.is_empty() {
            return None;
        }
        match &condition.kind {
            ExprKind::Binary { op: BinaryOp::And, left, right, .. } => {
                self.counted_turns(left, body).or_else(|| self.counted_turns(right, body))
            }
            ExprKind::Binary { op, left, right, .. } => self
                .counted_by(left, Some(*op), right, body)
                .or_else(|| self.counted_by(right, mirrored(*op), left, body)),
            _ => None,
        }
        .filter(|counted| counted.turns > 0)
    }

    fn counted_by<'n>(
        &mut self,
        counter: &'n Expr,
        op: Option<BinaryOp>,
        bound: &Expr,
        body: &Block,
    ) -> Option<Counted<'n>> {
        let name = named(counter)?;
        let (op, known) = (op?, assigned([body]));
        // A turn that is left early may leave the counter behind.
        if known.contains_key(LEFT) || !stays(bound, &known) {
            return None;
        }
        let (step, at) = Self::step(name, body)?;
        let [from, to] = [self.plain_range(counter, Scalar::Int)?, self.plain_range(bound, Scalar::Int)?];
        let (far, by) = match op {
            BinaryOp::Lt if step > 0 => (to.hi - from.lo, step),
            BinaryOp::Le if step > 0 => (to.hi - from.lo + 1, step),
            BinaryOp::Gt if step < 0 => (from.hi - to.lo, -step),
            BinaryOp::Ge if step < 0 => (from.hi - to.lo + 1, -step),
            BinaryOp::Ne if step == 1 && from.hi <= to.lo => (to.hi - from.lo, 1),
            BinaryOp::Ne if step == -1 && from.lo >= to.hi => (from.hi - to.lo, 1),
            _ => return None,
        };
        let last = body.statements.len() - 1;
        let whole = at == 0 || at == last && body.value.is_none();
        Some(Counted {
            turns: (far - 1).div_euclid(by) + 1,
            counter: Some(name).filter(|_| whole && step != 0),
            starts: at == last,
        })
    }

    /// By how much every turn moves a variable, and in which statement: the only assignment to it, which every turn runs.
    fn step(name: &Name, body: &Block) -> Option<(i128, usize)> {
        let mut writes = Writes { name: &name.text, count: 0, shadowed: false, local: Vec::new() };
        writes.block(body);
        if writes.count != 1 || writes.shadowed {
            return None;
        }
        body.statements.iter().enumerate().find_map(|(at, statement)| {
            let StmtKind::Assign { place, op, value } = &statement.kind else { return None };
            if !is_whole(place) || root_name(place)?.text != name.text {
                return None;
            }
            let is_counter = |e: &Expr| named(e).is_some_and(|own| own.text == name.text);
            let (op, term) = match (op, &value.kind) {
                (Some(op), _) => (*op, value),
                (None, ExprKind::Binary { op, left, right, .. }) if is_counter(left) => (*op, &**right),
                (None, ExprKind::Binary { op: BinaryOp::Add, left, right, .. }) if is_counter(right) => {
                    (BinaryOp::Add, &**left)
                }
                _ => return None,
            };
            let step = known_number(term)?;
            match op {
                BinaryOp::Add => Some((step, at)),
                BinaryOp::Sub => Some((-step, at)),
                _ => None,
            }
        })
    }
}

/// The name that an expression is.
fn named(e: &Expr) -> Option<&Name> {
    match &e.kind {
        ExprKind::Path { path, args } if path.len() == 1 && args.is_empty() => path.first(),
        _ => None,
    }
}

/// The number that an expression is.
const fn known_number(e: &Expr) -> Option<i128> {
    match &e.kind {
        ExprKind::Int(number) => *number,
        _ => None,
    }
}

/// Whether a turn leaves a bound as it is.
fn stays(e: &Expr, assigned: &Assigned) -> bool {
    match &e.kind {
        ExprKind::Int(_) => true,
        ExprKind::Path { path, .. } => path.first().is_some_and(|name| !assigned.contains_key(&name.text)),
        ExprKind::Unary(UnaryOp::Neg, of) => stays(of, assigned),
        ExprKind::Binary { left, right, .. } => stays(left, assigned) && stays(right, assigned),
        _ => false,
    }
}

/// Counts the assignments to a variable.
struct Writes<'n> {
    name: &'n str,
    count: usize,
    /// Whether another variable takes its name.
    shadowed: bool,
    local: Vec<String>,
}

impl Walk for Writes<'_> {
    fn scope(&mut self) -> &mut Vec<String> {
        &mut self.local
    }

    fn expression(&mut self, e: &Expr) {
        // Patterns of a `match` bind names too.
        self.shadowed |= matches!(e.kind, ExprKind::Match(..));
        self.parts(e);
    }

    fn statement(&mut self, statement: &Stmt) {
        if let StmtKind::Assign { place, .. } = &statement.kind {
            self.count += usize::from(root_name(place).is_some_and(|name| name.text == self.name));
        }
        self.parts_of(statement);
        self.shadowed |= self.local.iter().any(|name| name == self.name);
    }
}

/// Whether all that a turn reads and writes of an array is what its counter names, in one of the array's dimensions.
pub(super) fn own_lanes(array: &str, counter: &str, scalar: &dyn Fn(&str) -> bool, body: &Block) -> bool {
    let mut own = Own { array, counter, scalar, writes: false, positions: None, others: false, local: Vec::new() };
    own.block(body);
    !own.others && own.positions.is_some_and(|positions| !positions.is_empty())
}

/// Where an index has the counter, or so much more, in all writes of a turn to an array: what a turn reads there before it writes is as it was before the loop.
pub(super) fn own_writes(
    array: &str,
    counter: &str,
    scalar: &dyn Fn(&str) -> bool,
    body: &Block,
) -> BTreeSet<Position> {
    let mut own = Own { array, counter, scalar, writes: true, positions: None, others: false, local: Vec::new() };
    own.block(body);
    own.positions.filter(|_| !own.others).unwrap_or_default()
}

/// Which part of an index, and what it has beside the counter.
pub(super) type Position = (usize, i128);

/// What is indexed, and by what, outermost dimension first; by nothing that is known where an index before the last one may leave a dimension, as a slice or
/// an array of places does: what follows would be of another dimension.
pub(super) fn indices<'e>(e: &'e Expr, scalar: &dyn Fn(&str) -> bool) -> (&'e Expr, Vec<&'e Expr>) {
    let (mut root, mut indices, mut known) = (e, Vec::new(), true);
    while let ExprKind::Index(of, positions) = &root.kind {
        let single = |e: &Expr| known_number(e).is_some() || beside(e).is_some_and(|(name, _)| scalar(&name.text));
        known &= indices.is_empty() || positions.iter().all(single);
        indices.splice(..0, positions);
        root = of;
    }
    if !known {
        indices.clear();
    }
    (root, indices)
}

/// A name, and what is added to it.
pub(super) fn beside(e: &Expr) -> Option<(&Name, i128)> {
    match &e.kind {
        ExprKind::Binary { op: BinaryOp::Add, left, right, .. } => Some((named(left)?, known_number(right)?)),
        ExprKind::Binary { op: BinaryOp::Sub, left, right, .. } => Some((named(left)?, -known_number(right)?)),
        _ => Some((named(e)?, 0)),
    }
}

struct Own<'n> {
    array: &'n str,
    counter: &'n str,
    /// Whether a name stands for a number, and for no array.
    scalar: &'n dyn Fn(&str) -> bool,
    /// Whether only writes count.
    writes: bool,
    /// Where every access so far has the counter.
    positions: Option<BTreeSet<Position>>,
    /// Whether something else is done with the array, or a name stands for something else.
    others: bool,
    local: Vec<String>,
}

impl Own<'_> {
    fn indices<'e>(&self, e: &'e Expr) -> (&'e Expr, Vec<&'e Expr>) {
        // What the turn declares itself may be anything.
        indices(e, &|name| name == self.counter || (self.scalar)(name) && !self.local.iter().any(|own| own == name))
    }

    fn access(&mut self, indices: &[&Expr]) {
        let place = |(at, e): (usize, &&Expr)| {
            beside(e).filter(|(name, _)| name.text == self.counter).map(|(_, more)| (at, more))
        };
        let found: BTreeSet<Position> = indices.iter().enumerate().filter_map(place).collect();
        self.positions = Some(match self.positions.take() {
            Some(positions) => &positions & &found,
            None => found,
        });
    }
}

impl Walk for Own<'_> {
    fn scope(&mut self) -> &mut Vec<String> {
        &mut self.local
    }

    fn pattern(&mut self, pattern: &Pattern) {
        let names = pattern.names();
        self.others |= names.iter().any(|name| name.text == self.array || name.text == self.counter);
        self.local.extend(names.into_iter().map(|name| name.text.clone()));
    }

    fn statement(&mut self, statement: &Stmt) {
        if let (StmtKind::Assign { place, .. }, true) = (&statement.kind, self.writes)
            && root_name(place).is_some_and(|name| name.text == self.array)
        {
            let (root, indices) = self.indices(place);
            self.others |= named(root).is_none();
            self.access(&indices);
        }
        self.parts_of(statement);
    }

    fn expression(&mut self, e: &Expr) {
        let (root, indices) = self.indices(e);
        match &root.kind {
            ExprKind::Path { path, .. } if !self.writes && path.first().is_some_and(|name| name.text == self.array) => {
                self.access(&indices);
                let mut of = e;
                while let ExprKind::Index(inner, positions) = &of.kind {
                    self.all(positions);
                    of = inner;
                }
            }
            ExprKind::Match(..) => self.others = true,
            ExprKind::Struct { fields, .. } => {
                self.others |= fields.iter().any(|(name, value)| value.is_none() && name.text == self.array);
                self.parts(e);
            }
            _ => self.parts(e),
        }
    }
}

/// Whether an expression has to do with a variable.
pub(super) fn mentions(name: &str, e: &Expr) -> bool {
    let mut own = Own {
        array: name,
        counter: "",
        scalar: &|_| false,
        writes: false,
        positions: None,
        others: false,
        local: Vec::new(),
    };
    own.expression(e);
    own.others || own.positions.is_some()
}
