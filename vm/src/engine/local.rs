//! Runs what needs no peer, without futures.

use super::code::{Block, Code, GateNode, IfNode, Levels, LoopNode, Node, WhileNode};
use super::store::Store;
use super::{Cause, Engine, Fault, Stop};
use smpc_bytecode::module::Bound;
use smpc_bytecode::op::Op;
use smpc_protocols::Protocol;

/// Turns of a loop between two signs of life, less one.
const TURNS: u64 = 0xfff;

impl<'m, P: Protocol> Engine<'m, P> {
    /// Runs entries that need no peer, in order.
    pub(super) fn local(&self, store: &mut Store<'m, P>, code: &Code<'m>, nodes: &[Node<'m>]) -> Result<(), Stop> {
        for node in nodes {
            match node {
                Node::Scalar(scalar, site, id) => {
                    self.step(*site)?;
                    self.counting.gate(*id);
                    store.scalar(scalar).map_err(|fault| Stop { cause: Cause::Fault(*fault), site: *site })?;
                }
                Node::Gate(node) => self.local_gate(store, node)?,
                Node::Loop(node) => self.local_loop(store, code, node)?,
                Node::While(node) => self.local_while(store, code, node)?,
                Node::If(node) => {
                    self.step(node.of.site)?;
                    let side = self.side(store, node);
                    self.local_block(store, code, side)?;
                }
                Node::Call(function, site) => {
                    self.step(*site)?;
                    if let Some(body) = code.functions.get(*function) {
                        self.local_block(store, code, body)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn local_block(&self, store: &mut Store<'m, P>, code: &Code<'m>, block: &Block<'m>) -> Result<(), Stop> {
        match &block.levels {
            Levels::Local(nodes) => self.local(store, code, nodes),
            // A block is local as a whole or it is driven.
            Levels::Talking(_) => Ok(()),
        }
    }

    fn local_gate(&self, store: &mut Store<'m, P>, node: &GateNode<'m>) -> Result<(), Stop> {
        let gate = node.gate;
        self.step(gate.site)?;
        self.counting.gate(node.id);
        if let Some(slot) = node.fresh {
            store.clear(slot);
        }
        store.local(gate).map_err(|fault| {
            let cause = match (fault, gate.op) {
                (Fault::Stopped, Op::StopUnless { message }) => Cause::Message(message),
                (fault, _) => Cause::Fault(fault),
            };
            Stop { cause, site: gate.site }
        })
    }

    fn local_loop(&self, store: &mut Store<'m, P>, code: &Code<'m>, node: &LoopNode<'m>) -> Result<(), Stop> {
        let l = node.of;
        self.step(l.site)?;
        let (from, to) = self.bounds(store, node)?;
        if self.executor.is_dry() && node.uniform {
            // Nothing that costs depends on it.
            let turns = u64::try_from(i128::from(to) - i128::from(from)).unwrap_or(0);
            self.count_local(store, code, &node.body, turns);
            return Ok(());
        }
        let Levels::Local(body) = &node.body.levels else { return Ok(()) };
        for turn in from..to {
            self.step(l.site)?;
            store.set_control(l.counter, turn);
            self.local(store, code, body)?;
            if turn.cast_unsigned() & TURNS == TURNS {
                (self.progress)();
            }
        }
        Ok(())
    }

    fn local_while(&self, store: &mut Store<'m, P>, code: &Code<'m>, node: &WhileNode<'m>) -> Result<(), Stop> {
        if self.executor.is_dry() && !node.head.varies && !node.body.varies {
            self.count_local(store, code, &node.head, 1);
            self.count_local(store, code, &node.body, 1);
            self.counting.trace(|trace| trace.approximate = true);
            return Ok(());
        }
        let mut turns = 0_u64;
        loop {
            self.step(node.of.site)?;
            self.local_block(store, code, &node.head)?;
            let unknown = self.is_unknown(node.revealed);
            if unknown && turns > 0 || !unknown && store.control(node.of.condition) == 0 {
                return Ok(());
            }
            self.local_block(store, code, &node.body)?;
            turns += 1;
            if turns & TURNS == 0 {
                (self.progress)();
            }
        }
    }

    /// First and last turn of a loop, exclusive. They must fit the counter's range.
    pub(super) fn bounds(&self, store: &Store<'m, P>, node: &LoopNode<'m>) -> Result<(i64, i64), Stop> {
        let value = |bound: Bound| match bound {
            Bound::Const(value) => value,
            Bound::Slot(slot) => store.control(slot),
        };
        let (from, to) = (value(node.of.from), value(node.of.to));
        if self.is_unknown(node.revealed) {
            // Counted as one turn.
            return Ok((node.range.0, node.range.0.saturating_add(1)));
        }
        let (lo, hi) = node.range;
        if from < to && (from < lo || to - 1 > hi) {
            let outside = if from < lo { from } else { to - 1 };
            let cause = Cause::Fault(Fault::Range { value: outside.into(), range: node.range });
            return Err(Stop { cause, site: node.of.site });
        }
        Ok((from, to))
    }

    /// The side of a choice that runs.
    pub(super) fn side<'a>(&self, store: &Store<'m, P>, node: &'a IfNode<'m>) -> &'a Block<'m> {
        if store.control(node.of.condition) != 0 { &node.then } else { &node.otherwise }
    }

    /// Whether a value that depends on revealed ones means nothing: where a run only counts and follows no other.
    pub(super) fn is_unknown(&self, revealed: bool) -> bool {
        revealed && self.executor.is_dry() && !self.counting.follows()
    }
}
