//! What goes wrong at a party or on the way to it: the others end in time, and name the right one.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::proxy::Proxy;
use common::{LONG, World, exchange, rounds, rounds_until_error, terms};
use smpc_net::{Config, Control, Identity, Leave, Links, Mesh, NetError, local_mesh};
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_secs(3);
/// Far beyond any limit that a party keeps: a test that hangs fails by this.
const HANGS: Duration = Duration::from_secs(30);

/// Three parties within this process, each with what it does; what they return, in their order.
fn local<R: Send + 'static>(silence: Duration, act: impl Fn(usize, Mesh) -> R + Clone + Send + 'static) -> Vec<R> {
    let threads: Vec<_> = local_mesh(3, silence, None)
        .into_iter()
        .map(|end| {
            let act = act.clone();
            std::thread::spawn(move || act(end.me(), end.open(terms(&[])).unwrap()))
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

fn split(mesh: Mesh) -> (Links, Control) {
    (mesh.links, mesh.control)
}

/// A world whose party 1 is reached, and reaches others, over proxies only: to party 0 and to itself.
fn behind_proxies(silence: Duration) -> (World, Vec<Config>, [Proxy; 2]) {
    let world = World::new(3, silence);
    let proxies = [Proxy::to(world.addresses[0]), Proxy::to(world.addresses[1])];
    let mut configs: Vec<_> = (0..3).map(|me| world.config(me)).collect();
    configs[1].nodes[0].address = proxies[0].address.to_string();
    configs[2].nodes[1].address = proxies[1].address.to_string();
    (world, configs, proxies)
}

/// Runs rounds until something happens to party 1; what each party says then.
fn until(silence: Duration, happens: impl FnOnce([Proxy; 2])) -> Vec<NetError> {
    let (mut world, configs, proxies) = behind_proxies(silence);
    let threads: Vec<_> = configs
        .into_iter()
        .map(|config| {
            world.start_with(config, terms(&[]), |mesh| {
                let mut mesh = mesh.unwrap();
                let error = rounds_until_error(&mut mesh.links);
                mesh.control.abort(error.leave());
                error
            })
        })
        .collect();
    std::thread::sleep(Duration::from_millis(500));
    happens(proxies);
    let start = Instant::now();
    let errors = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert!(start.elapsed() < silence + HANGS);
    errors
}

fn assert_lost(error: &NetError, party: usize) {
    assert!(matches!(error, NetError::Lost { party: lost, .. } if *lost == party), "{error}");
}

/// Lost, or said to have left because nobody heard it: which one is heard first is a matter of chance.
fn assert_given_up(error: &NetError, party: usize) {
    let left =
        matches!(error, NetError::Left { party: left, why: Leave::Lost(lost), .. } if left == lost && *left == party);
    assert!(left || matches!(error, NetError::Lost { party: lost, .. } if *lost == party), "{error}");
}

#[test]
fn a_party_that_dies_is_named() {
    let errors = until(LONG, |proxies| proxies.iter().for_each(Proxy::cut));
    assert_lost(&errors[0], 1);
    assert_lost(&errors[2], 1);
}

#[test]
fn a_party_that_goes_silent_is_named() {
    let errors = until(SHORT, |proxies| proxies.iter().for_each(Proxy::freeze));
    assert_lost(&errors[0], 1);
    assert_lost(&errors[2], 1);
}

#[test]
fn a_link_that_breaks_is_reported_to_the_third() {
    // Only the link between parties 0 and 1.
    let errors = until(LONG, |proxies| proxies[0].cut());
    // Each end may hear of it from the third first: that it could not be heard.
    let told =
        |error: &NetError, me| matches!(error, NetError::Left { party: 2, why: Leave::Lost(lost), .. } if *lost == me);
    for (me, other) in [(0, 1), (1, 0)] {
        assert!(told(&errors[me], me) || errors[me].party() == Some(other), "{}", errors[me]);
    }
    assert!(matches!(errors[2].party(), Some(0 | 1)), "{}", errors[2]);
}

#[test]
fn a_party_that_never_comes_is_named() {
    for absent in 0..3 {
        let mut world = World::new(3, Duration::from_secs(1));
        drop(world.listeners[absent].take());
        let others: Vec<_> = (0..3).filter(|me| *me != absent).collect();
        let threads: Vec<_> =
            others.iter().map(|me| world.start(*me, terms(&[]), |mesh| mesh.map(|_| ()).unwrap_err())).collect();
        for thread in threads {
            let error = thread.join().unwrap();
            assert_lost(&error, absent);
            assert!(!error.help().is_empty());
        }
    }
}

/// Session files that have different fingerprints for one party: everyone hears that keys are what is wrong, and hears it once.
#[test]
fn a_party_that_others_know_by_another_key_is_told() {
    let mut world = World::new(3, Duration::from_secs(1));
    let mut theirs = world.config.clone();
    theirs.nodes[2].fingerprint = Identity::generate("other").unwrap().fingerprint();
    // It outlasts the others, and the end of their ports must not hide what they said before.
    let own = Config { silence: Duration::from_secs(3), ..world.config(2) };
    let configs = [Config { me: 0, ..theirs.clone() }, Config { me: 1, ..theirs }, own];
    let threads = configs.map(|config| world.start_with(config, terms(&[]), |mesh| mesh.map(|_| ()).unwrap_err()));
    let errors = threads.map(|thread| thread.join().unwrap());
    assert!(errors[2].to_string().contains("it refuses our key"), "{}", errors[2]);
    assert!(errors[2].help().contains("compare the fingerprints"), "{}", errors[2].help());
    assert_eq!(world.logged(2).matches("it refuses our key").count(), 2, "{}", world.logged(2));
    let key = format!("its fingerprint {} is not the session's", world.identities[2].fingerprint());
    // Of two parties that give up the third, one may hear of it from the other.
    for error in &errors[..2] {
        assert_lost(error, 2);
        let seen = matches!(error, NetError::Lost { reported_by: None, .. });
        assert!(!seen || error.to_string().contains("connections were refused, the last from 127.0.0.1:"), "{error}");
        assert!(!seen || error.to_string().contains(&key) && error.help().contains("compare"), "{error}");
    }
    assert!(errors[..2].iter().any(|error| error.to_string().contains(&key)), "{errors:?}");
    assert_eq!(world.logged(0).matches("refused a connection").count(), 1, "{}", world.logged(0));
}

#[test]
fn a_name_without_an_address_is_the_users_fault() {
    let mut world = World::new(2, Duration::from_secs(1));
    let mut config = world.config(1);
    config.nodes[0].address = "no-such-host.invalid:9".into();
    let error = world.start_with(config, terms(&[]), |mesh| mesh.map(|_| ()).unwrap_err()).join().unwrap();
    // A lookup that takes longer than the session allows is no answer.
    let named = matches!(&error, NetError::Address { party: 0, address, .. } if address.contains("no-such-host"));
    assert!(named || matches!(error, NetError::Lost { party: 0, .. }), "{error}");
}

#[test]
fn a_worker_that_hangs_is_given_up_though_its_process_lives() {
    let errors = local(SHORT, |me, mesh| {
        let (mut links, control) = split(mesh);
        if me == 1 {
            // Neither moves bytes, nor waits, nor reports progress.
            let start = Instant::now();
            while control.check().is_ok() && start.elapsed() < HANGS {
                std::thread::sleep(Duration::from_millis(50));
            }
            return control.check().unwrap_err();
        }
        rounds_until_error(&mut links)
    });
    assert_given_up(&errors[0], 1);
    assert_given_up(&errors[2], 1);
    assert!(matches!(errors[1], NetError::Left { why: Leave::Lost(1), .. }), "{}", errors[1]);
}

/// A long computation that reports progress is not taken for silence, nor are those who wait for it.
#[test]
fn a_party_that_computes_is_waited_for() {
    let ends = local(SHORT, |me, mesh| {
        let (mut links, control) = split(mesh);
        if me == 1 {
            let start = Instant::now();
            while start.elapsed() < SHORT * 2 {
                control.progress();
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        rounds(&mut links, 3)?;
        // Nor is one that is done while others still compute.
        if me == 2 {
            return control.finish();
        }
        rounds_between(&mut links, me, 1 - me)?;
        control.finish()
    });
    assert_eq!(ends, [Ok(()), Ok(()), Ok(())]);
}

fn rounds_between(links: &mut Links, me: usize, other: usize) -> Result<(), NetError> {
    let mut found = [9];
    exchange(links, other, &[u8::try_from(me).unwrap()], other, &mut found)
}

#[test]
fn all_waiting_for_each_other_comes_to_an_end() {
    let start = Instant::now();
    let errors = local(Duration::from_secs(2), |_, mesh| {
        let (mut links, _control) = split(mesh);
        loop {
            // Everyone waits for the next party, and nobody has sent anything.
            let next = (links.me() + 1) % 3;
            if let Err(error) = links.try_recv(next, &mut [0]).and_then(|_| links.wait(1 << next, 0)) {
                return error;
            }
        }
    });
    assert!(start.elapsed() < HANGS);
    // One is given up, and everyone hears which.
    for error in errors {
        assert!(matches!(error, NetError::Lost { .. } | NetError::Left { .. }), "{error}");
    }
}

#[test]
fn a_party_says_why_it_leaves() {
    // Whether it is heard from the party itself or from another one first is a matter of chance.
    let heard = |error: &NetError| match error {
        NetError::Left { party, why, .. } => (*party, *why),
        other => panic!("{other}"),
    };
    for why in [Leave::Error, Leave::Cheated] {
        let errors = local(LONG, move |me, mesh| {
            let (mut links, control) = split(mesh);
            if me == 1 {
                rounds(&mut links, 2).unwrap();
                control.abort(why);
            }
            rounds_until_error(&mut links)
        });
        assert_eq!((heard(&errors[0]), heard(&errors[2])), ((1, why), (1, why)));
    }
    // Without a word, dropping everything: an error of its own.
    let errors = local(LONG, |me, mut mesh| {
        if me == 1 {
            rounds(&mut mesh.links, 2).unwrap();
        }
        (me != 1).then(|| rounds_until_error(&mut mesh.links))
    });
    for me in [0, 2] {
        assert_eq!(errors[me].as_ref().map(heard), Some((1, Leave::Error)));
    }
}

/// What a party sent before its program stopped is valid: the others get all of it before they hear of the stop.
#[test]
fn a_stop_interrupts_nobody() {
    const BYTES: usize = 1 << 20;
    World::new(3, LONG).run(|mesh| {
        let (mut links, control) = split(mesh);
        let me = links.me();
        let all = vec![5; BYTES];
        if me == 1 {
            for peer in [0, 2] {
                let mut left = &all[..];
                while !left.is_empty() {
                    let count = links.try_send(peer, left).unwrap();
                    left = &left[count..];
                    if count == 0 {
                        links.wait(0, 1 << peer).unwrap();
                    }
                }
            }
            control.abort(Leave::Stopped);
            return;
        }
        if me == 2 {
            std::thread::sleep(Duration::from_millis(400));
        }
        let mut inn = vec![0; BYTES];
        exchange(&mut links, 1, &[], 1, &mut inn).unwrap();
        assert!(inn == all);
        // The two others go on with each other, too.
        rounds_between(&mut links, me, 2 - me).unwrap();
        let error = exchange(&mut links, 1, &[], 1, &mut [0]).unwrap_err();
        assert_eq!(error, NetError::Left { party: 1, why: Leave::Stopped, reported_by: None });
        control.abort(Leave::Stopped);
    });
}

#[test]
fn stopping_together_is_quick() {
    let start = Instant::now();
    local(LONG, |_, mesh| {
        let (mut links, control) = split(mesh);
        rounds(&mut links, 3).unwrap();
        control.abort(Leave::Stopped);
        // A second goodbye is none, and there is nothing left to finish or to wait for.
        control.abort(Leave::Error);
        assert!(control.finish().is_err());
        assert!(links.wait(0b111 & !(1 << links.me()), 0).is_err());
    });
    assert!(start.elapsed() < LONG / 2, "nobody waits for a limit");
}

#[test]
fn a_program_that_ends_earlier_than_its_peers_is_noticed() {
    let ends = local(LONG, |me, mesh| {
        let (mut links, control) = split(mesh);
        rounds(&mut links, 2).unwrap();
        if me == 1 { control.finish().unwrap_err() } else { rounds_until_error(&mut links) }
    });
    for me in [0, 2] {
        let named = matches!(&ends[me], NetError::Protocol { party: 1, what } if what.contains("ended"))
            || matches!(&ends[me], NetError::Lost { party: 1, reported_by: Some(_), .. });
        assert!(named, "{}", ends[me]);
    }
}
