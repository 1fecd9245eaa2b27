//! Links between the parties of a session: who they are, how a session begins, lives and ends, and the bytes in between.
//!
//! ```text
//!  Identity + Config + Terms ── connect ──┐                ┌─ Links    the worker's: bytes to and from each peer, and waiting
//!                                         ├── Mesh ────────┼─ Control  anyone's: progress, finish, abort
//!           local_mesh ── LocalEnd::open ─┘                └─ key(p)   fresh for each pair and session
//! ```
//!
//! * Between processes every connection is mutual TLS 1.3 with pinned keys ([`Identity`], [`Fingerprint`]); there is no option to switch that
//!   off. Within a process ([`local_mesh`]) the same code runs over socket pairs.
//! * Each pair of parties has one control channel, kept by a thread of its own at each party, and one data channel a worker, which that worker
//!   alone touches. No byte of data changes threads.
//! * Every wait has a bound: a party that is gone, or silent for longer than the session allows, ends the run at all others by an error that
//!   names it ([`NetError`]).
//! * [`Network`] emulates a slower network, [`Counters`] count, [`Tap`] records and [`Shuffled`] upsets what goes over the links.
//!
//! This crate knows no share, no gate and no bytecode: what it carries are bytes, and what it compares are names and values.

mod address;
mod agree;
mod board;
mod channel;
mod control;
mod count;
mod doors;
mod emulate;
mod error;
mod frame;
mod identity;
mod keeper;
mod line;
mod links;
mod memory;
mod mesh;
mod pieces;
mod record;
mod relay;
mod schedule;
mod setup;
mod stream;
mod tap;
mod terms;
mod tls;

pub use agree::fresh_key;
pub use control::Control;
pub use count::{Count, Counters};
pub use emulate::{Network, NotANetwork};
pub use error::{Fault, Leave, NetError};
pub use identity::{Fingerprint, Identity, NotAFingerprint};
pub use links::{Links, Transport};
pub use memory::{LocalEnd, local_mesh, local_mesh_of};
pub use mesh::{Config, MAX_CHANNELS, MAX_PARTIES, Mesh, Node, connect, connect_on};
pub use schedule::Shuffled;
pub use tap::{Record, Tap};
pub use terms::Terms;
