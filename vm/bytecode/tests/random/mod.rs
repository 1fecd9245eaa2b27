//! Random modules: any that can be written down, and ones that pass the verifier.

use proptest::collection::vec;
use proptest::prelude::*;
use smpc_bytecode::interval::{Interval, result_range};
use smpc_bytecode::module::*;
use smpc_bytecode::op::*;
use smpc_bytecode::types::{DataType, Field, Format, Kind, MAX_WIDTH, Reading, RegType, signed_width};
use smpc_math::netlist::{self, Netlist};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[a-z ]{0,12}",
        any::<String>(),
        Just("line\nbreak // \"quoted\" \\ \u{202e} \u{0}".to_owned())
    ]
}

fn ends() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), -9..9_i64]
}

fn register() -> impl Strategy<Value = RegType> {
    let kind = prop_oneof![Just(Kind::Int), Just(Kind::Bool), Just(Kind::Fix)];
    prop_oneof![
        (kind, ends(), ends(), 0..70_u32).prop_map(|(kind, lo, hi, frac)| RegType::Pub { kind, lo, hi, frac }),
        (ends(), ends(), any::<u32>()).prop_map(|(lo, hi, frac)| RegType::Arith { lo, hi, frac }),
        any::<u32>().prop_map(|width| RegType::Bin { width }),
        Just(RegType::arith(i64::MIN, i64::MAX)),
    ]
}

fn data() -> impl Strategy<Value = DataType> {
    let leaf = prop_oneof![
        Just(DataType::Bool),
        (ends(), ends()).prop_map(|(lo, hi)| DataType::Int { lo, hi }),
        (any::<u32>(), ends(), ends()).prop_map(|(frac, lo, hi)| DataType::Fix { frac, lo, hi }),
        any::<u32>().prop_map(|width| DataType::Bits { width }),
        (text(), vec(text(), 0..4)).prop_map(|(name, variants)| DataType::Enum { name, variants }),
    ];
    leaf.prop_recursive(4, 12, 3, |inner| {
        let field = (text(), inner.clone(), reading()).prop_map(|(name, ty, reading)| Field { name, ty, reading });
        prop_oneof![
            (vec(any::<u64>(), 0..3), inner.clone())
                .prop_map(|(shape, element)| DataType::Array { shape, element: Box::new(element) }),
            (any::<u64>(), inner.clone())
                .prop_map(|(most, element)| DataType::Rows { most, element: Box::new(element) }),
            inner.clone().prop_map(|value| DataType::Maybe(Box::new(value))),
            (text(), vec(field, 0..3)).prop_map(|(name, fields)| DataType::Struct { name, fields }),
            vec(inner, 0..3).prop_map(DataType::Tuple),
        ]
    })
}

fn reading() -> impl Strategy<Value = Reading> {
    let format =
        prop_oneof![Just(Format::Plain), Just(Format::Date), any::<u64>().prop_map(Format::Scale), Just(Format::Key)];
    (prop::option::of(text()), format).prop_map(|(column, format)| Reading { column, format })
}

fn view() -> impl Strategy<Value = View> {
    let small = || prop_oneof![0..5_u64, any::<u64>()];
    let dim = (prop_oneof![Just(1), any::<i64>()], small()).prop_map(|(stride, len)| Dim { stride, len });
    let index =
        prop::option::of((0..6_u32, any::<i64>()).prop_map(|(slot, stride)| Index { slot: SlotId(slot), stride }));
    (0..6_u32, small(), index, vec(dim, 0..4)).prop_map(|(slot, offset, index, dims)| View {
        slot: SlotId(slot),
        offset,
        index,
        dims,
    })
}

fn op() -> impl Strategy<Value = Op> {
    (0..OPS.len(), vec(prop_oneof![0..4_u64, any::<u64>()], 3)).prop_map(|(row, values)| {
        let info = &OPS[row];
        let count = info.immediates.len();
        let small: Vec<u64> = values[..count].iter().map(|v| v % 2).collect();
        Op::from_parts(info.code, &values[..count])
            .or_else(|| Op::from_parts(info.code, &small))
            .expect("0 and 1 are immediates of every operation")
    })
}

fn gate() -> impl Strategy<Value = Entry> {
    (op(), prop::option::of(view()), vec(view(), 0..4), 0..5_u32)
        .prop_map(|(op, dst, args, site)| Entry::Gate(Gate { op, dst, args, site: SiteId(site) }))
}

fn code() -> impl Strategy<Value = Vec<Level>> {
    let level = |entry: BoxedStrategy<Entry>| vec(vec(entry, 0..3).prop_map(|entries| Level { entries }), 0..3).boxed();
    let bound = || prop_oneof![ends().prop_map(Bound::Const), any::<u32>().prop_map(|slot| Bound::Slot(SlotId(slot)))];
    level(gate().boxed()).prop_recursive(3, 24, 4, move |inner| {
        let site = || (0..5_u32).prop_map(SiteId);
        let slot = || any::<u32>().prop_map(SlotId);
        let entry = prop_oneof![
            gate(),
            (slot(), bound(), bound(), inner.clone(), site())
                .prop_map(|(counter, from, to, body, site)| Entry::Loop(Loop { counter, from, to, body, site })),
            (inner.clone(), slot(), inner.clone(), site())
                .prop_map(|(head, condition, body, site)| Entry::While(While { head, condition, body, site })),
            (slot(), inner.clone(), inner, site()).prop_map(|(condition, then, otherwise, site)| Entry::If(If {
                condition,
                then,
                otherwise,
                site
            })),
            (any::<u32>(), site()).prop_map(|(f, site)| Entry::Call { function: FunctionId(f), site }),
        ];
        level(entry.boxed())
    })
}

fn circuit() -> impl Strategy<Value = Netlist> {
    let gate = (0..4_u8, any::<u32>(), any::<u32>());
    (vec(0..5_u32, 0..3), vec(gate, 0..20), vec(any::<u32>(), 0..4)).prop_map(|(inputs, gates, outputs)| {
        let first: u32 = inputs.iter().sum();
        let mut wires = first;
        let gates: Vec<netlist::Gate> = gates
            .into_iter()
            .map(|(kind, a, b)| {
                let gate = match kind {
                    _ if wires == 0 => netlist::Gate::Zero,
                    0 => netlist::Gate::Xor(a % wires, b % wires),
                    1 => netlist::Gate::And(a % wires, b % wires),
                    2 => netlist::Gate::Not(a % wires),
                    _ => netlist::Gate::Zero,
                };
                wires += 1;
                gate
            })
            .collect();
        let outputs = if wires == 0 { Vec::new() } else { outputs.into_iter().map(|o| o % wires).collect() };
        Netlist::new(inputs, gates, outputs).expect("wires exist")
    })
}

fn manifest() -> impl Strategy<Value = Manifest> {
    let input = (text(), prop::option::of(any::<u32>()), 0..4_u32, any::<bool>(), data())
        .prop_map(|(name, member, role, secret, ty)| Input { name, member, role: RoleId(role), secret, ty });
    let to = prop_oneof![Just(Receivers::All), vec((0..4_u32).prop_map(RoleId), 0..3).prop_map(Receivers::Roles),];
    let output = (text(), prop::option::of(any::<u32>()), to, data()).prop_map(|(name, member, to, ty)| Output {
        name,
        member,
        to,
        ty,
    });
    (text(), vec(text(), 0..3), vec((text(), ends()), 0..3), vec(input, 0..3), vec(output, 0..3))
        .prop_map(|(program, roles, params, inputs, outputs)| Manifest { program, roles, params, inputs, outputs })
}

/// Any module that can be written down; few of them make sense.
pub(crate) fn any_module() -> impl Strategy<Value = Module> {
    let slot = (register(), prop_oneof![0..5_u64, any::<u64>()]).prop_map(|(ty, lanes)| Slot { ty, lanes });
    let constant = prop_oneof![
        vec(ends(), 0..20).prop_map(Constant::Words),
        (ends(), ends()).prop_map(|(start, step)| Constant::Range { start, step }),
    ];
    let function = (text(), code()).prop_map(|(name, body)| Function { name, body });
    let site = (0..3_u32, any::<u32>(), any::<u32>(), text()).prop_map(|(file, line, column, text)| Site {
        file: FileId(file),
        line,
        column,
        text,
    });
    let sources = (vec(text(), 0..3), vec(site, 0..4)).prop_map(|(files, sites)| SourceTable { files, sites });
    let tables = (vec(slot, 0..6), vec(constant, 0..3), vec(circuit(), 0..3), vec(text(), 0..3));
    (manifest(), tables, vec(function, 0..2), code(), sources).prop_map(
        |(manifest, (slots, constants, netlists, messages), functions, main, sources)| Module {
            manifest,
            slots,
            constants,
            netlists,
            messages,
            functions,
            main,
            sources,
        },
    )
}

/// A program that grows gate by gate from two inputs, each result in a register of its own that holds its exact range.
struct Growing {
    module: Module,
    body: Vec<Level>,
}

impl Growing {
    fn slot(&mut self, ty: RegType, lanes: u64) -> SlotId {
        self.module.slots.push(Slot { ty, lanes });
        SlotId(u32::try_from(self.module.slots.len() - 1).expect("few"))
    }

    fn whole(&self, slot: SlotId) -> View {
        View::whole(slot, self.module.slots[slot.index()].lanes)
    }

    fn emit(&mut self, op: Op, dst: Option<SlotId>, args: &[SlotId]) {
        let args = args.iter().map(|slot| self.whole(*slot)).collect();
        let gate = Gate { op, dst: dst.map(|slot| self.whole(slot)), args, site: SiteId(0) };
        self.body.push(Level { entries: vec![Entry::Gate(gate)] });
    }

    fn with(&self, wanted: impl Fn(RegType) -> bool, choice: usize) -> Option<SlotId> {
        let fitting: Vec<usize> = (0..self.module.slots.len()).filter(|i| wanted(self.module.slots[*i].ty)).collect();
        let chosen = fitting.get(choice % fitting.len().max(1))?;
        Some(SlotId(u32::try_from(*chosen).expect("few")))
    }

    fn grow(&mut self, lanes: u64, (kind, x, y): (u8, usize, usize)) {
        let number = |ty: RegType| matches!(ty, RegType::Arith { .. });
        let word = |ty: RegType| matches!(ty, RegType::Bin { .. });
        let (Some(a), Some(b)) = (self.with(number, x), self.with(number, y)) else { return };
        let range = |slot: SlotId| {
            let (lo, hi) = self.module.slots[slot.index()].ty.range();
            Interval::new(lo.into(), hi.into())
        };
        let arithmetic = [Op::Add {}, Op::Sub {}, Op::Mul {}, Op::Div {}, Op::Rem {}, Op::FixDiv { frac: 3 }];
        let wrapping = [Op::AddWrap {}, Op::SubWrap {}, Op::MulWrap {}];
        match kind {
            0..=5 => {
                let op = if y % 8 == 7 { wrapping[usize::from(kind) % 3] } else { arithmetic[usize::from(kind)] };
                let exact = result_range(op, &[range(a), range(b)]).expect("a number");
                if let (true, Ok(lo), Ok(hi)) = (exact.fits(), i64::try_from(exact.lo), i64::try_from(exact.hi)) {
                    let dst = self.slot(RegType::arith(lo, hi), lanes);
                    self.emit(op, Some(dst), &[a, b]);
                }
            }
            6 | 7 => {
                let dst = self.slot(RegType::BIN_BOOL, lanes);
                self.emit(if kind == 6 { Op::Lt {} } else { Op::Eq {} }, Some(dst), &[a, b]);
            }
            8 => {
                let Some(c) = self.with(|ty| ty == RegType::BIN_BOOL, y) else { return };
                let joined = range(a).join(range(b));
                let ends = (i64::try_from(joined.lo).expect("ends"), i64::try_from(joined.hi).expect("ends"));
                let dst = self.slot(RegType::arith(ends.0, ends.1), lanes);
                self.emit(Op::Select {}, Some(dst), &[c, a, b]);
            }
            9 => {
                let (lo, hi) = self.module.slots[a.index()].ty.range();
                let dst = self.slot(RegType::Bin { width: signed_width(lo, hi) }, lanes);
                self.emit(Op::A2b {}, Some(dst), &[a]);
            }
            10 => {
                let Some(w) = self.with(word, x) else { return };
                let ty = self.module.slots[w.index()].ty;
                let RegType::Bin { width } = ty else { return };
                let (op, result) = match y % 4 {
                    0 if 2 * width <= MAX_WIDTH => (Op::Join {}, RegType::Bin { width: 2 * width }),
                    1 => (Op::Eq {}, RegType::BIN_BOOL),
                    _ => (Op::Xor {}, ty),
                };
                let dst = self.slot(result, lanes);
                self.emit(op, Some(dst), &[w, w]);
            }
            11 => {
                let (lo, hi) = self.module.slots[a.index()].ty.range();
                let dst = self.slot(RegType::pub_int(lo, hi), lanes);
                self.emit(Op::Open { steers: false }, Some(dst), &[a]);
            }
            _ => {
                let Some(c) = self.with(|ty| ty == RegType::BIN_BOOL, x) else { return };
                self.emit(Op::Check { message: MessageId(0) }, None, &[c]);
            }
        }
    }
}

/// Modules that pass the verifier: gates on two secret inputs, some of them inside a loop, one output.
pub(crate) fn verified_module() -> impl Strategy<Value = Module> {
    let step = (0..13_u8, any::<usize>(), any::<usize>());
    (1..9_u64, vec(step.clone(), 0..24), vec(step, 0..6), 0..5_i64).prop_map(|(lanes, straight, looped, turns)| {
        let ty = DataType::Array { shape: vec![lanes], element: Box::new(DataType::Int { lo: -100, hi: 100 }) };
        let input = |name: &str, role| Input {
            name: name.into(),
            member: None,
            role: RoleId(role),
            secret: true,
            ty: ty.clone(),
        };
        let module = Module {
            manifest: Manifest {
                program: "main.smpc".into(),
                roles: vec!["Acme".into(), "Globex".into()],
                params: vec![("ROWS".into(), 3)],
                inputs: vec![input("x", 0), input("y", 1)],
                outputs: vec![Output { name: "z".into(), member: None, to: Receivers::All, ty }],
            },
            messages: vec!["it does not hold".into()],
            sources: SourceTable {
                files: vec!["main.smpc".into()],
                sites: vec![Site { file: FileId(0), line: 9, column: 5, text: "    let z = x + y".into() }],
            },
            ..Module::default()
        };
        let mut growing = Growing { module, body: Vec::new() };
        for input in 0..2 {
            let raw = growing.slot(RegType::arith(i64::MIN, i64::MAX), lanes);
            growing.emit(Op::Input { input: InputId(input), leaf: 0 }, Some(raw), &[]);
            let proven = growing.slot(RegType::arith(-100, 100), lanes);
            growing.emit(Op::ProveRange {}, Some(proven), &[raw]);
        }
        let output = growing.slot(RegType::arith(-100, 100), lanes);
        growing.emit(Op::Copy {}, Some(output), &[SlotId(1)]);
        straight.into_iter().for_each(|step| growing.grow(lanes, step));
        let main = std::mem::take(&mut growing.body);
        looped.into_iter().for_each(|step| growing.grow(lanes, step));
        let counter = growing.slot(RegType::pub_int(0, 9), 1);
        let body = std::mem::replace(&mut growing.body, main);
        growing.body.push(Level {
            entries: vec![Entry::Loop(Loop {
                counter,
                from: Bound::Const(0),
                to: Bound::Const(turns),
                body,
                site: SiteId(0),
            })],
        });
        growing.emit(Op::Output { output: OutputId(0), leaf: 0 }, None, &[output]);
        growing.module.main = growing.body;
        growing.module
    })
}
