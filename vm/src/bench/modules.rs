//! The programs that are measured as a whole, as a compiler would write them.

use crate::failure::Failure;
use crate::input::InputFile;
use crate::program::Program;
use crate::run::Task;
use crate::session::Params;
use smpc_bytecode::codec;
use smpc_bytecode::module::{
    Bound, Constant, Entry, Gate, Index, Input, Level, Loop, Manifest, Module, Output, Receivers, Site, Slot,
    SourceTable, View,
};
use smpc_bytecode::op::{ConstId, FileId, InputId, Op, OutputId, RoleId, SiteId, SlotId};
use smpc_bytecode::types::{DataType, RegType};
use smpc_protocols::registry::Setting;
use std::path::Path;

/// Every number.
const FULL: RegType = RegType::arith(i64::MIN, i64::MAX);

pub(super) fn gate(op: Op, dst: Option<View>, args: Vec<View>) -> Level {
    Level { entries: vec![Entry::Gate(Gate { op, dst, args, site: SiteId(0) })] }
}

fn one(slot: u32) -> View {
    View::lane(SlotId(slot), 0)
}

pub(super) fn module(manifest: Manifest, slots: Vec<Slot>, main: Vec<Level>) -> Module {
    let sources = SourceTable {
        files: vec!["bench".to_owned()],
        sites: vec![Site { file: FileId(0), line: 1, column: 1, text: String::new() }],
    };
    Module { manifest, slots, main, sources, ..Module::default() }
}

/// Elements of the array that the loop goes through again and again.
const ELEMENTS: u64 = 1000;

/// `for j in 0..turns / 1000 { for i in 0..1000 { y = y + x[i] } }` over a secret array: an array access, an addition, and the result's range a turn.
///
/// # Errors
/// Ours: the program is refused.
pub fn sum_by_turns(turns: u64) -> Result<Program, Failure> {
    let number = RegType::arith(0, 1 << 40);
    let index = RegType::pub_int(0, 1 << 40);
    let slots = vec![
        Slot { ty: index, lanes: ELEMENTS },
        Slot { ty: number, lanes: ELEMENTS },
        Slot { ty: index, lanes: 1 },
        Slot { ty: number, lanes: 1 },
        Slot { ty: RegType::arith(0, 1 << 41), lanes: 1 },
        Slot { ty: number, lanes: 1 },
        Slot { ty: index, lanes: 1 },
    ];
    let element = View { index: Some(Index { slot: SlotId(2), stride: 1 }), ..one(1) };
    let turn = vec![
        gate(Op::Copy {}, Some(one(3)), vec![element]),
        gate(Op::Add {}, Some(one(4)), vec![one(5), one(3)]),
        gate(Op::Relabel {}, Some(one(5)), vec![one(4)]),
    ];
    let repeat = |counter: u32, turns: u64, body: Vec<Level>| {
        let to = Bound::Const(i64::try_from(turns).unwrap_or(i64::MAX));
        let entry = Loop { counter: SlotId(counter), from: Bound::Const(0), to, body, site: SiteId(0) };
        Level { entries: vec![Entry::Loop(entry)] }
    };
    let output =
        Output { name: "y".to_owned(), member: None, to: Receivers::All, ty: DataType::Int { lo: 0, hi: 1 << 40 } };
    let main = vec![
        gate(Op::Const { constant: ConstId(0) }, Some(View::whole(SlotId(0), ELEMENTS)), vec![]),
        gate(Op::Copy {}, Some(View::whole(SlotId(1), ELEMENTS)), vec![View::whole(SlotId(0), ELEMENTS)]),
        repeat(6, turns / ELEMENTS, vec![repeat(2, ELEMENTS, turn)]),
        gate(Op::Output { output: OutputId(0), leaf: 0 }, None, vec![one(5)]),
    ];
    let mut module = module(Manifest { outputs: vec![output], ..Manifest::default() }, slots, main);
    module.constants.push(Constant::Range { start: 0, step: 1 });
    Program::from_bytes(&codec::encode(&module), Params::default().memory)
}

/// Who of two is richer, with an input each in a folder.
///
/// # Errors
/// Ours: the program is refused or the folder cannot be written.
pub fn millionaires(folder: &Path, setting: Setting) -> Result<(Task, Vec<InputFile>), Failure> {
    let fortune = RegType::arith(0, 1_000_000_000_000);
    let (lo, hi) = fortune.range();
    let slot = |ty: RegType| Slot { ty, lanes: 1 };
    let names = ["alice", "bob"];
    let input = |(role, name): (u32, &&str)| Input {
        name: (*name).to_owned(),
        member: None,
        role: RoleId(role),
        secret: true,
        ty: DataType::Int { lo, hi },
    };
    let manifest = Manifest {
        program: "millionaires".to_owned(),
        roles: vec!["Alice".to_owned(), "Bob".to_owned()],
        inputs: (0..).zip(&names).map(input).collect(),
        outputs: vec![Output {
            name: "alice_is_richer".to_owned(),
            member: None,
            to: Receivers::All,
            ty: DataType::Bool,
        }],
        ..Manifest::default()
    };
    let inputs = Level {
        entries: (0..2)
            .map(|i| {
                let op = Op::Input { input: InputId(i), leaf: 0 };
                Entry::Gate(Gate { op, dst: Some(one(i)), args: Vec::new(), site: SiteId(0) })
            })
            .collect(),
    };
    let main = vec![
        inputs,
        gate(Op::ProveRange {}, Some(one(2)), vec![one(0)]),
        gate(Op::ProveRange {}, Some(one(3)), vec![one(1)]),
        gate(Op::Lt {}, Some(one(4)), vec![one(3), one(2)]),
        gate(Op::Output { output: OutputId(0), leaf: 0 }, None, vec![one(4)]),
    ];
    let slots = vec![slot(FULL), slot(FULL), slot(fortune), slot(fortune), slot(RegType::BIN_BOOL)];
    let module = module(manifest, slots, main);
    let params = Params::default();
    let program = Program::from_bytes(&codec::encode(&module), params.memory)?;
    let file = |(name, value): (&str, &str)| -> Result<InputFile, Failure> {
        let path = folder.join(format!("{name}.csv"));
        std::fs::write(&path, value).map_err(|error| Failure::ours(error.to_string()))?;
        Ok(InputFile { input: name.to_owned(), member: None, path, column: None })
    };
    let files = [("alice", "1250000\n"), ("bob", "980000\n")].into_iter().map(file).collect::<Result<_, _>>()?;
    Ok((Task::local(program, setting, params), files))
}
