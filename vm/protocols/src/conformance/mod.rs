//! What every protocol is tested with: parties in threads, and the same checks of each gate against integer arithmetic for any protocol over any
//! links. Used by tests only; part of the library so that the tests of other crates can run it over their own transports.

pub mod blocks;
pub mod cheat;
pub mod data;
pub mod enumerate;
// Release builds do not share instances, and should not have them.
#[cfg(debug_assertions)]
pub mod instances;
pub mod memory;
pub mod slips;
pub mod source;
pub mod suite;
pub mod targets;
pub mod threads;
pub mod views;
