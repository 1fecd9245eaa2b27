//! Lanes that an operand reads in each turn, as views of all turns.

use super::{Turned, Why, Widen, Widened, because};
use crate::ir::{Constant, Dim, Index, Op, Place, Ref, RegType, SiteId, Slot, ValueId, fits};
use crate::passes::affine::{Affine, Arithmetic};

impl Widen<'_> {
    /// Whether a value differs by turn.
    pub(in crate::passes::vectorise) fn differs(&self, value: ValueId) -> bool {
        self.wide.contains_key(&value) || self.unmade.contains(&value) || self.products.contains_key(&value)
    }

    pub(super) fn view_differs(&self, view: &Ref) -> bool {
        let mut differs = false;
        view.each_use(&mut |value| differs |= self.differs(value));
        differs
    }

    /// What stands for a value that is the same in all turns.
    pub(in crate::passes::vectorise) fn renamed(&self, value: ValueId) -> ValueId {
        self.same.get(&value).copied().unwrap_or(value)
    }

    /// The lanes of all turns of a value, which may be the same in all of them.
    pub(in crate::passes::vectorise) fn all_turns(&mut self, value: ValueId, site: SiteId) -> Widened<ValueId> {
        if let Some(wide) = self.wide.get(&value) {
            return Ok(*wide);
        }
        if self.unmade.contains(&value) {
            return self.made(value, site);
        }
        if let Some(factors) = self.products.remove(&value) {
            let Slot { ty, lanes } = self.program.slot(value);
            let args = factors.into_iter().map(|factor| self.over_turns(factor)).collect();
            let lanes = self.lanes_of(lanes)?;
            let all = self.emit(Op::Mul {}, args, ty, lanes, site)?;
            self.wide.insert(value, all);
            return Ok(all);
        }
        let value = self.renamed(value);
        let Slot { ty, lanes } = self.program.slot(value);
        let place = Place::grid(0, Dim { stride: 0, len: self.turns.count }, Dim { stride: 1, len: lanes });
        let all = self.lanes_of(lanes)?;
        self.emit(Op::Copy {}, vec![Ref { value, place }], ty, all, site)
    }

    /// Lanes of all turns, of so many in each.
    pub(in crate::passes::vectorise) fn lanes_of(&self, lanes: u64) -> Widened<u64> {
        lanes.checked_mul(self.turns.count).ok_or(Why::TooLarge)
    }

    /// The vector of a public scalar that is a sum of multiples.
    fn made(&mut self, value: ValueId, site: SiteId) -> Widened<ValueId> {
        let mut form = self.scalars.form(value);
        let ty = self.program.ty(value);
        let (lo, hi) = ty.range();
        let (first, step) = self.turns.steps(form.take(self.turns.counter)).ok_or(Why::TooLarge)?;
        let first = first.checked_add(form.constant).ok_or(Why::TooLarge)?;
        let last = i64::try_from(self.turns.count - 1).ok().and_then(|last| last.checked_mul(step)?.checked_add(first));
        let last = last.ok_or(Why::TooLarge)?;
        let own = if form.terms.is_empty() { ty } else { RegType::pub_int(first.min(last), first.max(last)) };
        let count = self.turns.count;
        let mut all = self.constant(own, Constant::Range { start: first, step }, count, site)?;
        form.constant = 0;
        if let Some(rest) = form.value(self.program, &mut self.out, site).ok_or(Why::TooLarge)? {
            let args = vec![Ref::whole(all, count), Ref { value: rest, place: Place::strided(0, 0, count) }];
            all = self.emit(Op::Add {}, args, RegType::pub_int(lo, hi), count, site)?;
        }
        if self.depth == 0 {
            self.wide.insert(value, all);
        }
        Ok(all)
    }

    /// The lanes that a view means in each turn.
    pub(in crate::passes::vectorise) fn turned(&mut self, view: &Ref, site: SiteId) -> Widened<Turned> {
        let own = i64::try_from(self.program.lanes(view.value)).map_err(|_| Why::TooLarge)?;
        let (value, apart) = if self.differs(view.value) {
            (self.all_turns(view.value, site)?, own)
        } else {
            (self.renamed(view.value), 0)
        };
        let turned = match self.turned_place(&view.place, apart, site)? {
            Some((place, step)) => Turned { value, place, step },
            None => self.gathered(value, apart, view, site)?,
        };
        let ty = self.program.ty(view.value);
        if !self.shared.contains(&view.value) || fits(self.program.ty(value), ty) {
            return Ok(turned);
        }
        // The array that all turns share has the range of all its versions; this one is known to have less.
        let each = view.lanes();
        let lanes = self.lanes_of(each)?;
        let lanes_of_all = self.over_turns(turned);
        let narrow = self.emit(Op::Relabel {}, vec![lanes_of_all], ty, lanes, site)?;
        let step = i64::try_from(each).map_err(|_| Why::TooLarge)?;
        Ok(Turned { value: narrow, place: Place::whole(each), step })
    }

    /// A place in the first turn and its step, where lanes of the next turn lie `apart`; `None` where the index follows no step.
    pub(super) fn turned_place(&mut self, place: &Place, apart: i64, site: SiteId) -> Widened<Option<(Place, i64)>> {
        let Some(index) = place.index else { return Ok(Some((place.clone(), apart))) };
        if !self.differs(index.value) {
            let index = Index { value: self.renamed(index.value), ..index };
            return Ok(Some((Place { index: Some(index), ..place.clone() }, apart)));
        }
        let mut form = self.scalars.form(index.value);
        let own = form.take(self.turns.counter);
        if form.terms.keys().any(|value| self.differs(*value)) {
            return Ok(None);
        }
        let (first, step) = self.turns.steps(own).ok_or(Why::TooLarge)?;
        let first = first.checked_add(form.constant);
        form.constant = 0;
        let mut scaled = Affine::default();
        for (value, factor) in &form.terms {
            scaled = scaled.plus(&Affine::of(self.renamed(*value)), *factor).ok_or(Why::TooLarge)?;
        }
        let scaled = Affine::default().plus(&scaled, index.stride).ok_or(Why::TooLarge)?;
        let offset = first.map(|first| i128::from(place.offset) + i128::from(first) * i128::from(index.stride));
        let step = step.checked_mul(index.stride).and_then(|step| step.checked_add(apart));
        let (Some(Ok(offset)), Some(step)) = (offset.map(i64::try_from), step) else { return Ok(None) };
        let Ok(start) = u64::try_from(offset) else {
            // A view begins at no negative lane: what is taken away goes into the index.
            let Some(rest) = scaled.value(self.program, &mut self.out, site).ok_or(Why::TooLarge)? else {
                return Ok(None);
            };
            let mut sums = Arithmetic { program: self.program, out: &mut self.out, site };
            let value = sums.plus(rest, offset).ok_or(Why::TooLarge)?;
            let form = scaled.plus(&Affine::constant(offset), 1).ok_or(Why::TooLarge)?;
            self.scalars.define(value, form);
            let index = Some(Index { value, stride: 1 });
            return Ok(Some((Place { offset: 0, index, dims: place.dims.clone() }, step)));
        };
        let index = self.index(&scaled, site)?;
        Ok(Some((Place { offset: start, index, dims: place.dims.clone() }, step)))
    }

    /// The lanes of a view whose index follows no step, by a table of places.
    fn gathered(&mut self, value: ValueId, apart: i64, view: &Ref, site: SiteId) -> Widened<Turned> {
        let index = self.places(&view.place, apart, site)?;
        let lanes = self.program.lanes(index);
        let args = vec![self.program.whole(value), Ref::whole(index, lanes)];
        let ty = self.program.ty(value);
        let result = self.emit(Op::Gather {}, args, ty, lanes, site)?;
        let each = view.lanes();
        let step = i64::try_from(each).map_err(|_| Why::TooLarge)?;
        Ok(Turned { value: result, place: Place::whole(each), step })
    }

    /// The numbers of the lanes that a place names in all turns, one after another.
    pub(super) fn places(&mut self, place: &Place, apart: i64, site: SiteId) -> Widened<ValueId> {
        let Some(index) = place.index else { return because(site, "an index that cannot be followed") };
        let count = self.turns.count;
        let by_turn = self.all_turns(index.value, site)?;
        let mut sum = self.times(by_turn, index.stride, site)?;
        let offset = i64::try_from(place.offset).map_err(|_| Why::TooLarge)?;
        let dims = [Dim { stride: apart, len: count }];
        sum = self.added(sum, Place::whole(count), offset, dims[0], Place::whole(count), count, site)?;
        let mut lanes = count;
        for dim in &place.dims {
            let all = lanes.checked_mul(dim.len).ok_or(Why::TooLarge)?;
            let old = Place::grid(0, Dim { stride: 1, len: lanes }, Dim { stride: 0, len: dim.len });
            let new = Place::grid(0, Dim { stride: 0, len: lanes }, Dim { stride: 1, len: dim.len });
            sum = self.added(sum, old, 0, *dim, new, all, site)?;
            lanes = all;
        }
        Ok(sum)
    }

    pub(super) fn times(&mut self, value: ValueId, factor: i64, site: SiteId) -> Widened<ValueId> {
        if factor == 1 {
            return Ok(value);
        }
        let (lo, hi) = self.program.ty(value).range();
        let (Some(a), Some(b)) = (lo.checked_mul(factor), hi.checked_mul(factor)) else { return Err(Why::TooLarge) };
        self.by(Op::Mul {}, value, factor, RegType::pub_int(a.min(b), a.max(b)), site)
    }

    /// A public number, or a vector of them, with a constant.
    pub(in crate::passes::vectorise) fn by(
        &mut self,
        op: Op,
        value: ValueId,
        word: i64,
        ty: RegType,
        site: SiteId,
    ) -> Widened<ValueId> {
        let lanes = self.program.lanes(value);
        let by = self.constant(RegType::pub_int(word, word), Constant::Words(vec![word]), 1, site)?;
        let args = vec![Ref::whole(value, lanes), Ref { value: by, place: Place::strided(0, 0, lanes) }];
        self.emit(op, args, ty, lanes, site)
    }

    /// `value[old]` plus the lanes `start, start + stride, …` at `new`.
    #[allow(clippy::too_many_arguments, reason = "two views and their sum")]
    fn added(
        &mut self,
        value: ValueId,
        old: Place,
        start: i64,
        dim: Dim,
        new: Place,
        lanes: u64,
        site: SiteId,
    ) -> Widened<ValueId> {
        if start == 0 && (dim.stride == 0 || dim.len == 1) && old.is_whole(lanes) {
            return Ok(value);
        }
        let last = i64::try_from(dim.len - 1).ok().and_then(|last| last.checked_mul(dim.stride)?.checked_add(start));
        let last = last.ok_or(Why::TooLarge)?;
        let ty = RegType::pub_int(start.min(last), start.max(last));
        let steps = self.constant(ty, Constant::Range { start, step: dim.stride }, dim.len, site)?;
        let ((al, ah), (bl, bh)) = (self.program.ty(value).range(), ty.range());
        let (Some(lo), Some(hi)) = (al.checked_add(bl), ah.checked_add(bh)) else { return Err(Why::TooLarge) };
        let args = vec![Ref { value, place: old }, Ref { value: steps, place: new }];
        self.emit(Op::Add {}, args, RegType::pub_int(lo, hi), lanes, site)
    }

    /// The view of all turns.
    pub(in crate::passes::vectorise) fn view(&mut self, view: &Ref, site: SiteId) -> Widened<Ref> {
        let turned = self.turned(view, site)?;
        Ok(self.over_turns(turned))
    }

    pub(super) fn over_turns(&self, turned: Turned) -> Ref {
        let mut dims = vec![Dim { stride: turned.step, len: self.turns.count }];
        dims.extend(&turned.place.dims);
        Ref { value: turned.value, place: Place { dims, ..turned.place }.simplified() }
    }
}
