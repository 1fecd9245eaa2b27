//! Connections of one party to the others over TCP, up to a finished TLS handshake: accepts those of parties with higher numbers, connects to
//! those with lower ones, and tries again until told to stop. Nothing here waits; [`Doors::step`] does what can be done now.
//!
//! Anyone may connect. Whoever does not show a key of the session is logged and dropped. Places are bounded, each is held for a bounded time, and
//! where they run short, a crowd keeps no party from getting in:
//!
//! * Silent guests go first. One whose TLS greeting names a channel of the session outlives them for a while, so a handshake over a slow link
//!   is not pushed out by connections that cost nothing to make.
//! * Among those, the guests of the address that has most of them go first, as far as it has more than all callers together need.
//! * Among equals, the silent one that has had most time goes, but any one of those that have greeted: nobody can time it.

use crate::address::Resolved;
use crate::channel::Channel;
use crate::error::NetError;
use crate::identity::Fingerprint;
use crate::mesh::Config;
use crate::record::Tls;
use crate::relay::Relay;
use crate::stream::{Gone, Stream};
use crate::tls::{TlsContext, client_end, established, server_end};
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use rustls::{ClientConfig, ServerConfig};
use std::collections::{BTreeMap, VecDeque};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most connections that are in their handshake, and most that are accepted before the others get a turn.
const GUESTS: usize = 128;
const AT_ONCE: usize = 64;
/// Longest time for a TLS handshake, and for TCP to answer.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a guest that has greeted outlives silent ones.
const PATIENCE: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(5);
/// Shortest and longest time between two attempts to connect.
const SOON: Duration = Duration::from_millis(10);
const LATER: Duration = Duration::from_millis(250);
/// A name that has no address is looked up again at every so manieth attempt.
const RESOLVED_AGAIN: usize = 16;
/// Most kinds of trouble, with strangers and with each party, that are logged one by one.
const LOGGED: usize = 8;

/// A connection whose other end has proved to be a party.
pub(crate) struct Arrived {
    pub(crate) party: usize,
    pub(crate) number: u32,
    pub(crate) channel: Channel,
    /// Its number in the emulated network.
    pub(crate) pipe: Option<u64>,
}

/// A connection in its handshake.
struct Guest {
    channel: Channel,
    pipe: Option<u64>,
    since: Instant,
    from: Option<SocketAddr>,
}

impl Guest {
    /// Whether it may be sent away before others: its greeting names no channel of the session, or it has not come further for long.
    fn is_silent(&self, now: Instant) -> bool {
        let greeted = self.channel.state().is_some_and(|state| state.alpn_protocol().is_some());
        !greeted || now.saturating_duration_since(self.since) >= PATIENCE
    }

    /// The address that its place is charged to: of IPv6 the part that a network gives to one customer.
    fn source(&self) -> Option<IpAddr> {
        self.from.map(|from| match from.ip().to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
            address => address,
        })
    }
}

enum Attempt {
    /// The next attempt is at this time.
    At(Instant),
    Connecting(TcpStream, Instant),
    Greeting(Box<Guest>),
    Up,
}

/// A channel that this party connects.
struct Dial {
    party: usize,
    number: u32,
    config: Arc<ClientConfig>,
    /// The address as written, and what it means.
    name: String,
    address: Resolved,
    tries: usize,
    attempt: Attempt,
}

/// What keeps a party from having all its connections.
#[derive(Default)]
struct Trouble {
    /// The last thing that went wrong.
    last: Option<String>,
    /// The last one about keys. What happens once they are found not to match explains less.
    keys: Option<String>,
    /// What the operator has been told of.
    told: Vec<String>,
}

/// Connections that were refused.
#[derive(Default)]
struct Refused {
    count: usize,
    last: String,
}

impl Refused {
    fn add(&mut self, from: &str, what: &str) {
        self.count += 1;
        self.last = format!("{from}: {what}");
    }
}

/// See the module's text.
pub(crate) struct Doors<'a> {
    listener: Option<TcpListener>,
    server: Option<Arc<ServerConfig>>,
    /// The fingerprints of all parties.
    known: Vec<Fingerprint>,
    me: usize,
    numbers: Vec<u32>,
    /// The oldest first.
    guests: VecDeque<Guest>,
    /// Connections that all callers together make.
    expected: usize,
    dials: Vec<Dial>,
    /// By party.
    troubles: Vec<Trouble>,
    strangers: Refused,
    /// Those of them that were refused over keys, by either end.
    keyless: Refused,
    /// What the operator has been told of them.
    told: Vec<String>,
    /// No connection is accepted before this time.
    pause: Option<Instant>,
    log: &'a dyn Fn(&str),
}

impl<'a> Doors<'a> {
    /// Opens the doors for the channels with these numbers.
    pub(crate) fn open(
        context: &TlsContext,
        config: &Config,
        listener: Option<TcpListener>,
        numbers: Vec<u32>,
        log: &'a dyn Fn(&str),
    ) -> Result<Self, NetError> {
        let (me, now) = (config.me, Instant::now());
        let known: Vec<Fingerprint> = config.nodes.iter().map(|node| node.fingerprint).collect();
        let mut dials = Vec::new();
        for (party, node) in config.nodes[..me].iter().enumerate() {
            let address = Resolved::start(&node.address);
            for &number in &numbers {
                let (config, name) = (context.client(node.fingerprint, number)?, node.address.clone());
                let (address, attempt) = (address.clone(), Attempt::At(now));
                dials.push(Dial { party, number, config, name, address, tries: 0, attempt });
            }
        }
        let callers = known[me + 1..].to_vec();
        let expected = callers.len() * numbers.len();
        let (listener, server) = if callers.is_empty() {
            (None, None)
        } else {
            let listener = match listener {
                Some(listener) => listener,
                None => crate::address::listen(&config.nodes[me].address, log)?,
            };
            listener.set_nonblocking(true).map_err(NetError::internal)?;
            (Some(listener), Some(context.server(callers, &numbers)?))
        };
        Ok(Self {
            listener,
            server,
            me,
            numbers,
            guests: VecDeque::new(),
            expected,
            dials,
            troubles: known.iter().map(|_| Trouble::default()).collect(),
            known,
            strangers: Refused::default(),
            keyless: Refused::default(),
            told: Vec::new(),
            pause: None,
            log,
        })
    }

    /// What keeps a party from having all its connections, as far as is known.
    pub(crate) fn trouble(&self, party: usize) -> Option<String> {
        let Trouble { last, keys, .. } = &self.troubles[party];
        match (keys, last) {
            (Some(keys), Some(last)) if keys != last => Some(format!("{keys}; and at last: {last}")),
            _ => last.clone(),
        }
    }

    /// Whether the keys that a party and this one know each other by do not match.
    pub(crate) fn keys_differ(&self, party: usize) -> bool {
        self.troubles[party].keys.is_some()
    }

    /// How many connections were refused, and why the last one; whether it was over keys.
    pub(crate) fn refused(&self) -> Option<(String, bool)> {
        let keys = self.keyless.count > 0;
        let Refused { count, last } = if keys { &self.keyless } else { &self.strangers };
        let text = match count {
            0 => return None,
            1 => format!("a connection was refused{last}"),
            _ => format!("{count} connections were refused, the last{last}"),
        };
        Some((text, keys))
    }

    /// A party has spoken: what went wrong before is over.
    pub(crate) fn well(&mut self, party: usize) {
        self.troubles[party] = Trouble::default();
    }

    /// Notes what went wrong with a party, and tells the operator once.
    fn note(&mut self, party: usize, what: String, keys: bool, tell: impl FnOnce(&str) -> Option<String>) {
        let trouble = &mut self.troubles[party];
        if !trouble.told.contains(&what)
            && trouble.told.len() < LOGGED
            && let Some(line) = tell(&what)
        {
            (self.log)(&line);
            trouble.told.push(what.clone());
        }
        if keys {
            trouble.keys = Some(what.clone());
        }
        trouble.last = Some(what);
    }

    /// The address of a party that this one connects to, as written.
    pub(crate) fn name(&self, party: usize) -> Option<String> {
        self.dials.iter().find(|dial| dial.party == party).map(|dial| dial.name.clone())
    }

    /// Why the address of a party has no meaning, where that is what keeps it from being reached.
    pub(crate) fn unresolved(&self, party: usize) -> Option<String> {
        let mut dials = self.dials.iter().filter(|dial| dial.party == party);
        dials.find_map(|dial| dial.address.get().and_then(Result::err))
    }

    /// A channel that was up is gone: connects it again, if that is this party's part.
    pub(crate) fn again(&mut self, party: usize, number: u32, gone: &Gone) {
        let tell = |what: &str| Some(format!("a connection of party {party} is gone during set-up: {what}"));
        self.note(party, gone.to_string(), gone.is_about_keys(), tell);
        let now = Instant::now();
        for dial in self.dials.iter_mut().filter(|dial| dial.party == party && dial.number == number) {
            dial.retry(now);
        }
    }

    /// Does what can be done now; the connections that have come up.
    pub(crate) fn step(&mut self, relay: &mut Option<Relay>) -> Result<Vec<Arrived>, NetError> {
        let now = Instant::now();
        let mut arrived = Vec::new();
        let room = self.accept(relay, now)?;
        // Everyone is heard before anyone is sent away.
        self.welcome(&mut arrived, now);
        self.crowd_out(room, now);
        for place in 0..self.dials.len() {
            arrived.extend(self.dial(place, relay, now)?);
        }
        Ok(arrived)
    }

    /// Lets guests in; how many may stay.
    fn accept(&mut self, relay: &mut Option<Relay>, now: Instant) -> Result<usize, NetError> {
        let (Some(listener), Some(server)) = (&self.listener, &self.server) else { return Ok(GUESTS) };
        if self.pause.is_some_and(|until| until > now) {
            return Ok(GUESTS);
        }
        for _ in 0..AT_ONCE {
            match listener.accept() {
                Ok((socket, from)) => {
                    let Ok(mut stream) = Stream::tcp(socket) else { continue };
                    let pipe = relay.as_mut().map(|relay| relay.divert(&mut stream, false)).transpose()?;
                    let channel = Channel::secure(stream, Tls::server(server_end(server.clone())?));
                    self.guests.push_back(Guest { channel, pipe, since: now, from: Some(from) });
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => {}
                Err(error) => {
                    // Most likely too many open files: gives places back and waits a moment.
                    (self.log)(&format!("no connection can be accepted now: {error}"));
                    self.pause = Some(now + LATER);
                    return Ok(self.guests.len().min(GUESTS) / 2);
                }
            }
        }
        Ok(GUESTS)
    }

    /// Sends guests away until no more than `room` are left, in the order of the module's text.
    fn crowd_out(&mut self, room: usize, now: Instant) {
        if self.guests.len() <= room {
            return;
        }
        let crowd = |guest: &Guest| (guest.is_silent(now), guest.source());
        let mut crowds: BTreeMap<_, usize> = BTreeMap::new();
        self.guests.iter().for_each(|guest| *crowds.entry(crowd(guest)).or_default() += 1);
        while self.guests.len() > room {
            let rank = |guest: &Guest| {
                let crowd = crowd(guest);
                (crowd.0, crowds.get(&crowd).map_or(0, |count| count.saturating_sub(self.expected)))
            };
            let ranks: Vec<(bool, usize)> = self.guests.iter().map(rank).collect();
            let Some(first) = ranks.iter().max() else { return };
            let equals: Vec<usize> = (0..ranks.len()).filter(|place| ranks[*place] == *first).collect();
            let chosen = if first.0 { 0 } else { random(equals.len()) };
            let Some(guest) = self.guests.remove(equals[chosen]) else { return };
            crowds.entry(crowd(&guest)).and_modify(|count| *count -= 1);
            self.stranger(guest.from, "others came before it had said who it is", false);
        }
    }

    /// Carries the handshakes of guests on.
    fn welcome(&mut self, arrived: &mut Vec<Arrived>, now: Instant) {
        for _ in 0..self.guests.len() {
            let Some(mut guest) = self.guests.pop_front() else { return };
            let from = guest.from;
            match guest.channel.handshake() {
                Ok(false) if now.saturating_duration_since(guest.since) < HANDSHAKE => self.guests.push_back(guest),
                Ok(false) => self.stranger(from, "it does not finish its handshake", false),
                Err(gone) => self.stranger(from, &gone.to_string(), gone.is_about_keys()),
                Ok(true) => match identify(&guest.channel, &self.numbers, &self.known) {
                    Ok((party, number)) if party > self.me => {
                        let Guest { channel, pipe, .. } = guest;
                        arrived.push(Arrived { party, number, channel, pipe });
                    }
                    Ok(_) => self.stranger(from, "its key is that of a party that does not connect here", true),
                    Err(what) => self.stranger(from, what, false),
                },
            }
        }
    }

    fn stranger(&mut self, from: Option<SocketAddr>, what: &str, keys: bool) {
        let from = from.map_or_else(String::new, |from| format!(" from {from}"));
        self.strangers.add(&from, what);
        if keys {
            self.keyless.add(&from, what);
        }
        let count = self.strangers.count;
        if self.told.len() < LOGGED && !self.told.iter().any(|told| told == what) {
            (self.log)(&format!("refused a connection{from}: {what}"));
            self.told.push(what.to_owned());
        } else if count > LOGGED && count.is_power_of_two() {
            (self.log)(&format!("refused {count} connections so far, the last{from}: {what}"));
        }
    }

    /// Brings one of our own channels forward.
    fn dial(&mut self, place: usize, relay: &mut Option<Relay>, now: Instant) -> Result<Option<Arrived>, NetError> {
        let dial = &mut self.dials[place];
        // Whether keys do not match; whether nobody is there yet, which is no news.
        let (mut keys, mut absent) = (false, false);
        let failed = match std::mem::replace(&mut dial.attempt, Attempt::Up) {
            Attempt::Up => return Ok(None),
            Attempt::At(when) if when > now => {
                dial.attempt = Attempt::At(when);
                return Ok(None);
            }
            Attempt::At(_) => match dial.address.get() {
                None => {
                    dial.attempt = Attempt::At(now + SOON);
                    return Ok(None);
                }
                Some(Err(reason)) => {
                    if dial.tries.is_multiple_of(RESOLVED_AGAIN) {
                        dial.address = Resolved::start(&dial.name);
                    }
                    reason
                }
                Some(Ok(addresses)) => match start(addresses[dial.tries % addresses.len()]) {
                    Ok(socket) => {
                        dial.attempt = Attempt::Connecting(socket, now);
                        return Ok(None);
                    }
                    Err(error) => {
                        absent = error.kind() == ErrorKind::ConnectionRefused;
                        error.to_string()
                    }
                },
            },
            Attempt::Connecting(socket, since) => match connected(&socket) {
                Ok(false) if now.saturating_duration_since(since) < ANSWER => {
                    dial.attempt = Attempt::Connecting(socket, since);
                    return Ok(None);
                }
                Ok(false) => "it does not answer".to_owned(),
                Ok(true) => {
                    let mut stream = Stream::tcp(socket).map_err(NetError::internal)?;
                    let pipe = relay.as_mut().map(|relay| relay.divert(&mut stream, true)).transpose()?;
                    let channel = Channel::secure(stream, Tls::client(client_end(dial.config.clone())?));
                    dial.attempt = Attempt::Greeting(Box::new(Guest { channel, pipe, since: now, from: None }));
                    return self.dial(place, relay, now);
                }
                Err(error) => {
                    absent = error.kind() == ErrorKind::ConnectionRefused;
                    error.to_string()
                }
            },
            Attempt::Greeting(mut guest) => match guest.channel.handshake() {
                Ok(false) if now.saturating_duration_since(guest.since) < HANDSHAKE => {
                    dial.attempt = Attempt::Greeting(guest);
                    return Ok(None);
                }
                Ok(false) => "whoever is there does not finish the handshake".to_owned(),
                Err(gone @ Gone::Unknown(_)) => {
                    keys = true;
                    format!("whoever is there is not this party: {gone}")
                }
                Err(gone) => format!("whoever is there is not this party, or does not know us: {gone}"),
                Ok(true) => match established_as(&guest.channel, &self.numbers, self.known[dial.party], dial.number) {
                    Ok(()) => {
                        let Guest { channel, pipe, .. } = *guest;
                        return Ok(Some(Arrived { party: dial.party, number: dial.number, channel, pipe }));
                    }
                    Err(what) => what.to_owned(),
                },
            },
        };
        dial.retry(now);
        let party = dial.party;
        self.note(party, failed, keys, |what| {
            (!absent).then(|| format!("party {party} cannot be reached yet: {what}"))
        });
        Ok(None)
    }

    /// What to wait for, and for how long at most.
    pub(crate) fn poll_on<'b>(&'b self, sockets: &mut Vec<PollFd<'b>>, now: Instant) -> Duration {
        let mut timeout = LATER;
        if let Some(listener) = &self.listener
            && self.pause.is_none_or(|until| until <= now)
        {
            sockets.push(PollFd::new(listener, PollFlags::IN));
        }
        let dialled = self.dials.iter().filter_map(|dial| match &dial.attempt {
            Attempt::Greeting(guest) => Some(&**guest),
            _ => None,
        });
        for guest in self.guests.iter().chain(dialled) {
            sockets.push(PollFd::from_borrowed_fd(guest.channel.reader(), PollFlags::IN));
            if guest.channel.is_pending() {
                sockets.push(PollFd::from_borrowed_fd(guest.channel.writer(), PollFlags::OUT));
            }
        }
        for dial in &self.dials {
            match &dial.attempt {
                Attempt::At(when) => timeout = timeout.min(when.saturating_duration_since(now)),
                Attempt::Connecting(socket, _) => {
                    sockets.push(PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::OUT))
                }
                Attempt::Greeting(_) | Attempt::Up => {}
            }
        }
        timeout
    }
}

impl Dial {
    /// Plans the next attempt, later each time.
    fn retry(&mut self, now: Instant) {
        let pause = SOON.saturating_mul(1 << self.tries.min(5)).min(LATER);
        self.tries += 1;
        self.attempt = Attempt::At(now + pause);
    }
}

/// A number below `bound` that nobody else knows; where the system gives none, 0 is as good as any other.
fn random(bound: usize) -> usize {
    let number = getrandom::u64().unwrap_or(0) % bound.max(1) as u64;
    usize::try_from(number).unwrap_or(0)
}

/// The party and channel that a guest has proved to be.
fn identify(channel: &Channel, numbers: &[u32], known: &[Fingerprint]) -> Result<(usize, u32), &'static str> {
    let state = channel.state().ok_or("it is not encrypted")?;
    let (fingerprint, number) = established(state, numbers)?;
    let party = known.iter().position(|known| *known == fingerprint).ok_or("its fingerprint is not the session's")?;
    Ok((party, number))
}

/// Whether the other end is the party, and means the channel, that was called.
fn established_as(channel: &Channel, numbers: &[u32], party: Fingerprint, number: u32) -> Result<(), &'static str> {
    let state = channel.state().ok_or("it is not encrypted")?;
    if established(state, numbers)? == (party, number) {
        Ok(())
    } else {
        Err("it answers for another party or channel")
    }
}

/// Starts to connect.
fn start(address: SocketAddr) -> std::io::Result<TcpStream> {
    let family = if address.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = TcpStream::from(rustix::net::socket_with(family, SocketType::STREAM, flags, None)?);
    match rustix::net::connect(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(socket)
}

/// Whether a connection is up.
fn connected(socket: &TcpStream) -> std::io::Result<bool> {
    sockopt::socket_error(socket)??;
    match socket.peer_addr() {
        // On one machine TCP can connect a port to itself while nobody listens there yet.
        Ok(peer) if socket.local_addr()? == peer => {
            sockopt::set_socket_linger(socket, Some(Duration::ZERO))?;
            Err(std::io::Error::from(ErrorKind::ConnectionRefused))
        }
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
        Err(error) => Err(error),
    }
}
