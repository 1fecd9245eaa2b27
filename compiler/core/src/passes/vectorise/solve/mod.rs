//! Values that turns hand on, for all turns at once: sums, trees and prefixes.
//!
//! A tree joins neighbours where the order counts, and halves where it does not. A prefix is that of Ladner and Fischer (1980): pairs are joined first, twice,
//! so that the number of joins stays linear at two joins more in depth, then Sklansky's (1960) network has the least depth.

mod sums;
mod trees;
mod two;
mod words;

use super::recurrence::Shape;
use super::widen::{Why, Widen, Widened, because};
use crate::ir::{Constant, Dim, Kind, Op, Place, Ref, RegType, SiteId, Slot, ValueId, copies, fits};
use trees::{Column, Join};
use words::Words;

/// How often a prefix joins pairs before it goes for depth.
const PAIRINGS: u32 = 2;

/// What all turns make of a value.
pub(super) struct Solved {
    /// The value behind the loop.
    pub(super) result: ValueId,
    /// At the start of each turn, and at its end, where that is asked for.
    pub(super) turns: Option<(ValueId, ValueId)>,
}

/// A value that turns hand on.
#[derive(Clone, Debug)]
pub(super) struct Handed {
    pub(super) init: ValueId,
    /// Its type and lanes inside the loop.
    pub(super) slot: Slot,
    /// The least range known of what it is before the loop.
    pub(super) range: (i64, i64),
    pub(super) site: SiteId,
}

impl Widen<'_> {
    /// All turns of a sum, tree or prefix. With `each`, also what each turn starts and ends with.
    pub(super) fn solve(&mut self, handed: &Handed, shape: &Shape, each: bool) -> Widened<Solved> {
        match shape {
            Shape::Sum(terms) => self.sum(handed, terms, each),
            Shape::Same => {
                let turns = if each {
                    let all = self.all_turns(handed.init, handed.site)?;
                    Some((all, all))
                } else {
                    None
                };
                Ok(Solved { result: handed.init, turns })
            }
            Shape::Product(value) => self.tree(handed, Join::Gate(Op::Mul {}), value, each),
            Shape::Logic(op, value) => self.tree(handed, Join::Gate(*op), value, each),
            Shape::First(..) if each => because(handed.site, "each turn asks whether it is the first of its kind"),
            Shape::Extreme { .. } | Shape::Last(..) | Shape::First(..) | Shape::Reset { .. } => {
                let mut solved = self.chosen(std::slice::from_ref(handed), std::slice::from_ref(shape), each)?;
                solved.pop().ok_or(Why::TooLarge)
            }
        }
    }

    /// Whether and what, for values that are chosen together: the first shape is an extreme with its companions behind it, or a last one alone.
    pub(super) fn chosen(&mut self, handed: &[Handed], shapes: &[Shape], each: bool) -> Widened<Vec<Solved>> {
        let site = handed[0].site;
        let mut columns = Vec::with_capacity(shapes.len() + 1);
        let mut firsts = Vec::with_capacity(shapes.len() + 1);
        let mut words: Vec<Option<Words>> = Vec::with_capacity(shapes.len());
        let (join, flags) = match &shapes[0] {
            Shape::Extreme { greatest, first, .. } => (Join::Extreme { greatest: *greatest, first: *first }, None),
            Shape::Reset { greatest, when, .. } => (Join::Reset { greatest: *greatest }, Some(vec![when.clone()])),
            Shape::Last(conditions, _) | Shape::First(conditions, _) => (Join::Last, Some(conditions.clone())),
            _ => return because(site, "this is chosen by what it builds on"),
        };
        let two = shapes.iter().skip(1).any(|shape| !matches!(shape, Shape::Last(..)));
        if let (Join::Extreme { .. }, true) = (join, two) {
            return self.two_best(handed, shapes);
        }
        if let (Join::Extreme { greatest, first }, false) = (join, each)
            && self.loses(&handed[0], &shapes[0], (greatest, first && shapes.len() > 1))
        {
            return self.chosen_of_turns(handed, shapes, join, site);
        }
        let mut resets = None;
        if let Some(conditions) = flags {
            let Slot { lanes, .. } = handed[0].slot;
            let holds = self.conditions(&conditions, lanes, site)?;
            let holds = self.ordered(&shapes[0], &holds, lanes, site)?;
            resets = Some(holds.clone());
            // The value before the loop is there.
            let always = self.constant(RegType::PUB_BOOL, Constant::Words(vec![1]), lanes, site)?;
            let ty = self.program.ty(holds.value);
            self.column(always, &holds, Slot { ty, lanes }, each, (&mut columns, &mut firsts), site)?;
        }
        for (handed, shape) in handed.iter().zip(shapes) {
            let Slot { ty, lanes } = handed.slot;
            let (value, conditions, greatest, by) = match shape {
                Shape::Extreme { greatest, value, conditions, .. } => (value, Some(conditions), *greatest, None),
                Shape::Reset { greatest, value, conditions, by, .. } => (value, Some(conditions), *greatest, Some(by)),
                Shape::Last(_, value) | Shape::First(_, value) => (value, None, false, None),
                _ => return because(site, "this is chosen by what it builds on"),
            };
            let view = self.view(value, site)?;
            let mut view = self.ordered(shape, &view, lanes, site)?;
            if let (Shape::Last(..) | Shape::First(..), false) = (shape, each)
                && let Some((column, first, known)) = self.as_words(Some(handed), &view, handed.slot, site)?
            {
                columns.push(column);
                firsts.extend(first);
                words.push(Some(known));
                continue;
            }
            words.push(None);
            let own = self.program.ty(view.value);
            let mut range = of_both(ty, own, handed.range);
            // What does not count loses against what a turn resets to, too.
            let by = by.map(|by| self.view(by, site)).transpose()?;
            if let Some(by) = &by {
                range = of_both(ty, self.program.ty(by.value), range.range());
            }
            if let Some(conditions) = conditions.filter(|conditions| !conditions.is_empty()) {
                // What does not count loses against everything.
                let holds = self.conditions(conditions, lanes, site)?;
                let (lo, hi) = range.range();
                let word = if greatest { lo } else { hi };
                let kind = if range.frac() == 0 { Kind::Int } else { Kind::Fix };
                let known = RegType::Pub { kind, lo: word, hi: word, frac: range.frac() };
                let worst = self.constant(known, Constant::Words(vec![word]), 1, site)?;
                let all = self.lanes_of(lanes)?;
                let worst = Ref { value: worst, place: Place::strided(0, 0, all) };
                let both = of_both(range, own, (word, word));
                let chosen = self.select(holds, [view, worst], both, all, site)?;
                view = Ref::whole(chosen, all);
            }
            if let (Some(by), Some(resets)) = (by, &resets) {
                let both = of_both(ty, self.program.ty(by.value), self.program.ty(view.value).range());
                let all = self.lanes_of(lanes)?;
                let chosen = self.select(resets.clone(), [by, view], both, all, site)?;
                view = Ref::whole(chosen, all);
            }
            let slot = Slot { ty: range, lanes };
            self.column(handed.init, &view, slot, each, (&mut columns, &mut firsts), site)?;
        }
        let ordered = columns.len() > 1;
        if ordered || each {
            self.turns.in_order(site)?;
        }
        let skip = columns.len() - shapes.len();
        if !each {
            let ends = self.reduce(join, columns, Some(firsts), self.turns.count, ordered, site)?;
            let ends = ends.into_iter().skip(skip).zip(words);
            return ends.map(|(column, words)| self.end(column, words, site)).collect();
        }
        let all = self.prefix(join, columns, self.turns.count + 1, PAIRINGS, site)?;
        let all: Vec<Column> = all.into_iter().skip(skip).collect();
        all.into_iter().zip(handed).map(|(column, handed)| self.split(column, handed.slot.ty, site)).collect()
    }

    /// Lanes of all turns in the order in which the last one counts: from the last turn to the first, where the first one does.
    fn ordered(&self, shape: &Shape, of: &Ref, lanes: u64, site: SiteId) -> Widened<Ref> {
        let Shape::First(..) = shape else { return Ok(of.clone()) };
        let each = i64::try_from(lanes).map_err(|_| Why::TooLarge)?;
        let start = (self.turns.count - 1).checked_mul(lanes).ok_or(Why::TooLarge)?;
        let turns = Dim { stride: -each, len: self.turns.count };
        let turned = of.view(&Place::grid(start, turns, Dim { stride: 1, len: lanes }));
        turned.map_or_else(|| because(site, "the first of these lanes cannot be told"), Ok)
    }

    /// Adds a column: with what is before the loop as its first element where `each` turn is asked for, else with that apart.
    fn column(
        &mut self,
        init: ValueId,
        turns: &Ref,
        of: Slot,
        each: bool,
        (columns, firsts): (&mut Vec<Column>, &mut Vec<Ref>),
        site: SiteId,
    ) -> Widened<()> {
        if each {
            columns.push(self.elements(init, turns, of.ty, of.lanes, site)?);
        } else {
            let (column, first) = self.apart(init, turns, of.ty, of.lanes, site)?;
            columns.push(column);
            firsts.push(first);
        }
        Ok(())
    }

    /// Whether what is there before the loop is never chosen, by its range: where that is `strict`, not even of equal ones.
    fn loses(&self, handed: &Handed, shape: &Shape, (greatest, strict): (bool, bool)) -> bool {
        let Shape::Extreme { value, conditions, .. } = shape else { return false };
        let (lo, hi) = self.program.ty(value.value).range();
        let apart = i64::from(strict);
        let before = handed.range;
        let loses = if greatest {
            before.1.checked_add(apart).is_some_and(|best| best <= lo)
        } else {
            before.0.checked_sub(apart).is_some_and(|best| best >= hi)
        };
        conditions.is_empty() && loses
    }

    /// As [`Self::chosen`], of what the turns bring alone.
    fn chosen_of_turns(
        &mut self,
        handed: &[Handed],
        shapes: &[Shape],
        join: Join,
        site: SiteId,
    ) -> Widened<Vec<Solved>> {
        let mut columns = Vec::with_capacity(shapes.len());
        let mut words: Vec<Option<Words>> = Vec::with_capacity(shapes.len());
        for (handed, shape) in handed.iter().zip(shapes) {
            let Slot { ty, lanes } = handed.slot;
            let (Shape::Extreme { value, .. } | Shape::Last(_, value)) = shape else {
                return because(site, "this is chosen by what it builds on");
            };
            let view = self.view(value, site)?;
            if let Shape::Last(..) = shape
                && let Some((column, _, known)) = self.as_words(None, &view, handed.slot, site)?
            {
                columns.push(column);
                words.push(Some(known));
                continue;
            }
            words.push(None);
            let own = self.program.ty(view.value);
            let range = of_both(ty, own, own.range());
            let all = self.lanes_of(lanes)?;
            let value = self.concat_of(vec![view], range, all, site)?;
            columns.push(Column { value, each: lanes });
        }
        let ordered = columns.len() > 1;
        if ordered {
            self.turns.in_order(site)?;
        }
        let ends = self.reduce(join, columns, None, self.turns.count, ordered, site)?;
        ends.into_iter().zip(words).map(|(column, words)| self.end(column, words, site)).collect()
    }

    /// What is left of a column behind the loop.
    fn end(&mut self, column: Column, words: Option<Words>, site: SiteId) -> Widened<Solved> {
        let result = words.map_or(Ok(column.value), |words| self.of_words(column.value, words, site))?;
        Ok(Solved { result, turns: None })
    }

    /// From the elements before and after each turn, all of which have the range of the value that is handed on.
    fn split(&mut self, column: Column, carried: RegType, site: SiteId) -> Widened<Solved> {
        let count = self.turns.count;
        let lanes = self.program.lanes(column.value);
        let column = if fits(self.program.ty(column.value), carried) {
            column
        } else {
            let args = vec![Ref::whole(column.value, lanes)];
            Column { value: self.emit(Op::Relabel {}, args, carried, lanes, site)?, ..column }
        };
        let ty = self.program.ty(column.value);
        let (each, lanes) = (column.each, self.lanes_of(column.each)?);
        let part = |start: u64, len: u64| Ref { value: column.value, place: Place::span(start * each, len * each) };
        let starts = self.emit(Op::Copy {}, vec![part(0, count)], ty, lanes, site)?;
        let ends = self.emit(Op::Copy {}, vec![part(1, count)], ty, lanes, site)?;
        let result = self.emit(Op::Copy {}, vec![part(count, 1)], ty, each, site)?;
        Ok(Solved { result, turns: Some((starts, ends)) })
    }

    /// What each turn starts with, where that is what the turn before ended with whatever that was.
    pub(super) fn delayed(&mut self, handed: &Handed, next: ValueId) -> Widened<Solved> {
        self.turns.in_order(handed.site)?;
        let Slot { ty, lanes } = handed.slot;
        let all = self.all_turns(next, handed.site)?;
        let view = Ref::whole(all, self.lanes_of(lanes)?);
        let ty = of_both(ty, self.program.ty(all), handed.range);
        let column = self.elements(handed.init, &view, ty, lanes, handed.site)?;
        self.split(column, handed.slot.ty, handed.site)
    }

    fn select(&mut self, condition: Ref, sides: [Ref; 2], ty: RegType, lanes: u64, site: SiteId) -> Widened<ValueId> {
        let mut args = vec![condition];
        for side in sides {
            let own = self.program.ty(side.value);
            args.push(if own.is_secret() == ty.is_secret() {
                side
            } else {
                let copy = self.emit(Op::Copy {}, vec![side], ty, lanes, site)?;
                Ref::whole(copy, lanes)
            });
        }
        self.emit(Op::Select {}, args, ty, lanes, site)
    }

    /// The value in a type that it is known to fit.
    pub(super) fn retyped(&mut self, value: ValueId, ty: RegType, site: SiteId) -> Widened<ValueId> {
        let Slot { ty: own, lanes } = self.program.slot(value);
        if own == ty {
            return Ok(value);
        }
        let op = if copies(own, ty) { Op::Copy {} } else { Op::Relabel {} };
        if let Op::Relabel {} = op
            && own.is_secret() != ty.is_secret()
        {
            let (lo, hi) = ty.range();
            if own.is_secret() {
                return because(site, "a secret value becomes public");
            }
            let narrow = self.retyped(value, own.in_range(lo, hi), site)?;
            return self.retyped(narrow, ty, site);
        }
        self.emit(op, vec![Ref::whole(value, lanes)], ty, lanes, site)
    }
}

/// The type of elements: what turns bring, and what is there before. It may be more than the loop carries, as the lesser of two is in the range of either.
fn of_both(carried: RegType, own: RegType, before: (i64, i64)) -> RegType {
    let (lo, hi) = (own.range().0.min(before.0), own.range().1.max(before.1));
    carried.in_range(lo, hi)
}

fn truth(ty: RegType) -> RegType {
    if ty.is_secret() { RegType::BIN_BOOL } else { RegType::PUB_BOOL }
}
