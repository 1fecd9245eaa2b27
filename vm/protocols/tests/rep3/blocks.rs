//! R1: no block of randomness is used twice, and both holders of a key use the same ones, over every gate at every lane count and over many turns of a loop.

use smpc_math::circuits::{add, netlist};
use smpc_protocols::conformance::blocks::{Blocks, Watched};
use smpc_protocols::conformance::source::{Drawn, mixed};
use smpc_protocols::conformance::suite::{Extent, suite};
use smpc_protocols::conformance::threads::three_threads;
use smpc_protocols::rep3::Rep3;
use smpc_protocols::{Error, Executor, Protocol, Range, join};

type Party = Rep3<Drawn>;

fn watch(program: impl Fn(&Party, &Executor) -> Result<(), Error> + Sync) -> Vec<Blocks> {
    three_threads(3, |me, executor| {
        let (keys, used) = Watched::over(mixed(3));
        program(&Rep3::new(me, keys), executor)?;
        Ok(std::mem::take(&mut *used.lock().unwrap()))
    })
    .unwrap()
}

fn assert_sound(used: &[Blocks]) {
    for (me, blocks) in used.iter().enumerate() {
        assert!(blocks.repeated.is_empty(), "party {me} repeats {:?}", blocks.repeated.first());
        assert!(blocks.count() > 0);
        assert_eq!(blocks.of((me + 2) % 3).count(), 0, "party {me} has not that key");
        let left = &used[(me + 2) % 3];
        for (own, other) in blocks.of(me).zip(left.of(me)) {
            assert_eq!(own, other, "holders of key {me}");
        }
        assert_eq!(blocks.of(me).count(), left.of(me).count());
    }
}

#[test]
fn every_gate_at_every_size() {
    assert_sound(&watch(|p, e| {
        let report = e.run(suite(p, e, Extent::Sizes))?;
        assert!(report.failures.is_empty(), "{:?}", report.failures);
        Ok(())
    }));
}

/// All three dealers of a split have lanes, and some of them blocks that are not full.
#[test]
fn every_dealer_has_lanes() {
    for lanes in [1025, 1536, 3 * 512 + 1, 6 * 512 - 3, 7000] {
        assert_sound(&watch(|p, e| {
            let run = async || {
                let (a, b) = (p.share_public(&[5], lanes), p.share_public(&[-7], lanes));
                let less = p.lt(e.gate(1), &a, &b, Range::FULL, Range::FULL).await;
                let c = p.select(e.gate(2), &less, &a, &b).await;
                let c = p.round(e.gate(3), &c, 2, Range::new(-7, 5)).await;
                let c = p.trunc_stochastic(e.gate(4), &c, 1, Range::new(-7, 5)).await;
                let bits = p.a2b(e.gate(5), &c, 4).await;
                p.b2a(e.gate(6), &bits, true).await;
            };
            e.run(run())
        }));
    }
}

/// A netlist in waves gives what it gives at once, from the same masks, in as many more rounds.
#[test]
fn waves_change_rounds_alone() {
    let circuit = netlist(&[8, 8], |c, words| add(c, &words[0], &words[1])).levelled();
    let lanes = 3 * 512 + 70;
    let values: Vec<i64> = (0..lanes as i64).collect();
    let run = |block: usize| {
        let party = |me: usize, e: &Executor| {
            let (keys, used) = Watched::over(mixed(3));
            let p = Rep3::new(me, keys).with_block(block);
            let run = async || {
                let a = p.input_bin(e.gate(1), 0, (me == 0).then_some(&values[..]), 8, lanes).await;
                let before = e.stats();
                let sum = p.netlist(e.gate(2), &circuit, &[&a, &a]).await;
                let rounds = e.stats().since(&before).rounds;
                (p.open_bin(e.gate(3), &sum).await, rounds)
            };
            let (opened, rounds) = e.run(run())?;
            Ok((opened, rounds, std::mem::take(&mut *used.lock().unwrap())))
        };
        three_threads(3, party).unwrap()
    };
    let (whole, waves) = (run(0), run(512));
    for ((opened, rounds, used), (opened_in_waves, more, used_in_waves)) in whole.iter().zip(&waves) {
        assert!(opened.iter().zip(&values).all(|(sum, value)| *sum == (2 * value) & 255));
        assert_eq!(opened, opened_in_waves);
        assert_eq!((*rounds, *more), (circuit.depth() as u64, 4 * circuit.depth() as u64));
        assert_eq!(used, used_in_waves);
    }
}

/// Turns of a loop, gates side by side, and an epoch that ends in between.
#[test]
fn turns_and_epochs() {
    let used = watch(|p, e| {
        let run = async || {
            let mut a = p.share_public(&[3], 130);
            for turn in 0..50 {
                let (x, y) = join(p.mul(e.gate(2 * turn), &a, &a), p.eqz(e.gate(2 * turn + 1), &a, 64)).await;
                a = p.select(e.gate(1000 + turn), &y, &x, &a).await;
                if turn == 20 {
                    e.gate(0).count_blocks(1 << 31);
                }
            }
        };
        e.run(run())
    });
    assert_sound(&used);
    let epochs = |epoch| used[0].spans.keys().filter(|stream| stream.2 == epoch).count();
    assert!(epochs(0) > 0 && epochs(1) > 0 && epochs(2) == 0);
}

/// The watch sees what it is there for: an instance number that is given twice.
#[test]
fn an_instance_that_is_used_twice_is_seen() {
    let used = watch(|p, e| {
        let run = async || {
            let a = p.share_public(&[3], 1);
            for _ in 0..2 {
                p.mul(e.gate(7), &a, &a).await;
            }
        };
        e.run(run())
    });
    assert!(used.iter().all(|blocks| !blocks.repeated.is_empty()));
}
