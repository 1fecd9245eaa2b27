//! From nothing to a session: collects the channels of all peers, exchanges greetings over the control channels, compares terms.
//!
//! One loop serves all peers, so links come up side by side and a set-up costs three round trips in all: TCP, TLS, and the greeting. Once the
//! greetings of all are here, the session's id and keys follow; each party then opens its channels with a proof of both and may send at
//! once, because the other end hands nothing out before it has verified the opening that stands first.
//!
//! * A peer may start later: whoever is not there yet is waited for until it has said nothing for `silence`.
//! * Nothing that a peer has said is acted upon before all have spoken or cannot: a difference in terms is what every party reports, even if it is
//!   between two others, and even if somebody has left for it.
//! * Parties that wait for a third one beat, as they do later on.

use crate::agree::{CONTROL, OPENING, Opening, Pair, Secret, fresh, session_id};
use crate::channel::Channel;
use crate::doors::{Arrived, Doors};
use crate::error::{Leave, NetError};
use crate::frame::{Frame, Hello};
use crate::keeper::{Watched, report, seconds};
use crate::line::{Line, farewell};
use crate::relay::Relay;
use crate::stream::{Gone, poll};
use crate::terms::{Difference, Terms};
use rustix::event::{PollFd, PollFlags};
use std::time::{Duration, Instant};

/// How long the greetings of others are waited for once the set-up cannot succeed, and how long a goodbye may take.
const GRACE: Duration = Duration::from_secs(2);
const LINGER: Duration = Duration::from_secs(1);

/// One peer during set-up.
struct Peer {
    half: Secret,
    line: Option<Line>,
    data: Vec<Option<Channel>>,
    hello: Option<Box<Hello>>,
    /// What it said after its greeting, because it is further than this party.
    early: Vec<Frame>,
    /// Whether it has been greeted on the line that is up.
    greeted: bool,
    heard: Instant,
    left: bool,
}

impl Peer {
    fn has_all_channels(&self) -> bool {
        self.line.is_some() && self.data.iter().all(Option::is_some)
    }
}

/// What is to be set up: party `me` of `parties`, with this many data channels to each.
pub(crate) struct Plan {
    pub(crate) me: usize,
    pub(crate) parties: usize,
    pub(crate) channels: u32,
    pub(crate) silence: Duration,
    pub(crate) terms: Terms,
}

/// What a set-up comes to: the session's id, everything of each peer, and the emulated network.
pub(crate) type Outcome = ([u8; 32], Vec<Option<Ready>>, Option<Relay>);

/// Everything of one peer.
pub(crate) struct Ready {
    pub(crate) watched: Watched,
    pub(crate) pair: Pair,
    pub(crate) data: Vec<Channel>,
    /// The openings that its data channels must begin with.
    pub(crate) openings: Vec<[u8; OPENING]>,
}

/// See the module's text.
pub(crate) struct Setup<'a> {
    me: usize,
    silence: Duration,
    terms: Terms,
    nonce: Secret,
    /// By party; `None` for this one.
    peers: Vec<Option<Peer>>,
    doors: Option<Doors<'a>>,
    pub(crate) relay: Option<Relay>,
    log: &'a dyn Fn(&str),
    beaten: Instant,
    differs: Option<NetError>,
    /// The first reason why the set-up cannot succeed, and until when others may still speak.
    doomed: Option<(NetError, Instant)>,
}

impl<'a> Setup<'a> {
    /// Without doors all channels must be placed before it runs.
    pub(crate) fn new(
        plan: Plan,
        doors: Option<Doors<'a>>,
        relay: Option<Relay>,
        log: &'a dyn Fn(&str),
    ) -> Result<Self, NetError> {
        let Plan { me, parties, channels, silence, terms } = plan;
        terms.check()?;
        let now = Instant::now();
        let peer = |party| {
            (party != me)
                .then(|| {
                    let data = (0..channels).map(|_| None).collect();
                    let half = fresh()?;
                    Ok(Peer {
                        half,
                        line: None,
                        data,
                        hello: None,
                        early: Vec::new(),
                        greeted: false,
                        heard: now,
                        left: false,
                    })
                })
                .transpose()
        };
        let peers = (0..parties).map(peer).collect::<Result<_, NetError>>()?;
        let (nonce, beaten) = (fresh()?, now);
        Ok(Self { me, silence, terms, nonce, peers, doors, relay, log, beaten, differs: None, doomed: None })
    }

    /// Gives a channel its place; one too many is dropped.
    pub(crate) fn place(&mut self, arrived: Arrived) {
        let Arrived { party, number, channel, pipe } = arrived;
        let Some(Some(peer)) = self.peers.get_mut(party) else { return };
        let taken = match peer.data.get(number as usize) {
            Some(place) => place.is_some(),
            None => peer.line.is_some(),
        };
        if taken || peer.left {
            return (self.log)(&format!("refused a second connection of party {party} for one channel"));
        }
        // Who refuses our key, or shows another one, comes again and again without ever saying anything.
        if !self.doors.as_ref().is_some_and(|doors| doors.keys_differ(party)) {
            peer.heard = Instant::now();
        }
        if number == CONTROL {
            (peer.line, peer.greeted) = (Some(Line::new(channel)), false);
        } else if let Some(place) = peer.data.get_mut(number as usize) {
            *place = Some(channel);
        }
        if let (Some(relay), Some(pipe)) = (&self.relay, pipe) {
            relay.join(pipe, party);
        }
    }

    /// Runs the set-up to its end: the session's id and what there is of each peer.
    pub(crate) fn run(mut self) -> Result<Outcome, NetError> {
        match self.gather() {
            Ok(()) => self.open(),
            Err(error) => {
                self.part(error.leave());
                Err(error)
            }
        }
    }

    /// Until all channels are up and all greetings are here.
    fn gather(&mut self) -> Result<(), NetError> {
        loop {
            if let Some(doors) = &mut self.doors {
                for arrived in doors.step(&mut self.relay)? {
                    self.place(arrived);
                }
            }
            let now = Instant::now();
            self.talk(now)?;
            let here = |peer: &Peer| peer.hello.is_some();
            if self.peers.iter().flatten().all(here) {
                if let Some(differs) = self.differs.take() {
                    return Err(differs);
                }
                if let Some((error, _)) = self.doomed.take() {
                    return Err(error);
                }
                if self.peers.iter().flatten().all(|peer| peer.has_all_channels() && peer.greeted) {
                    return Ok(());
                }
            }
            self.give_up(now)?;
            self.wait(now)?;
        }
    }

    /// Greets, beats and hears.
    fn talk(&mut self, now: Instant) -> Result<(), NetError> {
        let beat = now.saturating_duration_since(self.beaten) >= self.silence / 4;
        if beat {
            self.beaten = now;
        }
        for party in 0..self.peers.len() {
            self.look_at_data(party);
            self.speak(party, beat);
            let Some(Some(Peer { line: Some(line), heard, .. })) = self.peers.get_mut(party) else { continue };
            let received = line.receive();
            if received == Ok(true) {
                *heard = now;
            }
            while let Some(Some(Peer { line: Some(line), .. })) = self.peers.get_mut(party) {
                match line.next() {
                    Ok(None) => break,
                    Ok(Some(frame)) => self.hear(party, frame, now)?,
                    Err(what) => return Err(NetError::protocol(party, what)),
                }
            }
            if let Err(gone) = received {
                self.hang_up(party, &gone);
            }
        }
        Ok(())
    }

    /// Connects data channels again that the other end has dropped: it may have been pressed for places.
    fn look_at_data(&mut self, party: usize) {
        let (Some(Some(peer)), Some(doors)) = (self.peers.get_mut(party), &mut self.doors) else { return };
        for (place, number) in peer.data.iter_mut().zip(0..) {
            if let Some(Err(gone)) = place.as_mut().map(Channel::check) {
                *place = None;
                doors.again(party, number, &gone);
            }
        }
    }

    /// Greets a peer once, and beats from then on.
    fn speak(&mut self, party: usize, beat: bool) {
        let hello = |half: &Secret| {
            let (nonce, half, terms) = (*self.nonce, half.clone(), self.terms.clone());
            Frame::Hello(Box::new(Hello { nonce, half, terms }))
        };
        let Some(Some(peer)) = self.peers.get_mut(party) else { return };
        // The one who connects speaks first. The other's greeting says that all channels have arrived.
        let may_greet = self.me > party || peer.has_all_channels();
        let Some(line) = &mut peer.line else { return };
        if !peer.greeted && may_greet {
            line.queue(&hello(&peer.half));
            peer.greeted = true;
        } else if beat && peer.greeted && line.is_flushed() {
            line.queue(&Frame::Beat { waiting: true, idle: Duration::ZERO });
        }
        line.flush();
    }

    fn hear(&mut self, party: usize, frame: Frame, now: Instant) -> Result<(), NetError> {
        let (me, parties) = (self.me, self.peers.len());
        let Some(Some(peer)) = self.peers.get_mut(party) else { return Ok(()) };
        match frame {
            Frame::Hello(_) if peer.hello.is_some() => {
                return Err(NetError::protocol(party, "it greets a second time"));
            }
            Frame::Hello(hello) => {
                if let Some(Difference { field, mine, theirs, others }) = self.terms.difference(&hello.terms) {
                    self.differs.get_or_insert(NetError::Differs { party, field, mine, theirs, others });
                }
                peer.hello = Some(hello);
                if let Some(doors) = &mut self.doors {
                    doors.well(party);
                }
            }
            Frame::Beat { .. } => {}
            Frame::Abort { why, culprit } if why != Leave::Stopped => {
                peer.left = true;
                let grace = if why == Leave::Error { GRACE.min(self.silence) } else { Duration::ZERO };
                self.doomed.get_or_insert((report(me, parties, party, why, culprit), now + grace));
            }
            // It has the greetings of all already: for the keeper.
            _ if peer.hello.is_some() && peer.early.len() < 2 => peer.early.push(frame),
            _ => return Err(NetError::protocol(party, "it confirms a session that cannot exist yet")),
        }
        Ok(())
    }

    /// The control connection of a peer has ended.
    fn hang_up(&mut self, party: usize, gone: &Gone) {
        let Some(Some(peer)) = self.peers.get_mut(party) else { return };
        if !peer.early.is_empty() {
            // It is further than this party and may be through already; the keeper sees what that means.
            return;
        }
        (peer.line, peer.greeted) = (None, false);
        if peer.left {
            return;
        }
        // Whoever comes back within the set-up is greeted anew.
        peer.hello = None;
        match &mut self.doors {
            Some(doors) => doors.again(party, CONTROL, gone),
            None => (self.log)(&format!("the connection of party {party} is gone during set-up: {gone}")),
        }
    }

    /// Ends the set-up where it cannot succeed any more.
    fn give_up(&mut self, now: Instant) -> Result<(), NetError> {
        let silent = |peer: &Peer| !peer.left && now.saturating_duration_since(peer.heard) > self.silence;
        let missing = self.peers.iter().position(|peer| peer.as_ref().is_some_and(silent));
        if let Some(party) = missing {
            let error = self.missing(party);
            self.doomed.get_or_insert((error, now));
        }
        if self.doomed.as_ref().is_some_and(|(_, until)| *until <= now)
            && let Some((error, _)) = self.doomed.take()
        {
            return Err(self.differs.take().unwrap_or(error));
        }
        Ok(())
    }

    /// Why a party is given up.
    fn missing(&self, party: usize) -> NetError {
        let limit = seconds(self.silence);
        let Some(doors) = &self.doors else {
            return NetError::lost(party, format!("it is silent for more than {limit}"));
        };
        if let Some(reason) = doors.unresolved(party) {
            let address = doors.name(party).unwrap_or_default();
            return NetError::Address { party, address, reason };
        }
        let here = self.peers[party].as_ref().is_some_and(|peer| peer.hello.is_some());
        let mut keys = doors.keys_differ(party);
        let reason = match (here, doors.name(party), doors.trouble(party)) {
            (true, ..) => format!("it is silent for more than {limit}"),
            (false, Some(name), Some(trouble)) => format!("no connection to {name} within {limit}: {trouble}"),
            (false, Some(name), None) => format!("no answer from {name} within {limit}"),
            (false, None, Some(trouble)) => format!("it has not connected again within {limit}: {trouble}"),
            (false, None, None) => match doors.refused() {
                Some((refused, over_keys)) => {
                    keys = over_keys;
                    format!("it has not connected within {limit}; {refused}")
                }
                None => format!("it has not connected within {limit}"),
            },
        };
        NetError::Lost { party, reason, reported_by: None, keys }
    }

    fn wait(&self, now: Instant) -> Result<(), NetError> {
        let mut sockets = Vec::new();
        let mut timeout = (self.silence / 8).min(Duration::from_millis(250));
        if let Some(doors) = &self.doors {
            timeout = timeout.min(doors.poll_on(&mut sockets, now));
        }
        for peer in self.peers.iter().flatten() {
            if let Some(line) = &peer.line {
                line.poll_on(&mut sockets);
            }
            // What arrives on a data channel stays there; only its end is of interest, and that is looked for at every turn.
            let watched = if self.doors.is_some() { &peer.data[..] } else { &[] };
            let quiet = watched.iter().flatten().filter(|channel| !channel.holds());
            sockets.extend(quiet.map(|channel| PollFd::from_borrowed_fd(channel.reader(), PollFlags::RDHUP)));
        }
        poll(&mut sockets, timeout).map_err(|error| NetError::internal(std::io::Error::from(error)))
    }

    /// Derives session and keys, and opens all channels.
    fn open(self) -> Result<Outcome, NetError> {
        let (me, parties) = (self.me, self.peers.len());
        let mut nonces = vec![*self.nonce; parties];
        for (nonce, peer) in nonces.iter_mut().zip(&self.peers) {
            if let Some(hello) = peer.as_ref().and_then(|peer| peer.hello.as_ref()) {
                *nonce = hello.nonce;
            }
        }
        let session = session_id(&nonces, &self.terms.encode());
        let mut ready = Vec::with_capacity(parties);
        for (party, peer) in self.peers.into_iter().enumerate() {
            let Some(peer) = peer else {
                ready.push(None);
                continue;
            };
            let (Some(mut line), Some(hello)) = (peer.line, peer.hello) else {
                return Err(NetError::internal("a set-up without a line or a greeting"));
            };
            let (mine, theirs) = ((me, &peer.half), (party, &hello.half));
            let pair = if me < party { Pair::new(&session, mine, theirs) } else { Pair::new(&session, theirs, mine) };
            let to = |channel| Opening { session, channel, sender: me, receiver: party }.encode(&pair);
            let from = |channel| Opening { session, channel, sender: party, receiver: me }.encode(&pair);
            line.queue(&Frame::Confirm(to(CONTROL)));
            line.flush();
            let watched = Watched::new(line, from(CONTROL), peer.early);
            let mut data: Vec<Channel> = peer.data.into_iter().flatten().collect();
            for (channel, number) in data.iter_mut().zip(0..) {
                channel.widen();
                send_all(party, channel, &to(number), self.silence)?;
            }
            let openings = (0..).map(from).take(data.len()).collect();
            ready.push(Some(Ready { watched, pair, data, openings }));
        }
        Ok((session, ready, self.relay))
    }

    /// Tells the others why this party leaves, after its greeting, so that they can see for themselves what differs.
    fn part(&mut self, why: Leave) {
        let culprit = self.me;
        for peer in self.peers.iter_mut().flatten() {
            let Some(line) = &mut peer.line else { continue };
            if !peer.greeted {
                let (nonce, half, terms) = (*self.nonce, peer.half.clone(), self.terms.clone());
                line.queue(&Frame::Hello(Box::new(Hello { nonce, half, terms })));
            }
            line.queue(&Frame::Abort { why, culprit });
        }
        let mut lines: Vec<&mut Line> = self.peers.iter_mut().flatten().filter_map(|peer| peer.line.as_mut()).collect();
        farewell(&mut lines, LINGER.min(self.silence));
        if let Some(relay) = &self.relay {
            drop(lines);
            self.peers.clear();
            relay.drain(LINGER);
        }
    }
}

/// Sends a few bytes on a channel that has room for them in all likelihood.
fn send_all(party: usize, channel: &mut Channel, mut bytes: &[u8], limit: Duration) -> Result<(), NetError> {
    let until = Instant::now() + limit;
    loop {
        let count = channel.try_send(bytes).map_err(|gone| NetError::lost(party, gone.to_string()))?;
        bytes = &bytes[count..];
        let left = until.saturating_duration_since(Instant::now());
        if bytes.is_empty() {
            return Ok(());
        }
        if left.is_zero() {
            return Err(NetError::lost(party, "it takes no bytes"));
        }
        let mut sockets = [PollFd::from_borrowed_fd(channel.writer(), PollFlags::OUT)];
        poll(&mut sockets, left).map_err(|error| NetError::internal(std::io::Error::from(error)))?;
    }
}
