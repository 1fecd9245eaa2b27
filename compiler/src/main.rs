//! Command line of the compiler.

use std::process::ExitCode;

/// The checker makes many small values; this takes a fifth off its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    smpcc::main()
}
