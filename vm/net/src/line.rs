//! A control channel as a queue of frames each way.

use crate::channel::Channel;
use crate::frame::Frame;
use crate::record::append;
use crate::stream::Gone;
use rustix::event::{PollFd, PollFlags};
use std::time::{Duration, Instant};
use zeroize::Zeroize;

/// Most bytes that may have arrived without making a frame; above the longest frame.
const MOST: usize = 128 * 1024;

/// See the module's text.
pub(crate) struct Line {
    channel: Channel,
    inbox: Vec<u8>,
    outbox: Vec<u8>,
    /// Nothing is sent any more once the outbox is empty.
    ending: bool,
    /// The outgoing half is ended.
    ended: bool,
    /// The other end's outgoing half is ended.
    closed: bool,
}

impl Line {
    pub(crate) fn new(channel: Channel) -> Self {
        // A greeting holds a secret: with room for the longest one the outbox never moves and leaves a copy.
        let (inbox, outbox) = (Vec::new(), Vec::with_capacity(MOST));
        Self { channel, inbox, outbox, ending: false, ended: false, closed: false }
    }

    /// Queues a frame, unless the line was ended.
    pub(crate) fn queue(&mut self, frame: &Frame) {
        if !self.ending {
            frame.encode(&mut self.outbox);
        }
    }

    /// Ends the outgoing half once everything queued is sent.
    pub(crate) fn end(&mut self) {
        self.ending = true;
    }

    /// Whether everything queued is sent.
    pub(crate) fn is_flushed(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Whether the outgoing half is ended, in good order or because the connection is gone.
    pub(crate) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Whether the other end has ended its outgoing half.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Sends what it can. A line that cannot send any more counts as ended: what its peer had to say decides what that means.
    pub(crate) fn flush(&mut self) {
        while !self.outbox.is_empty() {
            match self.channel.try_send(&self.outbox) {
                Ok(0) => return,
                Ok(count) => {
                    self.outbox[..count].zeroize();
                    self.outbox.drain(..count);
                }
                Err(_) => {
                    self.outbox.zeroize();
                    (self.ending, self.ended) = (true, true);
                }
            }
        }
        if self.ending && !self.ended {
            self.channel.end();
            self.ended = true;
        }
    }

    /// Takes in what has arrived; whether anything has. An error tells that the connection is gone; frames before that can still be taken.
    pub(crate) fn receive(&mut self) -> Result<bool, Gone> {
        let mut any = false;
        let mut piece = [0; 4096];
        while !self.closed && self.inbox.len() < MOST {
            let got = match self.channel.try_recv(&mut piece) {
                Ok(0) => break,
                Ok(got) => got,
                Err(gone) => {
                    self.closed = true;
                    return Err(gone);
                }
            };
            any = true;
            append(&mut self.inbox, &piece[..got]);
            piece[..got].zeroize();
        }
        Ok(any)
    }

    /// The next whole frame.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, &'static str> {
        Frame::take(&mut self.inbox)
    }

    /// What to wait for.
    pub(crate) fn poll_on<'a>(&'a self, sockets: &mut Vec<PollFd<'a>>) {
        if !self.closed {
            sockets.push(PollFd::from_borrowed_fd(self.channel.reader(), PollFlags::IN));
        }
        if !self.outbox.is_empty() && !self.ended {
            sockets.push(PollFd::from_borrowed_fd(self.channel.writer(), PollFlags::OUT));
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.inbox.zeroize();
        self.outbox.zeroize();
    }
}

/// Ends lines in good order: sends what is queued and reads to the other ends' ends, so that no reset destroys what is under way. Gives up
/// after `limit`.
pub(crate) fn farewell(lines: &mut [&mut Line], limit: Duration) {
    let until = Instant::now() + limit;
    lines.iter_mut().for_each(|line| line.end());
    loop {
        for line in lines.iter_mut() {
            line.flush();
            let _ = line.receive();
            line.inbox.zeroize();
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || lines.iter().all(|line| line.ended && line.closed) {
            return;
        }
        let mut sockets = Vec::new();
        lines.iter().for_each(|line| line.poll_on(&mut sockets));
        if crate::stream::poll(&mut sockets, left).is_err() {
            return;
        }
    }
}
