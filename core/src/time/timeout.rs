//! [`Timeout`]: a future with a deadline.

use core::future::{Future, IntoFuture};
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::sleep::place;
use super::{Instant, Sleep};
use crate::ambient::Ambient;
use crate::task::coop;

/// Runs `future` for `duration` at most.
///
/// The future is polled first: one that finishes in the same turn in which its time is up has finished. A duration of
/// zero polls it once. One that does not fit ends as that of a [`sleep`](super::sleep) does.
///
/// # Errors
///
/// [`Elapsed`] if the time was up first.
///
/// # Panics
///
/// As [`sleep`](super::sleep).
///
/// # Cancel safety
///
/// That of the future inside, which is dropped with the `Timeout`, and not before.
///
/// # Cost
///
/// That of a [`Sleep`]. A future that is ready at its first poll never touches the queue.
#[track_caller]
pub fn timeout<A: Ambient, F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout { sleep: Sleep::after(place::<A>(), duration), future: future.into_future() }
}

/// Runs `future` until `deadline` at most. [`Instant::FAR`] never comes; otherwise as [`timeout`].
///
/// # Errors
///
/// [`Elapsed`] if the deadline came first.
///
/// # Panics
///
/// As [`sleep`](super::sleep).
///
/// # Cancel safety
///
/// As [`timeout`].
#[track_caller]
pub fn timeout_at<A: Ambient, F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout { sleep: Sleep::until(place::<A>(), deadline), future: future.into_future() }
}

/// A future with a deadline. Made by [`timeout`] and [`timeout_at`].
#[must_use = "futures do nothing unless polled"]
#[derive(Debug)]
pub struct Timeout<F> {
    sleep: Sleep,
    future: F,
}

impl<F> Timeout<F> {
    /// The future inside.
    pub fn get_ref(&self) -> &F {
        &self.future
    }

    /// The future inside.
    pub fn get_mut(&mut self) -> &mut F {
        &mut self.future
    }

    /// Takes the future out, without its deadline.
    pub fn into_inner(self) -> F {
        self.future
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: *pinned in place*: neither field is moved out of a pinned `Timeout`, which has no `Drop` of its own and
        // is `Unpin` only if both fields are.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: *pinned in place*.
        let future = unsafe { Pin::new_unchecked(&mut this.future) };
        let had_budget = coop::has_budget_remaining();
        if let Poll::Ready(output) = future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        // A future that has used up the budget must not keep its own deadline from being looked at.
        let spent = had_budget && !coop::has_budget_remaining();
        // SAFETY: *pinned in place*.
        let sleep = unsafe { Pin::new_unchecked(&mut this.sleep) };
        let elapsed = if spent { coop::without_budget(|| sleep.poll(cx)) } else { sleep.poll(cx) };
        elapsed.map(|()| Err(Elapsed(())))
    }
}

/// The time of a [`timeout`] was up before its future was ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Elapsed(());

impl core::fmt::Display for Elapsed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("deadline has elapsed")
    }
}

impl core::error::Error for Elapsed {}
