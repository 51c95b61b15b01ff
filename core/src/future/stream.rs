//! A few methods of every stream; with feature `futures-core`, whose `Stream` it is.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

pub use futures_core::Stream;

use super::maybe_done::project;

/// Methods of every stream. Nothing is boxed.
///
/// # Examples
///
/// ```
/// # use std::{pin::Pin, task::{Context, Poll}};
/// use zokio_core::future::{Stream, StreamExt};
///
/// struct Count(u32);
///
/// impl Stream for Count {
///     type Item = u32;
///     fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u32>> {
///         self.0 += 1;
///         Poll::Ready(Some(self.0))
///     }
/// }
///
/// # async fn example() {
/// let squares: Vec<u32> = Count(0).map(|n| n * n).filter(|n| n % 2 == 1).take(3).collect().await;
/// assert_eq!(squares, [1, 9, 25]);
/// # }
/// ```
pub trait StreamExt: Stream + Sized {
    /// Waits for the next item; `None` is the end.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost, where the stream's own `poll_next` loses nothing.
    fn next(&mut self) -> Next<'_, Self>
    where
        Self: Unpin,
    {
        Next { stream: self }
    }

    /// Changes each item.
    fn map<T, M: FnMut(Self::Item) -> T>(self, map: M) -> MapItems<Self, M> {
        MapItems { stream: self, map }
    }

    /// Leaves out items for which `keep` is false.
    fn filter<K: FnMut(&Self::Item) -> bool>(self, keep: K) -> Filter<Self, K> {
        Filter { stream: self, keep }
    }

    /// Ends after so many items.
    fn take(self, items: usize) -> Take<Self> {
        Take { stream: self, left: items }
    }

    /// Makes one value of all items.
    ///
    /// # Cancel safety
    ///
    /// What has been made so far is *lost*.
    fn fold<A, M: FnMut(A, Self::Item) -> A>(self, begin: A, add: M) -> Fold<Self, A, M> {
        Fold { stream: self, value: Some(begin), add }
    }

    /// Calls `f` on each item.
    ///
    /// # Cancel safety
    ///
    /// Items that have been handled stay so; the stream is dropped.
    fn for_each<M: FnMut(Self::Item)>(self, mut f: M) -> impl Future<Output = ()> {
        self.fold((), move |(), item| f(item))
    }

    /// Puts all items into a collection.
    ///
    /// # Cancel safety
    ///
    /// What has been collected is *lost*.
    fn collect<C: Default + Extend<Self::Item>>(self) -> impl Future<Output = C> {
        self.fold(C::default(), |mut all, item| {
            all.extend([item]);
            all
        })
    }
}

impl<S: Stream> StreamExt for S {}

/// The future of [`StreamExt::next`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Next<'a, S> {
    stream: &'a mut S,
}

impl<S: Stream + Unpin> Future for Next<'_, S> {
    type Output = Option<S::Item>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        Pin::new(&mut *self.stream).poll_next(cx)
    }
}

/// The stream of [`StreamExt::map`].
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct MapItems<S, M> {
    stream: S,
    map: M,
}

impl<S: Unpin, M> Unpin for MapItems<S, M> {}

impl<T, S: Stream, M: FnMut(S::Item) -> T> Stream for MapItems<S, M> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let (stream, map) = project!(self => stream, map);
        stream.poll_next(cx).map(|item| item.map(unpinned(map)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}

/// The stream of [`StreamExt::filter`].
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Filter<S, K> {
    stream: S,
    keep: K,
}

impl<S: Unpin, K> Unpin for Filter<S, K> {}

impl<S: Stream, K: FnMut(&S::Item) -> bool> Stream for Filter<S, K> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let (mut stream, keep) = project!(self => stream, keep);
        let keep = unpinned(keep);
        loop {
            match ready!(stream.as_mut().poll_next(cx)) {
                Some(item) if !keep(&item) => {}
                item => return Poll::Ready(item),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, self.stream.size_hint().1)
    }
}

/// The stream of [`StreamExt::take`].
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Take<S> {
    stream: S,
    left: usize,
}

impl<S: Stream> Stream for Take<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let (stream, mut left) = project!(self => stream, left);
        if *left == 0 {
            return Poll::Ready(None);
        }
        let item = ready!(stream.poll_next(cx));
        *left = if item.is_some() { *left - 1 } else { 0 };
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = self.stream.size_hint();
        (least.min(self.left), Some(most.map_or(self.left, |most| most.min(self.left))))
    }
}

/// The future of [`StreamExt::fold`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Fold<S, A, M> {
    stream: S,
    value: Option<A>,
    add: M,
}

impl<S: Unpin, A, M> Unpin for Fold<S, A, M> {}

impl<S: Stream, A, M: FnMut(A, S::Item) -> A> Future for Fold<S, A, M> {
    type Output = A;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<A> {
        let (mut stream, value, add) = project!(self => stream, value, add);
        let (value, add) = (unpinned(value), unpinned(add));
        loop {
            let item = ready!(stream.as_mut().poll_next(cx));
            let so_far = value.take().expect("a fold was polled after it had completed");
            match item {
                Some(item) => *value = Some(add(so_far, item)),
                None => return Poll::Ready(so_far),
            }
        }
    }
}

/// A field that is never pinned: a closure, a value.
fn unpinned<T>(field: Pin<&mut T>) -> &mut T {
    // SAFETY: *structural*, but for fields that are not polled: nobody hands out a pin to one.
    unsafe { field.get_unchecked_mut() }
}
