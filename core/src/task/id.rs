//! Which task: an identity to print and compare, that of the current task too.

use core::fmt;

use super::header::TaskPtr;
use super::scope;

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
/// known by its waker only.
#[track_caller]
#[must_use]
pub fn id() -> Id {
    try_id().expect("`task::id` was called outside of a task")
}

/// The id of the task that this is called from, if it is called from one; always `None` without feature `std`.
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
