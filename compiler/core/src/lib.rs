//! The pure compiler: .smpc source text in, diagnostics and a bytecode module out.
