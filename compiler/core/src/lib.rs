//! The pure compiler: .smpc source text in, diagnostics and a bytecode module out.

pub mod emit;
pub mod ir;
pub mod passes;
