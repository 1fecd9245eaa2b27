//! The links of a session as the protocols' wire. The error of a link is kept as it is, so that the run can say who was lost and why.

use smpc_net::{Links, NetError};
use smpc_protocols::{Error, Wire};
use std::cell::RefCell;
use std::rc::Rc;

/// The first error of the links.
pub(super) type Ended = Rc<RefCell<Option<NetError>>>;

/// Links of one worker.
pub(super) struct LinkWire {
    pub(super) links: Links,
    pub(super) ended: Ended,
}

impl LinkWire {
    fn keep(&self, error: NetError) -> Error {
        let kept = Error::Link { peer: error.party().unwrap_or(usize::MAX), reason: error.to_string() };
        self.ended.borrow_mut().get_or_insert(error);
        kept
    }
}

impl Wire for LinkWire {
    fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, Error> {
        self.links.try_send(peer, bytes).map_err(|error| self.keep(error))
    }

    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, Error> {
        self.links.try_recv(peer, into).map_err(|error| self.keep(error))
    }

    fn wait(&mut self, readable: u64, writable: u64) -> Result<(), Error> {
        self.links.wait(readable, writable).map_err(|error| self.keep(error))
    }
}

/// The wire of a party that is alone.
pub(crate) struct NoWire;

impl Wire for NoWire {
    fn try_send(&mut self, peer: usize, _: &[u8]) -> Result<usize, Error> {
        Err(alone(peer))
    }

    fn try_recv(&mut self, peer: usize, _: &mut [u8]) -> Result<usize, Error> {
        // Nothing is expected of this party by itself.
        if peer == 0 { Ok(0) } else { Err(alone(peer)) }
    }

    fn wait(&mut self, _: u64, _: u64) -> Result<(), Error> {
        Ok(())
    }
}

fn alone(peer: usize) -> Error {
    Error::Link { peer, reason: "there is one party only".to_owned() }
}
