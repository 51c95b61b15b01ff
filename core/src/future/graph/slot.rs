//! Where a node leaves its output.

use crate::atomic::{AtomicUsize, Ordering, UnsafeCell};

const EMPTY: usize = 0;
const WRITTEN: usize = 1;
const SET: usize = 2;

/// That an output was left: nobody else can say so.
#[derive(Debug)]
pub struct Left(());

/// An output, once there is one.
///
/// *written once*: who moves the state from `EMPTY` to `WRITTEN` writes the value, and moves it to `SET`; from then on it is
/// only read.
#[derive(Debug)]
pub struct Slot<T> {
    state: AtomicUsize,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: *written once*: threads that share it move a `T` in and share it afterwards.
unsafe impl<T: Send + Sync> Sync for Slot<T> {}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Slot<T> {
    crate::const_fn! {
        /// No output yet.
        pub const fn new() -> Self {
            Self { state: AtomicUsize::new(EMPTY), value: UnsafeCell::new(None) }
        }
    }

    /// Leaves the output.
    ///
    /// # Panics
    ///
    /// Panics where there is one.
    pub fn set(&self, output: T) -> Left {
        // Ordering: relaxed: only the winner goes on, and publishes by the store below.
        let won = self.state.compare_exchange(EMPTY, WRITTEN, Ordering::Relaxed, Ordering::Relaxed);
        assert!(won.is_ok(), "a node of a task graph has one output");
        // SAFETY: *written once*: won above.
        self.value.with_mut(|value| unsafe { *value = Some(output) });
        // Ordering: release: pairs with the acquire in `get`.
        self.state.store(SET, Ordering::Release);
        Left(())
    }

    /// The output, if there is one.
    pub fn get(&self) -> Option<&T> {
        // Ordering: acquire: pairs with the release in `set`.
        if self.state.load(Ordering::Acquire) != SET {
            return None;
        }
        // SAFETY: *written once*: only read from now on.
        self.value.with(|value| unsafe { &*value }).as_ref()
    }

    /// The output of a node that has completed, for one that needs it.
    ///
    /// # Panics
    ///
    /// Panics where there is none.
    pub fn output(&self) -> &T {
        self.get().expect("a node of a task graph is polled after all that it needs")
    }

    /// The output of a node that has completed.
    ///
    /// # Panics
    ///
    /// Panics where there is none.
    pub fn take(self) -> T {
        self.value.into_inner().expect("every node of a task graph has completed")
    }
}
