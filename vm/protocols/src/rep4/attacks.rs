//! `rep4` with one party that cheats: whatever it does, no honest party has a wrong result, and who stops suspects it (PROTOCOLS R3, R6, R11, R20, R25).
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::conformance::cheat::{
    self, Address, Lie, Lying, Outcome, Place, TAMPERS, Tamper, Verdict, all_alike, judge,
};
use crate::conformance::source::mixed;
use crate::conformance::targets::{self, A, GATES, LANES};
use crate::protocol::{BinShares as _, Protocol as _};
use crate::{Error, Executor};
use smpc_math::prf::Key;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// Operands that a cheater has changed: of which component the first or the last lane.
type Hook = Option<(usize, bool)>;

fn hooked(a: &mut Arith, b: &mut Bin, hook: Hook) {
    if let Some((slot, first)) = hook {
        let lane = if first { 0 } else { a.lanes - 1 };
        a.x[slot][lane] = a.x[slot][lane].wrapping_add((1 << 20) + 1);
        b.x[slot].iter_mut().for_each(|plane| plane[0] ^= 1 << lane);
    }
}

fn attacked<S: Source>(p: &Rep4<S>, e: &Executor, gate: &str, hook: Hook) -> Result<Vec<i64>, Error> {
    targets::attacked(p, e, gate, |a, b| hooked(a, b, hook))
}

/// A run of a gate with a cheater.
#[derive(Clone, Copy, Default)]
struct Attack {
    cheater: usize,
    lie: Option<Lie>,
    randomness: Option<(Address, bool)>,
    hook: Hook,
    mutant: Mutant,
}

/// What the parties have, and what randomness the cheater has used.
fn run(gate: &str, attack: Attack) -> (Outcome<Vec<i64>>, BTreeSet<Address>) {
    let used: Arc<Mutex<BTreeSet<Address>>> = Arc::default();
    let outcome = cheat::run(PARTIES, attack.cheater, attack.lie, |me, e| {
        let cheats = me == attack.cheater;
        let (source, noted) = Lying::over(mixed(5), attack.randomness.filter(|_| cheats));
        let p = Rep4::new(me, source, [3; 32]).mutant(if cheats { Mutant::Reckless } else { attack.mutant });
        let result = attacked(&p, e, gate, attack.hook.filter(|_| cheats));
        if cheats {
            *used.lock().unwrap() = noted.lock().unwrap().clone();
        }
        result
    });
    let used = used.lock().unwrap().clone();
    (outcome, used)
}

fn honest(gate: &str, cheater: usize) -> (Vec<Vec<i64>>, Vec<Vec<cheat::Frame>>, BTreeSet<Address>) {
    let (outcome, used) = run(gate, Attack { cheater, ..Attack::default() });
    (outcome.results.into_iter().map(|result| result.unwrap()).collect(), outcome.frames, used)
}

/// Each frame of each gate, touched in each way.
#[test]
fn every_frame_that_is_touched_is_noticed() {
    let (mut number, mut caught, mut harmless) = (0, 0, BTreeSet::new());
    for gate in GATES {
        for cheater in 0..PARTIES {
            let (expected, frames, _) = honest(gate, cheater);
            for frame in &frames[cheater] {
                for how in TAMPERS {
                    number += 1;
                    let lie = Lie { tick: frame.tick, peer: frame.peer, how };
                    let (outcome, _) = run(gate, Attack { cheater, lie: Some(lie), ..Attack::default() });
                    match judge(&outcome, cheater, &expected) {
                        Ok(Verdict::Caught) => caught += 1,
                        Ok(Verdict::Harmless) => {
                            harmless.insert((gate, frame.tick, format!("{how:?}")));
                        }
                        Err(what) => panic!("{gate}, party {cheater}, {lie:?}: {what}"),
                    }
                }
            }
        }
    }
    // What makes no difference: what is equal to what it replaces, and in the round in which parties compare inputs a word to a party that compares none.
    let (swaps, others): (Vec<_>, Vec<_>) =
        harmless.iter().partition(|(_, _, how)| ["Swap", "Replay"].contains(&how.as_str()));
    assert!(
        others.iter().all(|(gate, tick, _)| [1, 3].contains(tick) || (*gate, *tick) == ("broadcast", 5)),
        "{others:?}"
    );
    println!("{caught} caught of {number}, {} kinds without effect, {} by the same bytes", others.len(), swaps.len());
    assert!(caught > 14_000, "{caught}");
}

/// Each word of randomness, wrong at its first lane or the last one.
#[test]
fn wrong_randomness_is_noticed() {
    let (mut number, mut caught, mut harmless) = (0, 0, 0);
    for gate in GATES {
        for cheater in 0..PARTIES {
            let (expected, _, used) = honest(gate, cheater);
            // What all know hides nothing, and a common coin decides for all or none.
            for address in used {
                for first in [true, false] {
                    number += 1;
                    let attack = Attack { cheater, randomness: Some((address, first)), ..Attack::default() };
                    let outcome = run(gate, attack).0;
                    match judge(&outcome, cheater, &expected) {
                        Ok(Verdict::Caught) => caught += 1,
                        // A bit beyond the last lane, or of an order that stays the same.
                        Ok(Verdict::Harmless) => harmless += 1,
                        // Its own mask of an input is its own choice of that input, which all others then have.
                        Err(what) if address.2 == 1 + cheater as u64 && what.contains("and not") => {
                            assert!(all_alike(&outcome, cheater), "{gate}, party {cheater}, {address:?}: {what}");
                            harmless += 1;
                        }
                        Err(what) => panic!("{gate}, party {cheater}, {address:?} {first}: {what}"),
                    }
                }
            }
        }
    }
    println!("{caught} caught of {number}, {harmless} without effect");
    assert!(caught > 2_500, "{caught} {harmless}");
}

/// Each component of the operands, wrong at its first lane or the last one.
#[test]
fn wrong_shares_are_noticed() {
    let (mut caught, mut harmless, mut noticed) = (0, 0, BTreeSet::new());
    for gate in GATES {
        for cheater in 0..PARTIES {
            let (expected, ..) = honest(gate, cheater);
            for hook in [(0, true), (0, false), (1, true), (1, false), (2, true), (2, false)] {
                let attack = Attack { cheater, hook: Some(hook), ..Attack::default() };
                match judge(&run(gate, attack).0, cheater, &expected) {
                    Ok(Verdict::Caught) => {
                        caught += 1;
                        noticed.insert((gate, cheater));
                    }
                    Ok(Verdict::Harmless) => harmless += 1,
                    Err(what) => panic!("{gate}, party {cheater}, {hook:?}: {what}"),
                }
            }
        }
    }
    println!("{caught} caught, {harmless} without effect");
    // A component that a party tells nobody of is its own affair; but of those that gates read it tells some of each.
    let unread = ["broadcast", "random_bin", "open_to", "open_bin_to", "check", "sort"];
    for gate in GATES.into_iter().filter(|gate| !unread.contains(gate)) {
        // In the first turn of a shuffle P_0 only takes what the others tell anew.
        let asked = |cheater: &usize| (gate, *cheater) != ("shuffle", 0) && !noticed.contains(&(gate, *cheater));
        let missed: Vec<usize> = (0..PARTIES).filter(asked).collect();
        assert!(missed.is_empty(), "{gate}: {missed:?}");
    }
}

/// Without the comparison of joint messages a lie gives a wrong result, and without that of inputs the honest parties suspect each other.
#[test]
fn without_its_guards_the_protocol_is_broken() {
    let attacks = |gate: &str, mutant: Mutant| -> Vec<String> {
        let mut broken = Vec::new();
        for cheater in 0..PARTIES {
            let (expected, frames, _) = honest(gate, cheater);
            for frame in &frames[cheater] {
                let lie = Some(Lie { tick: frame.tick, peer: frame.peer, how: Tamper::Add(Place::First) });
                let (outcome, _) = run(gate, Attack { cheater, lie, mutant, ..Attack::default() });
                broken.extend(judge(&outcome, cheater, &expected).err());
            }
        }
        broken
    };
    for gate in ["mul", "and", "open", "select", "trunc", "shuffle"] {
        assert!(attacks(gate, Mutant::Whole).is_empty(), "{gate}");
        assert!(attacks(gate, Mutant::Trusting).iter().any(|what| what.contains("and not")), "{gate}");
    }
    let suspects = |gate: &&str| attacks(gate, Mutant::NoEcho).iter().any(|what| what.contains("suspects"));
    assert!(GATES.iter().any(suspects));
    assert!(attacks("broadcast", Mutant::NoEcho).iter().any(|what| what.contains("and not")));
}

/// The attack on delayed comparisons (Eurocrypt 2026): after a lie in one product the party that it was told to sends nothing in the next one, which is all that
/// could depend on it; and what the others send, and until when, does not depend on the secrets.
#[test]
fn a_lie_is_no_oracle() {
    let product_twice = |cheater: usize, lie: Option<Lie>, d: i64| {
        cheat::run(PARTIES, cheater, lie, |me, e| {
            let p = Rep4::new(me, mixed(9), [4; 32]);
            e.run(async {
                let own = |value: i64, owner: usize| (me == owner).then(|| vec![value]);
                let owner = (cheater + 1) % PARTIES;
                let a = p.input(e.gate(1), owner, own(6, owner).as_deref(), 1).await;
                let d = p.input(e.gate(2), owner, own(d, owner).as_deref(), 1).await;
                let c = p.mul(e.gate(3), &a, &a).await;
                let z = p.mul(e.gate(4), &c, &d).await;
                p.open(e.gate(5), &z).await
            })
        })
    };
    // Two rounds for each input.
    const FIRST_PRODUCT: u64 = 4;
    for cheater in 0..PARTIES {
        let frames = product_twice(cheater, None, 42).frames;
        for frame in frames[cheater].iter().filter(|frame| frame.tick == FIRST_PRODUCT) {
            for how in [Tamper::Add(Place::First), Tamper::Add(Place::Last)] {
                let lie = Some(Lie { tick: FIRST_PRODUCT, peer: frame.peer, how });
                let [one, other] = [42, 1].map(|d| product_twice(cheater, lie, d));
                for outcome in [&one, &other] {
                    let told = &outcome.frames[frame.peer];
                    assert!(told.iter().all(|sent| sent.tick <= FIRST_PRODUCT), "party {cheater} to {}", frame.peer);
                    assert!(matches!(outcome.results[frame.peer], Err(Error::Differ { .. })));
                    assert!(outcome.results.iter().all(Result::is_err), "somebody has an output");
                }
                let until = |outcome: &Outcome<Vec<i64>>| outcome.frames[frame.peer].last().map(|sent| sent.tick);
                assert_eq!(until(&one), until(&other));
            }
        }
    }
}

/// Messages of many windows and blocks, of which one byte in the middle or at the end is wrong.
#[test]
fn long_messages_are_compared_to_their_end() {
    const MANY: usize = 5_003;
    let values: Vec<i64> = (0..MANY as i64).map(|i| (i - 2_000) << 20).collect();
    let gates = ["mul", "and", "select", "open"];
    let party = |me: usize, e: &Executor, gate: &str, mutant: Mutant| {
        let p = Rep4::new(me, mixed(5), [3; 32]).mutant(mutant);
        e.run(async {
            let own = (me == 0).then_some(&values[..]);
            let a = p.input(e.gate(1), 0, own, MANY).await;
            let bits = p.input_bin(e.gate(2), 0, own, 3, MANY).await;
            match gate {
                "mul" => p.open(e.gate(4), &p.mul(e.gate(3), &a, &a).await).await,
                "and" => p.open_bin(e.gate(4), &p.and(e.gate(3), &bits, &bits).await).await,
                "select" => p.open(e.gate(4), &p.select(e.gate(3), &bits.planes(0, 1), &a, &p.neg(&a)).await).await,
                _ => p.open(e.gate(4), &a).await,
            }
        })
    };
    for gate in gates {
        let honest = cheat::run(PARTIES, 0, None, |me, e| party(me, e, gate, Mutant::Whole));
        let expected: Vec<Vec<i64>> = honest.results.iter().map(|result| result.clone().unwrap()).collect();
        for cheater in 0..PARTIES {
            for frame in honest.frames[cheater].iter().filter(|frame| frame.tick > 3) {
                for how in [Tamper::Add(Place::Middle), Tamper::Flip(Place::Last)] {
                    let lie = Lie { tick: frame.tick, peer: frame.peer, how };
                    let outcome = cheat::run(PARTIES, cheater, Some(lie), |me, e| {
                        party(me, e, gate, if me == cheater { Mutant::Reckless } else { Mutant::Whole })
                    });
                    let verdict = judge(&outcome, cheater, &expected);
                    assert!(matches!(verdict, Ok(Verdict::Caught)), "{gate}, party {cheater}, {lie:?}: {verdict:?}");
                }
            }
        }
    }
}

/// An owner that keeps its input back sees nothing of what comes later: no party goes on before all have got what is theirs.
#[test]
fn an_input_that_is_kept_back_holds_everything_up() {
    for owner in 0..PARTIES {
        let leaves = |peer: usize| Some(Lie { tick: 0, peer, how: Tamper::Leave });
        for peer in [(owner + 1) % PARTIES, (owner + 2) % PARTIES] {
            let outcome = cheat::run(PARTIES, owner, leaves(peer), |me, e| {
                let p = Rep4::new(me, mixed(9), [4; 32]);
                let own = (me == owner).then_some(&A[..]);
                e.run(async {
                    let a = p.input(e.gate(1), owner, own, LANES).await;
                    p.open(e.gate(2), &a).await
                })
            });
            // The opening would be in round 2.
            assert!(outcome.frames.iter().flatten().all(|frame| frame.tick < 2));
            assert!(outcome.results.iter().all(Result::is_err));
        }
    }
}

/// A party that contributes to a key one thing here and another one there, or says that it has another key, is suspected before anything is masked.
#[test]
fn keys_are_the_same_at_all_holders_or_nobody_uses_them() {
    let agreed = |cheater: usize, lie: Option<Lie>| {
        cheat::run(PARTIES, cheater, lie, |me, e| {
            let own = [0, 1, 2, 3].map(|component| Key::new([(16 * me + component) as u8; 32]));
            agree(e, [9; 32], &own).map(|keys| {
                let mut words = Vec::new();
                for component in (0..PARTIES).filter(|component| *component != me) {
                    let mut word = [0; 2];
                    keys.fill(component, smpc_math::prf::Domain::Arith, crate::Tape::new(0, 1), 0, 0, &mut word);
                    words.push((component, word));
                }
                words
            })
        })
    };
    let honest = agreed(0, None);
    let words: Vec<_> = honest.results.iter().map(|result| result.clone().unwrap()).collect();
    let of = |party: usize, component: usize| words[party].iter().find(|(held, _)| *held == component).unwrap().1;
    for component in 0..PARTIES {
        let holders: Vec<usize> = (0..PARTIES).filter(|party| *party != component).collect();
        assert!(holders.windows(2).all(|pair| of(pair[0], component) == of(pair[1], component)));
    }
    for cheater in 0..PARTIES {
        for frame in &honest.frames[cheater] {
            for how in TAMPERS {
                let lie = Lie { tick: frame.tick, peer: frame.peer, how };
                let verdict = judge(&agreed(cheater, Some(lie)), cheater, &words);
                assert!(matches!(verdict, Ok(Verdict::Caught)), "{lie:?}: {verdict:?}");
            }
        }
    }
}
