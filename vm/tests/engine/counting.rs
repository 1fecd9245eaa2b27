//! Counting is running: what a dry run counts is what a real one reports.

use crate::harness::{agree, counted, inputs, plan, program, rep3};
use crate::make::Make;
use smpc_bytecode::module::{Bound, Module, View};
use smpc_bytecode::op::Op;
use smpc_bytecode::types::RegType;
use smpc_bytecode::verify::Verified;
use smpc_protocols::Executor;
use smpc_protocols::conformance::memory::memory_wires;
use smpc_protocols::plain::Plain;
use smpc_protocols::rep3::Rep3;
use smpcvm::engine::{Engine, Guide, Trace, depends_on_revealed};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

const BIT: RegType = RegType::arith(-1, 1);

/// A loop of products, `turns` long, with another one of local work and one inside.
fn products(turns: i64) -> Verified<Module> {
    let mut m = Make::new();
    let x = m.numbers(0, BIT, 3);
    let y = m.slot(BIT, 3);
    m.set(Op::Copy {}, m.all(y), &[m.all(x)]);
    m.repeat(turns, |m, _| {
        m.set(Op::Mul {}, m.all(y), &[m.all(y), m.all(x)]);
        m.repeat(turns, |m, _| {
            m.set(Op::Mul {}, m.all(y), &[m.all(y), m.all(x)]);
        });
        let odd = m.slot(RegType::arith(-2, 2), 3);
        m.repeat(turns, |m, _| m.set(Op::Add {}, m.all(odd), &[m.all(x), m.all(x)]));
    });
    m.output(y, Some(1));
    m.verified()
}

#[test]
fn a_loop_counts_as_its_turns() {
    agree(&products(3), &[&[1, 0, -1]]);
    let start = Instant::now();
    let million = counted(&products(1_000_000), u64::MAX);
    assert!(start.elapsed() < Duration::from_secs(1), "one turn counts for all");
    // Input, output, and a product a turn, outer and inner.
    assert_eq!(million[0].rounds, 2 + 1_000_000 + 1_000_000 * 1_000_000);
    let endless = counted(&products(i64::MAX), u64::MAX);
    assert_eq!(endless[0].rounds, u64::MAX, "and what exceeds 64 bits does not wrap");
}

/// Divisions by greater and greater public numbers: every turn costs something else, and how much follows from public arithmetic.
#[test]
fn a_loop_whose_turns_differ() {
    let mut m = Make::new();
    let x = m.numbers(2, RegType::arith(0, 1000), 1);
    let sum = m.slot(RegType::arith(i64::MIN, i64::MAX), 1);
    m.set(Op::Copy {}, m.all(sum), &[m.all(x)]);
    let by = m.constant(RegType::pub_int(1, 1 << 20), &[1]);
    let (nine, end) = (m.constant(RegType::pub_int(9, 9), &[9]), m.constant(RegType::pub_int(5000, 5000), &[5000]));
    m.while_loop(
        |m| m.make(Op::Lt {}, RegType::PUB_BOOL, 1, &[m.all(by), m.all(end)]),
        |m| {
            let quotient = m.make(Op::Div {}, RegType::arith(0, 1000), 1, &[m.all(x), m.all(by)]);
            m.set(Op::AddWrap {}, m.all(sum), &[m.all(sum), m.all(quotient)]);
            m.set(Op::Mul {}, m.all(by), &[m.all(by), m.all(nine)]);
        },
    );
    m.output(sum, None);
    let module = m.verified();
    assert!(!depends_on_revealed(&module));
    let outputs = agree(&module, &[&[1000]]);
    assert_eq!(outputs[0], [1000 + 1000 + 111 + 12 + 1]);
}

/// A sort costs by its length and the range of its keys alone.
#[test]
fn sorts_count_as_they_run() {
    for (lo, hi) in [(0, 1), (-5, 1000), (i64::MIN, i64::MAX)] {
        for (lanes, columns) in [(1, 1), (2, 1), (11, 1), (600, 1), (600, 2), (700, 7)] {
            let mut m = Make::new();
            let ty = RegType::arith(lo, hi);
            let xs = m.numbers(2, ty, lanes);
            let sorted = m.make(Op::Sort { columns }, ty, lanes, &[m.all(xs)]);
            m.output(sorted, None);
            let values: Vec<i64> =
                (0..i64::try_from(lanes).expect("few")).map(|i| (i * 7919 % 1009).clamp(lo, hi)).collect();
            let outputs = agree(&m.verified(), &[&values]);
            assert!(outputs[0][..values.len() / columns as usize].is_sorted(), "{lanes} lanes of {lo}..={hi}");
        }
    }
}

/// A register that a loop of equal turns changes decides a later one.
#[test]
fn turns_that_are_not_run_would_change_what_follows() {
    let mut m = Make::new();
    let x = m.numbers(0, BIT, 1);
    let y = m.slot(BIT, 1);
    m.set(Op::Copy {}, m.all(y), &[m.all(x)]);
    let (n, one) = (m.slot(RegType::pub_int(0, 100), 1), m.constant(RegType::pub_int(1, 1), &[1]));
    m.repeat(7, |m, _| {
        m.set(Op::Mul {}, m.all(y), &[m.all(y), m.all(x)]);
        m.set(Op::Add {}, m.all(n), &[m.all(n), m.all(one)]);
    });
    let later = m.loop_entry(Bound::Const(0), Bound::Slot(n), |m, _| {
        m.set(Op::Mul {}, m.all(y), &[m.all(y), m.all(x)]);
    });
    m.entry(later);
    m.output(y, None);
    agree(&m.verified(), &[&[-1]]);
}

#[test]
fn loops_side_by_side_are_counted_as_they_run() {
    let mut m = Make::new();
    let x = m.numbers(0, BIT, 2);
    let (a, b) = (m.slot(BIT, 2), m.slot(BIT, 1));
    m.set(Op::Copy {}, m.all(a), &[m.all(x)]);
    m.set(Op::Copy {}, m.all(b), &[View::lane(x, 1)]);
    let long = m.loop_entry(Bound::Const(0), Bound::Const(8), |m, _| {
        m.set(Op::Mul {}, m.all(a), &[m.all(a), m.all(x)]);
    });
    let short = m.loop_entry(Bound::Const(2), Bound::Const(5), |m, _| {
        m.set(Op::Mul {}, m.all(b), &[m.all(b), m.all(b)]);
        m.make(Op::Lt {}, RegType::BIN_BOOL, 1, &[m.all(b), View::lane(x, 0)]);
    });
    m.level(vec![long, short]);
    m.output(a, None);
    m.output(b, None);
    agree(&m.verified(), &[&[1, -1]]);
}

/// Halves x until it is below 1, opening a bit a turn; then a choice by an opened bit, a loop up to a public input.
fn steered() -> Verified<Module> {
    let mut m = Make::new();
    let x = m.numbers(0, RegType::arith(0, 1000), 1);
    let limit = m.public_input(1, 0, 50, 1);
    let zero = m.constant(RegType::pub_int(0, 0), &[0]);
    let some = m.slot(RegType::PUB_BOOL, 1);
    m.while_loop(
        |m| {
            let positive = m.make(Op::Lt {}, RegType::BIN_BOOL, 1, &[m.all(zero), m.all(x)]);
            m.set(Op::Open { steers: true }, m.all(some), &[m.all(positive)]);
            some
        },
        |m| m.set(Op::Trunc { bits: 1 }, m.all(x), &[m.all(x)]),
    );
    let bit = m.truths(2, 1);
    let opened = m.open(bit, RegType::PUB_BOOL, true);
    let y = m.slot(RegType::arith(0, 1_000_000), 1);
    m.choice(
        opened,
        |m| m.set(Op::Mul {}, m.all(y), &[m.all(x), m.all(x)]),
        |m| {
            let squared = m.make(Op::Mul {}, RegType::arith(0, 1_000_000), 1, &[m.all(x), m.all(x)]);
            m.set(Op::Trunc { bits: 3 }, m.all(y), &[m.all(squared)]);
        },
    );
    let turns = m.loop_entry(Bound::Const(0), Bound::Slot(limit), |m, _| {
        m.make(Op::Mul {}, RegType::arith(0, 1_000_000), 1, &[m.all(x), m.all(x)]);
    });
    m.entry(turns);
    m.output(y, None);
    m.verified()
}

#[test]
fn a_count_follows_a_run_in_the_clear() {
    let module = steered();
    assert!(depends_on_revealed(&module));
    let program = program(&module);
    let at_least = counted(&module, u64::MAX);
    for (x, limit, bit) in [(700_i64, 12_i64, 0_i64), (0, 0, 1), (3, 50, 1)] {
        let values: [&[i64]; 3] = [&[x], &[limit], &[bit]];
        let guide = RefCell::new(Guide::default());
        let wire = memory_wires(1).pop().expect("one");
        let executor = Executor::new(0, 1, 0, 0, Box::new(wire));
        let nodes = plan(&module, 1, u64::MAX);
        let clear = Engine::new(&program, &Plain, &executor, &nodes, inputs(&values), &|| ()).recording(&guide);
        clear.run().expect("a run in the clear");
        let guide = guide.into_inner();
        let nodes = plan(&module, 3, u64::MAX);
        for (party, (_, live)) in rep3(&module, &values, u64::MAX).into_iter().enumerate() {
            let (executor, protocol) = (Executor::dry(party, 3), Rep3::dry(party));
            let dry = Engine::new(&program, &protocol, &executor, &nodes, Vec::new(), &|| ());
            dry.following(guide.clone()).run().expect("a count");
            assert_eq!(executor.stats(), live, "party {party}, x = {x}");
        }
        if x > 3 {
            let live = rep3(&module, &values, u64::MAX).remove(0).1;
            assert!(live.rounds > at_least[0].rounds && live.sent >= at_least[0].sent);
        }
    }
}

/// What is counted by gate adds up: bytes without the frames' headers that merged rounds share; and all turns of a loop are in it.
#[test]
fn costs_by_gate() {
    let mut m = Make::new();
    let x = m.numbers(0, BIT, 100);
    let y = m.slot(BIT, 100);
    let gate = |m: &mut Make, dst| {
        let dst = m.all(dst);
        m.gate(Op::Mul {}, Some(dst), &[m.all(x), m.all(x)])
    };
    let z = m.slot(BIT, 100);
    m.repeat(5, |m, _| {
        let (a, b) = (gate(m, y), gate(m, z));
        m.level(vec![a, b]);
    });
    m.output(y, None);
    let module = m.verified();
    let (plan, program) = (plan(&module, 3, u64::MAX), program(&module));
    let trace = |by_gate: bool| {
        let trace = Rc::new(RefCell::new(Trace::new(by_gate)));
        let watched = Rc::clone(&trace);
        let executor = Executor::dry(0, 3).watched(move |sent, received| watched.borrow_mut().round(sent, received));
        let protocol = Rep3::dry(0);
        let engine = Engine::new(&program, &protocol, &executor, &plan, Vec::new(), &|| ());
        engine.traced(Rc::clone(&trace), by_gate).run().expect("a count");
        let (rounds, bytes) = (executor.rounds(), executor.stats().sent.iter().sum::<u64>());
        (trace.take(), rounds, bytes)
    };
    let merged = counted(&module, u64::MAX).remove(0);
    let (apart, rounds, bytes) = trace(true);
    assert_eq!((rounds, merged.rounds), (12, 7));
    // Five frames less in the real run, whose headers two gates share.
    assert_eq!(bytes, merged.sent.iter().sum::<u64>() + 5 * 28);
    // Each product has its own rounds, all of them.
    let steps =
        |trace: &Trace| trace.steps.iter().map(|(step, _)| step.clone()).zip(trace.totals()).collect::<Vec<_>>();
    let products = steps(&apart).into_iter().filter(|(step, _)| {
        let product = |id: &u32| apart.gates[*id as usize].kind.op == "mul";
        step.of.is_some_and(|id| product(&id)) && step.round.as_ref().is_some_and(|round| round.0[2] == 800 + 28)
    });
    assert_eq!(products.map(|(_, times)| times).collect::<Vec<_>>(), [5, 5]);
    // The same gates whether they share rounds or not.
    let gates = |trace: &Trace| {
        let mut gates: Vec<u64> = vec![0; trace.gates.len()];
        for (step, times) in steps(trace) {
            step.work.iter().for_each(|(id, count)| gates[*id as usize] += count * times);
        }
        gates
    };
    let (together, rounds, _) = trace(false);
    assert_eq!((gates(&together), rounds), (gates(&apart), 7));
    assert_eq!(gates(&together).iter().filter(|count| **count == 5).count(), 2);
}
