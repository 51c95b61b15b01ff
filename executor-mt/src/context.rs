//! Which worker this thread is.
//!
//! One thread-local word. The ambient context (timers, spawner, handle) is core's `Ambient`, entered once for the life of
//! a worker; here is only what this crate must know on each wake.

use core::ptr;

/// What a worker says of itself: the first field of its [`Local`](crate::worker::Local).
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Head {
    /// The runtime it belongs to.
    pub(crate) shared: *const (),
    /// The clock whose timers it expires.
    pub(crate) clock: *const (),
    /// Its place among the workers.
    pub(crate) index: usize,
}

/// The words of a thread; modelled threads have their own.
mod place {
    use super::Head;
    use core::cell::Cell;
    use core::ptr;

    #[cfg(not(any(loom, shuttle)))]
    std::thread_local! {
        static WORKER: Cell<*const Head> = const { Cell::new(ptr::null()) };
    }
    #[cfg(loom)]
    loom::thread_local! {
        static WORKER: Cell<*const Head> = Cell::new(ptr::null());
    }
    #[cfg(shuttle)]
    shuttle::thread_local! {
        static WORKER: Cell<*const Head> = Cell::new(ptr::null());
    }

    /// The worker of this thread; null on all others. *Set by its owner*: stored by `Installed::new` only, taken back when
    /// that is dropped, so what it points to is alive, and this thread's.
    #[inline]
    pub(super) fn worker() -> *const Head {
        WORKER.with(Cell::get)
    }

    pub(super) fn set_worker(head: *const Head) {
        WORKER.with(|worker| worker.set(head));
    }
}

/// Makes this thread a worker until it is dropped.
#[derive(Debug)]
pub(crate) struct Installed(());

impl Installed {
    /// # Safety
    ///
    /// `head` must outlive the result, which must be dropped on this thread.
    pub(crate) unsafe fn new(head: *const Head) -> Self {
        place::set_worker(head);
        Self(())
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        place::set_worker(ptr::null());
    }
}

/// The worker of this thread, if it has one and that belongs to `shared`.
#[inline]
pub(crate) fn worker_of(shared: *const ()) -> Option<*const Head> {
    let head = place::worker();
    // SAFETY: *set by its owner*.
    let found = unsafe { head.as_ref() }?;
    // The pointer as it was stored, which may be used for more than the head.
    ptr::eq(found.shared, shared).then_some(head)
}

/// Whether this thread is the worker that expires the timers of this clock.
pub(crate) fn owns_clock(clock: *const ()) -> bool {
    let head = place::worker();
    // SAFETY: *set by its owner*.
    unsafe { head.as_ref() }.is_some_and(|head| ptr::eq(head.clock, clock))
}

/// The place of the current worker among those of its runtime; `None` on a thread that is no worker.
#[must_use]
pub fn worker_index() -> Option<usize> {
    let head = place::worker();
    // SAFETY: *set by its owner*.
    unsafe { head.as_ref() }.map(|head| head.index)
}
