//! `smpcvm`: every party runs it to execute a compiled .smpc program over secret shares.
//!
//! Floor 3.

pub mod decimal;
pub mod engine;
pub mod failure;
pub mod input;
pub mod output;
pub mod program;
pub mod session;
