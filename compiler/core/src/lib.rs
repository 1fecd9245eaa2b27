//! The pure compiler: .smpc source text in, diagnostics and a bytecode module out.
//!
//! Floor 2. No files, sockets, clocks, threads; no protocol. Start at `compile`.

pub mod analysis;
pub mod circuit;
pub mod compile;
pub mod diagnostics;
mod elaborate;
pub mod emit;
pub mod format;
pub mod ir;
pub mod library;
pub mod lints;
pub mod passes;
pub mod source;
pub mod syntax;

pub use compile::{Compiled, Entry, Request, compile};
pub use lints::Lints;
