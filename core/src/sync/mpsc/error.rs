//! Why a message was not sent or not received.

pub use crate::sync::channel::{SendError, TryRecvError, TrySendError};

/// A message was not sent in time; here it is.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SendTimeoutError<T> {
    /// There was no room for as long as the sender waited.
    Timeout(T),
    /// The channel is closed.
    Closed(T),
}

impl<T> SendTimeoutError<T> {
    /// Returns the message.
    pub fn into_inner(self) -> T {
        match self {
            Self::Timeout(message) | Self::Closed(message) => message,
        }
    }
}

impl<T> core::fmt::Debug for SendTimeoutError<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Timeout(_) => "Timeout(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> core::fmt::Display for SendTimeoutError<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Timeout(_) => "timed out waiting for room in the channel",
            Self::Closed(_) => "the channel is closed",
        })
    }
}

impl<T> core::error::Error for SendTimeoutError<T> {}
