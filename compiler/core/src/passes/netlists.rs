//! Gates on words that depend on one another become one circuit.
//!
//! ```text
//! %3 = xor(%1, %2)
//! %4 = and(%3, %1)          ->      %5 = netlist{0}(%1, %2)
//! %5 = xor(%4, %2)
//! ```
//!
//! Lane by lane the result is the same, and so are rounds and bits sent; but the words in between stay in the cache instead of going through registers, and a level
//! of ANDs is one message. A gate joins a circuit whose operands are all there when its own are, so that nothing waits that did not wait before; where the
//! [schedule] finds more rounds all the same (what left the middle of a circuit early leaves it at its end now), the program stays as it is.
//!
//! A circuit of its own pays where the gates have at least as many bits of results as go in and come out.

use super::facts;
use super::schedule::{self, Arrays, Plan};
use crate::ir::{Constant, Gate, Inst, NetlistId, Op, Program, Ref, RegType, Slot, ValueId, wires};
use smpc_bytecode::types::MAX_WIDTH;
use smpc_math::netlist::{Bit, Builder, Netlist};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};

/// Circuits that may still grow at a time.
const OPEN: usize = 64;

/// Most gates of the program in a circuit.
const MEMBERS: usize = 4096;

/// Makes circuits of the gates on words.
#[must_use]
pub fn run(program: Program) -> Program {
    if !has_pair(&program, &program.body, &mut HashSet::new()) {
        return program;
    }
    let plan = schedule::schedule(&program);
    let mut changed = program.clone();
    let known = vec![None; program.values.len()];
    let mut pass = Pass { arrays: Arrays::of(&program), uses: program.use_counts(), known };
    pass.find_known(&program, &program.body);
    let body = std::mem::take(&mut changed.body);
    changed.body = pass.block(&mut changed, body, &plan);
    if schedule::schedule(&changed).rounds > plan.rounds { program } else { changed }
}

/// Whether a gate on words reads another one's result: no circuit pays without that. `made` are the results of such gates before the block.
fn has_pair(program: &Program, body: &[Inst], made: &mut HashSet<ValueId>) -> bool {
    body.iter().any(|inst| match inst {
        Inst::Gate(gate) if is_member(gate.op) => {
            let words = gate.result.filter(|result| width(program, *result).is_some());
            let reads = words.is_some() && gate.args.iter().any(|arg| made.contains(&arg.value));
            made.extend(words);
            reads
        }
        _ => inst.blocks().into_iter().any(|block| has_pair(program, block, made)),
    })
}

/// Whether such a gate on words may be part of a circuit.
const fn is_member(op: Op) -> bool {
    matches!(
        op,
        Op::Xor {}
            | Op::And {}
            | Op::Or {}
            | Op::Not {}
            | Op::Planes { .. }
            | Op::Join {}
            | Op::Netlist { .. }
            | Op::Eq {}
            | Op::Select {}
    )
}

struct Pass {
    arrays: Arrays,
    /// How often each value is read.
    uses: Vec<u32>,
    /// By value: the public integer that all its lanes are, or spell.
    known: Vec<Option<i64>>,
}

impl Pass {
    fn find_known(&mut self, program: &Program, block: &[Inst]) {
        for inst in block {
            if let Inst::Gate(Gate { op: Op::Const { constant }, result: Some(result), .. }) = inst
                && let Some(Constant::Words(words)) = program.constants.get(constant.index())
                && let [word] = words.as_slice()
            {
                self.known[result.index()] = Some(*word);
            }
            if let Inst::Gate(Gate { op: Op::Copy {}, args, result: Some(result), .. }) = inst
                && let [arg] = args.as_slice()
                && width(program, *result).is_some()
            {
                self.known[result.index()] = self.known[arg.value.index()];
            }
            inst.blocks().into_iter().for_each(|nested| self.find_known(program, nested));
        }
    }

    fn block(&mut self, program: &mut Program, mut insts: Vec<Inst>, plan: &Plan) -> Vec<Inst> {
        let before = self.edges(program, &insts);
        let mut plans: Vec<&[Plan]> = vec![&[]; insts.len()];
        plan.levels.iter().flatten().for_each(|step| plans[step.inst] = &step.blocks);
        let rounds: Vec<u64> =
            insts.iter().zip(&plans).map(|(inst, plans)| schedule::rounds(program, inst, plans)).collect();
        let mut groups = Groups::new(insts.len());
        for (at, inst) in insts.iter().enumerate() {
            let word = gate(inst).filter(|gate| self.on_words(program, gate));
            groups.place(program, &insts, at, &before[at], word, rounds[at]);
        }
        for (inst, plans) in insts.iter_mut().zip(&plans) {
            for (nested, plan) in inst.blocks_mut().into_iter().zip(*plans) {
                *nested = self.block(program, std::mem::take(nested), plan);
            }
        }
        let several = groups.apart(&before, &rounds).into_iter().filter(|members| members.len() > 1);
        let circuits: Vec<Circuit> = several.filter_map(|members| self.circuit(program, &insts, members)).collect();
        if circuits.is_empty() {
            return insts;
        }
        match choose(&before, &rounds, circuits) {
            Some((order, circuits)) => emit(program, insts, &order, circuits),
            None => insts,
        }
    }

    /// Whether the gate may be part of a circuit: lane by lane on words, without effects.
    fn on_words(&self, program: &Program, gate: &Gate) -> bool {
        let Some(result) = gate.result else { return false };
        let mixes = matches!(gate.op, Op::Xor {} | Op::And {} | Op::Or {});
        let fits = |arg: &Ref| {
            arg.lanes() == program.lanes(result)
                && (width(program, arg.value).is_some() || mixes && self.known[arg.value.index()].is_some())
        };
        is_member(gate.op)
            && width(program, result).is_some()
            && gate.args.iter().all(fits)
            && facts::is_pure(program, gate)
    }

    /// What has to stand before each instruction: what it reads, the readers of an array that it overwrites, and effects in their order.
    fn edges(&mut self, program: &Program, insts: &[Inst]) -> Vec<Vec<usize>> {
        let mut made: HashMap<ValueId, usize> = HashMap::new();
        let mut readers: HashMap<ValueId, Vec<usize>> = HashMap::new();
        let mut effect = None;
        let mut all = Vec::with_capacity(insts.len());
        for (at, inst) in insts.iter().enumerate() {
            let mut before = Vec::new();
            if !facts::effects(program, inst).none() {
                before.extend(effect.replace(at));
            }
            inst.each_use(&mut |value| {
                before.extend(made.get(&value));
                let read = readers.entry(self.arrays.root(value)).or_default();
                if read.last() != Some(&at) {
                    read.push(at);
                }
            });
            each_taken(inst, &mut |array| {
                let read = readers.remove(&self.arrays.root(array)).unwrap_or_default();
                before.extend(read.into_iter().filter(|reader| *reader != at));
            });
            inst.each_result(&mut |value| {
                made.insert(value, at);
            });
            before.sort_unstable();
            before.dedup();
            all.push(before);
        }
        all
    }

    /// The circuit of these gates, if it pays.
    fn circuit(&self, program: &Program, insts: &[Inst], members: Vec<usize>) -> Option<Circuit> {
        let gates: Vec<&Gate> = members.iter().filter_map(|at| gate(&insts[*at])).collect();
        let mut inside: HashMap<ValueId, u32> = HashMap::new();
        for gate in &gates {
            gate.args.iter().for_each(|arg| *inside.entry(arg.value).or_default() += 1);
        }
        let results: Vec<(ValueId, u32)> =
            gates.iter().filter_map(|gate| Some((gate.result?, width(program, gate.result?)?))).collect();
        let mut inputs: Vec<Ref> = Vec::new();
        let mut seen = HashSet::new();
        let made: HashSet<ValueId> = results.iter().map(|(result, _)| *result).collect();
        for arg in gates.iter().flat_map(|gate| &gate.args) {
            let known = self.known[arg.value.index()].is_some();
            if !known && !made.contains(&arg.value) && (seen.insert(arg.value) || !inputs.contains(arg)) {
                inputs.push(arg.clone());
            }
        }
        let outputs: Vec<(ValueId, u32)> = results
            .iter()
            .filter(|(result, _)| self.uses[result.index()] > inside.get(result).copied().unwrap_or(0))
            .copied()
            .collect();
        let bits = |values: &[(ValueId, u32)]| values.iter().map(|(_, width)| u64::from(*width)).sum::<u64>();
        let widths: Vec<u32> = inputs.iter().filter_map(|input| width(program, input.value)).collect();
        let through = widths.iter().map(|width| u64::from(*width)).sum::<u64>() + bits(&outputs);
        if inputs.is_empty() || outputs.is_empty() || bits(&outputs) > u64::from(MAX_WIDTH) || bits(&results) < through
        {
            return None;
        }
        let netlist = self.netlist(program, &gates, &inputs, &widths, &outputs)?;
        let leaving = |at: &usize| {
            let result = gate(&insts[*at]).and_then(|gate| gate.result);
            outputs.iter().any(|(output, _)| Some(*output) == result)
        };
        let leaving = members.iter().copied().filter(leaving).collect();
        Some(Circuit { inputs, outputs, depth: netlist.depth() as u64, netlist, members, leaving })
    }

    fn netlist(
        &self,
        program: &Program,
        gates: &[&Gate],
        inputs: &[Ref],
        widths: &[u32],
        outputs: &[(ValueId, u32)],
    ) -> Option<Netlist> {
        let (mut builder, words) = Builder::new(widths);
        let mut made: HashMap<ValueId, Vec<Bit>> = HashMap::new();
        for gate in gates {
            let result = gate.result?;
            let wide = width(program, result)? as usize;
            let mut args: Vec<Cow<'_, [Bit]>> = Vec::with_capacity(gate.args.len());
            for arg in &gate.args {
                args.push(match (made.get(&arg.value), self.known[arg.value.index()]) {
                    (Some(bits), _) => bits.as_slice().into(),
                    (None, Some(word)) => {
                        wires::spelled(word, width(program, arg.value).map_or(wide, |own| own as usize)).into()
                    }
                    (None, None) => words.get(inputs.iter().position(|input| input == arg)?)?.as_slice().into(),
                });
            }
            let args: Vec<&[Bit]> = args.iter().map(|arg| &**arg).collect();
            let bits = wires::word(program, &mut builder, gate.op, &args, wide)?;
            made.insert(result, bits);
        }
        let bits: Vec<Bit> = outputs.iter().filter_map(|(value, _)| made.get(value)).flatten().copied().collect();
        builder.finish(&bits).ok()
    }
}

/// What a circuit reads and gives.
struct Circuit {
    inputs: Vec<Ref>,
    /// Results that others read, with their bits.
    outputs: Vec<(ValueId, u32)>,
    netlist: Netlist,
    /// Its rounds.
    depth: u64,
    /// Where its gates stand in the block, and where those that give the outputs do.
    members: Vec<usize>,
    leaving: Vec<usize>,
}

/// The circuits with which the block takes no more rounds than without any, and the order of its instructions with them: that of the source, but for what a circuit
/// waits for. A circuit stands where its first gate does.
fn choose(before: &[Vec<usize>], rounds: &[u64], mut circuits: Vec<Circuit>) -> Option<(Vec<usize>, Vec<Circuit>)> {
    let none: Vec<usize> = (0..before.len()).collect();
    let done = times(&none, before, &none, rounds);
    let length = done.iter().copied().max().unwrap_or(0);
    // When each instruction has to be done at the latest.
    let mut latest = vec![length; before.len()];
    for (at, before) in before.iter().enumerate().rev() {
        let start = latest[at].saturating_sub(rounds[at]);
        before.iter().for_each(|pred| latest[*pred] = latest[*pred].min(start));
    }
    for attempt in 0..3 {
        let mut stands = none.clone();
        let mut rounds = rounds.to_vec();
        for circuit in &circuits {
            circuit.members.iter().for_each(|at| stands[*at] = circuit.members[0]);
            rounds[circuit.members[0]] = circuit.depth;
        }
        let order = order(before, &stands);
        let with = times(&order, before, &stands, &rounds);
        // An order without some instruction would be a circle; there is none.
        debug_assert_eq!(order.len(), (0..stands.len()).filter(|at| stands[*at] == *at).count());
        if circuits.is_empty() {
            return None;
        }
        if with.iter().all(|time| *time <= length) {
            return Some((order, circuits));
        }
        circuits.retain(|circuit| {
            let end = with[circuit.members[0]];
            circuit.leaving.iter().all(|at| match attempt {
                // What leaves too late for somebody.
                0 => latest[*at] >= end,
                // What leaves later than it did.
                _ => done[*at] >= end,
            })
        });
    }
    None
}

/// Instructions in an order that keeps what has to stand before each, as near to the source's as may be.
fn order(before: &[Vec<usize>], stands: &[usize]) -> Vec<usize> {
    let mut missing = vec![0_u32; before.len()];
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); before.len()];
    for (at, before) in before.iter().enumerate() {
        for pred in before.iter().map(|pred| stands[*pred]).filter(|pred| *pred != stands[at]) {
            after[pred].push(stands[at]);
            missing[stands[at]] += 1;
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> =
        (0..before.len()).filter(|at| stands[*at] == *at && missing[*at] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(before.len());
    while let Some(Reverse(at)) = ready.pop() {
        order.push(at);
        for next in std::mem::take(&mut after[at]) {
            missing[next] -= 1;
            if missing[next] == 0 {
                ready.push(Reverse(next));
            }
        }
    }
    order
}

/// The round after which each instruction is done, if all run as soon as they can.
fn times(order: &[usize], before: &[Vec<usize>], stands: &[usize], rounds: &[u64]) -> Vec<u64> {
    let mut waits: Vec<Vec<usize>> = vec![Vec::new(); before.len()];
    for (at, before) in before.iter().enumerate() {
        waits[stands[at]].extend(before.iter().map(|pred| stands[*pred]).filter(|pred| *pred != stands[at]));
    }
    let mut done = vec![0; before.len()];
    for at in order {
        let ready = waits[*at].iter().map(|pred| done[*pred]).max().unwrap_or(0);
        done[*at] = ready + rounds[*at];
    }
    done
}

/// Gates that will be one circuit.
#[derive(Default)]
struct Group {
    members: Vec<usize>,
    lanes: u64,
    /// The round in which all operands are there.
    start: u64,
    /// Values that the gates read or make.
    touched: HashSet<ValueId>,
    /// Groups of the same generation that this one depends on, a bit each.
    below: u64,
}

/// The groups of a block under construction. A generation is at most [`OPEN`] of them; those of earlier ones grow no more.
struct Groups {
    all: Vec<Group>,
    /// Where the generation starts.
    first: usize,
    /// By instruction: its group.
    of: Vec<Option<usize>>,
    /// By instruction: the round after which its result is there.
    done: Vec<u64>,
    /// By instruction: where its generation starts, and the groups of it that it depends on.
    below: Vec<(usize, u64)>,
}

impl Groups {
    fn new(insts: usize) -> Self {
        Self { all: Vec::new(), first: 0, of: vec![None; insts], done: vec![0; insts], below: vec![(0, 0); insts] }
    }

    /// Finds a group for a gate on words, and says when the instruction is done.
    fn place(
        &mut self,
        program: &Program,
        insts: &[Inst],
        at: usize,
        before: &[usize],
        word: Option<&Gate>,
        rounds: u64,
    ) {
        let ready = before.iter().map(|pred| self.done[*pred]).max().unwrap_or(0);
        let below = before.iter().fold(0, |below, pred| below | self.groups_of(*pred));
        if let Some((gate, result)) = word.and_then(|gate| Some((gate, gate.result?))) {
            let lanes = program.lanes(result);
            self.merge(lanes, before);
            let group = match (self.first..self.all.len()).find(|id| self.may_join(*id, gate, lanes, before, insts)) {
                Some(group) => group,
                None => self.open(lanes, ready),
            };
            let outside = before.iter().filter(|pred| self.of[**pred] != Some(group));
            let outside = outside.fold(0, |below, pred| below | self.groups_of(*pred));
            let own = &mut self.all[group];
            own.below |= outside;
            own.members.push(at);
            own.touched.insert(result);
            own.touched.extend(gate.args.iter().map(|arg| arg.value));
            self.of[at] = Some(group);
            // Operands that came before the others do not make it earlier: it runs with the circuit.
            self.done[at] = ready.max(own.start) + rounds;
        } else {
            self.done[at] = ready + rounds;
        }
        self.below[at] = (self.first, below);
    }

    /// Makes one of the groups that a gate reads from, where they start together and none rests on another.
    fn merge(&mut self, lanes: u64, before: &[usize]) {
        let mut into: Option<usize> = None;
        for pred in before {
            let Some(id) = self.of[*pred].filter(|id| *id >= self.first && self.all[*id].lanes == lanes) else {
                continue;
            };
            let Some(first) = into else {
                into = Some(id);
                continue;
            };
            let (own, other) = (&self.all[first], &self.all[id]);
            let apart = self.rests_on(1 << (id - self.first), first) || self.rests_on(1 << (first - self.first), id);
            if first == id || own.start != other.start || apart || own.members.len() + other.members.len() > MEMBERS {
                continue;
            }
            let other = std::mem::take(&mut self.all[id]);
            other.members.iter().for_each(|at| self.of[*at] = Some(first));
            let own = &mut self.all[first];
            own.members.extend(other.members);
            own.members.sort_unstable();
            own.touched.extend(other.touched);
            own.below |= other.below;
            // What rests on the one that is gone rests on this one.
            self.all[id].below = 1 << (first - self.first);
        }
    }

    fn open(&mut self, lanes: u64, start: u64) -> usize {
        if self.all.len() - self.first == OPEN {
            self.first = self.all.len();
        }
        self.all.push(Group { members: Vec::new(), lanes, start, touched: HashSet::new(), below: 0 });
        self.all.len() - 1
    }

    /// The groups of this generation on which the instruction rests directly.
    fn groups_of(&self, at: usize) -> u64 {
        match self.of[at] {
            Some(group) if group >= self.first => 1 << (group - self.first),
            Some(_) => 0,
            None if self.below[at].0 == self.first => self.below[at].1,
            None => 0,
        }
    }

    /// Whether the gate shares a value with the group, and all that it reads from outside is there in time and does not rest on the group.
    fn may_join(&self, id: usize, gate: &Gate, lanes: u64, before: &[usize], insts: &[Inst]) -> bool {
        let group = &self.all[id];
        let near = || gate.args.iter().any(|arg| group.touched.contains(&arg.value));
        if group.lanes != lanes || group.members.len() >= MEMBERS || !near() {
            return false;
        }
        let mut rests = 0;
        for pred in before {
            if self.of[*pred] == Some(id) {
                // A gate of the circuit gives its lanes as they are, to operands alone.
                let result = self::gate(&insts[*pred]).and_then(|gate| gate.result);
                let whole = |arg: &Ref| arg.place.is_whole(lanes) && arg.place.index.is_none();
                if gate.args.iter().any(|arg| Some(arg.value) == result && !whole(arg)) {
                    return false;
                }
            } else if self.done[*pred] > group.start {
                return false;
            } else {
                rests |= self.groups_of(*pred);
            }
        }
        !self.rests_on(rests, id)
    }

    /// The members of each group. What is there without a round, and is read before the others are done, is a group of its own: the reader would wait for them.
    fn apart(self, before: &[Vec<usize>], rounds: &[u64]) -> Vec<Vec<usize>> {
        let mut end = vec![0; self.all.len()];
        for (at, group) in self.of.iter().enumerate() {
            group.iter().for_each(|id| end[*id] = end[*id].max(self.done[at]));
        }
        let mut early = vec![false; before.len()];
        // From the last on, so that what early gates rest on is seen after them.
        for (at, before) in before.iter().enumerate().rev() {
            let start = self.of[at].map_or(self.done[at] - rounds[at], |group| self.all[group].start);
            for pred in before {
                let Some(id) = self.of[*pred] else { continue };
                let outside = self.of[at] != Some(id) && start < end[id] && self.done[*pred] == self.all[id].start;
                early[*pred] |= outside || self.of[at] == Some(id) && early[at];
            }
        }
        self.all
            .into_iter()
            .flat_map(|group| {
                let (early, late): (Vec<usize>, Vec<usize>) = group.members.into_iter().partition(|at| early[*at]);
                [early, late]
            })
            .collect()
    }

    /// Whether one of these groups rests on that one, or is it.
    fn rests_on(&self, mut groups: u64, on: usize) -> bool {
        let bit = |id: usize| 1_u64 << (id - self.first);
        loop {
            let more = (self.first..self.all.len())
                .filter(|other| groups & bit(*other) != 0)
                .fold(groups, |groups, other| groups | self.all[other].below);
            if more == groups {
                return groups & bit(on) != 0;
            }
            groups = more;
        }
    }
}

/// The block with each circuit in place of its gates.
fn emit(program: &mut Program, insts: Vec<Inst>, order: &[usize], circuits: Vec<Circuit>) -> Vec<Inst> {
    let mut insts: Vec<Option<Inst>> = insts.into_iter().map(Some).collect();
    let mut circuits: BTreeMap<usize, Circuit> =
        circuits.into_iter().map(|circuit| (circuit.members[0], circuit)).collect();
    let mut out = Vec::with_capacity(insts.len());
    for at in order {
        match circuits.remove(at) {
            Some(circuit) => {
                let lanes = circuit.inputs.first().map_or(0, Ref::lanes);
                call(program, circuit, lanes, insts[*at].take(), &mut out);
            }
            None => out.extend(insts[*at].take()),
        }
    }
    out
}

/// The call of a circuit, and its outputs one by one.
fn call(program: &mut Program, circuit: Circuit, lanes: u64, first: Option<Inst>, out: &mut Vec<Inst>) {
    let site = first.as_ref().and_then(gate).map_or(crate::ir::SiteId(0), |gate| gate.site);
    let known = program.netlists.iter().position(|known| *known == circuit.netlist);
    let netlist = known.unwrap_or_else(|| {
        program.netlists.push(circuit.netlist);
        program.netlists.len() - 1
    });
    let op = Op::Netlist { netlist: NetlistId(u32::try_from(netlist).unwrap_or(u32::MAX)) };
    let gate = |op, args, result| Inst::Gate(Gate { op, args, result: Some(result), site });
    if let [(only, _)] = circuit.outputs.as_slice() {
        out.push(gate(op, circuit.inputs, *only));
        return;
    }
    let width = circuit.outputs.iter().map(|(_, width)| width).sum();
    let all = program.value(Slot { ty: RegType::Bin { width }, lanes }, "");
    out.push(gate(op, circuit.inputs, all));
    let mut from = 0;
    for (output, width) in circuit.outputs {
        out.push(gate(Op::Planes { from }, vec![Ref::whole(all, lanes)], output));
        from += width;
    }
}

fn gate(inst: &Inst) -> Option<&Gate> {
    match inst {
        Inst::Gate(gate) => Some(gate),
        _ => None,
    }
}

/// Bits of a word; `None` for what is none.
fn width(program: &Program, value: ValueId) -> Option<u32> {
    match program.ty(value) {
        RegType::Bin { width } => Some(width),
        RegType::Pub { .. } | RegType::Arith { .. } => None,
    }
}

/// Calls `f` on each array that the instruction overwrites or hands to a loop.
fn each_taken(inst: &Inst, f: &mut impl FnMut(ValueId)) {
    let mut stack = vec![inst];
    while let Some(inst) = stack.pop() {
        match inst {
            Inst::Update(update) => f(update.array),
            Inst::Loop(l) => l.carried.iter().for_each(|c| f(c.init)),
            Inst::While(w) => w.carried.iter().for_each(|c| f(c.init)),
            Inst::Gate(_) | Inst::Concat(_) | Inst::If(_) => {}
        }
        stack.extend(inst.blocks().into_iter().flatten());
    }
}
