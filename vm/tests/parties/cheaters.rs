//! A party that cheats under a protocol that notices it: the others end with the code for that, say whom they suspect, and write nothing.

use crate::make::Make;
use smpc_bytecode::types::RegType;
use smpc_net::{Links, local_mesh};
use smpc_protocols::mal_rep3::{self, MalRep3};
use smpc_protocols::mal_shamir;
use smpc_protocols::registry::{MAL_REP3, MAL_SHAMIR, REP4, Spec};
use smpc_protocols::rep4::{self, Rep4};
use smpc_protocols::{Error, Executor, Protocol, Wire};
use smpcvm::engine::{Engine, Inputs};
use smpcvm::failure::{Class, Failure};
use smpcvm::program::Program;
use smpcvm::run::Task;
use smpcvm::run::party::{Outcome, over_links};
use smpcvm::run::progress::Progress;
use smpcvm::run::stats::Clock;
use smpcvm::session::{Params, terms};

const CHEATER: usize = 2;

/// A product of two parties' numbers.
fn task(protocol: &'static Spec) -> Task {
    let mut m = Make::new();
    let (x, y) = (m.numbers(0, RegType::arith(0, 1000), 3), m.numbers(2, RegType::arith(0, 1000), 3));
    let product = m.make(smpc_bytecode::op::Op::Mul {}, RegType::arith(0, 1_000_000), 3, &[m.all(x), m.all(y)]);
    m.output(product, None);
    let program = Program::new(m.verified(), [7; 32]);
    Task::local(program, protocol.among(None, None).expect("its parties"), Params::default())
}

/// Where a frame is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In the last byte of its payload.
    Payload,
    /// In the length that its header says.
    Header,
}

/// Links on which frames are wrong from the so-and-so-many-th on that is handed over.
struct Lying {
    links: Links,
    left: usize,
    place: Place,
}

impl Wire for Lying {
    fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, Error> {
        let mut bytes = bytes.to_vec();
        // A frame is handed over as a whole where it is short, and its header is 28 bytes.
        let is_frame = bytes.len() > smpc_protocols::HEADER;
        if is_frame {
            self.left = self.left.saturating_sub(1);
        }
        if is_frame && self.left == 0 {
            let at = if self.place == Place::Header { smpc_protocols::HEADER - 8 } else { bytes.len() - 1 };
            bytes[at] ^= 1;
        }
        self.links.try_send(peer, &bytes).map_err(|error| Error::Link { peer, reason: error.to_string() })
    }

    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, Error> {
        self.links.try_recv(peer, into).map_err(|error| Error::Link { peer, reason: error.to_string() })
    }

    fn wait(&mut self, readable: u64, writable: u64) -> Result<(), Error> {
        self.links.wait(readable, writable).map_err(|error| Error::Link { peer: 0, reason: error.to_string() })
    }
}

/// All parties in threads, of whom the cheater lies in every frame from some frame on, if it does so at all.
fn run(task: &Task, inputs: &Inputs, lies: Option<(usize, Place)>) -> Vec<Result<Outcome, Failure>> {
    std::thread::scope(|scope| {
        let parties = task.protocol.parties;
        let ends = local_mesh(parties, task.params.silence(), None);
        let parties: Vec<_> = ends
            .into_iter()
            .enumerate()
            .map(|(me, end)| {
                scope.spawn(move || {
                    let mut mesh = end.open(terms(&task.protocol, &task.params, &task.program, &task.nodes))?;
                    let own = task.inputs_of(me, inputs);
                    let Some((left, place)) = lies.filter(|_| me == CHEATER) else {
                        return over_links(task, mesh, own, &Progress::default(), Clock::default());
                    };
                    let (session, control) = (mesh.session, mesh.control.clone());
                    let number = session.first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
                    let neighbours = [2, 1].map(|k| mesh.key((me + k) % parties).expect("a pairwise key"));
                    let lying = Lying { links: mesh.links, left, place };
                    let executor = Executor::new(me, parties, number, 0, Box::new(lying));
                    let fresh = || smpc_net::fresh_key().expect("randomness");
                    if task.protocol.spec == &REP4 {
                        let keys = rep4::agree(&executor, session, &[fresh(), fresh(), fresh(), fresh()]);
                        if let Ok(keys) = keys {
                            lie(task, &Rep4::new(me, keys, session), &executor, own);
                        }
                    } else if task.protocol.spec == &MAL_SHAMIR {
                        let others = [2, 1].map(|k| (me + k) % parties).into_iter().zip(neighbours);
                        let contributions: Vec<_> = mal_shamir::sets_of(1).map(|_| fresh()).collect();
                        let keys = mal_shamir::agree(&executor, 1, (fresh(), others), &contributions, session);
                        if let Ok(keys) = keys {
                            lie(task, &mal_shamir::party(me, 1, keys, session), &executor, own);
                        }
                    } else {
                        let [own_key, next] = neighbours;
                        let keys = mal_rep3::keys(me, own_key, next, fresh(), session);
                        lie(task, &MalRep3::new(me, keys, session), &executor, own);
                    }
                    // It says nothing of what it has done.
                    let _ = control.finish();
                    Err(Failure::ours("a cheater has no result"))
                })
            })
            .collect();
        parties.into_iter().map(|party| party.join().expect("no panic")).collect()
    })
}

/// Runs the program on links that lie; what comes of that the cheater keeps to itself.
fn lie<P: Protocol>(task: &Task, party: &P, executor: &Executor, own: Inputs) {
    let _ = Engine::new(&task.program, party, executor, &task.plan(), own, &|| ()).run();
}

#[test]
fn whoever_notices_a_lie_says_so_and_all_others_hear_it() {
    // In the keys, in the inputs, in a proof of a range, and later.
    all_hear_of_lies(&REP4, &[1, 3, 8, 15, 25, 35], 25);
    // In the inputs, in a proof of a range, in what verifies it, and in an opening.
    all_hear_of_lies(&MAL_REP3, &[1, 4, 8, 15, 25, 50], 50);
    all_hear_of_lies(&MAL_SHAMIR, &[1, 4, 8, 15, 25, 50], 50);
}

/// Lies from some frames on; from a late one on others may be done already.
fn all_hear_of_lies(protocol: &'static Spec, from: &[usize], late: usize) {
    let task = task(protocol);
    let inputs: Inputs = vec![Some(vec![vec![3, 4, 5]]), Some(vec![vec![7, 0, 1000]])];
    for outcome in run(&task, &inputs, None) {
        assert_eq!(outcome.expect("a run").results[0].as_deref(), Some(&[vec![21, 0, 5000]][..]));
    }
    for from in from.iter().copied() {
        let outcomes = run(&task, &inputs, Some((from, Place::Payload)));
        let honest = outcomes.iter().enumerate().filter(|(me, _)| *me != CHEATER);
        let mut suspected = 0;
        for (me, outcome) in honest {
            match outcome {
                // Whom the last lie was not told may have the right result already.
                Ok(outcome) => {
                    assert_eq!(outcome.results[0].as_deref(), Some(&[vec![21, 0, 5000]][..]), "party {me}");
                    assert!(from > late, "party {me} has not noticed");
                }
                Err(failure) => {
                    let code = (failure.class, failure.class.exit_code());
                    assert_eq!(code, (Class::PeerCheated, 4), "party {me}: {failure}");
                    suspected += usize::from(failure.to_string().contains("say different things"));
                }
            }
        }
        assert!(suspected > 0, "{outcomes:?}");
    }
}

/// A frame of another length than the program has is its sender's doing: it alone is named, and no honest party has a result.
#[test]
fn whoever_is_out_of_step_is_named() {
    let inputs: Inputs = vec![Some(vec![vec![3, 4, 5]]), Some(vec![vec![7, 0, 1000]])];
    for protocol in [&REP4, &MAL_REP3, &MAL_SHAMIR] {
        let task = task(protocol);
        for from in [1, 4, 8, 15] {
            let outcomes = run(&task, &inputs, Some((from, Place::Header)));
            let mut named = 0;
            for (me, outcome) in outcomes.iter().enumerate().filter(|(me, _)| *me != CHEATER) {
                let failure = outcome.as_ref().expect_err("no result");
                let code = (failure.class, failure.class.exit_code());
                assert_eq!(code, (Class::PeerCheated, 4), "{} {from}: party {me}: {failure}", protocol.name);
                let text = failure.to_string();
                named += usize::from(text.contains("party 2 is out of step"));
                assert!(!text.contains("0 is out of step") && !text.contains("1 is out of step"), "{text}");
            }
            assert!(named > 0, "{} {from}: {outcomes:?}", protocol.name);
        }
    }
}

#[test]
fn a_role_whose_machine_lets_a_wrong_value_pass_is_named() {
    [&REP4, &MAL_REP3, &MAL_SHAMIR].into_iter().for_each(a_wrong_value_names_its_role);
}

fn a_wrong_value_names_its_role(protocol: &'static Spec) {
    let task = task(protocol);
    let inputs: Inputs = vec![Some(vec![vec![3, 4, 5]]), Some(vec![vec![7, 1001, 1000]])];
    for (me, outcome) in run(&task, &inputs, None).into_iter().enumerate() {
        let failure = outcome.expect_err("a refusal");
        let text = failure.to_string();
        let role = &task.manifest().roles[2];
        assert!(text.contains(role) && !text.contains("1001"), "{text}");
        let class = if me == CHEATER { Class::User } else { Class::PeerCheated };
        assert_eq!(failure.class, class, "party {me}: {text}");
    }
}
