//! Vectorisation: the turns of a loop become the lanes of vectors.
//!
//! ```text
//! loop %i from 0 to 9 {
//!     carry %1 = %2 then %4 gives %5            ->      %3 = mul(%0, %0)        and %3 for %5
//!     %3 = mul(%0[0 + %i*1], %0[0 + %i*1])
//!     %4 = update %1[0 + %i*1] copy(%3)
//! }
//! ```
//!
//! So the rounds of one turn are those of all. What a turn takes from the one before is no hindrance where the turns never meet (`access`), where it is a sum,
//! an extreme or another associative shape (`recurrence`, `solve`), or a public number that grows by a constant. Loops are tried from the inside out, a level of nesting
//! at a time, so that sums of products become one gate in between and an outer loop meets vectors where there were loops.
//!
//! * `induction`: public numbers that grow by a constant follow from the counter;
//! * `flatten`: public choices that differ by turn become selections;
//! * `access`, `idle`, and `affine` of the passes: where turns read and write;
//! * `order`: what builds on itself, by strongly connected components (Allen and Kennedy, 1987);
//! * `widen`: an instruction of all turns;
//! * `contraction`: sums of products as products of matrices;
//! * `ahead`: what such a nest computes without its neighbours comes first;
//! * `waves`: two loops whose turns build on their neighbours run by diagonals;
//! * `rows`: a table of which only the last row is kept, as a whole one for that;
//! * `triangle`: an inner loop whose bounds depend on the counter around it;
//! * `strips`: a loop that would take too much memory runs in strips.
//!
//! What does more than that stays a loop, beside the vectors of what does not (`Body::one_by_one`), and [`explain`] says why.

mod access;
mod ahead;
mod body;
pub(in crate::passes) mod contraction;
mod edges;
mod flatten;
mod idle;
mod induction;
mod order;
mod promote;
mod recurrence;
mod rows;
mod solve;
mod strips;
mod triangle;
mod waves;
mod widen;

use super::affine::Scalars;
use super::ranges::CopyRanges;
use super::{dead, dot, facts, rounding, strength, terms, views, written};
use crate::ir::{Bound, Gate, Inst, Loop, Op, Place, Program, Ref, RegType, SiteId, Slot, ValueId, copies};
use access::Accesses;
use body::Body;
use std::collections::{BTreeMap, BTreeSet};
use widen::{Turns, Why, Widen, Widened};

/// Bytes that the vectors of all turns may take together under `rep3`, were all of them alive at once.
const MOST: u64 = 1 << 28;

/// The same where no turn takes a round, and nothing but time is saved.
const MOST_LOCAL: u64 = 1 << 26;

/// Bytes of a strip's vectors where no turn takes a round: they stay in the cache.
const STRIP_LOCAL: u64 = 1 << 22;

/// Lanes that the machine computes together.
const BLOCK: u64 = 512;

/// Most levels of nesting that are tried.
const LEVELS: usize = 16;

/// Why a loop stays one, or a part of it does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The loop.
    pub site: SiteId,
    /// Whether only a part of each turn waits for the turn before, and the rest of all turns runs at once.
    pub part: bool,
    /// What in it is the reason.
    pub at: SiteId,
    /// In words.
    pub why: String,
}

/// Makes lanes of the turns of loops that allow it.
#[must_use]
pub fn run(program: Program) -> Program {
    all(program).0
}

/// What [`run`] leaves as loops, in the order of the source.
#[must_use]
pub fn explain(program: &Program) -> Vec<Note> {
    let mut notes = all(program.clone()).1;
    notes.sort();
    notes.dedup();
    notes
}

fn all(program: Program) -> (Program, Vec<Note>) {
    // What nothing reads must not look as if it were asked for in each turn.
    let mut program = dead::run(program);
    let (mut notes, mut parts, mut made) = (Vec::new(), Vec::new(), BTreeSet::new());
    // Loops are split once nothing else goes: a nest that runs by diagonals is whole until then.
    let mut distribute = false;
    for _ in 0..LEVELS {
        let mut pass = Pass {
            program,
            scalars: Scalars::default(),
            replaced: BTreeMap::new(),
            ranges: CopyRanges::default(),
            made,
            distribute,
            counters: BTreeSet::new(),
            notes: Vec::new(),
            parts,
        };
        let body = std::mem::take(&mut pass.program.body);
        let (body, changed) = pass.block(body);
        pass.program.body = body;
        (program, notes, parts, made) = (pass.program, pass.notes, pass.parts, pass.made);
        if !changed && distribute {
            break;
        }
        distribute |= !changed;
        if changed {
            program = dead::run(terms::run(dot::run(rounding::run(strength::run(written::run(views::run(program)))))));
        }
    }
    notes.append(&mut parts);
    (program, notes)
}

struct Pass {
    program: Program,
    scalars: Scalars,
    /// Results of loops that are other values now.
    replaced: BTreeMap<ValueId, ValueId>,
    ranges: CopyRanges,
    /// The counters of loops that this pass has made, and that stay loops.
    made: BTreeSet<ValueId>,
    /// Whether parts of a body may stay loops.
    distribute: bool,
    /// The counters of the loops around, as far as their turns are known.
    counters: BTreeSet<ValueId>,
    /// What this level of nesting leaves as loops.
    notes: Vec<Note>,
    /// What all levels have left of loops that are vectors otherwise.
    parts: Vec<Note>,
}

/// How much there was at some time: values, constants and notes on scalars.
struct Mark {
    values: usize,
    constants: usize,
    scalars: usize,
    parts: usize,
}

/// What the turns of a loop do with a value that they hand on.
enum Role {
    /// Nothing.
    Same,
    /// An array in which turns keep out of each other's way, and a type that all its versions fit.
    Shared(RegType),
    /// Anything else.
    Value,
}

impl Pass {
    /// The block with lanes for turns, and whether there are any.
    fn block(&mut self, insts: Vec<Inst>) -> (Vec<Inst>, bool) {
        let mut out = Vec::with_capacity(insts.len());
        let mut changed = false;
        for mut inst in insts {
            self.rename(&mut inst);
            if let Inst::Gate(gate) = &inst {
                self.learn(gate);
            }
            let mut inner = false;
            if let Inst::Loop(l) = &inst
                && turns(l).is_some()
            {
                self.counters.insert(l.counter);
            }
            for nested in inst.blocks_mut() {
                let (block, changed) = self.block(std::mem::take(nested));
                *nested = block;
                inner |= changed;
            }
            if let Inst::Loop(l) = &inst {
                self.counters.remove(&l.counter);
            }
            self.rename(&mut inst);
            changed |= inner;
            match inst {
                Inst::Loop(mut l) => {
                    let mut behind = Vec::new();
                    self.inductions(&mut l, &mut behind);
                    // One level at a time.
                    if inner || self.made.contains(&l.counter) {
                        out.push(Inst::Loop(l));
                    } else {
                        changed |= self.attempt(l, &mut out);
                    }
                    out.extend(behind);
                }
                Inst::While(w) => {
                    let why = "how often it runs is known only as the program runs".to_owned();
                    self.note(w.site, Why::Because(w.site, why));
                    out.push(Inst::While(w));
                }
                other => out.push(other),
            }
        }
        (out, changed)
    }

    fn rename(&self, inst: &mut Inst) {
        inst.map_own_uses(&mut |value| self.replaced.get(&value).copied().unwrap_or(value));
    }

    fn learn(&mut self, gate: &Gate) {
        self.scalars.learn(&self.program, gate);
        self.ranges.learn(&self.program, gate);
    }

    /// What there is so far, to come back to where an attempt fails.
    fn mark(&self) -> Mark {
        let (values, constants) = (self.program.values.len(), self.program.constants.len());
        Mark { values, constants, scalars: self.scalars.mark(), parts: self.parts.len() }
    }

    /// Forgets all values made since, and what was noted of them: their numbers are given out again.
    fn rewind(&mut self, mark: &Mark) {
        self.program.values.truncate(mark.values);
        self.program.constants.truncate(mark.constants);
        self.scalars.rewind(mark.scalars);
        self.parts.truncate(mark.parts);
        let known = |value: ValueId| value.index() < mark.values;
        self.replaced.retain(|value, stands| known(*value) && known(*stands));
        self.ranges.retain(known);
        self.made.retain(|counter| known(*counter));
    }

    /// The least range known of a value.
    fn range(&self, value: ValueId) -> (i64, i64) {
        self.ranges.of(&self.program, value)
    }

    /// Puts the loop or what stands for it into `out`; whether it is something else.
    fn attempt(&mut self, l: Loop, out: &mut Vec<Inst>) -> bool {
        let Some(count) = turns(&l) else {
            return self.attempt_triangle(l, out);
        };
        if count < 2 || l.carried.is_empty() {
            out.push(Inst::Loop(l));
            return false;
        }
        let mark = self.mark();
        let why = match self.turned(&l, count) {
            Ok(made) => {
                out.extend(made);
                return true;
            }
            Err(why) => why,
        };
        self.rewind(&mark);
        if let Ok(made) = self.in_waves(&l) {
            out.extend(made);
            return true;
        }
        self.rewind(&mark);
        if let Ok(made) = self.in_rows(&l) {
            out.extend(made);
            return true;
        }
        self.rewind(&mark);
        if let Some(apart) = self.edges(&l) {
            out.extend(apart.map(Inst::Loop));
            return true;
        }
        self.note(l.site, why);
        out.push(Inst::Loop(l));
        false
    }

    fn note(&mut self, site: SiteId, why: Why) {
        let (at, why) = match why {
            Why::Because(at, why) => (at, why),
            Why::TooLarge => (site, "the vectors of all turns would take too much memory".to_owned()),
        };
        self.notes.push(Note { site, part: false, at, why });
    }

    /// What stands for a loop.
    fn turned(&mut self, l: &Loop, count: u64) -> Widened<Vec<Inst>> {
        let mark = self.mark();
        let backwards = if self.falls(l) { self.at_once(l, count, true).ok() } else { None };
        let (made, results, bytes, rounds) = match backwards {
            Some(made) => made,
            None => {
                self.rewind(&mark);
                self.at_once(l, count, false)?
            }
        };
        if bytes <= if rounds { MOST } else { MOST_LOCAL } {
            for (result, value) in results {
                self.replaced.insert(result, value);
            }
            return Ok(made);
        }
        self.rewind(&mark);
        // Half of what would fit, so that a strip's own small vectors do too; whole blocks of lanes where there are so many.
        let strip = if rounds { MOST / 2 } else { STRIP_LOCAL } / (bytes / count).max(1);
        let strip = if strip > BLOCK { strip - strip % BLOCK } else { strip };
        if strip < strips::SHORTEST {
            return Err(Why::TooLarge);
        }
        self.in_strips(l, count, strip)
    }

    /// Whether more places fall from turn to turn than rise: lanes in the opposite order then are neighbours as they lie.
    fn falls(&self, l: &Loop) -> bool {
        let (mut rise, mut fall) = (0, 0);
        let mut place = |place: &Place| {
            let Some(index) = place.index else { return };
            let step = self.scalars.form(index.value).take(l.counter);
            match i128::from(step) * i128::from(index.stride) {
                1.. => rise += 1,
                0 => {}
                _ => fall += 1,
            }
        };
        let mut stack: Vec<&Inst> = l.body.iter().collect();
        while let Some(inst) = stack.pop() {
            inst.each_place(&mut place);
            stack.extend(inst.blocks().into_iter().flatten());
        }
        fall > rise
    }

    /// All turns at once, whatever that takes, where `falls` in the opposite order: instructions, results that are other values, bytes, and whether there are rounds in it.
    #[allow(clippy::type_complexity, reason = "read in one place")]
    fn at_once(
        &mut self,
        l: &Loop,
        count: u64,
        falls: bool,
    ) -> Widened<(Vec<Inst>, Vec<(ValueId, ValueId)>, u64, bool)> {
        let mut l = l.clone();
        let (body, renamed) = flatten::run(&mut self.program, &l.body, &differing(&l))?;
        l.body = body;
        for inst in &l.body {
            if let Inst::Gate(gate) = inst {
                self.scalars.learn(&self.program, gate);
            }
        }
        for c in &mut l.carried {
            c.next = renamed.get(&c.next).copied().unwrap_or(c.next);
        }
        let mut before = Vec::new();
        let mut behind = Vec::new();
        let roles = self.roles(&mut l, count, &mut before, &mut behind)?;
        let Bound::Const(from) = l.from else { return Err(Why::TooLarge) };
        prune(&self.program, &mut l);
        let ranges: Vec<(i64, i64)> = l.carried.iter().map(|c| self.range(c.init)).collect();
        let turns = Turns::of(l.counter, from, count, falls).ok_or(Why::TooLarge)?;
        let mut widen = Widen::new(&mut self.program, &mut self.scalars, turns, u64::MAX);
        widen.distribute = self.distribute;
        widen.out = before;
        for (c, role) in l.carried.iter().zip(&roles) {
            match role {
                Role::Same => {
                    widen.same.insert(c.param, c.init);
                }
                Role::Shared(ty) => {
                    let slot = Slot { ty: *ty, ..widen.program.slot(c.param) };
                    let start = if widen.program.slot(c.init) == slot {
                        c.init
                    } else {
                        widen.emit(Op::Copy {}, vec![Ref::whole(c.init, slot.lanes)], slot.ty, slot.lanes, l.site)?
                    };
                    widen.same.insert(c.param, start);
                    widen.shared.insert(c.param);
                }
                Role::Value => {}
            }
        }
        let values = roles.iter().map(|role| matches!(role, Role::Value));
        let body = Body::of(&l, widen.program, values, &ranges);
        let ends = body.run(&mut widen)?;
        let mut results = Vec::new();
        for ((c, role), end) in l.carried.iter().zip(&roles).zip(ends) {
            let end = match role {
                Role::Same => c.init,
                Role::Shared(_) => widen.renamed(c.next),
                Role::Value => end.ok_or(Why::TooLarge)?,
            };
            finish(&mut widen, end, c.result, l.site, &mut results);
        }
        let (bytes, rounds) = (widen.bytes(), widen.rounds);
        let left = std::mem::take(&mut widen.left);
        if let (false, Some((at, why))) = (rounds, left.first()) {
            // Two passes over the same turns would save nothing.
            return Err(Why::Because(*at, why.clone()));
        }
        self.made.append(&mut widen.moves);
        let mut out = std::mem::take(&mut widen.out);
        self.parts.extend(left.into_iter().map(|(at, why)| Note { site: l.site, part: true, at, why }));
        for mut inst in behind {
            inst.map_own_uses(&mut |value| {
                results.iter().find(|(result, _)| *result == value).map_or(value, |(_, stands)| *stands)
            });
            out.push(inst);
        }
        Ok((out, results, bytes, rounds))
    }

    /// What the turns do with each value that they hand on. An array of which they use one place alone becomes a value of that place.
    fn roles(
        &mut self,
        l: &mut Loop,
        count: u64,
        before: &mut Vec<Inst>,
        behind: &mut Vec<Inst>,
    ) -> Widened<Vec<Role>> {
        let Bound::Const(from) = l.from else { return Err(Why::TooLarge) };
        let mut roles = Vec::with_capacity(l.carried.len());
        let mut at = 0;
        while let Some(c) = l.carried.get(at).copied() {
            if c.next == c.param {
                roles.push(Role::Same);
            } else {
                let inside = defined(l);
                let accesses = Accesses::of(&self.program, &self.scalars, l, &c, &inside);
                match accesses {
                    Ok(accesses) if accesses.written => match accesses.check(&self.program, l, from, count) {
                        Ok(()) => roles.push(Role::Shared(accesses.ty)),
                        Err(why) => {
                            promote::run(&mut self.program, l, at, &accesses, (before, behind)).ok_or(why)?;
                            // It may now be written only, or be gone; the new value stands at the end.
                            continue;
                        }
                    },
                    _ => roles.push(Role::Value),
                }
            }
            at += 1;
        }
        Ok(roles)
    }
}

/// How many turns a loop has, where that is known.
fn turns(l: &Loop) -> Option<u64> {
    let (Bound::Const(from), Bound::Const(to)) = (l.from, l.to) else { return None };
    Some(u64::try_from(i128::from(to) - i128::from(from)).unwrap_or(0))
}

/// Drops what nothing in the body reads, so that it does not look as if single turns were asked for.
fn prune(program: &Program, l: &mut Loop) {
    let mut live: BTreeSet<ValueId> = l.carried.iter().map(|c| c.next).collect();
    let mut kept = Vec::with_capacity(l.body.len());
    for inst in std::mem::take(&mut l.body).into_iter().rev() {
        let dead = match &inst {
            Inst::Gate(gate) => {
                facts::removable(program, gate) && gate.result.is_some_and(|result| !live.contains(&result))
            }
            _ => false,
        };
        if !dead {
            inst.each_use(&mut |value| {
                live.insert(value);
            });
            kept.push(inst);
        }
    }
    kept.reverse();
    l.body = kept;
}

/// Values of a loop's body, with its counter and what it carries.
fn defined(l: &Loop) -> BTreeSet<ValueId> {
    let mut inside = BTreeSet::from([l.counter]);
    inside.extend(l.carried.iter().map(|c| c.param));
    let mut stack: Vec<&Inst> = l.body.iter().collect();
    while let Some(inst) = stack.pop() {
        inst.each_result(&mut |value| {
            inside.insert(value);
        });
        inst.each_param(&mut |value| {
            inside.insert(value);
        });
        stack.extend(inst.blocks().into_iter().flatten());
    }
    inside
}

/// Values that are not the same in all turns, or not seen to be.
fn differing(l: &Loop) -> BTreeSet<ValueId> {
    fn walk(insts: &[Inst], differs: &mut BTreeSet<ValueId>) {
        for inst in insts {
            let mut uses = false;
            inst.each_use(&mut |value| uses |= differs.contains(&value));
            if uses {
                inst.each_result(&mut |value| {
                    differs.insert(value);
                });
                if let Inst::Loop(inner) = inst {
                    differs.extend(inner.carried.iter().map(|c| c.param));
                }
            }
            inst.blocks().into_iter().for_each(|block| walk(block, differs));
        }
    }
    let mut differs = BTreeSet::from([l.counter]);
    differs.extend(l.carried.iter().filter(|c| c.next != c.param).map(|c| c.param));
    walk(&l.body, &mut differs);
    differs
}

/// Lets a value be the result of a loop.
fn finish(widen: &mut Widen<'_>, value: ValueId, result: ValueId, site: SiteId, results: &mut Vec<(ValueId, ValueId)>) {
    let (own, slot) = (widen.program.slot(value), widen.program.slot(result));
    if own == slot {
        results.push((result, value));
        return;
    }
    // What the loop carried is in the result's range, though the parts of a sum need not show it.
    let op = if copies(own.ty, slot.ty) { Op::Copy {} } else { Op::Relabel {} };
    let args = vec![Ref::whole(value, slot.lanes)];
    widen.out.push(Inst::Gate(Gate { op, args, result: Some(result), site }));
}
