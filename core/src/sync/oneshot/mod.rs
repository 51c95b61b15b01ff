//! One value, once, from one task to another.
//!
//! [`Oneshot`] is the thing itself, usually a `static`: [`split`](Oneshot::split) lends its two halves, and when both are
//! gone it can be split again. `channel` makes one on the heap, whose halves are tokio's.
//!
//! # Protocol
//!
//! Everything is in one word, which both halves change by read-modify-write.
//!
//! | bit | set | cleared |
//! |---|---|---|
//! | `SENDER` | at the split | by the sender, when it touches nothing any more |
//! | `RECEIVER` | at the split | by the receiver, when it touches nothing any more |
//! | `COMPLETE` | by the sender: it has sent, or will not | |
//! | `CLOSED` | by the receiver: nothing may be sent any more | |
//! | `RX_WAITS` | by the receiver, when its waker is in its cell | by the receiver, before `COMPLETE` |
//! | `TX_WAITS` | by the sender, when its waker is in its cell | by the sender before `CLOSED`, by the receiver with it |
//!
//! Each side does what it has to do with the other one's waker before it clears its own bit, and wakes after it: so a waker
//! that panics or calls back finds the word in order. Where nobody waits, to send is one read-modify-write and to receive
//! is one load.
//!
//! # Invariants
//!
//! - *value*: the value's cell is the sender's until `COMPLETE`, and the receiver's from then on.
//! - *rx cell*: it is the receiver's while `RX_WAITS` is clear. Who sets `COMPLETE` with `RX_WAITS` set has it from then on.
//! - *tx cell*: it is the sender's while `TX_WAITS` is clear. Who sets `CLOSED` with `TX_WAITS` set has it from then on.
//! - *last*: who clears its own bit where the other one's is clear, or finds it clear, has everything, and releases it.

#[cfg(feature = "alloc")]
mod alloc;
#[cfg(feature = "std")]
mod blocking;
pub mod error;
mod receiver;
mod sender;
#[cfg(test)]
mod tests;

use core::ops::Deref;
use core::task::Waker;

#[cfg(feature = "alloc")]
pub use self::alloc::{Receiver, Sender, channel};
pub use receiver::ReceiverOf;
pub use sender::SenderOf;

use crate::atomic::{AtomicUsize, Ordering, UnsafeCell};
use crate::const_fn;

const SENDER: usize = 1;
const RECEIVER: usize = 1 << 1;
const COMPLETE: usize = 1 << 2;
const CLOSED: usize = 1 << 3;
const RX_WAITS: usize = 1 << 4;
const TX_WAITS: usize = 1 << 5;

/// The sender of a [`Oneshot`].
pub type BorrowedSender<'a, T> = SenderOf<&'a Oneshot<T>>;
/// The receiver of a [`Oneshot`].
pub type BorrowedReceiver<'a, T> = ReceiverOf<&'a Oneshot<T>>;

/// Room for one value, on its way from a sender to a receiver.
///
/// # Cost
///
/// No lock: one read-modify-write to send, one more if the receiver waits; one load to receive, one read-modify-write more
/// for each waker that is stored. Sending may be done in an interrupt. Beside the value it is one word and two wakers.
///
/// # Examples
///
/// ```
/// use zokio_core::sync::Oneshot;
///
/// static ANSWER: Oneshot<u32> = Oneshot::new();
///
/// let (sender, mut receiver) = ANSWER.split().expect("nobody uses it");
/// assert!(ANSWER.split().is_none());
/// sender.send(42).expect("the receiver is there");
/// assert_eq!(receiver.try_recv(), Ok(42));
/// // Both halves are done: there may be a next pair.
/// assert!(ANSWER.split().is_some());
/// ```
pub struct Oneshot<T> {
    word: Word,
    value: Place<T>,
    receiver: Place<Waker>,
    sender: Place<Waker>,
}

// SAFETY: *value*, *rx cell* and *tx cell*: each is one side's at a time, which may be on another thread than the other.
unsafe impl<T: Send> Sync for Oneshot<T> {}

impl<T> Oneshot<T> {
    const_fn! {
        /// Makes one that nobody uses.
        #[must_use]
        pub const fn new() -> Self {
            Self { word: Word::new(0), value: Place::new(), receiver: Place::new(), sender: Place::new() }
        }
    }

    /// Lends the two halves; `None` while one of the last pair is still there.
    ///
    /// A half that is forgotten (`mem::forget`) is there for ever.
    pub fn split(&self) -> Option<(BorrowedSender<'_, T>, BorrowedReceiver<'_, T>)> {
        self.word.claim().then(|| (SenderOf::new(self), ReceiverOf::new(self)))
    }
}

impl<T> Default for Oneshot<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> core::fmt::Debug for Oneshot<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let word = self.word.load();
        f.debug_struct("Oneshot")
            .field("complete", &(word & COMPLETE != 0))
            .field("closed", &(word & CLOSED != 0))
            .finish_non_exhaustive()
    }
}

/// What both halves change.
///
/// A type of its own, so that who changes it for the last time borrows nothing else: the other half may free the whole before that
/// call returns, and what a call borrows must outlive it, but for what lies in an atomic.
struct Word(AtomicUsize);

impl Word {
    const_fn! {
        const fn new(word: usize) -> Self {
            Self(AtomicUsize::new(word))
        }
    }

    /// Sets the bits of two halves where there are none; answers whether there were none.
    fn claim(&self) -> bool {
        // Ordering: acquires what the last of the pair before did; pairs with `free`.
        self.0.compare_exchange(0, SENDER | RECEIVER, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Lets the next pair come.
    fn free(&self) {
        // Ordering: releases the cells to the next `claim`.
        self.0.store(0, Ordering::Release);
    }

    /// Changes the word as `change` says; answers what it was.
    #[inline(always)]
    fn update(&self, change: impl Fn(usize) -> Option<usize>) -> Result<usize, usize> {
        let mut word = self.load();
        loop {
            let Some(next) = change(word) else { return Err(word) };
            // Ordering: releases what this side wrote to the cells it gives away, and acquires what the other side wrote to
            // those it gets; pairs with itself on the other side, and with `load`.
            match self.0.compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(word),
                Err(other) => word = other,
            }
        }
    }

    /// Sets a bit that only this side sets, and that is clear; answers what the word was. One addition, where a change that
    /// depends on the word is a look and an exchange.
    #[inline(always)]
    fn raise(&self, bit: usize) -> usize {
        // Ordering: releases what this side wrote to the cell it gives away; pairs with `update`. Who learns from the answer that
        // the other side is done looks again, by `load`.
        self.0.fetch_add(bit, Ordering::Release)
    }

    /// Clears a bit that only this side clears, and that is set; answers what the word was.
    #[inline(always)]
    fn lower(&self, bit: usize) -> usize {
        // Ordering: releases what this side did with the cells to whoever is done last; acquires it from the other side where
        // this one is; pairs with itself there, with `update` and with `load`.
        self.0.fetch_sub(bit, Ordering::AcqRel)
    }

    #[inline(always)]
    fn load(&self) -> usize {
        // Ordering: acquires what the other side wrote before it changed the word in `update`.
        self.0.load(Ordering::Acquire)
    }
}

/// A cell that is one side's at a time; the word says whose.
struct Place<V>(UnsafeCell<Option<V>>);

impl<V> Place<V> {
    const_fn! {
        const fn new() -> Self {
            Self(UnsafeCell::new(None))
        }
    }

    /// Puts `value` in, and answers what was there.
    ///
    /// # Safety
    ///
    /// The cell must be the caller's, by the invariant of its name.
    #[inline(always)]
    unsafe fn replace(&self, value: Option<V>) -> Option<V> {
        // SAFETY: the caller's cell: nobody else reads or writes it.
        self.0.with_mut(|cell| core::mem::replace(unsafe { &mut *cell }, value))
    }
}

/// Which waker is in the receiver's cell, for as long as it is there: what it may look at when the cell is the sender's.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Known(usize, usize);

impl Known {
    const NONE: Self = Self(0, 0);

    #[inline(always)]
    fn of(waker: &Waker) -> Self {
        Self(waker.data() as usize, core::ptr::from_ref(waker.vtable()) as usize)
    }
}

/// Where the two halves find what they share.
///
/// # Safety
///
/// It must lead to the same `Oneshot` at every time until `release`, also after a move.
pub unsafe trait Home: Deref<Target = Oneshot<Self::Value>> {
    /// What is sent.
    type Value;

    /// Both halves are done.
    ///
    /// # Safety
    ///
    /// *last*: nobody else reaches the shared part any more.
    unsafe fn release(self);
}

// SAFETY: a borrow leads to one thing.
unsafe impl<T> Home for &Oneshot<T> {
    type Value = T;

    unsafe fn release(self) {
        // SAFETY: *last*.
        let value = unsafe { self.value.replace(None) };
        // SAFETY: *last*.
        let receiver = unsafe { self.receiver.replace(None) };
        // SAFETY: *last*.
        let sender = unsafe { self.sender.replace(None) };
        // From here on others may use it: destructors run afterwards.
        self.word.free();
        drop((value, receiver, sender));
    }
}
