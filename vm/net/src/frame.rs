//! The frames of a control channel: one encoding each, a bound on every length, nothing left over.
//!
//! A frame is a kind (one byte), the length of what follows (four bytes, little endian) and that. Nothing is allocated by a peer's word.

use crate::agree::{OPENING, Secret};
use crate::error::Leave;
use crate::terms::Terms;
use std::time::Duration;
use zeroize::{Zeroize, Zeroizing};

const HEADER: usize = 5;
/// Longest frame: a greeting.
const MAX: usize = HEADER + 64 + 64 * 1024;

/// What a party sends first: its share in the session's id and in the pair's key, and what it was started with.
pub(crate) struct Hello {
    pub(crate) nonce: [u8; 32],
    pub(crate) half: Secret,
    pub(crate) terms: Terms,
}

/// One message on a control channel.
pub(crate) enum Frame {
    /// See [`Hello`]; the first frame.
    Hello(Box<Hello>),
    /// The channel's opening, once the session's id is known.
    Confirm([u8; OPENING]),
    /// The sender's worker is alive: whether it waits for peers, and for how long nothing has moved at it.
    Beat { waiting: bool, idle: Duration },
    /// The sender has everything and has sent everything.
    Done,
    /// The sender leaves, because of `culprit` or itself.
    Abort { why: Leave, culprit: usize },
}

const HELLO: u8 = 1;
const CONFIRM: u8 = 2;
const BEAT: u8 = 3;
const DONE: u8 = 4;
const ABORT: u8 = 5;

impl Frame {
    /// Appends the frame.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; HEADER]);
        out[start] = match self {
            Self::Hello(hello) => {
                let terms = hello.terms.encode();
                // Reserved at once, so that no reallocation leaves a copy of the half behind.
                out.reserve_exact(64 + terms.len());
                out.extend_from_slice(&hello.nonce);
                out.extend_from_slice(&*hello.half);
                out.extend_from_slice(&terms);
                HELLO
            }
            Self::Confirm(opening) => {
                out.extend_from_slice(opening);
                CONFIRM
            }
            Self::Beat { waiting, idle } => {
                out.push(u8::from(*waiting));
                out.extend_from_slice(&u32::try_from(idle.as_millis()).unwrap_or(u32::MAX).to_le_bytes());
                BEAT
            }
            Self::Done => DONE,
            Self::Abort { why, culprit } => {
                let (class, party) = match why {
                    Leave::Error => (1, *culprit),
                    Leave::Lost(party) => (2, *party),
                    Leave::Stopped => (3, *culprit),
                    Leave::Cheated => (4, *culprit),
                };
                out.push(class);
                out.extend_from_slice(&u32::try_from(party).unwrap_or(u32::MAX).to_le_bytes());
                ABORT
            }
        };
        let length = u32::try_from(out.len() - start - HEADER).unwrap_or(u32::MAX);
        out[start + 1..start + HEADER].copy_from_slice(&length.to_le_bytes());
    }

    /// Takes a frame off the front of what has arrived; `Ok(None)` where it is not whole yet.
    pub(crate) fn take(inbox: &mut Vec<u8>) -> Result<Option<Self>, &'static str> {
        let Some(([kind, length @ ..], rest)) = inbox.split_first_chunk::<HEADER>() else { return Ok(None) };
        let length = u32::from_le_bytes(*length) as usize;
        if HEADER + length > MAX {
            return Err("it sent a control frame that is too long");
        }
        let Some(payload) = rest.get(..length) else { return Ok(None) };
        let frame = Self::decode(*kind, payload).ok_or("it sent a malformed control frame")?;
        inbox[..HEADER + length].zeroize();
        inbox.drain(..HEADER + length);
        Ok(Some(frame))
    }

    fn decode(kind: u8, payload: &[u8]) -> Option<Self> {
        match kind {
            HELLO => {
                let (nonce, rest) = payload.split_first_chunk::<32>()?;
                let (half, terms) = rest.split_first_chunk::<32>()?;
                let terms = Terms::decode(terms)?;
                Some(Self::Hello(Box::new(Hello { nonce: *nonce, half: Zeroizing::new(*half), terms })))
            }
            CONFIRM => payload.try_into().ok().map(Self::Confirm),
            BEAT => {
                let (waiting @ (0 | 1), idle) = payload.split_first()? else { return None };
                let idle = Duration::from_millis(u64::from(u32::from_le_bytes(idle.try_into().ok()?)));
                Some(Self::Beat { waiting: *waiting == 1, idle })
            }
            DONE => payload.is_empty().then_some(Self::Done),
            ABORT => {
                let (class, party) = payload.split_first()?;
                let culprit = usize::try_from(u32::from_le_bytes(party.try_into().ok()?)).ok()?;
                let why = match class {
                    1 => Leave::Error,
                    2 => Leave::Lost(culprit),
                    3 => Leave::Stopped,
                    4 => Leave::Cheated,
                    _ => return None,
                };
                Some(Self::Abort { why, culprit })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all() -> Vec<Frame> {
        let terms = Terms { fields: vec![("a".into(), "b".into())] };
        let abort = |why, culprit| Frame::Abort { why, culprit };
        vec![
            Frame::Hello(Box::new(Hello { nonce: [1; 32], half: Zeroizing::new([2; 32]), terms })),
            Frame::Confirm([3; OPENING]),
            Frame::Beat { waiting: true, idle: Duration::from_millis(77) },
            Frame::Done,
            abort(Leave::Error, 1),
            abort(Leave::Lost(2), 2),
            abort(Leave::Stopped, 0),
            abort(Leave::Cheated, 0),
        ]
    }

    #[test]
    fn frames_come_back_in_any_pieces() {
        let mut stream = Vec::new();
        all().iter().for_each(|frame| frame.encode(&mut stream));
        let (mut inbox, mut again) = (Vec::new(), Vec::new());
        let mut count = 0;
        for byte in &stream {
            inbox.push(*byte);
            while let Some(frame) = Frame::take(&mut inbox).expect("well formed") {
                frame.encode(&mut again);
                count += 1;
            }
        }
        assert!(inbox.is_empty() && count == all().len());
        assert_eq!(stream, again);
    }

    #[test]
    fn lengths_are_bounded_and_exact() {
        assert!(Frame::take(&mut vec![HELLO, 255, 255, 255, 0]).is_err());
        assert!(Frame::take(&mut vec![DONE, 1, 0, 0, 0, 9]).is_err());
        assert!(Frame::take(&mut vec![BEAT, 5, 0, 0, 0, 2, 0, 0, 0, 0]).is_err());
        assert!(Frame::take(&mut vec![9, 0, 0, 0, 0]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut inbox = bytes;
            while let Ok(Some(_)) = Frame::take(&mut inbox) {}
        }
    }
}
