//! Listening for connections.

use core::net::SocketAddr;
use core::task::{Context, Poll};
use std::io;

use socket2::{Domain, Protocol, Socket, Type};

use super::super::readiness::ReactorHandle;
use super::super::registration::{Registered, Side};
use super::TcpStream;
use super::addr::{Target, ToSocketAddrs, no_address, resolve};

/// Connections the system keeps for us until they are accepted.
const BACKLOG: i32 = 1024;

/// A TCP socket that listens for connections.
///
/// # Examples
///
/// ```no_run
/// # async fn serve() -> std::io::Result<()> {
/// use zokio_hal::os::net::TcpListener;
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// loop {
///     let (stream, peer) = listener.accept().await?;
///     stream.set_nodelay(true)?;
///     println!("{peer} is here");
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct TcpListener {
    io: Registered<mio::net::TcpListener>,
}

impl TcpListener {
    /// Listens on the first of the addresses that can be had. Port 0 lets the system choose; on Unix the address may be
    /// bound again at once after its last use (`SO_REUSEADDR`).
    ///
    /// # Errors
    ///
    /// [`AddrInUse`](io::ErrorKind::AddrInUse) and others of the system, those of a lookup, and
    /// [`Unsupported`](io::ErrorKind::Unsupported) where there is no reactor.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn bind(addr: impl ToSocketAddrs) -> io::Result<Self> {
        let target = addr.target()?;
        let handle = ReactorHandle::current()?;
        Self::bind_to(&handle, target).await
    }

    /// Like [`bind`](Self::bind), on the given reactor.
    ///
    /// # Errors
    ///
    /// Those of [`bind`](Self::bind).
    pub async fn bind_with(handle: &ReactorHandle, addr: impl ToSocketAddrs) -> io::Result<Self> {
        let target = addr.target()?;
        Self::bind_to(handle, target).await
    }

    async fn bind_to(handle: &ReactorHandle, target: Target) -> io::Result<Self> {
        let mut last = no_address();
        for address in resolve(handle, target).await? {
            match Self::listen(handle, address) {
                Ok(listener) => return Ok(listener),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn listen(handle: &ReactorHandle, address: SocketAddr) -> io::Result<Self> {
        // Not through std: its backlog is 128, and a burst of connections beyond that waits for a retransmission.
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // Elsewhere this option would let others take the address away.
        if cfg!(unix) {
            socket.set_reuse_address(true)?;
        }
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Self::from_std_with(handle, socket.into())
    }

    /// Takes over a listener of the standard library, and makes it non-blocking.
    ///
    /// # Errors
    ///
    /// The system's, and [`Unsupported`](io::ErrorKind::Unsupported) where there is no reactor.
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<Self> {
        Self::from_std_with(&ReactorHandle::current()?, listener)
    }

    /// Like [`from_std`](Self::from_std), on the given reactor.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn from_std_with(handle: &ReactorHandle, listener: std::net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self { io: Registered::new(handle, mio::net::TcpListener::from_std(listener), true)? })
    }

    /// Gives the listener back as one of the standard library; it stays non-blocking.
    ///
    /// # Errors
    ///
    /// The system's, where it cannot end the registration.
    pub fn into_std(self) -> io::Result<std::net::TcpListener> {
        self.io.into_source().map(std::net::TcpListener::from)
    }

    /// Waits for a connection. Any number of tasks may wait at once.
    ///
    /// # Errors
    ///
    /// The system's: some concern one connection only ([`ConnectionAborted`](io::ErrorKind::ConnectionAborted)), some
    /// pass with time (no descriptors left), so a server goes on after them.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a dropped future has accepted nothing.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.io.io(Side::Read, mio::net::TcpListener::accept).await?;
        self.register(stream, peer)
    }

    /// Polls for a connection. One task at a time: a later one takes the place of an earlier.
    ///
    /// # Errors
    ///
    /// Those of [`accept`](Self::accept).
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        self.io.poll_io(Side::Read, cx, mio::net::TcpListener::accept).map(|accepted| {
            let (stream, peer) = accepted?;
            self.register(stream, peer)
        })
    }

    fn register(&self, stream: mio::net::TcpStream, peer: SocketAddr) -> io::Result<(TcpStream, SocketAddr)> {
        Ok((TcpStream::from_connected(self.io.handle(), stream)?, peer))
    }

    /// The address it listens on; with the port that the system chose.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.source().local_addr()
    }

    /// The error the system has noted for this socket, which is cleared.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.source().take_error()
    }

    /// The time to live of packets sent.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.source().ttl()
    }

    /// Sets the time to live of packets sent, in hops.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.source().set_ttl(ttl)
    }
}

#[cfg(unix)]
mod unix {
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

    impl AsFd for super::TcpListener {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.io.source().as_fd()
        }
    }

    impl AsRawFd for super::TcpListener {
        fn as_raw_fd(&self) -> RawFd {
            self.io.source().as_raw_fd()
        }
    }
}
