//! Relations between what a loop hands on: where one value never exceeds another, some conditions follow from others.
//!
//! ```text
//! loop { carry %n (the second bid); carry %h (the highest bid)           never %h < %n
//!     %1 = lt(%n, %x)
//!     %2 = lt(%h, %x)                                            ->      %2 says that %1
//!     %3 = select(and(%1, %2), %x, %h)                                   %3 = select(%2, %x, %h)
//!     %4 = select(%1, select(%2, %h, %x), %n)                            %4 = select(%2, %h, select(%1, %x, %n))
//! ```
//!
//! A condition less is a value less that each turn waits for, so that `passes::vectorise` knows what it is. Which pairs keep their order is found by assuming it of all pairs that start
//! in order, and dropping what a turn does not keep, until nothing changes (Flanagan and Leino, 2001, "Houdini"). A turn is looked at by cases: each way in which its comparisons
//! can turn out that does not contradict itself and what is assumed.

use super::ranges::CopyRanges;
use crate::ir::{Carried, Gate, Inst, Loop, Op, Program, Ref, ValueId, copies};
use std::collections::{BTreeMap, BTreeSet};

/// Most comparisons of a turn that are told apart by cases.
const CASES: usize = 6;

/// Most gates that decide about a pair. Conditions that share parts are walked once for each way to them, so that it is few.
const GATES: usize = 24;

/// Most values handed on of which pairs are looked at.
const PAIRS: usize = 8;

/// Drops conditions that follow from others.
#[must_use]
pub fn run(mut program: Program) -> Program {
    let mut body = std::mem::take(&mut program.body);
    let mut known = CopyRanges::default();
    block(&mut program, &mut body, &mut known);
    program.body = body;
    program
}

fn block(program: &mut Program, insts: &mut [Inst], known: &mut CopyRanges) {
    for inst in insts {
        inst.blocks_mut().into_iter().for_each(|nested| block(program, nested, known));
        match inst {
            Inst::Gate(gate) => known.learn(program, gate),
            Inst::Loop(l) => turn(program, l, known),
            _ => {}
        }
    }
}

/// Drops conditions of a loop's turns that follow from others.
fn turn(program: &mut Program, l: &mut Loop, known: &CopyRanges) {
    let single = |c: &&Carried| program.lanes(c.param) == 1 && c.next != c.param;
    let carried: Vec<Carried> = l.carried.iter().filter(single).copied().collect();
    if carried.len() < 2 || carried.len() > PAIRS {
        return;
    }
    let gates: BTreeMap<ValueId, Gate> = l
        .body
        .iter()
        .filter_map(|inst| if let Inst::Gate(gate) = inst { Some((gate.result?, gate.clone())) } else { None })
        .collect();
    let turn = Turn { program, gates: &gates };
    if !gates.values().any(|gate| turn.conditions_meet(gate)) {
        return;
    }
    let starts = |p: &Carried, q: &Carried| {
        let (p_range, q_range) = (known.of(program, p.init), known.of(program, q.init));
        p.init == q.init || p_range.1 <= q_range.0
    };
    let pairs = carried.iter().flat_map(|p| carried.iter().map(move |q| (p, q)));
    let mut kept: Vec<(Carried, Carried)> =
        pairs.filter(|(p, q)| p.param != q.param && starts(p, q)).map(|(p, q)| (*p, *q)).collect();
    loop {
        let assumed: Vec<(ValueId, ValueId)> = kept.iter().map(|(p, q)| (p.param, q.param)).collect();
        let before = kept.len();
        kept.retain(|(p, q)| turn.keeps(p, q, &assumed));
        if kept.len() == before {
            break;
        }
    }
    if kept.is_empty() {
        return;
    }
    let assumed: Vec<(ValueId, ValueId)> = kept.iter().map(|(p, q)| (p.param, q.param)).collect();
    let follows: BTreeMap<ValueId, Ref> =
        gates.iter().filter_map(|(value, gate)| Some((*value, turn.decides(gate, &assumed)?))).collect();
    let nested: BTreeMap<ValueId, Nested> =
        gates.iter().filter_map(|(value, gate)| Some((*value, turn.nested(gate, &follows, &assumed)?))).collect();
    if follows.is_empty() && !nested.values().any(|nested| nested.decided) {
        return;
    }
    let mut body = Vec::with_capacity(l.body.len() + nested.len());
    for inst in std::mem::take(&mut l.body) {
        let Inst::Gate(mut gate) = inst else {
            body.push(inst);
            continue;
        };
        let result = gate.result.unwrap_or(l.counter);
        let mut nested = nested.get(&result).cloned();
        let views = nested.iter_mut().flat_map(|nested| [&mut nested.outer, &mut nested.inner]);
        for arg in gate.args.iter_mut().chain(views) {
            while let Some(decides) = follows.get(&arg.value).and_then(|decides| decides.view(&arg.place)) {
                *arg = decides;
            }
        }
        if let Some(Nested { outer, then, inner, x, rest, .. }) = nested {
            let otherwise = if x.simplified() == rest.simplified() {
                x
            } else {
                let chosen = program.value(program.slot(result), "");
                let args = vec![inner, x, rest];
                body.push(Inst::Gate(Gate { op: Op::Select {}, args, result: Some(chosen), site: gate.site }));
                Ref::whole(chosen, 1)
            };
            gate.args = vec![outer, then, otherwise];
        }
        body.push(Inst::Gate(gate));
    }
    l.body = body;
}

/// `if outer { then } else if inner { x } else { rest }`, where the source asks for the inner condition first.
#[derive(Clone)]
struct Nested {
    /// Whether what keeps its order is why that is the same.
    decided: bool,
    outer: Ref,
    then: Ref,
    inner: Ref,
    x: Ref,
    rest: Ref,
}

/// A comparison, and whether it holds.
type Literal = (ValueId, bool);

/// How the comparisons of a turn come out.
type Case = BTreeMap<ValueId, bool>;

/// What a turn computes.
struct Turn<'a> {
    program: &'a Program,
    /// Gates of the body, by result.
    gates: &'a BTreeMap<ValueId, Gate>,
}

impl Turn<'_> {
    /// The gate that makes all of a view, behind copies.
    fn behind<'b>(&'b self, view: &'b Ref) -> (&'b Ref, Option<&'b Gate>) {
        let mut view = view;
        loop {
            let whole = self.program.lanes(view.value) == 1 && view.place.is_whole(1);
            match self.gates.get(&view.value).filter(|_| whole) {
                Some(Gate { op: Op::Copy {} | Op::Relabel {}, args, .. }) => view = &args[0],
                gate => return (view, gate),
            }
        }
    }

    /// The comparison behind a condition.
    fn literal(&self, condition: &Ref, follows: &BTreeMap<ValueId, Ref>) -> Option<Literal> {
        let (view, gate) = self.behind(condition);
        let gate = gate?;
        match (gate.op, gate.args.as_slice()) {
            (Op::Lt {}, _) => Some((view.value, true)),
            (Op::Not {}, [of]) => self.literal(of, follows).map(|(value, holds)| (value, !holds)),
            _ => self.literal(follows.get(&view.value)?, follows),
        }
    }

    /// The comparisons that decide what values are, as far as they are conditions of choices; `None` where that is too much to look at by cases.
    fn comparisons(&self, values: [&Ref; 2]) -> Option<Vec<ValueId>> {
        let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::new());
        let mut stack: Vec<&Ref> = values.to_vec();
        while let Some(view) = stack.pop() {
            let (view, gate) = self.behind(view);
            let Some(gate) = gate.filter(|_| seen.insert(view.value)) else { continue };
            match gate.op {
                Op::Lt {} => {
                    found.insert(view.value);
                }
                Op::Select {} | Op::Not {} | Op::And {} | Op::Or {} => stack.extend(&gate.args),
                _ => {}
            }
            if found.len() > CASES || seen.len() > GATES {
                return None;
            }
        }
        Some(found.into_iter().collect())
    }

    fn holds(&self, condition: &Ref, case: &Case) -> Option<bool> {
        let (view, gate) = self.behind(condition);
        let gate = gate?;
        match (gate.op, gate.args.as_slice()) {
            (Op::Lt {}, _) => case.get(&view.value).copied(),
            (Op::Not {}, [of]) => self.holds(of, case).map(|holds| !holds),
            (Op::And {}, [a, b]) => Some(self.holds(a, case)? && self.holds(b, case)?),
            (Op::Or {}, [a, b]) => Some(self.holds(a, case)? || self.holds(b, case)?),
            _ => None,
        }
    }

    /// What is chosen in a case; `None` where something else decides.
    fn chosen(&self, view: &Ref, case: &Case) -> Option<Ref> {
        let (view, gate) = self.behind(view);
        match gate.map(|gate| (gate.op, gate.args.as_slice())) {
            Some((Op::Select {}, [condition, x, y])) => {
                self.chosen(if self.holds(condition, case)? { x } else { y }, case)
            }
            _ => Some(view.simplified()),
        }
    }

    /// What is known in a case.
    fn facts(&self, case: &Case, assumed: &[(ValueId, ValueId)]) -> Facts {
        let mut facts = Facts::default();
        for (p, q) in assumed {
            facts.add(Ref::whole(*p, 1).simplified(), Ref::whole(*q, 1).simplified(), false);
        }
        for (comparison, holds) in case {
            let Some([a, b]) = self.gates.get(comparison).map(|gate| gate.args.as_slice()) else { continue };
            let (a, b) = (self.behind(a).0.simplified(), self.behind(b).0.simplified());
            if *holds { facts.add(a, b, true) } else { facts.add(b, a, false) }
        }
        facts.close();
        facts
    }

    /// Whether a turn that starts with all that is assumed ends with `p` not above `q`.
    fn keeps(&self, p: &Carried, q: &Carried, assumed: &[(ValueId, ValueId)]) -> bool {
        let (p, q) = (Ref::whole(p.next, 1), Ref::whole(q.next, 1));
        let Some(found) = self.comparisons([&p, &q]) else { return false };
        if !found.iter().all(|comparison| self.program.lanes(*comparison) == 1) {
            return false;
        }
        (0..1_u32 << found.len()).all(|bits| {
            let case: Case = found.iter().enumerate().map(|(at, value)| (*value, bits >> at & 1 == 1)).collect();
            let facts = self.facts(&case, assumed);
            let ends = self.chosen(&p, &case).zip(self.chosen(&q, &case));
            facts.contradict() || ends.is_some_and(|(p, q)| p == q || facts.know(&p, &q))
        })
    }

    /// The one of two conditions that both have to hold from which the other one follows.
    fn decides(&self, gate: &Gate, assumed: &[(ValueId, ValueId)]) -> Option<Ref> {
        let (Op::And {}, [a, b]) = (gate.op, gate.args.as_slice()) else { return None };
        let none = BTreeMap::new();
        let (first, second) = (self.literal(a, &none)?, self.literal(b, &none)?);
        if self.follows(first, second, assumed) {
            Some(a.clone())
        } else {
            self.follows(second, first, assumed).then(|| b.clone())
        }
    }

    /// Whether one comparison comes out so wherever another one comes out so.
    fn follows(&self, from: Literal, what: Literal, assumed: &[(ValueId, ValueId)]) -> bool {
        let case = Case::from([from, (what.0, !what.1)]);
        from.0 != what.0 && self.facts(&case, assumed).contradict()
    }

    /// Whether it may be seen here that one condition follows from another.
    fn conditions_meet(&self, gate: &Gate) -> bool {
        match (gate.op, gate.args.as_slice()) {
            (Op::And {}, _) => true,
            (Op::Select {}, [_, x, _]) => matches!(self.behind(x), (_, Some(Gate { op: Op::Select {}, .. }))),
            _ => false,
        }
    }

    fn nested(&self, gate: &Gate, follows: &BTreeMap<ValueId, Ref>, assumed: &[(ValueId, ValueId)]) -> Option<Nested> {
        let (Op::Select {}, [condition, x, y]) = (gate.op, gate.args.as_slice()) else { return None };
        let choice = |of| match self.behind(of) {
            (_, Some(Gate { op: Op::Select {}, args, .. })) => <&[Ref; 3]>::try_from(args.as_slice()).ok(),
            _ => None,
        };
        if let Some([outer, then, rest]) = choice(x)
            && let Some((first, second)) = self.literal(outer, follows).zip(self.literal(condition, follows))
            && self.follows(first, second, assumed)
        {
            return self.fitting(gate, true, [outer, then, condition, rest, y]);
        }
        let [outer, then, rest] = choice(y)?;
        let (_, Some(Gate { op: Op::And {}, args: both, .. })) = self.behind(condition) else { return None };
        let (comparison, holds) = self.literal(outer, follows)?;
        let [a, b] = both.as_slice() else { return None };
        let not = |of: &Ref| self.literal(of, follows) == Some((comparison, !holds));
        let inner = if not(a) { b } else { Some(a).filter(|_| not(b))? };
        self.fitting(gate, false, [outer, then, inner, x, rest])
    }

    /// The choices in that order, where each side is in the range of the result: what lies behind a narrower view need not be.
    fn fitting(&self, gate: &Gate, decided: bool, views: [&Ref; 5]) -> Option<Nested> {
        let ty = self.program.ty(gate.result?);
        let [outer, then, inner, x, rest] = views.map(Clone::clone);
        let secret = |of: &Ref| self.program.ty(of.value).is_secret();
        let fits = [&then, &x, &rest].iter().all(|side| copies(self.program.ty(side.value), ty));
        (fits && secret(&outer) == secret(&inner)).then_some(Nested { decided, outer, then, inner, x, rest })
    }
}

/// Which terms are known not to exceed, or to be less than, which others.
#[derive(Default)]
struct Facts {
    terms: Vec<Ref>,
    /// By pair: `Some(true)` where the first is less.
    known: BTreeMap<(usize, usize), bool>,
}

impl Facts {
    fn term(&mut self, of: Ref) -> usize {
        self.terms.iter().position(|term| *term == of).unwrap_or_else(|| {
            self.terms.push(of);
            self.terms.len() - 1
        })
    }

    fn add(&mut self, a: Ref, b: Ref, less: bool) {
        let pair = (self.term(a), self.term(b));
        *self.known.entry(pair).or_insert(less) |= less;
    }

    /// What follows by one fact after another.
    fn close(&mut self) {
        let terms = self.terms.len();
        for k in 0..terms {
            for i in 0..terms {
                for j in 0..terms {
                    if let (Some(a), Some(b)) = (self.known.get(&(i, k)).copied(), self.known.get(&(k, j)).copied()) {
                        *self.known.entry((i, j)).or_insert(a || b) |= a || b;
                    }
                }
            }
        }
    }

    fn contradict(&self) -> bool {
        (0..self.terms.len()).any(|at| self.known.get(&(at, at)) == Some(&true))
    }

    /// Whether one term is known not to exceed another.
    fn know(&self, a: &Ref, b: &Ref) -> bool {
        let place = |of: &Ref| self.terms.iter().position(|term| term == of);
        place(a).zip(place(b)).is_some_and(|pair| self.known.contains_key(&pair))
    }
}
