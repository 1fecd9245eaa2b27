//! Parties as processes: `smpcvm` itself, over TLS on loopback, with session files and keys as operators have them.

#[path = "../engine/make.rs"]
#[allow(dead_code, reason = "shared with the engine's tests, which use more of it")]
mod make;

mod cheaters;
mod data;
mod faults;
mod protocols;
mod runs;
mod setup;
