//! Common subexpressions: a gate that was evaluated before is not evaluated again.
//!
//! ```text
//! %1 = mul(%0, %0)                  %1 = mul(%0, %0)
//! %2 = mul(%0, %0)          ->      %3 = add(%1, %1)
//! %3 = add(%1, %2)
//! ```
//!
//! What takes messages and was evaluated for all lanes of a value is not evaluated again for some of them: they are copied.
//!
//! Same operation, same views, same type, in a place that the first one dominates. Effects, randomness and what may stop the run are
//! left alone (a stop is reported at its own line). Constants are compared by their words.

use super::facts;
use crate::ir::{Constant, Gate, Inst, Op, Program, Ref, RegType, Slot, ValueId};
use std::collections::HashMap;

/// Removes repeated gates.
#[must_use]
pub fn run(mut program: Program) -> Program {
    let mut body = std::mem::take(&mut program.body);
    let mut pass = Cse {
        program: &program,
        constants: HashMap::new(),
        known: HashMap::new(),
        log: Vec::new(),
        replaced: (0..u32::try_from(program.values.len()).unwrap_or(u32::MAX)).map(ValueId).collect(),
    };
    pass.block(&mut body);
    program.body = body;
    program
}

struct Cse<'a> {
    program: &'a Program,
    constants: HashMap<(Vec<i64>, bool), u64>,
    /// Looked up, never iterated.
    known: HashMap<Vec<u64>, ValueId>,
    /// What to forget at the end of a block.
    log: Vec<Vec<u64>>,
    replaced: Vec<ValueId>,
}

impl Cse<'_> {
    fn block(&mut self, block: &mut Vec<Inst>) {
        let mark = self.log.len();
        block.retain_mut(|inst| self.inst(inst));
        for key in self.log.split_off(mark) {
            self.known.remove(&key);
        }
    }

    /// Whether the instruction stays.
    fn inst(&mut self, inst: &mut Inst) -> bool {
        // What the blocks define is replaced only once they are walked, and operands before them: so twice, the same.
        inst.map_own_uses(&mut |value| self.replaced[value.index()]);
        if let Inst::While(w) = inst {
            // The head dominates the body.
            let mark = self.log.len();
            w.head.retain_mut(|inst| self.inst(inst));
            w.body.retain_mut(|inst| self.inst(inst));
            for key in self.log.split_off(mark) {
                self.known.remove(&key);
            }
        } else {
            inst.blocks_mut().into_iter().for_each(|block| self.block(block));
        }
        inst.map_own_uses(&mut |value| self.replaced[value.index()]);
        let Inst::Gate(gate) = inst else { return true };
        let Some(result) = gate.result else { return true };
        if !facts::is_pure(self.program, gate) {
            return true;
        }
        if let Some(all) = self.lanes_of_known(gate, result) {
            (gate.op, gate.args) = (Op::Copy {}, vec![all]);
        }
        let key = self.key(gate, result);
        if let Some(known) = self.known.get(&key) {
            self.replaced[result.index()] = *known;
            return false;
        }
        self.known.insert(key.clone(), result);
        self.log.push(key);
        true
    }

    /// The lanes of a known value that are what the gate computes of some lanes of another, where that takes messages.
    fn lanes_of_known(&mut self, gate: &Gate, result: ValueId) -> Option<Ref> {
        let [arg] = gate.args.as_slice() else { return None };
        let dear = facts::lane_by_lane(gate.op) && facts::rounds(self.program, gate.op, &gate.args, gate.result) > 0;
        let lanes = self.program.lanes(arg.value);
        if !dear || arg.place.is_whole(lanes) {
            return None;
        }
        let whole = Gate { args: vec![Ref::whole(arg.value, lanes)], ..gate.clone() };
        let key = self.key_of(&whole, Slot { lanes, ..self.program.slot(result) });
        let value = *self.known.get(&key)?;
        Some(Ref { value, place: arg.place.clone() })
    }

    fn key(&mut self, gate: &Gate, result: ValueId) -> Vec<u64> {
        self.key_of(gate, self.program.slot(result))
    }

    /// What two gates have in common that compute the same, with results of that type.
    fn key_of(&mut self, gate: &Gate, slot: Slot) -> Vec<u64> {
        let mut key = vec![u64::from(gate.op.code())];
        match gate.op {
            Op::Const { constant } | Op::ConstRounded { constant } => key.push(self.constant(constant.index())),
            op => key.extend(op.immediates().into_iter().map(|(_, bits)| bits)),
        }
        key.push(slot.lanes);
        key.extend(words(slot.ty));
        for arg in &gate.args {
            let place = arg.place.clone().simplified();
            key.extend([u64::from(arg.value.0), place.offset, place.dims.len() as u64]);
            key.extend(place.dims.iter().flat_map(|dim| [dim.stride.cast_unsigned(), dim.len]));
            match place.index {
                Some(index) => key.extend([1, u64::from(index.value.0), index.stride.cast_unsigned()]),
                None => key.push(0),
            }
        }
        key
    }

    fn constant(&mut self, constant: usize) -> u64 {
        let key = match self.program.constants.get(constant) {
            Some(Constant::Words(words)) => (words.clone(), false),
            Some(Constant::Range { start, step }) => (vec![*start, *step], true),
            None => (Vec::new(), true),
        };
        let next = self.constants.len() as u64;
        *self.constants.entry(key).or_insert(next)
    }
}

/// A type as words, for keys.
pub(super) fn words(ty: RegType) -> [u64; 3] {
    let (lo, hi) = ty.range();
    let kind = match ty {
        RegType::Pub { kind, frac, .. } => 1 << 40 | (kind as u64) << 32 | u64::from(frac),
        RegType::Arith { frac, .. } => 2 << 40 | u64::from(frac),
        RegType::Bin { width } => 3 << 40 | u64::from(width),
    };
    [lo.cast_unsigned(), hi.cast_unsigned(), kind]
}
