//! Over TLS, among parties over real sockets, with what it costs held against the dry run.

use super::check;
use smpc_net::{Config, Identity, Links, Mesh, Node, Terms, connect_on};
use smpc_protocols::conformance::suite::{Extent, Report, suite};
use smpc_protocols::mal_rep3::{self, MalRep3};
use smpc_protocols::mal_shamir;
use smpc_protocols::rep3::{self, Rep3};
use smpc_protocols::rep4::{self, Rep4};
use smpc_protocols::shamir::{self, Shamir};
use smpc_protocols::{Error, Executor, Protocol, Wire};
use std::net::TcpListener;
use std::time::Duration;

/// The links of a session as the executor takes them.
struct Wired(Links);

fn link_error(error: &smpc_net::NetError) -> Error {
    Error::Link { peer: error.party().unwrap_or(0), reason: error.to_string() }
}

impl Wire for Wired {
    fn try_send(&mut self, peer: usize, bytes: &[u8]) -> Result<usize, Error> {
        self.0.try_send(peer, bytes).map_err(|error| link_error(&error))
    }

    fn try_recv(&mut self, peer: usize, into: &mut [u8]) -> Result<usize, Error> {
        self.0.try_recv(peer, into).map_err(|error| link_error(&error))
    }

    fn wait(&mut self, readable: u64, writable: u64) -> Result<(), Error> {
        self.0.wait(readable, writable).map_err(|error| link_error(&error))
    }
}

/// Runs the suite at one party.
fn run<P: Protocol>(protocol: &P, links: Links, extent: Extent) -> Report {
    run_on(protocol, &Executor::new(protocol.me(), protocol.parties(), 1, 0, Box::new(Wired(links))), extent)
}

/// Runs the suite on an executor that may have run something before.
fn run_on<P: Protocol>(protocol: &P, executor: &Executor, extent: Extent) -> Report {
    executor.run(suite(protocol, executor, extent)).expect("no fault of a link")
}

/// The reports of so many parties, each of which does `party` once it has its links.
fn over_tls(parties: usize, party: impl Fn(usize, Mesh) -> Report + Sync) -> Vec<Report> {
    let identities: Vec<Identity> =
        (0..parties).map(|i| Identity::generate(&format!("p{i}")).expect("a key")).collect();
    let listeners: Vec<TcpListener> =
        (0..parties).map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port")).collect();
    let address = |listener: &TcpListener| listener.local_addr().expect("a bound address").to_string();
    let nodes: Vec<Node> = identities
        .iter()
        .zip(&listeners)
        .map(|(identity, listener)| Node { address: address(listener), fingerprint: identity.fingerprint() })
        .collect();
    std::thread::scope(|scope| {
        let running: Vec<_> = identities
            .iter()
            .zip(listeners)
            .enumerate()
            .map(|(me, (identity, listener))| {
                let (nodes, party) = (nodes.clone(), &party);
                scope.spawn(move || {
                    let config = Config { me, nodes, silence: Duration::from_secs(60), channels: 1, network: None };
                    let terms = Terms { fields: vec![("test".to_owned(), "conformance".to_owned())] };
                    let mesh = connect_on(Some(listener), identity, &config, &terms, &|_| ()).expect("a session");
                    let control = mesh.control.clone();
                    let report = party(me, mesh);
                    control.finish().expect("all parties end");
                    report
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().expect("a party does not panic")).collect()
    })
}

#[test]
fn every_gate_of_rep3_over_tls() {
    let reports = over_tls(3, |me, mut mesh| {
        let mut key = |peer: usize| mesh.key(peer).expect("a pairwise key");
        let (own, next) = (key((me + 2) % 3), key((me + 1) % 3));
        run(&Rep3::new(me, rep3::keys(me, own, next, mesh.session)), mesh.links, Extent::Sizes)
    });
    check(&reports, Extent::Sizes, Rep3::dry);
}

#[test]
fn every_gate_of_mal_rep3_over_tls() {
    let reports = over_tls(mal_rep3::PARTIES, |me, mut mesh| {
        let mut key = |peer: usize| mesh.key(peer).expect("a pairwise key");
        let (own, next) = (key((me + 2) % 3), key((me + 1) % 3));
        let secret = smpc_net::fresh_key().expect("randomness");
        let keys = mal_rep3::keys(me, own, next, secret, mesh.session);
        // At all sizes in process.
        run(&MalRep3::new(me, keys, mesh.session), mesh.links, Extent::Least)
    });
    check(&reports, Extent::Least, MalRep3::dry);
}

#[test]
fn every_gate_of_rep4_over_tls() {
    let reports = over_tls(rep4::PARTIES, |me, mesh| {
        let (session, links) = (mesh.session, mesh.links);
        let number = session.first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
        let executor = Executor::new(me, rep4::PARTIES, number, 0, Box::new(Wired(links)));
        let fresh = || smpc_net::fresh_key().expect("randomness");
        let own = [fresh(), fresh(), fresh(), fresh()];
        let keys = rep4::agree(&executor, session, &own).expect("keys");
        run_on(&Rep4::new(me, keys, session), &executor, Extent::Short)
    });
    check(&reports, Extent::Short, Rep4::dry);
}

#[test]
fn every_gate_of_mal_shamir_over_tls() {
    for (threshold, extent) in [(1, Extent::Short), (2, Extent::Least), (3, Extent::Least)] {
        let parties = 2 * threshold + 1;
        let reports = over_tls(parties, |me, mut mesh| {
            let fresh = || smpc_net::fresh_key().expect("randomness");
            let others: Vec<usize> = (0..parties).filter(|peer| *peer != me).collect();
            let others = others.into_iter().map(|peer| (peer, mesh.key(peer).expect("a pairwise key")));
            let pairwise = (fresh(), others.collect::<Vec<_>>());
            let (session, links) = (mesh.session, mesh.links);
            let number = session.first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
            let executor = Executor::new(me, parties, number, 0, Box::new(Wired(links)));
            let own: Vec<_> = mal_shamir::sets_of(threshold).map(|_| fresh()).collect();
            let keys = mal_shamir::agree(&executor, threshold, pairwise, &own, session).expect("keys");
            run_on(&mal_shamir::party(me, threshold, keys, session), &executor, extent)
        });
        check(&reports, extent, |me| mal_shamir::dry(me, threshold));
    }
}

#[test]
fn every_gate_of_shamir_over_tls() {
    let settings = [(3, 1, Extent::Short), (4, 1, Extent::Least), (5, 2, Extent::Least), (7, 3, Extent::Least)];
    for (parties, threshold, extent) in settings {
        let reports = over_tls(parties, |me, mut mesh| {
            let others: Vec<usize> = (0..parties).filter(|peer| *peer != me).collect();
            let others = others.into_iter().map(|peer| (peer, mesh.key(peer).expect("a pairwise key")));
            let others: Vec<_> = others.collect();
            let own = smpc_net::fresh_key().expect("randomness");
            let keys = shamir::keys(me, own, others, mesh.session);
            run(&Shamir::new(me, parties, threshold, keys), mesh.links, extent)
        });
        check(&reports, extent, |me| Shamir::dry(me, parties, threshold));
    }
}
