//! The future that `block_on` drives beside the tasks: whether it was woken, and who may not nest.

use core::fmt;

use zokio_core::atomic::{AtomicBool, Ordering};

/// Whether the main future was woken.
pub(crate) trait Woken {
    /// Whether it may ever be.
    const MAY_BE: bool;
    /// Whether it was.
    fn is_set(&self) -> bool;
    /// Whether it was, which is answered once.
    fn take(&self) -> bool;
}

impl Woken for AtomicBool {
    const MAY_BE: bool = true;

    #[inline]
    fn is_set(&self) -> bool {
        self.load(Ordering::Relaxed)
    }

    #[inline]
    fn take(&self) -> bool {
        // Ordering: relaxed load, acquire swap: pairs with the release of whoever woke the main future. Swaps on both sides:
        // a wake that falls between load and swap, or is the first of two, is read by this one all the same, so that what
        // was written before it is visible to the poll that answers it.
        self.load(Ordering::Relaxed) && self.swap(false, Ordering::Acquire)
    }
}

/// There is no main future.
pub(crate) struct Never;

impl Woken for Never {
    const MAY_BE: bool = false;

    #[inline(always)]
    fn is_set(&self) -> bool {
        false
    }

    #[inline(always)]
    fn take(&self) -> bool {
        false
    }
}

/// `block_on` was called from inside an executor: the one that runs would stop running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct NestedBlockOn(());

impl NestedBlockOn {
    /// The error, for whoever refuses on behalf of an executor.
    #[must_use]
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for NestedBlockOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this thread already runs an executor, which `block_on` would stop: await the future instead")
    }
}

impl core::error::Error for NestedBlockOn {}
