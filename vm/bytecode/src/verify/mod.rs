//! Decides whether a module may run: `Module -> Verified<Module>`. The engine takes nothing else, so that a file from a stranger cannot make it
//! panic, read outside a register or use more memory than the session allows.
//!
//! The rules, each of which names the place where it is broken:
//!
//! 1. every id (slot, constant, netlist, message, function, input, output, role, file, site) is one of the module's;
//! 2. types are well-formed: `lo <= hi`, at most 62 fractional bits, `bool` in 0..=1, widths from 1 to [`MAX_WIDTH`], those of a netlist's inputs too; inputs and
//!    outputs have at most [`MAX_LEAVES`] leaves, whose names take at most [`MAX_PATHS`] bytes; all registers together with what the gates of any level hold beside them fit the memory limit (`memory.rs`);
//! 3. a view names lanes of its slot for every value of its constant part; a destination names no lane twice, and no more lanes than there are;
//! 4. operands and result have the domains, lanes, widths and fractional bits that the operation asks for (`gate.rs`);
//! 5. the range of a secret result holds the exact result for all operands in their ranges; truncation and rounding read values below
//!    2^62 (the precondition of exact truncation over rings); a secret input has the full range until `prove_range`;
//! 6. no entry of a level reads or writes a slot that another one writes, nested blocks and called functions included;
//! 7. functions call earlier functions only; blocks nest at most [`crate::codec::MAX_DEPTH`] deep, those of called functions included;
//! 8. each leaf of each output is written once, on the top level of the program;
//! 9. conditions and bounds are public registers of one lane; an `open` whose result may reach one, or an index, says `steers` (`flow.rs`);
//! 10. texts show as themselves and are not too long, and names of roles, params, inputs and outputs are names (`strings.rs`).

mod data;
mod flow;
mod gate;
mod memory;
mod strings;

pub use data::{MAX_SCALE, WIDEST_KEY};
pub use flow::steering;
pub use memory::NETLIST_WIRES;

use crate::codec::MAX_DEPTH;
use crate::facts::{Free, talks};
use crate::module::{Bound, Entry, Gate, Level, Manifest, Module, Slot, View};
use crate::op::{Op, SiteId, SlotId};
use crate::types::{DataType, Kind, MAX_WIDTH, RegType, Scalar};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;

/// Most scalar leaves of all inputs and outputs together.
pub const MAX_LEAVES: usize = 1 << 20;

/// Most bytes of the names of all of them together, written in full.
pub const MAX_PATHS: usize = 64 << 20;

/// What a session allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Memory of all registers together and of what the gates of a level hold beside them, in bytes, as shares of three-party replicated sharing
    /// (16 bytes a number).
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 8 << 30 }
    }
}

/// A module that has passed [`verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<M> {
    module: M,
    memory: u64,
}

impl<M> Deref for Verified<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.module
    }
}

impl<M> Verified<M> {
    /// Bytes that the registers take, and beside them the gates of the level that holds most.
    pub const fn memory(&self) -> u64 {
        self.memory
    }
}

/// Which rule a module breaks, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError {
    /// Where: `slot 3`, `output 0`, `main.smpc:4:9: mul`.
    pub place: String,
    /// What is wrong there.
    pub what: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl std::error::Error for VerifyError {}

type Checked = Result<(), String>;

/// Checks all rules.
///
/// # Errors
/// The first rule that is broken, with its place.
pub fn verify(module: Module, limits: &Limits) -> Result<Verified<Module>, VerifyError> {
    strings::check(&module)?;
    let registers = check_tables(&module, limits)?;
    let leaves = Leaves::of(&module, limits)?;
    let checker = Checker { module: &module, limits, registers, leaves };
    let mut defined = Vec::new();
    for function in &module.functions {
        let footprint = checker.levels(&function.body, 1, &Context { functions: &defined, top: false })?;
        defined.push(footprint);
    }
    let main = checker.levels(&module.main, 1, &Context { functions: &defined, top: true })?;
    let memory = registers.saturating_add(main.held);
    checker.outputs()?;
    flow::check(&module)?;
    Ok(Verified { module, memory })
}

fn fail(place: impl fmt::Display, what: impl Into<String>) -> VerifyError {
    VerifyError { place: place.to_string(), what: what.into() }
}

fn check_type(ty: RegType) -> Checked {
    match ty {
        RegType::Pub { lo, hi, frac, .. } | RegType::Arith { lo, hi, frac } => {
            if lo > hi {
                return Err(format!("the range {lo}..={hi} is empty"));
            }
            if frac > 62 {
                return Err(format!("{frac} fractional bits"));
            }
            if let RegType::Pub { kind: Kind::Bool, .. } = ty
                && (lo < 0 || hi > 1 || frac != 0)
            {
                return Err("a bool outside 0..=1".to_owned());
            }
            Ok(())
        }
        RegType::Bin { width } if (1..=MAX_WIDTH).contains(&width) => Ok(()),
        RegType::Bin { width } => Err(format!("words of {width} bits")),
    }
}

fn check_tables(module: &Module, limits: &Limits) -> Result<u64, VerifyError> {
    let mut memory: u64 = 0;
    for (i, slot) in module.slots.iter().enumerate() {
        check_type(slot.ty).map_err(|what| fail(format!("slot {i}"), what))?;
        memory = memory::bytes(slot.ty, slot.lanes)
            .and_then(|more| memory.checked_add(more))
            .filter(|sum| *sum <= limits.memory)
            .ok_or_else(|| {
                fail(format!("slot {i}"), format!("the registers take more than {} bytes", limits.memory))
            })?;
    }
    let roles = module.manifest.roles.len();
    for (i, input) in module.manifest.inputs.iter().enumerate() {
        if input.role.index() >= roles {
            return Err(fail(format!("input {i}"), "its role does not exist"));
        }
    }
    for (i, output) in module.manifest.outputs.iter().enumerate() {
        if let crate::module::Receivers::Roles(to) = &output.to
            && to.iter().any(|role| role.index() >= roles)
        {
            return Err(fail(format!("output {i}"), "its role does not exist"));
        }
    }
    for (i, netlist) in module.netlists.iter().enumerate() {
        let place = format!("netlist {i}");
        netlist
            .inputs()
            .iter()
            .try_for_each(|width| check_type(RegType::Bin { width: *width }))
            .map_err(|what| fail(&place, what))?;
        let bytes = memory::netlist(netlist, 1);
        if bytes > limits.memory {
            return Err(fail(place, format!("its wires take {bytes} bytes, more than {}", limits.memory)));
        }
    }
    for (i, site) in module.sources.sites.iter().enumerate() {
        if site.file.index() >= module.sources.files.len() {
            return Err(fail(format!("site {i}"), "its file does not exist"));
        }
    }
    Ok(memory)
}

/// The leaves of the manifest, found once.
struct Leaves<'m> {
    inputs: Vec<Vec<Scalar<'m>>>,
    outputs: Vec<Vec<Scalar<'m>>>,
}

impl<'m> Leaves<'m> {
    /// Rule 2 for the types of the manifest.
    fn of(module: &'m Module, limits: &Limits) -> Result<Self, VerifyError> {
        let (mut count, mut bytes) = (0_usize, 0_usize);
        let mut of = |ty: &'m DataType| -> Result<Vec<Scalar<'m>>, String> {
            let leaves = ty.scalars();
            count = count.saturating_add(leaves.len());
            bytes = leaves.iter().fold(bytes, |sum, leaf| sum.saturating_add(leaf.name_bytes));
            if count > MAX_LEAVES || bytes > MAX_PATHS {
                return Err(format!(
                    "with it there are more than {MAX_LEAVES} columns, or {MAX_PATHS} bytes of their names"
                ));
            }
            for leaf in &leaves {
                let Some(lanes) = leaf.lanes else { return Err("more than 2^64 elements".to_owned()) };
                if lanes > 1 << 48 {
                    return Err(format!("{lanes} elements"));
                }
                check_type(register(leaf.ty, false))?;
            }
            Ok(leaves)
        };
        let Manifest { inputs, outputs, .. } = &module.manifest;
        let inputs = inputs.iter().enumerate().map(|(i, input)| {
            let checked = data::input(&input.ty).and_then(|()| {
                let leaves = of(&input.ty)?;
                data::fits(&input.ty, &leaves, limits.memory)?;
                Ok(leaves)
            });
            checked.map_err(|what| fail(format!("input {i}"), what))
        });
        let inputs = inputs.collect::<Result<_, _>>()?;
        let outputs = outputs.iter().enumerate().map(|(i, output)| {
            data::output(&output.ty).and_then(|()| of(&output.ty)).map_err(|what| fail(format!("output {i}"), what))
        });
        Ok(Self { inputs, outputs: outputs.collect::<Result<_, _>>()? })
    }
}

/// The register type of a scalar of the manifest. A word is held as a secret one even where it is public.
pub(crate) fn register(scalar: &DataType, secret: bool) -> RegType {
    match *scalar {
        DataType::Int { lo, hi } if secret => RegType::Arith { lo, hi, frac: 0 },
        DataType::Fix { frac, lo, hi } if secret => RegType::Arith { lo, hi, frac },
        DataType::Int { lo, hi } => RegType::Pub { kind: Kind::Int, lo, hi, frac: 0 },
        DataType::Fix { frac, lo, hi } => RegType::Pub { kind: Kind::Fix, lo, hi, frac },
        DataType::Bits { width } => RegType::Bin { width },
        DataType::Enum { ref variants, .. } => {
            let (lo, hi) = (0, last(variants));
            if secret { RegType::arith(lo, hi) } else { RegType::pub_int(lo, hi) }
        }
        DataType::Bool if !secret => RegType::PUB_BOOL,
        DataType::Bool
        | DataType::Maybe(_)
        | DataType::Array { .. }
        | DataType::Rows { .. }
        | DataType::Struct { .. }
        | DataType::Tuple(_) => RegType::BIN_BOOL,
    }
}

/// The greatest value of an enum.
pub(crate) fn last(variants: &[String]) -> i64 {
    i64::try_from(variants.len()).unwrap_or(i64::MAX).saturating_sub(1)
}

/// The slots that an entry touches, how deep blocks nest in it, and what it holds while it runs.
#[derive(Clone, Debug, Default)]
struct Footprint {
    reads: BTreeSet<SlotId>,
    writes: BTreeSet<SlotId>,
    depth: usize,
    /// Whether a gate in it needs a peer: such entries of a level run side by side, the others one after the other.
    talks: bool,
    /// Bytes beside the registers, at most.
    held: u64,
}

impl Footprint {
    fn absorb(&mut self, other: &Self) {
        self.reads.extend(&other.reads);
        self.writes.extend(&other.writes);
        self.depth = self.depth.max(other.depth);
        self.talks |= other.talks;
        self.held = self.held.max(other.held);
    }

    fn clashes(&self, other: &Self) -> Option<SlotId> {
        let hit = |a: &BTreeSet<SlotId>, b: &BTreeSet<SlotId>| {
            let (small, large) = if a.len() < b.len() { (a, b) } else { (b, a) };
            small.iter().copied().find(|slot| large.contains(slot))
        };
        hit(&self.writes, &other.writes)
            .or_else(|| hit(&self.writes, &other.reads))
            .or_else(|| hit(&self.reads, &other.writes))
    }
}

/// What surrounds a block.
struct Context<'a> {
    functions: &'a [Footprint],
    top: bool,
}

struct Checker<'m> {
    module: &'m Module,
    limits: &'m Limits,
    /// Bytes of all registers.
    registers: u64,
    leaves: Leaves<'m>,
}

impl Checker<'_> {
    fn at(&self, site: SiteId, what: &str) -> String {
        match self.module.sources.sites.get(site.index()) {
            Some(place) => {
                let file = self.module.sources.files.get(place.file.index()).map_or("?", String::as_str);
                format!("{file}:{}:{}: {what}", place.line, place.column)
            }
            None => format!("{what} without a place"),
        }
    }

    fn levels(&self, levels: &[Level], depth: usize, context: &Context<'_>) -> Result<Footprint, VerifyError> {
        if depth > MAX_DEPTH {
            return Err(fail("code", "blocks nest too deep"));
        }
        let mut all = Footprint::default();
        for level in levels {
            let mut together = Footprint::default();
            let mut side_by_side = 0_u64;
            for entry in &level.entries {
                let own = self.entry(entry, depth, context)?;
                if own.talks {
                    side_by_side = side_by_side.saturating_add(own.held);
                }
                if let Some(slot) = together.clashes(&own) {
                    return Err(fail(
                        self.at(site_of(entry), "level"),
                        format!("two entries of a level share slot {}", slot.0),
                    ));
                }
                together.absorb(&own);
                together.held = together.held.max(side_by_side);
                if self.registers.saturating_add(together.held) > self.limits.memory {
                    let what = format!(
                        "what the gates of its level hold beside the registers takes {} bytes, all together more than {}",
                        together.held, self.limits.memory
                    );
                    return Err(fail(self.at(site_of(entry), "level"), what));
                }
            }
            all.absorb(&together);
        }
        Ok(all)
    }

    fn entry(&self, entry: &Entry, depth: usize, context: &Context<'_>) -> Result<Footprint, VerifyError> {
        let site = site_of(entry);
        if site.index() >= self.module.sources.sites.len() {
            return Err(fail("code", "an entry's place does not exist"));
        }
        let inner = Context { functions: context.functions, top: false };
        let mut own = Footprint::default();
        match entry {
            Entry::Gate(gate) => {
                let name = gate.op.mnemonic();
                gate::check(self.module, &self.leaves, gate).map_err(|what| fail(self.at(site, name), what))?;
                own.talks = talks(self.module, gate, Free::default());
                own.held = memory::held(self.module, gate);
                if matches!(gate.op, Op::Output { .. }) && !context.top {
                    return Err(fail(self.at(site, name), "an output inside a block"));
                }
                touch(gate, &mut own);
            }
            Entry::Loop(l) => {
                let place = || self.at(site, "loop");
                self.control(l.counter, Kind::Int).map_err(|what| fail(place(), what))?;
                own.writes.insert(l.counter);
                for bound in [l.from, l.to] {
                    if let Bound::Slot(slot) = bound {
                        self.control(slot, Kind::Int).map_err(|what| fail(place(), what))?;
                        own.reads.insert(slot);
                    }
                }
                let body = self.levels(&l.body, depth + 1, &inner)?;
                if body.writes.contains(&l.counter) {
                    return Err(fail(place(), "its body writes the counter"));
                }
                own.absorb(&body);
            }
            Entry::While(w) => {
                self.control(w.condition, Kind::Bool).map_err(|what| fail(self.at(site, "while"), what))?;
                own.reads.insert(w.condition);
                own.absorb(&self.levels(&w.head, depth + 1, &inner)?);
                own.absorb(&self.levels(&w.body, depth + 1, &inner)?);
            }
            Entry::If(i) => {
                self.control(i.condition, Kind::Bool).map_err(|what| fail(self.at(site, "if"), what))?;
                own.reads.insert(i.condition);
                own.absorb(&self.levels(&i.then, depth + 1, &inner)?);
                own.absorb(&self.levels(&i.otherwise, depth + 1, &inner)?);
            }
            Entry::Call { function, .. } => match context.functions.get(function.index()) {
                Some(body) => own.absorb(body),
                None => return Err(fail(self.at(site, "call"), "calls a function that is not defined before")),
            },
        }
        if !matches!(entry, Entry::Gate(_)) {
            own.depth += 1;
        }
        if depth + own.depth > MAX_DEPTH {
            return Err(fail(self.at(site, "block"), "blocks nest too deep"));
        }
        Ok(own)
    }

    /// A public register of one lane.
    fn control(&self, slot: SlotId, wanted: Kind) -> Checked {
        match self.module.slots.get(slot.index()) {
            Some(Slot { ty: RegType::Pub { kind, .. }, lanes: 1 }) if *kind == wanted => Ok(()),
            Some(_) => Err(format!("slot {} is no public register of one lane", slot.0)),
            None => Err(format!("slot {} does not exist", slot.0)),
        }
    }

    /// Rule 8.
    fn outputs(&self) -> Result<(), VerifyError> {
        let mut written = BTreeSet::new();
        for entry in self.module.main.iter().flat_map(|level| &level.entries) {
            if let Entry::Gate(Gate { op: Op::Output { output, leaf }, site, .. }) = entry
                && !written.insert((output.index(), *leaf as usize))
            {
                return Err(fail(self.at(*site, "output"), "an output that is written twice"));
            }
        }
        for (i, leaves) in self.leaves.outputs.iter().enumerate() {
            if let Some(leaf) = (0..leaves.len()).find(|leaf| !written.contains(&(i, *leaf))) {
                return Err(fail(format!("output {i}"), format!("leaf {leaf} is never written")));
            }
        }
        Ok(())
    }
}

const fn site_of(entry: &Entry) -> SiteId {
    match entry {
        Entry::Gate(gate) => gate.site,
        Entry::Loop(l) => l.site,
        Entry::While(w) => w.site,
        Entry::If(i) => i.site,
        Entry::Call { site, .. } => *site,
    }
}

fn touch(gate: &Gate, own: &mut Footprint) {
    let index = |view: &View, own: &mut Footprint| {
        if let Some(index) = view.index {
            own.reads.insert(index.slot);
        }
    };
    for view in &gate.args {
        own.reads.insert(view.slot);
        index(view, own);
    }
    if let Some(view) = &gate.dst {
        own.writes.insert(view.slot);
        index(view, own);
    }
}

#[cfg(test)]
mod tests;
