//! R24: links that delay, cut and reorder, ten thousand times differently: the same outputs, the same bytes in every frame and the same blocks of randomness. And
//! the length of every frame is the same for all inputs.

use crate::parties::{Recording, Streams, payloads, three};
use smpc_protocols::conformance::blocks::{Blocks, Watched};
use smpc_protocols::conformance::data::mix;
use smpc_protocols::conformance::memory::memory_wires;
use smpc_protocols::conformance::source::Mixed;
use smpc_protocols::keys::Source;
use smpc_protocols::rep3::Rep3;
use smpc_protocols::{Error, Executor, Protocol, Range, Wire, join3};
use std::cell::RefCell;
use std::rc::Rc;

/// Schedules of small gates, and of gates whose messages are longer than a link's buffer.
const SCHEDULES: u64 = 10_000;
const LONG: u64 = 20;

/// A wire that is late, in pieces and out of turn.
struct Chaos<W> {
    inner: Rc<RefCell<W>>,
    state: u64,
    /// Calls for which a direction of a link stays shut.
    shut: [[u64; 2]; 3],
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
        if (0..3).any(|peer| shut(peer, 0, writable) || shut(peer, 1, readable)) {
            return Ok(());
        }
        self.inner.borrow_mut().wait(readable, writable)
    }
}

/// Gates of every kind of message, some side by side, on three inputs of `lanes` lanes.
async fn program<S: Source>(p: &Rep3<S>, e: &Executor, values: &[i64]) -> Vec<i64> {
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

fn same_under_all_schedules(schedules: u64, lanes: usize) {
    let values: Vec<i64> = (0..lanes as i64).map(|i| i * i - 40).collect();
    std::thread::scope(|scope| {
        for (me, wire) in memory_wires(3).into_iter().enumerate() {
            let values = &values;
            scope.spawn(move || {
                let wire = Rc::new(RefCell::new(wire));
                let mut first: Option<Outcome> = None;
                for schedule in 0..schedules {
                    let received = Streams::new(RefCell::new(vec![Vec::new(); 3]));
                    let chaos = Chaos {
                        inner: Rc::clone(&wire),
                        state: mix(schedule * 3 + me as u64 + 1),
                        shut: Default::default(),
                    };
                    let recording = Recording { inner: chaos, received: Rc::clone(&received) };
                    let (keys, used) = Watched::new(Mixed(5));
                    let executor = Executor::new(me, 3, 7, 0, Box::new(recording));
                    let values = executor.run(program(&Rep3::new(me, keys), &executor, values)).unwrap();
                    drop(executor);
                    let outcome = Outcome {
                        values,
                        received: received.take(),
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

#[test]
fn ten_thousand_schedules() {
    same_under_all_schedules(SCHEDULES, 3);
}

#[test]
fn schedules_of_long_messages() {
    same_under_all_schedules(LONG, 40_000);
}

/// Traffic says nothing of the inputs.
#[test]
fn frames_are_as_long_for_all_inputs() {
    let lengths = |values: &[i64]| -> Vec<Vec<Vec<usize>>> {
        let seen = three(64, |_| Mixed(9), |p, e| e.run(program(p, e, values)).map(|_| ()));
        let sizes = |stream: &Vec<u8>| payloads(stream).iter().map(|payload| payload.len()).collect();
        seen.iter().map(|seen| seen.received.iter().map(sizes).collect()).collect()
    };
    for lanes in [1, 65, 1025] {
        let zero = lengths(&vec![0; lanes]);
        let mixed: Vec<i64> = (0..lanes as u64).map(|i| mix(i).cast_signed()).collect();
        for values in [vec![i64::MAX; lanes], vec![i64::MIN; lanes], vec![-1; lanes], mixed] {
            assert_eq!(lengths(&values), zero);
        }
    }
}
