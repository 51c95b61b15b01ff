//! The two directions of a connection, apart.

use core::fmt;
use core::net::SocketAddr;
use core::task::{Context, Poll};
use std::io::{self, IoSlice};
use std::sync::Arc;

use super::super::interest::{Interest, Ready};
use super::TcpStream;

/// The read direction of a stream that [`TcpStream::split`] has lent.
#[derive(Debug)]
pub struct ReadHalf<'a>(pub(super) &'a TcpStream);

/// The write direction of a stream that [`TcpStream::split`] has lent.
#[derive(Debug)]
pub struct WriteHalf<'a>(pub(super) &'a TcpStream);

/// The read direction of a stream, from [`TcpStream::into_split`].
#[derive(Debug)]
pub struct OwnedReadHalf {
    stream: Arc<TcpStream>,
}

/// The write direction of a stream, from [`TcpStream::into_split`]. Dropping it ends that direction.
#[derive(Debug)]
pub struct OwnedWriteHalf {
    stream: Arc<TcpStream>,
    shutdown_on_drop: bool,
}

/// Two halves that were not of one stream; they come back.
#[derive(Debug)]
pub struct ReuniteError(pub OwnedReadHalf, pub OwnedWriteHalf);

impl fmt::Display for ReuniteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the two halves are not of one stream")
    }
}

impl core::error::Error for ReuniteError {}

pub(super) fn split_owned(stream: Arc<TcpStream>) -> (OwnedReadHalf, OwnedWriteHalf) {
    (OwnedReadHalf { stream: stream.clone() }, OwnedWriteHalf { stream, shutdown_on_drop: true })
}

fn reunite(read: OwnedReadHalf, mut write: OwnedWriteHalf) -> Result<TcpStream, ReuniteError> {
    if !Arc::ptr_eq(&read.stream, &write.stream) {
        return Err(ReuniteError(read, write));
    }
    write.shutdown_on_drop = false;
    drop(write);
    Ok(Arc::into_inner(read.stream).expect("a split stream has two owners, and one has just been dropped"))
}

impl OwnedReadHalf {
    /// Puts the two halves together again.
    ///
    /// # Errors
    ///
    /// [`ReuniteError`], with both, if they were not of one stream.
    pub fn reunite(self, other: OwnedWriteHalf) -> Result<TcpStream, ReuniteError> {
        reunite(self, other)
    }
}

impl OwnedWriteHalf {
    /// Puts the two halves together again.
    ///
    /// # Errors
    ///
    /// [`ReuniteError`], with both, if they were not of one stream.
    pub fn reunite(self, other: OwnedReadHalf) -> Result<TcpStream, ReuniteError> {
        reunite(other, self)
    }

    /// Drops this half without ending the write direction; that lasts until the read half is dropped, too.
    pub fn forget(mut self) {
        self.shutdown_on_drop = false;
    }

    /// Ends the write direction: the other side reads what was written, then the end. A drop does not do it again.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn shutdown_write(&mut self) -> io::Result<()> {
        self.stream.shutdown_write()?;
        self.shutdown_on_drop = false;
        Ok(())
    }
}

impl Drop for OwnedWriteHalf {
    fn drop(&mut self) {
        if self.shutdown_on_drop {
            // There is nobody to tell; a connection that is gone has no write direction to end.
            let _ = self.stream.shutdown_write();
        }
    }
}

impl WriteHalf<'_> {
    /// Ends the write direction: the other side reads what was written, then the end.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn shutdown_write(&mut self) -> io::Result<()> {
        self.0.shutdown_write()
    }
}

impl AsRef<TcpStream> for ReadHalf<'_> {
    fn as_ref(&self) -> &TcpStream {
        self.0
    }
}
impl AsRef<TcpStream> for WriteHalf<'_> {
    fn as_ref(&self) -> &TcpStream {
        self.0
    }
}
impl AsRef<TcpStream> for OwnedReadHalf {
    fn as_ref(&self) -> &TcpStream {
        &self.stream
    }
}
impl AsRef<TcpStream> for OwnedWriteHalf {
    fn as_ref(&self) -> &TcpStream {
        &self.stream
    }
}

macro_rules! both {
    ($($half:ty),*) => {$(
        impl $half {
            /// The address of this side.
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn local_addr(&self) -> io::Result<SocketAddr> {
                self.as_ref().local_addr()
            }

            /// The address of the other side.
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn peer_addr(&self) -> io::Result<SocketAddr> {
                self.as_ref().peer_addr()
            }

            /// Waits until a direction of `interest` is ready or closed.
            ///
            /// # Errors
            ///
            /// That the reactor has been shut down.
            pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
                self.as_ref().ready(interest).await
            }
        }
    )*};
}
both!(ReadHalf<'_>, WriteHalf<'_>, OwnedReadHalf, OwnedWriteHalf);

macro_rules! reading {
    ($($half:ty),*) => {$(
        impl $half {
            /// Waits until a read should be tried.
            ///
            /// # Errors
            ///
            /// That the reactor has been shut down.
            pub async fn readable(&self) -> io::Result<()> {
                self.as_ref().readable().await
            }

            /// Reads what there is; zero bytes are the end.
            ///
            /// # Errors
            ///
            /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is nothing yet, and the system's.
            pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
                self.as_ref().try_read(buf)
            }

            /// Reads without taking the bytes away.
            ///
            /// # Errors
            ///
            /// The system's.
            pub async fn peek(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                self.as_ref().peek(buf).await
            }

            /// Polls to read without taking the bytes away.
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn poll_peek(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
                self.as_ref().poll_peek(cx, buf)
            }
        }
    )*};
}
reading!(ReadHalf<'_>, OwnedReadHalf);

macro_rules! writing {
    ($($half:ty),*) => {$(
        impl $half {
            /// Waits until a write should be tried.
            ///
            /// # Errors
            ///
            /// That the reactor has been shut down.
            pub async fn writable(&self) -> io::Result<()> {
                self.as_ref().writable().await
            }

            /// Writes what there is room for.
            ///
            /// # Errors
            ///
            /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is no room, and the system's.
            pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
                self.as_ref().try_write(buf)
            }

            /// Writes from several buffers what there is room for.
            ///
            /// # Errors
            ///
            /// Those of `try_write`.
            pub fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
                self.as_ref().try_write_vectored(bufs)
            }
        }
    )*};
}
writing!(WriteHalf<'_>, OwnedWriteHalf);
