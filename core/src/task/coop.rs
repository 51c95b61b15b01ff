//! Cooperation: a task that always has something to do lets others run.
//!
//! With feature `std` each poll of a task, and of a main future, has a budget of 128 units. What the runtime offers (join
//! handles, timers, channels, locks, sockets) takes one each time it gives something; when none is left it wakes the task and
//! is pending, so that the task returns to its executor and goes on later with a new budget. A loop over a channel that is
//! never empty cannot starve the tasks beside it, without a word in the loop.
//!
//! Outside of a runtime there is no budget, and on a chip there is none either: there every function here compiles to
//! nothing, and fairness is a matter of priorities.
//!
//! What polls again instead of returning, like another executor's `block_on` inside of a task, gets a new budget after it
//! was refused 256 times: it goes on slowly rather than never.

use core::cell::Cell;
use core::future::{Future, poll_fn};
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::scope::{self, Budget, Scope};
use crate::future::project;

/// Takes one unit of the task's budget, or yields where none is left.
///
/// For loops that do much and await little of what the runtime offers.
///
/// # Cancel safety
///
/// Nothing is lost.
///
/// # Cost
///
/// With `std` a few instructions on thread-local memory; else nothing.
///
/// # Examples
///
/// ```
/// async fn sum(numbers: &[u64]) -> u64 {
///     let mut sum = 0_u64;
///     for number in numbers {
///         sum = sum.wrapping_add(*number);
///         zokio_core::task::consume_budget().await;
///     }
///     sum
/// }
/// # let _ = sum(&[]);
/// ```
pub async fn consume_budget() {
    poll_fn(|cx| poll_proceed(cx).map(|unit| unit.made_progress())).await;
}

/// Whether what the runtime offers would go on, rather than make the task yield. Always so outside of a runtime.
///
/// This only looks. What is pending where there is none left asks [`poll_proceed`], which wakes the task and counts the
/// refusal; else another executor's `block_on` inside of a task would poll it for ever.
#[must_use]
#[inline]
pub fn has_budget_remaining() -> bool {
    scope::budget().has_remaining()
}

/// Whether this is a poll that must give way: a task's or a main future's, which nothing may block, whether it counts
/// what it does or not.
#[cfg(feature = "std")]
pub(crate) fn is_budgeted() -> bool {
    scope::budget() != Budget::UNCONSTRAINED
}

/// Takes a unit where there is one. Answers `false` where there is none, and where nobody counts: [`poll_done`] tells these
/// apart, and takes one or wakes the task.
#[inline(always)]
pub(crate) fn spend() -> bool {
    scope::spend()
}

/// Takes one unit, for something that was done: what [`poll_proceed`] and `made_progress` do together, in fewer instructions.
#[inline(always)]
pub(crate) fn poll_done(cx: &mut Context<'_>) -> Poll<()> {
    if spend() { Poll::Ready(()) } else { poll_proceed(cx).map(|unit| unit.made_progress()) }
}

/// Takes one unit, before something is tried. Where none is left the task is woken and must return: pending.
///
/// What is tried says [`made_progress`](RestoreOnPending::made_progress) where it did something; else the unit is given
/// back when the result is dropped, so that waiting costs nothing.
///
/// # Examples
///
/// ```
/// use std::task::{Context, Poll, ready};
/// use zokio_core::task::coop::poll_proceed;
///
/// fn poll_take(queue: &mut Vec<u8>, cx: &mut Context<'_>) -> Poll<u8> {
///     let coop = ready!(poll_proceed(cx));
///     match queue.pop() {
///         Some(item) => {
///             coop.made_progress();
///             Poll::Ready(item)
///         }
///         None => Poll::Pending, // after having kept the waker
///     }
/// }
/// # let _ = poll_take;
/// ```
#[inline]
pub fn poll_proceed(cx: &mut Context<'_>) -> Poll<RestoreOnPending> {
    let before = scope::budget();
    if before.is_unconstrained() {
        return Poll::Ready(RestoreOnPending { before: Cell::new(before), _here: PhantomData });
    }
    let (granted, left) = before.spend();
    scope::set_budget(left);
    if granted {
        return Poll::Ready(RestoreOnPending { before: Cell::new(before), _here: PhantomData });
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// One unit of budget, which is given back when this is dropped. The budget is that of a poll, and so it stays on its thread.
#[derive(Debug)]
#[must_use = "dropping it gives the unit back: say `made_progress` where something was done"]
pub struct RestoreOnPending {
    before: Cell<Budget>,
    _here: PhantomData<*const ()>,
}

impl RestoreOnPending {
    /// Keeps the unit: something was done.
    #[inline]
    pub fn made_progress(&self) {
        self.before.set(Budget::UNCONSTRAINED);
    }
}

impl Drop for RestoreOnPending {
    #[inline]
    fn drop(&mut self) {
        let before = self.before.get();
        let now = scope::budget();
        // Not where nobody counts: it may have left its poll, and a thread that has a budget is taken for one that polls. Nor
        // where something inside was refused: the refusal stays counted, or what polls again and again is refused for ever.
        if !before.is_unconstrained() && !now.is_unconstrained() && !now.is_refused() {
            scope::set_budget(before);
        }
    }
}

/// Lets a future go on for as long as it can, without a budget.
///
/// It may starve the other tasks of its thread.
///
/// # Cancel safety
///
/// That of the future.
#[inline]
pub fn unconstrained<F>(future: F) -> Unconstrained<F> {
    Unconstrained { future }
}

/// The future of [`unconstrained`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Unconstrained<F> {
    future: F,
}

impl<F: Future> Future for Unconstrained<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let (future,) = project!(self => future);
        let _scope = scope::enter(Scope::unconstrained());
        future.poll(cx)
    }
}

/// Makes a future take one unit of budget when it is ready: for a future that is none of the runtime's.
///
/// # Cancel safety
///
/// That of the future.
#[inline]
pub fn cooperative<F: Future>(future: F) -> Coop<F> {
    Coop { future }
}

/// The future of [`cooperative`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Coop<F> {
    future: F,
}

impl<F: Future> Future for Coop<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let (future,) = project!(self => future);
        let coop = ready!(poll_proceed(cx));
        let output = ready!(future.poll(cx));
        coop.made_progress();
        Poll::Ready(output)
    }
}

/// Runs a poll of a main future: with a budget, and of no task.
#[inline]
pub fn in_main<R>(poll: impl FnOnce() -> R) -> R {
    let _scope = scope::enter(Scope::new(None, Budget::FULL));
    poll()
}

/// Runs a part of a poll without a budget.
#[inline]
pub(crate) fn without_budget<R>(poll: impl FnOnce() -> R) -> R {
    let _scope = scope::enter(Scope::unconstrained());
    poll()
}
