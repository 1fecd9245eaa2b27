//! Large vectors do not outlive their use, and results do not depend on that.

use crate::harness::agree;
use crate::make::Make;
use smpc_bytecode::module::{Dim, View};
use smpc_bytecode::op::Op;
use smpc_bytecode::types::RegType;

const LANES: u64 = 5000;
const SMALL: RegType = RegType::arith(0, 10_000);
const WIDE: RegType = RegType::arith(0, 1 << 40);

/// Registers that are reused, read after a loop, written in parts, moved whole and then changed.
#[test]
fn registers_are_freed_when_nothing_reads_them_any_more() {
    let mut m = Make::new();
    let x = m.numbers(0, SMALL, LANES);
    let moved = m.slot(SMALL, LANES);
    m.set(Op::Copy {}, m.all(moved), &[m.all(x)]);
    let one = m.constant(RegType::pub_int(1, 1), &[1]);
    // The copy changes, the original does not.
    m.set(Op::Copy {}, View::lane(moved, 17), &[m.all(one)]);
    let product = m.slot(WIDE, LANES);
    m.set(Op::Mul {}, m.all(product), &[m.all(x), m.all(moved)]);
    let sum = m.make(Op::Sum { len: LANES }, RegType::arith(0, i64::MAX / 2), 1, &[m.all(product)]);
    // The register is used again, in a loop, and after it.
    m.repeat(3, |m, _| {
        m.set(Op::Mul {}, m.all(product), &[m.all(x), m.all(x)]);
        let half = View { dims: vec![Dim { stride: 1, len: LANES / 2 }], ..m.all(product) };
        let parts = View { dims: vec![Dim { stride: 1, len: LANES / 2 }], ..m.all(x) };
        m.set(Op::Copy {}, half, &[parts]);
    });
    let later = m.make(Op::Sum { len: LANES }, RegType::arith(0, i64::MAX / 2), 1, &[m.all(product)]);
    m.output(sum, None);
    m.output(later, None);
    m.output(moved, Some(0));
    let values: Vec<i64> = (0..5000).map(|i| i * 7 % 10_001).collect();
    let mut changed = values.clone();
    changed[17] = 1;
    let sum: i64 = values.iter().zip(&changed).map(|(a, b)| a * b).sum();
    let later: i64 = values[..2500].iter().sum::<i64>() + values[2500..].iter().map(|a| a * a).sum::<i64>();
    assert_eq!(agree(&m.verified(), &[&values]), [vec![sum], vec![later], changed]);
}
