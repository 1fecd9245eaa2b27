//! An emulated network is at least as slow as it says. How much slower depends on the machine, so only lower bounds are looked at.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{LONG, World, exchange, rounds, terms};
use smpc_net::{Mesh, Network, local_mesh};
use std::time::{Duration, Instant};

fn ping(mesh: Mesh, count: u32) -> Duration {
    let mut links = mesh.links;
    // From a common start.
    rounds(&mut links, 1).unwrap();
    let start = Instant::now();
    rounds(&mut links, count as usize).unwrap();
    let each = start.elapsed() / count;
    mesh.control.finish().unwrap();
    each
}

#[test]
fn a_round_takes_half_a_round_trip_and_a_set_up_three() {
    let network: Network = "rtt=60ms".parse().unwrap();
    let mut world = World::new(3, LONG);
    world.config.network = Some(network);
    let start = Instant::now();
    let threads: Vec<_> = (0..3)
        .map(|me| {
            world.start(me, terms(&[]), move |mesh| {
                let mesh = mesh.unwrap();
                (start.elapsed(), ping(mesh, 4))
            })
        })
        .collect();
    for thread in threads {
        let (set_up, round) = thread.join().unwrap();
        assert!(set_up >= network.rtt * 5 / 2, "{set_up:?}");
        // Two exchanges one after the other.
        assert!(round >= network.rtt, "{round:?}");
    }
}

#[test]
fn bytes_take_the_time_that_the_rate_allows() {
    let network: Network = "rtt=2ms,bandwidth=40mbit".parse().unwrap();
    let threads: Vec<_> = local_mesh(2, LONG, Some(network))
        .into_iter()
        .map(|end| {
            std::thread::spawn(move || {
                let (me, mesh) = (end.me(), end.open(terms(&[])).unwrap());
                let mut links = mesh.links;
                rounds(&mut links, 1).unwrap();
                let (start, size) = (Instant::now(), 1 << 20);
                let (out, mut inn) = (vec![1; size], vec![0; size]);
                // Both ways at once: each direction has the whole rate.
                exchange(&mut links, 1 - me, &out, 1 - me, &mut inn).unwrap();
                let took = start.elapsed();
                assert!(inn == out);
                mesh.control.finish().unwrap();
                took
            })
        })
        .collect();
    for thread in threads {
        let took = thread.join().unwrap();
        assert!(took >= Duration::from_millis(180), "8 Mbit at 40 Mbit/s took {took:?}");
    }
}

/// What was sent arrives although its sender ends at once, and although it is long under way.
#[test]
fn an_end_waits_for_what_is_under_way() {
    let network: Network = "rtt=100ms,bandwidth=20mbit".parse().unwrap();
    let threads: Vec<_> = local_mesh(2, LONG, Some(network))
        .into_iter()
        .map(|end| {
            std::thread::spawn(move || {
                let (me, mesh) = (end.me(), end.open(terms(&[])).unwrap());
                let (mut links, size) = (mesh.links, 300_000);
                if me == 0 {
                    exchange(&mut links, 1, &vec![6; size], 1, &mut []).unwrap();
                } else {
                    let mut inn = vec![0; size];
                    exchange(&mut links, 0, &[], 0, &mut inn).unwrap();
                    assert!(inn.iter().all(|byte| *byte == 6));
                }
                drop(links);
                mesh.control.finish().unwrap();
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}
