//! The pure compiler: .smpc source text in, diagnostics and a bytecode module out.

pub mod diagnostics;
pub mod emit;
pub mod ir;
pub mod passes;
pub mod source;
pub mod syntax;
