//! Many tasks, and the next one that ends.

use core::fmt;
use core::future::Future;
use core::task::{Context, Poll};
use std::io;
use std::vec::Vec;

use super::{AbortHandle, Builder as Plain, Id, JoinError, JoinHandle, LocalSet};
use crate::runtime::Handle;

/// Tasks with one type of output, given back in the order in which they end. Dropping it aborts them.
///
/// # Cost
///
/// That of each task, and one allocation for its waker unless a task that has been given back left one. A task that ends
/// costs one poll of its own handle, whatever the size of the set.
///
/// # Examples
///
/// ```
/// # zokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let mut set = zokio::task::JoinSet::new();
/// for n in 1..=3 {
///     set.spawn(async move { n * n });
/// }
/// let mut sum = 0;
/// while let Some(square) = set.join_next().await {
///     sum += square?;
/// }
/// assert_eq!(sum, 14);
/// # Ok::<(), zokio::task::JoinError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct JoinSet<T>(zokio_core::task::JoinSet<T>);

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> JoinSet<T> {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self(zokio_core::task::JoinSet::new())
    }

    /// How many tasks are in the set: those that have ended and were not given back yet, too.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no task in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a task that runs already.
    ///
    /// # Panics
    ///
    /// Panics where the handle has given its output already.
    #[track_caller]
    pub fn insert(&mut self, handle: JoinHandle<T>) -> AbortHandle {
        self.0.insert(handle)
    }

    /// Spawns a task on the runtime of the current context.
    ///
    /// # Panics
    ///
    /// As [`spawn`](super::spawn).
    #[track_caller]
    pub fn spawn<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        self.insert(super::spawn(task))
    }

    /// Spawns a task on a runtime.
    ///
    /// # Panics
    ///
    /// As [`Handle::spawn`].
    #[track_caller]
    pub fn spawn_on<F>(&mut self, task: F, handle: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        self.insert(handle.spawn(task))
    }

    /// Spawns a task that need not be `Send`, where the executor never leaves this thread.
    ///
    /// # Panics
    ///
    /// As [`spawn_local`](super::spawn_local).
    #[track_caller]
    pub fn spawn_local<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
        T: 'static,
    {
        self.insert(super::spawn_local(task))
    }

    /// Spawns a task that need not be `Send` on a set of local tasks, whether or not that runs now.
    pub fn spawn_local_on<F>(&mut self, task: F, local_set: &LocalSet) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
        T: 'static,
    {
        self.insert(local_set.spawn_local(task))
    }

    /// Runs `call` on a thread that may block.
    ///
    /// # Panics
    ///
    /// As [`spawn_blocking`](super::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, call: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.insert(super::spawn_blocking(call))
    }

    /// Runs `call` on a thread of a runtime that may block.
    ///
    /// # Panics
    ///
    /// As [`Handle::spawn_blocking`].
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, call: F, handle: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.insert(handle.spawn_blocking(call))
    }

    /// Gives the next task a name.
    pub fn build_task(&mut self) -> Builder<'_, T> {
        Builder { set: self, plain: Plain::new() }
    }

    /// Waits for the next task that ends, and takes it out of the set. `None`: the set is empty.
    ///
    /// # Errors
    ///
    /// That of the task: it panicked or was aborted.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a task is taken out when the output is given.
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.0.join_next().await
    }

    /// As [`join_next`](Self::join_next), with the id of the task.
    ///
    /// # Errors
    ///
    /// As `join_next`; the error has the id.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        self.0.join_next_with_id().await
    }

    /// Takes a task out that has ended, if there is one; `None` says nothing of whether the set is empty.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.0.try_join_next()
    }

    /// As [`try_join_next`](Self::try_join_next), with the id of the task.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        self.0.try_join_next_with_id()
    }

    /// Polls for the next task that ends: `Ready(None)` where the set is empty.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        self.0.poll_join_next(cx)
    }

    /// As [`poll_join_next`](Self::poll_join_next), with the id of the task.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    pub fn poll_join_next_with_id(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(Id, T), JoinError>>> {
        self.0.poll_join_next_with_id(cx)
    }

    /// Waits for all tasks: their outputs in the order in which they ended.
    ///
    /// # Panics
    ///
    /// Panics where a task was aborted, and goes on with the panic of one that panicked; the other tasks are aborted then.
    ///
    /// # Cancel safety
    ///
    /// The tasks are aborted, and the outputs of those that had ended are *lost*.
    pub async fn join_all(self) -> Vec<T> {
        self.0.join_all().await
    }

    /// Aborts all tasks. They stay in the set until they are given back, as cancelled where the abort came in time.
    pub fn abort_all(&mut self) {
        self.0.abort_all();
    }

    /// Aborts all tasks and waits until they have ended: the set is empty then. Outputs and panics are dropped.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost that would not be: the tasks are aborted.
    pub async fn shutdown(&mut self) {
        self.0.shutdown().await;
    }

    /// Takes all tasks out of the set without aborting them: they go on, and nobody waits for them.
    pub fn detach_all(&mut self) {
        self.0.detach_all();
    }
}

impl<T, F> Extend<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    /// Spawns each future on the runtime of the current context.
    fn extend<I: IntoIterator<Item = F>>(&mut self, futures: I) {
        for future in futures {
            self.spawn(future);
        }
    }
}

impl<T, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    /// Spawns each future on the runtime of the current context.
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut set = Self::new();
        set.extend(futures);
        set
    }
}

/// Gives the next task of a [`JoinSet`] a name, as [`task::Builder`](super::Builder) does.
#[derive(Debug)]
#[must_use = "a builder does nothing until it spawns"]
pub struct Builder<'a, T> {
    set: &'a mut JoinSet<T>,
    plain: Plain<'a>,
}

impl<'a, T> Builder<'a, T> {
    /// Calls the task so.
    pub fn name(self, name: &'a str) -> Self {
        Self { plain: self.plain.name(name), ..self }
    }

    /// Spawns the task on the runtime of the current context.
    ///
    /// # Errors
    ///
    /// Where there is no runtime here.
    pub fn spawn<F>(self, task: F) -> io::Result<AbortHandle>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        self.plain.spawn(task).map(|handle| self.set.insert(handle))
    }

    /// Spawns the task on a runtime.
    ///
    /// # Errors
    ///
    /// Where the runtime has shut down.
    pub fn spawn_on<F>(self, task: F, handle: &Handle) -> io::Result<AbortHandle>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        self.plain.spawn_on(task, handle).map(|handle| self.set.insert(handle))
    }

    /// Spawns a task that need not be `Send`, where the executor never leaves this thread.
    ///
    /// # Errors
    ///
    /// Where there is no such executor here.
    pub fn spawn_local<F>(self, task: F) -> io::Result<AbortHandle>
    where
        F: Future<Output = T> + 'static,
        T: 'static,
    {
        self.plain.spawn_local(task).map(|handle| self.set.insert(handle))
    }

    /// Spawns a task that need not be `Send` on a set of local tasks.
    ///
    /// # Errors
    ///
    /// None yet.
    pub fn spawn_local_on<F>(self, task: F, local_set: &LocalSet) -> io::Result<AbortHandle>
    where
        F: Future<Output = T> + 'static,
        T: 'static,
    {
        self.plain.spawn_local_on(task, local_set).map(|handle| self.set.insert(handle))
    }

    /// Runs `call` on a thread that may block.
    ///
    /// # Errors
    ///
    /// Where there is no runtime here.
    pub fn spawn_blocking(self, call: impl FnOnce() -> T + Send + 'static) -> io::Result<AbortHandle>
    where
        T: Send + 'static,
    {
        self.plain.spawn_blocking(call).map(|handle| self.set.insert(handle))
    }
}
