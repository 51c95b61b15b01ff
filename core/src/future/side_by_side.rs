//! The futures of one `select!` or `join!`, side by side in one place.
//!
//! Pinned one by one, each would cost its future a pointer, in every place where the macro is awaited. Here they lie in the
//! future that polls them, which costs nothing.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::maybe_done::project;

/// A future and those after it; the last rest is `()`. Dropped in order.
#[doc(hidden)]
#[derive(Debug)]
pub struct Parts<F, R> {
    first: F,
    rest: R,
}

impl<F, R> Parts<F, R> {
    /// Puts a future before others.
    #[inline]
    pub const fn new(first: F, rest: R) -> Self {
        Self { first, rest }
    }

    /// The first, and those after it.
    #[inline]
    pub fn split(self: Pin<&mut Self>) -> (Pin<&mut F>, Pin<&mut R>) {
        project!(self => first, rest)
    }
}

/// A future of [`Parts`] and of what is done with them at each poll.
#[doc(hidden)]
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct SideBySide<P, F> {
    parts: P,
    poll: F,
}

impl<P, F> SideBySide<P, F> {
    /// Polls `parts` by `poll`.
    #[inline]
    pub const fn new<T>(parts: P, poll: F) -> Self
    where
        F: FnMut(Pin<&mut P>, &mut Context<'_>) -> Poll<T>,
    {
        Self { parts, poll }
    }
}

impl<P, T, F> Future for SideBySide<P, F>
where
    F: FnMut(Pin<&mut P>, &mut Context<'_>) -> Poll<T> + Unpin,
{
    type Output = T;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let (parts, poll) = project!(self => parts, poll);
        (poll.get_mut())(parts, cx)
    }
}
