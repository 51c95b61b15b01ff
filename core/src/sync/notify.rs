//! A queue that remembers one wake-up.

#[cfg(feature = "alloc")]
mod alloc;

#[cfg(feature = "alloc")]
pub use self::alloc::OwnedNotified;

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::wait_queue::{End, Wait, WaitQueue};
use crate::const_fn;
use crate::lock::{DefaultLock, RawLock};

/// Tells one task, or all that wait, that something happened.
///
/// At most one permit is stored: [`notify_one`](Self::notify_one) with nobody waiting leaves it, and the next
/// [`notified`](Self::notified) takes it instead of waiting. So where one task waits, nothing is lost if it looks at its
/// condition, waits, and looks again.
///
/// Names and meaning are those of `tokio::sync::Notify`.
///
/// # Cost
///
/// One compare-and-swap to leave a permit and one to take it; else the lock once for each operation, and once for every
/// few waiters of [`notify_waiters`](Self::notify_waiters). A waiter's place is inside its future. [`notify_one`](Self::notify_one) may be called from an interrupt where `L` may
/// be taken in one.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::Notify;
///
/// static DATA: Notify = Notify::new();
///
/// async fn consumer() {
///     DATA.notified().await;
///     // look at what there is
/// }
///
/// fn interrupt() {
///     DATA.notify_one();
/// }
/// # let _ = consumer();
/// # interrupt();
/// # }
/// ```
pub struct Notify<L: RawLock = DefaultLock> {
    queue: WaitQueue<L>,
}

impl Notify {
    const_fn! {
        /// Makes one with no permit and nobody waiting.
        ///
        /// Under another lock than the default one: [`with_lock`](Self::with_lock).
        #[inline] // not generic: compiled only where it is used, since there may be no default lock
        #[must_use]
        pub const fn new() -> Self {
            Self::with_lock()
        }
    }
}

impl Notify {
    const_fn! {
        /// The same as [`new`](Self::new), under the name that tokio has for it in a `static`.
        #[inline] // as `new`
        #[must_use]
        pub const fn const_new() -> Self {
            Self::with_lock()
        }
    }
}

impl<L: RawLock> Notify<L> {
    const_fn! {
        /// Makes one with no permit and nobody waiting. The type says which lock guards it.
        #[must_use]
        pub const fn with_lock() -> Self {
            Self { queue: WaitQueue::with_permit() }
        }
    }

    /// Waits for a notification, or takes the permit if there is one.
    ///
    /// The future is reached by [`notify_waiters`](Self::notify_waiters) from now on. It takes its place in line for
    /// [`notify_one`](Self::notify_one) when it is first polled or [enabled](Notified::enable).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line. A notification of [`notify_one`](Self::notify_one) that it
    /// received and did not use goes to the next waiter, or becomes the permit.
    #[inline]
    pub fn notified(&self) -> Notified<'_, L> {
        Notified { wait: self.queue.wait() }
    }

    /// Wakes the one that waits longest, or stores the permit if nobody waits. A second permit is the same as one.
    #[inline]
    pub fn notify_one(&self) {
        self.queue.wake_one();
    }

    /// Wakes the one that waits shortest, or stores the permit if nobody waits: the one whose data are warm.
    ///
    /// A waiter that is dropped with such a notification unused passes it on to the one that waits shortest then.
    #[inline]
    pub fn notify_last(&self) {
        self.queue.wake_at(End::Last);
    }

    /// Wakes all whose [`notified`](Self::notified) was called before, polled or not. Stores no permit.
    ///
    /// # Cost
    ///
    /// Proportional to the number of waiters; the lock is taken once for every few of them. A waker that panics does not
    /// keep the others from being woken.
    pub fn notify_waiters(&self) {
        self.queue.wake_all();
    }
}

impl Default for Notify {
    #[inline] // as `new`
    fn default() -> Self {
        Self::with_lock()
    }
}

impl<L: RawLock> core::fmt::Debug for Notify<L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Notify").finish_non_exhaustive()
    }
}

/// A wait for a notification; see [`Notify::notified`]. Once it has been ready it stays ready.
#[must_use = "futures do nothing unless polled"]
pub struct Notified<'a, L: RawLock = DefaultLock> {
    wait: Wait<'a, L>,
}

impl<'a, L: RawLock> Notified<'a, L> {
    /// Takes the place in line without being polled, and the permit if there is one. Returns whether the wait is over:
    /// then the next poll is ready.
    ///
    /// Enable first, look at the condition, await afterwards: that loses no notification however many tasks wait.
    pub fn enable(self: Pin<&mut Self>) -> bool {
        self.wait().enable()
    }

    fn wait(self: Pin<&mut Self>) -> Pin<&mut Wait<'a, L>> {
        // SAFETY: the only field, which is moved neither here nor by a destructor of `Notified`'s own: there is none.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }
    }
}

impl<L: RawLock> Future for Notified<'_, L> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Nobody closes the queue inside.
        self.wait().poll(cx).map(|_| ())
    }
}

impl<L: RawLock> core::fmt::Debug for Notified<'_, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Notified").finish_non_exhaustive()
    }
}
