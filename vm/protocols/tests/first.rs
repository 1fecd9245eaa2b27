//! Three parties in threads compute a product.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use smpc_protocols::conformance::memory::memory_wires;
use smpc_protocols::conformance::source::Mixed;
use smpc_protocols::rep3::Rep3;
use smpc_protocols::{Executor, join};

#[test]
fn product() {
    for n in [1, 3, 1000, 100_003] {
        let xs: Vec<i64> = (0..n).map(|i| i * 7 - 5).collect();
        let ys: Vec<i64> = (0..n).map(|i| 3 - i * 11).collect();
        let program = async |p: &Rep3<Mixed>, e: &Executor| {
            let lanes = xs.len();
            let owned = |o: usize, v: &'static str| (e.me() == o).then_some(if v == "x" { &xs[..] } else { &ys[..] });
            let (x, y) = join(
                p.share_input(e.gate(1), 0, owned(0, "x"), lanes),
                p.share_input(e.gate(2), 1, owned(1, "y"), lanes),
            )
            .await;
            let z = p.product(e.gate(3), &x, &y).await;
            p.open_all(e.gate(4), &z).await
        };
        let results: Vec<_> = std::thread::scope(|s| {
            let runs: Vec<_> = memory_wires(3)
                .into_iter()
                .enumerate()
                .map(|(me, wire)| {
                    let program = &program;
                    s.spawn(move || {
                        let e = Executor::new(me, 3, 7, 0, Box::new(wire));
                        let p = Rep3::new(me, Mixed(5));
                        let z = e.run(program(&p, &e)).unwrap();
                        (z, e.stats())
                    })
                })
                .collect();
            runs.into_iter().map(|r| r.join().unwrap()).collect()
        });
        let expected: Vec<i64> = xs.iter().zip(&ys).map(|(x, y)| x * y).collect();
        for (me, (z, stats)) in results.into_iter().enumerate() {
            assert_eq!(z, expected);
            let e = Executor::dry(me, 3);
            let p = Rep3::dry(me);
            e.run(async {
                let (x, y) =
                    join(p.share_input(e.gate(1), 0, None, xs.len()), p.share_input(e.gate(2), 1, None, xs.len()))
                        .await;
                let z = p.product(e.gate(3), &x, &y).await;
                p.open_all(e.gate(4), &z).await
            })
            .unwrap();
            assert_eq!(e.stats(), stats);
        }
    }
}
