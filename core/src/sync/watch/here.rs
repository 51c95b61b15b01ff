//! How many looks at watched values the present thread has. A look stays on its thread; one that is forgotten counts for ever, and
//! then its thread gives way to nobody.

#[cfg(all(feature = "std", not(any(loom, shuttle))))]
mod counted {
    use core::cell::Cell;

    std::thread_local! {
        static LOOKS: Cell<usize> = const { Cell::new(0) };
    }

    #[inline]
    pub(in super::super) fn begin() {
        LOOKS.set(LOOKS.get().wrapping_add(1));
    }

    #[inline]
    pub(in super::super) fn end() {
        LOOKS.set(LOOKS.get().wrapping_sub(1));
    }

    pub(in super::super) fn looks() -> bool {
        LOOKS.get() != 0
    }
}

/// Where nobody gives way there is nothing to count, and the threads of a model share what is a thread's.
#[cfg(not(all(feature = "std", not(any(loom, shuttle)))))]
mod counted {
    #[inline(always)]
    pub(in super::super) fn begin() {}

    #[inline(always)]
    pub(in super::super) fn end() {}

    pub(in super::super) fn looks() -> bool {
        false
    }
}

pub(super) use counted::{begin, end, looks};
