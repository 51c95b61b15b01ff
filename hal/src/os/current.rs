//! The reactor of the present thread.
//!
//! Whoever runs workers enters the runtime's handle on each of their threads; `TcpListener::bind` and its like look
//! here. There are `_with` constructors for those who would rather hand the handle over.

use core::cell::{Cell, RefCell};
use core::marker::PhantomData;
use std::io;

use super::ReactorHandle;

std::thread_local! {
    static CURRENT: RefCell<Option<ReactorHandle>> = const { RefCell::new(None) };
    /// How many guards there are, one within the other.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

fn replace(next: Option<ReactorHandle>) -> Option<ReactorHandle> {
    // Gone while the thread's locals are destroyed: nothing is current then.
    CURRENT.try_with(|current| current.replace(next)).unwrap_or(None)
}

fn enter(next: Option<ReactorHandle>) -> EnterGuard {
    let depth = DEPTH.get() + 1;
    DEPTH.set(depth);
    EnterGuard { before: replace(next), depth, _here: PhantomData }
}

impl ReactorHandle {
    /// Makes this the reactor of the present thread until the guard is dropped, which restores the one before.
    #[cfg_attr(not(feature = "net"), allow(unreachable_code))] // then there is none to enter
    pub fn enter(&self) -> EnterGuard {
        enter(Some(self.clone()))
    }

    /// Makes `next` the reactor of the present thread until the guard is dropped; `None` hides the one there is, for a
    /// runtime without sockets inside of one that has them.
    pub fn enter_or_hide(next: Option<&Self>) -> EnterGuard {
        enter(next.cloned())
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
///
/// One that is dropped by a panic while a later one lives leaves that one's reactor alone, as core's `Held` leaves the context: the two
/// guards of a runtime are one, and a context that is dropped out of order panics. Without a panic, a later one has been
/// forgotten, and is left here.
#[derive(Debug)]
#[must_use = "dropping it leaves the context"]
pub struct EnterGuard {
    before: Option<ReactorHandle>,
    depth: usize,
    _here: PhantomData<*const ()>,
}

impl Drop for EnterGuard {
    fn drop(&mut self) {
        if DEPTH.get() != self.depth && std::thread::panicking() {
            return;
        }
        DEPTH.set(self.depth - 1);
        replace(self.before.take());
    }
}
