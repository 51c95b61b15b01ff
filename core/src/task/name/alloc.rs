//! A name lies in a future around the task's own, so that a task without one pays nothing.

use alloc::sync::Arc;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::super::scope;
use crate::future::project;

/// Gives a future a name, which [`name`] tells while it is polled.
pub fn named<F>(name: &str, future: F) -> Named<F> {
    Named { name: name.into(), future }
}

/// The future of [`named`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Named<F> {
    name: Arc<str>,
    future: F,
}

impl<F: Future> Future for Named<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let (name, future) = project!(self => name, future);
        let _scope = scope::enter_name(&name);
        future.poll(cx)
    }
}

/// The name of the task that this is called from, if it has one. Always `None` without feature `std`.
#[must_use]
pub fn name() -> Option<Arc<str>> {
    scope::with_name(Arc::clone)
}
