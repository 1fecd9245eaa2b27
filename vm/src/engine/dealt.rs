//! Inputs under a protocol that does not trust its parties: all of them are dealt before anything else happens, so that nobody chooses one by what the program reveals
//! (PROTOCOLS R6). Secret ones come first; a public one, which all see at once, then cannot decide a secret one either. Each leaf is dealt once, however often gates read it: there is
//! one value of it. Where a gate reads it, it only takes what is there.
//!
//! A schedule is not asked: a module may come from elsewhere, and a compiler may read an input as late as it likes.

use super::code::Code;
use super::store::{Arg, size};
use super::{Cause, Engine, Fault, Stop, gates};
use smpc_bytecode::op::{Op, SiteId};
use smpc_bytecode::types::RegType;
use smpc_protocols::registry::Adversary;
use smpc_protocols::{Protocol, join_all};
use std::collections::BTreeMap;

/// A leaf of an input: the numbers of both.
pub(super) type Leaf = (u32, u32);

/// What was dealt and not yet taken for the last time.
pub(super) type Dealt<P> = BTreeMap<Leaf, Arg<P>>;

/// A leaf to be dealt: what it is, for how many lanes, and the first gate that reads it.
struct Due {
    leaf: Leaf,
    ty: RegType,
    lanes: usize,
    gate: usize,
    site: SiteId,
}

impl<'m, P: Protocol> Engine<'m, P> {
    /// Whether inputs are dealt before the program begins.
    pub(super) fn deals_first(&self) -> bool {
        self.protocol.spec().adversary == Adversary::Malicious
    }

    /// Deals all inputs that the program reads.
    pub(super) async fn deal(&self, code: &Code<'m>) -> Result<(), Stop> {
        let mut due: BTreeMap<Leaf, Due> = BTreeMap::new();
        for (id, gate) in code.gates.iter().enumerate() {
            if let (Op::Input { input, leaf }, Some(dst)) = (gate.op, &gate.dst) {
                let (leaf, ty) = ((input.0, leaf), self.module.slots[dst.slot.index()].ty);
                let lanes = size(dst.lanes().unwrap_or(0));
                due.entry(leaf).or_insert(Due { leaf, ty, lanes, gate: id, site: gate.site });
            }
        }
        let secret = |due: &&Due| self.module.manifest.inputs[due.leaf.0 as usize].secret;
        let (secret, public): (Vec<&Due>, Vec<&Due>) = due.values().partition(secret);
        for group in [secret, public] {
            if self.counting.by_gate() {
                for due in group {
                    self.deal_one(due).await?;
                }
            } else {
                let ended = join_all(group.into_iter().map(|due| self.deal_one(due))).await;
                ended.into_iter().collect::<Result<(), Stop>>()?;
            }
        }
        Ok(())
    }

    async fn deal_one(&self, due: &Due) -> Result<(), Stop> {
        let cx = self.executor.gate(self.instances.replace(self.instances.get() + 1));
        self.counting.gate(due.gate);
        let dealt = gates::input(self, due.leaf, (due.ty, due.lanes), true, cx).await;
        let value = dealt.map_err(|fault| Stop { cause: Cause::Fault(fault), site: due.site })?;
        self.dealt.borrow_mut().insert(due.leaf, value);
        Ok(())
    }

    /// What was dealt of a leaf.
    pub(super) fn take(&self, leaf: Leaf, last: bool) -> Result<Arg<P>, Fault> {
        let mut dealt = self.dealt.borrow_mut();
        let value = if last { dealt.remove(&leaf) } else { dealt.get(&leaf).cloned() };
        value.ok_or(Fault::Malformed("an input that was not dealt"))
    }
}
