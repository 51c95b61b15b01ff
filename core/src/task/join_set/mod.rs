//! Many tasks, and the next one that ends: [`JoinSetOf`], over its places.
//!
//! `JoinSet` has as many places as it needs, each with a waker of its own that puts the place into a queue when its task ends
//! ([`Children`](crate::future)), so the next task is found without asking the others. [`FixedJoinSet`] has N places and
//! allocates nothing: its tasks wake who waits for the set, which then looks at all N.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
mod alloc;
mod fixed;

use core::fmt;
use core::future::poll_fn;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use self::alloc::JoinSet;
pub use self::fixed::FixedJoinSet;

use crate::guard;
use crate::task::{Id, JoinError, JoinHandle, coop};

/// Where the handles of a set are. No place is given to two tasks at a time.
pub trait Places<T>: Sized {
    /// All of them.
    fn all(&mut self) -> &mut [Option<JoinHandle<T>>];
    /// How many have a handle.
    fn len(&self) -> usize;
    /// A task that has ended, by its place.
    fn ended(&mut self) -> Option<usize>;
    /// As [`ended`](Self::ended); if there is none, `waker` is woken when one ends.
    fn ended_or_wake(&mut self, waker: &Waker) -> Option<usize>;
    /// Takes the handle of a task that has ended out of its place, which is free then.
    fn vacate(&mut self, place: usize) -> Option<JoinHandle<T>>;
    /// Puts free places where these are, for the same waker, and gives back these.
    fn renew(&mut self) -> Self;
}

/// Join handles of many tasks with one type of output, given back as the tasks end: a `JoinSet` or a [`FixedJoinSet`].
///
/// Dropping it aborts all its tasks. It spawns nothing itself: `insert` takes the handle of a task, wherever that runs.
pub struct JoinSetOf<T, P: Places<T>> {
    places: P,
    _output: PhantomData<fn() -> T>,
}

impl<T, P: Places<T>> JoinSetOf<T, P> {
    /// How many tasks are in the set: those that have ended and were not given back yet, too.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is no task in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the task of a place out, which has ended.
    fn take(&mut self, place: usize) -> Option<(Id, Result<T, JoinError>)> {
        let mut handle = self.places.vacate(place)?;
        let id = handle.id();
        // It has ended, so this is ready and wakes nobody.
        let mut cx = Context::from_waker(Waker::noop());
        match coop::without_budget(|| Pin::new(&mut handle).poll(&mut cx)) {
            Poll::Ready(output) => Some((id, output)),
            Poll::Pending => unreachable!("a task that has ended gives its output"),
        }
    }

    fn take_ended(&mut self) -> Option<(Id, Result<T, JoinError>)> {
        let place = self.places.ended()?;
        self.take(place)
    }

    /// Waits for the next task that ends, and takes it out of the set. `None`: the set is empty.
    ///
    /// # Errors
    ///
    /// That of the task: it panicked or was aborted.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a task is taken out when the output is given.
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|cx| self.poll_join_next(cx)).await
    }

    /// As [`join_next`](Self::join_next), with the id of the task.
    ///
    /// # Errors
    ///
    /// As `join_next`; the error has the id.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        poll_fn(|cx| self.poll_join_next_with_id(cx)).await
    }

    /// Takes a task out that has ended, if there is one; `None` says nothing of whether the set is empty. A task that ends on
    /// another thread may say so to others a moment earlier than to the set.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.take_ended().map(|(_, output)| output)
    }

    /// As [`try_join_next`](Self::try_join_next), with the id of the task.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        self.take_ended().map(with_id)
    }

    /// Polls for the next task that ends: `Ready(None)` where the set is empty.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        self.poll_ended(cx).map(|ended| ended.map(|(_, output)| output))
    }

    /// As [`poll_join_next`](Self::poll_join_next), with the id of the task.
    ///
    /// # Errors
    ///
    /// As [`join_next`](Self::join_next).
    pub fn poll_join_next_with_id(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(Id, T), JoinError>>> {
        self.poll_ended(cx).map(|ended| ended.map(with_id))
    }

    fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<Option<(Id, Result<T, JoinError>)>> {
        if self.is_empty() {
            return Poll::Ready(None);
        }
        let coop = ready!(coop::poll_proceed(cx));
        let Some(place) = self.places.ended_or_wake(cx.waker()) else { return Poll::Pending };
        coop.made_progress();
        Poll::Ready(self.take(place))
    }

    /// Aborts all tasks. They stay in the set until they are given back, as cancelled where the abort came in time.
    pub fn abort_all(&mut self) {
        self.places.all().iter().flatten().for_each(JoinHandle::abort);
    }

    /// Aborts all tasks and waits until they have ended: the set is empty then. Outputs and panics are dropped.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost that would not be: the tasks are aborted.
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Takes all tasks out of the set without aborting them: they go on, and nobody waits for them.
    pub fn detach_all(&mut self) {
        let mut places = self.places.renew();
        places.all().iter_mut().filter_map(Option::take).for_each(JoinHandle::detach);
    }
}

/// Makes `waker` the one that the end of a task wakes, and runs `wake` where it has ended already.
fn wake_with<T>(handle: &mut JoinHandle<T>, waker: &Waker, wake: impl Fn()) {
    /// The waker that the handle had panics in its drop, which goes on. Meanwhile the task may have ended, and nobody else would say so.
    struct Unwinds<'a, T, W: Fn()>(&'a mut JoinHandle<T>, W);
    impl<T, W: Fn()> Drop for Unwinds<'_, T, W> {
        fn drop(&mut self) {
            if self.0.is_finished() {
                // Foreign too, and a second panic would end the program.
                guard::swallow(&self.1);
            }
        }
    }
    let unwinds = Unwinds(handle, wake);
    let lent = unwinds.0.wake_with(waker);
    let calm = ManuallyDrop::new(unwinds);
    if !lent {
        (calm.1)();
    }
}

fn with_id<T>((id, output): (Id, Result<T, JoinError>)) -> Result<(Id, T), JoinError> {
    output.map(|output| (id, output))
}

impl<T, P: Places<T>> Drop for JoinSetOf<T, P> {
    fn drop(&mut self) {
        self.abort_all();
    }
}

impl<T, P: Places<T>> fmt::Debug for JoinSetOf<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.len()).finish()
    }
}
