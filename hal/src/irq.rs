//! From an interrupt to the task that waits for it.
//!
//! An interrupt may come before anybody waits, and several may come before the task that waits is polled. So a [`Line`]
//! counts first and wakes afterwards, and the waiter registers first and looks at the count afterwards.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use zokio_core::atomic::{AtomicU32, Ordering, const_fn};
use zokio_core::lock::{DefaultLock, RawLock};
use zokio_core::sync::WaitCell;

/// One interrupt line: counts what has come, and wakes the task that waits.
///
/// The handler acknowledges the device and calls [`on_irq`](Self::on_irq), nothing else.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_hal::irq::Line;
///
/// static BUTTON: Line = Line::new();
///
/// fn handler() {
///     BUTTON.on_irq();
/// }
///
/// async fn presses() -> u32 {
///     BUTTON.wait().await
/// }
/// # handler();
/// # assert_eq!(BUTTON.take(), 1);
/// # }
/// ```
#[derive(Debug)]
pub struct Line<L = DefaultLock> {
    count: AtomicU32,
    cell: WaitCell<L>,
}

impl<L: RawLock> Line<L> {
    const_fn! {
        /// A line on which nothing has come.
        #[must_use]
        pub const fn new() -> Self {
            Self { count: AtomicU32::new(0), cell: WaitCell::new() }
        }
    }

    /// Counts one interrupt and wakes the waiter. For interrupt handlers.
    ///
    /// # Cost
    ///
    /// One read-modify-write and one short lock; the wake is one transition and one push.
    #[inline]
    pub fn on_irq(&self) {
        // Ordering: Release pairs with the Acquire in `take`: what the handler wrote for the task (a received byte) is
        // visible to it. Saturates, so that no number of interrupts counts as none.
        let _ = self.count.fetch_update(Ordering::Release, Ordering::Relaxed, |count| count.checked_add(1));
        self.cell.wake();
    }

    /// How many interrupts have come since the last answer; none of them is counted again.
    pub fn take(&self) -> u32 {
        // Ordering: Acquire pairs with the Release in `on_irq`.
        self.count.swap(0, Ordering::Acquire)
    }

    /// Waits until at least one interrupt has come since the last answer, and says how many.
    ///
    /// One task at a time: of two that wait on one line, each interrupt reaches either.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: what came stays counted.
    pub fn wait(&self) -> Wait<'_, L> {
        Wait { line: self }
    }
}

impl<L: RawLock> Default for Line<L> {
    fn default() -> Self {
        Self::new()
    }
}

/// Waits for an interrupt; see [`Line::wait`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Wait<'a, L: RawLock = DefaultLock> {
    line: &'a Line<L>,
}

impl<L: RawLock> Future for Wait<'_, L> {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        self.line.cell.register(cx.waker());
        match self.line.take() {
            0 => Poll::Pending,
            count => Poll::Ready(count),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use core::pin::pin;
    use core::task::Waker;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;
    use zokio_core::lock::LocalLock;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn interrupts_before_the_wait_are_counted() {
        let line: Line<LocalLock> = Line::new();
        line.on_irq();
        line.on_irq();
        let cx = &mut Context::from_waker(Waker::noop());
        assert_eq!(pin!(line.wait()).poll(cx), Poll::Ready(2));
        assert_eq!(pin!(line.wait()).poll(cx), Poll::Pending);
    }

    #[test]
    fn an_interrupt_wakes_the_waiter() {
        let line: Line<LocalLock> = Line::new();
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let cx = &mut Context::from_waker(&waker);
        let mut wait = pin!(line.wait());
        assert_eq!(wait.as_mut().poll(cx), Poll::Pending);
        line.on_irq();
        line.on_irq();
        assert_eq!(count.0.load(Ordering::Relaxed), 1, "one wake for what one poll will see");
        assert_eq!(wait.as_mut().poll(cx), Poll::Ready(2));
    }

    #[test]
    fn a_cancelled_wait_loses_nothing() {
        let line: Line<LocalLock> = Line::new();
        let cx = &mut Context::from_waker(Waker::noop());
        {
            let mut wait = pin!(line.wait());
            assert_eq!(wait.as_mut().poll(cx), Poll::Pending);
            line.on_irq();
        }
        assert_eq!(pin!(line.wait()).poll(cx), Poll::Ready(1));
    }

    #[test]
    fn the_count_saturates() {
        let line: Line<LocalLock> = Line::new();
        line.count.store(u32::MAX, Ordering::Relaxed);
        line.on_irq();
        assert_eq!(line.take(), u32::MAX);
        assert_eq!(line.take(), 0);
    }
}
