//! A value for one waiter: the last one signalled.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};

use crate::const_fn;
use crate::guard;
use crate::lock::{DefaultLock, Lock, RawLock};
use crate::task::{coop, waker};

/// Holds the last value that was signalled, until the task that waits takes it.
///
/// A value that is not taken in time is replaced by the next one: for events of which only the last counts. A channel
/// keeps all of them.
///
/// One waiter: a second one that waits takes the place of the first, which is woken so that it can look again. Two tasks
/// that keep waiting on one signal therefore keep waking each other, and each value goes to one of them.
///
/// # Cost
///
/// Every operation takes the lock once, for a handful of instructions. Values are dropped and wakers woken outside of it,
/// but for the wakers of static tasks, which on one core are woken in the same section. All but [`wait`](Self::wait) may be
/// called from an interrupt where `L` may be taken in one and a value may be dropped there, the one that is replaced.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use core::pin::pin;
/// use core::task::{Context, Poll, Waker};
/// use zokio_core::sync::Signal;
///
/// static PRESSED: Signal<u8> = Signal::new();
///
/// let cx = &mut Context::from_waker(Waker::noop());
/// let mut wait = pin!(PRESSED.wait());
/// assert!(wait.as_mut().poll(cx).is_pending());
/// PRESSED.signal(1);
/// PRESSED.signal(2);
/// assert_eq!(wait.poll(cx), Poll::Ready(2));
/// # }
/// ```
pub struct Signal<T, L = DefaultLock> {
    state: Lock<L, State<T>>,
}

struct State<T> {
    value: Option<T>,
    waker: Option<Waker>,
}

impl<T> Signal<T> {
    const_fn! {
        /// Nothing is signalled.
        #[must_use]
        pub const fn new() -> Self {
            Self::with_lock()
        }
    }
}

impl<T, L: RawLock> Signal<T, L> {
    const_fn! {
        /// As [`new`](Signal::new), with a lock of one's own choice.
        #[must_use]
        pub const fn with_lock() -> Self {
            // SAFETY: *unnested*: what runs under it is here, and no foreign code.
            Self { state: unsafe { Lock::any(State { value: None, waker: None }) } }
        }
    }

    /// Signals a value, in place of one that nobody has taken, and wakes the task that waits.
    #[inline]
    pub fn signal(&self, value: T) {
        let (old, foreign) = self.state.with_held(|state, held| {
            let old = state.value.replace(value);
            (old, waker::wake_or_take(&mut state.waker, &held))
        });
        if let Some(foreign) = foreign {
            foreign.wake(|| self.state.with(|state| state.waker.take()));
        }
        drop(old);
    }

    /// Takes back what is signalled. A task that waits goes on waiting.
    pub fn reset(&self) {
        drop(self.try_take());
    }

    /// Takes the value, if there is one.
    #[inline]
    pub fn try_take(&self) -> Option<T> {
        self.state.with(|state| state.value.take())
    }

    /// Whether there is a value to take.
    #[must_use]
    #[inline]
    pub fn signaled(&self) -> bool {
        self.state.with(|state| state.value.is_some())
    }

    /// Waits for a value, and takes it.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a value that was signalled stays where it is.
    #[inline]
    pub fn wait(&self) -> SignalWait<'_, T, L> {
        SignalWait { signal: self }
    }

    /// Takes the value and a unit of the task's budget, or leaves a waker; for futures that are written by hand.
    #[inline]
    pub fn poll_wait(&self, cx: &mut Context<'_>) -> Poll<T> {
        let coop = ready!(coop::poll_proceed(cx));
        let waker = cx.waker();
        let taken = self.state.with(|state| match state.value.take() {
            Some(value) => Some(Poll::Ready(value)),
            None if state.waker.is_none() => waker::clone_within(waker).map(|waker| {
                // There is none to drop; said so, or code to drop it would be made.
                core::mem::forget(state.waker.replace(waker));
                Poll::Pending
            }),
            None => None,
        });
        let poll = match taken {
            Some(poll) => poll,
            None => self.poll_with(waker.clone()),
        };
        if poll.is_ready() {
            coop.made_progress();
        }
        poll
    }

    /// Leaves a waker though there is a value.
    #[cfg(all(test, not(loom)))]
    pub(super) fn wait_behind(&self, waker: &Waker) {
        let waker = waker.clone();
        let old = self.state.with(|state| state.waker.replace(waker));
        drop(old);
    }

    /// As [`poll_wait`](Self::poll_wait), for a waker that is not ours, or where another one waits.
    #[cold]
    fn poll_with(&self, waker: Waker) -> Poll<T> {
        let mut waker = Some(waker);
        let (value, replaced) = self.state.with(|state| {
            let value = state.value.take();
            let kept = value.is_some()
                || state.waker.as_ref().is_some_and(|old| waker.as_ref().is_some_and(|new| old.will_wake(new)));
            if !kept {
                core::mem::swap(&mut state.waker, &mut waker);
            }
            (value, !kept)
        });
        // What `waker` holds now is the old one, or the clone that was not needed.
        match waker {
            Some(old) if replaced => old.wake(),
            // Who has a value keeps it: a waker that panics now is let go.
            spare if value.is_some() => guard::swallow(|| drop(spare)),
            spare => drop(spare),
        }
        value.map_or(Poll::Pending, Poll::Ready)
    }
}

impl<T> Default for Signal<T> {
    fn default() -> Self {
        Self::with_lock()
    }
}

impl<T, L> fmt::Debug for Signal<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal").finish_non_exhaustive()
    }
}

/// Waits for a [`Signal`]. Polled again after it was ready, it waits for the next value.
#[must_use = "futures do nothing unless polled"]
pub struct SignalWait<'a, T, L: RawLock = DefaultLock> {
    signal: &'a Signal<T, L>,
}

impl<T, L: RawLock> Future for SignalWait<'_, T, L> {
    type Output = T;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.signal.poll_wait(cx)
    }
}

impl<T, L: RawLock> fmt::Debug for SignalWait<'_, T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignalWait").finish_non_exhaustive()
    }
}
