//! Waiting where there is no task to wait in: on a thread, if there are threads.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
#[cfg(feature = "std")]
use core::time::Duration;

use crate::task::coop::unconstrained;

/// Polls until the future is ready: with `std`, sleeping in between.
///
/// # Panics
///
/// Without `std`, if it is not ready at once: nobody can be waited for there, and `busy` says who has to be.
#[allow(dead_code)] // not every selection of features has somebody who waits so
pub(super) fn wait<F: Future>(future: F, busy: &str) -> F::Output {
    let mut future = pin!(unconstrained(future));
    // Nothing is allocated where there is nothing to wait for.
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => sleep::until_ready(future, busy),
    }
}

/// As [`wait`], and calls `turn` after `first`, and whenever the time that it answered is over.
#[cfg(all(feature = "std", feature = "alloc"))]
pub(super) fn wait_in_turns<F: Future>(future: F, first: Duration, turn: impl FnMut() -> Duration) -> F::Output {
    let mut future = pin!(unconstrained(future));
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => crate::park::until_ready_in_turns(|cx| future.as_mut().poll(cx), first, turn),
    }
}

/// Polls until the future is ready, sleeping in between.
///
/// # Panics
///
/// In a poll of a runtime: those that wait for this thread would wait as well, and whoever is waited for may be one of
/// them. What knows that is the budget of the poll; the threads of a blocking pool have none.
#[cfg(feature = "std")]
#[track_caller]
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    refuse_in_a_poll();
    wait(future, "")
}

/// Refuses to wait where the thread runs the tasks of a runtime.
///
/// # Panics
///
/// In a poll of a runtime: see [`block_on`].
#[cfg(feature = "std")]
#[track_caller]
pub(super) fn refuse_in_a_poll() {
    assert!(
        !crate::task::coop::is_budgeted(),
        "cannot block here: this thread runs the tasks of a runtime; await instead, or use `spawn_blocking`"
    );
}

/// Nobody waits here: see [`wait`].
#[cfg(not(feature = "std"))]
pub(super) fn refuse_in_a_poll() {}

/// Whether there are threads that may sleep.
pub(super) const SLEEPS: bool = cfg!(feature = "std");

#[cfg(feature = "std")]
mod sleep {
    use core::future::Future;
    use core::pin::Pin;

    /// Sleeps between polls.
    pub(super) fn until_ready<F: Future>(mut future: Pin<&mut F>, _: &str) -> F::Output {
        crate::park::until_ready(|cx| future.as_mut().poll(cx))
    }
}

#[cfg(not(feature = "std"))]
mod sleep {
    use core::future::Future;
    use core::pin::Pin;

    /// Nobody sleeps here.
    pub(super) fn until_ready<F: Future>(_: Pin<&mut F>, busy: &str) -> F::Output {
        panic!("{busy}")
    }
}
