//! Files from strangers: every byte of a small module changed, and every number of its gates and views set to extremes, with the hash made right
//! again. What still decodes and verifies must run within its step and memory limits: to an end or to a stop, never to a panic.

use crate::harness::program;
use crate::make::{Make, element};
use smpc_bytecode::codec;
use smpc_bytecode::module::{Bound, Dim, Entry, Gate, Index, Level, Module, View};
use smpc_bytecode::op::{NetlistId, Op, SlotId};
use smpc_bytecode::types::{DataType, RegType};
use smpc_bytecode::verify::{Limits, Verified, verify};
use smpc_math::circuits::{add, netlist};
use smpc_protocols::Executor;
use smpc_protocols::conformance::memory::memory_wires;
use smpc_protocols::conformance::threads::rep3_party;
use smpc_protocols::plain::Plain;
use smpc_protocols::rep3::Rep3;
use smpcvm::engine::{Engine, Inputs, Plan, RunError};

const LIMITS: Limits = Limits { memory: 1 << 16 };
const STEPS: u64 = 2000;

/// A bit of everything.
fn sample() -> Module {
    let mut m = Make::new();
    let number = RegType::arith(-100, 100);
    let xs = m.numbers(0, number, 4);
    let flags = m.truths(1, 4);
    let known = m.public_input(2, 0, 3, 2);
    let one = m.constant(RegType::pub_int(1, 1), &[1]);
    let n = m.slot(RegType::pub_int(0, 9), 1);
    let y = m.slot(number, 4);
    m.repeat(3, |m, i| {
        m.set(
            Op::Select {},
            element(y, 0, i, 1),
            &[element(flags, 0, i, 1), element(xs, 3, i, -1), element(y, 0, i, 1)],
        );
        m.set(Op::Add {}, m.all(n), &[m.all(n), m.all(one)]);
    });
    let product = m.make(Op::Mul {}, RegType::arith(-10_000, 10_000), 4, &[m.all(xs), m.all(y)]);
    m.set(Op::Trunc { bits: 7 }, m.all(y), &[m.all(product)]);
    let picked = m.make(Op::Gather {}, number, 2, &[m.all(xs), m.all(known)]);
    m.set(Op::Scatter {}, m.all(y), &[m.all(picked), m.all(known)]);
    let quotient = m.make(Op::Div {}, RegType::arith(-10_000, 10_000), 2, &[m.all(picked), m.all(known)]);
    let word = RegType::Bin { width: 8 };
    let bits = m.make(Op::A2b {}, word, 4, &[m.all(xs)]);
    m.module.netlists.push(netlist(&[8, 8], |b, words| add(b, &words[0], &words[1])));
    let sum = m.make(Op::Netlist { netlist: NetlistId(0) }, word, 4, &[m.all(bits), m.all(bits)]);
    let back = m.make(Op::B2a { signed: true }, RegType::arith(-128, 127), 4, &[m.all(sum)]);
    let total = m.make(Op::Dot { len: 4 }, RegType::arith(-100_000, 100_000), 1, &[m.all(back), m.all(xs)]);
    let less = m.make(Op::Lt {}, RegType::BIN_BOOL, 1, &[m.all(total), m.all(one)]);
    let steer = m.open(less, RegType::PUB_BOOL, true);
    let body = m.block(|m| m.set(Op::Add {}, m.all(n), &[m.all(one), m.all(one)]));
    m.module.functions.push(smpc_bytecode::module::Function { name: "f".into(), body });
    m.choice(steer, |m| m.call(0), |m| m.set(Op::Neg {}, m.all(xs), &[m.all(xs)]));
    let inner = m.loop_entry(Bound::Const(0), Bound::Slot(n), |m, _| {
        m.set(Op::Sort { columns: 1 }, m.all(xs), &[m.all(xs)]);
    });
    m.entry(inner);
    m.while_loop(
        |m| m.make(Op::Eq {}, RegType::PUB_BOOL, 1, &[m.all(n), m.all(one)]),
        |m| m.set(Op::Add {}, m.all(n), &[m.all(n), m.all(one)]),
    );
    let message = m.message("a message");
    let check = m.gate(Op::Check { message }, None, &[m.all(flags)]);
    m.entry(check);
    for slot in [xs, y, quotient, total] {
        m.output(slot, Some(1));
    }
    m.finish()
}

/// The gates that [`sample`] lacks.
fn others() -> Module {
    let mut m = Make::new();
    let number = RegType::arith(-100, 100);
    let wide = RegType::arith(-1_000_000, 1_000_000);
    let known = RegType::pub_int(-1_000_000, 1_000_000);
    let xs = m.numbers(0, number, 4);
    let flags = m.truths(1, 4);
    let four = m.constant(known, &[1, 2, 3, 4]);
    m.make(Op::PrefixSum { len: 2 }, wide, 4, &[m.all(xs)]);
    m.make(Op::Sum { len: 2 }, wide, 2, &[m.all(xs)]);
    m.make(Op::MatMul { rows: 2, inner: 2, cols: 2 }, wide, 4, &[m.all(xs), m.all(xs)]);
    m.make(Op::MatMul { rows: 1, inner: 4, cols: 1 }, known, 1, &[m.all(four), m.all(four)]);
    m.make(Op::Round { bits: 3 }, number, 4, &[m.all(xs)]);
    m.make(Op::TruncStochastic { bits: 3 }, number, 4, &[m.all(xs)]);
    m.make(Op::FixDiv { frac: 4 }, wide, 4, &[m.all(xs), m.all(four)]);
    m.make(Op::Div {}, wide, 4, &[m.all(four), m.all(xs)]);
    m.make(Op::Rem {}, number, 4, &[m.all(xs), m.all(xs)]);
    m.make(Op::Sqrt { frac: 4 }, wide, 4, &[m.all(xs)]);
    m.make(Op::Relabel {}, known, 4, &[m.all(four)]);
    m.make(Op::Dot { len: 2 }, known, 2, &[m.all(four), m.all(four)]);
    let word = RegType::Bin { width: 8 };
    let (a, b) = (m.make(Op::Random {}, word, 4, &[]), m.make(Op::A2b {}, word, 4, &[m.all(xs)]));
    for op in [Op::Xor {}, Op::And {}, Op::Or {}] {
        m.make(op, word, 4, &[m.all(a), m.all(b)]);
    }
    m.make(Op::Not {}, word, 4, &[m.all(a)]);
    m.make(Op::Planes { from: 3 }, RegType::Bin { width: 3 }, 4, &[m.all(a)]);
    m.make(Op::Select {}, word, 4, &[m.all(flags), m.all(a), m.all(b)]);
    m.make(Op::Join {}, RegType::Bin { width: 16 }, 4, &[m.all(a), m.all(b)]);
    m.make(Op::Eq {}, RegType::BIN_BOOL, 4, &[m.all(a), m.all(b)]);
    m.open(a, RegType::pub_int(0, 255), false);
    m.make(Op::B2a { signed: false }, RegType::arith(0, 255), 4, &[m.all(a)]);
    m.make(Op::Gather {}, word, 2, &[m.all(a), View { dims: vec![Dim { stride: 2, len: 2 }], ..m.all(four) }]);
    let two = m.constant(known, &[1, 2]);
    m.set(Op::Scatter {}, m.all(b), &[View { dims: vec![Dim { stride: 1, len: 2 }], ..m.all(a) }, m.all(two)]);
    m.make(Op::Sort { columns: 2 }, number, 4, &[m.all(xs)]);
    let opened = m.open(xs, RegType::pub_int(-100, 100), false);
    let bits = m.open(flags, RegType::PUB_BOOL, false);
    let message = m.message("a message");
    let stop = m.gate(Op::StopUnless { message }, None, &[m.all(bits)]);
    m.entry(stop);
    m.output(opened, None);
    m.output(flags, Some(0));
    m.finish()
}

/// The least value of each leaf, or 0 where that is in range; `None` where a leaf is longer than any register can be.
fn some_inputs(module: &Module) -> Option<Inputs> {
    let leaf = |leaf: smpc_bytecode::types::Leaf| {
        let lanes = leaf.lanes.filter(|lanes| *lanes <= 1 << 16)?;
        let value = match leaf.scalar {
            DataType::Int { lo, hi } | DataType::Fix { lo, hi, .. } => 0.clamp(lo, hi),
            _ => 1,
        };
        Some(vec![value; usize::try_from(lanes).ok()? * leaf.scalar.limbs()])
    };
    module
        .manifest
        .inputs
        .iter()
        .map(|input| Some(Some(input.ty.leaves().into_iter().map(leaf).collect::<Option<_>>()?)))
        .collect()
}

fn plan(module: &Module, parties: usize) -> Plan {
    Plan { nodes: (0..module.manifest.roles.len()).map(|i| i % parties).collect(), steps: STEPS }
}

/// Runs it in the clear, and counts it.
fn survives(module: &Verified<Module>) {
    let Some(inputs) = some_inputs(module) else { return };
    let nobody = || ();
    let (one, program) = (plan(module, 1), program(module));
    let executor = Executor::new(0, 1, 0, 0, Box::new(memory_wires(1).remove(0)));
    match Engine::new(&program, &Plain, &executor, &one, inputs, &nobody).run() {
        Ok(_) | Err(RunError::Stop(_)) => {}
        Err(RunError::Protocol(error)) => panic!("{error}"),
    }
    let three = plan(module, 3);
    let (executor, protocol) = (Executor::dry(0, 3), Rep3::dry(0));
    match Engine::new(&program, &protocol, &executor, &three, Vec::new(), &nobody).run() {
        Ok(_) | Err(RunError::Stop(_)) => {}
        Err(RunError::Protocol(error)) => panic!("{error}"),
    }
}

/// Runs it among three threads.
fn survives_shared(module: &Verified<Module>) {
    let Some(inputs) = some_inputs(module) else { return };
    let (plan, program) = (plan(module, 3), &program(module));
    std::thread::scope(|scope| {
        for (me, wire) in memory_wires(3).into_iter().enumerate() {
            let (inputs, plan) = (inputs.clone(), &plan);
            scope.spawn(move || {
                let executor = Executor::new(me, 3, 1, 0, Box::new(wire));
                match Engine::new(program, &rep3_party(me, 7), &executor, plan, inputs, &|| ()).run() {
                    Ok(_) | Err(RunError::Stop(_)) => {}
                    Err(RunError::Protocol(error)) => panic!("{error}"),
                }
            });
        }
    });
}

/// Decodes, verifies and runs bytes whose hash is made right.
fn try_bytes(content: &[u8]) -> bool {
    let mut bytes = content.to_vec();
    bytes.extend(codec::hash(content));
    let Ok(module) = codec::decode(&bytes) else { return false };
    let Ok(module) = verify(module, &LIMITS) else { return false };
    survives(&module);
    true
}

#[test]
fn every_byte_changed() {
    let whole = codec::encode(&sample());
    let content = &whole[..whole.len() - 32];
    assert!(try_bytes(content), "the sample itself runs");
    let mut ran = 0;
    for at in 0..content.len() {
        let own = content[at];
        let mut values: Vec<u8> = (0..8).map(|bit| own ^ 1 << bit).collect();
        values.extend([0, 1, 0x7f, 0x80, 0xfa, 0xfb, 0xfc, 0xfd, 0xff, own.wrapping_add(1), own.wrapping_sub(1)]);
        values.sort_unstable();
        values.dedup();
        for value in values.into_iter().filter(|value| *value != own) {
            let mut damaged = content.to_vec();
            damaged[at] = value;
            ran += usize::from(try_bytes(&damaged));
        }
    }
    // Names, texts, constants, ranges, bounds: much of a file may change and still be a program.
    assert!(ran > content.len() / 2, "{ran} of {} damaged files ran", content.len());
}

/// Every gate, in blocks and functions too.
fn gates_of(module: &mut Module) -> Vec<&mut Gate> {
    fn collect<'m>(levels: &'m mut [Level], all: &mut Vec<&'m mut Gate>) {
        for entry in levels.iter_mut().flat_map(|level| &mut level.entries) {
            match entry {
                Entry::Gate(gate) => all.push(gate),
                Entry::Call { .. } => {}
                Entry::Loop(l) => collect(&mut l.body, all),
                Entry::While(w) => [&mut w.head, &mut w.body].into_iter().for_each(|levels| collect(levels, all)),
                Entry::If(i) => [&mut i.then, &mut i.otherwise].into_iter().for_each(|levels| collect(levels, all)),
            }
        }
    }
    let mut all = Vec::new();
    module.functions.iter_mut().for_each(|function| collect(&mut function.body, &mut all));
    collect(&mut module.main, &mut all);
    all
}

const SIZES: [u64; 9] = [0, 1, 2, 4, 5, 513, 1 << 31, 1 << 60, u64::MAX];
const STRIDES: [i64; 5] = [i64::MIN, -1, 0, 1, i64::MAX];

/// What a view may be turned into, by number; `None` where there are no more.
fn change_view(view: &mut View, slots: u32, at: usize) -> Option<()> {
    let (sizes, strides) = (SIZES.len(), STRIDES.len());
    let mut at = at;
    let mut next = |count: usize| {
        let own = (at < count).then_some(at);
        at = at.wrapping_sub(if own.is_some() { 0 } else { count });
        own
    };
    if let Some(n) = next(sizes) {
        view.offset = SIZES[n];
    } else if let Some(n) = next(sizes * strides) {
        view.dims = vec![Dim { stride: STRIDES[n % strides], len: SIZES[n / strides] }];
    } else if let Some(n) = next(sizes * sizes) {
        view.dims = vec![Dim { stride: 1, len: SIZES[n / sizes] }, Dim { stride: 0, len: SIZES[n % sizes] }];
    } else if let Some(n) = next(sizes * sizes) {
        view.dims =
            vec![Dim { stride: i64::MIN, len: SIZES[n / sizes] }, Dim { stride: i64::MAX, len: SIZES[n % sizes] }];
    } else if let Some(n) = next(slots as usize * strides) {
        let slot = SlotId(u32::try_from(n / strides).expect("few slots"));
        view.index = Some(Index { slot, stride: STRIDES[n % strides] });
    } else if let Some(n) = next(slots as usize) {
        view.slot = SlotId(u32::try_from(n).expect("few slots"));
    } else if next(1).is_some() {
        view.dims.clear();
    } else {
        return None;
    }
    Some(())
}

/// What a gate may be turned into, by view or immediate and number.
fn change_gate(gate: &mut Gate, slots: u32, part: usize, at: usize) -> Option<()> {
    let args = gate.args.len();
    if let Some(view) = gate.args.get_mut(part) {
        return change_view(view, slots, at);
    }
    if part == args {
        return change_view(gate.dst.as_mut()?, slots, at);
    }
    let mut immediates: Vec<u64> = gate.op.immediates().into_iter().map(|(_, value)| value).collect();
    *immediates.get_mut(part - args - 1)? = *SIZES.get(at)?;
    // Out of the immediate's own range it is no operation.
    gate.op = Op::from_parts(gate.op.code(), &immediates).unwrap_or(gate.op);
    Some(())
}

/// Whether it passes, and if so runs.
fn try_module(module: Module) -> bool {
    let Ok(module) = verify(module, &LIMITS) else { return false };
    assert_eq!(codec::decode(&codec::encode(&module)).as_ref(), Ok(&*module));
    survives(&module);
    survives_shared(&module);
    true
}

/// Offsets, strides, lengths, indices, registers and immediates as large and as odd as they come, one at a time.
#[test]
fn every_number_of_every_gate() {
    for whole in [sample(), others()] {
        verify(whole.clone(), &LIMITS).expect("the sample itself");
        assert!(try_module(whole.clone()));
        let slots = u32::try_from(whole.slots.len()).expect("few slots");
        let count = gates_of(&mut whole.clone()).len();
        let mut ran = 0;
        for gate in 0..count {
            let parts = gates_of(&mut whole.clone())[gate].args.len() + 4;
            for part in 0..parts {
                for at in 0.. {
                    let mut module = whole.clone();
                    if change_gate(gates_of(&mut module)[gate], slots, part, at).is_none() {
                        break;
                    }
                    ran += usize::from(try_module(module));
                }
            }
        }
        assert!(ran > 1000, "{ran} of the changed modules ran");
    }
}

/// As [`every_number_of_every_gate`], two or three changes to a gate.
#[test]
fn several_numbers_of_a_gate() {
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("31 bits") % below
    };
    for whole in [sample(), others()] {
        let slots = u32::try_from(whole.slots.len()).expect("few slots");
        let count = gates_of(&mut whole.clone()).len();
        for _ in 0..2000 {
            let mut module = whole.clone();
            let gate = &mut *gates_of(&mut module)[random(count)];
            for _ in 0..2 + random(2) {
                let _ = change_gate(gate, slots, random(5), random(400));
            }
            try_module(module);
        }
    }
}

/// Cut anywhere, with the hash made right.
#[test]
fn every_length() {
    let whole = codec::encode(&sample());
    for length in 0..whole.len() - 32 {
        try_bytes(&whole[..length]);
        assert!(codec::decode(&whole[..length]).is_err());
    }
}

/// Numbers as large as they come, where a module has numbers.
#[test]
fn extreme_numbers() {
    let ends = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
    let full = RegType::pub_int(i64::MIN, i64::MAX);
    for a in ends {
        for b in ends {
            for op in [Op::Add {}, Op::Sub {}, Op::Mul {}, Op::Div {}, Op::Rem {}, Op::FixDiv { frac: 62 }] {
                let mut m = Make::new();
                let (a, b) = (m.constant(full, &[a, a]), m.constant(full, &[b, b]));
                m.make(op, full, 2, &[m.all(a), m.all(b)]);
                survives(&m.verified());
            }
            let mut m = Make::new();
            let (x, y) = (m.constant(full, &[a; 8]), m.constant(full, &[b; 8]));
            m.make(Op::Dot { len: 8 }, full, 1, &[m.all(x), m.all(y)]);
            survives(&m.verified());
            let mut m = Make::new();
            let entry = m.loop_entry(Bound::Const(a), Bound::Const(b), |_, _| ());
            m.entry(entry);
            survives(&m.verified());
            let mut m = Make::new();
            let (x, i) = (m.constant(full, &[a; 8]), m.constant(full, &[a]));
            m.make(Op::Copy {}, full, 1, &[element(x, b.unsigned_abs(), i, b)]);
            survives(&m.verified());
        }
        for op in [Op::Neg {}, Op::Sqrt { frac: 62 }, Op::Round { bits: 62 }, Op::Sum { len: 1 }] {
            let mut m = Make::new();
            let a = m.constant(full, &[a]);
            m.make(op, full, 1, &[m.all(a)]);
            survives(&m.verified());
        }
    }
}

/// Views that would spread a register over more memory than there is, and towers of calls.
#[test]
fn what_the_verifier_refuses() {
    let refuses = |make: fn(&mut Make), what: &str| {
        let mut m = Make::new();
        make(&mut m);
        let error = verify(m.finish(), &LIMITS).expect_err("a refusal");
        assert!(error.to_string().contains(what), "{error}");
    };
    refuses(
        |m| {
            let x = m.constant(RegType::pub_int(0, 1), &[1]);
            let mut wide = m.all(x);
            wide.dims = vec![smpc_bytecode::module::Dim { stride: 0, len: 1 << 60 }];
            m.make(Op::Sum { len: 1 << 60 }, RegType::pub_int(0, 1), 1, &[wide]);
        },
        "beside the registers",
    );
    refuses(
        |m| {
            for function in 0..100 {
                let body = m.block(|m| {
                    if function > 0 {
                        m.call(function - 1);
                    }
                });
                m.module.functions.push(smpc_bytecode::module::Function { name: "f".into(), body });
            }
        },
        "nest too deep",
    );
    refuses(
        |m| {
            let x = m.slot(RegType::arith(0, 0), 0);
            m.make(Op::Sum { len: 0 }, RegType::arith(0, 0), 5, &[m.all(x)]);
        },
        "no lanes",
    );
}
