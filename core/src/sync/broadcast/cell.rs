//! A broadcast channel without allocation.

use super::error::SendError;
use super::receiver::{BorrowedReceiver, ReceiverOf};
use super::ring::{Ring, Slot};
use crate::const_fn;
use crate::lock::{DefaultLock, RawLock};

/// A channel in which every receiver gets every message that is sent while it is subscribed, of which the last `N` are kept.
///
/// A sender never waits. A receiver that is too slow misses the oldest messages, and is told how many.
///
/// # Units
///
/// `N` counts messages, and must be a power of two: an error at compile time otherwise.
///
/// # Cost
///
/// Each message has a lock of its own. To send takes that one and the channel's; where receivers wait, the channel's again,
/// and again for every 8 of them. To receive takes the message's twice, once where nobody else has yet to receive it, and the
/// channel's only where there is nothing, to wait, to lag, at the end, and to wake who waits for the message meanwhile. A receiver
/// that is dropped takes the channel's, and that of each message that it did not receive, at most `N`. [`len`](Self::len) takes a
/// number of messages' that is logarithmic in `N`, within the channel's. [`send`](Self::send) may be called from an interrupt where `L` may be taken in one and a message may
/// be dropped there.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::Broadcast;
/// use zokio_core::sync::broadcast::error::TryRecvError;
///
/// static EVENTS: Broadcast<u32, 2> = Broadcast::new();
///
/// let mut one = EVENTS.subscribe();
/// let mut two = EVENTS.subscribe();
/// for event in 1..=3 {
///     EVENTS.send(event).expect("there are receivers");
/// }
/// assert_eq!(one.try_recv(), Err(TryRecvError::Lagged(1)));
/// assert_eq!(one.try_recv(), Ok(2));
/// assert_eq!(one.try_recv(), Ok(3));
/// assert_eq!(one.try_recv(), Err(TryRecvError::Empty));
/// assert_eq!(two.len(), 3);
/// # }
/// ```
///
/// ```compile_fail
/// use zokio_core::{lock::LocalLock, sync::Broadcast};
/// let three = Broadcast::<u8, 3, LocalLock>::with_lock();
/// ```
pub struct Broadcast<T, const N: usize, L: RawLock = DefaultLock> {
    pub(super) ring: Ring<[Slot<T, L>; N], L>,
}

impl<T, const N: usize> Broadcast<T, N> {
    const_fn! {
        /// Makes one without messages.
        ///
        /// Under another lock than the default one: [`with_lock`](Self::with_lock).
        #[must_use]
        pub const fn new() -> Self {
            Self::with_lock()
        }
    }
}

impl<T, const N: usize, L: RawLock> Broadcast<T, N, L> {
    const_fn! {
        /// Makes one without messages. The type says which lock guards it.
        #[must_use]
        pub const fn with_lock() -> Self {
            const { assert!(N.is_power_of_two(), "the capacity of a broadcast channel is a power of two") }
            Self { ring: Ring::new(Slot::array()) }
        }
    }

    /// Sends a message to all who are subscribed, without waiting. Returns how many they are.
    ///
    /// # Errors
    ///
    /// [`SendError`] with the message, if there is no receiver or the channel is closed.
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        self.ring.send(value).map_err(SendError)
    }

    /// Subscribes to what is sent from now on.
    pub fn subscribe(&self) -> BorrowedReceiver<'_, T, N, L> {
        ReceiverOf::new(self)
    }

    /// Says that nothing will be sent any more. Returns whether it was open. What is there can still be received.
    pub fn close(&self) -> bool {
        self.ring.close()
    }

    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        self.ring.is_closed()
    }

    /// Messages that somebody has yet to receive; those that were overwritten do not count.
    pub fn len(&self) -> usize {
        self.ring.len()
    }

    /// Whether there is no message that somebody has yet to receive.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Receivers that there are.
    pub fn receiver_count(&self) -> usize {
        self.ring.receivers()
    }
}

impl<T, const N: usize> Default for Broadcast<T, N> {
    fn default() -> Self {
        Self::with_lock()
    }
}

impl<T, const N: usize, L: RawLock> core::fmt::Debug for Broadcast<T, N, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Broadcast").field("receivers", &self.receiver_count()).finish_non_exhaustive()
    }
}
