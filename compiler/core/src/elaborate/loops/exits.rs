//! What a loop carries of its exits: whether it is over, whether the function has returned, and what.

use super::Head;
use crate::elaborate::assigned::Assigned;
use crate::elaborate::branch::register;
use crate::elaborate::exits::{LEFT, Left, OVER, RESULT, RETURNED};
use crate::elaborate::types::{LeafType, Scalar};
use crate::elaborate::value::{Leaf, Value};
use crate::elaborate::{Elaborator, Outcome, Reported};
use crate::ir::builder::Entering;
use crate::ir::{Ref, RegType, ValueId};
use crate::source::Span;
use smpc_bytecode::interval::Interval;

/// Whether the secret condition of a `for … while` has held so far.
const ALIVE: &str = "<alive>";

/// What a loop carries of its exits. Which it needs is found by elaborating a turn.
pub(super) struct Exits {
    /// The hidden variable that says whether the loop is over, and whether it is carried.
    pub(super) over: (usize, bool),
    /// The hidden variable of a secret condition that has held so far, and whether it is carried.
    pub(super) alive: (usize, bool),
    /// The hidden variables of the function's result, and what its leaves are where a turn may return.
    pub(super) returned: Option<(usize, usize)>,
    pub(super) result: Option<Vec<Returned>>,
    /// What the two held before the loop.
    before: Vec<Option<Value>>,
}

/// A scalar of a result that a turn may return.
#[derive(Clone, PartialEq)]
pub(super) struct Returned {
    of: LeafType,
    /// The type that holds what any turn returns.
    ty: RegType,
    /// Whether it is secret in one of them. Of words the type does not tell.
    secret: bool,
}

impl Returned {
    fn range(&self) -> Interval {
        let (lo, hi) = self.ty.range();
        Interval::new(lo.into(), hi.into())
    }
}

impl Exits {
    /// Whether a turn may be the last one.
    pub(super) const fn early(&self) -> bool {
        self.over.1 || self.result.is_some()
    }
}

impl Elaborator<'_> {
    /// The hidden variables of a loop; what its exits assign is taken out of the names.
    pub(super) fn exits_of(&mut self, head: &Head<'_>, names: &mut Assigned) -> Exits {
        let mut leaves = |flag: &str| names.remove(flag).is_some();
        let conditional = matches!(head, Head::Counted { condition: Some(_), .. });
        let over = leaves(OVER) || conditional;
        let (_, returns, _) = (leaves(LEFT), leaves(RETURNED), leaves(RESULT));
        let returned = self.variable(RETURNED).zip(self.variable(RESULT)).filter(|_| returns);
        let before = returned.map_or_else(Vec::new, |(returned, result)| self.held(&[returned, result]));
        Exits {
            over: (self.hidden(OVER, Value::boolean(false)), over),
            alive: (self.hidden(ALIVE, Value::boolean(true)), false),
            returned,
            result: returned.map(|_| Vec::new()),
            before,
        }
    }

    /// Gives the function's result back what it was before the loop.
    pub(super) fn hold_result(&mut self, exits: &Exits) {
        if let Some((returned, result)) = exits.returned {
            self.hold(&[returned, result], exits.before.clone());
        }
    }

    /// Whether the turn left by the exits that were assumed, with a result of the type that was assumed; sets both to what it did.
    pub(super) fn exits_settle(&mut self, exits: &mut Exits) -> bool {
        let (over, alive) = (self.flag(exits.over.0) != Left::No, self.flag(exits.alive.0) != Left::Yes);
        let result = match exits.returned {
            Some((returned, _)) if self.flag(returned) == Left::No => None,
            Some((_, result)) => self.variables[result].value.clone(),
            None => None,
        };
        let result = result.map(|result| {
            let types = result.ty.leaves();
            let assumed = exits.result.iter().flatten().map(Some).chain(std::iter::repeat(None));
            let each = result.leaves.iter().zip(types).filter(|(_, of)| of.lanes() > 0).zip(assumed);
            let types = each.map(|((leaf, of), assumed)| {
                let secret = self.is_secret(leaf) || assumed.is_some_and(|assumed| assumed.secret);
                let own = self.range(leaf, of.scalar.frac());
                let range = assumed.map_or(own, |assumed| own.join(assumed.range()));
                Returned { ty: register(of.scalar, secret, range), of, secret }
            });
            types.collect::<Vec<_>>()
        });
        let settled = (exits.over.1, exits.alive.1) == (over, alive) && exits.result == result;
        (exits.over.1, exits.alive.1, exits.result) = (over, alive, result);
        settled
    }

    /// What is carried of the exits, before the first turn.
    pub(super) fn enter_exits(&mut self, exits: &Exits, entering: &mut Vec<Entering>) {
        if exits.alive.1 {
            entering.push((self.builder.boolean(true), RegType::BIN_BOOL));
        }
        if exits.over.1 {
            entering.push((self.builder.boolean(false), RegType::PUB_BOOL));
        }
        if let Some(result) = &exits.result {
            entering.push((self.builder.boolean(false), RegType::PUB_BOOL));
            for Returned { of, ty, .. } in result {
                // Any word of the type: it is read where a turn has returned.
                let word = if of.scalar == Scalar::Bool { 0 } else { ty.range().0 };
                entering.push((self.builder.fill(*ty, word, of.lanes()), *ty));
            }
        }
    }

    /// What is carried of the exits, at the end of the turn.
    pub(super) fn hand_exits(&mut self, exits: &Exits, handed: &mut Vec<ValueId>, span: Span) -> Outcome<()> {
        let mut flags = Vec::new();
        flags.extend(exits.alive.1.then_some(exits.alive.0));
        flags.extend(exits.over.1.then_some(exits.over.0));
        flags.extend(exits.result.as_ref().and(exits.returned).map(|(returned, _)| returned));
        for flag in flags {
            let value = self.variables[flag].value.clone().ok_or(Reported)?;
            let leaf = value.leaves.first().ok_or(Reported)?;
            let view = self.lanes(leaf, Scalar::Bool, 1, span)?;
            handed.push(self.builder.value_of(&view));
        }
        if let (Some(types), Some((_, result))) = (&exits.result, exits.returned) {
            let value = self.variables[result].value.clone().ok_or(Reported)?;
            let leaves = value.leaves.iter().filter(|leaf| leaf.lanes() > 0);
            for (leaf, Returned { of, .. }) in leaves.zip(types) {
                let view = self.lanes(leaf, of.scalar, of.lanes(), span)?;
                handed.push(self.builder.value_of(&view));
            }
        }
        Ok(())
    }

    /// What the function has returned after the loop, if it has.
    pub(super) fn leave_exits(&mut self, exits: &Exits, ended: &[ValueId], endless: bool) {
        let (Some((returned, result)), Some(types)) = (exits.returned, &exits.result) else {
            self.hold_result(exits);
            return;
        };
        let mut ended = ended[usize::from(exits.alive.1) + usize::from(exits.over.1)..].iter();
        let flag = match ended.next() {
            Some(flag) if !endless || exits.over.1 => Value::of(Scalar::Bool, &[], *flag),
            _ => Value::boolean(true),
        };
        if let Some(value) = &mut self.variables[result].value {
            let leaves = value.leaves.iter_mut().filter(|leaf| leaf.lanes() > 0);
            for ((leaf, Returned { of, secret, .. }), value) in leaves.zip(types).zip(ended) {
                let ended = Leaf::of(Ref::whole(*value, of.lanes())).from(leaf.origin.clone());
                *leaf = ended.public(of.scalar, !secret);
            }
        }
        self.variables[returned].value = Some(flag.clone());
        if let Some(left) = self.variable(LEFT) {
            self.variables[left].value = Some(flag);
        }
    }
}
