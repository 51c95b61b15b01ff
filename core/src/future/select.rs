//! The first of several futures, by function.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::maybe_done::{item, len, project};

macro_rules! select {
    (
        $(#[$fn_doc:meta])* fn $select:ident,
        $Select:ident, $Either:ident: $count:literal,
        $($part:ident: $Part:ident => $Variant:ident $nth:literal),+
    ) => {
        #[doc = concat!("Which of ", $count, " came first, and what it gave.")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        pub enum $Either<$($Part),+> {
            $(
                #[doc = concat!("The ", $nth, ".")]
                $Variant($Part),
            )+
        }

        select!(@into_inner $Either, T, $(($Part => T)),+; $($Variant),+);

        $(#[$fn_doc])*
        #[inline]
        pub fn $select<$($Part: IntoFuture),+>($($part: $Part),+) -> $Select<$($Part::IntoFuture),+> {
            $Select { $($part: $part.into_future()),+ }
        }

        #[doc = concat!("The future of [`", stringify!($select), "`].")]
        #[derive(Debug)]
        #[must_use = "futures do nothing unless awaited"]
        pub struct $Select<$($Part),+> {
            $($part: $Part,)+
        }

        impl<$($Part: Future),+> Future for $Select<$($Part),+> {
            type Output = $Either<$($Part::Output),+>;

            #[inline]
            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let ($($part,)+) = project!(self => $($part),+);
                $(
                    if let Poll::Ready(output) = $part.poll(cx) {
                        return Poll::Ready($Either::$Variant(output));
                    }
                )+
                Poll::Pending
            }
        }
    };
    (@into_inner $Either:ident, $T:ident, $(($Part:ident => $Same:ident)),+; $($Variant:ident),+) => {
        impl<$T> $Either<$($Same),+> {
            /// What the first gave, where all give one type.
            #[inline]
            pub fn into_inner(self) -> $T {
                match self {
                    $(Self::$Variant(output) => output,)+
                }
            }
        }
    };
}

select! {
    /// Waits for the first of two futures and drops the other.
    ///
    /// Biased in order: `a` is polled first at every poll, and where both are ready it wins. Put what must not wait (a
    /// stop signal) first, and what is always ready last. [`select!`](crate::select) has a fair form.
    ///
    /// # Cancel safety
    ///
    /// When one future wins, or when this one is dropped, the others are dropped where they stand; whether something is
    /// lost is said by *their* `Cancel safety`. Handing in a pinned reference keeps a future for later.
    ///
    /// # Cost
    ///
    /// Polls every future on each wake-up until one is ready. As large as the futures, nothing more.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::future::{pending, ready};
    /// use zokio_core::future::{Either, select};
    ///
    /// # async fn example() {
    /// match select(pending::<()>(), ready(2)).await {
    ///     Either::First(()) => unreachable!(),
    ///     Either::Second(number) => assert_eq!(number, 2),
    /// }
    /// # }
    /// ```
    fn select, Select, Either: "two", a: A => First "first", b: B => Second "second"
}
select! {
    /// Waits for the first of three futures and drops the others; as [`select`].
    fn select3, Select3, Either3: "three",
    a: A => First "first", b: B => Second "second", c: C => Third "third"
}
select! {
    /// Waits for the first of four futures and drops the others; as [`select`].
    fn select4, Select4, Either4: "four",
    a: A => First "first", b: B => Second "second", c: C => Third "third", d: D => Fourth "fourth"
}
select! {
    /// Waits for the first of five futures and drops the others; as [`select`].
    fn select5, Select5, Either5: "five",
    a: A => First "first", b: B => Second "second", c: C => Third "third", d: D => Fourth "fourth", e: E => Fifth "fifth"
}
select! {
    /// Waits for the first of six futures and drops the others; as [`select`].
    fn select6, Select6, Either6: "six",
    a: A => First "first", b: B => Second "second", c: C => Third "third", d: D => Fourth "fourth", e: E => Fifth "fifth",
    f: F => Sixth "sixth"
}

/// Waits for the first of the futures in an array: its output and its index. The others are dropped.
///
/// Biased in order: the lowest index wins. An empty array does not compile: nothing in it would ever be first.
///
/// # Cancel safety
///
/// As [`select`].
///
/// # Cost
///
/// Polls every future on each wake-up until one is ready. As large as the array.
///
/// # Examples
///
/// ```
/// use std::future::ready;
/// use zokio_core::future::select_array;
///
/// # async fn example() {
/// assert_eq!(select_array([ready('a'), ready('b')]).await, ('a', 0));
/// # }
/// ```
///
/// ```compile_fail
/// let nothing: [std::future::Ready<()>; 0] = [];
/// let _never = zokio_core::future::select_array(nothing);
/// ```
#[inline]
pub fn select_array<F: Future, const N: usize>(futures: [F; N]) -> SelectArray<F, N> {
    const { assert!(N > 0, "the first of no futures never comes") };
    SelectArray { futures }
}

/// The future of [`select_array`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct SelectArray<F, const N: usize> {
    futures: [F; N],
}

impl<F: Future, const N: usize> Future for SelectArray<F, N> {
    type Output = (F::Output, usize);

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (futures,) = project!(self => futures);
        poll_first(futures, cx)
    }
}

/// Waits for the first of the futures in a pinned slice: its output and its index. All futures stay in the slice.
///
/// Biased in order: the lowest index wins. An empty slice is pending for ever. The slice must be pinned: a future that
/// has been polled may point into itself, so whoever owns the slice must not be able to move it afterwards.
///
/// The future that won stays where it was and has completed; most futures panic when polled again.
///
/// # Cancel safety
///
/// Nothing is lost: the futures belong to the caller.
///
/// # Cost
///
/// Polls every future on each wake-up until one is ready.
///
/// # Examples
///
/// ```
/// use std::future::ready;
/// use std::pin::pin;
/// use zokio_core::future::select_slice;
///
/// # async fn example() {
/// let futures = pin!([ready('a'), ready('b')]);
/// assert_eq!(select_slice(futures).await, ('a', 0));
/// # }
/// ```
///
/// A slice that is not pinned is refused:
///
/// ```compile_fail,E0308
/// let mut futures = [std::future::ready('a'), std::future::ready('b')];
/// let _first = zokio_core::future::select_slice(&mut futures[..]);
/// ```
#[inline]
pub fn select_slice<F: Future>(futures: Pin<&mut [F]>) -> SelectSlice<'_, F> {
    SelectSlice { futures }
}

/// The future of [`select_slice`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct SelectSlice<'a, F> {
    futures: Pin<&'a mut [F]>,
}

impl<F: Future> Future for SelectSlice<'_, F> {
    type Output = (F::Output, usize);

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        poll_first(self.futures.as_mut(), cx)
    }
}

/// Polls in order until one is ready.
#[inline]
fn poll_first<F: Future>(mut futures: Pin<&mut [F]>, cx: &mut Context<'_>) -> Poll<(F::Output, usize)> {
    for index in 0..len(futures.as_mut()) {
        if let Poll::Ready(output) = item(futures.as_mut(), index).poll(cx) {
            return Poll::Ready((output, index));
        }
    }
    Poll::Pending
}
