//! Sections by PRIMASK of a Cortex-M: three instructions in line. No barrier is needed: an interrupt that became pending
//! inside may be taken an instruction or two after the end, and nothing here waits for one.

use core::arch::asm;

/// Whether a critical section of the crate `critical-section` is a section: it may be of another kind.
pub(crate) const CRITICAL: bool = false;

/// PRIMASK as it was.
pub(super) type Before = usize;

#[inline(always)]
pub(super) fn enter() -> Before {
    let before;
    // SAFETY: masks interrupts, which `leave` undoes. Not `nomem`: accesses to memory stay inside.
    unsafe { asm!("mrs {}, PRIMASK", "cpsid i", out(reg) before, options(nostack, preserves_flags)) };
    before
}

#[inline(always)]
pub(super) fn leave(before: Before) {
    // SAFETY: restores what `enter` found, so that sections nest. Not `nomem`, as above.
    unsafe { asm!("msr PRIMASK, {}", in(reg) before, options(nostack, preserves_flags)) };
}

/// Excludes the interrupts of the one core.
///
/// # Cost
///
/// Three instructions besides its work; interrupts are off meanwhile. May be taken in an interrupt.
#[derive(Debug)]
pub struct CoreLock(());

// SAFETY: *one core*: with its interrupts masked nobody else runs. Nested, for there is nothing to wait for.
unsafe impl crate::lock::RawLock for CoreLock {
    const INIT: Self = Self(());
    const MASKS: bool = true;

    #[inline(always)]
    fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        let _section = super::Section::enter();
        f()
    }
}
