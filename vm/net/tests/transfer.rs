//! Bytes on the links: large transfers both ways, small kernel buffers, any splits, any order across channels.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{LONG, World, exchange, rounds_as, terms};
use smpc_net::{Fault, Leave, Mesh, NetError, Shuffled, Tap, local_mesh};

/// Bytes of a stream that depend on who sends them and where they stand.
fn stream(from: usize, to: usize, length: usize) -> Vec<u8> {
    let seed = (from * 7 + to + 1) as u64;
    (0..length as u64).map(|i| ((i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) ^ (i >> 8) ^ seed) as u8).collect()
}

/// Everybody sends much to everybody at once, with kernel buffers far smaller than that.
fn flood(mut mesh: Mesh, length: usize, buffers: Option<usize>) {
    let (me, parties) = (mesh.links.me(), mesh.links.parties());
    if let Some(bytes) = buffers {
        mesh.links.set_buffers(bytes).unwrap();
    }
    let peers: Vec<usize> = (0..parties).filter(|peer| *peer != me).collect();
    let outs: Vec<_> = peers.iter().map(|peer| stream(me, *peer, length)).collect();
    let mut inns: Vec<_> = peers.iter().map(|_| vec![0; length]).collect();
    let mut sent = vec![0; peers.len()];
    let mut received = vec![0; peers.len()];
    loop {
        let (mut readable, mut writable) = (0_u64, 0_u64);
        for (i, peer) in peers.iter().enumerate() {
            while sent[i] < length {
                // Never more than an executor's buffer at a time.
                let end = length.min(sent[i] + 256 * 1024);
                let count = mesh.links.try_send(*peer, &outs[i][sent[i]..end]).unwrap();
                sent[i] += count;
                if count == 0 {
                    writable |= 1 << peer;
                    break;
                }
            }
            while received[i] < length {
                let end = length.min(received[i] + 256 * 1024);
                let count = mesh.links.try_recv(*peer, &mut inns[i][received[i]..end]).unwrap();
                received[i] += count;
                if count == 0 {
                    readable |= 1 << peer;
                    break;
                }
            }
        }
        if readable | writable == 0 {
            break;
        }
        mesh.links.wait(readable, writable).unwrap();
    }
    for (peer, inn) in peers.iter().zip(&inns) {
        assert!(*inn == stream(*peer, me, length), "from {peer}");
    }
    let counts = mesh.links.counters().counts();
    assert!(peers.iter().all(|peer| counts[*peer].sent == length as u64 && counts[*peer].received == length as u64));
    mesh.control.finish().unwrap();
}

#[test]
fn large_transfers_both_ways_do_not_block_each_other() {
    World::new(3, LONG).run(|mesh| flood(mesh, 8 << 20, Some(64 * 1024)));
    World::new(2, LONG).run(|mesh| flood(mesh, 16 << 20, None));
}

#[test]
fn the_same_in_one_process() {
    let threads: Vec<_> = local_mesh(3, LONG, None)
        .into_iter()
        .map(|end| std::thread::spawn(move || flood(end.open(terms(&[])).unwrap(), 4 << 20, Some(64 * 1024))))
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// A small frame costs one record and one call: a header and a tag.
#[test]
fn a_frame_is_one_record() {
    World::new(2, LONG).run(|mut mesh| {
        let peer = 1 - mesh.links.me();
        let mut inn = [0; 100];
        exchange(&mut mesh.links, peer, &[1], peer, &mut inn[..1]).unwrap();
        let before = mesh.links.counters().counts()[peer];
        exchange(&mut mesh.links, peer, &[3; 100], peer, &mut inn).unwrap();
        let after = mesh.links.counters().counts()[peer];
        assert_eq!(after.sent - before.sent, 100);
        assert_eq!(after.wire_sent - before.wire_sent, 100 + 5 + 1 + 16);
        mesh.control.finish().unwrap();
    });
}

/// R24: under any schedule every party sends and receives the same.
#[test]
fn schedules_change_nothing() {
    let run = |seed: u64| -> Vec<Vec<Vec<u8>>> {
        let threads: Vec<_> = local_mesh(3, LONG, None)
            .into_iter()
            .map(|end| {
                std::thread::spawn(move || {
                    let mesh = end.open(terms(&[])).unwrap();
                    let me = mesh.links.me();
                    let mut links = Tap::new(Shuffled::new(mesh.links, seed * 3 + me as u64));
                    let record = links.record();
                    rounds_as(&mut links, me, 3, 5).unwrap();
                    let (to, from) = ((me + 1) % 3, (me + 2) % 3);
                    let mut inn = vec![0; 3000];
                    exchange(&mut links, to, &stream(me, to, 3000), from, &mut inn).unwrap();
                    assert_eq!(inn, stream(from, me, 3000));
                    mesh.control.finish().unwrap();
                    let peers = (0..3).filter(|peer| *peer != me);
                    peers.flat_map(|peer| [record.sent(peer), record.received(peer)]).collect()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    };
    let first = run(0);
    for seed in 1..150 {
        assert_eq!(run(seed), first, "seed {seed}");
    }
}

/// Over one TLS session, many schedules one after the other.
#[test]
fn schedules_change_nothing_over_tls() {
    World::new(3, LONG).run(|mesh| {
        let (me, mut links) = (mesh.links.me(), mesh.links);
        let (to, from) = ((me + 1) % 3, (me + 2) % 3);
        for seed in 0..200 {
            let mut shuffled = Shuffled::new(links, seed * 3 + me as u64);
            let length = [1, 17, 5000, 40_000][usize::try_from(seed).unwrap() % 4];
            let mut inn = vec![0; length];
            exchange(&mut shuffled, to, &stream(me, to, length), from, &mut inn).unwrap();
            assert!(inn == stream(from, me, length), "seed {seed}");
            links = shuffled.into_inner();
        }
        mesh.control.finish().unwrap();
    });
}

/// What was begun must be carried on: a caller that withdraws bytes gets an error, not a broken stream.
#[test]
fn bytes_that_are_on_their_way_cannot_be_withdrawn() {
    let mut world = World::new(2, LONG);
    let reader = world.start(1, terms(&[]), |mesh| {
        let Mesh { mut links, control: _control, .. } = mesh.unwrap();
        let mut inn = vec![0; 1 << 20];
        loop {
            let read = links.try_recv(0, &mut inn).and_then(|count| if count == 0 { links.wait(1, 0) } else { Ok(()) });
            if let Err(error) = read {
                return error;
            }
        }
    });
    let writer = world.start(0, terms(&[]), |mesh| {
        let Mesh { mut links, control: _control, .. } = mesh.unwrap();
        let bytes = vec![1; 1 << 20];
        while links.try_send(1, &bytes).unwrap() == bytes.len() {}
        loop {
            match links.try_send(1, &bytes[..1]) {
                Ok(0) => links.wait(0, 1 << 1).unwrap(),
                Ok(_) => panic!("a byte out of the middle of a record was taken for sent"),
                Err(error) => return error,
            }
        }
    });
    assert_eq!(writer.join().unwrap().fault(), Fault::Ourselves);
    assert_eq!(reader.join().unwrap(), NetError::Left { party: 0, why: Leave::Error, reported_by: None });
}
