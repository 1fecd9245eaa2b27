//! Command line of the compiler.

use std::process::ExitCode;

/// The checker makes many small values, and the parties that `smpcc run` starts large vectors.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    smpcc::main()
}
