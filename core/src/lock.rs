//! What excludes whom: one trait, five locks, one default.
//!
//! A [`RawLock`] runs a closure while nobody else runs one under the same lock. Types of this crate take
//! `L: RawLock = DefaultLock`, and hold their lock for a bounded number of instructions; foreign code (a waker's clone,
//! wake or drop, a user's closure or destructor) never runs under one.
//!
//! *not bounded*: to take a timer out (as many steps as nodes lie under it, a logarithm amortised), a pipe (the bytes copied), a
//! priority channel and `Broadcast::len` (a logarithm), and, with an allocator, a table that grows.
//!
//! | lock | excludes | where it is the default |
//! |---|---|---|
//! | [`StdLock`] | threads | feature `std` |
//! | `CriticalSection` | interrupts and cores | feature `critical-section` without `std` |
//! | `CoreLock` | the interrupts of the one core | `cfg(zokio_unicore)` without `std` |
//! | [`LocalLock`] | nothing: there is nobody | single-threaded WebAssembly |
//! | `LoomLock` | modelled threads | `cfg(loom)` |
//!
//! Elsewhere the default is [`NoDefaultLock`], which is no lock: making one is a compile error that says what to enable.

use core::cell::Cell;
use core::marker::PhantomData;

use crate::atomic::UnsafeCell;
use crate::const_fn;

/// A way to exclude others for a short time.
///
/// # Safety
///
/// While `with` runs its closure on a lock, no other call of `with` on the same lock may run its own, on any thread,
/// core or interrupt that can reach the lock; and what a closure wrote is visible to the next one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a lock",
    note = "enable feature `std` (threads) or `critical-section` (interrupts) of zokio, or name a lock: `LocalLock` where there is one context"
)]
pub unsafe trait RawLock: 'static {
    /// An unlocked lock.
    const INIT: Self;

    /// Whether nothing else runs on the one core while the lock is held: no interrupt, no thread. Then what this crate does
    /// in critical sections of its own needs none under this lock.
    #[doc(hidden)]
    const MASKS: bool = false;

    /// Runs `f` with the lock held. Not re-entrant: `f` must not take the same lock again. It may take another one of this type.
    fn with<R>(&self, f: impl FnOnce() -> R) -> R;
}

/// Shows that a lock of type `L` is held.
pub(crate) struct Held<'a, L>(PhantomData<(&'a (), *const L)>);

/// A lock that does not run a closure inside another one, not even on the same thread: it waits for ever or panics.
///
/// # Safety
///
/// As said.
pub unsafe trait Unnested: RawLock {}

/// A value behind a lock.
///
/// *unnested*: `with` is not called on a lock from inside its own `with`: because the lock refuses ([`Unnested`]), or
/// because whoever made it saw to that.
#[derive(Debug)]
pub struct Lock<L, T: ?Sized> {
    raw: L,
    value: UnsafeCell<T>,
}

// SAFETY: *exclusive*: the value is only reached inside `RawLock::with`, one closure at a time.
unsafe impl<L: Sync, T: Send + ?Sized> Sync for Lock<L, T> {}
// SAFETY: the lock owns its value; moving both moves a `T: Send`.
unsafe impl<L: Send, T: Send + ?Sized> Send for Lock<L, T> {}

// What a panic leaves behind a lock is whole: no foreign code runs under it.
impl<L, T> core::panic::UnwindSafe for Lock<L, T> {}
impl<L, T> core::panic::RefUnwindSafe for Lock<L, T> {}

impl<L: Unnested, T> Lock<L, T> {
    const_fn! {
        /// Wraps a value in an unlocked lock.
        pub const fn new(value: T) -> Self {
            Self { raw: L::INIT, value: UnsafeCell::new(value) }
        }
    }
}

impl<L: RawLock, T> Lock<L, T> {
    const_fn! {
        /// Wraps a value in an unlocked lock of any kind.
        ///
        /// # Safety
        ///
        /// *unnested*: no closure that [`with`](Self::with) is given may call `with` on the same lock, hence none may run
        /// foreign code.
        pub const unsafe fn any(value: T) -> Self {
            Self { raw: L::INIT, value: UnsafeCell::new(value) }
        }
    }
}

impl<L: RawLock, T: ?Sized> Lock<L, T> {
    /// Runs `f` on the value with the lock held. `f` must be short, must run no foreign code and must not lock again.
    #[inline(always)]
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        self.raw.with(|| {
            self.value.with_mut(|value| {
                // SAFETY: *exclusive* and *unnested*: inside `RawLock::with` of this value's own lock, so this is the only
                // reference.
                f(unsafe { &mut *value })
            })
        })
    }

    /// As [`with`](Self::with), with a proof for those who may do more while a lock is held.
    #[inline(always)]
    pub(crate) fn with_held<R>(&self, f: impl FnOnce(&mut T, Held<'_, L>) -> R) -> R {
        self.with(|value| f(value, Held(PhantomData)))
    }

    /// Returns the value; `&mut self` shows that nobody else has it.
    #[inline(always)]
    pub fn get_mut(&mut self) -> &mut T {
        self.value.with_mut(|value| {
            // SAFETY: `&mut self` excludes every other reference for its own lifetime.
            unsafe { &mut *value }
        })
    }
}

/// No lock at all, for one context that nothing interrupts: not `Sync`, so the type system keeps it there.
#[derive(Debug)]
pub struct LocalLock(PhantomData<Cell<()>>);

// SAFETY: not `Sync`, so every call of `with` on one lock comes from one thread, and `with` does not nest by its contract.
unsafe impl RawLock for LocalLock {
    const INIT: Self = Self(PhantomData);

    #[inline(always)]
    fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        f()
    }
}

/// The default where no lock is known: there is none of it, and trying to make one stops the build with a sentence that
/// says which feature to enable.
///
/// It is a [`RawLock`] in name, so that types with a fixed [`DefaultLock`] compile in a library that has not chosen yet.
#[derive(Debug)]
pub enum NoDefaultLock {}

// SAFETY: there is no value of this type, hence no call of `with`.
unsafe impl RawLock for NoDefaultLock {
    const INIT: Self = panic!(
        "no lock is known: enable feature `std` (threads) or `critical-section` (interrupts) of zokio, or name a lock: \
         `LocalLock` where there is one context"
    );

    fn with<R>(&self, _: impl FnOnce() -> R) -> R {
        match *self {}
    }
}

#[cfg(not(zokio_unicore))]
#[cfg_attr(any(not(feature = "critical-section"), loom), allow(dead_code))]
const SECTIONS_ARE_CRITICAL: bool = false;
#[cfg(zokio_unicore)]
#[cfg_attr(any(not(feature = "critical-section"), loom), allow(dead_code))]
const SECTIONS_ARE_CRITICAL: bool = section::CRITICAL;

#[cfg(all(feature = "critical-section", not(loom)))]
mod critical {
    /// A critical section: excludes interrupts, and other cores where the binary's implementation does.
    ///
    /// # Cost
    ///
    /// Interrupts are off while the closure runs; every use in this crate is a bounded number of instructions, but for
    /// those that are listed at [`lock`](crate::lock). May be taken in an interrupt.
    #[derive(Debug)]
    pub struct CriticalSection(());

    // SAFETY: `critical_section::with` excludes every other critical section of the program; that is its own contract. It
    // masks where sections are of the same kind.
    unsafe impl super::RawLock for CriticalSection {
        const INIT: Self = Self(());
        const MASKS: bool = super::SECTIONS_ARE_CRITICAL;

        #[inline(always)]
        fn with<R>(&self, f: impl FnOnce() -> R) -> R {
            critical_section::with(|_| f())
        }
    }
}
#[cfg(all(feature = "critical-section", not(loom)))]
pub use critical::CriticalSection;

#[cfg(all(feature = "std", not(shuttle), any(test, not(loom))))]
mod flag;

#[cfg(all(feature = "std", not(loom)))]
mod blocking;
#[cfg(all(feature = "std", not(loom)))]
pub use blocking::StdLock;

#[cfg(loom)]
mod model {
    use std::sync::OnceLock;

    // SAFETY: loom's mutex panics where its own thread has it.
    unsafe impl super::Unnested for LoomLock {}

    /// A modelled mutex. It is made at its first use, so that constructors stay `const`; every model makes its own.
    #[derive(Debug)]
    pub struct LoomLock(OnceLock<loom::sync::Mutex<()>>);

    // SAFETY: one closure at a time is what a mutex does.
    unsafe impl super::RawLock for LoomLock {
        const INIT: Self = Self(OnceLock::new());

        fn with<R>(&self, f: impl FnOnce() -> R) -> R {
            let mutex = self.0.get_or_init(|| loom::sync::Mutex::new(()));
            let _held = mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            f()
        }
    }
}
#[cfg(loom)]
pub use model::LoomLock;

#[cfg(all(target_family = "wasm", not(target_feature = "atomics")))]
mod single {
    /// No lock, on a target that has one thread and no interrupts: there `Sync` costs nothing.
    #[derive(Debug)]
    pub struct SingleThreadLock(());

    // SAFETY: the target has one thread and no interrupts, and `with` does not nest by its contract.
    unsafe impl super::RawLock for SingleThreadLock {
        const INIT: Self = Self(());

        #[inline(always)]
        fn with<R>(&self, f: impl FnOnce() -> R) -> R {
            f()
        }
    }
}
#[cfg(all(target_family = "wasm", not(target_feature = "atomics")))]
pub use single::SingleThreadLock;

mod default {
    #![allow(missing_docs)] // documented at its re-export
    #[cfg(loom)]
    pub type DefaultLock = super::LoomLock;
    #[cfg(all(not(loom), feature = "std"))]
    pub type DefaultLock = super::StdLock;
    #[cfg(all(not(loom), not(feature = "std"), zokio_unicore))]
    pub type DefaultLock = super::CoreLock;
    #[cfg(all(not(loom), not(feature = "std"), not(zokio_unicore), feature = "critical-section"))]
    pub type DefaultLock = super::CriticalSection;
    #[cfg(all(
        not(loom),
        not(feature = "std"),
        not(zokio_unicore),
        not(feature = "critical-section"),
        target_family = "wasm",
        not(target_feature = "atomics")
    ))]
    pub type DefaultLock = super::SingleThreadLock;
    #[cfg(all(
        not(loom),
        not(feature = "std"),
        not(zokio_unicore),
        not(feature = "critical-section"),
        not(all(target_family = "wasm", not(target_feature = "atomics")))
    ))]
    pub type DefaultLock = super::NoDefaultLock;
}
/// The lock that primitives use unless told otherwise; the table at the top of this module says which it is where.
pub use default::DefaultLock;

/// Short critical sections of the one core, for what has no lock of its own: state words and run queues.
#[cfg(zokio_unicore)]
mod section;
#[cfg(all(zokio_unicore, not(loom)))]
pub use section::CoreLock;
#[cfg(zokio_unicore)]
pub(crate) use section::Section;
