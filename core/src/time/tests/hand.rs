//! A clock moved by hand, and wakers that count.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::Wake;

use crate::time::{Clock, Instant};

/// A clock that stands until it is moved, and counts what the queue told it.
#[derive(Debug, Default)]
pub struct Hand {
    nanos: AtomicU64,
    pub rearmed: AtomicUsize,
    /// Whether to panic when it is read.
    pub panics: AtomicBool,
}

impl Hand {
    pub fn set(&self, nanos: u64) {
        self.nanos.store(nanos, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> Instant {
        assert!(!self.panics.load(Ordering::SeqCst), "a clock that panics");
        // A clock does not get to the end of time.
        Instant::from_nanos(self.nanos.load(Ordering::SeqCst).min(u64::MAX - 1))
    }

    fn rearm(&self, _: Instant) {
        self.rearmed.fetch_add(1, Ordering::SeqCst);
    }
}

/// Counts how often it was woken.
#[derive(Debug, Default)]
pub struct Count {
    pub woken: AtomicUsize,
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Ordering::SeqCst);
    }
}
