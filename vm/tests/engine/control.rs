//! Loops, choices, calls, and what runs side by side.

use crate::harness::{agree, counted, rep3};
use crate::make::{Make, element};
use smpc_bytecode::module::{Bound, View};
use smpc_bytecode::op::Op;
use smpc_bytecode::types::RegType;

const NUMBER: RegType = RegType::arith(-1_000_000, 1_000_000);
const SMALL: RegType = RegType::arith(-100, 100);
const INDEX: RegType = RegType::pub_int(0, 1000);

/// `for i in 0..n { y = max(y, x[i]) }`, and the running maxima.
#[test]
fn a_loop_over_elements() {
    let mut m = Make::new();
    let xs = m.numbers(0, SMALL, 6);
    let best = m.slot(SMALL, 1);
    let all = m.slot(SMALL, 6);
    m.repeat(6, |m, i| {
        let greater = m.make(Op::Lt {}, RegType::BIN_BOOL, 1, &[m.all(best), element(xs, 0, i, 1)]);
        m.set(Op::Select {}, m.all(best), &[m.all(greater), element(xs, 0, i, 1), m.all(best)]);
        m.set(Op::Copy {}, element(all, 5, i, -1), &[m.all(best)]);
    });
    m.output(best, None);
    m.output(all, Some(2));
    let outputs = agree(&m.verified(), &[&[-5, 3, 2, 60, -70, 59]]);
    assert_eq!(outputs, [vec![60], vec![60, 60, 60, 3, 3, 0]]);
}

/// A register that keeps its value from turn to turn without a peer, rows and columns by view.
#[test]
fn rows_and_columns() {
    let mut m = Make::new();
    let table = m.numbers(1, SMALL, 12);
    let sums = m.slot(NUMBER, 3);
    m.repeat(3, |m, row| {
        let mut of_row = View::whole(table, 4);
        of_row.index = element(table, 0, row, 4).index;
        let sum = m.make(Op::Sum { len: 4 }, NUMBER, 1, &[of_row]);
        m.set(Op::Copy {}, element(sums, 0, row, 1), &[m.all(sum)]);
    });
    let mut column = View::whole(table, 3);
    (column.offset, column.dims[0].stride) = (1, 4);
    let product = m.make(Op::Mul {}, RegType::arith(-(1 << 40), 1 << 40), 3, &[m.all(sums), column]);
    m.output(product, None);
    let values: Vec<i64> = (0..12).collect();
    assert_eq!(agree(&m.verified(), &[&values]), [vec![6, 22 * 5, 38 * 9]]);
}

/// A `while` and an `if` whose conditions are opened, and a loop whose end is.
#[test]
fn revealed_values_steer() {
    let mut m = Make::new();
    let x = m.numbers(0, SMALL, 1);
    let left = m.slot(SMALL, 1);
    m.set(Op::Copy {}, m.all(left), &[m.all(x)]);
    let zero = m.constant(RegType::pub_int(0, 0), &[0]);
    let turns = m.slot(INDEX, 1);
    let one = m.constant(RegType::pub_int(1, 1), &[1]);
    m.while_loop(
        |m| {
            let positive = m.make(Op::Lt {}, RegType::BIN_BOOL, 1, &[m.all(zero), m.all(left)]);
            m.open(positive, RegType::PUB_BOOL, true)
        },
        |m| {
            m.set(Op::Add {}, m.all(turns), &[m.all(turns), m.all(one)]);
            let less = m.make(Op::Sub {}, RegType::arith(-101, 99), 1, &[m.all(left), m.all(one)]);
            m.set(Op::Trunc { bits: 1 }, m.all(left), &[m.all(less)]);
        },
    );
    let y = m.slot(NUMBER, 1);
    let some = m.make(Op::Lt {}, RegType::PUB_BOOL, 1, &[m.all(one), m.all(turns)]);
    m.choice(
        some,
        |m| m.set(Op::Mul {}, m.all(y), &[m.all(x), m.all(x)]),
        |m| m.set(Op::Copy {}, m.all(y), &[m.all(zero)]),
    );
    let end = m.open(x, RegType::pub_int(-100, 100), true);
    let count = m.loop_entry(Bound::Const(0), Bound::Slot(end), |m, _| {
        m.make(Op::Mul {}, RegType::arith(-10_000, 10_000), 1, &[m.all(x), m.all(x)]);
    });
    m.entry(count);
    m.output(y, None);
    m.output(turns, None);
    let module = m.verified();
    // Counters are compared where nothing that costs is revealed; here only results.
    for (x, y, turns) in [(21_i64, 441, 4), (1, 0, 1), (-7, 0, 0)] {
        for (result, _) in rep3(&module, &[&[x]], 1 << 20) {
            let result = result.expect("a run");
            assert_eq!(crate::harness::lanes(&result, 0), Some(&[y][..]));
            assert_eq!(crate::harness::lanes(&result, 1), Some(&[turns][..]));
        }
    }
}

/// A function on registers of its own, called from a loop.
#[test]
fn calls() {
    let mut m = Make::new();
    let x = m.numbers(0, SMALL, 2);
    let (argument, result) = (m.slot(SMALL, 2), m.slot(RegType::arith(0, 10_000), 2));
    let body = m.block(|m| {
        let square = m.make(Op::Mul {}, RegType::arith(0, 10_000), 2, &[m.all(argument), m.all(argument)]);
        m.set(Op::Copy {}, m.all(result), &[m.all(square)]);
    });
    m.module.functions.push(smpc_bytecode::module::Function { name: "square".into(), body });
    let sum = m.slot(NUMBER, 2);
    m.repeat(3, |m, _| {
        m.set(Op::Copy {}, m.all(argument), &[m.all(x)]);
        m.call(0);
        let more = m.make(Op::Add {}, RegType::arith(-2_000_000, 2_000_000), 2, &[m.all(sum), m.all(result)]);
        // Half of (sum + square).
        m.set(Op::Trunc { bits: 1 }, m.all(sum), &[m.all(more)]);
    });
    m.output(sum, None);
    assert_eq!(agree(&m.verified(), &[&[4, -10]]), [vec![14, 87]]);
}

/// The rounds of independent blocks merge: as many as the longer one takes.
#[test]
fn blocks_side_by_side_share_rounds() {
    let chain = |lengths: &[i64]| {
        let mut m = Make::new();
        let x = m.numbers(0, RegType::arith(-1, 1), 1);
        let ys: Vec<_> = lengths.iter().map(|_| m.slot(RegType::arith(-1, 1), 1)).collect();
        for y in &ys {
            m.set(Op::Copy {}, m.all(*y), &[m.all(x)]);
        }
        let entries = ys
            .iter()
            .zip(lengths)
            .map(|(y, turns)| {
                m.loop_entry(Bound::Const(0), Bound::Const(*turns), |m, _| {
                    m.set(Op::Mul {}, m.all(*y), &[m.all(*y), m.all(x)]);
                })
            })
            .collect();
        m.level(entries);
        ys.iter().for_each(|y| m.output(*y, None));
        m.verified()
    };
    let both = chain(&[5, 9]);
    // (−1)^(turns + 1)
    assert_eq!(agree(&both, &[&[-1]]), [vec![1], vec![1]]);
    let rounds = |lengths: &[i64]| counted(&chain(lengths), u64::MAX)[0].rounds;
    assert_eq!(rounds(&[5, 9]), rounds(&[9]) + 1, "one more output, and no more products in a row");
}
