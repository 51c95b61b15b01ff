//! A connection.

use core::mem::MaybeUninit;
use core::net::SocketAddr;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::io::{self, IoSlice, Read as _, Write as _};
use std::net::Shutdown;
use std::sync::Arc;

use socket2::SockRef;

use super::super::interest::{Interest, Ready};
use super::super::readiness::ReactorHandle;
use super::super::registration::{Registered, Side};
use super::addr::{Target, ToSocketAddrs, no_address, resolve};
use super::tcp_split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf, split_owned};

/// A TCP connection.
///
/// Reading and writing go through the I/O traits that are enabled by feature (`tokio-io`, `embedded-io-async`,
/// `hyper`), or through [`readable`](Self::readable) and [`try_read`](Self::try_read) and their like. Dropping it closes
/// the connection.
#[derive(Debug)]
pub struct TcpStream {
    io: Registered<mio::net::TcpStream>,
}

impl TcpStream {
    /// Connects to the first of the addresses that answers.
    ///
    /// # Errors
    ///
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) and others of the last address tried, those of a lookup,
    /// and [`Unsupported`](io::ErrorKind::Unsupported) where there is no reactor.
    ///
    /// # Cancel safety
    ///
    /// A dropped future abandons the connection attempt.
    pub async fn connect(addr: impl ToSocketAddrs) -> io::Result<Self> {
        let target = addr.target()?;
        let handle = ReactorHandle::current()?;
        Self::connect_to_any(&handle, target).await
    }

    /// Like [`connect`](Self::connect), on the given reactor.
    ///
    /// # Errors
    ///
    /// Those of [`connect`](Self::connect).
    pub async fn connect_with(handle: &ReactorHandle, addr: impl ToSocketAddrs) -> io::Result<Self> {
        let target = addr.target()?;
        Self::connect_to_any(handle, target).await
    }

    async fn connect_to_any(handle: &ReactorHandle, target: Target) -> io::Result<Self> {
        let mut last = no_address();
        for address in resolve(handle, target).await? {
            match Self::connect_to(handle, address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn connect_to(handle: &ReactorHandle, address: SocketAddr) -> io::Result<Self> {
        let stream = mio::net::TcpStream::connect(address)?;
        let stream = Self { io: Registered::new(handle, stream, false)? };
        core::future::poll_fn(|cx| stream.poll_connected(cx)).await?;
        Ok(stream)
    }

    /// The end of a connection attempt: a writable socket without an error that has a peer.
    fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let seen = ready!(self.io.poll_ready(Side::Write, cx))?;
            if let Some(error) = self.io.source().take_error()? {
                return Poll::Ready(Err(error));
            }
            match self.io.source().peer_addr() {
                // Not yet: an event that had nothing to do with the end of the attempt.
                Err(error) if error.kind() == io::ErrorKind::NotConnected => self.io.clear(Side::Write, seen),
                result => return Poll::Ready(result.map(drop)),
            }
        }
    }

    /// A stream that is connected already, and non-blocking.
    pub(super) fn from_connected(handle: &ReactorHandle, stream: mio::net::TcpStream) -> io::Result<Self> {
        Ok(Self { io: Registered::new(handle, stream, true)? })
    }

    /// Takes over a connected stream of the standard library, and makes it non-blocking.
    ///
    /// # Errors
    ///
    /// The system's, and [`Unsupported`](io::ErrorKind::Unsupported) where there is no reactor.
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<Self> {
        Self::from_std_with(&ReactorHandle::current()?, stream)
    }

    /// Like [`from_std`](Self::from_std), on the given reactor.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn from_std_with(handle: &ReactorHandle, stream: std::net::TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Self::from_connected(handle, mio::net::TcpStream::from_std(stream))
    }

    /// Gives the stream back as one of the standard library; it stays non-blocking.
    ///
    /// # Errors
    ///
    /// The system's, where it cannot end the registration.
    pub fn into_std(self) -> io::Result<std::net::TcpStream> {
        self.io.into_source().map(std::net::TcpStream::from)
    }

    /// The address of this side.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.source().local_addr()
    }

    /// The address of the other side.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.source().peer_addr()
    }

    /// The error the system has noted for this socket, which is cleared.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.source().take_error()
    }

    /// Whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.io.source().nodelay()
    }

    /// Sets whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.io.source().set_nodelay(nodelay)
    }

    /// How long closing waits for unsent data (`SO_LINGER`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        SockRef::from(self.io.source()).linger()
    }

    /// Sets how long closing waits for unsent data (`SO_LINGER`), in whole seconds. Zero resets the connection when it is
    /// closed; more may block the thread that closes it.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        SockRef::from(self.io.source()).set_linger(linger)
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

    /// Waits until a direction of `interest` is ready or closed. Any number of tasks may wait at once.
    ///
    /// # Errors
    ///
    /// That the reactor has been shut down.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: readiness stays until an operation says that it would block.
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.io.ready(interest).await
    }

    /// Waits until a read should be tried. It may turn out to block all the same.
    ///
    /// # Errors
    ///
    /// That the reactor has been shut down.
    pub async fn readable(&self) -> io::Result<()> {
        self.ready(Interest::READABLE).await.map(drop)
    }

    /// Waits until a write should be tried. It may turn out to block all the same.
    ///
    /// # Errors
    ///
    /// That the reactor has been shut down.
    pub async fn writable(&self) -> io::Result<()> {
        self.ready(Interest::WRITABLE).await.map(drop)
    }

    /// Polls whether a read should be tried. One task at a time, the one that also polls reads.
    ///
    /// # Errors
    ///
    /// That the reactor has been shut down.
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(Side::Read, cx).map_ok(drop)
    }

    /// Polls whether a write should be tried. One task at a time, the one that also polls writes.
    ///
    /// # Errors
    ///
    /// That the reactor has been shut down.
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_ready(Side::Write, cx).map_ok(drop)
    }

    /// Reads what there is; zero bytes are the end.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is nothing yet, and the system's.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io.try_transfer(Side::Read, buf.len(), |mut io| io.read(buf))
    }

    /// Writes what there is room for.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is no room, and the system's.
    pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        self.io.try_transfer(Side::Write, buf.len(), |mut io| io.write(buf))
    }

    /// Writes from several buffers what there is room for.
    ///
    /// # Errors
    ///
    /// Those of [`try_write`](Self::try_write).
    pub fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.io.try_io(Side::Write, |mut io| io.write_vectored(bufs))
    }

    /// Reads without taking the bytes away. Any number of tasks may wait at once.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io.io(Side::Read, |io| io.peek(buf)).await
    }

    /// Polls to read without taking the bytes away. One task at a time, the one that also polls reads.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn poll_peek(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.io.poll_io(Side::Read, cx, |io| io.peek(buf))
    }

    /// Lends the two directions to be used apart.
    pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        (ReadHalf(self), WriteHalf(self))
    }

    /// Takes the two directions apart, for two tasks. Dropping the write half ends the write direction.
    #[must_use]
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        split_owned(Arc::new(self))
    }

    /// Polls to read into `buf`; zero bytes are the end. One task at a time.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn poll_read_into(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.io.poll_transfer(Side::Read, buf.len(), cx, |mut io| io.read(buf))
    }

    /// Like [`poll_read_into`](Self::poll_read_into), into memory that need not have been initialized: as many bytes at
    /// the beginning of `buf` as are reported have been, afterwards.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn poll_read_uninit(&self, cx: &mut Context<'_>, buf: &mut [MaybeUninit<u8>]) -> Poll<io::Result<usize>> {
        // Through mio, which on Windows must see that an operation would block.
        self.io.poll_transfer(Side::Read, buf.len(), cx, |io| io.try_io(|| SockRef::from(io).recv(buf)))
    }

    /// Polls to write from `buf`. One task at a time.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn poll_write_from(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.io.poll_transfer(Side::Write, buf.len(), cx, |mut io| io.write(buf))
    }

    /// Polls to write from several buffers. One task at a time.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn poll_write_from_all(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.io.poll_io(Side::Write, cx, |mut io| io.write_vectored(bufs))
    }

    /// Ends the write direction: the other side reads what was written, then the end.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn shutdown_write(&self) -> io::Result<()> {
        match self.io.source().shutdown(Shutdown::Write) {
            // The connection is gone already, and with it the write direction.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            result => result,
        }
    }
}

impl AsRef<TcpStream> for TcpStream {
    fn as_ref(&self) -> &TcpStream {
        self
    }
}

#[cfg(unix)]
mod unix {
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

    impl AsFd for super::TcpStream {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.io.source().as_fd()
        }
    }

    impl AsRawFd for super::TcpStream {
        fn as_raw_fd(&self) -> RawFd {
            self.io.source().as_raw_fd()
        }
    }
}
