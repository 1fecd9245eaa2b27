//! The thread that keeps a session's control channels: confirms, heartbeats, goodbyes. It watches the peers on behalf of the workers and tells
//! the peers how this party fares.
//!
//! * It beats a few times within `silence`, as long as the workers have moved something within that time or are all blocked on peers.
//! * A peer that has sent nothing for `silence` is lost. So is one whose connection ends without a goodbye. What we see ourselves counts before
//!   what another party reports.
//! * A party that beats and says that it computes is waited for as long as it does so: no limit tells a long computation from a refusal. That it
//!   computes is what its worker reports by [`crate::Control::progress`], after each level of a program, every so many turns of a loop and
//!   every few seconds of a product of large matrices, and
//!   what is seen of the bytes that it moves. From a worker that reports nothing and moves nothing for `silence` no beats come any more, so
//!   it is given up within another `silence`: nothing tells a single step that takes as long from one that never ends. Whoever sets the limit must
//!   leave time for the longest step.
//! * Where every party is blocked and nothing has moved for `silence`, the party that is waited for is given up.
//! * After a peer's own error everyone stops at once. After a peer's program has *stopped*, nobody is interrupted: all its bytes are valid,
//!   and the others' programs stop at the same place.
//! * It leaves in good order: the last frame, then the end of the outgoing half, then a short wait for the others' ends, so that no reset
//!   destroys what is under way.
//!
//! It never touches a data channel but to end it, and never waits without a bound.

use crate::agree::{OPENING, Opening};
use crate::board::{Board, Standing, Wish};
use crate::error::{Leave, NetError};
use crate::frame::Frame;
use crate::line::Line;
use crate::relay::Relay;
use crate::stream::{Gone, end, poll};
use rustix::event::{PollFd, PollFlags};
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a party that leaves waits for the others to close.
const LINGER: Duration = Duration::from_secs(1);

/// A peer, as the keeper sees it.
pub(crate) struct Watched {
    line: Line,
    /// The opening that it must send, until it has.
    confirm: Option<[u8; OPENING]>,
    /// What it said during the set-up that concerns the keeper.
    early: Vec<Frame>,
    standing: Standing,
    heard: Instant,
    /// Its last beat: whether it was blocked, since when nothing had moved there.
    blocked: bool,
    still_since: Instant,
}

impl Watched {
    /// A peer whose line is up; `early` is what it has said already.
    pub(crate) fn new(line: Line, confirm: [u8; OPENING], early: Vec<Frame>) -> Self {
        let now = Instant::now();
        Self {
            line,
            confirm: Some(confirm),
            early,
            standing: Standing::Running,
            heard: now,
            blocked: false,
            still_since: now,
        }
    }

    /// The next frame to act upon.
    fn next(&mut self) -> Result<Option<Frame>, &'static str> {
        if self.early.is_empty() { self.line.next() } else { Ok(Some(self.early.remove(0))) }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Running,
    Finishing,
    /// Waits for the others' ends until then.
    Leaving(Instant),
}

/// See the module's text.
pub(crate) struct Keeper {
    pub(crate) me: usize,
    pub(crate) board: Arc<Board>,
    /// By party; `None` for this one.
    pub(crate) peers: Vec<Option<Watched>>,
    pub(crate) nudged: UnixStream,
    /// Holds the data channels open until the end, whoever drops theirs before.
    pub(crate) data: Vec<OwnedFd>,
    pub(crate) relay: Option<Relay>,
}

struct Run {
    keeper: Keeper,
    mode: Mode,
    silence: Duration,
    /// The last value of the workers' progress and when it changed.
    moved: u64,
    moved_at: Instant,
    beaten: Option<Instant>,
    /// When the next look was planned.
    planned: Instant,
}

impl Keeper {
    /// Keeps the session until it ends.
    pub(crate) fn run(self) {
        let silence = self.board.silence();
        let now = Instant::now();
        let moved = self.board.moved();
        Run { keeper: self, mode: Mode::Running, silence, moved, moved_at: now, beaten: None, planned: now }.run();
    }
}

impl Run {
    fn run(mut self) {
        let finished = loop {
            let now = Instant::now();
            self.excuse(now);
            self.note_progress(now);
            let faults = self.listen(now);
            self.judge(faults, now);
            self.obey(now);
            if self.mode == Mode::Running {
                self.beat(now);
            }
            self.watch(now);
            self.peers_mut().for_each(|(_, peer)| peer.line.flush());
            if let Some(finished) = self.outcome(now) {
                break finished;
            }
            if self.wait(now).is_err() {
                break false;
            }
        };
        if let Some(relay) = &self.keeper.relay {
            relay.drain(if finished { self.silence } else { LINGER });
        }
        self.keeper.board.end(finished);
    }

    fn peers(&self) -> impl Iterator<Item = (usize, &Watched)> {
        self.keeper.peers.iter().enumerate().filter_map(|(party, peer)| peer.as_ref().map(|peer| (party, peer)))
    }

    fn peers_mut(&mut self) -> impl Iterator<Item = (usize, &mut Watched)> {
        self.keeper.peers.iter_mut().enumerate().filter_map(|(party, peer)| peer.as_mut().map(|peer| (party, peer)))
    }

    /// Where this process did not run for a while, that is not the peers' silence.
    fn excuse(&mut self, now: Instant) {
        let late = now.saturating_duration_since(self.planned);
        if late > self.silence / 16 {
            self.moved_at += late;
            for (_, peer) in self.peers_mut() {
                peer.heard = (peer.heard + late).min(now);
                peer.still_since = (peer.still_since + late).min(now);
            }
            self.moved_at = self.moved_at.min(now);
        }
    }

    fn note_progress(&mut self, now: Instant) {
        let moved = self.keeper.board.moved();
        if moved != self.moved {
            (self.moved, self.moved_at) = (moved, now);
        }
    }

    /// Hears all peers; what is wrong with them, seen or reported.
    fn listen(&mut self, now: Instant) -> Vec<NetError> {
        let mut faults = Vec::new();
        let (me, leaving) = (self.keeper.me, matches!(self.mode, Mode::Leaving(_)));
        let (board, parties) = (self.keeper.board.clone(), self.keeper.peers.len());
        for (party, peer) in self.peers_mut() {
            let received = peer.line.receive();
            if received != Ok(false) {
                peer.heard = now;
            }
            loop {
                let frame = match peer.next() {
                    Ok(None) => break,
                    Ok(Some(frame)) => frame,
                    Err(what) => {
                        faults.push(NetError::protocol(party, what));
                        break;
                    }
                };
                if leaving {
                    continue;
                }
                match peer.take(frame, now) {
                    Took::Nothing => {}
                    Took::Standing(standing) => {
                        peer.standing = standing;
                        board.set_standing(party, standing);
                    }
                    Took::Abort(why, culprit) => faults.push(report(me, parties, party, why, culprit)),
                    Took::Fault(what) => faults.push(NetError::protocol(party, what)),
                }
            }
            if peer.line.is_closed() && peer.standing == Standing::Running {
                faults.push(NetError::lost(party, received.err().unwrap_or(Gone::Closed).to_string()));
            }
        }
        faults
    }

    /// Ends the run for the best-founded of these reasons.
    fn judge(&mut self, faults: Vec<NetError>, now: Instant) {
        let seen = |fault: &NetError| match fault {
            NetError::Lost { reported_by: None, .. } => 0,
            NetError::Left { reported_by: None, why, .. } if !matches!(why, Leave::Lost(_)) => 0,
            NetError::Protocol { .. } => 1,
            _ => 2,
        };
        // A party that says goodbye and closes is not lost for closing: its goodbye comes first in the list.
        let goodbye = |fault: &NetError| !matches!(fault, NetError::Lost { reported_by: None, .. });
        let said: Vec<usize> = faults.iter().filter(|fault| goodbye(fault)).filter_map(speaker).collect();
        let best = faults
            .into_iter()
            .filter(|fault| goodbye(fault) || fault.party().is_some_and(|party| !said.contains(&party)))
            .min_by_key(seen);
        if let Some(fault) = best
            && !matches!(self.mode, Mode::Leaving(_))
        {
            let stands = self.keeper.board.fail(fault);
            self.leave_for(&stands, now);
        }
    }

    /// Does what the caller or a worker wants.
    fn obey(&mut self, now: Instant) {
        if matches!(self.mode, Mode::Leaving(_)) {
            return;
        }
        if let Some(error) = self.keeper.board.verdict() {
            return self.leave_for(&error, now);
        }
        match self.keeper.board.wish() {
            Some(Wish::Leave(why)) => self.leave(why, self.keeper.me, now),
            Some(Wish::Finish) if self.mode == Mode::Running => {
                self.mode = Mode::Finishing;
                self.keeper.data.iter().for_each(|socket| end(socket.as_fd()));
                for (_, peer) in self.peers_mut() {
                    peer.line.queue(&Frame::Done);
                    peer.line.end();
                }
            }
            _ => {}
        }
    }

    /// Says goodbye to all because of an error. Where a peer has said why it leaves, that is passed on.
    fn leave_for(&mut self, error: &NetError, now: Instant) {
        let (why, culprit) = match error {
            NetError::Left { party, why: why @ (Leave::Error | Leave::Stopped | Leave::Cheated), .. } => (*why, *party),
            other => (other.leave(), self.keeper.me),
        };
        self.leave(why, culprit, now);
    }

    /// Says goodbye to all.
    fn leave(&mut self, why: Leave, culprit: usize, now: Instant) {
        let linger = if why == Leave::Stopped { self.silence } else { LINGER.min(self.silence) };
        self.mode = Mode::Leaving(now + linger);
        for (_, peer) in self.peers_mut() {
            peer.line.queue(&Frame::Abort { why, culprit });
            peer.line.end();
        }
        self.keeper.data.iter().for_each(|socket| end(socket.as_fd()));
    }

    fn beat(&mut self, now: Instant) {
        let idle = now.saturating_duration_since(self.moved_at);
        let waiting = self.keeper.board.waiting() != 0;
        let due = self.beaten.is_none_or(|beaten| now.saturating_duration_since(beaten) >= self.silence / 4);
        if due && (waiting || idle < self.silence) {
            self.beaten = Some(now);
            // A peer that does not read gets no second beat into the queue.
            for (_, peer) in self.peers_mut().filter(|(_, peer)| peer.line.is_flushed()) {
                peer.line.queue(&Frame::Beat { waiting, idle });
            }
        }
    }

    /// Gives up peers that are silent, and one that is waited for where nobody moves.
    fn watch(&mut self, now: Instant) {
        if matches!(self.mode, Mode::Leaving(_)) {
            return;
        }
        let silence = self.silence;
        let old = |since: Instant| now.saturating_duration_since(since) > silence;
        let silent = self.peers().find(|(_, peer)| peer.standing == Standing::Running && old(peer.heard));
        let waiting = self.keeper.board.waiting();
        let stuck = self.mode == Mode::Running
            && waiting != 0
            && old(self.moved_at)
            && self
                .peers()
                .all(|(_, peer)| peer.standing != Standing::Running || (peer.blocked && old(peer.still_since)));
        let fault = if let Some((party, _)) = silent {
            NetError::lost(party, format!("it is silent for more than {}", seconds(silence)))
        } else if stuck {
            let reason = format!(
                "it is alive but sends nothing, and no party gets ahead for more than {}; it may wait for another one",
                seconds(silence)
            );
            NetError::lost(waiting.trailing_zeros() as usize, reason)
        } else {
            return;
        };
        self.judge(vec![fault], now);
    }

    /// Whether the session is over, and whether in good order.
    fn outcome(&mut self, now: Instant) -> Option<bool> {
        let sent = self.peers().all(|(_, peer)| peer.line.is_ended());
        match self.mode {
            Mode::Running => None,
            Mode::Finishing => {
                let stopped = self.peers().find(|(_, peer)| peer.standing == Standing::Stopped).map(|found| found.0);
                if let Some(party) = stopped {
                    self.judge(vec![NetError::Left { party, why: Leave::Stopped, reported_by: None }], now);
                    return None;
                }
                (sent && self.peers().all(|(_, peer)| peer.standing == Standing::Done)).then_some(true)
            }
            Mode::Leaving(until) => {
                (now >= until || (sent && self.peers().all(|(_, peer)| peer.line.is_closed()))).then_some(false)
            }
        }
    }

    fn wait(&mut self, now: Instant) -> Result<(), rustix::io::Errno> {
        let mut timeout = self.silence / 8;
        if let Mode::Leaving(until) = self.mode {
            timeout = timeout.min(until.saturating_duration_since(now));
        }
        let mut sockets = vec![PollFd::new(&self.keeper.nudged, PollFlags::IN)];
        self.peers().for_each(|(_, peer)| peer.line.poll_on(&mut sockets));
        let polled = poll(&mut sockets, timeout);
        drop(sockets);
        self.planned = now + timeout;
        let _ = self.keeper.nudged.read(&mut [0; 64]);
        polled
    }
}

/// What a frame means.
enum Took {
    Nothing,
    Standing(Standing),
    Abort(Leave, usize),
    Fault(&'static str),
}

impl Watched {
    fn take(&mut self, frame: Frame, now: Instant) -> Took {
        match (frame, self.confirm) {
            (Frame::Hello(_), _) => Took::Fault("it greets a second time"),
            (Frame::Confirm(found), Some(expected)) => {
                self.confirm = None;
                Opening::check(&expected, &found).map_or_else(Took::Fault, |()| Took::Nothing)
            }
            (Frame::Confirm(_), None) => Took::Fault("it confirms a second time"),
            (Frame::Beat { waiting, idle }, _) => {
                self.blocked = waiting;
                self.still_since = now.checked_sub(idle).unwrap_or(now);
                Took::Nothing
            }
            (Frame::Done, None) => Took::Standing(Standing::Done),
            (Frame::Done, Some(_)) => Took::Fault("it is done before it has confirmed the session"),
            (Frame::Abort { why: Leave::Stopped, .. }, _) => Took::Standing(Standing::Stopped),
            (Frame::Abort { why, culprit }, _) => Took::Abort(why, culprit),
        }
    }
}

/// What it means that `party` leaves for this reason.
pub(crate) fn report(me: usize, parties: usize, party: usize, why: Leave, culprit: usize) -> NetError {
    match why {
        Leave::Lost(other) if other >= parties => NetError::protocol(party, "it reports a party that does not exist"),
        Leave::Lost(other) if other != me && other != party => {
            NetError::Lost { party: other, reason: "it is gone there".into(), reported_by: Some(party), keys: false }
        }
        _ if culprit != party && culprit < parties && culprit != me => {
            NetError::Left { party: culprit, why, reported_by: Some(party) }
        }
        _ => NetError::Left { party, why, reported_by: None },
    }
}

/// Who said it, where somebody did.
fn speaker(fault: &NetError) -> Option<usize> {
    match fault {
        NetError::Lost { reported_by: Some(party), .. }
        | NetError::Left { reported_by: Some(party), .. }
        | NetError::Left { party, .. }
        | NetError::Protocol { party, .. } => Some(*party),
        _ => None,
    }
}

/// A limit for people.
pub(crate) fn seconds(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}
