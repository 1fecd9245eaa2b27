//! `mal-rep3` with one party that cheats: whatever it does, no honest party has a wrong result, and who stops suspects it (PROTOCOLS R3, R4, R7, R8, R20, R25). The proofs of
//! ANDs have tests of their own.
//!
//! Of all frames, words of randomness and shares a seeded sample is touched; all of them with `SMPC_ATTACKS=all`, which takes two minutes.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::Executor;
use crate::conformance::cheat::{
    self, Address, Frame, Lie, Lying, Outcome, Place, TAMPERS, Tamper, Verdict, all_alike, judge,
};
use crate::conformance::data::mix;
use crate::conformance::source::{Drawn, mixed};
use crate::conformance::targets::{A, GATES, LANES, attacked};
use crate::conformance::threads::{mal_rep3_threads, three_threads};
use crate::protocol::{BinShares as _, Protocol as _};
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex};

/// Shares that a cheater has changed: a component of the value or of its tag, of the first or the last lane.
type Hook = Option<(usize, bool)>;

fn hooked(a: &mut Arith, b: &mut Bin, hook: Hook) {
    if let Some((slot, first)) = hook {
        let lane = if first { 0 } else { a.lanes - 1 };
        let x = &mut a.all_mut().nth(slot).unwrap()[lane];
        *x = share::element(share::number(*x).wrapping_add((1 << 20) + 1));
        let rows = if slot.is_multiple_of(2) { &mut b.a } else { &mut b.b };
        rows.iter_mut().for_each(|plane| plane[0] ^= 1 << lane);
    }
}

/// A run of a gate with a cheater, where the honest parties trust what they are told in some way.
#[derive(Clone, Copy, Default)]
struct Attack {
    cheater: usize,
    lie: Option<Lie>,
    randomness: Option<(Address, bool)>,
    hook: Hook,
    trust: Trust,
}

fn run(gate: &str, attack: Attack) -> (Outcome<Vec<i64>>, BTreeSet<Address>) {
    let used: Arc<Mutex<BTreeSet<Address>>> = Arc::default();
    let outcome = cheat::run(PARTIES, attack.cheater, attack.lie, |me, e| {
        let cheats = me == attack.cheater;
        let (source, noted) = Lying::over(mixed(5), attack.randomness.filter(|_| cheats));
        let p = MalRep3::new(me, source, [3; 32]).trusting(if cheats { Trust::ALL } else { attack.trust });
        let result = attacked(&p, e, gate, |a, b| hooked(a, b, attack.hook.filter(|_| cheats)));
        if cheats {
            *used.lock().unwrap() = noted.lock().unwrap().clone();
        }
        result
    });
    let used = used.lock().unwrap().clone();
    (outcome, used)
}

fn honest(gate: &str, cheater: usize) -> (Vec<Vec<i64>>, Vec<Vec<Frame>>, BTreeSet<Address>) {
    let (outcome, used) = run(gate, Attack { cheater, ..Attack::default() });
    (outcome.results.into_iter().map(|result| result.unwrap()).collect(), outcome.frames, used)
}

/// Whether a case is tried: one in so many, always the same ones; or all.
fn sampled(case: &str, one_in: u64) -> bool {
    let hash = case.bytes().fold(7, |hash, byte| mix(hash ^ u64::from(byte)));
    hash.is_multiple_of(one_in) || std::env::var_os("SMPC_ATTACKS").is_some_and(|which| which == "all")
}

/// Frames of each gate, touched in each way.
#[test]
fn frames_that_are_touched_are_noticed() {
    // Who deals bits, and in which round, in which it says nothing else.
    const DEALS_BITS: (usize, u64) = (2, 2);
    let (mut number, mut caught, mut chosen, mut harmless) = (0, 0, 0, BTreeSet::new());
    for gate in GATES {
        for cheater in 0..PARTIES {
            let (expected, frames, _) = honest(gate, cheater);
            for frame in &frames[cheater] {
                for how in TAMPERS {
                    let lie = Lie { tick: frame.tick, peer: frame.peer, how };
                    if !sampled(&format!("{gate} {cheater} {lie:?}"), 40) {
                        continue;
                    }
                    number += 1;
                    let (outcome, _) = run(gate, Attack { cheater, lie: Some(lie), ..Attack::default() });
                    match judge(&outcome, cheater, &expected) {
                        Ok(Verdict::Caught) => caught += 1,
                        Ok(Verdict::Harmless) => {
                            harmless.insert((gate, frame.tick, frame.length, format!("{how:?}")));
                        }
                        // What it deals of bits, which have no tag, is its own choice of its input, which all others then have.
                        Err(what) if (cheater, frame.tick) == DEALS_BITS && what.contains("and not") => {
                            assert!(all_alike(&outcome, cheater), "{gate}, party {cheater}, {lie:?}: {what}");
                            chosen += 1;
                        }
                        Err(what) => panic!("{gate}, party {cheater}, {lie:?}: {what}"),
                    }
                }
            }
        }
    }
    println!("{caught} caught of {number}, {} kinds without effect, {chosen} other inputs", harmless.len());
    // What makes no difference: the same bytes again; a bit beyond the last lane; an input that the gate does not use; and what a byte says that only has to come.
    let others: Vec<_> =
        harmless.iter().filter(|(_, tick, length, how)| how.starts_with("Add") && *tick > 2 && *length != 1).collect();
    // And, once in 256 times, 2^120 more in an element: that is above the bits that count (`verify`).
    let above = |(_, _, length, how): &&(&str, u64, usize, String)| how == "Add(Last)" && length.is_multiple_of(16);
    assert!(others.len() <= 4 && others.iter().all(above), "{others:?}");
    assert!(2 * caught > number, "{caught} of {number}");
}

/// Words of randomness, wrong at the first lane or the last one: lies that are consistent in what is sent, what is kept and what is proven.
#[test]
fn wrong_randomness_is_noticed() {
    let (mut number, mut caught, mut harmless) = (0, 0, 0);
    for gate in GATES {
        for cheater in 0..PARTIES {
            let (expected, _, used) = honest(gate, cheater);
            // Coins of its own are its own.
            for address in used.into_iter().filter(|address| address.0 != private(cheater)) {
                for first in [true, false] {
                    if !sampled(&format!("{gate} {cheater} {address:?} {first}"), 8) {
                        continue;
                    }
                    number += 1;
                    let attack = Attack { cheater, randomness: Some((address, first)), ..Attack::default() };
                    let outcome = run(gate, attack).0;
                    match judge(&outcome, cheater, &expected) {
                        Ok(Verdict::Caught) => caught += 1,
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
    assert!(3 * caught > number, "{caught} of {number}");
}

/// Each component of the operands and of their tags, wrong at the first lane or the last one.
#[test]
fn wrong_shares_are_noticed() {
    let (mut caught, mut harmless, mut noticed) = (0, 0, BTreeSet::new());
    for gate in GATES {
        for cheater in 0..PARTIES {
            let (expected, ..) = honest(gate, cheater);
            for hook in (0..4).flat_map(|slot| [(slot, true), (slot, false)]) {
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
    let unread = ["broadcast", "random_bin", "open_to", "open_bin_to", "check", "sort"];
    for gate in GATES.into_iter().filter(|gate| !unread.contains(gate)) {
        let missed: Vec<usize> = (0..PARTIES).filter(|cheater| !noticed.contains(&(gate, *cheater))).collect();
        assert!(missed.is_empty(), "{gate}: {missed:?}");
    }
}

/// Without each of the checks there is a lie that gives a wrong result.
#[test]
fn without_its_guards_the_protocol_is_broken() {
    let broken = |gate: &str, trust: Trust| -> usize {
        let mut broken = 0;
        for cheater in 0..PARTIES {
            let (expected, frames, _) = honest(gate, cheater);
            for frame in &frames[cheater] {
                let lie = Some(Lie { tick: frame.tick, peer: frame.peer, how: Tamper::Add(Place::First) });
                let (outcome, _) = run(gate, Attack { cheater, lie, trust, ..Attack::default() });
                broken += usize::from(judge(&outcome, cheater, &expected).is_err_and(|what| what.contains("and not")));
            }
        }
        broken
    };
    let (none, hashes) = (Trust::default(), Trust { hashes: true, ..Trust::default() });
    let (proofs, tags) = (Trust { proofs: true, ..none }, Trust { tags: true, ..none });
    let words = Trust { words: true, ..none };
    for (gate, trust) in [
        ("open", hashes),
        ("broadcast", hashes),
        ("and", proofs),
        ("ltz", proofs),
        ("mul", tags),
        ("shuffle", tags),
        ("shuffle", words),
    ] {
        assert!(broken(gate, trust) > 0, "{gate} {trust:?}");
    }
    for gate in ["open", "and", "mul"] {
        assert_eq!(broken(gate, none), 0, "{gate}");
    }
}

/// A party that keeps back any of its messages sees nothing of what is opened afterwards (PROTOCOLS R4); but for the last word that it has verified all, which says nothing else.
#[test]
fn what_is_kept_back_holds_the_opening_up() {
    for gate in ["mul", "and", "ltz", "b2a"] {
        for cheater in 0..PARTIES {
            let (_, frames, _) = honest(gate, cheater);
            let opening = frames.iter().flatten().map(|frame| frame.tick).max().unwrap();
            let kept: Vec<&Frame> = frames[cheater].iter().filter(|frame| frame.tick + 1 < opening).collect();
            for frame in kept.iter().filter(|frame| sampled(&format!("{gate} {cheater} {frame:?}"), 4)) {
                let lie = Some(Lie { tick: frame.tick, peer: frame.peer, how: Tamper::Leave });
                let (outcome, _) = run(gate, Attack { cheater, lie, ..Attack::default() });
                for honest in (0..PARTIES).filter(|party| *party != cheater) {
                    assert!(outcome.results[honest].is_err());
                    assert!(outcome.frames[honest].iter().all(|sent| sent.tick < opening), "{gate} {frame:?}");
                }
            }
        }
    }
}

/// Nothing but 0 passes for 0: no power of two, not −1, and nothing random (PROTOCOLS R7).
#[test]
fn only_zero_is_zero() {
    let mut values: Vec<u128> = (0..128).map(|j| 1 << j).chain([0, u128::MAX, 0]).collect();
    values.extend((0..10_000).map(|i| u128::from(mix(i)) << 64 | u128::from(mix(!i))));
    let opened = mal_rep3_threads(3, |p, e| {
        let lanes = values.len();
        // Components that two parties know each.
        let component = |which: usize, lane: usize| match which {
            0 => values[lane].wrapping_sub(component_of(1, lane)).wrapping_sub(component_of(2, lane)),
            which => component_of(which, lane),
        };
        e.run(async {
            let words = p.summands(128, lanes, |which, _, limb, lane, out| {
                for (i, out) in out.iter_mut().enumerate() {
                    let t = component(which, lane + i).wrapping_sub(u128::from(which == 0));
                    *out = share::element(t)[limb];
                }
            });
            let zero = p.is_minus_one(e.gate(1), &words, true).await;
            p.open_bin(e.gate(2), &zero).await
        })
    })
    .unwrap();
    for found in opened {
        let expected: Vec<i64> = values.iter().map(|value| i64::from(*value == 0)).collect();
        assert_eq!(found, expected);
    }
}

fn component_of(which: usize, lane: usize) -> u128 {
    let word = |half: u64| u128::from(mix((which as u64) << 40 | half << 32 | lane as u64));
    word(0) << 64 | word(1)
}

/// How often a lie in a product passes where tags have s = 8 bits more than the number, and a lie adds 2^j to it and nothing to its tag: α·2^j·ρ is 0 modulo 2^(64 + s) then, which
/// for n = 64 + s − j has probability (n/2 + 1)·2^−n. (Of a key below 2^s, as the paper has it, a little more: PROTOCOLS R8.)
#[test]
fn a_short_tag_lets_lies_pass_as_often_as_is_predicted() {
    const TRIES: u64 = 3000;
    for (j, probability) in [(63, 5.5 / 512.0), (60, 7.0 / 4096.0), (0, 0.0)] {
        let passed = three_threads(1, |me, e| {
            e.run(async {
                let mut passed = 0_usize;
                for i in 0..TRIES {
                    let mut p = MalRep3::new(me, mixed(mix(i ^ j << 32)), [0; 32]);
                    p.tag_bits = 72;
                    let mut z =
                        p.product(e.gate(3 * i), &p.share_public(&[3], 1), &p.share_public(&[5], 1).value).await;
                    // The sum over it is wrong at one party, as it would be had this party been told something else.
                    if me == 0 {
                        p.owed.replace(verify::Owed::new(false));
                        z.value[0][0] = share::element(share::number(z.value[0][0]).wrapping_add(1 << j));
                        p.owe(e.gate(3 * i), 0, 1, &z.value, &z.tag);
                    } else if me == 2 {
                        p.owed.replace(verify::Owed::new(false));
                        z.value[1][0] = share::element(share::number(z.value[1][0]).wrapping_add(1 << j));
                        p.owe(e.gate(3 * i), 0, 1, &z.value, &z.tag);
                    }
                    let owed = p.owed.replace(verify::Owed::new(false));
                    let fits = p.tags_fit(e.gate(3 * i + 1), &owed).await;
                    let bit = p.told_bits(e.gate(3 * i + 2), &fits, &io::ALL).await;
                    passed += usize::from(bit == Some(vec![1]));
                }
                passed
            })
        })
        .unwrap();
        let (mean, found) = (probability * TRIES as f64, passed[0] as f64);
        println!("2^{j}: {found} of {TRIES} passed, {mean:.1} expected");
        assert!((found - mean).abs() <= 5.0 * mean.sqrt(), "2^{j}: {found} of {TRIES}, {mean} expected");
        assert!(passed.iter().all(|count| *count == passed[0]));
    }
}

/// An owner may choose its input, and nothing else: what it says of another one's is noticed.
#[test]
fn all_have_the_same_input() {
    for owner in 0..PARTIES {
        let party = |me: usize, e: &Executor| {
            let p = MalRep3::new(me, mixed(9), [4; 32]);
            let own = (me == owner).then_some(&A[..]);
            e.run(async {
                let a = p.input(e.gate(1), owner, own, LANES).await;
                p.open(e.gate(2), &a).await
            })
        };
        let frames = cheat::run(PARTIES, owner, None, party).frames;
        let first = frames[owner].iter().find(|frame| frame.tick == 0).copied().unwrap();
        let lie = Some(Lie { tick: 0, peer: first.peer, how: Tamper::Add(Place::First) });
        let outcome = cheat::run(PARTIES, owner, lie, party);
        let others: Vec<_> = (0..PARTIES).filter(|me| *me != owner).map(|me| outcome.results[me].clone()).collect();
        // The tag is made of what the owner keeps and what it has said: they do not fit.
        assert!(others.iter().all(Result::is_err), "{others:?}");
    }
}

/// A word of randomness: key, domain, gate instance, step, and its place in the stream.
type Word = (usize, Domain, u64, u64, usize);

/// Keys that add numbers to words: a party that has them tells several lies that fit each other.
struct Adding {
    inner: Drawn,
    lies: Vec<(Word, u64)>,
}

impl Source for Adding {
    fn fill(&self, key: usize, domain: Domain, tape: Tape, step: u64, first: usize, out: &mut [u64]) {
        self.inner.fill(key, domain, tape, step, first, out);
        for ((lie_key, lie_domain, instance, lie_step, place), more) in &self.lies {
            let here = (*lie_key, *lie_domain, *instance, *lie_step) == (key, domain, tape.instance(), step);
            if here && (first..first + out.len()).contains(place) {
                out[place - first] = out[place - first].wrapping_add(*more);
            }
        }
    }
}

/// A party, with keys that lie if it is the cheater.
fn with_lies(me: usize, cheater: usize, seed: u64, lies: &[(Word, u64)]) -> MalRep3<Drawn> {
    let lies = if me == cheater { lies.to_vec() } else { Vec::new() };
    MalRep3::new(me, Box::new(Adding { inner: mixed(seed), lies }) as Drawn, [3; 32])
}

/// The words with which a party lies in the conversion of a bit in gate 9: in the product that it shares, and in what all share after that, αu, the number that is to be 0, and the tag.
fn lies_in_a_conversion(cheater: usize) -> [Word; 4] {
    let product = [(1, 0), (2, 1), (2, 2)][cheater];
    [product, (cheater, 3), (cheater, 4), (cheater, 5)].map(|(key, step)| (key, Domain::Arith, 9, step, 0))
}

/// Whether the honest parties get the number of a bit that `owner` knows, while one party lies.
fn converts(cheater: usize, owner: usize, secret: i64, seed: u64, lies: &[(Word, u64)]) -> bool {
    let outcome = cheat::run(PARTIES, cheater, None, |me, e| {
        let p = with_lies(me, cheater, seed, lies);
        e.run(async {
            let bit = p.input_bin(e.gate(3), owner, (me == owner).then_some(&[secret][..]), 1, 1).await;
            let number = p.b2a(e.gate(9), &bit, false).await;
            p.open(e.gate(10), &number).await
        })
    });
    let honest = || (0..PARTIES).filter(|me| *me != cheater).map(|me| &outcome.results[me]);
    assert!(
        honest().all(|result| result.as_ref().is_ok_and(|number| *number == [secret])) || honest().all(Result::is_err)
    );
    honest().all(Result::is_ok)
}

/// Vectors of no lanes.
#[test]
fn nothing_becomes_nothing() {
    let done = mal_rep3_threads(3, |p, e| {
        e.run(async {
            let (none, bits) = (p.share_public(&[], 0), p.share_public_bin(&[], 4, 0));
            let range = crate::Range::new(-(1 << 41), 1 << 41);
            let all = [
                p.b2a(e.gate(1), &bits, true).await,
                p.trunc(e.gate(2), &none, 16, range).await,
                p.select(e.gate(3), &bits.planes(0, 1), &none, &none).await,
            ];
            all.iter().all(|x| x.lanes == 0)
        })
    });
    assert_eq!(done.unwrap(), [true; 3]);
}

/// Lies in two messages of a conversion do not cancel, whatever the bit's component is that the liar does not know.
#[test]
fn two_lies_in_a_conversion_are_no_oracle() {
    for cheater in 0..PARTIES {
        let words = lies_in_a_conversion(cheater);
        for (i, one) in words.iter().enumerate() {
            for other in &words[i..] {
                for (seed, more) in (0..8).flat_map(|seed| [(seed, 1), (seed, u64::MAX)]) {
                    let lies = [(*one, 1), (*other, more)];
                    let none = one == other && more != 1;
                    let secret = (mix(seed) >> 7 & 1).cast_signed();
                    let passes = converts(cheater, (cheater + 1) % PARTIES, secret, seed, &lies);
                    assert_eq!(passes, none, "party {cheater}: {lies:?}");
                }
            }
        }
    }
}

/// A lie of 2^125 in a product of a conversion does no harm to the number, and gets through where the liar has guessed two bits of α, or is lucky. Whether it does must not tell the
/// bit: it would, were it verified that the number is a bit, as its square is the number.
#[test]
fn what_gets_through_in_a_conversion_is_no_oracle() {
    for cheater in 0..PARTIES {
        let [product, tag, zero, result] =
            lies_in_a_conversion(cheater).map(|word| (word.0, word.1, word.2, word.3, word.4 + 1));
        // The component of the bit that changes is the one that the cheater lacks.
        let owner = (cheater + 1) % PARTIES;
        let (mut through, mut differ) = (0, 0);
        for (seed, guess) in (0..60).flat_map(|seed| (0..4).map(move |guess| (seed, guess))) {
            // The word is wrong in what the cheater keeps too, which then has to be mended where α is multiplied by it.
            let [left, right] = *MalRep3::new(cheater, mixed(seed), [3; 32]).key;
            let factor = if cheater == 2 { left.wrapping_add(right) } else { left };
            let mended = share::element(factor.wrapping_mul(1 << 126))[1];
            let mut lies = vec![(product, 1 << 61), (zero, guess << 61), (result, mended)];
            if cheater == 0 {
                lies.push((tag, mended));
            }
            let [clear, set] = [0, 1].map(|bit| converts(cheater, owner, bit, seed, &lies));
            through += i32::from(clear);
            differ += i32::from(clear != set);
        }
        println!("party {cheater}: {through} of 240 got through, {differ} depend on the bit");
        assert!(through > 40 && differ == 0);
    }
}

/// 2^127 on αu passes half of the time, with the same on the number that is to be 0 or without it, whatever the bit is: by which, and nobody knows all of it, it is multiplied.
#[test]
fn a_wrong_tag_in_a_conversion_is_no_oracle() {
    for cheater in 0..PARTIES {
        let [_, tag, zero, _] = lies_in_a_conversion(cheater).map(|word| (word.0, word.1, word.2, word.3, word.4 + 1));
        for lies in [&[(tag, 1 << 63)][..], &[(tag, 1 << 63), (zero, 1 << 63)]] {
            let [clear, set] = [0, 1].map(|bit| {
                (0..200).filter(|seed| converts(cheater, (cheater + 1) % PARTIES, bit, *seed, lies)).count()
            });
            println!("party {cheater}, {} lies: {clear} and {set} of 200 got through", lies.len());
            assert!([clear, set].iter().all(|count| (65..135).contains(count)));
        }
    }
}

/// 2^127 on a tag gets through a verification half of the time. Whether the next one stops the run, which has a product made of that tag, does not depend on the other factor.
#[test]
fn what_gets_through_a_verification_is_no_oracle_in_the_next() {
    const TRIES: u64 = 200;
    // The tag of the first input: the high word of its only element.
    let lies = [((2, Domain::Arith, 1, 1 << 39, 1), 1 << 63)];
    let [even, odd] = [42, 43].map(|secret: i64| {
        let (mut first, mut second) = (0_i32, 0_i32);
        for seed in 0..TRIES {
            let through = Mutex::new(false);
            let outcome = cheat::run(PARTIES, 2, None, |me, e| {
                let p = with_lies(me, 2, seed, &lies);
                e.run(async {
                    let x = p.input(e.gate(1), 0, (me == 0).then_some(&[5][..]), 1).await;
                    let y = p.input(e.gate(2), 1, (me == 1).then_some(&[secret][..]), 1).await;
                    p.open(e.gate(3), &x).await;
                    *through.lock().unwrap() |= me == 0;
                    let z = p.mul(e.gate(4), &x, &y).await;
                    p.open(e.gate(5), &z).await
                })
            });
            let passed = outcome.results[..2].iter().all(|result| *result == Ok(vec![5 * secret]));
            if !*through.lock().unwrap() {
                first += 1;
            } else if !passed {
                second += 1;
            }
        }
        (first, second)
    });
    println!("stopped at the first opening and at the second: {even:?} and {odd:?} of {TRIES}");
    assert!(even.1 > 20 && odd.1 > 20 && (even.1 - odd.1).abs() < 40, "{even:?} {odd:?}");
}

/// What is added to a row in one turn of a shuffle and taken away at a place in another is noticed, also where it was the same row: else this would be learned.
#[test]
fn lies_in_two_turns_of_a_shuffle_are_no_oracle() {
    // The second masks of the first column, in the turns in which P_0 knows the order.
    let base = 2 * ((1 << 40) / 8);
    let lies = [((1, Domain::Arith, 9, base + 1, 0), 1), ((0, Domain::Arith, 9, base + 9, 0), 1)];
    for seed in 0..40 {
        let outcome = cheat::run(PARTIES, 0, None, |me, e| {
            let p = with_lies(me, 0, seed, &lies);
            e.run(async {
                let x = p.input(e.gate(1), 1, (me == 1).then_some(&[0, 1][..]), 2).await;
                p.shuffle(e.gate(9), 0, &x, &[], &[]).await.0
            })
        });
        assert!(outcome.results.iter().skip(1).all(Result::is_err), "{:?}", outcome.results);
    }
}

/// Inputs that are bits alone, with which nothing is computed that would have to be verified: nothing of what is opened leaves before all of them are there.
#[test]
fn bits_that_are_kept_back_hold_the_opening_up() {
    let party = |me: usize, e: &Executor| {
        let p = MalRep3::new(me, mixed(9), [4; 32]);
        e.run(async {
            let own = |owner: usize| (me == owner).then_some(&[1_i64][..]);
            let (a, b) =
                crate::join(p.input_bin(e.gate(1), 0, own(0), 1, 1), p.input_bin(e.gate(2), 2, own(2), 1, 1)).await;
            p.open_bin(e.gate(3), &p.xor(&a, &b)).await
        })
    };
    assert!(cheat::run(PARTIES, 2, None, party).results.iter().all(|result| *result == Ok(vec![0])));
    let outcome = cheat::run(PARTIES, 2, Some(Lie { tick: 0, peer: 0, how: Tamper::Leave }), party);
    // All that P_1 says after its own round is that it has come so far.
    assert!(outcome.frames[1].iter().all(|frame| frame.tick == 0 || frame.length == 1), "{:?}", outcome.frames[1]);
}

/// A verification that a gate beside asks for begins only when a conversion has all that it owes in one place: between its rounds it would split lies that belong together.
#[test]
fn verifications_wait_for_what_takes_several_rounds() {
    let (p, e) = (MalRep3::dry(0), Executor::dry(0, 3));
    e.run(async {
        let (a, bit) = (p.share_public(&[0], 1), p.share_public_bin(&[0], 1, 1));
        let conversion = p.b2a(e.gate(1), &bit, false);
        let opening = async {
            // By then the conversion owes its first part.
            let product = p.mul(e.gate(2), &a, &a).await;
            let product = p.mul(e.gate(3), &product, &a).await;
            assert_eq!(e.rounds(), 2);
            p.open(e.gate(4), &product).await
        };
        crate::join(conversion, opening).await;
        assert!(p.owes() == crate::protocol::Unverified::default(), "all of it was verified together");
    })
    .unwrap();
    assert_eq!(e.rounds(), 3 + 13 + proof::cost(254 * 64, proof::Arity::ThirtyTwo).0 + 1);
}

/// What verification takes, as the texts say it.
#[test]
fn costs_are_as_they_are_said_to_be() {
    let rounds = |gate: for<'x> fn(&'x MalRep3<Keys>, crate::Cx<'x>, Arith, Bin) -> LocalFuture<'x>| {
        let (p, e) = (MalRep3::dry(0), Executor::dry(0, 3));
        e.run(gate(&p, e.gate(1), p.share_public(&[0], 1000), p.share_public_bin(&[0], 64, 1000))).unwrap();
        e.rounds()
    };
    assert_eq!(rounds(|p, cx, a, _| Box::pin(async move { drop(p.mul(cx, &a, &a).await) })), 1);
    assert_eq!(rounds(|p, cx, a, _| Box::pin(async move { drop(p.ltz(cx, &a, 64).await) })), 7);
    assert_eq!(rounds(|p, cx, _, b| Box::pin(async move { drop(p.b2a(cx, &b, true).await) })), 9);
    assert_eq!(rounds(|p, cx, _, b| Box::pin(async move { drop(p.b2a(cx, &b.planes(0, 1), true).await) })), 3);
    let select = rounds(|p, cx, a, b| Box::pin(async move { drop(p.select(cx, &b.planes(0, 1), &a, &a).await) }));
    assert_eq!(select, 3);
    let trunc = rounds(|p, cx, a, _| {
        Box::pin(async move { drop(p.trunc(cx, &a, 16, crate::Range::new(-(1 << 41), 1 << 41)).await) })
    });
    assert_eq!(trunc, 4 + 4);
    let shuffle =
        rounds(|p, cx, a, _| Box::pin(async move { drop(p.shuffle(cx, 0, &a, std::slice::from_ref(&a), &[]).await) }));
    assert_eq!(shuffle, shuffle::ROUNDS);
    let verified = rounds(|p, cx, a, _| {
        Box::pin(async move {
            p.owed.borrow_mut().add(a.lanes, [0; 2]);
            let _ = p.verified(cx).await;
        })
    });
    assert_eq!(verified, 13 + proof::cost(254 * 64, proof::Arity::ThirtyTwo).0);
}

type LocalFuture<'x> = std::pin::Pin<Box<dyn Future<Output = ()> + 'x>>;
