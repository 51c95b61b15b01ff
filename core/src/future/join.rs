//! All of several futures, by function.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::maybe_done::{MaybeDone, item, project};
use super::rotation::Rotation;

/// Why every output is there when it is taken.
const ALL_DONE: &str = "every part has completed";

macro_rules! join {
    (
        $(#[$join_doc:meta])* fn $join:ident $Join:ident,
        $(#[$try_doc:meta])* fn $try_join:ident $TryJoin:ident,
        $count:literal: $($part:ident $nth:literal: $Part:ident $Value:ident),+
    ) => {
        $(#[$join_doc])*
        #[inline]
        pub fn $join<$($Part: IntoFuture),+>($($part: $Part),+) -> $Join<$($Part::IntoFuture),+> {
            $Join { $($part: MaybeDone::new($part),)+ rotation: Rotation::new() }
        }

        #[doc = concat!("The future of [`", stringify!($join), "`].")]
        #[must_use = "futures do nothing unless awaited"]
        pub struct $Join<$($Part: Future),+> {
            $($part: MaybeDone<$Part>,)+
            rotation: Rotation,
        }

        impl<$($Part: Future),+> Future for $Join<$($Part),+> {
            type Output = ($($Part::Output,)+);

            #[inline]
            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let ($(mut $part,)+ rotation) = project!(self => $($part,)+ rotation);
                let mut done = true;
                for part in rotation.get_mut().round($count) {
                    done &= match part {
                        $($nth => $part.as_mut().poll(cx),)+
                        _ => true,
                    };
                }
                if done { Poll::Ready(($($part.take().expect(ALL_DONE),)+)) } else { Poll::Pending }
            }
        }

        impl<$($Part: Future),+> core::fmt::Debug for $Join<$($Part),+> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct(stringify!($Join)).finish_non_exhaustive()
            }
        }

        $(#[$try_doc])*
        #[inline]
        pub fn $try_join<$($Part, $Value,)+ Fail>($($part: $Part),+) -> $TryJoin<$($Part::IntoFuture),+>
        where
            $($Part: IntoFuture<Output = Result<$Value, Fail>>),+
        {
            $TryJoin { $($part: MaybeDone::new($part),)+ rotation: Rotation::new() }
        }

        #[doc = concat!("The future of [`", stringify!($try_join), "`].")]
        #[must_use = "futures do nothing unless awaited"]
        pub struct $TryJoin<$($Part: Future),+> {
            $($part: MaybeDone<$Part>,)+
            rotation: Rotation,
        }

        impl<$($Part, $Value,)+ Fail> Future for $TryJoin<$($Part),+>
        where
            $($Part: Future<Output = Result<$Value, Fail>>),+
        {
            type Output = Result<($($Value,)+), Fail>;

            #[inline]
            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let ($(mut $part,)+ rotation) = project!(self => $($part,)+ rotation);
                let rotation = rotation.get_mut();
                let mut done = true;
                for part in rotation.round($count) {
                    let polled = match part {
                        $($nth => $part.as_mut().try_poll(cx),)+
                        _ => Ok(true),
                    };
                    match polled {
                        Ok(this) => done &= this,
                        Err(error) => {
                            rotation.begin_with(part);
                            return Poll::Ready(Err(error));
                        }
                    }
                }
                if done { Poll::Ready(Ok(($($part.take_ok().expect(ALL_DONE),)+))) } else { Poll::Pending }
            }
        }

        impl<$($Part: Future),+> core::fmt::Debug for $TryJoin<$($Part),+> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct(stringify!($TryJoin)).finish_non_exhaustive()
            }
        }
    };
}

join! {
    /// Waits for two futures at once and gives both outputs.
    ///
    /// Every unfinished future is polled at every poll. The first poll goes in order, each later one begins one further in
    /// a circle, so that a future which uses up the task's budget starves none. A future is dropped as soon as it
    /// completes; its output is kept until the last one has.
    ///
    /// # Panics
    ///
    /// If polled after it has completed.
    ///
    /// # Cancel safety
    ///
    /// When it is dropped while pending, unfinished futures are dropped in order, and so are the outputs of those that
    /// had finished: *data* is lost with them. Handing in pinned references keeps the futures, not those outputs.
    ///
    /// # Cost
    ///
    /// For each future the larger of future and output, and a word; one word more; no allocation.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::future::ready;
    /// use zokio_core::future::join;
    ///
    /// # async fn example() {
    /// assert_eq!(join(ready(1), ready("one")).await, (1, "one"));
    /// # }
    /// ```
    fn join Join,
    /// Waits for two fallible futures at once: both values, or the first error.
    ///
    /// At the first error no future is polled any more. Those that are left, and the values of those that had finished, are
    /// dropped with the future that this gives: at once where it is awaited in place. Where two would fail in one poll, the
    /// error of the one that is polled first is given; which that is, [`join`] says.
    ///
    /// # Panics
    ///
    /// If polled after it has completed.
    ///
    /// # Cancel safety
    ///
    /// As [`join`].
    ///
    /// # Cost
    ///
    /// As [`join`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::future::ready;
    /// use zokio_core::future::try_join;
    ///
    /// # async fn example() {
    /// assert_eq!(try_join(ready(Ok(1)), ready(Err::<(), _>("no"))).await, Err("no"));
    /// # }
    /// ```
    fn try_join TryJoin,
    2: a 0: A TA, b 1: B TB
}
join! {
    /// Waits for three futures at once; as [`join`].
    fn join3 Join3,
    /// Waits for three fallible futures at once; as [`try_join`].
    fn try_join3 TryJoin3,
    3: a 0: A TA, b 1: B TB, c 2: C TC
}
join! {
    /// Waits for four futures at once; as [`join`].
    fn join4 Join4,
    /// Waits for four fallible futures at once; as [`try_join`].
    fn try_join4 TryJoin4,
    4: a 0: A TA, b 1: B TB, c 2: C TC, d 3: D TD
}
join! {
    /// Waits for five futures at once; as [`join`].
    fn join5 Join5,
    /// Waits for five fallible futures at once; as [`try_join`].
    fn try_join5 TryJoin5,
    5: a 0: A TA, b 1: B TB, c 2: C TC, d 3: D TD, e 4: E TE
}
join! {
    /// Waits for six futures at once; as [`join`].
    fn join6 Join6,
    /// Waits for six fallible futures at once; as [`try_join`].
    fn try_join6 TryJoin6,
    6: a 0: A TA, b 1: B TB, c 2: C TC, d 3: D TD, e 4: E TE, f 5: F TF
}

/// Waits for all futures of an array at once: an array of their outputs, in the same order.
///
/// An empty array is ready at once. Otherwise as [`join`].
///
/// # Panics
///
/// If polled after it has completed, unless the array was empty: that is ready again.
///
/// # Cancel safety
///
/// As [`join`].
///
/// # Cost
///
/// For each future the larger of future and output, and a word; one word more. Every wake-up polls all unfinished ones: for more than
/// a few dozen, tasks are cheaper.
///
/// # Examples
///
/// ```
/// use std::future::ready;
/// use zokio_core::future::join_array;
///
/// # async fn example() {
/// assert_eq!(join_array([1, 2, 3].map(ready)).await, [1, 2, 3]);
/// # }
/// ```
#[inline]
pub fn join_array<F: Future, const N: usize>(futures: [F; N]) -> JoinArray<F, N> {
    JoinArray { parts: futures.map(MaybeDone::Running), rotation: Rotation::new() }
}

/// The future of [`join_array`].
#[must_use = "futures do nothing unless awaited"]
pub struct JoinArray<F: Future, const N: usize> {
    parts: [MaybeDone<F>; N],
    rotation: Rotation,
}

impl<F: Future, const N: usize> Future for JoinArray<F, N> {
    type Output = [F::Output; N];

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (parts, rotation) = project!(self => parts, rotation);
        let mut parts: Pin<&mut [MaybeDone<F>]> = parts;
        let mut done = true;
        for index in rotation.get_mut().round(N) {
            done &= item(parts.as_mut(), index).poll(cx);
        }
        if !done {
            return Poll::Pending;
        }
        Poll::Ready(core::array::from_fn(|index| item(parts.as_mut(), index).take().expect(ALL_DONE)))
    }
}

impl<F: Future, const N: usize> core::fmt::Debug for JoinArray<F, N> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("JoinArray").finish_non_exhaustive()
    }
}

/// Waits for all fallible futures of an array at once: an array of their values, or the first error.
///
/// As [`try_join`] for errors and [`join_array`] for the rest.
///
/// # Panics
///
/// If polled after it has completed.
///
/// # Cancel safety
///
/// As [`join`].
///
/// # Examples
///
/// ```
/// use std::future::ready;
/// use zokio_core::future::try_join_array;
///
/// # async fn example() {
/// assert_eq!(try_join_array([Ok(1), Err("no"), Err("late")].map(ready)).await, Err("no"));
/// # }
/// ```
#[inline]
pub fn try_join_array<F, T, E, const N: usize>(futures: [F; N]) -> TryJoinArray<F, N>
where
    F: Future<Output = Result<T, E>>,
{
    TryJoinArray { parts: futures.map(MaybeDone::Running), rotation: Rotation::new() }
}

/// The future of [`try_join_array`].
#[must_use = "futures do nothing unless awaited"]
pub struct TryJoinArray<F: Future, const N: usize> {
    parts: [MaybeDone<F>; N],
    rotation: Rotation,
}

impl<F: Future<Output = Result<T, E>>, T, E, const N: usize> Future for TryJoinArray<F, N> {
    type Output = Result<[T; N], E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (parts, rotation) = project!(self => parts, rotation);
        let mut parts: Pin<&mut [MaybeDone<F>]> = parts;
        let rotation = rotation.get_mut();
        let mut done = true;
        for index in rotation.round(N) {
            match item(parts.as_mut(), index).try_poll(cx) {
                Ok(this) => done &= this,
                Err(error) => {
                    rotation.begin_with(index);
                    return Poll::Ready(Err(error));
                }
            }
        }
        if !done {
            return Poll::Pending;
        }
        Poll::Ready(Ok(core::array::from_fn(|index| item(parts.as_mut(), index).take_ok().expect(ALL_DONE))))
    }
}

impl<F: Future, const N: usize> core::fmt::Debug for TryJoinArray<F, N> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("TryJoinArray").finish_non_exhaustive()
    }
}
