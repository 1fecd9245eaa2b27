//! The conformance suite over TLS: every gate of `rep3` against integer arithmetic, among three parties over real sockets, with what it costs held
//! against the dry run.

use smpc_net::{Config, Identity, Links, Mesh, Node, Terms, connect_on};
use smpc_protocols::conformance::suite::{Extent, Report, suite};
use smpc_protocols::rep3::{Keys, Rep3};
use smpc_protocols::{Error, Executor, Wire};
use std::net::TcpListener;
use std::time::Duration;

const PARTIES: usize = 3;

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

fn party(me: usize, mut mesh: Mesh) -> Report {
    let mut key = |peer: usize| mesh.key(peer).expect("a pairwise key");
    let (own, next) = (key((me + 2) % PARTIES), key((me + 1) % PARTIES));
    let protocol = Rep3::new(me, Keys::new(me, own, next, mesh.session));
    let executor = Executor::new(me, PARTIES, 1, 0, Box::new(Wired(mesh.links)));
    let report = executor.run(suite(&protocol, &executor, Extent::Full)).expect("no fault of a link");
    mesh.control.finish().expect("all parties end");
    report
}

#[test]
fn every_gate_over_tls() {
    let identities: Vec<Identity> =
        (0..PARTIES).map(|i| Identity::generate(&format!("p{i}")).expect("a key")).collect();
    let listeners: Vec<TcpListener> =
        (0..PARTIES).map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port")).collect();
    let address = |listener: &TcpListener| listener.local_addr().expect("a bound address").to_string();
    let nodes: Vec<Node> = identities
        .iter()
        .zip(&listeners)
        .map(|(identity, listener)| Node { address: address(listener), fingerprint: identity.fingerprint() })
        .collect();
    let reports: Vec<Report> = std::thread::scope(|scope| {
        let running: Vec<_> = identities
            .iter()
            .zip(listeners)
            .enumerate()
            .map(|(me, (identity, listener))| {
                let nodes = nodes.clone();
                scope.spawn(move || {
                    let config = Config { me, nodes, silence: Duration::from_secs(60), channels: 1, network: None };
                    let terms = Terms { fields: vec![("test".to_owned(), "conformance".to_owned())] };
                    let mesh = connect_on(Some(listener), identity, &config, &terms, &|_| ()).expect("a session");
                    party(me, mesh)
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().expect("a party does not panic")).collect()
    });
    for (me, report) in reports.iter().enumerate() {
        assert!(report.failures.is_empty(), "{:#?}", report.failures);
        let executor = Executor::dry(me, PARTIES);
        let dry = executor.run(suite(&Rep3::dry(me), &executor, Extent::Full)).expect("a dry run");
        assert!(report.cases == dry.cases, "a dry run counts otherwise");
    }
}
