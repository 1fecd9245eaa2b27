//! A session between parties: what it is made of, and how it begins over TCP. See [`crate::setup`] for the steps and [`crate::memory`] for
//! the same within one process.

use crate::address;
use crate::agree::CONTROL;
use crate::board::Board;
use crate::control::Control;
use crate::count::Counters;
use crate::doors::Doors;
use crate::emulate::Network;
use crate::error::NetError;
use crate::identity::{Fingerprint, Identity};
use crate::keeper::Keeper;
use crate::links::{Links, Peer};
use crate::relay::Relay;
use crate::setup::{Outcome, Plan, Setup};
use crate::terms::Terms;
use crate::tls::TlsContext;
use smpc_math::prf::Key;
use std::fmt;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

/// Most parties: a set of them is a mask of 64 bits.
pub const MAX_PARTIES: usize = 64;
/// Most data channels between two parties.
pub const MAX_CHANNELS: u32 = 64;

/// Where a party is and what it is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// HOST:PORT.
    pub address: String,
    /// The fingerprint of its key.
    pub fingerprint: Fingerprint,
}

/// What a party has to know to take part in a session.
#[derive(Clone, Debug)]
pub struct Config {
    /// This party's number.
    pub me: usize,
    /// All parties, in their order.
    pub nodes: Vec<Node>,
    /// The time after which a party that says nothing is given up; the bound of every wait.
    pub silence: Duration,
    /// Data channels between each two parties, one for each worker.
    pub channels: u32,
    /// A slower network to emulate.
    pub network: Option<Network>,
}

/// A session that is set up. Dropping it without [`Control::finish`] tells the peers that this party has failed.
pub struct Mesh {
    /// The session's id: the same at all its parties, and at no others.
    pub session: [u8; 32],
    /// The links of the first worker.
    pub links: Links,
    /// The links of further workers.
    pub more: Vec<Links>,
    /// The session's life.
    pub control: Control,
    keys: Vec<Option<Key>>,
}

impl Mesh {
    /// Takes out the key that this party shares with a peer, fresh in each session; `None` for this party itself and at the second time.
    pub fn key(&mut self, peer: usize) -> Option<Key> {
        self.keys.get_mut(peer).and_then(Option::take)
    }
}

impl fmt::Debug for Mesh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mesh of party {} of {}", self.links.me(), self.links.parties())
    }
}

/// Sets up a session: listens at this party's address, connects to the others, compares terms. It waits for parties that start later, each
/// until it has said nothing for `config.silence`. `log` hears what an operator may want to know: refused connections, parties that cannot be
/// reached.
///
/// # Errors
/// [`NetError::Config`], [`NetError::Address`] and [`NetError::Bind`] for what cannot work; [`NetError::Lost`] and [`NetError::Left`] for a party
/// that does not come or goes away; [`NetError::Differs`] where a party was started with other terms; [`NetError::Protocol`] for one that
/// misbehaves.
pub fn connect(identity: &Identity, config: &Config, terms: &Terms, log: &dyn Fn(&str)) -> Result<Mesh, NetError> {
    connect_on(None, identity, config, terms, log)
}

/// As [`connect`], accepting on a listener that is bound already: for who starts all parties on one machine and lets the system pick ports.
///
/// # Errors
/// As [`connect`].
pub fn connect_on(
    listener: Option<TcpListener>,
    identity: &Identity,
    config: &Config,
    terms: &Terms,
    log: &dyn Fn(&str),
) -> Result<Mesh, NetError> {
    check(config)?;
    if config.nodes[config.me].fingerprint != identity.fingerprint() {
        return Err(NetError::Config {
            what: format!(
                "this identity has the fingerprint {}, the session has {} for party {}",
                identity.fingerprint(),
                config.nodes[config.me].fingerprint,
                config.me
            ),
        });
    }
    connect_as(listener, identity, config, terms, log)
}

/// As [`connect_on`], whatever the identity.
pub(crate) fn connect_as(
    listener: Option<TcpListener>,
    identity: &Identity,
    config: &Config,
    terms: &Terms,
    log: &dyn Fn(&str),
) -> Result<Mesh, NetError> {
    let mut terms = terms.clone();
    for (party, node) in config.nodes.iter().enumerate() {
        terms.add_missing(&format!("node {party}"), node.fingerprint);
    }
    terms.add_missing("network", config.network.map_or_else(|| "as it is".to_owned(), |network| network.to_string()));
    let plan = plan(config.me, config.nodes.len(), config.channels, config.silence, terms);
    let numbers = (0..config.channels).chain([CONTROL]).collect();
    let doors = Doors::open(&TlsContext::new(identity)?, config, listener, numbers, log)?;
    let relay = config.network.map(Relay::start).transpose()?;
    let outcome = Setup::new(plan, Some(doors), relay, log)?.run()?;
    assemble(config.me, config.channels, config.silence, outcome)
}

/// What to set up, with the terms that the links themselves depend on.
pub(crate) fn plan(me: usize, parties: usize, channels: u32, silence: Duration, mut terms: Terms) -> Plan {
    terms.add_missing("links", "version 1");
    terms.add_missing("parties", parties);
    terms.add_missing("channels", channels);
    terms.add_missing("silence", crate::keeper::seconds(silence));
    Plan { me, parties, channels, silence, terms }
}

/// Refuses what cannot work.
pub(crate) fn check_limits(silence: Duration, network: Option<Network>) -> Result<(), NetError> {
    let refuse = |what: String| Err(NetError::Config { what });
    if silence < Duration::from_millis(100) || silence > Duration::from_secs(7 * 24 * 3600) {
        return refuse("the session's silence must lie between 0.1 seconds and a week".into());
    }
    match network {
        Some(network) if network.rtt * 4 > silence => {
            refuse(format!("the session's silence must be at least four round trips of the network {network}"))
        }
        _ => Ok(()),
    }
}

fn check(config: &Config) -> Result<(), NetError> {
    let refuse = |what: String| Err(NetError::Config { what });
    check_limits(config.silence, config.network)?;
    let parties = config.nodes.len();
    if config.me >= parties || parties > MAX_PARTIES {
        return refuse(format!("there is no party {} of {parties}, or there are more than {MAX_PARTIES}", config.me));
    }
    if config.channels == 0 || config.channels > MAX_CHANNELS {
        return refuse(format!("the number of channels must lie between 1 and {MAX_CHANNELS}"));
    }
    for (party, node) in config.nodes.iter().enumerate() {
        address::check(party, &node.address)?;
        if let Some(other) = config.nodes[..party].iter().position(|other| other.fingerprint == node.fingerprint) {
            return refuse(format!(
                "parties {other} and {party} have the same fingerprint; each needs a key of its own"
            ));
        }
    }
    Ok(())
}

/// Makes the session of what the set-up has come to.
pub(crate) fn assemble(me: usize, channels: u32, silence: Duration, outcome: Outcome) -> Result<Mesh, NetError> {
    let (session, ready, relay) = outcome;
    let parties = ready.len();
    let pair = || -> Result<(UnixStream, UnixStream), NetError> {
        let (one, other) = UnixStream::pair().map_err(NetError::internal)?;
        one.set_nonblocking(true).map_err(NetError::internal)?;
        other.set_nonblocking(true).map_err(NetError::internal)?;
        Ok((one, other))
    };
    let (nudge, nudged) = pair()?;
    let (mut wakes, mut workers) = (Vec::new(), Vec::new());
    for _ in 0..channels {
        let ((wake, woken), counters) = (pair()?, Counters::new(parties));
        wakes.push((counters.clone(), wake));
        workers.push((woken, counters, Vec::with_capacity(parties)));
    }
    let board = Arc::new(Board::new(parties, wakes, nudge, silence));
    let (mut watched, mut keys, mut data) = (Vec::new(), Vec::new(), Vec::new());
    for peer in ready {
        let Some(peer) = peer else {
            workers.iter_mut().for_each(|worker| worker.2.push(None));
            watched.push(None);
            keys.push(None);
            continue;
        };
        for ((channel, opening), worker) in peer.data.into_iter().zip(peer.openings).zip(&mut workers) {
            data.push(channel.keep().map_err(NetError::internal)?);
            worker.2.push(Some(Peer { channel, opening: Some((Box::new(opening), Vec::new())) }));
        }
        watched.push(Some(peer.watched));
        keys.push(Some(peer.pair.key));
    }
    let mut links: Vec<Links> = workers
        .into_iter()
        .enumerate()
        .map(|(worker, (woken, counters, peers))| Links::new(me, worker, peers, board.clone(), woken, counters))
        .collect();
    if links.is_empty() {
        return Err(NetError::internal("a session without channels"));
    }
    let control = Control::start(Keeper { me, board, peers: watched, nudged, data, relay })?;
    let more = links.split_off(1);
    let links = links.remove(0);
    Ok(Mesh { session, links, more, control, keys })
}
