//! What the tests of this crate share: parties as threads over loopback, each with a key and a port that the system picked.

#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

pub mod proxy;

use smpc_net::{Config, Identity, Links, Mesh, NetError, Node, Terms, Transport, connect_on};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Longer than any machine is busy; for tests where nobody goes silent.
pub const LONG: Duration = Duration::from_secs(60);

/// The parties of a session that is to be.
pub struct World {
    pub identities: Vec<Arc<Identity>>,
    pub listeners: Vec<Option<TcpListener>>,
    pub addresses: Vec<SocketAddr>,
    pub config: Config,
    /// What each party has logged.
    pub logs: Vec<Arc<Mutex<Vec<String>>>>,
}

impl World {
    pub fn new(parties: usize, silence: Duration) -> Self {
        let identities: Vec<_> = (0..parties).map(|i| Arc::new(Identity::generate(&i.to_string()).unwrap())).collect();
        let listeners: Vec<_> = (0..parties).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let addresses: Vec<_> = listeners.iter().map(|listener| listener.local_addr().unwrap()).collect();
        let nodes = identities
            .iter()
            .zip(&addresses)
            .map(|(identity, address)| Node { address: address.to_string(), fingerprint: identity.fingerprint() })
            .collect();
        let config = Config { me: 0, nodes, silence, channels: 1, network: None };
        let logs = (0..parties).map(|_| Arc::default()).collect();
        Self { identities, listeners: listeners.into_iter().map(Some).collect(), addresses, config, logs }
    }

    pub fn parties(&self) -> usize {
        self.identities.len()
    }

    pub fn config(&self, me: usize) -> Config {
        Config { me, ..self.config.clone() }
    }

    /// Starts a party in a thread.
    pub fn start<R: Send + 'static>(
        &mut self,
        me: usize,
        terms: Terms,
        then: impl FnOnce(Result<Mesh, NetError>) -> R + Send + 'static,
    ) -> JoinHandle<R> {
        self.start_with(self.config(me), terms, then)
    }

    /// As [`World::start`], with a configuration of its own.
    pub fn start_with<R: Send + 'static>(
        &mut self,
        config: Config,
        terms: Terms,
        then: impl FnOnce(Result<Mesh, NetError>) -> R + Send + 'static,
    ) -> JoinHandle<R> {
        let me = config.me;
        let (identity, listener) = (self.identities[me].clone(), self.listeners[me].take());
        let log = self.logs[me].clone();
        std::thread::spawn(move || {
            let said = |line: &str| log.lock().unwrap().push(line.to_owned());
            then(connect_on(listener, &identity, &config, &terms, &said))
        })
    }

    /// Starts all parties with the same terms and waits for what they come to.
    pub fn run<R: Send + 'static>(mut self, then: impl Fn(Mesh) -> R + Clone + Send + 'static) -> Vec<R> {
        let threads: Vec<_> = (0..self.parties())
            .map(|me| {
                let then = then.clone();
                self.start(me, terms(&[]), move |mesh| then(mesh.expect("the session is set up")))
            })
            .collect();
        // All of them first: a panic of one must not hide those of the others.
        let ended: Vec<_> = threads.into_iter().map(JoinHandle::join).collect();
        if ended.iter().any(Result::is_err) {
            (0..self.parties()).for_each(|me| eprintln!("log of party {me}: {}", self.logged(me)));
        }
        ended.into_iter().map(|end| end.expect("a party's thread")).collect()
    }

    pub fn logged(&self, me: usize) -> String {
        self.logs[me].lock().unwrap().join("\n")
    }
}

pub fn terms(fields: &[(&str, &str)]) -> Terms {
    Terms { fields: fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect() }
}

/// Sends all of `out` to `to` and fills `into` from `from`, neither keeping the other waiting.
pub fn exchange(
    links: &mut impl Transport,
    to: usize,
    mut out: &[u8],
    from: usize,
    mut into: &mut [u8],
) -> Result<(), NetError> {
    while !out.is_empty() || !into.is_empty() {
        let mut moved = false;
        if !out.is_empty() {
            let count = links.try_send(to, out)?;
            out = &out[count..];
            moved |= count > 0;
        }
        if !into.is_empty() {
            let count = links.try_recv(from, into)?;
            into = &mut into[count..];
            moved |= count > 0;
        }
        if !moved {
            links.wait(if into.is_empty() { 0 } else { 1 << from }, if out.is_empty() { 0 } else { 1 << to })?;
        }
    }
    Ok(())
}

/// Sends a byte to every peer and receives one from each, `rounds` times.
pub fn rounds(links: &mut Links, count: usize) -> Result<(), NetError> {
    let (me, parties) = (links.me(), links.parties());
    rounds_as(links, me, parties, count)
}

/// As [`rounds`], over wrapped links of party `me` of `parties`.
pub fn rounds_as(links: &mut impl Transport, me: usize, parties: usize, rounds: usize) -> Result<(), NetError> {
    for _ in 0..rounds {
        for shift in 1..parties {
            let (to, from) = ((me + shift) % parties, (me + parties - shift) % parties);
            let byte = |of: usize| u8::try_from(of * 31 + 1).unwrap();
            let mut found = [0];
            exchange(links, to, &[byte(me)], from, &mut found)?;
            assert_eq!(found[0], byte(from));
        }
    }
    Ok(())
}

/// Rounds until an error ends them.
pub fn rounds_until_error(links: &mut Links) -> NetError {
    loop {
        if let Err(error) = rounds(links, 1) {
            return error;
        }
    }
}
