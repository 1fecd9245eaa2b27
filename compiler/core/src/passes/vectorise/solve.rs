//! Values that turns hand on, for all turns at once: sums, trees and prefixes.
//!
//! A tree joins neighbours where the order counts, and halves where it does not. A prefix is that of Ladner and Fischer (1980): pairs are joined first, twice,
//! so that the number of joins stays linear at two joins more in depth, then Sklansky's (1960) network has the least depth.

use super::recurrence::{Condition, Shape, Term};
use super::widen::{Why, Widen, Widened, because};
use crate::ir::{Concat, Constant, Dim, Inst, Kind, Op, Place, Ref, RegType, SiteId, Slot, ValueId, copies, fits};
use smpc_bytecode::interval::Interval;

/// How often a prefix joins pairs before it goes for depth.
const PAIRINGS: u32 = 2;

/// A vector of elements, each of so many lanes.
#[derive(Clone, Copy, Debug)]
struct Column {
    value: ValueId,
    each: u64,
}

/// Elements of a column: the first, and dimensions in elements.
#[derive(Clone, Debug)]
struct Span {
    start: u64,
    dims: Vec<Dim>,
}

impl Span {
    fn run(start: u64, stride: i64, len: u64) -> Self {
        Self { start, dims: vec![Dim { stride, len }] }
    }

    fn place(&self, each: u64) -> Option<Place> {
        let scale = |stride: i64| i64::try_from(each).ok().and_then(|each| stride.checked_mul(each));
        let mut dims = self
            .dims
            .iter()
            .map(|dim| Some(Dim { stride: scale(dim.stride)?, len: dim.len }))
            .collect::<Option<Vec<_>>>()?;
        dims.push(Dim { stride: 1, len: each });
        Some(Place { offset: self.start.checked_mul(each)?, index: None, dims })
    }

    fn len(&self) -> u64 {
        self.dims.iter().map(|dim| dim.len).product()
    }
}

/// How two elements become one; the first of them comes from the earlier turns.
#[derive(Clone, Copy, Debug)]
enum Join {
    /// By the order of the first column.
    Extreme { greatest: bool, first: bool },
    /// The second where the first column of it holds.
    Last,
    /// The second where the first column of it holds or the order says so, by the second column.
    Reset { greatest: bool },
    /// By a gate.
    Gate(Op),
}

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
            Shape::Extreme { .. } | Shape::Last(..) | Shape::Reset { .. } => {
                let mut solved = self.chosen(std::slice::from_ref(handed), std::slice::from_ref(shape), each)?;
                solved.pop().ok_or(Why::TooLarge)
            }
        }
    }

    /// Whether and what, for values that are chosen together: the first shape is an extreme with its companions behind it, or a last one alone.
    pub(super) fn chosen(&mut self, handed: &[Handed], shapes: &[Shape], each: bool) -> Widened<Vec<Solved>> {
        let site = handed[0].site;
        let mut columns = Vec::with_capacity(shapes.len() + 1);
        let (join, flags) = match &shapes[0] {
            Shape::Extreme { greatest, first, .. } => (Join::Extreme { greatest: *greatest, first: *first }, None),
            Shape::Reset { greatest, when, .. } => (Join::Reset { greatest: *greatest }, Some(vec![when.clone()])),
            Shape::Last(conditions, _) => (Join::Last, Some(conditions.clone())),
            _ => return because(site, "this is chosen by what it builds on"),
        };
        if let (Join::Extreme { greatest, first }, false) = (join, each)
            && self.loses(&handed[0], &shapes[0], (greatest, first && shapes.len() > 1))
        {
            return self.chosen_of_turns(handed, shapes, join, site);
        }
        let mut resets = None;
        if let Some(conditions) = flags {
            let Slot { lanes, .. } = handed[0].slot;
            let holds = self.conditions(&conditions, lanes, site)?;
            resets = Some(holds.clone());
            // The value before the loop is there.
            let always = self.constant(RegType::PUB_BOOL, Constant::Words(vec![1]), lanes, site)?;
            let ty = self.program.ty(holds.value);
            columns.push(self.elements(always, &holds, ty, lanes, site)?);
        }
        for (handed, shape) in handed.iter().zip(shapes) {
            let Slot { ty, lanes } = handed.slot;
            let (value, conditions, greatest, by) = match shape {
                Shape::Extreme { greatest, value, conditions, .. } => (value, Some(conditions), *greatest, None),
                Shape::Reset { greatest, value, conditions, by, .. } => (value, Some(conditions), *greatest, Some(by)),
                Shape::Last(_, value) => (value, None, false, None),
                _ => return because(site, "this is chosen by what it builds on"),
            };
            let mut view = self.view(value, site)?;
            let own = self.program.ty(view.value);
            let mut range = of_both(ty, own, handed.range);
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
                let by = self.view(by, site)?;
                let own = self.program.ty(by.value);
                range = of_both(ty, own, range.range());
                let both = of_both(ty, own, self.program.ty(view.value).range());
                let all = self.lanes_of(lanes)?;
                let chosen = self.select(resets.clone(), [by, view], both, all, site)?;
                view = Ref::whole(chosen, all);
            }
            columns.push(self.elements(handed.init, &view, range, lanes, site)?);
        }
        let count = self.turns.count + 1;
        let ordered = columns.len() > 1;
        let skip = columns.len() - shapes.len();
        if !each {
            let ends = self.reduce(join, columns, count, ordered, site)?;
            return Ok(ends.into_iter().skip(skip).map(|c| Solved { result: c.value, turns: None }).collect());
        }
        let all = self.prefix(join, columns, count, PAIRINGS, site)?;
        let all: Vec<Column> = all.into_iter().skip(skip).collect();
        all.into_iter().zip(handed).map(|(column, handed)| self.split(column, handed.slot.ty, site)).collect()
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
        for (handed, shape) in handed.iter().zip(shapes) {
            let Slot { ty, lanes } = handed.slot;
            let (Shape::Extreme { value, .. } | Shape::Last(_, value)) = shape else {
                return because(site, "this is chosen by what it builds on");
            };
            let view = self.view(value, site)?;
            let own = self.program.ty(view.value);
            let range = of_both(ty, own, own.range());
            let all = self.lanes_of(lanes)?;
            let value = self.concat_of(vec![view], range, all, site)?;
            columns.push(Column { value, each: lanes });
        }
        let ordered = columns.len() > 1;
        let ends = self.reduce(join, columns, self.turns.count, ordered, site)?;
        Ok(ends.into_iter().map(|column| Solved { result: column.value, turns: None }).collect())
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
        let Slot { ty, lanes } = handed.slot;
        let all = self.all_turns(next, handed.site)?;
        let view = Ref::whole(all, self.lanes_of(lanes)?);
        let ty = of_both(ty, self.program.ty(all), handed.range);
        let column = self.elements(handed.init, &view, ty, lanes, handed.site)?;
        self.split(column, handed.slot.ty, handed.site)
    }

    // Sums.

    fn sum(&mut self, handed: &Handed, terms: &[Term], each: bool) -> Widened<Solved> {
        if each {
            return self.running_sum(handed, terms);
        }
        let Slot { ty, lanes } = handed.slot;
        let (site, count) = (handed.site, self.turns.count);
        let mut total = self.renamed(handed.init);
        let mut so_far = Interval::new(handed.range.0.into(), handed.range.1.into());
        for term in terms {
            let (view, range) = self.term(term, lanes, site)?;
            // The turns of a lane one after another.
            let mut place = view.place;
            let turns = place.dims.remove(0);
            place.dims.push(turns);
            let range = range.times(count);
            let view = Ref { value: view.value, place };
            let sum = self.number(Op::Sum { len: count }, vec![view], (range, ty.frac()), lanes, site)?;
            let (op, range) =
                if term.negative { (Op::Sub {}, so_far.sub(range)) } else { (Op::Add {}, so_far.add(range)) };
            let args = vec![Ref::whole(total, lanes), Ref::whole(sum, lanes)];
            total = self.number(op, args, (range, ty.frac()), lanes, site)?;
            so_far = range;
        }
        Ok(Solved { result: total, turns: None })
    }

    fn running_sum(&mut self, handed: &Handed, terms: &[Term]) -> Widened<Solved> {
        let Slot { ty, lanes } = handed.slot;
        let (site, count, frac) = (handed.site, self.turns.count, ty.frac());
        let all = self.lanes_of(lanes)?;
        let mut net: Option<(ValueId, Interval)> = None;
        for term in terms {
            let (view, range) = self.term(term, lanes, site)?;
            net = Some(match net {
                None if term.negative => {
                    let range = range.neg();
                    (self.number(Op::Neg {}, vec![view], (range, frac), all, site)?, range)
                }
                None => {
                    let own = self.program.ty(view.value);
                    (self.emit(Op::Copy {}, vec![view], own, all, site)?, range)
                }
                Some((sum, so_far)) => {
                    let (op, range) =
                        if term.negative { (Op::Sub {}, so_far.sub(range)) } else { (Op::Add {}, so_far.add(range)) };
                    (self.number(op, vec![Ref::whole(sum, all), view], (range, frac), all, site)?, range)
                }
            });
        }
        let Some((net, range)) = net else { return because(site, "a sum of nothing") };
        let range = range.times(count).join(range);
        let (turn, lane) = (Dim { stride: stride(lanes)?, len: count }, Dim { stride: 1, len: lanes });
        let view = Ref { value: net, place: Place::grid(0, lane, turn) };
        let sums = self.number(Op::PrefixSum { len: count }, vec![view], (range, frac), all, site)?;
        let (turn, lane) = (Dim { stride: 1, len: count }, Dim { stride: stride(count)?, len: lanes });
        let sums = Ref { value: sums, place: Place::grid(0, turn, lane) };
        let (turn, lane) = (Dim { stride: 0, len: count }, Dim { stride: 1, len: lanes });
        let init = Ref { value: self.renamed(handed.init), place: Place::grid(0, turn, lane) };
        let range = range.add(Interval::new(handed.range.0.into(), handed.range.1.into()));
        let ends = self.number(Op::Add {}, vec![sums, init], (range, frac), all, site)?;
        let ends = self.retyped(ends, ty, site)?;
        let column = self.elements(handed.init, &Ref::whole(ends, all), ty, lanes, site)?;
        self.split(column, ty, site)
    }

    /// A gate on numbers: public, where all of them are.
    fn number(
        &mut self,
        op: Op,
        args: Vec<Ref>,
        (range, frac): (Interval, u32),
        lanes: u64,
        site: SiteId,
    ) -> Widened<ValueId> {
        let (Ok(lo), Ok(hi)) = (i64::try_from(range.lo), i64::try_from(range.hi)) else {
            return because(site, "a part of this sum or product might not fit in 64 bits, whatever the whole does");
        };
        let secret = args.iter().any(|arg| self.program.ty(arg.value).is_secret());
        let ty = if secret {
            RegType::Arith { lo, hi, frac }
        } else {
            let kind = if frac == 0 { Kind::Int } else { Kind::Fix };
            RegType::Pub { kind, lo, hi, frac }
        };
        self.emit(op, args, ty, lanes, site)
    }

    /// A term in all turns: its lanes with the turns as outermost dimension, and their range.
    fn term(&mut self, term: &Term, lanes: u64, site: SiteId) -> Widened<(Ref, Interval)> {
        let turned = self.turned(&term.value, site)?;
        let mut dims = vec![Dim { stride: turned.step, len: self.turns.count }];
        dims.extend(&turned.place.dims);
        let view = Ref { value: turned.value, place: Place { dims, ..turned.place } };
        let ty = self.program.ty(view.value);
        let (lo, hi) = ty.range();
        let range = Interval::new(lo.into(), hi.into());
        if term.conditions.is_empty() {
            return Ok((view, range));
        }
        let holds = self.conditions(&term.conditions, lanes, site)?;
        let all = self.lanes_of(lanes)?;
        let bits = if self.program.ty(holds.value).is_secret() {
            self.emit(Op::B2a { signed: false }, vec![holds], RegType::arith(0, 1), all, site)?
        } else {
            let mut spread = |word: i64| {
                let value = self.constant(RegType::pub_int(word, word), Constant::Words(vec![word]), 1, site)?;
                Ok(Ref { value, place: Place::strided(0, 0, all) })
            };
            let args = vec![holds, spread(1)?, spread(0)?];
            self.emit(Op::Select {}, args, RegType::pub_int(0, 1), all, site)?
        };
        let range = range.join(Interval::of(0));
        let value = self.number(Op::Mul {}, vec![Ref::whole(bits, all), view], (range, ty.frac()), all, site)?;
        let (turn, lane) = (Dim { stride: stride(lanes)?, len: self.turns.count }, Dim { stride: 1, len: lanes });
        Ok((Ref { value, place: Place::grid(0, turn, lane) }, range))
    }

    /// Truth values of all turns that hold where all conditions do.
    fn conditions(&mut self, conditions: &[Condition], lanes: u64, site: SiteId) -> Widened<Ref> {
        let all = self.lanes_of(lanes)?;
        let mut sum: Option<Ref> = None;
        for (condition, holds) in conditions {
            let mut view = self.view(condition, site)?;
            let ty = self.program.ty(view.value);
            if !holds {
                let not = self.emit(Op::Not {}, vec![view], truth(ty), all, site)?;
                view = Ref::whole(not, all);
            }
            sum = Some(match sum {
                None => view,
                Some(sum) => {
                    let secret = ty.is_secret() || self.program.ty(sum.value).is_secret();
                    let ty = if secret { RegType::BIN_BOOL } else { RegType::PUB_BOOL };
                    let both = self.emit(Op::And {}, vec![sum, view], ty, all, site)?;
                    Ref::whole(both, all)
                }
            });
        }
        sum.ok_or(Why::TooLarge)
    }

    // Trees.

    fn tree(&mut self, handed: &Handed, join: Join, value: &Ref, each: bool) -> Widened<Solved> {
        let Slot { ty, lanes } = handed.slot;
        let site = handed.site;
        let view = self.view(value, site)?;
        let of_all = of_both(ty, self.program.ty(view.value), handed.range);
        let (lo, hi) = of_all.range();
        let range = Interval::new(lo.into(), hi.into());
        if let (Join::Gate(Op::Mul {}), true, false) = (join, each, range.mul(range).within(range)) {
            return because(site, "a product of some of these turns may leave the range of the whole");
        }
        let column = self.elements(handed.init, &view, of_all, lanes, site)?;
        let count = self.turns.count + 1;
        if each {
            let mut all = self.prefix(join, vec![column], count, PAIRINGS, site)?;
            let column = all.pop().ok_or(Why::TooLarge)?;
            return self.split(column, ty, site);
        }
        let mut end = self.reduce(join, vec![column], count, false, site)?;
        Ok(Solved { result: end.pop().ok_or(Why::TooLarge)?.value, turns: None })
    }

    /// What is before the loop, and then what each turn brings.
    fn elements(&mut self, init: ValueId, turns: &Ref, ty: RegType, each: u64, site: SiteId) -> Widened<Column> {
        let lanes = self.lanes_of(each)?.checked_add(each).ok_or(Why::TooLarge)?;
        let result = self.concat_of(vec![Ref::whole(self.renamed(init), each), turns.clone()], ty, lanes, site)?;
        Ok(Column { value: result, each })
    }

    /// Parts one after another; where the range of one does not lie in that of the whole, it is known to.
    fn concat_of(&mut self, parts: Vec<Ref>, ty: RegType, lanes: u64, site: SiteId) -> Widened<ValueId> {
        let mut fitting = Vec::with_capacity(parts.len());
        for part in parts {
            let own = self.program.ty(part.value);
            let len = part.lanes();
            fitting.push(if copies(own, ty) {
                let copy = self.emit(Op::Copy {}, vec![part], own, len, site)?;
                Ref::whole(copy, len)
            } else {
                let (lo, hi) = ty.range();
                let narrow = match own {
                    RegType::Pub { kind, frac, .. } => RegType::Pub { kind, lo, hi, frac },
                    RegType::Arith { frac, .. } => RegType::Arith { lo, hi, frac },
                    RegType::Bin { .. } => own,
                };
                let copy = self.emit(Op::Relabel {}, vec![part], narrow, len, site)?;
                Ref::whole(copy, len)
            });
        }
        let result = self.program.value(Slot { ty, lanes }, "");
        self.out.push(Inst::Concat(Concat { parts: fitting, result, site }));
        Ok(result)
    }

    /// All elements joined to one.
    fn reduce(
        &mut self,
        join: Join,
        mut columns: Vec<Column>,
        mut count: u64,
        ordered: bool,
        site: SiteId,
    ) -> Widened<Vec<Column>> {
        while count > 1 {
            let half = count / 2;
            let (a, b) = if ordered {
                (Span::run(0, 2, half), Span::run(1, 2, half))
            } else {
                (Span::run(0, 1, half), Span::run(half, 1, half))
            };
            let mut joined = self.join(join, &columns, &a, &b, site)?;
            if count % 2 == 1 {
                for (joined, column) in joined.iter_mut().zip(&columns) {
                    let each = column.each;
                    let rest = Ref { value: column.value, place: Place::span((count - 1) * each, each) };
                    let ty = self.program.ty(joined.value);
                    let parts = vec![Ref::whole(joined.value, half * each), rest];
                    joined.value = self.concat_of(parts, ty, (half + 1) * each, site)?;
                }
            }
            columns = joined;
            count = count.div_ceil(2);
        }
        Ok(columns)
    }

    /// Each element joined with all before it.
    fn prefix(
        &mut self,
        join: Join,
        columns: Vec<Column>,
        count: u64,
        pairings: u32,
        site: SiteId,
    ) -> Widened<Vec<Column>> {
        if pairings > 0 && count >= 8 {
            let half = count / 2;
            let pairs = self.join(join, &columns, &Span::run(0, 2, half), &Span::run(1, 2, half), site)?;
            let ends = self.prefix(join, pairs, half, pairings - 1, site)?;
            // An element without a partner, and every other one, is joined with the pairs before it.
            let rest = (count - 1) / 2;
            let columns = self.put(&columns, &Span::run(1, 2, half), &ends, site)?;
            let (before, own) = (Span::run(1, 2, rest), Span::run(2, 2, rest));
            let joined = self.join(join, &columns, &before, &own, site)?;
            return self.put(&columns, &own, &joined, site);
        }
        let mut columns = columns;
        let mut block = 1;
        while block < count {
            let both = 2 * block;
            let full = count / both;
            let stride = i64::try_from(both).map_err(|_| Why::TooLarge)?;
            let mut made = Vec::new();
            if full > 0 {
                let blocks = Dim { stride, len: full };
                let before = Span { start: block - 1, dims: vec![blocks, Dim { stride: 0, len: block }] };
                let own = Span { start: block, dims: vec![blocks, Dim { stride: 1, len: block }] };
                made.push((self.join(join, &columns, &before, &own, site)?, own));
            }
            let rest = count - full * both;
            if rest > block {
                let start = full * both + block;
                let (before, own) = (Span::run(start - 1, 0, rest - block), Span::run(start, 1, rest - block));
                made.push((self.join(join, &columns, &before, &own, site)?, own));
            }
            for (joined, own) in made {
                columns = self.put(&columns, &own, &joined, site)?;
            }
            block = both;
        }
        Ok(columns)
    }

    /// The columns with elements replaced.
    fn put(&mut self, columns: &[Column], at: &Span, parts: &[Column], site: SiteId) -> Widened<Vec<Column>> {
        let mut all = Vec::with_capacity(columns.len());
        for (column, part) in columns.iter().zip(parts) {
            let place = at.place(column.each).ok_or(Why::TooLarge)?;
            let lanes = at.len() * column.each;
            let value = self.written(column.value, place, Ref::whole(part.value, lanes), site)?;
            all.push(Column { value, ..*column });
        }
        Ok(all)
    }

    /// Joins the elements of two spans.
    fn join(&mut self, join: Join, columns: &[Column], a: &Span, b: &Span, site: SiteId) -> Widened<Vec<Column>> {
        let len = a.len();
        let mut views = Vec::with_capacity(columns.len());
        for column in columns {
            let view = |span: &Span| Some(Ref { value: column.value, place: span.place(column.each)? });
            views.push(view(a).zip(view(b)).ok_or(Why::TooLarge)?);
        }
        let mut joined = Vec::with_capacity(columns.len());
        match join {
            Join::Gate(op) => {
                for (column, (x, y)) in columns.iter().zip(views) {
                    let ty = self.program.ty(column.value);
                    let lanes = len * column.each;
                    let value = if let Op::Mul {} = op {
                        let (lo, hi) = ty.range();
                        let own = Interval::new(lo.into(), hi.into());
                        let product = own.mul(own);
                        if product.within(own) {
                            self.emit(op, vec![x, y], ty, lanes, site)?
                        } else {
                            self.number(op, vec![x, y], (product, ty.frac()), lanes, site)?
                        }
                    } else {
                        self.emit(op, vec![x, y], ty, lanes, site)?
                    };
                    joined.push(Column { value, ..*column });
                }
            }
            Join::Extreme { greatest, first } => {
                let (key, each) = (views[0].clone(), columns[0].each);
                let less = if greatest == first { vec![key.0, key.1] } else { vec![key.1, key.0] };
                let secret = self.program.ty(columns[0].value).is_secret();
                let ty = if secret { RegType::BIN_BOOL } else { RegType::PUB_BOOL };
                let less = self.emit(Op::Lt {}, less, ty, len * each, site)?;
                for (column, (x, y)) in columns.iter().zip(views) {
                    let sides = if first { [y, x] } else { [x, y] };
                    let ty = self.program.ty(column.value);
                    let condition = decides(less, each, column.each, len, site)?;
                    let value = self.select(condition, sides, ty, len * column.each, site)?;
                    joined.push(Column { value, ..*column });
                }
            }
            Join::Last | Join::Reset { .. } => {
                let (held, each) = (views[0].clone(), columns[0].each);
                let ty = self.program.ty(columns[0].value);
                let either = self.emit(Op::Or {}, vec![held.0, held.1.clone()], ty, len * each, site)?;
                joined.push(Column { value: either, each });
                let later = if let Join::Reset { greatest } = join {
                    let (x, y) = views[1].clone();
                    let less = if greatest { vec![x, y] } else { vec![y, x] };
                    let secret = self.program.ty(columns[1].value).is_secret();
                    let truth = if secret { RegType::BIN_BOOL } else { RegType::PUB_BOOL };
                    let less = self.emit(Op::Lt {}, less, truth, len * each, site)?;
                    let truth = if secret { truth } else { ty };
                    self.emit(Op::Or {}, vec![held.1, Ref::whole(less, len * each)], truth, len * each, site)?
                } else {
                    self.emit(Op::Copy {}, vec![held.1], ty, len * each, site)?
                };
                for (column, (x, y)) in columns.iter().zip(views).skip(1) {
                    let ty = self.program.ty(column.value);
                    let condition = decides(later, each, column.each, len, site)?;
                    let value = self.select(condition, [y, x], ty, len * column.each, site)?;
                    joined.push(Column { value, ..*column });
                }
            }
        }
        Ok(joined)
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
            let RegType::Pub { kind, frac, .. } = own else { return because(site, "a secret value becomes public") };
            let narrow = self.retyped(value, RegType::Pub { kind, lo, hi, frac }, site)?;
            return self.retyped(narrow, ty, site);
        }
        self.emit(op, vec![Ref::whole(value, lanes)], ty, lanes, site)
    }
}

/// The truth values of elements as conditions for a column of other lanes.
fn decides(value: ValueId, each: u64, lanes: u64, len: u64, site: SiteId) -> Widened<Ref> {
    if each == lanes {
        return Ok(Ref::whole(value, len * lanes));
    }
    if each != 1 {
        return because(site, "one of several comparisons decides about values of other lengths");
    }
    let place = Place::grid(0, Dim { stride: 1, len }, Dim { stride: 0, len: lanes });
    Ok(Ref { value, place })
}

/// The type of elements: what turns bring, and what is there before. It may be more than the loop carries, as the lesser of two is in the range of either.
fn of_both(carried: RegType, own: RegType, before: (i64, i64)) -> RegType {
    let (lo, hi) = (own.range().0.min(before.0), own.range().1.max(before.1));
    match carried {
        RegType::Arith { frac, .. } => RegType::Arith { lo, hi, frac },
        RegType::Pub { kind, frac, .. } => RegType::Pub { kind, lo, hi, frac },
        RegType::Bin { .. } => carried,
    }
}

fn truth(ty: RegType) -> RegType {
    if ty.is_secret() { RegType::BIN_BOOL } else { RegType::PUB_BOOL }
}

fn stride(lanes: u64) -> Widened<i64> {
    i64::try_from(lanes).map_err(|_| Why::TooLarge)
}
