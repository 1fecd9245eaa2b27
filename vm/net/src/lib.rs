//! Links between parties: TLS over TCP, in process, emulation, counters, taps, handshake.

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
mod record;
mod relay;
mod schedule;
mod setup;
mod stream;
mod tap;
mod terms;
mod tls;

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
