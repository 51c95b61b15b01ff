//! Channels with many senders and one receiver; see [`zokio_core::sync::mpsc`].
//!
//! Senders wait by the clock of the runtime that polls them.

use zokio_core::sync::mpsc as core_mpsc;
use zokio_executor_local::context::Current;

pub use zokio_core::sync::mpsc::*;

/// The sending side of a [`channel`]; see [`zokio_core::sync::mpsc::Sender`].
pub type Sender<T> = core_mpsc::Sender<T, Current>;

/// A sender that does not keep the channel open; see [`Sender::downgrade`].
pub type WeakSender<T> = core_mpsc::WeakSender<T, Current>;

/// Room for one message and the sender that it was asked of, in one; see [`Sender::reserve_owned`].
pub type OwnedPermit<T> = core_mpsc::OwnedPermit<T, Current>;

/// Makes a channel with room for `buffer` messages.
///
/// # Panics
///
/// If `buffer` is zero, or more than `usize::MAX >> 3`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use zokio::sync::mpsc::{self, error::SendTimeoutError};
///
/// # #[zokio::main]
/// # async fn main() {
/// let (tx, mut rx) = mpsc::channel(1);
/// assert_eq!(tx.send_timeout("one", Duration::ZERO).await, Ok(()));
/// // There is no room for another, and nobody makes some.
/// let late = tx.send_timeout("two", Duration::from_millis(1)).await;
/// assert_eq!(late, Err(SendTimeoutError::Timeout("two")));
/// assert_eq!(rx.recv().await, Some("one"));
/// # }
/// ```
#[track_caller]
pub fn channel<T>(buffer: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = core_mpsc::channel(buffer);
    (sender.waits_by(), receiver)
}
