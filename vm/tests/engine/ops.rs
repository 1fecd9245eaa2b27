//! Every operation through the engine against its definition.

use crate::harness::agree;
use crate::make::Make;
use smpc_bytecode::module::{Constant, Slot, View};
use smpc_bytecode::op::{ConstId, NetlistId, OPS, Op};
use smpc_bytecode::semantics::{Operand, eval};
use smpc_bytecode::types::RegType;
use smpc_bytecode::verify::Verified;
use smpc_math::circuits::{add, netlist};
use std::cell::RefCell;
use std::collections::BTreeSet;

const SMALL: RegType = RegType::arith(-1000, 1000);
const WIDE: RegType = RegType::arith(-(1 << 40), 1 << 40);
const PUBLIC: RegType = RegType::pub_int(-1000, 1000);
const WORD: RegType = RegType::Bin { width: 9 };

thread_local! {
    /// Operations that a case has been run for.
    static SEEN: RefCell<BTreeSet<&'static str>> = const { RefCell::new(BTreeSet::new()) };
}

type Arg<'a> = (RegType, &'a [i64]);

/// A register with these values: secret ones come in as inputs.
fn operand(m: &mut Make, values: &mut Vec<Vec<i64>>, (ty, lanes): Arg<'_>) -> View {
    let count = lanes.len() as u64;
    let slot = match ty {
        RegType::Pub { .. } => m.constant(ty, lanes),
        RegType::Arith { .. } => {
            values.push(lanes.to_vec());
            m.numbers(u32::try_from(values.len() % 3).expect("small"), ty, count)
        }
        RegType::Bin { width: 1 } => {
            values.push(lanes.to_vec());
            m.truths(u32::try_from(values.len() % 3).expect("small"), count)
        }
        RegType::Bin { width } => {
            values.push(lanes.to_vec());
            let number = m.numbers(0, RegType::arith(0, (1 << width) - 1), count);
            m.make(Op::A2b {}, ty, count, &[m.all(number)])
        }
    };
    m.all(slot)
}

/// Runs an operation on these operands and compares with its definition. `table`: the destination's lanes before, for `scatter`.
fn check_with(
    op: Op,
    ty: RegType,
    lanes: usize,
    table: Option<Arg<'_>>,
    args: &[Arg<'_>],
    prepare: impl FnOnce(&mut Make),
) {
    SEEN.with_borrow_mut(|seen| seen.insert(op.mnemonic()));
    let mut m = Make::new();
    prepare(&mut m);
    let mut values = Vec::new();
    let mut views = Vec::new();
    let dst = match table {
        Some(table) => {
            let view = operand(&mut m, &mut values, table);
            let dst = m.slot(ty, lanes as u64);
            m.set(Op::Copy {}, m.all(dst), &[view]);
            dst
        }
        None => m.slot(ty, lanes as u64),
    };
    for arg in args {
        let view = operand(&mut m, &mut values, *arg);
        views.push(view);
    }
    m.set(op, m.all(dst), &views);
    let netlist = m.module.netlists.first().cloned();
    let out = match ty {
        RegType::Bin { width: 2.. } => {
            m.make(Op::B2a { signed: false }, RegType::arith(0, 1 << 62), lanes as u64, &[m.all(dst)])
        }
        _ => dst,
    };
    m.output(out, None);
    let module = m.verified();
    let operands: Vec<Operand<'_>> =
        table.iter().chain(args).map(|(ty, lanes)| Operand { ty: *ty, lanes: (*lanes).into() }).collect();
    let expected = eval(op, &Slot { ty, lanes: lanes as u64 }, &operands, netlist.as_ref()).expect("a result");
    let values: Vec<&[i64]> = values.iter().map(Vec::as_slice).collect();
    assert_eq!(agree(&module, &values), [expected], "{op:?} of {args:?}");
}

fn check(op: Op, ty: RegType, lanes: usize, args: &[Arg<'_>]) {
    check_with(op, ty, lanes, None, args, |_| ());
}

/// Secret with secret, and both ways with public, on several lanes and on one.
fn pairs(op: Op, secret: RegType, public: RegType, a: &[i64], b: &[i64], result: impl Fn(bool) -> RegType) {
    for len in [a.len(), 1] {
        let (a, b) = (&a[..len], &b[..len]);
        check(op, result(true), len, &[(secret, a), (secret, b)]);
        check(op, result(true), len, &[(secret, a), (public, b)]);
        check(op, result(true), len, &[(public, a), (secret, b)]);
        check(op, result(false), len, &[(public, a), (public, b)]);
    }
}

const A: [i64; 5] = [-1000, -1, 0, 7, 1000];
const B: [i64; 5] = [999, -3, 5, 7, -1000];

fn moves() {
    check(Op::Relabel {}, SMALL, 5, &[(RegType::arith(-5_000, 5_000), &A)]);
    check(Op::Relabel {}, PUBLIC, 5, &[(RegType::pub_int(-5_000, 5_000), &A)]);
    check(Op::Copy {}, SMALL, 5, &[(SMALL, &A)]);
    check(Op::Copy {}, SMALL, 5, &[(PUBLIC, &A)]);
    check(Op::Copy {}, PUBLIC, 5, &[(PUBLIC, &A)]);
    check(Op::Copy {}, RegType::BIN_BOOL, 3, &[(RegType::PUB_BOOL, &[1, 0, 1])]);
    check(Op::Copy {}, WORD, 2, &[(WORD, &[511, 3])]);
    check(Op::Copy {}, WORD, 2, &[(RegType::pub_int(3, 511), &[511, 3])]);
    let index = (RegType::pub_int(0, 4), &[4, 0, 0, 2][..]);
    for array in [SMALL, PUBLIC] {
        check(Op::Gather {}, array, 4, &[(array, &A), index]);
        check(Op::Gather {}, array, 1, &[(array, &A), (index.0, &[3])]);
    }
    check(Op::Gather {}, SMALL, 4, &[(PUBLIC, &A), index]);
    check(Op::Gather {}, WORD, 4, &[(WORD, &[1, 2, 3, 4, 500]), index]);
    let index = (RegType::pub_int(0, 4), &[4, 0, 2][..]);
    for (table, values) in [(SMALL, SMALL), (SMALL, PUBLIC), (PUBLIC, PUBLIC)] {
        check_with(Op::Scatter {}, table, 5, Some((table, &A)), &[(values, &B[..3]), index], |_| ());
    }
    check_with(Op::Scatter {}, WORD, 5, Some((WORD, &[1, 2, 3, 4, 5])), &[(WORD, &[6, 7, 8]), index], |_| ());
}

fn numbers() {
    let sums = |secret: bool| if secret { WIDE } else { RegType::pub_int(-(1 << 40), 1 << 40) };
    for op in [Op::Add {}, Op::Sub {}, Op::Mul {}] {
        pairs(op, SMALL, PUBLIC, &A, &B, sums);
    }
    let six = [1, -2, 3, 500, -600, 1000];
    let other = [7, 8, -9, 10, 11, 12];
    for (a, b) in [(SMALL, SMALL), (SMALL, PUBLIC), (PUBLIC, SMALL), (PUBLIC, PUBLIC)] {
        check(Op::Dot { len: 3 }, WIDE, 2, &[(a, &six), (b, &other)]);
        check(Op::MatMul { rows: 2, inner: 3, cols: 2 }, WIDE, 4, &[(a, &six), (b, &other)]);
    }
    for a in [SMALL, PUBLIC] {
        for len in [A.len(), 1] {
            check(Op::Neg {}, WIDE, len, &[(a, &A[..len])]);
            check(Op::Trunc { bits: 3 }, WIDE, len, &[(a, &A[..len])]);
            check(Op::Round { bits: 3 }, WIDE, len, &[(a, &A[..len])]);
            check(Op::Sqrt { frac: 8 }, WIDE, len, &[(a, &A[..len])]);
        }
        check(Op::Sum { len: 3 }, WIDE, 2, &[(a, &six)]);
        check(Op::PrefixSum { len: 3 }, WIDE, 6, &[(a, &six)]);
    }
    let public = RegType::pub_int(-(1 << 40), 1 << 40);
    for len in [A.len(), 1] {
        check(Op::Neg {}, public, len, &[(PUBLIC, &A[..len])]);
        check(Op::Trunc { bits: 3 }, public, len, &[(PUBLIC, &A[..len])]);
    }
    // Whole multiples lose nothing.
    check(Op::TruncStochastic { bits: 3 }, WIDE, 3, &[(SMALL, &[-8, 0, 96])]);
    for op in [Op::Div {}, Op::Rem {}, Op::FixDiv { frac: 8 }] {
        for (a, b) in [(SMALL, SMALL), (SMALL, PUBLIC), (PUBLIC, SMALL), (PUBLIC, PUBLIC)] {
            check(op, WIDE, 5, &[(a, &A), (b, &B)]);
        }
        check(op, WIDE, 2, &[(SMALL, &[5, -5]), (SMALL, &[0, 0])]);
        check(op, public, 1, &[(PUBLIC, &[77]), (PUBLIC, &[-5])]);
    }
}

/// Modulo 2^64, at the ends of the range, and what the gates behind it make of such values.
fn wrapping() {
    let (full, public) = (RegType::arith(i64::MIN, i64::MAX), RegType::pub_int(i64::MIN, i64::MAX));
    let x = [i64::MAX, i64::MIN, i64::MIN, -1, 0x1234_5678_9abc_def0];
    let y = [1, -1, i64::MIN, i64::MAX, -0x0fed_cba9_8765_4321];
    let all = |secret: bool| if secret { full } else { public };
    for op in [Op::AddWrap {}, Op::SubWrap {}, Op::MulWrap {}] {
        pairs(op, full, public, &x, &y, all);
        pairs(op, full, public, &y, &x, all);
    }
    for op in [Op::Lt {}, Op::Eq {}] {
        let truth = |secret: bool| if secret { RegType::BIN_BOOL } else { RegType::PUB_BOOL };
        pairs(op, full, public, &x, &y, truth);
        pairs(op, full, public, &x, &x, truth);
    }
    for b in [full, public] {
        check(Op::Rem {}, full, 5, &[(full, &x), (b, &y)]);
    }
    for b in [RegType::arith(2, i64::MAX), RegType::pub_int(2, i64::MAX)] {
        check(Op::Div {}, full, 5, &[(full, &x), (b, &[3, 2, i64::MAX, i64::MAX - 1, 7])]);
    }
}

fn decisions() {
    let truth = |secret: bool| if secret { RegType::BIN_BOOL } else { RegType::PUB_BOOL };
    for op in [Op::Lt {}, Op::Eq {}] {
        pairs(op, SMALL, PUBLIC, &A, &[999, -1, 5, 8, -1000], truth);
    }
    let words = (WORD, &[511, 3, 0, 256][..]);
    let public = RegType::pub_int(0, 511);
    for other in [WORD, public] {
        check(Op::Eq {}, RegType::BIN_BOOL, 4, &[words, (other, &[511, 2, 0, 0])]);
        check(Op::Eq {}, RegType::BIN_BOOL, 4, &[(other, &[511, 2, 0, 0]), words]);
    }
    check(Op::Eq {}, RegType::BIN_BOOL, 2, &[(RegType::BIN_BOOL, &[1, 1]), (RegType::BIN_BOOL, &[1, 0])]);
    let c = [1, 0, 0, 1, 1];
    for len in [5, 1] {
        for condition in [RegType::BIN_BOOL, RegType::PUB_BOOL] {
            let c = (condition, &c[..len]);
            check(Op::Select {}, SMALL, len, &[c, (SMALL, &A[..len]), (SMALL, &B[..len])]);
            check(Op::Select {}, SMALL, len, &[c, (SMALL, &A[..len]), (PUBLIC, &B[..len])]);
            check(Op::Select {}, SMALL, len, &[c, (PUBLIC, &A[..len]), (PUBLIC, &B[..len])]);
            check(Op::Select {}, WORD, len, &[c, (WORD, &[1, 2, 3, 4, 5][..len]), (WORD, &[511, 0, 9, 8, 7][..len])]);
        }
        check(Op::Select {}, PUBLIC, len, &[(RegType::PUB_BOOL, &c[..len]), (PUBLIC, &A[..len]), (PUBLIC, &B[..len])]);
    }
}

fn logic() {
    let truth = |secret: bool| if secret { RegType::BIN_BOOL } else { RegType::PUB_BOOL };
    for op in [Op::Xor {}, Op::And {}, Op::Or {}] {
        pairs(op, RegType::BIN_BOOL, RegType::PUB_BOOL, &[1, 0, 0, 1], &[1, 1, 0, 0], truth);
        check(op, WORD, 2, &[(WORD, &[0b1_0110_0110, 3]), (WORD, &[0b0_1100_0101, 6])]);
        let public = (RegType::pub_int(0, 511), &[0b0_1100_0101, 6][..]);
        check(op, WORD, 2, &[(WORD, &[0b1_0110_0110, 3]), public]);
        check(op, WORD, 1, &[(public.0, &public.1[..1]), (WORD, &[0b1_0110_0110])]);
        for len in [2, 1] {
            let integers = (RegType::pub_int(0, 63), &[37, 11][..len]);
            check(op, RegType::pub_int(0, 511), len, &[(public.0, &public.1[..len]), integers]);
        }
    }
    for ty in [RegType::BIN_BOOL, RegType::PUB_BOOL] {
        check(Op::Not {}, ty, 2, &[(ty, &[1, 0])]);
        check(Op::Not {}, ty, 1, &[(ty, &[1])]);
    }
    check(Op::Not {}, WORD, 2, &[(WORD, &[5, 511])]);
    check(Op::Planes { from: 3 }, RegType::Bin { width: 4 }, 2, &[(WORD, &[0b1_0110_0110, 511])]);
    check(Op::Planes { from: 7 }, WORD, 2, &[(WORD, &[0b1_0110_0110, 511])]);
    check(
        Op::Join {},
        RegType::Bin { width: 22 },
        2,
        &[(WORD, &[300, 7]), (RegType::Bin { width: 4 }, &[9, 15]), (WORD, &[1, 511])],
    );
    check(Op::Join {}, WORD, 2, &[(WORD, &[300, 7])]);
    let adder = |m: &mut Make| m.module.netlists.push(netlist(&[9, 9], |b, words| add(b, &words[0], &words[1])));
    let args: [Arg<'_>; 2] = [(WORD, &[500, 3, 0]), (WORD, &[100, 4, 0])];
    check_with(Op::Netlist { netlist: NetlistId(0) }, WORD, 3, None, &args, adder);
}

fn conversions() {
    check(Op::A2b {}, RegType::Bin { width: 11 }, 5, &[(SMALL, &A)]);
    check(Op::B2a { signed: true }, SMALL, 3, &[(WORD, &[511, 256, 3])]);
    check(Op::B2a { signed: false }, SMALL, 3, &[(WORD, &[511, 256, 3])]);
}

fn sorting() {
    let table = [5, 3, 5, 1, 7, -9, 1, 2, 3, 4, 5, 6];
    for columns in [1, 2, 3, 6, 12] {
        check(Op::Sort { columns }, SMALL, 12, &[(SMALL, &table)]);
    }
    let full = RegType::arith(i64::MIN, i64::MAX);
    check(Op::Sort { columns: 1 }, full, 4, &[(full, &[i64::MAX, -1, i64::MIN, 0])]);
    let one = RegType::arith(7, 7);
    check(Op::Sort { columns: 1 }, one, 2, &[(one, &[7, 7])]);
    // Long enough for a radix sort under every protocol.
    let many: Vec<i64> = (0..600).map(|i| i * 7919 % 1001 - 500).collect();
    check(Op::Sort { columns: 1 }, SMALL, 600, &[(SMALL, &many)]);
    check(Op::Sort { columns: 3 }, SMALL, 600, &[(SMALL, &many)]);
}

/// A constant is what it is, whatever number of the source it stands for.
fn rounded_constants() {
    let mut m = Make::new();
    m.module.constants.push(Constant::Words(vec![3, -5]));
    m.module.constants.push(Constant::Words(vec![7]));
    for (id, lanes) in [(0, 2), (1, 2), (1, 1)] {
        let rounded = m.make(Op::ConstRounded { constant: ConstId(id) }, PUBLIC, lanes, &[]);
        m.output(rounded, None);
    }
    assert_eq!(agree(&m.verified(), &[]), [vec![3, -5], vec![7, 7], vec![7]]);
    SEEN.with_borrow_mut(|all| all.insert("const_rounded"));
}

/// Operations of the border, which have no definition in the clear beyond "the same value".
fn border() {
    let mut m = Make::new();
    let a = m.numbers(1, SMALL, 3);
    let told = m.public_input(2, -50, 50, 2);
    let opened = m.open(a, PUBLIC, false);
    let bits = m.truths(0, 2);
    let opened_bits = m.open(bits, RegType::PUB_BOOL, false);
    let message = m.message("all of them");
    for condition in [m.all(bits), m.all(opened_bits)] {
        let check = m.gate(Op::Check { message }, None, &[condition]);
        m.entry(check);
    }
    let stop = m.gate(Op::StopUnless { message }, None, &[m.all(opened_bits)]);
    m.entry(stop);
    for (slot, to) in [(opened, None), (told, None), (opened_bits, None), (a, Some(1)), (bits, Some(2))] {
        m.output(slot, to);
    }
    let module = m.verified();
    let outputs = agree(&module, &[&[1, -2, 3], &[50, -50], &[1, 1]]);
    assert_eq!(outputs, [vec![1, -2, 3], vec![50, -50], vec![1, 1], vec![1, -2, 3], vec![1, 1]]);
    let seen = ["const", "input", "prove_range", "open", "output", "check", "stop_unless"];
    SEEN.with_borrow_mut(|all| all.extend(seen));
}

/// Random words differ from each other and from run to run of a loop.
fn random() {
    let mut m = Make::new();
    let wide = RegType::Bin { width: 60 };
    let all = m.slot(RegType::arith(0, (1 << 60) - 1), 4);
    m.repeat(4, |m, turn| {
        let word = m.make(Op::Random {}, wide, 1, &[]);
        let number = m.make(Op::B2a { signed: false }, RegType::arith(0, (1 << 60) - 1), 1, &[m.all(word)]);
        m.set(Op::Copy {}, crate::make::element(all, 0, turn, 1), &[m.all(number)]);
    });
    m.output(all, None);
    let module: Verified<_> = m.verified();
    let (result, _) = crate::harness::rep3(&module, &[], 1 << 20).remove(0);
    let words: BTreeSet<i64> = result.expect("a run")[0].as_ref().expect("to all")[0].iter().copied().collect();
    assert_eq!(words.len(), 4);
    SEEN.with_borrow_mut(|all| all.insert("random"));
}

#[test]
fn every_operation_means_what_its_definition_says() {
    moves();
    numbers();
    wrapping();
    decisions();
    logic();
    conversions();
    sorting();
    rounded_constants();
    border();
    random();
    SEEN.with_borrow(|seen| {
        let missing: Vec<_> = OPS.iter().map(|op| op.mnemonic).filter(|op| !seen.contains(op)).collect();
        assert_eq!(missing, Vec::<&str>::new(), "operations without a case");
    });
}
