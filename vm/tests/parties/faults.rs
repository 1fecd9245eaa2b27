//! What goes wrong at another party: everyone else ends in time and names the right one.

use crate::make::Make;
use crate::setup::Setup;
use smpc_bytecode::module::Module;
use smpc_bytecode::op::Op;
use smpc_bytecode::types::RegType;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// Long enough to be in the middle of something when a party goes away.
fn long() -> Module {
    let mut m = Make::new();
    let bit = RegType::arith(-1, 1);
    let x = m.numbers(0, bit, 1);
    let y = m.slot(bit, 1);
    m.set(Op::Copy {}, m.all(y), &[m.all(x)]);
    m.repeat(500_000_000, |m, _| m.set(Op::Mul {}, m.all(y), &[m.all(y), m.all(x)]));
    m.output(y, None);
    m.finish()
}

fn start(setup: &Setup, party: usize) -> Child {
    if party == 0 {
        setup.write(0, "x.csv", "1\n");
    }
    setup.command(party, if party == 0 { &["--input", "x0=x.csv"] } else { &[] }).spawn().expect("it starts")
}

/// Waits for a party; it must have lost party 1 within the time, and written nothing.
fn lost_party_1(setup: &Setup, party: usize, child: Child, within: Duration) {
    let start = Instant::now();
    let output = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "party {party}: {stderr}");
    assert!(stderr.contains("party 1") && !stderr.contains("panicked"), "party {party}: {stderr}");
    assert!(start.elapsed() < within, "party {party} took {:?}", start.elapsed());
    let left: Vec<_> =
        std::fs::read_dir(setup.folder(party)).expect("a folder").map(|e| e.expect("a file").file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("result")), "{left:?}");
}

fn interrupted(interrupt: impl FnOnce(&mut Child)) {
    let setup = Setup::new(&long(), &["--silence", "2"]);
    let [zero, mut one, two] = [0, 1, 2].map(|party| start(&setup, party));
    std::thread::sleep(Duration::from_millis(600));
    interrupt(&mut one);
    lost_party_1(&setup, 0, zero, Duration::from_secs(8));
    lost_party_1(&setup, 2, two, Duration::from_secs(8));
    let _ = Command::new("kill").args(["-CONT", &one.id().to_string()]).status();
    let _ = one.kill();
    let _ = one.wait();
}

#[test]
fn a_party_dies() {
    interrupted(|one| one.kill().expect("it runs"));
}

#[test]
fn a_party_goes_silent() {
    interrupted(|one| {
        let stopped = Command::new("kill").args(["-STOP", &one.id().to_string()]).status().expect("kill starts");
        assert!(stopped.success());
    });
}

#[test]
fn a_party_never_starts() {
    let setup = Setup::new(&long(), &["--silence", "1"]);
    let [zero, two] = [0, 2].map(|party| start(&setup, party));
    lost_party_1(&setup, 0, zero, Duration::from_secs(6));
    lost_party_1(&setup, 2, two, Duration::from_secs(6));
}

/// A loop that says nothing to anyone for longer than the limit is no silence, as long as it gets ahead.
#[test]
fn a_party_that_computes_is_not_silent() {
    let mut m = Make::new();
    let x = m.numbers(0, RegType::arith(-1, 1), 1);
    let total = m.slot(RegType::pub_int(0, i64::MAX), 1);
    let one = m.constant(RegType::pub_int(1, 1), &[1]);
    m.repeat(20_000_000, |m, _| m.set(Op::Add {}, m.all(total), &[m.all(total), m.all(one)]));
    m.output(x, None);
    let setup = Setup::new(&m.finish(), &["--silence", "0.3"]);
    let children = [0, 1, 2].map(|party| start(&setup, party));
    for child in children {
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The step limit is reached by everyone, in a loop that says nothing, at different times: nobody takes another one's stop for a loss.
#[test]
fn an_endless_loop_ends_at_every_party() {
    let mut m = Make::new();
    let x = m.numbers(0, RegType::arith(-1, 1), 1);
    let truth = m.constant(RegType::PUB_BOOL, &[1]);
    m.while_loop(|_| truth, |_| ());
    m.output(x, None);
    let setup = Setup::new(&m.finish(), &["--silence", "10", "--steps", "300000"]);
    for child in [0, 1, 2].map(|party| start(&setup, party)) {
        let output = child.wait_with_output().expect("it ends");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("300000 steps") && stderr.contains("main.smpc:"), "{stderr}");
    }
}
