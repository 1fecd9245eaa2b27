//! Inputs under a protocol that does not trust its parties: all of them are dealt before anything else happens, so that nobody chooses one by what the program reveals
//! (PROTOCOLS R6). Secret ones come first; a public one, which all see at once, then cannot decide a secret one either. Each leaf is dealt once, however often gates read it: there is
//! one value of it. Where a gate reads it, it only takes what is there.
//!
//! Then their ranges are proven, all side by side, and one bit a role is opened: whether all values of the role lie in their ranges (R16). What a gate claims of anything but an input as it was read it
//! proves where it stands.
//!
//! A schedule is not asked: a module may come from elsewhere, and a compiler may read an input as late as it likes.

use super::code::{Code, Levels, Node};
use super::store::{Arg, size};
use super::{Cause, Engine, Fault, Stop, gates};
use smpc_bytecode::facts::written;
use smpc_bytecode::module::{Module, View};
use smpc_bytecode::op::{Op, SiteId, SlotId};
use smpc_bytecode::types::RegType;
use smpc_protocols::gates::logic::all_lanes;
use smpc_protocols::registry::Adversary;
use smpc_protocols::{Cx, Lanes, Protocol, Range, Shares as _, join_all};
use std::collections::{BTreeMap, BTreeSet};

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

/// A range that is claimed of a leaf, by a gate.
struct Claim {
    leaf: Leaf,
    range: Range,
    gate: usize,
    site: SiteId,
}

/// The claims of a program that can be proven before it begins: those of a whole register that was last written by an input, as a whole, at the top of the program, where gates run once and in
/// order. A gate that claims anything else proves it where it stands.
fn claims(module: &Module, code: &Code<'_>) -> Vec<Claim> {
    let Levels::Talking(stages) = &code.main.levels else { return Vec::new() };
    let whole = |view: &View| {
        let lanes = module.slots[view.slot.index()].lanes;
        *view == View::whole(view.slot, lanes) || lanes == 1 && *view == View::lane(view.slot, 0)
    };
    let mut read: BTreeMap<SlotId, Leaf> = BTreeMap::new();
    let mut claims = Vec::new();
    for node in stages.iter().flat_map(|stage| stage.local.iter().chain(&stage.talking)) {
        let written = match node {
            Node::Gate(node) => {
                let (gate, claimed) = (node.gate, node.gate.args.first().filter(|view| whole(view)));
                match (gate.op, &gate.dst) {
                    (Op::Input { input, leaf }, Some(dst)) if whole(dst) => {
                        read.insert(dst.slot, (input.0, leaf));
                        continue;
                    }
                    (Op::ProveRange {}, Some(dst)) => {
                        let (lo, hi) = module.slots[dst.slot.index()].ty.range();
                        let leaf = claimed.and_then(|view| read.get(&view.slot));
                        let (gate, range, site) = (node.id, Range::new(lo, hi), gate.site);
                        claims.extend(leaf.map(|leaf| Claim { leaf: *leaf, range, gate, site }));
                    }
                    _ => {}
                }
                gate.dst.iter().map(|dst| dst.slot).collect()
            }
            Node::Scalar(_, _, id) => code.gates[*id].dst.iter().map(|dst| dst.slot).collect(),
            Node::Loop(node) => written(&[&node.of.body], module),
            Node::While(node) => written(&[&node.of.head, &node.of.body], module),
            Node::If(node) => written(&[&node.of.then, &node.of.otherwise], module),
            Node::Call(function, _) => match module.functions.get(*function) {
                Some(function) => written(&[&function.body], module),
                None => BTreeSet::new(),
            },
        };
        written.iter().for_each(|slot| {
            read.remove(slot);
        });
    }
    claims
}

impl<'m, P: Protocol> Engine<'m, P> {
    /// Proves the ranges of all inputs, and stops where a role has let a wrong value pass.
    pub(super) async fn prove(&self, code: &Code<'m>) -> Result<(), Stop> {
        let claims = claims(self.module, code);
        let Some(site) = claims.first().map(|claim| claim.site) else { return Ok(()) };
        let bits = if self.counting.by_gate() {
            let mut bits = Vec::new();
            for claim in &claims {
                bits.push(self.holds(claim).await);
            }
            bits
        } else {
            join_all(claims.iter().map(|claim| self.holds(claim))).await
        };
        let mut roles: BTreeMap<usize, Vec<P::Bin>> = BTreeMap::new();
        for (claim, bit) in claims.iter().zip(bits) {
            let bit = bit.map_err(|fault| Stop { cause: Cause::Fault(fault), site: claim.site })?;
            roles.entry(self.module.manifest.inputs[claim.leaf.0 as usize].role.index()).or_default().push(bit);
            self.proven.borrow_mut().insert(claim.gate);
        }
        let all = join_all(roles.values().map(|bits| {
            let lanes = self.lanes_of(bits);
            let cx = self.next();
            async move { all_lanes(self.protocol, cx, &lanes).await }
        }))
        .await;
        let opened = self.protocol.open_bin(self.next(), &self.lanes_of(&all)).await;
        match roles.keys().zip(opened).find(|(_, holds)| *holds & 1 == 0) {
            Some((role, _)) if !self.executor.is_dry() => {
                let role = self.module.manifest.roles.get(*role).cloned().unwrap_or_default();
                Err(Stop { cause: Cause::Fault(Fault::Input { role: Some(role) }), site })
            }
            _ => Ok(()),
        }
    }

    /// Whether a claim holds, as a secret bit.
    async fn holds(&self, claim: &Claim) -> Result<P::Bin, Fault> {
        let cx = self.next();
        self.counting.gate(claim.gate);
        match self.take(claim.leaf, false)? {
            Arg::Arith(a) => Ok(self.protocol.within(cx, &a, claim.range).await),
            Arg::Bin(_) | Arg::Pub(_) => Err(Fault::Malformed("a range of what is no secret number")),
        }
    }

    /// Single lanes as one vector.
    fn lanes_of(&self, bits: &[P::Bin]) -> P::Bin {
        let mut all = self.protocol.share_public_bin(&[1], 1, bits.len());
        bits.iter().enumerate().for_each(|(lane, bit)| all.write(&Lanes::one(lane), bit));
        all
    }

    /// What the next gate gets that is none of the program's.
    fn next(&self) -> Cx<'_> {
        self.executor.gate(self.instances.replace(self.instances.get() + 1))
    }

    /// Whether the range of a gate's operand was proven before the program began.
    pub(super) fn is_proven(&self, gate: usize) -> bool {
        self.proven.borrow().contains(&gate)
    }

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
        let told = !public.is_empty();
        for (n, group) in [secret, public].into_iter().enumerate() {
            if n == 1 && told {
                // Else a secret one that its owner keeps back could be chosen by what it then hears.
                self.protocol.all_is_there(self.next()).await;
            }
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
        let cx = self.next();
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
