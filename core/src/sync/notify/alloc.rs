//! Waits that own what they wait for, by its count.

use alloc::sync::Arc;
use core::future::Future;
use core::ops::Deref;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::Notify;
use crate::lock::{DefaultLock, RawLock};
use crate::sync::alloc::Houses;
use crate::sync::wait_queue::{LANES, Told, Turn, WaitQueue};
use crate::sync::waiters::{Waiter, Waiters};

// SAFETY: always the list of its one queue.
unsafe impl<L: RawLock> Houses<LANES> for Notify<L> {
    type Lock = L;
    type State = usize;
    type Tag = Told;

    fn waiters(&self) -> &Waiters<L, usize, Told, LANES> {
        &self.queue.waiters
    }
}

/// How a wait that owns its queue reaches it.
struct Kept<L: RawLock>(Arc<Notify<L>>);

impl<L: RawLock> Deref for Kept<L> {
    type Target = WaitQueue<L>;

    fn deref(&self) -> &WaitQueue<L> {
        &self.0.queue
    }
}

impl<L: RawLock> Notify<L> {
    /// Waits as [`notified`](Self::notified); the future keeps this alive and borrows nothing.
    ///
    /// # Cancel safety
    ///
    /// As [`notified`](Self::notified).
    pub fn notified_owned(self: Arc<Self>) -> OwnedNotified<L> {
        let turn = Turn::new(Kept(self.clone()));
        OwnedNotified { wait: Waiter::new(self, turn) }
    }
}

/// A wait for a notification that keeps what it waits for alive; see [`Notify::notified_owned`].
#[must_use = "futures do nothing unless polled"]
pub struct OwnedNotified<L: RawLock = DefaultLock> {
    wait: Wait<L>,
}

/// The wait inside.
type Wait<L> = Waiter<Arc<Notify<L>>, Turn<Kept<L>>, LANES>;

impl<L: RawLock> OwnedNotified<L> {
    /// As [`Notified::enable`](super::Notified::enable).
    pub fn enable(self: Pin<&mut Self>) -> bool {
        self.wait().enroll().is_ready()
    }

    fn wait(self: Pin<&mut Self>) -> Pin<&mut Wait<L>> {
        // SAFETY: the only field, which is moved neither here nor by a destructor of its own: there is none.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }
    }
}

impl<L: RawLock> Future for OwnedNotified<L> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Nobody closes the queue inside.
        self.wait().poll_free(cx).map(|_| ())
    }
}

impl<L: RawLock> core::fmt::Debug for OwnedNotified<L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("OwnedNotified").finish_non_exhaustive()
    }
}
