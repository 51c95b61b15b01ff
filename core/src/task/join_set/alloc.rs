//! [`JoinSet`]: join handles of any number of tasks, one waker each.
//!
//! Each handle sits at a place, with a waker of its own that puts the place into a queue when the task ends
//! ([`Children`](crate::future)), so the next task is found without asking the others. A place is used again after its
//! task; so is its waker, and a set that neither grows nor shrinks allocates nothing. A waker that a former task of a place
//! still had wakes the place in vain, which is seen and passed over.

use alloc::vec::Vec;
use core::fmt;
use core::future::poll_fn;
use core::task::{Context, Poll, ready};

use crate::future::Children;
use crate::guard;
use crate::task::{AbortHandle, Id, JoinError, JoinHandle, coop};

/// Join handles of many tasks with one type of output, given back in the order in which the tasks end.
///
/// Dropping it aborts all its tasks. It spawns nothing itself: [`insert`](Self::insert) takes the handle of a task, wherever
/// that runs. (The facade's set of the same name has `spawn` and its like.)
///
/// # Cost
///
/// One allocation for a task at a place that was not used before, none else. Whatever the size of the set, a task that ends
/// costs one wake, one lock and one poll of its own handle.
pub struct JoinSet<T> {
    handles: Vec<Option<JoinHandle<T>>>,
    /// Places without a handle.
    free: Vec<usize>,
    children: Children,
}

impl<T> JoinSet<T> {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self { handles: Vec::new(), free: Vec::new(), children: Children::new() }
    }

    /// How many tasks are in the set: those that have ended and were not given back yet, too.
    #[must_use]
    pub fn len(&self) -> usize {
        self.handles.len() - self.free.len()
    }

    /// Whether there is no task in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a task by its handle, and returns one that can abort it.
    ///
    /// # Panics
    ///
    /// Panics where the handle has given its output already.
    #[track_caller]
    pub fn insert(&mut self, mut handle: JoinHandle<T>) -> AbortHandle {
        let abort = handle.abort_handle();
        let place = self.free.pop().unwrap_or_else(|| {
            self.handles.push(None);
            self.children.add()
        });
        if !handle.wake_with(self.children.waker(place)) {
            self.children.wake(place);
        }
        self.handles[place] = Some(handle);
        abort
    }

    /// Takes an ended task out, if there is one among the woken.
    fn take_ended(&mut self) -> Option<(Id, Result<T, JoinError>)> {
        while let Some(place) = self.children.next() {
            let Some(handle) = &mut self.handles[place] else { continue };
            if !handle.is_finished() {
                continue; // A waker of an earlier task.
            }
            let id = handle.id();
            let mut cx = Context::from_waker(self.children.waker(place));
            let polled = coop::without_budget(|| core::pin::Pin::new(handle).poll(&mut cx));
            if let Poll::Ready(output) = polled {
                self.handles[place] = None;
                self.free.push(place);
                return Some((id, output));
            }
        }
        None
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
        poll_fn(|cx| self.poll_join_next(cx)).await
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
        poll_fn(|cx| self.poll_join_next_with_id(cx)).await
    }

    /// Takes a task out that has ended, if there is one; `None` says nothing of whether the set is empty.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.take_ended().map(|(_, output)| output)
    }

    /// As [`try_join_next`](Self::try_join_next), with the id of the task.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        self.take_ended().map(with_id)
    }

    /// Polls for the next task that ends: `Ready(None)` where the set is empty.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        self.poll_ended(cx).map(|ended| ended.map(|(_, output)| output))
    }

    /// As [`poll_join_next`](Self::poll_join_next), with the id of the task.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    pub fn poll_join_next_with_id(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(Id, T), JoinError>>> {
        self.poll_ended(cx).map(|ended| ended.map(with_id))
    }

    fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<Option<(Id, Result<T, JoinError>)>> {
        if self.is_empty() {
            return Poll::Ready(None);
        }
        let coop = ready!(coop::poll_proceed(cx));
        self.children.register(cx.waker());
        match self.take_ended() {
            Some(ended) => {
                coop.made_progress();
                Poll::Ready(Some(ended))
            }
            None => Poll::Pending,
        }
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
    pub async fn join_all(mut self) -> Vec<T> {
        let mut outputs = Vec::with_capacity(self.len());
        while let Some(ended) = self.join_next().await {
            match ended.map_err(JoinError::try_into_panic) {
                Ok(output) => outputs.push(output),
                Err(Ok(panic)) => guard::resume(panic),
                Err(Err(error)) => panic!("{error}"),
            }
        }
        outputs
    }

    /// Aborts all tasks. They stay in the set until they are given back, as cancelled where the abort came in time.
    pub fn abort_all(&mut self) {
        self.handles.iter().flatten().for_each(JoinHandle::abort);
    }

    /// Aborts all tasks and waits until they have ended: the set is empty then. Outputs and panics are dropped.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost that would not be: the tasks are aborted.
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Takes all tasks out of the set without aborting them: they go on, and nobody waits for them.
    pub fn detach_all(&mut self) {
        for (place, slot) in self.handles.iter_mut().enumerate() {
            if let Some(handle) = slot.take() {
                self.free.push(place);
                handle.detach();
            }
        }
    }
}

fn with_id<T>((id, output): (Id, Result<T, JoinError>)) -> Result<(Id, T), JoinError> {
    output.map(|output| (id, output))
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.abort_all();
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.len()).finish()
    }
}
