//! What the tests and the models of several modules here need.

use std::cell::Cell;

use zokio_core::ambient::{Ambient, Current};

std::thread_local! {
    static CURRENT: Cell<Current> = const { Cell::new(None) };
}

/// Where a thread of a test is at home.
pub(super) struct Here;

// SAFETY: a thread-local cell is reached by its thread only.
#[allow(unsafe_code)]
unsafe impl Ambient for Here {
    fn get() -> Current {
        CURRENT.get()
    }

    unsafe fn swap(next: Current) -> Current {
        CURRENT.replace(next)
    }
}

/// A waker that does nothing but panic when it is dropped.
#[cfg(all(feature = "net", not(loom)))]
pub(super) fn panics_in_its_drop() -> core::task::Waker {
    use std::sync::Arc;
    use std::task::Wake;

    struct Hostile;
    impl Wake for Hostile {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Hostile {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "as planned");
        }
    }
    Arc::new(Hostile).into()
}
