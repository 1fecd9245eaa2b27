//! R23 for gates of many steps: they send through the steps that `tests/views/steps.rs` enumerates alone, and over many runs every bit that a party receives, and its parity with every
//! other bit that the party has, is as often 0 as 1, whatever the inputs. Without a mask it is not.

use crate::parties::{number, three, word};
use smpc_math::circuits::{less_signed, mux, netlist};
use smpc_protocols::conformance::data::mix;
use smpc_protocols::conformance::enumerate::{self, Given, Out};
use smpc_protocols::conformance::slips::{Asked, Origin, Place, Slip, TestKeys};
use smpc_protocols::conformance::source::Drawn;
use smpc_protocols::conformance::views::parts;
use smpc_protocols::keys::Source;
use smpc_protocols::rep3::{Arith, Rep3};
use smpc_protocols::{BinShares, Protocol, Range, Shares, Tape, join_all};
use std::collections::BTreeSet;

/// Runs of a gate for each input.
const RUNS: usize = 1024;
/// A count may be so many standard deviations from its mean; about 10^7 counts are taken.
const DEVIATIONS: f64 = 6.5;
/// Received bits whose parities with all others are counted, for each gate and party.
const PAIRED: usize = 160;

const SMALL: Range = Range::new(-8, 7);
const POSITIVE: Range = Range::new(0, 7);

struct Composite {
    name: &'static str,
    /// Numbers and words (4 bits) of two inputs for which the gate yields the same.
    inputs: [(&'static [i64], &'static [u64]); 2],
    run: Run,
}

type Party = Rep3<Drawn>;
type Run = enumerate::Run<Party>;

macro_rules! run {
    (|$p:ident, $cx:ident, $given:ident| $body:expr) => {{
        let run: Run = |$p, $cx, $given| Box::pin(async move { $body });
        run
    }};
}

fn composites() -> Vec<Composite> {
    let numbers = |a: &'static [i64], b: &'static [i64]| [(a, &[] as &[u64]), (b, &[] as &[u64])];
    vec![
        Composite {
            name: "lt",
            inputs: numbers(&[-8, 7], &[3, 3]),
            run: run!(|p, cx, given| vec![Out::Word(
                p.lt(cx, &given.numbers[0], &given.numbers[1], SMALL, SMALL).await
            )]),
        },
        Composite {
            name: "lt of all integers",
            inputs: numbers(&[i64::MIN, i64::MAX], &[0, -1]),
            run: run!(|p, cx, given| {
                vec![Out::Word(p.lt(cx, &given.numbers[0], &given.numbers[1], Range::FULL, Range::FULL).await)]
            }),
        },
        Composite {
            name: "eq",
            inputs: numbers(&[5, 5], &[0, -8]),
            run: run!(|p, cx, given| vec![Out::Word(
                p.eq(cx, &given.numbers[0], &given.numbers[1], SMALL, SMALL).await
            )]),
        },
        Composite {
            name: "a2b and b2a",
            inputs: numbers(&[-8], &[7]),
            run: run!(|p, cx, given| {
                let bits = p.a2b(cx.sub(0, 2), &given.numbers[0], 4).await;
                vec![Out::Number(p.b2a(cx.sub(1, 2), &bits, true).await)]
            }),
        },
        Composite {
            name: "trunc",
            inputs: numbers(&[-8], &[0]),
            run: run!(|p, cx, given| vec![Out::Number(p.trunc(cx, &given.numbers[0], 3, SMALL).await)]),
        },
        Composite {
            name: "round of all integers",
            inputs: numbers(&[i64::MIN], &[1]),
            run: run!(|p, cx, given| vec![Out::Number(p.round(cx, &given.numbers[0], 60, Range::FULL).await)]),
        },
        Composite {
            name: "div_rem",
            inputs: numbers(&[-8, 3], &[7, 0]),
            run: run!(|p, cx, given| {
                let (q, r) = p.div_rem(cx, &given.numbers[0], &given.numbers[1], SMALL, SMALL).await;
                vec![Out::Number(q), Out::Number(r)]
            }),
        },
        Composite {
            name: "div_rem_public",
            inputs: numbers(&[-8], &[6]),
            run: run!(|p, cx, given| {
                let (q, r) = p.div_rem_public(cx, &given.numbers[0], &[3], SMALL).await;
                vec![Out::Number(q), Out::Number(r)]
            }),
        },
        Composite {
            name: "fix_div",
            inputs: numbers(&[7, 1], &[0, 6]),
            run: run!(|p, cx, given| {
                vec![Out::Number(p.fix_div(cx, &given.numbers[0], &given.numbers[1], POSITIVE, POSITIVE, 1).await)]
            }),
        },
        Composite {
            name: "fix_div_public",
            inputs: numbers(&[-8], &[6]),
            run: run!(|p, cx, given| vec![Out::Number(p.fix_div_public(cx, &given.numbers[0], &[3], SMALL, 1).await)]),
        },
        Composite {
            name: "sqrt",
            inputs: numbers(&[-8], &[7]),
            run: run!(|p, cx, given| vec![Out::Number(p.sqrt(cx, &given.numbers[0], SMALL, 2).await)]),
        },
        Composite {
            name: "merge_layer",
            inputs: numbers(&[7, -8], &[0, 0]),
            run: run!(|p, cx, given| {
                let [x, y] = [&given.numbers[0], &given.numbers[1]].map(Arith::components);
                let mut table = Arith::of_components([[x[0], y[0]].concat(), [x[1], y[1]].concat()]);
                p.merge_layer(cx, &mut table, 1, 1, 1, SMALL).await;
                vec![Out::Number(table)]
            }),
        },
        Composite {
            name: "select_bin",
            inputs: [(&[], &[1, 15]), (&[], &[0, 0])],
            run: run!(|p, cx, given| {
                let [a, b] = &given.words[..] else { return Vec::new() };
                vec![Out::Word(p.select_bin(cx, &a.planes(0, 1), a, b).await)]
            }),
        },
        Composite {
            name: "netlist",
            inputs: [(&[], &[1, 15]), (&[], &[8, 0])],
            run: run!(|p, cx, given| {
                let circuit = netlist(&[4, 4], |c, words| {
                    let less = less_signed(c, &words[0], &words[1]);
                    mux(c, less, &words[0], &words[1])
                });
                let [a, b] = &given.words[..] else { return Vec::new() };
                vec![Out::Word(p.netlist(cx, &circuit.levelled(), &[a, b]).await)]
            }),
        },
        Composite {
            name: "check, all but its verdict",
            inputs: [(&[], &[15, 14]), (&[], &[0, 15])],
            run: run!(|p, cx, given| {
                let [a, b] = &given.words[..] else { return Vec::new() };
                // Five lanes, one of which is 0 in each input.
                let all: Vec<_> = [(a, 0), (a, 1), (b, 0), (b, 1), (b, 2)].map(|(x, i)| x.planes(i, 1)).into();
                let mut lanes = p.share_public_bin(&[0], 1, 5);
                for (i, lane) in all.iter().enumerate() {
                    lanes.write(&smpc_protocols::Lanes::one(i), lane);
                }
                vec![Out::Word(smpc_protocols::gates::logic::all_lanes(p, cx, &lanes).await)]
            }),
        },
    ]
}

/// Bits of many runs, one column a bit: word w of a column has bit r of run 64·w + r.
type Column = Vec<u64>;

/// The rows of bytes, turned into columns of bits.
fn columns(rows: &[Vec<u8>]) -> Vec<Column> {
    let bits = rows[0].len() * 8;
    let bit = |row: &[u8], bit: usize| u64::from(row[bit / 8] >> (bit % 8) & 1);
    let column = |at: usize| {
        let fold = |rows: &[Vec<u8>]| rows.iter().rev().fold(0, |word, row| word << 1 | bit(row, at));
        rows.chunks(64).map(fold).collect()
    };
    (0..bits).map(column).collect()
}

fn ones(words: impl Iterator<Item = u64>) -> u32 {
    words.map(u64::count_ones).sum()
}

/// What party `me` has in one run of the gate besides what it receives: its shares of the inputs and the words of its masks, their low bits.
fn own(me: usize, shares: &[[u64; 3]], words: &[(Place, usize)], keys: &TestKeys, instance: u64) -> Vec<u8> {
    let mut bytes: Vec<u8> = shares.iter().flat_map(|x| [x[me], x[(me + 1) % 3]]).map(|x| x.to_le_bytes()[0]).collect();
    for ((component, domain, step), word) in words {
        if *component == me || *component == (me + 1) % 3 {
            let mut out = [0; 2];
            keys.fill(*component, *domain, Tape::new(0, instance), *step, word & !1, &mut out);
            bytes.push(out[word % 2].to_le_bytes()[0] & 1);
        }
    }
    bytes
}

/// What party after party receives and has in the runs of one of the gate's inputs, a column a bit: how many of them are received, and all of them.
fn observed(gate: &Composite, which: usize, slip: Slip, words: &[(Place, usize)]) -> Vec<(usize, Vec<Column>)> {
    let (numbers, given_words) = gate.inputs[which];
    let shares: Vec<Vec<[u64; 3]>> = (0..RUNS as u64)
        .map(|run| {
            let draw = |i: usize| mix(run << 8 ^ mix(i as u64 + 100 * which as u64));
            let number = |(i, x): (usize, &i64)| {
                let (a, b) = (draw(2 * i), draw(2 * i + 1));
                [a, b, x.cast_unsigned().wrapping_sub(a).wrapping_sub(b)]
            };
            let word = |(i, x): (usize, &u64)| {
                let (a, b) = (draw(2 * i + 50) & 15, draw(2 * i + 51) & 15);
                [a, b, x ^ a ^ b]
            };
            numbers.iter().enumerate().map(number).chain(given_words.iter().enumerate().map(word)).collect()
        })
        .collect();
    let keys = TestKeys { origin: Origin::Mixed(17 + which as u64), slip };
    let seen = run_all(gate, &shares, &keys);
    let columns_of = |(me, received): (usize, &Vec<Vec<u8>>)| {
        let messages = parts(received, RUNS);
        let known: Vec<Vec<u8>> = shares.iter().enumerate().map(|(i, x)| own(me, x, words, &keys, i as u64)).collect();
        let told: Vec<Column> = columns(&messages);
        (told.len(), told.into_iter().chain(columns(&known)).collect())
    };
    seen.iter().enumerate().map(columns_of).collect()
}

/// The first bit or parity that is not fair.
fn unfair(gate: &Composite, slip: Slip, words: &[(Place, usize)]) -> Option<String> {
    for which in 0..gate.inputs.len() {
        for (me, (told, all)) in observed(gate, which, slip, words).into_iter().enumerate() {
            let limit = (RUNS as f64).sqrt() / 2.0 * DEVIATIONS;
            let fair = |ones: u32| (f64::from(ones) - RUNS as f64 / 2.0).abs() < limit;
            let mut live = Vec::new();
            for (i, column) in all.iter().enumerate() {
                // Bits beyond the last lane of a byte are always 0.
                let count = ones(column.iter().copied());
                if count > 0 {
                    if i < told && !fair(count) {
                        return Some(format!("{}: party {me} receives bit {i}, {count} times 1", gate.name));
                    }
                    live.push(i);
                }
            }
            let received = live.iter().filter(|i| **i < told).count();
            let step = if matches!(slip, Slip::None) { received.div_ceil(PAIRED).max(1) } else { 1 };
            for i in live.iter().take(received).step_by(step) {
                for j in live.iter().filter(|j| i != *j) {
                    let count = ones(all[*i].iter().zip(&all[*j]).map(|(x, y)| x ^ y));
                    if !fair(count) {
                        return Some(format!("{}: party {me} has bits {i} and {j}, {count} times unequal", gate.name));
                    }
                }
            }
        }
    }
    None
}

/// The first bit or parity that is 1 more often for one of the two inputs than for the other. What a gate opens on its way need not be fair, but
/// may not depend on its inputs.
fn dependent(gate: &Composite, slip: Slip, words: &[(Place, usize)]) -> Option<String> {
    let [first, second] = [0, 1].map(|which| observed(gate, which, slip, words));
    // The difference of two counts, each of which has at most the deviation of a fair coin.
    let limit = (RUNS as f64 / 2.0).sqrt() * DEVIATIONS;
    let alike = |[x, y]: [u32; 2]| (f64::from(x) - f64::from(y)).abs() < limit;
    for (me, ((received, a), (_, b))) in first.iter().zip(&second).enumerate() {
        let single = |i: usize| [a, b].map(|all| ones(all[i].iter().copied()));
        if let Some(i) = (0..*received).find(|i| !alike(single(*i))) {
            return Some(format!("{}: party {me} receives bit {i}, {:?} times 1", gate.name, single(i)));
        }
        // Half of the elements' bits are always 0.
        let live: Vec<usize> = (0..a.len()).filter(|i| single(*i) != [0, 0]).collect();
        let told: Vec<usize> = live.iter().copied().filter(|i| i < received).collect();
        for i in told.iter().step_by(told.len().div_ceil(PAIRED).max(1)) {
            for j in live.iter().filter(|j| i != *j) {
                let unequal = [a, b].map(|all| ones(all[*i].iter().zip(&all[*j]).map(|(x, y)| x ^ y)));
                if !alike(unequal) {
                    return Some(format!("{}: party {me} has bits {i} and {j}, {unequal:?} times unequal", gate.name));
                }
            }
        }
    }
    None
}

/// The streams that each party receives.
fn run_all(gate: &Composite, shares: &[Vec<[u64; 3]>], keys: &TestKeys) -> Vec<Vec<Vec<u8>>> {
    let numbers = gate.inputs[0].0.len();
    let seen = three(
        64,
        |_| keys.clone().drawn(),
        |party: &Party, executor| {
            let me = party.me();
            let givens: Vec<Given<Party>> = shares
                .iter()
                .map(|x| Given {
                    numbers: x[..numbers].iter().map(|x| number(me, *x)).collect(),
                    words: x[numbers..].iter().map(|x| word(me, 4, *x)).collect(),
                    clear: Vec::new(),
                })
                .collect();
            let gates = givens.iter().enumerate().map(|(i, given)| (gate.run)(party, executor.gate(i as u64), given));
            executor.run(join_all(gates)).map(|_| ())
        },
    );
    seen.into_iter().map(|seen| seen.received).collect()
}

/// The words of randomness that the gate asks for.
fn words(gate: &Composite) -> Vec<(Place, usize)> {
    let asked = Asked::default();
    let shares = vec![[0; 3]; gate.inputs[0].0.len() + gate.inputs[0].1.len()];
    run_all(gate, &[shares], &TestKeys { origin: Origin::Noting(Asked::clone(&asked)), slip: Slip::None });
    // There is one lane: the first word of a row or of a vector of numbers.
    let asked = asked.lock().unwrap();
    asked.iter().copied().filter(|(_, word)| word % 8 == 0).collect()
}

#[test]
fn composed_gates_look_random() {
    for gate in composites() {
        let words = words(&gate);
        assert_eq!(unfair(&gate, Slip::None, &words), None);
        // Three of its masks, left out one at a time. One may be spare: see the enumerated views.
        let places: Vec<Place> = words.iter().map(|(place, _)| *place).collect::<BTreeSet<_>>().into_iter().collect();
        let tried: Vec<bool> = places
            .iter()
            .step_by(places.len().div_ceil(3))
            .map(|place| {
                // The masks of the other holders in the same step are what a message can be held against.
                let same = words.iter().filter(|(other, _)| (other.1, other.2) == (place.1, place.2));
                let same: Vec<(Place, usize)> = same.copied().collect();
                unfair(&gate, Slip::Unmasked(*place), &same).is_some()
            })
            .collect();
        assert!(tried.iter().filter(|told| !**told).count() <= 1, "{}: {tried:?}", gate.name);
    }
}

/// A radix sort opens where rows go, in an order that nobody knows: what a party sees does not depend on whether they were in order.
#[test]
fn a_radix_sort_tells_nothing() {
    let gate = Composite {
        name: "radix_sort",
        inputs: [(&[], &[13, 6]), (&[], &[6, 13])],
        run: run!(|p, cx, given| {
            // Two rows, so that no draw is rejected, with keys of two bits; the result is the other two.
            let mut words = p.share_public_bin(&[0], 4, given.words.len());
            for (i, word) in given.words.iter().enumerate() {
                words.write(&smpc_protocols::Lanes::one(i), word);
            }
            vec![Out::Word(p.radix_sort(cx, words, 2).await)]
        }),
    };
    assert_eq!(dependent(&gate, Slip::None, &[]), None);
    // If nothing moved, it would.
    assert!(dependent(&gate, Slip::Still, &[]).is_some());
}

/// Where messages are made: each of these files has steps whose views are enumerated, and no other file sends.
#[test]
fn only_enumerated_steps_send() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut senders = BTreeSet::new();
    for folder in ["gates", "rep3"] {
        for file in std::fs::read_dir(source.join(folder)).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            if text.contains(".exchange(") || text.contains("Outgoing::new") {
                senders.insert(format!("{folder}/{}", path.file_name().unwrap().to_string_lossy()));
            }
        }
    }
    let known = [
        "rep3/convert.rs",  // bit2a, b2a
        "rep3/elements.rs", // bit2a, b2a, trunc, trunc_stochastic
        "rep3/io.rs",       // input, input of words, open, open to, broadcast (public)
        "rep3/product.rs",  // mul, dot, select
        "rep3/rows.rs",     // and, a2b, eqz
        "rep3/select.rs",   // select
        "rep3/shuffle.rs",  // shuffle: see `shuffles`
        "rep3/split.rs",    // a2b, eqz
        "rep3/summands.rs", // a2b, trunc, round
        "rep3/truncate.rs", // trunc, round, trunc_stochastic
    ];
    assert_eq!(senders.into_iter().collect::<Vec<_>>(), known);
}
