//! Somebody on the line between two parties: passes bytes on, stops doing so, or cuts the line.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Passing,
    Frozen,
    Cut,
}

/// A listener that passes connections on.
pub struct Proxy {
    pub address: SocketAddr,
    mode: Arc<Mutex<Mode>>,
    opened: Arc<AtomicUsize>,
}

impl Proxy {
    /// Passes every connection on to where `route` says, given the first bytes of it.
    pub fn new(route: impl Fn(&[u8]) -> SocketAddr + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mode = Arc::new(Mutex::new(Mode::Passing));
        let shared = mode.clone();
        let opened = Arc::new(AtomicUsize::new(0));
        let count = opened.clone();
        // The thread stays until the test's process ends.
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let mut first = vec![0; 4096];
                let Ok(length) = (&near).read(&mut first) else { continue };
                let Ok(mut far) = TcpStream::connect(route(&first[..length])) else { continue };
                let _ = far.set_nodelay(true);
                let _ = near.set_nodelay(true);
                if far.write_all(&first[..length]).is_err() {
                    continue;
                }
                let (near2, far2) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                count.fetch_add(1, Ordering::SeqCst);
                let (mode, mode2) = (shared.clone(), shared.clone());
                std::thread::spawn(move || pass(near, far2, &mode));
                std::thread::spawn(move || pass(far, near2, &mode2));
            }
        });
        Self { address, mode, opened }
    }

    /// How many connections it has passed the first bytes of.
    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    /// To one place.
    pub fn to(address: SocketAddr) -> Self {
        Self::new(move |_| address)
    }

    /// Holds everything back from now on.
    pub fn freeze(&self) {
        *self.mode.lock().unwrap() = Mode::Frozen;
    }

    /// Passes on what was held back, and all else.
    pub fn thaw(&self) {
        *self.mode.lock().unwrap() = Mode::Passing;
    }

    /// Closes all connections.
    pub fn cut(&self) {
        *self.mode.lock().unwrap() = Mode::Cut;
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, mode: &Mutex<Mode>) {
    let _ = from.set_read_timeout(Some(Duration::from_millis(20)));
    let mut bytes = vec![0; 65_536];
    loop {
        let now = *mode.lock().unwrap();
        match now {
            Mode::Cut => break,
            Mode::Frozen => std::thread::sleep(Duration::from_millis(20)),
            Mode::Passing => match from.read(&mut bytes) {
                Ok(0) => break,
                Ok(count) if *mode.lock().unwrap() == Mode::Passing => {
                    if to.write_all(&bytes[..count]).is_err() {
                        break;
                    }
                }
                Ok(_) => {}
                Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                }
                Err(_) => break,
            },
        }
    }
    if *mode.lock().unwrap() == Mode::Cut {
        let _ = from.shutdown(Shutdown::Both);
    }
    let _ = to.shutdown(Shutdown::Write);
}
