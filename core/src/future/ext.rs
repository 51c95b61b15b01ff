//! What can be done with any future, by method.

use core::future::Future;
use core::ops::ControlFlow;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker, ready};

use super::maybe_done::project;
use crate::guard::{self, Payload};

/// Methods of every future. Nothing is boxed: a combinator is as large as what it holds and a word.
///
/// # Cancel safety
///
/// That of the futures inside, which are dropped; a closure that has not run never does.
///
/// # Examples
///
/// ```
/// use std::future::ready;
/// use zokio_core::future::FutureExt;
///
/// # async fn example() {
/// let length = ready("seven").map(str::len).then(|n| async move { n + 1 });
/// assert_eq!(length.await, 6);
/// assert_eq!(ready(1).now_or_never(), Some(1));
/// # }
/// ```
pub trait FutureExt: Future + Sized {
    /// Changes the output.
    fn map<T, M: FnOnce(Self::Output) -> T>(self, map: M) -> Map<Self, M> {
        Map { future: self, map: Some(map) }
    }

    /// Goes on with another future, made of the output.
    fn then<Next: Future, M: FnOnce(Self::Output) -> Next>(self, next: M) -> impl Future<Output = Next::Output> {
        Chain::new(self, |output| ControlFlow::Continue(next(output)))
    }

    /// Looks at the output.
    fn inspect<M: FnOnce(&Self::Output)>(self, look: M) -> impl Future<Output = Self::Output> {
        self.map(|output| {
            look(&output);
            output
        })
    }

    /// May be polled after it was ready: it is pending for ever then.
    fn fuse(self) -> Fuse<Self> {
        Fuse { future: Some(self) }
    }

    /// Gives a panic of the future as an error. Without feature `std` panics are not caught, and there are no errors.
    ///
    /// # Errors
    ///
    /// What it panicked with. The future must not be polled again.
    fn catch_unwind(self) -> CatchUnwind<Self> {
        CatchUnwind { future: self }
    }

    /// Polls it once, without anybody to wake: the output if it is ready now.
    fn now_or_never(self) -> Option<Self::Output> {
        match pin!(self).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }
}

impl<F: Future> FutureExt for F {}

/// Methods of every future that can fail.
///
/// # Cancel safety
///
/// As [`FutureExt`].
///
/// # Examples
///
/// ```
/// use std::future::ready;
/// use zokio_core::future::TryFutureExt;
///
/// # async fn example() {
/// let parsed = ready("7".parse::<u8>())
///     .map_err(|_| "no number")
///     .and_then(|n| async move { n.checked_mul(40).ok_or("too large") })
///     .or_else(|_| ready(Ok::<u8, &str>(0)));
/// assert_eq!(parsed.await, Ok(0));
/// # }
/// ```
pub trait TryFutureExt<T, E>: Future<Output = Result<T, E>> + Sized {
    /// Changes the value.
    fn map_ok<U, M: FnOnce(T) -> U>(self, map: M) -> impl Future<Output = Result<U, E>> {
        self.map(|output| output.map(map))
    }

    /// Changes the error.
    fn map_err<U, M: FnOnce(E) -> U>(self, map: M) -> impl Future<Output = Result<T, U>> {
        self.map(|output| output.map_err(map))
    }

    /// Goes on with another future, made of the value; an error is the output at once.
    fn and_then<U, Next, M>(self, next: M) -> impl Future<Output = Result<U, E>>
    where
        Next: Future<Output = Result<U, E>>,
        M: FnOnce(T) -> Next,
    {
        Chain::new(self, |output| match output {
            Ok(value) => ControlFlow::Continue(next(value)),
            Err(error) => ControlFlow::Break(Err(error)),
        })
    }

    /// Goes on with another future, made of the error; a value is the output at once.
    fn or_else<U, Next, M>(self, next: M) -> impl Future<Output = Result<T, U>>
    where
        Next: Future<Output = Result<T, U>>,
        M: FnOnce(E) -> Next,
    {
        Chain::new(self, |output| match output {
            Ok(value) => ControlFlow::Break(Ok(value)),
            Err(error) => ControlFlow::Continue(next(error)),
        })
    }

    /// The value, or a default one instead of an error.
    fn unwrap_or_default(self) -> impl Future<Output = T>
    where
        T: Default,
    {
        self.map(Result::unwrap_or_default)
    }
}

impl<T, E, F: Future<Output = Result<T, E>>> TryFutureExt<T, E> for F {}

const AFTER_THE_END: &str = "a future was polled after it had completed";

/// The future of [`FutureExt::map`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Map<F, M> {
    future: F,
    map: Option<M>,
}

// `map` is never pinned.
impl<F: Unpin, M> Unpin for Map<F, M> {}

impl<T, F: Future, M: FnOnce(F::Output) -> T> Future for Map<F, M> {
    type Output = T;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let (future, mut map) = project!(self => future, map);
        assert!(map.as_mut().as_pin_mut().is_some(), "{AFTER_THE_END}");
        future.poll(cx).map(|output| take(map).expect(AFTER_THE_END)(output))
    }
}

/// Takes a closure out, which is never polled, hence was never pinned.
fn take<M>(place: Pin<&mut Option<M>>) -> Option<M> {
    // SAFETY: *structural*, but for closures: nobody hands out a pin to one.
    unsafe { place.get_unchecked_mut() }.take()
}

/// One future, and then perhaps another: as large as the larger of both.
#[must_use = "futures do nothing unless awaited"]
enum Chain<First, Next, M> {
    First(First, Option<M>),
    Next(Next),
    Done,
}

impl<First, Next, M> Chain<First, Next, M>
where
    First: Future,
    Next: Future,
    M: FnOnce(First::Output) -> ControlFlow<Next::Output, Next>,
{
    fn new(first: First, next: M) -> Self {
        Self::First(first, Some(next))
    }
}

impl<First, Next, M> Future for Chain<First, Next, M>
where
    First: Future,
    Next: Future,
    M: FnOnce(First::Output) -> ControlFlow<Next::Output, Next>,
{
    type Output = Next::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next::Output> {
        loop {
            // SAFETY: *structural*: the futures are pinned again below, and the closure never is.
            let next = match unsafe { self.as_mut().get_unchecked_mut() } {
                // SAFETY: *structural*: part of a whole that is pinned for as long.
                Self::First(first, next) => match unsafe { Pin::new_unchecked(first) }.poll(cx) {
                    Poll::Ready(output) => next.take().expect(AFTER_THE_END)(output),
                    Poll::Pending => return Poll::Pending,
                },
                // SAFETY: as above.
                Self::Next(next) => ControlFlow::Break(ready!(unsafe { Pin::new_unchecked(next) }.poll(cx))),
                Self::Done => panic!("{AFTER_THE_END}"),
            };
            match next {
                ControlFlow::Continue(next) => self.set(Self::Next(next)),
                ControlFlow::Break(output) => {
                    self.set(Self::Done);
                    return Poll::Ready(output);
                }
            }
        }
    }
}

/// The future of [`FutureExt::fuse`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Fuse<F> {
    future: Option<F>,
}

impl<F: Future> Fuse<F> {
    /// Whether it was ready, and is pending for ever.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.future.is_none()
    }
}

impl<F: Future> Future for Fuse<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let (mut future,) = project!(self => future);
        let Some(running) = future.as_mut().as_pin_mut() else { return Poll::Pending };
        let output = ready!(running.poll(cx));
        future.set(None);
        Poll::Ready(output)
    }
}

/// The future of [`FutureExt::catch_unwind`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct CatchUnwind<F> {
    future: F,
}

impl<F: Future> Future for CatchUnwind<F> {
    type Output = Result<F::Output, Payload>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (future,) = project!(self => future);
        match guard::run(|| future.poll(cx)) {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

/// Methods of [`Poll`] beside those of `core`.
///
/// # Examples
///
/// ```
/// use std::task::Poll;
/// use zokio_core::future::PollExt;
///
/// assert_eq!(Poll::Ready(1).unwrap(), 1);
/// assert_eq!(Poll::Pending.unwrap_or(2), 2);
/// assert_eq!(Poll::<u8>::Pending.now(), None);
/// ```
pub trait PollExt<T>: Sized {
    /// What is ready, if it is.
    fn now(self) -> Option<T>;

    /// What is ready.
    ///
    /// # Panics
    ///
    /// Panics where it is pending.
    #[track_caller]
    fn unwrap(self) -> T {
        self.expect("called `unwrap` on what is pending")
    }

    /// What is ready.
    ///
    /// # Panics
    ///
    /// Panics with `message` where it is pending.
    #[track_caller]
    fn expect(self, message: &str) -> T {
        match self.now() {
            Some(output) => output,
            None => panic!("{message}"),
        }
    }

    /// What is ready, or `default`.
    fn unwrap_or(self, default: T) -> T {
        self.now().unwrap_or(default)
    }

    /// What is ready, or what `default` gives.
    fn unwrap_or_else(self, default: impl FnOnce() -> T) -> T {
        self.now().unwrap_or_else(default)
    }
}

impl<T> PollExt<T> for Poll<T> {
    fn now(self) -> Option<T> {
        match self {
            Self::Ready(output) => Some(output),
            Self::Pending => None,
        }
    }
}
