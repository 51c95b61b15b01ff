//! A priority channel on the heap.

use alloc::collections::BinaryHeap;
use alloc::sync::Arc;

use super::store::{ByPriority, Heap, Ranked};
use super::{unranked, unranked_send};
use crate::sync::channel::alloc::{Chan, Receivers, Senders, Spill, bounded};
use crate::sync::channel::{SendError, TryRecvError, TrySendError};

impl<T> Heap for BinaryHeap<Ranked<T>> {
    type Message = T;

    fn push(&mut self, ranked: Ranked<T>) -> Result<(), Ranked<T>> {
        Self::push(self, ranked);
        Ok(())
    }

    fn pop(&mut self) -> Option<Ranked<T>> {
        Self::pop(self)
    }

    fn len(&self) -> usize {
        Self::len(self)
    }
}

type OnHeap<T> = ByPriority<BinaryHeap<Ranked<T>>>;

impl<T> Spill for OnHeap<T> {
    type Rest = BinaryHeap<Ranked<T>>;

    fn spill(&mut self) -> (Self::Rest, usize) {
        let rest = core::mem::take(&mut self.heap);
        let count = rest.len();
        (rest, count)
    }
}

/// Makes a channel with room for `buffer` messages, of which the one with the highest priority leaves first; equal ones in
/// their order.
///
/// Closing, cloning and costs are those of [`mpmc`](crate::sync::mpmc); the lock is held for a number of moves that is
/// logarithmic in the number of messages, and for a move of all of them when the table grows.
///
/// # Panics
///
/// If `buffer` is zero, or more than `usize::MAX >> 3`.
///
/// # Examples
///
/// ```
/// let (tx, rx) = zokio_core::sync::priority::channel(4);
/// tx.try_send(1, "log").unwrap();
/// tx.try_send(9, "brake").unwrap();
/// assert_eq!(rx.try_recv(), Ok("brake"));
/// ```
#[track_caller]
pub fn channel<T>(buffer: usize) -> (Sender<T>, Receiver<T>) {
    let (senders, receivers) = Chan::make(ByPriority::new(BinaryHeap::new()), bounded(buffer));
    (Sender { senders }, Receiver { receivers: Arc::new(receivers) })
}

/// The sending side of a [`channel`]. The last one that is dropped closes it.
pub struct Sender<T> {
    senders: Arc<Senders<OnHeap<T>>>,
}

/// The receiving side of a [`channel`]. The last one that is dropped closes it, and drops what is in it.
pub struct Receiver<T> {
    receivers: Arc<Receivers<OnHeap<T>>>,
}

impl<T> Sender<T> {
    /// Sends a message, waiting in line for room if there is none.
    ///
    /// # Errors
    ///
    /// [`SendError`] with the message, once the channel is closed.
    ///
    /// # Cancel safety
    ///
    /// The message and the place in line are lost, and nothing is in the channel.
    pub async fn send(&self, priority: u32, message: T) -> Result<(), SendError<T>> {
        self.senders.chan.flow.send((priority, message)).await.map_err(unranked_send)
    }

    /// Sends a message if there is room.
    ///
    /// # Errors
    ///
    /// With the message: [`TrySendError::Full`] if there is no room that is not promised to others,
    /// [`TrySendError::Closed`] once the channel is closed.
    pub fn try_send(&self, priority: u32, message: T) -> Result<(), TrySendError<T>> {
        self.senders.chan.flow.try_send((priority, message)).map_err(unranked)
    }

    /// Closes the channel for all. Returns whether it was open.
    pub fn close(&self) -> bool {
        self.senders.chan.flow.close()
    }

    /// Whether the channel is closed.
    pub fn is_closed(&self) -> bool {
        self.senders.chan.flow.is_closed()
    }

    /// Messages that can be sent now without waiting.
    pub fn capacity(&self) -> usize {
        self.senders.chan.flow.room()
    }
}

impl<T> Receiver<T> {
    /// Receives the message of the highest priority, waiting for one if there is none. `None` once the channel is closed and
    /// empty.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a message that it was woken for goes to the next receiver.
    pub async fn recv(&self) -> Option<T> {
        self.receivers.chan.flow.recv().await.map(|(_, message)| message)
    }

    /// Receives the message of the highest priority if there is one.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if there is none yet, [`TryRecvError::Disconnected`] once the channel is closed and empty.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.receivers.chan.flow.try_recv().map(|(_, message)| message)
    }

    /// Closes the channel for all. Returns whether it was open.
    pub fn close(&self) -> bool {
        self.receivers.chan.flow.close()
    }

    /// Whether the channel is closed. There may still be messages in it.
    pub fn is_closed(&self) -> bool {
        self.receivers.chan.flow.is_closed()
    }

    /// Messages that are in the channel.
    pub fn len(&self) -> usize {
        self.receivers.chan.flow.len()
    }

    /// Whether no message is in the channel.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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
        f.debug_struct("Sender").field("chan", &self.senders.chan.flow).finish()
    }
}

impl<T> core::fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Receiver").field("chan", &self.receivers.chan.flow).finish()
    }
}
