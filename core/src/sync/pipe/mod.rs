//! Bytes from one task to another, through a buffer of fixed size.
//!
//! ```text
//!   write: what fits ----> [ bytes, N at most ] ----> read: what there is, up to the reader's buffer
//!      waits while full                                  waits while empty
//! ```
//!
//! | made by | where the bytes are | handles | closed |
//! |---|---|---|---|
//! | [`Pipe::new`] | in it, usually a `static` | borrowed, as many as you like | by [`Pipe::close`] |
#![cfg_attr(
    feature = "alloc",
    doc = "| [`pipe(n)`](pipe()) | in the heap | [`Reader`] and [`Writer`], one of each | when one of them is dropped |"
)]
//!
//! A call moves at least one byte or waits; what it moved it says, and it moves nothing before it is ready, so that nothing
//! is lost where it is cancelled. Once a pipe is closed nothing is written any more, what is inside is read, and then
//! reading gives zero.
//!
//! Any number of calls may read or write a [`Pipe`]: bytes of several writers are mixed call by call.

#[cfg(feature = "alloc")]
mod alloc;
#[cfg(feature = "embedded-io-async")]
mod buf_reader;
#[cfg(feature = "embedded-io-async")]
mod embedded_io;
mod fixed;
mod flow;

#[cfg(feature = "alloc")]
pub use alloc::{Reader, Writer, pipe};
#[cfg(feature = "embedded-io-async")]
pub use buf_reader::BufReader;
pub use fixed::{Pipe, PipeReader, PipeWriter};

/// The pipe is closed: nothing is written any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct PipeClosed(());

/// Nothing is in the pipe yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct PipeEmpty(());

/// Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum TryWriteError {
    /// There is no room now.
    Full,
    /// The pipe is closed.
    Closed,
}

impl core::fmt::Display for PipeClosed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the pipe is closed")
    }
}

impl core::fmt::Display for PipeEmpty {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the pipe is empty")
    }
}

impl core::fmt::Display for TryWriteError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Full => "the pipe is full",
            Self::Closed => "the pipe is closed",
        })
    }
}

impl core::error::Error for PipeClosed {}
impl core::error::Error for PipeEmpty {}
impl core::error::Error for TryWriteError {}
