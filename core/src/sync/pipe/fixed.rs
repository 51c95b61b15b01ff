//! A pipe in place, usually a `static`, and its handles, which do not name its size.

use core::future::Future;

use super::flow::Flow;
use super::{PipeClosed, PipeEmpty, TryWriteError};
use crate::const_fn;
use crate::lock::{DefaultLock, RawLock};

/// A pipe that holds `N` bytes.
///
/// One object, usually a `static`; both sides borrow it. [`reader`](Self::reader) and [`writer`](Self::writer) are handles
/// whose types do not name `N`; with feature `embedded-io-async` they implement its `Read` and `Write`. (`BufRead` takes a
/// `pipe::BufReader`: the bytes here lie under a lock, and nobody may look at them for longer.)
///
/// # Units
///
/// `N` counts bytes and must not be zero, which is an error at compile time.
///
/// # Cost
///
/// [`try_read`](Self::try_read) and [`try_write`](Self::try_write) take the lock once, while as many bytes are copied, and may be
/// called from an interrupt where `L` may be taken in one. Reading and writing that is awaited takes it three times, once of them to
/// copy, and to wait up to twice more.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::Pipe;
///
/// static UART: Pipe<16> = Pipe::new();
///
/// assert_eq!(UART.try_write(b"hello"), Ok(5));
/// let mut buffer = [0; 3];
/// assert_eq!(UART.try_read(&mut buffer), Ok(3));
/// assert_eq!(&buffer, b"hel");
/// # }
/// ```
pub struct Pipe<const N: usize, L: RawLock = DefaultLock> {
    flow: Flow<L, [u8; N]>,
}

impl<const N: usize> Pipe<N> {
    const_fn! {
        /// Makes an empty pipe.
        ///
        /// Under another lock than the default one: [`with_lock`](Self::with_lock).
        #[inline] // not generic over the lock: compiled only where it is used, since there may be no default lock
        #[must_use]
        pub const fn new() -> Self {
            Self::with_lock()
        }
    }
}

impl<const N: usize, L: RawLock> Pipe<N, L> {
    const_fn! {
        /// Makes an empty pipe. The type says which lock guards it.
        #[must_use]
        pub const fn with_lock() -> Self {
            const { assert!(N > 0, "a pipe needs room for one byte at least: N is 0") }
            Self { flow: Flow::new([0; N]) }
        }
    }

    /// The reading side, whose type does not name `N`.
    pub fn reader(&self) -> PipeReader<'_, L> {
        PipeReader { flow: &self.flow }
    }

    /// The writing side, whose type does not name `N`.
    pub fn writer(&self) -> PipeWriter<'_, L> {
        PipeWriter { flow: &self.flow }
    }

    /// Reads what there is, at least one byte, waiting for it; zero once the pipe is closed and empty, or where the buffer
    /// is.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub fn read<'a>(&'a self, buffer: &'a mut [u8]) -> impl Future<Output = usize> + use<'a, N, L> {
        self.reader().read_in(buffer)
    }

    /// Writes what fits, at least one byte, waiting for room. Returns how much.
    ///
    /// # Errors
    ///
    /// [`PipeClosed`] once the pipe is closed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: nothing was written.
    pub fn write<'a>(&'a self, bytes: &'a [u8]) -> impl Future<Output = Result<usize, PipeClosed>> + use<'a, N, L> {
        self.writer().write_in(bytes)
    }

    /// Writes all bytes, waiting for room as often as it takes.
    ///
    /// # Errors
    ///
    /// [`PipeClosed`] once the pipe is closed; a part may be in it.
    ///
    /// # Cancel safety
    ///
    /// Data is lost: how much was written is not known. Use [`write`](Self::write) where that matters.
    pub async fn write_all(&self, bytes: &[u8]) -> Result<(), PipeClosed> {
        self.writer().write_all(bytes).await
    }

    /// Reads what there is.
    ///
    /// # Errors
    ///
    /// [`PipeEmpty`] if there is nothing yet. Zero once the pipe is closed and empty.
    pub fn try_read(&self, buffer: &mut [u8]) -> Result<usize, PipeEmpty> {
        self.reader().try_read(buffer)
    }

    /// Writes what fits.
    ///
    /// # Errors
    ///
    /// [`TryWriteError::Full`] if nothing does, [`TryWriteError::Closed`] once the pipe is closed.
    pub fn try_write(&self, bytes: &[u8]) -> Result<usize, TryWriteError> {
        self.writer().try_write(bytes)
    }

    /// Closes the pipe, which wakes everybody who waits. Returns whether it was open.
    pub fn close(&self) -> bool {
        self.flow.erased().close()
    }

    /// Whether the pipe is closed. There may still be bytes in it.
    pub fn is_closed(&self) -> bool {
        self.flow.erased().is_closed()
    }

    /// Bytes in the pipe.
    pub fn len(&self) -> usize {
        self.flow.erased().len()
    }

    /// Whether nothing is in the pipe.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that the pipe can hold: `N`.
    pub const fn capacity(&self) -> usize {
        N
    }
}

impl<const N: usize> Default for Pipe<N> {
    fn default() -> Self {
        Self::with_lock()
    }
}

impl<const N: usize, L: RawLock> core::fmt::Debug for Pipe<N, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Pipe").field("len", &self.len()).field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

/// The reading side of a [`Pipe`] of any size. Copied freely.
pub struct PipeReader<'a, L: RawLock = DefaultLock> {
    flow: &'a Flow<L, [u8]>,
}

/// The writing side of a [`Pipe`] of any size. Copied freely; the pipe stays open when all of them are gone.
pub struct PipeWriter<'a, L: RawLock = DefaultLock> {
    flow: &'a Flow<L, [u8]>,
}

impl<'a, L: RawLock> PipeReader<'a, L> {
    fn read_in<'b>(self, buffer: &'b mut [u8]) -> impl Future<Output = usize> + use<'a, 'b, L> {
        self.flow.read(buffer)
    }

    /// As [`Pipe::read`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub fn read<'b>(&self, buffer: &'b mut [u8]) -> impl Future<Output = usize> + use<'a, 'b, L> {
        self.read_in(buffer)
    }

    /// As [`Pipe::try_read`].
    ///
    /// # Errors
    ///
    /// [`PipeEmpty`] if there is nothing yet.
    pub fn try_read(&self, buffer: &mut [u8]) -> Result<usize, PipeEmpty> {
        self.flow.try_read(buffer)
    }

    /// Closes the pipe for both sides. Returns whether it was open.
    pub fn close(&self) -> bool {
        self.flow.close()
    }

    /// Bytes that the pipe can hold.
    pub fn capacity(&self) -> usize {
        self.flow.capacity()
    }
}

impl<'a, L: RawLock> PipeWriter<'a, L> {
    fn write_in<'b>(self, bytes: &'b [u8]) -> impl Future<Output = Result<usize, PipeClosed>> + use<'a, 'b, L> {
        self.flow.write(bytes)
    }

    /// As [`Pipe::write`].
    ///
    /// # Errors
    ///
    /// [`PipeClosed`] once the pipe is closed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: nothing was written.
    pub fn write<'b>(&self, bytes: &'b [u8]) -> impl Future<Output = Result<usize, PipeClosed>> + use<'a, 'b, L> {
        self.write_in(bytes)
    }

    /// As [`Pipe::write_all`].
    ///
    /// # Errors
    ///
    /// [`PipeClosed`] once the pipe is closed; a part may be in it.
    ///
    /// # Cancel safety
    ///
    /// Data is lost: how much was written is not known.
    pub async fn write_all(&self, bytes: &[u8]) -> Result<(), PipeClosed> {
        self.flow.write_all(bytes).await
    }

    /// As [`Pipe::try_write`].
    ///
    /// # Errors
    ///
    /// [`TryWriteError::Full`] if nothing fits, [`TryWriteError::Closed`] once the pipe is closed.
    pub fn try_write(&self, bytes: &[u8]) -> Result<usize, TryWriteError> {
        self.flow.try_write(bytes)
    }

    /// Closes the pipe for both sides. Returns whether it was open.
    pub fn close(&self) -> bool {
        self.flow.close()
    }

    /// Bytes that the pipe can hold.
    pub fn capacity(&self) -> usize {
        self.flow.capacity()
    }
}

impl<L: RawLock> Clone for PipeReader<'_, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L: RawLock> Copy for PipeReader<'_, L> {}

impl<L: RawLock> Clone for PipeWriter<'_, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L: RawLock> Copy for PipeWriter<'_, L> {}

impl<L: RawLock> core::fmt::Debug for PipeReader<'_, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("PipeReader").finish_non_exhaustive()
    }
}

impl<L: RawLock> core::fmt::Debug for PipeWriter<'_, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("PipeWriter").finish_non_exhaustive()
    }
}
