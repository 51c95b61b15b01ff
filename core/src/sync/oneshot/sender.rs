//! The half that sends.

use core::future::poll_fn;
use core::task::{Context, Poll, ready};

use super::{CLOSED, COMPLETE, Home, RECEIVER, RX_WAITS, SENDER, TX_WAITS};
use crate::task::coop::poll_proceed;

/// Sends one value to the receiver it was made with.
///
/// Dropping it without sending tells the receiver so.
///
/// Names and meaning are those of `tokio::sync::oneshot::Sender`.
pub struct SenderOf<H: Home> {
    home: Option<H>,
}

impl<H: Home> SenderOf<H> {
    pub(super) fn new(home: H) -> Self {
        Self { home: Some(home) }
    }

    /// Sends the value, without waiting.
    ///
    /// `Ok` does not say that the value is received: the receiver may go without looking.
    ///
    /// # Errors
    ///
    /// The value, if the receiver is gone or closed.
    ///
    /// # Cost
    ///
    /// One read-modify-write, and one more if the receiver waits. May be called from an interrupt.
    #[inline]
    pub fn send(mut self, value: H::Value) -> Result<(), H::Value> {
        match self.home.take() {
            Some(home) => complete(home, Some(value)),
            // Only `send` and the destructor take it.
            None => Err(value),
        }
    }

    /// Waits until the receiver is gone or closed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    pub async fn closed(&mut self) {
        poll_fn(|cx| self.poll_closed(cx)).await;
    }

    /// Whether the receiver is gone or closed: then sending fails.
    pub fn is_closed(&self) -> bool {
        self.home.as_ref().is_none_or(|home| home.word.load() & CLOSED != 0)
    }

    /// Ready when the receiver is gone or closed; else wakes the last task that asked when it will be.
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let coop = ready!(poll_proceed(cx));
        ready!(self.poll_receiver_gone(cx));
        coop.made_progress();
        Poll::Ready(())
    }

    fn poll_receiver_gone(&self, cx: &Context<'_>) -> Poll<()> {
        let Some(home) = &self.home else { return Poll::Ready(()) };
        let word = home.word.load();
        if word & CLOSED != 0 {
            return Poll::Ready(());
        }
        // Which waker is there is not written down in this half: it is moved more often than it asks twice.
        if word & TX_WAITS != 0 && home.word.update(|word| (word & CLOSED == 0).then_some(word & !TX_WAITS)).is_err() {
            return Poll::Ready(());
        }
        // SAFETY: *tx cell*: `TX_WAITS` is clear, and only this side sets it.
        let stored = unsafe { home.sender.replace(None) };
        let (waker, old) = match stored {
            Some(stored) if stored.will_wake(cx.waker()) => (stored, None),
            stored => (cx.waker().clone(), stored),
        };
        // SAFETY: as above. Nothing is in it.
        core::mem::forget(unsafe { home.sender.replace(Some(waker)) });
        let waits = home.word.update(|word| (word & CLOSED == 0).then_some(word | TX_WAITS)).is_ok();
        let spare = if waits {
            None
        } else {
            // SAFETY: *tx cell*: `CLOSED` was set while `TX_WAITS` was clear.
            unsafe { home.sender.replace(None) }
        };
        drop((old, spare));
        if waits { Poll::Pending } else { Poll::Ready(()) }
    }
}

/// Says the sender's last word: the value, or that there will be none.
#[inline]
fn complete<H: Home>(home: H, value: Option<H::Value>) -> Result<(), H::Value> {
    if home.word.load() & CLOSED != 0 {
        leave(home);
        return value.map_or(Ok(()), Err);
    }
    if value.is_some() {
        // SAFETY: *value*: not complete yet, and only this side completes. The cell is empty.
        core::mem::forget(unsafe { home.value.replace(value) });
    }
    let done = home.word.update(|word| {
        let complete = (word | COMPLETE) & !TX_WAITS;
        // Where a waker is to be taken out, what holds it must stay until that is done.
        let next = if word & (RX_WAITS | TX_WAITS) == 0 { complete & !SENDER } else { complete };
        (word & CLOSED == 0).then_some(next)
    });
    match done {
        Ok(word) if word & (RX_WAITS | TX_WAITS) == 0 => {}
        Ok(word) => wake(home, word),
        Err(_) => {
            // SAFETY: *value*: still not complete.
            let value = unsafe { home.value.replace(None) };
            leave(home);
            return value.map_or(Ok(()), Err);
        }
    }
    Ok(())
}

/// Complete, and wakers were there: `word` says which.
#[inline]
fn wake<H: Home>(home: H, word: usize) {
    let receiver = if word & RX_WAITS != 0 {
        // SAFETY: *rx cell*: this side has just completed.
        unsafe { home.receiver.replace(None) }
    } else {
        None
    };
    let own = if word & TX_WAITS != 0 {
        // SAFETY: *tx cell*: this side has just cleared the bit, before `CLOSED`.
        unsafe { home.sender.replace(None) }
    } else {
        None
    };
    leave(home);
    if let Some(waker) = receiver {
        waker.wake();
    }
    drop(own);
}

/// Touches nothing any more.
fn leave<H: Home>(home: H) {
    if home.word.lower(SENDER) & RECEIVER == 0 {
        // SAFETY: *last*.
        unsafe { home.release() };
    }
}

impl<H: Home> Drop for SenderOf<H> {
    #[inline]
    fn drop(&mut self) {
        if let Some(home) = self.home.take() {
            let _nothing = complete(home, None);
        }
    }
}

impl<H: Home> core::fmt::Debug for SenderOf<H> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Sender").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}
