//! What is measured: the rows of the performance table, and the gates besides.

use crate::{measure, start};
use smpc_math::circuits::{add, netlist};
use smpc_math::netlist::Levelled;
use smpc_protocols::{Protocol, Range};

/// Lanes of which each role has a third.
const MILLION: usize = 1536 * 651;
const TENTH: usize = 1536 * 65;

/// A netlist as those of the performance table: levels of so many gates, some of them AND.
fn random_netlist(inputs: u32, depth: usize, gates: usize, ands: usize) -> Levelled {
    let mut seed = 0x5eed_u64;
    let mut next = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    netlist(&[inputs], |b, words| {
        let mut before = words[0].clone();
        for _ in 0..depth {
            let mut level = Vec::new();
            for i in 0..gates {
                // The first operands cover all that came before, so that nothing is left out.
                let (x, y) = (before[i % before.len()], before[next(before.len())]);
                level.push(if i < ands { b.and(x, y) } else { b.xor(x, y) });
            }
            before = level;
        }
        before[..ands].to_vec()
    })
    .levelled()
}

/// Measures everything.
pub(crate) fn all() {
    for lanes in [1000, MILLION, 10 * MILLION] {
        measure("products", lanes, async |p, e| {
            let (a, b) = (p.share_public(&[3], lanes), p.share_public(&[5], lanes));
            let clock = start(p, e).await;
            p.mul(e.gate(2), &a, &b).await;
            clock.elapsed()
        });
    }
    measure("dependent products", 10_000, async |p, e| {
        let (mut a, b) = (p.share_public(&[3], 1), p.share_public(&[5], 1));
        let clock = start(p, e).await;
        for i in 0..10_000 {
            a = p.mul(e.gate(2 + i), &a, &b).await;
        }
        clock.elapsed()
    });
    for lanes in [TENTH, MILLION] {
        for (name, range) in
            [("comparisons, 64 bits", Range::new(-(1 << 61), 1 << 61)), ("comparisons, full i64", Range::FULL)]
        {
            measure(name, lanes, async |p, e| {
                let (a, b) = (p.share_public(&[3], lanes), p.share_public(&[5], lanes));
                let clock = start(p, e).await;
                p.lt(e.gate(2), &a, &b, range, range).await;
                clock.elapsed()
            });
        }
    }
    measure("equalities", MILLION, async |p, e| {
        let (a, b) = (p.share_public(&[3], MILLION), p.share_public(&[5], MILLION));
        let clock = start(p, e).await;
        p.eq(e.gate(2), &a, &b, Range::FULL, Range::FULL).await;
        clock.elapsed()
    });
    measure("inner product", MILLION, async |p, e| {
        let (a, b) = (p.share_public(&[3], MILLION), p.share_public(&[5], MILLION));
        let clock = start(p, e).await;
        p.dot(e.gate(2), &a, &b, MILLION).await;
        clock.elapsed()
    });
    measure("matrix product 512", 512 * 512, async |p, e| {
        let (a, b) = (p.share_public(&[3], 512 * 512), p.share_public(&[5], 512 * 512));
        let clock = start(p, e).await;
        p.matmul(e.gate(2), &a, &b, 512, 512, 512).await;
        clock.elapsed()
    });
    circuits();
    for (name, stochastic) in [("rounding by 16", false), ("stochastic rounding by 16", true)] {
        measure(name, MILLION, async |p, e| {
            let a = p.share_public(&[3], MILLION);
            let range = Range::new(-(1 << 60), 1 << 60);
            let clock = start(p, e).await;
            if stochastic {
                p.trunc_stochastic(e.gate(2), &a, 16, range).await;
            } else {
                p.round(e.gate(2), &a, 16, range).await;
            }
            clock.elapsed()
        });
    }
    measure("selections", MILLION, async |p, e| {
        let (a, c) = (p.share_public(&[3], MILLION), p.share_public_bin(&[1], 1, MILLION));
        let clock = start(p, e).await;
        p.select(e.gate(2), &c, &a, &a).await;
        clock.elapsed()
    });
    measure("a2b, 64 bits", MILLION, async |p, e| {
        let a = p.share_public(&[3], MILLION);
        let clock = start(p, e).await;
        p.a2b(e.gate(2), &a, 64).await;
        clock.elapsed()
    });
    measure("b2a, 8 bits", MILLION, async |p, e| {
        let a = p.share_public_bin(&[3], 8, MILLION);
        let clock = start(p, e).await;
        p.b2a(e.gate(2), &a, true).await;
        clock.elapsed()
    });
    measure("conjunctions", 64 * MILLION, async |p, e| {
        let a = p.share_public_bin(&[3], 64, MILLION);
        let clock = start(p, e).await;
        p.and(e.gate(2), &a, &a).await;
        clock.elapsed()
    });
    measure("openings", MILLION, async |p, e| {
        let a = p.share_public(&[3], MILLION);
        let clock = start(p, e).await;
        p.open(e.gate(2), &a).await;
        clock.elapsed()
    });
    measure("inputs", MILLION, async |p, e| {
        let values = vec![7; MILLION];
        let clock = start(p, e).await;
        for owner in 0..3 {
            p.input(e.gate(2 + owner as u64), owner, (p.me() == owner).then_some(&values[..]), MILLION).await;
        }
        clock.elapsed()
    });
    measure("quotients, 32 bits", 9 * 1536, async |p, e| {
        let a = p.share_public(&[300], 9 * 1536);
        let range = Range::new(-(1 << 31), (1 << 31) - 1);
        let clock = start(p, e).await;
        p.div_rem(e.gate(2), &a, &a, range, range).await;
        clock.elapsed()
    });
}

/// Netlists of several sizes, and small ones in a row.
fn circuits() {
    for (name, circuit, calls, lanes) in [
        ("netlist of 10,000 gates", random_netlist(256, 20, 500, 100), 1, [16_384, 1 << 20]),
        ("netlist of 6,400 ANDs", random_netlist(256, 40, 800, 160), 1, [1_000, 10_000]),
        ("netlist of 32 ANDs, 10 times", random_netlist(8, 4, 29, 8), 10, [16_000, 160_000]),
        (
            "netlist of a sum, 1000 times",
            netlist(&[64], |b, w| [&add(b, &w[0][..32], &w[0][32..])[..], &w[0][32..]].concat()).levelled(),
            1000,
            [100, 1_000],
        ),
    ] {
        println!("{name}: {} ANDs, depth {}, {} slots", circuit.ands(), circuit.depth(), circuit.slots);
        for lanes in lanes {
            let (circuit, inputs) = (&circuit, circuit.inputs.iter().sum());
            measure(name, lanes, async |p, e| {
                let mut word = p.share_public_bin(&[5], inputs, lanes);
                let clock = start(p, e).await;
                for i in 0..calls {
                    word = p.netlist(e.gate(2 + i), circuit, &[&word]).await;
                }
                clock.elapsed()
            });
        }
    }
}
