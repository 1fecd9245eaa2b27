//! R23 for steps of `shamir`, exactly, in its own fields, which are too large to enumerate: what a coalition of t parties receives is an affine function of the elements that
//! others draw and it does not know. These are uniform, so the view is uniform in a coset of what the linear part reaches; it is the same for two inputs if and only if the linear
//! part is the same and the difference of their views, for the same draws, lies in it. Where a secret is shared, the coalition's shares and the secret are all there is
//! to know: t + 1 values of a polynomial of degree t.
//!
//! Numbers that are opened under a bounded mask are as good as independent of it and no more, and bits that a party draws are no uniform elements: for these gates there are the
//! samples of `main.rs`.

use smpc_math::field::{Field, Gf256, P127, lagrange};
use smpc_math::prf::Domain;
use smpc_protocols::conformance::data::mix;
use smpc_protocols::conformance::source::Drawn;
use smpc_protocols::conformance::views::{parts, seen};
use smpc_protocols::keys::Source;
use smpc_protocols::shamir::{Arith, Bin, MOST_PARTIES, Shamir};
use smpc_protocols::{BinShares as _, Cx, Lanes, Protocol, Shares, Tape, join, join_all};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

/// Key, domain and step of one element that is drawn, and which one of those that are drawn there.
type Place = (usize, Domain, u64, usize);

/// What is drawn: two words an element, 0 where there is none. Of bytes only the first one that is drawn in a place.
#[derive(Clone, Default)]
struct Draws {
    elements: Arc<BTreeMap<Place, [u64; 2]>>,
    asked: Arc<Mutex<BTreeSet<Place>>>,
}

impl Source for Draws {
    fn fill(&self, key: usize, domain: Domain, _: Tape, step: u64, first: usize, out: &mut [u64]) {
        for (n, out) in (first / 2..).zip(out.as_chunks_mut().0) {
            let place = (key, domain, step, n);
            self.asked.lock().unwrap().insert(place);
            *out = *self.elements.get(&place).unwrap_or(&[0; 2]);
        }
    }
}

/// A field that secrets are shared over, and the vectors of one lane that hold shares.
trait Shared: Field {
    type Vector: Send;
    fn element(words: [u64; 2]) -> Self;
    fn of_share(share: Self) -> Self::Vector;
    fn share(vector: &Self::Vector) -> Self;
}

impl Shared for P127 {
    type Vector = Arith;
    fn element(words: [u64; 2]) -> Self {
        let mut out = [Self::default()];
        Self::from_random(&words, &mut out);
        out[0]
    }
    fn of_share(share: Self) -> Arith {
        Arith::of_shares(vec![share])
    }
    fn share(vector: &Arith) -> Self {
        vector.shares()[0]
    }
}

impl Shared for Gf256 {
    type Vector = Bin;
    fn element(words: [u64; 2]) -> Self {
        Self(words[0].to_le_bytes()[0])
    }
    fn of_share(share: Self) -> Bin {
        Bin::of_shares(1, 1, vec![share])
    }
    fn share(vector: &Bin) -> Self {
        vector.shares()[0]
    }
}

type Party = Shamir<Drawn>;
type Running<'a, F> = Pin<Box<dyn Future<Output = Option<<F as Shared>::Vector>> + 'a>>;
type Run<F> = for<'a> fn(&'a Party, Cx<'a>, &'a [<F as Shared>::Vector], &'a [i64]) -> Running<'a, F>;

/// A step on one lane.
struct Gate<F: Shared> {
    name: &'static str,
    /// How many of the inputs are shared; the others are what a party supplies.
    shared: usize,
    inputs: Vec<Vec<i64>>,
    /// What a coalition may learn of them.
    learns: fn(&[usize], &[i64]) -> i64,
    run: Run<F>,
    /// Whether kings bring products down.
    kings: bool,
    /// The secret that it yields, if it does.
    result: fn(&[i64]) -> Option<i64>,
}

/// One run: the input, what the coalition has of it, and what is drawn.
struct Instance<'g, F> {
    input: &'g [i64],
    /// By shared input: the share of each party.
    shares: Vec<Vec<F>>,
    drawn: Draws,
}

fn of_number<F: Shared>(x: i64) -> F {
    let mut sum = F::default();
    (0..x.unsigned_abs()).for_each(|_| sum = sum.add(F::ONE));
    if x < 0 { F::default().sub(sum) } else { sum }
}

/// Any element.
fn noise(seed: u64) -> [u64; 2] {
    [mix(seed), mix(!seed)]
}

/// What a coalition receives from the others, as elements, run by run.
fn views<F: Shared>(
    gate: &Gate<F>,
    (parties, threshold): (usize, usize),
    coalition: &[usize],
    runs: &[Instance<'_, F>],
) -> Vec<Vec<F>> {
    let seen = seen(parties, |me, executor| {
        let party = |run: &Instance<'_, F>| -> Party {
            let source: Drawn = Box::new(run.drawn.clone());
            let party = Shamir::new(me, parties, threshold, source);
            if gate.kings { party.of_many() } else { party }
        };
        let all: Vec<Party> = runs.iter().map(party).collect();
        let shares: Vec<Vec<F::Vector>> =
            runs.iter().map(|run| run.shares.iter().map(|shares| F::of_share(shares[me])).collect()).collect();
        let gates = all.iter().zip(&shares).zip(runs);
        executor
            .run(join_all(gates.map(|((party, shares), run)| (gate.run)(party, executor.gate(0), shares, run.input))))
    })
    .unwrap();
    let points: Vec<F> = (0..parties).map(F::point).collect();
    let at_zero = lagrange(&points, F::default());
    for (n, run) in runs.iter().enumerate() {
        let shares: Option<Vec<F>> = seen.iter().map(|seen| seen.value[n].as_ref().map(F::share)).collect();
        let result = shares
            .map(|shares| shares.iter().zip(&at_zero).fold(F::default(), |sum, (share, c)| sum.add(c.mul(*share))));
        assert!(result == (gate.result)(run.input).map(of_number), "{} of {:?}", gate.name, run.input);
    }
    let mut views = vec![Vec::new(); runs.len()];
    for member in coalition {
        for peer in (0..parties).filter(|peer| !coalition.contains(peer)) {
            let heard = parts(std::slice::from_ref(&seen[*member].received[peer]), runs.len());
            for (view, bytes) in views.iter_mut().zip(heard) {
                let mut elements = vec![F::default(); bytes.len() / F::BYTES];
                F::from_bytes(&bytes, &mut elements);
                view.extend(elements);
            }
        }
    }
    views
}

fn minus<F: Field>(x: &[F], y: &[F]) -> Vec<F> {
    x.iter().zip(y).map(|(x, y)| x.sub(*y)).collect()
}

/// Rows in echelon form: each with its first entry that is not 0, which is 1 there.
struct Span<F>(Vec<(usize, Vec<F>)>);

impl<F: Field> Span<F> {
    fn of(vectors: &[Vec<F>]) -> Self {
        let mut span = Self(Vec::new());
        for vector in vectors {
            let rest = span.reduce(vector);
            if let Some(at) = rest.iter().position(|x| *x != F::default()) {
                let scale = rest[at].inverse();
                span.0.push((at, rest.iter().map(|x| x.mul(scale)).collect()));
            }
        }
        span
    }

    /// What the rows leave of a vector.
    fn reduce(&self, vector: &[F]) -> Vec<F> {
        let mut rest = vector.to_vec();
        for (at, row) in &self.0 {
            let factor = F::default().sub(rest[*at]);
            F::add_multiple(&mut rest, factor, row);
        }
        rest
    }

    fn contains(&self, vector: &[F]) -> bool {
        self.reduce(vector).iter().all(|x| *x == F::default())
    }
}

/// The elements that the gate draws.
fn places<F: Shared>(gate: &Gate<F>, setting: (usize, usize)) -> Vec<Place> {
    let drawn = Draws::default();
    let shares = gate.inputs[0].iter().take(gate.shared).map(|x| vec![of_number(*x); setting.0]).collect();
    views(gate, setting, &[], &[Instance { input: &gate.inputs[0], shares, drawn: drawn.clone() }]);
    let asked = drawn.asked.lock().unwrap();
    asked.iter().copied().collect()
}

/// All sets of `size` parties.
fn coalitions(parties: usize, size: usize) -> Vec<Vec<usize>> {
    let sets = (0..1_u32 << parties).filter(|set| set.count_ones() as usize == size);
    sets.map(|set| (0..parties).filter(|party| set >> party & 1 == 1).collect()).collect()
}

/// Whether each coalition's view has the same distribution for all inputs of which it may learn the same: exactly, over all that it does not know, for samples of what it knows.
fn reveals_nothing<F: Shared>(gate: &Gate<F>, setting: (usize, usize), without: &[Place]) -> Result<(), String> {
    /// Draws for which a view is held against what the linear part says.
    const CHECKED: u64 = 3;
    const SAMPLES: u64 = 2;
    let (parties, threshold) = setting;
    let places: Vec<Place> = places(gate, setting).into_iter().filter(|place| !without.contains(place)).collect();
    for coalition in coalitions(parties, threshold) {
        let outside = |party: usize| !coalition.contains(&party);
        let (hidden, known): (Vec<Place>, Vec<Place>) =
            places.iter().partition(|place| outside(place.0 / MOST_PARTIES) && outside(place.0 % MOST_PARTIES));
        for sample in 0..SAMPLES {
            let seed = |n: usize| mix(sample << 32 ^ n as u64);
            let ours: BTreeMap<Place, [u64; 2]> =
                known.iter().enumerate().map(|(n, place)| (*place, noise(seed(n)))).collect();
            let mut runs = Vec::new();
            for input in &gate.inputs {
                let shares: Vec<Vec<F>> = input
                    .iter()
                    .take(gate.shared)
                    .enumerate()
                    .map(|(i, secret)| {
                        let held = coalition.iter().map(|party| (F::point(*party), seed(1000 * (i + 1) + party)));
                        let values = held.map(|(point, seed)| (point, F::element(noise(seed))));
                        let (from, values): (Vec<F>, Vec<F>) =
                            std::iter::once((F::default(), of_number(*secret))).chain(values).unzip();
                        let at = |party| {
                            let coefficients = lagrange(&from, F::point(party));
                            coefficients.iter().zip(&values).fold(F::default(), |sum, (c, x)| sum.add(c.mul(*x)))
                        };
                        (0..parties).map(at).collect()
                    })
                    .collect();
                // Nothing; each hidden element alone, 1; and some with all of them.
                let draws = 1 + hidden.len() as u64 + CHECKED;
                for draw in 0..draws {
                    let mut elements = ours.clone();
                    for (n, place) in (1..).zip(&hidden) {
                        if draw > hidden.len() as u64 {
                            elements.insert(*place, noise(mix(draw) ^ n));
                        } else if draw == n {
                            elements.insert(*place, [1, 0]);
                        }
                    }
                    let drawn = Draws { elements: Arc::new(elements), asked: Arc::default() };
                    runs.push(Instance { input, shares: shares.clone(), drawn });
                }
            }
            let all = views(gate, setting, &coalition, &runs);
            let each = hidden.len() + 1 + usize::try_from(CHECKED).unwrap();
            let columns = |views: &[Vec<F>]| -> Vec<Vec<F>> {
                views[1..=hidden.len()].iter().map(|view| minus(view, &views[0])).collect()
            };
            let first = columns(&all[..each]);
            let span = Span::of(&first);
            for (n, (runs, views)) in runs.chunks_exact(each).zip(all.chunks_exact(each)).enumerate() {
                let columns = columns(views);
                assert!(columns == first, "{}: how masks enter depends on the input", gate.name);
                for (view, run) in views.iter().zip(runs).skip(hidden.len() + 1) {
                    let mut expected = views[0].clone();
                    for (place, column) in hidden.iter().zip(&columns) {
                        F::add_multiple(&mut expected, F::element(run.drawn.elements[place]), column);
                    }
                    assert!(*view == expected, "{}: the view is not affine in what is hidden", gate.name);
                }
                let learns = |n: usize| (gate.learns)(&coalition, &gate.inputs[n]);
                let like = (0..n).find(|other| learns(*other) == learns(n));
                if let Some(other) = like.filter(|other| !span.contains(&minus(&views[0], &all[other * each]))) {
                    let (one, two) = (&gate.inputs[other], &gate.inputs[n]);
                    return Err(format!("{}: parties {coalition:?} can tell {one:?} from {two:?}", gate.name));
                }
            }
        }
    }
    Ok(())
}

macro_rules! run {
    ($field:ty: |$p:ident, $cx:ident, $x:ident, $clear:ident| $body:expr) => {{
        let run: Run<$field> = |$p, $cx, $x, $clear| Box::pin(async move { $body });
        run
    }};
}

/// Inputs of a step on so many numbers: small ones, among them some with equal sums and some with equal products.
fn numbers(count: usize) -> Vec<Vec<i64>> {
    [[0, 0, 0, 0], [1, 6, 0, 0], [-6, -1, 9, 2], [3, 2, -1, 7], [2, 3, 3, -1], [4, 3, 0, 5]]
        .map(|x| x[..count].to_vec())
        .to_vec()
}

/// A vector of two lanes.
fn pair(p: &Party, x: &Arith, y: &Arith) -> Arith {
    let mut both = p.share_public(&[0], 2);
    both.write(&Lanes::one(0), x);
    both.write(&Lanes::one(1), y);
    both
}

/// A vector of so many of the products x1·x2, x2·x3, x3·x4, x4·x1, x1·x2, ...
async fn by_kings(p: &Party, cx: Cx<'_>, x: &[Arith], lanes: usize) -> Arith {
    let side = |from: usize| {
        let mut side = p.share_public(&[0], lanes);
        (0..lanes).for_each(|lane| side.write(&Lanes::one(lane), &x[(lane + from) % x.len()]));
        side
    };
    p.mul(cx, &side(0), &side(1)).await
}

/// The same of bits.
async fn ands_by_kings(p: &Party, cx: Cx<'_>, x: &[Bin], lanes: usize) -> Bin {
    let side = |from: usize| Bin::stack(&(0..lanes).map(|lane| &x[(lane + from) % x.len()]).collect::<Vec<_>>());
    p.and(cx, &side(0), &side(1)).await
}

/// As many products as are sums of the dealers' random numbers: one more than the threshold.
fn a_group(p: &Party) -> usize {
    SETTINGS.iter().find(|(parties, _)| *parties == p.parties()).map_or(0, |(_, threshold)| threshold + 1)
}

/// As many products of each king as that, so that each combination of kings has a group.
fn products_by_kings() -> Gate<P127> {
    Gate {
        name: "mul by kings",
        shared: 4,
        inputs: [[0, 0, 0, 0], [1, 6, 0, 2], [3, 2, -1, 7]].map(Vec::from).to_vec(),
        learns: |_, _| 0,
        run: run!(P127: |p, cx, x, _clear| Some(by_kings(p, cx, x, a_group(p) * p.parties()).await)),
        kings: true,
        result: |x| Some(x[0] * x[1]),
    }
}

/// The three products as one number.
fn products(x: &[i64]) -> i64 {
    x[0] * x[1] + 1000 * (x[1] * x[2] + 1000 * x[2] * x[3])
}

fn steps_of_numbers() -> Vec<Gate<P127>> {
    let gate = |name, shared, learns, run, result| Gate {
        name,
        shared,
        inputs: numbers(shared.max(1)),
        learns,
        run,
        kings: false,
        result,
    };
    vec![
        gate(
            "input",
            0,
            |who, x| if who.contains(&0) { x[0] } else { 0 },
            run!(P127: |p, cx, _x, clear| Some(p.input(cx, 0, (p.me() == 0).then_some(clear), 1).await)),
            |x| Some(x[0]),
        ),
        gate(
            "input of the last dealer",
            0,
            |who, x| if who.contains(&2) { x[0] } else { 0 },
            run!(P127: |p, cx, _x, clear| Some(p.input(cx, 2, (p.me() == 2).then_some(clear), 1).await)),
            |x| Some(x[0]),
        ),
        gate(
            "open",
            2,
            |_, x| x[0] + x[1],
            run!(P127: |p, cx, x, _clear| {
                p.open(cx, &p.add(&x[0], &x[1])).await;
                None
            }),
            |_| None,
        ),
        gate(
            "open to one",
            2,
            |who, x| if who.contains(&1) { x[0] + x[1] } else { 0 },
            run!(P127: |p, cx, x, _clear| {
                p.open_to(cx, &p.add(&x[0], &x[1]), &[1]).await;
                None
            }),
            |_| None,
        ),
        gate(
            "mul",
            2,
            |_, _| 0,
            run!(P127: |p, cx, x, _clear| Some(p.mul(cx, &x[0], &x[1]).await)),
            |x| Some(x[0] * x[1]),
        ),
        gate(
            "mul and open",
            2,
            |_, x| x[0] * x[1],
            run!(P127: |p, cx, x, _clear| {
                let product = p.mul(cx.sub(0, 2), &x[0], &x[1]).await;
                p.open(cx.sub(1, 2), &product).await;
                Some(product)
            }),
            |x| Some(x[0] * x[1]),
        ),
        gate(
            "dot",
            4,
            |_, _| 0,
            run!(P127: |p, cx, x, _clear| Some(p.dot(cx, &pair(p, &x[0], &x[1]), &pair(p, &x[2], &x[3]), 2).await)),
            |x| Some(x[0] * x[2] + x[1] * x[3]),
        ),
        gate(
            "matmul",
            4,
            |_, _| 0,
            run!(P127: |p, cx, x, _clear| {
                Some(p.matmul(cx, &pair(p, &x[0], &x[1]), &pair(p, &x[2], &x[3]), 1, 2, 1).await)
            }),
            |x| Some(x[0] * x[2] + x[1] * x[3]),
        ),
        Gate {
            kings: true,
            // Some with the same first three products.
            inputs: [[1, 6, 0, 0], [3, 2, 0, 9], [-6, -1, 0, 5], [3, 2, -1, 7], [-3, -2, 1, -7]]
                .map(Vec::from)
                .to_vec(),
            ..gate(
                "mul by kings, and open",
                4,
                |_, x| products(x),
                run!(P127: |p, cx, x, _clear| {
                    let product = by_kings(p, cx.sub(0, 2), x, a_group(p)).await;
                    p.open(cx.sub(1, 2), &product).await;
                    Some(product)
                }),
                |x| Some(x[0] * x[1]),
            )
        },
    ]
}

fn steps_of_bits() -> Vec<Gate<Gf256>> {
    let pairs = || vec![vec![0, 0], vec![0, 1], vec![1, 0], vec![1, 1]];
    let gate = |name, shared, learns, run, result| {
        let inputs = if shared == 0 { vec![vec![0], vec![1]] } else { pairs() };
        Gate { name, shared, inputs, learns, run, kings: false, result }
    };
    vec![
        gate(
            "input of a bit",
            0,
            |who, x| if who.contains(&1) { x[0] } else { 0 },
            run!(Gf256: |p, cx, _x, clear| Some(p.input_bin(cx, 1, (p.me() == 1).then_some(clear), 1, 1).await)),
            |x| Some(x[0]),
        ),
        gate(
            "open a bit",
            2,
            |_, x| x[0] ^ x[1],
            run!(Gf256: |p, cx, x, _clear| {
                p.open_bin(cx, &p.xor(&x[0], &x[1])).await;
                None
            }),
            |_| None,
        ),
        gate(
            "open a bit to two",
            2,
            |who, x| if who.contains(&0) || who.contains(&2) { x[0] ^ x[1] } else { 0 },
            run!(Gf256: |p, cx, x, _clear| {
                p.open_bin_to(cx, &p.xor(&x[0], &x[1]), &[2, 0]).await;
                None
            }),
            |_| None,
        ),
        gate(
            "and",
            2,
            |_, _| 0,
            run!(Gf256: |p, cx, x, _clear| Some(p.and(cx, &x[0], &x[1]).await)),
            |x| Some(x[0] & x[1]),
        ),
        gate(
            "and, and open",
            2,
            |_, x| x[0] & x[1],
            run!(Gf256: |p, cx, x, _clear| {
                let both = p.and(cx.sub(0, 2), &x[0], &x[1]).await;
                p.open_bin(cx.sub(1, 2), &both).await;
                Some(both)
            }),
            |x| Some(x[0] & x[1]),
        ),
        Gate {
            kings: true,
            inputs: (0..16).map(|x| (0..4).map(|bit| x >> bit & 1).collect()).collect(),
            ..gate(
                "and by kings, and open",
                4,
                |_, x| products(x),
                run!(Gf256: |p, cx, x, _clear| {
                    let both = ands_by_kings(p, cx.sub(0, 2), x, a_group(p)).await;
                    p.open_bin(cx.sub(1, 2), &both).await;
                    Some(both)
                }),
                |x| Some(x[0] & x[1]),
            )
        },
    ]
}

/// Parties, and how many of them are curious: as few parties as that takes, and one more.
const SETTINGS: [(usize, usize); 3] = [(3, 1), (4, 1), (5, 2)];

fn none_tells<F: Shared>(gates: &[Gate<F>]) {
    for setting in SETTINGS {
        for gate in gates {
            reveals_nothing(gate, setting, &[]).unwrap();
            let places = places(gate, setting);
            // What is opened is masked by what the others hold.
            assert_eq!(places.is_empty(), gate.name.starts_with("open"), "{}", gate.name);
            // Each element that a step draws is needed; of kings see below.
            for place in places.iter().filter(|_| !gate.kings) {
                let told = reveals_nothing(gate, setting, &[*place]).is_err();
                assert!(told, "{} among {setting:?} without {place:?}", gate.name);
            }
        }
    }
}

/// Of what is drawn for products by kings the secrets of each dealer and what it draws with each party for the degree t are needed. A coalition is told fewer of the
/// products of a group than there are, so that of the values of degree 2t those of one dealer and party may be spared; all together that a party draws or has drawn of
/// it are needed.
#[test]
fn kings_need_all_that_is_drawn() {
    let gate = products_by_kings();
    for setting in SETTINGS {
        reveals_nothing(&gate, setting, &[]).unwrap();
        let places = places(&gate, setting);
        let (double, single): (Vec<Place>, Vec<Place>) = places.iter().partition(|place| place.2 % 4 >= 2);
        let draws: BTreeSet<(usize, u64)> = single.iter().map(|place| (place.0, place.2)).collect();
        let alone = draws.iter().map(|draw| single.iter().copied().filter(|at| (at.0, at.2) == *draw).collect());
        let with = |party: usize, place: &Place| [place.0 / MOST_PARTIES, place.0 % MOST_PARTIES].contains(&party);
        let together =
            (0..=2 * setting.1).map(|party| double.iter().copied().filter(|place| with(party, place)).collect());
        for left_out in alone.chain(together) {
            let left_out: Vec<Place> = left_out;
            let told = reveals_nothing(&gate, setting, &left_out).is_err();
            assert!(told, "among {setting:?} without {left_out:?}");
        }
    }
}

#[test]
fn no_step_on_numbers_tells_more_than_its_result() {
    none_tells(&steps_of_numbers());
}

#[test]
fn no_step_on_bits_tells_more_than_its_result() {
    none_tells(&steps_of_bits());
}

/// A step twice, with draws of its own each time and with the same ones: those would tell. Of a single step no two draws are under the same key.
fn tells_twice<F: Shared>(gate: &Gate<F>, apart: Run<F>, same: Run<F>) {
    for setting in SETTINGS {
        let twice = |run| Gate { name: gate.name, inputs: gate.inputs.clone(), run, ..*gate };
        reveals_nothing(&twice(apart), setting, &[]).unwrap();
        reveals_nothing(&twice(same), setting, &[]).unwrap_err();
    }
}

/// The same step in two turns of a loop that had the same gate instance, say.
#[test]
fn two_gates_of_one_instance_tell() {
    let gate = |name, shared, inputs, learns| Gate::<P127> {
        name,
        shared,
        inputs,
        learns,
        run: run!(P127: |_p, _cx, _x, _clear| None),
        kings: false,
        result: |_| None,
    };
    tells_twice(
        &gate("mul twice", 4, numbers(4), |_, _| 0),
        run!(P127: |p, cx, x, _clear| {
            join(p.mul(cx.sub(0, 2), &x[0], &x[1]), p.mul(cx.sub(1, 2), &x[2], &x[3])).await;
            None
        }),
        run!(P127: |p, cx, x, _clear| {
            join(p.mul(cx, &x[0], &x[1]), p.mul(cx, &x[2], &x[3])).await;
            None
        }),
    );
    tells_twice(
        // A coalition of which the owner is a member has nothing to learn.
        &gate("input twice", 0, numbers(2), |who, x| if who.contains(&0) { x[0] + 100 * x[1] } else { 0 }),
        run!(P127: |p, cx, _x, clear| {
            let own = |k: usize| (p.me() == 0).then_some(&clear[k..k + 1]);
            join(p.input(cx.sub(0, 2), 0, own(0), 1), p.input(cx.sub(1, 2), 0, own(1), 1)).await;
            None
        }),
        run!(P127: |p, cx, _x, clear| {
            let own = |k: usize| (p.me() == 0).then_some(&clear[k..k + 1]);
            join(p.input(cx, 0, own(0), 1), p.input(cx, 0, own(1), 1)).await;
            None
        }),
    );
    tells_twice(
        &Gate::<Gf256> {
            name: "and twice",
            shared: 4,
            inputs: (0..16).map(|x| (0..4).map(|bit| x >> bit & 1).collect()).collect(),
            learns: |_, _| 0,
            run: run!(Gf256: |_p, _cx, _x, _clear| None),
            kings: false,
            result: |_| None,
        },
        run!(Gf256: |p, cx, x, _clear| {
            join(p.and(cx.sub(0, 2), &x[0], &x[1]), p.and(cx.sub(1, 2), &x[2], &x[3])).await;
            None
        }),
        run!(Gf256: |p, cx, x, _clear| {
            join(p.and(cx, &x[0], &x[1]), p.and(cx, &x[2], &x[3])).await;
            None
        }),
    );
}

/// Where messages are made: no other file of the protocol sends.
#[test]
fn only_known_steps_send() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/shamir");
    let sends = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        text.contains(".exchange(") || text.contains("Outgoing::new")
    };
    let files = std::fs::read_dir(source).unwrap().map(|file| file.unwrap().path());
    let names = files.filter(sends).map(|path| path.file_name().unwrap().to_string_lossy().into_owned());
    let senders: BTreeSet<String> = names.collect();
    let known = [
        "deal.rs",    // input, mul, dot, matmul, and
        "io.rs",      // open, open to, broadcast (public)
        "king.rs",    // mul and and of many parties
        "shuffle.rs", // seeds, which are random numbers; rows go by deal.rs, and its view is sampled in main.rs
    ];
    assert_eq!(senders.into_iter().collect::<Vec<_>>(), known);
}
