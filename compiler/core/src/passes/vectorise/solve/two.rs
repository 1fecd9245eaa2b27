//! The two best of what the turns bring, as in the second price of an auction: a tree of pairs.
//!
//! ```text
//! if x > best { second = best; best = x; place = i; } else if x > second { second = x; }
//! ```
//!
//! or `second = max(second, min(x, best)); best = max(best, x);`. As in a tournament whose winners carry the best that they have beaten (Knuth, 1998, section 5.3.3), of two pairs the better best is the best of both; the second is the better one of the other best and the winner's own second. That is so whatever the
//! two are before the loop: where a second is above its best there, it counts for as long as that best stays, and in the other form for good.

use super::super::recurrence::Shape;
use super::super::widen::{Why, Widen, Widened, because};
use super::trees::{Column, Elements, Span, decides};
use super::words::Words;
use super::{Handed, Solved, of_both};
use crate::ir::{Constant, Kind, Op, Place, Ref, RegType, SiteId, Slot, ValueId};

/// Some elements: the best of each, its second, where there is one, and what goes with the best.
#[derive(Clone)]
struct Pairs<T> {
    best: T,
    second: Option<T>,
    others: Vec<T>,
}

/// Which of two is better, and which of two equal ones stays.
#[derive(Clone, Copy)]
struct Order {
    greatest: bool,
    first: bool,
    /// Of bests and seconds.
    ty: RegType,
}

impl Order {
    /// What a comparison chooses where it holds, and else.
    fn sides(self, a: Ref, b: Ref) -> [Ref; 2] {
        if self.first { [b, a] } else { [a, b] }
    }
}

impl Elements for Pairs<Column> {
    type Views = Pairs<Ref>;

    fn view(&self, span: &Span) -> Widened<Pairs<Ref>> {
        Ok(Pairs {
            best: self.best.view(span)?,
            second: self.second.as_ref().map(|column| column.view(span)).transpose()?,
            others: self.others.view(span)?,
        })
    }

    fn whole(&self) -> Pairs<Ref> {
        let second = self.second.as_ref().map(Column::whole);
        Pairs { best: self.best.whole(), second, others: self.others.whole() }
    }
}

impl Widen<'_> {
    /// The best, its companions and the second behind the loop, in the order in which they are handed on: the best comes first.
    pub(super) fn two_best(&mut self, handed: &[Handed], shapes: &[Shape]) -> Widened<Vec<Solved>> {
        let site = handed[0].site;
        let others = shapes.iter().skip(1);
        let second = others.take_while(|shape| matches!(shape, Shape::Last(..))).count() + 1;
        let Shape::Extreme { greatest, first, value, .. } = &shapes[0] else {
            return because(site, "this is chosen by what it builds on");
        };
        let turns = self.view(value, site)?;
        let Slot { ty, lanes } = handed[0].slot;
        let own = self.program.ty(turns.value);
        let ty = of_both(ty, own, handed[0].range);
        let ty = of_both(ty, ty, handed[second].range);
        let order = Order { greatest: *greatest, first: *first, ty };
        let (best, best_before) = self.apart(handed[0].init, &turns, ty, lanes, site)?;
        let second_before = vec![Ref::whole(self.renamed(handed[second].init), lanes)];
        let second_before = self.concat_of(second_before, ty, lanes, site)?;
        // The best of what was beaten stays whatever beats the best, and so it does not count before the end.
        let stays = matches!(shapes[second], Shape::Extreme { .. });
        let (mut others, mut before) = (Vec::new(), Vec::new());
        let mut words: Vec<Option<Words>> = Vec::new();
        for (handed, shape) in handed.iter().zip(shapes) {
            let Shape::Last(_, value) = shape else { continue };
            self.turns.in_order(site)?;
            let view = self.view(value, site)?;
            if let Some((column, first, known)) = self.as_words(Some(handed), &view, handed.slot, site)? {
                others.push(column);
                before.extend(first);
                words.push(Some(known));
            } else {
                let range = of_both(handed.slot.ty, self.program.ty(view.value), handed.range);
                let (column, first) = self.apart(handed.init, &view, range, handed.slot.lanes, site)?;
                others.push(column);
                before.push(first);
                words.push(None);
            }
        }
        let ordered = !others.is_empty();
        let before_too = Some(Ref::whole(second_before, lanes)).filter(|_| !stays);
        let before = Pairs { best: best_before, second: before_too, others: before };
        let all = Pairs { best, second: None, others };
        let end = self.halved(all, Some(before), self.turns.count, ordered, |widen, of, pair, len| {
            widen.meet(order, of, pair, len, site)
        })?;
        let mut last = end.second.ok_or(Why::TooLarge)?.value;
        if stays {
            last = self.better(order, [last, second_before], lanes, site)?;
        }
        let mut others = end.others.into_iter().zip(words);
        let mut solved = Vec::with_capacity(shapes.len());
        for (at, shape) in shapes.iter().enumerate() {
            let value = match shape {
                Shape::Last(..) => {
                    let (column, words) = others.next().ok_or(Why::TooLarge)?;
                    words.map_or(Ok(column.value), |words| self.of_words(column.value, words, site))?
                }
                _ if at == second => last,
                _ => end.best.value,
            };
            solved.push(Solved { result: value, turns: None });
        }
        Ok(solved)
    }

    /// `len` elements joined with as many others.
    fn meet(
        &mut self,
        order: Order,
        of: &Pairs<Column>,
        (a, b): (Pairs<Ref>, Pairs<Ref>),
        len: u64,
        site: SiteId,
    ) -> Widened<Pairs<Column>> {
        let Order { greatest, first, ty } = order;
        let each = of.best.each;
        let lanes = len * each;
        let column = |value| Column { value, each };
        let truth = if ty.is_secret() { RegType::BIN_BOOL } else { RegType::PUB_BOOL };
        let pair = if greatest == first { [&a.best, &b.best] } else { [&b.best, &a.best] };
        let less = self.emit(Op::Lt {}, pair.map(Clone::clone).to_vec(), truth, lanes, site)?;
        let best =
            self.select(Ref::whole(less, lanes), order.sides(a.best.clone(), b.best.clone()), ty, lanes, site)?;
        let other = self.other(order, (a.best.clone(), b.best.clone()), (less, best), lanes, site)?;
        let second = if a.second.is_none() && b.second.is_none() {
            other
        } else {
            let [x, y] = [a.second, b.second].map(|second| second.map_or_else(|| self.none(order, lanes, site), Ok));
            let own = self.select(Ref::whole(less, lanes), order.sides(x?, y?), ty, lanes, site)?;
            self.better(order, [other, own], lanes, site)?
        };
        let mut others = Vec::with_capacity(of.others.len());
        for ((column, x), y) in of.others.iter().zip(a.others).zip(b.others) {
            let condition = decides(less, each, column.each, len, site)?;
            let ty = self.program.ty(column.value);
            let value = self.select(condition, order.sides(x, y), ty, len * column.each, site)?;
            others.push(Column { value, ..*column });
        }
        Ok(Pairs { best: column(best), second: Some(column(second)), others })
    }

    /// The worse of two: what is left of their sum without the better one, which takes no messages.
    fn other(
        &mut self,
        order: Order,
        (a, b): (Ref, Ref),
        (less, best): (ValueId, ValueId),
        lanes: u64,
        site: SiteId,
    ) -> Widened<ValueId> {
        let ty = order.ty;
        let (lo, hi) = ty.range();
        let left = |sum: (i64, i64)| Some((sum.0.checked_sub(hi)?, sum.1.checked_sub(lo)?));
        let sum = lo.checked_mul(2).zip(hi.checked_mul(2));
        let (Some(sum), Some(left)) = (sum, sum.and_then(left)) else {
            return self.select(Ref::whole(less, lanes), order.sides(b, a), ty, lanes, site);
        };
        let sum = self.emit(Op::Add {}, vec![a, b], ty.in_range(sum.0, sum.1), lanes, site)?;
        let args = [sum, best].map(|value| Ref::whole(value, lanes)).to_vec();
        let left = self.emit(Op::Sub {}, args, ty.in_range(left.0, left.1), lanes, site)?;
        self.emit(Op::Relabel {}, vec![Ref::whole(left, lanes)], ty, lanes, site)
    }

    /// The better of two, lane by lane.
    fn better(&mut self, order: Order, [a, b]: [ValueId; 2], lanes: u64, site: SiteId) -> Widened<ValueId> {
        let truth = if order.ty.is_secret() { RegType::BIN_BOOL } else { RegType::PUB_BOOL };
        let pair = if order.greatest { [b, a] } else { [a, b] };
        let args = pair.map(|value| Ref::whole(value, lanes)).to_vec();
        let better = self.emit(Op::Lt {}, args, truth, lanes, site)?;
        let sides = [a, b].map(|value| Ref::whole(value, lanes));
        self.select(Ref::whole(better, lanes), sides, order.ty, lanes, site)
    }

    /// The second of an element that has none: what loses against everything.
    fn none(&mut self, order: Order, lanes: u64, site: SiteId) -> Widened<Ref> {
        let (lo, hi) = order.ty.range();
        let word = if order.greatest { lo } else { hi };
        let kind = if order.ty.frac() == 0 { Kind::Int } else { Kind::Fix };
        let known = RegType::Pub { kind, lo: word, hi: word, frac: order.ty.frac() };
        let value: ValueId = self.constant(known, Constant::Words(vec![word]), 1, site)?;
        Ok(Ref { value, place: Place::strided(0, 0, lanes) })
    }
}
