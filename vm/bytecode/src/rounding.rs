//! How far rounding may take each `fix` output of a module from exact arithmetic on the same inputs.
//!
//! One pass over the code in the order in which it runs keeps, for each register, a bound on |exact − held| over its lanes, in units of its last place: `exact`
//! is what the program would hold if every product, quotient and root were a real number, `held` is what the machine holds. Magnitudes come from the ranges
//! of registers. With bounds a and b of the operands A and B:
//!
//! | operation | bound of the result |
//! | --- | --- |
//! | `const`, input, random bits | 0 |
//! | `const_rounded` | ½ |
//! | `copy`, `relabel`, `open`, `gather`, … | a |
//! | `add`, `sub`; `sum`, `prefix_sum` of n | a + b; n · a |
//! | `mul`; `dot`, `matmul` of n | \|A\| · b + \|B\| · a + a · b; n times that |
//! | `round{k}`; `trunc_stochastic{k}` | a / 2^k + ½; a / 2^k + 1 |
//! | `trunc{k}`, `div` | 0 of exact operands: truncation is what `as int` and integer division mean. Else the bound of the quotient, + 1 |
//! | `fix_div{k}` | (2^k · a + \|Q\| · b) / (m − b) + ½ for a quotient Q, where \|B\| ≥ m > b; else none |
//! | `sqrt{k}` | √(2^k · a) + ½, as \|√x − √y\| ≤ √\|x − y\|; less where the operand is not near 0 |
//! | `select` by an exact condition | max(a, b) |
//! | the same by `A < B` between A and B (`min`, `max`, `clamp`), or between −A and A by `A < 0` (`abs`) | max(a, b): both are continuous |
//! | `sort` of one column | a: the k-th least of numbers moves no further than they do |
//! | anything else of rounded numbers: comparisons that decide, remainders, bits, indices | none, with the reason |
//!
//! Loops with known turns are followed turn by turn as long as that is cheap ([`MOST_STEPS`]), others until a turn changes nothing; a bound that still
//! grows then is none. Sides of an `if` are joined. All is computed in floating point, with a bit more than its rounding added.

use crate::facts::written;
use crate::module::{Bound as TurnBound, Constant, Dim, Entry, Gate, If, Level, Loop, Module, View, While};
use crate::op::{Op, SiteId, SlotId};
use crate::types::{DataType, RegType};
use std::collections::BTreeSet;
use std::fmt;

/// Gates that are looked at before loops are cut short.
pub const MOST_STEPS: u64 = 1 << 18;

/// Entries that are looked at before no bound is said of anything.
const LAST_ENTRY: u64 = 1 << 24;

/// Turns of a loop of unknown length that are followed in the hope that they change nothing more.
const PATIENCE: u32 = 32;

/// Parts of a register that are kept apart.
const MOST_PARTS: usize = 64;

/// Why there is no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A truth value that rounding may change decides what is computed.
    Decision,
    /// A divisor that lies too near 0 for the error that it has.
    Divisor,
    /// The remainder of a rounded number.
    Remainder,
    /// A loop whose turns are too many to follow, or not known.
    Turns,
    /// The bits of a rounded number.
    Bits,
    /// Arithmetic modulo 2^64 of a rounded number.
    Wrapping,
    /// A rounded number says which elements are meant, or how often something runs.
    Place,
    /// Rows are put in order by rounded numbers.
    Order,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Decision => "a comparison of rounded numbers decides",
            Self::Divisor => "a rounded divisor may be 0",
            Self::Remainder => "a remainder of rounded numbers jumps",
            Self::Turns => "it grows in a loop of many or unknown turns",
            Self::Bits => "it depends on the bits of a rounded number",
            Self::Wrapping => "a rounded number enters arithmetic modulo 2^64",
            Self::Place => "a rounded number decides which element is meant, or how often a loop runs",
            Self::Order => "rows are put in order by rounded numbers",
        })
    }
}

/// What is known of |exact − held|.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// At most so many units of the last place.
    Units(f64),
    /// No bound: why, and where.
    None(Cause, SiteId),
}

/// What is known of some lanes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rounding {
    /// How far from exact arithmetic.
    pub bound: Bound,
    /// Whether a stochastic truncation has a part in them.
    pub stochastic: bool,
}

impl Rounding {
    const EXACT: Self = Self { bound: Bound::Units(0.0), stochastic: false };

    /// Of lanes of which some are these and some the others.
    fn join(self, other: Self) -> Self {
        let bound = match (self.bound, other.bound) {
            (Bound::Units(a), Bound::Units(b)) => Bound::Units(a.max(b)),
            (none @ Bound::None(..), _) | (_, none) => none,
        };
        Self { bound, stochastic: self.stochastic || other.stochastic }
    }
}

/// An output of a module that holds `fix` numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputRounding {
    /// Its name.
    pub name: String,
    /// Fractional bits of the leaf that is furthest off: a unit of its last place is 2^−frac.
    pub frac: u32,
    /// What is known of it.
    pub rounding: Rounding,
}

/// What is known of the `fix` numbers of each output, in order; outputs without any are left out. The module has been verified.
#[must_use]
pub fn outputs(module: &Module) -> Vec<OutputRounding> {
    let mut walk = Walk::new(module);
    walk.levels(&module.main);
    let mut found = Vec::new();
    for (at, output) in module.manifest.outputs.iter().enumerate() {
        let mut worst: Option<(u32, Rounding)> = None;
        for (leaf, ty) in output.ty.leaves().iter().enumerate() {
            let DataType::Fix { frac, .. } = ty.scalar else { continue };
            let of = walk.told.iter().find(|(place, _)| *place == (at, leaf)).map_or(Rounding::EXACT, |(_, of)| *of);
            let unknown = Rounding { bound: Bound::None(Cause::Turns, SiteId(u32::MAX)), stochastic: of.stochastic };
            let of = if walk.gave_up() { unknown } else { of };
            worst = Some(match worst {
                Some((other, so_far)) => {
                    let further = absolute(of.bound, frac) > absolute(so_far.bound, other);
                    let both = of.stochastic || so_far.stochastic;
                    let (frac, of) = if further { (frac, of) } else { (other, so_far) };
                    (frac, Rounding { stochastic: both, ..of })
                }
                None => (frac, of),
            });
        }
        if let Some((frac, rounding)) = worst {
            found.push(OutputRounding { name: output.name.clone(), frac, rounding });
        }
    }
    found
}

/// A bound as a number; infinite where there is none.
#[must_use]
pub fn absolute(bound: Bound, frac: u32) -> f64 {
    match bound {
        Bound::Units(units) => units / power(frac),
        Bound::None(..) => f64::INFINITY,
    }
}

/// Gates of the module that truncate stochastically, and the lanes that these have, each counted once however often it runs.
#[must_use]
pub fn stochastic_gates(module: &Module) -> (u64, u64) {
    let mut found = (0, 0_u64);
    crate::facts::walk(module, &mut |gate| {
        if let Op::TruncStochastic { .. } = gate.op {
            let lanes = gate.dst.as_ref().and_then(View::lanes).unwrap_or(0);
            found = (found.0 + 1, found.1.saturating_add(lanes));
        }
    });
    found
}

/// 2^bits.
fn power(bits: u32) -> f64 {
    2_f64.powi(bits.min(1000).cast_signed())
}

/// A little more than a result of a few operations in floating point, so that it bounds the exact one.
fn up(value: f64) -> f64 {
    value * (1.0 + 16.0 * f64::EPSILON)
}

/// A little less than a result of a few operations in floating point on positive numbers.
fn below(value: f64) -> f64 {
    value * (1.0 - 64.0 * f64::EPSILON)
}

/// At most a − b, of positive numbers.
fn less(a: f64, b: f64) -> f64 {
    a - b - a * (4.0 * f64::EPSILON)
}

#[allow(clippy::cast_precision_loss, reason = "rounded up afterwards")]
fn float(value: i128) -> f64 {
    up(value as f64)
}

/// How lanes of a register were made, for the choices that are continuous.
#[derive(Clone, Debug)]
enum Made {
    Copy(View),
    Negated(View),
    /// Whether a < b, or its opposite.
    Less {
        a: View,
        b: View,
        opposite: bool,
    },
    /// The same number in all lanes.
    Word(i64),
}

/// What a register holds.
#[derive(Clone, Debug)]
struct Register {
    /// Neighbouring lanes by the first lane behind them, in order; the last part ends with the register.
    parts: Vec<(u64, Rounding)>,
    /// How the whole of it was made, with the registers that this names and how often those had been written.
    made: Option<(Made, Vec<(SlotId, u64)>)>,
    /// How often it was written.
    writes: u64,
}

struct Walk<'m> {
    module: &'m Module,
    registers: Vec<Register>,
    /// By output and leaf.
    told: Vec<((usize, usize), Rounding)>,
    steps: u64,
    /// Entries that were looked at.
    entries: u64,
}

impl<'m> Walk<'m> {
    fn new(module: &'m Module) -> Self {
        let of = |lanes: u64| Register { parts: vec![(lanes, Rounding::EXACT)], made: None, writes: 0 };
        let registers = module.slots.iter().map(|slot| of(slot.lanes)).collect();
        Self { module, registers, told: Vec::new(), steps: 0, entries: 0 }
    }

    fn levels(&mut self, levels: &[Level]) {
        for entry in levels.iter().flat_map(|level| &level.entries) {
            self.entries += 1;
            if self.gave_up() {
                return;
            }
            match entry {
                Entry::Gate(gate) => self.gate(gate),
                Entry::Call { function, .. } => {
                    let module = self.module;
                    if let Some(function) = module.functions.get(function.index()) {
                        self.levels(&function.body);
                    }
                }
                Entry::Loop(l) => self.counted(l),
                Entry::While(w) => self.repeated(w),
                Entry::If(i) => self.choice(i),
            }
        }
    }

    const fn gave_up(&self) -> bool {
        self.entries > LAST_ENTRY
    }

    // Control.

    fn counted(&mut self, l: &Loop) {
        let steered = [l.from, l.to].into_iter().fold(Rounding::EXACT, |all, bound| match bound {
            TurnBound::Const(_) => all,
            TurnBound::Slot(slot) => all.join(self.whole(slot)),
        });
        self.set(l.counter, steered);
        let turns = match (l.from, l.to) {
            (TurnBound::Const(from), TurnBound::Const(to)) => Some(to.saturating_sub(from).max(0)),
            _ => None,
        };
        let written = written(&[&l.body], self.module);
        let mut left = turns;
        while let Some(more) = left.filter(|more| *more > 0) {
            self.entries += 1;
            if self.gave_up() {
                return;
            }
            if self.steps > MOST_STEPS {
                return self.settle(&written, l.site, |walk| walk.levels(&l.body));
            }
            let before = self.keep(&written);
            self.levels(&l.body);
            if self.same(&before) {
                break;
            }
            left = Some(more - 1);
        }
        if turns.is_none() {
            self.settle(&written, l.site, |walk| walk.levels(&l.body));
            self.steer(&written, steered, l.site);
        }
    }

    fn repeated(&mut self, w: &While) {
        let written = written(&[&w.head, &w.body], self.module);
        // The head runs once more than the body.
        self.levels(&w.head);
        self.settle(&written, w.site, |walk| {
            walk.levels(&w.body);
            walk.levels(&w.head);
        });
        let steered = self.whole(w.condition);
        self.steer(&written, steered, w.site);
    }

    fn choice(&mut self, i: &If) {
        let written = written(&[&i.then, &i.otherwise], self.module);
        let before = self.keep(&written);
        self.levels(&i.then);
        let then = self.keep(&written);
        self.restore(&before);
        self.levels(&i.otherwise);
        self.join(&then);
        let steered = self.whole(i.condition);
        self.steer(&written, steered, i.site);
    }

    /// Runs a turn any number of times: until it changes nothing, or what it changes has no bound.
    fn settle(&mut self, written: &BTreeSet<SlotId>, site: SiteId, turn: impl Fn(&mut Self)) {
        let mut patience = if self.steps > MOST_STEPS { 0 } else { PATIENCE };
        loop {
            let before = self.keep(written);
            turn(self);
            self.join(&before);
            self.entries += 1;
            if self.same(&before) || self.gave_up() {
                return;
            }
            if patience > 0 {
                patience -= 1;
                continue;
            }
            for (slot, was) in &before {
                let now = self.whole_of(&self.registers[slot.index()]);
                if self.registers[slot.index()].parts != was.parts {
                    // What does not get a bound may get the mark of a stochastic truncation, and then nothing more.
                    let bound = match now.bound {
                        Bound::Units(_) => Bound::None(Cause::Turns, site),
                        none @ Bound::None(..) => none,
                    };
                    self.set(*slot, Rounding { bound, ..now });
                }
            }
        }
    }

    /// What was written under control of a rounded number has no bound.
    fn steer(&mut self, written: &BTreeSet<SlotId>, by: Rounding, site: SiteId) {
        let none = match by.bound {
            Bound::Units(units) if units <= 0.0 => {
                if !by.stochastic {
                    return;
                }
                None
            }
            Bound::Units(_) => Some(Bound::None(Cause::Place, site)),
            none @ Bound::None(..) => Some(none),
        };
        for slot in written {
            let now = self.whole(*slot);
            self.set(*slot, Rounding { bound: none.unwrap_or(now.bound), stochastic: now.stochastic || by.stochastic });
        }
    }

    fn keep(&self, written: &BTreeSet<SlotId>) -> Vec<(SlotId, Register)> {
        written.iter().map(|slot| (*slot, self.registers[slot.index()].clone())).collect()
    }

    fn same(&self, before: &[(SlotId, Register)]) -> bool {
        before.iter().all(|(slot, was)| self.registers[slot.index()].parts == was.parts)
    }

    fn restore(&mut self, before: &[(SlotId, Register)]) {
        for (slot, was) in before {
            // How it was made may name what has been written since.
            self.replace(*slot, was.parts.clone());
        }
    }

    fn join(&mut self, others: &[(SlotId, Register)]) {
        for (slot, other) in others {
            let own = &self.registers[slot.index()].parts;
            if *own == other.parts {
                // How it was made is known of one way alone.
                self.replace(*slot, other.parts.clone());
            } else {
                let mut ends: Vec<u64> = own.iter().chain(&other.parts).map(|(end, _)| *end).collect();
                ends.sort_unstable();
                ends.dedup();
                let at = |parts: &[(u64, Rounding)], end: u64| {
                    parts.iter().find(|(behind, _)| end <= *behind).map_or(Rounding::EXACT, |(_, of)| *of)
                };
                let parts = ends.into_iter().map(|end| (end, at(own, end).join(at(&other.parts, end)))).collect();
                self.replace(*slot, parts);
            }
        }
    }

    // Registers.

    fn replace(&mut self, slot: SlotId, parts: Vec<(u64, Rounding)>) {
        let register = &mut self.registers[slot.index()];
        register.writes += 1;
        register.made = None;
        let mut merged: Vec<(u64, Rounding)> = Vec::with_capacity(parts.len());
        for (end, of) in parts {
            match merged.last_mut() {
                Some(last) if last.1 == of => last.0 = end,
                _ => merged.push((end, of)),
            }
        }
        if merged.len() > MOST_PARTS {
            let end = merged.last().map_or(0, |(end, _)| *end);
            let all = merged.iter().map(|(_, of)| *of).reduce(Rounding::join).unwrap_or(Rounding::EXACT);
            merged = vec![(end, all)];
        }
        register.parts = merged;
    }

    fn set(&mut self, slot: SlotId, of: Rounding) {
        let lanes = self.module.slots.get(slot.index()).map_or(0, |slot| slot.lanes);
        self.replace(slot, vec![(lanes, of)]);
    }

    fn whole_of(&self, register: &Register) -> Rounding {
        register.parts.iter().map(|(_, of)| *of).reduce(Rounding::join).unwrap_or(Rounding::EXACT)
    }

    fn whole(&self, slot: SlotId) -> Rounding {
        self.whole_of(&self.registers[slot.index()])
    }

    /// First and last lane that a view names, where these are known.
    fn extent(view: &View) -> Option<(u64, u64)> {
        if view.index.is_some() || view.lanes()? == 0 {
            return None;
        }
        let (mut low, mut high) = (i128::from(view.offset), i128::from(view.offset));
        for dim in &view.dims {
            let last = i128::from(dim.stride) * i128::from(dim.len - 1);
            low += last.min(0);
            high += last.max(0);
        }
        Some((u64::try_from(low).ok()?, u64::try_from(high).ok()?))
    }

    /// What is known of the lanes that a view names.
    fn read(&self, view: &View) -> Rounding {
        let register = &self.registers[view.slot.index()];
        let of = match Self::extent(view) {
            Some((low, high)) => {
                let mut start = 0;
                let mut found: Option<Rounding> = None;
                for (end, of) in &register.parts {
                    if start <= high && low < *end {
                        found = Some(found.map_or(*of, |all| all.join(*of)));
                    }
                    start = *end;
                }
                found.unwrap_or(Rounding::EXACT)
            }
            None => self.whole_of(register),
        };
        match view.index {
            Some(index) => placed(of, self.whole(index.slot)),
            None => of,
        }
    }

    fn write(&mut self, view: &View, of: Rounding) {
        let of = match view.index {
            Some(index) => placed(of, self.whole(index.slot)),
            None => of,
        };
        let Some((low, high)) = Self::extent(view) else {
            if view.lanes() != Some(0) {
                let all = self.whole(view.slot).join(of);
                self.set(view.slot, all);
            }
            return;
        };
        // Lanes of a result are distinct.
        let dense = view.lanes() == Some(high - low + 1);
        let mut parts = Vec::new();
        let mut start = 0;
        for (end, old) in &self.registers[view.slot.index()].parts {
            let (end, old) = (*end, *old);
            if start < low {
                parts.push((end.min(low), old));
            }
            if start <= high && low < end {
                parts.push((end.min(high + 1), if dense { of } else { old.join(of) }));
            }
            if end > high + 1 {
                parts.push((end, old));
            }
            start = end;
        }
        self.replace(view.slot, parts);
    }

    // Gates.

    fn gate(&mut self, gate: &Gate) {
        self.steps += 1;
        let of = self.result(gate);
        if let Op::Output { output, leaf } = gate.op {
            self.told.push(((output.index(), leaf as usize), of));
            return;
        }
        let Some(dst) = &gate.dst else { return };
        let made = self.made(gate);
        self.write(dst, of);
        let lanes = self.module.slots.get(dst.slot.index()).map_or(0, |slot| slot.lanes);
        if let Some(made) = made.filter(|_| is_whole(dst, lanes)) {
            let named: Vec<SlotId> = match &made {
                Made::Copy(a) | Made::Negated(a) => slots(a),
                Made::Less { a, b, .. } => slots(a).into_iter().chain(slots(b)).collect(),
                Made::Word(_) => Vec::new(),
            };
            if !named.contains(&dst.slot) {
                let named = named.into_iter().map(|slot| (slot, self.registers[slot.index()].writes)).collect();
                self.registers[dst.slot.index()].made = Some((made, named));
            }
        }
    }

    fn made(&self, gate: &Gate) -> Option<Made> {
        let arg = |i: usize| gate.args.get(i).map(|view| self.origin(view));
        match gate.op {
            Op::Copy {} | Op::Relabel {} | Op::ProveRange {} => Some(Made::Copy(arg(0)?)),
            Op::Neg {} => Some(Made::Negated(arg(0)?)),
            Op::Lt {} => Some(Made::Less { a: arg(0)?, b: arg(1)?, opposite: false }),
            Op::Not {} => match self.of(gate.args.first()?)? {
                Made::Less { a, b, opposite } => Some(Made::Less { a: a.clone(), b: b.clone(), opposite: !opposite }),
                _ => None,
            },
            Op::Const { constant } | Op::ConstRounded { constant } => {
                let Constant::Words(words) = self.module.constants.get(constant.index())? else { return None };
                let first = *words.first()?;
                words.iter().all(|word| *word == first).then_some(Made::Word(first))
            }
            _ => None,
        }
    }

    /// How the lanes of a view of a whole register were made, if what they were made of is still there.
    fn of(&self, view: &View) -> Option<&Made> {
        let lanes = self.module.slots.get(view.slot.index())?.lanes;
        let (made, named) = self.registers[view.slot.index()].made.as_ref()?;
        let fresh = named.iter().all(|(slot, writes)| self.registers[slot.index()].writes == *writes);
        (is_whole(view, lanes) && fresh).then_some(made)
    }

    /// The lanes of which these are a copy.
    fn origin(&self, view: &View) -> View {
        match self.of(view) {
            Some(Made::Copy(of)) => of.clone(),
            _ => simplified(view),
        }
    }

    /// The number in all lanes of a register.
    fn word(&self, slot: SlotId) -> Option<i64> {
        let lanes = self.module.slots.get(slot.index())?.lanes;
        match self.of(&View::whole(slot, lanes))? {
            Made::Word(word) => Some(*word),
            Made::Copy(of) => self.word(of.slot),
            Made::Negated(_) | Made::Less { .. } => None,
        }
    }

    /// How far two views may be apart that hold the same numbers but for the rounding of a constant, in units; `None` for any others. A comparison with a
    /// constant takes it rounded up or down.
    fn apart(&self, x: &View, y: &View) -> Option<f64> {
        if x == y {
            return Some(0.0);
        }
        match self.word(x.slot)?.abs_diff(self.word(y.slot)?) {
            0 => Some(0.0),
            1 => Some(1.0),
            _ => None,
        }
    }

    fn magnitude(&self, view: &View) -> f64 {
        let (lo, hi) = self.ty(view).range();
        float(i128::from(lo).abs().max(i128::from(hi).abs()))
    }

    fn ty(&self, view: &View) -> RegType {
        self.module.slots.get(view.slot.index()).map_or(RegType::PUB_BOOL, |slot| slot.ty)
    }

    fn result(&self, gate: &Gate) -> Rounding {
        let args: Vec<Rounding> = gate.args.iter().map(|view| self.read(view)).collect();
        let all = args.iter().copied().reduce(Rounding::join).unwrap_or(Rounding::EXACT);
        let stochastic = all.stochastic;
        let exact = all.bound == Bound::Units(0.0);
        // Exact where the operands are; else of no bound, for that reason.
        let only_exact = |cause: Cause| match all.bound {
            Bound::Units(units) if units > 0.0 => Rounding { bound: Bound::None(cause, gate.site), stochastic },
            _ => all,
        };
        let units = |i: usize| match args.get(i).map(|of| of.bound) {
            Some(Bound::Units(units)) => units,
            Some(Bound::None(..)) | None => 0.0,
        };
        let magnitude = |i: usize| gate.args.get(i).map_or(0.0, |view| self.magnitude(view));
        let given = |units: f64| match all.bound {
            Bound::Units(_) if units.is_finite() => Rounding { bound: Bound::Units(up(units)), stochastic },
            Bound::Units(_) => Rounding { bound: Bound::None(Cause::Turns, gate.site), stochastic },
            Bound::None(..) => all,
        };
        let product = || magnitude(0) * units(1) + magnitude(1) * units(0) + units(0) * units(1);
        #[allow(clippy::cast_precision_loss, reason = "rounded up by `up`")]
        let times = |n: u64, of: f64| up(n as f64) * of;
        match gate.op {
            Op::Const { .. } | Op::Input { .. } | Op::Random {} => Rounding::EXACT,
            Op::ConstRounded { .. } => Rounding { bound: Bound::Units(0.5), stochastic: false },
            Op::Copy {} | Op::Relabel {} | Op::ProveRange {} | Op::Open { .. } | Op::Neg {} | Op::Output { .. } => all,
            Op::Gather {} | Op::Scatter {} => {
                let moved = args.first().copied().unwrap_or(Rounding::EXACT);
                placed(moved, args.get(1).copied().unwrap_or(Rounding::EXACT))
            }
            Op::Add {} | Op::Sub {} => given(units(0) + units(1)),
            Op::Mul {} => given(product()),
            Op::Dot { len } => given(times(len, product())),
            Op::MatMul { inner, .. } => given(times(inner, product())),
            Op::Sum { len } | Op::PrefixSum { len } => given(times(len, units(0))),
            Op::Round { bits: 0 } | Op::TruncStochastic { bits: 0 } | Op::Trunc { bits: 0 } => all,
            Op::Round { bits } => given(units(0) / power(bits) + 0.5),
            Op::TruncStochastic { bits } => Rounding { stochastic: true, ..given(units(0) / power(bits) + 1.0) },
            Op::Trunc { .. } | Op::Div {} if exact => all,
            Op::Trunc { bits } => given(units(0) / power(bits) + 1.0),
            Op::Div {} => self.quotient(gate, 0, &args, all, 1.0),
            Op::FixDiv { frac } => self.quotient(gate, frac, &args, all, 0.5),
            Op::Sqrt { frac } => {
                let (lo, _) = gate.args.first().map_or((0, 0), |view| self.ty(view).range());
                let scaled = units(0) * power(frac);
                let (a, b) = (below(float(lo.into())), less(below(float(lo.into())), units(0)));
                // (√x + √y) · |√x − √y| = |x − y|
                let far = if b > 0.0 && lo > 0 {
                    scaled / below((a * power(frac)).sqrt() + (b * power(frac)).sqrt())
                } else {
                    f64::INFINITY
                };
                given(scaled.sqrt().min(far) + 0.5)
            }
            Op::Select {} => self.chosen(gate, &args),
            Op::Sort { columns: 1 } => args.first().copied().unwrap_or(Rounding::EXACT),
            Op::Sort { .. } => only_exact(Cause::Order),
            Op::Rem {} => only_exact(Cause::Remainder),
            Op::AddWrap {} | Op::SubWrap {} | Op::MulWrap {} => only_exact(Cause::Wrapping),
            Op::Lt {} | Op::Eq {} => only_exact(Cause::Decision),
            Op::A2b {} => only_exact(Cause::Bits),
            Op::Xor {}
            | Op::And {}
            | Op::Or {}
            | Op::Not {}
            | Op::Planes { .. }
            | Op::Netlist { .. }
            | Op::Join {}
            | Op::B2a { .. }
            | Op::Check { .. }
            | Op::StopUnless { .. } => only_exact(Cause::Bits),
        }
    }

    /// a · 2^frac / b, rounded by at most `own`.
    fn quotient(&self, gate: &Gate, frac: u32, args: &[Rounding], all: Rounding, own: f64) -> Rounding {
        let ([of_a, of_b], [a, b]) = (args, gate.args.as_slice()) else { return all };
        let (Bound::Units(of_a), Bound::Units(of_b)) = (of_a.bound, of_b.bound) else { return all };
        let (lo, hi) = self.ty(b).range();
        // By 0 it is 0, for exact and for rounded dividends: an exact divisor is 0 in both or in neither.
        let least = if lo > 0 {
            lo.into()
        } else if hi < 0 {
            -i128::from(hi)
        } else {
            i128::from(of_b <= 0.0)
        };
        let least = below(float(least));
        let apart = less(least, of_b);
        if of_b > 0.0 && apart <= 0.0 {
            return Rounding { bound: Bound::None(Cause::Divisor, gate.site), ..all };
        }
        // A/B − a/b = ((A − a) · b − a · (B − b)) / (b · B)
        let off = (of_a + self.magnitude(a) / least * of_b) / apart * power(frac);
        Rounding { bound: Bound::Units(up(off + own)), ..all }
    }

    /// A choice between two; continuous ones are right whatever rounding does to the comparison.
    fn chosen(&self, gate: &Gate, args: &[Rounding]) -> Rounding {
        let ([by, x, y], [c, of_x, of_y]) = (args, gate.args.as_slice()) else { return Rounding::EXACT };
        let either = x.join(*y);
        let stochastic = either.stochastic || by.stochastic;
        if by.bound == Bound::Units(0.0) {
            return Rounding { stochastic, ..either };
        }
        if let Some(apart) = self.continuous(c, of_x, of_y) {
            let bound = match either.bound {
                Bound::Units(units) => Bound::Units(up(units + apart)),
                none @ Bound::None(..) => none,
            };
            return Rounding { bound, stochastic };
        }
        let bound = match by.bound {
            Bound::Units(_) => Bound::None(Cause::Decision, gate.site),
            none @ Bound::None(..) => none,
        };
        Rounding { bound, stochastic }
    }

    /// Whether the choice moves no further than what it chooses from, but for so many units.
    fn continuous(&self, c: &View, x: &View, y: &View) -> Option<f64> {
        let Some(Made::Less { a, b, opposite }) = self.of(c) else { return None };
        let (x, y) = if *opposite { (y, x) } else { (x, y) };
        let (x, y) = (self.origin(x), self.origin(y));
        let both = |p: Option<f64>, q: Option<f64>| Some(p? + q?);
        // The lesser or the greater of a and b.
        let extreme = both(self.apart(&x, a), self.apart(&y, b)).or_else(|| both(self.apart(&x, b), self.apart(&y, a)));
        extreme.or_else(|| {
            let negated = |of: &View, what: &View| matches!(self.of(of), Some(Made::Negated(inner)) if inner == what);
            let magnitude = |n: &View| negated(&x, n) && y == *n || x == *n && negated(&y, n);
            let zero = |of: &View| self.word(of.slot) == Some(0);
            (zero(b) && magnitude(a) || zero(a) && magnitude(b)).then_some(0.0)
        })
    }
}

/// Whether a view names all lanes of its register, in order.
fn is_whole(view: &View, lanes: u64) -> bool {
    simplified(view) == simplified(&View::whole(view.slot, lanes))
}

/// The view that names the same lanes with as few dimensions as it takes.
fn simplified(view: &View) -> View {
    let mut dims = view.dims.clone();
    dims.retain(|dim| dim.len != 1);
    if let [outer, inner] = dims[..]
        && i64::try_from(inner.len).ok().and_then(|len| inner.stride.checked_mul(len)) == Some(outer.stride)
        && let Some(len) = outer.len.checked_mul(inner.len)
    {
        dims = vec![Dim { stride: inner.stride, len }];
    }
    View { dims, ..view.clone() }
}

/// What a value at a place has where a rounded number says which place.
fn placed(of: Rounding, index: Rounding) -> Rounding {
    let bound = match index.bound {
        Bound::Units(units) if units <= 0.0 => of.bound,
        Bound::Units(_) => Bound::None(Cause::Place, SiteId(u32::MAX)),
        none @ Bound::None(..) => none,
    };
    Rounding { bound, stochastic: of.stochastic || index.stochastic }
}

fn slots(view: &View) -> Vec<SlotId> {
    std::iter::once(view.slot).chain(view.index.map(|index| index.slot)).collect()
}
