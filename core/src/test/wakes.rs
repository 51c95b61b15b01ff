//! A counter in a `static` that hands out wakers: what a test on a chip polls with.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use crate::atomic::{AtomicUsize, Ordering};
use crate::const_fn;
use crate::task::{StaticWake, static_waker};

/// Counts wakes. Its wakers need no memory and no count, so it is a `static`, or leaked.
///
/// # Cost
///
/// A wake is one atomic addition (a critical section where the target has none). May be called from an interrupt.
///
/// # Examples
///
/// ```
/// use zokio_core::{assert_pending, assert_ready, future::yield_now, test::Wakes};
///
/// static WAKES: Wakes = Wakes::new();
///
/// let mut future = core::pin::pin!(yield_now());
/// assert_pending!(WAKES.poll(future.as_mut()));
/// assert_eq!(WAKES.take(), 1);
/// assert_ready!(WAKES.poll(future.as_mut()));
/// assert!(!WAKES.is_woken());
/// ```
#[derive(Debug)]
pub struct Wakes(AtomicUsize);

impl Wakes {
    const_fn! {
        /// A counter at zero.
        pub const fn new() -> Self {
            Self(AtomicUsize::new(0))
        }
    }

    /// A waker that counts here. All of them are equal.
    pub fn waker(&'static self) -> Waker {
        static_waker(self)
    }

    /// Polls a future once with such a waker.
    pub fn poll<F: Future + ?Sized>(&'static self, future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(&self.waker()))
    }

    /// How many wakes there have been since the last [`take`](Self::take).
    #[must_use]
    pub fn count(&self) -> usize {
        // Ordering: acquire: pairs with the release of `wake`, so that a test sees what the one who woke it wrote.
        self.0.load(Ordering::Acquire)
    }

    /// Whether there has been a wake since the last [`take`](Self::take).
    #[must_use]
    pub fn is_woken(&self) -> bool {
        self.count() != 0
    }

    /// How many wakes there have been, and begins anew.
    pub fn take(&self) -> usize {
        // Ordering: acquire: as in `count`.
        self.0.swap(0, Ordering::Acquire)
    }
}

impl Default for Wakes {
    fn default() -> Self {
        Self::new()
    }
}

impl StaticWake for Wakes {
    fn wake(&'static self) {
        // Ordering: release: pairs with the acquire of `count` and `take`.
        self.0.fetch_add(1, Ordering::Release);
    }
}

#[cfg(all(test, feature = "std", not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_wake_counts_and_taking_begins_anew() {
        static WAKES: Wakes = Wakes::new();
        let waker = WAKES.waker();
        assert!(!WAKES.is_woken());
        waker.wake_by_ref();
        WAKES.waker().wake();
        assert_eq!((WAKES.count(), WAKES.is_woken(), WAKES.take(), WAKES.take()), (2, true, 2, 0));
        assert!(waker.will_wake(&WAKES.waker()));
    }
}
