//! Look without waiting.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::maybe_done::project;

/// Polls a future once: its output if it is ready now, `None` otherwise.
///
/// The future is polled with the waker of the task, so a `None` may be followed by a wake-up of the task; harmless,
/// but it is why handing in a pinned reference and awaiting the future later works.
///
/// # Cancel safety
///
/// The future is dropped with what it holds unless a pinned reference was handed in.
///
/// # Cost
///
/// One poll.
///
/// # Examples
///
/// ```
/// use std::pin::pin;
/// use zokio_core::future::poll_once;
///
/// async fn busy_or(work: impl Future<Output = u32>) -> u32 {
///     let mut work = pin!(work);
///     match poll_once(work.as_mut()).await {
///         Some(done) => done,
///         None => work.await,
///     }
/// }
/// # let _ = busy_or(async { 1 });
/// ```
#[inline]
pub fn poll_once<F: IntoFuture>(future: F) -> PollOnce<F::IntoFuture> {
    PollOnce { future: future.into_future() }
}

/// The future of [`poll_once`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct PollOnce<F> {
    future: F,
}

impl<F: Future> Future for PollOnce<F> {
    type Output = Option<F::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (future,) = project!(self => future);
        Poll::Ready(match future.poll(cx) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    }
}
