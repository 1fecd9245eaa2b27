//! How a session begins and ends when all parties behave: keys, terms, late starts, a proper end.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{LONG, World, exchange, rounds, terms};
use smpc_net::{Config, NetError, local_mesh, local_mesh_of};
use std::time::Duration;

#[test]
fn parties_agree_on_a_session_and_on_a_key_for_each_pair() {
    let world = World::new(3, LONG);
    let found = world.run(|mut mesh| {
        rounds(&mut mesh.links, 50).unwrap();
        let keys: Vec<_> = (0..3).map(|peer| mesh.key(peer).map(|key| *key.bytes())).collect();
        assert!((0..3).all(|peer| mesh.key(peer).is_none()), "a key is handed out once");
        mesh.control.finish().unwrap();
        (mesh.session, keys)
    });
    for (i, one) in found.iter().enumerate() {
        assert_eq!(one.0, found[0].0);
        for (j, other) in found.iter().enumerate() {
            assert_eq!(one.1[j], other.1[i], "{i} {j}");
            assert_eq!(one.1[j].is_some(), i != j);
        }
    }
    assert!(found[0].1[1] != found[0].1[2]);
    let again = World::new(3, LONG).run(|mut mesh| {
        let key = mesh.key((mesh.links.me() + 1) % 3).map(|key| *key.bytes());
        mesh.control.finish().unwrap();
        (mesh.session, key)
    });
    assert!(again[0].0 != found[0].0 && again[0].1 != found[0].1[1], "fresh in each session");
}

#[test]
fn the_same_within_one_process() {
    for parties in 1..=5 {
        let threads: Vec<_> = local_mesh(parties, LONG, None)
            .into_iter()
            .map(|end| {
                std::thread::spawn(move || {
                    let mut mesh = end.open(terms(&[("a", "b")])).unwrap();
                    rounds(&mut mesh.links, 50).unwrap();
                    let counts = mesh.links.counters().counts();
                    drop(mesh.links);
                    mesh.control.finish().unwrap();
                    (mesh.session, counts)
                })
            })
            .collect();
        let found: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        for (me, (session, counts)) in found.iter().enumerate() {
            assert_eq!(*session, found[0].0);
            for (peer, count) in counts.iter().enumerate() {
                let expected = if peer == me { 0 } else { 50 };
                assert_eq!((count.sent, count.received), (expected, expected));
                assert!(count.wire_sent >= count.sent && count.wire_received >= count.received);
            }
        }
    }
}

#[test]
fn each_worker_has_channels_of_its_own() {
    let mut world = World::new(3, LONG);
    world.config.channels = 3;
    let ends = world.run(|mut mesh| {
        assert_eq!(mesh.more.len(), 2);
        for links in mesh.more.iter_mut().rev() {
            rounds(links, 3).unwrap();
        }
        rounds(&mut mesh.links, 3).unwrap();
        mesh.control.finish()
    });
    assert_eq!(ends, [Ok(()), Ok(()), Ok(())]);
    let threads: Vec<_> = local_mesh_of(2, 2, LONG, None)
        .into_iter()
        .map(|end| {
            std::thread::spawn(move || {
                let mut mesh = end.open(terms(&[])).unwrap();
                rounds(&mut mesh.more[0], 3).unwrap();
                mesh.control.finish().unwrap();
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn whoever_starts_later_is_waited_for() {
    for late in 0..3 {
        let mut world = World::new(3, LONG);
        // Not even the port is open before it starts.
        drop(world.listeners[late].take());
        let mut threads = Vec::new();
        for me in (0..3).filter(|me| *me != late).chain([late]) {
            if me == late {
                std::thread::sleep(Duration::from_millis(200));
            }
            threads.push(world.start(me, terms(&[]), |mesh| {
                let mut mesh = mesh.unwrap();
                rounds(&mut mesh.links, 2).unwrap();
                mesh.control.finish()
            }));
        }
        for thread in threads {
            assert_eq!(thread.join().unwrap(), Ok(()));
        }
    }
}

#[test]
fn terms_that_differ_are_named_at_every_party() {
    for odd in 0..3 {
        let mut world = World::new(3, LONG);
        let threads: Vec<_> = (0..3)
            .map(|me| {
                let module = if me == odd { "ffff" } else { "aaaa" };
                let terms = terms(&[("protocol", "rep3"), ("module", module), ("block", "4096")]);
                world.start(me, terms, |mesh| mesh.map(|_| ()).unwrap_err())
            })
            .collect();
        for (me, thread) in threads.into_iter().enumerate() {
            let NetError::Differs { party, field, mine, theirs, others } = thread.join().unwrap() else {
                panic!("party {me} did not see the difference")
            };
            assert_eq!(field, "module");
            assert_eq!((mine == "ffff", theirs == "ffff"), (me == odd, me != odd));
            assert_eq!(party == odd, me != odd);
            assert!(others.is_empty());
        }
    }
}

#[test]
fn the_links_own_terms_are_compared_too() {
    let mut world = World::new(2, LONG);
    let other = Config { silence: LONG * 2, channels: 1, ..world.config(1) };
    let threads = [
        world.start(0, terms(&[]), |mesh| mesh.map(|_| ())),
        world.start_with(other, terms(&[]), |mesh| mesh.map(|_| ())),
    ];
    for thread in threads {
        let error = thread.join().unwrap().unwrap_err();
        assert!(matches!(&error, NetError::Differs { field, .. } if field == "silence"), "{error}");
    }
}

/// A party that ends early with much of its output still under way neither loses it nor is taken for lost.
#[test]
fn an_end_destroys_nothing_that_is_under_way() {
    const BYTES: usize = 3 << 20;
    let ends = World::new(3, LONG).run(|mesh| {
        let mut links = mesh.links;
        match links.me() {
            0 => {
                let mut out = &vec![7; BYTES][..];
                while !out.is_empty() {
                    let count = links.try_send(1, out).unwrap();
                    out = &out[count..];
                    if count == 0 {
                        links.wait(0, 1 << 1).unwrap();
                    }
                }
                drop(links);
            }
            1 => {
                // Slow to read.
                std::thread::sleep(Duration::from_millis(300));
                let mut inn = vec![0; BYTES];
                exchange(&mut links, 0, &[], 0, &mut inn).unwrap();
                assert!(inn.iter().all(|byte| *byte == 7));
            }
            _ => {}
        }
        mesh.control.finish()
    });
    assert_eq!(ends, [Ok(()), Ok(()), Ok(())]);
}

#[test]
fn what_cannot_work_is_refused_at_once() {
    let world = World::new(2, LONG);
    let refused = |config: Config| {
        let error = smpc_net::connect(&world.identities[0], &config, &terms(&[]), &|_| {}).unwrap_err();
        assert!(!error.help().is_empty());
        error.to_string()
    };
    let with = |change: &dyn Fn(&mut Config)| {
        let mut config = world.config(0);
        change(&mut config);
        refused(config)
    };
    assert!(with(&|config| config.me = 2).contains("no party 2"));
    assert!(with(&|config| config.me = 1).contains("fingerprint"));
    assert!(with(&|config| config.channels = 0).contains("channels"));
    assert!(with(&|config| config.silence = Duration::ZERO).contains("silence"));
    assert!(with(&|config| config.nodes[1].fingerprint = config.nodes[0].fingerprint).contains("same fingerprint"));
    assert!(with(&|config| config.nodes[1].address = "nowhere".into()).contains("party 1"));
    assert!(with(&|config| config.network = Some("rtt=40s".parse().unwrap())).contains("round trips"));
    // The port is held by the listener of this test.
    let error = smpc_net::connect(&world.identities[0], &world.config(0), &terms(&[]), &|_| {}).unwrap_err();
    assert!(matches!(error, NetError::Bind { .. }) && error.to_string().contains("in use"), "{error}");
}
