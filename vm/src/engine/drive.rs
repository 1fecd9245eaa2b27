//! Runs what talks: stages in order, the entries of a stage side by side.

use super::code::{Block, Code, GateNode, IfNode, Levels, LoopNode, Node, Stage, WhileNode};
use super::trace::Trace;
use super::{Engine, Stop, gates};
use smpc_bytecode::op::{Op, SiteId};
use smpc_protocols::{Protocol, Stats, join_all};
use std::future::Future;
use std::pin::Pin;

/// Something that runs, allocated where it may nest.
pub(super) type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Stop>> + 'a>>;

/// Turns from which on a loop that makes more and more to verify is counted without the verifications in between.
const MANY_TURNS: u64 = 1 << 16;

impl<'m, P: Protocol> Engine<'m, P> {
    /// The whole program.
    pub(super) async fn drive(&self, code: &Code<'m>) -> Result<(), Stop> {
        if self.deals_first() {
            self.deal(code).await?;
            self.prove(code).await?;
        }
        self.block(code, &code.main).await
    }

    fn block<'a>(&'a self, code: &'a Code<'m>, block: &'a Block<'m>) -> Running<'a> {
        Box::pin(async move {
            match &block.levels {
                Levels::Local(nodes) => self.at_once(code, nodes),
                Levels::Talking(stages) => {
                    for stage in stages {
                        self.stage(code, stage).await?;
                    }
                    Ok(())
                }
            }
        })
    }

    async fn stage(&self, code: &Code<'m>, stage: &Stage<'m>) -> Result<(), Stop> {
        self.at_once(code, &stage.local)?;
        match &stage.talking[..] {
            [] => {}
            [node] => self.node(code, node).await?,
            nodes if self.counting.by_gate() => {
                for node in nodes {
                    self.node(code, node).await?;
                }
            }
            nodes => self.together(code, nodes).await?,
        }
        if !stage.dead.is_empty() {
            let mut store = self.store.borrow_mut();
            for slot in &stage.dead {
                store.clear(*slot);
                self.counting.clear(*slot);
            }
        }
        (self.progress)();
        Ok(())
    }

    /// All of them end before the first one in source order that stopped is reported: every node then reports the same.
    async fn together(&self, code: &Code<'m>, nodes: &[Node<'m>]) -> Result<(), Stop> {
        self.side_by_side.set(self.side_by_side.get() + 1);
        let ended = join_all(nodes.iter().map(|node| self.node(code, node))).await;
        self.side_by_side.set(self.side_by_side.get() - 1);
        ended.into_iter().collect()
    }

    fn at_once(&self, code: &Code<'m>, nodes: &[Node<'m>]) -> Result<(), Stop> {
        if nodes.is_empty() { Ok(()) } else { self.local(&mut self.store.borrow_mut(), code, nodes) }
    }

    /// Issues an entry. A gate gets its instance here, in program order, before anything is polled.
    fn node<'a>(&'a self, code: &'a Code<'m>, node: &'a Node<'m>) -> Running<'a> {
        match node {
            Node::Scalar(..) => Box::pin(std::future::ready(self.at_once(code, std::slice::from_ref(node)))),
            Node::Gate(gate) => self.gate(gate),
            Node::Loop(l) => Box::pin(self.counted(code, l)),
            Node::While(w) => Box::pin(self.conditional(code, w)),
            Node::If(i) => Box::pin(self.choice(code, i)),
            Node::Call(function, site) => Box::pin(self.call(code, *function, *site)),
        }
    }

    fn gate<'a>(&'a self, node: &'a GateNode<'m>) -> Running<'a> {
        let issued = self.step(node.gate.site);
        let cx = self.executor.gate(self.instances.replace(self.instances.get() + 1));
        match issued {
            Ok(()) => {
                // What was done before the program began was counted there.
                let dealt = self.deals_first() && matches!(node.gate.op, Op::Input { .. });
                if !dealt && !self.is_proven(node.id) {
                    self.counting.gate(node.id);
                }
                gates::run(self, node, cx)
            }
            Err(stop) => Box::pin(std::future::ready(Err(stop))),
        }
    }

    async fn counted(&self, code: &Code<'m>, node: &LoopNode<'m>) -> Result<(), Stop> {
        let l = node.of;
        self.step(l.site)?;
        let (from, to) = self.bounds(&self.store.borrow(), node)?;
        let counts_one = self.executor.is_dry() && node.uniform && self.side_by_side.get() == 0;
        let now = || (self.executor.stats(), self.counting.trace(Trace::mark), self.protocol.unverified());
        let mut before = counts_one.then(&now);
        for turn in from..to {
            self.step(l.site)?;
            self.store.borrow_mut().set_control(l.counter, turn);
            self.block(code, &node.body).await?;
            if let Some((stats, mark, owed)) = &before {
                let owes = self.protocol.unverified();
                let rest = u64::try_from(i128::from(to) - i128::from(turn) - 1).unwrap_or(u64::MAX);
                let grown = owes.and_again(*owed, rest);
                // The first turn had also to verify what came before the loop, or nothing yet. And while so much comes together that it is verified in between, turns differ.
                let differs = turn == from && owes != *owed;
                let verifies = owes.is_less(*owed) || self.protocol.is_much(grown);
                if rest > 0 && (differs || verifies && rest < MANY_TURNS) {
                    before = Some(now());
                    continue;
                }
                // Every turn costs what this one did.
                self.executor.add_stats(&self.executor.stats().since(stats), rest);
                self.protocol.set_unverified(grown);
                self.counting.trace(|trace| trace.fold(mark.unwrap_or_default(), rest.saturating_add(1)));
                self.store.borrow_mut().set_control(l.counter, to - 1);
                return Ok(());
            }
        }
        Ok(())
    }

    async fn conditional(&self, code: &Code<'m>, node: &WhileNode<'m>) -> Result<(), Stop> {
        let mut turns = 0_u64;
        loop {
            self.step(node.of.site)?;
            self.block(code, &node.head).await?;
            let unknown = self.is_unknown(node.revealed);
            // Counted as one turn where only a real run knows.
            if unknown && turns > 0 || !unknown && self.store.borrow().control(node.of.condition) == 0 {
                return Ok(());
            }
            self.block(code, &node.body).await?;
            turns += 1;
        }
    }

    async fn choice(&self, code: &Code<'m>, node: &IfNode<'m>) -> Result<(), Stop> {
        self.step(node.of.site)?;
        if self.is_unknown(node.revealed) && self.side_by_side.get() == 0 {
            return self.cheaper(code, node).await;
        }
        let side = self.side(&self.store.borrow(), node);
        self.block(code, side).await
    }

    /// Counts both sides and keeps the cheaper one.
    async fn cheaper(&self, code: &Code<'m>, node: &IfNode<'m>) -> Result<(), Stop> {
        let (start, owed) = (self.executor.stats(), self.protocol.unverified());
        let mark = self.counting.trace(Trace::mark).unwrap_or_default();
        self.block(code, &node.then).await?;
        let (then, then_owes) = (self.executor.stats(), self.protocol.unverified());
        let then_parts = self.counting.trace(|trace| trace.cut(mark));
        self.executor.set_stats(start.clone());
        self.protocol.set_unverified(owed);
        let mark = self.counting.trace(Trace::mark).unwrap_or_default();
        self.block(code, &node.otherwise).await?;
        let weight = |stats: &Stats| (stats.rounds, stats.sent.iter().sum::<u64>());
        if weight(&then) < weight(&self.executor.stats()) {
            self.executor.set_stats(then);
            self.protocol.set_unverified(then_owes);
            self.counting.trace(|trace| drop(trace.cut(mark)));
            self.counting.trace(|trace| trace.append(then_parts.unwrap_or_default()));
        }
        Ok(())
    }

    async fn call(&self, code: &Code<'m>, function: usize, site: SiteId) -> Result<(), Stop> {
        self.step(site)?;
        match code.functions.get(function) {
            Some(body) => self.block(code, body).await,
            None => Ok(()),
        }
    }
}
