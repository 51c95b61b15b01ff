//! hyper's I/O traits, on the stream itself: no adapter is needed.
//!
//! *initialized*: as many bytes are reported to the buffer as [`TcpStream::poll_read_uninit`] has initialized, and it is
//! given the unfilled part itself.
#![allow(unsafe_code)] // hyper's read buffer has no safe way to be advanced

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io::{self, IoSlice};

use hyper::rt::{Read, ReadBufCursor, Write};

use super::TcpStream;

impl Read for TcpStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, mut buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        // SAFETY: `poll_read_uninit` writes initialized bytes only, so nothing is uninitialized again.
        let room = unsafe { buf.as_mut() };
        let count = ready!(self.poll_read_uninit(cx, room))?;
        // SAFETY: *initialized*: so many bytes of the room have just been.
        unsafe { buf.advance(count) };
        Poll::Ready(Ok(()))
    }
}

impl Write for TcpStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_from(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_from_all(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(())) // nothing is kept back
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.shutdown_write())
    }
}
