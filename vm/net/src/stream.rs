//! A connected socket, TCP or Unix, that never blocks. Its outgoing half may lead through the emulation of a slow network.
//!
//! Nothing here knows what the bytes mean, who sent them, or how long to wait.

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown, sockopt};
use std::fmt;
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Why a connection carries no more bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// The other end has closed it.
    Closed,
    /// The operating system or the TLS layer says so.
    Broken(String),
    /// The other end's key is not the session's.
    Unknown(String),
    /// The other end says that our key is not the session's.
    Refused,
    /// Our own fault.
    Internal(&'static str),
}

impl Gone {
    /// Whether one end does not know the other's key.
    pub(crate) fn is_about_keys(&self) -> bool {
        matches!(self, Self::Unknown(_) | Self::Refused)
    }
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("it closed the connection"),
            Self::Broken(what) => write!(f, "its connection broke: {what}"),
            Self::Unknown(what) => f.write_str(what),
            Self::Refused => f.write_str("it refuses our key: its session file has another fingerprint for this party"),
            Self::Internal(what) => f.write_str(what),
        }
    }
}

impl From<Errno> for Gone {
    fn from(error: Errno) -> Self {
        match error {
            Errno::PIPE | Errno::CONNRESET | Errno::CONNABORTED => Self::Closed,
            other => Self::Broken(std::io::Error::from(other).to_string()),
        }
    }
}

/// See the module's text.
#[derive(Debug)]
pub(crate) struct Stream {
    socket: OwnedFd,
    /// Where outgoing bytes go instead, under emulation.
    detour: Option<OwnedFd>,
}

impl Stream {
    /// Over a connected TCP socket, which sends small frames at once.
    pub(crate) fn tcp(socket: TcpStream) -> std::io::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket: socket.into(), detour: None })
    }

    /// Over one end of a socket pair.
    pub(crate) fn unix(socket: UnixStream) -> std::io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self { socket: socket.into(), detour: None })
    }

    /// Sends by way of `detour` from now on; returns a handle of the socket itself for whoever serves the other end of it.
    pub(crate) fn divert(&mut self, detour: UnixStream) -> std::io::Result<OwnedFd> {
        detour.set_nonblocking(true)?;
        let socket = self.socket.try_clone()?;
        self.detour = Some(detour.into());
        Ok(socket)
    }

    /// Where outgoing bytes are written.
    pub(crate) fn writer(&self) -> BorrowedFd<'_> {
        self.detour.as_ref().unwrap_or(&self.socket).as_fd()
    }

    /// Where incoming bytes are read.
    pub(crate) fn reader(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Sends what the kernel takes; 0 where it takes nothing now.
    pub(crate) fn send(&self, bytes: &[u8]) -> Result<usize, Gone> {
        loop {
            return match rustix::net::send(self.writer(), bytes, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
                Ok(count) => Ok(count),
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => Ok(0),
                Err(error) => Err(error.into()),
            };
        }
    }

    /// Receives what has arrived; 0 where nothing has. `into` is not empty.
    pub(crate) fn recv(&self, into: &mut [u8]) -> Result<usize, Gone> {
        self.recv_with(into, RecvFlags::DONTWAIT)
    }

    /// Whether [`Stream::recv`] would return something other than 0: bytes, or that the connection is gone.
    pub(crate) fn has_arrived(&self) -> bool {
        self.recv_with(&mut [0], RecvFlags::DONTWAIT | RecvFlags::PEEK) != Ok(0)
    }

    /// Whether the other end is still there, as far as can be seen without taking what it has sent.
    pub(crate) fn peek(&self) -> Result<(), Gone> {
        self.recv_with(&mut [0], RecvFlags::DONTWAIT | RecvFlags::PEEK).map(drop)
    }

    fn recv_with(&self, into: &mut [u8], flags: RecvFlags) -> Result<usize, Gone> {
        debug_assert!(!into.is_empty());
        loop {
            return match rustix::net::recv(self.reader(), &mut *into, flags) {
                Ok((0, _)) => Err(Gone::Closed),
                Ok((count, _)) => Ok(count),
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => Ok(0),
                Err(error) => Err(error.into()),
            };
        }
    }

    /// Tells the other end that nothing more comes, after what was sent before.
    pub(crate) fn end(&self) {
        end(self.writer());
    }

    /// A handle that keeps the outgoing half open.
    pub(crate) fn keep(&self) -> std::io::Result<OwnedFd> {
        self.writer().try_clone_to_owned()
    }

    /// Sets the kernel's buffers, for tests.
    pub(crate) fn set_buffers(&self, bytes: usize) -> std::io::Result<()> {
        sockopt::set_socket_send_buffer_size(self.writer(), bytes)?;
        sockopt::set_socket_recv_buffer_size(self.reader(), bytes)?;
        Ok(())
    }
}

/// Ends the outgoing half of a socket; one that is gone already is none to worry about.
pub(crate) fn end(socket: BorrowedFd<'_>) {
    let _ = rustix::net::shutdown(socket, Shutdown::Write);
}

/// Waits until one of the sockets is ready or the time is over; interruptions count as ready.
pub(crate) fn poll(sockets: &mut [PollFd<'_>], timeout: Duration) -> Result<(), Errno> {
    let timeout = Timespec::try_from(timeout).map_err(|_| Errno::INVAL)?;
    match rustix::event::poll(sockets, Some(&timeout)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether [`poll`] found something to do at a socket.
pub(crate) fn ready(socket: &PollFd<'_>) -> bool {
    socket.revents().intersects(PollFlags::IN | PollFlags::OUT | PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL)
}
