//! A wait group in an `Arc`, complete when it is closed and empty.

use alloc::sync::Arc;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::{CLOSED, Complete, GUARD, LANES, Tally};
use crate::future::project;
use crate::lock::DefaultLock;
use crate::sync::waiters::Waiting;

/// Waits until all of the tasks that it tracks are done, for a shutdown. Unlike a join set it keeps no output.
///
/// Clones are one tracker. Names and meaning are those of `tokio_util::task::TaskTracker`; a task is tracked by wrapping its
/// future: `spawn(tracker.track_future(future))`.
///
/// # Cost
///
/// One allocation for the tracker, none for what it tracks: two read-modify-writes for a token, and two more when it is
/// dropped.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::TaskTracker;
///
/// let tracker = TaskTracker::new();
/// let task = tracker.track_future(async { 42 });
/// // spawn(task);
/// tracker.close();
/// assert_eq!(tracker.len(), 1);
/// drop(task);
/// // tracker.wait().await;
/// assert!(tracker.is_empty());
/// # }
/// ```
pub struct TaskTracker {
    tally: Arc<Tally<DefaultLock>>,
}

impl TaskTracker {
    /// Makes a tracker that is open and tracks nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { tally: Arc::new(Tally::new(0)) }
    }

    /// Waits until the tracker is closed and tracks nothing. It is enough that it is so at one moment from this call on.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    pub fn wait(&self) -> TaskTrackerWaitFuture<'_> {
        TaskTrackerWaitFuture { waiting: self.tally.wait() }
    }

    /// Closes the tracker: waits end when it tracks nothing. It tracks what comes later too. Returns whether it was open.
    pub fn close(&self) -> bool {
        self.tally.close()
    }

    /// Opens the tracker again: waits do not end. Returns whether it was closed.
    pub fn reopen(&self) -> bool {
        self.tally.reopen()
    }

    /// Whether the tracker is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.tally.load() & CLOSED != 0
    }

    /// Tokens that there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tally.load() / GUARD
    }

    /// Whether it tracks nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes a token: the tracker waits until it is dropped.
    ///
    /// # Panics
    ///
    /// When there are half of `usize::MAX` tokens, which takes forgotten ones.
    pub fn token(&self) -> TaskTrackerToken {
        self.tally.join();
        TaskTrackerToken { tracker: self.clone() }
    }

    /// Tracks a future until it is dropped.
    pub fn track_future<F: Future>(&self, future: F) -> TrackedFuture<F> {
        TrackedFuture { future, token: self.token() }
    }

    /// Whether both are clones of one tracker.
    #[must_use]
    pub fn ptr_eq(left: &Self, right: &Self) -> bool {
        Arc::ptr_eq(&left.tally, &right.tally)
    }
}

impl Clone for TaskTracker {
    fn clone(&self) -> Self {
        Self { tally: self.tally.clone() }
    }
}

impl Default for TaskTracker {
    fn default() -> Self {
        Self::new()
    }
}

impl core::fmt::Debug for TaskTracker {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("TaskTracker").field("len", &self.len()).field("is_closed", &self.is_closed()).finish()
    }
}

/// Something that a [`TaskTracker`] waits for, until it is dropped.
#[must_use = "a token that is dropped tracks nothing"]
pub struct TaskTrackerToken {
    tracker: TaskTracker,
}

impl TaskTrackerToken {
    /// The tracker.
    #[must_use]
    pub fn task_tracker(&self) -> &TaskTracker {
        &self.tracker
    }
}

impl Clone for TaskTrackerToken {
    fn clone(&self) -> Self {
        self.tracker.token()
    }
}

impl Drop for TaskTrackerToken {
    fn drop(&mut self) {
        self.tracker.tally.leave();
    }
}

impl core::fmt::Debug for TaskTrackerToken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("TaskTrackerToken").finish_non_exhaustive()
    }
}

/// A future that is tracked until it is dropped; see [`TaskTracker::track_future`].
///
/// # Cancel safety
///
/// That of the future.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct TrackedFuture<F> {
    // Dropped in this order: when the tracker hears of it the future is gone.
    future: F,
    #[allow(dead_code)] // its drop counts
    token: TaskTrackerToken,
}

impl<F: Future> Future for TrackedFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let (future,) = project!(self => future);
        future.poll(cx)
    }
}

/// A wait for a tracker; see [`TaskTracker::wait`]. Once it has been ready it stays ready.
#[must_use = "futures do nothing unless polled"]
pub struct TaskTrackerWaitFuture<'a> {
    waiting: Waiting<'a, DefaultLock, Complete, LANES>,
}

impl Future for TaskTrackerWaitFuture<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (waiting,) = project!(self => waiting);
        waiting.poll(cx)
    }
}

impl core::fmt::Debug for TaskTrackerWaitFuture<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("TaskTrackerWaitFuture").finish_non_exhaustive()
    }
}
