//! Sums over turns, and running sums.

use super::super::contraction::{Contraction, Product};
use super::super::recurrence::{Condition, Term};
use super::super::widen::{Why, Widen, Widened, because};
use super::truth;
use super::{Handed, Solved};
use crate::ir::{Constant, Dim, Kind, Op, Place, Ref, RegType, SiteId, Slot, ValueId};
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
        let (lo, hi) = self.program.ty(value).range();
        let range = Interval::new(lo.into(), hi.into()).times(self.turns.count);
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
    pub(super) fn number(
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

fn stride(lanes: u64) -> Widened<i64> {
    i64::try_from(lanes).map_err(|_| Why::TooLarge)
}
