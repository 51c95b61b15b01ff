//! Tasks that a shutdown waits for: core's tracker, which also spawns.

use core::fmt;
use core::future::Future;

use zokio_core::sync as core_sync;
pub use zokio_core::sync::{TaskTrackerWaitFuture, TrackedFuture};

use super::{JoinHandle, LocalSet};
use crate::runtime::Handle;

/// Waits until all of the tasks that it tracks are done, for a shutdown. Unlike a join set it keeps no output.
///
/// Clones are one tracker. Names and meaning are those of `tokio_util::task::TaskTracker`.
///
/// # Cost
///
/// As [`zokio_core::sync::TaskTracker`]; a task that it spawns is larger by one pointer.
///
/// # Examples
///
/// ```
/// use zokio::task::TaskTracker;
///
/// # zokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let tracker = TaskTracker::new();
/// for n in 0..3 {
///     tracker.spawn(async move { n });
/// }
/// tracker.close();
/// tracker.wait().await;
/// assert!(tracker.is_empty());
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct TaskTracker(core_sync::TaskTracker);

impl TaskTracker {
    /// Makes a tracker that is open and tracks nothing.
    #[must_use]
    pub fn new() -> Self {
        Self(core_sync::TaskTracker::new())
    }

    /// Waits until the tracker is closed and tracks nothing. It is enough that it is so at one moment from this call on.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    pub fn wait(&self) -> TaskTrackerWaitFuture<'_> {
        self.0.wait()
    }

    /// Closes the tracker: waits end when it tracks nothing. It tracks what comes later too. Returns whether it was open.
    pub fn close(&self) -> bool {
        self.0.close()
    }

    /// Opens the tracker again: waits do not end. Returns whether it was closed.
    pub fn reopen(&self) -> bool {
        self.0.reopen()
    }

    /// Whether the tracker is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Tokens that there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it tracks nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Spawns a task on the runtime of the current context, and tracks it.
    ///
    /// # Panics
    ///
    /// As [`spawn`](super::spawn).
    #[track_caller]
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        super::spawn(self.track_future(task))
    }

    /// Spawns a task on a runtime, and tracks it.
    ///
    /// # Panics
    ///
    /// As [`Handle::spawn`].
    #[track_caller]
    pub fn spawn_on<F>(&self, task: F, handle: &Handle) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        handle.spawn(self.track_future(task))
    }

    /// Spawns a task that need not be `Send`, where the executor never leaves this thread, and tracks it.
    ///
    /// # Panics
    ///
    /// As [`spawn_local`](super::spawn_local).
    #[track_caller]
    pub fn spawn_local<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        super::spawn_local(self.track_future(task))
    }

    /// Spawns a task that need not be `Send` on a set of local tasks, and tracks it.
    pub fn spawn_local_on<F>(&self, task: F, local_set: &LocalSet) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        local_set.spawn_local(self.track_future(task))
    }

    /// Runs `call` on a thread that may block, and tracks it.
    ///
    /// # Panics
    ///
    /// As [`spawn_blocking`](super::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, call: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        super::spawn_blocking(self.tracked(call))
    }

    /// Runs `call` on a thread of a runtime that may block, and tracks it.
    ///
    /// # Panics
    ///
    /// As [`Handle::spawn_blocking`].
    #[track_caller]
    pub fn spawn_blocking_on<F, R>(&self, call: F, handle: &Handle) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        handle.spawn_blocking(self.tracked(call))
    }

    fn tracked<F: FnOnce() -> R, R>(&self, call: F) -> impl FnOnce() -> R + use<F, R> {
        let token = self.0.token();
        // The call, and what it owns, is gone when the tracker hears of it.
        move || {
            let output = call();
            drop(token);
            output
        }
    }

    /// Tracks a future until it is dropped.
    pub fn track_future<F: Future>(&self, future: F) -> TrackedFuture<F> {
        self.0.track_future(future)
    }

    /// Makes a token: the tracker waits until it is dropped.
    ///
    /// # Panics
    ///
    /// When there are half of `usize::MAX` tokens, which takes forgotten ones.
    pub fn token(&self) -> TaskTrackerToken {
        TaskTrackerToken { counts: self.0.token(), tracker: self.clone() }
    }

    /// Whether both are clones of one tracker.
    #[must_use]
    pub fn ptr_eq(left: &Self, right: &Self) -> bool {
        core_sync::TaskTracker::ptr_eq(&left.0, &right.0)
    }
}

impl fmt::Debug for TaskTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Something that a [`TaskTracker`] waits for, until it is dropped.
#[derive(Clone)]
#[must_use = "a token that is dropped tracks nothing"]
pub struct TaskTrackerToken {
    counts: core_sync::TaskTrackerToken,
    tracker: TaskTracker,
}

impl TaskTrackerToken {
    /// The tracker.
    #[must_use]
    pub fn task_tracker(&self) -> &TaskTracker {
        &self.tracker
    }
}

impl fmt::Debug for TaskTrackerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.counts.fmt(f)
    }
}
