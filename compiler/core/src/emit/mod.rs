//! From IR to bytecode: levels, registers, code.
//!
//! [`emit`] takes a program that verifies, puts the last copies in (`passes::in_place`), plans levels (`passes::schedule`), decides
//! which values share a register (`classes`), gives out registers by liveness (`slots`) and writes the module (`code`). All orders follow from
//! ids and source order, so that the same program gives the same module. Pure; checks nothing that `ir::verify` and the
//! bytecode's verifier check.

mod classes;
mod code;
mod layout;
mod slots;

use crate::ir::Program;
use crate::passes::{in_place, schedule};
use smpc_bytecode::module::Module;

/// The module of a program.
#[must_use]
pub fn emit(program: Program) -> Module {
    let mut program = in_place::run(program);
    let plan = schedule::schedule(&program);
    let body = std::mem::take(&mut program.body);
    let layout = layout::Layout::of(&program, &body, &plan);
    let mut classes = classes::Classes::of(&program, &layout);
    let slots = slots::allocate(&program, &layout, &mut classes);
    code::write(&program, &layout, &mut classes, slots)
}

/// Bits of a scalar that is a word or a truth value.
pub(crate) const fn word_width(scalar: &smpc_bytecode::types::DataType) -> Option<u32> {
    match scalar {
        smpc_bytecode::types::DataType::Bool => Some(1),
        smpc_bytecode::types::DataType::Bits { width } => Some(*width),
        _ => None,
    }
}
