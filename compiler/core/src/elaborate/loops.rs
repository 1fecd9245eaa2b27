//! Loops that run as the program runs: what they carry from turn to turn, and in which range it stays.
//!
//! A turn is elaborated on a guess of the carried ranges, and kept if it maps them into themselves. The guesses, in order: a declared range; the
//! range before the loop; what so many turns can add at most; the smallest of 8, 16, 32 and 63 bits. What a turn adds is a fact about the
//! program ([`Relative`]), not about the guess: with the ranges of the guess for everything it reads, the turn moves the variable by
//! something in `lo..=hi`, so after n turns it has moved by at most n times that, which the guess contains. Public variables may take all of 64
//! bits: their arithmetic is checked as it runs.

use super::assigned::{Assigned, assigned};
use super::branch::register;
use super::types::{LeafType, Scalar, Type};
use super::value::{BaseId, Data, Leaf, Relative, Value};
use super::{Elaborator, Outcome, Reported, origin_label};
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::builder::{Entering, OpenLoop, OpenWhileBody};
use crate::ir::{Bound, Ref, RegType, ValueId};
use crate::source::Span;
use crate::syntax::ast::{Block, Expr, ExprKind, Pattern};
use smpc_bytecode::interval::Interval;

/// Bits that are tried for a variable whose range nothing else bounds.
const WIDTHS: [u32; 4] = [8, 16, 32, 63];

/// Attempts at the ranges of one loop; each either settles or widens a leaf, so this is never reached by a program that people write.
const MAX_ATTEMPTS: usize = 64;

/// How a loop decides on its turns.
enum Head<'h> {
    /// `for` over numbers or elements.
    Counted {
        from: Bound,
        to: Bound,
        /// Range of the counter.
        range: (i64, i64),
        pattern: &'h Pattern,
        /// What is iterated, where that is not the counter itself.
        source: Option<&'h Value>,
    },
    /// `while`
    While(&'h Expr),
}

/// A loop whose turn has been elaborated.
enum Open {
    Counted(OpenLoop),
    While(OpenWhileBody),
}

/// How the range of a carried leaf was guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guess {
    /// It keeps to its declared range.
    Declared,
    /// It keeps to the range before the loop.
    Entry,
    /// A turn moves it by something in `lo..=hi`.
    Growing { lo: i128, hi: i128 },
    /// It keeps to so many bits.
    Width(usize),
    /// All of 64 bits, of a public number.
    Full,
}

/// A scalar that a turn hands to the next.
struct Carried {
    /// Which of the loop's variables, and which of its leaves.
    at: (usize, usize),
    of: LeafType,
    entry: Leaf,
    /// The guess, as a type.
    assumed: RegType,
    guess: Guess,
    base: BaseId,
    /// Whether a turn was seen to go below or above.
    sinks: bool,
    rises: bool,
}

/// What a loop carries.
struct Carry {
    variables: Vec<usize>,
    entry: Vec<Value>,
    leaves: Vec<Carried>,
    /// Most turns, where that is known.
    turns: Option<i128>,
}

impl Elaborator<'_> {
    pub(super) fn for_loop(&mut self, pattern: &Pattern, source: &Expr, body: &Block, span: Span) -> Outcome<()> {
        if let ExprKind::Range { from: Some(from), to: Some(to), inclusive } = &source.kind {
            let (first, last) = (self.bound_value(from), self.bound_value(to));
            let (first, mut last) = (first?, last?);
            if *inclusive {
                last = self.operate(
                    crate::syntax::ast::BinaryOp::Add,
                    to.span,
                    (&last, to.span),
                    (&Value::int(1), to.span),
                    to.span,
                )?;
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
            let head = Head::Counted { from: first_bound, to: last_bound, range: (lo, hi), pattern, source: None };
            return self.carried_loop(&head, Some(turns), body, span);
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
            pattern,
            source: Some(&value),
        };
        self.carried_loop(&head, Some(i128::from(len)), body, span)
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
        self.carried_loop(&Head::While(condition), None, body, span)
    }

    /// Finds ranges that the turns keep to, and builds the loop.
    fn carried_loop(&mut self, head: &Head<'_>, turns: Option<i128>, body: &Block, span: Span) -> Outcome<()> {
        if turns == Some(0) {
            return Ok(());
        }
        let mut names: Assigned = assigned([body]);
        if let Head::While(condition) = head {
            super::assigned::assigned_in(condition, &mut names);
        }
        let variables = self.variables_of(&names, false);
        let mut carry = self.carry(variables, turns)?;
        for _ in 0..MAX_ATTEMPTS {
            let (mark, calls, messages) = (self.mark(), self.calls.mark(), self.sink.len());
            let turn = self.turn(head, body, &carry, span);
            self.calls.forget(calls);
            let failed = self.sink.has_errors_since(messages);
            let next = match turn {
                Ok((open, next)) if !failed => {
                    if self.settles(&carry, &next) {
                        return self.close(open, &carry, &next, span);
                    }
                    self.abandon(open);
                    Some(next)
                }
                Ok((open, _)) => {
                    self.abandon(open);
                    None
                }
                Err(Reported) => None,
            };
            // The types of what the turn handed on are needed until the next guess stands.
            let widths = carry.leaves.iter().any(|leaf| matches!(leaf.guess, Guess::Width(_)));
            let wider = next.as_ref().map(|next| self.widen(&mut carry, next));
            self.rewind(&mark);
            carry.leaves.iter().for_each(|leaf| {
                self.growing.remove(&leaf.base);
            });
            let entry: Vec<Option<Value>> = carry.entry.iter().cloned().map(Some).collect();
            self.hold(&carry.variables, entry);
            match wider {
                Some(wider) => {
                    self.sink.truncate(messages);
                    if !wider {
                        return self.unbounded(&carry, span);
                    }
                }
                // Nothing is wrong with the body where only the guess was too wide.
                None if widths => {
                    self.sink.truncate(messages);
                    return self.unbounded(&carry, span);
                }
                None => {
                    self.poison(&carry);
                    return Err(Reported);
                }
            }
        }
        self.unbounded(&carry, span)
    }

    fn poison(&mut self, carry: &Carry) {
        for variable in &carry.variables {
            self.variables[*variable].value = None;
        }
    }

    fn abandon(&mut self, open: Open) {
        match open {
            Open::Counted(open) => self.builder.abandon_loop(open),
            Open::While(open) => self.builder.abandon_while(open),
        }
    }

    fn carry(&mut self, variables: Vec<usize>, turns: Option<i128>) -> Outcome<Carry> {
        let mut entry = Vec::with_capacity(variables.len());
        let mut leaves = Vec::new();
        for (n, variable) in variables.iter().enumerate() {
            let value = self.variables[*variable].value.clone().ok_or(Reported)?;
            let declared = self.variables[*variable].declared.clone();
            for (at, (leaf, of)) in value.leaves.iter().zip(value.ty.leaves()).enumerate() {
                if of.lanes() == 0 {
                    continue;
                }
                let declared = declared.as_ref().and_then(|declared| declared.ranges.get(at).copied().flatten());
                let range = declared.unwrap_or_else(|| self.range(leaf, of.scalar.frac()));
                self.bases += 1;
                leaves.push(Carried {
                    at: (n, at),
                    assumed: register(of.scalar, self.is_secret(leaf), range),
                    of,
                    entry: leaf.clone(),
                    guess: if declared.is_some() { Guess::Declared } else { Guess::Entry },
                    base: BaseId(self.bases),
                    sinks: false,
                    rises: false,
                });
            }
            entry.push(value);
        }
        Ok(Carry { variables, entry, leaves, turns })
    }

    /// One turn on the guess; the loop is left open.
    fn turn(&mut self, head: &Head<'_>, body: &Block, carry: &Carry, span: Span) -> Outcome<(Open, Vec<Value>)> {
        let mut entering: Vec<Entering> = Vec::with_capacity(carry.leaves.len());
        for leaf in &carry.leaves {
            let view = self.lanes(&leaf.entry, leaf.of.scalar, leaf.of.lanes(), span)?;
            self.at(span);
            entering.push((self.builder.value_of(&view), leaf.assumed));
        }
        self.at(span);
        let open = match head {
            Head::Counted { from, to, range, .. } => {
                let open = self.builder.begin_loop(*from, *to, *range, &entering);
                self.start_turn(carry, &open.params);
                let counter = open.counter;
                let surely = matches!((from, to), (Bound::Const(from), Bound::Const(to)) if from < to);
                self.conditional += usize::from(!surely);
                self.counted_body(head, counter, body, span);
                self.conditional -= usize::from(!surely);
                Open::Counted(open)
            }
            Head::While(condition) => {
                let open = self.builder.begin_while(&entering);
                self.start_turn(carry, &open.params);
                let decides = self.while_condition(condition);
                let failed = decides.is_err();
                let decides = decides.unwrap_or_else(|Reported| self.builder.boolean(false));
                let open = self.builder.while_body(open, decides);
                if !failed {
                    self.conditional += 1;
                    let _ = self.block_value(body);
                    self.conditional -= 1;
                }
                Open::While(open)
            }
        };
        let next: Option<Vec<Value>> = self.held(&carry.variables).into_iter().collect();
        match next {
            Some(next) => Ok((open, next)),
            None => {
                self.abandon(open);
                Err(Reported)
            }
        }
    }

    /// Variables hold what the turn starts with.
    fn start_turn(&mut self, carry: &Carry, params: &[ValueId]) {
        let mut values = carry.entry.clone();
        for (leaf, param) in carry.leaves.iter().zip(params) {
            let (variable, at) = leaf.at;
            let relative = Relative { base: leaf.base, lo: 0, hi: 0 };
            let view = Ref::whole(*param, leaf.of.lanes());
            values[variable].leaves[at] = Leaf::of(view).from(leaf.entry.origin.clone()).relative(Some(relative));
            if let Guess::Growing { lo, hi } = leaf.guess {
                self.growing.insert(leaf.base, (lo, hi));
            }
        }
        self.hold(&carry.variables, values.into_iter().map(Some).collect());
    }

    fn counted_body(&mut self, head: &Head<'_>, counter: ValueId, body: &Block, span: Span) {
        let Head::Counted { pattern, source, .. } = head else { return };
        let first = self.variables.len();
        let element = match source {
            Some(source) => self.row(source, counter, span),
            None => Ok(Value::of(Scalar::Int, &[], counter)),
        };
        // A failure here has been reported; the body has its own to tell.
        let _ = self.bind(pattern, element.ok(), false);
        let _ = self.block_value(body);
        self.variables.truncate(first);
    }

    fn while_condition(&mut self, condition: &Expr) -> Outcome<ValueId> {
        let value = self.expression(condition)?;
        let operand = self.condition(&value, condition.span)?;
        if self.is_secret(&operand.leaf) {
            let about = operand.leaf.origin.as_ref().map_or("it".to_owned(), |origin| format!("`{}`", origin.name));
            let diagnostic =
                Diagnostic::new(Code::SecretWhile, condition.span, "a secret value decides a `while` loop")
                    .here(format!("how often this loop runs would tell everyone about {about}"))
                    .help("loop over a public bound and use an `if` inside: `for i in 0..MAX { if … { … } }`");
            let diagnostic = origin_label(diagnostic, operand.leaf.origin.as_deref(), "is secret because of this");
            return Err(self.report(diagnostic));
        }
        let view = self.lanes(&operand.leaf, Scalar::Bool, 1, condition.span)?;
        Ok(self.builder.value_of(&view))
    }

    /// The carried leaf at the end of the turn.
    fn next<'n>(leaf: &Carried, next: &'n [Value]) -> &'n Leaf {
        &next[leaf.at.0].leaves[leaf.at.1]
    }

    /// Whether the turn maps the guess into itself.
    fn settles(&self, carry: &Carry, next: &[Value]) -> bool {
        carry.leaves.iter().all(|leaf| {
            let after = Self::next(leaf, next);
            (leaf.assumed.is_secret() || !self.is_secret(after)) && self.keeps(leaf, after)
        })
    }

    fn keeps(&self, leaf: &Carried, after: &Leaf) -> bool {
        let (lo, hi) = leaf.assumed.range();
        let range = self.range(after, leaf.of.scalar.frac());
        if range.within(Interval::new(lo.into(), hi.into())) || leaf.of.scalar == Scalar::Bool {
            return true;
        }
        match (leaf.guess, after.relative) {
            (Guess::Growing { lo, hi }, Some(moved)) => moved.base == leaf.base && lo <= moved.lo && moved.hi <= hi,
            (Guess::Full, _) => true,
            _ => false,
        }
    }

    /// The next guess for every leaf that did not keep to its own; false where there is none.
    fn widen(&self, carry: &mut Carry, next: &[Value]) -> bool {
        let turns = carry.turns;
        for at in 0..carry.leaves.len() {
            let leaf = &carry.leaves[at];
            let after = Self::next(leaf, next).clone();
            let frac = leaf.of.scalar.frac();
            let secret = leaf.assumed.is_secret() || self.is_secret(&after);
            let (lo, hi) = leaf.assumed.range();
            let own = Interval::new(lo.into(), hi.into());
            let kept = self.keeps(leaf, &after);
            let range = self.range(&after, frac);
            let entry = self.range(&leaf.entry, frac);
            let scalar = leaf.of.scalar;
            let leaf = &mut carry.leaves[at];
            if kept {
                leaf.assumed = register(scalar, secret, own);
                continue;
            }
            leaf.sinks |= range.lo < own.lo;
            leaf.rises |= range.hi > own.hi;
            let grown = match (after.relative, leaf.guess) {
                (Some(moved), Guess::Entry | Guess::Growing { .. }) if moved.base == leaf.base => {
                    let (lo, hi) = match leaf.guess {
                        Guess::Growing { lo, hi } => (lo.min(moved.lo), hi.max(moved.hi)),
                        _ => (moved.lo.min(0), moved.hi.max(0)),
                    };
                    turns.map(|turns| {
                        (
                            Guess::Growing { lo, hi },
                            entry.add(Interval::new(lo.saturating_mul(turns), hi.saturating_mul(turns))),
                        )
                    })
                }
                _ => None,
            };
            let widths = || {
                let tried = if let Guess::Width(tried) = leaf.guess { tried + 1 } else { 0 };
                (tried..WIDTHS.len()).find_map(|at| {
                    let half = 1_i128 << (WIDTHS[at] - 1);
                    let wide = Interval::new(
                        if leaf.sinks { (-half).min(entry.lo) } else { own.lo },
                        if leaf.rises { (half - 1).max(entry.hi) } else { own.hi },
                    );
                    (range.within(wide) || at + 1 == WIDTHS.len()).then_some((Guess::Width(at), wide))
                })
            };
            let better = match grown.filter(|(_, range)| range.fits()) {
                Some(grown) => Some(grown),
                None if !secret => Some((Guess::Full, Interval::FULL)),
                None => widths(),
            };
            match better {
                Some((guess, range)) => {
                    leaf.guess = guess;
                    leaf.assumed = register(scalar, secret, range);
                }
                None => return false,
            }
        }
        true
    }

    /// The message about a variable whose range could not be bounded.
    fn unbounded(&mut self, carry: &Carry, span: Span) -> Outcome<()> {
        let blamed = carry.leaves.iter().find(|leaf| matches!(leaf.guess, Guess::Width(_))).or(carry.leaves.first());
        let variable = blamed.map(|leaf| self.variables[carry.variables[leaf.at.0]].clone());
        self.poison(carry);
        let Some(variable) = variable else { return Err(Reported) };
        let message = format!("the range of `{}` could not be bounded", variable.name);
        let diagnostic = Diagnostic::new(Code::LoopRange, span, message)
            .here("each turn may make it larger")
            .label(variable.span, "declared here")
            .help(format!(
                "declare its range, and bring it back into it in the loop: `let mut {0}: int in 0..=1_000_000 = …;` and `{0} = clamp(…, 0, 1_000_000);`",
                variable.name
            ));
        Err(self.report(diagnostic))
    }

    /// Closes a loop that settled, and gives the variables what they hold afterwards.
    fn close(&mut self, open: Open, carry: &Carry, next: &[Value], span: Span) -> Outcome<()> {
        let mut handed = Vec::with_capacity(carry.leaves.len());
        let mut relations = Vec::with_capacity(carry.leaves.len());
        for leaf in &carry.leaves {
            let after = Self::next(leaf, next).clone();
            let view = self.lanes(&after, leaf.of.scalar, leaf.of.lanes(), span)?;
            let (lo, hi) = leaf.assumed.range();
            let kept = Interval::new(lo.into(), hi.into());
            let narrow = !self.range(&after, leaf.of.scalar.frac()).within(kept) && leaf.of.scalar != Scalar::Bool;
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
            relations.push(match (leaf.entry.relative, moved, carry.turns) {
                (Some(outer), Some(moved), Some(turns)) => {
                    Some(outer.moved(moved.lo.min(0).saturating_mul(turns), moved.hi.max(0).saturating_mul(turns)))
                }
                _ => None,
            });
        }
        carry.leaves.iter().for_each(|leaf| {
            self.growing.remove(&leaf.base);
        });
        self.at(span);
        let results = match open {
            Open::Counted(open) => self.builder.end_loop(open, &handed),
            Open::While(open) => self.builder.end_while(open, &handed),
        };
        let mut values = carry.entry.clone();
        for ((leaf, result), relation) in carry.leaves.iter().zip(results).zip(relations) {
            let (variable, at) = leaf.at;
            let after = Self::next(leaf, next);
            let origin = after.origin.clone().or_else(|| leaf.entry.origin.clone());
            values[variable].leaves[at] = Leaf::of(Ref::whole(result, leaf.of.lanes())).from(origin).relative(relation);
        }
        self.hold(&carry.variables, values.into_iter().map(Some).collect());
        Ok(())
    }
}
