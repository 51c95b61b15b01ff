//! The reactor of the present thread.
//!
//! Whoever runs workers enters the runtime's handle on each of their threads; `TcpListener::bind` and its like look
//! here. There are `_with` constructors for those who would rather hand the handle over.

use core::cell::RefCell;
use core::marker::PhantomData;
use std::io;

use super::ReactorHandle;

std::thread_local! {
    static CURRENT: RefCell<Option<ReactorHandle>> = const { RefCell::new(None) };
}

fn replace(next: Option<ReactorHandle>) -> Option<ReactorHandle> {
    // Gone while the thread's locals are destroyed: nothing is current then.
    CURRENT.try_with(|current| current.replace(next)).unwrap_or(None)
}

impl ReactorHandle {
    /// Makes this the reactor of the present thread until the guard is dropped, which restores the one before.
    #[cfg_attr(not(feature = "net"), allow(unreachable_code))] // then there is none to enter
    pub fn enter(&self) -> EnterGuard {
        EnterGuard { before: replace(Some(self.clone())), _here: PhantomData }
    }

    /// Makes `next` the reactor of the present thread until the guard is dropped; `None` hides the one there is, for a
    /// runtime without sockets inside of one that has them.
    pub fn enter_or_hide(next: Option<&Self>) -> EnterGuard {
        EnterGuard { before: replace(next.cloned()), _here: PhantomData }
    }

    /// Makes `next` (or nothing) the reactor of the present thread and returns the one before: for hooks that run at a
    /// thread's start and cannot keep a guard.
    pub fn replace_current(next: Option<Self>) -> Option<Self> {
        replace(next)
    }

    /// The reactor of the present thread.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`] outside of a runtime, and inside of one that was built without I/O.
    pub fn current() -> io::Result<Self> {
        let current = CURRENT.try_with(|current| current.borrow().clone()).unwrap_or(None);
        current.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::Unsupported,
                "no reactor in this context: sockets need a runtime that was built with `enable_io` (or `enable_all`)",
            )
        })
    }
}

/// Restores the reactor that was current before.
#[derive(Debug)]
#[must_use = "dropping it leaves the context"]
pub struct EnterGuard {
    before: Option<ReactorHandle>,
    _here: PhantomData<*const ()>,
}

impl Drop for EnterGuard {
    fn drop(&mut self) {
        replace(self.before.take());
    }
}
