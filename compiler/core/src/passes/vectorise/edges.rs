//! What the turns of an outer loop set before their inner loops, and no turn before them touches, is set by a loop of its own ahead: what is left is a nest.
//!
//! ```text
//! loop %i {                                          loop %i { %d[n·%i] = %i }
//!     %d[n·%i] = %i                          ->      loop %i {
//!     loop %j { %d[n·%i + %j] = f(%d[…]) }               loop %j { %d[n·%i + %j] = f(%d[…]) }
//! }                                                  }
//! ```
//!
//! Loop distribution (Kuck et al., 1981) of writes that build on nothing the loop hands on.

use super::access::{Accesses, meet};
use super::{Pass, defined, turns};
use crate::ir::{Bound, Carried, Inst, Loop, Op, ValueId};
use crate::passes::copies::copied;
use crate::passes::facts;
use std::collections::{BTreeMap, BTreeSet};

impl Pass {
    /// The loop that sets the edges, and the rest; `None` where there are none that can come first.
    pub(super) fn edges(&mut self, l: &Loop) -> Option<[Loop; 2]> {
        let inner = l.body.iter().position(|inst| matches!(inst, Inst::Loop(_)))?;
        let (head, _) = l.body.split_at(inner);
        let count = turns(l)?;
        let Bound::Const(from) = l.from else { return None };
        // Versions of arrays as the updates of the head make them, from what the loop carries on.
        let mut last: BTreeMap<ValueId, ValueId> = BTreeMap::new();
        let mut builds: BTreeSet<ValueId> = l.carried.iter().map(|c| c.param).collect();
        for inst in head {
            match inst {
                Inst::Gate(gate) => {
                    let mut ahead = true;
                    inst.each_use(&mut |value| ahead &= !builds.contains(&value));
                    if !ahead || !facts::effects(&self.program, inst).none() {
                        builds.extend(gate.result);
                    }
                }
                Inst::Update(update) => {
                    let param = last.iter().find(|(_, version)| **version == update.array).map(|(param, _)| *param);
                    let param = param.or_else(|| l.carried.iter().map(|c| c.param).find(|c| *c == update.array))?;
                    // One that may stop the run stays where it is.
                    let mut ahead = matches!(update.op, Op::Copy {}) && facts::effects(&self.program, inst).none();
                    update.args.iter().for_each(|arg| arg.each_use(&mut |value| ahead &= !builds.contains(&value)));
                    update.place.each_use(&mut |value| ahead &= !builds.contains(&value));
                    if !ahead || self.program.slot(param) != self.program.slot(update.result) {
                        return None;
                    }
                    builds.insert(update.result);
                    last.insert(param, update.result);
                }
                _ => return None,
            }
        }
        let first: BTreeSet<ValueId> = head
            .iter()
            .filter_map(|inst| if let Inst::Update(update) = inst { Some(update.result) } else { None })
            .collect();
        if last.is_empty() || !only_written(l, &first, &last) {
            return None;
        }
        let inside = defined(l);
        for c in l.carried.iter().filter(|c| last.contains_key(&c.param)) {
            let accesses = Accesses::of(&self.program, &self.scalars, l, c, &inside).ok()?;
            let reach = (1 - i128::from(count), -1);
            let edge = |result: &ValueId| accesses.versions.get(result).copied();
            let edges: BTreeSet<usize> = first.iter().filter_map(edge).collect();
            let (set, rest): (Vec<_>, Vec<_>) =
                accesses.all.iter().partition(|access| access.write && edges.contains(&access.version));
            // No turn may touch what a later one sets.
            let apart = |access| set.iter().all(|edge| !meet(&self.program, access, edge, reach, (from, count)));
            if set.is_empty() || !rest.into_iter().all(apart) {
                return None;
            }
        }
        Some(self.distributed(l, head, (&builds, &last)))
    }

    fn distributed(
        &mut self,
        l: &Loop,
        head: &[Inst],
        (builds, last): (&BTreeSet<ValueId>, &BTreeMap<ValueId, ValueId>),
    ) -> [Loop; 2] {
        let counter = self.program.value(self.program.slot(l.counter), "");
        let mut copies = BTreeMap::from([(l.counter, counter)]);
        let (mut carried, mut rest) = (Vec::new(), l.clone());
        for c in rest.carried.iter_mut().filter(|c| last.contains_key(&c.param)) {
            let [param, set] = [(); 2].map(|()| self.program.value(self.program.slot(c.param), ""));
            copies.insert(c.param, param);
            carried.push((Carried { init: c.init, param, next: param, result: set }, c.param));
            c.init = set;
        }
        let ahead = |inst: &&Inst| match inst {
            Inst::Gate(gate) => gate.result.is_some_and(|result| !builds.contains(&result)),
            _ => true,
        };
        let own: Vec<Inst> = head.iter().filter(ahead).cloned().collect();
        let body = copied(&mut self.program, &own, &mut copies);
        let carried = carried
            .into_iter()
            .map(|(c, param)| {
                let next = last.get(&param).and_then(|version| copies.get(version)).copied().unwrap_or(c.next);
                Carried { next, ..c }
            })
            .collect();
        rest.body.drain(..head.len());
        let kept = head.iter().filter(|inst| matches!(inst, Inst::Gate(_))).cloned();
        rest.body.splice(..0, kept);
        let params: BTreeMap<ValueId, ValueId> = last.iter().map(|(param, version)| (*version, *param)).collect();
        let mut before = |value: ValueId| params.get(&value).copied().unwrap_or(value);
        rest.body.iter_mut().for_each(|inst| inst.map_uses(&mut before));
        rest.carried.iter_mut().for_each(|c| c.next = before(c.next));
        [Loop { counter, carried, body, ..l.clone() }, rest]
    }
}

/// Whether the turns read no array as it was before or between the updates of the head, whose results are `first`.
fn only_written(l: &Loop, first: &BTreeSet<ValueId>, last: &BTreeMap<ValueId, ValueId>) -> bool {
    let mut between: BTreeSet<ValueId> = last.keys().copied().collect();
    between.extend(first.iter().filter(|result| last.values().all(|version| version != *result)));
    let mut reads = 0;
    l.body.iter().for_each(|inst| inst.each_use(&mut |value| reads += usize::from(between.contains(&value))));
    let handed = l.carried.iter().filter(|c| between.contains(&c.next)).count();
    reads == between.len() && handed == 0
}
