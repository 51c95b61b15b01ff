//! Who wants to hear of changes.

use core::future::ready;

use super::cell::{LANES, Ref, WAITING, Watch};
use super::error::RecvError;
use crate::lock::{DefaultLock, RawLock};
use crate::sync::waiters::{Protocol, Section, Step};
use crate::task::coop::cooperative;

/// The bit of a version that says that nothing will be sent any more.
const CLOSED: usize = 1;

/// Where a receiver finds what it watches.
pub trait Home {
    /// The watched value.
    type Value;
    /// The lock that guards it.
    type Lock: RawLock;

    /// What is watched.
    fn watch(&self) -> &Watch<Self::Value, Self::Lock>;
}

impl<T, L: RawLock> Home for &Watch<T, L> {
    type Value = T;
    type Lock = L;

    fn watch(&self) -> &Watch<T, L> {
        self
    }
}

/// A receiver that borrows what it watches; see [`Watch::subscribe`].
pub type BorrowedReceiver<'a, T, L = DefaultLock> = ReceiverOf<&'a Watch<T, L>>;

/// Sees the latest of the values that are sent, and waits for a new one. It knows which it has seen.
///
/// Names and meaning are those of `tokio::sync::watch::Receiver`.
#[derive(Clone)]
pub struct ReceiverOf<H: Home> {
    home: H,
    /// The version that counts as seen, without `CLOSED`.
    seen: usize,
}

impl<H: Home> ReceiverOf<H> {
    pub(super) fn new(home: H) -> Self {
        let seen = home.watch().load() & !CLOSED;
        Self { home, seen }
    }

    #[cfg(feature = "alloc")]
    pub(super) fn home(&self) -> &H {
        &self.home
    }

    /// Looks at the latest value, which does not count as seen by that.
    ///
    /// Keep the look short: who sends a new value waits for its end. See the module for what waits for what.
    ///
    /// # Panics
    ///
    /// Without `std`, if the value is being changed in place, which only `send_modify` and its like do.
    pub fn borrow(&self) -> Ref<'_, H::Value, H::Lock> {
        self.home.watch().borrow().seen(self.seen).0
    }

    /// Looks at the latest value, which counts as seen.
    ///
    /// # Panics
    ///
    /// As [`borrow`](Self::borrow).
    pub fn borrow_and_update(&mut self) -> Ref<'_, H::Value, H::Lock> {
        let (value, version) = self.home.watch().borrow().seen(self.seen);
        self.seen = version;
        value
    }

    /// Whether there is a value that was not seen yet.
    ///
    /// # Errors
    ///
    /// [`RecvError`] if nothing will be sent any more, whether the last value was seen or not.
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        let version = self.home.watch().load();
        if version & CLOSED == 0 { Ok(version != self.seen) } else { Err(RecvError(())) }
    }

    /// Whether nothing will be sent any more.
    pub fn is_closed(&self) -> bool {
        self.home.watch().is_closed()
    }

    /// Counts the value as not seen: the next [`changed`](Self::changed) is ready at once.
    pub fn mark_changed(&mut self) {
        self.seen = self.seen.wrapping_sub(CLOSED + 1);
    }

    /// Counts the value as seen.
    pub fn mark_unchanged(&mut self) {
        self.seen = self.home.watch().load() & !CLOSED;
    }

    /// Waits for a value that was not seen yet, which then counts as seen.
    ///
    /// # Errors
    ///
    /// [`RecvError`] once nothing will be sent any more and the last value was seen.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped: what it did not report does not count as seen.
    pub async fn changed(&mut self) -> Result<(), RecvError> {
        change(&self.home, &mut self.seen).await
    }

    /// Waits for a value for which `condition` holds, which may be the one that is there, seen or not. Every value that was
    /// looked at counts as seen.
    ///
    /// No lock is held while `condition` runs, but the value is borrowed: it must not send to the same channel.
    ///
    /// # Errors
    ///
    /// [`RecvError`] once nothing will be sent any more and the condition did not hold for the last value.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped, but values that it looked at count as seen.
    pub async fn wait_for(
        &mut self,
        mut condition: impl FnMut(&H::Value) -> bool,
    ) -> Result<Ref<'_, H::Value, H::Lock>, RecvError> {
        let Self { home, seen } = self;
        let mut closed = false;
        loop {
            {
                let (value, version) = home.watch().read().await.seen(*seen);
                let changed = core::mem::replace(seen, version) != version;
                // Where it is closed, a value that is not new was looked at in the turn before.
                if (changed || !closed) && condition(&value) {
                    return Ok(value);
                }
            }
            if closed {
                return Err(RecvError(()));
            }
            closed = change(home, seen).await.is_err();
        }
    }
}

impl<H: Home> core::fmt::Debug for ReceiverOf<H> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Receiver").field("has_changed", &self.has_changed()).finish_non_exhaustive()
    }
}

/// Waits for a value beyond the one that was seen, which then is.
async fn change<H: Home>(home: &H, seen: &mut usize) -> Result<(), RecvError> {
    let watch = home.watch();
    *seen = match outcome(watch.load(), *seen) {
        Some(outcome) => cooperative(ready(outcome)).await,
        None => watch.waiters.wait(Change { seen: *seen }).await,
    }?;
    Ok(())
}

/// What a receiver that has seen `seen` is to be told; nothing yet, if it has to wait.
fn outcome(version: usize, seen: usize) -> Option<Result<usize, RecvError>> {
    if version & !CLOSED != seen {
        Some(Ok(version & !CLOSED))
    } else {
        (version & CLOSED != 0).then_some(Err(RecvError(())))
    }
}

/// One who waits for a change.
struct Change {
    seen: usize,
}

impl Protocol<LANES> for Change {
    type State = usize;
    type Tag = ();
    type Output = Result<usize, RecvError>;
    const LANE: usize = WAITING;

    fn poll(&mut self, section: &mut Section<'_, usize, (), LANES>, _: Option<()>) -> Step<Self::Output, ()> {
        outcome(*section.state, self.seen).map_or(Step::Wait(()), Step::Ready)
    }

    fn cancel(&mut self, _: &mut Section<'_, usize, (), LANES>, (): ()) {}
}
