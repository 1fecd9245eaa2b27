//! R23: on Z_2 … Z_2^3, for each step that sends, what a party receives has the same distribution for all inputs of which it may learn the same; and
//! without one of its masks, or with one used twice, it has not.

use crate::enumerate::{Gate, Given, Out, Party, Run, Running};
use crate::keys::{Place, Slip};
use smpc_protocols::rep3::{Arith, Bin};
use smpc_protocols::{Cx, Lanes, Protocol, Range, Shares, join};

/// Runs a party spends on a gate, and on a gate with a slip.
const BUDGET: usize = 8_000;
const SLIP_BUDGET: usize = 1_500;

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
fn silent(
    (name, bits): (&'static str, u32),
    numbers: usize,
    words: &'static [u32],
    run: Run,
    right: fn(&[u64], &[u64]) -> bool,
) -> Gate {
    let widths: Vec<u32> = std::iter::repeat_n(bits, numbers).chain(words.iter().copied()).collect();
    Gate { name, bits, numbers, words, inputs: all(&widths), learns: |_, _| 0, run, right, lanes: 1, counts: |_| true }
}

macro_rules! run {
    (|$p:ident, $cx:ident, $given:ident| $body:expr) => {{
        fn run<'a>($p: &'a Party<'a>, $cx: Cx<'a>, $given: &'a Given) -> Running<'a> {
            Box::pin(async move { $body })
        }
        run as Run
    }};
}

/// All steps that send, each as the gate that consists of it (and, for a few, of local work besides).
fn steps() -> Vec<Gate> {
    let mut steps = Vec::new();
    for bits in 1..=3 {
        // A party supplies x; its neighbours learn nothing.
        for (owner, run) in [
            run!(|p, cx, given| vec![Out::Number(p.input(cx, 0, (p.me() == 0).then_some(&given.clear[..]), 1).await)]),
            run!(|p, cx, given| vec![Out::Number(p.input(cx, 1, (p.me() == 1).then_some(&given.clear[..]), 1).await)]),
            run!(|p, cx, given| vec![Out::Number(p.input(cx, 2, (p.me() == 2).then_some(&given.clear[..]), 1).await)]),
        ]
        .into_iter()
        .enumerate()
        {
            let learns: fn(usize, &[u64]) -> u64 = match owner {
                0 => |me, x| if me == 0 { x[0] } else { 0 },
                1 => |me, x| if me == 1 { x[0] } else { 0 },
                _ => |me, x| if me == 2 { x[0] } else { 0 },
            };
            let right = |x: &[u64], z: &[u64]| x == z;
            steps.push(Gate {
                name: "input",
                bits,
                numbers: 0,
                words: &[],
                inputs: all(&[bits]),
                learns,
                run,
                right,
                lanes: 1,
                counts: |_| true,
            });
        }
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
        learns: |me, x| if me != 1 { x[0] ^ x[1] } else { 0 },
        run: run!(|p, cx, given| {
            let sum = p.xor(&given.words[0], &given.words[1]);
            vec![Out::Open(p.open_bin_to(cx, &sum, &[2, 0]).await)]
        }),
        ..silent(("open words to two", 1), 0, &[2, 2], run!(|_p, _cx, _given| Vec::new()), |_, _| true)
    });
    steps.push(Gate {
        name: "input of words",
        bits: 1,
        numbers: 0,
        words: &[],
        inputs: all(&[3]),
        learns: |me, x| if me == 1 { x[0] } else { 0 },
        run: run!(|p, cx, given| {
            vec![Out::Word(p.input_bin(cx, 1, (p.me() == 1).then_some(&given.clear[..]), 3, 1).await)]
        }),
        right: |x, z| x == z,
        lanes: 1,
        counts: |_| true,
    });
    for bits in 1..=3 {
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
            let pair = |x: &Arith, y: &Arith| {
                let [xs, ys] = [x.components(), y.components()];
                Arith::of_components([[xs[0], ys[0]].concat(), [xs[1], ys[1]].concat()])
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
    for bits in [1, 2, 3] {
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
    for bits in [1, 2, 3] {
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
    for bits in 1..=2 {
        steps.push(silent(
            ("select", bits),
            2,
            &[1],
            run!(|p, cx, given| {
                let [a, b] = &given.numbers[..] else { return Vec::new() };
                vec![Out::Number(p.select(cx, &given.words[0], a, b).await)]
            }),
            |x, z| z[0] % 2 == x[usize::from(x[2] == 0)] % 2,
        ));
    }
    // x in 0..4 over Z_2^3, so that there is room above.
    for (name, run) in [
        ("trunc", run!(|p, cx, given| vec![Out::Number(p.trunc(cx, &given.numbers[0], 1, Range::new(0, 3)).await)])),
        ("round", run!(|p, cx, given| vec![Out::Number(p.round(cx, &given.numbers[0], 1, Range::new(0, 2)).await)])),
        (
            "trunc_stochastic",
            run!(|p, cx, given| {
                vec![Out::Number(p.trunc_stochastic(cx, &given.numbers[0], 1, Range::new(0, 2)).await)]
            }),
        ),
    ] {
        let numbers = if name == "trunc" { 0..4 } else { 0..3 };
        let right: fn(&[u64], &[u64]) -> bool = match name {
            "trunc" => |x, z| z[0] == x[0] >> 1,
            "round" => |x, z| z[0] == x[0].div_ceil(2),
            _ => |x, z| [x[0] >> 1, x[0].div_ceil(2)].contains(&z[0]),
        };
        let inputs = numbers.map(|x| vec![x]).collect();
        steps.push(Gate { inputs, ..silent((name, 3), 1, &[], run, right) });
    }
    steps
}

/// The first lanes of the blocks of the three dealers of a split; a vector of three blocks, the last of one lane.
const DEALT: [usize; 3] = [0, 512, 1024];
const SPREAD: usize = 1025;

/// Words of one bit in the first lanes of three dealers' blocks.
fn spread(p: &Party<'_>, words: &[Bin]) -> Bin {
    let mut all = p.share_public_bin(&[0], 1, SPREAD);
    DEALT.iter().zip(words).for_each(|(lane, word)| all.write(&Lanes::one(*lane), word));
    all
}

/// The same for numbers.
fn spread_numbers(p: &Party<'_>, numbers: &[Arith]) -> Arith {
    let mut all = p.share_public(&[0], SPREAD);
    DEALT.iter().zip(numbers).for_each(|(lane, number)| all.write(&Lanes::one(*lane), number));
    all
}

/// Steps in which every party deals to its neighbour, takes and helps, all at once.
fn steps_of_three_dealers() -> Vec<Gate> {
    // Numbers and rows of bits: in both, a word of the mask to each of the lanes.
    let three = |gate: Gate| Gate { lanes: SPREAD, counts: |word| word.is_multiple_of(512), ..gate };
    let rows = |gate: Gate| Gate { lanes: SPREAD, counts: |word| word.is_multiple_of(8), ..gate };
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
fn no_step_tells_more_than_its_result() {
    for gate in steps() {
        gate.reveals_nothing(Slip::None, BUDGET).unwrap();
    }
}

#[test]
fn three_dealers_at_once_tell_no_more() {
    for mut gate in steps_of_three_dealers() {
        // Some of the inputs, so that each bit of them is both 0 and 1.
        gate.inputs = gate.inputs.into_iter().step_by(7).take(8).collect();
        gate.reveals_nothing(Slip::None, 0).unwrap();
        // All parties do the same, and steps are alike: one mask stands for all.
        let place = gate.places().into_iter().find(|place| place.0 == 1).unwrap();
        assert!(gate.reveals_nothing(Slip::Unmasked(place), 0).is_err(), "{} without its mask {place:?}", gate.name);
    }
}

/// Masks that hide nothing, because what they mask is always 0.
fn spare(gate: &Gate, (component, _, _): Place) -> bool {
    match gate.name {
        // 2uv modulo 2.
        "bit2a" => gate.bits == 1 && component != 0,
        _ => false,
    }
}

/// Every mask of every step is needed.
#[test]
fn a_missing_mask_tells() {
    for gate in steps() {
        for place in gate.places() {
            let told = gate.reveals_nothing(Slip::Unmasked(place), SLIP_BUDGET).is_err();
            assert_eq!(told, !spare(&gate, place), "{} over {} bits, mask {place:?}", gate.name, gate.bits);
        }
    }
}

/// No two masks of a step under one key may be the same.
#[test]
fn a_mask_used_twice_tells() {
    for gate in steps() {
        let places = gate.places();
        for (i, place) in places.iter().enumerate() {
            for other in places[..i].iter().filter(|other| (other.0, other.1) == (place.0, place.1)) {
                let found = gate.reveals_nothing(Slip::Reused(*place, other.2), SLIP_BUDGET);
                assert!(found.is_err(), "{} over {} bits, mask {other:?} at {place:?}", gate.name, gate.bits);
            }
        }
    }
}

/// Two turns of a loop that had the same gate instance, and so the same masks, would tell.
#[test]
fn two_gates_of_one_instance_tell() {
    let twice = |run: Run| silent(("mul twice", 1), 4, &[], run, |_, _| true);
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
    twice(apart).reveals_nothing(Slip::None, BUDGET).unwrap();
    twice(same).reveals_nothing(Slip::None, SLIP_BUDGET).unwrap_err();
}
