//! How every task of a runtime that stops is dropped, whoever holds it.
//!
//! 1. Somebody closes the runtime (`Shared::close`): the flag is set, the inboxes are closed and emptied, every worker is
//!    unparked. What comes to an inbox later goes back to whoever brings it, who cancels it.
//! 2. Each worker, at its next tick, leaves its loop and ([`drain`]) closes the registry of its home, aborts every task in
//!    it, and cancels all that is or comes into its own queue, until there is nothing. A task of its home that is not
//!    there then is in the queue of another worker, which will do the same, runs there and will find itself aborted, or is
//!    with a thread that was refused.
//!    A home whose worker could not be started is [abandoned](abandon) instead.
//! 3. The last worker to be over closes the timers of all.
//!
//! No worker waits for another, and no task is dropped where it may not be.

use core::cell::RefCell;
use std::boxed::Box;
use std::collections::VecDeque;

use zokio_core::park::Unpark;
use zokio_core::task::AbortHandle;

use crate::home::{Home, Task};
use crate::overflow::Batch;
use crate::worker::Local;

type Graves = VecDeque<Box<dyn FnOnce()>>;

std::thread_local! {
    /// Tasks to be cancelled by this thread, while it is cancelling one: dropping a future may wake others, whose futures
    /// wake others again, and a chain of them must not become a chain of calls.
    static GRAVES: RefCell<Option<Graves>> = const { RefCell::new(None) };
}

/// Cancels a task that nobody will run.
#[cold]
pub(crate) fn bury<U: Unpark>(task: Task<U>) {
    let mut task = Some(task);
    let first = GRAVES.try_with(|graves| match &mut *graves.borrow_mut() {
        Some(graves) => {
            let task = task.take();
            graves.push_back(Box::new(move || task.into_iter().for_each(Task::cancel)));
            false
        }
        none => {
            *none = Some(Graves::new());
            true
        }
    });
    // Where there is a grave digger, or the thread is about to end, this is none or cancels at once. Panics of futures do
    // not come out of `cancel`.
    task.into_iter().for_each(Task::cancel);
    if first == Ok(true) {
        while let Some(next) = GRAVES.with(|graves| graves.borrow_mut().as_mut().and_then(Graves::pop_front)) {
            next();
        }
        GRAVES.with(|graves| drop(graves.take()));
    }
}

/// Refuses tasks at a home from now on, and aborts those that it has. One that sleeps is scheduled by its abort: into the queue
/// of the worker that this thread is, or into an inbox.
pub(crate) fn abandon<U: Unpark>(home: &Home<U>) {
    home.tasks.close();
    home.tasks.abort_handles().iter().for_each(AbortHandle::abort);
}

/// Drops the tasks of a worker that has left its loop.
pub(crate) fn drain<U: Unpark>(local: &Local<U>) {
    let home = local.home();
    abandon(home);
    loop {
        let backlog = home.backlog.take(Batch::<Task<U>>::ROOM);
        let rest = backlog.chain(core::iter::from_fn(|| local.queue.pop()));
        if rest.map(Task::cancel).count() == 0 {
            return;
        }
    }
}
