//! In which range a leaf stays that turns hand on: the guesses, whether a turn keeps to them, and what is tried next.
//!
//! The guesses, in order: a declared range; the range before the loop; what so many turns can add at most; where a turn adds nothing to what it was, that
//! range joined with what one turn or two give; the range that a field's struct declares, or the smallest of 8, 16, 32 and 63 bits, whichever is less; all
//! 64, as what is computed modulo 2^64 needs. What a turn adds is a fact about the program ([`Relative`](crate::elaborate::value::Relative)), not about the
//! guess: with the ranges of the guess for everything it reads, the turn moves the variable by something in `lo..=hi`, so after n turns it has moved by at
//! most n times that, which the guess contains. Where a turn breaks the promise of a declared range, the guesses are made as if none were declared, and kept if
//! they lie in it. Few turns that keep to none of them are written out. Public variables may take all of 64 bits: their arithmetic is checked as it runs.

use super::{Carried, Carry};
use crate::diagnostics::{Code, Diagnostic};
use crate::elaborate::branch::register;
use crate::elaborate::types::{Scalar, Type};
use crate::elaborate::value::{Allowance, Leaf, Value};
use crate::elaborate::{Elaborator, Outcome, Reported};
use crate::source::Span;
use smpc_bytecode::interval::Interval;

/// Bits that are tried for a variable whose range nothing else bounds.
const WIDTHS: [u32; 5] = [8, 16, 32, 63, 64];

/// How often what a turn gives is joined to the range before: what has not settled by then grows.
const JOINS: usize = 2;

/// How the range of a carried leaf was guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guess {
    /// It keeps to its declared range.
    Declared,
    /// It keeps to the range before the loop.
    Entry,
    /// A turn moves it by something in `lo..=hi`.
    Growing { lo: i128, hi: i128 },
    /// It keeps to the range before the loop, joined with what so many turns gave.
    Joined(usize),
    /// It keeps to the range that its field has where its struct is declared.
    Field,
    /// It keeps to so many bits.
    Width(usize),
    /// All of 64 bits, of a public number, on the sides to which it was seen to go.
    Full,
    /// Less than that: what the turn makes of it, and the range before the loop.
    Tightened,
}

impl Carried {
    fn guess_next(&mut self, guess: Guess, range: Interval) {
        self.guess = guess;
        self.assumed = register(self.of.scalar, self.secret, range);
        if guess == Guess::Field {
            self.field = None;
        }
    }
}

impl Carry {
    /// After a turn that cannot be on its guess: fields for which more than the range before the loop was guessed keep to their declared ranges, which
    /// is tried once. Whether there is one.
    pub(super) fn try_fields(&mut self) -> bool {
        let mut tried = false;
        for leaf in &mut self.leaves {
            if let (Some(field), Guess::Growing { .. } | Guess::Joined(_) | Guess::Width(_)) = (leaf.field, leaf.guess)
            {
                leaf.guess_next(Guess::Field, field);
                tried = true;
            }
        }
        tried
    }
}

impl Elaborator<'_> {
    /// After a turn that breaks a promise: secret variables with a declared range start from the range before the loop, for what is added to them may be less than
    /// what a turn of any number in the declared range would give. Whether there is one, which is tried once.
    pub(super) fn try_less(&self, carry: &mut Carry, messages: usize) -> bool {
        let mut tried = false;
        if !self.sink.any_since(messages, |told| told.code == Code::BrokenPromise) {
            return false;
        }
        for at in 0..carry.leaves.len() {
            let leaf = &carry.leaves[at];
            let entry = self.range(&leaf.entry, leaf.of.scalar.frac());
            let (lo, hi) = leaf.assumed.range();
            let declared = Interval::new(lo.into(), hi.into());
            let leaf = &mut carry.leaves[at];
            if leaf.guess == Guess::Declared && leaf.declared.is_none() && entry != declared && entry.within(declared) {
                leaf.declared = Some(declared);
                leaf.guess_next(Guess::Entry, entry);
                tried = true;
            }
        }
        tried
    }

    /// The carried leaf at the end of the turn.
    pub(super) fn next<'n>(leaf: &Carried, next: &'n [Value]) -> &'n Leaf {
        &next[leaf.at.0].leaves[leaf.at.1]
    }

    /// Whether the turn maps the guess into itself: what is taken for public stays so, and what lies in a range.
    pub(super) fn settles(&self, carry: &Carry, next: &[Value]) -> bool {
        carry.leaves.iter().all(|leaf| {
            let after = Self::next(leaf, next);
            (leaf.secret || !self.is_secret(after)) && self.keeps(leaf, after)
        })
    }

    /// Notes how much a turn may add to a leaf that is one of a loop around, too.
    pub(super) fn allow(&mut self, leaf: &Carried) {
        let entry = self.range(&leaf.entry, leaf.of.scalar.frac());
        if let (Some(before), Some(turns)) = (leaf.entry.relative, leaf.turns)
            && let Some(growth) = self.growing.get(&before.base).copied()
            && growth.holds(before)
            && entry.within(growth.range)
        {
            self.allowances.insert(leaf.base, Allowance { turns, before, growth, taken: None });
        }
    }

    /// Whether the turn has moved no leaf farther than was taken to be allowed; where one was, nothing is allowed from here on.
    pub(super) fn keeps_to_allowances(carry: &mut Carry, allowed: &[Option<Allowance>], next: &[Value]) -> bool {
        let mut keeps = true;
        for (leaf, allowance) in carry.leaves.iter_mut().zip(allowed) {
            if let Some((lo, hi)) = allowance.and_then(|allowance| allowance.taken) {
                let moved = Self::next(leaf, next).relative;
                leaf.exceeded = !moved.is_some_and(|moved| moved.base == leaf.base && lo <= moved.lo && moved.hi <= hi);
                keeps &= !leaf.exceeded;
            }
        }
        keeps
    }

    fn keeps(&self, leaf: &Carried, after: &Leaf) -> bool {
        let (lo, hi) = leaf.assumed.range();
        let range = self.range(after, leaf.of.scalar.frac());
        if range.within(Interval::new(lo.into(), hi.into())) || !leaf.of.scalar.is_number() {
            return true;
        }
        match (leaf.guess, after.relative) {
            (Guess::Growing { lo, hi }, Some(moved)) => moved.base == leaf.base && lo <= moved.lo && moved.hi <= hi,
            // Public arithmetic that leaves 64 bits stops the run.
            (Guess::Full, _) => (lo, hi) == (i64::MIN, i64::MAX),
            _ => false,
        }
    }

    /// Tries less for public leaves that took all of 64 bits: conditions in the turn may keep them to a part of it. Whether there is less to try.
    pub(super) fn tighten(&self, carry: &mut Carry, next: &[Value]) -> bool {
        let mut tighter = false;
        for at in 0..carry.leaves.len() {
            let leaf = &carry.leaves[at];
            let frac = leaf.of.scalar.frac();
            let kept = self.range(&leaf.entry, frac).join(self.range(Self::next(leaf, next), frac));
            let (lo, hi) = leaf.assumed.range();
            let leaf = &mut carry.leaves[at];
            if leaf.guess == Guess::Full && !leaf.full && (kept.lo > lo.into() || kept.hi < hi.into()) {
                leaf.guess = Guess::Tightened;
                leaf.assumed = register(leaf.of.scalar, leaf.secret, kept);
                tighter = true;
            }
        }
        tighter
    }

    /// The next guess for every leaf that did not keep to its own; false where there is none.
    pub(super) fn widen(&self, carry: &mut Carry, next: &[Value]) -> bool {
        for at in 0..carry.leaves.len() {
            let leaf = &carry.leaves[at];
            let after = Self::next(leaf, next).clone();
            let frac = leaf.of.scalar.frac();
            let secret = leaf.secret || self.is_secret(&after);
            let (lo, hi) = leaf.assumed.range();
            let own = Interval::new(lo.into(), hi.into());
            let kept = self.keeps(leaf, &after);
            let range = self.range(&after, frac);
            let entry = self.range(&leaf.entry, frac);
            let scalar = leaf.of.scalar;
            let leaf = &mut carry.leaves[at];
            if secret && !leaf.secret {
                leaf.origin = after.origin.clone();
            }
            leaf.secret = secret;
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
                    leaf.turns.map(|turns| {
                        let (least, greatest) = (lo.saturating_mul(turns), hi.saturating_mul(turns));
                        let range = entry.add(Interval::new(least, greatest));
                        // Of a loop inside another one, all turns of both may add less.
                        let around = leaf.entry.relative.filter(|_| secret).map(|outer| outer.moved(least, greatest));
                        let growth = around.and_then(|moved| {
                            self.growing
                                .get(&moved.base)
                                .filter(|growth| growth.holds(moved) && entry.within(growth.range))
                        });
                        let range = growth.map_or(range, |growth| {
                            Interval::new(range.lo.max(growth.range.lo), range.hi.min(growth.range.hi))
                        });
                        (Guess::Growing { lo, hi }, range)
                    })
                }
                _ => None,
            };
            let widths = || {
                let tried = if let Guess::Width(tried) = leaf.guess { tried + 1 } else { 0 };
                let wide = (tried..WIDTHS.len()).find_map(|at| {
                    let half = 1_i128 << (WIDTHS[at] - 1);
                    let wide = Interval::new(
                        if leaf.sinks { (-half).min(entry.lo) } else { own.lo },
                        if leaf.rises { (half - 1).max(entry.hi) } else { own.hi },
                    );
                    (range.within(wide) || WIDTHS[at] >= 63).then_some((Guess::Width(at), wide))
                });
                let least = |field: &Interval| wide.is_none_or(|(_, wide)| field.within(wide));
                let field = leaf.field.filter(|field| own.join(range).within(*field) && least(field));
                field.map(|field| (Guess::Field, field)).or(wide)
            };
            let joined = match leaf.guess {
                Guess::Entry => Some(1),
                Guess::Joined(times) if times < JOINS => Some(times + 1),
                _ => None,
            };
            let joined = joined.map(|times| (Guess::Joined(times), own.join(range)));
            let allowed = |(_, range): &(Guess, Interval)| {
                range.fits() && leaf.declared.is_none_or(|declared| range.within(declared))
            };
            let better = match grown.filter(allowed) {
                Some(grown) => Some(grown),
                None if leaf.declared.is_some() => {
                    joined.filter(allowed).or(leaf.declared.map(|declared| (Guess::Declared, declared)))
                }
                None if !secret => {
                    leaf.full |= leaf.guess == Guess::Tightened;
                    let lo = if leaf.sinks { Interval::FULL.lo } else { own.lo };
                    let hi = if leaf.rises { Interval::FULL.hi } else { own.hi };
                    Some((Guess::Full, Interval::new(lo, hi)))
                }
                None => joined.filter(|(_, range)| range.fits()).or_else(widths),
            };
            match better {
                Some((guess, range)) => leaf.guess_next(guess, range),
                None => return false,
            }
        }
        true
    }

    /// Whether a turn that cannot be may be so for a guess that is too wide, and for nothing else.
    pub(super) fn too_wide(&self, carry: &Carry, messages: usize) -> bool {
        let overflows = self.sink.any_since(messages, |told| told.code == Code::Overflow);
        carry.leaves.iter().any(|leaf| match leaf.guess {
            Guess::Width(_) => true,
            // That range is real, but it may be on its way to all of 64 bits.
            Guess::Joined(_) => overflows,
            _ => false,
        })
    }

    /// The message about a variable whose range could not be bounded.
    pub(super) fn unbounded(&mut self, carry: &Carry, span: Span) -> Outcome<()> {
        let guessed = |wide: fn(Guess) -> bool| carry.leaves.iter().find(|leaf| wide(leaf.guess));
        let blamed = guessed(|guess| matches!(guess, Guess::Width(_)))
            .or_else(|| guessed(|guess| matches!(guess, Guess::Joined(_))))
            .or(carry.leaves.first());
        let variable = blamed.map(|leaf| self.variables[carry.variables[leaf.at.0]].clone());
        self.poison(carry);
        let (Some(variable), Some(blamed)) = (variable, blamed) else { return Err(Reported) };
        if variable.name.starts_with('#') {
            // Of `fold` and `scan`: no name of the program's.
            let diagnostic =
                Diagnostic::new(Code::LoopRange, span, "the range of what the function hands on could not be bounded")
                    .here("each element may make it larger")
                    .help("bring what it gives back into a range: `clamp(…, 0, 1_000_000)`");
            return Err(self.report(diagnostic));
        }
        let message = format!("the range of `{}` could not be bounded", variable.name);
        let diagnostic = Diagnostic::new(Code::LoopRange, span, message)
            .here("each turn may make it larger")
            .label(variable.span, "declared here")
            .help(bounding(&variable.name, &carry.entry[blamed.at.0].ty));
        Err(self.report(diagnostic))
    }
}

/// How to keep a variable of that type in a range.
fn bounding(name: &str, ty: &Type) -> String {
    let Some((scalar, extents)) = ty.as_lanes() else {
        return "bring its numbers back into a range in the loop: `clamp(…, 0, 1_000_000)`".to_owned();
    };
    let (lo, hi) = if scalar == Scalar::Int { ("0", "1_000_000") } else { ("0.0", "1000.0") };
    let ranged = format!("{scalar} in {lo}..={hi}");
    if extents.is_empty() {
        return format!(
            "declare its range, and bring it back into it in the loop: `let mut {name}: {ranged} = …;` and `{name} = clamp(…, {lo}, {hi});`"
        );
    }
    let extents: Vec<String> = extents.iter().map(u64::to_string).collect();
    format!(
        "declare the range of its elements, and bring what is written to it back into it: `let mut {name}: [{ranged}; {}] = …;` and `clamp(…, {lo}, {hi})`",
        extents.join(", ")
    )
}
