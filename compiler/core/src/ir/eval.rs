//! The meaning of a gate of the IR: that of its operation in `smpc_bytecode::semantics`.

use super::{Op, Program, RegType, Slot};
use smpc_bytecode::semantics::{self, Fault, Operand};

/// Lanes, each as many words long as its type has limbs.
pub type Lanes = Vec<i64>;

/// The lanes of the result, which lie in its range.
///
/// For `scatter` the first operand is the array before. `const` has no operands.
///
/// # Errors
/// See [`Fault`].
pub fn eval(program: &Program, op: Op, args: &[Lanes], types: &[RegType], result: Slot) -> Result<Lanes, Fault> {
    if let Op::Const { constant } | Op::ConstRounded { constant } = op {
        let lanes = usize::try_from(result.lanes).map_err(|_| Fault::Malformed("too many lanes"))?;
        let constant = program.constants.get(constant.index()).ok_or(Fault::Malformed("no such constant"))?;
        return Ok(constant_lanes(constant, lanes));
    }
    let operands: Vec<Operand<'_>> =
        args.iter().zip(types).map(|(lanes, ty)| Operand { ty: *ty, lanes: lanes.as_slice().into() }).collect();
    let netlist = if let Op::Netlist { netlist } = op { program.netlists.get(netlist.index()) } else { None };
    semantics::eval(op, &result, &operands, netlist)
}

fn constant_lanes(constant: &super::Constant, lanes: usize) -> Lanes {
    match constant {
        super::Constant::Words(words) if words.len() == 1 => vec![words[0]; lanes],
        super::Constant::Words(words) => words.clone(),
        super::Constant::Range { start, step } => {
            let steps = std::iter::successors(Some(*start), |word| Some(word.wrapping_add(*step)));
            steps.take(lanes).collect()
        }
    }
}
