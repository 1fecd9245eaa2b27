//! `smpcc inspect`: a compiled program as text, so that an operator can read what it takes and gives before running it.

use crate::cli::Inspect;
use crate::{Done, one};
use smpc_bytecode::text;
use smpcvm::program::Program;
use smpcvm::session::hex;

pub(crate) fn run(arguments: &Inspect) -> Done {
    // Nothing is run, so nothing is too large to be looked at.
    let program = Program::load(&arguments.file, u64::MAX).map_err(one)?;
    let hash = hex(&program.hash);
    Ok(format!(
        "// SHA-256 {hash}\n// registers, and what gates hold beside them, take {} bytes\n{}",
        program.module.memory(),
        text::print(&program.module)
    ))
}
