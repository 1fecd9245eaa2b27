//! Proofs with and without a party that cheats: whatever it does, a wrong AND does not pass, and what the others say does not depend on their secrets (PROTOCOLS R9,
//! R20, R25 and section 13.2).
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::layers::{self, COIN, Layer, Points, layers};
use super::statement::{self, ELEMENTS, Triple};
use super::verifier::fit;
use super::*;
use crate::bits::{Row, blocks};
use crate::conformance::blocks::{Blocks, Watched};
use crate::conformance::cheat::{self, Lie, Outcome, Place, TAMPERS, Tamper, Verdict, judge};
use crate::conformance::data::mix;
use crate::conformance::memory::{MemoryWire, memory_wires};
use crate::conformance::source::Mixed;
use crate::conformance::threads::three_threads;
use crate::keys::{Source, Step};
use crate::message::{Shape, row_reader, row_writer};
use crate::piece::{Incoming, Outgoing};
use crate::{Cx, Error, Executor, Tape, Wire, workers};
use smpc_math::field::{Field as _, P61};
use smpc_math::prf::Domain;
use smpc_math::simd::{self, Counts};
use std::cell::RefCell;
use std::sync::{Arc, Mutex};

/// What a test's party does otherwise.
#[derive(Default)]
pub(super) struct Mutant {
    /// It goes on where a prover has got other coins.
    pub(super) trusts_coins: bool,
    /// It goes on where claims do not fit.
    pub(super) trusts_claims: bool,
    /// It takes the eighth AND of each row for wrong, as it is, and proves everything else as it is.
    pub(super) admits: bool,
    /// It makes its lie good by polynomials whose roots are the first points that a coin can choose.
    pub(super) forges: bool,
}

impl Mutant {
    pub(super) const RECKLESS: Self = Self { trusts_coins: true, trusts_claims: true, admits: false, forges: false };

    /// Adds to the values of a layer what makes their sum right, given the coins of the layers before.
    pub(super) fn forge(&self, layer: &Layer, coins: &[[u8; COIN]], values: &mut [P61]) {
        if !self.forges {
            return;
        }
        let sizes = std::iter::once(ELEMENTS).chain(std::iter::repeat(layer.size));
        // One wrong AND is one too much; what a lie is at the point of a coin is missing in the next layer.
        let mut missing = P61::from_i64(-1);
        for (coin, size) in coins.iter().zip(sizes) {
            missing = forged(size, false, missing)(layers::point(*coin, size));
        }
        let lie = forged(layer.size, layer.masked, missing);
        values.iter_mut().enumerate().for_each(|(x, value)| *value = value.add(lie(P61::from_u64(x as u64))));
    }
}

/// A polynomial with all the roots that it can have, at the first points that are none of a chunk's, and this sum at the chunk's points.
fn forged(size: usize, masked: bool, sum: P61) -> impl Fn(P61) -> P61 {
    let element = |x: usize| P61::from_u64(x as u64);
    let shape = move |x: P61| (size..3 * size - 2).fold(P61::ONE, |product, root| product.mul(x.sub(element(root))));
    let of_shape = (usize::from(masked)..size).fold(P61::default(), |sum, x| sum.add(shape(element(x))));
    let scale = sum.mul(of_shape.inverse());
    move |x| shape(x).mul(scale)
}

/// The bits of a prover that has flipped the eighth AND of each row; but for rows that only fill up.
pub(super) fn admitted([a, c, mut e]: Triple) -> Triple {
    if [a, c, e].as_flattened().iter().any(|word| *word != 0) {
        e[0] ^= 0x80;
    }
    [a, c, e]
}

/// Operands of ANDs: three components each, random beyond the last lane too.
#[derive(Clone)]
struct Gates {
    planes: usize,
    lanes: usize,
    x: [Vec<Row>; 3],
    y: [Vec<Row>; 3],
}

impl Gates {
    fn new(planes: usize, lanes: usize, seed: u64) -> Self {
        let rows = |which: u64| -> Vec<Row> {
            let word = |n: usize| mix(mix(seed << 8 | which).wrapping_add(n as u64));
            (0..planes * blocks(lanes)).map(|row| std::array::from_fn(|w| word(row * 8 + w))).collect()
        };
        Self { planes, lanes, x: [0, 1, 2].map(&rows), y: [3, 4, 5].map(&rows) }
    }

    /// Makes the ANDs in one round and keeps what has to be proven.
    async fn make(&self, me: usize, source: &impl Source, cx: Cx<'_>) -> Transcript {
        let next = (me + 1) % PARTIES;
        let mut transcript = if cx.is_dry() { Transcript::dry() } else { Transcript::new() };
        let place = transcript.reserve(self.planes, self.lanes);
        let transcript = RefCell::new(transcript);
        let shape = Shape::new(self.planes, self.lanes);
        let at = Step::new(cx.tape(), 0, Domain::Bin);
        let send = |first: usize, out: &mut [Row]| {
            for (n, out) in out.iter_mut().enumerate() {
                let row = first + n;
                let [left, right] = [me, next].map(|key| {
                    let mut mask = [0; 8];
                    at.words(source, key, row * 8, &mut mask);
                    mask
                });
                let (x, y) = ([me, next].map(|i| &self.x[i][row]), [me, next].map(|i| &self.y[i][row]));
                *out = std::array::from_fn(|w| left[w] ^ right[w]);
                simd::cross_ands(out, x[0], x[1], y[0], y[1]);
                transcript.borrow_mut().made(place, row, x, y, [&left, &right]);
            }
        };
        let take = |first: usize, rows: &[Row]| {
            rows.iter().enumerate().for_each(|(n, row)| transcript.borrow_mut().received(place, first + n, row));
        };
        let (mut produce, mut consume) = (row_writer(shape, send), row_reader(shape, take));
        cx.exchange(
            &mut [Outgoing::new((me + 2) % PARTIES, shape.bytes(), &mut produce)],
            &mut [Incoming::new(next, shape.bytes(), &mut consume)],
        )
        .await;
        drop((produce, consume));
        transcript.into_inner()
    }
}

/// Makes ANDs in round 0 and proves them in the rounds after that, with a cheater.
fn proven(gates: &Gates, arity: Arity, cheater: usize, lie: Option<Lie>) -> Outcome<()> {
    cheat::run(PARTIES, cheater, lie, |me, e| {
        let mut proof = Proof::new(me, Mixed(5), [3; 32], arity);
        if me == cheater {
            proof.mutant = Mutant::RECKLESS;
        }
        e.run(async {
            let transcript = gates.make(me, &Mixed(5), e.gate(1)).await;
            proof.run(e.gate(2), &transcript).await;
        })
    })
}

/// Sizes around those of words and rows, and a large one.
const SIZES: [(usize, usize); 9] =
    [(1, 1), (1, 2), (1, 511), (1, 512), (1, 513), (5, 65), (3, 1100), (1, 16_384), (1, 100_000)];

/// Honest ANDs pass, whatever lies beyond their last lane, in the rounds and bytes that are said; and a run that only counts says the same.
#[test]
fn honest_proofs_hold_and_cost_what_is_said() {
    for (planes, lanes) in SIZES {
        let gates = Gates::new(planes, lanes, 1);
        for arity in [Arity::Four, Arity::ThirtyTwo] {
            let costs = |me: usize, e: &Executor| {
                let proof = Proof::new(me, Mixed(7), [3; 32], arity);
                let transcript = e.run(gates.make(me, &Mixed(7), e.gate(1)))?;
                let before = e.stats();
                e.run(proof.run(e.gate(2), &transcript))?;
                Ok((transcript.conjunctions(), e.stats().since(&before)))
            };
            let all = three_threads(1, costs).unwrap();
            for (me, (conjunctions, stats)) in all.iter().enumerate() {
                assert_eq!((*conjunctions, stats.clone()), costs(me, &Executor::dry(me, PARTIES)).unwrap());
                let (rounds, bytes) = cost(*conjunctions, arity);
                assert_eq!(stats.rounds, rounds);
                // A frame for values and one for coins a layer to the left, one for coins and that of the hash to the right, and claims to both.
                let frames = [rounds - 1, rounds / 2 + 1];
                for (peer, (bytes, frames)) in
                    [(me + 2) % PARTIES, (me + 1) % PARTIES].into_iter().zip(bytes.into_iter().zip(frames))
                {
                    assert_eq!(stats.sent[peer], bytes + frames * crate::HEADER as u64, "{lanes} {arity:?}");
                }
            }
        }
    }
    let nothing = three_threads(1, |me, e| {
        let proof = Proof::new(me, Mixed(7), [3; 32], Arity::Four);
        e.run(proof.run(e.gate(1), &Transcript::new()))?;
        Ok(e.stats().rounds)
    });
    assert_eq!(nothing.unwrap(), [0; 3]);
}

/// One wrong bit that any party sends, in the first, a middle or the last AND, stops both others; a bit beyond the last lane is none.
#[test]
fn a_flipped_bit_is_noticed() {
    for (planes, lanes) in SIZES {
        let gates = Gates::new(planes, lanes, 2);
        for cheater in 0..PARTIES {
            for how in
                [Place::First, Place::Middle, Place::Last].into_iter().flat_map(|p| [Tamper::Add(p), Tamper::Flip(p)])
            {
                let lie = Lie { tick: 0, peer: (cheater + 2) % PARTIES, how };
                let outcome = proven(&gates, Arity::Four, cheater, Some(lie));
                let last = [Tamper::Flip(Place::Last), Tamper::Flip(Place::Middle), Tamper::Flip(Place::First)];
                let beyond = last.contains(&how) && lanes < 8 || how == last[0] && lanes % 8 > 0;
                for (me, result) in outcome.results.iter().enumerate().filter(|(me, _)| *me != cheater) {
                    match result {
                        Err(Error::Differ { parties }) => assert!(parties.contains(&cheater) && !parties.contains(&me)),
                        Ok(()) if beyond => {}
                        other => panic!("{lanes} lanes, {lie:?}: party {me} has {other:?}"),
                    }
                }
            }
        }
    }
}

/// Where nobody compares claims, a wrong bit goes through: it is that comparison which stops it.
#[test]
fn without_its_check_a_wrong_bit_passes() {
    let gates = Gates::new(1, 513, 2);
    let lie = Lie { tick: 0, peer: 0, how: Tamper::Add(Place::First) };
    let outcome = cheat::run(PARTIES, 1, Some(lie), |me, e| {
        let mut proof = Proof::new(me, Mixed(5), [3; 32], Arity::Four);
        proof.mutant = Mutant::RECKLESS;
        e.run(async {
            let transcript = gates.make(me, &Mixed(5), e.gate(1)).await;
            proof.run(e.gate(2), &transcript).await;
        })
    });
    assert!(outcome.results.iter().all(Result::is_ok));
}

/// Each frame of the proofs, touched in each way, stops an honest party.
#[test]
fn every_frame_that_is_touched_is_noticed() {
    for (arity, lanes) in [(Arity::Four, 700), (Arity::ThirtyTwo, 700), (Arity::Four, 5)] {
        let gates = Gates::new(1, lanes, 3);
        let (mut number, mut caught) = (0, 0);
        for cheater in 0..PARTIES {
            let honest = proven(&gates, arity, cheater, None);
            assert!(honest.results.iter().all(Result::is_ok));
            for frame in honest.frames[cheater].iter().filter(|frame| frame.tick > 0) {
                for how in TAMPERS {
                    let lie = Lie { tick: frame.tick, peer: frame.peer, how };
                    let verdict = judge(&proven(&gates, arity, cheater, Some(lie)), cheater, &[(); PARTIES]);
                    number += 1;
                    caught += usize::from(verdict == Ok(Verdict::Caught));
                    assert!(verdict.is_ok(), "{arity:?}, party {cheater}, {lie:?}: {verdict:?}");
                }
            }
        }
        // The first frame of a length may be replayed by zeros, and nothing else is what it replaces.
        assert_eq!(caught, number, "{arity:?}");
        println!("{caught} of {number} caught");
    }
}

/// G of the first layer, in a party's own proof.
fn first_values(transcript: &Transcript) -> Vec<P61> {
    let mut counts = Counts::default();
    for row in 0..Arity::Four.rows(transcript.rows()) {
        let kept = transcript.row(row);
        simd::count_products(&mut counts, &statement::own_left(kept), &statement::own_right(kept));
    }
    Points::new(ELEMENTS).values(&statement::products(&counts))
}

/// A left verifier tells the prover one coin and the right verifier another one. The right one sees it and sends nothing that depends on its coin; if it did not look, the
/// cheater would have G(r) − G(r′), which depends on the prover's secrets.
#[test]
fn two_coins_are_noticed_before_they_tell_anything() {
    for cheater in 0..PARTIES {
        let (prover, right) = ((cheater + 1) % PARTIES, (cheater + 2) % PARTIES);
        // The point is one more at the right verifier.
        let lie = Some(Lie { tick: 2, peer: right, how: Tamper::Add(Place::First) });
        let mut leaks = Vec::new();
        for seed in [4, 5] {
            // What the cheater holds is the same, what it does not hold is not.
            let mut gates = Gates::new(1, 600, 4);
            let other = Gates::new(1, 600, seed);
            gates.x[right].clone_from(&other.x[right]);
            gates.y[right].clone_from(&other.y[right]);
            let run = |trusts: bool| {
                cheat::run(PARTIES, cheater, lie, |me, e| {
                    let mut proof = Proof::new(me, Mixed(5), [3; 32], Arity::Four);
                    proof.mutant.trusts_coins = trusts || me == cheater;
                    e.run(async {
                        let transcript = gates.make(me, &Mixed(5), e.gate(1)).await;
                        let layers = layers(transcript.rows(), Arity::Four);
                        let ended = proof.layers(e.gate(2), &transcript, &layers).await;
                        proof.compare_coins(e.gate(2), &ended).await;
                        let heard = proof.trade_claims(e.gate(2), &ended).await;
                        // The difference of the second layer, whose honest value is 0.
                        (ended.claims[0][1].add(heard[0][1]), first_values(&transcript))
                    })
                })
            };
            let guarded = run(false);
            let claims = 2 * layers(2, Arity::Four).len() as u64 + 2;
            assert!(matches!(guarded.results[right], Err(Error::Differ { .. })));
            assert!(guarded.frames[right].iter().all(|frame| frame.tick < claims));
            assert!(guarded.results[cheater].is_err());

            let open = run(true);
            let difference = open.results[cheater].as_ref().unwrap().0;
            let values = &open.results[prover].as_ref().unwrap().1;
            // What the cheater has got of the first layer, and its coins.
            let at = |step: u64| Step::new(Tape::new(0, 2), step, Domain::Proof);
            let mut masks = vec![0; values.len()];
            at(2).words(&Mixed(5), right, 0, &mut masks);
            let mut coin = [0; 2];
            at(2).words(&Mixed(5), private(cheater), 0, &mut coin);
            let shares: Vec<P61> = values.iter().zip(masks).map(|(g, mask)| g.sub(P61::from_u64(mask))).collect();
            let bytes: [u8; COIN] = coin.map(u64::to_le_bytes).as_flattened().try_into().unwrap();
            let mut touched = bytes;
            touched[0] = touched[0].wrapping_add(1);
            let points = Points::new(ELEMENTS);
            let change = |values: &[P61]| {
                let [r, other] = [bytes, touched].map(|coin| points.value_weights(layers::point(coin, ELEMENTS)));
                P61::dot(values, &r).sub(P61::dot(values, &other))
            };
            let learnt = difference.add(change(&shares));
            assert_eq!(learnt, change(values));
            leaks.push(learnt);
        }
        assert_ne!(leaks[0], leaks[1]);
    }
}

/// Keys whose coins are among the first 2^bits; all coins for 64.
struct FewCoins(Mixed, u32);

impl Source for FewCoins {
    fn fill(&self, key: usize, domain: Domain, tape: Tape, step: u64, first: usize, out: &mut [u64]) {
        self.0.fill(key, domain, tape, step, first, out);
        if key >= PARTIES && self.1 < 64 {
            out[0] &= u64::MAX >> (64 - self.1);
            out[1..].fill(0);
        }
    }
}

/// How often a prover with a wrong AND gets away with the best polynomials that there are, of so many attempts, where verifiers have 2^bits coins.
fn forgeries(attempts: u64, bits: u32, mutant: fn() -> Mutant, arity: Arity) -> usize {
    let gates = Gates::new(1, 512, 6);
    let cheater = 1;
    let lie = Some(Lie { tick: 0, peer: 0, how: Tamper::Flip(Place::First) });
    let outcome = cheat::run(PARTIES, cheater, lie, |me, e| {
        let mut proof = Proof::new(me, FewCoins(Mixed(5), bits), [3; 32], arity);
        if me == cheater {
            proof.mutant = mutant();
        }
        e.run(async {
            let transcript = gates.make(me, &Mixed(5), e.gate(0)).await;
            let layers = layers(1, arity);
            let mut passed = Vec::new();
            for attempt in 1..=attempts {
                let cx = e.gate(attempt);
                let ended = proof.layers(cx, &transcript, &layers).await;
                proof.compare_coins(cx, &ended).await;
                let heard = proof.trade_claims(cx, &ended).await;
                passed.push([0, 1].map(|side| bool::from(fit(&ended.claims[side], &heard[side]))));
            }
            passed
        })
    });
    let [left, right] = [0, 2].map(|me| outcome.results[me].as_ref().unwrap());
    for (left, right) in left.iter().zip(right) {
        // Both verifiers say the same of it, and nothing is wrong with each other's proof.
        assert_eq!((left[0], left[1]), (right[1], true));
        assert!(right[0]);
    }
    left.iter().filter(|passed| passed[0]).count()
}

/// A prover that lies where the coin may find it passes as often as its polynomials have roots among the coins, which is the bound that the module's text states; and never
/// where there are 2^61 of them. One that does not lie well never passes.
#[test]
fn forged_proofs_pass_as_seldom_as_is_said() {
    let best = || Mutant { admits: true, forges: true, ..Mutant::RECKLESS };
    let others: [fn() -> Mutant; 3] = [
        || Mutant { ..Mutant::RECKLESS },
        || Mutant { admits: true, ..Mutant::RECKLESS },
        || Mutant { forges: true, ..Mutant::RECKLESS },
    ];
    for (arity, roots) in [(Arity::Four, 62 + 5 * 6), (Arity::ThirtyTwo, 3 * 62)] {
        // Layers of one row, with chunks of four elements filled up to four rows: 8192 elements, 256, and then 64, 16, 4, 1 beside a mask; with chunks of 32: 2048, 64, 2 beside a mask.
        assert_eq!(layers(1, arity).iter().map(|layer| layer.values() - 1).sum::<usize>(), roots);
        let (attempts, coins) = (600_u64, 1 << 11);
        let expected = attempts as usize * roots / coins;
        let passed = forgeries(attempts, 11, best, arity);
        println!("{passed} of {attempts} forgeries passed, {expected} expected");
        assert!(passed > expected / 2 && passed < expected * 3 / 2, "{passed} and not {expected}");
        assert_eq!(forgeries(attempts, 64, best, arity), 0);
        for other in others {
            assert_eq!(forgeries(50, 64, other, arity), 0);
        }
    }
}

/// No block of randomness is used twice, both holders of a key use the same ones, and each party's coins come from a key of its own (R1).
#[test]
fn every_block_of_randomness_is_used_once_and_by_both() {
    let gates = Gates::new(2, 700, 8);
    let used: Vec<Blocks> = three_threads(1, |me, e| {
        let (source, used) = Watched::over(Box::new(Mixed(3)));
        let proof = Proof::new(me, &source, [3; 32], Arity::Four);
        e.run(async {
            let transcript = gates.make(me, &Mixed(3), e.gate(1)).await;
            proof.run(e.gate(2), &transcript).await;
            proof.run(e.gate(3), &transcript).await;
        })?;
        let used = used.lock().unwrap().clone();
        Ok(used)
    })
    .unwrap();
    for key in 0..PARTIES {
        let holders =
            [key, (key + 2) % PARTIES].map(|me| used[me].of(key).map(|(s, b)| (*s, b.clone())).collect::<Vec<_>>());
        assert!(!holders[0].is_empty() && holders[0] == holders[1], "key {key}");
        assert_eq!(used[(key + 1) % PARTIES].of(key).count(), 0);
        for (me, used) in used.iter().enumerate() {
            assert!(used.repeated.is_empty(), "{:?}", used.repeated);
            assert_eq!(used.of(private(key)).count() > 0, me == key);
        }
    }
}

/// A wire that keeps what a party receives.
struct Heard {
    inner: MemoryWire,
    bytes: Arc<Mutex<[Vec<u8>; PARTIES]>>,
}

impl Wire for Heard {
    fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, Error> {
        self.inner.try_send(peer, bytes)
    }

    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, Error> {
        let count = self.inner.try_recv(peer, into)?;
        self.bytes.lock().unwrap()[peer].extend_from_slice(&into[..count]);
        Ok(count)
    }

    fn wait(&mut self, readable: u64, writable: u64) -> Result<(), Error> {
        self.inner.wait(readable, writable)
    }
}

/// Keys of a test, or keys that mask nothing in a proof; coins are drawn all the same.
struct Draws(Mixed, bool);

impl Source for Draws {
    fn fill(&self, key: usize, domain: Domain, tape: Tape, step: u64, first: usize, out: &mut [u64]) {
        self.0.fill(key, domain, tape, step, first, out);
        if self.1 && domain == Domain::Proof && key < PARTIES {
            out.fill(0);
        }
    }
}

const PROOFS: u64 = 400;

/// How often each byte comes at each place of what a party receives in many proofs of the same ANDs, with fresh coins and masks. What it holds itself is the same
/// for all `secret`s, and so is what it has received in the ANDs.
fn view(me: usize, secret: u64, seed: u64, unmasked: bool) -> Vec<[u32; 256]> {
    let mut gates = Gates::new(1, 512, 9);
    let hidden = (me + 2) % PARTIES;
    let other = Gates::new(1, 512, secret);
    gates.x[hidden].clone_from(&other.x[hidden]);
    gates.y[hidden].clone_from(&other.y[hidden]);
    let heard = Arc::new(Mutex::new(<[Vec<u8>; PARTIES]>::default()));
    std::thread::scope(|scope| {
        for (party, inner) in memory_wires(PARTIES).into_iter().enumerate() {
            let (gates, heard) = (&gates, if party == me { Arc::clone(&heard) } else { Arc::default() });
            scope.spawn(move || {
                let e = Executor::new(party, PARTIES, 1, 0, Box::new(Heard { inner, bytes: Arc::clone(&heard) }));
                let transcript = e.run(gates.make(party, &Mixed(5), e.gate(0))).unwrap();
                heard.lock().unwrap().iter_mut().for_each(Vec::clear);
                let proof = Proof::new(party, Draws(Mixed(seed), unmasked), [3; 32], Arity::Four);
                for n in 1..=PROOFS {
                    e.run(proof.run(e.gate(n), &transcript)).unwrap();
                }
            });
        }
    });
    let heard = heard.lock().unwrap();
    let mut counts = Vec::new();
    for bytes in heard.iter().filter(|bytes| !bytes.is_empty()) {
        let length = bytes.len() / PROOFS as usize;
        let mut places = vec![[0; 256]; length];
        bytes.iter().enumerate().for_each(|(at, byte)| places[at % length][usize::from(*byte)] += 1);
        counts.extend(places);
    }
    counts
}

/// The greatest distance of two samples over all places, in deviations of a χ² with as many degrees of freedom as there are bytes that came.
fn distance(one: &[[u32; 256]], other: &[[u32; 256]]) -> f64 {
    let of_place = |(a, b): (&[u32; 256], &[u32; 256])| {
        let pairs: Vec<(f64, f64)> = a.iter().zip(b).map(|(a, b)| (f64::from(*a), f64::from(*b))).collect();
        let came = pairs.iter().filter(|(a, b)| a + b > 0.0);
        let (sum, freedom) = came.fold((0.0, -1.0), |(sum, n), (a, b)| (sum + (a - b) * (a - b) / (a + b), n + 1.0));
        if freedom > 0.0 { (sum - freedom) / (2.0_f64 * freedom).sqrt() } else { 0.0 }
    };
    one.iter().zip(other).map(of_place).fold(0.0, f64::max)
}

/// What a party receives in a proof looks the same whatever the component is that it does not hold (PROTOCOLS section 13.2), and does not where nothing is masked.
#[test]
fn a_party_sees_nothing_of_the_secrets() {
    for me in 0..PARTIES {
        let far = distance(&view(me, 10, 5, false), &view(me, 11, 6, false));
        assert!(far < 8.0, "party {me}: {far} deviations");
        let far = distance(&view(me, 10, 5, true), &view(me, 11, 6, true));
        assert!(far > 100.0, "party {me} without masks: {far} deviations");
    }
}

/// Several proofs in one run, at parties of one thread and of more.
#[test]
fn proofs_follow_one_another() {
    let all = three_threads(1, |me, e| {
        let _workers = workers::start_with_grain(me + 1, 1)?;
        let proof = Proof::new(me, Mixed(2), [3; 32], Arity::ThirtyTwo);
        e.run(async {
            for (n, lanes) in [(0, 1), (1, 100), (2, 700), (3, 300_000)] {
                let gates = Gates::new(1, lanes, n);
                let transcript = gates.make(me, &Mixed(2), e.gate(2 * n)).await;
                proof.run(e.gate(2 * n + 1), &transcript).await;
            }
        })
    });
    assert_eq!(all, Ok(vec![(); PARTIES]));
}
