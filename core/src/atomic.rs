//! Atomics and cells: loom's under `cfg(loom)`, shuttle's under `cfg(shuttle)`, `portable-atomic`'s elsewhere.
//!
//! Every crate of the family imports atomics from here and from nowhere else, so that a model run sees each of them. On
//! targets without compare-and-swap `portable-atomic` supplies them, by whatever means the binary chose.
//!
//! Only word-sized or narrower atomics are offered: a 64-bit atomic on a 32-bit target is a lock in disguise, and an
//! interrupt that meets it half-taken never returns.

#[cfg(loom)]
mod model;

#[cfg(loom)]
mod imp {
    pub use super::model::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering, fence};
    pub use loom::cell::UnsafeCell;

    /// Whether sizes and alignments are those of a real build (a model's atomics are larger).
    pub const LAYOUT_IS_REAL: bool = false;
}

#[cfg(not(loom))]
mod imp {
    #[cfg(not(shuttle))]
    pub use portable_atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering, fence};
    #[cfg(shuttle)]
    pub use shuttle::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering, fence};

    /// A cell whose content is reached through closures, so that a model can watch each access.
    #[derive(Debug)]
    #[repr(transparent)]
    pub struct UnsafeCell<T: ?Sized>(core::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        /// Wraps a value.
        #[inline(always)]
        pub const fn new(value: T) -> Self {
            Self(core::cell::UnsafeCell::new(value))
        }

        /// Returns the value.
        #[inline(always)]
        pub fn into_inner(self) -> T {
            self.0.into_inner()
        }
    }

    impl<T: ?Sized> UnsafeCell<T> {
        /// Runs `f` on a pointer that is only read through.
        #[inline(always)]
        pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        /// Runs `f` on a pointer that nobody else reads or writes meanwhile.
        #[inline(always)]
        pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }

    /// Whether sizes and alignments are those of a real build (a model's atomics are larger).
    pub const LAYOUT_IS_REAL: bool = cfg!(not(shuttle));
}

#[cfg(zokio_unicore)]
use core::sync::atomic::compiler_fence;
pub use imp::*;

/// Declares a constructor that is `const` in a real build and plain under loom, whose atomics have no const `new`.
#[macro_export]
#[doc(hidden)]
macro_rules! const_fn {
    ($(#[$meta:meta])* $vis:vis const fn $name:ident($($arg:ident: $ty:ty),* $(,)?) -> $ret:ty $body:block) => {
        #[cfg(not(loom))]
        $(#[$meta])*
        $vis const fn $name($($arg: $ty),*) -> $ret $body

        #[cfg(loom)]
        $(#[$meta])*
        $vis fn $name($($arg: $ty),*) -> $ret $body
    };
    ($(#[$meta:meta])* $vis:vis const unsafe fn $name:ident($($arg:ident: $ty:ty),* $(,)?) -> $ret:ty $body:block) => {
        #[cfg(not(loom))]
        $(#[$meta])*
        $vis const unsafe fn $name($($arg: $ty),*) -> $ret $body

        #[cfg(loom)]
        $(#[$meta])*
        $vis unsafe fn $name($($arg: $ty),*) -> $ret $body
    };
}
pub use crate::const_fn;

/// Loads a pointer that somebody has published, to see all that was written before.
///
/// Ordering: Acquire: pairs with the Release of whoever stored it. On one core the compiler's order is enough; the threads
/// of an interpreter, which knows no compiler fence, are never on one core.
#[cfg(any(not(zokio_unicore), miri))]
#[inline(always)]
pub(crate) fn load_published<T>(pointer: &AtomicPtr<T>) -> *mut T {
    pointer.load(Ordering::Acquire)
}

/// Loads a pointer that somebody has published, to see all that was written before.
///
/// Ordering: Relaxed: one core sees its own stores in order; the fence keeps the compiler from looking earlier.
#[cfg(all(zokio_unicore, not(miri)))]
#[inline(always)]
pub(crate) fn load_published<T>(pointer: &AtomicPtr<T>) -> *mut T {
    let pointer = pointer.load(Ordering::Relaxed);
    compiler_fence(Ordering::Acquire);
    pointer
}

/// Raises a flag; `false`: it was up already.
///
/// Ordering: Acquire: pairs with the Release of who lowered it.
#[cfg(not(zokio_unicore))]
#[inline(always)]
pub fn raise(flag: &AtomicBool) -> bool {
    flag.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
}

/// Raises a flag; `false`: it was up already.
///
/// Ordering: Relaxed: one core sees its own stores in order; the section keeps the compiler from looking earlier at what the flag
/// guards. The load and the store are one section: an interrupt between them may raise the flag for good, and return.
#[cfg(zokio_unicore)]
#[inline(always)]
pub fn raise(flag: &AtomicBool) -> bool {
    let _section = crate::lock::Section::enter();
    raise_within(flag)
}

/// As [`raise`], in the caller's section.
#[cfg(zokio_unicore)]
#[inline(always)]
pub(crate) fn raise_within(flag: &AtomicBool) -> bool {
    let before = flag.load(Ordering::Relaxed);
    flag.store(true, Ordering::Relaxed);
    !before
}

/// Stores a pointer that publishes all that was written before.
///
/// Ordering: Release: pairs with the Acquire of whoever loads it, by [`load_published`] for one. On one core the compiler's
/// order is enough.
#[cfg(any(not(zokio_unicore), miri))]
#[inline(always)]
pub(crate) fn store_published<T>(place: &AtomicPtr<T>, pointer: *mut T) {
    place.store(pointer, Ordering::Release);
}

/// Stores a pointer that publishes all that was written before.
///
/// Ordering: Relaxed: one core sees its own stores in order; the fence keeps the compiler from storing earlier.
#[cfg(all(zokio_unicore, not(miri)))]
#[inline(always)]
pub(crate) fn store_published<T>(place: &AtomicPtr<T>, pointer: *mut T) {
    compiler_fence(Ordering::Release);
    place.store(pointer, Ordering::Relaxed);
}
