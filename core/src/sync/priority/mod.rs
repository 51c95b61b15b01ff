//! Channels in which a message of higher priority overtakes others.
//!
//! A priority is a number, and larger is sooner. Messages of equal priority leave in the order in which they entered: each
//! has the number of its turn beside it, 8 bytes, which never comes round.
//!
//! Priorities are numbers, and not an order of the messages, because messages are sorted under the lock, where no code of
//! theirs may run.
//!
//! | type | memory |
//! |---|---|
#![cfg_attr(feature = "heapless", doc = "| [`PriorityChannel`] | in place |")]
#![cfg_attr(feature = "alloc", doc = "| [`channel`]: [`Sender`], [`Receiver`] | on the heap |")]

#[cfg(feature = "alloc")]
mod alloc;
#[cfg(feature = "heapless")]
mod fixed;
mod store;

#[cfg(feature = "alloc")]
pub use self::alloc::{Receiver, Sender, channel};
#[cfg(feature = "heapless")]
pub use fixed::PriorityChannel;

use super::channel::{SendError, TrySendError};

/// The message alone, where one could not be sent.
fn unranked<T>(error: TrySendError<(u32, T)>) -> TrySendError<T> {
    match error {
        TrySendError::Full((_, message)) => TrySendError::Full(message),
        TrySendError::Closed((_, message)) => TrySendError::Closed(message),
    }
}

/// As `unranked`.
fn unranked_send<T>(error: SendError<(u32, T)>) -> SendError<T> {
    SendError(error.0.1)
}
