//! Secret-sharing protocols: the trait, the round executor, the gates, one module a protocol.
//!
//! Floor 2. Knows no bytecode, no source language, no files and no sockets: vectors of shares in, vectors of shares out, bytes through the [`Wire`] that
//! it is handed.
//!
//! * [`protocol`]: what a protocol is; start there.
//! * [`executor`], [`tick`], [`piece`], [`mod@join`]: rounds. A gate is an `async fn`; futures that are polled side by side share their rounds.
//! * [`workers`]: several threads for a party's own work on long vectors.
//! * [`plain`], [`rep3`], [`mal_rep3`], [`rep4`], [`shamir`], [`mal_shamir`]: the protocols; [`registry`] lists them.
//! * [`gates`]: gates that are the same for all protocols.

mod agree;
pub(crate) mod bits;
pub(crate) mod buffer;
pub(crate) mod circuits;
pub mod conformance;
pub mod error;
pub mod executor;
pub mod gates;
pub mod join;
pub mod keys;
pub mod lanes;
pub(crate) mod layout;
pub mod mal_rep3;
pub mod mal_shamir;
pub(crate) mod matrix;
pub(crate) mod message;
mod permutation;
pub mod piece;
pub mod plain;
pub mod protocol;
mod queue;
pub mod registry;
pub mod rep3;
pub mod rep4;
pub(crate) mod ring;
pub mod shamir;
pub mod tape;
pub mod tick;
pub mod wire;
pub mod workers;

pub use error::{Error, named};
pub use executor::{Cx, Executor, Stats};
pub use join::{join, join_all, join3};
pub use keys::{Keys, Source};
pub use lanes::{Lanes, Range};
pub use piece::{Incoming, Outgoing};
pub use protocol::{BinShares, Protocol, Shares};
pub use tape::Tape;
pub use tick::{CHUNK, HEADER};
pub use wire::Wire;
