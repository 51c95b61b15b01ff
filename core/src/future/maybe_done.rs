//! A future that keeps its output, and the projection of pins: all the `unsafe` of this module's combinators.
//!
//! Named invariant, *structural*: every type that is projected here has no `Drop`, is not packed, is `Unpin` only by
//! the automatic rule, and hands out a part only behind a pin; so a part of a pinned whole is pinned until it is
//! dropped in place.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

/// Projects a pinned struct to a tuple of pinned fields. Only for types that are *structural*.
macro_rules! project {
    ($whole:expr => $($field:ident),+) => {{
        // SAFETY: *structural*: nothing is moved out of the reference; its fields are pinned again at once.
        let whole = unsafe { ::core::pin::Pin::get_unchecked_mut($whole) };
        ($(
            // SAFETY: *structural*: the field is part of a whole that is pinned for as long.
            unsafe { ::core::pin::Pin::new_unchecked(&mut whole.$field) },
        )+)
    }};
}
pub(crate) use project;

/// How many items a pinned slice has, without a shared reference to them: under the rules for references it would end
/// the life of those that a polled future keeps into itself. (Hence no `Pin::deref` in this module either.)
#[inline]
pub(super) fn len<T>(list: Pin<&mut [T]>) -> usize {
    // SAFETY: *structural*: only the length is looked at.
    let list: *mut [T] = unsafe { list.get_unchecked_mut() };
    list.len()
}

/// Projects a pinned slice to one of its items.
///
/// # Panics
///
/// If there is no item `index`.
#[inline]
pub(super) fn item<T>(list: Pin<&mut [T]>, index: usize) -> Pin<&mut T> {
    // SAFETY: *structural*: the items of a slice lie in it, and are neither moved nor handed out unpinned.
    unsafe { list.map_unchecked_mut(|list| &mut list[index]) }
}

/// A future, then its output, then nothing.
///
/// The future is dropped as soon as it completes, not when the whole does.
#[doc(hidden)]
#[derive(Debug)]
pub enum MaybeDone<F: Future> {
    /// Not complete yet.
    Running(F),
    /// Complete; the output waits for the others.
    Done(F::Output),
    /// The output has been taken.
    Taken,
}

impl<F: Future> MaybeDone<F> {
    /// Begins with a future.
    #[inline]
    pub fn new<I: IntoFuture<IntoFuture = F>>(future: I) -> Self {
        Self::Running(future.into_future())
    }

    /// Polls the future unless it has completed; answers whether it has.
    ///
    /// # Panics
    ///
    /// If the output has been taken.
    #[inline]
    pub fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        // SAFETY: *structural*: the future is pinned again below, and an output is not touched.
        let output = match unsafe { self.as_mut().get_unchecked_mut() } {
            // SAFETY: *structural*: the future is part of a whole that is pinned for as long.
            Self::Running(future) => match unsafe { Pin::new_unchecked(future) }.poll(cx) {
                Poll::Ready(output) => output,
                Poll::Pending => return false,
            },
            Self::Done(_) => return true,
            Self::Taken => panic!("a joined future was polled after it had completed"),
        };
        self.set(Self::Done(output));
        true
    }

    /// Whether it has completed.
    #[cfg_attr(not(all(feature = "alloc", target_has_atomic = "ptr")), allow(dead_code))] // for lists
    #[inline]
    pub(super) fn is_done(self: Pin<&mut Self>) -> bool {
        // SAFETY: *structural*: it is only looked at.
        !matches!(unsafe { self.get_unchecked_mut() }, Self::Running(_))
    }

    /// Takes the output, once; `None` before completion and afterwards.
    #[inline]
    pub fn take(self: Pin<&mut Self>) -> Option<F::Output> {
        // SAFETY: *structural*: what is moved is an output, which was never pinned; the future is gone by then.
        let this = unsafe { self.get_unchecked_mut() };
        match this {
            Self::Running(_) | Self::Taken => None,
            Self::Done(_) => match core::mem::replace(this, Self::Taken) {
                Self::Done(output) => Some(output),
                Self::Running(_) | Self::Taken => None,
            },
        }
    }
}

impl<T, E, F: Future<Output = Result<T, E>>> MaybeDone<F> {
    /// As [`poll`](Self::poll), but takes an error at once.
    #[inline]
    pub fn try_poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Result<bool, E> {
        if !self.as_mut().poll(cx) {
            return Ok(false);
        }
        // SAFETY: *structural*: it is only looked at.
        if !matches!(unsafe { self.as_mut().get_unchecked_mut() }, Self::Done(Err(_))) {
            return Ok(true);
        }
        match self.take() {
            Some(Err(error)) => Err(error),
            _ => Ok(true),
        }
    }

    /// Takes the value, once; `None` where there is none.
    #[inline]
    pub fn take_ok(self: Pin<&mut Self>) -> Option<T> {
        self.take()?.ok()
    }
}
