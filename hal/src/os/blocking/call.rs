//! A call on the pool as a future.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::boxed::Box;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use zokio_core::guard::swallow;

use super::{BlockingPool, Reason, Rejected};

impl BlockingPool {
    /// Runs `call` on the pool and returns a future of what it returns.
    ///
    /// # Cancel safety
    ///
    /// A dropped future loses the result; the call is not interrupted.
    pub fn run<T: Send + 'static>(&self, call: impl FnOnce() -> T + Send + 'static) -> Blocking<T> {
        self.run_holding((), call)
    }

    /// As [`run`](Self::run), and drops `held` when whoever waits for the result has been woken.
    pub(in super::super) fn run_holding<T: Send + 'static>(
        &self,
        held: impl Send + 'static,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Blocking<T> {
        let slot = Arc::new(Mutex::new(Outcome::Waiting(None)));
        let promise = Promise(Some(slot.clone()));
        let job = Box::new(move || {
            let _held = held;
            let outcome = match catch_unwind(AssertUnwindSafe(call)) {
                Ok(value) => Ok(value),
                Err(_) => Err(io::Error::other("a call on the blocking pool panicked")),
            };
            promise.keep(outcome);
        });
        if let Err(Rejected { job, reason }) = self.spawn(job) {
            drop(job);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Outcome::Done(Err(reason.into()));
        }
        Blocking { slot }
    }
}

enum Outcome<T> {
    Waiting(Option<Waker>),
    Done(io::Result<T>),
    Taken,
}

/// The obligation to say how a call ended; broken by a job that is dropped without having run.
struct Promise<T>(Option<Arc<Mutex<Outcome<T>>>>);

impl<T> Promise<T> {
    fn keep(mut self, outcome: io::Result<T>) {
        self.settle(outcome);
    }

    fn settle(&mut self, outcome: io::Result<T>) {
        let Some(slot) = self.0.take() else { return };
        let before =
            core::mem::replace(&mut *slot.lock().unwrap_or_else(PoisonError::into_inner), Outcome::Done(outcome));
        if let Outcome::Waiting(Some(waker)) = before {
            waker.wake();
        }
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if self.0.is_some() {
            self.settle(Err(Reason::Closed.into()));
        }
    }
}

/// The result of a call that runs on a [`BlockingPool`].
///
/// # Errors
///
/// An error says that the call panicked, was dropped by a shutdown, or found no thread.
///
/// # Panics
///
/// Polled again after it has returned its result.
#[must_use = "futures do nothing unless polled"]
pub struct Blocking<T> {
    slot: Arc<Mutex<Outcome<T>>>,
}

impl<T> fmt::Debug for Blocking<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocking").finish_non_exhaustive()
    }
}

impl<T> Future for Blocking<T> {
    type Output = io::Result<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        // Cloned and dropped outside of the lock.
        let mut waker = Some(cx.waker().clone());
        let mut outcome = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        let next = match &*outcome {
            Outcome::Waiting(_) => Outcome::Waiting(waker.take()),
            Outcome::Done(_) | Outcome::Taken => Outcome::Taken,
        };
        let before = core::mem::replace(&mut *outcome, next);
        drop(outcome);
        match before {
            Outcome::Waiting(_) => Poll::Pending,
            Outcome::Done(result) => {
                // It is not needed, and what it does when it is dropped costs nobody the result.
                swallow(|| drop(waker));
                Poll::Ready(result)
            }
            Outcome::Taken => panic!("`Blocking` polled after it returned its result"),
        }
    }
}
