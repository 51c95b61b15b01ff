//! The lock between threads.

/// Excludes threads.
///
/// # Cost
///
/// An atomic exchange to take, a store and a look to leave: half of what a mutex of the operating system costs, whose
/// leave is an exchange too. Who finds it taken looks some hundred and fifty times, then sleeps until it is called; nobody who sleeps here
/// is called in vain. It comes to that where the holder was interrupted inside of one of this crate's short sections, or where
/// it has a lower priority: then who leaves calls the operating system. A panic inside does not poison it: the closures of
/// this crate run no foreign code.
#[derive(Debug)]
pub struct StdLock(imp::Raw);

// SAFETY: where a thread has the lock, taking it again does not return.
unsafe impl super::Unnested for StdLock {}

// SAFETY: one closure at a time is what a flag or a mutex does.
unsafe impl super::RawLock for StdLock {
    const INIT: Self = Self(imp::raw());

    #[inline(always)]
    fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        let _held = imp::take(&self.0);
        f()
    }
}

#[cfg(not(shuttle))]
mod imp {
    use core::time::Duration;
    use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

    use crate::lock::flag::{Bed, Bell, Flag, Held};

    /// Longer than any sleep that is ended by a call.
    const LONGEST: Duration = Duration::from_millis(10);

    /// Where threads sleep.
    #[derive(Debug)]
    pub(super) struct Dormitory {
        door: Mutex<()>,
        bell: Condvar,
    }

    pub(super) type Raw = Flag<Dormitory>;

    impl Dormitory {
        fn door(&self) -> MutexGuard<'_, ()> {
            self.door.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    impl Bed for Dormitory {
        #[inline]
        fn pause(&self) {
            core::hint::spin_loop();
        }

        fn sleep(&self, is_rung: impl FnOnce() -> bool) {
            let door = self.door();
            if !is_rung() {
                drop(self.bell.wait_timeout(door, LONGEST));
            }
        }
    }

    impl Bell for Dormitory {
        fn ring(&self) {
            // Who was not told that it is rung is asleep when the door is free.
            drop(self.door());
            self.bell.notify_one();
        }
    }

    pub(super) const fn raw() -> Raw {
        Flag::new(Dormitory { door: Mutex::new(()), bell: Condvar::new() })
    }

    #[inline(always)]
    pub(super) fn take(raw: &Raw) -> Held<'_, Dormitory> {
        raw.take()
    }
}

#[cfg(shuttle)]
mod imp {
    use shuttle::sync::MutexGuard;
    use std::sync::PoisonError;

    pub(super) type Raw = shuttle::sync::Mutex<()>;

    pub(super) const fn raw() -> Raw {
        Raw::new(())
    }

    pub(super) fn take(raw: &Raw) -> MutexGuard<'_, ()> {
        raw.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
