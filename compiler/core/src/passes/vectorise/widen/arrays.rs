//! Writes to arrays: into an array that all turns share, or into one of each turn.

use super::{Turned, Why, Widen, Widened, because};
use crate::ir::{
    Bound, Carried, Concat, Constant, Dim, Inst, Loop, Op, Place, Ref, RegType, SiteId, Slot, Update, ValueId, verify,
};
use crate::passes::affine::Affine;
use crate::passes::facts;

impl Widen<'_> {
    pub(super) fn update(&mut self, update: &Update) -> Widened<()> {
        let (array, site) = (update.array, update.site);
        let Op::Copy {} = update.op else {
            return because(site, "this operation on an array works on one turn at a time");
        };
        let inst = Inst::Update(update.clone());
        if !facts::own_effects(self.program, &inst).none() {
            return because(site, "this place may lie outside its array, which stops the run");
        }
        let [value] = update.args.as_slice() else { return because(site, "a write without a value") };
        let mut differs = self.view_differs(value) || self.differs(array);
        update.place.each_use(&mut |value| differs |= self.differs(value));
        if self.shared.contains(&array) {
            let value = self.view(value, site)?;
            let Some((place, step)) = self.turned_place(&update.place, 0, site)? else {
                let result = self.spilled(update, value)?;
                self.same.insert(update.result, result);
                self.shared.insert(update.result);
                return Ok(());
            };
            let array = self.renamed(array);
            let place = self.over_turns(Turned { value: array, place, step }).place;
            let result = self.written(array, place, value, site)?;
            self.same.insert(update.result, result);
            self.shared.insert(update.result);
            return Ok(());
        }
        if !differs {
            let mut inst = inst;
            inst.map_own_uses(&mut |value| self.renamed(value));
            self.out.push(inst);
            return Ok(());
        }
        let own = self.program.lanes(array);
        let apart = i64::try_from(own).map_err(|_| Why::TooLarge)?;
        let mut all = self.all_turns(array, site)?;
        let ty = self.program.ty(update.result);
        if self.program.ty(all) != ty {
            let lanes = self.program.lanes(all);
            all = self.emit(Op::Copy {}, vec![Ref::whole(all, lanes)], ty, lanes, site)?;
        }
        let value = self.view(value, site)?;
        let result = match self.turned_place(&update.place, apart, site)? {
            Some((place, step)) => {
                let place = self.over_turns(Turned { value: all, place, step }).place;
                self.written(all, place, value, site)?
            }
            None => {
                let index = self.places(&update.place, apart, site)?;
                let slot = self.program.slot(all);
                let value = self.lowered(value, site)?;
                let result = self.program.value(slot, "");
                let args = vec![value, self.program.whole(index)];
                let place = Place::whole(slot.lanes);
                self.out.push(Inst::Update(Update { op: Op::Scatter {}, array: all, place, args, result, site }));
                result
            }
        };
        self.wide.insert(update.result, result);
        Ok(())
    }

    /// A shared array with the lanes replaced that a table of places names.
    fn spilled(&mut self, update: &Update, value: Ref) -> Widened<ValueId> {
        let site = update.site;
        let Some(spill) = self.spill else { return because(site, "where this writes follows no step") };
        let array = self.renamed(update.array);
        let slot = self.program.slot(array);
        let index = self.places(&update.place, 0, site)?;
        let lanes = self.program.lanes(index);
        if lanes != self.turns.count {
            return because(site, "where this writes follows no step");
        }
        let behind = i64::try_from(slot.lanes - lanes).map_err(|_| Why::TooLarge)?;
        let last = i64::try_from(slot.lanes - 1).map_err(|_| Why::TooLarge)?;
        let start = self.constant(RegType::pub_int(behind, behind), Constant::Words(vec![behind]), 1, site)?;
        let args = vec![Ref::whole(spill.lane, lanes), Ref { value: start, place: Place::strided(0, 0, lanes) }];
        let spare = self.emit(Op::Add {}, args, RegType::pub_int(behind, last), lanes, site)?;
        let args = [spill.own, index, spare].map(|value| Ref::whole(value, lanes)).to_vec();
        let places = self.emit(Op::Select {}, args, RegType::pub_int(0, last), lanes, site)?;
        let value = self.lowered(value, site)?;
        let result = self.program.value(slot, "");
        let args = vec![value, Ref::whole(places, lanes)];
        let place = Place::whole(slot.lanes);
        self.out.push(Inst::Update(Update { op: Op::Scatter {}, array, place, args, result, site }));
        Ok(result)
    }

    /// The array with a place replaced.
    pub(in crate::passes::vectorise) fn written(
        &mut self,
        array: ValueId,
        place: Place,
        value: Ref,
        site: SiteId,
    ) -> Widened<ValueId> {
        let value = self.lowered(value, site)?;
        let slot = self.program.slot(array);
        let place = place.simplified();
        if place.is_whole(slot.lanes) {
            return self.emit(Op::Copy {}, vec![value], slot.ty, slot.lanes, site);
        }
        if place == reversed(slot.lanes)
            && let Some(value) = value.view(&place)
        {
            return self.emit(Op::Copy {}, vec![value], slot.ty, slot.lanes, site);
        }
        let result = self.program.value(slot, "");
        // Rows that reach into one another may be known to name no lane twice, but are not seen to.
        if place.dims.len() <= 2 && verify::distinct(&place) {
            let args = vec![value];
            self.out.push(Inst::Update(Update { op: Op::Copy {}, array, place, args, result, site }));
            return Ok(result);
        }
        // A row a turn.
        let Dim { stride, len } = place.dims[0];
        let lanes = place.lanes().ok_or(Why::TooLarge)?;
        let row = lanes / len;
        let value = self.emit(Op::Copy {}, vec![value], slot.ty, lanes, site)?;
        let counter = self.counter_of(len);
        let param = self.program.value(slot, "");
        let outer = std::mem::take(&mut self.out);
        self.depth += 1;
        let index = self.shifted(place.index, Affine::of(counter), stride, site)?;
        let step = i64::try_from(row).map_err(|_| Why::TooLarge)?;
        let part = Ref { value, place: Place::span(0, row).indexed(counter, step) };
        let place = Place { index, dims: place.dims[1..].to_vec(), ..place };
        let next = self.written(param, place, part, site)?;
        self.depth -= 1;
        let body = std::mem::replace(&mut self.out, outer);
        let (from, to) = (Bound::Const(0), Bound::Const(i64::try_from(len).map_err(|_| Why::TooLarge)?));
        let carried = vec![Carried { init: array, param, next, result }];
        self.out.push(Inst::Loop(Loop { counter, from, to, carried, body, site }));
        self.moves.insert(counter);
        Ok(result)
    }

    pub(super) fn concat(&mut self, concat: &Concat) -> Widened<()> {
        let site = concat.site;
        if !facts::own_effects(self.program, &Inst::Concat(concat.clone())).none() {
            return because(site, "this place may lie outside its array, which stops the run");
        }
        if !concat.parts.iter().any(|part| self.view_differs(part)) {
            let mut concat = concat.clone();
            concat.parts.iter_mut().for_each(|part| part.map_uses(&mut |value| self.renamed(value)));
            self.out.push(Inst::Concat(concat));
            return Ok(());
        }
        let Slot { ty, lanes } = self.program.slot(concat.result);
        let all = self.lanes_of(lanes)?;
        self.count(ty, all)?;
        let stride = i64::try_from(lanes).map_err(|_| Why::TooLarge)?;
        let mut array = self.empty(ty, all, site);
        let mut offset = 0;
        for part in &concat.parts {
            let len = part.lanes();
            if len == 0 {
                continue;
            }
            let value = self.view(part, site)?;
            let place = Place::grid(offset, Dim { stride, len: self.turns.count }, Dim { stride: 1, len }).simplified();
            array = self.written(array, place, value, site)?;
            offset += len;
        }
        self.wide.insert(concat.result, array);
        Ok(())
    }
}

/// All lanes of an array from the last to the first.
fn reversed(lanes: u64) -> Place {
    Place::strided(lanes.saturating_sub(1), -1, lanes)
}
