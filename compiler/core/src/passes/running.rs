//! Running sums: a first term that stands apart joins them, and what is left of a total is the running sum from the other end.
//!
//! ```text
//! %1 = prefix_sum{len=9}(%x[1; 1 x 9])                  %1 = prefix_sum{len=10}(%x)
//! %2 = add(%x[0; 0 x 9], %1)                    ->      %3 = copy(%1)
//! %3 = concat(%x[0], %2)
//!
//! %1 = sum{len=10}(%x)                                  %2 = prefix_sum{len=10}(%x[9; -1 x 10])
//! %2 = prefix_sum{len=10}(%x)                   ->
//! %3 = sub(%1[0; 0 x 10], %2)                           %3 = concat(%2[8; -1 x 9], 0)
//!
//! %1 = sum{len=9}(%x[1; 1 x 9])
//! %2 = add(%1, %x[0])                           ->      %2 = sum{len=10}(%x)
//!
//! %2 = concat(0, %1), %1 = prefix_sum{len=10}(%x)
//! %3 = add(%2[0; 1 x 10], %x)                   ->      %3 = copy(%1)
//! ```
//!
//! Where an update leaves one or two lanes of an array, of which it is known what they hold, it is such a concatenation too: the array
//! before it is not needed then.

use super::forward::{self, Replaced, Rewrite, Taken};
use super::views::behind;
use super::{dead, ranges, views};
use crate::ir::{
    Concat, Constant, Dim, Gate, Inst, Op, Place, Program, Ref, RegType, SiteId, Slot, Update, ValueId, copies, fits,
};
use std::collections::{BTreeMap, BTreeSet};

/// Most lanes that an update may leave.
const LEFT: u64 = 2;
/// Most parts of a part that are looked at one by one.
const FEW: usize = 4;
/// How many versions of an array are followed for what a lane holds.
const DEPTH: u32 = 8;

/// Shortens what stands around running sums.
#[must_use]
pub fn run(program: Program) -> Program {
    let mut running = Running::default();
    let program = forward::run(program, &mut running);
    if running.changed { views::run(dead::run(views::run(program))) } else { program }
}

/// How a version of an array came about.
#[derive(Clone, Debug)]
enum Version {
    Copy(Ref),
    Update { array: ValueId, place: Place, of: Ref },
    Concat(Vec<Ref>),
}

#[derive(Default)]
struct Running {
    /// By value: what it is the running sum of.
    prefixes: BTreeMap<ValueId, Ref>,
    /// By value of one lane: what it is the sum of.
    sums: BTreeMap<ValueId, Ref>,
    versions: BTreeMap<ValueId, Version>,
    /// Values known to be 0 in all lanes.
    zeros: BTreeSet<ValueId>,
    taken: Taken,
    changed: bool,
}

impl Rewrite for Running {
    fn inst(&mut self, program: &mut Program, mut inst: Inst, out: &mut Vec<Inst>, _: &mut Replaced) {
        if let Inst::Update(update) = &inst
            && let Some(parts) = self.covered(program, update)
        {
            inst = Inst::Concat(Concat { parts, result: update.result, site: update.site });
            self.changed = true;
        }
        if let Inst::Gate(gate) = &mut inst
            && let Some(all) = self.term_apart(program, gate)
        {
            (gate.op, gate.args) = (Op::Sum { len: all.lanes() }, vec![all]);
            self.changed = true;
        }
        if let Inst::Gate(gate) = &mut inst
            && let Some(parts) = self
                .first_apart(program, gate, out)
                .or_else(|| self.other_end(program, gate, out))
                .or_else(|| self.own_term(program, gate))
            && let Some(result) = gate.result
        {
            inst = Inst::Concat(Concat { parts, result, site: gate.site });
            self.changed = true;
        }
        if let Inst::Concat(concat) = &mut inst {
            self.join(program, concat);
            if let [part] = concat.parts.as_slice() {
                let (args, result, site) = (vec![part.clone()], Some(concat.result), concat.site);
                inst = Inst::Gate(Gate { op: Op::Copy {}, args, result, site });
            }
        }
        self.learn(program, &inst);
        out.push(inst);
    }
}

impl Running {
    fn learn(&mut self, program: &Program, inst: &Inst) {
        match inst {
            Inst::Gate(gate) => {
                if let Some(result) = gate.result {
                    self.note(program, gate, result);
                }
            }
            Inst::Update(update) => {
                if let (Op::Copy {}, [of]) = (update.op, update.args.as_slice()) {
                    let (array, place) = (update.array, update.place.clone());
                    self.versions.insert(update.result, Version::Update { array, place, of: of.clone() });
                }
            }
            Inst::Concat(concat) => {
                self.versions.insert(concat.result, Version::Concat(concat.parts.clone()));
            }
            Inst::Loop(_) | Inst::While(_) | Inst::If(_) => {}
        }
        self.taken.learn(inst);
    }

    fn note(&mut self, program: &Program, gate: &Gate, result: ValueId) {
        let (lanes, secret) = (program.lanes(result), program.ty(result).is_secret());
        match (gate.op, gate.args.as_slice()) {
            (Op::Const { constant }, _) => {
                if let Some(Constant::Words(words)) = program.constants.get(constant.index())
                    && words.iter().all(|word| *word == 0)
                {
                    self.zeros.insert(result);
                }
            }
            (Op::PrefixSum { len }, [of]) if len == lanes && secret => {
                self.prefixes.insert(result, of.simplified());
            }
            (Op::Sum { .. }, [of]) if lanes == 1 && secret => {
                self.sums.insert(result, of.simplified());
            }
            (Op::Copy {}, [of]) => {
                self.versions.insert(result, Version::Copy(of.clone()));
                if let Some(sum) = self.sum(of).filter(|_| lanes == 1).cloned() {
                    self.sums.insert(result, sum);
                }
            }
            _ => {}
        }
    }

    /// What the only lane of a value is the sum of.
    fn sum(&self, of: &Ref) -> Option<&Ref> {
        self.sums.get(&of.value).filter(|_| of.place.offset == 0 && of.place.index.is_none())
    }

    /// What a view is the running sum of, all of it.
    fn prefix(&self, program: &Program, of: &Ref) -> Option<&Ref> {
        self.prefixes.get(&of.value).filter(|_| of.place.is_whole(program.lanes(of.value)))
    }

    /// What a view that repeats a lane repeats, and what it is the running sum of that stands beside it.
    fn beside(&self, program: &Program, repeated: &Ref, sums: &Ref) -> Option<(Ref, Ref)> {
        let of = self.prefix(program, sums)?;
        let repeats = repeated.place.dims.iter().all(|dim| dim.stride == 0 || dim.len == 1);
        let lane = Ref { value: repeated.value, place: Place { dims: Vec::new(), ..repeated.place.clone() } };
        (repeats && self.taken.spares(of) && self.taken.spares(&lane)).then(|| (lane, of.clone()))
    }

    /// A term and the running sum of what follows it: all but the first lane of the running sum from it on.
    fn first_apart(&mut self, program: &mut Program, gate: &Gate, out: &mut Vec<Inst>) -> Option<Vec<Ref>> {
        let (Op::Add {}, [a, b]) = (gate.op, gate.args.as_slice()) else { return None };
        let (first, of) = self.beside(program, a, b).or_else(|| self.beside(program, b, a))?;
        let lanes = gate.args.first()?.lanes();
        let all = behind((&first, 1), (&of, lanes))?;
        let sums = self.running(program, all, (gate.site, program.ty(gate.result?)), out)?;
        Some(vec![Ref { value: sums, place: Place::span(1, lanes) }])
    }

    /// A term and the sum of those behind it, or before it: all of them.
    fn term_apart(&self, program: &Program, gate: &Gate) -> Option<Ref> {
        let (Op::Add {}, [a, b], result) = (gate.op, gate.args.as_slice(), gate.result?) else { return None };
        let all = [(a, b), (b, a)].into_iter().find_map(|(term, rest)| {
            let of = self.sum(rest).filter(|of| of.lanes() > 1 && self.taken.spares(of) && self.taken.spares(term))?;
            let lanes = of.lanes();
            behind((term, 1), (of, lanes)).or_else(|| behind((of, lanes), (term, 1)))
        })?;
        let op = Op::Sum { len: all.lanes() };
        let single = program.lanes(result) == 1 && gate.args.iter().all(|arg| arg.lanes() == 1);
        (single && ranges::within(program, op, std::slice::from_ref(&all), program.ty(result))).then_some(all)
    }

    /// A term and the running sum of those before it: the running sum.
    fn own_term(&self, program: &Program, gate: &Gate) -> Option<Vec<Ref>> {
        let (Op::Add {}, [a, b]) = (gate.op, gate.args.as_slice()) else { return None };
        [(a, b), (b, a)].into_iter().find_map(|(before, terms)| {
            let Version::Concat(parts) = self.versions.get(&before.value)? else { return None };
            let [nothing, sums] = parts.as_slice() else { return None };
            let (of, lanes) = (self.prefix(program, sums)?, before.lanes());
            let all = before.place.is_whole(lanes) && lanes <= sums.lanes() && nothing.lanes() == 1;
            let same = of.view(&Place::whole(lanes))?.simplified() == terms.simplified();
            let place = Place::whole(lanes);
            (all && same && self.zeros.contains(&nothing.value)).then(|| vec![Ref { value: sums.value, place }])
        })
    }

    /// A total without the running sum: the running sum from the other end, but for its last lane, backwards, and nothing.
    fn other_end(&mut self, program: &mut Program, gate: &Gate, out: &mut Vec<Inst>) -> Option<Vec<Ref>> {
        let (Op::Sub {}, [total, sums]) = (gate.op, gate.args.as_slice()) else { return None };
        let (total, of) = self.beside(program, total, sums)?;
        let turned = reversed(&of)?;
        let sum = self.sum(&total)?;
        if *sum != of && *sum != turned {
            return None;
        }
        let ty = program.ty(gate.result?);
        let left = of.lanes().checked_sub(1).filter(|left| *left > 0)?;
        let sums = self.running(program, turned, (gate.site, ty), out)?;
        let constant = program.constant(Constant::Words(vec![0]));
        let zero = program.value(Slot { ty: RegType::pub_int(0, 0), lanes: 1 }, "");
        let site = gate.site;
        out.push(Inst::Gate(Gate { op: Op::Const { constant }, args: Vec::new(), result: Some(zero), site }));
        let backwards = Place::strided(left - 1, -1, left);
        Some(vec![Ref { value: sums, place: backwards }, Ref::whole(zero, 1)])
    }

    /// A running sum of its own, of which all lanes fit a type.
    fn running(
        &mut self,
        program: &mut Program,
        of: Ref,
        (site, into): (SiteId, RegType),
        out: &mut Vec<Inst>,
    ) -> Option<ValueId> {
        let lanes = of.lanes();
        let op = Op::PrefixSum { len: lanes };
        let range = ranges::interval(program, op, std::slice::from_ref(&of))?;
        let ty = ranges::numbers(true, range, program.ty(of.value).frac()).filter(|ty| fits(*ty, into))?;
        let sums = program.value(Slot { ty, lanes }, "");
        self.prefixes.insert(sums, of.simplified());
        out.push(Inst::Gate(Gate { op, args: vec![of], result: Some(sums), site }));
        Some(sums)
    }

    /// Lets parts that follow one another in a running sum be one part.
    fn join(&mut self, program: &Program, concat: &mut Concat) {
        let mut parts: Vec<Ref> = Vec::with_capacity(concat.parts.len());
        for part in &concat.parts {
            let whole = part.place.is_whole(program.lanes(part.value));
            let own = match self.versions.get(&part.value).filter(|_| whole) {
                Some(Version::Concat(own)) if own.len() <= FEW => own.as_slice(),
                Some(Version::Copy(own)) => std::slice::from_ref(own),
                _ => std::slice::from_ref(part),
            };
            parts.extend(own.iter().filter(|own| self.taken.spares(own)).cloned());
        }
        let lanes = |parts: &[Ref]| parts.iter().map(Ref::lanes).sum::<u64>();
        let into = program.ty(concat.result);
        if lanes(&parts) != lanes(&concat.parts) || !parts.iter().all(|part| copies(program.ty(part.value), into)) {
            return;
        }
        let apart = parts.len();
        let mut joined: Vec<Ref> = Vec::with_capacity(apart);
        for part in parts {
            let Some(last) = joined.last_mut() else {
                joined.push(part);
                continue;
            };
            let own = self.as_running(last, &part).unwrap_or_else(|| last.clone());
            let other = self.as_running(&part, last).unwrap_or_else(|| part.clone());
            match behind((&own, own.lanes()), (&other, other.lanes())) {
                Some(both) if self.prefixes.contains_key(&both.value) => *last = both,
                _ => joined.push(part),
            }
        }
        if joined.len() < apart {
            concat.parts = joined;
            self.changed = true;
        }
    }

    /// A single lane as a lane of the running sum that another part is of: its first, or its last.
    fn as_running(&self, lane: &Ref, other: &Ref) -> Option<Ref> {
        let of = self.prefixes.get(&other.value).filter(|_| lane.lanes() == 1)?;
        if lane.simplified() == of.view(&Place::lane(0))?.simplified() {
            return Some(Ref::lane(other.value, 0));
        }
        let sum = self.sum(lane)?;
        let all = sum == of || Some(sum) == reversed(of).as_ref();
        all.then(|| Ref::lane(other.value, of.lanes() - 1))
    }

    /// What an array is made of after an update that leaves few lanes of it.
    fn covered(&self, program: &Program, update: &Update) -> Option<Vec<Ref>> {
        let (Op::Copy {}, [of]) = (update.op, update.args.as_slice()) else { return None };
        let place = update.place.clone().simplified();
        let ([Dim { stride: 1, len }], None) = (place.dims.as_slice(), place.index) else { return None };
        let (lanes, end) = (program.lanes(update.array), place.offset.checked_add(*len)?);
        let left = lanes.checked_sub(*len)?;
        if !(1..=LEFT).contains(&left) || left >= *len {
            return None;
        }
        let held = |lanes: std::ops::Range<u64>| -> Option<Vec<Ref>> {
            lanes.map(|lane| self.held(update.array, lane, DEPTH)).collect()
        };
        let mut parts = held(0..place.offset)?;
        parts.push(of.clone());
        parts.extend(held(end..lanes)?);
        let ty = program.ty(update.result);
        parts.iter().all(|part| copies(program.ty(part.value), ty)).then_some(parts)
    }

    /// What a lane of an array is a copy of.
    fn held(&self, array: ValueId, lane: u64, depth: u32) -> Option<Ref> {
        let depth = depth.checked_sub(1)?;
        let found = match self.versions.get(&array)? {
            Version::Copy(of) => of.view(&Place::lane(lane))?,
            Version::Update { array, place, of } => {
                let place = place.clone().simplified();
                let at = match (place.dims.as_slice(), place.index) {
                    ([], None) if place.offset == lane => Some(0),
                    ([], None) => None,
                    ([Dim { stride: 1, len }], None) => lane.checked_sub(place.offset).filter(|at| at < len),
                    _ => return None,
                };
                match at {
                    Some(at) => of.view(&Place::lane(at))?,
                    None => return self.held(*array, lane, depth),
                }
            }
            Version::Concat(_) => return None,
        };
        let Place { offset, index, dims } = found.place.clone().simplified();
        let further = if dims.is_empty() && index.is_none() { self.held(found.value, offset, depth) } else { None };
        further.or_else(|| self.taken.spares(&found).then_some(found))
    }
}

/// The same lanes from the other end.
fn reversed(of: &Ref) -> Option<Ref> {
    let lanes = of.lanes();
    of.view(&Place::strided(lanes.checked_sub(1)?, -1, lanes)).map(|turned| turned.simplified())
}
