//! Sums over turns, and running sums.
//!
//! A running sum to which each turn adds a number of an array and from which it takes an earlier one of the same array is the sum of a window that slides over it: of k
//! numbers, however many turns there are.

use super::super::contraction::{Contraction, Product};
use super::super::recurrence::{Condition, Term};
use super::super::widen::{Why, Widen, Widened, because};
use super::truth;
use super::{Handed, Solved};
use crate::ir::{Constant, Dim, Op, Place, Ref, RegType, SiteId, Slot, ValueId};
use crate::passes::ranges;
use smpc_bytecode::interval::Interval;

impl Widen<'_> {
    pub(super) fn sum(&mut self, handed: &Handed, terms: &[Term], each: bool) -> Widened<Solved> {
        if each {
            return self.running_sum(handed, terms);
        }
        let Slot { ty, lanes } = handed.slot;
        let (site, count) = (handed.site, self.turns.count);
        let mut total = self.renamed(handed.init);
        let mut so_far = Interval::new(handed.range.0.into(), handed.range.1.into());
        for term in terms {
            if let Some((sum, range)) = self.sum_of_products(term, (lanes, ty.frac()), site)? {
                (total, so_far) = self.with_sum(term, (total, so_far), (sum, range), (lanes, ty.frac()), site)?;
                continue;
            }
            let (view, range) = self.term(term, lanes, site)?;
            // The turns of a lane one after another.
            let mut place = view.place;
            let turns = place.dims.remove(0);
            place.dims.push(turns);
            let range = range.times(count);
            let view = Ref { value: view.value, place };
            let sum = self.number(Op::Sum { len: count }, vec![view], (range, ty.frac()), lanes, site)?;
            (total, so_far) = self.with_sum(term, (total, so_far), (sum, range), (lanes, ty.frac()), site)?;
        }
        Ok(Solved { result: total, turns: None })
    }

    /// A total with the sum of a term's turns.
    fn with_sum(
        &mut self,
        term: &Term,
        (total, so_far): (ValueId, Interval),
        (sum, range): (ValueId, Interval),
        (lanes, frac): (u64, u32),
        site: SiteId,
    ) -> Widened<(ValueId, Interval)> {
        let (op, range) = if term.negative { (Op::Sub {}, so_far.sub(range)) } else { (Op::Add {}, so_far.add(range)) };
        let args = vec![Ref::whole(total, lanes), Ref::whole(sum, lanes)];
        Ok((self.number(op, args, (range, frac), lanes, site)?, range))
    }

    /// The sum of a product's turns, whose lanes are never there one by one: a dot product, or one of matrices.
    fn sum_of_products(
        &mut self,
        term: &Term,
        (lanes, frac): (u64, u32),
        site: SiteId,
    ) -> Widened<Option<(ValueId, Interval)>> {
        let value = term.value.value;
        if !term.conditions.is_empty() || !term.value.place.is_whole(self.program.lanes(value)) {
            return Ok(None);
        }
        let Some([a, b]) = self.products.get(&value) else { return Ok(None) };
        let Some(sum) = Contraction::over_turns(a, b, self.turns.count) else { return Ok(None) };
        let range = ranges::of(self.program, value).times(self.turns.count);
        let Product { op, args, lanes: laid } = sum.best();
        let sum = self.number(op, args, (range, frac), lanes, site)?;
        let sum = self.laid(sum, laid, site)?;
        self.products.remove(&value);
        Ok(Some((sum, range)))
    }

    fn running_sum(&mut self, handed: &Handed, terms: &[Term]) -> Widened<Solved> {
        let Slot { ty, lanes } = handed.slot;
        let (site, count, frac) = (handed.site, self.turns.count, ty.frac());
        self.turns.in_order(site)?;
        let all = self.lanes_of(lanes)?;
        let mut net: Option<(ValueId, Interval)> = None;
        let mut views = Vec::with_capacity(terms.len());
        // What only takes away is summed as it is, and taken away as a whole.
        let falls = matches!(terms, [term] if term.negative);
        for term in terms {
            let (view, range) = self.term(term, lanes, site)?;
            views.push((view.clone(), term.negative));
            net = Some(match net {
                None if term.negative && !falls => {
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
        if let Some(window) = window(&views).filter(|_| lanes == 1) {
            let ends = self.slid(handed, (sums, range), &window, site)?;
            let ends = self.retyped(ends, ty, site)?;
            let column = self.elements(handed.init, &Ref::whole(ends, all), ty, lanes, site)?;
            return self.split(column, ty, site);
        }
        let (turn, lane) = (Dim { stride: 1, len: count }, Dim { stride: stride(count)?, len: lanes });
        let sums = Ref { value: sums, place: Place::grid(0, turn, lane) };
        let (turn, lane) = (Dim { stride: 0, len: count }, Dim { stride: 1, len: lanes });
        let init = Ref { value: self.renamed(handed.init), place: Place::grid(0, turn, lane) };
        let start = Interval::new(handed.range.0.into(), handed.range.1.into());
        let (op, args, range) = if falls {
            (Op::Sub {}, vec![init, sums], start.sub(range))
        } else {
            (Op::Add {}, vec![sums, init], start.add(range))
        };
        let ends = self.number(op, args, (range, frac), all, site)?;
        let ends = self.retyped(ends, ty, site)?;
        let column = self.elements(handed.init, &Ref::whole(ends, all), ty, lanes, site)?;
        self.split(column, ty, site)
    }

    /// What is there before the loop and the running sums of one lane, where these are how much the sum of a window has grown.
    fn slid(
        &mut self,
        handed: &Handed,
        (sums, grown): (ValueId, Interval),
        window: &Window,
        site: SiteId,
    ) -> Widened<ValueId> {
        let (count, frac) = (self.turns.count, handed.slot.ty.frac());
        let len = window.first.lanes();
        let range = ranges::of(self.program, window.first.value).times(len);
        let before = self.number(Op::Sum { len }, vec![window.first.clone()], (range, frac), 1, site)?;
        let spread = |value: ValueId| Ref { value, place: Place::strided(0, 0, count) };
        let all = |value: ValueId| Ref::whole(value, count);
        let (join, apart, total) = if window.shrinks {
            (Op::Sub {}, Op::Add {}, range.sub(grown))
        } else {
            (Op::Add {}, Op::Sub {}, range.add(grown))
        };
        let sum = self.number(join, vec![spread(before), all(sums)], (total, frac), count, site)?;
        let (Ok(lo), Ok(hi)) = (i64::try_from(range.lo), i64::try_from(range.hi)) else { return Err(Why::TooLarge) };
        // That it is the sum of k numbers its parts do not show.
        let known = self.program.ty(sum).in_range(lo, hi);
        let sum = self.retyped(sum, known, site)?;
        let start = Interval::new(handed.range.0.into(), handed.range.1.into());
        let (init, rest) =
            (self.renamed(handed.init), if window.shrinks { start.add(range) } else { start.sub(range) });
        let rest_of = vec![Ref::whole(init, 1), Ref::whole(before, 1)];
        let other = self.number(apart, rest_of, (rest, frac), 1, site)?;
        let whole = if window.shrinks { rest.sub(range) } else { rest.add(range) };
        self.number(join, vec![spread(other), all(sum)], (whole, frac), count, site)
    }

    /// A gate on numbers: public, where all of them are.
    pub(super) fn number(
        &mut self,
        op: Op,
        args: Vec<Ref>,
        (range, frac): (Interval, u32),
        lanes: u64,
        site: SiteId,
    ) -> Widened<ValueId> {
        let secret = args.iter().any(|arg| self.program.ty(arg.value).is_secret());
        let Some(ty) = ranges::numbers(secret, range, frac) else {
            return because(site, "a part of this sum or product might not fit in 64 bits, whatever the whole does");
        };
        self.emit(op, args, ty, lanes, site)
    }

    /// A term in all turns: its lanes with the turns as outermost dimension, and their range.
    fn term(&mut self, term: &Term, lanes: u64, site: SiteId) -> Widened<(Ref, Interval)> {
        let turned = self.turned(&term.value, site)?;
        let mut dims = vec![Dim { stride: turned.step, len: self.turns.count }];
        dims.extend(&turned.place.dims);
        let view = Ref { value: turned.value, place: Place { dims, ..turned.place } };
        let (ty, range) = (self.program.ty(view.value), ranges::of(self.program, view.value));
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
    pub(super) fn conditions(&mut self, conditions: &[Condition], lanes: u64, site: SiteId) -> Widened<Ref> {
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
}

/// A window that slides over an array, a number further in each turn.
struct Window {
    /// Its numbers before the first turn.
    first: Ref,
    /// Whether its sum is taken away, not added.
    shrinks: bool,
}

/// The window of which one end is added and the other one taken away, where each view has a lane a turn.
fn window(terms: &[(Ref, bool)]) -> Option<Window> {
    let [(a, a_leaves), (b, b_leaves)] = terms else { return None };
    let (a, b) = (a.simplified(), b.simplified());
    let ([x], [y]) = (a.place.dims.as_slice(), b.place.dims.as_slice()) else { return None };
    let alike = (a.value, a.place.index, x.stride) == (b.value, b.place.index, y.stride);
    if !alike || a_leaves == b_leaves {
        return None;
    }
    let (enters, leaves) = if *a_leaves { (&b, &a) } else { (&a, &b) };
    let apart = i128::from(enters.place.offset) - i128::from(leaves.place.offset);
    let len = apart.checked_div(x.stride.into()).filter(|_| apart % i128::from(x.stride) == 0)?;
    let rear = if len > 0 { leaves } else { enters };
    let len = u64::try_from(len.unsigned_abs()).ok().filter(|len| *len > 0)?;
    let place = Place { dims: vec![Dim { stride: x.stride, len }], ..rear.place.clone() };
    Some(Window { first: Ref { value: rear.value, place }, shrinks: std::ptr::eq(rear, enters) })
}

fn stride(lanes: u64) -> Widened<i64> {
    i64::try_from(lanes).map_err(|_| Why::TooLarge)
}
