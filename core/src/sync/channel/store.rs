//! What holds a channel's messages: the seam below the one algorithm.

use core::task::Waker;

/// Holds messages, and says which is next. Runs under the lock: moves messages, and runs no code of theirs.
pub(in crate::sync) trait Store {
    /// What is in it.
    type Message;

    /// Puts a message in.
    ///
    /// # Safety
    ///
    /// There must be fewer messages in it than it has [places](Self::places).
    unsafe fn push(&mut self, message: Self::Message);

    /// How many messages it may hold: what its channel was made for, unless it knows that itself.
    #[inline(always)]
    fn places(&self, made_for: usize) -> usize {
        made_for
    }

    /// Takes the next message out.
    fn pop(&mut self) -> Option<Self::Message>;

    /// Messages in it.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool;

    /// Takes the waker of the one receiver, where a channel has one that stands in no line.
    #[inline(always)]
    fn caller(&mut self) -> Option<Waker> {
        None
    }

    /// Places that have become free without the lock since this was last asked, where a receiver has messages in hand.
    #[inline(always)]
    fn freed(&mut self) -> usize {
        0
    }

    /// As [`freed`](Self::freed); and whoever frees a place from now on takes the lock to give it on.
    #[inline(always)]
    fn ask(&mut self) -> usize {
        0
    }

    /// Nobody stands in line any more: what becomes free need not be given on.
    #[inline(always)]
    fn unask(&mut self) {}

    /// Messages that a receiver has in hand.
    #[inline(always)]
    fn held(&self) -> usize {
        0
    }
}
