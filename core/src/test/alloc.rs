//! A future with a waker of its own, polled by hand.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::task::Wake;
use core::fmt;
use core::future::Future;
use core::ops::{Deref, DerefMut};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use crate::atomic::{AtomicBool, Ordering};

/// Makes a task of a future, or of whatever else is polled. Nobody polls it but the test.
///
/// # Examples
///
/// ```
/// use zokio_core::sync::Notify;
/// use zokio_core::test::task;
/// use zokio_core::{assert_pending, assert_ready};
///
/// let notify: Notify = Notify::new();
/// let mut waiting = task::spawn(notify.notified());
/// assert_pending!(waiting.poll());
/// assert!(!waiting.is_woken());
/// notify.notify_one();
/// assert!(waiting.is_woken());
/// assert_ready!(waiting.poll());
/// ```
pub fn spawn<T>(task: T) -> Spawn<T> {
    Spawn { woken: Arc::new(Woken(AtomicBool::new(false))), task: Box::pin(task) }
}

/// A future that is polled by hand, and knows whether it was woken; made by [`spawn`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Spawn<T> {
    task: Pin<Box<T>>,
    woken: Arc<Woken>,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Ordering: release: pairs with the acquire of `is_woken`, so that a test sees what the one who woke it wrote. A swap:
        // a second wake passes on what came before the first.
        self.0.swap(true, Ordering::Release);
    }
}

impl<T> Spawn<T> {
    /// What was spawned.
    pub fn into_inner(self) -> T
    where
        T: Unpin,
    {
        *Pin::into_inner(self.task)
    }

    /// Whether it was woken since it was last polled.
    #[must_use]
    pub fn is_woken(&self) -> bool {
        // Ordering: acquire: pairs with the release of a wake.
        self.woken.0.load(Ordering::Acquire)
    }

    /// How many references there are to its waker. Its own is one of them, so there is always one.
    #[must_use]
    pub fn waker_ref_count(&self) -> usize {
        Arc::strong_count(&self.woken)
    }

    /// Calls `f` with the task and a context of its waker, as a poll.
    pub fn enter<R>(&mut self, f: impl FnOnce(&mut Context<'_>, Pin<&mut T>) -> R) -> R {
        // Ordering: acquire: pairs with the release of a wake.
        self.woken.0.swap(false, Ordering::Acquire);
        let waker = Waker::from(self.woken.clone());
        f(&mut Context::from_waker(&waker), self.task.as_mut())
    }
}

impl<T: Future> Spawn<T> {
    /// Polls it once.
    pub fn poll(&mut self) -> Poll<T::Output> {
        self.enter(|cx, task| task.poll(cx))
    }
}

/// Within another future it is polled with that one's waker.
impl<T: Future> Future for Spawn<T> {
    type Output = T::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T::Output> {
        self.task.as_mut().poll(cx)
    }
}

impl<T: Unpin> Deref for Spawn<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.task
    }
}

impl<T: Unpin> DerefMut for Spawn<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.task
    }
}

impl<T: fmt::Debug> fmt::Debug for Spawn<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawn").field("task", &self.task).field("woken", &self.is_woken()).finish()
    }
}

#[cfg(all(test, feature = "std", not(loom)))]
mod tests {
    use super::*;
    use crate::future::{poll_fn, yield_now};
    use crate::{assert_pending, assert_ready, assert_ready_eq};

    #[test]
    fn a_task_knows_whether_it_was_woken_since_its_last_poll() {
        let mut task = spawn(async {
            yield_now().await;
            7
        });
        assert!(!task.is_woken());
        assert_pending!(task.poll());
        assert!(task.is_woken());
        assert_ready_eq!(task.poll(), 7);
        assert!(!task.is_woken());
    }

    #[test]
    fn within_another_future_it_is_woken_as_that_one() {
        let mut outer = spawn(spawn(yield_now()));
        assert_pending!(outer.poll());
        assert!(outer.is_woken() && !(*outer).is_woken());
        assert_ready!(outer.poll());
    }

    #[test]
    fn references_to_the_waker_are_counted() {
        let mut held: Option<Waker> = None;
        let mut task = spawn(poll_fn(|cx| {
            held = Some(cx.waker().clone());
            Poll::<()>::Pending
        }));
        assert_eq!(task.waker_ref_count(), 1);
        assert_pending!(task.poll());
        assert_eq!(task.waker_ref_count(), 2);
        drop(task);
        // What is behind the waker outlives the task.
        held.take().expect("polled").wake();
    }

    #[test]
    fn what_was_spawned_can_be_reached_and_had_back() {
        let mut task = spawn(core::future::ready(3));
        let polled = task.enter(|cx, future| future.poll(cx));
        assert_eq!(assert_ready!(polled), 3);
        *task = core::future::ready(4);
        assert_eq!(
            std::format!("{:?}, {:?}", &*task, task),
            "Ready(Some(4)), Spawn { task: Ready(Some(4)), woken: false }"
        );
        assert_eq!(task.into_inner().into_inner(), 4);
    }
}
