//! tokio's I/O traits. The `tokio` crate is here for its traits only: none of its runtime is compiled.
//!
//! Cancel safety: a poll that returns pending has moved nothing.
//!
//! *initialized*: as many bytes are reported to the buffer as [`TcpStream::poll_read_uninit`] has initialized, and it is
//! given the unfilled part itself.
#![allow(unsafe_code)] // zeroing every buffer before each read costs more than the rest of the poll

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io::{self, IoSlice};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, TcpStream, WriteHalf};

fn poll_read(stream: &TcpStream, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
    // SAFETY: `poll_read_uninit` writes initialized bytes only, so nothing is uninitialized again.
    let room = unsafe { buf.unfilled_mut() };
    let count = ready!(stream.poll_read_uninit(cx, room))?;
    // SAFETY: *initialized*: so many bytes of the room have just been.
    unsafe { buf.assume_init(count) };
    buf.advance(count);
    Poll::Ready(Ok(()))
}

macro_rules! read {
    ($($reader:ty),*) => {$(
        impl AsyncRead for $reader {
            fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
                poll_read((*self).as_ref(), cx, buf)
            }
        }
    )*};
}
read!(TcpStream, ReadHalf<'_>, OwnedReadHalf);

macro_rules! write {
    ($($writer:ty),*) => {$(
        impl AsyncWrite for $writer {
            fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
                (*self).as_ref().poll_write_from(cx, buf)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                (*self).as_ref().poll_write_from_all(cx, bufs)
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(())) // nothing is kept back
            }

            fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(self.get_mut().shutdown_write())
            }
        }
    )*};
}
write!(TcpStream, WriteHalf<'_>, OwnedWriteHalf);
