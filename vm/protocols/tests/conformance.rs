//! The conformance suite in process: every gate of every protocol, live and dry.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use smpc_protocols::Executor;
use smpc_protocols::conformance::memory::memory_wires;
use smpc_protocols::conformance::suite::{Extent, Report, suite};
use smpc_protocols::conformance::threads::rep3_threads;
use smpc_protocols::plain::Plain;
use smpc_protocols::rep3::Rep3;

fn assert_clean(report: &Report) {
    assert!(report.failures.is_empty(), "{:#?}", report.failures);
}

#[test]
fn plain() {
    let wire = memory_wires(1).remove(0);
    let executor = Executor::new(0, 1, 0, 0, Box::new(wire));
    let report = executor.run(suite(&Plain, &executor, Extent::Full)).unwrap();
    assert_clean(&report);
}

#[test]
fn rep3_live_and_dry() {
    let live = rep3_threads(11, |p, e| e.run(suite(p, e, Extent::Full))).unwrap();
    for (me, report) in live.iter().enumerate() {
        assert_clean(report);
        let executor = Executor::dry(me, 3);
        let dry = executor.run(suite(&Rep3::dry(me), &executor, Extent::Full)).unwrap();
        for (live, dry) in report.costs.iter().zip(&dry.costs) {
            assert_eq!(live, dry);
        }
        assert_eq!(report.costs.len(), dry.costs.len());
    }
}
