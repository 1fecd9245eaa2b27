//! What every protocol is tested with: parties in threads, and (for protocols and transports outside this crate too) the same checks of each gate
//! against integer arithmetic. Used by tests only; part of the library so that the tests of other crates can run it over their own links.

pub mod memory;
pub mod source;
