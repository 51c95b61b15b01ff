//! A priority channel without allocation.

use heapless::BinaryHeap;
use heapless::binary_heap::Max;

use super::store::{ByPriority, Heap, Ranked};
use super::{unranked, unranked_send};
use crate::const_fn;
use crate::lock::{DefaultLock, RawLock};
use crate::sync::channel::flow::Flow;
use crate::sync::channel::{SendError, TryRecvError, TrySendError};

type InPlace<T, const N: usize> = BinaryHeap<Ranked<T>, Max, N>;

impl<T, const N: usize> Heap for InPlace<T, N> {
    type Message = T;

    fn push(&mut self, ranked: Ranked<T>) -> Result<(), Ranked<T>> {
        Self::push(self, ranked)
    }

    fn pop(&mut self) -> Option<Ranked<T>> {
        Self::pop(self)
    }

    fn len(&self) -> usize {
        Self::len(self)
    }
}

/// Senders and receivers.
const LANES: usize = 2;

/// A queue of at most `N` messages, of which the one with the highest priority leaves first; equal ones in their order.
///
/// As [`Channel`](crate::sync::Channel) in everything else: one object, usually a `static`, borrowed by any number of
/// senders and receivers. Priority is among the messages that are in the channel; senders that wait for room stand in one
/// line whatever they wait to send.
///
/// # Units
///
/// `N` counts messages and must not be zero, which is an error at compile time. A priority is any number; larger is sooner.
///
/// # Cost
///
/// The lock once for each operation that does not wait, for a number of moves of a `T` that is logarithmic in `N`. 12 bytes
/// a message beside it. [`try_send`](Self::try_send) and [`try_recv`](Self::try_recv) may be called from an interrupt where
/// `L` may be taken in one.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::PriorityChannel;
///
/// static JOBS: PriorityChannel<&str, 4> = PriorityChannel::new();
///
/// JOBS.try_send(1, "log").unwrap();
/// JOBS.try_send(9, "brake").unwrap();
/// JOBS.try_send(1, "blink").unwrap();
/// assert_eq!(JOBS.try_recv(), Ok("brake"));
/// assert_eq!(JOBS.try_recv(), Ok("log"));
/// # }
/// ```
pub struct PriorityChannel<T, const N: usize, L: RawLock = DefaultLock> {
    flow: Flow<L, ByPriority<InPlace<T, N>>, LANES>,
}

impl<T, const N: usize> PriorityChannel<T, N> {
    const_fn! {
        /// Makes an empty channel.
        ///
        /// Under another lock than the default one: [`with_lock`](Self::with_lock).
        #[must_use]
        pub const fn new() -> Self {
            Self::with_lock()
        }
    }
}

impl<T, const N: usize, L: RawLock> PriorityChannel<T, N, L> {
    const_fn! {
        /// Makes an empty channel. The type says which lock guards it.
        #[must_use]
        pub const fn with_lock() -> Self {
            const { assert!(N > 0, "a channel needs room for one message at least: N is 0") }
            Self { flow: Flow::new(ByPriority::new(BinaryHeap::new()), N) }
        }
    }

    /// Sends a message, waiting for room if there is none.
    ///
    /// # Errors
    ///
    /// [`SendError`] with the message, once the channel is closed.
    ///
    /// # Cancel safety
    ///
    /// The message and the place in line are lost, and nothing is in the channel.
    pub async fn send(&self, priority: u32, message: T) -> Result<(), SendError<T>> {
        self.flow.send((priority, message)).await.map_err(unranked_send)
    }

    /// Sends a message if there is room.
    ///
    /// # Errors
    ///
    /// With the message: [`TrySendError::Full`] if there is no room that is not promised to a waiting sender,
    /// [`TrySendError::Closed`] once the channel is closed.
    pub fn try_send(&self, priority: u32, message: T) -> Result<(), TrySendError<T>> {
        self.flow.try_send((priority, message)).map_err(unranked)
    }

    /// Receives the message of the highest priority, waiting for one if there is none. `None` once the channel is closed and
    /// empty.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a message that it was woken for goes to the next receiver.
    pub async fn recv(&self) -> Option<T> {
        self.flow.recv().await.map(|(_, message)| message)
    }

    /// Receives the message of the highest priority if there is one.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if there is none yet, [`TryRecvError::Disconnected`] once the channel is closed and empty.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.flow.try_recv().map(|(_, message)| message)
    }

    /// Closes the channel, which wakes everybody who waits. Returns whether it was open.
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

    /// Messages that can be sent now without waiting.
    pub fn capacity(&self) -> usize {
        self.flow.room()
    }

    /// Messages that the channel can hold: `N`.
    pub const fn max_capacity(&self) -> usize {
        N
    }
}

impl<T, const N: usize> Default for PriorityChannel<T, N> {
    fn default() -> Self {
        Self::with_lock()
    }
}

impl<T, const N: usize, L: RawLock> core::fmt::Debug for PriorityChannel<T, N, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.flow.fmt(f)
    }
}
