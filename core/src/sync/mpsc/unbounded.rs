//! The channel without a bound.

use core::future::Future;
use core::task::{Context, Poll};

use super::error::{SendError, TryRecvError};
use super::receiver::Single;
use crate::lock::DefaultLock;
use crate::sync::alloc::{Arc, Vec};
use crate::sync::channel::alloc::{Chan, Heap, LANES, Senders, UNBOUNDED, WeakSenders};
use crate::sync::channel::flow::Flow;

/// Makes a channel that takes messages until memory runs out.
///
/// # Examples
///
/// ```
/// let (tx, mut rx) = zokio_core::sync::mpsc::unbounded_channel();
/// tx.send("one").unwrap();
/// assert_eq!(rx.try_recv(), Ok("one"));
/// ```
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let (senders, receivers, hand) = Chan::single(UNBOUNDED);
    let single = Single { receivers, hand };
    (UnboundedSender { senders }, UnboundedReceiver { single })
}

/// The sending side of an [unbounded channel](unbounded_channel). Cloned for each sender; the last one that is dropped closes the channel.
pub struct UnboundedSender<T> {
    senders: Arc<Senders<Heap<T>>>,
}

/// A sender that does not keep the channel open; see [`UnboundedSender::downgrade`].
pub struct WeakUnboundedSender<T> {
    senders: WeakSenders<Heap<T>>,
}

/// The receiving side of an [unbounded channel](unbounded_channel). Dropping it closes the channel and drops what is in it.
pub struct UnboundedReceiver<T> {
    single: Single<T>,
}

impl<T> UnboundedSender<T> {
    pub(super) fn flow(&self) -> &Flow<DefaultLock, Heap<T>, LANES> {
        &self.senders.chan.flow
    }

    /// Sends a message, at once.
    ///
    /// # Errors
    ///
    /// [`SendError`] with the message, once the channel is closed; and where `usize::MAX / 2` messages are in it, for which there is
    /// memory only if they have no size. A message that was sent may still not be received.
    ///
    /// # Cost
    ///
    /// The lock once; the buffer may have to grow in it, which moves all messages.
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.flow().try_send(message).map_err(|error| SendError(error.into_inner()))
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

    /// Whether two senders are of one channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.senders, &other.senders)
    }

    /// A sender that does not keep the channel open.
    #[must_use = "dropping it does nothing: the sender itself stays"]
    pub fn downgrade(&self) -> WeakUnboundedSender<T> {
        WeakUnboundedSender { senders: WeakSenders::of(&self.senders.chan) }
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

impl<T> Clone for UnboundedSender<T> {
    fn clone(&self) -> Self {
        Self { senders: self.senders.clone() }
    }
}

impl<T> core::fmt::Debug for UnboundedSender<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("UnboundedSender").field("chan", self.flow()).finish()
    }
}

impl<T> WeakUnboundedSender<T> {
    /// A sender, unless all of them are gone.
    pub fn upgrade(&self) -> Option<UnboundedSender<T>> {
        Some(UnboundedSender { senders: self.senders.upgrade()? })
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

impl<T> Clone for WeakUnboundedSender<T> {
    fn clone(&self) -> Self {
        Self { senders: self.senders.clone() }
    }
}

impl<T> core::fmt::Debug for WeakUnboundedSender<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WeakUnboundedSender").finish_non_exhaustive()
    }
}

impl<T> UnboundedReceiver<T> {
    /// Receives a message, waiting for one if there is none. `None` once the channel is closed and empty.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub fn recv(&mut self) -> impl Future<Output = Option<T>> {
        self.single.recv()
    }

    /// Receives up to `limit` messages into `buffer`, waiting for one if there is none. Returns how many; zero once the
    /// channel is closed and empty, or where `limit` is zero.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Cost
    ///
    /// The lock three or four times for all messages, one of them to take them.
    pub fn recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> impl Future<Output = usize> {
        self.single.recv_many(buffer, limit)
    }

    /// Receives a message if there is one.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if there is none yet, [`TryRecvError::Disconnected`] once the channel is closed and empty.
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

    /// Closes the channel: nothing more is sent. What is in it can still be received.
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

    /// Senders of this channel.
    pub fn sender_strong_count(&self) -> usize {
        self.single.receivers.chan.strong()
    }

    /// Weak senders of this channel.
    pub fn sender_weak_count(&self) -> usize {
        self.single.receivers.chan.weak()
    }
}

impl<T> core::fmt::Debug for UnboundedReceiver<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("UnboundedReceiver").field("chan", self.single.flow()).finish()
    }
}
