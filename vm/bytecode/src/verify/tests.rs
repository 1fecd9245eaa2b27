//! Each rule with a module that breaks it, made from one that breaks none.

use super::*;
use crate::module::{Dim, If, Input, Loop, Manifest, Output, Receivers, Site, SourceTable};
use crate::op::{FileId, InputId, OutputId, RoleId};
use crate::types::{Field, Format, Reading};

const FULL: RegType = RegType::arith(i64::MIN, i64::MAX);

fn gate(op: Op, dst: Option<View>, args: Vec<View>) -> Entry {
    Entry::Gate(Gate { op, dst, args, site: SiteId(0) })
}

fn whole(slot: u32) -> View {
    View::whole(SlotId(slot), 2)
}

/// x from A; y = x · x to all.
fn square() -> Module {
    let int = |lo, hi| DataType::Array { shape: vec![2], element: Box::new(DataType::Int { lo, hi }) };
    let level = |entry| Level { entries: vec![entry] };
    Module {
        manifest: Manifest {
            program: "main.smpc".into(),
            roles: vec!["A".into()],
            params: Vec::new(),
            inputs: vec![Input { name: "x".into(), member: None, role: RoleId(0), secret: true, ty: int(-9, 9) }],
            outputs: vec![Output { name: "y".into(), member: None, to: Receivers::All, ty: int(0, 81) }],
        },
        slots: vec![
            Slot { ty: FULL, lanes: 2 },
            Slot { ty: RegType::arith(-9, 9), lanes: 2 },
            Slot { ty: RegType::arith(0, 81), lanes: 2 },
            Slot { ty: RegType::pub_int(0, 100), lanes: 1 },
            Slot { ty: RegType::PUB_BOOL, lanes: 1 },
        ],
        main: vec![
            level(gate(Op::Input { input: InputId(0), leaf: 0 }, Some(whole(0)), vec![])),
            level(gate(Op::ProveRange {}, Some(whole(1)), vec![whole(0)])),
            level(gate(Op::Mul {}, Some(whole(2)), vec![whole(1), whole(1)])),
            level(gate(Op::Output { output: OutputId(0), leaf: 0 }, None, vec![whole(2)])),
        ],
        sources: SourceTable {
            files: vec!["main.smpc".into()],
            sites: vec![Site { file: FileId(0), line: 1, column: 1, text: String::new() }],
        },
        ..Module::default()
    }
}

fn refuses(what: &str, change: impl FnOnce(&mut Module)) {
    let mut module = square();
    change(&mut module);
    let error = verify(module, &Limits { memory: 1 << 20 }).expect_err(what);
    assert!(error.what.contains(what), "`{what}` is missing in: {error}");
}

fn gate_mut(module: &mut Module, level: usize) -> &mut Gate {
    match &mut module.main[level].entries[0] {
        Entry::Gate(gate) => gate,
        _ => panic!("level {level} starts with a gate"),
    }
}

#[test]
fn the_good_module_passes() {
    let verified = verify(square(), &Limits::default()).expect("well-formed");
    assert_eq!(verified.memory(), 6 * 16 + 2 * 8);
}

/// What the gates of a level hold beside the registers counts, and of those that run side by side all of it.
#[test]
fn memory() {
    let spread = |slot: u32, len: u64| View { dims: vec![Dim { stride: 0, len }], ..View::lane(SlotId(slot), 0) };
    let held = |entries: &[(Op, Vec<View>)]| {
        let mut m = square();
        let level = entries.iter().map(|(op, args)| {
            let ty = match op {
                Op::Lt {} => RegType::BIN_BOOL,
                Op::Netlist { .. } => RegType::Bin { width: 8 },
                _ => FULL,
            };
            let lanes = args[0].lanes().map_or(1, |lanes| if let Op::Dot { len } = op { lanes / len } else { lanes });
            m.slots.push(Slot { ty, lanes });
            let slot = SlotId(u32::try_from(m.slots.len() - 1).expect("few"));
            gate(*op, Some(View::whole(slot, lanes)), args.clone())
        });
        let level = Level { entries: level.collect() };
        m.slots.push(Slot { ty: RegType::Bin { width: 8 }, lanes: 1 << 20 });
        m.netlists.push(smpc_math::circuits::netlist(&[8, 8], |b, w| smpc_math::circuits::add(b, &w[0], &w[1])));
        m.main.insert(3, level);
        let registers: u64 = m.slots.iter().filter_map(|slot| memory::bytes(slot.ty, slot.lanes)).sum();
        verify(m, &Limits { memory: u64::MAX }).expect("well-formed").memory() - registers
    };
    let len = 1 << 20;
    // Whole registers are read where they are; a broadcast is as long as it says, and twice as much for two.
    assert_eq!(held(&[(Op::Dot { len: 2 }, vec![whole(2), whole(2)])]), 0);
    let dot = (Op::Dot { len }, vec![spread(2, len), spread(2, len)]);
    assert_eq!(held(std::slice::from_ref(&dot)), 32 * len);
    assert_eq!(held(&[dot.clone(), dot.clone(), dot]), 96 * len);
    // What needs no peer runs one after the other.
    let sum = (Op::Copy {}, vec![spread(2, len)]);
    assert_eq!(held(&[sum.clone(), sum]), 16 * len);
    // Bits are taken apart even where the register is whole.
    assert_eq!(held(&[(Op::Lt {}, vec![whole(2), whole(2)])]), 64);
    // A netlist holds its wires, of some lanes at a time.
    let words = |lanes| View::whole(SlotId(6), lanes);
    let call = |lanes| (Op::Netlist { netlist: crate::op::NetlistId(0) }, vec![words(lanes), words(lanes)]);
    let wires = |lanes| held(&[call(lanes)]) - 2 * 8 * 128 * (lanes / 512);
    assert_eq!(wires(1024), 2 * wires(512));
    assert!(wires(512) >= 128 * 40);
    assert_eq!(wires(len), NETLIST_WIRES.min(wires(512) * len / 512));
}

#[test]
fn tables() {
    refuses("is empty", |m| m.slots[1].ty = RegType::arith(3, 2));
    refuses("words of 0 bits", |m| m.slots[3].ty = RegType::Bin { width: 0 });
    refuses("bool outside", |m| m.slots[4].ty = RegType::Pub { kind: Kind::Bool, lo: 0, hi: 2, frac: 0 });
    refuses("more than 1048576 bytes", |m| m.slots[3].lanes = 1 << 40);
    refuses("more than 1048576 bytes", |m| m.slots[3].lanes = u64::MAX);
    refuses("beside the registers", |m| {
        let wide = View { dims: vec![Dim { stride: 0, len: 1 << 60 }], ..View::lane(SlotId(2), 0) };
        m.main.insert(
            3,
            Level { entries: vec![gate(Op::Dot { len: 1 << 60 }, Some(View::lane(SlotId(5), 0)), vec![wide; 2])] },
        );
        m.slots.push(Slot { ty: FULL, lanes: 1 });
        m.slots[2].ty = RegType::arith(0, 0);
        m.manifest.outputs[0].ty =
            DataType::Array { shape: vec![2], element: Box::new(DataType::Int { lo: 0, hi: 0 }) };
        m.slots[1].ty = RegType::arith(0, 0);
    });
    refuses("words of 1025 bits", |m| m.slots[3].ty = RegType::Bin { width: MAX_WIDTH + 1 });
    refuses("words of 1025 bits", |m| {
        m.netlists.push(smpc_math::circuits::netlist(&[MAX_WIDTH + 1], |_, w| w[0].clone()));
    });
    refuses("role does not exist", |m| m.manifest.inputs[0].role = RoleId(1));
    refuses("2^64", |m| {
        let element = Box::new(DataType::Bool);
        m.manifest.outputs[0].ty = DataType::Array { shape: vec![1 << 40, 1 << 40], element };
    });
    refuses("file does not exist", |m| m.sources.sites[0].file = FileId(7));
    refuses("place does not exist", |m| gate_mut(m, 1).site = SiteId(9));
}

#[test]
fn views() {
    refuses("does not exist", |m| gate_mut(m, 1).args[0].slot = SlotId(77));
    refuses("lanes", |m| gate_mut(m, 1).args[0].offset = 1);
    refuses("lanes", |m| gate_mut(m, 1).args[0].dims[0].stride = -1);
    refuses("names a lane twice", |m| {
        if let Some(view) = &mut gate_mut(m, 1).dst {
            view.dims[0].stride = 0;
        }
    });
    // An index moves a destination and makes it no longer.
    refuses("lanes in slot 1, which has 2", |m| {
        let index = Some(crate::module::Index { slot: SlotId(3), stride: 0 });
        let dims = vec![Dim { stride: 1, len: 1 << 60 }];
        gate_mut(m, 1).dst = Some(View { index, dims, ..whole(1) });
    });
    refuses("lanes", |m| {
        let nothing = View { offset: 3, dims: vec![Dim { stride: 1, len: 0 }], ..whole(1) };
        gate_mut(m, 2).args[0] = nothing;
    });
    refuses("more than two dimensions", |m| {
        gate_mut(m, 1).args[0].dims = vec![Dim { stride: 0, len: 1 }; 3];
    });
}

#[test]
fn gates() {
    refuses("full range", |m| gate_mut(m, 0).dst = Some(whole(1)));
    refuses("does not fit", |m| m.slots[2].ty = RegType::arith(0, 80));
    refuses("operands instead of 2", |m| {
        gate_mut(m, 2).args.pop();
    });
    refuses("different lengths", |m| gate_mut(m, 2).args[0] = View::lane(SlotId(1), 0));
    refuses("leaf does not exist", |m| gate_mut(m, 0).op = Op::Input { input: InputId(0), leaf: 5 });
    refuses("2^62", |m| {
        gate_mut(m, 1).op = Op::Round { bits: 3 };
    });
    refuses("without operands", |m| {
        m.netlists.push(smpc_math::circuits::netlist(&[], |_, _| vec![smpc_math::netlist::Bit::Const(true)]));
        m.slots.push(Slot { ty: RegType::BIN_BOOL, lanes: 2 });
        m.main[2] =
            Level { entries: vec![gate(Op::Netlist { netlist: crate::op::NetlistId(0) }, Some(whole(5)), vec![])] };
    });
    refuses("never written", |m| {
        m.main.pop();
    });
    refuses("written twice", |m| {
        let last = m.main[3].clone();
        m.main.push(last);
    });
}

/// Gates on words, each of registers of its own; the last is the result's.
#[test]
fn words() {
    let bin = |width| RegType::Bin { width };
    let with = |op: Op, types: &[RegType]| {
        let mut module = square();
        let first = module.slots.len();
        module.slots.extend(types.iter().map(|ty| Slot { ty: *ty, lanes: 2 }));
        let views: Vec<View> =
            (first..module.slots.len()).map(|slot| whole(u32::try_from(slot).expect("few"))).collect();
        let (dst, args) = views.split_last().expect("a result");
        module.main.insert(0, Level { entries: vec![gate(op, Some(dst.clone()), args.to_vec())] });
        verify(module, &Limits { memory: 1 << 20 })
    };
    let passes = |op: Op, types: &[RegType]| drop(with(op, types).expect("well-formed"));
    let refuses = |what: &str, op: Op, types: &[RegType]| {
        let error = with(op, types).expect_err(what);
        assert!(error.what.contains(what), "`{what}` is missing in: {error}");
    };
    let int = RegType::pub_int;
    passes(Op::Join {}, &[bin(1), bin(1000), bin(23), bin(1024)]);
    passes(Op::Join {}, &[bin(7), bin(7)]);
    refuses("without operands", Op::Join {}, &[bin(7)]);
    refuses("width than the operands together", Op::Join {}, &[bin(7), bin(7), bin(13)]);
    refuses("width than the operands together", Op::Join {}, &[bin(7), FULL]);
    refuses("no word of planes", Op::Join {}, &[bin(7), int(0, 1), bin(8)]);
    refuses("no word of planes", Op::Join {}, &[bin(7), FULL, bin(8)]);
    passes(Op::Planes { from: 1000 }, &[bin(1024), bin(24)]);
    // Public integers that are not negative spell words, of widths that hold them.
    for (op, args) in [(Op::Copy {}, 1), (Op::Xor {}, 2), (Op::And {}, 2), (Op::Or {}, 2)] {
        let types = |public: RegType, wide: u32| [&[bin(wide), public, bin(wide)][2 - args..]].concat();
        passes(op, &types(int(0, 255), 8));
        passes(op, &types(int(3, i64::MAX), 63));
        passes(op, &types(int(0, i64::MAX), 1024));
        passes(op, &types(RegType::PUB_BOOL, 1));
        for (public, wide) in [(int(0, 256), 8), (int(-1, 3), 8), (int(-1, 3), 64), (int(0, 2), 1), (FULL, 64)] {
            let types = types(public, wide);
            assert!(with(op, &types).is_err(), "{op:?} {types:?}");
        }
    }
    refuses("no word of the result's width", Op::Xor {}, &[bin(8), int(0, 256), bin(8)]);
    refuses("different widths", Op::And {}, &[bin(8), bin(9), bin(8)]);
    passes(Op::And {}, &[int(-5, 5), int(0, 7), int(0, 7)]);
    refuses("no public integer", Op::And {}, &[bin(3), int(0, 7), int(0, 7)]);
    refuses("no truth value", Op::Not {}, &[int(0, 7), int(0, 7)]);
    passes(Op::Not {}, &[bin(1024), bin(1024)]);
    passes(Op::Eq {}, &[bin(1024), bin(1024), RegType::BIN_BOOL]);
    passes(Op::Eq {}, &[int(0, 7), bin(3), RegType::BIN_BOOL]);
    refuses("no such word", Op::Eq {}, &[int(0, 8), bin(3), RegType::BIN_BOOL]);
    refuses("no such word", Op::Eq {}, &[bin(4), bin(3), RegType::BIN_BOOL]);
    refuses("no such word", Op::Eq {}, &[FULL, bin(64), RegType::BIN_BOOL]);
    refuses("no truth value", Op::Eq {}, &[bin(3), bin(3), RegType::PUB_BOOL]);
    refuses("no number", Op::Lt {}, &[bin(3), bin(3), RegType::BIN_BOOL]);
    let open = Op::Open { steers: false };
    passes(open, &[bin(63), int(0, i64::MAX)]);
    passes(open, &[bin(8), int(-1, 255)]);
    passes(open, &[bin(1), RegType::PUB_BOOL]);
    refuses("does not fit the result", open, &[bin(8), int(0, 254)]);
    refuses("at most 63", open, &[bin(64), int(0, i64::MAX)]);
    refuses("at most 63", open, &[bin(2), RegType::PUB_BOOL]);
}

#[test]
fn blocks_and_levels() {
    refuses("share slot", |m| {
        let second = m.main.remove(2);
        m.main[1].entries.extend(second.entries);
    });
    let body = || {
        vec![Level { entries: vec![gate(Op::Copy {}, Some(View::lane(SlotId(3), 0)), vec![View::lane(SlotId(3), 0)])] }]
    };
    let looped = |counter, body| {
        Entry::Loop(Loop {
            counter: SlotId(counter),
            from: Bound::Const(0),
            to: Bound::Const(5),
            body,
            site: SiteId(0),
        })
    };
    refuses("writes the counter", |m| m.main[0].entries.push(looped(3, body())));
    refuses("no public register", |m| m.main[0].entries.push(looped(1, Vec::new())));
    refuses("inside a block", |m| {
        let last = m.main.pop().expect("the output");
        let then = vec![last];
        let entry = Entry::If(If { condition: SlotId(4), then, otherwise: Vec::new(), site: SiteId(0) });
        m.main.push(Level { entries: vec![entry] });
    });
    refuses("not defined before", |m| {
        m.main[0].entries.push(Entry::Call { function: crate::op::FunctionId(0), site: SiteId(0) });
    });
}

#[test]
fn opens_that_steer_say_so() {
    let open = |steers| Level {
        entries: vec![gate(Op::Open { steers }, Some(View::lane(SlotId(3), 0)), vec![View::lane(SlotId(2), 0)])],
    };
    let counted = || Level {
        entries: vec![Entry::Loop(Loop {
            counter: SlotId(5),
            from: Bound::Const(0),
            to: Bound::Slot(SlotId(3)),
            body: Vec::new(),
            site: SiteId(0),
        })],
    };
    let with = |m: &mut Module, steers| {
        m.slots.push(Slot { ty: RegType::pub_int(0, 100), lanes: 1 });
        m.main.splice(3..3, [open(steers), counted()]);
    };
    // The rounds of a division follow from the bits of a public divisor.
    let divided = |m: &mut Module, steers| {
        let of_opened = vec![View::lane(SlotId(2), 0), View::lane(SlotId(3), 0)];
        m.slots.push(Slot { ty: RegType::arith(-81, 81), lanes: 1 });
        let divide = gate(Op::Div {}, Some(View::lane(SlotId(5), 0)), of_opened);
        m.main.splice(3..3, [open(steers), Level { entries: vec![divide] }]);
    };
    for with in [&with as &dyn Fn(&mut Module, bool), &divided] {
        refuses("does not say so", |m| with(m, false));
        let mut module = square();
        with(&mut module, true);
        verify(module, &Limits::default()).expect("it says so");
    }
}

/// A name in a type stands in the path of every leaf below it: a short file could so ask for a great deal of names.
#[test]
fn leaves_are_few_and_found_once() {
    let deep = |leaves: usize| {
        let mut ty = DataType::Tuple(vec![DataType::Bool; leaves]);
        for _ in 0..40 {
            ty = DataType::Struct { name: "S".into(), fields: vec![Field::new("x".repeat(1000), ty)] };
        }
        ty
    };
    refuses("columns", |m| m.manifest.inputs[0].ty = deep(100_000));
    refuses("columns", |m| m.manifest.outputs[0].ty = DataType::Tuple(vec![DataType::Bool; MAX_LEAVES]));
    let mut m = square();
    // Not read: a program need not use what it is given.
    let input = Input { name: "many".into(), member: None, role: RoleId(0), secret: true, ty: deep(1000) };
    m.manifest.inputs.push(input);
    verify(m, &Limits::default()).expect("some tens of megabytes of names");
}

/// Types of data that no file or result could have, and those that some could.
#[test]
fn data() {
    let words = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let arm = |names: &[&str]| DataType::Enum { name: "Arm".into(), variants: words(names) };
    let maybe = |ty| DataType::Maybe(Box::new(ty));
    let rows = |most, element| DataType::Rows { most, element: Box::new(element) };
    let record = |ty, column: Option<&str>, format| {
        let reading = Reading { column: column.map(str::to_owned), format };
        DataType::Struct { name: "S".into(), fields: vec![Field { reading, ..Field::new("f", ty) }] }
    };
    let bits = |width| DataType::Bits { width };
    let int = || DataType::Int { lo: -9, hi: 9 };
    let plain = |ty, column| record(ty, Some(column), Format::Plain);
    let formatted = |ty, format| record(ty, None, format);
    for (what, ty) in [
        ("words of 0 bits", bits(0)),
        ("words of 4294967295 bits", bits(u32::MAX)),
        ("an enum without values", arm(&[])),
        ("that no name tells", arm(&["A", "B", "A"])),
        ("that no name tells", arm(&["A", ""])),
        ("that no name tells", arm(&[" A"])),
        ("control character", arm(&["A\u{1b}[2J"])),
        ("more than 1024 bytes", arm(&[&"x".repeat(1025)])),
        ("a maybe of a maybe", maybe(maybe(DataType::Bool))),
        ("a maybe of a maybe", formatted(maybe(maybe(int())), Format::Plain)),
        ("2^64", rows(1 << 40, DataType::Array { shape: vec![1 << 40], element: Box::new(DataType::Bool) })),
        ("elements", rows(u64::MAX, DataType::Bool)),
        ("elements", rows(1 << 60, DataType::Tuple(Vec::new()))),
        ("no header can name", plain(int(), "")),
        ("no header can name", plain(int(), " Pay")),
        ("control character", plain(int(), "Pay\u{202e}")),
        ("more than 1024 bytes", plain(int(), &"x".repeat(1025))),
        ("no integer", formatted(DataType::Fix { frac: 16, lo: 0, hi: 1 }, Format::Date)),
        ("no integer", formatted(DataType::Array { shape: vec![2], element: Box::new(int()) }, Format::Date)),
        ("a scale of 100", formatted(DataType::Bool, Format::Scale(100))),
        ("a scale of 0", formatted(int(), Format::Scale(0))),
        ("a scale of", formatted(int(), Format::Scale(MAX_SCALE + 1))),
        ("no word of at most 256 bits", formatted(int(), Format::Key)),
        ("no word of at most 256 bits", formatted(bits(257), Format::Key)),
        ("no word of at most 256 bits", formatted(bits(0), Format::Key)),
    ] {
        refuses(what, |m| m.manifest.inputs[0].ty = ty.clone());
        refuses(what, |m| m.manifest.outputs[0].ty = ty);
    }
    let table = || rows(9, record(maybe(int()), Some("Pay"), Format::Scale(MAX_SCALE)));
    refuses("not the whole input", |m| m.manifest.inputs[0].ty = DataType::Tuple(vec![table()]));
    refuses("not the whole input", |m| m.manifest.inputs[0].ty = rows(1, table()));
    // An output may hold several tables.
    refuses("leaf 0 is never written", |m| {
        let ty = DataType::Tuple(vec![table(), table()]);
        m.manifest.outputs.push(Output { name: "more".into(), member: None, to: Receivers::All, ty });
    });
    for ty in [
        table(),
        rows(0, maybe(arm(&["A", "B"]))),
        maybe(record(maybe(int()), None, Format::Date)),
        formatted(maybe(bits(64)), Format::Key),
        arm(&["größer", "kleiner"]),
    ] {
        let mut m = square();
        // Not read: a program need not use what it is given.
        m.manifest.inputs.push(Input { name: "more".into(), member: None, role: RoleId(0), secret: true, ty });
        verify(m, &Limits::default()).expect("well-formed");
    }
    // What a file does not bound is bounded all the same, also where nobody reads it; what it does bound is not.
    let more = |ty: DataType| {
        let name = "more".to_owned();
        move |m: &mut Module| m.manifest.inputs.push(Input { name, member: None, role: RoleId(0), secret: true, ty })
    };
    let long = |element| DataType::Array { shape: vec![1 << 40], element: Box::new(element) };
    refuses("absent values of more than 1048576 bytes", more(rows(1 << 40, DataType::Bool)));
    refuses("absent values of more than 1048576 bytes", more(maybe(long(DataType::Bool))));
    refuses("absent values of more than 1048576 bytes", more(rows(100_000, DataType::Bits { width: 128 })));
    let mut m = square();
    more(long(DataType::Bool))(&mut m);
    verify(m, &Limits { memory: 1 << 20 }).expect("only a file of so many values is read");
    // Nor is a result long that takes no memory.
    let nothing = || DataType::Tuple(Vec::new());
    let matrix = |shape: &[u64], element| DataType::Array { shape: shape.to_vec(), element: Box::new(element) };
    for ty in [
        long(nothing()),
        long(matrix(&[0], DataType::Bool)),
        matrix(&[1 << 40, 0], DataType::Bool),
        matrix(&[1 << 10], formatted(matrix(&[1 << 11], nothing()), Format::Plain)),
        matrix(&[u64::MAX, u64::MAX, 0, 7], DataType::Bool),
    ] {
        refuses("elements that hold nothing", |m| m.manifest.outputs[0].ty = ty);
    }
    refuses("never written", |m| {
        m.manifest.outputs[0].ty = DataType::Tuple(vec![matrix(&[3, 0], nothing()), matrix(&[7], nothing())]);
        m.main.pop();
        m.manifest.outputs.push(Output { name: "z".into(), member: None, to: Receivers::All, ty: DataType::Bool });
    });
    // Names of values count as those of fields do, once a leaf.
    refuses("bytes of their names", |m| {
        let many: Vec<String> = (0..1 << 16).map(|i| format!("{i:01024}")).collect();
        m.manifest.inputs[0].ty = DataType::Enum { name: "Arm".into(), variants: many };
    });
    refuses("bytes of their names", |m| {
        let mut ty = DataType::Tuple(vec![DataType::Bool; 100_000]);
        for _ in 0..40 {
            ty = record(ty, Some(&"x".repeat(1000)), Format::Plain);
        }
        m.manifest.inputs[0].ty = ty;
    });
}

/// What the registers of these types are.
#[test]
fn registers_of_data() {
    let arm = || DataType::Enum { name: "Arm".into(), variants: vec!["A".into(), "B".into(), "C".into()] };
    let bits = || DataType::Bits { width: 100 };
    let module = |ty: DataType, secret, registers: &[RegType]| {
        let mut m = square();
        let input = Input { name: "more".into(), member: None, role: RoleId(0), secret, ty: ty.clone() };
        m.manifest.inputs.push(input);
        m.manifest.outputs.push(Output { name: "more".into(), member: None, to: Receivers::All, ty });
        for (leaf, ty) in (0..).zip(registers) {
            let slot = SlotId(u32::try_from(m.slots.len()).expect("few"));
            let lanes = 3;
            m.slots.push(Slot { ty: *ty, lanes });
            let view = || View::whole(slot, lanes);
            let level = |entry| Level { entries: vec![entry] };
            m.main.push(level(gate(Op::Input { input: InputId(1), leaf }, Some(view()), vec![])));
            let mut read = view();
            if let RegType::Arith { lo: i64::MIN, hi: i64::MAX, .. } = ty {
                let proven = SlotId(slot.0 + 1);
                m.slots.push(Slot { ty: RegType::arith(0, 2), lanes });
                read = View::whole(proven, lanes);
                m.main.push(level(gate(Op::ProveRange {}, Some(read.clone()), vec![view()])));
            }
            m.main.push(level(gate(Op::Output { output: OutputId(1), leaf }, None, vec![read])));
        }
        verify(m, &Limits::default())
    };
    let table = |element| DataType::Rows { most: 3, element: Box::new(element) };
    let valid = |secret| if secret { RegType::BIN_BOOL } else { RegType::PUB_BOOL };
    for secret in [true, false] {
        let number = if secret { FULL } else { RegType::pub_int(0, 2) };
        let word = RegType::Bin { width: 100 };
        let pair = DataType::Maybe(Box::new(DataType::Tuple(vec![arm(), bits()])));
        let registers = [valid(secret), valid(secret), number, word];
        module(table(pair.clone()), secret, &registers).expect("well-formed");
        let error = |at: usize, ty| {
            let mut other = registers;
            other[at] = ty;
            module(table(pair.clone()), secret, &other).expect_err("another type").what
        };
        assert!(error(0, valid(!secret)).contains("another type than the input's"));
        assert!(error(3, RegType::Bin { width: 99 }).contains("another type than the input's"));
        assert!(error(3, number).contains("another type than the input's"));
    }
    // An output in the range of its names, and no other.
    let mut m = square();
    m.manifest.outputs[0].ty = DataType::Array { shape: vec![2], element: Box::new(arm()) };
    assert!(verify(m, &Limits::default()).expect_err("0..=81").what.contains("another type than the output's"));
}

/// What a module says cannot pass for what the machine says.
#[test]
fn texts() {
    let line = "x\nroles     Alice: party 0 (this party)";
    for text in [line, "\u{1b}[2J", "\u{9b}1A", "\u{202e}txet", "\u{2028}", "tab\tor"] {
        let own = || text.to_owned();
        refuses("control character", |m| m.manifest.program = own());
        refuses("control character", |m| m.messages.push(own()));
        refuses("control character", |m| m.sources.files.push(own()));
        refuses("control character", |m| m.sources.sites[0].text = own());
        refuses("control character", |m| m.functions.push(crate::module::Function { name: own(), body: Vec::new() }));
        refuses("control character", |m| {
            m.manifest.outputs[0].ty = DataType::Struct { name: own(), fields: Vec::new() };
        });
        refuses("control character", |m| {
            m.manifest.inputs[0].ty =
                DataType::Struct { name: "S".into(), fields: vec![Field::new(own(), DataType::Tuple(Vec::new()))] };
        });
    }
    for name in [line, "a to all; b", "", "a\u{202e}"] {
        let own = || name.to_owned();
        refuses("a name of other characters", |m| m.manifest.roles[0] = own());
        refuses("a name of other characters", |m| m.manifest.params.push((own(), 1)));
        refuses("a name of other characters", |m| m.manifest.inputs[0].name = own());
        refuses("a name of other characters", |m| m.manifest.outputs[0].name = own());
    }
    refuses("more than 1024 bytes", |m| m.manifest.roles[0] = "x".repeat(1025));
    refuses("more than 4096 bytes", |m| m.messages.push("x".repeat(4097)));
    let mut m = square();
    m.messages.push("größer als 3 · 10⁵ → “zu viel”".to_owned());
    verify(m, &Limits::default()).expect("all of it shows");
}

/// Whatever decodes can be verified without a panic.
#[test]
fn damaged_modules_verify_or_fail() {
    let bytes = crate::codec::encode(&square());
    for at in 6..bytes.len() - 32 {
        for value in [0, 1, 2, 3, 0x7f, 0x80, 0xfb, 0xfc, 0xfd, 0xff, bytes[at] ^ 1] {
            let mut damaged = bytes[..bytes.len() - 32].to_vec();
            damaged[at] = value;
            damaged.extend(crate::codec::hash(&damaged));
            if let Ok(module) = crate::codec::decode(&damaged) {
                let _ = verify(module, &Limits { memory: 1 << 20 });
            }
        }
    }
}
