//! A value for one task at a time, held across awaits.

use core::future::Future;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use super::waiters::{Protocol, Section, Step, Waiters};
use crate::atomic::UnsafeCell;
use crate::const_fn;
use crate::lock::{DefaultLock, RawLock};

/// A value that one task at a time may use, for as long as it likes, across awaits too.
///
/// Waiting never spins and never blocks the executor. Nothing is poisoned: a guard dropped by a panic unlocks. For a few
/// instructions without an await [`Lock`](crate::lock::Lock) is the cheaper tool.
///
/// # Fairness
///
/// Waiters stand in line. When the mutex is unlocked the first of them is woken, and until it runs the mutex is free for
/// whoever comes: handing it over at once would make every unlock a switch of tasks. That happens to a waiter once; if it
/// finds the mutex taken, the next unlock hands it over.
///
/// ```text
///   lock -> Waiting --unlock: woken, mutex free--> Woken --polled, taken by another--> Passed
///              |                                     |  \                                |
///              |                                     |   unlock before it is polled      | unlock
///           polled, free                        polled, free   \                         |
///              v                                     v          `--> Granted <-----------'
///            owner                                 owner               | polled: owner
/// ```
///
/// # Cost
///
/// `lock` without contention and unlocking take the inner lock once each, for a few instructions; a wait takes it three
/// times. A waiter's place in line is inside its future.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::Mutex;
///
/// static TOTAL: Mutex<u64> = Mutex::new(0);
///
/// async fn add(n: u64) -> u64 {
///     let mut total = TOTAL.lock().await;
///     *total += n;
///     *total
/// }
/// # let _ = add(1);
/// assert_eq!(*TOTAL.try_lock().unwrap(), 0);
/// # }
/// ```
pub struct Mutex<T: ?Sized, L: RawLock = DefaultLock> {
    waiters: Waiters<L, Held, Told>,
    value: UnsafeCell<T>,
}

// SAFETY: *one guard*: the value is reached through the one guard there is at a time, from whichever thread it is on.
unsafe impl<T: ?Sized + Send, L: RawLock + Sync> Sync for Mutex<T, L> {}

/// Whether a guard is there, or on its way to a waiter told so. If not, the list is empty or its first waiter is `Woken`:
/// nobody is left waiting for a mutex that is free.
struct Held(bool);

/// What a waiter is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// To wait.
    Wait,
    /// To come and take the mutex if it is still free.
    Woken,
    /// To wait; the mutex was taken past it.
    Passed,
    /// That the mutex is its own.
    Granted,
}

type Inner<'s> = Section<'s, Held, Told, 1>;

/// Takes the mutex if it is free.
fn take(section: &mut Inner<'_>) -> bool {
    !core::mem::replace(&mut section.state.0, true)
}

/// Frees the mutex, or hands it to the first in line if that one has been passed already.
fn release(section: &mut Inner<'_>) {
    match section.front(0) {
        // Woken and not polled yet: whoever releases now took it past that one.
        Some(Told::Woken | Told::Passed) => {
            section.pop(0, Told::Granted);
        }
        _ => {
            section.state.0 = false;
            section.rouse(0, Told::Woken);
        }
    }
}

impl<T> Mutex<T> {
    const_fn! {
        /// Wraps a value that nobody uses.
        ///
        /// Under another lock than the default one: [`with_lock`](Self::with_lock).
        #[must_use]
        pub const fn new(value: T) -> Self {
            Self::with_lock(value)
        }
    }
}

impl<T, L: RawLock> Mutex<T, L> {
    const_fn! {
        /// Wraps a value that nobody uses. The type says which lock guards it.
        #[must_use]
        pub const fn with_lock(value: T) -> Self {
            Self { waiters: Waiters::new(Held(false)), value: UnsafeCell::new(value) }
        }
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized, L: RawLock> Mutex<T, L> {
    /// Waits for its turn, and returns a guard through which the value is used. Dropping the guard unlocks.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line. If the mutex had been handed to it already, it goes to the next.
    pub fn lock(&self) -> impl Future<Output = MutexGuard<'_, T, L>> {
        self.waiters.wait(Acquire { mutex: self })
    }

    /// Takes the mutex if it is free.
    ///
    /// # Errors
    ///
    /// [`TryLockError`] if it is not.
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T, L>, TryLockError> {
        if self.waiters.with(take) { Ok(MutexGuard::new(self)) } else { Err(TryLockError(())) }
    }

    /// Returns the value; `&mut self` shows that nobody else uses it.
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: `&mut self` excludes every guard for its own lifetime.
        self.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T: Default, L: RawLock> Default for Mutex<T, L> {
    fn default() -> Self {
        Self::with_lock(T::default())
    }
}

impl<T, L: RawLock> From<T> for Mutex<T, L> {
    fn from(value: T) -> Self {
        Self::with_lock(value)
    }
}

impl<T: ?Sized + core::fmt::Debug, L: RawLock> core::fmt::Debug for Mutex<T, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut fields = f.debug_struct("Mutex");
        match self.try_lock() {
            Ok(guard) => fields.field("value", &&*guard),
            Err(_) => fields.field("value", &format_args!("<locked>")),
        };
        fields.finish()
    }
}

/// The right to use a [`Mutex`]'s value; dropping it unlocks.
///
/// It may be shared between threads where the value may, and sent where the value may be sent:
///
/// ```compile_fail,E0277
/// fn shared<T: Sync>() {}
/// shared::<zokio_core::sync::MutexGuard<'_, core::cell::Cell<u8>>>();
/// ```
#[must_use = "the mutex is unlocked as soon as the guard is dropped"]
pub struct MutexGuard<'a, T: ?Sized, L: RawLock = DefaultLock> {
    mutex: &'a Mutex<T, L>,
    /// A guard may be shared and sent as a `&mut T` may.
    _value: PhantomData<&'a mut T>,
}

impl<'a, T: ?Sized, L: RawLock> MutexGuard<'a, T, L> {
    /// *one guard*: called only by who just took the mutex, or was handed it.
    fn new(mutex: &'a Mutex<T, L>) -> Self {
        Self { mutex, _value: PhantomData }
    }
}

impl<T: ?Sized, L: RawLock> Deref for MutexGuard<'_, T, L> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: *one guard*: this one, which is borrowed.
        self.mutex.value.with(|value| unsafe { &*value })
    }
}

impl<T: ?Sized, L: RawLock> DerefMut for MutexGuard<'_, T, L> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: *one guard*: this one, which is borrowed exclusively.
        self.mutex.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T: ?Sized, L: RawLock> Drop for MutexGuard<'_, T, L> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.waiters.with(release);
    }
}

impl<T: ?Sized + core::fmt::Debug, L: RawLock> core::fmt::Debug for MutexGuard<'_, T, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + core::fmt::Display, L: RawLock> core::fmt::Display for MutexGuard<'_, T, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        (**self).fmt(f)
    }
}

/// One waiter's side.
struct Acquire<'a, T: ?Sized, L: RawLock> {
    mutex: &'a Mutex<T, L>,
}

impl<'a, T: ?Sized, L: RawLock> Protocol<1> for Acquire<'a, T, L> {
    type State = Held;
    type Tag = Told;
    type Output = MutexGuard<'a, T, L>;
    const LANE: usize = 0;

    fn poll(&mut self, section: &mut Inner<'_>, told: Option<Told>) -> Step<Self::Output, Told> {
        if told == Some(Told::Granted) || take(section) {
            return Step::Ready(MutexGuard::new(self.mutex));
        }
        Step::Wait(match told {
            Some(Told::Woken | Told::Passed) => Told::Passed,
            _ => Told::Wait,
        })
    }

    fn cancel(&mut self, section: &mut Inner<'_>, told: Told) {
        match told {
            Told::Granted => release(section),
            // It was to come and take a free mutex: the next one is, if it is still free.
            Told::Woken if !section.state.0 => release(section),
            _ => {}
        }
    }
}

/// The mutex is not free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct TryLockError(pub(super) ());

impl core::fmt::Display for TryLockError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the mutex is locked")
    }
}

impl core::error::Error for TryLockError {}
