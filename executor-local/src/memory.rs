//! Where the memory of an executor's tasks comes from: arenas only, or with feature `std` also the heap.

#[cfg(not(feature = "std"))]
mod arenas {
    use core::ptr::NonNull;
    use zokio_core::park::Unpark;
    use zokio_core::task::TaskPtr;

    use crate::config::Setup;
    use crate::executor::Executor;

    /// All tasks live in static arenas.
    pub(crate) type Mode = zokio_core::task::Static;

    /// Nothing to keep.
    #[derive(Debug)]
    pub(crate) struct Memory(());

    impl Memory {
        pub(crate) const fn new() -> Self {
            Self(())
        }

        /// # Safety
        ///
        /// None; its twin needs it.
        #[inline(always)]
        pub(crate) unsafe fn completed(&self, _: TaskPtr) {}

        pub(crate) fn panicked(&self) {}

        #[inline(always)]
        pub(crate) fn has_panicked(&self) -> bool {
            false
        }
    }

    /// # Safety
    ///
    /// Never called: no task is counted.
    pub(crate) unsafe fn released<U: Unpark, K: Setup>(_: NonNull<Executor<U, K>>, _: TaskPtr) {}
}
#[cfg(not(feature = "std"))]
pub(crate) use arenas::{Memory, Mode, released};

#[cfg(feature = "std")]
mod heap {
    use alloc::sync::Arc;
    use core::ptr::NonNull;
    use zokio_core::atomic::{AtomicBool, Ordering};
    use zokio_core::const_fn;
    use zokio_core::park::Unpark;
    use zokio_core::task::TaskPtr;
    use zokio_core::task::raw::{Boxes, HeapTask};

    use crate::config::Setup;
    use crate::executor::Executor;
    use crate::local::Bound;

    /// Static tasks in arenas, boxed ones on the heap.
    pub(crate) type Mode = zokio_core::task::Either;

    /// The boxed tasks, and their thread.
    #[derive(Debug)]
    pub(crate) struct Memory {
        pub(crate) boxes: Boxes,
        /// The thread that local tasks are on, if [`bind`](crate::SharedExecutor::bind) was called.
        pub(crate) bound: Bound,
        /// Whether a poll of one panicked. Written by the one who runs.
        panicked: AtomicBool,
    }

    impl Memory {
        const_fn! {
            pub(crate) const fn new() -> Self {
                Self { boxes: Boxes::new(), bound: Bound::new(), panicked: AtomicBool::new(false) }
            }
        }

        #[cold]
        pub(crate) fn panicked(&self) {
            // Ordering: relaxed: read by the one who runs, this thread, and under the parker's lock by the next.
            self.panicked.store(true, Ordering::Relaxed);
        }

        pub(crate) fn has_panicked(&self) -> bool {
            self.panicked.load(Ordering::Relaxed)
        }

        /// # Safety
        ///
        /// As for `Schedule::completed`.
        #[inline]
        pub(crate) unsafe fn completed(&self, task: TaskPtr) {
            // SAFETY: alive, and every counted task of this executor was given to `insert`.
            unsafe { self.boxes.remove(task) };
        }
    }

    /// # Safety
    ///
    /// `this` must be the owner of `task`, a counted task that has been released.
    pub(crate) unsafe fn released<U: Unpark, K: Setup>(this: NonNull<Executor<U, K>>, task: TaskPtr) {
        // SAFETY: released, and allocated in `shared` by `HeapTask::allocate`.
        unsafe { HeapTask::free(task) };
        // SAFETY: an executor with counted tasks is in an `Arc` of which each task has a count, taken in `shared`.
        unsafe { Arc::decrement_strong_count(this.as_ptr().cast_const()) };
    }
}
#[cfg(feature = "std")]
pub(crate) use heap::{Memory, Mode, released};
