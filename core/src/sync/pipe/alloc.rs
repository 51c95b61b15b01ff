//! A pipe on the heap, whose two halves own it.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::future::Future;

use super::flow::Flow;
use super::{PipeClosed, PipeEmpty, TryWriteError};
use crate::lock::DefaultLock;

type Shared = Flow<DefaultLock, Box<[u8]>>;

/// Makes a pipe that holds up to `capacity` bytes, and gives its two halves.
///
/// The pipe is closed when one half is dropped: what is inside is still read, and then reading gives zero; writing fails. A
/// half that is forgotten ([`mem::forget`](core::mem::forget)) keeps it open, and the other one waiting.
///
/// With feature `embedded-io-async` the halves implement its `Read` and `Write`.
///
/// # Units
///
/// `capacity` counts bytes.
///
/// # Panics
///
/// If `capacity` is zero, or more than `isize::MAX`.
///
/// # Cost
///
/// Two allocations, one of them of `capacity` bytes; none after that. A call costs what one of [`Pipe`](super::Pipe) does.
///
/// # Examples
///
/// ```
/// let (reader, writer) = zokio_core::sync::pipe::pipe(16);
/// assert_eq!(writer.try_write(b"hello"), Ok(5));
/// drop(writer);
/// let mut buffer = [0; 8];
/// assert_eq!(reader.try_read(&mut buffer), Ok(5));
/// assert_eq!(reader.try_read(&mut buffer), Ok(0));
/// ```
#[track_caller]
#[must_use]
pub fn pipe(capacity: usize) -> (Reader, Writer) {
    assert!(capacity > 0, "a pipe needs room for one byte at least: the capacity is 0");
    assert!(
        isize::try_from(capacity).is_ok(),
        "a pipe has room for at most {} bytes: the capacity is {capacity}",
        isize::MAX
    );
    let flow: Arc<Shared> = Arc::new(Flow::new(alloc::vec![0; capacity].into_boxed_slice()));
    (Reader { flow: flow.clone() }, Writer { flow })
}

/// The reading half of a [`pipe()`], which closes it when it is dropped.
pub struct Reader {
    flow: Arc<Shared>,
}

/// The writing half of a [`pipe()`], which closes it when it is dropped.
pub struct Writer {
    flow: Arc<Shared>,
}

impl Reader {
    /// As [`Pipe::read`](super::Pipe::read).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub fn read<'a>(&'a self, buffer: &'a mut [u8]) -> impl Future<Output = usize> + use<'a> {
        self.flow.read(buffer)
    }

    /// As [`Pipe::try_read`](super::Pipe::try_read).
    ///
    /// # Errors
    ///
    /// [`PipeEmpty`] if there is nothing yet.
    pub fn try_read(&self, buffer: &mut [u8]) -> Result<usize, PipeEmpty> {
        self.flow.try_read(buffer)
    }
}

impl Writer {
    /// As [`Pipe::write`](super::Pipe::write).
    ///
    /// # Errors
    ///
    /// [`PipeClosed`] once the pipe is closed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: nothing was written.
    pub fn write<'a>(&'a self, bytes: &'a [u8]) -> impl Future<Output = Result<usize, PipeClosed>> + use<'a> {
        self.flow.write(bytes)
    }

    /// As [`Pipe::write_all`](super::Pipe::write_all).
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

    /// As [`Pipe::try_write`](super::Pipe::try_write).
    ///
    /// # Errors
    ///
    /// [`TryWriteError::Full`] if nothing fits, [`TryWriteError::Closed`] once the pipe is closed.
    pub fn try_write(&self, bytes: &[u8]) -> Result<usize, TryWriteError> {
        self.flow.try_write(bytes)
    }
}

macro_rules! both {
    ($($half:ident),*) => {$(
        impl $half {
            /// Closes the pipe for both sides. Returns whether it was open.
            pub fn close(&self) -> bool {
                self.flow.close()
            }

            /// Whether the pipe is closed. There may still be bytes in it.
            #[must_use]
            pub fn is_closed(&self) -> bool {
                self.flow.is_closed()
            }

            /// Bytes in the pipe.
            #[must_use]
            pub fn len(&self) -> usize {
                self.flow.len()
            }

            /// Whether nothing is in the pipe.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Bytes that the pipe can hold.
            #[must_use]
            pub fn capacity(&self) -> usize {
                self.flow.capacity()
            }
        }

        impl Drop for $half {
            fn drop(&mut self) {
                self.flow.close();
            }
        }

        impl fmt::Debug for $half {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($half))
                    .field("len", &self.len())
                    .field("closed", &self.is_closed())
                    .finish_non_exhaustive()
            }
        }
    )*};
}

both!(Reader, Writer);
