//! R24: links that delay, cut and reorder, thousands of times differently: the same outputs, the same bytes in every frame and the same blocks of randomness. And
//! the length of every frame is the same for all inputs.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use smpc_protocols::conformance::blocks::{Blocks, Watched};
use smpc_protocols::conformance::data::mix;
use smpc_protocols::conformance::memory::memory_wires;
use smpc_protocols::conformance::source::{Drawn, mixed};
use smpc_protocols::conformance::views::{Heard, payloads, seen, take};
use smpc_protocols::mal_rep3::MalRep3;
use smpc_protocols::mal_shamir::party as mal_shamir_party;
use smpc_protocols::rep3::Rep3;
use smpc_protocols::rep4::Rep4;
use smpc_protocols::shamir::Shamir;
use smpc_protocols::{Error, Executor, Protocol, Range, Wire, join3};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

/// How many schedules of small gates there are: as `SMPC_SCHEDULES` says, or so many.
fn schedules(usual: u64) -> u64 {
    std::env::var("SMPC_SCHEDULES").map_or(usual, |number| number.parse().unwrap())
}

/// Schedules of gates whose messages are longer than a link's buffer.
const LONG: u64 = 20;

/// Parties that wait keep asking, so that more of them than the machine has cores are in one another's way: one test runs after the other.
static TURN: Mutex<()> = Mutex::new(());

/// A wire that is late, in pieces and out of turn.
struct Chaos<W> {
    inner: Rc<RefCell<W>>,
    state: u64,
    /// Calls for which a direction of a link stays shut.
    shut: Vec<[u64; 2]>,
}

impl<W> Chaos<W> {
    fn draw(&mut self, below: u64) -> u64 {
        self.state = mix(self.state);
        self.state % below
    }

    /// How many of `wanted` bytes go through, this time.
    fn allowed(&mut self, peer: usize, direction: usize, wanted: usize) -> usize {
        if self.shut[peer][direction] > 0 {
            self.shut[peer][direction] -= 1;
            return 0;
        }
        match self.draw(8) {
            0 => {
                self.shut[peer][direction] = self.draw(20);
                0
            }
            1 => wanted.min(1),
            2 | 3 => usize::try_from(self.draw(wanted as u64 + 1)).unwrap(),
            _ => wanted,
        }
    }
}

impl<W: Wire> Wire for Chaos<W> {
    fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, Error> {
        match self.allowed(peer, 0, bytes.len()) {
            0 => Ok(0),
            count => self.inner.borrow_mut().try_send(peer, &bytes[..count]),
        }
    }
    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, Error> {
        match self.allowed(peer, 1, into.len()) {
            0 => Ok(0),
            count => self.inner.borrow_mut().try_recv(peer, &mut into[..count]),
        }
    }
    fn wait(&mut self, readable: u64, writable: u64) -> Result<(), Error> {
        // A direction that is shut opens again by being asked, without the other threads' doing.
        let shut =
            |peer: usize, direction: usize, wanted: u64| wanted >> peer & 1 == 1 && self.shut[peer][direction] > 0;
        if (0..self.shut.len()).any(|peer| shut(peer, 0, writable) || shut(peer, 1, readable)) {
            return Ok(());
        }
        self.inner.borrow_mut().wait(readable, writable)
    }
}

/// Gates of every kind of message, some side by side, on three inputs of `lanes` lanes.
async fn program(p: &impl Protocol, e: &Executor, values: &[i64]) -> Vec<i64> {
    let lanes = values.len();
    let input = |owner: usize| p.input(e.gate(owner as u64), owner, (p.me() == owner).then_some(values), lanes);
    let (a, b, c) = join3(input(0), input(1), input(2)).await;
    let (product, less, rounded) = Box::pin(join3(
        p.mul(e.gate(10), &a, &b),
        p.ltz(e.gate(11), &c, 64),
        p.trunc_stochastic(e.gate(12), &b, 8, Range::new(-(1 << 60), 1 << 60)),
    ))
    .await;
    let picked = p.select(e.gate(13), &less, &product, &rounded).await;
    let bits = p.a2b(e.gate(14), &picked, 5).await;
    let back = p.b2a(e.gate(15), &bits, true).await;
    let total = p.dot(e.gate(16), &back, &a, lanes).await;
    let holds = p.check(e.gate(17), &less).await;
    let first = p.open_to(e.gate(18), &a, &[1]).await;
    let mut out = p.open(e.gate(19), &total).await;
    out.push(i64::from(holds));
    out.extend(first.into_iter().flatten());
    out
}

/// What must not depend on the schedule.
#[derive(PartialEq, Eq)]
struct Outcome {
    values: Vec<i64>,
    received: Vec<Vec<u8>>,
    blocks: Blocks,
}

/// Runs the program at `parties` parties, over and over, and compares.
fn same_under_all_schedules<P: Protocol>(
    parties: usize,
    party: impl Fn(usize, Drawn) -> P + Sync,
    schedules: u64,
    lanes: usize,
) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let values: Vec<i64> = (0..lanes as i64).map(|i| i * i - 40).collect();
    std::thread::scope(|scope| {
        for (me, wire) in memory_wires(parties).into_iter().enumerate() {
            let (values, party) = (&values, &party);
            scope.spawn(move || {
                let wire = Rc::new(RefCell::new(wire));
                let mut first: Option<Outcome> = None;
                for schedule in 0..schedules {
                    let chaos = Chaos {
                        inner: Rc::clone(&wire),
                        state: mix(schedule * parties as u64 + me as u64 + 1),
                        shut: vec![[0; 2]; parties],
                    };
                    let (heard, received) = Heard::new(chaos, parties);
                    let (keys, used) = Watched::over(mixed(5));
                    let executor = Executor::new(me, parties, 7, 0, Box::new(heard));
                    let values = executor.run(program(&party(me, keys), &executor, values)).unwrap();
                    let outcome = Outcome {
                        values,
                        received: take(&received),
                        blocks: std::mem::take(&mut *used.lock().unwrap()),
                    };
                    assert!(outcome.blocks.repeated.is_empty());
                    match &first {
                        None => first = Some(outcome),
                        Some(first) => assert!(*first == outcome, "party {me}, schedule {schedule}"),
                    }
                }
            });
        }
    });
}

/// The lengths of all frames, by party and sender, are the same for all inputs: traffic says nothing of them.
fn frames_are_as_long_for_all_inputs<P: Protocol>(parties: usize, party: impl Fn(usize, Drawn) -> P + Sync) {
    let lengths = |values: &[i64]| -> Vec<Vec<Vec<usize>>> {
        let seen = seen(parties, |me, e| e.run(program(&party(me, mixed(9)), e, values)).map(|_| ())).unwrap();
        let sizes = |stream: &Vec<u8>| payloads(stream).iter().map(|payload| payload.len()).collect();
        seen.iter().map(|seen| seen.received.iter().map(sizes).collect()).collect()
    };
    for lanes in [1, 65, 1025] {
        let zero = lengths(&vec![0; lanes]);
        assert!(zero.iter().all(|from| from.iter().flatten().count() > 1));
        let mixed: Vec<i64> = (0..lanes as u64).map(|i| mix(i).cast_signed()).collect();
        for values in [vec![i64::MAX; lanes], vec![i64::MIN; lanes], vec![-1; lanes], mixed] {
            assert_eq!(lengths(&values), zero);
        }
    }
}

/// The tests of one protocol, given how many parties it has, how party `me` is made with its keys, how many schedules of small gates there are, and how many lanes take
/// messages longer than a link's buffer.
macro_rules! tests {
    ($name:ident, $parties:literal, |$me:ident, $keys:ident| $party:expr, $schedules:literal, $lanes:literal) => {
        mod $name {
            use super::*;

            #[test]
            fn thousands_of_schedules() {
                same_under_all_schedules($parties, |$me, $keys| $party, schedules($schedules), 3);
            }

            #[test]
            fn schedules_of_long_messages() {
                same_under_all_schedules($parties, |$me, $keys| $party, LONG, $lanes);
            }

            #[test]
            fn frames_are_as_long_for_all_inputs() {
                super::frames_are_as_long_for_all_inputs($parties, |$me, $keys| $party);
            }
        }
    };
}

// Ten thousand schedules of all pass too: SMPC_SCHEDULES=10000.
tests!(rep3, 3, |me, keys| Rep3::new(me, keys), 10_000, 40_000);
// Most of these rounds are those of verifications.
tests!(mal_rep3, 3, |me, keys| MalRep3::new(me, keys, [0; 32]), 500, 10_000);
tests!(mal_shamir, 3, |me, keys| mal_shamir_party(me, 1, keys, [0; 32]), 500, 5_000);
tests!(rep4, 4, |me, keys| Rep4::new(me, keys, [0; 32]), 2_500, 40_000);
tests!(shamir_of_three, 3, |me, keys| Shamir::new(me, 3, 1, keys), 5_000, 10_000);
tests!(shamir_of_five, 5, |me, keys| Shamir::new(me, 5, 2, keys), 2_500, 10_000);
