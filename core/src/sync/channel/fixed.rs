//! A bounded channel without allocation: its messages are in it, its waiters in their futures.

use core::future::Future;
use core::mem::MaybeUninit;

use super::erased::{DynReceiver, DynSender, LANES, Permit};
use super::error::{SendError, TryRecvError, TrySendError};
use super::flow::{Flow, MAX_PLACES};
use super::ring::Ring;
use crate::const_fn;
use crate::lock::{DefaultLock, RawLock};

/// A queue of at most `N` messages between any number of senders and receivers.
///
/// One object, usually a `static`; both sides borrow it. Messages leave in the order in which they entered.
///
/// # Units
///
/// `N` counts messages and must be neither zero nor more than `usize::MAX >> 3`, which is an error at compile time.
///
/// # Fairness
///
/// Senders wait in line: room that becomes free while they wait belongs to the first of them, and nobody takes it before
/// it. Receivers are woken in line, one for each message, but a message belongs to the first who asks; a receiver that
/// finds it gone waits behind the others.
///
/// # Closing
///
/// After [`close`](Self::close) nothing enters any more: every send that had not put its message in gets it back. What
/// was in is still received, and after it `None`; after the first `None` nothing is ever left in the channel. Messages in
/// it when it is dropped are dropped in order.
///
/// # Cost
///
/// The lock once for each operation that does not wait, for a few instructions and one move of a `T`, but twice to
/// [`reserve`](Self::reserve) and to drop a permit; a wait takes it three times. [`try_send`](Self::try_send) and [`try_recv`](Self::try_recv) may be called from an interrupt where `L`
/// may be taken in one.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::{Channel, TrySendError};
///
/// static READINGS: Channel<u16, 2> = Channel::new();
///
/// fn interrupt(reading: u16) -> bool {
///     READINGS.try_send(reading).is_ok()
/// }
///
/// async fn sum() -> u32 {
///     let mut sum = 0;
///     while let Some(reading) = READINGS.recv().await {
///         sum += u32::from(reading);
///     }
///     sum
/// }
///
/// assert!(interrupt(1) && interrupt(2) && !interrupt(3));
/// assert_eq!(READINGS.try_recv(), Ok(1));
/// # let _ = sum();
/// # }
/// ```
///
/// There is no channel without room:
///
/// ```compile_fail
/// use zokio_core::{lock::LocalLock, sync::Channel};
/// let channel = Channel::<u8, 0, LocalLock>::with_lock();
/// ```
///
/// Nor one with more room than it can count, which only messages without a size could have:
///
/// ```compile_fail,E0080
/// use zokio_core::{lock::LocalLock, sync::Channel};
/// let channel = Channel::<(), { (usize::MAX >> 3) + 1 }, LocalLock>::with_lock();
/// ```
///
/// A channel may be shared between threads where its messages may be sent:
///
/// ```compile_fail,E0277
/// fn shared<T: Sync>() {}
/// shared::<zokio_core::sync::Channel<*const u8, 1>>();
/// ```
pub struct Channel<T, const N: usize, L: RawLock = DefaultLock> {
    flow: Flow<L, Ring<[MaybeUninit<T>; N]>, LANES>,
}

impl<T, const N: usize> Channel<T, N> {
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

impl<T, const N: usize, L: RawLock> Channel<T, N, L> {
    const_fn! {
        /// Makes an empty channel. The type says which lock guards it.
        #[must_use]
        pub const fn with_lock() -> Self {
            const { assert!(N > 0, "a channel needs room for one message at least: N is 0") }
            // One bit of the count of places says that it is closed.
            const { assert!(N <= MAX_PLACES, "a channel has room for at most usize::MAX >> 3 messages") }
            Self { flow: Flow::new(Ring::new(), N) }
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
    /// The message is in the future until it is in the channel: dropping the future before it is ready drops the message
    /// and gives up the place in line; nothing of it is in the channel then. To keep the message use
    /// [`try_send`](Self::try_send), which gives it back.
    pub fn send(&self, message: T) -> impl Future<Output = Result<(), SendError<T>>> {
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
    /// Dropping the future gives up the place in line, and the room if it had been promised already.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use zokio_core::sync::Channel;
    ///
    /// static LINE: Channel<u8, 1> = Channel::new();
    ///
    /// let permit = LINE.try_reserve().unwrap();
    /// assert!(LINE.is_full());
    /// permit.send(1);
    /// assert_eq!(LINE.try_recv(), Ok(1));
    /// # }
    /// ```
    pub fn reserve(&self) -> impl Future<Output = Result<Permit<'_, T, L>, SendError<()>>> {
        self.sender().reserve()
    }

    /// Keeps room for a message to come, if there is some.
    ///
    /// # Errors
    ///
    /// As [`try_send`](Self::try_send).
    pub fn try_reserve(&self) -> Result<Permit<'_, T, L>, TrySendError<()>> {
        self.sender().try_reserve()
    }

    /// Receives a message, waiting for one if there is none. `None` once the channel is closed and empty.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no message: one that it was woken for goes to the next receiver.
    pub fn recv(&self) -> impl Future<Output = Option<T>> {
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

    /// The sending side, whose type does not name `N`.
    pub fn sender(&self) -> DynSender<'_, T, L> {
        DynSender::new(&self.flow)
    }

    /// The receiving side, whose type does not name `N`.
    pub fn receiver(&self) -> DynReceiver<'_, T, L> {
        DynReceiver::new(&self.flow)
    }

    /// Closes the channel, which wakes everybody who waits. Returns whether it was open.
    ///
    /// # Cost
    ///
    /// Proportional to the number of waiters; the lock is taken once for every few of them.
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

    /// Messages that can be sent now without waiting: room that is neither used nor promised to a waiting sender.
    pub fn capacity(&self) -> usize {
        self.flow.room()
    }

    /// Messages that the channel can hold: `N`.
    pub const fn max_capacity(&self) -> usize {
        N
    }

    /// Whether a message sent now would have to wait.
    pub fn is_full(&self) -> bool {
        self.capacity() == 0
    }
}

impl<T, const N: usize> Default for Channel<T, N> {
    fn default() -> Self {
        Self::with_lock()
    }
}

impl<T, const N: usize, L: RawLock> core::fmt::Debug for Channel<T, N, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.flow.fmt(f)
    }
}

/// Words of a channel beside its buffer: two lanes of waiters, places, flags, and the ends of the buffer.
const OVERHEAD: usize = 11;
/// Words of one who waits for a message: where it waits, its links, its waker, what it was told, whether it stands in line.
const WAITER: usize = 8;

const _: () = {
    use crate::atomic::LAYOUT_IS_REAL;
    use crate::lock::LocalLock;
    use crate::sync::channel::flow::Receiving;
    use crate::sync::waiters::Waiting;
    use size_of as size;

    const WORD: usize = size::<usize>();
    assert!(!LAYOUT_IS_REAL || size::<Channel<usize, 8, LocalLock>>() == (OVERHEAD + 8) * WORD);
    assert!(
        !LAYOUT_IS_REAL
            || size::<Waiting<'_, LocalLock, Receiving<Ring<[MaybeUninit<usize>; 8]>>, LANES>>() == WAITER * WORD
    );
};
