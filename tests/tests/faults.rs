//! What goes wrong at another party: everyone else ends in time, names the right one and writes nothing.

use smpc_tests::parties::{Ended, Parties, new_identity};
use std::process::{Child, Command};
use std::time::Duration;

/// Long enough to be in the middle of something when a party goes away: each turn waits for the one before.
const LONG: &str = "party A, B, C;
input x: secret int in 0..=9 from A;
fn main() {
    let mut y: int in 0..=9 = 0;
    for i in 0..100_000_000 { y = (3 * y + x) % 10; }
    output y to all;
}
";

const SHORT: &str = "party A, B, C;\ninput x: secret int in 0..=9 from A;\nfn main() { output y = x * x to all; }\n";

fn start_all(parties: &Parties) -> Vec<Child> {
    parties.write(0, "x.csv", "x\n5\n");
    (0..3).map(|party| parties.start(party, if party == 0 { &["--input", "x=x.csv"] } else { &[] })).collect()
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill starts");
    assert!(status.success());
}

/// The others end as having lost party 1, and say so.
fn assert_lost_party_1(parties: &Parties, others: Vec<(usize, Child)>) {
    for (party, child) in others {
        let end = Ended::of(child);
        assert_eq!(end.code, Some(3), "party {party}: {}", end.stderr);
        assert!(end.stderr.contains("party 1"), "party {party}: {}", end.stderr);
        assert!(parties.result(party).is_none());
    }
}

#[test]
fn a_party_dies() {
    let parties = Parties::of_source(LONG, 3);
    let mut children = start_all(&parties);
    std::thread::sleep(Duration::from_millis(700));
    let mut victim = children.remove(1);
    victim.kill().expect("it runs");
    let _ = victim.wait();
    let last = children.remove(1);
    assert_lost_party_1(&parties, vec![(0, children.remove(0)), (2, last)]);
}

#[test]
fn a_party_goes_silent() {
    let parties = Parties::of_source(LONG, 2);
    let mut children = start_all(&parties);
    std::thread::sleep(Duration::from_millis(700));
    let mut victim = children.remove(1);
    signal(&victim, "-STOP");
    let last = children.remove(1);
    assert_lost_party_1(&parties, vec![(0, children.remove(0)), (2, last)]);
    signal(&victim, "-CONT");
    let _ = victim.kill();
    let _ = victim.wait();
}

#[test]
fn a_party_never_starts() {
    let parties = Parties::of_source(SHORT, 2);
    parties.write(0, "x.csv", "x\n5\n");
    let others = vec![(0, parties.start(0, &["--input", "x=x.csv"])), (2, parties.start(2, &[]))];
    assert_lost_party_1(&parties, others);
}

/// A party whose own input is wrong tells nobody what it was; the others hear that it left.
#[test]
fn a_party_with_bad_input_stops_the_others() {
    let parties = Parties::of_source(SHORT, 3);
    parties.write(0, "x.csv", "x\n918273645\n");
    let ended = parties.run([&["--input", "x=x.csv"], &[], &[]]);
    assert_eq!(ended[0].code, Some(1), "{}", ended[0].stderr);
    for end in &ended[1..] {
        assert_eq!(end.code, Some(3), "{}", end.stderr);
        assert!(end.stderr.contains("party 0"), "{}", end.stderr);
        assert!(!end.stderr.contains("918273645"), "{}", end.stderr);
    }
}

#[test]
fn different_programs() {
    let parties = Parties::of_source(SHORT, 5);
    let other = parties.folder(2).join("other.smpc");
    std::fs::write(&other, SHORT.replace("x * x", "x * x + 1")).expect("the source");
    parties.compile_for(2, &other, &[]);
    parties.write(0, "x.csv", "x\n5\n");
    for end in parties.run([&["--input", "x=x.csv"], &[], &[]]) {
        assert_eq!(end.code, Some(1), "{}", end.stderr);
        assert!(end.stderr.contains("module") || end.stderr.contains("program"), "{}", end.stderr);
    }
}

/// Another param makes another program; the param is what is wrong, and comes first.
#[test]
fn different_params() {
    let source = "party A, B, C;\nparam N: int in 1..=9 = 3;\ninput x: secret int in 0..=9 from A;\nfn main() { output y = x * N to all; }\n";
    let parties = Parties::of_source(source, 5);
    let main = parties.folder(2).join("main.smpc");
    std::fs::write(&main, source).expect("the source");
    parties.compile_for(2, &main, &["N=4"]);
    parties.write(0, "x.csv", "x\n5\n");
    for (party, end) in parties.run([&["--input", "x=x.csv"], &[], &[]]).iter().enumerate() {
        assert_eq!(end.code, Some(1), "{}", end.stderr);
        let (here, there) = if party == 2 { (4, 3) } else { (3, 4) };
        let told = format!("param N is \"{there}\" there and \"{here}\" here (these differ too: module)");
        assert!(end.stderr.contains(&told), "{}", end.stderr);
    }
}

#[test]
fn different_session_files() {
    let parties = Parties::of_source(SHORT, 5);
    parties.write(1, "session.toml", smpc_tests::parties::with_silence(&parties.session(), 6));
    parties.write(0, "x.csv", "x\n5\n");
    for end in parties.run([&["--input", "x=x.csv"], &[], &[]]) {
        assert_eq!(end.code, Some(1), "{}", end.stderr);
        assert!(end.stderr.contains("silence"), "{}", end.stderr);
    }
}

#[test]
fn a_certificate_that_is_not_the_pinned_one() {
    let parties = Parties::of_source(SHORT, 2);
    let folder = parties.folder(1);
    std::fs::remove_file(folder.join("me.key")).expect("it was there");
    std::fs::remove_file(folder.join("me.crt")).expect("it was there");
    let _ = new_identity(&folder, "me");
    // Its own node says at once that no key in the folder is the session's.
    let stderr = smpc_tests::fail(&mut parties.command(1, &[]), 1);
    assert!(stderr.contains("fingerprint"), "{stderr}");
    // Forced to use it, it is a stranger to the others.
    parties.write(0, "x.csv", "x\n5\n");
    let forged = parties.start(1, &["--identity", "me.key"]);
    let others = vec![(0, parties.start(0, &["--input", "x=x.csv"])), (2, parties.start(2, &[]))];
    assert_lost_party_1(&parties, others);
    assert_ne!(Ended::of(forged).code, Some(0));
}

/// A failing check ends the run at every party with its message and line, and no output is written.
#[test]
fn a_failing_check() {
    let source = "party A, B, C;\ninput x: secret int in 0..=9 from A;\nfn main() {\n    check(x < 5, \"x must be small\");\n    output x to all;\n}\n";
    let parties = Parties::of_source(source, 5);
    parties.write(0, "x.csv", "x\n5\n");
    for (party, end) in parties.run([&["--input", "x=x.csv"], &[], &[]]).iter().enumerate() {
        assert_eq!(end.code, Some(1), "{}", end.stderr);
        assert!(end.stderr.contains("x must be small") && end.stderr.contains("main.smpc:4"), "{}", end.stderr);
        assert!(parties.result(party).is_none());
    }
}
