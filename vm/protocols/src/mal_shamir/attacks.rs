//! `mal-shamir` with parties that cheat: whatever they do, no honest party has a wrong result, and who stops suspects them (PROTOCOLS R3, R4, R6, R13, R16, R20, R25).
//!
//! Of all frames, words of randomness and shares a seeded sample is touched; all of them with `SMPC_ATTACKS=all`: six minutes in a release build, most of them for two cheaters of five.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::conformance::cheat::{
    self, Address, Frame, Lie, Lying, Outcome, Place, TAMPERS, Tamper, Verdict, all_alike, judge,
};
use crate::conformance::data::mix;
use crate::conformance::source::{Drawn, mixed};
use crate::conformance::targets::{A, GATES, LANES, attacked};
use crate::conformance::threads::threads;
use crate::lanes::Range;
use crate::protocol::Protocol as _;
use crate::shamir::{Arith, Bin, Over, Step};
use smpc_math::field::Field as _;
use smpc_math::prf::Domain;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// A share that a cheater has changed, of the first or the last lane.
type Hook = Option<bool>;

fn hooked(a: &mut Arith, b: &mut Bin, hook: Hook) {
    if let Some(first) = hook {
        let lane = if first { 0 } else { a.lanes - 1 };
        a.x[lane] = a.x[lane].add(P127::from_i64((1 << 20) + 1));
        b.x.chunks_exact_mut(b.lanes).for_each(|plane| plane[lane] = plane[lane].add(Gf256(0x35)));
    }
}

/// A run of a gate with cheaters, where the honest parties trust what they are told in some way.
#[derive(Clone, Copy)]
struct Attack {
    threshold: usize,
    cheater: usize,
    /// A second one, which takes all as it comes, and lies in the same way where that is about randomness or shares.
    second: Option<usize>,
    lie: Option<Lie>,
    randomness: Option<(Address, bool)>,
    hook: Hook,
    /// Whether it adds 1 to its part of the first lane of each product.
    adds: bool,
    trust: Trust,
}

/// One cheater of three.
fn by(cheater: usize) -> Attack {
    let trust = Trust::default();
    Attack { threshold: 1, cheater, second: None, lie: None, randomness: None, hook: None, adds: false, trust }
}

fn run(gate: &str, attack: Attack) -> (Outcome<Vec<i64>>, BTreeSet<Address>) {
    let used: Arc<Mutex<BTreeSet<Address>>> = Arc::default();
    let outcome = cheat::run(2 * attack.threshold + 1, attack.cheater, attack.lie, |me, e| {
        let cheats = me == attack.cheater || Some(me) == attack.second;
        let (source, noted) = Lying::over(mixed(5), attack.randomness.filter(|_| cheats));
        let mut p = party(me, attack.threshold, source, [3; 32]);
        let guard = p.guard_mut().unwrap();
        guard.trust = if cheats { Trust::ALL } else { attack.trust };
        guard.adds = cheats && attack.adds;
        let result = attacked(&p, e, gate, |a, b| hooked(a, b, attack.hook.filter(|_| cheats)));
        if me == attack.cheater {
            *used.lock().unwrap() = noted.lock().unwrap().clone();
        }
        result
    });
    let used = used.lock().unwrap().clone();
    (outcome, used)
}

/// What comes of an attack; what the second cheater has is its own affair.
fn judged(attack: Attack, mut outcome: Outcome<Vec<i64>>, expected: &[Vec<i64>]) -> Result<Verdict, String> {
    if let Some(second) = attack.second {
        outcome.results[second] = Ok(expected[second].clone());
    }
    judge(&outcome, attack.cheater, expected)
}

fn honest(gate: &str, attack: Attack) -> (Vec<Vec<i64>>, Vec<Vec<Frame>>, BTreeSet<Address>) {
    let (outcome, used) = run(gate, Attack { lie: None, randomness: None, hook: None, adds: false, ..attack });
    (outcome.results.into_iter().map(|result| result.unwrap()).collect(), outcome.frames, used)
}

/// Whether a case is tried: one in so many, always the same ones; or all.
fn sampled(case: &str, one_in: u64) -> bool {
    let hash = case.bytes().fold(7, |hash, byte| mix(hash ^ u64::from(byte)));
    hash.is_multiple_of(one_in) || std::env::var_os("SMPC_ATTACKS").is_some_and(|which| which == "all")
}

/// Frames of each gate, touched in each way.
fn touched_frames(base: Attack, one_in: u64) {
    let (mut number, mut caught, mut harmless) = (0, 0, BTreeSet::new());
    for gate in GATES {
        for cheater in (0..=2 * base.threshold).filter(|party| Some(*party) != base.second) {
            let attack = Attack { cheater, ..base };
            let (expected, frames, _) = honest(gate, attack);
            for frame in &frames[cheater] {
                for how in TAMPERS {
                    let lie = Lie { tick: frame.tick, peer: frame.peer, how };
                    // What one cheater tells the other is their own affair; and when one leaves, the other is gone as well.
                    let apart = Some(frame.peer) == base.second || base.second.is_some() && how == Tamper::Leave;
                    if apart || !sampled(&format!("{gate} {cheater} {lie:?}"), one_in) {
                        continue;
                    }
                    number += 1;
                    let attack = Attack { lie: Some(lie), ..attack };
                    match judged(attack, run(gate, attack).0, &expected) {
                        Ok(Verdict::Caught) => caught += 1,
                        Ok(Verdict::Harmless) => {
                            harmless.insert((gate, frame.tick, frame.length, format!("{how:?}")));
                        }
                        Err(what) => panic!("{gate}, party {cheater}, {lie:?}: {what}"),
                    }
                }
            }
        }
    }
    // What makes no difference: the same bytes again; an input that the gate does not use; and what a byte says that only has to come, one for each field.
    let others: Vec<_> =
        harmless.iter().filter(|(_, tick, length, how)| how.starts_with("Add") && *tick > 1 && *length > 2).collect();
    println!("{caught} caught of {number}, {} kinds without effect", harmless.len());
    assert!(others.is_empty(), "{others:?}");
    assert!(2 * caught > number, "{caught} of {number}");
}

#[test]
fn frames_that_are_touched_are_noticed() {
    touched_frames(by(0), 20);
}

#[test]
fn frames_of_two_cheaters_of_five_are_noticed() {
    touched_frames(Attack { threshold: 2, second: Some(3), ..by(0) }, 400);
}

/// Words of randomness, wrong at the first lane or the last one: lies that are consistent in what is sent and what is kept.
fn wrong_randomness(base: Attack, one_in: u64) {
    let (mut number, mut caught, mut harmless) = (0, 0, 0);
    for gate in GATES {
        for cheater in (0..=2 * base.threshold).filter(|party| Some(*party) != base.second) {
            let attack = Attack { cheater, ..base };
            let (expected, _, used) = honest(gate, attack);
            for address in used {
                for first in [true, false] {
                    if !sampled(&format!("{gate} {cheater} {address:?} {first}"), one_in) {
                        continue;
                    }
                    number += 1;
                    let attack = Attack { randomness: Some((address, first)), ..attack };
                    let outcome = run(gate, attack).0;
                    match judged(attack, outcome.clone(), &expected) {
                        Ok(Verdict::Caught) => caught += 1,
                        Ok(Verdict::Harmless) => harmless += 1,
                        // Its own polynomial of an input is its own choice of that input, which all others then have.
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

#[test]
fn wrong_randomness_is_noticed() {
    wrong_randomness(by(0), 6);
}

#[test]
fn wrong_randomness_of_two_cheaters_of_five_is_noticed() {
    wrong_randomness(Attack { threshold: 2, second: Some(3), ..by(0) }, 100);
}

/// The share of an operand, wrong at the first lane or the last one.
#[test]
fn wrong_shares_are_noticed() {
    let (mut caught, mut harmless, mut noticed) = (0, 0, BTreeSet::new());
    for gate in GATES {
        for cheater in 0..3 {
            let (expected, ..) = honest(gate, by(cheater));
            for first in [true, false] {
                let attack = Attack { hook: Some(first), ..by(cheater) };
                match judged(attack, run(gate, attack).0, &expected) {
                    Ok(Verdict::Caught) => {
                        caught += 1;
                        noticed.insert((gate, cheater));
                    }
                    Ok(Verdict::Harmless) => harmless += 1,
                    Err(what) => panic!("{gate}, party {cheater}, {first}: {what}"),
                }
            }
        }
    }
    println!("{caught} caught, {harmless} without effect");
    // The only one that learns the last of these may be the cheater.
    let unread = ["broadcast", "random_bin", "open_bin_to"];
    for gate in GATES.into_iter().filter(|gate| !unread.contains(gate)) {
        let missed: Vec<usize> = (0..3).filter(|cheater| !noticed.contains(&(gate, *cheater))).collect();
        assert!(missed.is_empty(), "{gate}: {missed:?}");
    }
}

/// Without each of the checks there is a lie that gives a wrong result.
#[test]
fn without_its_guards_the_protocol_is_broken() {
    let broken = |gate: &str, trust: Trust| -> usize {
        let mut broken = 0;
        for cheater in 0..3 {
            let (expected, frames, _) = honest(gate, by(cheater));
            for frame in &frames[cheater] {
                for how in [Tamper::Add(Place::First), Tamper::Flip(Place::First)] {
                    let lie = Some(Lie { tick: frame.tick, peer: frame.peer, how });
                    let attack = Attack { lie, trust, ..by(cheater) };
                    let verdict = judged(attack, run(gate, attack).0, &expected);
                    broken += usize::from(verdict.is_err_and(|what| what.contains("and not")));
                }
            }
        }
        broken
    };
    let none = Trust::default();
    let openings = Trust { openings: true, ..none };
    for (gate, trust) in [("open", openings), ("broadcast", openings)] {
        assert!(broken(gate, trust) > 0, "{gate} {trust:?}");
    }
    for gate in ["open", "and", "mul", "shuffle"] {
        assert_eq!(broken(gate, none), 0, "{gate}");
    }
}

/// Lies in products that all of the cheater's messages and its own shares fit: nothing but a verification shows them, and without it results are wrong.
#[test]
fn products_that_are_lied_about_consistently_are_noticed() {
    let products = Trust { products: true, ..Trust::default() };
    let with_products =
        GATES.into_iter().filter(|gate| !gate.contains("open") && !["broadcast", "random_bin"].contains(gate));
    for gate in with_products {
        let mut wrong = 0;
        for (threshold, cheater, second) in [(1, 0, None), (1, 1, None), (1, 2, None), (2, 4, Some(1))] {
            let attack = Attack { threshold, cheater, second, adds: true, ..by(cheater) };
            let (expected, ..) = honest(gate, attack);
            assert_eq!(judged(attack, run(gate, attack).0, &expected), Ok(Verdict::Caught), "{gate}, party {cheater}");
            let trusting = Attack { trust: products, ..attack };
            let outcome = judged(trusting, run(gate, trusting).0, &expected);
            wrong += usize::from(outcome.is_err_and(|what| what.contains("and not")));
        }
        // A shuffle's only products are its tags; and of a single bit the lies may add up to nothing.
        assert!(wrong > 0 || ["shuffle", "within", "check", "ltz", "eqz", "lt"].contains(&gate), "{gate}");
    }
}

/// A party that keeps back any of its messages sees nothing of what is opened afterwards (PROTOCOLS R4); but for the last word that it has verified all, which says nothing else.
#[test]
fn what_is_kept_back_holds_the_opening_up() {
    for gate in ["mul", "and", "ltz", "b2a"] {
        for cheater in 0..3 {
            let (_, frames, _) = honest(gate, by(cheater));
            let opening = frames.iter().flatten().map(|frame| frame.tick).max().unwrap();
            let kept: Vec<&Frame> = frames[cheater].iter().filter(|frame| frame.tick + 1 < opening).collect();
            for frame in kept.iter().filter(|frame| sampled(&format!("{gate} {cheater} {frame:?}"), 4)) {
                let lie = Some(Lie { tick: frame.tick, peer: frame.peer, how: Tamper::Leave });
                let (outcome, _) = run(gate, Attack { lie, ..by(cheater) });
                for honest in (0..3).filter(|party| *party != cheater) {
                    assert!(outcome.results[honest].is_err());
                    assert!(outcome.frames[honest].iter().all(|sent| sent.tick < opening), "{gate} {frame:?}");
                }
            }
        }
    }
}

/// Products of which one is wrong, among so many: what the parties that do not cheat make of it. `small` has the coins that combine products be of the small field.
fn one_wrong_product<F: Over>(tries: u64, count: usize, small: bool) -> u64 {
    let passed = threads(3, 1, |me, e| {
        let mut passed = 0;
        for i in 0..tries {
            let mut p = party(me, 1, mixed(mix(i)), [0; 32]);
            let guard = p.guard_mut().unwrap();
            guard.trust = Trust { products: true, ..Trust::default() };
            guard.small_coins = small;
            e.run(async {
                let at = |k: u64| Step::new(e.gate(3 * i + k).tape(), 0, Domain::Random);
                let guard = p.guard().unwrap();
                let [x, y] = [0, 1].map(|k| p.without_dealer::<F>(guard, e.gate(3 * i + k), at(k), count));
                let z = p.multiplied(e.gate(3 * i + 2), at(2), shamir::Form::Lanes, [&x, &y], count).await;
                let mut wrong = z.to_vec();
                let place = usize::try_from(mix(!i)).unwrap_or(0) % count;
                // As a product would be to which something was added.
                wrong[place] = wrong[place].add(F::ONE);
                let kept = F::side(guard).kept.take();
                let mut again = Kept::default();
                let [x, y, _] = kept.lanes.concat();
                again.keep(shamir::Form::Lanes, [&x, &y], &wrong, count);
                F::side(guard).kept.replace(again);
                let _: Released = p.verified(e.gate(0)).await;
                passed += u64::from(guard.fitted.get());
            })?;
        }
        Ok(passed)
    })
    .unwrap();
    assert!(passed.iter().all(|count| *count == passed[0]));
    passed[0]
}

/// A single wrong product is found, among few and many, wherever it is.
#[test]
fn one_wrong_product_among_many_is_found() {
    for count in [1, 2, 31, 32, 33, 500, 1025, 20_000] {
        assert_eq!(one_wrong_product::<Gf256>(if count > 5000 { 3 } else { 20 }, count, false), 0, "{count} bits");
        assert_eq!(one_wrong_product::<P127>(if count > 5000 { 2 } else { 10 }, count, false), 0, "{count} numbers");
    }
}

/// With coins of one byte a lie passes where its coin is 0: once in 256 times. (Of products in stacks `super::stacks` shows as much.)
#[test]
fn short_coins_let_lies_pass_as_often_as_is_predicted() {
    const TRIES: u64 = 5000;
    let (mean, found) = (TRIES as f64 / 256.0, one_wrong_product::<Gf256>(TRIES, 1, true) as f64);
    println!("{found} of {TRIES} passed, {mean:.1} expected");
    assert!((found - mean).abs() <= 4.0 * mean.sqrt(), "{found} of {TRIES}, {mean} expected");
}

/// An owner that shares anything as its input.
fn shared<F: Over>(p: &Shamir<Drawn>, e: &Executor, values: &[F]) -> impl Future<Output = crate::shamir::Elements<F>> {
    let at = Step::new(e.gate(1).tape(), 0, Domain::Input);
    let secret = (p.me == 0).then_some((values, F::ONE));
    p.deal_sum(e.gate(1), at, &[0], secret, values.len())
}

/// What is no bit is not taken for one.
#[test]
fn inputs_that_are_no_bits_are_noticed() {
    for byte in [2, 3, 0x53, 0x80, 0xff] {
        let outcome = cheat::run(3, 0, None, |me, e| {
            let mut p = party(me, 1, mixed(4), [0; 32]);
            if me == 0 {
                p.guard_mut().unwrap().trust = Trust::ALL;
            }
            e.run(async {
                let b = if me == 0 {
                    let x = shared::<Gf256>(&p, e, &[Gf256(1), Gf256(byte), Gf256(0)]).await;
                    let guard = p.guard().unwrap();
                    guard.input_has_come();
                    guard.words().keep(shamir::Form::Lanes, [&x, &x], &x, 3);
                    Bin { width: 1, lanes: 3, x }
                } else {
                    p.input_bin(e.gate(1), 0, None, 1, 3).await
                };
                p.open_bin(e.gate(2), &b).await
            })
        });
        assert!(outcome.results[1..].iter().all(Result::is_err), "{byte}: {:?}", outcome.results);
    }
}

/// An input may be any element of the field, and is in its range or is not (PROTOCOLS R16).
#[test]
fn elements_that_are_no_numbers_are_in_no_range() {
    let p = (1_i128 << 126) - 1 + (1 << 126);
    let wild =
        [1 << 64, -(1 << 64), i128::from(i64::MAX) + 1, i128::from(i64::MIN) - 1, 1 << 125, p / 2, p / 2 + 1, -p / 2];
    for range in [Range::FULL, Range::new(0, 0), Range::new(-5, 1000), Range::new(1 << 62, i64::MAX)] {
        let ends = [range.lo.into(), range.hi.into(), i128::from(range.lo) - 1, i128::from(range.hi) + 1, 0, -1, 3];
        let values: Vec<i128> = wild.into_iter().chain(ends).collect();
        let found = threads(3, 6, |me, e| {
            let party = party(me, 1, mixed(8), [0; 32]);
            e.run(async {
                let mut found = Vec::new();
                for (n, value) in (0..).zip(&values) {
                    let element = P127::from_u128(if *value < 0 { value + p } else { *value }.cast_unsigned());
                    let at = e.gate(10 * n + 1);
                    let secret = [element];
                    let secret = (me == 0).then_some((&secret[..], P127::ONE));
                    let x = party.deal_sum(at, Step::new(at.tape(), 0, Domain::Input), &[0], secret, 1).await;
                    let holds = party.within(e.gate(10 * n + 2), &Arith { lanes: 1, x }, range).await;
                    found.push(party.open_bin(e.gate(10 * n + 3), &holds).await[0] == 1);
                }
                found
            })
        })
        .unwrap();
        let expected: Vec<bool> =
            values.iter().map(|value| (i128::from(range.lo)..=i128::from(range.hi)).contains(value)).collect();
        for found in found {
            assert_eq!(found, expected, "{range:?}");
        }
    }
}

/// The mask of a bit that becomes a number is a uniform byte: after a lie of 2 in a product, the next one has made 2·w of it for a secret w.
#[test]
fn masks_hide_bytes_that_are_no_bits() {
    let opened = threads(3, 6, |me, e| {
        let p = party(me, 1, mixed(8), [0; 32]);
        let (sum, numbers) = p.bytes_of_sets(p.guard().unwrap(), e.gate(1), 4096);
        let whole = e.run(p.opened_to_all(e.gate(2), &sum, 4096))?;
        let mut parts = Vec::new();
        for number in &numbers {
            parts.push(e.run(p.opened_to_all(e.gate(3), number, 4096))?);
        }
        Ok((whole, parts))
    })
    .unwrap();
    let (whole, parts) = &opened[0];
    let values: BTreeSet<u8> = whole.iter().map(|x| x.0).collect();
    assert_eq!(values.len(), 256);
    // Its lowest bit is that of the numbers' sum.
    for (lane, byte) in whole.iter().enumerate() {
        let sum: u128 = parts.iter().map(|part| part[lane].value()).sum();
        assert_eq!(u128::from(byte.0 & 1), sum & 1);
    }
}

/// All have what the owner has shared, also where it has told one of them something else.
#[test]
fn all_have_the_same_input() {
    for owner in 0..3 {
        let run = |lie: Option<Lie>| {
            cheat::run(3, owner, lie, |me, e| {
                let p = party(me, 1, mixed(9), [4; 32]);
                let own = (me == owner).then_some(&A[..]);
                e.run(async {
                    let a = p.input(e.gate(1), owner, own, LANES).await;
                    p.open(e.gate(2), &a).await
                })
            })
        };
        let first = run(None).frames[owner].iter().find(|frame| frame.tick == 0).copied().unwrap();
        let outcome = run(Some(Lie { tick: 0, peer: first.peer, how: Tamper::Add(Place::First) }));
        let others: Vec<_> = (0..3).filter(|me| *me != owner).map(|me| outcome.results[me].clone()).collect();
        // Its own share does not lie on the polynomial that it has told the others.
        assert!(others.iter().all(Result::is_err), "{others:?}");
    }
}

/// What a member adds to a row in one turn of a shuffle and takes away in another is noticed, wherever the row has gone: else the place would tell of the order.
#[test]
fn what_one_turn_adds_another_cannot_take_away() {
    const ROWS: usize = 4;
    let run = |lies: &[(u64, usize, P127)], trust: Trust| {
        cheat::run(3, 0, None, |me, e| {
            let mut p = party(me, 1, mixed(11), [0; 32]);
            let guard = p.guard_mut().unwrap();
            guard.trust = trust;
            if me == 0 {
                guard.trust = Trust::ALL;
                guard.lies = lies.to_vec();
            }
            e.run(async {
                let told = p.share_public(&[0, 1, 2, 3], ROWS);
                p.shuffle(e.gate(3), 0, &told, &[], &[]).await.0
            })
        })
    };
    let mut stopped = 0;
    for place in 0..ROWS {
        let lies = [(0, 0, P127::ONE), (1, place, P127::default().sub(P127::ONE))];
        let outcome = run(&lies, Trust::default());
        stopped += outcome.results[1..].iter().filter(|result| result.is_err()).count();
    }
    assert_eq!(stopped, 2 * ROWS);
    // Without tags a row is another one.
    let rows = |lies: &[(u64, usize, P127)]| {
        let mut rows = run(lies, Trust { tags: true, ..Trust::default() }).results.swap_remove(1).unwrap();
        rows.sort_unstable();
        rows
    };
    assert_eq!(rows(&[]), [0, 1, 2, 3]);
    assert_ne!(rows(&[(0, 0, P127::ONE)]), [0, 1, 2, 3]);
}

/// Holders of a key that say different things of it find out before it is used.
#[test]
fn keys_of_sets_are_agreed_on() {
    let agreed = |cheater: usize, lie: Option<Lie>| {
        cheat::run(3, cheater, lie, |me, e| {
            let key = |k: usize| Key::new([u8::try_from(10 * me + k).unwrap(); 32]);
            let own: Vec<Key> = sets_of(1).map(key).collect();
            let others = (0..3).filter(|peer| *peer != me).map(|peer| (peer, Key::new([1; 32])));
            agree(e, 1, (Key::new([2; 32]), others), &own, [9; 32]).map(|keys| {
                let mine = shamir::sets(3, 2)
                    .iter()
                    .enumerate()
                    .filter(|(_, set)| set.contains(&me))
                    .map(|(k, _)| k)
                    .collect::<Vec<_>>();
                mine.into_iter()
                    .map(|set| {
                        let mut words = [0; 2];
                        keys.fill(of_set(set), Domain::Random, crate::tape::Tape::new(0, 1), 0, 0, &mut words);
                        (set, words)
                    })
                    .collect::<Vec<_>>()
            })
        })
    };
    let words: Vec<_> = agreed(0, None).results.into_iter().map(|result| result.unwrap()).collect();
    for (one, other) in [(0, 1), (1, 2), (0, 2)] {
        let common: Vec<_> = words[one].iter().filter(|held| words[other].contains(held)).collect();
        assert_eq!(common.len(), 1, "{one} and {other}");
    }
    for cheater in 0..3 {
        let frames = agreed(cheater, None).frames.swap_remove(cheater);
        for frame in frames {
            for how in [Tamper::Add(Place::First), Tamper::Flip(Place::Last)] {
                let lie = Lie { tick: frame.tick, peer: frame.peer, how };
                assert_eq!(judge(&agreed(cheater, Some(lie)), cheater, &words), Ok(Verdict::Caught), "{lie:?}");
            }
        }
    }
}
