//! The body of a loop as a graph: its instructions and what turns hand on. What builds on itself is solved as a whole, everything else is an instruction of
//! all turns.

use super::order;
use super::recurrence::{Chain, Condition, Shape};
use super::solve::{Handed, Solved};
use super::widen::{Why, Widen, Widened, because};
use crate::ir::{Carried, Gate, Inst, Loop, Op, Place, Program, Ref, SiteId, Slot, ValueId, fits};
use crate::passes::facts;
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Body<'a> {
    l: &'a Loop,
    gates: BTreeMap<ValueId, &'a Gate>,
    /// What turns hand on as values, by place in what the loop carries. They are the nodes behind the instructions.
    handed: Vec<(usize, Handed)>,
    /// What each node reads.
    reads: Vec<Vec<usize>>,
    /// Which nodes read a value.
    readers: BTreeMap<ValueId, Vec<usize>>,
}

impl<'a> Body<'a> {
    /// `values` says which of the carried ones are handed on as values, `ranges` in which range they start.
    pub(super) fn of(
        l: &'a Loop,
        program: &Program,
        values: impl Iterator<Item = bool>,
        ranges: &[(i64, i64)],
    ) -> Self {
        let mut gates = BTreeMap::new();
        let (mut node, mut sites) = (BTreeMap::new(), BTreeMap::new());
        for (at, inst) in l.body.iter().enumerate() {
            if let Inst::Gate(gate) = inst
                && let Some(result) = gate.result
            {
                gates.insert(result, gate);
                sites.insert(result, gate.site);
            }
            inst.each_result(&mut |value| {
                node.insert(value, at);
            });
        }
        let handed: Vec<(usize, Handed)> = values
            .enumerate()
            .filter(|(_, is_value)| *is_value)
            .map(|(at, _)| {
                let c = &l.carried[at];
                let site = sites.get(&c.next).copied().unwrap_or(l.site);
                (at, Handed { init: c.init, slot: program.slot(c.param), range: ranges[at], site })
            })
            .collect();
        for (n, (at, _)) in handed.iter().enumerate() {
            node.insert(l.carried[*at].param, l.body.len() + n);
        }
        let mut reads: Vec<Vec<usize>> = Vec::with_capacity(l.body.len() + handed.len());
        let mut readers: BTreeMap<ValueId, Vec<usize>> = BTreeMap::new();
        for (at, inst) in l.body.iter().enumerate() {
            let mut own = Vec::new();
            inst.each_use(&mut |value| {
                own.extend(node.get(&value).copied());
                readers.entry(value).or_default().push(at);
            });
            own.sort_unstable();
            own.dedup();
            reads.push(own);
        }
        for (at, _) in &handed {
            let next = l.carried[*at].next;
            readers.entry(next).or_default().push(reads.len());
            reads.push(node.get(&next).copied().into_iter().collect());
        }
        let mut body = Self { l, gates, handed, reads, readers };
        body.tie();
        body
    }

    fn chain(&self, n: usize) -> Chain<'_> {
        let (at, handed) = &self.handed[n];
        Chain::new(self.l.carried[*at].param, handed.slot.lanes, &self.l.body, &self.gates)
    }

    fn next(&self, n: usize) -> ValueId {
        self.l.carried[self.handed[n].0].next
    }

    /// Values that are chosen by the comparison of another one are solved with it, where nothing asks for what single turns hand on.
    fn tie(&mut self) {
        let chains: Vec<Chain<'_>> = (0..self.handed.len()).map(|n| self.chain(n)).collect();
        let shapes: Vec<Option<Shape>> =
            chains.iter().enumerate().map(|(n, chain)| chain.shape(self.next(n))).collect();
        let mut ties = Vec::new();
        for (n, shape) in shapes.iter().enumerate() {
            let Some(Shape::Extreme { chosen, .. }) = shape else { continue };
            let second = (0..self.handed.len()).find(|m| {
                let (slot, own) = (self.handed[*m].1.slot, self.handed[n].1.slot);
                let alike = slot.lanes == own.lanes
                    && (slot.ty.is_secret(), slot.ty.frac()) == (own.ty.is_secret(), own.ty.frac());
                let pair = shapes[n].as_ref().zip(shapes[*m].as_ref());
                *m != n && alike && pair.is_some_and(|(best, other)| chains[n].is_second(best, other))
            });
            // What goes with the best is nothing that turns hand on.
            let builds = |view: &Ref| {
                let mut builds = false;
                view.each_use(&mut |value| builds |= chains.iter().any(|chain| chain.depends(value)));
                builds
            };
            let fellows: Vec<usize> = (0..self.handed.len())
                .filter(|m| match &shapes[*m] {
                    Some(Shape::Last(conditions, value)) => conditions == chosen && !builds(value),
                    _ => Some(*m) == second,
                })
                .collect();
            // What depends on any of them is one of them.
            let mut group: BTreeSet<usize> = fellows.iter().map(|m| self.l.body.len() + m).collect();
            group.insert(self.l.body.len() + n);
            let own = |value: &ValueId| chains[n].depends(*value) || fellows.iter().any(|m| chains[*m].depends(*value));
            let apart =
                self.readers.iter().filter(|(value, _)| own(value)).flat_map(|(_, nodes)| nodes).all(|node| match self
                    .l
                    .body
                    .get(*node)
                {
                    Some(inst) => {
                        let mut inside = true;
                        inst.each_result(&mut |value| inside &= own(&value));
                        inside && matches!(inst, Inst::Gate(_))
                    }
                    None => group.contains(node),
                });
            if apart {
                ties.extend(fellows.iter().map(|m| (n, *m)));
            }
        }
        drop(chains);
        for (key, fellow) in ties {
            let first = self.l.body.len();
            self.reads[first + key].push(first + fellow);
        }
    }

    /// All turns; what each carried value is behind them, for those handed on as values.
    pub(super) fn run(&self, widen: &mut Widen<'_>) -> Widened<Vec<Option<ValueId>>> {
        let mut ends = vec![None; self.l.carried.len()];
        widen.fused = self.terms();
        for component in order::components(&self.reads) {
            self.component(widen, &component, &mut ends)?;
        }
        Ok(ends)
    }

    /// Products that nothing but a sum over the turns reads: no vector of them will be there in the end.
    fn terms(&self) -> BTreeSet<ValueId> {
        let mut terms = BTreeSet::new();
        for n in 0..self.handed.len() {
            if let Some(Shape::Sum(all)) = self.chain(n).shape(self.next(n)) {
                let plain = all.iter().filter(|term| term.conditions.is_empty()).map(|term| term.value.value);
                terms.extend(plain.filter(|value| {
                    let product = self.gates.get(value).is_some_and(|gate| matches!(gate.op, Op::Mul {}));
                    product && self.readers.get(value).is_some_and(|nodes| nodes.len() == 1)
                }));
            }
        }
        terms
    }

    fn component(&self, widen: &mut Widen<'_>, nodes: &[usize], ends: &mut [Option<ValueId>]) -> Widened<()> {
        let first = self.l.body.len();
        let (insts, handed): (Vec<usize>, Vec<usize>) = nodes.iter().copied().partition(|node| *node < first);
        let handed: Vec<usize> = handed.into_iter().map(|node| node - first).collect();
        match (insts.as_slice(), handed.as_slice()) {
            ([inst], []) => widen.inst(&self.l.body[*inst]),
            ([], [n]) => self.delayed(widen, *n, ends),
            (_, handed) => self.cycle(widen, &insts, handed, ends),
        }
    }

    /// What a turn takes from the one before, whatever that was.
    fn delayed(&self, widen: &mut Widen<'_>, n: usize, ends: &mut [Option<ValueId>]) -> Widened<()> {
        let (at, handed) = &self.handed[n];
        let c = &self.l.carried[*at];
        let asked = self.readers.contains_key(&c.param);
        if !asked && !widen.differs(c.next) {
            ends[*at] = Some(widen.renamed(c.next));
            return Ok(());
        }
        if !asked {
            // Only the last turn counts.
            let lanes = handed.slot.lanes;
            let all = widen.all_turns(c.next, handed.site)?;
            let ty = widen.program.ty(all);
            let place = Place::span(widen.turns.last() * lanes, lanes);
            let last = widen.emit(Op::Copy {}, vec![Ref { value: all, place }], ty, lanes, handed.site)?;
            ends[*at] = Some(last);
            return Ok(());
        }
        let solved = widen.delayed(handed, c.next)?;
        ends[*at] = Some(solved.result);
        if let Some((starts, _)) = solved.turns {
            widen.wide.insert(c.param, starts);
        }
        Ok(())
    }

    /// What builds on itself from turn to turn.
    fn cycle(
        &self,
        widen: &mut Widen<'_>,
        insts: &[usize],
        handed: &[usize],
        ends: &mut [Option<ValueId>],
    ) -> Widened<()> {
        let first = self.l.body.len();
        let mut own = BTreeSet::new();
        for n in handed {
            own.insert(self.l.carried[self.handed[*n].0].param);
        }
        for at in insts {
            self.l.body[*at].each_result(&mut |value| {
                own.insert(value);
            });
        }
        // What something else wants to know of single turns.
        let inside = |node: &usize| insts.contains(node) || *node >= first && handed.contains(&(node - first));
        let asked: BTreeSet<ValueId> = own
            .iter()
            .filter(|value| self.readers.get(value).is_some_and(|nodes| !nodes.iter().all(inside)))
            .copied()
            .collect();
        let solved = match self.shapes(handed, !asked.is_empty()) {
            Ok(shapes) => self.solved(widen, handed, &shapes, !asked.is_empty())?,
            Err(why) => return self.one_by_one(widen, (insts, handed), &asked, why, ends),
        };
        let mut known = BTreeSet::new();
        for (n, solved) in handed.iter().zip(&solved) {
            let at = self.handed[*n].0;
            let c = &self.l.carried[at];
            ends[at] = Some(solved.result);
            if let Some((starts, last)) = solved.turns {
                widen.wide.insert(c.param, starts);
                known.insert(c.param);
                for made in self.alike(widen.program, c.next) {
                    // A turn may know more of what it makes than of what it is given: its readers build on that.
                    let Slot { ty, lanes } = widen.program.slot(made);
                    let last = if fits(widen.program.ty(last), ty) {
                        last
                    } else {
                        let all = widen.lanes_of(lanes)?;
                        widen.emit(Op::Relabel {}, vec![Ref::whole(last, all)], ty, all, self.l.site)?
                    };
                    widen.wide.insert(made, last);
                    known.insert(made);
                }
            }
        }
        if asked.is_subset(&known) {
            return Ok(());
        }
        // With what each turn starts with, the rest is computed as anything else.
        for at in insts {
            let inst = &self.l.body[*at];
            let mut known_too = false;
            inst.each_result(&mut |value| known_too |= known.contains(&value));
            if !known_too {
                widen.inst(inst)?;
            }
        }
        Ok(())
    }

    /// A value of the body, and those that it is in another range.
    fn alike(&self, program: &Program, value: ValueId) -> Vec<ValueId> {
        let mut all = vec![value];
        let of = |value: &ValueId| match self.gates.get(value).map(|gate| (gate.op, gate.args.as_slice())) {
            Some((Op::Relabel {}, [of])) => of.place.is_whole(program.lanes(of.value)).then_some(of.value),
            _ => None,
        };
        while let Some(of) = all.last().and_then(of) {
            all.push(of);
        }
        all
    }

    /// How values build on themselves, those first that others are chosen by.
    fn shapes(&self, handed: &[usize], each: bool) -> Widened<Vec<(usize, Shape)>> {
        let mut shapes = Vec::with_capacity(handed.len());
        for (at, n) in handed.iter().enumerate() {
            match self.chain(*n).shape(self.next(*n)) {
                Some(shape) => shapes.push((at, shape)),
                None => return because(self.site(*n), "a turn builds on what the one before it made"),
            }
        }
        if let [(_, shape)] = shapes.as_mut_slice() {
            if let (Shape::Last(conditions, value), false) = (&*shape, each)
                && let Some(conditions) = self.first_time(conditions)
            {
                *shape = Shape::First(conditions, value.clone());
            }
            return Ok(shapes);
        }
        // One comparison decides about all of them: it comes first.
        let best = (0..shapes.len()).find(|best| {
            let (at, Shape::Extreme { chosen, first, conditions, .. }) = &shapes[*best] else { return false };
            let chain = self.chain(handed[*at]);
            let others = || shapes.iter().enumerate().filter(|(other, _)| other != best).map(|(_, (_, shape))| shape);
            let second = |shape: &&Shape| chain.is_second(&shapes[*best].1, shape);
            (*first || conditions.is_empty())
                && others().filter(second).count() <= 1
                && others().all(|shape| match shape {
                    Shape::Last(conditions, value) => {
                        let mut builds = false;
                        value.each_use(&mut |value| builds |= handed.iter().any(|n| self.chain(*n).depends(value)));
                        conditions == chosen && !builds
                    }
                    shape => second(&shape),
                })
        });
        if let (Some(best), false) = (best, each) {
            shapes.swap(0, best);
        } else {
            let site = handed.first().map_or(self.l.site, |n| self.site(*n));
            return because(site, "several values build on one another from turn to turn");
        }
        Ok(shapes)
    }

    /// The conditions but for one, which is that the others have never held: a truth value that does not hold before the loop, and from the first turn on in
    /// which they do.
    fn first_time(&self, conditions: &[Condition]) -> Option<Vec<Condition>> {
        let mut known = self.handed.iter().enumerate().filter(|(_, (_, handed))| handed.range == (0, 0)).peekable();
        known.peek()?;
        let all = self.parts(conditions);
        known.find_map(|(n, (at, _))| {
            let held = Ref::whole(self.l.carried[*at].param, 1);
            let (before, rest): (Vec<_>, Vec<_>) =
                all.iter().cloned().partition(|(of, holds)| !holds && of.simplified() == held.simplified());
            let Some(Shape::Logic(Op::Or {}, own)) = self.chain(n).shape(self.next(n)) else { return None };
            let own = self.parts(&[(own, true)]);
            let same = own.iter().all(|part| rest.contains(part)) && rest.iter().all(|part| own.contains(part));
            (!before.is_empty() && same).then_some(rest)
        })
    }

    /// Conditions that together are the same as some, without conjunctions and complements, each once.
    fn parts(&self, conditions: &[Condition]) -> Vec<Condition> {
        let (mut parts, mut seen) = (Vec::new(), BTreeSet::new());
        let mut stack = conditions.to_vec();
        while let Some((of, holds)) = stack.pop() {
            // Conditions share parts: each is looked at once.
            if of.place.is_whole(1) && !seen.insert((of.value, holds)) {
                continue;
            }
            let gate = self.gates.get(&of.value).filter(|_| of.place.is_whole(1));
            match gate.map(|gate| (gate.op, gate.args.as_slice())) {
                Some((Op::Not {}, [of])) => stack.push((of.clone(), !holds)),
                Some((Op::And {}, [a, b])) if holds => stack.extend([(b.clone(), true), (a.clone(), true)]),
                Some((Op::Or {}, [a, b])) if !holds => stack.extend([(b.clone(), false), (a.clone(), false)]),
                _ => parts.push((of.simplified(), holds)),
            }
        }
        parts
    }

    fn solved(
        &self,
        widen: &mut Widen<'_>,
        handed: &[usize],
        shapes: &[(usize, Shape)],
        each: bool,
    ) -> Widened<Vec<Solved>> {
        if let ([n], [(_, shape)]) = (handed, shapes) {
            return Ok(vec![widen.solve(&self.handed[*n].1, shape, each)?]);
        }
        let (values, all): (Vec<Handed>, Vec<Shape>) =
            shapes.iter().map(|(at, shape)| (self.handed[handed[*at]].1.clone(), shape.clone())).unzip();
        let solved = widen.chosen(&values, &all, false)?;
        let mut placed: Vec<Option<Solved>> = handed.iter().map(|_| None).collect();
        for ((at, _), solved) in shapes.iter().zip(solved) {
            placed[*at] = Some(solved);
        }
        Ok(placed.into_iter().flatten().collect())
    }

    /// What builds on itself in no way that a tree stands for, as a loop of its own: it reads what the vectors of the others hold of its turn, and collects
    /// what others ask for (loop distribution: Kuck et al., 1981).
    fn one_by_one(
        &self,
        widen: &mut Widen<'_>,
        (insts, handed): (&[usize], &[usize]),
        asked: &BTreeSet<ValueId>,
        why: Why,
        ends: &mut [Option<ValueId>],
    ) -> Widened<()> {
        let mut insts = insts.to_vec();
        insts.sort_unstable();
        let part: Vec<&Inst> = insts.iter().map(|at| &self.l.body[*at]).collect();
        // What stops the run or tells something does so in the order of the turns.
        let effects = part.iter().any(|inst| !facts::effects(widen.program, inst).none());
        if !widen.distribute || effects || widen.takes_over(&part) {
            return Err(why);
        }
        let site = self.l.site;
        widen.turns.in_order(site)?;
        let mut carried: Vec<Carried> = Vec::with_capacity(handed.len() + asked.len());
        for n in handed {
            let at = self.handed[*n].0;
            let c = self.l.carried[at];
            let result = widen.program.value(widen.program.slot(c.param), "");
            carried.push(Carried { init: widen.renamed(c.init), result, ..c });
            ends[at] = Some(result);
        }
        widen.alone(&part, carried, asked, site)?;
        if let Why::Because(at, why) = why {
            widen.left.push((at, why));
        }
        Ok(())
    }

    fn site(&self, n: usize) -> SiteId {
        self.handed[n].1.site
    }
}
