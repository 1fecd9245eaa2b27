//! What `rep4` does with its randomness, and what its parties see.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use smpc_protocols::conformance::blocks::{Blocks, Watched};
use smpc_protocols::conformance::source::Mixed;
use smpc_protocols::conformance::suite::{Extent, suite};
use smpc_protocols::conformance::threads::threads;
use smpc_protocols::conformance::views::{Draws, counts, distance, seen};
use smpc_protocols::rep4::{Arith, Bin, PARTIES, Rep4};
use smpc_protocols::{Error, Executor, Protocol, Range};

/// Over all gates no block is used twice, and the three parties of a key use the same ones, but for those that the one that is told leaves out (R1, R24).
#[test]
fn every_block_of_randomness_is_used_once() {
    let used: Vec<Blocks> = threads(PARTIES, 3, |me, e| {
        let (source, used) = Watched::new(Mixed(3));
        let protocol = Rep4::new(me, source, [1; 32]);
        e.run(suite(&protocol, e, Extent::Short))?;
        let used = used.lock().unwrap().clone();
        Ok(used)
    })
    .unwrap();
    for (me, used) in used.iter().enumerate() {
        assert!(used.repeated.is_empty(), "party {me}: {:?}", used.repeated);
        assert_eq!(used.of(me).count(), 0, "party {me} uses the key that it lacks");
    }
    for component in 0..PARTIES {
        let of = |party: usize| -> Vec<_> { used[party].of(component).collect() };
        let holders: Vec<usize> = (0..PARTIES).filter(|party| *party != component).collect();
        assert!(!of(holders[0]).is_empty());
        assert!(holders.windows(2).all(|pair| of(pair[0]) == of(pair[1])), "holders of key {component}");
    }
}

type Party = Rep4<Draws>;
/// A gate on lanes that all hold one of two values, whose results nobody opens.
type Gate = (&'static str, fn(&Party, &Executor, &Arith, &Bin) -> Result<(), Error>);

const LANES: usize = 4096;

const GATES: [Gate; 11] = [
    ("input", |_, _, _, _| Ok(())),
    ("mul", |p, e, a, _| e.run(async { drop(p.mul(e.gate(9), a, a).await) })),
    ("dot", |p, e, a, _| e.run(async { drop(p.dot(e.gate(9), a, a, 2).await) })),
    ("and", |p, e, _, b| e.run(async { drop(p.and(e.gate(9), b, b).await) })),
    ("ltz", |p, e, a, _| e.run(async { drop(p.ltz(e.gate(9), a, 64).await) })),
    ("eqz", |p, e, a, _| e.run(async { drop(p.eqz(e.gate(9), a, 64).await) })),
    ("a2b", |p, e, a, _| e.run(async { drop(p.a2b(e.gate(9), a, 64).await) })),
    ("b2a", |p, e, _, b| e.run(async { drop(p.b2a(e.gate(9), b, true).await) })),
    ("trunc", |p, e, a, _| e.run(async { drop(p.trunc(e.gate(9), a, 16, Range::new(-(1 << 60), 0)).await) })),
    ("trunc_stochastic", |p, e, a, _| {
        e.run(async { drop(p.trunc_stochastic(e.gate(9), a, 16, Range::new(-(1 << 60), 0)).await) })
    }),
    ("shuffle", |p, e, a, b| {
        let told = p.share_public(&[7], LANES);
        e.run(async { drop(p.shuffle(e.gate(9), 0, &told, std::slice::from_ref(a), std::slice::from_ref(b)).await) })
    }),
];

/// What each party but the owner receives in the inputs and a gate, where the owner inputs `value` in all lanes.
fn views(gate: Gate, owner: usize, value: i64, seed: u64, unmasked: bool) -> Vec<Vec<Vec<u8>>> {
    let seen = seen(PARTIES, |me, e| {
        let p = Rep4::new(me, Draws(Mixed(seed), unmasked), [2; 32]);
        let values = vec![value; LANES];
        let own = (me == owner).then_some(&values[..]);
        let a = e.run(p.input(e.gate(1), owner, own, LANES))?;
        let b = e.run(p.input_bin(e.gate(2), owner, own, 64, LANES))?;
        gate.1(&p, e, &a, &b)
    });
    seen.unwrap().into_iter().map(|seen| seen.received).collect()
}

/// What a party receives looks the same whatever the others' secrets are (PROTOCOLS section 13.2), and does not where nothing is masked.
#[test]
fn a_party_sees_nothing_of_the_secrets() {
    const HIGH: i64 = -0x0023_4567_89ab_cdef;
    for (n, gate) in GATES.into_iter().enumerate() {
        let owner = n % PARTIES;
        let far = |unmasked: bool| {
            let (low, high) = (views(gate, owner, 0, 5, unmasked), views(gate, owner, HIGH, 6, unmasked));
            let others = (0..PARTIES).filter(|party| *party != owner);
            let distances = others.flat_map(|party| low[party].iter().zip(&high[party]));
            distances.map(|(low, high)| distance(&counts(low), &counts(high))).fold(0.0, f64::max)
        };
        assert!(far(false) < 8.0, "{}: {} deviations", gate.0, far(false));
        // Without randomness there is no order either.
        if gate.0 != "shuffle" {
            assert!(far(true) > 100.0, "{} without masks: {} deviations", gate.0, far(true));
        }
    }
}

/// A party that an input is not told knows two of its components: not a byte that it receives depends on the input, not even a hash.
#[test]
fn who_is_not_told_an_input_receives_the_same_whatever_it_is() {
    for owner in 0..PARTIES {
        let [low, high] = [1, 2].map(|value| views(GATES[0], owner, value, 5, false));
        let away = (owner + 3) % PARTIES;
        assert_eq!(low[away], high[away], "party {away} of the input of {owner}");
        assert_ne!(low[(owner + 1) % PARTIES], high[(owner + 1) % PARTIES]);
    }
}
