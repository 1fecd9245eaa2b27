//! Two nested loops in which each turn builds on its neighbours, by diagonals (Lamport, 1974): the turns (i, j) with one sum i + j run at once.
//!
//! ```text
//! for i in 1..N { for j in 1..M { d[i, j] = f(d[i - 1, j], d[i, j - 1], d[i - 1, j - 1]) } }
//! ```
//!
//! becomes N + M − 3 turns over as many lanes as the shorter loop has turns. Near the corners of the table a diagonal is shorter than that: the lanes left over
//! compute the turn at its end once more, so that nothing is computed that the source would not, and write into lanes behind the array.

use super::Pass;
use super::access::Accesses;
use super::widen::{Spill, Turns, Why, Widen, Widened, because};
use crate::ir::{
    Bound, Carried, Concat, Constant, Gate, Inst, Loop, Op, Place, Ref, RegType, SiteId, Slot, ValueId, copies,
};
use crate::passes::facts;
use std::collections::BTreeMap;

/// A loop of the nest: its counter, first number and turns.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    counter: ValueId,
    pub(super) from: i64,
    pub(super) count: u64,
}

impl Axis {
    fn of(l: &Loop) -> Option<Self> {
        let (Bound::Const(from), Bound::Const(to)) = (l.from, l.to) else { return None };
        let count = u64::try_from(to.checked_sub(from)?).ok()?;
        Some(Self { counter: l.counter, from, count })
    }
}

impl Pass {
    /// The nest by diagonals.
    ///
    /// # Errors
    /// It is no nest of two loops, or has turns that do not come in the order of their sums.
    pub(super) fn in_waves(&mut self, l: &Loop) -> Widened<Vec<Inst>> {
        let no_nest = || Why::Because(l.site, String::new());
        let mut outer_gates = Vec::new();
        let mut inner = None;
        for inst in &l.body {
            match inst {
                Inst::Gate(gate) if inner.is_none() => {
                    let local = facts::rounds(&self.program, gate.op, &gate.args, gate.result) == 0;
                    outer_gates.push(Some(inst).filter(|_| local).ok_or_else(no_nest)?);
                }
                Inst::Loop(m) if inner.is_none() => inner = Some(m),
                _ => return Err(no_nest()),
            }
        }
        let m = inner.ok_or_else(no_nest)?;
        let (i, j) = Axis::of(l).zip(Axis::of(m)).ok_or_else(no_nest)?;
        if i.count < 2 || j.count < 2 || m.carried.len() != l.carried.len() {
            return Err(no_nest());
        }
        let plain = |inst: &Inst| matches!(inst, Inst::Gate(_) | Inst::Update(_));
        let handed = |c: &Carried| m.carried.iter().any(|inner| inner.init == c.param && inner.result == c.next);
        if !m.body.iter().all(plain) || !l.carried.iter().all(handed) {
            return Err(no_nest());
        }
        // The array as it was before the inner loop is gone where diagonals run.
        let mut earlier = false;
        for inst in outer_gates.iter().copied().chain(&m.body) {
            inst.each_use(&mut |value| earlier |= l.carried.iter().any(|c| c.param == value));
        }
        if earlier {
            return Err(no_nest());
        }
        let mut inside = super::defined(l);
        inside.remove(&m.counter);
        let alone = Loop { counter: l.counter, ..m.clone() };
        let mut types = BTreeMap::new();
        for c in &m.carried {
            let accesses = Accesses::of(&self.program, &self.scalars, &alone, c, &inside)?;
            if !accesses.written {
                return Err(no_nest());
            }
            accesses.in_order_of_sums(m.counter, i.count, j.count)?;
            types.insert(c.init, accesses.ty);
        }
        match self.ahead(l, m, &outer_gates, (i, j))? {
            Some((mut out, rest)) => {
                out.extend(self.waves(l, &rest, (&outer_gates, &types), (i, j))?);
                Ok(out)
            }
            None => self.waves(l, m, (&outer_gates, &types), (i, j)),
        }
    }

    /// `types` are those that all versions of an array fit, by what it is at the start of an outer turn.
    fn waves(
        &mut self,
        l: &Loop,
        m: &Loop,
        (before, types): (&[&Inst], &BTreeMap<ValueId, RegType>),
        (i, j): (Axis, Axis),
    ) -> Widened<Vec<Inst>> {
        let site = l.site;
        let (short, long) = if i.count <= j.count { (i, j) } else { (j, i) };
        let lanes = short.count;
        let (last_short, last_long) = (signed(short.count - 1)?, signed(long.count - 1)?);
        let waves = last_short.checked_add(last_long).and_then(|sum| sum.checked_add(1)).ok_or(Why::TooLarge)?;
        let wave = self.program.value(Slot { ty: RegType::pub_int(0, waves - 1), lanes: 1 }, "");
        // No value of the body: what differs by lane is put in by hand.
        let nothing = self.program.value(Slot { ty: RegType::pub_int(0, 0), lanes: 1 }, "");
        let turns = Turns { counter: nothing, from: 0, count: lanes, falls: false };
        let mut widen = Widen::new(&mut self.program, &mut self.scalars, turns, super::MOST);
        let mut arrays = Vec::with_capacity(l.carried.len());
        for c in &l.carried {
            let own = widen.program.lanes(c.param);
            let ty = types.get(&c.param).copied().unwrap_or(widen.program.ty(c.param));
            let all = own.checked_add(lanes).ok_or(Why::TooLarge)?;
            let spare = widen.empty(ty, lanes, site);
            let init = widen.program.value(Slot { ty, lanes: all }, "");
            let parts = vec![Ref::whole(c.init, own), Ref::whole(spare, lanes)];
            widen.out.push(Inst::Concat(Concat { parts, result: init, site }));
            arrays.push((init, Slot { ty, lanes: all }, own));
        }
        let mut out = std::mem::take(&mut widen.out);
        // Which turn a lane is.
        let lane =
            widen.constant(RegType::pub_int(0, last_short), Constant::Range { start: 0, step: 1 }, lanes, site)?;
        let least = widen.plus(wave, -last_long, site)?;
        let least = widen.clamped(least, 0, last_short, site)?;
        let greatest = widen.clamped(wave, 0, last_short, site)?;
        let spread = |value| Ref { value, place: Place::strided(0, 0, lanes) };
        let numbers = RegType::pub_int(0, last_short);
        let below =
            widen.emit(Op::Lt {}, vec![Ref::whole(lane, lanes), spread(least)], RegType::PUB_BOOL, lanes, site)?;
        let args = vec![Ref::whole(below, lanes), spread(least), Ref::whole(lane, lanes)];
        let at = widen.emit(Op::Select {}, args, numbers, lanes, site)?;
        let above =
            widen.emit(Op::Lt {}, vec![spread(greatest), Ref::whole(at, lanes)], RegType::PUB_BOOL, lanes, site)?;
        let args = vec![Ref::whole(above, lanes), spread(greatest), Ref::whole(at, lanes)];
        let at = widen.emit(Op::Select {}, args, numbers, lanes, site)?;
        let own = widen.emit(
            Op::Eq {},
            vec![Ref::whole(at, lanes), Ref::whole(lane, lanes)],
            RegType::PUB_BOOL,
            lanes,
            site,
        )?;
        let args = vec![spread(wave), Ref::whole(at, lanes)];
        let other = widen.emit(Op::Sub {}, args, RegType::pub_int(-last_short, waves - 1), lanes, site)?;
        let args = vec![Ref::whole(other, lanes)];
        let other = widen.emit(Op::Relabel {}, args, RegType::pub_int(0, last_long), lanes, site)?;
        for (axis, number) in [(short, at), (long, other)] {
            let number = widen.plus(number, axis.from, site)?;
            widen.wide.insert(axis.counter, number);
        }
        widen.spill = Some(Spill { own, lane });
        let mut params = Vec::with_capacity(arrays.len());
        for (c, (_, slot, own)) in l.carried.iter().zip(&arrays) {
            let param = widen.program.value(*slot, "");
            let inner = m.carried.iter().find(|inner| inner.init == c.param).ok_or(Why::TooLarge)?;
            widen.same.insert(inner.param, param);
            widen.shared.insert(inner.param);
            params.push((param, inner.next, *own));
        }
        for inst in before.iter().copied().chain(&m.body) {
            widen.inst(inst)?;
        }
        let mut carried = Vec::with_capacity(params.len());
        let mut results = Vec::with_capacity(params.len());
        for ((param, next, own), (init, slot, _)) in params.into_iter().zip(arrays) {
            let result = widen.program.value(slot, "");
            carried.push(Carried { init, param, next: widen.renamed(next), result });
            results.push((result, own));
        }
        let body = std::mem::take(&mut widen.out);
        if !widen.moves.is_empty() || !widen.rounds {
            return because(site, "");
        }
        self.made.insert(wave);
        let (from, to) = (Bound::Const(0), Bound::Const(waves));
        out.push(Inst::Loop(Loop { counter: wave, from, to, carried, body, site }));
        for (c, (result, own)) in l.carried.iter().zip(results) {
            let args = vec![Ref { value: result, place: Place::span(0, own) }];
            // What the nest hands on fits, whatever versions there were on the way.
            let op =
                if copies(self.program.ty(result), self.program.ty(c.result)) { Op::Copy {} } else { Op::Relabel {} };
            out.push(Inst::Gate(Gate { op, args, result: Some(c.result), site }));
        }
        Ok(out)
    }
}

impl Widen<'_> {
    /// A public number, or a vector of them, and a constant.
    fn plus(&mut self, value: ValueId, term: i64, site: SiteId) -> Widened<ValueId> {
        let (lo, hi) = self.program.ty(value).range();
        let (Some(lo), Some(hi)) = (lo.checked_add(term), hi.checked_add(term)) else { return Err(Why::TooLarge) };
        self.by(Op::Add {}, value, term, RegType::pub_int(lo, hi), site)
    }

    /// A public number, or the nearer end of a range.
    fn clamped(&mut self, value: ValueId, lo: i64, hi: i64, site: SiteId) -> Widened<ValueId> {
        let (least, greatest) = self.program.ty(value).range();
        let mut value = value;
        let mut range = (least, greatest);
        for (end, below) in [(lo, true), (hi, false)] {
            if below && range.0 >= end || !below && range.1 <= end {
                continue;
            }
            let bound = self.constant(RegType::pub_int(end, end), Constant::Words(vec![end]), 1, site)?;
            let pair = if below { [value, bound] } else { [bound, value] };
            let args = pair.map(|value| Ref::lane(value, 0)).to_vec();
            let beyond = self.emit(Op::Lt {}, args, RegType::PUB_BOOL, 1, site)?;
            range = if below { (end, range.1.max(end)) } else { (range.0.min(end), end) };
            let args = [beyond, bound, value].map(|value| Ref::lane(value, 0)).to_vec();
            let chosen = RegType::pub_int(least.min(end), greatest.max(end));
            let chosen = self.emit(Op::Select {}, args, chosen, 1, site)?;
            value =
                self.emit(Op::Relabel {}, vec![Ref::lane(chosen, 0)], RegType::pub_int(range.0, range.1), 1, site)?;
        }
        Ok(value)
    }
}

fn signed(count: u64) -> Widened<i64> {
    i64::try_from(count).map_err(|_| Why::TooLarge)
}
