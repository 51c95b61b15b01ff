//! Step aside once.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

/// Lets other tasks run: wakes its own task and is pending once.
///
/// The task goes to the end of its executor's queue, behind what is ready now; a main future goes behind 61 polls of it at most. Where
/// the order is drawn from a seed it is a task's next poll too that is drawn.
///
/// # Cancel safety
///
/// Nothing is lost; the wake has been sent and its poll finds another future.
///
/// # Cost
///
/// One wake and one poll of the task.
///
/// # Examples
///
/// ```
/// use zokio_core::future::yield_now;
///
/// async fn sum(numbers: &[u32]) -> u32 {
///     let mut sum = 0_u32;
///     for chunk in numbers.chunks(1024) {
///         sum = chunk.iter().fold(sum, |sum, n| sum.wrapping_add(*n));
///         yield_now().await;
///     }
///     sum
/// }
/// # let _ = sum(&[]);
/// ```
#[inline]
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// The future of [`yield_now`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
