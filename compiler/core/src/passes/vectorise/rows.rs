//! A table of which a loop keeps the last row alone, as a table: array expansion (Feautrier, 1988), so that its diagonals can run at once.
//!
//! ```text
//! for i in 1..N { let row = [0; M]; row[0] = i; for j in 1..M { row[j] = f(above[j], above[j - 1], row[j - 1]) } above = row }
//! ```
//!
//! becomes
//!
//! ```text
//! for i in 1..N { d[i, 0] = i }
//! for i in 1..N { for j in 1..M { d[i, j] = f(d[i - 1, j], d[i - 1, j - 1], d[i, j - 1]) } }
//! ```
//!
//! It takes the memory of all rows, and is done only where `waves` then runs the nest by diagonals.

use super::promote::each_view;
use super::widen::{Why, Widened};
use super::{MOST, Pass, turns};
use crate::ir::{
    Bound, Carried, Concat, Dim, Gate, Index, Inst, Loop, Op, Place, Ref, SiteId, Slot, Update, ValueId, copies,
};
use crate::passes::affine::Arithmetic;
use crate::passes::facts;
use std::collections::{BTreeMap, BTreeSet};

/// A loop that makes a row of the one before.
struct Rows<'a> {
    /// The row that it keeps.
    kept: Carried,
    from: i64,
    /// Instructions before the inner loop that do not make the row.
    gates: Vec<&'a Inst>,
    /// What the row is to begin with.
    start: (ValueId, Option<&'a Gate>),
    /// What is written to it before the inner loop.
    writes: Vec<&'a Update>,
    inner: &'a Loop,
    /// What the inner loop makes of the row.
    row: Carried,
}

/// Where a row of the table lies.
#[derive(Clone, Copy)]
struct At {
    table: ValueId,
    /// The counter of the outer loop, from 0.
    turn: ValueId,
    /// 0 for the row before that of the turn, 1 for its own.
    ahead: u64,
    width: u64,
}

impl Pass {
    /// The loop over all rows of a table.
    ///
    /// # Errors
    /// It is none that keeps a row, or its diagonals depend on one another.
    pub(super) fn in_rows(&mut self, l: &Loop) -> Widened<Vec<Inst>> {
        let none = || Why::Because(l.site, String::new());
        let rows = self.rows(l).ok_or_else(none)?;
        let count = turns(l).ok_or_else(none)?;
        let Slot { ty, lanes: width } = self.program.slot(rows.kept.param);
        let lanes = count.checked_add(1).and_then(|rows| rows.checked_mul(width)).ok_or(Why::TooLarge)?;
        let table = Slot { ty, lanes };
        if facts::bytes(table) > MOST {
            return Err(Why::TooLarge);
        }
        let mut out = Vec::new();
        let start = match rows.start {
            (_, Some(gate)) => {
                let result = gate.result.map(|result| self.program.value(self.program.slot(result), ""));
                out.push(Inst::Gate(Gate { result, ..gate.clone() }));
                result.ok_or_else(none)?
            }
            (value, None) => value,
        };
        let all = Place::grid(0, Dim { stride: 0, len: count }, Dim { stride: 1, len: width });
        let parts = vec![Ref::whole(rows.kept.init, width), Ref { value: start, place: all }];
        let mut made = self.program.value(table, "");
        out.push(Inst::Concat(Concat { parts, result: made, site: l.site }));
        if !rows.writes.is_empty() {
            let before = self.written_before(l, &rows, (made, table), width).ok_or(Why::TooLarge)?;
            made = before.carried[0].result;
            out.push(Inst::Loop(before));
        }
        let nest = self.over_rows(l, &rows, (made, table), width).ok_or(Why::TooLarge)?;
        let result = nest.carried[0].result;
        out.extend(self.in_waves(&nest)?);
        let last = Ref { value: result, place: Place::span(count * width, width) };
        let op = if copies(ty, self.program.ty(rows.kept.result)) { Op::Copy {} } else { Op::Relabel {} };
        out.push(Inst::Gate(Gate { op, args: vec![last], result: Some(rows.kept.result), site: l.site }));
        Ok(out)
    }

    fn rows<'a>(&self, l: &'a Loop) -> Option<Rows<'a>> {
        let ([kept], Bound::Const(from)) = (l.carried.as_slice(), l.from) else { return None };
        let at = l.body.iter().position(|inst| matches!(inst, Inst::Loop(_)))?;
        let (before, behind) = (l.body.get(..at)?, l.body.get(at + 1..)?);
        let Inst::Loop(inner) = &l.body[at] else { return None };
        let [row] = inner.carried.as_slice() else { return None };
        let plain = |inst: &Inst| {
            matches!(inst, Inst::Gate(_) | Inst::Update(_)) && facts::own_effects(&self.program, inst).none()
        };
        let slot = self.program.slot(kept.param);
        if slot.lanes < 2
            || self.program.slot(row.param) != slot
            || !before.iter().chain(&inner.body).chain(behind).all(plain)
        {
            return None;
        }
        let mut end = row.result;
        for inst in behind {
            let (of, result) = self.copied(inst)?;
            end = Some(result).filter(|_| of == end)?;
        }
        let (mut value, mut making, mut writes, mut first) = (row.init, BTreeSet::new(), Vec::new(), None);
        for (place, inst) in before.iter().enumerate().rev() {
            let mut makes = false;
            inst.each_result(&mut |result| makes |= result == value);
            if !makes {
                continue;
            }
            making.insert(place);
            match inst {
                Inst::Update(update) => {
                    writes.push(update);
                    value = update.array;
                }
                Inst::Gate(gate) if matches!(gate.op, Op::Const { .. }) => {
                    first = Some(gate);
                    break;
                }
                copy => value = self.copied(copy)?.0,
            }
        }
        writes.reverse();
        let gates: Vec<&Inst> =
            before.iter().enumerate().filter(|(place, _)| !making.contains(place)).map(|(_, inst)| inst).collect();
        // Nobody else reads the row on the way, and what is there before the inner loop does not depend on the row above.
        let mut made = BTreeSet::from([kept.param]);
        before.iter().enumerate().filter(|(place, _)| making.contains(place)).for_each(|(_, inst)| {
            inst.each_result(&mut |result| {
                made.insert(result);
            });
        });
        let mut apart =
            end == kept.next && copies(self.program.ty(value), slot.ty) && self.program.lanes(value) == slot.lanes;
        let values = writes.iter().flat_map(|update| &update.args);
        values.for_each(|arg| arg.each_use(&mut |value| apart &= !made.contains(&value)));
        gates.iter().for_each(|inst| inst.each_use(&mut |value| apart &= !made.contains(&value)));
        made.remove(&kept.param);
        inner.body.iter().for_each(|inst| inst.each_use(&mut |value| apart &= !made.contains(&value)));
        let outside = !super::defined(l).contains(&value) || first.is_some();
        let start = (value, first);
        (apart && outside).then_some(Rows { kept: *kept, from, gates, start, writes, inner, row: *row })
    }

    /// What an instruction copies all of, and its result.
    fn copied(&self, inst: &Inst) -> Option<(ValueId, ValueId)> {
        let Inst::Gate(Gate { op: Op::Copy {} | Op::Relabel {}, args, result: Some(result), .. }) = inst else {
            return None;
        };
        let [of] = args.as_slice() else { return None };
        of.place.is_whole(self.program.lanes(of.value)).then_some((of.value, *result))
    }

    /// A loop that writes what the rows have before their turn.
    fn written_before(
        &mut self,
        l: &Loop,
        rows: &Rows<'_>,
        (init, table): (ValueId, Slot),
        width: u64,
    ) -> Option<Loop> {
        let counter = self.program.value(self.program.slot(l.counter), "");
        let [param, result] = [(); 2].map(|()| self.program.value(table, ""));
        let mut stands = BTreeMap::from([(l.counter, counter)]);
        let mut body = Vec::new();
        for inst in &rows.gates {
            let mut inst = (*inst).clone();
            inst.map_own_uses(&mut |value| stands.get(&value).copied().unwrap_or(value));
            match &mut inst {
                Inst::Gate(Gate { result: Some(result), .. }) | Inst::Update(Update { result, .. }) => {
                    let fresh = self.program.value(self.program.slot(*result), "");
                    stands.insert(*result, fresh);
                    *result = fresh;
                }
                _ => return None,
            }
            body.push(inst);
        }
        let turn = self.turn(counter, rows.from, l.site, &mut body)?;
        let mut at = At { table: param, turn, ahead: 1, width };
        for update in &rows.writes {
            let mut update = (*update).clone();
            let stand = &mut |value| stands.get(&value).copied().unwrap_or(value);
            update.args.iter_mut().for_each(|arg| arg.map_uses(stand));
            update.place.map_uses(stand);
            let place = self.in_row(&update.place, at, update.site, &mut body)?;
            let next = self.program.value(table, "");
            body.push(Inst::Update(Update { array: at.table, place, result: next, ..update }));
            at.table = next;
        }
        let carried = vec![Carried { init, param, next: at.table, result }];
        Some(Loop { counter, carried, body, ..l.clone() })
    }

    /// The nest, with a table for the rows.
    fn over_rows(&mut self, l: &Loop, rows: &Rows<'_>, (init, table): (ValueId, Slot), width: u64) -> Option<Loop> {
        let [outer, result, param, row] = [(); 4].map(|()| self.program.value(table, ""));
        let mut body = Vec::new();
        let turn = self.turn(l.counter, rows.from, l.site, &mut body)?;
        body.extend(rows.gates.iter().map(|inst| (*inst).clone()));
        let mut inner = Vec::new();
        let mut versions = BTreeMap::from([(rows.row.param, param)]);
        let mut latest = param;
        for inst in &rows.inner.body {
            let mut inst = inst.clone();
            let site = inst.site();
            let mut lost = false;
            each_view(&mut inst, &mut |view| {
                let (table, ahead) = if view.value == rows.kept.param {
                    (latest, 0)
                } else if let Some(version) = versions.get(&view.value) {
                    (*version, 1)
                } else {
                    return;
                };
                match self.in_row(&view.place, At { table, turn, ahead, width }, site, &mut inner) {
                    Some(place) => *view = Ref { value: table, place },
                    None => lost = true,
                }
            });
            if let Inst::Update(update) = &mut inst
                && let Some(version) = versions.get(&update.array)
            {
                let at = At { table: *version, turn, ahead: 1, width };
                update.place = self.in_row(&update.place, at, site, &mut inner)?;
                update.array = *version;
                latest = self.program.value(table, "");
                versions.insert(update.result, latest);
                update.result = latest;
            }
            let mut keeps = false;
            inst.each_use(&mut |value| keeps |= value == rows.kept.param || value == rows.row.param);
            if lost || keeps {
                return None;
            }
            inner.push(inst);
        }
        let next = *versions.get(&rows.row.next)?;
        let carried = vec![Carried { init: outer, param, next, result: row }];
        body.push(Inst::Loop(Loop { carried, body: inner, ..rows.inner.clone() }));
        let carried = vec![Carried { init, param: outer, next: row, result }];
        Some(Loop { carried, body, ..l.clone() })
    }

    /// The number of a turn, from 0.
    fn turn(&mut self, counter: ValueId, from: i64, site: SiteId, out: &mut Vec<Inst>) -> Option<ValueId> {
        self.computed(site, out, |sums| sums.plus(counter, from.checked_neg()?))
    }

    /// Lanes of a row as lanes of the table.
    fn in_row(&mut self, place: &Place, at: At, site: SiteId, out: &mut Vec<Inst>) -> Option<Place> {
        let width = i64::try_from(at.width).ok()?;
        let value = self.computed(site, out, |sums| {
            let row = sums.times(at.turn, width)?;
            match place.index {
                None => Some(row),
                Some(index) => {
                    let lane = sums.times(index.value, index.stride)?;
                    sums.sum(row, lane)
                }
            }
        })?;
        let offset = place.offset.checked_add(at.ahead.checked_mul(at.width)?)?;
        Some(Place { offset, index: Some(Index { value, stride: 1 }), dims: place.dims.clone() })
    }

    /// A public number, whose gates are put into a block.
    fn computed(
        &mut self,
        site: SiteId,
        out: &mut Vec<Inst>,
        of: impl FnOnce(&mut Arithmetic<'_>) -> Option<ValueId>,
    ) -> Option<ValueId> {
        let mut made = Vec::new();
        let value = of(&mut Arithmetic { program: &mut self.program, out: &mut made, site })?;
        for inst in &made {
            if let Inst::Gate(gate) = inst {
                self.learn(gate);
            }
        }
        out.append(&mut made);
        Some(value)
    }
}
