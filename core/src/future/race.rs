//! The first of two outputs of one type.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::select::{Select, select};

/// Waits for the first of two futures with outputs of one type.
///
/// Biased in order: where both are ready, `a` wins. As [`select`], without saying who won.
///
/// # Cancel safety
///
/// As [`select`].
///
/// # Examples
///
/// ```
/// use std::future::{pending, ready};
/// use zokio_core::future::race;
///
/// # async fn example() {
/// assert_eq!(race(pending(), ready(2)).await, 2);
/// # }
/// ```
#[inline]
pub fn race<A, B>(a: A, b: B) -> Race<A::IntoFuture, B::IntoFuture>
where
    A: IntoFuture,
    B: IntoFuture<Output = A::Output>,
{
    Race { select: select(a, b) }
}

/// The future of [`race`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Race<A, B> {
    select: Select<A, B>,
}

impl<A: Future, B: Future<Output = A::Output>> Future for Race<A, B> {
    type Output = A::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<A::Output> {
        let (select,) = super::maybe_done::project!(self => select);
        select.poll(cx).map(super::Either::into_inner)
    }
}
