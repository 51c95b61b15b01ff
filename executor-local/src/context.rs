//! Where the pointer to the current context is kept: one for the core, or with feature `std` one per thread.
//!
//! Every executor of the program sets it around its polls and restores it after them, so executors of nested interrupt
//! priorities, and several runtimes in one process, do not see each other's.

use zokio_core::ambient::{Ambient, Current as Pointer};

/// The one place where the current context is kept.
#[derive(Debug)]
pub struct Current(());

#[cfg(feature = "std")]
mod place {
    use super::Pointer;
    use core::cell::Cell;

    #[cfg(not(any(loom, shuttle)))]
    std::thread_local! {
        static CURRENT: Cell<Pointer> = const { Cell::new(None) };
    }
    #[cfg(loom)]
    loom::thread_local! {
        static CURRENT: Cell<Pointer> = Cell::new(None);
    }

    #[cfg(shuttle)]
    shuttle::thread_local! {
        static CURRENT: Cell<Pointer> = Cell::new(None);
    }

    pub(super) fn get() -> Pointer {
        CURRENT.with(Cell::get)
    }

    pub(super) fn swap(next: Pointer) -> Pointer {
        CURRENT.with(|current| current.replace(next))
    }
}

#[cfg(not(feature = "std"))]
mod place {
    use super::Pointer;
    use core::ptr::{NonNull, null_mut};
    use zokio_core::ambient::Context;
    use zokio_core::atomic::{AtomicPtr, Ordering};

    /// One word: an interrupt that nests restores what it found before it returns, so plain loads and stores suffice.
    static CURRENT: AtomicPtr<Context<'static>> = AtomicPtr::new(null_mut());

    #[inline]
    pub(super) fn get() -> Pointer {
        // Ordering: relaxed: one core, which sees its own stores in order.
        NonNull::new(CURRENT.load(Ordering::Relaxed))
    }

    #[inline]
    pub(super) fn swap(next: Pointer) -> Pointer {
        let before = get();
        // Ordering: relaxed, as above.
        CURRENT.store(next.map_or(null_mut(), NonNull::as_ptr), Ordering::Relaxed);
        before
    }
}

// SAFETY: one variable, of this thread (std) or of the one core that the program runs on, and nothing else is done to it.
unsafe impl Ambient for Current {
    #[inline]
    fn get() -> Pointer {
        place::get()
    }

    #[inline]
    unsafe fn swap(next: Pointer) -> Pointer {
        place::swap(next)
    }
}
