//! `smpcvm`: every party runs it to execute a compiled .smpc program over secret shares.
//!
//! Floor 3. The library behind two command lines: this crate's, for one party of a session, and the compiler's, which runs all parties on one machine.
//!
//! * [`program`]: a compiled file, decoded and verified; [`engine`] runs it over a protocol;
//! * [`session`]: what all parties agree on; [`input`] and [`output`]: data in and results out;
//! * [`run`]: parties over links, in threads or as processes, and the cost of a run without one;
//! * [`mod@bench`]: what the machine and the protocols do in a second; [`protocols`]: what each protocol is and what its gates cost;
//! * [`failure`]: how any of it ends otherwise.
//!
//! Knows no protocol's equations and no source language.

pub mod bench;
pub mod decimal;
pub mod engine;
pub mod failure;
pub mod input;
pub mod output;
pub mod program;
pub mod protocols;
pub mod run;
pub mod session;
