//! A hostile peer: whatever arrives in place of its frames ends the run with an error that names the peer, or is taken for a share. Never a panic, never a
//! read for more than the program says, never for ever.

use crate::parties::three;
use smpc_protocols::conformance::data::mix;
use smpc_protocols::conformance::source::mixed;
use smpc_protocols::keys::Source;
use smpc_protocols::rep3::Rep3;
use smpc_protocols::{CHUNK, Error, Executor, HEADER, Protocol, Wire};
use std::cell::Cell;
use std::rc::Rc;

/// Most bytes that a party has room for, of one peer.
const ROOM: usize = 16 * CHUNK + HEADER;

/// A wire on which peers say what was recorded, whatever they are sent, and then fall silent.
struct Replay {
    streams: Vec<Vec<u8>>,
    at: [usize; 3],
    /// Largest read that was asked for.
    largest: Rc<Cell<usize>>,
}

impl Wire for Replay {
    fn try_send(&mut self, _: usize, bytes: &[u8]) -> Result<usize, Error> {
        Ok(bytes.len())
    }
    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, Error> {
        self.largest.set(self.largest.get().max(into.len()));
        let rest = &self.streams[peer][self.at[peer]..];
        let count = rest.len().min(into.len()).min(1000);
        into[..count].copy_from_slice(&rest[..count]);
        self.at[peer] += count;
        Ok(count)
    }
    fn wait(&mut self, readable: u64, _: u64) -> Result<(), Error> {
        let waited_for = (0..3).filter(|peer| readable >> peer & 1 == 1);
        match waited_for.clone().find(|peer| self.at[*peer] == self.streams[*peer].len()) {
            Some(peer) => Err(Error::Link { peer, reason: "silent".to_owned() }),
            None => Ok(()),
        }
    }
}

async fn program<S: Source>(p: &Rep3<S>, e: &Executor) -> Vec<i64> {
    let (a, b) = (p.share_public(&[5], 70), p.share_public(&[-7], 70));
    let c = p.mul(e.gate(1), &a, &b).await;
    let less = p.ltz(e.gate(2), &c, 12).await;
    let picked = p.select(e.gate(3), &less, &a, &c).await;
    let bit = p.b2a(e.gate(4), &less, false).await;
    p.open(e.gate(5), &p.add(&picked, &bit)).await
}

fn replayed(streams: Vec<Vec<u8>>) -> Result<Vec<i64>, Error> {
    let largest = Rc::new(Cell::new(0));
    let wire = Replay { streams, at: [0; 3], largest: Rc::clone(&largest) };
    let executor = Executor::new(0, 3, 7, 0, Box::new(wire));
    let result = executor.run(program(&Rep3::new(0, mixed(1)), &executor));
    assert!(largest.get() <= ROOM, "a read of {} bytes", largest.get());
    result
}

/// What party 0 hears in an honest run.
fn honest() -> Vec<Vec<u8>> {
    three(64, |_| mixed(1), |p, e| e.run(program(p, e))).swap_remove(0).received
}

#[test]
fn an_honest_recording_runs() {
    assert_eq!(replayed(honest()), Ok(vec![6; 70]));
}

#[test]
fn each_field_of_a_header_is_checked() {
    let honest = honest();
    for peer in 1..3 {
        for (field, at) in [("session", 3), ("worker", 8), ("number", 12), ("length", 20), ("length", 26)] {
            let mut streams = honest.clone();
            streams[peer][at] ^= 0xff;
            match replayed(streams) {
                Err(Error::Frame { peer: found, field: name, .. }) => assert_eq!((found, name), (peer, field)),
                other => panic!("{field}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_stream_that_ends_names_its_peer() {
    let honest = honest();
    for peer in 1..3 {
        for length in 0..honest[peer].len() {
            let mut streams = honest.clone();
            streams[peer].truncate(length);
            match replayed(streams) {
                Err(Error::Link { peer: found, .. }) => assert_eq!(found, peer),
                other => panic!("cut at {length}: {other:?}"),
            }
        }
    }
}

#[test]
fn anything_else_ends_in_an_error_or_a_result() {
    let honest = honest();
    let mut refused = 0;
    for seed in 0..4000_u64 {
        let mut streams = honest.clone();
        let mut state = mix(seed);
        let mut draw = |below: usize| {
            state = mix(state);
            usize::try_from(state % below as u64).unwrap()
        };
        let stream = &mut streams[1 + draw(2)];
        match draw(6) {
            // Flipped bits, anywhere.
            0 => (0..=draw(8)).for_each(|_| {
                let at = draw(stream.len());
                stream[at] ^= 1 << draw(8);
            }),
            // Bytes too many or too few in the middle.
            1 => {
                let at = draw(stream.len());
                stream.insert(at, 0x5a);
            }
            2 => {
                let at = draw(stream.len());
                stream.remove(at);
            }
            // A frame once more, or two that changed places.
            3 => {
                let (from, to) = (draw(stream.len()), draw(stream.len()));
                let part = stream[from.min(to)..from.max(to)].to_vec();
                stream.splice(0..0, part);
            }
            // A length beyond all reason.
            4 => stream[20..28].copy_from_slice(&(u64::MAX - draw(3) as u64).to_le_bytes()),
            // Noise.
            _ => (0..stream.len()).for_each(|i| stream[i] = mix(seed ^ i as u64).to_le_bytes()[0]),
        }
        match replayed(streams) {
            Ok(_) => {}
            Err(Error::Frame { peer, .. } | Error::Link { peer, .. }) => {
                assert!(peer == 1 || peer == 2);
                refused += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(refused > 2000, "{refused}");
}
