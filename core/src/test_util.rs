//! Shared by unit tests and models: wakers that count, re-enter and panic, and a lock that notices foreign code under it.
#![allow(dead_code)] // no one selection of features and tests uses all of it

use std::boxed::Box;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{RawWaker, RawWakerVTable, Waker};

use crate::lock::RawLock;

std::thread_local! {
    static HELD: Cell<bool> = const { Cell::new(false) };
}

/// A mutex that panics, instead of waiting for ever, where its own thread holds one already; every event of a
/// [`TestWaker`] panics under it too.
#[derive(Debug)]
pub(crate) struct TestLock(Mutex<()>);

// SAFETY: one closure at a time is what a mutex does.
unsafe impl RawLock for TestLock {
    const INIT: Self = Self(Mutex::new(()));

    fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        struct Release;
        impl Drop for Release {
            fn drop(&mut self) {
                HELD.set(false);
            }
        }
        assert!(!HELD.replace(true), "a lock is taken inside a lock");
        let _release = Release;
        let _held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        f()
    }
}

/// What happens to a waker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// It is cloned.
    Clone,
    /// It is woken, by value or by reference.
    Wake,
    /// It is dropped without being woken.
    Drop,
}

type Hook = Box<dyn Fn(Event) + Send + Sync>;

/// A task made of counters: hands out wakers, counts what happens to them and runs a hook at each event.
#[derive(Clone)]
pub(crate) struct TestWaker(Arc<Shared>);

struct Shared {
    wakes: AtomicUsize,
    clones: AtomicUsize,
    alive: AtomicUsize,
    hook: Mutex<Option<Arc<Hook>>>,
}

impl TestWaker {
    /// Counts only.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared {
            wakes: AtomicUsize::new(0),
            clones: AtomicUsize::new(0),
            alive: AtomicUsize::new(0),
            hook: Mutex::new(None),
        }))
    }

    /// Counts, and runs `hook` at each event.
    pub(crate) fn hooked(hook: impl Fn(Event) + Send + Sync + 'static) -> Self {
        let this = Self::new();
        *this.0.hook.lock().unwrap() = Some(Arc::new(Box::new(hook)));
        this
    }

    /// Panics at each such event, unless the thread is panicking already.
    pub(crate) fn panicking(event: Event) -> Self {
        Self::hooked(move |now| assert!(now != event || std::thread::panicking(), "hostile waker"))
    }

    /// Removes the hook.
    pub(crate) fn unhook(&self) {
        let hook = self.0.hook.lock().unwrap().take();
        drop(hook);
    }

    /// A new waker.
    pub(crate) fn waker(&self) -> Waker {
        self.0.alive.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the table below keeps one `Arc` per waker: made here and in `clone`, given up in `wake` and `drop`.
        unsafe { Waker::new(Arc::into_raw(self.0.clone()).cast(), &TABLE) }
    }

    /// How often it was woken.
    pub(crate) fn wakes(&self) -> usize {
        self.0.wakes.load(Ordering::Relaxed)
    }

    /// How often a waker of it was cloned.
    pub(crate) fn clones(&self) -> usize {
        self.0.clones.load(Ordering::Relaxed)
    }

    /// Wakers that are there.
    pub(crate) fn alive(&self) -> usize {
        self.0.alive.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn event(&self, event: Event) {
        assert!(!HELD.get() || std::thread::panicking(), "a waker's {event:?} runs under a lock");
        let hook = self.hook.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(hook) = hook {
            hook(event);
        }
    }
}

static TABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

fn clone(data: *const ()) -> RawWaker {
    // SAFETY: `data` came from `Arc::into_raw` and the waker that is cloned keeps its count.
    let shared = unsafe { &*data.cast::<Shared>() };
    shared.event(Event::Clone);
    shared.clones.fetch_add(1, Ordering::Relaxed);
    shared.alive.fetch_add(1, Ordering::Relaxed);
    // SAFETY: as above; the count is the new waker's.
    unsafe { Arc::increment_strong_count(data.cast::<Shared>()) };
    RawWaker::new(data, &TABLE)
}

fn wake(data: *const ()) {
    // SAFETY: `data` came from `Arc::into_raw`, and the waker that is consumed gives its count up.
    let shared = unsafe { Arc::from_raw(data.cast::<Shared>()) };
    shared.alive.fetch_sub(1, Ordering::Relaxed);
    shared.wakes.fetch_add(1, Ordering::Relaxed);
    shared.event(Event::Wake);
}

fn wake_by_ref(data: *const ()) {
    // SAFETY: `data` came from `Arc::into_raw` and the waker keeps its count.
    let shared = unsafe { &*data.cast::<Shared>() };
    shared.wakes.fetch_add(1, Ordering::Relaxed);
    shared.event(Event::Wake);
}

fn drop_waker(data: *const ()) {
    // SAFETY: `data` came from `Arc::into_raw`, and the waker that is dropped gives its count up.
    let shared = unsafe { Arc::from_raw(data.cast::<Shared>()) };
    shared.alive.fetch_sub(1, Ordering::Relaxed);
    shared.event(Event::Drop);
}

/// Runs `f` and answers whether it panicked.
pub(crate) fn panics(f: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}
