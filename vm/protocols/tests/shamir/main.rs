//! What `shamir` does with its randomness, and what its parties see: here by samples, in [`affine`] exactly for the steps that send.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod affine;

use smpc_math::field::{Gf256, P127};
use smpc_math::prf::Domain;
use smpc_protocols::conformance::blocks::{Blocks, Watched};
use smpc_protocols::conformance::data::mix;
use smpc_protocols::conformance::source::{Drawn, mixed};
use smpc_protocols::conformance::suite::{Extent, suite};
use smpc_protocols::conformance::threads::threads;
use smpc_protocols::conformance::views::{counts, distance, draws, joined, seen};
use smpc_protocols::keys::Source;
use smpc_protocols::shamir::{Arith, Bin, MOST_PARTIES, Shamir};
use smpc_protocols::{Error, Executor, Protocol, Range, Tape};
use std::collections::BTreeMap;

/// Over all gates no block is used twice, and the two parties of a key use the same ones (R1, R24).
#[test]
fn every_block_of_randomness_is_used_once_and_by_both() {
    let settings = [(3, 1, false, Extent::Short), (5, 2, false, Extent::Short), (5, 2, true, Extent::Least)];
    for (parties, threshold, of_many, extent) in settings {
        let used: Vec<Blocks> = threads(parties, 3, |me, e| {
            let (source, used) = Watched::over(mixed(3));
            let protocol = Shamir::new(me, parties, threshold, source);
            let protocol = if of_many { protocol.of_many() } else { protocol };
            e.run(suite(&protocol, e, extent))?;
            let used = used.lock().unwrap().clone();
            Ok(used)
        })
        .unwrap();
        let mut by_key: BTreeMap<usize, Vec<(usize, Vec<_>)>> = BTreeMap::new();
        for (me, used) in used.iter().enumerate() {
            assert!(used.repeated.is_empty(), "party {me} of {parties}: {:?}", used.repeated);
            for low in 0..parties {
                for high in low..parties {
                    let key = low * MOST_PARTIES + high;
                    let streams: Vec<_> = used.of(key).map(|(stream, spans)| (*stream, spans.clone())).collect();
                    if !streams.is_empty() {
                        by_key.entry(key).or_default().push((me, streams));
                    }
                }
            }
        }
        for (key, holders) in by_key {
            let (low, high) = (key / MOST_PARTIES, key % MOST_PARTIES);
            let who: Vec<usize> = holders.iter().map(|(me, _)| *me).collect();
            assert_eq!(who, if low == high { vec![low] } else { vec![low, high] }, "the key of {low} and {high}");
            assert!(holders.windows(2).all(|pair| pair[0].1 == pair[1].1), "{low} and {high} use different blocks");
        }
    }
}

/// A source whose party draws another order.
struct OtherOrder {
    others: Drawn,
    key: usize,
    change: u64,
}

impl Source for OtherOrder {
    fn fill(&self, key: usize, domain: Domain, tape: Tape, step: u64, first: usize, out: &mut [u64]) {
        self.others.fill(key, domain, tape, step, first, out);
        if key == self.key && domain == Domain::Permutation {
            out.iter_mut().for_each(|word| *word ^= mix(self.change));
        }
    }
}

/// Each of t + 1 parties has a part in the order of a shuffle that alone makes it any order, whatever all others draw; and no other party has.
#[test]
fn a_shuffle_needs_every_dealer() {
    for (parties, threshold, of_many) in [(3, 1, false), (5, 2, false), (3, 1, true), (5, 2, true)] {
        for dealer in 0..parties {
            let mut orders: BTreeMap<Vec<i64>, u32> = BTreeMap::new();
            for change in 1..=120 {
                let told = threads(parties, 3, |me, e| {
                    let source = OtherOrder { others: mixed(3), key: dealer * MOST_PARTIES + dealer, change };
                    let source: Drawn = Box::new(source);
                    let p = Shamir::new(me, parties, threshold, source);
                    let p = if of_many { p.of_many() } else { p };
                    let rows = p.share_public(&[0, 1, 2], 3);
                    e.run(async { p.shuffle(e.gate(0), 0, &rows, &[], &[]).await.0 })
                });
                *orders.entry(told.unwrap().remove(0)).or_default() += 1;
            }
            if dealer <= threshold {
                // Each of six orders 20 times, but for five deviations.
                assert!(orders.len() == 6 && orders.values().all(|times| *times < 41), "{dealer}: {orders:?}");
            } else {
                assert_eq!(orders.len(), 1, "{dealer} of {parties}: {orders:?}");
            }
        }
    }
}

/// A gate on lanes that all hold one of two values, whose results nobody opens.
type Gate = (&'static str, fn(&Party, &Executor, &Arith, &Bin) -> Result<(), Error>);
type Party = Shamir<Drawn>;

const LANES: usize = 4096;

const GATES: [Gate; 10] = [
    ("mul", |p, e, a, _| e.run(async { drop(p.mul(e.gate(9), a, a).await) })),
    ("dot", |p, e, a, _| e.run(async { drop(p.dot(e.gate(9), a, a, 2).await) })),
    ("and", |p, e, _, b| e.run(async { drop(p.and(e.gate(9), b, b).await) })),
    ("ltz", |p, e, a, _| e.run(async { drop(p.ltz(e.gate(9), a, 64).await) })),
    ("eqz", |p, e, a, _| e.run(async { drop(p.eqz(e.gate(9), a, 64).await) })),
    ("a2b", |p, e, a, _| e.run(async { drop(p.a2b(e.gate(9), a, 64).await) })),
    ("b2a", |p, e, _, b| e.run(async { drop(p.b2a(e.gate(9), b, true).await) })),
    ("trunc", |p, e, a, _| e.run(async { drop(p.trunc(e.gate(9), a, 16, Range::FULL).await) })),
    ("mul_wrap", |p, e, a, _| e.run(async { drop(p.mul_wrap(e.gate(9), a, a).await) })),
    ("shuffle", |p, e, a, b| {
        let told = p.share_public(&[7], LANES);
        e.run(async { drop(p.shuffle(e.gate(9), 0, &told, std::slice::from_ref(a), std::slice::from_ref(b)).await) })
    }),
];

/// What the first t parties receive in the input and a gate, where party t inputs `value` in all lanes: how often each byte comes from each peer, by the
/// place of the byte in an element; and what they have together of party t's, which sends to all of them.
fn view(
    (parties, threshold, of_many): (usize, usize, bool),
    gate: Gate,
    value: i64,
    seed: u64,
    unmasked: bool,
) -> [Vec<[u32; 256]>; 2] {
    let seen = seen(parties, |me, e| {
        let p = Shamir::new(me, parties, threshold, draws(seed, unmasked));
        let p = if of_many { p.of_many() } else { p };
        let values = vec![value; LANES];
        let own = (me == threshold).then_some(&values[..]);
        let a = e.run(p.input(e.gate(1), threshold, own, LANES))?;
        let b = e.run(p.input_bin(e.gate(2), threshold, own, 64, LANES))?;
        gate.1(&p, e, &a, &b)
    });
    // What they tell one another they know.
    let seen = seen.unwrap();
    let received = |from: usize| seen.iter().take(threshold).map(move |seen| &seen.received[from]);
    let each = (threshold..parties).flat_map(|from| received(from).flat_map(|bytes| counts(bytes))).collect();
    let streams: Vec<(usize, &[u8])> = received(threshold).map(Vec::as_slice).enumerate().collect();
    let together = [joined::<P127>(&streams), joined::<Gf256>(&streams)];
    assert!(together.iter().all(|bytes| bytes.len() >= LANES));
    [each, together.iter().flat_map(|bytes| counts(bytes)).collect()]
}

/// What t parties receive looks the same whatever the others' secrets are (PROTOCOLS section 13.2), and does not where nothing is masked.
#[test]
fn t_parties_see_nothing_of_the_secrets() {
    for setting in [(3, 1, false), (5, 2, false), (3, 1, true)] {
        // Of what is there for many parties a product, a circuit and a shuffle.
        for gate in GATES.into_iter().filter(|gate| !setting.2 || ["mul", "ltz", "shuffle"].contains(&gate.0)) {
            let far = |unmasked: bool| {
                let low = view(setting, gate, 0, 5, unmasked);
                let high = view(setting, gate, -0x0123_4567_89ab_cdef, 6, unmasked);
                [distance(&low[0], &high[0]), distance(&low[1], &high[1])]
            };
            let (masked, unmasked) = (far(false), far(true));
            assert!(masked.iter().all(|far| *far < 8.0), "{} among {setting:?}: {masked:?} deviations", gate.0);
            let shows = unmasked.iter().all(|far| *far > 100.0);
            assert!(shows, "{} among {setting:?} without masks: {unmasked:?} deviations", gate.0);
        }
    }
}
