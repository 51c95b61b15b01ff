//! Sections by the implementation of the crate `critical-section` that the binary chose.

/// Whether a critical section of the crate `critical-section` is a section.
pub(crate) const CRITICAL: bool = true;

pub(super) type Before = critical_section::RestoreState;

#[inline(always)]
pub(super) fn enter() -> Before {
    // SAFETY: `leave` releases it, in the reverse order of nesting: a `Section` lives in one function's frame.
    unsafe { critical_section::acquire() }
}

#[inline(always)]
pub(super) fn leave(before: Before) {
    // SAFETY: what `enter` acquired.
    unsafe { critical_section::release(before) };
}

/// The lock of the one core.
#[cfg(not(loom))]
pub use crate::lock::CriticalSection as CoreLock;
