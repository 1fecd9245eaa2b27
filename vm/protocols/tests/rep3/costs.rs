//! Rounds and bits of each gate, counted dry. A change of this table is a change of a construction. `src/rep3/costs.md`, which the module's documentation shows,
//! is written from it: `BLESS=1 cargo test -p smpc-protocols --test rep3`.

use smpc_math::circuits::{less_signed, netlist};
use smpc_protocols::keys::Keys;
use smpc_protocols::rep3::{Arith, Bin, Rep3};
use smpc_protocols::{Executor, Protocol, Range, Stats};
use std::future::Future;
use std::pin::Pin;

type Party = Rep3<Keys>;
type Done<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;
/// A gate at a width and a number of lanes.
type Run = for<'a> fn(&'a Party, &'a Executor, u32, usize) -> Done<'a>;

macro_rules! run {
    (|$p:ident, $e:ident, $width:ident, $lanes:ident| $body:expr) => {{
        fn run<'a>($p: &'a Party, $e: &'a Executor, $width: u32, $lanes: usize) -> Done<'a> {
            Box::pin(async move {
                let _ = ($width, $lanes);
                let _ = $body;
            })
        }
        run as Run
    }};
}

/// Lanes of which every role has a third, in whole blocks.
const LANES: usize = 3 * 512;

fn signed(width: u32) -> Range {
    Range::new(i64::MIN >> (64 - width), i64::MAX >> (64 - width))
}

/// What a gate costs: rounds; payload bits a lane of all parties together, where every role has lanes; bytes of all parties together for one
/// lane, headers included.
type Cost = (u64, u64, u64);

fn count(run: Run, width: u32, lanes: usize) -> (u64, u64) {
    let stats: Vec<Stats> = (0..3)
        .map(|me| {
            let (p, e) = (Rep3::dry(me), Executor::dry(me, 3));
            e.run(run(&p, &e, width, lanes)).unwrap();
            e.stats()
        })
        .collect();
    for (me, own) in stats.iter().enumerate() {
        assert_eq!(own.rounds, stats[0].rounds);
        assert!((0..3).all(|peer| own.sent[peer] == stats[peer].received[me]));
    }
    (stats[0].rounds, stats.iter().flat_map(|s| &s.sent).sum())
}

/// A gate, what it does, and what it costs at which width.
type Entry = (&'static str, Run, Vec<(u32, Cost)>);

/// For bits a lane and party, divide by three.
fn table() -> Vec<Entry> {
    vec![
        ("input", run!(|p, e, width, lanes| p.input(e.gate(0), 1, None, lanes).await), vec![(64, (1, 64, 36))]),
        (
            "input_bin",
            run!(|p, e, width, lanes| p.input_bin(e.gate(0), 1, None, width, lanes).await),
            vec![(1, (1, 1, 29)), (64, (1, 64, 92))],
        ),
        (
            "broadcast",
            run!(|p, e, width, lanes| p.broadcast(e.gate(0), 1, None, lanes).await),
            vec![(64, (1, 128, 72))],
        ),
        ("open", run!(|p, e, width, lanes| p.open(e.gate(0), &number(p, lanes)).await), vec![(64, (1, 192, 108))]),
        (
            "open_to",
            run!(|p, e, width, lanes| p.open_to(e.gate(0), &number(p, lanes), &[2]).await),
            vec![(64, (1, 64, 36))],
        ),
        (
            "open_bin",
            run!(|p, e, width, lanes| p.open_bin(e.gate(0), &word(p, width, lanes)).await),
            vec![(1, (1, 3, 87)), (64, (1, 192, 276))],
        ),
        (
            "open_bin_to",
            run!(|p, e, width, lanes| p.open_bin_to(e.gate(0), &word(p, width, lanes), &[0]).await),
            vec![(1, (1, 1, 29)), (64, (1, 64, 92))],
        ),
        (
            "mul",
            run!(|p, e, width, lanes| p.mul(e.gate(0), &number(p, lanes), &number(p, lanes)).await),
            vec![(64, (1, 192, 108))],
        ),
        (
            "dot",
            run!(|p, e, width, lanes| p.dot(e.gate(0), &number(p, 9 * lanes), &number(p, 9 * lanes), 9).await),
            vec![(64, (1, 192, 108))],
        ),
        (
            "matmul",
            run!(|p, e, width, lanes| { p.matmul(e.gate(0), &number(p, 9 * lanes), &number(p, 9), lanes, 9, 1).await }),
            vec![(64, (1, 192, 108))],
        ),
        (
            "and",
            run!(|p, e, width, lanes| p.and(e.gate(0), &word(p, width, lanes), &word(p, width, lanes)).await),
            vec![(1, (1, 3, 87)), (64, (1, 192, 276))],
        ),
        ("random_bin", run!(|p, e, width, lanes| p.random_bin(e.gate(0), width, lanes).await), vec![(64, (0, 0, 0))]),
        (
            "a2b",
            run!(|p, e, width, lanes| p.a2b(e.gate(0), &number(p, lanes), width).await),
            vec![(1, (1, 1, 29)), (2, (2, 4, 88)), (32, (7, 454, 1042)), (64, (8, 1120, 1792))],
        ),
        (
            "b2a",
            run!(|p, e, width, lanes| p.b2a(e.gate(0), &word(p, width, lanes), true).await),
            vec![(1, (2, 192, 108)), (2, (2, 256, 116)), (32, (2, 2176, 356)), (64, (2, 2880, 444))],
        ),
        (
            "ltz",
            run!(|p, e, width, lanes| p.ltz(e.gate(0), &number(p, lanes), width).await),
            vec![
                (1, (1, 1, 29)),
                (2, (2, 4, 88)),
                (16, (6, 118, 622)),
                (32, (7, 259, 847)),
                (33, (7, 268, 856)),
                (63, (8, 535, 1207)),
                (64, (8, 544, 1216)),
            ],
        ),
        (
            "eqz",
            run!(|p, e, width, lanes| p.eqz(e.gate(0), &number(p, lanes), width).await),
            vec![(1, (1, 1, 29)), (2, (2, 5, 117)), (32, (6, 125, 573)), (64, (7, 253, 785))],
        ),
        (
            "lt",
            run!(|p, e, width, lanes| {
                p.lt(e.gate(0), &number(p, lanes), &number(p, lanes), signed(width), signed(width)).await
            }),
            vec![(32, (7, 268, 856)), (62, (8, 535, 1207)), (63, (8, 544, 1216)), (64, (9, 1635, 2391))],
        ),
        (
            "eq",
            run!(|p, e, width, lanes| {
                p.eq(e.gate(0), &number(p, lanes), &number(p, lanes), signed(width), signed(width)).await
            }),
            vec![(32, (7, 129, 661)), (63, (7, 253, 785)), (64, (7, 253, 785))],
        ),
        (
            "select",
            run!(|p, e, width, lanes| {
                p.select(e.gate(0), &word(p, 1, lanes), &number(p, lanes), &number(p, lanes)).await
            }),
            vec![(64, (2, 320, 152))],
        ),
        (
            "select_bin",
            run!(|p, e, width, lanes| {
                p.select_bin(e.gate(0), &word(p, 1, lanes), &word(p, width, lanes), &word(p, width, lanes)).await
            }),
            vec![(1, (1, 3, 87)), (64, (1, 192, 276))],
        ),
        (
            "eq_bin",
            run!(|p, e, width, lanes| p.eq_bin(e.gate(0), &word(p, width, lanes), &word(p, width, lanes)).await),
            vec![(1, (0, 0, 0)), (64, (6, 189, 693)), (512, (9, 1533, 2289))],
        ),
        (
            "netlist (less, signed)",
            run!(|p, e, width, lanes| {
                let circuit = netlist(&[width, width], |c, words| vec![less_signed(c, &words[0], &words[1])]);
                p.netlist(e.gate(0), &circuit.levelled(), &[&word(p, 2 * width, lanes)]).await
            }),
            vec![(32, (6, 267, 771)), (64, (7, 552, 1140))],
        ),
        // By how many bits, of values below 2^60.
        (
            "trunc",
            run!(|p, e, width, lanes| p.trunc(e.gate(0), &number(p, lanes), width, signed(61)).await),
            vec![(1, (4, 267, 204)), (16, (8, 398, 748)), (32, (9, 555, 975)), (61, (10, 845, 1321))],
        ),
        (
            "round",
            run!(|p, e, width, lanes| p.round(e.gate(0), &number(p, lanes), width, signed(61)).await),
            vec![(1, (4, 267, 204)), (16, (8, 398, 748)), (32, (9, 555, 975))],
        ),
        (
            "round (full range)",
            run!(|p, e, width, lanes| p.round(e.gate(0), &number(p, lanes), width, signed(64)).await),
            vec![(1, (10, 4056, 2243)), (16, (10, 3872, 2220)), (63, (10, 1376, 1908))],
        ),
        (
            "trunc_stochastic",
            run!(|p, e, width, lanes| p.trunc_stochastic(e.gate(0), &number(p, lanes), width, signed(61)).await),
            vec![(1, (2, 88, 95)), (16, (2, 112, 98)), (32, (2, 160, 104))],
        ),
        (
            "div_rem",
            run!(|p, e, width, lanes| {
                p.div_rem(e.gate(0), &number(p, lanes), &number(p, lanes), signed(width), signed(width)).await
            }),
            vec![(16, (114, 5856, 14116)), (32, (245, 22289, 40685)), (64, (536, 92450, 134702))],
        ),
        (
            "div_rem_public",
            run!(|p, e, width, lanes| p.div_rem_public(e.gate(0), &number(p, lanes), &[10], signed(width)).await),
            vec![(32, (31, 1935, 2880)), (64, (279, 8014, 28846))],
        ),
        (
            "fix_div (16)",
            run!(|p, e, width, lanes| {
                p.fix_div(e.gate(0), &number(p, lanes), &number(p, lanes), signed(width), signed(width), 16).await
            }),
            vec![(32, (371, 33313, 62013))],
        ),
        (
            "fix_div_public (16)",
            run!(|p, e, width, lanes| p.fix_div_public(e.gate(0), &number(p, lanes), &[10], signed(width), 16).await),
            vec![(16, (50, 2357, 4268)), (32, (53, 2516, 4658))],
        ),
        (
            "sqrt (0)",
            run!(|p, e, width, lanes| p.sqrt(e.gate(0), &number(p, lanes), signed(width), 0).await),
            vec![(32, (93, 3905, 10569)), (64, (194, 12613, 26893))],
        ),
        (
            "sqrt (16)",
            run!(|p, e, width, lanes| p.sqrt(e.gate(0), &number(p, lanes), signed(width), 16).await),
            vec![(32, (141, 7087, 17335)), (64, (250, 18227, 36987))],
        ),
        (
            "shuffle (told)",
            run!(|p, e, width, lanes| p.shuffle(e.gate(0), 0, &number(p, lanes), &[], &[]).await),
            vec![(64, (2, 384, 216))],
        ),
        (
            "shuffle (told, and a number)",
            run!(|p, e, width, lanes| p.shuffle(e.gate(0), 0, &number(p, lanes), &[number(p, lanes)], &[]).await),
            vec![(64, (2, 640, 248))],
        ),
        (
            "shuffle (told, and a word)",
            run!(|p, e, width, lanes| p.shuffle(e.gate(0), 0, &number(p, lanes), &[], &[word(p, width, lanes)]).await),
            vec![(8, (2, 416, 220)), (40, (2, 544, 236))],
        ),
        (
            "radix_sort (and a word of 17 bits)",
            run!(|p, e, width, lanes| p.radix_sort(e.gate(0), word(p, width + 17, lanes), width).await),
            vec![(2, (6, 675, 507)), (64, (192, 25312, 16688))],
        ),
        // Pairs, one column of keys.
        (
            "merge_layer (pairs)",
            run!(|p, e, width, lanes| {
                let mut table = number(p, 2 * lanes);
                p.merge_layer(e.gate(0), &mut table, 1, lanes, lanes, signed(width)).await
            }),
            vec![(32, (9, 588, 1008)), (63, (10, 864, 1368))],
        ),
    ]
}

fn number(p: &Party, lanes: usize) -> Arith {
    p.share_public(&[0], lanes)
}

fn word(p: &Party, width: u32, lanes: usize) -> Bin {
    p.share_public_bin(&[0], width, lanes)
}

#[test]
fn gates_cost_what_they_say() {
    let mut wrong = Vec::new();
    for (name, run, rows) in table() {
        assert!(!rows.is_empty());
        for (width, cost) in rows {
            let (rounds, bytes) = count(run, width, LANES);
            let (_, bytes_of_two) = count(run, width, 2 * LANES);
            let (rounds_of_one, bytes_of_one) = count(run, width, 1);
            assert_eq!(rounds, rounds_of_one, "{name} {width}");
            // The same frames twice as long: what is left is payload.
            let found = (rounds, (bytes_of_two - bytes) * 8 / LANES as u64, bytes_of_one);
            if found != cost {
                wrong.push(format!("{name}: ({width}, {found:?}), not {cost:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The table, for readers.
#[test]
fn the_documentation_has_the_table() {
    let mut page = String::from(
        "| gate | bits | rounds | bits a lane from each party | bytes for one lane, of all parties |\n| --- | --- | --- | --- | --- |\n",
    );
    for (name, _, rows) in table() {
        for (width, (rounds, bits, bytes)) in rows {
            page += &format!("| {name} | {width} | {rounds} | {:.1} | {bytes} |\n", bits as f64 / 3.0);
        }
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rep3/costs.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap_or_default() == page, "src/rep3/costs.md is stale");
}

/// A check halves its lanes round by round and opens one bit.
#[test]
fn a_check_takes_a_round_a_halving() {
    for (lanes, rounds) in [(0, 1), (1, 1), (2, 2), (3, 3), (512, 10), (513, 11), (1 << 20, 21)] {
        let run = run!(|p, e, width, lanes| p.check(e.gate(0), &word(p, 1, lanes)).await);
        assert_eq!(count(run, 1, lanes).0, rounds, "{lanes}");
    }
}

/// A sort goes the way that takes fewer rounds.
#[test]
fn sorts_take_the_fewest_rounds() {
    use smpc_protocols::gates::sort::{Method, method, network, radix};
    for rows in [2, 3, 4, 5, 8, 9, 16, 17, 32, 33, 64, 65, 1000] {
        for width in [1, 2, 7, 8, 16, 31, 32, 33, 62, 63, 64] {
            let by_network =
                run!(|p, e, width, lanes| network(p, e.gate(0), &number(p, lanes), 1, signed(width)).await);
            let by_radix = run!(|p, e, width, lanes| radix(p, e.gate(0), &number(p, lanes), 1, signed(width)).await);
            let rounds = [by_network, by_radix].map(|run| count(run, width, rows).0);
            let fewer = if rounds[0] <= rounds[1] { Method::Network } else { Method::Radix };
            assert_eq!(method(rows, signed(width), 2), fewer, "{rows} rows of {width} bits: {rounds:?} rounds");
        }
    }
}
