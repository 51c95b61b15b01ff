//! Wakers that count.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

/// How often a waker was woken since that was last asked.
#[derive(Clone, Default)]
pub struct Wakes(Arc<Count>);

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Wakes {
    pub fn waker(&self) -> Waker {
        self.0.clone().into()
    }

    pub fn take(&self) -> usize {
        self.0.0.swap(0, Ordering::Relaxed)
    }

    /// How many wakers there are.
    pub fn alive(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}
