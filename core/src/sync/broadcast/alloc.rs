//! A broadcast channel in an `Arc`, with senders that are counted.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::error::SendError;
use super::receiver::{Home, ReceiverOf};
use super::ring::{Ring, Slot, Slots};
use crate::atomic::{AtomicUsize, Ordering};
use crate::lock::DefaultLock;

impl<T> Slots<DefaultLock> for Box<[Slot<T, DefaultLock>]> {
    type Value = T;

    #[inline(always)]
    fn slots(&self) -> &[Slot<T, DefaultLock>] {
        self
    }
}

struct Shared<T> {
    ring: Ring<Box<[Slot<T, DefaultLock>]>, DefaultLock>,
    senders: AtomicUsize,
    weak: AtomicUsize,
}

/// Gets every message; see [`ReceiverOf`] for what it can do.
pub type Receiver<T> = ReceiverOf<Subscription<T>>;

/// What connects a receiver to its channel.
pub struct Subscription<T>(Arc<Shared<T>>);

impl<T> Home for Subscription<T> {
    type Slots = Box<[Slot<T, DefaultLock>]>;
    type Lock = DefaultLock;

    #[inline]
    fn ring(&self) -> &Ring<Box<[Slot<T, DefaultLock>]>, DefaultLock> {
        &self.0.ring
    }
}

impl<T> Clone for Subscription<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> core::fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

/// Makes a channel that keeps at least the last `capacity` messages: the next power of two.
///
/// # Panics
///
/// If `capacity` is 0 or greater than `usize::MAX / 2`.
///
/// # Cost
///
/// Two allocations; the memory of all messages is taken at once.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::broadcast;
///
/// let (sender, mut one) = broadcast::channel(16);
/// let mut two = sender.subscribe();
/// assert_eq!(sender.send("hello").expect("there are receivers"), 2);
/// assert_eq!((one.try_recv(), two.try_recv()), (Ok("hello"), Ok("hello")));
/// # }
/// ```
///
/// A side may go to another thread where its messages may:
///
/// ```compile_fail,E0277
/// fn sent<T: Send>(_: T) {}
/// sent(zokio_core::sync::broadcast::channel::<*const u8>(1).0);
/// ```
#[must_use = "a channel without a side does nothing"]
#[track_caller]
pub fn channel<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::new(capacity);
    let receiver = sender.subscribe();
    (sender, receiver)
}

/// Sends messages to all receivers of a channel.
///
/// Names and meaning are those of `tokio::sync::broadcast::Sender`.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Makes a channel without a receiver.
    ///
    /// # Panics
    ///
    /// If `capacity` is 0 or greater than `usize::MAX / 2`.
    #[must_use]
    #[track_caller]
    pub fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "the capacity of a broadcast channel is not zero");
        assert!(capacity <= usize::MAX / 2, "the capacity of a broadcast channel is at most usize::MAX / 2");
        let slots = (0..capacity.next_power_of_two()).map(|_| Slot::new()).collect();
        let shared = Shared { ring: Ring::new(slots), senders: AtomicUsize::new(1), weak: AtomicUsize::new(0) };
        Self { shared: Arc::new(shared) }
    }

    /// Sends a message to all receivers that there are, without waiting. Returns how many they are; they need not all get
    /// to receive it.
    ///
    /// # Errors
    ///
    /// [`SendError`] with the message, if there is no receiver. There may be one later.
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        self.shared.ring.send(value).map_err(SendError)
    }

    /// Makes a receiver, which gets what is sent from now on.
    #[must_use = "a receiver that is dropped gets nothing"]
    pub fn subscribe(&self) -> Receiver<T> {
        ReceiverOf::new(Subscription(self.shared.clone()))
    }

    /// Makes a handle that does not keep the channel open.
    #[must_use = "a weak sender that is dropped does nothing"]
    pub fn downgrade(&self) -> WeakSender<T> {
        self.shared.weak.fetch_add(1, Ordering::Relaxed);
        WeakSender { shared: self.shared.clone() }
    }

    /// Messages that some receiver has yet to receive; those that were overwritten do not count.
    pub fn len(&self) -> usize {
        self.shared.ring.len()
    }

    /// Whether there is no message that some receiver has yet to receive.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Receivers that there are.
    pub fn receiver_count(&self) -> usize {
        self.shared.ring.receivers()
    }

    /// Whether both send to the same receivers.
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Waits until there is no receiver.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    pub async fn closed(&self) {
        self.shared.ring.gone().await;
    }

    /// Senders that there are.
    pub fn strong_count(&self) -> usize {
        self.shared.senders.load(Ordering::Relaxed)
    }

    /// Weak senders that there are.
    pub fn weak_count(&self) -> usize {
        self.shared.weak.load(Ordering::Relaxed)
    }
}

impl<T> ReceiverOf<Subscription<T>> {
    /// Whether both receive from the same senders.
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.home().0, &other.home().0)
    }

    /// Senders that there are.
    pub fn sender_strong_count(&self) -> usize {
        self.home().0.senders.load(Ordering::Relaxed)
    }

    /// Weak senders that there are.
    pub fn sender_weak_count(&self) -> usize {
        self.home().0.weak.load(Ordering::Relaxed)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.senders.fetch_add(1, Ordering::Relaxed);
        Self { shared: self.shared.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        // Ordering: what each sender did is before the close that the last one does.
        if self.shared.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.ring.close();
        }
    }
}

impl<T> core::fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

/// A sender that does not keep the channel open: it has to be [upgraded](Self::upgrade) to send.
///
/// Names and meaning are those of `tokio::sync::broadcast::WeakSender`.
pub struct WeakSender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> WeakSender<T> {
    /// Makes a sender; `None` if there is no other one any more: the channel is closed, and stays so.
    #[must_use]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        let one_more = |senders| (senders > 0).then_some(senders + 1);
        self.shared.senders.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Sender { shared: self.shared.clone() })
    }

    /// Senders that there are.
    pub fn strong_count(&self) -> usize {
        self.shared.senders.load(Ordering::Relaxed)
    }

    /// Weak senders that there are.
    pub fn weak_count(&self) -> usize {
        self.shared.weak.load(Ordering::Relaxed)
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        self.shared.weak.fetch_add(1, Ordering::Relaxed);
        Self { shared: self.shared.clone() }
    }
}

impl<T> Drop for WeakSender<T> {
    fn drop(&mut self) {
        self.shared.weak.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<T> core::fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WeakSender").finish_non_exhaustive()
    }
}
