//! A value that is set once, and awaited.

use super::slot::Slot;
use super::wait_queue::WaitQueue;
use crate::const_fn;
use crate::lock::{DefaultLock, RawLock};

/// A value that is set once, and for which tasks wait.
///
/// Names and meaning are those of `tokio::sync::SetOnce`. Where the value is to be made by an async function of the first
/// who needs it, [`OnceCell`](super::OnceCell) is the tool.
///
/// # Cost
///
/// Looking is one load. Setting is two atomic operations and that of [`WaitQueue::close`]; it may happen in an interrupt
/// where `L` may be taken in one. A waiter's place is inside its future.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::SetOnce;
///
/// static ADDRESS: SetOnce<[u8; 4]> = SetOnce::const_new();
///
/// async fn report() -> u8 {
///     ADDRESS.wait().await[0]
/// }
///
/// ADDRESS.set([10, 0, 0, 7]).expect("set here only");
/// # let _ = report();
/// # }
/// ```
pub struct SetOnce<T, L: RawLock = DefaultLock> {
    slot: Slot<T>,
    /// Closed once there is a value.
    queue: WaitQueue<L>,
}

impl<T> SetOnce<T> {
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
            Self { slot: Slot::new(Some(value)), queue: WaitQueue::with_lock() }
        }
    }

    const_fn! {
        /// Makes one with a value, or without.
        #[must_use]
        pub const fn new_with(value: Option<T>) -> Self {
            Self { slot: Slot::new(value), queue: WaitQueue::with_lock() }
        }
    }
}

impl<T, L: RawLock> SetOnce<T, L> {
    const_fn! {
        /// Makes one without a value. The type says which lock guards it.
        #[must_use]
        pub const fn with_lock() -> Self {
            Self { slot: Slot::new(None), queue: WaitQueue::with_lock() }
        }
    }

    /// Whether there is a value.
    pub fn initialized(&self) -> bool {
        self.get().is_some()
    }

    /// The value, if it is set.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        self.slot.get()
    }

    /// Sets the value, and wakes all who wait for it.
    ///
    /// # Errors
    ///
    /// [`SetOnceError`] with the value, if one was set before.
    ///
    /// # Cost
    ///
    /// Two sections under the lock, in the first of which the value is moved in, and one more for every few who wait.
    pub fn set(&self, value: T) -> Result<(), SetOnceError<T>> {
        // Under the lock, so that whom another one was before finds the value there.
        self.queue.close_after(|| self.slot.put(value)).map_err(SetOnceError)
    }

    /// Waits for the value.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn wait(&self) -> &T {
        loop {
            if let Some(value) = self.get() {
                return value;
            }
            // The queue is closed after the value is set, and nobody wakes it before.
            let _ = self.queue.wait().await;
        }
    }

    /// Returns the value, if it was set.
    pub fn into_inner(self) -> Option<T> {
        self.slot.into_inner()
    }
}

impl<T> Default for SetOnce<T> {
    fn default() -> Self {
        Self::with_lock()
    }
}

impl<T> From<T> for SetOnce<T> {
    fn from(value: T) -> Self {
        Self::const_new_with(value)
    }
}

impl<T: Clone> Clone for SetOnce<T> {
    fn clone(&self) -> Self {
        Self::new_with(self.get().cloned())
    }
}

impl<T: PartialEq, L: RawLock> PartialEq for SetOnce<T, L> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq, L: RawLock> Eq for SetOnce<T, L> {}

impl<T: core::fmt::Debug, L: RawLock> core::fmt::Debug for SetOnce<T, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SetOnce").field("value", &self.get()).finish()
    }
}

/// There is a value already: this one comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SetOnceError<T>(pub T);

impl<T> core::fmt::Display for SetOnceError<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the value is set already")
    }
}

impl<T: core::fmt::Debug> core::error::Error for SetOnceError<T> {}
