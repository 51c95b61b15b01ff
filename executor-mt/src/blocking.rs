//! The seam to the pool of threads on which blocking work runs. The pool itself is the operating system's business, not an
//! executor's: it comes as a trait object.

use core::any::Any;
use core::future::Future;
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll};
use core::time::Duration;
use std::boxed::Box;

use zokio_core::task::raw::HeapTask;
use zokio_core::task::{
    Counted, JoinHandle, Need, Notified, Owner, Refusal, Schedule, Shape, Spawn, TaskPtr, Vacancy, spawn_at,
};

/// A piece of blocking work. Dropping it without running it cancels the task it belongs to.
pub type Job = Box<dyn FnOnce() + Send + 'static>;

/// Threads that may block.
///
/// It is `Any`, so that who made it finds it again, with what else is in it, in a [`Handle`](crate::Handle).
pub trait Blocking: Any + Send + Sync {
    /// Runs a job on some thread, at some time.
    ///
    /// # Errors
    ///
    /// Gives the job back if the pool has been shut down or has no thread and can start none.
    fn spawn(&self, job: Job) -> Result<(), Job>;

    /// Takes no more jobs, drops those not yet started, and waits until the running ones are over: for ever if `timeout` is
    /// `None`. Returns whether all are over.
    fn shutdown(&self, timeout: Option<Duration>) -> bool;

    /// What the runtime that these threads belong to is called.
    fn runtime_name(&self) -> Option<&str> {
        None
    }
}

/// No such threads: every job comes back.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBlocking;

impl Blocking for NoBlocking {
    fn spawn(&self, job: Job) -> Result<(), Job> {
        Err(job)
    }

    fn shutdown(&self, _: Option<Duration>) -> bool {
        true
    }
}

/// Starts a task whose one poll is the call, on the pool. Where that takes no more work, the handle answers that it was
/// cancelled.
///
/// # Cost
///
/// Two allocations, and what the pool costs.
#[track_caller]
pub fn spawn<R: Send + 'static>(pool: &dyn Blocking, call: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
    spawn_at(&Place(pool), Call(Some(call)))
}

/// A call as a future that is ready at its first poll.
struct Call<F>(Option<F>);

impl<F> Unpin for Call<F> {}

impl<R, F: FnOnce() -> R> Future for Call<F> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<R> {
        match self.0.take() {
            Some(call) => Poll::Ready(call()),
            None => unreachable!("a call is polled once"),
        }
    }
}

/// The scheduler of blocking tasks, which are never woken: they are polled once and are ready then.
#[repr(C)]
struct Once {
    owner: Owner,
}

static ONCE: Once = Once { owner: Once::OWNER };

// SAFETY: `repr(C)` with the owner first, and `static`. Its futures are `Send`; each is run or cancelled once, by whoever
// runs or drops its job.
unsafe impl Schedule for Once {
    type Reclaim = Counted;

    // A call may run a foreign executor, and starves nobody.
    const BUDGETED: bool = false;

    fn schedule(&self, task: Notified<Self>) {
        // It is notified from its spawn to its only poll, so nobody else wins that.
        task.cancel();
    }

    unsafe fn released(_: NonNull<Self>, task: TaskPtr) {
        // SAFETY: allocated by `vacancy`, and released, by this function's contract.
        unsafe { HeapTask::free(task) };
    }
}

/// Where blocking tasks are spawned.
struct Place<'a>(&'a dyn Blocking);

// SAFETY: the owner is that of a `static` schedule; its tasks run on any thread, so it is local to none, and
// it takes no uncounted ones.
unsafe impl Spawn for Place<'_> {
    fn owner(&self) -> NonNull<Owner> {
        Owner::of(&ONCE)
    }

    fn static_owner(&self) -> Option<NonNull<Owner>> {
        None
    }

    fn is_local(&self) -> bool {
        false
    }

    fn vacancy(&self, need: Need) -> Result<Vacancy, Refusal> {
        Ok(Vacancy { memory: HeapTask::allocate(need.plain), shape: Shape::Counted })
    }

    unsafe fn launch(&self, task: TaskPtr) {
        // SAFETY: the caller's win of NOTIFIED, given to us.
        let mut job = Pending(Some(unsafe { Notified::from_ptr(task) }));
        // A pool that takes no more work gives the job back, whose drop cancels the task.
        drop(self.0.spawn(Box::new(move || job.run())));
    }
}

/// A task in a job: run, or cancelled when the job is dropped.
struct Pending(Option<Notified<Once>>);

impl Pending {
    fn run(&mut self) {
        if let Some(task) = self.0.take() {
            task.run();
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(Notified::cancel);
    }
}
