//! Vectorisation: a loop whose turns are independent computes all of them at once, a lane each.
//!
//! ```text
//! loop %i from 0 to 9 {
//!     carry %1 = %2 then %4 gives %5            ->      %3 = mul(%0, %0)        and %3 for %5
//!     %3 = mul(%0[0 + %i*1], %0[0 + %i*1])
//!     %4 = update %1[0 + %i*1] copy(%3)
//! }
//! ```
//!
//! So the rounds of one turn are those of all. Each turn must compute single lanes by pure gates that work lane by lane, and write each array that the
//! loop carries once, each turn into a place of its own, without reading it: then nothing is seen of the order of turns. What is the same in all of them
//! is computed once. Loops that hold more than that stay loops, and so do those whose values would take too much memory as vectors.

use super::facts;
use crate::ir::{Bound, Constant, Dim, Gate, Inst, Loop, Op, Place, Program, Ref, SiteId, Update, ValueId};
use std::collections::{BTreeMap, BTreeSet};

/// Lanes that the values of all turns may have together: 256 MB under `rep3`, were all of them alive at once.
const MOST: u64 = 1 << 24;

/// The same where no turn takes a round, and nothing but time is saved.
const MOST_LOCAL: u64 = 1 << 22;

/// Makes lanes of the turns of loops that allow it, inner ones first.
#[must_use]
pub fn run(mut program: Program) -> Program {
    let body = std::mem::take(&mut program.body);
    let mut same = BTreeMap::new();
    program.body = block(&mut program, body, &mut same);
    if !same.is_empty() {
        let mut first = |value| same.get(&value).copied().unwrap_or(value);
        program.body.iter_mut().for_each(|inst| inst.map_uses(&mut first));
    }
    program
}

/// The block with lanes for turns. `same` says which results of loops are the vectors written to them; their readers are told at the end. An outer loop that reads
/// one before that sees more than one lane in it, as in the vector, and stays a loop.
fn block(program: &mut Program, insts: Vec<Inst>, same: &mut BTreeMap<ValueId, ValueId>) -> Vec<Inst> {
    let mut out = Vec::with_capacity(insts.len());
    for mut inst in insts {
        for inner in inst.blocks_mut() {
            *inner = block(program, std::mem::take(inner), same);
        }
        match inst {
            Inst::Loop(l) => match Turns::of(program, &l) {
                Some((turns, steps)) => turns.spread(program, l.site, steps, &mut out, same),
                None => out.push(Inst::Loop(l)),
            },
            other => out.push(other),
        }
    }
    out
}

/// The turns of a loop that become lanes.
struct Turns {
    from: i64,
    count: u64,
    counter: ValueId,
    /// Values of the body that are different in each turn, the counter among them.
    varying: BTreeSet<ValueId>,
    /// Whether a gate reads the counter itself.
    counted: bool,
    /// Whether a gate takes a round.
    rounds: bool,
}

/// An instruction of all turns.
enum Step {
    Gate(Gate),
    /// The write to a carried array, from the array before the loop to that behind it.
    Write(Update),
}

impl Turns {
    /// The turns and what they do at once; `None` where they depend on one another, or do more than gates of single lanes.
    fn of(program: &Program, l: &Loop) -> Option<(Self, Vec<Step>)> {
        let (Bound::Const(from), Bound::Const(to)) = (l.from, l.to) else { return None };
        let count = u64::try_from(to.checked_sub(from)?).ok().filter(|count| *count > 1)?;
        if l.carried.is_empty() {
            return None;
        }
        let varying = BTreeSet::from([l.counter]);
        let mut turns = Self { from, count, counter: l.counter, varying, counted: false, rounds: false };
        // How often the body uses each carried array, and each result of a write: an array is written and nothing else, and what a write gives is handed on and
        // nothing else.
        let mut uses = vec![0_u32; l.carried.len() * 2];
        let hidden: Vec<ValueId> = l.carried.iter().flat_map(|c| [c.param, c.next]).collect();
        for inst in &l.body {
            inst.each_use(&mut |value| {
                let at = hidden.iter().position(|hidden| *hidden == value);
                at.into_iter().for_each(|at| uses[at] += 1);
            });
        }
        if uses.chunks(2).any(|uses| uses != [1, 0]) {
            return None;
        }
        let mut steps = Vec::with_capacity(l.body.len());
        for inst in &l.body {
            steps.push(match inst {
                Inst::Gate(gate) => Step::Gate(turns.gate(program, gate)?),
                Inst::Update(update) => Step::Write(turns.write(program, l, update)?),
                Inst::Concat(_) | Inst::Loop(_) | Inst::While(_) | Inst::If(_) => return None,
            });
        }
        let writes = steps.iter().filter(|step| matches!(step, Step::Write(_))).count();
        let lanes = count.checked_mul(turns.varying.len() as u64)?;
        let most = if turns.rounds { MOST } else { MOST_LOCAL };
        (writes == l.carried.len() && lanes <= most).then_some((turns, steps))
    }

    fn varies(&self, view: &Ref) -> bool {
        let mut varies = false;
        view.each_use(&mut |value| varies |= self.varying.contains(&value));
        varies
    }

    fn gate(&mut self, program: &Program, gate: &Gate) -> Option<Gate> {
        let result = gate.result.filter(|_| facts::is_pure(program, gate))?;
        if !gate.args.iter().any(|arg| self.varies(arg)) {
            return Some(gate.clone());
        }
        if !facts::lane_by_lane(gate.op) || program.lanes(result) != 1 {
            return None;
        }
        let args = gate.args.iter().map(|arg| self.spread_view(arg)).collect::<Option<_>>()?;
        self.rounds |= facts::rounds(program, gate.op, &gate.args, gate.result) > 0;
        self.varying.insert(result);
        Some(Gate { args, ..gate.clone() })
    }

    fn write(&mut self, program: &Program, l: &Loop, update: &Update) -> Option<Update> {
        let carried = l.carried.iter().find(|c| c.param == update.array && c.next == update.result)?;
        let ([value], Op::Copy {}) = (update.args.as_slice(), update.op) else { return None };
        let args = vec![self.spread_view(value)?];
        let place = &update.place;
        let index = place.index.filter(|index| index.value == l.counter && index.stride != 0)?;
        let lanes = program.lanes(carried.init);
        let all = Place::strided(self.start(place.offset, index.stride)?, index.stride, self.count);
        let same = program.ty(carried.init) == program.ty(carried.result);
        let fits = single(place) && (all.is_whole(lanes) || same) && self.inside(place, index.stride, lanes);
        fits.then(|| Update { array: carried.init, place: all, args, result: carried.result, ..update.clone() })
    }

    /// Whether the place is one of the array's in the first turn and in the last.
    fn inside(&self, place: &Place, stride: i64, lanes: u64) -> bool {
        let last = i64::try_from(self.count - 1).ok().and_then(|last| self.from.checked_add(last));
        let at = |turn: i64| i128::from(place.offset) + i128::from(turn) * i128::from(stride);
        last.is_some_and(|last| [self.from, last].iter().all(|turn| (0..i128::from(lanes)).contains(&at(*turn))))
    }

    /// The lane that the first turn means.
    fn start(&self, offset: u64, stride: i64) -> Option<u64> {
        u64::try_from(i128::from(offset) + i128::from(self.from) * i128::from(stride)).ok()
    }

    /// The lane of each turn; `None` where a turn reads more than one, or where another index than the counter leads.
    fn spread_view(&mut self, view: &Ref) -> Option<Ref> {
        let (place, count) = (&view.place, self.count);
        if !single(place) {
            return None;
        }
        let own = self.varying.contains(&view.value);
        self.counted |= view.value == self.counter;
        let place = match place.index {
            None if own => Place::whole(count),
            Some(_) if own => return None,
            Some(index) if index.value == self.counter => {
                Place::strided(self.start(place.offset, index.stride)?, index.stride, count)
            }
            Some(index) if self.varying.contains(&index.value) => return None,
            None | Some(_) => Place { dims: vec![Dim { stride: 0, len: count }], ..place.clone() },
        };
        Some(Ref { value: view.value, place })
    }

    /// Takes the steps.
    fn spread(
        self,
        program: &mut Program,
        site: SiteId,
        steps: Vec<Step>,
        out: &mut Vec<Inst>,
        same: &mut BTreeMap<ValueId, ValueId>,
    ) {
        if self.counted {
            let op = Op::Const { constant: program.constant(Constant::Range { start: self.from, step: 1 }) };
            out.push(Inst::Gate(Gate { op, args: Vec::new(), result: Some(self.counter), site }));
        }
        self.varying.iter().for_each(|value| program.values[value.index()].slot.lanes = self.count);
        for step in steps {
            match step {
                Step::Gate(gate) => out.push(Inst::Gate(gate)),
                Step::Write(update) if !update.place.is_whole(program.lanes(update.result)) => {
                    out.push(Inst::Update(update));
                }
                Step::Write(Update { args, result, site, .. }) => match args.as_slice() {
                    [all]
                        if program.slot(all.value) == program.slot(result) && all.place == Place::whole(self.count) =>
                    {
                        // What it is may itself be another value.
                        let first = same.get(&all.value).copied().unwrap_or(all.value);
                        same.insert(result, first);
                    }
                    _ => out.push(Inst::Gate(Gate { op: Op::Copy {}, args, result: Some(result), site })),
                },
            }
        }
    }
}

/// Whether a place names a single lane.
fn single(place: &Place) -> bool {
    place.dims.iter().all(|dim| dim.len == 1)
}
