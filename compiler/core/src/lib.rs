//! The pure compiler: .smpc source text in, diagnostics and a bytecode module out.
//!
//! Floor 2. No files, sockets, clocks, threads; no protocol. Start at `compile`.

pub mod analysis;
pub mod compile;
pub mod diagnostics;
mod elaborate;
pub mod emit;
pub mod ir;
pub mod library;
pub mod passes;
pub mod source;
pub mod syntax;

pub use compile::{Compiled, Request, compile};
