//! Channels with many senders and many receivers, on the heap: each message goes to one receiver.
//!
//! | constructor | room |
//! |---|---|
//! | [`channel`] | so many messages: senders wait for room, in line |
//! | [`unbounded_channel`] | as much as there is memory: sending never waits |
//!
//! Both sides are cloned. The channel is closed by [`Sender::close`] or [`Receiver::close`], and when all handles of one side
//! are gone; what was sent before is still received, and then `None`. Messages that nobody can receive any more are
//! dropped with the last receiver.
//!
//! The algorithm and its costs are those of [`mpsc`](super::mpsc); receivers stand in line as well.
//!
//! # Examples
//!
//! ```
//! let (tx, rx) = zokio_core::sync::mpmc::channel(2);
//! let other = rx.clone();
//! tx.try_send(1).unwrap();
//! tx.try_send(2).unwrap();
//! assert_eq!((rx.try_recv(), other.try_recv()), (Ok(1), Ok(2)));
//! ```

use core::future::Future;

use super::alloc::Arc;
use super::channel::alloc::{Chan, Heap, LANES, Receivers, Senders, UNBOUNDED, bounded};
use super::channel::flow::Flow;
use super::channel::{SendError, TryRecvError, TrySendError};
use crate::lock::DefaultLock;

/// Makes a channel with room for `buffer` messages.
///
/// # Panics
///
/// If `buffer` is zero, or more than `usize::MAX >> 3`.
#[track_caller]
pub fn channel<T>(buffer: usize) -> (Sender<T>, Receiver<T>) {
    make(bounded(buffer))
}

/// Makes a channel that takes messages until memory runs out: sending never waits.
pub fn unbounded_channel<T>() -> (Sender<T>, Receiver<T>) {
    make(UNBOUNDED)
}

fn make<T>(places: usize) -> (Sender<T>, Receiver<T>) {
    let (senders, receivers) = Chan::line(places);
    (Sender { senders }, Receiver { receivers: Arc::new(receivers) })
}

/// The sending side of a [`channel`]. The last one that is dropped closes it.
pub struct Sender<T> {
    senders: Arc<Senders<Heap<T>>>,
}

/// The receiving side of a [`channel`]. The last one that is dropped closes it, and drops what is in it.
pub struct Receiver<T> {
    receivers: Arc<Receivers<Heap<T>>>,
}

impl<T> Sender<T> {
    fn flow(&self) -> &Flow<DefaultLock, Heap<T>, LANES> {
        &self.senders.chan.flow
    }

    /// Sends a message, waiting in line for room if there is none.
    ///
    /// # Errors
    ///
    /// [`SendError`] with the message, once the channel is closed.
    ///
    /// # Cancel safety
    ///
    /// The message and the place in line are lost, and nothing is in the channel.
    pub fn send(&self, message: T) -> impl Future<Output = Result<(), SendError<T>>> {
        self.flow().send(message)
    }

    /// Sends a message if there is room.
    ///
    /// # Errors
    ///
    /// With the message: [`TrySendError::Full`] if there is no room that is not promised to others,
    /// [`TrySendError::Closed`] once the channel is closed.
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.flow().try_send(message)
    }

    /// Waits until the channel is closed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub fn closed(&self) -> impl Future<Output = ()> {
        self.flow().closed()
    }

    /// Closes the channel for all. Returns whether it was open.
    pub fn close(&self) -> bool {
        self.flow().close()
    }

    /// Whether the channel is closed.
    pub fn is_closed(&self) -> bool {
        self.flow().is_closed()
    }

    /// Messages that can be sent now without waiting.
    pub fn capacity(&self) -> usize {
        self.flow().room()
    }

    /// Messages that the channel can hold; `None` where there is no bound.
    pub fn max_capacity(&self) -> Option<usize> {
        Some(self.senders.chan.places).filter(|places| *places != UNBOUNDED)
    }

    /// Messages that are in the channel.
    pub fn len(&self) -> usize {
        self.flow().len()
    }

    /// Whether no message is in the channel.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Senders of this channel.
    pub fn sender_count(&self) -> usize {
        self.senders.chan.strong()
    }

    /// Whether two senders are of one channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.senders, &other.senders)
    }
}

impl<T> Receiver<T> {
    fn flow(&self) -> &Flow<DefaultLock, Heap<T>, LANES> {
        &self.receivers.chan.flow
    }

    /// Receives a message, waiting for one if there is none. `None` once the channel is closed and empty.
    ///
    /// Receivers are woken in line, one for each message, but a message belongs to the first who asks.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a message that it was woken for goes to the next receiver.
    pub fn recv(&self) -> impl Future<Output = Option<T>> {
        self.flow().recv()
    }

    /// Receives a message if there is one.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if there is none yet, [`TryRecvError::Disconnected`] once the channel is closed and empty.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.flow().try_recv()
    }

    /// Closes the channel for all. Returns whether it was open.
    pub fn close(&self) -> bool {
        self.flow().close()
    }

    /// Whether the channel is closed. There may still be messages in it.
    pub fn is_closed(&self) -> bool {
        self.flow().is_closed()
    }

    /// Messages that are in the channel.
    pub fn len(&self) -> usize {
        self.flow().len()
    }

    /// Whether no message is in the channel.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Senders of this channel.
    pub fn sender_count(&self) -> usize {
        self.receivers.chan.strong()
    }

    /// Receivers of this channel.
    pub fn receiver_count(&self) -> usize {
        Arc::strong_count(&self.receivers)
    }

    /// Whether two receivers are of one channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.receivers, &other.receivers)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self { senders: self.senders.clone() }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self { receivers: self.receivers.clone() }
    }
}

impl<T> core::fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Sender").field("chan", self.flow()).finish()
    }
}

impl<T> core::fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Receiver").field("chan", self.flow()).finish()
    }
}
