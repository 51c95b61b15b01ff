//! What the one receiver of a channel has in hand: messages that it took out under one lock, and gives out without it.
//!
//! Their places count as taken. Giving one out frees a place by one atomic addition; the sender that finds no room counts
//! what was freed since it last looked, and who must wait for room asks for it, by a bit of the same word: either it sees the
//! place that was freed, or who freed that sees that it was asked for, takes the lock and gives it on.
//!
//! # Invariants
//!
//! - *one hand*: only the receiver frees places, and it takes messages only when its hand is empty.
//! - *alone*: messages in hand are reached by `&mut` only.
//! - *counted*: `held` is how many messages are in hand, and of those that were given out the ones that nobody counted yet.

use crate::atomic::{AtomicUsize, Ordering};
use crate::sync::alloc::{Arc, VecDeque};

/// Somebody waits for room.
const ASKED: usize = 1;
/// One place.
const ONE: usize = 2;

/// Places that the receiver has freed, all there ever were, as twice their number; and [`ASKED`].
///
/// On a line of the cache of its own: senders look here only when they find no room.
#[repr(align(64))]
struct Freed(AtomicUsize);

/// The side of who gives out.
pub(in crate::sync) struct Hand<T> {
    pub(super) messages: VecDeque<T>,
    freed: Arc<Freed>,
}

/// The side of who counts: under the lock.
pub(super) struct Count {
    freed: Arc<Freed>,
    /// What was counted.
    seen: usize,
    pub(super) held: usize,
}

// Messages are moved, never pinned.
impl<T> Unpin for Hand<T> {}

// A panic never passes between two changes of it: what it runs of the messages is their destructors, when it ends.
impl<T> core::panic::UnwindSafe for Hand<T> {}
impl<T> core::panic::RefUnwindSafe for Hand<T> {}

// SAFETY: *alone*: a shared hand shows no message; it moves them to whoever has it for its own.
unsafe impl<T: Send> Sync for Hand<T> {}

impl<T> Hand<T> {
    /// An empty one.
    pub(super) fn new() -> (Self, Count) {
        let freed = Arc::new(Freed(AtomicUsize::new(0)));
        (Self { messages: VecDeque::new(), freed: freed.clone() }, Count { freed, seen: 0, held: 0 })
    }

    /// Whether there is nothing in it.
    #[inline]
    pub(in crate::sync) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Gives the next message out, and says whether its place was asked for.
    #[inline]
    pub(in crate::sync) fn give_out(&mut self) -> Option<(T, bool)> {
        let message = self.messages.pop_front()?;
        if self.messages.is_empty() {
            super::alloc::shrink(&mut self.messages);
        }
        // Ordering: Release: pairs with the counting of `Count::count`: what was done before a message is received is
        // before the send that fills its place.
        let before = self.freed.0.fetch_add(ONE, Ordering::Release);
        Some((message, before & ASKED != 0))
    }
}

impl Count {
    /// What was freed since this was last asked.
    pub(super) fn freed(&mut self) -> usize {
        // Ordering: Acquire: pairs with the Release of `give_out`.
        let now = self.freed.0.load(Ordering::Acquire);
        self.count(now)
    }

    /// As [`freed`](Self::freed), and asks for more.
    pub(super) fn ask(&mut self) -> usize {
        // Ordering: Acquire: pairs with the Release of `give_out`.
        let now = self.freed.0.fetch_or(ASKED, Ordering::Acquire);
        self.count(now)
    }

    /// Nobody asks any more.
    pub(super) fn unask(&mut self) {
        // Under the lock, as all who ask: a bit that is not seen here is not there.
        if self.freed.0.load(Ordering::Relaxed) & ASKED != 0 {
            self.freed.0.fetch_and(!ASKED, Ordering::Relaxed);
        }
    }

    fn count(&mut self, now: usize) -> usize {
        let now = now & !ASKED;
        // Fewer than there is memory for: half of the numbers are enough to tell them apart.
        let freed = now.wrapping_sub(core::mem::replace(&mut self.seen, now)) / ONE;
        self.held -= freed;
        freed
    }
}
