//! Several threads a party: whatever their number, the same outputs, the same bytes in every frame and the same shares; and parties need not have as many.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use smpc_math::circuits::{add, netlist};
use smpc_math::prf::Key;
use smpc_math::simd::PANEL_ROWS;
use smpc_protocols::conformance::data::mix;
use smpc_protocols::conformance::memory::{MemoryWire, memory_wires};
use smpc_protocols::conformance::suite::{Extent, Report, suite};
use smpc_protocols::keys::Keys;
use smpc_protocols::plain::Plain;
use smpc_protocols::rep3::{self, Rep3};
use smpc_protocols::workers::{GRAIN, start_with_grain};
use smpc_protocols::{Error, Executor, Lanes, Protocol, Range, Shares, Wire};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A wire that keeps a copy of what is sent.
struct Sent {
    inner: MemoryWire,
    sent: Rc<RefCell<[Vec<u8>; 3]>>,
}

impl Wire for Sent {
    fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, Error> {
        let count = self.inner.try_send(peer, bytes)?;
        self.sent.borrow_mut()[peer].extend_from_slice(&bytes[..count]);
        Ok(count)
    }
    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, Error> {
        self.inner.try_recv(peer, into)
    }
    fn wait(&mut self, readable: u64, writable: u64) -> Result<(), Error> {
        self.inner.wait(readable, writable)
    }
}

/// What a party's program gave, and what the party sent to each peer.
type Seen<T> = (T, [Vec<u8>; 3]);

/// Runs a program at three parties with as many threads as each is given, which fork where there are `grain` steps of work.
fn three<T: Send>(
    threads: [usize; 3],
    grain: usize,
    program: impl AsyncFn(&Rep3<Keys>, &Executor) -> T + Sync,
) -> Vec<Seen<T>> {
    std::thread::scope(|scope| {
        let party = |(me, (inner, threads)): (usize, (MemoryWire, usize))| {
            let program = &program;
            scope.spawn(move || {
                let _workers = start_with_grain(threads, grain).unwrap();
                let key = |j: usize| Key::new([u8::try_from(j).unwrap(); 32]);
                let protocol = Rep3::new(me, rep3::keys(me, key(me), key((me + 1) % 3), [7; 32]));
                let sent = Rc::default();
                let executor = Executor::new(me, 3, 1, 0, Box::new(Sent { inner, sent: Rc::clone(&sent) }));
                let value = executor.run(program(&protocol, &executor)).unwrap();
                drop(executor);
                (value, sent.take())
            })
        };
        let running: Vec<_> = memory_wires(3).into_iter().zip(threads).enumerate().map(party).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Holds runs with several threads against one with a single thread a party.
fn same_for_all<T: Send + PartialEq + std::fmt::Debug>(
    grain: usize,
    program: impl AsyncFn(&Rep3<Keys>, &Executor) -> T + Sync,
) -> Vec<Seen<T>> {
    let alone = three([1; 3], grain, &program);
    for threads in [[2; 3], [3, 1, 2]] {
        for (me, (alone, seen)) in alone.iter().zip(three(threads, grain, &program)).enumerate() {
            assert!(alone.1 == seen.1, "party {me} of {threads:?} threads sent other bytes");
            assert_eq!(alone.0, seen.0, "party {me} of {threads:?} threads");
        }
    }
    alone
}

/// Every gate at all sizes, cut as finely as may be.
#[test]
fn the_conformance_suite_is_the_same_for_every_number_of_threads() {
    let reports = same_for_all(1, async |p, e| suite(p, e, Extent::Sizes).await);
    assert!(reports.iter().all(|(report, _)| report.failures.is_empty() && report.cases.len() > 500));
}

#[test]
fn the_clear_protocol_is_the_same_for_every_number_of_threads() {
    let run = |threads: usize| -> Report {
        let run = move || {
            let _workers = start_with_grain(threads, 1).unwrap();
            let executor = Executor::new(0, 1, 0, 0, Box::new(memory_wires(1).remove(0)));
            executor.run(suite(&Plain, &executor, Extent::Sizes)).unwrap()
        };
        std::thread::scope(|scope| scope.spawn(run).join().unwrap())
    };
    let alone = run(1);
    assert!(alone.failures.is_empty(), "{:#?}", alone.failures);
    assert_eq!(alone, run(2));
}

/// Long vectors with a last block that is not full: the gates that fork, by their shares and not only by what they open.
#[test]
fn shares_of_long_vectors_are_the_same() {
    const LANES: usize = 40_011;
    let circuit = netlist(&[32, 32], |b, words| add(b, &words[0], &words[1])).levelled();
    let small = Range::new(-(1 << 30), 1 << 30);
    let values =
        |seed: u64| -> Vec<i64> { (0..LANES as u64).map(|i| mix(seed << 32 | i).cast_signed() >> 33).collect() };
    for grain in [100, 512, 1_234, GRAIN] {
        same_for_all(grain, async |p, e| {
            let mut gate = 0;
            let mut cx = || {
                gate += 1;
                e.gate(gate)
            };
            let (left, right) = (values(1), values(2));
            let a = p.input(cx(), 0, (p.me() == 0).then_some(&left[..]), LANES).await;
            let b = p.input(cx(), 1, (p.me() == 1).then_some(&right[..]), LANES).await;
            let (mut numbers, mut words) = (Vec::new(), Vec::new());
            numbers.push(p.mul(cx(), &a, &b).await);
            numbers.push(p.dot(cx(), &a, &b, LANES).await);
            numbers.push(p.dot(cx(), &a, &b, 3).await);
            numbers.push(p.sum(&a, &Lanes::run(1, LANES - 2), LANES - 2));
            numbers.push(p.mul_public(&p.add_public(&p.sub(&a, &b), &right), &left));
            let square = |x: &_| Shares::read(x, &Lanes::run(0, 140 * 140));
            numbers.push(p.matmul(cx(), &square(&a), &square(&b), 140, 140, 140).await);
            numbers.push(p.matmul(cx(), &a, &square(&b).read(&Lanes::run(0, 3)), LANES / 3, 3, 1).await);
            numbers.push(p.round(cx(), &a, 7, small).await);
            numbers.push(p.trunc_stochastic(cx(), &a, 7, small).await);
            let less = p.lt(cx(), &a, &b, small, small).await;
            numbers.push(p.select(cx(), &less, &a, &b).await);
            let bits = [p.a2b(cx(), &a, 32).await, p.a2b(cx(), &b, 32).await];
            words.push(p.netlist(cx(), &circuit, &[&bits[0], &bits[1]]).await);
            words.push(p.and(cx(), &bits[0], &bits[1]).await);
            words.push(p.eq(cx(), &a, &b, small, small).await);
            numbers.push(p.b2a(cx(), &words[0], true).await);
            words.push(less);
            words.extend(bits);
            let expected: Vec<i64> = left.iter().zip(&right).map(|(x, y)| x * y).collect();
            assert_eq!(p.open(cx(), &numbers[0]).await, expected);
            let numbers: Vec<_> = numbers.iter().map(|x| x.components().map(<[u64]>::to_vec)).collect();
            // Bits beyond the last lane mean nothing.
            let whole = |word: &smpc_protocols::rep3::Bin| {
                let width = smpc_protocols::BinShares::width(word) as usize;
                word.components().map(|rows| rows[..LANES / 512 * width].to_vec())
            };
            (numbers, words.iter().map(whole).collect::<Vec<_>>())
        });
    }
}

/// A product of large matrices takes long before anything is sent: whoever watches over a party hears of it for every panel of rows.
#[test]
fn a_party_that_multiplies_matrices_says_that_it_is_at_work() {
    const ROWS: usize = 200;
    let party = |me: usize, wire: MemoryWire| {
        let key = |j: usize| Key::new([u8::try_from(j).unwrap(); 32]);
        let protocol = Rep3::new(me, rep3::keys(me, key(me), key((me + 1) % 3), [7; 32]));
        let heard = Rc::new(Cell::new(0));
        let count = Rc::clone(&heard);
        let executor = Executor::new(me, 3, 1, 0, Box::new(wire)).watched_over(move || count.set(count.get() + 1));
        let column = protocol.share_public(&[3], ROWS);
        let row = protocol.share_public(&[5], 4);
        let product = async || {
            let z = protocol.matmul(executor.gate(0), &column, &row, ROWS, 1, 4).await;
            protocol.open(executor.gate(1), &z).await
        };
        assert_eq!(executor.run(product()).unwrap(), vec![15; 4 * ROWS]);
        heard.get()
    };
    let heard: Vec<usize> = std::thread::scope(|scope| {
        let running: Vec<_> =
            memory_wires(3).into_iter().enumerate().map(|(me, wire)| scope.spawn(move || party(me, wire))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(heard.iter().all(|times| *times >= ROWS / PANEL_ROWS), "{heard:?}");
}
