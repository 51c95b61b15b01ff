//! A value that the first who needs it makes.

use core::convert::Infallible;
use core::future::{Future, poll_fn};
use core::pin::pin;

use super::permits::{Acquire, Lease, Permits, Short};
use super::slot::Slot;
use crate::lock::{DefaultLock, RawLock};
use crate::{const_fn, guard};

/// A value that is made once, by an async function of the first who needs it; the others wait.
///
/// Names and meaning are those of `tokio::sync::OnceCell`. If the one that makes the value fails, panics or is dropped, the
/// next in line tries with its own function.
///
/// # Cost
///
/// Looking is one load; who waits, waits as for a [`Semaphore`](super::Semaphore) of one permit.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::OnceCell;
///
/// static CALIBRATION: OnceCell<u32> = OnceCell::const_new();
///
/// async fn measure() -> u32 {
///     7 // takes its time, and is done once
/// }
///
/// async fn corrected(raw: u32) -> u32 {
///     raw - CALIBRATION.get_or_init(measure).await
/// }
/// # let _ = corrected(8);
/// # }
/// ```
pub struct OnceCell<T, L: RawLock = DefaultLock> {
    slot: Slot<T>,
    /// One, for who makes the value; closed once there is one.
    permits: Permits<L>,
}

impl<T> OnceCell<T> {
    const_fn! {
        /// Makes one without a value.
        ///
        /// Under another lock than the default one: [`with_lock`](Self::with_lock).
        #[must_use]
        pub const fn new() -> Self {
            Self::with_lock()
        }
    }

    const_fn! {
        /// The same as [`new`](Self::new), under the name that tokio has for it in a `static`.
        #[must_use]
        pub const fn const_new() -> Self {
            Self::with_lock()
        }
    }

    const_fn! {
        /// Makes one with a value.
        #[must_use]
        pub const fn const_new_with(value: T) -> Self {
            Self { slot: Slot::new(Some(value)), permits: Permits::closed() }
        }
    }

    /// Makes one with a value, or without.
    #[must_use]
    pub fn new_with(value: Option<T>) -> Self {
        value.map_or_else(Self::new, Self::const_new_with)
    }
}

impl<T, L: RawLock> OnceCell<T, L> {
    const_fn! {
        /// Makes one without a value. The type says which lock guards it.
        #[must_use]
        pub const fn with_lock() -> Self {
            Self { slot: Slot::new(None), permits: Permits::new(1, true) }
        }
    }

    /// Whether there is a value.
    pub fn initialized(&self) -> bool {
        self.get().is_some()
    }

    /// The value, if there is one.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        self.slot.get()
    }

    /// The value, to change it, if there is one.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.slot.get_mut()
    }

    /// Sets the value.
    ///
    /// # Errors
    ///
    /// [`SetError`] with the value, if there is one or one is being made.
    pub fn set(&self, value: T) -> Result<(), SetError<T>> {
        match self.permits.take(1) {
            Ok(()) => {
                self.fill(value, Lease { permits: &self.permits, count: 1 });
                self.permits.close();
                Ok(())
            }
            Err(_) if self.initialized() => Err(SetError::AlreadyInitializedError(value)),
            Err(_) => Err(SetError::InitializingError(value)),
        }
    }

    /// The value, made by `f` if there is none.
    ///
    /// # Panics
    ///
    /// If `f` or its future does; somebody else may make the value then.
    ///
    /// # Cancel safety
    ///
    /// The *place in line* is lost if the future is dropped while it waits. If it is dropped while it makes the value, the
    /// next in line makes one.
    pub async fn get_or_init<F, Fut>(&self, f: F) -> &T
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        match self.get_or_try_init(async || Ok::<T, Infallible>(f().await)).await {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// The value, made by `f` if there is none.
    ///
    /// # Errors
    ///
    /// That of `f`; somebody else may make the value then.
    ///
    /// # Panics
    ///
    /// As [`get_or_init`](Self::get_or_init).
    ///
    /// # Cancel safety
    ///
    /// As [`get_or_init`](Self::get_or_init).
    pub async fn get_or_try_init<E, F, Fut>(&self, f: F) -> Result<&T, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let mut acquire = pin!(Acquire::new());
        match poll_fn(|cx| acquire.as_mut().poll(&self.permits, 1, false, cx)).await {
            Ok(()) => {
                // Gives the permit to the next one unless there is a value at the end.
                let lease = Lease { permits: &self.permits, count: 1 };
                let value = f().await?;
                let value = self.fill(value, lease);
                // Who made it has it: a waker that panics now is let go.
                guard::swallow(|| self.permits.close());
                Ok(value)
            }
            Err(Short::Closed | Short::Taken) => Ok(self.get().expect("it is closed by who set the value")),
        }
    }

    /// Puts the value in. Whoever calls it closes the permits.
    fn fill(&self, value: T, lease: Lease<'_, L>) -> &T {
        assert!(self.slot.put(value).is_ok(), "who has the permit is alone");
        core::mem::forget(lease);
        self.get().expect("it was set a moment ago")
    }

    /// Returns the value, if there is one.
    pub fn into_inner(self) -> Option<T> {
        self.slot.into_inner()
    }

    /// Takes the value out, and leaves none.
    pub fn take(&mut self) -> Option<T> {
        core::mem::replace(self, Self::with_lock()).into_inner()
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> Self {
        Self::with_lock()
    }
}

impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> Self {
        Self::const_new_with(value)
    }
}

impl<T: Clone> Clone for OnceCell<T> {
    fn clone(&self) -> Self {
        Self::new_with(self.get().cloned())
    }
}

impl<T: PartialEq, L: RawLock> PartialEq for OnceCell<T, L> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq, L: RawLock> Eq for OnceCell<T, L> {}

impl<T: core::fmt::Debug, L: RawLock> core::fmt::Debug for OnceCell<T, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("OnceCell").field("value", &self.get()).finish()
    }
}

/// The value could not be set, and comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SetError<T> {
    /// There is a value.
    AlreadyInitializedError(T),
    /// Somebody makes one just now.
    InitializingError(T),
}

impl<T> SetError<T> {
    /// Whether there is a value.
    pub fn is_already_init_err(&self) -> bool {
        matches!(self, Self::AlreadyInitializedError(_))
    }

    /// Whether somebody makes one just now.
    pub fn is_initializing_err(&self) -> bool {
        matches!(self, Self::InitializingError(_))
    }
}

impl<T> core::fmt::Display for SetError<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::AlreadyInitializedError(_) => "the value is set already",
            Self::InitializingError(_) => "the value is being made",
        })
    }
}

impl<T: core::fmt::Debug> core::error::Error for SetError<T> {}
