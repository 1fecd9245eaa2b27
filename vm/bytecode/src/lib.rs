//! The instruction set of `.smpcb` files: one operation table, the module, its encoding, text form and verifier.
//!
//! Floor 1. Knows no protocol and no source language, does no I/O: bytes in, bytes out.

pub mod audit;
pub mod codec;
pub mod facts;
pub mod interval;
pub mod module;
pub mod op;
pub mod reference;
pub mod rounding;
pub mod semantics;
pub mod strings;
pub mod text;
pub mod types;
pub mod verify;
