//! Chains of minima, or of maxima, as trees: what is ready first is compared first.
//!
//! ```text
//! %5 = select(lt(%1, %0), %1, %0)
//! %7 = select(lt(%2, %5), %2, %5)   ->      min(min(%0, %1), min(%2, %3))
//! %9 = select(lt(%3, %7), %3, %7)
//! ```
//!
//! Only where nothing else reads the values in between or how they compare, so that a choice that hands on a companion stays as it is. What a loop hands on counts as
//! ready late: it is compared once a turn, with what the turn itself has found. The two operands that are ready first are joined, again and again: Huffman's construction
//! (1952) for levels, where a pair is ready a step after the later of both, which gives the shallowest tree (Golumbic, 1976, "Combinatorial merging"). Public operands are
//! paired with secret ones, and may make it deeper.

use super::{dead, facts};
use crate::ir::{Gate, Inst, Loop, Op, Program, Ref, RegType, SiteId, Slot, ValueId, While, fits};
use std::collections::{BTreeMap, BTreeSet};

/// A guess at the rounds of a comparison and a choice.
const EXTREME: u64 = 10;

/// When what a loop hands on is ready, a step for each loop around: later than all that does not depend on it.
const LATE: u64 = 1 << 32;

/// Makes trees of chains.
#[must_use]
pub fn run(program: Program) -> Program {
    // What nothing reads must not look as if it were asked for.
    let mut program = dead::run(program);
    let uses = program.use_counts();
    let mut body = std::mem::take(&mut program.body);
    let mut pass = Chains { uses, ready: vec![0; program.values.len()], depth: 0 };
    pass.block(&mut program, &mut body);
    program.body = body;
    program
}

struct Chains {
    uses: Vec<u32>,
    /// By value: a guess at the rounds before it.
    ready: Vec<u64>,
    /// Loops around.
    depth: u64,
}

/// A minimum, or a maximum, of two operands.
struct Extreme {
    greatest: bool,
    operands: [Ref; 2],
    /// The gates that make it: a comparison and a choice, by their place in the block.
    gates: [usize; 2],
}

/// What a chain joins, and what then is no longer needed.
struct Joined {
    operands: Vec<Ref>,
    gates: BTreeSet<usize>,
}

impl Chains {
    fn block(&mut self, program: &mut Program, block: &mut Vec<Inst>) {
        for inst in block.iter_mut() {
            let around = self.depth;
            if let Inst::Loop(Loop { carried, .. }) | Inst::While(While { carried, .. }) = inst {
                self.depth += 1;
                carried.iter().for_each(|c| self.ready[c.param.index()] = self.depth * LATE);
            }
            inst.blocks_mut().into_iter().for_each(|nested| self.block(program, nested));
            self.depth = around;
            self.learn(program, inst);
        }
        let defined: BTreeMap<ValueId, usize> = block
            .iter()
            .enumerate()
            .filter_map(|(at, inst)| match inst {
                Inst::Gate(gate) => Some((gate.result?, at)),
                _ => None,
            })
            .collect();
        let extremes: BTreeMap<ValueId, Extreme> = defined
            .iter()
            .filter_map(|(value, at)| Some((*value, self.extreme(program, block, &defined, *at)?)))
            .collect();
        let inner: BTreeSet<ValueId> = extremes
            .values()
            .flat_map(|extreme| {
                extreme
                    .operands
                    .iter()
                    .filter_map(|operand| self.within(program, block, &defined, &extremes, extreme.greatest, operand))
            })
            .map(|(value, _)| value)
            .collect();
        let mut trees: BTreeMap<usize, Vec<Inst>> = BTreeMap::new();
        let mut gone = BTreeSet::new();
        for (root, extreme) in extremes.iter().filter(|(root, _)| !inner.contains(root)) {
            let joined = self.joined(program, block, &defined, &extremes, extreme);
            // Two operands are the extreme as it is.
            if joined.operands.len() == 2 {
                continue;
            }
            let still = joined
                .gates
                .first()
                .is_some_and(|first| block[*first..=extreme.gates[1]].iter().all(|inst| matches!(inst, Inst::Gate(_))));
            if still
                && let Some(tree) = self.tree(program, *root, extreme, &joined.operands, block[extreme.gates[1]].site())
            {
                trees.insert(extreme.gates[1], tree);
                gone.extend(joined.gates);
            }
        }
        if trees.is_empty() {
            return;
        }
        let old = std::mem::take(block);
        for (at, inst) in old.into_iter().enumerate() {
            match trees.remove(&at) {
                Some(tree) => block.extend(tree),
                None if gone.contains(&at) => {}
                None => block.push(inst),
            }
        }
    }

    fn learn(&mut self, program: &Program, inst: &Inst) {
        let mut before = 0;
        // What a loop's own turns hand on is no matter of those who read what it gives.
        let known = (self.depth + 1) * LATE;
        let level = |value: ValueId| Some(self.ready[value.index()]).filter(|ready| *ready < known);
        inst.each_use(&mut |value| before = before.max(level(value).unwrap_or(0)));
        let own = match inst {
            Inst::Gate(gate) => facts::rounds(program, gate.op, &gate.args, gate.result),
            _ => 0,
        };
        inst.each_result(&mut |value| self.ready[value.index()] = before + own);
    }

    /// The extreme that a choice makes of the operands of its own comparison.
    fn extreme(
        &self,
        program: &Program,
        block: &[Inst],
        defined: &BTreeMap<ValueId, usize>,
        at: usize,
    ) -> Option<Extreme> {
        let Inst::Gate(Gate { op: Op::Select {}, args, result: Some(result), .. }) = &block[at] else { return None };
        let [by, yes, no] = args.as_slice() else { return None };
        let comparison = *defined.get(&by.value)?;
        let Inst::Gate(Gate { op: Op::Lt {}, args: compared, .. }) = &block[comparison] else { return None };
        let alone = self.uses[by.value.index()] == 1 && by.place.is_whole(program.lanes(by.value));
        let secret = matches!(program.ty(*result), RegType::Arith { .. });
        let greatest = match compared.as_slice() {
            [a, b] if (a, b) == (yes, no) => false,
            [a, b] if (a, b) == (no, yes) => true,
            _ => return None,
        };
        (alone && secret).then(|| Extreme { greatest, operands: [yes.clone(), no.clone()], gates: [comparison, at] })
    }

    /// The extreme of the same sense that an operand is, where the one around it alone reads it, with the label on it where there is one.
    fn within(
        &self,
        program: &Program,
        block: &[Inst],
        defined: &BTreeMap<ValueId, usize>,
        extremes: &BTreeMap<ValueId, Extreme>,
        greatest: bool,
        operand: &Ref,
    ) -> Option<(ValueId, Option<usize>)> {
        // The comparison and the choice.
        let whole =
            |of: &Ref, uses: u32| self.uses[of.value.index()] == uses && of.place.is_whole(program.lanes(of.value));
        if !whole(operand, 2) {
            return None;
        }
        let at = *defined.get(&operand.value)?;
        let (value, label) = match &block[at] {
            Inst::Gate(Gate { op: Op::Relabel {}, args, .. }) if whole(&args[0], 1) => (args[0].value, Some(at)),
            _ => (operand.value, None),
        };
        (extremes.get(&value)?.greatest == greatest).then_some((value, label))
    }

    /// The operands of a chain and its gates.
    fn joined(
        &self,
        program: &Program,
        block: &[Inst],
        defined: &BTreeMap<ValueId, usize>,
        extremes: &BTreeMap<ValueId, Extreme>,
        root: &Extreme,
    ) -> Joined {
        let mut joined = Joined { operands: Vec::new(), gates: root.gates.into() };
        let mut left: Vec<&Ref> = root.operands.iter().rev().collect();
        while let Some(operand) = left.pop() {
            let inner = self.within(program, block, defined, extremes, root.greatest, operand);
            let Some((extreme, label)) = inner.and_then(|(value, label)| Some((extremes.get(&value)?, label))) else {
                joined.operands.push(operand.clone());
                continue;
            };
            joined.gates.extend(extreme.gates.into_iter().chain(label));
            left.extend(extreme.operands.iter().rev());
        }
        joined
    }

    /// The tree, where it is shallower than the chain.
    fn tree(
        &mut self,
        program: &mut Program,
        root: ValueId,
        extreme: &Extreme,
        operands: &[Ref],
        site: SiteId,
    ) -> Option<Vec<Inst>> {
        let ready = |operand: &Ref| self.ready[operand.value.index()];
        // Of those that are ready at the same time the first of the source first.
        let mut open: BTreeMap<(u64, usize), Ref> =
            operands.iter().enumerate().map(|(at, operand)| ((ready(operand), at), operand.clone())).collect();
        let Slot { ty: whole, lanes } = program.slot(root);
        let mark = program.values.len();
        let mut made = Vec::new();
        let mut at = operands.len();
        while let Some(((early, _), a)) = open.pop_first() {
            // One of them is secret, as what is made of them is.
            let other = open.iter().find(|(_, b)| program.ty(a.value).is_secret() || program.ty(b.value).is_secret());
            let Some((late, b)) = other.map(|(key, _)| *key).and_then(|key| Some((key.0, open.remove(&key)?))) else {
                break;
            };
            let (first, second) = (program.ty(a.value), program.ty(b.value));
            if first.frac() != second.frac() {
                break;
            }
            let ((al, ah), (bl, bh)) = (first.range(), second.range());
            // The choice may give either, as far as its operands tell; an extreme has less range than both together.
            let (lo, hi) = if extreme.greatest { (al.max(bl), ah.max(bh)) } else { (al.min(bl), ah.min(bh)) };
            let frac = whole.frac();
            let (either, least) =
                (RegType::Arith { lo: al.min(bl), hi: ah.max(bh), frac }, RegType::Arith { lo, hi, frac });
            let ready = early.max(late) + EXTREME;
            let last = open.is_empty();
            if last && ready >= self.ready[root.index()] {
                break;
            }
            let smaller = program.value(Slot { ty: RegType::Bin { width: 1 }, lanes }, "");
            let label = if last { (!fits(either, whole)).then_some(whole) } else { (either != least).then_some(least) };
            let compared = if extreme.greatest { vec![b.clone(), a.clone()] } else { vec![a.clone(), b.clone()] };
            made.push(Inst::Gate(Gate { op: Op::Lt {}, args: compared, result: Some(smaller), site }));
            let result = |program: &mut Program, ty: RegType, end: bool| {
                if end { root } else { program.value(Slot { ty, lanes }, "") }
            };
            let mut joined = result(program, either, last && label.is_none());
            let args = vec![program.whole(smaller), a, b];
            made.push(Inst::Gate(Gate { op: Op::Select {}, args, result: Some(joined), site }));
            if let Some(ty) = label {
                let args = vec![program.whole(joined)];
                joined = result(program, ty, last);
                made.push(Inst::Gate(Gate { op: Op::Relabel {}, args, result: Some(joined), site }));
            }
            if last {
                self.uses.resize(program.values.len(), 2);
                self.ready.resize(program.values.len(), ready);
                self.ready[root.index()] = ready;
                return Some(made);
            }
            open.insert((ready, at), program.whole(joined));
            at += 1;
        }
        program.values.truncate(mark);
        None
    }
}
