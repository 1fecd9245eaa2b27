//! Modules by hand, with as little ceremony as an assembler.

use smpc_bytecode::module::{
    Bound, Constant, Entry, Gate, If, Index, Input, Level, Loop, Module, Output, Receivers, Site, Slot, View, While,
};
use smpc_bytecode::op::{ConstId, FileId, FunctionId, InputId, MessageId, Op, OutputId, RoleId, SiteId, SlotId};
use smpc_bytecode::types::{DataType, RegType};
use smpc_bytecode::verify::{Limits, Verified, verify};

/// A module in the making, with roles A, B, C; each entry gets a level and a source line of its own.
pub(crate) struct Make {
    pub(crate) module: Module,
    /// The levels that are being written, innermost block last.
    open: Vec<Vec<Level>>,
}

impl Make {
    pub(crate) fn new() -> Self {
        let mut module = Module::default();
        module.manifest.program = "main.smpc".into();
        module.manifest.roles = ["A", "B", "C"].map(String::from).to_vec();
        module.sources.files = vec!["main.smpc".into()];
        Self { module, open: vec![Vec::new()] }
    }

    pub(crate) fn slot(&mut self, ty: RegType, lanes: u64) -> SlotId {
        self.module.slots.push(Slot { ty, lanes });
        SlotId(number(self.module.slots.len()))
    }

    pub(crate) fn all(&self, slot: SlotId) -> View {
        View::whole(slot, self.module.slots[slot.index()].lanes)
    }

    /// The next place in the source: line 1, 2, 3, …
    fn site(&mut self) -> SiteId {
        let sites = &mut self.module.sources.sites;
        let line = u32::try_from(sites.len()).expect("few sites") + 1;
        sites.push(Site { file: FileId(0), line, column: 1, text: format!("line {line}") });
        SiteId(line - 1)
    }

    pub(crate) fn entry(&mut self, entry: Entry) {
        self.level(vec![entry]);
    }

    /// Entries side by side.
    pub(crate) fn level(&mut self, entries: Vec<Entry>) {
        self.open.last_mut().expect("a block is open").push(Level { entries });
    }

    /// A gate that is not yet placed.
    pub(crate) fn gate(&mut self, op: Op, dst: Option<View>, args: &[View]) -> Entry {
        let site = self.site();
        Entry::Gate(Gate { op, dst, args: args.to_vec(), site })
    }

    /// A gate into a new register.
    pub(crate) fn make(&mut self, op: Op, ty: RegType, lanes: u64, args: &[View]) -> SlotId {
        let dst = self.slot(ty, lanes);
        self.set(op, self.all(dst), args);
        dst
    }

    /// A gate into a place.
    pub(crate) fn set(&mut self, op: Op, dst: View, args: &[View]) {
        let gate = self.gate(op, Some(dst), args);
        self.entry(gate);
    }

    pub(crate) fn constant(&mut self, ty: RegType, words: &[i64]) -> SlotId {
        let lanes = words.len() as u64;
        self.module.constants.push(Constant::Words(words.to_vec()));
        let constant = ConstId(number(self.module.constants.len()));
        self.make(Op::Const { constant }, ty, lanes, &[])
    }

    pub(crate) fn message(&mut self, text: &str) -> MessageId {
        self.module.messages.push(text.into());
        MessageId(number(self.module.messages.len()))
    }

    pub(crate) fn declare_input(&mut self, role: u32, secret: bool, ty: DataType) -> InputId {
        let inputs = &mut self.module.manifest.inputs;
        inputs.push(Input { name: format!("x{}", inputs.len()), member: None, role: RoleId(role), secret, ty });
        InputId(number(inputs.len()))
    }

    /// A secret input of numbers in a range, proven.
    pub(crate) fn numbers(&mut self, role: u32, ty: RegType, lanes: u64) -> SlotId {
        let (lo, hi) = ty.range();
        let scalar = match ty.frac() {
            0 => DataType::Int { lo, hi },
            frac => DataType::Fix { frac, lo, hi },
        };
        let input = self.declare_input(role, true, array(scalar, lanes));
        let raw = self.make(
            Op::Input { input, leaf: 0 },
            RegType::Arith { lo: i64::MIN, hi: i64::MAX, frac: ty.frac() },
            lanes,
            &[],
        );
        self.make(Op::ProveRange {}, ty, lanes, &[self.all(raw)])
    }

    /// A secret input of truth values.
    pub(crate) fn truths(&mut self, role: u32, lanes: u64) -> SlotId {
        let input = self.declare_input(role, true, array(DataType::Bool, lanes));
        self.make(Op::Input { input, leaf: 0 }, RegType::BIN_BOOL, lanes, &[])
    }

    /// A public input of integers.
    pub(crate) fn public_input(&mut self, role: u32, lo: i64, hi: i64, lanes: u64) -> SlotId {
        let input = self.declare_input(role, false, array(DataType::Int { lo, hi }, lanes));
        self.make(Op::Input { input, leaf: 0 }, RegType::pub_int(lo, hi), lanes, &[])
    }

    pub(crate) fn open(&mut self, from: SlotId, ty: RegType, steers: bool) -> SlotId {
        let lanes = self.module.slots[from.index()].lanes;
        self.make(Op::Open { steers }, ty, lanes, &[self.all(from)])
    }

    /// An output of a register, to all or to one role.
    pub(crate) fn output(&mut self, of: SlotId, to: Option<u32>) {
        let Slot { ty, lanes } = self.module.slots[of.index()];
        let (lo, hi) = ty.range();
        let scalar = match ty {
            RegType::Bin { .. } | RegType::Pub { kind: smpc_bytecode::types::Kind::Bool, .. } => DataType::Bool,
            _ if ty.frac() > 0 => DataType::Fix { frac: ty.frac(), lo, hi },
            _ => DataType::Int { lo, hi },
        };
        let outputs = &mut self.module.manifest.outputs;
        let to = to.map_or(Receivers::All, |role| Receivers::Roles(vec![RoleId(role)]));
        outputs.push(Output { name: format!("y{}", outputs.len()), member: None, to, ty: array(scalar, lanes) });
        let output = OutputId(number(outputs.len()));
        let gate = self.gate(Op::Output { output, leaf: 0 }, None, &[self.all(of)]);
        self.entry(gate);
    }

    /// What `inside` writes, as a block.
    pub(crate) fn block(&mut self, inside: impl FnOnce(&mut Self)) -> Vec<Level> {
        self.open.push(Vec::new());
        inside(self);
        self.open.pop().expect("it was opened")
    }

    /// A loop that is not yet placed; `inside` gets the counter.
    pub(crate) fn loop_entry(&mut self, from: Bound, to: Bound, inside: impl FnOnce(&mut Self, SlotId)) -> Entry {
        let site = self.site();
        let counter = self.slot(RegType::pub_int(i64::MIN, i64::MAX), 1);
        let body = self.block(|m| inside(m, counter));
        Entry::Loop(Loop { counter, from, to, body, site })
    }

    pub(crate) fn repeat(&mut self, turns: i64, inside: impl FnOnce(&mut Self, SlotId)) {
        let entry = self.loop_entry(Bound::Const(0), Bound::Const(turns), inside);
        self.entry(entry);
    }

    /// `inside` computes the condition and returns it.
    pub(crate) fn while_loop(&mut self, head: impl FnOnce(&mut Self) -> SlotId, body: impl FnOnce(&mut Self)) {
        let site = self.site();
        let mut condition = SlotId(0);
        let head = self.block(|m| condition = head(m));
        let body = self.block(body);
        self.entry(Entry::While(While { head, condition, body, site }));
    }

    pub(crate) fn choice(
        &mut self,
        condition: SlotId,
        then: impl FnOnce(&mut Self),
        otherwise: impl FnOnce(&mut Self),
    ) {
        let site = self.site();
        let (then, otherwise) = (self.block(then), self.block(otherwise));
        self.entry(Entry::If(If { condition, then, otherwise, site }));
    }

    pub(crate) fn call(&mut self, function: u32) {
        let site = self.site();
        self.entry(Entry::Call { function: FunctionId(function), site });
    }

    pub(crate) fn finish(mut self) -> Module {
        self.module.main = self.open.pop().expect("the program itself");
        self.module
    }

    /// The module, which must pass the verifier.
    pub(crate) fn verified(self) -> Verified<Module> {
        let module = self.finish();
        verify(module, &Limits { memory: 1 << 30 }).unwrap_or_else(|error| panic!("{error}"))
    }
}

fn number(len: usize) -> u32 {
    u32::try_from(len - 1).expect("a small module")
}

fn array(element: DataType, lanes: u64) -> DataType {
    DataType::Array { shape: vec![lanes], element: Box::new(element) }
}

/// Lane `index · stride + offset` of a register.
pub(crate) fn element(slot: SlotId, offset: u64, index: SlotId, stride: i64) -> View {
    View { index: Some(Index { slot: index, stride }), ..View::lane(slot, offset) }
}
