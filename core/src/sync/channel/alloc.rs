//! Channels on the heap: what holds their messages, and what their handles share.

use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};
use core::task::Waker;

use super::flow::{Flow, MAX_PLACES};
use super::hand::{Count, Hand};
use super::store::Store;
use crate::atomic::{AtomicUsize, Ordering};
use crate::lock::DefaultLock;

/// Senders, receivers, and those who wait for the end.
pub(in crate::sync) const LANES: usize = 3;

/// What a bounded channel allocates when it is made, in bytes, as far as it has that much room.
const AT_FIRST: usize = 4096;

/// What an empty buffer keeps, in messages.
const KEPT: usize = 512;

/// First in, first out; and the waker of a receiver that stands in no line, and what is known of its [`Hand`].
pub(in crate::sync) struct Heap<T> {
    messages: VecDeque<T>,
    pub(in crate::sync) caller: Option<Waker>,
    hand: Option<Count>,
}

/// Makes a buffer that ran empty small again.
#[inline]
pub(super) fn shrink<T>(messages: &mut VecDeque<T>) {
    if messages.capacity() > 2 * KEPT {
        messages.shrink_to(KEPT);
    }
}

impl<T> Heap<T> {
    fn new(places: usize) -> Self {
        let at_first = AT_FIRST / size_of::<T>().max(1);
        Self { messages: VecDeque::with_capacity(places.min(at_first)), caller: None, hand: None }
    }

    /// Takes the first message out, and all others into an empty hand. Answers how many those are.
    #[inline]
    pub(in crate::sync) fn grab(&mut self, hand: &mut Hand<T>) -> (Option<T>, usize) {
        core::mem::swap(&mut self.messages, &mut hand.messages);
        let first = hand.messages.pop_front();
        let others = hand.messages.len();
        if let Some(count) = &mut self.hand {
            count.held += others;
        }
        (first, others)
    }

    /// Puts what is in hand before all others. Answers how many they were.
    pub(in crate::sync) fn take_back(&mut self, hand: &mut Hand<T>) -> usize {
        let count = hand.messages.len();
        hand.messages.append(&mut self.messages);
        core::mem::swap(&mut self.messages, &mut hand.messages);
        if let Some(known) = &mut self.hand {
            known.held -= count;
        }
        count
    }
}

impl<T> Store for Heap<T> {
    type Message = T;

    #[inline]
    unsafe fn push(&mut self, message: T) {
        self.messages.push_back(message);
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        let message = self.messages.pop_front()?;
        if self.messages.is_empty() {
            shrink(&mut self.messages);
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

    #[inline]
    fn freed(&mut self) -> usize {
        self.hand.as_mut().map_or(0, Count::freed)
    }

    #[inline]
    fn ask(&mut self) -> usize {
        self.hand.as_mut().map_or(0, Count::ask)
    }

    #[inline]
    fn unask(&mut self) {
        if let Some(hand) = &mut self.hand {
            hand.unask();
        }
    }

    #[inline]
    fn held(&self) -> usize {
        self.hand.as_ref().map_or(0, |hand| hand.held)
    }
}

/// A store that can be emptied at once.
pub(in crate::sync) trait Spill: Store {
    /// What holds all that was in it; dropped outside of the lock.
    type Rest;

    /// Takes everything out. Answers how many messages.
    fn spill(&mut self) -> (Self::Rest, usize);
}

impl<T> Spill for Heap<T> {
    type Rest = (VecDeque<T>, Option<Waker>);

    fn spill(&mut self) -> (Self::Rest, usize) {
        let messages = core::mem::take(&mut self.messages);
        let count = messages.len();
        ((messages, self.caller.take()), count)
    }
}

/// What all handles of a channel keep alive.
pub(in crate::sync) struct Chan<B: Spill> {
    pub(in crate::sync) flow: Flow<DefaultLock, B, LANES>,
    /// The most that it holds.
    pub(in crate::sync) places: usize,
    /// What the senders share.
    senders: Weak<Senders<B>>,
    /// Weak handles of senders there are; a `Weak` does not tell where no sender is left.
    weak: AtomicUsize,
}

/// What the senders of a channel keep alive: it is dropped with the last of them, and closes the channel.
pub(in crate::sync) struct Senders<B: Spill> {
    pub(in crate::sync) chan: Arc<Chan<B>>,
}

/// A weak handle of a sender: it keeps the memory of the channel, and neither side.
pub(in crate::sync) struct WeakSenders<B: Spill> {
    chan: Arc<Chan<B>>,
}

/// What the receivers of a channel keep alive: it is dropped with the last of them, and closes and empties the channel.
pub(in crate::sync) struct Receivers<B: Spill> {
    pub(in crate::sync) chan: Arc<Chan<B>>,
}

/// Both sides of a channel, and the hand of its receiver.
pub(in crate::sync) type WithHand<T> = (Arc<Senders<Heap<T>>>, Receivers<Heap<T>>, Hand<T>);

impl<T> Chan<Heap<T>> {
    /// Makes a channel of so many places, first in, first out.
    pub(in crate::sync) fn line(places: usize) -> (Arc<Senders<Heap<T>>>, Receivers<Heap<T>>) {
        Self::make(Heap::new(places), places)
    }

    /// As [`line`](Self::line), for one receiver with a hand.
    pub(in crate::sync) fn single(places: usize) -> WithHand<T> {
        let (hand, count) = Hand::new();
        let (senders, receivers) = Self::make(Heap { hand: Some(count), ..Heap::new(places) }, places);
        (senders, receivers, hand)
    }
}

impl<B: Spill> Chan<B> {
    /// Makes a channel of so many places, with one sender and one receiver.
    pub(in crate::sync) fn make(store: B, places: usize) -> (Arc<Senders<B>>, Receivers<B>) {
        let senders = Arc::new_cyclic(|senders| Senders {
            chan: Arc::new(Self {
                flow: Flow::new(store, places),
                places,
                senders: senders.clone(),
                weak: AtomicUsize::new(0),
            }),
        });
        let receivers = Receivers { chan: senders.chan.clone() };
        (senders, receivers)
    }

    /// Senders there are.
    pub(in crate::sync) fn strong(&self) -> usize {
        self.senders.strong_count()
    }

    /// Weak handles of senders there are.
    pub(in crate::sync) fn weak(&self) -> usize {
        self.weak.load(Ordering::Relaxed)
    }
}

impl<B: Spill> WeakSenders<B> {
    pub(in crate::sync) fn of(chan: &Arc<Chan<B>>) -> Self {
        chan.weak.fetch_add(1, Ordering::Relaxed);
        Self { chan: chan.clone() }
    }

    /// What the senders share, unless all of them are gone.
    pub(in crate::sync) fn upgrade(&self) -> Option<Arc<Senders<B>>> {
        self.chan.senders.upgrade()
    }

    /// Senders there are.
    pub(in crate::sync) fn strong(&self) -> usize {
        self.chan.strong()
    }

    /// Weak handles there are, with this one.
    pub(in crate::sync) fn weak(&self) -> usize {
        self.chan.weak()
    }
}

impl<B: Spill> Clone for WeakSenders<B> {
    fn clone(&self) -> Self {
        Self::of(&self.chan)
    }
}

impl<B: Spill> Drop for WeakSenders<B> {
    fn drop(&mut self) {
        self.chan.weak.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<B: Spill> Drop for Senders<B> {
    fn drop(&mut self) {
        self.chan.flow.close();
    }
}

impl<B: Spill> Drop for Receivers<B> {
    fn drop(&mut self) {
        // Nobody receives any more: everybody is told, and then the messages are dropped.
        let messages = self.chan.flow.desert(B::spill);
        drop(messages);
    }
}

/// Room that is never used up.
pub(in crate::sync) const UNBOUNDED: usize = usize::MAX >> 1;

/// The room of a bounded channel.
///
/// # Panics
///
/// If it is zero, or more than `MAX_PLACES`.
#[track_caller]
pub(in crate::sync) fn bounded(places: usize) -> usize {
    assert!(places > 0, "a channel needs room for one message at least: the buffer is 0");
    assert!(places <= MAX_PLACES, "a channel has room for at most {MAX_PLACES} messages: the buffer is {places}");
    places
}
