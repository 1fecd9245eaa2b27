//! What the lanes of a register hold: runs of lanes, each with what it depends on and, where it is affine, its form.

use super::Means;
use super::form::Form;
use super::lanes::LaneSet;
use crate::module::View;
use std::rc::Rc;

/// Runs of a register before it is taken as one.
pub(super) const MOST_RUNS: usize = 1 << 13;

/// Rows of a view of two dimensions that are followed one by one.
pub(super) const MOST_ROWS: u64 = 1 << 12;

/// A column of an input that a value depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Use {
    /// Number of the column.
    pub(super) column: usize,
    /// Through which kinds of operations.
    pub(super) how: Means,
    /// Which of its lanes.
    pub(super) lanes: Rc<LaneSet>,
}

/// What a value depends on.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Deps {
    /// In order of the columns.
    pub(super) uses: Vec<Use>,
    /// Whether random bits that nobody knows have a part in it.
    pub(super) random: bool,
    /// Whether a stochastic truncation has.
    pub(super) stochastic: bool,
}

impl Deps {
    fn is_still(&self) -> bool {
        self.uses.iter().all(|one| one.lanes.is_still())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.uses.is_empty() && !self.random && !self.stochastic
    }

    fn with(&self, lanes: impl Fn(&LaneSet) -> LaneSet) -> Self {
        let uses = self.uses.iter().map(|one| {
            let lanes = if one.lanes.is_still() { one.lanes.clone() } else { Rc::new(lanes(&one.lanes)) };
            Use { lanes, ..one.clone() }
        });
        Self { uses: uses.collect(), ..*self }
    }

    /// Both, at each of `len` lanes.
    pub(super) fn union(&self, other: &Self, len: i128) -> Self {
        let mut uses = Vec::with_capacity(self.uses.len().max(other.uses.len()));
        let (mut a, mut b) = (self.uses.iter().peekable(), other.uses.iter().peekable());
        while let Some(next) = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) if x.column == y.column => {
                let lanes = if Rc::ptr_eq(&x.lanes, &y.lanes) || x.lanes == y.lanes {
                    x.lanes.clone()
                } else {
                    Rc::new(x.lanes.union(&y.lanes, len))
                };
                let both = Use { column: x.column, how: x.how | y.how, lanes };
                a.next();
                b.next();
                Some(both)
            }
            (Some(x), y) if y.is_none_or(|y| x.column < y.column) => a.next().cloned(),
            _ => b.next().cloned(),
        } {
            uses.push(next);
        }
        Self { uses, random: self.random || other.random, stochastic: self.stochastic || other.stochastic }
    }
}

/// What the lanes of a run hold, at lane i.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) deps: Rc<Deps>,
    /// `None` where it is not affine, or not known to be.
    pub(super) form: Option<Rc<Form>>,
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        let deps = Rc::ptr_eq(&self.deps, &other.deps) || self.deps == other.deps;
        let forms = match (&self.form, &other.form) {
            (Some(a), Some(b)) => Rc::ptr_eq(a, b) || a == b,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        deps && forms
    }
}

impl Value {
    pub(super) fn new(deps: Deps, form: Option<Form>) -> Self {
        Self { deps: Rc::new(deps), form: form.map(Rc::new) }
    }

    pub(super) fn known(form: Form) -> Self {
        Self::new(Deps::default(), Some(form))
    }

    /// The value whose lane i is lane `offset + i·stride` of this one.
    pub(super) fn at(&self, offset: i128, stride: i128, len: i128) -> Self {
        let deps = if self.deps.is_still() {
            self.deps.clone()
        } else {
            Rc::new(self.deps.with(|lanes| lanes.at(offset, stride, len)))
        };
        Self { deps, form: self.form.as_ref().map(|form| Rc::new(form.at(offset, stride, len))) }
    }

    fn extended(&self, len: i128, other: &Self, more: i128) -> Option<Self> {
        let form = match (&self.form, &other.form) {
            (None, None) => None,
            (Some(a), Some(b)) => Some(Rc::new(a.extended(len, b, more)?)),
            (Some(_), None) | (None, Some(_)) => return None,
        };
        let deps = if Rc::ptr_eq(&self.deps, &other.deps) && self.deps.is_still() {
            self.deps.clone()
        } else {
            let (a, b) = (&self.deps, &other.deps);
            if a.uses.len() != b.uses.len() || (a.random, a.stochastic) != (b.random, b.stochastic) {
                return None;
            }
            let uses = a.uses.iter().zip(&b.uses).map(|(x, y)| {
                let alike = x.column == y.column && x.how == y.how;
                if Rc::ptr_eq(&x.lanes, &y.lanes) && x.lanes.is_still() {
                    return alike.then(|| x.clone());
                }
                let lanes = x.lanes.extended(len, &y.lanes, more).filter(|_| alike)?;
                Some(Use { lanes: Rc::new(lanes), ..x.clone() })
            });
            Rc::new(Deps { uses: uses.collect::<Option<_>>()?, ..**a })
        };
        Some(Self { deps, form })
    }

    /// What one lane depends on that is all of `len` lanes together.
    pub(super) fn over(&self, len: i128) -> Rc<Deps> {
        if self.deps.is_still() { self.deps.clone() } else { Rc::new(self.deps.with(|lanes| lanes.over(len))) }
    }

    /// Either of two.
    pub(super) fn join(&self, other: &Self, len: i128) -> Self {
        if self == other {
            return self.clone();
        }
        let same = self.form == other.form;
        Self { deps: Rc::new(self.deps.union(&other.deps, len)), form: self.form.clone().filter(|_| same) }
    }
}

/// Lanes up to `end`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run {
    pub(super) end: u64,
    pub(super) value: Value,
}

/// The lanes of a register or operand, in runs.
#[derive(Clone, Debug, PartialEq, Default)]
pub(super) struct Lanes {
    pub(super) runs: Vec<Run>,
}

impl Lanes {
    pub(super) fn of(len: u64, value: Value) -> Self {
        let mut lanes = Self::default();
        lanes.push(len, value);
        lanes
    }

    pub(super) fn len(&self) -> u64 {
        self.runs.last().map_or(0, |run| run.end)
    }

    /// Adds lanes at the end.
    pub(super) fn push(&mut self, len: u64, value: Value) {
        if len == 0 {
            return;
        }
        let end = self.len();
        let start = self.runs.len().checked_sub(2).map_or(0, |before| self.runs[before].end);
        if let Some(last) = self.runs.last_mut()
            && let Some(longer) = last.value.extended((end - start).into(), &value, len.into())
        {
            *last = Run { end: end + len, value: longer };
            return;
        }
        self.runs.push(Run { end: end + len, value });
    }

    /// Runs with the first lane and the number of each.
    pub(super) fn each(&self) -> impl Iterator<Item = (u64, u64, &Value)> {
        let mut start = 0;
        self.runs.iter().map(move |run| {
            let from = std::mem::replace(&mut start, run.end);
            (from, run.end - from, &run.value)
        })
    }

    /// The run that holds a lane: its first lane, its end and its value.
    fn holding(&self, lane: u64) -> Option<(u64, u64, &Value)> {
        let place = self.runs.partition_point(|run| run.end <= lane);
        let run = self.runs.get(place)?;
        let start = place.checked_sub(1).map_or(0, |before| self.runs[before].end);
        Some((start, run.end, &run.value))
    }

    /// Adds `len` lanes of `from`, the first at `start` and each `stride` further. Lanes that it does not have are left out.
    pub(super) fn take(&mut self, from: &Self, start: u64, stride: i64, len: u64) {
        let mut lane = start;
        let mut left = len;
        while left > 0 {
            let Some((first, end, value)) = from.holding(lane) else { return };
            let offset = i128::from(lane - first);
            let fit = match stride {
                0 => left,
                1.. => ((end - 1 - lane) / stride.unsigned_abs() + 1).min(left),
                _ => ((lane - first) / stride.unsigned_abs() + 1).min(left),
            };
            self.push(fit, value.at(offset, stride.into(), fit.into()));
            left -= fit;
            let next = i128::from(lane) + i128::from(stride) * i128::from(fit);
            match u64::try_from(next) {
                Ok(next) => lane = next,
                Err(_) => return,
            }
        }
    }

    /// A part of it.
    pub(super) fn part(&self, start: u64, len: u64) -> Self {
        let mut part = Self::default();
        part.take(self, start, 1, len);
        part
    }

    /// What a single lane would depend on that is all lanes together.
    pub(super) fn all(&self) -> Deps {
        let mut runs = self.each();
        let Some((_, len, first)) = runs.next() else { return Deps::default() };
        let mut all = (*first.over(len.into())).clone();
        for (_, len, value) in runs {
            let more = value.over(len.into());
            all = all.union(&more, 1);
        }
        all
    }

    /// Several lane by lane, of equal length: where a run of any of them ends, all are cut.
    pub(super) fn cut(all: &[Self], mut each: impl FnMut(u64, &[Value])) {
        let mut start = 0;
        let mut places = vec![0_usize; all.len()];
        let mut values = Vec::with_capacity(all.len());
        loop {
            let runs: Option<Vec<&Run>> =
                all.iter().zip(&places).map(|(lanes, place)| lanes.runs.get(*place)).collect();
            let Some(runs) = runs else { return };
            let Some(end) = runs.iter().map(|run| run.end).min() else { return };
            values.clear();
            for ((lanes, place), run) in all.iter().zip(&mut places).zip(runs) {
                let first = place.checked_sub(1).map_or(0, |before| lanes.runs[before].end);
                let whole = first == start && run.end == end;
                let part = || run.value.at((start - first).into(), 1, (end - start).into());
                values.push(if whole { run.value.clone() } else { part() });
                *place += usize::from(run.end == end);
            }
            each(end - start, &values);
            start = end;
        }
    }

    /// Either of two, lane by lane; of equal length.
    pub(super) fn join(&self, other: &Self) -> Self {
        if self == other {
            return self.clone();
        }
        let mut result = Self::default();
        Self::cut(&[self.clone(), other.clone()], |len, values| {
            result.push(len, values[0].join(&values[1], len.into()));
        });
        result
    }

    pub(super) fn map(&self, mut each: impl FnMut(u64, &Value) -> Value) -> Self {
        let mut result = Self::default();
        for (_, len, value) in self.each() {
            result.push(len, each(len, value));
        }
        result
    }

    /// Replaces lanes from `start` on.
    pub(super) fn set(&mut self, start: u64, new: &Self) {
        let end = start + new.len();
        let all = self.len();
        if new.len() == 0 || end > all {
            return;
        }
        let first = self.runs.partition_point(|run| run.end <= start);
        let last = self.runs.partition_point(|run| run.end < end);
        // The runs that are touched, and their neighbours, which the new ones may continue.
        let from = first.saturating_sub(1);
        let to = (last + 1).min(self.runs.len() - 1);
        let low = from.checked_sub(1).map_or(0, |before| self.runs[before].end);
        let high = self.runs[to].end;
        let mut between = Self::default();
        between.take(self, low, 1, start - low);
        for (_, len, value) in new.each() {
            between.push(len, value.clone());
        }
        between.take(self, end, 1, high - end);
        let moved = between.runs.into_iter().map(|run| Run { end: run.end + low, ..run });
        self.runs.splice(from..=to, moved);
        if self.runs.len() > MOST_RUNS {
            *self = Self::of(all, Value::new(self.all().at_most(), None));
        }
    }
}

impl Deps {
    /// The same, where lanes may be too many.
    pub(super) fn at_most(mut self) -> Self {
        for one in &mut self.uses {
            one.lanes = Rc::new(LaneSet { at_most: true, ..(*one.lanes).clone() });
        }
        self
    }
}

/// The view that names the same lanes with as few dimensions as it takes, without its index: pairs of stride and length, outer first.
pub(super) fn dims(view: &View) -> Vec<(i64, u64)> {
    let mut dims: Vec<(i64, u64)> = view.dims.iter().map(|dim| (dim.stride, dim.len)).collect();
    if dims.iter().any(|dim| dim.1 == 0) {
        return vec![(1, 0)];
    }
    dims.retain(|dim| dim.1 != 1);
    if let [(outer, rows), (inner, len)] = dims[..]
        && i64::try_from(len).ok().and_then(|len| inner.checked_mul(len)) == Some(outer)
        && let Some(all) = rows.checked_mul(len)
    {
        dims = vec![(inner, all)];
    }
    dims
}
