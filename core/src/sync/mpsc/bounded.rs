//! The channel in which senders wait for room.

use core::future::Future;
use core::marker::PhantomData;
use core::task::{Context, Poll};
use core::time::Duration;

use super::error::{SendError, SendTimeoutError, TryRecvError, TrySendError};
use super::permit::{OwnedPermit, Permit, PermitIterator};
use super::receiver::Single;
use crate::ambient::Ambient;
use crate::lock::DefaultLock;
use crate::sync::alloc::{Arc, Vec};
use crate::sync::channel::alloc::{Chan, Heap, LANES, Senders, WeakSenders, bounded};
use crate::sync::channel::flow::Flow;

/// Makes a channel with room for `buffer` messages.
///
/// # Panics
///
/// If `buffer` is zero, or more than `usize::MAX >> 3`.
///
/// # Examples
///
/// ```
/// let (tx, mut rx) = zokio_core::sync::mpsc::channel(2);
/// tx.try_send("one").unwrap();
/// assert_eq!(rx.try_recv(), Ok("one"));
/// ```
#[track_caller]
pub fn channel<T>(buffer: usize) -> (Sender<T>, Receiver<T>) {
    let (senders, receivers, hand) = Chan::single(bounded(buffer));
    let single = Single { receivers, hand };
    (Sender { senders, _clock: PhantomData }, Receiver { single })
}

/// The sending side of a [`channel`]. Cloned for each sender; the last one that is dropped closes the channel.
///
/// `A` says by the clock of which context [`send_timeout`](Self::send_timeout) waits; `()` has none. It is chosen by
/// [`waits_by`](Self::waits_by), and costs nothing.
pub struct Sender<T, A = ()> {
    senders: Arc<Senders<Heap<T>>>,
    _clock: PhantomData<fn() -> A>,
}

/// A sender that does not keep the channel open; see [`Sender::downgrade`].
pub struct WeakSender<T, A = ()> {
    senders: WeakSenders<Heap<T>>,
    _clock: PhantomData<fn() -> A>,
}

/// The receiving side of a [`channel`]. Dropping it closes the channel and drops what is in it.
pub struct Receiver<T> {
    single: Single<T>,
}

impl<T, A> Sender<T, A> {
    fn of(senders: Arc<Senders<Heap<T>>>) -> Self {
        Self { senders, _clock: PhantomData }
    }

    /// The same sender, which waits by the clock of another context.
    #[must_use = "the sender goes into the one that is returned"]
    pub fn waits_by<B: Ambient>(self) -> Sender<T, B> {
        Sender::of(self.senders)
    }

    pub(super) fn flow(&self) -> &Flow<DefaultLock, Heap<T>, LANES> {
        &self.senders.chan.flow
    }

    /// Sends a message, waiting for room if there is none.
    ///
    /// Senders that wait are served in the order in which they came.
    ///
    /// # Errors
    ///
    /// [`SendError`] with the message, once the channel is closed. A message that was sent may still not be received.
    ///
    /// # Cancel safety
    ///
    /// The message and the place in line are lost, and nothing is in the channel. To keep the message
    /// [reserve](Self::reserve) first.
    pub fn send(&self, value: T) -> impl Future<Output = Result<(), SendError<T>>> {
        self.flow().send(value)
    }

    /// Sends a message if there is room.
    ///
    /// # Errors
    ///
    /// With the message: [`TrySendError::Full`] if there is no room that is not promised to others,
    /// [`TrySendError::Closed`] once the channel is closed.
    ///
    /// # Cost
    ///
    /// The lock once.
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.flow().try_send(message)
    }

    /// Waits until the receiver is gone or has closed the channel.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub fn closed(&self) -> impl Future<Output = ()> {
        self.flow().closed()
    }

    /// Whether the channel is closed, by the receiver or because it is gone.
    pub fn is_closed(&self) -> bool {
        self.flow().is_closed()
    }

    /// Waits for room for one message, and keeps it.
    ///
    /// # Errors
    ///
    /// [`SendError`] once the channel is closed.
    ///
    /// # Cancel safety
    ///
    /// The place in line is lost; room that was promised goes to the next.
    pub async fn reserve(&self) -> Result<Permit<'_, T>, SendError<()>> {
        self.flow().reserve(1).await?;
        Ok(Permit::new(self.flow()))
    }

    /// Waits for room for `n` messages, and keeps it. Nobody behind it in line is served before it.
    ///
    /// # Errors
    ///
    /// [`SendError`] once the channel is closed, and at once where it never has that much room.
    ///
    /// # Cancel safety
    ///
    /// The place in line is lost; room that was gathered goes to the next.
    pub async fn reserve_many(&self, n: usize) -> Result<PermitIterator<'_, T>, SendError<()>> {
        if n > self.max_capacity() {
            return Err(SendError(()));
        }
        self.flow().reserve(n).await?;
        Ok(PermitIterator::new(self.flow(), n))
    }

    /// As [`reserve`](Self::reserve), by a sender that goes into the permit.
    ///
    /// # Errors
    ///
    /// [`SendError`] once the channel is closed.
    ///
    /// # Cancel safety
    ///
    /// The sender and the place in line are lost.
    pub async fn reserve_owned(self) -> Result<OwnedPermit<T, A>, SendError<()>> {
        self.flow().reserve(1).await?;
        Ok(OwnedPermit::new(self))
    }

    /// Keeps room for one message, if there is some.
    ///
    /// # Errors
    ///
    /// [`TrySendError::Full`] if there is no room that is not promised to others, [`TrySendError::Closed`] once the
    /// channel is closed.
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        self.flow().try_reserve(1)?;
        Ok(Permit::new(self.flow()))
    }

    /// Keeps room for `n` messages, if there is so much.
    ///
    /// # Errors
    ///
    /// As [`try_reserve`](Self::try_reserve); `Full` where it never has that much room, closed or not.
    pub fn try_reserve_many(&self, n: usize) -> Result<PermitIterator<'_, T>, TrySendError<()>> {
        if n > self.max_capacity() {
            return Err(TrySendError::Full(()));
        }
        self.flow().try_reserve(n)?;
        Ok(PermitIterator::new(self.flow(), n))
    }

    /// As [`try_reserve`](Self::try_reserve), by a sender that goes into the permit.
    ///
    /// # Errors
    ///
    /// As [`try_reserve`](Self::try_reserve), with the sender.
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<T, A>, TrySendError<Self>> {
        match self.flow().try_reserve(1) {
            Ok(()) => Ok(OwnedPermit::new(self)),
            Err(TrySendError::Full(())) => Err(TrySendError::Full(self)),
            Err(TrySendError::Closed(())) => Err(TrySendError::Closed(self)),
        }
    }

    /// Whether two senders are of one channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.senders, &other.senders)
    }

    /// Messages that can be sent now without waiting: room that is neither used nor promised.
    pub fn capacity(&self) -> usize {
        self.flow().room()
    }

    /// Messages that the channel can hold.
    pub fn max_capacity(&self) -> usize {
        self.senders.chan.places
    }

    /// A sender that does not keep the channel open.
    #[must_use = "dropping it does nothing: the sender itself stays"]
    pub fn downgrade(&self) -> WeakSender<T, A> {
        WeakSender { senders: WeakSenders::of(&self.senders.chan), _clock: PhantomData }
    }

    /// Senders of this channel.
    pub fn strong_count(&self) -> usize {
        self.senders.chan.strong()
    }

    /// Weak senders of this channel.
    pub fn weak_count(&self) -> usize {
        self.senders.chan.weak()
    }
}

impl<T, A: Ambient> Sender<T, A> {
    /// Sends a message, waiting for room no longer than `timeout`, by the clock of the runtime that polls it.
    ///
    /// Where there is room it is sent, even if no time is given. A duration that does not fit ends as that of a
    /// [`sleep`](crate::time::sleep) does.
    ///
    /// # Errors
    ///
    /// With the message: [`SendTimeoutError::Timeout`] if there was no room in time, [`SendTimeoutError::Closed`] once the
    /// channel is closed.
    ///
    /// # Panics
    ///
    /// When polled outside of a runtime, or in one without a clock.
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    ///
    /// # Cost
    ///
    /// That of [`reserve`](Self::reserve) and of a [`timeout`](crate::time::timeout), which touches no queue where there is room.
    pub async fn send_timeout(&self, value: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        match crate::time::timeout::<A, _>(timeout, self.reserve()).await {
            Ok(Ok(permit)) => {
                permit.send(value);
                Ok(())
            }
            Ok(Err(SendError(()))) => Err(SendTimeoutError::Closed(value)),
            Err(_) => Err(SendTimeoutError::Timeout(value)),
        }
    }
}

impl<T, A> Clone for Sender<T, A> {
    fn clone(&self) -> Self {
        Self::of(self.senders.clone())
    }
}

impl<T, A> core::fmt::Debug for Sender<T, A> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Sender").field("chan", self.flow()).finish()
    }
}

impl<T, A> WeakSender<T, A> {
    /// A sender, unless all of them are gone.
    pub fn upgrade(&self) -> Option<Sender<T, A>> {
        Some(Sender::of(self.senders.upgrade()?))
    }

    /// Senders of this channel.
    pub fn strong_count(&self) -> usize {
        self.senders.strong()
    }

    /// Weak senders of this channel, with this one.
    pub fn weak_count(&self) -> usize {
        self.senders.weak()
    }
}

impl<T, A> Clone for WeakSender<T, A> {
    fn clone(&self) -> Self {
        Self { senders: self.senders.clone(), _clock: PhantomData }
    }
}

impl<T, A> core::fmt::Debug for WeakSender<T, A> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WeakSender").finish_non_exhaustive()
    }
}

impl<T> Receiver<T> {
    /// Receives a message, waiting for one if there is none. `None` once the channel is closed, empty, and no permit is out.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub fn recv(&mut self) -> impl Future<Output = Option<T>> {
        self.single.recv()
    }

    /// Receives up to `limit` messages into `buffer`, waiting for one if there is none. Returns how many; zero once the
    /// channel is closed, empty, and no permit is out, or where `limit` is zero.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Cost
    ///
    /// The lock three or four times for all messages, one of them to take them, and once more for every few senders that wait.
    pub fn recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> impl Future<Output = usize> {
        self.single.recv_many(buffer, limit)
    }

    /// Receives a message if there is one.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if there is none yet, [`TryRecvError::Disconnected`] once the channel is closed, empty, and
    /// no permit is out.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.single.try_recv()
    }

    /// As [`recv`](Self::recv), by hand. Only the waker of the last call is kept.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.single.poll_recv(cx)
    }

    /// As [`recv_many`](Self::recv_many), by hand.
    pub fn poll_recv_many(&mut self, cx: &mut Context<'_>, buffer: &mut Vec<T>, limit: usize) -> Poll<usize> {
        self.single.poll_recv_many(cx, buffer, limit)
    }

    /// Closes the channel: nothing more is sent, but through permits that are out. What is in it can still be received.
    ///
    /// A `send` or `reserve` that was given a place and has not looked yet has no permit and fails, so `recv` does not wait for
    /// it, where tokio's waits until it has looked.
    pub fn close(&mut self) {
        self.single.flow().close();
    }

    /// Whether the channel is closed: by [`close`](Self::close), or because all senders are gone.
    pub fn is_closed(&self) -> bool {
        self.single.flow().is_closed()
    }

    /// Whether no message is in the channel.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Messages that are in the channel.
    pub fn len(&self) -> usize {
        self.single.flow().len()
    }

    /// Messages that can be sent now without waiting.
    pub fn capacity(&self) -> usize {
        self.single.flow().room()
    }

    /// Messages that the channel can hold.
    pub fn max_capacity(&self) -> usize {
        self.single.receivers.chan.places
    }

    /// Senders of this channel.
    pub fn sender_strong_count(&self) -> usize {
        self.single.receivers.chan.strong()
    }

    /// Weak senders of this channel.
    pub fn sender_weak_count(&self) -> usize {
        self.single.receivers.chan.weak()
    }
}

impl<T> core::fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Receiver").field("chan", self.single.flow()).finish()
    }
}
