//! The round executor: one thread that polls a computation in lockstep ticks.
//!
//! A tick is one communication round. Within it every gate that takes part registers what it sends to and expects from each peer (see
//! [`crate::piece`]); the pieces for one peer, in poll order, form one frame, and an empty frame is not sent. The length of each frame follows from the
//! program alone, so a peer's frame is refused by its header before a byte of it is used, and nothing is ever allocated by a peer's word. Large frames
//! move in segments: a piece produces while its peer's buffer has room and consumes what has arrived, so memory stays flat.
//!
//! No future sees arrival order, time or thread. A tick ends for all futures at once, so the order in which pieces are registered is the same at
//! every party. In dry mode there is no transport: pieces have lengths only, and rounds and bytes are counted just the same.
//!
//! This file opens no connection, knows no protocol, and draws no randomness; it only counts how much has been addressed.

use crate::error::Error;
use crate::tape::Tape;
use crate::tick::{HEADER, Link, header, pump};
use crate::wire::Wire;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Randomness blocks after which gates get keys of the next epoch, well below 2^32.
const EPOCH_BLOCKS: u64 = 1 << 31;

/// What a run has cost so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Rounds: ticks that ended.
    pub rounds: u64,
    /// Bytes sent to each party, headers included.
    pub sent: Vec<u64>,
    /// Bytes received from each party, headers included.
    pub received: Vec<u64>,
}

impl Stats {
    /// What was added since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let minus = |a: &[u64], b: &[u64]| a.iter().zip(b).map(|(x, y)| x.saturating_sub(*y)).collect();
        Self {
            rounds: self.rounds.saturating_sub(earlier.rounds),
            sent: minus(&self.sent, &earlier.sent),
            received: minus(&self.received, &earlier.received),
        }
    }
}

struct Inner {
    wire: Option<Box<dyn Wire>>,
    links: Vec<Link>,
    stats: Stats,
}

/// Runs one worker's computation. See the module's text.
pub struct Executor {
    inner: RefCell<Inner>,
    error: RefCell<Option<Error>>,
    me: usize,
    session: u64,
    worker: u32,
    /// Number of the tick that is being registered or moved.
    tick: Cell<u64>,
    /// Whether futures may register pieces for this tick: true from the end of the last one to the end of the next poll.
    registering: Cell<bool>,
    participants: Cell<u64>,
    blocks: Cell<u64>,
    epoch: Cell<u32>,
    dry: bool,
    watch: Option<Watch>,
    alive: Option<Box<dyn Fn()>>,
}

/// What is told of each round: payload and headers to and from each party.
type Watch = Box<dyn Fn(&[u64], &[u64])>;

impl Executor {
    /// An executor for party `me` of `parties` over `wire`. `session` and `worker` stand in every frame.
    #[must_use]
    pub fn new(me: usize, parties: usize, session: u64, worker: u32, wire: Box<dyn Wire>) -> Self {
        Self::build(me, parties, session, worker, Some(wire))
    }

    /// An executor that counts what party `me` of `parties` would send and receive and moves nothing. Shares under it are empty buffers with a
    /// length; public values are live.
    #[must_use]
    pub fn dry(me: usize, parties: usize) -> Self {
        Self::build(me, parties, 0, 0, None)
    }

    fn build(me: usize, parties: usize, session: u64, worker: u32, wire: Option<Box<dyn Wire>>) -> Self {
        let dry = wire.is_none();
        let stats = Stats { rounds: 0, sent: vec![0; parties], received: vec![0; parties] };
        let links = (0..parties).map(|_| Link::default()).collect();
        Self {
            inner: RefCell::new(Inner { wire, links, stats }),
            error: RefCell::new(None),
            me,
            session,
            worker,
            tick: Cell::new(0),
            registering: Cell::new(true),
            participants: Cell::new(0),
            blocks: Cell::new(0),
            epoch: Cell::new(0),
            dry,
            watch: None,
            alive: None,
        }
    }

    /// Has `watch` told of each round, as it is registered: the bytes to and from each party, headers included.
    #[must_use]
    pub fn watched(self, watch: impl Fn(&[u64], &[u64]) + 'static) -> Self {
        Self { watch: Some(Box::new(watch)), ..self }
    }

    /// Has `alive` called now and then by gates that compute for long before they send anything (products of matrices, each time that some rows are made), so that whoever watches over this
    /// party sees that it works.
    #[must_use]
    pub fn watched_over(self, alive: impl Fn() + 'static) -> Self {
        Self { alive: Some(Box::new(alive)), ..self }
    }

    /// This party's number.
    #[must_use]
    pub fn me(&self) -> usize {
        self.me
    }

    /// Whether this executor only counts.
    #[must_use]
    pub fn is_dry(&self) -> bool {
        self.dry
    }

    /// Rounds and bytes so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.inner.borrow().stats.clone()
    }

    /// Rounds so far.
    #[must_use]
    pub fn rounds(&self) -> u64 {
        self.inner.borrow().stats.rounds
    }

    /// Adds `times` times `cost`: how a dry run counts a loop whose turns cost the same. What exceeds 64 bits stays at the end of them.
    pub fn add_stats(&self, cost: &Stats, times: u64) {
        let stats = &mut self.inner.borrow_mut().stats;
        let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more.saturating_mul(times));
        add(&mut stats.rounds, cost.rounds);
        let pairs = stats.sent.iter_mut().zip(&cost.sent).chain(stats.received.iter_mut().zip(&cost.received));
        pairs.for_each(|(sum, more)| add(sum, *more));
    }

    /// Overwrites the counters: how a dry run takes back what it tried.
    pub fn set_stats(&self, stats: Stats) {
        self.inner.borrow_mut().stats = stats;
    }

    /// The handle that a gate with dynamic instance number `instance` gets. The interpreter numbers gates in program order as it issues them,
    /// one number for each turn of a loop, before the gate is first polled.
    #[must_use]
    pub fn gate(&self, instance: u64) -> Cx<'_> {
        Cx { executor: self, tape: Tape::new(self.epoch.get(), instance) }
    }

    /// Ends the run with an error at the next tick.
    pub fn fail(&self, error: Error) {
        self.error.borrow_mut().get_or_insert(error);
    }

    /// Runs a computation to its end, tick by tick.
    ///
    /// # Errors
    /// The first fault of a link or of a frame, or our own.
    pub fn run<F: Future>(&self, computation: F) -> Result<F::Output, Error> {
        let mut computation = pin!(computation);
        let mut cx = Context::from_waker(Waker::noop());
        loop {
            let polled = computation.as_mut().poll(&mut cx);
            if let Some(error) = self.error.borrow_mut().take() {
                return Err(error);
            }
            if let Poll::Ready(value) = polled {
                self.flush()?;
                return Ok(value);
            }
            if self.registering.get() {
                self.close_registration()?;
            }
            if self.moved()? {
                self.tick.set(self.tick.get() + 1);
                self.registering.set(true);
                self.participants.set(0);
            }
        }
    }

    /// Moves bytes; true once the tick is complete, false where pieces have to produce or consume first.
    fn moved(&self) -> Result<bool, Error> {
        let inner = &mut *self.inner.borrow_mut();
        match inner.wire.as_mut() {
            Some(wire) => pump(&mut inner.links, wire.as_mut(), self.tick.get()),
            None => {
                inner.links.iter_mut().for_each(Link::skip);
                Ok(true)
            }
        }
    }

    /// All pieces of the tick are known: writes the headers and turns to this tick's incoming frames.
    fn close_registration(&self) -> Result<(), Error> {
        self.registering.set(false);
        if self.participants.get() == 0 {
            return Err(Error::Internal("a future waits for something that is not a round"));
        }
        let inner = &mut *self.inner.borrow_mut();
        // A count of what nobody would run may leave 64 bits.
        let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        add(&mut inner.stats.rounds, 1);
        let mut told = self.watch.as_ref().map(|watch| (watch, vec![0; inner.links.len()], vec![0; inner.links.len()]));
        for (peer, link) in inner.links.iter_mut().enumerate() {
            let framed = |bytes: u64| if bytes > 0 { bytes + HEADER as u64 } else { 0 };
            let sent = framed(link.promised);
            let header = |length| header(self.session, self.worker, self.tick.get(), length);
            let received = framed(link.close(header)?);
            add(&mut inner.stats.sent[peer], sent);
            add(&mut inner.stats.received[peer], received);
            if let Some((_, all_sent, all_received)) = &mut told {
                (all_sent[peer], all_received[peer]) = (sent, received);
            }
        }
        if let Some((watch, sent, received)) = told {
            watch(&sent, &received);
        }
        Ok(())
    }

    /// Sends what is left once the computation has ended.
    fn flush(&self) -> Result<(), Error> {
        let inner = &mut *self.inner.borrow_mut();
        let Some(wire) = inner.wire.as_mut() else { return Ok(()) };
        loop {
            let mut writable = 0;
            for (peer, link) in inner.links.iter_mut().enumerate() {
                if link.send(peer, wire.as_mut())? {
                    writable |= 1 << peer;
                }
            }
            if writable == 0 {
                return Ok(());
            }
            wire.wait(0, writable)?;
        }
    }
}

/// What a gate is handed: the executor and the gate's own randomness address.
#[derive(Clone, Copy)]
pub struct Cx<'a> {
    executor: &'a Executor,
    tape: Tape,
}

impl<'a> Cx<'a> {
    /// The executor.
    #[must_use]
    pub fn executor(self) -> &'a Executor {
        self.executor
    }

    /// Where this gate's randomness lives. Only steps of this tape may be used, each once.
    #[must_use]
    pub fn tape(self) -> Tape {
        self.tape
    }

    /// The handle for sub-gate `k` of `n`: its tape is the k-th of n equal parts of this one.
    #[must_use]
    pub fn sub(self, k: u64, n: u64) -> Self {
        Self { executor: self.executor, tape: self.tape.sub(k, n) }
    }

    /// Whether only lengths are counted.
    #[must_use]
    pub fn is_dry(self) -> bool {
        self.executor.dry
    }

    /// Says that this party is at work: for gates that compute for long before they send anything.
    pub(crate) fn at_work(self) {
        if let Some(alive) = &self.executor.alive {
            alive();
        }
    }

    /// Notes that a gate addresses `blocks` blocks under each key at most; the same number at every party. Later gates get keys of the next epoch
    /// once 2^31 are reached.
    pub fn count_blocks(self, blocks: u64) {
        let executor = self.executor;
        let sum = executor.blocks.get().saturating_add(blocks);
        if sum >= EPOCH_BLOCKS {
            executor.epoch.set(executor.epoch.get() + 1);
            executor.blocks.set(0);
        } else {
            executor.blocks.set(sum);
        }
    }
}

/// The executor's side of [`crate::piece`].
impl Executor {
    /// The tick that pieces register for, once per piece set; `None` where this poll is not one that registers.
    pub(crate) fn enter_tick(&self) -> Option<u64> {
        self.registering.get().then(|| {
            self.participants.set(self.participants.get() + 1);
            self.tick.get()
        })
    }

    pub(crate) fn tick(&self) -> u64 {
        self.tick.get()
    }

    pub(crate) fn with_links<R>(&self, f: impl FnOnce(&mut [Link]) -> R) -> R {
        f(&mut self.inner.borrow_mut().links)
    }
}
