//! The I/O traits that all tiers share.
//!
//! Cancel safety: a dropped `read` or `write` has moved nothing.

use core::future::poll_fn;
use std::io;

use embedded_io_async::{ErrorType, Read, Write};

use super::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, TcpStream, WriteHalf};

macro_rules! error {
    ($($half:ty),*) => {$(
        impl ErrorType for $half {
            type Error = io::Error;
        }
    )*};
}
error!(TcpStream, ReadHalf<'_>, WriteHalf<'_>, OwnedReadHalf, OwnedWriteHalf);

macro_rules! read {
    ($($reader:ty),*) => {$(
        impl Read for $reader {
            async fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                let stream: &TcpStream = (*self).as_ref();
                poll_fn(|cx| stream.poll_read_into(cx, buf)).await
            }
        }
    )*};
}
read!(TcpStream, ReadHalf<'_>, OwnedReadHalf);

macro_rules! write {
    ($($writer:ty),*) => {$(
        impl Write for $writer {
            async fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
                let stream: &TcpStream = (*self).as_ref();
                poll_fn(|cx| stream.poll_write_from(cx, buf)).await
            }

            async fn flush(&mut self) -> io::Result<()> {
                Ok(()) // nothing is kept back
            }
        }
    )*};
}
write!(TcpStream, WriteHalf<'_>, OwnedWriteHalf);
