//! Waiting for a condition on a mutex's value.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

use super::MutexGuard;
use super::wait_queue::WaitQueue;
use crate::const_fn;
use crate::lock::{DefaultLock, RawLock};

/// Tasks that wait for a condition on the value of a [`Mutex`](super::Mutex).
///
/// As `std::sync::Condvar`, but for tasks: a waiter lets go of the mutex while it waits and has it again afterwards. It may
/// be woken for nothing, so it looks again, or uses [`wait_while`](Self::wait_while), which does.
///
/// # Cost
///
/// That of [`WaitQueue`], and of locking the mutex again. Notifying may happen in an interrupt where `L` may be taken in
/// one, and with or without the mutex.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::{Condvar, Mutex};
///
/// static LEVEL: Mutex<u32> = Mutex::new(0);
/// static CHANGED: Condvar = Condvar::new();
///
/// async fn drain() -> u32 {
///     let mut level = CHANGED.wait_while(LEVEL.lock().await, |level| *level < 10).await;
///     core::mem::take(&mut *level)
/// }
///
/// async fn fill() {
///     *LEVEL.lock().await += 1;
///     CHANGED.notify_one();
/// }
/// # let _ = (drain(), fill());
/// # }
/// ```
pub struct Condvar<L: RawLock = DefaultLock> {
    queue: WaitQueue<L>,
}

impl Condvar {
    const_fn! {
        /// Makes one for which nobody waits.
        ///
        /// Under another lock than the default one: [`with_lock`](Self::with_lock).
        #[inline] // not generic: compiled only where it is used, since there may be no default lock
        #[must_use]
        pub const fn new() -> Self {
            Self::with_lock()
        }
    }
}

impl<L: RawLock> Condvar<L> {
    const_fn! {
        /// Makes one for which nobody waits. The type says which lock guards it.
        #[must_use]
        pub const fn with_lock() -> Self {
            Self { queue: WaitQueue::with_lock() }
        }
    }

    /// Lets go of the mutex, waits for a notification, and locks the mutex again.
    ///
    /// Whoever changes the value after the guard was given to this, and notifies then, is heard.
    ///
    /// # Cancel safety
    ///
    /// The mutex is let go of. The *place in line* is lost; a notification that was received and not used, because the
    /// future is dropped before it has the mutex again, goes to the next waiter.
    pub async fn wait<'a, T: ?Sized, M: RawLock>(&self, guard: MutexGuard<'a, T, M>) -> MutexGuard<'a, T, M> {
        self.wait_or(guard, core::future::pending()).await.0
    }

    /// Waits for as long as `condition` answers true for the value; it is looked at now and after each notification.
    ///
    /// # Cancel safety
    ///
    /// As [`wait`](Self::wait).
    pub async fn wait_while<'a, T: ?Sized, M: RawLock>(
        &self,
        mut guard: MutexGuard<'a, T, M>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> MutexGuard<'a, T, M> {
        while condition(&mut guard) {
            guard = self.wait(guard).await;
        }
        guard
    }

    /// As [`wait`](Self::wait), but gives up when `limit` is ready: `sleep(..)` makes it a wait with a timeout. The mutex is
    /// locked again in any case, for however long that takes.
    ///
    /// # Cancel safety
    ///
    /// As [`wait`](Self::wait).
    pub async fn wait_or<'a, T: ?Sized, M: RawLock>(
        &self,
        guard: MutexGuard<'a, T, M>,
        limit: impl Future<Output = ()>,
    ) -> (MutexGuard<'a, T, M>, WaitTimeoutResult) {
        let mutex = MutexGuard::mutex(&guard);
        let timed_out;
        let received;
        {
            let mut wait = pin!(self.queue.wait());
            let mut limit = pin!(limit);
            // In line before the mutex is free: whoever has it next, and notifies, finds this waiter.
            wait.as_mut().enable();
            drop(guard);
            timed_out = poll_fn(|cx| {
                // Nobody closes the queue.
                if wait.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(false);
                }
                limit.as_mut().poll(cx).map(|()| true)
            })
            .await;
            // A notification that comes now is still heard by others: the wait is dropped here.
            received = PassOn(if timed_out { None } else { Some(&self.queue) });
        }
        let guard = mutex.lock().await;
        core::mem::forget(received);
        (guard, WaitTimeoutResult(timed_out))
    }

    /// Wakes the one that waits longest, if there is one.
    pub fn notify_one(&self) {
        self.queue.wake_one();
    }

    /// Wakes all that wait now.
    pub fn notify_all(&self) {
        self.queue.wake_all();
    }
}

/// A notification that was received and is not used yet.
struct PassOn<'a, L: RawLock>(Option<&'a WaitQueue<L>>);

impl<L: RawLock> Drop for PassOn<'_, L> {
    fn drop(&mut self) {
        if let Some(queue) = self.0 {
            queue.wake_one();
        }
    }
}

impl Default for Condvar {
    #[inline] // as `new`
    fn default() -> Self {
        Self::with_lock()
    }
}

impl<L: RawLock> core::fmt::Debug for Condvar<L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}

/// Whether a wait ended because its limit was reached; see [`Condvar::wait_or`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether it was.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}
