//! Inputs where parties are not trusted: dealt before anything is revealed, whatever the schedule says, and proven to lie in their range.

use crate::harness::{inputs, plan, program};
use crate::make::Make;
use smpc_bytecode::module::{Module, View};
use smpc_bytecode::op::Op;
use smpc_bytecode::types::{DataType, RegType};
use smpc_bytecode::verify::Verified;
use smpc_protocols::conformance::cheat::{self, Frame, Lie, Outcome, Tamper};
use smpc_protocols::conformance::threads::{mal_rep3_party, mal_shamir_party, rep4_party};
use smpc_protocols::mal_rep3;
use smpc_protocols::rep4;
use smpc_protocols::{Error, Protocol};
use smpcvm::engine::{Cause, Engine, Fault, Results, RunError};

const PRICE: RegType = RegType::arith(0, 1_000_000);

/// What a run gives, where the error of a link is its own.
type Ended = Result<Result<Results, Fault>, Error>;

/// Runs of parties, one of whom may lie once, under each protocol of untrusted ones.
fn runs(
    module: &Verified<Module>,
    values: &[&[i64]],
    cheater: usize,
    lie: Option<Lie>,
) -> [Outcome<Result<Results, Fault>>; 3] {
    [
        run(module, values, cheater, lie, mal_rep3::PARTIES, |me| mal_rep3_party(me, 7)),
        run(module, values, cheater, lie, rep4::PARTIES, |me| rep4_party(me, 7)),
        run(module, values, cheater, lie, 3, |me| mal_shamir_party(me, 1, 7)),
    ]
}

fn run<P: Protocol>(
    module: &Verified<Module>,
    values: &[&[i64]],
    cheater: usize,
    lie: Option<Lie>,
    parties: usize,
    protocol: impl Fn(usize) -> P + Sync,
) -> Outcome<Result<Results, Fault>> {
    let (plan, program) = (plan(module, parties, 1 << 20), program(module));
    cheat::run(parties, cheater, lie, |me, executor| -> Ended {
        let protocol = protocol(me);
        match Engine::new(&program, &protocol, executor, &plan, inputs(values), &|| ()).run() {
            Ok(results) => Ok(Ok(results)),
            Err(RunError::Stop(stop)) => match stop.cause {
                Cause::Fault(fault) => Ok(Err(fault)),
                cause => panic!("{cause:?}"),
            },
            Err(RunError::Protocol(error)) => Err(error),
        }
    })
}

/// One role's price is revealed, and only then, by the module's schedule, the others' inputs are read: a price, a truth value, and a public number.
fn reveal_before_input() -> Verified<Module> {
    let mut m = Make::new();
    let price = m.numbers(0, PRICE, 1);
    let seen = m.open(price, RegType::pub_int(0, 1_000_000), false);
    let offer = m.numbers(1, PRICE, 1);
    let accept = m.truths(2, 1);
    let limit = m.public_input(0, 0, 9, 1);
    for output in [seen, offer, accept, limit] {
        m.output(output, None);
    }
    m.verified()
}

#[test]
fn nothing_is_opened_before_every_input_is_dealt() {
    let module = reveal_before_input();
    let values: [&[i64]; 4] = [&[500_000], &[3], &[1], &[4]];
    // Secret inputs take two rounds and the public one two more; what opens the price comes last.
    let last = |frames: &[Vec<Frame>]| frames.iter().flatten().map(|frame| frame.tick).max();
    for (which, honest) in runs(&module, &values, 0, None).into_iter().enumerate() {
        for result in &honest.results {
            let leaves = result.clone().expect("a run").expect("results");
            let lanes: Vec<i64> = leaves.into_iter().map(|leaf| leaf.expect("all learn it")[0][0]).collect();
            assert_eq!(lanes, [500_000, 3, 1, 4]);
        }
        assert!(last(&honest.frames) > Some(5));
        for owner in [1, 2] {
            let told = honest.frames[owner].iter().filter(|frame| frame.tick == 0).map(|frame| frame.peer);
            for peer in told {
                let held_back = &runs(&module, &values, owner, Some(Lie { tick: 0, peer, how: Tamper::Leave }))[which];
                let last = last(&held_back.frames);
                assert!(last < Some(2), "an input of party {owner} is held back, and something goes on");
            }
        }
    }
}

#[test]
fn a_wrong_input_ends_the_run_with_its_role() {
    let module = reveal_before_input();
    for (role, wrong) in [(0, 1_000_001), (0, -1), (1, i64::MIN), (1, i64::MAX)] {
        let wrong = [wrong];
        let mut values: [&[i64]; 4] = [&[0], &[1_000_000], &[1], &[4]];
        values[role] = &wrong;
        for result in runs(&module, &values, role, None).iter().flat_map(|outcome| &outcome.results) {
            match result {
                Ok(Err(fault @ Fault::Input { .. })) => {
                    let text = fault.to_string();
                    assert!(
                        text.contains(&module.manifest.roles[role]) && !text.contains(&wrong[0].to_string()),
                        "{text}"
                    );
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// A register that two inputs share: a proof of its range is of both, not only of the one that was read last. And one that a loop writes anew holds no input any more.
#[test]
fn a_range_is_proven_of_what_the_register_holds() {
    let full = RegType::Arith { lo: i64::MIN, hi: i64::MAX, frac: 0 };
    let shared = || {
        let mut m = Make::new();
        let raw = m.slot(full, 2);
        for (role, lane) in [(0, 0), (1, 1)] {
            let input = m.declare_input(role, true, DataType::Int { lo: 0, hi: 9 });
            m.set(Op::Input { input, leaf: 0 }, View::lane(raw, lane), &[]);
        }
        let proven = m.make(Op::ProveRange {}, RegType::arith(0, 9), 2, &[m.all(raw)]);
        m.output(proven, None);
        m.verified()
    };
    let overwritten = || {
        let mut m = Make::new();
        let raw = m.slot(full, 1);
        let input = m.declare_input(0, true, DataType::Int { lo: 0, hi: 9 });
        m.set(Op::Input { input, leaf: 0 }, m.all(raw), &[]);
        let other = m.declare_input(1, true, DataType::Int { lo: 0, hi: 9 });
        let second = m.make(Op::Input { input: other, leaf: 0 }, full, 1, &[]);
        let proven = m.slot(RegType::arith(0, 9), 1);
        m.repeat(2, |m, _| {
            m.set(Op::ProveRange {}, m.all(proven), &[m.all(raw)]);
            m.set(Op::Copy {}, m.all(raw), &[m.all(second)]);
        });
        m.output(proven, None);
        m.verified()
    };
    for module in [shared(), overwritten()] {
        for right in runs(&module, &[&[3], &[4]], 0, None) {
            assert!(right.results.iter().all(|result| matches!(result, Ok(Ok(_)))), "{:?}", right.results);
        }
        for values in [[&[10][..], &[4]], [&[3], &[-1]]] {
            for wrong in runs(&module, &values, 0, None) {
                let named = |result: &Ended| matches!(result, Ok(Err(Fault::Input { .. })));
                assert!(wrong.results.iter().all(named), "{values:?}: {:?}", wrong.results);
            }
        }
    }
}
