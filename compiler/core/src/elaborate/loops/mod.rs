//! Loops that run as the program runs: what they carry from turn to turn, and in which range it stays.
//!
//! * here: heads and turns;
//! * `guesses`: a turn is elaborated on a guess of the carried ranges, and kept if it maps them into themselves;
//! * `counts`: how many turns may add to a variable;
//! * `untouched`: what turns find as it was before the loop;
//! * `exits`: what is carried where a turn may be the last one.
//!
//! A `for` that may end early, by `break`, `return` or a public condition, becomes a `while` over its counter. Once the secret condition of a
//! `for … while` is false, the remaining turns change nothing: what holds so far is carried, and the body stands under it.

mod counts;
mod exits;
mod guesses;
mod untouched;

use super::assigned::{Assigned, assigned};
use super::branch::{Sides, register};
use super::exits::{LEFT, Left};
use super::types::{LeafType, Scalar, Type};
use super::value::{BaseId, Data, Growth, Leaf, Origin, Relative, Value};
use super::{Elaborator, Outcome, Reported, origin_label};
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::builder::{Entering, OpenLoop, OpenWhileBody};
use crate::ir::{Bound, Op, Ref, RegType, ValueId};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Block, Expr, ExprKind, Pattern};
use counts::{Counted, Position};
use exits::Exits;
use guesses::Guess;
use smpc_bytecode::interval::Interval;
use std::collections::BTreeSet;
use std::rc::Rc;
pub(super) use untouched::Untouched;

/// Attempts at the ranges of one loop; each either settles or widens a leaf, so this is never reached by a program that people write. Those in which a secret
/// reaches one more leaf do not count: there are as many as leaves at most.
const MAX_ATTEMPTS: usize = 64;

/// Most turns that are written out where no range is kept.
const FEW_TURNS: i64 = 8;

/// How a loop decides on its turns.
enum Head<'h> {
    /// `for` over numbers or elements.
    Counted {
        from: Bound,
        to: Bound,
        /// Range of the counter.
        range: (i64, i64),
        /// Greatest value of the counter where no turn runs.
        last: i64,
        pattern: &'h Pattern,
        /// What is iterated, where that is not the counter itself.
        source: Option<&'h Value>,
        /// `while` behind it.
        condition: Option<&'h Expr>,
    },
    /// `while`
    While(&'h Expr),
}

impl<'h> Head<'h> {
    const fn condition(&self) -> Option<&'h Expr> {
        match self {
            Self::Counted { condition, .. } => *condition,
            Self::While(condition) => Some(*condition),
        }
    }
}

/// A loop whose turn has been elaborated.
enum Open {
    Counted(OpenLoop),
    /// With the next value of its counter, if it has one.
    While(OpenWhileBody, Option<ValueId>),
}

/// What a turn leads to.
struct Turn {
    open: Open,
    /// What the carried variables hold at its end.
    next: Vec<Value>,
    /// Whether the condition of a `while` is known to hold always.
    endless: bool,
}

/// A scalar that a turn hands to the next.
struct Carried {
    /// Which of the loop's variables, and which of its leaves.
    at: (usize, usize),
    of: LeafType,
    entry: Leaf,
    /// Where it comes from: what makes it secret, if a turn does.
    origin: Option<Rc<Origin>>,
    /// The guess, as a type.
    assumed: RegType,
    /// Whether it is secret, before the loop or in a turn. Of words the type does not tell.
    secret: bool,
    guess: Guess,
    base: BaseId,
    /// Whether a turn was seen to go below or above.
    sinks: bool,
    rises: bool,
    /// Whether it is to stay at all of 64 bits.
    full: bool,
    /// The range that its variable declares, where less of it is guessed.
    declared: Option<Interval>,
    /// Most turns that may add to it, where that is known.
    turns: Option<i128>,
    /// Whether more was taken to be allowed than the end of a turn kept to.
    exceeded: bool,
    /// Where turns write to it, and nowhere else, if it is an array.
    writes: BTreeSet<Position>,
    /// The range that its struct declares, where that holds what is before the loop and was not tried yet.
    field: Option<Interval>,
}

/// What a loop carries.
struct Carry {
    variables: Vec<usize>,
    entry: Vec<Value>,
    leaves: Vec<Carried>,
    /// Which of the leaves counts the turns of a `while`, from their start on.
    counter: Option<usize>,
    exits: Exits,
}

impl Carry {
    /// How many leaves are secret.
    fn secret(&self) -> usize {
        self.leaves.iter().filter(|leaf| leaf.secret).count()
    }
}

/// Whether a mistake is one whatever the ranges are: something that everyone sees depends on a secret.
const fn is_of_secrecy(code: Code) -> bool {
    matches!(code, Code::SecretWhile | Code::SecretShape | Code::SecretToPublic | Code::SecretEffect)
}

impl Elaborator<'_> {
    pub(super) fn for_loop(
        &mut self,
        pattern: &Pattern,
        source: &Expr,
        condition: Option<&Expr>,
        body: &Block,
        span: Span,
    ) -> Outcome<()> {
        if let ExprKind::Range { from: Some(from), to: Some(to), inclusive } = &source.kind {
            let (first, last) = (self.bound_value(from), self.bound_value(to));
            let (first, mut last) = (first?, last?);
            if *inclusive {
                last = self.operate(BinaryOp::Add, to.span, (&last, to.span), (&Value::int(1), to.span), to.span)?;
            }
            let (first_bound, first_range) = self.loop_bound(&first, from.span)?;
            let (last_bound, last_range) = self.loop_bound(&last, to.span)?;
            let turns = (last_range.hi - first_range.lo).max(0);
            let (Some(lo), Some(hi)) =
                (i64::try_from(first_range.lo).ok(), i64::try_from((last_range.hi - 1).max(first_range.lo)).ok())
            else {
                return self.error(
                    Code::Overflow,
                    source.span,
                    "a loop bound that does not fit in 64 bits",
                    "use a smaller one",
                );
            };
            let last = i64::try_from(first_range.hi).unwrap_or(i64::MAX).max(hi.saturating_add(1));
            let (from, to, range) = (first_bound, last_bound, (lo, hi));
            let head = Head::Counted { from, to, range, last, pattern, source: None, condition };
            let counter = if let Pattern::Name(name) = pattern { Some(name) } else { None };
            return self.carried_loop(&head, Some(Counted { turns, counter, starts: true }), body, span);
        }
        let value = self.expression(source)?;
        let Some(&len) = value.ty.extents().first() else {
            let message = format!("a loop over `{}`, which has no elements", value.ty);
            let help = if value.ty == Type::INT { "write `for i in 0..n`" } else { "loop over an array or a range" };
            return self.error(Code::TypeMismatch, source.span, message, help);
        };
        let last = i64::try_from(len).unwrap_or(i64::MAX);
        let head = Head::Counted {
            from: Bound::Const(0),
            to: Bound::Const(last),
            range: (0, (last - 1).max(0)),
            last,
            pattern,
            source: Some(&value),
            condition,
        };
        self.carried_loop(&head, Some(Counted { turns: i128::from(len), counter: None, starts: true }), body, span)
    }

    /// A bound of a loop: a public integer.
    fn bound_value(&mut self, e: &Expr) -> Outcome<Value> {
        let value = self.expression(e)?;
        if value.ty != Type::INT {
            let message = format!("a loop bound is an `int`, and this is `{}`", value.ty);
            return self.error(Code::TypeMismatch, e.span, message, "write `x as int`");
        }
        if let Some(leaf) = self.secret_leaf(&value) {
            let origin = leaf.origin.clone();
            let diagnostic = Diagnostic::new(Code::SecretShape, e.span, "a secret loop bound")
                .here("how often the loop runs would be seen by everyone")
                .help("loop to a public bound and use an `if` inside: `for i in 0..MAX { if i < n { … } }`");
            let diagnostic = origin_label(diagnostic, origin.as_deref(), "is secret because of this");
            return Err(self.report(diagnostic));
        }
        Ok(value)
    }

    fn loop_bound(&mut self, value: &Value, span: Span) -> Outcome<(Bound, Interval)> {
        if let Some(known) = value.known_int() {
            let word = self.raw(&super::known::Num::Int(known), 0, span)?;
            return Ok((Bound::Const(word), Interval::of(known)));
        }
        let index = self.public_int(value, span)?;
        let (lo, hi) = self.builder.ty(index).range();
        Ok((Bound::Value(index), Interval::new(lo.into(), hi.into())))
    }

    pub(super) fn while_loop(&mut self, condition: &Expr, body: &Block, span: Span) -> Outcome<()> {
        self.effect("`while`", span, "use a `for` with a public bound and an `if` inside")?;
        let counted = self.counted_turns(condition, body);
        self.carried_loop(&Head::While(condition), counted, body, span)
    }

    /// Finds ranges that the turns keep to, and builds the loop.
    fn carried_loop(&mut self, head: &Head<'_>, counted: Option<Counted<'_>>, body: &Block, span: Span) -> Outcome<()> {
        if counted.is_some_and(|counted| counted.turns == 0) {
            return Ok(());
        }
        let first = self.variables.len();
        self.turns += 1;
        let done = self.settled_loop(head, counted, body, span);
        self.turns -= 1;
        self.variables.truncate(first);
        done
    }

    fn settled_loop(&mut self, head: &Head<'_>, counted: Option<Counted<'_>>, body: &Block, span: Span) -> Outcome<()> {
        let mut names: Assigned = assigned([body]);
        match head {
            Head::Counted { condition: Some(condition), .. } | Head::While(condition) => {
                super::assigned::assigned_in(condition, &mut names);
            }
            Head::Counted { condition: None, .. } => {}
        }
        let exits = self.exits_of(head, &mut names);
        let variables = self.variables_of(&names, false);
        let mut carry = self.carry(variables, (counted, head, body), exits)?;
        let mut attempts = 0;
        while attempts < MAX_ATTEMPTS {
            let secret = carry.secret();
            let (mark, calls, messages) = (self.mark(), self.calls.mark(), self.sink.len());
            let around = self.untouched.clone();
            let turn = self.turn(head, body, &carry, span);
            self.untouched = around;
            let allowed: Vec<_> = carry.leaves.iter().map(|leaf| self.allowances.remove(&leaf.base)).collect();
            self.calls.forget(calls);
            let failed = self.sink.has_errors_since(messages);
            let next = match turn {
                Ok(turn) if !failed => {
                    let settled = self.exits_settle(&mut carry.exits)
                        && self.settles(&carry, &turn.next)
                        && Self::keeps_to_allowances(&mut carry, &allowed, &turn.next);
                    if settled && !self.tighten(&mut carry, &turn.next) {
                        self.close(turn, &carry, span)?;
                        if let (Head::While(condition), false) = (head, carry.exits.early()) {
                            self.learn(condition, false);
                        }
                        return Ok(());
                    }
                    self.abandon(turn.open);
                    Some((turn.next, settled))
                }
                Ok(turn) => {
                    self.abandon(turn.open);
                    None
                }
                Err(Reported) => None,
            };
            // The types of what the turn handed on are needed until the next guess stands.
            let too_wide = self.too_wide(&carry, messages);
            let wider = next.as_ref().map(|(next, settled)| *settled || self.widen(&mut carry, next));
            attempts += usize::from(carry.secret() == secret);
            self.rewind(&mark);
            carry.leaves.iter().for_each(|leaf| {
                self.growing.remove(&leaf.base);
            });
            let entry: Vec<Option<Value>> = carry.entry.iter().cloned().map(Some).collect();
            self.hold(&carry.variables, entry);
            self.hold_result(&carry.exits);
            match wider {
                Some(wider) => {
                    self.sink.truncate(messages);
                    if !wider {
                        return self.one_by_one(head, body, &carry, span);
                    }
                }
                None if carry.try_fields() => self.sink.truncate(messages),
                None if self.try_less(&mut carry, messages) => self.sink.truncate(messages),
                // Where only the guess was too wide, nothing is wrong with the body but what it does with secrets.
                None if too_wide => {
                    self.sink.retain_since(messages, |told| is_of_secrecy(told.code));
                    if !self.sink.has_errors_since(messages) {
                        return self.one_by_one(head, body, &carry, span);
                    }
                    self.poison(&carry);
                    return Err(Reported);
                }
                None => {
                    // A guess may be less than the range that later turns have.
                    self.sink.retain_since(messages, |told| told.code != Code::ConstantCondition);
                    self.poison(&carry);
                    return Err(Reported);
                }
            }
        }
        self.unbounded(&carry, span)
    }

    /// Few turns of which no range is kept are written out: each has the ranges that the one before it gives.
    ///
    /// # Errors
    /// There are more turns, or not even these keep to 64 bits.
    fn one_by_one(&mut self, head: &Head<'_>, body: &Block, carry: &Carry, span: Span) -> Outcome<()> {
        let &Head::Counted { from: Bound::Const(from), to: Bound::Const(to), condition: None, pattern, source, .. } =
            head
        else {
            return self.unbounded(carry, span);
        };
        if to.saturating_sub(from) > FEW_TURNS || carry.exits.early() {
            return self.unbounded(carry, span);
        }
        let (mark, calls, messages) = (self.mark(), self.calls.mark(), self.sink.len());
        for turn in from..to {
            let first = self.variables.len();
            let element = match source {
                Some(source) => self.known_row(source, turn.unsigned_abs(), span),
                None => Ok(Value::int(turn.into())),
            };
            self.hidden(LEFT, Value::boolean(false));
            let done = element.and_then(|element| {
                self.bind(pattern, Some(element), false)?;
                self.block_value(body)
            });
            self.variables.truncate(first);
            if done.is_err() || self.sink.has_errors_since(messages) {
                self.calls.forget(calls);
                self.rewind(&mark);
                self.sink.truncate(messages);
                return self.unbounded(carry, span);
            }
        }
        // What is the same in every turn of these need not be in others.
        self.sink.retain_since(messages, |told| told.code != Code::ConstantCondition);
        Ok(())
    }

    fn poison(&mut self, carry: &Carry) {
        for variable in &carry.variables {
            self.variables[*variable].value = None;
        }
    }

    fn abandon(&mut self, open: Open) {
        match open {
            Open::Counted(open) => self.builder.abandon_loop(open),
            Open::While(open, _) => self.builder.abandon_while(open),
        }
    }

    fn carry(
        &mut self,
        variables: Vec<usize>,
        (counted, head, body): (Option<Counted<'_>>, &Head<'_>, &Block),
        exits: Exits,
    ) -> Outcome<Carry> {
        let mut entry = Vec::with_capacity(variables.len());
        let mut leaves = Vec::new();
        for (n, variable) in variables.iter().enumerate() {
            let value = self.variables[*variable].value.clone().ok_or(Reported)?;
            let declared = self.variables[*variable].declared.clone();
            let fields = self.field_ranges(&value.ty);
            let turns = counted.map(|counted| self.turns_of(*variable, counted, head, body));
            let counter = counted.filter(|counted| counted.starts).and_then(|counted| counted.counter);
            let name = self.variables[*variable].name.as_str();
            let scalar = |name: &str| self.is_scalar(name);
            let writes = counter.map(|counter| counts::own_writes(name, &counter.text, &scalar, body));
            let writes =
                writes.filter(|_| !head.condition().is_some_and(|e| counts::mentions(name, e))).unwrap_or_default();
            for (at, (leaf, of)) in value.leaves.iter().zip(value.ty.leaves()).enumerate() {
                if of.lanes() == 0 {
                    continue;
                }
                let declared = declared.as_ref().and_then(|declared| declared.ranges.get(at).copied().flatten());
                let own = self.range(leaf, of.scalar.frac());
                let range = declared.unwrap_or(own);
                let field = fields.get(at).copied().flatten();
                self.bases += 1;
                let secret = self.is_secret(leaf);
                leaves.push(Carried {
                    at: (n, at),
                    assumed: register(of.scalar, secret, range),
                    secret,
                    of,
                    entry: leaf.clone(),
                    origin: leaf.origin.clone(),
                    guess: if declared.is_some() { Guess::Declared } else { Guess::Entry },
                    base: BaseId(self.bases),
                    sinks: false,
                    rises: false,
                    full: false,
                    declared: None,
                    turns,
                    exceeded: false,
                    writes: writes.clone(),
                    field: field.filter(|field| own.within(*field)),
                });
            }
            entry.push(value);
        }
        let counter =
            counted.filter(|counted| counted.starts).and_then(|counted| self.variable(&counted.counter?.text));
        let counter = leaves.iter().position(|leaf| Some(variables[leaf.at.0]) == counter);
        Ok(Carry { variables, entry, leaves, counter, exits })
    }

    /// Whether a name stands for a number.
    pub(super) fn is_scalar(&self, name: &str) -> bool {
        let held = self.variable(name).and_then(|variable| self.variables[variable].value.as_ref());
        held.is_some_and(|held| held.ty == Type::INT)
    }

    /// How many turns may add to a number of a variable.
    fn turns_of(&self, variable: usize, counted: Counted<'_>, head: &Head<'_>, body: &Block) -> i128 {
        let name = self.variables[variable].name.as_str();
        let own = counted
            .counter
            .is_some_and(|counter| counts::own_lanes(name, &counter.text, &|name| self.is_scalar(name), body));
        let asked = head.condition().is_some_and(|condition| counts::mentions(name, condition));
        if own && !asked { counted.turns.min(1) } else { counted.turns }
    }

    /// One turn on the guess; the loop is left open.
    fn turn(&mut self, head: &Head<'_>, body: &Block, carry: &Carry, span: Span) -> Outcome<Turn> {
        let mut entering: Vec<Entering> = Vec::with_capacity(carry.leaves.len());
        for leaf in &carry.leaves {
            let view = self.lanes(&leaf.entry, leaf.of.scalar, leaf.of.lanes(), span)?;
            self.at(span);
            entering.push((self.builder.value_of(&view), leaf.assumed));
        }
        self.at(span);
        self.enter_exits(&carry.exits, &mut entering);
        let mut endless = false;
        let open = match head {
            Head::Counted { from, to, range, .. } if !carry.exits.early() => {
                let open = self.builder.begin_loop(*from, *to, *range, &entering);
                self.start_turn(carry, &open.params);
                let counter = open.counter;
                let surely = matches!((from, to), (Bound::Const(from), Bound::Const(to)) if from < to);
                self.leave_untouched(carry, &open.params, counter, self.conditional + usize::from(!surely));
                self.conditional += usize::from(!surely);
                self.counted_body(head, counter, body, &carry.exits, span);
                self.conditional -= usize::from(!surely);
                Open::Counted(open)
            }
            Head::Counted { from, to, range, last, .. } => {
                let first = self.bound_id(*from);
                entering.push((first, RegType::pub_int(range.0, *last)));
                let open = self.builder.begin_while(&entering);
                let gone = self.start_turn(carry, &open.params);
                let counter = Ref::lane(open.params[entering.len() - 1], 0);
                let to = self.bound_id(*to);
                let more = self.truth(Op::Lt {}, vec![counter.clone(), Ref::lane(to, 0)], 1, span);
                let runs = match gone {
                    Some(gone) => {
                        let stays = self.truth(Op::Not {}, vec![Ref::lane(gone, 0)], 1, span);
                        self.truth(Op::And {}, vec![more, stays], 1, span)
                    }
                    None => more,
                };
                let open = self.builder.while_body(open, runs.value);
                let inside = self.relabelled(&counter, Interval::new(range.0.into(), range.1.into()), span);
                let Data::Lanes(inside) = inside.data else { return Err(Reported) };
                self.conditional += 1;
                self.counted_body(head, inside.value, body, &carry.exits, span);
                self.conditional -= 1;
                self.at(span);
                let one = self.builder.int(1);
                let ty = RegType::pub_int(range.0.saturating_add(1), range.1.saturating_add(1));
                let next = self.builder.gate(Op::Add {}, vec![inside, Ref::lane(one, 0)], ty, 1);
                Open::While(open, Some(next))
            }
            Head::While(condition) => {
                let open = self.builder.begin_while(&entering);
                let gone = self.start_turn(carry, &open.params);
                if let Some(at) = carry.counter {
                    self.leave_untouched(carry, &open.params, open.params[at], self.conditional + 1);
                }
                let decides = self.while_condition(condition, gone);
                let failed = decides.is_err();
                let (decides, always) = decides.unwrap_or_else(|Reported| (self.builder.boolean(false), false));
                endless = always;
                let open = self.builder.while_body(open, decides);
                if !failed {
                    let first = self.variables.len();
                    self.hidden(LEFT, Value::boolean(false));
                    self.conditional += 1;
                    let _ = self.knowing(condition, true, |elaborator| elaborator.block_value(body));
                    self.conditional -= 1;
                    self.variables.truncate(first);
                }
                Open::While(open, None)
            }
        };
        let next: Option<Vec<Value>> = self.held(&carry.variables).into_iter().collect();
        match next {
            Some(next) => Ok(Turn { open, next, endless }),
            None => {
                self.abandon(open);
                Err(Reported)
            }
        }
    }

    fn bound_id(&mut self, bound: Bound) -> ValueId {
        match bound {
            Bound::Const(value) => self.builder.int(value),
            Bound::Value(value) => value,
        }
    }

    /// Variables hold what the turn starts with. Gives the truth value that says that no further turn runs, where an exit may have been taken.
    fn start_turn(&mut self, carry: &Carry, params: &[ValueId]) -> Option<ValueId> {
        let mut values = carry.entry.clone();
        for (leaf, param) in carry.leaves.iter().zip(params) {
            let (variable, at) = leaf.at;
            let relative = Relative { base: leaf.base, lo: 0, hi: 0, untouched: false };
            let view = Ref::whole(*param, leaf.of.lanes());
            let inside = Leaf::of(view).from(leaf.origin.clone()).relative(Some(relative));
            values[variable].leaves[at] = inside.public(leaf.of.scalar, !leaf.secret);
            if leaf.guess == Guess::Declared && !leaf.exceeded {
                self.allow(leaf);
            }
            if let Guess::Growing { lo, hi } = leaf.guess {
                let (least, greatest) = leaf.assumed.range();
                let range = Interval::new(least.into(), greatest.into());
                self.growing.insert(leaf.base, Growth { lo, hi, range });
            }
        }
        self.hold(&carry.variables, values.into_iter().map(Some).collect());
        let exits = &carry.exits;
        let mut params = params[carry.leaves.len()..].iter().copied();
        let alive = if exits.alive.1 { params.next() } else { None };
        let alive = alive.map_or(Value::boolean(true), |param| Value::of(Scalar::Bool, &[], param));
        self.variables[exits.alive.0].value = Some(alive);
        // A turn runs where no exit has been taken before.
        self.variables[exits.over.0].value = Some(Value::boolean(false));
        if let Some((returned, result)) = exits.returned {
            self.hold(&[returned, result], vec![Some(Value::boolean(false)), Some(Value::unit())]);
        }
        let over = if exits.over.1 { params.next() } else { None };
        let returned = if exits.result.is_some() { params.next() } else { None };
        match (over, returned) {
            (Some(over), Some(returned)) => {
                let sides = vec![Ref::lane(over, 0), Ref::lane(returned, 0)];
                Some(self.builder.gate(Op::Or {}, sides, RegType::PUB_BOOL, 1))
            }
            (over, returned) => over.or(returned),
        }
    }

    fn counted_body(&mut self, head: &Head<'_>, counter: ValueId, body: &Block, exits: &Exits, span: Span) {
        let Head::Counted { pattern, source, condition, .. } = head else { return };
        let first = self.variables.len();
        let element = match source {
            Some(source) => self.row(source, counter, span),
            None => Ok(Value::of(Scalar::Int, &[], counter)),
        };
        self.hidden(LEFT, Value::boolean(false));
        // A failure here has been reported; the body has its own to tell.
        let _ = self.bind(pattern, element.ok(), false);
        let _ = match condition {
            Some(condition) => self.guarded(condition, body, exits),
            None => self.block_value(body),
        };
        self.variables.truncate(first);
    }

    /// A turn of `for … while condition`.
    fn guarded(&mut self, condition: &Expr, body: &Block, exits: &Exits) -> Outcome<Value> {
        let (span, alive) = (condition.span, exits.alive.0);
        let held = self.variables[alive].value.clone().ok_or(Reported)?;
        let holds = if held.is_known() {
            self.expression(condition)?
        } else {
            // In turns that change nothing, neither does the condition.
            self.under(held.clone(), span, |elaborator| elaborator.expression(condition))?
        };
        let operand = self.condition(&holds, span)?;
        if self.is_secret(&operand.leaf) {
            let holds = self.operate(BinaryOp::And, span, (&held, span), (&holds, span), span)?;
            self.variables[alive].value = Some(holds.clone());
            return self.secret_block(&holds, span, body);
        }
        let ends = self.complement(&holds, span)?;
        self.end_loop_where(&ends);
        match self.left() {
            Left::No => self.block_value(body),
            Left::Yes => Err(Reported),
            Left::Perhaps(left) => {
                let variables = self.variables_of(&assigned([body]), false);
                self.unless(left, &variables, span, |elaborator| {
                    elaborator
                        .knowing(condition, true, |elaborator| elaborator.block_value(body).map(|_| Value::unit()))
                })
            }
        }
    }

    /// The condition of a `while`, and whether it always holds; where an exit has been taken, it is not looked at.
    fn while_condition(&mut self, condition: &Expr, gone: Option<ValueId>) -> Outcome<(ValueId, bool)> {
        let mut always = false;
        let mut looked = |elaborator: &mut Self| {
            let value = elaborator.public_condition(condition)?;
            always = value.known_bool() == Some(true);
            Ok(value)
        };
        let value = match gone {
            None => looked(self)?,
            Some(gone) => {
                let mut names = Assigned::new();
                super::assigned::assigned_in(condition, &mut names);
                let variables = self.variables_of(&names, false);
                let spans = Sides::of(condition.span);
                self.public_choice(gone, &variables, spans, |_| Ok(Value::boolean(false)), looked)?
            }
        };
        let leaf = value.leaves.first().ok_or(Reported)?;
        let view = self.lanes(leaf, Scalar::Bool, 1, condition.span)?;
        Ok((self.builder.value_of(&view), always))
    }

    fn public_condition(&mut self, condition: &Expr) -> Outcome<Value> {
        let value = self.expression(condition)?;
        let operand = self.condition(&value, condition.span)?;
        if self.is_secret(&operand.leaf) {
            let about = operand.leaf.origin.as_ref().map_or("it".to_owned(), |origin| format!("`{}`", origin.name));
            let text = self.sources.text(condition.span);
            let diagnostic =
                Diagnostic::new(Code::SecretWhile, condition.span, "a secret value decides a `while` loop")
                    .here(format!("how often this loop runs would tell everyone about {about}"))
                    .help(format!("loop over a public bound and stop inside: `for i in 0..MAX while {text} {{ … }}`"));
            let diagnostic = origin_label(diagnostic, operand.leaf.origin.as_deref(), "is secret because of this");
            return Err(self.report(diagnostic));
        }
        Ok(value)
    }

    /// Closes a loop that settled, and gives the variables what they hold afterwards.
    fn close(&mut self, turn: Turn, carry: &Carry, span: Span) -> Outcome<()> {
        let Turn { open, next, endless } = turn;
        let next = next.as_slice();
        let mut handed = Vec::with_capacity(carry.leaves.len());
        let mut relations = Vec::with_capacity(carry.leaves.len());
        for leaf in &carry.leaves {
            let after = Self::next(leaf, next).clone();
            let view = self.lanes(&after, leaf.of.scalar, leaf.of.lanes(), span)?;
            let (lo, hi) = leaf.assumed.range();
            let kept = Interval::new(lo.into(), hi.into());
            let narrow = !self.range(&after, leaf.of.scalar.frac()).within(kept) && leaf.of.scalar.is_number();
            let view = if narrow {
                match self.relabelled(&view, kept, span).data {
                    Data::Lanes(view) => view,
                    Data::Known(_) => view,
                }
            } else {
                view
            };
            self.at(span);
            handed.push(self.builder.value_of(&view));
            let moved = after.relative.filter(|moved| moved.base == leaf.base);
            relations.push(match (leaf.entry.relative, moved, leaf.turns) {
                (Some(outer), Some(moved), Some(turns)) => {
                    Some(outer.moved(moved.lo.min(0).saturating_mul(turns), moved.hi.max(0).saturating_mul(turns)))
                }
                _ => None,
            });
        }
        carry.leaves.iter().for_each(|leaf| {
            self.growing.remove(&leaf.base);
        });
        self.hand_exits(&carry.exits, &mut handed, span)?;
        self.at(span);
        let results = match open {
            Open::Counted(open) => self.builder.end_loop(open, &handed),
            Open::While(open, counter) => {
                handed.extend(counter);
                self.builder.end_while(open, &handed)
            }
        };
        let ended: Vec<ValueId> = results[carry.leaves.len()..].to_vec();
        let mut values = carry.entry.clone();
        for ((leaf, result), relation) in carry.leaves.iter().zip(results).zip(relations) {
            let (variable, at) = leaf.at;
            let after = Self::next(leaf, next);
            let origin = self.origin_of(&[after, &leaf.entry]);
            let after = Leaf::of(Ref::whole(result, leaf.of.lanes())).from(origin).relative(relation);
            values[variable].leaves[at] = after.public(leaf.of.scalar, !leaf.secret);
        }
        self.hold(&carry.variables, values.into_iter().map(Some).collect());
        self.leave_exits(&carry.exits, &ended, endless);
        Ok(())
    }
}
