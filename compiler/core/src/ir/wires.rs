//! An operation on words as part of a circuit: its result bit by bit, out of the bits of its operands.

use super::{Op, Program};
use smpc_math::circuits;
use smpc_math::netlist::{Bit, Builder};

/// The bits of one lane of the result, which has `width` of them, least significant first; each operand is as wide as its register. `None` for what is no circuit.
pub fn word(program: &Program, b: &mut Builder, op: Op, args: &[&[Bit]], width: usize) -> Option<Vec<Bit>> {
    let mut pairs = |gate: fn(&mut Builder, Bit, Bit) -> Bit| match args {
        [x, y] => Some(x.iter().zip(*y).map(|(x, y)| gate(b, *x, *y)).collect()),
        _ => None,
    };
    match (op, args) {
        (Op::Xor {}, _) => pairs(Builder::xor),
        (Op::And {}, _) => pairs(Builder::and),
        (Op::Or {}, _) => pairs(Builder::or),
        (Op::Not {}, [x]) => Some(circuits::complement(b, x)),
        (Op::Planes { from }, [x]) => Some(circuits::resize(x.get(from as usize..).unwrap_or_default(), width)),
        (Op::Join {}, _) => Some(args.concat()),
        (Op::Eq {}, [x, y]) => Some(vec![circuits::equal(b, x, y)]),
        (Op::Select {}, [condition, x, y]) => Some(circuits::mux(b, *condition.first()?, x, y)),
        (Op::Netlist { netlist }, _) => Some(b.inline(program.netlists.get(netlist.index())?, &args.concat())),
        _ => None,
    }
}

/// The bits of a public integer that is not negative.
#[must_use]
pub fn spelled(word: i64, width: usize) -> Vec<Bit> {
    (0..width).map(|at| Bit::Const(at < 63 && word >> at & 1 == 1)).collect()
}
