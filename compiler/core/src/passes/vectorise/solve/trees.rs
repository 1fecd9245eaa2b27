//! Trees and prefixes of elements that are joined in pairs.

use super::super::widen::{Why, Widen, Widened, because};
use super::{Handed, PAIRINGS, Solved, of_both};
use crate::ir::{Concat, Dim, Inst, Op, Place, Ref, RegType, SiteId, Slot, ValueId, copies};
use crate::passes::ranges;
use smpc_bytecode::interval::Interval;

/// A vector of elements, each of so many lanes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) value: ValueId,
    pub(super) each: u64,
}

/// Elements of a column: the first, and dimensions in elements.
#[derive(Clone, Debug)]
pub(super) struct Span {
    start: u64,
    dims: Vec<Dim>,
}

/// How two elements become one; the first of them comes from the earlier turns.
#[derive(Clone, Copy, Debug)]
pub(super) enum Join {
    /// By the order of the first column.
    Extreme { greatest: bool, first: bool },
    /// The second where the first column of it holds.
    Last,
    /// The second where the first column of it holds or the order says so, by the second column.
    Reset { greatest: bool },
    /// By a gate.
    Gate(Op),
}

/// What a tree joins: elements of several columns, all as many.
pub(super) trait Elements: Sized {
    /// Some of the elements.
    type Views;

    /// Those of a span.
    fn view(&self, span: &Span) -> Widened<Self::Views>;

    /// The only one.
    fn whole(&self) -> Self::Views;
}

impl Elements for Vec<Column> {
    type Views = Vec<Ref>;

    fn view(&self, span: &Span) -> Widened<Vec<Ref>> {
        self.iter().map(|column| column.view(span)).collect()
    }

    fn whole(&self) -> Vec<Ref> {
        self.iter().map(Column::whole).collect()
    }
}

impl Column {
    pub(super) fn whole(&self) -> Ref {
        Ref::whole(self.value, self.each)
    }

    pub(super) fn view(&self, span: &Span) -> Widened<Ref> {
        Ok(Ref { value: self.value, place: span.place(self.each).ok_or(Why::TooLarge)? })
    }
}

impl Span {
    pub(super) fn run(start: u64, stride: i64, len: u64) -> Self {
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

impl Widen<'_> {
    pub(super) fn tree(&mut self, handed: &Handed, join: Join, value: &Ref, each: bool) -> Widened<Solved> {
        let Slot { ty, lanes } = handed.slot;
        let site = handed.site;
        let view = self.view(value, site)?;
        // Truth values and words have the bits of their type, whichever those of single turns are.
        let of_all = match join {
            Join::Gate(Op::And {} | Op::Or {} | Op::Xor {}) => ty,
            _ => of_both(ty, self.program.ty(view.value), handed.range),
        };
        let (lo, hi) = of_all.range();
        let range = Interval::new(lo.into(), hi.into());
        if let (Join::Gate(Op::Mul {}), true, false) = (join, each, range.mul(range).within(range)) {
            return because(site, "a product of some of these turns may leave the range of the whole");
        }
        if each {
            self.turns.in_order(site)?;
            let column = self.elements(handed.init, &view, of_all, lanes, site)?;
            let mut all = self.prefix(join, vec![column], self.turns.count + 1, PAIRINGS, site)?;
            let column = all.pop().ok_or(Why::TooLarge)?;
            return self.split(column, ty, site);
        }
        let (column, first) = self.apart(handed.init, &view, of_all, lanes, site)?;
        let mut end = self.reduce(join, vec![column], Some(vec![first]), self.turns.count, false, site)?;
        Ok(Solved { result: end.pop().ok_or(Why::TooLarge)?.value, turns: None })
    }

    /// What each turn brings, and what is before the loop, both of one type.
    pub(super) fn apart(
        &mut self,
        init: ValueId,
        turns: &Ref,
        ty: RegType,
        each: u64,
        site: SiteId,
    ) -> Widened<(Column, Ref)> {
        let lanes = self.lanes_of(each)?;
        let value = self.concat_of(vec![turns.clone()], ty, lanes, site)?;
        let first = self.concat_of(vec![Ref::whole(self.renamed(init), each)], ty, each, site)?;
        Ok((Column { value, each }, Ref::whole(first, each)))
    }

    /// What is before the loop, and then what each turn brings.
    pub(super) fn elements(
        &mut self,
        init: ValueId,
        turns: &Ref,
        ty: RegType,
        each: u64,
        site: SiteId,
    ) -> Widened<Column> {
        let lanes = self.lanes_of(each)?.checked_add(each).ok_or(Why::TooLarge)?;
        let result = self.concat_of(vec![Ref::whole(self.renamed(init), each), turns.clone()], ty, lanes, site)?;
        Ok(Column { value: result, each })
    }

    /// Parts one after another; where the range of one does not lie in that of the whole, it is known to.
    pub(super) fn concat_of(&mut self, parts: Vec<Ref>, ty: RegType, lanes: u64, site: SiteId) -> Widened<ValueId> {
        let mut fitting = Vec::with_capacity(parts.len());
        for part in parts {
            let own = self.program.ty(part.value);
            let len = part.lanes();
            fitting.push(if copies(own, ty) {
                let copy = self.emit(Op::Copy {}, vec![part], own, len, site)?;
                Ref::whole(copy, len)
            } else {
                let (lo, hi) = ty.range();
                let copy = self.emit(Op::Relabel {}, vec![part], own.in_range(lo, hi), len, site)?;
                Ref::whole(copy, len)
            });
        }
        let result = self.program.value(Slot { ty, lanes }, "");
        self.out.push(Inst::Concat(Concat { parts: fitting, result, site }));
        Ok(result)
    }

    /// All elements joined to one, by [`Self::halved`].
    pub(super) fn reduce(
        &mut self,
        join: Join,
        columns: Vec<Column>,
        apart: Option<Vec<Ref>>,
        count: u64,
        ordered: bool,
        site: SiteId,
    ) -> Widened<Vec<Column>> {
        self.halved(columns, apart, count, ordered, |widen, of, (a, b), len| {
            widen.join_views(join, of, a.into_iter().zip(b).collect(), len, site)
        })
    }

    /// All elements joined to one: `meet` joins so many of them with as many others. One may stand by itself before the others: a first one, or the first of an
    /// odd number. So no element moves to make room for another one.
    pub(super) fn halved<T: Elements>(
        &mut self,
        mut all: T,
        mut apart: Option<T::Views>,
        mut count: u64,
        ordered: bool,
        mut meet: impl FnMut(&mut Self, &T, (T::Views, T::Views), u64) -> Widened<T>,
    ) -> Widened<T> {
        let mut last = None;
        while count > 1 || count == 1 && apart.is_some() {
            let (half, odd) = (count / 2, count % 2);
            if odd == 1 {
                let own = all.view(&Span::run(0, 1, 1))?;
                apart = Some(match apart {
                    None => own,
                    Some(before) => {
                        let joined = meet(self, &all, (before, own), 1)?;
                        let views = joined.whole();
                        last = Some(joined);
                        views
                    }
                });
            }
            if half > 0 {
                let (a, b) = if ordered {
                    (Span::run(odd, 2, half), Span::run(odd + 1, 2, half))
                } else {
                    (Span::run(odd, 1, half), Span::run(odd + half, 1, half))
                };
                all = meet(self, &all, (all.view(&a)?, all.view(&b)?), half)?;
            }
            count = half;
        }
        // The element that stood by itself was joined with the last of the others.
        if count == 0 { last.ok_or(Why::TooLarge) } else { Ok(all) }
    }

    /// Each element joined with all before it.
    pub(super) fn prefix(
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
        let mut views = Vec::with_capacity(columns.len());
        for column in columns {
            views.push((column.view(a)?, column.view(b)?));
        }
        self.join_views(join, columns, views, a.len(), site)
    }

    /// Joins `len` elements of each column with as many others.
    fn join_views(
        &mut self,
        join: Join,
        columns: &[Column],
        views: Vec<(Ref, Ref)>,
        len: u64,
        site: SiteId,
    ) -> Widened<Vec<Column>> {
        let mut joined = Vec::with_capacity(columns.len());
        match join {
            Join::Gate(op) => {
                for (column, (x, y)) in columns.iter().zip(views) {
                    let ty = self.program.ty(column.value);
                    let lanes = len * column.each;
                    let value = if let Op::Mul {} = op {
                        let range = |of: &Ref| ranges::of(self.program, of.value);
                        let (own, product) = (range(&Ref::whole(column.value, 1)), range(&x).mul(range(&y)));
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
}

/// The truth values of elements as conditions for a column of other lanes.
pub(super) fn decides(value: ValueId, each: u64, lanes: u64, len: u64, site: SiteId) -> Widened<Ref> {
    if each == lanes {
        return Ok(Ref::whole(value, len * lanes));
    }
    if each != 1 {
        return because(site, "one of several comparisons decides about values of other lengths");
    }
    let place = Place::grid(0, Dim { stride: 1, len }, Dim { stride: 0, len: lanes });
    Ok(Ref { value, place })
}
