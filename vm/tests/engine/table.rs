//! What `smpcvm protocols` counts and tells.

use smpc_protocols::registry::{PLAIN, PROTOCOLS, REP3, SHAMIR, Setting};
use smpcvm::failure::Class;
use smpcvm::protocols::gates::{Gate, GateCost, LANES, count, count_one};
use smpcvm::protocols::{ProtocolsOptions, command};

fn of(setting: &Setting, gate: Gate) -> (u64, f64) {
    let counted = count_one(setting, gate, LANES).expect("it counts");
    (counted.rounds, counted.bits)
}

/// The figures of the papers.
#[test]
fn products_and_ands() {
    let rep3 = REP3.among(None, None).expect("three parties");
    assert_eq!(of(&rep3, Gate::Product), (1, 64.0));
    assert_eq!(of(&rep3, Gate::DotProduct), (1, 64.0));
    assert_eq!(of(&rep3, Gate::And), (1, 1.0));
    assert_eq!(of(&rep3, Gate::Comparison), (9, 545.0));
    let plain = PLAIN.among(None, None).expect("one party");
    assert_eq!(of(&plain, Gate::Comparison), (0, 0.0));
    // n − t − 1 elements from each of 2t + 1 dealers, of whom there may be fewer than parties.
    for (parties, threshold, elements) in [(3, 1, 1.0), (5, 2, 2.0), (4, 1, 2.0 * 0.75), (7, 3, 3.0)] {
        let shamir = SHAMIR.among(Some(parties), Some(threshold)).expect("a setting");
        assert_eq!(of(&shamir, Gate::Product), (1, 128.0 * elements), "{parties}, {threshold}");
        assert_eq!(of(&shamir, Gate::DotProduct), (1, 128.0 * elements), "{parties}, {threshold}");
        assert_eq!(of(&shamir, Gate::And), (1, 8.0 * elements), "{parties}, {threshold}");
    }
    // By kings: each of nine dealers tells four others a number for five products; eight parties tell the king something, and it tells four.
    let nine = SHAMIR.among(Some(9), None).expect("a setting");
    for (gate, bits) in [(Gate::Product, 128.0), (Gate::And, 8.0)] {
        let (rounds, counted) = of(&nine, gate);
        let expected = bits * (9.0 / 5.0 * 4.0 + 8.0 + 4.0) / 9.0;
        assert!(rounds == 2 && (counted - expected).abs() < 0.01 * expected, "{gate:?}: {rounds}, {counted}");
    }
}

/// No protocol cuts vectors of so many lanes into parts with rounds of their own: the rounds are those of a block.
#[test]
fn every_protocol_counts() {
    for spec in PROTOCOLS.iter().filter(|spec| **spec != &PLAIN) {
        let setting = spec.among(None, None).expect("the least");
        for counted in count(&setting).expect("it counts") {
            let GateCost { gate, rounds, bits } = counted;
            assert!(rounds > 0 && bits >= 1.0, "{} {gate:?}: {rounds} {bits}", spec.name);
            let block = count_one(&setting, gate, 512).expect("it counts");
            assert_eq!(rounds, block.rounds, "{} {gate:?}", spec.name);
        }
    }
}

fn told(options: ProtocolsOptions) -> String {
    command(&options).expect("a table")
}

#[test]
fn every_protocol_is_listed() {
    let text = told(ProtocolsOptions::default());
    let json = told(ProtocolsOptions { json: true, ..ProtocolsOptions::default() });
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(PROTOCOLS.len()));
    for (spec, row) in PROTOCOLS.iter().zip(json.as_array().expect("a list")) {
        assert_eq!(text.lines().filter(|line| line.split(' ').next() == Some(spec.name)).count(), 2, "{text}");
        assert_eq!(row["protocol"], spec.name);
        assert_eq!(row["gates"].as_array().map(Vec::len), Some(Gate::ALL.len()));
    }
    let rep3 = json.as_array().expect("a list").iter().find(|row| row["protocol"] == "rep3").expect("rep3");
    assert_eq!((&rep3["gates"][0]["gate"], &rep3["gates"][0]["rounds"]), (&"product".into(), &1.into()));
    assert_eq!(rep3["gates"][0]["bits"].as_f64(), Some(64.0));
}

#[test]
fn parties_that_are_named() {
    let of = |parties, threshold| ProtocolsOptions { parties, threshold, ..ProtocolsOptions::default() };
    let seven = told(of(Some(7), None));
    assert!(seven.contains("shamir") && !seven.contains("rep3") && seven.contains("1 / 384"), "{seven}");
    assert!(told(of(Some(7), Some(1))).contains("shamir"));
    for (parties, threshold, says) in [
        (Some(64), None, "no protocol for 64 parties"),
        (Some(4), Some(2), "no protocol for 4 parties of whom 2 may be corrupted"),
        (None, Some(99), "no protocol for any number of parties of whom 99"),
    ] {
        let failure = command(&of(parties, threshold)).expect_err("none");
        assert!(failure.message.contains(says) && failure.help.is_some(), "{failure}");
        assert_eq!(failure.class, Class::Usage);
    }
}
