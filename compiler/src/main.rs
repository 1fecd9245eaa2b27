//! Command line of the compiler.

use std::process::ExitCode;

/// The checker makes many small values. The parties that `smpcc run` starts have it too, `smpcvm` has the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    smpcc::main()
}
