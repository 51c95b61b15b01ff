//! A call on a pool as a task: with an id, a handle to join and to abort it by.
#![allow(unsafe_code)] // what schedules tasks promises to run each once

use core::future::Future;
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll};
use std::boxed::Box;

use zokio_core::guard::{DEEPEST, in_turn};
use zokio_core::task::raw::HeapTask;
use zokio_core::task::{
    Counted, JoinHandle, Need, Notified, Owner, Refusal, Schedule, Shape, Spawn, TaskPtr, Vacancy, spawn_at,
};

use super::Job;

/// Starts a task whose one poll is `call`, in a job that is given to `submit`. Where that drops the job, as it does where no
/// pool takes it, the handle answers that the task was cancelled.
///
/// # Cost
///
/// Two allocations, and what `submit` costs.
#[track_caller]
pub fn spawn_blocking<R, F>(submit: &dyn Fn(Job), call: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    spawn_at(&Place(submit), Call(Some(call)))
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
struct Place<'a>(&'a dyn Fn(Job));

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
        Ok(Vacancy { memory: HeapTask::allocate(need.plain()), shape: Shape::Counted })
    }

    unsafe fn launch(&self, task: TaskPtr) {
        // SAFETY: the caller's win of NOTIFIED, given to us.
        let mut job = Pending(Some(unsafe { Notified::from_ptr(task) }));
        (self.0)(Box::new(move || job.run()));
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
        if let Some(task) = self.0.take() {
            in_turn(DEEPEST, move || task.cancel());
        }
    }
}
