//! Increments at a secret index: what is read there and written back with something more is added there, as by `+=`.
//!
//! ```text
//! %2 = b2a(%1)                       // %1 = eq(%x[0; 0 x 64], 0 step 1): which of 64 places is meant
//! %3 = matmul{rows=1, inner=64, cols=1}(%2, %a)       // what stands there
//! %4 = add(%3, %v)                           ->       %6 = mul(%2, %v[0; 0 x 64])
//! %5 = select(%1, %4[0; 0 x 64], %a)                  %5 = add(%a, %6)
//! ```
//!
//! At the place that is meant, what was read is what stands there, and no other is written. A sum no turn of a loop has to wait for; of a choice between what was
//! read and something new each would. Conditions under which a turn writes at all are part of the choice: `and(%1, %c)`.

use super::forward::{self, Replaced, Rewrite, Taken};
use super::ranges;
use crate::ir::{Constant, Dim, Gate, Inst, Op, Place, Program, Ref, RegType, Slot, ValueId, fits};
use smpc_bytecode::interval::Interval;

/// Makes sums of what is read, changed by a sum and written back.
#[must_use]
pub fn run(program: Program) -> Program {
    let values = program.values.len();
    forward::run(program, &mut Increments { gates: vec![None; values], taken: Taken::default() })
}

struct Increments {
    /// By value: the gate that makes it, of those that matter here.
    gates: Vec<Option<Gate>>,
    taken: Taken,
}

/// What was read at a secret index: the truth values that say where, the same as numbers, and the lanes of the array, place by place.
struct Read<'a> {
    index: &'a Ref,
    counts: &'a Ref,
    array: &'a Ref,
    /// Places, and lanes of each.
    shape: (u64, u64),
}

impl Rewrite for Increments {
    fn inst(&mut self, program: &mut Program, mut inst: Inst, out: &mut Vec<Inst>, _: &mut Replaced) {
        if let Inst::Gate(gate) = &mut inst {
            match gate.op {
                Op::Select {} => {
                    let _ = self.increment(program, gate, out);
                }
                Op::Const { .. }
                | Op::Eq {}
                | Op::And {}
                | Op::B2a { .. }
                | Op::MatMul { rows: 1, .. }
                | Op::Add {}
                | Op::Sub {}
                | Op::Relabel {} => self.note(gate),
                _ => {}
            }
        }
        self.taken.learn(&inst);
        out.push(inst);
    }
}

impl Increments {
    fn note(&mut self, gate: &Gate) {
        // Values made on the way are none that were read.
        if let Some(slot) = gate.result.and_then(|result| self.gates.get_mut(result.index())) {
            *slot = Some(gate.clone());
        }
    }

    fn gate(&self, value: ValueId) -> Option<&Gate> {
        self.gates.get(value.index())?.as_ref()
    }

    /// Makes the choice a sum, where it is one.
    fn increment(&self, program: &mut Program, gate: &mut Gate, out: &mut Vec<Inst>) -> Option<()> {
        let ([condition, new, old], Some(result)) = (gate.args.as_slice(), gate.result) else { return None };
        let (read, more, negative) = self.changed(program, new.value)?;
        let (places, each) = read.shape;
        let grid = |outer: i64, inner: i64| {
            let dims = [(outer, places), (inner, each)].map(|(stride, len)| Dim { stride, len });
            Place::grid(0, dims[0], dims[1])
        };
        // Each place gets the same, where it is meant.
        let (across, down) = (grid(0, 1), grid(1, 0));
        let alike = |of: &Ref, place: &Place| of.place.clone().simplified() == place.clone().simplified();
        if !alike(new, &across) || !alike(condition, &down) || old.simplified() != read.array.simplified() {
            return None;
        }
        if !self.taken.spares(&more)
            || !self.within(condition.value, read.index)
            || !self.one_at_most(program, read.index)
        {
            return None;
        }
        let frac = program.ty(result).frac();
        let (change, before) = (ranges::of(program, more.value).join(Interval::of(0)), ranges::of(program, old.value));
        let sum = if negative { before.sub(change) } else { before.add(change) };
        let (change, sum) = (ranges::numbers(true, change, frac)?, ranges::numbers(true, sum, frac)?);
        let (more, site, lanes) = (more.view(&across)?, gate.site, old.lanes());
        let same = condition.value == read.index.value;
        let (counts, old, to) = (read.counts.clone(), old.clone(), program.ty(result));
        let condition = Ref::whole(condition.value, places);
        let mut emit = |op: Op, args: Vec<Ref>, ty: RegType, lanes: u64| {
            let value = program.value(Slot { ty, lanes }, "");
            out.push(Inst::Gate(Gate { op, args, result: Some(value), site }));
            Ref::whole(value, lanes)
        };
        let truth = RegType::arith(0, 1);
        let counts = if same { counts } else { emit(Op::B2a { signed: false }, vec![condition], truth, places) };
        let change = emit(Op::Mul {}, vec![more, counts.view(&down)?], change, lanes);
        let op = if negative { Op::Sub {} } else { Op::Add {} };
        let args = vec![old, change];
        (gate.op, gate.args) =
            if fits(sum, to) { (op, args) } else { (Op::Relabel {}, vec![emit(op, args, sum, lanes)]) };
        Some(())
    }

    /// What was read, and what is added to it or taken from it.
    fn changed(&self, program: &Program, new: ValueId) -> Option<(Read<'_>, Ref, bool)> {
        let gate = self.gate(self.labelled(program, &Ref::whole(new, program.lanes(new)))?)?;
        let [a, b] = gate.args.as_slice() else { return None };
        let read = |of: &Ref| self.read(program, self.labelled(program, of)?);
        match gate.op {
            Op::Add {} => read(a).map(|read| (read, b.clone(), false)).or_else(|| Some((read(b)?, a.clone(), false))),
            Op::Sub {} => Some((read(a)?, b.clone(), true)),
            _ => None,
        }
    }

    /// The value of which these are all lanes, as whatever range it is known by.
    fn labelled(&self, program: &Program, of: &Ref) -> Option<ValueId> {
        let mut of = of;
        loop {
            if !of.place.is_whole(program.lanes(of.value)) {
                return None;
            }
            match self.gate(of.value) {
                Some(Gate { op: Op::Relabel {}, args, .. }) => of = args.first()?,
                _ => return Some(of.value),
            }
        }
    }

    fn read(&self, program: &Program, value: ValueId) -> Option<Read<'_>> {
        let Gate { op: Op::MatMul { rows: 1, inner, cols }, args, .. } = self.gate(value)? else { return None };
        let [counts, array] = args.as_slice() else { return None };
        let Gate { op: Op::B2a { signed: false }, args, .. } = self.gate(counts.value)? else { return None };
        let index = args.first()?;
        let whole = [counts, index].iter().all(|of| of.place.is_whole(program.lanes(of.value)));
        whole.then_some(Read { index, counts, array, shape: (*inner, *cols) })
    }

    /// Whether the condition holds only where the index is.
    fn within(&self, condition: ValueId, index: &Ref) -> bool {
        let whole = |of: &Ref| of.simplified() == index.simplified();
        condition == index.value
            || self.gate(condition).is_some_and(|gate| matches!(gate.op, Op::And {}) && gate.args.iter().any(whole))
    }

    /// Whether the truth values say which of several different numbers a number is.
    fn one_at_most(&self, program: &Program, index: &Ref) -> bool {
        let Some(Gate { op: Op::Eq {}, args, .. }) = self.gate(index.value) else { return false };
        let [a, b] = args.as_slice() else { return false };
        let same = |of: &Ref| of.place.dims.iter().all(|dim| dim.stride == 0 || dim.len == 1);
        let differ = |of: &Ref| {
            let Some(Gate { op: Op::Const { constant }, .. }) = self.gate(of.value) else { return false };
            let range = program.constants.get(constant.index());
            of.place.is_whole(program.lanes(of.value)) && matches!(range, Some(Constant::Range { step: 1, .. }))
        };
        same(a) && differ(b) || same(b) && differ(a)
    }
}
