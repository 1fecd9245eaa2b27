//! How a program stops: with the same cause and source line at every party, and without a word about what would have followed.

use crate::harness::{Ended, counted, plain, rep3, rep3_over};
use crate::make::{Make, element};
use smpc_bytecode::module::Module;
use smpc_bytecode::op::Op;
use smpc_bytecode::types::RegType;
use smpc_bytecode::verify::Verified;
use smpc_protocols::conformance::memory::{MemoryWire, memory_wires};
use smpc_protocols::{Error, Wire};
use smpcvm::engine::{Cause, Fault, Stop};
use std::sync::{Arc, Mutex};

const SMALL: RegType = RegType::arith(-100, 100);

/// Every party, and the run in the clear, stops in this way; the stop says so with its line.
fn stops(module: &Verified<Module>, values: &[&[i64]], steps: u64, cause: &Cause, words: &[&str]) {
    let check = |ended: Ended| {
        let stop: Stop = ended.expect_err("a stop");
        assert_eq!(stop.cause, *cause);
        let text = stop.describe(module);
        for word in words {
            assert!(text.contains(word), "`{word}` is missing in:\n{text}");
        }
    };
    check(plain(module, values, steps));
    rep3(module, values, steps).into_iter().for_each(|(ended, _)| check(ended));
}

#[test]
fn an_index_outside() {
    let mut m = Make::new();
    let xs = m.numbers(0, SMALL, 12);
    let y = m.slot(SMALL, 1);
    // Rows of 4.
    m.repeat(5, |m, row| m.set(Op::Copy {}, m.all(y), &[element(xs, 2, row, 4)]));
    m.output(y, None);
    let values: Vec<i64> = (0..12).collect();
    let cause = Cause::Fault(Fault::Bounds { index: 3, len: 3 });
    stops(&m.verified(), &[&values], 1 << 20, &cause, &["index 3", "3 elements", "main.smpc:4", "line 4"]);

    let mut m = Make::new();
    let xs = m.numbers(0, SMALL, 3);
    let index = m.public_input(1, -9, 9, 2);
    let y = m.make(Op::Gather {}, SMALL, 2, &[m.all(xs), m.all(index)]);
    m.output(y, None);
    let cause = Cause::Fault(Fault::Bounds { index: -1, len: 3 });
    stops(&m.verified(), &[&[1, 2, 3], &[0, -1]], 1 << 20, &cause, &["index -1", "main.smpc:4"]);
}

#[test]
fn an_index_written_twice() {
    let mut m = Make::new();
    let xs = m.numbers(0, SMALL, 2);
    let index = m.public_input(1, 0, 9, 2);
    let y = m.slot(SMALL, 10);
    m.set(Op::Scatter {}, m.all(y), &[m.all(xs), m.all(index)]);
    m.output(y, None);
    let cause = Cause::Fault(Fault::Repeated { index: 7 });
    stops(&m.verified(), &[&[1, 2], &[7, 7]], 1 << 20, &cause, &["index 7 is written twice", "main.smpc:4"]);
}

#[test]
fn public_arithmetic_that_does_not_fit() {
    for (op, b, cause) in [
        (Op::Mul {}, 100, Cause::Fault(Fault::Range { value: 1000, range: (0, 999) })),
        (Op::Div {}, 0, Cause::Fault(Fault::ZeroDivisor)),
        (Op::Sub {}, 11, Cause::Fault(Fault::Range { value: -1, range: (0, 999) })),
    ] {
        let mut m = Make::new();
        let (a, b_slot) = (m.public_input(0, 0, 999, 1), m.public_input(1, 0, 999, 1));
        let y = m.make(op, RegType::pub_int(0, 999), 1, &[m.all(a), m.all(b_slot)]);
        m.output(y, None);
        stops(&m.verified(), &[&[10], &[b]], 1 << 20, &cause, &["main.smpc:3"]);
    }
}

#[test]
fn a_secret_divided_by_a_public_zero() {
    let mut m = Make::new();
    let (a, b) = (m.numbers(0, SMALL, 1), m.public_input(1, 0, 9, 1));
    let y = m.make(Op::Div {}, SMALL, 1, &[m.all(a), m.all(b)]);
    m.output(y, None);
    let cause = Cause::Fault(Fault::ZeroDivisor);
    stops(&m.verified(), &[&[10], &[0]], 1 << 20, &cause, &["division by zero", "main.smpc:4"]);
}

/// Endless loops that talk and that do not, and a tower of empty functions, end at the step limit.
#[test]
fn the_step_limit() {
    let endless = |talking: bool| {
        let mut m = Make::new();
        let x = m.numbers(0, RegType::arith(-1, 1), 1);
        let truth = m.constant(RegType::PUB_BOOL, &[1]);
        m.while_loop(
            |_| truth,
            |m| {
                if talking {
                    m.set(Op::Mul {}, m.all(x), &[m.all(x), m.all(x)]);
                }
            },
        );
        m.output(x, None);
        m.verified()
    };
    for talking in [false, true] {
        stops(&endless(talking), &[&[1]], 1000, &Cause::Steps(1000), &["1000 steps", "main.smpc:"]);
    }
    let mut m = Make::new();
    for function in 0..60 {
        let body = m.block(|m| {
            if function > 0 {
                m.call(function - 1);
                m.call(function - 1);
            }
        });
        m.module.functions.push(smpc_bytecode::module::Function { name: format!("f{function}"), body });
    }
    m.call(59);
    stops(&m.verified(), &[], 100_000, &Cause::Steps(100_000), &["100000 steps"]);
}

/// Where the protocol computes in the clear, a result outside its register's range is seen.
#[test]
fn a_secret_outside_its_range_stops_the_run_in_the_clear() {
    let mut m = Make::new();
    let x = m.numbers(0, SMALL, 2);
    m.output(x, None);
    let module = m.verified();
    // The input check would refuse this; here it is not asked.
    let stop = plain(&module, &[&[5, 101]], 100).expect_err("a stop");
    assert_eq!(stop.cause, Cause::Fault(Fault::Range { value: 101, range: (-100, 100) }));
}

/// What each party has sent, in order.
type Tape = Arc<Mutex<Vec<u8>>>;

/// A wire that writes down what is sent.
struct Tap {
    inner: MemoryWire,
    tape: Tape,
}

impl Wire for Tap {
    fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, Error> {
        let sent = self.inner.try_send(peer, bytes)?;
        self.tape.lock().expect("no party panicked").extend(&bytes[..sent]);
        Ok(sent)
    }
    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, Error> {
        self.inner.try_recv(peer, into)
    }
    fn wait(&mut self, readable: u64, writable: u64) -> Result<(), Error> {
        self.inner.wait(readable, writable)
    }
}

/// `check(x < 5)`, then `reveal(x)`: where the check fails, no party sends a single byte of the revealing round.
#[test]
fn nothing_follows_a_failing_check() {
    let program = |revealing: bool| {
        let mut m = Make::new();
        let x = m.numbers(0, SMALL, 100);
        let five = m.constant(RegType::pub_int(5, 5), &[5; 100]);
        let small = m.make(Op::Lt {}, RegType::BIN_BOOL, 100, &[m.all(x), m.all(five)]);
        let message = m.message("x must be small");
        let check = m.gate(Op::Check { message }, None, &[m.all(small)]);
        m.entry(check);
        if revealing {
            let opened = m.open(x, RegType::pub_int(-100, 100), false);
            m.output(opened, None);
        }
        m.verified()
    };
    let module = program(true);
    let before: Vec<u64> = counted(&program(false), u64::MAX).iter().map(|stats| stats.sent.iter().sum()).collect();
    for (last, fails) in [(4_i64, false), (5, true)] {
        let mut values = [0; 100];
        values[99] = last;
        let tapes: Vec<Tape> = (0..3).map(|_| Tape::default()).collect();
        let wires = memory_wires(3).into_iter().zip(&tapes).map(|(inner, tape)| Tap { inner, tape: Arc::clone(tape) });
        let ended = rep3_over(wires.collect(), &module, &[&values], 1 << 20);
        for (party, (result, _)) in ended.into_iter().enumerate() {
            let sent = tapes[party].lock().expect("no party panicked").len() as u64;
            match result {
                Ok(_) => assert!(!fails && sent > before[party]),
                Err(stop) => {
                    assert!(fails && matches!(stop.cause, Cause::Message(_)));
                    assert!(stop.describe(&module).starts_with("x must be small\n"), "{}", stop.describe(&module));
                    assert_eq!(sent, before[party], "party {party} sent something after the check");
                }
            }
        }
    }
}
