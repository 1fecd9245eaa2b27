//! Follows the code in the order in which it runs and keeps, for each register, what its lanes depend on and how.
//!
//! Loops of known turns are followed turn by turn while that is cheap ([`MOST_STEPS`]), so that counters and indices are numbers; others until another turn
//! changes nothing. Where a public condition is not known, both sides are followed, and what they write depends on the condition too.

use super::Means;
use super::form::{Form, Number, Var, whole};
use super::value::{Deps, Lanes, MOST_ROWS, Value, dims};
use crate::facts::written;
use crate::module::{Bound, Entry, Gate, If, Level, Loop, Module, View, While};
use crate::op::{RoleId, SiteId, SlotId};
use num_traits::Zero;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Gates and runs that are looked at before loops are cut short.
const MOST_STEPS: u64 = 1 << 18;

/// Steps before the analysis is given up.
const LAST_STEP: u64 = 1 << 22;

/// Turns of a loop of unknown length that are followed before what changes is taken to depend on whole columns.
const PATIENCE: u32 = 12;

/// Figures of single roles that are kept apart.
const MOST_FIGURES: usize = 1 << 14;

/// Turns whose disclosures are kept apart.
const MOST_TURNS: usize = 1 << 10;

/// Why something was not analysed exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unclear {
    /// A loop with too many turns to follow, or whose turns nobody knows beforehand.
    Loop,
    /// A view that takes lanes in an order for which there is no short form.
    View,
    /// An index that is known only when the program runs.
    Index,
    /// Running totals of a long column.
    Totals,
    /// A matrix product of large matrices.
    Matrix,
    /// More different figures than are kept apart.
    Figures,
}

/// What forms speak of.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    /// Whose data it comes from; `None` for public inputs.
    pub(super) owner: Option<RoleId>,
    /// How many there are.
    pub(super) lanes: u64,
    /// The least and the greatest raw value of each.
    pub(super) range: (i64, i64),
    /// What it depends on; `None` for a column itself.
    pub(super) made: Option<(Rc<Deps>, SiteId)>,
}

/// A gate that discloses, and what it has disclosed.
#[derive(Clone, Debug)]
pub(super) struct Event<'m> {
    pub(super) gate: &'m Gate,
    /// The calls on the way to it, outermost first.
    pub(super) calls: Vec<SiteId>,
    /// One a turn, unless they were joined.
    pub(super) turns: Vec<Lanes>,
    /// Whether one stands for any number.
    pub(super) joined: bool,
}

pub(super) struct Walk<'m> {
    pub(super) module: &'m Module,
    registers: Vec<Rc<Lanes>>,
    /// What public conditions around the code that is looked at depend on.
    control: Rc<Deps>,
    /// Bounds of counters whose turns are not followed.
    counters: BTreeMap<SlotId, (i64, i64)>,
    calls: Vec<SiteId>,
    /// How many loops are followed until they change nothing.
    settling: u32,
    pub(super) steps: u64,
    pub(super) figures: Vec<Figure>,
    /// How many of these are columns; they come first.
    column_count: usize,
    /// The first column of each input.
    pub(super) columns: Vec<usize>,
    pub(super) events: Vec<Event<'m>>,
    places: BTreeMap<(Vec<SiteId>, usize), usize>,
    pub(super) unclear: BTreeSet<(SiteId, Unclear)>,
}

impl<'m> Walk<'m> {
    pub(super) fn new(module: &'m Module) -> Self {
        let zero = || Value::known(Form::constant(Number::zero(), Number::zero()));
        let registers = module.slots.iter().map(|slot| Rc::new(Lanes::of(slot.lanes, zero()))).collect();
        let (mut columns, mut figures) = (Vec::new(), Vec::new());
        for input in &module.manifest.inputs {
            columns.push(figures.len());
            let owner = input.secret.then_some(input.role);
            for leaf in input.ty.scalars() {
                let range = crate::verify::register(leaf.ty, true).range();
                figures.push(Figure { owner, lanes: leaf.lanes.unwrap_or(u64::MAX), range, made: None });
            }
        }
        Self {
            module,
            registers,
            control: Rc::default(),
            counters: BTreeMap::new(),
            calls: Vec::new(),
            settling: 0,
            steps: 0,
            column_count: figures.len(),
            figures,
            columns,
            events: Vec::new(),
            places: BTreeMap::new(),
            unclear: BTreeSet::new(),
        }
    }

    pub(super) fn levels(&mut self, levels: &'m [Level]) {
        for entry in levels.iter().flat_map(|level| &level.entries) {
            self.steps += 1;
            if self.gave_up() {
                return;
            }
            match entry {
                Entry::Gate(gate) => self.gate(gate),
                Entry::Call { function, site } => {
                    let module = self.module;
                    if let Some(function) = module.functions.get(function.index()) {
                        self.calls.push(*site);
                        self.levels(&function.body);
                        self.calls.pop();
                    }
                }
                Entry::Loop(l) => self.counted(l),
                Entry::While(w) => self.repeated(w),
                Entry::If(i) => self.choice(i),
            }
        }
    }

    /// Whether the module is too large to be analysed: what is known of it is not all.
    pub(super) const fn gave_up(&self) -> bool {
        self.steps > LAST_STEP
    }

    // Control.

    fn counted(&mut self, l: &'m Loop) {
        let mut steered = Deps::default();
        let mut bound = |walk: &Self, bound: Bound| match bound {
            Bound::Const(value) => (Some(value), (value, value)),
            Bound::Slot(slot) => {
                steered = steered.union(&walk.registers[slot.index()].all(), 1);
                (walk.integer(slot), walk.bounds(slot))
            }
        };
        let ((from, (low, _)), (to, (_, high))) = (bound(self, l.from), bound(self, l.to));
        if let (Some(from), Some(to)) = (from, to) {
            let turns = to.saturating_sub(from).max(0).unsigned_abs();
            let cost = turns.saturating_mul(gates(&l.body).saturating_add(1));
            if self.steps.saturating_add(cost) <= MOST_STEPS {
                for turn in from..to {
                    self.steps += 1;
                    let form = Form::constant(whole(turn.into()), Number::zero());
                    self.set(l.counter, Lanes::of(1, Value::known(form)));
                    self.levels(&l.body);
                }
                return;
            }
            self.unclear.insert((l.site, Unclear::Loop));
        }
        let value = Value::new(steered.clone(), None);
        self.set(l.counter, Lanes::of(1, value));
        let before = self.counters.insert(l.counter, (low, high.saturating_sub(1).max(low)));
        let written = written(&[&l.body], self.module);
        self.steered(&steered, |walk| walk.settle(&written, |walk| walk.levels(&l.body)));
        match before {
            Some(bounds) => self.counters.insert(l.counter, bounds),
            None => self.counters.remove(&l.counter),
        };
    }

    fn repeated(&mut self, w: &'m While) {
        let written = written(&[&w.head, &w.body], self.module);
        while !self.gave_up() {
            self.steps += 1;
            self.levels(&w.head);
            match self.integer(w.condition) {
                Some(0) => return,
                Some(_) if self.steps <= MOST_STEPS => self.levels(&w.body),
                Some(_) => {
                    self.unclear.insert((w.site, Unclear::Loop));
                    break;
                }
                None => break,
            }
        }
        let mut steered = Deps::default();
        self.settle(&written, |walk| {
            steered = steered.union(&walk.registers[w.condition.index()].all(), 1);
            walk.steered(&steered.clone(), |walk| {
                walk.levels(&w.body);
                walk.levels(&w.head);
            });
        });
    }

    fn choice(&mut self, i: &'m If) {
        match self.integer(i.condition) {
            Some(0) => return self.levels(&i.otherwise),
            Some(_) => return self.levels(&i.then),
            None => {}
        }
        let written = written(&[&i.then, &i.otherwise], self.module);
        let condition = self.registers[i.condition.index()].all();
        self.steered(&condition, |walk| {
            let before = walk.keep(&written);
            walk.levels(&i.then);
            let then = walk.keep(&written);
            for (slot, lanes) in before {
                walk.registers[slot.index()] = lanes;
            }
            walk.levels(&i.otherwise);
            walk.join(&then);
        });
    }

    /// Does something under the control of values with these dependencies.
    fn steered(&mut self, by: &Deps, work: impl FnOnce(&mut Self)) {
        let mut by = by.clone();
        by.uses.iter_mut().for_each(|one| one.how |= Means::DECIDES);
        let before = self.control.clone();
        self.control = Rc::new(before.union(&by, 1));
        work(self);
        self.control = before;
    }

    /// Runs a turn any number of times, until it changes nothing.
    fn settle(&mut self, written: &BTreeSet<SlotId>, mut turn: impl FnMut(&mut Self)) {
        self.settling += 1;
        for round in 0_u32.. {
            let before = self.keep(written);
            turn(self);
            self.join(&before);
            let changed: Vec<SlotId> = before
                .iter()
                .filter(|(slot, was)| self.registers[slot.index()] != *was)
                .map(|(slot, _)| *slot)
                .collect();
            self.steps += 1;
            if changed.is_empty() || self.gave_up() {
                break;
            }
            if round >= PATIENCE {
                changed.into_iter().for_each(|slot| self.widen(slot));
            }
        }
        self.settling -= 1;
    }

    /// Takes a register to depend on whole columns.
    fn widen(&mut self, slot: SlotId) {
        let lanes = &self.registers[slot.index()];
        let mut all = lanes.all().at_most();
        for one in &mut all.uses {
            let set = super::lanes::LaneSet::of(super::lanes::Block::whole(self.figures[one.column].lanes.into()));
            one.lanes = Rc::new(super::lanes::LaneSet { at_most: true, ..set });
        }
        let len = lanes.len();
        self.registers[slot.index()] = Rc::new(Lanes::of(len, Value::new(all, None)));
    }

    fn keep(&self, slots: &BTreeSet<SlotId>) -> Vec<(SlotId, Rc<Lanes>)> {
        slots.iter().map(|slot| (*slot, self.registers[slot.index()].clone())).collect()
    }

    fn join(&mut self, with: &[(SlotId, Rc<Lanes>)]) {
        for (slot, other) in with {
            let own = &mut self.registers[slot.index()];
            if !Rc::ptr_eq(own, other) {
                *own = Rc::new(own.join(other));
            }
        }
    }

    // Registers.

    fn set(&mut self, slot: SlotId, lanes: Lanes) {
        self.registers[slot.index()] = Rc::new(self.controlled(lanes));
    }

    fn controlled(&self, lanes: Lanes) -> Lanes {
        if self.control.is_empty() {
            return lanes;
        }
        let control = &self.control;
        lanes.map(|len, value| Value { deps: Rc::new(value.deps.union(control, len.into())), form: value.form.clone() })
    }

    /// The integer in a register of one lane, where it is known.
    fn integer(&self, slot: SlotId) -> Option<i64> {
        self.registers[slot.index()].runs.first()?.value.form.as_ref()?.integer(0)
    }

    /// The least and the greatest value of a public register of one lane.
    fn bounds(&self, slot: SlotId) -> (i64, i64) {
        if let Some(value) = self.integer(slot) {
            return (value, value);
        }
        self.counters.get(&slot).copied().unwrap_or_else(|| self.module.slots[slot.index()].ty.range())
    }

    /// The first lane of a view, or the dependencies of an index that is not known, with the lanes that it may reach.
    fn place(&self, view: &View) -> Place {
        let all = self.registers[view.slot.index()].len();
        let Some(index) = view.index else { return Place::At(view.offset) };
        if let Some(value) = self.integer(index.slot) {
            let at = i128::from(view.offset) + i128::from(value) * i128::from(index.stride);
            // An index out of bounds stops the run.
            return u64::try_from(at).ok().filter(|at| *at < all).map_or(Place::Nowhere, Place::At);
        }
        let (low, high) = self.bounds(index.slot);
        let ends = [low, high].map(|value| i128::from(view.offset) + i128::from(value) * i128::from(index.stride));
        let (mut low, mut high) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        for dim in &view.dims {
            // The verifier has not bounded a view with an index.
            let last = i128::from(dim.stride) * i128::from(dim.len.max(1) - 1);
            low = low.saturating_add(last.min(0));
            high = high.saturating_add(last.max(0));
        }
        let mut by = self.registers[index.slot.index()].all();
        by.uses.iter_mut().for_each(|one| one.how |= Means::INDEX);
        let cut = |lane: i128| u64::try_from(lane.clamp(0, i128::from(all.max(1) - 1))).unwrap_or(0);
        Place::Among { low: cut(low), high: cut(high), by }
    }

    /// The lanes that a view names.
    pub(super) fn read(&mut self, view: &View, site: SiteId) -> Lanes {
        let len = view.lanes().unwrap_or(u64::MAX);
        let lanes = self.registers[view.slot.index()].clone();
        if len == 0 || lanes.len() == 0 {
            return Lanes::default();
        }
        let one = |deps: Deps| Lanes::of(len, Value::new(deps, None));
        let found = match self.place(view) {
            Place::Nowhere => one(Deps::default()),
            Place::Among { low, high, by } => {
                self.unclear.insert((site, Unclear::Index));
                one(lanes.part(low, high - low + 1).all().at_most().union(&by, 1))
            }
            Place::At(start) => self.placed(&lanes, start, &dims(view), len, site),
        };
        self.steps += found.runs.len() as u64;
        // What is outside, the run stops at.
        if found.len() == len { found } else { one(found.all()) }
    }

    fn placed(&mut self, lanes: &Lanes, start: u64, dims: &[(i64, u64)], len: u64, site: SiteId) -> Lanes {
        let mut found = Lanes::default();
        match *dims {
            [] => found.take(lanes, start, 0, 1),
            [(stride, len)] => found.take(lanes, start, stride, len),
            [(outer, rows), (inner, len)] if rows <= MOST_ROWS => {
                for row in 0..rows {
                    let first = i128::from(start) + i128::from(outer) * i128::from(row);
                    if let Ok(first) = u64::try_from(first) {
                        found.take(lanes, first, inner, len);
                    }
                }
            }
            _ => {
                let (low, high) = reach(start, dims);
                let part = lanes.part(low, high - low + 1);
                let single = match &part.runs[..] {
                    [run] => run.value.at(0, 0, 1),
                    _ => Value::new(Deps::default(), None),
                };
                let same = part.runs.len() == 1 && part.runs[0].value == single;
                if same {
                    return Lanes::of(len, single);
                }
                self.unclear.insert((site, Unclear::View));
                return Lanes::of(len, Value::new(part.all().at_most(), None));
            }
        }
        found
    }

    pub(super) fn write(&mut self, view: &View, new: Lanes, site: SiteId) {
        if new.len() == 0 {
            return;
        }
        let new = self.controlled(new);
        self.steps += self.registers[view.slot.index()].runs.len() as u64 / 64;
        let place = self.place(view);
        let dims = dims(view);
        let slot = view.slot.index();
        match place {
            Place::Nowhere => {}
            Place::Among { low, high, by } => {
                self.unclear.insert((site, Unclear::Index));
                self.weakly(slot, low, high, &new.all().union(&by, 1));
            }
            Place::At(start) => {
                let lanes = Rc::make_mut(&mut self.registers[slot]);
                match dims[..] {
                    [] | [(1, _)] => lanes.set(start, &new),
                    [(outer, rows), (1, len)] if rows <= MOST_ROWS => {
                        for row in 0..rows {
                            let first = i128::from(start) + i128::from(outer) * i128::from(row);
                            if let Ok(first) = u64::try_from(first) {
                                lanes.set(first, &new.part(row * len, len));
                            }
                        }
                    }
                    _ if new.len() <= MOST_ROWS => {
                        let (outer, rows, inner, len) = match dims[..] {
                            [(inner, len)] => (0, 1, inner, len),
                            [(outer, rows), (inner, len), ..] => (outer, rows, inner, len),
                            [] => (0, 1, 0, 1),
                        };
                        for (at, (i, j)) in (0..rows).flat_map(|i| (0..len).map(move |j| (i, j))).enumerate() {
                            let lane = i128::from(start)
                                + i128::from(outer) * i128::from(i)
                                + i128::from(inner) * i128::from(j);
                            if let Ok(lane) = u64::try_from(lane) {
                                lanes.set(lane, &new.part(at as u64, 1));
                            }
                        }
                    }
                    _ => {
                        let (low, high) = reach(start, &dims);
                        self.unclear.insert((site, Unclear::View));
                        self.weakly(slot, low, high, &new.all());
                    }
                }
            }
        }
    }

    /// Some of these lanes may have become something with these dependencies.
    pub(super) fn weakly(&mut self, slot: usize, low: u64, high: u64, deps: &Deps) {
        let lanes = Rc::make_mut(&mut self.registers[slot]);
        let deps = deps.union(&self.control, 1).at_most();
        let part = lanes.part(low, high.saturating_sub(low) + 1);
        let mixed = part.map(|len, value| Value::new(value.deps.union(&deps, len.into()), None));
        lanes.set(low, &mixed);
    }

    // Disclosures and figures.

    pub(super) fn disclose(&mut self, gate: &'m Gate, lanes: &Lanes) {
        let lanes = self.controlled(lanes.clone());
        let key = (self.calls.clone(), std::ptr::from_ref(gate).addr());
        let at = *self.places.entry(key).or_insert(self.events.len());
        if at == self.events.len() {
            self.events.push(Event { gate, calls: self.calls.clone(), turns: Vec::new(), joined: false });
        }
        let event = &mut self.events[at];
        event.joined |= self.settling > 0;
        if event.turns.len() < MOST_TURNS && !event.joined {
            event.turns.push(lanes);
            return;
        }
        event.joined = true;
        let all = event.turns.drain(..).reduce(|a, b| a.join(&b));
        event.turns.push(all.map_or(lanes.clone(), |all| all.join(&lanes)));
    }

    /// A value of these dependencies; where it has no form and comes from one role's data alone, it is a figure of that role.
    pub(super) fn value(&mut self, deps: Deps, form: Option<Form>, len: u64, gate: &Gate) -> Value {
        if form.is_some() || self.settling > 0 || deps.random {
            return Value::new(deps, form);
        }
        let mut owners = deps.uses.iter().filter_map(|one| self.figures[one.column].owner);
        let Some(first) = owners.next() else { return Value::new(deps, None) };
        if !owners.all(|owner| owner == first) {
            return Value::new(deps, None);
        }
        if self.figures.len() - self.column_count >= MOST_FIGURES {
            self.unclear.insert((gate.site, Unclear::Figures));
            return Value::new(deps, None);
        }
        let var = Var(self.figures.len());
        let range = gate.dst.as_ref().map_or((0, 1), |dst| self.module.slots[dst.slot.index()].ty.range());
        let deps = Rc::new(deps);
        let made = Some((deps.clone(), gate.site));
        self.figures.push(Figure { owner: Some(first), lanes: len, range, made });
        Value { deps, form: Some(Rc::new(Form::variable(var).at(0, 1, len.into()))) }
    }
}

/// Where a view starts.
enum Place {
    At(u64),
    /// Outside the register.
    Nowhere,
    Among {
        low: u64,
        high: u64,
        by: Deps,
    },
}

/// The least and the greatest lane of a view.
fn reach(start: u64, dims: &[(i64, u64)]) -> (u64, u64) {
    let (mut low, mut high) = (i128::from(start), i128::from(start));
    for (stride, len) in dims {
        let last = i128::from(*stride) * i128::from(len.max(&1) - 1);
        low += last.min(0);
        high += last.max(0);
    }
    (u64::try_from(low).unwrap_or(0), u64::try_from(high).unwrap_or(u64::MAX))
}

/// Gates of some code, each counted once.
fn gates(levels: &[Level]) -> u64 {
    levels
        .iter()
        .flat_map(|level| &level.entries)
        .map(|entry| match entry {
            Entry::Gate(_) | Entry::Call { .. } => 1,
            Entry::Loop(l) => {
                let turns = match (l.from, l.to) {
                    (Bound::Const(from), Bound::Const(to)) => to.saturating_sub(from).max(0).unsigned_abs(),
                    _ => 1,
                };
                gates(&l.body).saturating_mul(turns)
            }
            Entry::While(w) => gates(&w.head).saturating_add(gates(&w.body)),
            Entry::If(i) => gates(&i.then).saturating_add(gates(&i.otherwise)),
        })
        .fold(0, u64::saturating_add)
}
