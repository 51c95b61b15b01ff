//! Which task: an identity to print and compare, that of the current task too.

use core::fmt;
use core::task::Waker;

use super::header::TaskPtr;
use super::{scope, waker};

/// Which task. No two tasks that live at the same time have equal ids; a later one may.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    place: usize,
    generation: usize,
}

impl Id {
    /// Of a static task there is a generation.
    pub(super) fn new(task: TaskPtr, generation: Option<usize>) -> Self {
        Self { place: task.as_ptr().addr(), generation: generation.unwrap_or(0) }
    }

    /// # Safety
    ///
    /// `task` must be alive.
    pub(super) unsafe fn of(task: TaskPtr) -> Self {
        // SAFETY: alive, by this function's contract.
        let state = unsafe { task.header() }.state.load();
        Self::new(task, (!state.is_counted()).then(|| state.high()))
    }
}

impl Id {
    /// The task of a slot, by the waker with which it is polled; `None` where the waker is not such a task's.
    ///
    /// For programs without `std`, where no one notes which task runs: a poll has the waker at hand, and it costs nothing. The
    /// waker of a task that is over is taken for that of the slot's tenant of today.
    ///
    /// # Cost
    ///
    /// One comparison and one load. May be called from an interrupt.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::future::poll_fn;
    /// use core::task::Poll;
    /// use zokio_core::task::Id;
    ///
    /// async fn my_id() -> Option<Id> {
    ///     poll_fn(|cx| Poll::Ready(Id::from_waker(cx.waker()))).await
    /// }
    /// # let _ = my_id;
    /// ```
    #[must_use]
    pub fn from_waker(waker: &Waker) -> Option<Self> {
        let task = waker::slot_of(waker)?;
        // SAFETY: a slot is always alive.
        Some(unsafe { Self::of(task) })
    }
}

impl fmt::Display for Id {
    /// A number; for a task in a slot another one behind a dot, which counts the slot's tenants.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place / align_of::<usize>();
        if self.generation == 0 { write!(f, "{place}") } else { write!(f, "{place}.{}", self.generation) }
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({self})")
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Id {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=usize}.{=usize}", self.place / align_of::<usize>(), self.generation);
    }
}

/// The id of the task that this is called from. While a task is dropped it is its id too.
///
/// # Panics
///
/// Panics outside of a task, also in the future of `block_on`, which is none; and without feature `std`, where a task is
/// known by its waker only: see [`Id::from_waker`].
#[track_caller]
#[must_use]
pub fn id() -> Id {
    try_id().expect("`task::id` was called outside of a task")
}

/// The id of the task that this is called from, if it is called from one; always `None` without feature `std`, see
/// [`Id::from_waker`].
///
/// # Cost
///
/// Two loads.
#[must_use]
pub fn try_id() -> Option<Id> {
    let task = scope::task()?;
    // SAFETY: *in its poll*.
    Some(unsafe { Id::of(task) })
}
