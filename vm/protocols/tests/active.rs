//! What protocols against cheating parties do with their randomness, and what their parties see.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use smpc_math::field::{Gf256, P127};
use smpc_protocols::conformance::blocks::{Blocks, Watched};
use smpc_protocols::conformance::source::{Drawn, mixed};
use smpc_protocols::conformance::suite::{Extent, suite};
use smpc_protocols::conformance::threads::threads;
use smpc_protocols::conformance::views::{counts, distance, draws, joined, seen};
use smpc_protocols::keys::COMMON;
use smpc_protocols::mal_rep3::{self, MalRep3};
use smpc_protocols::mal_shamir;
use smpc_protocols::rep4::{self, Rep4};
use smpc_protocols::shamir::MOST_PARTIES;
use smpc_protocols::{BinShares as _, Executor, Protocol, Range};
use std::collections::{BTreeMap, BTreeSet};

/// What each party uses of each key over all gates.
fn used<P: Protocol>((parties, extent): (usize, Extent), party: impl Fn(usize, Drawn) -> P + Sync) -> Vec<Blocks> {
    let used = threads(parties, 3, |me, e| {
        let (source, used) = Watched::over(mixed(3));
        let protocol = party(me, source);
        e.run(suite(&protocol, e, extent))?;
        let used = used.lock().unwrap().clone();
        Ok(used)
    });
    used.unwrap()
}

/// Over all gates no block is used twice, and all parties that hold a key use the same ones (R1, R24).
fn used_once(used: &[Blocks], holds: impl Fn(usize, usize) -> bool) {
    for (me, used) in used.iter().enumerate() {
        assert!(used.repeated.is_empty(), "party {me}: {:?}", used.repeated);
    }
    for component in 0..used.len() {
        let of = |party: usize| -> Vec<_> { used[party].of(component).collect() };
        let (holders, others): (Vec<usize>, Vec<usize>) = (0..used.len()).partition(|party| holds(*party, component));
        assert!(!of(holders[0]).is_empty());
        assert!(holders.windows(2).all(|pair| of(pair[0]) == of(pair[1])), "holders of key {component}");
        assert!(others.iter().all(|party| of(*party).is_empty()), "others use key {component}");
    }
}

#[test]
fn rep4_uses_every_block_of_randomness_once() {
    let used = used((rep4::PARTIES, Extent::Short), |me, source| Rep4::new(me, source, [1; 32]));
    used_once(&used, |party, component| party != component);
}

#[test]
fn mal_rep3_uses_every_block_of_randomness_once() {
    let used = used((mal_rep3::PARTIES, Extent::Short), |me, source| MalRep3::new(me, source, [1; 32]));
    used_once(&used, |party, component| (component + 3 - party) % 3 < 2);
}

/// As [`used_once`]: the two parties of a key use the same blocks, and so do the t + 1 of a set.
#[test]
fn mal_shamir_uses_every_block_of_randomness_once() {
    for (threshold, extent) in [(1, Extent::Least), (2, Extent::Least)] {
        let used = used((2 * threshold + 1, extent), |me, source| mal_shamir::party(me, threshold, source, [1; 32]));
        let mut by_key: BTreeMap<usize, Vec<Vec<_>>> = BTreeMap::new();
        for (me, used) in used.iter().enumerate() {
            assert!(used.repeated.is_empty(), "party {me}: {:?}", used.repeated);
            let keys: BTreeSet<usize> = used.spans.keys().map(|stream| stream.0).filter(|key| *key != COMMON).collect();
            for key in keys {
                by_key.entry(key).or_default().push(used.of(key).map(|(at, spans)| (*at, spans.clone())).collect());
            }
        }
        let pairs = MOST_PARTIES * MOST_PARTIES;
        assert!(by_key.keys().any(|key| *key < pairs) && by_key.keys().any(|key| *key >= pairs));
        for (key, holders) in by_key {
            assert_eq!(holders.len(), if key < pairs { 2 } else { threshold + 1 }, "key {key}");
            assert!(holders.windows(2).all(|pair| pair[0] == pair[1]), "holders of key {key}");
        }
    }
}

const LANES: usize = 4096;

/// Gates on lanes that all hold one of two values, whose results nobody opens.
const GATES: [&str; 12] =
    ["input", "mul", "dot", "and", "ltz", "eqz", "a2b", "b2a", "select", "trunc", "trunc_stochastic", "shuffle"];

async fn gate<P: Protocol>(p: &P, e: &Executor, gate: &str, a: &P::Arith, b: &P::Bin) {
    let (cx, range) = (e.gate(9), Range::new(-(1 << 60), 0));
    match gate {
        "mul" => drop(p.mul(cx, a, a).await),
        "dot" => drop(p.dot(cx, a, a, 2).await),
        "and" => drop(p.and(cx, b, b).await),
        "ltz" => drop(p.ltz(cx, a, 64).await),
        "eqz" => drop(p.eqz(cx, a, 64).await),
        "a2b" => drop(p.a2b(cx, a, 64).await),
        "b2a" => drop(p.b2a(cx, b, true).await),
        "select" => drop(p.select(cx, &b.planes(3, 1), a, &p.neg(a)).await),
        "trunc" => drop(p.trunc(cx, a, 16, range).await),
        "trunc_stochastic" => drop(p.trunc_stochastic(cx, a, 16, range).await),
        "shuffle" => {
            let told = p.share_public(&[7], LANES);
            drop(p.shuffle(cx, 0, &told, std::slice::from_ref(a), std::slice::from_ref(b)).await);
        }
        _ => {}
    }
}

/// What each party receives in the inputs and a gate, where the owner inputs `value` in all lanes.
fn views<P: Protocol>(
    (parties, party): (usize, impl Fn(usize, Drawn) -> P + Sync),
    name: &str,
    owner: usize,
    value: i64,
    (seed, unmasked): (u64, bool),
) -> Vec<Vec<Vec<u8>>> {
    let seen = seen(parties, |me, e| {
        let p = party(me, draws(seed, unmasked));
        let values = vec![value; LANES];
        let own = (me == owner).then_some(&values[..]);
        let a = e.run(p.input(e.gate(1), owner, own, LANES))?;
        let b = e.run(p.input_bin(e.gate(2), owner, own, 64, LANES))?;
        e.run(gate(&p, e, name, &a, &b))
    });
    seen.unwrap().into_iter().map(|seen| seen.received).collect()
}

/// What a party receives looks the same whatever the others' secrets are (PROTOCOLS section 13.2), and does not where nothing is masked.
fn sees_nothing<P: Protocol>(parties: usize, party: impl Fn(usize, Drawn) -> P + Sync + Copy) {
    const HIGH: i64 = -0x0023_4567_89ab_cdef;
    for (n, gate) in GATES.into_iter().enumerate() {
        let owner = n % parties;
        let far = |unmasked: bool| {
            let [low, high] =
                [(0, 5), (HIGH, 6)].map(|(value, seed)| views((parties, party), gate, owner, value, (seed, unmasked)));
            let others = (0..parties).filter(|party| *party != owner);
            let distances = others.flat_map(|party| low[party].iter().zip(&high[party]));
            distances.map(|(low, high)| distance(&counts(low), &counts(high))).fold(0.0, f64::max)
        };
        assert!(far(false) < 8.0, "{gate}: {} deviations", far(false));
        // Without randomness there is no order either.
        if gate != "shuffle" {
            assert!(far(true) > 100.0, "{gate} without masks: {} deviations", far(true));
        }
    }
}

#[test]
fn a_party_of_rep4_sees_nothing_of_the_secrets() {
    sees_nothing(rep4::PARTIES, |me, source| Rep4::new(me, source, [2; 32]));
}

#[test]
fn a_party_of_mal_rep3_sees_nothing_of_the_secrets() {
    sees_nothing(mal_rep3::PARTIES, |me, source| MalRep3::new(me, source, [2; 32]));
}

#[test]
fn a_party_of_mal_shamir_sees_nothing_of_the_secrets() {
    sees_nothing(3, |me, source| mal_shamir::party(me, 1, source, [2; 32]));
}

/// As [`sees_nothing`], for two of five parties: what each of them receives from the three others, and what both do together of the owner's, which sends to the third and the fourth party after it.
#[test]
fn two_parties_of_mal_shamir_see_nothing_of_the_secrets() {
    let party = |me: usize, source: Drawn| mal_shamir::party(me, 2, source, [2; 32]);
    for (n, gate) in ["mul", "and", "b2a", "trunc", "shuffle"].into_iter().enumerate() {
        let (owner, coalition) = (n % 5, [(n + 3) % 5, (n + 4) % 5]);
        let view = |value: i64, keys: (u64, bool)| -> [Vec<[u32; 256]>; 2] {
            let views = views((5, party), gate, owner, value, keys);
            let from = |from: usize| coalition.map(|party| (party, &views[party][from][..]));
            let others = (0..5).filter(|other| !coalition.contains(other));
            let each = others.flat_map(from).flat_map(|(_, stream)| counts(stream)).collect();
            let both = from(owner);
            let together = [joined::<P127>(&both), joined::<Gf256>(&both)];
            assert!(together.iter().all(|bytes| bytes.len() >= LANES));
            [each, together.iter().flat_map(|bytes| counts(bytes)).collect()]
        };
        let far = |unmasked: bool| {
            let (low, high) = (view(0, (5, unmasked)), view(-0x0023_4567_89ab_cdef, (6, unmasked)));
            [distance(&low[0], &high[0]), distance(&low[1], &high[1])]
        };
        let masked = far(false);
        assert!(masked.iter().all(|far| *far < 8.0), "{gate}: {masked:?} deviations");
        // Without randomness there is no order either.
        if gate != "shuffle" {
            let unmasked = far(true);
            assert!(unmasked.iter().all(|far| *far > 100.0), "{gate} without masks: {unmasked:?} deviations");
        }
    }
}

/// What is opened under a mask before anything is verified tells nothing of a number that a lie has made as large as the field: of 2^126·w for a secret bit w.
#[test]
fn masks_hide_whatever_a_lie_has_made_of_a_number() {
    for gate in ["ltz", "eqz", "a2b", "trunc"] {
        let received = |value: i64, seed: u64| -> Vec<Vec<u8>> {
            let seen = seen(3, |me, e| {
                let p = mal_shamir::party(me, 1, draws(seed, false), [2; 32]);
                let values = vec![value; LANES];
                let a = e.run(p.input(e.gate(1), 0, (me == 0).then_some(&values[..]), LANES))?;
                let large = p.mul_public(&p.mul_public(&a, &[i64::MIN]), &[i64::MIN]);
                let b = p.share_public_bin(&[0], 1, LANES);
                e.run(self::gate(&p, e, gate, &large, &b))
            });
            seen.unwrap().swap_remove(1).received
        };
        let (none, one) = (received(0, 5), received(1, 6));
        let distances = none.iter().zip(&one).map(|(none, one)| distance(&counts(none), &counts(one)));
        assert!(distances.fold(0.0, f64::max) < 8.0, "{gate}");
    }
}

/// A party that an input is not told knows two of its components: not a byte that it receives depends on the input, not even a hash.
#[test]
fn who_is_not_told_an_input_receives_the_same_whatever_it_is() {
    let party = |me: usize, source: Drawn| Rep4::new(me, source, [2; 32]);
    for owner in 0..rep4::PARTIES {
        let [low, high] = [1, 2].map(|value| views((rep4::PARTIES, party), "input", owner, value, (5, false)));
        let [away, told] = [3, 1].map(|k| (owner + k) % rep4::PARTIES);
        assert_eq!(low[away], high[away], "party {away} of the input of {owner}");
        assert_ne!(low[told], high[told]);
    }
}
