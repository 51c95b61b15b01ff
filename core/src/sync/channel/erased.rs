//! The two sides of a [`Channel`](super::Channel), by types that do not name how many messages fit.
//!
//! A handle is a borrow and a length: the buffer's array is seen as a slice, so that there is no table of functions, and
//! code that takes a handle is compiled once for all capacities.

use core::future::Future;
use core::mem::{ManuallyDrop, MaybeUninit};

use super::error::{SendError, TryRecvError, TrySendError};
use super::flow::Flow;
use super::ring::Ring;
use crate::lock::{DefaultLock, RawLock};

/// Senders and receivers; nobody waits for the end alone.
pub(super) const LANES: usize = 2;

type View<T, L> = Flow<L, Ring<[MaybeUninit<T>]>, LANES>;

/// The sending side of a [`Channel`](super::Channel) of any capacity.
///
/// Copied freely; the channel stays open when all of them are gone.
///
/// # Cost
///
/// As the channel's own operations. Two words, no allocation, no indirect call.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::{Channel, DynSender};
///
/// static SMALL: Channel<u8, 1> = Channel::new();
/// static LARGE: Channel<u8, 16> = Channel::new();
///
/// fn report(to: DynSender<'_, u8>) {
///     let _full = to.try_send(1);
/// }
///
/// report(SMALL.sender());
/// report(LARGE.sender());
/// # }
/// ```
pub struct DynSender<'a, T, L: RawLock = DefaultLock> {
    flow: &'a View<T, L>,
}

/// The receiving side of a [`Channel`](super::Channel) of any capacity.
///
/// Copied freely; the channel stays open when all of them are gone.
///
/// # Cost
///
/// As the channel's own operations. Two words, no allocation, no indirect call.
pub struct DynReceiver<'a, T, L: RawLock = DefaultLock> {
    flow: &'a View<T, L>,
}

impl<'a, T, L: RawLock> DynSender<'a, T, L> {
    pub(super) fn new(flow: &'a View<T, L>) -> Self {
        Self { flow }
    }

    /// Sends a message, waiting for room if there is none.
    ///
    /// # Errors
    ///
    /// [`SendError`] with the message, once the channel is closed.
    ///
    /// # Cancel safety
    ///
    /// The message and the place in line are lost, and nothing is in the channel; see [`Channel::send`](super::Channel::send).
    pub fn send(&self, message: T) -> impl Future<Output = Result<(), SendError<T>>> + use<'a, T, L> {
        self.flow.send(message)
    }

    /// Sends a message if there is room.
    ///
    /// # Errors
    ///
    /// With the message: [`TrySendError::Full`] if there is no room that is not promised to a waiting sender,
    /// [`TrySendError::Closed`] once the channel is closed.
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.flow.try_send(message)
    }

    /// Waits for room, and keeps it for a message to come.
    ///
    /// # Errors
    ///
    /// [`SendError`] once the channel is closed.
    ///
    /// # Cancel safety
    ///
    /// The place in line is lost.
    pub fn reserve(&self) -> impl Future<Output = Result<Permit<'a, T, L>, SendError<()>>> + use<'a, T, L> {
        let flow = self.flow;
        async move {
            flow.reserve(1).await?;
            Ok(Permit { flow })
        }
    }

    /// Keeps room for a message to come, if there is some.
    ///
    /// # Errors
    ///
    /// As [`try_send`](Self::try_send).
    pub fn try_reserve(&self) -> Result<Permit<'a, T, L>, TrySendError<()>> {
        self.flow.try_reserve(1)?;
        Ok(Permit { flow: self.flow })
    }

    /// Closes the channel for both sides. Returns whether it was open.
    pub fn close(&self) -> bool {
        self.flow.close()
    }

    /// Whether the channel is closed.
    pub fn is_closed(&self) -> bool {
        self.flow.is_closed()
    }

    /// Messages that can be sent now without waiting.
    pub fn capacity(&self) -> usize {
        self.flow.room()
    }
}

impl<'a, T, L: RawLock> DynReceiver<'a, T, L> {
    pub(super) fn new(flow: &'a View<T, L>) -> Self {
        Self { flow }
    }

    /// Receives a message, waiting for one if there is none. `None` once the channel is closed and empty.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a message that it was woken for goes to the next receiver.
    pub fn recv(&self) -> impl Future<Output = Option<T>> + use<'a, T, L> {
        self.flow.recv()
    }

    /// Receives a message if there is one.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if there is none yet, [`TryRecvError::Disconnected`] once the channel is closed and empty.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.flow.try_recv()
    }

    /// Closes the channel for both sides. Returns whether it was open.
    pub fn close(&self) -> bool {
        self.flow.close()
    }

    /// Whether the channel is closed. There may still be messages in it.
    pub fn is_closed(&self) -> bool {
        self.flow.is_closed()
    }

    /// Messages that are in the channel.
    pub fn len(&self) -> usize {
        self.flow.len()
    }

    /// Whether no message is in the channel.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T, L: RawLock> Clone for DynSender<'_, T, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, L: RawLock> Copy for DynSender<'_, T, L> {}

impl<T, L: RawLock> Clone for DynReceiver<'_, T, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, L: RawLock> Copy for DynReceiver<'_, T, L> {}

impl<T, L: RawLock> core::fmt::Debug for DynSender<'_, T, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DynSender").field("channel", &self.flow).finish()
    }
}

impl<T, L: RawLock> core::fmt::Debug for DynReceiver<'_, T, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DynReceiver").field("channel", &self.flow).finish()
    }
}

/// Room for one message, which nobody else can take.
///
/// Dropping it gives the room back. A channel that is closed still takes what is sent through it, and its receivers wait
/// for that: forgetting a permit takes one place away, and keeps the channel from coming to its end.
#[must_use = "the room is given back as soon as the permit is dropped"]
pub struct Permit<'a, T, L: RawLock = DefaultLock> {
    flow: &'a View<T, L>,
}

impl<T, L: RawLock> Permit<'_, T, L> {
    /// Sends a message, at once.
    pub fn send(self, message: T) {
        ManuallyDrop::new(self).flow.fill(message);
    }
}

impl<T, L: RawLock> Drop for Permit<'_, T, L> {
    fn drop(&mut self) {
        self.flow.release(1);
    }
}

impl<T, L: RawLock> core::fmt::Debug for Permit<'_, T, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}
