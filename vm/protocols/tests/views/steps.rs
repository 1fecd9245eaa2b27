//! R23 for `rep3` and `rep4`: on Z_2 … Z_2^3, for each step that sends, what a party receives has the same distribution for all inputs of which it may learn the same;
//! and without one of its masks, or with one used twice, it has not.
//!
//! All that a party does not know is enumerated. Of what it knows, a seeded sample is taken where all would be too many runs. Four parties draw more, and a run of theirs takes longer: so of
//! their choice by a bit over Z_2^2 seven of 32 inputs are looked at, and `trunc` works over Z_2^2. Of the mutants of the three steps that take longest a seeded one in four is tried; all of
//! them with `SMPC_VIEWS=all`, which takes a minute and a half.

use crate::everything;
use smpc_math::prf::Domain;
use smpc_protocols::conformance::data::mix;
use smpc_protocols::conformance::enumerate::{Gate, Out, Replicated, Run, places};
use smpc_protocols::conformance::slips::Slip;
use smpc_protocols::conformance::source::Drawn;
use smpc_protocols::rep3::{Arith, Bin, Rep3};
use smpc_protocols::rep4::Rep4;
use smpc_protocols::{Lanes, Protocol, Range, Shares, join};
use std::collections::BTreeSet;

/// All tuples of numbers below 2^bits of these.
fn all(bits: &[u32]) -> Vec<Vec<u64>> {
    bits.iter().fold(vec![Vec::new()], |tuples, bits| {
        let more = |tuple: &Vec<u64>| {
            let tuple = tuple.clone();
            (0..1 << bits).map(move |value| [&tuple[..], &[value]].concat())
        };
        tuples.iter().flat_map(more).collect()
    })
}

/// A gate that yields `result` of its inputs and tells nobody anything.
fn silent<P: Replicated>(
    (name, bits): (&'static str, u32),
    numbers: usize,
    words: &'static [u32],
    run: Run<P>,
    right: fn(&[u64], &[u64]) -> bool,
) -> Gate<P> {
    let widths: Vec<u32> = std::iter::repeat_n(bits, numbers).chain(words.iter().copied()).collect();
    Gate { name, bits, numbers, words, inputs: all(&widths), learns: |_, _| 0, run, right, lanes: 1, counts: |_| true }
}

macro_rules! run {
    (|$p:ident, $cx:ident, $given:ident| $body:expr) => {{
        let run: Run<P> = |$p, $cx, $given| Box::pin(async move { $body });
        run
    }};
}

/// A party supplies x; the others learn nothing.
macro_rules! input {
    ($owner:literal) => {{
        let learns: fn(usize, &[u64]) -> u64 = |me, x| if me == $owner { x[0] } else { 0 };
        let number = run!(|p, cx, given| {
            vec![Out::Number(p.input(cx, $owner, (p.me() == $owner).then_some(&given.clear[..]), 1).await)]
        });
        let word = run!(|p, cx, given| {
            vec![Out::Word(p.input_bin(cx, $owner, (p.me() == $owner).then_some(&given.clear[..]), 3, 1).await)]
        });
        (learns, number, word)
    }};
}

/// All steps that send, each as the gate that consists of it (and, for a few, of local work besides), over rings of up to `widest` bits.
fn steps<P: Replicated>(widest: u32) -> Vec<Gate<P>> {
    let mut steps: Vec<Gate<P>> = Vec::new();
    let owners = [input!(0), input!(1), input!(2), input!(3)];
    for (learns, number, word) in owners.into_iter().take(P::PARTIES) {
        for bits in 1..=widest {
            let inputs = all(&[bits]);
            steps.push(Gate { learns, inputs, ..silent(("input", bits), 0, &[], number, |x, z| x == z) });
        }
        steps.push(Gate { learns, inputs: all(&[3]), ..silent(("input of words", 1), 0, &[], word, |x, z| x == z) });
    }
    for bits in 1..=widest {
        // x + y is opened: nothing but the sum is told.
        steps.push(Gate {
            name: "open",
            learns: match bits {
                1 => |_, x| (x[0] + x[1]) & 1,
                2 => |_, x| (x[0] + x[1]) & 3,
                _ => |_, x| (x[0] + x[1]) & 7,
            },
            right: |x, z| (x[0] + x[1]) % 2 == z[0] % 2,
            run: run!(|p, cx, given| {
                let sum = p.add(&given.numbers[0], &given.numbers[1]);
                vec![Out::Open(Some(p.open(cx, &sum).await))]
            }),
            ..silent(("open", bits), 2, &[], run!(|_p, _cx, _given| Vec::new()), |_, _| true)
        });
    }
    steps.push(Gate {
        learns: |me, x| if me == 1 { (x[0] + x[1]) & 3 } else { 0 },
        run: run!(|p, cx, given| {
            let sum = p.add(&given.numbers[0], &given.numbers[1]);
            vec![Out::Open(p.open_to(cx, &sum, &[1]).await)]
        }),
        ..silent(("open to one", 2), 2, &[], run!(|_p, _cx, _given| Vec::new()), |_, _| true)
    });
    steps.push(Gate {
        learns: |me, x| if [2, 0].contains(&me) { x[0] ^ x[1] } else { 0 },
        run: run!(|p, cx, given| {
            let sum = p.xor(&given.words[0], &given.words[1]);
            vec![Out::Open(p.open_bin_to(cx, &sum, &[2, 0]).await)]
        }),
        ..silent(("open words to two", 1), 0, &[2, 2], run!(|_p, _cx, _given| Vec::new()), |_, _| true)
    });
    for bits in 1..=widest {
        steps.push(silent(
            ("mul", bits),
            2,
            &[],
            run!(|p, cx, given| vec![Out::Number(p.mul(cx, &given.numbers[0], &given.numbers[1]).await)]),
            |x, z| (x[0] * x[1]) % 2 == z[0] % 2,
        ));
    }
    // A product that is opened tells the product and no more.
    steps.push(Gate {
        learns: |_, x| (x[0] * x[1]) & 3,
        ..silent(
            ("mul and open", 2),
            2,
            &[],
            run!(|p, cx, given| {
                let z = p.mul(cx.sub(0, 2), &given.numbers[0], &given.numbers[1]).await;
                vec![Out::Open(Some(p.open(cx.sub(1, 2), &z).await))]
            }),
            |x, z| (x[0] * x[1]) & 3 == z[0] & 3,
        )
    });
    steps.push(silent(
        ("dot", 1),
        4,
        &[],
        run!(|p, cx, given| {
            let [a, b, c, d] = &given.numbers[..] else { return Vec::new() };
            let pair = |x: &P::Arith, y: &P::Arith| {
                let mut both = p.share_public(&[0], 2);
                both.write(&Lanes::one(0), x);
                both.write(&Lanes::one(1), y);
                both
            };
            vec![Out::Number(p.dot(cx, &pair(a, b), &pair(c, d), 2).await)]
        }),
        |x, z| (x[0] * x[2] + x[1] * x[3]) & 1 == z[0] & 1,
    ));
    steps.push(silent(
        ("and", 1),
        0,
        &[2, 2],
        run!(|p, cx, given| vec![Out::Word(p.and(cx, &given.words[0], &given.words[1]).await)]),
        |x, z| x[0] & x[1] == z[0],
    ));
    for (bits, width) in [(1, 1), (2, 1), (3, 1), (3, 2)] {
        // One bit of x: the split alone; of two bits, an AND besides.
        let run = match width {
            1 => run!(|p, cx, given| vec![Out::Word(p.a2b(cx, &given.numbers[0], 1).await)]),
            _ => run!(|p, cx, given| vec![Out::Word(p.a2b(cx, &given.numbers[0], 2).await)]),
        };
        steps.push(silent(("a2b", bits), 1, &[], run, |x, z| x[0] % 2 == z[0] % 2));
    }
    for bits in 1..=widest {
        steps.push(silent(
            ("eqz", bits),
            1,
            &[],
            match bits {
                1 => run!(|p, cx, given| vec![Out::Word(p.eqz(cx, &given.numbers[0], 1).await)]),
                2 => run!(|p, cx, given| vec![Out::Word(p.eqz(cx, &given.numbers[0], 2).await)]),
                _ => run!(|p, cx, given| vec![Out::Word(p.eqz(cx, &given.numbers[0], 3).await)]),
            },
            |x, z| u64::from(x[0] == 0) == z[0],
        ));
    }
    for bits in 1..=widest {
        steps.push(silent(
            ("bit2a", bits),
            0,
            &[1],
            run!(|p, cx, given| vec![Out::Number(p.b2a(cx, &given.words[0], false).await)]),
            |x, z| x[0] % 2 == z[0] % 2,
        ));
    }
    steps.push(silent(
        ("b2a", 3),
        0,
        &[2],
        run!(|p, cx, given| vec![Out::Number(p.b2a(cx, &given.words[0], true).await)]),
        |x, z| (x[0] ^ 2).wrapping_sub(2) & 7 == z[0] & 7,
    ));
    for bits in 1..widest {
        let mut select = silent(
            ("select", bits),
            2,
            &[1],
            run!(|p, cx, given| {
                let [a, b] = &given.numbers[..] else { return Vec::new() };
                vec![Out::Number(p.select(cx, &given.words[0], a, b).await)]
            }),
            |x, z| z[0] % 2 == x[usize::from(x[2] == 0)] % 2,
        );
        if P::PARTIES == 4 && bits > 1 {
            // Each bit of them is both 0 and 1.
            select.inputs = select.inputs.into_iter().step_by(5).collect();
        }
        steps.push(select);
    }
    // x in 0..4 over Z_2^3, so that there is room above; where four parties draw too much for that, 0..2 over Z_2^2. Rounding is the same with a number added.
    let exact: &[_] = if P::PARTIES == 3 {
        &[
            ("trunc", 3, run!(|p, cx, x| vec![Out::Number(p.trunc(cx, &x.numbers[0], 1, Range::new(0, 3)).await)])),
            ("round", 3, run!(|p, cx, x| vec![Out::Number(p.round(cx, &x.numbers[0], 1, Range::new(0, 2)).await)])),
        ]
    } else {
        &[("trunc", 2, run!(|p, cx, x| vec![Out::Number(p.trunc(cx, &x.numbers[0], 1, Range::new(0, 1)).await)]))]
    };
    let stochastic: Run<P> =
        run!(|p, cx, x| vec![Out::Number(p.trunc_stochastic(cx, &x.numbers[0], 1, Range::new(0, 2)).await)]);
    for (name, bits, run) in exact.iter().chain(&[("trunc_stochastic", 3, stochastic)]).copied() {
        let numbers = if name == "trunc" { 0..1 << (bits - 1) } else { 0..3 };
        let right: fn(&[u64], &[u64]) -> bool = match name {
            "trunc" => |x, z| z[0] == x[0] >> 1,
            "round" => |x, z| z[0] == x[0].div_ceil(2),
            _ => |x, z| [x[0] >> 1, x[0].div_ceil(2)].contains(&z[0]),
        };
        let inputs = numbers.map(|x| vec![x]).collect();
        steps.push(Gate { inputs, ..silent((name, bits), 1, &[], run, right) });
    }
    steps
}

/// The first lanes of the blocks of the three dealers of a split; a vector of three blocks, the last of one lane.
const DEALT: [usize; 3] = [0, 512, 1024];
const SPREAD: usize = 1025;
/// Runs a party spends on each of these gates.
const DEALT_BUDGET: usize = 4_000;

/// Words of one bit in the first lanes of three dealers' blocks.
fn spread(p: &Rep3<Drawn>, words: &[Bin]) -> Bin {
    let mut all = p.share_public_bin(&[0], 1, SPREAD);
    DEALT.iter().zip(words).for_each(|(lane, word)| all.write(&Lanes::one(*lane), word));
    all
}

/// The same for numbers.
fn spread_numbers(p: &Rep3<Drawn>, numbers: &[Arith]) -> Arith {
    let mut all = p.share_public(&[0], SPREAD);
    DEALT.iter().zip(numbers).for_each(|(lane, number)| all.write(&Lanes::one(*lane), number));
    all
}

/// Steps of `rep3` in which every party deals to its neighbour, takes and helps, all at once.
fn steps_of_three_dealers() -> Vec<Gate<Rep3<Drawn>>> {
    type P = Rep3<Drawn>;
    // Numbers and rows of bits: in both, a word of the mask to each of the lanes.
    let three = |gate: Gate<P>| Gate { lanes: SPREAD, counts: |word| word.is_multiple_of(512), ..gate };
    let rows = |gate: Gate<P>| Gate { lanes: SPREAD, counts: |word| word.is_multiple_of(8), ..gate };
    vec![
        three(silent(
            ("bit2a", 2),
            0,
            &[1, 1, 1],
            run!(|p, cx, given| {
                let z = p.b2a(cx, &spread(p, &given.words), false).await;
                DEALT.iter().map(|lane| Out::Number(z.read(&Lanes::one(*lane)))).collect()
            }),
            |x, z| x == z,
        )),
        three(silent(
            ("select", 1),
            3,
            &[1, 1, 1],
            run!(|p, cx, given| {
                let numbers = spread_numbers(p, &given.numbers);
                let zero = p.share_public(&[0], SPREAD);
                let z = p.select(cx, &spread(p, &given.words), &numbers, &zero).await;
                DEALT.iter().map(|lane| Out::Number(z.read(&Lanes::one(*lane)))).collect()
            }),
            |x, z| (0..3).all(|i| z[i] == x[i] * x[i + 3]),
        )),
        rows(silent(
            ("a2b", 1),
            3,
            &[],
            run!(|p, cx, given| {
                let z = p.a2b(cx, &spread_numbers(p, &given.numbers), 1).await;
                DEALT.iter().map(|lane| Out::Word(z.read(&Lanes::one(*lane)))).collect()
            }),
            |x, z| x == z,
        )),
        rows(silent(
            ("a2b", 2),
            3,
            &[],
            run!(|p, cx, given| {
                let z = p.a2b(cx, &spread_numbers(p, &given.numbers), 2).await;
                DEALT.iter().map(|lane| Out::Word(z.read(&Lanes::one(*lane)))).collect()
            }),
            |x, z| x == z,
        )),
    ]
}

#[test]
fn three_dealers_at_once_tell_no_more() {
    for mut gate in steps_of_three_dealers() {
        // Some of the inputs, so that each bit of them is both 0 and 1.
        gate.inputs = gate.inputs.into_iter().step_by(7).take(8).collect();
        let tape = gate.tape();
        gate.reveals_nothing(&tape, Slip::None, DEALT_BUDGET).unwrap();
        // All parties do the same, and steps are alike: one mask stands for all.
        let place = places(&tape).into_iter().find(|place| place.0 == 1).unwrap();
        assert!(
            gate.reveals_nothing(&tape, Slip::Unmasked(place), DEALT_BUDGET).is_err(),
            "{} without its mask {place:?}",
            gate.name
        );
    }
}

/// Every step tells no more than its result, with about as many runs a party as is said first; and with as many as is said then, it tells more without any one of its masks, or if
/// two of them under one key are the same, but for those that a protocol says are spare: what they hide is always the same. Of steps that take `long`, the mutants that [`tried`] says. How many
/// mutants there were.
fn each_step_tells_its_result_and_needs_its_masks<P: Replicated>(
    widest: u32,
    (budget, slip_budget): (usize, usize),
    spare: fn(&Gate<P>, Slip) -> bool,
    long: fn(&Gate<P>) -> bool,
) -> [usize; 2] {
    let (mut wrong, mut mutants, mut number) = (Vec::new(), [0; 2], 0);
    for gate in steps::<P>(widest) {
        let tape = gate.tape();
        gate.reveals_nothing(&tape, Slip::None, budget).unwrap();
        let places = places(&tape);
        // What is opened is masked by what the others hold.
        assert_eq!(places.is_empty(), gate.name.starts_with("open"), "{}", gate.name);
        for (i, place) in places.iter().enumerate() {
            let like = places[..i].iter().filter(|other| (other.0, other.1) == (place.0, place.1));
            let reused = like.map(|other| Slip::Reused(*place, other.2));
            for slip in std::iter::once(Slip::Unmasked(*place)).chain(reused) {
                number += 1;
                if long(&gate) && !tried(number) {
                    continue;
                }
                mutants[usize::from(matches!(slip, Slip::Reused(..)))] += 1;
                if gate.reveals_nothing(&tape, slip, slip_budget).is_err() == spare(&gate, slip) {
                    wrong.push(format!("{} over {} bits, {slip:?}", gate.name, gate.bits));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    mutants
}

/// Of the mutants of a step that takes long: one in four, seeded.
fn tried(number: u64) -> bool {
    everything() || mix(number).is_multiple_of(4)
}

/// Two turns of a loop that had the same gate instance, and so the same masks, would tell.
fn two_gates_of_one_instance_tell<P: Replicated>() {
    let twice = |run: Run<P>| silent(("mul twice", 1), 4, &[], run, |_, _| true);
    let apart = run!(|p, cx, given| {
        let [a, b, c, d] = &given.numbers[..] else { return Vec::new() };
        let (x, y) = join(p.mul(cx.sub(0, 2), a, b), p.mul(cx.sub(1, 2), c, d)).await;
        vec![Out::Number(x), Out::Number(y)]
    });
    let same = run!(|p, cx, given| {
        let [a, b, c, d] = &given.numbers[..] else { return Vec::new() };
        let (x, y) = join(p.mul(cx, a, b), p.mul(cx, c, d)).await;
        vec![Out::Number(x), Out::Number(y)]
    });
    let (apart, same) = (twice(apart), twice(same));
    apart.reveals_nothing(&apart.tape(), Slip::None, 1000).unwrap();
    same.reveals_nothing(&same.tape(), Slip::None, 1000).unwrap_err();
}

#[test]
fn each_step_of_rep3_tells_its_result_and_needs_its_masks() {
    // 2uv modulo 2 is 0.
    let spare = |gate: &Gate<_>, slip| {
        let (Slip::Unmasked(place) | Slip::Reused(place, _)) = slip else { return false };
        gate.name == "bit2a" && gate.bits == 1 && place.0 != 0
    };
    let mutants = each_step_tells_its_result_and_needs_its_masks::<Rep3<Drawn>>(3, (8_000, 1_500), spare, |_| false);
    assert_eq!(mutants, [91, 19], "without a mask, and with one used twice");
    two_gates_of_one_instance_tell::<Rep3<Drawn>>();
}

#[test]
fn each_step_of_rep4_tells_its_result_and_needs_its_masks() {
    let spare = |gate: &Gate<_>, slip| match (gate.name, gate.bits, slip) {
        // So it is here, in the second round.
        ("bit2a", 1, Slip::Unmasked(place) | Slip::Reused(place, _)) => place.1 == Domain::Arith,
        // A number of two bits, halved, is minus its sign. With three bits, in `trunc_stochastic`, the two need masks of their own.
        ("trunc", 2, Slip::Reused(place, other)) => place.1 == Domain::Input && place.2 == other + 2,
        _ => false,
    };
    let long = |gate: &Gate<_>| matches!((gate.name, gate.bits), ("eqz", 3) | ("select", 2) | ("trunc", _));
    let mutants = each_step_tells_its_result_and_needs_its_masks::<Rep4<Drawn>>(3, (400, 16_000), spare, long);
    let all = if everything() { [174, 66] } else { [146, 44] };
    assert_eq!(mutants, all, "without a mask, and with one used twice");
    two_gates_of_one_instance_tell::<Rep4<Drawn>>();
}

/// Where messages of `rep4` are made: no other file of it sends but those of joint messages, and of inputs and openings.
#[test]
fn only_enumerated_steps_of_rep4_send() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rep4");
    let sends = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        text.contains(".exchange(") || text.contains("Outgoing::new")
    };
    let files = std::fs::read_dir(source).unwrap().map(|file| file.unwrap().path()).filter(sends);
    let senders: BTreeSet<String> =
        files.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(senders.into_iter().collect::<Vec<_>>(), ["io.rs", "joint.rs"]);
}
