//! Which lanes of an array the turns of a loop read and write, and whether they ever meet.
//!
//! Turn t touches the lanes base + t·step + (a multiple of each dimension's stride). Turns meet where the difference of two such places can be 0: that is
//! decided by the interval and the greatest common divisor of the strides (Banerjee, 1988), turn distance by turn distance.

use super::idle::Idle;
use super::widen::{Widened, because};
use crate::ir::{Bound, Carried, Dim, Gate, Inst, Loop, Op, Place, Program, Ref, RegType, SiteId, ValueId};
use crate::passes::affine::{Affine, Scalars};
use std::collections::{BTreeMap, BTreeSet};

/// Turn distances that are looked at one by one; farther ones count as meeting.
const DISTANCES: i128 = 1 << 16;

/// Lanes that an instruction touches.
#[derive(Clone, Debug)]
pub(super) struct Access {
    /// The version that is read, or that a write makes; 0 is the array at the start of a turn.
    pub(super) version: usize,
    pub(super) write: bool,
    /// Where; `None` where that follows no step.
    region: Option<Region>,
    /// The counters of the inner loops around it.
    loops: Vec<ValueId>,
    /// Whether it stands in a block of its own.
    nested: bool,
    pub(super) site: SiteId,
    pub(super) place: Place,
}

/// Lanes of each turn.
#[derive(Clone, Debug)]
struct Region {
    /// What is the same in all turns.
    base: Affine,
    /// How far those of the next turn lie behind.
    step: i64,
    dims: Vec<Dim>,
}

/// What the turns of a loop do to an array that it carries.
pub(super) struct Accesses {
    pub(super) all: Vec<Access>,
    /// Whether something writes to it.
    pub(super) written: bool,
    /// A type that all versions fit.
    pub(super) ty: RegType,
    /// The versions by number; a copy of the whole is the same one.
    pub(super) versions: BTreeMap<ValueId, usize>,
}

struct Finder<'a> {
    program: &'a Program,
    scalars: &'a Scalars,
    counter: ValueId,
    /// Values of the loop's body.
    inside: &'a BTreeSet<ValueId>,
    /// Number of each version of the array.
    versions: BTreeMap<ValueId, usize>,
    /// A type that all of them fit.
    ty: RegType,
    /// Versions that something has replaced.
    replaced: BTreeSet<usize>,
    /// Ranges of the counters of inner loops.
    loops: Vec<(ValueId, i64, i64)>,
    /// How many blocks there are around.
    depth: u32,
    found: Accesses,
}

impl Accesses {
    /// All accesses in a loop's body to an array that it carries.
    ///
    /// # Errors
    /// Where the array is more than read and written lane by lane.
    pub(super) fn of(
        program: &Program,
        scalars: &Scalars,
        l: &Loop,
        c: &Carried,
        inside: &BTreeSet<ValueId>,
    ) -> Widened<Self> {
        let mut finder = Finder {
            program,
            scalars,
            counter: l.counter,
            inside,
            versions: BTreeMap::from([(c.param, 0)]),
            ty: program.ty(c.param),
            replaced: BTreeSet::new(),
            loops: Vec::new(),
            depth: 0,
            found: Self { all: Vec::new(), written: false, ty: program.ty(c.param), versions: BTreeMap::new() },
        };
        l.body.iter().try_for_each(|inst| finder.inst(inst))?;
        if finder.versions.get(&c.next).is_none_or(|version| finder.replaced.contains(version)) {
            return because(l.site, "a turn replaces this array as a whole");
        }
        let others = |other: &&Carried| other.param != c.param && finder.versions.contains_key(&other.next);
        if l.carried.iter().any(|other| others(&other)) {
            return because(l.site, "a turn hands on an array that it also writes to");
        }
        Ok(Self { ty: finder.ty, versions: finder.versions, ..finder.found })
    }

    /// Whether the turns, so many from a first number of the counter, can share the array: none sees what another one writes, and where two write to one lane, the later one does so later.
    ///
    /// # Errors
    /// The place where two turns meet.
    pub(super) fn check(&self, program: &Program, l: &Loop, from: i64, turns: u64) -> Widened<()> {
        let last = i128::from(turns) - 1;
        for (at, write) in self.all.iter().enumerate().filter(|(_, access)| access.write) {
            for (other, access) in self.all.iter().enumerate() {
                if access.write && other < at {
                    continue;
                }
                let around = write.loops.iter().any(|l| access.loops.contains(l));
                // The turn of `access` minus the turn of `write`.
                let distances = match (access.write, around, access.version < write.version) {
                    (true, false, _) if other == at => (1, last),
                    // An earlier turn's later write comes after a later turn's earlier one.
                    (true, false, false) => (-last, -1),
                    (true, false, true) => (1, last),
                    // It reads what was before the write: only earlier turns must not write there.
                    (false, false, true) => (1, last),
                    (_, _, _) => (-last, last),
                };
                if meet(program, access, write, distances, (from, turns)) && !self.leaves(program, l, write, access) {
                    let what = if access.write {
                        "two turns write to one place of an array"
                    } else {
                        "a turn reads a place of an array that another turn writes to"
                    };
                    return because(access.site, what);
                }
            }
        }
        Ok(())
    }

    /// Whether a write leaves everything as it was that the read reads, in the turn, if there is one, in which both are of one place.
    fn leaves(&self, program: &Program, l: &Loop, write: &Access, read: &Access) -> bool {
        let (Some(x), Some(y)) = (&write.region, &read.region) else { return false };
        if read.write || write.nested || read.nested || y.step != 0 || x.dims != y.dims {
            return false;
        }
        let Some(difference) = x.base.clone().plus(&y.base, -1) else { return false };
        if !coincide(program, l, &difference, (x.step, &x.dims)) {
            return false;
        }
        let mut gates = BTreeMap::new();
        let mut written = None;
        for inst in &l.body {
            match inst {
                Inst::Gate(gate) => gates.extend(gate.result.map(|result| (result, gate))),
                Inst::Update(update) if self.versions.get(&update.result) == Some(&write.version) => {
                    written = update.args.first().map(|value| (update.array, value));
                }
                _ => {}
            }
        }
        let Some((array, value)) = written else { return false };
        let is_it = |value: ValueId| self.versions.get(&value) == self.versions.get(&array);
        let old = |view: &Ref| is_it(view.value) && view.place == write.place;
        let read = |view: &Ref| is_it(view.value) && view.place == read.place;
        Idle { program, gates: &gates, old: &old, read: &read }.leaves(value)
    }

    /// Whether two loops, this one around another whose counter is `inner`, may run in the order of the sums of their counters, all turns of one sum at once:
    /// what a turn reads or writes over comes from turns of smaller sums.
    ///
    /// # Errors
    /// The place where they must not.
    pub(super) fn in_order_of_sums(&self, inner: ValueId, outer_turns: u64, inner_turns: u64) -> Widened<()> {
        let (outer_turns, inner_turns) = (i128::from(outer_turns), i128::from(inner_turns));
        for write in self.all.iter().filter(|access| access.write) {
            for access in &self.all {
                let what = "a turn builds on one that is not before it on a diagonal";
                let refused = || because(access.site, what);
                let (Some(x), Some(y)) = (&write.region, &access.region) else { return refused() };
                let (mut from, mut to) = (x.base.clone(), y.base.clone());
                let (inner_step, same) = (from.take(inner), to.take(inner));
                let alike = from.terms == to.terms && inner_step == same && x.step == y.step && inner_step != 0;
                if !alike || !x.dims.is_empty() || !y.dims.is_empty() || outer_turns > DISTANCES {
                    return refused();
                }
                let apart = i128::from(to.constant) - i128::from(from.constant);
                for outer in 1 - outer_turns..outer_turns {
                    // The turn of `access` minus the turn of `write`, where both touch one lane.
                    let left = -(apart + i128::from(x.step) * outer);
                    let distance = left / i128::from(inner_step);
                    if left % i128::from(inner_step) != 0
                        || distance.abs() >= inner_turns
                        || (outer, distance) == (0, 0)
                    {
                        continue;
                    }
                    let (later, sum) = ((outer, distance) > (0, 0), outer + distance);
                    let before = !access.write && access.version < write.version;
                    let kept = if later { sum > 0 } else { sum < 0 || sum == 0 && before };
                    if !kept {
                        return refused();
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether everything touches the same lanes in every turn; that place.
    pub(super) fn fixed(&self) -> Option<&Access> {
        let (first, rest) = self.all.split_first()?;
        let region = first.region.as_ref().filter(|region| region.step == 0 && !first.nested)?;
        let alike = rest.iter().all(|access| {
            !access.nested
                && access
                    .region
                    .as_ref()
                    .is_some_and(|other| other.step == 0 && other.base == region.base && other.dims == region.dims)
        });
        alike.then_some(first)
    }

    /// Where the only write is to a place of each turn's own, and a read of the version before it is of what the turn before has written: that read.
    pub(super) fn follows(&self) -> Option<(&Access, &Access)> {
        let mut writes = self.all.iter().filter(|access| access.write);
        let (Some(write), None) = (writes.next(), writes.next()) else { return None };
        let own = write.region.as_ref().filter(|_| !write.nested)?;
        let mut reads = self.all.iter().filter(|access| {
            let region = access.region.as_ref();
            !access.write
                && !access.nested
                && access.version == 0
                && region.is_some_and(|region| {
                    let back = Affine::constant(own.step).plus(&region.base, 1);
                    region.step == own.step
                        && own.step != 0
                        && region.dims == own.dims
                        && back.as_ref() == Some(&own.base)
                })
        });
        let read = reads.next()?;
        Some((read, write))
    }
}

impl Access {
    /// The place in the first turn, as its index but for the constant, and its offset.
    pub(super) fn at(&self, from: i64) -> Option<(Affine, u64)> {
        let region = self.region.as_ref()?;
        let mut base = region.base.clone();
        let offset = i128::from(base.constant) + i128::from(from) * i128::from(region.step);
        base.constant = 0;
        Some((base, u64::try_from(offset).ok()?))
    }
}

impl Finder<'_> {
    fn inst(&mut self, inst: &Inst) -> Widened<()> {
        match inst {
            Inst::Gate(Gate { op: Op::Copy {} | Op::Relabel {}, args, result: Some(result), .. })
                if args.len() == 1 && self.is_version(&args[0], *result) =>
            {
                // Another range or another name for the same lanes.
                let version = self.versions.get(&args[0].value).copied().unwrap_or(0);
                self.name(*result, version);
            }
            Inst::Gate(gate) => gate.args.iter().for_each(|arg| self.read(arg, gate.site)),
            Inst::Concat(concat) => concat.parts.iter().for_each(|part| self.read(part, concat.site)),
            Inst::Update(update) => {
                update.args.iter().for_each(|arg| self.read(arg, update.site));
                if self.versions.contains_key(&update.array) {
                    if !matches!(update.op, Op::Copy {}) {
                        return because(update.site, "this operation on an array works on one turn at a time");
                    }
                    self.replace(update.array, update.site)?;
                    let version = self.versions.len();
                    self.name(update.result, version);
                    self.found.written = true;
                    self.note(version, true, &update.place, update.site);
                }
            }
            Inst::Loop(l) => {
                for c in l.carried.iter().filter(|c| self.versions.contains_key(&c.init)).copied().collect::<Vec<_>>() {
                    self.replace(c.init, l.site)?;
                    self.name(c.param, self.versions.len());
                }
                let (lo, hi) = self.program.ty(l.counter).range();
                self.loops.push((l.counter, lo, hi));
                self.depth += 1;
                l.body.iter().try_for_each(|inst| self.inst(inst))?;
                self.depth -= 1;
                self.loops.pop();
                for c in &l.carried {
                    match (self.versions.contains_key(&c.param), self.versions.contains_key(&c.next)) {
                        (false, false) => {}
                        (true, true) => {
                            self.replaced.extend(self.versions.get(&c.next));
                            self.name(c.result, self.versions.len());
                        }
                        _ => return because(l.site, "an inner loop replaces this array as a whole"),
                    }
                }
            }
            Inst::If(i) => {
                self.depth += 1;
                for block in [&i.then, &i.otherwise] {
                    let replaced = self.replaced.clone();
                    block.iter().try_for_each(|inst| self.inst(inst))?;
                    // The other side starts from what was before.
                    self.replaced = replaced;
                }
                self.depth -= 1;
                for joined in &i.results {
                    match (self.versions.contains_key(&joined.then), self.versions.contains_key(&joined.otherwise)) {
                        (false, false) => {}
                        (true, true) => {
                            let sides = [joined.then, joined.otherwise];
                            self.replaced.extend(sides.iter().filter_map(|side| self.versions.get(side)));
                            self.name(joined.result, self.versions.len());
                        }
                        _ => return because(i.site, "a choice replaces this array as a whole"),
                    }
                }
            }
            Inst::While(w) => {
                return because(w.site, "how often this inner loop runs is known only as the program runs");
            }
        }
        Ok(())
    }

    fn replace(&mut self, version: ValueId, site: SiteId) -> Widened<()> {
        let version = self.versions.get(&version).copied().unwrap_or(0);
        if self.replaced.insert(version) { Ok(()) } else { because(site, "a turn keeps two versions of this array") }
    }

    /// Whether a view is the whole of a version, and a value of the same lanes can stand for it.
    fn is_version(&self, view: &Ref, result: ValueId) -> bool {
        let (from, into) = (self.program.slot(view.value), self.program.slot(result));
        let alike = from.lanes == into.lanes && from.ty.is_secret() == into.ty.is_secret();
        alike && self.versions.contains_key(&view.value) && view.place.is_whole(from.lanes)
    }

    fn name(&mut self, value: ValueId, version: usize) {
        self.versions.insert(value, version);
        let (own, known) = (self.program.ty(value), self.ty.range());
        let (lo, hi) = (own.range().0.min(known.0), own.range().1.max(known.1));
        self.ty = self.ty.in_range(lo, hi);
    }

    fn read(&mut self, view: &Ref, site: SiteId) {
        if let Some(version) = self.versions.get(&view.value).copied() {
            self.note(version, false, &view.place, site);
        }
    }

    fn note(&mut self, version: usize, write: bool, place: &Place, site: SiteId) {
        let region = self.region(place);
        let loops = self.loops.iter().map(|(counter, _, _)| *counter).collect();
        let nested = self.depth > 0;
        self.found.all.push(Access { version, write, region, loops, nested, site, place: place.clone() });
    }

    fn region(&self, place: &Place) -> Option<Region> {
        let place = place.clone().simplified();
        let mut base = Affine::constant(i64::try_from(place.offset).ok()?);
        let mut dims = place.dims;
        if let Some(index) = place.index {
            base = base.plus(&self.scalars.form(index.value), index.stride)?;
        }
        let step = base.take(self.counter);
        for (counter, lo, hi) in &self.loops {
            let stride = base.take(*counter);
            if stride != 0 {
                let len = u64::try_from(hi.checked_sub(*lo)?.checked_add(1)?).ok()?;
                base.constant = base.constant.checked_add(stride.checked_mul(*lo)?)?;
                dims.push(Dim { stride, len });
            }
        }
        let known = base.terms.keys().all(|value| !self.inside.contains(value));
        known.then_some(Region { base, step, dims })
    }
}

/// Whether the two touch one lane in turns whose distance lies in `from ..= to`, and is not 0.
pub(super) fn meet(
    program: &Program,
    a: &Access,
    b: &Access,
    (from, to): (i128, i128),
    (first, turns): (i64, u64),
) -> bool {
    let (Some(x), Some(y)) = (&a.region, &b.region) else { return true };
    let Some(difference) = x.base.clone().plus(&y.base, -1) else { return true };
    let mut apart = i128::from(difference.constant);
    // What the dimensions add: those of one, less those of the other.
    let (mut least, mut greatest, mut divisor) = (0_i128, 0_i128, 0_u128);
    let mut reach = |stride: i128, len: u64| {
        let far = stride * (i128::from(len) - 1);
        least += far.min(0);
        greatest += far.max(0);
        if len > 1 {
            divisor = gcd(divisor, stride.unsigned_abs());
        }
    };
    // A number that only the run knows lies in its range.
    for (value, factor) in &difference.terms {
        let (lo, hi) = program.ty(*value).range();
        let Some(count) = hi.checked_sub(lo).and_then(|last| u64::try_from(last).ok()?.checked_add(1)) else {
            return true;
        };
        apart += i128::from(*factor) * i128::from(lo);
        reach((*factor).into(), count);
    }
    x.dims.iter().for_each(|dim| reach(dim.stride.into(), dim.len));
    y.dims.iter().for_each(|dim| reach(-i128::from(dim.stride), dim.len));
    if x.step != y.step && x.dims.is_empty() && y.dims.is_empty() && difference.terms.is_empty() && y.step != 0 {
        // Single lanes: the turn of one follows from that of the other.
        let (last, step) = (i128::from(first) + i128::from(turns) - 1, i128::from(y.step));
        return i128::from(turns) > DISTANCES
            || (i128::from(first)..=last).any(|turn| {
                let left = apart + i128::from(x.step) * turn;
                let (other, distance) = (left / step, turn - left / step);
                let both = left % step == 0 && (i128::from(first)..=last).contains(&other);
                both && distance != 0 && (from..=to).contains(&distance)
            });
    }
    if x.step != y.step {
        // Their turns are as good as dimensions.
        reach(x.step.into(), turns);
        reach(-i128::from(y.step), turns);
        let apart = apart + i128::from(first) * (i128::from(x.step) - i128::from(y.step));
        let within = least <= -apart && -apart <= greatest;
        return within && (divisor == 0 || apart.unsigned_abs().is_multiple_of(divisor));
    }
    let step = i128::from(x.step);
    let hits = |distance: i128| {
        let sum = -(step * distance + apart);
        let fits = if divisor == 0 { sum == 0 } else { sum.unsigned_abs().is_multiple_of(divisor) };
        distance != 0 && least <= sum && sum <= greatest && fits
    };
    if step == 0 {
        return hits(from) || hits(to) || from < 0 && to > 0 && hits(1);
    }
    // Only distances that the dimensions can bridge.
    let ends = [(-apart - greatest).div_euclid(step), (-apart - least).div_euclid(step)];
    let (low, high) = ((ends[0].min(ends[1]) - 1).max(from), (ends[0].max(ends[1]) + 1).min(to));
    if low > high {
        return false;
    }
    high - low > DISTANCES || (low..=high).any(hits)
}

/// Whether places of these dimensions, `difference` + turn · `step` apart, are one place wherever they overlap at all.
fn coincide(program: &Program, l: &Loop, difference: &Affine, (step, dims): (i64, &[Dim])) -> bool {
    let stride = |dim: &Dim| i128::from(dim.stride.unsigned_abs());
    // What lies between them is a multiple of more than they reach.
    let factors = difference.terms.values().copied().chain([step, difference.constant]);
    let between = factors.fold(0, |divisor, factor| gcd(divisor, factor.unsigned_abs().into()));
    let reach: i128 = dims.iter().map(|dim| stride(dim) * (i128::from(dim.len) - 1)).sum();
    if i128::try_from(between).map_or(true, |between| between > reach) {
        return true;
    }
    // Or it is less than any step inside them.
    let (Bound::Const(from), Bound::Const(to)) = (l.from, l.to) else { return false };
    let mut ends = [i128::from(difference.constant); 2];
    let ranges = difference.terms.iter().map(|(value, factor)| (program.ty(*value).range(), *factor));
    for ((lo, hi), factor) in ranges.chain([((from, to.saturating_sub(1)), step)]) {
        let pair = [lo, hi].map(|end| i128::from(end) * i128::from(factor));
        ends = [ends[0] + pair[0].min(pair[1]), ends[1] + pair[0].max(pair[1])];
    }
    let inside = dims.iter().filter(|dim| dim.len > 1).fold(0, |divisor, dim| gcd(divisor, stride(dim).unsigned_abs()));
    let inside = i128::try_from(inside).unwrap_or(0);
    -inside < ends[0] && ends[1] < inside
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}
