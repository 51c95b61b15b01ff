//! Where the pointer to the current context is kept: one per thread where there are threads, else one for the program.
//!
//! Every executor of the program sets it around its polls and restores it after them, so executors of nested interrupt
//! priorities, and several runtimes in one process, do not see each other's.
//!
//! # One core
//!
//! On bare metal, under UEFI and on WebAssembly without threads it is one variable for all that is linked into one image,
//! unless feature `std` is on. A program for these asserts that at any time at most one core (or thread) is inside of an
//! executor of the image, or calls what looks at the context: spawning functions of arenas and of the context, the functions
//! of `time` that take no clock. Interrupts of that core may do both, at any priority, since they end before what they have
//! interrupted goes on. A second core may run another image, and may wake tasks of this one where the lock and the atomics
//! of the build allow it; more than one core to an image is not supported yet. Of WebAssembly with threads a stable compiler
//! says nothing: there feature `std` must be on.
//!
//! It asserts besides that no interrupt spawns what need not be `Send` at a place of the context that it finds: by a function with
//! `local`, `detached` or `unabortable` in its name. That place is one of this core, and says so; but the interrupt comes between any
//! two instructions of the tasks there, and would change an `Rc` or a `Cell` that it shares with one in the middle of a change. What
//! takes futures that are `Send`, as `spawn` does, may be called in an interrupt, and in the tasks of an executor that the interrupt
//! itself runs everything may: there the context is that executor's.
//!
//! On every other target it is a thread-local of `std`, with and without the feature.

use zokio_core::ambient::{Ambient, Current as Pointer};

/// The one place where the current context is kept.
#[derive(Debug)]
pub struct Current(());

// The targets that are named below have no threads. On all others `std` is asked for, which where it is missing does not
// compile: better than one context for two threads.
#[cfg(any(
    feature = "std",
    not(any(
        target_os = "none",
        target_os = "uefi",
        all(target_family = "wasm", not(any(unix, target_feature = "atomics"))),
    )),
))]
mod place {
    extern crate std;

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

#[cfg(all(
    not(feature = "std"),
    any(
        target_os = "none",
        target_os = "uefi",
        all(target_family = "wasm", not(any(unix, target_feature = "atomics")))
    ),
))]
mod place {
    use super::Pointer;
    use core::ptr::{NonNull, null_mut};
    use zokio_core::ambient::Context;
    use zokio_core::atomic::{AtomicPtr, Ordering};

    /// One word: an interrupt that nests restores what it found before it returns, so plain loads and stores suffice.
    static CURRENT: AtomicPtr<Context<'static>> = AtomicPtr::new(null_mut());

    #[inline]
    pub(super) fn get() -> Pointer {
        // Ordering: relaxed: *one core*, which sees its own stores in order.
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

// SAFETY: one variable, of this thread, or of the one core that runs executors of the program (`# One core` above), and nothing
// else is done to it.
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
