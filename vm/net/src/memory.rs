//! A session within one process: the same set-up, control channels and waiting, over socket pairs and without encryption. Each party is driven by a
//! thread of its own.

use crate::agree::CONTROL;
use crate::channel::Channel;
use crate::doors::Arrived;
use crate::emulate::Network;
use crate::error::NetError;
use crate::mesh::{Mesh, assemble, check_limits, plan};
use crate::relay::Relay;
use crate::setup::Setup;
use crate::stream::Stream;
use crate::terms::Terms;
use std::fmt;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// One party's end of a session within a process.
pub struct LocalEnd {
    me: usize,
    parties: usize,
    channels: u32,
    silence: Duration,
    network: Option<Network>,
    /// Sockets to each peer: data channels first, then the control channel. The error, where the system gave none.
    sockets: Vec<(usize, u32, std::io::Result<UnixStream>)>,
}

/// The ends of a session between threads, one a party, with one data channel between each two.
#[must_use]
pub fn local_mesh(parties: usize, silence: Duration, network: Option<Network>) -> Vec<LocalEnd> {
    local_mesh_of(parties, 1, silence, network)
}

/// As [`local_mesh`], with this many data channels between each two parties.
#[must_use]
pub fn local_mesh_of(parties: usize, channels: u32, silence: Duration, network: Option<Network>) -> Vec<LocalEnd> {
    let mut ends: Vec<LocalEnd> =
        (0..parties).map(|me| LocalEnd { me, parties, channels, silence, network, sockets: Vec::new() }).collect();
    for high in 0..parties {
        for low in 0..high {
            for number in (0..channels).chain([CONTROL]) {
                let (one, other) = match UnixStream::pair() {
                    Ok((one, other)) => (Ok(one), Ok(other)),
                    Err(error) => (Err(error.kind().into()), Err(error)),
                };
                ends[low].sockets.push((high, number, one));
                ends[high].sockets.push((low, number, other));
            }
        }
    }
    ends
}

impl LocalEnd {
    /// This party's number.
    #[must_use]
    pub fn me(&self) -> usize {
        self.me
    }

    /// Sets up the session; every party must do so at the same time, in a thread of its own.
    ///
    /// # Errors
    /// As [`crate::connect`].
    pub fn open(self, terms: Terms) -> Result<Mesh, NetError> {
        check_limits(self.silence, self.network)?;
        if self.parties > crate::mesh::MAX_PARTIES || self.channels == 0 || self.channels > crate::mesh::MAX_CHANNELS {
            return Err(NetError::Config { what: "too many parties, or no channel, or too many".into() });
        }
        let plan = plan(self.me, self.parties, self.channels, self.silence, terms);
        let relay = self.network.map(Relay::start).transpose()?;
        let mut setup = Setup::new(plan, None, relay, &|_| {})?;
        for (party, number, socket) in self.sockets {
            let socket = socket.map_err(NetError::internal)?;
            let mut stream = Stream::unix(socket).map_err(NetError::internal)?;
            let divert = |relay: &mut Relay| relay.divert(&mut stream, self.me > party);
            let pipe = setup.relay.as_mut().map(divert).transpose()?;
            setup.place(Arrived { party, number, channel: Channel::plain(stream), pipe });
        }
        assemble(self.me, self.channels, self.silence, setup.run()?)
    }
}

impl fmt::Debug for LocalEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalEnd of party {} of {}", self.me, self.parties)
    }
}
