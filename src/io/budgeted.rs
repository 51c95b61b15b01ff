//! Ends of streams that are always ready, and copying, with the budget of a task.
//!
//! tokio's crate counts what a task does only in its own runtime. Here everything that can go on for ever without waiting takes
//! a unit of the task's budget each time it gives something, so that a task which copies from [`repeat`] to [`sink`] lets
//! the others of its thread have their turn.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io::IoSlice;

use tokio::io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite, ReadBuf, ReadHalf, Result, SeekFrom, WriteHalf};

use crate::task::coop::poll_proceed;

/// A stream that takes a unit of the task's budget for each read and each write.
#[derive(Debug)]
pub struct Budgeted<T>(T);

/// Has nothing to read and forgets what is written; see [`empty`].
pub type Empty = Budgeted<tokio::io::Empty>;
/// Gives one byte for ever; see [`repeat`].
pub type Repeat = Budgeted<tokio::io::Repeat>;
/// Forgets what is written; see [`sink`].
pub type Sink = Budgeted<tokio::io::Sink>;
/// One end of a pipe in memory that goes both ways; see [`duplex`].
pub type DuplexStream = Budgeted<tokio::io::DuplexStream>;
/// A pipe in memory that goes one way; see [`simplex`].
pub type SimplexStream = Budgeted<tokio::io::SimplexStream>;

/// A stream that has nothing to read and forgets what is written.
///
/// # Cost
///
/// A unit of the task's budget for each read, write and flush.
#[must_use]
pub fn empty() -> Empty {
    Budgeted(tokio::io::empty())
}

/// A reader that gives `byte` for ever.
///
/// # Cost
///
/// As [`empty`].
#[must_use]
pub fn repeat(byte: u8) -> Repeat {
    Budgeted(tokio::io::repeat(byte))
}

/// A writer that forgets what is written.
///
/// # Cost
///
/// As [`empty`].
#[must_use]
pub fn sink() -> Sink {
    Budgeted(tokio::io::sink())
}

/// Makes two connected streams in memory: what is written to one is read from the other, up to `max_buf_size` bytes ahead.
///
/// # Cost
///
/// A unit of the task's budget for each read and write; one lock for each direction.
#[must_use]
pub fn duplex(max_buf_size: usize) -> (DuplexStream, DuplexStream) {
    let (one, other) = tokio::io::duplex(max_buf_size);
    (Budgeted(one), Budgeted(other))
}

/// Makes a pipe in memory that goes one way, up to `max_buf_size` bytes ahead, and splits it.
///
/// # Cost
///
/// A unit of the task's budget for each read and write; one lock.
#[must_use]
pub fn simplex(max_buf_size: usize) -> (ReadHalf<SimplexStream>, WriteHalf<SimplexStream>) {
    tokio::io::split(SimplexStream::new_unsplit(max_buf_size))
}

impl SimplexStream {
    /// Makes a pipe in memory that goes one way, up to `max_buf_size` bytes ahead: what is written to it is read from it.
    ///
    /// # Cost
    ///
    /// As [`simplex`], without the lock.
    #[must_use]
    pub fn new_unsplit(max_buf_size: usize) -> Self {
        Self(tokio::io::SimplexStream::new_unsplit(max_buf_size))
    }
}

/// Copies everything that can be read to `writer`, and gives the number of bytes.
///
/// # Errors
///
/// The first error of either side.
///
/// # Cancel safety
///
/// What was read and not written is lost: *data*.
///
/// # Cost
///
/// A buffer of 8 KiB; a unit of the task's budget for each read, beside what the streams take.
pub async fn copy<'a, R, W>(reader: &'a mut R, writer: &'a mut W) -> Result<u64>
where
    R: AsyncRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    tokio::io::copy(&mut Budgeted(reader), writer).await
}

/// As [`copy()`], from the reader's own buffer.
///
/// # Errors
///
/// As [`copy()`].
///
/// # Cancel safety
///
/// What was written may be counted nowhere; nothing that was read is lost.
///
/// # Cost
///
/// A unit of the task's budget each time the buffer is filled or looked at, beside what the streams take.
pub async fn copy_buf<'a, R, W>(reader: &'a mut R, writer: &'a mut W) -> Result<u64>
where
    R: AsyncBufRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    tokio::io::copy_buf(&mut Budgeted(reader), writer).await
}

/// Copies both ways between two streams until both have ended, and gives the numbers of bytes: from `a` to `b`, from `b` to
/// `a`.
///
/// # Errors
///
/// The first error of either stream.
///
/// # Cancel safety
///
/// As [`copy()`].
///
/// # Cost
///
/// Two buffers of 8 KiB; a unit of the task's budget for each read and write, beside what the streams take.
pub async fn copy_bidirectional<A, B>(a: &mut A, b: &mut B) -> Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    tokio::io::copy_bidirectional(&mut Budgeted(a), &mut Budgeted(b)).await
}

/// As [`copy_bidirectional`], with buffers of these sizes: for what goes from `a` to `b`, and from `b` to `a`.
///
/// # Errors
///
/// As [`copy_bidirectional`].
///
/// # Cancel safety
///
/// As [`copy()`].
pub async fn copy_bidirectional_with_sizes<A, B>(
    a: &mut A,
    b: &mut B,
    a_to_b_buf_size: usize,
    b_to_a_buf_size: usize,
) -> Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    let (mut a, mut b) = (Budgeted(a), Budgeted(b));
    tokio::io::copy_bidirectional_with_sizes(&mut a, &mut b, a_to_b_buf_size, b_to_a_buf_size).await
}

/// Takes a unit where `poll` is ready.
fn counted<R>(cx: &mut Context<'_>, poll: impl FnOnce(&mut Context<'_>) -> Poll<R>) -> Poll<R> {
    let coop = ready!(poll_proceed(cx));
    let result = ready!(poll(cx));
    coop.made_progress();
    Poll::Ready(result)
}

impl<T: Unpin> Budgeted<T> {
    fn inner(self: Pin<&mut Self>) -> Pin<&mut T> {
        Pin::new(&mut self.get_mut().0)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Budgeted<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        counted(cx, |cx| self.inner().poll_read(cx, buffer))
    }
}

impl<T: AsyncBufRead + Unpin> AsyncBufRead for Budgeted<T> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<&[u8]>> {
        counted(cx, |cx| self.inner().poll_fill_buf(cx))
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        self.inner().consume(count);
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Budgeted<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        counted(cx, |cx| self.inner().poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        counted(cx, |cx| self.inner().poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        counted(cx, |cx| self.inner().poll_shutdown(cx))
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        counted(cx, |cx| self.inner().poll_write_vectored(cx, slices))
    }
}

impl<T: AsyncSeek + Unpin> AsyncSeek for Budgeted<T> {
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> Result<()> {
        self.inner().start_seek(position)
    }

    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<u64>> {
        counted(cx, |cx| self.inner().poll_complete(cx))
    }
}
