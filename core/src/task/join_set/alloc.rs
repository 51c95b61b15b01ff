//! A set that grows.
//!
//! A place is used again after its task; so is its waker, and a set that neither grows nor shrinks allocates nothing. A waker
//! that a former task of a place still had wakes the place in vain, which is seen and passed over.

use alloc::vec::Vec;
use core::marker::PhantomData;
use core::task::Waker;

use super::{JoinSetOf, Places, wake_with};
use crate::future::Children;
use crate::guard;
use crate::task::{AbortHandle, JoinError, JoinHandle};

/// Join handles of any number of tasks, given back in the order in which the tasks end.
///
/// (The facade's set of the same name has `spawn` and its like.)
///
/// # Cost
///
/// One allocation for a task at a place that was not used before, and those of a few tables that grow with the most tasks there
/// were. Whatever the size of the set, a task that ends costs one wake, one lock and one poll of its own handle.
pub type JoinSet<T> = JoinSetOf<T, Growing<T>>;

/// So many places as there were tasks at a time.
#[derive(Debug)]
pub struct Growing<T> {
    handles: Vec<Option<JoinHandle<T>>>,
    /// Places without a handle.
    free: Vec<usize>,
    children: Children,
}

impl<T> Places<T> for Growing<T> {
    fn all(&mut self) -> &mut [Option<JoinHandle<T>>] {
        &mut self.handles
    }

    fn len(&self) -> usize {
        self.handles.len() - self.free.len()
    }

    fn ended(&mut self) -> Option<usize> {
        loop {
            let place = self.children.next()?;
            // Or it was a waker of an earlier task.
            if self.handles[place].as_ref().is_some_and(JoinHandle::is_finished) {
                return Some(place);
            }
        }
    }

    fn ended_or_wake(&mut self, waker: &Waker) -> Option<usize> {
        self.children.register(waker);
        self.ended()
    }

    fn vacate(&mut self, place: usize) -> Option<JoinHandle<T>> {
        let handle = self.handles[place].take()?;
        self.free.push(place);
        Some(handle)
    }

    fn renew(&mut self) -> Self {
        // With other wakers: the wake of a task that has just ended may be still to come, and a later task of its place would
        // stand in the queue where that one does.
        let children = self.children.renewed();
        core::mem::replace(self, Self { handles: Vec::new(), free: Vec::new(), children })
    }
}

impl<T> JoinSetOf<T, Growing<T>> {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        let places = Growing { handles: Vec::new(), free: Vec::new(), children: Children::new() };
        Self { places, _output: PhantomData }
    }

    /// Adds a task by its handle, and returns one that can abort it.
    ///
    /// # Panics
    ///
    /// Panics where the handle has given its output already. A panic in the drop of a waker that the handle was polled with
    /// before goes on, and leaves the task in the set.
    #[track_caller]
    pub fn insert(&mut self, handle: JoinHandle<T>) -> AbortHandle {
        let abort = handle.abort_handle();
        let Growing { handles, free, children } = &mut self.places;
        let place = free.pop().unwrap_or_else(|| {
            handles.push(None);
            children.add()
        });
        // In its place first: a waker that the handle had is dropped, and may panic.
        let handle = handles[place].insert(handle);
        wake_with(handle, children.waker(place), || children.wake(place));
        abort
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
}

impl<T> Default for JoinSetOf<T, Growing<T>> {
    fn default() -> Self {
        Self::new()
    }
}
