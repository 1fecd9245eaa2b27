//! Three parties as threads over links that are recorded, and what was recorded, cut into frames.

use smpc_protocols::conformance::memory::{MemoryWire, memory_wires};
use smpc_protocols::keys::Source;
use smpc_protocols::rep3::{Arith, Bin, Rep3, Row};
use smpc_protocols::{Error, Executor, Wire};
use std::cell::RefCell;
use std::rc::Rc;

/// Bytes by peer.
pub(crate) type Streams = Rc<RefCell<Vec<Vec<u8>>>>;

/// A wire that keeps a copy of what it hands out.
pub(crate) struct Recording<W> {
    pub(crate) inner: W,
    pub(crate) received: Streams,
}

impl<W: Wire> Wire for Recording<W> {
    fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, Error> {
        self.inner.try_send(peer, bytes)
    }
    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, Error> {
        let count = self.inner.try_recv(peer, into)?;
        self.received.borrow_mut()[peer].extend_from_slice(&into[..count]);
        Ok(count)
    }
    fn wait(&mut self, readable: u64, writable: u64) -> Result<(), Error> {
        self.inner.wait(readable, writable)
    }
}

/// What a party's program returned, and what the party received from each peer.
pub(crate) struct Seen<T> {
    pub(crate) value: T,
    pub(crate) received: Vec<Vec<u8>>,
}

/// Runs a program at each party over Z_2^bits, each with its own source of keys.
pub(crate) fn three<S: Source, T: Send>(
    bits: u32,
    source: impl Fn(usize) -> S + Sync,
    program: impl Fn(&Rep3<S>, &Executor) -> Result<T, Error> + Sync,
) -> Vec<Seen<T>> {
    std::thread::scope(|scope| {
        let running: Vec<_> = memory_wires(3)
            .into_iter()
            .enumerate()
            .map(|(me, wire)| {
                let (source, program) = (&source, &program);
                scope.spawn(move || {
                    let received = Streams::new(RefCell::new(vec![Vec::new(); 3]));
                    let wire: Recording<MemoryWire> = Recording { inner: wire, received: Rc::clone(&received) };
                    let executor = Executor::new(me, 3, 7, 0, Box::new(wire));
                    let value = program(&Rep3::over_small_ring(me, source(me), bits), &executor).unwrap();
                    drop(executor);
                    Seen { value, received: received.take() }
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// The payloads of the frames of a stream.
pub(crate) fn payloads(mut stream: &[u8]) -> Vec<&[u8]> {
    let mut all = Vec::new();
    while let Some((header, rest)) = stream.split_at_checked(smpc_protocols::HEADER) {
        let length = u64::from_le_bytes(header[20..28].try_into().unwrap());
        let (payload, rest) = rest.split_at(usize::try_from(length).unwrap());
        all.push(payload);
        stream = rest;
    }
    assert!(stream.is_empty());
    all
}

/// What each of `count` equal gates side by side received: every frame is cut in equal parts.
pub(crate) fn shares_of_frames(received: &[Vec<u8>], count: usize) -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new(); count];
    for payload in received.iter().flat_map(|stream| payloads(stream)) {
        assert!(payload.len().is_multiple_of(count), "gates of equal shape send equal lengths");
        for (own, part) in all.iter_mut().zip(payload.chunks_exact(payload.len() / count)) {
            own.extend_from_slice(part);
        }
    }
    all
}

/// Party `me`'s share of a number with these components.
pub(crate) fn number(me: usize, components: [u64; 3]) -> Arith {
    Arith::of_components([vec![components[me]], vec![components[(me + 1) % 3]]])
}

/// Party `me`'s share of one word of `width` bits with these components.
pub(crate) fn word(me: usize, width: u32, components: [u64; 3]) -> Bin {
    let rows = |component: u64| -> Vec<Row> {
        (0..width).map(|plane| [component >> plane & 1, 0, 0, 0, 0, 0, 0, 0]).collect()
    };
    Bin::of_components(width, 1, [rows(components[me]), rows(components[(me + 1) % 3])])
}
