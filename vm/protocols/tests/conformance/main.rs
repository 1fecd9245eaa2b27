//! The conformance suite: every gate of every protocol against integer arithmetic, in process, live and dry, and over TLS.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod tls;

use smpc_protocols::conformance::data::{EDGE_LANES, WIDTHS, mix};
use smpc_protocols::conformance::memory::memory_wires;
use smpc_protocols::conformance::suite::{Extent, Report, suite};
use smpc_protocols::conformance::threads::{
    mal_rep3_threads, mal_shamir_threads, rep3_threads, rep4_threads, shamir_party, shamir_threads, threads,
};
use smpc_protocols::mal_rep3::MalRep3;
use smpc_protocols::mal_shamir;
use smpc_protocols::plain::Plain;
use smpc_protocols::rep3::Rep3;
use smpc_protocols::rep4::Rep4;
use smpc_protocols::shamir::Shamir;
use smpc_protocols::{Executor, Protocol, Range};
use std::collections::BTreeSet;

/// What was found at each party is right, and what it cost is what a run counts that moves nothing.
fn check<P: Protocol>(reports: &[Report], extent: Extent, dry: impl Fn(usize) -> P) {
    for (me, report) in reports.iter().enumerate() {
        assert!(report.failures.is_empty(), "{:#?}", report.failures);
        let executor = Executor::dry(me, reports.len());
        let dry = executor.run(suite(&dry(me), &executor, extent)).unwrap();
        for (live, dry) in report.cases.iter().zip(&dry.cases) {
            assert_eq!(live, dry, "party {me}: a dry run counts otherwise");
        }
        assert_eq!(report.cases.len(), dry.cases.len());
    }
}

#[test]
fn plain() {
    let wire = memory_wires(1).remove(0);
    let executor = Executor::new(0, 1, 0, 0, Box::new(wire));
    let report = executor.run(suite(&Plain, &executor, Extent::Full)).unwrap();
    assert!(report.failures.is_empty(), "{:#?}", report.failures);
}

#[test]
fn rep3_live_and_dry() {
    let live = rep3_threads(11, |p, e| e.run(suite(p, e, Extent::Full))).unwrap();
    check(&live, Extent::Full, Rep3::dry);
}

#[test]
fn rep4_live_and_dry() {
    let extent = or_more(Extent::Sizes, Extent::Full);
    let live = rep4_threads(13, |p, e| e.run(suite(p, e, extent))).unwrap();
    check(&live, extent, Rep4::dry);
}

#[test]
fn mal_rep3_live_and_dry() {
    let live = mal_rep3_threads(14, |p, e| e.run(suite(p, e, Extent::Sizes))).unwrap();
    check(&live, Extent::Sizes, MalRep3::dry);
}

fn shamir(parties: usize, threshold: usize, extent: Extent) {
    let live = shamir_threads((parties, threshold), 12, |p, e| e.run(suite(p, e, extent))).unwrap();
    check(&live, extent, |me| Shamir::dry(me, parties, threshold));
}

#[test]
fn shamir_of_three_live_and_dry() {
    shamir(3, 1, Extent::Sizes);
}

#[test]
fn shamir_of_four_live_and_dry() {
    shamir(4, 1, or_more(Extent::Least, Extent::Short));
}

#[test]
fn shamir_of_five_live_and_dry() {
    shamir(5, 2, Extent::Short);
}

/// More parties than the threshold needs, some of which neither deal nor multiply.
#[test]
fn shamir_of_six_with_a_threshold_of_two_live_and_dry() {
    shamir(6, 2, or_more(Extent::Least, Extent::Short));
}

#[test]
fn shamir_of_seven_live_and_dry() {
    shamir(7, 3, or_more(Extent::Least, Extent::Short));
}

/// With what is there for many parties.
fn shamir_of_many(parties: usize, threshold: usize, extent: Extent) {
    let live = threads(parties, 12, |me, e| {
        let p = shamir_party(me, (parties, threshold), 12).of_many();
        e.run(suite(&p, e, extent))
    });
    check(&live.unwrap(), extent, |me| Shamir::dry(me, parties, threshold).of_many());
}

#[test]
fn kings_and_switches_of_three_live_and_dry() {
    shamir_of_many(3, 1, or_more(Extent::Least, Extent::Sizes));
}

#[test]
fn kings_and_switches_of_six_live_and_dry() {
    shamir_of_many(6, 2, or_more(Extent::Least, Extent::Short));
}

#[test]
fn kings_and_switches_of_eleven_live_and_dry() {
    shamir_of_many(11, 5, Extent::Least);
}

/// As many parties as there may be: gates on bits of numbers and a shuffle, only counted, as the whole suite opens to each set of parties.
#[test]
fn shamir_of_thirty_two_counts() {
    let counted = |of_many: bool| {
        let (p, e) = (Shamir::dry(31, 32, 15), Executor::dry(31, 32));
        let p = if of_many { p.of_many() } else { p };
        let lanes = 100;
        let (a, word) = (p.share_public(&[0], lanes), p.share_public_bin(&[0], 64, lanes));
        e.run(async {
            p.lt(e.gate(0), &a, &a, Range::FULL, Range::FULL).await;
            p.b2a(e.gate(1), &word, true).await;
            p.trunc(e.gate(2), &a, 16, Range::FULL).await;
            p.shuffle(e.gate(3), 0, &a, std::slice::from_ref(&a), std::slice::from_ref(&word)).await;
        })
        .unwrap();
        e.stats().rounds
    };
    assert!(counted(true) > counted(false));
}

/// What takes minutes runs where SMPC_CONFORMANCE is `all`.
fn or_more(extent: Extent, more: Extent) -> Extent {
    if std::env::var("SMPC_CONFORMANCE").is_ok_and(|what| what == "all") { more } else { extent }
}

fn mal_shamir(threshold: usize, extent: Extent) {
    let live = mal_shamir_threads(threshold, 15, |p, e| e.run(suite(p, e, extent))).unwrap();
    check(&live, extent, |me| mal_shamir::dry(me, threshold));
}

#[test]
fn mal_shamir_of_three_live_and_dry() {
    // More over TLS.
    mal_shamir(1, or_more(Extent::Least, Extent::Sizes));
}

#[test]
fn mal_shamir_of_five_live_and_dry() {
    mal_shamir(2, or_more(Extent::Least, Extent::Short));
}

#[test]
fn mal_shamir_of_seven_live_and_dry() {
    mal_shamir(3, or_more(Extent::Least, Extent::Short));
}

/// The methods of the trait that are handed a [`smpc_protocols::Cx`].
fn gates() -> BTreeSet<String> {
    let text = include_str!("../../src/protocol.rs");
    let methods = text.split("\n    fn ").skip(1).filter_map(|rest| {
        let (signature, _) = rest.split_once("->")?;
        let (name, operands) = signature.split_once('(')?;
        let name = name.split('<').next().unwrap_or(name);
        operands.contains("Cx<").then(|| name.to_owned())
    });
    methods.collect()
}

#[test]
fn every_gate_is_tried_at_every_width_and_size() {
    let executor = Executor::dry(0, 3);
    let report = executor.run(suite(&Rep3::dry(0), &executor, Extent::Full)).unwrap();
    let tried: BTreeSet<(&str, u32, usize)> = report.cases.iter().map(|c| (c.gate, c.width, c.lanes)).collect();
    let gates = gates();
    assert!(gates.len() > 25 && gates.contains("mul") && gates.contains("sqrt"), "{gates:?}");
    for gate in &gates {
        let gate = gate.as_str();
        // Of gates on bits or on anything, the width means nothing.
        let widths: &[u32] = if tried.iter().any(|case| case.0 == gate && case.1 == 0) { &[0] } else { &WIDTHS };
        for lanes in EDGE_LANES {
            for width in widths {
                assert!(tried.contains(&(gate, *width, lanes)), "{gate} at {width} bits and {lanes} lanes");
            }
        }
    }
    let unknown: Vec<&str> = tried.iter().map(|case| case.0).filter(|gate| !gates.contains(*gate)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// What a party opens of truncations by four bits: the value that was cut, and the results of fresh shares in every lane.
type Cut = Vec<(i64, Vec<i64>)>;

const CUT_LANES: usize = 20_000;

fn cut<P: Protocol>(p: &P, e: &Executor) -> Result<Cut, smpc_protocols::Error> {
    e.run(async {
        let mut found = Vec::new();
        for (i, value) in [0_i64, 1, 3, 8, 15, 16, -1, -8, -16].into_iter().enumerate() {
            let values: Vec<i64> = vec![value; CUT_LANES];
            let own = (p.me() == 0).then_some(&values[..]);
            let a = p.input(e.gate(mix(i as u64) >> 20), 0, own, CUT_LANES).await;
            let z = p.trunc_stochastic(e.gate(100 + i as u64), &a, 4, Range::new(-100, 100)).await;
            found.push((value, p.open(e.gate(0), &z).await));
        }
        found
    })
}

/// How often the stochastic truncation rounds up is the fraction that it cuts off.
#[test]
fn stochastic_truncation_is_fair() {
    for opened in [rep3_threads(5, cut).unwrap(), rep4_threads(5, cut).unwrap()] {
        for (value, found) in &opened[0] {
            let ups = found.iter().filter(|z| **z > value >> 4).count() as f64;
            let expected = (value & 15) as f64 / 16.0;
            let deviation = (expected * (1.0 - expected) * CUT_LANES as f64).sqrt();
            let far = (ups - expected * CUT_LANES as f64).abs();
            assert!(far <= 6.0 * deviation, "{value}: {ups} of {CUT_LANES}");
        }
    }
}
