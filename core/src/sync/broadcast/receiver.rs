//! Who gets every message.

use core::future::poll_fn;
use core::task::{Context, Poll, ready};

use super::cell::Broadcast;
use super::error::{RecvError, TryRecvError};
use super::ring::{Nothing, Outcome, Ring, Slot, Slots};
use crate::lock::{DefaultLock, RawLock};
use crate::sync::blocking;
use crate::task::coop;

/// Where a receiver finds the messages.
pub trait Home {
    /// The memory of the messages.
    type Slots: Slots<Self::Lock>;
    /// The lock that guards it.
    type Lock: RawLock;

    /// The messages.
    fn ring(&self) -> &Ring<Self::Slots, Self::Lock>;
}

impl<T, const N: usize, L: RawLock> Home for &Broadcast<T, N, L> {
    type Slots = [Slot<T, L>; N];
    type Lock = L;

    fn ring(&self) -> &Ring<[Slot<T, L>; N], L> {
        &self.ring
    }
}

/// A message at some home.
type ValueOf<H> = <<H as Home>::Slots as Slots<<H as Home>::Lock>>::Value;

/// A receiver that borrows its channel; see [`Broadcast::subscribe`].
pub type BorrowedReceiver<'a, T, const N: usize, L = DefaultLock> = ReceiverOf<&'a Broadcast<T, N, L>>;

/// Gets every message that is sent while it is there, in the order in which they were sent.
///
/// Names and meaning are those of `tokio::sync::broadcast::Receiver`.
pub struct ReceiverOf<H: Home> {
    home: H,
    /// The message that comes next.
    next: u64,
}

impl<H: Home> ReceiverOf<H> {
    pub(super) fn new(home: H) -> Self {
        let next = home.ring().join();
        Self { home, next }
    }

    #[cfg(feature = "alloc")]
    pub(super) fn home(&self) -> &H {
        &self.home
    }

    /// Messages that were sent and not received by this one. Where they are more than are kept, the rest is missed.
    pub fn len(&self) -> usize {
        usize::try_from(self.home.ring().len_from(self.next)).unwrap_or(usize::MAX)
    }

    /// Whether all messages that were sent were received.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether nothing will be sent any more. There may still be messages.
    pub fn is_closed(&self) -> bool {
        self.home.ring().is_closed()
    }

    /// Makes another receiver, which gets what is sent from now on.
    #[must_use = "a receiver that is dropped gets nothing"]
    pub fn resubscribe(&self) -> Self
    where
        H: Clone,
    {
        Self::new(self.home.clone())
    }
}

impl<H: Home> ReceiverOf<H>
where
    ValueOf<H>: Clone,
{
    /// Receives the next message, waiting for it if there is none.
    ///
    /// # Errors
    ///
    /// [`RecvError::Lagged`] if messages were overwritten before they were received: so many are missed, and the next call
    /// gives the oldest that is kept. [`RecvError::Closed`] once nothing will be sent any more and all was received.
    ///
    /// # Panics
    ///
    /// If the message's `clone` does; the message counts as received then.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    pub async fn recv(&mut self) -> Result<ValueOf<H>, RecvError> {
        if let Some(value) = poll_fn(|cx| self.poll_look(cx)).await {
            return value;
        }
        let outcome = self.home.ring().take(self.next).await;
        self.received(outcome)
    }

    /// What is there, for a unit of the task's budget.
    #[inline(always)]
    fn poll_look(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<ValueOf<H>, RecvError>>> {
        let budget = ready!(coop::poll_proceed(cx));
        let value = self.look();
        if value.is_some() {
            budget.made_progress();
        }
        Poll::Ready(value)
    }

    /// What is there.
    #[inline(always)]
    fn look(&mut self) -> Option<Result<ValueOf<H>, RecvError>> {
        let (value, last) = self.home.ring().look(self.next)?;
        if last {
            self.next += 1;
            return Some(Ok(value));
        }
        Some(self.cloned(value))
    }

    /// Receives the next message if there is one.
    ///
    /// While another receiver clones the message this one waits on its thread; without `std` it finds the channel empty. Called
    /// by the message's own `clone`, for another receiver that has yet to get it, it would wait for itself, for ever.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if there is none; else as [`recv`](Self::recv).
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv).
    pub fn try_recv(&mut self) -> Result<ValueOf<H>, TryRecvError> {
        if let Some(value) = self.look() {
            return Ok(value?);
        }
        let ring = self.home.ring();
        let outcome = match ring.try_take(self.next) {
            Ok(outcome) => outcome,
            Err(Nothing::Lent) if blocking::SLEEPS => blocking::wait(ring.take(self.next), ""),
            Err(Nothing::Empty | Nothing::Lent) => return Err(TryRecvError::Empty),
        };
        Ok(self.received(outcome)?)
    }

    fn received(&mut self, outcome: Outcome<ValueOf<H>>) -> Result<ValueOf<H>, RecvError> {
        let value = match outcome {
            Outcome::Own(value) => value,
            Outcome::Lent(value) => return self.cloned(value),
            Outcome::Lagged { missed, next } => {
                self.next = next;
                return Err(RecvError::Lagged(missed));
            }
            Outcome::Closed => return Err(RecvError::Closed),
        };
        self.next += 1;
        Ok(value)
    }

    /// Clones a message that was lent, and brings it back.
    #[inline]
    fn cloned(&mut self, value: ValueOf<H>) -> Result<ValueOf<H>, RecvError> {
        let lent = Lent { ring: self.home.ring(), position: self.next, value: Some(value) };
        // Before what follows, which may panic: it counts as received.
        self.next += 1;
        let clone = lent.value.clone();
        drop(lent);
        clone.ok_or(RecvError::Closed)
    }

    /// Receives the next message, and blocks the thread until there is one. For threads that poll no tasks.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv); inside of a runtime, whose tasks it would stop; without `std`, if there is no message.
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Result<ValueOf<H>, RecvError> {
        blocking::refuse_in_a_poll();
        let outcome = blocking::wait(self.home.ring().take(self.next), "only threads can wait for a message so");
        self.received(outcome)
    }
}

impl<H: Home> Drop for ReceiverOf<H> {
    fn drop(&mut self) {
        self.home.ring().leave(self.next);
    }
}

impl<H: Home> core::fmt::Debug for ReceiverOf<H> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Receiver").field("next", &self.next).finish_non_exhaustive()
    }
}

/// A message that is out of its slot; dropped, also by a panic, it is brought back.
struct Lent<'a, S: Slots<L>, L: RawLock> {
    ring: &'a Ring<S, L>,
    position: u64,
    value: Option<S::Value>,
}

impl<S: Slots<L>, L: RawLock> Drop for Lent<'_, S, L> {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            self.ring.give_back(self.position, value);
        }
    }
}
