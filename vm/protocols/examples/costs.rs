//! Prints rounds and bits a lane of each gate of `rep3`, counted dry.
use smpc_protocols::rep3::Rep3;
use smpc_protocols::{Executor, Lanes, Protocol, Range, Shares, Stats};

/// The cost of a program at each party.
fn count(program: impl AsyncFn(&Rep3<smpc_protocols::rep3::NoKeys>, &Executor)) -> Vec<Stats> {
    (0..3)
        .map(|me| {
            let (p, e) = (Rep3::dry(me), Executor::dry(me, 3));
            let done = e.run(program(&p, &e));
            assert!(done.is_ok(), "a dry run has no links that could fail");
            e.stats()
        })
        .collect()
}

const LANES: usize = 3 * 512;

fn main() {
    let number = |p: &Rep3<_>| p.share_public(&[0], LANES);
    let line = |name: &str, stats: Vec<Stats>| {
        let bytes: u64 = stats.iter().flat_map(|s| &s.sent).sum();
        let headers: u64 = 28 * stats.iter().map(|s| s.rounds).sum::<u64>();
        let bits = 8.0 * bytes.saturating_sub(headers) as f64 / (3 * LANES) as f64;
        println!("{name:32} {:5} rounds {bits:9.1} bits a lane and party", stats[0].rounds);
    };
    let full = Range::FULL;
    let half = Range::new(-(1 << 31), (1 << 31) - 1);
    line("input", count(async |p, e| drop(p.input(e.gate(0), 0, None, LANES).await)));
    line("open", count(async |p, e| drop(p.open(e.gate(0), &number(p)).await)));
    line("mul", count(async |p, e| drop(p.mul(e.gate(0), &number(p), &number(p)).await)));
    line(
        "and",
        count(async |p, e| {
            drop(p.and(e.gate(0), &p.share_public_bin(&[0], 1, LANES), &p.share_public_bin(&[0], 1, LANES)).await)
        }),
    );
    for width in [1, 2, 8, 16, 32, 64] {
        line(&format!("ltz {width}"), count(async |p, e| drop(p.ltz(e.gate(0), &number(p), width).await)));
        line(&format!("eqz {width}"), count(async |p, e| drop(p.eqz(e.gate(0), &number(p), width).await)));
        line(&format!("a2b {width}"), count(async |p, e| drop(p.a2b(e.gate(0), &number(p), width).await)));
        line(
            &format!("b2a {width}"),
            count(async |p, e| drop(p.b2a(e.gate(0), &p.share_public_bin(&[0], width, LANES), true).await)),
        );
    }
    line("lt full i64", count(async |p, e| drop(p.lt(e.gate(0), &number(p), &number(p), full, full).await)));
    line(
        "select",
        count(async |p, e| {
            drop(p.select(e.gate(0), &p.share_public_bin(&[0], 1, LANES), &number(p), &number(p)).await)
        }),
    );
    for bits in [1, 8, 16, 32] {
        line(
            &format!("round {bits}"),
            count(async |p, e| drop(p.round(e.gate(0), &number(p), bits, Range::new(-(1 << 60), 1 << 60)).await)),
        );
        line(
            &format!("stochastic {bits}"),
            count(async |p, e| {
                drop(p.trunc_stochastic(e.gate(0), &number(p), bits, Range::new(-(1 << 60), 1 << 60)).await)
            }),
        );
    }
    line("round 16 of full i64", count(async |p, e| drop(p.round(e.gate(0), &number(p), 16, full).await)));
    for (name, range) in [("32", half), ("64", full)] {
        line(
            &format!("div {name}"),
            count(async |p, e| drop(p.div_rem(e.gate(0), &number(p), &number(p), range, range).await)),
        );
        line(
            &format!("div public {name}"),
            count(async |p, e| drop(p.div_rem_public(e.gate(0), &number(p), &[10], range).await)),
        );
        line(
            &format!("fix div 16 {name}"),
            count(async |p, e| drop(p.fix_div(e.gate(0), &number(p), &number(p), range, range, 16).await)),
        );
        line(&format!("sqrt 0 {name}"), count(async |p, e| drop(p.sqrt(e.gate(0), &number(p), range, 0).await)));
        line(&format!("sqrt 16 {name}"), count(async |p, e| drop(p.sqrt(e.gate(0), &number(p), range, 16).await)));
    }
    line(
        "check",
        count(async |p, e| {
            let _ = p.check(e.gate(0), &p.share_public_bin(&[0], 1, LANES)).await;
        }),
    );
    line(
        "merge layer (32 bit keys)",
        count(async |p, e| {
            let mut table = number(p).read(&Lanes::whole(LANES));
            p.merge_layer(e.gate(0), &mut table, 1, 512, 512, Range::new(0, (1 << 31) - 1)).await;
        }),
    );
}
