//! What the keeper of the control channels, the workers and the handles of a session tell each other: how each peer stands, the error that ends
//! the run, what the caller wants. The workers' hot path touches atomics of its own and one flag; the lock is for rare events.
//!
//! The first error stands. No message passes here that came from a data channel.

use crate::count::Counters;
use crate::error::{Leave, NetError};
use crate::stream::Gone;
use rustix::net::SendFlags;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a caller hears who uses a session that has ended.
const OVER: &str = "the session is over at this party";

/// How a peer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It takes part.
    Running,
    /// It has everything and has sent everything.
    Done,
    /// Its program has stopped; what it sent before is valid.
    Stopped,
}

/// What the caller wants the keeper to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Finish,
    Leave(Leave),
}

struct State {
    verdict: Option<NetError>,
    standing: Vec<Standing>,
    wish: Option<Wish>,
    finished: bool,
    ended: bool,
}

/// One worker, as others see it.
struct Worker {
    counters: Counters,
    /// The peers that it is blocked on.
    waiting: AtomicU64,
    gone: AtomicBool,
    wake: UnixStream,
}

/// See the module's text.
pub(crate) struct Board {
    state: Mutex<State>,
    changed: Condvar,
    failed: AtomicBool,
    progress: AtomicU64,
    workers: Vec<Worker>,
    /// Wakes the keeper.
    nudge: UnixStream,
    silence: Duration,
}

impl Board {
    /// For `parties` parties; `workers` are each worker's counters and the socket that wakes it.
    pub(crate) fn new(
        parties: usize,
        workers: Vec<(Counters, UnixStream)>,
        nudge: UnixStream,
        silence: Duration,
    ) -> Self {
        let standing = vec![Standing::Running; parties];
        let worker =
            |(counters, wake)| Worker { counters, waiting: AtomicU64::new(0), gone: AtomicBool::new(false), wake };
        Self {
            state: Mutex::new(State { verdict: None, standing, wish: None, finished: false, ended: false }),
            changed: Condvar::new(),
            failed: AtomicBool::new(false),
            progress: AtomicU64::new(0),
            workers: workers.into_iter().map(worker).collect(),
            nudge,
            silence,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notify(&self) {
        self.changed.notify_all();
        ring(&self.nudge);
    }

    /// The time after which a peer that says nothing is lost.
    pub(crate) fn silence(&self) -> Duration {
        self.silence
    }

    // ---- for workers ----

    /// Notes that something was computed.
    pub(crate) fn progress(&self) {
        self.progress.fetch_add(1, Ordering::Relaxed);
    }

    /// The error that ends the run, if there is one.
    pub(crate) fn check(&self) -> Result<(), NetError> {
        if !self.failed.load(Ordering::Acquire) {
            return Ok(());
        }
        match &self.lock().verdict {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    /// Notes which peers a worker is blocked on; 0 once it is not.
    pub(crate) fn set_waiting(&self, worker: usize, peers: u64) {
        self.workers[worker].waiting.store(peers, Ordering::Relaxed);
    }

    /// A worker's links are dropped.
    pub(crate) fn worker_gone(&self, worker: usize) {
        self.workers[worker].gone.store(true, Ordering::Relaxed);
    }

    /// Ends the run with this error unless it has one; returns the one that stands.
    pub(crate) fn fail(&self, error: NetError) -> NetError {
        let mut state = self.lock();
        let stands = state.verdict.get_or_insert(error).clone();
        drop(state);
        self.failed.store(true, Ordering::Release);
        self.notify();
        self.workers.iter().for_each(|worker| ring(&worker.wake));
        stands
    }

    /// What it means that the data link to a peer is gone: first hears what the control channels say, for as long as a dead peer can go
    /// unnoticed there, and only then blames the peer.
    pub(crate) fn explain(&self, worker: usize, peer: usize, gone: &Gone) -> NetError {
        if let Gone::Internal(what) = gone {
            return self.fail(NetError::internal(what));
        }
        self.set_waiting(worker, 1 << peer);
        let unclear =
            |state: &mut State| state.verdict.is_none() && state.standing[peer] == Standing::Running && !state.ended;
        let (state, _) =
            self.changed.wait_timeout_while(self.lock(), self.silence, unclear).unwrap_or_else(PoisonError::into_inner);
        let (standing, ended) = (state.standing[peer], state.ended);
        drop(state);
        self.set_waiting(worker, 0);
        self.fail(match standing {
            Standing::Done => NetError::protocol(peer, "it ended while this party waits for more"),
            Standing::Stopped => NetError::Left { party: peer, why: Leave::Stopped, reported_by: None },
            Standing::Running if ended => NetError::internal(OVER),
            Standing::Running => NetError::lost(peer, gone.to_string()),
        })
    }

    // ---- for the keeper ----

    /// A number that grows whenever a worker gets ahead.
    pub(crate) fn moved(&self) -> u64 {
        let bytes = self.workers.iter().fold(0_u64, |sum, worker| sum.wrapping_add(worker.counters.moved()));
        bytes.wrapping_add(self.progress.load(Ordering::Relaxed))
    }

    /// The peers that this party is blocked on: 0 unless all its workers are blocked.
    pub(crate) fn waiting(&self) -> u64 {
        let here = self.workers.iter().filter(|worker| !worker.gone.load(Ordering::Relaxed));
        here.map(|worker| worker.waiting.load(Ordering::Relaxed))
            .try_fold(0, |all, peers| (peers != 0).then_some(all | peers))
            .unwrap_or(0)
    }

    /// What the caller wants, once it wants something.
    pub(crate) fn wish(&self) -> Option<Wish> {
        self.lock().wish
    }

    /// The error that ends the run.
    pub(crate) fn verdict(&self) -> Option<NetError> {
        self.lock().verdict.clone()
    }

    /// Notes how a peer stands.
    pub(crate) fn set_standing(&self, peer: usize, standing: Standing) {
        self.lock().standing[peer] = standing;
        self.changed.notify_all();
    }

    /// The keeper is through: all parties were done, or not. Nobody watches the peers from now on, so no worker may wait for them.
    pub(crate) fn end(&self, finished: bool) {
        if !finished {
            let _ = self.fail(NetError::internal(OVER));
        }
        let mut state = self.lock();
        state.finished = finished;
        state.ended = true;
        drop(state);
        self.notify();
    }

    // ---- for handles ----

    /// Asks the keeper for something, once: the first wish counts, but for leaving after a wish to finish.
    pub(crate) fn ask(&self, wish: Wish) {
        let mut state = self.lock();
        if state.wish.is_none() || (state.wish == Some(Wish::Finish) && !state.finished) {
            state.wish = Some(wish);
        }
        drop(state);
        self.notify();
    }

    /// Waits until the keeper is through, for as long as `limit` if there is one; whether all parties were done.
    pub(crate) fn wait_for_end(&self, limit: Option<Duration>) -> bool {
        let until = limit.map(|limit| Instant::now() + limit);
        let mut state = self.lock();
        while !state.ended {
            let left = until.map_or(self.silence, |until| until.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                break;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.finished
    }
}

/// Wakes whoever polls the other end; a full pipe has woken it already.
fn ring(socket: &UnixStream) {
    let _ = rustix::net::send(socket, &[1], SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
}
