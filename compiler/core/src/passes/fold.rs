//! Constant folding: what is known is not computed, and control that is decided is gone.
//!
//! ```text
//! %1 = const(3)                             %2 = const(9)
//! %2 = mul(%1, %1)                  ->      output(%2)
//! if %true { output(%2) } else { }
//!
//! loop %i from 4 to 5 { … %i … }    ->      … 4 …
//! ```
//!
//! Public gates on known operands run here, by the same semantics as in the machine, up to [`MOST`] lanes; one that would fault is left to fault
//! in its place. Loops without a turn go, loops of one turn become their body, checks that hold go.

use crate::ir::eval;
use crate::ir::{Block, Bound, Carried, Constant, Gate, If, Inst, Loop, Op, Place, Program, Ref, Slot, ValueId, While};
use std::rc::Rc;

/// Most lanes of a vector that is computed here.
pub const MOST: u64 = 4096;

/// Folds constants.
#[must_use]
pub fn run(mut program: Program) -> Program {
    let body = std::mem::take(&mut program.body);
    let values = u32::try_from(program.values.len()).unwrap_or(u32::MAX);
    let mut fold = Fold {
        known: vec![None; program.values.len()],
        replaced: (0..values).map(ValueId).collect(),
        program: &mut program,
    };
    let mut out = Block::new();
    fold.block(body, &mut out);
    program.body = out;
    program
}

struct Fold<'a> {
    program: &'a mut Program,
    /// By value: its lanes, where they are known.
    known: Vec<Option<Rc<Vec<i64>>>>,
    replaced: Vec<ValueId>,
}

impl Fold<'_> {
    fn block(&mut self, block: Block, out: &mut Block) {
        for inst in block {
            self.inst(inst, out);
        }
    }

    fn nested(&mut self, block: &mut Block) {
        let mut out = Block::new();
        self.block(std::mem::take(block), &mut out);
        *block = out;
    }

    fn map(&self, inst: &mut Inst) {
        inst.map_own_uses(&mut |value| self.replaced[value.index()]);
    }

    fn inst(&mut self, mut inst: Inst, out: &mut Block) {
        self.map(&mut inst);
        match inst {
            Inst::Gate(gate) => self.gate(gate, out),
            Inst::Update(_) | Inst::Concat(_) => out.push(inst),
            Inst::Loop(l) => self.counted(l, out),
            Inst::While(mut w) => {
                self.nested(&mut w.head);
                self.nested(&mut w.body);
                let mut inst = Inst::While(While { ..w });
                self.map(&mut inst);
                out.push(inst);
            }
            Inst::If(i) => self.branch(i, out),
        }
    }

    fn counted(&mut self, mut l: Loop, out: &mut Block) {
        for bound in [&mut l.from, &mut l.to] {
            if let Bound::Value(value) = *bound
                && let Some(word) = self.word(value)
            {
                *bound = Bound::Const(word);
            }
        }
        match (l.from, l.to) {
            (Bound::Const(from), Bound::Const(to)) if from >= to => {
                self.hand(&l.carried, |c| (c.init, c.result), l.site, out);
            }
            (Bound::Const(from), Bound::Const(to)) if i128::from(to) - i128::from(from) == 1 => {
                let constant = self.program.constant(Constant::Words(vec![from]));
                let op = Op::Const { constant };
                self.gate(Gate { op, args: Vec::new(), result: Some(l.counter), site: l.site }, out);
                self.hand(&l.carried, |c| (c.init, c.param), l.site, out);
                self.block(l.body, out);
                // What the body hands on was replaced only while it was walked.
                self.hand(&l.carried, |c| (c.next, c.result), l.site, out);
            }
            _ => {
                self.nested(&mut l.body);
                let mut inst = Inst::Loop(l);
                self.map(&mut inst);
                out.push(inst);
            }
        }
    }

    fn branch(&mut self, mut i: If, out: &mut Block) {
        let Some(holds) = self.word(i.condition) else {
            self.nested(&mut i.then);
            self.nested(&mut i.otherwise);
            let mut inst = Inst::If(i);
            self.map(&mut inst);
            out.push(inst);
            return;
        };
        self.block(if holds != 0 { i.then } else { i.otherwise }, out);
        for joined in &i.results {
            self.become_value(if holds != 0 { joined.then } else { joined.otherwise }, joined.result, i.site, out);
        }
    }

    fn hand(
        &mut self,
        carried: &[Carried],
        pair: impl Fn(&Carried) -> (ValueId, ValueId),
        site: crate::ir::SiteId,
        out: &mut Block,
    ) {
        for c in carried {
            let (from, into) = pair(c);
            self.become_value(from, into, site, out);
        }
    }

    /// Reads of `into` become reads of `from`; by a copy where the type is another one, since arrays keep theirs.
    fn become_value(&mut self, from: ValueId, into: ValueId, site: crate::ir::SiteId, out: &mut Block) {
        let from = self.replaced[from.index()];
        if self.program.ty(from) == self.program.ty(into) {
            self.replaced[into.index()] = from;
            return;
        }
        let args = vec![self.program.whole(from)];
        self.gate(Gate { op: Op::Copy {}, args, result: Some(into), site }, out);
    }

    fn gate(&mut self, mut gate: Gate, out: &mut Block) {
        if let (Op::Check { .. } | Op::StopUnless { .. }, [holds]) = (gate.op, gate.args.as_slice())
            && self.lanes(holds).is_some_and(|lanes| lanes.iter().all(|holds| *holds != 0))
        {
            return;
        }
        if let Some(result) = gate.result
            && let Some(words) = self.evaluate(&gate, self.program.slot(result))
        {
            let slot = self.program.slot(result);
            let was_constant = matches!(gate.op, Op::Const { .. });
            if !slot.ty.is_secret() && !was_constant {
                let same = words.iter().all(|word| Some(word) == words.first());
                let words = if same { words.iter().copied().take(1).collect() } else { words.to_vec() };
                gate.op = Op::Const { constant: self.program.constant(Constant::Words(words)) };
                gate.args.clear();
            }
            self.known[result.index()] = Some(Rc::new(words));
        }
        out.push(Inst::Gate(gate));
    }

    fn evaluate(&self, gate: &Gate, slot: Slot) -> Option<Vec<i64>> {
        // That a constant has been rounded is to be seen in the module.
        let kept = matches!(gate.op, Op::ConstRounded { .. }) || !super::facts::repeats(gate.op);
        if slot.lanes > MOST || slot.lanes == 0 || kept {
            return None;
        }
        let args: Vec<Vec<i64>> = gate.args.iter().map(|arg| self.lanes(arg)).collect::<Option<_>>()?;
        match gate.op {
            // A secret that is a copy of something known is known too, if only to checks.
            Op::Copy {} => return args.into_iter().next(),
            _ if slot.ty.is_secret() => return None,
            _ => {}
        }
        let types: Vec<_> = gate.args.iter().map(|arg| self.program.ty(arg.value)).collect();
        eval::eval(self.program, gate.op, &args, &types, slot).ok()
    }

    fn word(&self, value: ValueId) -> Option<i64> {
        self.known.get(value.index())?.as_ref()?.first().copied()
    }

    /// The lanes that a view names, where they are known.
    fn lanes(&self, of: &Ref) -> Option<Vec<i64>> {
        let Place { offset, index, dims } = of.place.clone().simplified();
        let all = self.known.get(of.value.index())?.as_ref()?;
        let mut start = i128::from(offset);
        if let Some(index) = index {
            start += i128::from(self.word(index.value)?) * i128::from(index.stride);
        }
        if of.lanes() > MOST {
            return None;
        }
        let mut places = vec![start];
        for dim in &dims {
            let row = |at: i128| (0..i128::from(dim.len)).map(move |i| at + i * i128::from(dim.stride));
            places = places.into_iter().flat_map(row).collect();
        }
        places.into_iter().map(|at| all.get(usize::try_from(at).ok()?).copied()).collect()
    }
}
