//! Round scheduling: which instructions of a block run side by side.
//!
//! ```text
//! %3 = mul(%1, %1)                 level 1: %3 = mul(%1, %1)   %5 = mul(%2, %2)
//! %4 = add(%3, %1)         ->      level 2: %4 = add(%3, %1)
//! %5 = mul(%2, %2)                 level 3: %6 = mul(%4, %5)
//! %6 = mul(%4, %5)
//! ```
//!
//! The result is a [`Plan`], not another program: levels of a block, whose entries are independent of one another. Interactive
//! instructions get a round first, by several simple rules of which the one with the cheapest sum of rounds is taken; local ones fill the
//! phases between rounds, late where their result is larger than what they read and early otherwise. Where what is alive at some time would take more than a budget,
//! rounds fill in the order of the source instead, and what does not fit waits for a later one. Kept in order are: a value and its readers; an array's readers
//! and the update that overwrites it; a barrier and every later disclosure, never in one level; the `check`s, so that the first failing one in source order is reported.
//!
//! Linear but for sorting, apart from a factor of the nesting depth.

use super::facts::{self, Effects};
use crate::ir::{Bound, Gate, Inst, Program, ValueId};
use std::collections::BTreeSet;

/// The levels of a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Levels in order; entries of a level in source order.
    pub levels: Vec<Vec<Step>>,
    /// A guess at the rounds of one pass through the block.
    pub rounds: u64,
}

/// An instruction of the block and the plans of its own blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Index in the block.
    pub inst: usize,
    /// Plans of [`Inst::blocks`], in that order.
    pub blocks: Vec<Plan>,
}

/// Turns assumed of a loop whose bounds are known at run time only.
const UNKNOWN_TURNS: u64 = 16;

/// Most rounds of an instruction that counts as light: such ones are not made to wait for heavy ones.
const LIGHT: u64 = 2;

/// Bytes under `rep3` of what is alive at a time, beyond which rounds are no longer saved: half of what a session allows unless it says otherwise.
const BUDGET: u64 = 1 << 31;

/// Plans the whole program.
#[must_use]
pub fn schedule(program: &Program) -> Plan {
    schedule_within(program, BUDGET)
}

/// Plans the whole program, with so many bytes alive at a time where the order of the source needs no more.
#[must_use]
pub fn schedule_within(program: &Program, budget: u64) -> Plan {
    let mut scheduler = Scheduler {
        program,
        arrays: Arrays::of(program),
        node_of: vec![(0, 0); program.values.len()],
        readers: vec![Vec::new(); program.values.len()],
        serial: 0,
        budget,
    };
    scheduler.block(&program.body)
}

/// Which values are versions of one array, so that they share a register: an update's array and result, and what joins them.
#[derive(Debug)]
pub struct Arrays {
    parent: Vec<u32>,
}

impl Arrays {
    /// The versions in a program on which `passes::in_place` has run.
    #[must_use]
    pub fn of(program: &Program) -> Self {
        let parent = (0..u32::try_from(program.values.len()).unwrap_or(u32::MAX)).collect();
        let mut arrays = Self { parent };
        arrays.block(&program.body);
        arrays
    }

    fn block(&mut self, block: &[Inst]) {
        for inst in block {
            inst.blocks().into_iter().for_each(|nested| self.block(nested));
            match inst {
                Inst::Update(update) => self.join(update.array, update.result),
                Inst::If(i) => {
                    for joined in &i.results {
                        // One side updated the array, the other left it or updated it too.
                        if joined.then != joined.otherwise && self.root(joined.then) == self.root(joined.otherwise) {
                            self.join(joined.then, joined.result);
                        }
                    }
                }
                Inst::Gate(_) | Inst::Concat(_) | Inst::Loop(_) | Inst::While(_) => {}
            }
        }
    }

    fn join(&mut self, a: ValueId, b: ValueId) {
        let (a, b) = (self.root(a), self.root(b));
        // The lower id stays the root: chains are short because roots are compressed on the way.
        self.parent[a.max(b).index()] = a.min(b).0;
    }

    /// The value that stands for all versions.
    pub fn root(&mut self, value: ValueId) -> ValueId {
        let mut at = value.0;
        while self.parent[at as usize] != at {
            let up = self.parent[at as usize];
            self.parent[at as usize] = self.parent[up as usize];
            at = up;
        }
        ValueId(at)
    }
}

struct Scheduler<'a> {
    program: &'a Program,
    arrays: Arrays,
    /// For values defined in the block with that serial: the node.
    node_of: Vec<(u32, u32)>,
    /// By array root: nodes of the current block that read a version since the last update. Empty between blocks.
    readers: Vec<Vec<u32>>,
    serial: u32,
    budget: u64,
}

/// What is scheduled: an instruction, or a fence that orders barriers before disclosures.
struct Node {
    /// `None` for a fence.
    step: Option<Step>,
    rounds: u64,
    /// Predecessors; `true` where an own round has to follow, `false` where the same round will do.
    before: Vec<(u32, bool)>,
    late: bool,
    /// Bytes of its results, as long as something will read them.
    bytes: u64,
    /// Bytes that it holds beside them while it runs: a guess.
    held: u64,
}

impl Scheduler<'_> {
    fn block(&mut self, block: &[Inst]) -> Plan {
        let plans: Vec<Vec<Plan>> =
            block.iter().map(|inst| inst.blocks().into_iter().map(|nested| self.block(nested)).collect()).collect();
        self.serial += 1;
        let nodes = self.nodes(block, plans);
        let rounds = assign_rounds(&nodes, self.budget);
        levels(nodes, &rounds)
    }

    fn nodes(&mut self, block: &[Inst], plans: Vec<Vec<Plan>>) -> Vec<Node> {
        let mut nodes: Vec<Node> = Vec::with_capacity(block.len());
        let mut order = Order::default();
        let mut touched = Vec::new();
        for (at, (inst, blocks)) in block.iter().zip(plans).enumerate() {
            let effects = facts::effects(self.program, inst);
            let mut before = Vec::new();
            order.before(effects, &mut nodes, &mut before);
            let id = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
            let Self { program, arrays, node_of, readers, serial, .. } = self;
            inst.each_use(&mut |value| {
                let (home, node) = node_of[value.index()];
                if home == *serial {
                    before.push((node, true));
                }
                let root = arrays.root(value).index();
                if readers[root].last() != Some(&id) {
                    readers[root].push(id);
                    touched.push(root);
                }
            });
            each_overwritten(inst, &mut |array| {
                let root = arrays.root(array).index();
                before.extend(readers[root].iter().filter(|reader| **reader != id).map(|reader| (*reader, true)));
                readers[root].clear();
            });
            inst.each_result(&mut |value| node_of[value.index()] = (*serial, id));
            before.sort_unstable();
            before.dedup();
            let rounds = rounds(program, inst, &blocks);
            let late = grows(program, inst);
            let (bytes, held) = (bytes(program, inst), held(program, inst, rounds));
            nodes.push(Node { step: Some(Step { inst: at, blocks }), rounds, before, late, bytes, held });
            order.after(effects, id, rounds > 0 && inst.blocks().is_empty());
        }
        touched.into_iter().for_each(|root| self.readers[root].clear());
        nodes
    }
}

/// The order that effects demand, as edges.
#[derive(Default)]
struct Order {
    /// The fence behind all barriers before the last one that is not in `open`.
    fence: Option<u32>,
    /// Barriers since then.
    open: Vec<u32>,
    /// The last `check`, and whether another one may share its round.
    check: Option<(u32, bool)>,
}

impl Order {
    fn before(&mut self, effects: Effects, nodes: &mut Vec<Node>, before: &mut Vec<(u32, bool)>) {
        if effects.discloses {
            if !self.open.is_empty() {
                let mut all: Vec<(u32, bool)> = self.open.drain(..).map(|node| (node, true)).collect();
                all.extend(self.fence.map(|fence| (fence, true)));
                self.fence = u32::try_from(nodes.len()).ok();
                nodes.push(Node { step: None, rounds: 0, before: all, late: false, bytes: 0, held: 0 });
            }
            before.extend(self.fence.map(|fence| (fence, true)));
        }
        if effects.checks
            && let Some((check, shares)) = self.check
        {
            before.push((check, !shares));
        }
    }

    fn after(&mut self, effects: Effects, id: u32, shares: bool) {
        if effects.stops {
            self.open.push(id);
        }
        if effects.checks {
            self.check = Some((id, shares));
        }
    }
}

/// Calls `f` on each array that an update in the instruction overwrites.
fn each_overwritten(inst: &Inst, f: &mut impl FnMut(ValueId)) {
    let mut stack = vec![inst];
    while let Some(inst) = stack.pop() {
        if let Inst::Update(update) = inst {
            f(update.array);
        }
        stack.extend(inst.blocks().into_iter().flatten());
    }
}

/// A guess at the rounds of an instruction whose blocks are planned like this.
pub(super) fn rounds(program: &Program, inst: &Inst, blocks: &[Plan]) -> u64 {
    let each = blocks.iter().fold(0_u64, |sum, plan| sum.saturating_add(plan.rounds));
    match inst {
        Inst::Gate(gate) => facts::rounds(program, gate.op, &gate.args, gate.result),
        Inst::Update(update) => facts::rounds(program, update.op, &update.args, Some(update.result)),
        Inst::Concat(_) => 0,
        Inst::Loop(l) => {
            let turns = match (l.from, l.to) {
                (Bound::Const(from), Bound::Const(to)) => u64::try_from(i128::from(to) - i128::from(from)).unwrap_or(0),
                _ => UNKNOWN_TURNS,
            };
            // Not 0 even without turns: what communicates stands in a round.
            if each == 0 { 0 } else { each.saturating_mul(turns.max(1)) }
        }
        Inst::While(_) => each.saturating_mul(UNKNOWN_TURNS),
        Inst::If(_) => blocks.iter().map(|plan| plan.rounds).max().unwrap_or(0),
    }
}

/// Whether more lanes come out of the instruction than go in, so that it had better run late.
fn grows(program: &Program, inst: &Inst) -> bool {
    let Inst::Gate(gate) = inst else { return false };
    let read = gate.args.iter().fold(0_u64, |sum, arg| sum.saturating_add(program.lanes(arg.value)));
    gate.result.is_some_and(|result| program.lanes(result) > read)
}

/// Bytes of what an instruction gives. An update's result lies where its array is.
fn bytes(program: &Program, inst: &Inst) -> u64 {
    let mut sum = 0_u64;
    if !matches!(inst, Inst::Update(_)) {
        inst.each_result(&mut |value| sum = sum.saturating_add(facts::bytes(program.slot(value))));
    }
    sum
}

/// Bytes that a gate of several rounds holds of each lane while it runs, about, as measured of comparisons of 16 to 32 bits (`vm/src/run/cost/calibration.json`).
const HELD: u64 = 20;

fn held(program: &Program, inst: &Inst, rounds: u64) -> u64 {
    let Inst::Gate(Gate { result: Some(result), .. }) = inst else { return 0 };
    if rounds > 1 { program.lanes(*result).saturating_mul(HELD) } else { 0 }
}

/// A round for each interactive node, a phase (the round before it) for each local one.
fn assign_rounds(nodes: &[Node], budget: u64) -> Vec<u32> {
    let chosen = fewest_rounds(nodes);
    let all = nodes.iter().fold(0_u64, |sum, node| sum.saturating_add(node.bytes).saturating_add(node.held));
    if all <= budget {
        return chosen;
    }
    let most = peak(nodes, &chosen);
    if most <= budget {
        return chosen;
    }
    let careful = in_waves(nodes, budget);
    if peak(nodes, &careful) < most { careful } else { chosen }
}

/// Most bytes alive at a time.
fn peak(nodes: &[Node], rounds: &[u32]) -> u64 {
    let mut last = rounds.to_vec();
    for (at, node) in nodes.iter().enumerate() {
        for (pred, _) in &node.before {
            last[*pred as usize] = last[*pred as usize].max(rounds[at]);
        }
    }
    let length = rounds.iter().copied().max().unwrap_or(0) as usize + 2;
    let [mut born, mut gone, mut held] = [(); 3].map(|()| vec![0_u64; length]);
    for (at, node) in nodes.iter().enumerate() {
        held[rounds[at] as usize] = held[rounds[at] as usize].saturating_add(node.held);
        born[rounds[at] as usize] = born[rounds[at] as usize].saturating_add(node.bytes);
        gone[last[at] as usize + 1] = gone[last[at] as usize + 1].saturating_add(node.bytes);
    }
    let (mut alive, mut most) = (0_u64, 0);
    for ((born, gone), held) in born.iter().zip(&gone).zip(&held) {
        alive = alive.saturating_sub(*gone).saturating_add(*born);
        most = most.max(alive.saturating_add(*held));
    }
    most
}

/// Round by round in the order of the source: what would take more than the budget together with what is alive waits, but for the first one of a round. Local nodes
/// run in the phase before the first round that needs them.
fn in_waves(nodes: &[Node], budget: u64) -> Vec<u32> {
    let mut waves = Waves::of(nodes);
    let mut ready: BTreeSet<usize> = BTreeSet::new();
    for (at, node) in nodes.iter().enumerate() {
        if waves.missing[at] == 0 && node.rounds > 0 {
            ready.insert(at);
        } else if waves.missing[at] == 0 {
            // It may run at any time, and so may what waits for it alone.
            waves.done(at, &mut ready);
        }
    }
    let mut round = 0;
    while !ready.is_empty() {
        round += 1;
        let mut placed = Vec::new();
        let (mut held, mut refused) = (0_u64, 0);
        for at in &ready {
            let needed = waves.needed(*at);
            let bytes = needed.iter().fold(nodes[*at].held, |sum, node| sum.saturating_add(nodes[*node].bytes));
            let all = waves.alive.saturating_add(held).saturating_add(bytes);
            if all > budget && !placed.is_empty() {
                refused += 1;
                if refused == MOST_REFUSED {
                    break;
                }
                continue;
            }
            held = held.saturating_add(nodes[*at].held);
            needed.iter().for_each(|node| waves.place(*node, if *node == *at { round } else { round - 1 }));
            placed.push(*at);
        }
        for at in placed {
            ready.remove(&at);
            waves.done(at, &mut ready);
        }
        waves.alive = waves.alive.saturating_sub(std::mem::take(&mut waves.gone));
    }
    // Local nodes that no round needs.
    let Waves { mut rounds, .. } = waves;
    for (at, node) in nodes.iter().enumerate() {
        if rounds[at] == UNPLACED {
            rounds[at] = node.before.iter().map(|(pred, _)| rounds[*pred as usize]).max().unwrap_or(0);
        }
    }
    rounds
}

const UNPLACED: u32 = u32::MAX;

/// Nodes that a round looks at without room for them.
const MOST_REFUSED: usize = 64;

/// A plan in the making.
struct Waves<'a> {
    nodes: &'a [Node],
    after: Vec<Vec<u32>>,
    /// By node: predecessors that cannot have run before the next round.
    missing: Vec<usize>,
    /// By node: readers that have no round yet.
    readers: Vec<usize>,
    rounds: Vec<u32>,
    /// Bytes of what somebody will still read, and of those what this round reads for the last time.
    alive: u64,
    gone: u64,
}

impl<'a> Waves<'a> {
    fn of(nodes: &'a [Node]) -> Self {
        let mut after: Vec<Vec<u32>> = vec![Vec::new(); nodes.len()];
        for (at, node) in nodes.iter().enumerate() {
            node.before.iter().for_each(|(pred, _)| after[*pred as usize].push(u32::try_from(at).unwrap_or(u32::MAX)));
        }
        let missing = nodes.iter().map(|node| node.before.len()).collect();
        let readers = after.iter().map(Vec::len).collect();
        Self { nodes, after, missing, readers, rounds: vec![UNPLACED; nodes.len()], alive: 0, gone: 0 }
    }

    /// What waits for a node waits no longer.
    fn done(&mut self, at: usize, ready: &mut BTreeSet<usize>) {
        let mut stack = vec![at];
        while let Some(at) = stack.pop() {
            for next in std::mem::take(&mut self.after[at]) {
                let next = next as usize;
                self.missing[next] -= 1;
                if self.missing[next] == 0 && self.nodes[next].rounds > 0 {
                    ready.insert(next);
                } else if self.missing[next] == 0 {
                    stack.push(next);
                }
            }
        }
    }

    /// A node and the local ones before it that have no place yet.
    fn needed(&self, at: usize) -> Vec<usize> {
        let (mut needed, mut known) = (vec![at], BTreeSet::from([at]));
        let mut next = 0;
        while let Some(at) = needed.get(next).copied() {
            next += 1;
            for (pred, _) in &self.nodes[at].before {
                let pred = *pred as usize;
                if self.rounds[pred] == UNPLACED && known.insert(pred) {
                    needed.push(pred);
                }
            }
        }
        needed
    }

    fn place(&mut self, at: usize, round: u32) {
        self.rounds[at] = round;
        if self.readers[at] > 0 {
            self.alive = self.alive.saturating_add(self.nodes[at].bytes);
        }
        for (pred, _) in &self.nodes[at].before {
            let pred = *pred as usize;
            self.readers[pred] -= 1;
            if self.readers[pred] == 0 {
                self.gone = self.gone.saturating_add(self.nodes[pred].bytes);
            }
        }
    }
}

/// The assignment of the fewest rounds that is found.
fn fewest_rounds(nodes: &[Node]) -> Vec<u32> {
    let asap = asap(nodes, |_| 0);
    let candidates = [alap(nodes, &asap), lights_first(nodes)];
    let mut best = (cost(nodes, &asap), asap);
    for candidate in candidates {
        let cost = cost(nodes, &candidate);
        if cost < best.0 {
            best = (cost, candidate);
        }
    }
    // Local nodes: as early as the chosen rounds allow, then late for those that had better be.
    let rounds = best.1;
    let mut chosen = asap_local(nodes, &rounds);
    let mut latest = vec![u32::MAX; nodes.len()];
    for (at, node) in nodes.iter().enumerate().rev() {
        if node.rounds == 0 && node.late && latest[at] != u32::MAX {
            chosen[at] = latest[at];
        }
        let bound = if node.rounds == 0 { chosen[at] } else { chosen[at].saturating_sub(1) };
        for (pred, _) in &node.before {
            latest[*pred as usize] = latest[*pred as usize].min(bound);
        }
    }
    chosen
}

fn asap(nodes: &[Node], floor: impl Fn(usize) -> u32) -> Vec<u32> {
    let mut at_round: Vec<u32> = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        let mut round = floor(at).max(u32::from(node.rounds > 0));
        for (pred, strict) in &node.before {
            let known = at_round[*pred as usize];
            let follows = node.rounds > 0 && (*strict || nodes[*pred as usize].rounds == 0);
            round = round.max(known + u32::from(follows));
        }
        at_round.push(round);
    }
    at_round
}

/// Phases of the local nodes under given rounds of the interactive ones.
fn asap_local(nodes: &[Node], rounds: &[u32]) -> Vec<u32> {
    asap(nodes, |at| if nodes[at].rounds > 0 { rounds[at] } else { 0 })
}

fn alap(nodes: &[Node], asap: &[u32]) -> Vec<u32> {
    let last = asap.iter().copied().max().unwrap_or(0);
    let mut latest = vec![last; nodes.len()];
    for (at, node) in nodes.iter().enumerate().rev() {
        for (pred, strict) in &node.before {
            let follows = node.rounds > 0 && (*strict || nodes[*pred as usize].rounds == 0);
            let bound = latest[at].saturating_sub(u32::from(follows));
            latest[*pred as usize] = latest[*pred as usize].min(bound);
        }
    }
    latest
}

/// Round by round: what is light runs as soon as it can, and what is heavy only once nothing light is left, so that heavy ones meet.
fn lights_first(nodes: &[Node]) -> Vec<u32> {
    let mut after: Vec<Vec<(u32, bool)>> = vec![Vec::new(); nodes.len()];
    let mut missing: Vec<usize> = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        missing.push(node.before.len());
        for (pred, strict) in &node.before {
            let strict = *strict || nodes[*pred as usize].rounds == 0;
            after[*pred as usize].push((u32::try_from(at).unwrap_or(u32::MAX), strict));
        }
    }
    let mut rounds = vec![0; nodes.len()];
    let mut local: Vec<usize> = Vec::new();
    let (mut light, mut heavy): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    let sort =
        |at: usize, local: &mut Vec<usize>, light: &mut Vec<usize>, heavy: &mut Vec<usize>| match nodes[at].rounds {
            0 => local.push(at),
            1..=LIGHT => light.push(at),
            _ => heavy.push(at),
        };
    for (at, missing) in missing.iter().enumerate() {
        if *missing == 0 {
            sort(at, &mut local, &mut light, &mut heavy);
        }
    }
    let mut round = 0;
    loop {
        while let Some(at) = local.pop() {
            rounds[at] = round;
            for (next, _) in &after[at] {
                let next = *next as usize;
                missing[next] -= 1;
                if missing[next] == 0 {
                    sort(next, &mut local, &mut light, &mut heavy);
                }
            }
        }
        round += 1;
        let mut running = std::mem::take(if light.is_empty() { &mut heavy } else { &mut light });
        if running.is_empty() {
            return rounds;
        }
        // Whoever may share the round of one that runs joins it.
        let mut at = 0;
        while let Some(node) = running.get(at).copied() {
            at += 1;
            rounds[node] = round;
            for (next, strict) in &after[node] {
                let next = *next as usize;
                if !strict && nodes[next].rounds > 0 {
                    missing[next] -= 1;
                    if missing[next] == 0 {
                        running.push(next);
                    }
                }
            }
        }
        for node in running {
            for (next, strict) in &after[node] {
                let next = *next as usize;
                if *strict || nodes[next].rounds == 0 {
                    missing[next] -= 1;
                    if missing[next] == 0 {
                        sort(next, &mut local, &mut light, &mut heavy);
                    }
                }
            }
        }
    }
}

/// Rounds of the whole: the slowest node of each round.
fn cost(nodes: &[Node], rounds: &[u32]) -> u64 {
    let mut slowest = vec![0_u64; rounds.iter().copied().max().unwrap_or(0) as usize + 1];
    for (node, round) in nodes.iter().zip(rounds) {
        let known = &mut slowest[*round as usize];
        *known = (*known).max(node.rounds);
    }
    slowest.into_iter().fold(0, u64::saturating_add)
}

/// Levels: a round's interactive nodes, then its phase's local ones by their distance from the start of the phase.
fn levels(nodes: Vec<Node>, rounds: &[u32]) -> Plan {
    let total = cost(&nodes, rounds);
    let mut keys: Vec<(u32, u32)> = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        let mut sub = 0;
        if node.rounds == 0 {
            sub = 1;
            for (pred, _) in &node.before {
                let (round, known) = keys[*pred as usize];
                if round == rounds[at] {
                    sub = sub.max(known + 1);
                }
            }
        }
        keys.push((rounds[at], sub));
    }
    let mut placed: Vec<((u32, u32), Step)> =
        nodes.into_iter().zip(keys).filter_map(|(node, key)| Some((key, node.step?))).collect();
    placed.sort_by_key(|(key, step)| (*key, step.inst));
    let mut plan = Plan { levels: Vec::new(), rounds: total };
    let mut current = None;
    for (key, step) in placed {
        if current != Some(key) {
            current = Some(key);
            plan.levels.push(Vec::new());
        }
        if let Some(level) = plan.levels.last_mut() {
            level.push(step);
        }
    }
    plan
}
