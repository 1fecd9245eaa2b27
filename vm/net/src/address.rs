//! Addresses as written in a session file: HOST:PORT, resolved without keeping anyone waiting.

use crate::error::{NetError, shown};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// An address under resolution: names are looked up in a thread of their own, because a name server may take longer than the session allows.
#[derive(Clone)]
pub(crate) struct Resolved(Arc<Mutex<Option<Found>>>);

/// The meanings of an address, or why it has none.
type Found = Result<Vec<SocketAddr>, String>;

impl Resolved {
    /// Starts to resolve.
    pub(crate) fn start(address: &str) -> Self {
        let found = Self(Arc::default());
        if let Ok(literal) = address.parse::<SocketAddr>() {
            found.set(Ok(vec![literal]));
            return found;
        }
        let (filled, name) = (found.clone(), address.to_owned());
        let lookup = std::thread::Builder::new().name("smpc-resolve".into()).spawn(move || filled.set(resolve(&name)));
        if let Err(error) = lookup {
            found.set(Err(error.to_string()));
        }
        found
    }

    fn set(&self, result: Found) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    }

    /// What was found, once something was.
    pub(crate) fn get(&self) -> Option<Found> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn resolve(address: &str) -> Found {
    let found: Vec<SocketAddr> = address.to_socket_addrs().map_err(|error| error.to_string())?.collect();
    if found.is_empty() { Err("the name has no address".into()) } else { Ok(found) }
}

/// Refuses what cannot be an address, before anything is tried.
pub(crate) fn check(party: usize, address: &str) -> Result<(), NetError> {
    let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(1..)) => Ok(()),
        _ => Err(NetError::Address {
            party,
            address: address.to_owned(),
            reason: "it is not of the form HOST:PORT with a port from 1 to 65535".into(),
        }),
    }
}

/// Listens at an address of this machine. An address that is not this machine's own, as behind a port that is forwarded, is listened for on
/// all interfaces.
pub(crate) fn listen(address: &str, log: &dyn Fn(&str)) -> Result<TcpListener, NetError> {
    let refused = |reason: String| NetError::Bind { address: address.to_owned(), reason };
    let found = resolve(address).map_err(&refused)?;
    let mut result = TcpListener::bind(&found[..]);
    // A port may be taken for a moment by a connection that is just closing.
    for _ in 0..4 {
        match &result {
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                std::thread::sleep(Duration::from_millis(50));
                result = TcpListener::bind(&found[..]);
            }
            _ => break,
        }
    }
    if let Err(error) = &result
        && error.kind() == std::io::ErrorKind::AddrNotAvailable
    {
        let port = found[0].port();
        let everywhere = if found[0].is_ipv6() {
            SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))
        } else {
            SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))
        };
        log(&format!(
            "{} is no address of this machine: listening on port {port} of all its addresses",
            shown(address)
        ));
        result = TcpListener::bind(everywhere);
    }
    let listener = result.map_err(|error| refused(error.to_string()))?;
    listener.set_nonblocking(true).map_err(|error| refused(error.to_string()))?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_before_use() {
        for good in ["127.0.0.1:1", "localhost:65535", "[::1]:80", "a.b:7"] {
            assert_eq!(check(0, good), Ok(()), "{good}");
        }
        for bad in ["", "x", ":80", "x:", "x:0", "x:65536", "x:-1", "x:a"] {
            assert!(matches!(check(2, bad), Err(NetError::Address { party: 2, .. })), "{bad}");
        }
    }

    #[test]
    fn a_port_in_use_is_said_to_be() {
        let held = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = held.local_addr().expect("bound").to_string();
        let error = listen(&address, &|_| {}).expect_err("in use");
        assert!(error.to_string().contains("in use") && error.to_string().contains(&address), "{error}");
        assert!(error.help().contains("port"));
    }

    #[test]
    fn an_address_of_another_machine_is_listened_for_everywhere() {
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
        let said = std::cell::Cell::new(false);
        let listener = listen(&format!("192.0.2.1:{port}"), &|_| said.set(true)).expect("listening");
        assert!(said.get() && listener.local_addr().expect("bound").ip().is_unspecified());
    }
}
