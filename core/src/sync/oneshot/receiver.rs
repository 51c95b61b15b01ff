//! The half that receives.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::error::{RecvError, TryRecvError};
use super::{CLOSED, COMPLETE, Home, Known, RECEIVER, RX_WAITS, SENDER, TX_WAITS};
use crate::task::coop::poll_proceed;

/// Receives one value from the sender it was made with. It is a future: await it, or `&mut` of it to keep it.
///
/// Names and meaning are those of `tokio::sync::oneshot::Receiver`.
///
/// # Errors
///
/// [`RecvError`] if the sender was dropped without sending, or nothing was sent before [`close`](Self::close).
///
/// # Panics
///
/// When polled after it was ready.
///
/// # Cancel safety
///
/// Awaited as `&mut receiver`, nothing is lost if the wait is dropped. The value is lost with the receiver.
#[must_use = "futures do nothing unless polled"]
pub struct ReceiverOf<H: Home> {
    home: Option<H>,
    known: Known,
}

/// Nothing in it is pinned.
impl<H: Home> Unpin for ReceiverOf<H> {}

impl<H: Home> ReceiverOf<H> {
    pub(super) fn new(home: H) -> Self {
        Self { home: Some(home), known: Known::NONE }
    }

    /// Lets nothing more be sent. What was sent before can still be received.
    pub fn close(&mut self) {
        let Some(home) = &self.home else { return };
        let closed = home.word.update(|word| (word & CLOSED == 0).then_some((word | CLOSED) & !TX_WAITS));
        if closed.is_ok_and(|word| word & TX_WAITS != 0) {
            // SAFETY: *tx cell*: this side has just closed.
            if let Some(waker) = unsafe { home.sender.replace(None) } {
                waker.wake();
            }
        }
    }

    /// Whether the value or the error was received: then it must not be polled any more.
    pub fn is_terminated(&self) -> bool {
        self.home.is_none()
    }

    /// Whether there is no value to be received now. It may still come, unless the receiver is
    /// [terminated](Self::is_terminated).
    pub fn is_empty(&self) -> bool {
        let Some(home) = &self.home else { return true };
        if home.word.load() & COMPLETE == 0 {
            return true;
        }
        // SAFETY: *value*: it is complete, and this side only looks.
        home.value.0.with(|cell| unsafe { &*cell }.is_none())
    }

    /// Receives the value if it is there.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if it may still come, [`TryRecvError::Closed`] if it will not, or was received before.
    pub fn try_recv(&mut self) -> Result<H::Value, TryRecvError> {
        let Some(home) = &self.home else { return Err(TryRecvError::Closed) };
        if home.word.load() & (COMPLETE | CLOSED) == 0 {
            return Err(TryRecvError::Empty);
        }
        self.finish().ok_or(TryRecvError::Closed)
    }

    /// Takes the value, if one was sent, and leaves.
    fn finish(&mut self) -> Option<H::Value> {
        self.home.take().and_then(leave)
    }
}

/// Ready when there is a value, or none will come.
#[inline]
fn poll_complete<H: Home>(home: &H, known: &mut Known, cx: &Context<'_>) -> Poll<()> {
    let word = home.word.load();
    if word & (COMPLETE | CLOSED) != 0 {
        return Poll::Ready(());
    }
    if word & RX_WAITS != 0 {
        if *known == Known::of(cx.waker()) {
            return Poll::Pending;
        }
        if home.word.update(|word| (word & COMPLETE == 0).then_some(word & !RX_WAITS)).is_err() {
            return Poll::Ready(());
        }
    }
    let waker = cx.waker().clone();
    *known = Known::of(&waker);
    // SAFETY: *rx cell*: `RX_WAITS` is clear, and only this side sets it.
    let old = unsafe { home.receiver.replace(Some(waker)) };
    // Raised after COMPLETE it says nothing: who completed saw it down, and does not look again.
    let waits = home.word.raise(RX_WAITS) & COMPLETE == 0;
    let spare = if waits {
        None
    } else {
        // SAFETY: *rx cell*: it was completed while `RX_WAITS` was clear.
        unsafe { home.receiver.replace(None) }
    };
    drop((old, spare));
    if waits { Poll::Pending } else { Poll::Ready(()) }
}

/// Takes the value, if it is there, and touches nothing any more.
#[inline]
fn leave<H: Home>(home: H) -> Option<H::Value> {
    // The sender may still be at its last word: what it says after this look is lost, and dropped by the last one.
    let word = home.word.load();
    let value = if word & COMPLETE != 0 {
        // SAFETY: *value*: complete.
        unsafe { home.value.replace(None) }
    } else {
        None
    };
    if word & SENDER == 0 {
        // SAFETY: *last*.
        unsafe { home.release() };
    } else {
        leave_sender(home);
    }
    value
}

/// Leaves the sender alone with what is shared.
fn leave_sender<H: Home>(home: H) {
    /// Whose wakers this side has to see to.
    fn wakers(word: usize) -> usize {
        let own = if word & COMPLETE == 0 { RX_WAITS } else { 0 };
        word & (own | TX_WAITS)
    }
    let left = home.word.update(|word| {
        let closed = (word | CLOSED) & !wakers(word);
        Some(if wakers(word) == 0 { closed & !RECEIVER } else { closed })
    });
    let (Ok(mut word) | Err(mut word)) = left;
    let mut own = None;
    let mut sender = None;
    if wakers(word) != 0 {
        if wakers(word) & RX_WAITS != 0 {
            // SAFETY: *rx cell*: this side has just cleared the bit, before `COMPLETE`.
            own = unsafe { home.receiver.replace(None) };
        }
        if word & TX_WAITS != 0 {
            // SAFETY: *tx cell*: this side has just closed.
            sender = unsafe { home.sender.replace(None) };
        }
        word = home.word.lower(RECEIVER);
    }
    if word & SENDER == 0 {
        // SAFETY: *last*.
        unsafe { home.release() };
    }
    if let Some(waker) = sender {
        waker.wake();
    }
    drop(own);
}

impl<H: Home> Future for ReceiverOf<H> {
    type Output = Result<H::Value, RecvError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(home) = &this.home else { panic!("a oneshot receiver was polled after it was ready") };
        let coop = ready!(poll_proceed(cx));
        ready!(poll_complete(home, &mut this.known, cx));
        coop.made_progress();
        Poll::Ready(this.finish().ok_or(RecvError(())))
    }
}

impl<H: Home> Drop for ReceiverOf<H> {
    #[inline]
    fn drop(&mut self) {
        // A value that nobody took is dropped here.
        drop(self.finish());
    }
}

impl<H: Home> core::fmt::Debug for ReceiverOf<H> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Receiver").field("terminated", &self.is_terminated()).finish_non_exhaustive()
    }
}
