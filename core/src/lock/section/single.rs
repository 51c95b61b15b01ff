//! No sections: the target has one thread and no interrupts.

/// Whether a critical section of the crate `critical-section` is a section: there is none.
pub(crate) const CRITICAL: bool = false;

pub(super) type Before = ();

#[inline(always)]
pub(super) fn enter() -> Before {}

#[inline(always)]
pub(super) fn leave((): Before) {}

/// The lock of the one core.
#[cfg(not(loom))]
pub use crate::lock::SingleThreadLock as CoreLock;
