//! Channels on the heap: what holds their messages, and what their handles share.

use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};
use core::task::Waker;

use super::flow::Flow;
use super::store::Store;
use crate::lock::DefaultLock;

/// Senders, receivers, and those who wait for the end.
pub(in crate::sync) const LANES: usize = 3;

/// What a bounded channel allocates when it is made, in bytes, as far as it has that much room.
const AT_FIRST: usize = 4096;

/// What an empty buffer keeps, in messages.
const KEPT: usize = 512;

/// First in, first out; and the waker of a receiver that stands in no line.
pub(in crate::sync) struct Heap<T> {
    messages: VecDeque<T>,
    pub(in crate::sync) caller: Option<Waker>,
}

impl<T> Heap<T> {
    fn new(places: usize) -> Self {
        let at_first = AT_FIRST / size_of::<T>().max(1);
        Self { messages: VecDeque::with_capacity(places.min(at_first)), caller: None }
    }
}

impl<T> Store for Heap<T> {
    type Message = T;

    #[inline]
    fn push(&mut self, message: T) -> Result<(), T> {
        self.messages.push_back(message);
        Ok(())
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        let message = self.messages.pop_front()?;
        if self.messages.is_empty() && self.messages.capacity() > 2 * KEPT {
            self.messages.shrink_to(KEPT);
        }
        Some(message)
    }

    fn len(&self) -> usize {
        self.messages.len()
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    #[inline]
    fn caller(&mut self) -> Option<Waker> {
        self.caller.take()
    }
}

/// A channel on the heap.
pub(in crate::sync) type HeapFlow<T> = Flow<DefaultLock, Heap<T>, LANES>;

/// What all handles of a channel keep alive.
pub(in crate::sync) struct Chan<T> {
    pub(in crate::sync) flow: HeapFlow<T>,
    /// The most that it holds.
    pub(in crate::sync) places: usize,
    /// What the senders share; one more than the weak handles there are.
    pub(in crate::sync) senders: Weak<Senders<T>>,
}

/// What the senders of a channel keep alive: it is dropped with the last of them, and closes the channel.
pub(in crate::sync) struct Senders<T> {
    pub(in crate::sync) chan: Arc<Chan<T>>,
}

impl<T> Chan<T> {
    /// Makes a channel of so many places, with one sender.
    pub(in crate::sync) fn make(places: usize) -> Arc<Senders<T>> {
        Arc::new_cyclic(|senders| Senders {
            chan: Arc::new(Self { flow: Flow::new(Heap::new(places), places), places, senders: senders.clone() }),
        })
    }

    /// Nobody receives any more: closes the channel, and drops the messages in it once everybody was told.
    pub(in crate::sync) fn desert(&self) {
        let (messages, caller) = self
            .flow
            .desert(|heap| (core::mem::take(&mut heap.messages), heap.caller.take()), |(messages, _)| messages.len());
        drop(caller);
        drop(messages);
    }

    /// Senders there are.
    pub(in crate::sync) fn strong(&self) -> usize {
        self.senders.strong_count()
    }

    /// Weak handles of senders there are.
    pub(in crate::sync) fn weak(&self) -> usize {
        // One is our own; where no sender is left, `Weak` answers zero.
        self.senders.weak_count().saturating_sub(1)
    }
}

impl<T> Drop for Senders<T> {
    fn drop(&mut self) {
        self.chan.flow.close();
    }
}
