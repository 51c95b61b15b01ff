//! [`join_all`] and [`try_join_all`].

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::super::children::Children;
use super::super::maybe_done::{MaybeDone, item};
use crate::task::coop;

/// Waits for all futures of a list, and gives their outputs in the order of the futures.
///
/// Each future has a waker of its own, and is polled when it was woken: joining n futures takes n polls and one for each
/// wake-up, however they finish. A list without futures is ready at once.
///
/// # Panics
///
/// If polled after it has completed, unless the list was empty: that is ready again.
///
/// # Cancel safety
///
/// The futures are dropped, and with them the outputs of those that had finished: *data* is lost.
///
/// # Cost
///
/// One allocation for the waker of each future, and a few for the list, for what its wakers share and for tables that grow. A wake takes one lock for a few instructions.
///
/// # Examples
///
/// ```
/// use zokio_core::future::join_all;
///
/// # async fn example() {
/// let squares = join_all((1..=3).map(|n| async move { n * n })).await;
/// assert_eq!(squares, [1, 4, 9]);
/// # }
/// ```
pub fn join_all<I>(futures: I) -> JoinAll<<I::Item as IntoFuture>::IntoFuture>
where
    I: IntoIterator<Item: IntoFuture>,
{
    JoinAll { list: List::new(futures) }
}

/// Waits for all fallible futures of a list: all values in the order of the futures, or the first error.
///
/// At the first error all futures are dropped. As [`join_all`] otherwise.
///
/// # Errors
///
/// The first error of a future.
///
/// # Panics
///
/// As [`join_all`].
///
/// # Cancel safety
///
/// As [`join_all`].
///
/// # Examples
///
/// ```
/// use zokio_core::future::try_join_all;
///
/// # async fn example() {
/// let parsed = try_join_all(["1", "2", "x"].map(|text| async move { text.parse::<u8>() })).await;
/// assert!(parsed.is_err());
/// # }
/// ```
pub fn try_join_all<I, T, E>(futures: I) -> TryJoinAll<<I::Item as IntoFuture>::IntoFuture>
where
    I: IntoIterator<Item: IntoFuture<Output = Result<T, E>>>,
{
    TryJoinAll { list: List::new(futures) }
}

/// The futures, and which of them were woken.
struct List<F: Future> {
    parts: Pin<Box<[MaybeDone<F>]>>,
    children: Children,
    left: usize,
}

/// What is left of a list after an error.
const FAILED: usize = usize::MAX;

/// What a future came to.
enum Step {
    Pending,
    Done,
}

impl<F: Future> List<F> {
    fn new<I: IntoIterator<Item: IntoFuture<IntoFuture = F>>>(futures: I) -> Self {
        let parts: Box<[_]> = futures.into_iter().map(MaybeDone::new).collect();
        let left = parts.len();
        Self { parts: Box::into_pin(parts), children: Children::woken(left), left }
    }

    /// Polls with `poll` who was woken, until all are done.
    fn poll<E>(
        &mut self,
        cx: &mut Context<'_>,
        mut poll: impl FnMut(Pin<&mut MaybeDone<F>>, &mut Context<'_>) -> Result<Step, E>,
    ) -> Poll<Result<(), E>> {
        assert!(self.left != FAILED, "a joined list was polled after it had completed");
        self.children.register(cx.waker());
        // Who is woken meanwhile has its turn at the next poll: futures that always wake themselves must not keep it.
        for _ in 0..self.children.ready() {
            // What would only hear that the budget is used up, and wake itself, is not polled for that. The unit is given
            // back at once; a refusal is counted, or one that polls again without returning would be refused for ever.
            if coop::poll_proceed(cx).is_pending() {
                break;
            }
            let Some(number) = self.children.next() else { break };
            let mut part = item(self.parts.as_mut(), number);
            if part.as_mut().is_done() {
                continue;
            }
            if let Step::Done = poll(part, &mut Context::from_waker(self.children.waker(number)))? {
                self.left -= 1;
            }
        }
        if self.left == 0 {
            return Poll::Ready(Ok(()));
        }
        if self.children.ready() > 0 {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    fn outputs<T>(&mut self, take: impl Fn(Pin<&mut MaybeDone<F>>) -> Option<T>) -> Vec<T> {
        let parts = &mut self.parts;
        let count = super::super::maybe_done::len(parts.as_mut());
        (0..count).map(|number| take(item(parts.as_mut(), number)).expect("every part has completed")).collect()
    }
}

/// The future of [`join_all`].
#[must_use = "futures do nothing unless awaited"]
pub struct JoinAll<F: Future> {
    list: List<F>,
}

impl<F: Future> Unpin for List<F> {}

impl<F: Future> Future for JoinAll<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let list = &mut self.list;
        let polled = list.poll(cx, |part, cx| {
            Ok::<_, core::convert::Infallible>(if part.poll(cx) { Step::Done } else { Step::Pending })
        });
        polled.map(|_| list.outputs(MaybeDone::take))
    }
}

/// The future of [`try_join_all`].
#[must_use = "futures do nothing unless awaited"]
pub struct TryJoinAll<F: Future> {
    list: List<F>,
}

impl<T, E, F: Future<Output = Result<T, E>>> Future for TryJoinAll<F> {
    type Output = Result<Vec<T>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let list = &mut self.list;
        let polled = list.poll(cx, |part, cx| Ok(if part.try_poll(cx)? { Step::Done } else { Step::Pending }));
        match polled {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(())) => Poll::Ready(Ok(list.outputs(MaybeDone::take_ok))),
            Poll::Ready(Err(error)) => {
                // The others are dropped now, not with the future around.
                list.parts = Box::into_pin(Box::default());
                list.left = FAILED;
                Poll::Ready(Err(error))
            }
        }
    }
}

impl<F: Future> fmt::Debug for JoinAll<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinAll").field("left", &self.list.left).finish_non_exhaustive()
    }
}

impl<F: Future> fmt::Debug for TryJoinAll<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryJoinAll").field("left", &self.list.left).finish_non_exhaustive()
    }
}

impl<F, I: IntoFuture<IntoFuture = F>> FromIterator<I> for JoinAll<F>
where
    F: Future,
{
    fn from_iter<T: IntoIterator<Item = I>>(futures: T) -> Self {
        join_all(futures)
    }
}
